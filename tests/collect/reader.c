/* Files are cut into the same records whatever stands around them and however large they are; damage costs what it touches
 * and is told with its place. */
#include "test.h"

#include <fcntl.h>
#include <zip.h>
#include <zlib.h>
#include <zstd.h>

#include "base/file.h"
#include "base/xml.h"
#include "collect/reader_priv.h"
#include "seal/hash.h"

static char folder[64];

static int setup(void **ctx)
{
	(void)ctx;
	(void)snprintf(folder, sizeof(folder), "/tmp/tickmark-reader-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **ctx)
{
	char command[100];

	(void)ctx;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static const char *put(const char *name, const void *bytes, size_t n)
{
	static char path[200];
	struct err e;

	err_init(&e);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_ok(file_write(path, bytes, n, &e), &e);
	return path;
}

/* What a file gave: its records with blanks between, those that are bad in <>, then "! story" when it was damaged. */
struct got {
	struct buf text;
	size_t n, bad;
	enum rc rc;
	struct err e;
};

static void check_digest(struct reader *r, const struct record *rec, struct str all)
{
	uint8_t got[32], want[32];

	reader_record_digest(r, got);
	sha256(all.p, (size_t)rec->position + rec->bytes.n, want);
	assert_memory_equal(got, want, 32);
	assert_memory_equal(all.p + rec->position, rec->bytes.p, rec->bytes.n);
}

/* ${plain} are the unpacked bytes, to compare digests with; NULL: they are not compared. */
static void read_all(const char *path, enum reads reads, const char *elements, const struct str *plain, struct got *g)
{
	struct stream *s;
	struct reader *r;
	struct record rec;
	uint8_t got[32], want[32];
	bool more;

	memset(g, 0, sizeof(*g));
	buf_init(&g->text, 1 << 26);
	err_init(&g->e);
	if ((g->rc = stream_open(path, &s, &g->e)) != RC_OK)
		return;
	if ((g->rc = reader_open(s, reads, str_z(elements), &r, &g->e)) != RC_OK) {
		stream_close(s);
		return;
	}
	for (;;) {
		g->rc = reader_next(r, &rec, &more, &g->e);
		if (g->rc != RC_OK || !more)
			break;
		if (plain != NULL && g->n % 97 == 0)
			check_digest(r, &rec, *plain);
		buf_z(&g->text, g->n > 0 ? " " : "");
		buf_z(&g->text, rec.bad.n > 0 ? "<" : "");
		buf_str(&g->text, rec.bytes);
		buf_z(&g->text, rec.bad.n > 0 ? ">" : "");
		g->n++;
		g->bad += rec.bad.n > 0;
	}
	if (plain != NULL) {
		reader_digest(r, got);
		sha256(plain->p, plain->n, want);
		assert_int_equal(reader_bytes(r), plain->n);
		assert_memory_equal(got, want, 32);
	}
	assert_false(more);
	reader_close(r);
}

static void gives(const char *bytes, size_t n, enum reads reads, const char *elements, const char *want)
{
	const struct str plain = { bytes, n };
	struct got g;

	read_all(put("f", bytes, n), reads, elements, &plain, &g);
	if (g.rc != RC_OK && g.rc != RC_INVALID)
		fail_msg("%s: %s", rc_name(g.rc), g.e.msg);
	if (g.rc == RC_INVALID)
		buf_fmt(&g.text, "! %s", g.e.msg);
	if (!str_is(buf_view(&g.text), want))
		fail_msg("%.*s\n gave %.*s\n want %s", (int)n, bytes, STR_FMT(buf_view(&g.text)), want);
	buf_done(&g.text);
}

#define GIVES(literal, reads, elements, want) gives((literal), sizeof(literal) - 1, (reads), (elements), (want))

static void json_is_cut_alike_whatever_stands_around_it(void **ctx)
{
	(void)ctx;
	GIVES("[{\"a\":1}, 2 ,\"]\"]", READS_JSON, NULL, "{\"a\":1} 2 \"]\"");
	GIVES("{\"Records\":[{\"a\":1},{\"b\":[]}]}\n", READS_JSON, "Records", "{\"a\":1} {\"b\":[]}");
	GIVES("{\"x\":{\"Records\":[9]},\"y\":\"\\\"}]\",\"z\":-1.5e3 , \"Records\" : [ 1 , 2 ] , \"w\" : [[3]] }", READS_JSON,
	    "Records", "1 2");
	GIVES("{\"Records\":null,\"a\":1}", READS_JSON, "Records", "{\"Records\":null,\"a\":1}");
	GIVES("{\"data\":{\"q\":[0],\"items\":[1,2]},\"items\":[3]}", READS_JSON, "data.items", "1 2");
	GIVES("{\"data\":{\"q\":1}} {\"data\":{\"items\":[7]}}", READS_JSON, "data.items", "{\"data\":{\"q\":1}} 7");
	GIVES("{\"a\":1}\n{\"a\":2}{\"a\":3} 4 true", READS_JSON, "Records", "{\"a\":1} {\"a\":2} {\"a\":3} 4 true");
	GIVES("{\"R\\u0065cords\":[1]}", READS_JSON, "Records", "1");
	GIVES("", READS_JSON, "Records", "");
	GIVES(" \n", READS_JSON, "Records", "");
	GIVES("[]", READS_JSON, "Records", "");
	GIVES("{\"Records\":[]}", READS_JSON, "Records", "");
	GIVES("{}", READS_JSON, "Records", "{}");
	/* several deliveries in one file: nothing behind the first is lost */
	GIVES("{\"Records\":[1,2]}{\"Records\":[3]}\n[4,5] {\"a\":6}", READS_JSON, "Records", "1 2 3 4 5 {\"a\":6}");
}

static void damaged_json_keeps_what_is_whole(void **ctx)
{
	(void)ctx;
	GIVES("[1,2", READS_JSON, NULL, "1 2! the file ends before the array does, at byte 4");
	GIVES("[1 2]", READS_JSON, NULL, "1! the array is not closed behind element 1, at byte 3");
	GIVES("[1,]", READS_JSON, NULL, "1! element 2, at byte 3, cannot be read: line 1, column 1, byte 0: a value was expected here");
	GIVES("{\"Records\":[{\"a\":1},{\"b\":x}]}", READS_JSON, "Records",
	    "{\"a\":1}! element 2, at byte 20, cannot be read: line 1, column 6, byte 5: a value was expected here");
	GIVES("{\"Records\":[1,2]", READS_JSON, "Records", "1 2! the object around the array is not closed as it should be, at byte 16");
	GIVES("{\"Records\":[1,2],", READS_JSON, "Records", "1 2! the object around the array is not closed as it should be, at byte 17");
	GIVES("{\"Records\":[1,2] 7}", READS_JSON, "Records", "1 2! the object around the array is not closed as it should be, at byte 17");
	/* values that stand in lines: the bad line is kept, the others are read */
	GIVES("{\"a\":1}\n{\"a\":\n{\"a\":3}}}\n{\"a\":4}\n", READS_JSON, "Records",
	    "{\"a\":1} {\"a\":\n{\"a\":3}} <}> {\"a\":4}");
	GIVES("{\"a\":1\n{\"a\":2}\nnope\n{\"a\":3}", READS_JSON, "Records", "<{\"a\":1> {\"a\":2} <nope> {\"a\":3}");
}

/* However a file is cut off: the records that are whole are given, and the end is told. */
static void a_file_cut_anywhere_gives_its_whole_records(void **ctx)
{
	static const char json[] = "{\"v\":\"}\\\\\",\"Records\":[{\"a\":\"]\\\"\"},{\"b\":[1,{\"c\":2}]},{\"d\":null}]}";
	static const char xml[] = "<?xml version=\"1.0\"?><E><!-- <R> --><R a='>'>x</R><q/><R/><R><R>y</R>&lt;</R></E>";
	static const char *const json_records[] = { "{\"a\":\"]\\\"\"}", "{\"b\":[1,{\"c\":2}]}", "{\"d\":null}" };
	static const char *const xml_records[] = { "<R a='>'>x</R>", "<R/>", "<R><R>y</R>&lt;</R>" };
	const size_t array = (size_t)(strstr(json, "[{") - json);
	struct got g;
	size_t n, k, whole;

	(void)ctx;
	for (n = 0; n < sizeof(json) - 1; n++) {
		const struct str plain = { json, n };

		for (whole = 0, k = 0; k < 3; k++)
			whole += n >= (size_t)(strstr(json, json_records[k]) - json) + strlen(json_records[k]);
		read_all(put("f", json, n), READS_JSON, "Records", &plain, &g);
		if (n > array && (g.n != whole || g.rc != RC_INVALID || strstr(g.e.msg, "byte") == NULL))
			fail_msg("%zu bytes of JSON: %zu records, %s", n, g.n, g.e.msg);
		buf_done(&g.text);
	}
	for (n = 22; n < sizeof(xml) - 1; n++) {
		const struct str plain = { xml, n };

		for (whole = 0, k = 0; k < 3; k++)
			whole += n >= (size_t)(strstr(xml, xml_records[k]) - xml) + strlen(xml_records[k]);
		read_all(put("f", xml, n), READS_XML, "R", &plain, &g);
		if (g.n != whole || g.rc != RC_INVALID || strstr(g.e.msg, "byte") == NULL)
			fail_msg("%zu bytes of XML: %zu records, %s", n, g.n, g.e.msg);
		buf_done(&g.text);
	}
}

static void xml_is_cut_by_the_names_that_lead_to_a_record(void **ctx)
{
	(void)ctx;
	GIVES("<Events><Event a=\"1\"/>\n<Event><b>x</b></Event><Other><Event/></Other></Events>", READS_XML, "Event",
	    "<Event a=\"1\"/> <Event><b>x</b></Event> <Event/>");
	GIVES("<Events><Event/><Other><Event a='2'/></Other></Events>", READS_XML, "Other.Event", "<Event a='2'/>");
	GIVES("<w:Event xmlns:w='u'/><w:Event/>", READS_XML, "Event", "<w:Event xmlns:w='u'/> <w:Event/>");
	GIVES("<?xml version='1.0' encoding='utf-8'?><!DOCTYPE n SYSTEM \"x>.dtd\"><n><h/></n>", READS_XML, "n.h", "<h/>");
	GIVES("<n><![CDATA[<h/>]]><h/></n>", READS_XML, "h", "<h/>");
	GIVES("<?xml version='1.0' encoding='UTF-16'?><n/>", READS_XML, "n",
	    "! byte 0: the file names another encoding than UTF-8: convert it and keep the original beside it");
	GIVES("<!DOCTYPE n [<!ENTITY a 'b'>]><n/>", READS_XML, "n",
	    "! byte 0: a document type with declarations of its own is not taken: export without it");
	GIVES("<n><h/></m>", READS_XML, "h", "<h/>! byte 7: this tag closes another element than the last that was opened");
	GIVES("hello <n/>", READS_XML, "n", "! byte 0: text stands outside of all elements: this is no XML");
	GIVES("", READS_XML, "n", "");
	GIVES("", READS_WHOLE, NULL, "");
}

static void tables_are_cut_into_rows(void **ctx)
{
	(void)ctx;
	GIVES("a,b\n1,2\n\n\"x\ny\",\"q\"\"r\"\r\n3,4", READS_TABLE, NULL, "1,2 \"x\ny\",\"q\"\"r\" 3,4");
	GIVES("\"a\",b\n1,x\"y\n\"2\"z,\"w\n3\",4\n5,6\n", READS_TABLE, NULL, "1,x\"y \"2\"z,\"w\n3\",4 5,6");
	GIVES("a;b\n1;\",\"\n", READS_TABLE, NULL, "1;\",\"");
	GIVES("a\tb\n\"1\tit's 5\" long\n", READS_TSV, NULL, "\"1\tit's 5\" long");
	GIVES("a,b\n1,\"2\n3,\"x\"\n5,6\n", READS_TABLE, NULL, "1,\"2 3,\"x\" 5,6");
	GIVES("a,b\n1,\"2\n3,4\n5,6", READS_TABLE, NULL, "1,\"2 3,4 5,6");
	GIVES("a,\"b\n1,2\n", READS_TABLE, NULL, "! line 1: a quote in the header is never closed");
	GIVES("", READS_TABLE, NULL, "! line 1: the header is empty or no UTF-8");
	GIVES("\xef\xbb\xbf" "a,b\n1,2\n", READS_TABLE, NULL, "1,2");
}

static void cells_are_as_they_were_meant(void **ctx)
{
	struct arena *a = arena_new();
	struct str *cells;
	struct err e;
	size_t n;

	(void)ctx;
	err_init(&e);
	assert_ok(row_split(a, STR("a,\"b \"\"c\"\"\",,\"\""), ',', &cells, &n, &e), &e);
	assert_int_equal(n, 4);
	assert_str(cells[1], "b \"c\"");
	assert_str(cells[3], "");
	assert_int_equal(row_split(a, STR("a\"b"), ',', &cells, &n, &e), RC_INVALID);
	assert_int_equal(row_split(a, STR("\"a\"b"), ',', &cells, &n, &e), RC_INVALID);
	assert_int_equal(row_split(a, STR("\"a"), ',', &cells, &n, &e), RC_INVALID);
	assert_ok(row_cut(a, STR("\"a\tb\"c\t"), '\t', &cells, &n, &e), &e);
	assert_int_equal(n, 3);
	assert_str(cells[0], "\"a");
	arena_free(a);
}

/* A quote that opens a cell and is never closed does not swallow the rest of a large file. */
static void a_stray_quote_costs_its_own_row(void **ctx)
{
	struct str plain;
	struct got g;
	struct buf b;
	size_t i;

	(void)ctx;
	buf_init(&b, 1 << 24);
	buf_z(&b, "id,text\n");
	for (i = 0; i < 300000; i++)
		buf_fmt(&b, "%zu,%s\n", i, i == 10 ? "\"never closed" : "plain text");
	plain = buf_view(&b);
	read_all(put("f", b.p, b.n), READS_TABLE, NULL, &plain, &g);
	assert_ok(g.rc, &g.e);
	assert_int_equal(g.n, 300000);
	buf_done(&g.text);
	buf_done(&b);
}

static void marks_of_byte_order_are_known(void **ctx)
{
	(void)ctx;
	GIVES("\xef\xbb\xbf{\"a\":1}\n{\"a\":2}\n", READS_LINES, NULL, "{\"a\":1} {\"a\":2}");
	GIVES("\xef\xbb\xbf[1]", READS_JSON, NULL, "1");
	GIVES("\xef\xbb\xbf<a/>", READS_XML, "a", "<a/>");
	GIVES("a\xff" "b\nc\n", READS_TEXT, NULL, "<a\xff" "b> c");
	{
		static const struct {
			char bytes[8];
			size_t n;
		} wide[] = { { "\xff\xfe{\0}\0", 6 }, { "\xfe\xff\0{\0}", 6 }, { "{\0}\0", 4 }, { "\0<\0a", 4 } };
		struct got g;
		size_t i;

		for (i = 0; i < ARRAY_LEN(wide); i++) {
			read_all(put("f", wide[i].bytes, wide[i].n), READS_LINES, NULL, NULL, &g);
			assert_int_equal(g.rc, RC_INVALID);
			assert_non_null(strstr(g.e.msg, "UTF-16"));
			buf_done(&g.text);
		}
	}
}

static void blank_lines_and_long_lines_are_borne(void **ctx)
{
	struct got g;
	struct buf b;
	size_t i;

	(void)ctx;
	buf_init(&b, 1 << 25);
	for (i = 0; i < 2000000; i++)           /* a reader that calls itself for each would run out of stack */
		buf_c(&b, '\n');
	buf_z(&b, "1\n");
	read_all(put("f", b.p, b.n), READS_LINES, NULL, NULL, &g);
	assert_int_equal(g.n, 1);
	buf_done(&g.text);
	buf_clear(&b);
	buf_z(&b, "1\n");
	while (b.n <= LIMIT_LINE + 2)
		buf_z(&b, "0123456789012345678901234567890123456789012345678901234567890123");
	read_all(put("f", b.p, b.n), READS_LINES, NULL, NULL, &g);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.rc, RC_INVALID);
	assert_non_null(strstr(g.e.msg, "line 2, at byte 2, does not end within 16 MiB"));
	buf_done(&g.text);
	buf_done(&b);
}

/* Many records, with large things before and behind them, through a hold that stays small. */
static void large_files_stream(void **ctx)
{
	static const char *const heads[] = { "[", "{\"Records\":[", "{\"big\":[LARGE],\"Records\":[", "{\"s\":\"LARGE\",\"Records\":[", "" };
	static const char *const tails[] = { "]", "]}", "],\"more\":{\"x\":\"LARGE\"}}", "]}", "" };
	size_t i, k;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(heads); i++) {
		struct stream *s;
		struct reader *r;
		struct record rec;
		struct err e;
		struct buf b;
		size_t n = 0;
		bool more;
		const char *large = strstr(heads[i], "LARGE"), *behind = strstr(tails[i], "LARGE");

		err_init(&e);
		buf_init(&b, 1 << 26);
		buf_add(&b, heads[i], large != NULL ? (size_t)(large - heads[i]) : strlen(heads[i]));
		for (k = 0; large != NULL && k < 1700000; k++)
			buf_z(&b, "1234567890,");
		if (large != NULL)
			buf_fmt(&b, "0%s", large + 5);
		for (k = 0; k < 40000; k++)
			buf_fmt(&b, "%s{\"n\":%zu,\"t\":\"0123456789012345678901234567890123456789\"}", k > 0 && i != 4 ? ",\n" : "", k);
		buf_add(&b, tails[i], behind != NULL ? (size_t)(behind - tails[i]) : strlen(tails[i]));
		for (k = 0; behind != NULL && k < 20000; k++)
			buf_z(&b, "1234567890,");
		if (behind != NULL)
			buf_fmt(&b, "%s", behind + 5);
		assert_false(b.failed);
		assert_ok(stream_open(put("f", b.p, b.n), &s, &e), &e);
		assert_ok(reader_open(s, READS_JSON, STR("Records"), &r, &e), &e);
		for (;; n++) {
			assert_ok(reader_next(r, &rec, &more, &e), &e);
			if (!more)
				break;
			if (n % 9973 == 0)
				check_digest(r, &rec, buf_view(&b));
		}
		assert_int_equal(n, 40000);
		assert_int_equal(reader_bytes(r), b.n);
		assert_true(r->hold.room <= LIMIT_RECORD + (1 << 20));
		if (large == NULL)              /* nothing had to be kept back: what is held is what was read ahead */
			assert_true(r->hold.room <= 1 << 20);
		reader_close(r);
		buf_done(&b);
	}
}

/* One record of almost 16 MiB, and one too large: told with its place, what is before it is kept. */
static void the_largest_record_is_16_mib(void **ctx)
{
	size_t n, i;

	(void)ctx;
	for (i = 0; i < 2; i++) {
		struct got g;
		struct buf b;

		buf_init(&b, 1 << 26);
		buf_z(&b, "[7,\"");
		n = b.n;
		while (b.n - n < LIMIT_RECORD - 2 + i * 65536)
			buf_c(&b, 'x');
		buf_z(&b, "\",8]");
		read_all(put("f", b.p, b.n), READS_JSON, NULL, NULL, &g);
		assert_int_equal(g.n, i == 0 ? 3 : 1);
		assert_int_equal(g.rc, i == 0 ? RC_OK : RC_INVALID);
		if (i == 1)
			assert_string_equal(g.e.msg, "element 2, at byte 3, cannot be read: it has more than 16 MiB");
		buf_done(&g.text);
		buf_done(&b);
	}
}

/* ---- packings */
static size_t gzip(const void *in, size_t n, uint8_t *out, size_t room)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = mem_dup(in, n);
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)room;
	{
		Bytef *held = z.next_in;

		assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
		mem_free(held);
	}
	room -= z.avail_out;
	(void)deflateEnd(&z);
	return room;
}

static void packed_pieces_are_read_as_one(void **ctx)
{
	static const char one[] = "1\n2\n", two[] = "3\n4";
	const struct str plain = STR("1\n2\n3\n4");
	uint8_t out[4096] = { 0 };
	struct got g;
	size_t n;

	(void)ctx;
	n = gzip(one, 4, out, 1000);
	n += gzip(two, 3, out + n, 1000);
	read_all(put("f.gz", out, n), READS_LINES, NULL, &plain, &g);
	assert_str(buf_view(&g.text), "1 2 3 4");
	buf_done(&g.text);
	read_all(put("f.gz", out, n + 512), READS_LINES, NULL, &plain, &g);     /* filled up with zeros */
	assert_str(buf_view(&g.text), "1 2 3 4");
	assert_ok(g.rc, &g.e);
	buf_done(&g.text);
	read_all(put("f.gz", out, n - 9), READS_LINES, NULL, NULL, &g);         /* cut in the second */
	assert_int_equal(g.rc, RC_INVALID);
	assert_int_equal(g.n, 3);
	assert_non_null(strstr(g.e.msg, "byte"));
	buf_done(&g.text);
	out[n] = 'x';
	read_all(put("f.gz", out, n + 1), READS_LINES, NULL, NULL, &g);
	assert_int_equal(g.rc, RC_INVALID);
	buf_done(&g.text);
	n = ZSTD_compress(out, sizeof(out), one, 4, 3);
	n += ZSTD_compress(out + n, sizeof(out) - n, two, 3, 3);
	read_all(put("f.zst", out, n), READS_LINES, NULL, &plain, &g);
	assert_str(buf_view(&g.text), "1 2 3 4");
	buf_done(&g.text);
	read_all(put("f.zst", out, n - 1), READS_LINES, NULL, NULL, &g);
	assert_int_equal(g.rc, RC_INVALID);
	buf_done(&g.text);
}

static void other_packings_are_told(void **ctx)
{
	static const struct {
		const char *bytes, *name;
	} others[] = { { "BZh91AY&SY", "bzip2" }, { "\xfd" "7zXZ", "xz" }, { "PK\x03\x04....", "zip" }, { "Rar!\x1a\x07", "RAR" },
		{ "ElfFile", "wevtutil" } };
	struct got g;
	size_t i;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(others); i++) {
		read_all(put("f", others[i].bytes, strlen(others[i].bytes)), READS_LINES, NULL, NULL, &g);
		assert_int_equal(g.rc, RC_INVALID);
		assert_non_null(strstr(g.e.msg, others[i].name));
		buf_done(&g.text);
	}
}

static void add(zip_t *z, const char *name, const void *bytes, size_t n, bool stored)
{
	zip_source_t *src = zip_source_buffer(z, bytes, n, 0);
	zip_int64_t at = zip_file_add(z, name, src, ZIP_FL_ENC_UTF_8);

	assert_true(at >= 0);
	if (stored)
		assert_int_equal(zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_STORE, 0), 0);
}

static void members_of_a_zip_are_files(void **ctx)
{
	static const char lines[] = "1\n2\n", more_lines[] = "3\n";
	const struct str plain = STR("1\n2\n");
	struct arena *a = arena_new();
	uint8_t packed[200], *bytes;
	char path[200], inner[300];
	struct str *names, all;
	struct got g;
	struct err e;
	size_t n, packed_n, i;
	zip_t *z;
	int code;

	(void)ctx;
	err_init(&e);
	packed_n = gzip(more_lines, 2, packed, sizeof(packed));
	(void)snprintf(path, sizeof(path), "%s/logs.zip", folder);
	z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
	assert_non_null(z);
	assert_true(zip_dir_add(z, "d", 0) >= 0);
	add(z, "d/one.jsonl", lines, 4, false);
	add(z, "../two.jsonl.gz", packed, packed_n, true);
	add(z, "d/.hidden", lines, 4, true);
	add(z, "__MACOSX/x", lines, 4, true);
	assert_int_equal(zip_close(z), 0);
	assert_true(zip_is(path));
	assert_ok(zip_members(a, path, &names, &n, &e), &e);
	assert_int_equal(n, 2);
	assert_str(names[0], "d/one.jsonl");
	assert_str(names[1], "../two.jsonl.gz");
	(void)snprintf(inner, sizeof(inner), "%s!/%s", path, names[0].p);
	read_all(inner, READS_LINES, NULL, &plain, &g);
	assert_str(buf_view(&g.text), "1 2");
	buf_done(&g.text);
	(void)snprintf(inner, sizeof(inner), "%s!/%s", path, names[1].p);
	read_all(inner, READS_LINES, NULL, NULL, &g);
	assert_str(buf_view(&g.text), "3");
	buf_done(&g.text);
	(void)snprintf(inner, sizeof(inner), "%s!/nothing", path);
	read_all(inner, READS_LINES, NULL, NULL, &g);
	assert_int_equal(g.rc, RC_NOT_FOUND);
	buf_done(&g.text);
	/* one byte of a member altered: its checksum tells */
	assert_ok(file_read(a, path, 1 << 20, &all, &e), &e);
	bytes = mem_dup(all.p, all.n);
	for (i = 0; i + packed_n < all.n && memcmp(bytes + i, packed, packed_n) != 0; i++)
		;
	bytes[i + 12] ^= 1;
	(void)put("logs.zip", bytes, all.n);
	(void)snprintf(inner, sizeof(inner), "%s!/%s", path, names[1].p);
	read_all(inner, READS_LINES, NULL, NULL, &g);
	assert_int_equal(g.rc, RC_INVALID);
	buf_done(&g.text);
	for (i = 0; i < all.n; i++) {           /* however it is cut, it is refused and nothing breaks */
		(void)put("logs.zip", all.p, i);
		assert_int_equal(zip_members(a, path, &names, &n, &e), RC_INVALID);
	}
	mem_free(bytes);
	arena_free(a);
}

/* Reports as scanners write them: as many records as another parser counts outermost elements of that name, and each of
 * them is a value. */
static void real_reports_give_their_elements(void **ctx)
{
	static const struct {
		const char *file, *element;
		size_t n;
	} reports[] = {
		{ "data/scanners/tenable/nessus_many_vuln.xml.gz", "ReportHost.ReportItem", 7 },
		{ "data/scanners/tenable/nessus_with_cvssv3.nessus.gz", "ReportItem", 49 },
		{ "data/scanners/qualys/Qualys_Sample_Report.xml.gz", "VULN_INFO", 301 },
		{ "data/scanners/qualys/Qualys_Sample_Report.xml.gz", "HOST", 7 },
		{ "data/scanners/openscap/many_vuln_rhsa.xml.gz", "TestResult.rule-result", 2935 },
		{ "data/compliance_scans/openscap/rds_index_simple.arf.xml.gz", "rule-result", 395 },
		{ "data/compliance_scans/heimdall/xccdf_results_mapper__xccdf-results-scc-rhel8.xml.gz", "rule-result", 248 },
		{ "data/compliance_scans/heimdall/nessus_mapper__sample.nessus.gz", "ReportItem", 149 },
		{ "data/compliance_scans/heimdall/checklist_mapper__small_ckl_overrides.ckl", "VULN", 11 },
		{ "data/sbom/SBOM__juice-shop__via_npm__flat__bom.1.4.xml.gz", "component", 1116 },
		{ "data/scanners/cyclonedx/grype.xml.gz", "component", 308 },
	};
	struct arena *a;
	const struct value *v;
	char path[1024];
	size_t i, n;

	(void)ctx;
	SKIP_WITHOUT_SHARED(reports[0].file, path);
	a = arena_new();
	for (i = 0; i < ARRAY_LEN(reports); i++) {
		struct stream *s;
		struct reader *r;
		struct record rec;
		struct err e;
		bool more;

		SKIP_WITHOUT_SHARED(reports[i].file, path);
		err_init(&e);
		assert_ok(stream_open(path, &s, &e), &e);
		assert_ok(reader_open(s, READS_XML, str_z(reports[i].element), &r, &e), &e);
		for (n = 0;; n++) {
			assert_ok(reader_next(r, &rec, &more, &e), &e);
			if (!more)
				break;
			arena_reset(a);
			assert_ok(xml_parse(a, rec.bytes, &v, &e), &e);
			assert_int_equal(v->type, VALUE_MAP);
		}
		if (n != reports[i].n)
			fail_msg("%s gave %zu of %s, not %zu", reports[i].file, n, reports[i].element, reports[i].n);
		reader_close(r);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_cut_alike_whatever_stands_around_it),
		cmocka_unit_test(damaged_json_keeps_what_is_whole),
		cmocka_unit_test(a_file_cut_anywhere_gives_its_whole_records),
		cmocka_unit_test(xml_is_cut_by_the_names_that_lead_to_a_record),
		cmocka_unit_test(tables_are_cut_into_rows),
		cmocka_unit_test(cells_are_as_they_were_meant),
		cmocka_unit_test(a_stray_quote_costs_its_own_row),
		cmocka_unit_test(marks_of_byte_order_are_known),
		cmocka_unit_test(blank_lines_and_long_lines_are_borne),
		cmocka_unit_test(large_files_stream),
		cmocka_unit_test(the_largest_record_is_16_mib),
		cmocka_unit_test(packed_pieces_are_read_as_one),
		cmocka_unit_test(other_packings_are_told),
		cmocka_unit_test(members_of_a_zip_are_files),
		cmocka_unit_test(real_reports_give_their_elements),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

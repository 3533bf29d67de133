/* reading: the parsers of files and of the forms of records, with what must hold of whatever they take. */
#include "targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/time_layout.h"
#include "base/value.h"
#include "base/xml.h"
#include "collect/pattern.h"
#include "collect/reader.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

void fuzz_json(struct arena *a, struct str s)
{
	const struct value *v;
	size_t used = 0, skipped = 0;
	bool ends, first, skip;
	struct err e;
	struct buf b;

	err_init(&e);
	/* passing over is as strict as reading, but for keys that stand twice */
	first = json_parse_first(a, s, &v, &used, &e) == RC_OK;
	skip = json_skip(s, &skipped, &ends, &e) == RC_OK;
	must(!first || (skip && used == skipped));
	must(first || !skip || skipped <= s.n);
	if (json_parse(a, s, &v, &e) != RC_OK)
		return;
	buf_init(&b, 1 << 24);          /* what was read is written and read again the same */
	json_put(&b, v);
	must(json_parse(a, arena_str(a, buf_view(&b)), &v, &e) == RC_OK);
	buf_done(&b);
}

static void check_tree(const struct value *v, size_t n)
{
	size_t i, bad;

	must(v->at <= v->end && v->end <= n);
	must(v->type != VALUE_STRING || str_utf8_valid(v->text, &bad));
	for (i = 0; v->type == VALUE_LIST && i < v->n; i++)
		check_tree(&v->items[i], n);
	for (i = 0; v->type == VALUE_MAP && i < v->n; i++) {
		must(value_get_str(v, v->members[i].key) == &v->members[i].value);      /* keys are unique */
		check_tree(&v->members[i].value, n);
	}
}

void fuzz_xml(struct arena *a, struct str s)
{
	const struct value *v;
	struct err e;

	err_init(&e);
	if (s.n <= 4096 && xml_parse(a, s, &v, &e) == RC_OK)
		check_tree(v, s.n);
}

static void split(struct arena *a, struct str s, bool quotes)
{
	struct str *cells;
	struct err e;
	size_t n, i, total = 0;

	err_init(&e);
	if ((quotes ? row_split(a, s, ',', &cells, &n, &e) : row_cut(a, s, '\t', &cells, &n, &e)) != RC_OK)
		return;
	for (i = 0; i < n; i++)
		total += cells[i].n;
	must(n >= 1 && total + n - 1 <= s.n);
	must(quotes || total + n - 1 == s.n);
}

void fuzz_row(struct arena *a, struct str s) { split(a, s, true); }
void fuzz_tsv(struct arena *a, struct str s) { split(a, s, false); }

void fuzz_pattern(struct arena *a, struct str s)
{
	struct str rest = s, text = str_cut(&rest, '\n'), out[130];
	const int64_t near = 1700000000 * US_PER_SECOND;
	struct pattern *p;
	struct err e;
	bool raw;

	err_init(&e);
	if (pattern_compile(a, text, &p, &e) != RC_OK)
		return;
	(void)pattern_field(p, STR("kv.a"));
	(void)pattern_field(p, STR("kv.msg.op"));
	raw = pattern_match(p, rest, out);
	must(pattern_read(p, a, NULL, rest, out) == raw);
	(void)pattern_read(p, a, &near, rest, out);
}

void fuzz_layout(struct arena *a, struct str s)
{
	struct str rest = s, text = str_cut(&rest, '\n');
	const int64_t near = 1700000000 * US_PER_SECOND;
	struct time_layout *l;
	struct time_read t;
	struct err e;
	size_t n;

	err_init(&e);
	if (time_layout_compile(a, text, &l, &e) != RC_OK)
		return;
	n = time_layout_read(l, rest, &near, &t);
	must(n <= rest.n);
	must(n == 0 || (t.us >= INSTANT_MIN_US && t.us <= INSTANT_MAX_US));
	(void)time_layout_read(l, rest, NULL, &t);
}

void fuzz_stream(struct arena *a, struct str s)
{
	struct stream *stream;
	char piece[777];
	size_t n = 1, total = 0;
	struct err e;

	(void)a;
	err_init(&e);
	if (stream_of_bytes("fuzz", s, &stream, &e) != RC_OK)
		return;
	while (n > 0 && total < 1 << 22 && stream_read(stream, piece, sizeof(piece), &n, &e) == RC_OK)
		total += n;
	stream_close(stream);
}

/* The first byte tells the form; records come in order, lie in the file and are told apart. */
void fuzz_reader(struct arena *a, struct str s)
{
	const enum reads reads = s.n > 0 ? (enum reads)((unsigned char)s.p[0] % 8 % 7) : READS_LINES;
	uint64_t number = 0, end = 0;
	struct stream *stream;
	struct reader *r;
	struct record rec;
	uint8_t digest[32];
	struct err e;
	bool more = true;
	size_t n = 0;

	(void)a;
	s = str_sub(s, 1, s.n);
	err_init(&e);
	if (stream_of_bytes("fuzz", s, &stream, &e) != RC_OK)
		return;
	if (reader_open(stream, reads, STR("Records"), &r, &e) != RC_OK) {
		stream_close(stream);
		return;
	}
	while (more && reader_next(r, &rec, &more, &e) == RC_OK && more && n++ < 10000) {
		must(rec.number > number && rec.position >= end && (rec.bytes.n > 0 || reads == READS_WHOLE));
		number = rec.number;
		end = rec.position + rec.bytes.n;
		if (n % 64 == 1)
			reader_record_digest(r, digest);
	}
	must(more || reader_next(r, &rec, &more, &e) == RC_OK);
	must(end <= reader_bytes(r));
	reader_digest(r, digest);
	reader_close(r);
}

void fuzz_zip(struct arena *a, struct str s)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64], member[5000], piece[4096];
	struct stream *stream;
	struct str *names;
	size_t n = 0, i, got = 1, total = 0;
	struct err e;

	err_init(&e);
	if (fd < 0 || (s.n > 0 && write(fd, s.p, s.n) != (ssize_t)s.n))
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)zip_is(path);
	if (zip_members(a, path, &names, &n, &e) == RC_OK) {
		for (i = 0; i < n && i < 8; i++) {
			(void)snprintf(member, sizeof(member), "%s!/%s", path, names[i].p);
			if (stream_open(member, &stream, &e) != RC_OK)
				continue;
			for (got = 1; got > 0 && total < 1 << 22 && stream_read(stream, piece, sizeof(piece), &got, &e) == RC_OK;)
				total += got;
			stream_close(stream);
		}
	}
	(void)close(fd);
}

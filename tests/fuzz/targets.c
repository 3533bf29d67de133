/* targets: the parsers, each with seeds.  Those of files and records are in reading.c. */
#include "targets.h"

#include <stdlib.h>
#include <string.h>

#include "assess/expr.h"
#include "base/time.h"
#include "base/value.h"
#include "collect/cutting.h"
#include "collect/mapping.h"
#include "collect/propose.h"
#include "ledger/frame.h"
#include "ledger/log.h"
#include "ledger/note.h"
#include "ledger/tree.h"
#include "model/schema.h"
#include "seal/box.h"
#include "seal/cut.h"
#include "seal/key.h"
#include "seal/provider.h"
#include "seal/stamp.h"

static void yaml(struct arena *a, struct str s)
{
	const struct value *docs;
	struct err e;
	size_t n;

	err_init(&e);
	if (yaml_parse(a, "fuzz", s, &docs, &n, &e) != RC_OK)
		return;
}

static void times(struct arena *a, struct str s)
{
	int64_t us = 0, again = 0;

	if (instant_parse(s, NULL, &us) == TIME_BAD)
		return;
	if (instant_parse(instant_fmt(a, us), NULL, &again) != TIME_SURE || again != us)
		abort();
}

static struct collection *collection(struct arena *a)
{
	static const char text[] = "name: t\nclassification: internal\nfields: {k: string, n: int, d: decimal, w: enum(x|y), at: timestamp,"
	    " due: date, who: subject, list: list(subject), ok: bool}\nnatural_key: [k]\nperiod_field: at\n";
	const struct value *docs;
	struct collection *c = NULL;
	struct err e;
	size_t n;

	err_init(&e);
	if (yaml_parse(a, "seed", STR(text), &docs, &n, &e) != RC_OK || collection_load(a, "seed", docs, &c, &e) != RC_OK)
		abort();
	return c;
}

static void expressions(struct arena *a, struct str s)
{
	static const struct parameter two = { { "two", 3 }, 2000000 };
	struct collection *one = collection(a);
	const struct schema schema = { &one, 1 };
	struct expr_scope scope = { .collection = one, .schema = &schema, .parameters = &two, .n_parameters = 1 };
	const struct expr_binding to = { .row = "i", .asof = "0" };
	const struct expr *x;
	struct err e;
	struct buf b;

	err_init(&e);
	if (expr_compile(a, s, (struct expr_place){ "fuzz", 1, 1 }, &scope, &x, &e) != RC_OK)
		return;
	buf_init(&b, 1 << 24);
	expr_sql(x, &to, &b);
	buf_done(&b);
}

static void schemas(struct arena *a, struct str s)
{
	const struct value *docs;
	struct collection *c;
	struct err e;
	size_t n;

	err_init(&e);
	if (yaml_parse(a, "fuzz", s, &docs, &n, &e) == RC_OK && n > 0 && collection_load(a, "fuzz", docs, &c, &e) != RC_OK)
		return;
}

static void mappings(struct arena *a, struct str s)
{
	struct collection *c = collection(a);
	struct schema schema = { &c, 1 };
	struct mapping_context ctx = { .file = STR("f.json") };
	const struct value *docs;
	struct mapping *m;
	struct mapped out;
	struct err e;
	size_t n;

	err_init(&e);
	if (yaml_parse(a, "fuzz", s, &docs, &n, &e) != RC_OK || n == 0 ||
	    mapping_compile(a, "fuzz", docs, &schema, &m, &e) != RC_OK)
		return;
	if (mapping_apply(m, a, &ctx, STR("{\"k\":\"a\",\"n\":3,\"l\":[{\"k\":1}]}"), &out, &e) != RC_OK)
		return;
}

/* A file of whatever bytes: a proposal that compiles, or a refusal. */
static void proposals(struct arena *a, struct str s)
{
	const struct source_input in = { "f.jsonl", STR("f.jsonl"), s.p != NULL ? s : STR("") };
	struct collection *c = collection(a);
	struct schema schema = { &c, 1 };
	const struct value *docs;
	struct mapping *m;
	struct value body;
	struct buf b;
	struct err e;
	size_t n;

	err_init(&e);
	buf_init(&b, 1 << 20);
	if (propose_mapping(&schema, &in, &b, &e) == RC_OK) {
		if (yaml_parse(a, "fuzz", arena_str(a, buf_view(&b)), &docs, &n, &e) != RC_OK)
			abort();
		body = docs[0];
		body.members++;
		body.n--;
		if (mapping_compile(a, "fuzz", &body, &schema, &m, &e) != RC_OK)
			abort();
	}
	buf_done(&b);
}

static void notes(struct arena *a, struct str s)
{
	static const char vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
	struct checkpoint c;
	struct note_key k;
	struct str text;
	struct err e;

	(void)a;
	err_init(&e);
	if (note_key_parse(STR(vkey), &k, &e) != RC_OK)
		abort();
	if (note_open(s, &k, &text, &e) == RC_OK && checkpoint_parse(text, &c, &e) == RC_OK)
		return;
	if (checkpoint_parse(s, &c, &e) == RC_OK || note_key_parse(s, &k, &e) == RC_OK)
		return;
}

static void logs(struct arena *a, struct str s)
{
	struct log_segment one = { 0, (const uint8_t *)s.p, s.n };
	const struct log_files files = { &one, 1 };
	struct str origin, policy;
	struct log_end end;
	struct head head;
	uint64_t at;
	struct err e;

	err_init(&e);
	if (log_scan(&files, STR("o"), NULL, 0, NULL, &end, &e) != RC_OK)
		return;
	if (log_origin(a, &files, &origin, &policy, &at, &e) == RC_OK || head_decode(s, &head, &e) == RC_OK)
		return;
}

static void keys(struct arena *a, struct str s)
{
	struct key_file k;
	struct key_page p;
	struct err e;

	(void)a;
	err_init(&e);
	if (key_file_decode(s, &k, &e) == RC_OK || key_page_decode(s, &p, &e) == RC_OK)
		return;
}

static void cuts(struct arena *a, struct str s)
{
	struct str parts[2], out, raw;
	struct cut_mark *marks;
	struct err e;
	size_t n;

	err_init(&e);
	parts[0] = str_sub(s, 0, s.n / 2);
	parts[1] = str_sub(s, s.n / 2, s.n);
	if (cut_reading(a, parts, 2, &out, &marks, &n, &e) == RC_OK && parts[1].n > 0 &&
	    (cut_together(a, parts, 2, &raw, &e) != RC_OK || !str_eq(raw, cut_shown(a, out, marks, n))))
		abort();
	parts[1] = STR_NONE;
	if (cut_reading(a, parts, 2, &out, &marks, &n, &e) == RC_OK)
		return;
}

/* People found in records of any bytes: the first tells the form. */
static void people(struct arena *a, struct str s)
{
	static const char *const forms[] = { "lines", "table", "text", "tsv" };
	static const char text[] = "source: a.b\nshapes:\n  - reads: %s\n    personal:\n"
	    "      - {subject: p, path: [who, other], with: [more, \"list[]\", /deep.down]}\n"
	    "      - {each: people, subject: q, path: ., like: \"user:{it:text}\", unless: {.: {suffix: x}}}\n"
	    "      - {each: people, subject: q, path: id, cut: \"arn:{it:rest}\", with: [.]}\n"
	    "      - {subject: t, pattern: {path: ., text: \"{w:text} from {ip:text} port {more:rest}\"}, part: w, parts: [ip]}\n"
	    "items:\n  - collection: t\n    fields: {k: {path: who}, list: {subject: q, path: people}, who: {subject: p, path: who}}\n";
	static const char table[] = "source: a.b\nshapes: [{reads: table}]\nitems: [{collection: t, columns: true}]\n";
	struct str columns[] = { STR("who"), STR("more"), STR("list"), STR("k") };
	struct collection *list[1];
	struct schema schema = { list, 1 };
	struct cutting c = { .a = a, .ctx = { .columns = columns, .n_columns = 4, .delimiter = ',' } };
	const size_t form = s.n > 0 ? (unsigned char)s.p[0] % 5 : 0;
	const struct value *docs;
	struct mapping *m;
	struct err e;
	size_t n;

	err_init(&e);
	list[0] = collection(a);
	c.ctx.delimiter = form == 3 ? '\t' : ',';
	if (yaml_parse(a, "seed", form == 4 ? STR(table) : arena_fmt(a, text, forms[form]), &docs, &n, &e) != RC_OK ||
	    mapping_compile(a, "seed", docs, &schema, &m, &e) != RC_OK)
		abort();
	c.m = m;
	if (!cutting_check(&c, str_sub(s, 1, s.n)))
		abort();
}

/* Time stamps as anybody may hand them over: what is taken must come back as it was written. */
static void stamps(struct arena *a, struct str s)
{
	struct stamp first, again;
	struct err e;

	err_init(&e);
	if (stamp_read(a, s, STR_NONE, &first, &e) == RC_OK &&
	    (stamp_read(a, first.token, STR_NONE, &again, &e) != RC_OK || !str_eq(first.token, again.token)))
		abort();
}

/* Hashes and numbers that somebody hands over as a proof: nothing but the true one may hold. */
static void proofs(struct arena *a, struct str s)
{
	uint8_t first[32] = { 0 }, second[32] = { 1 }, leaf[32] = { 2 };
	uint64_t index, size;
	size_t n;

	(void)a;
	if (s.n < 16)
		return;
	index = get_u64((const uint8_t *)s.p);
	size = get_u64((const uint8_t *)s.p + 8);
	n = (s.n - 16) / 32 < PROOF_MAX ? (s.n - 16) / 32 : PROOF_MAX;
	if (proof_inclusion(index, size, leaf, (const uint8_t *)s.p + 16, n, first))
		abort();
	if (proof_consistency(index, size, first, second, (const uint8_t *)s.p + 16, n))
		abort();
}

/* Fixed-size rows, as they lie in segments and key pages. */
static void table_rows(struct arena *a, struct str s)
{
	struct part_row part;
	struct key_row key;
	struct entry entry;
	struct err e;
	uint8_t bytes[512] = { 0 };

	(void)a;
	err_init(&e);
	if (s.n > 0)
		memcpy(bytes, s.p, s.n < sizeof(bytes) ? s.n : sizeof(bytes));
	if (part_row_decode(bytes, &part, &e) == RC_OK || key_row_decode(bytes, &key, &e) == RC_OK ||
	    entry_decode(bytes, &entry, &e) == RC_OK)
		return;
}

_Static_assert(PART_ROW_BYTES <= 512 && KEY_ROW_BYTES <= 512 && ENTRY_BYTES <= 512, "table_rows reads that much");

#define SEEDS(...) (const char *const[]){ __VA_ARGS__, NULL }

const struct target targets[] = {
	{ "form", fuzz_form, SEEDS("a=1+2&b=%C3%A9%26&&c", "email=a%40b&password=x%20y&csrf=", "%=%&=+") },
	{ "cookie", fuzz_cookie, SEEDS("session=abc; x=1", "a=b;session=; session=2", ";;=;session") },
	{ "template", fuzz_template, SEEDS("a {{b}} {{{c}}} {{&d.e}}\n{{#l}}\n- {{.}}\n{{/l}}\n{{^n}}x{{/n}}", "  {{>main}}\n{{! c }}",
	    "{{=<% %>=}}<%b%><%={{ }}=%>{{#l}}{{>other}}{{/l}}") },
	{ "json", fuzz_json, SEEDS("{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\",null,true,{}],\"b\":\"\\n\"}", "[[[[]]]]", "\"\xc3\xa9\"") },
	{ "yaml", yaml, SEEDS("a: [1, 'b', {c: ~}]\n---\n- x\n- |\n  text\n", "k: \"v\"\nl:\n  - m: n\n") },
	{ "time", times, SEEDS("2024-06-30T23:59:59.25+02:00", "2024-06-30 23:59:59 -0700", "2024-06-30", "0001-01-01T00:00:00Z") },
	{ "row", fuzz_row, SEEDS("a,\"b \"\"c\"\"\",d", ",,", "\"\"") },
	{ "pattern", fuzz_pattern, SEEDS("{a:text} is {b:word up|down} ({c:int})\nx is up (1)", "{a}{b:int}\nq12") },
	{ "expression", expressions, SEEDS("n = 3 and (d > 1.5 or w = x) and not ok", "count(without(list, who)) >= 1 and hours(at, due) < param(two)",
	    "who != null or days(at, asof) <= 30 - n", "not exists(t: k = this.k and who = this.who) or count(t: n > this.n) >= 2") },
	{ "schema", schemas, SEEDS("name: a\nclassification: internal\nfields: {x: enum(a|b) personal, y: list(int)}\nnatural_key: [y]\nperiod_field: null\n") },
	{ "mapping", mappings, SEEDS("source: a.b\nshapes: [{reads: json, files: [.json], detect: [k]}]\nidentity: [k]\nitems:\n  - collection: t\n"
	    "    each: l\n    when: {k: [1]}\n    fields: {k: {path: k}, n: {path: /n}, who: {subject: p, path: .}}\n",
	    "source: a.b\nshapes: [{reads: json, within: [l, e], detect: [a | k], when: {k: {prefix: a}}}]\nitems:\n  - collection: t\n"
	    "    each: l[].m\n    unless: {^k | k: {exists: false}}\n    fields: {k: [{text: \"{^k}/{/n}\"}, {path: \"l[k=1].k\", like: \"{it:text}\"}]}\n") },
	{ "proposal", proposals, SEEDS("{\"id\":\"e1\",\"k\":\"login\",\"timestamp\":\"2024-01-01T10:00:00Z\",\"email\":\"a@b.co\"}\n{\"id\":\"e2\"}\n",
	    "k;id;time\na;1;2024-01-01\nb;2;2024-01-02\n", "{\"data\":{\"items\":[{\"k\":1},{\"k\":2}]}}") },
	{ "note", notes, SEEDS("example.com/foo\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1T\n",
	    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k") },
	{ "log", logs, SEEDS("TMF1TMF1TMF1TMF1TMF1", "TMH1") },
	{ "key", keys, SEEDS("TMO1", "TMK1") },
	{ "cut", cuts, SEEDS("ab\x1a\x01\x01\x02" "0123456789abcdefcd0123456789abcdef\x01") },
	{ "people", people, SEEDS("2{\"who\":\"Ann \\u00c5\",\"more\":[1,true,null,{\"x\":\"y\"}],\"people\":[\"user:bob\",{\"id\":\"arn:a:b\"}],\"deep\":{\"down\":-2.5e3}}",
	    "3ann,\"a \"\"b\"\"\",\"x;y\",k", "4Accepted for ann from 192.0.2.1 port 22 ssh2", "5ann\tmore\tlist\tk",
	    "6email:ann@example.com,more,\"email:a@b; c:d\",k") },
	{ "stamp", stamps, SEEDS("0\x82\x01\x00\x30\x03\x02\x01\x00", "0\x80\x06\x09*\x86H\x86\xf7\x0d\x01\x07\x02\xa0\x80") },
	{ "proof", proofs, SEEDS("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10" "0123456789abcdef0123456789abcdef") },
	{ "table_row", table_rows, SEEDS("TM") },
	{ "xml", fuzz_xml, SEEDS("<a b=\"1 &lt; 2\" xmlns:c='d'><!-- x --><e>t</e><e/>m<![CDATA[]]]]>&#x41;<?p q?></a>", "<c:a/>") },
	{ "tsv", fuzz_tsv, SEEDS("a\tb\t\tc", "\"a\tb") },
	{ "layout", fuzz_layout, SEEDS("syslog\nNov 10 07:48:12", "apache\n29/Nov/2020:06:25:03 +0100", "epoch\n1605001692.123",
	    "%Y-%m-%d %I:%M:%S.%f %p\n2024-02-29 12:00:01.5 AM", "iso\n2024-06-30T23:59:59,25+02:00") },
	{ "stream", fuzz_stream, SEEDS("plain", "\x1f\x8b\x08", "\x28\xb5\x2f\xfd") },
	{ "reader", fuzz_reader, SEEDS("0{\"a\":1}\n{\"b\":2}\n", "1{\"x\":[1],\"Records\":[{\"a\":\"]\"},2]}[3]{\"a\":4}", "2a,b\n1,\"2\n3\"\n4,x\"y\n",
	    "3a: 1\n", "4Nov 10 host x\n", "5a\tb\n1\t\"2\n", "6<E><Records a='1'>x</Records><Records/><o/></E>") },
	{ "zip", fuzz_zip, SEEDS("PK\x03\x04") },
};
const size_t targets_n = ARRAY_LEN(targets);

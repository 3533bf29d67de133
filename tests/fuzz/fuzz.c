/* Every parser against bytes that nobody meant.  In the check: seeds, and some thousand mutations of each, the same in
 * each run, under the sanitizers.  With clang's fuzzer: -DFUZZ_TARGET=json and LLVMFuzzerTestOneInput. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assess/expr.h"
#include "base/time.h"
#include "base/value.h"
#include "collect/mapping.h"
#include "collect/pattern.h"
#include "ledger/frame.h"
#include "ledger/log.h"
#include "ledger/note.h"
#include "model/schema.h"
#include "seal/cut.h"
#include "seal/provider.h"

struct target {
	const char *name;
	void (*run)(struct arena *, struct str);
	const char *const *seeds;
};

static void json(struct arena *a, struct str s)
{
	const struct value *v;
	struct err e;
	struct buf b;

	err_init(&e);
	if (json_parse(a, s, &v, &e) != RC_OK)
		return;
	buf_init(&b, 1 << 24);          /* what was read is written and read again the same */
	json_put(&b, v);
	if (json_parse(a, arena_str(a, buf_view(&b)), &v, &e) != RC_OK)
		abort();
	buf_done(&b);
}

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

static void rows(struct arena *a, struct str s)
{
	struct str *cells;
	struct err e;
	size_t n;

	err_init(&e);
	if (row_split(a, s, ',', &cells, &n, &e) != RC_OK)
		return;
}

static void patterns(struct arena *a, struct str s)
{
	struct str rest = s, text = str_cut(&rest, '\n'), out[64];
	struct pattern *p;
	struct err e;

	err_init(&e);
	if (pattern_compile(a, text, &p, &e) == RC_OK)
		(void)pattern_match(p, rest, out);
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
	struct expr_scope scope = { .collection = collection(a), .parameters = &two, .n_parameters = 1 };
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
	struct err e;

	err_init(&e);
	if (log_scan(&files, STR("o"), NULL, 0, NULL, &end, &e) != RC_OK)
		return;
	if (log_origin(a, &files, &origin, &policy, &e) == RC_OK || head_decode(s, &head, &e) == RC_OK)
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
	struct str parts[2], out;
	struct err e;

	err_init(&e);
	parts[0] = str_sub(s, 0, s.n / 2);
	parts[1] = str_sub(s, s.n / 2, s.n);
	if (cut_together(a, parts, 2, &out, &e) == RC_OK || cut_reading(a, parts[0], 2, &out, &e) == RC_OK)
		return;
}

#define SEEDS(...) (const char *const[]){ __VA_ARGS__, NULL }

static const struct target targets[] = {
	{ "json", json, SEEDS("{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\",null,true,{}],\"b\":\"\\n\"}", "[[[[]]]]", "\"\xc3\xa9\"") },
	{ "yaml", yaml, SEEDS("a: [1, 'b', {c: ~}]\n---\n- x\n- |\n  text\n", "k: \"v\"\nl:\n  - m: n\n") },
	{ "time", times, SEEDS("2024-06-30T23:59:59.25+02:00", "2024-06-30 23:59:59 -0700", "2024-06-30", "0001-01-01T00:00:00Z") },
	{ "row", rows, SEEDS("a,\"b \"\"c\"\"\",d", ",,", "\"\"") },
	{ "pattern", patterns, SEEDS("{a:text} is {b:word up|down} ({c:int})\nx is up (1)", "{a}{b:int}\nq12") },
	{ "expression", expressions, SEEDS("n = 3 and (d > 1.5 or w = x) and not ok", "count(without(list, who)) >= 1 and hours(at, due) < param(two)",
	    "who != null or days(at, asof) <= 30 - n") },
	{ "schema", schemas, SEEDS("name: a\nclassification: internal\nfields: {x: enum(a|b) personal, y: list(int)}\nnatural_key: [y]\nperiod_field: null\n") },
	{ "mapping", mappings, SEEDS("source: a.b\nshapes: [{reads: json, files: [.json], detect: [k]}]\nidentity: [k]\nitems:\n  - collection: t\n"
	    "    each: l\n    when: {k: [1]}\n    fields: {k: {path: k}, n: {path: /n}, who: {subject: p, path: .}}\n") },
	{ "note", notes, SEEDS("example.com/foo\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1T\n",
	    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k") },
	{ "log", logs, SEEDS("TMF1TMF1TMF1TMF1TMF1", "TMH1") },
	{ "key", keys, SEEDS("TMO1", "TMK1") },
	{ "cut", cuts, SEEDS("ab\x1a\x01\x01\x02" "0123456789abcdefcd0123456789abcdef\x01") },
};

#ifdef FUZZ_TARGET
#define NAME_OF(x) #x
#define NAME(x) NAME_OF(x)
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *a = arena_new();
	size_t i;

	for (i = 0; i < ARRAY_LEN(targets); i++)
		if (strcmp(targets[i].name, NAME(FUZZ_TARGET)) == 0)
			targets[i].run(a, (struct str){ (const char *)data, n });
	arena_free(a);
	return 0;
}
#else
static uint64_t state = 88172645463325252u;

static size_t pick(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % n);
}

/* A seed, or zeros where a binary form begins with a mark, with some bytes changed, cut, doubled or put in. */
static size_t mutate(char *to, size_t room, const char *seed)
{
	static const char spice[] = "\"\\{}[]():,.'-+|&*<>=!\n\t \x1a\xff\xc3\x00" "09azZ";
	size_t n = strlen(seed), i, times_n = 1 + pick(6);

	memset(to, 0, room);
	memcpy(to, seed, n);
	if (n < 8)
		n = pick(room / 2) + 8;
	for (i = 0; i < times_n; i++) {
		size_t at = pick(n + 1);

		switch (pick(5)) {
		case 0:
			if (n + 1 < room) {
				memmove(to + at + 1, to + at, n - at);
				to[at] = spice[pick(sizeof(spice) - 1)];
				n++;
			}
			break;
		case 1:
			n = at;
			break;
		case 2:
			if (at < n)
				to[at] = (char)pick(256);
			break;
		case 3:
			if (at < n && 2 * n - at < room) {
				memmove(to + n, to + at, n - at);
				n += n - at;
			}
			break;
		default:
			if (at < n) {
				memmove(to + at, to + at + 1, n - at - 1);
				n--;
			}
		}
	}
	return n;
}

int main(void)
{
	static char text[8192];
	struct arena *a = arena_new();
	size_t i, k, m, n, each = getenv("TICKMARK_SOAK") != NULL ? 200000 : 4000;

	(void)printf("1..%zu\n", ARRAY_LEN(targets));
	for (i = 0; i < ARRAY_LEN(targets); i++) {
		for (k = 0; targets[i].seeds[k] != NULL; k++) {
			targets[i].run(a, str_z(targets[i].seeds[k]));
			for (m = 0; m < each; m++) {
				char *exact;

				n = mutate(text, sizeof(text) / 2, targets[i].seeds[k]);
				exact = malloc(n + 1);  /* so that reading one byte too far is seen */
				if (exact == NULL)
					return 1;
				memcpy(exact, text, n);
				arena_reset(a);
				targets[i].run(a, (struct str){ exact, n });
				free(exact);
			}
		}
		(void)printf("ok %zu - %s survives bytes that nobody meant\n", i + 1, targets[i].name);
	}
	arena_free(a);
	return 0;
}
#endif

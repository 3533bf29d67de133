/* scene: see scene.h. */
#include "test.h"

#include "base/file.h"
#include "double.h"
#include "ledger/ledger_priv.h"
#include "ledger/verify.h"
#include "scene.h"

enum { LONG = 40000, OBJECT = (1 << 20) + 30000, CLOSES = 500 << 10 };

void scene_start(struct scene *s)
{
	const uint8_t organization[16] = { 1, 2, 3 };
	struct err e;

	memset(s, 0, sizeof(*s));
	s->created = SIZE_MAX;
	(void)snprintf(s->base, sizeof(s->base), "/tmp/tickmark-test-XXXXXX");
	assert_non_null(mkdtemp(s->base));
	(void)snprintf(s->dir, sizeof(s->dir), "%s/org", s->base);
	err_init(&e);
	assert_ok(key_file_make(KEY_FILE_ALONE, STR_NONE, (struct key_file_cost){ 0, 0, 0 }, organization, s->key_file, &e), &e);
}

void scene_end(struct scene *s)
{
	char command[300];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", s->base);
	assert_int_equal(system(command), 0);
}

struct provider *scene_provider(const struct scene *s)
{
	struct provider *p;
	struct err e;

	err_init(&e);
	assert_ok(key_file_open(str_bytes(s->key_file, KEY_FILE_BYTES), STR_NONE, NULL, &p, &e), &e);
	return p;
}

struct str scene_body(struct arena *a, unsigned number)
{
	size_t n = number % 1000 == 999 ? OBJECT : number % 100 == 98 ? LONG : 20 + number % 60, i;
	char *p = arena_alloc(a, n);
	uint32_t state = number * 2654435761u + 1;

	for (i = 0; i < n; i++) {
		state = state * 1664525u + 1013904223u;
		p[i] = (char)('a' + (state >> 24) % 26);
	}
	return (struct str){ p, n };
}

enum rc scene_create(struct scene *s, uint64_t now_ms, struct ledger **out, struct err *e)
{
	enum rc rc;

	if ((rc = folder_make(s->dir, e)) != RC_OK || (rc = ledger_create(s->dir, STR_NONE, scene_provider(s), now_ms, out, e)) != RC_OK)
		return rc;
	(*out)->segment.closes = CLOSES;
	s->created = double_calls();
	return RC_OK;
}

enum rc scene_open(struct scene *s, uint64_t now_ms, struct ledger **out, struct err *e)
{
	enum rc rc = ledger_open(s->dir, LEDGER_WRITE, scene_provider(s), now_ms, out, e);

	if (rc == RC_OK)
		(*out)->segment.closes = CLOSES;
	return rc;
}

static enum rc append(struct scene *s, struct ledger *l, uint64_t now_ms, const struct key *scope, size_t n, struct err *e)
{
	struct ledger_record *r = mem_alloc(n * sizeof(*r));
	struct arena *a = arena_new();
	size_t i;
	enum rc rc;

	for (i = 0; i < n; i++) {
		r[i].kind = scope != NULL ? KIND_REJECTED : KIND_CHANGE;
		r[i].scope = scope;
		r[i].body = scene_body(a, s->next + (unsigned)i);
	}
	if ((rc = ledger_append(l, now_ms, r, n, e)) == RC_OK)
		for (i = 0; i < n; i++) {
			assert_true(s->n_acked < ARRAY_LEN(s->acked));
			s->acked[s->n_acked++] = (struct acked){ r[i].index, s->next + (unsigned)i, double_calls() };
		}
	s->next += (unsigned)n;
	arena_free(a);
	mem_free(r);
	return rc;
}

enum rc scene_append(struct scene *s, struct ledger *l, uint64_t now_ms, size_t n, struct err *e)
{
	return append(s, l, now_ms, NULL, n, e);
}

enum rc scene_append_scoped(struct scene *s, struct ledger *l, uint64_t now_ms, size_t n, struct err *e)
{
	const struct key *scope;
	enum rc rc = ledger_file_scope(l, now_ms, CLASS_RESTRICTED, &scope, e);

	return rc == RC_OK ? append(s, l, now_ms, scope, n, e) : rc;
}

static void checkpointed(struct scene *s, uint64_t size)
{
	assert_true(s->n_checkpoints < ARRAY_LEN(s->checkpoints));
	s->checkpoints[s->n_checkpoints].size = size;
	s->checkpoints[s->n_checkpoints++].calls = double_calls();
}

enum rc scene_checkpoint(struct scene *s, struct ledger *l, struct err *e)
{
	enum rc rc = ledger_checkpoint(l, e);

	if (rc == RC_OK)
		checkpointed(s, ledger_size(l));
	return rc;
}

enum rc scene_close(struct scene *s, struct ledger *l, struct err *e)
{
	const uint64_t size = ledger_size(l);
	enum rc rc = ledger_close(l, 0, e);

	if (rc == RC_OK)
		checkpointed(s, size);
	return rc;
}

struct telling {
	const char *what;
	unsigned findings;
};

static void tell(void *ctx, const struct finding *f)
{
	struct telling *t = ctx;

	if (f->is_notice)
		return;
	t->findings++;
	print_message("# %s: %s, byte %llu: %s: %s\n", t->what, f->file, (unsigned long long)f->offset, verdict_name(f->verdict),
	    f->words);
}

unsigned scene_findings(const struct scene *s, const char *dir, const char *what)
{
	struct telling t = { what, 0 };
	struct verify_how how = { .provider = scene_provider(s), .found = tell, .ctx = &t };
	struct verify_outcome out;
	struct arena *a = arena_new();
	struct err e;
	enum rc rc;

	err_init(&e);
	if ((rc = ledger_verify(dir, a, &how, &out, &e)) != RC_OK) {
		print_message("# %s: verify could not look: %s\n", what, e.msg);
		t.findings++;
	}
	provider_close(how.provider);
	arena_free(a);
	return t.findings;
}

struct comparing {
	const struct scene *s;
	struct arena *a;
	const char *what;
	size_t at, n;                           /* of those acknowledged */
};

static enum rc compare(void *ctx, const struct opened *o, struct err *e)
{
	struct comparing *c = ctx;

	(void)e;
	if (c->at == c->n || c->s->acked[c->at].index != o->index)
		return RC_OK;
	arena_reset(c->a);
	if (o->verdict != VERDICT_INTACT || !str_eq(o->body, scene_body(c->a, c->s->acked[c->at].number)))
		fail_msg("%s: entry %llu, acknowledged, is %s or another", c->what, (unsigned long long)o->index,
		    verdict_name(o->verdict));
	c->at++;
	return RC_OK;
}

void scene_compare(const struct scene *s, struct ledger *l, size_t calls, const char *what)
{
	struct comparing c = { .s = s, .a = arena_new(), .what = what };
	struct arena *a = arena_new();
	struct err e;
	size_t i;

	err_init(&e);
	while (c.n < s->n_acked && s->acked[c.n].calls <= calls)
		c.n++;
	if (ledger_each(l, 0, ledger_size(l), true, a, compare, &c, &e) != RC_OK)
		fail_msg("%s: %s", what, e.msg);
	if (c.at != c.n)
		fail_msg("%s: entry %llu, acknowledged, is gone", what, (unsigned long long)s->acked[c.at].index);
	for (i = 0; i < s->n_checkpoints && s->checkpoints[i].calls <= calls; i++)
		if (ledger_checkpointed(l) < s->checkpoints[i].size)
			fail_msg("%s: the checkpoint over %llu entries is gone", what, (unsigned long long)s->checkpoints[i].size);
	arena_free(a);
	arena_free(c.a);
}

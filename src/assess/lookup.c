/* lookup: see lookup.h. */
#include "assess/lookup.h"

#include <string.h>

#include "assess/coverage.h"
#include "assess/scope.h"

enum { LOOKUPS_MAX = 64 };

struct looked {
	const struct collection *collection;
	bool whole;
};

struct lookups {
	struct arena *a;
	struct looked into[LOOKUPS_MAX];        /* by name */
	size_t n;
	struct expr_lookup fields[LOOKUPS_MAX];
	size_t n_fields;
};

struct lookups *lookups_new(struct arena *a)
{
	struct lookups *l = ARENA_NEW(a, struct lookups);

	l->a = a;
	return l;
}

static void note(void *ctx, const struct expr_lookup *x)
{
	struct lookups *l = ctx;
	size_t i;

	for (i = 0; i < l->n && str_cmp(l->into[i].collection->name, x->collection->name) < 0; i++)
		;
	if ((i == l->n || l->into[i].collection != x->collection) && l->n < LOOKUPS_MAX) {
		memmove(&l->into[i + 1], &l->into[i], (l->n - i) * sizeof(l->into[0]));
		l->into[i] = (struct looked){ x->collection, false };
		l->n++;
	}
	for (i = 0; i < l->n_fields; i++)
		if (l->fields[i].collection == x->collection && l->fields[i].field == x->field)
			return;
	if (x->field != NULL && l->n_fields < LOOKUPS_MAX)
		l->fields[l->n_fields++] = *x;
}

void lookups_add(struct lookups *l, const struct expr *x)
{
	expr_lookups(x, note, l);
}

static bool is_whole(void *ctx, const struct collection *c)
{
	const struct lookups *l = ctx;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->into[i].collection == c)
			return l->into[i].whole;
	return false;
}

static enum rc find_out(struct lookups *l, struct looked *x, struct state *s, const struct run_period *p, struct err *e)
{
	struct run_period until = *p;
	int64_t today = zone_date(state_zone(s), p->now_us), n = 0;
	struct coverage *cover;
	enum rc rc;

	if (x->collection->n_period == 0)
		return RC_OK;                           /* asked of its extractions, in the statement itself */
	if (today < until.to_day)
		until.to_day = today > until.from_day ? today - 1 : until.from_day;
	if ((rc = coverage_of(s, l->a, x->collection, &until, &cover, e)) != RC_OK)
		return rc;
	x->whole = cover->n > 0 && cover->unknown == 0;
	if (cover->n > 0)
		return RC_OK;
	rc = db_i64(state_db(s), arena_z(l->a, arena_fmt(l->a, "SELECT count(*) FROM (SELECT 1 FROM item_%.*s LIMIT 1)",
	    STR_FMT(x->collection->name))), 0, &n, e);
	x->whole = n > 0;
	return rc;
}

/* A table of this connection alone, so that a database that is only read has it too and nothing is written that the ledger
 * does not give.  Made for each statement, for items change in between. */
static enum rc make_index(struct lookups *l, const struct expr_lookup *x, struct state *s, struct err *e)
{
	const char *table = x->collection->n_period > 0 ? "item" : "version";
	struct str c = x->collection->name, f = x->field->name;

	return db_temporary(state_db(s), arena_z(l->a, arena_fmt(l->a, "DROP TABLE IF EXISTS temp.look_%.*s_%.*s;"
	    "CREATE TEMP TABLE look_%.*s_%.*s AS SELECT f_%.*s AS v, id FROM %s_%.*s;"
	    "CREATE INDEX temp.look_%.*s_%.*s_v ON look_%.*s_%.*s(v, id)", STR_FMT(c), STR_FMT(f), STR_FMT(c), STR_FMT(f), STR_FMT(f),
	    table, STR_FMT(c), STR_FMT(c), STR_FMT(f), STR_FMT(c), STR_FMT(f))), e);
}

static bool is_indexed(void *ctx, const struct expr_lookup *x)
{
	const struct lookups *l = ctx;
	size_t i;

	for (i = 0; i < l->n_fields; i++)
		if (l->fields[i].collection == x->collection && l->fields[i].field == x->field)
			return true;
	return false;
}

enum rc lookups_bind(struct lookups *l, struct state *s, const struct run_period *p, struct expr_binding *to, struct err *e)
{
	size_t i;
	enum rc rc;

	for (i = 0; i < l->n; i++)
		if ((rc = find_out(l, &l->into[i], s, p, e)) != RC_OK)
			return rc;
	for (i = 0; i < l->n_fields; i++)
		if ((rc = make_index(l, &l->fields[i], s, e)) != RC_OK)
			return rc;
	if (l->n > 0 && (rc = scope_left_streams(s, l->a, &to->left_streams, e)) != RC_OK)
		return rc;
	to->is_whole = is_whole;
	to->is_indexed = is_indexed;
	to->ctx = l;
	return RC_OK;
}

bool lookups_any(const struct lookups *l) { return l->n > 0; }

void lookups_put(const struct lookups *l, struct buf *b)
{
	size_t i;

	buf_c(b, '[');
	for (i = 0; i < l->n; i++) {
		buf_z(b, i > 0 ? ",{\"population\":" : "{\"population\":");
		json_put_str(b, l->into[i].collection->name);
		if (l->into[i].collection->n_period == 0)
			buf_z(b, ",\"whole\":null}");
		else
			buf_fmt(b, ",\"whole\":%s}", l->into[i].whole ? "true" : "false");
	}
	buf_c(b, ']');
}

/* state_compare: a database against what the ledger gives: schema, rows, indices. */
#include "model/state_priv.h"

#include <string.h>

enum { TOLD_PER_TABLE = 50 };

int state_version(void) { return STATE_VERSION; }

static const struct state_table fixed[] = {
	{ "meta", "key" }, { "subject", "id" }, { "identity", "kind, identity" }, { "subject_link", "a, b, rule" },
	{ "subject_split", "a, b" }, { "identity_link", "kind, identity, subject, rule" }, { "day", "day" },
	{ "definition", "entry" }, { "stream", "id" }, { "ingest", "id" }, { "extraction", "id" },
	{ "extraction_ingest", "extraction, ingest" }, { "rejected", "entry" }, { "change_log", "entry" },
	{ "unread", "entry" }, { "result", "entry" }, { "said", "collection, field, subject" },
};

enum rc state_tables(struct state *s, struct arena *a, const struct state_table **out, struct err *e)
{
	struct state_table *t;
	size_t n = ARRAY_LEN(fixed), i;

	(void)e;
	t = ARENA_ARRAY(a, n + 4 * s->schema.n + 1, struct state_table);
	memcpy(t, fixed, sizeof(fixed));
	for (i = 0; i < s->schema.n; i++) {
		const struct collection *c = s->schema.collections[i];

		t[n].table = arena_z(a, arena_fmt(a, "item_%.*s", STR_FMT(c->name)));
		t[n++].key = "id";
		t[n].table = arena_z(a, arena_fmt(a, "%s_%.*s", c->n_period > 0 ? "part" : "version", STR_FMT(c->name)));
		t[n++].key = c->n_period > 0 ? "item, entry, rule" : "id";
		if (c->n_period == 0)
			continue;
		t[n].table = arena_z(a, arena_fmt(a, "wait_%.*s", STR_FMT(c->name)));
		t[n++].key = "id";
		t[n].table = arena_z(a, arena_fmt(a, "joined_%.*s", STR_FMT(c->name)));
		t[n++].key = "item, waiting";
	}
	*out = t;
	return RC_OK;
}

struct telling {
	void (*tell)(void *, const char *, struct str);
	void *ctx;
	uint64_t *n;
};

static void differs(struct telling *t, const char *table, struct str key)
{
	(*t->n)++;
	t->tell(t->ctx, table, key);
}

/* Tables, indices, views and triggers, by name; where a root page lies is no difference. */
static enum rc schema_differs(struct telling *t, struct db *stored, struct db *replayed, bool *same, struct err *e)
{
	static const char sql[] = "SELECT type || ' ' || name, tbl_name, sql FROM sqlite_schema ORDER BY 1";
	struct stmt *a = NULL, *b = NULL;
	struct err why;
	bool ra, rb;
	int order, c;
	enum rc rc;

	err_init(&why);
	*same = true;
	if ((rc = db_prepare(replayed, str_z(sql), &b, e)) != RC_OK || (rc = stmt_step(b, &rb, e)) != RC_OK)
		goto out;
	if (db_prepare(stored, str_z(sql), &a, &why) != RC_OK || stmt_step(a, &ra, &why) != RC_OK)
		goto unreadable;
	while (ra || rb) {
		order = !rb ? -1 : !ra ? 1 : str_cmp(column_text(a, 0), column_text(b, 0));
		for (c = 1; order == 0 && c < 3; c++) {
			if (column_is_null(a, c) == column_is_null(b, c) && str_eq(column_text(a, c), column_text(b, c)))
				continue;
			*same = false;
			differs(t, "sqlite_schema", column_text(b, 0));
			break;
		}
		if (order != 0) {
			*same = false;
			differs(t, "sqlite_schema", column_text(order < 0 ? a : b, 0));
		}
		if (order >= 0 && (rc = stmt_step(b, &rb, e)) != RC_OK)
			goto out;
		if (order <= 0 && stmt_step(a, &ra, &why) != RC_OK)
			goto unreadable;
	}
	goto out;
unreadable:
	*same = false;
	differs(t, "sqlite_schema", str_z(why.msg));
out:
	stmt_free(a);
	stmt_free(b);
	return rc;
}

/* Rows can be right and an index over them wrong: then queries answer wrongly. */
static void indices_differ(struct telling *t, struct db *stored)
{
	struct stmt *st = NULL;
	struct err why;
	bool row = false;

	err_init(&why);
	if (db_prepare(stored, STR("PRAGMA integrity_check(20)"), &st, &why) != RC_OK || stmt_step(st, &row, &why) != RC_OK) {
		differs(t, "sqlite_schema", str_z(why.msg));
		row = false;
	}
	while (row) {
		if (!str_is(column_text(st, 0), "ok"))
			differs(t, "sqlite_schema", column_text(st, 0));
		if (stmt_step(st, &row, &why) != RC_OK) {
			differs(t, "sqlite_schema", str_z(why.msg));
			break;
		}
	}
	stmt_free(st);
}

enum rc state_compare(struct db *stored, struct state *replayed, struct arena *a,
    void (*tell)(void *, const char *, struct str), void *ctx, uint64_t *n, struct err *e)
{
	struct telling t = { tell, ctx, n };
	const struct state_table *table;
	struct err why;
	uint64_t rows;
	bool same;
	enum rc rc;

	*n = 0;
	if ((rc = schema_differs(&t, stored, state_db(replayed), &same, e)) != RC_OK ||
	    (rc = state_tables(replayed, a, &table, e)) != RC_OK)
		return rc;
	for (; table->table != NULL; table++) {
		rows = 0;
		err_init(&why);
		if (db_compare(stored, state_db(replayed), table->table, table->key, TOLD_PER_TABLE, tell, ctx, &rows, &why) != RC_OK)
			differs(&t, table->table, str_z(why.msg));
		*n += rows;
	}
	if (*n == 0)
		indices_differ(&t, stored);
	return RC_OK;
}

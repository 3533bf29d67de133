/* item_link: what adds to items without being one.  A contribution that joins by some fields is kept in wait_NAME; it
 * becomes a part of every item that says the same in these fields, whichever of the two came first.  Subjects say the same
 * when they are joined.  Which has become part of which is in joined_NAME: each once. */
#include "model/state_priv.h"

#include <string.h>

/* Items whose ids were found, before any of them is changed. */
struct found {
	int64_t *p;
	size_t n, room;
};

static void remember(struct state *s, struct item_table *t, uint64_t fields)
{
	size_t i;

	(void)s;
	for (i = 0; i < t->n_links && t->links[i] != fields; i++)
		;
	if (i == t->n_links && t->n_links < LINKS_MAX)
		t->links[t->n_links++] = fields;
}

enum rc link_tables(struct state *s, const struct collection *c, struct err *e)
{
	struct item_table *t = item_table_of(s, c);
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	if (t == NULL || t->links_known || c->n_period == 0)
		return RC_OK;
	rc = db_prepare(s->db, arena_fmt(s->scratch, "SELECT DISTINCT link FROM wait_%.*s", STR_FMT(c->name)), &st, e);
	while (rc == RC_OK && (rc = stmt_step(st, &row, e)) == RC_OK && row)
		remember(s, t, (uint64_t)column_i64(st, 0));
	stmt_free(st);
	t->links_known = rc == RC_OK;
	return rc;
}

/* "i.f_a=w.f_a AND …": what item i and waiting row w say alike. */
static void same_sql(struct buf *b, const struct collection *c, uint64_t fields)
{
	size_t i;

	for (i = 0; i < c->n_fields; i++) {
		struct str f = c->fields[i].name;

		if (!(fields >> i & 1))
			continue;
		if (c->fields[i].type == FIELD_SUBJECT)
			buf_fmt(b, " AND (SELECT root FROM subject WHERE id=i.f_%.*s)=(SELECT root FROM subject WHERE id=w.f_%.*s)",
			    STR_FMT(f), STR_FMT(f));
		else
			buf_fmt(b, " AND i.f_%.*s=w.f_%.*s", STR_FMT(f), STR_FMT(f));
	}
}

/* An index on the fields of the link that are no subjects, on both sides; nothing when there is one. */
static enum rc index_for(struct state *s, const struct collection *c, uint64_t fields, struct err *e)
{
	static const char *const tables[] = { "item", "wait" };
	struct buf columns, b;
	size_t i;
	enum rc rc = RC_OK;

	buf_init(&columns, 1 << 12);
	for (i = 0; i < c->n_fields; i++)
		if ((fields >> i & 1) && c->fields[i].type != FIELD_SUBJECT)
			buf_fmt(&columns, "%sf_%.*s", columns.n > 0 ? "," : "", STR_FMT(c->fields[i].name));
	for (i = 0; i < 2 && rc == RC_OK && columns.n > 0; i++) {
		buf_init(&b, 1 << 13);
		buf_fmt(&b, "CREATE INDEX IF NOT EXISTS %s_%.*s_by_%llx ON %s_%.*s(%.*s)%c", tables[i], STR_FMT(c->name),
		    (unsigned long long)fields, tables[i], STR_FMT(c->name), STR_FMT(buf_view(&columns)), 0);
		rc = db_exec(s->db, (const char *)b.p, e);
		buf_done(&b);
	}
	buf_done(&columns);
	return rc;
}

static enum rc collect(struct state *s, struct buf *sql, int64_t a, struct found *out, struct err *e)
{
	struct stmt *st = NULL;
	int64_t *more;
	bool row;
	enum rc rc = buf_ok(sql, "the statement for a join", e);

	if (rc == RC_OK)
		rc = db_prepare(s->db, buf_view(sql), &st, e);
	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, a);
	while ((rc = stmt_step(st, &row, e)) == RC_OK && row) {
		if (out->n == out->room) {
			out->room = out->room == 0 ? 8 : out->room * 2;
			more = ARENA_ARRAY(s->scratch, out->room, int64_t);
			if (out->n > 0)
				memcpy(more, out->p, out->n * sizeof(*more));
			out->p = more;
		}
		out->p[out->n++] = column_i64(st, 0);
	}
	stmt_free(st);
	return rc;
}

static enum rc run_two(struct state *s, struct str sql, int64_t a, int64_t b, struct err *e)
{
	struct stmt *st = NULL;
	enum rc rc = db_prepare(s->db, sql, &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, a);
	stmt_i64(st, 2, b);
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

/* Row ${waiting} becomes a part of the item; its fields of the link are the item's own already. */
static enum rc attach(struct state *s, struct item_table *t, int64_t item, int64_t waiting, int64_t entry, int64_t ingest,
    struct err *e)
{
	const struct collection *c = t->collection;
	struct buf b;
	size_t i;
	enum rc rc;

	if ((rc = run_two(s, arena_fmt(s->scratch, "INSERT OR IGNORE INTO joined_%.*s(item,waiting) VALUES(?1,?2)",
	    STR_FMT(c->name)), item, waiting, e)) != RC_OK || db_changes(s->db) == 0)
		return rc;
	stmt_i64(t->part_from_item, 1, item);
	if ((rc = stmt_run(t->part_from_item, e)) != RC_OK)
		return rc;
	buf_init(&b, 1 << 16);
	buf_fmt(&b, "INSERT INTO part_%.*s(item,entry,rule,ingest,updated_us,supplied,doubt", STR_FMT(c->name));
	for (i = 0; i < c->n_fields; i++)
		buf_fmt(&b, ",f_%.*s", STR_FMT(c->fields[i].name));
	buf_fmt(&b, ") SELECT ?1,w.entry,(SELECT count(*) FROM part_%.*s WHERE item=?1 AND entry=w.entry),w.ingest,w.updated_us,"
	    "w.supplied&~w.link,w.doubt&~w.link", STR_FMT(c->name));
	for (i = 0; i < c->n_fields; i++)
		buf_fmt(&b, ",w.f_%.*s", STR_FMT(c->fields[i].name));
	buf_fmt(&b, " FROM wait_%.*s w WHERE w.id=?2", STR_FMT(c->name));
	rc = run_two(s, arena_str(s->scratch, buf_view(&b)), item, waiting, e);
	buf_done(&b);
	if (rc != RC_OK)
		return rc;
	stmt_i64(t->fold, 1, item);
	stmt_i64(t->fold, 2, entry);
	if (ingest >= 0)
		stmt_i64(t->fold, 3, ingest);
	if ((rc = stmt_run(t->fold, e)) != RC_OK)
		return rc;
	stmt_i64(t->place, 1, item);
	return stmt_run(t->place, e);
}

static enum rc join_item(struct state *s, struct item_table *t, int64_t item, int64_t entry, int64_t ingest, struct err *e)
{
	const struct collection *c = t->collection;
	struct found waiting;
	struct buf b;
	size_t i, k;
	bool again = true;
	enum rc rc;

	while (again) {                         /* what joined may say by what else is joined; each joins once */
		again = false;
		for (i = 0; i < t->n_links; i++) {
			memset(&waiting, 0, sizeof(waiting));
			buf_init(&b, 1 << 14);
			buf_fmt(&b, "SELECT w.id FROM item_%.*s i, wait_%.*s w WHERE i.id=?1 AND w.link=%lld", STR_FMT(c->name),
			    STR_FMT(c->name), (long long)t->links[i]);
			same_sql(&b, c, t->links[i]);
			buf_fmt(&b, " AND NOT EXISTS(SELECT 1 FROM joined_%.*s WHERE item=i.id AND waiting=w.id) ORDER BY w.id",
			    STR_FMT(c->name));
			rc = collect(s, &b, item, &waiting, e);
			buf_done(&b);
			for (k = 0; rc == RC_OK && k < waiting.n; k++)
				rc = attach(s, t, item, waiting.p[k], entry, ingest, e);
			if (rc != RC_OK)
				return rc;
			again = again || waiting.n > 0;
		}
	}
	return RC_OK;
}

enum rc link_item(struct state *s, struct item_table *t, const struct state_entry *en, const struct ingest *in, int64_t item,
    struct err *e)
{
	return join_item(s, t, item, (int64_t)en->index, in != NULL ? in->id : -1, e);
}

enum rc link_waiting(struct state *s, struct item_table *t, const struct state_entry *en, const struct ingest *in,
    uint64_t fields, int64_t waiting, struct err *e)
{
	const struct collection *c = t->collection;
	struct found items = { 0 };
	struct buf b;
	size_t i;
	enum rc rc;

	for (i = 0; i < t->n_links && t->links[i] != fields; i++)
		;
	if (i == t->n_links && i == LINKS_MAX)
		return err_set(e, RC_LIMIT, "\"%.*s\" is joined in more than %d ways", STR_FMT(c->name), LINKS_MAX);
	if (i == t->n_links && (rc = index_for(s, c, fields, e)) != RC_OK)
		return rc;
	remember(s, t, fields);
	buf_init(&b, 1 << 14);
	buf_fmt(&b, "SELECT i.id FROM wait_%.*s w, item_%.*s i WHERE w.id=?1", STR_FMT(c->name), STR_FMT(c->name));
	same_sql(&b, c, fields);
	buf_z(&b, " ORDER BY i.id");
	rc = collect(s, &b, waiting, &items, e);
	buf_done(&b);
	for (i = 0; rc == RC_OK && i < items.n; i++)
		rc = join_item(s, t, items.p[i], (int64_t)en->index, in != NULL ? in->id : -1, e);
	return rc;
}

/* Items of one collection that say a subject of this root in a field by which something waits. */
static enum rc join_of_root(struct state *s, struct item_table *t, int64_t root, int64_t entry, struct err *e)
{
	const struct collection *c = t->collection;
	struct found items;
	struct buf b;
	size_t i, k, f;
	enum rc rc = RC_OK;

	for (i = 0; rc == RC_OK && i < t->n_links; i++) {
		for (f = 0; rc == RC_OK && f < c->n_fields; f++) {
			if (!(t->links[i] >> f & 1) || c->fields[f].type != FIELD_SUBJECT)
				continue;
			memset(&items, 0, sizeof(items));
			buf_init(&b, 1 << 12);
			buf_fmt(&b, "SELECT i.id FROM item_%.*s i WHERE ?1<0 OR i.f_%.*s IN (SELECT id FROM subject WHERE root=?1)"
			    " ORDER BY i.id", STR_FMT(c->name), STR_FMT(c->fields[f].name));
			rc = collect(s, &b, root, &items, e);
			buf_done(&b);
			for (k = 0; rc == RC_OK && k < items.n; k++)
				rc = join_item(s, t, items.p[k], entry, -1, e);
		}
	}
	return rc;
}

enum rc link_subjects(struct state *s, int64_t root, uint64_t entry, struct err *e)
{
	size_t i;
	enum rc rc = RC_OK;

	for (i = 0; rc == RC_OK && i < s->schema.n; i++) {
		struct item_table *t = item_table_of(s, s->schema.collections[i]);

		if (s->schema.collections[i]->n_period == 0)
			continue;
		if ((rc = link_tables(s, s->schema.collections[i], e)) != RC_OK || t->n_links == 0)
			continue;
		if ((rc = ddl_statements(s, t, e)) == RC_OK)
			rc = join_of_root(s, t, root, (int64_t)entry, e);
	}
	return rc;
}

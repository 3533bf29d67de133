/* reread: what becomes of items when records that were taken in before are read by a corrected mapping: the view as it would
 * be beside the view as it is. */
#include "cli/apply.h"

#include "assess/words.h"
#include "model/item.h"

enum { EXAMPLES = 20 };

struct reread {
	struct cli *c;
	struct org *org;
	struct state *s;                /* as it would be; as it is stands in it as "before" */
	struct buf *out;
	size_t examples;
};

static enum rc count(struct reread *r, struct str sql, int64_t *n)
{
	return db_i64(state_db(r->s), arena_z(r->c->a, sql), 0, n, &r->c->err);
}

/* "FROM item_X n JOIN before.item_X o … WHERE they differ" */
static struct str differing(struct reread *r, const struct collection *c)
{
	struct str out;
	struct buf b;
	size_t i;

	buf_init(&b, 1 << 16);
	buf_fmt(&b, " FROM item_%.*s n JOIN before.item_%.*s o ON o.key=n.key WHERE n.supplied IS NOT o.supplied OR n.doubt IS NOT"
	    " o.doubt", STR_FMT(c->name), STR_FMT(c->name));
	for (i = 0; i < c->n_fields; i++)
		buf_fmt(&b, " OR n.f_%.*s IS NOT o.f_%.*s", STR_FMT(c->fields[i].name), STR_FMT(c->fields[i].name));
	out = arena_str(r->c->a, buf_view(&b));
	buf_done(&b);
	return out;
}

static struct str or_none(struct str t)
{
	return t.n > 0 ? str_sub(t, 0, 80) : STR("nothing");
}

/* One item before and after: which fields say something else. */
static enum rc example(struct reread *r, const struct collection *c, struct str key, struct stmt *before, struct stmt *after)
{
	struct arena *a = r->c->a;
	struct str x, y;
	size_t i;
	enum rc rc;

	for (i = 0; i < c->n_fields && r->examples < EXAMPLES; i++) {
		if ((rc = item_text(r->s, a, before, &c->fields[i], &x, &r->c->err)) != RC_OK ||
		    (rc = item_text(r->s, a, after, &c->fields[i], &y, &r->c->err)) != RC_OK)
			return rc;
		if (str_eq(x, y) && item_doubtful(before, &c->fields[i]) == item_doubtful(after, &c->fields[i]))
			continue;
		if (r->c->json) {
			buf_z(r->out, r->examples++ > 0 ? ",{\"after\":" : "{\"after\":");
			json_put_str(r->out, y);
			buf_z(r->out, ",\"before\":");
			json_put_str(r->out, x);
			buf_z(r->out, ",\"field\":");
			json_put_str(r->out, c->fields[i].name);
			buf_fmt(r->out, ",\"key\":%.*s}", STR_FMT(key));
			continue;
		}
		r->examples++;
		buf_fmt(r->out, "    %.*s, %.*s: %.*s, read anew %.*s\n", STR_FMT(key_words(a, c, key)), STR_FMT(c->fields[i].name),
		    STR_FMT(or_none(x)), STR_FMT(or_none(y)));
	}
	return RC_OK;
}

static enum rc row_of(struct reread *r, const struct collection *c, const char *schema, struct str key, struct stmt **st)
{
	struct str sql;
	struct buf b;
	bool row;
	enum rc rc;

	buf_init(&b, 1 << 16);
	buf_z(&b, "SELECT ");
	item_columns(&b, c, "i");
	buf_fmt(&b, " FROM %s.item_%.*s i WHERE i.key=?1", schema, STR_FMT(c->name));
	sql = arena_str(r->c->a, buf_view(&b));
	buf_done(&b);
	if ((rc = db_prepare(state_db(r->s), sql, st, &r->c->err)) != RC_OK)
		return rc;
	stmt_text(*st, 1, key);
	return stmt_step(*st, &row, &r->c->err);
}

static enum rc examples(struct reread *r, const struct collection *c, struct str differ)
{
	struct stmt *st = NULL, *before = NULL, *after = NULL;
	bool row;
	enum rc rc = db_prepare(state_db(r->s), arena_fmt(r->c->a, "SELECT n.key%.*s ORDER BY n.key LIMIT %d", STR_FMT(differ),
	    (int)EXAMPLES), &st, &r->c->err);

	while (rc == RC_OK && (rc = stmt_step(st, &row, &r->c->err)) == RC_OK && row && r->examples < EXAMPLES) {
		struct str key = arena_str(r->c->a, column_text(st, 0));

		if ((rc = row_of(r, c, "before", key, &before)) == RC_OK && (rc = row_of(r, c, "main", key, &after)) == RC_OK)
			rc = example(r, c, key, before, after);
		stmt_free(before);
		stmt_free(after);
		before = after = NULL;
	}
	stmt_free(st);
	return rc;
}

static enum rc one(struct reread *r, const struct collection *c)
{
	struct arena *a = r->c->a;
	struct str name = c->name, differ = differing(r, c);
	int64_t changed, new, gone;
	enum rc rc;

	if ((rc = count(r, arena_fmt(a, "SELECT count(*)%.*s", STR_FMT(differ)), &changed)) != RC_OK ||
	    (rc = count(r, arena_fmt(a, "SELECT count(*) FROM item_%.*s WHERE key NOT IN (SELECT key FROM before.item_%.*s)",
	    STR_FMT(name), STR_FMT(name)), &new)) != RC_OK ||
	    (rc = count(r, arena_fmt(a, "SELECT count(*) FROM before.item_%.*s WHERE key NOT IN (SELECT key FROM main.item_%.*s)",
	    STR_FMT(name), STR_FMT(name)), &gone)) != RC_OK)
		return rc;
	if (changed + new + gone == 0)
		return RC_OK;
	r->examples = 0;
	if (!r->c->json) {
		buf_fmt(r->out, "  records read anew, %.*s: %lld items say something else, %lld are new, %lld are gone\n", STR_FMT(name),
		    (long long)changed, (long long)new, (long long)gone);
		return examples(r, c, differ);
	}
	buf_fmt(r->out, "%s{\"changed\":%lld,\"collection\":\"%.*s\",\"examples\":[", r->out->n > 0 ? "," : "", (long long)changed,
	    STR_FMT(name));
	rc = examples(r, c, differ);
	buf_fmt(r->out, "],\"gone\":%lld,\"new\":%lld}", (long long)gone, (long long)new);
	return rc;
}

enum rc apply_preview(struct cli *c, struct org *org, struct buf *out)
{
	struct reread r = { .c = c, .org = org, .out = out };
	const struct schema *schema;
	int64_t unread = 0, before = 0;
	size_t i;
	enum rc rc;

	if ((rc = org_preview(org, &r.s, &c->err)) != RC_OK)
		return rc;
	if ((rc = count(&r, STR("SELECT count(*) FROM main.unread"), &unread)) == RC_OK)
		rc = count(&r, STR("SELECT count(*) FROM before.unread"), &before);
	if (rc == RC_OK && unread > before)
		rc = err_set(&c->err, RC_USAGE, "of the records that were taken in before the mapping can make nothing of %lld; a mapping "
		    "that corrects reads them all", (long long)(unread - before));
	if (rc == RC_OK && state_strangers(r.s) > 0)
		rc = err_set(&c->err, RC_USAGE, "in records that were taken in before the mapping finds people whom it did not find then "
		    "(%llu times), and their identities were not kept: withdraw these ingests, apply the mapping without --rederive and "
		    "take the files in again", (unsigned long long)state_strangers(r.s));
	schema = state_schema(r.s);
	for (i = 0; i < schema->n && rc == RC_OK; i++)
		if (!schema->collections[i]->is_derived)
			rc = one(&r, schema->collections[i]);
	if (rc == RC_OK && out->n == 0 && !c->json)
		buf_z(out, "  records read anew: every item says what it said\n");
	org_preview_done(org, r.s);
	return rc;
}

/* definition: what an organization has defined: populations make tables, a zone makes days, all else is kept for the
 * layers above.  A definition is never altered: the newest of its kind and id is current. */
#include "model/state_priv.h"

#include <string.h>

#include "seal/hash.h"

enum { FIRST_DAY = -7305, LAST_DAY = 47481 };           /* 1950-01-01 and 2099-12-31 */

static struct item_table *table_at(struct state *s, size_t i)
{
	return &s->tables[i];
}

/* Of any state: what was compiled against one schema is never taken for another's. */
uint64_t schema_number_next(void)
{
	static _Atomic uint64_t last;

	return ++last;
}

/* Keep ${c} in the schema, in the place of one with its name. */
static void schema_put(struct state *s, struct collection *c)
{
	size_t i = 0;

	while (i < s->schema.n && str_cmp(s->schema.collections[i]->name, c->name) < 0)
		i++;
	s->schema_number = schema_number_next();
	if (i < s->schema.n && str_eq(s->schema.collections[i]->name, c->name)) {
		item_table_done(table_at(s, i));
		s->schema.collections[i] = c;
		table_at(s, i)->collection = c;
		return;
	}
	if (s->schema.n == s->room) {
		s->room = s->room == 0 ? 64 : s->room * 2;
		s->schema.collections = mem_resize(s->schema.collections, s->room * sizeof(*s->schema.collections));
		s->tables = mem_resize(s->tables, s->room * sizeof(*s->tables));
	}
	memmove(&s->schema.collections[i + 1], &s->schema.collections[i], (s->schema.n - i) * sizeof(*s->schema.collections));
	memmove(&s->tables[i + 1], &s->tables[i], (s->schema.n - i) * sizeof(*s->tables));
	s->schema.collections[i] = c;
	memset(&s->tables[i], 0, sizeof(s->tables[i]));
	s->tables[i].collection = c;
	s->schema.n++;
}

struct item_table *item_table_of(struct state *s, const struct collection *c)
{
	size_t low = 0, high = s->schema.n, mid;
	int order;

	while (low < high) {
		mid = (low + high) / 2;
		order = str_cmp(s->schema.collections[mid]->name, c->name);
		if (order == 0)
			return &s->tables[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static bool same_indices(const size_t *a, size_t na, const size_t *b, size_t nb)
{
	return na == nb && (na == 0 || memcmp(a, b, na * sizeof(*a)) == 0);
}

/* Whether ${c} is ${old} with nothing but fields added behind. */
static bool only_adds(const struct collection *old, const struct collection *c)
{
	size_t i;

	if (c->n_fields < old->n_fields || !same_indices(old->key, old->n_key, c->key, c->n_key) ||
	    !same_indices(old->period, old->n_period, c->period, c->n_period))
		return false;
	for (i = 0; i < old->n_fields; i++)
		if (!str_eq(old->fields[i].name, c->fields[i].name) || old->fields[i].type != c->fields[i].type)
			return false;
	return true;
}

static bool same_precedence(const struct collection *a, const struct collection *b)
{
	size_t i;

	for (i = 0; a->n_precedence == b->n_precedence && i < a->n_precedence; i++)
		if (!str_eq(a->precedence[i], b->precedence[i]))
			return false;
	return a->n_precedence == b->n_precedence;
}

static enum rc is_empty(struct state *s, const struct collection *c, bool *empty, struct err *e)
{
	struct str sql = arena_fmt(s->scratch, "SELECT count(*) FROM (SELECT 1 FROM item_%.*s LIMIT 1)", STR_FMT(c->name));
	int64_t n;
	enum rc rc = db_i64(s->db, arena_z(s->scratch, sql), 0, &n, e);

	*empty = n == 0;
	return rc;
}

static enum rc drop(struct state *s, const struct collection *c, struct err *e)
{
	struct str sql = c->n_period > 0 ?
	    arena_fmt(s->scratch, "DROP TABLE item_%.*s; DROP TABLE part_%.*s; DROP TABLE wait_%.*s; DROP TABLE joined_%.*s;",
	    STR_FMT(c->name), STR_FMT(c->name), STR_FMT(c->name), STR_FMT(c->name)) :
	    arena_fmt(s->scratch, "DROP TABLE item_%.*s; DROP TABLE version_%.*s;", STR_FMT(c->name), STR_FMT(c->name));

	item_table_done(item_table_of(s, c));
	return db_exec(s->db, arena_z(s->scratch, sql), e);
}

/* The collection borrows from its definition, so that is kept for as long as the state lives. */
static enum rc apply_population(struct state *s, struct str id, struct str entry, struct err *e)
{
	const struct value *kept, *body;
	const struct collection *old;
	struct collection *c;
	bool empty, refold;
	enum rc rc;

	if ((rc = json_parse(s->forever, arena_str(s->forever, entry), &kept, e)) != RC_OK)
		return rc;
	body = value_get(kept, "body");
	if ((rc = collection_load(s->forever, "population", body, &c, e)) != RC_OK)
		return rc;
	if (!str_eq(c->name, id))
		return err_set(e, RC_INVALID, "the population \"%.*s\" is defined under the id \"%.*s\"", STR_FMT(c->name),
		    STR_FMT(id));
	old = schema_find(&s->schema, c->name);
	if (old == NULL) {
		rc = ddl_collection(s, c, e);
	} else if (only_adds(old, c)) {
		item_table_done(item_table_of(s, old));
		rc = ddl_extend(s, old, c, e);
	} else {
		if ((rc = is_empty(s, old, &empty, e)) != RC_OK)
			return rc;
		if (!empty)
			return err_set(e, RC_CONFLICT, "the population \"%.*s\" has items: fields can be added behind the others, "
			    "but none changed or removed", STR_FMT(c->name));
		if ((rc = drop(s, old, e)) == RC_OK)
			rc = ddl_collection(s, c, e);
	}
	if (rc != RC_OK)
		return rc;
	refold = old != NULL && c->n_period > 0 && !same_precedence(old, c);
	schema_put(s, c);
	return refold ? item_fold_all(s, item_table_of(s, c), e) : RC_OK;
}

/* When the zone changes, days do, and with them the day of each item. */
static enum rc replace_items(struct state *s, struct err *e)
{
	size_t i;
	enum rc rc;

	for (i = 0; i < s->schema.n; i++)
		if (s->schema.collections[i]->n_period > 0 && (rc = item_place_all(s, s->schema.collections[i], e)) != RC_OK)
			return rc;
	return RC_OK;
}

enum rc definition_fill_days(struct state *s, struct err *e)
{
	const struct zone *z = state_zone(s);
	struct stmt *st = NULL;
	int64_t d, start;
	enum rc rc;

	if ((rc = db_exec(s->db, "DELETE FROM day", e)) != RC_OK ||
	    (rc = db_prepare(s->db, STR("INSERT INTO day(day,start_us,end_us) VALUES(?1,?2,?3)"), &st, e)) != RC_OK)
		return rc;
	start = zone_day_start_us(z, FIRST_DAY);
	for (d = FIRST_DAY; d <= LAST_DAY && rc == RC_OK; d++) {
		int64_t end = zone_day_start_us(z, d + 1);

		stmt_i64(st, 1, d);
		stmt_i64(st, 2, start);
		stmt_i64(st, 3, end);
		rc = stmt_run(st, e);
		start = end;
	}
	stmt_free(st);
	return rc;
}

static enum rc apply_zone(struct state *s, const struct value *body, struct err *e)
{
	struct zone *z;
	enum rc rc;

	if ((rc = zone_from_value(s->forever, body, &z, e)) != RC_OK)
		return rc;
	s->zone = z;
	if ((rc = definition_fill_days(s, e)) != RC_OK)
		return rc;
	return replace_items(s, e);
}

static enum rc keep(struct state *s, const struct state_entry *en, struct str kind, struct str id, struct err *e)
{
	static const char sql_old[] = "UPDATE definition SET current=0 WHERE kind=?1 AND id=?2 AND current=1";
	static const char sql_new[] = "INSERT INTO definition(entry,kind,id,digest,body,current) VALUES(?1,?2,?3,?4,?5,1)";
	struct stmt *st = NULL;
	uint8_t digest[32];
	enum rc rc;

	if ((rc = db_prepare(s->db, str_z(sql_old), &st, e)) != RC_OK)
		return rc;
	stmt_text(st, 1, kind);
	stmt_text(st, 2, id);
	rc = stmt_run(st, e);
	stmt_free(st);
	st = NULL;
	if (rc != RC_OK || (rc = db_prepare(s->db, str_z(sql_new), &st, e)) != RC_OK)
		return rc;
	sha256(en->body.p, en->body.n, digest);
	stmt_i64(st, 1, (int64_t)en->index);
	stmt_text(st, 2, kind);
	stmt_text(st, 3, id);
	stmt_blob(st, 4, digest, sizeof(digest));
	stmt_text(st, 5, en->body);
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

enum rc definition_apply(struct state *s, const struct state_entry *en, const struct value *v, struct err *e)
{
	struct str kind = value_text(v, "kind"), id = value_text(v, "id");
	const struct value *body = value_get(v, "body");
	enum rc rc = RC_OK;

	if (kind.n == 0 || id.n == 0 || body == NULL)
		return err_set(e, RC_INVALID, "a definition without kind, id or body");
	if (str_is(kind, "population"))
		rc = apply_population(s, id, en->body, e);
	else if (str_is(kind, "zone"))
		rc = apply_zone(s, body, e);
	else if (str_is(kind, "identity_rule"))
		rc = identity_rule_check(s, body, e);
	if (rc != RC_OK || (rc = keep(s, en, kind, id, e)) != RC_OK || !str_is(kind, "identity_rule"))
		return rc;
	return identity_rule_apply(s, body, en->index, e);
}

enum rc definition_reload(struct state *s, struct err *e)
{
	const struct value **bodies;
	struct collection *c;
	size_t n, i;
	enum rc rc;

	if ((rc = state_definitions(s, s->forever, "population", &bodies, &n, e)) != RC_OK)
		return rc;
	for (i = 0; i < n; i++) {
		if ((rc = collection_load(s->forever, "population", bodies[i], &c, e)) != RC_OK)
			return rc;
		schema_put(s, c);
	}
	if ((rc = state_definitions(s, s->forever, "zone", &bodies, &n, e)) != RC_OK)
		return rc;
	return n == 0 ? RC_OK : zone_from_value(s->forever, bodies[n - 1], &s->zone, e);
}

enum rc state_definition(struct state *s, struct arena *a, const char *kind, struct str id, struct str *body,
    uint8_t digest[32], struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	rc = db_prepare(s->db, STR("SELECT body, digest FROM definition WHERE kind=?1 AND id=?2 AND current=1"), &st, e);
	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, str_z(kind));
	stmt_text(st, 2, id);
	if ((rc = stmt_step(st, &row, e)) != RC_OK)
		goto out;
	if (!row) {
		rc = err_set(e, RC_NOT_FOUND, "no %s \"%.*s\" is defined", kind, STR_FMT(id));
		goto out;
	}
	*body = arena_str(a, column_text(st, 0));
	if (digest != NULL && column_blob(st, 1).n == 32)
		memcpy(digest, column_blob(st, 1).p, 32);
out:
	stmt_free(st);
	return rc;
}

enum rc definition_of_ingest(struct state *s, const struct ingest *in, struct str *body, struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	if (in->definition->n > 0) {
		*body = *in->definition;
		return RC_OK;
	}
	if ((rc = db_prepare(s->db, STR("SELECT body FROM definition WHERE digest=?1 ORDER BY entry LIMIT 1"), &st, e)) != RC_OK)
		return rc;
	stmt_blob(st, 1, in->mapping, sizeof(in->mapping));
	if ((rc = stmt_step(st, &row, e)) == RC_OK && !row)
		rc = err_set(e, RC_INVALID, "the ingest names a mapping that no entry before it defined");
	if (rc == RC_OK)
		*body = *in->definition = arena_str(s->forever, column_text(st, 0));
	stmt_free(st);
	return rc;
}

enum rc state_definitions(struct state *s, struct arena *a, const char *kind, const struct value ***out, size_t *n,
    struct err *e)
{
	const struct value **list = NULL, **more;
	struct stmt *st = NULL;
	size_t used = 0, room = 0;
	const struct value *v;
	bool row;
	enum rc rc;

	rc = db_prepare(s->db, STR("SELECT body FROM definition WHERE kind=?1 AND current=1 ORDER BY id"), &st, e);
	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, str_z(kind));
	while ((rc = stmt_step(st, &row, e)) == RC_OK && row) {
		if ((rc = json_parse(a, arena_str(a, column_text(st, 0)), &v, e)) != RC_OK)
			break;
		if (used == room) {
			room = room == 0 ? 64 : room * 2;
			more = ARENA_ARRAY(a, room, const struct value *);
			if (used > 0)
				memcpy(more, list, used * sizeof(*list));
			list = more;
		}
		list[used++] = value_get(v, "body");
	}
	stmt_free(st);
	if (rc == RC_OK) {
		*out = list;
		*n = used;
	}
	return rc;
}

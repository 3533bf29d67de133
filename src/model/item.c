/* item: a contribution becomes part of an item: found by its natural key, folded with what other records said of it,
 * and, for a listing of state, kept as a version with the extractions that show it. */
#include "model/state_priv.h"

#include <string.h>

enum { FIRST_DAY = -7305, LAST_DAY = 47481 };           /* the table "day": 1950-01-01 to 2099-12-31 */
enum { LIST_MAX = 65536 };                              /* members of a list field */

/* One contribution, resolved: what goes into the columns. */
struct row {
	const struct collection *c;
	struct str key;
	uint64_t supplied, doubt;
	const struct field_value *v;
	int64_t *ids;                   /* of subject fields */
	struct str *text;               /* of text columns */
	bool *is_null;
};

/* The subject of a value, with its reference; 0: no entry introduced it. */
static int64_t subject_of(struct state *s, const struct field_value *v, uint8_t ref[16])
{
	if (v->ref == NULL)
		return subject_find(s, v->kind, v->s, ref);
	memcpy(ref, v->ref, 16);
	return subject_by_ref(s, ref);
}

static void put_scalar(struct state *s, struct buf *b, enum field_type type, const struct field_value *v, bool key)
{
	uint8_t ref[16];
	int64_t id;

	switch (type) {
	case FIELD_BOOL:
		buf_z(b, v->i != 0 ? "true" : "false");
		break;
	case FIELD_INT:
	case FIELD_DECIMAL:
	case FIELD_DATE:
	case FIELD_TIMESTAMP:
		buf_fmt(b, "%lld", (long long)v->i);
		break;
	case FIELD_SUBJECT:
		id = subject_of(s, v, ref);
		if (id == 0) {
			buf_z(b, key ? "\"\"" : "null");
		} else if (key) {
			buf_c(b, '"');
			buf_hex(b, ref, sizeof(ref));
			buf_c(b, '"');
		} else {
			buf_fmt(b, "%lld", (long long)id);
		}
		break;
	default:
		json_put_str(b, v->s);
	}
}

static struct str put_list(struct state *s, const struct field *f, const struct field_value *v)
{
	struct buf b;
	struct str out;
	size_t i;

	buf_init(&b, LIMIT_RECORD);
	buf_c(&b, '[');
	for (i = 0; i < v->n && i < LIST_MAX; i++) {
		if (i > 0)
			buf_c(&b, ',');
		if (v->items[i].is_null)
			buf_z(&b, "null");
		else
			put_scalar(s, &b, f->item_type, &v->items[i], false);
	}
	buf_c(&b, ']');
	out = arena_str(s->scratch, buf_view(&b));
	buf_done(&b);
	return out;
}

/* The reference of a subject in hex, for a string field that is to hold it. */
static bool ref_text(struct state *s, const struct field_value *v, struct str *out)
{
	uint8_t ref[16];

	if (subject_of(s, v, ref) == 0)
		return false;
	*out = hex_str(s->scratch, ref, sizeof(ref));
	return true;
}

static void resolve_field(struct state *s, const struct field *f, struct row *r)
{
	const struct field_value *v = &r->v[f->index];
	uint64_t bit = (uint64_t)1 << f->index;
	bool found = true;
	uint8_t ref[16];

	r->is_null[f->index] = true;
	if (!v->supplied)
		return;
	r->supplied |= bit;
	if (v->doubt)
		r->doubt |= bit;
	if (v->is_null)
		return;
	switch (f->type) {
	case FIELD_SUBJECT:
		r->ids[f->index] = subject_of(s, v, ref);
		found = r->ids[f->index] != 0;
		break;
	case FIELD_LIST:
		r->text[f->index] = put_list(s, f, v);
		break;
	case FIELD_STRING:
		r->text[f->index] = v->s;
		if (v->kind.n > 0)
			found = ref_text(s, v, &r->text[f->index]);
		break;
	default:
		r->text[f->index] = v->s;
	}
	r->is_null[f->index] = !found;
	if (!found) {
		r->doubt |= bit;                /* an identity that no entry introduced */
		s->strangers++;
	}
}

static struct str natural_key(struct state *s, const struct row *r)
{
	const struct collection *c = r->c;
	struct buf b;
	struct str out;
	size_t i;

	buf_init(&b, 1 << 20);
	buf_c(&b, '[');
	for (i = 0; i < c->n_key; i++) {
		const struct field *f = &c->fields[c->key[i]];

		if (i > 0)
			buf_c(&b, ',');
		if (r->is_null[f->index])
			buf_z(&b, "\"\"");
		else if (f->type == FIELD_STRING)
			json_put_str(&b, r->text[f->index]);
		else
			put_scalar(s, &b, f->type, &r->v[f->index], true);
	}
	buf_c(&b, ']');
	out = arena_str(s->scratch, buf_view(&b));
	buf_done(&b);
	return out;
}

static void resolve(struct state *s, const struct contribution *con, struct row *r)
{
	const struct collection *c = con->collection;
	size_t i;

	memset(r, 0, sizeof(*r));
	r->c = c;
	r->v = con->fields;
	r->ids = ARENA_ARRAY(s->scratch, c->n_fields, int64_t);
	r->text = ARENA_ARRAY(s->scratch, c->n_fields, struct str);
	r->is_null = ARENA_ARRAY(s->scratch, c->n_fields, bool);
	for (i = 0; i < c->n_fields; i++)
		resolve_field(s, &c->fields[i], r);
	r->key = natural_key(s, r);
}

static void bind_fields(struct stmt *st, int from, const struct row *r)
{
	size_t i;

	for (i = 0; i < r->c->n_fields; i++) {
		const struct field *f = &r->c->fields[i];
		int at = from + (int)i;

		if (r->is_null[i]) {
			stmt_null(st, at);
			continue;
		}
		switch (f->type) {
		case FIELD_SUBJECT:
			stmt_i64(st, at, r->ids[i]);
			break;
		case FIELD_INT:
		case FIELD_DECIMAL:
		case FIELD_BOOL:
		case FIELD_DATE:
		case FIELD_TIMESTAMP:
			stmt_i64(st, at, r->v[i].i);
			break;
		default:
			stmt_text(st, at, r->text[i].p != NULL ? r->text[i] : STR(""));
		}
	}
}

/* The instant and local day of an event: its first period field that is not null.  The same as the statement "place". */
static bool when(struct state *s, const struct row *r, int64_t *at, int64_t *day)
{
	const struct collection *c = r->c;
	size_t i;

	for (i = 0; i < c->n_period; i++) {
		const struct field *f = &c->fields[c->period[i]];
		int64_t v = r->v[f->index].i;

		if (r->is_null[f->index])
			continue;
		if (f->type == FIELD_DATE) {
			if (v < FIRST_DAY || v > LAST_DAY)
				continue;
			*at = zone_day_start_us(state_zone(s), v);
			*day = v;
		} else {
			*at = v;
			*day = zone_date(state_zone(s), v);
		}
		return true;
	}
	return false;
}

static void bind_ingest(struct stmt *st, int at, const struct ingest *in)
{
	if (in != NULL)
		stmt_i64(st, at, in->id);
}

static enum rc find(struct state *s, struct item_table *t, struct str key, int64_t *id, struct err *e)
{
	bool row;
	enum rc rc;

	(void)s;
	stmt_text(t->find, 1, key);
	if ((rc = stmt_step(t->find, &row, e)) == RC_OK)
		*id = row ? column_i64(t->find, 0) : 0;
	stmt_reset(t->find);
	return rc;
}

/* The item is there already: what was its one contribution and what comes now are both parts, folded anew. */
static enum rc add_part(struct state *s, struct item_table *t, const struct state_entry *en, const struct ingest *in,
    const struct contribution *con, const struct row *r, struct err *e)
{
	int64_t id;
	enum rc rc;

	if ((rc = find(s, t, r->key, &id, e)) != RC_OK)
		return rc;
	stmt_i64(t->part_from_item, 1, id);
	if ((rc = stmt_run(t->part_from_item, e)) != RC_OK)
		return rc;
	stmt_i64(t->part_insert, 1, id);
	stmt_i64(t->part_insert, 2, (int64_t)en->index);
	bind_ingest(t->part_insert, 3, in);
	if (con->has_updated)
		stmt_i64(t->part_insert, 4, con->updated_us);
	stmt_i64(t->part_insert, 5, (int64_t)r->supplied);
	stmt_i64(t->part_insert, 6, (int64_t)r->doubt);
	bind_fields(t->part_insert, 7, r);
	if ((rc = stmt_run(t->part_insert, e)) != RC_OK)
		return rc;
	stmt_i64(t->fold, 1, id);
	stmt_i64(t->fold, 2, (int64_t)en->index);
	bind_ingest(t->fold, 3, in);
	if ((rc = stmt_run(t->fold, e)) != RC_OK)
		return rc;
	stmt_i64(t->place, 1, id);
	return stmt_run(t->place, e);
}

static enum rc event(struct state *s, struct item_table *t, const struct state_entry *en, const struct ingest *in,
    const struct contribution *con, const struct row *r, struct err *e)
{
	int n = (int)r->c->n_fields;
	int64_t at, day, id;
	enum rc rc;

	stmt_text(t->insert, 1, r->key);
	stmt_i64(t->insert, 2, (int64_t)r->supplied);
	stmt_i64(t->insert, 3, (int64_t)r->doubt);
	stmt_i64(t->insert, 4, (int64_t)en->index);
	bind_ingest(t->insert, 5, in);
	if (con->has_updated)
		stmt_i64(t->insert, 6, con->updated_us);
	bind_fields(t->insert, 7, r);
	if (when(s, r, &at, &day)) {
		stmt_i64(t->insert, 7 + n, at);
		if (day >= FIRST_DAY && day <= LAST_DAY)
			stmt_i64(t->insert, 8 + n, day);
	}
	if ((rc = stmt_run(t->insert, e)) != RC_OK)
		return rc;
	if (db_changes(s->db) == 0 && (rc = add_part(s, t, en, in, con, r, e)) != RC_OK)
		return rc;
	if (t->n_links == 0)
		return RC_OK;
	if ((rc = find(s, t, r->key, &id, e)) != RC_OK)
		return rc;
	return link_item(s, t, en, in, id, e);
}

/* It makes no item: it waits, and adds to the items that say the same in the fields that it joins by. */
static enum rc wait(struct state *s, struct item_table *t, const struct state_entry *en, const struct ingest *in,
    const struct contribution *con, const struct row *r, struct err *e)
{
	uint64_t fields = 0;
	int64_t id = 0;
	bool row;
	size_t i;
	enum rc rc;

	for (i = 0; i < con->n_link; i++) {
		if (r->is_null[con->link[i]])
			return RC_OK;           /* what it would join by is not told */
		fields |= (uint64_t)1 << con->link[i];
	}
	stmt_i64(t->wait_insert, 1, (int64_t)fields);
	stmt_i64(t->wait_insert, 2, (int64_t)en->index);
	bind_ingest(t->wait_insert, 3, in);
	if (con->has_updated)
		stmt_i64(t->wait_insert, 4, con->updated_us);
	stmt_i64(t->wait_insert, 5, (int64_t)r->supplied);
	stmt_i64(t->wait_insert, 6, (int64_t)r->doubt);
	bind_fields(t->wait_insert, 7, r);
	if ((rc = stmt_step(t->wait_insert, &row, e)) == RC_OK && row)
		id = column_i64(t->wait_insert, 0);
	stmt_reset(t->wait_insert);
	return rc == RC_OK ? link_waiting(s, t, en, in, fields, id, e) : rc;
}

/* The extraction of this stream just before ${at_us}; false when there is none. */
static enum rc extraction_before(struct state *s, int64_t stream, struct str collection, int64_t at_us, int64_t *before,
    struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	*before = INT64_MIN;
	rc = db_prepare(s->db, STR("SELECT max(at) FROM extraction WHERE stream=?1 AND collection=?2 AND at<?3"), &st, e);
	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, stream);
	stmt_text(st, 2, collection);
	stmt_i64(st, 3, at_us);
	if ((rc = stmt_step(st, &row, e)) == RC_OK && row && !column_is_null(st, 0))
		*before = column_i64(st, 0);
	stmt_free(st);
	return rc;
}

static enum rc version_merge(struct item_table *t, int64_t version, const struct state_entry *en, const struct row *r,
    struct err *e)
{
	stmt_i64(t->version_merge, 1, version);
	stmt_i64(t->version_merge, 4, (int64_t)en->index);
	stmt_i64(t->version_merge, 5, (int64_t)r->supplied);
	stmt_i64(t->version_merge, 6, (int64_t)r->doubt);
	bind_fields(t->version_merge, 7, r);
	return stmt_run(t->version_merge, e);
}

/* A copy of the version with another span; ${first} may be SQL. */
static void copy_sql(struct buf *b, const struct collection *c, const char *first, const char *last, int64_t version)
{
	size_t i;

	buf_fmt(b, "INSERT INTO version_%.*s(item,stream,first_at,last_at,supplied,doubt,entry,ingest", STR_FMT(c->name));
	for (i = 0; i < c->n_fields; i++)
		buf_fmt(b, ",f_%.*s", STR_FMT(c->fields[i].name));
	buf_fmt(b, ") SELECT item,stream,%s,%s,supplied,doubt,entry,ingest", first, last);
	for (i = 0; i < c->n_fields; i++)
		buf_fmt(b, ",f_%.*s", STR_FMT(c->fields[i].name));
	buf_fmt(b, " FROM version_%.*s WHERE id=%lld", STR_FMT(c->name), (long long)version);
}

/* Another record of the same extraction speaks of the item: the version becomes one of this extraction alone, and what
 * the extractions before and after it showed stays as it was. */
static enum rc same_extraction(struct state *s, struct item_table *t, const struct state_entry *en, int64_t item,
    int64_t stream, int64_t at_us, int64_t version, int64_t first, const struct row *r, struct err *e)
{
	struct arena *a = s->scratch;
	struct str name = r->c->name, at = arena_fmt(a, "%lld", (long long)at_us), next;
	struct buf b;
	int64_t before = first;
	enum rc rc;

	if (first != at_us && (rc = extraction_before(s, stream, name, at_us, &before, e)) != RC_OK)
		return rc;
	next = arena_fmt(a, "(SELECT min(at) FROM extraction WHERE stream=%lld AND collection='%.*s' AND at>%lld)",
	    (long long)stream, STR_FMT(name), (long long)at_us);
	buf_init(&b, 1 << 18);
	copy_sql(&b, r->c, arena_z(a, next), "last_at", version);
	buf_fmt(&b, " AND last_at>%lld;", (long long)at_us);
	if (first != at_us) {
		copy_sql(&b, r->c, arena_z(a, at), arena_z(a, at), version);
		buf_c(&b, ';');
	}
	buf_fmt(&b, "UPDATE version_%.*s SET last_at=%lld WHERE id=%lld;", STR_FMT(name), (long long)(first != at_us ? before :
	    at_us), (long long)version);
	rc = db_exec(s->db, arena_z(a, buf_view(&b)), e);
	buf_done(&b);
	if (rc != RC_OK || first == at_us)
		return rc != RC_OK ? rc : version_merge(t, version, en, r, e);
	if ((rc = db_i64(s->db, arena_z(a, arena_fmt(a, "SELECT id FROM version_%.*s WHERE item=%lld AND stream=%lld AND"
	    " first_at=%lld", STR_FMT(name), (long long)item, (long long)stream, (long long)at_us)), 0, &version, e)) != RC_OK)
		return rc;
	return version_merge(t, version, en, r, e);
}

/* Whether what this contribution supplies is what the version holds already. */
static enum rc holds_already(struct state *s, struct item_table *t, int64_t version, const struct row *r, bool *same,
    struct err *e)
{
	struct arena *a = s->scratch;
	struct buf b;
	struct stmt *st = NULL;
	size_t i;
	bool row;
	enum rc rc;

	(void)t;
	buf_init(&b, 1 << 16);
	buf_fmt(&b, "SELECT 1 FROM version_%.*s WHERE id=?1 AND supplied&?5=?5 AND doubt&?5=?6", STR_FMT(r->c->name));
	for (i = 0; i < r->c->n_fields; i++)
		if (r->supplied >> i & 1)
			buf_fmt(&b, " AND f_%.*s IS ?%d", STR_FMT(r->c->fields[i].name), 7 + (int)i);
	rc = db_prepare(s->db, arena_str(a, buf_view(&b)), &st, e);
	buf_done(&b);
	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, version);
	stmt_i64(st, 5, (int64_t)r->supplied);
	stmt_i64(st, 6, (int64_t)r->doubt);
	for (i = 0; i < r->c->n_fields; i++) {
		if (!(r->supplied >> i & 1))
			continue;
		if (r->is_null[i])
			stmt_null(st, 7 + (int)i);
		else if (r->c->fields[i].type == FIELD_SUBJECT)
			stmt_i64(st, 7 + (int)i, r->ids[i]);
		else if (r->text[i].p != NULL)
			stmt_text(st, 7 + (int)i, r->text[i]);
		else
			stmt_i64(st, 7 + (int)i, r->v[i].i);
	}
	rc = stmt_step(st, &row, e);
	*same = rc == RC_OK && row;
	stmt_free(st);
	return rc;
}

static enum rc version(struct state *s, struct item_table *t, const struct state_entry *en, const struct ingest *in,
    int64_t item, int64_t stream, int64_t at_us, const struct row *r, struct err *e)
{
	int64_t id, first, before;
	bool row, same;
	enum rc rc;

	stmt_i64(t->version_at, 1, item);
	stmt_i64(t->version_at, 2, stream);
	stmt_i64(t->version_at, 3, at_us);
	if ((rc = stmt_step(t->version_at, &row, e)) != RC_OK)
		return rc;
	if (row) {
		id = column_i64(t->version_at, 0);
		first = column_i64(t->version_at, 1);
		stmt_reset(t->version_at);
		if ((rc = holds_already(s, t, id, r, &same, e)) != RC_OK || same)
			return rc;
		return same_extraction(s, t, en, item, stream, at_us, id, first, r, e);
	}
	if ((rc = extraction_before(s, stream, r->c->name, at_us, &before, e)) != RC_OK)
		return rc;
	if (before != INT64_MIN) {
		stmt_i64(t->version_extend, 1, item);
		stmt_i64(t->version_extend, 2, stream);
		stmt_i64(t->version_extend, 3, at_us);
		stmt_i64(t->version_extend, 4, before);
		stmt_i64(t->version_extend, 5, (int64_t)r->supplied);
		stmt_i64(t->version_extend, 6, (int64_t)r->doubt);
		bind_fields(t->version_extend, 7, r);
		if ((rc = stmt_run(t->version_extend, e)) != RC_OK || db_changes(s->db) > 0)
			return rc;
	}
	stmt_i64(t->version_insert, 1, item);
	stmt_i64(t->version_insert, 2, stream);
	stmt_i64(t->version_insert, 3, at_us);
	stmt_i64(t->version_insert, 4, (int64_t)en->index);
	stmt_i64(t->version_insert, 5, (int64_t)r->supplied);
	stmt_i64(t->version_insert, 6, (int64_t)r->doubt);
	bind_fields(t->version_insert, 7, r);
	bind_ingest(t->version_insert, 7 + (int)r->c->n_fields, in);
	return stmt_run(t->version_insert, e);
}

static enum rc snapshot(struct state *s, struct item_table *t, const struct state_entry *en, const struct ingest *in,
    int64_t at_us, const struct row *r, struct err *e)
{
	int64_t stream, item;
	bool row;
	enum rc rc;

	rc = in != NULL ? stream_id(s, in->source, in->instance, &stream, e) : stream_id(s, STR("tickmark"), STR(""), &stream, e);
	if (rc != RC_OK || (rc = extraction_add(s, stream, r->c, at_us, in != NULL ? in->id : -1, e)) != RC_OK)
		return rc;
	stmt_text(t->item_state, 1, r->key);
	bind_ingest(t->item_state, 2, in);
	stmt_i64(t->item_state, 3, at_us);
	stmt_i64(t->item_state, 4, (int64_t)en->index);
	stmt_i64(t->item_state, 5, (int64_t)r->supplied);
	stmt_i64(t->item_state, 6, (int64_t)r->doubt);
	bind_fields(t->item_state, 7, r);
	if ((rc = stmt_step(t->item_state, &row, e)) != RC_OK)
		return rc;
	item = row ? column_i64(t->item_state, 0) : 0;
	stmt_reset(t->item_state);
	return version(s, t, en, in, item, stream, at_us, r, e);
}

/* Whoever is the person_id of an item in `person` is resolved to a person. */
static enum rc note_person(struct state *s, const struct row *r, struct err *e)
{
	const struct field *f;

	if (!str_is(r->c->name, "person") || (f = collection_field(r->c, STR("person_id"))) == NULL ||
	    f->type != FIELD_SUBJECT || r->is_null[f->index])
		return RC_OK;
	return subject_is_person(s, r->ids[f->index], e);
}

struct str item_key(struct state *s, const struct contribution *con)
{
	struct row r;

	resolve(s, con, &r);
	return r.key;
}

enum rc item_contribute(struct state *s, const struct state_entry *en, const struct ingest *in, int64_t at_us,
    const struct contribution *con, struct err *e)
{
	struct item_table *t = item_table_of(s, con->collection);
	struct row r;
	enum rc rc;

	if (t == NULL)
		return err_set(e, RC_INVALID, "no collection \"%.*s\"", STR_FMT(con->collection->name));
	if (con->collection->n_period == 0 && in != NULL && !in->has_extracted)
		return err_set(e, RC_INVALID, "a listing of \"%.*s\" without the time at which it was read",
		    STR_FMT(con->collection->name));
	if ((rc = ddl_statements(s, t, e)) != RC_OK || (rc = link_tables(s, con->collection, e)) != RC_OK)
		return rc;
	resolve(s, con, &r);
	if (con->n_link > 0)
		return wait(s, t, en, in, con, &r, e);
	if (con->collection->n_period == 0 && (rc = said_note(s, con->collection, con->fields, e)) != RC_OK)
		return rc;
	if ((rc = note_person(s, &r, e)) != RC_OK ||
	    (rc = identity_in_roster(s, con->collection, con->fields, r.ids, en->index, e)) != RC_OK)
		return rc;
	return con->collection->n_period > 0 ? event(s, t, en, in, con, &r, e) : snapshot(s, t, en, in, at_us, &r, e);
}

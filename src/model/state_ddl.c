/* state_ddl: the tables of the view and the statements made from a collection's schema.  What the columns mean is in
 * docs/formats/state.md; nothing here looks at a row. */
#include "model/state_priv.h"

#include <string.h>

static const char fixed_tables[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE subject(id INTEGER PRIMARY KEY, ref BLOB NOT NULL UNIQUE, root INTEGER NOT NULL,"
    " person INTEGER NOT NULL) STRICT;"
    "CREATE INDEX subject_root ON subject(root);"
    "CREATE TABLE identity(kind TEXT NOT NULL, identity TEXT NOT NULL, subject INTEGER NOT NULL,"
    " PRIMARY KEY(kind, identity)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX identity_subject ON identity(subject);"
    "CREATE TABLE subject_link(a INTEGER NOT NULL, b INTEGER NOT NULL, rule TEXT NOT NULL, entry INTEGER NOT NULL,"
    " kept INTEGER NOT NULL, PRIMARY KEY(a, b, rule)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE subject_split(a INTEGER NOT NULL, b INTEGER NOT NULL, kept INTEGER NOT NULL,"
    " PRIMARY KEY(a, b)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE said(collection TEXT NOT NULL, field TEXT NOT NULL, subject INTEGER NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY(collection, field, subject)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE identity_link(kind TEXT NOT NULL, identity TEXT NOT NULL, subject INTEGER NOT NULL, rule TEXT NOT NULL,"
    " PRIMARY KEY(kind, identity, subject, rule)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE day(day INTEGER PRIMARY KEY, start_us INTEGER NOT NULL UNIQUE,"
    " end_us INTEGER NOT NULL) STRICT;"
    "CREATE TABLE definition(entry INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, digest BLOB NOT NULL,"
    " body TEXT NOT NULL, current INTEGER NOT NULL) STRICT;"
    "CREATE INDEX definition_id ON definition(kind, id, current);"
    "CREATE INDEX definition_digest ON definition(digest);"
    "CREATE TABLE stream(id INTEGER PRIMARY KEY, source TEXT NOT NULL, instance TEXT NOT NULL,"
    " UNIQUE(source, instance)) STRICT;"
    "CREATE TABLE ingest(id INTEGER PRIMARY KEY, record_id BLOB NOT NULL UNIQUE, stream INTEGER NOT NULL,"
    " file TEXT NOT NULL, mapping BLOB NOT NULL, received_us INTEGER NOT NULL, extracted_us INTEGER,"
    " covers_from_us INTEGER, covers_to_us INTEGER, partial INTEGER NOT NULL, open TEXT NOT NULL,"
    " close_entry INTEGER, complete INTEGER NOT NULL, close TEXT) STRICT;"
    "CREATE TABLE extraction(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, collection TEXT NOT NULL,"
    " at INTEGER NOT NULL, UNIQUE(stream, collection, at)) STRICT;"
    "CREATE TABLE extraction_ingest(extraction INTEGER NOT NULL, ingest INTEGER NOT NULL,"
    " PRIMARY KEY(extraction, ingest)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE withdrawal(ingest INTEGER PRIMARY KEY, entry INTEGER NOT NULL, received_us INTEGER NOT NULL,"
    " reason TEXT NOT NULL, record_id BLOB UNIQUE, stream INTEGER, file TEXT, mapping BLOB, open_us INTEGER, open TEXT,"
    " close TEXT) STRICT;"
    "CREATE TABLE withdrawn(entry INTEGER PRIMARY KEY, ingest INTEGER NOT NULL) STRICT;"
    "CREATE TABLE withdrawn_item(collection TEXT NOT NULL, key TEXT NOT NULL, entry INTEGER NOT NULL,"
    " PRIMARY KEY(collection, key, entry)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE correction(source TEXT PRIMARY KEY, entry INTEGER NOT NULL, digest BLOB NOT NULL, body TEXT NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE rejected(entry INTEGER PRIMARY KEY, ingest INTEGER NOT NULL, position INTEGER NOT NULL,"
    " code INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;"
    "CREATE TABLE change_log(entry INTEGER PRIMARY KEY, received_us INTEGER NOT NULL, op TEXT NOT NULL,"
    " body TEXT NOT NULL) STRICT;"
    "CREATE TABLE unread(entry INTEGER PRIMARY KEY, kind INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;"
    "CREATE TABLE result(entry INTEGER PRIMARY KEY, control TEXT NOT NULL, test TEXT NOT NULL, received_us INTEGER NOT"
    " NULL, body TEXT NOT NULL, current INTEGER NOT NULL) STRICT;"
    "CREATE INDEX result_test ON result(control, test, current);";

enum rc ddl_create(struct state *s, struct err *e)
{
	enum rc rc;
	struct buf b;

	if ((rc = db_exec(s->db, fixed_tables, e)) != RC_OK)
		return rc;
	buf_init(&b, 200);
	buf_fmt(&b, "INSERT INTO meta VALUES('version','%d'),('applied','0')%c", STATE_VERSION, 0);
	rc = db_exec(s->db, (const char *)b.p, e);
	buf_done(&b);
	return rc;
}

static const char *column_type_of(const struct field *f)
{
	switch (f->type) {
	case FIELD_INT:
	case FIELD_DECIMAL:
	case FIELD_BOOL:
	case FIELD_DATE:
	case FIELD_TIMESTAMP:
	case FIELD_SUBJECT:
		return "INTEGER";
	case FIELD_STRING:
	case FIELD_TEXT:
	case FIELD_DIGEST:
	case FIELD_ENUM:
	case FIELD_LIST:
		return "TEXT";
	}
	return "TEXT";
}

static void field_name(struct buf *b, const struct field *f)
{
	buf_z(b, "f_");
	buf_str(b, f->name);    /* the schema allows [a-z][a-z0-9_]* only */
}

static void field_columns(struct buf *b, const struct collection *c, bool types)
{
	size_t i;

	for (i = 0; i < c->n_fields; i++) {
		buf_c(b, ',');
		field_name(b, &c->fields[i]);
		if (types)
			buf_fmt(b, " %s", column_type_of(&c->fields[i]));
	}
}

/* One execution of what ${b} holds; clears it. */
static enum rc run(struct state *s, struct buf *b, struct err *e)
{
	enum rc rc;

	buf_u8(b, 0);
	if ((rc = buf_ok(b, "the statement for a collection", e)) == RC_OK)
		rc = db_exec(s->db, (const char *)b->p, e);
	buf_clear(b);
	return rc;
}

enum rc ddl_collection(struct state *s, struct collection *c, struct err *e)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, 1 << 16);
	buf_fmt(&b, "CREATE TABLE item_%.*s(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, supplied INTEGER NOT NULL,"
	    " doubt INTEGER NOT NULL, entry INTEGER NOT NULL, ingest INTEGER, updated_us INTEGER, parts INTEGER NOT NULL,"
	    " at INTEGER, day INTEGER", STR_FMT(c->name));
	field_columns(&b, c, true);
	buf_z(&b, ") STRICT;");
	buf_fmt(&b, "CREATE INDEX item_%.*s_at ON item_%.*s(at);", STR_FMT(c->name), STR_FMT(c->name));
	if (c->n_period > 0) {
		buf_fmt(&b, "CREATE TABLE part_%.*s(item INTEGER NOT NULL, entry INTEGER NOT NULL, rule INTEGER NOT NULL,"
		    " ingest INTEGER, updated_us INTEGER, supplied INTEGER NOT NULL, doubt INTEGER NOT NULL", STR_FMT(c->name));
		field_columns(&b, c, true);
		buf_z(&b, ", PRIMARY KEY(item, entry, rule)) STRICT;");
		buf_fmt(&b, "CREATE TABLE wait_%.*s(id INTEGER PRIMARY KEY, link INTEGER NOT NULL, entry INTEGER NOT NULL,"
		    " ingest INTEGER, updated_us INTEGER, supplied INTEGER NOT NULL, doubt INTEGER NOT NULL", STR_FMT(c->name));
		field_columns(&b, c, true);
		buf_z(&b, ") STRICT;");
		buf_fmt(&b, "CREATE TABLE joined_%.*s(item INTEGER NOT NULL, waiting INTEGER NOT NULL, PRIMARY KEY(item, waiting))"
		    " STRICT, WITHOUT ROWID;", STR_FMT(c->name));
	} else {
		buf_fmt(&b, "CREATE TABLE version_%.*s(id INTEGER PRIMARY KEY, item INTEGER NOT NULL, stream INTEGER NOT NULL,"
		    " first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, supplied INTEGER NOT NULL, doubt INTEGER NOT NULL,"
		    " entry INTEGER NOT NULL, ingest INTEGER", STR_FMT(c->name));
		field_columns(&b, c, true);
		buf_z(&b, ") STRICT;");
		buf_fmt(&b, "CREATE INDEX version_%.*s_item ON version_%.*s(item, stream, last_at);", STR_FMT(c->name),
		    STR_FMT(c->name));
	}
	rc = run(s, &b, e);
	buf_done(&b);
	return rc;
}

enum rc ddl_extend(struct state *s, const struct collection *old, const struct collection *c, struct err *e)
{
	static const char *const prefix[2][3] = { { "item", "version", NULL }, { "item", "part", "wait" } };
	struct buf b;
	enum rc rc;
	size_t i, t;

	buf_init(&b, 1 << 16);
	for (t = 0; t < 3 && prefix[c->n_period > 0][t] != NULL; t++) {
		for (i = old->n_fields; i < c->n_fields; i++) {
			buf_fmt(&b, "ALTER TABLE %s_%.*s ADD COLUMN ", prefix[c->n_period > 0][t], STR_FMT(c->name));
			field_name(&b, &c->fields[i]);
			buf_fmt(&b, " %s;", column_type_of(&c->fields[i]));
		}
	}
	rc = b.n == 0 ? RC_OK : run(s, &b, e);
	buf_done(&b);
	return rc;
}

static void parameters(struct buf *b, int from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		buf_fmt(b, "%s?%d", i > 0 ? "," : "", from + (int)i);
}

static enum rc prepare(struct state *s, struct buf *b, struct stmt **out, struct err *e)
{
	enum rc rc;

	if ((rc = buf_ok(b, "the statement for a collection", e)) == RC_OK)
		rc = db_prepare(s->db, buf_view(b), out, e);
	buf_clear(b);
	return rc;
}

/* Which of the parts of an item counts first: the highest source, then the source's own later update time, then the later
 * entry.  An edit by hand is of the source "tickmark". */
static void fold_order(struct buf *b, const struct collection *c)
{
	size_t by_hand = c->n_precedence, i;

	buf_z(b, " ORDER BY ");
	if (c->n_precedence > 0) {
		buf_z(b, "ifnull((SELECT CASE s.source");
		for (i = 0; i < c->n_precedence; i++) {
			buf_z(b, " WHEN ");
			sql_text(b, c->precedence[i]);
			buf_fmt(b, " THEN %zu", i);
			if (str_is(c->precedence[i], "tickmark"))
				by_hand = i;
		}
		buf_fmt(b, " ELSE %zu END FROM ingest i JOIN stream s ON s.id=i.stream WHERE i.id=p.ingest),%zu),", c->n_precedence,
		    by_hand);
	}
	buf_z(b, "p.updated_us DESC,p.entry DESC,p.rule DESC LIMIT 1)");
}

/* fold: each field from the part that supplies it and ranks first. */
static void fold_sql(struct buf *b, const struct collection *c)
{
	size_t i;

	buf_fmt(b, "UPDATE item_%.*s SET ", STR_FMT(c->name));
	for (i = 0; i < c->n_fields; i++) {
		field_name(b, &c->fields[i]);
		buf_z(b, "=(SELECT ");
		field_name(b, &c->fields[i]);
		buf_fmt(b, " FROM part_%.*s p WHERE p.item=?1 AND p.supplied>>%zu&1", STR_FMT(c->name), i);
		fold_order(b, c);
		buf_c(b, ',');
	}
	buf_z(b, "supplied=0");
	for (i = 0; i < c->n_fields; i++)
		buf_fmt(b, "|((SELECT max(supplied>>%zu&1) FROM part_%.*s WHERE item=?1)<<%zu)", i, STR_FMT(c->name), i);
	buf_z(b, ",doubt=0");
	for (i = 0; i < c->n_fields; i++) {
		buf_fmt(b, "|(ifnull((SELECT doubt>>%zu&1 FROM part_%.*s p WHERE p.item=?1 AND p.supplied>>%zu&1", i, STR_FMT(c->name), i);
		fold_order(b, c);
		buf_fmt(b, ",0)<<%zu)", i);
	}
	buf_fmt(b, ",entry=?2,ingest=?3,parts=(SELECT count(*) FROM part_%.*s WHERE item=?1) WHERE id=?1 RETURNING id",
	    STR_FMT(c->name));
}

/* place: the instant of the first period field that is not null, and the local day that it falls in. */
static void place_sql(struct buf *b, const struct collection *c)
{
	size_t i;

	buf_fmt(b, "UPDATE item_%.*s SET (at,day)=(SELECT p.at, (SELECT d.day FROM day d WHERE d.start_us<=p.at AND"
	    " d.end_us>p.at ORDER BY d.start_us DESC LIMIT 1) FROM (SELECT coalesce(", STR_FMT(c->name));
	for (i = 0; i < c->n_period; i++) {
		const struct field *f = &c->fields[c->period[i]];

		if (f->type == FIELD_DATE)
			buf_z(b, "(SELECT start_us FROM day d WHERE d.day=");
		field_name(b, f);
		buf_z(b, f->type == FIELD_DATE ? ")," : ",");
	}
	buf_z(b, "NULL) AS at) p)");
}

/* Every item of several parts folded anew: the order of its sources is another. */
enum rc item_fold_all(struct state *s, struct item_table *t, struct err *e)
{
	const struct collection *c = t->collection;
	struct stmt *st = NULL;
	int64_t id;
	bool row;
	enum rc rc;

	if ((rc = ddl_statements(s, t, e)) != RC_OK ||
	    (rc = db_prepare(s->db, arena_fmt(s->scratch, "SELECT id,entry,ingest FROM item_%.*s WHERE parts>1 ORDER BY id",
	    STR_FMT(c->name)), &st, e)) != RC_OK)
		return rc;
	while ((rc = stmt_step(st, &row, e)) == RC_OK && row) {
		id = column_i64(st, 0);
		stmt_i64(t->fold, 1, id);
		stmt_i64(t->fold, 2, column_i64(st, 1));
		if (!column_is_null(st, 2))
			stmt_i64(t->fold, 3, column_i64(st, 2));
		if ((rc = stmt_run(t->fold, e)) != RC_OK)
			break;
		stmt_i64(t->place, 1, id);
		if ((rc = stmt_run(t->place, e)) != RC_OK)
			break;
	}
	stmt_free(st);
	return rc;
}

enum rc item_place_all(struct state *s, const struct collection *c, struct err *e)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, 1 << 16);
	place_sql(&b, c);
	rc = run(s, &b, e);
	buf_done(&b);
	return rc;
}

static enum rc event_statements(struct state *s, struct item_table *t, struct buf *b, struct err *e)
{
	const struct collection *c = t->collection;
	enum rc rc;

	buf_fmt(b, "INSERT INTO part_%.*s(item,entry,rule,ingest,updated_us,supplied,doubt", STR_FMT(c->name));
	field_columns(b, c, false);
	buf_z(b, ") SELECT id,entry,0,ingest,updated_us,supplied,doubt");
	field_columns(b, c, false);
	buf_fmt(b, " FROM item_%.*s WHERE id=?1 AND parts=1", STR_FMT(c->name));
	if ((rc = prepare(s, b, &t->part_from_item, e)) != RC_OK)
		return rc;
	buf_fmt(b, "INSERT INTO part_%.*s(item,entry,rule,ingest,updated_us,supplied,doubt", STR_FMT(c->name));
	field_columns(b, c, false);
	buf_z(b, ") VALUES(?1,?2,(SELECT count(*) FROM part_");
	buf_str(b, c->name);
	buf_z(b, " WHERE item=?1 AND entry=?2),?3,?4,?5,?6,");
	parameters(b, 7, c->n_fields);
	buf_c(b, ')');
	if ((rc = prepare(s, b, &t->part_insert, e)) != RC_OK)
		return rc;
	buf_fmt(b, "INSERT INTO wait_%.*s(link,entry,ingest,updated_us,supplied,doubt", STR_FMT(c->name));
	field_columns(b, c, false);
	buf_z(b, ") VALUES(?1,?2,?3,?4,?5,?6,");
	parameters(b, 7, c->n_fields);
	buf_z(b, ") RETURNING id");
	if ((rc = prepare(s, b, &t->wait_insert, e)) != RC_OK)
		return rc;
	fold_sql(b, c);
	if ((rc = prepare(s, b, &t->fold, e)) != RC_OK)
		return rc;
	place_sql(b, c);
	buf_z(b, " WHERE id=?1");
	return prepare(s, b, &t->place, e);
}

static void set_fields(struct buf *b, const struct collection *c, int from, const char *between)
{
	size_t i;

	for (i = 0; i < c->n_fields; i++) {
		buf_z(b, between);
		field_name(b, &c->fields[i]);
		buf_fmt(b, " %s ?%d", between[0] == ',' ? "=" : "IS", from + (int)i);
	}
}

static enum rc state_statements(struct state *s, struct item_table *t, struct buf *b, struct err *e)
{
	const struct collection *c = t->collection;
	enum rc rc;
	size_t i;

	/* the version that an earlier contribution of the same extraction made */
	buf_fmt(b, "SELECT id, first_at, last_at FROM version_%.*s WHERE item=?1 AND stream=?2 AND first_at<=?3 AND"
	    " last_at>=?3", STR_FMT(c->name));
	if ((rc = prepare(s, b, &t->version_at, e)) != RC_OK)
		return rc;
	buf_fmt(b, "UPDATE version_%.*s SET last_at=?3 WHERE item=?1 AND stream=?2 AND last_at=?4 AND supplied=?5 AND"
	    " doubt=?6", STR_FMT(c->name));
	set_fields(b, c, 7, " AND ");
	if ((rc = prepare(s, b, &t->version_extend, e)) != RC_OK)
		return rc;
	buf_fmt(b, "INSERT INTO version_%.*s(item,stream,first_at,last_at,supplied,doubt,entry,ingest", STR_FMT(c->name));
	field_columns(b, c, false);
	buf_z(b, ") VALUES(?1,?2,?3,?3,?5,?6,?4,");
	buf_fmt(b, "?%d,", 7 + (int)c->n_fields);
	parameters(b, 7, c->n_fields);
	buf_c(b, ')');
	if ((rc = prepare(s, b, &t->version_insert, e)) != RC_OK)
		return rc;
	/* what the later contribution supplies replaces what the earlier one gave, field by field */
	buf_fmt(b, "UPDATE version_%.*s SET supplied=supplied|?5,doubt=doubt&~?5|?6,entry=?4", STR_FMT(c->name));
	for (i = 0; i < c->n_fields; i++) {
		buf_c(b, ',');
		field_name(b, &c->fields[i]);
		buf_fmt(b, "=CASE WHEN ?5>>%zu&1 THEN ?%d ELSE ", i, 7 + (int)i);
		field_name(b, &c->fields[i]);
		buf_z(b, " END");
	}
	buf_z(b, " WHERE id=?1");
	if ((rc = prepare(s, b, &t->version_merge, e)) != RC_OK)
		return rc;
	buf_fmt(b, "INSERT INTO item_%.*s(key,supplied,doubt,entry,ingest,at,parts", STR_FMT(c->name));
	field_columns(b, c, false);
	buf_z(b, ") VALUES(?1,?5,?6,?4,?2,?3,1,");
	parameters(b, 7, c->n_fields);
	buf_z(b, ") ON CONFLICT(key) DO UPDATE SET parts=parts+1,");
	buf_z(b, "entry=CASE WHEN ?3>=at THEN ?4 ELSE entry END,ingest=CASE WHEN ?3>=at THEN ?2 ELSE ingest END,"
	    "supplied=CASE WHEN ?3>at THEN ?5 WHEN ?3=at THEN supplied|?5 ELSE supplied END,"
	    "doubt=CASE WHEN ?3>at THEN ?6 WHEN ?3=at THEN doubt&~?5|?6 ELSE doubt END,at=max(at,?3)");
	for (i = 0; i < c->n_fields; i++) {
		buf_c(b, ',');
		field_name(b, &c->fields[i]);
		buf_fmt(b, "=CASE WHEN ?3>at OR (?3=at AND ?5>>%zu&1) THEN ?%d ELSE ", i, 7 + (int)i);
		field_name(b, &c->fields[i]);
		buf_z(b, " END");
	}
	buf_z(b, " RETURNING id");
	return prepare(s, b, &t->item_state, e);
}

enum rc ddl_statements(struct state *s, struct item_table *t, struct err *e)
{
	const struct collection *c = t->collection;
	struct buf b;
	enum rc rc;

	if (t->insert != NULL)
		return RC_OK;
	buf_init(&b, 1 << 18);
	buf_fmt(&b, "INSERT OR IGNORE INTO item_%.*s(key,supplied,doubt,entry,ingest,updated_us,at,day,parts",
	    STR_FMT(c->name));
	field_columns(&b, c, false);
	buf_z(&b, ") VALUES(?1,?2,?3,?4,?5,?6,");
	buf_fmt(&b, "?%d,?%d,1,", 7 + (int)c->n_fields, 8 + (int)c->n_fields);
	parameters(&b, 7, c->n_fields);
	buf_c(&b, ')');
	if ((rc = prepare(s, &b, &t->insert, e)) != RC_OK)
		goto out;
	buf_fmt(&b, "SELECT id FROM item_%.*s WHERE key=?1", STR_FMT(c->name));
	if ((rc = prepare(s, &b, &t->find, e)) != RC_OK)
		goto out;
	rc = c->n_period > 0 ? event_statements(s, t, &b, e) : state_statements(s, t, &b, e);
out:
	buf_done(&b);
	return rc;
}

void item_table_done(struct item_table *t)
{
	struct stmt **all[] = { &t->insert, &t->find, &t->part_from_item, &t->part_insert, &t->fold, &t->place, &t->wait_insert,
		&t->version_at,
		&t->version_extend, &t->version_insert, &t->version_merge, &t->item_state };
	size_t i;

	for (i = 0; i < ARRAY_LEN(all); i++) {
		stmt_free(*all[i]);
		*all[i] = NULL;
	}
}

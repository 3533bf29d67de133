/* item_read: see item.h. */
#include "model/item.h"

#include "model/state_priv.h"

void item_columns(struct buf *sql, const struct collection *c, const char *from)
{
	static const char *const fixed[ITEM_FIXED_COLUMNS] = { "id", "key", "supplied", "doubt", "entry", "ingest", "at" };
	size_t i;

	for (i = 0; i < ITEM_FIXED_COLUMNS; i++)
		buf_fmt(sql, "%s%s.%s", i > 0 ? "," : "", from, fixed[i]);
	for (i = 0; i < c->n_fields; i++)
		buf_fmt(sql, ",%s.f_%.*s", from, STR_FMT(c->fields[i].name));
}

bool item_supplied(struct stmt *st, const struct field *f)
{
	return ((uint64_t)column_i64(st, 2) >> f->index & 1) != 0;
}

bool item_doubtful(struct stmt *st, const struct field *f)
{
	return ((uint64_t)column_i64(st, 3) >> f->index & 1) != 0;
}

static enum rc subject_ref(struct state *s, struct arena *a, int64_t id, struct str *hex, struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(s->db, STR("SELECT ref FROM subject WHERE id=?1"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, id);
	*hex = STR("");
	if ((rc = stmt_step(st, &row, e)) == RC_OK && row) {
		struct str ref = column_blob(st, 0);

		*hex = hex_str(a, (const uint8_t *)ref.p, ref.n);
	}
	stmt_free(st);
	return rc;
}

enum rc subject_text(struct state *s, struct arena *a, int64_t id, struct str *out, struct err *e)
{
	enum rc rc = state_identity(s, a, id, out, e);

	if (rc != RC_OK || out->p != NULL)
		return rc;
	if ((rc = subject_ref(s, a, id, out, e)) == RC_OK)
		*out = arena_fmt(a, "subject:%.*s", STR_FMT(*out));
	return rc;
}

static enum rc put_subject(struct state *s, struct arena *a, int64_t id, struct buf *b, struct err *e)
{
	struct str hex, identity;
	enum rc rc;

	if ((rc = subject_ref(s, a, id, &hex, e)) != RC_OK || (rc = state_identity(s, a, id, &identity, e)) != RC_OK)
		return rc;
	buf_z(b, "{\"identity\":");
	if (identity.p != NULL)
		json_put_str(b, identity);
	else
		buf_z(b, "null");
	buf_z(b, ",\"subject\":");
	json_put_str(b, hex);
	buf_c(b, '}');
	return RC_OK;
}

static enum rc list_text(struct state *s, struct arena *a, const struct field *f, struct str json, struct str *out,
    struct err *e)
{
	const struct value *v;
	struct buf b;
	size_t i;
	enum rc rc;

	if ((rc = json_parse(a, json, &v, e)) != RC_OK)
		return rc;
	buf_init(&b, LIMIT_RECORD);
	for (i = 0; i < v->n && rc == RC_OK; i++) {
		struct str t = v->items[i].text;
		int64_t id;

		if (f->item_type == FIELD_SUBJECT && num_i64(t, &id))
			rc = subject_text(s, a, id, &t, e);
		buf_z(&b, i > 0 ? ", " : "");
		buf_str(&b, t);
	}
	*out = arena_str(a, buf_view(&b));
	buf_done(&b);
	return rc;
}

/* A personal text of a register, which the view holds as a reference. */
static enum rc personal_text(struct state *s, struct arena *a, const struct field *f, struct str t, struct str *out,
    struct err *e)
{
	size_t i;

	for (i = 0; i < s->schema.n; i++) {
		const struct collection *c = s->schema.collections[i];

		if (f >= c->fields && f < c->fields + c->n_fields)
			return said_text(s, a, c->name, f->name, t, out, e);
	}
	*out = t;
	return RC_OK;
}

enum rc item_text(struct state *s, struct arena *a, struct stmt *st, const struct field *f, struct str *out,
    struct err *e)
{
	int at = ITEM_FIXED_COLUMNS + (int)f->index;
	char text[32];

	*out = STR("");
	if (!item_supplied(st, f)) {
		*out = STR("?");
		return RC_OK;
	}
	if (column_is_null(st, at))
		return RC_OK;
	switch (f->type) {
	case FIELD_SUBJECT:
		return subject_text(s, a, column_i64(st, at), out, e);
	case FIELD_LIST:
		return list_text(s, a, f, column_text(st, at), out, e);
	case FIELD_BOOL:
		*out = column_i64(st, at) != 0 ? STR("true") : STR("false");
		break;
	case FIELD_INT:
		*out = arena_fmt(a, "%lld", (long long)column_i64(st, at));
		break;
	case FIELD_DECIMAL:
		*out = arena_str(a, (struct str){ text, num_decimal_fmt(column_i64(st, at), text) });
		break;
	case FIELD_DATE:
		*out = date_fmt(a, column_i64(st, at));
		break;
	case FIELD_TIMESTAMP:
		*out = instant_fmt(a, column_i64(st, at));
		break;
	default:
		*out = arena_str(a, column_text(st, at));
		if (f->type == FIELD_STRING || f->type == FIELD_TEXT)
			return personal_text(s, a, f, *out, out, e);
	}
	return RC_OK;
}

static enum rc put_list(struct state *s, struct arena *a, const struct field *f, struct str json, struct buf *b,
    struct err *e)
{
	const struct value *v;
	size_t i;
	enum rc rc;

	if (f->item_type != FIELD_SUBJECT) {
		buf_str(b, json);
		return RC_OK;
	}
	if ((rc = json_parse(a, arena_str(a, json), &v, e)) != RC_OK)
		return rc;
	buf_c(b, '[');
	for (i = 0; i < v->n; i++) {
		int64_t id;

		if (i > 0)
			buf_c(b, ',');
		if (!num_i64(v->items[i].text, &id))
			buf_z(b, "null");
		else if ((rc = put_subject(s, a, id, b, e)) != RC_OK)
			return rc;
	}
	buf_c(b, ']');
	return RC_OK;
}

static enum rc put_field(struct state *s, struct arena *a, const struct field *f, struct stmt *st, struct buf *b,
    struct err *e)
{
	int at = ITEM_FIXED_COLUMNS + (int)f->index;
	struct str text;
	enum rc rc;

	if (column_is_null(st, at)) {
		buf_z(b, "null");
		return RC_OK;
	}
	if (f->type == FIELD_SUBJECT)
		return put_subject(s, a, column_i64(st, at), b, e);
	if (f->type == FIELD_LIST)
		return put_list(s, a, f, column_text(st, at), b, e);
	if ((rc = item_text(s, a, st, f, &text, e)) != RC_OK)
		return rc;
	if (f->type == FIELD_BOOL || f->type == FIELD_INT)
		buf_str(b, text);
	else
		json_put_str(b, text);
	return RC_OK;
}

enum rc item_put(struct state *s, struct arena *a, const struct collection *c, struct stmt *st, struct buf *b,
    struct err *e)
{
	const char *between = "";
	size_t i;
	enum rc rc;

	buf_z(b, "{\"collection\":");
	json_put_str(b, c->name);
	buf_z(b, ",\"key\":");
	buf_str(b, column_text(st, 1));
	buf_fmt(b, ",\"entry\":%lld,\"ingest\":", (long long)column_i64(st, 4));
	if (column_is_null(st, 5))
		buf_z(b, "null");
	else
		buf_fmt(b, "%lld", (long long)column_i64(st, 5));
	buf_z(b, ",\"at\":");
	if (column_is_null(st, 6))
		buf_z(b, "null");
	else
		json_put_str(b, instant_fmt(a, column_i64(st, 6)));
	buf_z(b, ",\"doubtful\":[");
	for (i = 0; i < c->n_fields; i++) {
		if (!item_doubtful(st, &c->fields[i]))
			continue;
		buf_z(b, between);
		json_put_str(b, c->fields[i].name);
		between = ",";
	}
	buf_z(b, "],\"fields\":{");
	between = "";
	for (i = 0; i < c->n_fields; i++) {
		if (!item_supplied(st, &c->fields[i]))
			continue;
		buf_z(b, between);
		json_put_str(b, c->fields[i].name);
		buf_c(b, ':');
		if ((rc = put_field(s, a, &c->fields[i], st, b, e)) != RC_OK)
			return rc;
		between = ",";
	}
	buf_z(b, "}}");
	return buf_ok(b, "an item as JSON", e);
}

/* register: see register.h.
 *
 * Events stand in the period when their day does.  What listings tell stands from the first to the last listing that
 * shows it.  What people keep by hand stands until they change it, from when they say that it took effect, or else from
 * the time for which they recorded it. */
#include "report/register.h"

#include <string.h>

#include "model/item.h"

/* One version on its way out; ${fields} is its JSON. */
struct standing {
	struct str key, fields;
	int64_t stream;                 /* each source tells of an item for itself */
	int64_t from_us, to_us;         /* half open; INT64_MAX: until now */
	int64_t entry;
};

struct reading {
	struct state *s;
	struct arena *a;
	const struct collection *c;
	const struct run_period *p;
	int64_t start_us, end_us;       /* of the period */
	struct buf *out;
	uint64_t n, outside;
	struct standing held;           /* the version read last; an equal one that follows is the same */
	bool any;
	struct err *e;
};

static const struct field *time_field(const struct collection *c, const char *const names[2])
{
	const struct field *f;
	size_t i;

	for (i = 0; i < 2; i++)
		if ((f = collection_field(c, str_z(names[i]))) != NULL && (f->type == FIELD_TIMESTAMP || f->type == FIELD_DATE))
			return f;
	return NULL;
}

/* When the item itself says that it began or ended: a date means that day's start, or its end. */
static bool told(struct reading *r, struct stmt *st, const struct field *f, bool end, int64_t *us)
{
	int at;

	if (f == NULL || column_is_null(st, at = ITEM_FIXED_COLUMNS + (int)f->index))
		return false;
	*us = f->type == FIELD_TIMESTAMP ? column_i64(st, at) : zone_day_start_us(state_zone(r->s), column_i64(st, at) + end);
	return true;
}

static enum rc fields_json(struct reading *r, struct stmt *st, struct str *out)
{
	struct buf b;
	struct str t;
	size_t i;
	enum rc rc = RC_OK;

	buf_init(&b, LIMIT_RECORD);
	buf_c(&b, '{');
	for (i = 0; i < r->c->n_fields && rc == RC_OK; i++) {
		if ((rc = item_text(r->s, r->a, st, &r->c->fields[i], &t, r->e)) != RC_OK)
			break;
		buf_z(&b, i > 0 ? "," : "");
		json_put_str(&b, r->c->fields[i].name);
		buf_c(&b, ':');
		json_put_str(&b, t);
	}
	buf_c(&b, '}');
	*out = arena_str(r->a, buf_view(&b));
	buf_done(&b);
	return rc;
}

static void put_day(struct reading *r, const char *name, bool is, int64_t us)
{
	buf_fmt(r->out, ",\"%s\":", name);
	if (is)
		json_put_str(r->out, date_fmt(r->a, zone_date(state_zone(r->s), us)));
	else
		buf_z(r->out, "null");
}

/* What was read last stands, or stood outside the period. */
static void settle(struct reading *r)
{
	const struct standing *v = &r->held;

	if (!r->any)
		return;
	r->any = false;
	if (v->from_us >= r->end_us || v->to_us <= r->start_us || v->from_us >= v->to_us) {
		r->outside++;
		return;
	}
	buf_fmt(r->out, "%s{\"entry\":%lld,\"fields\":", r->n++ > 0 ? "," : "", (long long)v->entry);
	buf_str(r->out, v->fields);
	put_day(r, "since", v->from_us > r->start_us, v->from_us);
	put_day(r, "until", v->to_us < r->end_us, v->to_us - 1);
	buf_c(r->out, '}');
}

static void hold(struct reading *r, const struct standing *v)
{
	bool same = r->any && r->held.stream == v->stream && str_eq(r->held.key, v->key);

	if (same && r->held.to_us > v->from_us)
		r->held.to_us = v->from_us;     /* the later version ends the earlier one */
	if (same && str_eq(r->held.fields, v->fields) && r->held.to_us == v->from_us) {
		r->held.to_us = v->to_us;
		return;
	}
	settle(r);
	r->held = *v;
	r->any = true;
}

/* Columns behind the fields: first_at, last_at, whether people keep it, the stream. */
static enum rc read_version(struct reading *r, struct stmt *st)
{
	static const char *const begins[2] = { "effective_at", "onboarded_at" }, *const ends[2] = { "superseded_at", "ended_at" };
	int at = ITEM_FIXED_COLUMNS + (int)r->c->n_fields;
	bool by_hand = column_i64(st, at + 2) != 0, first;
	struct standing v = { .entry = column_i64(st, 4), .from_us = column_i64(st, at), .to_us = INT64_MAX };
	int64_t us;
	enum rc rc;

	v.key = arena_str(r->a, column_text(st, 1));
	v.stream = column_i64(st, at + 3);
	first = !r->any || r->held.stream != v.stream || !str_eq(r->held.key, v.key);
	if ((rc = fields_json(r, st, &v.fields)) != RC_OK)
		return rc;
	if (!by_hand)
		v.to_us = column_i64(st, at + 1) + 1;
	if (told(r, st, time_field(r->c, begins), false, &us) && (us > v.from_us || (by_hand && (first || us > r->held.from_us))))
		v.from_us = us;
	if (told(r, st, time_field(r->c, ends), true, &us) && us < v.to_us)
		v.to_us = us;
	hold(r, &v);
	return RC_OK;
}

static enum rc read_event(struct reading *r, struct stmt *st)
{
	struct str fields;
	enum rc rc;

	if ((rc = fields_json(r, st, &fields)) != RC_OK)
		return rc;
	buf_fmt(r->out, "%s{\"entry\":%lld,\"fields\":", r->n++ > 0 ? "," : "", (long long)column_i64(st, 4));
	buf_str(r->out, fields);
	buf_z(r->out, ",\"since\":null,\"until\":null}");
	return RC_OK;
}

static void statement(struct reading *r, struct buf *sql)
{
	const struct collection *c = r->c;
	size_t i;

	buf_z(sql, "SELECT ");
	if (c->n_period > 0) {
		item_columns(sql, c, "i");
		buf_fmt(sql, " FROM item_%.*s i WHERE i.day BETWEEN %lld AND %lld ORDER BY i.at,i.key", STR_FMT(c->name),
		    (long long)r->p->from_day, (long long)r->p->to_day);
		return;
	}
	buf_z(sql, "v.id,k.key,v.supplied,v.doubt,v.entry,v.ingest,v.first_at");
	for (i = 0; i < c->n_fields; i++)
		buf_fmt(sql, ",v.f_%.*s", STR_FMT(c->fields[i].name));
	buf_fmt(sql, ",v.first_at,v.last_at,s.source='tickmark',v.stream FROM version_%.*s v JOIN item_%.*s k ON k.id=v.item"
	    " JOIN stream s ON s.id=v.stream ORDER BY k.key,v.stream,v.first_at,v.id", STR_FMT(c->name), STR_FMT(c->name));
}

static enum rc count_events(struct reading *r, int64_t *undated)
{
	int64_t others;
	enum rc rc = db_i64(state_db(r->s), arena_z(r->a, arena_fmt(r->a, "SELECT count(*) FROM item_%.*s WHERE day IS NULL",
	    STR_FMT(r->c->name))), 0, undated, r->e);

	if (rc != RC_OK)
		return rc;
	rc = db_i64(state_db(r->s), arena_z(r->a, arena_fmt(r->a, "SELECT count(*) FROM item_%.*s WHERE day NOT BETWEEN %lld AND %lld",
	    STR_FMT(r->c->name), (long long)r->p->from_day, (long long)r->p->to_day)), 0, &others, r->e);
	r->outside = (uint64_t)others;
	return rc;
}

enum rc register_put(struct state *s, struct arena *a, const char *name, const struct run_period *p, struct buf *json,
    struct err *e)
{
	struct reading r = { .s = s, .a = a, .p = p, .out = json, .e = e };
	struct stmt *st = NULL;
	int64_t undated = 0;
	struct buf sql;
	bool row;
	enum rc rc = RC_OK;

	buf_z(json, "{\"items\":[");
	if ((r.c = schema_find(state_schema(s), str_z(name))) == NULL || r.c->is_derived) {
		buf_z(json, "],\"outside\":0,\"undated\":0}");
		return RC_OK;
	}
	r.start_us = zone_day_start_us(state_zone(s), p->from_day);
	r.end_us = zone_day_start_us(state_zone(s), p->to_day + 1);
	buf_init(&sql, 1 << 18);
	statement(&r, &sql);
	rc = db_prepare(state_db(s), buf_view(&sql), &st, e);
	buf_done(&sql);
	while (rc == RC_OK && (rc = stmt_step(st, &row, e)) == RC_OK && row)
		rc = r.c->n_period > 0 ? read_event(&r, st) : read_version(&r, st);
	stmt_free(st);
	settle(&r);
	if (rc == RC_OK && r.c->n_period > 0)
		rc = count_events(&r, &undated);
	buf_fmt(json, "],\"outside\":%llu,\"undated\":%lld}", (unsigned long long)r.outside, (long long)undated);
	return rc;
}

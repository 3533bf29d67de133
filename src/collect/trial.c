/* trial: see trial.h. */
#include "collect/trial.h"

#include <string.h>

/* A set of byte strings: open addressing over FNV-1a; its words are in the arena. */
struct set {
	struct str *slots;
	size_t n, room;
};

struct run {
	struct arena *a, *each;
	const struct mapping *m;
	const struct shape *shape;
	struct source_file file;
	size_t shown;
	struct trial *out;
	struct set ids, *keys, *dated;  /* natural keys: one set for each collection */
	size_t *shown_of;
};

static uint64_t hash_of(struct str s)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 0x100000001b3u;
	return h;
}

static struct str *slot_of(struct set *t, struct str s)
{
	size_t at = (size_t)hash_of(s) & (t->room - 1);

	while (t->slots[at].p != NULL && !str_eq(t->slots[at], s))
		at = (at + 1) & (t->room - 1);
	return &t->slots[at];
}

/* Whether it is new. */
static bool set_add(struct arena *a, struct set *t, struct str s)
{
	struct str *old = t->slots, *slot;
	size_t n = t->room, i;

	if (t->n * 2 >= t->room) {
		t->room = n == 0 ? 1024 : n * 2;
		t->slots = ARENA_ARRAY(a, t->room, struct str);
		for (i = 0; i < n; i++)
			if (old[i].p != NULL)
				*slot_of(t, old[i]) = old[i];
	}
	slot = slot_of(t, s);
	if (slot->p != NULL)
		return false;
	*slot = s.n > 0 ? arena_str(a, s) : STR("");
	t->n++;
	return true;
}

/* ---- values */
void trial_value(struct arena *a, const struct field *f, const struct field_value *v, bool json, struct buf *b)
{
	struct field member = *f;
	char number[32];
	struct str t;
	size_t i;

	if (v->is_null) {
		buf_z(b, "null");
		return;
	}
	switch (f->type) {
	case FIELD_BOOL:
		buf_z(b, v->i != 0 ? "true" : "false");
		return;
	case FIELD_INT:
		buf_fmt(b, "%lld", (long long)v->i);
		return;
	case FIELD_DECIMAL:
		buf_add(b, number, num_decimal_fmt(v->i, number));
		return;
	case FIELD_LIST:
		member.type = f->item_type;
		buf_c(b, '[');
		for (i = 0; i < v->n; i++) {
			buf_z(b, i > 0 ? (json ? "," : ", ") : "");
			trial_value(a, &member, &v->items[i], json, b);
		}
		buf_c(b, ']');
		return;
	case FIELD_DATE:
		t = date_fmt(a, v->i);
		break;
	case FIELD_TIMESTAMP:
		t = instant_fmt(a, v->i);
		break;
	default:
		t = v->kind.n > 0 ? arena_fmt(a, "%.*s:%.*s", STR_FMT(v->kind), STR_FMT(v->s)) : v->s;
	}
	if (json)
		json_put_str(b, t);
	else
		buf_str(b, t);
}

/* ---- copies, for what outlives its record */
static struct field_value copy_value(struct arena *a, const struct field_value *v)
{
	struct field_value out = *v;
	size_t i;

	out.s = v->s.p != NULL ? arena_str(a, v->s) : v->s;
	out.items = v->n > 0 ? ARENA_ARRAY(a, v->n, struct field_value) : NULL;
	for (i = 0; i < v->n; i++)
		out.items[i] = copy_value(a, &v->items[i]);
	return out;
}

static void keep_item(struct run *r, uint64_t record, const struct contribution *c)
{
	struct trial_item *to = &r->out->items[r->out->n_items++];
	size_t i;

	to->record = record;
	to->item = *c;
	to->item.fields = ARENA_ARRAY(r->a, c->collection->n_fields, struct field_value);
	for (i = 0; i < c->collection->n_fields; i++)
		to->item.fields[i] = copy_value(r->a, &c->fields[i]);
}

/* ---- counting */
static bool is_undated(const struct contribution *c)
{
	size_t i;

	for (i = 0; i < c->collection->n_period; i++) {
		const struct field_value *v = &c->fields[c->collection->period[i]];

		if (v->supplied && !v->is_null)
			return false;
	}
	return c->collection->n_period > 0;
}

static void count_item(struct run *r, uint64_t record, const struct contribution *c)
{
	struct trial_collection *t = r->out->collections;
	size_t at = 0, i;
	struct buf key;

	while (t[at].collection != c->collection)
		at++;
	t = &t[at];
	t->contributions++;
	t->joining += c->n_link > 0;
	if (c->n_link == 0) {
		buf_init(&key, 1 << 20);
		for (i = 0; i < c->collection->n_key; i++) {
			const size_t k = c->collection->key[i];

			if (c->fields[k].supplied)
				trial_value(r->each, &c->collection->fields[k], &c->fields[k], true, &key);
			buf_c(&key, 0x1f);
		}
		t->items += set_add(r->a, &r->keys[at], buf_view(&key));
		if (!is_undated(c))
			(void)set_add(r->a, &r->dated[at], buf_view(&key));
		t->undated = t->items - r->dated[at].n;
		buf_done(&key);
	}
	for (i = 0; i < c->collection->n_fields; i++) {
		t->fields[i].supplied += c->fields[i].supplied;
		t->fields[i].null += c->fields[i].supplied && c->fields[i].is_null;
		t->fields[i].doubt += c->fields[i].supplied && c->fields[i].doubt;
	}
	if (r->shown_of[at] < r->shown) {
		r->shown_of[at]++;
		keep_item(r, record, c);
	}
}

static void reject(struct run *r, const struct record *rec, struct str why)
{
	struct trial *o = r->out;
	size_t i;

	o->rejected++;
	for (i = 0; i < o->n_reasons && !str_eq(o->reasons[i].text, why); i++)
		;
	if (i == TRIAL_REASONS)
		return;
	if (i == o->n_reasons) {
		o->reasons[i].text = arena_str(r->a, why);
		o->reasons[i].first = rec->number;
		o->n_reasons++;
	}
	o->reasons[i].n++;
}

static void one_record(struct run *r, const struct record *rec)
{
	struct trial *o = r->out;
	struct mapped m;
	struct err why;
	size_t i;

	err_init(&why);
	o->in++;
	if (rec->bad.n > 0) {
		reject(r, rec, rec->bad);
		return;
	}
	if (mapping_apply(r->m, r->each, &r->file.ctx, rec->bytes, &m, &why) != RC_OK) {
		reject(r, rec, str_z(why.msg));
		return;
	}
	if (m.has_id && !set_add(r->a, &r->ids, m.id)) {
		o->duplicate++;
		return;
	}
	o->null_key += m.null_keys;
	if (m.n > 0) {
		o->with_items++;
	} else {
		o->no_item++;
		if (o->n_unmatched < TRIAL_UNMATCHED) {
			o->unmatched[o->n_unmatched].record = rec->number;
			o->unmatched[o->n_unmatched++].starts = arena_str(r->a, str_sub(rec->bytes, 0, 160));
		}
	}
	for (i = 0; i < m.n; i++)
		count_item(r, rec->number, &m.items[i]);
}

static void prepare(struct run *r)
{
	const struct collection **all;
	struct trial *o = r->out;
	size_t i, k;

	all = mapping_file_collections(r->m, r->a, &r->file.ctx, true, &o->n_collections);
	o->collections = ARENA_ARRAY(r->a, o->n_collections + 1, struct trial_collection);
	o->items = ARENA_ARRAY(r->a, o->n_collections * r->shown + 1, struct trial_item);
	r->keys = ARENA_ARRAY(r->a, o->n_collections + 1, struct set);
	r->dated = ARENA_ARRAY(r->a, o->n_collections + 1, struct set);
	r->shown_of = ARENA_ARRAY(r->a, o->n_collections + 1, size_t);
	for (i = 0; i < o->n_collections; i++) {
		o->collections[i].collection = all[i];
		o->collections[i].fields = ARENA_ARRAY(r->a, all[i]->n_fields, struct trial_field);
		o->collections[i].ruled = ARENA_ARRAY(r->a, all[i]->n_fields, bool);
		for (k = 0; k < all[i]->n_fields; k++)
			o->collections[i].ruled[k] = shape_supplies(r->shape, &all[i]->fields[k], all[i]);
	}
}

enum rc trial_run(const struct mapping *m, struct arena *a, const struct source_input *in, const struct zone *zone,
    size_t shown, struct trial *out, struct err *e)
{
	struct run r = { .a = a, .m = m, .shown = shown, .out = out };
	struct record rec;
	bool more;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	if ((rc = source_open(m, in, zone, &r.file, e)) != RC_OK)
		return rc;
	rc = mapping_shape(m, &r.file.ctx, &r.shape, e);
	out->source = mapping_source(m);
	out->file = in->file;
	out->shape = r.file.ctx.shape;
	out->complete = true;
	r.each = arena_new();
	prepare(&r);
	while (rc == RC_OK) {
		rc = reader_next(r.file.reader, &rec, &more, e);
		if (rc == RC_INVALID) {
			out->complete = false;
			out->why = arena_str(a, str_z(e->msg));
			err_init(e);
			rc = RC_OK;
			break;
		}
		if (rc != RC_OK || !more)
			break;
		arena_reset(r.each);
		one_record(&r, &rec);
	}
	arena_free(r.each);
	source_close(&r.file);
	return rc;
}

/* ---- as JSON */
static void names_where(struct buf *b, const char *what, const struct trial_collection *t,
    uint64_t (*value)(const struct trial_field *))
{
	bool first = true;
	size_t i;

	buf_fmt(b, ",\"%s\":{", what);
	for (i = 0; i < t->collection->n_fields; i++) {
		if (value(&t->fields[i]) == 0)
			continue;
		buf_z(b, first ? "" : ",");
		first = false;
		json_put_str(b, t->collection->fields[i].name);
		buf_fmt(b, ":%llu", (unsigned long long)value(&t->fields[i]));
	}
	buf_c(b, '}');
}

static uint64_t nulls(const struct trial_field *f) { return f->null; }
static uint64_t doubts(const struct trial_field *f) { return f->doubt; }
static uint64_t supplied(const struct trial_field *f) { return f->supplied; }

static void collection_json(const struct trial_collection *t, struct buf *b)
{
	bool first = true;
	size_t i;

	buf_z(b, "{\"collection\":");
	json_put_str(b, t->collection->name);
	buf_fmt(b, ",\"contributions\":%llu", (unsigned long long)t->contributions);
	names_where(b, "doubt", t, doubts);
	buf_fmt(b, ",\"items\":%llu,\"joining\":%llu", (unsigned long long)t->items, (unsigned long long)t->joining);
	names_where(b, "null", t, nulls);
	names_where(b, "supplied", t, supplied);
	buf_fmt(b, ",\"undated\":%llu,\"unsupplied\":[", (unsigned long long)t->undated);
	for (i = 0; i < t->collection->n_fields; i++) {
		if (t->ruled[i])
			continue;
		buf_z(b, first ? "" : ",");
		first = false;
		json_put_str(b, t->collection->fields[i].name);
	}
	buf_z(b, "]}");
}

static void item_json(const struct trial_item *t, struct buf *b)
{
	const struct collection *c = t->item.collection;
	struct arena *a = arena_new();
	bool first = true;
	size_t i;

	buf_z(b, "{\"collection\":");
	json_put_str(b, c->name);
	buf_z(b, ",\"doubt\":[");
	for (i = 0; i < c->n_fields; i++) {
		if (!t->item.fields[i].supplied || !t->item.fields[i].doubt)
			continue;
		buf_z(b, first ? "" : ",");
		first = false;
		json_put_str(b, c->fields[i].name);
	}
	buf_z(b, "],\"fields\":{");
	for (i = 0, first = true; i < c->n_fields; i++) {
		if (!t->item.fields[i].supplied)
			continue;
		buf_z(b, first ? "" : ",");
		first = false;
		json_put_str(b, c->fields[i].name);
		buf_c(b, ':');
		trial_value(a, &c->fields[i], &t->item.fields[i], true, b);
	}
	buf_z(b, "}");
	if (t->item.n_link > 0) {
		buf_z(b, ",\"joins\":[");
		for (i = 0; i < t->item.n_link; i++) {
			buf_z(b, i > 0 ? "," : "");
			json_put_str(b, c->fields[t->item.link[i]].name);
		}
		buf_c(b, ']');
	}
	buf_fmt(b, ",\"record\":%llu", (unsigned long long)t->record);
	if (t->item.has_updated) {
		buf_z(b, ",\"updated\":");
		json_put_str(b, instant_fmt(a, t->item.updated_us));
	}
	buf_c(b, '}');
	arena_free(a);
}

void trial_json(const struct trial *t, struct buf *b)
{
	size_t i;

	buf_z(b, "{\"collections\":[\n");
	for (i = 0; i < t->n_collections; i++) {
		buf_z(b, i > 0 ? ",\n" : "");
		collection_json(&t->collections[i], b);
	}
	buf_fmt(b, "],\n\"complete\":%s,\"counts\":{\"duplicate\":%llu,\"in\":%llu,\"kept\":%llu,\"no_item\":%llu,\"null_key\":%llu,"
	    "\"rejected\":%llu},\n\"file\":", t->complete ? "true" : "false", (unsigned long long)t->duplicate,
	    (unsigned long long)t->in, (unsigned long long)(t->with_items + t->no_item), (unsigned long long)t->no_item,
	    (unsigned long long)t->null_key, (unsigned long long)t->rejected);
	json_put_str(b, t->file);
	buf_z(b, ",\"items\":[");
	for (i = 0; i < t->n_items; i++) {
		buf_z(b, i > 0 ? ",\n" : "\n");
		item_json(&t->items[i], b);
	}
	buf_z(b, "],\n\"reasons\":{");
	for (i = 0; i < t->n_reasons; i++) {
		buf_z(b, i > 0 ? "," : "");
		json_put_str(b, t->reasons[i].text);
		buf_fmt(b, ":%llu", (unsigned long long)t->reasons[i].n);
	}
	buf_fmt(b, "},\"shape\":%zu,\"source\":", t->shape);
	json_put_str(b, t->source);
	buf_z(b, ",\"stopped\":");
	if (t->complete)
		buf_z(b, "null");
	else
		json_put_str(b, t->why);
	buf_z(b, ",\n\"unmatched\":[");
	for (i = 0; i < t->n_unmatched; i++) {
		size_t bad;
		struct str starts = t->unmatched[i].starts;

		if (!str_utf8_valid(starts, &bad))
			starts.n = bad;         /* cut in the middle of a character */
		buf_fmt(b, "%s{\"record\":%llu,\"starts\":", i > 0 ? ",\n" : "\n", (unsigned long long)t->unmatched[i].record);
		json_put_str(b, starts);
		buf_c(b, '}');
	}
	buf_z(b, "]}");
}

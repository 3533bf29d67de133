/* mapping_apply: one raw record and a compiled mapping to typed contributions.  Pure: no clock, no file, no state. */
#include <string.h>

#include "collect/mapping_priv.h"

struct apply {
	struct arena *a;
	const struct mapping_context *ctx;
	struct str record;
	bool is_json;
	struct mapped *out;
	size_t room;
	const struct rule *rule;
};

struct str scalar_text(const struct value *v)
{
	if (v->type == VALUE_BOOL)
		return v->is_true ? STR("true") : STR("false");
	return v->text;
}

bool value_is_scalar(const struct value *v)
{
	return v->type == VALUE_BOOL || v->type == VALUE_NUMBER || v->type == VALUE_STRING;
}

void mapping_near(struct mapping_context *ctx, bool has_extracted, int64_t extracted_us, bool has_covers, int64_t covers_to_us)
{
	ctx->has_near = has_extracted || has_covers;
	ctx->near_us = has_extracted ? extracted_us : covers_to_us;
}

bool pattern_parts(const struct pattern *pattern, struct arena *a, const struct mapping_context *ctx, struct str text,
    struct str *parts)
{
	return pattern_read(pattern, a, ctx->has_near ? &ctx->near_us : NULL, text, parts);
}

static bool parts_of(const struct apply *p, const struct pattern *pattern, struct str text, struct str *parts)
{
	return pattern_parts(pattern, p->a, p->ctx, text, parts);
}

/* ---- conditions */
struct tested {
	const struct condition *c;
	bool found, equal;
};

static void test_one(void *ctx, const struct value *v, const struct scope *s)
{
	struct tested *t = ctx;
	struct str text;
	size_t i;

	(void)s;
	if (v->type == VALUE_NULL)
		return;
	if (!value_is_scalar(v)) {
		t->found = true;
		return;
	}
	text = scalar_text(v);
	t->found = t->found || text.n > 0;      /* an empty text says nothing */
	for (i = 0; i < t->c->n && !t->equal; i++) {
		switch (t->c->test) {
		case TEST_PREFIX:
			t->equal = str_starts(text, t->c->values[i]);
			break;
		case TEST_SUFFIX:
			t->equal = str_ends(text, t->c->values[i]);
			break;
		case TEST_CONTAINS:
			t->equal = str_find(text, t->c->values[i]) >= 0;
			break;
		default:
			t->equal = str_eq(text, t->c->values[i]);
		}
	}
}

bool conditions_hold(const struct conditions *all, const struct scope *here)
{
	size_t i, k;

	for (i = 0; i < all->n; i++) {
		struct tested t = { &all->p[i], false, false };

		for (k = 0; k < t.c->n_paths; k++)
			path_each(&t.c->paths[k], here, true, test_one, &t);
		if (t.c->test == TEST_EXISTS || t.c->test == TEST_ABSENT) {
			if (t.found != (t.c->test == TEST_EXISTS))
				return false;
		} else if (t.equal == (t.c->test == TEST_NOT)) {
			return false;
		}
	}
	return true;
}

bool conditions_allow(const struct conditions *when, const struct conditions *not_when, const struct scope *here)
{
	return conditions_hold(when, here) && (not_when->n == 0 || !conditions_hold(not_when, here));
}

/* ---- people of a record that was cut */
/* The first mark inside of ${t}, by where it stands: the same words elsewhere, that a source wrote itself, are none. */
static const struct cut_mark *mark_in(const struct apply *p, struct str t)
{
	const struct cut_mark *m = p->ctx->marks;
	size_t low = 0, high = p->ctx->n_marks, mid, at;

	if (high == 0 || t.n < CUT_WORDS || t.p < p->record.p || t.p >= p->record.p + p->record.n)
		return NULL;
	at = (size_t)(t.p - p->record.p);
	while (low < high) {
		mid = (low + high) / 2;
		if (m[mid].at < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low < p->ctx->n_marks && m[low].at - at <= t.n - CUT_WORDS ? &m[low] : NULL;
}

/* What stood there, its JSON escapes undone. */
static struct str shown_text(const struct apply *p, const struct cut_mark *m)
{
	const struct value *v;
	struct err ignored;
	char *quoted;

	if (!p->is_json || m->shown.p == NULL || memchr(m->shown.p, '\\', m->shown.n) == NULL)
		return m->shown;
	quoted = arena_alloc_raw(p->a, m->shown.n + 2);
	quoted[0] = quoted[m->shown.n + 1] = '"';
	memcpy(quoted + 1, m->shown.p, m->shown.n);
	err_init(&ignored);
	return json_parse(p->a, (struct str){ quoted, m->shown.n + 2 }, &v, &ignored) == RC_OK ? v->text : m->shown;
}

/* ${t} as the field's type; where a person was cut out, or a part of what names one, that is the reference. */
static void set_scalar(const struct apply *p, const struct rule_field *r, enum field_type type, struct str t,
    struct field_value *out)
{
	const struct cut_mark *m = mark_in(p, t);
	struct str identity;

	if (m != NULL && (type == FIELD_SUBJECT || (type == FIELD_STRING && r->kind.n > 0))) {
		out->ref = m->subject;
		out->kind = r->kind;
		if (r->kind_in_text && (m->shown.p == NULL || !value_identity(p->a, shown_text(p, m), &out->kind, &identity)))
			out->kind = STR_NONE;
	} else if (m != NULL && t.n == CUT_WORDS && (type == FIELD_STRING || type == FIELD_TEXT)) {
		out->s = t;
		out->ref = m->subject;
		out->shown = shown_text(p, m);
	} else {
		value_scalar(p->a, p->ctx->zone, r, type, t, out);
	}
}

/* ---- fields */
enum translation { SAME, NOTHING, UNKNOWN_WORD };

static enum translation translate(const struct rule_field *r, enum field_type type, struct str *t)
{
	const struct word *any = NULL, *w = NULL;
	size_t i;

	for (i = 0; i < r->n_words && w == NULL; i++) {
		if (str_eq(r->words[i].from, *t))
			w = &r->words[i];
		else if (r->words[i].any)
			any = &r->words[i];
	}
	w = w != NULL ? w : any;
	if (r->n_words == 0)
		return SAME;
	if (w == NULL)                  /* a word that must be one of ours is in doubt; a time or a text stays what it is */
		return type == FIELD_ENUM || type == FIELD_BOOL ? UNKNOWN_WORD : SAME;
	*t = w->to;
	return w->to_null ? NOTHING : SAME;
}

static void set_text(const struct apply *p, const struct rule_field *r, enum field_type type, struct str t,
    struct field_value *out)
{
	struct str *parts;

	if (r->like != NULL) {
		parts = ARENA_ARRAY(p->a, pattern_fields(r->like), struct str);
		if (!parts_of(p, r->like, t, parts) || parts[r->like_part].p == NULL) {
			out->is_null = out->doubt = true;
			return;
		}
		t = parts[r->like_part];
	}
	switch (translate(r, type, &t)) {
	case SAME:
		set_scalar(p, r, type, t, out);
		break;
	case NOTHING:
		out->is_null = true;
		break;
	case UNKNOWN_WORD:
		out->is_null = out->doubt = true;
	}
}

/* Members of a list field, as they are found. */
struct gather {
	const struct apply *p;
	const struct rule_field *r;
	struct field_value *out;
	size_t room, seen;
};

static void gather_one(void *ctx, const struct value *v, const struct scope *s)
{
	struct gather *g = ctx;
	struct field_value *more;

	(void)s;
	g->seen++;
	if (g->out->n == g->room) {
		g->room = g->room == 0 ? 4 : g->room * 2;
		more = ARENA_ARRAY(g->p->a, g->room, struct field_value);
		if (g->out->n > 0)
			memcpy(more, g->out->items, g->out->n * sizeof(*more));
		g->out->items = more;
	}
	more = &g->out->items[g->out->n++];
	more->supplied = true;
	if (value_is_scalar(v))
		set_text(g->p, g->r, g->r->field->item_type, scalar_text(v), more);
	else
		more->is_null = true;
}

/* A table's cell: members with ; between them. */
static void set_cells(const struct apply *p, const struct rule_field *r, struct str rest, struct field_value *out)
{
	size_t n = 1, i;

	for (i = 0; i < rest.n; i++)
		n += rest.p[i] == ';';
	out->items = ARENA_ARRAY(p->a, n, struct field_value);
	while (rest.p != NULL) {
		struct str t = str_trim(str_cut(&rest, ';'));

		if (t.n == 0)
			continue;
		out->items[out->n].supplied = true;
		set_text(p, r, r->field->item_type, t, &out->items[out->n++]);
	}
}

static bool has_all(const struct path *path)
{
	size_t i;

	for (i = 0; i < path->n; i++)
		if (path->steps[i].kind == STEP_ALL)
			return true;
	return false;
}

static void set_list(const struct apply *p, const struct rule_field *r, const struct path *path, const struct value *v,
    const struct scope *here, struct field_value *out)
{
	struct gather g = { p, r, out, 0, 0 };

	if (v->type == VALUE_STRING && !has_all(path))
		set_cells(p, r, v->text, out);
	else
		path_each(path, here, true, gather_one, &g);
}

static void count_one(void *ctx, const struct value *v, const struct scope *s)
{
	(void)v;
	(void)s;
	(*(int64_t *)ctx)++;
}

static void set_absent(const struct rule_field *r, struct field_value *out)
{
	if (r->absent_unknown)
		out->supplied = false;
	else
		out->is_null = true;
}

static void set_count(const struct rule_field *r, const struct scope *here, struct field_value *out)
{
	size_t i;

	for (i = 0; i < r->n_paths; i++) {
		if (path_first(&r->paths[i], here) == NULL && !has_all(&r->paths[i]))
			continue;
		path_each(&r->paths[i], here, true, count_one, &out->i);
		return;
	}
	set_absent(r, out);
}

static void set_pieces(const struct apply *p, const struct rule_field *r, const struct scope *here, const struct str *parts,
    struct field_value *out)
{
	const struct value *v;
	struct buf b;
	size_t i;

	buf_init(&b, LIMIT_RECORD);
	for (i = 0; i < r->n_pieces; i++) {
		const struct piece *q = &r->pieces[i];

		if (q->is_literal) {
			buf_str(&b, q->literal);
		} else if (q->part != SIZE_MAX && parts[q->part].p != NULL) {
			buf_str(&b, parts[q->part]);
		} else {
			v = q->part == SIZE_MAX ? path_first(&q->path, here) : NULL;
			if (v == NULL || !value_is_scalar(v)) {
				buf_done(&b);
				set_absent(r, out);
				return;
			}
			buf_str(&b, scalar_text(v));
		}
	}
	set_text(p, r, r->field->type, arena_str(p->a, buf_view(&b)), out);
	buf_done(&b);
}

static void set_path(const struct apply *p, const struct rule_field *r, const struct scope *here, struct field_value *out)
{
	const struct value *v = NULL, *null = NULL;
	const struct path *path = NULL;
	size_t i;

	for (i = 0; i < r->n_paths && v == NULL; i++) {
		path = &r->paths[i];
		v = path_first(path, here);
		if (v != NULL && v->type == VALUE_NULL) {
			null = v;
			v = NULL;
		}
	}
	if (v == NULL && null == NULL)
		set_absent(r, out);
	else if (v == NULL)
		out->is_null = true;
	else if (r->field->type == FIELD_LIST)
		set_list(p, r, path, v, here, out);
	else if (!value_is_scalar(v))
		out->is_null = out->doubt = true;
	else
		set_text(p, r, r->field->type, scalar_text(v), out);
}

/* One way to a field.  False: it does not apply here. */
static bool one_way(const struct apply *p, const struct rule_field *r, const struct scope *here, const struct str *parts,
    struct field_value *out)
{
	const struct value *v;

	memset(out, 0, sizeof(*out));
	if (!conditions_allow(&r->when, &r->not_when, here))
		return false;
	if (r->has_unless) {
		v = path_first(&r->unless, here);
		if (v != NULL && v->type == VALUE_LIST && v->n > r->unless_longer)
			return false;
	}
	out->supplied = true;
	switch (r->from) {
	case FROM_CONST:
		value_scalar(p->a, p->ctx->zone, r, r->field->type, r->constant, out);
		break;
	case FROM_PART:
		if (parts[r->part].p == NULL)           /* a key that is not there */
			set_absent(r, out);
		else
			set_text(p, r, r->field->type, parts[r->part], out);
		break;
	case FROM_TEXT:
		set_pieces(p, r, here, parts, out);
		break;
	case FROM_COUNT:
		set_count(r, here, out);
		break;
	case FROM_PATH:
		set_path(p, r, here, out);
	}
	return true;
}

/* The first way that applies and finds something; else what the last that applied says. */
static void set_field(const struct apply *p, const struct rule_field *r, const struct scope *here, const struct str *parts,
    struct field_value *out)
{
	struct field_value found;

	memset(out, 0, sizeof(*out));
	for (; r != NULL; r = r->otherwise) {
		if (!one_way(p, r, here, parts, &found))
			continue;
		*out = found;
		if (found.supplied && !found.is_null)
			return;
	}
}

static void count_keys(struct mapped *out, const struct contribution *c)
{
	size_t i;

	for (i = 0; i < c->collection->n_key; i++) {
		const struct field_value *v = &c->fields[c->collection->key[i]];

		if (!v->supplied || v->is_null) {
			out->null_keys++;
			return;
		}
	}
}

static struct contribution *new_item(struct apply *p, const struct collection *c)
{
	struct mapped *out = p->out;
	struct contribution *more;

	if (out->n == p->room) {
		p->room = p->room == 0 ? 2 : p->room * 2;
		more = ARENA_ARRAY(p->a, p->room, struct contribution);
		if (out->n > 0)
			memcpy(more, out->items, out->n * sizeof(*more));
		out->items = more;
	}
	more = &out->items[out->n++];
	more->collection = c;
	more->fields = ARENA_ARRAY(p->a, c->n_fields, struct field_value);
	return more;
}

static void set_updated(const struct apply *p, const struct rule *r, const struct scope *here, struct contribution *c)
{
	const struct value *v = path_first(&r->updated, here);
	struct field_value when = { 0 };

	if (v == NULL || !value_is_scalar(v))
		return;
	value_time(p->ctx->zone, r->updated_unit, r->updated_utc, scalar_text(v), &when);
	c->has_updated = !when.is_null;
	c->updated_us = r->earliest ? -when.i : when.i; /* of several the greatest stands */
}

static void one_item(void *ctx, const struct value *v, const struct scope *here)
{
	struct apply *p = ctx;
	const struct rule *r = p->rule;
	struct str *parts = NULL;
	struct contribution *c;
	size_t i;

	(void)v;
	if (!conditions_allow(&r->when, &r->not_when, here))
		return;
	if (r->pattern != NULL) {
		parts = ARENA_ARRAY(p->a, pattern_fields(r->pattern), struct str);
		v = path_first(&r->pattern_path, here);
		if (v == NULL || v->type != VALUE_STRING || !parts_of(p, r->pattern, v->text, parts))
			return;
	}
	c = new_item(p, r->collection);
	for (i = 0; i < r->n_fields; i++)
		set_field(p, &r->fields[i], here, parts, &c->fields[r->fields[i].field->index]);
	if (r->has_updated)
		set_updated(p, r, here, c);
	c->link = r->link;
	c->n_link = r->n_link;
	if (c->n_link == 0)
		count_keys(p->out, c);
}

/* Each column is the field of its name; what is empty is null, what is no column is not supplied. */
static void table_item(struct apply *p, const struct rule *r, const struct value *root)
{
	struct contribution *c = new_item(p, r->collection);
	size_t i;

	for (i = 0; i < root->n; i++) {
		const struct field *f = collection_field(r->collection, root->members[i].key);
		struct rule_field rf = { .field = f, .kind_in_text = true };
		const struct value *v = &root->members[i].value;

		if (f == NULL)
			continue;
		c->fields[f->index].supplied = true;
		if (v->type == VALUE_NULL)
			c->fields[f->index].is_null = true;
		else if (f->type == FIELD_LIST)
			set_cells(p, &rf, v->text, &c->fields[f->index]);
		else
			set_scalar(p, &rf, f->type, v->text, &c->fields[f->index]);
	}
	count_keys(p->out, c);
}

void mapping_items(const struct mapping *m, struct arena *a, const struct mapping_context *ctx,
    const struct mapping_record *r, struct mapped *out)
{
	struct apply p = { .a = a, .ctx = ctx, .record = r->bytes, .out = out };
	const struct scope root = { r->root, NULL };
	size_t i;

	(void)m;
	memset(out, 0, sizeof(*out));
	p.is_json = r->shape->reads == READS_LINES || r->shape->reads == READS_JSON;
	out->has_id = r->has_id;
	out->id = r->id;
	for (i = 0; i < r->shape->n_rules; i++) {
		p.rule = &r->shape->rules[i];
		if (p.rule->is_table)
			table_item(&p, p.rule, root.here);
		else if (p.rule->has_each)
			path_each(&p.rule->each, &root, true, one_item, &p);
		else
			one_item(&p, root.here, &root);
	}
}

enum rc mapping_apply(const struct mapping *m, struct arena *a, const struct mapping_context *ctx, struct str record,
    struct mapped *out, struct err *e)
{
	struct mapping_record r;
	enum rc rc = mapping_read(m, a, ctx, record, &r, e);

	memset(out, 0, sizeof(*out));
	out->is_other = r.is_other;
	if (rc == RC_OK)
		mapping_items(m, a, ctx, &r, out);
	return rc;
}

/* mapping_apply: one raw record and a compiled mapping to typed contributions.  Pure: no clock, no file, no state. */
#include <string.h>

#include "base/xml.h"
#include "collect/mapping_priv.h"

struct apply {
	struct arena *a;
	const struct mapping_context *ctx;
	struct mapped *out;
	size_t room;
	const struct rule *rule;
};

static struct str text_of(const struct value *v)
{
	if (v->type == VALUE_BOOL)
		return v->is_true ? STR("true") : STR("false");
	return v->text;
}

static bool is_scalar(const struct value *v)
{
	return v->type == VALUE_BOOL || v->type == VALUE_NUMBER || v->type == VALUE_STRING;
}

void mapping_near(struct mapping_context *ctx, bool has_extracted, int64_t extracted_us, bool has_covers, int64_t covers_to_us)
{
	ctx->has_near = has_extracted || has_covers;
	ctx->near_us = has_extracted ? extracted_us : covers_to_us;
}

static bool parts_of(const struct apply *p, const struct pattern *pattern, struct str text, struct str *parts)
{
	return pattern_read(pattern, p->a, p->ctx->has_near ? &p->ctx->near_us : NULL, text, parts);
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
	if (!is_scalar(v)) {
		t->found = true;
		return;
	}
	text = text_of(v);
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

static bool conditions_hold(const struct conditions *all, const struct scope *here)
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

static bool excluded(const struct conditions *not_when, const struct scope *here)
{
	return not_when->n > 0 && conditions_hold(not_when, here);
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
		value_scalar(p->a, p->ctx->zone, r, type, t, out);
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
	if (is_scalar(v))
		set_text(g->p, g->r, g->r->field->item_type, text_of(v), more);
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
			if (v == NULL || !is_scalar(v)) {
				buf_done(&b);
				set_absent(r, out);
				return;
			}
			buf_str(&b, text_of(v));
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
	else if (!is_scalar(v))
		out->is_null = out->doubt = true;
	else
		set_text(p, r, r->field->type, text_of(v), out);
}

/* One way to a field.  False: it does not apply here. */
static bool one_way(const struct apply *p, const struct rule_field *r, const struct scope *here, const struct str *parts,
    struct field_value *out)
{
	const struct value *v;

	memset(out, 0, sizeof(*out));
	if (!conditions_hold(&r->when, here) || excluded(&r->not_when, here))
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

	if (v == NULL || !is_scalar(v))
		return;
	value_time(p->ctx->zone, r->updated_unit, r->updated_utc, text_of(v), &when);
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
	if (!conditions_hold(&r->when, here) || excluded(&r->not_when, here))
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
			value_scalar(p->a, p->ctx->zone, &rf, f->type, v->text, &c->fields[f->index]);
	}
	count_keys(p->out, c);
}

static enum rc row_value(struct arena *a, const struct shape *s, const struct mapping_context *ctx, struct str record,
    const struct value **out, struct err *e)
{
	struct value *v = ARENA_NEW(a, struct value);
	struct str *cells;
	size_t n, i;
	enum rc rc;

	rc = s->reads == READS_TSV ? row_cut(a, record, ctx->delimiter, &cells, &n, e) :
	    row_split(a, record, ctx->delimiter, &cells, &n, e);
	if (rc != RC_OK)
		return rc;
	if (n != ctx->n_columns)
		return err_set(e, RC_INVALID, "the row has %zu cells and the header %zu", n, ctx->n_columns);
	v->type = VALUE_MAP;
	v->n = n;
	v->members = ARENA_ARRAY(a, n, struct member);
	for (i = 0; i < n; i++) {
		struct str t = str_trim(cells[i]);

		v->members[i].key = ctx->columns[i];
		v->members[i].value.type = t.n == 0 ? VALUE_NULL : VALUE_STRING;
		v->members[i].value.text = t;
	}
	*out = v;
	return RC_OK;
}

static enum rc whole_value(struct arena *a, const struct mapping_context *ctx, struct str record, const struct value **out,
    struct err *e)
{
	char name[300];
	size_t n;
	enum rc rc;

	if (record.n > 0 && (record.p[0] == '{' || record.p[0] == '['))
		return json_parse(a, record, out, e);
	(void)memset(name, 0, sizeof(name));
	memcpy(name, ctx->file.p != NULL ? ctx->file.p : "", ctx->file.n < 299 ? ctx->file.n : 299);
	if ((rc = yaml_parse(a, name, record, out, &n, e)) != RC_OK)
		return rc;
	return n == 1 ? RC_OK : err_set(e, RC_INVALID, "the file holds %zu YAML documents, and one was expected", n);
}

/* A line of a log is text: rules take it apart with a pattern over the path ".". */
static enum rc line_value(struct arena *a, struct str record, const struct value **out)
{
	struct value *v = ARENA_NEW(a, struct value);

	v->type = VALUE_STRING;
	v->text = record;
	v->end = record.n;
	*out = v;
	return RC_OK;
}

static enum rc parse(struct arena *a, const struct shape *s, const struct mapping_context *ctx, struct str record,
    const struct value **out, struct err *e)
{
	switch (s->reads) {
	case READS_TABLE:
	case READS_TSV:
		return row_value(a, s, ctx, record, out, e);
	case READS_WHOLE:
		return whole_value(a, ctx, record, out, e);
	case READS_TEXT:
		return line_value(a, record, out);
	case READS_XML:
		return xml_parse(a, record, out, e);
	case READS_LINES:
	case READS_JSON:
		break;
	}
	return json_parse(a, record, out, e);
}

static void identity(const struct mapping *m, const struct apply *p, const struct scope *root)
{
	struct buf b;
	size_t i;

	if (m->n_identity == 0)
		return;
	buf_init(&b, 1 << 16);
	for (i = 0; i < m->n_identity; i++) {
		const struct value *v = path_first(&m->identity[i], root);

		if (v == NULL || !is_scalar(v) || text_of(v).n == 0)
			goto out;
		if (i > 0)
			buf_c(&b, 0x1f);
		buf_str(&b, text_of(v));
	}
	if (!b.failed) {
		p->out->has_id = true;
		p->out->id = arena_str(p->a, buf_view(&b));
	}
out:
	buf_done(&b);
}

static struct str last_name(const struct path *p)
{
	size_t i = p->n;

	while (i > 0 && p->steps[i - 1].name.n == 0)
		i--;
	return i > 0 ? p->steps[i - 1].name : STR(".");
}

/* What a record of this shape must have. */
static enum rc fits(const struct mapping *m, const struct shape *s, const struct scope *root, bool *is_other, struct err *e)
{
	size_t i, k;

	*is_other = true;
	for (i = 0; i < s->n_detect; i++) {
		for (k = 0; k < s->detect[i].n_paths && path_first(&s->detect[i].paths[k], root) == NULL; k++)
			;
		if (k == s->detect[i].n_paths)
			return err_set(e, RC_INVALID, "this is no record of %.*s: it has no \"%.*s\"", STR_FMT(m->source),
			    STR_FMT(last_name(&s->detect[i].paths[0])));
	}
	for (i = 0; i < s->when.n; i++) {
		const struct conditions one = { &s->when.p[i], 1 };

		if (!conditions_hold(&one, root))
			return err_set(e, RC_INVALID, "this is no record of %.*s: its \"%.*s\" is another's", STR_FMT(m->source),
			    STR_FMT(last_name(&s->when.p[i].paths[0])));
	}
	*is_other = false;
	return RC_OK;
}

enum rc mapping_apply(const struct mapping *m, struct arena *a, const struct mapping_context *ctx, struct str record,
    struct mapped *out, struct err *e)
{
	struct apply p = { .a = a, .ctx = ctx, .out = out };
	struct scope root = { NULL, NULL };
	const struct shape *s;
	size_t i;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	if ((rc = mapping_shape(m, ctx, &s, e)) != RC_OK || (rc = parse(a, s, ctx, record, &root.here, e)) != RC_OK)
		return rc;
	for (i = 0; i < s->n_within; i++) {
		const struct value *inner = path_first(&s->within[i], &root);

		if (inner != NULL && inner->type == VALUE_MAP) {
			root.here = inner;
			break;
		}
	}
	if ((rc = fits(m, s, &root, &out->is_other, e)) != RC_OK)
		return rc;
	identity(m, &p, &root);
	for (i = 0; i < s->n_rules; i++) {
		p.rule = &s->rules[i];
		if (p.rule->is_table)
			table_item(&p, p.rule, root.here);
		else if (p.rule->has_each)
			path_each(&p.rule->each, &root, true, one_item, &p);
		else
			one_item(&p, root.here, &root);
	}
	return RC_OK;
}

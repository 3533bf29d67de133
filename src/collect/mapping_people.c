/* mapping_people: whose bytes a record holds: "personal" of a mapping compiled, and the ranges that it finds.  Cutting them
 * out is seal/cut.h's. */
#include <stdlib.h>
#include <string.h>

#include "collect/mapping_priv.h"
#include "model/state.h"

enum { DEPTH = 64 };                    /* of values inside of a value that is cut as a whole */

/* ---- compiling */
static enum rc part_of(struct compile *c, const struct value *v, struct pattern *pattern, size_t *out)
{
	if (v->type != VALUE_STRING || (*out = pattern_field(pattern, v->text)) == SIZE_MAX)
		return mapping_wrong(c, v, "the pattern has no field \"%.*s\"", STR_FMT(v->text));
	return RC_OK;
}

static enum rc in_pattern(struct compile *c, const struct value *v, struct personal *p)
{
	const struct value *part = value_get(v, "part"), *parts = value_get(v, "parts");
	size_t i;
	enum rc rc;

	if ((rc = mapping_pattern(c, value_get(v, "pattern"), &p->pattern, &p->pattern_path)) != RC_OK)
		return rc;
	if (part == NULL || value_get(v, "path") != NULL || value_get(v, "with") != NULL || value_get(v, "like") != NULL ||
	    value_get(v, "cut") != NULL)
		return mapping_wrong(c, v, "with a pattern a person is {pattern, subject, part, parts}");
	if ((rc = part_of(c, part, p->pattern, &p->part)) != RC_OK || parts == NULL)
		return rc;
	if (parts->type != VALUE_LIST)
		return mapping_wrong(c, parts, "\"parts\" takes a list of the pattern's fields");
	p->with_parts = ARENA_ARRAY(c->a, parts->n, size_t);
	for (i = 0; i < parts->n; i++)
		if ((rc = part_of(c, &parts->items[i], p->pattern, &p->with_parts[p->n_with_parts++])) != RC_OK)
			return rc;
	return RC_OK;
}

/* A pattern over the text that identifies, and its field "it", else its first. */
static enum rc inside(struct compile *c, const struct value *v, struct pattern **pattern, size_t *part)
{
	struct err why;

	err_init(&why);
	if (v == NULL)
		return RC_OK;
	if (pattern_compile(c->a, v->text, pattern, &why) != RC_OK)
		return mapping_wrong(c, v, "%s", why.msg);
	*part = pattern_field(*pattern, STR("it"));
	*part = *part == SIZE_MAX ? 0 : *part;
	return RC_OK;
}

static enum rc at_paths(struct compile *c, const struct value *v, struct personal *p)
{
	const struct value *at = value_get(v, "path"), *with = value_get(v, "with");
	enum rc rc;

	if (at == NULL || value_get(v, "part") != NULL || value_get(v, "parts") != NULL)
		return mapping_wrong(c, v, "a person is {subject, path, with}: the kind of identity, where it stands, and where else "
		    "words about the same person do");
	if ((rc = mapping_paths(c, at, &p->paths, &p->n_paths)) != RC_OK)
		return rc;
	if (with != NULL && (rc = mapping_paths(c, with, &p->with, &p->n_with)) != RC_OK)
		return rc;
	if (value_get(v, "like") != NULL && value_get(v, "cut") != NULL)
		return mapping_wrong(c, v, "\"like\" and \"cut\" exclude each other: a part that identifies, or one that is cut");
	if ((rc = inside(c, value_get(v, "like"), &p->like, &p->like_part)) != RC_OK)
		return rc;
	return inside(c, value_get(v, "cut"), &p->cut, &p->cut_part);
}

static enum rc one(struct compile *c, const struct value *v, struct personal *p)
{
	static const char *const known[] = { "subject", "path", "with", "like", "cut", "each", "when", "unless", "pattern", "part",
		"parts" };
	const struct value *each, *when, *unless;
	struct path *path;
	size_t n;
	enum rc rc;

	if ((rc = mapping_keys(c, v, "a person", known, ARRAY_LEN(known))) != RC_OK)
		return rc;
	each = value_get(v, "each");
	when = value_get(v, "when");
	unless = value_get(v, "unless");
	p->kind = value_text(v, "subject");
	if (p->kind.n == 0 || p->kind.n > 64 || str_find(p->kind, STR(":")) >= 0)
		return mapping_wrong(c, v, "a person needs \"subject\", a kind of identity such as github.login, without a colon");
	if (each != NULL) {
		if ((rc = mapping_paths(c, each, &path, &n)) != RC_OK)
			return rc;
		p->each = path[0];
		p->has_each = true;
	}
	if (when != NULL && (rc = mapping_conditions(c, when, &p->when)) != RC_OK)
		return rc;
	if (unless != NULL && (rc = mapping_conditions(c, unless, &p->not_when)) != RC_OK)
		return rc;
	return value_get(v, "pattern") != NULL ? in_pattern(c, v, p) : at_paths(c, v, p);
}

enum rc mapping_personal(struct compile *c, const struct value *v, struct personal **out, size_t *n)
{
	size_t i;
	enum rc rc;

	if (v->type != VALUE_LIST)
		return mapping_wrong(c, v, "\"personal\" takes a list of people");
	*out = ARENA_ARRAY(c->a, v->n, struct personal);
	for (i = 0; i < v->n; i++)
		if ((rc = one(c, &v->items[i], &(*out)[i])) != RC_OK)
			return rc;
	*n = v->n;
	return RC_OK;
}

/* ---- finding */
struct found {
	struct personal_range range;
	size_t order;                   /* who is named first has what two of them claim */
};

struct find {
	struct arena *a;
	const struct mapping_context *ctx;
	const struct mapping_record *r;
	bool is_json;
	const struct personal *who;
	struct str kind, identity;      /* of the person that ranges are found for */
	struct found *p;
	size_t n, room;
};

static void add(struct find *f, size_t at, size_t end, enum cut_form form)
{
	struct found *more;

	if (at >= end || end > f->r->bytes.n)
		return;
	if (f->n == f->room) {
		f->room = f->room == 0 ? 8 : f->room * 2;
		more = ARENA_ARRAY(f->a, f->room, struct found);
		if (f->n > 0)
			memcpy(more, f->p, f->n * sizeof(*more));
		f->p = more;
	}
	f->p[f->n] = (struct found){ { at, end, form, f->kind, f->identity }, f->n };
	f->n++;
}

/* Where ${t} stands in the record, if it was not decoded. */
static bool in_record(const struct find *f, struct str t, size_t *at)
{
	struct str r = f->r->bytes;

	if (t.p == NULL || t.p < r.p || t.p > r.p + r.n || t.n > (size_t)(r.p + r.n - t.p))
		return false;
	*at = (size_t)(t.p - r.p);
	return true;
}

/* The bytes of ${t}, which is ${v}'s text or a part of it; of a text that had to be decoded all of it. */
static void add_text(struct find *f, const struct value *v, struct str t)
{
	size_t at;

	if (str_is(t, "-"))
		return;                         /* a dash says that there is none */
	if (in_record(f, t, &at))
		add(f, at, at + t.n, CUT_TEXT);
	else if (f->is_json)
		add(f, v->at + 1, v->end > 0 ? v->end - 1 : 0, CUT_TEXT);
	else
		add(f, v->at, v->end, CUT_TEXT);
}

static void add_value(struct find *f, const struct value *v, unsigned depth)
{
	size_t i;

	switch (v->type) {
	case VALUE_NULL:
		break;
	case VALUE_STRING:
		add_text(f, v, v->text);
		break;
	case VALUE_NUMBER:
	case VALUE_BOOL:
		if (f->is_json)
			add(f, v->at, v->end, CUT_SCALAR);
		break;
	case VALUE_LIST:
		for (i = 0; i < v->n && depth < DEPTH; i++)
			add_value(f, &v->items[i], depth + 1);
		break;
	case VALUE_MAP:
		for (i = 0; i < v->n && depth < DEPTH; i++)
			add_value(f, &v->members[i].value, depth + 1);
	}
}

static void add_each(void *ctx, const struct value *v, const struct scope *s)
{
	(void)s;
	add_value(ctx, v, 0);
}

static bool is_somebody(struct find *f, struct str text)
{
	f->kind = f->who->kind;
	f->identity = subject_normalize(f->a, text);
	return f->identity.n > 0 && f->identity.n <= 4000 && !str_is(f->identity, "-");
}

static void in_text(struct find *f, const struct scope *here)
{
	const struct personal *p = f->who;
	const struct value *v = path_first(&p->pattern_path, here);
	struct str *parts = ARENA_ARRAY(f->a, pattern_fields(p->pattern), struct str);
	size_t i;

	if (v == NULL || v->type != VALUE_STRING || !pattern_parts(p->pattern, f->a, f->ctx, v->text, parts) ||
	    parts[p->part].p == NULL || !is_somebody(f, parts[p->part]))
		return;
	add_text(f, v, parts[p->part]);
	for (i = 0; i < p->n_with_parts; i++)
		if (parts[p->with_parts[i]].p != NULL)
			add_text(f, v, parts[p->with_parts[i]]);
}

/* ${*text} becomes the pattern's part of it; false: it does not fit.  Without a pattern it stays. */
static bool part_in(struct find *f, const struct pattern *pattern, size_t part, struct str *text)
{
	struct str *parts;

	if (pattern == NULL)
		return true;
	parts = ARENA_ARRAY(f->a, pattern_fields(pattern), struct str);
	if (!pattern_parts(pattern, f->a, f->ctx, *text, parts) || parts[part].p == NULL)
		return false;
	*text = parts[part];
	return true;
}

static void one_person(void *ctx, const struct value *element, const struct scope *here)
{
	struct find *f = ctx;
	const struct personal *p = f->who;
	const struct value *v = NULL;
	struct str text, cut;
	size_t i;

	(void)element;
	if (!conditions_allow(&p->when, &p->not_when, here))
		return;
	if (p->pattern != NULL) {
		in_text(f, here);
		return;
	}
	for (i = 0; i < p->n_paths && (v == NULL || v->type == VALUE_NULL); i++)
		v = path_first(&p->paths[i], here);
	if (v == NULL || !value_is_scalar(v))
		return;
	text = scalar_text(v);
	if (!part_in(f, p->like, p->like_part, &text) || !is_somebody(f, text))
		return;
	cut = text;
	if (!part_in(f, p->cut, p->cut_part, &cut))
		return;
	if (v->type == VALUE_STRING)
		add_text(f, v, cut);
	else
		add_value(f, v, 0);
	for (i = 0; i < p->n_with; i++)
		path_each(&p->with[i], here, false, add_each, f);
}

/* ---- tables whose columns are fields: their schema says who is a person and what is personal */
static void cell_people(struct find *f, const struct field *field, const struct value *v)
{
	struct str rest = v->text;

	if (field->type == FIELD_SUBJECT && value_identity(f->a, v->text, &f->kind, &f->identity))
		add_text(f, v, v->text);
	while (field->type == FIELD_LIST && field->item_type == FIELD_SUBJECT && rest.p != NULL) {
		struct str t = str_trim(str_cut(&rest, ';'));
		size_t at;

		if (t.n > 0 && in_record(f, t, &at) && value_identity(f->a, t, &f->kind, &f->identity))
			add(f, at, at + t.n, CUT_TEXT);
	}
}

/* The one subject of the natural key, whose register it is; NULL: there is none, or there are several. */
static const struct field *holder(const struct collection *c)
{
	const struct field *found = NULL;
	size_t i;

	for (i = 0; i < c->n_key; i++) {
		if (c->fields[c->key[i]].type != FIELD_SUBJECT)
			continue;
		if (found != NULL)
			return NULL;
		found = &c->fields[c->key[i]];
	}
	return found;
}

static void table_people(struct find *f, const struct rule *r, const struct value *row)
{
	const struct field *key = holder(r->collection), *field;
	const struct value *who = key != NULL ? value_get_str(row, key->name) : NULL;
	size_t i;

	for (i = 0; i < row->n; i++)
		if ((field = collection_field(r->collection, row->members[i].key)) != NULL &&
		    row->members[i].value.type == VALUE_STRING)
			cell_people(f, field, &row->members[i].value);
	if (who == NULL || who->type != VALUE_STRING || !value_identity(f->a, who->text, &f->kind, &f->identity))
		return;
	for (i = 0; i < row->n; i++)
		if ((field = collection_field(r->collection, row->members[i].key)) != NULL && field->personal &&
		    (field->type == FIELD_STRING || field->type == FIELD_TEXT))
			add_value(f, &row->members[i].value, 0);
}

/* ---- in order, each byte once */
static int by_place(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->range.at != y->range.at)
		return x->range.at < y->range.at ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

bool mapping_names_people(const struct mapping *m)
{
	size_t i, k;

	for (i = 0; i < m->n_shapes; i++) {
		if (m->shapes[i].n_people > 0)
			return true;
		for (k = 0; k < m->shapes[i].n_rules; k++)
			if (m->shapes[i].rules[k].is_table)
				return true;
	}
	return false;
}

void mapping_people(const struct mapping *m, struct arena *a, const struct mapping_context *ctx,
    const struct mapping_record *r, struct personal_range **out, size_t *n)
{
	const struct shape *s = r->shape;
	struct find f = { .a = a, .ctx = ctx, .r = r };
	const struct scope root = { r->root, NULL };
	size_t i, end = 0;

	(void)m;
	*n = 0;
	*out = NULL;
	if (s->reads == READS_XML || s->reads == READS_WHOLE)
		return;
	f.is_json = s->reads == READS_LINES || s->reads == READS_JSON;
	for (i = 0; i < s->n_people; i++) {
		f.who = &s->people[i];
		if (f.who->has_each)
			path_each(&f.who->each, &root, true, one_person, &f);
		else
			one_person(&f, r->root, &root);
	}
	for (i = 0; i < s->n_rules; i++)
		if (s->rules[i].is_table)
			table_people(&f, &s->rules[i], r->root);
	if (f.n == 0)
		return;
	if (f.n > 1)
		qsort(f.p, f.n, sizeof(*f.p), by_place);
	*out = ARENA_ARRAY(a, f.n, struct personal_range);
	for (i = 0; i < f.n; i++) {
		if (f.p[i].range.at < end)
			continue;
		(*out)[(*n)++] = f.p[i].range;
		end = f.p[i].range.end;
	}
}

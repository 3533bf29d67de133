/* mapping_rule: the items of a mapping compiled: which elements, under which conditions, in which collection. */
#include <stdio.h>
#include <string.h>

#include "collect/mapping_priv.h"

enum rc mapping_wrong(struct compile *c, const struct value *v, const char *fmt, ...)
{
	char text[700];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(c->e, RC_INVALID, "%s:%u:%u: %s", c->file, v->line, v->column, text);
}

enum rc mapping_keys(struct compile *c, const struct value *v, const char *what, const char *const *known, size_t n)
{
	size_t i, k;

	if (v->type != VALUE_MAP)
		return mapping_wrong(c, v, "%s is a map", what);
	for (i = 0; i < v->n; i++) {
		for (k = 0; k < n && !str_is(v->members[i].key, known[k]); k++)
			;
		if (k == n)
			return mapping_wrong(c, &v->members[i].value, "%s has no \"%.*s\"", what, STR_FMT(v->members[i].key));
	}
	return RC_OK;
}

static enum rc one_path(struct compile *c, const struct value *v, struct path *out)
{
	struct err why;

	err_init(&why);
	if (v->type != VALUE_STRING)
		return mapping_wrong(c, v, "a path is a name, or names with dots between them");
	if (path_compile(c->a, v->text, out, &why) != RC_OK)
		return mapping_wrong(c, v, "%s", why.msg);
	return RC_OK;
}

/* One path or a list of them. */
enum rc mapping_paths(struct compile *c, const struct value *v, struct path **out, size_t *n)
{
	const struct value *items = v;
	size_t count = 1, i;
	enum rc rc;

	if (v->type == VALUE_LIST) {
		items = v->items;
		count = v->n;
	}
	if (count == 0)
		return mapping_wrong(c, v, "a list of paths has at least one");
	*out = ARENA_ARRAY(c->a, count, struct path);
	for (i = 0; i < count; i++)
		if ((rc = one_path(c, &items[i], &(*out)[i])) != RC_OK)
			return rc;
	*n = count;
	return RC_OK;
}

static enum rc condition_values(struct compile *c, const struct value *v, struct condition *to)
{
	const struct value *items = v->type == VALUE_LIST ? v->items : v;
	size_t n = v->type == VALUE_LIST ? v->n : 1, i;

	if (n == 0)
		return mapping_wrong(c, v, "a list of values has at least one");
	to->values = ARENA_ARRAY(c->a, n, struct str);
	for (i = 0; i < n; i++) {
		if (items[i].type == VALUE_LIST || items[i].type == VALUE_MAP || items[i].type == VALUE_NULL)
			return mapping_wrong(c, &items[i], "a value to compare with is a text, a number, true or false");
		to->values[i] = items[i].type == VALUE_BOOL ? (items[i].is_true ? STR("true") : STR("false")) : items[i].text;
	}
	to->n = n;
	return RC_OK;
}

static enum rc condition(struct compile *c, const struct value *v, struct condition *to)
{
	static const struct {
		const char *name;
		enum test test;
	} tests[] = { { "is", TEST_IS }, { "not", TEST_NOT }, { "prefix", TEST_PREFIX }, { "suffix", TEST_SUFFIX },
		{ "contains", TEST_CONTAINS } };
	size_t i;

	if (v->type == VALUE_LIST && v->n > 0) {
		to->test = TEST_IS;
		return condition_values(c, v, to);
	}
	if (v->type != VALUE_MAP || v->n != 1)
		return mapping_wrong(c, v, "\"when\" takes a list of values for each path, or one of {is, not, prefix, suffix, contains, "
		    "exists}");
	if (str_is(v->members[0].key, "exists")) {
		if (v->members[0].value.type != VALUE_BOOL)
			return mapping_wrong(c, &v->members[0].value, "\"exists\" takes true or false");
		to->test = v->members[0].value.is_true ? TEST_EXISTS : TEST_ABSENT;
		return RC_OK;
	}
	for (i = 0; i < ARRAY_LEN(tests); i++) {
		if (str_is(v->members[0].key, tests[i].name)) {
			to->test = tests[i].test;
			return condition_values(c, &v->members[0].value, to);
		}
	}
	return mapping_wrong(c, v, "\"when\" knows no \"%.*s\": is, not, prefix, suffix, contains and exists",
	    STR_FMT(v->members[0].key));
}

enum rc mapping_alternatives(struct compile *c, struct str key, const struct value *at, struct condition *to)
{
	size_t n = 1, i;
	enum rc rc;

	for (i = 0; i < key.n; i++)
		n += key.p[i] == '|';
	to->paths = ARENA_ARRAY(c->a, n, struct path);
	for (i = 0; i < n; i++) {
		const struct value one = { .type = VALUE_STRING, .text = str_trim(str_cut(&key, '|')), .line = at->line,
			.column = at->column };

		if ((rc = one_path(c, &one, &to->paths[i])) != RC_OK)
			return rc;
	}
	to->n_paths = n;
	return RC_OK;
}

enum rc mapping_conditions(struct compile *c, const struct value *v, struct conditions *out)
{
	size_t i;
	enum rc rc;

	if (v->type != VALUE_MAP)
		return mapping_wrong(c, v, "\"when\" is a map from paths to lists of values");
	out->p = ARENA_ARRAY(c->a, v->n, struct condition);
	for (i = 0; i < v->n; i++) {
		const struct value *test = &v->members[i].value;

		if ((rc = mapping_alternatives(c, v->members[i].key, test, &out->p[i])) != RC_OK ||
		    (rc = condition(c, test, &out->p[i])) != RC_OK)
			return rc;
	}
	out->n = v->n;
	return RC_OK;
}

enum rc mapping_pattern(struct compile *c, const struct value *v, struct pattern **pattern, struct path *path)
{
	static const char *const known[] = { "path", "text" };
	const struct value *at, *text;
	struct err why;
	enum rc rc;

	if ((rc = mapping_keys(c, v, "a pattern", known, ARRAY_LEN(known))) != RC_OK)
		return rc;
	at = value_get(v, "path");
	text = value_get(v, "text");
	if (at == NULL || text == NULL)
		return mapping_wrong(c, v, "\"pattern\" takes {path, text}");
	err_init(&why);
	if (pattern_compile(c->a, text->text, pattern, &why) != RC_OK)
		return mapping_wrong(c, text, "%s", why.msg);
	return one_path(c, at, path);
}

static void feeds(struct compile *c, const struct collection *to)
{
	size_t i;

	for (i = 0; i < c->m->n_collections; i++)
		if (c->m->collections[i] == to)
			return;
	if (c->m->n_collections < 64)
		c->m->collections[c->m->n_collections++] = to;
	if (to->classification > c->m->classification)
		c->m->classification = to->classification;
	for (i = 0; i < to->n_fields; i++)
		if (to->fields[i].classification > c->m->classification)
			c->m->classification = to->fields[i].classification;
}

/* {path, unit, zone}: when the source itself says that it last changed this. */
static enum rc updated(struct compile *c, const struct value *v, struct rule *r)
{
	static const char *const known[] = { "path", "unit", "zone", "earliest" };
	const struct value *earliest;
	const struct value *at;
	enum rc rc;

	if ((rc = mapping_keys(c, v, "\"updated\"", known, ARRAY_LEN(known))) != RC_OK)
		return rc;
	if ((at = value_get(v, "path")) == NULL)
		return mapping_wrong(c, v, "\"updated\" needs a path");
	earliest = value_get(v, "earliest");
	if (earliest != NULL && earliest->type != VALUE_BOOL)
		return mapping_wrong(c, earliest, "\"earliest\" takes true or false");
	r->earliest = earliest != NULL && earliest->is_true;
	if ((rc = one_path(c, at, &r->updated)) != RC_OK ||
	    (rc = mapping_time(c, v, &r->updated_unit, &r->updated_utc)) != RC_OK)
		return rc;
	r->has_updated = true;
	return RC_OK;
}

/* joins: [system, commit_id]: what the rule finds is added to the items that say the same, and is none by itself. */
static enum rc joins(struct compile *c, const struct value *v, struct rule *r)
{
	size_t i, k;

	if (v->type != VALUE_LIST || v->n == 0)
		return mapping_wrong(c, v, "\"joins\" takes a list of fields");
	if (r->collection->n_period == 0)
		return mapping_wrong(c, v, "\"joins\" is for events; \"%.*s\" is a listing", STR_FMT(r->collection->name));
	r->link = ARENA_ARRAY(c->a, v->n, size_t);
	for (i = 0; i < v->n; i++) {
		const struct field *f = collection_field(r->collection, v->items[i].text);

		for (k = 0; f != NULL && k < r->n_fields && r->fields[k].field != f; k++)
			;
		if (f == NULL || k == r->n_fields)
			return mapping_wrong(c, &v->items[i], "\"joins\" names a field that this item does not fill");
		if (f->type == FIELD_LIST)
			return mapping_wrong(c, &v->items[i], "a list cannot be joined by");
		r->link[i] = f->index;
	}
	r->n_link = v->n;
	return RC_OK;
}

static enum rc rule(struct compile *c, const struct value *v, struct rule *r)
{
	static const char *const known[] = { "collection", "each", "when", "unless", "pattern", "updated", "joins",
		"fields", "columns" };
	const struct value *fields, *each, *when, *pattern, *since, *link, *unless;
	size_t i;
	enum rc rc;

	if ((rc = mapping_keys(c, v, "an item", known, ARRAY_LEN(known))) != RC_OK)
		return rc;
	fields = value_get(v, "fields");
	each = value_get(v, "each");
	when = value_get(v, "when");
	unless = value_get(v, "unless");
	pattern = value_get(v, "pattern");
	since = value_get(v, "updated");
	link = value_get(v, "joins");
	r->collection = schema_find(c->schema, value_text(v, "collection"));
	if (r->collection == NULL)
		return mapping_wrong(c, v, "there is no collection \"%.*s\"", STR_FMT(value_text(v, "collection")));
	feeds(c, r->collection);
	r->is_table = value_get(v, "columns") != NULL;
	if (r->is_table)
		return RC_OK;
	if (each != NULL) {
		r->has_each = true;
		if ((rc = one_path(c, each, &r->each)) != RC_OK)
			return rc;
	}
	if (when != NULL && (rc = mapping_conditions(c, when, &r->when)) != RC_OK)
		return rc;
	if (unless != NULL && (rc = mapping_conditions(c, unless, &r->not_when)) != RC_OK)
		return rc;
	if (pattern != NULL && (rc = mapping_pattern(c, pattern, &r->pattern, &r->pattern_path)) != RC_OK)
		return rc;
	if (since != NULL && (rc = updated(c, since, r)) != RC_OK)
		return rc;
	if (fields == NULL || fields->type != VALUE_MAP)
		return mapping_wrong(c, v, "an item needs \"fields\", a map");
	r->fields = ARENA_ARRAY(c->a, fields->n, struct rule_field);
	for (i = 0; i < fields->n; i++)
		if ((rc = mapping_field(c, &fields->members[i], r, &r->fields[r->n_fields++])) != RC_OK)
			return rc;
	return link != NULL ? joins(c, link, r) : RC_OK;
}

enum rc mapping_rules(struct compile *c, const struct value *v, struct rule **out, size_t *n)
{
	size_t i;
	enum rc rc;

	if (v->type != VALUE_LIST)
		return mapping_wrong(c, v, "\"items\" takes a list");
	*out = ARENA_ARRAY(c->a, v->n, struct rule);
	for (i = 0; i < v->n; i++)
		if ((rc = rule(c, &v->items[i], &(*out)[i])) != RC_OK)
			return rc;
	*n = v->n;
	return RC_OK;
}

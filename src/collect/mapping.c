/* mapping: a mapping's YAML compiled and checked against the collections; applying it is in mapping_apply.c. */
#include <stdio.h>
#include <string.h>

#include "collect/mapping_priv.h"

struct compile {
	struct arena *a;
	const char *file;
	const struct schema *schema;
	struct mapping *m;
	struct err *e;
};

static enum rc wrong(struct compile *c, const struct value *v, const char *fmt, ...) PRINTF_LIKE(3, 4);
static enum rc wrong(struct compile *c, const struct value *v, const char *fmt, ...)
{
	char text[700];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(c->e, RC_INVALID, "%s:%u:%u: %s", c->file, v->line, v->column, text);
}

static enum rc keys(struct compile *c, const struct value *v, const char *what, const char *const *known, size_t n)
{
	size_t i, k;

	if (v->type != VALUE_MAP)
		return wrong(c, v, "%s is a map", what);
	for (i = 0; i < v->n; i++) {
		for (k = 0; k < n && !str_is(v->members[i].key, known[k]); k++)
			;
		if (k == n)
			return wrong(c, &v->members[i].value, "%s has no \"%.*s\"", what, STR_FMT(v->members[i].key));
	}
	return RC_OK;
}

static enum rc path(struct compile *c, const struct value *v, struct path *out)
{
	struct str rest = v->text;
	size_t n = 1, i;

	if (v->type != VALUE_STRING || rest.n == 0)
		return wrong(c, v, "a path is a name, or names with dots between them");
	memset(out, 0, sizeof(*out));
	if (rest.p[0] == '/') {
		out->from_root = true;
		rest = str_sub(rest, 1, rest.n);
	}
	if (str_is(rest, ".") || rest.n == 0)
		return RC_OK;
	for (i = 0; i < rest.n; i++)
		n += rest.p[i] == '.';
	if (n > 32)
		return wrong(c, v, "a path has at most 32 names");
	out->names = ARENA_ARRAY(c->a, n, struct str);
	while (out->n < n)
		out->names[out->n++] = str_cut(&rest, '.');
	return RC_OK;
}

/* One path or a list of them. */
static enum rc paths(struct compile *c, const struct value *v, struct path **out, size_t *n)
{
	const struct value *items = v;
	size_t count = 1, i;
	enum rc rc;

	if (v->type == VALUE_LIST) {
		items = v->items;
		count = v->n;
	}
	*out = ARENA_ARRAY(c->a, count, struct path);
	for (i = 0; i < count; i++)
		if ((rc = path(c, &items[i], &(*out)[i])) != RC_OK)
			return rc;
	*n = count;
	return RC_OK;
}

static bool has_word(const struct field *f, struct str word)
{
	size_t i;

	for (i = 0; i < f->n_words; i++)
		if (str_eq(f->words[i], word))
			return true;
	return false;
}

static struct str constant_text(const struct value *v)
{
	if (v->type == VALUE_BOOL)
		return v->is_true ? STR("true") : STR("false");
	return v->text;
}

static enum rc check_constant(struct compile *c, const struct value *v, const struct field *f)
{
	if (f->type == FIELD_ENUM && !has_word(f, constant_text(v)))
		return wrong(c, v, "\"%.*s\" is no word of \"%.*s\"", STR_FMT(constant_text(v)), STR_FMT(f->name));
	if (f->type == FIELD_BOOL && v->type != VALUE_BOOL)
		return wrong(c, v, "\"%.*s\" takes true or false", STR_FMT(f->name));
	return RC_OK;
}

static enum rc words(struct compile *c, const struct value *v, struct rule_field *f)
{
	size_t i;
	enum rc rc;

	if (v->type != VALUE_MAP)
		return wrong(c, v, "\"words\" is a map from the source's words to ours");
	f->words = ARENA_ARRAY(c->a, v->n, struct word);
	for (i = 0; i < v->n; i++) {
		if ((rc = check_constant(c, &v->members[i].value, f->field)) != RC_OK)
			return rc;
		f->words[i].from = v->members[i].key;
		f->words[i].to = constant_text(&v->members[i].value);
	}
	f->n_words = v->n;
	return RC_OK;
}

static enum rc unless(struct compile *c, const struct value *v, struct rule_field *f)
{
	static const char *const known[] = { "path", "longer_than" };
	const struct value *at = value_get(v, "path"), *longer = value_get(v, "longer_than");
	uint64_t n;
	enum rc rc;

	if ((rc = keys(c, v, "unless", known, ARRAY_LEN(known))) != RC_OK)
		return rc;
	if (at == NULL || longer == NULL || !num_u64(longer->text, 1000000, &n))
		return wrong(c, v, "\"unless\" takes {path, longer_than}: a list and a number");
	f->has_unless = true;
	f->unless_longer = (size_t)n;
	return path(c, at, &f->unless);
}

static enum rc field_source(struct compile *c, const struct value *v, const struct rule *r, struct rule_field *f)
{
	const struct value *at = value_get(v, "path"), *constant = value_get(v, "const"), *part = value_get(v, "part");

	if ((at != NULL) + (constant != NULL) + (part != NULL) != 1)
		return wrong(c, v, "a field comes from one of \"path\", \"const\" and \"part\"");
	if (at != NULL)
		return paths(c, at, &f->paths, &f->n_paths);
	if (constant != NULL) {
		f->from = FROM_CONST;
		f->constant = constant_text(constant);
		return check_constant(c, constant, f->field);
	}
	f->from = FROM_PART;
	if (r->pattern == NULL || (f->part = pattern_field(r->pattern, part->text)) == SIZE_MAX)
		return wrong(c, part, "the pattern has no field \"%.*s\"", STR_FMT(part->text));
	return RC_OK;
}

static enum rc rule_field(struct compile *c, const struct member *m, const struct rule *r, struct rule_field *f)
{
	static const char *const known[] = { "path", "const", "part", "subject", "reference", "words", "unless", "absent" };
	const struct value *v = &m->value, *w = value_get(v, "words"), *u = value_get(v, "unless"), *absent;
	enum rc rc;

	f->field = collection_field(r->collection, m->key);
	if (f->field == NULL)
		return wrong(c, v, "\"%.*s\" has no field \"%.*s\"", STR_FMT(r->collection->name), STR_FMT(m->key));
	if ((rc = keys(c, v, "a field", known, ARRAY_LEN(known))) != RC_OK || (rc = field_source(c, v, r, f)) != RC_OK)
		return rc;
	f->kind = value_text(v, "subject");
	if (f->kind.p == NULL)
		f->kind = value_text(v, "reference");
	if ((f->field->type == FIELD_SUBJECT) != (value_text(v, "subject").p != NULL) &&
	    !(f->field->type == FIELD_LIST && f->field->item_type == FIELD_SUBJECT))
		return wrong(c, v, "\"subject\", the kind of identity, belongs to fields of type subject and to no others");
	if (value_text(v, "reference").p != NULL && f->field->type != FIELD_STRING)
		return wrong(c, v, "\"reference\" belongs to fields of type string");
	if (w != NULL && (rc = words(c, w, f)) != RC_OK)
		return rc;
	if (u != NULL && (rc = unless(c, u, f)) != RC_OK)
		return rc;
	absent = value_get(v, "absent");
	if (absent != NULL && !str_is(absent->text, "unknown"))
		return wrong(c, absent, "\"absent\" takes unknown");
	f->absent_unknown = absent != NULL;
	return RC_OK;
}

static enum rc conditions(struct compile *c, const struct value *v, struct rule *r)
{
	size_t i, k;
	enum rc rc;

	if (v->type != VALUE_MAP)
		return wrong(c, v, "\"when\" is a map from paths to lists of values");
	r->conditions = ARENA_ARRAY(c->a, v->n, struct condition);
	for (i = 0; i < v->n; i++) {
		const struct value *list = &v->members[i].value;
		const struct value name = { .type = VALUE_STRING, .text = v->members[i].key, .line = list->line, .column = list->column };
		struct condition *to = &r->conditions[i];

		if (list->type != VALUE_LIST || list->n == 0)
			return wrong(c, list, "\"when\" takes a list of values for each path");
		if ((rc = path(c, &name, &to->path)) != RC_OK)
			return rc;
		to->values = ARENA_ARRAY(c->a, list->n, struct str);
		for (k = 0; k < list->n; k++)
			to->values[k] = constant_text(&list->items[k]);
		to->n = list->n;
	}
	r->n_conditions = v->n;
	return RC_OK;
}

static enum rc rule_pattern(struct compile *c, const struct value *v, struct rule *r)
{
	const struct value *at = value_get(v, "path"), *text = value_get(v, "text");
	struct err why;
	enum rc rc;

	if (at == NULL || text == NULL)
		return wrong(c, v, "\"pattern\" takes {path, text}");
	err_init(&why);
	if (pattern_compile(c->a, text->text, &r->pattern, &why) != RC_OK)
		return wrong(c, text, "%s", why.msg);
	if ((rc = path(c, at, &r->pattern_path)) != RC_OK)
		return rc;
	return RC_OK;
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

static enum rc rule(struct compile *c, const struct value *v, struct rule *r)
{
	static const char *const known[] = { "collection", "each", "when", "pattern", "fields", "columns" };
	const struct value *fields = value_get(v, "fields"), *each = value_get(v, "each"), *when = value_get(v, "when");
	const struct value *pattern = value_get(v, "pattern");
	size_t i;
	enum rc rc;

	if ((rc = keys(c, v, "an item", known, ARRAY_LEN(known))) != RC_OK)
		return rc;
	r->collection = schema_find(c->schema, value_text(v, "collection"));
	if (r->collection == NULL)
		return wrong(c, v, "there is no collection \"%.*s\"", STR_FMT(value_text(v, "collection")));
	feeds(c, r->collection);
	r->is_table = value_get(v, "columns") != NULL;
	if (r->is_table)
		return RC_OK;
	if (each != NULL) {
		r->has_each = true;
		if ((rc = path(c, each, &r->each)) != RC_OK)
			return rc;
	}
	if (when != NULL && (rc = conditions(c, when, r)) != RC_OK)
		return rc;
	if (pattern != NULL && (rc = rule_pattern(c, pattern, r)) != RC_OK)
		return rc;
	if (fields == NULL || fields->type != VALUE_MAP)
		return wrong(c, v, "an item needs \"fields\", a map");
	r->fields = ARENA_ARRAY(c->a, fields->n, struct rule_field);
	for (i = 0; i < fields->n; i++)
		if ((rc = rule_field(c, &fields->members[i], r, &r->fields[r->n_fields++])) != RC_OK)
			return rc;
	return RC_OK;
}

static enum rc rules(struct compile *c, const struct value *v, struct rule **out, size_t *n)
{
	size_t i;
	enum rc rc;

	if (v->type != VALUE_LIST)
		return wrong(c, v, "\"items\" takes a list");
	*out = ARENA_ARRAY(c->a, v->n, struct rule);
	for (i = 0; i < v->n; i++)
		if ((rc = rule(c, &v->items[i], &(*out)[i])) != RC_OK)
			return rc;
	*n = v->n;
	return RC_OK;
}

static enum rc reads_of(struct compile *c, const struct value *v, enum reads *out)
{
	static const char *const names[] = { "lines", "json", "table", "whole", "text", "tsv", "xml" };
	const struct value *at = value_get(v, "reads");
	size_t i;

	for (i = 0; at != NULL && i < ARRAY_LEN(names); i++) {
		if (str_is(at->text, names[i])) {
			*out = (enum reads)i;
			return RC_OK;
		}
	}
	return wrong(c, at != NULL ? at : v, "\"reads\" is lines, json, table, whole, text, tsv or xml");
}

static enum rc shape(struct compile *c, const struct value *v, const struct value *common, struct shape *s)
{
	static const char *const known[] = { "files", "reads", "elements", "detect", "items" };
	const struct value *files = value_get(v, "files"), *detect = value_get(v, "detect"), *items = value_get(v, "items");
	size_t i;
	enum rc rc;

	if ((rc = keys(c, v, "a shape", known, ARRAY_LEN(known))) != RC_OK || (rc = reads_of(c, v, &s->reads)) != RC_OK)
		return rc;
	s->elements = value_text(v, "elements");
	if (files != NULL) {
		if (files->type != VALUE_LIST)
			return wrong(c, files, "\"files\" takes a list of endings such as [.json, .json.gz]");
		s->files = ARENA_ARRAY(c->a, files->n, struct str);
		for (i = 0; i < files->n; i++)
			s->files[i] = files->items[i].text;
		s->n_files = files->n;
	}
	if (detect != NULL && (rc = paths(c, detect, &s->detect, &s->n_detect)) != RC_OK)
		return rc;
	if (items == NULL)
		items = common;
	if (items == NULL)
		return wrong(c, v, "this shape has no \"items\", nor has the mapping");
	return rules(c, items, &s->rules, &s->n_rules);
}

enum rc mapping_compile(struct arena *a, const char *file, const struct value *v, const struct schema *schema,
    struct mapping **out, struct err *e)
{
	static const char *const known[] = { "source", "title", "shapes", "identity", "items" };
	struct compile c = { .a = a, .file = file, .schema = schema, .e = e };
	const struct value *shapes = value_get(v, "shapes"), *identity = value_get(v, "identity");
	size_t i;
	enum rc rc;

	c.m = ARENA_NEW(a, struct mapping);
	c.m->collections = ARENA_ARRAY(a, 64, const struct collection *);
	if ((rc = keys(&c, v, "a mapping", known, ARRAY_LEN(known))) != RC_OK)
		return rc;
	c.m->source = value_text(v, "source");
	c.m->title = value_text(v, "title");
	if (c.m->source.n == 0)
		return wrong(&c, v, "a mapping needs \"source\", a name such as vendor.stream");
	if (shapes == NULL || shapes->type != VALUE_LIST || shapes->n == 0)
		return wrong(&c, v, "a mapping needs \"shapes\", a list");
	if (identity != NULL && (rc = paths(&c, identity, &c.m->identity, &c.m->n_identity)) != RC_OK)
		return rc;
	c.m->shapes = ARENA_ARRAY(a, shapes->n, struct shape);
	for (i = 0; i < shapes->n; i++)
		if ((rc = shape(&c, &shapes->items[i], value_get(v, "items"), &c.m->shapes[i])) != RC_OK)
			return rc;
	c.m->n_shapes = shapes->n;
	*out = c.m;
	return RC_OK;
}

struct str mapping_source(const struct mapping *m) { return m->source; }
struct str mapping_title(const struct mapping *m) { return m->title; }
enum classification mapping_classification(const struct mapping *m) { return m->classification; }

const struct collection *const *mapping_collections(const struct mapping *m, size_t *n)
{
	*n = m->n_collections;
	return m->collections;
}

enum rc mapping_shape(const struct mapping *m, struct str file, const struct shape **out, enum reads *reads,
    struct str *elements, struct err *e)
{
	size_t i, k;

	for (i = 0; i < m->n_shapes; i++) {
		const struct shape *s = &m->shapes[i];
		bool fits = s->n_files == 0;

		for (k = 0; k < s->n_files && !fits; k++)
			fits = str_ends(file, s->files[k]);
		if (!fits)
			continue;
		*out = s;
		*reads = s->reads;
		*elements = s->elements;
		return RC_OK;
	}
	return err_set(e, RC_INVALID, "%.*s: %.*s has no file with such an ending", STR_FMT(file), STR_FMT(m->source));
}

const struct collection **mapping_file_collections(const struct mapping *m, struct arena *a, struct str file, size_t *n)
{
	const struct collection **out = ARENA_ARRAY(a, 64, const struct collection *);
	const struct shape *s;
	struct err ignored;
	struct str elements;
	enum reads reads;
	size_t i, k;

	*n = 0;
	err_init(&ignored);
	if (mapping_shape(m, file, &s, &reads, &elements, &ignored) != RC_OK)
		return out;
	for (i = 0; i < s->n_rules; i++) {
		for (k = 0; k < *n && out[k] != s->rules[i].collection; k++)
			;
		if (k == *n && *n < 64)
			out[(*n)++] = s->rules[i].collection;
	}
	return out;
}

void mapping_of_table(const struct collection *c, struct buf *b)
{
	buf_z(b, "{\"items\":[{\"collection\":");
	json_put_str(b, c->name);
	buf_z(b, ",\"columns\":true}],\"shapes\":[{\"reads\":\"table\"}],\"source\":\"csv:");
	buf_str(b, c->name);
	buf_z(b, "\",\"title\":\"A table whose columns are fields of ");
	buf_str(b, c->name);
	buf_z(b, "\"}");
}

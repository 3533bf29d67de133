/* mapping: a mapping's YAML compiled and checked against the collections.  Its rules are compiled in mapping_rule.c and
 * mapping_field.c, and applied in mapping_apply.c. */
#include <string.h>

#include "collect/mapping_priv.h"

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
	return mapping_wrong(c, at != NULL ? at : v, "\"reads\" is lines, json, table, whole, text, tsv or xml");
}

static enum rc detects(struct compile *c, const struct value *v, struct shape *s)
{
	size_t i;
	enum rc rc;

	if (v->type != VALUE_LIST || v->n == 0)
		return mapping_wrong(c, v, "\"detect\" takes a list of paths that a record has");
	s->detect = ARENA_ARRAY(c->a, v->n, struct condition);
	for (i = 0; i < v->n; i++) {
		if (v->items[i].type != VALUE_STRING)
			return mapping_wrong(c, &v->items[i], "a path is a name, or names with dots between them");
		if ((rc = mapping_alternatives(c, v->items[i].text, &v->items[i], &s->detect[s->n_detect++])) != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc shape(struct compile *c, const struct value *v, const struct value *common, const struct value *people,
    struct shape *s)
{
	static const char *const known[] = { "files", "reads", "elements", "within", "detect", "when", "items", "personal" };
	const struct value *own = value_get(v, "personal");
	const struct value *files = value_get(v, "files"), *detect = value_get(v, "detect"), *items = value_get(v, "items");
	const struct value *within = value_get(v, "within"), *when = value_get(v, "when");
	size_t i;
	enum rc rc;

	if ((rc = mapping_keys(c, v, "a shape", known, ARRAY_LEN(known))) != RC_OK || (rc = reads_of(c, v, &s->reads)) != RC_OK)
		return rc;
	s->elements = value_text(v, "elements");
	if (files != NULL) {
		if (files->type != VALUE_LIST)
			return mapping_wrong(c, files, "\"files\" takes a list of endings such as [.json, .json.gz]");
		s->files = ARENA_ARRAY(c->a, files->n, struct str);
		for (i = 0; i < files->n; i++)
			s->files[i] = files->items[i].text;
		s->n_files = files->n;
	}
	if (detect != NULL && (rc = detects(c, detect, s)) != RC_OK)
		return rc;
	if (within != NULL && (rc = mapping_paths(c, within, &s->within, &s->n_within)) != RC_OK)
		return rc;
	if (when != NULL && (rc = mapping_conditions(c, when, &s->when)) != RC_OK)
		return rc;
	if (own != NULL && (s->reads == READS_XML || s->reads == READS_WHOLE))
		return mapping_wrong(c, own, "nothing can be cut out of XML or of a whole file yet");
	if ((people = own != NULL ? own : people) != NULL && (rc = mapping_personal(c, people, &s->people, &s->n_people)) != RC_OK)
		return rc;
	if (items == NULL)
		items = common;
	if (items == NULL)
		return mapping_wrong(c, v, "this shape has no \"items\", nor has the mapping");
	return mapping_rules(c, items, &s->rules, &s->n_rules);
}

enum rc mapping_compile(struct arena *a, const char *file, const struct value *v, const struct schema *schema,
    struct mapping **out, struct err *e)
{
	static const char *const known[] = { "source", "title", "shapes", "identity", "items", "personal" };
	struct compile c = { .a = a, .file = file, .schema = schema, .e = e };
	const struct value *shapes = value_get(v, "shapes"), *identity = value_get(v, "identity");
	size_t i;
	enum rc rc;

	c.m = ARENA_NEW(a, struct mapping);
	c.m->collections = ARENA_ARRAY(a, 64, const struct collection *);
	if ((rc = mapping_keys(&c, v, "a mapping", known, ARRAY_LEN(known))) != RC_OK)
		return rc;
	c.m->source = value_text(v, "source");
	c.m->title = value_text(v, "title");
	if (c.m->source.n == 0)
		return mapping_wrong(&c, v, "a mapping needs \"source\", a name such as vendor.stream");
	if (shapes == NULL || shapes->type != VALUE_LIST || shapes->n == 0)
		return mapping_wrong(&c, v, "a mapping needs \"shapes\", a list");
	if (identity != NULL && (rc = mapping_paths(&c, identity, &c.m->identity, &c.m->n_identity)) != RC_OK)
		return rc;
	c.m->shapes = ARENA_ARRAY(a, shapes->n, struct shape);
	for (i = 0; i < shapes->n; i++)
		if ((rc = shape(&c, &shapes->items[i], value_get(v, "items"), value_get(v, "personal"), &c.m->shapes[i])) != RC_OK)
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

static bool name_fits(const struct shape *s, struct str file)
{
	size_t k;

	for (k = 0; k < s->n_files; k++)
		if (str_ends(file, s->files[k]))
			return true;
	return s->n_files == 0;
}

bool mapping_has_shape(const struct mapping *m, size_t number, struct str file, bool *named)
{
	*named = number > 0 && number <= m->n_shapes && name_fits(&m->shapes[number - 1], file);
	return number > 0 && number <= m->n_shapes;
}

size_t mapping_shape_asks(const struct mapping *m, size_t number)
{
	return number > 0 && number <= m->n_shapes ? m->shapes[number - 1].n_detect + m->shapes[number - 1].when.n : 0;
}

enum rc mapping_shape(const struct mapping *m, const struct mapping_context *ctx, const struct shape **out, struct err *e)
{
	size_t i;

	if (ctx->shape > 0 && ctx->shape <= m->n_shapes) {
		*out = &m->shapes[ctx->shape - 1];
		return RC_OK;
	}
	for (i = 0; i < m->n_shapes; i++) {
		if (name_fits(&m->shapes[i], ctx->file)) {
			*out = &m->shapes[i];
			return RC_OK;
		}
	}
	return err_set(e, RC_INVALID, "%.*s: %.*s has no file with such an ending", STR_FMT(ctx->file), STR_FMT(m->source));
}

enum reads shape_reads(const struct shape *s) { return s->reads; }
struct str shape_elements(const struct shape *s) { return s->elements; }

bool shape_supplies(const struct shape *s, const struct field *f, const struct collection *c)
{
	size_t i, k;

	for (i = 0; i < s->n_rules; i++)
		for (k = 0; s->rules[i].collection == c && k < s->rules[i].n_fields; k++)
			if (s->rules[i].fields[k].field == f)
				return true;
	return false;
}

const struct collection **mapping_file_collections(const struct mapping *m, struct arena *a,
    const struct mapping_context *ctx, bool joining, size_t *n)
{
	const struct collection **out = ARENA_ARRAY(a, 64, const struct collection *);
	const struct shape *s;
	struct err ignored;
	size_t i, k;

	*n = 0;
	err_init(&ignored);
	if (mapping_shape(m, ctx, &s, &ignored) != RC_OK)
		return out;
	for (i = 0; i < s->n_rules; i++) {
		if (s->rules[i].n_link > 0 && !joining)
			continue;
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

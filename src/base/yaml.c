/* yaml: YAML read over libyaml's events into the same values as JSON.  What makes YAML surprising is refused: tags,
 * aliases, merge keys, duplicate keys; what is not plainly a number, a truth value or null is text. */
#include "base/value.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { FEW_KEYS = 32 };

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	struct arena *a;
	struct err *e;
	const char *name;
	size_t values;
	struct str text;
	size_t chars, bytes;            /* the same place in ${text}, as libyaml counts it and as we do */
};

const char *yaml_library(void)
{
	return yaml_get_version_string();
}

static enum rc yaml_node(struct reader *r, struct value *out, unsigned depth);

static enum rc fail(struct reader *r, enum rc rc, yaml_mark_t at, const char *what)
{
	return err_set(r->e, rc, "%s:%zu:%zu: %s", r->name, at.line + 1, at.column + 1, what);
}

/* libyaml counts characters, and a value's place is in bytes.  Events come in the order of the text, nearly. */
static size_t byte_at(struct reader *r, size_t chars)
{
	while (r->chars < chars && r->bytes < r->text.n) {
		for (r->bytes++; r->bytes < r->text.n && ((uint8_t)r->text.p[r->bytes] & 0xc0) == 0x80; r->bytes++)
			;
		r->chars++;
	}
	while (r->chars > chars && r->bytes > 0) {
		for (r->bytes--; r->bytes > 0 && ((uint8_t)r->text.p[r->bytes] & 0xc0) == 0x80; r->bytes--)
			;
		r->chars--;
	}
	return r->bytes;
}

static enum rc next(struct reader *r)
{
	char what[300];

	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = false;
	if (yaml_parser_parse(&r->parser, &r->event) == 1) {
		r->has_event = true;
		return RC_OK;
	}
	(void)snprintf(what, sizeof(what), "this is no YAML that can be read: %s%s%s",
	    r->parser.problem != NULL ? r->parser.problem : "unknown problem", r->parser.context != NULL ? ", " : "",
	    r->parser.context != NULL ? r->parser.context : "");
	return fail(r, r->parser.error == YAML_MEMORY_ERROR ? RC_LIMIT : RC_INVALID, r->parser.problem_mark, what);
}

static bool is_number(struct str s)
{
	size_t i = 0, from;

	if (i < s.n && s.p[i] == '-')
		i++;
	from = i;
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	if (i == from || (s.p[from] == '0' && i > from + 1))
		return false;
	if (i == s.n)
		return true;
	if (s.p[i++] != '.')
		return false;
	from = i;
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i == s.n && i > from;
}

static bool is_one_of(struct str s, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_is(s, words[i]))
			return true;
	return false;
}

static void plain(struct value *v)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	static const char *const trues[] = { "true", "True", "TRUE" };
	static const char *const falses[] = { "false", "False", "FALSE" };

	v->type = VALUE_STRING;
	if (is_one_of(v->text, nulls, ARRAY_LEN(nulls)))
		v->type = VALUE_NULL;
	else if (is_one_of(v->text, trues, ARRAY_LEN(trues)))
		v->type = VALUE_BOOL, v->is_true = true;
	else if (is_one_of(v->text, falses, ARRAY_LEN(falses)))
		v->type = VALUE_BOOL;
	else if (is_number(v->text))
		v->type = VALUE_NUMBER;
}

static enum rc scalar(struct reader *r, struct value *out)
{
	const yaml_event_t *ev = &r->event;

	if (ev->data.scalar.tag != NULL || ev->data.scalar.anchor != NULL)
		return fail(r, RC_INVALID, ev->start_mark, "tags and anchors are not taken here");
	out->text = arena_str(r->a, (struct str){ (const char *)ev->data.scalar.value, ev->data.scalar.length });
	if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		plain(out);
	else
		out->type = VALUE_STRING;
	out->end = byte_at(r, ev->end_mark.index);
	return RC_OK;
}

static enum rc add_item(struct reader *r, struct value *out, size_t *room, const struct value *item)
{
	struct value *more;

	if (out->n == *room) {
		*room = *room == 0 ? 4 : *room * 2;
		more = ARENA_ARRAY(r->a, *room, struct value);
		if (out->n > 0)
			memcpy(more, out->items, out->n * sizeof(*more));
		out->items = more;
	}
	out->items[out->n++] = *item;
	return RC_OK;
}

static enum rc sequence(struct reader *r, struct value *out, unsigned depth)
{
	struct value item;
	size_t room = 0;
	enum rc rc;

	if (r->event.data.sequence_start.tag != NULL || r->event.data.sequence_start.anchor != NULL)
		return fail(r, RC_INVALID, r->event.start_mark, "tags and anchors are not taken here");
	out->type = VALUE_LIST;
	for (;;) {
		if ((rc = next(r)) != RC_OK)
			return rc;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if ((rc = yaml_node(r, &item, depth + 1)) != RC_OK || (rc = add_item(r, out, &room, &item)) != RC_OK)
			return rc;
	}
	out->end = byte_at(r, r->event.end_mark.index);
	return RC_OK;
}

static enum rc key_of(struct reader *r, const struct value *map, struct str *key)
{
	if (r->event.type != YAML_SCALAR_EVENT)
		return fail(r, RC_INVALID, r->event.start_mark, "a key must be plain or quoted text");
	if (r->event.data.scalar.tag != NULL || r->event.data.scalar.anchor != NULL)
		return fail(r, RC_INVALID, r->event.start_mark, "tags and anchors are not taken here");
	*key = arena_str(r->a, (struct str){ (const char *)r->event.data.scalar.value, r->event.data.scalar.length });
	if (str_is(*key, "<<"))
		return fail(r, RC_INVALID, r->event.start_mark, "merge keys are not taken here");
	if (map->n < FEW_KEYS && value_get_str(map, *key) != NULL)
		return fail(r, RC_INVALID, r->event.start_mark, "this key stands twice in its map");
	return RC_OK;
}

static int key_order(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* A map with many keys is checked once at its end: looking each of them up would cost a hostile file's square. */
static bool keys_unique(const struct value *map)
{
	struct str *sorted;
	size_t i;
	bool unique = true;

	if (map->n <= FEW_KEYS)
		return true;
	sorted = mem_alloc(map->n * sizeof(*sorted));
	for (i = 0; i < map->n; i++)
		sorted[i] = map->members[i].key;
	qsort(sorted, map->n, sizeof(*sorted), key_order);
	for (i = 1; i < map->n && unique; i++)
		unique = !str_eq(sorted[i - 1], sorted[i]);
	mem_free(sorted);
	return unique;
}

static enum rc mapping(struct reader *r, struct value *out, unsigned depth)
{
	struct member m, *more;
	size_t room = 0;
	enum rc rc;

	if (r->event.data.mapping_start.tag != NULL || r->event.data.mapping_start.anchor != NULL)
		return fail(r, RC_INVALID, r->event.start_mark, "tags and anchors are not taken here");
	out->type = VALUE_MAP;
	for (;;) {
		if ((rc = next(r)) != RC_OK)
			return rc;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			break;
		if ((rc = key_of(r, out, &m.key)) != RC_OK || (rc = next(r)) != RC_OK ||
		    (rc = yaml_node(r, &m.value, depth + 1)) != RC_OK)
			return rc;
		if (out->n == room) {
			room = room == 0 ? 8 : room * 2;
			more = ARENA_ARRAY(r->a, room, struct member);
			if (out->n > 0)
				memcpy(more, out->members, out->n * sizeof(*more));
			out->members = more;
		}
		out->members[out->n++] = m;
	}
	if (!keys_unique(out))
		return fail(r, RC_INVALID, r->event.start_mark, "a key stands twice in the map that ends here");
	out->end = byte_at(r, r->event.end_mark.index);
	return RC_OK;
}

static enum rc yaml_node(struct reader *r, struct value *out, unsigned depth)
{
	yaml_mark_t at = r->event.start_mark;

	memset(out, 0, sizeof(*out));
	out->at = byte_at(r, at.index);
	out->line = (uint32_t)at.line + 1;
	out->column = (uint32_t)at.column + 1;
	if (depth > LIMIT_YAML_DEPTH)
		return fail(r, RC_LIMIT, at, "values are nested too deeply");
	if (++r->values > LIMIT_YAML_VALUES)
		return fail(r, RC_LIMIT, at, "the file has too many values");
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		return scalar(r, out);
	case YAML_SEQUENCE_START_EVENT:
		return sequence(r, out, depth);
	case YAML_MAPPING_START_EVENT:
		return mapping(r, out, depth);
	case YAML_ALIAS_EVENT:
		return fail(r, RC_INVALID, at, "aliases are not taken here: write the value out");
	default:
		return fail(r, RC_INVALID, at, "a value was expected here");
	}
}

static enum rc stream(struct reader *r, const struct value **docs, size_t *n)
{
	struct value all = { 0 }, doc;
	size_t room = 0;
	enum rc rc;

	if ((rc = next(r)) != RC_OK)                    /* the stream's start */
		return rc;
	for (;;) {
		if ((rc = next(r)) != RC_OK)
			return rc;
		if (r->event.type == YAML_STREAM_END_EVENT)
			break;
		if ((rc = next(r)) != RC_OK || (rc = yaml_node(r, &doc, 0)) != RC_OK ||
		    (rc = add_item(r, &all, &room, &doc)) != RC_OK || (rc = next(r)) != RC_OK)
			return rc;
	}
	*docs = all.items;
	*n = all.n;
	return RC_OK;
}

/* The refusal that libyaml's own reader would give late and without a place. */
static enum rc check_utf8(const char *name, struct str text, struct err *e)
{
	size_t bad, i, line = 1, from = 0;

	if (str_utf8_valid(text, &bad))
		return RC_OK;
	for (i = 0; i < bad; i++) {
		if (text.p[i] == '\n') {
			line++;
			from = i + 1;
		}
	}
	return err_set(e, RC_INVALID, "%s:%zu:%zu: byte %zu is no UTF-8", name, line, bad - from + 1, bad);
}

enum rc yaml_parse(struct arena *a, const char *name, struct str text, const struct value **docs, size_t *n_docs,
    struct err *e)
{
	struct reader r = { .a = a, .e = e, .name = name, .text = text };
	enum rc rc;

	if (text.n > LIMIT_YAML)
		return err_set(e, RC_LIMIT, "%s has %zu bytes; YAML is read up to 16 MiB", name, text.n);
	if ((rc = check_utf8(name, text, e)) != RC_OK)
		return rc;
	if (yaml_parser_initialize(&r.parser) != 1)
		return err_set(e, RC_INTERNAL, "%s: no memory for reading YAML", name);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p != NULL ? text.p : ""), text.n);
	rc = stream(&r, docs, n_docs);
	if (r.has_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return rc;
}

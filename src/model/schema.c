/* schema: a collection read from its definition, checked field by field; errors name line, column and remedy. */
#include "model/schema.h"

#include <stdio.h>
#include <string.h>

struct load {
	struct arena *a;
	const char *file;
	struct err *e;
};

static const char *const type_names[] = { "string", "text", "int", "decimal", "bool", "date", "timestamp", "digest",
	"enum", "subject", "list" };
static const char *const class_names[] = { "none", "public", "internal", "confidential", "restricted" };

const char *field_type_name(enum field_type t)
{
	return (size_t)t < ARRAY_LEN(type_names) ? type_names[t] : "unknown";
}

const char *classification_name(enum classification c)
{
	return (size_t)c < ARRAY_LEN(class_names) ? class_names[c] : "unknown";
}

static enum rc wrong(struct load *l, const struct value *v, const char *fmt, ...) PRINTF_LIKE(3, 4);
static enum rc wrong(struct load *l, const struct value *v, const char *fmt, ...)
{
	char text[700];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(l->e, RC_INVALID, "%s:%u:%u: %s", l->file, v->line, v->column, text);
}

static bool is_name(struct str s)
{
	size_t i;

	if (s.n == 0 || s.n > 60 || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	for (i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_'))
			return false;
	return true;
}

static bool class_of(struct str s, enum classification *out)
{
	size_t i;

	for (i = CLASS_PUBLIC; i < ARRAY_LEN(class_names); i++) {
		if (str_is(s, class_names[i])) {
			*out = (enum classification)i;
			return true;
		}
	}
	return false;
}

static enum rc enum_words(struct load *l, const struct value *at, struct str inside, struct field *f)
{
	struct str rest = inside, word;
	size_t n = 1, i;

	for (i = 0; i < inside.n; i++)
		n += inside.p[i] == '|';
	if (n > 200)
		return wrong(l, at, "the enum \"%.*s\" has more than 200 words", STR_FMT(f->name));
	f->words = ARENA_ARRAY(l->a, n, struct str);
	while (f->n_words < n) {
		word = str_trim(str_cut(&rest, '|'));
		if (!is_name(word))
			return wrong(l, at, "\"%.*s\" is no word for an enum: lower-case letters, digits and _ are", STR_FMT(word));
		for (i = 0; i < f->n_words; i++)
			if (str_eq(f->words[i], word))
				return wrong(l, at, "the enum \"%.*s\" has the word \"%.*s\" twice", STR_FMT(f->name), STR_FMT(word));
		f->words[f->n_words++] = word;
	}
	return RC_OK;
}

/* "timestamp", "enum(a|b)", "list(subject)". */
static enum rc type_of(struct load *l, const struct value *at, struct str text, struct field *f, enum field_type *out,
    bool in_list)
{
	struct str inside;
	size_t i;

	if (str_starts(text, STR("enum(")) && str_ends(text, STR(")"))) {
		*out = FIELD_ENUM;
		return enum_words(l, at, str_sub(text, 5, text.n - 6), f);
	}
	if (!in_list && str_starts(text, STR("list(")) && str_ends(text, STR(")"))) {
		inside = str_trim(str_sub(text, 5, text.n - 6));
		*out = FIELD_LIST;
		return type_of(l, at, inside, f, &f->item_type, true);
	}
	for (i = 0; i < ARRAY_LEN(type_names); i++) {
		if (i != FIELD_ENUM && i != FIELD_LIST && str_is(text, type_names[i])) {
			*out = (enum field_type)i;
			return RC_OK;
		}
	}
	return wrong(l, at, "\"%.*s\" is no type: string, text, int, decimal, bool, date, timestamp, digest, subject, "
	    "enum(a|b) and list(TYPE) are", STR_FMT(text));
}

static enum rc load_field(struct load *l, const struct member *m, const struct collection *c, struct field *f)
{
	struct str rest = str_trim(m->value.text), word;
	enum rc rc;

	f->name = m->key;
	f->classification = c->classification;
	if (!is_name(m->key))
		return wrong(l, &m->value, "\"%.*s\" is no name for a field: lower-case letters, digits and _ are",
		    STR_FMT(m->key));
	if (m->value.type != VALUE_STRING)
		return wrong(l, &m->value, "the field \"%.*s\" needs a type", STR_FMT(m->key));
	if ((rc = type_of(l, &m->value, str_cut(&rest, ' '), f, &f->type, false)) != RC_OK)
		return rc;
	while (rest.p != NULL) {
		word = str_trim(str_cut(&rest, ' '));
		if (word.n == 0)
			continue;
		if (str_is(word, "personal"))
			f->personal = true;
		else if (!class_of(word, &f->classification))
			return wrong(l, &m->value, "behind a field's type stand \"personal\" and a classification, not \"%.*s\"",
			    STR_FMT(word));
	}
	return RC_OK;
}

static enum rc load_fields(struct load *l, const struct value *v, struct collection *c)
{
	size_t i, k;
	enum rc rc;

	if (v == NULL || v->type != VALUE_MAP || v->n == 0)
		return wrong(l, v != NULL ? v : c->definition, "a population needs \"fields\", a map of names to types");
	if (v->n > LIMIT_FIELDS)
		return wrong(l, v, "a population has at most %d fields", LIMIT_FIELDS);
	c->fields = ARENA_ARRAY(l->a, v->n, struct field);
	c->n_fields = v->n;
	for (i = 0; i < v->n; i++) {
		c->fields[i].index = i;
		if ((rc = load_field(l, &v->members[i], c, &c->fields[i])) != RC_OK)
			return rc;
		for (k = 0; k < c->fields[i].n_words; k++)
			if (value_get_str(v, c->fields[i].words[k]) != NULL)
				return wrong(l, &v->members[i].value, "\"%.*s\" is a word of the enum \"%.*s\" and a field as well; "
				    "expressions could not tell them apart", STR_FMT(c->fields[i].words[k]), STR_FMT(c->fields[i].name));
	}
	return RC_OK;
}

static enum rc field_index(struct load *l, const struct value *at, const struct collection *c, struct str name,
    size_t *out)
{
	const struct field *f = collection_field(c, name);

	if (f == NULL)
		return wrong(l, at, "\"%.*s\" has no field \"%.*s\"", STR_FMT(c->name), STR_FMT(name));
	if (f->personal)
		return wrong(l, at, "the field \"%.*s\" is personal, so no key and no period can rest on it", STR_FMT(name));
	*out = f->index;
	return RC_OK;
}

static enum rc load_key(struct load *l, const struct value *v, struct collection *c)
{
	size_t i;
	enum rc rc;

	if (v == NULL || v->type != VALUE_LIST || v->n == 0)
		return wrong(l, v != NULL ? v : c->definition, "a population needs \"natural_key\", a list of fields");
	c->key = ARENA_ARRAY(l->a, v->n, size_t);
	c->n_key = v->n;
	for (i = 0; i < v->n; i++) {
		if ((rc = field_index(l, &v->items[i], c, v->items[i].text, &c->key[i])) != RC_OK)
			return rc;
		if (c->fields[c->key[i]].type == FIELD_LIST)
			return wrong(l, &v->items[i], "a list cannot be part of a key");
	}
	return RC_OK;
}

static enum rc load_period(struct load *l, const struct value *v, struct collection *c)
{
	const struct value *items = v;
	size_t n = 1, i;
	enum rc rc;

	if (v == NULL || v->type == VALUE_NULL)
		return RC_OK;
	if (v->type == VALUE_LIST) {
		items = v->items;
		n = v->n;
	}
	c->period = ARENA_ARRAY(l->a, n, size_t);
	c->n_period = n;
	for (i = 0; i < n; i++) {
		if ((rc = field_index(l, &items[i], c, items[i].text, &c->period[i])) != RC_OK)
			return rc;
		if (c->fields[c->period[i]].type != FIELD_DATE && c->fields[c->period[i]].type != FIELD_TIMESTAMP)
			return wrong(l, &items[i], "a period field is a date or a timestamp");
	}
	return RC_OK;
}

static void load_sources(struct load *l, const struct value *v, struct collection *c)
{
	size_t i;

	if (v == NULL || v->type != VALUE_LIST)
		return;
	c->sources = ARENA_ARRAY(l->a, v->n, struct str);
	for (i = 0; i < v->n; i++)
		c->sources[c->n_sources++] = v->items[i].text;
}

/* Which source counts where several speak of one field.  Of a listing the newest extraction counts. */
static enum rc load_precedence(struct load *l, const struct value *v, struct collection *c)
{
	size_t i, k;

	if (v == NULL || v->type == VALUE_NULL)
		return RC_OK;
	if (v->type != VALUE_LIST || v->n == 0 || v->n > 100)
		return wrong(l, v, "\"precedence\" is a list of 1 to 100 sources, the highest first");
	if (c->n_period == 0)
		return wrong(l, v, "\"%.*s\" is a listing of state: its newest extraction counts, so that it takes no \"precedence\"",
		    STR_FMT(c->name));
	c->precedence = ARENA_ARRAY(l->a, v->n, struct str);
	for (i = 0; i < v->n; i++) {
		if (v->items[i].type != VALUE_STRING || v->items[i].text.n == 0 || v->items[i].text.n > 200)
			return wrong(l, &v->items[i], "a source in \"precedence\" is a name such as okta.system_log or csv:change");
		for (k = 0; k < i; k++)
			if (str_eq(c->precedence[k], v->items[i].text))
				return wrong(l, &v->items[i], "the source \"%.*s\" stands twice in \"precedence\"", STR_FMT(v->items[i].text));
		c->precedence[c->n_precedence++] = v->items[i].text;
	}
	return RC_OK;
}

static enum rc check_keys(struct load *l, const struct value *v)
{
	static const char *const known[] = { "kind", "name", "description", "classification", "fields", "natural_key",
		"period_field", "sources", "completeness_hint", "current", "derived_from", "group_by", "derive", "annotations",
		"precedence",
		"nouns" };
	size_t i, k;

	for (i = 0; i < v->n; i++) {
		for (k = 0; k < ARRAY_LEN(known); k++)
			if (str_is(v->members[i].key, known[k]))
				break;
		if (k == ARRAY_LEN(known))
			return wrong(l, &v->members[i].value, "a population has no \"%.*s\"", STR_FMT(v->members[i].key));
	}
	return RC_OK;
}

/* What fields are called where a sentence needs a noun: "approval" of approved_at. */
static enum rc check_nouns(struct load *l, const struct value *v, const struct collection *c)
{
	size_t i;

	if (v == NULL || v->type == VALUE_NULL)
		return RC_OK;
	if (v->type != VALUE_MAP)
		return wrong(l, v, "\"nouns\" takes a map, for example {approved_at: approval}");
	for (i = 0; i < v->n; i++) {
		if (collection_field(c, v->members[i].key) == NULL)
			return wrong(l, &v->members[i].value, "\"nouns\" names \"%.*s\", which is no field", STR_FMT(v->members[i].key));
		if (v->members[i].value.type != VALUE_STRING || str_trim(v->members[i].value.text).n == 0)
			return wrong(l, &v->members[i].value, "a noun is a text");
	}
	return RC_OK;
}

enum rc collection_load(struct arena *a, const char *file, const struct value *v, struct collection **out,
    struct err *e)
{
	struct load l = { a, file, e };
	struct collection *c = ARENA_NEW(a, struct collection);
	const struct value *at;
	enum rc rc;

	if (v == NULL || v->type != VALUE_MAP)
		return err_set(e, RC_INVALID, "%s: a population is a map with name, fields and natural_key", file);
	c->definition = v;
	if ((rc = check_keys(&l, v)) != RC_OK)
		return rc;
	c->name = value_text(v, "name");
	if (!is_name(c->name))
		return wrong(&l, v, "a population needs a \"name\" of lower-case letters, digits and _");
	c->description = value_text(v, "description");
	c->current = value_text(v, "current");
	c->completeness_hint = value_text(v, "completeness_hint");
	c->is_derived = value_text(v, "derived_from").p != NULL;
	at = value_get(v, "classification");
	if (at == NULL || !class_of(at->text, &c->classification))
		return wrong(&l, at != NULL ? at : v, "a population needs a \"classification\": public, internal, confidential or "
		    "restricted");
	if ((rc = load_fields(&l, value_get(v, "fields"), c)) != RC_OK ||
	    (rc = load_key(&l, value_get(v, "natural_key"), c)) != RC_OK ||
	    (rc = load_period(&l, value_get(v, "period_field"), c)) != RC_OK ||
	    (rc = load_precedence(&l, value_get(v, "precedence"), c)) != RC_OK ||
	    (rc = check_nouns(&l, value_get(v, "nouns"), c)) != RC_OK)
		return rc;
	load_sources(&l, value_get(v, "sources"), c);
	*out = c;
	return RC_OK;
}

const struct field *collection_field(const struct collection *c, struct str name)
{
	size_t i;

	for (i = 0; i < c->n_fields; i++)
		if (str_eq(c->fields[i].name, name))
			return &c->fields[i];
	return NULL;
}

const struct collection *schema_find(const struct schema *s, struct str name)
{
	size_t low = 0, high = s->n, mid;
	int order;

	while (low < high) {
		mid = (low + high) / 2;
		order = str_cmp(s->collections[mid]->name, name);
		if (order == 0)
			return s->collections[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

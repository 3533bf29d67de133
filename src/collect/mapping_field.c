/* mapping_field: what a rule says of one field, compiled and checked against the field's type. */
#include <string.h>

#include "collect/mapping_priv.h"

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
	if (v->type == VALUE_LIST || v->type == VALUE_MAP || v->type == VALUE_NULL)
		return mapping_wrong(c, v, "a constant is a text, a number, true or false");
	if (f->type == FIELD_ENUM && !has_word(f, constant_text(v)))
		return mapping_wrong(c, v, "\"%.*s\" is no word of \"%.*s\"", STR_FMT(constant_text(v)), STR_FMT(f->name));
	if (f->type == FIELD_BOOL && v->type != VALUE_BOOL)
		return mapping_wrong(c, v, "\"%.*s\" takes true or false", STR_FMT(f->name));
	return RC_OK;
}

static enum rc words(struct compile *c, const struct value *v, struct rule_field *f)
{
	size_t i;
	enum rc rc;

	if (v->type != VALUE_MAP || v->n == 0)
		return mapping_wrong(c, v, "\"words\" is a map from the source's words to ours");
	f->words = ARENA_ARRAY(c->a, v->n, struct word);
	for (i = 0; i < v->n; i++) {
		const struct value *to = &v->members[i].value;

		f->words[i].from = v->members[i].key;
		f->words[i].any = str_is(v->members[i].key, "*");
		f->words[i].to_null = to->type == VALUE_NULL;
		if (!f->words[i].to_null && (rc = check_constant(c, to, f->field)) != RC_OK)
			return rc;
		f->words[i].to = constant_text(to);
	}
	f->n_words = v->n;
	return RC_OK;
}

static enum rc unless(struct compile *c, const struct value *v, struct rule_field *f)
{
	static const char *const known[] = { "path", "longer_than" };
	const struct value *at, *longer;
	struct path *p;
	uint64_t n;
	size_t count;
	enum rc rc;

	if (v->type == VALUE_MAP && value_get(v, "longer_than") == NULL)
		return mapping_conditions(c, v, &f->not_when);
	if ((rc = mapping_keys(c, v, "unless", known, ARRAY_LEN(known))) != RC_OK)
		return rc;
	at = value_get(v, "path");
	longer = value_get(v, "longer_than");
	if (at == NULL || longer == NULL || !num_u64(longer->text, 1000000, &n))
		return mapping_wrong(c, v, "\"unless\" takes {path, longer_than}: a list and a number");
	f->has_unless = true;
	f->unless_longer = (size_t)n;
	if ((rc = mapping_paths(c, at, &p, &count)) != RC_OK)
		return rc;
	f->unless = p[0];
	return RC_OK;
}

static enum rc add_piece(struct compile *c, const struct value *v, const struct rule *r, struct rule_field *f, struct str inside)
{
	struct piece *p = &f->pieces[f->n_pieces++];
	struct err why;

	p->part = r->pattern != NULL ? pattern_field(r->pattern, inside) : SIZE_MAX;
	if (p->part != SIZE_MAX)
		return RC_OK;
	err_init(&why);
	if (path_compile(c->a, inside, &p->path, &why) != RC_OK)
		return mapping_wrong(c, v, "in {%.*s}: %s", STR_FMT(inside), why.msg);
	return RC_OK;
}

/* "{repository.full_name}#{number}": texts and paths side by side. */
static enum rc text_pieces(struct compile *c, const struct value *v, const struct rule *r, struct rule_field *f)
{
	struct str rest = v->text;
	size_t most = 1, i;
	bool has_path = false;
	enum rc rc;

	if (v->type != VALUE_STRING)
		return mapping_wrong(c, v, "\"text\" is a text with {paths} in it");
	for (i = 0; i < rest.n; i++)
		most += rest.p[i] == '{' ? 2 : 0;
	f->from = FROM_TEXT;
	f->pieces = ARENA_ARRAY(c->a, most, struct piece);
	while (rest.n > 0) {
		ptrdiff_t open = str_find(rest, STR("{")), close;

		if (open != 0) {
			struct piece *p = &f->pieces[f->n_pieces++];

			p->is_literal = true;
			p->literal = open < 0 ? rest : str_sub(rest, 0, (size_t)open);
			rest = str_sub(rest, p->literal.n, rest.n);
			continue;
		}
		if ((close = str_find(rest, STR("}"))) < 0)
			return mapping_wrong(c, v, "a {path} of the text is never closed with }");
		if ((rc = add_piece(c, v, r, f, str_sub(rest, 1, (size_t)close - 1))) != RC_OK)
			return rc;
		has_path = true;
		rest = str_sub(rest, (size_t)close + 1, rest.n);
	}
	return has_path ? RC_OK : mapping_wrong(c, v, "a text without a {path} is a \"const\"");
}

static enum rc field_source(struct compile *c, const struct value *v, const struct rule *r, struct rule_field *f)
{
	const struct value *at = value_get(v, "path"), *constant = value_get(v, "const"), *part = value_get(v, "part");
	const struct value *text = value_get(v, "text"), *count = value_get(v, "count");

	if ((at != NULL) + (constant != NULL) + (part != NULL) + (text != NULL) + (count != NULL) != 1)
		return mapping_wrong(c, v, "a field comes from one of \"path\", \"const\", \"part\", \"text\" and \"count\"");
	if (at != NULL)
		return mapping_paths(c, at, &f->paths, &f->n_paths);
	if (text != NULL)
		return text_pieces(c, text, r, f);
	if (count != NULL) {
		f->from = FROM_COUNT;
		if (f->field->type != FIELD_INT)
			return mapping_wrong(c, count, "\"count\" belongs to fields of type int");
		return mapping_paths(c, count, &f->paths, &f->n_paths);
	}
	if (constant != NULL) {
		f->from = FROM_CONST;
		f->constant = constant_text(constant);
		return check_constant(c, constant, f->field);
	}
	f->from = FROM_PART;
	if (r->pattern == NULL || (f->part = pattern_field(r->pattern, part->text)) == SIZE_MAX)
		return mapping_wrong(c, part, "the pattern has no field \"%.*s\"", STR_FMT(part->text));
	return RC_OK;
}

enum rc mapping_time(struct compile *c, const struct value *v, enum unit *unit, bool *is_utc)
{
	static const char *const names[] = { "seconds", "milliseconds", "microseconds", "nanoseconds" };
	const struct value *u = value_get(v, "unit"), *z = value_get(v, "zone");
	size_t i;

	if (z != NULL && !str_is(z->text, "UTC"))
		return mapping_wrong(c, z, "\"zone\" takes UTC, where the source documents it; without it the organization's is taken");
	*is_utc = z != NULL;
	if (u == NULL)
		return RC_OK;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (str_is(u->text, names[i])) {
			*unit = (enum unit)(i + 1);
			return RC_OK;
		}
	}
	return mapping_wrong(c, u, "\"unit\", of a time since 1970, is seconds, milliseconds, microseconds or nanoseconds");
}

/* The kind of identity: needed where the field is a subject, or a list of them, and nowhere else. */
static enum rc kinds(struct compile *c, const struct value *v, struct rule_field *f)
{
	bool is_subject = f->field->type == FIELD_SUBJECT ||
	    (f->field->type == FIELD_LIST && f->field->item_type == FIELD_SUBJECT);
	const struct value *subject = value_get(v, "subject"), *reference = value_get(v, "reference");
	const struct value *kind = subject != NULL ? subject : reference;

	if (is_subject != (subject != NULL))
		return mapping_wrong(c, v, "\"subject\", the kind of identity, belongs to fields of type subject and to no others");
	if (reference != NULL && f->field->type != FIELD_STRING)
		return mapping_wrong(c, v, "\"reference\" belongs to fields of type string");
	if (kind == NULL)
		return RC_OK;
	if (kind->type != VALUE_STRING || kind->text.n == 0 || kind->text.n > 64 || str_find(kind->text, STR(":")) >= 0)
		return mapping_wrong(c, kind, "a kind of identity is a name such as github.login, without a colon");
	f->kind = kind->text;
	return RC_OK;
}

static enum rc options(struct compile *c, const struct value *v, struct rule_field *f)
{
	const struct value *w = value_get(v, "words"), *u = value_get(v, "unless"), *when = value_get(v, "when");
	const struct value *absent = value_get(v, "absent"), *like = value_get(v, "like");
	struct err why;
	enum rc rc;

	if ((rc = kinds(c, v, f)) != RC_OK)
		return rc;
	if (w != NULL && (rc = words(c, w, f)) != RC_OK)
		return rc;
	if (u != NULL && (rc = unless(c, u, f)) != RC_OK)
		return rc;
	if (when != NULL && (rc = mapping_conditions(c, when, &f->when)) != RC_OK)
		return rc;
	if (absent != NULL && !str_is(absent->text, "unknown"))
		return mapping_wrong(c, absent, "\"absent\" takes unknown");
	f->absent_unknown = absent != NULL;
	err_init(&why);
	if (like != NULL && pattern_compile(c->a, like->text, &f->like, &why) != RC_OK)
		return mapping_wrong(c, like, "%s", why.msg);
	f->like_part = like != NULL ? pattern_field(f->like, STR("it")) : 0;
	f->like_part = f->like_part == SIZE_MAX ? 0 : f->like_part;
	if ((value_get(v, "unit") != NULL || value_get(v, "zone") != NULL) && f->field->type != FIELD_TIMESTAMP)
		return mapping_wrong(c, v, "\"unit\" and \"zone\" belong to fields of type timestamp");
	return mapping_time(c, v, &f->unit, &f->is_utc);
}

static enum rc one_field(struct compile *c, const struct value *v, const struct rule *r, struct rule_field *f)
{
	static const char *const known[] = { "path", "const", "part", "text", "count", "subject", "reference", "words", "like",
		"unit", "zone", "when", "unless", "absent" };
	enum rc rc;

	if ((rc = mapping_keys(c, v, "a field", known, ARRAY_LEN(known))) != RC_OK || (rc = field_source(c, v, r, f)) != RC_OK)
		return rc;
	return options(c, v, f);
}

enum rc mapping_field(struct compile *c, const struct member *m, const struct rule *r, struct rule_field *f)
{
	const struct field *field = collection_field(r->collection, m->key);
	size_t i;
	enum rc rc;

	if (field == NULL)
		return mapping_wrong(c, &m->value, "\"%.*s\" has no field \"%.*s\"", STR_FMT(r->collection->name), STR_FMT(m->key));
	f->field = field;
	if (m->value.type != VALUE_LIST)
		return one_field(c, &m->value, r, f);
	if (m->value.n == 0)
		return mapping_wrong(c, &m->value, "a list of ways to \"%.*s\" has at least one", STR_FMT(m->key));
	for (i = 0; i < m->value.n; i++) {
		if (i > 0)
			f = f->otherwise = ARENA_NEW(c->a, struct rule_field);
		f->field = field;
		if ((rc = one_field(c, &m->value.items[i], r, f)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

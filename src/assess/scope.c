/* scope: see scope.h. */
#include "assess/scope.h"

#include <string.h>

static const char *const categories[SCOPE_CATEGORIES] = { "security", "availability", "processing_integrity",
	"confidentiality", "privacy" };
static const char *const keys[] = { "kind", "organization", "system", "services", "categories", "zone", "period",
	"boundary", "instances", "not_relevant", "changes", "incidents_basis", "notice" };

const char *scope_category(size_t i)
{
	return i < SCOPE_CATEGORIES ? categories[i] : NULL;
}

static enum rc wrong(struct err *e, const struct value *v, const char *what)
{
	return err_set(e, RC_INVALID, "line %u, column %u: %s", v->line, v->column, what);
}

static bool category_bit(struct str name, uint32_t *bit)
{
	size_t i;

	for (i = 0; i < SCOPE_CATEGORIES; i++) {
		if (str_is(name, categories[i])) {
			*bit = (uint32_t)1 << i;
			return true;
		}
	}
	return false;
}

static enum rc check_categories(const struct value *v, struct err *e)
{
	uint32_t all = 0, bit;
	size_t i;

	if (v->type != VALUE_LIST || v->n == 0)
		return wrong(e, v, "\"categories\" takes a list, for example [security, availability]");
	for (i = 0; i < v->n; i++) {
		if (!category_bit(v->items[i].text, &bit))
			return wrong(e, &v->items[i], "a category is security, availability, processing_integrity, confidentiality "
			    "or privacy");
		all |= bit;
	}
	if (!(all & 1))
		return wrong(e, v, "security is part of every SOC 2 examination: add it to \"categories\"");
	return RC_OK;
}

static enum rc check_period(const struct value *v, struct err *e)
{
	int64_t from, to;

	if (v->type != VALUE_MAP || !date_parse(value_text(v, "from"), &from) || !date_parse(value_text(v, "to"), &to))
		return wrong(e, v, "\"period\" takes {from: 2024-01-01, to: 2024-12-31}, first and last day");
	if (from > to)
		return wrong(e, v, "the period ends before it begins");
	return RC_OK;
}

static bool criterion_known(const struct value **all, size_t n, struct str id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_eq(value_text(all[i], "id"), id))
			return true;
	return false;
}

static enum rc check_not_relevant(const struct value *v, struct state *s, struct err *e)
{
	struct arena *a = arena_new();
	const struct value **all;
	size_t n, i;
	enum rc rc;

	rc = state_definitions(s, a, "criterion", &all, &n, e);
	if (rc == RC_OK && v->type != VALUE_LIST)
		rc = wrong(e, v, "\"not_relevant\" takes a list of {criterion, reason}");
	for (i = 0; rc == RC_OK && i < v->n; i++) {
		struct str id = value_text(&v->items[i], "criterion");

		if (id.n == 0 || str_trim(value_text(&v->items[i], "reason")).n == 0)
			rc = wrong(e, &v->items[i], "each criterion that is not relevant needs \"criterion\" and a \"reason\"");
		else if (n > 0 && !criterion_known(all, n, id))
			rc = wrong(e, &v->items[i], "no such criterion");
	}
	arena_free(a);
	return rc;
}

static enum rc check_instances(const struct value *v, struct err *e)
{
	size_t i, k;

	if (v->type != VALUE_MAP)
		return wrong(e, v, "\"instances\" takes {source: [instance, …]}: whatever comes from another instance of that source is "
		    "not in scope");
	for (i = 0; i < v->n; i++) {
		const struct value *names = &v->members[i].value;

		if (names->type != VALUE_LIST || names->n == 0 || names->n > 1000)
			return wrong(e, names, "each source of \"instances\" takes a list of the instances that belong to the system");
		for (k = 0; k < names->n; k++)
			if (names->items[k].type != VALUE_STRING && names->items[k].type != VALUE_NUMBER)
				return wrong(e, &names->items[k], "an instance is a name, as --instance has it");
	}
	return RC_OK;
}

static bool key_known(struct str key)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++)
		if (str_is(key, keys[i]))
			return true;
	return false;
}

enum rc scope_check(const struct value *doc, struct state *s, struct err *e)
{
	const struct value *v;
	size_t i;
	enum rc rc;

	for (i = 0; i < doc->n; i++)
		if (!key_known(doc->members[i].key))
			return err_set(e, RC_INVALID, "line %u, column %u: a scope has no \"%.*s\"", doc->members[i].value.line,
			    doc->members[i].value.column, STR_FMT(doc->members[i].key));
	if (str_trim(value_text(doc, "organization")).n == 0)
		return wrong(e, doc, "a scope needs \"organization\", the service organization's name");
	if (str_trim(value_text(doc, "system")).n == 0)
		return wrong(e, doc, "a scope needs \"system\", the name of the system that is described");
	if ((v = value_get(doc, "categories")) == NULL)
		return wrong(e, doc, "a scope needs \"categories\", for example [security]");
	if ((rc = check_categories(v, e)) != RC_OK)
		return rc;
	if ((v = value_get(doc, "period")) != NULL && (rc = check_period(v, e)) != RC_OK)
		return rc;
	if ((v = value_get(doc, "instances")) != NULL && v->type != VALUE_NULL && (rc = check_instances(v, e)) != RC_OK)
		return rc;
	if ((v = value_get(doc, "not_relevant")) != NULL && v->type != VALUE_NULL)
		return check_not_relevant(v, s, e);
	return RC_OK;
}

enum rc scope_load(struct state *s, struct arena *a, struct scope *out, struct err *e)
{
	const struct value **docs, *v;
	size_t n, i;
	uint32_t bit;
	enum rc rc;

	if ((rc = state_definitions(s, a, "scope", &docs, &n, e)) != RC_OK)
		return rc;
	if (n == 0)
		return err_set(e, RC_NOT_FOUND, "no scope is defined; apply a file with \"kind: scope\"");
	memset(out, 0, sizeof(*out));
	out->doc = docs[n - 1];
	out->organization = value_text(out->doc, "organization");
	out->system = value_text(out->doc, "system");
	if ((v = value_get(out->doc, "period")) != NULL)
		out->has_period = date_parse(value_text(v, "from"), &out->from_day) && date_parse(value_text(v, "to"), &out->to_day);
	v = value_get(out->doc, "categories");
	for (i = 0; v != NULL && i < v->n; i++)
		if (category_bit(v->items[i].text, &bit))
			out->categories |= bit;
	return RC_OK;
}

struct str scope_not_relevant(const struct scope *s, struct str criterion)
{
	const struct value *v = value_get(s->doc, "not_relevant");
	size_t i;

	for (i = 0; v != NULL && v->type == VALUE_LIST && i < v->n; i++)
		if (str_eq(value_text(&v->items[i], "criterion"), criterion))
			return value_text(&v->items[i], "reason");
	return STR_NONE;
}

bool scope_leaves_out(const struct value *instances, struct str source, struct str instance)
{
	const struct value *names = instances != NULL && instances->type == VALUE_MAP ? value_get_str(instances, source) : NULL;
	size_t i;

	for (i = 0; names != NULL && i < names->n; i++)
		if (str_eq(names->items[i].text, instance))
			return false;
	return names != NULL;
}

enum rc scope_left_streams(struct state *s, struct arena *a, const char **out, struct err *e)
{
	const struct value *instances;
	struct stmt *st = NULL;
	struct scope scope;
	struct err none;
	struct buf b;
	bool row;
	enum rc rc;

	*out = NULL;
	err_init(&none);
	if (scope_load(s, a, &scope, &none) != RC_OK || (instances = value_get(scope.doc, "instances")) == NULL)
		return RC_OK;
	buf_init(&b, 1 << 20);
	rc = db_prepare(state_db(s), STR("SELECT id, source, instance FROM stream ORDER BY id"), &st, e);
	while (rc == RC_OK && (rc = stmt_step(st, &row, e)) == RC_OK && row) {
		if (scope_leaves_out(instances, column_text(st, 1), column_text(st, 2)))
			buf_fmt(&b, "%s%lld", b.n > 0 ? "," : "", (long long)column_i64(st, 0));
	}
	stmt_free(st);
	if (rc == RC_OK && b.n > 0 && (rc = buf_ok(&b, "the instances that are not in scope", e)) == RC_OK)
		*out = arena_z(a, buf_view(&b));
	buf_done(&b);
	return rc;
}

bool scope_has_category(const struct scope *s, struct str category)
{
	uint32_t bit;

	return category_bit(category, &bit) && (s->categories & bit) != 0;
}

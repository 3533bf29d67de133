/* control: see control.h. */
#include "assess/control.h"

#include <stdio.h>
#include <string.h>

struct load {
	struct arena *a;
	const char *file;
	struct state *s;
	struct parameter *parameters;
	size_t n_parameters;
	struct err *e;
};

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

enum rc parameters_load(struct state *s, struct arena *a, struct parameter **out, size_t *n, struct err *e)
{
	const struct value **docs;
	struct parameter *p;
	size_t count, i;
	enum rc rc;

	if ((rc = state_definitions(s, a, "parameter", &docs, &count, e)) != RC_OK)
		return rc;
	p = ARENA_ARRAY(a, count, struct parameter);
	for (i = 0; i < count; i++) {
		const struct value *v = value_get(docs[i], "value");

		p[i].name = value_text(docs[i], "name");
		if (v == NULL || !num_decimal(v->text, &p[i].scaled))
			return err_set(e, RC_INVALID, "the parameter \"%.*s\" has no number", STR_FMT(p[i].name));
	}
	*out = p;
	*n = count;
	return RC_OK;
}

enum rc parameter_check(const char *file, const struct value *doc, struct err *e)
{
	const struct value *v = value_get(doc, "value");
	int64_t scaled;

	if (v == NULL || v->type != VALUE_NUMBER || !num_decimal(v->text, &scaled))
		return err_set(e, RC_INVALID, "%s:%u:%u: a parameter needs \"value\", a number with at most six decimal places", file,
		    v != NULL ? v->line : doc->line, v != NULL ? v->column : doc->column);
	return RC_OK;
}

static enum rc strings(struct load *l, const struct value *v, const char *name, struct str **out, size_t *n)
{
	const struct value *list = value_get(v, name);
	size_t i;

	if (list == NULL || list->type == VALUE_NULL)
		return RC_OK;
	if (list->type != VALUE_LIST)
		return wrong(l, list, "\"%s\" takes a list", name);
	*out = ARENA_ARRAY(l->a, list->n, struct str);
	for (i = 0; i < list->n; i++) {
		if (list->items[i].type != VALUE_STRING)
			return wrong(l, &list->items[i], "\"%s\" takes a list of names", name);
		(*out)[i] = list->items[i].text;
	}
	*n = list->n;
	return RC_OK;
}

static enum rc compile(struct load *l, const struct collection *c, const struct value *text, const struct expr **out)
{
	struct expr_scope *scope = ARENA_NEW(l->a, struct expr_scope);

	if (text->type != VALUE_STRING)
		return wrong(l, text, "an expression is a text; put it in quotes");
	scope->collection = c;
	scope->schema = state_schema(l->s);
	scope->parameters = l->parameters;
	scope->n_parameters = l->n_parameters;
	return expr_compile_condition(l->a, text->text, expr_place_of(l->file, text), scope, out, l->e);
}

static enum rc load_attribute(struct load *l, const struct value *test, const struct member *m, struct test *t,
    struct attribute *a)
{
	const struct value *machine = value_get_str(value_get(test, "machine"), m->key);
	const struct value *decides = value_get_str(value_get(test, "decides"), m->key);

	if (m->key.n != 1 || m->key.p[0] < 'A' || m->key.p[0] > 'Z')
		return wrong(l, &m->value, "an attribute is named by one capital letter, not \"%.*s\"", STR_FMT(m->key));
	a->letter = m->key.p[0];
	a->words = m->value.text;
	if (decides != NULL) {
		if (!str_is(decides->text, "both") && !str_is(decides->text, "deviation_only"))
			return wrong(l, decides, "\"decides\" is both or deviation_only");
		a->deviation_only = str_is(decides->text, "deviation_only");
	}
	if (machine == NULL || machine->type == VALUE_NULL)
		return RC_OK;
	if (t->population == NULL)
		return wrong(l, machine, "an expression needs a population to look at");
	a->machine = machine->text;
	t->n_machine++;
	return compile(l, t->population, machine, &a->expr);
}

static enum rc unknown_letters(struct load *l, const struct value *test, const char *name)
{
	const struct value *v = value_get(test, name), *attributes = value_get(test, "attributes");
	size_t i;

	for (i = 0; v != NULL && v->type == VALUE_MAP && i < v->n; i++)
		if (value_get_str(attributes, v->members[i].key) == NULL)
			return wrong(l, &v->members[i].value, "\"%s\" speaks of an attribute \"%.*s\" that the test does not have", name,
			    STR_FMT(v->members[i].key));
	return RC_OK;
}

static enum rc load_test(struct load *l, const struct value *v, struct test *t)
{
	const struct value *attributes = value_get(v, "attributes"), *population = value_get(v, "population");
	const struct value *where = value_get(v, "where");
	size_t i;
	enum rc rc;

	t->id = value_text(v, "id");
	t->procedure = value_text(v, "procedure");
	t->selection = value_text(v, "selection");
	if (t->id.n == 0)
		return wrong(l, v, "a test needs an \"id\"");
	if (str_is(t->id, "occurrence"))
		return wrong(l, v, "\"occurrence\" is no id for a test: the windows' result has that name");
	if (attributes == NULL || attributes->type != VALUE_MAP || attributes->n == 0 || attributes->n > ATTRIBUTES_MAX)
		return wrong(l, v, "a test needs \"attributes\", a map of letters to what must be true");
	if (population != NULL && population->type != VALUE_NULL) {
		t->population = schema_find(state_schema(l->s), population->text);
		if (t->population == NULL)
			return wrong(l, population, "there is no population \"%.*s\"", STR_FMT(population->text));
	}
	if (where != NULL && where->type != VALUE_NULL) {
		if (t->population == NULL)
			return wrong(l, where, "a filter needs a population to look at");
		t->where = where->text;
		if ((rc = compile(l, t->population, where, &t->where_expr)) != RC_OK)
			return rc;
	}
	t->attributes = ARENA_ARRAY(l->a, attributes->n, struct attribute);
	t->n_attributes = attributes->n;
	for (i = 0; i < attributes->n; i++)
		if ((rc = load_attribute(l, v, &attributes->members[i], t, &t->attributes[i])) != RC_OK)
			return rc;
	if ((rc = unknown_letters(l, v, "machine")) != RC_OK)
		return rc;
	return unknown_letters(l, v, "decides");
}

static enum frequency frequency_of(struct str text)
{
	static const char *const names[] = { "", "daily", "weekly", "monthly", "quarterly", "semiannual", "annual" };
	size_t i;

	for (i = 1; i < ARRAY_LEN(names); i++)
		if (str_is(text, names[i]))
			return (enum frequency)i;
	return FREQUENCY_OTHER;
}

/* ---- the occurrence */
static enum rc known_members(struct load *l, const struct value *v, const char *const *names, size_t n, const char *of)
{
	size_t i, k;

	if (v->type != VALUE_MAP)
		return wrong(l, v, "\"%s\" takes a map", of);
	for (i = 0; i < v->n; i++) {
		for (k = 0; k < n && !str_is(v->members[i].key, names[k]); k++)
			;
		if (k == n)
			return wrong(l, &v->members[i].value, "\"%s\" has no \"%.*s\"", of, STR_FMT(v->members[i].key));
	}
	return RC_OK;
}

static enum rc population_of(struct load *l, const struct value *v, const struct collection **out)
{
	const struct value *name = value_get(v, "population");

	if (name == NULL || (*out = schema_find(state_schema(l->s), name->text)) == NULL)
		return wrong(l, name != NULL ? name : v, "there is no population \"%.*s\"",
		    STR_FMT(name != NULL ? name->text : STR("")));
	return RC_OK;
}

static enum rc field_of(struct load *l, const struct value *v, const char *name, const struct collection *c, bool is_time,
    const struct field **out)
{
	const struct value *m = value_get(v, name);
	const struct field *f;

	if (m == NULL || m->type == VALUE_NULL)
		return RC_OK;
	if ((f = collection_field(c, m->text)) == NULL)
		return wrong(l, m, "\"%.*s\" has no field \"%.*s\"", STR_FMT(c->name), STR_FMT(m->text));
	if (f->personal)
		return wrong(l, m, "the field \"%.*s\" is personal, so no occurrence can rest on it", STR_FMT(f->name));
	if (is_time && f->type != FIELD_DATE && f->type != FIELD_TIMESTAMP)
		return wrong(l, m, "\"%s\" takes a date or a timestamp", name);
	if (!is_time && f->type == FIELD_LIST)
		return wrong(l, m, "\"%s\" takes a field with one value", name);
	*out = f;
	return RC_OK;
}

/* A number of days, or the name of a parameter that is one. */
static enum rc load_within(struct load *l, const struct value *v, int64_t *days)
{
	int64_t scaled = -1;
	size_t i;

	if (v == NULL || v->type == VALUE_NULL)
		return RC_OK;
	if (v->type == VALUE_NUMBER && !num_decimal(v->text, &scaled))
		scaled = -1;
	for (i = 0; v->type == VALUE_STRING && i < l->n_parameters; i++)
		if (str_eq(l->parameters[i].name, v->text))
			scaled = l->parameters[i].scaled;
	if (scaled < 0 || scaled % 1000000 != 0 || scaled / 1000000 > 3660)
		return wrong(l, v, "\"within\" takes a number of days, or the name of a parameter that is one");
	*days = scaled / 1000000;
	return RC_OK;
}

static enum rc load_keys(struct load *l, const struct value *v, struct occurrence *o)
{
	static const char *const names[] = { "population", "field", "where" };
	const struct value *where;
	enum rc rc;

	if (v == NULL || v->type == VALUE_NULL)
		return RC_OK;
	if ((rc = known_members(l, v, names, ARRAY_LEN(names), "keys")) != RC_OK ||
	    (rc = population_of(l, v, &o->keys)) != RC_OK ||
	    (rc = field_of(l, v, "field", o->keys, false, &o->keys_field)) != RC_OK)
		return rc;
	if (o->per == NULL)
		return wrong(l, v, "\"keys\" says for which values of \"per\" one is due, and there is no \"per\"");
	if (o->keys_field == NULL || o->keys_field->type != o->per->type)
		return wrong(l, v, "\"keys\" needs a \"field\" of the type of \"%.*s\"", STR_FMT(o->per->name));
	if (o->keys->is_derived)
		return wrong(l, v, "\"keys\" cannot come from a computed population");
	if ((where = value_get(v, "where")) == NULL || where->type == VALUE_NULL)
		return RC_OK;
	o->keys_where = where->text;
	return compile(l, o->keys, where, &o->keys_where_expr);
}

static enum rc load_occurrence(struct load *l, const struct value *v, struct control *c)
{
	static const char *const names[] = { "population", "at", "done", "where", "per", "within", "keys" };
	struct occurrence *o = ARENA_NEW(l->a, struct occurrence);
	const struct value *where;
	struct value done = { 0 };
	enum rc rc;

	if (v == NULL || v->type == VALUE_NULL)
		return RC_OK;
	if ((rc = known_members(l, v, names, ARRAY_LEN(names), "occurrence")) != RC_OK ||
	    (rc = population_of(l, v, &o->population)) != RC_OK ||
	    (rc = field_of(l, v, "at", o->population, true, &o->at)) != RC_OK ||
	    (rc = field_of(l, v, "done", o->population, true, &o->done)) != RC_OK ||
	    (rc = field_of(l, v, "per", o->population, false, &o->per)) != RC_OK ||
	    (rc = load_within(l, value_get(v, "within"), &o->within_days)) != RC_OK ||
	    (rc = load_keys(l, value_get(v, "keys"), o)) != RC_OK)
		return rc;
	if (o->at == NULL)
		return wrong(l, v, "an occurrence needs \"at\", the field that tells into which window an item falls");
	if (o->within_days > 0 && o->done == NULL)
		return wrong(l, v, "\"within\" allows time until something is done, and there is no \"done\"");
	if (o->done != NULL) {
		done = *value_get(v, "done");
		done.text = arena_fmt(l->a, "%.*s != null", STR_FMT(o->done->name));
		if ((rc = compile(l, o->population, &done, &o->done_expr)) != RC_OK)
			return rc;
	}
	if ((where = value_get(v, "where")) != NULL && where->type != VALUE_NULL) {
		o->where = where->text;
		if ((rc = compile(l, o->population, where, &o->where_expr)) != RC_OK)
			return rc;
	}
	c->occurrence = o;
	return RC_OK;
}

static enum rc load_tests(struct load *l, const struct value *v, struct control *c)
{
	const struct value *tests = value_get(v, "tests");
	size_t i, k;
	enum rc rc;

	if (tests == NULL)
		return RC_OK;
	if (tests->type != VALUE_LIST)
		return wrong(l, tests, "\"tests\" takes a list");
	c->tests = ARENA_ARRAY(l->a, tests->n, struct test);
	c->n_tests = tests->n;
	for (i = 0; i < tests->n; i++) {
		if ((rc = load_test(l, &tests->items[i], &c->tests[i])) != RC_OK)
			return rc;
		for (k = 0; k < i; k++)
			if (str_eq(c->tests[k].id, c->tests[i].id))
				return wrong(l, &tests->items[i], "two tests have the id \"%.*s\"", STR_FMT(c->tests[i].id));
	}
	return RC_OK;
}

static enum rc load_control(struct load *l, const struct value *v, struct control **out)
{
	struct control *c = ARENA_NEW(l->a, struct control);
	enum rc rc;

	c->definition = v;
	c->id = value_text(v, "id");
	c->title = value_text(v, "title");
	c->statement = value_text(v, "statement");
	c->owner = value_text(v, "owner");
	c->frequency = value_text(v, "frequency");
	c->nature = value_text(v, "nature");
	c->every = frequency_of(c->frequency);
	c->is_periodic = c->every >= FREQUENCY_WEEKLY;
	if (c->id.n == 0 || c->title.n == 0 || c->statement.n == 0)
		return wrong(l, v, "a control needs \"id\", \"title\" and \"statement\"");
	if ((rc = strings(l, v, "criteria", &c->criteria, &c->n_criteria)) != RC_OK ||
	    (rc = strings(l, v, "populations", &c->populations, &c->n_populations)) != RC_OK ||
	    (rc = load_occurrence(l, value_get(v, "occurrence"), c)) != RC_OK || (rc = load_tests(l, v, c)) != RC_OK)
		return rc;
	*out = c;
	return RC_OK;
}

enum rc control_load(struct arena *a, const char *file, const struct value *v, struct state *s, struct control **out,
    struct err *e)
{
	struct load l = { .a = a, .file = file, .s = s, .e = e };
	enum rc rc;

	if ((rc = parameters_load(s, a, &l.parameters, &l.n_parameters, e)) != RC_OK)
		return rc;
	return load_control(&l, v, out);
}

enum rc controls_load(struct state *s, struct arena *a, struct control ***out, size_t *n, struct err *e)
{
	struct load l = { .a = a, .file = "control", .s = s, .e = e };
	const struct value **docs;
	struct control **list;
	size_t count, i;
	enum rc rc;

	if ((rc = parameters_load(s, a, &l.parameters, &l.n_parameters, e)) != RC_OK ||
	    (rc = state_definitions(s, a, "control", &docs, &count, e)) != RC_OK)
		return rc;
	list = ARENA_ARRAY(a, count, struct control *);
	for (i = 0; i < count; i++)
		if ((rc = load_control(&l, docs[i], &list[i])) != RC_OK)
			return rc;
	*out = list;
	*n = count;
	return RC_OK;
}

static enum rc check_derived(struct load *l, const struct collection *c, const struct value *v)
{
	const struct value *derive = value_get(v, "derive"), *group = value_get(v, "group_by");
	const struct collection *from = schema_find(state_schema(l->s), value_text(v, "derived_from"));
	struct expr_scope scope = { .parameters = l->parameters, .n_parameters = l->n_parameters, .in_derive = true };
	const struct expr *x;
	size_t i;
	enum rc rc;

	(void)c;
	if (from == NULL)
		return wrong(l, value_get(v, "derived_from"), "there is no population \"%.*s\"",
		    STR_FMT(value_text(v, "derived_from")));
	if (derive == NULL || derive->type != VALUE_MAP || group == NULL || group->type != VALUE_MAP)
		return wrong(l, v, "a derived population needs \"group_by\" and \"derive\", maps of fields to expressions");
	scope.collection = from;
	scope.derived = derive->members;
	for (i = 0; i < group->n; i++)
		if ((rc = expr_compile(l->a, group->members[i].value.text, expr_place_of(l->file, &group->members[i].value), &scope,
		    &x, l->e)) != RC_OK)
			return rc;
	for (i = 0; i < derive->n; i++) {
		scope.n_derived = i;
		if ((rc = expr_compile(l->a, derive->members[i].value.text, expr_place_of(l->file, &derive->members[i].value), &scope,
		    &x, l->e)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc population_check(const char *file, const struct value *v, struct state *s, struct err *e)
{
	struct load l = { .a = arena_new(), .file = file, .s = s, .e = e };
	const struct value *current = value_get(v, "current");
	struct collection *c;
	const struct expr *x;
	enum rc rc;

	if ((rc = collection_load(l.a, file, v, &c, e)) == RC_OK &&
	    (rc = parameters_load(s, l.a, &l.parameters, &l.n_parameters, e)) == RC_OK) {
		if (current != NULL && current->type != VALUE_NULL)
			rc = compile(&l, c, current, &x);
		if (rc == RC_OK && c->is_derived)
			rc = check_derived(&l, c, v);
	}
	arena_free(l.a);
	return rc;
}

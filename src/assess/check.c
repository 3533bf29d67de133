/* check: see check.h. */
#include "assess/check_priv.h"

#include "assess/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINDINGS_EXPLAINED = 20 };       /* with the comparison that failed */

static const char *const kind_names[] = { "items", "sequence", "rhythm", "receipt", "sources", "stated" };

const char *check_state_name(enum check_state s)
{
	static const char *const names[] = { "incomplete", "doubtful", "unknown", "complete" };

	return names[s];
}

struct str check_control(struct arena *a, const struct completeness *c)
{
	return arena_fmt(a, "population %.*s", STR_FMT(c->population->name));
}

/* ---- definitions */
static enum rc wrong(struct err *e, const char *file, const struct value *v, const char *what)
{
	return err_set(e, RC_INVALID, "%s:%u:%u: %s", file, v->line, v->column, what);
}

static enum rc check_members(const char *file, const struct value *v, struct err *e)
{
	static const char *const known[] = { "id", "population", "check", "says", "of", "where", "holds", "field", "per",
		"every" };
	size_t i, k;

	if (v == NULL || v->type != VALUE_MAP)
		return err_set(e, RC_INVALID, "%s: a check of completeness is a map", file);
	for (i = 0; i < v->n; i++) {
		for (k = 0; k < ARRAY_LEN(known) && !str_is(v->members[i].key, known[k]); k++)
			;
		if (k == ARRAY_LEN(known))
			return err_set(e, RC_INVALID, "%s:%u:%u: a check of completeness has no \"%.*s\"", file, v->members[i].value.line,
			    v->members[i].value.column, STR_FMT(v->members[i].key));
	}
	return RC_OK;
}


/* The condition becomes a test of one attribute, so that it is judged, counted and re-performed as tests are. */
static enum rc load_items(struct arena *a, const char *file, const struct value *v, struct state *s, struct completeness *c,
    struct err *e)
{
	const struct value *holds = value_get(v, "holds"), *of = value_get(v, "of"), *where = value_get(v, "where");
	struct value *test = ARENA_NEW(a, struct value), *control = ARENA_NEW(a, struct value), *list = ARENA_NEW(a, struct value);
	struct value attributes = { .type = VALUE_MAP, .n = 1 }, machine = { .type = VALUE_MAP, .n = 1 };
	struct control *out;
	struct member *m;
	enum rc rc;

	if (holds == NULL || c->says.n == 0)
		return wrong(e, file, v, "a check of items needs \"holds\", what must be true of each, and \"says\", in words what a "
		    "failure means");
	attributes.members = ARENA_NEW(a, struct member);
	attributes.members[0] = (struct member){ STR("A"), *value_get(v, "says") };
	machine.members = ARENA_NEW(a, struct member);
	machine.members[0] = (struct member){ STR("A"), *holds };
	*test = (struct value){ .type = VALUE_MAP, .line = v->line, .column = v->column };
	m = test->members = ARENA_ARRAY(a, 5, struct member);
	m[test->n++] = (struct member){ STR("id"), { .type = VALUE_STRING, .text = c->id } };
	m[test->n++] = (struct member){ STR("population"), of != NULL ? *of : *value_get(v, "population") };
	m[test->n++] = (struct member){ STR("attributes"), attributes };
	m[test->n++] = (struct member){ STR("machine"), machine };
	if (where != NULL)
		m[test->n++] = (struct member){ STR("where"), *where };
	*list = (struct value){ .type = VALUE_LIST, .items = test, .n = 1, .line = v->line, .column = v->column };
	*control = (struct value){ .type = VALUE_MAP, .line = v->line, .column = v->column };
	m = control->members = ARENA_ARRAY(a, 4, struct member);
	m[control->n++] = (struct member){ STR("id"), { .type = VALUE_STRING, .text = check_control(a, c) } };
	m[control->n++] = (struct member){ STR("title"), { .type = VALUE_STRING, .text = c->id } };
	m[control->n++] = (struct member){ STR("statement"), { .type = VALUE_STRING, .text = c->says } };
	m[control->n++] = (struct member){ STR("tests"), *list };
	if ((rc = control_load(a, file, control, s, &out, e)) != RC_OK)
		return rc;
	c->control = out;
	return RC_OK;
}

static enum rc load_field(const char *file, const struct value *v, const char *name, const struct collection *c,
    const struct field **out, struct err *e)
{
	const struct value *m = value_get(v, name);

	if (m == NULL || m->type == VALUE_NULL)
		return RC_OK;
	*out = collection_field(c, m->text);
	if (*out == NULL || (*out)->personal || (*out)->type == FIELD_LIST)
		return err_set(e, RC_INVALID, "%s:%u:%u: \"%s\" takes a field of \"%.*s\" with one value that is not personal", file,
		    m->line, m->column, name, STR_FMT(c->name));
	return RC_OK;
}

/* "5 minutes", "1 hour", "1 day", or the name of a parameter whose unit is one of these. */
static enum rc load_every(struct state *s, struct arena *a, const char *file, const struct value *v, int64_t *us,
    struct err *e)
{
	static const struct {
		const char *one, *many;
		int64_t us;
	} units[] = { { "minute", "minutes", 60 * US_PER_SECOND }, { "hour", "hours", 3600 * US_PER_SECOND },
		{ "day", "days", US_PER_DAY } };
	struct str rest, number, unit;
	struct str body;
	struct err none;
	const struct value *d;
	int64_t n = 0;
	size_t i;

	if (v == NULL || v->type == VALUE_NULL)
		return RC_OK;
	rest = v->text;
	err_init(&none);
	if (state_definition(s, a, "parameter", v->text, &body, NULL, &none) == RC_OK && json_parse(a, body, &d, &none) == RC_OK) {
		number = value_get(value_get(d, "body"), "value") != NULL ? value_get(value_get(d, "body"), "value")->text : STR_NONE;
		unit = value_text(value_get(d, "body"), "unit");
	} else {
		number = str_cut(&rest, ' ');
		unit = str_trim(rest);
	}
	for (i = 0; i < ARRAY_LEN(units); i++) {
		if ((str_is(unit, units[i].one) || str_is(unit, units[i].many)) && num_i64(number, &n) && n > 0 && n < 10000) {
			*us = n * units[i].us;
			return RC_OK;
		}
	}
	return wrong(e, file, v, "\"every\" takes a time such as \"5 minutes\", \"1 hour\", \"1 day\", or a parameter that is one");
}

enum rc check_load(struct arena *a, const char *file, const struct value *v, struct state *s, struct completeness **out,
    struct err *e)
{
	struct completeness *c = ARENA_NEW(a, struct completeness);
	const struct value *kind, *population;
	size_t k;
	enum rc rc;

	if ((rc = check_members(file, v, e)) != RC_OK)
		return rc;
	kind = value_get(v, "check");
	population = value_get(v, "population");
	c->id = value_text(v, "id");
	c->says = value_text(v, "says");
	if (c->id.n == 0 || kind == NULL || population == NULL)
		return wrong(e, file, v, "a check of completeness needs \"id\", \"population\" and \"check\"");
	if ((c->population = schema_find(state_schema(s), population->text)) == NULL)
		return err_set(e, RC_INVALID, "%s:%u:%u: there is no population \"%.*s\"", file, population->line, population->column,
		    STR_FMT(population->text));
	for (k = 0; k < CHECK_STATED && !str_is(kind->text, kind_names[k]); k++)
		;
	if (k == CHECK_STATED)
		return wrong(e, file, kind, "\"check\" is items, sequence, rhythm, receipt or sources");
	c->kind = (enum check_kind)k;
	if ((rc = load_field(file, v, "field", c->population, &c->field, e)) != RC_OK ||
	    (rc = load_field(file, v, "per", c->population, &c->per, e)) != RC_OK ||
	    (rc = load_every(s, a, file, value_get(v, "every"), &c->every_us, e)) != RC_OK)
		return rc;
	if (c->kind == CHECK_SEQUENCE && (c->field == NULL || (c->field->type != FIELD_STRING && c->field->type != FIELD_INT)))
		return wrong(e, file, v, "a sequence needs \"field\", a text or a whole number");
	if ((c->kind == CHECK_RHYTHM || c->kind == CHECK_RECEIPT) && (c->population->n_period == 0 || c->population->is_derived))
		return wrong(e, file, v, "a rhythm and receipts are those of events; this population is a listing or computed");
	if (c->kind == CHECK_SOURCES && c->population->n_period > 0)
		return wrong(e, file, v, "sources are compared by what they list; this population is no listing");
	if (c->kind == CHECK_ITEMS && (rc = load_items(a, file, v, s, c, e)) != RC_OK)
		return rc;
	*out = c;
	return RC_OK;
}

static int by_population(const void *a, const void *b)
{
	const struct completeness *x = *(const struct completeness *const *)a, *y = *(const struct completeness *const *)b;
	int order = str_cmp(x->population->name, y->population->name);

	return order != 0 ? order : str_cmp(x->id, y->id);
}

enum rc checks_load(struct state *s, struct arena *a, struct completeness ***out, size_t *n, struct err *e)
{
	const struct schema *schema = state_schema(s);
	const struct value **docs;
	struct completeness **list;
	size_t count, i, used = 0;
	enum rc rc;

	if ((rc = state_definitions(s, a, "completeness", &docs, &count, e)) != RC_OK)
		return rc;
	list = ARENA_ARRAY(a, count + schema->n + 1, struct completeness *);
	for (i = 0; i < count; i++)
		if ((rc = check_load(a, "completeness", docs[i], s, &list[used++], e)) != RC_OK)
			return rc;
	for (i = 0; i < schema->n; i++) {
		if (schema->collections[i]->is_derived)
			continue;
		list[used] = ARENA_NEW(a, struct completeness);
		list[used]->id = arena_fmt(a, "%.*s.stated", STR_FMT(schema->collections[i]->name));
		list[used]->kind = CHECK_STATED;
		list[used++]->population = schema->collections[i];
	}
	qsort(list, used, sizeof(*list), by_population);
	*out = list;
	*n = used;
	return RC_OK;
}

/* ---- findings */
void finding_add(struct checking *c, struct completeness_finding f)
{
	struct check_result *r = c->out;
	struct completeness_finding *more;

	r->found++;
	if (r->n_findings == FINDINGS_KEPT)
		return;
	if (r->n_findings == r->room) {
		r->room = r->room == 0 ? 16 : r->room * 2;
		more = ARENA_ARRAY(c->a, r->room, struct completeness_finding);
		if (r->n_findings > 0)
			memcpy(more, r->findings, r->n_findings * sizeof(*more));
		r->findings = more;
	}
	r->findings[r->n_findings++] = f;
}

struct str findings_list(struct checking *c, size_t most)
{
	const struct check_result *r = c->out;
	struct buf b;
	struct str out;
	size_t i;

	buf_init(&b, 1 << 16);
	for (i = 0; i < r->n_findings && i < most; i++) {
		buf_z(&b, i > 0 ? ", " : "");
		buf_str(&b, r->findings[i].text);
	}
	if (r->found > i)
		buf_fmt(&b, " and %llu more", (unsigned long long)(r->found - i));
	out = arena_str(c->a, buf_view(&b));
	buf_done(&b);
	return out;
}

static enum rc run_items(struct checking *c)
{
	const struct test *t = &c->check->control->tests[0];
	struct explained *why;
	struct result *r;
	size_t i;
	enum rc rc = test_run(c->s, c->a, c->check->control, t, c->p, &r, c->e);

	if (rc != RC_OK)
		return rc;
	if ((rc = explain_deviations(c->s, c->a, r, c->p, FINDINGS_EXPLAINED, &why, c->e)) != RC_OK)
		return rc;
	c->out->examined = r->tested;
	c->out->unknown = r->undetermined;
	for (i = 0; i < r->n_deviations; i++)
		finding_add(c, (struct completeness_finding){ .key = r->deviations[i].key,
		    .text = i < FINDINGS_EXPLAINED && why[i].why.n > 0 ? arena_fmt(c->a, "%.*s (%.*s)",
		    STR_FMT(r->deviations[i].key), STR_FMT(why[i].why)) : r->deviations[i].key });
	c->out->found = r->deviating;
	c->out->state = r->deviating > 0 ? CHECK_INCOMPLETE : r->undetermined > 0 ? CHECK_UNKNOWN : CHECK_COMPLETE;
	if (r->deviating > 0)
		c->out->words = arena_fmt(c->a, "%.*s: %llu of %llu in %.*s: %.*s.", STR_FMT(c->check->says),
		    (unsigned long long)r->deviating, (unsigned long long)r->tested, STR_FMT(t->population->name),
		    STR_FMT(findings_list(c, 10)));
	else if (r->undetermined > 0)
		c->out->words = arena_fmt(c->a, "The evidence cannot tell for %llu of %llu in %.*s.", (unsigned long long)r->undetermined,
		    (unsigned long long)r->tested, STR_FMT(t->population->name));
	return RC_OK;
}

enum rc check_run(struct state *s, struct arena *a, const struct completeness *check, const struct run_period *p,
    struct check_result **out, struct err *e)
{
	static enum rc (*const run[])(struct checking *) = { run_items, check_sequence, check_rhythm, check_receipt, check_sources,
		check_stated };
	struct checking c = { .s = s, .a = a, .check = check, .p = p, .e = e };
	enum rc rc;

	c.out = ARENA_NEW(a, struct check_result);
	c.out->check = check;
	c.out->state = CHECK_COMPLETE;
	if ((rc = run[check->kind](&c)) != RC_OK)
		return rc;
	*out = c.out->examined > 0 ? c.out : NULL;
	return RC_OK;
}

/* ---- as an entry */
static void put_text(struct buf *b, struct str s)
{
	if (s.p != NULL)
		json_put_str(b, s);
	else
		buf_z(b, "null");
}

static void put_finding(struct arena *a, const struct completeness_finding *f, struct buf *b)
{
	buf_z(b, "{\"from\":");
	put_text(b, f->has_times ? instant_fmt(a, f->from_us) : STR_NONE);
	buf_z(b, ",\"key\":");
	buf_str(b, f->key.p != NULL ? f->key : STR("null"));
	buf_z(b, ",\"text\":");
	json_put_str(b, f->text);
	buf_z(b, ",\"to\":");
	put_text(b, f->has_times ? instant_fmt(a, f->to_us) : STR_NONE);
	buf_c(b, '}');
}

enum rc check_put(struct state *s, struct arena *a, const struct check_result *r, const struct run_period *p, struct buf *b,
    struct err *e)
{
	size_t i;

	buf_fmt(b, "{\"check\":\"%s\",\"control\":", kind_names[r->check->kind]);
	json_put_str(b, check_control(a, r->check));
	buf_fmt(b, ",\"counts\":{\"examined\":%llu,\"findings\":%llu,\"not_determinable\":%llu},\"definitions\":{",
	    (unsigned long long)r->examined, (unsigned long long)r->found, (unsigned long long)r->unknown);
	result_put_definition(s, a, "completeness", r->check->id, b);
	buf_c(b, ',');
	result_put_definition(s, a, "population", r->check->population->name, b);
	buf_fmt(b, "},\"engine\":%d,\"findings\":[", ENGINE_VERSION);
	for (i = 0; i < r->n_findings; i++) {
		buf_z(b, i > 0 ? "," : "");
		put_finding(a, &r->findings[i], b);
	}
	buf_z(b, "],\"kind\":\"completeness\",\"period\":{\"from\":");
	json_put_str(b, date_fmt(a, p->from_day));
	buf_z(b, ",\"to\":");
	json_put_str(b, date_fmt(a, p->to_day));
	buf_z(b, "},\"population\":");
	json_put_str(b, r->check->population->name);
	buf_z(b, ",\"says\":");
	put_text(b, r->check->says);
	buf_fmt(b, ",\"state\":\"%s\",\"test\":", check_state_name(r->state));
	json_put_str(b, r->check->id);
	buf_z(b, ",\"words\":");
	put_text(b, r->words);
	buf_c(b, '}');
	return buf_ok(b, "a result", e);
}

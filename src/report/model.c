/* model: see model.h. */
#include "report/model.h"

#include <string.h>

#include "model/item.h"

enum { LISTED = 500 };          /* deviations of one test that are listed; all of them are counted */

struct put {
	struct state *s;
	const struct report_ledger *ledger;
	struct arena *a;
	const struct readiness *r;
	struct buf *b;
	struct err *e;
};

static void text(struct put *p, const char *name, struct str s)
{
	buf_fmt(p->b, "\"%s\":", name);
	if (s.p != NULL)
		json_put_str(p->b, s);
	else
		buf_z(p->b, "null");
}

static void number(struct put *p, const char *name, uint64_t n)
{
	buf_fmt(p->b, "\"%s\":%llu", name, (unsigned long long)n);
}

static void next(struct put *p)
{
	buf_c(p->b, ',');
}

static void member(struct put *p, const char *name, const struct value *doc)
{
	const struct value *v = value_get(doc, name);

	buf_fmt(p->b, "\"%s\":", name);
	if (v != NULL)
		json_put_as_is(p->b, v);
	else
		buf_z(p->b, "null");
}

static void put_scope(struct put *p)
{
	const struct value *doc = p->r->scope.doc;
	static const char *const names[] = { "boundary", "categories", "changes", "incidents_basis", "not_relevant", "notice",
		"services" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		member(p, names[i], doc);
		next(p);
	}
	text(p, "organization", p->r->scope.organization);
	next(p);
	text(p, "system", p->r->scope.system);
	next(p);
	buf_z(p->b, "\"period\":{");
	text(p, "from", date_fmt(p->a, p->r->period.from_day));
	next(p);
	text(p, "to", date_fmt(p->a, p->r->period.to_day));
	buf_z(p->b, "},");
	text(p, "zone", zone_name(state_zone(p->s)));
	next(p);
}

static void put_ledger(struct put *p)
{
	buf_z(p->b, "\"ledger\":{");
	number(p, "checkpointed", p->ledger->checkpointed);
	next(p);
	number(p, "entries", p->ledger->entries);
	next(p);
	text(p, "origin", p->ledger->origin);
	next(p);
	text(p, "vkey", p->ledger->vkey);
	buf_z(p->b, "},");
}

/* The items of a collection as the description takes them in: those of its newest listing or all events. */
static enum rc put_items(struct put *p, const char *name)
{
	const struct collection *c = schema_find(state_schema(p->s), str_z(name));
	struct stmt *st = NULL;
	struct buf sql;
	const char *between = "";
	struct str t;
	bool row;
	size_t i;
	enum rc rc;

	buf_fmt(p->b, "\"%s\":[", name);
	if (c == NULL) {
		buf_c(p->b, ']');
		return RC_OK;
	}
	buf_init(&sql, 1 << 16);
	buf_z(&sql, "SELECT ");
	item_columns(&sql, c, "i");
	buf_fmt(&sql, " FROM item_%.*s i ORDER BY i.key LIMIT 1000", STR_FMT(c->name));
	rc = db_prepare(state_db(p->s), arena_str(p->a, buf_view(&sql)), &st, p->e);
	buf_done(&sql);
	while (rc == RC_OK && (rc = stmt_step(st, &row, p->e)) == RC_OK && row) {
		buf_z(p->b, between);
		buf_c(p->b, '{');
		for (i = 0; i < c->n_fields && rc == RC_OK; i++) {
			if ((rc = item_text(p->s, p->a, st, &c->fields[i], &t, p->e)) != RC_OK)
				break;
			buf_z(p->b, i > 0 ? "," : "");
			json_put_str(p->b, c->fields[i].name);
			buf_c(p->b, ':');
			json_put_str(p->b, t);
		}
		buf_c(p->b, '}');
		between = ",";
	}
	stmt_free(st);
	buf_c(p->b, ']');
	return rc;
}

static void put_criteria(struct put *p)
{
	size_t i, k;

	buf_z(p->b, "\"criteria\":[");
	for (i = 0; i < p->r->n_criteria; i++) {
		const struct criterion_view *v = &p->r->criteria[i];

		buf_z(p->b, i > 0 ? ",{\"controls\":[" : "{\"controls\":[");
		for (k = 0; k < v->n_controls; k++) {
			buf_z(p->b, k > 0 ? "," : "");
			json_put_str(p->b, v->controls[k]->control->id);
		}
		buf_z(p->b, "],");
		text(p, "id", v->id);
		next(p);
		text(p, "not_relevant", v->not_relevant);
		next(p);
		text(p, "statement", v->statement);
		next(p);
		text(p, "title", v->title);
		buf_c(p->b, '}');
	}
	buf_z(p->b, "],");
}

static void put_attributes(struct put *p, const struct test *t)
{
	size_t i;

	buf_z(p->b, "\"attributes\":[");
	for (i = 0; i < t->n_attributes; i++) {
		buf_fmt(p->b, "%s{\"letter\":\"%c\",", i > 0 ? "," : "", t->attributes[i].letter);
		text(p, "words", t->attributes[i].words);
		buf_c(p->b, '}');
	}
	buf_c(p->b, ']');
}

static bool in_scope(const struct readiness *r, const struct control_view *v)
{
	size_t i, k;

	for (i = 0; i < r->n_criteria; i++)
		for (k = 0; k < r->criteria[i].n_controls; k++)
			if (r->criteria[i].controls[k] == v && r->criteria[i].not_relevant.p == NULL)
				return true;
	return false;
}

static void put_controls(struct put *p)
{
	const char *between = "";
	size_t i, k;

	buf_z(p->b, "\"controls\":[");
	for (i = 0; i < p->r->n_controls; i++) {
		const struct control *c = p->r->controls[i].control;

		if (!in_scope(p->r, &p->r->controls[i]))
			continue;
		buf_z(p->b, between);
		buf_z(p->b, "{\"criteria\":[");
		for (k = 0; k < c->n_criteria; k++) {
			buf_z(p->b, k > 0 ? "," : "");
			json_put_str(p->b, c->criteria[k]);
		}
		buf_z(p->b, "],");
		text(p, "frequency", c->frequency);
		next(p);
		text(p, "id", c->id);
		next(p);
		text(p, "owner", c->owner);
		next(p);
		text(p, "statement", c->statement);
		next(p);
		buf_z(p->b, "\"tests\":[");
		for (k = 0; k < c->n_tests; k++) {
			buf_z(p->b, k > 0 ? ",{" : "{");
			put_attributes(p, &c->tests[k]);
			next(p);
			text(p, "id", c->tests[k].id);
			next(p);
			text(p, "population", c->tests[k].population != NULL ? c->tests[k].population->name : STR_NONE);
			next(p);
			text(p, "procedure", c->tests[k].procedure);
			buf_c(p->b, '}');
		}
		buf_z(p->b, "],");
		text(p, "title", c->title);
		buf_c(p->b, '}');
		between = ",";
	}
	buf_z(p->b, "],");
}

/* ---- monitoring results */
/* The natural key as a person reads it: days and times as such, subjects by their reference. */
static struct str item_words(struct put *p, const struct collection *c, struct str key)
{
	const struct value *v;
	struct err ignored;
	struct buf b;
	struct str out, t;
	int64_t n;
	size_t i;

	err_init(&ignored);
	if (json_parse(p->a, key, &v, &ignored) != RC_OK || v->type != VALUE_LIST)
		return key;
	buf_init(&b, LIMIT_RECORD);
	for (i = 0; i < v->n && i < c->n_key; i++) {
		enum field_type type = c->fields[c->key[i]].type;

		t = v->items[i].text;
		if (type == FIELD_DATE && num_i64(t, &n))
			t = date_fmt(p->a, n);
		else if (type == FIELD_TIMESTAMP && num_i64(t, &n))
			t = instant_fmt(p->a, n);
		else if (type == FIELD_SUBJECT)
			t = arena_fmt(p->a, "subject:%.*s", STR_FMT(t));
		buf_z(&b, i > 0 ? " / " : "");
		buf_str(&b, t);
	}
	out = arena_str(p->a, buf_view(&b));
	buf_done(&b);
	return out;
}

static enum rc put_deviations(struct put *p, const struct result *r)
{
	uint8_t leaf[32];
	size_t i;
	enum rc rc = RC_OK;

	buf_z(p->b, "\"deviations\":[");
	for (i = 0; i < r->n_deviations && i < LISTED && rc == RC_OK; i++) {
		const struct deviation *d = &r->deviations[i];

		buf_z(p->b, i > 0 ? ",{" : "{");
		number(p, "entry", (uint64_t)d->entry);
		next(p);
		text(p, "first", instant_fmt(p->a, d->first_us));
		next(p);
		text(p, "item", item_words(p, r->test->population, d->key));
		buf_z(p->b, ",\"key\":");
		buf_str(p->b, d->key);
		buf_z(p->b, ",\"last\":");
		json_put_str(p->b, instant_fmt(p->a, d->last_us));
		if (d->entry >= 0 && (rc = p->ledger->leaf(p->ledger->ctx, (uint64_t)d->entry, leaf, p->e)) == RC_OK) {
			buf_z(p->b, ",\"leaf\":\"");
			buf_hex(p->b, leaf, 32);
			buf_c(p->b, '"');
		}
		buf_fmt(p->b, ",\"letters\":\"%s\"}", d->letters);
	}
	buf_z(p->b, "],");
	return rc;
}

static void put_counts(struct put *p, const struct result *r)
{
	size_t i;

	buf_z(p->b, "\"attributes\":[");
	for (i = 0; i < r->test->n_attributes; i++) {
		const struct attribute *at = &r->test->attributes[i];

		buf_z(p->b, i > 0 ? ",{" : "{");
		number(p, "deviates", r->counts[i].deviates);
		next(p);
		text(p, "expression", at->machine);
		buf_fmt(p->b, ",\"letter\":\"%c\",", at->letter);
		number(p, "meets", r->counts[i].meets);
		next(p);
		number(p, "not_determinable", r->counts[i].unknown);
		next(p);
		text(p, "words", at->words);
		buf_c(p->b, '}');
	}
	buf_z(p->b, "],");
	number(p, "deviating", r->deviating);
	next(p);
	number(p, "excluded", r->excluded);
	next(p);
	number(p, "met", r->met);
	next(p);
	number(p, "not_determinable", r->undetermined);
	next(p);
	number(p, "tested", r->tested);
	next(p);
	number(p, "undated", r->undated);
	next(p);
}

static enum rc put_results(struct put *p)
{
	const char *between = "";
	struct str hex;
	size_t i, k;
	enum rc rc;

	buf_z(p->b, "\"results\":[");
	for (i = 0; i < p->r->n_controls; i++) {
		const struct control_view *v = &p->r->controls[i];

		if (!in_scope(p->r, v))
			continue;
		for (k = 0; k < v->control->n_tests; k++) {
			const struct result *r = v->results[k];

			if (r->test->n_machine == 0)
				continue;
			buf_z(p->b, between);
			buf_c(p->b, '{');
			put_counts(p, r);
			text(p, "control", v->control->id);
			next(p);
			if ((rc = put_deviations(p, r)) != RC_OK)
				return rc;
			hex = hex_str(p->a, r->grid_digest, 32);
			text(p, "grid", hex);
			next(p);
			text(p, "population", r->test->population->name);
			next(p);
			hex = hex_str(p->a, r->population_digest, 32);
			text(p, "population_digest", hex);
			next(p);
			text(p, "state", str_z(test_state_name(r->state)));
			next(p);
			text(p, "test", r->test->id);
			next(p);
			text(p, "title", v->control->title);
			next(p);
			text(p, "where", r->test->where);
			buf_c(p->b, '}');
			between = ",";
		}
	}
	buf_z(p->b, "],");
	return RC_OK;
}

static void put_coverage(struct put *p)
{
	size_t i;

	buf_z(p->b, "\"coverage\":[");
	for (i = 0; i < p->r->n_populations; i++) {
		const struct coverage *c = p->r->populations[i];

		buf_z(p->b, i > 0 ? ",{" : "{");
		text(p, "hint", c->collection->completeness_hint);
		next(p);
		text(p, "kind", c->collection->n_period > 0 ? STR("events") : STR("listings"));
		next(p);
		text(p, "population", c->collection->name);
		buf_z(p->b, ",\"record\":");
		coverage_put(p->a, c, p->b);
		buf_c(p->b, '}');
	}
	buf_z(p->b, "],");
}

static enum rc leaf_of_org(void *ctx, uint64_t entry, uint8_t leaf[32], struct err *e)
{
	struct arena *a = arena_new();
	struct opened o;
	enum rc rc = ledger_read(org_ledger(ctx), a, entry, &o, e);

	if (rc == RC_OK)
		memcpy(leaf, o.leaf, 32);
	arena_free(a);
	return rc;
}

struct report_ledger report_ledger_of(struct org *org, struct arena *a)
{
	const struct ledger *l = org_ledger(org);
	struct report_ledger out = { .entries = ledger_size(l), .checkpointed = ledger_checkpointed(l), .origin = ledger_origin(l),
		.leaf = leaf_of_org, .ctx = org };
	struct buf key;

	buf_init(&key, 4096);
	note_key_put(ledger_key(l), &key);
	out.vkey = arena_str(a, buf_view(&key));
	buf_done(&key);
	return out;
}

enum rc report_put(struct state *s, const struct report_ledger *ledger, struct arena *a, int type, const struct readiness *r,
    struct buf *b, struct err *e)
{
	static const char *const registers[] = { "service_commitment", "system_requirement", "system_component", "cuec", "csoc",
		"vendor", "incident" };
	struct put p = { s, ledger, a, r, b, e };
	size_t i;
	enum rc rc;

	buf_c(b, '{');
	put_scope(&p);
	put_ledger(&p);
	put_criteria(&p);
	put_controls(&p);
	if ((rc = put_results(&p)) != RC_OK)
		return rc;
	put_coverage(&p);
	text(&p, "without_records", r->empty);
	next(&p);
	buf_z(b, "\"registers\":{");
	for (i = 0; i < ARRAY_LEN(registers); i++) {
		buf_z(b, i > 0 ? "," : "");
		if ((rc = put_items(&p, registers[i])) != RC_OK)
			return rc;
	}
	buf_z(b, "},\"marking\":");
	json_put_str(b, arena_fmt(a, "Management's draft in the form of a Type %d report. Not examined. Not for distribution.", type));
	next(&p);
	text(&p, "as_of", instant_fmt(a, run_asof(s, &r->period)));
	buf_fmt(b, ",\"type\":%d}", type);
	return buf_ok(b, "the report", e);
}

/* model: see model.h. */
#include "report/model.h"

#include <string.h>

#include "assess/explain.h"
#include "assess/words.h"
#include "report/register.h"

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
	size_t i;

	buf_z(p->b, "\"ledger\":{");
	number(p, "checkpointed", p->ledger->checkpointed);
	next(p);
	number(p, "entries", p->ledger->entries);
	next(p);
	text(p, "origin", p->ledger->origin);
	next(p);
	buf_z(p->b, "\"stamps\":[");
	for (i = 0; i < p->ledger->n_stamps; i++) {
		const struct anchor *k = &p->ledger->stamps[i];

		buf_z(p->b, i > 0 ? ",{" : "{");
		text(p, "at", instant_fmt(p->a, k->stamp.at_us));
		next(p);
		text(p, "authority", k->stamp.authority);
		next(p);
		number(p, "entries", k->size);
		buf_c(p->b, '}');
	}
	buf_z(p->b, "],");
	text(p, "vkey", p->ledger->vkey);
	buf_z(p->b, "},");
}

/* How many incidents of the period were judged to belong into the description, not to, or not judged yet (DC 4). */
static enum rc put_triage(struct put *p)
{
	const struct collection *c = schema_find(state_schema(p->s), STR("incident"));
	static const char *const names[] = { "significant", "not_significant", "not_triaged" };
	static const char *const tests[] = { "f_dc4_significant=1", "f_dc4_significant=0", "f_dc4_significant IS NULL" };
	int64_t n;
	size_t i;
	enum rc rc;

	buf_z(p->b, "\"incidents\":{");
	for (i = 0; i < ARRAY_LEN(names); i++) {
		n = 0;
		if (c != NULL && c->n_period > 0 && collection_field(c, STR("dc4_significant")) != NULL && (rc = db_i64(state_db(
		    p->s), arena_z(p->a, arena_fmt(p->a, "SELECT count(*) FROM item_incident WHERE day BETWEEN %lld AND"
		    " %lld AND %s", (long long)p->r->period.from_day, (long long)p->r->period.to_day, tests[i])), 0, &n, p->e)) != RC_OK)
			return rc;
		buf_fmt(p->b, "%s\"%s\":%lld", i > 0 ? "," : "", names[i], (long long)n);
	}
	buf_z(p->b, "},");
	return RC_OK;
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
		text(p, "series", v->series);
		next(p);
		text(p, "statement", v->statement);
		next(p);
		text(p, "title", v->title);
		buf_c(p->b, '}');
	}
	buf_z(p->b, "],\"series\":[");
	for (i = 0; i < p->r->n_series; i++) {
		buf_z(p->b, i > 0 ? ",{" : "{");
		text(p, "id", p->r->series[i].id);
		next(p);
		text(p, "name", p->r->series[i].name);
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
static enum rc put_deviations(struct put *p, const struct result *r)
{
	const struct zone *z = state_zone(p->s);
	struct explained *why;
	uint8_t leaf[32];
	size_t i;
	enum rc rc = explain_deviations(p->s, p->a, r, &p->r->period, LISTED, &why, p->e);

	buf_z(p->b, "\"deviations\":[");
	for (i = 0; i < r->n_deviations && i < LISTED && rc == RC_OK; i++) {
		const struct deviation *d = &r->deviations[i];

		buf_z(p->b, i > 0 ? ",{" : "{");
		number(p, "entry", (uint64_t)d->entry);
		next(p);
		text(p, "first", instant_fmt(p->a, d->first_us));
		next(p);
		text(p, "item", key_words(p->a, r->test->population, d->key));
		buf_z(p->b, ",\"key\":");
		buf_str(p->b, d->key);
		buf_z(p->b, ",\"last\":");
		json_put_str(p->b, instant_fmt(p->a, d->last_us));
		if (d->entry >= 0 && (rc = p->ledger->leaf(p->ledger->ctx, (uint64_t)d->entry, leaf, p->e)) == RC_OK) {
			buf_z(p->b, ",\"leaf\":\"");
			buf_hex(p->b, leaf, 32);
			buf_c(p->b, '"');
		}
		buf_fmt(p->b, ",\"letters\":\"%s\",", d->letters);
		text(p, "seen", why[i].n_seen > 0 ? seen_words(p->a, why[i].seen, why[i].n_seen, z) : STR_NONE);
		next(p);
		text(p, "why", why[i].why);
		buf_c(p->b, '}');
	}
	buf_z(p->b, "],");
	return rc;
}

/* Items that no date places, by their keys; all of them are counted. */
static enum rc put_undated(struct put *p, const struct result *r)
{
	struct str *keys;
	size_t n, i;
	enum rc rc = undated_items(p->s, p->a, r->test->population, LISTED, &keys, &n, p->e);

	buf_z(p->b, "\"undated_items\":[");
	for (i = 0; rc == RC_OK && i < n; i++) {
		buf_z(p->b, i > 0 ? "," : "");
		json_put_str(p->b, key_words(p->a, r->test->population, keys[i]));
	}
	buf_z(p->b, "],");
	return rc;
}

static enum rc put_counts(struct put *p, const struct result *r)
{
	struct str unknown[ATTRIBUTES_MAX], filter;
	size_t i;
	enum rc rc = explain_unknown(p->s, p->a, r, &p->r->period, unknown, &filter, p->e);

	if (rc != RC_OK)
		return rc;
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
		text(p, "not_determinable_why", unknown[i]);
		next(p);
		text(p, "words", at->words);
		buf_c(p->b, '}');
	}
	buf_z(p->b, "],");
	number(p, "deviating", r->deviating);
	next(p);
	number(p, "excluded", r->excluded);
	next(p);
	number(p, "extractions", r->extractions);
	next(p);
	number(p, "filter_unknown", r->filter_unknown);
	next(p);
	text(p, "filter_unknown_why", filter);
	next(p);
	number(p, "met", r->met);
	next(p);
	number(p, "not_determinable", r->undetermined);
	next(p);
	number(p, "tested", r->tested);
	next(p);
	number(p, "undated", r->undated);
	next(p);
	return RC_OK;
}

static struct str late_of(struct put *p, const struct collection *c)
{
	size_t i;

	for (i = 0; i < p->r->n_populations; i++)
		if (p->r->populations[i]->collection == c)
			return late_words(p->a, p->r->populations[i], &p->r->period, state_zone(p->s));
	return STR_NONE;
}

static void put_left(struct put *p, const struct result *r)
{
	size_t i;

	buf_z(p->b, "\"left_out\":[");
	for (i = 0; i < r->left.n; i++) {
		buf_z(p->b, i > 0 ? "," : "");
		json_put_str(p->b, left_words(p->a, &r->left.p[i]));
	}
	buf_z(p->b, "],");
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
			if ((rc = put_counts(p, r)) != RC_OK || (rc = put_undated(p, r)) != RC_OK)
				return rc;
			text(p, "control", v->control->id);
			next(p);
			if ((rc = put_deviations(p, r)) != RC_OK)
				return rc;
			text(p, "late", late_of(p, r->test->population));
			next(p);
			put_left(p, r);
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
			text(p, "says", result_words(p->a, r));
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

/* The windows in which it was late or missed: "missed: idp, 2024-01-01 to 2024-03-31". */
static void put_lacking(struct put *p, const struct occurrences *o)
{
	const char *between = "";
	size_t i, n = 0;

	buf_z(p->b, "\"lacking\":[");
	for (i = 0; i < o->n_windows; i++) {
		const struct due_window *d = &o->windows[i];

		if (d->verdict != WINDOW_MISSED && d->verdict != WINDOW_LATE)
			continue;
		if (n++ == LISTED)
			break;
		buf_z(p->b, between);
		json_put_str(p->b, due_window_words(p->a, d));
		between = ",";
	}
	buf_c(p->b, ']');
}

/* How often a daily or periodic control was performed when it was due. */
static void put_windows(struct put *p)
{
	static const char *const names[] = { "performed", "late", "missed", "not_yet_due", "unknown" };
	const char *between = "";
	size_t i, k;

	buf_z(p->b, "\"windows\":[");
	for (i = 0; i < p->r->n_controls; i++) {
		const struct control_view *v = &p->r->controls[i];

		if (v->due == NULL || !in_scope(p->r, v))
			continue;
		buf_z(p->b, between);
		buf_c(p->b, '{');
		text(p, "control", v->control->id);
		next(p);
		number(p, "due", v->due->due);
		next(p);
		text(p, "frequency", v->control->frequency);
		next(p);
		put_lacking(p, v->due);
		for (k = 0; k < ARRAY_LEN(names); k++) {
			next(p);
			number(p, names[k], v->due->counts[k]);
		}
		next(p);
		text(p, "title", v->control->title);
		buf_c(p->b, '}');
		between = ",";
	}
	buf_z(p->b, "],");
}

static void put_coverage(struct put *p)
{
	size_t i, k;

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
		buf_z(p->b, ",\"remarks\":[");
		for (k = 0; k < c->n; k++) {
			struct str words = stream_words(p->a, &c->streams[k], &p->r->period, state_zone(p->s));

			buf_z(p->b, k > 0 ? "," : "");
			json_put_str(p->b, words.p != NULL ? words : STR(""));
		}
		buf_z(p->b, "],\"withdrawn\":[");
		for (k = 0; k < c->n_withdrawn; k++) {
			buf_z(p->b, k > 0 ? "," : "");
			json_put_str(p->b, withdrawn_words(p->a, &c->withdrawn[k], state_zone(p->s)));
		}
		buf_z(p->b, "]}");
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
	struct anchor *stamps = NULL;
	struct err ignored;
	struct buf key;

	buf_init(&key, 4096);
	note_key_put(ledger_key(l), &key);
	out.vkey = arena_str(a, buf_view(&key));
	buf_done(&key);
	err_init(&ignored);
	if (anchors_load(org_dir(org), a, STR_NONE, &stamps, &out.n_stamps, &ignored) == RC_OK)
		out.stamps = stamps;
	else
		out.n_stamps = 0;               /* verify names what cannot be read */
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
	put_windows(&p);
	put_coverage(&p);
	buf_z(b, "\"completeness\":");
	readiness_put_checks(r, b);
	next(&p);
	text(&p, "without_records", r->empty);
	next(&p);
	if ((rc = put_triage(&p)) != RC_OK)
		return rc;
	buf_z(b, "\"registers\":{");
	for (i = 0; i < ARRAY_LEN(registers); i++) {
		buf_fmt(b, "%s\"%s\":", i > 0 ? "," : "", registers[i]);
		if ((rc = register_put(s, a, registers[i], &r->period, b, e)) != RC_OK)
			return rc;
	}
	buf_z(b, "},\"marking\":");
	json_put_str(b, arena_fmt(a, "Management's draft in the form of a Type %d report. Not examined. Not for distribution.", type));
	next(&p);
	text(&p, "as_of", instant_fmt(a, run_asof(s, &r->period)));
	buf_fmt(b, ",\"type\":%d}", type);
	return buf_ok(b, "the report", e);
}

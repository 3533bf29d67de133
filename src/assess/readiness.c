/* readiness: see readiness.h. */
#include "assess/readiness.h"

#include <string.h>

enum { NEXT_MAX = 400 };

struct build {
	struct state *s;
	struct arena *a;
	struct readiness *r;
	struct buf empty;
	struct err *e;
};

const char *control_state_name(enum control_state s)
{
	static const char *const names[] = { "deviations", "cannot tell", "no evidence", "none occurred", "for a person", "met" };

	return names[s];
}

static enum control_state state_of(const struct result *r)
{
	switch (r->state) {
	case TEST_MET:
		return CONTROL_MET;
	case TEST_DEVIATIONS:
		return CONTROL_DEVIATIONS;
	case TEST_UNDETERMINED:
		return CONTROL_UNDETERMINED;
	case TEST_NO_OCCURRENCES:
		return CONTROL_NO_OCCURRENCES;
	case TEST_NO_ITEMS:
		return CONTROL_NO_EVIDENCE;
	default:
		return CONTROL_PERSON;
	}
}

/* Of tests by a machine the weakest counts; what only a person can tell counts when there is nothing else. */
static enum rc view_control(struct build *b, const struct control *c, struct control_view *v)
{
	struct run_period at = b->r->period;
	bool any = false;
	size_t i;
	enum rc rc;

	v->control = c;
	v->state = CONTROL_PERSON;
	v->results = ARENA_ARRAY(b->a, c->n_tests, struct result *);
	for (i = 0; i < c->n_tests; i++) {
		if ((rc = test_run(b->s, b->a, c, &c->tests[i], &b->r->period, &v->results[i], b->e)) != RC_OK)
			return rc;
		if (c->tests[i].n_machine == 0)
			continue;
		v->tested += v->results[i]->tested;
		v->deviating += v->results[i]->deviating;
		v->undetermined += v->results[i]->undetermined;
		if (!any || state_of(v->results[i]) < v->state)
			v->state = state_of(v->results[i]);
		any = true;
	}
	/* as of the same instant as all else here, so that whoever re-performs it later gets the same */
	at.now_us = run_asof(b->s, &at);
	if ((rc = occurrences_of(b->s, b->a, c, &at, &v->due, b->e)) != RC_OK || v->due == NULL)
		return rc;
	if (v->due->counts[WINDOW_MISSED] + v->due->counts[WINDOW_LATE] > 0)
		v->state = CONTROL_DEVIATIONS;
	return RC_OK;
}

static enum rc view_controls(struct build *b)
{
	struct control **controls;
	size_t n, i;
	enum rc rc;

	if ((rc = controls_load(b->s, b->a, &controls, &n, b->e)) != RC_OK)
		return rc;
	b->r->controls = ARENA_ARRAY(b->a, n, struct control_view);
	for (i = 0; i < n; i++)
		if ((rc = view_control(b, controls[i], &b->r->controls[i])) != RC_OK)
			return rc;
	b->r->n_controls = n;
	return RC_OK;
}

static bool names_criterion(const struct control *c, struct str id)
{
	size_t i;

	for (i = 0; i < c->n_criteria; i++)
		if (str_eq(c->criteria[i], id))
			return true;
	return false;
}

static struct series *series_of(struct build *b, const struct value **docs, size_t n, struct str id)
{
	size_t i;

	for (i = 0; i < b->r->n_series; i++)
		if (str_eq(b->r->series[i].id, id))
			return &b->r->series[i];
	b->r->series[b->r->n_series].id = id;
	for (i = 0; i < n; i++) {
		if (str_eq(value_text(docs[i], "id"), id)) {
			b->r->series[b->r->n_series].name = value_text(docs[i], "name");
			b->r->series[b->r->n_series].category = value_text(docs[i], "category");
		}
	}
	return &b->r->series[b->r->n_series++];
}

static void view_criterion(struct build *b, const struct value *doc, struct criterion_view *v)
{
	size_t i;

	v->id = value_text(doc, "id");
	v->title = value_text(doc, "title");
	v->statement = value_text(doc, "statement");
	v->series = value_text(doc, "series");
	v->category = value_text(doc, "category");
	v->not_relevant = scope_not_relevant(&b->r->scope, v->id);
	v->state = CONTROL_MET;
	v->controls = ARENA_ARRAY(b->a, b->r->n_controls, const struct control_view *);
	for (i = 0; i < b->r->n_controls; i++) {
		if (!names_criterion(b->r->controls[i].control, v->id))
			continue;
		v->controls[v->n_controls++] = &b->r->controls[i];
		if (b->r->controls[i].state < v->state)
			v->state = b->r->controls[i].state;
	}
	v->has_control = v->n_controls > 0;
}

/* "CC6.10" behind "CC6.9". */
static int by_number(struct str a, struct str b)
{
	struct str ra = a, rb = b, pa = str_cut(&ra, '.'), pb = str_cut(&rb, '.');
	int order = pa.n != pb.n && str_starts(pa, STR("CC")) == str_starts(pb, STR("CC")) ? str_cmp(pa, pb) : str_cmp(pa, pb);

	if (order != 0) {
		/* the common criteria come first, as they stand in every report */
		bool ca = str_starts(pa, STR("CC")), cb = str_starts(pb, STR("CC"));

		return ca != cb ? (ca ? -1 : 1) : order;
	}
	if (ra.n != rb.n)
		return ra.n < rb.n ? -1 : 1;
	return str_cmp(ra, rb);
}

static void sort_criteria(struct readiness *r)
{
	struct criterion_view t;
	size_t i, k;

	for (i = 1; i < r->n_criteria; i++) {
		for (k = i; k > 0 && by_number(r->criteria[k - 1].id, r->criteria[k].id) > 0; k--) {
			t = r->criteria[k];
			r->criteria[k] = r->criteria[k - 1];
			r->criteria[k - 1] = t;
		}
	}
}

static void count_criterion(struct series *s, const struct criterion_view *v)
{
	static const unsigned place[] = { 1, 2, 3, 3, 4, 0 };

	if (v->not_relevant.p != NULL)
		return;
	s->criteria++;
	s->counts[v->has_control ? place[v->state] : 5]++;
}

static enum rc view_criteria(struct build *b)
{
	const struct value **docs, **series;
	size_t n, n_series, i;
	enum rc rc;

	if ((rc = state_definitions(b->s, b->a, "criterion", &docs, &n, b->e)) != RC_OK ||
	    (rc = state_definitions(b->s, b->a, "series", &series, &n_series, b->e)) != RC_OK)
		return rc;
	b->r->criteria = ARENA_ARRAY(b->a, n, struct criterion_view);
	b->r->series = ARENA_ARRAY(b->a, n + 1, struct series);
	for (i = 0; i < n; i++)
		if (scope_has_category(&b->r->scope, value_text(docs[i], "category")))
			view_criterion(b, docs[i], &b->r->criteria[b->r->n_criteria++]);
	sort_criteria(b->r);
	for (i = 0; i < b->r->n_criteria; i++)
		count_criterion(series_of(b, series, n_series, b->r->criteria[i].series), &b->r->criteria[i]);
	return RC_OK;
}

/* ---- populations */
static bool in_scope(const struct build *b, const struct control_view *v)
{
	size_t i, k;

	for (i = 0; i < b->r->n_criteria; i++)
		for (k = 0; k < b->r->criteria[i].n_controls; k++)
			if (b->r->criteria[i].controls[k] == v && b->r->criteria[i].not_relevant.p == NULL)
				return true;
	return false;
}

static enum rc is_empty(struct build *b, const struct collection *c, bool *empty)
{
	int64_t n;
	enum rc rc;

	if (c->is_derived && (c = schema_find(state_schema(b->s), value_text(c->definition, "derived_from"))) == NULL)
		return RC_OK;
	rc = db_i64(state_db(b->s), arena_z(b->a, arena_fmt(b->a, "SELECT count(*) FROM (SELECT 1 FROM item_%.*s LIMIT 1)",
	    STR_FMT(c->name))), 0, &n, b->e);
	*empty = n == 0;
	return rc;
}

static enum rc view_populations(struct build *b)
{
	const struct schema *schema = state_schema(b->s);
	struct coverage *cover;
	bool wanted, empty = true;
	int64_t withdrawals;
	size_t i, k, t;
	enum rc rc;

	if ((rc = db_i64(state_db(b->s), "SELECT count(*) FROM withdrawal", 0, &withdrawals, b->e)) != RC_OK)
		return rc;
	b->r->populations = ARENA_ARRAY(b->a, schema->n, struct coverage *);
	for (i = 0; i < schema->n; i++) {
		const struct collection *c = schema->collections[i];

		wanted = false;
		for (k = 0; k < b->r->n_controls && !wanted; k++)
			for (t = 0; t < b->r->controls[k].control->n_tests && !wanted; t++)
				wanted = b->r->controls[k].control->tests[t].population == c && in_scope(b, &b->r->controls[k]);
		if (!wanted)
			continue;
		if ((rc = is_empty(b, c, &empty)) != RC_OK)
			return rc;
		if (empty) {
			buf_z(&b->empty, b->r->n_empty++ > 0 ? ", " : "");
			buf_str(&b->empty, c->name);
		}
		if (empty && withdrawals == 0)
			continue;
		if ((rc = coverage_of(b->s, b->a, c, &b->r->period, &cover, b->e)) != RC_OK)
			return rc;
		if (!empty || cover->n_withdrawn > 0)
			b->r->populations[b->r->n_populations++] = cover;
	}
	b->r->empty = arena_str(b->a, buf_view(&b->empty));
	return RC_OK;
}

static enum rc view_checks(struct build *b)
{
	struct completeness **checks;
	size_t n, i;
	enum rc rc = checks_load(b->s, b->a, &checks, &n, b->e);

	if (rc != RC_OK)
		return rc;
	b->r->checks = ARENA_ARRAY(b->a, n + 1, struct check_result *);
	for (i = 0; i < n; i++) {
		struct check_result **out = &b->r->checks[b->r->n_checks];

		if ((rc = check_run(b->s, b->a, checks[i], &b->r->period, out, b->e)) != RC_OK)
			return rc;
		b->r->n_checks += *out != NULL;
	}
	return RC_OK;
}

/* ---- what to do next: what shows a failure first, then what hides one, then what is not known at all */
static void next(struct build *b, struct str words)
{
	if (b->r->n_next < NEXT_MAX)
		b->r->next[b->r->n_next++] = words;
}

static void next_deviations(struct build *b)
{
	size_t i;

	for (i = 0; i < b->r->n_controls; i++) {
		const struct control_view *v = &b->r->controls[i];

		if (v->deviating > 0 && in_scope(b, v))
			next(b, arena_fmt(b->a, "%.*s, %.*s: look at %llu deviation%s: tickmark test --control %.*s", STR_FMT(v->control->id),
			    STR_FMT(v->control->title), (unsigned long long)v->deviating, v->deviating == 1 ? "" : "s",
			    STR_FMT(v->control->id)));
		if (v->due != NULL && v->due->counts[WINDOW_MISSED] + v->due->counts[WINDOW_LATE] > 0 && in_scope(b, v))
			next(b, arena_fmt(b->a, "%.*s, %.*s, due %.*s: %.*s: tickmark test --control %.*s", STR_FMT(v->control->id),
			    STR_FMT(v->control->title), STR_FMT(v->control->frequency), STR_FMT(occurrences_words(b->a, v->due)),
			    STR_FMT(v->control->id)));
	}
}

static void next_exclusions(struct build *b)
{
	const int64_t at = run_asof(b->s, &b->r->period);
	size_t i;

	for (i = 0; i < b->r->n_exclusions; i++) {
		const struct exclusion *x = &b->r->exclusions[i];

		if (!exclusion_holds(x, state_zone(b->s), at) && at > zone_day_start_us(state_zone(b->s), x->until_day + 1))
			next(b, arena_fmt(b->a, "%.*s: the exclusion %.*s ended on %.*s and its items are tested again: have it approved "
			    "anew and apply it, or let it be", STR_FMT(x->population->name), STR_FMT(x->name),
			    STR_FMT(date_fmt(b->a, x->until_day))));
	}
}

static void next_coverage(struct build *b)
{
	size_t i, k;

	for (i = 0; i < b->r->n_checks; i++) {
		const struct check_result *c = b->r->checks[i];

		if (c->state == CHECK_INCOMPLETE || c->state == CHECK_DOUBTFUL)
			next(b, arena_fmt(b->a, "%.*s: %.*s", STR_FMT(c->check->population->name), STR_FMT(c->words)));
	}

	for (i = 0; i < b->r->n_populations; i++) {
		const struct coverage *v = b->r->populations[i];

		for (k = 0; k < v->n; k++) {
			if (v->streams[k].incomplete > 0)
				next(b, arena_fmt(b->a, "%.*s from %.*s: %llu ingest%s did not come to an end: take the files in again",
				    STR_FMT(v->collection->name), STR_FMT(v->streams[k].source), (unsigned long long)v->streams[k].incomplete,
				    v->streams[k].incomplete == 1 ? "" : "s"));
			if (v->streams[k].rejected > 0)
				next(b, arena_fmt(b->a, "%.*s from %.*s: %llu record%s could not be read: the reasons are in the ingest's entry",
				    STR_FMT(v->collection->name), STR_FMT(v->streams[k].source), (unsigned long long)v->streams[k].rejected,
				    v->streams[k].rejected == 1 ? "" : "s"));
		}
		if (v->collection->n_period > 0 && v->unknown > 0 && v->n > 0)
			next(b, arena_fmt(b->a, "%.*s: %llu of %llu days are unknown: take in what is missing, or say with --covers what the "
			    "files cover", STR_FMT(v->collection->name), (unsigned long long)v->unknown, (unsigned long long)v->days));
		else if (v->collection->n_period > 0 && v->presumed > 0)
			next(b, arena_fmt(b->a, "%.*s: %llu days are covered by presumption only: say with --covers what the files cover",
			    STR_FMT(v->collection->name), (unsigned long long)v->presumed));
	}
}

static void next_unknown(struct build *b)
{
	size_t i, k, m;

	for (i = 0; i < b->r->n_controls; i++) {
		const struct control_view *v = &b->r->controls[i];

		if (v->state != CONTROL_UNDETERMINED || !in_scope(b, v))
			continue;
		for (k = 0; k < v->control->n_tests; k++) {
			for (m = 0; m < v->control->tests[k].n_attributes; m++) {
				const struct attribute *at = &v->control->tests[k].attributes[m];

				if (at->expr == NULL || v->results[k]->counts[m].unknown == 0)
					continue;
				next(b, arena_fmt(b->a, "%.*s %.*s.%c: the evidence cannot tell for %llu of %llu items in %.*s whether \"%.*s\"",
				    STR_FMT(v->control->id), STR_FMT(v->control->tests[k].id), at->letter,
				    (unsigned long long)v->results[k]->counts[m].unknown, (unsigned long long)v->results[k]->tested,
				    STR_FMT(v->control->tests[k].population->name), STR_FMT(at->words)));
			}
		}
	}
}

static void next_missing(struct build *b)
{
	unsigned without = 0, waiting = 0;
	size_t i;

	for (i = 0; i < b->r->n_criteria; i++)
		if (!b->r->criteria[i].has_control && b->r->criteria[i].not_relevant.p == NULL)
			next(b, arena_fmt(b->a, "%.*s has no control: apply one, or say in the scope why it is not relevant",
			    STR_FMT(b->r->criteria[i].id)));
	for (i = 0; i < b->r->n_controls; i++) {
		without += b->r->controls[i].state == CONTROL_NO_EVIDENCE && in_scope(b, &b->r->controls[i]);
		waiting += b->r->controls[i].control->is_periodic && b->r->controls[i].control->occurrence == NULL &&
		    in_scope(b, &b->r->controls[i]);
	}
	if (without > 0)
		next(b, arena_fmt(b->a, "%u controls have no evidence in the period: tickmark sources lists what can be taken in, and "
		    "csv:COLLECTION takes any table", without));
	if (waiting > 0)
		next(b, arena_fmt(b->a, "%u controls run weekly to yearly and name no \"occurrence\": whether each was performed when due "
		    "is not judged", waiting));
	if (value_text(b->r->scope.doc, "boundary").n == 0)
		next(b, STR("The scope says nothing of the system's boundary: apply a scope with \"boundary\""));
}

enum rc readiness_of(struct state *s, struct arena *a, const struct run_period *p, struct readiness **out, struct err *e)
{
	struct build b = { .s = s, .a = a, .e = e };
	enum rc rc;

	b.r = ARENA_NEW(a, struct readiness);
	b.r->period = *p;
	b.r->next = ARENA_ARRAY(a, NEXT_MAX, struct str);
	buf_init(&b.empty, 1 << 16);
	if ((rc = scope_load(s, a, &b.r->scope, e)) == RC_OK && (rc = view_controls(&b)) == RC_OK &&
	    (rc = view_criteria(&b)) == RC_OK && (rc = view_populations(&b)) == RC_OK &&
	    (rc = view_checks(&b)) == RC_OK && (rc = exclusions_load(s, a, &b.r->exclusions, &b.r->n_exclusions, e)) == RC_OK) {
		next_deviations(&b);
		next_exclusions(&b);
		next_coverage(&b);
		next_missing(&b);
		next_unknown(&b);
		*out = b.r;
	}
	buf_done(&b.empty);
	return rc;
}

void readiness_put_checks(const struct readiness *r, struct buf *b)
{
	size_t i;

	buf_c(b, '[');
	for (i = 0; i < r->n_checks; i++) {
		const struct check_result *c = r->checks[i];

		buf_z(b, i > 0 ? ",{\"check\":" : "{\"check\":");
		json_put_str(b, c->check->id);
		buf_fmt(b, ",\"examined\":%llu,\"found\":%llu,\"population\":", (unsigned long long)c->examined,
		    (unsigned long long)c->found);
		json_put_str(b, c->check->population->name);
		buf_fmt(b, ",\"state\":\"%s\",\"words\":", check_state_name(c->state));
		if (c->words.p != NULL)
			json_put_str(b, c->words);
		else
			buf_z(b, "null");
		buf_c(b, '}');
	}
	buf_c(b, ']');
}

void readiness_put(struct arena *a, const struct readiness *r, struct buf *b)
{
	size_t i, k;

	buf_z(b, "{\"completeness\":");
	readiness_put_checks(r, b);
	buf_z(b, ",\"controls\":[");
	for (i = 0; i < r->n_controls; i++) {
		const struct control_view *v = &r->controls[i];

		buf_fmt(b, "%s{\"deviating\":%llu,\"id\":", i > 0 ? "," : "", (unsigned long long)v->deviating);
		json_put_str(b, v->control->id);
		buf_fmt(b, ",\"not_determinable\":%llu,\"occurrence\":", (unsigned long long)v->undetermined);
		if (v->due != NULL)
			json_put_str(b, occurrences_words(a, v->due));
		else
			buf_z(b, v->control->is_periodic ? "\"not judged\"" : "null");
		buf_fmt(b, ",\"state\":\"%s\",\"tested\":%llu,\"title\":", control_state_name(v->state), (unsigned long long)v->tested);
		json_put_str(b, v->control->title);
		buf_c(b, '}');
	}
	buf_z(b, "],\"coverage\":{");
	for (i = 0; i < r->n_populations; i++) {
		buf_z(b, i > 0 ? "," : "");
		json_put_str(b, r->populations[i]->collection->name);
		buf_c(b, ':');
		coverage_put(a, r->populations[i], b);
	}
	buf_z(b, "},\"criteria\":[");
	for (i = 0; i < r->n_criteria; i++) {
		const struct criterion_view *v = &r->criteria[i];

		buf_z(b, i > 0 ? ",{\"controls\":[" : "{\"controls\":[");
		for (k = 0; k < v->n_controls; k++) {
			buf_z(b, k > 0 ? "," : "");
			json_put_str(b, v->controls[k]->control->id);
		}
		buf_z(b, "],\"id\":");
		json_put_str(b, v->id);
		buf_z(b, ",\"not_relevant\":");
		if (v->not_relevant.p != NULL)
			json_put_str(b, v->not_relevant);
		else
			buf_z(b, "null");
		buf_fmt(b, ",\"state\":\"%s\",\"title\":", v->has_control ? control_state_name(v->state) : "no control");
		json_put_str(b, v->title);
		buf_c(b, '}');
	}
	buf_z(b, "],\"exclusions\":[");
	for (i = 0; i < r->n_exclusions; i++) {
		const struct exclusion *x = &r->exclusions[i];

		buf_z(b, i > 0 ? ",{\"approved_by\":" : "{\"approved_by\":");
		json_put_str(b, x->approved_by);
		buf_fmt(b, ",\"approved_on\":\"%.*s\",\"name\":", STR_FMT(date_fmt(a, x->approved_day)));
		json_put_str(b, x->name);
		buf_z(b, ",\"population\":");
		json_put_str(b, x->population->name);
		buf_z(b, ",\"reason\":");
		json_put_str(b, x->reason);
		buf_fmt(b, ",\"until\":\"%.*s\"}", STR_FMT(date_fmt(a, x->until_day)));
	}
	buf_z(b, "],\"next\":[");
	for (i = 0; i < r->n_next; i++) {
		buf_z(b, i > 0 ? "," : "");
		json_put_str(b, r->next[i]);
	}
	buf_z(b, "],\"organization\":");
	json_put_str(b, r->scope.organization);
	buf_z(b, ",\"period\":{\"from\":");
	json_put_str(b, date_fmt(a, r->period.from_day));
	buf_z(b, ",\"to\":");
	json_put_str(b, date_fmt(a, r->period.to_day));
	buf_z(b, "},\"without_records\":");
	json_put_str(b, r->empty);
	buf_c(b, '}');
}

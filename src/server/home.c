/* home: where the organization stands: the same readiness that `status` prints, by criterion and by control. */
#include "server/route.h"

#include "assess/explain.h"
#include "assess/words.h"
#include "base/time.h"
#include "server/calendar.h"

enum { DEVIATIONS_SHOWN = 50, NEXT_SHOWN = 8 };
#define KEPT_US (60 * US_PER_SECOND)

enum rc call_readiness(struct call *c, const struct readiness **out)
{
	struct server *s = c->s;
	struct state *state = org_state(s->org);
	struct run_period p = { .now_us = c->now_us, .counts_only = true };
	struct scope scope;
	enum rc rc;

	if (!call_may(c, WHO_PROGRAM))
		return err_set(&c->err, RC_LOCKED, "Your role does not see the program.");
	if (s->kept == NULL || s->kept_applied != state_applied(state) || c->now_us > s->kept_us + KEPT_US || c->now_us < s->kept_us) {
		if ((rc = scope_load(state, c->a, &scope, &c->err)) != RC_OK)
			return rc;
		if (!scope.has_period)
			return err_set(&c->err, RC_NOT_FOUND, "No period is set: apply a scope with a period.");
		p.from_day = scope.from_day;
		p.to_day = scope.to_day;
		s->kept = NULL;
		arena_free(s->kept_a);
		s->kept_a = arena_new();
		if ((rc = readiness_of(state, s->kept_a, &p, &s->kept, &c->err)) != RC_OK) {
			s->kept = NULL;
			return rc;
		}
		s->kept_applied = state_applied(state);
		s->kept_us = c->now_us;
	}
	*out = s->kept;
	return RC_OK;
}

static void put_state(struct buf *b, enum control_state s, bool has_control)
{
	if (!has_control) {
		doc_state(b, "hole", "hole", "no control");
		return;
	}
	switch (s) {
	case CONTROL_MET:
		doc_state(b, "pass", "pass", control_state_name(s));
		break;
	case CONTROL_DEVIATIONS:
		doc_state(b, "fail", "fail", control_state_name(s));
		break;
	case CONTROL_UNDETERMINED:
	case CONTROL_NO_EVIDENCE:
		doc_state(b, "gap", "gap", control_state_name(s));
		break;
	case CONTROL_NO_OCCURRENCES:
		doc_state(b, "work", "work", control_state_name(s));
		break;
	default:
		doc_state(b, "todo", "todo", control_state_name(s));
	}
}

static void put_period(struct call *c, struct buf *b, const struct readiness *r)
{
	int64_t today = zone_date(state_zone(org_state(c->s->org)), c->now_us);

	doc_open(b, "period", '{');
	doc_str(b, "from", date_fmt(c->a, r->period.from_day));
	doc_str(b, "to", date_fmt(c->a, r->period.to_day));
	doc_num(b, "days", (uint64_t)(r->period.to_day - r->period.from_day + 1));
	doc_bool(b, "over", today > r->period.to_day);
	if (today >= r->period.from_day && today <= r->period.to_day) {
		doc_num(b, "day", (uint64_t)(today - r->period.from_day + 1));
		doc_num(b, "left", (uint64_t)(r->period.to_day - today));
	}
	doc_close(b, '}');
}

static void put_sums(struct call *c, struct buf *b, const struct readiness *r)
{
	uint64_t met = 0, criteria = 0, deviating = 0, gaps = 0, tested = 0;
	size_t i;

	for (i = 0; i < r->n_series; i++) {
		met += r->series[i].counts[0];
		criteria += r->series[i].criteria;
	}
	for (i = 0; i < r->n_controls; i++) {
		deviating += r->controls[i].state == CONTROL_DEVIATIONS;
		gaps += r->controls[i].state == CONTROL_UNDETERMINED || r->controls[i].state == CONTROL_NO_EVIDENCE;
		tested += r->controls[i].tested;
	}
	doc_open(b, "sums", '{');
	doc_num(b, "criteria_met", met);
	doc_num(b, "criteria", criteria);
	doc_num(b, "controls", r->n_controls);
	doc_num(b, "controls_deviating", deviating);
	doc_num(b, "controls_with_gaps", gaps);
	doc_str(b, "tested", grouped(c->a, tested));
	doc_close(b, '}');
}

static void put_criteria(struct buf *b, const struct readiness *r)
{
	size_t i, k;

	doc_open(b, "series", '[');
	for (i = 0; i < r->n_series; i++) {
		doc_open(b, NULL, '{');
		doc_str(b, "id", r->series[i].id);
		doc_str(b, "name", r->series[i].name);
		doc_num(b, "met", r->series[i].counts[0]);
		doc_num(b, "of", r->series[i].criteria);
		doc_open(b, "criteria", '[');
		for (k = 0; k < r->n_criteria; k++) {
			const struct criterion_view *v = &r->criteria[k];

			if (!str_eq(v->series, r->series[i].id))
				continue;
			doc_open(b, NULL, '{');
			doc_str(b, "id", v->id);
			doc_str(b, "title", v->title);
			if (v->not_relevant.p != NULL)
				doc_state(b, "off", "off", "not relevant");
			else
				put_state(b, v->state, v->has_control);
			if (v->n_controls > 0)
				doc_str(b, "control", v->controls[0]->control->id);
			doc_close(b, '}');
		}
		doc_close(b, ']');
		doc_close(b, '}');
	}
	doc_close(b, ']');
}

enum rc route_home(struct call *c, struct buf *b)
{
	const struct readiness *r;
	size_t i;
	enum rc rc;

	buf_c(b, '{');
	doc_str(b, "title", STR("Readiness"));
	if (!call_may(c, WHO_PROGRAM)) {                /* their own work will stand here */
		doc_bool(b, "none", true);
		buf_c(b, '}');
		return RC_OK;
	}
	if ((rc = call_readiness(c, &r)) == RC_NOT_FOUND) {
		doc_bool(b, "no_period", true);
		buf_c(b, '}');
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	doc_open(b, "readiness", '{');
	doc_str(b, "organization", r->scope.organization);
	doc_str(b, "system", r->scope.system);
	doc_str(b, "notice", value_text(r->scope.doc, "notice").p != NULL ? value_text(r->scope.doc, "notice") : STR(""));
	put_period(c, b, r);
	put_sums(c, b, r);
	put_criteria(b, r);
	doc_open(b, "next", '[');
	for (i = 0; i < r->n_next && i < NEXT_SHOWN; i++)
		doc_str(b, NULL, r->next[i]);
	doc_close(b, ']');
	doc_num(b, "next_more", r->n_next > NEXT_SHOWN ? r->n_next - NEXT_SHOWN : 0);
	doc_open(b, "ledger", '{');
	doc_str(b, "entries", grouped(c->a, ledger_size(org_ledger(c->s->org))));
	doc_str(b, "checkpointed", grouped(c->a, ledger_checkpointed(org_ledger(c->s->org))));
	doc_close(b, '}');
	doc_close(b, '}');
	buf_c(b, '}');
	return RC_OK;
}

/* ---- controls */
static void put_control_line(struct call *c, struct buf *b, const struct control_view *v)
{
	size_t i;

	doc_str(b, "id", v->control->id);
	doc_str(b, "title", v->control->title);
	put_state(b, v->state, true);
	doc_num(b, "tested", v->tested);
	doc_num(b, "deviating", v->deviating);
	doc_num(b, "not_determinable", v->undetermined);
	doc_str(b, "frequency", v->control->frequency.p != NULL ? v->control->frequency : STR(""));
	doc_str(b, "owner", v->control->owner.p != NULL ? v->control->owner : STR(""));
	doc_str(b, "occurrence", v->due != NULL ? occurrences_words(c->a, v->due) : STR(""));
	doc_open(b, "criteria", '[');
	for (i = 0; i < v->control->n_criteria; i++)
		doc_str(b, NULL, v->control->criteria[i]);
	doc_close(b, ']');
}

enum rc route_controls(struct call *c, struct buf *b)
{
	const struct readiness *r;
	size_t i;
	enum rc rc;

	if ((rc = call_readiness(c, &r)) != RC_OK)
		return rc;
	buf_c(b, '{');
	doc_str(b, "title", STR("Controls"));
	put_period(c, b, r);
	put_sums(c, b, r);
	doc_open(b, "controls", '[');
	for (i = 0; i < r->n_controls; i++) {
		doc_open(b, NULL, '{');
		put_control_line(c, b, &r->controls[i]);
		doc_close(b, '}');
	}
	doc_close(b, ']');
	buf_c(b, '}');
	return RC_OK;
}

static enum rc put_deviations(struct call *c, struct buf *b, const struct readiness *r, const struct result *x)
{
	struct explained *why = NULL;
	const struct zone *zone = state_zone(org_state(c->s->org));
	size_t i, n = x->n_deviations < DEVIATIONS_SHOWN ? x->n_deviations : DEVIATIONS_SHOWN;
	enum rc rc;

	if (n > 0 && (rc = explain_deviations(org_state(c->s->org), c->a, x, &r->period, n, &why, &c->err)) != RC_OK)
		return rc;
	doc_open(b, "deviations", '[');
	for (i = 0; i < n; i++) {
		const struct deviation *d = &x->deviations[i];
		struct buf link;

		doc_open(b, NULL, '{');
		doc_str(b, "key", d->key);
		doc_str(b, "words", key_words(c->a, x->test->population, d->key));
		doc_str(b, "day", date_fmt(c->a, zone_date(zone, d->first_us)));
		doc_str(b, "letters", str_z(d->letters));
		doc_str(b, "why", why[i].why);
		doc_num(b, "entry", (uint64_t)d->entry);
		buf_init(&link, 1 << 16);
		buf_z(&link, "/populations/");
		url_put(&link, x->test->population->name);
		buf_c(&link, '/');
		url_put(&link, d->key);
		doc_str(b, "href", buf_view(&link));
		buf_done(&link);
		doc_close(b, '}');
	}
	doc_close(b, ']');
	doc_num(b, "deviations_more", x->n_deviations - n);
	return RC_OK;
}

static enum rc put_test(struct call *c, struct buf *b, const struct readiness *r, const struct result *x)
{
	const struct test *t = x->test;
	size_t i;
	enum rc rc;

	doc_open(b, NULL, '{');
	doc_str(b, "id", t->id);
	doc_str(b, "control", x->control->id);
	doc_str(b, "procedure", t->procedure.p != NULL ? t->procedure : STR(""));
	doc_str(b, "population", t->population != NULL ? t->population->name : STR(""));
	doc_str(b, "where", t->where.p != NULL ? t->where : STR(""));
	doc_str(b, "result", result_words(c->a, x));
	doc_str(b, "state", str_z(test_state_name(x->state)));
	doc_num(b, "items", x->items);
	doc_num(b, "tested", x->tested);
	doc_num(b, "deviating", x->deviating);
	doc_num(b, "undetermined", x->undetermined);
	doc_str(b, "sql", x->sql.p != NULL ? x->sql : STR(""));
	doc_open(b, "attributes", '[');
	for (i = 0; i < t->n_attributes; i++) {
		const struct attribute *at = &t->attributes[i];

		doc_open(b, NULL, '{');
		doc_str(b, "letter", (struct str){ &at->letter, 1 });
		doc_str(b, "words", at->words);
		doc_str(b, "machine", at->machine.p != NULL ? at->machine : STR(""));
		doc_num(b, "holds", x->counts[i].meets);
		doc_num(b, "deviates", x->counts[i].deviates);
		doc_num(b, "unknown", x->counts[i].unknown);
		doc_close(b, '}');
	}
	doc_close(b, ']');
	if (t->population != NULL && (rc = calendar_put(c, b, r, x)) != RC_OK)
		return rc;
	if ((rc = put_deviations(c, b, r, x)) != RC_OK)
		return rc;
	doc_close(b, '}');
	return RC_OK;
}

enum rc route_control(struct call *c, struct buf *b)
{
	const struct control_view *v = NULL;
	const struct readiness *r;
	size_t i, k;
	enum rc rc;

	if ((rc = call_readiness(c, &r)) != RC_OK)
		return rc;
	for (i = 0; i < r->n_controls; i++)
		if (str_eq(r->controls[i].control->id, c->part[0]))
			v = &r->controls[i];
	if (v == NULL)
		return err_set(&c->err, RC_NOT_FOUND, "There is no control %.*s.", STR_FMT(c->part[0]));
	buf_c(b, '{');
	put_control_line(c, b, v);
	doc_str(b, "statement", v->control->statement.p != NULL ? v->control->statement : STR(""));
	put_period(c, b, r);
	doc_open(b, "tests", '[');
	for (i = 0; i < v->control->n_tests; i++)
		if (v->results[i] != NULL && (rc = put_test(c, b, r, v->results[i])) != RC_OK)
			return rc;
	doc_close(b, ']');
	doc_bool(b, "has_windows", v->due != NULL && v->due->n_windows > 0);
	doc_open(b, "windows", '[');
	for (k = 0; v->due != NULL && k < v->due->n_windows && k < DEVIATIONS_SHOWN; k++) {
		const struct due_window *w = &v->due->windows[k];

		doc_open(b, NULL, '{');
		doc_str(b, "from", date_fmt(c->a, w->window.from_day));
		doc_str(b, "to", date_fmt(c->a, w->window.to_day));
		doc_str(b, "key", w->key.p != NULL ? w->key : STR(""));
		doc_str(b, "verdict", str_z(window_verdict_name(w->verdict)));
		doc_str(b, "class", w->verdict == WINDOW_PERFORMED ? STR("pass") : w->verdict == WINDOW_NOT_YET_DUE ? STR("todo") :
		    w->verdict == WINDOW_MISSED ? STR("fail") : STR("gap"));
		doc_str(b, "icon", w->verdict == WINDOW_PERFORMED ? STR("pass") : w->verdict == WINDOW_NOT_YET_DUE ? STR("todo") :
		    w->verdict == WINDOW_LATE ? STR("clock") : STR("gap"));
		doc_close(b, '}');
	}
	doc_close(b, ']');
	buf_c(b, '}');
	return RC_OK;
}

/* test: every control's tests over whole populations; what changed becomes result entries. */
#include "cli/cli.h"

#include <string.h>

#include "assess/check.h"
#include "assess/explain.h"
#include "assess/occurrence.h"
#include "assess/run.h"
#include "cli/test.h"
#include "report/terminal.h"
#include "assess/words.h"

static enum tone tone_of(enum test_state s)
{
	switch (s) {
	case TEST_MET:
		return TONE_GOOD;
	case TEST_DEVIATIONS:
		return TONE_BAD;
	case TEST_UNDETERMINED:
		return TONE_WARN;
	default:
		return TONE_DIM;
	}
}

static struct str number(struct cli *c, uint64_t n)
{
	return n == 0 ? STR("-") : arena_fmt(c->a, "%llu", (unsigned long long)n);
}

static void row(struct cli *c, struct table *t, const struct result *r)
{
	table_cell(t, TONE_STRONG, arena_fmt(c->a, "%.*s %.*s", STR_FMT(r->control->id), STR_FMT(r->test->id)));
	table_cell(t, TONE_PLAIN, r->test->population->name);
	table_cell(t, TONE_PLAIN, number(c, r->tested));
	table_cell(t, r->deviating > 0 ? TONE_BAD : TONE_PLAIN, number(c, r->deviating));
	table_cell(t, r->undetermined > 0 ? TONE_WARN : TONE_PLAIN, number(c, r->undetermined));
	table_cell(t, TONE_PLAIN, number(c, r->met));
	table_cell(t, r->undated > 0 ? TONE_WARN : TONE_PLAIN, number(c, r->undated));
	table_cell(t, tone_of(r->state), str_z(test_state_name(r->state)));
}

enum { TOLD = 20 };             /* deviations of one test at the terminal */

struct testing {
	struct cli *c;
	struct org *org;
	struct run_period period;
	struct table *table;
	struct buf lines;               /* what the checks tell, one each */
	struct terminal term;
	bool one, any_deviation;
	uint64_t tests, recorded, person, nothing, completeness, lacking;
	struct buf body, all;
};

static void lack(const struct terminal *term, struct str words)
{
	if (words.n > 0)
		put_wrapped_tone(term, TONE_PLAIN, 5, words);
}

static void put_counts(struct cli *c, const struct terminal *term, const struct result *r, const struct str *unknown)
{
	size_t i;

	for (i = 0; i < r->test->n_attributes; i++) {
		const struct attribute *a = &r->test->attributes[i];

		put_tone(term, TONE_STRONG, "  %c  ", a->letter);
		put_wrapped(term, 5, false, a->words);
		if (a->expr == NULL) {
			put_tone(term, TONE_DIM, "     a person decides\n");
			continue;
		}
		put_wrapped_tone(term, TONE_DIM, 5, a->machine);
		out_line("     meets %llu, deviates %llu, not determinable %llu", (unsigned long long)r->counts[i].meets,
		    (unsigned long long)r->counts[i].deviates, (unsigned long long)r->counts[i].unknown);
		if (unknown[i].n > 0)
			lack(term, arena_fmt(c->a, "not determinable: %.*s", STR_FMT(unknown[i])));
	}
}

static enum rc put_deviations(struct testing *g, const struct result *r)
{
	struct state *s = org_state(g->org);
	struct explained *why;
	struct str when;
	size_t i;
	enum rc rc = explain_deviations(s, g->c->a, r, &g->period, TOLD, &why, &g->c->err);

	for (i = 0; rc == RC_OK && i < r->n_deviations && i < TOLD; i++) {
		const struct deviation *d = &r->deviations[i];
		const struct explained *x = &why[i];

		put_tone(&g->term, TONE_BAD, "  deviates in %s: ", d->letters);
		out_line("%.*s, entry %lld", STR_FMT(key_words(g->c->a, r->test->population, d->key)), (long long)d->entry);
		lack(&g->term, x->why);
		if (x->n_seen == 0)
			continue;
		when = seen_words(g->c->a, x->seen, x->n_seen, state_zone(s));
		lack(&g->term, arena_fmt(g->c->a, "seen by %.*s", STR_FMT(when)));
	}
	if (rc == RC_OK && r->deviating > TOLD)
		out_line("  … and %llu more; --json gives all", (unsigned long long)(r->deviating - TOLD));
	return rc;
}

static enum rc put_undated(struct testing *g, const struct result *r)
{
	struct str *keys;
	size_t n, i;
	enum rc rc;

	if (r->undated == 0)
		return RC_OK;
	put_tone(&g->term, TONE_WARN, "  %llu undated item%s, listed, not tested. Population incomplete.\n",
	    (unsigned long long)r->undated, r->undated == 1 ? "" : "s");
	rc = undated_items(org_state(g->org), g->c->a, r->test->population, TOLD, &keys, &n, &g->c->err);
	for (i = 0; rc == RC_OK && i < n; i++)
		out_line("     %.*s", STR_FMT(key_words(g->c->a, r->test->population, keys[i])));
	return rc;
}

static enum rc details(struct testing *g, const struct result *r)
{
	struct str unknown[ATTRIBUTES_MAX], filter;
	struct coverage *cover = NULL;
	size_t i;
	enum rc rc = explain_unknown(org_state(g->org), g->c->a, r, &g->period, unknown, &filter, &g->c->err);

	if (rc != RC_OK)
		return rc;
	put_tone(&g->term, TONE_STRONG, "%.*s %.*s  %.*s\n", STR_FMT(r->control->id), STR_FMT(r->test->id),
	    STR_FMT(r->control->title));
	if (r->test->where.p != NULL)
		lack(&g->term, arena_fmt(g->c->a, "only items for which: %.*s", STR_FMT(r->test->where)));
	lack(&g->term, result_words(g->c->a, r));
	for (i = 0; i < r->left.n; i++)
		lack(&g->term, left_words(g->c->a, &r->left.p[i]));
	if (r->tested > 0 && (rc = coverage_of(org_state(g->org), g->c->a, r->test->population, &g->period, &cover,
	    &g->c->err)) != RC_OK)
		return rc;
	if (r->tested > 0)
		lack(&g->term, late_words(g->c->a, cover, &g->period, state_zone(org_state(g->org))));
	for (i = 0; r->tested > 0 && i < cover->n_withdrawn; i++)
		lack(&g->term, arena_fmt(g->c->a, "not counted: %.*s", STR_FMT(withdrawn_words(g->c->a, &cover->withdrawn[i],
		    state_zone(org_state(g->org))))));
	if (filter.n > 0)
		lack(&g->term, arena_fmt(g->c->a, "whether the test is for an item cannot be told of %llu: %.*s",
		    (unsigned long long)r->filter_unknown, STR_FMT(filter)));
	put_counts(g->c, &g->term, r, unknown);
	if ((rc = put_deviations(g, r)) != RC_OK || (rc = put_undated(g, r)) != RC_OK)
		return rc;
	out_line("%s", "");
	return RC_OK;
}

/* The result as its entry has it, and beside it what no entry holds, since it changes with the day of judging: why each
 * item deviates, and what the evidence lacks where it cannot be told. */
static enum rc put_json(struct testing *g, const struct result *r)
{
	struct str unknown[ATTRIBUTES_MAX], filter;
	struct explained *why;
	const char *between = "";
	struct buf *b = &g->all;
	size_t i;
	enum rc rc;

	if ((rc = explain_deviations(org_state(g->org), g->c->a, r, &g->period, r->n_deviations, &why, &g->c->err)) != RC_OK ||
	    (rc = explain_unknown(org_state(g->org), g->c->a, r, &g->period, unknown, &filter, &g->c->err)) != RC_OK)
		return rc;
	buf_z(b, b->n > 1 ? "," : "");
	buf_str(b, str_sub(buf_view(&g->body), 0, g->body.n - 1));
	buf_z(b, ",\"why\":{\"deviations\":[");
	for (i = 0; i < r->n_deviations; i++) {
		buf_z(b, i > 0 ? "," : "");
		json_put_str(b, why[i].why);
	}
	buf_z(b, "],\"filter\":");
	json_put_str(b, filter.p != NULL ? filter : STR(""));
	buf_z(b, ",\"not_determinable\":{");
	for (i = 0; i < r->test->n_attributes; i++) {
		if (unknown[i].n == 0)
			continue;
		buf_fmt(b, "%s\"%c\":", between, r->test->attributes[i].letter);
		json_put_str(b, unknown[i]);
		between = ",";
	}
	buf_z(b, "},\"result\":");
	json_put_str(b, result_words(g->c->a, r));
	buf_z(b, "}}");
	return buf_ok(b, "the results", &g->c->err);
}
static enum tone tone_of_windows(enum window_verdict v)
{
	switch (v) {
	case WINDOW_PERFORMED:
		return TONE_GOOD;
	case WINDOW_MISSED:
	case WINDOW_LATE:
		return TONE_BAD;
	case WINDOW_UNKNOWN:
		return TONE_WARN;
	default:
		return TONE_DIM;
	}
}

static void occurrence_row(struct cli *c, struct table *t, const struct occurrences *o)
{
	uint64_t bad = o->counts[WINDOW_MISSED] + o->counts[WINDOW_LATE];

	table_cell(t, TONE_STRONG, arena_fmt(c->a, "%.*s %.*s", STR_FMT(o->control->id), STR_FMT(o->control->frequency)));
	table_cell(t, TONE_PLAIN, o->control->occurrence->population->name);
	table_cell(t, TONE_PLAIN, number(c, o->due));
	table_cell(t, bad > 0 ? TONE_BAD : TONE_PLAIN, number(c, bad));
	table_cell(t, o->counts[WINDOW_UNKNOWN] > 0 ? TONE_WARN : TONE_PLAIN, number(c, o->counts[WINDOW_UNKNOWN]));
	table_cell(t, TONE_PLAIN, number(c, o->counts[WINDOW_PERFORMED]));
	table_cell(t, TONE_PLAIN, STR("-"));
	table_cell(t, tone_of_windows(o->state), occurrences_words(c->a, o));
}

/* Those that were not performed, then how the others were shown. */
static void window_details(struct cli *c, const struct terminal *term, const struct occurrences *o)
{
	size_t i, shown = 0;
	int pass;

	put_tone(term, TONE_STRONG, "  due %.*s\n", STR_FMT(o->control->frequency));
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < o->n_windows && shown < 40; i++) {
			const struct due_window *d = &o->windows[i];

			if ((d->verdict == WINDOW_PERFORMED) != (pass == 1))
				continue;
			shown++;
			out_line("  %.*s%.*s%.*s", STR_FMT(due_window_words(c->a, d)),
			    STR_FMT(d->item.p != NULL ? STR(", by ") : STR("")), STR_FMT(d->item.p != NULL ? key_words(c->a,
			    o->control->occurrence->population, d->item) : STR("")));
		}
	}
	if (o->n_windows > shown)
		out_line("  … and %zu more; --json gives all", o->n_windows - shown);
}

/* What changed becomes an entry. */
static enum rc record(struct testing *g, struct str control, struct str test)
{
	struct state *s = org_state(g->org);
	bool same;
	enum rc rc;

	if ((rc = result_is_current(s, control, test, buf_view(&g->body), &same, &g->c->err)) != RC_OK)
		return rc;
	if (!same) {
		g->recorded++;
		if ((rc = org_edit(g->org, KIND_RESULT, buf_view(&g->body), &g->c->err)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc one_occurrence(struct testing *g, const struct control *control)
{
	struct state *s = org_state(g->org);
	struct occurrences *o;
	enum rc rc = occurrences_of(s, g->c->a, control, &g->period, &o, &g->c->err);

	if (rc != RC_OK || o == NULL)
		return rc;
	g->tests++;
	g->any_deviation = g->any_deviation || o->counts[WINDOW_MISSED] + o->counts[WINDOW_LATE] > 0;
	buf_clear(&g->body);
	if ((rc = occurrences_put(s, g->c->a, o, &g->period, &g->body, &g->c->err)) != RC_OK ||
	    (rc = record(g, control->id, STR("occurrence"))) != RC_OK)
		return rc;
	if (g->c->json) {
		buf_z(&g->all, g->all.n > 1 ? "," : "");
		buf_str(&g->all, buf_view(&g->body));
	}
	if (g->one || o->counts[WINDOW_UNKNOWN] + o->counts[WINDOW_NOT_YET_DUE] < o->due)
		occurrence_row(g->c, g->table, o);
	else
		g->nothing++;
	if (g->one && !g->c->json)
		window_details(g->c, &g->term, o);
	return RC_OK;
}

static enum rc one_check(struct testing *g, const struct completeness *check)
{
	struct state *s = org_state(g->org);
	struct check_result *r;
	enum rc rc = check_run(s, g->c->a, check, &g->period, &r, &g->c->err);

	if (rc != RC_OK || r == NULL)
		return rc;
	g->completeness++;
	buf_clear(&g->body);
	if ((rc = check_put(s, g->c->a, r, &g->period, &g->body, &g->c->err)) != RC_OK ||
	    (rc = record(g, check_control(g->c->a, check), check->id)) != RC_OK)
		return rc;
	if (g->c->json) {
		buf_z(&g->all, g->all.n > 1 ? "," : "");
		buf_str(&g->all, buf_view(&g->body));
	}
	if (r->state == CHECK_COMPLETE)
		return RC_OK;
	g->lacking++;
	if (!g->c->json)
		buf_fmt(&g->lines, "%.*s, %s: %.*s\n", STR_FMT(check->id), check_state_name(r->state), STR_FMT(r->words));
	return RC_OK;
}

static enum rc all_checks(struct testing *g)
{
	struct completeness **checks;
	size_t n, i;
	enum rc rc = checks_load(org_state(g->org), g->c->a, &checks, &n, &g->c->err);

	for (i = 0; i < n && rc == RC_OK; i++) {
		progress(g->c, "is %.*s complete", STR_FMT(checks[i]->population->name));
		rc = one_check(g, checks[i]);
	}
	return rc;
}

static enum rc one_test(struct testing *g, const struct control *control, const struct test *test)
{
	struct state *s = org_state(g->org);
	struct result *r;
	enum rc rc;

	if (test->n_machine == 0) {
		g->person++;
		return RC_OK;
	}
	if ((rc = test_run(s, g->c->a, control, test, &g->period, &r, &g->c->err)) != RC_OK)
		return rc;
	g->tests++;
	g->any_deviation = g->any_deviation || r->deviating > 0;
	buf_clear(&g->body);
	if ((rc = result_put(s, g->c->a, r, &g->period, &g->body, &g->c->err)) != RC_OK ||
	    (rc = record(g, control->id, test->id)) != RC_OK || (g->c->json && (rc = put_json(g, r)) != RC_OK))
		return rc;
	if (r->state == TEST_NO_ITEMS)
		g->nothing++;
	if (r->state != TEST_NO_ITEMS || g->one)
		row(g->c, g->table, r);
	return g->one && !g->c->json ? details(g, r) : RC_OK;
}

enum rc test_all(struct cli *c, struct org *org, const struct run_period *period, const char *only, bool quiet,
    bool *any_deviation)
{
	static const char *const heads[2][8] = {
		{ "test", "population", "tested", "deviate", "cannot tell", "met", "undated", "result" },
		{ "test", "population", "tested", "deviate", "unclear", "met", "undated", "result" },
	};
	struct testing g = { .c = c, .org = org, .period = *period, .one = only != NULL };
	struct control **controls;
	size_t n, i, k;
	uint64_t first;
	bool found = only == NULL;
	enum rc rc;

	g.term = terminal_of(stdout);
	g.table = table_new(c->a, heads[g.term.width < 90], ARRAY_LEN(heads[0]));
	for (i = 2; i < 7; i++)
		table_right(g.table, i);
	buf_init(&g.body, LIMIT_RECORD);
	buf_init(&g.all, LIMIT_FILE_READ);
	buf_init(&g.lines, LIMIT_RECORD);
	buf_c(&g.all, '[');
	if ((rc = org_edit_begin(org, &c->err)) != RC_OK || (rc = controls_load(org_state(org), c->a, &controls, &n, &c->err)) != RC_OK)
		goto out;
	for (i = 0; i < n && rc == RC_OK; i++) {
		if (only != NULL && !str_is(controls[i]->id, only))
			continue;
		found = true;
		progress(c, "testing %.*s", STR_FMT(controls[i]->id));
		for (k = 0; k < controls[i]->n_tests && rc == RC_OK; k++)
			rc = one_test(&g, controls[i], &controls[i]->tests[k]);
		if (rc == RC_OK)
			rc = one_occurrence(&g, controls[i]);
	}
	if (rc == RC_OK && only == NULL)
		rc = all_checks(&g);
	progress_end(c);
	if (rc == RC_OK && !found)
		rc = err_set(&c->err, RC_NOT_FOUND, "there is no control \"%s\"", only);
	if (rc == RC_OK)
		rc = org_edit_end(org, &first, &c->err);
	if (rc == RC_OK && !quiet && c->json) {
		buf_c(&g.all, ']');
		out_json(&g.all);
	} else if (rc == RC_OK && !quiet) {
		struct str rest = buf_view(&g.lines);

		(void)table_print(g.table, &g.term);
		while (rest.n > 0)
			put_wrapped(&g.term, 2, true, str_cut(&rest, '\n'));
		put_wrapped(&g.term, 0, true, arena_fmt(c->a, "%llu tests ran, %llu results are new; %llu tests have no items in the "
		    "period; %llu tests are for a person; %llu of %llu checks of completeness have something to tell.",
		    (unsigned long long)g.tests, (unsigned long long)g.recorded, (unsigned long long)g.nothing,
		    (unsigned long long)g.person, (unsigned long long)g.lacking, (unsigned long long)g.completeness));
	}
	*any_deviation = g.any_deviation;
out:
	buf_done(&g.body);
	buf_done(&g.all);
	buf_done(&g.lines);
	return rc;
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	const char *from = NULL, *to = NULL, *control = NULL, *fail_on = NULL;
	const struct option_def defs[] = { { "--from", OPTION_TEXT, &from }, { "--to", OPTION_TEXT, &to },
		{ "--control", OPTION_TEXT, &control }, { "--fail-on", OPTION_TEXT, &fail_on } };
	struct run_period p = { .now_us = clock_now_us() };
	struct org *org = NULL;
	bool deviation = false;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 0)
		return cli_usage(c, "test takes no arguments; --control ID runs one control's tests");
	if (fail_on != NULL && strcmp(fail_on, "deviation") != 0)
		return cli_usage(c, "--fail-on takes deviation");
	if ((rc = cli_open(c, ORG_WRITE, &org)) != RC_OK)
		return rc;
	if ((rc = cli_period(c, org, from, to, &p.from_day, &p.to_day)) != RC_OK ||
	    (rc = test_all(c, org, &p, control, false, &deviation)) != RC_OK) {
		org_abandon(org);
		return rc;
	}
	if ((rc = org_close(org, &c->err)) != RC_OK)
		return rc;
	return deviation && fail_on != NULL ? RC_FINDING : RC_OK;
}

const struct command command_test = {
	"test", "[--control ID]", "run the controls' tests over whole populations",
	"  --from D --to D       the period, when it is another than the scope's\n"
	"  --control ID          one control, with its attributes and what deviates\n"
	"  --fail-on deviation   exit status 1 when something deviates\n\n"
	"true meets, false deviates, unknown is not determinable and never a pass.  Daily and periodic controls are judged by\n"
	"due windows as well: performed, late, missed, not yet due or unknown; missed and late count as deviations.  Results\n"
	"that changed become entries.",
	run,
};

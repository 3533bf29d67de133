/* test: every control's tests over whole populations; what changed becomes result entries. */
#include "cli/cli.h"

#include <string.h>

#include "assess/run.h"
#include "cli/test.h"
#include "report/terminal.h"

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

static void details(struct cli *c, const struct terminal *term, const struct result *r)
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
		put_tone(term, TONE_DIM, "     %.*s\n", STR_FMT(a->machine));
		out_line("     meets %llu, deviates %llu, not determinable %llu%s", (unsigned long long)r->counts[i].meets,
		    (unsigned long long)r->counts[i].deviates, (unsigned long long)r->counts[i].unknown,
		    a->deviation_only ? " (can show a deviation only)" : "");
	}
	for (i = 0; i < r->n_deviations && i < 20; i++)
		out_line("  deviates in %s: %.*s, entry %lld, %.*s", r->deviations[i].letters, STR_FMT(r->deviations[i].key),
		    (long long)r->deviations[i].entry, STR_FMT(instant_fmt(c->a, r->deviations[i].first_us)));
	if (r->deviating > 20)
		out_line("  … and %llu more; --json gives all", (unsigned long long)(r->deviating - 20));
}

struct testing {
	struct cli *c;
	struct org *org;
	struct run_period period;
	struct table *table;
	struct terminal term;
	bool one, any_deviation;
	uint64_t tests, recorded, person, nothing;
	struct buf body, all;
};

static enum rc one_test(struct testing *g, const struct control *control, const struct test *test)
{
	struct state *s = org_state(g->org);
	struct result *r;
	bool same;
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
	    (rc = result_is_current(s, r, buf_view(&g->body), &same, &g->c->err)) != RC_OK)
		return rc;
	if (!same) {
		g->recorded++;
		if ((rc = org_edit(g->org, KIND_RESULT, buf_view(&g->body), &g->c->err)) != RC_OK)
			return rc;
	}
	if (g->c->json) {
		buf_z(&g->all, g->all.n > 1 ? "," : "");
		buf_str(&g->all, buf_view(&g->body));
	}
	if (r->state == TEST_NO_ITEMS)
		g->nothing++;
	if (r->state != TEST_NO_ITEMS || g->one)
		row(g->c, g->table, r);
	if (g->one && !g->c->json)
		details(g->c, &g->term, r);
	return RC_OK;
}

enum rc test_all(struct cli *c, struct org *org, const struct run_period *period, const char *only, bool quiet,
    bool *any_deviation)
{
	static const char *const heads[] = { "test", "population", "tested", "deviate", "cannot tell", "met", "undated", "result" };
	struct testing g = { .c = c, .org = org, .period = *period, .one = only != NULL };
	struct control **controls;
	size_t n, i, k;
	uint64_t first;
	bool found = only == NULL;
	enum rc rc;

	g.term = terminal_of(stdout);
	g.table = table_new(c->a, heads, ARRAY_LEN(heads));
	for (i = 2; i < 7; i++)
		table_right(g.table, i);
	buf_init(&g.body, LIMIT_RECORD);
	buf_init(&g.all, LIMIT_FILE_READ);
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
	}
	progress_end(c);
	if (rc == RC_OK && !found)
		rc = err_set(&c->err, RC_NOT_FOUND, "there is no control \"%s\"", only);
	if (rc == RC_OK)
		rc = org_edit_end(org, &first, &c->err);
	if (rc == RC_OK && !quiet && c->json) {
		buf_c(&g.all, ']');
		out_json(&g.all);
	} else if (rc == RC_OK && !quiet) {
		table_print(g.table, &g.term);
		out_line("%llu tests ran, %llu results are new; %llu tests have no items in the period; %llu tests are for a person.",
		    (unsigned long long)g.tests, (unsigned long long)g.recorded, (unsigned long long)g.nothing,
		    (unsigned long long)g.person);
	}
	*any_deviation = g.any_deviation;
out:
	buf_done(&g.body);
	buf_done(&g.all);
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
	"true meets, false deviates, unknown is not determinable and never a pass.  Results that changed become entries.",
	run,
};

/* status: where the organization stands: criteria, controls, evidence, and what to do next. */
#include "cli/cli.h"

#include <string.h>

#include "assess/readiness.h"
#include "assess/words.h"
#include "cli/status.h"
#include "report/terminal.h"

static enum tone tone_of(enum control_state s)
{
	switch (s) {
	case CONTROL_MET:
		return TONE_GOOD;
	case CONTROL_DEVIATIONS:
		return TONE_BAD;
	case CONTROL_UNDETERMINED:
		return TONE_WARN;
	default:
		return TONE_DIM;
	}
}

static void bar(const struct terminal *t, uint64_t covered, uint64_t presumed, uint64_t days)
{
	unsigned wide = t->width < 100 ? 10 : 30, a = days > 0 ? (unsigned)(covered * wide / days) : 0, i;
	unsigned b = days > 0 ? (unsigned)((covered + presumed) * wide / days) : 0;

	for (i = 0; i < wide; i++)
		put_tone(t, i < a ? TONE_GOOD : i < b ? TONE_WARN : TONE_DIM, "%s", i < a ? "\xe2\x96\x88" : i < b ? "\xe2\x96\x93" :
		    "\xe2\x96\x91");
}

static void heading(const struct terminal *t, const char *words)
{
	(void)putc('\n', t->to);
	put_tone(t, TONE_STRONG, "%s\n", words);
}

static void put_head(struct cli *c, const struct terminal *t, const struct readiness *r, struct org *org)
{
	struct str notice = value_text(r->scope.doc, "notice");

	put_tone(t, TONE_STRONG, "%.*s", STR_FMT(r->scope.organization));
	if (!str_eq(r->scope.system, r->scope.organization))
		(void)fprintf(t->to, ", %.*s", STR_FMT(r->scope.system));
	(void)putc('\n', t->to);
	put_wrapped(t, 0, true, arena_fmt(c->a, "%.*s to %.*s, %.*s. Management's own view; nothing here was examined by an auditor.",
	    STR_FMT(date_fmt(c->a, r->period.from_day)), STR_FMT(date_fmt(c->a, r->period.to_day)),
	    STR_FMT(zone_name(state_zone(org_state(org))))));
	if (notice.n > 0) {
		(void)putc('\n', t->to);
		put_wrapped(t, 0, true, notice);
	}
}

static void put_criteria(struct cli *c, const struct terminal *t, const struct readiness *r)
{
	static const char *const heads[2][9] = {
		{ "series", "", "criteria", "met", "deviate", "cannot tell", "no evidence", "a person", "no control" },
		{ "series", "", "of", "met", "deviate", "unclear", "no evid.", "person", "no ctrl." },
	};
	struct table *tab = table_new(c->a, heads[t->width < 100], ARRAY_LEN(heads[0]));
	size_t i, k;

	for (i = 2; i < ARRAY_LEN(heads[0]); i++)
		table_right(tab, i);
	for (i = 0; i < r->n_series; i++) {
		const struct series *s = &r->series[i];

		table_cell(tab, TONE_STRONG, s->id);
		table_cell(tab, TONE_PLAIN, s->name);
		table_cell(tab, TONE_PLAIN, arena_fmt(c->a, "%u", s->criteria));
		for (k = 0; k < 6; k++) {
			static const enum tone tones[] = { TONE_GOOD, TONE_BAD, TONE_WARN, TONE_DIM, TONE_DIM, TONE_BAD };

			table_cell(tab, s->counts[k] > 0 ? tones[k] : TONE_DIM, s->counts[k] > 0 ?
			    arena_fmt(c->a, "%u", s->counts[k]) : STR("\xc2\xb7"));
		}
	}
	(void)table_print(tab, t);
}

static void put_controls(struct cli *c, const struct terminal *t, const struct readiness *r)
{
	static const char *const heads[] = { "control", "state", "tested", "deviate", "cannot tell", "title" };
	struct table *tab = table_new(c->a, heads, ARRAY_LEN(heads));
	size_t i;

	for (i = 2; i < 5; i++)
		table_right(tab, i);
	for (i = 0; i < r->n_controls; i++) {
		const struct control_view *v = &r->controls[i];

		if (v->tested == 0 && v->state != CONTROL_DEVIATIONS)
			continue;
		table_cell(tab, TONE_STRONG, v->control->id);
		table_cell(tab, tone_of(v->state), str_z(control_state_name(v->state)));
		table_cell(tab, TONE_PLAIN, arena_fmt(c->a, "%llu", (unsigned long long)v->tested));
		table_cell(tab, v->deviating > 0 ? TONE_BAD : TONE_DIM, arena_fmt(c->a, "%llu", (unsigned long long)v->deviating));
		table_cell(tab, v->undetermined > 0 ? TONE_WARN : TONE_DIM, arena_fmt(c->a, "%llu",
		    (unsigned long long)v->undetermined));
		table_cell(tab, TONE_PLAIN, v->control->title);
	}
	(void)table_print(tab, t);
}

static void put_evidence(struct cli *c, const struct terminal *t, const struct readiness *r, const struct zone *zone)
{
	size_t i, k;

	for (i = 0; i < r->n_populations; i++) {
		const struct coverage *v = r->populations[i];

		if (v->n + v->n_withdrawn == 0)
			continue;
		(void)fprintf(t->to, "  %-18.*s ", STR_FMT(v->collection->name));
		if (v->collection->n_period > 0) {
			bar(t, v->covered, v->presumed, v->days);
			out_line("  %llu of %llu days covered, %llu presumed, %llu unknown", (unsigned long long)v->covered,
			    (unsigned long long)v->days, (unsigned long long)v->presumed, (unsigned long long)v->unknown);
		} else {
			out_line("%llu listings in the period; what no listing shows is unknown", (unsigned long long)v->extractions);
		}
		for (k = 0; k < v->n; k++) {
			const struct stream_coverage *s = &v->streams[k];
			struct str words = stream_words(c->a, s, &r->period, zone);

			put_wrapped_tone(t, TONE_DIM, 21, arena_fmt(c->a, "%.*s%s%.*s: %llu record%s%s%.*s", STR_FMT(s->source),
			    s->instance.n > 0 ? " / " : "", STR_FMT(s->instance), (unsigned long long)s->in, s->in == 1 ? "" : "s",
			    words.p != NULL ? "; " : "", STR_FMT(words)));
		}
		for (k = 0; k < r->n_checks; k++) {
			const struct check_result *x = r->checks[k];

			if (x->check->population == v->collection && x->state != CHECK_COMPLETE)
				put_wrapped_tone(t, x->state == CHECK_UNKNOWN ? TONE_DIM : TONE_WARN, 21, arena_fmt(c->a, "%s: %.*s",
				    check_state_name(x->state), STR_FMT(x->words)));
		}
		for (k = 0; k < v->n_withdrawn; k++)
			put_wrapped_tone(t, TONE_WARN, 21, arena_fmt(c->a, "not counted: %.*s",
			    STR_FMT(withdrawn_words(c->a, &v->withdrawn[k], zone))));
	}
}

static void put_exclusions(struct cli *c, const struct terminal *t, const struct readiness *r, int64_t at, const struct zone *z)
{
	static const char *const heads[] = { "exclusion", "of", "until", "approved by", "reason" };
	struct table *tab = table_new(c->a, heads, ARRAY_LEN(heads));
	size_t i;

	if (r->n_exclusions == 0)
		return;
	heading(t, "Exclusions: items set apart from tests, counted and listed in each");
	for (i = 0; i < r->n_exclusions; i++) {
		const struct exclusion *x = &r->exclusions[i];
		bool holds = exclusion_holds(x, z, at);

		table_cell(tab, TONE_STRONG, x->name);
		table_cell(tab, TONE_PLAIN, x->population->name);
		table_cell(tab, holds ? TONE_PLAIN : TONE_WARN, arena_fmt(c->a, "%.*s%s", STR_FMT(date_fmt(c->a, x->until_day)),
		    holds ? "" : at > zone_day_start_us(z, x->until_day + 1) ? ", ended" : ", not yet"));
		table_cell(tab, TONE_PLAIN, x->approved_by);
		table_cell(tab, TONE_PLAIN, x->reason);
	}
	(void)table_print(tab, t);
}

static void put_next(const struct terminal *t, const struct readiness *r)
{
	size_t i;

	for (i = 0; i < r->n_next && i < 12; i++) {
		(void)fprintf(t->to, "%3zu. ", i + 1);
		put_wrapped(t, 5, false, r->next[i]);
	}
	if (r->n_next > 12)
		out_line("     … and %zu more; --json gives all", r->n_next - 12);
}

enum rc status_print(struct cli *c, struct org *org, const struct run_period *period)
{
	struct terminal t = terminal_of(stdout);
	struct readiness *r;
	struct buf b;
	enum rc rc;

	if ((rc = readiness_of(org_state(org), c->a, period, &r, &c->err)) != RC_OK)
		return rc;
	if (c->json) {
		buf_init(&b, LIMIT_FILE_READ);
		readiness_put(c->a, r, &b);
		if ((rc = buf_ok(&b, "the readiness", &c->err)) == RC_OK)
			out_json(&b);
		buf_done(&b);
		return rc;
	}
	put_head(c, &t, r, org);
	heading(&t, "Criteria, each by the weakest of its controls");
	put_criteria(c, &t, r);
	heading(&t, "Controls with tested items");
	put_controls(c, &t, r);
	heading(&t, "Evidence, day by day");
	put_evidence(c, &t, r, state_zone(org_state(org)));
	if (r->n_empty > 0) {
		heading(&t, "Registers and populations without a record");
		put_wrapped(&t, 2, true, r->empty);
	}
	put_exclusions(c, &t, r, run_asof(org_state(org), period), state_zone(org_state(org)));
	heading(&t, "What to do next");
	put_next(&t, r);
	return RC_OK;
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	const char *from = NULL, *to = NULL;
	const struct option_def defs[] = { { "--from", OPTION_TEXT, &from }, { "--to", OPTION_TEXT, &to } };
	struct run_period p = { .now_us = clock_now_us(), .counts_only = true };
	struct org *org = NULL;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 0)
		return cli_usage(c, "status takes no arguments");
	if ((rc = cli_open(c, ORG_READ, &org)) != RC_OK)
		return rc;
	if ((rc = cli_period(c, org, from, to, &p.from_day, &p.to_day)) == RC_OK)
		rc = status_print(c, org, &p);
	org_abandon(org);
	return rc;
}

const struct command command_status = {
	"status", "", "readiness: criteria, controls, evidence, what to do next",
	"Judges everything anew from what is in the ledger and changes nothing.\n\n"
	"  --from D --to D   another period than the scope's",
	run,
};

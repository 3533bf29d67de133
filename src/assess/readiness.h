/* readiness: where an organization stands in a period: every test run, every population's coverage, the state of each
 * control and criterion, and what to do next.  Reads only.
 * Uses assess/run.h, assess/coverage.h, assess/scope.h. */
#ifndef ASSESS_READINESS_H
#define ASSESS_READINESS_H

#include "assess/check.h"
#include "assess/coverage.h"
#include "assess/occurrence.h"
#include "assess/run.h"
#include "assess/scope.h"

/* In the order in which the weakest of several counts: deviations before all, a met one last. */
enum control_state { CONTROL_DEVIATIONS, CONTROL_UNDETERMINED, CONTROL_NO_EVIDENCE, CONTROL_NO_OCCURRENCES, CONTROL_PERSON,
	CONTROL_MET };
const char *control_state_name(enum control_state);

struct control_view {
	const struct control *control;
	enum control_state state;
	struct result **results;        /* beside control->tests */
	uint64_t tested, deviating, undetermined;
	struct occurrences *due;        /* NULL: nothing was due in the period */
};

struct criterion_view {
	struct str id, title, statement, series, category, not_relevant;
	bool has_control;
	enum control_state state;       /* the weakest of its controls */
	const struct control_view **controls;
	size_t n_controls;
};

/* counts: met, deviations, cannot tell, no evidence (none occurred counts here), for a person, no control. */
struct series {
	struct str id, name, category;
	unsigned criteria, counts[6];
};

struct readiness {
	struct scope scope;
	struct run_period period;
	struct control_view *controls;
	size_t n_controls;
	struct criterion_view *criteria;        /* those in scope, not relevant ones with their reason */
	size_t n_criteria;
	struct series *series;
	size_t n_series;
	struct coverage **populations;  /* that the controls name */
	size_t n_populations;
	struct str empty;               /* names of those without an item, with commas */
	size_t n_empty;
	struct check_result **checks;   /* of completeness, those that had something to look at, by population */
	size_t n_checks;
	struct exclusion *exclusions;   /* all of them, also those that hold no longer */
	size_t n_exclusions;
	struct str *next;
	size_t n_next;
};

/* Everything in ${a}. */
MUST_USE enum rc readiness_of(struct state *, struct arena *a, const struct run_period *, struct readiness **,
    struct err *);
/* [{"check","examined","found","population","state","words"}, …] */
void readiness_put_checks(const struct readiness *, struct buf *json);
/* docs/formats/readiness.md */
void readiness_put(struct arena *scratch, const struct readiness *, struct buf *json);

#endif

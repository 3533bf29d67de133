/* explain: why a test says what it says: for each deviation the comparison that failed with the values on both sides and
 * the limit, for each attribute what the evidence lacks where it cannot tell.  All of it follows from the expression and
 * the item; no control has words of its own here.
 * Uses assess/run.h. */
#ifndef ASSESS_EXPLAIN_H
#define ASSESS_EXPLAIN_H

#include "assess/run.h"

struct explained {
	struct str why;                 /* "approved 0.67 hours after deployment (…)"; behind letters when there are several */
	int64_t *seen;                  /* a state population: the extractions that show it, in their order */
	size_t n_seen;
};

/* One for each of the first ${most} of ${r}'s deviations, in their order, in ${a}. */
MUST_USE enum rc explain_deviations(struct state *, struct arena *a, const struct result *r, const struct run_period *,
    size_t most, struct explained **out, struct err *);

/* For each attribute that could not be told for some item what the evidence lacks, else STR_NONE; ${*filter} the same of
 * the filter ("where").  In ${a}. */
MUST_USE enum rc explain_unknown(struct state *, struct arena *a, const struct result *r, const struct run_period *,
    struct str out[ATTRIBUTES_MAX], struct str *filter, struct err *);

/* What the current tests say of one item: a line for each that it deviates from, or that cannot be told. */
struct said {
	const struct control *control;
	const struct test *test;
	struct deviation dev;
	struct str why;
};
MUST_USE enum rc explain_item(struct state *, struct arena *a, const struct collection *, struct str key,
    const struct run_period *, struct said **out, size_t *n, struct err *);

/* The first ${most} items of a population that no date places, as JSON keys in ${a}. */
MUST_USE enum rc undated_items(struct state *, struct arena *a, const struct collection *, size_t most, struct str **out,
    size_t *n, struct err *);

#endif

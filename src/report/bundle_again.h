/* bundle_again: every result that a period has, made anew from a state: tests, due windows, checks of completeness.
 * Apart from the rest of the bundle, since a finding means something else there.
 * Uses assess/. */
#ifndef REPORT_BUNDLE_AGAIN_H
#define REPORT_BUNDLE_AGAIN_H

#include "assess/run.h"

/* One result as the body of its entry; ${population} is what it rests on, and of due windows ${keys} what says for whom
 * one is due, or NULL.  ${body} lives until the next. */
struct again_result {
	struct str control, test, body;
	const struct collection *population, *keys;
};

/* Calls ${each} for all of them, in a fixed order; its failure ends it. */
MUST_USE enum rc again_all(struct state *, struct arena *a, const struct run_period *,
    enum rc (*each)(void *ctx, const struct again_result *, struct err *), void *ctx, struct err *);

#endif

/* What the files of the checks share. */
#ifndef ASSESS_CHECK_PRIV_H
#define ASSESS_CHECK_PRIV_H

#include "assess/check.h"

struct checking {
	struct state *s;
	struct arena *a;
	const struct completeness *check;
	const struct run_period *p;
	struct check_result *out;
	struct err *e;
};

/* Counts it, and keeps it when there is room. */
void finding_add(struct checking *, struct completeness_finding);
/* "a, b, c and 12 more" of the findings' texts, at most ${most} of them. */
struct str findings_list(struct checking *, size_t most);

MUST_USE enum rc check_sequence(struct checking *);
MUST_USE enum rc check_rhythm(struct checking *);
MUST_USE enum rc check_receipt(struct checking *);
MUST_USE enum rc check_sources(struct checking *);
MUST_USE enum rc check_stated(struct checking *);

#endif

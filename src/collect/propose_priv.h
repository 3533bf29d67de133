/* What the look at a sample and the choice of collections share. */
#ifndef COLLECT_PROPOSE_PRIV_H
#define COLLECT_PROPOSE_PRIV_H

#include "base/value.h"
#include "collect/propose.h"

enum { LEAVES_MAX = 400, RECORDS_MAX = 200, DISTINCT_MAX = 24 };

/* A path at which records hold a scalar, and what its values look like. */
struct leaf {
	struct str path;                /* as a mapping writes it */
	struct str words;               /* lower case, words of the last two names with blanks around each */
	struct str example;
	size_t present, times, emails, integers, bools, addresses, given;
	struct str distinct[DISTINCT_MAX];
	size_t n_distinct;              /* DISTINCT_MAX: that many or more */
	bool in_list;
};

struct sample {
	struct arena *a;
	const char *reads;              /* as a mapping names it */
	struct str elements;            /* of json: the member with the array */
	const struct value **records;
	size_t n;
	bool is_cut;                    /* there may be more than were looked at */
	struct leaf *leaves;
	size_t n_leaves;
};

/* propose_sample.c: RC_INVALID says what the file is instead. */
MUST_USE enum rc sample_read(struct arena *, const struct source_input *, struct sample *, struct err *);
/* propose_match.c */
MUST_USE enum rc sample_match(const struct sample *, const struct schema *, const struct source_input *, struct buf *out,
    struct err *);

#endif

/* check: whether a population is complete: definitions of kind "completeness", each run over a period with a result of its
 * own, and what every source states of itself.
 * Uses assess/coverage.h, assess/run.h.  The definitions: docs/formats/control.md */
#ifndef ASSESS_CHECK_H
#define ASSESS_CHECK_H

#include "assess/coverage.h"
#include "assess/run.h"

#define FINDINGS_KEPT 1000              /* in one result; all are counted */

enum check_kind {
	CHECK_ITEMS,                    /* a condition that must hold for each item */
	CHECK_SEQUENCE,                 /* numbers in identifiers without a gap */
	CHECK_RHYTHM,                   /* no hole in time */
	CHECK_RECEIPT,                  /* nothing happened behind its own receipt */
	CHECK_SOURCES,                  /* what one source lists, the other lists as well */
	CHECK_STATED,                   /* as many records as the source says; there for every population that a source feeds */
};

struct completeness {
	struct str id;                  /* unique */
	enum check_kind kind;
	const struct collection *population;    /* that may be incomplete */
	struct str says;                /* what a finding means, for people; STR_NONE: nothing of its own */
	const struct control *control;  /* CHECK_ITEMS: with one test of one attribute, over whatever population it names */
	const struct field *field;      /* CHECK_SEQUENCE */
	const struct field *per;        /* CHECK_SEQUENCE, CHECK_RHYTHM, CHECK_SOURCES: each value for itself; may be NULL */
	int64_t every_us;               /* CHECK_RHYTHM: 0 is the source's own rhythm */
};

/* In the order in which the worse comes first. */
enum check_state { CHECK_INCOMPLETE, CHECK_DOUBTFUL, CHECK_UNKNOWN, CHECK_COMPLETE };
const char *check_state_name(enum check_state);

struct completeness_finding {
	struct str text;                /* an identifier, "no records from … to …", … */
	struct str key;                 /* of an item, canonical JSON; STR_NONE: none */
	bool has_times;
	int64_t from_us, to_us;
};

struct check_result {
	const struct completeness *check;
	enum check_state state;
	uint64_t examined, found, unknown;      /* items, gaps, ingests: what the check looks at */
	struct completeness_finding *findings;
	size_t n_findings, room;
	struct str words;               /* one sentence */
};

/* RC_INVALID names ${file}, line, column and the remedy. */
MUST_USE enum rc check_load(struct arena *, const char *file, const struct value *, struct state *, struct completeness **out,
    struct err *);
/* All that are defined and those that come of themselves, in order of population and id. */
MUST_USE enum rc checks_load(struct state *, struct arena *a, struct completeness ***out, size_t *n, struct err *);
/* Everything in ${a}.  ${*out} is NULL when there is nothing to look at: no evidence of that population in the period. */
MUST_USE enum rc check_run(struct state *, struct arena *a, const struct completeness *, const struct run_period *,
    struct check_result **out, struct err *);
/* The body of an entry: docs/formats/result.md */
MUST_USE enum rc check_put(struct state *, struct arena *scratch, const struct check_result *, const struct run_period *,
    struct buf *json, struct err *);
/* "population change", the name under which its results are kept. */
struct str check_control(struct arena *, const struct completeness *);

#endif

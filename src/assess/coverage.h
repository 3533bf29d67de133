/* coverage: which days of a period the evidence of a population covers, by each source and together, and what each
 * source sent.  A day without items is "none occurred" only where it is covered.
 * Uses collect/mapping.h, model/state.h. */
#ifndef ASSESS_COVERAGE_H
#define ASSESS_COVERAGE_H

#include "assess/run.h"

enum day_cover { DAY_UNKNOWN, DAY_PRESUMED, DAY_COVERED };

/* An ingest whose source says how many records it sent. */
struct stated {
	int64_t ingest;
	struct str file;
	uint64_t stated, in;
};

/* An ingest that counts no more: its records are not in the population. */
struct withdrawn {
	int64_t ingest, entry;          /* what opened it, and what withdrew it */
	struct str source, instance, file, reason;
	int64_t withdrawn_us;
	uint64_t kept;                  /* records */
};

/* What one instance of one source brought for one population. */
struct stream_coverage {
	struct str source, instance;
	int64_t stream;
	uint64_t ingests, incomplete, partial, in, kept, duplicate, rejected;
	int64_t first_ingest;                   /* entry */
	int64_t received_first_us, received_last_us;
	bool has_items;
	int64_t first_us, last_us;              /* of what the records tell happened */
	bool out_of_scope;                      /* the scope names other instances of this source: its days do not count */
	bool late;                              /* all of it was received after the period ended */
	uint64_t covered, presumed, unknown;    /* days of the period */
	uint8_t *days;                          /* enum day_cover of each */
};

struct coverage {
	const struct collection *collection;
	uint64_t days, covered, presumed, unknown;
	uint8_t *by_day;                        /* enum day_cover of each, the least of all sources */
	struct stream_coverage *streams;
	size_t n;
	struct stated *stated;
	size_t n_stated;
	struct withdrawn *withdrawn;
	size_t n_withdrawn;
	uint64_t extractions, full_extractions; /* of a state population, in the period */
};

/* Everything in ${a}.  A day counts as covered when every source that feeds the population covers it. */
MUST_USE enum rc coverage_of(struct state *, struct arena *a, const struct collection *, const struct run_period *,
    struct coverage **out, struct err *);
/* As JSON: counts, and the sources with theirs. */
void coverage_put(struct arena *scratch, const struct coverage *, struct buf *json);

#endif

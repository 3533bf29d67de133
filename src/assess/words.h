/* words: what a person reads in place of keys, instants and counts; the same at the terminal, in JSON and in the PDF.
 * Uses assess/coverage.h, assess/run.h. */
#ifndef ASSESS_WORDS_H
#define ASSESS_WORDS_H

#include "assess/coverage.h"

/* The natural key (canonical JSON) with its parts as read: days and times as such, subjects by their reference. */
struct str key_words(struct arena *, const struct collection *, struct str key);
/* Extractions in their order: "the extractions of 2024-01 and 2024-02"; days where a month has several. */
struct str seen_words(struct arena *, const int64_t *at, size_t n, const struct zone *);
/* What a test came to: "1 of 12 deviates…", "No occurrences in …". */
struct str result_words(struct arena *, const struct result *);

/* "3 items from aws.cloudtrail / staging, not in scope: left out", "2 items left out by the exclusion legacy, …". */
struct str left_words(struct arena *, const struct left_out *);

/* What is to be said of what a source sent: duplicates dropped, records rejected, received after the period ended.
 * STR_NONE: nothing. */
struct str stream_words(struct arena *, const struct stream_coverage *, const struct run_period *, const struct zone *);
/* "csv:change, file a.csv: 2 records withdrawn on 2026-11-25 by entry 372: wrong tenant" */
struct str withdrawn_words(struct arena *, const struct withdrawn *, const struct zone *);
/* "Some of the evidence was received 12 days after the period ended.", or STR_NONE. */
struct str late_words(struct arena *, const struct coverage *, const struct run_period *, const struct zone *);

#endif

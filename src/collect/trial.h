/* trial: what a mapping makes of a file, found out without keeping anything: counts, the first items field by field,
 * records without an item, rejected ones with their reasons, fields that nothing supplies.
 * Uses collect/source_file.h. */
#ifndef COLLECT_TRIAL_H
#define COLLECT_TRIAL_H

#include "collect/source_file.h"

enum { TRIAL_REASONS = 16, TRIAL_UNMATCHED = 5 };

struct trial_field {
	uint64_t supplied, null, doubt;
};

struct trial_collection {
	const struct collection *collection;
	uint64_t contributions, joining;        /* joining: such as add to an item and never make one */
	uint64_t items;                         /* different natural keys among those that make one */
	uint64_t undated;                       /* items of which no contribution gives a period field */
	struct trial_field *fields;
	bool *ruled;                            /* whether any rule of the shape speaks of the field */
};

struct trial_item {
	uint64_t record;
	struct contribution item;               /* in the trial's arena */
};

struct trial_reason {
	struct str text;
	uint64_t n, first;                      /* how many, and the record that was first */
};

struct trial {
	struct str source, file;
	size_t shape;
	uint64_t in, with_items, no_item, duplicate, rejected, null_key;
	bool complete;
	struct str why;                         /* not complete: what stopped it */
	struct trial_collection *collections;
	size_t n_collections;
	struct trial_item *items;               /* the first few of each collection, in order */
	size_t n_items;
	struct trial_reason reasons[TRIAL_REASONS];
	size_t n_reasons;
	struct {
		uint64_t record;
		struct str starts;
	} unmatched[TRIAL_UNMATCHED];
	size_t n_unmatched;
};

/* All of ${out} is in ${a}.  ${shown}: how many items of each collection are kept for showing.
 * RC_INVALID: not a file of this source, and why; nothing was run. */
MUST_USE enum rc trial_run(const struct mapping *, struct arena *a, const struct source_input *, const struct zone *,
    size_t shown, struct trial *out, struct err *);
/* As one JSON document, keys sorted, an item a line. */
void trial_json(const struct trial *, struct buf *);
/* A field's value as people read it, or as JSON; null is "null". */
void trial_value(struct arena *, const struct field *, const struct field_value *, bool json, struct buf *);

#endif

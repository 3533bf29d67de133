/* cut: a raw record taken apart into cut text and one part a person, put together again, and read without the
 * people.  Finds no ranges and knows no keys.
 * Uses base/.  On disk: docs/formats/ledger.md */
#ifndef SEAL_CUT_H
#define SEAL_CUT_H

#include "base/base.h"

enum cut_form { CUT_TEXT = 0, CUT_SCALAR = 1 }; /* SCALAR: a JSON number or word, read back in quotes */

struct cut_range {                              /* [at, end) of the raw bytes, not empty */
	size_t at, end;
	uint8_t subject[16];
	enum cut_form form;
};

/* ${ranges} ascend and are disjoint.  ${*parts} gets 1 + number of people: cut text and then the people's by
 * first appearance, or the raw bytes alone (borrowed) where there is no range; ${subjects[i - 1]} of part i is in
 * its first 16 bytes.  RC_LIMIT: more people than a record has parts.  RC_INTERNAL: ranges that are none. */
MUST_USE enum rc cut_apart(struct arena *, struct str raw, const struct cut_range *ranges, size_t n_ranges,
    struct str **parts, size_t *n, struct err *);

/* The raw record, exactly, from all its parts (${n} >= 1; with one it is that part).  RC_ALTERED. */
MUST_USE enum rc cut_together(struct arena *, const struct str *parts, size_t n, struct str *raw, struct err *);

/* What items are built from: part 0 of ${n} parts with each person as "subject:" and the reference in hex.
 * With n = 1 it is part 0 itself.  RC_ALTERED. */
MUST_USE enum rc cut_reading(struct arena *, struct str part0, size_t n, struct str *out, struct err *);

#endif

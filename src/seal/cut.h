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

/* Where in reading text a person stands. */
struct cut_mark {
	size_t at;                              /* of the words "subject:…", CUT_WORDS of them */
	const uint8_t *subject;                 /* 16 bytes, borrowed from part 0 */
	bool is_scalar;                         /* the words stand in quotes that were not there */
	struct str shown;                       /* what stood there, borrowed from the person's part; STR_NONE: not at hand */
};
#define CUT_WORDS 40                            /* "subject:" and 32 hex digits */

/* What items are built from: part 0 of ${n} parts with each person as "subject:" and the reference in hex, in quotes where
 * a JSON number or word stood.  With n = 1 it is part 0 itself.  Parts behind the first whose p is NULL are not at hand: the
 * text is the same without them.  ${*marks} ascend.  RC_ALTERED. */
MUST_USE enum rc cut_reading(struct arena *, const struct str *parts, size_t n, struct str *out, struct cut_mark **marks,
    size_t *n_marks, struct err *);
/* All that they borrow as well. */
struct cut_mark *cut_marks_copy(struct arena *, const struct cut_mark *, size_t n);
/* What people are shown: the raw record, but for those whose part is not at hand, who stand there as in the reading text. */
struct str cut_shown(struct arena *, struct str reading, const struct cut_mark *marks, size_t n_marks);

#endif

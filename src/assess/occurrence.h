/* occurrence: whether a daily or periodic control ran when it was due: each window of the period, for each key that one
 * is due for, judged from the items of the population that the control names.
 * Uses assess/run.h, assess/window.h.  The result: docs/formats/result.md */
#ifndef ASSESS_OCCURRENCE_H
#define ASSESS_OCCURRENCE_H

#include "assess/coverage.h"
#include "assess/run.h"
#include "assess/window.h"

#define WINDOWS_KEPT 10000              /* in one result; all are counted and in the grid's digest */

enum window_verdict { WINDOW_PERFORMED, WINDOW_LATE, WINDOW_MISSED, WINDOW_NOT_YET_DUE, WINDOW_UNKNOWN };
const char *window_verdict_name(enum window_verdict);   /* "performed", "late", "missed", "not yet due", "unknown" */

struct due_window {
	struct str key;                 /* the value that one was due for; STR_NONE: the control as a whole */
	struct window window;
	enum window_verdict verdict;
	bool presumed;                  /* missed, by a source that declares no window */
	struct str item;                /* the item that shows it, canonical JSON of its key; STR_NONE: none */
	int64_t entry, done;            /* of that item; ${done} in days or microseconds, as its field is */
};

struct occurrences {
	const struct control *control;
	enum window_verdict state;      /* the worst: missed, late, unknown, not yet due, performed */
	uint64_t due, counts[WINDOW_UNKNOWN + 1], presumed, keys;
	struct due_window *windows;     /* by key, then window; of a daily control those not performed */
	size_t n_windows;
	struct str sql;
	uint8_t grid_digest[32];
};

/* Everything in ${a}.  ${*out} is NULL when nothing is due: no occurrence is named, or no window ends in the period. */
MUST_USE enum rc occurrences_of(struct state *, struct arena *a, const struct control *, const struct run_period *,
    struct occurrences **out, struct err *);
/* "missed 2, unknown 1", "performed", … in ${a}. */
struct str occurrences_words(struct arena *a, const struct occurrences *);

/* "missed: idp, 2024-01-01 to 2024-03-31", in ${a}. */
struct str due_window_words(struct arena *a, const struct due_window *);

/* The body of an entry; the same bytes when nothing changed. */
MUST_USE enum rc occurrences_put(struct state *, struct arena *scratch, const struct occurrences *,
    const struct run_period *, struct buf *json, struct err *);

#endif

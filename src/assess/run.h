/* run: one test over its whole population in a period: every item judged in one pass of SQL, counted, and digested so
 * that anyone can re-perform it to the same result.
 * Uses assess/control.h, model/state.h.  The result: docs/formats/result.md */
#ifndef ASSESS_RUN_H
#define ASSESS_RUN_H

#include "assess/control.h"
#include "assess/exclusion.h"
#include "model/state.h"

#define ENGINE_VERSION 1                /* a change of what any expression or count means is a new one */
#define DEVIATIONS_KEPT 10000           /* keys in one result; all of them are counted and in the grid's digest */

struct run_period {
	int64_t from_day, to_day;       /* both inclusive, in the organization's zone */
	int64_t now_us;
	bool counts_only;               /* nobody asks for digests: they stay zero, which spares reading every field of every item */
};

/* The instant at which a population with period fields is judged: the earlier of now and the period's end. */
int64_t run_asof(struct state *, const struct run_period *);

/* What became of an attribute over all items. */
struct attribute_count {
	uint64_t meets, deviates, unknown;
};

struct deviation {
	struct str key;                 /* canonical JSON of the natural key */
	int64_t entry;
	char letters[ATTRIBUTES_MAX + 1];
	int64_t first_us, last_us;      /* a state population: the extractions that show it first and last; else the item's */
	uint32_t times;                 /* extractions that show it */
};

enum test_state { TEST_MET, TEST_DEVIATIONS, TEST_UNDETERMINED, TEST_NO_OCCURRENCES, TEST_NO_ITEMS, TEST_PERSON };
const char *test_state_name(enum test_state);   /* "met", "deviations", … as in the result */

struct lookups;
struct result {
	const struct control *control;
	const struct test *test;
	enum test_state state;
	uint64_t items, excluded, filter_unknown, tested, deviating, undetermined, met, undated, extractions;
	struct attribute_count counts[ATTRIBUTES_MAX];
	struct str sql;
	struct left left;               /* items that were set apart, and are in none of the counts but ${items} */
	struct lookups *lookups;        /* other populations that its expressions look into */
	struct deviation *deviations;   /* in the order of keys */
	size_t n_deviations;
	int64_t asof_us;
	uint8_t population_digest[32], grid_digest[32];
};

/* Everything in ${a}. */
MUST_USE enum rc test_run(struct state *, struct arena *a, const struct control *, const struct test *,
    const struct run_period *, struct result **out, struct err *);

/* The result as the body of an entry; the same bytes when nothing changed. */
MUST_USE enum rc result_put(struct state *, struct arena *scratch, const struct result *, const struct run_period *,
    struct buf *json, struct err *);
/* "kind":digest of the current definition, or null, as results name what they rest on. */
void result_put_definition(struct state *, struct arena *scratch, const char *kind, struct str id, struct buf *json);
/* Whether the current result of that control and test has these bytes. */
MUST_USE enum rc result_is_current(struct state *, struct str control, struct str test, struct str body, bool *same,
    struct err *);

#endif

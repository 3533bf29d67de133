/* exclusion: items that are set apart from a test and shown as such: by an exclusion that somebody approved, until a day, and by
 * the scope, which names the instances of a source that belong to the system.
 * Uses assess/control.h, assess/expr.h, assess/scope.h. */
#ifndef ASSESS_EXCLUSION_H
#define ASSESS_EXCLUSION_H

#include "assess/control.h"
#include "assess/expr.h"
#include "model/state.h"

#define LEFT_LISTED 1000                /* keys of items set apart in one result, by each reason; all of them are counted */

/* A definition of the kind "exclusion". */
struct exclusion {
	struct str name, where, reason, approved_by;
	const struct collection *population;
	const struct value *tests;      /* "CHG-01" or "CHG-01 T1"; NULL: every test of the population */
	const struct expr *expr;        /* of ${where}; NULL: there is none */
	const struct value *keys;       /* natural keys, each a list; NULL: whichever ${where} takes */
	int64_t approved_day, until_day;        /* both inclusive */
	uint8_t digest[32];             /* of its definition */
};

/* What `apply` checks before it becomes a definition.  RC_INVALID names ${file}, line, column and the remedy. */
MUST_USE enum rc exclusion_check(const char *file, const struct value *, struct state *, struct err *);
/* All current ones in the order of their names, also those that hold no longer; one that no longer compiles is left out. */
MUST_USE enum rc exclusions_load(struct state *, struct arena *a, struct exclusion **out, size_t *n, struct err *);
/* Whether it holds at that instant: from the day of its approval through its last day, in the organization's zone. */
bool exclusion_holds(const struct exclusion *, const struct zone *, int64_t at_us);

/* Items of a test that were set apart for one reason. */
struct left_item {
	struct str key;
	bool deviates;                  /* it would have: an exclusion hides nothing */
};
struct left_out {
	const struct exclusion *exclusion;      /* NULL: the scope */
	int64_t stream;                 /* of the scope: the instance that is not in it */
	struct str source, instance;
	uint64_t items, deviating;
	struct left_item *list;
	size_t n_list;
};

/* What sets items of one test apart. */
struct left {
	const struct exclusion *exclusions;     /* of these the first that takes an item counts */
	const struct exclusion **holding;
	size_t n_holding;
	const struct value *instances;  /* of the scope, or NULL */
	const char *streams;            /* that it leaves out, for exists() and count(): scope_left_streams */
	struct left_out *p;             /* as the test met them */
	size_t n, room;
};

MUST_USE enum rc left_load(struct state *, struct arena *a, const struct control *, const struct test *, int64_t asof_us,
    struct left *out, struct err *);
bool left_any(const struct left *);     /* whether anything can be set apart at all */
/* SQL of a number: 0, the item counts; n > 0, the n-th holding exclusion takes it; below 0, less the stream that is not in
 * scope. */
void left_sql(const struct left *, const struct collection *, const struct expr_binding *, struct buf *);
/* The reason that stands behind such a number, made when it is met first. */
MUST_USE enum rc left_of(struct left *, struct state *, struct arena *a, int64_t number, struct left_out **out, struct err *);
void left_count(struct left_out *, struct arena *a, struct str key, bool deviates);
/* [{…}, …] for the result's entry. */
void left_put(const struct left *, struct arena *a, struct buf *json);

#endif

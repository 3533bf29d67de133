/* lookup: what exists() and count() need before a statement runs: whether each population of events that they look into is
 * whole in the period, and an index on each field by which items are found.
 * Uses assess/expr.h, assess/coverage.h. */
#ifndef ASSESS_LOOKUP_H
#define ASSESS_LOOKUP_H

#include "assess/expr.h"
#include "assess/run.h"

struct lookups;                         /* in the arena */
struct lookups *lookups_new(struct arena *);
/* Those of one expression; NULL does nothing. */
void lookups_add(struct lookups *, const struct expr *);
/* Find out, and give the binding its answers.  Every day of the period up to the instant of judging must be covered or
 * presumed; a register that no source feeds is whole once it holds an item. */
MUST_USE enum rc lookups_bind(struct lookups *, struct state *, const struct run_period *, struct expr_binding *,
    struct err *);
/* ["name", …] of those that are whole and those that are not, for results: [{"population","whole"},…] by name. */
void lookups_put(const struct lookups *, struct buf *json);
bool lookups_any(const struct lookups *);

#endif

/* derive: a population computed from another, as a table inside a statement.
 * Uses assess/expr.h. */
#ifndef ASSESS_DERIVE_H
#define ASSESS_DERIVE_H

#include "assess/run.h"

/* Append "(SELECT …) i" with the columns of an item table: key, entry, at, day, supplied, doubt, f_…; what people
 * noted on an item of the same key is joined in. */
MUST_USE enum rc derive_table(struct state *, struct arena *, const struct collection *, const struct run_period *,
    const char *asof, struct buf *sql, struct err *);

/* Append a statement for the items of the population that ${c} is computed from and that make up the item whose key is
 * parameter 1: columns key, entry, at; in the order of their times. */
MUST_USE enum rc derive_sources(struct state *, struct arena *, const struct collection *c, struct buf *sql, struct err *);

/* "SELECT … FROM …" with the row's alias i and the columns of item_columns, of any collection: what is computed is computed
 * there, as of ${now_us}. */
MUST_USE enum rc derive_rows(struct state *, struct arena *a, const struct collection *, int64_t now_us, struct buf *sql,
    struct err *);

#endif

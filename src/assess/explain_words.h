/* What explain.c reads from the database and explain_words.c puts into words. */
#ifndef ASSESS_EXPLAIN_WORDS_H
#define ASSESS_EXPLAIN_WORDS_H

#include "assess/expr_priv.h"
#include "base/time.h"
#include "store/store.h"

enum { ATOMS_MAX = 64 };

/* A condition without and, or and not in it, and the columns that hold what it came to; 0: none. */
struct atom {
	const struct expr *x;
	int truth, left, right, start;
};

struct plan {
	const struct collection *collection;
	const struct expr *root;
	struct atom atoms[ATOMS_MAX];
	size_t n;
};

/* Gathers the atoms of ${x}, and appends their columns, from number ${*column} on, each with a comma before it. */
void plan_make(struct plan *, const struct collection *, const struct expr *x, const struct expr_binding *, int *column,
    struct buf *sql);

/* Why the row on which ${st} stands does not meet the plan's expression, in ${a}. */
struct str plan_why(const struct plan *, struct arena *a, struct stmt *st, const struct zone *);

/* "approved_at" as people say it: "approved"; a noun where the population gives one: "approval". */
struct str field_words(struct arena *, const struct field *);
struct str field_noun(struct arena *, const struct collection *, const struct field *);

#endif

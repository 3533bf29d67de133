/* expr: the expression language of tests, filters and derived populations: read, type-checked against a collection and
 * printed as SQL.  Three values; nothing in it writes, runs without a bound, or leaves its row.
 * The language: docs/formats/expressions.md.  Uses model/schema.h, base/. */
#ifndef ASSESS_EXPR_H
#define ASSESS_EXPR_H

#include "base/base.h"
#include "base/value.h"
#include "model/schema.h"

struct parameter {
	struct str name;
	int64_t scaled;                 /* by 10^6 */
};

/* What an expression may speak of. */
struct expr_scope {
	const struct collection *collection;
	const struct parameter *parameters;
	size_t n_parameters;
	bool in_derive;                 /* rows(), slots(), percent(), month_start() and fields derived before */
	const struct member *derived;   /* those fields and their expressions' texts, when in_derive */
	size_t n_derived;
};

/* Where the text stands, for errors. */
struct expr_place {
	const char *file;
	uint32_t line, column;          /* of its first character */
};
struct expr_place expr_place_of(const char *file, const struct value *);

struct expr;                            /* lives in the arena of its compilation; borrows the scope */

/* Any expression.  RC_INVALID names file, line, column, what and the remedy. */
MUST_USE enum rc expr_compile(struct arena *, struct str text, struct expr_place, const struct expr_scope *,
    const struct expr **out, struct err *);
/* The same when it must be true, false or unknown. */
MUST_USE enum rc expr_compile_condition(struct arena *, struct str text, struct expr_place, const struct expr_scope *,
    const struct expr **out, struct err *);

bool expr_uses_asof(const struct expr *);
uint64_t expr_fields(const struct expr *);      /* a bit for each field it reads */

/* What the printed SQL reads. */
struct expr_binding {
	const char *row;                /* alias of the row: columns supplied, doubt, f_… */
	const char *asof;               /* SQL of the instant of evaluation */
	const char *group_start, *group_end;    /* in_derive: the month's first and last instant (end excluded) */
};
/* A condition prints as 1, 0 or NULL; a number as an integer scaled by ${*scale} (1 or 10^6). */
void expr_sql(const struct expr *, const struct expr_binding *, struct buf *);
int64_t expr_scale(const struct expr *);

#endif

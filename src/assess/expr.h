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
	const struct schema *schema;    /* where exists() and count() find other populations; NULL: they find none */
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

/* Another population that an expression looks into, and a field of it by which items are found. */
struct expr_lookup {
	const struct collection *collection;
	const struct field *field;      /* NULL: none, every item is looked at */
};
/* Calls ${each} for every field of every exists() and count() in it. */
void expr_lookups(const struct expr *, void (*each)(void *ctx, const struct expr_lookup *), void *ctx);

/* What the printed SQL reads. */
struct expr_binding {
	/* Whether an item that is not found in that population of events is not there; NULL: nobody can tell. */
	bool (*is_whole)(void *ctx, const struct collection *);
	/* Whether there is a table look_POPULATION_FIELD(v, id) of that field's values and the rows that have them, with an
	 * index; NULL: there is none. */
	bool (*is_indexed)(void *ctx, const struct expr_lookup *);
	void *ctx;
	const char *row;                /* alias of the row: columns supplied, doubt, f_… */
	const char *asof;               /* SQL of the instant of evaluation */
	/* Streams whose items exists() and count() do not see, as SQL's list of numbers; NULL: they see all. */
	const char *left_streams;
	const char *group_start, *group_end;    /* in_derive: the month's first and last instant (end excluded) */
};
/* A condition prints as 1, 0 or NULL; a number as an integer scaled by ${*scale} (1 or 10^6). */
void expr_sql(const struct expr *, const struct expr_binding *, struct buf *);
int64_t expr_scale(const struct expr *);

#endif

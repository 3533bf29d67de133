/* control: a control and its tests, read from its definition and checked: every expression compiled.
 * Uses assess/expr.h, model/state.h.  The shape: docs/formats/control.md */
#ifndef ASSESS_CONTROL_H
#define ASSESS_CONTROL_H

#include "assess/expr.h"
#include "model/state.h"

#define ATTRIBUTES_MAX 26

struct attribute {
	char letter;
	struct str words;               /* what must be true of each item */
	struct str machine;             /* the expression's text, STR_NONE: a person decides */
	const struct expr *expr;
	bool deviation_only;            /* it can show a deviation and never a pass */
};

struct test {
	struct str id, procedure, selection;
	const struct collection *population;    /* NULL: none; a person decides */
	struct str where;               /* STR_NONE: the whole population */
	const struct expr *where_expr;
	struct attribute *attributes;
	size_t n_attributes, n_machine;
};

enum frequency { FREQUENCY_OTHER, FREQUENCY_DAILY, FREQUENCY_WEEKLY, FREQUENCY_MONTHLY, FREQUENCY_QUARTERLY,
	FREQUENCY_SEMIANNUAL, FREQUENCY_ANNUAL };

/* How it shows that the control ran when it was due: an item of ${population} whose ${at} lies in the window. */
struct occurrence {
	const struct collection *population;
	const struct field *at;
	const struct field *done;       /* NULL: ${at} is when it was done */
	const struct expr *done_expr;   /* done != null */
	const struct field *per;        /* NULL: one is due in each window; else one for each value of this field */
	struct str where;               /* STR_NONE: any item */
	const struct expr *where_expr;
	int64_t within_days;            /* behind the window's end and still in time */
	/* For which values one is due, besides those of the items themselves; NULL: for those alone. */
	const struct collection *keys;
	const struct field *keys_field;
	struct str keys_where;
	const struct expr *keys_where_expr;
};

struct control {
	struct str id, title, statement, owner, frequency, nature;
	enum frequency every;
	struct occurrence *occurrence;  /* NULL: none is named */
	struct str *criteria;
	size_t n_criteria;
	struct str *populations;
	size_t n_populations;
	struct test *tests;
	size_t n_tests;
	bool is_periodic;               /* weekly to annual: judged by due windows */
	const struct value *definition;
};

/* The organization's thresholds, from its definitions, in ${a}. */
MUST_USE enum rc parameters_load(struct state *, struct arena *a, struct parameter **out, size_t *n, struct err *);

/* RC_INVALID names ${file}, line, column and the remedy. */
MUST_USE enum rc control_load(struct arena *, const char *file, const struct value *, struct state *, struct control **out,
    struct err *);
/* All of them in the order of their ids. */
MUST_USE enum rc controls_load(struct state *, struct arena *a, struct control ***out, size_t *n, struct err *);

/* What `apply` checks before a definition becomes one. */
MUST_USE enum rc parameter_check(const char *file, const struct value *, struct err *);
/* The collection loads, and its "current" and derived expressions compile. */
MUST_USE enum rc population_check(const char *file, const struct value *, struct state *, struct err *);

#endif

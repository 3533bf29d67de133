/* scope: what is examined: organization, system, categories, period, what is not relevant and why; read from the
 * definition "scope" and checked before it becomes one.
 * Uses model/state.h. */
#ifndef ASSESS_SCOPE_H
#define ASSESS_SCOPE_H

#include "base/value.h"
#include "model/state.h"

struct scope {
	const struct value *doc;        /* as written */
	struct str organization, system;
	bool has_period;
	int64_t from_day, to_day;       /* both inclusive, days since 1970-01-01 in the organization's zone */
	uint32_t categories;            /* bit per category, in the order of scope_category */
};

enum { SCOPE_CATEGORIES = 5 };
/* "security", "availability", "processing_integrity", "confidentiality", "privacy". */
const char *scope_category(size_t i);

/* RC_INVALID names what is wrong with ${doc}, with line and column.  Criteria that it calls not relevant must be among
 * those that ${state} defines. */
MUST_USE enum rc scope_check(const struct value *doc, struct state *, struct err *);
/* The current one, in ${a}.  RC_NOT_FOUND: none was defined. */
MUST_USE enum rc scope_load(struct state *, struct arena *a, struct scope *out, struct err *);
/* Why a criterion is not relevant, or STR_NONE when it is. */
struct str scope_not_relevant(const struct scope *, struct str criterion);
/* Whether ${instances} of a scope, which may be NULL, names other instances of that source and not this one. */
bool scope_leaves_out(const struct value *instances, struct str source, struct str instance);
/* "3,7": the streams that the current scope leaves out, for SQL's IN; NULL when it leaves out none or there is no scope. */
MUST_USE enum rc scope_left_streams(struct state *, struct arena *a, const char **out, struct err *);
bool scope_has_category(const struct scope *, struct str category);

#endif

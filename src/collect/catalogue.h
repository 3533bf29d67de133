/* catalogue: the sources that can be read, compiled: an organization's, or those that the program carries, so that a file
 * can be looked at where no organization is.
 * Uses collect/source_file.h, model/. */
#ifndef COLLECT_CATALOGUE_H
#define COLLECT_CATALOGUE_H

#include "collect/source_file.h"
#include "model/state.h"

struct catalogue {
	const struct schema *schema;
	struct mapping **mappings;      /* in the order of their sources */
	size_t n;
};

/* All of it in ${a}. */
MUST_USE enum rc catalogue_builtin(struct arena *a, struct catalogue *, struct err *);
MUST_USE enum rc catalogue_of(struct state *, struct arena *a, struct catalogue *, struct err *);
const struct mapping *catalogue_find(const struct catalogue *, struct str source);      /* NULL: none */
/* The sources whose "detect" fits the file, those first that ask the most of it; at most ${most}.  Returns how many. */
size_t catalogue_fitting(const struct catalogue *, const struct source_input *, const struct zone *,
    const struct mapping **out, size_t most);
/* The same as words, "aws.cloudtrail or github.audit", in ${a}; STR_NONE when none fits. */
struct str catalogue_suggestion(const struct catalogue *, struct arena *a, const struct source_input *, const struct zone *);

#endif

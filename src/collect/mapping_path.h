/* mapping_path: where in a record something stands: names, list elements by place, by what a member of theirs says, or
 * all of them.  The syntax: docs/formats/mapping.md
 * Uses base/value.h. */
#ifndef COLLECT_MAPPING_PATH_H
#define COLLECT_MAPPING_PATH_H

#include "base/value.h"

enum step_kind { STEP_NAME, STEP_PLACE, STEP_LAST, STEP_SELECT, STEP_ALL };

struct step {
	enum step_kind kind;
	struct str name;                /* of the member; of the member that selects */
	struct str value;               /* what that member says */
	size_t place;
};

struct path {
	struct step *steps;
	size_t n;                       /* 0: the element itself */
	bool from_root;                 /* "/name": of the record */
	unsigned up;                    /* "^name": of the element around, once for each ^ */
};

/* The element that rules speak of, and those around it, out to the record. */
struct scope {
	const struct value *here;
	const struct scope *around;
};

/* RC_INVALID says what is wrong, without a place: the caller knows it. */
MUST_USE enum rc path_compile(struct arena *, struct str text, struct path *, struct err *);
/* The first value there, null ones only when there is no other; NULL: none. */
const struct value *path_first(const struct path *, const struct scope *);
/* Every value there, with the scope of the element that holds it; ${each} is called in order.  A list at the end counts
 * as its elements, when ${spread}. */
void path_each(const struct path *, const struct scope *, bool spread,
    void (*each)(void *ctx, const struct value *, const struct scope *), void *ctx);

#endif

/* item: items read back for people and machines: columns of a query, a field as text, an item as JSON.
 * Uses model/state.h, base/. */
#ifndef MODEL_ITEM_H
#define MODEL_ITEM_H

#include "base/value.h"
#include "model/state.h"

/* The columns that item_put and item_text want, in their order, of the table or alias ${from}. */
#define ITEM_FIXED_COLUMNS 7            /* id, key, supplied, doubt, entry, ingest, at */
void item_columns(struct buf *sql, const struct collection *, const char *from);

bool item_supplied(struct stmt *, const struct field *);
bool item_doubtful(struct stmt *, const struct field *);
/* A field as a person reads it: times in the organization's zone would hide what was recorded, so they are UTC.
 * Null is "", unsupplied is "?".  In ${a}. */
MUST_USE enum rc item_text(struct state *, struct arena *a, struct stmt *, const struct field *, struct str *out,
    struct err *);
/* {"collection","key":[…],"entry":n,"ingest":n|null,"at":…,"doubtful":[names],"fields":{…}}; an unsupplied field is
 * absent, instants are RFC 3339, subjects {"subject":hex,"identity":"kind:identity"|null}. */
MUST_USE enum rc item_put(struct state *, struct arena *scratch, const struct collection *, struct stmt *,
    struct buf *json, struct err *);
/* A subject as JSON as above, and as text: its first identity, else "subject:" and the reference. */
MUST_USE enum rc subject_text(struct state *, struct arena *a, int64_t id, struct str *out, struct err *);

#endif

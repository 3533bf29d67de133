/* propose: a mapping for a file of a kind that no source reads yet: how it is cut into records, what its fields look like,
 * which collections they could feed and why.  What does not look like records is refused with the reason.
 * Uses collect/stream.h, model/schema.h. */
#ifndef COLLECT_PROPOSE_H
#define COLLECT_PROPOSE_H

#include "collect/source_file.h"

/* ${out} gets the mapping as YAML with comments, ready to be edited.  RC_INVALID: nothing sensible can be proposed, and
 * what the file seems to be. */
MUST_USE enum rc propose_mapping(const struct schema *, const struct source_input *, struct buf *out, struct err *);

#endif

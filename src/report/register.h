/* register: a register as it stood in a period, for the description of the system: which items were in force at some time
 * in it, and what changed.
 * Uses model/item.h, assess/run.h. */
#ifndef REPORT_REGISTER_H
#define REPORT_REGISTER_H

#include "assess/run.h"
#include "model/org.h"

/* Appends {"items":[{"entry","fields","since","until"}],"outside":n,"undated":n}; docs/formats/report.md says what they
 * mean.  A collection that there is not gives an empty one. */
MUST_USE enum rc register_put(struct state *, struct arena *scratch, const char *name, const struct run_period *,
    struct buf *json, struct err *);

#endif

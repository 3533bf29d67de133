/* model: management's draft in the form of a Type 1 or Type 2 report, as one JSON document; every rendering prints what
 * stands in it and nothing else.  The document: docs/formats/report.md
 * Uses assess/readiness.h, ledger/. */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include "assess/readiness.h"
#include "model/org.h"


/* ${type} 1 or 2.  Appends the document. */
MUST_USE enum rc report_put(struct org *, struct arena *scratch, int type, const struct readiness *, struct buf *json,
    struct err *);

#endif

/* model: management's draft in the form of a Type 1 or Type 2 report, as one JSON document; every rendering prints what
 * stands in it and nothing else.  The document: docs/formats/report.md
 * Uses assess/readiness.h, ledger/. */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include "assess/readiness.h"
#include "ledger/anchor.h"
#include "model/org.h"

/* What a report says of the ledger under it, and where an entry's fingerprint comes from: an organization's ledger, or
 * the bundle that somebody checks. */
struct report_ledger {
	uint64_t entries, checkpointed;
	struct str origin, vkey;
	const struct anchor *stamps;    /* time stamps over its heads, by size */
	size_t n_stamps;
	enum rc (*leaf)(void *ctx, uint64_t entry, uint8_t leaf[32], struct err *);
	void *ctx;
};

/* That of an organization, as it is now; texts are in ${a}. */
struct report_ledger report_ledger_of(struct org *, struct arena *a);

/* ${type} 1 or 2.  Appends the document: the same bytes for the same state, ledger and period. */
MUST_USE enum rc report_put(struct state *, const struct report_ledger *, struct arena *scratch, int type,
    const struct readiness *, struct buf *json, struct err *);

#endif

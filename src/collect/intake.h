/* intake: batches of records on their way into an organization.  While the caller's thread fills one, a second seals the
 * one before, a third writes and syncs, and a fourth projects what is durable.  All of it in the order in which the batches
 * were handed over, so that what comes of a file does not depend on how fast which thread was.
 * Uses model/org.h. */
#ifndef COLLECT_INTAKE_H
#define COLLECT_INTAKE_H

#include "model/change.h"
#include "model/org.h"

enum { INTAKE_RECORDS = 4096, INTAKE_BYTES = 8 << 20 };

struct intake_items {
	struct contribution *p;
	size_t n;
};

/* Filled by one thread and then another's; all that it points to is in ${a} or outlives the intake. */
struct intake_batch {
	struct arena *a;
	struct changes changes;         /* subjects that its records name for the first time: their entries come first */
	struct ledger_record *records;  /* room for INTAKE_RECORDS */
	struct intake_items *items;     /* of each record */
	size_t n, bytes;
	uint64_t now_ms;                /* of receipt: set before it is sent, on a day that ledger_prepare has seen */
};

struct intake;

/* Of the ingest that is open.  Until intake_close nothing else may use the organization's ledger and state, but for
 * ledger_known, ledger_remember and state_subject, or while nothing is under way (intake_wait).
 * ${acked} is called in another thread, with each entry that is durable now, in order; NULL: not asked for. */
MUST_USE enum rc intake_open(struct org *, const struct ingest *, void (*acked)(void *ctx, uint64_t index,
    const uint8_t leaf[32]), void *ctx, struct intake **, struct err *);
/* The batch to be filled. */
struct intake_batch *intake_batch(struct intake *);
/* Hand it over; there is an empty one then.  Waits where too much is under way.  Not RC_OK: why an earlier batch failed;
 * nothing more is taken, and what was acked is there. */
MUST_USE enum rc intake_send(struct intake *, struct err *);
/* An empty batch again: nothing of it was worth keeping. */
void intake_clear(struct intake *);
/* Until all that was sent is durable, projected and committed. */
MUST_USE enum rc intake_wait(struct intake *, struct err *);
/* Ends what is under way; what was filled and not sent is gone.  NULL does nothing. */
void intake_close(struct intake *);

#endif

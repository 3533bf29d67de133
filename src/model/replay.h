/* replay: the ledger's entries applied to a state, in order.  Where there are many, one thread opens them, a second maps
 * records and a third applies them; what comes of it is the same.
 * Uses ledger/ledger.h, model/state.h.  Used by model/org.c. */
#ifndef MODEL_REPLAY_H
#define MODEL_REPLAY_H

#include "ledger/ledger.h"
#include "model/state.h"

/* From what ${s} has applied up to ${until}, committed; ${tell} may be NULL.  RC_LOCKED, RC_ALTERED: an entry does not open,
 * and nothing since the last commit is kept. */
MUST_USE enum rc replay_run(struct ledger *, struct state *s, uint64_t until, void (*tell)(void *, uint64_t done,
    uint64_t of), void *ctx, struct err *);

#endif

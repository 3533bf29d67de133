/* anchor: what others keep for us, kept beside the ledger as well: heads as they were signed (anchors/SIZE.checkpoint) and the
 * time stamps over them (anchors/SIZE.N.tst).
 * Uses ledger/ledger.h, seal/stamp.h.  On disk: docs/formats/ledger.md */
#ifndef LEDGER_ANCHOR_H
#define LEDGER_ANCHOR_H

#include "ledger/ledger.h"
#include "seal/stamp.h"

#define ANCHORS_MAX 10000

/* A time stamp over a head. */
struct anchor {
	uint64_t size;                  /* entries of that head */
	struct stamp stamp;
	struct str name;                /* of its file in anchors/ */
};

/* "SIZE.checkpoint" gives 0, "SIZE.N.tst" gives N; false: no anchor has this name. */
bool anchor_name(struct str name, uint64_t *size, uint64_t *number);

/* Keep the newest head, which is given in ${note}, and ask for a time stamp over it: ${der}. */
MUST_USE enum rc anchor_request(struct ledger *, const char *dir, struct arena *a, struct str *note, struct buf *der, struct err *);
/* Keep a token over a head that was kept.  RC_INVALID: it is no time stamp, or over something else; RC_EXISTS: it is there. */
MUST_USE enum rc anchor_keep(const char *dir, struct arena *a, struct str der, struct str trusted, struct anchor *out,
    struct err *);
void anchors_sort(struct anchor *, size_t n);   /* by size and name */
/* All time stamps that hold and lie over a kept head, by size and number; what does not hold is left out: verify names it. */
MUST_USE enum rc anchors_load(const char *dir, struct arena *a, struct str trusted, struct anchor **out, size_t *n, struct err *);

#endif

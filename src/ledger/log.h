/* log: the segments of a ledger read as its format says: which frames are good, where the log ends, and whether what
 * follows is a crash's tail or an alteration.  Reads only.
 * Uses ledger/frame.h. */
#ifndef LEDGER_LOG_H
#define LEDGER_LOG_H

#include "ledger/frame.h"

struct log_segment {
	uint64_t sequence;              /* of its first frame: its name */
	const uint8_t *p;
	size_t n;
};

/* The segments of DIR/log mapped read-only, in order.  Foreign names are skipped: verify names them.  A writer that cuts
 * off the zeros behind its last frame meanwhile does not pull them away: they are none of the file's pages here. */
struct log_files {
	struct log_segment *segments;
	size_t n;
};
MUST_USE enum rc log_map(struct arena *, const char *dir, struct log_files *, struct err *);
void log_unmap(struct log_files *);

enum log_state { LOG_END, LOG_TORN, LOG_MISSING, LOG_ALTERED };

struct log_end {
	enum log_state state;
	uint64_t sequence, index;       /* of the frame that would come next, and of its first entry */
	size_t segment;                 /* where it would stand; == n of the files when there is none */
	uint64_t offset;
	uint64_t torn;                  /* bytes, LOG_TORN */
	uint8_t chain[SHA256_BYTES], mac[16];   /* of the last good frame */
	uint64_t epoch;
	uint64_t before, before_index;  /* where the last good frame stands, and its first entry; in another file: > offset */
	char why[200];                  /* LOG_ALTERED: what the frame failed in */
};

struct log_visitor {
	/* A good frame: its bytes stand at header, meta behind it, blobs behind that. */
	enum rc (*frame)(void *ctx, size_t segment, uint64_t offset, const struct frame *, const uint8_t *header, struct err *);
	void *ctx;
};

/* ${size} is the larger of the checkpoint's and the head's; ${wal} may be NULL: then MACs are not checked. */
MUST_USE enum rc log_scan(const struct log_files *, struct str origin, const struct key *wal, uint64_t size,
    const struct log_visitor *, struct log_end *, struct err *);
/* From ${*from} in ${*segment} on, the next frame of a higher sequence that is good apart from chain, MAC, index and epoch
 * (and, without ${blobs}, from its stored bytes); where it stands is given back.  false: there is none. */
bool log_later(const struct log_files *, size_t *segment, uint64_t *from, uint64_t sequence, bool blobs, struct frame *);
struct str log_segment_name(struct arena *, const struct log_segment *);        /* "log/….seg" */
/* The origin that entry 0, in clear, names, and its whole body; ${at} is where in the first file what is wrong stands.
 * RC_NOT_FOUND: there is no log; RC_ALTERED: it does not begin as it was written. */
MUST_USE enum rc log_origin(struct arena *, const struct log_files *, struct str *origin, struct str *policy, uint64_t *at,
    struct err *);

#endif

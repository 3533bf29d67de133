/* frame: entries, frames and the head as bytes, and what makes them good on their own.  Touches no file.
 * Uses seal/box.h.  On disk: docs/formats/ledger.md */
#ifndef LEDGER_FRAME_H
#define LEDGER_FRAME_H

#include "base/base.h"
#include "seal/box.h"

#define ENTRY_BYTES 96
#define FRAME_HEADER_BYTES 96
#define HEAD_BYTES 144
#define FRAME_ENTRIES_MAX 65536
#define FRAME_META_MAX ((size_t)64 << 20)
#define FRAME_MAX ((size_t)128 << 20)

enum entry_kind { KIND_EVIDENCE = 1, KIND_REJECTED, KIND_CHANGE, KIND_DEFINITION, KIND_INGEST, KIND_RESULT, KIND_ACCESS,
	KIND_ERASURE, KIND_ERASED, KIND_KEYS, KIND_SEAL, KIND_POLICY, KIND_WITHDRAWAL };

const char *entry_kind_name(unsigned kind);     /* "evidence"; "unknown" */
static inline bool entry_kind_is_clear(unsigned kind) { return kind >= KIND_ERASURE && kind <= KIND_POLICY; }

struct entry {
	uint8_t kind;
	uint16_t n;                     /* parts */
	uint64_t received_ms;
	uint8_t record_id[16], parts_root[SHA256_BYTES], tag[16], collector[8];
	uint8_t bucket;
};

void entry_encode(const struct entry *, uint8_t out[ENTRY_BYTES]);
/* RC_ALTERED: magic, kind, flags or zeros. */
MUST_USE enum rc entry_decode(const uint8_t bytes[ENTRY_BYTES], struct entry *, struct err *);

#define FRAME_PIECES_MAX 8     /* in which a frame may be when it is written */

struct frame {
	uint64_t sequence, first, epoch;
	uint32_t n;
	uint64_t meta_n, blobs_n;
	uint8_t chain[SHA256_BYTES], mac[16];
};

/* Whole length with padding; 0 when a cap is passed. */
uint64_t frame_length(const struct frame *);
/* Magic, zero fields and caps. */
bool frame_decode(const uint8_t header[FRAME_HEADER_BYTES], struct frame *);
void frame_encode(const struct frame *, uint8_t out[FRAME_HEADER_BYTES]);
/* The chain over header[0..48) and meta behind the frame before. */
void frame_chain(const uint8_t before[SHA256_BYTES], const uint8_t mac_before[16], const uint8_t *header,
    const uint8_t *meta, size_t meta_n, uint8_t out[SHA256_BYTES]);
/* The same with the meta in ${n} pieces. */
void frame_chain_pieces(const uint8_t before[SHA256_BYTES], const uint8_t mac_before[16], const uint8_t *header,
    const struct str *meta, size_t n, uint8_t out[SHA256_BYTES]);
void frame_chain_start(struct str origin, uint8_t chain[SHA256_BYTES], uint8_t mac[16]);
void frame_mac(const struct key *wal, const uint8_t chain[SHA256_BYTES], uint8_t out[16]);

/* Called for each entry of a frame's meta, in order; ${rows} are n * PART_ROW_BYTES, ${blob} is the offset of its first
 * stored byte among the blobs. */
struct frame_visitor {
	enum rc (*entry)(void *ctx, uint32_t i, const uint8_t *bytes, const struct entry *, const uint8_t *rows,
	    uint64_t blob, struct err *);
	void *ctx;
};
/* RC_ALTERED: entries and rows do not fill the meta exactly, n and i do not fit, a parts root does not fit, the blobs'
 * lengths do not add up. */
MUST_USE enum rc frame_walk(const struct frame *, const uint8_t *meta, const struct frame_visitor *, struct err *);

/* The same over a meta that frame_walk found good and nobody can have changed since: nothing is hashed again. */
MUST_USE enum rc frame_entries(const struct frame *, const uint8_t *meta, const struct frame_visitor *, struct err *);
/* The n rows of one entry: form, numbers, parts root, size bucket.  ${in_frame}: stored bytes that stand in the frame. */
MUST_USE enum rc frame_rows(const struct entry *, const uint8_t *rows, uint64_t *in_frame, struct err *);

struct head {
	uint64_t epoch, next_sequence, size;
	uint8_t root[SHA256_BYTES], chain[SHA256_BYTES], mac[16];
};
void head_encode(const struct head *, uint8_t out[HEAD_BYTES]);
MUST_USE enum rc head_decode(struct str, struct head *, struct err *);

#endif

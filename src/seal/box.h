/* box: sealing the parts of one record and opening them again: secrets, chunks, commitments, part rows, parts
 * root, envelope, tag.  Makes no entry, writes nothing: the ledger frames what it gets.
 * Uses base/, seal/key.h.  On disk: docs/formats/ledger.md */
#ifndef SEAL_BOX_H
#define SEAL_BOX_H

#include "base/base.h"
#include "seal/key.h"

#define PART_ROW_BYTES 128
#define PARTS_MAX 4096
#define BOX_OBJECT_ABOVE ((size_t)1 << 20)      /* stored bytes beyond this are an object of their own */
#define BOX_REASON_MAX 1024
#define BOX_ENVELOPE_MAX (32 + BOX_REASON_MAX)

/* Working memory of one thread: cipher context, buffers, fresh random bytes. */
struct box;
struct box *box_new(void);
void box_free(struct box *);                    /* wipes; NULL does nothing */

uint64_t padme(uint64_t n);                     /* length after padding; ${n} below 2^62 */

/* ---- sealing */
struct box_part {
	const struct key *scope;                /* NULL: a clear body, the only part of its record */
	struct str content;
	struct str envelope;                    /* often empty */
};

struct box_record {
	uint8_t kind;
	uint64_t received_ms;
	const struct box_part *parts;
	size_t n;                               /* 0..PARTS_MAX */
};

/* What the entry needs of a sealed record. */
struct box_sealed {
	uint8_t record_id[16];
	uint8_t parts_root[SHA256_BYTES];       /* zero when n = 0 */
	uint64_t stored_n;                      /* sum over the parts */
	uint8_t size_bucket;                    /* least k with 2^k >= stored_n; 0 when n = 0 */
};

/* Takes the stored bytes of a part that is too large for a frame; durable before it returns RC_OK. */
struct box_objects {
	enum rc (*put)(void *ctx, const uint8_t digest[SHA256_BYTES], struct str stored, struct err *);
	void *ctx;
};

/* Append n rows to ${rows} and the stored bytes of the parts that belong in the frame to ${blobs}.  When it
 * fails both are as they were.  RC_LIMIT: content above 1 GiB, too many parts, or a buffer is full; what ${put}
 * gives.  ${objects} may be NULL where no content is that large; then such a part is RC_LIMIT. */
MUST_USE enum rc box_seal(struct box *, const struct box_record *, const struct box_objects *, struct buf *rows,
    struct buf *blobs, struct box_sealed *out, struct err *);
/* The same under a given id, for published vectors only: an id used twice under one scope gives the plaintexts
 * away. */
MUST_USE enum rc box_seal_as(struct box *, const uint8_t record_id[16], const struct box_record *,
    const struct box_objects *, struct buf *rows, struct buf *blobs, struct box_sealed *out, struct err *);

/* Kinds 8 to 12 are in clear, so that anyone can judge an erasure; all others are sealed. */
bool box_kind_is_clear(uint8_t kind);

/* ---- rows */
enum part_mode { PART_CLEAR = 0, PART_WHOLE = 1, PART_CHUNKS = 2 };

struct part_row {
	uint16_t i, n;
	enum part_mode mode;
	bool is_object;
	uint64_t stored_n;
	uint8_t key_id[16], c[32], d[32], kc[32];
};

/* RC_ALTERED: form, zeros, mode, place and length do not go together. */
MUST_USE enum rc part_row_decode(const uint8_t bytes[PART_ROW_BYTES], struct part_row *out, struct err *);
/* Stored bytes of a row that decodes, as far as they stand in the frame: 0 for an object. */
static inline uint64_t part_row_in_frame(const uint8_t row[PART_ROW_BYTES]) { return row[5] == 0 ? get_u64(row + 8) : 0; }
void part_row_encode(const struct part_row *, uint8_t out[PART_ROW_BYTES]);
void part_row_hash(const uint8_t record_id[16], const uint8_t row[PART_ROW_BYTES], uint8_t out[SHA256_BYTES]);
/* From ${n} encoded rows; zero when n = 0. */
void parts_root(const uint8_t record_id[16], const uint8_t *rows, size_t n, uint8_t out[SHA256_BYTES]);
/* Of two records of one part each, which takes less long than one after the other. */
void parts_root_two(const uint8_t id_a[16], const uint8_t *row_a, uint8_t out_a[SHA256_BYTES], const uint8_t id_b[16],
    const uint8_t *row_b, uint8_t out_b[SHA256_BYTES]);
/* From row hashes, as a disclosure has them: ${n} of 32 bytes each. */
void parts_root_of_hashes(const uint8_t record_id[16], const uint8_t *hashes, size_t n, uint8_t out[SHA256_BYTES]);
uint8_t box_size_bucket(uint64_t stored_n);

/* ---- opening */
/* The unit of disclosure: opens this part and no other. */
void part_secret(const struct key *scope, const uint8_t record_id[16], uint16_t i, struct secret *out);

struct box_origin {                             /* of the entry */
	uint8_t record_id[16];
	uint8_t kind;
	uint64_t received_ms;
};

/* ${stored} is opened into ${a}.  RC_ALTERED names the first that does not fit, in this order: the mode for that kind
 * of entry, the part secret, the stored bytes' digest, a chunk's tag, the padding, the content's commitment.  A
 * clear part needs no secret. */
MUST_USE enum rc box_open(struct box *, const struct box_origin *, const struct part_row *,
    const struct secret *part_secret, struct str stored, struct arena *a, struct str *content, struct str *envelope,
    struct err *);

/* ---- envelope: where in its file a raw record stood, and why it was rejected */
struct envelope {
	uint8_t open_id[16];                    /* record id of the ingest's open entry */
	uint64_t position;
	uint32_t raw_n;
	uint16_t reason_code;                   /* 0: it was not rejected */
	struct str reason;                      /* UTF-8, cut at BOX_REASON_MAX between characters when written */
};

void envelope_put(const struct envelope *, struct buf *);
/* ${out->reason} borrows from ${bytes}.  RC_ALTERED. */
MUST_USE enum rc envelope_get(struct str bytes, struct envelope *out, struct err *);

/* ---- tag: finds a record again without telling what it is */
enum identity_kind { IDENTITY_EVENT = 1, IDENTITY_PLACE = 2, IDENTITY_CLIENT = 3 };

/* ${dedup} is the epoch's dedup key, ${source} empty for IDENTITY_CLIENT; the source's name has at most 65535
 * bytes. */
void record_tag(const struct key *dedup, enum identity_kind, struct str source, struct str identity, uint8_t out[16]);
/* Kind IDENTITY_PLACE: digest of the file through the record's end, and the record's position. */
void record_tag_place(const struct key *dedup, struct str source, const uint8_t digest[32], uint64_t position,
    uint8_t out[16]);

#endif

/* What the files of the ledger share. */
#ifndef LEDGER_LEDGER_PRIV_H
#define LEDGER_LEDGER_PRIV_H

#include "ledger/ledger.h"
#include "ledger/log.h"

#define SEGMENT_CLOSES ((uint64_t)256 << 20)

struct frame_spot {
	uint64_t first, sequence, segment, offset;      /* segment: the number in its name */
	uint32_t n;
};

struct ledger {
	char dir[LIMIT_PATH];
	enum ledger_mode mode;
	bool broken;                    /* a write failed half-way: nothing more is written */
	struct arena *forever, *scratch;
	struct provider *provider;
	struct keyring *keys;           /* NULL without a provider */
	struct box *box;
	struct str origin;
	struct note_key key;
	const struct key *seed, *wal;
	struct tree tree;
	uint8_t (*bundle)[ENTRY_BYTES]; /* entries of the open bundle */
	unsigned n_bundle;
	struct frame_spot *frames;
	size_t n_frames, room_frames;
	uint8_t (*tags)[16];            /* open addressing, a power of two; all zero is free */
	size_t n_tags, room_tags;
	uint16_t first_year, last_year; /* of receipt, of the dedup keys that there are */
	uint64_t last_received, epoch, next_sequence, checkpointed, torn;
	uint8_t chain[SHA256_BYTES], mac[16];
	int lock, segment;              /* descriptors, -1 when closed */
	uint64_t segment_first, segment_size;
	struct buf meta, blobs, frame;
	uint64_t rows_named;            /* by entries of the log */
	uint8_t (*erased)[16];          /* scopes that a completion names */
	size_t n_erased;
	uint8_t (*intended)[16];        /* and an intent */
	size_t n_intended;
	struct arena *loaded;           /* the frame that was read last */
	size_t loaded_frame;
	struct str loaded_bytes;
};

uint16_t ledger_year(uint64_t ms);
void tag_add(struct ledger *, const uint8_t tag[16]);
bool tag_has(const struct ledger *, const uint8_t tag[16]);
void frame_note(struct ledger *, const struct frame *, uint64_t segment, uint64_t offset);
/* An entry that is durable takes its place in tree and bundle. */
MUST_USE enum rc ledger_place(struct ledger *, const uint8_t entry[ENTRY_BYTES], uint8_t leaf[SHA256_BYTES], struct err *);
MUST_USE enum rc ledger_pages_save(struct ledger *, struct err *);
/* Frame 0: the checkpoint policy and the first keys. */
MUST_USE enum rc ledger_begin_log(struct ledger *, uint64_t now_ms, struct str policy, struct err *);
/* What the stored bytes of a part are, by the log alone. */
enum verdict part_verdict(const struct ledger *, const struct part_row *, struct str stored);
/* A completion's or an intent's scopes, from its clear body. */
void ledger_note_erasure(struct ledger *, uint8_t kind, struct str body);
void ledger_path(const struct ledger *, const char *name, char out[LIMIT_PATH]);
/* DIR.tickmark-head, beside the folder. */
void ledger_head_copy_path(const struct ledger *, char out[LIMIT_PATH]);
MUST_USE enum rc ledger_head_save(struct ledger *, struct err *);

#endif

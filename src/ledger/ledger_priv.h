/* What the files of the ledger share. */
#ifndef LEDGER_LEDGER_PRIV_H
#define LEDGER_LEDGER_PRIV_H

#include <pthread.h>

#include "ledger/ledger.h"
#include "ledger/log.h"

#define SEALERS_MAX FRAME_PIECES_MAX           /* more would wait for the one thread that hashes the tree and writes */
#define SEGMENT_CLOSES ((uint64_t)256 << 20)

struct frame_spot {
	uint64_t first, sequence, segment, offset;      /* segment: the number in its name */
	uint32_t n;
	uint8_t chain[SHA256_BYTES], mac[16];           /* as they were when it was appended or scanned */
};

/* A set of tags: open addressing, a power of two; all zero is free. */
struct tags {
	uint8_t (*slots)[16];
	size_t n, room;
};

/* The segment that is written to. */
struct segment {
	int fd;                         /* -1 when closed */
	bool named;                     /* its name in the folder is durable */
	uint64_t first;                 /* sequence of its first frame: its name */
	uint64_t size;                  /* up to the end of its last frame */
	uint64_t zeroed;                /* zeros stand from ${size} to here, written ahead */
	uint64_t appended;              /* since it was opened */
	uint64_t step;                  /* of the zeros that were written last */
	uint64_t closes;                /* after the frame that passes this; SEGMENT_CLOSES but in tests */
};

/* What one thread seals into. */
struct sealer {
	struct box *box;                /* NULL: not needed yet */
	struct buf meta, blobs;         /* the first one's meta has the frame's header before its entries */
};

struct ledger_sealed {
	struct sealer sealers[SEALERS_MAX];
	size_t runs, n;                 /* sealers that were used; entries in all of them */
	bool names_keys;                /* the last one is not of the batch: it names the keys that were made for it */
	uint8_t (*leaves)[SHA256_BYTES];
	size_t room;
};

struct ledger {
	char dir[LIMIT_PATH];
	enum ledger_mode mode;
	bool broken;                    /* a write failed half-way: nothing more is written */
	struct arena *forever, *scratch;
	struct provider *provider;
	struct keyring *keys;           /* NULL without a provider */
	struct str origin;
	struct note_key key;
	const struct key *seed, *wal;
	struct tree tree;
	uint8_t (*bundle)[ENTRY_BYTES]; /* entries of the open bundle */
	unsigned n_bundle;
	struct frame_spot *frames;
	size_t n_frames, room_frames;
	pthread_mutex_t told;           /* over both sets of tags and last_received: ledger_known has a thread of its own */
	struct tags tags, remembered;   /* of entries; of the batches that are being made or appended */
	uint16_t first_year, last_year; /* of receipt, of the dedup keys that there are */
	uint64_t last_received, epoch, next_sequence, checkpointed, torn;
	uint8_t chain[SHA256_BYTES], mac[16];
	int lock;                       /* descriptor, -1 when closed */
	struct segment segment;
	bool partials_stray;            /* partial tiles may be there that no checkpoint vouches for */
	bool tiles_behind;              /* a tile could not be written: the next checkpoint writes all since the last anew */
	struct ledger_sealed *own;      /* for appending in one step, and for opening */
	size_t n_sealers;               /* that may be used: one a processor */
	uint64_t rows_named;            /* by entries of the log */
	uint8_t (*erased)[16];          /* scopes that a completion names */
	size_t n_erased;
	uint8_t (*intended)[16];        /* and an intent */
	size_t n_intended;
	uint64_t *amending;             /* indices of definitions and withdrawals */
	size_t n_amending, room_amending;
	struct arena *loaded;           /* the frame that was read last */
	size_t loaded_frame;
	struct str loaded_bytes;
};

uint16_t ledger_year(uint64_t ms);
void tags_add(struct tags *, const uint8_t tag[16]);            /* a tag that is all zero is none */
bool tags_has(const struct tags *, const uint8_t tag[16]);
void tags_clear(struct tags *);
void tags_soon(const struct tags *, const uint8_t tag[16]);     /* it will be asked for: fetch where it would stand */
void tags_kept(struct ledger *, const uint8_t tag[16]);         /* that was remembered and is an entry's now */
void ledger_note_amending(struct ledger *, uint64_t index, uint8_t kind);
void frame_note(struct ledger *, const struct frame *, uint64_t segment, uint64_t offset);
/* An entry that is durable takes its place in tree and bundle.  Tiles that become full are written; one that cannot be
 * sets tiles_behind and harms nothing else. */
void ledger_place(struct ledger *, const uint8_t entry[ENTRY_BYTES], const uint8_t leaf[SHA256_BYTES]);
/* A frame as it stands in its file, until the next call; RC_ALTERED when it is not the one that was noted. */
MUST_USE enum rc frame_load(struct ledger *, size_t spot, struct frame *, const uint8_t **header, struct err *);

/* ---- segment.c */
void segment_path(const struct ledger *, uint64_t first, char out[LIMIT_PATH]);
/* Write the frame, in pieces, behind the last one and sync.  After RC_UNKNOWN, and where ${broken} is set with another code, nobody
 * can say what stands there and nothing more may be written. */
MUST_USE enum rc segment_append(struct ledger *, const struct str *piece, size_t n_pieces, struct err *);
/* ${cut}: to its last frame, of what was written ahead.  What is durable is so already. */
void segment_close(struct ledger *, bool cut);
/* Where the log ends, as it was found: what a crash left of a frame becomes zeros, and what no head vouches for is made
 * durable once more, as nobody knows whether its writer came to that.  ${covered}: the size that the head names. */
MUST_USE enum rc segment_resume(struct ledger *, const struct log_files *, const struct log_end *, uint64_t covered,
    struct err *);

/* RC_INTERNAL: open for reading; RC_UNKNOWN: broken. */
MUST_USE enum rc ledger_may_write(const struct ledger *, struct err *);
MUST_USE enum rc ledger_pages_save(struct ledger *, struct err *);
/* Frame 0: the checkpoint policy and the first keys. */
MUST_USE enum rc ledger_begin_log(struct ledger *, uint64_t now_ms, struct str policy, struct err *);
/* What the stored bytes of a part are, by the log alone. */
enum verdict part_verdict(const struct ledger *, const struct part_row *, struct str stored);
enum verdict part_verdict_of(const struct ledger *, const struct part_row *, struct str stored,
    const uint8_t digest[SHA256_BYTES]);
/* A completion's or an intent's scopes, from its clear body. */
void ledger_note_erasure(struct ledger *, uint8_t kind, struct str body);
void ledger_path(const struct ledger *, const char *name, char out[LIMIT_PATH]);
/* DIR.tickmark-head, beside the folder. */
void ledger_head_copy_path(const struct ledger *, char out[LIMIT_PATH]);
MUST_USE enum rc ledger_head_save(struct ledger *, struct err *);

#endif

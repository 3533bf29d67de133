/* What the files of verification share; no other layer includes it.  verify.c is the order of work, verify_log.c the log
 * and its parts, verify_tiles.c tree and tiles, verify_files.c every other file. */
#ifndef LEDGER_VERIFY_PRIV_H
#define LEDGER_VERIFY_PRIV_H

#include "ledger/ledger_priv.h"
#include "ledger/verify.h"

/* A part whose bytes are not those that were sealed; what that means is known when all erasures are. */
struct doubt {
	uint64_t index, offset;
	const char *file;
	uint16_t part;
	enum verdict verdict;
};

struct check {
	const char *dir;
	struct arena *a;
	const struct verify_how *how;
	struct verify_outcome *out;
	struct ledger *l;               /* only for its lists of erased scopes */
	struct keyring *keys;           /* NULL without the key */
	struct log_files files;
	struct note_key key;
	/* the entries, of the log or, where that cannot be read, of bundles that a checkpoint vouches for */
	uint8_t (*entries)[ENTRY_BYTES];
	uint8_t (*level[TREE_LEVELS])[SHA256_BYTES];
	uint64_t n, room;
	uint8_t *good;                  /* of each full tile of level 0 and bundle: which were compared and are as they must be */
	uint64_t n_good;
	bool has_head, has_checkpoint;
	struct head head;
	struct checkpoint checkpoint;
	/* the log: the frame under way, and the one that ends where the head does */
	const char *segment;
	size_t segment_i;
	uint64_t at;                    /* of the frame, in its file */
	const uint8_t *frame, *blobs, *blobs_end;
	const uint8_t *ahead;           /* the stored bytes behind those judged last, whose digest is known; NULL: none */
	uint64_t ahead_n;
	uint8_t ahead_d[SHA256_BYTES];
	uint64_t first;
	bool again;                     /* a second look, with every erasure known */
	bool has_erasure;
	bool at_head, log_whole;        /* every frame to the log's end is good */
	uint64_t head_at, head_next, head_first;
	const char *head_segment;
	uint8_t head_chain[SHA256_BYTES], head_mac[16];
	struct doubt *doubts;
	size_t n_doubts, room_doubts;
	uint8_t (*objects)[SHA256_BYTES];
	size_t n_objects, room_objects;
	/* key rows that entries of kind 10 name: those of the newest roll by the digests of their pages, later ones each */
	uint8_t (*named)[SHA256_BYTES], (*pages)[SHA256_BYTES];
	size_t n_named, n_pages, rolled;
	uint32_t key_generation;
	uint64_t key_entries;           /* entries of kind 10 whose body was read */
	bool names_lost;                /* an entry that names rows cannot be read */
};

/* verify.c */
void verify_found(struct check *, enum verify_row, enum verdict, const char *file, uint64_t offset, const char *words);
void verify_found_in(struct check *, enum verify_row, enum verdict, const char *file, uint64_t offset, uint64_t entry,
    const char *words);
void verify_notice(struct check *, enum verify_row, const char *file, uint64_t offset, const char *words);
const char *verify_path(struct check *, const char *name);     /* DIR/NAME */
/* Each file below ${folder}, which need not be there, by its name from ${skip} on. */
MUST_USE enum rc verify_walk(struct check *, const char *folder, void (*each)(struct check *, struct str), size_t skip,
    struct err *);

/* verify_log.c: fills entries, what they name, and tells of frames and parts. */
MUST_USE enum rc verify_log(struct check *, struct err *);
void verify_keep_entry(struct check *, const uint8_t *);

/* verify_threads.c */
enum { VERIFY_GOOD_TILE = 1, VERIFY_GOOD_BUNDLE = 2 };
/* As log_scan over the folder's log; ${judge} may be called in another thread, each call when the one before is done. */
MUST_USE enum rc verify_scan(struct check *, const struct key *wal, uint64_t size, const struct log_visitor *judge,
    struct log_end *, struct err *);
/* Fills ${good}; tells of nothing. */
void verify_compare_tiles(struct check *);

/* verify_tiles.c */
/* The entries behind those that the log gave, from the bundles; false: nobody vouches for them. */
bool verify_recover(struct check *);
bool verify_root(struct check *, uint64_t size, uint8_t out[SHA256_BYTES]);     /* false: so many are not there */
MUST_USE enum rc verify_tiles(struct check *, struct err *);

/* verify_files.c */
void verify_head_read(struct check *);
void verify_checkpoint_read(struct check *);
void verify_heads(struct check *);              /* head, its copy and checkpoint against the log */
MUST_USE enum rc verify_pages(struct check *, struct err *);
MUST_USE enum rc verify_others(struct check *, struct err *);

#endif

/* key: key rows and key pages as they are on disk, and the keyring: the same opened, in memory.  Reads and
 * writes no file: the ledger stores pages, before the frame that uses a new row.
 * Uses base/, seal/crypt.h.  On disk: docs/formats/keys.md */
#ifndef SEAL_KEY_H
#define SEAL_KEY_H

#include "base/base.h"
#include "base/classification.h"
#include "seal/crypt.h"

#define KEY_ROW_BYTES 96
#define KEY_PAGE_BYTES 8192
#define KEY_PAGE_ROWS 85

enum key_type {
	KEY_NONE = 0,                   /* an erased row: all zero */
	KEY_SCOPE = 1, KEY_FILE_SCOPE = 2, KEY_DEDUP = 3, KEY_LOG_SEED = 4, KEY_WAL = 5, KEY_DATABASE = 6,
};

/* What a key is for; the fields that a type does not use are zero. */
struct key_use {
	enum key_type type;
	enum classification classification;     /* types 1 and 2 */
	uint16_t epoch;                         /* calendar year, 0 for the organization's life; types 1 to 3 */
	uint8_t subject[16];                    /* type 1, or zero */
};

struct key_row {
	struct key_use use;
	uint32_t generation;
	uint64_t created_ms;
	uint8_t id[16];
	uint8_t wrapped[KEY_WRAP_BYTES];
};

/* RC_ALTERED: a field that must be zero is not, or an unknown type.  Opens nothing. */
MUST_USE enum rc key_row_decode(const uint8_t bytes[KEY_ROW_BYTES], struct key_row *out, struct err *);
void key_row_encode(const struct key_row *, uint8_t out[KEY_ROW_BYTES]);
void key_row_wrap(struct key_row *, const struct secret *kek, const struct secret *key);   /* fills wrapped */
bool key_row_unwrap(const struct key_row *, const struct secret *kek, struct secret *key); /* false: ALTERED */

struct key_page {
	uint32_t number, generation;
	size_t n;
	const uint8_t *rows;                    /* ${n} of KEY_ROW_BYTES, in the bytes that were read */
};

/* Everything that can be checked without a key: magic, counts, zeros, each row's form.  RC_ALTERED.  An erased
 * row is all zero, so a count that was raised passes here as erased rows: only the log's entries can tell. */
MUST_USE enum rc key_page_decode(struct str bytes, struct key_page *out, struct err *);
/* ${rows} is ${n} of KEY_ROW_BYTES, at most KEY_PAGE_ROWS of them. */
void key_page_encode(uint32_t number, uint32_t generation, const uint8_t *rows, size_t n, uint8_t out[KEY_PAGE_BYTES]);

/* An opened key.  It stays where it is until the keyring is freed. */
struct key {
	struct key_row row;
	struct secret secret;
	struct hmac_key mac;            /* ${secret} made ready for derivations */
};

struct keyring;
struct keyring *keyring_new(uint32_t generation, const struct secret *kek);     /* copies ${kek} */
void keyring_free(struct keyring *);                                            /* wipes; NULL does nothing */

/* Pages in order from 0.  RC_ALTERED: page or row (named) does not decode, unwrap or follow; then none of this
 * page's rows was taken.  RC_LOCKED: no row of the first page opens: the key is another organization's. */
MUST_USE enum rc keyring_load(struct keyring *, struct str page, struct err *);

/* NULL when there is none.  Of two rows for the same use the first counts. */
const struct key *keyring_find(const struct keyring *, const struct key_use *);
const struct key *keyring_by_id(const struct keyring *, const uint8_t id[16]);
/* A new one, whatever is there already: for uploaded files.  ${use} must be well formed. */
const struct key *keyring_add(struct keyring *, const struct key_use *, uint64_t created_ms);
/* Found, or made now. */
const struct key *keyring_get(struct keyring *, const struct key_use *, uint64_t created_ms);

/* Rows in the order of the pages, erased ones included. */
size_t keyring_rows(const struct keyring *);
void keyring_row_hash(const struct keyring *, size_t row, uint8_t out[SHA256_BYTES]);
bool keyring_row_is_erased(const struct keyring *, size_t row);
/* Count out every row from ${n} on: what a crash left behind, named by no entry. */
void keyring_keep(struct keyring *, size_t n);

/* Rows that keyring_add made since the last keyring_named. */
size_t keyring_unnamed(const struct keyring *);
/* Append the body of the entry that names them. */
void keyring_put_added(const struct keyring *, struct buf *);
void keyring_named(struct keyring *);           /* that entry is durable */

size_t keyring_pages(const struct keyring *);
bool keyring_page_is_dirty(const struct keyring *, size_t page);
void keyring_page_put(const struct keyring *, size_t page, uint8_t out[KEY_PAGE_BYTES]);
void keyring_page_saved(struct keyring *, size_t page);         /* it is durable */

#endif

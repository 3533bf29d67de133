/* hash: SHA-256 and what is made of it, over OpenSSL's block functions: no context is fetched or locked, so
 * any thread may call anything here.
 * Uses base/.  Used by seal/, ledger/ and above. */
#ifndef SEAL_HASH_H
#define SEAL_HASH_H

#include "base/base.h"

#define SHA256_BYTES 32

/* The domain of a derivation or hash: "tickmark/v1/" and the word and one zero byte. */
#define LABEL(word) ((struct str){ "tickmark/v1/" word, sizeof("tickmark/v1/" word) })

struct sha256;                                  /* a running hash */
struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *);              /* wipes; NULL does nothing */
void sha256_reset(struct sha256 *);
void sha256_add(struct sha256 *, const void *, size_t);
void sha256_copy(struct sha256 *to, const struct sha256 *from);
void sha256_end(struct sha256 *, uint8_t out[SHA256_BYTES]);    /* and resets */

void sha256(const void *, size_t, uint8_t out[SHA256_BYTES]);
/* SHA-256 of ${n} pieces joined. */
void sha256_pieces(const struct str *pieces, size_t n, uint8_t out[SHA256_BYTES]);

/* The tree's two hashes, RFC 6962: 0x00 before an entry, 0x01 before two nodes. */
void hash_leaf(const void *entry, size_t n, uint8_t out[SHA256_BYTES]);
void hash_node(const uint8_t left[SHA256_BYTES], const uint8_t right[SHA256_BYTES], uint8_t out[SHA256_BYTES]);

extern const uint32_t sha256_start[8];   /* the state before the first block: FIPS 180-4, 5.3.3 */
/* Two messages at once, neither secret, which takes less long than one after the other (sha_two.c). */
void sha256_two(struct str a, uint8_t out_a[SHA256_BYTES], struct str b, uint8_t out_b[SHA256_BYTES]);
/* The same, secret or not, behind one block each, whose states are given; ${from_b} NULL: ${b} from its start. */
void sha256_behind_two(const uint32_t from_a[8], struct str a, uint8_t out_a[SHA256_BYTES], const uint32_t *from_b,
    struct str b, uint8_t out_b[SHA256_BYTES]);
/* Many of the tree's hashes: of ${n} entries of ${each} bytes; of ${n} pairs of nodes.  ${out} may be ${below}. */
void hash_leaves(const uint8_t *entries, size_t each, size_t n, uint8_t (*out)[SHA256_BYTES]);
void hash_nodes(const uint8_t (*below)[SHA256_BYTES], size_t n, uint8_t (*out)[SHA256_BYTES]);

/* A key made ready: the states behind the padded key, so that each HMAC costs two blocks less.  As secret as
 * the key: wipe it. */
struct hmac_key {
	uint32_t inner[8], outer[8];
};

void hmac_key_init(struct hmac_key *, const uint8_t *key, size_t key_n);
/* Two keys that expand from one, of short infos, at once. */
void hmac_key_expand_two(const struct hmac_key *, struct str info_a, uint8_t out_a[32], struct str info_b, uint8_t out_b[32]);
void hmac_key_pieces(const struct hmac_key *, const struct str *pieces, size_t n, uint8_t out[SHA256_BYTES]);
/* As expand_sha256. */
void hmac_key_expand(const struct hmac_key *, const struct str *pieces, size_t n, uint8_t out[32]);

void hmac_sha256(const uint8_t *key, size_t key_n, const struct str *pieces, size_t n, uint8_t out[SHA256_BYTES]);
/* HKDF-Expand(key, info, 32) = HMAC(key, info || 0x01); info is the pieces joined. */
void expand_sha256(const uint8_t key[32], const struct str *pieces, size_t n, uint8_t out[32]);

bool ct_equal(const void *, const void *, size_t);              /* constant time */
void wipe(void *, size_t);                                      /* not optimized away */
bool all_zero(const void *, size_t);

static inline struct str str_bytes(const void *p, size_t n) { return (struct str){ (const char *)p, n }; }

#endif

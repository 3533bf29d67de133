/* hash: SHA-256 and what is made of it, over OpenSSL; contexts are fetched once and kept per thread.
 * Uses base/.  Used by seal/, ledger/ and above. */
#ifndef SEAL_HASH_H
#define SEAL_HASH_H

#include "base/base.h"

#define SHA256_BYTES 32

struct sha256;                                  /* a running hash */
struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *);
void sha256_reset(struct sha256 *);
void sha256_add(struct sha256 *, const void *, size_t);
void sha256_copy(struct sha256 *to, const struct sha256 *from);
void sha256_end(struct sha256 *, uint8_t out[SHA256_BYTES]);    /* and resets */

void sha256(const void *, size_t, uint8_t out[SHA256_BYTES]);
/* SHA-256 of ${n} pieces joined. */
void sha256_pieces(const struct str *pieces, size_t n, uint8_t out[SHA256_BYTES]);
void hmac_sha256(const uint8_t *key, size_t key_n, const struct str *pieces, size_t n, uint8_t out[SHA256_BYTES]);
/* HKDF-Expand(key, info, 32) = HMAC(key, info || 0x01); info is the pieces joined. */
void expand_sha256(const uint8_t key[32], const struct str *pieces, size_t n, uint8_t out[32]);
bool ct_equal(const void *, const void *, size_t);              /* constant time */
void wipe(void *, size_t);                                      /* not optimized away */

#endif

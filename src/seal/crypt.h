/* crypt: the ciphers and signatures of the formats, each as one call over OpenSSL (Argon2id over libargon2).
 * Keys, nonces and labels are the caller's business: nothing here knows what it protects.
 * Uses base/, seal/hash.h.  Used by seal/ and ledger/. */
#ifndef SEAL_CRYPT_H
#define SEAL_CRYPT_H

#include "base/base.h"
#include "seal/hash.h"

/* 32 secret bytes.  No formatter takes it; compare with ct_equal; secret_done wipes. */
struct secret {
	uint8_t bytes[32];
};

void secret_random(struct secret *);
void secret_done(struct secret *);                      /* NULL does nothing */

/* ---- AES-256-GCM: a context is for one thread at a time and is used again and again */
#define GCM_NONCE_BYTES 12
#define GCM_TAG_BYTES 16

struct gcm;
struct gcm *gcm_new(void);
void gcm_free(struct gcm *);                            /* NULL does nothing */

/* ${out} gets ${n} bytes of ciphertext and then the tag; it may be ${in}.  ${n} is at most INT_MAX. */
void gcm_seal(struct gcm *, const uint8_t key[32], const uint8_t nonce[GCM_NONCE_BYTES], struct str aad,
    const uint8_t *in, size_t n, uint8_t *out);
/* ${in} is ${n} bytes of ciphertext and behind them the tag.  False: the tag does not fit, and then ${out}
 * holds nothing that may be used. */
bool gcm_open(struct gcm *, const uint8_t key[32], const uint8_t nonce[GCM_NONCE_BYTES], struct str aad,
    const uint8_t *in, size_t n, uint8_t *out);

/* ---- AES-256 key wrap, RFC 3394 with its default initial value */
#define KEY_WRAP_BYTES 40                               /* 32 bytes wrapped */

/* ${n} is a multiple of 8, at least 16; ${out} gets n + 8 bytes. */
void key_wrap_n(const uint8_t kek[32], const uint8_t *in, size_t n, uint8_t *out);
/* ${n} is what was wrapped and 8 more; ${out} gets n - 8 bytes.  False: it was altered or the key is wrong. */
bool key_unwrap_n(const uint8_t kek[32], const uint8_t *in, size_t n, uint8_t *out);

void key_wrap(const struct secret *kek, const struct secret *key, uint8_t out[KEY_WRAP_BYTES]);
bool key_unwrap(const struct secret *kek, const uint8_t in[KEY_WRAP_BYTES], struct secret *key);

/* ---- Ed25519, RFC 8032 */
#define ED25519_BYTES 64

void ed25519_public(const struct secret *seed, uint8_t out[32]);
void ed25519_sign(const struct secret *seed, struct str message, uint8_t out[ED25519_BYTES]);
bool ed25519_verify(const uint8_t public_key[32], struct str message, struct str signature);

/* ---- Argon2id, version 1.3 */
/* RC_LIMIT: a cost that is out of bounds (t 1..64, m 8 KiB..1 GiB and 8 a lane, lanes 1..64). */
MUST_USE enum rc argon2id(struct str passphrase, const uint8_t salt[16], uint32_t t, uint32_t m_kib, uint32_t lanes,
    struct secret *out, struct err *);

const char *crypt_library(void);        /* the library's name and version */

#endif

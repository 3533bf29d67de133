/* crypt: the ciphers and signatures of the formats over OpenSSL's EVP, Argon2id over libargon2.
 * A failure of the library itself (no memory, no such cipher) ends the process: there is nothing to go on with. */
#include "seal/crypt.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

static void must(bool works, const char *what)
{
	if (!works) {
		(void)fprintf(stderr, "tickmark: OpenSSL could not do %s; nothing acknowledged is lost\n", what);
		abort();
	}
}

const char *crypt_library(void) { return OpenSSL_version(OPENSSL_VERSION); }

void secret_random(struct secret *s) { rand_bytes(s->bytes, sizeof s->bytes); }

void secret_done(struct secret *s)
{
	if (s != NULL)
		wipe(s->bytes, sizeof s->bytes);
}

/* ---- AES-256-GCM */
struct gcm {
	EVP_CIPHER_CTX *seal, *open;
};

struct gcm *gcm_new(void)
{
	struct gcm *g = mem_alloc(sizeof *g);
	EVP_CIPHER *aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);

	g->seal = EVP_CIPHER_CTX_new();
	g->open = EVP_CIPHER_CTX_new();
	must(aes != NULL && g->seal != NULL && g->open != NULL, "AES-256-GCM");
	/* The contexts hold the cipher; a key and nonce alone are set from then on. */
	must(EVP_EncryptInit_ex2(g->seal, aes, NULL, NULL, NULL) == 1 &&
	    EVP_DecryptInit_ex2(g->open, aes, NULL, NULL, NULL) == 1, "AES-256-GCM");
	EVP_CIPHER_free(aes);
	return g;
}

void gcm_free(struct gcm *g)
{
	if (g == NULL)
		return;
	EVP_CIPHER_CTX_free(g->seal);           /* cleanses its key schedule */
	EVP_CIPHER_CTX_free(g->open);
	mem_free(g);
}

static int as_int(size_t n)
{
	must(n <= INT_MAX, "more than 2 GiB at once");
	return (int)n;
}

void gcm_seal(struct gcm *g, const uint8_t key[32], const uint8_t nonce[GCM_NONCE_BYTES], struct str aad,
    const uint8_t *in, size_t n, uint8_t *out)
{
	uint8_t none[16];
	int k = 0;

	must(EVP_EncryptInit_ex2(g->seal, NULL, key, nonce, NULL) == 1, "AES-256-GCM");
	if (aad.n > 0)
		must(EVP_EncryptUpdate(g->seal, NULL, &k, (const uint8_t *)aad.p, as_int(aad.n)) == 1, "AES-256-GCM");
	if (n > 0)
		must(EVP_EncryptUpdate(g->seal, out, &k, in, as_int(n)) == 1, "AES-256-GCM");
	must(EVP_EncryptFinal_ex(g->seal, none, &k) == 1, "AES-256-GCM");
	must(EVP_CIPHER_CTX_ctrl(g->seal, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_BYTES, out + n) == 1, "AES-256-GCM");
}

bool gcm_open(struct gcm *g, const uint8_t key[32], const uint8_t nonce[GCM_NONCE_BYTES], struct str aad,
    const uint8_t *in, size_t n, uint8_t *out)
{
	uint8_t tag[GCM_TAG_BYTES], none[16];
	int k = 0;
	size_t i;

	for (i = 0; i < GCM_TAG_BYTES; i++)
		tag[i] = in[n + i];
	must(EVP_DecryptInit_ex2(g->open, NULL, key, nonce, NULL) == 1, "AES-256-GCM");
	if (aad.n > 0)
		must(EVP_DecryptUpdate(g->open, NULL, &k, (const uint8_t *)aad.p, as_int(aad.n)) == 1, "AES-256-GCM");
	if (n > 0)
		must(EVP_DecryptUpdate(g->open, out, &k, in, as_int(n)) == 1, "AES-256-GCM");
	must(EVP_CIPHER_CTX_ctrl(g->open, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_BYTES, tag) == 1, "AES-256-GCM");
	if (EVP_DecryptFinal_ex(g->open, none, &k) == 1)
		return true;
	wipe(out, n);
	return false;
}

/* ---- AES key wrap */
static EVP_CIPHER_CTX *wrap_context(const uint8_t kek[32], int seals)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	must(c != NULL, "AES key wrap");
	EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	must(EVP_CipherInit_ex(c, EVP_aes_256_wrap(), NULL, kek, NULL, seals) == 1, "AES key wrap");
	return c;
}

void key_wrap_n(const uint8_t kek[32], const uint8_t *in, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *c = wrap_context(kek, 1);
	int k = 0;

	must(n >= 16 && n % 8 == 0, "a wrap of that length");
	must(EVP_CipherUpdate(c, out, &k, in, as_int(n)) == 1 && (size_t)k == n + 8, "AES key wrap");
	EVP_CIPHER_CTX_free(c);
}

bool key_unwrap_n(const uint8_t kek[32], const uint8_t *in, size_t n, uint8_t *out)
{
	EVP_CIPHER_CTX *c;
	bool fits;
	int k = 0;

	if (n < 24 || n % 8 != 0)
		return false;
	c = wrap_context(kek, 0);
	fits = EVP_CipherUpdate(c, out, &k, in, as_int(n)) == 1 && (size_t)k == n - 8;
	EVP_CIPHER_CTX_free(c);
	if (!fits)
		wipe(out, n - 8);
	return fits;
}

void key_wrap(const struct secret *kek, const struct secret *key, uint8_t out[KEY_WRAP_BYTES])
{
	key_wrap_n(kek->bytes, key->bytes, sizeof key->bytes, out);
}

bool key_unwrap(const struct secret *kek, const uint8_t in[KEY_WRAP_BYTES], struct secret *key)
{
	/* OpenSSL may use the room of the check value too. */
	uint8_t room[KEY_WRAP_BYTES];
	bool fits = key_unwrap_n(kek->bytes, in, KEY_WRAP_BYTES, room);
	size_t i;

	for (i = 0; fits && i < sizeof key->bytes; i++)
		key->bytes[i] = room[i];
	wipe(room, sizeof room);
	return fits;
}

/* ---- Ed25519 */
void ed25519_public(const struct secret *seed, uint8_t out[32])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed->bytes, 32);
	size_t n = 32;

	must(key != NULL && EVP_PKEY_get_raw_public_key(key, out, &n) == 1 && n == 32, "Ed25519");
	EVP_PKEY_free(key);
}

void ed25519_sign(const struct secret *seed, struct str message, uint8_t out[ED25519_BYTES])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed->bytes, 32);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = ED25519_BYTES;

	must(key != NULL && c != NULL && EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestSign(c, out, &n, (const uint8_t *)message.p, message.n) == 1 && n == ED25519_BYTES, "Ed25519");
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
}

bool ed25519_verify(const uint8_t public_key[32], struct str message, struct str signature)
{
	EVP_PKEY *key;
	EVP_MD_CTX *c;
	bool fits;

	if (signature.n != ED25519_BYTES)
		return false;
	key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
	if (key == NULL)
		return false;
	c = EVP_MD_CTX_new();
	must(c != NULL, "Ed25519");
	fits = EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestVerify(c, (const uint8_t *)signature.p, signature.n, (const uint8_t *)message.p, message.n) == 1;
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	return fits;
}

/* ---- Argon2id */
enum { T_MAX = 64, LANES_MAX = 64, M_MAX_KIB = 1 << 20 };

enum rc argon2id(struct str passphrase, const uint8_t salt[16], uint32_t t, uint32_t m_kib, uint32_t lanes,
    struct secret *out, struct err *e)
{
	int rc;

	if (t < 1 || t > T_MAX || lanes < 1 || lanes > LANES_MAX || m_kib < 8 * lanes || m_kib > M_MAX_KIB)
		return err_set(e, RC_LIMIT, "Argon2id with t = %u, m = %u KiB and %u lanes is out of bounds (t to %d, m "
		    "from 8 KiB a lane to %d KiB, lanes to %d)", t, m_kib, lanes, T_MAX, M_MAX_KIB, LANES_MAX);
	rc = argon2id_hash_raw(t, m_kib, lanes, passphrase.p == NULL ? "" : passphrase.p, passphrase.n, salt, 16,
	    out->bytes, sizeof out->bytes);
	if (rc != ARGON2_OK)
		return err_set(e, RC_LIMIT, "the passphrase could not be stretched with %u KiB of memory: %s", m_kib,
		    argon2_error_message(rc));
	return RC_OK;
}

/* hash: SHA-256, HMAC and HKDF-Expand over OpenSSL's low-level block functions.  They are deprecated there for
 * EVP, which costs more a call than a short record costs to hash; the same assembler stands behind both. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "seal/hash.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

enum { BLOCK = 64 };

struct sha256 {
	SHA256_CTX c;
};

bool ct_equal(const void *a, const void *b, size_t n) { return CRYPTO_memcmp(a, b, n) == 0; }

void wipe(void *p, size_t n)
{
	if (n > 0)
		OPENSSL_cleanse(p, n);
}

bool all_zero(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t any = 0, eight;

	for (; n >= sizeof(eight); n -= sizeof(eight), b += sizeof(eight)) {
		memcpy(&eight, b, sizeof(eight));
		any |= eight;
	}
	while (n-- > 0)
		any |= b[n];
	return any == 0;
}

struct sha256 *sha256_new(void)
{
	struct sha256 *h = mem_alloc(sizeof *h);

	sha256_reset(h);
	return h;
}

void sha256_free(struct sha256 *h)
{
	if (h != NULL)
		wipe(h, sizeof *h);
	mem_free(h);
}

void sha256_reset(struct sha256 *h) { (void)SHA256_Init(&h->c); }

void sha256_add(struct sha256 *h, const void *p, size_t n)
{
	if (n > 0)
		(void)SHA256_Update(&h->c, p, n);
}

void sha256_copy(struct sha256 *to, const struct sha256 *from) { *to = *from; }

void sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES])
{
	(void)SHA256_Final(out, &h->c);
	sha256_reset(h);
}

/* ---- short messages: nearly all that is hashed is a few blocks long, and there the running hash's keeping of a
 * rest costs as much as the blocks */
enum { SHORT = 4 * BLOCK };

const uint32_t sha256_start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
	0x5be0cd19 };

static size_t length(const struct str *pieces, size_t n)
{
	size_t sum = 0, i;

	for (i = 0; i < n && sum < SHORT; i++)
		sum += pieces[i].n < SHORT ? pieces[i].n : SHORT;
	return sum;
}

/* The hash from state ${from}, behind ${before} bytes (whole blocks), of the pieces and, unless it is negative, one more
 * byte.  They fit, with the padding's nine bytes. */
static void short_hash(const uint32_t from[8], size_t before, const struct str *pieces, size_t n, int last,
    uint8_t out[SHA256_BYTES])
{
	uint8_t b[SHORT];
	size_t used = 0, end, i;
	SHA256_CTX c;

	for (i = 0; i < n; i++) {
		if (pieces[i].n > 0)
			memcpy(b + used, pieces[i].p, pieces[i].n);
		used += pieces[i].n;
	}
	if (last >= 0)
		b[used++] = (uint8_t)last;
	end = (used + 9 + BLOCK - 1) / BLOCK * BLOCK;
	b[used] = 0x80;
	memset(b + used + 1, 0, end - used - 1);
	put_u64(b + end - 8, (uint64_t)(before + used) * 8);
	for (i = 0; i < 8; i++)
		c.h[i] = from[i];
	for (i = 0; i < end; i += BLOCK)
		SHA256_Transform(&c, b + i);
	for (i = 0; i < 8; i++)
		put_u32(out + 4 * i, c.h[i]);
	wipe(b, end);
}

static void add_pieces(SHA256_CTX *c, const struct str *pieces, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (pieces[i].n > 0)
			(void)SHA256_Update(c, pieces[i].p, pieces[i].n);
}

void sha256(const void *p, size_t n, uint8_t out[SHA256_BYTES])
{
	struct str piece = str_bytes(p, n);

	sha256_pieces(&piece, 1, out);
}

void sha256_pieces(const struct str *pieces, size_t n, uint8_t out[SHA256_BYTES])
{
	SHA256_CTX c;

	if (length(pieces, n) + 9 <= SHORT) {
		short_hash(sha256_start, 0, pieces, n, -1, out);
		return;
	}
	(void)SHA256_Init(&c);
	add_pieces(&c, pieces, n);
	(void)SHA256_Final(out, &c);
}

void hash_leaf(const void *entry, size_t n, uint8_t out[SHA256_BYTES])
{
	const struct str pieces[] = { { "\0", 1 }, str_bytes(entry, n) };

	sha256_pieces(pieces, 2, out);
}

void hash_node(const uint8_t left[SHA256_BYTES], const uint8_t right[SHA256_BYTES], uint8_t out[SHA256_BYTES])
{
	const struct str pieces[] = { { "\1", 1 }, str_bytes(left, SHA256_BYTES), str_bytes(right, SHA256_BYTES) };

	short_hash(sha256_start, 0, pieces, 3, -1, out);
}

/* Go on behind one block whose state is ${h}. */
static void behind_block(SHA256_CTX *c, const uint32_t h[8])
{
	int i;

	(void)SHA256_Init(c);
	for (i = 0; i < 8; i++)
		c->h[i] = h[i];
	c->Nl = BLOCK * 8;
}

/* ${last} is one byte more behind the pieces, or none when it is negative. */
static void hmac_run(const struct hmac_key *k, const struct str *pieces, size_t n, int last, uint8_t out[SHA256_BYTES])
{
	const uint8_t byte = (uint8_t)last;
	const struct str inner = { (const char *)out, SHA256_BYTES };
	SHA256_CTX c;

	if (length(pieces, n) + 1 + 9 <= SHORT) {
		short_hash(k->inner, BLOCK, pieces, n, last, out);
	} else {
		behind_block(&c, k->inner);
		add_pieces(&c, pieces, n);
		if (last >= 0)
			(void)SHA256_Update(&c, &byte, 1);
		(void)SHA256_Final(out, &c);
	}
	short_hash(k->outer, BLOCK, &inner, 1, -1, out);
}

void hmac_key_pieces(const struct hmac_key *k, const struct str *pieces, size_t n, uint8_t out[SHA256_BYTES])
{
	hmac_run(k, pieces, n, -1, out);
}

void hmac_key_expand(const struct hmac_key *k, const struct str *pieces, size_t n, uint8_t out[32])
{
	hmac_run(k, pieces, n, 1, out);
}

void hmac_sha256(const uint8_t *key, size_t key_n, const struct str *pieces, size_t n, uint8_t out[SHA256_BYTES])
{
	struct hmac_key k;

	hmac_key_init(&k, key, key_n);
	hmac_run(&k, pieces, n, -1, out);
	wipe(&k, sizeof k);
}

void expand_sha256(const uint8_t key[32], const struct str *pieces, size_t n, uint8_t out[32])
{
	struct hmac_key k;

	hmac_key_init(&k, key, 32);
	hmac_run(&k, pieces, n, 1, out);
	wipe(&k, sizeof k);
}

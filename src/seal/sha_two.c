/* sha_two: SHA-256 of two messages at once.  The processor's own instructions for it wait most of the time for their last
 * result: a second message fits into the gaps.  Elsewhere one is hashed after the other. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "seal/hash.h"

#include <assert.h>
#include <string.h>

#include <openssl/sha.h>

enum { BLOCK = 64 };

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

static const uint32_t constants[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static bool has_instructions(void)
{
	static int known = -1;          /* the same whichever thread finds it out */
	unsigned a, b, c, d;
	int has = 0;

	if (__atomic_load_n(&known, __ATOMIC_RELAXED) >= 0)
		return __atomic_load_n(&known, __ATOMIC_RELAXED) == 1;
	if (__get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0 &&
	    __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0)
		has = 1;
	__atomic_store_n(&known, has, __ATOMIC_RELAXED);
	return has == 1;
}

/* The eight words as the instructions want them, and back. */
#define STATE_LOAD(h, abef, cdgh) \
	do { \
		__m128i dcba_ = _mm_shuffle_epi32(_mm_loadu_si128((const void *)(h)), 0xb1); \
		__m128i hgfe_ = _mm_shuffle_epi32(_mm_loadu_si128((const void *)((h) + 4)), 0x1b); \
		(abef) = _mm_alignr_epi8(dcba_, hgfe_, 8); \
		(cdgh) = _mm_blend_epi16(hgfe_, dcba_, 0xf0); \
	} while (0)
#define STATE_STORE(h, abef, cdgh) \
	do { \
		__m128i feba_ = _mm_shuffle_epi32((abef), 0x1b), dchg_ = _mm_shuffle_epi32((cdgh), 0xb1); \
		_mm_storeu_si128((void *)(h), _mm_blend_epi16(feba_, dchg_, 0xf0)); \
		_mm_storeu_si128((void *)((h) + 4), _mm_alignr_epi8(dchg_, feba_, 8)); \
	} while (0)
/* Words 4i to 4i+3 of the schedule, from the block or from the four before. */
#define WORDS(w, i, p) \
	((w)[(i) & 3] = (i) < 4 ? _mm_shuffle_epi8(_mm_loadu_si128((const void *)((p) + 16 * (i))), order) : \
	    _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32((w)[(i) & 3], (w)[((i) + 1) & 3]), \
	    _mm_alignr_epi8((w)[((i) + 3) & 3], (w)[((i) + 2) & 3], 4)), (w)[((i) + 3) & 3]))

__attribute__((target("sha,sse4.1,ssse3"))) static void compress_two(uint32_t ha[8], const uint8_t *a, uint32_t hb[8],
    const uint8_t *b, size_t blocks)
{
	const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i a0, a1, b0, b1, was_a0, was_a1, was_b0, was_b1, wa[4] = { order, order, order, order },
		wb[4] = { order, order, order, order }, k, ma, mb;
	int i;

	STATE_LOAD(ha, a0, a1);
	STATE_LOAD(hb, b0, b1);
	for (; blocks > 0; blocks--, a += BLOCK, b += BLOCK) {
		was_a0 = a0;
		was_a1 = a1;
		was_b0 = b0;
		was_b1 = b1;
#pragma GCC unroll 16
		for (i = 0; i < 16; i++) {
			k = _mm_load_si128((const void *)(constants + 4 * i));
			ma = _mm_add_epi32(WORDS(wa, i, a), k);
			mb = _mm_add_epi32(WORDS(wb, i, b), k);
			a1 = _mm_sha256rnds2_epu32(a1, a0, ma);
			b1 = _mm_sha256rnds2_epu32(b1, b0, mb);
			a0 = _mm_sha256rnds2_epu32(a0, a1, _mm_shuffle_epi32(ma, 0x0e));
			b0 = _mm_sha256rnds2_epu32(b0, b1, _mm_shuffle_epi32(mb, 0x0e));
		}
		a0 = _mm_add_epi32(a0, was_a0);
		a1 = _mm_add_epi32(a1, was_a1);
		b0 = _mm_add_epi32(b0, was_b0);
		b1 = _mm_add_epi32(b1, was_b1);
	}
	STATE_STORE(ha, a0, a1);
	STATE_STORE(hb, b0, b1);
}
#else
static bool has_instructions(void) { return false; }
static void compress_two(uint32_t ha[8], const uint8_t *a, uint32_t hb[8], const uint8_t *b, size_t blocks)
{
	(void)ha, (void)a, (void)hb, (void)b, (void)blocks;
}
#endif

static void compress(uint32_t h[8], const uint8_t *p, size_t blocks)
{
	SHA256_CTX c;

	memcpy(c.h, h, sizeof(c.h));
	for (; blocks > 0; blocks--, p += BLOCK)
		SHA256_Transform(&c, p);
	memcpy(h, c.h, sizeof(c.h));
}

/* A message: whole blocks where they stand, and what is left with its padding. */
struct message {
	uint32_t h[8];
	const uint8_t *p;
	size_t whole, ends;             /* blocks */
	uint8_t end[2 * BLOCK];
};

/* Behind ${before} bytes, whole blocks, of which ${from} is the state. */
static void message(struct message *m, const uint32_t from[8], size_t before, const void *p, size_t n)
{
	const size_t left = n % BLOCK;

	memcpy(m->h, from, sizeof(m->h));
	m->p = p;
	m->whole = n / BLOCK;
	m->ends = left + 9 > BLOCK ? 2 : 1;
	if (left > 0)
		memcpy(m->end, m->p + m->whole * BLOCK, left);
	m->end[left] = 0x80;
	memset(m->end + left + 1, 0, m->ends * BLOCK - left - 1);
	put_u64(m->end + m->ends * BLOCK - 8, (uint64_t)(before + n) * 8);
}

static void both(struct message *a, const uint8_t *pa, size_t na, struct message *b, const uint8_t *pb, size_t nb)
{
	size_t n = na < nb ? na : nb;

	if (!has_instructions())
		n = 0;
	if (n > 0)
		compress_two(a->h, pa, b->h, pb, n);
	compress(a->h, pa + n * BLOCK, na - n);
	compress(b->h, pb + n * BLOCK, nb - n);
}

static void result(const struct message *m, uint8_t out[SHA256_BYTES])
{
	size_t i;

	for (i = 0; i < 8; i++)
		put_u32(out + 4 * i, m->h[i]);
}

static void run(struct message *a, struct message *b, uint8_t out_a[SHA256_BYTES], uint8_t out_b[SHA256_BYTES])
{
	both(a, a->p, a->whole, b, b->p, b->whole);
	both(a, a->end, a->ends, b, b->end, b->ends);
	result(a, out_a);
	result(b, out_b);
}

void sha256_two(struct str a, uint8_t out_a[SHA256_BYTES], struct str b, uint8_t out_b[SHA256_BYTES])
{
	struct message ma, mb;

	message(&ma, sha256_start, 0, a.p, a.n);
	message(&mb, sha256_start, 0, b.p, b.n);
	run(&ma, &mb, out_a, out_b);
}

void sha256_behind_two(const uint32_t from_a[8], struct str a, uint8_t out_a[SHA256_BYTES], const uint32_t *from_b, struct str b,
    uint8_t out_b[SHA256_BYTES])
{
	struct message ma, mb;

	message(&ma, from_a, BLOCK, a.p, a.n);
	message(&mb, from_b != NULL ? from_b : sha256_start, from_b != NULL ? BLOCK : 0, b.p, b.n);
	run(&ma, &mb, out_a, out_b);
	wipe(&ma, sizeof(ma));                          /* behind a key */
	wipe(&mb, sizeof(mb));
}

void hash_leaves(const uint8_t *entries, size_t each, size_t n, uint8_t (*out)[SHA256_BYTES])
{
	uint8_t a[256] = { 0 }, b[256] = { 0 };
	size_t i;

	for (i = 0; i + 1 < n && each < sizeof(a); i += 2) {
		memcpy(a + 1, entries + i * each, each);
		memcpy(b + 1, entries + (i + 1) * each, each);
		sha256_two(str_bytes(a, each + 1), out[i], str_bytes(b, each + 1), out[i + 1]);
	}
	for (; i < n; i++)
		hash_leaf(entries + i * each, each, out[i]);
}

void hash_nodes(const uint8_t (*below)[SHA256_BYTES], size_t n, uint8_t (*out)[SHA256_BYTES])
{
	uint8_t a[1 + 2 * SHA256_BYTES] = { 1 }, b[1 + 2 * SHA256_BYTES] = { 1 };
	size_t i;

	for (i = 0; i + 1 < n; i += 2) {
		memcpy(a + 1, below[2 * i], (size_t)2 * SHA256_BYTES);
		memcpy(b + 1, below[2 * i + 2], (size_t)2 * SHA256_BYTES);
		sha256_two(str_bytes(a, sizeof(a)), out[i], str_bytes(b, sizeof(b)), out[i + 1]);
	}
	if (i < n)
		hash_node(below[2 * i], below[2 * i + 1], out[i]);
}

/* ---- keys */
void hmac_key_init(struct hmac_key *k, const uint8_t *key, size_t key_n)
{
	uint8_t inner[BLOCK] = { 0 }, outer[BLOCK];
	size_t i;

	if (key_n > BLOCK)
		sha256(key, key_n, inner);
	else if (key_n > 0)
		memcpy(inner, key, key_n);
	for (i = 0; i < BLOCK; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	memcpy(k->inner, sha256_start, sizeof(k->inner));
	memcpy(k->outer, sha256_start, sizeof(k->outer));
	if (has_instructions()) {
		compress_two(k->inner, inner, k->outer, outer, 1);
	} else {
		compress(k->inner, inner, 1);
		compress(k->outer, outer, 1);
	}
	wipe(inner, sizeof(inner));
	wipe(outer, sizeof(outer));
}

void hmac_key_expand_two(const struct hmac_key *k, struct str info_a, uint8_t out_a[32], struct str info_b, uint8_t out_b[32])
{
	uint8_t a[BLOCK], b[BLOCK];

	assert(info_a.n < BLOCK && info_b.n < BLOCK);
	memcpy(a, info_a.p, info_a.n);
	a[info_a.n] = 1;
	memcpy(b, info_b.p, info_b.n);
	b[info_b.n] = 1;
	sha256_behind_two(k->inner, str_bytes(a, info_a.n + 1), out_a, k->inner, str_bytes(b, info_b.n + 1), out_b);
	sha256_behind_two(k->outer, str_bytes(out_a, 32), out_a, k->outer, str_bytes(out_b, 32), out_b);
}

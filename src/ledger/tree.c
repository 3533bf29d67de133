/* tree: see tree.h. */
#include "ledger/tree.h"

#include <string.h>

void tree_init(struct tree *t)
{
	memset(t, 0, sizeof(*t));
}

void tile_root(const uint8_t (*hashes)[SHA256_BYTES], uint8_t out[SHA256_BYTES])
{
	uint8_t level[TILE_WIDTH / 2][SHA256_BYTES];
	size_t n = TILE_WIDTH;

	hash_nodes(hashes, n / 2, level);
	for (n /= 2; n > 1; n /= 2)
		hash_nodes((const uint8_t (*)[SHA256_BYTES])level, n / 2, level);
	memcpy(out, level[0], SHA256_BYTES);
}

enum rc tree_add(struct tree *t, const uint8_t leaf[SHA256_BYTES], const struct tree_sink *sink, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	unsigned level;
	enum rc rc;

	memcpy(hash, leaf, sizeof(hash));
	t->size++;
	for (level = 0; level < TREE_LEVELS; level++) {
		memcpy(t->open[level][t->n[level]++], hash, SHA256_BYTES);
		if (t->n[level] < TILE_WIDTH)
			return RC_OK;
		if (sink != NULL &&
		    (rc = sink->full(sink->ctx, level, (t->size >> (8 * level + 8)) - 1, t->open[level][0], e)) != RC_OK)
			return rc;
		tile_root((const uint8_t (*)[SHA256_BYTES])t->open[level], hash);
		t->n[level] = 0;
	}
	return err_set(e, RC_LIMIT, "the tree is full");
}

/* The root over the first ${n} of equal complete subtrees that stand at ${hashes}. */
static void root_of_run(const uint8_t (*hashes)[SHA256_BYTES], size_t n, uint8_t out[SHA256_BYTES])
{
	uint8_t left[SHA256_BYTES], right[SHA256_BYTES];

	if (n == 1) {
		memcpy(out, hashes[0], SHA256_BYTES);
		return;
	}
	root_of_run(hashes, n / 2, left);
	root_of_run(hashes + n / 2, n / 2, right);
	hash_node(left, right, out);
}

void tree_root(const struct tree *t, uint8_t out[SHA256_BYTES])
{
	uint8_t part[SHA256_BYTES];
	bool any = false;
	unsigned level, bit;

	if (t->size == 0) {
		sha256("", 0, out);
		return;
	}
	/* from the right: the smallest complete subtree first, each larger one to its left */
	for (level = 0; level < TREE_LEVELS; level++) {
		uint32_t end = t->n[level];

		for (bit = 0; bit < 8; bit++) {
			uint32_t width = (uint32_t)1 << bit;

			if (!(t->n[level] & width))
				continue;
			end -= width;
			root_of_run((const uint8_t (*)[SHA256_BYTES])&t->open[level][end], width, part);
			if (any)
				hash_node(part, out, out);
			else
				memcpy(out, part, SHA256_BYTES);
			any = true;
		}
	}
}

static unsigned bit_length(uint64_t v)
{
	unsigned n = 0;

	for (; v != 0; v >>= 1)
		n++;
	return n;
}

bool proof_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[SHA256_BYTES], const uint8_t *hashes, size_t n,
    const uint8_t root[SHA256_BYTES])
{
	uint8_t h[SHA256_BYTES];
	unsigned inner, border, i;

	if (index >= size)
		return false;
	inner = bit_length(index ^ (size - 1));
	border = inner < 64 ? (unsigned)__builtin_popcountll(index >> inner) : 0;
	if (n != (size_t)inner + border)
		return false;
	memcpy(h, leaf, sizeof(h));
	for (i = 0; i < inner; i++) {
		if (index >> i & 1)
			hash_node(hashes + (size_t)i * 32, h, h);
		else
			hash_node(h, hashes + (size_t)i * 32, h);
	}
	for (; i < inner + border; i++)
		hash_node(hashes + (size_t)i * 32, h, h);
	return memcmp(h, root, SHA256_BYTES) == 0;
}

bool proof_consistency(uint64_t size1, uint64_t size2, const uint8_t root1[SHA256_BYTES],
    const uint8_t root2[SHA256_BYTES], const uint8_t *hashes, size_t n)
{
	uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
	uint64_t fn, sn;
	size_t at = 0;

	if (size1 > size2 || size1 == 0)
		return false;                           /* every tree is consistent with the empty one: that proves nothing */
	if (size1 == size2)
		return n == 0 && memcmp(root1, root2, SHA256_BYTES) == 0;
	if (n == 0)
		return false;
	fn = size1 - 1;
	sn = size2 - 1;
	for (; fn & 1; fn >>= 1)
		sn >>= 1;
	/* a whole power of two is its own first hash */
	if ((size1 & (size1 - 1)) == 0)
		memcpy(a, root1, sizeof(a));
	else
		memcpy(a, hashes + 32 * at++, sizeof(a));
	memcpy(b, a, sizeof(b));
	for (; at < n; at++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			hash_node(hashes + 32 * at, a, a);
			hash_node(hashes + 32 * at, b, b);
			while (fn != 0 && !(fn & 1)) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			hash_node(b, hashes + 32 * at, b);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(a, root1, SHA256_BYTES) == 0 && memcmp(b, root2, SHA256_BYTES) == 0;
}

/* The root over entries [from, to): complete subtrees from the source, joined. */
static enum rc range_root(const struct tree_source *s, uint64_t from, uint64_t to, uint8_t out[SHA256_BYTES],
    struct err *e)
{
	uint8_t left[SHA256_BYTES], right[SHA256_BYTES];
	uint64_t n = to - from, k;
	unsigned height = bit_length(n) - 1;
	enum rc rc;

	if ((n & (n - 1)) == 0)
		return s->node(s->ctx, height, from >> height, out, e);
	k = (uint64_t)1 << height;
	if ((rc = range_root(s, from, from + k, left, e)) != RC_OK || (rc = range_root(s, from + k, to, right, e)) != RC_OK)
		return rc;
	hash_node(left, right, out);
	return RC_OK;
}

static uint64_t split(uint64_t n)
{
	uint64_t k = (uint64_t)1 << (bit_length(n - 1) - 1);

	return k;
}

enum rc proof_make_inclusion(const struct tree_source *s, uint64_t index, uint64_t size, uint8_t *hashes, size_t *n,
    struct err *e)
{
	uint8_t down[PROOF_MAX][SHA256_BYTES];
	uint64_t from = 0, to = size;
	size_t depth = 0, i;
	enum rc rc;

	while (to - from > 1) {
		uint64_t middle = from + split(to - from);
		bool left = index < middle;

		if ((rc = range_root(s, left ? middle : from, left ? to : middle, down[depth++], e)) != RC_OK)
			return rc;
		if (left)
			to = middle;
		else
			from = middle;
	}
	for (i = 0; i < depth; i++)
		memcpy(hashes + i * 32, down[depth - 1 - i], 32);
	*n = depth;
	return RC_OK;
}

enum rc proof_make_consistency(const struct tree_source *s, uint64_t size1, uint64_t size2, uint8_t *hashes, size_t *n,
    struct err *e)
{
	uint8_t down[PROOF_MAX][SHA256_BYTES];
	uint64_t from = 0, to = size2, m = size1;
	size_t depth = 0, i, out = 0;
	bool whole = true;              /* what remains on the left is the old tree itself, whose root is known */
	enum rc rc;

	*n = 0;
	if (size1 == 0 || size1 == size2)
		return RC_OK;
	while (m != to - from) {
		uint64_t k = split(to - from), middle = from + k;

		if (m <= k) {
			if ((rc = range_root(s, middle, to, down[depth++], e)) != RC_OK)
				return rc;
			to = middle;
		} else {
			if ((rc = range_root(s, from, middle, down[depth++], e)) != RC_OK)
				return rc;
			from = middle;
			m -= k;
			whole = false;
		}
	}
	if (!whole && (rc = range_root(s, from, to, hashes + 32 * out++, e)) != RC_OK)
		return rc;
	for (i = 0; i < depth; i++)
		memcpy(hashes + 32 * out++, down[depth - 1 - i], 32);
	*n = out;
	return RC_OK;
}

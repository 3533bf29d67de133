/* tree: the Merkle tree of RFC 6962 as it grows, in the tiles of C2SP tlog-tiles: roots, proofs and their checks.
 * Uses seal/hash.h.  Vectors: docs/formats/ledger.md */
#ifndef LEDGER_TREE_H
#define LEDGER_TREE_H

#include "base/base.h"
#include "seal/hash.h"

#define TILE_WIDTH 256
#define TREE_LEVELS 8                   /* tiles' levels: 256^8 entries */
#define PROOF_MAX 64                    /* hashes of one proof */

/* The open tile of each level: roots of the complete subtrees of 256^level entries that no full tile above holds. */
struct tree {
	uint64_t size;
	uint32_t n[TREE_LEVELS];
	uint8_t open[TREE_LEVELS][TILE_WIDTH][SHA256_BYTES];
};

/* Told of each tile that becomes full, bottom up. */
struct tree_sink {
	enum rc (*full)(void *ctx, unsigned level, uint64_t n, const uint8_t *tile, struct err *);
	void *ctx;
};

/* The root over the TILE_WIDTH hashes of a full tile: one hash of the tile above. */
void tile_root(const uint8_t (*hashes)[SHA256_BYTES], uint8_t out[SHA256_BYTES]);

void tree_init(struct tree *);
MUST_USE enum rc tree_add(struct tree *, const uint8_t leaf[SHA256_BYTES], const struct tree_sink *, struct err *);
void tree_root(const struct tree *, uint8_t out[SHA256_BYTES]);

/* Checks as RFC 6962 and RFC 9162 have them: the number of hashes must be exact.  A proof of
 * consistency with the empty tree is refused: it would prove nothing. */
bool proof_inclusion(uint64_t index, uint64_t size, const uint8_t leaf[SHA256_BYTES], const uint8_t *hashes, size_t n,
    const uint8_t root[SHA256_BYTES]);
bool proof_consistency(uint64_t size1, uint64_t size2, const uint8_t root1[SHA256_BYTES],
    const uint8_t root2[SHA256_BYTES], const uint8_t *hashes, size_t n);

/* Where hashes of complete subtrees come from: the root of 2^height entries, the ${index}th of that height. */
struct tree_source {
	enum rc (*node)(void *ctx, unsigned height, uint64_t index, uint8_t out[SHA256_BYTES], struct err *);
	void *ctx;
};

/* Make them: ${hashes} has room for PROOF_MAX * 32 bytes.  index < size; size1 <= size2. */
MUST_USE enum rc proof_make_inclusion(const struct tree_source *, uint64_t index, uint64_t size, uint8_t *hashes,
    size_t *n, struct err *);
MUST_USE enum rc proof_make_consistency(const struct tree_source *, uint64_t size1, uint64_t size2, uint8_t *hashes,
    size_t *n, struct err *);

#endif

/* tile: where tiles and entry bundles stand, C2SP tlog-tiles, and reading them.
 * Uses ledger/tree.h. */
#ifndef LEDGER_TILE_H
#define LEDGER_TILE_H

#include "ledger/tree.h"

/* "DIR/tile/0/x001/067" with ".p/W" when ${width} is below 256; level -1 is the entry bundles. */
void tile_path(const char *dir, int level, uint64_t n, unsigned width, char out[LIMIT_PATH]);
/* Width of the last tile of a level for a tree of that size; 0: there is no partial one. */
unsigned tile_partial(uint64_t size, unsigned level);
/* Hashes from the tile files of a tree of ${size}. */
struct tile_reader {
	const char *dir;
	uint64_t size;
};
MUST_USE enum rc tile_node(void *tile_reader, unsigned height, uint64_t index, uint8_t out[SHA256_BYTES], struct err *);
/* Write a tile or bundle; makes the folders.  ${keep}: not when a file of that length is there, which only a checkpoint
 * that was signed over it vouches for: after a crash a file may have its length and not its bytes. */
MUST_USE enum rc tile_write(const char *dir, int level, uint64_t n, unsigned width, bool keep, const void *, size_t bytes,
    struct err *);
/* The partial ones of a tile that are wider than ${above}; 0: all, and their folder. */
MUST_USE enum rc tile_partials_remove(const char *dir, int level, uint64_t n, unsigned above, struct err *);

#endif

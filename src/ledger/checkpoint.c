/* checkpoint: tiles and bundles beside the log, the head, and the signed note over it.  In this order: everything that
 * the note vouches for is durable before the head is, and the head before anything is signed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/disk.h"
#include "base/file.h"
#include "ledger/ledger_priv.h"
#include "ledger/tile.h"

/* ---- tiles */
static enum rc full_tile(void *ctx, unsigned level, uint64_t n, const uint8_t *tile, struct err *e)
{
	struct ledger *l = ctx;

	if (l->mode == LEDGER_WRITE && tile_write(l->dir, (int)level, n, 0, l->tree.size <= l->checkpointed, tile,
	    (size_t)TILE_WIDTH * SHA256_BYTES, e) != RC_OK)
		l->tiles_behind = true;
	return RC_OK;                                   /* the tree goes on: its entries are durable already */
}

/* ${keep}: as for tile_write. */
static enum rc bundle_write(struct ledger *l, uint64_t n, unsigned width, bool keep, struct err *e)
{
	uint8_t bytes[TILE_WIDTH * (2 + ENTRY_BYTES)];
	unsigned i;

	for (i = 0; i < width; i++) {
		put_u16(bytes + (size_t)i * (2 + ENTRY_BYTES), ENTRY_BYTES);
		memcpy(bytes + (size_t)i * (2 + ENTRY_BYTES) + 2, l->bundle[i], ENTRY_BYTES);
	}
	return tile_write(l->dir, -1, n, width, keep, bytes, (size_t)width * (2 + ENTRY_BYTES), e);
}

void ledger_place(struct ledger *l, const uint8_t entry[ENTRY_BYTES], const uint8_t leaf[SHA256_BYTES])
{
	const struct tree_sink sink = { full_tile, l };
	struct err ignored;

	memcpy(l->bundle[l->n_bundle++], entry, ENTRY_BYTES);
	if (tree_add(&l->tree, leaf, &sink, &ignored) != RC_OK)
		l->broken = true;                       /* 2^64 entries */
	if (l->n_bundle < TILE_WIDTH)
		return;
	l->n_bundle = 0;
	if (l->mode == LEDGER_WRITE && bundle_write(l, l->tree.size / TILE_WIDTH - 1, TILE_WIDTH,
	    l->tree.size <= l->checkpointed, &ignored) != RC_OK)
		l->tiles_behind = true;
}

static enum rc place_again(void *ctx, uint32_t i, const uint8_t *bytes, const struct entry *en, const uint8_t *rows,
    uint64_t blob, struct err *e)
{
	uint8_t leaf[SHA256_BYTES];

	(void)i, (void)en, (void)rows, (void)blob, (void)e;
	hash_leaf(bytes, ENTRY_BYTES, leaf);
	ledger_place(ctx, bytes, leaf);
	return RC_OK;
}

/* Tiles that could not be written, or that a failed sync may have lost: the tree grows once more from the log, and all
 * that no checkpoint covers is written anew. */
static enum rc tiles_again(struct ledger *l, struct err *e)
{
	const struct frame_visitor v = { place_again, l };
	struct tree *before = mem_dup(&l->tree, sizeof(l->tree));
	uint8_t *bundle = mem_dup(l->bundle, (size_t)TILE_WIDTH * ENTRY_BYTES);
	unsigned n_bundle = l->n_bundle;
	uint8_t was[SHA256_BYTES], is[SHA256_BYTES];
	const uint8_t *header;
	struct frame f;
	size_t i;
	enum rc rc = RC_OK;

	tree_root(before, was);
	tree_init(&l->tree);
	l->n_bundle = 0;
	l->tiles_behind = false;
	for (i = 0; i < l->n_frames && rc == RC_OK && !l->tiles_behind; i++)
		if ((rc = frame_load(l, i, &f, &header, e)) == RC_OK)
			rc = frame_walk(&f, header + FRAME_HEADER_BYTES, &v, e);
	tree_root(&l->tree, is);
	if (rc == RC_OK && l->tiles_behind)
		rc = err_set(e, RC_NO_SPACE, "the tree's tiles cannot be written below %s/tile: is there room on the disk?", l->dir);
	else if (rc == RC_OK && memcmp(was, is, sizeof(was)) != 0)
		rc = err_set(e, RC_ALTERED, "the log does not give the root any more that it gave before; run verify %s", l->dir);
	if (rc != RC_OK) {
		memcpy(&l->tree, before, sizeof(l->tree));
		memcpy(l->bundle, bundle, (size_t)TILE_WIDTH * ENTRY_BYTES);
		l->n_bundle = n_bundle;
		l->tiles_behind = true;
	}
	mem_free(before);
	mem_free(bundle);
	return rc;
}

/* Does the partial tile of that level stand already, written for the newest checkpoint?  Then it must not be touched. */
static bool same_partial(const struct ledger *l, unsigned level)
{
	return l->checkpointed >> (8 * level) == l->tree.size >> (8 * level);
}

static enum rc partials_write(struct ledger *l, struct err *e)
{
	unsigned level;
	enum rc rc;

	if (l->n_bundle > 0 &&
	    (rc = bundle_write(l, l->tree.size / TILE_WIDTH, l->n_bundle, same_partial(l, 0), e)) != RC_OK)
		return rc;
	for (level = 0; level < TREE_LEVELS; level++) {
		if (l->tree.n[level] == 0)
			continue;
		rc = tile_write(l->dir, (int)level, l->tree.size >> (8 * level) >> 8, l->tree.n[level], same_partial(l, level),
		    l->tree.open[level], (size_t)l->tree.n[level] * SHA256_BYTES, e);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* Level 0 and the bundles, which stand in as many files. */
static enum rc remove_at(struct ledger *l, unsigned level, uint64_t n, unsigned above, struct err *e)
{
	enum rc rc = tile_partials_remove(l->dir, (int)level, n, above, e);

	return rc == RC_OK && level == 0 ? tile_partials_remove(l->dir, -1, n, above, e) : rc;
}

/* Partial tiles of a checkpoint that a crash or a failure kept from being signed: they may be torn, and the next one
 * would vouch for them. */
static enum rc partials_unsigned_remove(struct ledger *l, struct err *e)
{
	uint64_t n, first;
	unsigned level;
	enum rc rc;

	for (level = 0; level < TREE_LEVELS; level++) {
		first = l->checkpointed >> (8 * level) >> 8;
		for (n = first; n <= l->tree.size >> (8 * level) >> 8; n++)
			if ((rc = remove_at(l, level, n, n == first ? tile_partial(l->checkpointed, level) : 0, e)) != RC_OK)
				return rc;
	}
	return RC_OK;
}

/* Partial tiles that the checkpoint over ${before} needed and the newest does not.  What cannot be removed may stay. */
static void partials_done_remove(struct ledger *l, uint64_t before)
{
	struct err ignored;
	unsigned level;
	uint64_t n;

	for (level = 0; level < TREE_LEVELS; level++) {
		n = before >> (8 * level) >> 8;
		if (tile_partial(before, level) > 0 && n < l->checkpointed >> (8 * level) >> 8 &&
		    remove_at(l, level, n, 0, &ignored) != RC_OK)
			return;
	}
}

/* ---- head */
enum rc ledger_head_save(struct ledger *l, struct err *e)
{
	struct head h = { .epoch = l->epoch, .next_sequence = l->next_sequence, .size = l->tree.size };
	uint8_t bytes[HEAD_BYTES];
	char path[LIMIT_PATH];
	enum rc rc;

	tree_root(&l->tree, h.root);
	memcpy(h.chain, l->chain, 32);
	memcpy(h.mac, l->mac, 16);
	head_encode(&h, bytes);
	ledger_path(l, "head", path);
	if ((rc = file_replace(path, bytes, sizeof(bytes), 0600, e)) != RC_OK)
		return rc;
	ledger_head_copy_path(l, path);
	return file_replace(path, bytes, sizeof(bytes), 0600, e);
}

/* ---- the note */
static enum rc note_save(struct ledger *l, struct err *e)
{
	struct checkpoint c = { .origin = l->origin, .size = l->tree.size };
	struct buf text, note;
	char path[LIMIT_PATH];
	enum rc rc;

	tree_root(&l->tree, c.root);
	buf_init(&text, 4096);
	buf_init(&note, 4096);
	checkpoint_put(&c, &text);
	note_sign(buf_view(&text), &l->key, &l->seed->secret, &note);
	ledger_path(l, "checkpoint", path);
	if ((rc = buf_ok(&note, "a checkpoint", e)) == RC_OK)
		rc = file_replace(path, note.p, note.n, 0644, e);
	buf_done(&text);
	buf_done(&note);
	return rc;
}

enum rc ledger_checkpoint(struct ledger *l, struct err *e)
{
	const uint64_t before = l->checkpointed;
	enum rc rc;

	if (l->checkpointed == l->tree.size)
		return RC_OK;
	if ((rc = ledger_may_write(l, e)) != RC_OK || (l->partials_stray && (rc = partials_unsigned_remove(l, e)) != RC_OK) ||
	    (l->tiles_behind && (rc = tiles_again(l, e)) != RC_OK))
		return rc;
	l->partials_stray = true;
	if ((rc = partials_write(l, e)) != RC_OK)
		return rc;
	/* One call, also for the few files of a short run: each file's own sync costs more than all of them at once, see
	 * docs/decisions/checkpoint-sync.md. */
	if (disk->syncfs(l->dir) != 0) {
		l->tiles_behind = true;
		return err_sys(e, errno, "%s cannot be made durable", l->dir);
	}
	if ((rc = ledger_head_save(l, e)) != RC_OK || (rc = note_save(l, e)) != RC_OK)
		return rc;
	l->checkpointed = l->tree.size;
	l->partials_stray = false;
	partials_done_remove(l, before);
	return RC_OK;
}

/* verify_tiles: the tree over the entries, level by level, and every tile and bundle against it, byte for byte; and the
 * other way round: entries that the log no longer gives, from bundles that the newest checkpoint vouches for. */
#include "ledger/verify_priv.h"

#include <string.h>

#include "base/file.h"
#include "ledger/tile.h"

enum { BUNDLE_ROW = 2 + ENTRY_BYTES };

/* Roots of the tiles from ${from} on of the level below. */
struct roots {
	const uint8_t (*below)[SHA256_BYTES];
	uint8_t (*out)[SHA256_BYTES];
	uint64_t from, until;
};

static void *roots_of(void *ctx)
{
	const struct roots *r = ctx;
	uint64_t i;

	for (i = r->from; i < r->until; i++)
		tile_root(r->below + i * TILE_WIDTH, r->out[i]);
	return NULL;
}

static void build_levels(struct check *c)
{
	uint64_t n = c->n;
	unsigned level;
	pthread_t other;
	bool runs;

	for (level = 1; level < TREE_LEVELS; level++) {
		mem_free(c->level[level]);
		c->level[level] = NULL;
	}
	for (level = 1; level < TREE_LEVELS && n >= TILE_WIDTH; level++) {
		struct roots r[2];

		n /= TILE_WIDTH;
		c->level[level] = mem_alloc(n * SHA256_BYTES);
		r[0] = (struct roots){ (const uint8_t (*)[SHA256_BYTES])c->level[level - 1], c->level[level], 0, n / 2 };
		r[1] = (struct roots){ r[0].below, r[0].out, n / 2, n };
		runs = n > 64 && pthread_create(&other, NULL, roots_of, &r[1]) == 0;
		(void)roots_of(&r[0]);
		if (runs)
			(void)pthread_join(other, NULL);
		else
			(void)roots_of(&r[1]);
	}
}

/* The levels hold every complete subtree: what is left is the right edge. */
bool verify_root(struct check *c, uint64_t size, uint8_t out[SHA256_BYTES])
{
	struct tree *t;
	unsigned level;

	if (size > c->n)
		return false;
	if (c->n >= TILE_WIDTH && c->level[1] == NULL)
		build_levels(c);
	t = mem_alloc(sizeof(*t));
	tree_init(t);
	t->size = size;
	for (level = 0; level < TREE_LEVELS; level++) {
		uint64_t n = size >> (8 * level);

		t->n[level] = (uint32_t)(n % TILE_WIDTH);
		if (t->n[level] > 0)
			memcpy(t->open[level], c->level[level][n - t->n[level]], t->n[level] * (size_t)SHA256_BYTES);
	}
	tree_root(t, out);
	mem_free(t);
	return true;
}

static bool bundle_entries(struct check *c, uint64_t n, unsigned width)
{
	struct arena *a = arena_new();
	char path[LIMIT_PATH];
	struct str bytes;
	struct err why;
	uint64_t index = n * TILE_WIDTH;
	unsigned i;
	bool ok;

	err_init(&why);
	tile_path(c->dir, -1, n, width, path);
	ok = file_read(a, path, (size_t)TILE_WIDTH * BUNDLE_ROW, &bytes, &why) == RC_OK && bytes.n == (size_t)width * BUNDLE_ROW;
	for (i = 0; ok && i < width; i++, index++)
		if (index >= c->n)
			verify_keep_entry(c, (const uint8_t *)bytes.p + (size_t)i * BUNDLE_ROW + 2);
	arena_free(a);
	return ok;
}

bool verify_recover(struct check *c)
{
	const uint64_t size = c->has_checkpoint ? c->checkpoint.size : c->has_head ? c->head.size : 0, had = c->n;
	const uint8_t *signed_root = c->has_checkpoint ? c->checkpoint.root : c->head.root;
	uint8_t root[SHA256_BYTES];
	uint64_t i;
	bool ok = size > had;

	for (i = had / TILE_WIDTH; ok && i * TILE_WIDTH < size; i++)
		ok = bundle_entries(c, i, size - i * TILE_WIDTH < TILE_WIDTH ? (unsigned)(size % TILE_WIDTH) : TILE_WIDTH);
	if (ok) {
		build_levels(c);
		ok = verify_root(c, size, root) && memcmp(root, signed_root, SHA256_BYTES) == 0;
	}
	if (!ok) {
		c->n = had;
		build_levels(c);
	}
	return ok;
}

static bool tile_number(struct str path, int *level, uint64_t *n, unsigned *width)
{
	struct str rest = path, kind = str_cut(&rest, '/'), group;
	uint64_t v = 0, w;

	*width = TILE_WIDTH;
	if (str_is(kind, "entries"))
		*level = -1;
	else if (kind.n == 1 && kind.p[0] >= '0' && kind.p[0] < '0' + TREE_LEVELS)
		*level = kind.p[0] - '0';
	else
		return false;
	*n = 0;
	while (rest.p != NULL) {
		group = str_cut(&rest, '/');
		if (group.n == 4 && group.p[0] == 'x' && num_u64(str_sub(group, 1, 3), 999, &v) && *n < UINT64_MAX / 1000000) {
			*n = (*n + v) * 1000;
			continue;
		}
		if (str_ends(group, STR(".p"))) {
			group.n -= 2;
			if (rest.p == NULL || !num_u64(rest, 255, &w) || w == 0)
				return false;
			*width = (unsigned)w;
			rest = STR_NONE;
		}
		if (group.n != 3 || !num_u64(group, 999, &v) || rest.p != NULL)
			return false;
		*n += v;
		return true;
	}
	return false;
}

/* The one way to write its number: another name for the same tile is nobody's. */
static bool is_canonical(struct check *c, const char *file, int level, uint64_t n, unsigned width)
{
	char path[LIMIT_PATH];

	tile_path(c->dir, level, n, width, path);
	return strcmp(path + strlen(c->dir) + 1, file) == 0;
}

static size_t tile_bytes(const struct check *c, int level, uint64_t n, unsigned width, uint8_t *out)
{
	unsigned i;

	if (level >= 0) {
		memcpy(out, c->level[level][n * TILE_WIDTH], (size_t)width * SHA256_BYTES);
		return (size_t)width * SHA256_BYTES;
	}
	for (i = 0; i < width; i++) {
		put_u16(out + (size_t)i * BUNDLE_ROW, ENTRY_BYTES);
		memcpy(out + (size_t)i * BUNDLE_ROW + 2, c->entries[n * TILE_WIDTH + i], ENTRY_BYTES);
	}
	return (size_t)width * BUNDLE_ROW;
}

/* Whether a tile that no checkpoint vouches for is what a crash leaves of it: it is synced only before the next one is
 * signed, so that its bytes may be missing, at the end or as zeros, but never others. */
static bool is_unsynced(const struct check *c, int level, uint64_t n, unsigned width, struct str bytes, const uint8_t *want,
    size_t want_n)
{
	const uint64_t signed_for = c->has_checkpoint ? c->checkpoint.size >> (level > 0 ? 8 * level : 0) : 0;
	size_t i;

	if (n * TILE_WIDTH + width <= signed_for || bytes.n > want_n)
		return false;
	for (i = 0; i < bytes.n; i++)
		if (bytes.p[i] != 0 && (uint8_t)bytes.p[i] != want[i])
			return false;
	return true;
}

static void tile_differs(struct check *c, const char *file, int level, uint64_t n, unsigned width, size_t at,
    const char *words)
{
	uint64_t end = n * TILE_WIDTH + width, entry = n * TILE_WIDTH + at / (level < 0 ? BUNDLE_ROW : SHA256_BYTES);

	if (level <= 0 && entry < end)
		verify_found_in(c, ROW_TILES, VERDICT_ALTERED, file, at, entry, words);
	else
		verify_found(c, ROW_TILES, VERDICT_ALTERED, file, at, words);
}

static void check_tile(struct check *c, struct str path)
{
	const char *file = arena_z(c->a, arena_fmt(c->a, "tile/%.*s", STR_FMT(path)));
	struct arena *a = NULL;
	struct str bytes;
	uint8_t want[TILE_WIDTH * BUNDLE_ROW];
	size_t want_n, i;
	unsigned width;
	uint64_t n, have;
	struct err why;
	int level;

	err_init(&why);
	if (!tile_number(path, &level, &n, &width) || !is_canonical(c, file, level, n, width)) {
		verify_found(c, ROW_FOREIGN, VERDICT_ALTERED, file, 0, "no tile has this name");
		goto out;
	}
	c->out->checked[ROW_TILES]++;
	have = level < 0 ? c->n : c->n >> (8 * level);
	if (n > have / TILE_WIDTH || n * TILE_WIDTH + width > have) {
		if (c->out->log_unread)
			verify_notice(c, ROW_TILES, file, 0, "not judged: the log cannot be read so far");
		else
			verify_found(c, ROW_TILES, VERDICT_ALTERED, file, 0, "the log has no entries for this tile");
		goto out;
	}
	if (level <= 0 && width == TILE_WIDTH && n < c->n_good &&
	    (c->good[n] & (level < 0 ? VERIFY_GOOD_BUNDLE : VERIFY_GOOD_TILE)) != 0)
		goto out;
	want_n = tile_bytes(c, level, n, width, want);
	a = arena_new();
	if (file_read(a, verify_path(c, file), sizeof(want) * 2, &bytes, &why) != RC_OK) {
		tile_differs(c, file, level, n, width, 0, why.msg);
		goto out;
	}
	if (bytes.n == want_n && memcmp(bytes.p, want, want_n) == 0)
		goto out;
	for (i = 0; i < bytes.n && i < want_n && (uint8_t)bytes.p[i] == want[i]; i++)
		;
	if (is_unsynced(c, level, n, width, bytes, want, want_n))
		verify_notice(c, ROW_TILES, file, i, "a crash kept it from being written whole; no checkpoint needs it yet, and the next "
		    "writer writes it anew");
	else
		tile_differs(c, file, level, n, width, i, i < bytes.n && i < want_n ? "it is not what the log's entries give" :
		    i < want_n ? "it ends before its last entry" : "it goes on behind its last entry");
out:
	arena_free(a);
}

static void need_tile(struct check *c, int level, uint64_t n, unsigned width)
{
	const char *words = "the newest checkpoint needs it", *name;
	char path[LIMIT_PATH];

	if (level <= 0 && width == 0 && n < c->n_good &&
	    (c->good[n] & (level < 0 ? VERIFY_GOOD_BUNDLE : VERIFY_GOOD_TILE)) != 0)
		return;
	tile_path(c->dir, level, n, width, path);
	if (file_exists(path))
		return;
	name = arena_z(c->a, str_z(path + strlen(c->dir) + 1));
	if (level < 0)
		verify_found_in(c, ROW_TILES, VERDICT_MISSING, name, 0, n * TILE_WIDTH, words);
	else
		verify_found(c, ROW_TILES, VERDICT_MISSING, name, 0, words);
}

enum rc verify_tiles(struct check *c, struct err *e)
{
	uint64_t size = c->has_checkpoint && c->checkpoint.size <= c->n ? c->checkpoint.size : 0, i, full;
	unsigned level, width;
	enum rc rc;

	if (c->n >= TILE_WIDTH && c->level[1] == NULL)
		build_levels(c);
	verify_compare_tiles(c);
	if ((rc = verify_walk(c, "tile", check_tile, 5, e)) != RC_OK)
		return rc;
	for (level = 0; level < TREE_LEVELS; level++) {
		full = size >> (8 * level) >> 8;
		width = tile_partial(size, level);
		for (i = 0; i < full; i++)
			need_tile(c, (int)level, i, 0);
		if (width > 0)
			need_tile(c, (int)level, full, width);
		if (level > 0)
			continue;
		for (i = 0; i < full; i++)
			need_tile(c, -1, i, 0);
		if (width > 0)
			need_tile(c, -1, full, width);
	}
	return RC_OK;
}

/* verify: see verify.h. */
#include "ledger/verify.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/value.h"
#include "ledger/ledger_priv.h"
#include "ledger/tile.h"

enum { FILES_MAX = 1 << 22, STRANGE_MAX = 1000 };

struct strange {
	const char *file;
	uint64_t offset;
};

struct check {
	const char *dir;
	struct arena *a;
	const struct verify_how *how;
	struct verify_outcome *out;
	struct ledger *l;               /* only for its lists of erased scopes */
	struct keyring *keys;
	struct log_files files;
	struct note_key key;
	uint8_t (*entries)[ENTRY_BYTES];
	uint8_t (*level[TREE_LEVELS])[SHA256_BYTES];
	uint64_t n, room;
	uint8_t (*named)[SHA256_BYTES]; /* rows that entries of kind 10 name */
	size_t n_named, rows_matched, n_strange;
	struct strange strange[STRANGE_MAX];    /* rows that no entry names */
	bool has_head, has_checkpoint;
	struct head head;
	struct checkpoint checkpoint;
	size_t segment;                 /* of the frame under way */
	uint64_t offset;
	const uint8_t *blobs;
	const struct frame *frame;
	bool judging;
	struct str *objects;            /* digests in hex that parts name */
	size_t n_objects, room_objects;
};

const char *verify_row_name(enum verify_row r)
{
	static const char *const names[] = { "tiles and bundles", "checkpoint", "log frames", "sealed parts", "key pages", "head",
		"database", "other files" };

	return names[r];
}

static void found(struct check *c, enum verify_row row, enum verdict v, const char *file, uint64_t offset, bool has_entry,
    uint64_t entry, const char *words)
{
	const struct finding f = { row, file, offset, has_entry, false, entry, v, words };

	c->out->findings++;
	if (c->how->found != NULL)
		c->how->found(c->how->ctx, &f);
}

static void notice(struct check *c, enum verify_row row, const char *file, uint64_t offset, const char *words)
{
	const struct finding f = { row, file, offset, false, true, 0, VERDICT_INTACT, words };

	c->out->notices++;
	if (c->how->found != NULL)
		c->how->found(c->how->ctx, &f);
}

static const char *path_of(struct check *c, const char *name)
{
	return arena_z(c->a, arena_fmt(c->a, "%s/%s", c->dir, name));
}

static const char *segment_name(struct check *c, size_t i)
{
	return arena_z(c->a, arena_fmt(c->a, "log/%020llu.seg", (unsigned long long)c->files.segments[i].sequence));
}

/* ---- head and checkpoint as files */
static void read_head(struct check *c)
{
	struct str bytes;
	struct err why;

	err_init(&why);
	c->out->checked[ROW_HEAD]++;
	if (file_read(c->a, path_of(c, "head"), HEAD_BYTES * 2, &bytes, &why) != RC_OK)
		found(c, ROW_HEAD, VERDICT_MISSING, "head", 0, false, 0, why.msg);
	else if (head_decode(bytes, &c->head, &why) != RC_OK)
		found(c, ROW_HEAD, VERDICT_ALTERED, "head", 0, false, 0, why.msg);
	else
		c->has_head = true;
}

static void read_checkpoint(struct check *c)
{
	struct str bytes, text;
	struct buf b, note;
	struct err why;

	err_init(&why);
	c->out->checked[ROW_CHECKPOINT]++;
	if (file_read(c->a, path_of(c, "checkpoint"), NOTE_MAX, &bytes, &why) != RC_OK) {
		found(c, ROW_CHECKPOINT, VERDICT_MISSING, "checkpoint", 0, false, 0, why.msg);
		return;
	}
	if (note_open(bytes, &c->key, &text, &why) != RC_OK || checkpoint_parse(text, &c->checkpoint, &why) != RC_OK) {
		found(c, ROW_CHECKPOINT, VERDICT_ALTERED, "checkpoint", 0, false, 0, why.msg);
		return;
	}
	/* written again it must be the same bytes: that catches lines and spaces that a reader passes over */
	buf_init(&b, 4096);
	buf_init(&note, 4096);
	checkpoint_put(&c->checkpoint, &b);
	if (!str_eq(c->checkpoint.origin, c->out->origin) || !str_eq(buf_view(&b), text))
		found(c, ROW_CHECKPOINT, VERDICT_ALTERED, "checkpoint", 0, false, 0, "it is not in its one form, or another origin's");
	else
		c->has_checkpoint = true;
	buf_done(&b);
	buf_done(&note);
	if (c->has_checkpoint)
		c->out->checkpointed = c->checkpoint.size;
}

/* ---- the log */
static void note_named(struct check *c, struct str body)
{
	const struct value *v, *rows;
	struct arena *a = arena_new();
	struct err why;
	size_t i;

	err_init(&why);
	if (json_parse(a, body, &v, &why) == RC_OK && (rows = value_get(v, "rows")) != NULL && rows->type == VALUE_LIST) {
		c->named = mem_resize(c->named, (c->n_named + rows->n) * SHA256_BYTES);
		for (i = 0; i < rows->n; i++)
			if (hex_get(rows->items[i].text, c->named[c->n_named], SHA256_BYTES))
				c->n_named++;
	}
	arena_free(a);
}

static void keep_entry(struct check *c, const uint8_t *bytes)
{
	if (c->n == c->room) {
		c->room = c->room == 0 ? 4096 : c->room * 2;
		c->entries = mem_resize(c->entries, c->room * ENTRY_BYTES);
		c->level[0] = mem_resize(c->level[0], c->room * SHA256_BYTES);
	}
	memcpy(c->entries[c->n], bytes, ENTRY_BYTES);
	hash_leaf(bytes, ENTRY_BYTES, c->level[0][c->n]);
	c->n++;
}

static void keep_object(struct check *c, const uint8_t d[32])
{
	struct str *more;

	if (c->n_objects == c->room_objects) {
		c->room_objects = c->room_objects == 0 ? 64 : c->room_objects * 2;
		more = ARENA_ARRAY(c->a, c->room_objects, struct str);
		if (c->n_objects > 0)
			memcpy(more, c->objects, c->n_objects * sizeof(*more));
		c->objects = more;
	}
	c->objects[c->n_objects++] = hex_str(c->a, d, 32);
}

static void judge_part(struct check *c, uint64_t index, const struct part_row *row, uint64_t blob)
{
	struct str stored = str_bytes(c->blobs + blob, row->stored_n);
	const char *file = NULL;
	uint64_t offset = (uint64_t)(c->blobs - c->files.segments[c->segment].p) + blob;
	struct arena *a = NULL;
	enum verdict v;
	struct err why;
	char words[160];

	if (row->is_object) {
		struct str hex = hex_str(c->a, row->d, 32);

		keep_object(c, row->d);
		a = arena_new();
		err_init(&why);
		file = arena_z(c->a, arena_fmt(c->a, "obj/%.*s", STR_FMT(hex)));
		offset = 0;
		if (file_read(a, path_of(c, file), (size_t)2 << 30, &stored, &why) != RC_OK)
			stored = STR_NONE;
	}
	v = part_verdict(c->l, row, stored);
	c->out->checked[ROW_PARTS]++;
	c->out->parts++;
	c->out->erased += v == VERDICT_ERASED;
	if (v == VERDICT_UNFINISHED || v == VERDICT_UNSCRUBBED) {
		(void)snprintf(words, sizeof(words), "part %u of entry %llu: %s", row->i, (unsigned long long)index,
		    v == VERDICT_UNFINISHED ? "its erasure is not finished" : "erased, and its bytes are still there");
		notice(c, ROW_PARTS, file != NULL ? file : segment_name(c, c->segment), offset, words);
	} else if (v != VERDICT_INTACT && v != VERDICT_ERASED) {
		(void)snprintf(words, sizeof(words), "part %u: the stored bytes %s", row->i, v == VERDICT_MISSING ?
		    "are gone, and no erasure names them" : "are not those that were sealed");
		found(c, ROW_PARTS, v, file != NULL ? file : segment_name(c, c->segment), offset, true, index, words);
	}
	arena_free(a);
}

static enum rc see_entry(void *ctx, uint32_t i, const uint8_t *bytes, const struct entry *en, const uint8_t *rows,
    uint64_t blob, struct err *e)
{
	struct check *c = ctx;
	struct part_row row;
	unsigned k;
	enum rc rc;

	if (!c->judging) {
		keep_entry(c, bytes);
		if (en->n != 1 || (en->kind != KIND_KEYS && en->kind != KIND_ERASURE && en->kind != KIND_ERASED))
			return RC_OK;
		if ((rc = part_row_decode(rows, &row, e)) != RC_OK)
			return rc;
		if (row.is_object)
			return RC_OK;
		if (en->kind == KIND_KEYS)
			note_named(c, str_bytes(c->blobs + blob, row.stored_n));
		else
			ledger_note_erasure(c->l, en->kind, str_bytes(c->blobs + blob, row.stored_n));
		return RC_OK;
	}
	for (k = 0; k < en->n; k++) {
		if ((rc = part_row_decode(rows + (size_t)k * PART_ROW_BYTES, &row, e)) != RC_OK)
			return rc;
		judge_part(c, c->frame->first + i, &row, blob);
		blob += row.is_object ? 0 : row.stored_n;
	}
	return RC_OK;
}

static enum rc see_frame(void *ctx, size_t segment, uint64_t offset, const struct frame *f, const uint8_t *header,
    struct err *e)
{
	struct check *c = ctx;
	const struct frame_visitor v = { see_entry, c };

	c->segment = segment;
	c->offset = offset;
	c->frame = f;
	c->blobs = header + FRAME_HEADER_BYTES + f->meta_n;
	if (!c->judging) {
		c->out->frames++;
		c->out->checked[ROW_FRAMES]++;
	}
	return frame_walk(f, header + FRAME_HEADER_BYTES, &v, e);
}

static void told_end(struct check *c, const struct log_end *end)
{
	char words[300];
	const char *file = end->segment < c->files.n ? segment_name(c, end->segment) : "log/";

	if (end->state == LOG_TORN) {
		(void)snprintf(words, sizeof(words), "torn, %llu bytes: a write that a crash ended; the next writer takes them away",
		    (unsigned long long)end->torn);
		notice(c, ROW_FRAMES, file, end->offset, words);
	} else if (end->state == LOG_MISSING) {
		(void)snprintf(words, sizeof(words), "frame %llu is missing: the log ends before what was signed",
		    (unsigned long long)end->sequence);
		found(c, ROW_FRAMES, VERDICT_MISSING, file, end->offset, true, end->index, words);
	} else if (end->state == LOG_ALTERED) {
		(void)snprintf(words, sizeof(words), "frame %llu: %.200s", (unsigned long long)end->sequence, end->why);
		found(c, ROW_FRAMES, VERDICT_ALTERED, file, end->offset, true, end->index, words);
	}
}

static enum rc read_log(struct check *c, struct log_end *end, struct err *e)
{
	const struct log_visitor v = { see_frame, c };
	const struct key_use wal = { .type = KEY_WAL };
	uint64_t size = c->has_head ? c->head.size : 0;
	enum rc rc;

	if (c->has_checkpoint && c->checkpoint.size > size)
		size = c->checkpoint.size;
	rc = log_scan(&c->files, c->out->origin, c->keys != NULL ? keyring_find(c->keys, &wal) : NULL, size, &v, end, e);
	if (rc != RC_OK)
		return rc;
	told_end(c, end);
	c->judging = true;                              /* now that every erasure is known */
	rc = log_scan(&c->files, c->out->origin, NULL, size, &v, end, e);
	c->out->entries = c->n;
	return rc;
}

/* ---- tree */
static void build_levels(struct check *c)
{
	uint64_t n = c->n, i;
	unsigned level, k;

	for (level = 1; level < TREE_LEVELS && n >= TILE_WIDTH; level++) {
		n /= TILE_WIDTH;
		c->level[level] = mem_alloc(n * SHA256_BYTES);
		for (i = 0; i < n; i++) {
			uint8_t h[TILE_WIDTH][SHA256_BYTES];
			size_t width = TILE_WIDTH;

			memcpy(h, c->level[level - 1][i * TILE_WIDTH], sizeof(h));
			for (; width > 1; width /= 2)
				for (k = 0; k < width / 2; k++)
					hash_node(h[2 * k], h[2 * k + 1], h[k]);
			memcpy(c->level[level][i], h[0], SHA256_BYTES);
		}
	}
}

static bool root_at(struct check *c, uint64_t size, uint8_t out[SHA256_BYTES])
{
	struct tree *t;
	struct err why;
	uint64_t i;
	bool ok = size <= c->n;

	err_init(&why);
	t = mem_alloc(sizeof(*t));
	tree_init(t);
	for (i = 0; ok && i < size; i++)
		ok = tree_add(t, c->level[0][i], NULL, &why) == RC_OK;
	if (ok)
		tree_root(t, out);
	mem_free(t);
	return ok;
}

static void check_roots(struct check *c, const struct log_end *end)
{
	uint8_t root[SHA256_BYTES];

	if (c->has_head && root_at(c, c->head.size, root) && memcmp(root, c->head.root, 32) != 0)
		found(c, ROW_HEAD, VERDICT_ALTERED, "head", 32, false, 0, "its root is not that of the log");
	if (c->has_head && c->head.size == end->index && c->head.next_sequence == end->sequence &&
	    (memcmp(c->head.chain, end->chain, 32) != 0 || memcmp(c->head.mac, end->mac, 16) != 0))
		found(c, ROW_HEAD, VERDICT_ALTERED, "head", 64, false, 0, "its chain or MAC is not that of the last frame");
	if (c->has_checkpoint && root_at(c, c->checkpoint.size, root) && memcmp(root, c->checkpoint.root, 32) != 0)
		found(c, ROW_CHECKPOINT, VERDICT_ALTERED, "checkpoint", 0, false, 0, "its root is not that of the log");
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
		if (group.n == 4 && group.p[0] == 'x' && num_u64(str_sub(group, 1, 3), 999, &v)) {
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
		if (group.n != 3 || !num_u64(group, 999, &v))
			return false;
		*n += v;
	}
	return true;
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

static void check_tile(struct check *c, struct str path)
{
	const char *file = arena_z(c->a, arena_fmt(c->a, "tile/%.*s", STR_FMT(path)));
	struct arena *a = arena_new();
	struct str bytes;
	uint8_t want[TILE_WIDTH * (2 + ENTRY_BYTES)];
	size_t want_n = 0, i;
	unsigned width;
	uint64_t n, have;
	struct err why;
	int level;

	err_init(&why);
	if (!tile_number(path, &level, &n, &width)) {
		found(c, ROW_FOREIGN, VERDICT_ALTERED, file, 0, false, 0, "no tile has this name");
		goto out;
	}
	c->out->checked[ROW_TILES]++;
	have = level < 0 ? c->n : c->n >> (8 * level);
	if (n > have / TILE_WIDTH || n * TILE_WIDTH + width > have) {
		found(c, ROW_TILES, VERDICT_ALTERED, file, 0, false, 0, "the log has no entries for this tile");
		goto out;
	}
	for (i = 0; i < width; i++) {
		if (level < 0) {
			put_u16(want + want_n, ENTRY_BYTES);
			memcpy(want + want_n + 2, c->entries[n * TILE_WIDTH + i], ENTRY_BYTES);
			want_n += 2 + ENTRY_BYTES;
		} else {
			memcpy(want + want_n, c->level[level][n * TILE_WIDTH + i], SHA256_BYTES);
			want_n += SHA256_BYTES;
		}
	}
	if (file_read(a, path_of(c, file), sizeof(want) * 2, &bytes, &why) != RC_OK) {
		found(c, ROW_TILES, VERDICT_ALTERED, file, 0, false, 0, why.msg);
		goto out;
	}
	for (i = 0; i < bytes.n && i < want_n && (uint8_t)bytes.p[i] == want[i]; i++)
		;
	if (i < want_n || bytes.n != want_n) {
		uint64_t entry = level < 0 ? n * TILE_WIDTH + i / (2 + ENTRY_BYTES) : n * TILE_WIDTH + i / SHA256_BYTES;

		if (is_unsynced(c, level, n, width, bytes, want, want_n))
			notice(c, ROW_TILES, file, i, "a crash kept it from being written whole; no checkpoint needs it yet, and the next "
			    "writer writes it anew");
		else
			found(c, ROW_TILES, VERDICT_ALTERED, file, i, level <= 0 && entry < c->n, entry,
			    "it is not what the log's entries give");
	}
out:
	arena_free(a);
}

static enum rc walk(struct check *c, const char *folder, void (*each)(struct check *, struct str), size_t skip, struct err *e)
{
	struct str *names;
	struct stat st;
	size_t n, i;
	enum rc rc;

	if ((rc = folder_list(c->a, path_of(c, folder), FILES_MAX, &names, &n, e)) != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	for (i = 0; i < n; i++) {
		const char *name = arena_z(c->a, arena_fmt(c->a, "%s/%.*s", folder, STR_FMT(names[i])));

		if (lstat(path_of(c, name), &st) == 0 && S_ISDIR(st.st_mode)) {
			if ((rc = walk(c, name, each, skip, e)) != RC_OK)
				return rc;
			continue;
		}
		if (str_ends(names[i], STR(".tmp"))) {
			notice(c, ROW_FOREIGN, name, 0, "left over by a crash; it can be removed");
			continue;
		}
		each(c, str_sub(str_z(name), skip, strlen(name)));
	}
	return RC_OK;
}

static void need_tile(struct check *c, int level, uint64_t n, unsigned width)
{
	char path[LIMIT_PATH];

	tile_path(c->dir, level, n, width, path);
	if (!file_exists(path))
		found(c, ROW_TILES, VERDICT_MISSING, arena_z(c->a, str_sub(str_z(path), strlen(c->dir) + 1, strlen(path))), 0, level < 0,
		    n * TILE_WIDTH, "the newest checkpoint needs it");
}

static enum rc check_tiles(struct check *c, struct err *e)
{
	uint64_t size = c->has_checkpoint && c->checkpoint.size <= c->n ? c->checkpoint.size : 0, i, full;
	unsigned level;
	enum rc rc;

	if ((rc = walk(c, "tile", check_tile, 5, e)) != RC_OK)
		return rc;
	for (level = 0; level < TREE_LEVELS; level++) {
		full = level == 7 ? 0 : size >> (8 * level) >> 8;
		for (i = 0; i < full; i++)
			need_tile(c, (int)level, i, 0);
		if (tile_partial(size, level) > 0)
			need_tile(c, (int)level, full, tile_partial(size, level));
		if (level > 0)
			continue;
		for (i = 0; i < full; i++)
			need_tile(c, -1, i, 0);
		if (tile_partial(size, 0) > 0)
			need_tile(c, -1, full, tile_partial(size, 0));
	}
	return RC_OK;
}

/* ---- keys, objects, the rest */
static bool is_named(const struct check *c, const uint8_t h[SHA256_BYTES])
{
	size_t i;

	for (i = 0; i < c->n_named; i++)
		if (memcmp(c->named[i], h, SHA256_BYTES) == 0)
			return true;
	return false;
}

static void check_page(struct check *c, struct str name)
{
	const char *file = arena_z(c->a, arena_fmt(c->a, "keys/%.*s", STR_FMT(name)));
	struct arena *a = arena_new();
	struct key_page page;
	struct str bytes;
	uint8_t h[SHA256_BYTES];
	uint64_t number;
	struct err why;
	size_t i;

	err_init(&why);
	if (name.n != 12 || !str_ends(name, STR(".tmk")) || !num_u64(str_sub(name, 0, 8), UINT32_MAX, &number)) {
		found(c, ROW_FOREIGN, VERDICT_ALTERED, file, 0, false, 0, "no key page has this name");
		goto out;
	}
	c->out->checked[ROW_KEYS]++;
	if (file_read(a, path_of(c, file), KEY_PAGE_BYTES * 2, &bytes, &why) != RC_OK ||
	    key_page_decode(bytes, &page, &why) != RC_OK) {
		found(c, ROW_KEYS, VERDICT_ALTERED, file, 0, false, 0, why.msg);
		goto out;
	}
	if (page.number != number)
		found(c, ROW_KEYS, VERDICT_ALTERED, file, 4, false, 0, "its number is not that of its name");
	for (i = 0; i < page.n; i++) {
		sha256(page.rows + i * KEY_ROW_BYTES, KEY_ROW_BYTES, h);
		if (is_named(c, h))
			c->rows_matched++;
		else if (c->n_strange < STRANGE_MAX)
			c->strange[c->n_strange++] = (struct strange){ file, 32 + i * KEY_ROW_BYTES };
	}
out:
	arena_free(a);
}

/* A row that no entry names is what a crash left, unless a row that an entry names is not there: then it is that one,
 * altered. */
static void judge_rows(struct check *c)
{
	bool some_missing = c->rows_matched < c->n_named;
	size_t i;

	for (i = 0; i < c->n_strange; i++) {
		if (some_missing)
			found(c, ROW_KEYS, VERDICT_ALTERED, c->strange[i].file, c->strange[i].offset, false, 0, "no entry names this row");
		else
			notice(c, ROW_KEYS, c->strange[i].file, c->strange[i].offset, "a key row that a crash left; the next writer "
			    "counts it out");
	}
	if (some_missing && c->n_strange == 0)
		found(c, ROW_KEYS, VERDICT_MISSING, "keys", 0, false, 0, "key rows that entries name are gone");
}

static void check_object(struct check *c, struct str name)
{
	size_t i;

	for (i = 0; i < c->n_objects; i++)
		if (str_eq(c->objects[i], name))
			return;
	notice(c, ROW_FOREIGN, arena_z(c->a, arena_fmt(c->a, "obj/%.*s", STR_FMT(name))), 0, "no entry names this object: left by a "
	    "crash, or put there");
}

static void check_anchor(struct check *c, struct str name)
{
	found(c, ROW_FOREIGN, VERDICT_ALTERED, arena_z(c->a, arena_fmt(c->a, "anchors/%.*s", STR_FMT(name))), 0, false, 0,
	    "nothing that Tickmark wrote");
}

static enum rc check_foreign(struct check *c, struct err *e)
{
	static const char *const ours[] = { "anchors", "checkpoint", "demo.tickmark-key", "head", "keys", "lock", "log", "obj",
		"state.db", "state.db-journal", "state.db-shm", "state.db-wal", "tile" };
	struct str *names;
	struct stat st;
	size_t n, i, k;
	uint64_t sequence;
	enum rc rc;

	if ((rc = folder_list(c->a, c->dir, FILES_MAX, &names, &n, e)) != RC_OK)
		return rc;
	for (i = 0; i < n; i++) {
		for (k = 0; k < ARRAY_LEN(ours) && !str_is(names[i], ours[k]); k++)
			;
		c->out->checked[ROW_FOREIGN]++;
		if (k == ARRAY_LEN(ours) && str_ends(names[i], STR(".tmp")))
			notice(c, ROW_FOREIGN, arena_z(c->a, names[i]), 0, "left over by a crash; it can be removed");
		else if (k == ARRAY_LEN(ours))
			found(c, ROW_FOREIGN, VERDICT_ALTERED, arena_z(c->a, names[i]), 0, false, 0, "nothing that Tickmark wrote");
	}
	if (stat(path_of(c, "lock"), &st) == 0 && st.st_size != 0)
		found(c, ROW_FOREIGN, VERDICT_ALTERED, "lock", 0, false, 0, "it holds bytes, and is empty always");
	if ((rc = folder_list(c->a, path_of(c, "log"), FILES_MAX, &names, &n, e)) != RC_OK)
		return rc;
	for (i = 0; i < n; i++)
		if (names[i].n != 24 || !str_ends(names[i], STR(".seg")) || !num_u64(str_sub(names[i], 0, 20), UINT64_MAX, &sequence))
			found(c, ROW_FOREIGN, VERDICT_ALTERED, arena_z(c->a, arena_fmt(c->a, "log/%.*s", STR_FMT(names[i]))), 0, false, 0,
			    "no segment has this name");
	if ((rc = walk(c, "obj", check_object, 4, e)) != RC_OK)
		return rc;
	return walk(c, "anchors", check_anchor, 8, e);
}

static enum rc load_keys(struct check *c, struct err *e)
{
	struct secret kek;
	struct str page;
	struct err why;
	char name[64];
	size_t i;
	enum rc rc;

	if (c->how->provider == NULL)
		return RC_OK;
	if ((rc = provider_generation_key(c->how->provider, c->how->provider->generation, &kek, e)) != RC_OK)
		return rc;
	c->keys = keyring_new(c->how->provider->generation, &kek);
	secret_done(&kek);
	for (i = 0;; i++) {
		err_init(&why);
		(void)snprintf(name, sizeof(name), "keys/%08zu.tmk", i);
		if (!file_exists(path_of(c, name)))
			return RC_OK;
		rc = file_read(c->a, path_of(c, name), KEY_PAGE_BYTES, &page, &why);
		if (rc == RC_OK && (rc = keyring_load(c->keys, page, &why)) == RC_LOCKED)
			return err_set(e, rc, "%s; without the key verify looks at what it can: --without-key", why.msg);
		if (rc != RC_OK) {
			found(c, ROW_KEYS, VERDICT_ALTERED, arena_z(c->a, str_z(name)), 0, false, 0, why.msg);
			return RC_OK;
		}
	}
}

static enum rc pin(struct check *c, struct err *e)
{
	struct checkpoint held;
	struct note_key k;
	struct str text;
	struct err why;
	uint8_t root[32];
	enum rc rc;

	if (c->how->since.p == NULL)
		return RC_OK;
	if ((rc = note_key_parse(c->how->vkey, &k, e)) != RC_OK)
		return rc;
	err_init(&why);
	if (note_open(c->how->since, &k, &text, &why) != RC_OK || checkpoint_parse(text, &held, &why) != RC_OK)
		return err_set(e, RC_INVALID, "the checkpoint held elsewhere does not verify under the key that was given: %s", why.msg);
	if (held.size > c->n)
		found(c, ROW_CHECKPOINT, VERDICT_MISSING, "log/", 0, true, c->n, "the checkpoint held elsewhere covers more entries");
	else if (!root_at(c, held.size, root) || memcmp(root, held.root, 32) != 0)
		found(c, ROW_CHECKPOINT, VERDICT_ALTERED, "log/", 0, false, 0, "the log is not the one that was signed then: its history "
		    "was rewritten");
	else
		c->out->pinned = true;
	return RC_OK;
}

static enum rc check_all(struct check *c, struct err *e)
{
	const struct value *policy;
	struct str body;
	struct log_end end;
	struct err why;
	enum rc rc;

	if ((rc = log_map(c->a, c->dir, &c->files, e)) != RC_OK)
		return rc;
	err_init(&why);
	if (log_origin(c->a, &c->files, &c->out->origin, &body, &why) != RC_OK || json_parse(c->a, body, &policy, &why) != RC_OK ||
	    note_key_parse(value_text(policy, "vkey"), &c->key, &why) != RC_OK) {
		found(c, ROW_FRAMES, VERDICT_ALTERED, c->files.n > 0 ? segment_name(c, 0) : "log/", 0, true, 0, why.msg);
		return RC_OK;
	}
	c->out->vkey = value_text(policy, "vkey");
	read_head(c);
	read_checkpoint(c);
	if ((rc = load_keys(c, e)) != RC_OK || (rc = read_log(c, &end, e)) != RC_OK)
		return rc;
	build_levels(c);
	check_roots(c, &end);
	if ((rc = pin(c, e)) != RC_OK || (rc = check_tiles(c, e)) != RC_OK || (rc = walk(c, "keys", check_page, 5, e)) != RC_OK)
		return rc;
	judge_rows(c);
	return check_foreign(c, e);
}

enum rc ledger_verify(const char *dir, struct arena *a, const struct verify_how *how, struct verify_outcome *out,
    struct err *e)
{
	struct check c = { .dir = dir, .a = a, .how = how, .out = out };
	unsigned i;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	c.l = mem_alloc(sizeof(*c.l));
	rc = check_all(&c, e);
	log_unmap(&c.files);
	keyring_free(c.keys);
	mem_free(c.entries);
	mem_free(c.named);
	for (i = 0; i < TREE_LEVELS; i++)
		mem_free(c.level[i]);
	mem_free(c.l->erased);
	mem_free(c.l->intended);
	mem_free(c.l);
	return rc;
}

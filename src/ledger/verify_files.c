/* verify_files: every file but log and tiles: head and its copy, checkpoint, key pages, key files, objects, anchors, and
 * what belongs to nobody. */
#include "ledger/verify_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

enum { NAMES_MAX = 1 << 22, HEAD_SIZE = 24, HEAD_ROOT = 32, HEAD_CHAIN = 64, HEAD_MAC = 96, FRAME_MAC = 80, PAGE_HEADER = 32 };

/* ---- head and checkpoint as files */
static bool head_file(struct check *c, const char *path, const char *file, bool is_copy, struct head *out)
{
	struct str bytes;
	struct err why;
	enum rc rc;

	err_init(&why);
	rc = file_read(c->a, path, HEAD_BYTES * 2, &bytes, &why);
	if (rc == RC_NOT_FOUND && is_copy) {
		verify_notice(c, ROW_HEAD, file, 0, "the head's copy is not there: a folder put back from an older copy would not be "
		    "noticed; the next checkpoint makes it");
		return false;
	}
	c->out->checked[ROW_HEAD]++;
	if (rc != RC_OK) {
		verify_found(c, ROW_HEAD, rc == RC_NOT_FOUND ? VERDICT_MISSING : VERDICT_ALTERED, file, 0, why.msg);
		return false;
	}
	if (head_decode(bytes, out, &why) == RC_OK)
		return true;
	verify_found(c, ROW_HEAD, VERDICT_ALTERED, file, 0, why.msg);
	return false;
}

void verify_head_read(struct check *c)
{
	c->has_head = head_file(c, verify_path(c, "head"), "head", false, &c->head);
}

/* The file in its one form: text, blank line, the log's own signature, and nothing else.  note_open passes over lines of
 * signers that it does not know. */
static bool is_one_form(struct check *c, struct str note, struct str text)
{
	struct str line = str_sub(note, text.n + 1, note.n), start;
	uint8_t blob[4 + ED25519_BYTES + 1];
	struct buf b;
	size_t n;
	bool same;

	buf_init(&b, 2 * NOTE_MAX);
	buf_fmt(&b, "\xe2\x80\x94 %s ", c->key.name);
	start = buf_view(&b);
	same = str_starts(line, start) && line.n > start.n &&
	    base64_get(str_sub(line, start.n, line.n - start.n - 1), blob, sizeof(blob), &n) && n == 4 + ED25519_BYTES;
	buf_clear(&b);
	if (same) {
		checkpoint_put(&c->checkpoint, &b);
		buf_fmt(&b, "\n\xe2\x80\x94 %s ", c->key.name);
		buf_base64(&b, blob, n);
		buf_c(&b, '\n');
		same = str_eq(buf_view(&b), note);
	}
	buf_done(&b);
	return same;
}

void verify_checkpoint_read(struct check *c)
{
	struct str bytes, text;
	struct err why;
	enum rc rc;

	err_init(&why);
	c->out->checked[ROW_CHECKPOINT]++;
	if ((rc = file_read(c->a, verify_path(c, "checkpoint"), NOTE_MAX, &bytes, &why)) != RC_OK)
		verify_found(c, ROW_CHECKPOINT, rc == RC_NOT_FOUND ? VERDICT_MISSING : VERDICT_ALTERED, "checkpoint", 0, why.msg);
	else if (note_open(bytes, &c->key, &text, &why) != RC_OK || checkpoint_parse(text, &c->checkpoint, &why) != RC_OK)
		verify_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, "checkpoint", 0, why.msg);
	else if (!str_eq(c->checkpoint.origin, c->out->origin))
		verify_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, "checkpoint", 0, "it is another origin's");
	else {
		c->has_checkpoint = true;
		c->out->checkpointed = c->checkpoint.size;
		if (!is_one_form(c, bytes, text))
			verify_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, "checkpoint", 0, "its text is signed, and it holds more than text "
			    "and signature");
	}
}

/* ---- head, copy and checkpoint against the log */
static void head_fits(struct check *c)
{
	uint8_t root[SHA256_BYTES];

	if (c->has_checkpoint && c->head.size < c->checkpoint.size)
		verify_found(c, ROW_HEAD, VERDICT_ALTERED, "head", HEAD_SIZE, "it is older than the newest checkpoint");
	if (verify_root(c, c->head.size, root) && memcmp(root, c->head.root, SHA256_BYTES) != 0)
		verify_found(c, ROW_HEAD, VERDICT_ALTERED, "head", HEAD_ROOT, "its root is not that of the log");
	if (!c->at_head) {
		if (c->log_whole && c->head.size <= c->n)
			verify_found(c, ROW_HEAD, VERDICT_ALTERED, "head", HEAD_SIZE, "no frame ends where it says");
		return;
	}
	if (c->head.next_sequence != c->head_next)
		verify_found(c, ROW_HEAD, VERDICT_ALTERED, "head", 16, "its sequence is not that of the log");
	else if (memcmp(c->head.chain, c->head_chain, SHA256_BYTES) != 0)
		verify_found(c, ROW_HEAD, VERDICT_ALTERED, "head", HEAD_CHAIN, "its chain is not that of the log");
	else if (memcmp(c->head.mac, c->head_mac, 16) == 0)
		return;
	else if (c->keys != NULL)
		verify_found(c, ROW_HEAD, VERDICT_ALTERED, "head", HEAD_MAC, "its MAC is not that of the log");
	else                            /* the head has a checksum, and without the key the frame's MAC has nothing else */
		verify_found_in(c, ROW_FRAMES, VERDICT_ALTERED, c->head_segment, c->head_at + FRAME_MAC, c->head_first,
		    "the frame's MAC is not the one that the head has");
}

static void copy_fits(struct check *c)
{
	char path[LIMIT_PATH];
	uint8_t root[SHA256_BYTES];
	const char *file;
	struct head copy;

	file_beside(c->dir, ".tickmark-head", path);
	file = arena_z(c->a, arena_fmt(c->a, "..%s", strrchr(path, '/') != NULL ? strrchr(path, '/') : path));
	if (!head_file(c, path, file, true, &copy))
		return;
	if (copy.size > c->n && !c->out->log_unread)
		verify_found_in(c, ROW_HEAD, VERDICT_MISSING, file, HEAD_SIZE, c->n, "it says that there were more entries: the folder "
		    "was put back from an older copy, or its end is gone");
	else if (c->has_head && copy.size > c->head.size)
		verify_found(c, ROW_HEAD, VERDICT_ALTERED, "head", HEAD_SIZE, "it is older than its copy beside the folder");
	else if (verify_root(c, copy.size, root) && memcmp(root, copy.root, SHA256_BYTES) != 0)
		verify_found(c, ROW_HEAD, VERDICT_ALTERED, file, HEAD_ROOT, "its root is not that of the log: it is another ledger's, or "
		    "the log was written anew");
	else if (c->has_head && copy.size == c->head.size && (memcmp(copy.chain, c->head.chain, SHA256_BYTES) != 0 ||
	    memcmp(copy.mac, c->head.mac, 16) != 0 || copy.next_sequence != c->head.next_sequence))
		verify_found(c, ROW_HEAD, VERDICT_ALTERED, file, HEAD_CHAIN, "it is not the head's copy");
}

void verify_heads(struct check *c)
{
	uint8_t root[SHA256_BYTES];

	if (c->has_head)
		head_fits(c);
	copy_fits(c);
	if (c->has_checkpoint && verify_root(c, c->checkpoint.size, root) && memcmp(root, c->checkpoint.root, SHA256_BYTES) != 0)
		verify_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, "checkpoint", 0, "its root is not that of the log");
}

/* ---- key pages */
struct pages {
	struct key_page *p;             /* by number; no rows where none is */
	const char **file;              /* NULL: there is none */
	size_t n, room;
};

static void page_judge(struct check *c, const char *file, const struct key_page *page)
{
	uint64_t at = (uint64_t)page->number * KEY_PAGE_ROWS, named;
	uint8_t h[SHA256_BYTES];
	size_t i;

	if ((c->n_named > 0 || c->n_pages > 0) && !c->names_lost && page->generation != c->key_generation)
		verify_found(c, ROW_KEYS, VERDICT_ALTERED, file, 8, "its key generation is not the one that the log names");
	for (i = 0; i < page->n; i++, at++) {
		const uint8_t *row = page->rows + i * KEY_ROW_BYTES;
		const uint64_t offset = PAGE_HEADER + i * KEY_ROW_BYTES;

		if (at < c->rolled || c->names_lost)
			continue;
		named = at - c->rolled;
		sha256(row, KEY_ROW_BYTES, h);
		if (named < c->n_named && memcmp(h, c->named[named], SHA256_BYTES) == 0)
			continue;
		if (row[0] == KEY_NONE && c->l->n_intended > c->l->n_erased)
			verify_notice(c, ROW_KEYS, file, offset, "an erased key row; its erasure is not finished");
		else if (named < c->n_named)
			verify_found(c, ROW_KEYS, VERDICT_ALTERED, file, offset, "the row is not the one that the log names");
		else if (row[0] == KEY_NONE)
			verify_found(c, ROW_KEYS, VERDICT_ALTERED, file, 12, "it counts rows that nobody made");
		else
			verify_notice(c, ROW_KEYS, file, offset, "a key row that a crash left; the next writer counts it out");
	}
}

/* The rows that the newest roll packed, page by page. */
static void rolled_fit(struct check *c, const struct pages *p)
{
	uint8_t rows[KEY_PAGE_ROWS * KEY_ROW_BYTES], bytes[KEY_PAGE_BYTES], h[SHA256_BYTES];
	size_t k, n;

	for (k = 0; k < c->n_pages && k < p->n && !c->names_lost; k++) {
		n = c->rolled > k * KEY_PAGE_ROWS ? c->rolled - k * KEY_PAGE_ROWS : 0;
		n = n > KEY_PAGE_ROWS ? KEY_PAGE_ROWS : n;
		if (p->file[k] == NULL || p->p[k].n < n)
			continue;               /* told as missing */
		if (n > 0)
			memcpy(rows, p->p[k].rows, n * KEY_ROW_BYTES);
		key_page_encode((uint32_t)k, c->key_generation, rows, n, bytes);
		sha256(bytes, sizeof(bytes), h);
		if (memcmp(h, c->pages[k], SHA256_BYTES) != 0 && c->l->n_intended <= c->l->n_erased)
			verify_found(c, ROW_KEYS, VERDICT_ALTERED, p->file[k], PAGE_HEADER, "its rows are not those of the newest roll");
	}
}

/* Rows that the log names and that belong on this page. */
static size_t rows_named(const struct check *c, uint64_t number)
{
	uint64_t rows = c->rolled + c->n_named, before = number * KEY_PAGE_ROWS;

	return rows <= before ? 0 : rows - before > KEY_PAGE_ROWS ? KEY_PAGE_ROWS : (size_t)(rows - before);
}

static void pages_missing(struct check *c, const struct pages *p)
{
	uint64_t k;
	size_t n;

	for (k = 0; k < p->n || (!c->names_lost && rows_named(c, k) > 0); k++) {
		n = c->names_lost ? 0 : rows_named(c, k);
		if (k >= p->n || p->file[k] == NULL) {
			if (k >= p->n || !p->p[k].n)    /* n: it is there and does not read, which was told */
				verify_found(c, ROW_KEYS, VERDICT_MISSING, arena_z(c->a, arena_fmt(c->a, "keys/%08llu.tmk",
				    (unsigned long long)k)), 0, "the log names rows of this key page, and it is not there");
		} else if (p->p[k].n < n) {
			verify_found(c, ROW_KEYS, VERDICT_MISSING, p->file[k], 12, "the log names more rows than it holds");
		}
	}
}

/* Where a page that does not decode is not as it was written. */
static uint64_t page_where(const struct check *c, struct str bytes, uint64_t number)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	uint32_t generation, n;
	struct key_row row;
	uint64_t at;

	if (bytes.n != KEY_PAGE_BYTES || memcmp(p, "TMK1", 4) != 0)
		return 0;
	generation = get_u32(p + 8);
	n = get_u32(p + 12);
	if (n > KEY_PAGE_ROWS || (!c->names_lost && n < rows_named(c, number)))
		return 12;
	if (!c->names_lost && generation != c->key_generation)
		return 8;
	if (!all_zero(p + 16, 16))
		return 16;
	for (at = PAGE_HEADER; at < PAGE_HEADER + (uint64_t)n * KEY_ROW_BYTES; at += KEY_ROW_BYTES)
		if (key_row_decode(p + at, &row, NULL) != RC_OK || (row.use.type != KEY_NONE && row.generation != generation))
			return at;
	for (; at < KEY_PAGE_BYTES && p[at] == 0; at++)
		;
	return at;
}

static void page_add(struct check *c, struct pages *p, const char *file, uint64_t number)
{
	struct str bytes;
	struct err why;

	err_init(&why);
	c->out->checked[ROW_KEYS]++;
	if (number >= p->room)
		return;
	p->n = number + 1 > p->n ? (size_t)number + 1 : p->n;
	p->p[number].n = 1;
	if (file_read(c->a, verify_path(c, file), KEY_PAGE_BYTES * 2, &bytes, &why) != RC_OK)
		verify_found(c, ROW_KEYS, VERDICT_ALTERED, file, 0, why.msg);
	else if (key_page_decode(bytes, &p->p[number], &why) != RC_OK)
		verify_found(c, ROW_KEYS, VERDICT_ALTERED, file, page_where(c, bytes, number), why.msg);
	else if (p->p[number].number != number)
		verify_found(c, ROW_KEYS, VERDICT_ALTERED, file, 4, "its number is not that of its name");
	else
		p->file[number] = file;
}

enum rc verify_pages(struct check *c, struct err *e)
{
	struct pages p = { 0 };
	struct str *names;
	uint64_t number;
	size_t n, i, rows = 0;
	bool sound = true;
	enum rc rc;

	if ((rc = folder_list(c->a, verify_path(c, "keys"), NAMES_MAX, &names, &n, e)) != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	if (rc == RC_NOT_FOUND)
		n = 0;
	err_init(e);
	p.room = n + 64;
	p.p = ARENA_ARRAY(c->a, p.room, struct key_page);
	p.file = ARENA_ARRAY(c->a, p.room, const char *);
	for (i = 0; i < n; i++) {
		const char *file = arena_z(c->a, arena_fmt(c->a, "keys/%.*s", STR_FMT(names[i])));

		if (str_ends(names[i], STR(".tmp")))
			verify_notice(c, ROW_FOREIGN, file, 0, "left over by a crash; it can be removed");
		else if (names[i].n != 12 || !str_ends(names[i], STR(".tmk")) || !num_u64(str_sub(names[i], 0, 8), UINT32_MAX, &number) ||
		    number >= p.room)
			verify_found(c, ROW_FOREIGN, VERDICT_ALTERED, file, 0, "no key page has this name");
		else
			page_add(c, &p, file, number);
	}
	for (i = 0; i < p.n; i++) {
		if (p.file[i] == NULL) {
			sound = false;
			continue;
		}
		page_judge(c, p.file[i], &p.p[i]);
		rows += p.p[i].n;
	}
	rolled_fit(c, &p);
	pages_missing(c, &p);
	if (c->keys != NULL && sound && keyring_rows(c->keys) < rows)
		verify_found(c, ROW_KEYS, VERDICT_ALTERED, p.file[keyring_rows(c->keys) / KEY_PAGE_ROWS], PAGE_HEADER,
		    "a row does not unwrap under this key");
	return RC_OK;
}

/* ---- key files */
static void key_file_fits(struct check *c, const char *path, const char *file)
{
	struct key_file f;
	struct str bytes;
	struct err why;

	if (!file_exists(path))
		return;                         /* it may be kept anywhere */
	err_init(&why);
	c->out->checked[ROW_HEAD]++;
	if (file_read(c->a, path, KEY_FILE_BYTES * 2, &bytes, &why) != RC_OK || key_file_decode(bytes, &f, &why) != RC_OK)
		verify_found(c, ROW_HEAD, VERDICT_ALTERED, file, 0, why.msg);
	else if (c->how->provider != NULL && memcmp(f.organization, c->how->provider->organization, 16) != 0)
		verify_found(c, ROW_HEAD, VERDICT_ALTERED, file, 40, "it is another organization's");
}

/* ---- the rest */
static int by_digest(const void *a, const void *b) { return memcmp(a, b, SHA256_BYTES); }

static void check_object(struct check *c, struct str name)
{
	const char *file = arena_z(c->a, arena_fmt(c->a, "obj/%.*s", STR_FMT(name)));
	struct arena *a;
	struct str bytes, hex;
	uint8_t d[SHA256_BYTES], h[SHA256_BYTES];
	struct err why;

	if (!hex_get(name, d, sizeof(d)) || !str_eq(hex = hex_str(c->a, d, sizeof(d)), name)) {
		verify_found(c, ROW_FOREIGN, VERDICT_ALTERED, file, 0, "no object has this name");
		return;
	}
	if (c->n_objects > 0 && bsearch(d, c->objects, c->n_objects, SHA256_BYTES, by_digest) != NULL)
		return;
	a = arena_new();
	err_init(&why);
	if (file_read(a, verify_path(c, file), (size_t)2 << 30, &bytes, &why) != RC_OK)
		bytes = STR_NONE;
	sha256(bytes.p, bytes.n, h);
	arena_free(a);
	if (memcmp(h, d, sizeof(d)) != 0)
		verify_found(c, ROW_FOREIGN, VERDICT_ALTERED, file, 0, "no entry names this object, and its name is not its digest");
	else if (c->log_whole)                  /* else the entry that names it may stand where the log cannot be read */
		verify_notice(c, ROW_FOREIGN, file, 0, "no entry names this object: left by a crash, or put there");
}

/* A head as it was signed once: it must be one of this ledger's. */
static const char *kept_head(struct check *c, struct str bytes, uint64_t size)
{
	uint8_t root[SHA256_BYTES];
	struct checkpoint kept;
	struct str text;
	struct err why;

	err_init(&why);
	if (note_open(bytes, &c->key, &text, &why) != RC_OK || checkpoint_parse(text, &kept, &why) != RC_OK)
		return arena_z(c->a, str_z(why.msg));
	if (kept.size != size)
		return "it is a head of another size than its name says";
	if (size > c->n)
		return c->out->log_unread ? NULL : "it covers more entries than there are: some are gone";
	if (!verify_root(c, size, root) || memcmp(root, kept.root, SHA256_BYTES) != 0)
		return "the log is not the one that was signed then: its history was rewritten";
	return NULL;
}

static const char *time_stamp(struct check *c, struct str name, struct str bytes, uint64_t size)
{
	struct anchor k = { .size = size, .name = name }, *more;
	const char *head = arena_z(c->a, arena_fmt(c->a, "anchors/%llu.checkpoint", (unsigned long long)size));
	uint8_t digest[SHA256_BYTES];
	struct str signed_head;
	struct err why;

	err_init(&why);
	if (stamp_read(c->a, bytes, c->how->trusted, &k.stamp, &why) != RC_OK)
		return arena_z(c->a, str_z(why.msg));
	if (!str_eq(bytes, k.stamp.token))
		return "it is not in the one form that a time stamp has";
	if (file_read(c->a, verify_path(c, head), NOTE_MAX, &signed_head, &why) != RC_OK)
		return "the head that it is over is not there";
	sha256(signed_head.p, signed_head.n, digest);
	if (memcmp(digest, k.stamp.digest, SHA256_BYTES) != 0)
		return "it is over something else than the head beside it";
	more = ARENA_ARRAY(c->a, c->out->n_stamps + 1, struct anchor);
	if (c->out->n_stamps > 0)
		memcpy(more, c->out->stamps, c->out->n_stamps * sizeof(*more));
	more[c->out->n_stamps++] = k;
	c->out->stamps = more;
	return NULL;
}

static void check_anchor(struct check *c, struct str name)
{
	const char *file = arena_z(c->a, arena_fmt(c->a, "anchors/%.*s", STR_FMT(name))), *bad;
	uint64_t size, number;
	struct str bytes;
	struct err why;

	err_init(&why);
	c->out->checked[ROW_CHECKPOINT]++;
	if (!anchor_name(name, &size, &number))
		bad = "nothing that Tickmark wrote";
	else if (file_read(c->a, verify_path(c, file), NOTE_MAX, &bytes, &why) != RC_OK)
		bad = arena_z(c->a, str_z(why.msg));
	else
		bad = number == 0 ? kept_head(c, bytes, size) : time_stamp(c, name, bytes, size);
	if (bad != NULL)
		verify_found(c, ROW_FOREIGN, VERDICT_ALTERED, file, 0, bad);
}

static void check_top(struct check *c, struct str name)
{
	static const char *const ours[] = { "anchors", "checkpoint", "demo.tickmark-key", "head", "keys", "lock", "log", "obj",
		"server", "state.db", "state.db-journal", "state.db-shm", "state.db-wal", "tile" };
	/* of a rebuild that did not come to its end */
	static const char *const left[] = { "state.db.tmp-journal", "state.db.tmp-shm", "state.db.tmp-wal" };
	bool is_left = str_ends(name, STR(".tmp"));
	size_t k;

	c->out->checked[ROW_FOREIGN]++;
	for (k = 0; k < ARRAY_LEN(ours); k++)
		if (str_is(name, ours[k]))
			return;
	for (k = 0; k < ARRAY_LEN(left); k++)
		is_left = is_left || str_is(name, left[k]);
	if (is_left)
		verify_notice(c, ROW_FOREIGN, arena_z(c->a, name), 0, "left over by a crash; it can be removed");
	else
		verify_found(c, ROW_FOREIGN, VERDICT_ALTERED, arena_z(c->a, name), 0, "nothing that Tickmark wrote");
}

static enum rc check_segments(struct check *c, struct err *e)
{
	struct str *names;
	uint64_t sequence;
	size_t n, i;
	enum rc rc;

	if ((rc = folder_list(c->a, verify_path(c, "log"), NAMES_MAX, &names, &n, e)) != RC_OK)
		return rc;
	for (i = 0; i < n; i++)
		if (names[i].n != 24 || !str_ends(names[i], STR(".seg")) || !num_u64(str_sub(names[i], 0, 20), UINT64_MAX, &sequence))
			verify_found(c, ROW_FOREIGN, VERDICT_ALTERED, arena_z(c->a, arena_fmt(c->a, "log/%.*s", STR_FMT(names[i]))), 0,
			    "no segment has this name");
	return RC_OK;
}

enum rc verify_others(struct check *c, struct err *e)
{
	char beside[LIMIT_PATH];
	struct str *names;
	struct stat st;
	size_t n, i;
	enum rc rc;

	key_file_fits(c, verify_path(c, "demo.tickmark-key"), "demo.tickmark-key");
	file_beside(c->dir, ".tickmark-key", beside);
	key_file_fits(c, beside, arena_z(c->a, arena_fmt(c->a, "..%s", strrchr(beside, '/') != NULL ? strrchr(beside, '/') : beside)));
	if ((rc = folder_list(c->a, c->dir, NAMES_MAX, &names, &n, e)) != RC_OK)
		return rc;
	for (i = 0; i < n; i++)
		check_top(c, names[i]);
	if (lstat(verify_path(c, "lock"), &st) == 0 && (st.st_size != 0 || !S_ISREG(st.st_mode)))
		verify_found(c, ROW_FOREIGN, VERDICT_ALTERED, "lock", 0, "it holds bytes, and is empty always");
	if (c->n_objects > 1)
		qsort(c->objects, c->n_objects, SHA256_BYTES, by_digest);
	if ((rc = check_segments(c, e)) != RC_OK || (rc = verify_walk(c, "obj", check_object, 4, e)) != RC_OK)
		return rc;
	rc = verify_walk(c, "anchors", check_anchor, 8, e);
	anchors_sort(c->out->stamps, c->out->n_stamps);
	return rc;
}

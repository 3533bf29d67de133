/* open: making a ledger and opening one: lock, keys, the scan of the log, what a crash left, and closing it again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/file.h"
#include "base/value.h"
#include "ledger/ledger_priv.h"

static struct ledger *ledger_new(const char *dir, enum ledger_mode mode, struct provider *provider)
{
	struct ledger *l = mem_alloc(sizeof(*l));
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	(void)snprintf(l->dir, sizeof(l->dir), "%.*s", (int)(n < sizeof(l->dir) ? n : sizeof(l->dir) - 1), dir);
	l->mode = mode;
	l->forever = arena_new();
	l->scratch = arena_new();
	l->loaded = arena_new();
	l->loaded_frame = SIZE_MAX;
	(void)pthread_mutex_init(&l->told, NULL);
	l->provider = provider;
	l->own = ledger_sealed_new();
	l->n_sealers = processors > SEALERS_MAX ? SEALERS_MAX : processors < 1 ? 1 : (size_t)processors;
	l->bundle = mem_alloc((size_t)TILE_WIDTH * ENTRY_BYTES);
	l->lock = l->segment.fd = -1;
	l->segment.closes = SEGMENT_CLOSES;
	l->partials_stray = true;
	tree_init(&l->tree);
	return l;
}

void ledger_abandon(struct ledger *l)
{
	if (l == NULL)
		return;
	segment_close(l, false);
	if (l->lock >= 0)
		(void)disk->close(l->lock);
	keyring_free(l->keys);
	provider_close(l->provider);
	ledger_sealed_free(l->own);
	arena_free(l->forever);
	arena_free(l->scratch);
	arena_free(l->loaded);
	mem_free(l->bundle);
	mem_free(l->frames);
	(void)pthread_mutex_destroy(&l->told);
	mem_free(l->tags.slots);
	mem_free(l->remembered.slots);
	mem_free(l->erased);
	mem_free(l->intended);
	mem_free(l->amending);
	mem_free(l);
}

enum rc ledger_close(struct ledger *l, uint64_t now_ms, struct err *e)
{
	enum rc rc = RC_OK;

	(void)now_ms;
	if (l->mode == LEDGER_WRITE) {
		rc = ledger_checkpoint(l, e);
		segment_close(l, true);
	}
	ledger_abandon(l);
	return rc;
}

static enum rc lock_take(struct ledger *l, struct err *e)
{
	struct flock f = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[LIMIT_PATH];

	ledger_path(l, "lock", path);
	l->lock = disk->open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->lock < 0)
		return err_sys(e, errno, "%s cannot be opened", path);
	if (fcntl(l->lock, F_SETLK, &f) == 0)
		return RC_OK;
	if (errno != EACCES && errno != EAGAIN)
		return err_sys(e, errno, "%s cannot be locked", path);
	if (fcntl(l->lock, F_GETLK, &f) == 0 && f.l_type != F_UNLCK)
		return err_set(e, RC_BUSY, "%s is in use by process %ld; wait for it or end it", l->dir, (long)f.l_pid);
	return err_set(e, RC_BUSY, "%s is in use by another process; wait for it or end it", l->dir);
}

static enum rc keys_load(struct ledger *l, struct err *e)
{
	char path[LIMIT_PATH], name[32];
	struct secret kek;
	struct str page;
	size_t i;
	enum rc rc;

	if ((rc = provider_generation_key(l->provider, l->provider->generation, &kek, e)) != RC_OK)
		return rc;
	l->keys = keyring_new(l->provider->generation, &kek);
	secret_done(&kek);
	for (i = 0;; i++) {
		(void)snprintf(name, sizeof(name), "keys/%08zu.tmk", i);
		ledger_path(l, name, path);
		if (!file_exists(path))
			return RC_OK;
		if ((rc = file_read(l->scratch, path, KEY_PAGE_BYTES, &page, e)) != RC_OK)
			return rc;
		if ((rc = keyring_load(l->keys, page, e)) != RC_OK) {
			err_while(e, "reading %s", path);
			return rc;
		}
	}
}

static void find_special(struct ledger *l)
{
	const struct key_use seed = { .type = KEY_LOG_SEED }, wal = { .type = KEY_WAL };

	l->seed = keyring_find(l->keys, &seed);
	l->wal = keyring_find(l->keys, &wal);
}

static void scopes_add(uint8_t (**list)[16], size_t *n, const struct value *scopes)
{
	size_t i;

	if (scopes == NULL || scopes->type != VALUE_LIST)
		return;
	*list = mem_resize(*list, (*n + scopes->n) * 16);
	for (i = 0; i < scopes->n; i++)
		if (hex_get(scopes->items[i].text, (*list)[*n], 16))
			(*n)++;
}

void ledger_note_erasure(struct ledger *l, uint8_t kind, struct str body)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err ignored;

	err_init(&ignored);
	if (json_parse(a, body, &v, &ignored) == RC_OK) {
		if (kind == KIND_ERASED)
			scopes_add(&l->erased, &l->n_erased, value_get(v, "scopes"));
		else
			scopes_add(&l->intended, &l->n_intended, value_get(v, "scopes"));
	} else if (kind == KIND_ERASED && l->n_intended > 0) {
		/* its entry stands, its words were altered: it completes the intents before it */
		l->erased = mem_resize(l->erased, (l->n_erased + l->n_intended) * 16);
		memcpy(l->erased + l->n_erased, l->intended, l->n_intended * 16);
		l->n_erased += l->n_intended;
	}
	arena_free(a);
}

/* ---- the scan */
struct scan {
	struct ledger *l;
	const struct log_files *files;
	const uint8_t *blobs;
};

static void note_keys(struct ledger *l, struct str body)
{
	const struct value *v, *rows;
	struct arena *a = arena_new();
	struct err ignored;
	uint64_t n;

	err_init(&ignored);
	if (json_parse(a, body, &v, &ignored) == RC_OK && (rows = value_get(v, "rows")) != NULL) {
		if (rows->type == VALUE_LIST)
			l->rows_named += rows->n;
		else if (num_u64(rows->text, UINT32_MAX, &n))
			l->rows_named = n;              /* a roll packs them anew */
	}
	arena_free(a);
}

static enum rc scan_entry(void *ctx, uint32_t i, const uint8_t *bytes, const struct entry *en, const uint8_t *rows,
    uint64_t blob, struct err *e)
{
	struct scan *s = ctx;
	uint8_t leaf[SHA256_BYTES];
	struct part_row row;
	uint16_t year = ledger_year(en->received_ms);
	enum rc rc;

	(void)i;
	s->l->last_received = en->received_ms;
	if (s->l->first_year == 0 || year < s->l->first_year)
		s->l->first_year = year;
	tags_add(&s->l->tags, en->tag);
	ledger_note_amending(s->l, s->l->tree.size, en->kind);
	if ((en->kind == KIND_KEYS || en->kind == KIND_ERASURE || en->kind == KIND_ERASED) && en->n == 1) {
		if ((rc = part_row_decode(rows, &row, e)) != RC_OK)
			return rc;
		if (en->kind == KIND_KEYS)
			note_keys(s->l, str_bytes(s->blobs + blob, row.is_object ? 0 : row.stored_n));
		else
			ledger_note_erasure(s->l, en->kind, str_bytes(s->blobs + blob, row.is_object ? 0 : row.stored_n));
	}
	hash_leaf(bytes, ENTRY_BYTES, leaf);
	ledger_place(s->l, bytes, leaf);
	return RC_OK;
}

static enum rc scan_frame(void *ctx, size_t segment, uint64_t offset, const struct frame *f, const uint8_t *header,
    struct err *e)
{
	struct scan *s = ctx;
	const struct frame_visitor v = { scan_entry, s };

	s->blobs = header + FRAME_HEADER_BYTES + f->meta_n;
	frame_note(s->l, f, s->files->segments[segment].sequence, offset);
	return frame_entries(f, header + FRAME_HEADER_BYTES, &v, e);   /* log_scan has walked it */
}

static enum rc known_size(struct ledger *l, struct head *h, uint64_t *size, struct err *e)
{
	char path[LIMIT_PATH];
	struct checkpoint c;
	struct str bytes, text;
	enum rc rc;

	*size = 0;
	memset(h, 0, sizeof(*h));
	ledger_path(l, "head", path);
	if (file_exists(path)) {
		if ((rc = file_read(l->scratch, path, HEAD_BYTES, &bytes, e)) != RC_OK || (rc = head_decode(bytes, h, e)) != RC_OK)
			return rc;
		*size = h->size;
	}
	ledger_path(l, "checkpoint", path);
	if (!file_exists(path))
		return RC_OK;
	if ((rc = file_read(l->scratch, path, NOTE_MAX, &bytes, e)) != RC_OK ||
	    (rc = note_open(bytes, &l->key, &text, e)) != RC_OK || (rc = checkpoint_parse(text, &c, e)) != RC_OK)
		return rc;
	l->checkpointed = c.size;
	if (c.size > *size)
		*size = c.size;
	return RC_OK;
}

static enum rc not_as_written(const struct ledger *l, const struct log_files *f, const struct log_end *end, struct err *e)
{
	const struct log_segment *s = end->segment < f->n ? &f->segments[end->segment] : NULL;

	if (end->state == LOG_MISSING)
		return err_set(e, RC_ALTERED, "frame %llu of the log, which begins with entry %llu, is missing; run verify %s",
		    (unsigned long long)end->sequence, (unsigned long long)end->index, l->dir);
	return err_set(e, RC_ALTERED, "frame %llu of the log was altered: %s (log/%020llu.seg, byte %llu); run verify %s",
	    (unsigned long long)end->sequence, end->why, (unsigned long long)(s != NULL ? s->sequence : 0),
	    (unsigned long long)end->offset, l->dir);
}

static enum rc scan(struct ledger *l, struct err *e)
{
	struct log_files files = { NULL, 0 };
	struct scan s = { l, &files, NULL };
	const struct log_visitor v = { scan_frame, &s };
	const struct value *policy;
	struct log_end end;
	struct head head;
	struct str body;
	uint64_t size, at;
	uint8_t root[32];
	enum rc rc;

	if ((rc = log_map(l->scratch, l->dir, &files, e)) != RC_OK)
		return rc;
	if ((rc = log_origin(l->forever, &files, &l->origin, &body, &at, e)) != RC_OK ||
	    (rc = json_parse(l->forever, body, &policy, e)) != RC_OK ||
	    (rc = note_key_parse(value_text(policy, "vkey"), &l->key, e)) != RC_OK ||
	    (rc = known_size(l, &head, &size, e)) != RC_OK ||
	    (rc = log_scan(&files, l->origin, l->wal, size, &v, &end, e)) != RC_OK)
		goto out;
	if (end.state == LOG_MISSING || end.state == LOG_ALTERED) {
		rc = not_as_written(l, &files, &end, e);
		goto out;
	}
	l->epoch = end.epoch;
	l->next_sequence = end.sequence;
	memcpy(l->chain, end.chain, 32);
	memcpy(l->mac, end.mac, 16);
	tree_root(&l->tree, root);
	if (head.size == l->tree.size && head.size > 0 && memcmp(root, head.root, 32) != 0)
		rc = err_set(e, RC_ALTERED, "the log does not give the root that the head names; run verify %s", l->dir);
	if (rc == RC_OK && head.epoch > l->epoch)
		l->epoch = head.epoch;
	if (rc == RC_OK && l->mode == LEDGER_WRITE)
		rc = segment_resume(l, &files, &end, head.size, e);
	else if (end.state == LOG_TORN)
		l->torn = end.torn;
out:
	log_unmap(&files);
	return rc;
}

/* A folder older than the head's copy beside it was restored from a backup: signing on would fork the log. */
static enum rc check_copy(struct ledger *l, struct err *e)
{
	char path[LIMIT_PATH];
	struct str bytes;
	struct head h;
	enum rc rc;

	ledger_head_copy_path(l, path);
	if (!file_exists(path))
		return RC_OK;
	if ((rc = file_read(l->scratch, path, HEAD_BYTES, &bytes, e)) != RC_OK || (rc = head_decode(bytes, &h, e)) != RC_OK) {
		err_while(e, "reading %s", path);
		return rc;
	}
	if (h.size > l->tree.size)
		return err_set(e, RC_ALTERED, "%s has %llu entries, and %s says that it had %llu: it was put back from an older "
		    "copy; nothing is written to it", l->dir, (unsigned long long)l->tree.size, path, (unsigned long long)h.size);
	return RC_OK;
}

static enum rc begin_writing(struct ledger *l, struct err *e)
{
	enum rc rc;

	if (l->seed == NULL || l->wal == NULL)
		return err_set(e, RC_ALTERED, "the key pages hold no key for signing; run verify %s", l->dir);
	if ((rc = check_copy(l, e)) != RC_OK)
		return rc;
	if (keyring_rows(l->keys) < l->rows_named)
		return err_set(e, RC_ALTERED, "the key pages of %s hold %zu keys, and the log names %llu; run verify %s", l->dir,
		    keyring_rows(l->keys), (unsigned long long)l->rows_named, l->dir);
	if (keyring_rows(l->keys) > l->rows_named)
		keyring_keep(l->keys, (size_t)l->rows_named);
	l->epoch++;
	return ledger_pages_save(l, e);
}

enum rc ledger_open(const char *dir, enum ledger_mode mode, struct provider *provider, uint64_t now_ms,
    struct ledger **out, struct err *e)
{
	struct ledger *l = ledger_new(dir, mode, provider);
	char path[LIMIT_PATH];
	enum rc rc = RC_OK;

	(void)now_ms;
	ledger_path(l, "log", path);
	if (!file_exists(path))
		rc = err_set(e, RC_NOT_FOUND, "%s is not an organization: it has no ledger; tickmark init makes one", dir);
	/* What a killed writer renamed and had not synced is built upon from here on. */
	if (rc == RC_OK && mode == LEDGER_WRITE && (rc = lock_take(l, e)) == RC_OK)
		rc = folder_sync(l->dir, e);
	if (rc == RC_OK && provider != NULL && (rc = keys_load(l, e)) == RC_OK)
		find_special(l);
	if (rc == RC_OK)
		rc = scan(l, e);
	if (rc == RC_OK && mode == LEDGER_WRITE)
		rc = begin_writing(l, e);
	if (rc != RC_OK) {
		ledger_abandon(l);
		return rc;
	}
	arena_reset(l->scratch);
	*out = l;
	return RC_OK;
}

/* The log's folder is the ledger: whoever makes it makes the rest. */
static enum rc folders_make(struct ledger *l, bool *ours, struct err *e)
{
	static const char *const names[] = { "keys", "obj", "tile", "anchors" };
	char path[LIMIT_PATH];
	size_t i;
	enum rc rc;

	ledger_path(l, "log", path);
	if (disk->mkdir(path, 0700) != 0)
		return errno == EEXIST ? err_set(e, RC_EXISTS, "there is a ledger in %s already", l->dir) :
		    err_sys(e, errno, "the folder %s cannot be made", path);
	*ours = true;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		ledger_path(l, names[i], path);
		if ((rc = folder_make(path, e)) != RC_OK)
			return rc;
	}
	return folder_sync(l->dir, e);
}

/* What a ledger that could not be made left; the story stays that of why it could not. */
static void unmake(struct ledger *l)
{
	static const char *const names[] = { "checkpoint", "checkpoint.tmp", "head", "head.tmp", "anchors", "tile", "obj", "keys",
		"lock", "log" };
	char path[LIMIT_PATH + 8];
	struct err ignored;
	size_t i;

	segment_close(l, false);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		ledger_path(l, names[i], path);
		(void)!file_remove_all(path, &ignored);
	}
	ledger_head_copy_path(l, path);
	(void)!file_remove_all(path, &ignored);
}

static enum rc first_entry(struct ledger *l, uint64_t now_ms, struct err *e)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, 4096);
	buf_z(&b, "{\"cadence_ms\":1000,\"origin\":\"");
	buf_str(&b, l->origin);
	buf_z(&b, "\",\"vkey\":\"");
	note_key_put(&l->key, &b);
	buf_z(&b, "\"}");
	rc = ledger_begin_log(l, now_ms, buf_view(&b), e);
	buf_done(&b);
	return rc;
}

enum rc ledger_create(const char *dir, struct str origin, struct provider *provider, uint64_t now_ms,
    struct ledger **out, struct err *e)
{
	const struct key_use seed = { .type = KEY_LOG_SEED }, wal = { .type = KEY_WAL };
	struct ledger *l = ledger_new(dir, LEDGER_WRITE, provider);
	uint8_t public_key[32];
	struct secret kek;
	bool ours = false;
	char path[LIMIT_PATH];
	enum rc rc;

	l->epoch = 1;
	if ((rc = folders_make(l, &ours, e)) != RC_OK || (rc = lock_take(l, e)) != RC_OK)
		goto out;
	ledger_head_copy_path(l, path);                 /* of an organization that stood here before */
	if ((rc = file_remove_all(path, e)) != RC_OK ||
	    (rc = provider_generation_key(provider, provider->generation, &kek, e)) != RC_OK)
		goto out;
	l->keys = keyring_new(provider->generation, &kek);
	secret_done(&kek);
	l->seed = keyring_add(l->keys, &seed, now_ms);
	l->wal = keyring_add(l->keys, &wal, now_ms);
	l->origin = origin.n > 0 ? arena_str(l->forever, origin) : arena_fmt(l->forever, "tickmark.invalid/%.*s",
	    STR_FMT(hex_str(l->forever, provider->organization, 16)));
	frame_chain_start(l->origin, l->chain, l->mac);
	ed25519_public(&l->seed->secret, public_key);
	if ((rc = note_key_make(l->origin, 1, public_key, &l->key, e)) != RC_OK || (rc = ledger_pages_save(l, e)) != RC_OK ||
	    (rc = first_entry(l, now_ms, e)) != RC_OK || (rc = ledger_checkpoint(l, e)) != RC_OK)
		goto out;
	*out = l;
	return RC_OK;
out:
	if (ours)
		unmake(l);
	ledger_abandon(l);
	return rc;
}

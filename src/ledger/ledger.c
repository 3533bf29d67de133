/* ledger: appending: keys first, then one frame and one sync, then tree and tiles. */
#include "ledger/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "ledger/ledger_priv.h"

enum { BATCH_BYTES = 32 << 20 };        /* content of one frame; a frame may hold 128 MiB */

uint64_t ledger_size(const struct ledger *l) { return l->tree.size; }
uint64_t ledger_checkpointed(const struct ledger *l) { return l->checkpointed; }
struct str ledger_origin(const struct ledger *l) { return l->origin; }
const struct note_key *ledger_key(const struct ledger *l) { return &l->key; }
uint64_t ledger_torn(const struct ledger *l) { return l->torn; }

uint16_t ledger_year(uint64_t ms)
{
	int year, month, day;

	date_to_civil((int64_t)(ms / 86400000), &year, &month, &day);
	return (uint16_t)year;
}

uint64_t ledger_received(const struct ledger *l, uint64_t now_ms)
{
	return now_ms > l->last_received ? now_ms : l->last_received;
}

void ledger_path(const struct ledger *l, const char *name, char out[LIMIT_PATH])
{
	(void)snprintf(out, LIMIT_PATH, "%.3900s/%.100s", l->dir, name);
}

void ledger_head_copy_path(const struct ledger *l, char out[LIMIT_PATH])
{
	file_beside(l->dir, ".tickmark-head", out);
}

/* ---- keys */
enum rc ledger_pages_save(struct ledger *l, struct err *e)
{
	uint8_t page[KEY_PAGE_BYTES];
	char path[LIMIT_PATH], name[32];
	size_t i;
	enum rc rc;

	for (i = 0; i < keyring_pages(l->keys); i++) {
		if (!keyring_page_is_dirty(l->keys, i))
			continue;
		keyring_page_put(l->keys, i, page);
		(void)snprintf(name, sizeof(name), "keys/%08zu.tmk", i);
		ledger_path(l, name, path);
		if ((rc = file_replace(path, page, sizeof(page), 0600, e)) != RC_OK)
			return rc;
		keyring_page_saved(l->keys, i);
	}
	return RC_OK;
}

enum rc ledger_file_scope(struct ledger *l, uint64_t now_ms, enum classification c, const struct key **out,
    struct err *e)
{
	const uint64_t received = ledger_received(l, now_ms);
	const struct key_use use = { .type = KEY_FILE_SCOPE, .classification = c, .epoch = ledger_year(received) };

	*out = keyring_add(l->keys, &use, received);
	return ledger_prepare(l, now_ms, e);
}

/* ---- frames */
/* The sealed batch as the next frame: its header before the first run's entries, the padding behind the last one's bytes;
 * pieces to be written one behind the other. */
static enum rc frame_build(struct ledger *l, struct ledger_sealed *s, struct frame *f, struct str *piece, size_t *n_pieces,
    struct err *e)
{
	struct buf *last = &s->sealers[s->runs - 1].blobs;
	uint8_t *header = s->sealers[0].meta.p;
	struct str meta[SEALERS_MAX];
	size_t i, used;
	enum rc rc;

	memset(f, 0, sizeof(*f));
	f->sequence = l->next_sequence;
	f->first = l->tree.size;
	f->epoch = l->epoch;
	f->n = (uint32_t)s->n;
	for (i = 0; i < s->runs; i++) {
		meta[i] = piece[i] = buf_view(&s->sealers[i].meta);
		f->meta_n += meta[i].n;
		f->blobs_n += s->sealers[i].blobs.n;
	}
	meta[0] = str_sub(meta[0], FRAME_HEADER_BYTES, meta[0].n);
	f->meta_n -= FRAME_HEADER_BYTES;
	if (frame_length(f) == 0)
		return err_set(e, RC_LIMIT, "a batch of records is larger than a frame of the log may be");
	used = FRAME_HEADER_BYTES + f->meta_n + f->blobs_n;
	buf_zero(last, (size_t)frame_length(f) - used);
	if ((rc = buf_ok(last, "a frame", e)) != RC_OK)
		return rc;
	for (i = 0; i < s->runs; i++)
		piece[s->runs + i] = buf_view(&s->sealers[i].blobs);
	*n_pieces = 2 * s->runs;
	frame_encode(f, header);
	frame_chain_pieces(l->chain, l->mac, header, meta, s->runs, f->chain);
	frame_mac(l->wal, f->chain, f->mac);
	frame_encode(f, header);
	return RC_OK;
}

void frame_note(struct ledger *l, const struct frame *f, uint64_t segment, uint64_t offset)
{
	struct frame_spot *s;

	if (l->n_frames == l->room_frames) {
		l->room_frames = l->room_frames == 0 ? 256 : l->room_frames * 2;
		l->frames = mem_resize(l->frames, l->room_frames * sizeof(*l->frames));
	}
	s = &l->frames[l->n_frames++];
	s->first = f->first;
	s->sequence = f->sequence;
	s->segment = segment;
	s->offset = offset;
	s->n = f->n;
	memcpy(s->chain, f->chain, sizeof(s->chain));
	memcpy(s->mac, f->mac, sizeof(s->mac));
}

/* Each entry of the batch, in order. */
static void each_sealed(struct ledger *l, const struct ledger_sealed *s, void (*each)(struct ledger *, const uint8_t *entry,
    const uint8_t leaf[SHA256_BYTES]))
{
	size_t i, at, k = 0;

	for (i = 0; i < s->runs; i++) {
		const struct buf *meta = &s->sealers[i].meta;

		for (at = i == 0 ? FRAME_HEADER_BYTES : 0; at < meta->n; k++) {
			each(l, meta->p + at, s->leaves[k]);
			at += ENTRY_BYTES + (size_t)get_u16(meta->p + at + 6) * PART_ROW_BYTES;
		}
	}
}

static void soon(struct ledger *l, const uint8_t *entry, const uint8_t leaf[SHA256_BYTES])
{
	(void)leaf;
	tags_soon(&l->tags, entry + 64);
}

static void keep_tag(struct ledger *l, const uint8_t *entry, const uint8_t leaf[SHA256_BYTES])
{
	(void)leaf;
	tags_kept(l, entry + 64);
}

static void place(struct ledger *l, const uint8_t *entry, const uint8_t leaf[SHA256_BYTES])
{
	ledger_note_amending(l, l->tree.size, entry[4]);
	ledger_place(l, entry, leaf);
}

enum rc ledger_write(struct ledger *l, struct ledger_sealed *s, uint64_t *first, struct err *e)
{
	struct str piece[2 * SEALERS_MAX];
	struct frame f;
	size_t n;
	enum rc rc;

	if ((rc = ledger_may_write(l, e)) != RC_OK || (rc = frame_build(l, s, &f, piece, &n, e)) != RC_OK ||
	    (rc = segment_append(l, piece, n, e)) != RC_OK) {
		l->broken = l->broken || s->names_keys; /* keys that no entry names now */
		return rc;
	}
	frame_note(l, &f, l->segment.first, l->segment.size - frame_length(&f));
	l->next_sequence++;
	memcpy(l->chain, f.chain, sizeof(l->chain));
	memcpy(l->mac, f.mac, sizeof(l->mac));
	(void)pthread_mutex_lock(&l->told);
	each_sealed(l, s, soon);
	each_sealed(l, s, keep_tag);
	(void)pthread_mutex_unlock(&l->told);
	*first = f.first;
	each_sealed(l, s, place);
	return RC_OK;
}

/* What it takes of a frame, about. */
static size_t weight(const struct ledger_record *r)
{
	return r->body.n + r->n_parts * (PART_ROW_BYTES + 128);
}

static enum rc append_some(struct ledger *l, uint64_t received, struct ledger_record *r, size_t n, size_t *done,
    struct err *e)
{
	size_t i, content = 0;
	uint64_t first;
	enum rc rc;

	for (i = 0; i < n && i < FRAME_ENTRIES_MAX / 4 && (i == 0 || content + weight(&r[i]) < BATCH_BYTES); i++)
		content += weight(&r[i]);
	*done = i;
	if ((rc = ledger_seal(l, received, r, i, l->own, e)) != RC_OK || (rc = ledger_write(l, l->own, &first, e)) != RC_OK)
		return rc;
	for (i = 0; i < *done; i++)
		r[i].index = first + i;
	return RC_OK;
}

/* Rows that no entry names yet: pages first, then the entry, as its own frame. */
static enum rc name_keys(struct ledger *l, uint64_t received, struct err *e)
{
	struct ledger_record r = { .kind = KIND_KEYS };
	struct buf body;
	size_t done;
	enum rc rc;

	if (keyring_unnamed(l->keys) == 0)
		return RC_OK;
	if ((rc = ledger_pages_save(l, e)) != RC_OK)
		return rc;
	buf_init(&body, LIMIT_RECORD);
	keyring_put_added(l->keys, &body);
	r.body = buf_view(&body);
	if ((rc = append_some(l, received, &r, 1, &done, e)) == RC_OK)
		keyring_named(l->keys);
	buf_done(&body);
	return rc;
}

enum rc ledger_begin_log(struct ledger *l, uint64_t now_ms, struct str policy, struct err *e)
{
	struct ledger_record r[2] = { { .kind = KIND_POLICY, .body = policy }, { .kind = KIND_KEYS } };
	struct buf body;
	size_t done;
	enum rc rc;

	buf_init(&body, LIMIT_RECORD);
	keyring_put_added(l->keys, &body);
	r[1].body = buf_view(&body);
	if ((rc = append_some(l, now_ms, r, 2, &done, e)) == RC_OK)
		keyring_named(l->keys);
	buf_done(&body);
	return rc;
}

enum rc ledger_may_write(const struct ledger *l, struct err *e)
{
	if (l->mode != LEDGER_WRITE)
		return err_set(e, RC_INTERNAL, "this ledger is open for reading only");
	if (l->broken)
		return err_set(e, RC_UNKNOWN, "a write to the log of %s failed, and what it left nobody can say: open it anew",
		    l->dir);
	return RC_OK;
}

enum rc ledger_prepare(struct ledger *l, uint64_t now_ms, struct err *e)
{
	const uint64_t received = ledger_received(l, now_ms);
	struct key_use use = { .type = KEY_SCOPE };
	int c, life;
	enum rc rc;

	if ((rc = ledger_may_write(l, e)) != RC_OK)
		return rc;
	for (life = 0; life < 2; life++) {
		use.epoch = life ? 0 : ledger_year(received);
		for (c = CLASS_PUBLIC; c <= CLASS_RESTRICTED; c++) {
			use.classification = (enum classification)c;
			(void)keyring_get(l->keys, &use, received);
		}
	}
	use.type = KEY_DEDUP;
	use.classification = CLASS_NONE;
	use.epoch = ledger_year(received);
	(void)keyring_get(l->keys, &use, received);
	if (l->first_year == 0 || use.epoch < l->first_year)
		l->first_year = use.epoch;
	return name_keys(l, received, e);
}

enum rc ledger_append(struct ledger *l, uint64_t now_ms, struct ledger_record *r, size_t n, struct err *e)
{
	const uint64_t received = ledger_received(l, now_ms);
	size_t at = 0, done = 0;
	enum rc rc;

	rc = ledger_prepare(l, now_ms, e);
	for (; at < n && rc == RC_OK; at += done)
		rc = append_some(l, received, r + at, n - at, &done, e);
	return rc;
}

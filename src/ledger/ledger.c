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
static void frame_build(struct ledger *l, uint32_t n, struct frame *f)
{
	const struct buf *meta = &l->sealers[0].meta, *blobs = &l->sealers[0].blobs;
	uint8_t header[FRAME_HEADER_BYTES];
	size_t used;

	memset(f, 0, sizeof(*f));
	f->sequence = l->next_sequence;
	f->first = l->tree.size;
	f->epoch = l->epoch;
	f->n = n;
	f->meta_n = meta->n;
	f->blobs_n = blobs->n;
	frame_encode(f, header);
	frame_chain(l->chain, l->mac, header, meta->p, meta->n, f->chain);
	frame_mac(l->wal, f->chain, f->mac);
	frame_encode(f, header);
	buf_clear(&l->frame);
	buf_add(&l->frame, header, sizeof(header));
	buf_add(&l->frame, meta->p, meta->n);
	buf_add(&l->frame, blobs->p, blobs->n);
	used = FRAME_HEADER_BYTES + meta->n + blobs->n;
	buf_zero(&l->frame, (size_t)frame_length(f) - used);
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

/* The batch in meta and blobs becomes durable. */
static enum rc frame_append(struct ledger *l, struct ledger_record *r, size_t n, uint64_t received, struct err *e)
{
	struct frame f;
	size_t i, at = 0;
	enum rc rc;

	frame_build(l, (uint32_t)n, &f);
	if ((rc = buf_ok(&l->frame, "a frame", e)) != RC_OK || (rc = segment_append(l, buf_view(&l->frame), e)) != RC_OK)
		return rc;
	frame_note(l, &f, l->segment.first, l->segment.size - l->frame.n);
	l->next_sequence++;
	memcpy(l->chain, f.chain, sizeof(l->chain));
	memcpy(l->mac, f.mac, sizeof(l->mac));
	(void)pthread_mutex_lock(&l->told);
	l->last_received = received;
	for (i = 0; i < n; i++)
		if (r[i].tag != NULL)
			tags_kept(l, r[i].tag);
	(void)pthread_mutex_unlock(&l->told);
	for (i = 0; i < n; i++) {
		uint16_t parts = get_u16(l->sealers[0].meta.p + at + 6);

		r[i].index = l->tree.size;
		ledger_place(l, l->sealers[0].meta.p + at, r[i].leaf);
		at += ENTRY_BYTES + (size_t)parts * PART_ROW_BYTES;
	}
	return RC_OK;
}

static enum rc append_some(struct ledger *l, uint64_t received, struct ledger_record *r, size_t n, size_t *done,
    struct err *e)
{
	size_t i, content = 0;
	enum rc rc;

	for (i = 0; i < n && i < FRAME_ENTRIES_MAX / 4 && (i == 0 || content + r[i].body.n < BATCH_BYTES); i++)
		content += r[i].body.n;
	*done = i;
	if ((rc = ledger_seal(l, received, r, i, e)) != RC_OK)
		return rc;
	return frame_append(l, r, i, received, e);
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

/* verify_log: the log in one pass: entries kept, parts judged, erasures and key rows noted.  Where a frame is not as it was
 * written, the entries that a checkpoint vouches for tell which of its bytes are wrong, and the frames behind it are read
 * all the same, so that one alteration hides no other. */
#include "ledger/verify_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/value.h"

/* ---- what entries give */
static void keep_bytes(struct check *c, const uint8_t *bytes)
{
	if (c->n == c->room) {
		c->room = c->room == 0 ? 4096 : c->room * 2;
		c->entries = mem_resize(c->entries, c->room * ENTRY_BYTES);
		c->level[0] = mem_resize(c->level[0], c->room * SHA256_BYTES);
	}
	memcpy(c->entries[c->n], bytes, ENTRY_BYTES);
	c->n++;
}

void verify_keep_entry(struct check *c, const uint8_t *bytes)
{
	keep_bytes(c, bytes);
	hash_leaf(bytes, ENTRY_BYTES, c->level[0][c->n - 1]);
}

static void digests_add(uint8_t (**list)[SHA256_BYTES], size_t *n, const struct value *from)
{
	size_t i;

	*list = mem_resize(*list, (*n + from->n + 1) * SHA256_BYTES);
	for (i = 0; i < from->n; i++)
		if (hex_get(from->items[i].text, (*list)[*n], SHA256_BYTES))
			(*n)++;
}

/* Rows added, or all of them packed anew. */
static void note_keys(struct check *c, struct str body)
{
	const struct value *v, *rows, *pages, *generation;
	struct arena *a = arena_new();
	uint64_t n, g;
	struct err why;

	err_init(&why);
	if (json_parse(a, body, &v, &why) != RC_OK || (rows = value_get(v, "rows")) == NULL ||
	    (generation = value_get(v, "generation")) == NULL || !num_u64(generation->text, UINT32_MAX, &g))
		goto out;
	c->key_generation = (uint32_t)g;
	pages = value_get(v, "pages");
	if (rows->type == VALUE_LIST) {
		digests_add(&c->named, &c->n_named, rows);
	} else if (pages != NULL && pages->type == VALUE_LIST && num_u64(rows->text, UINT32_MAX, &n)) {
		c->n_named = c->n_pages = 0;
		c->rolled = (size_t)n;
		digests_add(&c->pages, &c->n_pages, pages);
	}
out:
	arena_free(a);
}

static void note_clear(struct check *c, const struct entry *en, struct str body, bool fits)
{
	if (en->kind == KIND_KEYS) {
		if (fits)
			note_keys(c, body);
		c->key_entries += fits;
	} else if (en->kind == KIND_ERASURE || en->kind == KIND_ERASED) {
		c->has_erasure = true;
		ledger_note_erasure(c->l, en->kind, fits ? body : STR(""));
	}
}

/* ---- parts */
static void doubt(struct check *c, uint64_t index, uint16_t part, const char *file, uint64_t offset, enum verdict v)
{
	if (c->n_doubts == c->room_doubts) {
		c->room_doubts = c->room_doubts == 0 ? 64 : c->room_doubts * 2;
		c->doubts = mem_resize(c->doubts, c->room_doubts * sizeof(*c->doubts));
	}
	c->doubts[c->n_doubts++] = (struct doubt){ index, offset, file, part, v };
}

static void tell_doubts(struct check *c)
{
	char words[160];
	size_t i;

	for (i = 0; i < c->n_doubts; i++) {
		const struct doubt *d = &c->doubts[i];

		if (d->verdict == VERDICT_UNFINISHED || d->verdict == VERDICT_UNSCRUBBED) {
			(void)snprintf(words, sizeof(words), "part %u of entry %llu: %s", d->part, (unsigned long long)d->index,
			    d->verdict == VERDICT_UNFINISHED ? "its erasure is not finished" : "erased, and its bytes are still there");
			verify_notice(c, ROW_PARTS, d->file, d->offset, words);
			continue;
		}
		(void)snprintf(words, sizeof(words), "part %u: the stored bytes %s", d->part, d->verdict == VERDICT_MISSING ?
		    "are gone, and no erasure names them" : "are not those that were sealed");
		verify_found_in(c, ROW_PARTS, d->verdict, d->file, d->offset, d->index, words);
	}
}

static void keep_object(struct check *c, const uint8_t d[SHA256_BYTES])
{
	if (c->n_objects == c->room_objects) {
		c->room_objects = c->room_objects == 0 ? 64 : c->room_objects * 2;
		c->objects = mem_resize(c->objects, c->room_objects * SHA256_BYTES);
	}
	memcpy(c->objects[c->n_objects++], d, SHA256_BYTES);
}

static enum verdict judge_object(struct check *c, const struct part_row *row, const char **file)
{
	struct arena *a = arena_new();
	struct str stored, hex = hex_str(c->a, row->d, SHA256_BYTES);
	enum verdict v;
	struct err why;
	enum rc rc;

	err_init(&why);
	*file = arena_z(c->a, arena_fmt(c->a, "obj/%.*s", STR_FMT(hex)));
	rc = file_read(a, verify_path(c, *file), (size_t)2 << 30, &stored, &why);
	if (rc == RC_OK)
		v = part_verdict(c->l, row, stored);
	else if (rc == RC_NOT_FOUND)
		v = part_verdict(c->l, row, STR_NONE);
	else
		v = VERDICT_ALTERED;            /* something stands there that is no such object, or cannot be read */
	arena_free(a);
	return v;
}

/* The digest of the stored bytes at ${blob}; of those behind them as well, where the next entry's row stands behind
 * ${row}. */
static void digest_of(struct check *c, const uint8_t *row, const uint8_t *blob, uint64_t n, uint8_t out[SHA256_BYTES])
{
	const uint8_t *next = row + PART_ROW_BYTES, *after = blob + n;
	uint64_t next_n;

	if (c->ahead == blob && c->ahead_n == n) {
		memcpy(out, c->ahead_d, SHA256_BYTES);
		c->ahead = NULL;
		return;
	}
	c->ahead = NULL;
	if (next < c->blobs && c->blobs - next >= ENTRY_BYTES + PART_ROW_BYTES && get_u16(next + 6) > 0 &&
	    (next_n = part_row_in_frame(next + ENTRY_BYTES)) > 0 && next_n <= (uint64_t)(c->blobs_end - after)) {
		sha256_two(str_bytes(blob, n), out, str_bytes(after, next_n), c->ahead_d);
		c->ahead = after;
		c->ahead_n = next_n;
	} else {
		sha256(blob, n, out);
	}
}

/* The parts of one entry whose rows are good; ${blob} is where its stored bytes begin. */
static void judge_parts(struct check *c, uint64_t index, const struct entry *en, const uint8_t *rows, const uint8_t *blob)
{
	uint8_t d[SHA256_BYTES];
	struct part_row row;
	enum verdict v;
	unsigned k;

	for (k = 0; k < en->n; k++) {
		const char *file = c->segment;
		uint64_t offset = c->at + (uint64_t)(blob - c->frame);

		if (part_row_decode(rows + (size_t)k * PART_ROW_BYTES, &row, NULL) != RC_OK)
			return;                 /* the caller walked it: it decodes */
		if (row.is_object) {
			if (!c->again)
				keep_object(c, row.d);
			v = judge_object(c, &row, &file);
			offset = 0;
		} else {
			digest_of(c, rows + (size_t)k * PART_ROW_BYTES, blob, row.stored_n, d);
			v = part_verdict_of(c->l, &row, str_bytes(blob, row.stored_n), d);
			blob += row.stored_n;
		}
		if (!c->again) {
			c->out->checked[ROW_PARTS]++;
			c->out->parts++;
			if (row.mode == PART_CLEAR && !row.is_object)
				note_clear(c, en, str_bytes(blob - row.stored_n, row.stored_n), v == VERDICT_INTACT);
		}
		if (v == VERDICT_ERASED)
			c->out->erased++;
		else if (v != VERDICT_INTACT)
			doubt(c, index, row.i, file, offset, v);
	}
}

/* ---- good frames */
static void frame_begin(struct check *c, size_t segment, uint64_t offset, const struct frame *f, const uint8_t *header)
{
	c->at = offset;
	c->frame = header;
	c->blobs = header + FRAME_HEADER_BYTES + f->meta_n;
	c->blobs_end = c->blobs + f->blobs_n;
	c->ahead = NULL;
	c->first = f->first;
	if (segment != c->segment_i || c->segment == NULL)
		c->segment = arena_z(c->a, log_segment_name(c->a, &c->files.segments[segment]));
	c->segment_i = segment;
	if (c->again)
		return;
	c->out->frames++;
	c->out->checked[ROW_FRAMES]++;
	if (c->has_head && f->first + f->n == c->head.size) {
		c->at_head = true;
		c->head_at = offset;
		c->head_first = f->first;
		c->head_next = f->sequence + 1;
		c->head_segment = c->segment;
		memcpy(c->head_chain, f->chain, SHA256_BYTES);
		memcpy(c->head_mac, f->mac, 16);
	}
}

static enum rc see_entry(void *ctx, uint32_t i, const uint8_t *bytes, const struct entry *en, const uint8_t *rows,
    uint64_t blob, struct err *e)
{
	struct check *c = ctx;

	(void)e;
	if (!c->again)
		keep_bytes(c, bytes);
	judge_parts(c, c->first + i, en, rows, c->blobs + blob);
	return RC_OK;
}

static enum rc see_frame(void *ctx, size_t segment, uint64_t offset, const struct frame *f, const uint8_t *header,
    struct err *e)
{
	struct check *c = ctx;
	const struct frame_visitor v = { see_entry, c };
	const uint64_t had = c->n;
	enum rc rc;

	frame_begin(c, segment, offset, f, header);
	rc = frame_entries(f, header + FRAME_HEADER_BYTES, &v, e);
	hash_leaves(c->entries[had], ENTRY_BYTES, (size_t)(c->n - had), &c->level[0][had]);
	return rc;
}

/* ---- the frame that is not as it was written */
struct look {
	struct check *c;
	const struct log_end *end;
	const uint8_t *h;               /* its header */
	bool told;
};

static void say(struct look *l, uint64_t at, uint64_t entry, const char *what)
{
	char words[300];

	l->told = true;
	if (l->c->again)
		return;
	(void)snprintf(words, sizeof(words), "frame %llu: %.200s", (unsigned long long)l->end->sequence, what);
	verify_found_in(l->c, ROW_FRAMES, VERDICT_ALTERED, l->c->segment, l->c->at + at, entry, words);
}

/* The entry that the frame should hold there, or its own bytes when nobody can say. */
static const uint8_t *entry_known(const struct check *c, uint64_t index, const uint8_t *own)
{
	return index < c->n ? c->entries[index] : own;
}

/* Whether the entries that are known take the length that the header names; true when they are not. */
static bool entries_fill(const struct look *l, const struct frame *f)
{
	uint64_t sum = 0, i;

	if (l->end->index + f->n > l->c->n)
		return true;
	for (i = 0; i < f->n; i++)
		sum += ENTRY_BYTES + (uint64_t)get_u16(l->c->entries[l->end->index + i] + 6) * PART_ROW_BYTES;
	return sum == f->meta_n;
}

/* Whether the stored lengths that the rows name fill the frame, so that each part is where they say. */
static bool lengths_fill(const struct look *l, const struct frame *f)
{
	const uint8_t *meta = l->h + FRAME_HEADER_BYTES;
	uint64_t pos = 0, sum = 0, i, k, n;

	for (i = 0; f->meta_n - pos >= ENTRY_BYTES; i++) {
		n = get_u16(entry_known(l->c, l->end->index + i, meta + pos) + 6);
		pos += ENTRY_BYTES;
		if (f->meta_n - pos < n * PART_ROW_BYTES)
			return false;
		for (k = 0; k < n && sum <= f->blobs_n; k++, pos += PART_ROW_BYTES)
			sum += part_row_in_frame(meta + pos);
	}
	return pos == f->meta_n && sum == f->blobs_n;
}

static void look_at_entries(struct look *l, const struct frame *f)
{
	struct check *c = l->c;
	const uint8_t *meta = l->h + FRAME_HEADER_BYTES, *known, *rows;
	const bool placed = lengths_fill(l, f);
	uint64_t pos = 0, blob = 0, in_frame, index = l->end->index, d, k;
	bool rows_fit = true;
	struct entry en;
	struct err why;

	if (!entries_fill(l, f)) {
		say(l, 32, index, "its lengths are not those of its entries");
		return;
	}
	for (; pos < f->meta_n; index++) {
		err_init(&why);
		if (f->meta_n - pos < ENTRY_BYTES) {
			say(l, 36, index, "its entries do not fill the length that it names");
			return;
		}
		known = entry_known(c, index, meta + pos);
		for (d = 0; d < ENTRY_BYTES && known[d] == meta[pos + d]; d++)
			;
		if (d < ENTRY_BYTES)
			say(l, FRAME_HEADER_BYTES + pos + d, index, "the entry is not the one that was signed");
		if (entry_decode(known, &en, &why) != RC_OK) {
			say(l, FRAME_HEADER_BYTES + pos, index, why.msg);
			return;
		}
		rows = meta + pos + ENTRY_BYTES;
		if (f->meta_n - pos - ENTRY_BYTES < (uint64_t)en.n * PART_ROW_BYTES) {
			say(l, 36, index, "its part rows do not fill the length that it names");
			return;
		}
		if (frame_rows(&en, rows, &in_frame, &why) != RC_OK) {
			say(l, FRAME_HEADER_BYTES + pos + (known == meta + pos ? 0 : ENTRY_BYTES), index, why.msg);
			rows_fit = false;
		} else if (placed && blob <= f->blobs_n && in_frame <= f->blobs_n - blob) {
			judge_parts(c, index, &en, rows, c->blobs + blob);
		}
		for (k = 0; k < en.n; k++)
			blob += part_row_in_frame(rows + k * PART_ROW_BYTES);
		pos += ENTRY_BYTES + (uint64_t)en.n * PART_ROW_BYTES;
	}
	if (index - l->end->index != f->n)
		say(l, 32, l->end->index, "it does not hold as many entries as it names");
	else if (!placed && rows_fit)
		say(l, 40, l->end->index, "its stored bytes do not fill the length that it names");
}

/* Whether the chain fits with the writer epoch of the frame before, or of the one behind. */
static bool epoch_differs(const struct look *l, const struct frame *f)
{
	const uint64_t epochs[] = { l->end->epoch, l->end->epoch + 1, l->c->head.epoch };
	uint8_t header[FRAME_HEADER_BYTES], chain[SHA256_BYTES];
	size_t i;

	for (i = 0; i < ARRAY_LEN(epochs); i++) {
		memcpy(header, l->h, sizeof(header));
		put_u64(header + 24, epochs[i]);
		frame_chain(l->end->chain, l->end->mac, header, l->h + FRAME_HEADER_BYTES, f->meta_n, chain);
		if (memcmp(chain, f->chain, SHA256_BYTES) == 0)
			return true;
	}
	return false;
}

/* Nothing inside differs: it is the header, or the MAC of the frame before, which goes into this one's chain. */
static void look_at_chain(struct look *l, const struct log_segment *s, const struct frame *f)
{
	const struct log_end *end = l->end;
	const uint64_t next = end->offset + frame_length(f);
	uint8_t chain[SHA256_BYTES];
	struct frame after;
	bool own_fits = false;

	frame_chain(end->chain, end->mac, l->h, l->h + FRAME_HEADER_BYTES, f->meta_n, chain);
	if (memcmp(chain, f->chain, SHA256_BYTES) == 0) {
		say(l, 80, end->index, end->why);
		return;
	}
	if (s->n - next >= FRAME_HEADER_BYTES && frame_decode(s->p + next, &after) &&
	    after.meta_n <= s->n - next - FRAME_HEADER_BYTES) {
		frame_chain(f->chain, f->mac, s->p + next, s->p + next + FRAME_HEADER_BYTES, after.meta_n, chain);
		own_fits = memcmp(chain, after.chain, SHA256_BYTES) == 0;
	} else if (l->c->has_head && l->c->head.next_sequence == end->sequence + 1) {
		own_fits = memcmp(l->c->head.chain, f->chain, SHA256_BYTES) == 0;
	}
	if (own_fits && l->c->keys == NULL && end->sequence > 0 && end->before < end->offset && !epoch_differs(l, f)) {
		l->c->at = end->before;
		say(l, 80, end->before_index, "the MAC of the frame before it is not the one that its chain rests on");
		return;
	}
	say(l, own_fits ? 24 : 48, end->index, end->why);
}

static void look_at_frame(struct check *c, const struct log_end *end)
{
	struct look l = { .c = c, .end = end };
	const struct log_segment *s = end->segment < c->files.n ? &c->files.segments[end->segment] : NULL;
	struct frame f;
	uint64_t used;

	c->segment = s != NULL ? arena_z(c->a, log_segment_name(c->a, s)) : "log/";
	c->at = s != NULL ? end->offset : 0;
	if (s == NULL || s->n - end->offset < FRAME_HEADER_BYTES || (end->offset == 0 && s->sequence != end->sequence) ||
	    !frame_decode(s->p + end->offset, &f) || frame_length(&f) > s->n - end->offset) {
		say(&l, 0, end->index, end->why);
		return;
	}
	c->frame = l.h = s->p + end->offset;
	c->blobs = l.h + FRAME_HEADER_BYTES + f.meta_n;
	c->blobs_end = c->blobs + f.blobs_n;
	c->ahead = NULL;
	if (f.sequence != end->sequence)
		say(&l, 8, end->index, "its sequence does not follow");
	else if (f.first != end->index)
		say(&l, 16, end->index, "its first index does not follow");
	else if (f.epoch < end->epoch)
		say(&l, 24, end->index, "its writer epoch does not follow");
	look_at_entries(&l, &f);
	used = FRAME_HEADER_BYTES + f.meta_n + f.blobs_n;
	if (!all_zero(l.h + used, frame_length(&f) - used))
		say(&l, used, end->index, "its padding is not zero");
	if (!l.told)
		look_at_chain(&l, s, &f);
}

/* ---- the frames behind it */
static enum rc see_known(void *ctx, uint32_t i, const uint8_t *bytes, const struct entry *en, const uint8_t *rows,
    uint64_t blob, struct err *e)
{
	struct check *c = ctx;
	const uint64_t index = c->first + i;

	(void)e;
	if (!c->again && memcmp(c->entries[index], bytes, ENTRY_BYTES) != 0)
		verify_found_in(c, ROW_FRAMES, VERDICT_ALTERED, c->segment, c->at + (uint64_t)(bytes - c->frame), index,
		    "the entry is not the one that was signed");
	judge_parts(c, index, en, rows, c->blobs + blob);
	return RC_OK;
}

static void behind_fits(struct check *c, const struct frame *f, const struct frame *before, const struct key *wal)
{
	uint8_t chain[SHA256_BYTES], mac[16];

	frame_chain(before->chain, before->mac, c->frame, c->frame + FRAME_HEADER_BYTES, f->meta_n, chain);
	if (memcmp(chain, f->chain, SHA256_BYTES) != 0) {
		verify_found_in(c, ROW_FRAMES, VERDICT_ALTERED, c->segment, c->at, f->first, "its chain does not fit");
		return;
	}
	if (wal == NULL)
		return;
	frame_mac(wal, chain, mac);
	if (memcmp(mac, f->mac, 16) != 0)
		verify_found_in(c, ROW_FRAMES, VERDICT_ALTERED, c->segment, c->at + 80, f->first, "its MAC does not fit");
}

static enum rc read_behind(struct check *c, const struct log_end *end, const struct key *wal, struct err *e)
{
	const struct frame_visitor v = { see_known, c };
	struct frame f, before = { .sequence = end->sequence };
	size_t segment = end->segment;
	uint64_t from = end->offset + (end->offset == 0 && segment < c->files.n &&
	    c->files.segments[segment].sequence != end->sequence ? 0 : 1), reached = end->index;
	bool has_before = false;
	enum rc rc;

	while (log_later(&c->files, &segment, &from, before.sequence, false, &f)) {
		if (f.first < reached || f.first > c->n || f.n > c->n - f.first) {
			from++;
			continue;
		}
		frame_begin(c, segment, from, &f, c->files.segments[segment].p + from);
		if (has_before && !c->again && f.sequence != before.sequence + 1)
			verify_found_in(c, ROW_FRAMES, VERDICT_ALTERED, c->segment, from, reached, "frames before this one cannot be read");
		else if (has_before && !c->again)
			behind_fits(c, &f, &before, wal);
		if ((rc = frame_entries(&f, c->frame + FRAME_HEADER_BYTES, &v, e)) != RC_OK)
			return rc;
		before = f;
		has_before = true;
		reached = f.first + f.n;
		from += frame_length(&f);
	}
	return RC_OK;
}

/* ---- all of it */
/* Whether an entry that names key rows stands in no frame that could be read. */
static void count_names(struct check *c)
{
	uint64_t i, n = 0;

	for (i = 0; i < c->n; i++)
		n += c->entries[i][4] == KIND_KEYS;
	if (c->out->log_unread || n != c->key_entries)
		c->names_lost = true;
}

static void tell_end(struct check *c, const struct log_end *end)
{
	const char *file = end->segment < c->files.n ? arena_z(c->a, log_segment_name(c->a, &c->files.segments[end->segment])) :
	    "log/";
	char words[300];
	size_t i;

	if (end->state == LOG_TORN) {
		(void)snprintf(words, sizeof(words), "torn, %llu bytes: a write that a crash ended; the next writer takes them away",
		    (unsigned long long)end->torn);
		verify_notice(c, ROW_FRAMES, file, end->offset, words);
	} else if (end->state == LOG_MISSING) {
		(void)snprintf(words, sizeof(words), "frame %llu is missing: the log ends before what was signed",
		    (unsigned long long)end->sequence);
		verify_found_in(c, ROW_FRAMES, VERDICT_MISSING, file, end->offset, end->index, words);
	}
	for (i = end->segment + 1; end->state != LOG_ALTERED && i < c->files.n; i++)
		verify_found(c, ROW_FOREIGN, VERDICT_ALTERED, arena_z(c->a, log_segment_name(c->a, &c->files.segments[i])), 0,
		    "no frame begins with this sequence, so the file is nobody's");
}

static enum rc behind(struct check *c, const struct log_end *end, const struct key *wal, struct err *e)
{
	if (end->state != LOG_ALTERED)
		return RC_OK;
	look_at_frame(c, end);
	return read_behind(c, end, wal, e);
}

enum rc verify_log(struct check *c, struct err *e)
{
	const struct log_visitor v = { see_frame, c };
	const struct key_use use = { .type = KEY_WAL };
	const struct key *wal = c->keys != NULL ? keyring_find(c->keys, &use) : NULL;
	uint64_t size = c->has_head ? c->head.size : 0;
	struct log_end end;
	enum rc rc;

	if (c->has_checkpoint && c->checkpoint.size > size)
		size = c->checkpoint.size;
	if ((rc = verify_scan(c, wal, size, &v, &end, e)) != RC_OK)
		return rc;
	if (end.state == LOG_ALTERED || end.state == LOG_MISSING)
		c->out->log_unread = !verify_recover(c);
	c->log_whole = end.state == LOG_END || end.state == LOG_TORN;
	tell_end(c, &end);
	if ((rc = behind(c, &end, wal, e)) != RC_OK)
		return rc;
	if (c->has_erasure) {                           /* what was said of parts was said without knowing all of them */
		c->again = true;
		c->n_doubts = 0;
		c->out->erased = 0;
		if ((rc = verify_scan(c, wal, size, &v, &end, e)) != RC_OK ||
		    (rc = behind(c, &end, wal, e)) != RC_OK)
			return rc;
	}
	tell_doubts(c);
	count_names(c);
	c->out->entries = c->n;
	return RC_OK;
}

/* read: entries by index and in order, opened and verified as they are read; the newest note; proofs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/ledger_priv.h"
#include "ledger/tile.h"
#include "seal/cut.h"

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = { "INTACT", "ERASED", "UNSCRUBBED", "ERASURE UNFINISHED", "MISSING", "ALTERED",
		"NO KEY" };

	return (size_t)v < ARRAY_LEN(names) ? names[v] : "ALTERED";
}

static bool in_list(uint8_t (*list)[16], size_t n, const uint8_t id[16])
{
	size_t i;

	for (i = 0; i < n; i++)
		if (memcmp(list[i], id, 16) == 0)
			return true;
	return false;
}

enum verdict part_verdict(const struct ledger *l, const struct part_row *row, struct str stored)
{
	uint8_t d[SHA256_BYTES];

	sha256(stored.p, stored.n, d);
	return part_verdict_of(l, row, stored, d);
}

enum verdict part_verdict_of(const struct ledger *l, const struct part_row *row, struct str stored,
    const uint8_t d[SHA256_BYTES])
{
	bool gone, fits;

	fits = stored.n == row->stored_n && memcmp(d, row->d, 32) == 0;
	if (fits && l->n_erased == 0 && l->n_intended == 0)
		return VERDICT_INTACT;
	gone = stored.n == 0 || all_zero(stored.p, stored.n);
	if (in_list(l->erased, l->n_erased, row->key_id))
		return gone ? VERDICT_ERASED : fits ? VERDICT_UNSCRUBBED : VERDICT_ALTERED;
	if (in_list(l->intended, l->n_intended, row->key_id))
		return VERDICT_UNFINISHED;
	if (fits)
		return VERDICT_INTACT;
	return gone ? VERDICT_MISSING : VERDICT_ALTERED;
}

static enum rc object_read(struct ledger *l, struct arena *a, const struct part_row *row, struct str *stored,
    struct err *e)
{
	char path[LIMIT_PATH], name[80], hex[65];
	enum rc rc;

	hex_put(hex, row->d, 32);
	hex[64] = 0;
	(void)snprintf(name, sizeof(name), "obj/%s", hex);
	ledger_path(l, name, path);
	rc = file_read(a, path, (size_t)2 << 30, stored, e);
	if (rc == RC_NOT_FOUND) {
		*stored = STR_NONE;
		return RC_OK;
	}
	return rc;
}

struct open_all {
	struct ledger *l;
	struct arena *a;
	const uint8_t *blobs;
	const struct frame *frame;
	uint64_t wanted;                /* index, or UINT64_MAX for each of them from ${from} */
	uint64_t from;
	struct opened *out;
	bool found;
	enum rc (*each)(void *ctx, const struct opened *, struct err *);
	void *ctx;
	bool reset, people;
};

bool ledger_part_secret(struct ledger *l, const struct entry *en, const struct part_row *row, struct secret *out)
{
	const struct key *scope = l->keys != NULL && row->mode != PART_CLEAR ? keyring_by_id(l->keys, row->key_id) : NULL;

	if (scope == NULL)
		return false;
	part_secret(scope, en->record_id, row->i, out);
	return true;
}

/* One part opened; what does not open leaves its verdict. */
static enum verdict open_part(struct ledger *l, struct arena *a, const struct entry *en, const struct part_row *row,
    struct str stored, struct str *content, struct str *envelope)
{
	struct box_origin from = { .kind = en->kind, .received_ms = en->received_ms };
	struct secret secret;
	enum verdict v;
	struct err why;

	memcpy(from.record_id, en->record_id, 16);
	err_init(&why);
	v = part_verdict(l, row, stored);
	if (v != VERDICT_INTACT && v != VERDICT_UNSCRUBBED)
		return v;
	memset(&secret, 0, sizeof(secret));
	if (row->mode != PART_CLEAR && !ledger_part_secret(l, en, row, &secret))
		return v == VERDICT_INTACT ? VERDICT_NO_KEY : v;
	if (box_open(l->own->sealers[0].box, &from, row, &secret, stored, a, content, envelope, &why) != RC_OK)
		v = VERDICT_ALTERED;
	secret_done(&secret);
	return v;
}

/* Parts from ${first} on are opened; the worst of them. */
static enum rc open_parts(struct ledger *l, struct arena *a, const struct opened *o, unsigned first, struct str *parts,
    enum verdict *worst, struct err *e)
{
	struct str no_envelope;
	struct part_row row;
	enum verdict v;
	unsigned i;
	enum rc rc;

	for (i = first; i < o->entry.n; i++) {
		if ((rc = part_row_decode(o->rows + (size_t)i * PART_ROW_BYTES, &row, e)) != RC_OK)
			return rc;
		parts[i] = STR_NONE;
		v = open_part(l, a, &o->entry, &row, o->stored[i], &parts[i], &no_envelope);
		*worst = i == first || v > *worst ? v : *worst;
	}
	return RC_OK;
}

/* Body and marks from what is at hand, and the raw bytes where all of it is. */
static void read_parts(struct arena *a, const struct str *parts, struct opened *out)
{
	struct cut_mark *marks = NULL;
	struct err why;

	err_init(&why);
	if (parts[0].p == NULL)
		return;
	if (cut_reading(a, parts, out->entry.n, &out->body, &marks, &out->n_marks, &why) != RC_OK)
		out->verdict = out->first = VERDICT_ALTERED;
	out->marks = marks;
}

enum rc ledger_people(struct ledger *l, struct arena *a, struct opened *out, struct err *e)
{
	struct str *parts;
	enum verdict worst = VERDICT_INTACT;
	struct err why;
	size_t i;
	enum rc rc;

	if (out->entry.n < 2 || out->parts == NULL || out->parts[0].p == NULL)
		return RC_OK;
	parts = ARENA_ARRAY(a, out->entry.n, struct str);
	parts[0] = out->parts[0];
	if ((rc = open_parts(l, a, out, 1, parts, &worst, e)) != RC_OK)
		return rc;
	out->parts = parts;
	out->verdict = worst > out->first ? worst : out->first;
	read_parts(a, parts, out);
	for (i = 0; i < out->entry.n && parts[i].p != NULL; i++)
		;
	err_init(&why);
	if (i == out->entry.n && cut_together(a, parts, i, &out->raw, &why) != RC_OK)
		out->verdict = VERDICT_ALTERED;
	return RC_OK;
}

static enum rc open_entry(struct open_all *o, uint64_t index, const uint8_t *bytes, const struct entry *en,
    const uint8_t *rows, uint64_t blob, struct opened *out, struct err *e)
{
	struct str *parts = ARENA_ARRAY(o->a, (size_t)en->n + 1, struct str);
	struct str *all_stored = ARENA_ARRAY(o->a, (size_t)en->n + 1, struct str);
	struct part_row row;
	unsigned i;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	out->index = index;
	out->entry = *en;
	out->bytes = bytes;
	out->rows = rows;
	out->stored = all_stored;
	out->parts = parts;
	hash_leaf(bytes, ENTRY_BYTES, out->leaf);
	for (i = 0; i < en->n; i++) {
		if ((rc = part_row_decode(rows + (size_t)i * PART_ROW_BYTES, &row, e)) != RC_OK)
			return rc;
		all_stored[i] = str_bytes(o->blobs + blob, row.stored_n);
		if (row.is_object && (rc = object_read(o->l, o->a, &row, &all_stored[i], e)) != RC_OK)
			return rc;
		if (!row.is_object)
			blob += row.stored_n;
	}
	if (en->n == 0)
		return RC_OK;
	if ((rc = part_row_decode(rows, &row, e)) != RC_OK)
		return rc;
	out->verdict = out->first = open_part(o->l, o->a, en, &row, all_stored[0], &parts[0], &out->envelope);
	if (en->n == 1) {
		out->body = out->raw = parts[0];
		return RC_OK;
	}
	if (o->people || en->kind == KIND_CHANGE)
		return parts[0].p == NULL ? RC_OK : ledger_people(o->l, o->a, out, e);
	read_parts(o->a, parts, out);
	return RC_OK;
}

static enum rc visit(void *ctx, uint32_t i, const uint8_t *bytes, const struct entry *en, const uint8_t *rows,
    uint64_t blob, struct err *e)
{
	struct open_all *o = ctx;
	uint64_t index = o->frame->first + i;
	struct opened one;
	enum rc rc;

	if (o->out != NULL) {
		if (index != o->wanted)
			return RC_OK;
		o->found = true;
		return open_entry(o, index, bytes, en, rows, blob, o->out, e);
	}
	if (index < o->from || index >= o->wanted)
		return RC_OK;
	if (o->reset)
		arena_reset(o->a);
	if ((rc = open_entry(o, index, bytes, en, rows, blob, &one, e)) != RC_OK)
		return rc;
	return o->each(o->ctx, &one, e);
}

static enum rc changed(const struct frame_spot *s, struct err *e)
{
	return err_set(e, RC_ALTERED, "frame %llu of the log is not what it was when it was opened or written; run verify",
	    (unsigned long long)s->sequence);
}

/* Does the frame, read anew, still give the chain that it had?  Header and meta are covered; blobs are by their D. */
static bool still_chained(const struct ledger *l, size_t i, const uint8_t *bytes)
{
	const struct frame_spot *s = &l->frames[i], *before = i > 0 ? s - 1 : NULL;
	uint8_t chain[SHA256_BYTES], mac[16];
	struct frame f;

	if (!frame_decode(bytes, &f) || memcmp(f.chain, s->chain, sizeof(chain)) != 0 || memcmp(f.mac, s->mac, 16) != 0)
		return false;
	if (before == NULL)
		frame_chain_start(l->origin, chain, mac);
	frame_chain(before != NULL ? before->chain : chain, before != NULL ? before->mac : mac, bytes,
	    bytes + FRAME_HEADER_BYTES, (size_t)f.meta_n, chain);
	return memcmp(chain, s->chain, sizeof(chain)) == 0;
}

enum rc frame_load(struct ledger *l, size_t i, struct frame *f, const uint8_t **header, struct err *e)
{
	const struct frame_spot *s = &l->frames[i];
	char path[LIMIT_PATH], name[64];
	uint8_t *p;
	int fd;
	enum rc rc;

	if (l->loaded_frame == i) {
		*header = (const uint8_t *)l->loaded_bytes.p;
		return frame_decode(*header, f) ? RC_OK : RC_ALTERED;
	}
	(void)snprintf(name, sizeof(name), "log/%020llu.seg", (unsigned long long)s->segment);
	ledger_path(l, name, path);
	l->loaded_frame = SIZE_MAX;
	arena_reset(l->loaded);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return err_sys(e, errno, "%s cannot be read", path);
	p = arena_alloc(l->loaded, FRAME_HEADER_BYTES);
	rc = fd_read(fd, p, FRAME_HEADER_BYTES, s->offset, path, e);
	if (rc == RC_OK && (!frame_decode(p, f) || f->first != s->first || f->n != s->n))
		rc = changed(s, e);
	if (rc == RC_OK) {
		size_t n = (size_t)frame_length(f);

		p = arena_alloc(l->loaded, n);
		rc = fd_read(fd, p, n, s->offset, path, e);
		l->loaded_bytes = str_bytes(p, n);
		if (rc == RC_OK && !still_chained(l, i, p))
			rc = changed(s, e);
	}
	(void)close(fd);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_ALTERED : rc;
	l->loaded_frame = i;
	*header = p;
	return RC_OK;
}

static size_t frame_of(const struct ledger *l, uint64_t index)
{
	size_t low = 0, high = l->n_frames, mid;

	while (high - low > 1) {
		mid = (low + high) / 2;
		if (l->frames[mid].first <= index)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static enum rc frame_visit(struct open_all *o, size_t i, struct err *e)
{
	const struct frame_visitor v = { visit, o };
	const uint8_t *header;
	struct frame f;
	enum rc rc = frame_load(o->l, i, &f, &header, e);

	if (rc != RC_OK)
		return rc;
	o->frame = &f;
	o->blobs = header + FRAME_HEADER_BYTES + f.meta_n;
	return frame_walk(&f, header + FRAME_HEADER_BYTES, &v, e);
}

enum rc ledger_read(struct ledger *l, struct arena *a, uint64_t index, struct opened *out, struct err *e)
{
	struct open_all o = { .l = l, .a = a, .wanted = index, .out = out, .people = true };
	enum rc rc;

	if (index >= l->tree.size)
		return err_set(e, RC_NOT_FOUND, "there is no entry %llu; the ledger has %llu", (unsigned long long)index,
		    (unsigned long long)l->tree.size);
	if ((rc = frame_visit(&o, frame_of(l, index), e)) != RC_OK)
		return rc;
	return o.found ? RC_OK : err_set(e, RC_ALTERED, "entry %llu is not in its frame", (unsigned long long)index);
}

enum rc ledger_each(struct ledger *l, uint64_t from, uint64_t until, bool people, struct arena *a,
    enum rc (*each)(void *ctx, const struct opened *, struct err *), void *ctx, struct err *e)
{
	struct open_all o = { .l = l, .a = a, .from = from, .wanted = until < l->tree.size ? until : l->tree.size, .each = each,
		.ctx = ctx, .reset = true, .people = people };
	size_t i;
	enum rc rc;

	if (from >= o.wanted)
		return RC_OK;
	for (i = frame_of(l, from); i < l->n_frames && l->frames[i].first < o.wanted; i++)
		if ((rc = frame_visit(&o, i, e)) != RC_OK)
			return rc;
	return RC_OK;
}

enum rc ledger_note(const struct ledger *l, struct arena *a, struct str *note, struct err *e)
{
	char path[LIMIT_PATH];

	ledger_path(l, "checkpoint", path);
	return file_read(a, path, NOTE_MAX, note, e);
}

enum rc ledger_prove(struct ledger *l, struct arena *a, uint64_t index, struct buf *out, struct err *e)
{
	struct tile_reader r = { l->dir, l->checkpointed };
	const struct tree_source s = { tile_node, &r };
	uint8_t hashes[PROOF_MAX * SHA256_BYTES];
	struct checkpoint c;
	struct opened entry;
	struct str note, text;
	size_t n, i;
	enum rc rc;

	if (index >= l->checkpointed)
		return err_set(e, RC_NOT_FOUND, "no checkpoint covers entry %llu yet; the newest covers %llu entries",
		    (unsigned long long)index, (unsigned long long)l->checkpointed);
	if ((rc = ledger_note(l, a, &note, e)) != RC_OK || (rc = note_open(note, &l->key, &text, e)) != RC_OK ||
	    (rc = checkpoint_parse(text, &c, e)) != RC_OK || (rc = ledger_read(l, a, index, &entry, e)) != RC_OK ||
	    (rc = proof_make_inclusion(&s, index, c.size, hashes, &n, e)) != RC_OK)
		return rc;
	if (!proof_inclusion(index, c.size, entry.leaf, hashes, n, c.root))
		return err_set(e, RC_ALTERED, "the tiles do not prove entry %llu; run verify", (unsigned long long)index);
	buf_z(out, "c2sp.org/tlog-proof@v1\n");
	buf_fmt(out, "index %llu\n", (unsigned long long)index);
	for (i = 0; i < n; i++) {
		buf_base64(out, hashes + i * SHA256_BYTES, SHA256_BYTES);
		buf_c(out, '\n');
	}
	buf_c(out, '\n');
	buf_str(out, note);
	return buf_ok(out, "a proof", e);
}

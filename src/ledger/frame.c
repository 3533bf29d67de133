/* frame: see frame.h. */
#include "ledger/frame.h"

#include <assert.h>
#include <string.h>

const char *entry_kind_name(unsigned kind)
{
	static const char *const names[] = { "unknown", "evidence", "rejected record", "change", "definition", "ingest",
		"result", "access", "erasure intent", "erasure completion", "key generation", "seal", "checkpoint policy",
		"withdrawal" };

	return kind < ARRAY_LEN(names) ? names[kind] : names[0];
}

void entry_encode(const struct entry *en, uint8_t out[ENTRY_BYTES])
{
	memset(out, 0, ENTRY_BYTES);
	memcpy(out, "TME1", 4);
	out[4] = en->kind;
	put_u16(out + 6, en->n);
	put_u64(out + 8, en->received_ms);
	memcpy(out + 16, en->record_id, 16);
	memcpy(out + 32, en->parts_root, 32);
	memcpy(out + 64, en->tag, 16);
	memcpy(out + 80, en->collector, 8);
	out[88] = en->bucket;
}

enum rc entry_decode(const uint8_t b[ENTRY_BYTES], struct entry *en, struct err *e)
{
	if (memcmp(b, "TME1", 4) != 0 || b[5] != 0 || !all_zero(b + 89, 7))
		return err_set(e, RC_ALTERED, "an entry has no magic, flags that nobody writes, or bytes where zeros belong");
	if (b[4] < KIND_EVIDENCE || b[4] > KIND_WITHDRAWAL)
		return err_set(e, RC_ALTERED, "an entry is of a kind that does not exist");
	en->kind = b[4];
	en->n = get_u16(b + 6);
	en->received_ms = get_u64(b + 8);
	memcpy(en->record_id, b + 16, 16);
	memcpy(en->parts_root, b + 32, 32);
	memcpy(en->tag, b + 64, 16);
	memcpy(en->collector, b + 80, 8);
	en->bucket = b[88];
	if (en->n > PARTS_MAX || (en->n == 0 && !all_zero(en->parts_root, 32)))
		return err_set(e, RC_ALTERED, "an entry has an impossible number of parts");
	return RC_OK;
}

uint64_t frame_length(const struct frame *f)
{
	uint64_t n;

	if (f->n < 1 || f->n > FRAME_ENTRIES_MAX || f->meta_n > FRAME_META_MAX || f->blobs_n > FRAME_MAX)
		return 0;
	n = (FRAME_HEADER_BYTES + f->meta_n + f->blobs_n + 7) & ~(uint64_t)7;
	return n <= FRAME_MAX ? n : 0;
}

bool frame_decode(const uint8_t h[FRAME_HEADER_BYTES], struct frame *f)
{
	if (memcmp(h, "TMF1\0\0\0\0", 8) != 0)
		return false;
	f->sequence = get_u64(h + 8);
	f->first = get_u64(h + 16);
	f->epoch = get_u64(h + 24);
	f->n = get_u32(h + 32);
	f->meta_n = get_u32(h + 36);
	f->blobs_n = get_u64(h + 40);
	memcpy(f->chain, h + 48, 32);
	memcpy(f->mac, h + 80, 16);
	return frame_length(f) != 0;
}

void frame_encode(const struct frame *f, uint8_t h[FRAME_HEADER_BYTES])
{
	memset(h, 0, FRAME_HEADER_BYTES);
	memcpy(h, "TMF1", 4);
	put_u64(h + 8, f->sequence);
	put_u64(h + 16, f->first);
	put_u64(h + 24, f->epoch);
	put_u32(h + 32, f->n);
	put_u32(h + 36, (uint32_t)f->meta_n);
	put_u64(h + 40, f->blobs_n);
	memcpy(h + 48, f->chain, 32);
	memcpy(h + 80, f->mac, 16);
}

void frame_chain_pieces(const uint8_t before[SHA256_BYTES], const uint8_t mac_before[16], const uint8_t *header,
    const struct str *meta, size_t n, uint8_t out[SHA256_BYTES])
{
	struct str pieces[4 + FRAME_PIECES_MAX] = { LABEL("frame"), str_bytes(before, 32), str_bytes(mac_before, 16),
		str_bytes(header, 48) };

	assert(n <= FRAME_PIECES_MAX);
	memcpy(pieces + 4, meta, n * sizeof(*meta));
	sha256_pieces(pieces, 4 + n, out);
}

void frame_chain(const uint8_t before[SHA256_BYTES], const uint8_t mac_before[16], const uint8_t *header,
    const uint8_t *meta, size_t meta_n, uint8_t out[SHA256_BYTES])
{
	const struct str all = str_bytes(meta, meta_n);

	frame_chain_pieces(before, mac_before, header, &all, 1, out);
}

void frame_chain_start(struct str origin, uint8_t chain[SHA256_BYTES], uint8_t mac[16])
{
	const struct str pieces[] = { LABEL("log"), origin };

	sha256_pieces(pieces, ARRAY_LEN(pieces), chain);
	memset(mac, 0, 16);
}

void frame_mac(const struct key *wal, const uint8_t chain[SHA256_BYTES], uint8_t out[16])
{
	const struct str pieces[] = { LABEL("frame-mac"), str_bytes(chain, 32) };
	uint8_t h[SHA256_BYTES];

	hmac_key_pieces(&wal->mac, pieces, ARRAY_LEN(pieces), h);
	memcpy(out, h, 16);
}

static enum rc rows_of(const struct entry *en, const uint8_t *rows, const uint8_t *root, uint64_t *in_frame, struct err *e)
{
	uint64_t stored = 0;
	struct part_row row;
	unsigned i;
	enum rc rc;

	*in_frame = 0;
	for (i = 0; i < en->n; i++) {
		if ((rc = part_row_decode(rows + (size_t)i * PART_ROW_BYTES, &row, e)) != RC_OK)
			return rc;
		if (row.i != i || row.n != en->n || (row.mode == PART_CLEAR) != entry_kind_is_clear(en->kind))
			return err_set(e, RC_ALTERED, "a part's row does not fit its entry");
		stored += row.stored_n;
		*in_frame += row.is_object ? 0 : row.stored_n;
	}
	if (memcmp(root, en->parts_root, 32) != 0)
		return err_set(e, RC_ALTERED, "the rows do not give the entry's parts root");
	if (en->bucket != (en->n == 0 ? 0 : box_size_bucket(stored)))
		return err_set(e, RC_ALTERED, "the entry's size bucket does not fit");
	return RC_OK;
}

enum rc frame_rows(const struct entry *en, const uint8_t *rows, uint64_t *in_frame, struct err *e)
{
	uint8_t root[SHA256_BYTES];

	parts_root(en->record_id, rows, en->n, root);
	return rows_of(en, rows, root, in_frame, e);
}

/* Parts roots, of two entries at once where both have one part, as nearly all have. */
struct roots {
	bool has_next;
	uint8_t next[SHA256_BYTES];
};

static void root_of_next(struct roots *r, const struct entry *en, const uint8_t *rows, size_t left, uint8_t out[SHA256_BYTES])
{
	const uint8_t *after = rows + PART_ROW_BYTES;

	if (r->has_next) {
		memcpy(out, r->next, SHA256_BYTES);
		r->has_next = false;
	} else if (en->n == 1 && left >= PART_ROW_BYTES + ENTRY_BYTES + PART_ROW_BYTES && get_u16(after + 6) == 1) {
		parts_root_two(en->record_id, rows, out, after + 16, after + ENTRY_BYTES, r->next);
		r->has_next = true;
	} else {
		parts_root(en->record_id, rows, en->n, out);
	}
}

enum rc frame_walk(const struct frame *f, const uint8_t *meta, const struct frame_visitor *v, struct err *e)
{
	struct roots roots = { false, { 0 } };
	uint8_t root[SHA256_BYTES];
	uint64_t blob = 0, in_frame;
	size_t at = 0;
	struct entry en;
	uint32_t i;
	enum rc rc;

	for (i = 0; i < f->n; i++) {
		if (f->meta_n - at < ENTRY_BYTES)
			return err_set(e, RC_ALTERED, "the frame's entries end too early");
		if ((rc = entry_decode(meta + at, &en, e)) != RC_OK)
			return rc;
		if (f->meta_n - at - ENTRY_BYTES < (uint64_t)en.n * PART_ROW_BYTES)
			return err_set(e, RC_ALTERED, "the frame's part rows end too early");
		root_of_next(&roots, &en, meta + at + ENTRY_BYTES, f->meta_n - at - ENTRY_BYTES, root);
		if ((rc = rows_of(&en, meta + at + ENTRY_BYTES, root, &in_frame, e)) != RC_OK)
			return rc;
		if (in_frame > f->blobs_n - blob)
			return err_set(e, RC_ALTERED, "the frame's stored bytes end too early");
		if (v != NULL && (rc = v->entry(v->ctx, i, meta + at, &en, meta + at + ENTRY_BYTES, blob, e)) != RC_OK)
			return rc;
		blob += in_frame;
		at += ENTRY_BYTES + (size_t)en.n * PART_ROW_BYTES;
	}
	if (at != f->meta_n || blob != f->blobs_n)
		return err_set(e, RC_ALTERED, "the frame holds more than its entries");
	return RC_OK;
}

enum rc frame_entries(const struct frame *f, const uint8_t *meta, const struct frame_visitor *v, struct err *e)
{
	uint64_t blob = 0;
	struct entry en;
	uint32_t i;
	unsigned k;
	enum rc rc;

	for (i = 0; i < f->n; i++) {
		const uint8_t *rows = meta + ENTRY_BYTES;

		if ((rc = entry_decode(meta, &en, e)) != RC_OK || (rc = v->entry(v->ctx, i, meta, &en, rows, blob, e)) != RC_OK)
			return rc;
		for (k = 0; k < en.n; k++)
			blob += part_row_in_frame(rows + (size_t)k * PART_ROW_BYTES);
		meta = rows + (size_t)en.n * PART_ROW_BYTES;
	}
	return RC_OK;
}

void head_encode(const struct head *h, uint8_t out[HEAD_BYTES])
{
	memset(out, 0, HEAD_BYTES);
	memcpy(out, "TMH1", 4);
	put_u64(out + 8, h->epoch);
	put_u64(out + 16, h->next_sequence);
	put_u64(out + 24, h->size);
	memcpy(out + 32, h->root, 32);
	memcpy(out + 64, h->chain, 32);
	memcpy(out + 96, h->mac, 16);
	sha256(out, 112, out + 112);
}

enum rc head_decode(struct str b, struct head *h, struct err *e)
{
	const uint8_t *p = (const uint8_t *)b.p;
	uint8_t sum[32];

	if (b.n != HEAD_BYTES || memcmp(p, "TMH1\0\0\0\0", 8) != 0)
		return err_set(e, RC_ALTERED, "the head record has not its form");
	sha256(p, 112, sum);
	if (memcmp(sum, p + 112, 32) != 0)
		return err_set(e, RC_ALTERED, "the head record's checksum does not fit");
	h->epoch = get_u64(p + 8);
	h->next_sequence = get_u64(p + 16);
	h->size = get_u64(p + 24);
	memcpy(h->root, p + 32, 32);
	memcpy(h->chain, p + 64, 32);
	memcpy(h->mac, p + 96, 16);
	return RC_OK;
}

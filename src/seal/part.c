/* part: the rows that stand for a record's parts in the log, and the one hash over them that goes into the
 * entry.  Needs no key; sealing and opening are in box.c. */
#include "seal/box.h"

#include <string.h>

#include "seal/box_parts.h"

enum { ROW_MESSAGE = 32 + PART_ROW_BYTES, ROOT_MESSAGE = 36 + SHA256_BYTES };
enum { AT_MODE = 4, AT_PLACE = 5, AT_LENGTH = 8, AT_KEY = 16, AT_C = 32, AT_D = 64, AT_KC = 96 };

uint64_t padme(uint64_t n)
{
	unsigned e, w;
	uint64_t low;

	if (n < 64)
		n = 64;
	e = 63u - (unsigned)__builtin_clzll(n);
	w = 32u - (unsigned)__builtin_clz(e);           /* floor(log2 e) + 1 */
	low = ((uint64_t)1 << (e - w)) - 1;
	return (n + low) & ~low;
}

uint8_t box_size_bucket(uint64_t stored_n)
{
	return stored_n <= 1 ? 0 : (uint8_t)(64 - __builtin_clzll(stored_n - 1));
}

uint64_t box_stored_n(uint64_t padded_n)
{
	return padded_n <= BOX_WHOLE_MAX ? padded_n + GCM_TAG_BYTES :
	    padded_n + (padded_n + BOX_CHUNK - 1) / BOX_CHUNK * GCM_TAG_BYTES;
}

static bool length_fits(enum part_mode mode, uint64_t n)
{
	uint64_t padded_max = padme(12 + BOX_CONTENT_MAX + BOX_ENVELOPE_MAX);

	switch (mode) {
	case PART_CLEAR:
		return n <= BOX_CLEAR_MAX;
	case PART_WHOLE:
		return n >= 64 + GCM_TAG_BYTES && n <= BOX_WHOLE_MAX + GCM_TAG_BYTES;
	case PART_CHUNKS:
		return n > box_stored_n(BOX_WHOLE_MAX + 1) - 1 && n <= box_stored_n(padded_max) &&
		    (n % (BOX_CHUNK + GCM_TAG_BYTES) == 0 || n % (BOX_CHUNK + GCM_TAG_BYTES) > GCM_TAG_BYTES);
	}
	return false;
}

enum rc part_row_decode(const uint8_t p[PART_ROW_BYTES], struct part_row *out, struct err *e)
{
	struct part_row r = { .i = get_u16(p), .n = get_u16(p + 2), .is_object = p[AT_PLACE] == 1,
		.stored_n = get_u64(p + AT_LENGTH) };

	if (r.n == 0 || r.n > PARTS_MAX || r.i >= r.n)
		return err_set(e, RC_ALTERED, "a part row says it is part %u of %u", r.i, r.n);
	if (p[AT_MODE] > PART_CHUNKS || p[AT_PLACE] > 1 || !all_zero(p + 6, 2))
		return err_set(e, RC_ALTERED, "the row of part %u has an unknown mode or place or bytes that are not zero", r.i);
	r.mode = (enum part_mode)p[AT_MODE];
	if (!length_fits(r.mode, r.stored_n))
		return err_set(e, RC_ALTERED, "the row of part %u has a stored length, %llu, that its mode cannot have", r.i,
		    (unsigned long long)r.stored_n);
	if (r.is_object != (r.stored_n > BOX_OBJECT_ABOVE))
		return err_set(e, RC_ALTERED, "the row of part %u puts %llu bytes in the wrong place", r.i,
		    (unsigned long long)r.stored_n);
	if (r.mode == PART_CLEAR && (r.n != 1 || !all_zero(p + AT_KEY, 48) || !all_zero(p + AT_KC, 32)))
		return err_set(e, RC_ALTERED, "the row of a clear body has what only a sealed part has");
	memcpy(r.key_id, p + AT_KEY, 16);
	memcpy(r.c, p + AT_C, 32);
	memcpy(r.d, p + AT_D, 32);
	memcpy(r.kc, p + AT_KC, 32);
	*out = r;
	return RC_OK;
}

void part_row_encode(const struct part_row *r, uint8_t out[PART_ROW_BYTES])
{
	put_u16(out, r->i);
	put_u16(out + 2, r->n);
	out[AT_MODE] = (uint8_t)r->mode;
	out[AT_PLACE] = r->is_object ? 1 : 0;
	put_u16(out + 6, 0);
	put_u64(out + AT_LENGTH, r->stored_n);
	memcpy(out + AT_KEY, r->key_id, 16);
	memcpy(out + AT_C, r->c, 32);
	memcpy(out + AT_D, r->d, 32);
	memcpy(out + AT_KC, r->kc, 32);
}

void part_row_hash(const uint8_t record_id[16], const uint8_t row[PART_ROW_BYTES], uint8_t out[SHA256_BYTES])
{
	const struct str pieces[] = { LABEL("row"), str_bytes(record_id, 16), str_bytes(row, PART_ROW_BYTES) };

	sha256_pieces(pieces, 3, out);
}

/* The hash begun: its prefix is the same however the row hashes come. */
static void root_begin(struct sha256 *h, const uint8_t record_id[16], size_t n)
{
	const struct str label = LABEL("parts");
	uint8_t count[2];

	put_u16(count, (uint16_t)n);
	sha256_add(h, label.p, label.n);
	sha256_add(h, record_id, 16);
	sha256_add(h, count, 2);
}

void parts_root(const uint8_t record_id[16], const uint8_t *rows, size_t n, uint8_t out[SHA256_BYTES])
{
	uint8_t digest[SHA256_BYTES];
	struct sha256 *h;
	size_t i;

	if (n == 1) {                                   /* nearly always: without a running hash */
		part_row_hash(record_id, rows, digest);
		parts_root_of_hashes(record_id, digest, 1, out);
		return;
	}
	if (n == 0) {
		memset(out, 0, SHA256_BYTES);
		return;
	}
	h = sha256_new();
	root_begin(h, record_id, n);
	for (i = 0; i < n; i++) {
		part_row_hash(record_id, rows + i * PART_ROW_BYTES, digest);
		sha256_add(h, digest, sizeof digest);
	}
	sha256_end(h, out);
	sha256_free(h);
}

/* Both hashes of a record of one part as the bytes that go into them. */
static void row_message(const uint8_t record_id[16], const uint8_t *row, uint8_t out[ROW_MESSAGE])
{
	const struct str label = LABEL("row");

	memcpy(out, label.p, 16);
	memcpy(out + 16, record_id, 16);
	memcpy(out + 32, row, PART_ROW_BYTES);
}

static void root_message(const uint8_t record_id[16], uint8_t out[ROOT_MESSAGE])
{
	const struct str label = LABEL("parts");

	memcpy(out, label.p, 18);
	memcpy(out + 18, record_id, 16);
	put_u16(out + 34, 1);
}

void parts_root_two(const uint8_t id_a[16], const uint8_t *row_a, uint8_t out_a[SHA256_BYTES], const uint8_t id_b[16],
    const uint8_t *row_b, uint8_t out_b[SHA256_BYTES])
{
	uint8_t a[ROW_MESSAGE], b[ROW_MESSAGE];

	row_message(id_a, row_a, a);
	row_message(id_b, row_b, b);
	sha256_two(str_bytes(a, sizeof a), out_a, str_bytes(b, sizeof b), out_b);
	root_message(id_a, a);
	root_message(id_b, b);
	memcpy(a + 36, out_a, SHA256_BYTES);
	memcpy(b + 36, out_b, SHA256_BYTES);
	sha256_two(str_bytes(a, ROOT_MESSAGE), out_a, str_bytes(b, ROOT_MESSAGE), out_b);
}

void parts_root_of_hashes(const uint8_t record_id[16], const uint8_t *hashes, size_t n, uint8_t out[SHA256_BYTES])
{
	uint8_t count[2];
	const struct str pieces[] = { LABEL("parts"), str_bytes(record_id, 16), str_bytes(count, 2),
		str_bytes(hashes, n * SHA256_BYTES) };

	put_u16(count, (uint16_t)n);
	if (n == 0)
		memset(out, 0, SHA256_BYTES);
	else
		sha256_pieces(pieces, 4, out);
}

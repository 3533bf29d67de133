/* key: key rows and key pages as they are on disk.  What can be told without a key is told by decoding; only
 * key_row_unwrap needs one. */
#include "seal/key.h"

#include <string.h>

enum { AT_GENERATION = 4, AT_CREATED = 8, AT_ID = 16, AT_SUBJECT = 32, AT_WRAPPED = 48, HEADER = 48 };
enum { PAGE_HEADER = 32 };

_Static_assert(PAGE_HEADER + KEY_PAGE_ROWS * KEY_ROW_BYTES == KEY_PAGE_BYTES, "85 rows fill a page");

enum rc key_row_decode(const uint8_t p[KEY_ROW_BYTES], struct key_row *out, struct err *e)
{
	struct key_row r = { 0 };
	bool subject = !all_zero(p + AT_SUBJECT, 16);

	if (p[0] == KEY_NONE) {
		if (!all_zero(p, KEY_ROW_BYTES))
			return err_set(e, RC_ALTERED, "a key row without a type is not all zero");
		*out = r;
		return RC_OK;
	}
	if (p[0] > KEY_DATABASE)
		return err_set(e, RC_ALTERED, "a key row has the unknown type %u", p[0]);
	r.use.type = (enum key_type)p[0];
	if (p[1] > CLASS_RESTRICTED)
		return err_set(e, RC_ALTERED, "a key row has the unknown classification %u", p[1]);
	r.use.classification = (enum classification)p[1];
	r.use.epoch = get_u16(p + 2);
	if ((p[0] > KEY_FILE_SCOPE && (p[1] != 0 || subject)) || (p[0] > KEY_DEDUP && r.use.epoch != 0) ||
	    (p[0] == KEY_FILE_SCOPE && subject) || !all_zero(p + 88, 8))
		return err_set(e, RC_ALTERED, "a key row of type %u has bytes that its type does not use", p[0]);
	r.generation = get_u32(p + AT_GENERATION);
	r.created_ms = get_u64(p + AT_CREATED);
	memcpy(r.id, p + AT_ID, 16);
	memcpy(r.use.subject, p + AT_SUBJECT, 16);
	memcpy(r.wrapped, p + AT_WRAPPED, KEY_WRAP_BYTES);
	*out = r;
	return RC_OK;
}

void key_row_encode(const struct key_row *r, uint8_t out[KEY_ROW_BYTES])
{
	memset(out, 0, KEY_ROW_BYTES);
	if (r->use.type == KEY_NONE)
		return;
	out[0] = (uint8_t)r->use.type;
	out[1] = (uint8_t)r->use.classification;
	put_u16(out + 2, r->use.epoch);
	put_u32(out + AT_GENERATION, r->generation);
	put_u64(out + AT_CREATED, r->created_ms);
	memcpy(out + AT_ID, r->id, 16);
	memcpy(out + AT_SUBJECT, r->use.subject, 16);
	memcpy(out + AT_WRAPPED, r->wrapped, KEY_WRAP_BYTES);
}

/* The header goes into the key it is wrapped under: an altered header does not unwrap. */
static void row_wrap_key(const struct key_row *r, const struct secret *kek, struct secret *out)
{
	uint8_t row[KEY_ROW_BYTES];
	const struct str info[] = { LABEL("wrap"), str_bytes(row, HEADER) };

	key_row_encode(r, row);
	expand_sha256(kek->bytes, info, 2, out->bytes);
}

void key_row_wrap(struct key_row *r, const struct secret *kek, const struct secret *key)
{
	struct secret under;

	row_wrap_key(r, kek, &under);
	key_wrap(&under, key, r->wrapped);
	secret_done(&under);
}

bool key_row_unwrap(const struct key_row *r, const struct secret *kek, struct secret *key)
{
	struct secret under;
	bool fits;

	row_wrap_key(r, kek, &under);
	fits = key_unwrap(&under, r->wrapped, key);
	secret_done(&under);
	return fits;
}

enum rc key_page_decode(struct str bytes, struct key_page *out, struct err *e)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	struct key_page page;
	size_t i, n;

	if (bytes.n != KEY_PAGE_BYTES)
		return err_set(e, RC_ALTERED, "a key page has %zu bytes, not %d", bytes.n, KEY_PAGE_BYTES);
	if (memcmp(p, "TMK1", 4) != 0)
		return err_set(e, RC_ALTERED, "a key page does not begin with TMK1");
	page.number = get_u32(p + 4);
	page.generation = get_u32(p + 8);
	n = get_u32(p + 12);
	if (n > KEY_PAGE_ROWS)
		return err_set(e, RC_ALTERED, "key page %u says it has %zu rows; %d is the most", page.number, n,
		    KEY_PAGE_ROWS);
	if (!all_zero(p + 16, 16) || !all_zero(p + PAGE_HEADER + n * KEY_ROW_BYTES, (KEY_PAGE_ROWS - n) * KEY_ROW_BYTES))
		return err_set(e, RC_ALTERED, "key page %u has bytes where none belong", page.number);
	for (i = 0; i < n; i++) {
		struct key_row row;

		if (key_row_decode(p + PAGE_HEADER + i * KEY_ROW_BYTES, &row, e) != RC_OK) {
			err_while(e, "reading row %zu of key page %u", i, page.number);
			return RC_ALTERED;
		}
		if (row.use.type != KEY_NONE && row.generation != page.generation)
			return err_set(e, RC_ALTERED, "row %zu of key page %u is of generation %u in a page of generation %u",
			    i, page.number, row.generation, page.generation);
	}
	page.n = n;
	page.rows = p + PAGE_HEADER;
	*out = page;
	return RC_OK;
}

void key_page_encode(uint32_t number, uint32_t generation, const uint8_t *rows, size_t n, uint8_t out[KEY_PAGE_BYTES])
{
	memset(out, 0, KEY_PAGE_BYTES);
	memcpy(out, "TMK1", 4);
	put_u32(out + 4, number);
	put_u32(out + 8, generation);
	put_u32(out + 12, (uint32_t)n);
	if (n > 0)
		memcpy(out + PAGE_HEADER, rows, n * KEY_ROW_BYTES);
}

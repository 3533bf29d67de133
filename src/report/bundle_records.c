/* bundle_records: the records of a bundle, each opened with the secrets that lie beside it and found at its place in the ledger. */
#include "report/bundle_check.h"

#include <string.h>

#include "seal/cut.h"

struct cursor {
	const struct archive_member *m;
	size_t at;
};

static const uint8_t *take(struct cursor *k, uint64_t n)
{
	const uint8_t *p = (const uint8_t *)k->m->bytes.p + k->at;

	if (n > k->m->bytes.n - k->at)
		return NULL;
	k->at += (size_t)n;
	return p;
}

static const char *part(struct check *c, struct cursor *k, const struct entry *en, uint64_t index, unsigned i, uint8_t *hash,
    struct str *content, struct str *envelope, bool *opened)
{
	const struct box_origin from = { .kind = en->kind, .received_ms = en->received_ms };
	struct box_origin origin = from;
	const uint8_t *flag = take(k, 8), *row_bytes, *secret_bytes, *stored;
	struct part_row row;
	struct secret secret;
	struct err why;

	(void)index;
	*opened = false;
	err_init(&why);
	if (flag == NULL || flag[0] > 1 || !all_zero(flag + 1, 7))
		return "a part does not say whether it is shown";
	if (flag[0] == 0) {
		if ((row_bytes = take(k, SHA256_BYTES)) == NULL)
			return "it ends within a part";
		memcpy(hash, row_bytes, SHA256_BYTES);
		return NULL;
	}
	row_bytes = take(k, PART_ROW_BYTES);
	secret_bytes = take(k, 32);
	if (row_bytes == NULL || secret_bytes == NULL || part_row_decode(row_bytes, &row, &why) != RC_OK)
		return why.code != RC_OK ? arena_z(c->a, str_z(why.msg)) : "it ends within a part";
	stored = take(k, row.stored_n);
	if (stored == NULL || row.i != i || row.n != en->n)
		return "a part's row does not fit its entry, or its bytes are cut short";
	part_row_hash(en->record_id, row_bytes, hash);
	memcpy(origin.record_id, en->record_id, 16);
	memcpy(secret.bytes, secret_bytes, 32);
	if (row.mode == PART_CLEAR && !all_zero(secret_bytes, 32))
		return "a part in clear has a secret";
	if (box_open(c->box, &origin, &row, &secret, str_bytes(stored, (size_t)row.stored_n), c->one, content, envelope, &why) != RC_OK)
		return arena_z(c->a, str_z(why.msg));
	*opened = true;
	return NULL;
}

/* One record at the cursor; its body is in c->one until the next. */
static const char *record(struct check *c, struct cursor *k, struct bundle_record *out)
{
	const uint8_t *head = take(k, RECORD_HEAD_BYTES);
	uint8_t (*hashes)[SHA256_BYTES], root[SHA256_BYTES];
	struct str *contents, envelope = STR_NONE, ignored;
	struct cut_mark *marks;
	const char *bad;
	uint8_t *shown;
	struct err why;
	bool opened;
	unsigned i;

	memset(out, 0, sizeof(*out));
	if (head == NULL)
		return "it ends within a record";
	out->index = get_u64(head);
	if (out->index >= c->size || !all_zero(head + 10, 6))
		return "a record names an entry that the ledger has not";
	err_init(&why);
	if (entry_decode(c->entries[out->index], &out->entry, &why) != RC_OK || get_u16(head + 8) != out->entry.n)
		return "a record has another number of parts than its entry";
	hashes = arena_array(c->one, (size_t)out->entry.n + 1, SHA256_BYTES);
	contents = ARENA_ARRAY(c->one, (size_t)out->entry.n + 1, struct str);
	shown = arena_alloc(c->one, (size_t)out->entry.n + 1);
	out->shown = shown;
	for (i = 0; i < out->entry.n; i++) {
		if ((bad = part(c, k, &out->entry, out->index, i, hashes[i], &contents[i], i == 0 ? &envelope : &ignored, &opened)) != NULL)
			return bad;
		shown[i] = opened;
		if (i == 0)
			out->is_open = opened;
		else
			out->hidden += !opened;
	}
	parts_root_of_hashes(out->entry.record_id, hashes[0], out->entry.n, root);
	if (memcmp(root, out->entry.parts_root, SHA256_BYTES) != 0)
		return "the record is not the one that stands at this index: its parts do not give the entry's parts root";
	out->envelope = envelope;
	if (out->is_open && cut_reading(c->one, contents, out->entry.n, &out->body, &marks, &out->n_marks, &why) != RC_OK)
		return arena_z(c->a, str_z(why.msg));
	out->marks = out->is_open ? marks : NULL;
	return NULL;
}

enum rc check_each_record(struct check *c, enum rc (*each)(void *ctx, const struct bundle_record *, struct err *),
    void *ctx, struct err *e)
{
	struct bundle_record r;
	struct cursor k = { NULL, 0 };
	int64_t last = -1;
	uint64_t number;
	const char *bad;
	enum rc rc;

	for (number = 0; (k.m = archive_find(c->archive, bundle_records_name(c->a, number))) != NULL; number++) {
		k.at = 0;
		if (k.m->bytes.n < 4 || memcmp(k.m->bytes.p, RECORDS_MAGIC, 4) != 0) {
			check_found(c, ROW_PARTS, VERDICT_ALTERED, k.m->name, k.m->at, -1, "it does not begin as records do");
			return RC_OK;
		}
		for (k.at = 4; k.at < k.m->bytes.n;) {
			size_t from = k.at;

			arena_reset(c->one);
			bad = record(c, &k, &r);
			if (bad == NULL && (int64_t)r.index <= last)
				bad = "records are out of order, or one is there twice";
			if (bad != NULL) {
				check_found(c, ROW_PARTS, VERDICT_ALTERED, k.m->name, k.m->at + from,
				    r.index < c->size ? (int64_t)r.index : -1, bad);
				return RC_OK;
			}
			last = (int64_t)r.index;
			if ((rc = each(ctx, &r, e)) != RC_OK)
				return rc;
		}
	}
	c->records_members = number;
	c->records_whole = true;
	return RC_OK;
}

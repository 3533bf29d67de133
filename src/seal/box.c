/* box: a record's parts sealed and opened.  Each part has its own secret, each chunk its own key, used once;
 * hence the nonce is zero.  Rows and roots are in part.c, keys in key.h. */
#include "seal/box.h"

#include <string.h>

#include "seal/box_parts.h"

enum { HEAD = 12, AAD_BYTES = 46, POOL = 8192, KEEP = 1 << 18 };
enum { CONTENT_LABEL = 20, BEFORE = CONTENT_LABEL - HEAD };     /* room before the plaintext, for the content's label */
enum { KC_MESSAGE = 15 + 32 };

static const uint8_t zero_nonce[GCM_NONCE_BYTES];

struct box {
	struct gcm *gcm;
	uint8_t *plain, *stored;                /* padded plaintext; ciphertexts and tags */
	size_t plain_room, stored_room;
	size_t pool_used;
	uint8_t pool[POOL];                     /* fresh random bytes: a system call for each id would cost most */
};

struct box *box_new(void)
{
	struct box *b = mem_alloc(sizeof *b);

	b->gcm = gcm_new();
	b->pool_used = POOL;
	return b;
}

static void room_free(uint8_t **p, size_t *room)
{
	if (*p != NULL)
		wipe(*p, *room);
	mem_free(*p);
	*p = NULL;
	*room = 0;
}

void box_free(struct box *b)
{
	if (b == NULL)
		return;
	gcm_free(b->gcm);
	room_free(&b->plain, &b->plain_room);
	room_free(&b->stored, &b->stored_room);
	wipe(b->pool, sizeof b->pool);
	mem_free(b);
}

static uint8_t *room_for(uint8_t **p, size_t *room, size_t n)
{
	if (*room < n) {
		room_free(p, room);             /* not resized: what a resize leaves behind could not be wiped */
		*room = n < 4096 ? 4096 : n;
		*p = mem_alloc(*room);
	}
	return *p;
}

/* A large part must not hold memory, nor its plaintext, for the rest of the run. */
static void trim(struct box *b)
{
	if (b->plain_room > KEEP)
		room_free(&b->plain, &b->plain_room);
	if (b->stored_room > KEEP)
		room_free(&b->stored, &b->stored_room);
}

static void fresh_id(struct box *b, uint8_t out[16])
{
	if (b->pool_used == POOL) {
		rand_bytes(b->pool, POOL);
		b->pool_used = 0;
	}
	memcpy(out, b->pool + b->pool_used, 16);
	wipe(b->pool + b->pool_used, 16);
	b->pool_used += 16;
}

/* ---- derivations */
void part_secret(const struct key *scope, const uint8_t record_id[16], uint16_t i, struct secret *out)
{
	uint8_t number[2];
	const struct str info[] = { LABEL("part"), str_bytes(record_id, 16), str_bytes(number, 2) };

	put_u16(number, i);
	hmac_key_expand(&scope->mac, info, 3, out->bytes);
}

static void chunk_key(const struct hmac_key *s, uint32_t j, bool last, struct secret *out)
{
	uint8_t which[5];
	const struct str info[] = { LABEL("enc"), str_bytes(which, 5) };

	put_u32(which, j);
	which[4] = last ? 1 : 0;
	hmac_key_expand(s, info, 2, out->bytes);
}

static void content_commitment(const struct hmac_key *s, struct str content, uint8_t out[32])
{
	const struct str label = LABEL("commit"), pieces[] = { LABEL("content"), content };
	struct secret k;

	hmac_key_expand(s, &label, 1, k.bytes);
	hmac_sha256(k.bytes, sizeof k.bytes, pieces, 2, out);
	secret_done(&k);
}

static void secret_message(const struct secret *s, uint8_t out[KC_MESSAGE])
{
	const struct str label = LABEL("kc");

	memcpy(out, label.p, KC_MESSAGE - sizeof s->bytes);
	memcpy(out + KC_MESSAGE - sizeof s->bytes, s->bytes, sizeof s->bytes);
}

static void secret_commitment(const struct secret *s, uint8_t out[32])
{
	uint8_t message[KC_MESSAGE];

	secret_message(s, message);
	sha256(message, sizeof message, out);
	wipe(message, sizeof message);
}

static void make_aad(const struct box_origin *o, const struct part_row *r, uint8_t out[AAD_BYTES])
{
	const struct str label = LABEL("aad");

	memcpy(out, label.p, 16);
	memcpy(out + 16, o->record_id, 16);
	out[32] = o->kind;
	out[33] = (uint8_t)r->mode;
	put_u16(out + 34, r->i);
	put_u16(out + 36, r->n);
	put_u64(out + 38, o->received_ms);
}

/* ---- sealing */
static void pad(uint8_t *p, size_t padded_n, const struct box_part *part)
{
	size_t n = HEAD + part->content.n;

	put_u64(p, part->content.n);
	put_u32(p + 8, (uint32_t)part->envelope.n);
	if (part->content.n > 0)
		memcpy(p + HEAD, part->content.p, part->content.n);
	if (part->envelope.n > 0)
		memcpy(p + n, part->envelope.p, part->envelope.n);
	n += part->envelope.n;
	memset(p + n, 0, padded_n - n);
}

/* ${first}: the key of the first chunk. */
static void seal_chunks(struct box *b, const struct box_origin *o, const struct part_row *r, const struct hmac_key *s,
    const struct secret *first, const uint8_t *plain, size_t padded_n)
{
	const size_t step = r->mode == PART_WHOLE ? BOX_WHOLE_MAX : BOX_CHUNK;
	uint8_t aad[AAD_BYTES], *to = b->stored;
	struct secret k = *first;
	uint32_t j = 0;
	size_t at;

	make_aad(o, r, aad);
	for (at = 0; at < padded_n; at += step, j++) {
		size_t n = padded_n - at < step ? padded_n - at : step;

		if (j > 0)
			chunk_key(s, j, at + n == padded_n, &k);
		gcm_seal(b->gcm, k.bytes, zero_nonce, str_bytes(aad, sizeof aad), plain + at, n, to);
		to += n + GCM_TAG_BYTES;
	}
	secret_done(&k);
}

/* The keys of the first chunk and of the commitment to the content, which both expand from the part's secret. */
static void first_keys(const struct hmac_key *s, bool only, struct secret *chunk, struct hmac_key *commit)
{
	const struct str enc = LABEL("enc"), label = LABEL("commit");
	uint8_t info[32] = { 0 };
	struct secret k;

	memcpy(info, enc.p, enc.n);
	info[enc.n + 4] = only ? 1 : 0;
	hmac_key_expand_two(s, str_bytes(info, enc.n + 5), chunk->bytes, label, k.bytes);
	hmac_key_init(commit, k.bytes, sizeof k.bytes);
	secret_done(&k);
}

/* C, D and KC.  The content stands ${BEFORE} and ${HEAD} bytes behind ${room}, which nobody needs any more: the label takes
 * their place, so that it and the content are one message, hashed beside the stored bytes. */
static void commitments(const struct hmac_key *commit, const struct secret *secret, uint8_t *room, size_t content_n,
    struct str stored, struct part_row *r)
{
	const struct str label = LABEL("content");
	uint8_t kc[KC_MESSAGE];

	memcpy(room, label.p, CONTENT_LABEL);
	sha256_behind_two(commit->inner, str_bytes(room, CONTENT_LABEL + content_n), r->c, NULL, stored, r->d);
	secret_message(secret, kc);
	sha256_behind_two(commit->outer, str_bytes(r->c, sizeof r->c), r->c, NULL, str_bytes(kc, sizeof kc), r->kc);
	wipe(kc, sizeof kc);
}

/* Fills ${r} and gives the stored bytes, which live in ${b} or are the clear content itself. */
static struct str seal_part(struct box *b, const struct box_origin *o, const struct box_part *part, struct part_row *r)
{
	struct str stored = part->content;

	r->mode = PART_CLEAR;
	if (part->scope != NULL) {
		size_t padded_n = (size_t)padme(HEAD + part->content.n + part->envelope.n);
		uint8_t *room = room_for(&b->plain, &b->plain_room, BEFORE + padded_n);
		struct hmac_key s, commit;
		struct secret secret, key;

		r->mode = padded_n <= BOX_WHOLE_MAX ? PART_WHOLE : PART_CHUNKS;
		stored.n = (size_t)box_stored_n(padded_n);
		stored.p = (const char *)room_for(&b->stored, &b->stored_room, stored.n);
		pad(room + BEFORE, padded_n, part);
		part_secret(part->scope, o->record_id, r->i, &secret);
		hmac_key_init(&s, secret.bytes, sizeof secret.bytes);
		first_keys(&s, r->mode == PART_WHOLE, &key, &commit);
		seal_chunks(b, o, r, &s, &key, room + BEFORE, padded_n);
		commitments(&commit, &secret, room, part->content.n, stored, r);
		memcpy(r->key_id, part->scope->row.id, 16);
		secret_done(&secret);
		secret_done(&key);
		wipe(&s, sizeof s);
		wipe(&commit, sizeof commit);
	} else {
		sha256(stored.p, stored.n, r->d);
	}
	r->stored_n = stored.n;
	r->is_object = stored.n > BOX_OBJECT_ABOVE;
	return stored;
}

bool box_kind_is_clear(uint8_t kind) { return kind >= 8 && kind <= 12; }

static enum rc may_seal(const struct box_record *rec, struct err *e)
{
	size_t i;

	if (rec->n > PARTS_MAX)
		return err_set(e, RC_LIMIT, "a record falls into %zu parts; %d is the most", rec->n, PARTS_MAX);
	for (i = 0; i < rec->n; i++) {
		const struct box_part *p = &rec->parts[i];

		if ((p->scope == NULL) != box_kind_is_clear(rec->kind) || (p->scope == NULL && (rec->n != 1 || p->envelope.n > 0)))
			return err_set(e, RC_INTERNAL, "an entry of kind %u is to be sealed the wrong way", rec->kind);
		if (p->content.n > (p->scope == NULL ? BOX_CLEAR_MAX : BOX_CONTENT_MAX))
			return err_set(e, RC_LIMIT, "a record of %zu bytes is too large to be sealed", p->content.n);
		if (p->envelope.n > BOX_ENVELOPE_MAX)
			return err_set(e, RC_LIMIT, "an envelope of %zu bytes is too large", p->envelope.n);
	}
	return RC_OK;
}

enum rc box_seal_as(struct box *b, const uint8_t record_id[16], const struct box_record *rec,
    const struct box_objects *objects, struct buf *rows, struct buf *blobs, struct box_sealed *out, struct err *e)
{
	const size_t rows_n = rows->n, blobs_n = blobs->n;
	struct box_origin o = { .kind = rec->kind, .received_ms = rec->received_ms };
	uint64_t stored_n = 0;
	enum rc rc;
	size_t i;

	if ((rc = may_seal(rec, e)) != RC_OK)
		return rc;
	memcpy(o.record_id, record_id, 16);
	for (i = 0; i < rec->n; i++) {
		struct part_row r = { .i = (uint16_t)i, .n = (uint16_t)rec->n };
		struct str stored = seal_part(b, &o, &rec->parts[i], &r);
		uint8_t row[PART_ROW_BYTES];

		part_row_encode(&r, row);
		buf_add(rows, row, sizeof row);
		stored_n += stored.n;
		if (!r.is_object) {
			buf_str(blobs, stored);
		} else if (objects == NULL) {
			rc = err_set(e, RC_LIMIT, "a part of %zu bytes needs an object of its own, which this writer has no "
			    "place for", stored.n);
			goto out;
		} else if ((rc = objects->put(objects->ctx, r.d, stored, e)) != RC_OK) {
			goto out;
		}
	}
	if ((rc = buf_ok(rows, "a frame's list of parts", e)) != RC_OK || (rc = buf_ok(blobs, "a frame", e)) != RC_OK)
		goto out;
	memcpy(out->record_id, record_id, 16);
	parts_root(record_id, rows->p == NULL ? NULL : rows->p + rows_n, rec->n, out->parts_root);
	out->stored_n = stored_n;
	out->size_bucket = box_size_bucket(stored_n);
out:
	if (rc != RC_OK) {
		rows->n = rows_n;
		blobs->n = blobs_n;
		rows->failed = blobs->failed = false;
	}
	trim(b);
	return rc;
}

enum rc box_seal(struct box *b, const struct box_record *rec, const struct box_objects *objects, struct buf *rows,
    struct buf *blobs, struct box_sealed *out, struct err *e)
{
	uint8_t id[16];

	fresh_id(b, id);
	return box_seal_as(b, id, rec, objects, rows, blobs, out, e);
}

/* ---- opening */
static enum rc altered(const struct part_row *r, struct err *e, const char *what)
{
	return err_set(e, RC_ALTERED, "ALTERED part %u: %s", r->i, what);
}

/* The padded plaintext into ${to}; 0 or the number, from 1, of the chunk whose tag does not fit. */
static size_t open_chunks(struct box *b, const struct box_origin *o, const struct part_row *r, const struct hmac_key *s,
    struct str stored, uint8_t *to, size_t *padded_n)
{
	const size_t step = (r->mode == PART_WHOLE ? BOX_WHOLE_MAX : BOX_CHUNK) + GCM_TAG_BYTES;
	const uint8_t *from = (const uint8_t *)stored.p;
	uint8_t aad[AAD_BYTES];
	struct secret k;
	size_t left = stored.n, bad = 0;
	uint32_t j;

	make_aad(o, r, aad);
	*padded_n = 0;
	for (j = 0; left > 0 && bad == 0; j++) {
		size_t n = left < step ? left : step;

		chunk_key(s, j, n == left, &k);
		if (n <= GCM_TAG_BYTES || !gcm_open(b->gcm, k.bytes, zero_nonce, str_bytes(aad, sizeof aad), from,
		    n - GCM_TAG_BYTES, to + *padded_n)) {
			bad = j + 1;
		} else {
			from += n;
			left -= n;
			*padded_n += n - GCM_TAG_BYTES;
		}
	}
	secret_done(&k);
	return bad;
}

static bool unpad(const uint8_t *p, size_t padded_n, struct str *content, struct str *envelope)
{
	uint64_t content_n, envelope_n;
	size_t used;

	if (padded_n < HEAD)
		return false;
	content_n = get_u64(p);
	envelope_n = get_u32(p + 8);
	if (content_n > padded_n - HEAD || envelope_n > padded_n - HEAD - content_n ||
	    padme(HEAD + content_n + envelope_n) != padded_n)
		return false;
	used = HEAD + (size_t)content_n + (size_t)envelope_n;
	*content = str_bytes(p + HEAD, (size_t)content_n);
	*envelope = str_bytes(p + HEAD + content_n, (size_t)envelope_n);
	return all_zero(p + used, padded_n - used);
}

enum rc box_open(struct box *b, const struct box_origin *o, const struct part_row *r, const struct secret *secret,
    struct str stored, struct arena *a, struct str *content, struct str *envelope, struct err *e)
{
	struct str body = STR_NONE, cover = STR_NONE;
	uint8_t digest[32];
	struct hmac_key s = { { 0 }, { 0 } };
	size_t bad, padded_n;
	enum rc rc = RC_OK;
	uint8_t *plain;

	if ((r->mode == PART_CLEAR) != box_kind_is_clear(o->kind))
		return altered(r, e, "it is in clear, or sealed, where its entry's kind is the other");
	if (r->mode != PART_CLEAR) {
		if (secret == NULL)
			return err_set(e, RC_LOCKED, "part %u is sealed, and no key for it is at hand", r->i);
		secret_commitment(secret, digest);
		if (!ct_equal(digest, r->kc, sizeof digest))
			return altered(r, e, "its secret is not the one that was committed to (KC)");
	}
	sha256(stored.p, stored.n, digest);
	if (stored.n != r->stored_n || !ct_equal(digest, r->d, sizeof digest))
		return altered(r, e, "its stored bytes do not have the digest that was committed to (D)");
	if (r->mode == PART_CLEAR) {
		*content = arena_str(a, stored);
		*envelope = STR_NONE;
		return RC_OK;
	}
	hmac_key_init(&s, secret->bytes, sizeof secret->bytes);
	plain = arena_alloc(a, stored.n);
	if ((bad = open_chunks(b, o, r, &s, stored, plain, &padded_n)) != 0) {
		rc = err_set(e, RC_ALTERED, "ALTERED part %u: the tag of chunk %zu does not fit", r->i, bad - 1);
		goto out;
	}
	if (!unpad(plain, padded_n, &body, &cover)) {
		rc = altered(r, e, "its padding is not as it was made");
		goto out;
	}
	content_commitment(&s, body, digest);
	if (!ct_equal(digest, r->c, sizeof digest)) {
		rc = altered(r, e, "its content is not what was committed to (C)");
		goto out;
	}
	*content = body;
	*envelope = cover;
out:
	if (rc != RC_OK)
		wipe(plain, stored.n);
	wipe(&s, sizeof s);
	return rc;
}

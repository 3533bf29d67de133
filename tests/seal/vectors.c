/* The published format, docs/formats: keys, rows, pages, records and cut text of ledger-v1.json, byte for byte. */
#include "vector.h"

#include "seal/box.h"
#include "seal/cut.h"
#include "seal/provider.h"

static struct arena *a;
static const struct value *doc;
static struct secret kek;                       /* generation 1 */

static int begin(void **state)
{
	char path[4096];

	(void)state;
	a = arena_new();
	if (!shared_path("data/vectors/ledger-v1.json", path, sizeof path))
		return 0;
	doc = vector_load(a, path);
	memcpy(kek.bytes, vector_hex(a, vector_at(doc, "key_file"), "kek").p, 32);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

#define NEED_VECTORS() \
	do { \
		char path_[4096]; \
		SKIP_WITHOUT_SHARED("data/vectors/ledger-v1.json", path_); \
	} while (0)

static const uint8_t *u8(struct str s) { return (const uint8_t *)s.p; }

/* ---- key files */
static void key_file_under_a_passphrase(void **state)
{
	const struct value *v, *cost;
	struct provider *p = NULL;
	struct secret k_pass, organization_key, under, got;
	struct key_file f;
	struct str file;
	uint8_t again[KEY_FILE_BYTES], number[4];
	struct str info[3] = { LABEL("generation"), str_bytes(number, 4), STR_NONE };
	struct err e;

	(void)state;
	NEED_VECTORS();
	v = vector_at(doc, "key_file");
	cost = vector_at(v, "argon2id");
	file = vector_hex(a, v, "file");
	assert_ok(key_file_decode(file, &f, &e), &e);
	assert_int_equal(f.cost.t, vector_u64(cost, "t"));
	assert_int_equal(f.cost.m_kib, vector_u64(cost, "m_kib"));
	assert_int_equal(f.cost.lanes, vector_u64(cost, "lanes"));
	assert_vector(a, cost, "salt", f.salt, 16);
	assert_vector(a, doc, "org_id", f.organization, 16);
	assert_int_equal(f.generation, vector_u64(v, "generation"));
	key_file_encode(&f, again);
	assert_memory_equal(again, file.p, KEY_FILE_BYTES);

	assert_ok(argon2id(value_text(v, "passphrase"), f.salt, f.cost.t, f.cost.m_kib, f.cost.lanes, &k_pass, &e), &e);
	assert_vector(a, v, "k_pass", k_pass.bytes, 32);
	assert_true(key_unwrap(&k_pass, f.wrapped_organization_key, &organization_key));
	assert_vector(a, v, "organization_key", organization_key.bytes, 32);
	put_u32(number, f.generation);
	info[2] = str_bytes(f.organization, 16);
	expand_sha256(organization_key.bytes, info, 3, under.bytes);
	assert_vector(a, v, "generation_wrap_key", under.bytes, 32);

	assert_ok(key_file_open(file, value_text(v, "passphrase"), NULL, &p, &e), &e);
	assert_ok(provider_generation_key(p, f.generation, &got, &e), &e);
	assert_vector(a, v, "kek", got.bytes, 32);
	provider_close(p);
}

static void key_file_alone(void **state)
{
	const struct value *v;
	struct provider *p = NULL;
	struct secret got;
	struct key_file f;
	struct str pieces[] = { LABEL("file-key"), STR_NONE };
	uint8_t k_pass[32];
	struct err e;

	(void)state;
	NEED_VECTORS();
	v = vector_at(doc, "key_file_alone");
	assert_ok(key_file_decode(vector_hex(a, v, "file"), &f, &e), &e);
	pieces[1] = str_bytes(f.salt, 16);
	sha256_pieces(pieces, 2, k_pass);
	assert_vector(a, v, "k_pass", k_pass, 32);
	assert_ok(key_file_open(vector_hex(a, v, "file"), STR_NONE, NULL, &p, &e), &e);
	assert_ok(provider_generation_key(p, 1, &got, &e), &e);
	assert_memory_equal(got.bytes, kek.bytes, 32);
	provider_close(p);
}

/* ---- rows and pages */
static void key_rows_of_all_types(void **state)
{
	const struct value *rows;
	size_t i;

	(void)state;
	NEED_VECTORS();
	rows = vector_at(doc, "key_rows");
	assert_int_equal(rows->n, 9);
	for (i = 0; i < rows->n; i++) {
		const struct value *v = &rows->items[i];
		struct str bytes = vector_hex(a, v, "row"), info[] = { LABEL("wrap"), str_sub(bytes, 0, 48) };
		uint8_t again[KEY_ROW_BYTES], under[32];
		struct key_row row, made;
		struct secret key;
		struct err e;

		assert_ok(key_row_decode(u8(bytes), &row, &e), &e);
		assert_int_equal(row.use.type, vector_u64(v, "type"));
		assert_int_equal(row.use.classification, vector_u64(v, "classification"));
		assert_int_equal(row.use.epoch, vector_u64(v, "epoch"));
		assert_vector(a, v, "key_id", row.id, 16);
		assert_vector(a, v, "subject", row.use.subject, 16);
		expand_sha256(kek.bytes, info, 2, under);
		assert_vector(a, v, "row_wrap_key", under, 32);
		assert_true(key_row_unwrap(&row, &kek, &key));
		assert_vector(a, v, "key", key.bytes, 32);
		made = row;
		memset(made.wrapped, 0, sizeof made.wrapped);
		key_row_wrap(&made, &kek, &key);
		key_row_encode(&made, again);
		assert_memory_equal(again, bytes.p, KEY_ROW_BYTES);
	}
}

/* The page of ${rows}, in ${out}; its digest is ${want}'s under ${key}. */
static void page_of(const struct value *rows, const char *member, uint32_t generation, uint8_t out[KEY_PAGE_BYTES],
    const struct value *want, const char *key)
{
	uint8_t *all = arena_alloc(a, KEY_PAGE_ROWS * KEY_ROW_BYTES), digest[32];
	size_t i;

	for (i = 0; i < rows->n; i++) {
		struct str row = member != NULL ? vector_hex(a, &rows->items[i], member) : vector_bytes_of(a, &rows->items[i]);

		memcpy(all + i * KEY_ROW_BYTES, row.p, KEY_ROW_BYTES);
	}
	key_page_encode(0, generation, all, rows->n, out);
	sha256(out, KEY_PAGE_BYTES, digest);
	assert_vector(a, want, key, digest, 32);
}

static void key_pages_before_and_after_a_roll(void **state)
{
	const struct value *rolled, *rows;
	uint8_t page[KEY_PAGE_BYTES], again[KEY_PAGE_BYTES];
	struct keyring *ring;
	struct secret next;
	struct err e;
	size_t i;

	(void)state;
	NEED_VECTORS();
	page_of(vector_at(doc, "key_rows"), "row", 1, page, doc, "key_page_sha256");
	ring = keyring_new(1, &kek);
	assert_ok(keyring_load(ring, str_bytes(page, sizeof page), &e), &e);
	assert_int_equal(keyring_rows(ring), 9);
	keyring_page_put(ring, 0, again);
	assert_memory_equal(page, again, sizeof page);
	keyring_free(ring);

	rolled = vector_at(doc, "key_page_after_roll");
	rows = vector_at(rolled, "rows");
	page_of(rows, NULL, 2, page, rolled, "sha256");
	memcpy(next.bytes, vector_hex(a, rolled, "kek").p, 32);
	ring = keyring_new(2, &next);
	assert_ok(keyring_load(ring, str_bytes(page, sizeof page), &e), &e);
	for (i = 0; i < rows->n; i++) {         /* the same keys under the next generation */
		const struct value *old = &vector_at(doc, "key_rows")->items[i < 1 ? i : i + 1];
		const struct key *key = keyring_by_id(ring, u8(vector_hex(a, old, "key_id")));

		assert_non_null(key);
		assert_vector(a, old, "key", key->secret.bytes, 32);
	}
	keyring_free(ring);
}

/* The entry that names the rows of the first page: record 1. */
static void added_rows_are_named_by_their_digests(void **state)
{
	const struct value *rows;
	struct buf body;
	size_t i;

	(void)state;
	NEED_VECTORS();
	rows = vector_at(doc, "key_rows");
	buf_init(&body, 65536);
	buf_z(&body, "{\"generation\":1,\"phase\":\"add\",\"rows\":[");
	for (i = 0; i < rows->n; i++) {
		uint8_t digest[32];

		sha256(vector_hex(a, &rows->items[i], "row").p, KEY_ROW_BYTES, digest);
		buf_z(&body, i == 0 ? "\"" : ",\"");
		buf_hex(&body, digest, 32);
		buf_c(&body, '"');
	}
	buf_z(&body, "]}");
	assert_true(str_eq(buf_view(&body), value_text(vector_at(&vector_at(doc, "records")->items[1], "parts")->items,
	    "clear")));
	buf_done(&body);
}

static void padded_lengths(void **state)
{
	const struct value *pairs;
	size_t i;

	(void)state;
	NEED_VECTORS();
	pairs = vector_at(doc, "padme");
	assert_true(pairs->n > 10);
	for (i = 0; i < pairs->n; i++) {
		uint64_t in, out;

		assert_true(num_u64(pairs->items[i].items[0].text, UINT64_MAX, &in));
		assert_true(num_u64(pairs->items[i].items[1].text, UINT64_MAX, &out));
		assert_int_equal(padme(in), out);
	}
}

/* ---- records */
static const struct value *named_row(struct str name)
{
	const struct value *rows = vector_at(doc, "key_rows");
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (str_eq(value_text(&rows->items[i], "name"), name))
			return &rows->items[i];
	fail_msg("no key row %.*s", STR_FMT(name));
	return NULL;
}

static const struct key *named_key(struct str name)
{
	struct key *key = ARENA_NEW(a, struct key);
	struct err e;

	assert_ok(key_row_decode(u8(vector_hex(a, named_row(name), "row")), &key->row, &e), &e);
	assert_true(key_row_unwrap(&key->row, &kek, &key->secret));
	hmac_key_init(&key->mac, key->secret.bytes, 32);
	return key;
}

/* "SHA-256(u32 k) for k = 0..3199, concatenated" */
static struct str long_content(void)
{
	uint8_t *out = arena_alloc(a, 102400), number[4];
	uint32_t k;

	for (k = 0; k < 3200; k++) {
		put_u32(number, k);
		sha256(number, 4, out + k * 32);
	}
	return str_bytes(out, 102400);
}

static void part_in(const struct value *v, struct box_part *out)
{
	uint8_t digest[32];

	*out = (struct box_part){ 0 };
	if (value_get(v, "clear") != NULL) {
		out->content = value_text(v, "clear");
		return;
	}
	out->scope = named_key(value_text(v, "scope"));
	out->content = value_get(v, "content") != NULL ? vector_hex(a, v, "content") : long_content();
	out->envelope = vector_hex(a, v, "envelope");
	assert_int_equal(out->content.n, vector_u64(v, "content_len"));
	sha256(out->content.p, out->content.n, digest);
	assert_vector(a, v, "content_sha256", digest, 32);
}

static void stored_fits(const struct value *v, struct str stored)
{
	const struct value *chunks = value_get(v, "chunks");
	size_t i, at = 0;

	if (value_get(v, "ciphertext") != NULL)
		assert_vector(a, v, "ciphertext", stored.p, stored.n);
	for (i = 0; chunks != NULL && i < chunks->n; i++) {
		struct str chunk = str_sub(stored, at, vector_u64(&chunks->items[i], "stored_len"));
		uint8_t digest[32];

		sha256(chunk.p, chunk.n, digest);
		assert_vector(a, &chunks->items[i], "sha256", digest, 32);
		assert_vector(a, &chunks->items[i], "tag", chunk.p + chunk.n - 16, 16);
		at += chunk.n;
	}
	if (chunks != NULL)
		assert_int_equal(at, stored.n);
}

static void part_fits(struct box *box, const struct value *v, const struct box_part *part, const struct box_origin *o,
    const uint8_t *row_bytes, struct str stored)
{
	struct part_row row;
	struct secret s, *secret = NULL;
	struct str content, envelope;
	uint8_t digest[32];
	struct err e;

	assert_vector(a, v, "row", row_bytes, PART_ROW_BYTES);
	assert_ok(part_row_decode(row_bytes, &row, &e), &e);
	assert_vector(a, v, "D", row.d, 32);
	if (part->scope != NULL) {
		assert_vector(a, v, "C", row.c, 32);
		assert_vector(a, v, "KC", row.kc, 32);
		part_secret(part->scope, o->record_id, row.i, &s);
		assert_vector(a, v, "part_secret", s.bytes, 32);
		part_row_hash(o->record_id, row_bytes, digest);
		assert_vector(a, v, "row_hash", digest, 32);
		assert_int_equal(row.mode, vector_u64(v, "mode"));
		assert_int_equal(stored.n, vector_u64(v, "stored_len"));
		stored_fits(v, stored);
		secret = &s;
	}
	assert_ok(box_open(box, o, &row, secret, stored, a, &content, &envelope, &e), &e);
	assert_true(str_eq(content, part->content));
	assert_true(str_eq(envelope, part->envelope));
}

static void record_fits(struct box *box, const struct value *v)
{
	const struct value *parts = vector_at(v, "parts");
	struct str id = vector_hex(a, v, "record_id"), entry = vector_hex(a, v, "entry");
	struct box_part in[2];
	struct box_record rec = { .kind = (uint8_t)vector_u64(v, "kind"), .received_ms = vector_u64(v, "received_ms"),
		.parts = in, .n = parts->n };
	struct box_origin o = { .kind = rec.kind, .received_ms = rec.received_ms };
	struct box_sealed sealed;
	struct buf rows, blobs;
	uint8_t leaf[32];
	struct err e;
	size_t i, at = 0;

	assert_true(parts->n <= ARRAY_LEN(in));
	memcpy(o.record_id, id.p, 16);
	for (i = 0; i < parts->n; i++)
		part_in(&parts->items[i], &in[i]);
	buf_init(&rows, 4096);
	buf_init(&blobs, 1 << 20);
	assert_ok(box_seal_as(box, o.record_id, &rec, NULL, &rows, &blobs, &sealed, &e), &e);
	for (i = 0; i < parts->n; i++) {
		size_t n = (size_t)get_u64(rows.p + i * PART_ROW_BYTES + 8);

		part_fits(box, &parts->items[i], &in[i], &o, rows.p + i * PART_ROW_BYTES, str_sub(buf_view(&blobs), at, n));
		at += n;
	}
	assert_int_equal(at, blobs.n);
	assert_vector(a, v, "parts_root", sealed.parts_root, 32);
	assert_memory_equal(entry.p + 32, sealed.parts_root, 32);
	assert_int_equal((uint8_t)entry.p[88], sealed.size_bucket);
	hash_leaf(entry.p, entry.n, leaf);
	assert_vector(a, v, "leaf_hash", leaf, 32);
	buf_done(&rows);
	buf_done(&blobs);
}

static void records_of_every_kind(void **state)
{
	const struct value *records;
	struct box *box;
	size_t i;

	(void)state;
	NEED_VECTORS();
	records = vector_at(doc, "records");
	assert_int_equal(records->n, 13);
	box = box_new();
	for (i = 0; i < records->n; i++)
		record_fits(box, &records->items[i]);
	box_free(box);
}

static void a_record_sealed_again_has_another_key(void **state)
{
	const struct value *v, *again;
	struct box_part part;
	struct box_record rec = { .parts = &part, .n = 1 };
	struct box *box;
	struct box_sealed sealed;
	struct buf rows, blobs;
	struct part_row row;
	struct secret s;
	struct err e;

	(void)state;
	NEED_VECTORS();
	v = &vector_at(doc, "records")->items[5];
	again = vector_at(doc, "sealed_again");
	part_in(&vector_at(v, "parts")->items[0], &part);
	rec.kind = (uint8_t)vector_u64(v, "kind");
	rec.received_ms = vector_u64(v, "received_ms");
	buf_init(&rows, 4096);
	buf_init(&blobs, 4096);
	box = box_new();
	assert_ok(box_seal_as(box, u8(vector_hex(a, again, "record_id")), &rec, NULL, &rows, &blobs, &sealed, &e), &e);
	assert_ok(part_row_decode(rows.p, &row, &e), &e);
	part_secret(part.scope, sealed.record_id, 0, &s);
	assert_vector(a, again, "part_secret", s.bytes, 32);
	assert_vector(a, again, "C", row.c, 32);
	assert_vector(a, again, "D", row.d, 32);
	box_free(box);
	buf_done(&rows);
	buf_done(&blobs);
}

static void tags_of_both_identities(void **state)
{
	const struct value *records;
	const struct key *dedup;
	size_t i, n = 0;

	(void)state;
	NEED_VECTORS();
	records = vector_at(doc, "records");
	dedup = named_key(STR("dedup_2023"));
	for (i = 0; i < records->n; i++) {
		const struct value *v = &records->items[i], *identity = value_get(v, "identity");
		uint8_t tag[16];

		if (identity == NULL)
			continue;
		if (vector_u64(identity, "kind") == IDENTITY_EVENT)
			record_tag(dedup, IDENTITY_EVENT, value_text(identity, "source"), value_text(identity, "id"), tag);
		else
			record_tag_place(dedup, value_text(identity, "source"), u8(vector_hex(a, identity, "file_sha256")),
			    vector_u64(identity, "position"), tag);
		assert_vector(a, v, "tag", tag, 16);
		n++;
	}
	assert_true(n >= 3);
}

static void envelopes_round_trip(void **state)
{
	const struct value *records;
	size_t i, n = 0;

	(void)state;
	NEED_VECTORS();
	records = vector_at(doc, "records");
	for (i = 0; i < records->n; i++) {
		const struct value *part = vector_at(&records->items[i], "parts")->items;
		struct envelope v;
		struct str bytes;
		struct buf again;
		struct err e;

		if (value_text(part, "envelope").n == 0)
			continue;
		bytes = vector_hex(a, part, "envelope");
		assert_ok(envelope_get(bytes, &v, &e), &e);
		buf_init(&again, 2048);
		envelope_put(&v, &again);
		assert_true(str_eq(buf_view(&again), bytes));
		buf_done(&again);
		if (vector_u64(&records->items[i], "kind") == 2)
			assert_str(v.reason, "unterminated object");
		n++;
	}
	assert_int_equal(n, 4);
}

/* ---- cut text */
static void a_person_is_cut_out_and_put_back(void **state)
{
	struct cut_mark *marks;
	size_t n_marks;
	const struct value *v, *cuts, *want;
	struct cut_range ranges[8] = { { 0 } };
	struct str raw, *parts, back, reading;
	struct err e;
	size_t i, n;

	(void)state;
	NEED_VECTORS();
	v = &vector_at(doc, "records")->items[4];
	cuts = vector_at(v, "cuts");
	raw = vector_hex(a, v, "raw");
	assert_true(cuts->n == 3);
	for (i = 0; i < cuts->n; i++) {
		ranges[i].at = (size_t)vector_u64(&cuts->items[i], "start");
		ranges[i].end = (size_t)vector_u64(&cuts->items[i], "end");
		ranges[i].form = vector_u64(&cuts->items[i], "form") == 0 ? CUT_TEXT : CUT_SCALAR;
		memcpy(ranges[i].subject, vector_hex(a, &cuts->items[i], "subject").p, 16);
	}
	assert_ok(cut_apart(a, raw, ranges, cuts->n, &parts, &n, &e), &e);
	want = vector_at(v, "parts");
	assert_int_equal(n, want->n);
	for (i = 0; i < n; i++)
		assert_vector(a, &want->items[i], "content", parts[i].p, parts[i].n);
	assert_ok(cut_together(a, parts, n, &back, &e), &e);
	assert_true(str_eq(back, raw));
	assert_ok(cut_reading(a, parts, n, &reading, &marks, &n_marks, &e), &e);
	assert_vector(a, v, "reading_form", reading.p, reading.n);
}

static void cut_text_good_and_bad(void **state)
{
	const struct value *cases;
	size_t i, k;

	(void)state;
	NEED_VECTORS();
	cases = vector_at(doc, "cut_cases");
	assert_int_equal(cases->n, 9);
	for (i = 0; i < cases->n; i++) {
		const struct value *v = &cases->items[i], *in = vector_at(v, "parts");
		struct str parts[4], raw;
		struct err e;
		enum rc rc;

		assert_true(in->n <= ARRAY_LEN(parts));
		for (k = 0; k < in->n; k++)
			parts[k] = vector_bytes_of(a, &in->items[k]);
		rc = cut_together(a, parts, in->n, &raw, &e);
		if ((rc == RC_OK) != str_is(value_text(v, "verdict"), "INTACT") || (rc != RC_OK && rc != RC_ALTERED))
			fail_msg("%.*s: %s", STR_FMT(value_text(v, "what")), rc_name(rc));
		if (rc == RC_OK)
			assert_vector(a, v, "raw", raw.p, raw.n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_file_under_a_passphrase),
		cmocka_unit_test(key_file_alone),
		cmocka_unit_test(key_rows_of_all_types),
		cmocka_unit_test(key_pages_before_and_after_a_roll),
		cmocka_unit_test(added_rows_are_named_by_their_digests),
		cmocka_unit_test(padded_lengths),
		cmocka_unit_test(records_of_every_kind),
		cmocka_unit_test(a_record_sealed_again_has_another_key),
		cmocka_unit_test(tags_of_both_identities),
		cmocka_unit_test(envelopes_round_trip),
		cmocka_unit_test(a_person_is_cut_out_and_put_back),
		cmocka_unit_test(cut_text_good_and_bad),
	};

	return cmocka_run_group_tests_name("seal/vectors", tests, begin, end);
}

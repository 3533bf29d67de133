/* seal/box.c, part.c, envelope.c: what sealing must refuse and never repeat; the published records are in vectors.c */
#include "test.h"

#include "seal/box.h"

struct bench {
	struct box *box;
	struct keyring *ring;
	const struct key *scope;
	struct buf rows, blobs;
	struct arena *a;
	struct err e;
};

static int begin(void **state)
{
	static struct bench b;
	const struct key_use use = { .type = KEY_SCOPE, .classification = CLASS_INTERNAL, .epoch = 2023 };
	const struct secret kek = { { 1 } };

	b.box = box_new();
	b.ring = keyring_new(1, &kek);
	b.scope = keyring_get(b.ring, &use, 1700000000000);
	buf_init(&b.rows, 1 << 20);
	buf_init(&b.blobs, 8 << 20);
	b.a = arena_new();
	*state = &b;
	return 0;
}

static int end(void **state)
{
	struct bench *b = *state;

	box_free(b->box);
	keyring_free(b->ring);
	buf_done(&b->rows);
	buf_done(&b->blobs);
	arena_free(b->a);
	return 0;
}

static enum rc seal(struct bench *b, struct str content, struct str envelope, struct box_sealed *out)
{
	const struct box_part part = { b->scope, content, envelope };
	const struct box_record rec = { .kind = 1, .received_ms = 1700000000002, .parts = &part, .n = 1 };

	return box_seal(b->box, &rec, NULL, &b->rows, &b->blobs, out, &b->e);
}

static enum rc open_last(struct bench *b, const struct box_sealed *sealed, const struct part_row *row,
    struct str stored, struct str *content, struct str *envelope)
{
	struct box_origin o = { .kind = 1, .received_ms = 1700000000002 };
	struct secret s;

	memcpy(o.record_id, sealed->record_id, 16);
	part_secret(b->scope, sealed->record_id, row->i, &s);
	return box_open(b->box, &o, row, &s, stored, b->a, content, envelope, &b->e);
}

static void opens_what_it_sealed_at_every_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 51, 52, 53, 500, 4096, 65523, 65524, 65525, 65600, 98304, 200000, 900000 };
	struct bench *b = *state;
	char *text = mem_alloc(900000);
	size_t i, k;

	for (k = 0; k < 900000; k++)
		text[k] = (char)(k * 7 + k / 251);
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		struct box_sealed sealed;
		struct str content, envelope;
		struct part_row row;
		uint8_t root[32];

		buf_clear(&b->rows);
		buf_clear(&b->blobs);
		assert_ok(seal(b, (struct str){ text, sizes[i] }, i % 2 ? STR("the envelope") : STR_NONE, &sealed), &b->e);
		assert_int_equal(b->rows.n, PART_ROW_BYTES);
		assert_ok(part_row_decode(b->rows.p, &row, &b->e), &b->e);
		assert_int_equal(row.stored_n, b->blobs.n);
		assert_int_equal(sealed.stored_n, b->blobs.n);
		assert_true(b->blobs.n <= (size_t)1 << sealed.size_bucket && b->blobs.n > (size_t)1 << (sealed.size_bucket - 1));
		parts_root(sealed.record_id, b->rows.p, 1, root);
		assert_memory_equal(root, sealed.parts_root, 32);
		assert_ok(open_last(b, &sealed, &row, buf_view(&b->blobs), &content, &envelope), &b->e);
		assert_true(str_eq(content, (struct str){ text, sizes[i] }));
		assert_str(envelope, i % 2 ? "the envelope" : "");
		arena_reset(b->a);
	}
	mem_free(text);
}

static void a_record_sealed_twice_shares_nothing(void **state)
{
	struct bench *b = *state;
	struct box_sealed one, two;

	assert_ok(seal(b, STR("the same words"), STR_NONE, &one), &b->e);
	assert_ok(seal(b, STR("the same words"), STR_NONE, &two), &b->e);
	assert_memory_not_equal(one.record_id, two.record_id, 16);
	assert_memory_not_equal(one.parts_root, two.parts_root, 32);
	assert_memory_not_equal(b->blobs.p, b->blobs.p + 80, 80);
	/* C, D and KC too */
	assert_memory_not_equal(b->rows.p + 32, b->rows.p + 128 + 32, 32);
	assert_memory_not_equal(b->rows.p + 64, b->rows.p + 128 + 64, 32);
	assert_memory_not_equal(b->rows.p + 96, b->rows.p + 128 + 96, 32);
}

static void each_altered_byte_is_named(void **state)
{
	struct bench *b = *state;
	struct box_sealed sealed;
	struct str content, envelope;
	struct part_row row, other;
	size_t i;

	assert_ok(seal(b, STR("forty-two words about a change"), STR("cover"), &sealed), &b->e);
	assert_ok(part_row_decode(b->rows.p, &row, &b->e), &b->e);
	for (i = 0; i < b->blobs.n; i++) {
		b->blobs.p[i] ^= 1;
		assert_int_equal(open_last(b, &sealed, &row, buf_view(&b->blobs), &content, &envelope), RC_ALTERED);
		assert_non_null(strstr(b->e.msg, "(D)"));
		/* Whoever makes D fit still meets the tag. */
		other = row;
		sha256(b->blobs.p, b->blobs.n, other.d);
		assert_int_equal(open_last(b, &sealed, &other, buf_view(&b->blobs), &content, &envelope), RC_ALTERED);
		assert_non_null(strstr(b->e.msg, "tag of chunk 0"));
		b->blobs.p[i] ^= 1;
	}
	other = row;
	other.kc[0] ^= 1;
	assert_int_equal(open_last(b, &sealed, &other, buf_view(&b->blobs), &content, &envelope), RC_ALTERED);
	assert_non_null(strstr(b->e.msg, "(KC)"));
	other = row;
	other.c[31] ^= 1;
	assert_int_equal(open_last(b, &sealed, &other, buf_view(&b->blobs), &content, &envelope), RC_ALTERED);
	assert_non_null(strstr(b->e.msg, "(C)"));
	assert_ok(open_last(b, &sealed, &row, buf_view(&b->blobs), &content, &envelope), &b->e);
}

/* Whoever has the secret can seal anything; padding must still be as the format says, for a part has one form. */
static void padding_has_one_form(void **state)
{
	static const struct { uint64_t content_n; uint32_t envelope_n; uint8_t last; } bad[] = { { 5, 0, 1 }, { 100, 0, 0 },
		{ UINT64_MAX, 0, 0 }, { 52, 1, 0 }, { 0, UINT32_MAX, 0 } };
	static const uint8_t nonce[12];
	struct bench *b = *state;
	struct box_origin o = { .kind = 1, .record_id = { 3 } };
	struct part_row row = { .n = 1, .mode = PART_WHOLE, .stored_n = 80 };
	struct gcm *gcm = gcm_new();
	struct str content, envelope;
	struct secret s;
	size_t i;

	part_secret(b->scope, o.record_id, 0, &s);
	sha256_pieces((const struct str[]){ LABEL("kc"), str_bytes(s.bytes, 32) }, 2, row.kc);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		uint8_t plain[64] = { 0 }, stored[80], aad[46] = { 0 }, key[32];

		put_u64(plain, bad[i].content_n);
		put_u32(plain + 8, bad[i].envelope_n);
		plain[63] = bad[i].last;
		memcpy(aad, LABEL("aad").p, 16);
		memcpy(aad + 16, o.record_id, 16);
		aad[32] = aad[33] = aad[37] = 1;
		expand_sha256(s.bytes, (const struct str[]){ LABEL("enc"), { "\0\0\0\0\1", 5 } }, 2, key);
		gcm_seal(gcm, key, nonce, str_bytes(aad, 46), plain, 64, stored);
		sha256(stored, 80, row.d);
		assert_int_equal(box_open(b->box, &o, &row, &s, str_bytes(stored, 80), b->a, &content, &envelope, &b->e),
		    RC_ALTERED);
		assert_non_null(strstr(b->e.msg, "padding"));
	}
	gcm_free(gcm);
}

static void chunks_cannot_change_places_or_be_cut(void **state)
{
	struct bench *b = *state;
	enum { STEP = 32784, N = 100000 };
	char *text = mem_alloc(N);
	struct box_sealed sealed;
	struct str content, envelope;
	struct part_row row;
	uint8_t *swap = mem_alloc(STEP);

	assert_ok(seal(b, (struct str){ text, N }, STR_NONE, &sealed), &b->e);
	assert_ok(part_row_decode(b->rows.p, &row, &b->e), &b->e);
	memcpy(swap, b->blobs.p, STEP);
	memcpy(b->blobs.p, b->blobs.p + STEP, STEP);
	memcpy(b->blobs.p + STEP, swap, STEP);
	sha256(b->blobs.p, b->blobs.n, row.d);
	assert_int_equal(open_last(b, &sealed, &row, buf_view(&b->blobs), &content, &envelope), RC_ALTERED);
	memcpy(b->blobs.p + STEP, b->blobs.p, STEP);
	memcpy(b->blobs.p, swap, STEP);
	row.stored_n = 3 * STEP;
	sha256(b->blobs.p, 3 * STEP, row.d);
	assert_int_equal(open_last(b, &sealed, &row, str_sub(buf_view(&b->blobs), 0, 3 * STEP), &content, &envelope),
	    RC_ALTERED);
	assert_non_null(strstr(b->e.msg, "tag of chunk 2"));
	mem_free(swap);
	mem_free(text);
}

struct object {
	uint8_t digest[32];
	size_t n;
	enum rc rc;
};

static enum rc put_object(void *ctx, const uint8_t digest[SHA256_BYTES], struct str stored, struct err *e)
{
	struct object *o = ctx;

	memcpy(o->digest, digest, 32);
	o->n = stored.n;
	return o->rc == RC_OK ? RC_OK : err_set(e, o->rc, "no object today");
}

static void a_large_part_is_an_object(void **state)
{
	struct bench *b = *state;
	enum { N = 1200000 };
	char *text = mem_alloc(N);
	const struct box_part parts[] = { { b->scope, STR("small"), STR_NONE }, { b->scope, { text, N }, STR_NONE } };
	const struct box_record rec = { .kind = 1, .received_ms = 1, .parts = parts, .n = 2 };
	struct object object = { .rc = RC_NO_SPACE };
	const struct box_objects objects = { put_object, &object };
	struct box_sealed sealed;
	struct part_row row;

	assert_int_equal(box_seal(b->box, &rec, &objects, &b->rows, &b->blobs, &sealed, &b->e), RC_NO_SPACE);
	assert_int_equal(b->rows.n + b->blobs.n, 0);
	assert_int_equal(box_seal(b->box, &rec, NULL, &b->rows, &b->blobs, &sealed, &b->e), RC_LIMIT);
	assert_int_equal(b->rows.n + b->blobs.n, 0);
	object.rc = RC_OK;
	assert_ok(box_seal(b->box, &rec, &objects, &b->rows, &b->blobs, &sealed, &b->e), &b->e);
	assert_int_equal(b->blobs.n, 80);
	assert_ok(part_row_decode(b->rows.p + PART_ROW_BYTES, &row, &b->e), &b->e);
	assert_true(row.is_object);
	assert_int_equal(row.stored_n, object.n);
	assert_memory_equal(row.d, object.digest, 32);
	assert_int_equal(sealed.stored_n, 80 + object.n);
	mem_free(text);
}

static void a_full_frame_leaves_the_buffers_as_they_were(void **state)
{
	struct bench *b = *state;
	struct buf small;
	const struct box_part part = { b->scope, STR("words"), STR_NONE };
	const struct box_record rec = { .kind = 1, .parts = &part, .n = 1 };
	struct box_sealed sealed;

	buf_init(&small, 100);
	buf_z(&small, "twenty-one bytes here");
	assert_int_equal(box_seal(b->box, &rec, NULL, &b->rows, &small, &sealed, &b->e), RC_LIMIT);
	assert_int_equal(b->rows.n, 0);
	assert_int_equal(small.n, 21);
	assert_false(small.failed);
	buf_done(&small);
}

static void clear_bodies_and_sealed_ones_do_not_mix(void **state)
{
	struct bench *b = *state;
	const struct box_part sealed_part = { b->scope, STR("x"), STR_NONE }, clear_part = { NULL, STR("x"), STR_NONE };
	const struct box_record clear_evidence = { .kind = 1, .parts = &clear_part, .n = 1 };
	const struct box_record sealed_roll = { .kind = 10, .parts = &sealed_part, .n = 1 };
	const struct box_record empty = { .kind = 6 }, roll = { .kind = 10, .parts = &clear_part, .n = 1 };
	struct box_origin o = { .kind = 10 };
	struct str content, envelope;
	struct part_row row;
	static const uint8_t zero[32];
	struct box_sealed out;

	assert_int_equal(box_seal(b->box, &clear_evidence, NULL, &b->rows, &b->blobs, &out, &b->e), RC_INTERNAL);
	assert_int_equal(box_seal(b->box, &sealed_roll, NULL, &b->rows, &b->blobs, &out, &b->e), RC_INTERNAL);
	assert_ok(box_seal(b->box, &empty, NULL, &b->rows, &b->blobs, &out, &b->e), &b->e);
	assert_memory_equal(out.parts_root, zero, 32);
	assert_int_equal(out.size_bucket, 0);
	assert_ok(box_seal(b->box, &roll, NULL, &b->rows, &b->blobs, &out, &b->e), &b->e);
	assert_ok(part_row_decode(b->rows.p, &row, &b->e), &b->e);
	memcpy(o.record_id, out.record_id, 16);
	assert_ok(box_open(b->box, &o, &row, NULL, STR("x"), b->a, &content, &envelope, &b->e), &b->e);
	assert_str(content, "x");
	o.kind = 1;
	assert_int_equal(box_open(b->box, &o, &row, NULL, STR("x"), b->a, &content, &envelope, &b->e), RC_ALTERED);
}

static void refuses_rows_whose_fields_do_not_go_together(void **state)
{
	struct bench *b = *state;
	struct box_sealed sealed;
	struct part_row row;
	uint8_t bytes[PART_ROW_BYTES];
	/* offset, value */
	static const struct { size_t at; uint8_t v; } bad[] = { { 1, 1 }, { 3, 0 }, { 2, 0x20 }, { 4, 0 }, { 4, 2 }, { 4, 3 },
		{ 5, 1 }, { 5, 2 }, { 6, 1 }, { 7, 1 }, { 8, 1 }, { 13, 0x20 }, { 15, 79 } };
	size_t i;

	assert_ok(seal(b, STR("x"), STR_NONE, &sealed), &b->e);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		memcpy(bytes, b->rows.p, sizeof bytes);
		bytes[bad[i].at] = bad[i].v;
		if (part_row_decode(bytes, &row, &b->e) != RC_ALTERED)
			fail_msg("byte %zu = %u passed", bad[i].at, bad[i].v);
	}
	assert_ok(part_row_decode(b->rows.p, &row, &b->e), &b->e);
	part_row_encode(&row, bytes);
	assert_memory_equal(bytes, b->rows.p, sizeof bytes);
}

static void size_buckets_are_the_least_power_of_two(void **state)
{
	(void)state;
	assert_int_equal(box_size_bucket(0), 0);
	assert_int_equal(box_size_bucket(1), 0);
	assert_int_equal(box_size_bucket(2), 1);
	assert_int_equal(box_size_bucket(256), 8);
	assert_int_equal(box_size_bucket(257), 9);
}

static void envelopes_are_read_whole(void **state)
{
	struct bench *b = *state;
	char reason[1100];
	struct envelope v = { .position = 300, .raw_n = 19, .reason_code = 1 }, got;
	size_t i;

	/* Two bytes a character: 1024 falls between two, one byte before shifts it into one. */
	reason[0] = 'x';
	for (i = 1; i < 1099; i += 2)
		memcpy(reason + i, "\xc3\xbc", 2);
	v.reason = (struct str){ reason, 1099 };
	envelope_put(&v, &b->rows);
	assert_int_equal(b->rows.n, 32 + 1023);
	assert_ok(envelope_get(buf_view(&b->rows), &got, &b->e), &b->e);
	assert_int_equal(got.position, 300);
	assert_int_equal(got.raw_n, 19);
	assert_int_equal(got.reason.n, 1023);
	for (i = 0; i < b->rows.n; i += 7)
		assert_int_equal(envelope_get(str_sub(buf_view(&b->rows), 0, i), &got, &b->e), RC_ALTERED);
	b->rows.p[29] = 0;
	assert_int_equal(envelope_get(buf_view(&b->rows), &got, &b->e), RC_ALTERED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_what_it_sealed_at_every_size),
		TEST(a_record_sealed_twice_shares_nothing),
		TEST(each_altered_byte_is_named),
		TEST(padding_has_one_form),
		TEST(chunks_cannot_change_places_or_be_cut),
		TEST(a_large_part_is_an_object),
		TEST(a_full_frame_leaves_the_buffers_as_they_were),
		TEST(clear_bodies_and_sealed_ones_do_not_mix),
		TEST(refuses_rows_whose_fields_do_not_go_together),
		TEST(size_buckets_are_the_least_power_of_two),
		TEST(envelopes_are_read_whole),
	};

	return cmocka_run_group_tests_name("seal/box", tests, NULL, NULL);
}

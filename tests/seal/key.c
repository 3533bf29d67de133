/* seal/key.c, keyring.c, key_file.c, provider.c */
#include "test.h"

#include "seal/key.h"
#include "seal/provider.h"

static const struct secret kek = { { 9, 8, 7 } };
static const struct key_file_cost cheap = { 1, 64, 1 };
static const uint8_t organization[16] = { 0x7e, 0x27 };

static struct key_use subject_use(unsigned i)
{
	struct key_use u = { .type = KEY_SCOPE, .classification = CLASS_CONFIDENTIAL, .epoch = 2024 };

	put_u32(u.subject, i + 1);
	return u;
}

static void a_keyring_comes_back_from_its_pages(void **state)
{
	struct keyring *ring = keyring_new(1, &kek), *again = keyring_new(1, &kek);
	uint8_t pages[4][KEY_PAGE_BYTES];
	struct key_use u;
	struct err e;
	unsigned i;

	(void)state;
	for (i = 0; i < 300; i++) {
		u = subject_use(i);
		assert_null(keyring_find(ring, &u));
		assert_ptr_equal(keyring_get(ring, &u, 5), keyring_get(ring, &u, 6));
	}
	assert_int_equal(keyring_pages(ring), 4);
	assert_int_equal(keyring_unnamed(ring), 300);
	for (i = 0; i < 4; i++) {
		assert_true(keyring_page_is_dirty(ring, i));
		keyring_page_put(ring, i, pages[i]);
		keyring_page_saved(ring, i);
		assert_false(keyring_page_is_dirty(ring, i));
		assert_ok(keyring_load(again, str_bytes(pages[i], KEY_PAGE_BYTES), &e), &e);
	}
	assert_int_equal(keyring_unnamed(again), 0);
	for (i = 0; i < 300; i++) {
		const struct key *a, *b;

		u = subject_use(i);
		a = keyring_find(ring, &u);
		b = keyring_find(again, &u);
		assert_non_null(b);
		assert_memory_equal(a->secret.bytes, b->secret.bytes, 32);
		assert_ptr_equal(keyring_by_id(again, a->row.id), b);
	}
	keyring_free(ring);
	keyring_free(again);
}

static void each_file_has_a_key_of_its_own(void **state)
{
	const struct key_use u = { .type = KEY_FILE_SCOPE, .classification = CLASS_INTERNAL, .epoch = 2024 };
	struct keyring *ring = keyring_new(1, &kek);
	const struct key *a = keyring_add(ring, &u, 1), *b = keyring_add(ring, &u, 1);

	(void)state;
	assert_memory_not_equal(a->row.id, b->row.id, 16);
	assert_memory_not_equal(a->secret.bytes, b->secret.bytes, 32);
	assert_null(keyring_find(ring, &u));
	assert_ptr_equal(keyring_by_id(ring, b->row.id), b);
	keyring_free(ring);
}

static void every_altered_byte_of_a_page_is_found(void **state)
{
	struct keyring *ring = keyring_new(1, &kek);
	uint8_t page[KEY_PAGE_BYTES];
	struct key_use u;
	struct err e;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		u = subject_use(i);
		(void)keyring_get(ring, &u, 5);
	}
	keyring_page_put(ring, 0, page);
	for (i = 0; i < KEY_PAGE_BYTES; i += i < 32 + 4 * 96 ? 1 : 97) {
		struct keyring *again = keyring_new(1, &kek);
		enum rc rc;

		page[i] ^= 0x04;
		rc = keyring_load(again, str_bytes(page, sizeof page), &e);
		if (i == 15) {
			/* A larger count makes rows that look erased: whether they may be, the log's entries say. */
			assert_int_equal(rc, RC_OK);
			assert_true(keyring_rows(again) == 7 && keyring_row_is_erased(again, 3));
		} else if (rc != RC_ALTERED || keyring_rows(again) != 0) {
			fail_msg("byte %u: %s", i, rc_name(rc));
		}
		page[i] ^= 0x04;
		keyring_free(again);
	}
	keyring_free(ring);
}

static void an_erased_row_keeps_its_place(void **state)
{
	struct keyring *ring = keyring_new(1, &kek), *again = keyring_new(1, &kek);
	uint8_t page[KEY_PAGE_BYTES];
	struct key_use u;
	struct err e;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		u = subject_use(i);
		(void)keyring_get(ring, &u, 5);
	}
	keyring_page_put(ring, 0, page);
	memset(page + 32 + 96, 0, 96);
	assert_ok(keyring_load(again, str_bytes(page, sizeof page), &e), &e);
	assert_int_equal(keyring_rows(again), 3);
	assert_true(keyring_row_is_erased(again, 1));
	u = subject_use(1);
	assert_null(keyring_find(again, &u));
	u = subject_use(2);
	assert_non_null(keyring_find(again, &u));
	keyring_free(ring);
	keyring_free(again);
}

static void rows_that_no_entry_names_are_counted_out(void **state)
{
	struct keyring *ring = keyring_new(1, &kek);
	uint8_t page[KEY_PAGE_BYTES];
	struct key_page decoded;
	struct key_use u;
	struct err e;
	unsigned i;

	(void)state;
	for (i = 0; i < 90; i++) {
		u = subject_use(i);
		(void)keyring_get(ring, &u, 5);
	}
	keyring_page_saved(ring, 0);
	keyring_page_saved(ring, 1);
	keyring_named(ring);
	keyring_keep(ring, 84);
	assert_int_equal(keyring_rows(ring), 84);
	assert_int_equal(keyring_unnamed(ring), 0);
	assert_true(keyring_page_is_dirty(ring, 0) && keyring_page_is_dirty(ring, 1));
	assert_null(keyring_find(ring, &u));
	keyring_page_put(ring, 1, page);
	assert_ok(key_page_decode(str_bytes(page, sizeof page), &decoded, &e), &e);
	assert_int_equal(decoded.n, 0);
	/* The next rows fill the gap. */
	(void)keyring_get(ring, &u, 5);
	u = subject_use(1000);
	(void)keyring_get(ring, &u, 5);
	assert_int_equal(keyring_pages(ring), 2);
	keyring_page_put(ring, 1, page);
	assert_ok(key_page_decode(str_bytes(page, sizeof page), &decoded, &e), &e);
	assert_int_equal(decoded.n, 1);
	keyring_free(ring);
}

static void a_wrong_passphrase_is_told_from_a_damaged_key_file(void **state)
{
	uint8_t file[KEY_FILE_BYTES];
	struct provider *p = NULL;
	struct err e;
	size_t i;

	(void)state;
	assert_ok(key_file_make(KEY_FILE_PASSPHRASE, STR("a horse"), cheap, organization, file, &e), &e);
	assert_int_equal(key_file_open(str_bytes(file, sizeof file), STR("a house"), NULL, &p, &e), RC_LOCKED);
	for (i = 0; i < sizeof file; i++) {
		file[i] ^= 0x10;
		assert_int_equal(key_file_open(str_bytes(file, sizeof file), STR("a horse"), NULL, &p, &e), RC_ALTERED);
		file[i] ^= 0x10;
	}
	assert_int_equal(key_file_open(str_bytes(file, 223), STR("a horse"), NULL, &p, &e), RC_ALTERED);
	assert_int_equal(key_file_open(STR_NONE, STR("a horse"), NULL, &p, &e), RC_ALTERED);
	assert_null(p);
	assert_ok(key_file_open(str_bytes(file, sizeof file), STR("a horse"), NULL, &p, &e), &e);
	assert_memory_equal(p->organization, organization, 16);
	assert_int_equal(p->generation, 1);
	provider_close(p);
}

static void a_key_file_that_asks_for_too_much_is_refused(void **state)
{
	uint8_t file[KEY_FILE_BYTES];
	struct provider *p = NULL;
	struct key_file f;
	struct err e;

	(void)state;
	assert_ok(key_file_make(KEY_FILE_PASSPHRASE, STR("a horse"), cheap, organization, file, &e), &e);
	assert_ok(key_file_decode(str_bytes(file, sizeof file), &f, &e), &e);
	f.cost.m_kib = UINT32_MAX;
	key_file_encode(&f, file);
	assert_int_equal(key_file_open(str_bytes(file, sizeof file), STR("a horse"), NULL, &p, &e), RC_LIMIT);
}

static enum rc keep_bytes(void *ctx, const uint8_t bytes[KEY_FILE_BYTES], struct err *e)
{
	(void)e;
	memcpy(ctx, bytes, KEY_FILE_BYTES);
	return RC_OK;
}

static void a_destroyed_generation_is_gone_from_the_file(void **state)
{
	uint8_t file[KEY_FILE_BYTES];
	const struct key_file_store store = { keep_bytes, file };
	struct provider *p = NULL;
	struct secret one, two, got;
	struct err e;

	(void)state;
	assert_ok(key_file_make(KEY_FILE_ALONE, STR_NONE, KEY_FILE_COST, organization, file, &e), &e);
	assert_ok(key_file_open(str_bytes(file, sizeof file), STR_NONE, &store, &p, &e), &e);
	assert_ok(provider_generation_key(p, 1, &one, &e), &e);
	assert_int_equal(provider_generation_destroy(p, 1, &e), RC_INTERNAL);
	assert_int_equal(provider_generation_create(p, 3, &e), RC_INTERNAL);
	assert_ok(provider_generation_create(p, 2, &e), &e);
	assert_int_equal(provider_generation_create(p, 2, &e), RC_EXISTS);
	assert_ok(provider_generation_key(p, 2, &two, &e), &e);
	assert_memory_not_equal(one.bytes, two.bytes, 32);
	provider_close(p);

	/* Both are there when a roll was interrupted. */
	assert_ok(key_file_open(str_bytes(file, sizeof file), STR_NONE, &store, &p, &e), &e);
	assert_int_equal(p->generation, 1);
	assert_ok(provider_generation_key(p, 2, &got, &e), &e);
	assert_memory_equal(got.bytes, two.bytes, 32);
	assert_ok(provider_generation_destroy(p, 1, &e), &e);
	assert_int_equal(p->generation, 2);
	assert_int_equal(provider_generation_key(p, 1, &got, &e), RC_NOT_FOUND);
	provider_close(p);

	assert_ok(key_file_open(str_bytes(file, sizeof file), STR_NONE, NULL, &p, &e), &e);
	assert_int_equal(p->generation, 2);
	assert_int_equal(provider_generation_key(p, 1, &got, &e), RC_NOT_FOUND);
	assert_ok(provider_generation_key(p, 2, &got, &e), &e);
	assert_memory_equal(got.bytes, two.bytes, 32);
	assert_int_equal(provider_generation_create(p, 3, &e), RC_INTERNAL);
	provider_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_keyring_comes_back_from_its_pages),
		cmocka_unit_test(each_file_has_a_key_of_its_own),
		cmocka_unit_test(every_altered_byte_of_a_page_is_found),
		cmocka_unit_test(an_erased_row_keeps_its_place),
		cmocka_unit_test(rows_that_no_entry_names_are_counted_out),
		cmocka_unit_test(a_wrong_passphrase_is_told_from_a_damaged_key_file),
		cmocka_unit_test(a_key_file_that_asks_for_too_much_is_refused),
		cmocka_unit_test(a_destroyed_generation_is_gone_from_the_file),
	};

	return cmocka_run_group_tests_name("seal/key", tests, NULL, NULL);
}

/* base/str.c and base/arena.c */
#include "test.h"

static void cuts_at_the_first_separator(void **state)
{
	struct str rest = STR("a,b,,c");

	(void)state;
	assert_str(str_cut(&rest, ','), "a");
	assert_str(str_cut(&rest, ','), "b");
	assert_str(str_cut(&rest, ','), "");
	assert_str(str_cut(&rest, ','), "c");
	assert_null(rest.p);
}

static void refuses_utf8_that_is_not(void **state)
{
	static const char *const bad[] = { "\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80", "ab\xc3", "\xff" };
	size_t i, at;

	(void)state;
	assert_true(str_utf8_valid(STR("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x9f\xa9"), NULL));
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(str_utf8_valid(str_z(bad[i]), &at));
	assert_false(str_utf8_valid(STR("ab\xc3"), &at));
	assert_int_equal(at, 2);
}

static void numbers_are_read_whole_or_not_at_all(void **state)
{
	uint64_t u;
	int64_t v;
	char out[32];

	(void)state;
	assert_true(num_u64(STR("18446744073709551615"), UINT64_MAX, &u));
	assert_false(num_u64(STR("18446744073709551616"), UINT64_MAX, &u));
	assert_false(num_u64(STR("12 "), UINT64_MAX, &u));
	assert_false(num_u64(STR("+1"), UINT64_MAX, &u));
	assert_false(num_u64(STR(""), UINT64_MAX, &u));
	assert_true(num_i64(STR("-9223372036854775808"), &v));
	assert_true(v == INT64_MIN);
	assert_false(num_i64(STR("9223372036854775808"), &v));
	assert_true(num_decimal(STR("-12.5"), &v));
	assert_int_equal(v, -12500000);
	assert_true(num_decimal(STR("99.950000000"), &v));
	assert_int_equal(v, 99950000);
	assert_false(num_decimal(STR("1.2345678"), &v));
	assert_false(num_decimal(STR("1."), &v));
	assert_false(num_decimal(STR("9223372036855"), &v));
	(void)num_decimal_fmt(-12500000, out);
	assert_string_equal(out, "-12.5");
	(void)num_decimal_fmt(1, out);
	assert_string_equal(out, "0.000001");
}

static void buffer_stops_at_its_ceiling(void **state)
{
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 10);
	buf_z(&b, "12345678");
	buf_z(&b, "abc");
	assert_int_equal(b.n, 8);
	assert_int_equal(buf_ok(&b, "a line", &e), RC_LIMIT);
	buf_clear(&b);
	buf_z(&b, "1234567890");
	assert_int_equal(buf_ok(&b, "a line", &e), RC_OK);
	buf_done(&b);
}

static void base64_is_strict(void **state)
{
	uint8_t out[8];
	size_t n;
	struct buf b;

	(void)state;
	assert_true(base64_get(STR("Zm9v"), out, sizeof out, &n));
	assert_int_equal(n, 3);
	assert_true(base64_get(STR("Zm8="), out, sizeof out, &n));
	assert_int_equal(n, 2);
	assert_false(base64_get(STR("Zm9="), out, sizeof out, &n));
	assert_false(base64_get(STR("Zm8"), out, sizeof out, &n));
	assert_false(base64_get(STR("Z m8"), out, sizeof out, &n));
	assert_false(base64_get(STR("===="), out, sizeof out, &n));
	buf_init(&b, 100);
	buf_base64(&b, (const uint8_t *)"foob", 4);
	assert_str(buf_view(&b), "Zm9vYg==");
	buf_done(&b);
}

static void arena_gives_zeroed_memory_after_reset(void **state)
{
	struct arena *a = arena_new();
	int round;
	size_t i;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (i = 1; i < 200000; i *= 3) {
			uint8_t *p = arena_alloc(a, i);

			assert_int_equal((uintptr_t)p % 16, 0);
			assert_int_equal(p[0], 0);
			assert_int_equal(p[i - 1], 0);
			memset(p, 0xaa, i);
		}
		arena_reset(a);
	}
	assert_str(arena_fmt(a, "%d-%s", 5, "x"), "5-x");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_at_the_first_separator),
		cmocka_unit_test(refuses_utf8_that_is_not),
		cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
		cmocka_unit_test(buffer_stops_at_its_ceiling),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(arena_gives_zeroed_memory_after_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

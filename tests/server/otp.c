/* RFC 6238's own examples (appendix B, SHA-1), their last six digits; base 32 of RFC 4648; a code counts once. */
#include "test.h"

#include "server/otp.h"

static const uint8_t secret[] = "12345678901234567890";

static void published(void **state)
{
	static const struct {
		uint64_t at;
		uint32_t code;
	} known[] = { { 59, 287082 }, { 1111111109, 81804 }, { 1111111111, 50471 }, { 1234567890, 5924 }, { 2000000000, 279037 },
		{ 20000000000, 353130 } };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(known); i++)
		assert_int_equal(otp_code(secret, 20, known[i].at / OTP_STEP_SECONDS), known[i].code);
}

static void counts_once(void **state)
{
	uint64_t step = 0;

	(void)state;
	assert_true(otp_check(secret, STR("081804"), 1111111109, 0, &step));
	assert_int_equal(step, 1111111109 / 30);
	assert_false(otp_check(secret, STR("081804"), 1111111109, step, &step));
	assert_true(otp_check(secret, STR("081804"), 1111111109 + 30, 0, &step));
	assert_false(otp_check(secret, STR("081804"), 1111111109 + 60, 0, &step));
	assert_false(otp_check(secret, STR("81804"), 1111111109, 0, &step));
	assert_false(otp_check(secret, STR("0818040"), 1111111109, 0, &step));
}

static void letters(void **state)
{
	static const char *const known[][2] = { { "f", "MY" }, { "fo", "MZXQ" }, { "foo", "MZXW6" }, { "foob", "MZXW6YQ" },
		{ "fooba", "MZXW6YTB" }, { "foobar", "MZXW6YTBOI" } };
	struct arena *a = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(known); i++)
		assert_true(str_is(base32(a, (const uint8_t *)known[i][0], strlen(known[i][0])), known[i][1]));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(published), cmocka_unit_test(counts_once), cmocka_unit_test(letters) };

	return cmocka_run_group_tests_name("otp", tests, NULL, NULL);
}

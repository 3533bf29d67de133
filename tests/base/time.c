/* Times are read as real exports write them, and days are those of a zone. */
#include "test.h"

#include "base/time.h"
#include "base/value.h"

static void dates_round_trip_over_the_whole_calendar(void **ctx)
{
	int64_t d, back;
	int y, m, day;

	(void)ctx;
	for (d = -719162; d <= 2932896; d += 97) {
		date_to_civil(d, &y, &m, &day);
		assert_true(date_from_civil(y, m, day, &back));
		assert_int_equal(back, d);
	}
	assert_false(date_from_civil(2023, 2, 29, &d));
	assert_false(date_parse(STR("2024-13-01"), &d));
	assert_false(date_parse(STR("2024-01-01x"), &d));
	assert_true(date_parse(STR("2024-02-29"), &d));
	assert_int_equal(d, 19782);
}

static void exports_write_times_in_many_ways(void **ctx)
{
	static const struct {
		const char *text;
		enum time_doubt doubt;
		int64_t us;
	} cases[] = {
		{ "2024-06-30T23:59:59Z", TIME_SURE, 1719791999000000 },
		{ "2024-06-30T23:59:59.25+02:00", TIME_SURE, 1719784799250000 },
		{ "2024-06-30 23:59:59 -0700", TIME_SURE, 1719817199000000 },
		{ "2024-06-30T23:59:60Z", TIME_SURE, 1719791999000000 },
		{ "2024-06-30T23:59:59", TIME_NO_ZONE, 1719791999000000 },
		{ "2024-06-30", TIME_DATE_ONLY, 1719705600000000 },
		{ "2024-06-30T23:59:59+518:00", TIME_BAD, 0 },
		{ "2024-06-30T23:59:59+15:00", TIME_BAD, 0 },
		{ "2024-02-30T00:00:00Z", TIME_BAD, 0 },
		{ "2024-06-30T24:00:00Z", TIME_BAD, 0 },
		{ "30/06/2024", TIME_BAD, 0 },
		{ "", TIME_BAD, 0 },
	};
	size_t i;
	int64_t us;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		us = 0;
		if (instant_parse(str_z(cases[i].text), NULL, &us) != cases[i].doubt || us != cases[i].us)
			fail_msg("%s gave %lld", cases[i].text, (long long)us);
	}
}

static void a_zone_has_short_and_long_days(void **ctx)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct zone *z, *back;
	struct err e;
	struct buf b;
	int64_t d, us;

	(void)ctx;
	err_init(&e);
	assert_ok(zone_from_host(a, STR("Europe/Berlin"), &z, &e), &e);
	assert_true(date_parse(STR("2024-03-31"), &d));
	assert_int_equal(zone_day_start_us(z, d + 1) - zone_day_start_us(z, d), 23 * 3600 * US_PER_SECOND);
	assert_true(date_parse(STR("2024-10-27"), &d));
	assert_int_equal(zone_day_start_us(z, d + 1) - zone_day_start_us(z, d), 25 * 3600 * US_PER_SECOND);
	assert_true(date_parse(STR("2098-07-01"), &d));
	assert_int_equal(zone_offset_s(z, zone_day_start_us(z, d)), 7200);
	assert_int_equal(instant_parse(STR("2024-07-01T00:00:00"), z, &us), TIME_NO_ZONE);
	assert_str(instant_fmt(a, us), "2024-06-30T22:00:00Z");
	buf_init(&b, 1 << 20);
	zone_put(&b, z);
	assert_ok(json_parse(a, buf_view(&b), &v, &e), &e);
	assert_ok(zone_from_value(a, v, &back, &e), &e);
	for (us = -2000000000000000; us < 4000000000000000; us += 86399999999 * 3)
		assert_int_equal(zone_offset_s(z, us), zone_offset_s(back, us));
	buf_done(&b);
	arena_free(a);
}

static void every_day_of_many_zones_begins_where_the_one_before_ends(void **ctx)
{
	static const char *const names[] = { "UTC", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe",
		"Africa/Cairo", "America/Havana", "Asia/Tehran" };
	struct arena *a = arena_new();
	struct zone *z;
	struct err e;
	int64_t d;
	size_t i;

	(void)ctx;
	err_init(&e);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		assert_ok(zone_from_host(a, str_z(names[i]), &z, &e), &e);
		for (d = 3650; d < 29200; d++) {
			int64_t start = zone_day_start_us(z, d);

			if (zone_date(z, start) != d || zone_date(z, start - 1) == d)
				fail_msg("%s, day %lld", names[i], (long long)d);
		}
	}
	arena_free(a);
}

static void a_zone_that_is_none_is_refused(void **ctx)
{
	struct arena *a = arena_new();
	struct zone *z;
	struct err e;

	(void)ctx;
	err_init(&e);
	assert_int_equal(zone_from_host(a, STR("Nowhere/City"), &z, &e), RC_NOT_FOUND);
	assert_int_equal(zone_from_host(a, STR("../../etc/passwd"), &z, &e), RC_NOT_FOUND);
	assert_int_equal(zone_from_host(a, STR("Europe"), &z, &e), RC_NOT_FOUND);
	assert_int_equal(zone_from_host(a, STR("zone.tab"), &z, &e), RC_NOT_FOUND);
	arena_free(a);
}

static void a_zone_of_a_ledger_is_bounded(void **ctx)
{
	static const struct {
		const char *transitions;
		bool good;
	} cases[] = {
		{ "[]", true }, { "[[0,3600],[1,0]]", true }, { "[[-62135596800,3600],[253402300799,0]]", true },
		{ "[[-62135596801,3600]]", false }, { "[[253402300800,3600]]", false },
		{ "[[-9223372036854775808,3600]]", false }, { "[[9223372036854775807,3600]]", false },
		{ "[[0,93601]]", false }, { "[[0,-93601]]", false }, { "[[5,3600],[5,0]]", false }, { "[[5,3600],[4,0]]", false },
		{ "[[5]]", false }, { "[[5,6,7]]", false }, { "[[\"5\",3600]]", false }, { "[[5.5,3600]]", false }, { "[null]", false },
	};
	struct arena *a = arena_new();
	const struct value *v;
	struct zone *z;
	struct err e;
	size_t i;
	int64_t us;

	(void)ctx;
	err_init(&e);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct str text = arena_fmt(a, "{\"name\":\"x\",\"offset\":0,\"transitions\":%s}", cases[i].transitions);

		assert_ok(json_parse(a, text, &v, &e), &e);
		if ((zone_from_value(a, v, &z, &e) == RC_OK) != cases[i].good)
			fail_msg("%s", cases[i].transitions);
	}
	assert_ok(json_parse(a, STR("{\"name\":\"x\",\"offset\":93601,\"transitions\":[]}"), &v, &e), &e);
	assert_int_equal(zone_from_value(a, v, &z, &e), RC_INVALID);
	/* nothing overflows, whatever is asked of a zone at its bounds */
	assert_ok(json_parse(a, STR("{\"name\":\"x\",\"offset\":93600,\"transitions\":[[-62135596800,-93600],[253402300799,93600]]}"),
	    &v, &e), &e);
	assert_ok(zone_from_value(a, v, &z, &e), &e);
	assert_int_equal(zone_date(z, INT64_MAX), DATE_MAX + 2);
	assert_int_equal(zone_date(z, INT64_MIN), DATE_MIN - 2);
	for (us = INT64_MIN; us < INT64_MAX / 16 * 15; us += INT64_MAX / 16) {
		(void)zone_local_to_us(z, us);
		(void)zone_day_start_us(z, us);
		(void)zone_offset_s(z, us);
		assert_true(instant_fmt(a, us).n >= 20);
	}
	assert_str(instant_fmt(a, INT64_MIN), "0001-01-01T00:00:00Z");
	assert_str(instant_fmt(a, INT64_MAX), "9999-12-31T23:59:59.999999Z");
	arena_free(a);
}

static void no_instant_leaves_the_years_1_to_9999(void **ctx)
{
	static const char *const east[] = { "0001-01-01", "0001-01-01 00:30", "0001-01-01T00:00:00+02:00" };
	static const char *const west[] = { "9999-12-31 23:30", "9999-12-31T23:59:59-01:00" };
	struct arena *a = arena_new();
	struct zone *z;
	struct err e;
	int64_t us = 7;
	size_t i;

	(void)ctx;
	err_init(&e);
	assert_ok(zone_from_host(a, STR("Asia/Kolkata"), &z, &e), &e);
	for (i = 0; i < ARRAY_LEN(east); i++)
		assert_int_equal(instant_parse(str_z(east[i]), z, &us), TIME_BAD);
	assert_int_equal(instant_parse(STR("0001-01-02"), z, &us), TIME_DATE_ONLY);
	assert_ok(zone_from_host(a, STR("America/New_York"), &z, &e), &e);
	us = 7;
	for (i = 0; i < ARRAY_LEN(west); i++)
		assert_int_equal(instant_parse(str_z(west[i]), z, &us), TIME_BAD);
	assert_int_equal(us, 7);
	assert_int_equal(instant_parse(STR("0001-01-01"), z, &us), TIME_DATE_ONLY);
	arena_free(a);
}

/* Manila was almost 16 hours behind Greenwich until 1844, Alaska 15 hours ahead until 1867: the way from the wall clock
 * to the instant must look that far. */
static void old_offsets_beyond_fifteen_hours_are_found(void **ctx)
{
	static const char *const names[] = { "Asia/Manila", "America/Juneau", "Pacific/Apia", "Africa/Monrovia", "Africa/Casablanca" };
	struct arena *a = arena_new();
	struct zone *z;
	struct err e;
	size_t i;
	int64_t us;

	(void)ctx;
	err_init(&e);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		assert_ok(zone_from_host(a, str_z(names[i]), &z, &e), &e);
		for (us = -4200000000 * US_PER_SECOND; us < 4000000000 * US_PER_SECOND; us += 9007 * US_PER_SECOND) {
			int64_t local = us + zone_offset_s(z, us) * US_PER_SECOND, back = zone_local_to_us(z, local);

			/* the same wall clock, and the first instant that shows it */
			if (back > us || back + zone_offset_s(z, back) * US_PER_SECOND != local)
				fail_msg("%s: %lld gave %lld", names[i], (long long)us, (long long)back);
		}
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_round_trip_over_the_whole_calendar),
		cmocka_unit_test(exports_write_times_in_many_ways),
		cmocka_unit_test(a_zone_has_short_and_long_days),
		cmocka_unit_test(every_day_of_many_zones_begins_where_the_one_before_ends),
		cmocka_unit_test(a_zone_that_is_none_is_refused),
		cmocka_unit_test(a_zone_of_a_ledger_is_bounded),
		cmocka_unit_test(no_instant_leaves_the_years_1_to_9999),
		cmocka_unit_test(old_offsets_beyond_fifteen_hours_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* seal/cut.c; the published pairs are in vectors.c */
#include "test.h"

#include "seal/cut.h"
#include "seal/hash.h"

static const uint8_t alice[16] = { 0xa1 }, bob[16] = { 0xb0 };

static struct cut_range range(size_t at, size_t end, const uint8_t *who, enum cut_form form)
{
	struct cut_range r = { .at = at, .end = end, .form = form };

	memcpy(r.subject, who, 16);
	return r;
}

static void what_was_cut_apart_comes_together(void **state)
{
	const struct str raw = STR("{\"by\":\"bob\",\"id\":42,\"x\":\"\x1a\",\"and\":\"alice\",\"again\":\"bob\"}\x1a");
	struct cut_range ranges[] = { range(7, 10, bob, CUT_TEXT), range(17, 19, alice, CUT_SCALAR),
		range(35, 40, alice, CUT_TEXT), range(51, 54, bob, CUT_TEXT) };
	struct arena *a = arena_new();
	struct str *parts, back, reading, without, shown;
	struct cut_mark *marks;
	struct err e;
	size_t n, n_marks;

	(void)state;
	assert_ok(cut_apart(a, raw, ranges, 4, &parts, &n, &e), &e);
	assert_int_equal(n, 3);
	assert_memory_equal(parts[1].p, bob, 16);
	assert_memory_equal(parts[2].p, alice, 16);
	assert_int_equal(str_find(parts[0], STR("bob")), -1);
	assert_int_equal(str_find(parts[0], STR("alice")), -1);
	assert_ok(cut_together(a, parts, n, &back, &e), &e);
	assert_true(str_eq(back, raw));
	assert_ok(cut_reading(a, parts, n, &reading, &marks, &n_marks, &e), &e);
	assert_str(reading, "{\"by\":\"subject:b0000000000000000000000000000000\",\"id\":"
	    "\"subject:a1000000000000000000000000000000\",\"x\":\"\x1a\",\"and\":\"subject:a1000000000000000000000000000000\","
	    "\"again\":\"subject:b0000000000000000000000000000000\"}\x1a");
	assert_int_equal(n_marks, 4);
	assert_str(str_sub(reading, marks[1].at, CUT_WORDS), "subject:a1000000000000000000000000000000");
	assert_str(marks[1].shown, "42");
	shown = cut_shown(a, reading, marks, n_marks);
	assert_true(str_eq(shown, raw));
	/* one person's part is gone: the reading is the same, and the other still shows */
	parts[2] = STR_NONE;
	assert_ok(cut_reading(a, parts, n, &without, &marks, &n_marks, &e), &e);
	assert_true(str_eq(without, reading));
	assert_str(cut_shown(a, without, marks, n_marks), "{\"by\":\"bob\",\"id\":\"subject:a1000000000000000000000000000000\","
	    "\"x\":\"\x1a\",\"and\":\"subject:a1000000000000000000000000000000\",\"again\":\"bob\"}\x1a");
	assert_int_equal(cut_together(a, parts, n, &back, &e), RC_LOCKED);
	parts[1] = STR_NONE;
	assert_ok(cut_reading(a, parts, n, &without, &marks, &n_marks, &e), &e);
	assert_true(str_eq(without, reading));
	assert_null(marks[0].shown.p);
	arena_free(a);
}

static void without_ranges_there_is_one_part_without_escapes(void **state)
{
	const struct str raw = STR("a\x1a\x01z");
	struct arena *a = arena_new();
	struct str *parts, out;
	struct cut_mark *marks;
	struct err e;
	size_t n, n_marks;

	(void)state;
	assert_ok(cut_apart(a, raw, NULL, 0, &parts, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_true(str_eq(parts[0], raw));
	assert_ok(cut_together(a, parts, 1, &out, &e), &e);
	assert_true(str_eq(out, raw));
	assert_ok(cut_reading(a, parts, 1, &out, &marks, &n_marks, &e), &e);
	assert_int_equal(n_marks, 0);
	assert_true(str_eq(out, raw));
	arena_free(a);
}

static void ranges_that_overlap_or_leave_the_record_are_refused(void **state)
{
	const struct str raw = STR("0123456789");
	struct cut_range overlap[] = { range(1, 4, bob, CUT_TEXT), range(3, 5, bob, CUT_TEXT) };
	struct cut_range empty = range(2, 2, bob, CUT_TEXT), beyond = range(9, 11, bob, CUT_TEXT);
	struct arena *a = arena_new();
	struct str *parts;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(cut_apart(a, raw, overlap, 2, &parts, &n, &e), RC_INTERNAL);
	assert_int_equal(cut_apart(a, raw, &empty, 1, &parts, &n, &e), RC_INTERNAL);
	assert_int_equal(cut_apart(a, raw, &beyond, 1, &parts, &n, &e), RC_INTERNAL);
	arena_free(a);
}

static void more_people_than_parts_are_refused(void **state)
{
	enum { N = 4096 };
	struct cut_range *ranges = mem_alloc(N * sizeof *ranges);
	char *raw = mem_alloc(N);
	struct arena *a = arena_new();
	struct str *parts;
	struct err e;
	size_t n, i;

	(void)state;
	for (i = 0; i < N; i++) {
		ranges[i] = (struct cut_range){ .at = i, .end = i + 1 };
		put_u32(ranges[i].subject, (uint32_t)i);
	}
	assert_int_equal(cut_apart(a, (struct str){ raw, N }, ranges, N, &parts, &n, &e), RC_LIMIT);
	assert_ok(cut_apart(a, (struct str){ raw, N }, ranges, N - 1, &parts, &n, &e), &e);
	assert_int_equal(n, 4096);
	arena_free(a);
	mem_free(raw);
	mem_free(ranges);
}

static void no_byte_of_the_parts_can_change_unnoticed_to_the_same_words(void **state)
{
	const struct str raw = STR("a\x1aliza and bob");
	struct cut_range ranges[] = { range(2, 6, alice, CUT_TEXT), range(11, 14, bob, CUT_TEXT) };
	struct arena *a = arena_new();
	struct str *parts, back;
	struct err e;
	size_t n, i, k;

	(void)state;
	assert_ok(cut_apart(a, raw, ranges, 2, &parts, &n, &e), &e);
	for (k = 0; k < n; k++) {
		uint8_t *copy = mem_dup(parts[k].p, parts[k].n);
		struct str mine[3] = { parts[0], parts[1], parts[2] };

		mine[k] = str_bytes(copy, parts[k].n);
		for (i = 0; i < parts[k].n; i++) {
			copy[i] ^= 1;
			/* The form of a marker is read form's business; the raw bytes are the same. */
			if (cut_together(a, mine, n, &back, &e) == RC_OK && str_eq(back, raw))
				assert_true(k == 0 && (i == 5 || i == 30));
			copy[i] ^= 1;
		}
		mem_free(copy);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_cut_apart_comes_together),
		cmocka_unit_test(without_ranges_there_is_one_part_without_escapes),
		cmocka_unit_test(ranges_that_overlap_or_leave_the_record_are_refused),
		cmocka_unit_test(more_people_than_parts_are_refused),
		cmocka_unit_test(no_byte_of_the_parts_can_change_unnoticed_to_the_same_words),
	};

	return cmocka_run_group_tests_name("seal/cut", tests, NULL, NULL);
}

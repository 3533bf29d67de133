/* JSON is read strictly, with every value's place, and written in one form only. */
#include "test.h"

#include "base/value.h"

static enum rc parse(struct arena *a, const char *text, const struct value **out, struct err *e)
{
	err_init(e);
	return json_parse(a, str_z(text), out, e);
}

static void offsets_point_at_the_value_in_the_text(void **ctx)
{
	static const char text[] = "{\"a\": [1, \"b\\u00e9\"],\n \"c\": null}";
	struct arena *a = arena_new();
	const struct value *v, *list;
	struct err e;

	(void)ctx;
	assert_ok(parse(a, text, &v, &e), &e);
	list = value_get(v, "a");
	assert_int_equal(list->items[1].at, 10);
	assert_int_equal(list->items[1].end, 19);
	assert_str(list->items[1].text, "b\xc3\xa9");
	assert_int_equal(value_get(v, "c")->line, 2);
	assert_int_equal(value_get(v, "c")->column, 7);
	assert_ptr_equal(list->items[0].text.p, text + 7);
	arena_free(a);
}

static void the_canonical_form_sorts_keys_by_utf16_units(void **ctx)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	struct buf b;

	(void)ctx;
	buf_init(&b, 1000);
	assert_ok(parse(a, "{\"\xef\xbf\xbd\":1,\"\xf0\x9f\x98\x80\":2,\"b\":{ \"z\":\"\\u001f\\/\",\"a\":[true,null]},\"a\":-7}",
	    &v, &e), &e);
	json_put(&b, v);
	assert_str(buf_view(&b), "{\"a\":-7,\"b\":{\"a\":[true,null],\"z\":\"\\u001f/\"},\"\xf0\x9f\x98\x80\":2,\"\xef\xbf\xbd\":1}");
	buf_done(&b);
	arena_free(a);
}

static void what_is_no_json_is_refused_with_its_place(void **ctx)
{
	static const char *const bad[] = { "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "01", "1.", "-", "+1",
		".5", "1e", "tru", "nulll", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"a\nb\"", "\"", "[1 2]",
		"{1:2}", "1 2", "\"\xff\"", "\"\xed\xa0\x80\"", "[\"a\",\n\n  x]", "NaN", "'a'", "{\"a\" 1}", "\xef\xbb\xbf{}" };
	struct arena *a = arena_new();
	const struct value *v = NULL;
	struct err e;
	size_t i;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (parse(a, bad[i], &v, &e) != RC_INVALID || strncmp(e.msg, "line ", 5) != 0)
			fail_msg("\"%s\" gave \"%s\"", bad[i], e.msg);
	}
	assert_int_equal(parse(a, "[\"a\",\n\n  x]", &v, &e), RC_INVALID);
	assert_true(strncmp(e.msg, "line 3, column 3, byte 9: ", 26) == 0);
	assert_null(v);
	arena_free(a);
}

static void depth_and_number_are_bounded(void **ctx)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	struct buf b;
	int i;

	(void)ctx;
	buf_init(&b, 1 << 20);
	for (i = 0; i < 10000; i++)
		buf_c(&b, '[');
	err_init(&e);
	assert_int_equal(json_parse(a, buf_view(&b), &v, &e), RC_LIMIT);
	buf_done(&b);
	arena_free(a);
}

static void the_first_value_leaves_the_rest(void **ctx)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	size_t used;

	(void)ctx;
	err_init(&e);
	assert_ok(json_parse_first(a, STR(" {\"a\":1} {\"b\":2}"), &v, &used, &e), &e);
	assert_int_equal(used, 8);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_point_at_the_value_in_the_text),
		cmocka_unit_test(the_canonical_form_sorts_keys_by_utf16_units),
		cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
		cmocka_unit_test(depth_and_number_are_bounded),
		cmocka_unit_test(the_first_value_leaves_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

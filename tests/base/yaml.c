/* YAML is read into the same values; what makes it surprising is refused with file, line and column. */
#include "test.h"

#include "base/value.h"

static enum rc parse(struct arena *a, const char *text, const struct value **docs, size_t *n, struct err *e)
{
	err_init(e);
	return yaml_parse(a, "f.yaml", str_z(text), docs, n, e);
}

static void plain_scalars_are_typed_and_quoted_ones_are_text(void **ctx)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	size_t n;

	(void)ctx;
	assert_ok(parse(a, "a: 1\nb: '1'\nc: [true, ~, 1.20, yes, 007, 2024-01-01]\n---\nd: null\n", &v, &n, &e), &e);
	assert_int_equal(n, 2);
	assert_int_equal(value_get(&v[0], "a")->type, VALUE_NUMBER);
	assert_int_equal(value_get(&v[0], "b")->type, VALUE_STRING);
	v = value_get(&v[0], "c");
	assert_int_equal(v->items[0].type, VALUE_BOOL);
	assert_int_equal(v->items[1].type, VALUE_NULL);
	assert_str(v->items[2].text, "1.20");
	assert_int_equal(v->items[2].type, VALUE_NUMBER);
	assert_int_equal(v->items[3].type, VALUE_STRING);
	assert_int_equal(v->items[4].type, VALUE_STRING);
	assert_int_equal(v->items[5].type, VALUE_STRING);
	assert_int_equal(v->items[5].line, 3);
	assert_int_equal(v->items[5].column, 30);
	arena_free(a);
}

static void surprises_are_refused_with_their_place(void **ctx)
{
	static const struct {
		const char *text, *place;
	} bad[] = {
		{ "a: &x 1\nb: *x\n", "f.yaml:1:4: " }, { "a: 1\na: 2\n", "f.yaml:2:1: " }, { "a: !!str 1\n", "f.yaml:1:4: " },
		{ "a: {<<: {b: 1}}\n", "f.yaml:1:5: " }, { "a: [1\nb", "f.yaml:" }, { "? [a]\n: 1\n", "f.yaml:1:3: " },
		{ "a: \"\xff\"\n", "f.yaml:1:5: " }, { "\tb: 1\n", "f.yaml:1:1: " },
		{ "a: ! x\n", "f.yaml:1:4: " }, { "%TAG ! tag:x,2000:\n---\na: !y z\n", "f.yaml:3:4: " }, { "&a [x]\n", "f.yaml:1:1: " },
		{ "a: &b {c: d}\n", "f.yaml:1:4: " }, { "&k a: 1\n", "f.yaml:1:1: " }, { "!!map {a: 1}\n", "f.yaml:1:1: " },
		{ "a: \xed\xa0\x80\n", "f.yaml:1:4: " }, { "\"a\": 1\na: 2\n", "f.yaml:2:1: " },
	};
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	size_t i, n;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (parse(a, bad[i].text, &v, &n, &e) != RC_INVALID || strncmp(e.msg, bad[i].place, strlen(bad[i].place)) != 0)
			fail_msg("%s gave \"%s\"", bad[i].text, e.msg);
	arena_free(a);
}

static void depth_is_bounded(void **ctx)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	struct buf b;
	size_t n;
	int i;

	(void)ctx;
	buf_init(&b, 1 << 20);
	for (i = 0; i < 10000; i++)
		buf_c(&b, '[');
	err_init(&e);
	assert_int_equal(yaml_parse(a, "f.yaml", buf_view(&b), &v, &n, &e) == RC_OK, 0);
	buf_done(&b);
	arena_free(a);
}

static void a_key_twice_among_many_is_found(void **ctx)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	struct buf b;
	size_t n;
	int i;

	(void)ctx;
	buf_init(&b, 1 << 20);
	for (i = 0; i < 100; i++)
		buf_fmt(&b, "k%d: 1\n", i);
	err_init(&e);
	assert_ok(yaml_parse(a, "f.yaml", buf_view(&b), &v, &n, &e), &e);
	buf_z(&b, "k57: 1\n");
	assert_int_equal(yaml_parse(a, "f.yaml", buf_view(&b), &v, &n, &e), RC_INVALID);
	buf_done(&b);
	arena_free(a);
}

static void places_are_bytes_and_not_characters(void **ctx)
{
	static const char text[] = "a: \"\xc3\xa9\xc3\xa9\"\nb: [\xf0\x9f\x98\x80x, {c: d}]\ne: f\n";
	struct arena *a = arena_new();
	const struct value *v, *m;
	struct err e;
	size_t n;

	(void)ctx;
	assert_ok(parse(a, text, &v, &n, &e), &e);
	m = value_get(v, "a");
	assert_int_equal(m->at, 3);
	assert_int_equal(m->end, 9);
	m = &value_get(v, "b")->items[0];
	assert_memory_equal(text + m->at, "\xf0\x9f\x98\x80x", 5);
	assert_int_equal(m->end - m->at, 5);
	m = value_get(&value_get(v, "b")->items[1], "c");
	assert_memory_equal(text + m->at, "d}", 2);
	m = value_get(v, "e");
	assert_memory_equal(text + m->at, "f\n", 2);
	assert_int_equal(m->end - m->at, 1);
	arena_free(a);
}

static void depth_size_and_number_are_bounded(void **ctx)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err e;
	struct buf b;
	size_t n;
	int i;

	(void)ctx;
	buf_init(&b, 1 << 26);
	for (i = 0; i < LIMIT_YAML_DEPTH + 2; i++)
		buf_z(&b, "- ");
	buf_c(&b, 'x');
	err_init(&e);
	assert_int_equal(yaml_parse(a, "f.yaml", buf_view(&b), &v, &n, &e), RC_LIMIT);
	b.n = 2 * LIMIT_YAML_DEPTH;
	buf_c(&b, 'x');
	assert_ok(yaml_parse(a, "f.yaml", buf_view(&b), &v, &n, &e), &e);
	buf_clear(&b);
	while (b.n <= LIMIT_YAML)
		buf_z(&b, "# 0123456789012345678901234567890123456789012345678901234567890123456789\n");
	assert_int_equal(yaml_parse(a, "f.yaml", buf_view(&b), &v, &n, &e), RC_LIMIT);
	buf_clear(&b);
	buf_c(&b, '[');
	for (i = 0; (size_t)i < LIMIT_YAML_VALUES + 1; i++)
		buf_z(&b, "1,");
	buf_c(&b, ']');
	assert_int_equal(yaml_parse(a, "f.yaml", buf_view(&b), &v, &n, &e), RC_LIMIT);
	buf_done(&b);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_scalars_are_typed_and_quoted_ones_are_text),
		cmocka_unit_test(surprises_are_refused_with_their_place),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(a_key_twice_among_many_is_found),
		cmocka_unit_test(places_are_bytes_and_not_characters),
		cmocka_unit_test(depth_size_and_number_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

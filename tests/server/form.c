/* Forms, paths and cookies as browsers send them, and as nobody should. */
#include "test.h"

#include "server/form.h"

static void forms(void **state)
{
	struct arena *a = arena_new();
	struct form f;
	struct err e;

	(void)state;
	err_init(&e);
	assert_int_equal(form_decode(a, STR("a=1+2&b=%C3%A9%26&&c&a=again"), &f, &e), RC_OK);
	assert_int_equal(f.n, 4);
	assert_true(str_is(form_get(&f, "a"), "1 2"));
	assert_true(str_is(form_get(&f, "b"), "\xc3\xa9&"));
	assert_int_equal(form_get(&f, "c").n, 0);
	assert_true(form_get(&f, "d").p == NULL);
	assert_int_equal(form_decode(a, STR("a=%4"), &f, &e), RC_INVALID);
	assert_int_equal(form_decode(a, STR("a=%zz"), &f, &e), RC_INVALID);
	assert_int_equal(form_decode(a, STR("a=%00"), &f, &e), RC_INVALID);
	assert_int_equal(form_decode(a, STR("a=%ff"), &f, &e), RC_INVALID);
	arena_free(a);
}

static void cookies(void **state)
{
	(void)state;
	assert_true(str_is(cookie_get(STR("x=1; session=abc; y=2"), "session"), "abc"));
	assert_true(cookie_get(STR("xsession=abc"), "session").p == NULL);
	assert_true(cookie_get(STR("session=a; session=b"), "session").p == NULL);
	assert_true(cookie_get(STR("session"), "session").p == NULL);
	assert_true(cookie_get(STR_NONE, "session").p == NULL);
}

static void paths(void **state)
{
	struct arena *a = arena_new();
	struct str s;
	struct buf b;

	(void)state;
	assert_true(path_decode(a, STR("a+b%2Fc"), &s) && str_is(s, "a+b/c"));
	assert_false(path_decode(a, STR("a%"), &s));
	assert_false(path_decode(a, STR("%00"), &s));
	buf_init(&b, 100);
	url_put(&b, STR("[\"a/b\"] \xc3\xa9"));
	assert_true(str_is(buf_view(&b), "%5B%22a%2Fb%22%5D%20%C3%A9"));
	assert_true(path_decode(a, buf_view(&b), &s) && str_is(s, "[\"a/b\"] \xc3\xa9"));
	buf_done(&b);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(forms), cmocka_unit_test(cookies), cmocka_unit_test(paths) };

	return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}

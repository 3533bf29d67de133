/* Mustache against its published specification, and what ours adds to it. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "server/template.h"

static bool rendered(struct arena *a, const struct value *test, struct buf *b, struct err *e)
{
	const struct value *partials = value_get(test, "partials");
	struct template_source *s = ARENA_ARRAY(a, 1 + (partials != NULL ? partials->n : 0), struct template_source);
	struct templates *t;
	size_t i, n = 1;

	s[0] = (struct template_source){ STR("main"), value_text(test, "template") };
	for (i = 0; partials != NULL && i < partials->n; i++)
		s[n++] = (struct template_source){ partials->members[i].key, partials->members[i].value.text };
	return templates_load(a, s, n, &t, e) == RC_OK && template_render(t, STR("main"), value_get(test, "data"), b, e) == RC_OK;
}

static void specification(void **state)
{
	static const char *const files[] = { "comments", "delimiters", "interpolation", "inverted", "partials", "sections" };
	const char *shared = getenv("TICKMARK_SHARED");
	struct arena *a = arena_new();
	const struct value *doc, *tests;
	unsigned failed = 0, count = 0;
	struct str text;
	struct buf b;
	struct err e;
	size_t i, k;

	(void)state;
	buf_init(&b, 1 << 20);
	for (i = 0; i < ARRAY_LEN(files); i++) {
		err_init(&e);
		if (shared == NULL || file_read(a, arena_z(a, arena_fmt(a, "%s/data/vectors/mustache/specs/%s.json", shared, files[i])),
		    1 << 20, &text, &e) != RC_OK) {
			arena_free(a);
			buf_done(&b);
			print_message("# the mustache specification is not here\n");
			skip();
			return;
		}
		assert_int_equal(json_parse(a, text, &doc, &e), RC_OK);
		tests = value_get(doc, "tests");
		for (k = 0; k < tests->n; k++, count++) {
			const struct value *test = &tests->items[k];

			buf_clear(&b);
			err_init(&e);
			if (rendered(a, test, &b, &e) && str_eq(buf_view(&b), value_text(test, "expected")))
				continue;
			failed++;
			print_message("# %s, %.*s: %.*s %s\n", files[i], STR_FMT(value_text(test, "name")), STR_FMT(buf_view(&b)), e.msg);
		}
	}
	assert_true(count > 100);
	assert_int_equal(failed, 0);
	buf_done(&b);
	arena_free(a);
}

static void refuses(const char *text, const char *words)
{
	struct arena *a = arena_new();
	struct template_source s = { STR("main"), str_z(text) };
	struct templates *t;
	struct err e;

	err_init(&e);
	assert_int_equal(templates_load(a, &s, 1, &t, &e), RC_INVALID);
	if (strstr(e.msg, words) == NULL)
		fail_msg("%s", e.msg);
	arena_free(a);
}

static void mistakes(void **state)
{
	(void)state;
	refuses("a\n{{#b}}", "main, line 2: a section is not closed: b");
	refuses("{{/b}}", "no section is open");
	refuses("{{#a}}{{/b}}", "another section");
	refuses("{{a", "not closed");
	refuses("{{}}", "without a name");
	refuses("{{= a =}}", "delimiters");
}

static void endless(void **state)
{
	struct arena *a = arena_new();
	struct template_source s = { STR("main"), STR("{{>main}}") };
	const struct value doc = { .type = VALUE_MAP };
	struct templates *t;
	struct buf b;
	struct err e;

	(void)state;
	err_init(&e);
	buf_init(&b, 1 << 16);
	assert_int_equal(templates_load(a, &s, 1, &t, &e), RC_OK);
	assert_int_equal(template_render(t, STR("main"), &doc, &b, &e), RC_LIMIT);
	assert_int_equal(template_render(t, STR("other"), &doc, &b, &e), RC_NOT_FOUND);
	buf_done(&b);
	arena_free(a);
}

static void quotes(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	html_put(&b, STR("<a href='x' id=\"y\">&"));
	assert_true(str_is(buf_view(&b), "&lt;a href=&#39;x&#39; id=&quot;y&quot;&gt;&amp;"));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(specification), cmocka_unit_test(mistakes), cmocka_unit_test(endless),
		cmocka_unit_test(quotes) };

	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}

/* Every collection that comes with the product loads; one that is wrong is refused with its place and the remedy. */
#include "test.h"

#include "base/value.h"
#include "model/content.h"
#include "model/schema.h"

static enum rc load(struct arena *a, const char *text, struct collection **c, struct err *e)
{
	const struct value *docs;
	size_t n;

	err_init(e);
	assert_ok(yaml_parse(a, "p.yaml", str_z(text), &docs, &n, e), e);
	return collection_load(a, "p.yaml", docs, c, e);
}

static void every_collection_of_the_content_loads(void **ctx)
{
	struct arena *a = arena_new();
	const struct value *docs;
	struct collection *c;
	struct str name, text;
	struct err e;
	size_t i, n, seen = 0;

	(void)ctx;
	err_init(&e);
	for (i = 0; i < content_count(); i++) {
		text = content_at(i, &name);
		assert_ok(yaml_parse(a, "content", text, &docs, &n, &e), &e);
		if (!str_starts(name, STR("populations/")))
			continue;
		assert_ok(collection_load(a, "content", docs, &c, &e), &e);
		assert_int_equal(name.n, strlen("populations/.yaml") + c->name.n);
		seen++;
	}
	assert_true(seen > 60);
	arena_free(a);
}

static void a_collection_that_is_wrong_names_the_place_and_the_remedy(void **ctx)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "name: a\nclassification: internal\nfields: {x: sting}\nnatural_key: [x]\n", "p.yaml:3:13: \"sting\" is no type" },
		{ "name: a\nclassification: internal\nfields: {x: string}\nnatural_key: [y]\n", "p.yaml:4:15: \"a\" has no field" },
		{ "name: a\nclassification: secret\nfields: {x: string}\nnatural_key: [x]\n", "p.yaml:2:17: " },
		{ "name: a\nclassification: internal\nfields: {x: string personal}\nnatural_key: [x]\n", "p.yaml:4:15: " },
		{ "name: a\nclassification: internal\nfields: {x: string}\nnatural_key: [x]\nperiod_field: x\n", "p.yaml:5:15: " },
		{ "name: a\nclassification: internal\nfields: {x: enum(b|b)}\nnatural_key: [x]\n", "p.yaml:3:13: " },
		{ "name: a\nclassification: internal\nfields: {x: enum(b|y), y: int}\nnatural_key: [x]\n", "p.yaml:3:13: " },
		{ "name: A\nclassification: internal\nfields: {x: string}\nnatural_key: [x]\n", "p.yaml:1:1: " },
		{ "name: a\ncolour: red\nclassification: internal\nfields: {x: string}\nnatural_key: [x]\n", "p.yaml:2:9: " },
	};
	struct arena *a = arena_new();
	struct collection *c = NULL;
	struct err e;
	size_t i;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (load(a, bad[i].text, &c, &e) != RC_INVALID || strncmp(e.msg, bad[i].says, strlen(bad[i].says)) != 0)
			fail_msg("%s gave \"%s\"", bad[i].text, e.msg);
	assert_null(c);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_collection_of_the_content_loads),
		cmocka_unit_test(a_collection_that_is_wrong_names_the_place_and_the_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

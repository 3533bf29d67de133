/* Real records become the items that their mappings say; what a mapping cannot be is refused with its place. */
#include "test.h"

#include "base/file.h"
#include "collect/pattern.h"
#include "collect/source_file.h"
#include "fixture.h"

struct counts {
	size_t records, items, rejected, nothing, doubtful;
};

static void count(struct fixture *f, struct mapping *m, const char *path, const char *collection, struct counts *out)
{
	const struct source_input in = { path, str_z(path), STR_NONE };
	struct arena *a = arena_new();
	struct source_file file;
	struct record rec;
	struct mapped mapped;
	struct err e;
	bool more;
	size_t i, k;

	(void)f;
	err_init(&e);
	assert_ok(source_open(m, &in, zone_utc(), &file, &e), &e);
	for (;;) {
		assert_ok(reader_next(file.reader, &rec, &more, &e), &e);
		if (!more)
			break;
		out->records++;
		arena_reset(a);
		if (rec.bad.n > 0 || mapping_apply(m, a, &file.ctx, rec.bytes, &mapped, &e) != RC_OK) {
			out->rejected++;
			continue;
		}
		out->nothing += mapped.n == 0;
		for (i = 0; i < mapped.n; i++) {
			if (!str_is(mapped.items[i].collection->name, collection))
				continue;
			out->items++;
			for (k = 0; k < mapped.items[i].collection->n_fields; k++)
				out->doubtful += mapped.items[i].fields[k].doubt;
		}
	}
	source_close(&file);
	arena_free(a);
}

static void a_monitor_of_real_probes_gives_each_of_them(void **ctx)
{
	static const char *const sets[] = { "Certegy-Payment-Solutions__upptime", "DHBern__upptime_digitaleditions",
		"TORO-Server__upptime", "d33bs__upptime-curc", "manticoresoftware__upptime", "rootnoteco__upptime",
		"tannerln7__Upptime" };
	struct fixture *f = *ctx;
	struct mapping *m = fixture_mapping(f, "mappings/upptime.monitor.yaml");
	struct counts c = { 0 };
	char name[200], path[4096];
	size_t i;

	for (i = 0; i < ARRAY_LEN(sets); i++) {
		(void)snprintf(name, sizeof(name), "data/uptime/%s/monitor_commits.jsonl.gz", sets[i]);
		SKIP_WITHOUT_SHARED(name, path);
		count(f, m, path, "probe", &c);
	}
	assert_int_equal(c.records, 64588);
	assert_int_equal(c.items, 56221);
	assert_int_equal(c.rejected + c.doubtful, 0);
}

static void the_catalogue_is_the_same_as_table_and_as_json(void **ctx)
{
	struct fixture *f = *ctx;
	struct mapping *m = fixture_mapping(f, "mappings/cisa.kev.yaml");
	struct counts table = { 0 }, json = { 0 };
	char path[4096];

	SKIP_WITHOUT_SHARED("data/cisa_kev/known_exploited_vulnerabilities.csv.gz", path);
	count(f, m, path, "threat_advisory", &table);
	SKIP_WITHOUT_SHARED("data/cisa_kev/known_exploited_vulnerabilities.json.gz", path);
	count(f, m, path, "threat_advisory", &json);
	assert_int_equal(table.items, 1404);
	assert_memory_equal(&table, &json, sizeof(table));
}

static void a_roster_gives_each_member_and_admin(void **ctx)
{
	struct fixture *f = *ctx;
	struct mapping *m = fixture_mapping(f, "mappings/kubernetes.org.yaml");
	struct counts c = { 0 };
	char path[4096];

	SKIP_WITHOUT_SHARED("data/access_roster/kubernetes_org/snapshots/2024-01-01_c147a6cf7145/kubernetes__org.yaml", path);
	count(f, m, path, "account", &c);
	assert_int_equal(c.records, 1);
	assert_true(c.items > 1700);
	assert_int_equal(c.rejected, 0);
}

static void cloud_logs_are_read_in_their_three_shapes(void **ctx)
{
	static const struct {
		const char *folder, *collection;
		size_t items;
	} cases[] = {
		{ "data/aws_cloudtrail/invictus", "login", 1 }, { "data/aws_cloudtrail/invictus", "access_grant", 5 },
		{ "data/aws_cloudtrail/stratus_red_team", "login", 1 }, { "data/aws_cloudtrail/stratus_red_team", "access_grant", 4 },
		{ "data/aws_cloudtrail/otrf", "login", 0 },
	};
	struct fixture *f = *ctx;
	struct mapping *m = fixture_mapping(f, "mappings/aws.cloudtrail.yaml");
	struct str *names;
	struct counts c;
	char path[4096];
	struct err e;
	size_t i, k, n, records = 0;

	err_init(&e);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		SKIP_WITHOUT_SHARED(cases[i].folder, path);
		assert_ok(folder_list(f->a, path, 1000, &names, &n, &e), &e);
		memset(&c, 0, sizeof(c));
		for (k = 0; k < n; k++)
			count(f, m, arena_z(f->a, arena_fmt(f->a, "%s/%.*s", path, STR_FMT(names[k]))), cases[i].collection, &c);
		assert_int_equal(c.items, cases[i].items);
		assert_int_equal(c.rejected, 0);
		if (i != 1 && i != 3)
			records += c.records;
	}
	assert_int_equal(records, 2644);
}

static void a_mapping_that_is_wrong_names_the_place(void **ctx)
{
	static const struct {
		const char *items, *says;
	} bad[] = {
		{ "  - collection: nothing\n    fields: {a: {path: a}}\n", "m.yaml:4:5: there is no collection" },
		{ "  - collection: change\n    fields: {colour: {path: a}}\n", "m.yaml:5:22: \"change\" has no field \"colour\"" },
		{ "  - collection: change\n    fields: {system: {path: a, const: b}}\n", "m.yaml:5:22: a field comes from one of" },
		{ "  - collection: change\n    fields: {author: {path: a}}\n", "m.yaml:5:22: \"subject\"" },
		{ "  - collection: change\n    fields: {kind: {const: huge}}\n", "m.yaml:5:28: \"huge\" is no word" },
		{ "  - collection: change\n    pattern: {path: a, text: \"{x:text}{y:text}\"}\n    fields: {}\n",
		    "m.yaml:5:30: two texts side by side" },
	};
	struct fixture *f = *ctx;
	const struct value *docs;
	struct mapping *m = NULL;
	struct err e;
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct str text = arena_fmt(f->a, "source: a.b\nshapes: [{reads: lines}]\nitems:\n%s", bad[i].items);

		err_init(&e);
		assert_ok(yaml_parse(f->a, "m.yaml", text, &docs, &n, &e), &e);
		if (mapping_compile(f->a, "m.yaml", docs, &f->schema, &m, &e) != RC_INVALID ||
		    strncmp(e.msg, bad[i].says, strlen(bad[i].says)) != 0)
			fail_msg("%s gave \"%s\"", bad[i].items, e.msg);
	}
	assert_null(m);
}

static void a_pattern_goes_from_left_to_right(void **ctx)
{
	struct fixture *f = *ctx;
	struct pattern *p;
	struct str out[4];
	struct err e;

	err_init(&e);
	assert_ok(pattern_compile(f->a, STR("{a:text} is {b:word up|upper} ({c:int})"), &p, &e), &e);
	assert_true(pattern_match(p, STR("x y is upper (-12)"), out));
	assert_str(out[0], "x y");
	assert_str(out[1], "upper");
	assert_str(out[2], "-12");
	assert_false(pattern_match(p, STR("x is up (12) "), out));
	assert_false(pattern_match(p, STR("x is down (12)"), out));
	assert_false(pattern_match(p, STR("x is up (-)"), out));
	assert_int_equal(pattern_field(p, STR("c")), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_monitor_of_real_probes_gives_each_of_them, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_catalogue_is_the_same_as_table_and_as_json, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_roster_gives_each_member_and_admin, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(cloud_logs_are_read_in_their_three_shapes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_mapping_that_is_wrong_names_the_place, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_pattern_goes_from_left_to_right, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

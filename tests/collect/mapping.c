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
		{ "  - collection: change\n    fields: {system: {path: \"a[b\"}}\n", "m.yaml:5:29: a bracket of the path is never closed" },
		{ "  - collection: change\n    fields: {system: {path: \"a[b]\"}}\n", "m.yaml:5:29: in brackets stands" },
		{ "  - collection: change\n    fields: {system: {path: a..b}}\n", "m.yaml:5:29: a path is a name" },
		{ "  - collection: change\n    fields: {system: {text: \"{a\"}}\n", "m.yaml:5:29: a {path} of the text is never closed" },
		{ "  - collection: change\n    fields: {system: {text: a}}\n", "m.yaml:5:29: a text without a {path}" },
		{ "  - collection: change\n    fields: {system: {count: a}}\n", "m.yaml:5:30: \"count\" belongs to" },
		{ "  - collection: change\n    fields: {system: []}\n", "m.yaml:5:22: a list of ways" },
		{ "  - collection: change\n    fields: {merged_at: {path: a, unit: days}}\n", "m.yaml:5:41: \"unit\"" },
		{ "  - collection: change\n    fields: {merged_at: {path: a, zone: CET}}\n", "m.yaml:5:41: \"zone\"" },
		{ "  - collection: change\n    fields: {system: {path: a, zone: UTC}}\n", "m.yaml:5:22: \"unit\" and \"zone\"" },
		{ "  - collection: change\n    when: {a: {like: b}}\n    fields: {}\n", "m.yaml:5:15: \"when\" knows no \"like\"" },
		{ "  - collection: change\n    when: {a: {exists: maybe}}\n    fields: {}\n", "m.yaml:5:24: \"exists\"" },
		{ "  - collection: change\n    joins: [system]\n    fields: {}\n", "m.yaml:5:13: \"joins\" names a field" },
		{ "  - collection: account\n    joins: [system]\n    fields: {system: {const: a}}\n", "m.yaml:5:12: \"joins\" is for events" },
		{ "  - collection: change\n    updated: {zone: UTC}\n    fields: {}\n", "m.yaml:5:14: \"updated\" needs a path" },
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

/* ${record} read by the items of ${rules}, a mapping of JSON. */
static struct mapped apply(struct fixture *f, const char *rules, struct str record)
{
	const struct mapping_context ctx = { .file = STR("f.json"), .zone = zone_utc() };
	struct mapping *m = fixture_compile(f, "m.yaml", arena_fmt(f->a, "source: a.b\nshapes: [{reads: json}]\nitems:\n%s", rules));
	struct mapped out;
	struct err e;

	err_init(&e);
	assert_ok(mapping_apply(m, f->a, &ctx, record, &out, &e), &e);
	return out;
}

static const struct field_value *value_of(const struct contribution *c, const char *name)
{
	const struct field *f = collection_field(c->collection, str_z(name));

	assert_non_null(f);
	return &c->fields[f->index];
}

static void lists_in_lists_are_reached_and_what_is_around_them(void **ctx)
{
	struct mapped m = apply(*ctx, "  - collection: vulnerability\n    each: \"runs[].found\"\n    when: {kind: [flaw]}\n"
	    "    fields: {finding_id: {text: \"{/id}/{^name}/{n}\"}, asset_id: {path: ^name}}\n",
	    STR("{\"id\":\"r\",\"runs\":[{\"name\":\"a\",\"found\":[{\"n\":1,\"kind\":\"flaw\"},{\"n\":2,\"kind\":\"note\"}]},"
		"{\"name\":\"b\",\"found\":{\"n\":3,\"kind\":\"flaw\"}},{\"name\":\"c\",\"found\":null}]}"));

	assert_int_equal(m.n, 2);
	assert_str(value_of(&m.items[0], "finding_id")->s, "r/a/1");
	assert_str(value_of(&m.items[1], "finding_id")->s, "r/b/3");    /* a map stands for a list of one */
	assert_str(value_of(&m.items[1], "asset_id")->s, "b");
}

static void a_field_says_what_the_source_says_and_no_more(void **ctx)
{
	struct mapped m = apply(*ctx, "  - collection: change\n    updated: {path: at, unit: milliseconds}\n    fields:\n"
	    "      change_id: {path: \"ids[type=pr].n\"}\n"
	    "      system: [{path: gone}, {path: \"url\", like: \"https://{host:text}/{it:text}/pull/{n:int}\"}]\n"
	    "      kind: {path: label, words: {fast: emergency, none: null}}\n"
	    "      author: {subject: github.login, path: who, unless: {who: {suffix: \"[bot]\"}}}\n"
	    "      reviewers: {subject: github.login, path: \"reviews[].who\"}\n"
	    "      merged_at: {path: at, unit: milliseconds}\n"
	    "      deployed_at: {path: local, zone: UTC}\n"
	    "      reviewed_at: {path: local}\n"
	    "      approved_at: {path: gone, absent: unknown}\n"
	    "      tests_passed_at: {path: at, unit: seconds}\n"
	    "      ticket_ref: {text: \"{gone}-1\"}\n",
	    STR("{\"ids\":[{\"type\":\"sha\",\"n\":\"x\"},{\"type\":\"pr\",\"n\":17}],\"url\":\"https://h.co/o/r/pull/17\",\"label\":\"none\","
		"\"who\":\"deps[bot]\",\"reviews\":[{\"who\":\"Ann\"},{\"who\":\"bea\"}],\"at\":1700000000000,\"local\":\"2024-01-02 03:04:05\"}"));
	const struct contribution *c = &m.items[0];

	assert_int_equal(m.n, 1);
	assert_true(c->has_updated);
	assert_int_equal(c->updated_us, 1700000000000000);
	assert_str(value_of(c, "change_id")->s, "17");
	assert_str(value_of(c, "system")->s, "o/r");
	assert_true(value_of(c, "kind")->is_null && !value_of(c, "kind")->doubt);
	assert_false(value_of(c, "author")->supplied);
	assert_int_equal(value_of(c, "reviewers")->n, 2);
	assert_str(value_of(c, "reviewers")->items[0].s, "ann");
	assert_int_equal(value_of(c, "merged_at")->i, 1700000000000000);
	assert_false(value_of(c, "deployed_at")->doubt);
	assert_true(value_of(c, "reviewed_at")->doubt && !value_of(c, "reviewed_at")->is_null);
	assert_false(value_of(c, "approved_at")->supplied);
	assert_true(value_of(c, "tests_passed_at")->is_null && value_of(c, "tests_passed_at")->doubt);  /* beyond the year 9999 */
	assert_true(value_of(c, "ticket_ref")->is_null && !value_of(c, "ticket_ref")->doubt);
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
		cmocka_unit_test_setup_teardown(lists_in_lists_are_reached_and_what_is_around_them, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_field_says_what_the_source_says_and_no_more, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_pattern_goes_from_left_to_right, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A file of an unknown kind gets a mapping that works, or a refusal that says what the file is: never nonsense. */
#include "collect/propose.h"
#include "collect/catalogue.h"
#include "collect/trial.h"
#include "fixture.h"

static struct str propose(struct fixture *f, const char *name, struct str bytes, struct err *why)
{
	const struct source_input in = { name, str_z(name), bytes };
	struct buf b;
	struct str out = STR_NONE;

	err_init(why);
	buf_init(&b, 1 << 20);
	if (propose_mapping(&f->schema, &in, &b, why) == RC_OK)
		out = arena_str(f->a, buf_view(&b));
	else
		assert_int_equal(why->code, RC_INVALID);
	buf_done(&b);
	return out;
}

static void assert_says(struct str text, const char *words)
{
	if (str_find(text, str_z(words)) < 0)
		fail_msg("\"%s\" is not in:\n%.*s", words, STR_FMT(text));
}

/* The proposal compiles as it stands and makes ${items} items of the collection. */
static void assert_works(struct fixture *f, const char *name, struct str bytes, struct str yaml, const char *collection, size_t items)
{
	const struct source_input in = { name, str_z(name), bytes };
	struct mapping *m = fixture_compile(f, "proposed.yaml", yaml);
	struct trial t;
	struct err e;

	err_init(&e);
	assert_ok(trial_run(m, f->a, &in, zone_utc(), 1, &t, &e), &e);
	assert_int_equal(t.rejected, 0);
	assert_int_equal(t.n_collections, 1);
	assert_str(t.collections[0].collection->name, collection);
	assert_int_equal(t.collections[0].items, items);
	assert_int_equal(t.collections[0].undated, 0);
}

static void records_of_a_new_kind_get_a_mapping_that_works(void **ctx)
{
	static const char lines[] =
	    "{\"id\":\"e1\",\"type\":\"login\",\"timestamp\":\"2024-01-01T10:00:00Z\",\"user\":{\"id\":7,\"email\":\"a@b.co\"},\"result\":\"SUCCESS\",\"ip\":\"192.0.2.1\"}\n"
	    "{\"id\":\"e2\",\"type\":\"login\",\"timestamp\":\"2024-01-01T11:00:00Z\",\"user\":{\"id\":8,\"email\":\"c@d.co\"},\"result\":\"FAILURE\",\"ip\":\"192.0.2.2\"}\n"
	    "{\"id\":\"e3\",\"type\":\"login\",\"timestamp\":\"2024-01-02T10:00:00Z\",\"user\":{\"id\":7,\"email\":\"a@b.co\"},\"result\":\"SUCCESS\",\"ip\":\"192.0.2.1\"}\n";
	static const char table[] = "CVE;Finding ID;Severity;First Seen;Host\nCVE-2024-1;f1;High;2024-01-01;h1\nCVE-2024-2;f2;Low;2024-02-01;h1\n";
	static const char page[] = "{\"total\":2,\"data\":{\"items\":[{\"username\":\"ann\",\"user_id\":\"u1\",\"mfa_enabled\":true,\"status\":\"active\","
	    "\"last_login\":\"2024-01-01T10:00:00Z\"},{\"username\":\"bea\",\"user_id\":\"u2\",\"mfa_enabled\":false,\"status\":\"suspended\",\"last_login\":null}]}}";
	struct fixture *f = *ctx;
	struct str yaml;
	struct err why;

	yaml = propose(f, "x.jsonl", STR(lines), &why);
	assert_says(yaml, "reads: lines");
	assert_says(yaml, "identity: [\"id\"]");
	assert_says(yaml, "person_id: {path: \"user.email\", subject: email}");
	assert_says(yaml, "\"SUCCESS\": success, \"FAILURE\": failure");
	assert_works(f, "x.jsonl", STR(lines), yaml, "login", 3);
	yaml = propose(f, "x.csv", STR(table), &why);
	assert_says(yaml, "reads: table");
	assert_says(yaml, "finding_id: {path: \"Finding ID\"}");
	assert_works(f, "x.csv", STR(table), yaml, "vulnerability", 2);
	yaml = propose(f, "x.json", STR(page), &why);
	assert_says(yaml, "elements: \"data.items\"");
	assert_says(yaml, "mfa_enabled: {path: \"mfa_enabled\"}");
}

static void what_holds_no_records_is_refused_with_what_it_is(void **ctx)
{
	static const struct {
		const char *name, *bytes;
		size_t n;
		const char *says;
	} cases[] = {
		{ "a.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16, "a picture (PNG)" },
		{ "a.bin", "\1\2\3\4\5\6\7\10words", 13, "it is no text" },
		{ "a.ini", "[core]\n\tbare = false\n", 21, "settings in sections" },
		{ "empty", "  \n ", 4, "it is empty" },
		{ "latin1.csv", "name;b\nM\xfcller;2\n", 16, "is no UTF-8" },
		{ "a.html", "<!doctype html><p>x", 19, "XML or HTML" },
		{ "mbox", "From a@b.co Thu Jan  1 00:00:00 1970\nSubject: x\n\nbody\n", 53, "neither JSON nor rows" },
		{ "notes.md", "# Title\n\nSome words, and more.\n\n- a list\n", 41, "neither JSON nor rows" },
		{ "a.log", "Jan  1 00:00:00 host app[1]: something happened\n", 48, "free text" },
		{ "a.json", "[1, 2, 3]", 9, "not of objects" },
		{ "b.json", "{\"a\": ", 6, "begins like JSON" },
		{ "c.json", "{\"colour\": \"blue\", \"size\": 3}", 29, "fit no collection" },
		{ "a.yaml", "a: 1\n---\nb: 2\n", 14, "2 documents" },
		{ "b.yaml", "name: x\npeople:\n  - {n: 1}\n  - {n: 2}\n", 38, "a list at \"people\"" },
	};
	struct fixture *f = *ctx;
	struct err why;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct str got = propose(f, cases[i].name, (struct str){ cases[i].bytes, cases[i].n }, &why);

		if (got.p != NULL)
			fail_msg("%s got a mapping:\n%.*s", cases[i].name, STR_FMT(got));
		if (strstr(why.msg, cases[i].says) == NULL)
			fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].name, why.msg, cases[i].says);
	}
}

/* Real files that no source reads: whatever comes, it compiles, or it is a refusal. */
static void real_files_of_unknown_kinds_give_a_refusal_or_what_compiles(void **ctx)
{
	static const char *const files[] = { "scanners/semgrep/many_vulns.json", "scanners/kubebench/kube-bench-controls.json",
		"scanners/lynis/lynis_many_vuln.dat", "scanners/bugcrowd/BugCrowd-many.csv", "scanners/openscap/one_vuln_rhsa.xml",
		"oscal/nist_examples/ssp__ssp-example.json", "sbom/SBOM__keycloak-10.0.2__bom.json.gz", "loghub/OpenStack_2k.log",
		"loghub/Linux_2k.log_structured.csv", "linux_auditd/audit_enriched.log", "hr_roster/adventureworks/Employee.csv",
		"jira/all_statuses.json", "MANIFEST.csv", "panther_analysis/mongodb.jsonl", "windows_security/otrf_windows_all_channels.jsonl.zst" };
	struct fixture *f = *ctx;
	char name[300], path[4096];
	struct str yaml;
	struct err why;
	size_t i;

	for (i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(name, sizeof(name), "data/%s", files[i]);
		SKIP_WITHOUT_SHARED(name, path);
		yaml = propose(f, path, STR_NONE, &why);
		if (yaml.p != NULL)
			(void)fixture_compile(f, files[i], yaml);
	}
}

static void a_file_is_told_to_be_of_the_source_that_reads_it(void **ctx)
{
	static const struct {
		const char *file, *source;
	} cases[] = { { "okta/panther_agpl/oktalogs_systemlog_samples.jsonl", "okta.system_log" },
		{ "prowler/example_output_aws.csv", "prowler.csv" }, { "cisa_kev/known_exploited_vulnerabilities.csv.gz", "cisa.kev" },
		{ "scanners/trivy/scheme_2_many_vulns.json", "trivy.report" }, { "scanners/sarif/appendix_k.sarif", "sarif.report" },
		{ "uptime/rootnoteco__upptime/monitor_commits.jsonl.gz", "upptime.monitor" },
		{ "github/webhook_payloads/pull_request/closed.payload.json", "github.webhook" } };
	struct fixture *f = *ctx;
	struct catalogue all = { 0 };
	const struct mapping *fitting[4];
	char name[300], path[4096];
	struct err e;
	size_t i, n;

	err_init(&e);
	assert_ok(catalogue_builtin(f->a, &all, &e), &e);
	assert_true(all.n >= 30);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct source_input in;

		(void)snprintf(name, sizeof(name), "data/%s", cases[i].file);
		SKIP_WITHOUT_SHARED(name, path);
		in = (struct source_input){ path, str_z(path), STR_NONE };
		n = catalogue_fitting(&all, &in, zone_utc(), fitting, ARRAY_LEN(fitting));
		if (n == 0 || !str_is(mapping_source(fitting[0]), cases[i].source))
			fail_msg("%s is told to be %.*s", cases[i].file, STR_FMT(n > 0 ? mapping_source(fitting[0]) : STR("nothing")));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_of_a_new_kind_get_a_mapping_that_works, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_holds_no_records_is_refused_with_what_it_is, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(real_files_of_unknown_kinds_give_a_refusal_or_what_compiles, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_file_is_told_to_be_of_the_source_that_reads_it, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

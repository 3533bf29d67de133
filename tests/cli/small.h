/* A small organization for tests that alter it: three collections from a content folder, evidence, a rejected record, a
 * listing, items by hand, results, several frames and key rows, a full tile.  Made as init and ingest make one. */
#ifndef TESTS_CLI_SMALL_H
#define TESTS_CLI_SMALL_H

#include "test.h"

#include "base/file.h"
#include "cli/init.h"
#include "seal/provider.h"

struct small {
	char base[64], dir[100], key_file[128];
	struct arena *a;
	struct cli c;
	struct provider *provider;      /* its key, opened before anything is altered */
};

static inline void small_file(struct small *s, const char *name, struct str text)
{
	char path[200];
	struct err e;

	err_init(&e);
	(void)snprintf(path, sizeof(path), "%s/%s", s->base, name);
	assert_ok(file_write(path, text.p, text.n, &e), &e);
}

static const char small_change[] = "kind: population\nname: change\ndescription: Changes.\nclassification: internal\n"
    "fields:\n  change_id: string\n  author: subject\n  title: text\n  merged_at: timestamp\n"
    "natural_key: [change_id]\nperiod_field: merged_at\n";
static const char small_account[] = "kind: population\nname: account\ndescription: Accounts.\nclassification: confidential\n"
    "fields:\n  account_id: string\n  holder: subject\n  privileged: bool\nnatural_key: [account_id]\nperiod_field: null\n";
static const char small_vendor[] = "kind: population\nname: vendor\ndescription: Vendors.\nclassification: internal\n"
    "fields:\n  vendor_id: string\n  tier: enum(critical|low)\nnatural_key: [vendor_id]\nperiod_field: null\n";
static const char small_mapping[] = "kind: mapping\nsource: t.change\ntitle: changes, one a line\nshapes:\n  - reads: lines\n"
    "    detect: [id]\nidentity: [id]\nitems:\n  - collection: change\n    fields:\n      change_id: {path: id}\n"
    "      author: {subject: login, path: author}\n      title: {path: title}\n      merged_at: {path: at}\n";
static const char small_criteria[] = "kind: criterion\nid: CC1.1\ncategory: security\nseries: CC1\ntitle: Tone\n"
    "statement: Leadership acts with integrity.\nthemes: [tone]\n";

static inline struct org *small_open(struct small *s)
{
	struct org *org = NULL;

	s->c.dir = s->dir;
	assert_ok(cli_open(&s->c, ORG_WRITE, &org), &s->c.err);
	return org;
}

/* A mapper serves one organization while that is open: it borrows from its collections. */
static inline void small_close(struct small *s, struct org *org)
{
	assert_ok(org_close(org, &s->c.err), &s->c.err);
	mapper_free(s->c.mapper);
	s->c.mapper = NULL;
}

static inline void small_ingest(struct small *s, struct org *org, const char *source, const char *name, uint64_t rejected)
{
	char path[200];
	struct ingest_how how = { .source = str_z(source), .instance = STR(""), .path = path, .file = str_z(name) };
	struct ingest_outcome o;
	struct err e;

	err_init(&e);
	how.has_extracted = strcmp(source, "csv:account") == 0;
	how.extracted_us = 1700000000 * (int64_t)1000000;
	(void)snprintf(path, sizeof(path), "%s/%s", s->base, name);
	assert_ok(ingest_file(org, &how, &o, &e), &e);
	assert_int_equal(o.rejected, rejected);
	assert_true(o.kept > 0);
}

static inline void small_lines(struct small *s, const char *name, unsigned from, unsigned n, size_t title_n)
{
	char *title = arena_alloc(s->a, title_n + 1);
	struct buf b;
	unsigned i;

	memset(title, 'x', title_n);
	buf_init(&b, 1 << 22);
	for (i = from; i < from + n; i++)
		buf_fmt(&b, "{\"id\":\"c%u\",\"author\":\"p%u\",\"at\":\"2024-01-0%uT10:00:00Z\",\"title\":\"%s\"}\n", i, i % 3, i % 9 + 1,
		    title);
	if (from == 0)
		buf_z(&b, "{broken\n");
	small_file(s, name, buf_view(&b));
	buf_done(&b);
}

static inline void small_edits(struct small *s, struct org *org)
{
	struct changes changes = { .a = s->a };
	const struct value *fields;
	size_t from = 0;
	uint64_t first;

	assert_ok(json_parse(s->a, STR("{\"vendor_id\":\"v1\",\"tier\":\"low\"}"), &fields, &s->c.err), &s->c.err);
	assert_ok(org_edit_begin(org, &s->c.err), &s->c.err);
	assert_ok(change_item(&changes, org_state(org), STR("vendor"), fields, STR_NONE, &s->c.err), &s->c.err);
	assert_ok(org_edit_changes(org, &changes, &from, &s->c.err), &s->c.err);
	assert_ok(org_edit(org, KIND_RESULT, STR("{\"control\":\"X-1\",\"test\":\"T1\",\"state\":\"met\"}"), &s->c.err), &s->c.err);
	assert_ok(org_edit(org, KIND_RESULT, STR("{\"control\":\"X-1\",\"test\":\"T2\",\"state\":\"met\"}"), &s->c.err), &s->c.err);
	assert_ok(org_edit_end(org, &first, &s->c.err), &s->c.err);
}

/* ${n} records in the first file; ${with_object}: one more, too large for a frame. */
static inline void small_make(struct small *s, unsigned n, bool with_object)
{
	static const char *const folders[] = { "content/populations", "content/mappings" };
	struct new_org how = { .name = "Small", .zone = "UTC", .from = "2024-01-01", .to = "2024-06-30" };
	char path[200];
	struct org *org = NULL;
	struct key_source k = { 0 };
	struct err e;
	size_t i;

	memset(s, 0, sizeof(*s));
	err_init(&e);
	(void)snprintf(s->base, sizeof(s->base), "/tmp/tickmark-small-XXXXXX");
	assert_non_null(mkdtemp(s->base));
	(void)snprintf(s->dir, sizeof(s->dir), "%s/org", s->base);
	(void)snprintf(s->key_file, sizeof(s->key_file), "%s/org.tickmark-key", s->base);
	s->a = arena_new();
	s->c = (struct cli){ .a = s->a, .program = "tickmark", .dir = s->dir };
	err_init(&s->c.err);
	for (i = 0; i < ARRAY_LEN(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", s->base, folders[i]);
		assert_ok(folder_make(path, &e), &e);
	}
	small_file(s, "content/populations/change.yaml", STR(small_change));
	small_file(s, "content/populations/account.yaml", STR(small_account));
	small_file(s, "content/populations/vendor.yaml", STR(small_vendor));
	small_file(s, "content/mappings/t.yaml", STR(small_mapping));
	small_file(s, "content/criteria.yaml", STR(small_criteria));
	small_lines(s, "a.jsonl", 0, n, 10);
	small_lines(s, "b.jsonl", n, 8, 300);
	small_lines(s, "c.jsonl", n + 8, 1, 1200000);
	small_file(s, "accounts.csv", STR("account_id,holder,privileged\nada,login:p1,true\nbob,login:p2,false\n"));
	(void)snprintf(path, sizeof(path), "%s/content", s->base);
	how.dir = s->dir;
	how.content = path;
	assert_ok(new_organization(&s->c, &how, &org), &s->c.err);
	small_ingest(s, org, "t.change", "a.jsonl", 1);
	small_ingest(s, org, "csv:account", "accounts.csv", 0);
	small_close(s, org);
	org = small_open(s);
	small_edits(s, org);
	small_ingest(s, org, "t.change", "b.jsonl", 0);
	if (with_object)
		small_ingest(s, org, "t.change", "c.jsonl", 0);
	small_close(s, org);
	assert_ok(org_key(s->dir, &k, &s->provider, &e), &e);
}

static inline void small_done(struct small *s)
{
	char command[100];

	provider_close(s->provider);
	mapper_free(s->c.mapper);
	arena_free(s->a);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", s->base);
	if (system(command) != 0)
		fail_msg("%s is not removed", s->base);
}

#endif

/* exists() and count() over another population: three values, what is not covered never decides, errors at their
 * character, and a cost that does not grow with the product of both. */
#include "world.h"

#include <time.h>

#include "assess/expr.h"
#include "assess/lookup.h"

static int setup(void **ctx)
{
	*ctx = world_new();
	return 0;
}

static int teardown(void **ctx)
{
	world_free(*ctx);
	return 0;
}

static enum rc compile(struct world *w, const char *collection, const char *text, const struct expr **x, struct err *e)
{
	struct expr_scope *scope = ARENA_NEW(w->a, struct expr_scope);

	scope->schema = state_schema(w->s);
	scope->collection = schema_find(scope->schema, str_z(collection));
	assert_non_null(scope->collection);
	err_init(e);
	return expr_compile_condition(w->a, str_z(text), (struct expr_place){ "t.yaml", 7, 10 }, scope, x, e);
}

/* '1', '0' or '?' of each item in the order of keys. */
static struct str verdicts(struct world *w, const char *collection, const char *text)
{
	struct expr_binding to = { .row = "i", .asof = "1719792000000000" };    /* 2024-07-01 */
	struct lookups *looks = lookups_new(w->a);
	const struct expr *x;
	struct stmt *st = NULL;
	struct err e;
	struct buf b, out;
	struct str got;
	bool row;

	assert_ok(compile(w, collection, text, &x, &e), &e);
	lookups_add(looks, x);
	assert_ok(lookups_bind(looks, w->s, &w->p, &to, &e), &e);
	buf_init(&b, 1 << 20);
	buf_init(&out, 1 << 20);
	buf_z(&b, "SELECT ");
	expr_sql(x, &to, &b);
	buf_fmt(&b, " FROM item_%s i ORDER BY i.key", collection);
	assert_ok(db_prepare(state_db(w->s), buf_view(&b), &st, &e), &e);
	for (;;) {
		assert_ok(stmt_step(st, &row, &e), &e);
		if (!row)
			break;
		buf_c(&out, column_is_null(st, 0) ? '?' : column_i64(st, 0) == 1 ? '1' : '0');
	}
	stmt_free(st);
	got = arena_str(w->a, buf_view(&out));
	buf_done(&b);
	buf_done(&out);
	return got;
}

static const char accounts[] = "system,account_id,person_id,kind,status\nacme,1,hr:ada,human,active\nacme,2,hr:bob,human,active\n"
    "acme,3,,service,active\nshop,1,hr:ada,human,disabled";

static void a_departure_is_found_by_person(void **ctx)
{
	static const char left[] = "exists(termination: person_id = this.person_id and effective_at <= asof)";
	struct world *w = *ctx;
	const struct world_file account = { .collection = "account", .extracted = "2024-06-01T00:00:00Z" };
	const struct world_file people = { .collection = "person", .extracted = "2024-06-01T00:00:00Z" };
	struct world_file gone = { .collection = "termination", .covers_from = "2023-07-01T00:00:00Z",
		.covers_to = "2024-06-30T00:00:00Z" };

	(void)world_ingest(w, &people, "person_id\nhr:ada\nhr:bob");
	(void)world_ingest(w, &account, accounts);
	/* nobody knows of departures: absence means nothing, and a null person cannot be looked for */
	assert_str(verdicts(w, "account", left), "????");
	(void)world_ingest(w, &gone, "person_id,effective_at\nmail:a@x,2024-03-01T00:00:00Z");
	assert_str(verdicts(w, "account", left), "????");              /* the last day is not covered, a@x is nobody known */
	world_feed(w, 3, STR("{\"op\":\"join\",\"a\":\"hr:ada\",\"b\":\"mail:a@x\"}"));
	assert_str(verdicts(w, "account", left), "1??1");              /* found is found */
	gone.covers_from = "2024-06-30T00:00:00Z";
	gone.covers_to = "2024-07-01T00:00:00Z";
	(void)world_ingest(w, &gone, "person_id,effective_at\n");
	assert_str(verdicts(w, "account", left), "10?1");
	assert_str(verdicts(w, "account", "status != active or not exists(termination: person_id = this.person_id)"), "01?1");
	assert_str(verdicts(w, "account", "exists(termination: person_id = this.person_id and effective_at > asof)"), "0000");
	/* the time is not supplied: it may be before or behind */
	(void)world_ingest(w, &gone, "person_id,notified_at,effective_at\nhr:bob,2024-06-30T10:00:00Z,\n");
	assert_str(verdicts(w, "account", left), "1??1");
}

/* Fault 16 of the specification: 118 of 120, scaled down. */
static void a_listing_is_counted_as_it_was_at_that_time(void **ctx)
{
	static const char same[] = "listed_count = count(account at listing_taken_at: system = this.system)";
	struct world *w = *ctx;
	struct world_file account = { .collection = "account", .extracted = "2024-03-31T00:00:00Z" };
	const struct world_file review = { .collection = "access_review" };

	(void)world_ingest(w, &review, "review_id,system,cycle_end_at,listing_taken_at,listed_count\n"
	    "1,acme,2024-03-31,2024-04-01T00:00:00Z,3\n2,acme,2024-03-31,2024-04-01T00:00:00Z,2\n"
	    "3,acme,2024-06-30,2024-06-30T00:00:00Z,4\n4,acme,2024-03-31,2024-03-30T00:00:00Z,0\n5,acme,2024-03-31,,3\n"
	    "6,none,2024-03-31,2024-04-01T00:00:00Z,0\n7,acme,2024-06-30,2024-07-01T00:00:00Z,3");
	assert_str(verdicts(w, "access_review", same), "???????");
	(void)world_ingest(w, &account, accounts);
	assert_str(verdicts(w, "access_review", same), "100??11");      /* 3: no longer 4 yet; 4: nothing was read by then */
	account.extracted = "2024-06-29T00:00:00Z";
	(void)world_ingest(w, &account, "system,account_id,person_id,kind,status\nacme,1,hr:ada,human,active\n"
	    "acme,2,hr:bob,human,active\nacme,3,,service,active\nacme,4,,service,active");
	assert_str(verdicts(w, "access_review", same), "101??10");
	/* a second source lists one of the same accounts and another */
	account.instance = "b";
	(void)world_ingest(w, &account, "system,account_id\nacme,1\nacme,5");
	assert_str(verdicts(w, "access_review", same), "100??10");
	/* a partial extraction shows no absence, so it is no count */
	account.instance = "b";
	account.partial = true;
	account.extracted = "2024-06-30T00:00:00Z";
	(void)world_ingest(w, &account, "system,account_id\nacme,6");
	assert_str(verdicts(w, "access_review", same), "10???1?");
}

static void every_type_can_be_looked_for(void **ctx)
{
	struct world *w = *ctx;
	static const struct {
		const char *text, *got;
	} cases[] = {
		{ "exists(incident: incident_id = this.incident_id)", "10??" },
		{ "exists(incident: incident_id = this.incident_id or severity = low)", "1111" },
		{ "exists(incident: severity = critical)", "0000" },
		{ "count(incident: severity = low) = 1", "1111" },
		{ "count(incident: detected_at < this.raised_at) = 2", "0011" },
		{ "count(incident: detected_at < this.raised_at) >= 1 and disposition = incident", "0110" },
		{ "count(incident: dc4_significant) = 0", "????" },
		{ "exists(incident: actions_open = 3)", "1111" },
		{ "exists(incident: 'i1' = incident_id and true)", "1111" },
		{ "exists(incident: category = security and not (incident_id = this.incident_id))", "01??" },
		{ "exists(change: true)", "????" },
		{ "count(incident: true) - 1 = 1", "1111" },
		{ "exists(incident: owner = this.acknowledged_by)", "????" },
	};
	const struct world_file f = { .collection = "alert" };
	struct world_file g = { .collection = "incident", .covers_from = "2023-07-01T00:00:00Z",
		.covers_to = "2024-07-01T00:00:00Z" };
	size_t i;

	(void)world_ingest(w, &f, "alert_id,raised_at,disposition,incident_id,acknowledged_by\na,2024-01-01T00:00:00Z,incident,i1,l:x\n"
	    "b,2024-02-02T00:00:00Z,incident,i9,l:x\nc,2024-06-01T00:00:00Z,incident,,l:x\n");
	(void)world_ingest(w, &f, "alert_id,raised_at,disposition\nd,2024-06-01T00:00:00Z,benign\n");
	(void)world_ingest(w, &g, "incident_id,category,severity,detected_at,actions_open\ni1,security,low,2024-02-01T00:00:00Z,3\n"
	    "i2,availability,high,2024-05-01T00:00:00Z,0");
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct str got = verdicts(w, "alert", cases[i].text);

		if (!str_is(got, cases[i].got))
			fail_msg("%s gave %.*s, want %s", cases[i].text, STR_FMT(got), cases[i].got);
	}
}

static void what_does_not_fit_is_refused_at_its_character(void **ctx)
{
	static const struct {
		const char *text, *place, *says;
	} bad[] = {
		{ "exists(nobody: true)", "t.yaml:7:17: ", "there is no population \"nobody\"" },
		{ "exists(incident)", "t.yaml:7:17: ", "a population and a colon" },
		{ "exists(incident: exists(change: true))", "t.yaml:7:27: ", "not from there into a third" },
		{ "exists(incident: severity)", "t.yaml:7:27: ", "a condition" },
		{ "exists(incident: incident_id = alert_id)", "t.yaml:7:41: ", "no field of \"incident\"" },
		{ "exists(incident: incident_id = this.nothing)", "t.yaml:7:46: ", "\"alert\" has no field \"nothing\"" },
		{ "exists(incident: incident_id = this)", "t.yaml:7:45: ", "\".\" was expected" },
		{ "this.alert_id = 'a'", "t.yaml:7:10: ", "stands inside exists() and count() alone" },
		{ "exists(incident at asof: true)", "t.yaml:7:29: ", "is no listing" },
		{ "exists(account at alert_id: true)", "t.yaml:7:28: ", "an instant or a date" },
		{ "exists(account: login_name = this.alert_id)", "t.yaml:7:26: ", "is personal" },
		{ "exists(availability_month: true)", "t.yaml:7:17: ", "is computed" },
		{ "count(incident: true)", "t.yaml:7:10: ", "a condition that is true or false is needed" },
		{ "count(incident: true", "t.yaml:7:30: ", "\")\" was expected" },
		{ "exists(incident: severity = active)", "t.yaml:7:38: ", "" },
		{ "exists(incident true)", "t.yaml:7:17: ", "a population and a colon" },
	};
	struct world *w = *ctx;
	const struct expr *x = NULL;
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (compile(w, "alert", bad[i].text, &x, &e) != RC_INVALID ||
		    strncmp(e.msg, bad[i].place, strlen(bad[i].place)) != 0 || strstr(e.msg, bad[i].says) == NULL)
			fail_msg("%s gave \"%s\"", bad[i].text, e.msg);
}

/* 4,000 times 4,000 would be 16 million comparisons several times over; by an index it is some tens of milliseconds. */
static void the_cost_is_bounded(void **ctx)
{
	struct world *w = *ctx;
	const struct world_file f = { .collection = "alert" };
	struct world_file g = { .collection = "incident", .covers_from = "2023-07-01T00:00:00Z",
		.covers_to = "2024-07-01T00:00:00Z" };
	struct timespec from, to;
	struct str got;
	struct buf b;
	int i;

	buf_init(&b, 1 << 20);
	buf_z(&b, "incident_id,detected_at,severity\n");
	for (i = 0; i < 4000; i++)
		buf_fmt(&b, "i%d,2024-02-01T00:00:00Z,low\n", i);
	buf_u8(&b, 0);
	(void)world_ingest(w, &g, (const char *)b.p);
	buf_clear(&b);
	buf_z(&b, "alert_id,raised_at,incident_id\n");
	for (i = 0; i < 4000; i++)
		buf_fmt(&b, "%04d,2024-02-01T00:00:00Z,i%d\n", i, i * 2);
	buf_u8(&b, 0);
	(void)world_ingest(w, &f, (const char *)b.p);
	buf_done(&b);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	got = verdicts(w, "alert", "count(incident: incident_id = this.incident_id and severity = low) = 1 and "
	    "exists(incident: incident_id = this.incident_id)");
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_int_equal(got.n, 4000);
	for (i = 0; i < 4000; i++)
		assert_int_equal(got.p[i], i < 2000 ? '1' : '0');
	assert_true((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 < 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_departure_is_found_by_person, setup, teardown),
		cmocka_unit_test_setup_teardown(a_listing_is_counted_as_it_was_at_that_time, setup, teardown),
		cmocka_unit_test_setup_teardown(every_type_can_be_looked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused_at_its_character, setup, teardown),
		cmocka_unit_test_setup_teardown(the_cost_is_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

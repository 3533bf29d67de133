/* Checks of completeness: what was left out is told, by count, identifier and hour, and sound evidence is told to be so. */
#include "world.h"

#include "assess/check.h"

static int setup(void **ctx)
{
	struct world *w = world_new();

	world_content(w, "completeness", "completeness", "id", false);
	*ctx = w;
	return 0;
}

static int teardown(void **ctx)
{
	world_free(*ctx);
	return 0;
}

static const struct completeness *find(struct world *w, const char *id)
{
	struct completeness **all;
	struct err e;
	size_t n, i;

	err_init(&e);
	assert_ok(checks_load(w->s, w->a, &all, &n, &e), &e);
	for (i = 0; i < n; i++)
		if (str_is(all[i]->id, id))
			return all[i];
	fail_msg("there is no check %s", id);
	return NULL;
}

static struct check_result *run(struct world *w, const char *id)
{
	struct check_result *r = NULL;
	struct err e;

	err_init(&e);
	assert_ok(check_run(w->s, w->a, find(w, id), &w->p, &r, &e), &e);
	return r;
}

static const char *state(struct world *w, const char *id)
{
	const struct check_result *r = run(w, id);

	return r == NULL ? "nothing" : check_state_name(r->state);
}

/* ${n} rows with a number in them, but for those that ${left_out} names: each "%d" becomes the number. */
static const char *numbered(struct world *w, const char *header, const char *before, const char *behind, int n,
    bool (*left_out)(int))
{
	const char *out;
	struct buf b;
	int i;

	buf_init(&b, 16 << 20);
	buf_z(&b, header);
	for (i = 1; i <= n; i++)
		if (left_out == NULL || !left_out(i))
			buf_fmt(&b, "\n%s%d%s", before, i, behind);
	out = arena_z(w->a, buf_view(&b));
	buf_done(&b);
	return out;
}

static bool every_65th(int i) { return i % 65 == 0; }
static bool two_of_three(int i) { return i % 3 != 0; }

static const struct world_file year = { .covers_from = "2023-07-01T00:00:00Z", .covers_to = "2024-07-01T00:00:00Z" };

/* Fault 1 of the specification. */
static void rows_dropped_from_an_export(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = year;
	const struct check_result *r;
	struct err e;
	struct buf b;

	f.collection = "change";
	f.close = "\"stated\":912,";
	assert_string_equal(state(w, "change.stated"), "nothing");
	(void)world_ingest(w, &f, numbered(w, "system,change_id,deployed_at", "acme,PR-", ",2024-03-01T00:00:00Z", 912, every_65th));
	r = run(w, "change.stated");
	assert_non_null(r);
	assert_int_equal(r->state, CHECK_INCOMPLETE);
	assert_str(r->words, "Population incomplete: source states 912, received 898.");
	r = run(w, "change.sequence");
	assert_non_null(r);
	assert_int_equal(r->state, CHECK_INCOMPLETE);
	assert_int_equal(r->found, 14);
	assert_str(r->findings[0].text, "PR-65");
	assert_str(r->findings[13].text, "PR-910");
	assert_true(str_starts(r->words, STR("Population incomplete: 14 identifiers missing: PR-65, PR-130, ")));
	err_init(&e);
	buf_init(&b, 1 << 20);
	assert_ok(check_put(w->s, w->a, r, &w->p, &b, &e), &e);
	assert_true(str_find(buf_view(&b), STR("\"counts\":{\"examined\":898,\"findings\":14,\"not_determinable\":0}")) > 0);
	assert_true(str_find(buf_view(&b), STR("\"control\":\"population change\"")) > 0);
	buf_done(&b);
	/* the other half arrives */
	f.close = NULL;
	(void)world_ingest(w, &f, numbered(w, "system,change_id,deployed_at", "acme,PR-", ",2024-03-01T00:00:00Z", 912, NULL));
	assert_string_equal(state(w, "change.sequence"), "complete");
}

static void what_is_no_sequence_has_no_gaps(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = year;

	f.collection = "change";
	(void)world_ingest(w, &f, numbered(w, "system,change_id,deployed_at", "acme,", ",2024-03-01T00:00:00Z", 300, two_of_three));
	assert_string_equal(state(w, "change.sequence"), "unknown");
	/* each system has its own; leading zeros stay */
	(void)world_ingest(w, &f, numbered(w, "system,change_id,deployed_at", "shop,C", "x,2024-03-01T00:00:00Z", 20, NULL));
	assert_string_equal(state(w, "change.sequence"), "unknown");
	(void)world_ingest(w, &f, "system,change_id,deployed_at\nweb,C-01,2024-03-01\nweb,C-02,2024-03-01\nweb,C-03,2024-03-01\n"
	    "web,C-04,2024-03-01\nweb,C-05,2024-03-01\nweb,C-06,2024-03-01\nweb,C-07,2024-03-01\nweb,C-08,2024-03-01\n"
	    "web,C-10,2024-03-01\nweb,C-11,2024-03-01\nweb,C-99999999999999999999,2024-03-01");
	assert_string_equal(state(w, "change.sequence"), "incomplete");
	assert_int_equal(run(w, "change.sequence")->found, 1);
	assert_str(run(w, "change.sequence")->findings[0].text, "C-09");
}

static struct str events(struct world *w, int every_s, int from_s, int to_s, int shift_s)
{
	struct str out;
	struct buf b;
	int i;

	buf_init(&b, 16 << 20);
	buf_z(&b, "event_id,system,occurred_at");
	for (i = from_s; i < to_s; i += every_s)
		buf_fmt(&b, "\ne%d,idp,%.*s", i, STR_FMT(instant_fmt(w->a, world_us("2024-03-01T00:00:00Z") +
		    ((int64_t)i + shift_s) * US_PER_SECOND)));
	buf_u8(&b, 0);
	out = arena_str(w->a, buf_view(&b));
	buf_done(&b);
	return out;
}

/* Fault 20: one hour cut out of a log that never rests that long; then one of a log that comes in bursts. */
static void an_hour_cut_out_of_a_log(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = year;
	const struct check_result *r;
	struct str text;
	uint32_t random = 12345;
	struct buf b;
	int i, at = 0;

	f.collection = "login";
	(void)world_ingest(w, &f, events(w, 300, 0, 86400 * 5, 0).p);
	assert_string_equal(state(w, "login.rhythm"), "complete");
	(void)world_ingest(w, &f, events(w, 300, 86400 * 5 + 3600, 86400 * 10, 0).p);
	r = run(w, "login.rhythm");
	assert_int_equal(r->state, CHECK_INCOMPLETE);
	assert_int_equal(r->found, 1);
	assert_str(r->words, "Unknown for a time: no records from 2024-03-05T23:55:00Z to 2024-03-06T01:00:00Z, 12 missing "
	    "(2024-03-05 to 2024-03-06).");
	/* another instance, uneven: some seconds to some minutes */
	f.instance = "b";
	buf_init(&b, 16 << 20);
	buf_z(&b, "event_id,system,occurred_at");
	for (i = 0; i < 5000; i++) {
		random = random * 1664525 + 1013904223;
		at += (int)(random >> 25) + 1;
		if (i == 2500)
			at += 3600;
		text = instant_fmt(w->a, world_us("2024-04-01T00:00:00Z") + (int64_t)at * US_PER_SECOND);
		buf_fmt(&b, "\nb%d,vpn,%.*s", i, STR_FMT(text));
	}
	buf_u8(&b, 0);
	(void)world_ingest(w, &f, (const char *)b.p);
	buf_done(&b);
	assert_int_equal(run(w, "login.rhythm")->found, 2);
}

static void too_little_to_tell_a_rhythm(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = year;

	f.collection = "login";
	(void)world_ingest(w, &f, events(w, 300, 0, 3000, 0).p);
	assert_string_equal(state(w, "login.rhythm"), "unknown");
}

/* Days that nobody says to cover are unknown already and no news. */
static void a_hole_that_coverage_names_is_not_told_twice(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = { .collection = "login", .covers_from = "2024-03-01T00:00:00Z", .covers_to = "2024-03-03T00:00:00Z" };

	(void)world_ingest(w, &f, events(w, 300, 0, 86400 * 2, 0).p);
	f.covers_from = "2024-03-05T00:00:00Z";
	f.covers_to = "2024-03-07T00:00:00Z";
	(void)world_ingest(w, &f, events(w, 300, 86400 * 4, 86400 * 6, 0).p);
	assert_string_equal(state(w, "login.rhythm"), "complete");
}

/* Fault 19: an export in local time, read as UTC. */
static void times_shifted_by_seven_hours(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = year;
	const struct check_result *r;

	f.collection = "login";
	f.received = "2024-03-02T00:10:00Z";
	(void)world_ingest(w, &f, events(w, 300, 0, 86400, 0).p);
	assert_string_equal(state(w, "login.receipt"), "complete");
	f.received = "2024-03-03T00:10:00Z";
	(void)world_ingest(w, &f, events(w, 300, 86400, 86400 * 2, 7 * 3600).p);
	f.received = "2024-03-04T00:20:00Z";
	(void)world_ingest(w, &f, events(w, 300, 86400 * 2, 86400 * 3, 7 * 3600).p);
	r = run(w, "login.receipt");
	assert_int_equal(r->state, CHECK_DOUBTFUL);
	assert_int_equal(r->examined, 3 * 288);
	assert_int_equal(r->found, 2);
	assert_str(r->words, "Times doubtful: 158 events later than their own receipt, steady shift of 7 hours.");
	/* five minutes are left to clocks: 17:20 to 23:55 of the one day, 17:30 to 23:55 of the other; then an extraction's own time */
	f.received = NULL;
	f.extracted = "2024-03-05T00:10:00Z";
	(void)world_ingest(w, &f, events(w, 300, 86400 * 3, 86400 * 4, 3 * 3600).p);
	assert_true(str_ends(run(w, "login.receipt")->words, STR("by no steady shift.")));
}

/* Fault 16. */
static void a_review_of_fewer_accounts_than_there_were(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = { .collection = "account", .extracted = "2024-03-31T00:00:00Z" };
	const struct check_result *r;

	(void)world_ingest(w, &f, numbered(w, "system,account_id", "acme,", "", 120, NULL));
	f = year;
	f.collection = "access_review";
	(void)world_ingest(w, &f, "review_id,system,cycle_end_at,listing_taken_at,listed_count\n"
	    "r1,acme,2024-03-31,2024-04-01T00:00:00Z,120");
	assert_string_equal(state(w, "access_review.listed_count"), "complete");
	(void)world_ingest(w, &f, "review_id,system,cycle_end_at,listing_taken_at,listed_count\n"
	    "r2,acme,2024-03-31,2024-04-01T00:00:00Z,118");
	r = run(w, "access_review.listed_count");
	assert_int_equal(r->state, CHECK_INCOMPLETE);
	assert_str(r->words, "The review did not list as many accounts as the source held when the listing was taken: 1 of 2 in "
	    "access_review: [\"r2\"] (listed count 118, not equal to the count 120).");
}

/* Fault 33. */
static void alerts_that_are_incidents_and_an_empty_register(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = year;
	const struct check_result *r;

	f.collection = "alert";
	(void)world_ingest(w, &f, "alert_id,raised_at,disposition,incident_id\na,2024-03-01T00:00:00Z,benign,\n"
	    "b,2024-03-01T00:00:00Z,incident,\nc,2024-03-02T00:00:00Z,incident,");
	r = run(w, "incident.alerts");
	assert_int_equal(r->state, CHECK_INCOMPLETE);
	assert_int_equal(r->found, 2);
	assert_true(str_starts(r->words, STR("Alerts judged to be incidents are not linked to one in the register")));
	/* a link to a register that nobody has shown is no finding, and no assurance */
	(void)world_ingest(w, &f, "alert_id,raised_at,disposition,incident_id\nb,2024-03-01T00:00:00Z,incident,i1\n"
	    "c,2024-03-02T00:00:00Z,incident,i1");
	assert_string_equal(state(w, "incident.alerts"), "unknown");
	world_item(w, "incident", NULL, STR("{\"incident_id\":\"i1\",\"detected_at\":\"2024-03-01T00:00:00Z\"}"));
	assert_string_equal(state(w, "incident.alerts"), "complete");
}

static void two_listings_that_differ(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = { .collection = "account", .extracted = "2024-03-31T00:00:00Z", .instance = "idp" };
	const struct check_result *r;

	(void)world_ingest(w, &f, "system,account_id\nacme,1\nacme,2\nonly,1");
	assert_string_equal(state(w, "account.sources"), "nothing");
	f.instance = "console";
	(void)world_ingest(w, &f, "system,account_id\nacme,1\nacme,2\nother,7");
	assert_string_equal(state(w, "account.sources"), "complete");
	f.extracted = "2024-05-01T00:00:00Z";
	(void)world_ingest(w, &f, "system,account_id\nacme,1\nacme,3");
	r = run(w, "account.sources");
	assert_int_equal(r->found, 2);
	assert_str(r->findings[0].text, "[\"acme\",\"2\"] is in csv:account idp and not in csv:account console");
	assert_str(r->findings[1].text, "[\"acme\",\"3\"] is in csv:account console and not in csv:account idp");
}

static void what_is_wrong_with_a_check_is_told_with_its_place(void **ctx)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "{id: a.b, population: nobody, check: items}", "there is no population \"nobody\"" },
		{ "{id: a.b, population: login, check: feeling}", "\"check\" is items, sequence" },
		{ "{id: a.b, population: login, check: sequence}", "a sequence needs \"field\"" },
		{ "{id: a.b, population: login, check: rhythm, per: source_address}", "not personal" },
		{ "{id: a.b, population: login, check: rhythm, every: often}", "takes a time such as" },
		{ "{id: a.b, population: account, check: rhythm}", "a listing or computed" },
		{ "{id: a.b, population: login, check: sources}", "this population is no listing" },
		{ "{id: a.b, population: login, check: items, holds: \"true\"}", "\"says\"" },
		{ "{id: a.b, population: login, check: items, says: s, holds: \"nothing\"}", "no field of \"login\"" },
		{ "{id: a.b, population: login, check: items, when: s}", "has no \"when\"" },
		{ "{population: login, check: items}", "needs \"id\"" },
	};
	struct world *w = *ctx;
	const struct value *docs;
	struct completeness *c;
	struct err e;
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		err_init(&e);
		assert_ok(yaml_parse(w->a, "t.yaml", str_z(bad[i].text), &docs, &n, &e), &e);
		assert_int_equal(check_load(w->a, "t.yaml", docs, w->s, &c, &e), RC_INVALID);
		if (strstr(e.msg, bad[i].says) == NULL || strncmp(e.msg, "t.yaml:1:", 9) != 0)
			fail_msg("%s: %s", bad[i].text, e.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		WITH_WORLD(rows_dropped_from_an_export),
		WITH_WORLD(what_is_no_sequence_has_no_gaps),
		WITH_WORLD(an_hour_cut_out_of_a_log),
		WITH_WORLD(too_little_to_tell_a_rhythm),
		WITH_WORLD(a_hole_that_coverage_names_is_not_told_twice),
		WITH_WORLD(times_shifted_by_seven_hours),
		WITH_WORLD(a_review_of_fewer_accounts_than_there_were),
		WITH_WORLD(alerts_that_are_incidents_and_an_empty_register),
		WITH_WORLD(two_listings_that_differ),
		WITH_WORLD(what_is_wrong_with_a_check_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

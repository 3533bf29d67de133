/* Due windows: what falls into which, and that each control's own way of being shown is judged so: performed, late,
 * missed, not yet due, unknown. */
#include "world.h"

#include "assess/occurrence.h"

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

static void windows_are_those_of_the_calendar(void **ctx)
{
	static const struct {
		enum frequency f;
		const char *from, *to;
		const char *windows;            /* number, first, last */
	} cases[] = {
		{ FREQUENCY_WEEKLY, "2024-01-01", "2024-01-31", "4 2024-01-01..2024-01-07 2024-01-22..2024-01-28" },
		{ FREQUENCY_WEEKLY, "2023-07-01", "2024-06-30", "53 2023-06-26..2023-07-02 2024-06-24..2024-06-30" },
		{ FREQUENCY_WEEKLY, "1969-12-29", "1970-01-04", "1 1969-12-29..1970-01-04 1969-12-29..1970-01-04" },
		{ FREQUENCY_MONTHLY, "2024-01-15", "2024-03-30", "2 2024-01-01..2024-01-31 2024-02-01..2024-02-29" },
		{ FREQUENCY_QUARTERLY, "2023-07-01", "2024-06-30", "4 2023-07-01..2023-09-30 2024-04-01..2024-06-30" },
		{ FREQUENCY_QUARTERLY, "2024-04-01", "2024-06-29", "0" },
		{ FREQUENCY_SEMIANNUAL, "2023-10-01", "2024-09-30", "2 2023-07-01..2023-12-31 2024-01-01..2024-06-30" },
		{ FREQUENCY_ANNUAL, "2024-04-01", "2024-06-30", "1 2023-07-01..2024-06-30 2023-07-01..2024-06-30" },
		{ FREQUENCY_ANNUAL, "2024-01-01", "2024-02-28", "1 2023-03-01..2024-02-28 2023-03-01..2024-02-28" },
		{ FREQUENCY_ANNUAL, "2024-01-01", "2024-02-29", "1 2023-03-01..2024-02-29 2023-03-01..2024-02-29" },
		{ FREQUENCY_DAILY, "2024-02-28", "2024-03-01", "3 2024-02-28..2024-02-28 2024-03-01..2024-03-01" },
		{ FREQUENCY_OTHER, "2024-02-28", "2024-03-01", "0" },
	};
	struct arena *a = arena_new();
	struct window *w;
	int64_t from, to;
	size_t i, n;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct str got = STR("0");

		assert_true(date_parse(str_z(cases[i].from), &from) && date_parse(str_z(cases[i].to), &to));
		n = windows_of(a, cases[i].f, from, to, &w);
		if (n > 0)
			got = arena_fmt(a, "%zu %.*s..%.*s %.*s..%.*s", n, STR_FMT(date_fmt(a, w[0].from_day)),
			    STR_FMT(date_fmt(a, w[0].to_day)), STR_FMT(date_fmt(a, w[n - 1].from_day)),
			    STR_FMT(date_fmt(a, w[n - 1].to_day)));
		assert_str(got, cases[i].windows);
	}
	arena_free(a);
}

static struct occurrences *judge(struct world *w, const char *control)
{
	struct occurrences *o = NULL;
	struct err e;

	err_init(&e);
	assert_ok(occurrences_of(w->s, w->a, world_control(w, control), &w->p, &o, &e), &e);
	return o;
}

/* "acme 2024-01-01..2024-03-31 missed" of those with that verdict, each on a line. */
static struct str listed(struct world *w, const struct occurrences *o, enum window_verdict v)
{
	struct str out = STR("");
	size_t i;

	for (i = 0; i < o->n_windows; i++)
		if (o->windows[i].verdict == v)
			out = arena_fmt(w->a, "%.*s%.*s %.*s..%.*s\n", STR_FMT(out), STR_FMT(o->windows[i].key),
			    STR_FMT(date_fmt(w->a, o->windows[i].window.from_day)), STR_FMT(date_fmt(w->a, o->windows[i].window.to_day)));
	return out;
}

#define ASSERT_COUNTS(o, performed, late, missed, not_yet, unknown) \
	do { \
		assert_non_null(o); \
		if ((o)->counts[0] != (performed) || (o)->counts[1] != (late) || (o)->counts[2] != (missed) || \
		    (o)->counts[3] != (not_yet) || (o)->counts[4] != (unknown)) \
			fail_msg("performed %d, late %d, missed %d, not yet %d, unknown %d", (int)(o)->counts[0], (int)(o)->counts[1], \
			    (int)(o)->counts[2], (int)(o)->counts[3], (int)(o)->counts[4]); \
	} while (0)

static const struct world_file year = { .covers_from = "2023-07-01T00:00:00Z", .covers_to = "2024-07-01T00:00:00Z" };

static struct world_file whole_year(const char *collection)
{
	struct world_file f = year;

	f.collection = collection;
	return f;
}

#define REVIEWS "review_id,system,cycle_end_at,completed_at\n"

/* Fault 17 of the specification. */
static void a_review_that_is_not_there_is_missed_for_its_system(void **ctx)
{
	struct world *w = *ctx;
	const struct world_file f = whole_year("access_review");
	struct occurrences *o;

	(void)world_ingest(w, &f, REVIEWS "1,acme,2023-09-30,2023-10-10T00:00:00Z\n2,acme,2023-12-31,2024-01-10T00:00:00Z\n"
	    "3,acme,2024-06-30,2024-07-10T00:00:00Z\n4,shop,2023-09-30,2023-10-10T00:00:00Z\n"
	    "5,shop,2023-12-31,2024-02-10T00:00:00Z\n6,shop,2024-03-31,2024-04-10T00:00:00Z\n7,shop,2024-06-30,");
	o = judge(w, "IAM-06");
	ASSERT_COUNTS(o, 5, 1, 2, 0, 0);
	assert_int_equal(o->keys, 2);
	assert_str(listed(w, o, WINDOW_MISSED), "acme 2024-01-01..2024-03-31\nshop 2024-04-01..2024-06-30\n");
	assert_str(listed(w, o, WINDOW_LATE), "shop 2023-10-01..2023-12-31\n");
	assert_int_equal(o->state, WINDOW_MISSED);
	assert_str(o->windows[0].item, "[\"1\"]");
	/* the time allowed behind the quarter's end has not run out */
	w->p.now_us = world_us("2024-07-05T00:00:00Z");
	o = judge(w, "IAM-06");
	assert_str(listed(w, o, WINDOW_NOT_YET_DUE), "shop 2024-04-01..2024-06-30\n");
}

static void what_no_evidence_covers_is_unknown_and_never_missed(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = whole_year("access_review");
	struct occurrences *o;

	/* nothing at all */
	o = judge(w, "IAM-06");
	ASSERT_COUNTS(o, 0, 0, 0, 0, 4);
	/* half of the year */
	f.covers_to = "2024-01-01T00:00:00Z";
	(void)world_ingest(w, &f, REVIEWS "1,acme,2023-09-30,2023-10-10T00:00:00Z");
	o = judge(w, "IAM-06");
	ASSERT_COUNTS(o, 1, 0, 1, 0, 2);
	/* a day short of the quarter */
	f.covers_from = "2024-01-02T00:00:00Z";
	f.covers_to = "2024-07-01T00:00:00Z";
	(void)world_ingest(w, &f, REVIEWS);
	o = judge(w, "IAM-06");
	ASSERT_COUNTS(o, 1, 0, 2, 0, 1);
	assert_str(listed(w, o, WINDOW_UNKNOWN), "acme 2024-01-01..2024-03-31\n");
}

static void a_register_kept_by_hand_is_presumed_whole_between_its_items(void **ctx)
{
	struct world *w = *ctx;
	struct occurrences *o;

	world_item(w, "governance_meeting", NULL, STR("{\"meeting_id\":\"1\",\"held_at\":\"2023-08-01T00:00:00Z\"}"));
	world_item(w, "governance_meeting", NULL, STR("{\"meeting_id\":\"2\",\"held_at\":\"2024-05-01T00:00:00Z\"}"));
	o = judge(w, "GOV-02");
	ASSERT_COUNTS(o, 2, 0, 2, 0, 0);
	assert_int_equal(o->presumed, 2);
	assert_true(o->windows[1].presumed);
}

/* The last evening of a quarter in New York is the next quarter's first day in UTC. */
static void windows_end_with_the_day_of_the_zone(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = whole_year("governance_meeting");
	struct occurrences *o;

	world_zone(w, "America/New_York");
	f.covers_to = "2024-07-02T00:00:00Z";
	(void)world_ingest(w, &f, "meeting_id,held_at\n1,2023-10-01T03:30:00Z\n2,2024-01-01T06:00:00Z");
	o = judge(w, "GOV-02");
	assert_non_null(o);
	assert_str(listed(w, o, WINDOW_PERFORMED), " 2023-07-01..2023-09-30\n 2024-01-01..2024-03-31\n");
}

/* Faults 25 and 26. */
static void each_dataset_each_day(void **ctx)
{
	struct world *w = *ctx;
	const struct world_file f = whole_year("backup_run");
	struct occurrences *o;
	struct str rows;

	rows = world_rows(w, "dataset,scheduled_at,status,retried_ok_at", "db,@T01:00:00Z,ok,", "2023-07-01", "2024-06-30");
	(void)world_ingest(w, &f, rows.p);
	rows = world_rows(w, "dataset,scheduled_at,status,retried_ok_at", "files,@T01:00:00Z,ok,", "2023-07-01", "2024-02-09");
	(void)world_ingest(w, &f, rows.p);
	(void)world_ingest(w, &f, "dataset,scheduled_at,status,retried_ok_at\nfiles,2024-02-13T01:00:00Z,failed,2024-02-13T05:00:00Z\n"
	    "files,2024-02-14T01:00:00Z,failed,");
	rows = world_rows(w, "dataset,scheduled_at,status,retried_ok_at", "files,@T01:00:00Z,ok,", "2024-02-15", "2024-06-30");
	(void)world_ingest(w, &f, rows.p);
	o = judge(w, "AVL-03");
	ASSERT_COUNTS(o, 728, 0, 4, 0, 0);
	assert_str(listed(w, o, WINDOW_MISSED), "files 2024-02-10..2024-02-10\nfiles 2024-02-11..2024-02-11\n"
	    "files 2024-02-12..2024-02-12\nfiles 2024-02-14..2024-02-14\n");
	assert_int_equal(o->n_windows, 4);
}

/* Fault 38. */
static void a_vendor_whose_review_is_long_past_is_missed(void **ctx)
{
	struct world *w = *ctx;
	const struct world_file f = whole_year("vendor_review");
	struct occurrences *o;

	(void)world_ingest(w, &f, "vendor_id,cycle,tier,subservice,due_at,reviewed_at,previous_review_at\n"
	    "cloud,2024,critical,false,2024-05-26,,2023-05-26T00:00:00Z\nmail,2024,critical,false,2024-05-26,2024-05-20T00:00:00Z,\n"
	    "pens,2024,low,false,2024-05-26,,");
	o = judge(w, "VND-02");
	ASSERT_COUNTS(o, 1, 0, 1, 0, 0);
	assert_str(listed(w, o, WINDOW_MISSED), "cloud 2023-07-01..2024-06-30\n");
}

/* Fault 39: nothing at all, in a register that is known to be whole. */
static void an_empty_register_misses_every_window(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = whole_year("restore_test");
	struct occurrences *o;

	(void)world_ingest(w, &f, "test_id,dataset,performed_at\n");
	o = judge(w, "AVL-04");
	ASSERT_COUNTS(o, 0, 0, 4, 0, 0);
	assert_str(occurrences_words(w->a, o), "missed 4");
	/* and of each dataset that is backed up, from when it was backed up first */
	f.collection = "backup_run";
	(void)world_ingest(w, &f, "dataset,scheduled_at,status\ndb,2023-07-01T01:00:00Z,ok\nfiles,2024-01-01T01:00:00Z,ok");
	o = judge(w, "AVL-04");
	ASSERT_COUNTS(o, 0, 0, 6, 0, 0);
	assert_str(listed(w, o, WINDOW_MISSED), "db 2023-07-01..2023-09-30\ndb 2023-10-01..2023-12-31\n"
	    "db 2024-01-01..2024-03-31\ndb 2024-04-01..2024-06-30\nfiles 2024-01-01..2024-03-31\nfiles 2024-04-01..2024-06-30\n");
}

/* What the evidence cannot tell never makes a window missed. */
static void an_item_that_may_be_the_one_leaves_its_window_unknown(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = whole_year("scan_run");
	struct occurrences *o;

	w->p.from_day = w->p.to_day - 6;                /* one week */
	(void)world_ingest(w, &f, "scan_id,kind,target,due_at,started_at,finished_at,status\n"
	    "1,external,web,2024-06-25T00:00:00Z,2024-06-25T00:00:00Z,2024-06-25T01:00:00Z,failed\n"
	    "2,external,api,2024-06-25T00:00:00Z,2024-06-25T00:00:00Z,2024-06-25T01:00:00Z,ok");
	o = judge(w, "VUL-01");
	ASSERT_COUNTS(o, 1, 0, 0, 0, 0);                /* nobody says that one is due for web: its only scan is no occurrence */
	/* the status is not supplied */
	(void)world_ingest(w, &f, "scan_id,kind,target,due_at,started_at,finished_at\n"
	    "3,external,shop,2024-06-25T00:00:00Z,2024-06-25T00:00:00Z,2024-06-25T01:00:00Z");
	o = judge(w, "VUL-01");
	ASSERT_COUNTS(o, 1, 0, 0, 0, 1);
	assert_str(listed(w, o, WINDOW_UNKNOWN), "shop 2024-06-24..2024-06-30\n");
	/* the target is not supplied: it may be anyone's */
	(void)world_ingest(w, &f, "scan_id,kind,target,due_at,started_at,finished_at,status\n"
	    "4,external,old,2024-05-01T00:00:00Z,2024-05-01T00:00:00Z,2024-05-01T01:00:00Z,ok");
	o = judge(w, "VUL-01");
	ASSERT_COUNTS(o, 1, 0, 1, 0, 1);
	(void)world_ingest(w, &f, "scan_id,kind,due_at,started_at,finished_at,status\n"
	    "5,external,2024-06-25T00:00:00Z,2024-06-25T00:00:00Z,2024-06-25T01:00:00Z,ok");
	o = judge(w, "VUL-01");
	ASSERT_COUNTS(o, 1, 0, 0, 0, 2);
}

/* A listing tells of the past by what it shows: missed when an extraction behind the window's end still shows an older
 * date, unknown when it shows a newer one that may have replaced it. */
static void a_listing_tells_what_was_done_last(void **ctx)
{
	struct world *w = *ctx;
	struct world_file f = { .collection = "policy", .extracted = "2024-07-05T00:00:00Z" };
	struct occurrences *o;

	(void)world_ingest(w, &f, "policy_id,kind,version,approved_at\nold,other,1,2023-01-01T00:00:00Z\n"
	    "good,other,1,2024-03-01T00:00:00Z\nnewer,other,1,2024-07-03T00:00:00Z\nnever,other,1,");
	o = judge(w, "GOV-04");
	assert_non_null(o);
	ASSERT_COUNTS(o, 0, 0, 0, 0, 0);                /* all were seen first behind the window: nobody knows them in it */
	f.extracted = "2024-06-15T00:00:00Z";
	(void)world_ingest(w, &f, "policy_id,kind,version,approved_at\nold,other,1,2023-01-01T00:00:00Z\n"
	    "good,other,1,2024-03-01T00:00:00Z\nnewer,other,1,2023-01-01T00:00:00Z\nnever,other,1,");
	o = judge(w, "GOV-04");
	ASSERT_COUNTS(o, 1, 0, 2, 0, 1);
	assert_str(listed(w, o, WINDOW_MISSED), "never 2023-07-01..2024-06-30\nold 2023-07-01..2024-06-30\n");
	assert_str(listed(w, o, WINDOW_UNKNOWN), "newer 2023-07-01..2024-06-30\n");
}

static void people_joined_are_one_key(void **ctx)
{
	struct world *w = *ctx;
	const struct world_file f = whole_year("training_completion");
	struct occurrences *o;

	(void)world_ingest(w, &f, "person_id,course_id,assigned_at,due_at,completed_at\n"
	    "hr:ada,a,2023-08-01T00:00:00Z,2023-09-01T00:00:00Z,\nlms:ada,a,2023-08-01T00:00:00Z,2023-09-01T00:00:00Z,"
	    "2023-08-15T00:00:00Z");
	o = judge(w, "HR-02");
	ASSERT_COUNTS(o, 1, 0, 1, 0, 0);
	world_feed(w, 3, STR("{\"op\":\"join\",\"a\":\"hr:ada\",\"b\":\"lms:ada\"}"));
	o = judge(w, "HR-02");
	ASSERT_COUNTS(o, 1, 0, 0, 0, 0);
}

/* Every occurrence of the library runs, and its result is JSON that does not change from run to run. */
static void the_whole_library_gives_the_same_bytes_twice(void **ctx)
{
	struct world *w = *ctx;
	struct control **all;
	const struct value *v;
	struct occurrences *o;
	struct err e;
	struct buf b[2];
	size_t n, i, k, judged = 0;

	err_init(&e);
	assert_ok(controls_load(w->s, w->a, &all, &n, &e), &e);
	for (i = 0; i < n; i++) {
		if (all[i]->every == FREQUENCY_OTHER)
			continue;
		assert_non_null(all[i]->occurrence);
		for (k = 0; k < 2; k++) {
			buf_init(&b[k], 1 << 20);
			w->p.now_us += US_PER_DAY;
			assert_ok(occurrences_of(w->s, w->a, all[i], &w->p, &o, &e), &e);
			assert_non_null(o);
			assert_ok(occurrences_put(w->s, w->a, o, &w->p, &b[k], &e), &e);
		}
		assert_true(str_eq(buf_view(&b[0]), buf_view(&b[1])));
		assert_ok(json_parse(w->a, buf_view(&b[0]), &v, &e), &e);
		assert_str(value_text(v, "test"), "occurrence");
		buf_done(&b[0]);
		buf_done(&b[1]);
		judged++;
	}
	assert_int_equal(judged, 39);
}

static void what_is_wrong_with_an_occurrence_is_told_with_its_place(void **ctx)
{
	static const struct {
		const char *occurrence, *says;
	} bad[] = {
		{ "{population: nobody, at: x}", "there is no population \"nobody\"" },
		{ "{population: access_review}", "needs \"at\"" },
		{ "{population: access_review, at: system}", "\"at\" takes a date or a timestamp" },
		{ "{population: access_review, at: cycle_end_at, when: x}", "\"occurrence\" has no \"when\"" },
		{ "{population: access_review, at: cycle_end_at, within: 3}", "there is no \"done\"" },
		{ "{population: access_review, at: cycle_end_at, done: completed_at, within: soon}", "a number of days" },
		{ "{population: access_review, at: cycle_end_at, where: \"system = \"}", "t.yaml:7:" },
		{ "{population: access_review, at: cycle_end_at, keys: {population: account, field: system}}", "there is no \"per\"" },
		{ "{population: access_review, at: cycle_end_at, per: system, keys: {population: account, field: kind}}", "of the type" },
		{ "{population: login, at: occurred_at, per: source_address}", "is personal" },
	};
	struct world *w = *ctx;
	const struct value *docs;
	struct control *c;
	struct str text;
	struct err e;
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		err_init(&e);
		text = arena_fmt(w->a, "id: X-1\ntitle: t\nstatement: s\nowner: o\nfrequency: quarterly\ncriteria: []\noccurrence: %s\n"
		    "tests: []\n", bad[i].occurrence);
		assert_ok(yaml_parse(w->a, "t.yaml", text, &docs, &n, &e), &e);
		assert_int_equal(control_load(w->a, "t.yaml", docs, w->s, &c, &e), RC_INVALID);
		if (strstr(e.msg, bad[i].says) == NULL || strncmp(e.msg, "t.yaml:7:", 9) != 0)
			fail_msg("%s: %s", bad[i].occurrence, e.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_are_those_of_the_calendar),
#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		WITH_WORLD(a_review_that_is_not_there_is_missed_for_its_system),
		WITH_WORLD(what_no_evidence_covers_is_unknown_and_never_missed),
		WITH_WORLD(a_register_kept_by_hand_is_presumed_whole_between_its_items),
		WITH_WORLD(windows_end_with_the_day_of_the_zone),
		WITH_WORLD(each_dataset_each_day),
		WITH_WORLD(a_vendor_whose_review_is_long_past_is_missed),
		WITH_WORLD(an_empty_register_misses_every_window),
		WITH_WORLD(an_item_that_may_be_the_one_leaves_its_window_unknown),
		WITH_WORLD(a_listing_tells_what_was_done_last),
		WITH_WORLD(people_joined_are_one_key),
		WITH_WORLD(the_whole_library_gives_the_same_bytes_twice),
		WITH_WORLD(what_is_wrong_with_an_occurrence_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

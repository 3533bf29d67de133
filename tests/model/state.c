/* The view of the ledger: definitions make tables, contributions make items, in memory and without a ledger. */
#include "test.h"

#include <string.h>

#include "model/state.h"

struct fixture {
	struct state *s;
	struct arena *a;
	uint64_t next;
};

/* A mapping of the test: "key;field=value;…" gives one contribution to the collection named in the file's definition. */
static enum rc contribute(void *ctx, struct state *s, struct arena *a, const struct ingest *in, struct str definition,
    const struct state_entry *en, struct contribution **out, size_t *n, struct err *e)
{
	const struct collection *c = schema_find(state_schema(s), in->instance);
	const struct value *v;
	enum rc rc;

	(void)ctx;
	(void)definition;
	if (c == NULL)
		return err_set(e, RC_INVALID, "no collection");
	if ((rc = json_parse(a, en->body, &v, e)) != RC_OK)
		return rc;
	*out = ARENA_NEW(a, struct contribution);
	*n = 1;
	return item_from_value(s, a, c, v, *out, e);
}

static enum rc collections(void *ctx, struct state *s, struct arena *a, const struct ingest *in, struct str definition,
    const struct collection ***out, size_t *n, struct err *e)
{
	const struct collection *c = schema_find(state_schema(s), in->instance);

	(void)ctx;
	(void)definition;
	(void)e;
	*out = ARENA_ARRAY(a, 1, const struct collection *);
	(*out)[0] = c;
	*n = c != NULL && c->n_period == 0;
	return RC_OK;
}

static void feed(struct fixture *f, uint8_t kind, const char *body, const uint8_t *record_id, const char *envelope_of)
{
	struct state_entry en = { .index = f->next++, .kind = kind, .received_us = 1700000000 * US_PER_SECOND,
		.is_open = true, .body = str_z(body) };
	uint8_t envelope[32] = { 0 };
	struct err e;

	err_init(&e);
	if (record_id != NULL)
		memcpy(en.record_id, record_id, 16);
	if (envelope_of != NULL) {
		memcpy(envelope, envelope_of, 16);
		en.envelope = (struct str){ (const char *)envelope, sizeof(envelope) };
	}
	assert_ok(state_apply(f->s, &en, &e), &e);
}

static const char change_definition[] = "{\"kind\":\"population\",\"id\":\"change\",\"body\":{\"name\":\"change\","
    "\"description\":\"Changes.\",\"classification\":\"internal\",\"fields\":{\"change_id\":\"string\","
    "\"author\":\"subject\",\"approved_by\":\"subject\",\"merged_at\":\"timestamp\",\"reviewers\":\"list(subject)\"},"
    "\"natural_key\":[\"change_id\"],\"period_field\":\"merged_at\"}}";
static const char account_definition[] = "{\"kind\":\"population\",\"id\":\"account\",\"body\":{\"name\":\"account\","
    "\"description\":\"Accounts.\",\"classification\":\"internal\",\"fields\":{\"account_id\":\"string\","
    "\"privileged\":\"bool\",\"holder\":\"subject\"},\"natural_key\":[\"account_id\"],\"period_field\":null}}";

static int64_t number(struct fixture *f, const char *sql)
{
	struct err e;
	int64_t n = -1;

	err_init(&e);
	assert_ok(db_i64(state_db(f->s), sql, -1, &n, &e), &e);
	return n;
}

static int setup(void **ctx)
{
	const struct state_hooks hooks = { NULL, contribute, collections };
	struct fixture *f = mem_alloc(sizeof(*f));
	struct err e;

	err_init(&e);
	f->a = arena_new();
	if (state_open("", DB_MEMORY, &hooks, &f->s, &e) != RC_OK || state_begin(f->s, &e) != RC_OK)
		fail_msg("%s", e.msg);
	feed(f, 4, change_definition, NULL, NULL);
	feed(f, 4, account_definition, NULL, NULL);
	feed(f, 4, "{\"kind\":\"mapping\",\"id\":\"m\",\"body\":{}}", NULL, NULL);
	feed(f, 3, "{\"subjects\":[{\"kind\":\"login\",\"identity\":\"ada\",\"ref\":\"000102030405060708090a0b0c0d0e0f\"},"
	    "{\"kind\":\"email\",\"identity\":\"ada@example.com\",\"ref\":\"100102030405060708090a0b0c0d0e0f\"}]}", NULL, NULL);
	*ctx = f;
	return 0;
}

static int teardown(void **ctx)
{
	struct fixture *f = *ctx;

	state_close(f->s);
	arena_free(f->a);
	mem_free(f);
	return 0;
}

static void digest_of_mapping(struct fixture *f, char hex[65])
{
	struct err e;
	struct str body;
	uint8_t d[32];

	err_init(&e);
	assert_ok(state_definition(f->s, f->a, "mapping", STR("m"), &body, d, &e), &e);
	hex_put(hex, d, 32);
	hex[64] = 0;
}

static void open_ingest(struct fixture *f, const char *collection, const char *id, const char *extracted)
{
	char mapping[65];
	struct str body;

	digest_of_mapping(f, mapping);
	body = arena_fmt(f->a, "{\"kind\":\"open\",\"source\":\"t\",\"instance\":\"%s\",\"mapping\":\"%s\",\"file\":\"f\","
	    "\"extracted_at\":%s}", collection, mapping, extracted);
	feed(f, 5, arena_z(f->a, body), (const uint8_t *)id, NULL);
}

static void an_event_becomes_an_item_on_its_day(void **ctx)
{
	struct fixture *f = *ctx;

	open_ingest(f, "change", "0123456789abcdef", "null");
	feed(f, 1, "{\"change_id\":\"c1\",\"author\":\"login:Ada\",\"merged_at\":\"2024-03-01T23:30:00Z\"}", NULL,
	    "0123456789abcdef");
	assert_int_equal(number(f, "SELECT count(*) FROM item_change WHERE key='[\"c1\"]'"), 1);
	assert_int_equal(number(f, "SELECT day FROM item_change"), 19783);
	assert_int_equal(number(f, "SELECT f_author FROM item_change"), 1);
	assert_int_equal(number(f, "SELECT supplied FROM item_change"), 1 | 2 | 8);
	assert_int_equal(number(f, "SELECT count(*) FROM unread"), 0);
}

static void two_records_of_one_item_fold_field_by_field(void **ctx)
{
	struct fixture *f = *ctx;

	open_ingest(f, "change", "0123456789abcdef", "null");
	feed(f, 1, "{\"change_id\":\"c1\",\"author\":\"login:ada\",\"merged_at\":\"2024-03-01T10:00:00Z\"}", NULL,
	    "0123456789abcdef");
	feed(f, 1, "{\"change_id\":\"c1\",\"approved_by\":\"email:ada@example.com\",\"merged_at\":\"2024-03-02T10:00:00Z\"}",
	    NULL, "0123456789abcdef");
	assert_int_equal(number(f, "SELECT count(*) FROM item_change"), 1);
	assert_int_equal(number(f, "SELECT f_author FROM item_change"), 1);
	assert_int_equal(number(f, "SELECT f_approved_by FROM item_change"), 2);
	assert_int_equal(number(f, "SELECT day FROM item_change"), 19784);
	assert_int_equal(number(f, "SELECT parts FROM item_change"), 2);
	assert_int_equal(number(f, "SELECT supplied FROM item_change"), 1 | 2 | 4 | 8);
}

static void equal_listings_extend_a_version_and_a_changed_one_begins_another(void **ctx)
{
	struct fixture *f = *ctx;
	const char *const ids[3] = { "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc" };
	const char *const at[3] = { "1000000", "2000000", "3000000" };
	int i;

	for (i = 0; i < 3; i++) {
		open_ingest(f, "account", ids[i], at[i]);
		feed(f, 1, i < 2 ? "{\"account_id\":\"a\",\"privileged\":false}" : "{\"account_id\":\"a\",\"privileged\":true}",
		    NULL, ids[i]);
	}
	assert_int_equal(number(f, "SELECT count(*) FROM version_account"), 2);
	assert_int_equal(number(f, "SELECT last_at FROM version_account WHERE f_privileged=0"), 2000000);
	assert_int_equal(number(f, "SELECT first_at FROM version_account WHERE f_privileged=1"), 3000000);
	assert_int_equal(number(f, "SELECT f_privileged FROM item_account"), 1);
	assert_int_equal(number(f, "SELECT count(*) FROM extraction"), 3);
}

static void a_listing_that_comes_late_cuts_the_span_that_said_nothing_of_it(void **ctx)
{
	struct fixture *f = *ctx;
	const char *const ids[3] = { "aaaaaaaaaaaaaaaa", "cccccccccccccccc", "bbbbbbbbbbbbbbbb" };
	const char *const at[3] = { "1000000", "3000000", "2000000" };
	int i;

	for (i = 0; i < 3; i++) {
		open_ingest(f, "account", ids[i], at[i]);
		feed(f, 1, i < 2 ? "{\"account_id\":\"a\",\"privileged\":false}" : "{\"account_id\":\"b\",\"privileged\":true}",
		    NULL, ids[i]);
	}
	assert_int_equal(number(f, "SELECT count(*) FROM version_account v JOIN item_account i ON i.id=v.item"
	    " WHERE i.key='[\"a\"]'"), 2);
	assert_int_equal(number(f, "SELECT count(*) FROM version_account WHERE first_at<=2000000 AND last_at>=2000000"), 1);
}

static void two_records_of_one_listing_make_one_version(void **ctx)
{
	struct fixture *f = *ctx;

	open_ingest(f, "account", "aaaaaaaaaaaaaaaa", "1000000");
	feed(f, 1, "{\"account_id\":\"a\",\"privileged\":false,\"holder\":\"login:ada\"}", NULL, "aaaaaaaaaaaaaaaa");
	open_ingest(f, "account", "bbbbbbbbbbbbbbbb", "2000000");
	feed(f, 1, "{\"account_id\":\"a\",\"privileged\":false,\"holder\":\"login:ada\"}", NULL, "bbbbbbbbbbbbbbbb");
	feed(f, 1, "{\"account_id\":\"a\",\"privileged\":true}", NULL, "bbbbbbbbbbbbbbbb");
	assert_int_equal(number(f, "SELECT count(*) FROM version_account"), 2);
	assert_int_equal(number(f, "SELECT last_at FROM version_account WHERE f_privileged=0"), 1000000);
	assert_int_equal(number(f, "SELECT f_holder FROM version_account WHERE f_privileged=1"), 1);
	assert_int_equal(number(f, "SELECT f_privileged FROM item_account"), 1);
}

/* A record that corrects one listing of many says nothing of those before it and after it. */
static void a_record_for_a_listing_in_the_middle_leaves_the_others_alone(void **ctx)
{
	struct fixture *f = *ctx;
	const char *const ids[3] = { "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc" };
	const char *const at[3] = { "1000000", "2000000", "3000000" };
	int i, at_first;

	for (i = 0; i < 3; i++) {
		open_ingest(f, "account", ids[i], at[i]);
		feed(f, 1, "{\"account_id\":\"a\",\"privileged\":false}", NULL, ids[i]);
	}
	assert_int_equal(number(f, "SELECT count(*) FROM version_account"), 1);
	for (at_first = 1; at_first >= 0; at_first--) {
		feed(f, 1, "{\"account_id\":\"a\",\"privileged\":true}", NULL, ids[at_first]);
		assert_int_equal(number(f, "SELECT count(*) FROM version_account WHERE f_privileged=1"), 2 - at_first);
		assert_int_equal(number(f, "SELECT f_privileged FROM version_account WHERE first_at<=2000000 AND last_at>=2000000"), 1);
		assert_int_equal(number(f, "SELECT f_privileged FROM version_account WHERE first_at<=3000000 AND last_at>=3000000"), 0);
	}
	assert_int_equal(number(f, "SELECT f_privileged FROM version_account WHERE first_at=1000000"), 1);
}

static void joined_identities_share_a_root_and_their_person(void **ctx)
{
	struct fixture *f = *ctx;

	feed(f, 3, "{\"op\":\"join\",\"a\":\"login:ada\",\"b\":\"email:ada@example.com\",\"reason\":\"HR list\"}", NULL, NULL);
	assert_int_equal(number(f, "SELECT count(DISTINCT root) FROM subject"), 1);
	assert_int_equal(number(f, "SELECT max(person) FROM subject"), 0);
	feed(f, 4, "{\"kind\":\"population\",\"id\":\"person\",\"body\":{\"name\":\"person\",\"description\":\"People.\","
	    "\"classification\":\"internal\",\"fields\":{\"person_id\":\"subject\"},\"natural_key\":[\"person_id\"],"
	    "\"period_field\":null}}", NULL, NULL);
	feed(f, 3, "{\"op\":\"item\",\"collection\":\"person\",\"fields\":{\"person_id\":\"email:ada@example.com\"}}", NULL,
	    NULL);
	assert_int_equal(number(f, "SELECT sum(person) FROM subject"), 2);
	assert_int_equal(number(f, "SELECT count(*) FROM item_person WHERE key='[\"100102030405060708090a0b0c0d0e0f\"]'"), 1);
}

static void what_does_not_fit_becomes_a_row_that_says_so(void **ctx)
{
	struct fixture *f = *ctx;

	feed(f, 3, "{\"op\":\"item\",\"collection\":\"change\",\"fields\":{\"no_such\":1}}", NULL, NULL);
	feed(f, 1, "{}", NULL, "an unknown open.");
	feed(f, 4, "not JSON", NULL, NULL);
	assert_int_equal(number(f, "SELECT count(*) FROM unread"), 3);
	assert_int_equal(state_applied(f->s), f->next);
}

static void a_population_with_items_takes_new_fields_only_behind_the_others(void **ctx)
{
	struct fixture *f = *ctx;

	open_ingest(f, "change", "0123456789abcdef", "null");
	feed(f, 1, "{\"change_id\":\"c1\",\"merged_at\":\"2024-03-01T10:00:00Z\"}", NULL, "0123456789abcdef");
	feed(f, 4, "{\"kind\":\"population\",\"id\":\"change\",\"body\":{\"name\":\"change\",\"description\":\"Changes.\","
	    "\"classification\":\"internal\",\"fields\":{\"change_id\":\"string\",\"merged_at\":\"timestamp\"},"
	    "\"natural_key\":[\"change_id\"],\"period_field\":\"merged_at\"}}", NULL, NULL);
	assert_int_equal(number(f, "SELECT count(*) FROM unread"), 1);
	feed(f, 4, "{\"kind\":\"population\",\"id\":\"change\",\"body\":{\"name\":\"change\",\"description\":\"Changes.\","
	    "\"classification\":\"internal\",\"fields\":{\"change_id\":\"string\",\"author\":\"subject\","
	    "\"approved_by\":\"subject\",\"merged_at\":\"timestamp\",\"reviewers\":\"list(subject)\",\"risk\":\"int\"},"
	    "\"natural_key\":[\"change_id\"],\"period_field\":\"merged_at\"}}", NULL, NULL);
	assert_int_equal(number(f, "SELECT count(*) FROM unread"), 1);
	feed(f, 1, "{\"change_id\":\"c2\",\"risk\":3,\"merged_at\":\"2024-03-01T10:00:00Z\"}", NULL, "0123456789abcdef");
	assert_int_equal(number(f, "SELECT f_risk FROM item_change WHERE key='[\"c2\"]'"), 3);
	assert_int_equal(number(f, "SELECT count(*) FROM item_change WHERE f_risk IS NULL"), 1);
}

static void open_from(struct fixture *f, const char *source, const char *id)
{
	char mapping[65];

	digest_of_mapping(f, mapping);
	feed(f, 5, arena_z(f->a, arena_fmt(f->a, "{\"kind\":\"open\",\"source\":\"%s\",\"instance\":\"change\",\"mapping\":\"%s\","
	    "\"file\":\"f\",\"extracted_at\":null}", source, mapping)), (const uint8_t *)id, NULL);
}

static const char change_ranked[] = "{\"kind\":\"population\",\"id\":\"change\",\"body\":{\"name\":\"change\","
    "\"description\":\"Changes.\",\"classification\":\"internal\",\"fields\":{\"change_id\":\"string\","
    "\"author\":\"subject\",\"approved_by\":\"subject\",\"merged_at\":\"timestamp\",\"reviewers\":\"list(subject)\"},"
    "\"natural_key\":[\"change_id\"],\"period_field\":\"merged_at\",\"precedence\":[\"best\",\"good\"]}}";

/* One item from three sources in the order given; each supplies what it knows. */
static void feed_ranked(struct fixture *f, const char *order, const char *key)
{
	for (; *order != 0; order++) {
		char id[17] = "0000000000000000";
		struct str best = arena_fmt(f->a, "{\"change_id\":\"%s\",\"merged_at\":\"2024-03-01T10:00:00Z\"}", key);
		struct str good = arena_fmt(f->a, "{\"change_id\":\"%s\",\"author\":\"login:ada\",\"merged_at\":\"2024-03-02T10:00:00Z\"}",
		    key);
		struct str rest = arena_fmt(f->a, "{\"change_id\":\"%s\",\"author\":\"email:ada@example.com\","
		    "\"approved_by\":\"login:ada\",\"merged_at\":\"2024-03-03T10:00:00Z\"}", key);

		id[0] = *order;
		id[1] = key[0];
		open_from(f, *order == 'b' ? "best" : *order == 'g' ? "good" : "unnamed", id);
		feed(f, 1, arena_z(f->a, *order == 'b' ? best : *order == 'g' ? good : rest), NULL, id);
	}
}

static void the_higher_source_counts_in_whichever_order_they_come(void **ctx)
{
	static const char *const orders[] = { "bgr", "brg", "gbr", "grb", "rbg", "rgb" };
	struct fixture *f = *ctx;
	size_t i;

	feed(f, 4, change_ranked, NULL, NULL);
	for (i = 0; i < ARRAY_LEN(orders); i++) {
		char key[2] = { (char)('k' + i), 0 };

		feed_ranked(f, orders[i], key);
	}
	assert_int_equal(number(f, "SELECT count(*) FROM unread"), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM item_change WHERE parts=3"), 6);
	assert_int_equal(number(f, "SELECT count(*) FROM item_change WHERE day=19783 AND f_author=1 AND f_approved_by=1"), 6);
}

static void another_precedence_folds_anew_what_is_there(void **ctx)
{
	struct fixture *f = *ctx;

	feed_ranked(f, "bgr", "k");
	feed_ranked(f, "rgb", "m");
	assert_int_equal(number(f, "SELECT count(DISTINCT day) FROM item_change"), 2);
	feed(f, 4, change_ranked, NULL, NULL);
	assert_int_equal(number(f, "SELECT count(*) FROM unread"), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM item_change WHERE day=19783 AND f_author=1"), 2);
	feed(f, 4, "{\"kind\":\"population\",\"id\":\"s\",\"body\":{\"name\":\"s\",\"classification\":\"internal\",\"fields\":"
	    "{\"a\":\"string\"},\"natural_key\":[\"a\"],\"precedence\":[\"best\"]}}", NULL, NULL);
	assert_int_equal(number(f, "SELECT count(*) FROM unread WHERE reason LIKE '%listing of state%'"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_event_becomes_an_item_on_its_day, setup, teardown),
		cmocka_unit_test_setup_teardown(two_records_of_one_item_fold_field_by_field, setup, teardown),
		cmocka_unit_test_setup_teardown(equal_listings_extend_a_version_and_a_changed_one_begins_another, setup, teardown),
		cmocka_unit_test_setup_teardown(a_listing_that_comes_late_cuts_the_span_that_said_nothing_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(two_records_of_one_listing_make_one_version, setup, teardown),
		cmocka_unit_test_setup_teardown(a_record_for_a_listing_in_the_middle_leaves_the_others_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(joined_identities_share_a_root_and_their_person, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_fit_becomes_a_row_that_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(the_higher_source_counts_in_whichever_order_they_come, setup, teardown),
		cmocka_unit_test_setup_teardown(another_precedence_folds_anew_what_is_there, setup, teardown),
		cmocka_unit_test_setup_teardown(a_population_with_items_takes_new_fields_only_behind_the_others, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

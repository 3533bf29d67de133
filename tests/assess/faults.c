/* Planted faults are reported by the attribute that is there for them, and nothing else is; the whole library runs. */
#include "test.h"

#include <stdlib.h>

#include "assess/explain.h"
#include "base/file.h"
#include "base/time.h"
#include "base/value.h"
#include "model/change.h"
#include "model/content.h"
#include "assess/words.h"
#include "seal/hash.h"

struct fixture {
	struct arena *a;
	struct state *s;
	uint64_t next;
	const struct value *doc;
};

static void feed(struct fixture *f, uint8_t kind, struct str body)
{
	struct state_entry en = { .index = f->next++, .kind = kind, .is_open = true, .body = body,
		.received_us = 1720000000 * US_PER_SECOND };
	struct err e;

	err_init(&e);
	assert_ok(state_apply(f->s, &en, &e), &e);
	if (state_refused(f->s) != NULL)
		fail_msg("%.*s: %s", STR_FMT(str_sub(body, 0, 200)), state_refused(f->s));
}

static void feed_changes(struct fixture *f, struct changes *c, size_t *from)
{
	for (; *from < c->n; (*from)++)
		feed(f, c->p[*from].kind, c->p[*from].body);
}

static void define_folder(struct fixture *f, const char *folder, const char *kind, const char *id, int pass)
{
	struct changes c = { .a = f->a };
	const struct value *docs;
	struct str name, text;
	struct value body;
	struct err e;
	size_t i, k, n, from = 0;

	for (i = 0; i < content_count(); i++) {
		text = content_at(i, &name);
		if (!str_starts(name, str_z(folder)) || (str_find(text, STR("\nderived_from:")) >= 0) != (pass == 1))
			continue;
		err_init(&e);
		assert_ok(yaml_parse(f->a, "content", text, &docs, &n, &e), &e);
		for (k = 0; k < n; k++) {
			body = docs[k];
			body.members++;                         /* "kind" stands first */
			body.n--;
			change_definition(&c, kind, value_text(&docs[k], id), &body);
		}
	}
	feed_changes(f, &c, &from);
}

/* References that a reader can compute: the first half of the identity's digest. */
static void subject(struct fixture *f, struct str identity)
{
	struct str rest = identity, kind = str_cut(&rest, ':');
	uint8_t d[32];

	sha256(identity.p, identity.n, d);
	feed(f, 3, arena_fmt(f->a, "{\"subjects\":[{\"identity\":\"%.*s\",\"kind\":\"%.*s\",\"ref\":\"%.*s\"}]}", STR_FMT(rest),
	    STR_FMT(kind), STR_FMT(hex_str(f->a, d, 16))));
}

static void put_fields(struct buf *b, const struct value *base, const struct value *set, const struct value *without)
{
	const char *between = "";
	size_t i, k;
	bool drop;

	buf_c(b, '{');
	for (i = 0; i < base->n; i++) {
		drop = value_get_str(set, base->members[i].key) != NULL;
		for (k = 0; without != NULL && k < without->n; k++)
			drop = drop || str_eq(without->items[k].text, base->members[i].key);
		if (drop)
			continue;
		buf_z(b, between);
		json_put_str(b, base->members[i].key);
		buf_c(b, ':');
		json_put(b, &base->members[i].value);
		between = ",";
	}
	for (i = 0; set != NULL && i < set->n; i++) {
		buf_z(b, between);
		json_put_str(b, set->members[i].key);
		buf_c(b, ':');
		json_put(b, &set->members[i].value);
		between = ",";
	}
	buf_c(b, '}');
}

static uint64_t number(const struct value *v, const char *name)
{
	const struct value *m = value_get(v, name);
	uint64_t n = 0;

	return m != NULL && num_u64(m->text, UINT64_MAX, &n) ? n : 0;
}

static void plant_probes(struct fixture *f, const struct value *v)
{
	uint64_t n = number(v, "n"), down = number(v, "down"), skip = number(v, "skip"), i;
	int64_t at;

	assert_int_equal(instant_parse(value_text(v, "from"), NULL, &at), TIME_SURE);
	for (i = 0; i < n; i++) {
		if (i >= 100 && i < 100 + skip)
			continue;
		feed(f, 3, arena_fmt(f->a, "{\"op\":\"item\",\"collection\":\"probe\",\"fields\":{\"monitor\":\"%.*s\",\"at\":\"%.*s\","
		    "\"location\":\"fra\",\"status\":\"%s\"}}", STR_FMT(value_text(v, "monitor")),
		    STR_FMT(instant_fmt(f->a, at + (int64_t)i * 300 * US_PER_SECOND)), i >= 200 && i < 200 + down ? "down" : "up"));
	}
}

static void plant(struct fixture *f, const struct value *v)
{
	const struct value *base = value_get(value_get(f->doc, "base"), arena_z(f->a, value_text(v, "in")));
	struct buf b;

	if (value_get(v, "probes") != NULL) {
		plant_probes(f, value_get(v, "probes"));
		return;
	}
	assert_non_null(base);
	buf_init(&b, 1 << 20);
	buf_z(&b, "{\"op\":\"item\",\"collection\":");
	json_put_str(&b, value_text(v, "in"));
	if (value_get(v, "as_of") != NULL) {
		buf_z(&b, ",\"as_of\":");
		json_put_str(&b, value_text(v, "as_of"));
	}
	buf_z(&b, ",\"fields\":");
	put_fields(&b, base, value_get(v, "set"), value_get(v, "without"));
	buf_c(&b, '}');
	feed(f, 3, arena_str(f->a, buf_view(&b)));
	buf_done(&b);
}

/* The same thing some days later: each time and each date in it, and each text of its key, so that it is another item. */
static struct str moved(struct fixture *f, const struct collection *c, const struct member *m, int64_t days, unsigned month)
{
	const struct field *field = collection_field(c, m->key);
	int64_t at;
	size_t i;

	if (field == NULL || m->value.type != VALUE_STRING)
		return STR_NONE;
	if (field->type == FIELD_DATE && date_parse(m->value.text, &at))
		return date_fmt(f->a, at + days);
	if (field->type == FIELD_TIMESTAMP && instant_parse(m->value.text, NULL, &at) == TIME_SURE)
		return instant_fmt(f->a, at + days * US_PER_DAY);
	for (i = 0; i < c->n_key; i++)
		if (c->fields[c->key[i]].index == field->index && field->type == FIELD_STRING)
			return arena_fmt(f->a, "%.*s-y%u", STR_FMT(m->value.text), month);
	return STR_NONE;
}

/* Of each sound item one a month, July 2023 to June 2024: another event, or another listing that shows the same. */
static void plant_year(struct fixture *f, const char *without)
{
	static const int64_t starts[12] = { -244, -213, -182, -152, -121, -91, -60, -29, 0, 31, 61, 92 };
	const struct value *base = value_get(f->doc, "base");
	const struct collection *c;
	struct str s;
	struct buf b;
	size_t i, k;
	unsigned m;

	for (i = 0; i < base->n; i++) {
		c = schema_find(state_schema(f->s), base->members[i].key);
		assert_non_null(c);
		if (c->is_derived || (without != NULL && str_is(c->name, without)))
			continue;
		for (m = 0; m < 12; m++) {
			buf_init(&b, 1 << 20);
			buf_fmt(&b, "{\"op\":\"item\",\"collection\":\"%.*s\"", STR_FMT(c->name));
			if (c->n_period == 0)
				buf_fmt(&b, ",\"as_of\":\"%.*sT00:00:00Z\"", STR_FMT(date_fmt(f->a, 19783 + 14 + starts[m])));
			buf_z(&b, ",\"fields\":{");
			for (k = 0; k < base->members[i].value.n; k++) {
				const struct member *at = &base->members[i].value.members[k];

				buf_z(&b, k > 0 ? "," : "");
				json_put_str(&b, at->key);
				buf_c(&b, ':');
				s = c->n_period > 0 ? moved(f, c, at, starts[m], m) : STR_NONE;
				if (s.p != NULL)
					json_put_str(&b, s);
				else
					json_put(&b, &at->value);
			}
			buf_z(&b, "}}");
			feed(f, 3, arena_str(f->a, buf_view(&b)));
			buf_done(&b);
		}
	}
}

static struct fixture *fixture_new(const char *without)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	static const char *const identities[] = { "hr:ada", "hr:bob", "email:ada@example.com", "email:nobody@example.com" };
	const char *root = getenv("TICKMARK_SOURCE");
	const struct value *items;
	struct str text;
	struct err e;
	size_t i, n;

	err_init(&e);
	f->a = arena_new();
	assert_ok(state_open("", DB_MEMORY, NULL, &f->s, &e), &e);
	assert_ok(state_begin(f->s, &e), &e);
	define_folder(f, "parameters", "parameter", "name", 0);
	define_folder(f, "populations/", "population", "name", 0);
	define_folder(f, "populations/", "population", "name", 1);
	define_folder(f, "controls/", "control", "id", 0);
	assert_ok(file_read(f->a, arena_z(f->a, arena_fmt(f->a, "%s/tests/assess/faults.yaml", root)), 1 << 20, &text, &e), &e);
	assert_ok(yaml_parse(f->a, "faults.yaml", text, &f->doc, &n, &e), &e);
	for (i = 0; i < ARRAY_LEN(identities); i++)
		subject(f, str_z(identities[i]));
	feed(f, 3, STR("{\"op\":\"join\",\"a\":\"hr:ada\",\"b\":\"email:ada@example.com\"}"));
	items = value_get(f->doc, "items");
	plant_year(f, without);
	for (i = 0; i < items->n; i++)
		if (without == NULL || !str_is(value_text(&items->items[i], "in"), without))
			plant(f, &items->items[i]);
	return f;
}

static int setup(void **ctx)
{
	*ctx = fixture_new(NULL);
	return 0;
}

static int teardown(void **ctx)
{
	struct fixture *f = *ctx;

	if (f == NULL)
		return 0;
	state_close(f->s);
	arena_free(f->a);
	mem_free(f);
	return 0;
}

/* "<hr:ada>" as that subject's reference. */
static struct str with_references(struct fixture *f, struct str s)
{
	ptrdiff_t open = str_find(s, STR("<")), close = str_find(s, STR(">"));
	struct str identity;
	uint8_t d[32];

	if (open < 0 || close < open)
		return s;
	identity = str_sub(s, (size_t)open + 1, (size_t)(close - open) - 1);
	sha256(identity.p, identity.n, d);
	return arena_fmt(f->a, "%.*s%.*s%.*s", STR_FMT(str_sub(s, 0, (size_t)open)), STR_FMT(hex_str(f->a, d, 16)),
	    STR_FMT(str_sub(s, (size_t)close + 1, s.n)));
}

struct expected {
	struct str text, words;         /* what deviates, and what the result says of it */
	bool seen;
};

static const struct run_period year = { .from_day = 19539, .to_day = 19904, .now_us = 1720000000 * US_PER_SECOND };     /* 2023-07-01 to 2024-06-30 */

static void check_words(struct fixture *f, struct str what, struct str got, struct str want)
{
	struct str rest = want, part;

	while (rest.p != NULL) {
		part = str_trim(str_cut(&rest, '|'));
		if (str_find(got, part) < 0)
			fail_msg("%.*s says \"%.*s\" and not \"%.*s\"", STR_FMT(what), STR_FMT(got), STR_FMT(part));
	}
	(void)f;
}

/* What each attribute that cannot be told says, where the plan has words for it. */
static void check_unknown(struct fixture *f, const struct result *r, struct str name)
{
	const struct value *list = value_get(f->doc, "not_determinable"), *v;
	struct str unknown[ATTRIBUTES_MAX], filter, what;
	struct err e;
	size_t i;

	err_init(&e);
	assert_ok(explain_unknown(f->s, f->a, r, &year, unknown, &filter, &e), &e);
	for (i = 0; i < r->test->n_attributes; i++) {
		what = arena_fmt(f->a, "%.*s %c", STR_FMT(name), r->test->attributes[i].letter);
		assert_int_equal(unknown[i].n > 0, r->counts[i].unknown > 0);
		if ((v = value_get_str(list, what)) != NULL)
			check_words(f, what, unknown[i], v->text);
	}
	if ((v = value_get_str(value_get(f->doc, "says"), name)) != NULL)
		check_words(f, name, result_words(f->a, r), v->text);
}

static void check_result(struct fixture *f, const struct result *r, struct expected *want, size_t n_want)
{
	struct explained *why;
	struct err e;
	struct str name = arena_fmt(f->a, "%.*s %.*s", STR_FMT(r->control->id), STR_FMT(r->test->id)), got;
	const struct value *counts = value_get(f->doc, "counts"), *v, *none = value_get(f->doc, "no_occurrences");
	char numbers[3][24];
	size_t i, k;

	err_init(&e);
	assert_ok(explain_deviations(f->s, f->a, r, &year, r->n_deviations, &why, &e), &e);
	if (r->test->population != NULL)
		check_unknown(f, r, name);
	for (i = 0; i < r->n_deviations; i++) {
		got = arena_fmt(f->a, "%.*s %s %.*s", STR_FMT(name), r->deviations[i].letters, STR_FMT(r->deviations[i].key));
		for (k = 0; k < n_want && !str_eq(want[k].text, got); k++)
			;
		if (k == n_want)
			fail_msg("nobody planted %.*s", STR_FMT(got));
		want[k].seen = true;
		check_words(f, got, why[i].why, want[k].words);
		if (why[i].n_seen > 0 && (v = value_get_str(value_get(f->doc, "seen"), got)) != NULL)
			check_words(f, got, seen_words(f->a, why[i].seen, why[i].n_seen, state_zone(f->s)), v->text);
	}
	for (i = 0; i < r->test->n_attributes; i++) {
		v = value_get_str(counts, arena_fmt(f->a, "%.*s %c", STR_FMT(name), r->test->attributes[i].letter));
		if (v == NULL)
			continue;
		(void)snprintf(numbers[0], 24, "%llu", (unsigned long long)r->counts[i].meets);
		(void)snprintf(numbers[1], 24, "%llu", (unsigned long long)r->counts[i].deviates);
		(void)snprintf(numbers[2], 24, "%llu", (unsigned long long)r->counts[i].unknown);
		for (k = 0; k < 3; k++)
			if (!str_is(v->items[k].text, numbers[k]))
				fail_msg("%.*s %c counts %s, %s, %s of %llu tested", STR_FMT(name), r->test->attributes[i].letter, numbers[0],
				    numbers[1], numbers[2], (unsigned long long)r->tested);
	}
	if (value_get_str(value_get(f->doc, "undated"), name) != NULL)
		assert_int_equal(r->undated, number(value_get(f->doc, "undated"), arena_z(f->a, name)));
	for (i = 0; i < none->n; i++)
		if (str_eq(none->items[i].text, name))
			assert_true(r->state == TEST_NO_ITEMS || r->state == TEST_NO_OCCURRENCES);
}

static void every_planted_fault_is_reported_and_nothing_else(void **ctx)
{
	struct fixture *f = *ctx;
	const struct value *list = value_get(f->doc, "deviations");
	struct expected *want = ARENA_ARRAY(f->a, list->n, struct expected);
	const struct run_period p = year;
	struct control **controls;
	struct result *r;
	struct err e;
	size_t n, i, k;

	err_init(&e);
	for (i = 0; i < list->n; i++) {
		struct str rest = with_references(f, list->items[i].text);
		ptrdiff_t arrow = str_find(rest, STR(" => "));

		assert_true(arrow > 0);                 /* every deviation is planted with its words */
		want[i].text = str_sub(rest, 0, (size_t)arrow);
		want[i].words = str_sub(rest, (size_t)arrow + 4, rest.n);
	}
	assert_ok(controls_load(f->s, f->a, &controls, &n, &e), &e);
	assert_int_equal(n, 90);
	for (i = 0; i < n; i++) {
		for (k = 0; k < controls[i]->n_tests; k++) {
			assert_ok(test_run(f->s, f->a, controls[i], &controls[i]->tests[k], &p, &r, &e), &e);
			check_result(f, r, want, list->n);
		}
	}
	for (i = 0; i < list->n; i++)
		if (!want[i].seen)
			fail_msg("not reported: %.*s", STR_FMT(want[i].text));
}

/* Fault 40 of the specification: the day is that of the zone, not that of UTC. */
static void an_item_late_on_the_last_day_is_inside_the_period(void **ctx)
{
	struct fixture *f = *ctx;
	struct run_period p = { .now_us = 1720000000 * US_PER_SECOND };
	struct control **controls;
	struct changes c = { .a = f->a };
	struct result *r = NULL;
	struct zone *zone;
	struct err e;
	struct buf b;
	size_t n, i, from = 0;

	err_init(&e);
	assert_ok(zone_from_host(f->a, STR("America/New_York"), &zone, &e), &e);
	buf_init(&b, 1 << 20);
	zone_put(&b, zone);
	change_definition_text(&c, "zone", STR("zone"), buf_view(&b));
	buf_done(&b);
	feed_changes(f, &c, &from);
	feed(f, 3, STR("{\"op\":\"item\",\"collection\":\"governance_meeting\",\"fields\":{\"meeting_id\":\"late\","
	    "\"held_at\":\"2024-07-01T03:30:00Z\",\"independent_attendees\":1,\"control_topics\":[\"a\"],\"minutes_ref\":\"m\","
	    "\"minutes_approved_at\":\"2024-07-03T00:00:00Z\"}}"));
	feed(f, 3, STR("{\"op\":\"item\",\"collection\":\"governance_meeting\",\"fields\":{\"meeting_id\":\"too late\","
	    "\"held_at\":\"2024-07-01T04:30:00Z\"}}"));
	assert_true(date_parse(STR("2023-07-01"), &p.from_day) && date_parse(STR("2024-06-30"), &p.to_day));
	assert_ok(controls_load(f->s, f->a, &controls, &n, &e), &e);
	for (i = 0; i < n; i++)
		if (str_is(controls[i]->id, "GOV-02"))
			assert_ok(test_run(f->s, f->a, controls[i], &controls[i]->tests[0], &p, &r, &e), &e);
	assert_non_null(r);
	assert_int_equal(r->tested, 14);                /* twelve sound ones and theirs, and the late one, once */
}

/* Fault 31: a list of flaws that are exploited elsewhere is no list of flaws here. */
static void a_list_of_exploited_flaws_is_no_occurrence_of_one(void **ctx)
{
	struct fixture *f = fixture_new("vulnerability");
	struct control **controls;
	struct result *r;
	struct err e;
	size_t n, i;

	*ctx = f;
	err_init(&e);
	assert_ok(controls_load(f->s, f->a, &controls, &n, &e), &e);
	for (i = 0; i < n; i++) {
		if (!str_is(controls[i]->id, "VUL-02") && !str_is(controls[i]->id, "RSK-07"))
			continue;
		assert_ok(test_run(f->s, f->a, controls[i], &controls[i]->tests[0], &year, &r, &e), &e);
		if (str_is(controls[i]->id, "VUL-02")) {
			assert_int_equal(r->state, TEST_NO_ITEMS);
			check_words(f, STR("VUL-02"), result_words(f->a, r), STR("No occurrences in vulnerability"));
		} else {
			assert_int_equal(r->state, TEST_MET);
			assert_int_equal(r->tested, 13);        /* one a month, and the planted one */
		}
	}
}

/* Fault 6: what no date places is listed by its key. */
static void an_undated_item_is_listed(void **ctx)
{
	struct fixture *f = *ctx;
	struct str *keys;
	struct err e;
	size_t n;

	err_init(&e);
	assert_ok(undated_items(f->s, f->a, schema_find(state_schema(f->s), STR("change")), 10, &keys, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_true(str_is(keys[0], "[\"acme\",\"f6\"]"));
}

/* What the tests say of one item is what they say of it among all. */
static void one_item_is_explained_alone(void **ctx)
{
	struct fixture *f = *ctx;
	struct said *said;
	struct err e;
	size_t n;

	err_init(&e);
	assert_ok(explain_item(f->s, f->a, schema_find(state_schema(f->s), STR("change")), STR("[\"acme\",\"f2\"]"), &year,
	    &said, &n, &e), &e);
	assert_int_equal(n, 2);
	assert_true(str_is(said[0].control->id, "CHG-01") && str_is(said[1].control->id, "IAM-09"));
	assert_true(str_is(said[1].why, "approver is the author"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_planted_fault_is_reported_and_nothing_else, setup, teardown),
		cmocka_unit_test_teardown(a_list_of_exploited_flaws_is_no_occurrence_of_one, teardown),
		cmocka_unit_test_setup_teardown(an_undated_item_is_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(one_item_is_explained_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(an_item_late_on_the_last_day_is_inside_the_period, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Expressions mean in SQLite what the language says: three values, unsupplied is not null, people after resolution. */
#include "test.h"

#include "assess/expr.h"
#include "base/value.h"
#include "model/content.h"
#include "model/state.h"

struct fixture {
	struct arena *a;
	struct state *s;
	uint64_t next;
};

static const char population[] = "{\"kind\":\"population\",\"id\":\"t\",\"body\":{\"name\":\"t\",\"description\":\"d\","
    "\"classification\":\"internal\",\"fields\":{\"k\":\"string\",\"n\":\"int\",\"d\":\"decimal\",\"w\":\"enum(x|y)\","
    "\"at\":\"timestamp\",\"till\":\"timestamp\",\"due\":\"date\",\"who\":\"subject\",\"by\":\"subject\","
    "\"list\":\"list(subject)\",\"ok\":\"bool\",\"note\":\"text personal\"},\"natural_key\":[\"k\"],"
    "\"period_field\":\"at\"}}";

static void feed(struct fixture *f, uint8_t kind, const char *body)
{
	struct state_entry en = { .index = f->next++, .kind = kind, .is_open = true, .body = str_z(body) };
	struct err e;

	err_init(&e);
	assert_ok(state_apply(f->s, &en, &e), &e);
}

static int setup(void **ctx)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct err e;

	err_init(&e);
	f->a = arena_new();
	if (state_open("", DB_MEMORY, NULL, &f->s, &e) != RC_OK || state_begin(f->s, &e) != RC_OK)
		return -1;
	feed(f, 4, population);
	feed(f, 4, "{\"kind\":\"population\",\"id\":\"person\",\"body\":{\"name\":\"person\",\"description\":\"d\","
	    "\"classification\":\"internal\",\"fields\":{\"person_id\":\"subject\"},\"natural_key\":[\"person_id\"],"
	    "\"period_field\":null}}");
	feed(f, 3, "{\"subjects\":[{\"kind\":\"l\",\"identity\":\"a\",\"ref\":\"000102030405060708090a0b0c0d0e0f\"},"
	    "{\"kind\":\"l\",\"identity\":\"b\",\"ref\":\"100102030405060708090a0b0c0d0e0f\"},"
	    "{\"kind\":\"l\",\"identity\":\"c\",\"ref\":\"200102030405060708090a0b0c0d0e0f\"},"
	    "{\"kind\":\"m\",\"identity\":\"a\",\"ref\":\"300102030405060708090a0b0c0d0e0f\"}]}");
	feed(f, 3, "{\"op\":\"item\",\"collection\":\"person\",\"fields\":{\"person_id\":\"l:a\"}}");
	feed(f, 3, "{\"op\":\"item\",\"collection\":\"person\",\"fields\":{\"person_id\":\"l:b\"}}");
	feed(f, 3, "{\"op\":\"join\",\"a\":\"l:a\",\"b\":\"m:a\"}");
	feed(f, 3, "{\"op\":\"item\",\"collection\":\"t\",\"fields\":{\"k\":\"1\",\"n\":3,\"d\":\"1.5\",\"w\":\"x\","
	    "\"at\":\"2024-01-01T00:00:00Z\",\"till\":\"2024-01-03T00:00:00Z\",\"due\":\"2024-01-02\",\"who\":\"l:a\","
	    "\"by\":\"m:a\",\"list\":[\"l:a\",\"l:b\"],\"ok\":true}}");
	feed(f, 3, "{\"op\":\"item\",\"collection\":\"t\",\"fields\":{\"k\":\"2\",\"n\":null,\"w\":\"y\",\"who\":\"l:a\","
	    "\"by\":\"l:c\",\"list\":[\"l:c\"],\"ok\":false,\"at\":null,\"note\":\"words\"}}");
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

static enum rc compile(struct fixture *f, const char *text, const struct expr **x, struct err *e)
{
	static const struct parameter parameters[] = { { { "two", 3 }, 2000000 }, { { "half", 4 }, 500000 } };
	struct expr_scope *scope = ARENA_NEW(f->a, struct expr_scope);

	scope->collection = schema_find(state_schema(f->s), STR("t"));
	scope->parameters = parameters;
	scope->n_parameters = 2;
	err_init(e);
	return expr_compile_condition(f->a, str_z(text), (struct expr_place){ "t.yaml", 7, 10 }, scope, x, e);
}

/* '1', '0' or '?' of the item with that key. */
static char verdict(struct fixture *f, const char *text, const char *key)
{
	static const struct expr_binding to = { .row = "i", .asof = "1704412800000000" };       /* 2024-01-05 */
	const struct expr *x;
	struct err e;
	struct buf b;
	int64_t v = 9;

	assert_ok(compile(f, text, &x, &e), &e);
	buf_init(&b, 1 << 20);
	buf_z(&b, "SELECT ifnull(");
	expr_sql(x, &to, &b);
	buf_fmt(&b, ",2) FROM item_t i WHERE key='[\"%s\"]'%c", key, 0);
	assert_ok(db_i64(state_db(f->s), (const char *)b.p, 9, &v, &e), &e);
	buf_done(&b);
	return v == 1 ? '1' : v == 0 ? '0' : v == 2 ? '?' : 'x';
}

static void each_construct_has_its_three_values(void **ctx)
{
	static const struct {
		const char *text;
		char first, second;
	} cases[] = {
		{ "n = 3", '1', '?' }, { "n != 3", '0', '?' }, { "n >= 2.5", '1', '?' }, { "n + 1 = 4", '1', '?' },
		{ "d = 1.5", '1', '?' }, { "d < param(two)", '1', '?' }, { "d - param(half) = 1", '1', '?' },
		{ "n = null", '0', '1' }, { "n != null", '1', '0' }, { "d = null", '0', '?' }, { "note = null", '?', '0' },
		{ "w = x", '1', '0' }, { "w != y", '1', '0' }, { "k = '1'", '1', '0' }, { "ok", '1', '0' }, { "not ok", '0', '1' },
		{ "ok = false", '0', '1' }, { "at < till", '1', '?' }, { "hours(at, till) = 48", '1', '?' },
		{ "hours(at, till) <= 47.999999", '0', '?' }, { "days(at, till) = 2", '1', '?' }, { "days(at, asof) = 4", '1', '?' },
		{ "till <= due", '1', '?' }, { "days(at, due) = 2", '1', '?' }, { "hours(at, till) = days(at, till)", '0', '?' },
		{ "who = by", '1', '?' }, { "who != by", '0', '?' }, { "count(list) = 2", '1', '0' },
		{ "count(without(list, who)) = 1", '1', '?' }, { "count(without(without(list, who), by)) = 1", '1', '?' },
		{ "n = 3 or ok", '1', '?' }, { "n = 3 and ok", '1', '0' }, { "not (n = 3)", '0', '?' },
		{ "n = 3 or w = y", '1', '1' }, { "asof > at or true", '1', '1' }, { "-1 < n", '1', '?' },
	};
	struct fixture *f = *ctx;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		char first = verdict(f, cases[i].text, "1"), second = verdict(f, cases[i].text, "2");

		if (first != cases[i].first || second != cases[i].second)
			fail_msg("%s gave %c and %c", cases[i].text, first, second);
	}
}

static void what_does_not_type_check_is_refused_at_its_character(void **ctx)
{
	static const struct {
		const char *text, *place;
	} bad[] = {
		{ "", "t.yaml:7:10: " }, { "n =", "t.yaml:7:13: " }, { "n = 'a'", "t.yaml:7:12: " }, { "nn = 1", "t.yaml:7:10: " },
		{ "w = z", "t.yaml:7:14: " }, { "k = x", "t.yaml:7:12: " }, { "n", "t.yaml:7:10: " }, { "n = 1 and d", "t.yaml:7:20: " },
		{ "who = 'a'", "t.yaml:7:14: " }, { "who < by", "t.yaml:7:14: " }, { "note = 'a'", "t.yaml:7:10: " },
		{ "count(n) = 1", "t.yaml:7:16: " }, { "list = list", "t.yaml:7:15: " }, { "n < null", "t.yaml:7:12: " },
		{ "hours(n, at) < 1", "t.yaml:7:16: " }, { "param(three) = 3", "t.yaml:7:16: " }, { "rows() = 1", "t.yaml:7:10: " },
		{ "f(n) = 1", "t.yaml:7:10: " }, { "n = 1 )", "t.yaml:7:16: " }, { "n = 1.2345678", "t.yaml:7:14: " },
		{ "k = 'a", "t.yaml:7:14: " }, { "n = 1\n and d = ;", "t.yaml:8:10: " }, { "x = y", "t.yaml:7:12: " },
		{ "n = 1 = 1", "t.yaml:7:16: " }, { "(1 + n) = null", "t.yaml:7:13: " },
	};
	struct fixture *f = *ctx;
	const struct expr *x = NULL;
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (compile(f, bad[i].text, &x, &e) != RC_INVALID || strncmp(e.msg, bad[i].place, strlen(bad[i].place)) != 0)
			fail_msg("%s gave \"%s\"", bad[i].text, e.msg);
	assert_null(x);
}

static void depth_is_bounded(void **ctx)
{
	struct fixture *f = *ctx;
	const struct expr *x;
	struct err e;
	struct buf b;
	int i;

	buf_init(&b, 1 << 20);
	for (i = 0; i < 5000; i++)
		buf_c(&b, '(');
	buf_u8(&b, 0);
	assert_int_equal(compile(f, (const char *)b.p, &x, &e), RC_INVALID);
	buf_clear(&b);
	for (i = 0; i < 3000; i++)
		buf_z(&b, "not ");
	buf_u8(&b, 0);
	assert_int_equal(compile(f, (const char *)b.p, &x, &e), RC_INVALID);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_construct_has_its_three_values, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_type_check_is_refused_at_its_character, setup, teardown),
		cmocka_unit_test_setup_teardown(depth_is_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

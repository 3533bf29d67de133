/* A file on its way in, with three threads at it: what comes of it is what one would have made, and what was acked is
 * there whatever fails. */
#include "test.h"

#include <errno.h>

#include "../ledger/double.h"
#include "collect/ingest.h"
#include "model/change.h"

enum { ROWS = 30000, PEOPLE = 701 };

static int64_t clock_us(void) { return 1700000000000000; }

static struct org_env env = { { NULL, NULL, NULL }, clock_us };
static const struct key_source key = { .key_file = NULL };
static const char definition[] = "{\"name\":\"change\",\"description\":\"Changes.\",\"classification\":\"internal\",\"fields\":{"
    "\"change_id\":\"string\",\"author\":\"subject\",\"merged_at\":\"timestamp\"},\"natural_key\":[\"change_id\"],"
    "\"period_field\":\"merged_at\"}";

/* The same with a field more: what is mapped behind it is mapped by another schema. */
static const char extended[] = "{\"name\":\"change\",\"description\":\"Changes.\",\"classification\":\"internal\",\"fields\":{"
    "\"change_id\":\"string\",\"author\":\"subject\",\"merged_at\":\"timestamp\",\"note\":\"string\"},"
    "\"natural_key\":[\"change_id\"],\"period_field\":\"merged_at\"}";

struct fixture {
	char base[100], dir[120];
	struct mapper *mapper;
	struct arena *a;
	struct buf csv;
	struct {
		uint64_t index;
		uint8_t leaf[32];
	} *acked;
	size_t n_acked;
};

static void acked(void *ctx, uint64_t index, const uint8_t leaf[32])
{
	struct fixture *f = ctx;

	f->acked[f->n_acked].index = index;
	memcpy(f->acked[f->n_acked++].leaf, leaf, 32);
}

/* Rows of people who come again and again; each hundredth cannot be read, as it is no UTF-8. */
static void table(struct buf *b, unsigned rows)
{
	unsigned i;

	buf_clear(b);
	buf_z(b, "change_id,author,merged_at\n");
	for (i = 0; i < rows; i++)
		buf_fmt(b, "C-%u,email:p%u@example.com,%s\n", i * 7919 % 1000003, i * 31 % PEOPLE,
		    i % 100 == 99 ? "\xff" : "2023-05-01T10:00:00Z");
}

static int setup(void **ctx)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	(void)snprintf(f->base, sizeof(f->base), "/tmp/tickmark-test-XXXXXX");
	if (mkdtemp(f->base) == NULL)
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "%s/org", f->base);
	f->a = arena_new();
	f->acked = mem_alloc((ROWS + 10000) * sizeof(*f->acked));
	buf_init(&f->csv, 64 << 20);
	*ctx = f;
	return 0;
}

static void empty(const struct fixture *f)
{
	char command[200];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'/*", f->base);
	assert_int_equal(system(command), 0);
}

static int teardown(void **ctx)
{
	struct fixture *f = *ctx;

	empty(f);
	(void)rmdir(f->base);
	mapper_free(f->mapper);
	buf_done(&f->csv);
	mem_free(f->acked);
	arena_free(f->a);
	mem_free(f);
	return 0;
}

/* A mapper is of one organization. */
static void mapper_again(struct fixture *f)
{
	mapper_free(f->mapper);
	f->mapper = mapper_new();
	env.hooks = mapper_hooks(f->mapper);
}

static void define(struct fixture *f, struct org *o, struct str body)
{
	struct changes c = { .a = f->a };
	uint64_t first;
	size_t from = 0;
	struct err e;

	err_init(&e);
	change_definition_text(&c, "population", STR("change"), body);
	assert_ok(org_edit_begin(o, &e), &e);
	assert_ok(org_edit_changes(o, &c, &from, &e), &e);
	assert_ok(org_edit_end(o, &first, &e), &e);
}

static struct org *create(struct fixture *f)
{
	struct org *o;
	struct err e;

	err_init(&e);
	mapper_again(f);
	assert_ok(org_create(f->dir, STR_NONE, &key, false, &env, &o, &e), &e);
	define(f, o, STR(definition));
	return o;
}

static enum rc take(struct fixture *f, struct org *o, struct ingest_outcome *out, struct err *e)
{
	const struct ingest_how how = { .source = STR("csv:change"), .path = "table.csv", .file = STR("table.csv"),
		.bytes = buf_view(&f->csv), .acked = acked, .ctx = f };

	f->n_acked = 0;
	return ingest_file(o, &how, out, e);
}

static int64_t count(struct org *o, const char *sql)
{
	struct err e;
	int64_t n;

	err_init(&e);
	assert_ok(db_i64(state_db(org_state(o)), sql, -1, &n, &e), &e);
	return n;
}

/* Each entry that was acked is there with its leaf, and the view has come as far. */
static void compare(const struct fixture *f, struct org *o)
{
	struct opened got;
	struct err e;
	size_t i;

	err_init(&e);
	for (i = 0; i < f->n_acked; i += f->n_acked > 2000 && i > 200 && i + 200 < f->n_acked ? 97 : 1) {
		assert_true(i == 0 || f->acked[i].index > f->acked[i - 1].index);
		assert_ok(ledger_read(org_ledger(o), f->a, f->acked[i].index, &got, &e), &e);
		assert_int_equal(got.verdict, VERDICT_INTACT);
		assert_memory_equal(got.leaf, f->acked[i].leaf, 32);
	}
	assert_int_equal(state_applied(org_state(o)), ledger_size(org_ledger(o)));
}

static void everything_of_a_file_arrives_once_and_in_order(void **ctx)
{
	struct fixture *f = *ctx;
	struct ingest_outcome out;
	uint64_t n = 0, items;
	struct org *o;
	struct err e;
	const struct state_table *t;
	uint64_t differences = 0;
	struct db *live;
	struct state *again;
	int round;

	err_init(&e);
	table(&f->csv, ROWS);
	o = create(f);
	for (round = 0; round < 2; round++) {
		assert_ok(take(f, o, &out, &e), &e);
		assert_true(out.complete);
		assert_int_equal(out.in, ROWS);
		assert_int_equal(out.rejected, ROWS / 100);
		assert_int_equal(out.kept, round == 0 ? ROWS - ROWS / 100 : 0);
		assert_int_equal(out.duplicate, round == 0 ? 0 : ROWS - ROWS / 100);
		assert_int_equal(count(o, "SELECT count(*) FROM item_change"), ROWS - ROWS / 100);
		assert_int_equal(count(o, "SELECT count(*) FROM identity"), PEOPLE);
		assert_int_equal(count(o, "SELECT count(*) FROM unread"), 0);
		assert_int_equal(count(o, "SELECT count(*) FROM rejected"), ROWS / 100 * (round + 1));
		compare(f, o);
		define(f, o, STR(extended));
	}
	table(&f->csv, ROWS + 5000);                    /* and some that are new */
	assert_ok(take(f, o, &out, &e), &e);
	assert_int_equal(out.kept, 5000 - 50);
	/* rows stand in the order of the file, whichever thread was fast */
	items = (uint64_t)count(o, "SELECT count(*) FROM item_change a JOIN item_change b ON b.id=a.id+1 WHERE b.entry<=a.entry");
	assert_int_equal(items, 0);
	assert_ok(state_open("", DB_MEMORY, &env.hooks, &again, &e), &e);
	assert_ok(org_replay(o, again, ledger_size(org_ledger(o)), NULL, NULL, &e), &e);
	assert_ok(state_tables(again, f->a, &t, &e), &e);
	live = state_db(org_state(o));
	for (; t->table != NULL; t++) {
		assert_ok(db_compare(live, state_db(again), t->table, t->key, 0, NULL, NULL, &n, &e), &e);
		differences += n;
	}
	assert_int_equal(differences, 0);
	state_close(again);
	assert_ok(org_close(o, &e), &e);
	empty(f);
}

static void whatever_fails_what_was_acked_is_there(void **ctx)
{
	static const int why[] = { ENOSPC, EIO };
	struct fixture *f = *ctx;
	struct ingest_outcome out;
	struct org *o;
	bool refused = true;
	struct err e;
	size_t nth, failures = 0;
	enum rc rc;

	table(&f->csv, 9500);                           /* three batches */
	for (nth = 0; refused; nth += 1 + nth / 3) {
		double_start(f->base);
		o = create(f);
		err_init(&e);
		double_refuse(nth, why[nth % 2], false);
		rc = take(f, o, &out, &e);
		refused = double_refused();
		double_relent();
		if (rc == RC_OK)
			assert_ok(org_close(o, &e), &e);
		else
			org_abandon(o);
		double_stop();
		failures += rc != RC_OK;
		if (rc != RC_OK && rc != RC_NO_SPACE && rc != RC_IO && rc != RC_UNKNOWN)
			fail_msg("call %zu refused: %s: %s", nth, rc_name(rc), e.msg);
		err_init(&e);
		mapper_again(f);
		assert_ok(org_open(f->dir, ORG_WRITE, &key, &env, &o, &e), &e);
		compare(f, o);
		assert_ok(take(f, o, &out, &e), &e);    /* and the rest is taken in when it is fed again */
		assert_int_equal(count(o, "SELECT count(*) FROM item_change"), 9500 - 95);
		assert_int_equal(count(o, "SELECT count(*) FROM identity"), PEOPLE);
		assert_ok(org_close(o, &e), &e);
		empty(f);
	}
	assert_true(failures > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_of_a_file_arrives_once_and_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(whatever_fails_what_was_acked_is_there, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* store/sqlite.c */
#include "test.h"

#include "store/store.h"

struct told {
	int n;
	char last[200];
};

static void note(void *ctx, const char *table, struct str key)
{
	struct told *t = ctx;

	t->n++;
	(void)snprintf(t->last, sizeof t->last, "%s: %.*s", table, STR_FMT(key));
}

static void comparison_names_table_and_key_of_each_difference(void **state)
{
	struct db *a = NULL, *b = NULL;
	struct told told = { 0 };
	struct err e;
	uint64_t n;

	(void)state;
	assert_ok(db_open(NULL, DB_MEMORY, &a, &e), &e);
	assert_ok(db_open(NULL, DB_MEMORY, &b, &e), &e);
	assert_ok(db_exec(a, "CREATE TABLE t(k INTEGER, v TEXT) STRICT; INSERT INTO t VALUES(1,'a'),(2,'b'),(4,NULL)", &e), &e);
	assert_ok(db_exec(b, "CREATE TABLE t(k INTEGER, v TEXT) STRICT; INSERT INTO t VALUES(1,'a'),(2,'B'),(3,'c'),(4,'')", &e), &e);
	assert_ok(db_compare(a, b, "t", "k", 10, note, &told, &n, &e), &e);
	assert_int_equal(n, 3);
	assert_int_equal(told.n, 3);
	assert_string_equal(told.last, "t: 4");
	assert_ok(db_compare(a, a, "t", "k", 10, note, &told, &n, &e), &e);
	assert_int_equal(n, 0);
	db_close(a);
	db_close(b);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	char path[] = "/tmp/tickmark-test-XXXXXX";
	struct db *db = NULL;
	struct err e;
	int fd = mkstemp(path);
	int64_t v;
	enum rc rc;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "this is no database, as anybody can see", 39), 39);
	(void)close(fd);
	rc = db_open(path, DB_READ, &db, &e);
	if (rc == RC_OK)
		rc = db_i64(db, "SELECT count(*) FROM sqlite_schema", 0, &v, &e);
	assert_int_equal(rc, RC_ALTERED);
	db_close(db);
	(void)unlink(path);
	db = NULL;
	assert_int_equal(db_open(path, DB_READ, &db, &e), RC_NOT_FOUND);
	assert_null(db);
}

static void what_is_only_read_may_have_tables_in_memory(void **state)
{
	char folder[] = "/tmp/tickmark-test-XXXXXX", path[64];
	struct db *db = NULL;
	struct err e;
	int64_t v = 0;

	(void)state;
	err_init(&e);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/a.db", folder);
	assert_ok(db_open(path, DB_SCRATCH, &db, &e), &e);
	assert_ok(db_exec(db, "CREATE TABLE t(a INTEGER) STRICT; INSERT INTO t VALUES(7)", &e), &e);
	db_close(db);
	assert_ok(db_open(path, DB_READ, &db, &e), &e);
	assert_ok(db_temporary(db, "CREATE TEMP TABLE m AS SELECT a FROM t", &e), &e);
	assert_ok(db_i64(db, "SELECT a FROM temp.m", 0, &v, &e), &e);
	assert_int_equal(v, 7);
	assert_int_not_equal(db_temporary(db, "INSERT INTO t VALUES(8)", &e), RC_OK);
	assert_int_not_equal(db_exec(db, "INSERT INTO temp.m VALUES(8)", &e), RC_OK);
	db_close(db);
	(void)unlink(path);
	(void)rmdir(folder);
}

static void names_and_texts_cannot_leave_their_quotes(void **state)
{
	struct db *db = NULL;
	struct err e;
	struct buf b;
	int64_t n;

	(void)state;
	buf_init(&b, 1000);
	buf_z(&b, "SELECT count(*) FROM (SELECT ");
	sql_text(&b, STR("it's'; DROP TABLE x; --"));
	buf_z(&b, " AS ");
	sql_name(&b, STR("a\" b"));
	buf_z(&b, ")");
	buf_u8(&b, 0);
	assert_ok(db_open(NULL, DB_MEMORY, &db, &e), &e);
	assert_ok(db_i64(db, (const char *)b.p, 0, &n, &e), &e);
	assert_int_equal(n, 1);
	db_close(db);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparison_names_table_and_key_of_each_difference),
		cmocka_unit_test(a_file_that_is_no_database_is_refused),
		cmocka_unit_test(what_is_only_read_may_have_tables_in_memory),
		cmocka_unit_test(names_and_texts_cannot_leave_their_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

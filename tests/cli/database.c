/* A database that was altered: whichever byte of state.db is another, verify's compare names table and key, or says that it
 * cannot be read, or no row and no index is another.  What it passes over in silence is judged by other means here: every
 * row of every table as text, and SQLite's own check.  TICKMARK_SOAK: 2,000 bytes, else 200. */
#include "small.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "seal/hash.h"

struct fixture {
	struct small s;
	char copy[160];
	size_t n;
	uint8_t *bytes;
	int fd;
	struct org_replayed r;
	uint8_t rows[32];               /* digest of all rows */
	uint64_t told;
	char last[400];
};

static uint64_t seed = 42;

static uint64_t pick(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % n;
}

static void tell(void *ctx, const char *table, struct str key)
{
	struct fixture *f = ctx;

	f->told++;
	(void)snprintf(f->last, sizeof(f->last), "%s: %.*s", table, (int)(key.n > 300 ? 300 : key.n), key.p != NULL ? key.p : "");
	assert_true(table[0] != 0 && key.n > 0);
}

/* All rows of all tables, as SQLite writes them out; false: they cannot be read. */
static bool digest_of(struct db *db, uint8_t out[32])
{
	struct stmt *tables = NULL, *rows = NULL;
	struct arena *a = arena_new();
	struct sha256 *h = sha256_new();
	struct err e;
	bool table, row;
	int c;
	enum rc rc;

	err_init(&e);
	rc = db_prepare(db, STR("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name"), &tables, &e);
	while (rc == RC_OK && (rc = stmt_step(tables, &table, &e)) == RC_OK && table) {
		struct str sql = arena_fmt(a, "SELECT * FROM \"%.*s\"", STR_FMT(column_text(tables, 0)));

		sha256_add(h, sql.p, sql.n);
		rc = db_prepare(db, sql, &rows, &e);
		while (rc == RC_OK && (rc = stmt_step(rows, &row, &e)) == RC_OK && row) {
			for (c = 0; c < stmt_columns(rows); c++) {
				uint8_t head[9] = { (uint8_t)column_type(rows, c) };
				struct str text = column_blob(rows, c);

				put_u64(head + 1, column_type(rows, c) == COLUMN_INT ? (uint64_t)column_i64(rows, c) : text.n);
				sha256_add(h, head, sizeof(head));
				if (column_type(rows, c) != COLUMN_INT && text.n > 0)
					sha256_add(h, text.p, text.n);
			}
		}
		stmt_free(rows);
		rows = NULL;
	}
	stmt_free(tables);
	sha256_end(h, out);
	sha256_free(h);
	arena_free(a);
	return rc == RC_OK;
}

static bool is_sound(struct db *db)
{
	struct stmt *st = NULL;
	struct err e;
	bool row, sound;

	err_init(&e);
	if (db_prepare(db, STR("PRAGMA integrity_check(1)"), &st, &e) != RC_OK)
		return false;
	sound = stmt_step(st, &row, &e) == RC_OK && row && str_is(column_text(st, 0), "ok");
	stmt_free(st);
	return sound;
}

static int setup(void **ctx)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	const struct org_env env = (small_make(&f->s, 30, false), cli_env(&f->s.c));
	char folder[100];
	struct key_source k = { 0 };
	struct str bytes;
	struct db *db;
	struct err e;

	err_init(&e);
	(void)snprintf(folder, sizeof(folder), "%s/beside", f->s.base);
	(void)snprintf(f->copy, sizeof(f->copy), "%s/state.db", folder);
	assert_ok(folder_make(folder, &e), &e);
	(void)snprintf(f->last, sizeof(f->last), "%s/state.db", f->s.dir);
	assert_ok(file_read(f->s.a, f->last, (size_t)1 << 30, &bytes, &e), &e);
	assert_ok(file_write(f->copy, bytes.p, bytes.n, &e), &e);
	provider_close(f->s.provider);
	f->s.provider = NULL;
	assert_ok(org_key(f->s.dir, &k, &f->s.provider, &e), &e);
	assert_ok(org_replay_beside(f->s.dir, folder, f->s.provider, &env, &f->r, &e), &e);
	f->s.provider = NULL;
	db_close(f->r.stored);
	f->r.stored = NULL;
	assert_ok(file_read(f->s.a, f->copy, (size_t)1 << 30, &bytes, &e), &e);
	f->n = bytes.n;
	f->bytes = mem_dup(bytes.p, bytes.n);
	f->fd = open(f->copy, O_RDWR | O_CLOEXEC);
	assert_ok(db_open(f->copy, DB_READ, &db, &e), &e);
	assert_true(digest_of(db, f->rows) && is_sound(db));
	db_close(db);
	*ctx = f;
	return 0;
}

static int teardown(void **ctx)
{
	struct fixture *f = *ctx;

	(void)close(f->fd);
	org_replayed_done(&f->r);
	mem_free(f->bytes);
	small_done(&f->s);
	mem_free(f);
	return 0;
}

enum told { NAMED, REFUSED, NO_ROW, SILENT };

static enum told look(struct fixture *f)
{
	uint8_t rows[32];
	struct arena *a = arena_new();
	struct db *db = NULL;
	uint64_t n = 0;
	struct err e;
	enum told out;

	err_init(&e);
	f->told = 0;
	if (db_open(f->copy, DB_READ, &db, &e) != RC_OK) {
		assert_true(e.msg[0] != 0);
		arena_free(a);
		return REFUSED;
	}
	assert_ok(state_compare(db, f->r.replayed, a, tell, f, &n, &e), &e);
	if (n > 0)
		out = f->told > 0 ? NAMED : SILENT;
	else
		out = digest_of(db, rows) && memcmp(rows, f->rows, 32) == 0 && is_sound(db) ? NO_ROW : SILENT;
	db_close(db);
	arena_free(a);
	return out;
}

static void an_altered_byte_is_named_or_alters_no_row(void **ctx)
{
	struct fixture *f = *ctx;
	const unsigned flips = getenv("TICKMARK_SOAK") != NULL ? 2000 : 200;
	unsigned i, count[4] = { 0 };

	assert_int_equal(look(f), NO_ROW);
	for (i = 0; i < flips; i++) {
		/* a third anywhere, a third where the schema and the first tables are, a third where the newest rows are */
		uint64_t near = f->n < 262144 ? f->n : 262144, at = i % 3 == 0 ? pick(f->n) : i % 3 == 1 ? pick(near) :
		    f->n - 1 - pick(near);
		uint8_t b = (uint8_t)(f->bytes[at] ^ (1u << pick(8)));
		enum told t;

		assert_int_equal(pwrite(f->fd, &b, 1, (off_t)at), 1);
		t = look(f);
		count[t]++;
		if (t == SILENT)
			print_message("# byte %llu, 0x%02x: a row or an index is another, and nothing was said\n", (unsigned long long)at, b);
		assert_int_equal(pwrite(f->fd, f->bytes + at, 1, (off_t)at), 1);
	}
	assert_int_equal(look(f), NO_ROW);
	print_message("# %u bytes: %u named with table and key, %u refused as unreadable, %u without any row that differs\n", flips,
	    count[NAMED], count[REFUSED], count[NO_ROW]);
	assert_int_equal(count[SILENT], 0);
	assert_true(count[NAMED] > flips / 10);
}

/* By SQL, as somebody with the file at hand would: one row or one thing of the schema at a time. */
static void whatever_is_changed_by_sql_is_named(void **ctx)
{
	static const char *const all[] = {
		"UPDATE meta SET value='other' WHERE key='version'", "INSERT INTO meta VALUES('more','1')",
		"UPDATE subject SET person=1-person WHERE id=1", "DELETE FROM identity", "UPDATE day SET start_us=start_us-1 WHERE day=7",
		"UPDATE definition SET current=0 WHERE kind='scope'", "UPDATE stream SET instance='x'", "UPDATE ingest SET complete=1-complete",
		"DELETE FROM extraction", "DELETE FROM extraction_ingest", "DELETE FROM rejected", "UPDATE change_log SET op='join'",
		"INSERT INTO unread VALUES(5,1,'no')", "UPDATE result SET body='{}'", "UPDATE item_change SET f_title='y' WHERE id=3",
		"INSERT INTO part_change(item,entry,rule,supplied,doubt) VALUES(1,1,1,0,0)", "UPDATE version_account SET f_privileged=0",
		"DELETE FROM item_vendor", "CREATE TABLE extra(a)", "CREATE INDEX extra ON meta(value)", "DROP INDEX result_test",
		"CREATE VIEW extra AS SELECT 1", "CREATE TRIGGER extra AFTER INSERT ON meta BEGIN DELETE FROM result; END",
		"ALTER TABLE item_vendor ADD COLUMN extra TEXT",
	};
	struct fixture *f = *ctx;
	struct db *db;
	struct err e;
	size_t i;

	for (i = 0; i < ARRAY_LEN(all); i++) {
		err_init(&e);
		assert_ok(db_open(f->copy, DB_WRITE, &db, &e), &e);
		assert_ok(db_exec(db, all[i], &e), &e);
		db_close(db);
		if (look(f) != NAMED)
			fail_msg("not named: %s", all[i]);
		assert_ok(file_write(f->copy, f->bytes, f->n, &e), &e);
	}
	assert_int_equal(look(f), NO_ROW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_altered_byte_is_named_or_alters_no_row),
		cmocka_unit_test(whatever_is_changed_by_sql_is_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* sqlite: store.h over SQLite.  One connection writes and checkpoints, and nothing else opens the live file for
 * writing: that keeps out the WAL-reset race of the releases before 3.51.3. */
#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

struct db {
	sqlite3 *h;
	bool reads_only;
};

struct stmt {
	sqlite3_stmt *h;
	struct db *db;
};

const char *db_library(void)
{
	return sqlite3_libversion();
}

static enum rc outcome(int code)
{
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return RC_ALTERED;
	case SQLITE_FULL:
		return RC_NO_SPACE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return RC_BUSY;
	case SQLITE_TOOBIG:
		return RC_LIMIT;
	case SQLITE_ERROR:
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_MISUSE:
		return RC_INTERNAL;
	default:
		return RC_IO;
	}
}

static enum rc fail(struct db *db, int code, const char *doing, struct err *e)
{
	const char *path = db->h != NULL ? sqlite3_db_filename(db->h, "main") : NULL;

	if (path != NULL && (code & 0xff) == SQLITE_FULL)
		return err_set(e, RC_NO_SPACE, "no space is left for %s: make room and run it again; nothing acknowledged is lost", path);
	if (path != NULL && (code & 0xff) == SQLITE_IOERR)
		return err_set(e, RC_IO, "%s could not be read or written (%s; error %d of the system): is the disk full or failing?",
		    path, sqlite3_errmsg(db->h), sqlite3_system_errno(db->h));
	return err_set(e, outcome(code), "the database said while %s: %s", doing,
	    db->h == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(db->h));
}

static enum rc immutable_uri(const char *path, char *uri, size_t room, struct err *e)
{
	struct buf b;
	const char *p;
	enum rc rc;

	buf_init(&b, room - 1);
	buf_z(&b, "file:");
	for (p = path; *p != '\0'; p++) {
		if (strchr("%?#", *p) != NULL)
			buf_fmt(&b, "%%%02X", (unsigned)(unsigned char)*p);
		else
			buf_c(&b, *p);
	}
	buf_z(&b, "?immutable=1");
	if ((rc = buf_ok(&b, "the database's path", e)) == RC_OK) {
		memcpy(uri, b.p, b.n);
		uri[b.n] = '\0';
	}
	buf_done(&b);
	return rc;
}

/* Counting what is allocated takes a lock of the whole process each time. */
static void configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static const char *mode_pragmas(enum db_mode mode)
{
	switch (mode) {
	case DB_CREATE:
		return "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
		       "PRAGMA secure_delete=OFF; PRAGMA cache_size=-65536;";
	case DB_WRITE:
		return "PRAGMA cell_size_check=ON; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
		       "PRAGMA secure_delete=OFF; PRAGMA cache_size=-65536;";
	case DB_SCRATCH:
		return "PRAGMA page_size=8192; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
		       "PRAGMA secure_delete=OFF; PRAGMA cache_size=-65536;";
	case DB_READ:
		return "PRAGMA query_only=ON; PRAGMA cell_size_check=ON; PRAGMA cache_size=-32768;";
	case DB_SNAPSHOT:       /* until it is closed every statement sees what the first one saw */
		return "PRAGMA query_only=ON; PRAGMA cell_size_check=ON; PRAGMA cache_size=-32768; BEGIN; SELECT 1 FROM sqlite_schema;";
	case DB_MEMORY:
		return "";
	}
	return "";
}

enum rc db_open(const char *path, enum db_mode mode, struct db **out, struct err *e)
{
	struct db *db = mem_alloc(sizeof *db);
	char uri[3 * LIMIT_PATH + 64];
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	enum rc rc = RC_OK;
	int flags = SQLITE_OPEN_NOMUTEX, code, off;
	bool there = mode != DB_MEMORY && access(path, F_OK) == 0;

	(void)pthread_once(&once, configure);
	if (mode == DB_CREATE && there) {
		rc = err_set(e, RC_EXISTS, "%s exists already", path);
		goto out;
	}
	if ((mode == DB_WRITE || mode == DB_READ || mode == DB_SNAPSHOT) && !there) {
		rc = err_set(e, RC_NOT_FOUND, "there is no database %s; `tickmark rebuild` makes it anew", path);
		goto out;
	}
	if (mode == DB_READ) {
		if ((rc = immutable_uri(path, uri, sizeof uri, e)) != RC_OK)
			goto out;
		path = uri;
		flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
		db->reads_only = true;
	} else if (mode == DB_SNAPSHOT) {
		flags |= SQLITE_OPEN_READONLY;
		db->reads_only = true;
	} else {
		flags |= SQLITE_OPEN_READWRITE | (mode == DB_WRITE ? 0 : SQLITE_OPEN_CREATE);
	}
	code = sqlite3_open_v2(mode == DB_MEMORY ? ":memory:" : path, &db->h, flags, NULL);
	if (code != SQLITE_OK) {
		rc = fail(db, code, "opening it", e);
		goto out;
	}
	(void)sqlite3_extended_result_codes(db->h, 1);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, &off);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, mode != DB_SCRATCH, &off);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_DQS_DML, 0, &off);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_DQS_DDL, 0, &off);
	(void)sqlite3_busy_timeout(db->h, 5000);
	if ((rc = db_exec(db, "PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;", e)) == RC_OK)
		rc = db_exec(db, mode_pragmas(mode), e);
out:
	if (rc != RC_OK) {
		(void)sqlite3_close(db->h);
		mem_free(db);
		return rc;
	}
	*out = db;
	return RC_OK;
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	(void)sqlite3_close(db->h);
	mem_free(db);
}

enum rc db_exec(struct db *db, const char *sql, struct err *e)
{
	int code = sqlite3_exec(db->h, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? RC_OK : fail(db, code, "running a statement", e);
}

enum rc db_temporary(struct db *db, const char *sql, struct err *e)
{
	enum rc rc, after = RC_OK;

	/* the file stays closed to writing by the way it was opened; query_only would keep memory from it as well */
	if (db->reads_only && (rc = db_exec(db, "PRAGMA query_only=OFF", e)) != RC_OK)
		return rc;
	rc = db_exec(db, sql, e);
	if (db->reads_only)
		after = db_exec(db, "PRAGMA query_only=ON", rc == RC_OK ? e : NULL);
	return rc != RC_OK ? rc : after;
}

enum rc db_prepare(struct db *db, struct str sql, struct stmt **out, struct err *e)
{
	sqlite3_stmt *h = NULL;
	struct stmt *s;
	int code;

	if (sql.n > 1 << 20)
		return err_set(e, RC_LIMIT, "a statement of %zu bytes is too long for the database", sql.n);
	code = sqlite3_prepare_v3(db->h, sql.p, (int)sql.n, SQLITE_PREPARE_PERSISTENT, &h, NULL);
	if (code != SQLITE_OK)
		return fail(db, code, "preparing a statement", e);
	s = mem_alloc(sizeof *s);
	s->h = h;
	s->db = db;
	*out = s;
	return RC_OK;
}

void stmt_free(struct stmt *s)
{
	if (s == NULL)
		return;
	(void)sqlite3_finalize(s->h);
	mem_free(s);
}

/* Binding fails only for a parameter that is not there: our mistake, met by the first test that runs it. */
static void bound(int code)
{
	if (code != SQLITE_OK)
		__builtin_trap();
}

void stmt_null(struct stmt *s, int at) { bound(sqlite3_bind_null(s->h, at)); }
void stmt_i64(struct stmt *s, int at, int64_t v) { bound(sqlite3_bind_int64(s->h, at, v)); }

void stmt_text(struct stmt *s, int at, struct str v)
{
	bound(sqlite3_bind_text64(s->h, at, v.p == NULL ? "" : v.p, v.n, SQLITE_STATIC, SQLITE_UTF8));
}

void stmt_blob(struct stmt *s, int at, const void *p, size_t n)
{
	bound(sqlite3_bind_blob64(s->h, at, n == 0 ? "" : p, n, SQLITE_STATIC));
}

enum rc stmt_step(struct stmt *s, bool *row, struct err *e)
{
	int code = sqlite3_step(s->h);
	enum rc rc = RC_OK;

	*row = code == SQLITE_ROW;
	if (*row)
		return RC_OK;
	if (code != SQLITE_DONE)
		rc = fail(s->db, code, "running a statement", e);
	stmt_reset(s);                  /* with its parameters: what is not given next time is null, not what it was */
	return rc;
}

enum rc stmt_run(struct stmt *s, struct err *e)
{
	bool row = true;
	enum rc rc = RC_OK;

	while (row && rc == RC_OK)
		rc = stmt_step(s, &row, e);
	return rc;
}

void stmt_reset(struct stmt *s)
{
	(void)sqlite3_reset(s->h);
	(void)sqlite3_clear_bindings(s->h);
}

int stmt_columns(struct stmt *s) { return sqlite3_column_count(s->h); }
struct str stmt_column_name(struct stmt *s, int c) { return str_z(sqlite3_column_name(s->h, c)); }
bool column_is_null(struct stmt *s, int c) { return sqlite3_column_type(s->h, c) == SQLITE_NULL; }
int64_t column_i64(struct stmt *s, int c) { return sqlite3_column_int64(s->h, c); }

struct str column_text(struct stmt *s, int c)
{
	const unsigned char *p = sqlite3_column_text(s->h, c);

	return (struct str){ (const char *)p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(s->h, c) };
}

struct str column_blob(struct stmt *s, int c)
{
	const void *p = sqlite3_column_blob(s->h, c);

	return (struct str){ p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(s->h, c) };
}

enum column_type column_type(struct stmt *s, int c)
{
	switch (sqlite3_column_type(s->h, c)) {
	case SQLITE_NULL:
		return COLUMN_NULL;
	case SQLITE_INTEGER:
		return COLUMN_INT;
	case SQLITE_BLOB:
		return COLUMN_BLOB;
	default:
		return COLUMN_TEXT;
	}
}

int64_t db_last_id(struct db *db) { return sqlite3_last_insert_rowid(db->h); }
int64_t db_changes(struct db *db) { return sqlite3_changes64(db->h); }

enum rc db_i64(struct db *db, const char *sql, int64_t otherwise, int64_t *out, struct err *e)
{
	struct stmt *s = NULL;
	bool row;
	enum rc rc;

	if ((rc = db_prepare(db, str_z(sql), &s, e)) != RC_OK)
		return rc;
	if ((rc = stmt_step(s, &row, e)) == RC_OK)
		*out = row && !column_is_null(s, 0) ? column_i64(s, 0) : otherwise;
	stmt_free(s);
	return rc;
}

static void quoted(struct buf *b, struct str s, char q)
{
	size_t i;

	buf_c(b, q);
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == q)
			buf_c(b, q);
		buf_c(b, s.p[i]);
	}
	buf_c(b, q);
}

void sql_name(struct buf *b, struct str s) { quoted(b, s, '"'); }
void sql_text(struct buf *b, struct str s) { quoted(b, s, '\''); }

/* ---- comparison of two databases, row by row in key order */
static int compare_cell(struct stmt *a, struct stmt *b, int c)
{
	enum column_type ta = column_type(a, c), tb = column_type(b, c);

	if (ta != tb)
		return ta < tb ? -1 : 1;
	if (ta == COLUMN_NULL)
		return 0;
	if (ta == COLUMN_INT) {
		int64_t x = column_i64(a, c), y = column_i64(b, c);

		return x == y ? 0 : x < y ? -1 : 1;
	}
	return str_cmp(column_blob(a, c), column_blob(b, c));
}

static void key_text(struct buf *b, struct stmt *s, int n_key)
{
	int c;

	buf_clear(b);
	for (c = 0; c < n_key; c++) {
		if (c > 0)
			buf_z(b, ", ");
		if (column_type(s, c) == COLUMN_BLOB) {
			struct str x = column_blob(s, c);

			buf_hex(b, (const uint8_t *)x.p, x.n);
		} else {
			buf_str(b, str_sub(column_text(s, c), 0, 300));
		}
	}
}

enum rc db_compare(struct db *a, struct db *b, const char *table, const char *key, size_t most,
    void (*tell)(void *, const char *, struct str), void *ctx, uint64_t *n, struct err *e)
{
	struct stmt *sa = NULL, *sb = NULL;
	struct buf sql, words;
	bool ra, rb;
	enum rc rc;
	int c, n_key = 1, n_columns;
	const char *p;

	for (p = key; *p != '\0'; p++)
		n_key += *p == ',';
	buf_init(&words, 1 << 16);
	buf_init(&sql, 1 << 16);
	buf_fmt(&sql, "SELECT %s,* FROM \"%s\" ORDER BY %s", key, table, key);
	*n = 0;
	if ((rc = db_prepare(a, buf_view(&sql), &sa, e)) != RC_OK ||
	    (rc = db_prepare(b, buf_view(&sql), &sb, e)) != RC_OK ||
	    (rc = stmt_step(sa, &ra, e)) != RC_OK || (rc = stmt_step(sb, &rb, e)) != RC_OK)
		goto out;
	n_columns = stmt_columns(sa);
	if (stmt_columns(sb) != n_columns) {
		*n = 1;
		tell(ctx, table, STR("its columns"));
		goto out;
	}
	while (ra || rb) {
		int order = 0;
		bool differs = false;

		if (ra && rb) {
			for (c = 0; c < n_key && order == 0; c++)
				order = compare_cell(sa, sb, c);
			for (c = n_key; order == 0 && c < n_columns && !differs; c++)
				differs = compare_cell(sa, sb, c) != 0;
		} else {
			order = ra ? -1 : 1;
		}
		if ((order != 0 || differs) && (*n)++ < most) {
			key_text(&words, order > 0 ? sb : sa, n_key);
			tell(ctx, table, buf_view(&words));
		}
		if (order <= 0 && (rc = stmt_step(sa, &ra, e)) != RC_OK)
			goto out;
		if (order >= 0 && (rc = stmt_step(sb, &rb, e)) != RC_OK)
			goto out;
	}
out:
	stmt_free(sa);
	stmt_free(sb);
	buf_done(&sql);
	buf_done(&words);
	return rc;
}

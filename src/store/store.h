/* store: SQL behind one interface.  Only this folder knows which database it is (SQLite).
 * Uses base/.  Used by model/ and above.  Statements are text in the file that uses them. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/base.h"

struct db;                      /* one connection; one thread at a time */
struct stmt;                    /* a prepared statement of a connection */

enum db_mode {
	DB_CREATE,              /* the file must not exist */
	DB_WRITE,
	DB_READ,                /* writes nothing, not beside it either: only while nobody else writes */
	DB_SNAPSHOT,            /* the same beside somebody who writes: as it was when it was opened */
	DB_MEMORY,              /* the path is ignored */
	DB_SCRATCH,             /* a new file that needs no durability: rebuilds that are compared and thrown away */
};

/* RC_NOT_FOUND, RC_EXISTS, RC_IO; RC_ALTERED: the file is no database or is damaged. */
MUST_USE enum rc db_open(const char *path, enum db_mode, struct db **, struct err *);
void db_close(struct db *);     /* NULL does nothing; its statements must be freed before */

MUST_USE enum rc db_exec(struct db *, const char *sql, struct err *);   /* any number of statements */
/* The same for tables of this connection alone, in memory (CREATE TEMP …): also where the database is only read. */
MUST_USE enum rc db_temporary(struct db *, const char *sql, struct err *);
MUST_USE enum rc db_prepare(struct db *, struct str sql, struct stmt **, struct err *);
void stmt_free(struct stmt *);

/* Parameters count from 1, columns from 0.  Text and blobs are borrowed until the statement is reset. */
void stmt_null(struct stmt *, int at);
void stmt_i64(struct stmt *, int at, int64_t);
void stmt_text(struct stmt *, int at, struct str);
void stmt_blob(struct stmt *, int at, const void *, size_t);
/* ${*row} tells whether a row is there; after the last the statement is reset, parameters and all. */
MUST_USE enum rc stmt_step(struct stmt *, bool *row, struct err *);
MUST_USE enum rc stmt_run(struct stmt *, struct err *);         /* to its end; rows are passed over */
void stmt_reset(struct stmt *);                                 /* and clears the parameters */
int stmt_columns(struct stmt *);
struct str stmt_column_name(struct stmt *, int column);
enum column_type { COLUMN_NULL, COLUMN_INT, COLUMN_TEXT, COLUMN_BLOB };
enum column_type column_type(struct stmt *, int column);
bool column_is_null(struct stmt *, int column);
int64_t column_i64(struct stmt *, int column);
struct str column_text(struct stmt *, int column);              /* borrowed until the next step */
struct str column_blob(struct stmt *, int column);

int64_t db_last_id(struct db *);
int64_t db_changes(struct db *);                /* rows changed by the last statement */
/* The first column of the first row, or ${otherwise} when there is none or it is null. */
MUST_USE enum rc db_i64(struct db *, const char *sql, int64_t otherwise, int64_t *out, struct err *);

void sql_name(struct buf *, struct str);        /* in double quotes: for names that come from definitions */
void sql_text(struct buf *, struct str);        /* literal in single quotes */

/* Compare every row of ${table} in ${a} and ${b} in the order of ${key} (a list of columns).  Each difference goes
 * to ${tell} with the key's text; at most ${most} are told, ${*n} counts all. */
MUST_USE enum rc db_compare(struct db *a, struct db *b, const char *table, const char *key, size_t most,
    void (*tell)(void *, const char *table, struct str key), void *ctx, uint64_t *n, struct err *);

const char *db_library(void);           /* its version */

#endif

/* What the parts of account share. */
#ifndef SERVER_ACCOUNT_PRIV_H
#define SERVER_ACCOUNT_PRIV_H

#include "server/account.h"

struct accounts {
	struct org *org;
	struct db *db;
	bool broken;
};

struct str token_new(struct arena *a, uint8_t hash[32]);        /* 43 characters; ${hash} is what is kept */
void token_hash(struct str token, uint8_t hash[32]);
struct str email_norm(struct arena *a, struct str);             /* trimmed, ASCII letters lower-case */
/* A user's entry in the ledger: as the item stands from now on. */
MUST_USE enum rc user_put(struct accounts *, struct arena *a, const struct user *, bool active, struct err *);
/* An entry of kind access: {"from","op","user"}. */
MUST_USE enum rc access_put(struct accounts *, const char *op, const struct user *, struct str peer, struct err *);
/* ${user} STR_NONE: an address that nobody has.  Takes the same time whoever it is. */
MUST_USE enum rc password_check(struct accounts *, struct str user, struct str password, bool *right, struct err *);
MUST_USE enum rc password_set(struct accounts *, struct str user, struct str password, struct err *);
MUST_USE enum rc session_new(struct accounts *, struct arena *a, struct str user, enum stage, int64_t now_us,
    struct str *token, struct err *);
/* The user whose address that is, active or pending; RC_NOT_FOUND. */
MUST_USE enum rc user_by_email(struct accounts *, struct arena *a, struct str email, struct user *, bool *is_active, struct err *);
/* One statement with text, blob or number parameters, run to its end. */
struct bound {
	enum { BOUND_TEXT, BOUND_BLOB, BOUND_NUMBER } type;
	struct str bytes;
	int64_t number;
};
#define B_TEXT(s) { BOUND_TEXT, (s), 0 }
#define B_BLOB(p, n) { BOUND_BLOB, { (const char *)(p), (n) }, 0 }
#define B_NUM(v) { BOUND_NUMBER, { NULL, 0 }, (v) }
MUST_USE enum rc sql_do(struct accounts *, const char *sql, const struct bound *, size_t n, struct err *);
/* The same, at its first row; RC_NOT_FOUND: there is none.  stmt_free(*st). */
MUST_USE enum rc sql_one(struct accounts *, const char *sql, const struct bound *, size_t n, struct stmt **st, struct err *);

#endif

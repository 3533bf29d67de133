/* account: users, what they prove themselves with, their sessions, invitations, and how often somebody may try.
 * Who a user is and in which role stands in the ledger (collection "user"), and so do sign-ins and refusals that concern a
 * user; what must be able to vanish (passwords, authenticator secrets, sessions, invitations) stands in DIR/server/server.db,
 * tokens and recovery codes as hashes alone.  docs/decisions/accounts.md
 * Uses model/org.h, store/, seal/. */
#ifndef SERVER_ACCOUNT_H
#define SERVER_ACCOUNT_H

#include "model/org.h"

#define ROLE(name, words) ROLE_##name,
enum role { ROLE_NOBODY,
#include "server/role.def"
ROLES };
#undef ROLE
const char *role_name(enum role);       /* "compliance_manager" */
const char *role_words(enum role);      /* "Compliance manager" */
enum role role_from(struct str name);   /* ROLE_NOBODY: none of that name */

struct user {
	struct str id, email, name;
	enum role role;
};

enum stage { STAGE_CODE = 1, STAGE_ENROL, STAGE_IN };   /* the password was right; a code is to be set up; signed in */
struct session {
	uint8_t hash[32];
	enum stage stage;
	struct str csrf;
};

struct accounts;
/* Opens or makes DIR/server/server.db (0600). */
MUST_USE enum rc accounts_open(struct org *, struct accounts **, struct err *);
void accounts_close(struct accounts *);
/* An entry could not be written: the organization must be abandoned, and nothing is answered any more. */
bool accounts_broken(const struct accounts *);
/* Whether an active administrator could sign in. */
MUST_USE enum rc accounts_any(struct accounts *, bool *any, struct err *);

/* All tokens are 43 characters, given once and kept as hashes.  ${*token} is in ${a}. */
MUST_USE enum rc invitation_make(struct accounts *, struct arena *a, struct str email, enum role, int64_t now_us,
    struct str *token, struct err *);
/* RC_NOT_FOUND: there is none, or it is over. */
MUST_USE enum rc invitation_find(struct accounts *, struct arena *a, struct str token, int64_t now_us, struct str *email,
    enum role *, struct err *);
/* The invited makes an account, not yet usable, and a session in which to set up the authenticator.  RC_INVALID: in words for
 * whoever fills in the form. */
MUST_USE enum rc invitation_take(struct accounts *, struct arena *a, struct str token, struct str name, struct str email,
    struct str password, int64_t now_us, struct str *session, struct err *);

/* The authenticator's secret of somebody in STAGE_ENROL, the same until it is confirmed. */
MUST_USE enum rc enrolment(struct accounts *, const struct user *, uint8_t secret[20], struct err *);
/* With a right code the user enters the ledger, the session is replaced by one in STAGE_IN, and eight recovery codes, in ${a},
 * are told once.  RC_INVALID: the code is wrong. */
MUST_USE enum rc enrolment_confirm(struct accounts *, struct arena *a, const struct user *, const struct session *,
    struct str code, struct str peer, int64_t now_us, struct str *session, struct str codes[8], struct err *);

/* Step 1: RC_INVALID says the same for an unknown address, a wrong password and a disabled user.  RC_BUSY: too often;
 * ${*wait_s} says for how long.  ${device} is the cookie of a device that was here before, or STR_NONE. */
MUST_USE enum rc sign_in(struct accounts *, struct arena *a, struct str email, struct str password, struct str peer,
    struct str device, int64_t now_us, struct str *session, unsigned *wait_s, struct err *);
/* Step 2: an authenticator's code that was not used before, or a recovery code, which is used up. */
MUST_USE enum rc sign_in_code(struct accounts *, struct arena *a, const struct user *, const struct session *, struct str code,
    struct str peer, struct str device, int64_t now_us, struct str *session, struct str *new_device, unsigned *wait_s,
    struct err *);
MUST_USE enum rc sign_out(struct accounts *, const struct session *, struct err *);

/* RC_NOT_FOUND: no such session, or it is over (12 hours, one without a request, 15 minutes before STAGE_IN), or its user is
 * not active any more. */
MUST_USE enum rc session_find(struct accounts *, struct arena *a, struct str token, int64_t now_us, struct session *,
    struct user *, struct err *);

MUST_USE enum rc user_find(struct accounts *, struct arena *a, struct str id, struct user *, bool *is_active, struct err *);
/* An entry in the ledger.  RC_INVALID: from a role of the client to the auditor's or back; RC_CONFLICT: the last administrator. */
MUST_USE enum rc user_change(struct accounts *, struct arena *a, const struct user *, enum role, bool active, struct err *);

/* An entry of kind access: the user read the raw record of that entry. */
MUST_USE enum rc access_note(struct accounts *, const struct user *, struct str peer, uint64_t entry, struct err *);

#endif

/* session: signing in by password and code, what slows whoever guesses, and how long it lasts. */
#include "server/account_priv.h"

#include <string.h>

#include "base/time.h"
#include "seal/hash.h"
#include "server/otp.h"

enum { FREE_TRIES = 5, WAIT_MOST_S = 900 };
#define SESSION_US (12 * 3600 * US_PER_SECOND)
#define IDLE_US (3600 * US_PER_SECOND)
#define PENDING_US (900 * US_PER_SECOND)
#define SEEN_US (60 * US_PER_SECOND)            /* how exactly the last request is known */

enum rc session_new(struct accounts *s, struct arena *a, struct str user, enum stage stage, int64_t now_us, struct str *token,
    struct err *e)
{
	uint8_t hash[32], unused[32];
	struct str t = token_new(a, hash), csrf = token_new(a, unused);
	const struct bound p[] = { B_BLOB(hash, 32), B_TEXT(user), B_NUM(stage), B_TEXT(csrf), B_NUM(now_us) };
	const struct bound old[] = { B_NUM(now_us - SESSION_US) };
	enum rc rc;

	if ((rc = sql_do(s, "DELETE FROM session WHERE made_us<?1", old, 1, e)) != RC_OK ||
	    (rc = sql_do(s, "INSERT INTO session(hash,user,stage,csrf,made_us,seen_us) VALUES(?1,?2,?3,?4,?5,?5)", p, 5, e)) != RC_OK)
		return rc;
	*token = t;
	return RC_OK;
}

enum rc sign_out(struct accounts *s, const struct session *x, struct err *e)
{
	const struct bound p[] = { B_BLOB(x->hash, 32) };

	return sql_do(s, "DELETE FROM session WHERE hash=?1", p, 1, e);
}

enum rc session_find(struct accounts *s, struct arena *a, struct str token, int64_t now_us, struct session *x, struct user *u,
    struct err *e)
{
	struct bound p[] = { B_BLOB(x->hash, 32), B_NUM(now_us) };
	int64_t made, seen;
	struct stmt *st = NULL;
	struct str user;
	bool active = false;
	enum rc rc;

	if (token.n != 43)
		return RC_NOT_FOUND;
	token_hash(token, x->hash);
	if ((rc = sql_one(s, "SELECT user, stage, csrf, made_us, seen_us FROM session WHERE hash=?1", p, 1, &st, e)) != RC_OK)
		return rc;
	user = arena_str(a, column_text(st, 0));
	x->stage = (enum stage)column_i64(st, 1);
	x->csrf = arena_str(a, column_text(st, 2));
	made = column_i64(st, 3);
	seen = column_i64(st, 4);
	stmt_free(st);
	if (now_us > made + (x->stage == STAGE_IN ? SESSION_US : PENDING_US) || now_us > seen + IDLE_US) {
		if ((rc = sign_out(s, x, e)) != RC_OK)
			return rc;
		return RC_NOT_FOUND;
	}
	if ((rc = user_find(s, a, user, u, &active, e)) != RC_OK)
		return rc;
	if (!active)
		return RC_NOT_FOUND;
	return now_us > seen + SEEN_US ? sql_do(s, "UPDATE session SET seen_us=?2 WHERE hash=?1", p, 2, e) : RC_OK;
}

/* ---- tries: counted for an account from an address; a device that was here before counts on its own, so that nobody else can
 * lock its owner out. */
static struct str tried_key(struct accounts *s, struct arena *a, struct str account, struct str peer, struct str device,
    struct err *e)
{
	uint8_t hash[32];
	struct bound p[] = { B_BLOB(hash, 32), B_TEXT(account) };
	struct stmt *st = NULL;

	token_hash(device, hash);
	if (device.n == 43 && sql_one(s, "SELECT 1 FROM device WHERE hash=?1 AND user=?2", p, 2, &st, e) == RC_OK) {
		stmt_free(st);
		return arena_fmt(a, "%.*s device %.*s", STR_FMT(account), STR_FMT(hex_str(a, hash, 32)));
	}
	return arena_fmt(a, "%.*s from %.*s", STR_FMT(account), STR_FMT(peer));
}

static enum rc tried_wait(struct accounts *s, struct str key, int64_t now_us, unsigned *wait_s, struct err *e)
{
	const struct bound p[] = { B_TEXT(key) };
	struct stmt *st = NULL;
	int64_t times, until;
	enum rc rc = sql_one(s, "SELECT times, last_us FROM tried WHERE what=?1", p, 1, &st, e);

	*wait_s = 0;
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	times = column_i64(st, 0);
	until = column_i64(st, 1);
	stmt_free(st);
	if (times < FREE_TRIES)
		return RC_OK;
	until += (times - FREE_TRIES > 9 ? WAIT_MOST_S : (int64_t)2 << (times - FREE_TRIES)) * US_PER_SECOND;
	if (now_us >= until)
		return RC_OK;
	*wait_s = (unsigned)((until - now_us) / US_PER_SECOND) + 1;
	return err_set(e, RC_BUSY, "Too many tries. Try again in %u seconds.", *wait_s);
}

static enum rc tried_add(struct accounts *s, struct str key, int64_t now_us, struct err *e)
{
	const struct bound p[] = { B_TEXT(key), B_NUM(now_us) };
	const struct bound old[] = { B_NUM(now_us - US_PER_DAY) };
	enum rc rc = sql_do(s, "DELETE FROM tried WHERE last_us<?1", old, 1, e);

	return rc != RC_OK ? rc : sql_do(s, "INSERT INTO tried(what,times,last_us) VALUES(?1,1,?2) ON CONFLICT(what) DO UPDATE SET "
	    "times=times+1, last_us=?2", p, 2, e);
}

static enum rc tried_forget(struct accounts *s, struct str key, struct err *e)
{
	const struct bound p[] = { B_TEXT(key) };

	return sql_do(s, "DELETE FROM tried WHERE what=?1", p, 1, e);
}

enum rc sign_in(struct accounts *s, struct arena *a, struct str email, struct str password, struct str peer, struct str device,
    int64_t now_us, struct str *session, unsigned *wait_s, struct err *e)
{
	struct user u = { .id = STR_NONE };
	bool active = false, right, set_up = false;
	struct str key;
	enum rc rc;

	email = str_sub(email, 0, 254);
	if ((rc = user_by_email(s, a, email, &u, &active, e)) != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	key = tried_key(s, a, u.id.n > 0 ? u.id : email_norm(a, email), peer, device, e);
	if ((rc = tried_wait(s, key, now_us, wait_s, e)) != RC_OK)
		return rc;
	if ((rc = password_check(s, u.id, password, &right, e)) != RC_OK)
		return rc;
	if (!right || !active) {
		if ((rc = tried_add(s, key, now_us, e)) != RC_OK)
			return rc;
		if (u.id.n > 0 && (rc = access_put(s, "refused", &u, peer, e)) != RC_OK)
			return rc;
		return err_set(e, RC_INVALID, "E-mail or password is wrong.");
	}
	{
		const struct bound p[] = { B_TEXT(u.id) };
		struct stmt *st = NULL;

		rc = sql_one(s, "SELECT 1 FROM account WHERE user=?1 AND email IS NULL", p, 1, &st, e);
		stmt_free(st);
		set_up = rc == RC_OK;
		if (rc != RC_OK && rc != RC_NOT_FOUND)
			return rc;
	}
	return session_new(s, a, u.id, set_up ? STAGE_CODE : STAGE_ENROL, now_us, session, e);
}

/* Whether it is one of the user's recovery codes, which is then gone. */
static enum rc recovery_use(struct accounts *s, const struct user *u, struct arena *a, struct str code, bool *right, struct err *e)
{
	uint8_t hash[32];
	struct str norm = email_norm(a, code);
	struct bound p[] = { B_TEXT(u->id), B_BLOB(hash, 32) };
	enum rc rc;

	token_hash(norm, hash);
	rc = sql_do(s, "DELETE FROM recovery WHERE user=?1 AND hash=?2", p, 2, e);
	*right = rc == RC_OK && db_changes(s->db) == 1;
	return rc;
}

static enum rc code_check(struct accounts *s, const struct user *u, struct str code, int64_t now_us, bool *right, struct err *e)
{
	const struct bound p[] = { B_TEXT(u->id) };
	uint8_t secret[OTP_SECRET_BYTES];
	struct stmt *st = NULL;
	uint64_t step = 0, last;
	enum rc rc = sql_one(s, "SELECT totp, step FROM account WHERE user=?1", p, 1, &st, e);

	*right = false;
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	last = (uint64_t)column_i64(st, 1);
	if (column_blob(st, 0).n == sizeof(secret)) {
		memcpy(secret, column_blob(st, 0).p, sizeof(secret));
		*right = otp_check(secret, code, (uint64_t)(now_us / US_PER_SECOND), last, &step);
	}
	stmt_free(st);
	wipe(secret, sizeof(secret));
	if (*right) {
		const struct bound used[] = { B_TEXT(u->id), B_NUM((int64_t)step) };

		rc = sql_do(s, "UPDATE account SET step=?2 WHERE user=?1 AND step<?2", used, 2, e);
		*right = rc == RC_OK && db_changes(s->db) == 1;
	}
	return rc;
}

enum rc sign_in_code(struct accounts *s, struct arena *a, const struct user *u, const struct session *x, struct str code,
    struct str peer, struct str device, int64_t now_us, struct str *session, struct str *new_device, unsigned *wait_s,
    struct err *e)
{
	struct str key = tried_key(s, a, arena_fmt(a, "code %.*s", STR_FMT(u->id)), peer, device, e);
	uint8_t hash[32];
	struct bound p[] = { B_BLOB(hash, 32), B_TEXT(u->id) };
	bool right = false;
	enum rc rc;

	code = str_trim(code);
	if ((rc = tried_wait(s, key, now_us, wait_s, e)) != RC_OK)
		return rc;
	rc = code.n == 6 ? code_check(s, u, code, now_us, &right, e) : recovery_use(s, u, a, code, &right, e);
	if (rc != RC_OK)
		return rc;
	if (!right) {
		if ((rc = tried_add(s, key, now_us, e)) != RC_OK || (rc = access_put(s, "refused", u, peer, e)) != RC_OK)
			return rc;
		return err_set(e, RC_INVALID, "The code is wrong, or was used already. Wait for the next one.");
	}
	*new_device = token_new(a, hash);
	if ((rc = access_put(s, code.n == 6 ? "sign_in" : "sign_in_recovery", u, peer, e)) != RC_OK ||
	    (rc = sign_out(s, x, e)) != RC_OK || (rc = tried_forget(s, key, e)) != RC_OK ||
	    (rc = tried_forget(s, tried_key(s, a, u->id, peer, device, e), e)) != RC_OK ||
	    (rc = sql_do(s, "INSERT INTO device(hash,user) VALUES(?1,?2)", p, 2, e)) != RC_OK)
		return rc;
	return session_new(s, a, u->id, STAGE_IN, now_us, session, e);
}

/* ---- the authenticator */
enum rc enrolment(struct accounts *s, const struct user *u, uint8_t secret[20], struct err *e)
{
	const struct bound p[] = { B_TEXT(u->id) };
	struct stmt *st = NULL;
	enum rc rc = sql_one(s, "SELECT totp FROM account WHERE user=?1", p, 1, &st, e);

	if (rc != RC_OK)
		return rc;
	if (column_blob(st, 0).n == OTP_SECRET_BYTES) {
		memcpy(secret, column_blob(st, 0).p, OTP_SECRET_BYTES);
		stmt_free(st);
		return RC_OK;
	}
	stmt_free(st);
	rand_bytes(secret, OTP_SECRET_BYTES);
	{
		const struct bound set[] = { B_TEXT(u->id), B_BLOB(secret, OTP_SECRET_BYTES) };

		return sql_do(s, "UPDATE account SET totp=?2 WHERE user=?1", set, 2, e);
	}
}

enum rc enrolment_confirm(struct accounts *s, struct arena *a, const struct user *u, const struct session *x, struct str code,
    struct str peer, int64_t now_us, struct str *session, struct str codes[8], struct err *e)
{
	const struct bound who[] = { B_TEXT(u->id) };
	bool right = false;
	uint8_t random[10], hash[32];
	size_t i;
	enum rc rc;

	if ((rc = code_check(s, u, str_trim(code), now_us, &right, e)) != RC_OK)
		return rc;
	if (!right)
		return err_set(e, RC_INVALID, "The code is wrong. Is the clock of this device right?");
	if ((rc = user_put(s, a, u, true, e)) != RC_OK || (rc = access_put(s, "sign_in", u, peer, e)) != RC_OK ||
	    (rc = sql_do(s, "UPDATE account SET email=NULL, name=NULL, role=NULL WHERE user=?1", who, 1, e)) != RC_OK ||
	    (rc = sql_do(s, "DELETE FROM recovery WHERE user=?1", who, 1, e)) != RC_OK)
		return rc;
	for (i = 0; i < 8; i++) {
		struct bound p[] = { B_TEXT(u->id), B_BLOB(hash, 32) };

		rand_bytes(random, sizeof(random));
		codes[i] = email_norm(a, base32(a, random, sizeof(random)));
		token_hash(codes[i], hash);
		if ((rc = sql_do(s, "INSERT INTO recovery(user,hash) VALUES(?1,?2)", p, 2, e)) != RC_OK)
			return rc;
	}
	if ((rc = sign_out(s, x, e)) != RC_OK)
		return rc;
	return session_new(s, a, u->id, STAGE_IN, now_us, session, e);
}

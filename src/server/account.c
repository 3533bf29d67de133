#include "server/account_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/time.h"
#include "ledger/frame.h"
#include "seal/crypt.h"
#include "seal/hash.h"

/* The cost of a password: 19 MiB, two passes; kept beside each hash, so that a later one can be another. */
enum { COST_PASSES = 2, COST_KIB = 19456, COST_LANES = 1, PASSWORD_LEAST = 12, PASSWORD_MOST = 256 };
#define INVITED_US (7 * US_PER_DAY)

static const struct {
	const char *name, *words;
} roles[] = { { "", "Nobody" },
#define ROLE(name, words) { #name, words },
#include "server/role.def"
#undef ROLE
};

const char *role_name(enum role r) { return roles[r].name; }
const char *role_words(enum role r) { return roles[r].words; }

enum role role_from(struct str name)
{
	int i;

	for (i = 1; i < ROLES; i++)
		if (str_is(name, roles[i].name))
			return (enum role)i;
	return ROLE_NOBODY;
}

static const char tables[] =
    "CREATE TABLE IF NOT EXISTS account(user TEXT PRIMARY KEY, salt BLOB NOT NULL, hash BLOB NOT NULL, passes INTEGER NOT NULL,"
    " kib INTEGER NOT NULL, totp BLOB, step INTEGER NOT NULL DEFAULT 0, email TEXT, name TEXT, role TEXT) STRICT;"
    "CREATE TABLE IF NOT EXISTS recovery(user TEXT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY(user, hash)) STRICT;"
    "CREATE TABLE IF NOT EXISTS session(hash BLOB PRIMARY KEY, user TEXT NOT NULL, stage INTEGER NOT NULL, csrf TEXT NOT NULL,"
    " made_us INTEGER NOT NULL, seen_us INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS device(hash BLOB PRIMARY KEY, user TEXT NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS invitation(hash BLOB PRIMARY KEY, email TEXT NOT NULL, role TEXT NOT NULL,"
    " until_us INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS tried(what TEXT PRIMARY KEY, times INTEGER NOT NULL, last_us INTEGER NOT NULL) STRICT;";

static void bind(struct stmt *st, const struct bound *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i].type == BOUND_TEXT)
			stmt_text(st, (int)i + 1, p[i].bytes);
		else if (p[i].type == BOUND_BLOB)
			stmt_blob(st, (int)i + 1, p[i].bytes.p, p[i].bytes.n);
		else
			stmt_i64(st, (int)i + 1, p[i].number);
	}
}

enum rc sql_do(struct accounts *s, const char *sql, const struct bound *p, size_t n, struct err *e)
{
	struct stmt *st = NULL;
	enum rc rc = db_prepare(s->db, str_z(sql), &st, e);

	if (rc != RC_OK)
		return rc;
	bind(st, p, n);
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

static enum rc first_row(struct db *db, const char *sql, const struct bound *p, size_t n, struct stmt **out, struct err *e)
{
	struct stmt *st = NULL;
	bool row = false;
	enum rc rc = db_prepare(db, str_z(sql), &st, e);

	if (rc != RC_OK)
		return rc;
	bind(st, p, n);
	if ((rc = stmt_step(st, &row, e)) == RC_OK && row) {
		*out = st;
		return RC_OK;
	}
	stmt_free(st);
	return rc != RC_OK ? rc : RC_NOT_FOUND;
}

enum rc sql_one(struct accounts *s, const char *sql, const struct bound *p, size_t n, struct stmt **out, struct err *e)
{
	return first_row(s->db, sql, p, n, out, e);
}

enum rc accounts_open(struct org *org, struct accounts **out, struct err *e)
{
	struct accounts *s = mem_alloc(sizeof(*s));
	char folder[LIMIT_PATH], path[LIMIT_PATH];
	enum rc rc;

	s->org = org;
	(void)snprintf(folder, sizeof(folder), "%s/server", org_dir(org));
	if (snprintf(path, sizeof(path), "%s/server/server.db", org_dir(org)) >= LIMIT_PATH) {
		mem_free(s);
		return err_set(e, RC_LIMIT, "the path of %s is too long", org_dir(org));
	}
	if ((rc = folder_make(folder, e)) == RC_OK) {
		(void)chmod(folder, 0700);
		rc = db_open(path, file_exists(path) ? DB_WRITE : DB_CREATE, &s->db, e);
	}
	if (rc == RC_OK) {
		(void)chmod(path, 0600);
		rc = db_exec(s->db, tables, e);
	}
	if (rc != RC_OK) {
		accounts_close(s);
		err_while(e, "opening %s", path);
		return rc;
	}
	*out = s;
	return RC_OK;
}

void accounts_close(struct accounts *s)
{
	if (s == NULL)
		return;
	if (s->db != NULL)
		db_close(s->db);
	mem_free(s);
}

bool accounts_broken(const struct accounts *s)
{
	return s->broken;
}

struct str token_new(struct arena *a, uint8_t hash[32])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *out = arena_alloc(a, 44);
	uint8_t random[43];
	size_t i;

	rand_bytes(random, sizeof(random));
	for (i = 0; i < sizeof(random); i++)
		out[i] = letters[random[i] & 63];
	token_hash((struct str){ out, sizeof(random) }, hash);
	return (struct str){ out, sizeof(random) };
}

void token_hash(struct str token, uint8_t hash[32])
{
	sha256(token.p, token.n, hash);
}

struct str email_norm(struct arena *a, struct str s)
{
	return subject_normalize(a, s);
}

/* ---- users */
static void user_row(struct arena *a, struct stmt *st, struct user *u, bool *is_active)
{
	u->id = arena_str(a, column_text(st, 0));
	u->email = arena_str(a, column_text(st, 1));
	u->name = arena_str(a, column_text(st, 2));
	u->role = role_from(column_text(st, 3));
	*is_active = str_is(column_text(st, 4), "active") && u->role != ROLE_NOBODY;
}

/* In the ledger, or waiting to enter it. */
static enum rc find_by(struct accounts *s, struct arena *a, const char *ledger, const char *waiting, struct str value,
    struct user *u, bool *is_active, struct err *e)
{
	const struct bound p[] = { B_TEXT(value) };
	struct stmt *st = NULL;
	enum rc rc;

	rc = first_row(state_db(org_state(s->org)), ledger, p, 1, &st, e);
	if (rc == RC_NOT_FOUND)
		rc = sql_one(s, waiting, p, 1, &st, e);
	if (rc != RC_OK)
		return rc;
	user_row(a, st, u, is_active);
	stmt_free(st);
	return RC_OK;
}

enum rc user_find(struct accounts *s, struct arena *a, struct str id, struct user *u, bool *is_active, struct err *e)
{
	return find_by(s, a, "SELECT f_user_id, f_email, f_name, f_role, f_status FROM item_user WHERE f_user_id=?1",
	    "SELECT user, email, name, role, 'active' FROM account WHERE user=?1 AND email IS NOT NULL", id, u, is_active, e);
}

enum rc user_by_email(struct accounts *s, struct arena *a, struct str email, struct user *u, bool *is_active, struct err *e)
{
	return find_by(s, a, "SELECT f_user_id, f_email, f_name, f_role, f_status FROM item_user WHERE f_email=?1"
	    " ORDER BY f_status LIMIT 1", "SELECT user, email, name, role, 'active' FROM account WHERE email=?1",
	    email_norm(a, email), u, is_active, e);
}

enum rc accounts_any(struct accounts *s, bool *any, struct err *e)
{
	struct stmt *st = NULL;
	bool row = true;
	enum rc rc;

	*any = false;
	rc = db_prepare(state_db(org_state(s->org)), STR("SELECT f_user_id FROM item_user WHERE f_role='administrator' AND "
	    "f_status='active'"), &st, e);
	while (rc == RC_OK && !*any && (rc = stmt_step(st, &row, e)) == RC_OK && row) {
		struct bound p[] = { B_TEXT(column_text(st, 0)) };
		struct stmt *has = NULL;
		enum rc found = sql_one(s, "SELECT 1 FROM account WHERE user=?1 AND totp IS NOT NULL", p, 1, &has, e);

		if (found == RC_OK)
			stmt_free(has);
		else if (found != RC_NOT_FOUND)
			rc = found;
		*any = found == RC_OK;
	}
	stmt_free(st);
	return rc;
}

enum rc user_put(struct accounts *s, struct arena *a, const struct user *u, bool active, struct err *e)
{
	struct changes ch = { .a = a };
	const struct value *fields;
	size_t from = 0;
	uint64_t first;
	struct buf b;
	enum rc rc;

	buf_init(&b, 1 << 16);
	buf_z(&b, "{\"email\":");
	json_put_str(&b, u->email);
	buf_z(&b, ",\"name\":");
	json_put_str(&b, u->name);
	buf_fmt(&b, ",\"role\":\"%s\",\"status\":\"%s\",\"user_id\":", role_name(u->role), active ? "active" : "disabled");
	json_put_str(&b, u->id);
	buf_c(&b, '}');
	if ((rc = buf_ok(&b, "a user", e)) == RC_OK)
		rc = json_parse(a, arena_str(a, buf_view(&b)), &fields, e);
	buf_done(&b);
	if (rc != RC_OK)
		return rc;
	if ((rc = org_edit_begin(s->org, e)) == RC_OK &&
	    (rc = change_item(&ch, org_state(s->org), STR("user"), fields, STR_NONE, e)) == RC_OK &&
	    (rc = org_edit_changes(s->org, &ch, &from, e)) == RC_OK && (rc = org_edit_end(s->org, &first, e)) == RC_OK)
		rc = ledger_checkpoint(org_ledger(s->org), e);
	s->broken = rc != RC_OK;
	return rc;
}

static enum rc put_access(struct accounts *s, const char *op, const struct user *u, struct str peer, const uint64_t *read,
    struct err *e)
{
	uint64_t first;
	struct buf b;
	enum rc rc;

	buf_init(&b, 4096);
	buf_c(&b, '{');
	if (read != NULL)
		buf_fmt(&b, "\"entry\":%llu,", (unsigned long long)*read);
	buf_z(&b, "\"from\":");
	json_put_str(&b, peer);
	buf_fmt(&b, ",\"op\":\"%s\",\"user\":", op);
	json_put_str(&b, u->id);
	buf_c(&b, '}');
	if ((rc = buf_ok(&b, "an access", e)) == RC_OK) {
		if ((rc = org_edit_begin(s->org, e)) == RC_OK && (rc = org_edit(s->org, KIND_ACCESS, buf_view(&b), e)) == RC_OK &&
		    (rc = org_edit_end(s->org, &first, e)) == RC_OK)
			rc = ledger_checkpoint(org_ledger(s->org), e);
		s->broken = rc != RC_OK;
	}
	buf_done(&b);
	return rc;
}

enum rc access_put(struct accounts *s, const char *op, const struct user *u, struct str peer, struct err *e)
{
	return put_access(s, op, u, peer, NULL, e);
}

enum rc access_note(struct accounts *s, const struct user *u, struct str peer, uint64_t entry, struct err *e)
{
	return put_access(s, "read", u, peer, &entry, e);
}

enum rc user_change(struct accounts *s, struct arena *a, const struct user *u, enum role role, bool active, struct err *e)
{
	struct user now = *u;
	int64_t others = 0;
	struct buf b;
	enum rc rc;

	if ((u->role == ROLE_auditor) != (role == ROLE_auditor))
		return err_set(e, RC_INVALID, "%.*s cannot hold the auditor's role and one of the organization's: invite the auditor with "
		    "an address of their firm", STR_FMT(u->email));
	if (u->role == ROLE_administrator && (role != ROLE_administrator || !active)) {
		buf_init(&b, 1 << 16);
		buf_z(&b, "SELECT count(*) FROM item_user WHERE f_role='administrator' AND f_status='active' AND f_user_id<>");
		sql_text(&b, u->id);
		rc = db_i64(state_db(org_state(s->org)), arena_z(a, buf_view(&b)), 0, &others, e);
		buf_done(&b);
		if (rc != RC_OK)
			return rc;
		if (others == 0)
			return err_set(e, RC_CONFLICT, "this is the last administrator: make somebody else one first");
	}
	now.role = role;
	if ((rc = user_put(s, a, &now, active, e)) == RC_OK && !active) {
		const struct bound p[] = { B_TEXT(u->id) };

		rc = sql_do(s, "DELETE FROM session WHERE user=?1", p, 1, e);
	}
	return rc;
}

/* ---- passwords */
enum rc password_set(struct accounts *s, struct str user, struct str password, struct err *e)
{
	struct secret *out = mem_alloc(sizeof(*out));
	uint8_t salt[16];
	enum rc rc;

	rand_bytes(salt, sizeof(salt));
	if ((rc = argon2id(password, salt, COST_PASSES, COST_KIB, COST_LANES, out, e)) == RC_OK) {
		const struct bound p[] = { B_TEXT(user), B_BLOB(salt, sizeof(salt)), B_BLOB(out->bytes, sizeof(out->bytes)),
			B_NUM(COST_PASSES), B_NUM(COST_KIB) };

		rc = sql_do(s, "INSERT INTO account(user,salt,hash,passes,kib) VALUES(?1,?2,?3,?4,?5) ON CONFLICT(user) DO UPDATE SET "
		    "salt=?2, hash=?3, passes=?4, kib=?5", p, ARRAY_LEN(p), e);
	}
	wipe(out, sizeof(*out));
	mem_free(out);
	return rc;
}

enum rc password_check(struct accounts *s, struct str user, struct str password, bool *right, struct err *e)
{
	const struct bound p[] = { B_TEXT(user) };
	struct secret *out = mem_alloc(sizeof(*out));
	uint8_t salt[16] = { 0 }, hash[32] = { 0 };
	uint32_t passes = COST_PASSES, kib = COST_KIB;
	struct stmt *st = NULL;
	bool known = false;
	enum rc rc = user.p != NULL ? sql_one(s, "SELECT salt, hash, passes, kib FROM account WHERE user=?1", p, 1, &st, e) :
	    RC_NOT_FOUND;

	*right = false;
	if (rc == RC_OK && column_blob(st, 0).n == sizeof(salt) && column_blob(st, 1).n == sizeof(hash)) {
		known = true;
		memcpy(salt, column_blob(st, 0).p, sizeof(salt));
		memcpy(hash, column_blob(st, 1).p, sizeof(hash));
		passes = (uint32_t)column_i64(st, 2);
		kib = (uint32_t)column_i64(st, 3);
	}
	stmt_free(st);
	if (rc == RC_OK || rc == RC_NOT_FOUND)
		rc = argon2id(str_sub(password, 0, PASSWORD_MOST), salt, passes, kib, COST_LANES, out, e);
	if (rc == RC_OK)
		*right = ct_equal(out->bytes, hash, sizeof(hash)) && known;
	wipe(out, sizeof(*out));
	mem_free(out);
	return rc;
}

/* ---- invitations */
enum rc invitation_make(struct accounts *s, struct arena *a, struct str email, enum role role, int64_t now_us, struct str *token,
    struct err *e)
{
	uint8_t hash[32];
	struct str t = token_new(a, hash);
	const struct bound p[] = { B_BLOB(hash, 32), B_TEXT(email_norm(a, email)), B_TEXT(str_z(role_name(role))),
		B_NUM(now_us + INVITED_US) };
	const struct bound old[] = { B_TEXT(email_norm(a, email)), B_NUM(now_us) };
	enum rc rc;

	if (role == ROLE_NOBODY)
		return err_set(e, RC_INVALID, "choose a role");
	if (email.n > 0 && (email.n > 254 || str_find(email, STR("@")) < 1 || !str_utf8_valid(email, &(size_t){ 0 })))
		return err_set(e, RC_INVALID, "%.*s is no e-mail address", STR_FMT(email));
	if ((rc = sql_do(s, "DELETE FROM invitation WHERE email=?1 OR until_us<?2", old, 2, e)) != RC_OK ||
	    (rc = sql_do(s, "INSERT INTO invitation(hash,email,role,until_us) VALUES(?1,?2,?3,?4)", p, 4, e)) != RC_OK)
		return rc;
	*token = t;
	return RC_OK;
}

enum rc invitation_find(struct accounts *s, struct arena *a, struct str token, int64_t now_us, struct str *email, enum role *role,
    struct err *e)
{
	uint8_t hash[32];
	struct bound p[] = { B_BLOB(hash, 32), B_NUM(now_us) };
	struct stmt *st = NULL;
	enum rc rc;

	token_hash(token, hash);
	rc = sql_one(s, "SELECT email, role FROM invitation WHERE hash=?1 AND until_us>=?2", p, 2, &st, e);
	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? err_set(e, rc, "This link was used already, or is over. Ask for another one.") : rc;
	*email = arena_str(a, column_text(st, 0));
	*role = role_from(column_text(st, 1));
	stmt_free(st);
	return RC_OK;
}

enum rc invitation_take(struct accounts *s, struct arena *a, struct str token, struct str name, struct str email,
    struct str password, int64_t now_us, struct str *session, struct err *e)
{
	struct str invited = STR_NONE, id;
	struct user other;
	enum role role = ROLE_NOBODY;
	bool active;
	uint8_t random[8], hash[32];
	enum rc rc;

	if ((rc = invitation_find(s, a, token, now_us, &invited, &role, e)) != RC_OK)
		return rc;
	email = email_norm(a, invited.n > 0 ? invited : email);
	name = str_trim(name);
	if (name.n == 0 || name.n > 200)
		return err_set(e, RC_INVALID, "Enter your name.");
	if (email.n > 254 || str_find(email, STR("@")) < 1)
		return err_set(e, RC_INVALID, "Enter an e-mail address.");
	if (password.n < PASSWORD_LEAST || password.n > PASSWORD_MOST)
		return err_set(e, RC_INVALID, "A password has %d to %d characters.", PASSWORD_LEAST, PASSWORD_MOST);
	if (str_eq(email_norm(a, password), email))
		return err_set(e, RC_INVALID, "The password must not be the e-mail address.");
	if ((rc = user_by_email(s, a, email, &other, &active, e)) == RC_OK)
		return err_set(e, RC_INVALID, "Somebody with this address is here already.");
	if (rc != RC_NOT_FOUND)
		return rc;
	rand_bytes(random, sizeof(random));
	id = arena_fmt(a, "u-%.*s", STR_FMT(hex_str(a, random, sizeof(random))));
	token_hash(token, hash);
	{
		const struct bound who[] = { B_TEXT(id), B_TEXT(email), B_TEXT(name), B_TEXT(str_z(role_name(role))) };
		const struct bound used[] = { B_BLOB(hash, 32) };

		if ((rc = password_set(s, id, password, e)) != RC_OK ||
		    (rc = sql_do(s, "UPDATE account SET email=?2, name=?3, role=?4 WHERE user=?1", who, 4, e)) != RC_OK ||
		    (rc = sql_do(s, "DELETE FROM invitation WHERE hash=?1", used, 1, e)) != RC_OK)
			return rc;
	}
	return session_new(s, a, id, STAGE_ENROL, now_us, session, e);
}

/* sign_in: the pages before and around a session: set-up, sign-in, the authenticator, sign-out, users. */
#include "server/otp.h"
#include "server/route.h"

#include "base/time.h"

static struct str field(struct call *c, const char *name)
{
	struct str s = form_get(&c->form, name);

	return s.p != NULL ? s : STR("");
}

/* The page again, with what was typed and what is wrong with it. */
static enum rc again(struct call *c, struct buf *b, unsigned status, const char *title)
{
	c->out->status = status;
	buf_c(b, '{');
	doc_str(b, "title", str_z(title));
	doc_str(b, "email", field(c, "email"));
	doc_str(b, "name", field(c, "name"));
	doc_str(b, "error", str_z(c->err.msg));
	return RC_OK;
}

static enum rc again_end(struct buf *b)
{
	buf_c(b, '}');
	return RC_OK;
}

static void wait_header(struct call *c, unsigned wait_s)
{
	c->out->retry_after = arena_z(c->a, arena_fmt(c->a, "%u", wait_s));
}

enum rc route_sign_in(struct call *c, struct buf *b)
{
	if (c->session.stage == STAGE_IN)
		return call_redirect(c, "/");
	buf_z(b, "{\"title\":\"Sign in\",\"email\":\"\"}");
	return RC_OK;
}

enum rc route_sign_in_post(struct call *c, struct buf *b)
{
	struct str session;
	unsigned wait_s = 0;
	enum rc rc = sign_in(c->s->accounts, c->a, field(c, "email"), field(c, "password"), c->q->peer,
	    cookie_get(c->q->cookie, call_device_cookie(c)), c->now_us, &session, &wait_s, &c->err);

	if (rc == RC_OK) {
		call_set_session(c, session);
		return call_redirect(c, "/sign-in/code");
	}
	if (rc != RC_INVALID && rc != RC_BUSY)
		return rc;
	if (wait_s > 0)
		wait_header(c, wait_s);
	(void)again(c, b, rc == RC_BUSY ? 429 : 422, "Sign in");
	return again_end(b);
}

enum rc route_code(struct call *c, struct buf *b)
{
	if (c->session.stage == STAGE_IN)
		return call_redirect(c, "/");
	if (c->session.stage == STAGE_ENROL)
		return call_redirect(c, "/enrol");
	buf_z(b, "{\"title\":\"Confirm it is you\"}");
	return RC_OK;
}

enum rc route_code_post(struct call *c, struct buf *b)
{
	struct str session, device;
	unsigned wait_s = 0;
	enum rc rc;

	if (c->session.stage != STAGE_CODE)
		return call_redirect(c, "/");
	rc = sign_in_code(c->s->accounts, c->a, &c->user, &c->session, field(c, "code"), c->q->peer,
	    cookie_get(c->q->cookie, call_device_cookie(c)), c->now_us, &session, &device, &wait_s, &c->err);
	if (rc == RC_OK) {
		call_set_session(c, session);
		call_set_device(c, device);
		return call_redirect(c, "/");
	}
	if (rc != RC_INVALID && rc != RC_BUSY)
		return rc;
	if (wait_s > 0)
		wait_header(c, wait_s);
	(void)again(c, b, rc == RC_BUSY ? 429 : 422, "Confirm it is you");
	return again_end(b);
}

static enum rc invitation(struct call *c, struct str token, struct buf *b)
{
	struct str email;
	enum role role;
	enum rc rc = invitation_find(c->s->accounts, c->a, token, c->now_us, &email, &role, &c->err);

	if (rc != RC_OK)
		return rc;
	doc_str(b, "token", token);
	doc_str(b, "role", str_z(role_words(role)));
	if (email.n > 0)
		doc_str(b, "invited", email);
	return RC_OK;
}

enum rc route_set_up(struct call *c, struct buf *b)
{
	struct str token = form_get(&c->query, "token");
	enum rc rc;

	buf_z(b, "{\"title\":\"Your account\",\"name\":\"\",\"email\":\"\"");
	if ((rc = invitation(c, token.p != NULL ? token : STR(""), b)) != RC_OK)
		return rc;
	buf_c(b, '}');
	return RC_OK;
}

enum rc route_set_up_post(struct call *c, struct buf *b)
{
	struct str session;
	enum rc rc = invitation_take(c->s->accounts, c->a, field(c, "token"), field(c, "name"), field(c, "email"), field(c, "password"),
	    c->now_us, &session, &c->err);

	if (rc == RC_OK) {
		call_set_session(c, session);
		return call_redirect(c, "/enrol");
	}
	if (rc != RC_INVALID)
		return rc;
	(void)again(c, b, 422, "Your account");
	if ((rc = invitation(c, field(c, "token"), b)) != RC_OK)
		return rc;
	return again_end(b);
}

static enum rc put_secret(struct call *c, struct buf *b)
{
	uint8_t secret[OTP_SECRET_BYTES];
	struct buf svg;
	enum rc rc;

	buf_init(&svg, 1 << 20);
	if ((rc = enrolment(c->s->accounts, &c->user, secret, &c->err)) == RC_OK &&
	    (rc = qr_svg(otp_uri(c->a, STR("Tickmark"), c->user.email, secret), &svg, &c->err)) == RC_OK) {
		doc_str(b, "secret", base32(c->a, secret, sizeof(secret)));
		doc_str(b, "qr", buf_view(&svg));
	}
	buf_done(&svg);
	return rc;
}

enum rc route_enrol(struct call *c, struct buf *b)
{
	enum rc rc;

	if (c->session.stage != STAGE_ENROL)
		return call_redirect(c, "/");
	buf_z(b, "{\"title\":\"Set up your authenticator app\"");
	if ((rc = put_secret(c, b)) != RC_OK)
		return rc;
	buf_c(b, '}');
	return RC_OK;
}

enum rc route_enrol_post(struct call *c, struct buf *b)
{
	struct str session, codes[8];
	size_t i;
	enum rc rc;

	if (c->session.stage != STAGE_ENROL)
		return call_redirect(c, "/");
	rc = enrolment_confirm(c->s->accounts, c->a, &c->user, &c->session, field(c, "code"), c->q->peer, c->now_us, &session, codes,
	    &c->err);
	if (rc == RC_INVALID) {
		(void)again(c, b, 422, "Set up your authenticator app");
		if ((rc = put_secret(c, b)) != RC_OK)
			return rc;
		return again_end(b);
	}
	if (rc != RC_OK)
		return rc;
	call_set_session(c, session);
	c->s->setup_url[0] = 0;
	buf_z(b, "{\"title\":\"Keep your recovery codes\"");
	doc_open(b, "codes", '[');
	for (i = 0; i < 8; i++)
		doc_str(b, NULL, codes[i]);
	buf_z(b, "]}");
	return RC_OK;
}

enum rc route_sign_out(struct call *c, struct buf *b)
{
	enum rc rc = sign_out(c->s->accounts, &c->session, &c->err);

	(void)b;
	if (rc != RC_OK)
		return rc;
	call_set_session(c, STR(""));
	return call_redirect(c, "/sign-in");
}

/* ---- users */
static enum rc put_users(struct call *c, struct buf *b, struct str link)
{
	struct stmt *st = NULL;
	bool row;
	int i;
	enum rc rc;

	if (!call_may(c, WHO_ADMIN))
		return err_set(&c->err, RC_LOCKED, "An administrator sees the users.");
	buf_c(b, '{');
	doc_str(b, "title", STR("Users"));
	if (c->err.msg[0] != 0)
		doc_str(b, "error", str_z(c->err.msg));
	if (link.n > 0)
		doc_str(b, "link", link);
	doc_open(b, "roles", '[');
	for (i = 1; i < ROLES; i++) {
		doc_open(b, NULL, '{');
		doc_str(b, "name", str_z(role_name((enum role)i)));
		doc_str(b, "words", str_z(role_words((enum role)i)));
		doc_close(b, '}');
	}
	doc_close(b, ']');
	doc_open(b, "users", '[');
	rc = db_prepare(state_db(org_state(c->s->org)), STR("SELECT f_user_id, f_email, f_name, f_role, f_status, entry FROM item_user "
	    "ORDER BY f_name, f_user_id"), &st, &c->err);
	while (rc == RC_OK && (rc = stmt_step(st, &row, &c->err)) == RC_OK && row) {
		bool active = str_is(column_text(st, 4), "active");

		doc_open(b, NULL, '{');
		doc_str(b, "user_id", column_text(st, 0));
		doc_str(b, "email", column_text(st, 1));
		doc_str(b, "name", column_text(st, 2));
		doc_str(b, "role", column_text(st, 3));
		doc_str(b, "role_words", str_z(role_words(role_from(column_text(st, 3)))));
		doc_num(b, "entry", (uint64_t)column_i64(st, 5));
		doc_bool(b, "active", active);
		doc_bool(b, "self", str_eq(column_text(st, 0), c->user.id));
		doc_close(b, '}');
	}
	stmt_free(st);
	buf_z(b, "]}");
	return rc;
}

enum rc route_users(struct call *c, struct buf *b)
{
	return put_users(c, b, STR_NONE);
}

enum rc route_invite(struct call *c, struct buf *b)
{
	struct str token;
	enum rc rc;

	if (field(c, "email").n == 0)
		rc = err_set(&c->err, RC_INVALID, "Enter the e-mail address of whom you invite.");
	else
		rc = invitation_make(c->s->accounts, c->a, field(c, "email"), role_from(field(c, "role")), c->now_us, &token, &c->err);
	if (rc == RC_OK)
		return put_users(c, b, arena_fmt(c->a, "%s/set-up?token=%.*s", c->s->url, STR_FMT(token)));
	if (rc != RC_INVALID)
		return rc;
	c->out->status = 422;
	return put_users(c, b, STR_NONE);
}

enum rc route_user_post(struct call *c, struct buf *b)
{
	enum role role = role_from(field(c, "role"));
	struct user u;
	bool active;
	enum rc rc = user_find(c->s->accounts, c->a, c->part[0], &u, &active, &c->err);

	if (rc != RC_OK)
		return rc == RC_NOT_FOUND ? err_set(&c->err, rc, "There is no such user.") : rc;
	rc = user_change(c->s->accounts, c->a, &u, role == ROLE_NOBODY ? u.role : role, !str_is(field(c, "status"), "disabled"),
	    &c->err);
	if (rc == RC_OK)
		return call_redirect(c, "/users");
	if (rc != RC_INVALID && rc != RC_CONFLICT)
		return rc;
	c->out->status = rc == RC_CONFLICT ? 409 : 422;
	return put_users(c, b, STR_NONE);
}

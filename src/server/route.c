#include "server/route.h"

#include <stdio.h>
#include <string.h>

#include "assess/scope.h"
#include "base/time.h"
#include "seal/hash.h"
#include "server/web.h"

enum { METHOD_GET = 0, METHOD_POST = 1 };
const struct route routes[] = {
#define ROUTE(method, pattern, who, run, template, api, nav, summary) \
	{ METHOD_##method, pattern, WHO_##who, run, template, api, nav, summary },
#include "server/route.def"
#undef ROUTE
};
const size_t routes_n = ARRAY_LEN(routes);
#define API STR("/api/v1")

bool call_may(const struct call *c, uint32_t who)
{
	return c->session.stage == STAGE_IN && (who >> c->user.role & 1) != 0 && c->user.role != ROLE_NOBODY;
}

/* ---- which route */
static bool fits(struct call *c, const char *pattern, struct str path)
{
	struct str p = str_z(pattern), want, got, part;
	size_t n = 0;

	do {
		want = str_cut(&p, '/');
		got = str_cut(&path, '/');
		if (want.n > 0 && want.p[0] == '{') {
			if (got.n == 0 || n == PATH_PARTS || !path_decode(c->a, got, &part))
				return false;
			c->part[n++] = part;
		} else if (!str_eq(want, got)) {
			return false;
		}
	} while (p.p != NULL && path.p != NULL);
	return p.p == NULL && path.p == NULL;
}

static const struct route *route_of(struct call *c, bool *other_method)
{
	struct str path = c->q->path;
	size_t i;

	*other_method = false;
	for (i = 0; i < routes_n; i++) {
		const struct route *r = &routes[i];
		bool page = fits(c, r->pattern, path);
		bool api = !page && r->api != NULL && str_starts(path, API) && fits(c, r->api, str_sub(path, API.n, path.n));

		if (!page && !api)
			continue;
		if (r->is_post != c->q->is_post) {
			*other_method = true;
			continue;
		}
		c->is_api = api;
		return r;
	}
	return NULL;
}

/* ---- cookies: under TLS the browser itself keeps others from setting them */
const char *call_session_cookie(const struct call *c) { return c->q->tls ? "__Host-session" : "session"; }
const char *call_device_cookie(const struct call *c) { return c->q->tls ? "__Host-device" : "device"; }

static const char *cookie_line(struct call *c, const char *name, struct str value, long age)
{
	char life[32] = "";

	if (age >= 0)
		(void)snprintf(life, sizeof(life), "; Max-Age=%ld", age);
	return arena_z(c->a, arena_fmt(c->a, "%s=%.*s; Path=/; HttpOnly; SameSite=Lax%s%s", name, STR_FMT(value), life,
	    c->q->tls ? "; Secure" : ""));
}

void call_set_session(struct call *c, struct str token)
{
	c->out->cookie[0] = cookie_line(c, call_session_cookie(c), token, token.n > 0 ? -1 : 0);
}

void call_set_device(struct call *c, struct str token)
{
	c->out->cookie[1] = cookie_line(c, call_device_cookie(c), token, 365L * 86400);
}

enum rc call_redirect(struct call *c, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->out->status = 303;
	c->out->location = arena_z(c->a, str_z(text));
	return RC_OK;
}

/* ---- who asks, and from where */
static enum rc who_asks(struct call *c)
{
	enum rc rc = session_find(c->s->accounts, c->a, cookie_get(c->q->cookie, call_session_cookie(c)), c->now_us, &c->session,
	    &c->user, &c->err);

	if (rc == RC_OK)
		return rc;
	c->user.role = ROLE_NOBODY;
	c->session.stage = 0;
	return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* A form that another site's page sends is refused: by where the browser says it comes from, and by what only our pages know. */
static bool is_ours(struct call *c)
{
	struct str origin = c->q->origin, token = form_get(&c->form, "csrf");

	if (c->q->fetch_site.n > 0 && !str_is(c->q->fetch_site, "same-origin"))
		return false;
	if (origin.n > 0) {
		const struct str scheme = c->q->tls ? STR("https://") : STR("http://");

		if (!str_starts(origin, scheme) || !str_eq(str_sub(origin, scheme.n, origin.n), c->q->host))
			return false;
	}
	if (c->session.stage == 0)
		return origin.n > 0 || c->q->fetch_site.n > 0;
	return token.n == c->session.csrf.n && ct_equal(token.p, c->session.csrf.p, token.n);
}

/* ---- the page around a document */
static void initials(struct str name, char out[3])
{
	size_t i, n = 0;

	for (i = 0; i < name.n && n < 2; i++)
		if ((i == 0 || name.p[i - 1] == ' ') && name.p[i] > ' ' && name.p[i] < 127)
			out[n++] = name.p[i];
	out[n] = 0;
}

static enum rc render(struct call *c, const char *template, const char *nav, struct str doc)
{
	const struct value *v;
	struct scope scope;
	struct err ignored;
	struct str name;
	char letters[3];
	struct buf b;
	enum rc rc;

	err_init(&ignored);
	name = scope_load(org_state(c->s->org), c->a, &scope, &ignored) == RC_OK ? scope.organization : STR("Tickmark");
	initials(c->user.name, letters);
	buf_init(&b, LIMIT_FILE_READ);
	buf_c(&b, '{');
	doc_str(&b, "organization", name);
	if (c->session.stage != 0) {
		doc_str(&b, "csrf", c->session.csrf);
		doc_open(&b, "me", '{');
		doc_str(&b, "name", c->user.name);
		doc_str(&b, "email", c->user.email);
		doc_str(&b, "initials", str_z(letters));
		doc_str(&b, "role", str_z(role_words(c->user.role)));
		doc_bool(&b, "program", call_may(c, WHO_PROGRAM));
		doc_bool(&b, "evidence", call_may(c, WHO_EVIDENCE));
		doc_bool(&b, "admin", call_may(c, WHO_ADMIN));
		doc_close(&b, '}');
	}
	doc_open(&b, "nav", '{');
	if (nav[0] != 0)
		doc_bool(&b, nav, true);
	doc_close(&b, '}');
	if (c->session.stage == STAGE_IN) {
		doc_open(&b, "seal", '{');
		doc_str(&b, "entries", grouped(c->a, ledger_size(org_ledger(c->s->org))));
		doc_close(&b, '}');
	}
	doc_key(&b, "d");
	buf_str(&b, doc);
	buf_c(&b, '}');
	if ((rc = buf_ok(&b, "a page", &c->err)) == RC_OK && (rc = json_parse(c->a, buf_view(&b), &v, &c->err)) == RC_OK)
		rc = template_render(c->s->templates, arena_fmt(c->a, "%s.mustache", template), v, &c->out->body, &c->err);
	buf_done(&b);
	return rc;
}

/* A refusal, as page or JSON. */
static void refuse(struct call *c, unsigned status, const char *title, struct str words)
{
	struct buf b;

	buf_clear(&c->out->body);
	c->out->status = status;
	buf_init(&b, 1 << 16);
	buf_c(&b, '{');
	doc_num(&b, "status", status);
	doc_str(&b, "title", str_z(title));
	doc_str(&b, "words", words);
	buf_fmt(&b, ",\"request\":%llu}", (unsigned long long)c->q->id);
	if (c->is_api || str_starts(c->q->path, API)) {
		c->out->type = "application/json";
		buf_str(&c->out->body, buf_view(&b));
	} else if (render(c, "error", "", buf_view(&b)) != RC_OK) {
		buf_clear(&c->out->body);
		c->out->type = "text/plain; charset=utf-8";
		buf_fmt(&c->out->body, "%s\n", title);
	}
	buf_done(&b);
}

static void failed(struct call *c, enum rc rc)
{
	struct str words = str_z(c->err.msg[0] != 0 ? c->err.msg : rc_words(rc));

	switch (rc) {
	case RC_NOT_FOUND:
		refuse(c, 404, "There is nothing here", words);
		break;
	case RC_USAGE:
	case RC_INVALID:
	case RC_LIMIT:
		refuse(c, 400, "The request cannot be understood", words);
		break;
	case RC_CONFLICT:
	case RC_EXISTS:
		refuse(c, 409, "It changed meanwhile", words);
		break;
	case RC_LOCKED:
		refuse(c, 403, "Not for this role", words);
		break;
	default:
		(void)fprintf(stderr, "tickmark: request %llu: %s\n", (unsigned long long)c->q->id, c->err.msg);
		refuse(c, 500, "The server could not answer", STR("What went wrong stands in the server's log, with the number below."));
	}
}

static void answer(struct call *c, const struct route *r)
{
	struct buf doc;
	enum rc rc;

	buf_init(&doc, LIMIT_FILE_READ);
	rc = r->run(c, r->template != NULL ? &doc : &c->out->body);
	if (rc == RC_OK && r->template != NULL && c->out->status != 303 && (rc = buf_ok(&doc, "the document", &c->err)) == RC_OK) {
		if (c->is_api) {
			c->out->type = "application/json";
			buf_str(&c->out->body, buf_view(&doc));
		} else {
			rc = render(c, r->template, r->nav, buf_view(&doc));
		}
	}
	buf_done(&doc);
	if (rc != RC_OK)
		failed(c, rc);
}

static void decide(struct call *c)
{
	bool other_method;
	const struct route *r = route_of(c, &other_method);
	enum rc rc;

	if (accounts_broken(c->s->accounts)) {
		c->out->status = 503;
		c->out->type = "text/plain; charset=utf-8";
		buf_z(&c->out->body, "The ledger could not be written. See the server's log, mend it, and start the server again.\n");
		return;
	}
	if ((rc = who_asks(c)) != RC_OK) {
		failed(c, rc);
		return;
	}
	if (r == NULL) {
		if (other_method)
			refuse(c, 405, "Not by this method", STR("The address is there, and does not take this method."));
		else
			refuse(c, 404, "There is nothing here", STR("No page has this address."));
		return;
	}
	if ((rc = form_decode(c->a, c->q->query, &c->query, &c->err)) != RC_OK ||
	    (c->q->is_post && (rc = form_decode(c->a, c->q->body, &c->form, &c->err)) != RC_OK)) {
		failed(c, rc);
		return;
	}
	if (r->who == WHO_HALF ? c->session.stage == 0 : r->who != WHO_OPEN && c->session.stage != STAGE_IN) {
		if (c->is_api || c->q->is_post)
			refuse(c, 401, "Sign in first", STR("This needs somebody who is signed in."));
		else
			(void)call_redirect(c, "/sign-in");
		return;
	}
	if (r->who != WHO_OPEN && r->who != WHO_HALF && !call_may(c, r->who)) {
		refuse(c, 403, "Not for this role", arena_fmt(c->a, "Your role is %s. An administrator can give you another one.",
		    role_words(c->user.role)));
		return;
	}
	if (c->q->is_post && !is_ours(c)) {
		refuse(c, 403, "Not from one of our pages", STR("The form did not come from a page of this server, or the session "
		    "began anew since. Open the page again and repeat."));
		return;
	}
	answer(c, r);
}

void route_request(void *ctx, const struct http_request *q, struct http_reply *out)
{
	struct server *s = ctx;
	struct call c = { .s = s, .q = q, .out = out, .a = q->a, .now_us = s->config.now_us() };

	err_init(&c.err);
	(void)pthread_mutex_lock(&s->lock);
	decide(&c);
	s->answered[out->status / 100 % 6]++;
	(void)pthread_mutex_unlock(&s->lock);
}

/* ---- what belongs to the table itself */
enum rc route_healthz(struct call *c, struct buf *to)
{
	c->out->type = "text/plain; charset=utf-8";
	buf_z(to, "ok\n");
	return RC_OK;
}

enum rc route_metrics(struct call *c, struct buf *to)
{
	int i;

	if (!http_is_loopback(arena_z(c->a, c->q->peer)) && !call_may(c, WHO_ADMIN))
		return err_set(&c->err, RC_LOCKED, "Metrics are given to this machine alone.");
	c->out->type = "text/plain; version=0.0.4; charset=utf-8";
	buf_z(to, "# HELP tickmark_requests_total Requests answered, by the first digit of their status.\n"
	    "# TYPE tickmark_requests_total counter\n");
	for (i = 1; i < 6; i++)
		buf_fmt(to, "tickmark_requests_total{status=\"%dxx\"} %llu\n", i, (unsigned long long)c->s->answered[i]);
	buf_fmt(to, "# HELP tickmark_ledger_entries Entries in the ledger.\n# TYPE tickmark_ledger_entries gauge\n"
	    "tickmark_ledger_entries %llu\n# HELP tickmark_ledger_checkpointed Entries that a signed checkpoint covers.\n"
	    "# TYPE tickmark_ledger_checkpointed gauge\ntickmark_ledger_checkpointed %llu\n"
	    "# HELP tickmark_started_seconds When the server started.\n# TYPE tickmark_started_seconds gauge\n"
	    "tickmark_started_seconds %lld\n", (unsigned long long)ledger_size(org_ledger(c->s->org)),
	    (unsigned long long)ledger_checkpointed(org_ledger(c->s->org)), (long long)(c->s->started_us / US_PER_SECOND));
	return RC_OK;
}

enum rc route_file(struct call *c, struct buf *to)
{
	size_t i;

	for (i = 0; i < web_files_n; i++) {
		if (!str_eq(str_z(web_files[i].name), str_sub(c->q->path, 1, c->q->path.n)))
			continue;
		c->out->type = str_ends(c->q->path, STR(".css")) ? "text/css; charset=utf-8" : "image/svg+xml";
		c->out->may_cache = true;
		buf_add(to, web_files[i].bytes, web_files[i].n);
		return RC_OK;
	}
	return err_set(&c->err, RC_NOT_FOUND, "there is no such file");
}

enum rc route_openapi(struct call *c, struct buf *b)
{
	size_t i;

	c->out->type = "application/json";
	buf_z(b, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Tickmark\",\"version\":");
	json_put_str(b, str_z(c->s->config.version));
	buf_z(b, "},\"servers\":[{\"url\":\"/api/v1\"}],\"components\":{\"securitySchemes\":{\"session\":{\"type\":\"apiKey\",\"in\":"
	    "\"cookie\",\"name\":");
	json_put_str(b, str_z(call_session_cookie(c)));
	buf_z(b, "}}},\"security\":[{\"session\":[]}],\"paths\":{");
	for (i = 0; i < routes_n; i++) {
		struct str p = str_z(routes[i].api), part;
		int role;
		bool first = true;

		if (p.p == NULL)
			continue;
		if (b->p[b->n - 1] != '{')
			buf_c(b, ',');
		json_put_str(b, p);
		buf_fmt(b, ":{\"%s\":{\"summary\":", routes[i].is_post ? "post" : "get");
		json_put_str(b, str_z(routes[i].summary));
		buf_z(b, ",\"parameters\":[");
		while (p.p != NULL) {
			part = str_cut(&p, '/');
			if (part.n < 3 || part.p[0] != '{')
				continue;
			buf_fmt(b, "%s{\"name\":\"%.*s\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"}}", first ? "" : ",",
			    (int)(part.n - 2), part.p + 1);
			first = false;
		}
		buf_z(b, "],\"x-roles\":[");
		for (role = 1, first = true; role < ROLES; role++) {
			if ((routes[i].who >> role & 1) == 0)
				continue;
			buf_fmt(b, "%s\"%s\"", first ? "" : ",", role_name((enum role)role));
			first = false;
		}
		buf_z(b, "],\"responses\":{\"200\":{\"description\":\"The document\",\"content\":{\"application/json\":{\"schema\":"
		    "{\"type\":\"object\"}}}},\"401\":{\"description\":\"Nobody is signed in\"},\"403\":{\"description\":"
		    "\"Not for this role\"}}}}");
	}
	buf_z(b, "}}");
	return RC_OK;
}

#include "server/server.h"

#include <stdio.h>

#include "base/file.h"
#include "server/route.h"
#include "server/tls.h"
#include "server/web.h"

enum { THREADS = 2, PEM_MOST = 64 << 10 };

static enum rc templates_of_ours(struct server *s, struct err *e)
{
	struct template_source *t = ARENA_ARRAY(s->a, web_files_n, struct template_source);
	struct templates *made;
	size_t i, n = 0;
	enum rc rc;

	for (i = 0; i < web_files_n; i++)
		if (str_ends(str_z(web_files[i].name), STR(".mustache")))
			t[n++] = (struct template_source){ str_z(web_files[i].name), { web_files[i].bytes, web_files[i].n } };
	if ((rc = templates_load(s->a, t, n, &made, e)) != RC_OK)
		return rc;
	s->templates = made;
	return RC_OK;
}

static enum rc certificate(struct server *s, struct str *cert, struct str *key, struct err *e)
{
	struct str print;
	char folder[LIMIT_PATH];
	enum rc rc;

	if (!http_is_address(s->config.address))
		return err_set(e, RC_USAGE, "%s is no numeric address: give one as 127.0.0.1 or ::1", s->config.address);
	if (s->config.no_tls)
		return http_is_loopback(s->config.address) ? RC_OK : err_set(e, RC_USAGE, "without TLS only a loopback address is "
		    "listened on, not %s: passwords would cross the network in clear", s->config.address);
	if ((s->config.cert_file == NULL) != (s->config.key_file == NULL))
		return err_set(e, RC_USAGE, "--tls-cert and --tls-key belong together");
	(void)snprintf(folder, sizeof(folder), "%s/server", org_dir(s->org));
	if (s->config.cert_file == NULL)
		rc = tls_own(s->a, folder, s->config.address, cert, key, e);
	else if ((rc = file_read(s->a, s->config.cert_file, PEM_MOST, cert, e)) == RC_OK)
		rc = file_read(s->a, s->config.key_file, PEM_MOST, key, e);
	if (rc == RC_OK && (rc = tls_fingerprint(s->a, *cert, &print, e)) == RC_OK)
		(void)snprintf(s->print, sizeof(s->print), "%.*s", STR_FMT(print));
	return rc;
}

static enum rc first_run(struct server *s, struct err *e)
{
	struct str token;
	bool any;
	enum rc rc = accounts_any(s->accounts, &any, e);

	if (rc != RC_OK || any)
		return rc;
	rc = invitation_make(s->accounts, s->a, STR(""), ROLE_administrator, s->config.now_us(), &token, e);
	if (rc == RC_OK)
		(void)snprintf(s->setup_url, sizeof(s->setup_url), "%s/set-up?token=%.*s", s->url, STR_FMT(token));
	return rc;
}

enum rc server_start(struct org *org, const struct server_config *config, struct server **out, struct err *e)
{
	struct server *s = mem_alloc(sizeof(*s));
	struct http_config h = { .address = config->address, .port = config->port, .threads = THREADS,
		.handler = route_request, .ctx = s };
	struct str cert = STR_NONE, key = STR_NONE;
	bool six;
	enum rc rc;

	s->a = arena_new();
	s->org = org;
	s->config = *config;
	s->started_us = config->now_us();
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_mutex_lock(&s->lock);     /* whoever asks while this starts waits */
	if ((rc = templates_of_ours(s, e)) == RC_OK && (rc = accounts_open(org, &s->accounts, e)) == RC_OK &&
	    (rc = certificate(s, &cert, &key, e)) == RC_OK) {
		h.cert = cert.p != NULL ? arena_z(s->a, cert) : NULL;
		h.key = key.p != NULL ? arena_z(s->a, key) : NULL;
		rc = http_start(&h, &s->http, e);
	}
	if (rc == RC_OK) {
		six = str_find(str_z(config->address), STR(":")) >= 0;
		(void)snprintf(s->url, sizeof(s->url), "%s://%s%s%s:%u", config->no_tls ? "http" : "https", six ? "[" : "",
		    config->address, six ? "]" : "", (unsigned)http_port(s->http));
		rc = first_run(s, e);
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (rc != RC_OK) {
		server_stop(s);
		return rc;
	}
	*out = s;
	return RC_OK;
}

const char *server_url(const struct server *s) { return s->url; }
const char *server_fingerprint(const struct server *s) { return s->print[0] != 0 ? s->print : NULL; }
const char *server_setup_url(const struct server *s) { return s->setup_url[0] != 0 ? s->setup_url : NULL; }

void server_stop(struct server *s)
{
	if (s == NULL)
		return;
	http_stop(s->http);
	accounts_close(s->accounts);
	arena_free(s->kept_a);
	(void)pthread_mutex_destroy(&s->lock);
	arena_free(s->a);
	mem_free(s);
}

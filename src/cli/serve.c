/* serve: the organization's pages and API, until somebody ends it. */
#include "cli/apply.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "server/server.h"

static enum rc address(struct cli *c, const char *listen, struct server_config *s)
{
	const char *colon = strrchr(listen, ':');
	struct str host;
	uint64_t port;

	if (colon == NULL || !num_u64(str_z(colon + 1), UINT16_MAX, &port))
		return cli_usage(c, "--listen takes an address and a port, as 127.0.0.1:8443, not %s", listen);
	host = (struct str){ listen, (size_t)(colon - listen) };
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = str_sub(host, 1, host.n - 2);
	s->address = arena_z(c->a, host);
	s->port = (uint16_t)port;
	return RC_OK;
}

/* An organization of before there were users gets the collection that they stand in. */
static enum rc users(struct cli *c, struct org *org)
{
	if (schema_find(state_schema(org_state(org)), STR("user")) != NULL)
		return RC_OK;
	return apply_bundled(c, org, "populations/user.yaml", content_find("populations/user.yaml"));
}

static void tell(struct cli *c, const struct server *s)
{
	struct buf b;

	if (c->json) {
		buf_init(&b, 4096);
		buf_z(&b, "{\"fingerprint\":");
		if (server_fingerprint(s) != NULL)
			json_put_str(&b, str_z(server_fingerprint(s)));
		else
			buf_z(&b, "null");
		buf_z(&b, ",\"setup\":");
		if (server_setup_url(s) != NULL)
			json_put_str(&b, str_z(server_setup_url(s)));
		else
			buf_z(&b, "null");
		buf_z(&b, ",\"url\":");
		json_put_str(&b, str_z(server_url(s)));
		buf_c(&b, '}');
		out_json(&b);
		buf_done(&b);
	} else {
		out_line("Tickmark listens at %s", server_url(s));
		if (server_fingerprint(s) != NULL)
			out_line("Its certificate's SHA-256 is %s", server_fingerprint(s));
		if (server_setup_url(s) != NULL)
			out_line("Nobody has an account yet. The first administrator sets up theirs here, once:\n%s", server_setup_url(s));
	}
	(void)fflush(stdout);
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	const char *listen = "127.0.0.1:8443";
	struct server_config config = { .version = TICKMARK_VERSION, .now_us = clock_now_us };
	const struct option_def defs[] = { { "--listen", OPTION_TEXT, &listen }, { "--no-tls", OPTION_FLAG, &config.no_tls },
		{ "--tls-cert", OPTION_TEXT, &config.cert_file }, { "--tls-key", OPTION_TEXT, &config.key_file } };
	struct server *s = NULL;
	struct org *org = NULL;
	sigset_t ends;
	int which;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 0)
		return cli_usage(c, "serve takes no arguments");
	if ((rc = address(c, listen, &config)) != RC_OK)
		return rc;
	(void)sigemptyset(&ends);               /* before any thread is made: they inherit it */
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
	if ((rc = cli_open(c, ORG_WRITE, &org)) != RC_OK)
		return rc;
	if ((rc = users(c, org)) == RC_OK && (rc = server_start(org, &config, &s, &c->err)) == RC_OK) {
		tell(c, s);
		(void)sigwait(&ends, &which);
		server_stop(s);
		return org_close(org, &c->err);
	}
	org_abandon(org);
	return rc;
}

const struct command command_serve = {
	"serve", "", "the pages and the API, until it is ended (Ctrl-C)",
	"  --listen ADDR:PORT   where to listen (127.0.0.1:8443); port 0 is any free one\n"
	"  --tls-cert FILE      the certificate, PEM, with its chain; without it one is made, in DIR/server\n"
	"  --tls-key FILE       its key, PEM\n"
	"  --no-tls             without TLS, on a loopback address alone: behind a proxy on the same machine\n\n"
	"The first start prints the address of a page on which the first administrator makes an account. It holds the folder's\n"
	"lock: other commands read beside it, and those that write wait for its end.",
	run,
};

/* server: one organization's pages and API over HTTP.  It holds the folder's writer lock for as long as it runs.
 * Uses every layer below. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "model/org.h"

struct server_config {
	const char *address;
	uint16_t port;
	bool no_tls;                    /* on loopback addresses alone */
	const char *cert_file, *key_file;       /* NULL: one of our own is made, in DIR/server */
	const char *version;
	int64_t (*now_us)(void);
};

struct server;
/* ${org} is open for writing and stays the caller's.  RC_USAGE, RC_BUSY. */
MUST_USE enum rc server_start(struct org *, const struct server_config *, struct server **, struct err *);
const char *server_url(const struct server *);          /* "https://127.0.0.1:8443" */
/* The address of the set-up page with its one-time token; NULL: somebody has been set up. */
const char *server_setup_url(const struct server *);
/* SHA-256 of the certificate as browsers show it; NULL: no TLS. */
const char *server_fingerprint(const struct server *);
void server_stop(struct server *);

#endif

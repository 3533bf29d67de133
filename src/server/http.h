/* http: requests in, replies out, over libmicrohttpd; limits, time-outs, TLS and the headers that every answer has.
 * Nothing else includes the library.  Handlers are called in several threads at once.
 * Uses base/. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "base/base.h"

#define HTTP_BODY_MOST ((size_t)64 << 10)       /* a form; what is longer is answered with 413 */
#define HTTP_HEAD_MOST ((size_t)32 << 10)       /* a request's line and headers */

struct http_request {
	struct arena *a;                /* of this request */
	uint64_t id;                    /* counted from the server's start; X-Request-Id */
	bool is_head, is_post;          /* else GET; others are refused before a handler is asked */
	struct str path;                /* as sent, percent signs and all, without the query */
	struct str query;               /* as sent, STR_NONE: none */
	struct str body;
	struct str cookie, origin, host, content_type, fetch_site, accept;  /* headers as sent, STR_NONE: absent */
	struct str peer;                /* address without port */
	bool tls;
};

struct http_reply {
	unsigned status;                /* 200 unless set */
	const char *type;               /* content type; text/html unless set */
	struct buf body;
	const char *location;           /* of a redirection; in the request's arena */
	const char *cookie[2];          /* Set-Cookie lines, in the request's arena; NULL: none */
	const char *retry_after;        /* seconds; NULL: none */
	bool may_cache;                 /* a file of ours that is the same for everyone */
};

typedef void http_handler(void *ctx, const struct http_request *, struct http_reply *);

struct http_config {
	const char *address;            /* a numeric address, "127.0.0.1" or "::1" */
	uint16_t port;                  /* 0: any; http_port tells which */
	const char *cert, *key;         /* PEM text; NULL: no TLS */
	unsigned threads;
	http_handler *handler;
	void *ctx;
};

struct http;
/* RC_BUSY: something listens there already; RC_USAGE: no such address. */
MUST_USE enum rc http_start(const struct http_config *, struct http **, struct err *);
uint16_t http_port(const struct http *);
bool http_is_address(const char *address);      /* numeric, as config.address */
bool http_is_loopback(const char *address);
/* Requests under way are answered before it returns. */
void http_stop(struct http *);

#endif

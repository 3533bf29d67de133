#include "server/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS_IDLE = 30, CONNECTIONS_MOST = 512, REPLY_MOST = 32 << 20, DISCARD_MOST = 1 << 20 };

struct http {
	struct MHD_Daemon *daemon;
	struct http_config config;
	atomic_uint_least64_t next_id;
	uint16_t port;
};

/* What stays of one request from its first line to its end. */
struct under_way {
	struct arena *a;
	struct buf body;
	struct str uri;
	size_t discarded;
	bool has_begun, is_too_long;
};

static void *began(void *ctx, const char *uri, struct MHD_Connection *c)
{
	struct under_way *u = mem_alloc(sizeof(*u));

	(void)ctx;
	(void)c;
	u->a = arena_new();
	u->uri = arena_str(u->a, str_z(uri));
	buf_init(&u->body, HTTP_BODY_MOST);
	return u;
}

static void ended(void *ctx, struct MHD_Connection *c, void **con, enum MHD_RequestTerminationCode why)
{
	struct under_way *u = *con;

	(void)ctx;
	(void)c;
	(void)why;
	if (u == NULL)
		return;
	buf_done(&u->body);
	arena_free(u->a);
	mem_free(u);
	*con = NULL;
}

/* The library would undo percent signs in the path; ours does it, once, for each part. */
static size_t as_sent(void *ctx, struct MHD_Connection *c, char *s)
{
	(void)ctx;
	(void)c;
	return strlen(s);
}

static struct str header(struct MHD_Connection *c, const char *name)
{
	return str_z(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

static struct str peer_of(struct arena *a, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char text[INET6_ADDRSTRLEN] = "";

	if (i != NULL && i->client_addr->sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)i->client_addr)->sin_addr, text, sizeof(text));
	else if (i != NULL && i->client_addr->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)i->client_addr)->sin6_addr, text, sizeof(text));
	return arena_str(a, str_z(text));
}

static void head(struct MHD_Response *r, const char *name, const char *value)
{
	if (value != NULL)
		(void)MHD_add_response_header(r, name, value);
}

static enum MHD_Result answer(struct http *h, struct MHD_Connection *c, const struct http_request *q, struct http_reply *out)
{
	struct MHD_Response *r;
	enum MHD_Result done;
	char id[24];

	if (out->body.failed) {
		buf_clear(&out->body);
		buf_z(&out->body, "The answer is too long.\n");
		out->status = 500;
		out->type = "text/plain; charset=utf-8";
	}
	r = MHD_create_response_from_buffer(out->body.n, out->body.p, MHD_RESPMEM_MUST_COPY);
	buf_done(&out->body);
	if (r == NULL)
		return MHD_NO;
	(void)snprintf(id, sizeof(id), "%llu", (unsigned long long)q->id);
	head(r, "Content-Type", out->type != NULL ? out->type : "text/html; charset=utf-8");
	head(r, "X-Request-Id", id);
	head(r, "Content-Security-Policy", "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
	    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
	head(r, "X-Content-Type-Options", "nosniff");
	head(r, "X-Frame-Options", "DENY");
	head(r, "Referrer-Policy", "no-referrer");
	head(r, "Cross-Origin-Opener-Policy", "same-origin");
	head(r, "Cross-Origin-Resource-Policy", "same-origin");
	head(r, "Permissions-Policy", "camera=(), microphone=(), geolocation=()");
	head(r, "Cache-Control", out->may_cache ? "public, max-age=300" : "no-store");
	if (h->config.cert != NULL)
		head(r, "Strict-Transport-Security", "max-age=31536000");
	head(r, "Location", out->location);
	head(r, "Set-Cookie", out->cookie[0]);
	head(r, "Set-Cookie", out->cookie[1]);
	head(r, "Retry-After", out->retry_after);
	if (out->status == 405)
		head(r, "Allow", "GET, HEAD, POST");
	done = MHD_queue_response(c, out->status, r);
	MHD_destroy_response(r);
	return done;
}

static void plain(struct http_reply *out, unsigned status, const char *words)
{
	out->status = status;
	out->type = "text/plain; charset=utf-8";
	buf_z(&out->body, words);
}

static void keep_body(struct under_way *u, const char *bytes, size_t n)
{
	if (!u->is_too_long && u->body.n + n <= HTTP_BODY_MOST) {
		buf_add(&u->body, bytes, n);
		return;
	}
	u->is_too_long = true;
	u->discarded += n;
}

static enum MHD_Result request(void *ctx, struct MHD_Connection *c, const char *url, const char *method, const char *version,
    const char *upload, size_t *n, void **con)
{
	struct http *h = ctx;
	struct under_way *u = *con;
	struct http_request q = { 0 };
	struct http_reply out = { .status = 200 };
	uint64_t length = 0;
	struct str rest;

	(void)url;
	(void)version;
	if (u == NULL)
		return MHD_NO;
	if (!u->has_begun) {
		u->has_begun = true;
		rest = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
		if (rest.n == 0 || (num_u64(rest, UINT64_MAX, &length) && length <= HTTP_BODY_MOST))
			return MHD_YES;
		u->is_too_long = true;          /* answered before any of it is read */
	} else if (*n > 0) {
		keep_body(u, upload, *n);
		*n = 0;
		return u->discarded > DISCARD_MOST ? MHD_NO : MHD_YES;
	}
	rest = u->uri;
	q.a = u->a;
	q.id = atomic_fetch_add(&h->next_id, 1) + 1;
	q.path = str_cut(&rest, '?');
	q.query = rest;
	q.is_head = strcmp(method, "HEAD") == 0;
	q.is_post = strcmp(method, "POST") == 0;
	q.body = buf_view(&u->body);
	q.cookie = header(c, MHD_HTTP_HEADER_COOKIE);
	q.origin = header(c, "Origin");
	q.host = header(c, MHD_HTTP_HEADER_HOST);
	q.content_type = header(c, MHD_HTTP_HEADER_CONTENT_TYPE);
	q.fetch_site = header(c, "Sec-Fetch-Site");
	q.accept = header(c, MHD_HTTP_HEADER_ACCEPT);
	q.peer = peer_of(u->a, c);
	q.tls = h->config.cert != NULL;
	buf_init(&out.body, REPLY_MOST);
	if (u->is_too_long)
		plain(&out, 413, "The request is longer than 64 KiB.\n");
	else if (!q.is_head && !q.is_post && strcmp(method, "GET") != 0)
		plain(&out, 405, "Only GET, HEAD and POST are answered.\n");
	else
		h->config.handler(h->config.ctx, &q, &out);
	return answer(h, c, &q, &out);
}

static bool address_of(const char *text, uint16_t port, struct sockaddr_storage *out, bool *is_six)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)out;

	memset(out, 0, sizeof(*out));
	*is_six = false;
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return true;
	}
	if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
		return false;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	*is_six = true;
	return true;
}

bool http_is_address(const char *address)
{
	struct sockaddr_storage at;
	bool six;

	return address_of(address, 0, &at, &six);
}

bool http_is_loopback(const char *address)
{
	struct sockaddr_storage at;
	bool six;

	if (!address_of(address, 0, &at, &six))
		return false;
	if (six)
		return IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)(void *)&at)->sin6_addr);
	return (ntohl(((struct sockaddr_in *)(void *)&at)->sin_addr.s_addr) >> 24) == 127;
}

uint16_t http_port(const struct http *h)
{
	return h->port;
}

enum rc http_start(const struct http_config *config, struct http **out, struct err *e)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD;
	const union MHD_DaemonInfo *bound;
	struct sockaddr_storage at;
	struct http *h;
	bool six;

	if (!address_of(config->address, config->port, &at, &six))
		return err_set(e, RC_USAGE, "%s is no numeric address", config->address);
	h = mem_alloc(sizeof(*h));
	h->config = *config;
	flags |= six ? MHD_USE_IPv6 : 0;
	flags |= config->cert != NULL ? MHD_USE_TLS : 0;
	errno = 0;
	if (config->cert != NULL)
		h->daemon = MHD_start_daemon(flags, config->port, NULL, NULL, request, h,
		    MHD_OPTION_SOCK_ADDR, (struct sockaddr *)(void *)&at, MHD_OPTION_THREAD_POOL_SIZE, config->threads,
		    MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_HEAD_MOST, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST,
		    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SECONDS_IDLE, MHD_OPTION_URI_LOG_CALLBACK, began, NULL,
		    MHD_OPTION_NOTIFY_COMPLETED, ended, NULL, MHD_OPTION_UNESCAPE_CALLBACK, as_sent, NULL,
		    MHD_OPTION_HTTPS_MEM_CERT, config->cert, MHD_OPTION_HTTPS_MEM_KEY, config->key,
		    MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", MHD_OPTION_END);
	else
		h->daemon = MHD_start_daemon(flags, config->port, NULL, NULL, request, h,
		    MHD_OPTION_SOCK_ADDR, (struct sockaddr *)(void *)&at, MHD_OPTION_THREAD_POOL_SIZE, config->threads,
		    MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_HEAD_MOST, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST,
		    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SECONDS_IDLE, MHD_OPTION_URI_LOG_CALLBACK, began, NULL,
		    MHD_OPTION_NOTIFY_COMPLETED, ended, NULL, MHD_OPTION_UNESCAPE_CALLBACK, as_sent, NULL, MHD_OPTION_END);
	if (h->daemon == NULL) {
		int errnum = errno;

		mem_free(h);
		return err_set(e, errnum == EADDRINUSE ? RC_BUSY : RC_IO, "%s port %u cannot be listened on: %s", config->address,
		    (unsigned)config->port, errnum != 0 ? strerror(errnum) : "the certificate or its key cannot be used");
	}
	bound = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
	h->port = bound != NULL && bound->port != 0 ? bound->port : config->port;
	*out = h;
	return RC_OK;
}

void http_stop(struct http *h)
{
	int fd;

	if (h == NULL)
		return;
	if ((fd = MHD_quiesce_daemon(h->daemon)) >= 0)
		(void)close(fd);                /* nobody new; those who are being answered are finished with */
	MHD_stop_daemon(h->daemon);
	mem_free(h);
}

/* call: what one request is to a handler, and what handlers share.  A handler makes one document, as JSON text; it is sent as
 * it is below /api/v1 and through its template elsewhere, so a page never shows another number than the API.
 * Uses server/http.h, server/form.h, server/account.h. */
#ifndef SERVER_CALL_H
#define SERVER_CALL_H

#include <pthread.h>

#include "assess/readiness.h"
#include "server/account.h"
#include "server/form.h"
#include "server/http.h"
#include "server/server.h"
#include "server/template.h"

struct server {
	struct arena *a;
	struct org *org;                /* under ${lock}, with ${accounts} */
	pthread_mutex_t lock;
	struct accounts *accounts;
	struct http *http;
	const struct templates *templates;
	struct server_config config;
	int64_t started_us;
	uint64_t answered[6];           /* by the first digit of the status */
	struct arena *kept_a;           /* of ${kept}, the readiness as it was when ${kept_applied} entries were applied */
	struct readiness *kept;
	uint64_t kept_applied;
	int64_t kept_us;
	char url[128], setup_url[256], print[128];
};

#define PATH_PARTS 3
struct call {
	struct server *s;
	const struct http_request *q;
	struct http_reply *out;
	struct arena *a;
	struct user user;               /* role ROLE_NOBODY: nobody is signed in */
	struct session session;
	struct form query, form;        /* form: of a POST */
	struct str part[PATH_PARTS];    /* of the path, in the order of the pattern's {names} */
	bool is_api;
	int64_t now_us;
	struct err err;
};

typedef enum rc handler(struct call *, struct buf *doc);

/* For a page that asks for another address next: the handler's document is not shown. */
enum rc call_redirect(struct call *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The session's cookie, and the one that says that this device was here before. */
void call_set_session(struct call *, struct str token);
const char *call_session_cookie(const struct call *);
const char *call_device_cookie(const struct call *);
void call_set_device(struct call *, struct str token);

/* The readiness of the scope's period, the same that `status` prints; at most a minute old, and anew after each entry.
 * RC_NOT_FOUND: no period is set. */
MUST_USE enum rc call_readiness(struct call *, const struct readiness **);

/* ---- the document: members and items with their commas */
void doc_key(struct buf *, const char *key);            /* NULL: an item of a list */
void doc_str(struct buf *, const char *key, struct str);
void doc_num(struct buf *, const char *key, uint64_t);
void doc_bool(struct buf *, const char *key, bool);
void doc_open(struct buf *, const char *key, char bracket);
void doc_close(struct buf *, char bracket);
/* A state as class, icon and words, into the object that is open. */
void doc_state(struct buf *, const char *cls, const char *icon, const char *words);
struct str grouped(struct arena *, uint64_t);           /* 1,284,331 */

#endif

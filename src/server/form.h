/* form: what a browser sends as text: percent-encoded forms and queries, parts of a path, cookies.
 * Uses base/. */
#ifndef SERVER_FORM_H
#define SERVER_FORM_H

#include "base/base.h"

#define FORM_FIELDS_MOST 200

struct form_field {
	struct str name, value;         /* decoded, UTF-8 */
};
struct form {
	struct form_field *p;
	size_t n;
};

/* "a=b&c=d" as application/x-www-form-urlencoded, '+' for a blank, into ${a}.  RC_INVALID: a percent sign without two hex
 * digits, a zero byte, or bytes that are not UTF-8; RC_LIMIT: more than FORM_FIELDS_MOST. */
MUST_USE enum rc form_decode(struct arena *a, struct str text, struct form *out, struct err *);
/* The first of that name, STR_NONE: none. */
struct str form_get(const struct form *, const char *name);
/* One part of a path; as above, but '+' is itself, and '/' may be encoded. */
MUST_USE bool path_decode(struct arena *a, struct str part, struct str *out);
/* The value of a cookie in the header; STR_NONE: there is none, or it stands there twice. */
struct str cookie_get(struct str header, const char *name);
/* ${s} so that it can stand in a path or a query. */
void url_put(struct buf *, struct str s);

#endif

/* template: mustache, compiled once and rendered over a document: variables (escaped for HTML unless it says otherwise),
 * sections, inverted sections, partials, comments, other delimiters.  No lambdas: a template computes nothing.
 * Uses base/value.h.  After loading nothing changes, so any thread may render. */
#ifndef SERVER_TEMPLATE_H
#define SERVER_TEMPLATE_H

#include "base/value.h"

struct template_source {
	struct str name, text;
};
struct templates;

/* Everything in ${a}, the texts borrowed.  RC_INVALID names template and line.  A partial that there is not is empty, as
 * mustache has it. */
MUST_USE enum rc templates_load(struct arena *a, const struct template_source *, size_t n, struct templates **, struct err *);
/* RC_NOT_FOUND: no template of that name; RC_LIMIT: partials that do not end, or the buffer's ceiling.  False are null, false,
 * zero, an empty text and an empty list. */
MUST_USE enum rc template_render(const struct templates *, struct str name, const struct value *, struct buf *, struct err *);
/* ${s} so that it can stand in HTML's text or in a quoted attribute. */
void html_put(struct buf *, struct str s);

#endif

/* xml: XML 1.0 read strictly and in part: UTF-8, elements, attributes, text, CDATA; comments and processing instructions are
 * passed over.  No declarations but a bare document type, so there are no entities but the five that are always there. */
#ifndef BASE_XML_H
#define BASE_XML_H

#include "base/value.h"

enum xml_kind { XML_TEXT, XML_OPEN, XML_EMPTY, XML_CLOSE, XML_CDATA, XML_OTHER };

struct xml_token {
	enum xml_kind kind;             /* EMPTY: <a/>; OTHER: comment, instruction, document type */
	struct str name;                /* of an element, its prefix with it; of an instruction its target */
	struct str inside;              /* text as written, CDATA, attributes as written, an instruction's words */
	size_t n;                       /* bytes of it */
};

/* The token at the start of ${text}, which is not empty.  Text goes to the next "<" or to the end of what is given.
 * RC_INVALID: none; ${*ends}: the text ended in the middle of it. */
MUST_USE enum rc xml_token(struct str text, struct xml_token *, bool *ends, struct err *);
/* A name without its prefix. */
struct str xml_local(struct str name);
/* False: an XML declaration that names another encoding than UTF-8. */
bool xml_is_utf8(const struct xml_token *declaration);

/* One element and nothing else as a value: attributes are members "@name" (as written, those that declare namespaces left
 * out), elements members of their name without prefix, those that repeat a list in order; text, trimmed, is "#text", or
 * the value itself where there is nothing else; an element without anything is null.  RC_INVALID and RC_LIMIT name the
 * byte.  Places are bytes in ${text}. */
MUST_USE enum rc xml_parse(struct arena *a, struct str text, const struct value **out, struct err *e);

#endif

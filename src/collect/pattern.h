/* pattern: a text taken apart by literals and named fields, from left to right and never back:
 * "{mark:text} {name:text} is {state:word up|down} ({code:int} ms)".  A text reaches to the literal behind it. */
#ifndef COLLECT_PATTERN_H
#define COLLECT_PATTERN_H

#include "base/base.h"

struct pattern;
/* RC_INVALID: what is wrong with the pattern. */
MUST_USE enum rc pattern_compile(struct arena *, struct str text, struct pattern **, struct err *);
size_t pattern_fields(const struct pattern *);
/* Index of the field of that name, or SIZE_MAX. */
size_t pattern_field(const struct pattern *, struct str name);
/* Every field's text into ${out}; false: the text does not fit, all of it. */
bool pattern_match(const struct pattern *, struct str text, struct str *out);

#endif

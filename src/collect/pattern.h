/* pattern: a text taken apart by literals and named fields, from left to right and never back:
 * "{mark:text} {name:text} is {state:word up|down} ({code:int} ms)".  A text reaches to the literal behind it, or to the
 * first word, number or quote.  In time that grows with the text's length alone.
 *
 *   {n:text}         up to what follows, or to the end
 *   {n:int}          digits, with - before them or without
 *   {n:word a|b}     one of these, the longest that fits
 *   {n:quoted}       in double quotes; \" and \\ are undone, so is \x22 where it is printable ASCII
 *   {n:time LAYOUT}  as base/time_layout.h has it, by name or written out
 *   {n:pairs}        key=value to the end, values bare, in double or in single quotes; {part: n.key} is the value of a key,
 *                    n.key.inner that of a key inside of a quoted value; the first of equal keys counts
 *   {n:rest}         all that is left */
#ifndef COLLECT_PATTERN_H
#define COLLECT_PATTERN_H

#include "base/base.h"

struct pattern;
/* RC_INVALID: what is wrong with the pattern. */
MUST_USE enum rc pattern_compile(struct arena *, struct str text, struct pattern **, struct err *);
/* How many outputs a match has; it grows when pattern_field meets a new key of pairs. */
size_t pattern_fields(const struct pattern *);
/* Index of the output of that name, or SIZE_MAX. */
size_t pattern_field(struct pattern *, struct str name);
/* Every field's text into ${out}, which has pattern_fields() of them; false: the text does not fit, all of it.  A key that
 * is not there is STR_NONE.  What must be made (a text with escapes, a time) is in ${a}: a time is ISO 8601, with Z where
 * its offset is known and without one else.  ${near_us}: about when the file was read at its source, for times without a
 * year; NULL: not known, and such a time is given as it stands, which no reader of times takes. */
bool pattern_read(const struct pattern *, struct arena *a, const int64_t *near_us, struct str text, struct str *out);
/* The same with everything as it stands in the text. */
bool pattern_match(const struct pattern *, struct str text, struct str *out);

#endif

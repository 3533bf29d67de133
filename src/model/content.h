/* content: the files of content/ that the binary carries: collections, criteria, controls, mappings, layouts.
 * Uses base/. */
#ifndef MODEL_CONTENT_H
#define MODEL_CONTENT_H

#include "base/base.h"

/* The bytes of "controls/chg.yaml", or STR_NONE. */
struct str content_find(const char *name);
size_t content_count(void);
/* The ${i}th in the order of their names. */
struct str content_at(size_t i, struct str *name);

#endif

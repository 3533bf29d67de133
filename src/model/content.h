/* content: what a new organization begins with: collections, criteria, controls, parameters, mappings.  The binary carries
 * the files of content/; a folder of the same layout stands for them.
 * Uses base/.  The layout: docs/formats/content.md */
#ifndef MODEL_CONTENT_H
#define MODEL_CONTENT_H

#include "base/base.h"

/* The bytes of "controls/chg.yaml", or STR_NONE. */
struct str content_find(const char *name);
size_t content_count(void);
/* The ${i}th in the order of their names. */
struct str content_at(size_t i, struct str *name);

/* Files in the order of their names, which begin at the folder: "controls/chg.yaml". */
struct content {
	const char *folder;             /* NULL: the binary's */
	struct str *names, *texts;
	size_t n;
};
struct content content_own(struct arena *);
/* The folder's; framework.yaml and criteria.yaml are the binary's where it has none, for no examination is without.
 * RC_NOT_FOUND: no such folder; RC_INVALID names what does not belong in one, or says that it has no collection. */
MUST_USE enum rc content_read(struct arena *, const char *folder, struct content *, struct err *);

#endif

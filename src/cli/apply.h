/* What init and demo use of apply. */
#ifndef CLI_APPLY_H
#define CLI_APPLY_H

#include "cli/cli.h"
#include "model/content.h"

/* What a new organization begins with, into the edit that is under way. */
MUST_USE enum rc apply_content(struct cli *, struct org *, const struct content *);
/* The same checked and written nowhere: errors name file, line and column. */
MUST_USE enum rc check_content(struct cli *, const struct content *);
/* An edit of its own: all files or none. */
MUST_USE enum rc apply_files(struct cli *, struct org *, char **files, size_t n, bool rederive, bool dry_run);
/* What becomes of items when edits that are under way have records read anew, which state_outdated says: in words for people,
 * or for machines; RC_USAGE: it cannot be done, and why. */
MUST_USE enum rc apply_preview(struct cli *, struct org *, struct buf *out);
/* The same without a word: files, or one that the binary carries. */
MUST_USE enum rc apply_quietly(struct cli *, struct org *, char **files, size_t n);
MUST_USE enum rc apply_bundled(struct cli *, struct org *, const char *file, struct str text);

#endif

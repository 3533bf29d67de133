/* archive: zip files in one form only: stored members in the byte order of their names, one fixed time, nothing in
 * between.  So the same members always give the same bytes, any unzip opens them, and every byte of such a file has one
 * right value: reading one is comparing it with what writing it would give.
 * Uses base/file.h.  On disk: docs/formats/bundle.md */
#ifndef BASE_ARCHIVE_H
#define BASE_ARCHIVE_H

#include "base/base.h"

#define ARCHIVE_NAME_MAX 255
#define ARCHIVE_MEMBER_MAX ((uint64_t)0xfffffffe)       /* bytes of one member */

/* ---- writing: beside the place, then renamed to it */
struct archive_writer;
MUST_USE enum rc archive_create(const char *path, struct archive_writer **, struct err *);
/* Members in the byte order of their names, which are of letters, digits and "._-%/".  RC_INTERNAL: out of order. */
MUST_USE enum rc archive_begin(struct archive_writer *, struct str name, struct err *);
MUST_USE enum rc archive_put(struct archive_writer *, const void *, size_t n, struct err *);
MUST_USE enum rc archive_end(struct archive_writer *, struct err *);
MUST_USE enum rc archive_add(struct archive_writer *, struct str name, struct str bytes, struct err *);
/* Synced and in its place.  Frees in any case. */
MUST_USE enum rc archive_finish(struct archive_writer *, struct err *);
void archive_abandon(struct archive_writer *);          /* leaves nothing; NULL does nothing */

/* ---- reading */
struct archive_member {
	struct str name, bytes;         /* in the file's mapping */
	uint64_t at;                    /* of the first byte in the file */
};

struct archive;
/* RC_NOT_FOUND: no such file.  RC_ALTERED: it is not in the one form; ${*bad_at} is the first byte that is not what it
 * must be. */
MUST_USE enum rc archive_open(const char *path, struct archive **, uint64_t *bad_at, struct err *);
void archive_close(struct archive *);                   /* NULL does nothing */
size_t archive_count(const struct archive *);
const struct archive_member *archive_member(const struct archive *, size_t i);  /* in the order of their names */
const struct archive_member *archive_find(const struct archive *, struct str name);     /* NULL: none */

/* Whether the file begins as a zip does. */
bool archive_looks_like(const char *path);

#endif

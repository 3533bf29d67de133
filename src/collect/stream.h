/* stream: the bytes of a file as they are after gzip or zstd, whichever it is, or of a member of a zip.
 * Uses base/. */
#ifndef COLLECT_STREAM_H
#define COLLECT_STREAM_H

#include "base/base.h"
#include "seal/hash.h"

struct stream;

/* ${path} "-" is standard input; "ARCHIVE.zip!/MEMBER" is a member of a zip, when there is no file of that very name.  What
 * it is packed with is told by its first bytes; a member may be packed once more.  Members of gzip and frames of zstd that
 * follow one another are read as one.  RC_INVALID: bzip2, xz and the like, which are not read, and what to do. */
MUST_USE enum rc stream_open(const char *path, struct stream **, struct err *);
/* The same of ${bytes}, borrowed until it is closed; ${name} is for messages. */
MUST_USE enum rc stream_of_bytes(const char *name, struct str bytes, struct stream **, struct err *);
void stream_close(struct stream *);
/* Up to ${room} bytes; *n = 0 at the end.  RC_INVALID: damaged, and where; what came before it is good. */
MUST_USE enum rc stream_read(struct stream *, void *to, size_t room, size_t *n, struct err *);

/* False when ${path} is no file whose first bytes are a zip's. */
bool zip_is(const char *path);
bool zip_is_document(const struct str *names, size_t n);        /* whether these members are an Office document's */
/* The names of a zip's members that are files, in the order of its directory, in ${a}: without those that systems hide
 * (".name", "__MACOSX/").  RC_INVALID: no zip, or one with too many members, or with a name that cannot be. */
MUST_USE enum rc zip_members(struct arena *a, const char *path, struct str **names, size_t *n, struct err *);

const char *stream_library_zlib(void);  /* their versions */
const char *stream_library_zstd(void);

#endif

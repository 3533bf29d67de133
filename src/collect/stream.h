/* stream: the bytes of a file as they are after gzip or zstd, whichever it is, with a running digest of them.
 * Uses base/, seal/hash.h. */
#ifndef COLLECT_STREAM_H
#define COLLECT_STREAM_H

#include "base/base.h"
#include "seal/hash.h"

struct stream;

/* ${path} "-" is standard input.  What it is packed with is told by its first bytes. */
MUST_USE enum rc stream_open(const char *path, struct stream **, struct err *);
/* The same of ${bytes}, borrowed until it is closed; ${name} is for messages. */
MUST_USE enum rc stream_of_bytes(const char *name, struct str bytes, struct stream **, struct err *);
void stream_close(struct stream *);
/* Up to ${room} bytes; *n = 0 at the end.  RC_INVALID: damaged, and where; what came before it is good. */
MUST_USE enum rc stream_read(struct stream *, void *to, size_t room, size_t *n, struct err *);

#endif

/* What demo uses of ingest. */
#ifndef CLI_INGEST_H
#define CLI_INGEST_H

#include "cli/cli.h"

/* RC_FINDING: something was rejected or incomplete, and was told. */
MUST_USE enum rc ingest_paths(struct cli *, struct org *, const struct ingest_how *base, char **paths, size_t n,
    bool acks, bool quiet, struct ingest_outcome *total);
/* One file by the name that is to be recorded, base->file; of a zip each member, below that name. */
MUST_USE enum rc ingest_named(struct cli *, struct org *, const struct ingest_how *base, const char *path,
    struct ingest_outcome *total);
/* The same of a file or folder that the binary carries. */
MUST_USE enum rc ingest_bundled(struct cli *, struct org *, const struct ingest_how *base, struct str path,
    struct ingest_outcome *total);
MUST_USE enum rc ingest_covers(struct cli *, struct org *, const char *text, struct ingest_how *);

#endif

/* bundle: checking one, which verify does when it is given a zip file. */
#ifndef CLI_BUNDLE_H
#define CLI_BUNDLE_H

#include "cli/cli.h"
#include "ledger/anchor.h"

MUST_USE enum rc bundle_verify(struct cli *, const char *path, const char *since, const char *vkey, struct str trusted,
    bool reperform);
/* verify.c: time stamps as lines for people, and as JSON in the command's arena. */
void put_stamps(struct cli *, const struct anchor *, size_t n, bool tsa_given);
struct str stamps_json(struct cli *, const struct anchor *, size_t n);

#endif

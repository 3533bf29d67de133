/* bundle: checking one, which verify does when it is given a zip file. */
#ifndef CLI_BUNDLE_H
#define CLI_BUNDLE_H

#include "cli/cli.h"

MUST_USE enum rc bundle_verify(struct cli *, const char *path, const char *since, const char *vkey, bool reperform);

#endif

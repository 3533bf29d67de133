/* What demo uses of test. */
#ifndef CLI_TEST_H
#define CLI_TEST_H

#include "assess/run.h"
#include "cli/cli.h"

MUST_USE enum rc test_all(struct cli *, struct org *, const struct run_period *, const char *only, bool quiet,
    bool *any_deviation);

#endif

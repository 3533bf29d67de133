/* What demo uses of status. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "assess/run.h"
#include "cli/cli.h"

MUST_USE enum rc status_print(struct cli *, struct org *, const struct run_period *);

#endif

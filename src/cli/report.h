/* What demo uses of report. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "assess/run.h"
#include "cli/cli.h"

MUST_USE enum rc report_make(struct cli *, struct org *, int type, const struct run_period *, const char *path);

#endif

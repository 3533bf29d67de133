/* What demo uses of init. */
#ifndef CLI_INIT_H
#define CLI_INIT_H

#include "assess/scope.h"
#include "cli/cli.h"

struct new_org {
	const char *dir, *name, *zone, *from, *to, *categories, *origin;
	bool key_inside;                /* the worked example's */
};
MUST_USE enum rc new_organization(struct cli *, const struct new_org *, struct org **);

#endif

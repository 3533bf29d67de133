/* What demo uses of init. */
#ifndef CLI_INIT_H
#define CLI_INIT_H

#include "assess/scope.h"
#include "cli/cli.h"

struct new_org {
	const char *dir, *name, *zone, *from, *to, *categories, *origin;
	const char *content;            /* a folder in place of what the binary carries, or NULL */
	bool key_inside;                /* the worked example's */
};
/* On failure nothing is left of it. */
MUST_USE enum rc new_organization(struct cli *, const struct new_org *, struct org **);
/* Remove what new_organization made, ${key_file} as well; an empty folder that was there before stays.  What cannot be
 * removed is told with the failure that cli->err holds. */
void unmake_organization(struct cli *, const char *dir, const char *key_file, bool was_there);
/* The head that lies beside the folder. */
const char *head_beside(struct cli *, const char *dir);

#endif

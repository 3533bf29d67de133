/* help: what the program says of itself. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/cli.h"

extern const struct command *const commands[];
extern const size_t commands_n;

const struct command *command_find(const char *name);           /* NULL: there is none */
/* The command whose name is at most two letters away, or NULL. */
const char *command_near(const char *name);

void help_all(FILE *);
void help_command(FILE *, const struct command *);
void help_man(FILE *, const char *version);     /* in man's roff */

#endif

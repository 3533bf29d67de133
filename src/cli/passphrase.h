/* passphrase: asked for at the terminal, unseen. */
#ifndef CLI_PASSPHRASE_H
#define CLI_PASSPHRASE_H

#include "base/base.h"
#include "seal/crypt.h"

enum { PASSPHRASE_MAX = 1024 };

/* Ask at /dev/tty without echo; ${again}, unless NULL, is the prompt for having it typed a second time, but not when
 * nothing was typed.  RC_NOT_FOUND: there is no terminal.  RC_USAGE: the two differ.  RC_LOCKED: the input ended, or it
 * is too long.  The caller wipes ${line}. */
MUST_USE enum rc passphrase_ask(const char *prompt, const char *again, char line[PASSPHRASE_MAX], size_t *n,
    struct err *);

#endif

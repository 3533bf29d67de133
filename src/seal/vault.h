/* vault: memory for keys and passphrases.  It is kept out of swap (mlock) and out of core dumps (MADV_DONTDUMP) as far as
 * the system allows, and wiped when it is given back.  Any thread may call.
 * Uses libc and seal/hash.h. */
#ifndef SEAL_VAULT_H
#define SEAL_VAULT_H

#include "base/base.h"

/* ${n} zero bytes, aligned for anything; never NULL. */
void *vault_alloc(size_t n);
void vault_free(void *);                /* wipes; NULL does nothing */
/* Bytes that hold secrets and that the system would not keep out of swap: its limit (ulimit -l) is too low. */
size_t vault_unlocked(void);

/* All that is left to read of ${fd}, at most ${most} bytes, in vault memory: vault_free(*text), also when it is empty.
 * RC_LIMIT, RC_IO. */
MUST_USE enum rc vault_read(int fd, const char *name, size_t most, char **text, size_t *n, struct err *);

#endif

/* double: a disk for tests.  It does what it is asked without syncing anything, remembers every call, can refuse any of
 * them, and gives the folder that a crash after any of its calls could leave: what a sync confirmed is there, and each
 * other call is kept, lost or, for bytes, torn, independently of the others. */
#ifndef TESTS_LEDGER_DOUBLE_H
#define TESTS_LEDGER_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Take the disk's place.  Only paths below ${base}, an existing folder, are ever written to. */
void double_start(const char *base);
void double_stop(void);                         /* the system's calls again; forgets everything */
void double_forget(void);                       /* keep doing, without remembering: for checks of images */

size_t double_calls(void);                      /* that were made and remembered */
const char *double_call(size_t i, char out[200]);       /* the name and path of one, for people */

/* Refuse the ${nth} call from now on (0: the next one) with ${errnum}; each call after it too if ${for_good}.  A refused
 * write leaves half of its bytes; a refused sync of a file means that what it should have synced may be gone however
 * often it is synced later. */
void double_refuse(size_t nth, int errnum, bool for_good);
void double_relent(void);
bool double_refused(void);                      /* it came to that */
size_t double_counted(void);                    /* calls since double_refuse */

enum image { IMAGE_NOTHING, IMAGE_ALL, IMAGE_LAST_ONLY, IMAGE_ALL_BUT_LAST, IMAGE_NAMES_ONLY, IMAGE_BYTES_ONLY, IMAGE_RANDOM };
/* Make at ${to}, a path that does not exist, what ${base} could be after a crash behind the first ${calls} calls. */
void double_image(size_t calls, enum image, unsigned seed, const char *to);

#endif

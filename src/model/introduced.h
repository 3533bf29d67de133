/* introduced: identities that somebody is introducing in entries which are not applied yet, so that the next batch does not
 * introduce them again.  Not the directory itself, which is the state's.
 * Uses model/state.h. */
#ifndef MODEL_INTRODUCED_H
#define MODEL_INTRODUCED_H

#include "model/state.h"

struct introduced;
struct introduced *introduced_new(void);
void introduced_free(struct introduced *);          /* NULL does nothing */
/* True: neither the state knows the identity nor was it told here before; it is from now on.  May run in one thread
 * while another applies entries to ${s}.  What the state knows by now takes no room for long. */
bool introduced_first(struct introduced *, struct state *s, struct str kind, struct str identity);

#endif

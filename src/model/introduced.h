/* introduced: identities that somebody is introducing in entries which are not applied yet, so that the next batch does not
 * introduce them again.  Not the directory itself, which is the state's.
 * Uses model/state.h. */
#ifndef MODEL_INTRODUCED_H
#define MODEL_INTRODUCED_H

#include "model/state.h"

struct introduced;
struct introduced *introduced_new(void);
void introduced_free(struct introduced *);          /* NULL does nothing */
/* The identity's reference: the state's, or the one it was given here before, or a fresh one: then true.  May run in one thread
 * while another applies entries to ${s}.  What the state knows by now takes no room for long. */
bool introduced_first(struct introduced *, struct state *s, struct str kind, struct str identity, uint8_t ref[16]);

#endif

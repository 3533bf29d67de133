/* note: signed notes, verifier keys and checkpoints as C2SP publishes them.  Strict: what does not come back byte for
 * byte when it is written again is refused.
 * Uses seal/crypt.h. */
#ifndef LEDGER_NOTE_H
#define LEDGER_NOTE_H

#include "base/base.h"
#include "seal/crypt.h"

#define NOTE_MAX ((size_t)1 << 20)
#define NOTE_LINES_MAX 100
#define ORIGIN_MAX 255

/* A verifier's key, "name+8hex+base64(type || key)"; Ed25519 only. */
struct note_key {
	char name[ORIGIN_MAX + 1];
	uint32_t id;
	uint8_t type;                   /* 1 Ed25519, 4 Ed25519 cosignature */
	uint8_t public_key[32];
};

MUST_USE enum rc note_key_make(struct str name, uint8_t type, const uint8_t public_key[32], struct note_key *,
    struct err *);
MUST_USE enum rc note_key_parse(struct str vkey, struct note_key *, struct err *);
void note_key_put(const struct note_key *, struct buf *);

/* ${text} ends with LF.  Appends text, blank line and one signature line. */
void note_sign(struct str text, const struct note_key *, const struct secret *seed, struct buf *out);
/* The text, when at least one signature of ${key} is there and all of its are good.  RC_ALTERED. */
MUST_USE enum rc note_open(struct str note, const struct note_key *, struct str *text, struct err *);

struct checkpoint {
	struct str origin;
	uint64_t size;
	uint8_t root[SHA256_BYTES];
};

void checkpoint_put(const struct checkpoint *, struct buf *text);
/* RC_ALTERED.  Extension lines are refused: ours have none. */
MUST_USE enum rc checkpoint_parse(struct str text, struct checkpoint *, struct err *);

#endif

/* org: an organization's folder opened: its ledger, the state that follows from it, and the one path by which
 * anything is written.
 * Uses ledger/, model/state.h, seal/. */
#ifndef MODEL_ORG_H
#define MODEL_ORG_H

#include "ledger/ledger.h"
#include "model/change.h"
#include "model/state.h"

enum org_mode {
	ORG_READ,                       /* a state that lags is brought up to date, which takes the writer's lock; where another
	                                 * process has that, the state as it is */
	ORG_WRITE,
};

/* Where the key comes from.  Exactly one of the two, or neither: then DIR.tickmark-key beside DIR is taken, or the
 * worked example's inside it. */
struct key_source {
	const char *key_file;
	bool has_passphrase;
	struct str passphrase;
	/* Asked when the key file turns out to need a passphrase and there is none; NULL: nobody can be asked.  What it gives
	 * must stay until the organization is open.  RC_NOT_FOUND: nobody is there. */
	enum rc (*ask)(void *ctx, const char *key_file, struct str *passphrase, struct err *);
	void *ctx;
};

/* What the layers above lend. */
struct org_env {
	struct state_hooks hooks;
	int64_t (*now_us)(void);        /* the clock; nothing below the command line has one of its own */
};

struct org;

/* Make DIR.  RC_EXISTS when something is there.  Until it returns RC_OK nothing is left behind on failure. */
MUST_USE enum rc org_create(const char *dir, struct str origin, const struct key_source *, bool key_inside,
    const struct org_env *, struct org **, struct err *);
MUST_USE enum rc org_open(const char *dir, enum org_mode, const struct key_source *, const struct org_env *,
    struct org **, struct err *);
/* With a checkpoint over all that was written. */
MUST_USE enum rc org_close(struct org *, struct err *);
void org_abandon(struct org *);         /* after a failure: without one; NULL does nothing */

struct ledger *org_ledger(struct org *);
struct state *org_state(struct org *);
uint64_t org_now_ms(const struct org *);
const char *org_dir(const struct org *);
const char *org_key_file(const struct org *);   /* the path that was used or made */
/* Another process writes: the database is as it was when it was opened. */
bool org_is_snapshot(const struct org *);
bool org_was_rebuilt(const struct org *);       /* another version's database was made anew while opening */

/* Edits: each is checked by applying it at once; all of them are appended, durable, when org_edit_end returns RC_OK.
 * After a failure nothing was written and the organization must be abandoned. */
MUST_USE enum rc org_edit_begin(struct org *, struct err *);
MUST_USE enum rc org_edit(struct org *, uint8_t kind, struct str body, struct err *);
MUST_USE enum rc org_edit_changes(struct org *, struct changes *, size_t *from, struct err *);  /* from ${*from} on */
MUST_USE enum rc org_edit_end(struct org *, uint64_t *first_index, struct err *);
/* Keep joins by reference, where some rest on identities alone; org_edit_end does so for what edits join.  Nothing else may be
 * under way. */
MUST_USE enum rc org_keep_joins(struct org *, struct err *);
uint64_t org_edit_count(const struct org *);
/* Where edits change how earlier entries count (state_outdated): the view as it would be with them, in a file of its own beside
 * the database, which is attached to it as "before".  To be given back with org_preview_done. */
MUST_USE enum rc org_preview(struct org *, struct state **out, struct err *);
void org_preview_done(struct org *, struct state *);

/* Bring the state up to the ledger, from what it has applied; ${tell} may be NULL. */
MUST_USE enum rc org_replay(struct org *, struct state *, uint64_t until, void (*tell)(void *, uint64_t done,
    uint64_t of), void *ctx, struct err *);
/* The database anew, beside the old one and then in its place. */
MUST_USE enum rc org_rebuild(struct org *, void (*tell)(void *, uint64_t done, uint64_t of), void *ctx, struct err *);

/* The organization's key, opened. */
MUST_USE enum rc org_key(const char *dir, const struct key_source *, struct provider **, struct err *);

/* For verification: the database at FOLDER/state.db (a copy of DIR's) and, in FOLDER/replay.db, what the ledger gives up
 * to the same entry.  Writes nothing in DIR.  Takes ${provider} over.  RC_NOT_FOUND: there is no database; RC_CONFLICT:
 * another version's; RC_ALTERED: it cannot be read, or is ahead of the ledger. */
struct org_replayed {
	struct db *stored;              /* rows as they are: nothing in it was believed yet */
	struct state *replayed;
	uint64_t lag;                   /* entries that the database has not applied */
};
MUST_USE enum rc org_replay_beside(const char *dir, const char *folder, struct provider *, const struct org_env *,
    struct org_replayed *, struct err *);
void org_replayed_done(struct org_replayed *);

#endif

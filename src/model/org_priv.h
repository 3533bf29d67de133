/* What org.c, which opens and closes, and org_edit.c, which edits, share; no other file includes it. */
#ifndef MODEL_ORG_PRIV_H
#define MODEL_ORG_PRIV_H

#include "model/org.h"

struct org {
	char dir[LIMIT_PATH], key_file[LIMIT_PATH];
	enum org_mode mode;
	struct org_env env;
	struct arena *a;
	struct ledger *ledger;
	struct state *state;
	bool rebuilt, is_snapshot;
	struct ledger_record *edits;
	size_t n_edits, room_edits;
	uint64_t edit_ms;
};

void org_path(const struct org *, const char *name, char out[LIMIT_PATH]);      /* of a file in its folder */
/* A database with what SQLite keeps beside it; RC_OK where there is none. */
MUST_USE enum rc org_database_remove(const struct org *, const char *name, struct err *);
/* The state brought up to the ledger; made anew where what comes changes how earlier entries count. */
MUST_USE enum rc org_catch_up(struct org *, struct err *);

#endif

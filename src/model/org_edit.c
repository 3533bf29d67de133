/* org_edit: changes, definitions and withdrawals as edits: each is applied to the state at once, all are appended together, and
 * where they change how earlier entries count the view is made anew. */
#include "model/org_priv.h"

#include <string.h>

enum rc org_edit_begin(struct org *o, struct err *e)
{
	enum rc rc;

	o->n_edits = 0;
	o->edit_ms = org_now_ms(o);
	if ((rc = ledger_prepare(o->ledger, o->edit_ms, e)) != RC_OK || (rc = org_catch_up(o, e)) != RC_OK)
		return rc;
	return state_begin(o->state, e);
}

enum rc org_edit(struct org *o, uint8_t kind, struct str body, struct err *e)
{
	struct state_entry en = { .index = ledger_size(o->ledger) + o->n_edits, .kind = kind, .is_open = true,
		.received_us = (int64_t)ledger_received(o->ledger, o->edit_ms) * 1000 };
	struct ledger_record *r;
	enum rc rc;

	if (body.n > LIMIT_RECORD)
		return err_set(e, RC_LIMIT, "one edit has at most 16 MiB");
	if (o->n_edits == o->room_edits) {
		o->room_edits = o->room_edits == 0 ? 256 : o->room_edits * 2;
		o->edits = mem_resize(o->edits, o->room_edits * sizeof(*o->edits));
	}
	r = &o->edits[o->n_edits];
	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->classification = CLASS_INTERNAL;
	r->lifelong = kind == KIND_DEFINITION;
	r->body = en.body = arena_str(o->a, body);
	if ((rc = state_apply(o->state, &en, e)) != RC_OK)
		return rc;
	if (state_refused(o->state) != NULL)
		return err_set(e, RC_INVALID, "%s", state_refused(o->state));
	o->n_edits++;
	return RC_OK;
}

enum rc org_edit_changes(struct org *o, struct changes *c, size_t *from, struct err *e)
{
	enum rc rc;

	for (; *from < c->n; (*from)++)
		if ((rc = org_edit(o, c->p[*from].kind, c->p[*from].body, e)) != RC_OK)
			return rc;
	return RC_OK;
}

static enum rc apply_edits(struct org *o, struct state *s, struct err *e)
{
	struct state_entry en = { .is_open = true, .received_us = (int64_t)ledger_received(o->ledger, o->edit_ms) * 1000 };
	enum rc rc = state_begin(s, e);
	size_t i;

	for (i = 0; i < o->n_edits && rc == RC_OK; i++) {
		en.index = ledger_size(o->ledger) + i;
		en.kind = o->edits[i].kind;
		en.body = o->edits[i].body;
		rc = state_apply(s, &en, e);
	}
	return rc == RC_OK ? state_commit(s, e) : rc;
}

enum rc org_preview(struct org *o, struct state **out, struct err *e)
{
	char path[LIMIT_PATH], before[LIMIT_PATH];
	struct state *s = NULL;
	struct buf b;
	size_t i;
	enum rc rc;

	org_path(o, "state.db.tmp", path);
	org_path(o, "state.db", before);
	if ((rc = org_database_remove(o, "state.db.tmp", e)) != RC_OK ||
	    (rc = state_open(path, DB_SCRATCH, &o->env.hooks, &s, e)) != RC_OK)
		return rc;
	for (i = 0; i < o->n_edits && rc == RC_OK; i++) {
		const struct state_entry en = { .index = ledger_size(o->ledger) + i, .kind = o->edits[i].kind, .is_open = true,
			.body = o->edits[i].body };

		rc = state_foresee(s, &en, e);
	}
	if (rc == RC_OK && (rc = org_replay(o, s, ledger_size(o->ledger), NULL, NULL, e)) == RC_OK)
		rc = apply_edits(o, s, e);
	if (rc == RC_OK) {
		buf_init(&b, 2 * LIMIT_PATH);
		buf_z(&b, "ATTACH '");
		for (i = 0; before[i] != 0; i++)
			buf_fmt(&b, before[i] == '\'' ? "''" : "%c", before[i]);
		buf_fmt(&b, "' AS before%c", 0);
		rc = db_exec(state_db(s), (const char *)b.p, e);
		buf_done(&b);
	}
	if (rc != RC_OK)
		org_preview_done(o, s);
	else
		*out = s;
	return rc;
}

void org_preview_done(struct org *o, struct state *s)
{
	struct err ignored;

	err_init(&ignored);
	state_close(s);
	(void)!org_database_remove(o, "state.db.tmp", &ignored);
}

/* As edits, behind those that made the joins. */
static enum rc keep_joins(struct org *o, struct err *e)
{
	struct buf b;
	bool any = true;
	enum rc rc = RC_OK;

	buf_init(&b, LIMIT_RECORD);
	while (rc == RC_OK && any) {
		buf_clear(&b);
		if ((rc = state_unkept(o->state, &b, &any, e)) == RC_OK && any && (rc = buf_ok(&b, "an entry of joins", e)) == RC_OK)
			rc = org_edit(o, KIND_CHANGE, buf_view(&b), e);
	}
	buf_done(&b);
	return rc;
}

enum rc org_keep_joins(struct org *o, struct err *e)
{
	uint64_t first;
	struct buf b;
	bool any;
	enum rc rc;

	buf_init(&b, LIMIT_RECORD);
	rc = state_unkept(o->state, &b, &any, e);
	buf_done(&b);
	if (rc != RC_OK || !any || (rc = org_edit_begin(o, e)) != RC_OK)
		return rc;
	return org_edit_end(o, &first, e);
}

enum rc org_edit_end(struct org *o, uint64_t *first_index, struct err *e)
{
	enum rc rc;

	if ((rc = keep_joins(o, e)) != RC_OK)
		return rc;
	*first_index = ledger_size(o->ledger);
	if ((rc = ledger_append(o->ledger, o->edit_ms, o->edits, o->n_edits, e)) != RC_OK)
		return rc;
	o->n_edits = 0;
	if ((rc = state_commit(o->state, e)) != RC_OK || !state_outdated(o->state))
		return rc;
	return org_rebuild(o, NULL, NULL, e);
}

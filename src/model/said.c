/* said: what registers say of people, beside the view's items, which hold references alone.  Emptied with the people's keys,
 * as it is made of their parts. */
#include "model/state_priv.h"

static enum rc put(struct state *s, struct str collection, struct str field, int64_t subject, struct str text, struct err *e)
{
	struct stmt *st = NULL;
	enum rc rc = db_prepare(s->db, STR("INSERT INTO said(collection,field,subject,text) VALUES(?1,?2,?3,?4)"
	    " ON CONFLICT DO UPDATE SET text=excluded.text"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, collection);
	stmt_text(st, 2, field);
	stmt_i64(st, 3, subject);
	stmt_text(st, 4, text);
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

enum rc said_note(struct state *s, const struct collection *c, const struct field_value *v, struct err *e)
{
	enum rc rc = RC_OK;
	size_t i;
	int64_t id;

	for (i = 0; i < c->n_fields && rc == RC_OK; i++)
		if (v[i].supplied && v[i].shown.p != NULL && v[i].ref != NULL && (id = subject_by_ref(s, v[i].ref)) != 0)
			rc = put(s, c->name, c->fields[i].name, id, v[i].shown, e);
	return rc;
}

enum rc said_text(struct state *s, struct arena *a, struct str collection, struct str field, struct str t, struct str *out,
    struct err *e)
{
	struct stmt *st = NULL;
	uint8_t ref[16];
	int64_t id;
	bool row;
	enum rc rc;

	*out = t;
	if (t.n != CUT_WORDS || !str_starts(t, STR("subject:")) || !hex_get(str_sub(t, 8, 32), ref, sizeof(ref)) ||
	    (id = subject_by_ref(s, ref)) == 0)
		return RC_OK;
	if ((rc = db_prepare(s->db, STR("SELECT text FROM said WHERE collection=?1 AND field=?2 AND subject=?3"), &st, e)) != RC_OK)
		return rc;
	stmt_text(st, 1, collection);
	stmt_text(st, 2, field);
	stmt_i64(st, 3, id);
	if ((rc = stmt_step(st, &row, e)) == RC_OK && row)
		*out = arena_str(a, column_text(st, 0));
	stmt_free(st);
	return rc;
}

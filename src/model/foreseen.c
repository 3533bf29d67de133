/* foreseen: what later entries say of earlier ones.  A withdrawal makes an ingest count no more, and a mapping that corrects
 * has earlier ingests read anew.  Undoing what was applied would be a second way to the same view, so there is one: the view
 * is made anew, with what is to come of an ingest told before its first record. */
#include "model/state_priv.h"

#include <string.h>

#include "seal/hash.h"

/* The index that a withdrawal names, and why; false: its body is no withdrawal. */
static bool withdrawal_read(const struct value *v, uint64_t index, int64_t *ingest, struct str *reason)
{
	const struct value *entry = value_get(v, "entry");

	*reason = value_text(v, "reason");
	return entry != NULL && entry->type == VALUE_NUMBER && num_i64(entry->text, ingest) && *ingest >= 0 &&
	    (uint64_t)*ingest < index && reason->p != NULL;
}

static enum rc withdrawal_put(struct state *s, const struct state_entry *en, int64_t ingest, struct str reason, struct err *e)
{
	struct stmt *st = NULL;
	enum rc rc = db_prepare(s->db, STR("INSERT OR IGNORE INTO withdrawal(ingest,entry,received_us,reason)"
	    " VALUES(?1,?2,?3,?4)"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, ingest);
	stmt_i64(st, 2, (int64_t)en->index);
	stmt_i64(st, 3, en->received_us);
	stmt_text(st, 4, reason);
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

bool mapping_corrects(const struct value *definition)
{
	const struct value *flag = value_get(definition, "rederives");

	return str_is(value_text(definition, "kind"), "mapping") && flag != NULL && flag->type == VALUE_BOOL && flag->is_true;
}

static enum rc correction_put(struct state *s, const struct state_entry *en, const struct value *v, struct err *e)
{
	struct stmt *st = NULL;
	uint8_t digest[32];
	enum rc rc = db_prepare(s->db, STR("INSERT INTO correction(source,entry,digest,body) VALUES(?1,?2,?3,?4)"
	    " ON CONFLICT DO UPDATE SET entry=excluded.entry, digest=excluded.digest, body=excluded.body"
	    " WHERE excluded.entry>correction.entry"), &st, e);

	if (rc != RC_OK)
		return rc;
	sha256(en->body.p, en->body.n, digest);
	stmt_text(st, 1, value_text(v, "id"));
	stmt_i64(st, 2, (int64_t)en->index);
	stmt_blob(st, 3, digest, sizeof(digest));
	stmt_text(st, 4, en->body);
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

enum rc state_foresee(struct state *s, const struct state_entry *en, struct err *e)
{
	struct arena *a = arena_new();
	const struct value *v;
	struct err ignored;
	struct str reason;
	int64_t ingest;
	enum rc rc = RC_OK;

	err_init(&ignored);
	if (en->is_open && json_parse(a, en->body, &v, &ignored) == RC_OK) {
		if (en->kind == KIND_OF_WITHDRAWAL && withdrawal_read(v, en->index, &ingest, &reason))
			rc = withdrawal_put(s, en, ingest, reason, e);
		else if (en->kind == KIND_OF_DEFINITION && mapping_corrects(v))
			rc = correction_put(s, en, v, e);
	}
	arena_free(a);
	return rc;
}

enum rc foreseen_outdated(struct state *s, struct err *e)
{
	s->outdated = true;
	return db_exec(s->db, "INSERT OR REPLACE INTO meta VALUES('outdated','1')", e);
}

bool state_outdated(const struct state *s)
{
	return s->outdated;
}

uint64_t state_strangers(const struct state *s)
{
	return s->strangers;
}

/* ---- applied in their turn */
enum rc withdrawal_apply(struct state *s, const struct state_entry *en, const struct value *v, struct err *e)
{
	struct str sql, reason;
	int64_t ingest, by, opened, is_there;
	enum rc rc;

	if (!withdrawal_read(v, en->index, &ingest, &reason))
		return err_set(e, RC_INVALID, "a withdrawal names the entry that opened an ingest, and a reason");
	sql = arena_fmt(s->scratch, "SELECT entry FROM withdrawal WHERE ingest=%lld", (long long)ingest);
	if ((rc = db_i64(s->db, arena_z(s->scratch, sql), -1, &by, e)) != RC_OK)
		return rc;
	sql = arena_fmt(s->scratch, "SELECT count(*) FROM withdrawal WHERE ingest=%lld AND record_id IS NOT NULL", (long long)ingest);
	if ((rc = db_i64(s->db, arena_z(s->scratch, sql), 0, &opened, e)) != RC_OK)
		return rc;
	if (by >= 0 && opened > 0 && (uint64_t)by != en->index)
		return err_set(e, RC_INVALID, "entry %lld was withdrawn before, by entry %lld", (long long)ingest, (long long)by);
	if (by >= 0 && opened > 0)
		return RC_OK;                   /* foreseen: nothing of it was ever applied */
	sql = arena_fmt(s->scratch, "SELECT count(*) FROM ingest WHERE id=%lld", (long long)ingest);
	if ((rc = db_i64(s->db, arena_z(s->scratch, sql), 0, &is_there, e)) != RC_OK)
		return rc;
	if (is_there == 0)
		return err_set(e, RC_INVALID, "entry %lld did not open an ingest", (long long)ingest);
	if ((rc = withdrawal_put(s, en, ingest, reason, e)) != RC_OK)
		return rc;
	return foreseen_outdated(s, e);
}

enum rc correction_apply(struct state *s, const struct state_entry *en, const struct value *v, struct err *e)
{
	struct stmt *st = NULL;
	bool row, foreseen;
	enum rc rc;

	if (!mapping_corrects(v))
		return RC_OK;
	if ((rc = db_prepare(s->db, STR("SELECT 1 FROM correction WHERE source=?1 AND entry>=?2"), &st, e)) != RC_OK)
		return rc;
	stmt_text(st, 1, value_text(v, "id"));
	stmt_i64(st, 2, (int64_t)en->index);
	rc = stmt_step(st, &foreseen, e);
	stmt_free(st);
	st = NULL;
	if (rc != RC_OK || foreseen)
		return rc;
	if ((rc = correction_put(s, en, v, e)) != RC_OK ||
	    (rc = db_prepare(s->db, STR("SELECT 1 FROM ingest i JOIN stream t ON t.id=i.stream WHERE t.source=?1"), &st, e)) != RC_OK)
		return rc;
	stmt_text(st, 1, value_text(v, "id"));
	rc = stmt_step(st, &row, e);
	stmt_free(st);
	return rc == RC_OK && row ? foreseen_outdated(s, e) : rc;
}

/* ---- asked while ingests are opened */
enum rc foreseen_mapping(struct state *s, struct ingest *in, struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(s->db, STR("SELECT digest, body FROM correction WHERE source=?1 AND entry>?2"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, in->source);
	stmt_i64(st, 2, in->id);
	if ((rc = stmt_step(st, &row, e)) == RC_OK && row && column_blob(st, 0).n == sizeof(in->mapping)) {
		memcpy(in->mapping, column_blob(st, 0).p, sizeof(in->mapping));
		*in->definition = arena_str(s->forever, column_text(st, 1));
	}
	stmt_free(st);
	return rc;
}

enum rc foreseen_open(struct state *s, const struct state_entry *en, struct ingest *in, int64_t stream, struct err *e)
{
	struct stmt *st = NULL;
	enum rc rc = db_prepare(s->db, STR("UPDATE withdrawal SET record_id=?2, stream=?3, file=?4, mapping=?5, open_us=?6, open=?7"
	    " WHERE ingest=?1"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, in->id);
	stmt_blob(st, 2, in->record_id, 16);
	stmt_i64(st, 3, stream);
	stmt_text(st, 4, in->file.p != NULL ? in->file : STR(""));
	stmt_blob(st, 5, in->mapping, sizeof(in->mapping));
	stmt_i64(st, 6, en->received_us);
	stmt_text(st, 7, en->body);
	rc = stmt_run(st, e);
	in->is_withdrawn = rc == RC_OK && db_changes(s->db) > 0;
	stmt_free(st);
	return rc;
}

enum rc foreseen_record(struct state *s, const struct state_entry *en, const struct ingest *in, const struct contribution *cs,
    size_t n, struct err *e)
{
	struct stmt *st = NULL;
	size_t i;
	enum rc rc = db_prepare(s->db, STR("INSERT OR IGNORE INTO withdrawn(entry,ingest) VALUES(?1,?2)"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, (int64_t)en->index);
	stmt_i64(st, 2, in->id);
	rc = stmt_run(st, e);
	stmt_free(st);
	st = NULL;
	if (rc != RC_OK || (rc = db_prepare(s->db, STR("INSERT OR IGNORE INTO withdrawn_item(collection,key,entry) VALUES(?1,?2,?3)"),
	    &st, e)) != RC_OK)
		return rc;
	for (i = 0; i < n && rc == RC_OK; i++) {
		if (cs[i].n_link > 0)
			continue;
		stmt_text(st, 1, cs[i].collection->name);
		stmt_text(st, 2, item_key(s, &cs[i]));
		stmt_i64(st, 3, (int64_t)en->index);
		rc = stmt_run(st, e);
	}
	stmt_free(st);
	return rc;
}

/* state: opening the view, its transaction, and which kind of entry goes where.  The kinds themselves are handled in
 * definition.c, subject.c, ingest.c and item.c. */
#include "model/state_priv.h"

#include <stdio.h>
#include <string.h>

enum { KIND_EVIDENCE = 1, KIND_REJECTED = 2, KIND_CHANGE = 3, KIND_DEFINITION = 4, KIND_INGEST = 5, KIND_RESULT = 6,
	KIND_WITHDRAWAL = 13 };

static enum rc prepare_fixed(struct state *s, struct err *e)
{
	const struct {
		struct stmt **to;
		struct str sql;
	} all[] = {
		{ &s->ins_subject, STR("INSERT INTO subject(id,ref,root,person) VALUES(?1,?2,?1,0)") },
		{ &s->ins_identity, STR("INSERT OR IGNORE INTO identity(kind,identity,subject) VALUES(?1,?2,?3)") },
		{ &s->ins_rejected,
		    STR("INSERT INTO rejected(entry,ingest,position,code,reason) VALUES(?1,?2,?3,?4,?5)") },
		{ &s->ins_change, STR("INSERT INTO change_log(entry,received_us,op,body) VALUES(?1,?2,?3,?4)") },
		{ &s->ins_unread, STR("INSERT INTO unread(entry,kind,reason) VALUES(?1,?2,?3)") },
		{ &s->find_identity, STR("SELECT kind, identity FROM identity WHERE subject=?1 ORDER BY kind, identity") },
	};
	enum rc rc;
	size_t i;

	for (i = 0; i < ARRAY_LEN(all); i++)
		if ((rc = db_prepare(s->db, all[i].sql, all[i].to, e)) != RC_OK)
			return rc;
	return RC_OK;
}

static enum rc read_meta(struct state *s, struct err *e)
{
	int64_t n;
	enum rc rc;

	rc = db_i64(s->db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='version'", -1, &n, NULL);
	if (rc != RC_OK || n != STATE_VERSION)
		return err_set(e, RC_CONFLICT, "state.db was made by another version of Tickmark; run rebuild, which makes it "
		    "anew from the ledger");
	if ((rc = db_i64(s->db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='applied'", -1, &n, e)) != RC_OK)
		return rc;
	if (n < 0)
		return err_set(e, RC_CONFLICT, "state.db does not say how far it has come; run rebuild");
	s->applied = (uint64_t)n;
	if ((rc = db_i64(s->db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='outdated'", 0, &n, e)) != RC_OK || n == 0)
		return rc;
	return err_set(e, RC_CONFLICT, "what state.db was made of counts otherwise since; run rebuild, which makes it anew from the "
	    "ledger");
}

/* Days in UTC until a zone is defined, so that every date has its day from the first item on. */
static enum rc fill_fresh(struct state *s, struct err *e)
{
	enum rc rc;

	if ((rc = db_exec(s->db, "BEGIN", e)) != RC_OK || (rc = definition_fill_days(s, e)) != RC_OK)
		return rc;
	return db_exec(s->db, "COMMIT", e);
}

enum rc state_open(const char *path, enum db_mode mode, const struct state_hooks *hooks, struct state **out,
    struct err *e)
{
	struct state *s = mem_alloc(sizeof(*s));
	bool fresh = mode == DB_CREATE || mode == DB_MEMORY || mode == DB_SCRATCH;
	enum rc rc;

	(void)pthread_mutex_init(&s->subjects, NULL);
	s->forever = arena_new();
	s->scratch = arena_new();
	s->schema_number = schema_number_next();
	if (hooks != NULL)
		s->hooks = *hooks;
	if ((rc = db_open(path, mode, &s->db, e)) != RC_OK)
		goto out;
	if (fresh && ((rc = ddl_create(s, e)) != RC_OK || (rc = fill_fresh(s, e)) != RC_OK))
		goto out;
	if ((rc = read_meta(s, e)) != RC_OK || (rc = prepare_fixed(s, e)) != RC_OK)
		goto out;
	if ((rc = definition_reload(s, e)) != RC_OK || (rc = subject_reload(s, e)) != RC_OK)
		goto out;
	*out = s;
	s = NULL;
out:
	state_close(s);
	return rc;
}

void state_close(struct state *s)
{
	size_t i;

	if (s == NULL)
		return;
	state_rollback(s);
	for (i = 0; i < s->schema.n; i++)
		item_table_done(&s->tables[i]);
	stmt_free(s->ins_subject);
	stmt_free(s->ins_identity);
	stmt_free(s->ins_rejected);
	stmt_free(s->ins_change);
	stmt_free(s->ins_unread);
	stmt_free(s->find_identity);
	if (s->rules_arena != NULL)
		arena_free(s->rules_arena);
	db_close(s->db);
	mem_free(s->schema.collections);
	mem_free(s->tables);
	(void)pthread_mutex_destroy(&s->subjects);
	mem_free(s->slots);
	mem_free(s->refs);
	mem_free(s->ingests);
	arena_free(s->forever);
	arena_free(s->scratch);
	mem_free(s);
}

struct db *state_db(struct state *s) { return s->db; }
const struct schema *state_schema(struct state *s) { return &s->schema; }
uint64_t state_schema_number(struct state *s) { return s->schema_number; }
const struct zone *state_zone(struct state *s) { return s->zone != NULL ? s->zone : zone_utc(); }
const char *state_refused(const struct state *s) { return s->refused ? s->why_refused : NULL; }
uint64_t state_applied(struct state *s) { return s->applied; }

enum rc state_begin(struct state *s, struct err *e)
{
	enum rc rc = db_exec(s->db, "BEGIN IMMEDIATE", e);

	if (rc == RC_OK)
		s->in_transaction = true;
	return rc;
}

enum rc state_commit(struct state *s, struct err *e)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, 200);
	buf_fmt(&b, "UPDATE meta SET value='%llu' WHERE key='applied'; COMMIT%c", (unsigned long long)s->applied, 0);
	rc = db_exec(s->db, (const char *)b.p, e);
	buf_done(&b);
	if (rc == RC_OK)
		s->in_transaction = false;
	return rc;
}

/* What is in memory runs ahead of the tables after a rollback; the caller closes the state then. */
enum rc state_hide_people(struct state *s, struct err *e)
{
	enum rc rc = db_exec(s->db, "SAVEPOINT people; DELETE FROM identity; DELETE FROM identity_link; DELETE FROM said", e);

	if (rc != RC_OK)
		state_show_people(s);
	return rc;
}

void state_show_people(struct state *s)
{
	struct err ignored;

	err_init(&ignored);
	if (db_exec(s->db, "ROLLBACK TO people; RELEASE people", &ignored) != RC_OK)
		state_rollback(s);
}

void state_rollback(struct state *s)
{
	struct err ignored;

	if (!s->in_transaction)
		return;
	s->in_transaction = false;
	s->rules_known = false;
	if (db_exec(s->db, "ROLLBACK", &ignored) != RC_OK)
		return;
}

static enum rc unread(struct state *s, const struct state_entry *en, const char *reason, struct err *e)
{
	s->refused = true;
	(void)snprintf(s->why_refused, sizeof(s->why_refused), "%s", reason);
	stmt_i64(s->ins_unread, 1, (int64_t)en->index);
	stmt_i64(s->ins_unread, 2, en->kind);
	stmt_text(s->ins_unread, 3, str_z(reason));
	return stmt_run(s->ins_unread, e);
}

static enum rc apply_result(struct state *s, const struct state_entry *en, const struct value *v, struct err *e)
{
	static const char sql_old[] = "UPDATE result SET current=0 WHERE control=?1 AND test=?2 AND current=1";
	static const char sql_new[] = "INSERT INTO result(entry,control,test,received_us,body,current)"
	    " VALUES(?1,?2,?3,?4,?5,1)";
	struct str control = value_text(v, "control"), test = value_text(v, "test");
	struct stmt *st = NULL;
	enum rc rc;

	if (control.p == NULL || test.p == NULL)
		return err_set(e, RC_INVALID, "a result without control or test");
	if ((rc = db_prepare(s->db, str_z(sql_old), &st, e)) != RC_OK)
		return rc;
	stmt_text(st, 1, control);
	stmt_text(st, 2, test);
	rc = stmt_run(st, e);
	stmt_free(st);
	st = NULL;
	if (rc != RC_OK || (rc = db_prepare(s->db, str_z(sql_new), &st, e)) != RC_OK)
		return rc;
	stmt_i64(st, 1, (int64_t)en->index);
	stmt_text(st, 2, control);
	stmt_text(st, 3, test);
	stmt_i64(st, 4, en->received_us);
	stmt_text(st, 5, en->body);
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

static enum rc log_change(struct state *s, const struct state_entry *en, const char *op, struct err *e)
{
	stmt_i64(s->ins_change, 1, (int64_t)en->index);
	stmt_i64(s->ins_change, 2, en->received_us);
	stmt_text(s->ins_change, 3, str_z(op));
	stmt_text(s->ins_change, 4, en->body);
	return stmt_run(s->ins_change, e);
}

static enum rc apply_subjects(struct state *s, const struct value *list, uint64_t entry, struct err *e)
{
	size_t i;
	enum rc rc;

	for (i = 0; i < list->n; i++) {
		struct str kind = value_text(&list->items[i], "kind"), identity = value_text(&list->items[i], "identity");
		uint8_t ref[16];

		if (kind.n == 0 || identity.n == 0 || !hex_get(value_text(&list->items[i], "ref"), ref, sizeof(ref)))
			return err_set(e, RC_INVALID, "a subject without kind, identity or a reference of 32 hex digits");
		if (str_starts(identity, STR("subject:")) && str_eq(str_sub(identity, 8, 64), value_text(&list->items[i], "ref")))
			identity = STR_NONE;    /* cut out, and not at hand: nobody can have guessed the reference */
		if ((rc = subject_add(s, kind, identity, ref, entry, e)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc apply_join(struct state *s, const struct state_entry *en, const struct value *v, bool apart, struct err *e)
{
	struct str a = value_text(v, "a"), b = value_text(v, "b");
	struct str ka = str_cut(&a, ':'), kb = str_cut(&b, ':');
	int64_t ia, ib;

	ia = subject_find(s, ka, a, NULL);
	ib = subject_find(s, kb, b, NULL);
	if (ia == 0 || ib == 0)
		return err_set(e, RC_INVALID, "a join names an identity that no entry before it introduced");
	return apart ? identity_said_apart(s, ia, ib, en->index, e) : identity_said_same(s, ia, ib, en->index, e);
}

static enum rc apply_item(struct state *s, const struct state_entry *en, const struct value *v, struct err *e)
{
	const struct collection *c = schema_find(&s->schema, value_text(v, "collection"));
	const struct value *as_of = value_get(v, "as_of");
	struct contribution con;
	int64_t at = en->received_us;
	enum rc rc;

	if (c == NULL)
		return err_set(e, RC_INVALID, "no such collection");
	if (as_of != NULL && instant_parse(as_of->text, state_zone(s), &at) == TIME_BAD)
		return err_set(e, RC_INVALID, "as_of is no time");
	if ((rc = item_from_value(s, s->scratch, c, value_get(v, "fields"), &con, e)) != RC_OK)
		return rc;
	return item_contribute(s, en, NULL, at, &con, e);
}

static enum rc apply_change(struct state *s, const struct state_entry *en, const struct value *v, struct err *e)
{
	const struct value *subjects = value_get(v, "subjects");
	struct str op = value_text(v, "op");
	enum rc rc;

	if (subjects != NULL && subjects->type == VALUE_LIST) {
		if ((rc = apply_subjects(s, subjects, en->index, e)) != RC_OK || op.n == 0)
			return rc;
	}
	if (str_is(op, "join") || str_is(op, "split"))
		rc = apply_join(s, en, v, str_is(op, "split"), e);
	else if (str_is(op, "linked"))
		return identity_linked(s, v, en->index, e);
	else if (str_is(op, "item"))
		rc = apply_item(s, en, v, e);
	else
		rc = RC_OK;                             /* an edit of a later version: logged, without effect here */
	return rc == RC_OK ? log_change(s, en, arena_z(s->scratch, op), e) : rc;
}

static enum rc apply_rejected(struct state *s, const struct state_entry *en, struct err *e)
{
	struct ingest *in = NULL;
	uint16_t reason_n;
	enum rc rc;

	if (en->envelope.n < 32)
		return err_set(e, RC_INVALID, "a rejected record without its envelope");
	if ((rc = ingest_load(s, (const uint8_t *)en->envelope.p, &in, e)) != RC_OK)
		return rc;
	reason_n = get_u16((const uint8_t *)en->envelope.p + 30);
	if (in->is_withdrawn)
		return foreseen_record(s, en, in, NULL, 0, e);
	stmt_i64(s->ins_rejected, 1, (int64_t)en->index);
	stmt_i64(s->ins_rejected, 2, in->id);
	stmt_i64(s->ins_rejected, 3, (int64_t)get_u64((const uint8_t *)en->envelope.p + 16));
	stmt_i64(s->ins_rejected, 4, get_u16((const uint8_t *)en->envelope.p + 28));
	stmt_text(s->ins_rejected, 5, str_sub(en->envelope, 32, reason_n));
	return stmt_run(s->ins_rejected, e);
}

enum rc state_mapping_of(struct state *s, struct str envelope, const struct ingest **out, struct str *definition,
    struct err *e)
{
	struct ingest *in = NULL;
	enum rc rc;

	if (envelope.n < 32)
		return err_set(e, RC_INVALID, "evidence without its envelope");
	if ((rc = ingest_load(s, (const uint8_t *)envelope.p, &in, e)) != RC_OK ||
	    (rc = definition_of_ingest(s, in, definition, e)) != RC_OK)
		return rc;
	*out = in;
	return RC_OK;
}

enum rc state_map(struct state *s, struct arena *a, const struct ingest *in, struct str definition,
    const struct state_entry *en, struct contribution **out, size_t *n, struct err *e)
{
	if (s->hooks.contribute == NULL)
		return err_set(e, RC_INVALID, "nothing here reads mappings");
	return s->hooks.contribute(s->hooks.ctx, s, a, in, definition, en, out, n, e);
}

bool state_lists(struct state *s, const struct ingest *in, struct str definition)
{
	const struct collection **cs;
	struct err ignored;
	size_t n = 0;

	err_init(&ignored);
	return in->has_extracted && s->hooks.collections != NULL &&
	    s->hooks.collections(s->hooks.ctx, s, s->scratch, in, definition, &cs, &n, &ignored) == RC_OK && n > 0;
}

static enum rc contribute_all(struct state *s, const struct state_entry *en, const struct ingest *in,
    const struct contribution *cs, size_t n, struct err *e)
{
	enum rc rc = RC_OK;
	size_t i;

	if (in->is_withdrawn)
		return foreseen_record(s, en, in, cs, n, e);
	for (i = 0; i < n && rc == RC_OK; i++)
		rc = item_contribute(s, en, in, in->extracted_us, &cs[i], e);
	return rc;
}

static enum rc apply_evidence(struct state *s, const struct state_entry *en, struct err *e)
{
	const struct ingest *in = NULL;
	struct contribution *cs = NULL;
	struct str definition;
	size_t n = 0;
	enum rc rc;

	if ((rc = state_mapping_of(s, en->envelope, &in, &definition, e)) != RC_OK ||
	    (rc = state_map(s, s->scratch, in, definition, en, &cs, &n, e)) != RC_OK)
		return rc;
	return contribute_all(s, en, in, cs, n, e);
}

static enum rc apply_document(struct state *s, const struct state_entry *en, struct err *e)
{
	struct str body = en->n_marks > 0 ? cut_shown(s->scratch, en->body, en->marks, en->n_marks) : en->body;
	const struct value *v;
	enum rc rc;

	if ((rc = json_parse(s->scratch, body, &v, e)) != RC_OK)
		return rc;
	switch (en->kind) {
	case KIND_CHANGE:
		return apply_change(s, en, v, e);
	case KIND_DEFINITION:
		return (rc = definition_apply(s, en, v, e)) != RC_OK ? rc : correction_apply(s, en, v, e);
	case KIND_INGEST:
		return ingest_apply(s, en, v, e);
	case KIND_RESULT:
		return apply_result(s, en, v, e);
	case KIND_WITHDRAWAL:
		return (rc = withdrawal_apply(s, en, v, e)) != RC_OK ? rc : log_change(s, en, "withdraw", e);
	default:
		return RC_OK;
	}
}

/* The failures that are about the entry and not about the machine: replay goes on past them. */
static bool of_the_entry(enum rc rc)
{
	return rc == RC_INVALID || rc == RC_LIMIT || rc == RC_NOT_FOUND || rc == RC_EXISTS || rc == RC_CONFLICT ||
	    rc == RC_USAGE;
}

/* What an entry came to: about the entry itself it becomes a row, about the machine it is the caller's. */
static enum rc applied(struct state *s, const struct state_entry *en, enum rc rc, const struct err *why, struct err *e)
{
	if (of_the_entry(rc))
		rc = unread(s, en, why->msg, e);
	else if (rc != RC_OK && e != NULL && e->code == RC_OK)
		*e = *why;
	if (rc == RC_OK)
		s->applied = en->index + 1;
	return rc;
}

enum rc state_apply(struct state *s, const struct state_entry *en, struct err *e)
{
	struct err why;
	enum rc rc;

	err_init(&why);
	arena_reset(s->scratch);
	s->refused = false;
	if (!en->is_open)
		rc = en->kind >= 7 && en->kind <= 12 ? RC_OK : unread(s, en, "erased, or no key opens it", e);
	else if (en->kind == KIND_EVIDENCE)
		rc = apply_evidence(s, en, &why);
	else if (en->kind == KIND_REJECTED)
		rc = apply_rejected(s, en, &why);
	else if (en->kind == KIND_WITHDRAWAL || (en->kind >= KIND_CHANGE && en->kind <= KIND_RESULT))
		rc = apply_document(s, en, &why);
	else
		rc = RC_OK;                             /* keys, erasure, access, policy: not part of this view */
	return applied(s, en, rc, &why, e);
}

enum rc state_apply_mapped(struct state *s, const struct state_entry *en, const struct ingest *in, enum rc mapped,
    const struct err *why, const struct contribution *cs, size_t n, struct err *e)
{
	struct err later;
	enum rc rc;

	arena_reset(s->scratch);
	s->refused = false;
	if (mapped != RC_OK)
		return applied(s, en, mapped, why, e);
	err_init(&later);
	rc = contribute_all(s, en, in, cs, n, &later);
	return applied(s, en, rc, &later, e);
}

enum rc state_apply_evidence(struct state *s, const struct state_entry *en, const struct ingest *in,
    const struct contribution *cs, size_t n, struct err *e)
{
	enum rc rc;

	arena_reset(s->scratch);
	if ((rc = contribute_all(s, en, in, cs, n, e)) == RC_OK)
		s->applied = en->index + 1;
	return rc;
}

const struct ingest *state_ingest(struct state *s, const uint8_t record_id[16])
{
	struct ingest *in = NULL;

	return ingest_load(s, record_id, &in, NULL) == RC_OK ? in : NULL;
}

/* identity: which identities are one person: as somebody said, or by a rule that the organization declared.  A rule derives
 * from an identity of one kind, or from a roster's item, an identity of another kind; when both are known, they are joined,
 * and the join names the rule.  Who says that two are not one takes that join away and keeps it away.
 * Rules are applied in the order of the ledger, so that a rebuild gives the same. */
#include "model/state_priv.h"

#include <string.h>

static enum rc one_text(const struct value *body, const char *key, struct str *out, struct err *e)
{
	const struct value *v = value_get(body, key);

	*out = STR_NONE;
	if (v == NULL)
		return RC_OK;
	if (v->type != VALUE_STRING || v->text.n == 0 || v->text.n > 200)
		return err_set(e, RC_INVALID, "\"%s\" of an identity rule is a short text", key);
	*out = v->text;
	return RC_OK;
}

static enum rc rule_roster(const struct schema *schema, const struct value *v, struct identity_rule *r, struct err *e)
{
	const struct collection *c = schema_find(schema, value_text(v, "collection"));
	const struct field *who, *value;

	if (c == NULL)
		return err_set(e, RC_INVALID, "\"roster\" names no collection: {collection: person, subject: person_id, value: email}");
	who = collection_field(c, value_text(v, "subject"));
	value = collection_field(c, value_text(v, "value"));
	if (who == NULL || who->type != FIELD_SUBJECT || value == NULL ||
	    (value->type != FIELD_STRING && value->type != FIELD_TEXT))
		return err_set(e, RC_INVALID, "\"roster\" takes a field of type subject and one of type string of \"%.*s\"",
		    STR_FMT(c->name));
	r->collection = c->name;
	r->subject = who->name;
	r->value = value->name;
	return RC_OK;
}

/* {name, from, to, after, before, append, active, roster: {collection, subject, value}} */
static enum rc rule_parse(const struct schema *schema, const struct value *body, struct identity_rule *r, struct err *e)
{
	static const char *const known[] = { "name", "title", "from", "to", "after", "before", "append", "active", "roster" };
	const struct value *active = value_get(body, "active"), *roster = value_get(body, "roster");
	size_t i, k;
	enum rc rc;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < body->n; i++) {
		for (k = 0; k < ARRAY_LEN(known) && !str_is(body->members[i].key, known[k]); k++)
			;
		if (k == ARRAY_LEN(known))
			return err_set(e, RC_INVALID, "an identity rule has no \"%.*s\"", STR_FMT(body->members[i].key));
	}
	if ((rc = one_text(body, "name", &r->name, e)) != RC_OK || (rc = one_text(body, "from", &r->from, e)) != RC_OK ||
	    (rc = one_text(body, "to", &r->to, e)) != RC_OK || (rc = one_text(body, "after", &r->after, e)) != RC_OK ||
	    (rc = one_text(body, "before", &r->before, e)) != RC_OK || (rc = one_text(body, "append", &r->append, e)) != RC_OK)
		return rc;
	if (r->name.n == 0 || r->from.n == 0 || r->to.n == 0 || r->from.n > 64 || r->to.n > 64)
		return err_set(e, RC_INVALID, "an identity rule needs \"name\", \"from\" and \"to\", kinds of identities such as "
		    "okta.login");
	if (active != NULL && active->type != VALUE_BOOL)
		return err_set(e, RC_INVALID, "\"active\" takes true or false");
	r->active = active == NULL || active->is_true;
	return roster == NULL ? RC_OK : rule_roster(schema, roster, r, e);
}

static enum rc rules_load(struct state *s, struct err *e)
{
	const struct value **bodies;
	size_t n, i;
	enum rc rc;

	if (s->rules_known)
		return RC_OK;
	if (s->rules_arena == NULL)
		s->rules_arena = arena_new();
	arena_reset(s->rules_arena);
	s->n_rules = 0;
	if ((rc = state_definitions(s, s->rules_arena, "identity_rule", &bodies, &n, e)) != RC_OK)
		return rc;
	s->rules = ARENA_ARRAY(s->rules_arena, n, struct identity_rule);
	for (i = 0; i < n; i++)
		if (rule_parse(&s->schema, bodies[i], &s->rules[s->n_rules], e) == RC_OK && s->rules[s->n_rules].active)
			s->n_rules++;
	err_init(e);
	s->rules_known = true;
	return RC_OK;
}

/* What the rule makes of an identity, in ${a}; false: nothing. */
static bool derive(struct arena *a, const struct identity_rule *r, struct str t, struct str *out)
{
	ptrdiff_t at;

	if (r->after.n > 0) {                   /* behind its last occurrence */
		if (str_find(t, r->after) < 0)
			return false;
		while ((at = str_find(t, r->after)) >= 0)
			t = str_sub(t, (size_t)at + r->after.n, t.n);
	}
	if (r->before.n > 0) {
		if ((at = str_find(t, r->before)) < 0)
			return false;
		t = str_sub(t, 0, (size_t)at);
	}
	if (t.n == 0 || t.n > 3000)
		return false;
	*out = subject_normalize(a, r->append.n > 0 ? arena_fmt(a, "%.*s%.*s", STR_FMT(t), STR_FMT(r->append)) : t);
	return out->n > 0;
}

static enum rc run_pair(struct state *s, const char *sql, int64_t a, int64_t b, struct str rule, int64_t entry, struct err *e)
{
	struct stmt *st = NULL;
	enum rc rc = db_prepare(s->db, str_z(sql), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, a < b ? a : b);
	stmt_i64(st, 2, a < b ? b : a);
	if (rule.p != NULL) {
		stmt_text(st, 3, rule);
		stmt_i64(st, 4, entry);
	}
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

/* The two are one by that rule, unless somebody said that they are not; *new when nothing said so before. */
static enum rc note_link(struct state *s, int64_t a, int64_t b, struct str rule, uint64_t entry, bool *new, struct err *e)
{
	enum rc rc = run_pair(s, "INSERT OR IGNORE INTO subject_link(a,b,rule,entry,kept) SELECT ?1,?2,?3,?4,0 WHERE NOT EXISTS("
	    "SELECT 1 FROM subject_split WHERE a=?1 AND b=?2)", a, b, rule, (int64_t)entry, e);

	*new = rc == RC_OK && db_changes(s->db) > 0;
	return rc;
}

static enum rc link_now(struct state *s, int64_t a, int64_t b, struct str rule, uint64_t entry, struct err *e)
{
	bool new = false;
	enum rc rc;

	if (a == b || (rc = note_link(s, a, b, rule, entry, &new, e)) != RC_OK || !new)
		return a == b ? RC_OK : rc;
	return subject_unite(s, a, b, entry, e);
}

/* Subject ${id} derives that identity; it is joined now or when that comes. */
static enum rc note_derived(struct state *s, const struct identity_rule *r, struct str identity, int64_t id, uint64_t entry,
    struct err *e)
{
	struct stmt *st = NULL;
	int64_t other;
	enum rc rc;

	rc = db_prepare(s->db, STR("INSERT OR IGNORE INTO identity_link(kind,identity,subject,rule) VALUES(?1,?2,?3,?4)"), &st, e);
	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, r->to);
	stmt_text(st, 2, identity);
	stmt_i64(st, 3, id);
	stmt_text(st, 4, r->name);
	rc = stmt_run(st, e);
	stmt_free(st);
	other = subject_find(s, r->to, identity, NULL);
	return rc != RC_OK || other == 0 ? rc : link_now(s, id, other, r->name, entry, e);
}

enum rc identity_came(struct state *s, struct str kind, struct str identity, int64_t id, uint64_t entry, struct err *e)
{
	struct stmt *st = NULL;
	struct str derived;
	bool row;
	size_t i;
	enum rc rc = rules_load(s, e);

	for (i = 0; rc == RC_OK && i < s->n_rules; i++)
		if (s->rules[i].collection.n == 0 && str_eq(s->rules[i].from, kind) &&
		    derive(s->scratch, &s->rules[i], identity, &derived))
			rc = note_derived(s, &s->rules[i], derived, id, entry, e);
	if (rc != RC_OK || s->n_rules == 0 || (rc = db_prepare(s->db,
	    STR("SELECT subject,rule FROM identity_link WHERE kind=?1 AND identity=?2 ORDER BY subject,rule"), &st, e)) != RC_OK)
		return rc;
	stmt_text(st, 1, kind);
	stmt_text(st, 2, identity);
	while ((rc = stmt_step(st, &row, e)) == RC_OK && row) {
		int64_t other = column_i64(st, 0);

		if ((rc = link_now(s, other, id, arena_str(s->scratch, column_text(st, 1)), entry, e)) != RC_OK)
			break;
	}
	stmt_free(st);
	return rc;
}

enum rc identity_in_roster(struct state *s, const struct collection *c, const struct field_value *values, const int64_t *ids,
    uint64_t entry, struct err *e)
{
	struct str derived;
	size_t i;
	enum rc rc = rules_load(s, e);

	for (i = 0; rc == RC_OK && i < s->n_rules; i++) {
		const struct identity_rule *r = &s->rules[i];
		const struct field *who, *value;
		const struct field_value *v;

		if (!str_eq(r->collection, c->name))
			continue;
		who = collection_field(c, r->subject);
		value = collection_field(c, r->value);
		if (who == NULL || value == NULL || ids[who->index] == 0 || !str_eq(values[who->index].kind, r->from))
			continue;
		v = &values[value->index];
		if (!v->supplied || v->is_null || (v->ref != NULL && v->shown.p == NULL) ||
		    !derive(s->scratch, r, v->ref != NULL ? v->shown : v->s, &derived))
			continue;               /* where it was cut out and cannot be opened, what it gave once was kept */
		rc = note_derived(s, r, derived, ids[who->index], entry, e);
	}
	return rc;
}

/* ---- from nothing: after a rule changed, or a join was taken away */
static enum rc persons_again(struct state *s, struct err *e)
{
	const struct collection *c = schema_find(&s->schema, STR("person"));
	const struct field *f = c != NULL ? collection_field(c, STR("person_id")) : NULL;

	if (f == NULL || f->type != FIELD_SUBJECT)
		return RC_OK;
	return db_exec(s->db, "UPDATE subject SET person=1 WHERE root IN (SELECT s.root FROM item_person i JOIN subject s"
	    " ON s.id=i.f_person_id)", e);
}

static enum rc reunite(struct state *s, uint64_t entry, struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	if ((rc = db_exec(s->db, "UPDATE subject SET root=id, person=0 WHERE root<>id OR person<>0", e)) != RC_OK ||
	    (rc = db_prepare(s->db, STR("SELECT a,b FROM subject_link ORDER BY a,b,rule"), &st, e)) != RC_OK)
		return rc;
	while ((rc = stmt_step(st, &row, e)) == RC_OK && row)
		if ((rc = subject_same_root(s, column_i64(st, 0), column_i64(st, 1), e)) != RC_OK)
			break;
	stmt_free(st);
	if (rc != RC_OK || (rc = persons_again(s, e)) != RC_OK)
		return rc;
	return link_subjects(s, -1, entry, e);
}

/* Every identity of the rule's kind, or every item of its roster, that is there already. */
static enum rc derive_all(struct state *s, const struct identity_rule *r, uint64_t entry, struct err *e)
{
	struct stmt *st = NULL;
	struct str derived, text;
	struct buf b;
	bool row;
	enum rc rc;

	buf_init(&b, 4096);
	if (r->collection.n == 0)
		buf_z(&b, "SELECT subject, identity FROM identity WHERE kind=?1 ORDER BY subject");
	else
		buf_fmt(&b, "SELECT i.f_%.*s, i.f_%.*s FROM item_%.*s i WHERE i.f_%.*s IS NOT NULL AND i.f_%.*s IN (SELECT subject FROM"
		    " identity WHERE kind=?1) ORDER BY i.id", STR_FMT(r->subject), STR_FMT(r->value), STR_FMT(r->collection),
		    STR_FMT(r->value), STR_FMT(r->subject));
	rc = db_prepare(s->db, buf_view(&b), &st, e);
	buf_done(&b);
	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, r->from);
	while ((rc = stmt_step(st, &row, e)) == RC_OK && row)
		if ((rc = said_text(s, s->scratch, r->collection, r->value, column_text(st, 1), &text, e)) != RC_OK ||
		    (derive(s->scratch, r, text, &derived) &&
		    (rc = note_derived(s, r, derived, column_i64(st, 0), entry, e)) != RC_OK))
			break;
	stmt_free(st);
	return rc;
}

enum rc identity_rule_check(struct state *s, const struct value *body, struct err *e)
{
	struct identity_rule r;

	return rule_parse(&s->schema, body, &r, e);
}

enum rc identity_rule_apply(struct state *s, const struct value *body, uint64_t entry, struct err *e)
{
	static const char *const sql[] = { "DELETE FROM subject_link WHERE rule=?1", "DELETE FROM identity_link WHERE rule=?1" };
	struct identity_rule r;
	struct stmt *st;
	size_t i;
	enum rc rc;

	if ((rc = rule_parse(&s->schema, body, &r, e)) != RC_OK)
		return rc;
	s->rules_known = false;
	for (i = 0; i < ARRAY_LEN(sql); i++) {
		st = NULL;
		if ((rc = db_prepare(s->db, str_z(sql[i]), &st, e)) != RC_OK)
			return rc;
		stmt_text(st, 1, r.name);
		rc = stmt_run(st, e);
		stmt_free(st);
		if (rc != RC_OK)
			return rc;
	}
	if (r.active && (rc = derive_all(s, &r, entry, e)) != RC_OK)
		return rc;
	return reunite(s, entry, e);
}

enum rc identity_said_same(struct state *s, int64_t a, int64_t b, uint64_t entry, struct err *e)
{
	enum rc rc = run_pair(s, "DELETE FROM subject_split WHERE a=?1 AND b=?2", a, b, STR_NONE, 0, e);

	return rc == RC_OK ? link_now(s, a, b, STR(""), entry, e) : rc;
}

enum rc identity_said_apart(struct state *s, int64_t a, int64_t b, uint64_t entry, struct err *e)
{
	enum rc rc;

	if (a == b)
		return err_set(e, RC_INVALID, "these two are one identity: nothing can be taken apart");
	if ((rc = run_pair(s, "INSERT OR IGNORE INTO subject_split(a,b,kept) VALUES(?1,?2,0)", a, b, STR_NONE, 0, e)) != RC_OK ||
	    (rc = run_pair(s, "DELETE FROM subject_link WHERE a=?1 AND b=?2", a, b, STR_NONE, 0, e)) != RC_OK)
		return rc;
	return reunite(s, entry, e);
}

/* ---- joins and splits by reference: what stays of those that rest on identities when an identity is erased, or is not shown */
static enum rc put_pairs(struct state *s, const char *sql, struct buf *b, size_t *n, struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	size_t from = b->n;
	enum rc rc = db_prepare(s->db, str_z(sql), &st, e);

	while (rc == RC_OK && (rc = stmt_step(st, &row, e)) == RC_OK && row) {
		buf_z(b, b->n > from ? ",{\"a\":\"" : "{\"a\":\"");
		buf_hex(b, (const uint8_t *)column_blob(st, 0).p, column_blob(st, 0).n);
		buf_z(b, "\",\"b\":\"");
		buf_hex(b, (const uint8_t *)column_blob(st, 1).p, column_blob(st, 1).n);
		buf_z(b, "\",\"rule\":");
		json_put_str(b, column_text(st, 2));
		buf_c(b, '}');
		(*n)++;
	}
	stmt_free(st);
	return rc;
}

enum rc state_unkept(struct state *s, struct buf *b, bool *any, struct err *e)
{
	size_t n = 0;
	enum rc rc;

	buf_z(b, "{\"apart\":[");
	rc = put_pairs(s, "SELECT x.ref, y.ref, '' FROM subject_split p JOIN subject x ON x.id=p.a JOIN subject y ON y.id=p.b"
	    " WHERE p.kept=0 ORDER BY p.a, p.b LIMIT 10000", b, &n, e);
	buf_z(b, "],\"links\":[");
	if (rc == RC_OK)
		rc = put_pairs(s, "SELECT x.ref, y.ref, l.rule FROM subject_link l JOIN subject x ON x.id=l.a JOIN subject y ON y.id=l.b"
		    " WHERE l.kept=0 ORDER BY l.a, l.b, l.rule LIMIT 10000", b, &n, e);
	buf_z(b, "],\"op\":\"linked\"}");
	*any = n > 0;
	return rc;
}

/* The two of a pair, or 0. */
static void pair_of(struct state *s, const struct value *v, int64_t *a, int64_t *b)
{
	uint8_t ref[16];

	*a = hex_get(value_text(v, "a"), ref, sizeof(ref)) ? subject_by_ref(s, ref) : 0;
	*b = hex_get(value_text(v, "b"), ref, sizeof(ref)) ? subject_by_ref(s, ref) : 0;
}

static enum rc linked_one(struct state *s, const struct value *v, uint64_t entry, struct err *e)
{
	int64_t a, b;
	enum rc rc;

	pair_of(s, v, &a, &b);
	if (a == 0 || b == 0 || a == b)
		return RC_OK;
	if ((rc = link_now(s, a, b, value_text(v, "rule"), entry, e)) != RC_OK)
		return rc;
	return run_pair(s, "UPDATE subject_link SET kept=1 WHERE a=?1 AND b=?2 AND rule=?3 AND ?4>=0", a, b, value_text(v, "rule"),
	    (int64_t)entry, e);
}

static enum rc apart_one(struct state *s, const struct value *v, uint64_t entry, struct err *e)
{
	int64_t a, b;
	enum rc rc;

	pair_of(s, v, &a, &b);
	if (a == 0 || b == 0 || a == b)
		return RC_OK;
	if ((rc = identity_said_apart(s, a, b, entry, e)) != RC_OK)
		return rc;
	return run_pair(s, "UPDATE subject_split SET kept=1 WHERE a=?1 AND b=?2", a, b, STR_NONE, 0, e);
}

enum rc identity_linked(struct state *s, const struct value *body, uint64_t entry, struct err *e)
{
	const struct value *apart = value_get(body, "apart"), *links = value_get(body, "links");
	size_t i;
	enum rc rc;

	for (i = 0; apart != NULL && apart->type == VALUE_LIST && i < apart->n; i++)
		if ((rc = apart_one(s, &apart->items[i], entry, e)) != RC_OK)
			return rc;
	for (i = 0; links != NULL && links->type == VALUE_LIST && i < links->n; i++)
		if ((rc = linked_one(s, &links->items[i], entry, e)) != RC_OK)
			return rc;
	return RC_OK;
}

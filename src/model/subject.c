/* subject: people and accounts as references.  The directory of identities is held in memory as well, for a batch of
 * evidence asks for it millions of times. */
#include "model/state_priv.h"

#include <string.h>

uint64_t subject_hash(struct str kind, struct str identity)
{
	uint64_t h = 0xcbf29ce484222325u;               /* FNV-1a: bounded input, and the table is ours alone */
	size_t i;

	for (i = 0; i < kind.n; i++)
		h = (h ^ (uint8_t)kind.p[i]) * 0x100000001b3u;
	h = (h ^ 0x1f) * 0x100000001b3u;
	for (i = 0; i < identity.n; i++)
		h = (h ^ (uint8_t)identity.p[i]) * 0x100000001b3u;
	return h | 1;                                   /* 0 marks a free slot */
}

static bool slot_is(const struct subject_slot *t, struct str kind, struct str identity)
{
	return t->key.n == kind.n + 1 + identity.n && (kind.n == 0 || memcmp(t->key.p, kind.p, kind.n) == 0) &&
	    t->key.p[kind.n] == 0x1f &&
	    (identity.n == 0 || memcmp(t->key.p + kind.n + 1, identity.p, identity.n) == 0);
}

static struct subject_slot *slot_find(struct state *s, struct str kind, struct str identity, uint64_t h)
{
	size_t at = (size_t)(h >> 1) & (s->n_slots - 1);

	while (s->slots[at].hash != 0 && !(s->slots[at].hash == h && slot_is(&s->slots[at], kind, identity)))
		at = (at + 1) & (s->n_slots - 1);
	return &s->slots[at];
}

static void grow(struct state *s)
{
	struct subject_slot *old = s->slots;
	size_t n = s->n_slots, i, at;

	s->n_slots = n == 0 ? 1024 : n * 2;
	s->slots = mem_alloc(s->n_slots * sizeof(*s->slots));
	for (i = 0; i < n; i++) {
		if (old[i].hash == 0)
			continue;
		at = (size_t)(old[i].hash >> 1) & (s->n_slots - 1);
		while (s->slots[at].hash != 0)
			at = (at + 1) & (s->n_slots - 1);
		s->slots[at] = old[i];
	}
	mem_free(old);
}

/* Under the lock, as state_subject may be asked in another thread; the one that applies entries looks without it. */
static void remember(struct state *s, struct str kind, struct str identity, int64_t id, const uint8_t ref[16])
{
	uint64_t h = subject_hash(kind, identity);
	struct subject_slot *t;

	(void)pthread_mutex_lock(&s->subjects);
	if (s->n_subjects * 2 >= s->n_slots)
		grow(s);
	t = slot_find(s, kind, identity, h);
	if (t->hash == 0) {                             /* the first reference of an identity stays */
		t->hash = h;
		t->key = arena_fmt(s->forever, "%.*s%c%.*s", STR_FMT(kind), 0x1f, STR_FMT(identity));
		t->id = id;
		memcpy(t->ref, ref, 16);
		s->n_subjects++;
	}
	(void)pthread_mutex_unlock(&s->subjects);
}

/* ---- by reference: random bytes, so that they are their own hash */
static struct ref_slot *ref_find(const struct state *s, const uint8_t ref[16])
{
	size_t at = (size_t)get_u64(ref) & (s->room_refs - 1);

	while (s->refs[at].id != 0 && memcmp(s->refs[at].ref, ref, 16) != 0)
		at = (at + 1) & (s->room_refs - 1);
	return &s->refs[at];
}

static void remember_ref(struct state *s, int64_t id, const uint8_t ref[16])
{
	struct ref_slot *old = s->refs, *to;
	size_t n = s->room_refs, i;

	if (s->n_refs * 2 >= s->room_refs) {
		s->room_refs = n == 0 ? 1024 : n * 2;
		s->refs = mem_alloc(s->room_refs * sizeof(*s->refs));
		for (i = 0; i < n; i++)
			if (old[i].id != 0)
				*ref_find(s, old[i].ref) = old[i];
		mem_free(old);
	}
	to = ref_find(s, ref);
	if (to->id != 0)
		return;
	to->id = id;
	memcpy(to->ref, ref, 16);
	s->n_refs++;
}

int64_t subject_by_ref(const struct state *s, const uint8_t ref[16])
{
	return s->room_refs == 0 ? 0 : ref_find(s, ref)->id;
}

/* ---- by identity */
int64_t subject_find(struct state *s, struct str kind, struct str identity, uint8_t ref[16])
{
	const struct subject_slot *t;

	if (s->n_slots == 0 || kind.n > 4096 || identity.n > 4096)
		return 0;
	t = slot_find(s, kind, identity, subject_hash(kind, identity));
	if (t->hash == 0)
		return 0;
	if (ref != NULL)
		memcpy(ref, t->ref, 16);
	return t->id;
}

enum rc subject_reload(struct state *s, struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	rc = db_prepare(s->db, STR("SELECT i.kind, i.identity, s.id, s.ref FROM identity i JOIN subject s ON s.id=i.subject"),
	    &st, e);
	while (rc == RC_OK && (rc = stmt_step(st, &row, e)) == RC_OK && row) {
		struct str ref = column_blob(st, 3);

		if (ref.n == 16)
			remember(s, column_text(st, 0), column_text(st, 1), column_i64(st, 2), (const uint8_t *)ref.p);
	}
	stmt_free(st);
	st = NULL;
	if (rc != RC_OK || (rc = db_prepare(s->db, STR("SELECT id, ref FROM subject"), &st, e)) != RC_OK)
		return rc;
	while ((rc = stmt_step(st, &row, e)) == RC_OK && row)
		if (column_blob(st, 1).n == 16)
			remember_ref(s, column_i64(st, 0), (const uint8_t *)column_blob(st, 1).p);
	stmt_free(st);
	return rc;
}

enum rc subject_add(struct state *s, struct str kind, struct str identity, const uint8_t ref[16], uint64_t entry,
    struct err *e)
{
	int64_t id;
	enum rc rc;

	if (kind.n > 64 || identity.n > 4000)
		return err_set(e, RC_INVALID, "an identity of more than 4,000 bytes, or a kind of more than 64");
	if (identity.p != NULL && subject_find(s, kind, identity, NULL) != 0)
		return RC_OK;
	if ((id = subject_by_ref(s, ref)) == 0) {
		if ((rc = db_i64(s->db, "SELECT max(id) FROM subject", 0, &id, e)) != RC_OK)
			return rc;
		id++;
		stmt_i64(s->ins_subject, 1, id);
		stmt_blob(s->ins_subject, 2, ref, 16);
		if ((rc = stmt_run(s->ins_subject, e)) != RC_OK)
			return rc;
		remember_ref(s, id, ref);
	}
	if (identity.p == NULL)
		return RC_OK;
	stmt_text(s->ins_identity, 1, kind);
	stmt_text(s->ins_identity, 2, identity);
	stmt_i64(s->ins_identity, 3, id);
	if ((rc = stmt_run(s->ins_identity, e)) != RC_OK)
		return rc;
	remember(s, kind, identity, id, ref);
	return identity_came(s, kind, identity, id, entry, e);
}

static enum rc run_two(struct state *s, const char *sql, int64_t a, int64_t b, struct err *e)
{
	struct stmt *st = NULL;
	enum rc rc = db_prepare(s->db, str_z(sql), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, a);
	stmt_i64(st, 2, b);
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

static enum rc root_of(struct state *s, int64_t id, int64_t *root, struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(s->db, STR("SELECT root FROM subject WHERE id=?1"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, id);
	if ((rc = stmt_step(st, &row, e)) == RC_OK)
		*root = row ? column_i64(st, 0) : id;
	stmt_free(st);
	return rc;
}

enum rc subject_same_root(struct state *s, int64_t a, int64_t b, struct err *e)
{
	int64_t ra, rb, low, high;
	enum rc rc;

	if ((rc = root_of(s, a, &ra, e)) != RC_OK || (rc = root_of(s, b, &rb, e)) != RC_OK || ra == rb)
		return rc;
	low = ra < rb ? ra : rb;
	high = ra < rb ? rb : ra;
	if ((rc = run_two(s, "UPDATE subject SET root=?1 WHERE root=?2", low, high, e)) != RC_OK)
		return rc;
	return run_two(s, "UPDATE subject SET person=(SELECT max(person) FROM subject WHERE root=?1) WHERE root=?2", low, low, e);
}

enum rc subject_unite(struct state *s, int64_t a, int64_t b, uint64_t entry, struct err *e)
{
	int64_t root;
	enum rc rc;

	if ((rc = subject_same_root(s, a, b, e)) != RC_OK || (rc = root_of(s, a, &root, e)) != RC_OK)
		return rc;
	return link_subjects(s, root, entry, e);
}

enum rc subject_is_person(struct state *s, int64_t id, struct err *e)
{
	int64_t root;
	enum rc rc;

	if ((rc = root_of(s, id, &root, e)) != RC_OK)
		return rc;
	return run_two(s, "UPDATE subject SET person=1 WHERE root=?1 AND person=0 AND ?2>0", root, root, e);
}

enum rc state_subject(struct state *s, struct str kind, struct str identity, bool *known, uint8_t ref[16],
    struct err *e)
{
	(void)e;
	(void)pthread_mutex_lock(&s->subjects);
	*known = subject_find(s, kind, identity, ref) != 0;
	(void)pthread_mutex_unlock(&s->subjects);
	return RC_OK;
}

enum rc state_identity(struct state *s, struct arena *a, int64_t subject, struct str *out, struct err *e)
{
	bool row;
	enum rc rc;

	*out = STR_NONE;
	stmt_i64(s->find_identity, 1, subject);
	if ((rc = stmt_step(s->find_identity, &row, e)) == RC_OK && row)
		*out = arena_fmt(a, "%.*s:%.*s", STR_FMT(column_text(s->find_identity, 0)),
		    STR_FMT(column_text(s->find_identity, 1)));
	stmt_reset(s->find_identity);
	return rc;
}

/* intake: see intake.h. */
#include "collect/intake.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* One is filled, one sealed, one written, one projected, one waits.  A commit of the database writes each page that changed
 * since the last one, and keys in no order change most pages again and again: few commits, then. */
enum { BATCHES = 5, SEALED = 2, COMMIT_ENTRIES = 1 << 18, COMMIT_SECONDS = 2 };

/* A batch with what becomes of it on its way. */
struct carried {
	struct intake_batch b;
	struct ledger_record *all;      /* subjects first */
	size_t n, n_subjects;
	int64_t received_us;
};

struct intake {
	struct org *org;
	const struct ingest *ingest;
	void (*acked)(void *, uint64_t, const uint8_t[32]);
	void *ctx;
	struct introduced *told;
	struct carried batches[BATCHES];        /* used in turn */
	struct ledger_sealed *sealed[SEALED];   /* the same */
	pthread_t sealer, writer, projector;
	bool seals, writes, projects;           /* the threads run */
	pthread_mutex_t lock;                   /* over what follows */
	pthread_cond_t changed;
	uint64_t sent, n_sealed, written, projected;    /* how many batches came that far */
	uint64_t wanted;                        /* all up to this one are to be committed */
	uint64_t committed;
	bool ends, seal_ended, write_ended;
	enum rc rc;                             /* the first failure */
	struct err err;
	/* of the projector alone */
	bool in_transaction;
	uint64_t since;                         /* entries since it began */
	struct timespec began;
};

static struct carried *carried(struct intake *t, uint64_t number)
{
	return &t->batches[number % BATCHES];
}

static void fail(struct intake *t, enum rc rc, const struct err *e)
{
	(void)pthread_mutex_lock(&t->lock);
	if (t->rc == RC_OK) {
		t->rc = rc;
		t->err = *e;
	}
	(void)pthread_cond_broadcast(&t->changed);
	(void)pthread_mutex_unlock(&t->lock);
}

static void advance(struct intake *t, uint64_t *to)
{
	(void)pthread_mutex_lock(&t->lock);
	(*to)++;
	(void)pthread_cond_broadcast(&t->changed);
	(void)pthread_mutex_unlock(&t->lock);
}

/* ---- sealing and writing */
/* Whether batch ${at} has come to ${from}; false: it will not, which ${ended} then says to the next stage. */
static bool is_next(struct intake *t, uint64_t at, const uint64_t *from, const bool *from_ended, bool *ended)
{
	bool more;

	(void)pthread_mutex_lock(&t->lock);
	while (*from == at && !*from_ended && t->rc == RC_OK)
		(void)pthread_cond_wait(&t->changed, &t->lock);
	more = *from > at && t->rc == RC_OK;
	*ended = !more;
	if (!more)
		(void)pthread_cond_broadcast(&t->changed);
	(void)pthread_mutex_unlock(&t->lock);
	return more;
}

static bool has_room(struct intake *t, uint64_t at)
{
	bool room;

	(void)pthread_mutex_lock(&t->lock);
	while (at - t->written >= SEALED && t->rc == RC_OK)
		(void)pthread_cond_wait(&t->changed, &t->lock);
	room = t->rc == RC_OK;
	(void)pthread_mutex_unlock(&t->lock);
	return room;
}

static void *sealing(void *ctx)
{
	struct intake *t = ctx;
	struct err e;
	uint64_t at;
	enum rc rc;

	for (at = 0; is_next(t, at, &t->sent, &t->ends, &t->seal_ended); at++) {
		struct carried *c = carried(t, at);

		if (!has_room(t, at))
			continue;
		err_init(&e);
		c->received_us = (int64_t)ledger_received(org_ledger(t->org), c->b.now_ms) * 1000;
		if ((rc = ledger_seal(org_ledger(t->org), c->b.now_ms, c->all, c->n, t->sealed[at % SEALED], &e)) != RC_OK)
			fail(t, rc, &e);
		else
			advance(t, &t->n_sealed);
	}
	return NULL;
}

static void *writing(void *ctx)
{
	struct intake *t = ctx;
	uint64_t at, first;
	struct err e;
	enum rc rc;
	size_t i;

	for (at = 0; is_next(t, at, &t->n_sealed, &t->seal_ended, &t->write_ended); at++) {
		struct carried *c = carried(t, at);

		err_init(&e);
		if ((rc = ledger_write(org_ledger(t->org), t->sealed[at % SEALED], &first, &e)) != RC_OK) {
			fail(t, rc, &e);
			continue;
		}
		for (i = 0; i < c->n; i++) {
			c->all[i].index = first + i;
			if (t->acked != NULL)
				t->acked(t->ctx, c->all[i].index, c->all[i].leaf);
		}
		advance(t, &t->written);
	}
	return NULL;
}

/* ---- projecting */
/* Entries of keys were put before the batch: they are applied as well, so that the state counts every index. */
static enum rc skip_to(struct state *s, uint64_t index, struct err *e)
{
	while (state_applied(s) < index) {
		const struct state_entry en = { .index = state_applied(s), .kind = KIND_KEYS, .is_open = true };
		enum rc rc = state_apply(s, &en, e);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc project(struct intake *t, const struct carried *c, struct err *e)
{
	struct state *s = org_state(t->org);
	size_t i;
	enum rc rc;

	if (!t->in_transaction) {
		if ((rc = state_begin(s, e)) != RC_OK)
			return rc;
		t->in_transaction = true;
		t->since = 0;
		(void)clock_gettime(CLOCK_MONOTONIC, &t->began);
	}
	if ((rc = skip_to(s, c->all[0].index, e)) != RC_OK)
		return rc;
	for (i = 0; i < c->n && rc == RC_OK; i++) {
		const struct ledger_record *r = &c->all[i];
		struct state_entry en = { .index = r->index, .kind = r->kind, .is_open = true, .received_us = c->received_us,
			.body = r->body, .envelope = r->envelope };

		memcpy(en.record_id, r->record_id, 16);
		if (r->kind == KIND_EVIDENCE)
			rc = state_apply_evidence(s, &en, t->ingest, c->b.items[i - c->n_subjects].p, c->b.items[i - c->n_subjects].n, e);
		else
			rc = state_apply(s, &en, e);
	}
	t->since += c->n;
	return rc;
}

static bool is_due(const struct intake *t)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return t->since >= COMMIT_ENTRIES || now.tv_sec - t->began.tv_sec >= COMMIT_SECONDS;
}

static enum rc commit(struct intake *t, struct err *e)
{
	enum rc rc = t->in_transaction ? state_commit(org_state(t->org), e) : RC_OK;

	t->in_transaction = false;
	return rc;
}

/* What the projector is to do now. */
enum task { TASK_PROJECT, TASK_COMMIT, TASK_END };

static enum task next_task(struct intake *t, uint64_t at)
{
	enum task task;

	(void)pthread_mutex_lock(&t->lock);
	for (;;) {
		if (t->written > at)
			task = TASK_PROJECT;
		else if (t->committed < t->wanted && t->wanted == at)
			task = TASK_COMMIT;
		else if (t->write_ended)
			task = TASK_END;
		else {
			(void)pthread_cond_wait(&t->changed, &t->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&t->lock);
		return task;
	}
}

static void *projecting(void *ctx)
{
	struct intake *t = ctx;
	uint64_t at = 0;
	enum task task;
	struct err e;
	enum rc rc;

	for (;;) {
		err_init(&e);
		rc = RC_OK;
		task = next_task(t, at);
		if (task == TASK_END)
			break;
		if (task == TASK_PROJECT) {
			if ((rc = project(t, carried(t, at), &e)) == RC_OK && is_due(t))
				rc = commit(t, &e);
			if (rc == RC_OK) {
				at++;
				advance(t, &t->projected);
				continue;
			}
		} else if ((rc = commit(t, &e)) == RC_OK) {
			(void)pthread_mutex_lock(&t->lock);
			t->committed = at;
			(void)pthread_cond_broadcast(&t->changed);
			(void)pthread_mutex_unlock(&t->lock);
			continue;
		}
		fail(t, rc, &e);
		return NULL;
	}
	if ((rc = commit(t, &e)) != RC_OK)              /* it failed elsewhere: what is durable shows all the same */
		fail(t, rc, &e);
	return NULL;
}

/* ---- the caller's side */
static void begin(struct intake *t)
{
	struct intake_batch *b = &carried(t, t->sent)->b;

	b->n = b->bytes = 0;
	arena_reset(b->a);
	memset(&b->changes, 0, sizeof(b->changes));
	b->changes.a = b->a;
	b->changes.before = t->told;
}

static enum rc run(pthread_t *thread, void *(*what)(void *), struct intake *t, bool *runs, struct err *e)
{
	int why = pthread_create(thread, NULL, what, t);

	*runs = why == 0;
	return why == 0 ? RC_OK : err_sys(e, why, "no thread can be started");
}

enum rc intake_open(struct org *org, const struct ingest *ingest, void (*acked)(void *, uint64_t, const uint8_t[32]),
    void *ctx, struct intake **out, struct err *e)
{
	struct intake *t = mem_alloc(sizeof(*t));
	size_t i;
	enum rc rc;

	t->org = org;
	t->ingest = ingest;
	t->acked = acked;
	t->ctx = ctx;
	t->told = introduced_new();
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->changed, NULL);
	for (i = 0; i < BATCHES; i++) {
		t->batches[i].b.a = arena_new();
		t->batches[i].b.records = mem_alloc(INTAKE_RECORDS * sizeof(struct ledger_record));
		t->batches[i].b.items = mem_alloc(INTAKE_RECORDS * sizeof(struct intake_items));
	}
	begin(t);
	for (i = 0; i < SEALED; i++)
		t->sealed[i] = ledger_sealed_new();
	if ((rc = run(&t->sealer, sealing, t, &t->seals, e)) != RC_OK ||
	    (rc = run(&t->writer, writing, t, &t->writes, e)) != RC_OK ||
	    (rc = run(&t->projector, projecting, t, &t->projects, e)) != RC_OK) {
		intake_close(t);
		return rc;
	}
	*out = t;
	return RC_OK;
}

struct intake_batch *intake_batch(struct intake *t)
{
	return &carried(t, t->sent)->b;
}

void intake_clear(struct intake *t)
{
	begin(t);
}

/* Each identity is sealed under the key of whose it is, as in the records. */
static void introduce(struct arena *a, const struct change *c, struct ledger_record *out)
{
	struct err ignored;
	struct str *parts;

	err_init(&ignored);
	out->kind = KIND_CHANGE;
	out->classification = CLASS_CONFIDENTIAL;
	out->body = c->body;
	if (cut_apart(a, c->body, c->people, c->n_people, &parts, &out->n_parts, &ignored) == RC_OK)
		out->parts = parts;
}

/* Subjects before the records that name them. */
static void gather(struct carried *c)
{
	size_t i;

	change_tell_subjects(&c->b.changes);
	c->n_subjects = c->b.changes.n;
	c->n = c->n_subjects + c->b.n;
	c->all = ARENA_ARRAY(c->b.a, c->n, struct ledger_record);
	for (i = 0; i < c->n_subjects; i++)
		introduce(c->b.a, &c->b.changes.p[i], &c->all[i]);
	if (c->b.n > 0)
		memcpy(c->all + c->n_subjects, c->b.records, c->b.n * sizeof(*c->all));
}

static enum rc failure(const struct intake *t, struct err *e)
{
	if (t->rc != RC_OK && e != NULL)
		*e = t->err;
	return t->rc;
}

enum rc intake_send(struct intake *t, struct err *e)
{
	struct carried *c = carried(t, t->sent);
	enum rc rc;

	gather(c);
	if (c->n == 0)
		return RC_OK;
	advance(t, &t->sent);
	(void)pthread_mutex_lock(&t->lock);
	while (t->rc == RC_OK && t->sent - t->projected == BATCHES)
		(void)pthread_cond_wait(&t->changed, &t->lock);
	rc = failure(t, e);
	(void)pthread_mutex_unlock(&t->lock);
	if (rc == RC_OK)
		begin(t);
	return rc;
}

enum rc intake_wait(struct intake *t, struct err *e)
{
	enum rc rc;

	(void)pthread_mutex_lock(&t->lock);
	t->wanted = t->sent;
	(void)pthread_cond_broadcast(&t->changed);
	while (t->rc == RC_OK && t->committed < t->wanted)
		(void)pthread_cond_wait(&t->changed, &t->lock);
	rc = failure(t, e);
	(void)pthread_mutex_unlock(&t->lock);
	return rc;
}

void intake_close(struct intake *t)
{
	size_t i;

	if (t == NULL)
		return;
	(void)pthread_mutex_lock(&t->lock);
	t->ends = true;
	t->seal_ended = t->seal_ended || !t->seals;
	t->write_ended = t->write_ended || !t->writes;
	(void)pthread_cond_broadcast(&t->changed);
	(void)pthread_mutex_unlock(&t->lock);
	if (t->seals)
		(void)pthread_join(t->sealer, NULL);
	if (t->writes)
		(void)pthread_join(t->writer, NULL);
	if (t->projects)
		(void)pthread_join(t->projector, NULL);
	ledger_forget(org_ledger(t->org));
	for (i = 0; i < BATCHES; i++) {
		arena_free(t->batches[i].b.a);
		mem_free(t->batches[i].b.records);
		mem_free(t->batches[i].b.items);
	}
	for (i = 0; i < SEALED; i++)
		ledger_sealed_free(t->sealed[i]);
	introduced_free(t->told);
	(void)pthread_cond_destroy(&t->changed);
	(void)pthread_mutex_destroy(&t->lock);
	mem_free(t);
}

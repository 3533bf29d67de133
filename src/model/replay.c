/* replay: see replay.h.  Entries that others rest on (definitions, ingests, and whatever is rare) are applied while nothing
 * is under way, so that a record is mapped by what stood before it and by nothing else. */
#include "model/replay.h"

#include <pthread.h>
#include <string.h>

/* Below FEW a thread would cost more than it saves. */
enum { FEW = 2000, BATCHES = 4, BATCH_ENTRIES = 2048, BATCH_BYTES = 4 << 20, COMMIT_ENTRIES = 1 << 17 };

struct item {
	struct state_entry en;
	const struct ingest *in;        /* NULL: nothing to be mapped */
	struct str definition;
	enum rc mapped;                 /* how mapping went */
	struct err *why;
	struct contribution *cs;
	size_t n;
};

struct batch {
	struct arena *a;
	struct item *items;
	size_t n, bytes;
};

struct replay {
	struct state *s;
	uint64_t until, since;          /* entries since the last commit */
	void (*tell)(void *, uint64_t, uint64_t);
	void *ctx;
	/* the ingest of the last record, and its mapping; of the thread that opens */
	const struct ingest *in;
	uint8_t open_id[16];
	struct str definition;
	bool lists;                     /* it is a listing: what stood where people were cut out is kept */
	struct ledger *l;
	struct arena *a;                /* of the entry that is at hand */
	/* threads, where there are any */
	bool threads;
	struct batch batches[BATCHES];  /* used in turn */
	pthread_t mapper, applier;
	pthread_mutex_t lock;           /* over what follows */
	pthread_cond_t changed;
	uint64_t sent, mapped, applied; /* batches that came so far */
	bool ends;
	enum rc rc;
	struct err err;
};

static struct batch *batch(struct replay *r, uint64_t number)
{
	return &r->batches[number % BATCHES];
}

static enum rc commit_when_due(struct replay *r, uint64_t n, struct err *e)
{
	enum rc rc;

	if ((r->since += n) < COMMIT_ENTRIES)
		return RC_OK;
	r->since = 0;
	return (rc = state_commit(r->s, e)) != RC_OK ? rc : state_begin(r->s, e);
}

/* ---- the threads */
/* Waits until batch ${at} has come to ${from}; false: it will not. */
static bool is_next(struct replay *r, uint64_t at, const uint64_t *from)
{
	bool more;

	(void)pthread_mutex_lock(&r->lock);
	while (*from == at && !r->ends && r->rc == RC_OK)
		(void)pthread_cond_wait(&r->changed, &r->lock);
	more = *from > at && r->rc == RC_OK;
	(void)pthread_mutex_unlock(&r->lock);
	return more;
}

static void done(struct replay *r, uint64_t *to, enum rc rc, const struct err *e)
{
	(void)pthread_mutex_lock(&r->lock);
	if (rc == RC_OK) {
		(*to)++;
	} else if (r->rc == RC_OK) {
		r->rc = rc;
		r->err = *e;
	}
	(void)pthread_cond_broadcast(&r->changed);
	(void)pthread_mutex_unlock(&r->lock);
}

static void *mapping(void *ctx)
{
	struct replay *r = ctx;
	uint64_t at;
	size_t i;

	for (at = 0; is_next(r, at, &r->sent); at++) {
		struct batch *b = batch(r, at);
		struct err why;

		for (i = 0; i < b->n; i++) {
			struct item *it = &b->items[i];

			if (it->in == NULL)
				continue;
			err_init(&why);
			it->mapped = state_map(r->s, b->a, it->in, it->definition, &it->en, &it->cs, &it->n, &why);
			if (it->mapped != RC_OK) {
				it->why = ARENA_NEW(b->a, struct err);
				*it->why = why;
			}
		}
		done(r, &r->mapped, RC_OK, NULL);
	}
	return NULL;
}

static enum rc apply(struct replay *r, const struct item *it, struct err *e)
{
	return it->in == NULL ? state_apply(r->s, &it->en, e) :
	    state_apply_mapped(r->s, &it->en, it->in, it->mapped, it->why, it->cs, it->n, e);
}

static void *applying(void *ctx)
{
	struct replay *r = ctx;
	struct err e;
	uint64_t at;
	size_t i;
	enum rc rc;

	for (at = 0; is_next(r, at, &r->mapped); at++) {
		struct batch *b = batch(r, at);

		err_init(&e);
		for (i = 0, rc = RC_OK; i < b->n && rc == RC_OK; i++)
			rc = apply(r, &b->items[i], &e);
		if (rc == RC_OK)
			rc = commit_when_due(r, b->n, &e);
		done(r, &r->applied, rc, &e);
	}
	return NULL;
}

/* ---- the thread that opens */
static enum rc wait_until(struct replay *r, uint64_t under_way, struct err *e)
{
	enum rc rc;

	(void)pthread_mutex_lock(&r->lock);
	while (r->sent - r->applied > under_way && r->rc == RC_OK)
		(void)pthread_cond_wait(&r->changed, &r->lock);
	if ((rc = r->rc) != RC_OK && e != NULL)
		*e = r->err;
	(void)pthread_mutex_unlock(&r->lock);
	return rc;
}

static void begin(struct replay *r)
{
	struct batch *b = batch(r, r->sent);

	arena_reset(b->a);
	b->n = b->bytes = 0;
}

static enum rc send(struct replay *r, struct err *e)
{
	enum rc rc;

	if (batch(r, r->sent)->n == 0)
		return RC_OK;
	done(r, &r->sent, RC_OK, NULL);
	if ((rc = wait_until(r, BATCHES - 1, e)) == RC_OK)
		begin(r);
	return rc;
}

static enum rc settle(struct replay *r, struct err *e)
{
	enum rc rc;

	return !r->threads ? RC_OK : (rc = send(r, e)) != RC_OK ? rc : wait_until(r, 0, e);
}

/* Kinds that change nothing that a record's mapping asks for. */
static bool changes_nothing(uint8_t kind)
{
	return kind == KIND_EVIDENCE || kind == KIND_REJECTED || kind == KIND_CHANGE || kind == KIND_KEYS;
}

/* Whether the record's ingest is at hand; where it is another's than the last one's, nothing may be under way. */
static enum rc know_ingest(struct replay *r, const struct state_entry *en, bool *known, struct err *e)
{
	struct err why;
	enum rc rc;

	*known = true;
	if (en->envelope.n < 32 || (r->in != NULL && memcmp(r->open_id, en->envelope.p, 16) == 0)) {
		*known = en->envelope.n >= 32;
		return RC_OK;
	}
	if ((rc = settle(r, e)) != RC_OK)
		return rc;
	err_init(&why);
	r->in = NULL;
	*known = state_mapping_of(r->s, en->envelope, &r->in, &r->definition, &why) == RC_OK;
	r->lists = *known && state_lists(r->s, r->in, r->definition);
	memcpy(r->open_id, en->envelope.p, 16);
	return RC_OK;
}

static enum rc put(struct replay *r, const struct state_entry *en, bool known, struct err *e)
{
	struct batch *b;
	struct item *it;

	b = batch(r, r->sent);
	it = &b->items[b->n++];
	memset(it, 0, sizeof(*it));
	it->en = *en;
	it->en.body = arena_str(b->a, en->body);
	it->en.envelope = arena_str(b->a, en->envelope);
	it->en.marks = cut_marks_copy(b->a, en->marks, en->n_marks);
	if (known) {
		it->in = r->in;
		it->definition = r->definition;
	}
	b->bytes += en->body.n;
	return b->n == BATCH_ENTRIES || b->bytes > BATCH_BYTES ? send(r, e) : RC_OK;
}

/* The people of a listing's record as well. */
static enum rc with_people(struct replay *r, const struct opened *o, struct state_entry *en, struct err *e)
{
	struct opened all = *o;
	enum rc rc = ledger_people(r->l, r->a, &all, e);

	en->body = all.body;
	en->marks = all.marks;
	en->n_marks = all.n_marks;
	return rc;
}

static enum rc one(void *ctx, const struct opened *o, struct err *e)
{
	struct replay *r = ctx;
	struct state_entry en = { .index = o->index, .kind = o->entry.kind,
		.received_us = (int64_t)o->entry.received_ms * 1000, .body = o->body, .envelope = o->envelope, .marks = o->marks,
		.n_marks = o->n_marks };
	bool known = false;
	enum rc rc;

	/* of people's parts nothing is asked: items are built without them */
	if (o->first == VERDICT_NO_KEY)
		return err_set(e, RC_LOCKED, "entry %llu does not open with this key", (unsigned long long)o->index);
	if (o->first == VERDICT_ALTERED || o->first == VERDICT_MISSING)
		return err_set(e, RC_ALTERED, "entry %llu is %s; run verify", (unsigned long long)o->index, verdict_name(o->first));
	en.is_open = o->first == VERDICT_INTACT || o->first == VERDICT_UNSCRUBBED;
	memcpy(en.record_id, o->entry.record_id, 16);
	if (r->tell != NULL && o->index % 20000 == 0)
		r->tell(r->ctx, o->index + 1, r->until);
	if (en.kind == KIND_EVIDENCE && en.is_open) {
		if ((rc = know_ingest(r, &en, &known, e)) != RC_OK)
			return rc;
		if (known && r->lists && o->entry.n > 1 && (rc = with_people(r, o, &en, e)) != RC_OK)
			return rc;
	}
	if (r->threads && changes_nothing(en.kind))
		return put(r, &en, known, e);
	if ((rc = settle(r, e)) != RC_OK || (rc = state_apply(r->s, &en, e)) != RC_OK)
		return rc;
	if (!changes_nothing(en.kind))
		r->in = NULL;                   /* a definition or an ingest may be another */
	return commit_when_due(r, 1, e);
}

static enum rc start(struct replay *r, struct err *e)
{
	size_t i;
	int why;

	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_cond_init(&r->changed, NULL);
	for (i = 0; i < BATCHES; i++) {
		r->batches[i].a = arena_new();
		r->batches[i].items = mem_alloc(BATCH_ENTRIES * sizeof(struct item));
	}
	if ((why = pthread_create(&r->mapper, NULL, mapping, r)) != 0)
		return err_sys(e, why, "no thread can be started");
	if ((why = pthread_create(&r->applier, NULL, applying, r)) != 0) {
		done(r, &r->sent, RC_INTERNAL, e);
		(void)pthread_join(r->mapper, NULL);
		return err_sys(e, why, "no thread can be started");
	}
	r->threads = true;
	return RC_OK;
}

static void stop(struct replay *r)
{
	size_t i;

	if (r->threads) {
		(void)pthread_mutex_lock(&r->lock);
		r->ends = true;
		(void)pthread_cond_broadcast(&r->changed);
		(void)pthread_mutex_unlock(&r->lock);
		(void)pthread_join(r->mapper, NULL);
		(void)pthread_join(r->applier, NULL);
	}
	for (i = 0; i < BATCHES; i++) {
		arena_free(r->batches[i].a);
		mem_free(r->batches[i].items);
	}
	(void)pthread_cond_destroy(&r->changed);
	(void)pthread_mutex_destroy(&r->lock);
}

/* What is to come of entries is told before the first of them. */
static enum rc foresee(struct ledger *l, struct state *s, uint64_t until, struct err *e)
{
	struct arena *a = arena_new();
	const uint64_t *at;
	struct opened o;
	size_t n, i;
	enum rc rc = RC_OK;

	at = ledger_amending(l, &n);
	for (i = 0; i < n && at[i] < until && rc == RC_OK; i++) {
		arena_reset(a);
		if ((rc = ledger_read(l, a, at[i], &o, e)) == RC_OK) {
			const struct state_entry en = { .index = o.index, .kind = o.entry.kind,
				.received_us = (int64_t)o.entry.received_ms * 1000, .is_open = o.first == VERDICT_INTACT, .body = o.body };

			rc = state_foresee(s, &en, e);
		}
	}
	arena_free(a);
	return rc;
}

enum rc replay_run(struct ledger *l, struct state *s, uint64_t until, void (*tell)(void *, uint64_t, uint64_t), void *ctx,
    struct err *e)
{
	const uint64_t from = state_applied(s);
	struct replay *r;
	struct arena *a;
	bool is_started = false;
	enum rc rc;

	if (from >= until)
		return RC_OK;
	if ((rc = state_begin(s, e)) != RC_OK)
		return rc;
	r = mem_alloc(sizeof(*r));
	*r = (struct replay){ .s = s, .until = until, .tell = tell, .ctx = ctx, .l = l };
	r->a = a = arena_new();
	rc = from == 0 ? foresee(l, s, until, e) : RC_OK;
	if (rc == RC_OK && until - from >= FEW) {
		is_started = true;
		rc = start(r, e);
	}
	if (rc == RC_OK)
		rc = ledger_each(l, from, until, false, a, one, r, e);
	if (rc == RC_OK)
		rc = settle(r, e);
	if (is_started)
		stop(r);
	arena_free(a);
	mem_free(r);
	if (rc == RC_OK)
		return state_commit(s, e);
	state_rollback(s);
	return rc;
}

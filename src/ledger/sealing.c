/* sealing: the records of a batch into the meta and blobs of its frame.  A large batch is sealed by as many threads as
 * there are processors, each a run of it; what comes out is the same but for the random ids. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/ledger_priv.h"

/* A thread costs as much as sealing some dozen records; records as large as an object are sealed by the caller's. */
enum { RUN_LEAST = 512, RUN_RECORD_MOST = 1 << 19, FEW_PARTS = 8 };

struct run {
	struct ledger *l;
	struct sealer *to;
	uint64_t received;
	struct ledger_record *r;
	size_t n;
	struct ledger_record *behind;   /* one more, behind the last run; or NULL */
	uint8_t (*leaves)[SHA256_BYTES];
	bool is_first, started;
	enum rc rc;
	struct err err;
	pthread_t thread;
};

static void sealer_init(struct sealer *s)
{
	s->box = box_new();
	buf_init(&s->meta, FRAME_META_MAX);
	buf_init(&s->blobs, FRAME_MAX - FRAME_META_MAX);
}

struct ledger_sealed *ledger_sealed_new(void)
{
	struct ledger_sealed *s = mem_alloc(sizeof(*s));

	sealer_init(&s->sealers[0]);
	return s;
}

void ledger_sealed_free(struct ledger_sealed *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < SEALERS_MAX; i++) {
		if (s->sealers[i].box == NULL)
			continue;
		box_free(s->sealers[i].box);
		buf_done(&s->sealers[i].meta);
		buf_done(&s->sealers[i].blobs);
	}
	mem_free(s->leaves);
	mem_free(s);
}

static void scope_use(const struct ledger_record *r, uint64_t received, struct key_use *use)
{
	memset(use, 0, sizeof(*use));
	use->type = KEY_SCOPE;
	use->classification = r->classification != CLASS_NONE ? r->classification : CLASS_INTERNAL;
	use->epoch = r->lifelong ? 0 : ledger_year(received);
}

static enum rc object_put(void *ctx, const uint8_t digest[SHA256_BYTES], struct str stored, struct err *e)
{
	const struct ledger *l = ctx;
	char path[LIMIT_PATH], name[80], hex[65];

	hex_put(hex, digest, 32);
	hex[64] = 0;
	(void)snprintf(name, sizeof(name), "obj/%s", hex);
	ledger_path(l, name, path);
	return file_replace(path, stored.p, stored.n, 0600, e);
}

static void person_use(const struct ledger_record *r, uint64_t received, size_t part, struct key_use *use)
{
	scope_use(r, received, use);
	memcpy(use->subject, r->parts[part].p, 16);     /* a person's part begins with who it is */
}

static enum rc scope_of(const struct ledger *l, const struct key_use *use, const struct key **out, struct err *e)
{
	if ((*out = keyring_find(l->keys, use)) == NULL)
		return err_set(e, RC_INTERNAL, "there is no key yet for a record received in %u", use->epoch);
	return RC_OK;
}

/* One record of ${n} parts; the entry stands before its rows. */
static enum rc seal_parts(struct ledger *l, struct sealer *to, uint64_t received, struct ledger_record *r,
    struct box_part *parts, size_t n, struct err *e)
{
	const struct box_objects objects = { object_put, l };
	struct box_record record = { .kind = r->kind, .received_ms = received, .parts = parts, .n = n };
	struct box_sealed sealed;
	struct entry en = { .kind = r->kind, .n = (uint16_t)n, .received_ms = received };
	struct key_use use;
	size_t at = to->meta.n, i;
	enum rc rc;

	parts[0].scope = r->scope;
	parts[0].content = n > 1 ? r->parts[0] : r->body;
	parts[0].envelope = r->envelope;
	if (!entry_kind_is_clear(r->kind) && r->scope == NULL) {
		scope_use(r, received, &use);
		if ((rc = scope_of(l, &use, &parts[0].scope, e)) != RC_OK)
			return rc;
	}
	for (i = 1; i < n; i++) {
		person_use(r, received, i, &use);
		parts[i] = (struct box_part){ .content = r->parts[i] };
		if ((rc = scope_of(l, &use, &parts[i].scope, e)) != RC_OK)
			return rc;
	}
	buf_zero(&to->meta, ENTRY_BYTES);
	if ((rc = buf_ok(&to->meta, "a frame", e)) != RC_OK ||
	    (rc = box_seal(to->box, &record, &objects, &to->meta, &to->blobs, &sealed, e)) != RC_OK) {
		to->meta.n = at;
		return rc;
	}
	memcpy(en.record_id, sealed.record_id, 16);
	memcpy(en.parts_root, sealed.parts_root, 32);
	en.bucket = sealed.size_bucket;
	if (r->tag != NULL)
		memcpy(en.tag, r->tag, 16);
	entry_encode(&en, to->meta.p + at);
	memcpy(r->record_id, en.record_id, 16);
	hash_leaf(to->meta.p + at, ENTRY_BYTES, r->leaf);
	return RC_OK;
}

static enum rc seal_record(struct ledger *l, struct sealer *to, uint64_t received, struct ledger_record *r, struct err *e)
{
	struct box_part few[FEW_PARTS], *parts = few;
	const size_t n = r->n_parts > 1 ? r->n_parts : 1;
	enum rc rc;

	if (n > FEW_PARTS)
		parts = mem_alloc(n * sizeof(*parts));
	rc = seal_parts(l, to, received, r, parts, n, e);
	if (parts != few)
		mem_free(parts);
	return rc;
}

static void *seal_run(void *ctx)
{
	struct run *run = ctx;
	size_t i;

	buf_clear(&run->to->meta);
	buf_clear(&run->to->blobs);
	if (run->is_first)
		buf_zero(&run->to->meta, FRAME_HEADER_BYTES);
	run->rc = RC_OK;
	for (i = 0; i < run->n && run->rc == RC_OK; i++) {
		run->rc = seal_record(run->l, run->to, run->received, &run->r[i], &run->err);
		memcpy(run->leaves[i], run->r[i].leaf, SHA256_BYTES);
	}
	if (run->behind != NULL && run->rc == RC_OK) {
		run->rc = seal_record(run->l, run->to, run->received, run->behind, &run->err);
		memcpy(run->leaves[i], run->behind->leaf, SHA256_BYTES);
	}
	return NULL;
}

/* How many runs the batch falls into. */
static size_t count_runs(const struct ledger *l, const struct ledger_record *r, size_t n)
{
	size_t runs = n / RUN_LEAST < l->n_sealers ? n / RUN_LEAST : l->n_sealers, i;

	for (i = 0; i < n && runs > 1; i++)
		if (r[i].body.n > RUN_RECORD_MOST)
			return 1;
	return runs > 1 ? runs : 1;
}

/* A key for each person who has none yet; the pages that hold them are durable, and ${named} is the entry that is to be in the
 * same frame: its body is in ${b}, and empty where no key was made.  Under the lock: tags are looked up with keys. */
static enum rc make_scopes(struct ledger *l, uint64_t received, const struct ledger_record *r, size_t n, struct buf *b,
    struct err *e)
{
	struct key_use use;
	size_t i, k, before = keyring_rows(l->keys);
	enum rc rc = RC_OK;

	for (i = 0; i < n; i++) {
		for (k = 1; k < r[i].n_parts; k++) {
			person_use(&r[i], received, k, &use);
			(void)keyring_get(l->keys, &use, received);
		}
	}
	if (keyring_rows(l->keys) == before)
		return RC_OK;
	if ((rc = ledger_pages_save(l, e)) == RC_OK) {
		keyring_put_added(l->keys, b);
		rc = buf_ok(b, "the entry that names keys", e);
		keyring_named(l->keys);
	}
	return rc;
}

enum rc ledger_seal(struct ledger *l, uint64_t now_ms, struct ledger_record *r, size_t n, struct ledger_sealed *s,
    struct err *e)
{
	const size_t runs = count_runs(l, r, n), each = n / runs;
	struct run *run = mem_alloc(runs * sizeof(*run));
	struct ledger_record named = { .kind = KIND_KEYS };
	struct buf keys;
	uint64_t received;
	enum rc rc;
	size_t i;

	buf_init(&keys, LIMIT_RECORD);
	(void)pthread_mutex_lock(&l->told);
	received = l->last_received = now_ms > l->last_received ? now_ms : l->last_received;
	rc = make_scopes(l, received, r, n, &keys, e);
	(void)pthread_mutex_unlock(&l->told);
	if (rc != RC_OK) {
		l->broken = true;               /* keys in memory that no entry names */
		goto out;
	}
	named.body = buf_view(&keys);
	s->runs = runs;
	s->n = n + (keys.n > 0);
	s->names_keys = keys.n > 0;
	if (s->room < s->n) {
		s->room = s->n;
		s->leaves = mem_resize(s->leaves, s->n * SHA256_BYTES);
	}
	for (i = 0; i < runs; i++) {
		run[i] = (struct run){ .l = l, .to = &s->sealers[i], .received = received, .r = r + i * each,
			.leaves = s->leaves + i * each, .n = i + 1 < runs ? each : n - i * each, .is_first = i == 0 };
		run[i].behind = keys.n > 0 && i + 1 == runs ? &named : NULL;
		err_init(&run[i].err);
		if (run[i].to->box == NULL)
			sealer_init(run[i].to);
		run[i].started = i > 0 && pthread_create(&run[i].thread, NULL, seal_run, &run[i]) == 0;
	}
	for (i = 0; i < runs; i++) {
		if (run[i].started)
			(void)pthread_join(run[i].thread, NULL);
		else
			(void)seal_run(&run[i]);
		if (rc == RC_OK && run[i].rc != RC_OK) {
			rc = run[i].rc;
			if (e != NULL)
				*e = run[i].err;
		}
	}
out:
	buf_done(&keys);
	mem_free(run);
	return rc;
}

/* org: see org.h. */
#include "model/org_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "model/replay.h"

struct ledger *org_ledger(struct org *o) { return o->ledger; }
struct state *org_state(struct org *o) { return o->state; }
const char *org_dir(const struct org *o) { return o->dir; }
const char *org_key_file(const struct org *o) { return o->key_file; }
bool org_was_rebuilt(const struct org *o) { return o->rebuilt; }
bool org_is_snapshot(const struct org *o) { return o->is_snapshot; }
uint64_t org_now_ms(const struct org *o) { return (uint64_t)(o->env.now_us() / 1000); }
uint64_t org_edit_count(const struct org *o) { return o->n_edits; }

static struct org *org_new(const char *dir, enum org_mode mode, const struct org_env *env)
{
	struct org *o = mem_alloc(sizeof(*o));
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	(void)snprintf(o->dir, sizeof(o->dir), "%.*s", (int)(n < LIMIT_PATH ? n : LIMIT_PATH - 1), dir);
	o->mode = mode;
	o->env = *env;
	o->a = arena_new();
	return o;
}

void org_abandon(struct org *o)
{
	if (o == NULL)
		return;
	state_close(o->state);
	ledger_abandon(o->ledger);
	arena_free(o->a);
	mem_free(o->edits);
	mem_free(o);
}

void org_path(const struct org *o, const char *name, char out[LIMIT_PATH])
{
	(void)snprintf(out, LIMIT_PATH, "%.3900s/%.100s", o->dir, name);
}

/* ---- the key */
static enum rc key_replace(void *ctx, const uint8_t bytes[KEY_FILE_BYTES], struct err *e)
{
	return file_replace(ctx, bytes, KEY_FILE_BYTES, 0600, e);
}

static enum rc key_find(struct org *o, const struct key_source *k, struct err *e)
{
	if (k->key_file != NULL) {
		(void)snprintf(o->key_file, sizeof(o->key_file), "%.4000s", k->key_file);
		return RC_OK;
	}
	file_beside(o->dir, ".tickmark-key", o->key_file);
	if (file_exists(o->key_file))
		return RC_OK;
	org_path(o, "demo.tickmark-key", o->key_file);
	if (file_exists(o->key_file))
		return RC_OK;
	return err_set(e, RC_LOCKED, "the key of %s is not there: no file %.900s.tickmark-key; name it with --key-file", o->dir,
	    o->dir);
}

static enum rc key_open(struct org *o, const struct key_source *k, struct provider **out, struct err *e)
{
	const struct key_file_store store = { key_replace, o->key_file };
	struct str bytes, passphrase = k->passphrase;
	struct key_file header;
	enum rc rc;

	if ((rc = key_find(o, k, e)) != RC_OK)
		return rc;
	if ((rc = file_read(o->a, o->key_file, 4096, &bytes, e)) != RC_OK)
		return rc == RC_NOT_FOUND ? err_set(e, RC_LOCKED, "there is no key file %s", o->key_file) : rc;
	if (key_file_decode(bytes, &header, e) != RC_OK)
		return err_set(e, RC_LOCKED, "the key file %s is damaged: it is not as it was written; use a copy of it", o->key_file);
	if (header.kind == KEY_FILE_PASSPHRASE && !k->has_passphrase) {
		rc = k->ask != NULL ? k->ask(k->ctx, o->key_file, &passphrase, e) : RC_NOT_FOUND;
		if (rc == RC_NOT_FOUND)
			return err_set(e, RC_LOCKED, "the key file %s needs its passphrase, and there is no terminal to ask at: give "
			    "--passphrase-file FILE or set TICKMARK_PASSPHRASE", o->key_file);
		if (rc != RC_OK)
			return rc;
	}
	if ((rc = key_file_open(bytes, passphrase, &store, out, e)) == RC_LOCKED)
		return err_set(e, RC_LOCKED, "the passphrase does not open the key file %s", o->key_file);
	return rc == RC_ALTERED ? RC_LOCKED : rc;
}

/* ---- replay */
enum rc org_replay(struct org *o, struct state *s, uint64_t until, void (*tell)(void *, uint64_t, uint64_t), void *ctx,
    struct err *e)
{
	return replay_run(o->ledger, s, until, tell, ctx, e);
}

enum rc org_database_remove(const struct org *o, const char *name, struct err *e)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char path[LIMIT_PATH], full[LIMIT_PATH + 16];
	size_t i;

	org_path(o, name, path);
	for (i = 0; i < ARRAY_LEN(ends); i++) {
		(void)snprintf(full, sizeof(full), "%s%s", path, ends[i]);
		if (unlink(full) != 0 && errno != ENOENT)
			return err_sys(e, errno, "%s cannot be removed", full);
	}
	return RC_OK;
}

/* It was made without a journal and without a sync, for until it is whole nobody looks at it. */
static enum rc database_sync(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	enum rc rc = fd < 0 || fdatasync(fd) != 0 ? err_sys(e, errno, "%s cannot be made durable", path) : RC_OK;

	if (fd >= 0)
		(void)close(fd);
	return rc;
}

enum rc org_rebuild(struct org *o, void (*tell)(void *, uint64_t, uint64_t), void *ctx, struct err *e)
{
	char fresh[LIMIT_PATH], path[LIMIT_PATH];
	struct state *s = NULL;
	enum rc rc;

	org_path(o, "state.db.tmp", fresh);
	org_path(o, "state.db", path);
	if ((rc = org_database_remove(o, "state.db.tmp", e)) != RC_OK ||
	    (rc = state_open(fresh, DB_SCRATCH, &o->env.hooks, &s, e)) != RC_OK ||
	    (rc = org_replay(o, s, ledger_size(o->ledger), tell, ctx, e)) != RC_OK)
		goto out;
	state_close(s);
	s = NULL;
	if ((rc = database_sync(fresh, e)) != RC_OK)
		goto out;
	state_close(o->state);
	o->state = NULL;
	if ((rc = org_database_remove(o, "state.db", e)) != RC_OK)
		goto out;
	if (rename(fresh, path) != 0) {
		rc = err_sys(e, errno, "%s cannot be replaced", path);
		goto out;
	}
	rc = state_open(path, DB_WRITE, &o->env.hooks, &o->state, e);
out:
	state_close(s);
	return rc;
}

/* ---- open and close */
/* Entries of withdrawn ingests, ascending. */
struct gone {
	uint64_t *p;
	size_t n;
};

static bool is_gone(void *ctx, uint64_t index)
{
	const struct gone *g = ctx;
	size_t low = 0, high = g->n, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (g->p[mid] == index)
			return true;
		if (g->p[mid] < index)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* What was withdrawn may be taken in again. */
static enum rc disown(struct org *o, struct err *e)
{
	struct gone g = { NULL, 0 };
	struct stmt *st = NULL;
	int64_t n;
	bool row;
	enum rc rc;

	if ((rc = db_i64(state_db(o->state), "SELECT count(*) FROM withdrawn", 0, &n, e)) != RC_OK || n <= 0)
		return rc;
	g.p = mem_alloc((size_t)n * sizeof(*g.p));
	rc = db_prepare(state_db(o->state), STR("SELECT entry FROM withdrawn ORDER BY entry"), &st, e);
	while (rc == RC_OK && (rc = stmt_step(st, &row, e)) == RC_OK && row && g.n < (size_t)n)
		g.p[g.n++] = (uint64_t)column_i64(st, 0);
	stmt_free(st);
	if (rc == RC_OK)
		rc = ledger_disown(o->ledger, is_gone, &g, e);
	mem_free(g.p);
	return rc;
}

enum rc org_catch_up(struct org *o, struct err *e)
{
	enum rc rc;

	if (state_applied(o->state) > ledger_size(o->ledger))
		return err_set(e, RC_ALTERED, "state.db has applied %llu entries and the ledger has %llu: entries are gone, or the "
		    "database is another's; run verify %s", (unsigned long long)state_applied(o->state),
		    (unsigned long long)ledger_size(o->ledger), o->dir);
	if ((rc = org_replay(o, o->state, ledger_size(o->ledger), NULL, NULL, e)) != RC_OK || !state_outdated(o->state))
		return rc;
	return org_rebuild(o, NULL, NULL, e);
}

static enum rc open_write(struct org *o, struct err *e)
{
	char path[LIMIT_PATH];
	enum rc rc;

	org_path(o, "state.db", path);
	rc = state_open(path, DB_WRITE, &o->env.hooks, &o->state, e);
	if (rc == RC_NOT_FOUND || rc == RC_CONFLICT) {
		o->rebuilt = rc == RC_CONFLICT;
		err_init(e);
		rc = org_rebuild(o, NULL, NULL, e);
	} else if (rc == RC_OK) {
		rc = org_catch_up(o, e);
	}
	return rc == RC_OK ? disown(o, e) : rc;
}

static enum rc is_organization(const struct org *o, struct err *e)
{
	char path[LIMIT_PATH];
	struct stat st;

	org_path(o, "log", path);
	if (lstat(path, &st) == 0)
		return RC_OK;
	return errno == ENOENT || errno == ENOTDIR ? err_set(e, RC_NOT_FOUND, "%s is not an organization: it holds no ledger; "
	    "tickmark init makes one", o->dir) : err_sys(e, errno, "%s cannot be read", o->dir);
}

static enum rc open_as(struct org *o, enum org_mode mode, const struct key_source *k, struct err *e)
{
	struct provider *p = NULL;
	char path[LIMIT_PATH];
	struct stat journal;
	enum rc rc;

	if ((rc = is_organization(o, e)) != RC_OK || (rc = key_open(o, k, &p, e)) != RC_OK)
		return rc;
	rc = ledger_open(o->dir, mode == ORG_WRITE ? LEDGER_WRITE : LEDGER_READ, p, org_now_ms(o), &o->ledger, e);
	if (rc != RC_OK || mode == ORG_WRITE)
		return rc == RC_OK ? open_write(o, e) : rc;
	org_path(o, "state.db-wal", path);
	if (stat(path, &journal) == 0 && journal.st_size > 0)
		return RC_UNKNOWN;                      /* a crash left it: only a writer takes it in */
	org_path(o, "state.db", path);
	rc = state_open(path, DB_READ, &o->env.hooks, &o->state, e);
	if (rc == RC_OK && state_applied(o->state) == ledger_size(o->ledger))
		return RC_OK;
	if (rc != RC_OK && rc != RC_NOT_FOUND && rc != RC_CONFLICT)
		return rc;
	return RC_UNKNOWN;                              /* it lags, or is not there: the writer's way */
}

/* Beside a writer: its commits, and nothing that is under way. */
static enum rc open_snapshot(struct org *o, const struct key_source *k, struct err *e)
{
	struct provider *p = NULL;
	char path[LIMIT_PATH];
	enum rc rc;

	if ((rc = key_open(o, k, &p, e)) != RC_OK ||
	    (rc = ledger_open(o->dir, LEDGER_READ, p, org_now_ms(o), &o->ledger, e)) != RC_OK)
		return rc;
	o->is_snapshot = true;
	org_path(o, "state.db", path);
	return state_open(path, DB_SNAPSHOT, &o->env.hooks, &o->state, e);
}

enum rc org_open(const char *dir, enum org_mode mode, const struct key_source *k, const struct org_env *env,
    struct org **out, struct err *e)
{
	struct org *o = org_new(dir, mode, env);
	enum rc rc = open_as(o, mode, k, e);

	if (rc == RC_UNKNOWN && mode == ORG_READ) {
		org_abandon(o);
		err_init(e);
		o = org_new(dir, ORG_WRITE, env);
		rc = open_as(o, ORG_WRITE, k, e);
		if (rc == RC_BUSY) {
			struct err busy = *e;

			org_abandon(o);
			err_init(e);
			o = org_new(dir, ORG_READ, env);
			if ((rc = open_snapshot(o, k, e)) != RC_OK) {
				*e = busy;
				rc = RC_BUSY;
			}
		}
	}
	if (rc != RC_OK) {
		org_abandon(o);
		return rc;
	}
	*out = o;
	return RC_OK;
}

enum rc org_close(struct org *o, struct err *e)
{
	struct ledger *l = o->ledger;
	uint64_t now = org_now_ms(o);
	enum rc rc;

	o->ledger = NULL;
	rc = ledger_close(l, now, e);
	org_abandon(o);
	return rc;
}

/* What org_create made, to be taken away again when it fails. */
struct made {
	char above[LIMIT_PATH];         /* the first folder on the way to DIR that was not there; empty: DIR was, empty */
	bool folder, key, head;
};

static enum rc create_key(struct org *o, const struct key_source *k, bool inside, struct made *m, struct provider **out,
    struct err *e)
{
	const struct key_file_store store = { key_replace, o->key_file };
	const struct key_file_cost free_of_cost = { 0, 0, 0 };
	uint8_t organization[16], bytes[KEY_FILE_BYTES];
	enum rc rc;

	if (k->key_file != NULL)
		(void)snprintf(o->key_file, sizeof(o->key_file), "%.4000s", k->key_file);
	else if (inside)
		org_path(o, "demo.tickmark-key", o->key_file);
	else
		file_beside(o->dir, ".tickmark-key", o->key_file);
	if (file_exists(o->key_file))
		return err_set(e, RC_EXISTS, "there is a key file %s already; move it away if it is no longer needed", o->key_file);
	rand_bytes(organization, sizeof(organization));
	rc = key_file_make(k->has_passphrase ? KEY_FILE_PASSPHRASE : KEY_FILE_ALONE, k->passphrase,
	    k->has_passphrase ? KEY_FILE_COST : free_of_cost, organization, bytes, e);
	m->key = rc == RC_OK;
	if (rc == RC_OK)
		rc = file_replace(o->key_file, bytes, sizeof(bytes), 0600, e);
	if (rc == RC_OK)
		rc = key_file_open(str_bytes(bytes, sizeof(bytes)), k->passphrase, &store, out, e);
	wipe(bytes, sizeof(bytes));
	return rc;
}

/* The first folder on the way to ${dir} that is not there. */
static void first_missing(const char *dir, char out[LIMIT_PATH])
{
	size_t i;

	for (i = 1; dir[i - 1] != 0; i++) {
		if (dir[i] != '/' && dir[i] != 0)
			continue;
		(void)snprintf(out, LIMIT_PATH, "%.*s", (int)i, dir);
		if (!file_exists(out))
			return;
	}
	out[0] = 0;
}

/* An empty folder may be there already; anything in it is not ours to touch. */
static enum rc make_dir(struct org *o, struct made *m, struct err *e)
{
	char path[LIMIT_PATH];
	struct str *names;
	size_t n;
	enum rc rc;

	if (!file_exists(o->dir)) {
		first_missing(o->dir, m->above);
		m->folder = true;
		return folder_make(o->dir, e);
	}
	if ((rc = folder_list(o->a, o->dir, 10, &names, &n, e)) != RC_OK)
		return rc;
	m->folder = n == 0;
	if (n == 0)
		return RC_OK;
	org_path(o, "log", path);
	if (!file_exists(path))
		return err_set(e, RC_EXISTS, "%s is there already and not empty", o->dir);
	org_path(o, "checkpoint", path);
	return file_exists(path) ? err_set(e, RC_EXISTS, "%s is there already: it is an organization", o->dir) :
		    err_set(e, RC_EXISTS, "%s is there already: it is what an init that was cut short left, and holds no record yet; "
	    "remove it and its key file %.900s.tickmark-key, and run init again", o->dir, o->dir);
}

/* As far as that can be done: the story stays that of why it failed. */
static void unmake(struct org *o, const struct made *m)
{
	char path[LIMIT_PATH];
	struct str *names;
	struct err ignored;
	size_t n, i;

	if (m->key)
		(void)!file_remove_all(o->key_file, &ignored);
	if (!m->folder)
		return;
	(void)snprintf(path, sizeof(path), "%.3900s.tickmark-head", o->dir);
	if (m->head)
		(void)!file_remove_all(path, &ignored);
	if (m->above[0] != 0) {
		(void)!file_remove_all(m->above, &ignored);
	} else if (folder_list(o->a, o->dir, 1000, &names, &n, &ignored) == RC_OK) {
		for (i = 0; i < n; i++) {
			org_path(o, arena_z(o->a, names[i]), path);
			(void)!file_remove_all(path, &ignored);
		}
	}
}

enum rc org_create(const char *dir, struct str origin, const struct key_source *k, bool key_inside,
    const struct org_env *env, struct org **out, struct err *e)
{
	struct org *o = org_new(dir, ORG_WRITE, env);
	struct made made = { "", false, false, false };
	struct provider *p = NULL;
	char path[LIMIT_PATH];
	enum rc rc;

	if ((rc = make_dir(o, &made, e)) != RC_OK || (rc = create_key(o, k, key_inside, &made, &p, e)) != RC_OK ||
	    (rc = ledger_create(o->dir, origin, p, org_now_ms(o), &o->ledger, e)) != RC_OK)
		goto out;
	made.head = true;
	org_path(o, "state.db", path);
	if ((rc = state_open(path, DB_CREATE, &o->env.hooks, &o->state, e)) != RC_OK || (rc = org_catch_up(o, e)) != RC_OK)
		goto out;
	*out = o;
	return RC_OK;
out:
	state_close(o->state);                          /* before its file goes */
	ledger_abandon(o->ledger);
	o->state = NULL;
	o->ledger = NULL;
	unmake(o, &made);
	org_abandon(o);
	return rc;
}

enum rc org_key(const char *dir, const struct key_source *k, struct provider **out, struct err *e)
{
	const struct org_env none = { { NULL, NULL, NULL }, NULL };
	struct org *o = org_new(dir, ORG_READ, &none);
	enum rc rc;

	if ((rc = is_organization(o, e)) == RC_OK)
		rc = key_open(o, k, out, e);
	org_abandon(o);
	return rc;
}

void org_replayed_done(struct org_replayed *r)
{
	db_close(r->stored);
	state_close(r->replayed);
	memset(r, 0, sizeof(*r));
}

/* How far it says that it has come; whatever is wrong with it is said of the database. */
static enum rc stored_open(const struct org *o, const char *path, struct db **out, uint64_t *applied, struct err *e)
{
	const char *how = "it is damaged and cannot be read; rebuild makes it anew";
	int64_t version, n, outdated;
	struct err why;
	enum rc rc;

	err_init(&why);
	if (!file_exists(path))
		return err_set(e, RC_NOT_FOUND, "it is not there; rebuild makes it anew");
	if ((rc = db_open(path, DB_WRITE, out, &why)) == RC_OK &&
	    (rc = db_i64(*out, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='version'", -1, &version, &why)) == RC_OK &&
	    (rc = db_i64(*out, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='applied'", -1, &n, &why)) == RC_OK &&
	    (rc = db_i64(*out, "SELECT count(*) FROM meta WHERE key='outdated'", 0, &outdated, &why)) == RC_OK) {
		if (outdated != 0)
			return err_set(e, RC_CONFLICT, "it was not made anew after a withdrawal or a correction; rebuild does that");
		if (version != state_version())
			return err_set(e, RC_CONFLICT, "it says that another version of Tickmark made it; rebuild makes it anew");
		if (n < 0 || (uint64_t)n > ledger_size(o->ledger))
			return err_set(e, RC_ALTERED, "it says that it has applied %lld entries, and the ledger has %llu", (long long)n,
			    (unsigned long long)ledger_size(o->ledger));
		*applied = (uint64_t)n;
		return RC_OK;
	}
	if (rc == RC_NO_SPACE) {
		*e = why;
		return rc;
	}
	return err_set(e, RC_ALTERED, "%s (%.600s)", how, why.msg);
}

enum rc org_replay_beside(const char *dir, const char *folder, struct provider *p, const struct org_env *env,
    struct org_replayed *out, struct err *e)
{
	struct org *o = org_new(dir, ORG_READ, env);
	char path[LIMIT_PATH];
	uint64_t until;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	if ((rc = ledger_open(dir, LEDGER_READ, p, 0, &o->ledger, e)) != RC_OK)
		goto out;
	(void)snprintf(path, sizeof(path), "%.3900s/state.db", folder);
	if ((rc = stored_open(o, path, &out->stored, &until, e)) != RC_OK)
		goto out;
	out->lag = ledger_size(o->ledger) - until;
	(void)snprintf(path, sizeof(path), "%.3900s/replay.db", folder);
	if ((rc = state_open(path, DB_SCRATCH, &env->hooks, &out->replayed, e)) == RC_OK)
		rc = org_replay(o, out->replayed, until, NULL, NULL, e);
out:
	if (rc != RC_OK)
		org_replayed_done(out);
	org_abandon(o);
	return rc;
}

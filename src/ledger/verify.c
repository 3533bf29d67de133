/* verify: see verify.h.  The order of work, and how what is found is told. */
#include "ledger/verify_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/value.h"

enum { FILES_MAX = 1 << 22 };

const char *verify_row_name(enum verify_row r)
{
	static const char *const names[] = { "tiles and bundles", "checkpoint", "log frames", "sealed parts", "key pages",
		"head and key file", "database", "other files" };

	return names[r];
}

static void tell(struct check *c, const struct finding *f)
{
	if (f->is_notice)
		c->out->notices++;
	else
		c->out->findings++;
	if (c->how->found != NULL)
		c->how->found(c->how->ctx, f);
}

void verify_found(struct check *c, enum verify_row row, enum verdict v, const char *file, uint64_t offset,
    const char *words)
{
	const struct finding f = { row, file, offset, false, false, 0, v, words };

	tell(c, &f);
}

void verify_found_in(struct check *c, enum verify_row row, enum verdict v, const char *file, uint64_t offset,
    uint64_t entry, const char *words)
{
	const struct finding f = { row, file, offset, true, false, entry, v, words };

	tell(c, &f);
}

void verify_notice(struct check *c, enum verify_row row, const char *file, uint64_t offset, const char *words)
{
	const struct finding f = { row, file, offset, false, true, 0, VERDICT_INTACT, words };

	tell(c, &f);
}

const char *verify_path(struct check *c, const char *name)
{
	return arena_z(c->a, arena_fmt(c->a, "%s/%s", c->dir, name));
}

enum rc verify_walk(struct check *c, const char *folder, void (*each)(struct check *, struct str), size_t skip,
    struct err *e)
{
	struct str *names;
	struct stat st;
	size_t n, i;
	enum rc rc;

	if ((rc = folder_list(c->a, verify_path(c, folder), FILES_MAX, &names, &n, e)) != RC_OK)
		return rc == RC_NOT_FOUND ? RC_OK : rc;
	for (i = 0; i < n; i++) {
		const char *name = arena_z(c->a, arena_fmt(c->a, "%s/%.*s", folder, STR_FMT(names[i])));

		if (lstat(verify_path(c, name), &st) == 0 && S_ISDIR(st.st_mode)) {
			if ((rc = verify_walk(c, name, each, skip, e)) != RC_OK)
				return rc;
			continue;
		}
		if (str_ends(names[i], STR(".tmp"))) {
			verify_notice(c, ROW_FOREIGN, name, 0, "left over by a crash; it can be removed");
			continue;
		}
		each(c, str_sub(str_z(name), skip, strlen(name)));
	}
	return RC_OK;
}

/* What does not load is told with the key pages; here only what cannot be told without the key. */
static enum rc load_keys(struct check *c, struct err *e)
{
	struct arena *a = arena_new();
	struct secret kek;
	struct str page;
	struct err why;
	char name[64];
	size_t i;
	enum rc rc = RC_OK;

	if (c->how->provider == NULL)
		goto out;
	if ((rc = provider_generation_key(c->how->provider, c->how->provider->generation, &kek, e)) != RC_OK)
		goto out;
	c->keys = keyring_new(c->how->provider->generation, &kek);
	secret_done(&kek);
	for (i = 0;; i++) {
		err_init(&why);
		(void)snprintf(name, sizeof(name), "keys/%08zu.tmk", i);
		if ((rc = file_read(a, verify_path(c, name), KEY_PAGE_BYTES, &page, &why)) == RC_OK)
			rc = keyring_load(c->keys, page, &why);
		if (rc == RC_LOCKED)
			(void)err_set(e, rc, "%s; without the key verify looks at what it can: --without-key", why.msg);
		if (rc != RC_OK)
			break;
		arena_reset(a);
	}
	if (rc != RC_LOCKED)
		rc = RC_OK;
out:
	arena_free(a);
	return rc;
}

static enum rc pin(struct check *c, struct err *e)
{
	struct checkpoint held;
	struct note_key k;
	struct str text;
	struct err why;
	uint8_t root[32];
	enum rc rc;

	if (c->how->since.p == NULL)
		return RC_OK;
	if ((rc = note_key_parse(c->how->vkey, &k, e)) != RC_OK)
		return rc;
	err_init(&why);
	if (note_open(c->how->since, &k, &text, &why) != RC_OK || checkpoint_parse(text, &held, &why) != RC_OK)
		return err_set(e, RC_INVALID, "the checkpoint held elsewhere does not verify under the key that was given: %s", why.msg);
	if (held.size > c->n)
		verify_found_in(c, ROW_CHECKPOINT, VERDICT_MISSING, "log/", 0, c->n, "the checkpoint held elsewhere covers more entries");
	else if (!verify_root(c, held.size, root) || memcmp(root, held.root, 32) != 0)
		verify_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, "log/", 0, "the log is not the one that was signed then: its history "
		    "was rewritten");
	else
		c->out->pinned = true;
	return RC_OK;
}

/* Entry 0 in clear: whose ledger this is.  Nothing else can be judged without it. */
static enum rc read_origin(struct check *c, bool *known, struct err *e)
{
	const struct value *policy;
	const struct log_segment *first;
	const char *file;
	uint64_t offset;
	struct str body;
	struct err why;
	enum verdict v;
	enum rc rc;

	*known = false;
	if ((rc = log_map(c->a, c->dir, &c->files, e)) != RC_OK) {
		if (rc != RC_NOT_FOUND && rc != RC_INVALID)
			return rc;
		verify_found_in(c, ROW_FRAMES, rc == RC_NOT_FOUND ? VERDICT_MISSING : VERDICT_ALTERED, "log/", 0, 0, e->msg);
		err_init(e);
		return RC_OK;
	}
	err_init(&why);
	first = c->files.n > 0 ? &c->files.segments[0] : NULL;
	file = first != NULL ? arena_z(c->a, log_segment_name(c->a, first)) : "log/00000000000000000000.seg";
	if (log_origin(c->a, &c->files, &c->out->origin, &body, &offset, &why) == RC_OK &&
	    json_parse(c->a, body, &policy, &why) == RC_OK &&
	    note_key_parse(value_text(policy, "vkey"), &c->key, &why) == RC_OK) {
		c->out->vkey = value_text(policy, "vkey");
		*known = true;
		return RC_OK;
	}
	v = first == NULL || first->n == 0 || all_zero(first->p, first->n) ? VERDICT_MISSING : VERDICT_ALTERED;
	verify_found_in(c, ROW_FRAMES, v, file, offset, 0, arena_z(c->a, arena_fmt(c->a, "%s; nothing else can be judged without it",
	    why.msg)));
	return RC_OK;
}

static enum rc check_all(struct check *c, struct err *e)
{
	bool known;
	enum rc rc;

	if ((rc = read_origin(c, &known, e)) != RC_OK || !known)
		return rc;
	verify_head_read(c);
	verify_checkpoint_read(c);
	if ((rc = load_keys(c, e)) != RC_OK || (rc = verify_log(c, e)) != RC_OK)
		return rc;
	verify_heads(c);
	if ((rc = pin(c, e)) != RC_OK || (rc = verify_tiles(c, e)) != RC_OK || (rc = verify_pages(c, e)) != RC_OK)
		return rc;
	return verify_others(c, e);
}

enum rc ledger_verify(const char *dir, struct arena *a, const struct verify_how *how, struct verify_outcome *out,
    struct err *e)
{
	struct check c = { .dir = dir, .a = a, .how = how, .out = out };
	unsigned i;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	c.l = mem_alloc(sizeof(*c.l));
	rc = check_all(&c, e);
	log_unmap(&c.files);
	keyring_free(c.keys);
	mem_free(c.entries);
	mem_free(c.good);
	mem_free(c.named);
	mem_free(c.pages);
	mem_free(c.doubts);
	mem_free(c.objects);
	for (i = 0; i < TREE_LEVELS; i++)
		mem_free(c.level[i]);
	mem_free(c.l->erased);
	mem_free(c.l->intended);
	mem_free(c.l);
	return rc;
}

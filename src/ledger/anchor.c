/* anchor: see anchor.h. */
#include "ledger/anchor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static bool plain_number(struct str t, uint64_t *n)
{
	return num_u64(t, INT64_MAX, n) && (t.n == 1 || t.p[0] != '0');
}

bool anchor_name(struct str name, uint64_t *size, uint64_t *number)
{
	struct str rest = name, first = str_cut(&rest, '.'), second;

	*number = 0;
	if (rest.p == NULL || !plain_number(first, size))
		return false;
	if (str_is(rest, "checkpoint"))
		return true;
	second = str_cut(&rest, '.');
	return rest.p != NULL && str_is(rest, "tst") && plain_number(second, number) && *number > 0;
}

static void path_of(const char *dir, const char *name, char out[LIMIT_PATH])
{
	(void)snprintf(out, LIMIT_PATH, "%.3900s/anchors%s%.100s", dir, name[0] != 0 ? "/" : "", name);
}

enum rc anchor_request(struct ledger *l, const char *dir, struct arena *a, struct str *note, struct buf *der, struct err *e)
{
	char path[LIMIT_PATH], name[64];
	uint8_t digest[SHA256_BYTES];
	enum rc rc;

	if ((rc = ledger_checkpoint(l, e)) != RC_OK || (rc = ledger_note(l, a, note, e)) != RC_OK)
		return rc;
	path_of(dir, "", path);
	if (!file_exists(path) && (rc = folder_make(path, e)) != RC_OK)
		return rc;
	(void)snprintf(name, sizeof(name), "%llu.checkpoint", (unsigned long long)ledger_checkpointed(l));
	path_of(dir, name, path);
	if ((rc = file_replace(path, note->p, note->n, 0600, e)) != RC_OK)
		return rc;
	sha256(note->p, note->n, digest);
	return stamp_request(digest, der, e);
}

/* The size of the kept head with that digest; false: none has it. */
static enum rc head_of(const char *dir, struct arena *a, const uint8_t digest[SHA256_BYTES], uint64_t *size, bool *found,
    struct err *e)
{
	char path[LIMIT_PATH];
	uint8_t h[SHA256_BYTES];
	struct str *names, bytes;
	uint64_t number;
	size_t n, i;
	enum rc rc;

	*found = false;
	path_of(dir, "", path);
	if (!file_exists(path))
		return RC_OK;
	if ((rc = folder_list(a, path, ANCHORS_MAX, &names, &n, e)) != RC_OK)
		return rc;
	for (i = 0; i < n && !*found; i++) {
		if (!anchor_name(names[i], size, &number) || number != 0)
			continue;
		path_of(dir, arena_z(a, names[i]), path);
		if ((rc = file_read(a, path, NOTE_MAX, &bytes, e)) != RC_OK)
			return rc;
		sha256(bytes.p, bytes.n, h);
		*found = memcmp(h, digest, SHA256_BYTES) == 0;
	}
	return RC_OK;
}

enum rc anchor_keep(const char *dir, struct arena *a, struct str der, struct str trusted, struct anchor *out, struct err *e)
{
	char path[LIMIT_PATH], name[64];
	struct str bytes;
	unsigned number;
	bool found;
	enum rc rc;

	if ((rc = stamp_read(a, der, trusted, &out->stamp, e)) != RC_OK ||
	    (rc = head_of(dir, a, out->stamp.digest, &out->size, &found, e)) != RC_OK)
		return rc;
	if (!found)
		return err_set(e, RC_INVALID, "it is over something else than a head of this ledger for which a time stamp was asked for");
	for (number = 1; number < 100; number++) {
		(void)snprintf(name, sizeof(name), "%llu.%u.tst", (unsigned long long)out->size, number);
		path_of(dir, name, path);
		if (!file_exists(path))
			break;
		if ((rc = file_read(a, path, STAMP_MAX, &bytes, e)) != RC_OK)
			return rc;
		if (str_eq(bytes, out->stamp.token))
			return err_set(e, RC_EXISTS, "this time stamp is kept already, as anchors/%s", name);
	}
	if (number == 100)
		return err_set(e, RC_LIMIT, "99 time stamps over one head are enough");
	out->name = arena_str(a, str_z(name));
	return file_replace(path, out->stamp.token.p, out->stamp.token.n, 0600, e);
}

static int by_place(const void *x, const void *y)
{
	const struct anchor *a = x, *b = y;

	return a->size != b->size ? (a->size < b->size ? -1 : 1) : str_cmp(a->name, b->name);
}

void anchors_sort(struct anchor *k, size_t n)
{
	if (n > 1)
		qsort(k, n, sizeof(*k), by_place);
}

enum rc anchors_load(const char *dir, struct arena *a, struct str trusted, struct anchor **out, size_t *n, struct err *e)
{
	char path[LIMIT_PATH];
	struct str *names, bytes, head;
	uint8_t digest[SHA256_BYTES];
	uint64_t number;
	struct err ignored;
	size_t all, i;
	enum rc rc;

	*n = 0;
	path_of(dir, "", path);
	if (!file_exists(path))
		return RC_OK;
	if ((rc = folder_list(a, path, ANCHORS_MAX, &names, &all, e)) != RC_OK)
		return rc;
	*out = ARENA_ARRAY(a, all, struct anchor);
	for (i = 0; i < all; i++) {
		struct anchor *k = &(*out)[*n];

		err_init(&ignored);
		if (!anchor_name(names[i], &k->size, &number) || number == 0)
			continue;
		path_of(dir, arena_z(a, names[i]), path);
		if (file_read(a, path, STAMP_MAX, &bytes, &ignored) != RC_OK ||
		    stamp_read(a, bytes, trusted, &k->stamp, &ignored) != RC_OK)
			continue;
		path_of(dir, arena_z(a, arena_fmt(a, "%llu.checkpoint", (unsigned long long)k->size)), path);
		if (file_read(a, path, NOTE_MAX, &head, &ignored) != RC_OK)
			continue;
		sha256(head.p, head.n, digest);
		if (memcmp(digest, k->stamp.digest, SHA256_BYTES) != 0)
			continue;
		k->name = names[i];
		(*n)++;
	}
	anchors_sort(*out, *n);
	return RC_OK;
}

/* keyring: the rows of all key pages in memory, opened, found by use and by id; new rows are made here and the
 * pages they touch remembered.  Writes nothing. */
#include "seal/key.h"

#include <assert.h>
#include <string.h>

#include "seal/vault.h"

/* Open addressing over the keys; slots hold row number + 1.  Rows are few and mostly never leave. */
struct table {
	uint32_t *slots;
	size_t room, n;                         /* room is a power of two */
};

struct keyring {
	uint32_t generation;
	struct secret *kek;                     /* like the keys, in the vault */
	struct key **rows;                      /* NULL: erased */
	size_t n, room;
	size_t n_pages;                         /* loaded or begun; the last may be without rows */
	size_t named;                           /* rows before this one are named by an entry */
	bool *dirty;                            /* by page */
	size_t dirty_room;
	struct table by_use, by_id;
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

static uint64_t use_hash(const struct key_use *u)
{
	uint64_t h = mix(1, (uint64_t)u->type << 32 | (uint64_t)u->classification << 16 | u->epoch);

	return mix(mix(h, get_u64(u->subject)), get_u64(u->subject + 8));
}

static uint64_t id_hash(const uint8_t id[16]) { return mix(mix(2, get_u64(id)), get_u64(id + 8)); }

static bool same_use(const struct key_use *a, const struct key_use *b)
{
	return a->type == b->type && a->classification == b->classification && a->epoch == b->epoch &&
	    memcmp(a->subject, b->subject, 16) == 0;
}

/* The row that fits, or NULL and the free slot where it would stand. */
static struct key *look(const struct keyring *k, const struct table *t, uint64_t hash, const struct key_use *use,
    const uint8_t *id, size_t *slot)
{
	size_t at;

	if (t->room == 0)
		return NULL;
	for (at = (size_t)hash & (t->room - 1); t->slots[at] != 0; at = (at + 1) & (t->room - 1)) {
		struct key *key = k->rows[t->slots[at] - 1];

		if (use != NULL ? same_use(&key->row.use, use) : memcmp(key->row.id, id, 16) == 0)
			return key;
	}
	if (slot != NULL)
		*slot = at;
	return NULL;
}

static void index_row(struct keyring *k, size_t row)
{
	const struct key *key = k->rows[row];
	size_t slot = 0;

	/* Of an uploaded file's keys none stands for the others. */
	if (key->row.use.type != KEY_FILE_SCOPE &&
	    look(k, &k->by_use, use_hash(&key->row.use), &key->row.use, NULL, &slot) == NULL) {
		k->by_use.slots[slot] = (uint32_t)row + 1;
		k->by_use.n++;
	}
	if (look(k, &k->by_id, id_hash(key->row.id), NULL, key->row.id, &slot) == NULL) {
		k->by_id.slots[slot] = (uint32_t)row + 1;
		k->by_id.n++;
	}
}

static void table_clear(struct table *t, size_t room)
{
	mem_free(t->slots);
	t->slots = mem_alloc(room * sizeof *t->slots);
	t->room = room;
	t->n = 0;
}

static void index_again(struct keyring *k, size_t room)
{
	size_t i;

	table_clear(&k->by_use, room);
	table_clear(&k->by_id, room);
	for (i = 0; i < k->n; i++)
		if (k->rows[i] != NULL)
			index_row(k, i);
}

static void append(struct keyring *k, struct key *key)
{
	if (k->n == k->room) {
		k->room = k->room == 0 ? 64 : k->room * 2;
		k->rows = mem_resize(k->rows, k->room * sizeof(struct key *));
	}
	k->rows[k->n++] = key;
	if (k->n * 2 > k->by_id.room)
		index_again(k, k->by_id.room == 0 ? 128 : k->by_id.room * 2);
	else if (key != NULL)
		index_row(k, k->n - 1);
}


struct keyring *keyring_new(uint32_t generation, const struct secret *kek)
{
	struct keyring *k = mem_alloc(sizeof *k);

	k->generation = generation;
	k->kek = vault_alloc(sizeof *k->kek);
	*k->kek = *kek;
	return k;
}

void keyring_free(struct keyring *k)
{
	size_t i;

	if (k == NULL)
		return;
	for (i = 0; i < k->n; i++)
		vault_free(k->rows[i]);
	mem_free(k->rows);
	mem_free(k->dirty);
	mem_free(k->by_use.slots);
	mem_free(k->by_id.slots);
	vault_free(k->kek);
	mem_free(k);
}

static void page_begin(struct keyring *k)
{
	if (k->n_pages == k->dirty_room) {
		k->dirty_room = k->dirty_room == 0 ? 16 : k->dirty_room * 2;
		k->dirty = mem_resize(k->dirty, k->dirty_room * sizeof *k->dirty);
	}
	k->dirty[k->n_pages++] = false;
}

enum rc keyring_load(struct keyring *k, struct str bytes, struct err *e)
{
	struct key *opened[KEY_PAGE_ROWS] = { NULL };
	size_t i, bad = 0, n_bad = 0, tried = 0;
	struct key_page page;
	enum rc rc;

	if ((rc = key_page_decode(bytes, &page, e)) != RC_OK)
		return rc;
	if (page.number != k->n_pages)
		return err_set(e, RC_ALTERED, "a key page has number %u where page %zu belongs", page.number, k->n_pages);
	if (page.generation != k->generation)
		return err_set(e, RC_ALTERED, "key page %u is of generation %u, and the key provider is at %u", page.number,
		    page.generation, k->generation);
	if (page.n > 0 && k->n != k->n_pages * KEY_PAGE_ROWS)
		return err_set(e, RC_ALTERED, "key page %u has rows, and a page before it is not full", page.number);
	for (i = 0; i < page.n; i++) {
		struct key_row row;

		if ((rc = key_row_decode(page.rows + i * KEY_ROW_BYTES, &row, e)) != RC_OK)
			goto out;
		if (row.use.type == KEY_NONE)
			continue;
		tried++;
		opened[i] = vault_alloc(sizeof *opened[i]);
		opened[i]->row = row;
		if (!key_row_unwrap(&row, k->kek, &opened[i]->secret)) {
			bad = i;
			n_bad++;
			continue;
		}
		hmac_key_init(&opened[i]->mac, opened[i]->secret.bytes, sizeof opened[i]->secret.bytes);
	}
	if (n_bad > 1 && n_bad == tried && k->n == 0)
		rc = err_set(e, RC_LOCKED, "not one of the folder's keys opens with this key file: it is another organization's");
	else if (n_bad > 0)
		rc = err_set(e, RC_ALTERED, "ALTERED row %zu of key page %u: it does not unwrap", bad, page.number);
	if (rc != RC_OK)
		goto out;
	page_begin(k);
	for (i = 0; i < page.n; i++) {
		append(k, opened[i]);
		opened[i] = NULL;
	}
	k->named = k->n;
out:
	for (i = 0; i < page.n; i++)
		vault_free(opened[i]);
	return rc;
}

const struct key *keyring_find(const struct keyring *k, const struct key_use *use)
{
	return look(k, &k->by_use, use_hash(use), use, NULL, NULL);
}

const struct key *keyring_by_id(const struct keyring *k, const uint8_t id[16])
{
	return look(k, &k->by_id, id_hash(id), NULL, id, NULL);
}

static bool well_formed(const struct key_use *u)
{
	uint8_t bytes[KEY_ROW_BYTES];
	struct key_row row = { .use = *u };

	key_row_encode(&row, bytes);
	return u->type != KEY_NONE && key_row_decode(bytes, &row, NULL) == RC_OK;
}

const struct key *keyring_add(struct keyring *k, const struct key_use *use, uint64_t created_ms)
{
	struct key *key = vault_alloc(sizeof *key);
	size_t page = k->n / KEY_PAGE_ROWS;

	assert(well_formed(use));
	key->row.use = *use;
	key->row.generation = k->generation;
	key->row.created_ms = created_ms;
	rand_bytes(key->row.id, sizeof key->row.id);
	secret_random(&key->secret);
	hmac_key_init(&key->mac, key->secret.bytes, sizeof key->secret.bytes);
	key_row_wrap(&key->row, k->kek, &key->secret);
	if (page == k->n_pages)
		page_begin(k);
	k->dirty[page] = true;
	append(k, key);
	return key;
}

const struct key *keyring_get(struct keyring *k, const struct key_use *use, uint64_t created_ms)
{
	const struct key *key = keyring_find(k, use);

	return key != NULL ? key : keyring_add(k, use, created_ms);
}

static void row_put(const struct keyring *k, size_t row, uint8_t out[KEY_ROW_BYTES])
{
	static const struct key_row erased;

	key_row_encode(k->rows[row] == NULL ? &erased : &k->rows[row]->row, out);
}

size_t keyring_rows(const struct keyring *k) { return k->n; }
bool keyring_row_is_erased(const struct keyring *k, size_t row) { return k->rows[row] == NULL; }

void keyring_row_hash(const struct keyring *k, size_t row, uint8_t out[SHA256_BYTES])
{
	uint8_t bytes[KEY_ROW_BYTES];

	row_put(k, row, bytes);
	sha256(bytes, sizeof bytes, out);
}

void keyring_keep(struct keyring *k, size_t n)
{
	if (n >= k->n)
		return;
	while (k->n > n) {
		k->n--;
		k->dirty[k->n / KEY_PAGE_ROWS] = true;
		vault_free(k->rows[k->n]);
	}
	if (k->named > n)
		k->named = n;
	index_again(k, k->by_id.room);
}

size_t keyring_unnamed(const struct keyring *k) { return k->n - k->named; }

void keyring_put_added(const struct keyring *k, struct buf *b)
{
	uint8_t digest[SHA256_BYTES];
	size_t i;

	buf_fmt(b, "{\"generation\":%u,\"phase\":\"add\",\"rows\":[", k->generation);
	for (i = k->named; i < k->n; i++) {
		keyring_row_hash(k, i, digest);
		buf_z(b, i == k->named ? "\"" : ",\"");
		buf_hex(b, digest, sizeof digest);
		buf_c(b, '"');
	}
	buf_z(b, "]}");
}

void keyring_named(struct keyring *k) { k->named = k->n; }

size_t keyring_pages(const struct keyring *k) { return k->n_pages; }
bool keyring_page_is_dirty(const struct keyring *k, size_t page) { return k->dirty[page]; }
void keyring_page_saved(struct keyring *k, size_t page) { k->dirty[page] = false; }

void keyring_page_put(const struct keyring *k, size_t page, uint8_t out[KEY_PAGE_BYTES])
{
	uint8_t rows[KEY_PAGE_ROWS * KEY_ROW_BYTES];
	size_t first = page * KEY_PAGE_ROWS, n = k->n <= first ? 0 : k->n - first, i;

	if (n > KEY_PAGE_ROWS)
		n = KEY_PAGE_ROWS;
	for (i = 0; i < n; i++)
		row_put(k, first + i, rows + i * KEY_ROW_BYTES);
	key_page_encode((uint32_t)page, k->generation, rows, n, out);
}

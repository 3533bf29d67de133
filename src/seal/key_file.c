/* key_file: the provider whose generation keys stand, wrapped, in one small file beside the folder, under a
 * passphrase or under nothing but the file itself.  Reads and writes bytes; where the file is, its caller knows. */
#include "seal/provider.h"

#include <string.h>

#include "seal/vault.h"

/* Where things stand in the file. */
enum {
	AT_KIND = 4, AT_COST = 8, AT_GENERATION = 20, AT_SALT = 24, AT_ORGANIZATION = 40, AT_KEY = 56, AT_KEK = 96,
	AT_NEXT = 136, AT_NEXT_KEK = 144, AT_SUM = 192,
};

static enum rc damaged(struct err *e, const char *how)
{
	return err_set(e, RC_ALTERED, "ALTERED key file: %s. Put a good copy of the key file in its place", how);
}

enum rc key_file_decode(struct str bytes, struct key_file *out, struct err *e)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	uint8_t sum[SHA256_BYTES];
	struct key_file f = { 0 };
	bool alone;

	if (bytes.n != KEY_FILE_BYTES)
		return damaged(e, bytes.n < KEY_FILE_BYTES ? "it is shorter than 224 bytes" : "it is longer than 224 bytes");
	if (memcmp(p, "TMO1", 4) != 0)
		return damaged(e, "it does not begin with TMO1");
	sha256(p, AT_SUM, sum);
	if (!ct_equal(sum, p + AT_SUM, sizeof sum))
		return damaged(e, "its checksum does not fit");
	if (p[AT_KIND] != KEY_FILE_PASSPHRASE && p[AT_KIND] != KEY_FILE_ALONE)
		return damaged(e, "its provider is neither 1 nor 2");
	alone = p[AT_KIND] == KEY_FILE_ALONE;
	f.kind = alone ? KEY_FILE_ALONE : KEY_FILE_PASSPHRASE;
	f.cost = (struct key_file_cost){ get_u32(p + AT_COST), get_u32(p + AT_COST + 4), get_u32(p + AT_COST + 8) };
	f.generation = get_u32(p + AT_GENERATION);
	f.next_generation = get_u32(p + AT_NEXT);
	if (!all_zero(p + 5, 3) || !all_zero(p + 140, 4) || !all_zero(p + 184, 8) || (alone && !all_zero(p + AT_COST, 12)))
		return damaged(e, "bytes that are kept free are not zero");
	if (f.generation == 0 || (f.next_generation != 0 && f.next_generation - 1 != f.generation))
		return damaged(e, "its generations do not follow one another");
	if (f.next_generation == 0 && !all_zero(p + AT_NEXT_KEK, KEY_WRAP_BYTES))
		return damaged(e, "it has a second key without a second generation");
	memcpy(f.salt, p + AT_SALT, 16);
	memcpy(f.organization, p + AT_ORGANIZATION, 16);
	memcpy(f.wrapped_organization_key, p + AT_KEY, KEY_WRAP_BYTES);
	memcpy(f.wrapped_kek, p + AT_KEK, KEY_WRAP_BYTES);
	memcpy(f.wrapped_next, p + AT_NEXT_KEK, KEY_WRAP_BYTES);
	*out = f;
	return RC_OK;
}

void key_file_encode(const struct key_file *f, uint8_t out[KEY_FILE_BYTES])
{
	memset(out, 0, KEY_FILE_BYTES);
	memcpy(out, "TMO1", 4);
	out[AT_KIND] = (uint8_t)f->kind;
	put_u32(out + AT_COST, f->cost.t);
	put_u32(out + AT_COST + 4, f->cost.m_kib);
	put_u32(out + AT_COST + 8, f->cost.lanes);
	put_u32(out + AT_GENERATION, f->generation);
	memcpy(out + AT_SALT, f->salt, 16);
	memcpy(out + AT_ORGANIZATION, f->organization, 16);
	memcpy(out + AT_KEY, f->wrapped_organization_key, KEY_WRAP_BYTES);
	memcpy(out + AT_KEK, f->wrapped_kek, KEY_WRAP_BYTES);
	put_u32(out + AT_NEXT, f->next_generation);
	memcpy(out + AT_NEXT_KEK, f->wrapped_next, KEY_WRAP_BYTES);
	sha256(out, AT_SUM, out + AT_SUM);
}

/* The key that the organization key is wrapped under. */
static enum rc outer_key(const struct key_file *f, struct str passphrase, struct secret *out, struct err *e)
{
	const struct str pieces[] = { LABEL("file-key"), str_bytes(f->salt, sizeof f->salt) };

	if (f->kind == KEY_FILE_PASSPHRASE)
		return argon2id(passphrase, f->salt, f->cost.t, f->cost.m_kib, f->cost.lanes, out, e);
	sha256_pieces(pieces, 2, out->bytes);
	return RC_OK;
}

static void generation_wrap_key(const struct secret *organization_key, const uint8_t organization[16], uint32_t g,
    struct secret *out)
{
	uint8_t number[4];
	const struct str info[] = { LABEL("generation"), str_bytes(number, 4), str_bytes(organization, 16) };

	put_u32(number, g);
	expand_sha256(organization_key->bytes, info, 3, out->bytes);
}

/* A fresh generation key, wrapped. */
static void generation_wrap_fresh(const struct secret *organization_key, const uint8_t organization[16], uint32_t g,
    uint8_t out[KEY_WRAP_BYTES])
{
	struct secret under, kek;

	generation_wrap_key(organization_key, organization, g, &under);
	secret_random(&kek);
	key_wrap(&under, &kek, out);
	secret_done(&under);
	secret_done(&kek);
}

enum rc key_file_make(enum key_file_kind kind, struct str passphrase, struct key_file_cost cost,
    const uint8_t organization[16], uint8_t out[KEY_FILE_BYTES], struct err *e)
{
	struct key_file f = { .kind = kind, .generation = 1 };
	struct secret outer, organization_key;
	enum rc rc;

	if (kind == KEY_FILE_PASSPHRASE)
		f.cost = cost;
	rand_bytes(f.salt, sizeof f.salt);
	memcpy(f.organization, organization, 16);
	if ((rc = outer_key(&f, passphrase, &outer, e)) != RC_OK)
		return rc;
	secret_random(&organization_key);
	key_wrap(&outer, &organization_key, f.wrapped_organization_key);
	generation_wrap_fresh(&organization_key, organization, 1, f.wrapped_kek);
	key_file_encode(&f, out);
	secret_done(&outer);
	secret_done(&organization_key);
	return RC_OK;
}

/* ---- the provider */
struct opened {
	struct key_file file;
	struct secret *organization_key;        /* in the vault */
	struct key_file_store store;
};

static enum rc replace(struct opened *o, const struct key_file *with, struct err *e)
{
	uint8_t bytes[KEY_FILE_BYTES];
	enum rc rc;

	if (o->store.replace == NULL)
		return err_set(e, RC_INTERNAL, "the key file was opened for reading, so its generations cannot change");
	key_file_encode(with, bytes);
	if ((rc = o->store.replace(o->store.ctx, bytes, e)) == RC_OK)
		o->file = *with;
	return rc;
}

static enum rc generation_create(void *self, uint32_t g, struct err *e)
{
	struct opened *o = self;
	struct key_file f = o->file;

	if (g == f.generation || g == f.next_generation)
		return err_set(e, RC_EXISTS, "the key file has key generation %u already", g);
	if (f.next_generation != 0 || g == 0 || g - 1 != f.generation)
		return err_set(e, RC_INTERNAL, "key generation %u cannot follow generation %u in the key file", g,
		    f.next_generation != 0 ? f.next_generation : f.generation);
	f.next_generation = g;
	generation_wrap_fresh(o->organization_key, f.organization, g, f.wrapped_next);
	return replace(o, &f, e);
}

static enum rc generation_key(void *self, uint32_t g, struct secret *out, struct err *e)
{
	const struct opened *o = self;
	const uint8_t *wrapped;
	struct secret under;
	bool fits;

	if (g == o->file.generation)
		wrapped = o->file.wrapped_kek;
	else if (g != 0 && g == o->file.next_generation)
		wrapped = o->file.wrapped_next;
	else
		return err_set(e, RC_NOT_FOUND, "the key file does not hold key generation %u but %u: it is older or newer "
		    "than the folder's keys. Use the key file and the folder of one time", g, o->file.generation);
	generation_wrap_key(o->organization_key, o->file.organization, g, &under);
	fits = key_unwrap(&under, wrapped, out);
	secret_done(&under);
	return fits ? RC_OK : damaged(e, "a generation's key does not open");
}

static enum rc generation_destroy(void *self, uint32_t g, struct err *e)
{
	struct opened *o = self;
	struct key_file f = o->file;

	if (g != f.generation)
		return err_set(e, RC_NOT_FOUND, "the key file does not hold key generation %u", g);
	if (f.next_generation == 0)
		return err_set(e, RC_INTERNAL, "key generation %u is the only one, so it cannot be destroyed", g);
	f.generation = f.next_generation;
	memcpy(f.wrapped_kek, f.wrapped_next, sizeof f.wrapped_kek);
	f.next_generation = 0;
	memset(f.wrapped_next, 0, sizeof f.wrapped_next);
	return replace(o, &f, e);
}

static void opened_free(void *self)
{
	struct opened *o = self;

	vault_free(o->organization_key);
	mem_free(o);
}

static const struct provider_ops with_passphrase = {
	"a key file with a passphrase", generation_create, generation_key, generation_destroy, opened_free,
};
static const struct provider_ops alone = {
	"a key file alone", generation_create, generation_key, generation_destroy, opened_free,
};

enum rc key_file_open(struct str bytes, struct str passphrase, const struct key_file_store *store,
    struct provider **out, struct err *e)
{
	struct opened *o = mem_alloc(sizeof *o);
	struct secret outer = { { 0 } };
	struct provider *p;
	enum rc rc;

	o->organization_key = vault_alloc(sizeof *o->organization_key);
	if ((rc = key_file_decode(bytes, &o->file, e)) != RC_OK)
		goto out;
	if ((rc = outer_key(&o->file, passphrase, &outer, e)) != RC_OK)
		goto out;
	if (!key_unwrap(&outer, o->file.wrapped_organization_key, o->organization_key)) {
		rc = o->file.kind == KEY_FILE_ALONE ? damaged(e, "its key does not open") : err_set(e, RC_LOCKED,
		    "wrong passphrase: the key file is undamaged, and this passphrase does not open it");
		goto out;
	}
	if (store != NULL)
		o->store = *store;
	p = mem_alloc(sizeof *p);
	p->ops = o->file.kind == KEY_FILE_ALONE ? &alone : &with_passphrase;
	p->generation = o->file.generation;
	memcpy(p->organization, o->file.organization, sizeof p->organization);
	p->self = o;
	o = NULL;
	*out = p;
out:
	secret_done(&outer);
	if (o != NULL)
		opened_free(o);
	return rc;
}

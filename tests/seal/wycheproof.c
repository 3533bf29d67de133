/* seal/crypt.c and hash.c over the Wycheproof project's cases for what the formats use. */
#include "vector.h"

#include "seal/crypt.h"

static struct arena *a;

static const struct value *load(const char *name)
{
	char path[4096], full[256];

	(void)snprintf(full, sizeof full, "data/vectors/wycheproof/testvectors_v1/%s", name);
	if (!shared_path(full, path, sizeof path)) {
		print_message("# %s is not there: skipped\n", full);
		skip();
	}
	return vector_load(a, path);
}

static bool is_valid(const struct value *test) { return str_is(value_text(test, "result"), "valid"); }

/* Each test of each group that ${take} wants; returns how many there were. */
static size_t each(const struct value *doc, bool (*take)(const struct value *group),
    void (*run)(const struct value *group, const struct value *test))
{
	const struct value *groups = vector_at(doc, "testGroups");
	size_t i, k, n = 0;

	for (i = 0; i < groups->n; i++) {
		const struct value *tests = vector_at(&groups->items[i], "tests");

		for (k = 0; take(&groups->items[i]) && k < tests->n; k++, n++)
			run(&groups->items[i], &tests->items[k]);
	}
	return n;
}

static bool any(const struct value *group)
{
	(void)group;
	return true;
}

#define CASE(test) (int)vector_u64((test), "tcId")

static bool gcm_ours(const struct value *g) { return vector_u64(g, "keySize") == 256 && vector_u64(g, "ivSize") == 96; }

static struct gcm *gcm;

static void gcm_case(const struct value *group, const struct value *t)
{
	struct str key = vector_hex(a, t, "key"), iv = vector_hex(a, t, "iv"), aad = vector_hex(a, t, "aad"),
		msg = vector_hex(a, t, "msg"), ct = vector_hex(a, t, "ct"), tag = vector_hex(a, t, "tag");
	uint8_t *sealed = arena_alloc(a, ct.n + 16), *opened = arena_alloc(a, ct.n + 1);
	const uint8_t *k = (const uint8_t *)key.p, *nonce = (const uint8_t *)iv.p;
	bool fits;

	(void)group;
	assert_int_equal(tag.n, 16);
	memcpy(sealed, ct.p, ct.n);
	memcpy(sealed + ct.n, tag.p, 16);
	fits = gcm_open(gcm, k, nonce, aad, sealed, ct.n, opened);
	if (fits != is_valid(t) || (fits && memcmp(opened, msg.p, msg.n) != 0))
		fail_msg("case %d", CASE(t));
	if (!fits)
		return;
	gcm_seal(gcm, k, nonce, aad, (const uint8_t *)msg.p, msg.n, opened = arena_alloc(a, msg.n + 16));
	if (memcmp(opened, sealed, msg.n + 16) != 0)
		fail_msg("case %d is sealed otherwise", CASE(t));
}

static void aes_256_gcm(void **state)
{
	const struct value *doc = load("aes_gcm_test.json");

	(void)state;
	gcm = gcm_new();
	assert_int_equal(each(doc, gcm_ours, gcm_case), 66);
	gcm_free(gcm);
}

static bool wrap_ours(const struct value *g) { return vector_u64(g, "keySize") == 256; }

static void wrap_case(const struct value *group, const struct value *t)
{
	struct str key = vector_hex(a, t, "key"), msg = vector_hex(a, t, "msg"), ct = vector_hex(a, t, "ct");
	uint8_t *out = arena_alloc(a, ct.n + msg.n + 16);
	bool fits = key_unwrap_n((const uint8_t *)key.p, (const uint8_t *)ct.p, ct.n, out);

	(void)group;
	/* "acceptable" ones wrap 8 bytes, which is less than the standard allows */
	if (fits != is_valid(t) || (fits && (ct.n != msg.n + 8 || memcmp(out, msg.p, msg.n) != 0)))
		fail_msg("case %d", CASE(t));
	if (!fits)
		return;
	key_wrap_n((const uint8_t *)key.p, (const uint8_t *)msg.p, msg.n, out);
	if (memcmp(out, ct.p, ct.n) != 0)
		fail_msg("case %d is wrapped otherwise", CASE(t));
}

static void aes_256_key_wrap(void **state)
{
	(void)state;
	assert_int_equal(each(load("aes_wrap_test.json"), wrap_ours, wrap_case), 68);
}

static void ed25519_case(const struct value *group, const struct value *t)
{
	struct str pk = vector_hex(a, vector_at(group, "publicKey"), "pk");

	assert_int_equal(pk.n, 32);
	if (ed25519_verify((const uint8_t *)pk.p, vector_hex(a, t, "msg"), vector_hex(a, t, "sig")) != is_valid(t))
		fail_msg("case %d", CASE(t));
}

static void ed25519(void **state)
{
	(void)state;
	assert_int_equal(each(load("ed25519_test.json"), any, ed25519_case), 151);
}

/* RFC 8032, 7.1, test 2 */
static void ed25519_signs_as_the_standard_shows(void **state)
{
	struct secret seed;
	uint8_t pub[32], sig[64], want[64];

	(void)state;
	assert_true(hex_get(STR("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"), seed.bytes, 32));
	assert_true(hex_get(STR("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), want, 32));
	ed25519_public(&seed, pub);
	assert_memory_equal(pub, want, 32);
	ed25519_sign(&seed, STR("\x72"), sig);
	assert_true(hex_get(STR("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"), want, 64));
	assert_memory_equal(sig, want, 64);
}

static void hkdf_case(const struct value *group, const struct value *t)
{
	struct str ikm = vector_hex(a, t, "ikm"), salt = vector_hex(a, t, "salt"), info = vector_hex(a, t, "info"),
		okm = vector_hex(a, t, "okm");
	uint64_t size = vector_u64(t, "size");
	uint8_t prk[32], out[32];

	(void)group;
	/* Ours gives 32 bytes and no more: the first block of any longer output. */
	if (!is_valid(t)) {
		assert_true(size > 255 * 32);
		return;
	}
	hmac_sha256((const uint8_t *)salt.p, salt.n, &ikm, 1, prk);
	expand_sha256(prk, &info, 1, out);
	if (memcmp(out, okm.p, okm.n < 32 ? okm.n : 32) != 0)
		fail_msg("case %d", CASE(t));
}

static void hkdf_expand(void **state)
{
	(void)state;
	assert_int_equal(each(load("hkdf_sha256_test.json"), any, hkdf_case), 86);
}

static void hmac_case(const struct value *group, const struct value *t)
{
	struct str key = vector_hex(a, t, "key"), msg = vector_hex(a, t, "msg"), tag = vector_hex(a, t, "tag");
	uint8_t out[32];

	(void)group;
	hmac_sha256((const uint8_t *)key.p, key.n, &msg, 1, out);
	assert_true(tag.n <= 32);
	if (ct_equal(out, tag.p, tag.n) != is_valid(t))
		fail_msg("case %d", CASE(t));
}

static void hmac(void **state)
{
	(void)state;
	assert_int_equal(each(load("hmac_sha256_test.json"), any, hmac_case), 174);
}

/* What it gives is held against the published key file, in vectors.c. */
static void argon2id_refuses_costs_out_of_bounds(void **state)
{
	static const uint8_t salt[16];
	struct secret out;
	struct err e;

	(void)state;
	assert_ok(argon2id(STR("p"), salt, 1, 32, 4, &out, &e), &e);
	assert_int_equal(argon2id(STR("p"), salt, 0, 64, 1, &out, &e), RC_LIMIT);
	assert_int_equal(argon2id(STR("p"), salt, 1, 31, 4, &out, &e), RC_LIMIT);
	assert_int_equal(argon2id(STR("p"), salt, 1, UINT32_MAX, 4, &out, &e), RC_LIMIT);
	assert_int_equal(argon2id(STR("p"), salt, 1, 64, UINT32_MAX, &out, &e), RC_LIMIT);
}

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(aes_256_gcm),
		TEST(aes_256_key_wrap),
		TEST(ed25519),
		TEST(ed25519_signs_as_the_standard_shows),
		TEST(hkdf_expand),
		TEST(hmac),
		TEST(argon2id_refuses_costs_out_of_bounds),
	};

	return cmocka_run_group_tests_name("seal/wycheproof", tests, NULL, NULL);
}

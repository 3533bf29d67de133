/* seal/hash.c */
#include "test.h"

#include "seal/hash.h"

static void is_hex(const uint8_t *got, size_t n, const char *want)
{
	char hex[2 * 64 + 1] = { 0 };

	hex_put(hex, got, n);
	assert_string_equal(hex, want);
}

static void gives_the_published_digests(void **state)
{
	uint8_t out[32];
	const struct str abc[] = { STR("a"), STR_NONE, STR("bc") };
	struct sha256 *h = sha256_new(), *other = sha256_new();

	(void)state;
	sha256(NULL, 0, out);
	is_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_pieces(abc, 3, out);
	is_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_add(h, "a", 1);
	sha256_copy(other, h);
	sha256_add(h, "bc", 2);
	sha256_end(h, out);
	is_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_end(h, out);
	is_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_end(other, out);
	is_hex(out, 32, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
	sha256_free(h);
	sha256_free(other);
}

static void hmac_takes_keys_shorter_and_longer_than_a_block(void **state)
{
	/* RFC 4231, cases 2 and 6 */
	const struct str what = STR("what do ya want for nothing?");
	const struct str longer = STR("Test Using Larger Than Block-Size Key - Hash Key First");
	uint8_t key[131], out[32];

	(void)state;
	hmac_sha256((const uint8_t *)"Jefe", 4, &what, 1, out);
	is_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	hmac_sha256(key, sizeof key, &longer, 1, out);
	is_hex(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void expands_as_hmac_with_a_one_behind(void **state)
{
	const struct str info[] = { STR("in"), STR("fo") }, by_hand[] = { STR("info"), STR("\x01") };
	uint8_t key[32] = { 7 }, a[32], b[32], c[32];
	struct hmac_key k;

	(void)state;
	expand_sha256(key, info, 2, a);
	hmac_sha256(key, 32, by_hand, 2, b);
	hmac_key_init(&k, key, 32);
	hmac_key_expand(&k, info, 2, c);
	assert_true(ct_equal(a, b, 32));
	assert_true(ct_equal(a, c, 32));
	c[31] ^= 1;
	assert_false(ct_equal(a, c, 32));
}

static void leaves_and_nodes_are_rfc_6962(void **state)
{
	uint8_t a[32], b[32], root[32];

	(void)state;
	hash_leaf(NULL, 0, a);
	is_hex(a, 32, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
	hash_leaf("\0", 1, b);
	hash_node(a, b, root);
	is_hex(root, 32, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
	wipe(root, sizeof root);
	assert_int_equal(root[0] | root[31], 0);
}

/* Short messages are hashed in one go, long ones by a running hash: both must give what the running hash does. */
static void every_length_gives_what_the_running_hash_gives(void **state)
{
	uint8_t bytes[600], key[32], pad[64], want[32], got[32];
	struct sha256 *h = sha256_new();
	struct hmac_key k;
	size_t n, cut, i;

	(void)state;
	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
	memcpy(key, bytes + 100, sizeof key);
	hmac_key_init(&k, key, sizeof key);
	for (n = 0; n < sizeof bytes; n++) {
		struct str pieces[3];

		cut = n / 3;
		pieces[0] = str_bytes(bytes, cut);
		pieces[1] = STR_NONE;
		pieces[2] = str_bytes(bytes + cut, n - cut);
		sha256_add(h, bytes, n);
		sha256_end(h, want);
		sha256_pieces(pieces, 3, got);
		assert_memory_equal(got, want, 32);
		for (i = 0; i < 64; i++)
			pad[i] = (uint8_t)((i < 32 ? key[i] : 0) ^ 0x36);
		sha256_add(h, pad, 64);
		sha256_add(h, bytes, n);
		sha256_end(h, want);
		for (i = 0; i < 64; i++)
			pad[i] ^= 0x36 ^ 0x5c;
		sha256_add(h, pad, 64);
		sha256_add(h, want, 32);
		sha256_end(h, want);
		hmac_key_pieces(&k, pieces, 3, got);
		assert_memory_equal(got, want, 32);
		if (n > 0 && bytes[n - 1] == 1) {               /* expand puts a one behind: here it stands there already */
			pieces[2].n--;
			hmac_key_expand(&k, pieces, 3, got);
			assert_memory_equal(got, want, 32);
		}
	}
	sha256_free(h);
}

static void two_at_once_are_what_each_is_alone(void **state)
{
	static const size_t lengths[] = { 0, 1, 31, 32, 55, 56, 63, 64, 65, 96, 97, 119, 120, 127, 128, 160, 191, 256, 592, 1024 };
	uint8_t bytes[1200], want_a[32], want_b[32], a[32], b[32], key[32], many[65][2][32], out[65][32], in_place[130][32];
	struct hmac_key k, other;
	size_t i, j, n;

	(void)state;
	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 13 + 5);
	memcpy(key, bytes + 300, sizeof key);
	hmac_key_init(&k, key, sizeof key);
	hmac_key_init(&other, bytes, 32);
	for (i = 0; i < ARRAY_LEN(lengths); i++) {
		for (j = 0; j < ARRAY_LEN(lengths); j++) {
			const struct str x = str_bytes(bytes + 1, lengths[i]), y = str_bytes(bytes + 7, lengths[j]);
			struct str digest = str_bytes(a, 32);

			sha256(x.p, x.n, want_a);
			sha256(y.p, y.n, want_b);
			sha256_two(x, a, y, b);
			assert_memory_equal(a, want_a, 32);
			assert_memory_equal(b, want_b, 32);
			sha256_behind_two(k.inner, x, a, NULL, y, b);
			assert_memory_equal(b, want_b, 32);
			sha256_behind_two(k.outer, digest, a, other.inner, y, b);
			hmac_key_pieces(&k, &x, 1, want_a);
			assert_memory_equal(a, want_a, 32);
			digest = str_bytes(b, 32);
			sha256_behind_two(other.outer, digest, b, NULL, STR_NONE, a);
			hmac_key_pieces(&other, &y, 1, want_b);
			assert_memory_equal(b, want_b, 32);
		}
	}
	for (n = 0; n <= 65; n++) {
		for (i = 0; i < n; i++) {
			memcpy(many[i][0], bytes + i, 32);
			memcpy(many[i][1], bytes + 3 * i, 32);
		}
		memcpy(in_place, many, n * 64);
		hash_nodes((const uint8_t (*)[32])many, n, out);
		hash_nodes((const uint8_t (*)[32])in_place, n, in_place);
		for (i = 0; i < n; i++) {
			hash_node(many[i][0], many[i][1], want_a);
			assert_memory_equal(out[i], want_a, 32);
			assert_memory_equal(in_place[i], want_a, 32);
		}
		hash_leaves(bytes, 11, n, out);
		for (i = 0; i < n; i++) {
			hash_leaf(bytes + 11 * i, 11, want_a);
			assert_memory_equal(out[i], want_a, 32);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_published_digests),
		cmocka_unit_test(hmac_takes_keys_shorter_and_longer_than_a_block),
		cmocka_unit_test(expands_as_hmac_with_a_one_behind),
		cmocka_unit_test(leaves_and_nodes_are_rfc_6962),
		cmocka_unit_test(every_length_gives_what_the_running_hash_gives),
		cmocka_unit_test(two_at_once_are_what_each_is_alone),
	};

	return cmocka_run_group_tests_name("seal/hash", tests, NULL, NULL);
}

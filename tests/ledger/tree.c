/* The tree's roots, proofs and notes are those that are published; every mutated proof is refused. */
#include "test.h"

#include <dirent.h>

#include "base/file.h"
#include "base/value.h"
#include "ledger/note.h"
#include "ledger/tile.h"
#include "ledger/tree.h"

static size_t load_proof(const struct value *v, const char *name, uint8_t *out)
{
	const struct value *list = value_get(v, name);
	size_t i, n;

	if (list == NULL || list->type != VALUE_LIST)
		return 0;
	for (i = 0; i < list->n; i++) {
		if (i >= PROOF_MAX || !base64_get(list->items[i].text, out + i * 32, 32, &n) || n != 32)
			return SIZE_MAX;                        /* no hash at all: refused before any check */
	}
	return list->n;
}

static uint64_t number(const struct value *v, const char *name)
{
	const struct value *m = value_get(v, name);
	uint64_t n = 0;

	return m != NULL && num_u64(m->text, UINT64_MAX, &n) ? n : 0;
}

/* Some cases of consistency hold words in place of a root, to be equal or not: those are filled up with zeros. */
static bool hash32(const struct value *v, const char *name, bool exact, uint8_t out[32])
{
	size_t n = 0;

	memset(out, 0, 32);
	return base64_get(value_text(v, name), out, 32, &n) && (!exact || n == 32);
}

static bool verdict_of(const struct value *v, bool inclusion)
{
	uint8_t hashes[PROOF_MAX * 32], a[32], b[32];
	size_t n = load_proof(v, "proof", hashes);

	if (n == SIZE_MAX)
		return false;
	if (inclusion)
		return hash32(v, "leafHash", true, a) && hash32(v, "root", true, b) &&
		    proof_inclusion(number(v, "leafIdx"), number(v, "treeSize"), a, hashes, n, b);
	return hash32(v, "root1", false, a) && hash32(v, "root2", false, b) &&
	    proof_consistency(number(v, "size1"), number(v, "size2"), a, b, hashes, n);
}

static size_t walk(struct arena *a, const char *folder, bool inclusion)
{
	struct str *names, text;
	const struct value *v, *want;
	size_t n, i, seen = 0;
	struct err e;

	err_init(&e);
	assert_ok(folder_list(a, folder, 10000, &names, &n, &e), &e);
	for (i = 0; i < n; i++) {
		char *path = arena_z(a, arena_fmt(a, "%s/%.*s", folder, STR_FMT(names[i])));
		DIR *d = opendir(path);

		if (d != NULL) {
			(void)closedir(d);
			seen += walk(a, path, inclusion);
			continue;
		}
		if (!str_ends(names[i], STR(".json")))
			continue;
		assert_ok(file_read(a, path, 1 << 20, &text, &e), &e);
		assert_ok(json_parse(a, text, &v, &e), &e);
		want = value_get(v, "wantErr");
		if (verdict_of(v, inclusion) == (want != NULL && want->is_true))
			fail_msg("%s", path);
		seen++;
	}
	return seen;
}

static void every_published_proof_case_gives_what_it_wants(void **ctx)
{
	char path[4096];
	struct arena *a;

	(void)ctx;
	SKIP_WITHOUT_SHARED("data/vectors/merkle/testdata/inclusion", path);
	a = arena_new();
	assert_int_equal(walk(a, path, true), 98);
	SKIP_WITHOUT_SHARED("data/vectors/merkle/testdata/consistency", path);
	assert_int_equal(walk(a, path, false), 98);
	arena_free(a);
}

static const struct {
	uint64_t size;
	const char *root;
} big[] = {
	{ 255, "Mvhbyqh9e80Fco8J6a66NQumovczgwCH8Fl2goSL5cs=" }, { 256, "goUV0DPBnYyQHzfsy4rtkZZncDSG+NL/8c9wQDIcXbE=" },
	{ 257, "HtoEmkNR2G92JSvX7At3Rq11t/oDFq1fVB29pFijEsQ=" }, { 65536, "8CXQbtgEhZ/SdKG9rK3W5I6odjSqkeHtsgFD+UmM0Cs=" },
	{ 65537, "3IeVol/UvVKguE9jn9MTm6FggkAj0YjkKOtdsPPOIho=" }, { 70000, "Gkzfy2Y3SgwNy+9JrL1JdtE+6GT7PLJB/JQ8rQTwL34=" },
};

static void a_tree_of_seventy_thousand_has_the_published_roots(void **ctx)
{
	struct tree *t = mem_alloc(sizeof(*t));
	uint8_t leaf[32], root[32], want[32];
	size_t next = 0, n;
	char text[16];
	struct err e;
	uint64_t i;

	(void)ctx;
	err_init(&e);
	tree_init(t);
	for (i = 0; i < 70000; i++) {
		int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)i);

		hash_leaf(text, (size_t)length, leaf);
		assert_ok(tree_add(t, leaf, NULL, &e), &e);
		if (t->size == big[next].size) {
			tree_root(t, root);
			assert_true(base64_get(str_z(big[next].root), want, 32, &n));
			assert_memory_equal(root, want, 32);
			next++;
		}
	}
	assert_int_equal(next, ARRAY_LEN(big));
	mem_free(t);
}

/* The files of the published log of 70,000 entries, each entry its own number in ASCII. */
static const struct {
	const char *path, *sha256;
} files[] = {
	{ "tile/0/000", "b9704a8bfbee2c61185ceb38904a49f3f703c81e194b5b2ccdc254c2bdaaa62b" },
	{ "tile/0/273.p/112", "4d21244557c976993a9a89bf928a46b5a876585228df279878239fd84489e5a5" },
	{ "tile/1/000", "ea7b038bc73489c89c31a27ac355aaca65a4ed73f0dd7484e68deb29d30f10a2" },
	{ "tile/1/001.p/17", "adfaca2731630fe7944a4b98a0f98ef3e98685eafda09e6f81070218fb759ce4" },
	{ "tile/2/000.p/1", "f0113c8bad855b49f9a5dd661d50012cd94f19aae87a45eb8334666835e3caea" },
};

static enum rc write_full(void *ctx, unsigned level, uint64_t n, const uint8_t *tile, struct err *e)
{
	return tile_write(ctx, (int)level, n, 0, false, tile, (size_t)TILE_WIDTH * SHA256_BYTES, e);
}

static void tiles_are_the_published_files(void **ctx)
{
	char dir[] = "/tmp/tickmark-test-XXXXXX", path[LIMIT_PATH], command[300], text[16];
	struct tree_sink sink = { write_full, dir };
	struct tree *t = mem_alloc(sizeof(*t));
	struct arena *a = arena_new();
	uint8_t hash[32], want[32];
	struct str bytes;
	struct err e;
	unsigned level;
	size_t i;

	(void)ctx;
	err_init(&e);
	assert_non_null(mkdtemp(dir));
	tree_init(t);
	for (i = 0; i < 70000; i++) {
		hash_leaf(text, (size_t)snprintf(text, sizeof(text), "%zu", i), hash);
		assert_ok(tree_add(t, hash, &sink, &e), &e);
	}
	for (level = 0; level < 3; level++)
		assert_ok(tile_write(dir, (int)level, t->size >> (8 * level) >> 8, tile_partial(t->size, level), false, t->open[level],
		    (size_t)t->n[level] * SHA256_BYTES, &e), &e);
	for (i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i].path);
		assert_ok(file_read(a, path, 1 << 20, &bytes, &e), &e);
		sha256(bytes.p, bytes.n, hash);
		assert_true(hex_get(str_z(files[i].sha256), want, 32));
		assert_memory_equal(hash, want, 32);
	}
	tile_path("d", 0, 1234067, 0, path);
	assert_string_equal(path, "d/tile/0/x001/x234/067");
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
	arena_free(a);
	mem_free(t);
}

/* A source over leaves in memory. */
struct leaves {
	uint8_t (*hash)[32];
};

static enum rc leaves_node(void *ctx, unsigned height, uint64_t index, uint8_t out[32], struct err *e)
{
	struct leaves *l = ctx;
	uint8_t left[32], right[32];

	if (height == 0) {
		memcpy(out, l->hash[index], 32);
		return RC_OK;
	}
	if (leaves_node(ctx, height - 1, 2 * index, left, e) != RC_OK ||
	    leaves_node(ctx, height - 1, 2 * index + 1, right, e) != RC_OK)
		return RC_INTERNAL;
	hash_node(left, right, out);
	return RC_OK;
}

static void made_proofs_hold_and_changed_ones_do_not(void **ctx)
{
	enum { SIZE = 70 };
	uint8_t hash[SIZE][32], roots[SIZE + 1][32], proof[PROOF_MAX * 32];
	struct leaves leaves = { hash };
	const struct tree_source s = { leaves_node, &leaves };
	struct tree *t = mem_alloc(sizeof(*t));
	uint64_t size, i;
	struct err e;
	size_t n;

	(void)ctx;
	err_init(&e);
	tree_init(t);
	tree_root(t, roots[0]);
	for (i = 0; i < SIZE; i++) {
		hash_leaf(&i, sizeof(i), hash[i]);
		assert_ok(tree_add(t, hash[i], NULL, &e), &e);
		tree_root(t, roots[i + 1]);
	}
	for (size = 1; size <= SIZE; size++) {
		for (i = 0; i < size; i++) {
			assert_ok(proof_make_inclusion(&s, i, size, proof, &n, &e), &e);
			assert_true(proof_inclusion(i, size, hash[i], proof, n, roots[size]));
			assert_false(proof_inclusion(i, size, hash[(i + 1) % SIZE], proof, n, roots[size]));
			assert_false(proof_inclusion(i, size, hash[i], proof, n + 1, roots[size]));
		}
		for (i = 1; i <= size; i++) {
			assert_ok(proof_make_consistency(&s, i, size, proof, &n, &e), &e);
			assert_true(proof_consistency(i, size, roots[i], roots[size], proof, n));
			if (i < size)
				assert_false(proof_consistency(i, size, roots[i - 1], roots[size], proof, n));
		}
	}
	mem_free(t);
}

static void the_published_note_opens_and_a_changed_one_does_not(void **ctx)
{
	static const char vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
	static const char note[] = "This is an example message.\n\n\xe2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6T"
	    "fXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
	struct note_key k;
	struct str text;
	struct err e;
	char copy[sizeof(note)];
	size_t i;

	(void)ctx;
	err_init(&e);
	assert_ok(note_key_parse(str_z(vkey), &k, &e), &e);
	assert_ok(note_open(str_z(note), &k, &text, &e), &e);
	assert_str(text, "This is an example message.\n");
	for (i = 0; i < sizeof(note) - 1; i++) {
		memcpy(copy, note, sizeof(note));
		copy[i] ^= 1;
		if (note_open(str_z(copy), &k, &text, &e) != RC_ALTERED)
			fail_msg("byte %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_published_proof_case_gives_what_it_wants),
		cmocka_unit_test(a_tree_of_seventy_thousand_has_the_published_roots),
		cmocka_unit_test(tiles_are_the_published_files),
		cmocka_unit_test(made_proofs_hold_and_changed_ones_do_not),
		cmocka_unit_test(the_published_note_opens_and_a_changed_one_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

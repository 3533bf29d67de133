/* vector: published test data as documents: load a file, take members as bytes.  For tests only. */
#ifndef TESTS_SEAL_VECTOR_H
#define TESTS_SEAL_VECTOR_H

#include "test.h"

#include "base/value.h"
#include "seal/hash.h"

static inline const struct value *vector_load(struct arena *a, const char *path)
{
	const struct value *v = NULL;
	struct buf b;
	struct err e;
	char part[65536];
	size_t n;
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		fail_msg("%s cannot be opened", path);
	buf_init(&b, LIMIT_FILE_READ);
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&b, part, n);
	(void)fclose(f);
	assert_ok(json_parse(a, arena_str(a, buf_view(&b)), &v, &e), &e);
	buf_done(&b);
	return v;
}

static inline const struct value *vector_at(const struct value *v, const char *key)
{
	const struct value *m = value_get(v, key);

	if (m == NULL)
		fail_msg("the vectors have no %s here", key);
	return m;
}

static inline uint64_t vector_u64(const struct value *v, const char *key)
{
	uint64_t n = 0;

	if (!num_u64(vector_at(v, key)->text, UINT64_MAX, &n))
		fail_msg("%s is no number", key);
	return n;
}

static inline struct str vector_bytes_of(struct arena *a, const struct value *v)
{
	uint8_t *out = arena_alloc(a, v->text.n / 2);

	if (v->type != VALUE_STRING || !hex_get(v->text, out, v->text.n / 2))
		fail_msg("not hex: %.*s", STR_FMT(v->text));
	return str_bytes(out, v->text.n / 2);
}

static inline struct str vector_hex(struct arena *a, const struct value *v, const char *key)
{
	return vector_bytes_of(a, vector_at(v, key));
}

/* ${got} is what ${v} has under ${key}. */
#define assert_vector(a, v, key, got, n_) \
	do { \
		struct str want_ = vector_hex((a), (v), (key)); \
		if (want_.n != (n_) || memcmp(want_.p, (got), want_.n) != 0) \
			fail_msg("%s is not as published, line %d", (key), __LINE__); \
	} while (0)

#endif

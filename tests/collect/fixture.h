/* The collections of content/, and its mappings compiled against them. */
#ifndef TESTS_COLLECT_FIXTURE_H
#define TESTS_COLLECT_FIXTURE_H

#include "test.h"

#include "base/value.h"
#include "collect/mapping.h"
#include "model/content.h"
#include "model/schema.h"

struct fixture {
	struct arena *a;
	struct schema schema;
};

static inline int fixture_setup(void **ctx)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	const struct value *docs;
	struct collection *c;
	struct str name, text;
	struct err e;
	size_t i, k, n;

	err_init(&e);
	f->a = arena_new();
	f->schema.collections = ARENA_ARRAY(f->a, content_count(), struct collection *);
	for (i = 0; i < content_count(); i++) {
		text = content_at(i, &name);
		if (!str_starts(name, STR("populations/")))
			continue;
		assert_ok(yaml_parse(f->a, "content", text, &docs, &n, &e), &e);
		assert_ok(collection_load(f->a, "content", docs, &c, &e), &e);
		for (k = f->schema.n++; k > 0 && str_cmp(f->schema.collections[k - 1]->name, c->name) > 0; k--)
			f->schema.collections[k] = f->schema.collections[k - 1];
		f->schema.collections[k] = c;
	}
	*ctx = f;
	return 0;
}

static inline int fixture_teardown(void **ctx)
{
	struct fixture *f = *ctx;

	arena_free(f->a);
	mem_free(f);
	return 0;
}

static inline struct mapping *fixture_compile(struct fixture *f, const char *file, struct str text)
{
	const struct value *docs;
	struct mapping *m;
	struct value body;
	struct err e;
	size_t n;

	err_init(&e);
	assert_ok(yaml_parse(f->a, file, text, &docs, &n, &e), &e);
	body = docs[0];
	if (body.n > 0 && str_is(body.members[0].key, "kind")) {
		body.members++;
		body.n--;
	}
	assert_ok(mapping_compile(f->a, file, &body, &f->schema, &m, &e), &e);
	return m;
}

static inline struct mapping *fixture_mapping(struct fixture *f, const char *file)
{
	return fixture_compile(f, file, content_find(file));
}

#endif

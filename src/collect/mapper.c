/* mapper: the hooks by which the state asks what a raw record says: mappings compiled once for each definition and
 * schema. */
#include <string.h>

#include "collect/ingest.h"
#include "seal/hash.h"

enum { KEPT = 64 };

struct compiled {
	uint8_t digest[32];
	struct arena *a;
	struct mapping *m;
};

struct mapper {
	struct compiled kept[KEPT];
	size_t n;
	uint64_t schema_number;
};

struct mapper *mapper_new(void)
{
	return mem_alloc(sizeof(struct mapper));
}

static void forget(struct mapper *p)
{
	while (p->n > 0)
		arena_free(p->kept[--p->n].a);
}

void mapper_free(struct mapper *p)
{
	if (p == NULL)
		return;
	forget(p);
	mem_free(p);
}

static enum rc compiled(struct mapper *p, struct state *s, const struct ingest *in, struct str definition,
    struct mapping **out, struct err *e)
{
	const struct value *v;
	struct compiled *c;
	size_t i;
	enum rc rc;

	if (p->schema_number != state_schema_number(s) || p->n == KEPT)
		forget(p);
	p->schema_number = state_schema_number(s);
	for (i = 0; i < p->n; i++) {
		if (memcmp(p->kept[i].digest, in->mapping, 32) == 0) {
			*out = p->kept[i].m;
			return RC_OK;
		}
	}
	c = &p->kept[p->n];
	c->a = arena_new();
	memcpy(c->digest, in->mapping, 32);
	if ((rc = json_parse(c->a, arena_str(c->a, definition), &v, e)) != RC_OK || value_get(v, "body") == NULL ||
	    (rc = mapping_compile(c->a, "mapping", value_get(v, "body"), state_schema(s), &c->m, e)) != RC_OK) {
		arena_free(c->a);
		return rc == RC_OK ? err_set(e, RC_INVALID, "the mapping's definition has no body") : rc;
	}
	p->n++;
	*out = c->m;
	return RC_OK;
}

/* What the open entry says of the table's form. */
static void context_of(struct arena *a, struct state *s, const struct ingest *in, struct mapping_context *ctx)
{
	const struct value *columns = value_get(in->body, "columns");
	struct str delimiter = value_text(in->body, "delimiter"), *names;
	const struct value *shape = value_get(in->body, "shape");
	uint64_t number;
	size_t i;

	memset(ctx, 0, sizeof(*ctx));
	ctx->zone = state_zone(s);
	ctx->file = in->file;
	mapping_near(ctx, in->has_extracted, in->extracted_us, in->has_covers, in->covers_to_us);
	if (shape != NULL && num_u64(shape->text, 1000, &number))
		ctx->shape = (size_t)number;
	ctx->delimiter = delimiter.n == 1 ? delimiter.p[0] : ',';
	if (columns == NULL || columns->type != VALUE_LIST)
		return;
	names = ARENA_ARRAY(a, columns->n, struct str);
	for (i = 0; i < columns->n; i++)
		names[i] = columns->items[i].text;
	ctx->columns = names;
	ctx->n_columns = columns->n;
}

static enum rc contribute(void *self, struct state *s, struct arena *a, const struct ingest *in, struct str definition,
    const struct state_entry *en, struct contribution **out, size_t *n, struct err *e)
{
	struct mapping_context ctx;
	struct mapped mapped;
	struct mapping *m;
	enum rc rc;

	if ((rc = compiled(self, s, in, definition, &m, e)) != RC_OK)
		return rc;
	context_of(a, s, in, &ctx);
	ctx.marks = en->marks;
	ctx.n_marks = en->n_marks;
	if ((rc = mapping_apply(m, a, &ctx, en->body, &mapped, e)) != RC_OK)
		return rc;
	*out = mapped.items;
	*n = mapped.n;
	return RC_OK;
}

static enum rc collections(void *self, struct state *s, struct arena *a, const struct ingest *in, struct str definition,
    const struct collection ***out, size_t *n, struct err *e)
{
	const struct collection **all;
	struct mapping_context ctx;
	struct mapping *m;
	size_t count, i;
	enum rc rc;

	if ((rc = compiled(self, s, in, definition, &m, e)) != RC_OK)
		return rc;
	context_of(a, s, in, &ctx);
	all = mapping_file_collections(m, a, &ctx, false, &count);
	*out = ARENA_ARRAY(a, count, const struct collection *);
	*n = 0;
	for (i = 0; i < count; i++)
		if (all[i]->n_period == 0)
			(*out)[(*n)++] = all[i];
	return RC_OK;
}

struct state_hooks mapper_hooks(struct mapper *p)
{
	return (struct state_hooks){ p, contribute, collections };
}

/* catalogue: see catalogue.h. */
#include "collect/catalogue.h"

#include <string.h>

#include "model/content.h"

/* A document without its first member, "kind". */
static struct value body_of(const struct value *doc)
{
	struct value body = *doc;

	if (body.type == VALUE_MAP && body.n > 0 && str_is(body.members[0].key, "kind")) {
		body.members++;
		body.n--;
	}
	return body;
}

static enum rc builtin_schema(struct arena *a, struct schema *schema, struct err *e)
{
	const struct value *docs;
	struct collection *c;
	struct str name, text;
	size_t i, k, n;
	enum rc rc;

	schema->collections = ARENA_ARRAY(a, content_count(), struct collection *);
	for (i = 0; i < content_count(); i++) {
		text = content_at(i, &name);
		if (!str_starts(name, STR("populations/")))
			continue;
		if ((rc = yaml_parse(a, arena_z(a, name), text, &docs, &n, e)) != RC_OK ||
		    (rc = collection_load(a, arena_z(a, name), docs, &c, e)) != RC_OK)
			return rc;
		for (k = schema->n++; k > 0 && str_cmp(schema->collections[k - 1]->name, c->name) > 0; k--)
			schema->collections[k] = schema->collections[k - 1];
		schema->collections[k] = c;
	}
	return RC_OK;
}

enum rc catalogue_builtin(struct arena *a, struct catalogue *out, struct err *e)
{
	struct schema *schema = ARENA_NEW(a, struct schema);
	const struct value *docs;
	struct value body;
	struct str name, text;
	size_t i, n;
	enum rc rc;

	if ((rc = builtin_schema(a, schema, e)) != RC_OK)
		return rc;
	out->schema = schema;
	out->mappings = ARENA_ARRAY(a, content_count(), struct mapping *);
	out->n = 0;
	for (i = 0; i < content_count(); i++) {
		text = content_at(i, &name);
		if (!str_starts(name, STR("mappings/")))
			continue;
		if ((rc = yaml_parse(a, arena_z(a, name), text, &docs, &n, e)) != RC_OK)
			return rc;
		body = body_of(docs);
		if ((rc = mapping_compile(a, arena_z(a, name), &body, schema, &out->mappings[out->n++], e)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc catalogue_of(struct state *s, struct arena *a, struct catalogue *out, struct err *e)
{
	const struct value **docs;
	size_t i, n;
	enum rc rc;

	if ((rc = state_definitions(s, a, "mapping", &docs, &n, e)) != RC_OK)
		return rc;
	out->schema = state_schema(s);
	out->mappings = ARENA_ARRAY(a, n, struct mapping *);
	out->n = 0;
	for (i = 0; i < n; i++)
		if ((rc = mapping_compile(a, "mapping", docs[i], out->schema, &out->mappings[out->n++], e)) != RC_OK)
			return rc;
	return RC_OK;
}

const struct mapping *catalogue_find(const struct catalogue *c, struct str source)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (str_eq(mapping_source(c->mappings[i]), source))
			return c->mappings[i];
	return NULL;
}

size_t catalogue_fitting(const struct catalogue *c, const struct source_input *in, const struct zone *zone,
    const struct mapping **out, size_t most)
{
	size_t *scores = mem_alloc((most + 1) * sizeof(*scores)), n = 0, i, k, score;

	for (i = 0; i < c->n; i++) {
		score = source_fits(c->mappings[i], in, zone);
		if (score == 0)
			continue;
		for (k = n; k > 0 && scores[k - 1] < score; k--) {
			if (k < most) {
				scores[k] = scores[k - 1];
				out[k] = out[k - 1];
			}
		}
		if (k < most) {
			scores[k] = score;
			out[k] = c->mappings[i];
			n += n < most;
		}
	}
	mem_free(scores);
	return n;
}

struct str catalogue_suggestion(const struct catalogue *c, struct arena *a, const struct source_input *in,
    const struct zone *zone)
{
	const struct mapping *fitting[3];
	struct str out = STR_NONE;
	size_t n, i;

	if (in->bytes.p == NULL && strcmp(in->path, "-") == 0)
		return out;                     /* what was read of it is gone */
	n = catalogue_fitting(c, in, zone, fitting, ARRAY_LEN(fitting));
	for (i = 0; i < n; i++)
		out = arena_fmt(a, "%.*s%s%.*s", STR_FMT(out), i == 0 ? "" : " or ", STR_FMT(mapping_source(fitting[i])));
	return out;
}

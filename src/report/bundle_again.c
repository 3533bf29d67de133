/* bundle_again: see bundle_again.h. */
#include "report/bundle_again.h"

#include "assess/check.h"
#include "assess/occurrence.h"

struct again {
	struct state *s;
	struct arena *a;
	const struct run_period *period;
	struct buf json;
	enum rc (*each)(void *ctx, const struct again_result *, struct err *);
	void *ctx;
};

static enum rc give(struct again *g, struct str control, struct str test, const struct collection *population,
    const struct collection *keys, struct err *e)
{
	const struct again_result r = { control, test, buf_view(&g->json), population, keys };

	return g->each(g->ctx, &r, e);
}

static enum rc one_test(struct again *g, const struct control *c, const struct test *t, struct err *e)
{
	struct result *r;
	enum rc rc;

	buf_clear(&g->json);
	if ((rc = test_run(g->s, g->a, c, t, g->period, &r, e)) != RC_OK ||
	    (rc = result_put(g->s, g->a, r, g->period, &g->json, e)) != RC_OK)
		return rc;
	return give(g, c->id, t->id, t->population, NULL, e);
}

static enum rc due(struct again *g, const struct control *c, struct err *e)
{
	struct occurrences *o;
	enum rc rc = occurrences_of(g->s, g->a, c, g->period, &o, e);

	if (rc != RC_OK || o == NULL)
		return rc;
	buf_clear(&g->json);
	if ((rc = occurrences_put(g->s, g->a, o, g->period, &g->json, e)) != RC_OK)
		return rc;
	return give(g, c->id, STR("occurrence"), c->occurrence->population, c->occurrence->keys, e);
}

static enum rc complete(struct again *g, const struct completeness *c, struct err *e)
{
	struct check_result *r;
	enum rc rc = check_run(g->s, g->a, c, g->period, &r, e);

	if (rc != RC_OK || r == NULL)
		return rc;
	buf_clear(&g->json);
	if ((rc = check_put(g->s, g->a, r, g->period, &g->json, e)) != RC_OK)
		return rc;
	return give(g, check_control(g->a, c), c->id, c->population, NULL, e);
}

enum rc again_all(struct state *s, struct arena *a, const struct run_period *period,
    enum rc (*each)(void *ctx, const struct again_result *, struct err *), void *ctx, struct err *e)
{
	struct again g = { .s = s, .a = a, .period = period, .each = each, .ctx = ctx };
	struct control **controls;
	struct completeness **checks;
	size_t n, i, k;
	enum rc rc;

	buf_init(&g.json, LIMIT_RECORD);
	rc = controls_load(s, a, &controls, &n, e);
	for (i = 0; rc == RC_OK && i < n; i++) {
		for (k = 0; k < controls[i]->n_tests && rc == RC_OK; k++)
			if (controls[i]->tests[k].n_machine > 0)
				rc = one_test(&g, controls[i], &controls[i]->tests[k], e);
		if (rc == RC_OK)
			rc = due(&g, controls[i], e);
	}
	if (rc == RC_OK)
		rc = checks_load(s, a, &checks, &n, e);
	for (i = 0; rc == RC_OK && i < n; i++)
		rc = complete(&g, checks[i], e);
	buf_done(&g.json);
	return rc;
}

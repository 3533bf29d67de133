/* expr_other: exists() and count() over another population, as SQL with three values: an item for which the condition is
 * true decides; else one for which it is unknown leaves it unknown; else absence means something only where the evidence of
 * that population is whole.  Items are found by the fields that must be equal, which have indexes. */
#include "assess/expr_priv.h"

enum rc expr_check_other(const struct expr_error_at *w, struct expr *x)
{
	x->type = x->op == OP_EXISTS ? EXPR_BOOL : EXPR_NUMBER;
	x->scale = SCALE_ONE;
	if (x->a->type != EXPR_BOOL)
		return expr_wrong(w, x->a->at, "a condition on the items of \"%.*s\" is needed here", STR_FMT(x->other->name));
	if (x->a->op == OP_FIELD && x->a->field->personal)
		return expr_wrong(w, x->a->at, "the field \"%.*s\" is personal: an expression may only ask whether it is null",
		    STR_FMT(x->a->field->name));
	if (x->b == NULL)
		return RC_OK;
	if (x->other->n_period > 0)
		return expr_wrong(w, x->b->at, "\"%.*s\" is no listing: its items have times of their own", STR_FMT(x->other->name));
	if (x->b->type != EXPR_INSTANT && x->b->type != EXPR_DATE)
		return expr_wrong(w, x->b->at, "at takes an instant or a date");
	return RC_OK;
}

/* ---- the fields that must be equal */
/* Whether this is "field of the other population = something of the item under test", printed without conversion. */
static bool is_equality(const struct expr *x, const struct expr **field, const struct expr **value)
{
	const struct expr *a, *b;

	if (x->op != OP_EQ)
		return false;
	a = x->a->op == OP_FIELD && x->a->is_other ? x->a : x->b;
	b = a == x->a ? x->b : x->a;
	if (a->op != OP_FIELD || !a->is_other || b->reads_other || b->type == EXPR_NULL || a->type != b->type ||
	    (a->type == EXPR_NUMBER && a->scale != b->scale) || a->type == EXPR_BOOL || a->type == EXPR_ENUM || a->type == EXPR_DATE)
		return false;
	*field = a;
	*value = b;
	return true;
}

/* The equality by which items are found best: the last part of the natural key is the most telling, else any. */
static const struct expr *best_equality(const struct collection *c, const struct expr *x, const struct expr *best)
{
	const struct expr *field, *value, *old, *ignored;
	size_t i;

	if (x->op == OP_AND)
		return best_equality(c, x->b, best_equality(c, x->a, best));
	if (!is_equality(x, &field, &value))
		return best;
	if (best == NULL || !is_equality(best, &old, &ignored))
		return x;
	for (i = c->n_key; i > 0; i--)
		if (c->key[i - 1] == field->field->index || c->key[i - 1] == old->field->index)
			return c->key[i - 1] == field->field->index ? x : best;
	return best;
}

void expr_lookups(const struct expr *x, void (*each)(void *, const struct expr_lookup *), void *ctx)
{
	const struct expr *field, *value, *best;

	if (x == NULL)
		return;
	if (x->op != OP_EXISTS && x->op != OP_COUNT_OF) {
		expr_lookups(x->a, each, ctx);
		expr_lookups(x->b, each, ctx);
		return;
	}
	best = best_equality(x->other, x->a, NULL);
	each(ctx, &(struct expr_lookup){ x->other, best != NULL && is_equality(best, &field, &value) ? field->field : NULL });
}

/* ---- the items that were there: of a listing those of each source's last extraction at or before the instant */
static void put_instant(struct printer *p, const struct expr *x)
{
	if (x->b != NULL)
		expr_put_time(p, x->b);
	else
		buf_z(p->b, p->to->asof);
}

static void put_items(struct printer *p, const struct expr *x)
{
	const struct collection *c = x->other;

	if (c->n_period > 0) {
		buf_fmt(p->b, "item_%.*s o WHERE ", STR_FMT(c->name));
		if (p->to->left_streams != NULL && !c->is_derived)
			buf_fmt(p->b, "NOT EXISTS(SELECT 1 FROM ingest gi WHERE gi.id=o.ingest AND gi.stream IN (%s)) AND ",
			    p->to->left_streams);
		return;
	}
	buf_fmt(p->b, "version_%.*s o WHERE o.first_at<=", STR_FMT(c->name));
	put_instant(p, x);
	buf_fmt(p->b, " AND o.last_at>=(SELECT max(ox.at) FROM extraction ox WHERE ox.stream=o.stream AND ox.collection='%.*s' AND"
	    " ox.at<=", STR_FMT(c->name));
	put_instant(p, x);
	buf_z(p->b, ") AND ");
	if (p->to->left_streams != NULL)
		buf_fmt(p->b, "o.stream NOT IN (%s) AND ", p->to->left_streams);
}

/* 1 where what is not found is not there, else NULL. */
static void put_whole(struct printer *p, const struct expr *x)
{
	const struct collection *c = x->other;

	if (c->n_period > 0) {
		buf_z(p->b, p->to->is_whole != NULL && p->to->is_whole(p->to->ctx, c) ? "1" : "NULL");
		return;
	}
	buf_z(p->b, "(SELECT CASE WHEN count(*)>0 AND sum(ox.at=(SELECT max(oy.at) FROM extraction oy WHERE oy.stream=ox.stream AND"
	    " oy.collection=ox.collection AND oy.at<=");
	put_instant(p, x);
	buf_fmt(p->b, ") AND EXISTS(SELECT 1 FROM extraction_ingest oi JOIN ingest og ON og.id=oi.ingest WHERE oi.extraction=ox.id"
	    " AND (og.partial=1 OR og.complete=0)))=0 THEN 1 END FROM extraction ox WHERE ox.collection='%.*s' AND ox.at<=",
	    STR_FMT(c->name));
	put_instant(p, x);
	if (p->to->left_streams != NULL)
		buf_fmt(p->b, " AND ox.stream NOT IN (%s)", p->to->left_streams);
	buf_c(p->b, ')');
}

static bool is_indexed(const struct printer *p, const struct expr *x, const struct field *f)
{
	return p->to->is_indexed != NULL && p->to->is_indexed(p->to->ctx, &(struct expr_lookup){ x->other, f });
}

/* The references of all that a subject is joined with. */
static void put_joined(struct printer *p, const struct expr *value)
{
	buf_z(p->b, "(SELECT oa.id FROM subject oa WHERE oa.root=(SELECT ob.root FROM subject ob WHERE ob.id=");
	expr_put(p, value);
	buf_z(p->b, "))");
}

/* "o.id IN (…) AND ": the rows whose field has the value, or with ${or_unknown} may have it, from the lookup's index. */
static void put_candidates(struct printer *p, const struct expr *x, const struct expr *best, bool or_unknown)
{
	const struct expr *field, *value;
	struct str name, f;

	if (best == NULL || !is_equality(best, &field, &value) || !is_indexed(p, x, field->field))
		return;
	name = x->other->name;
	f = field->field->name;
	buf_fmt(p->b, "o.id IN (SELECT id FROM temp.look_%.*s_%.*s WHERE v", STR_FMT(name), STR_FMT(f));
	if (field->type == EXPR_SUBJECT) {
		buf_z(p->b, " IN ");
		put_joined(p, value);
	} else {
		buf_c(p->b, '=');
		expr_put(p, value);
	}
	if (or_unknown)
		buf_fmt(p->b, " UNION ALL SELECT id FROM temp.look_%.*s_%.*s WHERE v IS NULL", STR_FMT(name), STR_FMT(f));
	if (or_unknown && field->type == EXPR_SUBJECT)
		buf_fmt(p->b, " UNION ALL SELECT ol.id FROM subject oa JOIN temp.look_%.*s_%.*s ol ON ol.v=oa.id WHERE oa.person=0",
		    STR_FMT(name), STR_FMT(f));
	buf_z(p->b, ") AND ");
}

/* Some item for which the condition is unknown. */
static void put_some_unknown(struct printer *p, const struct expr *x, const struct expr *best)
{
	const struct expr *field, *value;

	if (best == NULL || !is_equality(best, &field, &value)) {
		buf_z(p->b, "EXISTS(SELECT 1 FROM ");
		put_items(p, x);
		expr_put(p, x->a);
		buf_z(p->b, " IS NULL)");
		return;
	}
	/* the value to look for is itself unknown, or the person is: any item may be the one */
	buf_z(p->b, "CASE WHEN ");
	expr_put(p, value);
	buf_z(p->b, " IS NULL");
	if (field->type == EXPR_SUBJECT) {
		buf_z(p->b, " OR (SELECT ob.person FROM subject ob WHERE ob.id=");
		expr_put(p, value);
		buf_z(p->b, ")=0");
	}
	buf_z(p->b, " THEN EXISTS(SELECT 1 FROM ");
	put_items(p, x);
	expr_put(p, x->a);
	buf_z(p->b, " IS NULL) ELSE EXISTS(SELECT 1 FROM ");
	put_items(p, x);
	put_candidates(p, x, best, true);
	expr_put(p, x->a);
	buf_z(p->b, " IS NULL) END");
}

void expr_put_other(struct printer *p, const struct expr *x)
{
	const struct expr *best = best_equality(x->other, x->a, NULL);

	buf_z(p->b, "(CASE WHEN ");
	if (x->op == OP_EXISTS) {
		buf_z(p->b, "EXISTS(SELECT 1 FROM ");
		put_items(p, x);
		put_candidates(p, x, best, false);
		expr_put(p, x->a);
		buf_z(p->b, ") THEN 1 WHEN ");
	}
	put_some_unknown(p, x, best);
	buf_z(p->b, " THEN NULL WHEN ");
	put_whole(p, x);
	if (x->op == OP_EXISTS) {
		buf_z(p->b, " THEN 0 END)");
		return;
	}
	buf_fmt(p->b, " THEN (SELECT count(%s) FROM ", x->other->n_period > 0 ? "*" : "DISTINCT o.item");
	put_items(p, x);
	put_candidates(p, x, best, false);
	expr_put(p, x->a);
	buf_z(p->b, ") END)");
}

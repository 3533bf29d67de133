/* mapping_path: see mapping_path.h. */
#include "collect/mapping_path.h"

#include <string.h>

enum { STEPS_MAX = 32, UP_MAX = 8 };

static bool push(struct path *p, enum step_kind kind, struct str name, struct err *e, struct step **out)
{
	if (p->n == STEPS_MAX) {
		(void)err_set(e, RC_INVALID, "a path has at most %d names", STEPS_MAX);
		return false;
	}
	*out = &p->steps[p->n++];
	(*out)->kind = kind;
	(*out)->name = name;
	return true;
}

/* "[]", "[0]", "[last]", "[name=value]"; ${inside} is between the brackets. */
static enum rc bracket(struct path *p, struct str inside, struct err *e)
{
	ptrdiff_t eq = str_find(inside, STR("="));
	struct step *s;
	uint64_t place;

	if (inside.n == 0)
		return push(p, STEP_ALL, STR_NONE, e, &s) ? RC_OK : RC_INVALID;
	if (str_is(inside, "last"))
		return push(p, STEP_LAST, STR_NONE, e, &s) ? RC_OK : RC_INVALID;
	if (num_u64(inside, 1000000, &place)) {
		if (!push(p, STEP_PLACE, STR_NONE, e, &s))
			return RC_INVALID;
		s->place = (size_t)place;
		return RC_OK;
	}
	if (eq <= 0)
		return err_set(e, RC_INVALID, "in brackets stands nothing, a place from 0, last, or name=value, not \"%.*s\"",
		    STR_FMT(inside));
	if (!push(p, STEP_SELECT, str_sub(inside, 0, (size_t)eq), e, &s))
		return RC_INVALID;
	s->value = str_sub(inside, (size_t)eq + 1, inside.n);
	return RC_OK;
}

/* A name, in quotes when it holds dots or brackets. */
static enum rc name(struct path *p, struct str *rest, struct err *e)
{
	struct str t = *rest;
	struct step *s;
	ptrdiff_t close;
	size_t n = 0;

	if (t.p[0] == '"') {
		close = str_find(str_sub(t, 1, t.n), STR("\""));
		if (close < 0)
			return err_set(e, RC_INVALID, "a quoted name of the path is never closed");
		*rest = str_sub(t, (size_t)close + 2, t.n);
		return push(p, STEP_NAME, str_sub(t, 1, (size_t)close), e, &s) ? RC_OK : RC_INVALID;
	}
	while (n < t.n && t.p[n] != '.' && t.p[n] != '[')
		n++;
	if (n == 0)
		return err_set(e, RC_INVALID, "a path is a name, or names with dots between them");
	*rest = str_sub(t, n, t.n);
	return push(p, STEP_NAME, str_sub(t, 0, n), e, &s) ? RC_OK : RC_INVALID;
}

enum rc path_compile(struct arena *a, struct str t, struct path *p, struct err *e)
{
	enum rc rc;

	memset(p, 0, sizeof(*p));
	if (t.n == 0)
		return err_set(e, RC_INVALID, "a path is a name, or names with dots between them");
	while (t.n > 0 && t.p[0] == '^' && p->up < UP_MAX) {
		p->up++;
		t = str_sub(t, 1, t.n);
	}
	if (p->up == 0 && t.p[0] == '/') {
		p->from_root = true;
		t = str_sub(t, 1, t.n);
	}
	if (str_is(t, ".") || t.n == 0)
		return RC_OK;
	p->steps = ARENA_ARRAY(a, STEPS_MAX, struct step);
	for (;;) {
		if (t.n > 0 && t.p[0] != '[' && (rc = name(p, &t, e)) != RC_OK)
			return rc;
		while (t.n > 0 && t.p[0] == '[') {
			ptrdiff_t close = str_find(t, STR("]"));

			if (close < 0)
				return err_set(e, RC_INVALID, "a bracket of the path is never closed");
			if ((rc = bracket(p, str_sub(t, 1, (size_t)close - 1), e)) != RC_OK)
				return rc;
			t = str_sub(t, (size_t)close + 1, t.n);
		}
		if (t.n == 0)
			return RC_OK;
		if (t.p[0] != '.' || t.n == 1)
			return err_set(e, RC_INVALID, "a path is a name, or names with dots between them");
		t = str_sub(t, 1, t.n);
		if (t.p[0] == '.')
			return err_set(e, RC_INVALID, "a path is a name, or names with dots between them");
	}
}

struct walk {
	const struct path *path;
	bool spread, want_first;
	const struct value *found, *found_null;
	void (*each)(void *ctx, const struct value *, const struct scope *);
	void *ctx;
};

static struct str text_of(const struct value *v)
{
	if (v->type == VALUE_BOOL)
		return v->is_true ? STR("true") : STR("false");
	return v->type == VALUE_STRING || v->type == VALUE_NUMBER ? v->text : STR_NONE;
}

static void arrived(struct walk *w, const struct value *v, const struct scope *s)
{
	size_t i;

	if (w->want_first) {
		if (v->type == VALUE_NULL)
			w->found_null = w->found_null != NULL ? w->found_null : v;
		else if (w->found == NULL)
			w->found = v;
	} else if (w->spread && v->type == VALUE_LIST) {
		for (i = 0; i < v->n; i++) {
			const struct scope inner = { &v->items[i], s };

			w->each(w->ctx, &v->items[i], &inner);
		}
	} else if (w->spread) {
		const struct scope inner = { v, s };

		if (v->type != VALUE_NULL)
			w->each(w->ctx, v, &inner);
	} else {
		w->each(w->ctx, v, s);
	}
}

/* The element whose member says so; a map stands for a list of one. */
static const struct value *selected(const struct step *step, const struct value *v)
{
	size_t n = v->type == VALUE_LIST ? v->n : v->type == VALUE_MAP ? 1 : 0, i;
	const struct value *items = v->type == VALUE_LIST ? v->items : v, *m;

	for (i = 0; i < n; i++) {
		m = value_get_str(&items[i], step->name);
		if (m != NULL && str_eq(text_of(m), step->value))
			return &items[i];
	}
	return NULL;
}

static void from_step(struct walk *w, size_t i, const struct value *v, const struct scope *s)
{
	size_t k;

	for (; v != NULL && i < w->path->n; i++) {
		const struct step *step = &w->path->steps[i];

		switch (step->kind) {
		case STEP_NAME:
			v = value_get_str(v, step->name);
			break;
		case STEP_PLACE:
			v = v->type == VALUE_LIST && step->place < v->n ? &v->items[step->place] :
			    v->type == VALUE_MAP && step->place == 0 ? v : NULL;
			break;
		case STEP_LAST:
			v = v->type == VALUE_LIST ? (v->n > 0 ? &v->items[v->n - 1] : NULL) : v->type == VALUE_MAP ? v : NULL;
			break;
		case STEP_SELECT:
			v = selected(step, v);
			break;
		case STEP_ALL:
			if (v->type == VALUE_MAP) {
				const struct scope inner = { v, s };

				from_step(w, i + 1, v, &inner);
			}
			for (k = 0; v->type == VALUE_LIST && k < v->n && w->found == NULL; k++) {
				const struct scope inner = { &v->items[k], s };

				from_step(w, i + 1, &v->items[k], &inner);
			}
			return;
		}
	}
	if (v != NULL)
		arrived(w, v, s);
}

static void start(struct walk *w, const struct scope *s)
{
	unsigned up = w->path->up;

	for (; up > 0 && s->around != NULL; up--)
		s = s->around;
	if (up > 0)
		return;
	while (w->path->from_root && s->around != NULL)
		s = s->around;
	from_step(w, 0, s->here, s);
}

const struct value *path_first(const struct path *p, const struct scope *s)
{
	struct walk w = { .path = p, .want_first = true };

	start(&w, s);
	return w.found != NULL ? w.found : w.found_null;
}

void path_each(const struct path *p, const struct scope *s, bool spread,
    void (*each)(void *ctx, const struct value *, const struct scope *), void *ctx)
{
	struct walk w = { .path = p, .spread = spread, .each = each, .ctx = ctx };

	start(&w, s);
}

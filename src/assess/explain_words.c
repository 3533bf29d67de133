/* explain_words: from an expression and the values on both sides of its comparisons to a sentence. */
#include "assess/explain_words.h"

enum truth { IS_FALSE, IS_TRUE, IS_UNKNOWN };

struct say {
	const struct plan *plan;
	struct arena *a;
	struct stmt *st;
	const struct zone *zone;
	struct buf out;
	bool guards;                    /* tell also of branches that were for other items */
};

static bool is_condition(const struct expr *x)
{
	return x->op == OP_AND || x->op == OP_OR || x->op == OP_NOT;
}

static bool is_comparison(const struct expr *x)
{
	return x->op == OP_EQ || x->op == OP_NE || x->op == OP_LT || x->op == OP_LE || x->op == OP_GT || x->op == OP_GE;
}

static bool is_time(const struct expr *x)
{
	return x->type == EXPR_INSTANT || x->type == EXPR_DATE;
}

static bool is_elapsed(const struct expr *x)
{
	return x->op == OP_HOURS || x->op == OP_DAYS;
}

/* ---- the plan */
static int column_of(const struct expr *x, const struct expr_binding *to, int *column, struct buf *sql)
{
	buf_c(sql, ',');
	if (x->type == EXPR_DATE) {             /* a date stands for its day's end */
		buf_z(sql, "(SELECT end_us FROM day WHERE day=");
		expr_sql(x, to, sql);
		buf_c(sql, ')');
	} else {
		expr_sql(x, to, sql);
	}
	return (*column)++;
}

static bool has_sides(const struct expr *x)
{
	return is_comparison(x) && x->a->type != EXPR_NULL && x->b->type != EXPR_NULL && x->a->type != EXPR_SUBJECT;
}

static void plan_add(struct plan *p, const struct expr *x, const struct expr_binding *to, int *column, struct buf *sql)
{
	struct atom *at;

	if (is_condition(x)) {
		plan_add(p, x->a, to, column, sql);
		if (x->b != NULL)
			plan_add(p, x->b, to, column, sql);
		return;
	}
	if (p->n == ATOMS_MAX)
		return;
	at = &p->atoms[p->n++];
	at->x = x;
	at->truth = column_of(x, to, column, sql);
	if (!has_sides(x))
		return;
	at->left = column_of(x->a, to, column, sql);
	at->right = column_of(x->b, to, column, sql);
	if (is_elapsed(x->a))
		at->start = column_of(x->a->a, to, column, sql);
}

void plan_make(struct plan *p, const struct collection *c, const struct expr *x, const struct expr_binding *to, int *column,
    struct buf *sql)
{
	p->collection = c;
	p->root = x;
	p->n = 0;
	plan_add(p, x, to, column, sql);
}

/* ---- words for fields */
static struct str spaced(struct arena *a, struct str name)
{
	char *p = arena_z(a, name);
	size_t i;

	for (i = 0; i < name.n; i++)
		if (p[i] == '_')
			p[i] = ' ';
	return (struct str){ p, name.n };
}

static struct str without_end(struct str s, const char *end)
{
	return str_ends(s, str_z(end)) ? str_sub(s, 0, s.n - str_z(end).n) : s;
}

struct str field_words(struct arena *a, const struct field *f)
{
	struct str s = f->name;

	if (f->type == FIELD_TIMESTAMP || f->type == FIELD_DATE)
		s = without_end(s, "_at");
	else if (f->type == FIELD_DECIMAL)
		s = without_end(s, "_percent");
	else if (f->type == FIELD_STRING || f->type == FIELD_SUBJECT)
		s = without_end(without_end(s, "_ref"), "_id");
	return spaced(a, s);
}

struct str field_noun(struct arena *a, const struct collection *c, const struct field *f)
{
	struct str noun = STR_NONE;
	const struct value *nouns = value_get(c->definition, "nouns"), *v;

	if (nouns != NULL && (v = value_get_str(nouns, f->name)) != NULL)
		noun = v->text;
	return noun.n > 0 ? noun : field_words(a, f);
}

static bool has_noun(const struct collection *c, const struct field *f)
{
	return value_get_str(value_get(c->definition, "nouns"), f->name) != NULL;
}

static struct str noun_of(struct say *s, const struct expr *x)
{
	if (x->op == OP_ASOF)
		return STR("the day of judging");
	return x->op == OP_FIELD ? field_noun(s->a, s->plan->collection, x->field) : STR("what was computed");
}

static struct str the(struct say *s, struct str noun)
{
	return str_starts(noun, STR("the ")) ? noun : arena_fmt(s->a, "the %.*s", STR_FMT(noun));
}

static struct str bare(struct str noun)
{
	return str_starts(noun, STR("the ")) ? str_sub(noun, 4, noun.n) : noun;
}

/* The left side of a comparison, as what happened: "approved", "reviewers other than the author". */
static struct str subject_of(struct say *s, const struct expr *x)
{
	switch (x->op) {
	case OP_FIELD:
		return field_words(s->a, x->field);
	case OP_ASOF:
		return STR("the day of judging");
	case OP_COUNT:
		return subject_of(s, x->a);
	case OP_WITHOUT:
		return arena_fmt(s->a, "%.*s other than %.*s", STR_FMT(subject_of(s, x->a)), STR_FMT(the(s, noun_of(s, x->b))));
	case OP_ADD:
	case OP_SUB:
		return arena_fmt(s->a, "%.*s %s %.*s", STR_FMT(subject_of(s, x->a)), x->op == OP_ADD ? "plus" : "less",
		    STR_FMT(subject_of(s, x->b)));
	case OP_NUMBER:
		return STR("");
	default:
		return STR("the count");
	}
}

/* ---- words for values */
static struct str trimmed_number(struct say *s, int64_t n, int64_t parts, unsigned places)
{
	int64_t ten = 1, whole, rest;
	struct str t;
	unsigned i;

	for (i = 0; i < places; i++)
		ten *= 10;
	if (n < 0)
		n = -n;
	whole = n / parts;
	rest = (n % parts * ten + parts / 2) / parts;       /* parts are at most those of a day: it fits */
	if (rest == ten) {
		whole++;
		rest = 0;
	}
	if (places == 0 || rest == 0)
		return arena_fmt(s->a, "%lld", (long long)whole);
	t = arena_fmt(s->a, "%lld.%0*lld", (long long)whole, (int)places, (long long)rest);
	while (t.p[t.n - 1] == '0')
		t.n--;
	return t;
}

/* Two places are what people read; more of them where two would hide that a limit was passed. */
static struct str amount(struct say *s, int64_t n, int64_t parts, struct str not_this)
{
	struct str t = STR_NONE;
	unsigned places;

	for (places = 2; places <= 6; places++) {
		t = trimmed_number(s, n, parts, places);
		if (!str_eq(t, not_this))
			break;
	}
	return str_eq(t, not_this) ? arena_fmt(s->a, "just over %.*s", STR_FMT(t)) : t;
}

static struct str lapse(struct say *s, int64_t us)
{
	int64_t n = us < 0 ? -us : us;

	if (n < 36 * US_PER_SECOND)
		return arena_fmt(s->a, "%.*s seconds", STR_FMT(trimmed_number(s, n, US_PER_SECOND, 3)));
	if (n < 48 * 3600 * US_PER_SECOND)
		return arena_fmt(s->a, "%.*s hours", STR_FMT(trimmed_number(s, n, SCALE_HOUR, 2)));
	return arena_fmt(s->a, "%.*s days", STR_FMT(trimmed_number(s, n, SCALE_DAY, 2)));
}

static struct str value_words(struct say *s, const struct expr *x, int column)
{
	char text[32];
	int64_t n;

	if (column_is_null(s->st, column))
		return STR("nothing");
	switch (x->type) {
	case EXPR_NUMBER:
		n = column_i64(s->st, column);
		if (x->scale == SCALE_ONE)
			return arena_fmt(s->a, "%lld", (long long)n);
		if (x->scale == SCALE_MILLIONTH) {
			struct str t = arena_str(s->a, (struct str){ text, num_decimal_fmt(n, text) });

			return x->op == OP_FIELD && str_ends(x->field->name, STR("_percent")) ? arena_fmt(s->a, "%.*s %%", STR_FMT(t)) : t;
		}
		return trimmed_number(s, n, x->scale, 2);
	case EXPR_BOOL:
		return column_i64(s->st, column) != 0 ? STR("yes") : STR("no");
	case EXPR_INSTANT:
	case EXPR_DATE:
		return instant_fmt(s->a, column_i64(s->st, column));
	default:
		return arena_str(s->a, column_text(s->st, column));
	}
}

/* ---- one comparison */
static void phrase(struct say *s, struct str words)
{
	if (str_find(buf_view(&s->out), words) >= 0)
		return;
	buf_z(&s->out, s->out.n > 0 ? ", " : "");
	buf_str(&s->out, words);
}

static void say_null(struct say *s, const struct expr *x, bool holds)
{
	const struct field *f = (x->a->type == EXPR_NULL ? x->b : x->a)->field;
	bool is_null = (x->op == OP_EQ) == holds, is_time_field = f->type == FIELD_TIMESTAMP || f->type == FIELD_DATE;
	struct str noun = bare(field_noun(s->a, s->plan->collection, f));

	if (is_null && is_time_field)
		phrase(s, has_noun(s->plan->collection, f) ? arena_fmt(s->a, "no %.*s recorded", STR_FMT(noun)) :
		    arena_fmt(s->a, "%.*s: no time recorded", STR_FMT(noun)));
	else if (is_null)
		phrase(s, arena_fmt(s->a, "no %.*s", STR_FMT(noun)));
	else
		phrase(s, arena_fmt(s->a, "%.*s recorded", STR_FMT(noun)));
}

static void say_time(struct say *s, const struct atom *at)
{
	const struct expr *a = at->x->a, *b = at->x->b;
	int64_t left = column_i64(s->st, at->left), right = column_i64(s->st, at->right), apart = left - right;
	struct str values = arena_fmt(s->a, "(%.*s, %.*s)", STR_FMT(value_words(s, a, at->left)),
	    STR_FMT(value_words(s, b, at->right)));
	struct str far = lapse(s, apart);

	if (a->op == OP_ASOF)
		phrase(s, arena_fmt(s->a, "%.*s %s %.*s (%.*s)", STR_FMT(far), apart >= 0 ? "past" : "before", STR_FMT(noun_of(s, b)),
		    STR_FMT(value_words(s, b, at->right))));
	else if (b->op == OP_ASOF)
		phrase(s, arena_fmt(s->a, "%.*s %.*s %s (%.*s)", STR_FMT(subject_of(s, a)), STR_FMT(far), apart > 0 ? "later" : "ago",
		    STR_FMT(value_words(s, a, at->left))));
	else if (apart == 0)
		phrase(s, arena_fmt(s->a, "%.*s at the same time as %.*s", STR_FMT(subject_of(s, a)), STR_FMT(noun_of(s, b))));
	else
		phrase(s, arena_fmt(s->a, "%.*s %.*s %s %.*s %.*s", STR_FMT(subject_of(s, a)), STR_FMT(far), apart > 0 ? "after" :
		    "before", STR_FMT(noun_of(s, b)), STR_FMT(values)));
}

static void say_elapsed(struct say *s, const struct atom *at)
{
	const struct expr *a = at->x->a, *b = at->x->b;
	const char *unit = a->op == OP_HOURS ? "hours" : "days";
	struct str allowed = value_words(s, b, at->right);
	struct str took = amount(s, column_i64(s->st, at->left), a->scale, allowed);
	int64_t limit = column_i64(s->st, at->right) * (a->scale / b->scale);
	bool most = at->x->op == OP_LE || at->x->op == OP_LT;

	if (!most || b->op != OP_NUMBER)
		phrase(s, arena_fmt(s->a, "%.*s %s from %.*s to %.*s, compared with %.*s", STR_FMT(took), unit,
		    STR_FMT(noun_of(s, a->a)), STR_FMT(noun_of(s, a->b)), STR_FMT(allowed)));
	else if (a->b->op == OP_ASOF)
		phrase(s, arena_fmt(s->a, "limit passed on %.*s (%.*s %s since %.*s, %.*s allowed)",
		    STR_FMT(date_fmt(s->a, zone_date(s->zone, column_i64(s->st, at->start) + limit))), STR_FMT(took), unit,
		    STR_FMT(noun_of(s, a->a)), STR_FMT(allowed)));
	else
		phrase(s, arena_fmt(s->a, "%.*s after %.*s %s, %.*s allowed", STR_FMT(subject_of(s, a->b)), STR_FMT(took), unit,
		    STR_FMT(allowed)));
}

static enum expr_op turned(enum expr_op op)
{
	switch (op) {
	case OP_LT:
		return OP_GE;
	case OP_LE:
		return OP_GT;
	case OP_GT:
		return OP_LE;
	case OP_GE:
		return OP_LT;
	case OP_EQ:
		return OP_NE;
	default:
		return OP_EQ;
	}
}

/* What is: the comparison when it holds, its opposite when it does not. */
static void say_number(struct say *s, const struct atom *at, bool holds)
{
	const struct expr *a = at->x->a, *b = at->x->b;
	enum expr_op is = holds ? at->x->op : turned(at->x->op);
	struct str va = value_words(s, a, at->left), vb = value_words(s, b, at->right), first;
	static const char *const than[] = { "equal to", "not equal to", "less than", "at most", "more than", "at least" };

	if (a->op == OP_COUNT && str_is(va, "0"))
		va = STR("no");
	first = a->op == OP_COUNT ? arena_fmt(s->a, "%.*s %.*s", STR_FMT(va), STR_FMT(subject_of(s, a))) :
	    arena_fmt(s->a, "%.*s %.*s", STR_FMT(subject_of(s, a)), STR_FMT(va));
	if (b->op == OP_NUMBER && !holds) {
		static const char *const before[] = { "", "not ", "less than ", "", "more than ", "at least " };
		static const char *const after[] = { "expected", "expected", "allowed", "allowed", "needed", "needed" };

		phrase(s, arena_fmt(s->a, "%.*s, %s%.*s %s", STR_FMT(first), before[at->x->op - OP_EQ], STR_FMT(vb),
		    after[at->x->op - OP_EQ]));
		return;
	}
	phrase(s, arena_fmt(s->a, "%.*s, %s %.*s %.*s", STR_FMT(first), than[is - OP_EQ], STR_FMT(b->op == OP_FIELD ?
	    bare(noun_of(s, b)) : subject_of(s, b)), STR_FMT(vb)));
}

static void say_equal(struct say *s, const struct atom *at, bool holds)
{
	const struct expr *a = at->x->a, *b = at->x->b, *t;
	int left = at->left, right = at->right;
	bool same = (at->x->op == OP_EQ) == holds;

	if (a->op != OP_FIELD) {                /* the field stands first */
		t = a;
		a = b;
		b = t;
		left = at->right;
		right = at->left;
	}
	if (at->x->a->type == EXPR_SUBJECT)
		phrase(s, arena_fmt(s->a, "%.*s %s %.*s", STR_FMT(bare(noun_of(s, a))), same ? "is" : "is not", STR_FMT(the(s,
		    noun_of(s, b)))));
	else if (b->op == OP_FIELD)
		phrase(s, arena_fmt(s->a, "%.*s %s %.*s: %.*s, %.*s", STR_FMT(bare(noun_of(s, a))), same ? "equals" : "differs from",
		    STR_FMT(the(s, noun_of(s, b))), STR_FMT(value_words(s, a, left)), STR_FMT(value_words(s, b, right))));
	else if (same)
		phrase(s, arena_fmt(s->a, "%.*s %.*s", STR_FMT(subject_of(s, a)), STR_FMT(value_words(s, a, left))));
	else
		phrase(s, arena_fmt(s->a, "%.*s %.*s, %.*s expected", STR_FMT(subject_of(s, a)), STR_FMT(value_words(s, a, left)),
		    STR_FMT(value_words(s, b, right))));
}

static const struct atom *atom_of(const struct say *s, const struct expr *x)
{
	size_t i;

	for (i = 0; i < s->plan->n; i++)
		if (s->plan->atoms[i].x == x)
			return &s->plan->atoms[i];
	return NULL;
}

static void say_atom(struct say *s, const struct expr *x, bool holds)
{
	const struct atom *at = atom_of(s, x);

	if (at == NULL)
		return;
	if (x->op == OP_FIELD)
		phrase(s, arena_fmt(s->a, "%.*s: %s", STR_FMT(field_words(s->a, x->field)), holds ? "yes" : "no"));
	else if (!is_comparison(x))
		phrase(s, holds ? STR("there is one where none may be") : STR("there is none where one must be"));
	else if (x->a->type == EXPR_NULL || x->b->type == EXPR_NULL)
		say_null(s, x, holds);
	else if (is_elapsed(x->a))
		say_elapsed(s, at);
	else if (is_time(x->a))
		say_time(s, at);
	else if (x->a->type == EXPR_NUMBER)
		say_number(s, at, holds);
	else
		say_equal(s, at, holds);
}

/* ---- the tree */
static enum truth truth_of(const struct say *s, const struct expr *x)
{
	const struct atom *at;
	enum truth a, b;

	if (x->op == OP_NOT) {
		a = truth_of(s, x->a);
		return a == IS_UNKNOWN ? a : a == IS_TRUE ? IS_FALSE : IS_TRUE;
	}
	if (x->op == OP_AND || x->op == OP_OR) {
		enum truth strong = x->op == OP_AND ? IS_FALSE : IS_TRUE;

		a = truth_of(s, x->a);
		b = truth_of(s, x->b);
		if (a == strong || b == strong)
			return strong;
		return a == IS_UNKNOWN || b == IS_UNKNOWN ? IS_UNKNOWN : a;
	}
	at = atom_of(s, x);
	if (at == NULL || column_is_null(s->st, at->truth))
		return IS_UNKNOWN;
	return column_i64(s->st, at->truth) != 0 ? IS_TRUE : IS_FALSE;
}

/* "x = null and …" of an item that has x: that branch was written for others. */
static bool for_others(const struct say *s, const struct expr *x)
{
	if (x->op == OP_AND)
		return for_others(s, x->a) || for_others(s, x->b);
	return x->op == OP_EQ && (x->a->type == EXPR_NULL || x->b->type == EXPR_NULL) && truth_of(s, x) == IS_FALSE;
}

static void why(struct say *s, const struct expr *x, enum truth is)
{
	const struct expr *side[2] = { x->a, x->b };
	int i;

	if (x->op == OP_NOT) {
		why(s, x->a, is == IS_TRUE ? IS_FALSE : IS_TRUE);
		return;
	}
	if (!is_condition(x)) {
		say_atom(s, x, is == IS_TRUE);
		return;
	}
	for (i = 0; i < 2; i++) {
		if (truth_of(s, side[i]) != is)
			continue;
		if (!s->guards && x->op == OP_OR && side[i]->op == OP_AND && for_others(s, side[i]))
			continue;
		why(s, side[i], is);
	}
}

struct str plan_why(const struct plan *p, struct arena *a, struct stmt *st, const struct zone *z)
{
	struct say s = { .plan = p, .a = a, .st = st, .zone = z };
	struct str out;

	buf_init(&s.out, 1 << 16);
	if (truth_of(&s, p->root) != IS_UNKNOWN) {
		why(&s, p->root, truth_of(&s, p->root));
		s.guards = true;
		if (s.out.n == 0)
			why(&s, p->root, truth_of(&s, p->root));
	}
	out = arena_str(a, buf_view(&s.out));
	buf_done(&s.out);
	return out;
}

/* explain: see explain.h. */
#include "assess/explain.h"

#include <stdio.h>
#include <string.h>

#include "assess/derive.h"
#include "assess/explain_words.h"

enum { SEEN_MAX = 4000 };

struct ask {
	struct state *s;
	struct arena *a;
	const struct test *test;
	const struct left *left;
	const struct run_period *p;
	char asof[32];
	struct expr_binding to;
	struct buf sql;
	struct err *e;
};

static void ask_init(struct ask *q, const struct result *r)
{
	q->left = &r->left;
	(void)snprintf(q->asof, sizeof(q->asof), "%lld", (long long)r->asof_us);
	q->to = q->test->population->n_period > 0 ? (struct expr_binding){ .row = "i", .asof = q->asof } :
	    (struct expr_binding){ .row = "v", .asof = "x.at" };
	q->to.left_streams = q->left->streams;
	buf_init(&q->sql, 1 << 22);
}

/* " FROM … WHERE …" over the rows that the test judges: the same as in run.c. */
static enum rc rows(struct ask *q)
{
	const struct collection *c = q->test->population;
	const struct zone *z = state_zone(q->s);
	enum rc rc;

	buf_z(&q->sql, " FROM ");
	if (c->n_period == 0) {
		buf_fmt(&q->sql, "version_%.*s v JOIN item_%.*s k ON k.id=v.item JOIN extraction x ON x.stream=v.stream AND"
		    " x.collection='%.*s' AND x.at BETWEEN v.first_at AND v.last_at WHERE x.at>=%lld AND x.at<%lld", STR_FMT(c->name),
		    STR_FMT(c->name), STR_FMT(c->name), (long long)zone_day_start_us(z, q->p->from_day),
		    (long long)zone_day_start_us(z, q->p->to_day + 1));
		return RC_OK;
	}
	if (!c->is_derived)
		buf_fmt(&q->sql, "item_%.*s i", STR_FMT(c->name));
	else if ((rc = derive_table(q->s, q->a, c, q->p, q->asof, &q->sql, q->e)) != RC_OK)
		return rc;
	buf_fmt(&q->sql, " WHERE i.day BETWEEN %lld AND %lld", (long long)q->p->from_day, (long long)q->p->to_day);
	return RC_OK;
}

/* Those that count, and of them those that the filter takes; ${and_unknown}: also those of which it cannot tell. */
static void where(struct ask *q, bool and_unknown)
{
	if (left_any(q->left)) {
		buf_z(&q->sql, " AND ");
		left_sql(q->left, q->test->population, &q->to, &q->sql);
		buf_z(&q->sql, "=0");
	}
	if (q->test->where_expr == NULL)
		return;
	buf_z(&q->sql, and_unknown ? " AND ifnull(" : " AND (");
	expr_sql(q->test->where_expr, &q->to, &q->sql);
	buf_z(&q->sql, and_unknown ? ",1)" : ")");
}

static enum rc prepare(struct ask *q, struct stmt **st)
{
	enum rc rc = buf_ok(&q->sql, "the statement that asks why", q->e);

	return rc != RC_OK ? rc : db_prepare(state_db(q->s), buf_view(&q->sql), st, q->e);
}

/* ---- deviations */
/* The item under way: a sentence for each letter, from the first row that shows it. */
struct gathered {
	struct str words[ATTRIBUTES_MAX];
	int64_t *seen;
	size_t n_seen;
};

/* "A, B: no removal recorded; C: …"; without letters when there is one. */
static struct str sentence(struct arena *a, const struct test *t, const struct gathered *g)
{
	struct buf b;
	struct str out;
	unsigned letters = 0;
	size_t i, k;
	bool first;

	for (i = 0; i < t->n_attributes; i++)
		letters += g->words[i].p != NULL;
	buf_init(&b, LIMIT_RECORD);
	for (i = 0; i < t->n_attributes; i++) {
		for (k = 0; k < i && !(g->words[k].p != NULL && str_eq(g->words[k], g->words[i])); k++)
			;
		if (g->words[i].p == NULL || k < i)
			continue;                       /* told with the letter before it */
		buf_z(&b, b.n > 0 ? "; " : "");
		for (k = i, first = true; letters > 1 && k < t->n_attributes; k++) {
			if (g->words[k].p == NULL || !str_eq(g->words[k], g->words[i]))
				continue;
			buf_fmt(&b, "%s%c", first ? "" : ", ", t->attributes[k].letter);
			first = false;
		}
		buf_z(&b, letters > 1 ? ": " : "");
		buf_str(&b, g->words[i]);
	}
	out = arena_str(a, buf_view(&b));
	buf_done(&b);
	return out;
}

static void gather_row(struct ask *q, struct gathered *g, const struct plan *plans, struct stmt *st)
{
	int64_t at = column_i64(st, 1);
	size_t i;

	for (i = 0; i < q->test->n_attributes; i++)
		if (plans[i].root != NULL && g->words[i].p == NULL && !column_is_null(st, 2 + (int)i) && column_i64(st, 2 + (int)i) == 0)
			g->words[i] = plan_why(&plans[i], q->a, st, state_zone(q->s));
	if (q->test->population->n_period > 0 || g->n_seen == SEEN_MAX || (g->n_seen > 0 && g->seen[g->n_seen - 1] == at))
		return;
	if (g->seen == NULL)
		g->seen = ARENA_ARRAY(q->a, SEEN_MAX, int64_t);
	g->seen[g->n_seen++] = at;
}

/* key, at, the attributes, then what their plans want; only rows that show a deviation. */
static enum rc deviating_rows(struct ask *q, struct plan *plans, struct str key, struct stmt **st)
{
	const struct test *t = q->test;
	const struct collection *c = t->population;
	const char *between = "";
	int column = 2 + (int)t->n_attributes;
	size_t i;
	enum rc rc;

	buf_fmt(&q->sql, "SELECT %s,%s", c->n_period > 0 ? "i.key" : "k.key", c->n_period > 0 ? "i.at" : "x.at");
	for (i = 0; i < t->n_attributes; i++) {
		buf_c(&q->sql, ',');
		if (t->attributes[i].expr != NULL)
			expr_sql(t->attributes[i].expr, &q->to, &q->sql);
		else
			buf_z(&q->sql, "NULL");
	}
	for (i = 0; i < t->n_attributes; i++)
		if (t->attributes[i].expr != NULL)
			plan_make(&plans[i], c, t->attributes[i].expr, &q->to, &column, &q->sql);
	if ((rc = rows(q)) != RC_OK)
		return rc;
	where(q, false);
	buf_z(&q->sql, " AND (");
	for (i = 0; i < t->n_attributes; i++) {
		if (t->attributes[i].expr == NULL)
			continue;
		buf_fmt(&q->sql, "%sNOT ", between);
		expr_sql(t->attributes[i].expr, &q->to, &q->sql);
		between = " OR ";
	}
	buf_c(&q->sql, ')');
	if (key.p != NULL) {
		buf_fmt(&q->sql, " AND %s.key=", c->n_period > 0 ? "i" : "k");
		sql_text(&q->sql, key);
	}
	buf_fmt(&q->sql, " ORDER BY %s,%s", c->n_period > 0 ? "i.key" : "k.key", c->n_period > 0 ? "i.at" : "x.at,v.id");
	return prepare(q, st);
}

static enum rc explain(struct ask *q, const struct result *r, struct str key, size_t most, struct explained *out)
{
	const struct test *t = q->test;
	struct plan *plans = ARENA_ARRAY(q->a, t->n_attributes, struct plan);
	struct gathered g;
	struct stmt *st = NULL;
	size_t i = 0;
	bool row;
	enum rc rc;

	memset(&g, 0, sizeof(g));
	if ((rc = deviating_rows(q, plans, key, &st)) != RC_OK)
		return rc;
	while ((rc = stmt_step(st, &row, q->e)) == RC_OK && row && i < most) {
		struct str k = column_text(st, 0);

		/* both are in the order of keys, and each deviation has a row here */
		while (i < most && !str_eq(r->deviations[i].key, k)) {
			out[i].why = sentence(q->a, t, &g);
			out[i].seen = g.seen;
			out[i].n_seen = g.n_seen;
			memset(&g, 0, sizeof(g));
			i++;
		}
		if (i < most)
			gather_row(q, &g, plans, st);
	}
	if (rc == RC_OK && i < most) {
		out[i].why = sentence(q->a, t, &g);
		out[i].seen = g.seen;
		out[i].n_seen = g.n_seen;
	}
	stmt_free(st);
	return rc;
}

enum rc explain_deviations(struct state *s, struct arena *a, const struct result *r, const struct run_period *p, size_t most,
    struct explained **out, struct err *e)
{
	struct ask q = { .s = s, .a = a, .test = r->test, .p = p, .e = e };
	enum rc rc;

	most = most < r->n_deviations ? most : r->n_deviations;
	*out = ARENA_ARRAY(a, most + 1, struct explained);
	if (most == 0)
		return RC_OK;
	ask_init(&q, r);
	rc = explain(&q, r, STR_NONE, most, *out);
	buf_done(&q.sql);
	return rc;
}

/* ---- what cannot be told */
/* Of one condition of which ${of} items are unknown: "the evidence does not supply approved_at". */
struct lack {
	const struct expr *x;
	struct buf words;
	uint64_t of;
};

static void list_word(struct lack *l, bool *open, const char *lead, struct str name, uint64_t n)
{
	buf_z(&l->words, *open ? ", " : l->words.n > 0 ? "; " : "");
	buf_z(&l->words, *open ? "" : lead);
	*open = true;
	buf_str(&l->words, name);
	if (n < l->of)
		buf_fmt(&l->words, " (%llu)", (unsigned long long)n);
}

static bool is_subject(const struct field *f)
{
	return f->type == FIELD_SUBJECT || (f->type == FIELD_LIST && f->item_type == FIELD_SUBJECT);
}

/* Columns of the inner query: key, supplied, t, a0…, f_…; of the outer one three for each field that the condition reads
 * (not supplied; null or unreadable; there, and yet its condition is unknown), before all one: t is true. */
static enum rc lack_statement(struct ask *q, struct lack *l, bool filter, struct stmt **st)
{
	const struct collection *c = q->test->population;
	uint64_t fields = expr_fields(l->x);
	const char *many;
	size_t i;
	enum rc rc;

	buf_clear(&q->sql);
	/* a listing shows an item in many rows, an event has one */
	many = c->n_period == 0 ? "count(DISTINCT CASE WHEN " : "count(CASE WHEN ";
	buf_fmt(&q->sql, "SELECT %st=1 THEN key END)", many);
	for (i = 0; i < c->n_fields; i++) {
		if (!(fields >> i & 1))
			continue;
		buf_fmt(&q->sql, ",%st IS NULL AND NOT supplied>>%zu&1 THEN key END)", many, i);
		buf_fmt(&q->sql, ",%st IS NULL AND supplied>>%zu&1 AND f%zu IS NULL THEN key END)", many, i, i);
		buf_fmt(&q->sql, ",%st IS NULL AND f%zu IS NOT NULL THEN key END)", many, i);
	}
	buf_fmt(&q->sql, " FROM (SELECT %s AS key,%s.supplied AS supplied", c->n_period > 0 ? "i.key" : "k.key", q->to.row);
	for (i = 0; i < c->n_fields; i++)
		if (fields >> i & 1)
			buf_fmt(&q->sql, ",%s.f_%.*s AS f%zu", q->to.row, STR_FMT(c->fields[i].name), i);
	buf_c(&q->sql, ',');
	expr_sql(l->x, &q->to, &q->sql);
	buf_z(&q->sql, " AS t");
	if ((rc = rows(q)) != RC_OK)
		return rc;
	if (!filter)
		where(q, true);
	buf_c(&q->sql, ')');
	return prepare(q, st);
}

static enum rc lack_words(struct ask *q, const struct expr *x, uint64_t of, bool filter, bool deviation_only, struct str *out)
{
	const struct collection *c = q->test->population;
	struct lack l = { .x = x, .of = of };
	uint64_t fields = expr_fields(x), n, settled;
	struct stmt *st = NULL;
	size_t i, subjects = 0;
	bool row, open = false;
	int at;
	enum rc rc;

	if ((rc = lack_statement(q, &l, filter, &st)) != RC_OK)
		return rc;
	if ((rc = stmt_step(st, &row, q->e)) != RC_OK || !row) {
		stmt_free(st);
		return rc;
	}
	buf_init(&l.words, LIMIT_RECORD);
	settled = (uint64_t)column_i64(st, 0);
	for (i = 0, at = 1; i < c->n_fields; i++) {
		if (!(fields >> i & 1))
			continue;
		if ((n = (uint64_t)column_i64(st, at)) > 0)
			list_word(&l, &open, "the evidence does not supply ", c->fields[i].name, n);
		subjects += is_subject(&c->fields[i]) && column_i64(st, at + 2) > 0;
		at += 3;
	}
	for (i = 0, at = 1, open = false; i < c->n_fields; i++) {
		if (!(fields >> i & 1))
			continue;
		if ((n = (uint64_t)column_i64(st, at + 1)) > 0)
			list_word(&l, &open, "nothing to compare stands in ", c->fields[i].name, n);
		at += 3;
	}
	if (subjects > 1 && l.words.n == 0) {
		for (i = 0, at = 1, open = false; i < c->n_fields; i++) {
			if (!(fields >> i & 1))
				continue;
			if (is_subject(&c->fields[i]))
				list_word(&l, &open, "not all of these are resolved to persons: ", c->fields[i].name, of);
			at += 3;
		}
	}
	if (deviation_only && settled > 0) {
		open = false;
		list_word(&l, &open, "the machine can show a deviation here and no more, so that a person decides", STR(""), of);
	}
	*out = arena_str(q->a, buf_view(&l.words));
	buf_done(&l.words);
	stmt_free(st);
	return rc;
}

enum rc explain_unknown(struct state *s, struct arena *a, const struct result *r, const struct run_period *p,
    struct str out[ATTRIBUTES_MAX], struct str *filter, struct err *e)
{
	struct ask q = { .s = s, .a = a, .test = r->test, .p = p, .e = e };
	size_t i;
	enum rc rc = RC_OK;

	*filter = STR_NONE;
	for (i = 0; i < r->test->n_attributes; i++)
		out[i] = STR_NONE;
	if (r->test->population == NULL || r->tested == 0)
		return RC_OK;
	ask_init(&q, r);
	if (r->filter_unknown > 0)
		rc = lack_words(&q, r->test->where_expr, r->filter_unknown, true, false, filter);
	for (i = 0; rc == RC_OK && i < r->test->n_attributes; i++)
		if (r->test->attributes[i].expr != NULL && r->counts[i].unknown > 0)
			rc = lack_words(&q, r->test->attributes[i].expr, r->counts[i].unknown, false,
			    r->test->attributes[i].deviation_only, &out[i]);
	buf_done(&q.sql);
	return rc;
}

/* ---- one item */
enum rc explain_item(struct state *s, struct arena *a, const struct collection *c, struct str key,
    const struct run_period *p, struct said **out, size_t *n, struct err *e)
{
	struct control **controls;
	struct explained *why;
	struct result *r;
	size_t count, i, k, d, room = 0;
	enum rc rc;

	*n = 0;
	if ((rc = controls_load(s, a, &controls, &count, e)) != RC_OK)
		return rc;
	for (i = 0; i < count; i++)
		room += controls[i]->n_tests;
	*out = ARENA_ARRAY(a, room, struct said);
	for (i = 0; i < count; i++) {
		for (k = 0; k < controls[i]->n_tests; k++) {
			const struct test *t = &controls[i]->tests[k];

			if (t->n_machine == 0 || t->population != c)
				continue;
			if ((rc = test_run(s, a, controls[i], t, p, &r, e)) != RC_OK)
				return rc;
			for (d = 0; d < r->n_deviations && !str_eq(r->deviations[d].key, key); d++)
				;
			if (d == r->n_deviations)
				continue;
			if ((rc = explain_deviations(s, a, r, p, d + 1, &why, e)) != RC_OK)
				return rc;
			(*out)[(*n)++] = (struct said){ controls[i], t, r->deviations[d], why[d].why };
		}
	}
	return RC_OK;
}

/* ---- undated items */
enum rc undated_items(struct state *s, struct arena *a, const struct collection *c, size_t most, struct str **out, size_t *n,
    struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	*n = 0;
	*out = ARENA_ARRAY(a, most + 1, struct str);
	if (c->is_derived || c->n_period == 0)
		return RC_OK;
	rc = db_prepare(state_db(s), arena_fmt(a, "SELECT key FROM item_%.*s WHERE day IS NULL ORDER BY key LIMIT %zu",
	    STR_FMT(c->name), most), &st, e);
	while (rc == RC_OK && (rc = stmt_step(st, &row, e)) == RC_OK && row && *n < most)
		(*out)[(*n)++] = arena_str(a, column_text(st, 0));
	stmt_free(st);
	return rc;
}

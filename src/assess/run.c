/* run: see run.h. */
#include "assess/run.h"

#include <stdio.h>
#include <string.h>

#include "assess/derive.h"
#include "assess/lookup.h"
#include "seal/hash.h"

enum { FIXED = 6 };     /* key, entry, at, extraction, supplied, doubt; then the filter, what sets it apart, attributes, fields */
enum verdict_of_item { MEETS, UNKNOWN, DEVIATES };

struct run {
	struct state *s;
	struct arena *a;
	const struct test *test;
	const struct run_period *period;
	struct result *out;
	struct str *refs;               /* hex of each subject's reference, by id */
	size_t n_refs;
	struct sha256 *items, *grid;
	struct buf line;
	size_t room;
	/* the item under way, over all its extractions */
	struct str key;
	bool any, in_scope, filter_unknown;
	int64_t left;                   /* what sets it apart, as left_sql has it */
	bool left_deviates;
	enum verdict_of_item verdict[ATTRIBUTES_MAX];
	struct deviation dev;
	struct err *e;
};

const char *test_state_name(enum test_state s)
{
	static const char *const names[] = { "met", "deviations", "not determinable", "no occurrences", "no items",
		"for a person" };

	return names[s];
}

int64_t run_asof(struct state *s, const struct run_period *p)
{
	int64_t end = zone_day_start_us(state_zone(s), p->to_day + 1);

	return p->now_us < end ? p->now_us : end;
}

static enum rc load_refs(struct run *r)
{
	struct stmt *st = NULL;
	int64_t most, id;
	bool row;
	enum rc rc;

	if ((rc = db_i64(state_db(r->s), "SELECT max(id) FROM subject", 0, &most, r->e)) != RC_OK ||
	    (rc = db_prepare(state_db(r->s), STR("SELECT id, ref FROM subject"), &st, r->e)) != RC_OK)
		return rc;
	r->n_refs = (size_t)most + 1;
	r->refs = ARENA_ARRAY(r->a, r->n_refs, struct str);
	while ((rc = stmt_step(st, &row, r->e)) == RC_OK && row) {
		struct str ref = column_blob(st, 1);

		id = column_i64(st, 0);
		if (id > 0 && (size_t)id < r->n_refs)
			r->refs[id] = hex_str(r->a, (const uint8_t *)ref.p, ref.n);
	}
	stmt_free(st);
	return rc;
}

/* ---- the statement */
static void select_row(struct run *r, const struct expr_binding *to, const char *extraction, struct buf *b)
{
	const struct test *t = r->test;
	const struct collection *c = t->population;
	size_t i;

	buf_fmt(b, "SELECT %s,%s.entry,%s,%s,%s.supplied,%s.doubt,", c->n_period > 0 ? "i.key" : "k.key", to->row,
	    c->n_period > 0 ? "i.at" : "x.at", extraction, to->row, to->row);
	if (t->where_expr != NULL)
		expr_sql(t->where_expr, to, b);
	else
		buf_c(b, '1');
	buf_c(b, ',');
	left_sql(&r->out->left, c, to, b);
	for (i = 0; i < t->n_attributes; i++) {
		buf_c(b, ',');
		if (t->attributes[i].expr != NULL)
			expr_sql(t->attributes[i].expr, to, b);
		else
			buf_z(b, "NULL");
	}
	for (i = 0; i < c->n_fields && !r->period->counts_only; i++)
		buf_fmt(b, ",%s.f_%.*s", to->row, STR_FMT(c->fields[i].name));
}

static enum rc statement(struct run *r, struct buf *b)
{
	const struct collection *c = r->test->population;
	const struct zone *z = state_zone(r->s);
	char asof[32];
	struct expr_binding to = { .row = "i", .asof = asof };
	size_t i;
	enum rc rc;

	r->out->lookups = lookups_new(r->a);
	lookups_add(r->out->lookups, r->test->where_expr);
	for (i = 0; i < r->test->n_attributes; i++)
		lookups_add(r->out->lookups, r->test->attributes[i].expr);
	if ((rc = lookups_bind(r->out->lookups, r->s, r->period, &to, r->e)) != RC_OK)
		return rc;
	(void)snprintf(asof, sizeof(asof), "%lld", (long long)r->out->asof_us);
	if (c->n_period > 0) {
		select_row(r, &to, "i.at", b);
		buf_z(b, " FROM ");
		if (!c->is_derived)
			buf_fmt(b, "item_%.*s i", STR_FMT(c->name));
		else if ((rc = derive_table(r->s, r->a, c, r->period, asof, b, r->e)) != RC_OK)
			return rc;
		buf_fmt(b, " WHERE i.day BETWEEN %lld AND %lld%s", (long long)r->period->from_day, (long long)r->period->to_day,
		    r->period->counts_only ? "" : " ORDER BY i.key");
		return buf_ok(b, "the statement of a test", r->e);
	}
	to.row = "v";
	to.asof = "x.at";
	select_row(r, &to, "x.at", b);
	buf_fmt(b, " FROM version_%.*s v JOIN item_%.*s k ON k.id=v.item JOIN extraction x ON x.stream=v.stream AND"
	    " x.collection='%.*s' AND x.at BETWEEN v.first_at AND v.last_at WHERE x.at>=%lld AND x.at<%lld ORDER BY k.key, x.at,"
	    " v.id", STR_FMT(c->name), STR_FMT(c->name), STR_FMT(c->name),
	    (long long)zone_day_start_us(z, r->period->from_day), (long long)zone_day_start_us(z, r->period->to_day + 1));
	return buf_ok(b, "the statement of a test", r->e);
}

/* ---- canonical form: RFC 8785, ints and decimals as strings, subjects as hex, unsupplied fields absent */
static struct str ref_of(const struct run *r, int64_t id)
{
	return id > 0 && (size_t)id < r->n_refs ? r->refs[id] : STR("");
}

static void put_member_list(struct run *r, const struct field *f, struct str json)
{
	const struct value *v;
	struct err ignored;
	int64_t id;
	size_t i;

	err_init(&ignored);
	if (f->item_type != FIELD_SUBJECT || json_parse(r->a, arena_str(r->a, json), &v, &ignored) != RC_OK) {
		buf_str(&r->line, json);
		return;
	}
	buf_c(&r->line, '[');
	for (i = 0; i < v->n; i++) {
		if (i > 0)
			buf_c(&r->line, ',');
		if (num_i64(v->items[i].text, &id))
			json_put_str(&r->line, ref_of(r, id));
		else
			buf_z(&r->line, "null");
	}
	buf_c(&r->line, ']');
}

static void put_field(struct run *r, struct stmt *st, int at, const struct field *f)
{
	char text[32];

	if (column_is_null(st, at)) {
		buf_z(&r->line, "null");
		return;
	}
	switch (f->type) {
	case FIELD_INT:
		buf_fmt(&r->line, "\"%lld\"", (long long)column_i64(st, at));
		break;
	case FIELD_DECIMAL:
		json_put_str(&r->line, (struct str){ text, num_decimal_fmt(column_i64(st, at), text) });
		break;
	case FIELD_BOOL:
		buf_z(&r->line, column_i64(st, at) != 0 ? "true" : "false");
		break;
	case FIELD_DATE:
		json_put_str(&r->line, date_fmt(r->a, column_i64(st, at)));
		break;
	case FIELD_TIMESTAMP:
		buf_fmt(&r->line, "%lld", (long long)column_i64(st, at));
		break;
	case FIELD_SUBJECT:
		json_put_str(&r->line, ref_of(r, column_i64(st, at)));
		break;
	case FIELD_LIST:
		put_member_list(r, f, column_text(st, at));
		break;
	default:
		json_put_str(&r->line, column_text(st, at));
	}
}

/* Fields in the order of their names; they are ASCII, so bytes are UTF-16 units. */
static void field_order(const struct collection *c, size_t *order)
{
	size_t i, k, t;

	for (i = 0; i < c->n_fields; i++)
		order[i] = i;
	for (i = 1; i < c->n_fields; i++) {
		for (k = i; k > 0 && str_cmp(c->fields[order[k - 1]].name, c->fields[order[k]].name) > 0; k--) {
			t = order[k];
			order[k] = order[k - 1];
			order[k - 1] = t;
		}
	}
}

static void digest_item(struct run *r, struct stmt *st, const size_t *order)
{
	const struct collection *c = r->test->population;
	uint64_t supplied = (uint64_t)column_i64(st, 4);
	int first = FIXED + 2 + (int)r->test->n_attributes;
	const char *between = "";
	size_t i;

	buf_clear(&r->line);
	buf_c(&r->line, '{');
	for (i = 0; i < c->n_fields; i++) {
		const struct field *f = &c->fields[order[i]];

		if (!(supplied >> f->index & 1))
			continue;
		buf_z(&r->line, between);
		json_put_str(&r->line, f->name);
		buf_c(&r->line, ':');
		put_field(r, st, first + (int)f->index, f);
		between = ",";
	}
	buf_z(&r->line, "}\n");
	sha256_add(r->items, r->line.p, r->line.n);
}

/* ---- judging */
static void deviation_keep(struct run *r)
{
	struct deviation *more;

	if (r->out->n_deviations == DEVIATIONS_KEPT)
		return;
	if (r->out->n_deviations == r->room) {
		r->room = r->room == 0 ? 64 : r->room * 2;
		more = ARENA_ARRAY(r->a, r->room, struct deviation);
		if (r->out->n_deviations > 0)
			memcpy(more, r->out->deviations, r->out->n_deviations * sizeof(*more));
		r->out->deviations = more;
	}
	r->dev.key = arena_str(r->a, r->key);
	r->out->deviations[r->out->n_deviations++] = r->dev;
}

static const char *word(enum verdict_of_item v)
{
	return v == MEETS ? "meets" : v == DEVIATES ? "deviates" : "unknown";
}

/* Of an item over all its extractions: one deviation deviates, else one unknown is unknown. */
static enum rc item_done(struct run *r)
{
	bool deviates = false, unknown = false;
	struct left_out *left;
	size_t i, n = 0;
	enum rc rc;

	if (!r->any)
		return RC_OK;
	r->any = false;
	r->out->items++;
	if (!r->in_scope && r->left != 0) {     /* every row of it that the filter takes */
		if ((rc = left_of(&r->out->left, r->s, r->a, r->left, &left, r->e)) == RC_OK)
			left_count(left, r->a, arena_str(r->a, r->key), r->left_deviates);
		return rc;
	}
	if (!r->in_scope && !r->filter_unknown) {
		r->out->excluded++;
		return RC_OK;
	}
	r->out->filter_unknown += !r->in_scope;
	r->out->tested++;
	buf_clear(&r->line);
	buf_c(&r->line, '[');
	buf_str(&r->line, r->key);
	buf_z(&r->line, ",{");
	for (i = 0; i < r->test->n_attributes; i++) {
		const struct attribute *a = &r->test->attributes[i];
		enum verdict_of_item v = r->in_scope ? r->verdict[i] : UNKNOWN;

		if (a->expr == NULL)
			continue;
		if (v == MEETS && (a->deviation_only || r->filter_unknown))
			v = UNKNOWN;
		r->out->counts[i].meets += v == MEETS;
		r->out->counts[i].deviates += v == DEVIATES;
		r->out->counts[i].unknown += v == UNKNOWN;
		deviates = deviates || v == DEVIATES;
		unknown = unknown || v == UNKNOWN;
		if (v == DEVIATES)
			r->dev.letters[n++] = a->letter;
		buf_fmt(&r->line, "%s\"%c\":\"%s\"", r->line.p[r->line.n - 1] == '{' ? "" : ",", a->letter, word(v));
	}
	r->dev.letters[n] = 0;
	buf_z(&r->line, "}]\n");
	if (!r->period->counts_only)
		sha256_add(r->grid, r->line.p, r->line.n);
	if (deviates) {
		r->out->deviating++;
		deviation_keep(r);
	} else if (unknown) {
		r->out->undetermined++;
	} else {
		r->out->met++;
	}
	return RC_OK;
}

static void item_begin(struct run *r, struct str key)
{
	size_t i;

	/* of events every row is an item, which is done with before the next row is asked for */
	r->key = r->test->population->n_period > 0 ? key : arena_str(r->a, key);
	r->any = true;
	r->in_scope = r->filter_unknown = r->left_deviates = false;
	r->left = 0;
	memset(&r->dev, 0, sizeof(r->dev));
	for (i = 0; i < r->test->n_attributes; i++)
		r->verdict[i] = MEETS;
}

static void row_judge(struct run *r, struct stmt *st)
{
	bool deviates = false;
	size_t i;

	if (!column_is_null(st, FIXED) && column_i64(st, FIXED) == 0)
		return;
	if (column_i64(st, FIXED + 1) != 0) {
		r->left = r->left != 0 ? r->left : column_i64(st, FIXED + 1);
		for (i = 0; i < r->test->n_attributes; i++)
			r->left_deviates = r->left_deviates || (r->test->attributes[i].expr != NULL && !column_is_null(st, FIXED) &&
			    !column_is_null(st, FIXED + 2 + (int)i) && column_i64(st, FIXED + 2 + (int)i) == 0);
		return;
	}
	if (column_is_null(st, FIXED)) {
		r->filter_unknown = true;
		return;
	}
	r->in_scope = true;
	for (i = 0; i < r->test->n_attributes; i++) {
		int at = FIXED + 2 + (int)i;
		enum verdict_of_item v = column_is_null(st, at) ? UNKNOWN : column_i64(st, at) != 0 ? MEETS : DEVIATES;

		if (r->test->attributes[i].expr == NULL)
			continue;
		deviates = deviates || v == DEVIATES;
		if (v > r->verdict[i])
			r->verdict[i] = v;
	}
	if (!deviates)
		return;
	if (r->dev.times++ == 0) {
		r->dev.first_us = column_i64(st, 3);
		r->dev.entry = column_i64(st, 1);
	}
	r->dev.last_us = column_i64(st, 3);
}

static enum rc judge_all(struct run *r, struct buf *sql)
{
	size_t order[LIMIT_FIELDS];
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	field_order(r->test->population, order);
	if ((rc = db_prepare(state_db(r->s), buf_view(sql), &st, r->e)) != RC_OK)
		return rc;
	while ((rc = stmt_step(st, &row, r->e)) == RC_OK && row) {
		struct str key = column_text(st, 0);

		if (!r->any || !str_eq(key, r->key)) {
			if ((rc = item_done(r)) != RC_OK)
				break;
			item_begin(r, key);
		}
		if (!r->period->counts_only)
			digest_item(r, st, order);
		row_judge(r, st);
		if (r->test->population->n_period > 0 && (rc = item_done(r)) != RC_OK)
			break;
	}
	stmt_free(st);
	return rc == RC_OK ? item_done(r) : rc;
}

static enum rc count_others(struct run *r)
{
	const struct collection *c = r->test->population;
	const struct zone *z = state_zone(r->s);
	struct str sql;
	int64_t n;
	enum rc rc;

	if (c->is_derived)
		return RC_OK;
	if (c->n_period > 0)
		sql = arena_fmt(r->a, "SELECT count(*) FROM item_%.*s WHERE day IS NULL", STR_FMT(c->name));
	else
		sql = arena_fmt(r->a, "SELECT count(*) FROM extraction WHERE collection='%.*s' AND at>=%lld AND at<%lld",
		    STR_FMT(c->name), (long long)zone_day_start_us(z, r->period->from_day),
		    (long long)zone_day_start_us(z, r->period->to_day + 1));
	if ((rc = db_i64(state_db(r->s), arena_z(r->a, sql), 0, &n, r->e)) != RC_OK)
		return rc;
	if (c->n_period > 0)
		r->out->undated = (uint64_t)n;
	else
		r->out->extractions = (uint64_t)n;
	return RC_OK;
}

static enum test_state state_of(const struct result *o)
{
	if (o->test->n_machine == 0)
		return TEST_PERSON;
	if (o->items == 0)
		return TEST_NO_ITEMS;
	if (o->tested == 0)
		return TEST_NO_OCCURRENCES;
	if (o->deviating > 0)
		return TEST_DEVIATIONS;
	return o->undetermined > 0 ? TEST_UNDETERMINED : TEST_MET;
}

enum rc test_run(struct state *s, struct arena *a, const struct control *control, const struct test *test,
    const struct run_period *period, struct result **out, struct err *e)
{
	struct run r = { .s = s, .a = a, .test = test, .period = period, .e = e };
	struct buf sql;
	enum rc rc = RC_OK;

	r.out = ARENA_NEW(a, struct result);
	r.out->control = control;
	r.out->test = test;
	r.out->asof_us = run_asof(s, period);
	r.items = sha256_new();
	r.grid = sha256_new();
	buf_init(&r.line, LIMIT_RECORD);
	buf_init(&sql, 1 << 20);
	if (test->population != NULL) {
		if ((period->counts_only || (rc = load_refs(&r)) == RC_OK) &&
		    (rc = left_load(s, a, control, test, r.out->asof_us, &r.out->left, e)) == RC_OK &&
		    (rc = statement(&r, &sql)) == RC_OK && (rc = judge_all(&r, &sql)) == RC_OK)
			rc = count_others(&r);
		r.out->sql = arena_str(a, buf_view(&sql));
	}
	sha256_end(r.items, r.out->population_digest);
	sha256_end(r.grid, r.out->grid_digest);
	sha256_free(r.items);
	sha256_free(r.grid);
	buf_done(&r.line);
	buf_done(&sql);
	if (rc != RC_OK)
		return rc;
	r.out->state = state_of(r.out);
	*out = r.out;
	return RC_OK;
}

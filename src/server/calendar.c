#include "server/calendar.h"

#include <string.h>

#include "assess/lookup.h"
#include "base/time.h"

enum { SIDE = 20, STEP = 23, LEFT = 60, TOP = 20, DAYS_MOST = 800 };
#define QUARTER_US (900 * US_PER_SECOND)        /* every zone's days begin on one */
enum day { DAY_FAIL, DAY_GAP, DAY_PRES, DAY_OPEN, DAY_PASS, DAY_NONE, DAY_NEXT, DAY_KINDS };

static const struct {
	const char *name, *cls, *words;
} kinds[DAY_KINDS] = {
	{ "deviation", "c-fail", "deviation" },
	{ "unknown", "c-gap", "unknown: no extraction covers it" },
	{ "presumed", "c-pres", "presumed covered" },
	{ "open", "c-gap2", "items, of which some of the period could not be told or were set apart" },
	{ "holding", "c-pass", "tested, all hold" },
	{ "none", "c-none", "covered, none occurred" },
	{ "to_come", "c-next", "to come" },
};

static const struct coverage *covers(const struct readiness *r, const struct collection *col)
{
	size_t i;

	for (i = 0; i < r->n_populations; i++)
		if (r->populations[i]->collection == col || str_eq(r->populations[i]->collection->name, col->name))
			return r->populations[i];
	return NULL;
}

/* Items of the test's population on each day of the period. */
static enum rc count_items(struct call *c, const struct readiness *r, const struct result *x, uint32_t *by_day, size_t days)
{
	struct state *s = org_state(c->s->org);
	const struct zone *zone = state_zone(s);
	struct expr_binding to = { .row = "i", .asof = "?1" };
	struct lookups *looks = lookups_new(c->a);
	struct stmt *st = NULL;
	struct buf sql;
	bool row;
	enum rc rc = RC_OK;

	buf_init(&sql, 1 << 20);
	buf_fmt(&sql, "SELECT i.at/%lld, count(*) FROM item_%.*s i WHERE i.at>=%lld AND i.at<%lld", (long long)QUARTER_US,
	    STR_FMT(x->test->population->name), (long long)zone_day_start_us(zone, r->period.from_day),
	    (long long)zone_day_start_us(zone, r->period.to_day + 1));
	if (x->test->where_expr != NULL) {
		lookups_add(looks, x->test->where_expr);
		if ((rc = lookups_bind(looks, s, &r->period, &to, &c->err)) == RC_OK) {
			buf_z(&sql, " AND (");
			expr_sql(x->test->where_expr, &to, &sql);
			buf_z(&sql, ") IS NOT 0");      /* an item that the filter cannot tell of is tested as well */
		}
	}
	buf_z(&sql, " GROUP BY 1");
	if (rc == RC_OK)
		rc = db_prepare(state_db(s), buf_view(&sql), &st, &c->err);
	if (rc == RC_OK && str_find(buf_view(&sql), STR("?1")) >= 0)
		stmt_i64(st, 1, x->asof_us);
	while (rc == RC_OK && (rc = stmt_step(st, &row, &c->err)) == RC_OK && row) {
		int64_t day = zone_date(zone, column_i64(st, 0) * QUARTER_US) - r->period.from_day;

		if (day >= 0 && day < (int64_t)days)
			by_day[day] += (uint32_t)column_i64(st, 1);
	}
	stmt_free(st);
	buf_done(&sql);
	return rc;
}

static void put_square(struct call *c, struct buf *b, enum day kind, uint32_t items, int64_t date, int row)
{
	int year, month, day, x, y;

	date_to_civil(date, &year, &month, &day);
	x = LEFT + (day - 1) * STEP;
	y = TOP + row * STEP;
	doc_open(b, NULL, '{');
	doc_str(b, "day", date_fmt(c->a, date));
	doc_str(b, "kind", str_z(kinds[kind].name));
	doc_str(b, "class", str_z(kinds[kind].cls));
	doc_str(b, "words", items > 0 ? arena_fmt(c->a, "%u item%s, %s", items, items == 1 ? "" : "s", kinds[kind].words) :
	    str_z(kinds[kind].words));
	doc_num(b, "x", (uint64_t)x);
	doc_num(b, "y", (uint64_t)y);
	if (kind == DAY_FAIL)
		doc_str(b, "cross", arena_fmt(c->a, "M%d %dl8 8m0-8l-8 8", x + 6, y + 6));
	if (kind == DAY_GAP || kind == DAY_OPEN)
		doc_str(b, "hatch", arena_fmt(c->a, "M%d %dl8-8M%d %dl8-8", x + 3, y + 12, x + 9, y + 17));
	if (kind == DAY_PRES)
		doc_str(b, "lines", arena_fmt(c->a, "M%d %dh10m-10 4h10m-10 4h10", x + 5, y + 6));
	if (kind == DAY_NONE) {
		doc_num(b, "dot_x", (uint64_t)(x + SIDE / 2));
		doc_num(b, "dot_y", (uint64_t)(y + SIDE / 2));
	}
	doc_close(b, '}');
}

static enum day kind_of(const struct coverage *v, const struct result *x, size_t day, bool deviates, uint32_t items, bool next)
{
	if (deviates)
		return DAY_FAIL;
	if (next)
		return DAY_NEXT;
	if (v->by_day[day] == DAY_UNKNOWN)
		return DAY_GAP;
	if (v->by_day[day] == DAY_PRESUMED)
		return DAY_PRES;
	if (items == 0)
		return DAY_NONE;
	return x->undetermined > 0 || x->excluded > 0 || x->filter_unknown > 0 || x->test->n_machine < x->test->n_attributes ?
	    DAY_OPEN : DAY_PASS;
}

enum rc calendar_put(struct call *c, struct buf *b, const struct readiness *r, const struct result *x)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	const struct collection *col = x->test->population;
	const struct coverage *v = covers(r, col);
	const struct zone *zone = state_zone(org_state(c->s->org));
	int64_t today = zone_date(zone, c->now_us);
	uint64_t sums[DAY_KINDS] = { 0 };
	int year, month, day, last = -1, rows = -1;
	uint32_t *items;
	bool *deviates;
	size_t i, days;
	struct buf squares;
	enum rc rc;

	if (v == NULL || col->n_period == 0 || col->is_derived || v->by_day == NULL || v->days == 0 || v->days > DAYS_MOST)
		return RC_OK;
	days = (size_t)v->days;
	items = ARENA_ARRAY(c->a, days, uint32_t);
	deviates = ARENA_ARRAY(c->a, days, bool);
	if ((rc = count_items(c, r, x, items, days)) != RC_OK)
		return rc;
	for (i = 0; i < x->n_deviations; i++) {
		int64_t at = zone_date(zone, x->deviations[i].first_us) - r->period.from_day;

		if (at >= 0 && at < (int64_t)days)
			deviates[at] = true;
	}
	buf_init(&squares, LIMIT_FILE_READ);
	buf_c(&squares, '[');
	doc_open(b, "calendar", '{');
	doc_open(b, "months", '[');
	for (i = 0; i < days; i++) {
		int64_t date = r->period.from_day + (int64_t)i;
		enum day kind = kind_of(v, x, i, deviates[i], items[i], date > today);

		date_to_civil(date, &year, &month, &day);
		if (month != last) {
			last = month;
			rows++;
			doc_open(b, NULL, '{');
			doc_str(b, "name", rows == 0 || month == 1 ? arena_fmt(c->a, "%s %d", months[month - 1], year) :
			    str_z(months[month - 1]));
			doc_num(b, "y", (uint64_t)(TOP + rows * STEP + 14));
			doc_close(b, '}');
		}
		sums[kind]++;
		put_square(c, &squares, kind, items[i], date, rows);
	}
	buf_c(&squares, ']');
	doc_close(b, ']');
	doc_key(b, "squares");
	buf_str(b, buf_view(&squares));
	if (squares.failed)
		b->failed = true;
	buf_done(&squares);
	doc_num(b, "height", (uint64_t)(TOP + (rows + 1) * STEP));
	doc_num(b, "days", days);
	for (i = 0; i < DAY_KINDS; i++)
		doc_num(b, kinds[i].name, sums[i]);
	doc_close(b, '}');
	return RC_OK;
}

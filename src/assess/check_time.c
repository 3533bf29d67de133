/* check_time: holes in time, and events behind their own receipt. */
#include "assess/check_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- rhythm */
enum { GAPS_STEADY = 20, GAPS_USUAL = 1000 };   /* fewer tell no rhythm */

struct line {                           /* the events of one stream and one value of "per" */
	int64_t stream;
	struct str per;
	int64_t *at;
	size_t n, room;
};

struct lines {
	struct line *p;                 /* by stream and value */
	size_t n, room;
};

static struct line *line_of(struct checking *c, struct lines *all, int64_t stream, struct str per)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct line *x = &all->p[mid];
		int order = x->stream != stream ? (x->stream < stream ? -1 : 1) : str_cmp(x->per, per);

		if (order == 0)
			return &all->p[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (all->n == all->room) {
		all->room = all->room == 0 ? 16 : all->room * 2;
		all->p = mem_resize(all->p, all->room * sizeof(*all->p));
	}
	memmove(&all->p[low + 1], &all->p[low], (all->n - low) * sizeof(*all->p));
	all->p[low] = (struct line){ .stream = stream, .per = arena_str(c->a, per) };
	all->n++;
	return &all->p[low];
}

static void line_add(struct line *l, int64_t at)
{
	if (l->n == l->room) {
		l->room = l->room == 0 ? 64 : l->room * 2;
		l->at = mem_resize(l->at, l->room * sizeof(*l->at));
	}
	l->at[l->n++] = at;
}

static enum rc read_lines(struct checking *c, struct lines *all)
{
	const struct collection *col = c->check->population;
	const struct field *per = c->check->per;
	struct stmt *st = NULL;
	struct buf b;
	bool row;
	enum rc rc;

	buf_init(&b, 1 << 16);
	buf_z(&b, "SELECT i.at, ifnull((SELECT stream FROM ingest WHERE id=i.ingest),0), ");
	if (per != NULL)
		buf_fmt(&b, "ifnull(CAST(i.f_%.*s AS TEXT),'')", STR_FMT(per->name));
	else
		buf_z(&b, "''");
	buf_fmt(&b, " FROM item_%.*s i WHERE i.at>=%lld AND i.at<%lld ORDER BY i.at", STR_FMT(col->name),
	    (long long)zone_day_start_us(state_zone(c->s), c->p->from_day),
	    (long long)zone_day_start_us(state_zone(c->s), c->p->to_day + 1));
	rc = db_prepare(state_db(c->s), buf_view(&b), &st, c->e);
	buf_done(&b);
	while (rc == RC_OK && (rc = stmt_step(st, &row, c->e)) == RC_OK && row) {
		line_add(line_of(c, all, column_i64(st, 1), column_text(st, 2)), column_i64(st, 0));
		c->out->examined++;
	}
	stmt_free(st);
	return rc;
}

static int by_length(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The longest silence that is usual; ${*every} is the interval of a steady one, else 0.  False: there is no rhythm.
 * Steady is what 98 of 100 gaps keep to within a quarter. */
static bool usual(const struct line *l, int64_t *limit, int64_t *every)
{
	size_t n = l->n > 0 ? l->n - 1 : 0, i;
	int64_t *gaps, middle, most;
	bool found = false;

	*every = 0;
	if (n < GAPS_STEADY)
		return false;
	gaps = mem_alloc(n * sizeof(*gaps));
	for (i = 0; i < n; i++)
		gaps[i] = l->at[i + 1] - l->at[i];
	qsort(gaps, n, sizeof(*gaps), by_length);
	middle = gaps[n / 2];
	most = gaps[n * 98 / 100];
	if (middle > 0 && most <= middle + middle / 4) {
		*every = middle;
		*limit = middle + middle / 2;
		found = true;
	} else if (n >= GAPS_USUAL && gaps[n * 999 / 1000] < INT64_MAX / 8) {
		*limit = gaps[n * 999 / 1000] * 4;
		found = true;
	}
	mem_free(gaps);
	return found;
}

static const struct stream_coverage *cover_of(const struct coverage *cover, const struct line *l)
{
	size_t i;

	for (i = 0; i < cover->n; i++)
		if (cover->streams[i].stream == l->stream)
			return &cover->streams[i];
	return NULL;
}

/* Whether whole days lie between that nobody says to cover: coverage calls them unknown already. */
static bool known_unknown(const struct checking *c, const struct stream_coverage *s, int64_t from, int64_t to)
{
	int64_t d, first = zone_date(state_zone(c->s), from) + 1, last = zone_date(state_zone(c->s), to) - 1;

	for (d = first; s != NULL && d <= last; d++)
		if (d >= c->p->from_day && d <= c->p->to_day && s->days[d - c->p->from_day] == DAY_UNKNOWN)
			return true;
	return false;
}

static void hole(struct checking *c, const struct line *l, int64_t from, int64_t to, int64_t every)
{
	const struct zone *z = state_zone(c->s);
	struct str days = date_fmt(c->a, zone_date(z, from)), until = date_fmt(c->a, zone_date(z, to));
	struct str about = STR(""), who = l->per.n > 0 ? arena_fmt(c->a, "%.*s: ", STR_FMT(l->per)) : STR("");

	if (every > 0)
		about = arena_fmt(c->a, ", %lld missing", (long long)((to - from + every / 2) / every - 1));
	if (!str_eq(days, until))
		days = arena_fmt(c->a, "%.*s to %.*s", STR_FMT(days), STR_FMT(until));
	finding_add(c, (struct completeness_finding){ .has_times = true, .from_us = from, .to_us = to,
	    .text = arena_fmt(c->a, "%.*sno records from %.*s to %.*s%.*s (%.*s)", STR_FMT(who), STR_FMT(instant_fmt(c->a, from)),
	        STR_FMT(instant_fmt(c->a, to)), STR_FMT(about), STR_FMT(days)) });
}

static bool judge_line(struct checking *c, const struct coverage *cover, const struct line *l)
{
	const struct stream_coverage *s = cover_of(cover, l);
	int64_t limit = c->check->every_us + c->check->every_us / 2, every = c->check->every_us;
	size_t i;

	if (every == 0 && !usual(l, &limit, &every))
		return false;
	for (i = 1; i < l->n; i++)
		if (l->at[i] - l->at[i - 1] > limit && !known_unknown(c, s, l->at[i - 1], l->at[i]))
			hole(c, l, l->at[i - 1], l->at[i], every);
	return true;
}

enum rc check_rhythm(struct checking *c)
{
	struct lines all = { 0 };
	struct coverage *cover;
	uint64_t judged = 0;
	size_t i;
	enum rc rc;

	if ((rc = coverage_of(c->s, c->a, c->check->population, c->p, &cover, c->e)) == RC_OK)
		rc = read_lines(c, &all);
	for (i = 0; i < all.n; i++) {
		if (rc == RC_OK && judge_line(c, cover, &all.p[i]))
			judged += all.p[i].n;
		mem_free(all.p[i].at);
	}
	mem_free(all.p);
	if (rc != RC_OK)
		return rc;
	c->out->unknown = c->out->examined - judged;
	c->out->state = c->out->found > 0 ? CHECK_INCOMPLETE : judged > 0 ? CHECK_COMPLETE : CHECK_UNKNOWN;
	if (c->out->found > 0)
		c->out->words = arena_fmt(c->a, "Unknown for a time: %.*s.", STR_FMT(findings_list(c, 5)));
	else if (judged == 0)
		c->out->words = STR("There are too few records, or they come too unevenly, to tell a hole in time.");
	return RC_OK;
}

/* ---- receipt */
#define TOLERANCE_US ((int64_t)300 * US_PER_SECOND)     /* of clocks that differ */
#define HALF_HOUR_US ((int64_t)1800 * US_PER_SECOND)

/* An extraction's day without a time is that whole day. */
static const char sql_receipt[] = "SELECT g.id, g.file, count(*), max(i.at-g.until) FROM item_%.*s i JOIN (SELECT id, file,"
    " min(received_us, ifnull(ifnull((SELECT end_us FROM day WHERE start_us=extracted_us), extracted_us), received_us)) AS until"
    " FROM ingest) g ON g.id=i.ingest WHERE i.at>g.until+%lld AND i.day BETWEEN %lld AND %lld GROUP BY g.id ORDER BY g.id";

static enum rc count_events(struct checking *c)
{
	int64_t n = 0;
	enum rc rc = db_i64(state_db(c->s), arena_z(c->a, arena_fmt(c->a, "SELECT count(*) FROM item_%.*s WHERE ingest IS NOT NULL"
	    " AND day BETWEEN %lld AND %lld", STR_FMT(c->check->population->name), (long long)c->p->from_day,
	    (long long)c->p->to_day)), 0, &n, c->e);

	c->out->examined = (uint64_t)n;
	return rc;
}

/* "7 hours", "5.5 hours". */
static struct str hours(struct arena *a, int64_t half_hours)
{
	return arena_fmt(a, "%lld%s hour%s", (long long)(half_hours / 2), half_hours % 2 != 0 ? ".5" : "",
	    half_hours == 2 ? "" : "s");
}

enum rc check_receipt(struct checking *c)
{
	struct stmt *st = NULL;
	int64_t shift = 0, this_shift;
	uint64_t events = 0;
	bool row, steady = true;
	enum rc rc;

	if ((rc = count_events(c)) != RC_OK ||
	    (rc = db_prepare(state_db(c->s), arena_fmt(c->a, sql_receipt, STR_FMT(c->check->population->name),
	    (long long)TOLERANCE_US, (long long)c->p->from_day, (long long)c->p->to_day), &st, c->e)) != RC_OK)
		return rc;
	while ((rc = stmt_step(st, &row, c->e)) == RC_OK && row) {
		/* the newest record was made shortly before it was read: what it lies behind, rounded up, is the shift */
		this_shift = (column_i64(st, 3) + HALF_HOUR_US - 1) / HALF_HOUR_US;
		steady = steady && (shift == 0 || shift == this_shift);
		shift = this_shift;
		events += (uint64_t)column_i64(st, 2);
		finding_add(c, (struct completeness_finding){ .text = arena_fmt(c->a,
		    "%.*s (ingest %lld): %lld events up to %.*s later than its"
		    " receipt", STR_FMT(column_text(st, 1)), (long long)column_i64(st, 0), (long long)column_i64(st, 2),
		    STR_FMT(hours(c->a, this_shift))) });
	}
	stmt_free(st);
	if (rc != RC_OK || c->out->found == 0)
		return rc;
	c->out->state = CHECK_DOUBTFUL;
	c->out->words = steady ? arena_fmt(c->a, "Times doubtful: %llu event%s later than their own receipt, steady shift of %.*s.",
	    (unsigned long long)events, events == 1 ? "" : "s", STR_FMT(hours(c->a, shift))) :
	    arena_fmt(c->a, "Times doubtful: %llu event%s later than their own receipt, by no steady shift.",
	    (unsigned long long)events, events == 1 ? "" : "s");
	return RC_OK;
}

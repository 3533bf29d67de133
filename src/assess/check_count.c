/* check_count: gaps in the numbers of identifiers, counts that a source states, and two sources of one listing. */
#include "assess/check_priv.h"

#include "assess/scope.h"

#include <stdlib.h>
#include <string.h>

/* ---- sequence */
enum { SEQUENCE_LEAST = 10 };           /* identifiers of one form, below which nothing is said */

struct numbered {
	struct str group;               /* value of "per", 0x1F, what stands before the number */
	int64_t n;
	uint8_t digits;
	bool zero;                      /* with leading zeros */
	bool beside;                    /* of no day of the period: it makes no sequence, but it is not missing */
};

struct numbers {
	struct numbered *p;
	size_t n, room, without;
};

/* The digits at its end; at most 17 of them count. */
static bool number_in(struct str id, size_t *from, int64_t *n)
{
	size_t i = id.n;

	while (i > 0 && id.n - i < 17 && id.p[i - 1] >= '0' && id.p[i - 1] <= '9')
		i--;
	*from = i;
	return i < id.n && num_i64(str_sub(id, i, id.n), n);
}

static void number_add(struct checking *c, struct numbers *all, struct str per, struct str id, bool beside)
{
	struct numbered *x, *last = all->n > 0 ? &all->p[all->n - 1] : NULL;
	struct str group;
	int64_t n;
	size_t from;

	c->out->examined += !beside;
	if (!number_in(id, &from, &n)) {
		all->without += !beside;
		return;
	}
	if (all->n == all->room) {
		all->room = all->room == 0 ? 1024 : all->room * 2;
		all->p = mem_resize(all->p, all->room * sizeof(*all->p));
		last = all->n > 0 ? &all->p[all->n - 1] : NULL;
	}
	group = arena_fmt(c->a, "%.*s%c%.*s", STR_FMT(per), 0x1f, STR_FMT(str_sub(id, 0, from)));
	x = &all->p[all->n++];
	x->group = last != NULL && str_eq(last->group, group) ? last->group : group;
	x->n = n;
	x->digits = (uint8_t)(id.n - from);
	x->zero = id.p[from] == '0' && id.n - from > 1;
	x->beside = beside;
}

static int by_number(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	int order = x->group.p == y->group.p ? 0 : str_cmp(x->group, y->group);

	return order != 0 ? order : x->n < y->n ? -1 : x->n > y->n;
}

static void missing_between(struct checking *c, const struct numbered *x, const struct numbered *next)
{
	struct str rest = x->group;
	int64_t n;

	(void)str_cut(&rest, 0x1f);
	for (n = x->n + 1; n < next->n; n++) {
		if (c->out->n_findings == FINDINGS_KEPT) {
			c->out->found += (uint64_t)(next->n - n);
			return;
		}
		finding_add(c, (struct completeness_finding){ .text = x->zero || next->zero ?
		    arena_fmt(c->a, "%.*s%0*lld", STR_FMT(rest), x->digits, (long long)n) :
		    arena_fmt(c->a, "%.*s%lld", STR_FMT(rest), (long long)n) });
	}
}

/* Of one form.  Where more than a tenth of the numbers is not there it is no sequence of these records alone. */
static bool judge_group(struct checking *c, const struct numbered *x, size_t n)
{
	uint64_t distinct = 1, range;
	size_t i;

	for (; n > 0 && x[0].beside; x++)
		n--;
	while (n > 0 && x[n - 1].beside)
		n--;
	for (i = 1; i < n; i++)
		distinct += x[i].n != x[i - 1].n;
	if (n == 0 || distinct < SEQUENCE_LEAST)
		return false;
	range = (uint64_t)(x[n - 1].n - x[0].n) + 1;
	if (distinct < range - range / 10)
		return false;
	for (i = 1; i < n; i++)
		missing_between(c, &x[i - 1], &x[i]);
	return true;
}

static enum rc read_numbers(struct checking *c, struct numbers *all)
{
	const struct collection *col = c->check->population;
	const struct field *per = c->check->per;
	const struct zone *z = state_zone(c->s);
	struct stmt *st = NULL;
	struct buf b;
	bool row;
	enum rc rc;

	buf_init(&b, 1 << 16);
	buf_fmt(&b, "SELECT CAST(f_%.*s AS TEXT)", STR_FMT(c->check->field->name));
	if (per != NULL)
		buf_fmt(&b, ",CAST(f_%.*s AS TEXT)", STR_FMT(per->name));
	else
		buf_z(&b, ",''");
	/* also what has no time or another, so that it is not called missing */
	if (col->n_period > 0)
		buf_fmt(&b, ",day IS NOT NULL AND day BETWEEN %lld AND %lld", (long long)c->p->from_day, (long long)c->p->to_day);
	else
		buf_fmt(&b, ",at>=%lld AND at<%lld", (long long)zone_day_start_us(z, c->p->from_day),
		    (long long)zone_day_start_us(z, c->p->to_day + 1));
	buf_fmt(&b, " FROM item_%.*s", STR_FMT(col->name));
	rc = db_prepare(state_db(c->s), buf_view(&b), &st, c->e);
	buf_done(&b);
	while (rc == RC_OK && (rc = stmt_step(st, &row, c->e)) == RC_OK && row)
		number_add(c, all, column_text(st, 1), column_text(st, 0), column_i64(st, 2) == 0);
	stmt_free(st);
	return rc;
}

enum rc check_sequence(struct checking *c)
{
	struct numbers all = { 0 };
	size_t i, from = 0;
	bool any = false;
	enum rc rc = read_numbers(c, &all);

	if (rc == RC_OK && all.n > 0) {
		qsort(all.p, all.n, sizeof(*all.p), by_number);
		for (i = 1; i <= all.n; i++) {
			if (i < all.n && (all.p[i].group.p == all.p[from].group.p || str_eq(all.p[i].group, all.p[from].group)))
				continue;
			any = judge_group(c, &all.p[from], i - from) || any;
			from = i;
		}
	}
	mem_free(all.p);
	c->out->unknown = any ? all.without : c->out->examined;
	c->out->state = c->out->found > 0 ? CHECK_INCOMPLETE : any ? CHECK_COMPLETE : CHECK_UNKNOWN;
	if (c->out->found > 0)
		c->out->words = arena_fmt(c->a, "Population incomplete: %llu identifier%s missing: %.*s.",
		    (unsigned long long)c->out->found, c->out->found == 1 ? "" : "s", STR_FMT(findings_list(c, 20)));
	else if (!any)
		c->out->words = arena_fmt(c->a, "The identifiers in \"%.*s\" are no sequence that could have gaps.",
		    STR_FMT(c->check->field->name));
	return rc;
}

/* ---- what a source states */
enum rc check_stated(struct checking *c)
{
	struct coverage *cover;
	uint64_t stated = 0, in = 0;
	size_t i;
	enum rc rc = coverage_of(c->s, c->a, c->check->population, c->p, &cover, c->e);

	if (rc != RC_OK)
		return rc;
	for (i = 0; i < cover->n_stated; i++) {
		const struct stated *x = &cover->stated[i];

		c->out->examined++;
		stated += x->stated;
		in += x->in;
		if (x->stated != x->in)
			finding_add(c, (struct completeness_finding){ .text = arena_fmt(c->a,
			    "%.*s (ingest %lld): source states %llu, received %llu",
			    STR_FMT(x->file), (long long)x->ingest, (unsigned long long)x->stated, (unsigned long long)x->in) });
	}
	if (c->out->found == 0)
		return RC_OK;
	c->out->state = CHECK_INCOMPLETE;
	c->out->words = arena_fmt(c->a, "Population incomplete: source states %llu, received %llu.", (unsigned long long)stated,
	    (unsigned long long)in);
	return RC_OK;
}

/* ---- two sources of one listing */
static void per_column(struct buf *b, const struct field *f)
{
	if (f == NULL)
		buf_z(b, "''");
	else
		buf_fmt(b, "ifnull(CAST(v.f_%.*s AS TEXT),'')", STR_FMT(f->name));
}

static void put_listed(struct checking *c, const char *left_streams, struct buf *b)
{
	const struct collection *col = c->check->population;
	long long end = (long long)zone_day_start_us(state_zone(c->s), c->p->to_day + 1);
	long long start = (long long)zone_day_start_us(state_zone(c->s), c->p->from_day);

	buf_fmt(b, "WITH x AS (SELECT stream, max(at) AS at FROM extraction WHERE collection='%.*s' AND at>=%lld AND at<%lld AND"
	    " stream NOT IN (%s) GROUP BY stream), l AS MATERIALIZED (SELECT DISTINCT k.key AS key, ", STR_FMT(col->name), start, end,
	    left_streams != NULL ? left_streams : "");
	per_column(b, c->check->per);
	buf_fmt(b, " AS per, v.stream AS s FROM version_%.*s v JOIN item_%.*s k ON k.id=v.item JOIN x ON x.stream=v.stream WHERE"
	    " v.first_at<=x.at AND v.last_at>=x.at) ", STR_FMT(col->name), STR_FMT(col->name));
}

static enum rc source_name(struct checking *c, int64_t stream, struct str *out)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(state_db(c->s), STR("SELECT source, instance FROM stream WHERE id=?1"), &st, c->e);

	*out = STR("");
	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, stream);
	if ((rc = stmt_step(st, &row, c->e)) == RC_OK && row)
		*out = arena_fmt(c->a, "%.*s%s%.*s", STR_FMT(column_text(st, 0)), column_text(st, 1).n > 0 ? " " : "",
		    STR_FMT(column_text(st, 1)));
	stmt_free(st);
	return rc;
}

enum rc check_sources(struct checking *c)
{
	struct stmt *st = NULL;
	struct str one, other;
	const char *left;
	struct buf b;
	int64_t n = 0;
	bool row;
	enum rc rc = scope_left_streams(c->s, c->a, &left, c->e);

	if (rc != RC_OK)
		return rc;
	buf_init(&b, 1 << 16);
	put_listed(c, left, &b);
	buf_fmt(&b, "SELECT CASE WHEN (SELECT count(*) FROM x)>1 THEN (SELECT count(DISTINCT key) FROM l) END%c", 0);
	if ((rc = db_i64(state_db(c->s), (const char *)b.p, 0, &n, c->e)) != RC_OK || n == 0)
		goto out;
	c->out->examined = (uint64_t)n;
	buf_clear(&b);
	put_listed(c, left, &b);
	buf_z(&b, "SELECT a.key, a.s, o.s FROM l a JOIN (SELECT DISTINCT per, s FROM l) o ON o.per=a.per AND o.s<>a.s"
	    " LEFT JOIN l m ON m.key=a.key AND m.s=o.s WHERE m.key IS NULL ORDER BY a.key, a.s, o.s");
	if ((rc = db_prepare(state_db(c->s), buf_view(&b), &st, c->e)) != RC_OK)
		goto out;
	while ((rc = stmt_step(st, &row, c->e)) == RC_OK && row) {
		struct str key = arena_str(c->a, column_text(st, 0));

		if ((rc = source_name(c, column_i64(st, 1), &one)) != RC_OK || (rc = source_name(c, column_i64(st, 2), &other)) != RC_OK)
			break;
		finding_add(c, (struct completeness_finding){ .key = key,
		    .text = arena_fmt(c->a, "%.*s is in %.*s and not in %.*s", STR_FMT(key),
		    STR_FMT(one), STR_FMT(other)) });
	}
	stmt_free(st);
	if (rc == RC_OK && c->out->found > 0) {
		c->out->state = CHECK_INCOMPLETE;
		c->out->words = arena_fmt(c->a, "The sources' listings differ: %.*s.", STR_FMT(findings_list(c, 10)));
	}
out:
	buf_done(&b);
	return rc;
}

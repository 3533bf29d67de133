/* year: writes a year of evidence as tables, and how to take them in, from tests/cli/year/year.yaml.
 * year YAML DIR [faults] : DIR/NNN-POPULATION.csv, and DIR/plan with a line for each: when it is received (seconds since 1970),
 * its population, its file and what more to tell ingest.  With "faults" those are planted. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "base/value.h"

#define MINUTE ((int64_t)60 * US_PER_SECOND)

struct year {
	struct arena *a;                        /* of the document */
	struct arena *row;                      /* of a row, emptied after each */
	const struct value *faults;             /* NULL: none are planted */
	const char *dir, *from, *to;
	int64_t ends_us;
	FILE *plan;
	unsigned files;
};

/* One place of an entry's rows: its instant, its number, and a value for each name of "each". */
struct place {
	int64_t t;
	uint64_t n;
	size_t chosen[4];
};

static void die(const char *what, struct str which)
{
	(void)fprintf(stderr, "year: %s: %.*s\n", what, STR_FMT(which));
	exit(3);
}

static int64_t instant(struct str s)
{
	int64_t us;

	if (instant_parse(s, NULL, &us) != TIME_SURE)
		die("no instant", s);
	return us;
}

static uint64_t whole(struct str s)
{
	uint64_t n;

	if (!num_u64(s, INT64_MAX, &n))
		die("no number", s);
	return n;
}

/* "3d", "577m", "6h" */
static int64_t span(struct str s)
{
	int64_t unit = s.n < 2 ? 0 : s.p[s.n - 1] == 'd' ? 1440 * MINUTE : s.p[s.n - 1] == 'h' ? 60 * MINUTE : MINUTE;

	return (int64_t)whole(str_sub(s, 0, s.n > 0 ? s.n - 1 : 0)) * unit;
}

static int64_t months_later(int64_t us, uint64_t months)
{
	int64_t days;
	int y, m, d;

	date_to_civil(us / (1440 * MINUTE), &y, &m, &d);
	m += (int)months - 1;
	y += m / 12;
	m = m % 12 + 1;
	while (!date_from_civil(y, m, d, &days))
		d--;                            /* the month's last day, where it is shorter */
	return days * 1440 * MINUTE + us % (1440 * MINUTE);
}

/* The ${i}-th instant of "every: 3 months" or "every: 7d" */
static int64_t nth(const struct value *entry, const char *rhythm, uint64_t i)
{
	struct str every = value_text(entry, rhythm), count = every;
	int64_t first = instant(value_text(entry, "first"));

	if (str_ends(every, STR(" months")))
		return months_later(first, i * whole(str_cut(&count, ' ')));
	return first + (int64_t)i * span(every);
}

/* What {name} stands for. */
static struct str meaning(struct year *y, const struct value *entry, const struct place *at, struct str name)
{
	const struct value *each = value_get(entry, "each");
	struct str rest = name;
	int64_t t = at->t;
	int year, month, day;
	size_t i;

	for (i = 0; each != NULL && i < each->n; i++) {
		if (str_eq(each->members[i].key, name))
			return each->members[i].value.items[at->chosen[i]].text;
	}
	date_to_civil(t / (1440 * MINUTE), &year, &month, &day);
	if (str_eq(name, STR("n")))
		return arena_fmt(y->row, "%llu", (unsigned long long)at->n);
	if (str_starts(name, STR("n%")))
		return arena_fmt(y->row, "%llu", (unsigned long long)((at->n - 1) % whole(str_sub(name, 2, name.n - 2)) + 1));
	if (str_eq(name, STR("ym")))
		return arena_fmt(y->row, "%04d-%02d", year, month);
	if (str_eq(name, STR("q")))
		return arena_fmt(y->row, "%04d-Q%d", year, (month - 1) / 3 + 1);
	if (str_eq(name, STR("d")))
		return arena_fmt(y->row, "%04d-%02d-%02d", year, month, day);
	if (name.n == 0 || name.p[0] != 't')
		die("what is this", name);
	if (name.n > 1) {
		rest = str_sub(name, 2, name.n - 2);
		t += name.p[1] == '-' ? -span(rest) : span(rest);
	}
	return instant_fmt(y->row, t);
}

static void put_value(struct year *y, struct buf *b, const struct value *entry, const struct place *at, const struct value *v)
{
	struct str rest = v->text, name;
	struct buf text;
	size_t open, i;

	if (v->type == VALUE_NULL)
		return;
	if (v->type == VALUE_BOOL) {
		buf_z(b, v->is_true ? "true" : "false");
		return;
	}
	buf_init(&text, 1 << 16);
	while (rest.n > 0) {
		for (open = 0; open < rest.n && rest.p[open] != '{'; open++)
			;
		buf_add(&text, rest.p, open);
		if (open == rest.n)
			break;
		rest = str_sub(rest, open + 1, rest.n - open - 1);
		name = str_cut(&rest, '}');
		buf_str(&text, meaning(y, entry, at, name));
	}
	buf_c(b, '"');
	for (i = 0; i < buf_view(&text).n; i++) {
		if (buf_view(&text).p[i] == '"')
			buf_c(b, '"');
		buf_c(b, buf_view(&text).p[i]);
	}
	buf_c(b, '"');
	buf_done(&text);
}

/* Whether the fault is about the row at ${at}. */
static bool concerns(const struct value *fault, const struct value *entry, const struct place *at)
{
	const struct value *n = value_get(fault, "n"), *where = value_get(fault, "where"), *between = value_get(fault, "between");
	const struct value *each = value_get(entry, "each");
	size_t i, k;

	if (n != NULL && n->type == VALUE_LIST && (at->n < whole(n->items[0].text) || at->n > whole(n->items[1].text)))
		return false;
	if (n != NULL && n->type != VALUE_LIST && at->n != whole(n->text))
		return false;
	if (between != NULL && (at->t < instant(between->items[0].text) || at->t >= instant(between->items[1].text)))
		return false;
	for (i = 0; where != NULL && i < where->n; i++) {
		for (k = 0; each != NULL && k < each->n && !str_eq(each->members[k].key, where->members[i].key); k++)
			;
		if (each == NULL || k == each->n || !str_eq(each->members[k].value.items[at->chosen[k]].text, where->members[i].value.text))
			return false;
	}
	return true;
}

/* One row, or none when a fault drops it. */
static void put_row(struct year *y, struct buf *b, const struct value *entry, const struct place *at)
{
	const struct value *fields = value_get(entry, "fields"), *fault, *set, *v;
	size_t i, k, before = buf_view(b).n;

	arena_reset(y->row);
	for (i = 0; i < fields->n; i++) {
		v = &fields->members[i].value;
		for (k = 0; y->faults != NULL && k < y->faults->n; k++) {
			fault = &y->faults->items[k];
			if (!str_eq(value_text(fault, "in"), value_text(entry, "in")) || !concerns(fault, entry, at))
				continue;
			if (value_get(fault, "drop") != NULL) {
				b->n = before;
				return;
			}
			if ((set = value_get_str(value_get(fault, "set"), fields->members[i].key)) != NULL)
				v = set;
		}
		if (i > 0)
			buf_c(b, ',');
		put_value(y, b, entry, at, v);
	}
	buf_c(b, '\n');
}

static void put_head(struct buf *b, const struct value *entry)
{
	const struct value *fields = value_get(entry, "fields");
	size_t i;

	for (i = 0; i < fields->n; i++) {
		buf_z(b, i > 0 ? "," : "");
		buf_str(b, fields->members[i].key);
	}
	buf_c(b, '\n');
}

/* The rows of one instant, or at NULL those of all. */
static void put_rows(struct year *y, struct buf *b, const struct value *entry, const char *rhythm, uint64_t rows, const int64_t *at)
{
	const struct value *each = value_get(entry, "each"), *until = value_get(entry, "until");
	int64_t ends = until != NULL ? instant(until->text) : y->ends_us;
	struct place p = { 0 };
	bool more = true;
	uint64_t i;
	size_t k;

	while (more) {
		for (i = 0; at != NULL ? i < rows : nth(entry, rhythm, i) < ends; i++) {
			p.t = at != NULL ? *at : nth(entry, rhythm, i);
			p.n = i + 1;
			put_row(y, b, entry, &p);
		}
		more = false;
		for (k = 0; each != NULL && k < each->n && !more; k++) {
			more = ++p.chosen[k] < each->members[k].value.n;
			if (!more)
				p.chosen[k] = 0;
		}
	}
}

static void write_file(struct year *y, const struct value *entry, struct buf *b, int64_t received, const char *how)
{
	const struct value *given = value_get(entry, "received");
	struct str in = value_text(entry, "in"), more = value_text(entry, "ingest");
	size_t i;
	char name[300];
	FILE *f;

	if (given != NULL)
		received = instant(given->text);
	(void)snprintf(name, sizeof(name), "%s/%03u-%.*s.csv", y->dir, y->files++, STR_FMT(in));
	if ((f = fopen(name, "wb")) == NULL || fwrite(buf_view(b).p, 1, buf_view(b).n, f) != buf_view(b).n || fclose(f) != 0)
		die(strerror(errno), str_z(name));
	(void)fprintf(y->plan, "%lld csv:%.*s %s %s %.*s\n", (long long)(received / US_PER_SECOND), STR_FMT(in), name, how,
	    STR_FMT(more));
	for (i = 0; y->faults != NULL && i < y->faults->n; i++) {
		if (str_eq(value_text(&y->faults->items[i], "again"), in))
			(void)fprintf(y->plan, "%lld csv:%.*s %s %s %.*s\n", (long long)(received / US_PER_SECOND) + 1, STR_FMT(in), name,
			    how, STR_FMT(more));
	}
}

/* An entry of evidence, into one file or, a listing, into one for each of its instants. */
static void put_entry(struct year *y, const struct value *entry)
{
	const struct value *rows = value_get(entry, "rows");
	struct str covers = value_text(entry, "covers");
	char how[200];
	struct buf b;
	int64_t t;
	uint64_t i;

	if (value_get(entry, "fields") == NULL)
		die("has no fields", value_text(entry, "in"));
	buf_init(&b, 1 << 28);
	if (value_get(entry, "listing") == NULL) {
		put_head(&b, entry);
		put_rows(y, &b, entry, "every", 0, NULL);
		if (covers.n > 0)
			(void)snprintf(how, sizeof(how), "--covers %.*s", STR_FMT(covers));
		else
			(void)snprintf(how, sizeof(how), "--covers %s..%s", y->from, y->to);
		write_file(y, entry, &b, y->ends_us, how);
	}
	for (i = 0; value_get(entry, "listing") != NULL && (t = nth(entry, "listing", i)) < y->ends_us; i++) {
		b.n = 0;
		put_head(&b, entry);
		put_rows(y, &b, entry, NULL, whole(rows->text), &t);
		(void)snprintf(how, sizeof(how), "--extracted-at %.*s", STR_FMT(instant_fmt(y->a, t)));
		write_file(y, entry, &b, t + 5 * MINUTE, how);
	}
	buf_done(&b);
}

int main(int argc, char **argv)
{
	struct year y = { .a = arena_new(), .row = arena_new() };
	const struct value *docs, *list, *period;
	struct zone *zone;
	struct str text;
	char name[300];
	int64_t last;
	size_t i, n;
	struct err e;

	err_init(&e);
	if (argc < 3 || file_read(y.a, argv[1], 1 << 20, &text, &e) != RC_OK || yaml_parse(y.a, argv[1], text, &docs, &n, &e) != RC_OK)
		die("cannot read", str_z(e.msg));
	period = value_get(&docs[0], "period");
	y.dir = argv[2];
	y.from = arena_z(y.a, value_text(period, "from"));
	y.to = arena_z(y.a, value_text(period, "to"));
	if (zone_from_host(y.a, value_text(period, "zone"), &zone, &e) != RC_OK || !date_parse(value_text(period, "to"), &last))
		die("no such period", str_z(e.msg));
	/* taken in within the period's last minutes, so that nothing is late */
	y.ends_us = zone_day_start_us(zone, last + 1) - 4 * MINUTE;
	y.faults = argc > 3 ? value_get(&docs[0], "faults") : NULL;
	(void)snprintf(name, sizeof(name), "%s/plan.part", y.dir);
	if ((y.plan = fopen(name, "wb")) == NULL)
		die(strerror(errno), str_z(name));
	list = value_get(&docs[0], "evidence");
	for (i = 0; i < list->n; i++)
		put_entry(&y, &list->items[i]);
	for (i = 0; y.faults != NULL && i < y.faults->n; i++) {
		if (value_get(&y.faults->items[i], "add") != NULL)
			put_entry(&y, value_get(&y.faults->items[i], "add"));
	}
	if (fclose(y.plan) != 0)
		die(strerror(errno), str_z(name));
	arena_free(y.row);
	arena_free(y.a);
	return 0;
}

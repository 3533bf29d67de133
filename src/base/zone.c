/* zone: a time zone as the list of its transitions, read once from the host's files and from then on a definition. */
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/value.h"

enum { TRANSITIONS_MAX = 20000, ZONE_FILE_MAX = 1 << 20, FIRST_YEAR = 1900, LAST_YEAR = 2099,
	OFFSET_MAX = 93600 };             /* seconds: 26 hours; the host's files know up to 15:56 */

struct transition {
	int64_t at_s;
	int32_t offset_s;
};

struct zone {
	struct str name;
	int32_t first_offset_s;         /* before the first transition */
	struct transition *t;
	size_t n;
};

static const struct zone utc = { { "UTC", 3 }, 0, NULL, 0 };

const struct zone *zone_utc(void) { return &utc; }
struct str zone_name(const struct zone *z) { return z->name; }

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t within(int64_t v, int64_t least, int64_t most)
{
	return v < least ? least : v > most ? most : v;
}

/* Transitions at or before ${s}. */
static size_t before(const struct zone *z, int64_t s)
{
	size_t low = 0, high = z->n, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (z->t[mid].at_s <= s)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int32_t offset_after(const struct zone *z, size_t n)
{
	return n == 0 ? z->first_offset_s : z->t[n - 1].offset_s;
}

int32_t zone_offset_s(const struct zone *z, int64_t us)
{
	return offset_after(z, before(z, floor_div(us, US_PER_SECOND)));
}

int64_t zone_date(const struct zone *z, int64_t us)
{
	us = within(us, INSTANT_MIN_US, INSTANT_MAX_US);
	return floor_div(us + zone_offset_s(z, us) * US_PER_SECOND, US_PER_DAY);
}

int64_t zone_local_to_us(const struct zone *z, int64_t local_us)
{
	int64_t s, rest;
	size_t n, i;

	local_us = within(local_us, INSTANT_MIN_US, INSTANT_MAX_US);
	s = floor_div(local_us, US_PER_SECOND);
	rest = local_us - s * US_PER_SECOND;
	n = before(z, s - OFFSET_MAX);

	/* the first stretch in which this wall clock occurs; in a gap the offset before it is used, as RFC 5545 says */
	for (i = n; i < z->n; i++) {
		int64_t at = s - offset_after(z, i);

		if (at < z->t[i].at_s)
			return at * US_PER_SECOND + rest;
		if (s - z->t[i].offset_s < z->t[i].at_s)
			return at * US_PER_SECOND + rest;
		if (z->t[i].at_s > s + OFFSET_MAX)
			break;
	}
	return (s - offset_after(z, i)) * US_PER_SECOND + rest;
}

int64_t zone_day_start_us(const struct zone *z, int64_t days)
{
	int64_t local = within(days, DATE_MIN, DATE_MAX) * US_PER_DAY, us = zone_local_to_us(z, local);

	/* midnight may fall in a gap: then the day begins with the instant behind it */
	if (zone_date(z, us - 1) == days) {
		size_t n = before(z, floor_div(us, US_PER_SECOND));

		if (n > 0 && zone_date(z, z->t[n - 1].at_s * US_PER_SECOND) == days)
			return z->t[n - 1].at_s * US_PER_SECOND;
	}
	return us;
}

/* ---- TZif, RFC 8536 */
struct tzif {
	const uint8_t *p;
	size_t n;
	uint32_t isutc, isstd, leap, times, types, chars;
	size_t body;                    /* where the data begin */
};

static bool tzif_header(struct tzif *f, size_t at)
{
	const uint8_t *h = f->p + at;

	if (f->n < at + 44 || memcmp(h, "TZif", 4) != 0)
		return false;
	f->isutc = get_u32(h + 20);
	f->isstd = get_u32(h + 24);
	f->leap = get_u32(h + 28);
	f->times = get_u32(h + 32);
	f->types = get_u32(h + 36);
	f->chars = get_u32(h + 40);
	f->body = at + 44;
	return f->isutc <= 256 && f->isstd <= 256 && f->leap <= 1024 && f->times <= TRANSITIONS_MAX && f->types >= 1 &&
	    f->types <= 256 && f->chars <= 4096;
}

static size_t tzif_length(const struct tzif *f, size_t time_bytes)
{
	return (size_t)f->times * time_bytes + f->times + (size_t)f->types * 6 + f->chars +
	    (size_t)f->leap * (time_bytes + 4) + f->isstd + f->isutc;
}

static bool possible(int64_t offset_s)
{
	return offset_s >= -OFFSET_MAX && offset_s <= OFFSET_MAX;
}

static bool add(struct zone *z, int64_t at_s, int32_t offset_s)
{
	if (z->n >= TRANSITIONS_MAX || !possible(offset_s))
		return false;
	if (at_s < INSTANT_MIN_US / US_PER_SECOND || at_s > INSTANT_MAX_US / US_PER_SECOND)
		return false;
	if (z->n > 0 && z->t[z->n - 1].at_s >= at_s)
		return false;
	if (offset_after(z, z->n) == offset_s)
		return true;                            /* a change of name alone */
	z->t[z->n].at_s = at_s;
	z->t[z->n++].offset_s = offset_s;
	return true;
}

static bool tzif_transitions(const struct tzif *f, struct zone *z)
{
	const uint8_t *times = f->p + f->body, *which = times + (size_t)f->times * 8, *types = which + f->times;
	int32_t offset;
	size_t i;

	z->first_offset_s = (int32_t)get_u32(types);
	for (i = 0; i < f->times; i++) {
		int64_t at = (int64_t)get_u64(times + i * 8);

		if (which[i] >= f->types)
			return false;
		offset = (int32_t)get_u32(types + (size_t)which[i] * 6);
		if (at > 4102444800)                            /* beyond 2099 */
			continue;
		if (at < -4000000000)                           /* a big bang's mark: what holds before all that follows */
			z->first_offset_s = offset;
		else if (!add(z, at, offset))
			return false;
	}
	return possible(z->first_offset_s);
}

/* ---- the rule behind the last transition, as POSIX writes it: CET-1CEST,M3.5.0,M10.5.0/3 */
struct rule_date {
	char form;                      /* 'M', 'J' or '0' */
	int month, week, day;
	int32_t time_s;
};

struct text {
	const char *p, *end;
};

static bool take(struct text *t, char c)
{
	if (t->p >= t->end || *t->p != c)
		return false;
	t->p++;
	return true;
}

static bool number(struct text *t, int most, int *out)
{
	int v = 0;
	bool any = false;

	while (t->p < t->end && *t->p >= '0' && *t->p <= '9' && v <= most) {
		v = v * 10 + (*t->p++ - '0');
		any = true;
	}
	*out = v;
	return any && v <= most;
}

static bool name(struct text *t)
{
	const char *from = t->p;

	if (take(t, '<')) {
		while (t->p < t->end && *t->p != '>')
			t->p++;
		return take(t, '>');
	}
	while (t->p < t->end && ((*t->p >= 'A' && *t->p <= 'Z') || (*t->p >= 'a' && *t->p <= 'z')))
		t->p++;
	return t->p - from >= 3;
}

static bool hms(struct text *t, int32_t *out)
{
	int sign = 1, h, m = 0, s = 0;

	if (take(t, '-'))
		sign = -1;
	else
		(void)take(t, '+');
	if (!number(t, 167, &h))
		return false;
	if (take(t, ':') && !number(t, 59, &m))
		return false;
	if (take(t, ':') && !number(t, 59, &s))
		return false;
	*out = sign * (h * 3600 + m * 60 + s);
	return true;
}

static bool rule_date(struct text *t, struct rule_date *d)
{
	memset(d, 0, sizeof(*d));
	d->time_s = 7200;
	if (take(t, 'M')) {
		d->form = 'M';
		if (!number(t, 12, &d->month) || d->month < 1 || !take(t, '.') || !number(t, 5, &d->week) || d->week < 1 ||
		    !take(t, '.') || !number(t, 6, &d->day))
			return false;
	} else if (take(t, 'J')) {
		d->form = 'J';
		if (!number(t, 365, &d->day) || d->day < 1)
			return false;
	} else {
		d->form = '0';
		if (!number(t, 365, &d->day))
			return false;
	}
	return !take(t, '/') || hms(t, &d->time_s);
}

static bool is_leap(int y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

/* Local seconds since 1970 at which the rule's date begins in ${year}. */
static int64_t rule_local_s(const struct rule_date *d, int year)
{
	int64_t day, first, next;
	int weekday;

	if (d->form == 'M') {
		(void)date_from_civil(year, d->month, 1, &first);
		weekday = (int)(((first % 7) + 11) % 7);        /* 1970-01-01 was a Thursday, 4 */
		day = first + (d->day - weekday + 7) % 7 + (int64_t)(d->week - 1) * 7;
		if (!date_from_civil(d->month == 12 ? year + 1 : year, d->month == 12 ? 1 : d->month + 1, 1, &next))
			next = first + 31;
		while (day >= next)
			day -= 7;
	} else {
		(void)date_from_civil(year, 1, 1, &first);
		day = first + d->day;
		if (d->form == 'J')                             /* 29 February is never counted */
			day += d->day >= 60 && is_leap(year) ? 0 : -1;
	}
	return day * 86400 + d->time_s;
}

static bool expand_rule(struct str text, struct zone *z)
{
	struct text t = { text.p, text.p + text.n };
	struct rule_date begin, end;
	int32_t standard, summer;
	int year;

	if (text.n == 0)
		return true;
	if (!name(&t) || !hms(&t, &standard))
		return false;
	standard = -standard;
	if (t.p == t.end)
		return true;                                    /* no summer time: the last offset goes on */
	summer = standard + 3600;
	if (!name(&t))
		return false;
	if (t.p < t.end && *t.p != ',') {
		if (!hms(&t, &summer))
			return false;
		summer = -summer;
	}
	if (!take(&t, ',') || !rule_date(&t, &begin) || !take(&t, ',') || !rule_date(&t, &end) || t.p != t.end)
		return false;
	for (year = FIRST_YEAR; year <= LAST_YEAR; year++) {
		int64_t on = rule_local_s(&begin, year) - standard, off = rule_local_s(&end, year) - summer;
		int64_t last = z->n > 0 ? z->t[z->n - 1].at_s : INT64_MIN;
		bool north = on < off;

		if ((north ? on : off) > last && !add(z, north ? on : off, north ? summer : standard))
			return false;
		last = z->n > 0 ? z->t[z->n - 1].at_s : INT64_MIN;
		if ((north ? off : on) > last && !add(z, north ? off : on, north ? standard : summer))
			return false;
	}
	return true;
}

static bool zone_from_tzif(struct str bytes, struct zone *z)
{
	struct tzif f = { .p = (const uint8_t *)bytes.p, .n = bytes.n };
	struct str rule;
	size_t end, first;

	if (!tzif_header(&f, 0) || f.p[4] < '2')
		return false;
	first = f.body + tzif_length(&f, 4);
	if (first > f.n || !tzif_header(&f, first))
		return false;
	end = f.body + tzif_length(&f, 8);
	if (end > f.n || !tzif_transitions(&f, z))
		return false;
	if (end + 2 > f.n || f.p[end] != '\n')
		return false;
	rule = str_sub(bytes, end + 1, bytes.n);
	rule = str_cut(&rule, '\n');
	/* a rule without transitions before it would be laid over all years, which is what it means */
	return expand_rule(rule, z);
}

/* A name may go into a path only when it cannot leave the folder. */
static bool safe_name(struct str s)
{
	size_t i;

	if (s.n == 0 || s.n > 64 || s.p[0] == '/' || s.p[0] == '.')
		return false;
	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
		    c == '-' || c == '/'))
			return false;
	}
	return true;
}

static enum rc read_zone_file(struct arena *a, struct str zone, struct str *out, struct err *e)
{
	char *path = arena_z(a, arena_fmt(a, "/usr/share/zoneinfo/%.*s", STR_FMT(zone)));
	char *bytes = arena_alloc(a, ZONE_FILE_MAX);
	size_t n = 0;
	ssize_t got = 0;
	enum rc rc = RC_OK;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? err_set(e, RC_NOT_FOUND, "there is no time zone \"%.*s\"; names look "
		    "like Europe/Berlin", STR_FMT(zone)) : err_sys(e, errno, "%s cannot be opened", path);
	while (n < ZONE_FILE_MAX && (got = read(fd, bytes + n, ZONE_FILE_MAX - n)) > 0)
		n += (size_t)got;
	if (got < 0 && errno == EISDIR)
		rc = err_set(e, RC_NOT_FOUND, "\"%.*s\" is a region and no time zone; names look like Europe/Berlin", STR_FMT(zone));
	else if (got < 0)
		rc = err_sys(e, errno, "%s cannot be read", path);
	(void)close(fd);
	*out = (struct str){ bytes, n };
	return rc;
}

enum rc zone_from_host(struct arena *a, struct str zone, struct zone **out, struct err *e)
{
	struct zone *z = ARENA_NEW(a, struct zone);
	struct str bytes;
	enum rc rc;

	z->name = arena_str(a, zone);
	z->t = ARENA_ARRAY(a, TRANSITIONS_MAX, struct transition);
	if (str_is(zone, "UTC")) {
		*out = z;
		return RC_OK;
	}
	if (!safe_name(zone))
		return err_set(e, RC_NOT_FOUND, "there is no time zone \"%.*s\"; names look like Europe/Berlin", STR_FMT(zone));
	if ((rc = read_zone_file(a, zone, &bytes, e)) != RC_OK)
		return rc;
	if (!zone_from_tzif(bytes, z))
		return err_set(e, RC_INVALID, "the host's file of the time zone \"%.*s\" cannot be read; install tzdata again",
		    STR_FMT(zone));
	*out = z;
	return RC_OK;
}

void zone_put(struct buf *b, const struct zone *z)
{
	size_t i;

	buf_z(b, "{\"kind\":\"zone\",\"name\":");
	json_put_str(b, z->name);
	buf_fmt(b, ",\"offset\":%d,\"transitions\":[", (int)z->first_offset_s);
	for (i = 0; i < z->n; i++)
		buf_fmt(b, "%s[%lld,%d]", i > 0 ? "," : "", (long long)z->t[i].at_s, (int)z->t[i].offset_s);
	buf_z(b, "]}");
}

enum rc zone_from_value(struct arena *a, const struct value *v, struct zone **out, struct err *e)
{
	const struct value *list = value_get(v, "transitions"), *offset = value_get(v, "offset");
	struct zone *z = ARENA_NEW(a, struct zone);
	int64_t at, o;
	size_t i;

	z->name = arena_str(a, value_text(v, "name"));
	if (z->name.n == 0 || z->name.n > 64 || offset == NULL || offset->type != VALUE_NUMBER || !num_i64(offset->text, &o) ||
	    !possible(o) || list == NULL || list->type != VALUE_LIST || list->n > TRANSITIONS_MAX)
		return err_set(e, RC_INVALID, "this is no zone: it needs name, offset and transitions");
	z->first_offset_s = (int32_t)o;
	z->t = ARENA_ARRAY(a, list->n, struct transition);
	for (i = 0; i < list->n; i++) {
		const struct value *pair = &list->items[i];

		if (pair->type != VALUE_LIST || pair->n != 2 || pair->items[0].type != VALUE_NUMBER ||
		    pair->items[1].type != VALUE_NUMBER || !num_i64(pair->items[0].text, &at) ||
		    !num_i64(pair->items[1].text, &o) || !possible(o) || !add(z, at, (int32_t)o))
			return err_set(e, RC_INVALID, "this is no zone: transition %zu is not [seconds, offset], after the one before",
			    i + 1);
	}
	*out = z;
	return RC_OK;
}

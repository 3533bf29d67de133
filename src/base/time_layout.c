/* time_layout: see time_layout.h. */
#include "base/time_layout.h"

#include <string.h>

enum { STEPS_MAX = 48 };

struct time_layout {
	char kinds[STEPS_MAX];          /* a directive's letter, or 0 for a literal, which is in chars */
	char chars[STEPS_MAX];
	size_t n;
	bool has_year;
};

struct parts {
	int year, month, day, hour, minute, second;
	int64_t fraction_us, offset_s, epoch_us;
	bool has_offset, is_epoch, is_pm, is_am;
};

static const struct {
	const char *name, *layout;
} named[] = {
	{ "syslog", "%b %e %T" }, { "apache", "%d/%b/%Y:%T %z" }, { "epoch", "%s" }, { "epoch_ms", "%L" }, { "iso", "%i" },
};

static bool has(const struct time_layout *l, const char *letters)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->kinds[i] != 0 && strchr(letters, l->kinds[i]) != NULL)
			return true;
	return false;
}

static enum rc step(struct time_layout *l, char kind, char c, struct err *e)
{
	if (l->n == STEPS_MAX)
		return err_set(e, RC_INVALID, "a layout of a time has at most %d steps", STEPS_MAX);
	l->kinds[l->n] = kind;
	l->chars[l->n++] = c;
	return RC_OK;
}

static enum rc steps(struct time_layout *l, struct str text, bool is_named, struct err *e)
{
	size_t i;
	enum rc rc = RC_OK;

	for (i = 0; i < text.n && rc == RC_OK; i++) {
		char c = text.p[i];

		if (c != '%') {
			rc = step(l, 0, c, e);
			continue;
		}
		c = i + 1 < text.n ? text.p[i + 1] : 0;
		i++;
		if (c == '%')
			rc = step(l, 0, c, e);
		else if (c == 'T')
			rc = steps(l, STR("%H:%M:%S"), is_named, e);
		else if (c != 0 && strchr(is_named ? "YmbdeHIMSpfzasLi" : "YmbdeHIMSpfzasL", c) != NULL)
			rc = step(l, c, 0, e);
		else
			return err_set(e, RC_INVALID, "a layout of a time has no %%%c", c != 0 ? c : ' ');
	}
	return rc;
}

enum rc time_layout_compile(struct arena *a, struct str text, struct time_layout **out, struct err *e)
{
	struct time_layout *l = ARENA_NEW(a, struct time_layout);
	bool is_named = false;
	size_t i;
	enum rc rc;

	for (i = 0; i < ARRAY_LEN(named) && !is_named; i++) {
		is_named = str_is(text, named[i].name);
		if (is_named)
			text = str_z(named[i].layout);
	}
	if ((rc = steps(l, text, is_named, e)) != RC_OK)
		return rc;
	l->has_year = has(l, "YsLi");
	if (!has(l, "sLi") && (!has(l, "mb") || !has(l, "de") || !has(l, "HI") || !has(l, "M")))
		return err_set(e, RC_INVALID, "\"%.*s\" tells no time: a layout needs month, day, hour and minute, or is one of syslog, "
		    "apache, epoch, epoch_ms, iso", STR_FMT(text));
	if (has(l, "I") != has(l, "p") || (has(l, "I") && has(l, "H")))
		return err_set(e, RC_INVALID, "%%I and %%p belong together, without %%H");
	if (!l->has_year && has(l, "z"))
		return err_set(e, RC_INVALID, "a layout without a year has no offset either");
	*out = l;
	return RC_OK;
}

static bool number(struct str s, size_t *at, size_t least, size_t most, int64_t *out)
{
	size_t from = *at;
	int64_t v = 0;

	while (*at < s.n && *at - from < most && s.p[*at] >= '0' && s.p[*at] <= '9')
		v = v * 10 + (s.p[(*at)++] - '0');
	*out = v;
	return *at - from >= least;
}

static bool small(struct str s, size_t *at, size_t least, size_t most, int *out)
{
	int64_t v;
	bool good = number(s, at, least, most, &v);

	*out = (int)v;
	return good;
}

/* One of the words of three letters; from 1. */
static bool word(struct str s, size_t *at, const char *words, int *out)
{
	size_t i;

	for (i = 0; words[3 * i] != 0; i++) {
		if (str_eq(str_sub(s, *at, 3), (struct str){ words + 3 * i, 3 })) {
			*at += 3;
			*out = (int)i + 1;
			return true;
		}
	}
	return false;
}

static bool fraction(struct str s, size_t *at, int64_t *us)
{
	size_t from = *at, n;

	if (!number(s, at, 1, 9, us))
		return false;
	for (n = *at - from; n < 6; n++)
		*us *= 10;
	for (; n > 6; n--)
		*us /= 10;
	return true;
}

static bool offset(struct str s, size_t *at, struct parts *p)
{
	int h, m = 0, sign;
	size_t i;

	p->has_offset = true;
	if (*at < s.n && (s.p[*at] == 'Z' || s.p[*at] == 'z')) {
		(*at)++;
		return true;
	}
	if (*at >= s.n || (s.p[*at] != '+' && s.p[*at] != '-'))
		return false;
	sign = s.p[(*at)++] == '-' ? -1 : 1;
	if (!small(s, at, 2, 2, &h))
		return false;
	i = *at + (*at < s.n && s.p[*at] == ':');
	if (small(s, &i, 2, 2, &m))
		*at = i;
	else
		m = 0;
	p->offset_s = sign * ((int64_t)h * 3600 + (int64_t)m * 60);
	return h <= 14 && m <= 59;
}

static bool epoch(struct str s, size_t *at, int64_t unit_us, struct parts *p)
{
	int64_t v, f = 0;

	p->is_epoch = p->has_offset = true;
	if (!number(s, at, 1, 15, &v) || v > INSTANT_MAX_US / unit_us)
		return false;
	p->epoch_us = v * unit_us;
	if (unit_us == US_PER_SECOND && *at + 1 < s.n && s.p[*at] == '.' && s.p[*at + 1] >= '0' && s.p[*at + 1] <= '9') {
		(*at)++;
		(void)fraction(s, at, &f);
		p->epoch_us += f;
	}
	return true;
}

/* 2024-11-10T07:48:12.5+01:00; blank for T, comma for the point, no fraction, no offset, no seconds. */
static bool iso(struct str s, size_t *at, struct parts *p)
{
	size_t i;

	if (!small(s, at, 4, 4, &p->year) || *at >= s.n || s.p[(*at)++] != '-' || !small(s, at, 2, 2, &p->month) || *at >= s.n ||
	    s.p[(*at)++] != '-' || !small(s, at, 2, 2, &p->day) || *at >= s.n ||
	    (s.p[*at] != 'T' && s.p[*at] != 't' && s.p[*at] != ' '))
		return false;
	(*at)++;
	if (!small(s, at, 2, 2, &p->hour) || *at >= s.n || s.p[(*at)++] != ':' || !small(s, at, 2, 2, &p->minute))
		return false;
	i = *at + 1;
	if (*at < s.n && s.p[*at] == ':' && small(s, &i, 2, 2, &p->second)) {
		*at = i++;
		if (*at < s.n && (s.p[*at] == '.' || s.p[*at] == ',') && fraction(s, &i, &p->fraction_us))
			*at = i;
		else
			p->fraction_us = 0;
	}
	i = *at + (*at < s.n && s.p[*at] == ' ');
	p->offset_s = 0;
	if (i < s.n && strchr("Zz+-", s.p[i]) != NULL && s.p[i] != 0 && offset(s, &i, p)) {
		*at = i;
	} else {
		p->has_offset = false;
		p->offset_s = 0;
	}
	return true;
}

static bool read_step(const struct time_layout *l, size_t i, struct str s, size_t *at, struct parts *p)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec", days[] = "MonTueWedThuFriSatSun";
	int ignored;

	switch (l->kinds[i]) {
	case 0:
		return *at < s.n && s.p[(*at)++] == l->chars[i];
	case 'Y':
		return small(s, at, 4, 4, &p->year);
	case 'm':
		return small(s, at, 2, 2, &p->month);
	case 'b':
		return word(s, at, months, &p->month);
	case 'd':
		return small(s, at, 2, 2, &p->day);
	case 'e':
		*at += *at < s.n && s.p[*at] == ' ';
		return small(s, at, 1, 2, &p->day);
	case 'H':
		return small(s, at, 2, 2, &p->hour) && p->hour <= 23;
	case 'I':
		return small(s, at, 2, 2, &p->hour) && p->hour >= 1 && p->hour <= 12;
	case 'M':
		return small(s, at, 2, 2, &p->minute);
	case 'S':
		return small(s, at, 2, 2, &p->second);
	case 'p':
		p->is_pm = str_eq(str_sub(s, *at, 2), STR("PM"));
		p->is_am = str_eq(str_sub(s, *at, 2), STR("AM"));
		*at += 2;
		return p->is_am || p->is_pm;
	case 'f':
		return fraction(s, at, &p->fraction_us);
	case 'z':
		return offset(s, at, p);
	case 'a':
		return word(s, at, days, &ignored);
	case 's':
		return epoch(s, at, US_PER_SECOND, p);
	case 'L':
		return epoch(s, at, 1000, p);
	default:
		return iso(s, at, p);
	}
}

static bool wall_clock(const struct parts *p, int year, int64_t *us)
{
	int hour = p->is_pm || p->is_am ? p->hour % 12 + (p->is_pm ? 12 : 0) : p->hour;
	int64_t days;

	if (!date_from_civil(year, p->month, p->day, &days) || hour > 23 || p->minute > 59 || p->second > 60)
		return false;
	*us = ((int64_t)hour * 3600 + (int64_t)p->minute * 60 + (p->second == 60 ? 59 : p->second)) * US_PER_SECOND;
	*us += days * US_PER_DAY + p->fraction_us;
	return true;
}

/* The latest year in which such a time is not after ${near}, give or take the days that zones and clocks make. */
static bool guess_year(const struct parts *p, int64_t near_us, int64_t *us)
{
	int64_t latest = near_us > INSTANT_MAX_US - 2 * US_PER_DAY ? INSTANT_MAX_US : near_us + 2 * US_PER_DAY;
	int year, month, day, i;

	if (near_us < INSTANT_MIN_US)
		return false;
	date_to_civil(zone_date(zone_utc(), latest), &year, &month, &day);
	for (i = 0; i <= 8; i++, year--)        /* 29 February may be eight years back */
		if (wall_clock(p, year, us) && *us <= latest)
			return true;
	return false;
}

size_t time_layout_read(const struct time_layout *l, struct str text, const int64_t *near_us, struct time_read *out)
{
	struct parts p = { 0 };
	size_t i, at = 0;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < l->n; i++)
		if (!read_step(l, i, text, &at, &p))
			return 0;
	out->has_offset = p.has_offset;
	out->us = p.epoch_us;
	if (p.is_epoch)
		return at;
	if (!l->has_year) {
		out->no_year = true;
		if (!wall_clock(&p, 2000, &out->us))            /* a leap year: every day of any year is in it */
			return 0;
		return near_us == NULL || guess_year(&p, *near_us, &out->us) ? at : 0;
	}
	if (!wall_clock(&p, p.year, &out->us))
		return 0;
	out->us -= p.offset_s * US_PER_SECOND;
	return out->us >= INSTANT_MIN_US && out->us <= INSTANT_MAX_US ? at : 0;
}

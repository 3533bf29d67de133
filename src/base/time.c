/* time: dates and instants as arithmetic on the proleptic Gregorian calendar, and the ways in which exports write
 * them.  Zones are in zone.c. */
#include "base/time.h"

#include <string.h>
#include <time.h>

int64_t clock_now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * US_PER_SECOND + t.tv_nsec / 1000;
}

/* Days of the civil calendar, counted in eras of 400 years that begin in March. */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void date_to_civil(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2 ? 1 : 0));
}

bool date_from_civil(int year, int month, int day, int64_t *days)
{
	int y, m, d;

	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	*days = days_of(year, month, day);
	date_to_civil(*days, &y, &m, &d);
	return y == year && m == month && d == day;
}

/* Exactly ${n} digits at ${*at}. */
static bool digits(struct str s, size_t *at, size_t n, int *out)
{
	int v = 0;
	size_t i;

	if (*at > s.n || s.n - *at < n)
		return false;
	for (i = 0; i < n; i++) {
		char c = s.p[*at + i];

		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*at += n;
	*out = v;
	return true;
}

static bool skip(struct str s, size_t *at, char c)
{
	if (*at >= s.n || s.p[*at] != c)
		return false;
	(*at)++;
	return true;
}

static bool date_at(struct str s, size_t *at, int64_t *days)
{
	int y, m, d;

	return digits(s, at, 4, &y) && skip(s, at, '-') && digits(s, at, 2, &m) && skip(s, at, '-') &&
	    digits(s, at, 2, &d) && date_from_civil(y, m, d, days);
}

bool date_parse(struct str s, int64_t *days)
{
	size_t at = 0;
	int64_t d;

	if (!date_at(s, &at, &d) || at != s.n)
		return false;
	*days = d;
	return true;
}

struct str date_fmt(struct arena *a, int64_t days)
{
	int y, m, d;

	if (days < DATE_MIN)
		days = DATE_MIN;
	if (days > DATE_MAX)
		days = DATE_MAX;
	date_to_civil(days, &y, &m, &d);
	return arena_fmt(a, "%04d-%02d-%02d", y, m, d);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

struct str instant_fmt(struct arena *a, int64_t us)
{
	int64_t days, rest, s, fraction;
	struct str date, out;

	us = us < INSTANT_MIN_US ? INSTANT_MIN_US : us > INSTANT_MAX_US ? INSTANT_MAX_US : us;
	days = floor_div(us, US_PER_DAY);
	rest = us - days * US_PER_DAY;
	s = rest / US_PER_SECOND;
	fraction = rest % US_PER_SECOND;
	date = date_fmt(a, days);

	out = arena_fmt(a, "%.*sT%02d:%02d:%02d", STR_FMT(date), (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
	if (fraction != 0) {
		struct str f = arena_fmt(a, "%06d", (int)fraction);

		while (f.n > 0 && f.p[f.n - 1] == '0')
			f.n--;
		out = arena_fmt(a, "%.*s.%.*s", STR_FMT(out), STR_FMT(f));
	}
	return arena_fmt(a, "%.*sZ", STR_FMT(out));
}

/* "hh:mm[:ss[.fraction]]", in µs of the day; a leap second counts as the second before it. */
static bool clock_at(struct str s, size_t *at, int64_t *us)
{
	int h, m, sec = 0;
	int64_t scale = 100000, fraction = 0;

	if (!digits(s, at, 2, &h) || !skip(s, at, ':') || !digits(s, at, 2, &m) || h > 23 || m > 59)
		return false;
	if (skip(s, at, ':')) {
		if (!digits(s, at, 2, &sec) || sec > 60)
			return false;
		if (sec == 60)
			sec = 59;
		if (*at < s.n && (s.p[*at] == '.' || s.p[*at] == ',')) {
			size_t from = ++*at;

			for (; *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9'; (*at)++) {
				fraction += (s.p[*at] - '0') * scale;
				scale /= 10;            /* beyond microseconds nothing is kept */
			}
			if (*at == from)
				return false;
		}
	}
	*us = ((int64_t)h * 3600 + m * 60 + sec) * US_PER_SECOND + fraction;
	return true;
}

/* Z, +hh:mm, +hhmm, +hh; false when there is none that is possible. */
static bool offset_at(struct str s, size_t *at, int64_t *seconds)
{
	int h, m = 0, sign;

	if (skip(s, at, 'Z') || skip(s, at, 'z')) {
		*seconds = 0;
		return true;
	}
	if (skip(s, at, '+'))
		sign = 1;
	else if (skip(s, at, '-'))
		sign = -1;
	else
		return false;
	if (!digits(s, at, 2, &h))
		return false;
	if (*at < s.n) {
		(void)skip(s, at, ':');
		if (!digits(s, at, 2, &m))
			return false;
	}
	if (h > 14 || m > 59)
		return false;
	*seconds = sign * ((int64_t)h * 3600 + (int64_t)m * 60);
	return true;
}

static bool in_range(int64_t us)
{
	return us >= INSTANT_MIN_US && us <= INSTANT_MAX_US;
}

enum time_doubt instant_parse(struct str s, const struct zone *zone, int64_t *us)
{
	int64_t days, of_day, offset, t;
	size_t at = 0;

	s = str_trim(s);
	if (zone == NULL)
		zone = zone_utc();
	if (!date_at(s, &at, &days))
		return TIME_BAD;
	if (at == s.n) {
		t = zone_day_start_us(zone, days);
		if (!in_range(t))
			return TIME_BAD;
		*us = t;
		return TIME_DATE_ONLY;
	}
	if (!skip(s, &at, 'T') && !skip(s, &at, 't') && !skip(s, &at, ' '))
		return TIME_BAD;
	if (!clock_at(s, &at, &of_day))
		return TIME_BAD;
	t = days * US_PER_DAY + of_day;
	if (at == s.n) {
		t = zone_local_to_us(zone, t);
		if (!in_range(t))
			return TIME_BAD;
		*us = t;
		return TIME_NO_ZONE;
	}
	(void)skip(s, &at, ' ');
	if (str_is(str_sub(s, at, s.n), "UTC") || str_is(str_sub(s, at, s.n), "GMT")) {
		at = s.n;
		offset = 0;
	} else if (!offset_at(s, &at, &offset) || at != s.n) {
		return TIME_BAD;
	}
	t -= offset * US_PER_SECOND;
	if (!in_range(t))
		return TIME_BAD;
	*us = t;
	return TIME_SURE;
}

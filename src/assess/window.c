/* window: see window.h. */
#include "assess/window.h"

/* The first day of the month that many months from that one. */
static int64_t month_add(int year, int month, int add)
{
	int64_t day = 0;
	int m = year * 12 + month - 1 + add;

	(void)date_from_civil(m / 12, m % 12 + 1, 1, &day);
	return day;
}

static int months_in(enum frequency f)
{
	return f == FREQUENCY_MONTHLY ? 1 : f == FREQUENCY_QUARTERLY ? 3 : 6;
}

static size_t calendar(enum frequency f, int64_t from, int64_t to, struct window *w)
{
	int y, m, d, step = months_in(f);
	size_t n = 0;
	int64_t start, next;

	date_to_civil(from, &y, &m, &d);
	m -= (m - 1) % step;
	for (start = month_add(y, m, 0);; start = next) {
		date_to_civil(start, &y, &m, &d);
		next = month_add(y, m, step);
		if (next - 1 > to)
			return n;
		w[n++] = (struct window){ start, next - 1 };
	}
}

static size_t weeks(int64_t from, int64_t to, struct window *w)
{
	int64_t sunday = from + (6 - ((from + 3) % 7 + 7) % 7);         /* 1970-01-01 was a Thursday */
	size_t n = 0;

	for (; sunday <= to; sunday += 7)
		w[n++] = (struct window){ sunday - 6, sunday };
	return n;
}

static int64_t year_before(int64_t to)
{
	int64_t day;
	int y, m, d;

	date_to_civil(to + 1, &y, &m, &d);
	if (!date_from_civil(y - 1, m, d, &day))
		(void)date_from_civil(y - 1, 3, 1, &day);               /* behind a 28 February of a leap year */
	return day;
}

size_t windows_of(struct arena *a, enum frequency f, int64_t from, int64_t to, struct window **out)
{
	struct window *w;
	size_t n = 0;
	int64_t d;

	*out = NULL;
	if (f == FREQUENCY_OTHER || to < from)
		return 0;
	*out = w = ARENA_ARRAY(a, (size_t)(to - from) + 2, struct window);
	switch (f) {
	case FREQUENCY_DAILY:
		for (d = from; d <= to; d++)
			w[n++] = (struct window){ d, d };
		return n;
	case FREQUENCY_WEEKLY:
		return weeks(from, to, w);
	case FREQUENCY_ANNUAL:
		w[0] = (struct window){ year_before(to), to };
		return 1;
	default:
		return calendar(f, from, to, w);
	}
}

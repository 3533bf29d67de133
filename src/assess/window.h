/* window: the due windows of a frequency in a period: calendar days, ISO weeks, months, quarters and half-years, and for a
 * yearly control the year that ends with the period's last day.  Pure arithmetic.
 * Uses assess/control.h, base/time.h. */
#ifndef ASSESS_WINDOW_H
#define ASSESS_WINDOW_H

#include "assess/control.h"

struct window {
	int64_t from_day, to_day;       /* both inclusive */
};

/* Those whose last day lies in the period, in their order, in ${a}; none for other frequencies. */
size_t windows_of(struct arena *a, enum frequency, int64_t from_day, int64_t to_day, struct window **out);

#endif

/* time_layout: times as logs write them, by a declared layout: "%d/%b/%Y:%H:%M:%S %z".  No locale, no clock. */
#ifndef BASE_TIME_LAYOUT_H
#define BASE_TIME_LAYOUT_H

#include "base/time.h"

struct time_layout;

/* ${text}: literals, %Y year, %m month, %b Jan…Dec, %d day, %e day with a blank or without, %H %M %S, %I with %p AM/PM, %T for
 * %H:%M:%S, %f a fraction of one to nine digits, %z an offset (Z, +hh:mm, +hhmm, +hh), %a Mon…Sun (not looked at), %s
 * seconds since 1970 with or without a fraction, %L milliseconds since 1970, %%; or a name: "syslog" (%b %e %T), "apache"
 * (%d/%b/%Y:%T %z), "epoch" (%s), "epoch_ms" (%L), "iso" (RFC 3339 and its like).  RC_INVALID: what it lacks. */
MUST_USE enum rc time_layout_compile(struct arena *, struct str text, struct time_layout **, struct err *);

struct time_read {
	int64_t us;                     /* the instant, or the wall clock as if it were UTC's */
	bool has_offset;
	bool no_year;                   /* the year is guessed: the latest that is not after ${near} */
};

/* The time at the start of ${text}: bytes used, 0 when there is none.  A layout without a year needs ${near}, an instant
 * when the file was read at its source, and takes what lies up to two days behind it as the same year; without it (NULL)
 * out->us is void and no_year set.  A leap second counts as the second before it. */
size_t time_layout_read(const struct time_layout *, struct str text, const int64_t *near_us, struct time_read *out);

#endif

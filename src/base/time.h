/* time: instants, dates and zones.  Nothing here reads a clock or the host's zone files but the two
 * functions that say so; all else is arithmetic on what it is given. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "base/base.h"

#define US_PER_SECOND ((int64_t)1000000)
#define US_PER_DAY (86400 * US_PER_SECOND)

/* Instants are int64 microseconds since 1970-01-01T00:00:00Z, dates are int64 days since 1970-01-01
 * (proleptic Gregorian), both limited to the years 0001 to 9999. */

#define DATE_MIN ((int64_t)-719162)             /* 0001-01-01 */
#define DATE_MAX ((int64_t)2932896)             /* 9999-12-31 */
#define INSTANT_MIN_US (DATE_MIN * US_PER_DAY)
#define INSTANT_MAX_US ((DATE_MAX + 1) * US_PER_DAY - 1)

int64_t clock_now_us(void);                     /* the system's clock: cli/ and server/ only */

bool date_from_civil(int year, int month, int day, int64_t *days);      /* false: no such day */
void date_to_civil(int64_t days, int *year, int *month, int *day);
bool date_parse(struct str, int64_t *days);     /* YYYY-MM-DD */
struct str date_fmt(struct arena *, int64_t days);
struct str instant_fmt(struct arena *, int64_t us);     /* 2024-06-30T23:59:59Z, fraction only if not zero */

enum time_doubt {
	TIME_SURE,
	TIME_NO_ZONE,                           /* no offset in the text: the caller's assumption was used */
	TIME_DATE_ONLY,                         /* that day's start */
	TIME_BAD,                               /* not readable, or not possible: no instant */
};

/* RFC 3339 and the shapes that real exports use: 'T' or blank, seconds and fraction optional, offset Z, +hh:mm,
 * +hhmm, +hh, blank before the offset allowed, none at all.  An offset beyond 14:59 (as "+518:00") and a day that
 * does not exist are TIME_BAD, and so is
 * an instant outside the years 0001 to 9999.  Without an offset the instant is that of ${zone} (NULL: UTC). */
struct zone;
enum time_doubt instant_parse(struct str, const struct zone *zone, int64_t *us);

/* ---- zones: transitions read once from the host at init and kept as a definition */
struct zone;
/* Read ${name} ("Europe/Berlin") from the host's zone files, TZif version 2 and up, its POSIX rule expanded to the
 * end of 2099.  RC_NOT_FOUND: no such zone. */
MUST_USE enum rc zone_from_host(struct arena *, struct str name, struct zone **out, struct err *);
/* The definition as JSON, {"kind":"zone","name":…,"offset":seconds,"transitions":[[unix seconds, offset seconds],…]},
 * and back.  RC_INVALID: a transition not after the one before it or outside the years 0001 to 9999, an offset of more
 * than 26 hours, more than 20,000 transitions. */
struct value;
void zone_put(struct buf *, const struct zone *);
MUST_USE enum rc zone_from_value(struct arena *, const struct value *, struct zone **out, struct err *);
const struct zone *zone_utc(void);
struct str zone_name(const struct zone *);
/* Instants and days beyond the years 0001 to 9999 count as the nearest one within. */
int32_t zone_offset_s(const struct zone *, int64_t us);         /* east of Greenwich */
int64_t zone_date(const struct zone *, int64_t us);             /* the local day of an instant */
int64_t zone_day_start_us(const struct zone *, int64_t days);   /* its first instant; midnight or what follows a gap */
/* Wall-clock time (µs since 1970-01-01T00:00:00 local) to an instant: the first of two, and past a gap as RFC 5545. */
int64_t zone_local_to_us(const struct zone *, int64_t local_us);

#endif

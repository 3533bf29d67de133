/* calendar: a population's period day by day, as a control's page draws it: a row a month, a square a day, one state a day.
 * Uses assess/coverage.h, server/call.h. */
#ifndef SERVER_CALENDAR_H
#define SERVER_CALENDAR_H

#include "server/call.h"

/* "calendar": squares with their place and state, months, and how many days there are of each state; nothing for a listing of
 * state, which has no days.  A day with items counts as tested and holding only where no item of the whole test was left open or
 * set apart: else it is not told which day they are of. */
MUST_USE enum rc calendar_put(struct call *, struct buf *, const struct readiness *, const struct result *);

#endif

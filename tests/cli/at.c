/* The program under another clock: CLOCK_REALTIME runs on from TEST_CLOCK (seconds since 1970) instead of from now.  Linked with
 * --wrap=clock_gettime, so that nothing in the product itself can be told a false time. */
#include <stdlib.h>
#include <time.h>

int __real_clock_gettime(clockid_t, struct timespec *);
int __wrap_clock_gettime(clockid_t, struct timespec *);

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	static time_t since;
	time_t told = 0;
	const char *text = getenv("TEST_CLOCK");
	int status = __real_clock_gettime(id, t);

	if (status != 0 || id != CLOCK_REALTIME || text == NULL)
		return status;
	if (since == 0)
		since = t->tv_sec;
	for (; *text >= '0' && *text <= '9'; text++)
		told = told * 10 + (*text - '0');
	t->tv_sec = told + (t->tv_sec - since);
	return 0;
}

/* bench/events: sign-ins as JSON lines, each of so many bytes with its line feed, to standard output: events, people who
 * come again and again, times that go forward.  bench-events [RECORDS [BYTES]]: 1,000,000 of 500. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/time.h"

enum { PEOPLE = 5000, MOST = 4000 };

static size_t number(int argc, char **argv, int i, size_t otherwise)
{
	uint64_t n;

	return argc > i && num_u64(str_z(argv[i]), 1000000000, &n) && n > 0 ? (size_t)n : otherwise;
}

int main(int argc, char **argv)
{
	size_t records = number(argc, argv, 1, 1000000), bytes = number(argc, argv, 2, 500), i;
	char line[MOST + 1], pad[MOST + 1];
	uint32_t state = 11;

	memset(pad, 'x', sizeof(pad));
	for (i = 0; i < records; i++) {
		unsigned who, second = (unsigned)(i * 26 % 86400), day = (unsigned)(i * 26 / 86400);
		int n, year, month, date;

		state = state * 1664525u + 1013904223u;
		who = (state >> 8) % PEOPLE;
		date_to_civil(19723 + (int64_t)day, &year, &month, &date);
		n = snprintf(line, sizeof(line), "{\"id\":\"%08x-%04x-%08zx\",\"time\":\"%04d-%02d-%02dT%02u:%02u:%02uZ\",\"account\":"
		    "\"00u%06u\",\"user\":\"user%u@example.com\",\"outcome\":\"%s\",\"method\":\"%s\",\"address\":\"10.%u.%u.%u\","
		    "\"agent\":\"", state, state >> 20, i, year, month, date, second / 3600, second / 60 % 60, second % 60, who, who,
		    state % 17 == 0 ? "FAILURE" : "SUCCESS", state % 3 == 0 ? "password" : "otp", who % 250, state >> 24,
		    state >> 16 & 255);
		if (n < 0 || (size_t)n + 3 > bytes || bytes > MOST) {
			(void)fprintf(stderr, "bench-events: a line takes %d bytes at least and %d at most\n", n + 3, MOST);
			return 2;
		}
		(void)printf("%s%.*s\"}\n", line, (int)(bytes - (size_t)n - 3), pad);
	}
	return fflush(stdout) == 0 ? 0 : 3;
}

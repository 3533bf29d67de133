/* bench/json: how many events a second one core reads into values: one event of 555 bytes shaped like CloudTrail's, and
 * the lines of a file of JSON lines when one is named.  Prints a line each; judges nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/value.h"

static const char event[] =
    "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"AIDAEXAMPLE0123456789\","
    "\"arn\":\"arn:aws:iam::123456789012:user/deploy\",\"accountId\":\"123456789012\",\"userName\":\"deploy\"},"
    "\"eventTime\":\"2024-03-05T11:42:17Z\",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"GetObject\","
    "\"awsRegion\":\"eu-central-1\",\"sourceIPAddress\":\"198.51.100.23\",\"requestParameters\":{\"bucketName\":\"reports\","
    "\"key\":\"2024-3.csv\"},\"responseElements\":null,\"readOnly\":true,\"eventType\":\"AwsApiCall\","
    "\"eventID\":\"3f1c0c7e-6b0d-4b64-9a39-1f4b8d2f7c55\",\"recipientAccountId\":\"123456789012\"}";

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Lines of ${text}, again and again for two seconds. */
static int measure(const char *what, struct str text)
{
	struct arena *a = arena_new();
	const struct value *v;
	double start = now(), seconds;
	size_t done = 0, bytes = 0;
	struct err e;

	err_init(&e);
	do {
		struct str rest = text;

		while (rest.p != NULL) {
			struct str line = str_cut(&rest, '\n');

			if (line.n == 0)
				continue;
			arena_reset(a);
			if (json_parse(a, line, &v, &e) != RC_OK || (done == 0 && v->type != VALUE_MAP)) {
				(void)fprintf(stderr, "%s\n", e.msg);
				return 1;
			}
			done++;
			bytes += line.n;
		}
	} while ((seconds = now() - start) < 2.0);
	(void)printf("json_parse  %-24s %8.0f events/s of %zu bytes, %4.0f MB/s, one core\n", what, (double)done / seconds,
	    bytes / done, (double)bytes / seconds / 1e6);
	arena_free(a);
	return 0;
}

int main(int argc, char **argv)
{
	struct arena *a = arena_new();
	struct buf b;
	struct str text;
	struct err e;
	int i, status;

	err_init(&e);
	buf_init(&b, 1 << 20);
	for (i = 0; i < 1000; i++) {
		buf_z(&b, event);
		buf_c(&b, '\n');
	}
	status = measure("one event", buf_view(&b));
	for (i = 1; i < argc && status == 0; i++) {
		if (file_read(a, argv[i], LIMIT_FILE_READ, &text, &e) != RC_OK) {
			(void)fprintf(stderr, "%s\n", e.msg);
			return 1;
		}
		status = measure(argv[i], text);
	}
	buf_done(&b);
	arena_free(a);
	return status;
}

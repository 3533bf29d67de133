/* What every test program includes: cmocka, and where the shared data is, if it is there at all. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

/* ${out} gets the path of a file of the shared data; false when a clone has none of it, and then the
 * test says so and skips. */
static inline bool shared_path(const char *name, char *out, size_t room)
{
	const char *root = getenv("TICKMARK_SHARED");

	if (root == NULL)
		return false;
	(void)snprintf(out, room, "%s/%s", root, name);
	return access(out, R_OK) == 0;
}

#define SKIP_WITHOUT_SHARED(name, path) \
	do { \
		if (!shared_path((name), (path), sizeof(path))) { \
			print_message("# %s is not there: skipped\n", (name)); \
			skip(); \
		} \
	} while (0)

#define assert_str(s, z) \
	do { \
		struct str got_ = (s); \
		if (!str_is(got_, (z))) \
			fail_msg("got \"%.*s\", want \"%s\"", STR_FMT(got_), (z)); \
	} while (0)

/* rc_ok(call, &e): the call gave RC_OK, or the story is printed. */
#define assert_ok(call, e) \
	do { \
		enum rc rc_ = (call); \
		if (rc_ != RC_OK) \
			fail_msg("%s: %s: %s", #call, rc_name(rc_), (e)->msg); \
	} while (0)

#endif

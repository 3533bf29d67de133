/* An organization that cannot be made leaves nothing where it was to stand. */
#include "test.h"

#include <errno.h>

#include "../ledger/double.h"
#include "base/file.h"
#include "model/org.h"

static int64_t clock_us(void) { return 1700000000000000; }

static const struct org_env env = { { NULL, NULL, NULL }, clock_us };

static void nothing_below(const char *base, const char *what)
{
	struct arena *a = arena_new();
	struct str *names;
	struct err e;
	size_t n;

	err_init(&e);
	assert_ok(folder_list(a, base, 100, &names, &n, &e), &e);
	if (n > 0)
		fail_msg("%s: \"%.*s\" is left", what, STR_FMT(names[0]));
	arena_free(a);
}

/* Each call that the making of one needs refused in turn, as a full disk does.  ${inside}: folders above it are missing
 * too; else it stands there, empty. */
static void each_call_refused(bool above_missing)
{
	char base[] = "/tmp/tickmark-test-XXXXXX", dir[100], command[100], what[60];
	const struct key_source key = { .key_file = NULL };
	struct org *o;
	bool refused = true;
	struct err e;
	size_t nth;
	enum rc rc;

	assert_non_null(mkdtemp(base));
	(void)snprintf(dir, sizeof(dir), above_missing ? "%s/a/b/org" : "%s/org", base);
	for (nth = 0; refused; nth++) {
		(void)snprintf(what, sizeof(what), "call %zu refused", nth);
		double_start(base);
		err_init(&e);
		double_refuse(nth, ENOSPC, false);
		rc = org_create(dir, STR_NONE, &key, false, &env, &o, &e);
		refused = double_refused();
		if (rc == RC_OK) {
			double_relent();
			assert_ok(org_close(o, &e), &e);
			(void)snprintf(command, sizeof(command), "rm -rf '%s'/*", base);
			assert_int_equal(system(command), 0);
		} else if (!refused || (rc != RC_NO_SPACE && rc != RC_UNKNOWN)) {
			fail_msg("%s: %s: %s", what, rc_name(rc), e.msg);
		}
		double_stop();
		nothing_below(base, what);
	}
	assert_true(nth > 20);
	assert_int_equal(rmdir(base), 0);
}

static void what_could_not_be_made_is_gone(void **ctx) { (void)ctx; each_call_refused(false); }
static void folders_above_it_too(void **ctx) { (void)ctx; each_call_refused(true); }

static void what_stands_there_is_left_alone(void **ctx)
{
	char base[] = "/tmp/tickmark-test-XXXXXX", dir[100], path[200], command[100];
	const struct key_source key = { .key_file = NULL };
	struct org *o;
	struct err e;

	(void)ctx;
	err_init(&e);
	assert_non_null(mkdtemp(base));
	(void)snprintf(dir, sizeof(dir), "%s/org", base);
	assert_ok(org_create(dir, STR_NONE, &key, false, &env, &o, &e), &e);
	assert_ok(org_close(o, &e), &e);
	assert_int_equal(org_create(dir, STR_NONE, &key, false, &env, &o, &e), RC_EXISTS);
	(void)snprintf(path, sizeof(path), "%s/moved", base);
	assert_int_equal(rename(dir, path), 0);         /* its key file stands there still */
	assert_int_equal(org_create(dir, STR_NONE, &key, false, &env, &o, &e), RC_EXISTS);
	assert_false(file_exists(dir));
	(void)snprintf(path, sizeof(path), "%s.tickmark-key", dir);
	assert_true(file_exists(path));
	(void)snprintf(path, sizeof(path), "%s.tickmark-head", dir);
	assert_true(file_exists(path));
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", base);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_not_be_made_is_gone),
		cmocka_unit_test(folders_above_it_too),
		cmocka_unit_test(what_stands_there_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

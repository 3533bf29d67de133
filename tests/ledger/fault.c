/* A disk that refuses any one call, once or from then on, as one that is full (ENOSPC) or broken (EIO) does: whoever is
 * refused is told so in a word that fits, nothing that was acknowledged is lost, and the ledger goes on or is opened
 * anew and then goes on.
 * fault [STRIDE]: every STRIDEth call. */
#include "test.h"

#include <errno.h>

#include "double.h"
#include "scene.h"

static const uint64_t now = 1700000000000;
static size_t stride = 4;

static void told(enum rc rc, const struct err *e, int errnum, const char *what)
{
	if (errnum == ENOSPC ? rc != RC_NO_SPACE && rc != RC_UNKNOWN : rc != RC_IO && rc != RC_UNKNOWN)
		fail_msg("%s: it ends with %s: %s", what, rc_name(rc), e->msg);
	if (e->msg[0] == 0)
		fail_msg("%s: nothing was said", what);
}

/* A batch with a key, an object and a long one; then a checkpoint; then a full tile. */
static enum rc work(struct scene *s, struct ledger *l, unsigned step, struct err *e)
{
	switch (step) {
	case 0: return scene_append(s, l, now, 4, e);           /* 997 to 1000: an object */
	case 1: return scene_checkpoint(s, l, e);
	case 2: return scene_append_scoped(s, l, now, 3, e);
	case 3: return scene_append(s, l, now, 290, e);
	default: return scene_append(s, l, now, 5, e);
	}
}

enum { STEPS = 5 };

/* One life, in which the ${nth} call is refused.  False: there are fewer calls. */
static bool live(size_t nth, int errnum, bool for_good)
{
	struct scene *s = mem_alloc(sizeof(*s));
	struct ledger *l;
	char what[200];
	unsigned step;
	bool refused;
	struct err e;
	enum rc rc;

	(void)snprintf(what, sizeof(what), "call %zu, %s%s", nth, errnum == ENOSPC ? "ENOSPC" : "EIO", for_good ? " and all after it" : "");
	scene_start(s);
	double_start(s->base);
	err_init(&e);
	assert_ok(scene_create(s, now, &l, &e), &e);
	assert_ok(scene_append(s, l, now, 3, &e), &e);
	s->next = 997;
	double_refuse(nth, errnum, for_good);
	for (step = 0; step < STEPS; step++) {
		err_init(&e);
		if ((rc = work(s, l, step, &e)) == RC_OK)
			continue;
		told(rc, &e, errnum, what);
		if (for_good) {
			double_relent();                /* somebody made room, or changed the cable */
			for_good = false;
		}
		if (work(s, l, step, &e) != RC_OK) {    /* once more; a broken one must be opened anew */
			ledger_abandon(l);
			err_init(&e);
			if (scene_open(s, now, &l, &e) != RC_OK || work(s, l, step, &e) != RC_OK)
				fail_msg("%s: it does not go on: %s", what, e.msg);
		}
	}
	refused = double_refused();
	err_init(&e);
	if ((rc = scene_close(s, l, &e)) != RC_OK)
		told(rc, &e, errnum, what);
	refused = refused || double_refused();
	double_relent();
	err_init(&e);
	if (scene_open(s, now, &l, &e) != RC_OK)
		fail_msg("%s: it does not open: %s", what, e.msg);
	scene_compare(s, l, SIZE_MAX - 1, what);
	if (scene_append(s, l, now, 1, &e) != RC_OK || scene_close(s, l, &e) != RC_OK)
		fail_msg("%s: it does not go on: %s", what, e.msg);
	if (scene_findings(s, s->dir, what) != 0)
		fail_msg("%s: verify has findings", what);
	double_stop();
	scene_end(s);
	mem_free(s);
	return refused;
}

static void whatever_the_disk_refuses(int errnum, bool for_good)
{
	size_t nth = errnum == ENOSPC ? 0 : 1;

	while (live(nth, errnum, for_good))
		nth += stride;
	print_message("# %zu calls refused, one a run\n", (nth + stride - 1) / stride);
	assert_true(nth > 50);
}

static void a_full_disk_once(void **ctx) { (void)ctx; whatever_the_disk_refuses(ENOSPC, false); }
static void a_full_disk_until_there_is_room(void **ctx) { (void)ctx; whatever_the_disk_refuses(ENOSPC, true); }
static void a_broken_disk_once(void **ctx) { (void)ctx; whatever_the_disk_refuses(EIO, false); }
static void a_broken_disk_until_it_is_mended(void **ctx) { (void)ctx; whatever_the_disk_refuses(EIO, true); }

/* Making one: what cannot be finished is gone again, but for what cannot be removed either. */
static void a_ledger_that_cannot_be_made_leaves_nothing(void **ctx)
{
	struct scene *s;
	struct ledger *l;
	char command[500];
	bool refused = true;
	struct err e;
	size_t nth;
	enum rc rc;

	(void)ctx;
	for (nth = 0; refused; nth++) {
		s = mem_alloc(sizeof(*s));
		scene_start(s);
		double_start(s->base);
		err_init(&e);
		double_refuse(nth, ENOSPC, false);
		rc = scene_create(s, now, &l, &e);
		refused = double_refused();
		if (rc == RC_OK) {
			/* what could be done without */
			assert_ok(scene_close(s, l, &e), &e);
			assert_int_equal(scene_findings(s, s->dir, "made all the same"), 0);
		} else {
			told(rc, &e, ENOSPC, "making a ledger");
			(void)snprintf(command, sizeof(command), "test -z \"$(ls -A '%s' 2>/dev/null)\" && test ! -e '%s.tickmark-head'",
			    s->dir, s->dir);
			if (system(command) != 0)
				fail_msg("call %zu was refused, and something is left in %s", nth, s->dir);
		}
		double_stop();
		scene_end(s);
		mem_free(s);
	}
	assert_true(nth > 20);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_disk_once),
		cmocka_unit_test(a_full_disk_until_there_is_room),
		cmocka_unit_test(a_broken_disk_once),
		cmocka_unit_test(a_broken_disk_until_it_is_mended),
		cmocka_unit_test(a_ledger_that_cannot_be_made_leaves_nothing),
	};
	uint64_t n;

	if (argc > 1 && num_u64(str_z(argv[1]), 10000, &n) && n > 0)
		stride = (size_t)n;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A crash at any point, on a disk that kept of what no sync confirmed whatever it liked, costs nothing that was
 * acknowledged: verify is content with what is left, a writer goes on, and verify is content again.
 * crash [IMAGES [STRIDE]]: images at each point; every STRIDEth point. */
#include "test.h"

#include <errno.h>

#include "base/file.h"
#include "double.h"
#include "ledger/ledger_priv.h"
#include "scene.h"

enum { Y2023 = 0, Y2024 = 1 };
static const uint64_t ms[] = { 1700000000000, 1710000000000 };  /* the second in the next year: new keys */

static size_t images = 2, stride = 5;

#define MUST(call) assert_ok(call, &e)

/* Refuse a call of the disk in the middle: the writer gives up or goes on, and the next one takes over. */
static void refused(struct scene *s, struct ledger **l, size_t nth, struct err *e)
{
	enum rc rc;

	double_refuse(nth, EIO, false);
	rc = scene_append(s, *l, ms[Y2024], 3, e);
	double_relent();
	assert_int_not_equal(rc, RC_OK);
	ledger_abandon(*l);
	assert_ok(scene_open(s, ms[Y2024], l, e), e);
}

static void live(struct scene *s)
{
	struct ledger *l;
	struct err e;

	err_init(&e);
	MUST(scene_create(s, ms[Y2023], &l, &e));
	MUST(scene_append(s, l, ms[Y2023], 3, &e));
	MUST(scene_append(s, l, ms[Y2023], 270, &e));           /* past a full tile; two long ones among them */
	MUST(scene_checkpoint(s, l, &e));
	MUST(scene_append(s, l, ms[Y2023], 1, &e));
	MUST(scene_append_scoped(s, l, ms[Y2023], 4, &e));      /* a key row of its own */
	MUST(scene_append(s, l, ms[Y2023], 300, &e));           /* long ones */
	MUST(scene_append(s, l, ms[Y2023], 10, &e));
	assert_true(l->segment.zeroed > l->segment.size + (1 << 19));   /* zeros are written ahead from here on */
	MUST(scene_checkpoint(s, l, &e));
	MUST(scene_close(s, l, &e));
	MUST(scene_open(s, ms[Y2024], &l, &e));                 /* a new year's keys */
	s->next = 998;
	MUST(scene_append(s, l, ms[Y2024], 4, &e));             /* an object among them */
	MUST(scene_checkpoint(s, l, &e));
	MUST(scene_append(s, l, ms[Y2024], 200, &e));           /* the next full tile */
	ledger_abandon(l);                                      /* as kill does */
	MUST(scene_open(s, ms[Y2024], &l, &e));
	refused(s, &l, 0, &e);                                  /* writing the frame */
	refused(s, &l, 1, &e);                                  /* syncing it */
	MUST(scene_append(s, l, ms[Y2024], 2, &e));
	MUST(scene_append(s, l, ms[Y2024], 500, &e));           /* long ones, so that the segment closes */
	MUST(scene_append(s, l, ms[Y2024], 3, &e));
	MUST(scene_close(s, l, &e));
	MUST(scene_open(s, ms[Y2024], &l, &e));
	MUST(scene_append(s, l, ms[Y2024], 1, &e));
	MUST(scene_close(s, l, &e));
}

static void check_image(struct scene *s, size_t calls, enum image how, unsigned seed, const char *to)
{
	struct scene there = *s;
	struct ledger *l;
	char what[300], last[200];
	struct err e;
	enum rc rc;

	double_image(calls, how, seed, to);
	(void)snprintf(there.dir, sizeof(there.dir), "%s/org", to);
	(void)snprintf(what, sizeof(what), "after call %zu (%s), image %d, seed %u", calls, double_call(calls - 1, last), (int)how, seed);
	err_init(&e);
	double_forget();
	if (calls < s->created) {
		/* nobody was told that there is a ledger: it is one, or it says in words that it is none */
		rc = scene_open(&there, ms[Y2024], &l, &e);
		if (rc == RC_OK)
			ledger_abandon(l);
		else
			assert_true(e.msg[0] != 0);
		return;
	}
	if (scene_findings(&there, there.dir, what) != 0)
		fail_msg("%s: verify has findings", what);
	if (scene_open(&there, ms[Y2024], &l, &e) != RC_OK)
		fail_msg("%s: it does not open: %s", what, e.msg);
	scene_compare(s, l, calls, what);
	if (scene_append(&there, l, ms[Y2024], 1, &e) != RC_OK || scene_close(&there, l, &e) != RC_OK)
		fail_msg("%s: it does not go on: %s", what, e.msg);
	if (scene_findings(&there, there.dir, what) != 0)
		fail_msg("%s: verify has findings when writing went on", what);
}

static void a_crash_anywhere_costs_nothing_that_was_acknowledged(void **ctx)
{
	struct scene *s = mem_alloc(sizeof(*s));
	char to[300], command[400];
	size_t calls, i, made = 0;
	unsigned seed;

	(void)ctx;
	scene_start(s);
	double_start(s->base);
	live(s);
	(void)snprintf(to, sizeof(to), "%s/image", s->base);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", to);
	for (calls = 1; calls <= double_calls(); calls++) {
		if (calls % stride != 0 && calls != double_calls())
			continue;
		for (i = 0; i < images; i++, made++) {
			/* few a point: another form at each */
			enum image how = (enum image)(images > IMAGE_RANDOM ? i : (made * 5 + calls) % (IMAGE_RANDOM + 3));

			seed = (unsigned)(calls * 1009 + i);
			check_image(s, calls, how < IMAGE_RANDOM ? how : IMAGE_RANDOM, seed, to);
			assert_int_equal(system(command), 0);
		}
	}
	print_message("# %zu images at %zu of %zu calls of the disk; %zu records, %zu checkpoints\n", made,
	    double_calls() / stride, double_calls(), s->n_acked, s->n_checkpoints);
	double_stop();
	scene_end(s);
	mem_free(s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_anywhere_costs_nothing_that_was_acknowledged),
	};
	uint64_t n;

	if (argc > 1 && num_u64(str_z(argv[1]), 10000, &n) && n > 0)
		images = (size_t)n;
	if (argc > 2 && num_u64(str_z(argv[2]), 10000, &n) && n > 0)
		stride = (size_t)n;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

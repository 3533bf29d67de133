/* Whole files that are not as they were: one that is nobody's in each folder, one longer, shorter, empty, gone, or in
 * another's place.  Each is named, with a verdict that fits. */
#include "small.h"

#include <sys/stat.h>

#include "ledger/verify.h"

struct seen {
	const char *file;               /* what must be named */
	unsigned named, notices, others;
	enum verdict verdict;
	char why[400];
};

static struct small s;

static void found(void *ctx, const struct finding *f)
{
	struct seen *w = ctx;

	if (strcmp(f->file, w->file) != 0) {
		w->others++;
		(void)snprintf(w->why, sizeof(w->why), "%s: %s", f->file, f->words);
		return;
	}
	w->named += !f->is_notice;
	w->notices += f->is_notice;
	w->verdict = f->verdict;
}

static struct seen look(const char *file)
{
	struct seen w = { .file = file };
	struct verify_how how = { .provider = s.provider, .found = found, .ctx = &w };
	struct verify_outcome out;
	struct arena *a = arena_new();
	struct err e;

	err_init(&e);
	assert_ok(ledger_verify(s.dir, a, &how, &out, &e), &e);
	arena_free(a);
	return w;
}

static void path_of(const char *file, char path[300])
{
	(void)snprintf(path, 300, "%s/%s", s.dir, file);
}

static struct str bytes_of(const char *file)
{
	char path[300];
	struct str bytes;
	struct err e;

	err_init(&e);
	path_of(file, path);
	assert_ok(file_read(s.a, path, (size_t)1 << 28, &bytes, &e), &e);
	return bytes;
}

static void put(const char *file, struct str bytes)
{
	char path[300];
	struct err e;

	err_init(&e);
	path_of(file, path);
	assert_ok(file_write(path, bytes.p, bytes.n, &e), &e);
}

static void drop(const char *file)
{
	char path[300];

	path_of(file, path);
	assert_int_equal(unlink(path), 0);
}

static char object[100], segment[] = "log/00000000000000000000.seg", partial[60], level0[60];

static int setup(void **ctx)
{
	char path[300];
	struct str *names;
	struct err e;
	size_t n;

	(void)ctx;
	err_init(&e);
	small_make(&s, 20, true);
	path_of("obj", path);
	assert_ok(folder_list(s.a, path, 10, &names, &n, &e), &e);
	assert_int_equal(n, 1);
	(void)snprintf(object, sizeof(object), "obj/%.*s", STR_FMT(names[0]));
	path_of("tile/entries/000.p", path);
	assert_ok(folder_list(s.a, path, 300, &names, &n, &e), &e);
	(void)snprintf(partial, sizeof(partial), "tile/entries/000.p/%.*s", STR_FMT(names[n - 1]));
	(void)snprintf(level0, sizeof(level0), "tile/0/000.p/%.*s", STR_FMT(names[n - 1]));
	return 0;
}

static int teardown(void **ctx)
{
	(void)ctx;
	small_done(&s);
	return 0;
}

static void a_file_that_is_nobodys_is_named_in_each_folder(void **ctx)
{
	static const char *const all[] = { "foreign", "log/foreign", "log/00000000000000000009.seg", "keys/foreign",
		"keys/00000007.tmk", "obj/foreign", "obj/0000000000000000000000000000000000000000000000000000000000000000",
		"tile/foreign", "tile/0/x000/000", "tile/0/000.p/007", "tile/entries/999", "anchors/foreign" };
	struct seen w;
	char path[300];
	struct err e;
	size_t i;

	(void)ctx;
	err_init(&e);
	path_of("tile/0/x000", path);
	assert_ok(folder_make(path, &e), &e);
	for (i = 0; i < ARRAY_LEN(all); i++) {
		put(all[i], STR("x"));
		w = look(all[i]);
		drop(all[i]);
		if (w.named == 0 || w.verdict != VERDICT_ALTERED)
			fail_msg("%s: named %u times, %s", all[i], w.named, verdict_name(w.verdict));
	}
	put("state.db.tmp-wal", STR("x"));
	w = look("state.db.tmp-wal");
	drop("state.db.tmp-wal");
	assert_int_equal(w.named, 0);
	assert_int_equal(w.notices, 1);
	path_of("tile/0/pipe", path);
	assert_int_equal(mkfifo(path, 0600), 0);        /* must not hold the reader */
	w = look("tile/0/pipe");
	drop("tile/0/pipe");
	assert_true(w.named > 0);
}

static void longer_shorter_and_empty_files_are_named(void **ctx)
{
	const char *const all[] = { "head", "checkpoint", "keys/00000000.tmk", segment, object, partial, level0,
		"../org.tickmark-head", "../org.tickmark-key" };
	struct buf b;
	size_t i;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(all); i++) {
		const struct str was = bytes_of(all[i]);
		struct seen more, less, none;

		buf_init(&b, was.n + 10);
		buf_str(&b, was);
		buf_z(&b, "junk");
		put(all[i], buf_view(&b));
		buf_done(&b);
		more = look(all[i]);
		put(all[i], str_sub(was, 0, was.n - 9));
		less = look(all[i]);
		put(all[i], STR(""));
		none = look(all[i]);
		put(all[i], was);
		/* behind the log's end, bytes look like a frame that a crash tore: a notice */
		if (more.named + (all[i] == segment ? more.notices : 0) == 0 || less.named == 0 || none.named == 0)
			fail_msg("%s: longer %u, shorter %u, empty %u", all[i], more.named, less.named, none.named);
		if (more.others > 0 || less.others > 0)
			fail_msg("%s is altered, and this was told: %s", all[i], more.others > 0 ? more.why : less.why);
	}
	assert_int_equal(look("head").others, 0);
}

static void a_file_that_is_gone_is_missing(void **ctx)
{
	const char *const all[] = { "head", "checkpoint", "keys/00000000.tmk", segment, object, partial, level0 };
	size_t i;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(all); i++) {
		const struct str was = bytes_of(all[i]);
		struct seen w;

		drop(all[i]);
		w = look(all[i]);
		put(all[i], was);
		if (w.named == 0 || w.verdict != VERDICT_MISSING)
			fail_msg("%s: named %u times, %s", all[i], w.named, verdict_name(w.verdict));
	}
}

static void files_in_each_others_place_are_both_named(void **ctx)
{
	const char *const pairs[][2] = { { "head", "checkpoint" }, { partial, level0 }, { object, "keys/00000000.tmk" } };
	size_t i;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(pairs); i++) {
		const struct str a = bytes_of(pairs[i][0]), b = bytes_of(pairs[i][1]);
		struct seen first, second;

		put(pairs[i][0], b);
		put(pairs[i][1], a);
		first = look(pairs[i][0]);
		second = look(pairs[i][1]);
		put(pairs[i][0], a);
		put(pairs[i][1], b);
		if (first.named == 0 || second.named == 0)
			fail_msg("%s %u, %s %u", pairs[i][0], first.named, pairs[i][1], second.named);
	}
}

/* Both are good rows that the log names, in each other's place. */
static void key_rows_in_each_others_place_are_named(void **ctx)
{
	const struct str was = bytes_of("keys/00000000.tmk");
	char *p = arena_z(s.a, was), row[96];
	struct seen w;

	(void)ctx;
	memcpy(row, p + 32 + 2 * 96, 96);
	memmove(p + 32 + 2 * 96, p + 32 + 3 * 96, 96);
	memcpy(p + 32 + 3 * 96, row, 96);
	put("keys/00000000.tmk", (struct str){ p, was.n });
	w = look("keys/00000000.tmk");
	put("keys/00000000.tmk", was);
	assert_int_equal(w.named, 2);
	assert_int_equal(w.others, 0);
}

/* Frames far apart altered at once: neither hides the other. */
static void one_alteration_hides_no_other(void **ctx)
{
	const struct str was = bytes_of(segment);
	char *p = arena_z(s.a, was);
	struct seen w;

	(void)ctx;
	p[96 + 20] ^= 1;                                /* the record id of entry 0 */
	p[was.n - 200] ^= 1;                            /* a stored part of the last frame */
	put(segment, (struct str){ p, was.n });
	w = look(segment);
	put(segment, was);
	assert_true(w.named >= 1);
	p[96 + 20] ^= 1;
	p[was.n / 2] ^= 1;
	put(segment, (struct str){ p, was.n });
	w = look(segment);
	put(segment, was);
	assert_int_equal(w.others, 0);
	assert_int_equal(w.named, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_is_nobodys_is_named_in_each_folder),
		cmocka_unit_test(longer_shorter_and_empty_files_are_named),
		cmocka_unit_test(a_file_that_is_gone_is_missing),
		cmocka_unit_test(files_in_each_others_place_are_both_named),
		cmocka_unit_test(key_rows_in_each_others_place_are_named),
		cmocka_unit_test(one_alteration_hides_no_other),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

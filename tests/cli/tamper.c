/* The promise that the ledger rests on: whichever byte of an organization's folder is altered, verify names file, place
 * and entry.  Each flip is made in place, ledger_verify run as the program runs it, and the byte put back.
 * TICKMARK_SOAK set: every byte of every file, all eight bits where bytes have structure.  Else a sample. */
#include "small.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "ledger/verify.h"

/* A stretch of a file in which a flip has one right name. */
struct region {
	uint64_t from, to, entry;
	bool has_entry, is_rich;        /* rich: every bit of it is tried */
};

struct target {
	char name[120], path[300];      /* as findings have it, and where it is */
	size_t n;
	uint8_t *bytes;
	int fd;
	struct region *regions;
	size_t n_regions, room;
};

struct run {
	struct small s;
	struct target *targets;
	size_t n_targets;
	uint64_t flips, notices;
	/* of the flip under way */
	const struct target *t;
	const struct region *r;
	uint64_t at;
	unsigned good, bad;
	char why[800];
};

/* ---- what stands where */
static void region(struct target *t, uint64_t from, uint64_t to, bool has_entry, uint64_t entry, bool is_rich)
{
	if (from >= to)
		return;
	if (t->n_regions == t->room) {
		t->room = t->room == 0 ? 64 : t->room * 2;
		t->regions = mem_resize(t->regions, t->room * sizeof(*t->regions));
	}
	t->regions[t->n_regions++] = (struct region){ from, to, entry, has_entry, is_rich };
}

/* Read here from the format's words, not by the code that is tested. */
static void regions_of_log(struct target *t, struct run *r)
{
	const uint8_t *p = t->bytes;
	uint64_t at = 0, index, i, k, n, meta_n, blobs_n, pos, blob;

	(void)r;
	while (at + 96 <= t->n && memcmp(p + at, "TMF1", 4) == 0) {
		index = get_u64(p + at + 16);
		n = get_u32(p + at + 32);
		meta_n = get_u32(p + at + 36);
		blobs_n = get_u64(p + at + 40);
		region(t, at, at + 96, true, index, true);
		pos = at + 96;
		blob = pos + meta_n;
		for (i = 0; i < n; i++) {
			uint64_t parts = get_u16(p + pos + 6);

			region(t, pos, pos + 96 + 128 * parts, true, index + i, true);
			for (k = 0; k < parts; k++) {
				const uint8_t *row = p + pos + 96 + 128 * k;
				uint64_t stored = row[5] == 0 ? get_u64(row + 8) : 0;

				region(t, blob, blob + stored, true, index + i, false);
				blob += stored;
			}
			pos += 96 + 128 * parts;
		}
		at = (at + 96 + meta_n + blobs_n + 7) / 8 * 8;
		region(t, blob, at, true, index, true);
	}
	assert_int_equal(at, t->n);
}

static void regions_of_rows(struct target *t, uint64_t first, size_t each, bool has_entry)
{
	uint64_t at;

	for (at = 0; at < t->n; at += each)
		region(t, at, at + each, has_entry, first + at / each, false);
}

static void regions_of_keys(struct target *t)
{
	uint64_t n = get_u32(t->bytes + 12), i;

	region(t, 0, 32, false, 0, true);
	for (i = 0; i < n; i++)
		region(t, 32 + 96 * i, 128 + 96 * i, false, 0, true);
	region(t, 32 + 96 * n, t->n, false, 0, true);
}

/* The entry whose part is the object, by its digest in a row. */
static uint64_t entry_of_object(struct run *r, const char *hex)
{
	uint8_t d[32];
	size_t i, k;

	assert_true(hex_get(str_z(hex), d, 32));
	for (i = 0; i < r->n_targets; i++) {
		const struct target *t = &r->targets[i];

		for (k = 0; strncmp(t->name, "log/", 4) == 0 && k < t->n_regions; k++)
			if (t->regions[k].is_rich && t->regions[k].to - t->regions[k].from == 224 &&
			    memcmp(t->bytes + t->regions[k].from + 96 + 64, d, 32) == 0)
				return t->regions[k].entry;
	}
	fail_msg("no entry has the object %s", hex);
	return 0;
}

static void regions_of(struct run *r, struct target *t)
{
	const char *number = strrchr(t->name, '/');
	uint64_t n = number != NULL ? strtoull(number + 1, NULL, 10) : 0;

	if (strstr(t->name, ".p/") != NULL)
		n = strtoull(strstr(t->name, ".p/") - 3, NULL, 10);
	if (strncmp(t->name, "log/", 4) == 0)
		regions_of_log(t, r);
	else if (strncmp(t->name, "tile/entries/", 13) == 0)
		regions_of_rows(t, n * 256, 98, true);
	else if (strncmp(t->name, "tile/0/", 7) == 0)
		regions_of_rows(t, n * 256, 32, true);
	else if (strncmp(t->name, "tile/", 5) == 0)
		regions_of_rows(t, 0, 32, false);
	else if (strncmp(t->name, "keys/", 5) == 0)
		regions_of_keys(t);
	else if (strncmp(t->name, "obj/", 4) == 0)
		region(t, 0, t->n, true, entry_of_object(r, t->name + 4), false);
	else
		region(t, 0, t->n, false, 0, true);     /* head, its copy, checkpoint, key file: whole under one sum */
}

static void target_add(struct run *r, const char *name, const char *path)
{
	struct target *t;
	struct stat st;

	if (stat(path, &st) != 0 || st.st_size == 0)
		return;
	r->targets = mem_resize(r->targets, (r->n_targets + 1) * sizeof(*r->targets));
	t = &r->targets[r->n_targets++];
	memset(t, 0, sizeof(*t));
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	(void)snprintf(t->path, sizeof(t->path), "%s", path);
	t->n = (size_t)st.st_size;
	t->bytes = mem_alloc(t->n);
	t->fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(t->fd >= 0);
	assert_int_equal(pread(t->fd, t->bytes, t->n, 0), (ssize_t)t->n);
}

static void targets_in(struct run *r, const char *folder)
{
	char path[300], name[120];
	struct str *names;
	struct stat st;
	struct err e;
	size_t n, i;

	err_init(&e);
	(void)snprintf(path, sizeof(path), "%s/%s", r->s.dir, folder);
	assert_ok(folder_list(r->s.a, path, 10000, &names, &n, &e), &e);
	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%s%s%.*s", folder, folder[0] != 0 ? "/" : "", STR_FMT(names[i]));
		(void)snprintf(path, sizeof(path), "%s/%s", r->s.dir, name);
		assert_int_equal(stat(path, &st), 0);
		if (S_ISDIR(st.st_mode))
			targets_in(r, name);
		else if (strncmp(name, "state.db", 8) != 0)     /* the database has a test of its own */
			target_add(r, name, path);
	}
}

static void run_make(struct run *r, unsigned records, bool with_object)
{
	char path[300];
	size_t i;

	memset(r, 0, sizeof(*r));
	small_make(&r->s, records, with_object);
	targets_in(r, "");
	(void)snprintf(path, sizeof(path), "%s.tickmark-head", r->s.dir);
	target_add(r, "../org.tickmark-head", path);
	target_add(r, "../org.tickmark-key", r->s.key_file);
	for (i = 0; i < r->n_targets; i++)
		regions_of(r, &r->targets[i]);
}

static void run_done(struct run *r)
{
	size_t i;

	for (i = 0; i < r->n_targets; i++) {
		(void)close(r->targets[i].fd);
		mem_free(r->targets[i].bytes);
		mem_free(r->targets[i].regions);
	}
	mem_free(r->targets);
	small_done(&r->s);
}

/* ---- one flip */
static void note(struct run *r, const struct finding *f, const char *what)
{
	(void)snprintf(r->why, sizeof(r->why), "%s: \"%s\", byte %llu, %s%llu, %s: %s", what, f->file, (unsigned long long)f->offset,
	    f->has_entry ? "entry " : "no entry ", (unsigned long long)f->entry, f->is_notice ? "notice" : verdict_name(f->verdict),
	    f->words);
}

/* Nothing but the file that was touched may be named, and one finding must have everything right. */
static void found(void *ctx, const struct finding *f)
{
	struct run *r = ctx;

	if (f->is_notice || strcmp(f->file, r->t->name) != 0 || f->verdict == VERDICT_INTACT) {
		r->bad++;
		note(r, f, "what was not touched");
		return;
	}
	if (f->offset >= r->r->from && f->offset < r->r->to && (!r->r->has_entry || (f->has_entry && f->entry == r->r->entry)))
		r->good++;
	else if (r->good == 0)
		note(r, f, "another place");
}

static bool flip(struct run *r, const struct target *t, const struct region *in, uint64_t at, uint8_t mask, bool with_key)
{
	struct verify_how how = { .provider = with_key ? r->s.provider : NULL, .found = found, .ctx = r };
	const uint8_t flipped = (uint8_t)(t->bytes[at] ^ mask);
	struct verify_outcome out;
	struct arena *a = arena_new();
	struct err e;
	enum rc rc;

	err_init(&e);
	r->t = t;
	r->r = in;
	r->at = at;
	r->good = r->bad = 0;
	(void)snprintf(r->why, sizeof(r->why), "nothing was found");
	assert_int_equal(pwrite(t->fd, &flipped, 1, (off_t)at), 1);
	rc = ledger_verify(r->s.dir, a, &how, &out, &e);
	assert_int_equal(pwrite(t->fd, t->bytes + at, 1, (off_t)at), 1);
	arena_free(a);
	r->flips++;
	if (rc == RC_OK && r->good > 0 && r->bad == 0)
		return true;
	print_message("# %s, byte %llu (in [%llu, %llu), entry %llu), mask %u, %s key: %s%s\n", t->name, (unsigned long long)at,
	    (unsigned long long)in->from, (unsigned long long)in->to, (unsigned long long)in->entry, mask, with_key ? "with" :
	    "without", r->why, rc == RC_OK ? "" : e.msg);
	return false;
}

static uint64_t seed = 20240630;

static uint64_t pick(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % n;
}

static void intact(struct run *r)
{
	struct verify_how how = { .provider = r->s.provider };
	struct verify_outcome out;
	struct arena *a = arena_new();
	struct err e;

	err_init(&e);
	assert_ok(ledger_verify(r->s.dir, a, &how, &out, &e), &e);
	assert_int_equal(out.findings, 0);
	assert_int_equal(out.notices, 0);
	arena_free(a);
}

static unsigned flip_random(struct run *r, unsigned n, bool with_key)
{
	const struct target *t;
	const struct region *in;
	unsigned bad = 0;

	for (; n > 0; n--) {
		t = &r->targets[pick(r->n_targets)];
		in = &t->regions[pick(t->n_regions)];
		bad += !flip(r, t, in, in->from + pick(in->to - in->from), (uint8_t)(1u << pick(8)), with_key);
	}
	return bad;
}

/* First, last and one more byte of each file, and of each frame's header, entry and stored part of the last frame. */
static unsigned flip_sample(struct run *r)
{
	unsigned bad = 0;
	size_t i, k;

	for (i = 0; i < r->n_targets; i++) {
		const struct target *t = &r->targets[i];

		for (k = 0; k < t->n_regions; k++) {
			const struct region *in = &t->regions[k];

			if (k > 6 && k + 12 < t->n_regions)
				continue;
			bad += !flip(r, t, in, in->from, 1, true);
			bad += !flip(r, t, in, in->from + pick(in->to - in->from), 0x40, true);
			bad += !flip(r, t, in, in->to - 1, 0x80, k % 2 == 0);
		}
	}
	return bad;
}

static unsigned flip_all(struct run *r, uint64_t step)
{
	unsigned bad = 0, bit;
	uint64_t at;
	size_t i, k;

	for (i = 0; i < r->n_targets && bad < 100; i++) {
		const struct target *t = &r->targets[i];

		for (k = 0; k < t->n_regions && bad < 100; k++) {
			const struct region *in = &t->regions[k];

			for (at = in->from; at < in->to; at += in->is_rich ? 1 : step)
				for (bit = 0; bit < (in->is_rich ? 8 : 1); bit++)
					bad += !flip(r, t, in, at, (uint8_t)(1u << (in->is_rich ? bit : (unsigned)pick(8))), (at + bit) % 4 != 0);
		}
		print_message("# %s: %zu bytes\n", t->name, t->n);
	}
	return bad;
}

static void any_flipped_byte_is_named_with_its_file_place_and_entry(void **ctx)
{
	struct run r;
	unsigned bad;

	(void)ctx;
	run_make(&r, 240, false);
	intact(&r);
	if (getenv("TICKMARK_SOAK") != NULL)
		bad = flip_all(&r, 1);
	else
		bad = flip_sample(&r) + flip_random(&r, 200, true) + flip_random(&r, 100, false);
	intact(&r);
	print_message("# %llu flips, %u not named as they should be\n", (unsigned long long)r.flips, bad);
	run_done(&r);
	assert_int_equal(bad, 0);
}

/* Beside an object of its own: one digest stands for all of its bytes, so one in 97 is tried in the soak. */
static void so_is_one_in_an_object(void **ctx)
{
	struct run r;
	unsigned bad = 0;
	size_t i;

	(void)ctx;
	run_make(&r, 4, true);
	intact(&r);
	for (i = 0; i < r.n_targets; i++) {
		const struct target *t = &r.targets[i];
		const struct region *in = &t->regions[0];
		uint64_t at;

		if (strncmp(t->name, "obj/", 4) != 0)
			continue;
		bad += !flip(&r, t, in, 0, 1, true);
		bad += !flip(&r, t, in, t->n - 1, 1, false);
		for (at = 97; at < t->n; at += getenv("TICKMARK_SOAK") != NULL ? 97 : 97 * 1024)
			bad += !flip(&r, t, in, at, (uint8_t)(1u << pick(8)), true);
	}
	assert_true(r.flips >= 2);
	bad += flip_random(&r, getenv("TICKMARK_SOAK") != NULL ? 5000 : 20, true);
	print_message("# %llu flips, %u not named as they should be\n", (unsigned long long)r.flips, bad);
	run_done(&r);
	assert_int_equal(bad, 0);
}

/* tamper [TEST]: all, or the one of that name. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_flipped_byte_is_named_with_its_file_place_and_entry),
		cmocka_unit_test(so_is_one_in_an_object),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What each mapping makes of real files: counts and the first items field by field, against what a person checked in the
 * raw records once.  The files are golden/SOURCE.json; TICKMARK_GOLDEN_WRITE=1 writes them anew, to be read before they
 * are kept.  golden.def lists the files of each source. */
#include "test.h"

#include "base/file.h"
#include "base/value.h"
#include "collect/mapping_path.h"
#include "collect/trial.h"
#include "cutting.h"
#include "fixture.h"

struct sample {
	const char *source, *path;      /* below the shared data; a folder is all its files */
	const char *member;             /* the value at this path is the file */
	const char *log_type;           /* lines whose log_types has this: their "log" is a line of the file */
	bool is_made;                   /* golden/made/: in the vendor's documented form, where no real record holds an item */
};

static const struct sample samples[] = {
#define SAMPLE(source, path) { source, path, NULL, NULL, false },
#define SAMPLE_MEMBER(source, path, member) { source, path, member, NULL, false },
#define SAMPLE_LOG(source, path, log_type) { source, path, NULL, log_type, false },
#define SAMPLE_MADE(source, path) { source, path, NULL, NULL, true },
#include "golden.def"
#undef SAMPLE
#undef SAMPLE_MEMBER
#undef SAMPLE_LOG
#undef SAMPLE_MADE
};

static struct str read_all(struct arena *a, const char *path)
{
	struct stream *s;
	struct buf b;
	struct str out;
	char piece[65536];
	struct err e;
	size_t n;

	err_init(&e);
	assert_ok(stream_open(path, &s, &e), &e);
	buf_init(&b, (size_t)1 << 28);
	do {
		assert_ok(stream_read(s, piece, sizeof(piece), &n, &e), &e);
		buf_add(&b, piece, n);
	} while (n > 0);
	stream_close(s);
	out = arena_str(a, buf_view(&b));
	buf_done(&b);
	return out;
}

/* The bytes of one member's value; a string's are what it holds. */
static struct str member_of(struct arena *a, struct str text, const char *member)
{
	const struct value *v, *m;
	struct path path;
	struct err e;

	err_init(&e);
	assert_ok(json_parse(a, text, &v, &e), &e);
	assert_ok(path_compile(a, str_z(member), &path, &e), &e);
	m = path_first(&path, &(struct scope){ v, NULL });
	assert_non_null(m);
	return m->type == VALUE_STRING ? m->text : str_sub(text, m->at, m->end - m->at);
}

static struct str logs_of(struct arena *a, struct str text, const char *log_type)
{
	struct str rest = text, out;
	struct buf b;
	struct err e;
	size_t i;

	buf_init(&b, (size_t)1 << 28);
	while (rest.p != NULL && rest.n > 0) {
		struct str line = str_cut(&rest, '\n');
		const struct value *v, *types, *log;
		bool has = false;

		if (line.n == 0)
			continue;
		err_init(&e);
		assert_ok(json_parse(a, line, &v, &e), &e);
		types = value_get(v, "log_types");
		log = value_get(v, "log");
		/* a rule for several types has records of all of them: only those for one type alone are told apart */
		for (i = 0; types != NULL && types->n == 1; i++) {
			has = str_is(types->items[0].text, log_type);
			break;
		}
		if (!has || log == NULL)
			continue;
		buf_str(&b, str_sub(line, log->at, log->end - log->at));
		buf_c(&b, '\n');
	}
	out = arena_str(a, buf_view(&b));
	buf_done(&b);
	return out;
}

static void write_temp(const char *path, struct str bytes)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
	assert_int_equal(fclose(f), 0);
}

/* What is done with each file; told its path, and the name that stands for it. */
typedef void file_fn(struct mapping *, const char *path, struct str name, void *ctx);

static void trial_of_file(struct mapping *m, const char *path, struct str name, void *ctx)
{
	struct buf *out = ctx;
	const struct source_input in = { path, name, STR_NONE };
	struct arena *a = arena_new();
	struct trial t;
	struct err e;

	err_init(&e);
	buf_z(out, out->n > 2 ? ",\n" : "");
	if (trial_run(m, a, &in, zone_utc(), 2, &t, &e) == RC_OK) {
		trial_json(&t, out);
	} else {
		buf_z(out, "{\"file\":");
		json_put_str(out, name);
		buf_z(out, ",\"refused\":");
		/* the story names the folder of this machine */
		json_put_str(out, str_z(strrchr(e.msg, '/') != NULL ? strrchr(e.msg, '/') : e.msg));
		buf_c(out, '}');
	}
	arena_free(a);
}

static bool one_sample(struct fixture *f, struct mapping *m, const struct sample *s, file_fn *each, void *ctx)
{
	char path[4096], name[300], temp[64] = "/tmp/tickmark-golden-XXXXXX";
	struct str text, *names;
	struct err e;
	size_t n, i;
	int fd;

	(void)snprintf(name, sizeof(name), "data/%s", s->path);
	if (s->is_made)
		(void)snprintf(path, sizeof(path), "%s/tests/collect/golden/%s", getenv("TICKMARK_SOURCE"), s->path);
	else if (!shared_path(name, path, sizeof(path)))
		return false;
	err_init(&e);
	if (s->member == NULL && s->log_type == NULL) {
		if (folder_list(f->a, path, 10000, &names, &n, &e) != RC_OK) {
			each(m, path, str_z(s->path), ctx);
			return true;
		}
		for (i = 0; i < n; i++)
			each(m, arena_z(f->a, arena_fmt(f->a, "%s/%.*s", path, STR_FMT(names[i]))),
			    arena_fmt(f->a, "%s/%.*s", s->path, STR_FMT(names[i])), ctx);
		return true;
	}
	fd = mkstemp(temp);
	assert_true(fd >= 0);
	(void)close(fd);
	text = read_all(f->a, path);
	write_temp(temp, s->member != NULL ? member_of(f->a, text, s->member) : logs_of(f->a, text, s->log_type));
	each(m, temp, arena_fmt(f->a, "%s#%s", s->path, s->member != NULL ? s->member : s->log_type), ctx);
	(void)unlink(temp);
	return true;
}

/* The first line in which they differ. */
static void compare(const char *source, struct str want, struct str got)
{
	struct str w = want, g = got;
	size_t line;

	for (line = 1; w.p != NULL && g.p != NULL; line++) {
		struct str lw = str_cut(&w, '\n'), lg = str_cut(&g, '\n');

		if (!str_eq(lw, lg))
			fail_msg("golden/%s.json:%zu:\n  is   %.*s\n  want %.*s", source, line, STR_FMT(lg), STR_FMT(lw));
	}
	if (!str_eq(want, got))
		fail_msg("golden/%s.json: one ends before the other, at line %zu", source, line);
}

static void check_source(struct fixture *f, const char *source)
{
	struct mapping *m = fixture_mapping(f, arena_z(f->a, arena_fmt(f->a, "mappings/%s.yaml", source)));
	const char *root = getenv("TICKMARK_SOURCE");
	struct buf out;
	struct str want;
	struct err e;
	size_t i;
	char path[4096];

	buf_init(&out, 1 << 26);
	buf_z(&out, "[\n");
	for (i = 0; i < ARRAY_LEN(samples); i++) {
		if (strcmp(samples[i].source, source) == 0 && !one_sample(f, m, &samples[i], trial_of_file, &out)) {
			print_message("# %s is not there: %s is skipped\n", samples[i].path, source);
			buf_done(&out);
			return;
		}
	}
	buf_z(&out, "\n]\n");
	assert_false(out.failed);
	(void)snprintf(path, sizeof(path), "%s/tests/collect/golden/%s.json", root != NULL ? root : ".", source);
	if (getenv("TICKMARK_GOLDEN_WRITE") != NULL) {
		write_temp(path, buf_view(&out));
	} else {
		err_init(&e);
		want = read_all(f->a, path);
		compare(source, want, buf_view(&out));
	}
	buf_done(&out);
}

static void every_source_makes_of_real_files_what_was_checked(void **ctx)
{
	struct fixture *f = *ctx;
	char path[4096];
	size_t i;

	SKIP_WITHOUT_SHARED("data", path);
	for (i = 0; i < ARRAY_LEN(samples); i++)
		if (i == 0 || strcmp(samples[i].source, samples[i - 1].source) != 0)
			check_source(f, samples[i].source);
}

/* ---- people cut out of the same files */
static void cut_every_record(struct mapping *m, const char *path, struct str name, void *ctx)
{
	const struct source_input in = { path, name, STR_NONE };
	struct cutting *c = ctx;
	struct source_file f;
	struct record rec;
	bool more = true;
	struct err e;

	err_init(&e);
	if (source_open(m, &in, zone_utc(), &f, &e) != RC_OK)
		return;
	c->ctx = f.ctx;
	while (reader_next(f.reader, &rec, &more, &e) == RC_OK && more) {
		arena_reset(c->a);
		if (rec.bad.n == 0 && !cutting_check(c, rec.bytes))
			fail_msg("%.*s, record %llu: %s", STR_FMT(name), (unsigned long long)rec.number, c->why);
	}
	reader_close(f.reader);
}

static void people_are_cut_out_of_real_records_and_the_items_stay(void **ctx)
{
	struct fixture *f = *ctx;
	const char *const nobody = "azure.activity";   /* the one whose real records name none */
	struct cutting c = { .strict = true };
	char path[4096];
	size_t i;

	SKIP_WITHOUT_SHARED("data", path);
	c.a = arena_new();
	for (i = 0; i < ARRAY_LEN(samples); i++) {
		struct mapping *m = fixture_mapping(f, arena_z(f->a, arena_fmt(f->a, "mappings/%s.yaml", samples[i].source)));

		if (i == 0 || strcmp(samples[i].source, samples[i - 1].source) != 0)
			c.records = c.cut = 0;
		c.m = m;
		(void)one_sample(f, m, &samples[i], cut_every_record, &c);
		if (i + 1 == ARRAY_LEN(samples) || strcmp(samples[i].source, samples[i + 1].source) != 0) {
			print_message("# %s: %llu records, %llu of them cut\n", samples[i].source, (unsigned long long)c.records,
			    (unsigned long long)c.cut);
			if (mapping_names_people(m) && c.cut == 0 && strcmp(samples[i].source, nobody) != 0)
				fail_msg("%s names people, and cuts no record of its golden files", samples[i].source);
		}
	}
	arena_free(c.a);
}

/* No mapping is without a file that was tried. */
static void every_mapping_has_a_golden_file(void **ctx)
{
	struct fixture *f = *ctx;
	struct str name;
	size_t i, k;

	for (i = 0; i < content_count(); i++) {
		(void)content_at(i, &name);
		if (!str_starts(name, STR("mappings/")))
			continue;
		(void)fixture_mapping(f, arena_z(f->a, name));
		name = str_sub(name, 9, name.n - 9 - 5);
		for (k = 0; k < ARRAY_LEN(samples) && !str_is(name, samples[k].source); k++)
			;
		if (k == ARRAY_LEN(samples))
			fail_msg("golden.def has no file for %.*s", STR_FMT(name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_source_makes_of_real_files_what_was_checked, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(people_are_cut_out_of_real_records_and_the_items_stay, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(every_mapping_has_a_golden_file, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

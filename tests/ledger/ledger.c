/* A ledger gives back what was appended, proves it, and goes on after a crash where it had come to. */
#include "test.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/value.h"
#include "ledger/ledger_priv.h"
#include "ledger/verify.h"

struct fixture {
	char dir[200];
	uint8_t key_file[KEY_FILE_BYTES];
};

static struct provider *provider(struct fixture *f)
{
	struct provider *p;
	struct err e;

	err_init(&e);
	assert_ok(key_file_open(str_bytes(f->key_file, KEY_FILE_BYTES), STR_NONE, NULL, &p, &e), &e);
	return p;
}

static int setup(void **ctx)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	uint8_t organization[16] = { 1, 2, 3 };
	char base[] = "/tmp/tickmark-test-XXXXXX";
	struct err e;

	err_init(&e);
	if (mkdtemp(base) == NULL)
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "%s/org", base);
	assert_ok(folder_make(f->dir, &e), &e);
	assert_ok(key_file_make(KEY_FILE_ALONE, STR_NONE, (struct key_file_cost){ 0, 0, 0 }, organization, f->key_file, &e), &e);
	*ctx = f;
	return 0;
}

static int teardown(void **ctx)
{
	struct fixture *f = *ctx;
	char command[300];
	char *slash = strrchr(f->dir, '/');

	*slash = 0;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	if (system(command) != 0)
		return -1;
	mem_free(f);
	return 0;
}

static void append(struct ledger *l, size_t n, size_t body_n)
{
	struct ledger_record *r = mem_alloc(n * sizeof(*r));
	char *body = mem_alloc(body_n + 1);
	struct err e;
	size_t i;

	err_init(&e);
	memset(body, 'x', body_n);
	for (i = 0; i < n; i++) {
		r[i].kind = KIND_CHANGE;
		r[i].body = str_bytes(body, body_n);
	}
	assert_ok(ledger_append(l, 1700000000000, r, n, &e), &e);
	mem_free(body);
	mem_free(r);
}

static struct ledger *create(struct fixture *f)
{
	struct ledger *l;
	struct err e;

	err_init(&e);
	assert_ok(ledger_create(f->dir, STR_NONE, provider(f), 1700000000000, &l, &e), &e);
	return l;
}

static struct ledger *reopen(struct fixture *f, enum ledger_mode mode)
{
	struct ledger *l;
	struct err e;

	err_init(&e);
	assert_ok(ledger_open(f->dir, mode, provider(f), 1700000001000, &l, &e), &e);
	return l;
}

static void what_was_appended_comes_back_and_is_proven(void **ctx)
{
	struct fixture *f = *ctx;
	struct ledger *l = create(f);
	struct arena *a = arena_new();
	struct opened o;
	struct err e;
	struct buf b;
	uint64_t i;

	err_init(&e);
	append(l, 700, 300);
	append(l, 1, (3 << 20) + 17);                   /* an object of its own, in chunks */
	assert_ok(ledger_close(l, 0, &e), &e);
	l = reopen(f, LEDGER_READ);
	assert_int_equal(ledger_checkpointed(l), ledger_size(l));
	for (i = 0; i < ledger_size(l); i += 37) {
		assert_ok(ledger_read(l, a, i, &o, &e), &e);
		assert_int_equal(o.verdict, VERDICT_INTACT);
		buf_init(&b, 100000);
		assert_ok(ledger_prove(l, a, i, &b, &e), &e);
		buf_done(&b);
	}
	assert_ok(ledger_read(l, a, ledger_size(l) - 1, &o, &e), &e);
	assert_int_equal(o.body.n, (3 << 20) + 17);
	assert_int_equal(ledger_read(l, a, ledger_size(l), &o, &e), RC_NOT_FOUND);
	ledger_abandon(l);
	arena_free(a);
}

static void what_many_threads_seal_is_in_order(void **ctx)
{
	enum { N = 3000 };
	static char bodies[N][24];
	struct ledger_record *r = mem_alloc(N * sizeof(*r));
	struct fixture *f = *ctx;
	struct ledger *l = create(f);
	struct arena *a = arena_new();
	struct opened o;
	struct err e;
	uint64_t first;
	size_t i;

	err_init(&e);
	l->n_sealers = 4;                               /* however many processors there are here */
	for (i = 0; i < N; i++) {
		r[i].kind = i % 5 == 0 ? KIND_EVIDENCE : KIND_CHANGE;
		r[i].body = str_bytes(bodies[i], (size_t)snprintf(bodies[i], sizeof(bodies[i]), "record %zu", i));
	}
	r[2500].kind = KIND_POLICY;                     /* a clear body has no envelope: one thread cannot seal that */
	r[2500].envelope = STR("x");
	first = ledger_size(l);
	assert_int_equal(ledger_append(l, 1700000000000, r, N, &e), RC_INTERNAL);
	assert_true(ledger_size(l) <= first + 1);       /* the keys' entry, and none of them */
	r[2500].kind = KIND_CHANGE;
	r[2500].envelope = STR_NONE;
	assert_ok(ledger_append(l, 1700000000000, r, N, &e), &e);
	assert_ok(ledger_close(l, 0, &e), &e);
	l = reopen(f, LEDGER_READ);
	for (i = 0; i < N; i += 7) {
		assert_ok(ledger_read(l, a, r[i].index, &o, &e), &e);
		assert_int_equal(o.verdict, VERDICT_INTACT);
		assert_true(str_eq(o.body, r[i].body) && memcmp(o.leaf, r[i].leaf, 32) == 0);
		assert_memory_equal(o.entry.record_id, r[i].record_id, 16);
	}
	assert_int_equal(r[N - 1].index, r[0].index + N - 1);
	ledger_abandon(l);
	arena_free(a);
	mem_free(r);
}

/* A frame that changes in its file while a ledger is open is not read as if it had not. */
static void a_frame_that_changes_later_is_found_by_reading(void **ctx)
{
	struct fixture *f = *ctx;
	struct ledger *l = create(f);
	struct arena *a = arena_new();
	char path[400], byte;
	struct opened o;
	struct err e;
	uint64_t at;
	int fd;

	err_init(&e);
	append(l, 2, 100);
	assert_ok(ledger_close(l, 0, &e), &e);
	l = reopen(f, LEDGER_READ);
	at = l->frames[l->n_frames - 1].offset + FRAME_HEADER_BYTES + 80;       /* its collector: no part's digest covers it */
	(void)snprintf(path, sizeof(path), "%s/log/%020d.seg", f->dir, 0);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0 && pread(fd, &byte, 1, (off_t)at) == 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	(void)close(fd);
	assert_int_equal(ledger_read(l, a, ledger_size(l) - 1, &o, &e), RC_ALTERED);
	ledger_abandon(l);
	arena_free(a);
}

static void a_second_writer_is_told_who_the_first_is(void **ctx)
{
	struct fixture *f = *ctx;
	struct ledger *l = create(f), *other = NULL;
	struct err e;
	pid_t child;
	int status;

	(void)other;
	child = fork();                                 /* locks are a process's */
	if (child == 0) {
		err_init(&e);
		_exit(ledger_open(f->dir, LEDGER_WRITE, provider(f), 0, &other, &e) == RC_BUSY &&
		    strstr(e.msg, "in use by process") != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	ledger_abandon(l);
}

static void a_torn_tail_is_taken_away_and_writing_goes_on(void **ctx)
{
	struct fixture *f = *ctx;
	struct ledger *l = create(f);
	uint64_t size;
	char path[400];
	struct err e;
	int fd;

	err_init(&e);
	append(l, 10, 100);
	size = ledger_size(l);
	ledger_abandon(l);                              /* as a crash leaves it: no checkpoint over the ten */
	(void)snprintf(path, sizeof(path), "%s/log/%020d.seg", f->dir, 0);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_true(fd >= 0 && write(fd, "TMF1 and no more", 16) == 16);
	(void)close(fd);
	l = reopen(f, LEDGER_WRITE);
	assert_int_equal(ledger_size(l), size);
	assert_int_equal(ledger_torn(l), 16);
	append(l, 3, 100);
	assert_ok(ledger_close(l, 0, &e), &e);
	l = reopen(f, LEDGER_READ);
	assert_int_equal(ledger_size(l), size + 3);
	ledger_abandon(l);
}

static void a_flipped_byte_in_the_middle_is_never_the_end(void **ctx)
{
	struct fixture *f = *ctx;
	struct ledger *l = create(f);
	char path[400], byte;
	struct err e;
	int fd;

	append(l, 10, 100);
	append(l, 10, 100);
	ledger_abandon(l);
	(void)snprintf(path, sizeof(path), "%s/log/%020d.seg", f->dir, 0);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0 && pread(fd, &byte, 1, 3000) == 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, 3000), 1);
	(void)close(fd);
	err_init(&e);
	assert_int_equal(ledger_open(f->dir, LEDGER_WRITE, provider(f), 0, &l, &e), RC_ALTERED);
}

static void a_folder_put_back_from_an_older_copy_is_refused(void **ctx)
{
	struct fixture *f = *ctx;
	struct ledger *l = create(f);
	char command[1000];
	struct err e;

	err_init(&e);
	append(l, 5, 100);
	assert_ok(ledger_close(l, 0, &e), &e);
	(void)snprintf(command, sizeof(command), "cp -r '%s' '%s.old'", f->dir, f->dir);
	assert_int_equal(system(command), 0);
	l = reopen(f, LEDGER_WRITE);
	append(l, 5, 100);
	assert_ok(ledger_close(l, 0, &e), &e);
	(void)snprintf(command, sizeof(command), "rm -r '%s' && mv '%s.old' '%s'", f->dir, f->dir, f->dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(ledger_open(f->dir, LEDGER_WRITE, provider(f), 0, &l, &e), RC_ALTERED);
}

static void stock_openssl_verifies_the_checkpoint(void **ctx)
{
	static const char script[] = "set -e; cd '%s'; sed '/^$/,$d' checkpoint >../text; tail -n 1 checkpoint | cut -d' ' -f3 |"
	    " base64 -d | tail -c 64 >../sig; { printf '302a300506032b6570032100' | xxd -r -p; printf '%%s' '%s' | cut -d+ -f3- |"
	    " base64 -d | tail -c 32; } >../key.der; openssl pkeyutl -verify -rawin -pubin -inkey ../key.der -keyform DER"
	    " -in ../text -sigfile ../sig >/dev/null; echo x >>../text; ! openssl pkeyutl -verify -rawin -pubin -inkey"
	    " ../key.der -keyform DER -in ../text -sigfile ../sig >/dev/null 2>&1";
	struct fixture *f = *ctx;
	struct ledger *l = create(f);
	char command[2000];
	struct buf b;

	append(l, 5, 100);
	buf_init(&b, 1000);
	note_key_put(ledger_key(l), &b);
	buf_u8(&b, 0);
	(void)snprintf(command, sizeof(command), script, f->dir, (const char *)b.p);
	buf_done(&b);
	ledger_abandon(l);
	assert_int_equal(system(command), 0);
}

static unsigned random_state = 7;

static unsigned pick(unsigned n)
{
	random_state = random_state * 1103515245u + 12345u;
	return random_state / 65536u % n;
}

static void count_finding(void *ctx, const struct finding *f)
{
	if (!f->is_notice)
		print_message("# %s, byte %llu: %s\n", f->file, (unsigned long long)f->offset, f->words);
	*(unsigned *)ctx += !f->is_notice;
}

/* Of the last frame, which no sync has confirmed, the disk may have kept any sectors and none; of tiles written since the
 * checkpoint, names and lengths without the bytes.  A writer goes on, nothing confirmed is lost, and verify is content. */
static void what_no_sync_confirmed_may_lose_any_sector(void **ctx)
{
	struct fixture *f = *ctx;
	struct ledger *l = create(f);
	struct arena *a = arena_new();
	char path[400], tile[400], command[1200];
	uint64_t size, confirmed;
	struct verify_how how = { .found = count_finding };
	struct verify_outcome out;
	struct str bytes;
	size_t before_n, after_n;
	unsigned findings, round;
	struct err e;
	size_t at;
	int fd;

	err_init(&e);
	append(l, 600, 90);
	assert_ok(ledger_checkpoint(l, &e), &e);
	append(l, 40, 300);
	confirmed = ledger_size(l);
	(void)snprintf(path, sizeof(path), "%s/log/%020d.seg", f->dir, 0);
	assert_ok(file_read(a, path, 1 << 24, &bytes, &e), &e);
	before_n = bytes.n;
	append(l, 300, 200);
	ledger_abandon(l);
	assert_ok(file_read(a, path, 1 << 24, &bytes, &e), &e);
	after_n = bytes.n;
	(void)snprintf(command, sizeof(command), "cp -r '%s' '%s.crashed' && cp '%s.tickmark-head' '%s.head'", f->dir,
	    f->dir, f->dir, f->dir);
	assert_int_equal(system(command), 0);
	for (round = 0; round < 60; round++) {
		(void)snprintf(command, sizeof(command), "rm -rf '%s' && cp -r '%s.crashed' '%s' && cp '%s.head' '%s.tickmark-head'",
		    f->dir, f->dir, f->dir, f->dir, f->dir);
		assert_int_equal(system(command), 0);
		fd = open(path, O_RDWR);
		assert_true(fd >= 0);
		for (at = before_n; at < after_n; at += 512 - at % 512) {
			static const char zeros[512] = { 0 };
			size_t n = 512 - at % 512 < after_n - at ? 512 - at % 512 : after_n - at;

			if (round == 0 || pick(round % 5 + 2) == 0)
				assert_int_equal(pwrite(fd, zeros, n, (off_t)at), n);
		}
		(void)close(fd);
		(void)snprintf(tile, sizeof(tile), "%s/tile/0/002", f->dir);    /* full since, and never signed over */
		fd = open(tile, O_RDWR | O_CREAT | O_TRUNC, 0600);
		assert_true(fd >= 0 && ftruncate(fd, 8192) == 0);
		(void)close(fd);
		l = reopen(f, LEDGER_WRITE);
		size = ledger_size(l);
		assert_true(size >= confirmed);
		append(l, 300, 50);
		assert_ok(ledger_close(l, 0, &e), &e);
		findings = 0;
		how.ctx = &findings;
		how.provider = provider(f);
		arena_reset(a);
		assert_ok(ledger_verify(f->dir, a, &how, &out, &e), &e);
		provider_close(how.provider);
		assert_int_equal(findings, 0);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_appended_comes_back_and_is_proven, setup, teardown),
		cmocka_unit_test_setup_teardown(what_many_threads_seal_is_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_frame_that_changes_later_is_found_by_reading, setup, teardown),
		cmocka_unit_test_setup_teardown(a_second_writer_is_told_who_the_first_is, setup, teardown),
		cmocka_unit_test_setup_teardown(a_torn_tail_is_taken_away_and_writing_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flipped_byte_in_the_middle_is_never_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(a_folder_put_back_from_an_older_copy_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_no_sync_confirmed_may_lose_any_sector, setup, teardown),
		cmocka_unit_test_setup_teardown(stock_openssl_verifies_the_checkpoint, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Verification of a log that is large enough for two threads finds what one thread would, wherever it is. */
#include "test.h"

#include <fcntl.h>

#include "base/file.h"
#include "ledger/verify.h"

enum { RECORDS = 24000, BODY = 500 };

struct seen {
	uint64_t n, entry;
	enum verify_row row;
	bool has_entry;
};

static void found(void *ctx, const struct finding *f)
{
	struct seen *s = ctx;

	if (f->is_notice)
		return;
	if (s->n++ == 0) {
		s->entry = f->entry;
		s->row = f->row;
		s->has_entry = f->has_entry;
	}
}

static void flip(const char *dir, const char *name, uint64_t at)
{
	char path[400];
	uint8_t byte;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0 && pread(fd, &byte, 1, (off_t)at) == 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	(void)close(fd);
}

static struct seen verify(const char *dir, struct arena *a, uint64_t *entries)
{
	struct seen s = { 0 };
	const struct verify_how how = { .provider = NULL, .since = STR_NONE, .vkey = STR_NONE, .found = found, .ctx = &s };
	struct verify_outcome out;
	struct err e;

	err_init(&e);
	arena_reset(a);
	assert_ok(ledger_verify(dir, a, &how, &out, &e), &e);
	*entries = out.entries;
	assert_int_equal(out.findings, s.n);
	return s;
}

static void make(const char *dir)
{
	const uint8_t organization[16] = { 7 };
	struct ledger_record *r = mem_alloc(RECORDS * sizeof(*r));
	uint8_t key_file[KEY_FILE_BYTES];
	char body[BODY] = { 'b' };
	struct provider *p;
	struct ledger *l;
	struct err e;
	size_t i;

	err_init(&e);
	assert_ok(folder_make(dir, &e), &e);
	assert_ok(key_file_make(KEY_FILE_ALONE, STR_NONE, (struct key_file_cost){ 0, 0, 0 }, organization, key_file, &e), &e);
	assert_ok(key_file_open(str_bytes(key_file, KEY_FILE_BYTES), STR_NONE, NULL, &p, &e), &e);
	assert_ok(ledger_create(dir, STR_NONE, p, 1700000000000, &l, &e), &e);
	for (i = 0; i < RECORDS; i++) {
		r[i].kind = KIND_CHANGE;
		r[i].body = str_bytes(body, sizeof(body));
	}
	assert_ok(ledger_append(l, 1700000000000, r, RECORDS, &e), &e);
	assert_ok(ledger_close(l, 1700000000000, &e), &e);
	mem_free(r);
}

static void one_flipped_byte_is_found_wherever_it_is(void **ctx)
{
	char base[] = "/tmp/tickmark-test-XXXXXX", dir[100], command[100], log[100];
	struct arena *a = arena_new();
	struct {
		struct frame f;
		uint64_t at;
	} big = { .at = 0 };
	uint8_t header[FRAME_HEADER_BYTES];
	uint64_t entries, k, blob = 0;
	struct part_row row;
	uint8_t *meta;
	struct seen s;
	struct err e;
	size_t i;
	int fd;

	(void)ctx;
	err_init(&e);
	assert_non_null(mkdtemp(base));
	(void)snprintf(dir, sizeof(dir), "%s/org", base);
	make(dir);
	s = verify(dir, a, &entries);
	assert_int_equal(s.n, 0);
	assert_true(entries > RECORDS);
	(void)snprintf(log, sizeof(log), "log/%020d.seg", 0);
	(void)snprintf(command, sizeof(command), "%s/%s", dir, log);
	fd = open(command, O_RDONLY);                   /* the first frame of many entries */
	for (;;) {
		assert_int_equal(pread(fd, header, sizeof(header), (off_t)big.at), sizeof(header));
		assert_true(frame_decode(header, &big.f));
		if (big.f.n > 1000)
			break;
		big.at += frame_length(&big.f);
	}
	meta = mem_alloc(big.f.meta_n);
	assert_int_equal(pread(fd, meta, big.f.meta_n, (off_t)(big.at + FRAME_HEADER_BYTES)), big.f.meta_n);
	(void)close(fd);
	for (i = 0; i < 5; i++) {                       /* the stored bytes of one entry: first, last, odd and even ones */
		const uint64_t wanted[] = { 0, 1, 8, big.f.n / 2 + 1, big.f.n - 1 };

		for (k = 0, blob = 0; k <= wanted[i]; k++) {
			assert_ok(part_row_decode(meta + k * (ENTRY_BYTES + PART_ROW_BYTES) + ENTRY_BYTES, &row, &e), &e);
			blob += k < wanted[i] ? row.stored_n : 0;
		}
		blob += big.at + FRAME_HEADER_BYTES + big.f.meta_n + row.stored_n - 1;
		flip(dir, log, blob);
		s = verify(dir, a, &entries);
		assert_int_equal(s.n, 1);
		assert_int_equal(s.row, ROW_PARTS);
		assert_int_equal(s.entry, big.f.first + wanted[i]);
		flip(dir, log, blob);
		/* and of its row */
		blob = big.at + FRAME_HEADER_BYTES + wanted[i] * (ENTRY_BYTES + PART_ROW_BYTES) + ENTRY_BYTES + 40;
		flip(dir, log, blob);
		s = verify(dir, a, &entries);
		assert_true(s.n >= 1);
		assert_int_equal(s.row, ROW_FRAMES);
		assert_int_equal(s.entry, big.f.first + wanted[i]);
		flip(dir, log, blob);
	}
	flip(dir, "tile/entries/031", 98 * 17 + 50);
	s = verify(dir, a, &entries);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.row, ROW_TILES);
	assert_int_equal(s.entry, 31 * 256 + 17);
	flip(dir, "tile/entries/031", 98 * 17 + 50);
	flip(dir, "tile/0/090", 32 * 3);
	s = verify(dir, a, &entries);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.entry, 90 * 256 + 3);
	flip(dir, "tile/0/090", 32 * 3);
	s = verify(dir, a, &entries);
	assert_int_equal(s.n, 0);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", base);
	assert_int_equal(system(command), 0);
	mem_free(meta);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_flipped_byte_is_found_wherever_it_is) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Keys lie in memory that neither swap nor a core dump gets to see, and are wiped when they are given back. */
#include "test.h"

#include <sys/resource.h>

#include "seal/key.h"
#include "seal/vault.h"

/* The flags of the mapping that ${p} lies in, of /proc/self/smaps: " rd wr mr …". */
static void flags_of(const void *p, char *out, size_t room)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[1000];
	bool here = false;

	out[0] = 0;
	if (f == NULL) {
		print_message("# there is no /proc: skipped\n");
		skip();
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		char *end, *to;
		uintptr_t from = (uintptr_t)strtoull(line, &end, 16);

		if (*end == '-') {
			uintptr_t until = (uintptr_t)strtoull(end + 1, &to, 16);

			here = *to == ' ' && (uintptr_t)p >= from && (uintptr_t)p < until;
		} else if (here && strncmp(line, "VmFlags:", 8) == 0) {
			(void)snprintf(out, room, "%.*s ", (int)strcspn(line + 8, "\n"), line + 8);
			break;
		}
	}
	(void)fclose(f);
}

static void assert_kept(const void *p)
{
	char flags[300];
	struct rlimit most;

	flags_of(p, flags, sizeof(flags));
	if (strstr(flags, " dd ") == NULL)
		fail_msg("a core dump would hold it:%s", flags);
	if (getrlimit(RLIMIT_MEMLOCK, &most) != 0 || (most.rlim_cur < (1 << 20) && geteuid() != 0))
		print_message("# the limit of locked memory is low here: mlock is not looked at\n");
	else if (strstr(flags, " lo ") == NULL || vault_unlocked() != 0)
		fail_msg("it could be swapped out:%s", flags);
}

static void neither_swap_nor_dump_sees_it(void **ctx)
{
	uint8_t *small = vault_alloc(32), *large = vault_alloc(100000), *elsewhere = mem_alloc(32);
	char flags[300];

	(void)ctx;
	memset(small, 1, 32);
	memset(large, 1, 100000);
	assert_kept(small);
	assert_kept(large);
	assert_kept(large + 99999);
	flags_of(elsewhere, flags, sizeof(flags));
	assert_null(strstr(flags, " lo "));             /* that it says so at all of other memory would prove nothing */
	vault_free(small);
	vault_free(large);
	mem_free(elsewhere);
}

static void keys_of_a_keyring_lie_there(void **ctx)
{
	const struct key_use use = { .type = KEY_WAL };
	const struct secret kek = { { 1 } };
	struct keyring *ring = keyring_new(1, &kek);
	const struct key *key = keyring_add(ring, &use, 1);

	(void)ctx;
	assert_kept(key);
	keyring_free(ring);
}

static void what_is_given_back_is_wiped_and_taken_again(void **ctx)
{
	uint8_t *p = vault_alloc(100), *other = vault_alloc(100), *again;
	size_t i;

	(void)ctx;
	memset(p, 0xaa, 100);
	memset(other, 0xbb, 100);
	vault_free(p);
	for (i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	again = vault_alloc(90);
	assert_ptr_equal(again, p);
	for (i = 0; i < 90; i++)
		assert_int_equal(again[i], 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(other[i], 0xbb);
	vault_free(again);
	vault_free(other);
	vault_free(NULL);
}

static void pieces_of_any_size_do_not_touch(void **ctx)
{
	uint8_t *p[300];
	size_t i, k;

	(void)ctx;
	for (i = 0; i < ARRAY_LEN(p); i++) {
		p[i] = vault_alloc(i * 17);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)(i & 0xff), i * 17);
	}
	for (i = 0; i < ARRAY_LEN(p); i++)
		for (k = 0; k < i * 17; k++)
			assert_int_equal(p[i][k], i & 0xff);
	for (i = 0; i < ARRAY_LEN(p); i++)
		vault_free(p[i]);
}

static void a_passphrase_is_read_into_it(void **ctx)
{
	int ends[2];
	char *text;
	struct err e;
	size_t n;

	(void)ctx;
	err_init(&e);
	assert_true(pipe(ends) == 0 && write(ends[1], "open sesame\n", 12) == 12 && close(ends[1]) == 0);
	assert_ok(vault_read(ends[0], "it", 12, &text, &n, &e), &e);
	assert_int_equal(n, 12);
	assert_memory_equal(text, "open sesame\n", 12);
	assert_kept(text);
	vault_free(text);
	(void)close(ends[0]);
	assert_true(pipe(ends) == 0 && write(ends[1], "open sesame\n", 12) == 12 && close(ends[1]) == 0);
	assert_int_equal(vault_read(ends[0], "it", 11, &text, &n, &e), RC_LIMIT);
	(void)close(ends[0]);
	assert_int_equal(vault_read(ends[0], "it", 11, &text, &n, &e), RC_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neither_swap_nor_dump_sees_it),
		cmocka_unit_test(keys_of_a_keyring_lie_there),
		cmocka_unit_test(what_is_given_back_is_wiped_and_taken_again),
		cmocka_unit_test(pieces_of_any_size_do_not_touch),
		cmocka_unit_test(a_passphrase_is_read_into_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

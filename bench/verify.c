/* bench/verify: how many entries a second verification judges, stored bytes included and without the database, beside
 * SHA-256 over the same bytes in one thread.  bench-verify DIR: an organization or a ledger that is closed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "ledger/log.h"
#include "ledger/verify.h"
#include "seal/hash.h"

enum { TIMES = 3 };

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(enum rc rc, const struct err *e)
{
	if (rc == RC_OK)
		return;
	(void)fprintf(stderr, "bench-verify: %s\n", e->msg);
	exit(3);
}

/* Each byte of the log once. */
static double floor_of(const char *dir, struct arena *a, uint64_t *bytes)
{
	struct log_files f;
	uint8_t digest[SHA256_BYTES];
	double began;
	struct err e;
	size_t i;

	err_init(&e);
	must(log_map(a, dir, &f, &e), &e);
	began = now();
	for (i = 0, *bytes = 0; i < f.n; i++) {
		sha256(f.segments[i].p, f.segments[i].n, digest);
		*bytes += f.segments[i].n;
	}
	log_unmap(&f);
	return now() - began;
}

int main(int argc, char **argv)
{
	const struct verify_how how = { NULL, STR_NONE, STR_NONE, NULL, NULL };
	struct arena *a = arena_new();
	struct verify_outcome out;
	double began, took, best = 0, plain, least = 0;
	uint64_t bytes = 0;
	struct err e;
	int i;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: bench-verify DIR\n");
		return 2;
	}
	err_init(&e);
	for (i = 0; i < TIMES; i++) {
		arena_reset(a);
		began = now();
		must(ledger_verify(argv[1], a, &how, &out, &e), &e);
		took = now() - began;
		best = i == 0 || took < best ? took : best;
		plain = floor_of(argv[1], a, &bytes);
		least = i == 0 || plain < least ? plain : least;
	}
	if (out.findings > 0) {
		(void)fprintf(stderr, "bench-verify: %llu findings\n", (unsigned long long)out.findings);
		return 1;
	}
	(void)printf("verify           %8.0f entries/s (%llu entries, %llu MB of log; best of %d, read before)\n",
	    (double)out.entries / best, (unsigned long long)out.entries, (unsigned long long)(bytes >> 20), TIMES);
	(void)printf("floor            %8.0f entries/s: SHA-256 over the log's bytes, one thread; %.2f times as long\n",
	    (double)out.entries / least, best / least);
	arena_free(a);
	return 0;
}

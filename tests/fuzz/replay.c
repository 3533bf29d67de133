/* replay: in the check, what was kept, the seeds, and some thousand mutations of each, the same in each run, under the
 * sanitizers.  TICKMARK_SOAK in the environment: fifty times as many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "targets.h"

static uint64_t state = 88172645463325252u;

static size_t pick(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % n);
}

/* A seed, or zeros where a binary form begins with a mark, with some bytes changed, cut, doubled or put in. */
static size_t mutate(char *to, size_t room, const char *seed)
{
	static const char spice[] = "\"\\{}[]():,.'-+|&*<>=!\n\t \x1a\xff\xc3\x00" "09azZ";
	size_t n = strlen(seed), i, times_n = 1 + pick(6);

	memset(to, 0, room);
	memcpy(to, seed, n);
	if (n < 8)
		n = pick(room / 2) + 8;
	for (i = 0; i < times_n; i++) {
		size_t at = pick(n + 1);

		switch (pick(5)) {
		case 0:
			if (n + 1 < room) {
				memmove(to + at + 1, to + at, n - at);
				to[at] = spice[pick(sizeof(spice) - 1)];
				n++;
			}
			break;
		case 1:
			n = at;
			break;
		case 2:
			if (at < n)
				to[at] = (char)pick(256);
			break;
		case 3:
			if (at < n && 2 * n - at < room) {
				memmove(to + n, to + at, n - at);
				n += n - at;
			}
			break;
		default:
			if (at < n) {
				memmove(to + at, to + at + 1, n - at - 1);
				n--;
			}
		}
	}
	return n;
}

/* So that reading one byte too far is seen. */
static void run_exactly(const struct target *t, struct arena *a, const void *bytes, size_t n)
{
	char *exact = mem_alloc(n + 1);

	exact = mem_resize(exact, n);
	if (n > 0)
		memcpy(exact, bytes, n);
	arena_reset(a);
	t->run(a, (struct str){ exact, n });
	mem_free(exact);
}

/* What the fuzzer found worth keeping, and what once broke something: corpus/TARGET/. */
static size_t replay_corpus(const struct target *t, struct arena *a)
{
	const char *source = getenv("TICKMARK_SOURCE");
	struct arena *files = arena_new();
	struct str *names, bytes;
	char path[1024];
	struct err e;
	size_t n = 0, i;

	err_init(&e);
	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", source != NULL ? source : ".", t->name);
	if (folder_list(files, path, 100000, &names, &n, &e) != RC_OK)
		n = 0;
	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s/%.*s", source != NULL ? source : ".", t->name,
		    STR_FMT(names[i]));
		if (file_read(files, path, 1 << 20, &bytes, &e) == RC_OK)
			run_exactly(t, a, bytes.p, bytes.n);
	}
	arena_free(files);
	return n;
}

int main(void)
{
	static char text[8192];
	struct arena *a = arena_new();
	size_t i, k, m, n, each = getenv("TICKMARK_SOAK") != NULL ? 200000 : 4000;

	(void)printf("1..%zu\n", targets_n);
	for (i = 0; i < targets_n; i++) {
		size_t kept = replay_corpus(&targets[i], a);

		for (k = 0; targets[i].seeds[k] != NULL; k++) {
			run_exactly(&targets[i], a, targets[i].seeds[k], strlen(targets[i].seeds[k]));
			for (m = 0; m < each; m++) {
				n = mutate(text, sizeof(text) / 2, targets[i].seeds[k]);
				run_exactly(&targets[i], a, text, n);
			}
		}
		(void)printf("ok %zu - %s survives bytes that nobody meant, %zu of them kept\n", i + 1, targets[i].name, kept);
	}
	arena_free(a);
	return 0;
}

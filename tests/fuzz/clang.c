/* clang: the entry of clang's fuzzer.  The target is the one that FUZZ_TARGET in the environment names; tools/fuzz. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets.h"

int LLVMFuzzerInitialize(int *, char ***);
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const struct target *target;
static struct arena *arena;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FUZZ_TARGET");
	size_t i;

	(void)argc;
	(void)argv;
	for (i = 0; name != NULL && i < targets_n; i++)
		if (strcmp(targets[i].name, name) == 0)
			target = &targets[i];
	for (i = 0; target == NULL && i < targets_n; i++)
		(void)printf("%s\n", targets[i].name);
	if (target == NULL)
		exit(2);
	arena = arena_new();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *exact = mem_dup(data, n);

	arena_reset(arena);
	target->run(arena, (struct str){ exact, n });
	mem_free(exact);
	return 0;
}

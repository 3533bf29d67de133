/* arena: memory that a unit of work gives back at once.  Also the process's malloc, which does not
 * return without memory: one write path and replay make ending the process safe. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { BLOCK_MIN = 32 * 1024, ALIGN = 16 };

struct block {
	struct block *next;
	size_t room, used;
};

struct arena {
	struct block *first, *now;
	size_t used;
};

_Static_assert(sizeof(struct block) % 8 == 0, "block header keeps alignment");

static void out_of_memory(size_t n)
{
	(void)fprintf(stderr, "tickmark: out of memory (asked for %zu bytes); nothing acknowledged is lost\n", n);
	abort();
}

void *mem_alloc(size_t n)
{
	void *p = calloc(1, n == 0 ? 1 : n);

	if (p == NULL)
		out_of_memory(n);
	return p;
}

void *mem_resize(void *old, size_t n)
{
	void *p = realloc(old, n == 0 ? 1 : n);

	if (p == NULL)
		out_of_memory(n);
	return p;
}

void *mem_dup(const void *from, size_t n)
{
	void *p = mem_alloc(n);

	if (n > 0)
		memcpy(p, from, n);
	return p;
}

void mem_free(void *p) { free(p); }

static uint8_t *block_bytes(struct block *b)
{
	uintptr_t p = (uintptr_t)(b + 1);

	return (uint8_t *)((p + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
}

static struct block *block_new(size_t room)
{
	size_t total;
	struct block *b;

	if (!num_add(room, sizeof *b + ALIGN, &total))
		out_of_memory(room);
	b = malloc(total);
	if (b == NULL)
		out_of_memory(total);
	b->next = NULL;
	b->room = room;
	b->used = 0;
	ASAN_POISON_MEMORY_REGION(block_bytes(b), room);
	return b;
}

struct arena *arena_new(void)
{
	struct arena *a = mem_alloc(sizeof *a);

	a->first = a->now = block_new(BLOCK_MIN);
	return a;
}

void arena_free(struct arena *a)
{
	struct block *b, *next;

	if (a == NULL)
		return;
	for (b = a->first; b != NULL; b = next) {
		next = b->next;
		ASAN_UNPOISON_MEMORY_REGION(block_bytes(b), b->room);
		free(b);
	}
	free(a);
}

void arena_reset(struct arena *a)
{
	struct block *b, *next;

	/* Big blocks go back: one large record must not hold memory for the rest of the run. */
	for (b = a->first->next; b != NULL; b = next) {
		next = b->next;
		ASAN_UNPOISON_MEMORY_REGION(block_bytes(b), b->room);
		free(b);
	}
	a->first->next = NULL;
	a->first->used = 0;
	ASAN_POISON_MEMORY_REGION(block_bytes(a->first), a->first->room);
	a->now = a->first;
	a->used = 0;
}

void *arena_alloc_raw(struct arena *a, size_t n)
{
	struct block *b = a->now;
	size_t need;
	uint8_t *p;

	if (!num_add(n, ALIGN - 1, &need))
		out_of_memory(n);
	need &= ~(size_t)(ALIGN - 1);
	if (need == 0)
		need = ALIGN;
	if (need > b->room - b->used) {
		size_t room = b->room < ((size_t)1 << 20) ? b->room * 2 : b->room;

		b->next = block_new(need > room ? need : room);
		b = a->now = b->next;
	}
	p = block_bytes(b) + b->used;
	ASAN_UNPOISON_MEMORY_REGION(p, n);
	b->used += need;
	a->used += need;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return memset(arena_alloc_raw(a, n), 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t each)
{
	size_t n;

	if (!num_mul(count, each, &n))
		out_of_memory(SIZE_MAX);
	return arena_alloc(a, n);
}

char *arena_z(struct arena *a, struct str s)
{
	char *z = arena_alloc_raw(a, s.n + 1);

	if (s.n > 0)
		memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

struct str arena_str(struct arena *a, struct str s)
{
	return (struct str){ arena_z(a, s), s.n };
}

struct str arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *z;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	z = arena_alloc_raw(a, (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(z, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (struct str){ z, (size_t)n };
}

size_t arena_used(const struct arena *a) { return a->used; }

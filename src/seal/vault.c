/* vault: see vault.h.  Regions of whole pages, cut into pieces of a few sizes; what is freed is taken again.  Regions
 * stay: keys come and go, and a region costs a system call or two. */
#include "seal/vault.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "seal/hash.h"

enum { REGION = 1 << 16, STEP = 64, SIZES = 32, HEADER = 16 };

/* Before each piece. */
struct piece {
	size_t n;                       /* with this header */
	struct piece *next;             /* while it is free */
};
_Static_assert(sizeof(struct piece) <= HEADER, "the header has room");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct piece *free_pieces[SIZES + 1];
static uint8_t *region;                 /* the one that pieces are cut from */
static size_t region_left, unlocked;

static void *map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		(void)fprintf(stderr, "tickmark: no memory for keys; nothing acknowledged is lost\n");
		abort();
	}
	(void)madvise(p, n, MADV_DONTDUMP);
	if (mlock2(p, n, 0) != 0)               /* as mlock, which sanitizers turn into nothing */
		unlocked += n;
	return p;
}

/* Pieces above the largest size have pages of their own. */
static size_t rounded(size_t n)
{
	const size_t unit = n > (size_t)SIZES * STEP ? (size_t)sysconf(_SC_PAGESIZE) : STEP;

	return (n + unit - 1) / unit * unit;
}

void *vault_alloc(size_t n)
{
	struct piece *p;
	size_t whole;

	if (n > SIZE_MAX / 2)
		abort();
	whole = rounded(n + HEADER);
	(void)pthread_mutex_lock(&lock);
	if (whole > (size_t)SIZES * STEP) {
		p = map(whole);
	} else if ((p = free_pieces[whole / STEP]) != NULL) {
		free_pieces[whole / STEP] = p->next;
	} else {
		if (region_left < whole) {
			region = map(REGION);   /* what was left of the last one is too small to matter */
			region_left = REGION;
		}
		p = (struct piece *)(void *)(region + REGION - region_left);
		region_left -= whole;
	}
	p->n = whole;
	p->next = NULL;
	(void)pthread_mutex_unlock(&lock);
	return (uint8_t *)p + HEADER;
}

void vault_free(void *mem)
{
	struct piece *p;

	if (mem == NULL)
		return;
	p = (struct piece *)(void *)((uint8_t *)mem - HEADER);
	wipe(mem, p->n - HEADER);
	(void)pthread_mutex_lock(&lock);
	if (p->n > (size_t)SIZES * STEP) {
		(void)munmap(p, p->n);
	} else {
		p->next = free_pieces[p->n / STEP];
		free_pieces[p->n / STEP] = p;
	}
	(void)pthread_mutex_unlock(&lock);
}

size_t vault_unlocked(void)
{
	size_t n;

	(void)pthread_mutex_lock(&lock);
	n = unlocked;
	(void)pthread_mutex_unlock(&lock);
	return n;
}

enum rc vault_read(int fd, const char *name, size_t most, char **text, size_t *n, struct err *e)
{
	char *p = vault_alloc(most + 1);
	size_t got = 0;
	ssize_t k;

	do {
		k = read(fd, p + got, most + 1 - got);
		got += k > 0 ? (size_t)k : 0;
	} while ((k > 0 && got <= most) || (k < 0 && errno == EINTR));
	if (k >= 0 && got <= most) {
		*text = p;
		*n = got;
		return RC_OK;
	}
	vault_free(p);
	return k < 0 ? err_sys(e, errno, "%s cannot be read", name) :
	    err_set(e, RC_LIMIT, "%s has more than the %zu bytes that can be", name, most);
}

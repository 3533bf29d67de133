/* verify_threads: what verification does with two threads.  While one reads frames and whether they are good, the other
 * judges their entries and parts, in order; and tiles are compared by both before the one that tells of them comes to them.
 * What is found, and in which order it is told, is the same. */
#include "ledger/verify_priv.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/tile.h"

/* Less than so many bytes of log are judged sooner by one thread. */
enum { LOG_FEW = 8 << 20, WAITING = 8, LOOK_AHEAD = 16 << 20, ROW = 2 + ENTRY_BYTES };

/* ---- frames */
struct passed {
	size_t segment;
	uint64_t offset;
	struct frame f;
	const uint8_t *header;
};

struct lane {
	struct check *c;
	size_t segment;                 /* pages of it are there up to ${looked} */
	uint64_t looked;
	const struct log_visitor *judge;
	struct passed waiting[WAITING];
	uint64_t put, taken;            /* under the lock */
	bool ends;
	enum rc rc;
	struct err err;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/* The pages of the next few frames at once, which costs less than to be interrupted for each. */
static void look_ahead(struct lane *l, size_t segment, uint64_t offset)
{
	const struct log_segment *s = &l->c->files.segments[segment];
	union {
		const uint8_t *in;
		void *out;
	} p;
	uint64_t n;

	if (segment != l->segment || offset + LOOK_AHEAD / 2 > l->looked) {
		l->looked = segment != l->segment ? offset / LOOK_AHEAD * LOOK_AHEAD : l->looked;
		l->segment = segment;
		if (l->looked >= s->n)
			return;
		n = s->n - l->looked < LOOK_AHEAD ? s->n - l->looked : LOOK_AHEAD;
		p.in = s->p + l->looked;
		(void)madvise(p.out, (size_t)n, MADV_POPULATE_READ);
		l->looked += n;
	}
}

static enum rc pass_on(void *ctx, size_t segment, uint64_t offset, const struct frame *f, const uint8_t *header,
    struct err *e)
{
	struct lane *l = ctx;
	enum rc rc;

	look_ahead(l, segment, offset);
	(void)pthread_mutex_lock(&l->lock);
	while (l->put - l->taken == WAITING && l->rc == RC_OK)
		(void)pthread_cond_wait(&l->changed, &l->lock);
	if ((rc = l->rc) == RC_OK) {
		l->waiting[l->put % WAITING] = (struct passed){ segment, offset, *f, header };
		l->put++;
	} else if (e != NULL) {
		*e = l->err;
	}
	(void)pthread_cond_signal(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	return rc;
}

static void *judging(void *ctx)
{
	struct lane *l = ctx;
	struct passed p;
	struct err e;
	enum rc rc = RC_OK;

	for (;;) {
		(void)pthread_mutex_lock(&l->lock);
		while (l->put == l->taken && !l->ends)
			(void)pthread_cond_wait(&l->changed, &l->lock);
		if (l->put == l->taken || rc != RC_OK) {
			(void)pthread_mutex_unlock(&l->lock);
			return NULL;
		}
		p = l->waiting[l->taken % WAITING];
		(void)pthread_mutex_unlock(&l->lock);
		err_init(&e);
		rc = l->judge->frame(l->judge->ctx, p.segment, p.offset, &p.f, p.header, &e);
		(void)pthread_mutex_lock(&l->lock);
		l->taken++;
		if (rc != RC_OK) {
			l->rc = rc;
			l->err = e;
		}
		(void)pthread_cond_signal(&l->changed);
		(void)pthread_mutex_unlock(&l->lock);
	}
}

enum rc verify_scan(struct check *c, const struct key *wal, uint64_t size, const struct log_visitor *judge,
    struct log_end *end, struct err *e)
{
	struct lane *l;
	const struct log_visitor v = { pass_on, l = mem_alloc(sizeof(*l)) };
	pthread_t other;
	uint64_t bytes = 0;
	enum rc rc;
	size_t i;

	for (i = 0; i < c->files.n; i++)
		bytes += c->files.segments[i].n;
	l->c = c;
	l->segment = SIZE_MAX;
	l->judge = judge;
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_cond_init(&l->changed, NULL);
	if (bytes < LOG_FEW || pthread_create(&other, NULL, judging, l) != 0) {
		rc = log_scan(&c->files, c->out->origin, wal, size, judge, end, e);
	} else {
		rc = log_scan(&c->files, c->out->origin, wal, size, &v, end, e);
		(void)pthread_mutex_lock(&l->lock);
		l->ends = true;
		(void)pthread_cond_signal(&l->changed);
		(void)pthread_mutex_unlock(&l->lock);
		(void)pthread_join(other, NULL);
		if (rc == RC_OK && l->rc != RC_OK) {
			rc = l->rc;
			if (e != NULL)
				*e = l->err;
		}
	}
	(void)pthread_cond_destroy(&l->changed);
	(void)pthread_mutex_destroy(&l->lock);
	mem_free(l);
	return rc;
}

/* ---- tiles of level 0 and bundles, which are nearly all of them */
struct range {
	const struct check *c;
	uint64_t from, until;
};

static bool file_is(const char *path, const uint8_t *want, size_t n)
{
	uint8_t have[TILE_WIDTH * ROW + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t got;

	if (fd < 0)
		return false;
	got = pread(fd, have, n + 1, 0);
	(void)close(fd);
	return got == (ssize_t)n && memcmp(have, want, n) == 0;
}

static void *compare_range(void *ctx)
{
	const struct range *r = ctx;
	uint8_t bundle[TILE_WIDTH * ROW];
	char path[LIMIT_PATH];
	uint64_t n, i;

	for (n = r->from; n < r->until; n++) {
		for (i = 0; i < TILE_WIDTH; i++) {
			put_u16(bundle + i * ROW, ENTRY_BYTES);
			memcpy(bundle + i * ROW + 2, r->c->entries[n * TILE_WIDTH + i], ENTRY_BYTES);
		}
		tile_path(r->c->dir, -1, n, 0, path);
		r->c->good[n] = file_is(path, bundle, sizeof(bundle)) ? VERIFY_GOOD_BUNDLE : 0;
		tile_path(r->c->dir, 0, n, 0, path);
		r->c->good[n] |= file_is(path, r->c->level[0][n * TILE_WIDTH], (size_t)TILE_WIDTH * SHA256_BYTES) ?
		    VERIFY_GOOD_TILE : 0;
	}
	return NULL;
}

void verify_compare_tiles(struct check *c)
{
	struct range r[2] = { { c, 0, c->n / TILE_WIDTH / 2 }, { c, c->n / TILE_WIDTH / 2, c->n / TILE_WIDTH } };
	pthread_t other;
	bool runs;

	c->n_good = c->n / TILE_WIDTH;
	c->good = mem_alloc(c->n_good + 1);
	runs = c->n_good > 64 && pthread_create(&other, NULL, compare_range, &r[1]) == 0;
	(void)compare_range(&r[0]);
	if (runs)
		(void)pthread_join(other, NULL);
	else
		(void)compare_range(&r[1]);
}

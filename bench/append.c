/* bench/append: how many records a second become durable through ledger_append, one sync a batch, beside a floor that
 * does with the same bytes only what nobody can leave out: AES-256-GCM, SHA-256, write, fdatasync.
 * bench-append [RECORDS [BATCH [BYTES [FOLDER]]]]: 400,000, 4,096, 450, and a folder of its own below /tmp. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/ledger.h"

struct how {
	size_t records, batch, bytes;
	char folder[200];
};

struct times {
	double wall, cpu;
};

static struct times now(void)
{
	struct timespec w, c;

	(void)clock_gettime(CLOCK_MONOTONIC, &w);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &c);
	return (struct times){ (double)w.tv_sec + (double)w.tv_nsec / 1e9, (double)c.tv_sec + (double)c.tv_nsec / 1e9 };
}

static void tell(const char *what, const struct how *h, struct times from, double worst)
{
	struct times to = now();

	(void)printf("%-16s %8.0f records/s; %8.0f a second of processor time; worst batch %.1f ms\n", what,
	    (double)h->records / (to.wall - from.wall), (double)h->records / (to.cpu - from.cpu), worst * 1e3);
}

static void must(enum rc rc, const struct err *e)
{
	if (rc == RC_OK)
		return;
	(void)fprintf(stderr, "bench-append: %s\n", e->msg);
	exit(3);
}

/* Bytes that differ from record to record, as a log's do. */
static void contents(char *p, size_t n)
{
	uint32_t state = 7;
	size_t i;

	for (i = 0; i < n; i++) {
		state = state * 1664525u + 1013904223u;
		p[i] = (char)('a' + (state >> 24) % 26);
	}
}

/* Two threads: one seals a batch while the other writes and syncs the one before. */
struct stages {
	struct ledger *l;
	const struct how *h;
	struct ledger_sealed *sealed[2];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t batches, n_sealed, written;
	double worst;
};

static void advance(struct stages *s, size_t *to)
{
	(void)pthread_mutex_lock(&s->lock);
	(*to)++;
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

static void *writes(void *ctx)
{
	struct stages *s = ctx;
	double before, took;
	uint64_t first;
	struct err e;
	size_t at;

	err_init(&e);
	for (at = 0; at < s->batches; at++) {
		(void)pthread_mutex_lock(&s->lock);
		while (s->n_sealed <= at)
			(void)pthread_cond_wait(&s->changed, &s->lock);
		(void)pthread_mutex_unlock(&s->lock);
		before = now().wall;
		must(ledger_write(s->l, s->sealed[at % 2], &first, &e), &e);
		took = now().wall - before;
		s->worst = took > s->worst ? took : s->worst;
		advance(s, &s->written);
	}
	return NULL;
}

static void seals(struct stages *s, const char *bytes)
{
	struct ledger_record *r = mem_alloc(s->h->batch * sizeof(*r));
	size_t i, at, n;
	struct err e;

	err_init(&e);
	for (at = 0; at < s->batches; at++) {
		n = s->h->records - at * s->h->batch < s->h->batch ? s->h->records - at * s->h->batch : s->h->batch;
		for (i = 0; i < n; i++) {
			memset(&r[i], 0, sizeof(r[i]));
			r[i].kind = KIND_EVIDENCE;
			r[i].body = str_bytes(bytes + i * s->h->bytes, s->h->bytes);
		}
		(void)pthread_mutex_lock(&s->lock);
		while (at - s->written >= 2)
			(void)pthread_cond_wait(&s->changed, &s->lock);
		(void)pthread_mutex_unlock(&s->lock);
		must(ledger_seal(s->l, 1700000000000 + at, r, n, s->sealed[at % 2], &e), &e);
		advance(s, &s->n_sealed);
	}
	mem_free(r);
}

static void ledger(const struct how *h, const char *bytes)
{
	const uint8_t organization[16] = { 1 };
	struct stages s = { .h = h, .batches = (h->records + h->batch - 1) / h->batch };
	uint8_t key_file[KEY_FILE_BYTES];
	char dir[LIMIT_PATH];
	struct provider *p;
	struct times start, after;
	pthread_t writer;
	struct err e;

	err_init(&e);
	(void)snprintf(dir, sizeof(dir), "%s/org", h->folder);
	must(folder_make(dir, &e), &e);
	must(key_file_make(KEY_FILE_ALONE, STR_NONE, (struct key_file_cost){ 0, 0, 0 }, organization, key_file, &e), &e);
	must(key_file_open(str_bytes(key_file, KEY_FILE_BYTES), STR_NONE, NULL, &p, &e), &e);
	must(ledger_create(dir, STR_NONE, p, 1700000000000, &s.l, &e), &e);
	must(ledger_prepare(s.l, 1700000000000, &e), &e);
	s.sealed[0] = ledger_sealed_new();
	s.sealed[1] = ledger_sealed_new();
	(void)pthread_mutex_init(&s.lock, NULL);
	(void)pthread_cond_init(&s.changed, NULL);
	start = now();
	if (pthread_create(&writer, NULL, writes, &s) != 0)
		must(err_set(&e, RC_INTERNAL, "no thread"), &e);
	seals(&s, bytes);
	(void)pthread_join(writer, NULL);
	tell("ledger_append", h, start, s.worst);
	start = now();
	must(ledger_close(s.l, 1700000000000, &e), &e);
	after = now();
	(void)printf("%-16s %8.1f ms\n", "checkpoint", (after.wall - start.wall) * 1e3);
	ledger_sealed_free(s.sealed[0]);
	ledger_sealed_free(s.sealed[1]);
}

static void lowest(const struct how *h, const char *bytes)
{
	static const uint8_t nonce[GCM_NONCE_BYTES];
	const size_t each = h->bytes + GCM_TAG_BYTES + SHA256_BYTES;
	uint8_t *out = mem_alloc(h->batch * each), key[32] = { 1 };
	struct gcm *g = gcm_new();
	struct times start, before, after;
	char path[LIMIT_PATH];
	double worst = 0;
	uint64_t at = 0;
	struct err e;
	size_t i, done, n;
	int fd;

	err_init(&e);
	(void)snprintf(path, sizeof(path), "%s/floor", h->folder);
	if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
		must(err_sys(&e, errno, "%s", path), &e);
	start = now();
	for (done = 0; done < h->records; done += n) {
		n = h->batch < h->records - done ? h->batch : h->records - done;
		before = now();
		for (i = 0; i < n; i++) {
			uint8_t *to = out + i * each;

			put_u64(key, done + i);
			gcm_seal(g, key, nonce, STR("aad"), (const uint8_t *)bytes + i * h->bytes, h->bytes, to);
			sha256(to, h->bytes + GCM_TAG_BYTES, to + h->bytes + GCM_TAG_BYTES);
		}
		must(fd_write(fd, out, n * each, at, path, &e), &e);
		if (fdatasync(fd) != 0)
			must(err_sys(&e, errno, "%s", path), &e);
		at += n * each;
		after = now();
		worst = after.wall - before.wall > worst ? after.wall - before.wall : worst;
	}
	tell("floor", h, start, worst);
	(void)close(fd);
	gcm_free(g);
	mem_free(out);
}

static size_t number(int argc, char **argv, int i, size_t otherwise)
{
	uint64_t n;

	return argc > i && num_u64(str_z(argv[i]), 1000000000, &n) && n > 0 ? (size_t)n : otherwise;
}

int main(int argc, char **argv)
{
	struct how h = { number(argc, argv, 1, 400000), number(argc, argv, 2, 4096), number(argc, argv, 3, 450), "" };
	char command[300], *bytes;

	(void)snprintf(h.folder, sizeof(h.folder), "%.150s/tickmark-bench-XXXXXX", argc > 4 ? argv[4] : "/tmp");
	if (mkdtemp(h.folder) == NULL) {
		perror(h.folder);
		return 2;
	}
	bytes = mem_alloc(h.batch * h.bytes);
	contents(bytes, h.batch * h.bytes);
	(void)printf("%zu records of %zu bytes, batches of %zu, one fdatasync each; ", h.records, h.bytes, h.batch);
	(void)fflush(stdout);
	(void)snprintf(command, sizeof(command), "df --output=source,fstype '%s' | tail -n 1", h.folder);
	if (system(command) != 0)
		(void)puts("the device is not known");
	lowest(&h, bytes);
	ledger(&h, bytes);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", h.folder);
	mem_free(bytes);
	return system(command) == 0 ? 0 : 3;
}

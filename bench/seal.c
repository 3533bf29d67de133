/* bench/seal: how many records of 500 bytes one core seals and opens in a second, in batches of a frame.
 * Prints a line each; judges nothing. */
#include <stdio.h>
#include <time.h>

#include "seal/box.h"

enum { BATCH = 1024, CONTENT = 500 };

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void)
{
	const struct key_use use = { .type = KEY_SCOPE, .classification = CLASS_INTERNAL, .epoch = 2024 };
	const struct secret kek = { { 1 } };
	struct keyring *ring = keyring_new(1, &kek);
	const struct key *scope = keyring_get(ring, &use, 1);
	static struct box_sealed sealed[BATCH];
	static const char envelope[32];
	char content[CONTENT] = { 0 };
	const struct box_part part = { scope, { content, sizeof content }, { envelope, sizeof envelope } };
	const struct box_record rec = { .kind = 1, .received_ms = 1700000000000, .parts = &part, .n = 1 };
	struct box *box = box_new();
	struct arena *a = arena_new();
	struct buf rows, blobs;
	struct err e;
	double start, seconds;
	size_t done = 0, i;

	buf_init(&rows, BATCH * PART_ROW_BYTES);
	buf_init(&blobs, BATCH * 1024);
	for (start = now(); (seconds = now() - start) < 2.0; done += BATCH) {
		buf_clear(&rows);
		buf_clear(&blobs);
		for (i = 0; i < BATCH; i++)
			if (box_seal(box, &rec, NULL, &rows, &blobs, &sealed[i], &e) != RC_OK)
				return 1;
	}
	(void)printf("seal.box  sealed  %8.0f records/s of %d bytes, one core, batches of %d, nothing written\n",
	    (double)done / seconds, CONTENT, BATCH);
	done = 0;
	for (start = now(); (seconds = now() - start) < 2.0; done += BATCH) {
		for (i = 0; i < BATCH; i++) {
			struct box_origin o = { .kind = rec.kind, .received_ms = rec.received_ms };
			size_t each = blobs.n / BATCH, k;
			struct str got, cover;
			struct part_row row;
			struct secret s;

			for (k = 0; k < 16; k++)
				o.record_id[k] = sealed[i].record_id[k];
			part_secret(scope, o.record_id, 0, &s);
			if (part_row_decode(rows.p + i * PART_ROW_BYTES, &row, &e) != RC_OK ||
			    box_open(box, &o, &row, &s, str_sub(buf_view(&blobs), i * each, each), a, &got, &cover, &e) != RC_OK)
				return 1;
			arena_reset(a);
		}
	}
	(void)printf("seal.box  opened  %8.0f records/s of %d bytes, one core\n", (double)done / seconds, CONTENT);
	arena_free(a);
	buf_done(&rows);
	buf_done(&blobs);
	box_free(box);
	keyring_free(ring);
	return 0;
}

/* scene: what a ledger's life may hold, in little, for tests that crash it or refuse it things anywhere.  Records have
 * contents that follow from their number, so that each can be compared when it comes back. */
#ifndef TESTS_LEDGER_SCENE_H
#define TESTS_LEDGER_SCENE_H

#include "ledger/ledger.h"

struct scene {
	char base[200], dir[220];
	uint8_t key_file[KEY_FILE_BYTES];
	/* what was acknowledged, in the order of the log */
	struct acked {
		uint64_t index;
		unsigned number;                /* gives its content */
		size_t calls;                   /* of the disk when it was */
	} acked[4096];
	size_t n_acked;
	struct {
		uint64_t size;
		size_t calls;
	} checkpoints[64];
	size_t n_checkpoints;
	size_t created;                         /* calls when ledger_create came back; SIZE_MAX before */
	unsigned next;                          /* number of the next record */
};

void scene_start(struct scene *);               /* a new folder below /tmp */
void scene_end(struct scene *);                 /* and away with it */
struct provider *scene_provider(const struct scene *);
/* Content of a record; in ${a}. */
struct str scene_body(struct arena *a, unsigned number);

MUST_USE enum rc scene_create(struct scene *, uint64_t now_ms, struct ledger **, struct err *);
MUST_USE enum rc scene_open(struct scene *, uint64_t now_ms, struct ledger **, struct err *);
/* Numbers scene.next and on. */
MUST_USE enum rc scene_append(struct scene *, struct ledger *, uint64_t now_ms, size_t n, struct err *);
/* Under a key of their own. */
MUST_USE enum rc scene_append_scoped(struct scene *, struct ledger *, uint64_t now_ms, size_t n, struct err *);
MUST_USE enum rc scene_checkpoint(struct scene *, struct ledger *, struct err *);
MUST_USE enum rc scene_close(struct scene *, struct ledger *, struct err *);

/* How many findings verify has in a folder, each told with ${what}; notices are none. */
unsigned scene_findings(const struct scene *, const char *dir, const char *what);
/* Each record acknowledged by the first ${calls} calls is there with its bytes; fails the test with ${what}. */
void scene_compare(const struct scene *, struct ledger *, size_t calls, const char *what);

#endif

/* ingest: a file taken in: records read, mapped, known ones passed over, the rest appended and projected in batches,
 * with an entry that opens the ingest and one that closes it with its counts.
 * Uses collect/mapping.h, model/org.h. */
#ifndef COLLECT_INGEST_H
#define COLLECT_INGEST_H

#include "collect/mapping.h"
#include "model/org.h"

/* Mappings compiled once, as replay asks for them: the state's hooks.  One for each organization that is open. */
struct mapper;
struct mapper *mapper_new(void);
void mapper_free(struct mapper *);
struct state_hooks mapper_hooks(struct mapper *);

struct ingest_how {
	struct str source, instance;
	const char *path;               /* "-" is standard input */
	struct str bytes;               /* unless p is NULL: the file itself, and ${path} is for messages only */
	struct str file;                /* the name that is recorded, and that tells the shape */
	bool has_covers, has_extracted, is_partial, has_stated;
	uint64_t stated;                /* how many records the source says it sent */
	int64_t covers_from_us, covers_to_us;   /* half open */
	int64_t extracted_us;
	/* After each sync, for each entry that is durable now; may be NULL. */
	void (*acked)(void *ctx, uint64_t index, const uint8_t leaf[32]);
	void (*told)(void *ctx, uint64_t records, uint64_t bytes);      /* progress; may be NULL */
	void *ctx;
};

struct ingest_outcome {
	uint64_t in, kept, duplicate, rejected, no_item, null_key;
	uint64_t open_index, first_item_us;
	bool complete;
	char why[600];                  /* not complete: what stopped it */
	char first_reason[300];         /* of the first rejected record */
};

/* RC_OK: taken in, wholly or as far as it could be read (outcome->complete).  RC_INVALID: not a file of this source, or
 * the options do not fit; nothing was written.  Others: the ledger or the database failed; what was acked is there. */
MUST_USE enum rc ingest_file(struct org *, const struct ingest_how *, struct ingest_outcome *, struct err *);

#endif

/* What checking a bundle and re-performing it share. */
#ifndef REPORT_BUNDLE_CHECK_H
#define REPORT_BUNDLE_CHECK_H

#include "base/archive.h"
#include "base/value.h"
#include "report/bundle.h"
#include "report/bundle_priv.h"

/* A member that a disclosed definition or result must have: of one name the newest counts. */
struct copy {
	struct str name;
	uint64_t index;
	uint8_t h[32];
};

struct bundle_record {
	uint64_t index;
	struct entry entry;
	bool is_open;                   /* part 0 is shown, and opened */
	const uint8_t *shown;           /* a byte for each part */
	unsigned hidden;                /* of its other parts, which are people's: how many are not shown */
	struct str body, envelope;      /* reading form */
	const struct cut_mark *marks;   /* where people stand in it */
	size_t n_marks;
};

struct check {
	const char *path;
	struct arena *a, *one;          /* of the whole check; of one record */
	const struct bundle_check_how *how;
	struct bundle_checked *out;
	struct archive *archive;
	struct box *box;
	const struct value *manifest, *withheld, *partly;
	struct run_period period;
	int64_t asof_us;
	uint64_t size;
	struct checkpoint checkpoint;
	struct note_key key;
	const uint8_t **entries;        /* in the entry bundles */
	uint8_t (*leaves)[SHA256_BYTES];
	uint8_t *bits;                  /* disclosed */
	struct sha256 *listed;          /* over what is disclosed, as the entry of it has it */
	struct state_entry *amending;   /* disclosed definitions and withdrawals */
	size_t n_amending, room_amending;
	struct copy *copies;
	size_t n_copies, room_copies;
	uint64_t records_members;
	bool records_whole, has_policy;
	struct str access;
};

void check_found(struct check *, enum verify_row, enum verdict, struct str file, uint64_t at, int64_t entry,
    const char *words);
/* The disclosed records in order, each opened and checked; ends at the first that is not as it was, which is told. */
MUST_USE enum rc check_each_record(struct check *, enum rc (*each)(void *ctx, const struct bundle_record *, struct err *),
    void *ctx, struct err *);
/* Everything again from the raw records. */
MUST_USE enum rc check_reperform(struct check *, struct err *);

#endif

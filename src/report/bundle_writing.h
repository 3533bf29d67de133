/* What writing a bundle keeps at hand: for bundle_write.c, which puts it together, and bundle_choose.c, which says what is
 * disclosed in it. */
#ifndef REPORT_BUNDLE_WRITING_H
#define REPORT_BUNDLE_WRITING_H

#include "assess/readiness.h"
#include "base/archive.h"
#include "report/bundle.h"
#include "report/bundle_priv.h"

struct writing {
	struct org *org;
	const struct bundle_how *how;
	struct bundle_outcome *out;
	struct arena *a;
	struct readiness *r;
	uint64_t size;                  /* entries before the one of what is disclosed */
	int64_t asof_us;
	uint8_t *bits, *kept_back;      /* a bit an entry: disclosed; contributes to what is withheld */
	uint8_t *ingests, *ingests_back;        /* a bit an entry: listings of the period, by their open entry */
	struct str *partly;             /* populations of which records stay sealed that people cannot be kept back from */
	size_t n_partly;
	int64_t ingest;                 /* asked about last, and the answer */
	bool is_uncut;
	uint8_t (*named)[16];           /* references of whom disclosed items name, sorted */
	size_t n_named, room_named;
	uint8_t list_digest[32];        /* over what is disclosed, of entries and their parts */
	struct str *whole;              /* populations that are disclosed beyond the period */
	size_t n_whole;
	struct str vkey, report_json, report_pdf, page, access;
	struct archive_writer *w;
	uint64_t records_n, records_number;
	bool records_open;
	struct err *e;
};

/* Which of an entry's parts are shown: a byte for each, in ${shown}. */
void bundle_parts(const struct writing *, const struct opened *, uint8_t *shown);
/* Fills bits, named, partly, list_digest and the outcome's counts for what the ledger holds below ${size}. */
MUST_USE enum rc bundle_choose(struct writing *);

#endif

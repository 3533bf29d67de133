/* What writing and checking a bundle share: names and forms of its members. */
#ifndef REPORT_BUNDLE_PRIV_H
#define REPORT_BUNDLE_PRIV_H

#include "base/base.h"
#include "ledger/frame.h"
#include "seal/hash.h"

#define RECORDS_MAGIC "TMR1"
#define RECORD_HEAD_BYTES 16
#define RECORDS_PER_MEMBER ((uint64_t)1 << 30)  /* bytes after which the next member begins */

/* "definitions/control/CHG-01.json": what is no letter, digit, "-", "." or "_" becomes %XX. */
struct str bundle_definition_name(struct arena *, struct str kind, struct str id);
struct str bundle_result_name(struct arena *, struct str control, struct str test);
struct str bundle_records_name(struct arena *, uint64_t number);
/* One disclosed entry into the digest over all of them, ascending: its index, and a byte for each part, 1 where it is shown. */
void bundle_list_add(struct sha256 *, uint64_t index, const uint8_t *shown, unsigned n);

static inline bool bit_get(const uint8_t *bits, uint64_t i) { return bits[i >> 3] >> (i & 7) & 1; }
static inline void bit_set(uint8_t *bits, uint64_t i) { bits[i >> 3] = (uint8_t)(bits[i >> 3] | 1 << (i & 7)); }

/* The page for a stranger, index.html; depends on nothing but what it is given. */
struct bundle_page {
	struct str organization, system, from, to, origin, vkey, withheld;
	bool without_people;
};
void bundle_page_put(struct arena *, const struct bundle_page *, struct buf *html);

#endif

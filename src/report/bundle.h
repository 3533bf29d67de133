/* bundle: what an organization discloses of a period, as one file that a stranger checks without us, a key or a network:
 * the whole tree, the records behind the results with a secret for each and no key, definitions, results, the report,
 * and a page that says what all this is.
 * Uses report/model.h, ledger/, base/archive.h.  On disk: docs/formats/bundle.md */
#ifndef REPORT_BUNDLE_H
#define REPORT_BUNDLE_H

#include "assess/run.h"
#include "ledger/anchor.h"
#include "ledger/verify.h"
#include "model/org.h"

#define BUNDLE_VERSION 1

/* ---- writing */
struct bundle_how {
	struct run_period period;
	const struct str *withhold;     /* collections whose records stay sealed */
	size_t n_withhold;
	bool without_people;            /* parts of people stay sealed: what remains gives the same items and results */
	void (*tell)(void *ctx, uint64_t done, uint64_t of);    /* NULL: in silence */
	void *ctx;
};

struct bundle_outcome {
	uint64_t entries;               /* of the ledger: all of them can be counted by whoever has the bundle */
	uint64_t disclosed;             /* of those, opened */
	uint64_t withheld;              /* evidence of the period that stays sealed because it was asked for */
	uint64_t people;                /* parts that hold what is about a person, and stay sealed for the same reason */
	uint64_t erased;                /* evidence of the period that nobody can open any more */
	uint64_t results, bytes;
	uint64_t access_entry;          /* the entry that keeps what was disclosed */
};

/* Results must be current: tests are run before.  Appends the entry of what is disclosed, unless the newest entry is
 * that already, and signs a checkpoint over it; so the same command once more gives the same bytes.  RC_INVALID: a
 * collection to be withheld that there is not. */
MUST_USE enum rc bundle_write(struct org *, const struct bundle_how *, const char *out, struct bundle_outcome *,
    struct err *);

/* ---- checking */
/* Of one test run again: the ledger's result byte for byte; another; it cannot be, since what it rests on is withheld. */
enum bundle_verdict { BUNDLE_EQUAL, BUNDLE_DIFFERS, BUNDLE_CANNOT };

struct bundle_check_how {
	struct str vkey;                /* the signer's key from elsewhere, or STR_NONE */
	struct str since;               /* a checkpoint held elsewhere, or STR_NONE */
	struct str trusted;             /* certificates of time stamping authorities, PEM, or STR_NONE */
	bool reperform;
	const struct state_hooks *hooks;        /* for reperform: how mappings are read */
	void (*found)(void *ctx, const struct finding *);
	/* One test re-performed; ${words} says what differs, or NULL.  May be NULL. */
	void (*test)(void *ctx, struct str control, struct str test, enum bundle_verdict, const char *words);
	void *ctx;
};

struct bundle_checked {
	uint64_t findings, entries, disclosed, tiles, definitions, results;
	uint64_t equal, differing, cannot;      /* tests re-performed */
	bool pinned;                    /* a key or checkpoint from elsewhere was given and fits */
	struct str origin, vkey, organization, system, from, to;
	struct str withheld;            /* names, with commas */
	bool without_people;            /* what is about people stays sealed */
	struct str partly;              /* populations of which records stay sealed that people cannot be kept back from */
	char root[64];                  /* of the checkpoint, base64 */
	struct anchor *stamps;          /* time stamps over heads of the ledger, each found good */
	size_t n_stamps;
};

/* Every byte of the file, without key, organization or network.  RC_OK: it looked at everything and told what it
 * found.  RC_NOT_FOUND, RC_IO: it could not. */
MUST_USE enum rc bundle_check(const char *path, struct arena *a, const struct bundle_check_how *,
    struct bundle_checked *, struct err *);

#endif

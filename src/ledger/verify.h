/* verify: every stored byte of a ledger's folder against what it must be, row by row of the coverage table in
 * docs/formats/ledger.md.  Reads only, and goes on past what it finds.  The database is judged above it.
 * Uses ledger/log.h, ledger/tile.h, ledger/note.h, seal/. */
#ifndef LEDGER_VERIFY_H
#define LEDGER_VERIFY_H

#include "ledger/anchor.h"

enum verify_row { ROW_TILES, ROW_CHECKPOINT, ROW_FRAMES, ROW_PARTS, ROW_KEYS, ROW_HEAD, ROW_DATABASE, ROW_FOREIGN,
	VERIFY_ROWS };
const char *verify_row_name(enum verify_row);

struct finding {
	enum verify_row row;
	const char *file;               /* below the folder */
	uint64_t offset;
	bool has_entry, is_notice;      /* a notice is no finding: a crash's tail, a leftover */
	uint64_t entry;
	enum verdict verdict;
	const char *words;
};

struct verify_how {
	struct provider *provider;      /* NULL: without the key; stays the caller's */
	struct str since;               /* a checkpoint held elsewhere, or STR_NONE */
	struct str vkey;                /* the key to judge it with */
	struct str trusted;             /* certificates of time stamping authorities, PEM, or STR_NONE */
	void (*found)(void *ctx, const struct finding *);
	void *ctx;
};

struct verify_outcome {
	uint64_t entries, frames, parts, erased, checkpointed, bytes, findings, notices;
	uint64_t checked[VERIFY_ROWS];  /* files, entries, rows: what the row counts */
	bool log_unread;                /* the log ends before its time, and nothing vouches for what stood behind */
	bool pinned;                    /* ${since} was given and fits */
	struct anchor *stamps;          /* time stamps over heads of this ledger, each found good; by size */
	size_t n_stamps;
	struct str origin, vkey;        /* as the folder has them, in the arena */
};

/* RC_OK: it looked at everything, and told what it found.  Others: it could not. */
MUST_USE enum rc ledger_verify(const char *dir, struct arena *a, const struct verify_how *, struct verify_outcome *,
    struct err *);

#endif

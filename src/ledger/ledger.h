/* ledger: the append-only truth of one organization: entries appended with one sync a batch, read back, proven, and
 * covered by signed checkpoints.
 * Uses ledger/log.h, ledger/tree.h, ledger/note.h, seal/.  On disk: docs/formats/ledger.md */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "ledger/frame.h"
#include "ledger/note.h"
#include "ledger/tree.h"
#include "seal/box.h"
#include "seal/cut.h"
#include "seal/provider.h"

struct ledger;

enum ledger_mode { LEDGER_READ, LEDGER_WRITE };

/* Make an empty ledger in the existing folder ${dir}, with entry 0 (the checkpoint policy).  ${origin} may be
 * STR_NONE: then it is "tickmark.invalid/" and the organization's id.  Takes ${provider} over, on failure too, which
 * leaves nothing of a ledger in ${dir}.  RC_EXISTS: there is one already, and it is left alone. */
MUST_USE enum rc ledger_create(const char *dir, struct str origin, struct provider *provider, uint64_t now_ms,
    struct ledger **, struct err *);
/* RC_NOT_FOUND: ${dir} holds no ledger.  RC_BUSY names the process that holds it (write only).  RC_ALTERED: the log or
 * the keys are not as they were written; verify tells all of it.  ${provider} may be NULL for LEDGER_READ: then nothing
 * opens.  Takes it over, on failure too. */
MUST_USE enum rc ledger_open(const char *dir, enum ledger_mode, struct provider *provider, uint64_t now_ms,
    struct ledger **, struct err *);
/* Write: a checkpoint over what is new.  Frees in any case. */
MUST_USE enum rc ledger_close(struct ledger *, uint64_t now_ms, struct err *);
void ledger_abandon(struct ledger *);   /* frees without writing; NULL does nothing */

uint64_t ledger_size(const struct ledger *);            /* the index that the next entry gets */
uint64_t ledger_checkpointed(const struct ledger *);    /* the size that the newest checkpoint covers */
struct str ledger_origin(const struct ledger *);
const struct note_key *ledger_key(const struct ledger *);
uint64_t ledger_torn(const struct ledger *);            /* bytes of a crash's tail that opening zeroed */

struct ledger_record {
	uint8_t kind;
	enum classification classification;     /* of the scope; ignored for clear kinds */
	bool lifelong;                          /* epoch 0: what replay always needs */
	const struct key *scope;                /* NULL: by classification and year of receipt */
	struct str body, envelope;
	const struct str *parts;                /* of cut_apart, where it falls into several; part 0 is sealed instead of ${body} */
	size_t n_parts;                         /* 0 or 1: ${body} alone */
	const uint8_t *tag;                     /* 16 bytes or NULL */
	/* given back */
	uint64_t index;
	uint8_t record_id[16], leaf[SHA256_BYTES];
};

/* Make the keys that records received now can need, so that the next batch's indices are ledger_size and on. */
MUST_USE enum rc ledger_prepare(struct ledger *, uint64_t now_ms, struct err *);
/* The time of receipt that a batch appended now gets: never before the last entry's. */
uint64_t ledger_received(const struct ledger *, uint64_t now_ms);
/* People's parts are sealed under scopes of their own, made where there are none yet: their rows are named by an entry
 * behind the batch's in the same frame, so that ledger_size is more than the batch says.
 * Seal and append all of them, durable when it returns RC_OK; RC_UNKNOWN: nobody can say (the ledger is closed to
 * further writes).  ${n} may exceed what a frame holds. */
MUST_USE enum rc ledger_append(struct ledger *, uint64_t now_ms, struct ledger_record *, size_t n, struct err *);
/* The same in two steps, for whoever seals the next batch in one thread while another writes the one before.  Batches are
 * written in the order in which they were sealed, and nothing else is appended in between; keys are there already, by
 * ledger_prepare for that day.
 * ledger_seal: ${n} records of at most 32 MiB in all; gives their ids and leaf hashes; bodies are borrowed for the call.
 * ledger_write: durable when it returns RC_OK, and ${*first} is the index of the batch's first record. */
struct ledger_sealed;
struct ledger_sealed *ledger_sealed_new(void);
void ledger_sealed_free(struct ledger_sealed *);        /* NULL does nothing */
MUST_USE enum rc ledger_seal(struct ledger *, uint64_t now_ms, struct ledger_record *, size_t n, struct ledger_sealed *,
    struct err *);
MUST_USE enum rc ledger_write(struct ledger *, struct ledger_sealed *, uint64_t *first, struct err *);
/* A key of its own for the rejected records of one ingest or one uploaded file. */
MUST_USE enum rc ledger_file_scope(struct ledger *, uint64_t now_ms, enum classification, const struct key **out,
    struct err *);

/* The tag under which a record is stored, and whether one of that identity is there already.  ledger_known and
 * ledger_remember may run in one thread while another is in ledger_append, where ledger_prepare was called for that day
 * before, so that no key is added meanwhile. */
struct identity {
	enum identity_kind kind;
	struct str source, id;          /* id: IDENTITY_EVENT and CLIENT */
	const uint8_t *digest;          /* IDENTITY_PLACE: 32 bytes */
	uint64_t position;
};
MUST_USE enum rc ledger_known(struct ledger *, uint64_t now_ms, const struct identity *, uint8_t tag[16], bool *known,
    struct err *);
void ledger_remember(struct ledger *, const uint8_t tag[16]);   /* until its record is appended */
/* What was remembered and is not to be appended after all.  No ledger_append may be under way. */
void ledger_forget(struct ledger *);

enum verdict { VERDICT_INTACT, VERDICT_ERASED, VERDICT_UNSCRUBBED, VERDICT_UNFINISHED, VERDICT_MISSING, VERDICT_ALTERED,
	VERDICT_NO_KEY };
const char *verdict_name(enum verdict);

struct opened {
	uint64_t index;
	struct entry entry;
	uint8_t leaf[SHA256_BYTES];
	enum verdict verdict;           /* the worst of its parts'; of part 0 alone where people were not asked for */
	enum verdict first;             /* of part 0, which items are built from */
	struct str body;                /* reading form: each person of a cut record as a reference */
	const struct cut_mark *marks;   /* where people stand in ${body} */
	size_t n_marks;
	struct str envelope;
	struct str raw;                 /* the exact bytes, when every part opens; else STR_NONE */
	/* as stored, for whoever discloses it: borrowed for as long as the entry itself */
	const uint8_t *bytes;           /* ENTRY_BYTES */
	const uint8_t *rows;            /* entry.n * PART_ROW_BYTES */
	const struct str *stored;       /* of each part */
	const struct str *parts;        /* each as it opened; p is NULL where it did not or was not asked for */
};

/* Everything in ${a}.  RC_NOT_FOUND: there is no such entry. */
MUST_USE enum rc ledger_read(struct ledger *, struct arena *a, uint64_t index, struct opened *, struct err *);
/* Entries from ${from} in order, each in ${a}, which is reset before the next.  ${people} false: people's parts are left
 * alone and ${raw} is not made, where a record has several, but for edits: for whoever reads the body alone. */
MUST_USE enum rc ledger_each(struct ledger *, uint64_t from, uint64_t until, bool people, struct arena *a,
    enum rc (*each)(void *ctx, const struct opened *, struct err *), void *ctx, struct err *);
/* The people of an entry that ledger_each is at, after all: fills marks, verdict and raw. */
MUST_USE enum rc ledger_people(struct ledger *, struct arena *a, struct opened *, struct err *);

/* Indices of definitions and withdrawals, ascending: the kinds that may say something of entries before them.  The
 * ledger's own, until the next append. */
const uint64_t *ledger_amending(const struct ledger *, size_t *n);
/* Records for which ${is_out} says so no longer count: they are not known any more, unless another entry holds the same.  Reads
 * the whole log once; nothing may be under way. */
MUST_USE enum rc ledger_disown(struct ledger *, bool (*is_out)(void *ctx, uint64_t index), void *ctx, struct err *);

/* The secret that opens one part and no other.  False: no key here opens it (clear parts need none). */
bool ledger_part_secret(struct ledger *, const struct entry *, const struct part_row *, struct secret *out);

/* Sign the head over all entries; nothing when the newest checkpoint covers them already. */
MUST_USE enum rc ledger_checkpoint(struct ledger *, struct err *);
/* The newest checkpoint's bytes; RC_NOT_FOUND: none yet. */
MUST_USE enum rc ledger_note(const struct ledger *, struct arena *a, struct str *note, struct err *);
/* A C2SP tlog-proof of one entry against the newest checkpoint.  RC_NOT_FOUND: it does not cover the entry. */
MUST_USE enum rc ledger_prove(struct ledger *, struct arena *a, uint64_t index, struct buf *out, struct err *);

#endif

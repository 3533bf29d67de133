/* state: the database as a view of the ledger.  Entries are applied in order, one by one; applying reads no clock, no
 * randomness and nothing outside the ledger, and what does not fit becomes a row that says so.
 * Uses store/, seal/cut.h, base/.  Used by collect/ and above.  Tables: docs/formats/state.md */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include "base/base.h"
#include "base/time.h"
#include "collect/record.h"
#include "model/schema.h"
#include "seal/cut.h"
#include "store/store.h"

struct state;

/* An entry as the ledger gives it back. */
struct state_entry {
	uint64_t index;
	uint8_t kind;                   /* docs/formats/ledger.md: 1 evidence … 13 withdrawal */
	int64_t received_us;
	uint8_t record_id[16];
	bool is_open;                   /* false: the body was erased or no key opens it */
	struct str body;                /* of a record that was cut: its reading form */
	const struct cut_mark *marks;   /* where people stand in it */
	size_t n_marks;
	struct str envelope;            /* kinds 1 and 2 */
};

/* One row of `ingest`: what an `open` entry declared. */
struct ingest {
	int64_t id;                     /* index of the open entry */
	uint8_t record_id[16];
	struct str source, instance, file;
	uint8_t mapping[32];            /* digest of the mapping's definition */
	bool has_extracted;
	int64_t extracted_us;
	bool has_covers;
	int64_t covers_from_us, covers_to_us;   /* half open */
	bool is_partial;
	bool is_withdrawn;              /* its records count no more: nothing is made of them */
	const struct value *body;       /* the open entry as written */
	struct str *definition;         /* its mapping's, once it was asked for; the state's own */
};

/* What the layer above lends: mappings are compiled there.  Both are pure functions of what they are given and of the
 * schema; ${definition} is the mapping's definition entry, whose digest tells one from another. */
struct state_hooks {
	void *ctx;
	/* Contributions of one raw record.  RC_INVALID: the mapping can make nothing of it; replay then keeps the entry
	 * without items. */
	enum rc (*contribute)(void *ctx, struct state *, struct arena *, const struct ingest *, struct str definition,
	    const struct state_entry *, struct contribution **out, size_t *n, struct err *);
	/* The state collections that the mapping feeds: an ingest with it is an extraction of each. */
	enum rc (*collections)(void *ctx, struct state *, struct arena *, const struct ingest *, struct str definition,
	    const struct collection ***out, size_t *n, struct err *);
};

/* Open the database at ${path} in ${mode} (created empty for DB_CREATE, DB_MEMORY, DB_SCRATCH).  RC_CONFLICT: another
 * version of the program made it and it must be rebuilt. */
MUST_USE enum rc state_open(const char *path, enum db_mode mode, const struct state_hooks *, struct state **,
    struct err *);
void state_close(struct state *);       /* NULL does nothing; what is not committed is gone */

struct db *state_db(struct state *);
const struct schema *state_schema(struct state *);
uint64_t state_schema_number(struct state *);   /* of no other schema, of this state or another */
const struct zone *state_zone(struct state *);  /* UTC until a definition says otherwise */
uint64_t state_applied(struct state *);         /* index of the next entry to apply */

MUST_USE enum rc state_begin(struct state *, struct err *);
/* Apply the entry with index state_applied().  RC_OK always but for a failure of the database itself. */
MUST_USE enum rc state_apply(struct state *, const struct state_entry *, struct err *);
/* Why the entry applied last became a row of `unread`, or NULL when it did not.  Edits are checked so. */
const char *state_refused(const struct state *);
/* The same for evidence whose contributions are known already, as they are while ingesting. */
MUST_USE enum rc state_apply_evidence(struct state *, const struct state_entry *, const struct ingest *,
    const struct contribution *, size_t n, struct err *);
/* The same in two steps, for replay.  state_mapping_of: the ingest that evidence belongs to and its mapping's definition;
 * not while another thread applies entries.  state_map: what the mapping makes of a record, in ${a}; in one thread, while
 * another applies entries that are neither definitions nor ingests.  state_apply_mapped: what came of it, RC_OK or why
 * not, is applied; as state_apply would. */
MUST_USE enum rc state_mapping_of(struct state *, struct str envelope, const struct ingest **, struct str *definition,
    struct err *);
MUST_USE enum rc state_map(struct state *, struct arena *a, const struct ingest *, struct str definition,
    const struct state_entry *, struct contribution **, size_t *n, struct err *);
MUST_USE enum rc state_apply_mapped(struct state *, const struct state_entry *, const struct ingest *, enum rc mapped,
    const struct err *why, const struct contribution *, size_t n, struct err *);
MUST_USE enum rc state_commit(struct state *, struct err *);
/* Before anything is applied: a definition or withdrawal that is to come, whose body may say how earlier entries count.  All of
 * them are told of, in order, before a view is made from its beginning. */
MUST_USE enum rc state_foresee(struct state *, const struct state_entry *, struct err *);
/* An entry was applied that was not foreseen, and says that what was applied before counts otherwise: the view, which says so of
 * itself once committed, must be made anew. */
bool state_outdated(const struct state *);
uint64_t state_strangers(const struct state *);  /* values met so far that name somebody whom no entry introduced */
void state_rollback(struct state *);
/* From here to state_show_people the view holds of people what it would hold without anybody's keys: references. */
MUST_USE enum rc state_hide_people(struct state *, struct err *);
void state_show_people(struct state *);

/* Whether such an ingest lists the state of something: what it says of people is then kept beside its items. */
bool state_lists(struct state *, const struct ingest *, struct str definition);
/* The open ingest of that record id, in memory of the state; NULL when there is none. */
const struct ingest *state_ingest(struct state *, const uint8_t record_id[16]);

/* The current definition of that kind and id: body (the JSON of the entry) and digest, in ${a}; RC_NOT_FOUND. */
MUST_USE enum rc state_definition(struct state *, struct arena *a, const char *kind, struct str id, struct str *body,
    uint8_t digest[32], struct err *);
/* The "body" of each current definition of a kind, in order of id, parsed. */
MUST_USE enum rc state_definitions(struct state *, struct arena *a, const char *kind, const struct value ***out,
    size_t *n, struct err *);

/* An item as `apply` has it, {"field": value, …}, made into a contribution in ${a}; subjects are "kind:identity".
 * RC_INVALID names line, column, field and what it takes. */
MUST_USE enum rc item_from_value(struct state *, struct arena *a, const struct collection *, const struct value *fields,
    struct contribution *out, struct err *);
/* The form in which identities are kept and compared: trimmed, ASCII letters lower-case. */
struct str subject_normalize(struct arena *, struct str identity);

/* Whether an identity has a subject already, and its reference.  May be asked in one thread while another applies. */
MUST_USE enum rc state_subject(struct state *, struct str kind, struct str identity, bool *known, uint8_t ref[16],
    struct err *);
/* Joins and splits that rest on identities and that no entry keeps by reference yet, as the body of that entry: without it
 * nobody could say who was one person once an identity is erased, or where it is not shown.  ${*any}: whether there are any;
 * there may be more than one entry takes. */
MUST_USE enum rc state_unkept(struct state *, struct buf *, bool *any, struct err *);
uint64_t subject_hash(struct str kind, struct str identity);    /* never 0 */
/* What a reference stands for, "kind:identity", in ${a}; STR_NONE when erased or unknown. */
MUST_USE enum rc state_identity(struct state *, struct arena *a, int64_t subject, struct str *out, struct err *);

/* The tables of the view and the columns that order them, for comparison with a rebuild; ends with a NULL table. */
struct state_table {
	const char *table, *key;
};
MUST_USE enum rc state_tables(struct state *, struct arena *a, const struct state_table **out, struct err *);
int state_version(void);                /* of the tables: databases of another number are rebuilt */

/* All of ${stored} against ${replayed}: its tables, indices and what else its schema has, every row of every table, and
 * whether indices fit their tables.  Each difference goes to ${tell} with table and key; ${*n} counts them.  RC_OK also
 * where ${stored} cannot be read: then that is a difference, in its words. */
MUST_USE enum rc state_compare(struct db *stored, struct state *replayed, struct arena *a,
    void (*tell)(void *ctx, const char *table, struct str key), void *ctx, uint64_t *n, struct err *);

#endif

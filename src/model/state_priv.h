/* What the files of the state share; no other layer includes it. */
#ifndef MODEL_STATE_PRIV_H
#define MODEL_STATE_PRIV_H

#include <pthread.h>

#include "base/value.h"
#include "model/state.h"

#define STATE_VERSION 5                 /* a change of any table: databases of another number are rebuilt */

enum { LINKS_MAX = 16 };                /* ways in which a collection is joined */

/* Prepared statements of one collection, made when first needed. */
struct item_table {
	struct collection *collection;
	struct stmt *insert;            /* INSERT OR IGNORE of an item */
	struct stmt *find;              /* id, entry, ingest by key */
	struct stmt *part_from_item, *part_insert, *fold, *place, *wait_insert;
	struct stmt *version_at, *version_extend, *version_insert, *version_merge, *item_state;
	uint64_t links[LINKS_MAX];      /* the sets of fields by which what waits joins items, as bits; event collections */
	size_t n_links;
	bool links_known;
};

struct subject_slot {
	uint64_t hash;
	struct str key;                 /* kind, 0x1F, identity */
	int64_t id;
	uint8_t ref[16];
};

struct ref_slot {
	int64_t id;                     /* 0: free */
	uint8_t ref[16];
};

/* Which identities are one person by a rule of the organization's. */
struct identity_rule {
	struct str name, from, to;      /* kinds */
	struct str after, before, append;       /* what of the identity counts, and what is put behind it */
	struct str collection, subject, value;  /* a roster's items instead of identities alone */
	bool active;
};

struct state {
	struct db *db;
	struct state_hooks hooks;
	struct arena *forever;          /* definitions and schema: grows with each definition applied */
	struct arena *scratch;          /* one entry */
	struct schema schema;
	struct item_table *tables;      /* beside schema.collections, same order */
	size_t room;
	uint64_t schema_number;
	struct zone *zone;
	uint64_t applied;
	bool in_transaction, refused, outdated;
	char why_refused[1024];
	uint64_t strangers;             /* values that name somebody whom no entry introduced */
	struct subject_slot *slots;     /* open addressing, a power of two */
	size_t n_slots, n_subjects;
	struct ref_slot *refs;          /* by reference, the same */
	size_t n_refs, room_refs;
	pthread_mutex_t subjects;       /* over the slots */
	struct ingest **ingests;        /* met in this run, newest last */
	size_t n_ingests, room_ingests;
	struct identity_rule *rules;    /* as the definitions have them, once they were asked for */
	size_t n_rules;
	bool rules_known;
	struct arena *rules_arena;
	struct stmt *ins_subject, *ins_identity, *ins_rejected, *ins_change, *ins_unread, *find_identity;
};

/* state_ddl.c */
MUST_USE enum rc ddl_create(struct state *, struct err *);
MUST_USE enum rc ddl_collection(struct state *, struct collection *, struct err *);
MUST_USE enum rc ddl_extend(struct state *, const struct collection *old, const struct collection *, struct err *);
MUST_USE enum rc ddl_statements(struct state *, struct item_table *, struct err *);
void item_table_done(struct item_table *);

/* definition.c */
MUST_USE enum rc definition_apply(struct state *, const struct state_entry *, const struct value *, struct err *);
uint64_t schema_number_next(void);
/* The table of days, in the zone that holds. */
MUST_USE enum rc definition_fill_days(struct state *, struct err *);
MUST_USE enum rc definition_reload(struct state *, struct err *);

/* The definition that maps this ingest's records, borrowed for as long as the state lives. */
MUST_USE enum rc definition_of_ingest(struct state *, const struct ingest *, struct str *body, struct err *);

/* subject.c */
MUST_USE enum rc subject_reload(struct state *, struct err *);
/* ${identity} STR_NONE: it was erased, or is not at hand; the reference is known all the same. */
MUST_USE enum rc subject_add(struct state *, struct str kind, struct str identity, const uint8_t ref[16], uint64_t entry,
    struct err *);
/* All joined with either take the least root; one of them resolved to a person resolves them all. */
MUST_USE enum rc subject_same_root(struct state *, int64_t a, int64_t b, struct err *);
/* The same, and what waits for either finds its items. */
MUST_USE enum rc subject_unite(struct state *, int64_t a, int64_t b, uint64_t entry, struct err *);
MUST_USE enum rc subject_is_person(struct state *, int64_t id, struct err *);
/* The same of who stands in a record by reference alone; 0: no entry introduced it. */
int64_t subject_by_ref(const struct state *, const uint8_t ref[16]);
/* The subject's id, or 0. */
int64_t subject_find(struct state *, struct str kind, struct str identity, uint8_t ref[16]);

/* item_link.c: contributions that make no item, but add to those that say the same. */
/* Row ${waiting} of wait_NAME has come: index what it joins by, and add it to the items that are there. */
MUST_USE enum rc link_waiting(struct state *, struct item_table *, const struct state_entry *, const struct ingest *,
    uint64_t fields, int64_t waiting, struct err *);
/* The item is new, or says something else: add to it what waits for it. */
MUST_USE enum rc link_item(struct state *, struct item_table *, const struct state_entry *, const struct ingest *,
    int64_t item, struct err *);
/* Two subjects are one now, of that root (below 0: any): what waits for either may have found its item. */
MUST_USE enum rc link_subjects(struct state *, int64_t root, uint64_t entry, struct err *);
/* Prepare what item_link.c asks of the tables of an event collection. */
MUST_USE enum rc link_tables(struct state *, const struct collection *, struct err *);

/* identity.c */
/* An identity is new: what rules derive from it, and what they derived that is it. */
MUST_USE enum rc identity_came(struct state *, struct str kind, struct str identity, int64_t id, uint64_t entry, struct err *);
/* A contribution to a collection that is a roster of some rule; ${ids} of its subject fields. */
MUST_USE enum rc identity_in_roster(struct state *, const struct collection *, const struct field_value *, const int64_t *ids,
    uint64_t entry, struct err *);
MUST_USE enum rc identity_rule_apply(struct state *, const struct value *body, uint64_t entry, struct err *);
MUST_USE enum rc identity_rule_check(struct state *, const struct value *body, struct err *);
MUST_USE enum rc identity_said_same(struct state *, int64_t a, int64_t b, uint64_t entry, struct err *);
MUST_USE enum rc identity_said_apart(struct state *, int64_t a, int64_t b, uint64_t entry, struct err *);

/* {"apart":[…],"links":[…],"op":"linked"}: what identity_unkept gave, of references alone. */
MUST_USE enum rc identity_linked(struct state *, const struct value *body, uint64_t entry, struct err *);

/* said.c: what a register says of people in personal texts that were cut out of its records: the view's columns hold the
 * reference, and this what stood there, as long as the people's parts can be opened. */
MUST_USE enum rc said_note(struct state *, const struct collection *, const struct field_value *, struct err *);
/* The text of "subject:…" in that field, in ${a}; ${t} itself where it is another text or nothing is known. */
MUST_USE enum rc said_text(struct state *, struct arena *a, struct str collection, struct str field, struct str t,
    struct str *out, struct err *);

/* foreseen.c: what later entries say of earlier ones */
enum { KIND_OF_DEFINITION = 4, KIND_OF_WITHDRAWAL = 13 };
bool mapping_corrects(const struct value *definition);  /* earlier ingests of the source are to be read by it */
MUST_USE enum rc foreseen_outdated(struct state *, struct err *);
MUST_USE enum rc withdrawal_apply(struct state *, const struct state_entry *, const struct value *, struct err *);
MUST_USE enum rc correction_apply(struct state *, const struct state_entry *, const struct value *, struct err *);
/* The mapping that corrects the ingest's own, where there is one, takes its place. */
MUST_USE enum rc foreseen_mapping(struct state *, struct ingest *, struct err *);
/* The ingest opens: ${in->is_withdrawn}, and then it is kept in `withdrawal` and nowhere else. */
MUST_USE enum rc foreseen_open(struct state *, const struct state_entry *, struct ingest *, int64_t stream, struct err *);
/* A record of a withdrawn ingest, and the items that it would have told of. */
MUST_USE enum rc foreseen_record(struct state *, const struct state_entry *, const struct ingest *,
    const struct contribution *, size_t n, struct err *);

/* item.c */
struct str item_key(struct state *, const struct contribution *);       /* the natural key, canonical JSON, in scratch */

/* ingest.c */
MUST_USE enum rc ingest_apply(struct state *, const struct state_entry *, const struct value *, struct err *);
MUST_USE enum rc ingest_load(struct state *, const uint8_t record_id[16], struct ingest **out, struct err *);
MUST_USE enum rc stream_id(struct state *, struct str source, struct str instance, int64_t *id, struct err *);
MUST_USE enum rc extraction_add(struct state *, int64_t stream, const struct collection *, int64_t at_us,
    int64_t ingest, struct err *);

/* item.c */
MUST_USE enum rc item_contribute(struct state *, const struct state_entry *, const struct ingest *, int64_t at_us,
    const struct contribution *, struct err *);
/* Instant and local day of every item of an event collection, anew. */
MUST_USE enum rc item_place_all(struct state *, const struct collection *, struct err *);
/* Items of several parts folded anew. */
MUST_USE enum rc item_fold_all(struct state *, struct item_table *, struct err *);
struct item_table *item_table_of(struct state *, const struct collection *);

#endif

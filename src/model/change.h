/* change: what a person's edits become: definitions, items, joins, as the bodies of entries, with the subjects that
 * they name for the first time.  Writes nothing; docs/formats/entries.md has the bodies.
 * Uses base/, model/state.h. */
#ifndef MODEL_CHANGE_H
#define MODEL_CHANGE_H

#include "base/value.h"
#include "model/introduced.h"

struct change {
	uint8_t kind;                   /* 3 change, 4 definition */
	struct str body;
	const struct cut_range *people; /* identities in the body, for whoever seals them each under a key of its own */
	size_t n_people;
};

struct new_subject {
	struct str kind, identity;
	uint8_t ref[16];
};

/* A list that grows in ${a}; zero it, then set ${a}. */
struct changes {
	struct arena *a;
	struct introduced *before;      /* lists before this one, which may not be applied yet, told of these; or NULL */
	struct change *p;
	size_t n, room;
	struct new_subject *subjects;
	size_t n_subjects, room_subjects, told;
};

void change_add(struct changes *, uint8_t kind, struct str body);
/* A definition: ${body} with its keys in their order, for that of a collection's fields is the order of columns. */
void change_definition(struct changes *, const char *kind, struct str id, const struct value *body);
/* The same with the body as JSON text. */
/* A mapping by which records that were taken in before are read as well. */
void change_correction(struct changes *, struct str source, const struct value *body);
void change_definition_text(struct changes *, const char *kind, struct str id, struct str body);
/* An item as `apply` has it; ${as_of} is the time at which a listing was true, or STR_NONE.  RC_INVALID names line,
 * column and field. */
MUST_USE enum rc change_item(struct changes *, struct state *, struct str collection, const struct value *fields,
    struct str as_of, struct err *);
/* Two identities, "kind:identity" each, are one person. */
MUST_USE enum rc change_join(struct changes *, struct state *, struct str a, struct str b, struct str reason,
    struct err *);
/* They are not: a join of the two is taken away, by whatever rule it was, and stays away until somebody joins them. */
MUST_USE enum rc change_split(struct changes *, struct state *, struct str a, struct str b, struct str reason,
    struct err *);

/* The identity's reference, a fresh one where nobody knows it yet. */
void change_subject(struct changes *, struct state *, struct str kind, struct str identity, uint8_t ref[16]);
/* Give each identity that a contribution names and nobody knows yet a fresh reference. */
void change_subjects_of(struct changes *, struct state *, const struct contribution *);
/* Add the entry that introduces those not told of yet, if there are any. */
void change_tell_subjects(struct changes *);

#endif

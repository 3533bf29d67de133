/* schema: collections (populations, registers), their fields and types, read from YAML content.
 * Uses base/.  Used by collect/, assess/, model/.  The shape is that of content/populations.yaml. */
#ifndef MODEL_SCHEMA_H
#define MODEL_SCHEMA_H

#include "base/base.h"
#include "base/classification.h"
#include "base/value.h"

enum field_type { FIELD_STRING, FIELD_TEXT, FIELD_INT, FIELD_DECIMAL, FIELD_BOOL, FIELD_DATE, FIELD_TIMESTAMP,
	FIELD_DIGEST, FIELD_ENUM, FIELD_SUBJECT, FIELD_LIST };

struct field {
	struct str name;
	enum field_type type;
	enum field_type item_type;              /* of a list */
	struct str *words;                      /* of an enum (or a list of one), in their order */
	size_t n_words;
	bool personal;
	enum classification classification;     /* never NONE once loaded */
	size_t index;                           /* in the collection; bit of "supplied" */
};

#define LIMIT_FIELDS 60                         /* "supplied" and "doubt" are bits of an int64 */

struct collection {
	struct str name, description;
	enum classification classification;
	struct field *fields;
	size_t n_fields;
	size_t *key;                            /* indices of the natural key's fields */
	size_t n_key;
	size_t *period;                         /* indices of the period fields, first not null counts */
	size_t n_period;                        /* 0: a state population */
	struct str current;                     /* expression or STR_NONE */
	struct str completeness_hint;
	struct str *sources;
	size_t n_sources;
	struct str *precedence;                 /* of an event: names of sources, the highest first */
	size_t n_precedence;
	const struct value *definition;         /* the YAML as read; derived_from and friends are read from it */
	bool is_derived;
};

/* One collection from its definition.  ${name} is the file, for errors; nothing is half made. */
MUST_USE enum rc collection_load(struct arena *, const char *file, const struct value *, struct collection **out,
    struct err *);
const struct field *collection_field(const struct collection *, struct str name);      /* NULL: none */
const char *field_type_name(enum field_type);
const char *classification_name(enum classification);

/* All of them, found by name. */
struct schema {
	struct collection **collections;        /* sorted by name */
	size_t n;
};
const struct collection *schema_find(const struct schema *, struct str name);

#endif

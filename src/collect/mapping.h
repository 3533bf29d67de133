/* mapping: how the records of one source become items: read from YAML, checked against the collections, applied as a
 * pure function.  The language: docs/formats/mapping.md
 * Uses collect/record.h, collect/reader.h, model/schema.h. */
#ifndef COLLECT_MAPPING_H
#define COLLECT_MAPPING_H

#include "base/time.h"
#include "base/value.h"
#include "collect/reader.h"
#include "collect/record.h"
#include "model/schema.h"
#include "seal/cut.h"

struct mapping;                         /* lives in the arena of its compilation */

/* RC_INVALID names file, line, column and the remedy. */
MUST_USE enum rc mapping_compile(struct arena *, const char *file, const struct value *, const struct schema *,
    struct mapping **out, struct err *);
struct str mapping_source(const struct mapping *);
struct str mapping_title(const struct mapping *);
/* The collections it feeds, each once. */
const struct collection *const *mapping_collections(const struct mapping *, size_t *n);
enum classification mapping_classification(const struct mapping *);

/* What a record is read in the light of. */
struct mapping_context {
	const struct zone *zone;        /* for times without an offset */
	struct str file;                /* the file's name, for the shape */
	size_t shape;                   /* from 1, as the ingest found it by the file's content; 0: the first that fits the name */
	const struct str *columns;      /* of a table */
	size_t n_columns;
	char delimiter;
	bool has_near;                  /* about when the file was read at its source: for times without a year */
	int64_t near_us;
	const struct cut_mark *marks;   /* the record was cut: where people stand in it */
	size_t n_marks;
};
/* The extraction, else the end of what is covered. */
void mapping_near(struct mapping_context *, bool has_extracted, int64_t extracted_us, bool has_covers, int64_t covers_to_us);

/* How such a file is read; RC_INVALID: this source has no such file. */
struct shape;
MUST_USE enum rc mapping_shape(const struct mapping *, const struct mapping_context *, const struct shape **, struct err *);
enum reads shape_reads(const struct shape *);
struct str shape_elements(const struct shape *);        /* of READS_JSON: the member that holds the array */
/* Shape ${number}, from 1: false when there is no such, *named when the file's name fits it. */
bool mapping_has_shape(const struct mapping *, size_t number, struct str file, bool *named);
size_t mapping_shape_asks(const struct mapping *, size_t number);      /* how many things tell a record of it */

/* Those that such a file can feed, each once, in ${a}: what its shape says.  ${joining}: also those to whose items it can
 * only add: such a file shows neither that there are items of them nor that there are none. */
const struct collection **mapping_file_collections(const struct mapping *, struct arena *a, const struct mapping_context *,
    bool joining, size_t *n);

struct mapped {
	bool has_id;                    /* the mapping names the source's own identity, and the record has it */
	struct str id;
	struct contribution *items;
	size_t n;
	size_t null_keys;               /* items with a null or unsupplied key field */
	bool is_other;                  /* with RC_INVALID: it can be read, and is no record of this source */
};

/* A record read, before any item is made of it.  Borrows the record. */
struct mapping_record {
	struct str bytes;
	const struct shape *shape;
	const struct value *root;       /* inside its envelope, if it has one */
	bool has_id, is_other;          /* as in struct mapped */
	struct str id;
};
/* RC_INVALID: not a record of this source, and why. */
MUST_USE enum rc mapping_read(const struct mapping *, struct arena *a, const struct mapping_context *, struct str record,
    struct mapping_record *, struct err *);
/* The items of a record that was read; mapping_apply is both. */
void mapping_items(const struct mapping *, struct arena *a, const struct mapping_context *, const struct mapping_record *,
    struct mapped *);

bool mapping_names_people(const struct mapping *);      /* whether mapping_people can find any in a record of some shape */
/* Bytes of a record that belong to somebody, as the mapping's "personal" has it. */
struct personal_range {
	size_t at, end;                 /* not empty */
	enum cut_form form;
	struct str kind, identity;      /* of whom: the identity normalized, in the arena or the mapping */
};
/* In ${a}, ascending and disjoint; none where the mapping names no people, or the record is of a form that is kept whole
 * (XML, YAML). */
void mapping_people(const struct mapping *, struct arena *a, const struct mapping_context *, const struct mapping_record *,
    struct personal_range **out, size_t *n);

/* RC_INVALID: not a record of this source, and why. */
MUST_USE enum rc mapping_apply(const struct mapping *, struct arena *, const struct mapping_context *, struct str record,
    struct mapped *, struct err *);
/* Whether any rule of that shape supplies the field, whatever the record. */
bool shape_supplies(const struct shape *, const struct field *, const struct collection *);
/* The mapping of csv:COLLECTION as a definition's body. */
void mapping_of_table(const struct collection *, struct buf *json);

#endif

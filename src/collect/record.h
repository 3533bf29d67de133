/* record: what collecting gives to the model: raw records with their place, and the typed contributions that a
 * mapping makes of each.  Nothing here knows the ledger or a database.
 * Uses base/, model/schema.h. */
#ifndef COLLECT_RECORD_H
#define COLLECT_RECORD_H

#include "base/base.h"
#include "model/schema.h"

/* A raw record as a reader found it: bytes borrowed until the next one is read. */
struct record {
	struct str bytes;               /* exactly as in the decompressed file */
	uint64_t position;              /* offset of its first byte there */
	uint64_t number;                /* from 1: line of a log, row of a table, element of an array */
	struct str bad;                 /* not empty: it could not be read as a record, and why */
};

/* The value that a contribution gives to one field. */
struct field_value {
	bool supplied;                  /* the mapping speaks of this field for this record */
	bool is_null;
	bool doubt;                     /* a time that could not be read (then null) or lacked its zone or day time */
	int64_t i;                      /* INT, BOOL 0/1, DECIMAL scaled 10^6, DATE days, TIMESTAMP microseconds */
	struct str s;                   /* STRING, TEXT, ENUM word, DIGEST lower-case hex; SUBJECT: normalized identity */
	const uint8_t *ref;             /* the record names the subject by its reference, 16 bytes; else NULL */
	struct str shown;               /* of a personal text that was cut: what stood there, where that is at hand */
	struct str kind;                /* SUBJECT: what kind of identity, e.g. "github.login"; also set on a STRING
	                                 * whose value is to be the subject's reference in hex: then s is the identity */
	struct field_value *items;      /* LIST */
	size_t n;
};

/* What one rule of a mapping makes of one record: values for one item of one collection. */
struct contribution {
	const struct collection *collection;
	struct field_value *fields;     /* n_fields of the collection */
	bool has_updated;
	int64_t updated_us;             /* the source's own time of this version, when it tells one */
	const size_t *link;             /* not empty: it makes no item, but adds to each whose fields of these indices say the */
	size_t n_link;                  /* same, whether that came before or comes later */
};

#endif

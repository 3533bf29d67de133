/* value: a document in memory, the same for JSON and YAML.  Lives in the arena it was read into.
 * Byte offsets point into the text that was read, so that a range of it can be cut out later. */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include "base/base.h"

enum value_type { VALUE_NULL, VALUE_BOOL, VALUE_NUMBER, VALUE_STRING, VALUE_LIST, VALUE_MAP };

struct value {
	enum value_type type;
	bool is_true;                   /* BOOL */
	struct str text;                /* STRING: decoded UTF-8; NUMBER: the literal as written */
	struct value *items;            /* LIST */
	struct member *members;         /* MAP, in the order of the text; keys are unique */
	size_t n;                       /* items or members */
	size_t at, end;                 /* [at, end) in the text; of a JSON string with its quotes */
	uint32_t line, column;          /* from 1; of where it begins */
};

struct member {
	struct str key;
	struct value value;
};

/* The member of that name, or NULL; NULL also when ${v} is NULL or no map. */
const struct value *value_get(const struct value *v, const char *key);
const struct value *value_get_str(const struct value *v, struct str key);
/* The text of a string member, STR_NONE when it is absent or no string. */
struct str value_text(const struct value *v, const char *key);
const char *value_type_name(enum value_type);   /* "a list" */

/* JSON, RFC 8259 strictly: UTF-8, no duplicate key, no trailing bytes, lone surrogates refused; bounds of
 * limits.h on depth and number of values.  ${*out} is in ${a}.  RC_INVALID or RC_LIMIT name line, column
 * and byte, never the file: the caller knows it. */
MUST_USE enum rc json_parse(struct arena *a, struct str text, const struct value **out, struct err *e);

/* The same from the start of ${text}, stopping behind the first value: ${*used} bytes. */
MUST_USE enum rc json_parse_first(struct arena *a, struct str text, const struct value **out, size_t *used,
    struct err *e);

/* Passes over the first value: ${*used} bytes.  As strict, but for keys that stand twice, and it takes no memory.  ${*ends}:
 * the text ended where more of it could change the outcome: in the middle of a value, or behind a number. */
MUST_USE enum rc json_skip(struct str text, size_t *used, bool *ends, struct err *e);

const char *yaml_library(void);         /* its version */
/* One document or several ("---") of YAML 1.2's core schema over libyaml's events: plain null, ~, true, false,
 * integers and decimals are typed, all else and all that is quoted is a string; tags, merge keys, aliases and
 * duplicate keys are refused.  ${name} is named in errors with line and column. */
MUST_USE enum rc yaml_parse(struct arena *a, const char *name, struct str text, const struct value **docs,
    size_t *n_docs, struct err *e);

/* Append as JSON: a quoted string; a value in RFC 8785's canonical form (keys sorted by UTF-16 code units, no
 * white space; numbers must be integers of at most 2^53, others are written as they stand). */
void json_put_str(struct buf *, struct str);
void json_put(struct buf *, const struct value *);
/* The same with the keys in the order in which they stand: where that order means something, as a collection's fields. */
void json_put_as_is(struct buf *, const struct value *);

#endif

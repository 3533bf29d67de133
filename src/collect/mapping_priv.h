/* What the mapping's compiler and its application share. */
#ifndef COLLECT_MAPPING_PRIV_H
#define COLLECT_MAPPING_PRIV_H

#include "collect/mapping.h"
#include "collect/mapping_path.h"
#include "collect/pattern.h"

enum from { FROM_PATH, FROM_CONST, FROM_PART, FROM_TEXT, FROM_COUNT };
enum unit { UNIT_NONE, UNIT_SECONDS, UNIT_MILLISECONDS, UNIT_MICROSECONDS, UNIT_NANOSECONDS };

struct word {
	struct str from, to;
	bool any, to_null;              /* "*": every other word; null: it says that there is none */
};

/* A piece of {text: "{a.b}/{c}"}: literal, part of the pattern, or path. */
struct piece {
	struct str literal;
	struct path path;
	size_t part;                    /* SIZE_MAX: none */
	bool is_literal;
};

enum test { TEST_IS, TEST_NOT, TEST_EXISTS, TEST_ABSENT, TEST_PREFIX, TEST_SUFFIX, TEST_CONTAINS };

struct condition {
	struct path *paths;             /* "a | b": whichever of them is there */
	size_t n_paths;
	enum test test;
	struct str *values;
	size_t n;
};

struct conditions {
	struct condition *p;
	size_t n;
};

struct rule_field {
	const struct field *field;
	enum from from;
	struct path *paths;             /* the first that is there counts */
	size_t n_paths;
	struct str constant;
	size_t part;
	struct piece *pieces;
	size_t n_pieces;
	struct str kind;                /* of a subject, or of a string that holds a subject's reference */
	struct word *words;
	size_t n_words;
	struct pattern *like;           /* its field "it", else its first, is what counts */
	size_t like_part;
	enum unit unit;
	bool is_utc;                    /* the source documents that its times without an offset are UTC */
	bool has_unless, absent_unknown, kind_in_text;
	struct path unless;
	size_t unless_longer;
	struct conditions when, not_when;
	struct rule_field *otherwise;   /* the next of a list: where this one does not apply or finds nothing */
};

struct rule {
	const struct collection *collection;
	bool has_each;
	struct path each;
	struct conditions when, not_when;
	struct pattern *pattern;
	struct path pattern_path;
	struct rule_field *fields;
	size_t n_fields;
	bool has_updated, updated_utc, earliest;
	enum unit updated_unit;
	size_t *link;                   /* fields by which this finds the items that it adds to; none: it is an item */
	size_t n_link;
	struct path updated;
	bool is_table;                  /* every column is the field of its name */
};

/* Whose bytes a record holds, and which. */
struct personal {
	bool has_each;                  /* one person for each element of this list */
	struct path each;
	struct conditions when, not_when;
	struct str kind;                /* of identity */
	struct path *paths;             /* what identifies: the first that is there */
	size_t n_paths;
	struct path *with;              /* what else is that person's */
	size_t n_with;
	struct pattern *like;           /* of a text that identifies only this part counts, and is cut */
	size_t like_part;
	struct pattern *cut;            /* all of it identifies, and this part is cut */
	size_t cut_part;
	struct pattern *pattern;        /* instead of paths: of the text at this path these parts */
	struct path pattern_path;
	size_t part;
	size_t *with_parts;
	size_t n_with_parts;
};

struct shape {
	struct str *files;              /* endings of names; none: any */
	size_t n_files;
	enum reads reads;
	struct str elements;
	struct path *within;            /* the record stands inside an envelope, at the first of these that is there */
	size_t n_within;
	struct condition *detect;       /* what a record has: one of each one's paths; the test is not used */
	size_t n_detect;
	struct conditions when;         /* what else tells a record of this shape */
	struct rule *rules;
	size_t n_rules;
	struct personal *people;
	size_t n_people;
};

struct mapping {
	struct str source, title;
	struct shape *shapes;
	size_t n_shapes;
	struct path *identity;
	size_t n_identity;
	const struct collection **collections;
	size_t n_collections;
	enum classification classification;
};

struct compile {
	struct arena *a;
	const char *file;
	const struct schema *schema;
	struct mapping *m;
	struct err *e;
};

/* ---- mapping_rule.c */
enum rc mapping_wrong(struct compile *, const struct value *at, const char *fmt, ...) PRINTF_LIKE(3, 4);
MUST_USE enum rc mapping_keys(struct compile *, const struct value *, const char *what, const char *const *known, size_t n);
MUST_USE enum rc mapping_paths(struct compile *, const struct value *, struct path **out, size_t *n);
MUST_USE enum rc mapping_alternatives(struct compile *, struct str text, const struct value *at, struct condition *);
MUST_USE enum rc mapping_conditions(struct compile *, const struct value *, struct conditions *);
MUST_USE enum rc mapping_rules(struct compile *, const struct value *, struct rule **out, size_t *n);
MUST_USE enum rc mapping_pattern(struct compile *, const struct value *, struct pattern **, struct path *);
/* ---- mapping_people.c */
MUST_USE enum rc mapping_personal(struct compile *, const struct value *, struct personal **out, size_t *n);
/* ---- mapping_apply.c */
bool conditions_hold(const struct conditions *, const struct scope *);
/* All of it, and not the second where there are any. */
bool conditions_allow(const struct conditions *when, const struct conditions *not_when, const struct scope *);
struct str scalar_text(const struct value *);
bool value_is_scalar(const struct value *);
bool pattern_parts(const struct pattern *, struct arena *, const struct mapping_context *, struct str text, struct str *parts);
/* ---- mapping_field.c */
MUST_USE enum rc mapping_field(struct compile *, const struct member *, const struct rule *, struct rule_field *);
MUST_USE enum rc mapping_time(struct compile *, const struct value *, enum unit *, bool *is_utc);

/* ---- mapping_value.c: ${text} as the field's type; what it cannot be is null and in doubt */
void value_scalar(struct arena *, const struct zone *, const struct rule_field *, enum field_type, struct str text,
    struct field_value *out);
/* "kind:identity" as tables have it; without a kind it is an address or a name.  False: it is neither. */
bool value_identity(struct arena *, struct str text, struct str *kind, struct str *identity);
void value_time(const struct zone *, enum unit, bool is_utc, struct str text, struct field_value *out);

#endif

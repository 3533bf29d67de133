/* What the mapping's compiler and its application share. */
#ifndef COLLECT_MAPPING_PRIV_H
#define COLLECT_MAPPING_PRIV_H

#include "collect/mapping.h"
#include "collect/pattern.h"

struct path {
	struct str *names;
	size_t n;                       /* 0: the element itself */
	bool from_root;                 /* "/name": of the record, inside an "each" */
};

enum from { FROM_PATH, FROM_CONST, FROM_PART };

struct word {
	struct str from, to;
};

struct rule_field {
	const struct field *field;
	enum from from;
	struct path *paths;             /* the first that is there counts */
	size_t n_paths;
	struct str constant;
	size_t part;
	struct str kind;                /* of a subject, or of a string that holds a subject's reference */
	struct word *words;
	size_t n_words;
	bool has_unless, absent_unknown, kind_in_text;
	struct path unless;
	size_t unless_longer;
};

struct condition {
	struct path path;
	struct str *values;
	size_t n;
};

struct rule {
	const struct collection *collection;
	bool has_each;
	struct path each;
	struct condition *conditions;
	size_t n_conditions;
	struct pattern *pattern;
	struct path pattern_path;
	struct rule_field *fields;
	size_t n_fields;
	bool is_table;                  /* every column is the field of its name */
};

struct shape {
	struct str *files;              /* endings of names; none: any */
	size_t n_files;
	enum reads reads;
	struct str elements;
	struct path *detect;
	size_t n_detect;
	struct rule *rules;
	size_t n_rules;
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

#endif

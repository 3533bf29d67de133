/* What the expression's reader, checker and printer share. */
#ifndef ASSESS_EXPR_PRIV_H
#define ASSESS_EXPR_PRIV_H

#include "assess/expr.h"

enum expr_type { EXPR_BOOL, EXPR_NUMBER, EXPR_STRING, EXPR_ENUM, EXPR_INSTANT, EXPR_DATE, EXPR_SUBJECT, EXPR_LIST,
	EXPR_NULL };

enum expr_op { OP_FIELD, OP_NUMBER, OP_STRING, OP_WORD, OP_TRUE, OP_FALSE, OP_NULL, OP_ASOF, OP_NOT, OP_AND, OP_OR,
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_ADD, OP_SUB, OP_COUNT, OP_WITHOUT, OP_HOURS, OP_DAYS, OP_ROWS, OP_SLOTS,
	OP_PERCENT, OP_MONTH_START, OP_EXISTS, OP_COUNT_OF };

/* Numbers are integers in parts of one: a field of type int in ones, decimals in millionths, hours and days in the
 * parts that make a microsecond one unit.  So comparing multiplies and never divides. */
#define SCALE_ONE ((int64_t)1)
#define SCALE_MILLIONTH ((int64_t)1000000)
#define SCALE_HOUR ((int64_t)3600 * 1000000)
#define SCALE_DAY ((int64_t)86400 * 1000000)

struct expr {
	enum expr_op op;
	enum expr_type type;
	int64_t scale;                  /* EXPR_NUMBER */
	size_t at;                      /* offset in the text */
	const struct field *field;      /* OP_FIELD; of EXPR_ENUM and EXPR_LIST: where its words or members come from */
	enum field_type member;         /* EXPR_LIST */
	int64_t number;                 /* OP_NUMBER, in parts of ${scale} */
	struct str text;                /* OP_STRING, OP_WORD */
	const struct expr *a, *b;       /* OP_EXISTS, OP_COUNT_OF: the condition; the instant of a listing or NULL */
	const struct collection *other; /* OP_EXISTS, OP_COUNT_OF */
	bool is_other;                  /* OP_FIELD: of the population that is looked into */
	bool reads_other;               /* this or something below it is such a field */
	bool uses_asof;
	uint64_t fields;
};

struct expr_error_at {
	struct expr_place place;
	struct str text;
	struct err *e;
};
enum rc expr_wrong(const struct expr_error_at *, size_t at, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Types and scales of one node whose operands are checked already. */
MUST_USE enum rc expr_check(const struct expr_error_at *, struct expr *);

/* expr_other.c */
MUST_USE enum rc expr_check_other(const struct expr_error_at *, struct expr *);
struct printer {
	const struct expr_binding *to;
	struct buf *b;
};
void expr_put(struct printer *, const struct expr *);
void expr_put_time(struct printer *, const struct expr *);
void expr_put_other(struct printer *, const struct expr *);

#endif

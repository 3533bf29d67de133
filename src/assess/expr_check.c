/* expr_check: which operands go together, and in which parts a number counts. */
#include "assess/expr_priv.h"

static const char *type_name(enum expr_type t)
{
	static const char *const names[] = { "a condition", "a number", "a text", "a word of an enum", "an instant", "a date",
		"a subject", "a list", "null" };

	return names[t];
}

static bool is_time(const struct expr *x)
{
	return x->type == EXPR_INSTANT || x->type == EXPR_DATE;
}

static enum rc not_personal(const struct expr_error_at *w, const struct expr *x)
{
	if (x != NULL && x->op == OP_FIELD && x->field->personal)
		return expr_wrong(w, x->at, "the field \"%.*s\" is personal: an expression may only ask whether it is null",
		    STR_FMT(x->field->name));
	return RC_OK;
}

static bool has_word(const struct field *f, struct str word)
{
	size_t i;

	for (i = 0; i < f->n_words; i++)
		if (str_eq(f->words[i], word))
			return true;
	return false;
}

static enum rc check_enum(const struct expr_error_at *w, const struct expr *x)
{
	const struct expr *a = x->a, *b = x->b;
	const struct expr *word = a->op == OP_WORD ? a : b, *field = a->op == OP_WORD ? b : a;

	if (a->op == OP_WORD && b->op == OP_WORD)
		return expr_wrong(w, x->at, "one of these must be a field");
	if (word->op == OP_WORD && field->op == OP_FIELD && !has_word(field->field, word->text))
		return expr_wrong(w, word->at, "\"%.*s\" is no word of \"%.*s\"", STR_FMT(word->text), STR_FMT(field->field->name));
	return RC_OK;
}

static enum rc check_null(const struct expr_error_at *w, const struct expr *x)
{
	const struct expr *other = x->a->type == EXPR_NULL ? x->b : x->a;

	if (x->op != OP_EQ && x->op != OP_NE)
		return expr_wrong(w, x->at, "null has no order: use = null or != null");
	if (other->op != OP_FIELD)
		return expr_wrong(w, other->at, "only a field can be asked whether it is null");
	return RC_OK;
}

static enum rc check_comparison(const struct expr_error_at *w, struct expr *x)
{
	const struct expr *a = x->a, *b = x->b;
	bool order = x->op != OP_EQ && x->op != OP_NE;
	enum rc rc;

	x->type = EXPR_BOOL;
	if (a->type == EXPR_NULL || b->type == EXPR_NULL)
		return check_null(w, x);
	if ((rc = not_personal(w, a)) != RC_OK || (rc = not_personal(w, b)) != RC_OK)
		return rc;
	if (is_time(a) && is_time(b))
		return RC_OK;
	if (a->type != b->type)
		return expr_wrong(w, x->at, "%s cannot be compared with %s", type_name(a->type), type_name(b->type));
	if (order && a->type != EXPR_NUMBER)
		return expr_wrong(w, x->at, "%s has no order: use = or !=", type_name(a->type));
	if (a->type == EXPR_LIST)
		return expr_wrong(w, x->at, "lists cannot be compared: use count(list) or without(list, x)");
	return a->type == EXPR_ENUM ? check_enum(w, x) : RC_OK;
}

static enum rc check_logic(const struct expr_error_at *w, struct expr *x)
{
	const struct expr *side[2] = { x->a, x->b };
	enum rc rc;
	int i;

	x->type = EXPR_BOOL;
	for (i = 0; i < 2; i++) {
		if (side[i] == NULL)
			continue;
		if (side[i]->type != EXPR_BOOL)
			return expr_wrong(w, side[i]->at, "this is %s; and, or and not join conditions", type_name(side[i]->type));
		if ((rc = not_personal(w, side[i])) != RC_OK)
			return rc;
	}
	return RC_OK;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static enum rc check_numbers(const struct expr_error_at *w, struct expr *x)
{
	const struct expr *side[2] = { x->a, x->b };
	int i;

	x->type = EXPR_NUMBER;
	x->scale = SCALE_ONE;
	for (i = 0; i < 2; i++) {
		if (side[i] == NULL)
			continue;
		if (side[i]->type != EXPR_NUMBER)
			return expr_wrong(w, side[i]->at, "this is %s; a number is needed", type_name(side[i]->type));
		x->scale = larger(x->scale, side[i]->scale);
	}
	return RC_OK;
}

static enum rc check_elapsed(const struct expr_error_at *w, struct expr *x)
{
	x->type = EXPR_NUMBER;
	x->scale = x->op == OP_HOURS ? SCALE_HOUR : SCALE_DAY;
	if (!is_time(x->a))
		return expr_wrong(w, x->a->at, "this is %s; hours and days take instants or dates", type_name(x->a->type));
	if (!is_time(x->b))
		return expr_wrong(w, x->b->at, "this is %s; hours and days take instants or dates", type_name(x->b->type));
	return RC_OK;
}

static enum expr_type member_type(enum field_type t)
{
	switch (t) {
	case FIELD_SUBJECT:
		return EXPR_SUBJECT;
	case FIELD_INT:
	case FIELD_DECIMAL:
		return EXPR_NUMBER;
	case FIELD_BOOL:
		return EXPR_BOOL;
	case FIELD_DATE:
		return EXPR_DATE;
	case FIELD_TIMESTAMP:
		return EXPR_INSTANT;
	default:
		return EXPR_STRING;
	}
}

static enum rc check_list(const struct expr_error_at *w, struct expr *x)
{
	enum rc rc;

	if (x->a->type != EXPR_LIST)
		return expr_wrong(w, x->a->at, "this is %s; a list is needed", type_name(x->a->type));
	if ((rc = not_personal(w, x->a)) != RC_OK || (rc = not_personal(w, x->b)) != RC_OK)
		return rc;
	if (x->op == OP_COUNT) {
		x->type = EXPR_NUMBER;
		x->scale = SCALE_ONE;
		return RC_OK;
	}
	x->type = EXPR_LIST;
	x->member = x->a->member;
	if (x->b->type != member_type(x->member) || (x->b->type != EXPR_SUBJECT && x->b->type != EXPR_STRING))
		return expr_wrong(w, x->b->at, "this is %s; the list holds something else", type_name(x->b->type));
	return RC_OK;
}

static enum rc check_derive(const struct expr_error_at *w, struct expr *x)
{
	x->type = x->op == OP_MONTH_START ? EXPR_DATE : EXPR_NUMBER;
	x->scale = x->op == OP_PERCENT ? SCALE_MILLIONTH : SCALE_ONE;
	if (x->op == OP_ROWS && x->a != NULL && x->a->type != EXPR_BOOL)
		return expr_wrong(w, x->a->at, "rows takes a condition");
	if (x->op == OP_MONTH_START && x->a->type != EXPR_INSTANT)
		return expr_wrong(w, x->a->at, "month_start takes an instant");
	if (x->op == OP_SLOTS && (x->a->op != OP_NUMBER || x->a->scale != SCALE_ONE || x->a->number < 1))
		return expr_wrong(w, x->a->at, "slots takes a whole number of minutes, at least 1");
	if (x->op == OP_PERCENT && (x->a->type != EXPR_NUMBER || x->b->type != EXPR_NUMBER || x->a->scale != SCALE_ONE ||
	    x->b->scale != SCALE_ONE))
		return expr_wrong(w, x->at, "percent takes two whole numbers");
	x->uses_asof = x->uses_asof || x->op == OP_SLOTS;
	return RC_OK;
}

enum rc expr_check(const struct expr_error_at *w, struct expr *x)
{
	switch (x->op) {
	case OP_NOT:
	case OP_AND:
	case OP_OR:
		return check_logic(w, x);
	case OP_EQ:
	case OP_NE:
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
		return check_comparison(w, x);
	case OP_ADD:
	case OP_SUB:
		return check_numbers(w, x);
	case OP_COUNT:
	case OP_WITHOUT:
		return check_list(w, x);
	case OP_HOURS:
	case OP_DAYS:
		return check_elapsed(w, x);
	case OP_ROWS:
	case OP_SLOTS:
	case OP_PERCENT:
	case OP_MONTH_START:
		return check_derive(w, x);
	case OP_EXISTS:
	case OP_COUNT_OF:
		return expr_check_other(w, x);
	default:
		return RC_OK;
	}
}

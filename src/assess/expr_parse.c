/* expr_parse: from text to a tree, one token ahead; names are resolved at once, types are checked node by node. */
#include <stdio.h>
#include <string.h>

#include "assess/expr_priv.h"

enum token_kind { T_END, T_NAME, T_NUMBER, T_STRING, T_OP };

struct token {
	enum token_kind kind;
	struct str text;                /* a string without its quotes */
	size_t at;
};

struct parser {
	struct arena *a;
	const struct expr_scope *scope;
	struct expr_error_at where;
	struct str text;
	size_t at;
	struct token now;
	unsigned depth, inlined;
	const struct collection *outer; /* inside exists() and count(): the population under test */
};

static enum rc parse_or(struct parser *, struct expr **);

enum rc expr_wrong(const struct expr_error_at *w, size_t at, const char *fmt, ...)
{
	uint32_t line = w->place.line, column = w->place.column;
	char what[600];
	va_list ap;
	size_t i;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	for (i = 0; i < at && i < w->text.n; i++) {
		column++;
		if (w->text.p[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return err_set(w->e, RC_INVALID, "%s:%u:%u: %s", w->place.file, line, column, what);
}

struct expr_place expr_place_of(const char *file, const struct value *v)
{
	/* a quoted text begins one column behind its value */
	return (struct expr_place){ file, v->line, v->column + (v->end - v->at > v->text.n ? 1 : 0) };
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum rc next_string(struct parser *p)
{
	const char *close = memchr(p->text.p + p->at + 1, '\'', p->text.n - p->at - 1);

	if (close == NULL)
		return expr_wrong(&p->where, p->at, "this text is never closed with a single quote");
	p->now.kind = T_STRING;
	p->now.text = (struct str){ p->text.p + p->at + 1, (size_t)(close - p->text.p) - p->at - 1 };
	p->at = (size_t)(close - p->text.p) + 1;
	return RC_OK;
}

static enum rc next(struct parser *p)
{
	struct str t = p->text;
	size_t from;

	while (p->at < t.n && (t.p[p->at] == ' ' || t.p[p->at] == '\n' || t.p[p->at] == '\t' || t.p[p->at] == '\r'))
		p->at++;
	from = p->at;
	p->now.at = from;
	p->now.text = STR_NONE;
	p->now.kind = T_END;
	if (from >= t.n)
		return RC_OK;
	if (t.p[from] == '\'')
		return next_string(p);
	if (is_letter(t.p[from])) {
		while (p->at < t.n && (is_letter(t.p[p->at]) || is_digit(t.p[p->at])))
			p->at++;
		p->now.kind = T_NAME;
	} else if (is_digit(t.p[from])) {
		while (p->at < t.n && (is_digit(t.p[p->at]) || t.p[p->at] == '.'))
			p->at++;
		p->now.kind = T_NUMBER;
	} else if (strchr("=<>!()+-,:.", t.p[from]) != NULL && t.p[from] != 0) {
		p->at++;
		if (p->at < t.n && t.p[p->at] == '=' && strchr("<>!", t.p[from]) != NULL)
			p->at++;
		p->now.kind = T_OP;
	} else {
		return expr_wrong(&p->where, from, "this character has no meaning in an expression");
	}
	p->now.text = str_sub(t, from, p->at - from);
	return RC_OK;
}

static bool is_op(const struct parser *p, const char *op)
{
	return p->now.kind == T_OP && str_is(p->now.text, op);
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->now.kind == T_NAME && str_is(p->now.text, word);
}

static struct expr *node(struct parser *p, enum expr_op op, size_t at, const struct expr *a, const struct expr *b)
{
	struct expr *x = ARENA_NEW(p->a, struct expr);

	x->op = op;
	x->at = at;
	x->a = a;
	x->b = b;
	x->uses_asof = (a != NULL && a->uses_asof) || (b != NULL && b->uses_asof);
	x->fields = (a != NULL ? a->fields : 0) | (b != NULL ? b->fields : 0);
	x->reads_other = (a != NULL && a->reads_other) || (b != NULL && b->reads_other);
	return x;
}

static enum rc expect(struct parser *p, const char *op)
{
	if (!is_op(p, op))
		return expr_wrong(&p->where, p->now.at, "\"%s\" was expected here", op);
	return next(p);
}

static struct expr *number_node(struct parser *p, size_t at, int64_t scaled)
{
	struct expr *x = node(p, OP_NUMBER, at, NULL, NULL);

	x->type = EXPR_NUMBER;
	x->scale = scaled % SCALE_MILLIONTH == 0 ? SCALE_ONE : SCALE_MILLIONTH;
	x->number = x->scale == SCALE_ONE ? scaled / SCALE_MILLIONTH : scaled;
	return x;
}

static enum rc parse_param(struct parser *p, size_t at, struct expr **out)
{
	size_t i;
	enum rc rc;

	if ((rc = expect(p, "(")) != RC_OK)
		return rc;
	for (i = 0; p->now.kind == T_NAME && i < p->scope->n_parameters; i++) {
		if (str_eq(p->scope->parameters[i].name, p->now.text)) {
			*out = number_node(p, at, p->scope->parameters[i].scaled);
			if ((rc = next(p)) != RC_OK)
				return rc;
			return expect(p, ")");
		}
	}
	return expr_wrong(&p->where, p->now.at, "there is no parameter \"%.*s\"", STR_FMT(p->now.text));
}

struct function {
	const char *name;
	enum expr_op op;
	int least, most;
	bool in_derive;
};

static const struct function functions[] = {
	{ "count", OP_COUNT, 1, 1, false }, { "without", OP_WITHOUT, 2, 2, false }, { "hours", OP_HOURS, 2, 2, false },
	{ "days", OP_DAYS, 2, 2, false }, { "rows", OP_ROWS, 0, 1, true }, { "slots", OP_SLOTS, 1, 1, true },
	{ "percent", OP_PERCENT, 2, 2, true }, { "month_start", OP_MONTH_START, 1, 1, true },
	{ "exists", OP_EXISTS, 1, 1, false },
};

static enum rc parse_sum(struct parser *, struct expr **);

/* Whether "population:" or "population at …:" stands here, and no list. */
static bool names_population(const struct parser *p)
{
	struct str rest = str_sub(p->text, p->at, p->text.n);

	if (p->now.kind != T_NAME)
		return false;
	rest = str_trim(rest);
	return str_starts(rest, STR(":")) || str_starts(rest, STR("at "));
}

/* exists(population at instant: condition), behind its parenthesis.  Inside, names are those of the other population and
 * this.name those of the one under test. */
static enum rc parse_other(struct parser *p, enum expr_op op, size_t at, struct expr **out)
{
	const struct expr_scope *saved = p->scope;
	struct expr_scope *inner = ARENA_NEW(p->a, struct expr_scope);
	const struct collection *other;
	struct expr *condition, *when = NULL;
	enum rc rc;

	if (p->outer != NULL)
		return expr_wrong(&p->where, at, "exists and count look into one other population, and not from there into a third");
	if (saved->in_derive)
		return expr_wrong(&p->where, at, "a derived population is computed from one population alone");
	if (!names_population(p))
		return expr_wrong(&p->where, p->now.at, "a population and a colon were expected here, as in exists(incident: …)");
	other = saved->schema != NULL ? schema_find(saved->schema, p->now.text) : NULL;
	if (other == NULL)
		return expr_wrong(&p->where, p->now.at, "there is no population \"%.*s\"", STR_FMT(p->now.text));
	if (other->is_derived)
		return expr_wrong(&p->where, p->now.at, "\"%.*s\" is computed and cannot be looked into", STR_FMT(other->name));
	if ((rc = next(p)) != RC_OK)
		return rc;
	if (is_word(p, "at") && ((rc = next(p)) != RC_OK || (rc = parse_sum(p, &when)) != RC_OK))
		return rc;
	if ((rc = expect(p, ":")) != RC_OK)
		return rc;
	*inner = *saved;
	inner->collection = other;
	p->outer = saved->collection;
	p->scope = inner;
	rc = parse_or(p, &condition);
	p->scope = saved;
	p->outer = NULL;
	if (rc != RC_OK || (rc = expect(p, ")")) != RC_OK)
		return rc;
	*out = node(p, op, at, condition, when);
	(*out)->other = other;
	(*out)->reads_other = false;
	(*out)->uses_asof = (*out)->uses_asof || (other->n_period == 0 && when == NULL);
	return expr_check(&p->where, *out);
}

static enum rc parse_call(struct parser *p, const struct function *f, size_t at, struct expr **out)
{
	struct expr *arg[2] = { NULL, NULL };
	int n = 0;
	enum rc rc;

	if (f->in_derive && !p->scope->in_derive)
		return expr_wrong(&p->where, at, "%s() is for derived populations only", f->name);
	if ((rc = expect(p, "(")) != RC_OK)
		return rc;
	if (f->op == OP_EXISTS || (f->op == OP_COUNT && names_population(p)))
		return parse_other(p, f->op == OP_EXISTS ? OP_EXISTS : OP_COUNT_OF, at, out);
	while (!is_op(p, ")")) {
		if (n == f->most)
			return expr_wrong(&p->where, p->now.at, "%s takes %d argument%s", f->name, f->most, f->most == 1 ? "" : "s");
		if ((rc = parse_or(p, &arg[n++])) != RC_OK)
			return rc;
		if (!is_op(p, ","))
			break;
		if ((rc = next(p)) != RC_OK)
			return rc;
	}
	if (n < f->least)
		return expr_wrong(&p->where, p->now.at, "%s takes %d argument%s", f->name, f->least, f->least == 1 ? "" : "s");
	if ((rc = expect(p, ")")) != RC_OK)
		return rc;
	*out = node(p, f->op, at, arg[0], arg[1]);
	return expr_check(&p->where, *out);
}

/* The expression of the population's "current", or of a field derived before, set in here. */
static enum rc parse_inlined(struct parser *p, struct str text, struct expr **out)
{
	struct parser inner = *p;
	enum rc rc;

	if (++inner.inlined > 8)
		return expr_wrong(&p->where, p->now.at, "these definitions use each other");
	inner.text = text;
	inner.where.text = text;
	inner.at = 0;
	if ((rc = next(&inner)) != RC_OK || (rc = parse_or(&inner, out)) != RC_OK)
		return rc;
	if (inner.now.kind != T_END)
		return expr_wrong(&inner.where, inner.now.at, "an operator was expected here");
	return next(p);
}

static bool word_known(const struct collection *c, struct str word)
{
	size_t i, k;

	for (i = 0; i < c->n_fields; i++)
		for (k = 0; k < c->fields[i].n_words; k++)
			if (str_eq(c->fields[i].words[k], word))
				return true;
	return false;
}

static enum expr_type type_of_field(enum field_type t)
{
	switch (t) {
	case FIELD_INT:
	case FIELD_DECIMAL:
		return EXPR_NUMBER;
	case FIELD_BOOL:
		return EXPR_BOOL;
	case FIELD_DATE:
		return EXPR_DATE;
	case FIELD_TIMESTAMP:
		return EXPR_INSTANT;
	case FIELD_ENUM:
		return EXPR_ENUM;
	case FIELD_SUBJECT:
		return EXPR_SUBJECT;
	case FIELD_LIST:
		return EXPR_LIST;
	default:
		return EXPR_STRING;
	}
}

static struct expr *field_node(struct parser *p, const struct field *f, size_t at, bool is_other)
{
	struct expr *x = node(p, OP_FIELD, at, NULL, NULL);

	x->field = f;
	x->type = type_of_field(f->type);
	x->member = f->item_type;
	x->scale = f->type == FIELD_DECIMAL ? SCALE_MILLIONTH : SCALE_ONE;
	x->is_other = x->reads_other = is_other;
	x->fields = is_other ? 0 : (uint64_t)1 << f->index;
	return x;
}

/* Behind "this": the field of the item under test. */
static enum rc parse_this(struct parser *p, size_t at, struct expr **out)
{
	const struct field *f;
	enum rc rc;

	if (p->outer == NULL)
		return expr_wrong(&p->where, at, "this. stands inside exists() and count() alone; a field's name is enough here");
	if ((rc = expect(p, ".")) != RC_OK)
		return rc;
	f = p->now.kind == T_NAME ? collection_field(p->outer, p->now.text) : NULL;
	if (f == NULL)
		return expr_wrong(&p->where, p->now.at, "\"%.*s\" has no field \"%.*s\"", STR_FMT(p->outer->name),
		    STR_FMT(p->now.text));
	*out = field_node(p, f, p->now.at, false);
	return next(p);
}

static enum rc parse_constant(struct parser *p, bool *taken, struct expr **out)
{
	static const struct {
		const char *name;
		enum expr_op op;
		enum expr_type type;
	} constants[] = {
		{ "true", OP_TRUE, EXPR_BOOL }, { "false", OP_FALSE, EXPR_BOOL }, { "null", OP_NULL, EXPR_NULL },
		{ "asof", OP_ASOF, EXPR_INSTANT },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(constants); i++) {
		if (is_word(p, constants[i].name)) {
			*taken = true;
			*out = node(p, constants[i].op, p->now.at, NULL, NULL);
			(*out)->type = constants[i].type;
			(*out)->uses_asof = constants[i].op == OP_ASOF;
			return next(p);
		}
	}
	return RC_OK;
}

static enum rc parse_name(struct parser *p, struct expr **out)
{
	const struct collection *c = p->scope->collection;
	struct token t = p->now;
	const struct field *f;
	bool taken = false;
	size_t i;
	enum rc rc;

	if ((rc = parse_constant(p, &taken, out)) != RC_OK || taken)
		return rc;
	if (str_is(t.text, "current") && c->current.p != NULL && collection_field(c, t.text) == NULL)
		return parse_inlined(p, c->current, out);
	for (i = 0; i < p->scope->n_derived; i++)
		if (str_eq(p->scope->derived[i].key, t.text))
			return parse_inlined(p, p->scope->derived[i].value.text, out);
	f = collection_field(c, t.text);
	if ((rc = next(p)) != RC_OK)
		return rc;
	if (f != NULL) {
		*out = field_node(p, f, t.at, p->outer != NULL);
		return RC_OK;
	}
	if (str_is(t.text, "this"))
		return parse_this(p, t.at, out);
	if (is_op(p, "(")) {
		if (str_is(t.text, "param"))
			return parse_param(p, t.at, out);
		for (i = 0; i < ARRAY_LEN(functions); i++)
			if (str_is(t.text, functions[i].name))
				return parse_call(p, &functions[i], t.at, out);
		return expr_wrong(&p->where, t.at, "there is no function \"%.*s\"", STR_FMT(t.text));
	}
	if (!word_known(c, t.text) && (p->outer == NULL || !word_known(p->outer, t.text)))
		return expr_wrong(&p->where, t.at, "\"%.*s\" is no field of \"%.*s\" and no word of one of its enums",
		    STR_FMT(t.text), STR_FMT(c->name));
	*out = node(p, OP_WORD, t.at, NULL, NULL);
	(*out)->type = EXPR_ENUM;
	(*out)->text = t.text;
	return RC_OK;
}

static enum rc parse_number(struct parser *p, bool negative, struct expr **out)
{
	int64_t scaled;

	if (!num_decimal(p->now.text, &scaled))
		return expr_wrong(&p->where, p->now.at, "a number has at most six decimal places, and is not this large");
	*out = number_node(p, p->now.at, negative ? -scaled : scaled);
	return next(p);
}

static enum rc parse_primary(struct parser *p, struct expr **out)
{
	enum rc rc;

	if (++p->depth > LIMIT_EXPR_DEPTH)
		return expr_wrong(&p->where, p->now.at, "this is nested too deeply to be read by anybody");
	if (is_op(p, "(")) {
		if ((rc = next(p)) != RC_OK || (rc = parse_or(p, out)) != RC_OK || (rc = expect(p, ")")) != RC_OK)
			return rc;
	} else if (is_op(p, "-")) {
		if ((rc = next(p)) != RC_OK)
			return rc;
		if (p->now.kind != T_NUMBER)
			return expr_wrong(&p->where, p->now.at, "a number was expected behind the minus");
		if ((rc = parse_number(p, true, out)) != RC_OK)
			return rc;
	} else if (p->now.kind == T_NUMBER) {
		if ((rc = parse_number(p, false, out)) != RC_OK)
			return rc;
	} else if (p->now.kind == T_STRING) {
		*out = node(p, OP_STRING, p->now.at, NULL, NULL);
		(*out)->type = EXPR_STRING;
		(*out)->text = p->now.text;
		if ((rc = next(p)) != RC_OK)
			return rc;
	} else if (p->now.kind == T_NAME && !is_word(p, "and") && !is_word(p, "or") && !is_word(p, "not")) {
		if ((rc = parse_name(p, out)) != RC_OK)
			return rc;
	} else {
		return expr_wrong(&p->where, p->now.at, "a field, a word, a number or a text was expected here");
	}
	p->depth--;
	return RC_OK;
}

static enum rc parse_sum(struct parser *p, struct expr **out)
{
	struct expr *right;
	enum rc rc = parse_primary(p, out);

	while (rc == RC_OK && (is_op(p, "+") || is_op(p, "-"))) {
		enum expr_op op = is_op(p, "+") ? OP_ADD : OP_SUB;
		size_t at = p->now.at;

		if ((rc = next(p)) != RC_OK || (rc = parse_primary(p, &right)) != RC_OK)
			return rc;
		*out = node(p, op, at, *out, right);
		rc = expr_check(&p->where, *out);
	}
	return rc;
}

static enum rc parse_comparison(struct parser *p, struct expr **out)
{
	static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=" };
	struct expr *right;
	size_t at, i;
	enum rc rc;

	if ((rc = parse_sum(p, out)) != RC_OK)
		return rc;
	for (i = 0; i < ARRAY_LEN(ops) && !is_op(p, ops[i]); i++)
		;
	if (i == ARRAY_LEN(ops))
		return RC_OK;
	at = p->now.at;
	if ((rc = next(p)) != RC_OK || (rc = parse_sum(p, &right)) != RC_OK)
		return rc;
	*out = node(p, (enum expr_op)(OP_EQ + i), at, *out, right);
	return expr_check(&p->where, *out);
}

static enum rc parse_not(struct parser *p, struct expr **out)
{
	size_t at = p->now.at;
	enum rc rc;

	if (!is_word(p, "not"))
		return parse_comparison(p, out);
	if (++p->depth > LIMIT_EXPR_DEPTH)
		return expr_wrong(&p->where, at, "this is nested too deeply to be read by anybody");
	if ((rc = next(p)) != RC_OK || (rc = parse_not(p, out)) != RC_OK)
		return rc;
	p->depth--;
	*out = node(p, OP_NOT, at, *out, NULL);
	return expr_check(&p->where, *out);
}

static enum rc parse_and(struct parser *p, struct expr **out)
{
	struct expr *right;
	enum rc rc = parse_not(p, out);

	while (rc == RC_OK && is_word(p, "and")) {
		size_t at = p->now.at;

		if ((rc = next(p)) != RC_OK || (rc = parse_not(p, &right)) != RC_OK)
			return rc;
		*out = node(p, OP_AND, at, *out, right);
		rc = expr_check(&p->where, *out);
	}
	return rc;
}

static enum rc parse_or(struct parser *p, struct expr **out)
{
	struct expr *right;
	enum rc rc = parse_and(p, out);

	while (rc == RC_OK && is_word(p, "or")) {
		size_t at = p->now.at;

		if ((rc = next(p)) != RC_OK || (rc = parse_and(p, &right)) != RC_OK)
			return rc;
		*out = node(p, OP_OR, at, *out, right);
		rc = expr_check(&p->where, *out);
	}
	return rc;
}

enum rc expr_compile(struct arena *a, struct str text, struct expr_place place, const struct expr_scope *scope,
    const struct expr **out, struct err *e)
{
	struct parser p = { .a = a, .scope = scope, .where = { place, text, e }, .text = text };
	struct expr *x;
	enum rc rc;

	if (text.n > LIMIT_EXPR)
		return expr_wrong(&p.where, 0, "an expression has at most %d characters", LIMIT_EXPR);
	if ((rc = next(&p)) != RC_OK)
		return rc;
	if (p.now.kind == T_END)
		return expr_wrong(&p.where, 0, "the expression is empty");
	if ((rc = parse_or(&p, &x)) != RC_OK)
		return rc;
	if (p.now.kind != T_END)
		return expr_wrong(&p.where, p.now.at, "an operator was expected here");
	if (x->op == OP_WORD)
		return expr_wrong(&p.where, x->at, "a word of an enum stands beside = or != only");
	*out = x;
	return RC_OK;
}

enum rc expr_compile_condition(struct arena *a, struct str text, struct expr_place place,
    const struct expr_scope *scope, const struct expr **out, struct err *e)
{
	const struct expr_error_at where = { place, text, e };
	const struct expr *x;
	enum rc rc = expr_compile(a, text, place, scope, &x, e);

	if (rc != RC_OK)
		return rc;
	if (x->type != EXPR_BOOL)
		return expr_wrong(&where, x->at, "this gives a value; a condition that is true or false is needed");
	if (x->field != NULL && x->field->personal)
		return expr_wrong(&where, x->at, "the field \"%.*s\" is personal: an expression may only ask whether it is null",
		    STR_FMT(x->field->name));
	*out = x;
	return RC_OK;
}

bool expr_uses_asof(const struct expr *x) { return x->uses_asof; }
uint64_t expr_fields(const struct expr *x) { return x->fields; }
int64_t expr_scale(const struct expr *x) { return x->scale; }

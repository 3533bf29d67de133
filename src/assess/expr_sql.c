/* expr_sql: a checked expression as SQL with the same three values: unknown is NULL, and AND, OR and NOT are SQL's own.
 * Everything is an integer, a text in binary collation, or a list kept as JSON. */
#include "assess/expr_priv.h"
#include "store/store.h"

static void put(struct printer *p, const struct expr *x);

static const char *row_of(const struct printer *p, const struct expr *x)
{
	return x->is_other ? "o" : p->to->row;
}

static void put_field(struct printer *p, const struct expr *x)
{
	buf_fmt(p->b, "%s.f_%.*s", row_of(p, x), STR_FMT(x->field->name));
}

/* A time as an instant: a date stands for its day's end in the organization's zone. */
static void put_time(struct printer *p, const struct expr *x)
{
	if (x->type == EXPR_INSTANT) {
		put(p, x);
		return;
	}
	buf_z(p->b, "(SELECT end_us FROM day WHERE day=");
	put(p, x);
	buf_c(p->b, ')');
}

static void put_scaled(struct printer *p, const struct expr *x, int64_t scale)
{
	if (x->scale == scale) {
		put(p, x);
		return;
	}
	buf_c(p->b, '(');
	put(p, x);
	buf_fmt(p->b, "*%lld)", (long long)(scale / x->scale));
}

/* Asking for null: unknown where the evidence does not tell, also where it told something that nobody could read. */
static void put_is_null(struct printer *p, const struct expr *x, bool is)
{
	buf_fmt(p->b, "(CASE WHEN %s.supplied>>%zu&1=1 AND NOT(%s.doubt>>%zu&1=1 AND ", row_of(p, x), x->field->index,
	    row_of(p, x), x->field->index);
	put_field(p, x);
	buf_z(p->b, " IS NULL) THEN ");
	put_field(p, x);
	buf_z(p->b, is ? " IS NULL END)" : " IS NOT NULL END)");
}

/* Two subjects: equal when joined or the same, different when both are resolved to persons, else unknown. */
static void put_same_subject(struct printer *p, const char *a, const struct expr *xa, const struct expr *b)
{
	buf_z(p->b, "(SELECT CASE WHEN sa.root=sb.root THEN 1 WHEN sa.person=1 AND sb.person=1 THEN 0 END"
	    " FROM subject sa, subject sb WHERE sa.id=");
	if (xa != NULL)
		put(p, xa);
	else
		buf_z(p->b, a);
	buf_z(p->b, " AND sb.id=");
	put(p, b);
	buf_c(p->b, ')');
}

static const char *sign(enum expr_op op)
{
	switch (op) {
	case OP_EQ:
		return "=";
	case OP_NE:
		return "<>";
	case OP_LT:
		return "<";
	case OP_LE:
		return "<=";
	case OP_GT:
		return ">";
	default:
		return ">=";
	}
}

static void put_comparison(struct printer *p, const struct expr *x)
{
	const struct expr *a = x->a, *b = x->b;
	int64_t scale;

	if (a->type == EXPR_NULL || b->type == EXPR_NULL) {
		put_is_null(p, a->type == EXPR_NULL ? b : a, x->op == OP_EQ);
		return;
	}
	if (a->type == EXPR_SUBJECT) {
		buf_z(p->b, x->op == OP_NE ? "(NOT " : "(");
		put_same_subject(p, NULL, a, b);
		buf_c(p->b, ')');
		return;
	}
	buf_c(p->b, '(');
	if (a->type == EXPR_NUMBER) {
		scale = a->scale > b->scale ? a->scale : b->scale;
		put_scaled(p, a, scale);
		buf_z(p->b, sign(x->op));
		put_scaled(p, b, scale);
	} else if (a->type == EXPR_INSTANT || a->type == EXPR_DATE) {
		put_time(p, a);
		buf_z(p->b, sign(x->op));
		put_time(p, b);
	} else {
		put(p, a);
		buf_z(p->b, sign(x->op));
		put(p, b);
	}
	buf_c(p->b, ')');
}

/* Whether the list's member m.value is one of those taken out.  The inner one decides first: what it took out is no
 * member any more, and what it cannot tell stays unknown. */
static void put_taken_out(struct printer *p, const struct expr *list)
{
	bool inner = list->a->op == OP_WITHOUT;

	if (inner) {
		buf_z(p->b, "(CASE ");
		put_taken_out(p, list->a);
		buf_z(p->b, " WHEN 1 THEN 1 WHEN 0 THEN ");
	}
	if (list->member == FIELD_SUBJECT) {
		put_same_subject(p, "m.value", NULL, list->b);
	} else {
		buf_z(p->b, "(m.value=");
		put(p, list->b);
		buf_c(p->b, ')');
	}
	if (inner)
		buf_z(p->b, " END)");
}

static void put_count(struct printer *p, const struct expr *list)
{
	const struct expr *x, *field = list;

	while (field->op == OP_WITHOUT)
		field = field->a;
	if (list->op == OP_FIELD) {
		buf_z(p->b, "json_array_length(");
		put_field(p, field);
		buf_c(p->b, ')');
		return;
	}
	buf_z(p->b, "(CASE WHEN ");
	put_field(p, field);
	buf_z(p->b, " IS NOT NULL");
	for (x = list; x->op == OP_WITHOUT; x = x->a) {
		buf_z(p->b, " AND ");
		put(p, x->b);
		buf_z(p->b, " IS NOT NULL");
	}
	buf_z(p->b, " THEN (SELECT CASE WHEN ifnull(sum(o IS NULL),0)=0 THEN ifnull(sum(o=0),0) END FROM (SELECT ");
	put_taken_out(p, list);
	buf_z(p->b, " AS o FROM json_each(");
	put_field(p, field);
	buf_z(p->b, ") m)) END)");
}

static void put_two(struct printer *p, const struct expr *x, const char *between)
{
	buf_c(p->b, '(');
	put(p, x->a);
	buf_z(p->b, between);
	put(p, x->b);
	buf_c(p->b, ')');
}

static void put_sum(struct printer *p, const struct expr *x)
{
	buf_c(p->b, '(');
	put_scaled(p, x->a, x->scale);
	buf_z(p->b, x->op == OP_ADD ? "+" : "-");
	put_scaled(p, x->b, x->scale);
	buf_c(p->b, ')');
}

static void put_elapsed(struct printer *p, const struct expr *x)
{
	buf_c(p->b, '(');
	put_time(p, x->b);
	buf_c(p->b, '-');
	put_time(p, x->a);
	buf_c(p->b, ')');
}

static void put_derive(struct printer *p, const struct expr *x)
{
	switch (x->op) {
	case OP_ROWS:
		if (x->a == NULL) {
			buf_z(p->b, "count(*)");
			return;
		}
		buf_z(p->b, "sum(CASE WHEN ");
		put(p, x->a);
		buf_z(p->b, " THEN 1 ELSE 0 END)");
		return;
	case OP_SLOTS:
		buf_fmt(p->b, "(max(0,min(%s,%s)-%s)/%lld)", p->to->group_end, p->to->asof, p->to->group_start,
		    (long long)x->a->number * 60000000);
		return;
	case OP_PERCENT:
		buf_z(p->b, "(100000*");
		put(p, x->a);
		buf_z(p->b, "/nullif(");
		put(p, x->b);
		buf_z(p->b, ",0)*1000)");
		return;
	default:
		buf_z(p->b, "(SELECT unixepoch(date(d.day*86400,'unixepoch','start of month'))/86400 FROM day d WHERE d.start_us<=");
		put(p, x->a);
		buf_z(p->b, " AND d.end_us>");
		put(p, x->a);
		buf_z(p->b, " ORDER BY d.start_us DESC LIMIT 1)");
	}
}

static void put(struct printer *p, const struct expr *x)
{
	switch (x->op) {
	case OP_FIELD:
		put_field(p, x);
		break;
	case OP_NUMBER:
		buf_fmt(p->b, "%lld", (long long)x->number);
		break;
	case OP_STRING:
	case OP_WORD:
		sql_text(p->b, x->text);
		break;
	case OP_TRUE:
		buf_c(p->b, '1');
		break;
	case OP_FALSE:
		buf_c(p->b, '0');
		break;
	case OP_NULL:
		buf_z(p->b, "NULL");
		break;
	case OP_ASOF:
		buf_z(p->b, p->to->asof);
		break;
	case OP_NOT:
		buf_z(p->b, "(NOT ");
		put(p, x->a);
		buf_c(p->b, ')');
		break;
	case OP_AND:
		put_two(p, x, " AND ");
		break;
	case OP_OR:
		put_two(p, x, " OR ");
		break;
	case OP_EQ:
	case OP_NE:
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
		put_comparison(p, x);
		break;
	case OP_ADD:
	case OP_SUB:
		put_sum(p, x);
		break;
	case OP_COUNT:
		put_count(p, x->a);
		break;
	case OP_WITHOUT:
		break;                          /* count() prints it */
	case OP_HOURS:
	case OP_DAYS:
		put_elapsed(p, x);
		break;
	case OP_ROWS:
	case OP_SLOTS:
	case OP_PERCENT:
	case OP_MONTH_START:
		put_derive(p, x);
		break;
	case OP_EXISTS:
	case OP_COUNT_OF:
		expr_put_other(p, x);
		break;
	}
}

void expr_put(struct printer *p, const struct expr *x) { put(p, x); }
void expr_put_time(struct printer *p, const struct expr *x) { put_time(p, x); }

void expr_sql(const struct expr *x, const struct expr_binding *to, struct buf *b)
{
	struct printer p = { to, b };

	put(&p, x);
}

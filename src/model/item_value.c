/* item_value: an item as a person writes it, in YAML or JSON, made into a contribution.  Checks types and words; the
 * same code runs before an edit is accepted and when the ledger is replayed. */
#include "model/state_priv.h"

static enum rc refuse(struct err *e, const struct field *f, const struct value *v, const char *wanted)
{
	return err_set(e, RC_INVALID, "line %u, column %u: the field \"%.*s\" takes %s, not %s", v->line, v->column,
	    STR_FMT(f->name), wanted, v->type == VALUE_STRING || v->type == VALUE_NUMBER ? "this text" :
	    value_type_name(v->type));
}

static bool is_lower_hex(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n > 0 && s.n % 2 == 0;
}

struct str subject_normalize(struct arena *a, struct str s)
{
	char *p;
	size_t i;

	s = str_trim(s);
	p = arena_z(a, s);
	for (i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	return (struct str){ p, s.n };
}

static enum rc subject_value(struct arena *a, const struct field *f, const struct value *v, struct field_value *out,
    struct err *e)
{
	struct str rest = v->text, kind;

	if (v->type != VALUE_STRING)
		return refuse(e, f, v, "an identity as \"kind:identity\", for example \"email:ada@example.com\"");
	kind = str_cut(&rest, ':');
	if (rest.p == NULL || kind.n == 0 || kind.n > 64 || str_trim(rest).n == 0 || rest.n > 4000)
		return refuse(e, f, v, "an identity as \"kind:identity\", for example \"email:ada@example.com\"");
	out->kind = kind;
	out->s = subject_normalize(a, rest);
	return RC_OK;
}

static enum rc word_value(const struct field *f, const struct value *v, struct field_value *out, struct err *e)
{
	struct buf b;
	size_t i;

	for (i = 0; v->type == VALUE_STRING && i < f->n_words; i++) {
		if (str_eq(v->text, f->words[i])) {
			out->s = v->text;
			return RC_OK;
		}
	}
	buf_init(&b, 800);
	buf_z(&b, "one of ");
	for (i = 0; i < f->n_words; i++) {
		buf_z(&b, i > 0 ? ", " : "");
		buf_str(&b, f->words[i]);
	}
	buf_u8(&b, 0);
	(void)refuse(e, f, v, b.failed ? "one of its words" : (const char *)b.p);
	buf_done(&b);
	return RC_INVALID;
}

static enum rc time_value(struct state *s, const struct field *f, const struct value *v, struct field_value *out,
    struct err *e)
{
	enum time_doubt d = v->type == VALUE_STRING ? instant_parse(v->text, state_zone(s), &out->i) : TIME_BAD;

	if (d == TIME_BAD)
		return refuse(e, f, v, "a time such as 2024-03-01T09:30:00Z");
	out->doubt = d == TIME_DATE_ONLY;
	return RC_OK;
}

static enum rc scalar(struct state *s, struct arena *a, const struct field *f, enum field_type type,
    const struct value *v, struct field_value *out, struct err *e)
{
	bool is_text = v->type == VALUE_STRING, is_number = v->type == VALUE_NUMBER;

	switch (type) {
	case FIELD_STRING:
	case FIELD_TEXT:
		if (!is_text && !is_number)
			return refuse(e, f, v, "text");
		out->s = v->text;
		return RC_OK;
	case FIELD_INT:
		return (is_text || is_number) && num_i64(v->text, &out->i) ? RC_OK : refuse(e, f, v, "a whole number");
	case FIELD_DECIMAL:
		return (is_text || is_number) && num_decimal(v->text, &out->i) ? RC_OK :
		    refuse(e, f, v, "a number with at most six decimal places");
	case FIELD_BOOL:
		out->i = v->is_true;
		return v->type == VALUE_BOOL ? RC_OK : refuse(e, f, v, "true or false");
	case FIELD_DATE:
		return is_text && date_parse(v->text, &out->i) ? RC_OK : refuse(e, f, v, "a date such as 2024-03-01");
	case FIELD_TIMESTAMP:
		return time_value(s, f, v, out, e);
	case FIELD_DIGEST:
		out->s = v->text;
		return is_text && is_lower_hex(v->text) ? RC_OK : refuse(e, f, v, "a digest in lower-case hex");
	case FIELD_ENUM:
		return word_value(f, v, out, e);
	case FIELD_SUBJECT:
		return subject_value(a, f, v, out, e);
	case FIELD_LIST:
		break;
	}
	return refuse(e, f, v, "something else");
}

static enum rc list(struct state *s, struct arena *a, const struct field *f, const struct value *v,
    struct field_value *out, struct err *e)
{
	size_t i;
	enum rc rc;

	if (v->type != VALUE_LIST)
		return refuse(e, f, v, "a list");
	out->items = ARENA_ARRAY(a, v->n, struct field_value);
	out->n = v->n;
	for (i = 0; i < v->n; i++) {
		out->items[i].supplied = true;
		out->items[i].is_null = v->items[i].type == VALUE_NULL;
		if (!out->items[i].is_null && (rc = scalar(s, a, f, f->item_type, &v->items[i], &out->items[i], e)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc item_from_value(struct state *s, struct arena *a, const struct collection *c, const struct value *fields,
    struct contribution *out, struct err *e)
{
	struct contribution con = { .collection = c };
	const struct field *f;
	struct field_value *to;
	size_t i;
	enum rc rc;

	if (fields == NULL || fields->type != VALUE_MAP)
		return err_set(e, RC_INVALID, "an item of \"%.*s\" needs \"fields\", a map of its values", STR_FMT(c->name));
	con.fields = ARENA_ARRAY(a, c->n_fields, struct field_value);
	for (i = 0; i < fields->n; i++) {
		const struct member *m = &fields->members[i];

		if ((f = collection_field(c, m->key)) == NULL)
			return err_set(e, RC_INVALID, "line %u, column %u: \"%.*s\" has no field \"%.*s\"", m->value.line,
			    m->value.column, STR_FMT(c->name), STR_FMT(m->key));
		to = &con.fields[f->index];
		to->supplied = true;
		to->is_null = m->value.type == VALUE_NULL;
		if (to->is_null)
			continue;
		rc = f->type == FIELD_LIST ? list(s, a, f, &m->value, to, e) : scalar(s, a, f, f->type, &m->value, to, e);
		if (rc != RC_OK)
			return rc;
	}
	*out = con;
	return RC_OK;
}

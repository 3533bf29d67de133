/* mapping_apply: one raw record and a compiled mapping to typed contributions.  Pure: no clock, no file, no state. */
#include <string.h>

#include "base/xml.h"
#include "collect/mapping_priv.h"
#include "model/state.h"

struct apply {
	struct arena *a;
	const struct mapping_context *ctx;
	const struct value *root;
};

static const struct value *walk(const struct apply *p, const struct path *path, const struct value *here)
{
	const struct value *v = path->from_root ? p->root : here;
	size_t i;

	for (i = 0; v != NULL && i < path->n; i++)
		v = value_get_str(v, path->names[i]);
	return v;
}

static void set_time(const struct apply *p, struct str text, struct field_value *out)
{
	enum time_doubt d = instant_parse(text, p->ctx->zone, &out->i);

	out->doubt = d != TIME_SURE;
	out->is_null = d == TIME_BAD;
}

static bool parse_bool(struct str t, int64_t *out)
{
	static const char *const yes[] = { "true", "yes", "1", "True", "TRUE", "Yes" };
	static const char *const no[] = { "false", "no", "0", "False", "FALSE", "No" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(yes); i++) {
		if (str_is(t, yes[i]) || str_is(t, no[i])) {
			*out = str_is(t, yes[i]);
			return true;
		}
	}
	return false;
}

static bool word_of(const struct field *f, struct str t)
{
	size_t i;

	for (i = 0; i < f->n_words; i++)
		if (str_eq(f->words[i], t))
			return true;
	return false;
}

static bool lower_hex(struct str t)
{
	size_t i;

	for (i = 0; i < t.n; i++)
		if (!((t.p[i] >= '0' && t.p[i] <= '9') || (t.p[i] >= 'a' && t.p[i] <= 'f')))
			return false;
	return t.n > 0;
}

/* "kind:identity" as tables have it; without a kind it is an address or a name. */
static void set_subject_text(const struct apply *p, struct str t, struct field_value *out)
{
	struct str rest = t, kind = str_cut(&rest, ':');

	if (rest.p == NULL) {
		rest = t;
		kind = str_find(t, STR("@")) >= 0 ? STR("email") : STR("name");
	}
	out->kind = kind;
	out->s = subject_normalize(p->a, rest);
	out->is_null = out->s.n == 0 || kind.n == 0 || kind.n > 64 || out->s.n > 4000;
	out->doubt = out->is_null;
}

static void set_scalar(const struct apply *p, const struct field *f, enum field_type type, struct str kind, bool kind_in_text,
    struct str t, struct field_value *out)
{
	bool ok = true;

	switch (type) {
	case FIELD_STRING:
	case FIELD_TEXT:
	case FIELD_LIST:
		out->s = kind.n > 0 ? subject_normalize(p->a, t) : t;
		out->kind = kind;
		break;
	case FIELD_DIGEST:
		out->s = t;
		ok = lower_hex(t);
		break;
	case FIELD_INT:
		ok = num_i64(t, &out->i);
		break;
	case FIELD_DECIMAL:
		ok = num_decimal(t, &out->i);
		break;
	case FIELD_BOOL:
		ok = parse_bool(t, &out->i);
		break;
	case FIELD_DATE:
		ok = date_parse(t, &out->i);
		break;
	case FIELD_TIMESTAMP:
		set_time(p, t, out);
		return;
	case FIELD_ENUM:
		out->s = t;
		ok = word_of(f, t);
		break;
	case FIELD_SUBJECT:
		if (kind_in_text) {
			set_subject_text(p, t, out);
			return;
		}
		out->kind = kind;
		out->s = subject_normalize(p->a, t);
		ok = out->s.n > 0 && out->s.n <= 4000;
		break;
	}
	if (!ok) {
		out->is_null = out->doubt = true;       /* it says something, and nobody can say what */
		out->i = 0;
	}
}

static struct str text_of(const struct value *v)
{
	if (v->type == VALUE_BOOL)
		return v->is_true ? STR("true") : STR("false");
	return v->text;
}

static void set_list(const struct apply *p, const struct rule_field *r, const struct value *v, struct field_value *out)
{
	struct str rest = v->text;
	size_t n = 1, i;

	if (v->type == VALUE_LIST) {
		out->items = ARENA_ARRAY(p->a, v->n, struct field_value);
		out->n = v->n;
		for (i = 0; i < v->n; i++) {
			out->items[i].supplied = true;
			out->items[i].is_null = v->items[i].type == VALUE_NULL;
			if (!out->items[i].is_null)
				set_scalar(p, r->field, r->field->item_type, r->kind, r->kind_in_text, text_of(&v->items[i]), &out->items[i]);
		}
		return;
	}
	for (i = 0; i < rest.n; i++)                    /* a table's cell: members with ; between them */
		n += rest.p[i] == ';';
	out->items = ARENA_ARRAY(p->a, n, struct field_value);
	while (rest.p != NULL) {
		struct str t = str_trim(str_cut(&rest, ';'));

		if (t.n == 0)
			continue;
		out->items[out->n].supplied = true;
		set_scalar(p, r->field, r->field->item_type, r->kind, r->kind_in_text, t, &out->items[out->n++]);
	}
}

static bool translate(const struct rule_field *r, struct str *t)
{
	size_t i;

	if (r->n_words == 0)
		return true;
	for (i = 0; i < r->n_words; i++) {
		if (str_eq(r->words[i].from, *t)) {
			*t = r->words[i].to;
			return true;
		}
	}
	return false;
}

static void set_text(const struct apply *p, const struct rule_field *r, struct str t, struct field_value *out)
{
	if (!translate(r, &t)) {
		out->is_null = out->doubt = true;
		return;
	}
	set_scalar(p, r->field, r->field->type, r->kind, r->kind_in_text, t, out);
}

static void set_field(const struct apply *p, const struct rule_field *r, const struct value *here, const struct str *parts,
    struct field_value *out)
{
	const struct value *v = NULL;
	size_t i;

	if (r->has_unless) {
		v = walk(p, &r->unless, here);
		if (v != NULL && v->type == VALUE_LIST && v->n > r->unless_longer)
			return;
		v = NULL;
	}
	out->supplied = true;
	if (r->from == FROM_CONST) {
		set_scalar(p, r->field, r->field->type, r->kind, false, r->constant, out);
		return;
	}
	if (r->from == FROM_PART && parts[r->part].p == NULL) {         /* a key that is not there */
		out->is_null = true;
		return;
	}
	if (r->from == FROM_PART) {
		set_text(p, r, parts[r->part], out);
		return;
	}
	for (i = 0; i < r->n_paths && v == NULL; i++)
		v = walk(p, &r->paths[i], here);
	if (v == NULL && r->absent_unknown) {
		out->supplied = false;
		return;
	}
	if (v == NULL || v->type == VALUE_NULL) {
		out->is_null = true;
		return;
	}
	if (r->field->type == FIELD_LIST) {
		set_list(p, r, v, out);
	} else if (v->type == VALUE_LIST || v->type == VALUE_MAP) {
		out->is_null = out->doubt = true;
	} else {
		set_text(p, r, text_of(v), out);
	}
}

static bool conditions_hold(const struct apply *p, const struct rule *r, const struct value *here)
{
	size_t i, k;

	for (i = 0; i < r->n_conditions; i++) {
		const struct value *v = walk(p, &r->conditions[i].path, here);
		bool found = false;

		for (k = 0; v != NULL && k < r->conditions[i].n && !found; k++)
			found = str_eq(text_of(v), r->conditions[i].values[k]);
		if (!found)
			return false;
	}
	return true;
}

static void count_keys(struct mapped *out, const struct contribution *c)
{
	size_t i;

	for (i = 0; i < c->collection->n_key; i++) {
		const struct field_value *v = &c->fields[c->collection->key[i]];

		if (!v->supplied || v->is_null) {
			out->null_keys++;
			return;
		}
	}
}

static struct contribution *new_item(const struct apply *p, const struct collection *c, struct mapped *out, size_t *room)
{
	struct contribution *more;

	if (out->n == *room) {
		*room = *room == 0 ? 2 : *room * 2;
		more = ARENA_ARRAY(p->a, *room, struct contribution);
		if (out->n > 0)
			memcpy(more, out->items, out->n * sizeof(*more));
		out->items = more;
	}
	more = &out->items[out->n++];
	more->collection = c;
	more->fields = ARENA_ARRAY(p->a, c->n_fields, struct field_value);
	return more;
}

void mapping_near(struct mapping_context *ctx, bool has_extracted, int64_t extracted_us, bool has_covers, int64_t covers_to_us)
{
	ctx->has_near = has_extracted || has_covers;
	ctx->near_us = has_extracted ? extracted_us : covers_to_us;
}

static bool parts_of(const struct apply *p, const struct pattern *pattern, struct str text, struct str *parts)
{
	return pattern_read(pattern, p->a, p->ctx->has_near ? &p->ctx->near_us : NULL, text, parts);
}

static void one_item(const struct apply *p, const struct rule *r, const struct value *here, struct mapped *out, size_t *room)
{
	struct str *parts = NULL;
	struct contribution *c;
	const struct value *v;
	size_t i;

	if (!conditions_hold(p, r, here))
		return;
	if (r->pattern != NULL) {
		parts = ARENA_ARRAY(p->a, pattern_fields(r->pattern), struct str);
		v = walk(p, &r->pattern_path, here);
		if (v == NULL || v->type != VALUE_STRING || !parts_of(p, r->pattern, v->text, parts))
			return;
	}
	c = new_item(p, r->collection, out, room);
	for (i = 0; i < r->n_fields; i++)
		set_field(p, &r->fields[i], here, parts, &c->fields[r->fields[i].field->index]);
	count_keys(out, c);
}

/* Each column is the field of its name; what is empty is null, what is no column is not supplied. */
static void table_item(const struct apply *p, const struct rule *r, struct mapped *out, size_t *room)
{
	struct contribution *c = new_item(p, r->collection, out, room);
	size_t i;

	for (i = 0; i < p->root->n; i++) {
		const struct field *f = collection_field(r->collection, p->root->members[i].key);
		struct rule_field rf = { .field = f, .kind_in_text = true };
		const struct value *v = &p->root->members[i].value;

		if (f == NULL)
			continue;
		c->fields[f->index].supplied = true;
		if (v->type == VALUE_NULL)
			c->fields[f->index].is_null = true;
		else if (f->type == FIELD_LIST)
			set_list(p, &rf, v, &c->fields[f->index]);
		else
			set_scalar(p, f, f->type, STR_NONE, true, v->text, &c->fields[f->index]);
	}
	count_keys(out, c);
}

static enum rc row_value(struct arena *a, const struct shape *s, const struct mapping_context *ctx, struct str record,
    const struct value **out, struct err *e)
{
	struct value *v = ARENA_NEW(a, struct value);
	struct str *cells;
	size_t n, i;
	enum rc rc;

	rc = s->reads == READS_TSV ? row_cut(a, record, ctx->delimiter, &cells, &n, e) :
	    row_split(a, record, ctx->delimiter, &cells, &n, e);
	if (rc != RC_OK)
		return rc;
	if (n != ctx->n_columns)
		return err_set(e, RC_INVALID, "the row has %zu cells and the header %zu", n, ctx->n_columns);
	v->type = VALUE_MAP;
	v->n = n;
	v->members = ARENA_ARRAY(a, n, struct member);
	for (i = 0; i < n; i++) {
		struct str t = str_trim(cells[i]);

		v->members[i].key = ctx->columns[i];
		v->members[i].value.type = t.n == 0 ? VALUE_NULL : VALUE_STRING;
		v->members[i].value.text = t;
	}
	*out = v;
	return RC_OK;
}

static enum rc whole_value(struct arena *a, const struct mapping_context *ctx, struct str record, const struct value **out,
    struct err *e)
{
	char name[300];
	size_t n;
	enum rc rc;

	if (record.n > 0 && (record.p[0] == '{' || record.p[0] == '['))
		return json_parse(a, record, out, e);
	(void)memset(name, 0, sizeof(name));
	memcpy(name, ctx->file.p != NULL ? ctx->file.p : "", ctx->file.n < 299 ? ctx->file.n : 299);
	if ((rc = yaml_parse(a, name, record, out, &n, e)) != RC_OK)
		return rc;
	return n == 1 ? RC_OK : err_set(e, RC_INVALID, "the file holds %zu YAML documents, and one was expected", n);
}

/* A line of a log is text: rules take it apart with a pattern over the path ".". */
static enum rc line_value(struct arena *a, struct str record, const struct value **out)
{
	struct value *v = ARENA_NEW(a, struct value);

	v->type = VALUE_STRING;
	v->text = record;
	v->end = record.n;
	*out = v;
	return RC_OK;
}

static enum rc parse(struct arena *a, const struct shape *s, const struct mapping_context *ctx, struct str record,
    const struct value **out, struct err *e)
{
	switch (s->reads) {
	case READS_TABLE:
	case READS_TSV:
		return row_value(a, s, ctx, record, out, e);
	case READS_WHOLE:
		return whole_value(a, ctx, record, out, e);
	case READS_TEXT:
		return line_value(a, record, out);
	case READS_XML:
		return xml_parse(a, record, out, e);
	case READS_LINES:
	case READS_JSON:
		break;
	}
	return json_parse(a, record, out, e);
}

static void identity(const struct mapping *m, const struct apply *p, struct mapped *out)
{
	struct buf b;
	size_t i;

	if (m->n_identity == 0)
		return;
	buf_init(&b, 1 << 16);
	for (i = 0; i < m->n_identity; i++) {
		const struct value *v = walk(p, &m->identity[i], p->root);

		if (v == NULL || v->type == VALUE_NULL || text_of(v).n == 0)
			goto out;
		if (i > 0)
			buf_c(&b, 0x1f);
		buf_str(&b, text_of(v));
	}
	if (!b.failed) {
		out->has_id = true;
		out->id = arena_str(p->a, buf_view(&b));
	}
out:
	buf_done(&b);
}

enum rc mapping_apply(const struct mapping *m, struct arena *a, const struct mapping_context *ctx, struct str record,
    struct mapped *out, struct err *e)
{
	struct apply p = { a, ctx, NULL };
	const struct shape *s;
	enum reads reads;
	struct str elements;
	size_t i, k, room = 0;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	if ((rc = mapping_shape(m, ctx->file, &s, &reads, &elements, e)) != RC_OK ||
	    (rc = parse(a, s, ctx, record, &p.root, e)) != RC_OK)
		return rc;
	for (i = 0; i < s->n_detect; i++)
		if (walk(&p, &s->detect[i], p.root) == NULL)
			return err_set(e, RC_INVALID, "this is no record of %.*s: it has no \"%.*s\"", STR_FMT(m->source),
			    STR_FMT(s->detect[i].names[s->detect[i].n - 1]));
	identity(m, &p, out);
	for (i = 0; i < s->n_rules; i++) {
		const struct rule *r = &s->rules[i];
		const struct value *list;

		if (r->is_table) {
			table_item(&p, r, out, &room);
		} else if (!r->has_each) {
			one_item(&p, r, p.root, out, &room);
		} else {
			list = walk(&p, &r->each, p.root);
			for (k = 0; list != NULL && list->type == VALUE_LIST && k < list->n; k++)
				one_item(&p, r, &list->items[k], out, &room);
		}
	}
	return RC_OK;
}

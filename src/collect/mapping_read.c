/* mapping_read: one raw record as values, and whether it is a record of this source.  What becomes of them is in
 * mapping_apply.c. */
#include <string.h>

#include "base/xml.h"
#include "collect/mapping_priv.h"

/* Where the cell that begins at ${*pos} stands, without its quotes; *pos is left at the next. */
static void cell_place(struct str record, struct str cell, bool quotes, size_t *pos, struct value *v)
{
	const bool quoted = quotes && *pos < record.n && record.p[*pos] == '"';
	size_t end = *pos + quoted;

	v->at = end;
	if (!quoted)
		end += cell.n;
	for (; quoted && end < record.n; end++) {
		if (record.p[end] != '"')
			continue;
		if (end + 1 == record.n || record.p[end + 1] != '"')
			break;
		end++;
	}
	v->end = end;
	*pos = end + quoted + 1;
}

static enum rc row_value(struct arena *a, const struct shape *s, const struct mapping_context *ctx, struct str record,
    const struct value **out, struct err *e)
{
	struct value *v = ARENA_NEW(a, struct value);
	struct str *cells;
	size_t n, i, pos = 0;
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
		cell_place(record, cells[i], s->reads == READS_TABLE, &pos, &v->members[i].value);
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

static void identity(const struct mapping *m, struct arena *a, const struct scope *root, struct mapping_record *out)
{
	struct buf b;
	size_t i;

	if (m->n_identity == 0)
		return;
	buf_init(&b, 1 << 16);
	for (i = 0; i < m->n_identity; i++) {
		const struct value *v = path_first(&m->identity[i], root);

		if (v == NULL || !value_is_scalar(v) || scalar_text(v).n == 0)
			goto out;
		if (i > 0)
			buf_c(&b, 0x1f);
		buf_str(&b, scalar_text(v));
	}
	if (!b.failed) {
		out->has_id = true;
		out->id = arena_str(a, buf_view(&b));
	}
out:
	buf_done(&b);
}

static struct str last_name(const struct path *p)
{
	size_t i = p->n;

	while (i > 0 && p->steps[i - 1].name.n == 0)
		i--;
	return i > 0 ? p->steps[i - 1].name : STR(".");
}

/* What a record of this shape must have. */
static enum rc fits(const struct mapping *m, const struct shape *s, const struct scope *root, bool *is_other, struct err *e)
{
	size_t i, k;

	*is_other = true;
	for (i = 0; i < s->n_detect; i++) {
		for (k = 0; k < s->detect[i].n_paths && path_first(&s->detect[i].paths[k], root) == NULL; k++)
			;
		if (k == s->detect[i].n_paths)
			return err_set(e, RC_INVALID, "this is no record of %.*s: it has no \"%.*s\"", STR_FMT(m->source),
			    STR_FMT(last_name(&s->detect[i].paths[0])));
	}
	for (i = 0; i < s->when.n; i++) {
		const struct conditions one = { &s->when.p[i], 1 };

		if (!conditions_hold(&one, root))
			return err_set(e, RC_INVALID, "this is no record of %.*s: its \"%.*s\" is another's", STR_FMT(m->source),
			    STR_FMT(last_name(&s->when.p[i].paths[0])));
	}
	*is_other = false;
	return RC_OK;
}

enum rc mapping_read(const struct mapping *m, struct arena *a, const struct mapping_context *ctx, struct str record,
    struct mapping_record *out, struct err *e)
{
	struct scope root = { NULL, NULL };
	size_t i;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	out->bytes = record;
	if ((rc = mapping_shape(m, ctx, &out->shape, e)) != RC_OK ||
	    (rc = parse(a, out->shape, ctx, record, &root.here, e)) != RC_OK)
		return rc;
	for (i = 0; i < out->shape->n_within; i++) {
		const struct value *inner = path_first(&out->shape->within[i], &root);

		if (inner != NULL && inner->type == VALUE_MAP) {
			root.here = inner;
			break;
		}
	}
	out->root = root.here;
	if ((rc = fits(m, out->shape, &root, &out->is_other, e)) == RC_OK)
		identity(m, a, &root, out);
	return rc;
}

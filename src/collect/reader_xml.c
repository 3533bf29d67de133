/* reader_xml: XML cut into the elements that are records, matched by the last names that lead to them. */
#include "collect/reader_priv.h"

#include <string.h>

#include "base/xml.h"

static bool is_blank(struct str s)
{
	return str_trim(s).n == 0;
}

static enum rc wrong_at(struct reader *r, const char *what, struct err *e)
{
	return err_set(e, RC_INVALID, "byte %llu: %.700s", (unsigned long long)reader_place(r, r->cur), what);
}

/* The token at ${cur}, all of it held; ${*none}: the file ended. */
static enum rc token(struct reader *r, struct xml_token *t, bool *none, struct err *e)
{
	struct err why;
	bool ends;
	enum rc rc;

	for (;;) {
		struct str ahead = reader_ahead(r);

		*none = ahead.n == 0 && r->ended;
		if (*none)
			return RC_OK;
		err_init(&why);
		ends = ahead.n == 0;
		if (!ends && xml_token(ahead, t, &ends, &why) == RC_OK)
			return RC_OK;
		if (!ends)
			return wrong_at(r, why.msg, e);
		if (r->ended && r->damaged) {
			*none = true;
			return RC_OK;
		}
		if (r->ended)
			return wrong_at(r, "the file ends inside of a tag, a comment or the like", e);
		if (r->hold.n - r->from > LIMIT_RECORD)
			return wrong_at(r, "there is more than 16 MiB to the end of this element, tag or comment", e);
		do {
			if ((rc = reader_more(r, e)) != RC_OK)
				return rc;
		} while (!r->ended && reader_ahead(r).n < 2 * ahead.n && r->hold.n - r->from <= LIMIT_RECORD);
	}
}

/* Whether the element of that name, inside of those that are open, is a record. */
static bool is_record(const struct reader *r, struct str name)
{
	size_t i;

	if (!str_eq(xml_local(name), r->names[r->n_names - 1]) || r->n_open + 1 < r->n_names)
		return false;
	for (i = 1; i < r->n_names; i++)
		if (!str_eq(xml_local(str_z(r->open[r->n_open - i])), r->names[r->n_names - 1 - i]))
			return false;
	return true;
}

/* The record that begins at ${cur}, through its closing tag. */
static enum rc give(struct reader *r, const struct xml_token *first, struct record *out, bool *more, struct err *e)
{
	size_t depth = first->kind == XML_OPEN ? 1 : 0;
	struct xml_token t = *first;
	bool none;
	size_t bad;
	enum rc rc;

	r->from = r->cur;
	for (;;) {
		r->cur += t.n;
		if (depth == 0)
			break;
		if ((rc = token(r, &t, &none, e)) != RC_OK)
			return rc;
		if (none && r->damaged)
			return reader_finish(r, more, e);
		if (none)
			return wrong_at(r, "the file ends inside of a record", e);
		depth += t.kind == XML_OPEN;
		depth -= t.kind == XML_CLOSE;
	}
	if (r->cur - r->from > LIMIT_RECORD)
		return wrong_at(r, "the record that ends here has more than 16 MiB", e);
	reader_give(r, r->from, r->cur, out);
	if (!str_utf8_valid(out->bytes, &bad))
		out->bad = STR("it holds bytes that are no UTF-8");
	r->from = r->cur;
	*more = true;
	return RC_OK;
}

static enum rc open_element(struct reader *r, const struct xml_token *t, struct err *e)
{
	if (r->n_open == XML_OPEN_MAX)
		return wrong_at(r, "elements are nested too deeply", e);
	if (t->name.n >= sizeof(r->open[0]))
		return wrong_at(r, "the name of an element has more than 63 bytes", e);
	memset(r->open[r->n_open], 0, sizeof(r->open[0]));
	memcpy(r->open[r->n_open++], t->name.p, t->name.n);
	return RC_OK;
}

static enum rc around(struct reader *r, const struct xml_token *t, struct err *e)
{
	switch (t->kind) {
	case XML_TEXT:
	case XML_CDATA:
		if (r->n_open == 0 && !is_blank(t->inside))
			return wrong_at(r, "text stands outside of all elements: this is no XML", e);
		return RC_OK;
	case XML_OPEN:
		return open_element(r, t, e);
	case XML_EMPTY:
		return RC_OK;
	case XML_CLOSE:
		if (r->n_open == 0 || !str_is(t->name, r->open[r->n_open - 1]))
			return wrong_at(r, "this tag closes another element than the last that was opened", e);
		r->n_open--;
		return RC_OK;
	case XML_OTHER:
		break;
	}
	if (!xml_is_utf8(t))
		return wrong_at(r, "the file names another encoding than UTF-8: convert it and keep the original beside it", e);
	return RC_OK;
}

enum rc reader_next_xml(struct reader *r, struct record *out, bool *more, struct err *e)
{
	struct xml_token t;
	bool none;
	enum rc rc;

	for (;;) {
		r->from = r->cur;
		if ((rc = token(r, &t, &none, e)) != RC_OK)
			return rc;
		if (none && r->n_open > 0 && !r->damaged)
			return err_set(e, RC_INVALID, "the file ends before <%s> is closed, at byte %llu", r->open[r->n_open - 1],
			    (unsigned long long)reader_place(r, r->cur));
		if (none)
			return reader_finish(r, more, e);
		if ((t.kind == XML_OPEN || t.kind == XML_EMPTY) && is_record(r, t.name))
			return give(r, &t, out, more, e);
		if ((rc = around(r, &t, e)) != RC_OK)
			return rc;
		r->cur += t.n;
	}
}

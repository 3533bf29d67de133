/* pdf: see pdf.h.  Section by section, in the order in which such reports stand; III is in pdf_description.c, V in
 * pdf_monitoring.c. */
#include "report/pdf.h"

#include <string.h>

#include "report/page_html.h"
#include "report/pdf_priv.h"

struct str pdf_get(const struct value *v, const char *name)
{
	const struct value *m = value_get(v, name);

	return m != NULL && m->type != VALUE_NULL ? m->text : STR_NONE;
}

struct str or_dash(struct str s)
{
	return s.n > 0 ? s : STR("\xe2\x80\x93");
}

struct str joined(struct write *w, const struct value *list, const char *between)
{
	struct buf b;
	struct str out;
	size_t i;

	if (list == NULL || list->type != VALUE_LIST)
		return list != NULL ? list->text : STR_NONE;
	buf_init(&b, LIMIT_RECORD);
	for (i = 0; i < list->n; i++) {
		buf_z(&b, i > 0 ? between : "");
		buf_str(&b, list->items[i].text);
	}
	out = arena_str(w->a, buf_view(&b));
	buf_done(&b);
	return out;
}

struct str moment(struct write *w, struct str s)
{
	if (s.n < 20 || s.p[10] != 'T')
		return s;
	return arena_fmt(w->a, "%.*s %.*s UTC", STR_FMT(str_sub(s, 0, 10)), STR_FMT(str_sub(s, 11, 8)));
}

void section(struct page *p, const char *title)
{
	page_break(p);
	page_text(p, STYLE_TITLE, str_z(title));
}

/* "processing_integrity" is a word of the format; people read "processing integrity". */
static struct str categories(struct write *w)
{
	char *z = arena_z(w->a, joined(w, value_get(w->doc, "categories"), ", "));
	size_t i;

	for (i = 0; z[i] != 0; i++)
		if (z[i] == '_')
			z[i] = ' ';
	return str_z(z);
}

static void cover(struct write *w, struct page *p)
{
	const struct value *period = value_get(w->doc, "period");

	page_cover(p, pdf_get(w->doc, "organization"), pdf_get(w->doc, "system"));
	page_fact(p, "What this is", arena_fmt(w->a, "Management's draft in the form of a SOC 2 Type %.*s report",
	    STR_FMT(pdf_get(w->doc, "type"))));
	if (w->is_one)
		page_fact(p, "As of", arena_fmt(w->a, "%.*s (%.*s)", STR_FMT(pdf_get(period, "to")), STR_FMT(pdf_get(w->doc, "zone"))));
	else
		page_fact(p, "Period", arena_fmt(w->a, "%.*s to %.*s, both days included (%.*s)", STR_FMT(pdf_get(period, "from")),
		    STR_FMT(pdf_get(period, "to")), STR_FMT(pdf_get(w->doc, "zone"))));
	page_fact(p, "Criteria", arena_fmt(w->a, "Trust services categories: %.*s", STR_FMT(categories(w))));
	page_fact(p, "Judged as of", moment(w, pdf_get(w->doc, "as_of")));
	page_fact(p, "Status", STR("Not examined by any auditor, and no opinion is given. Not for distribution."));
	page_space(p, 16);
	page_text(p, STYLE_NOTE, pdf_get(w->doc, "notice"));
}

static void section_one(struct page *p)
{
	section(p, "I. Independent service auditor's report");
	page_text(p, STYLE_TEXT, STR("This section belongs to the service auditor and is empty until the auditor fills it. No auditor "
	    "has examined what follows, and no opinion is given here or anywhere in this document."));
	page_text(p, STYLE_TEXT, STR("Nothing in this document may be read as an auditor's report."));
}

static void section_two(struct page *p)
{
	section(p, "II. Management's assertion");
	page_text(p, STYLE_NOTE, STR("Management's assertion: not yet made."));
	page_text(p, STYLE_TEXT, STR("Management makes its assertion over its own signature once the description in section III is "
	    "complete and it has a reasonable basis for it. It has not done so."));
}

/* ---- section IV */
static const struct value *by_id(const struct value *list, struct str id)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (str_eq(pdf_get(&list->items[i], "id"), id))
			return &list->items[i];
	return NULL;
}

static struct str test_words(struct write *w, const struct value *control)
{
	const struct value *tests = value_get(control, "tests"), *attributes;
	struct buf b;
	struct str out;
	size_t i, k;

	buf_init(&b, LIMIT_RECORD);
	for (i = 0; i < tests->n; i++) {
		attributes = value_get(&tests->items[i], "attributes");
		for (k = 0; k < attributes->n; k++) {
			if (b.n > 0)
				buf_c(&b, '\n');
			buf_str(&b, pdf_get(&tests->items[i], "id"));
			buf_c(&b, '.');
			buf_str(&b, pdf_get(&attributes->items[k], "letter"));
			buf_z(&b, "\xc2\xa0 ");
			buf_str(&b, pdf_get(&attributes->items[k], "words"));
		}
	}
	out = arena_str(w->a, buf_view(&b));
	buf_done(&b);
	return out;
}

static void criterion(struct write *w, struct page *p, const struct value *v)
{
	static const struct page_column columns[] = { { "Control", 1, false }, { "What the organization does", 3.2, false },
		{ "What is to be tested", 3.4, false }, { "Test by the auditor", 1.4, false }, { "Result", 1.4, false } };
	static const enum ink row_inks[] = { INK_STRONG, INK_PLAIN, INK_PLAIN, INK_QUIET, INK_QUIET };
	const struct value *ids = value_get(v, "controls"), *control;
	struct str cells[5];
	size_t i;

	page_text(p, STYLE_SUBHEADING, arena_fmt(w->a, "%.*s  %.*s", STR_FMT(pdf_get(v, "id")), STR_FMT(pdf_get(v, "title"))));
	page_text(p, STYLE_SMALL, pdf_get(v, "statement"));
	if (pdf_get(v, "not_relevant").p != NULL) {
		page_text(p, STYLE_NOTE, arena_fmt(w->a, "Not relevant: %.*s", STR_FMT(pdf_get(v, "not_relevant"))));
		return;
	}
	if (ids->n == 0) {
		page_text(p, STYLE_NOTE, STR("No control is mapped to this criterion."));
		return;
	}
	page_table_begin(p, columns, w->is_one ? 3 : 5);
	for (i = 0; i < ids->n; i++) {
		if ((control = by_id(value_get(w->doc, "controls"), ids->items[i].text)) == NULL)
			continue;
		cells[0] = pdf_get(control, "id");
		cells[1] = arena_fmt(w->a, "%.*s. %.*s", STR_FMT(pdf_get(control, "title")), STR_FMT(pdf_get(control, "statement")));
		cells[2] = test_words(w, control);
		cells[3] = cells[4] = STR("Left for the service auditor");
		page_table_row(p, cells, row_inks);
	}
	page_table_end(p);
}

static void section_four(struct write *w, struct page *p)
{
	const struct value *criteria = value_get(w->doc, "criteria"), *series;
	struct str now = STR_NONE, id;
	size_t i;

	section(p, w->is_one ? "IV. Criteria and controls" : "IV. Criteria, controls, tests of controls and results");
	page_text(p, STYLE_TEXT, w->is_one ? STR("The criteria are paraphrased in our own words.") :
	    STR("The two right-hand columns are the service auditor's and stay empty until the auditor fills them in; nothing that "
	    "Tickmark tested is copied here. The criteria are paraphrased in our own words."));
	for (i = 0; i < criteria->n; i++) {
		id = pdf_get(&criteria->items[i], "series");
		if (!str_eq(id, now)) {
			series = by_id(value_get(w->doc, "series"), id);
			page_text(p, STYLE_HEADING, arena_fmt(w->a, "%.*s  %.*s", STR_FMT(id), STR_FMT(pdf_get(series, "name"))));
			now = id;
		}
		criterion(w, p, &criteria->items[i]);
	}
}

static enum rc write_all(void *ctx, struct page *p, struct err *e)
{
	struct write *w = ctx;

	(void)e;
	cover(w, p);
	page_contents(p);
	section_one(p);
	section_two(p);
	section_three(w, p);
	section_four(w, p);
	section_five(w, p);
	return RC_OK;
}

static enum rc render(const struct value *doc, const char *path, bool html, struct err *e)
{
	struct write w = { doc, arena_new(), str_is(pdf_get(doc, "type"), "1") };
	struct str foot = arena_fmt(w.a, "%.*s, %.*s", STR_FMT(pdf_get(doc, "organization")), STR_FMT(pdf_get(doc, "system")));
	enum rc rc;

	rc = html ? page_html_document(path, arena_z(w.a, arena_fmt(w.a, "%.*s: draft report", STR_FMT(pdf_get(doc, "organization")))),
	    pdf_get(doc, "marking"), foot, write_all, &w, e) : page_document(path, arena_z(w.a, pdf_get(doc, "organization")),
	    arena_z(w.a, pdf_get(doc, "as_of")), pdf_get(doc, "marking"), foot, write_all, &w, e);
	arena_free(w.a);
	return rc;
}

enum rc report_pdf(const struct value *doc, const char *path, struct err *e)
{
	return render(doc, path, false, e);
}

enum rc report_html(const struct value *doc, const char *path, struct err *e)
{
	return render(doc, path, true, e);
}

/* readiness_page: see readiness_page.h. */
#include "report/readiness_page.h"

#include "report/page_html.h"
#include "report/pdf_priv.h"

#define MARKING "Management's own view. Not examined by any auditor. Not for distribution."

static void cover(struct write *w, struct page *p)
{
	const struct value *period = value_get(w->doc, "period");

	page_cover(p, pdf_get(w->doc, "organization"), STR("Readiness for a SOC 2 examination"));
	page_fact(p, "Period", arena_fmt(w->a, "%.*s to %.*s, both days included", STR_FMT(pdf_get(period, "from")),
	    STR_FMT(pdf_get(period, "to"))));
	page_fact(p, "What this is", STR("What the evidence says of each criterion and control so far, what is not known, and what "
	    "to do next. It is no report of an examination and gives no opinion."));
}

static void next_steps(struct write *w, struct page *p)
{
	static const struct page_column columns[] = { { "", 0.5, true }, { "What to do", 9, false } };
	const struct value *list = value_get(w->doc, "next");
	struct str cells[2];
	size_t i;

	section(p, "What to do next");
	if (list->n == 0) {
		page_text(p, STYLE_TEXT, STR("Nothing that a machine can see is left to do."));
		return;
	}
	page_text(p, STYLE_TEXT, STR("In this order: what shows a failure comes first, then what hides one, then what is not known "
	    "at all."));
	page_table_begin(p, columns, 2);
	for (i = 0; i < list->n; i++) {
		cells[0] = arena_fmt(w->a, "%zu", i + 1);
		cells[1] = list->items[i].text;
		page_table_row(p, cells, NULL);
	}
	page_table_end(p);
}

static enum ink ink_of(struct str state)
{
	if (str_is(state, "met"))
		return INK_GOOD;
	if (str_is(state, "deviations") || str_is(state, "no control"))
		return INK_BAD;
	return str_is(state, "cannot tell") ? INK_WARN : INK_QUIET;
}

static void criteria(struct write *w, struct page *p)
{
	static const struct page_column columns[] = { { "Criterion", 1.1, false }, { "What it asks", 4.6, false },
		{ "Stands at", 1.5, false }, { "Controls", 3, false } };
	const struct value *list = value_get(w->doc, "criteria");
	enum ink inks[4] = { INK_STRONG, INK_PLAIN, INK_PLAIN, INK_QUIET };
	struct str cells[4];
	size_t i;

	section(p, "Criteria");
	page_text(p, STYLE_TEXT, STR("Each stands where the weakest of its controls does. \"No evidence\" says that "
	    "nothing was taken in that could show it, \"cannot tell\" that what was taken in does not settle it."));
	page_table_begin(p, columns, 4);
	for (i = 0; i < list->n; i++) {
		const struct value *v = &list->items[i];

		cells[0] = pdf_get(v, "id");
		cells[1] = pdf_get(v, "title");
		cells[2] = pdf_get(v, "state");
		if (pdf_get(v, "not_relevant").p != NULL)
			cells[2] = arena_fmt(w->a, "not relevant: %.*s", STR_FMT(pdf_get(v, "not_relevant")));
		cells[3] = or_dash(joined(w, value_get(v, "controls"), ", "));
		inks[2] = ink_of(cells[2]);
		page_table_row(p, cells, inks);
	}
	page_table_end(p);
}

static void controls(struct write *w, struct page *p)
{
	static const struct page_column columns[] = { { "Control", 1.2, false }, { "What it is", 3.2, false },
		{ "Stands at", 1.5, false },
		{ "Tested", 1.1, true }, { "Deviate", 1.2, true }, { "Cannot tell", 1.5, true }, { "When due", 1.9, false } };
	const struct value *list = value_get(w->doc, "controls");
	enum ink inks[7] = { INK_STRONG, INK_PLAIN, INK_PLAIN, INK_PLAIN, INK_PLAIN, INK_PLAIN, INK_QUIET };
	struct str cells[7];
	size_t i;

	section(p, "Controls");
	page_table_begin(p, columns, 7);
	for (i = 0; i < list->n; i++) {
		const struct value *v = &list->items[i];

		cells[0] = pdf_get(v, "id");
		cells[1] = pdf_get(v, "title");
		cells[2] = pdf_get(v, "state");
		cells[3] = pdf_get(v, "tested");
		cells[4] = pdf_get(v, "deviating");
		cells[5] = pdf_get(v, "not_determinable");
		cells[6] = or_dash(pdf_get(v, "occurrence"));
		inks[2] = ink_of(cells[2]);
		inks[4] = str_is(cells[4], "0") ? INK_QUIET : INK_BAD;
		page_table_row(p, cells, inks);
	}
	page_table_end(p);
}

static void evidence(struct write *w, struct page *p)
{
	static const struct page_column columns[] = { { "Population", 2.2, false }, { "Days covered", 1.5, true },
		{ "Presumed", 1.2, true }, { "Unknown", 1.2, true }, { "Listings", 1.1, true }, { "Sources", 4, false } };
	const struct value *map = value_get(w->doc, "coverage");
	enum ink inks[6] = { INK_STRONG, INK_PLAIN, INK_PLAIN, INK_PLAIN, INK_PLAIN, INK_QUIET };
	struct str cells[6];
	size_t i, k;

	section(p, "Evidence");
	page_text(p, STYLE_TEXT, STR("A day is covered where every source of the population covers it; a day that none "
	    "covers is unknown, and nothing is said of it."));
	if (map->n > 0)
		page_table_begin(p, columns, 6);
	for (i = 0; i < map->n; i++) {
		const struct value *v = &map->members[i].value, *sources = value_get(v, "sources");
		struct buf b;

		buf_init(&b, LIMIT_RECORD);
		for (k = 0; k < sources->n; k++) {
			const struct value *s = &sources->items[k];

			buf_fmt(&b, "%s%.*s%s%.*s", k > 0 ? "\n" : "", STR_FMT(pdf_get(s, "source")), pdf_get(s, "instance").n > 0 ? " / " : "",
			    STR_FMT(pdf_get(s, "instance")));
		}
		cells[0] = map->members[i].key;
		cells[1] = arena_fmt(w->a, "%.*s of %.*s", STR_FMT(pdf_get(v, "covered")), STR_FMT(pdf_get(v, "days")));
		cells[2] = pdf_get(v, "presumed");
		cells[3] = pdf_get(v, "unknown");
		cells[4] = pdf_get(v, "extractions");
		cells[5] = arena_str(w->a, buf_view(&b));
		buf_done(&b);
		inks[3] = str_is(cells[3], "0") ? INK_QUIET : INK_WARN;
		page_table_row(p, cells, inks);
	}
	if (map->n > 0)
		page_table_end(p);
	page_text(p, STYLE_HEADING, STR("Registers and populations without a record"));
	page_text(p, STYLE_TEXT, pdf_get(w->doc, "without_records").n > 0 ? pdf_get(w->doc, "without_records") : STR("None."));
}

static void exclusions(struct write *w, struct page *p)
{
	static const struct page_column columns[] = { { "Exclusion", 1.5, false }, { "Of", 1.5, false }, { "Why", 3.5, false },
		{ "Approved by", 2.2, false }, { "On", 1.3, false }, { "Until", 1.3, false } };
	static const char *const names[] = { "name", "population", "reason", "approved_by", "approved_on", "until" };
	const struct value *list = value_get(w->doc, "exclusions");
	struct str cells[6];
	size_t i, k;

	if (list->n == 0)
		return;
	section(p, "Exclusions");
	page_table_begin(p, columns, 6);
	for (i = 0; i < list->n; i++) {
		for (k = 0; k < 6; k++)
			cells[k] = pdf_get(&list->items[i], names[k]);
		page_table_row(p, cells, NULL);
	}
	page_table_end(p);
}

static enum rc write_all(void *ctx, struct page *p, struct err *e)
{
	struct write *w = ctx;

	(void)e;
	cover(w, p);
	page_contents(p);
	next_steps(w, p);
	criteria(w, p);
	controls(w, p);
	evidence(w, p);
	exclusions(w, p);
	return RC_OK;
}

enum rc readiness_page(const struct value *doc, struct str created, const char *path, struct err *e)
{
	struct write w = { doc, arena_new(), false };
	const char *title = arena_z(w.a, arena_fmt(w.a, "%.*s: readiness", STR_FMT(pdf_get(doc, "organization"))));
	enum rc rc = str_ends(str_z(path), STR(".html")) ?
	    page_html_document(path, title, STR(MARKING), pdf_get(doc, "organization"), write_all, &w, e) :
	    page_document(path, title, arena_z(w.a, created), STR(MARKING), pdf_get(doc, "organization"), write_all, &w, e);

	arena_free(w.a);
	return rc;
}

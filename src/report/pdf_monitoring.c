/* pdf_monitoring: section V, the results of management's own monitoring, and how complete its populations are. */
#include "report/pdf_priv.h"

static bool has_items(const struct value *result)
{
	return !str_is(pdf_get(result, "state"), "no items");
}

static enum ink state_ink(struct str state)
{
	if (str_is(state, "met"))
		return INK_GOOD;
	if (str_is(state, "deviations"))
		return INK_BAD;
	return str_is(state, "not determinable") ? INK_WARN : INK_QUIET;
}

/* ---- all tests at a glance */
static void results_table(struct write *w, struct page *p)
{
	static const struct page_column columns[] = { { "Test", 1.5, false }, { "Population", 2.8, false }, { "Tested", 1.1, true },
		{ "Met", 0.95, true }, { "Deviate", 1.2, true }, { "Cannot tell", 1.6, true }, { "Undated", 1.25, true },
		{ "Result", 2.7, false } };
	static const char *const numbers[] = { "tested", "met", "deviating", "not_determinable", "undated" };
	const struct value *list = value_get(w->doc, "results");
	enum ink row_inks[8] = { INK_STRONG, INK_PLAIN, INK_PLAIN, INK_PLAIN, INK_PLAIN, INK_PLAIN, INK_PLAIN, INK_PLAIN };
	struct str cells[8];
	bool none = false, late = false;
	size_t i, k;

	page_text(p, STYLE_HEADING, STR("Tests over whole populations"));
	page_text(p, STYLE_TEXT, STR("Every item of a population in the period was judged, none was sampled. An item that the evidence "
	    "cannot settle is counted apart and is never a pass. A deviation shown here is management's own finding; only an auditor "
	    "can call one an exception."));
	page_table_begin(p, columns, 8);
	for (i = 0; i < list->n; i++) {
		const struct value *r = &list->items[i];

		if (!has_items(r)) {
			none = true;
			continue;
		}
		cells[0] = arena_fmt(w->a, "%.*s %.*s", STR_FMT(pdf_get(r, "control")), STR_FMT(pdf_get(r, "test")));
		cells[1] = pdf_get(r, "population");
		for (k = 0; k < 5; k++) {
			cells[2 + k] = pdf_get(r, numbers[k]);
			row_inks[2 + k] = str_is(cells[2 + k], "0") ? INK_QUIET : INK_PLAIN;
		}
		cells[7] = pdf_get(r, "late").n > 0 ? arena_fmt(w->a, "%.*s, late", STR_FMT(pdf_get(r, "state"))) :
		    pdf_get(r, "state");
		late = late || pdf_get(r, "late").n > 0;
		row_inks[7] = state_ink(pdf_get(r, "state"));
		page_table_row(p, cells, row_inks);
	}
	page_table_end(p);
	if (late)
		page_text(p, STYLE_TEXT, STR("\"Late\" stands where some of the evidence was received after the period had ended."));
	if (none)
		page_text(p, STYLE_TEXT, STR("A test that is not listed had no item in the period: it shows neither that the control "
		    "operated nor that it did not."));
}

/* ---- each test */
static struct str entry_words(struct write *w, const struct value *d)
{
	struct str leaf = pdf_get(d, "leaf");

	return leaf.n > 0 ? arena_fmt(w->a, "%.*s\n%.*s\xe2\x80\xa6", STR_FMT(pdf_get(d, "entry")), STR_FMT(str_sub(leaf, 0, 12))) :
	    pdf_get(d, "entry");
}

static void deviations(struct write *w, struct page *p, const struct value *r)
{
	static const struct page_column columns[] = { { "What deviates", 2.6, false }, { "In", 0.7, false }, { "Why", 4.2, false },
		{ "When", 1.9, false }, { "Entry", 1.7, false } };
	static const enum ink row_inks[] = { INK_STRONG, INK_BAD, INK_PLAIN, INK_PLAIN, INK_QUIET };
	const struct value *list = value_get(r, "deviations");
	struct str cells[5];
	size_t i;

	if (list->n == 0)
		return;
	page_table_begin(p, columns, 5);
	for (i = 0; i < list->n; i++) {
		const struct value *d = &list->items[i];

		cells[0] = pdf_get(d, "item");
		cells[1] = pdf_get(d, "letters");
		cells[2] = pdf_get(d, "why");
		cells[3] = pdf_get(d, "seen").n > 0 ? arena_fmt(w->a, "seen by %.*s", STR_FMT(pdf_get(d, "seen"))) :
		    moment(w, pdf_get(d, "first"));
		cells[4] = entry_words(w, d);
		page_table_row(p, cells, row_inks);
	}
	page_table_end(p);
}

static void attributes(struct write *w, struct page *p, const struct value *list)
{
	static const struct page_column columns[] = { { "", 0.4, false }, { "What must be true", 3.7, false },
		{ "Expression", 3.3, false }, { "Meets", 1, true }, { "Deviates", 1.3, true }, { "Cannot tell", 1.5, true } };
	static const char *const numbers[] = { "meets", "deviates", "not_determinable" };
	struct str cells[6];
	size_t i, k;

	page_table_begin(p, columns, 6);
	for (i = 0; i < list->n; i++) {
		const struct value *v = &list->items[i];
		bool person = pdf_get(v, "expression").p == NULL;
		enum ink row_inks[6] = { INK_STRONG, INK_PLAIN, INK_QUIET, INK_PLAIN, INK_PLAIN, INK_PLAIN };

		cells[0] = pdf_get(v, "letter");
		cells[1] = pdf_get(v, "not_determinable_why").n > 0 ? arena_fmt(w->a, "%.*s\nCannot be told: %.*s.",
		    STR_FMT(pdf_get(v, "words")), STR_FMT(pdf_get(v, "not_determinable_why"))) : pdf_get(v, "words");
		cells[2] = person ? STR("a person decides") : pdf_get(v, "expression");
		for (k = 0; k < 3; k++) {
			cells[3 + k] = person ? STR("") : pdf_get(v, numbers[k]);
			row_inks[3 + k] = str_is(cells[3 + k], "0") ? INK_QUIET : k == 1 ? INK_BAD : INK_PLAIN;
		}
		page_table_row(p, cells, row_inks);
	}
	page_table_end(p);
}

static void result(struct write *w, struct page *p, const struct value *r)
{
	const struct value *left = value_get(r, "left_out");
	size_t i;

	page_text(p, STYLE_SUBHEADING, arena_fmt(w->a, "%.*s %.*s  %.*s", STR_FMT(pdf_get(r, "control")), STR_FMT(pdf_get(r, "test")),
	    STR_FMT(pdf_get(r, "title"))));
	if (pdf_get(r, "where").n > 0)
		page_text(p, STYLE_SMALL, arena_fmt(w->a, "Only items for which: %.*s", STR_FMT(pdf_get(r, "where"))));
	page_text(p, STYLE_LEAD, arena_fmt(w->a, "%.*s%s%.*s", STR_FMT(pdf_get(r, "says")), pdf_get(r, "late").n > 0 ? " " : "",
	    STR_FMT(pdf_get(r, "late"))));
	for (i = 0; left != NULL && i < left->n; i++)
		page_text(p, STYLE_LEAD, left->items[i].text);
	if (pdf_get(r, "filter_unknown_why").n > 0)
		page_text(p, STYLE_LEAD, arena_fmt(w->a, "Whether the test is for an item cannot be told of %.*s: %.*s.",
		    STR_FMT(pdf_get(r, "filter_unknown")), STR_FMT(pdf_get(r, "filter_unknown_why"))));
	page_text(p, STYLE_SMALL, arena_fmt(w->a, "Population digest %.*s\xe2\x80\xa6, grid digest %.*s\xe2\x80\xa6",
	    STR_FMT(str_sub(pdf_get(r, "population_digest"), 0, 16)), STR_FMT(str_sub(pdf_get(r, "grid"), 0, 16))));
	attributes(w, p, value_get(r, "attributes"));
	deviations(w, p, r);
	if (!str_is(pdf_get(r, "undated"), "0"))
		page_text(p, STYLE_NOTE, arena_fmt(w->a, "%.*s undated, listed, not tested. Population incomplete. %.*s",
		    STR_FMT(pdf_get(r, "undated")), STR_FMT(joined(w, value_get(r, "undated_items"), "; "))));
}

static void results(struct write *w, struct page *p)
{
	const struct value *list = value_get(w->doc, "results");
	size_t i;

	page_text(p, STYLE_HEADING, STR("Each test by its attributes"));
	for (i = 0; i < list->n; i++)
		if (has_items(&list->items[i]))
			result(w, p, &list->items[i]);
}

/* ---- due windows */
static void windows(struct write *w, struct page *p)
{
	static const struct page_column columns[] = { { "Control", 1.6, false }, { "What it is", 3, false }, { "Due", 1.9, false },
		{ "Windows", 1.5, true }, { "Performed", 1.7, true }, { "Late", 1, true }, { "Missed", 1.3, true },
		{ "Not yet due", 1.6, true }, { "Unknown", 1.6, true } };
	static const char *const names[] = { "control", "title", "frequency", "due", "performed", "late", "missed", "not_yet_due",
		"unknown" };
	const struct value *list = value_get(w->doc, "windows");
	struct str cells[9];
	enum ink row_inks[9];
	size_t i, k;

	if (list->n == 0)
		return;
	page_text(p, STYLE_HEADING, STR("Controls that are due daily to yearly"));
	page_text(p, STYLE_LEAD, STR("Each window in which such a control was due was looked at, for each thing that it is due for. A "
	    "window that no evidence covers is unknown, neither performed nor missed."));
	page_table_begin(p, columns, 9);
	for (i = 0; i < list->n; i++) {
		for (k = 0; k < 9; k++) {
			cells[k] = pdf_get(&list->items[i], names[k]);
			row_inks[k] = k == 0 ? INK_STRONG : str_is(cells[k], "0") ? INK_QUIET : k == 5 || k == 6 ? INK_BAD : INK_PLAIN;
		}
		page_table_row(p, cells, row_inks);
	}
	page_table_end(p);
	for (i = 0; i < list->n; i++) {
		const struct value *lacking = value_get(&list->items[i], "lacking");

		if (lacking != NULL && lacking->n > 0)
			page_text(p, STYLE_TEXT, arena_fmt(w->a, "%.*s: %.*s", STR_FMT(pdf_get(&list->items[i], "control")),
			    STR_FMT(joined(w, lacking, "; "))));
	}
}

/* ---- completeness */
static void source_row(struct write *w, struct page *p, const struct value *s, struct str remark)
{
	struct str cells[5];

	cells[0] = pdf_get(s, "instance").n > 0 ? arena_fmt(w->a, "%.*s\n%.*s", STR_FMT(pdf_get(s, "source")),
	    STR_FMT(pdf_get(s, "instance"))) : pdf_get(s, "source");
	cells[1] = arena_fmt(w->a, "%.*s read\n%.*s kept\n%.*s duplicates\n%.*s rejected", STR_FMT(pdf_get(s, "in")),
	    STR_FMT(pdf_get(s, "kept")), STR_FMT(pdf_get(s, "duplicate")), STR_FMT(pdf_get(s, "rejected")));
	cells[2] = arena_fmt(w->a, "%.*s\n%.*s", STR_FMT(or_dash(moment(w, pdf_get(s, "first")))),
	    STR_FMT(or_dash(moment(w, pdf_get(s, "last")))));
	cells[3] = arena_fmt(w->a, "%.*s covered\n%.*s presumed\n%.*s unknown", STR_FMT(pdf_get(s, "covered")),
	    STR_FMT(pdf_get(s, "presumed")), STR_FMT(pdf_get(s, "unknown")));
	cells[4] = arena_fmt(w->a, "%.*s%s%.*s", STR_FMT(moment(w, pdf_get(s, "received"))), remark.n > 0 ? "\n" : "", STR_FMT(remark));
	page_table_row(p, cells, NULL);
}

/* What the checks of completeness of one population say. */
static void checks(struct write *w, struct page *p, struct str population)
{
	const struct value *list = value_get(w->doc, "completeness");
	bool complete = false;
	size_t i;

	for (i = 0; list != NULL && i < list->n; i++) {
		const struct value *c = &list->items[i];

		if (!str_eq(pdf_get(c, "population"), population))
			continue;
		if (str_is(pdf_get(c, "state"), "complete"))
			complete = true;
		else
			page_text(p, STYLE_TEXT, arena_fmt(w->a, "%.*s, %.*s: %.*s", STR_FMT(pdf_get(c, "check")),
			    STR_FMT(pdf_get(c, "state")), STR_FMT(pdf_get(c, "words"))));
	}
	if (complete)
		page_text(p, STYLE_SMALL, STR("The other checks of completeness found nothing."));
}

static bool is_covered(const struct value *coverage, struct str population)
{
	size_t i;

	for (i = 0; i < coverage->n; i++)
		if (str_eq(pdf_get(&coverage->items[i], "population"), population))
			return true;
	return false;
}

static void population(struct write *w, struct page *p, const struct value *v)
{
	static const struct page_column columns[] = { { "Source", 2.3, false }, { "Records", 1.8, false },
		{ "First and last", 2.5, false }, { "Days", 1.7, false }, { "Received", 2.7, false } };
	const struct value *record = value_get(v, "record"), *sources = value_get(record, "sources"),
		*remarks = value_get(v, "remarks"), *withdrawn = value_get(v, "withdrawn");
	size_t i;

	page_text(p, STYLE_SUBHEADING, pdf_get(v, "population"));
	if (pdf_get(v, "hint").n > 0)
		page_text(p, STYLE_SMALL, arena_fmt(w->a, "To be reconciled with: %.*s", STR_FMT(pdf_get(v, "hint"))));
	if (str_is(pdf_get(v, "kind"), "events"))
		page_text(p, STYLE_LEAD, arena_fmt(w->a, "Of %.*s days of the period %.*s are covered, %.*s are covered by presumption "
		    "only and %.*s are unknown.", STR_FMT(pdf_get(record, "days")), STR_FMT(pdf_get(record, "covered")),
		    STR_FMT(pdf_get(record, "presumed")), STR_FMT(pdf_get(record, "unknown"))));
	else
		page_text(p, STYLE_LEAD, arena_fmt(w->a, "Listings read in the period: %.*s. What lies between them is unknown.",
		    STR_FMT(pdf_get(record, "extractions"))));
	if (sources->n > 0) {
		page_table_begin(p, columns, 5);
		for (i = 0; i < sources->n; i++)
			source_row(w, p, &sources->items[i], remarks != NULL && i < remarks->n ? remarks->items[i].text : STR_NONE);
		page_table_end(p);
	}
	checks(w, p, pdf_get(v, "population"));
	for (i = 0; withdrawn != NULL && i < withdrawn->n; i++)
		page_text(p, STYLE_SMALL, arena_fmt(w->a, "Not counted: %.*s", STR_FMT(withdrawn->items[i].text)));
}

static void completeness(struct write *w, struct page *p)
{
	const struct value *list = value_get(w->doc, "coverage"), *made = value_get(w->doc, "completeness");
	struct str last = STR_NONE, name;
	size_t i;

	page_text(p, STYLE_HEADING, STR("How complete the populations are"));
	for (i = 0; i < list->n; i++)
		population(w, p, &list->items[i]);
	page_text(p, STYLE_SUBHEADING, STR("Registers and populations without a record"));
	page_text(p, STYLE_TEXT, pdf_get(w->doc, "without_records").n > 0 ? pdf_get(w->doc, "without_records") : STR("None."));
	for (i = 0; made != NULL && i < made->n; i++) {         /* of those, what another population says of them */
		name = pdf_get(&made->items[i], "population");
		if (!is_covered(list, name) && !str_eq(name, last))
			checks(w, p, name);
		last = name;
	}
}

static void ledger(struct write *w, struct page *p)
{
	const struct value *l = value_get(w->doc, "ledger"), *stamps = value_get(l, "stamps");
	size_t i;

	page_text(p, STYLE_HEADING, STR("Where this can be checked"));
	page_text(p, STYLE_TEXT, arena_fmt(w->a, "The ledger behind this draft holds %.*s entries, %.*s of them under its newest "
	    "signed checkpoint. Everything above was judged as of %.*s. An entry's number and the first digits of its fingerprint "
	    "stand beside what rests on it; the same report as JSON has all digits.", STR_FMT(pdf_get(l, "entries")),
	    STR_FMT(pdf_get(l, "checkpointed")), STR_FMT(moment(w, pdf_get(w->doc, "as_of")))));
	for (i = 0; stamps != NULL && i < stamps->n; i++)
		page_text(p, STYLE_TEXT, arena_fmt(w->a, "Time stamp: %.*s says that the first %.*s entries stood as they are at %.*s.",
		    STR_FMT(pdf_get(&stamps->items[i], "authority")), STR_FMT(pdf_get(&stamps->items[i], "entries")),
		    STR_FMT(moment(w, pdf_get(&stamps->items[i], "at")))));
	page_text(p, STYLE_TEXT, arena_fmt(w->a, "Origin of the ledger: %.*s", STR_FMT(pdf_get(l, "origin"))));
	page_text(p, STYLE_TEXT, arena_fmt(w->a, "Key that verifies its checkpoints: %.*s", STR_FMT(pdf_get(l, "vkey"))));
}

void section_five(struct write *w, struct page *p)
{
	section(p, "V. Other information provided by management");
	page_text(p, STYLE_NOTE, STR("This section is not covered by the auditor's report."));
	results_table(w, p);
	results(w, p);
	windows(w, p);
	completeness(w, p);
	ledger(w, p);
}

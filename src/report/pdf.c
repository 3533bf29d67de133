/* pdf: see pdf.h.  Section by section, in the order in which such reports stand. */
#include "report/pdf.h"

#include <stdio.h>
#include <string.h>

#include "report/page.h"

struct write {
	const struct value *doc;
	struct arena *a;
};

static struct str get(const struct value *v, const char *name)
{
	const struct value *m = value_get(v, name);

	return m != NULL && m->type != VALUE_NULL ? m->text : STR_NONE;
}

static struct str or_dash(struct str s)
{
	return s.n > 0 ? s : STR("\xe2\x80\x93");
}

/* A list's texts with ${between} between them. */
static struct str joined(struct write *w, const struct value *list, const char *between)
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

static void section(struct page *p, const char *title)
{
	page_break(p);
	page_text(p, STYLE_TITLE, str_z(title));
}

static void cover(struct write *w, struct page *p)
{
	const struct value *period = value_get(w->doc, "period");
	bool is_one = str_is(get(w->doc, "type"), "1");

	page_space(p, 60);
	page_text(p, STYLE_TITLE, get(w->doc, "organization"));
	page_text(p, STYLE_HEADING, get(w->doc, "system"));
	page_text(p, STYLE_TEXT, arena_fmt(w->a, "Management's draft in the form of a SOC 2 Type %.*s report",
	    STR_FMT(get(w->doc, "type"))));
	page_text(p, STYLE_TEXT, is_one ? arena_fmt(w->a, "As of %.*s", STR_FMT(get(period, "to"))) :
	    arena_fmt(w->a, "For the period from %.*s to %.*s, both included (%.*s)", STR_FMT(get(period, "from")),
	    STR_FMT(get(period, "to")), STR_FMT(get(w->doc, "zone"))));
	page_text(p, STYLE_TEXT, arena_fmt(w->a, "Trust services categories: %.*s",
	    STR_FMT(joined(w, value_get(w->doc, "categories"), ", "))));
	page_text(p, STYLE_NOTE, get(w->doc, "notice"));
	page_text(p, STYLE_SUBHEADING, STR("What stands where"));
	page_text(p, STYLE_TEXT, STR("I.  The service auditor's report: not yet made, and the auditor's alone"));
	page_text(p, STYLE_TEXT, STR("II.  Management's assertion: not yet made"));
	page_text(p, STYLE_TEXT, STR("III.  Management's description of the system"));
	page_text(p, STYLE_TEXT, STR("IV.  Criteria and controls; the tests and their results are for the auditor to fill in"));
	page_text(p, STYLE_TEXT, STR("V.  Other information provided by management: the results of its own monitoring"));
}

static void section_one(struct page *p)
{
	section(p, "I. Independent service auditor's report");
	page_text(p, STYLE_TEXT, STR("This section belongs to the service auditor. No auditor has examined what follows, and no "
	    "opinion is given here or anywhere in this document. Nothing in it may be read as an auditor's report."));
}

static void section_two(struct page *p)
{
	section(p, "II. Management's assertion");
	page_text(p, STYLE_HEADING, STR("Management's assertion: not yet made"));
	page_text(p, STYLE_TEXT, STR("Management makes its assertion over its own signature once the description is complete and it "
	    "has a reasonable basis for it. It has not done so."));
}

static void register_table(struct write *w, struct page *p, const char *title, const char *name, const char *const *heads,
    const char *const *fields, const double *widths, size_t columns)
{
	const struct value *list = value_get(value_get(w->doc, "registers"), name);
	struct str cells[8];
	size_t i, k;

	page_text(p, STYLE_SUBHEADING, str_z(title));
	if (list == NULL || list->n == 0) {
		page_text(p, STYLE_NOTE, STR("The register that this comes from holds no record."));
		return;
	}
	page_table_begin(p, heads, widths, columns);
	for (i = 0; i < list->n; i++) {
		for (k = 0; k < columns; k++)
			cells[k] = or_dash(get(&list->items[i], fields[k]));
		page_table_row(p, cells);
	}
	page_table_end(p);
}

static void words(struct page *p, const char *title, struct str text)
{
	page_text(p, STYLE_SUBHEADING, str_z(title));
	if (text.n > 0)
		page_text(p, STYLE_TEXT, text);
	else
		page_text(p, STYLE_NOTE, STR("The scope does not say."));
}

static void section_three(struct write *w, struct page *p)
{
	static const char *const h2[] = { "Commitment", "Text", "Where it was made" };
	static const char *const f2[] = { "commitment_id", "statement", "source_ref" };
	static const char *const hr[] = { "Requirement", "Text", "Rests on" };
	static const char *const fr[] = { "requirement_id", "statement", "basis_ref" };
	static const char *const h3[] = { "Component", "Type", "Title", "In the boundary" };
	static const char *const f3[] = { "component_id", "component_type", "title", "in_boundary" };
	static const char *const h6[] = { "Control", "Text", "Criteria" };
	static const char *const f6[] = { "cuec_id", "statement", "criteria" };
	static const char *const hc[] = { "Control", "Vendor", "Text", "Monitored by" };
	static const char *const fc[] = { "csoc_id", "vendor_id", "statement", "monitored_by" };
	static const char *const h7[] = { "Vendor", "Name", "Method", "Functions" };
	static const char *const f7[] = { "vendor_id", "name", "method", "functions" };
	static const char *const h4[] = { "Incident", "Detected", "Severity", "Resolved" };
	static const char *const f4[] = { "incident_id", "detected_at", "severity", "resolved_at" };
	static const double w3[] = { 2, 5, 3 }, w4[] = { 2, 2, 4, 2 };
	const struct value *list = value_get(w->doc, "not_relevant");
	size_t i;

	section(p, "III. Management's description of the system");
	words(p, "Services provided (DC 1)", joined(w, value_get(w->doc, "services"), ". "));
	register_table(w, p, "Principal service commitments (DC 2)", "service_commitment", h2, f2, w3, 3);
	register_table(w, p, "System requirements (DC 2)", "system_requirement", hr, fr, w3, 3);
	words(p, "The boundary of the system (DC 3)", joined(w, value_get(w->doc, "boundary"), ". "));
	register_table(w, p, "Components of the system (DC 3)", "system_component", h3, f3, w4, 4);
	words(p, "How incidents are told apart (DC 4)", get(w->doc, "incidents_basis"));
	register_table(w, p, "Incidents (DC 4)", "incident", h4, f4, w4, 4);
	page_text(p, STYLE_SUBHEADING, STR("Criteria and the controls that meet them (DC 5)"));
	page_text(p, STYLE_TEXT, STR("They stand in section IV."));
	register_table(w, p, "Controls that user entities must have (DC 6)", "cuec", h6, f6, w3, 3);
	register_table(w, p, "Subservice organizations and other vendors (DC 7)", "vendor", h7, f7, w4, 4);
	register_table(w, p, "Controls that subservice organizations must have (DC 7)", "csoc", hc, fc, w4, 4);
	page_text(p, STYLE_SUBHEADING, STR("Criteria that are not relevant (DC 8)"));
	if (list == NULL || list->type != VALUE_LIST || list->n == 0)
		page_text(p, STYLE_TEXT, STR("None: every criterion of the categories in scope is held to be relevant."));
	for (i = 0; list != NULL && list->type == VALUE_LIST && i < list->n; i++)
		page_text(p, STYLE_TEXT, arena_fmt(w->a, "%.*s: %.*s", STR_FMT(get(&list->items[i], "criterion")),
		    STR_FMT(get(&list->items[i], "reason"))));
	words(p, "Changes to the system in the period (DC 9)", joined(w, value_get(w->doc, "changes"), ". "));
}

static const struct value *control_of(struct write *w, struct str id)
{
	const struct value *list = value_get(w->doc, "controls");
	size_t i;

	for (i = 0; i < list->n; i++)
		if (str_eq(get(&list->items[i], "id"), id))
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
			buf_str(&b, get(&tests->items[i], "id"));
			buf_c(&b, '.');
			buf_str(&b, get(&attributes->items[k], "letter"));
			buf_c(&b, ' ');
			buf_str(&b, get(&attributes->items[k], "words"));
		}
	}
	out = arena_str(w->a, buf_view(&b));
	buf_done(&b);
	return out;
}

static void section_four(struct write *w, struct page *p)
{
	static const char *const heads[] = { "Control", "What the entity does", "What is to be tested", "Tests by the auditor",
		"Results" };
	static const double widths[] = { 1.1, 3, 3.4, 1.3, 1.1 };
	const struct value *criteria = value_get(w->doc, "criteria"), *ids, *control;
	struct str cells[5] = { { NULL, 0 } };
	size_t i, k;

	section(p, "IV. Criteria, controls, tests of controls and results");
	page_text(p, STYLE_TEXT, STR("The two right-hand columns are the auditor's and stay empty until the auditor fills them in. The "
	    "criteria are paraphrased in our own words."));
	for (i = 0; i < criteria->n; i++) {
		page_text(p, STYLE_SUBHEADING, arena_fmt(w->a, "%.*s  %.*s", STR_FMT(get(&criteria->items[i], "id")),
		    STR_FMT(get(&criteria->items[i], "title"))));
		page_text(p, STYLE_SMALL, get(&criteria->items[i], "statement"));
		if (get(&criteria->items[i], "not_relevant").p != NULL) {
			page_text(p, STYLE_NOTE, arena_fmt(w->a, "Not relevant: %.*s", STR_FMT(get(&criteria->items[i], "not_relevant"))));
			continue;
		}
		ids = value_get(&criteria->items[i], "controls");
		if (ids->n == 0) {
			page_text(p, STYLE_NOTE, STR("No control is mapped to this criterion."));
			continue;
		}
		page_table_begin(p, heads, widths, 5);
		for (k = 0; k < ids->n; k++) {
			if ((control = control_of(w, ids->items[k].text)) == NULL)
				continue;
			cells[0] = get(control, "id");
			cells[1] = arena_fmt(w->a, "%.*s. %.*s", STR_FMT(get(control, "title")), STR_FMT(get(control, "statement")));
			cells[2] = test_words(w, control);
			page_table_row(p, cells);
		}
		page_table_end(p);
	}
}

static void results_table(struct write *w, struct page *p)
{
	static const char *const heads[] = { "Test", "Population", "Tested", "Met", "Deviate", "Cannot tell", "Undated", "Result" };
	static const double widths[] = { 1.6, 2.2, 1.2, 1, 1.3, 1.3, 1.4, 1.9 };
	static const char *const numbers[] = { "tested", "met", "deviating", "not_determinable", "undated" };
	const struct value *list = value_get(w->doc, "results");
	struct str cells[8];
	unsigned none = 0;
	size_t i, k;

	page_text(p, STYLE_HEADING, STR("Tests over whole populations"));
	page_text(p, STYLE_TEXT, STR("Every item of a population in the period was judged, none was sampled. An item that the evidence "
	    "cannot settle is counted apart and is never a pass. A deviation shown here is management's own finding; only an auditor "
	    "can call one an exception."));
	page_table_begin(p, heads, widths, 8);
	for (i = 0; i < list->n; i++) {
		if (str_is(get(&list->items[i], "state"), "no items")) {
			none++;
			continue;
		}
		cells[0] = arena_fmt(w->a, "%.*s %.*s", STR_FMT(get(&list->items[i], "control")), STR_FMT(get(&list->items[i], "test")));
		cells[1] = get(&list->items[i], "population");
		for (k = 0; k < 5; k++)
			cells[2 + k] = get(&list->items[i], numbers[k]);
		cells[7] = get(&list->items[i], "state");
		page_table_row(p, cells);
	}
	page_table_end(p);
	if (none > 0)
		page_text(p, STYLE_TEXT, STR("Tests that are not listed had no item in the period: they show neither that the control "
		    "operated nor that it did not."));
}

static void deviations(struct page *p, const struct value *r)
{
	static const char *const heads[] = { "Item", "Attribute", "When", "Entry", "Fingerprint" };
	static const double widths[] = { 3, 1, 2.8, 1, 3.4 };
	const struct value *list = value_get(r, "deviations");
	struct str cells[5];
	size_t i;

	if (list->n == 0)
		return;
	page_table_begin(p, heads, widths, 5);
	for (i = 0; i < list->n; i++) {
		cells[0] = get(&list->items[i], "item");
		cells[1] = get(&list->items[i], "letters");
		cells[2] = get(&list->items[i], "first");
		cells[3] = get(&list->items[i], "entry");
		cells[4] = get(&list->items[i], "leaf");
		page_table_row(p, cells);
	}
	page_table_end(p);
}

static void result_details(struct write *w, struct page *p)
{
	static const char *const heads[] = { "", "What must be true", "Expression", "Meets", "Deviates", "Cannot tell" };
	static const double widths[] = { 0.4, 3.6, 3.8, 1, 1.3, 1.2 };
	const struct value *list = value_get(w->doc, "results"), *attributes;
	struct str cells[6];
	size_t i, k;

	page_text(p, STYLE_HEADING, STR("Each test by its attributes"));
	for (i = 0; i < list->n; i++) {
		const struct value *r = &list->items[i];

		if (str_is(get(r, "state"), "no items"))
			continue;
		page_text(p, STYLE_SUBHEADING, arena_fmt(w->a, "%.*s %.*s  %.*s", STR_FMT(get(r, "control")), STR_FMT(get(r, "test")),
		    STR_FMT(get(r, "title"))));
		if (get(r, "where").n > 0)
			page_text(p, STYLE_SMALL, arena_fmt(w->a, "Only items for which: %.*s", STR_FMT(get(r, "where"))));
		attributes = value_get(r, "attributes");
		page_table_begin(p, heads, widths, 6);
		for (k = 0; k < attributes->n; k++) {
			bool person = get(&attributes->items[k], "expression").p == NULL;

			cells[0] = get(&attributes->items[k], "letter");
			cells[1] = get(&attributes->items[k], "words");
			cells[2] = person ? STR("a person decides") : get(&attributes->items[k], "expression");
			cells[3] = person ? STR("") : get(&attributes->items[k], "meets");
			cells[4] = person ? STR("") : get(&attributes->items[k], "deviates");
			cells[5] = person ? STR("") : get(&attributes->items[k], "not_determinable");
			page_table_row(p, cells);
		}
		page_table_end(p);
		deviations(p, r);
		page_text(p, STYLE_SMALL, arena_fmt(w->a, "Population digest %.*s, grid digest %.*s",
		    STR_FMT(get(r, "population_digest")), STR_FMT(get(r, "grid"))));
	}
}

static void completeness(struct write *w, struct page *p)
{
	static const char *const heads[] = { "Source", "Records / kept", "Known / rejected", "First and last",
		"Days covered / presumed / unknown", "Received" };
	static const double widths[] = { 1.8, 1.3, 1.2, 3, 1.7, 3.2 };
	const struct value *list = value_get(w->doc, "coverage"), *sources, *record;
	struct str cells[6];
	size_t i, k;

	page_text(p, STYLE_HEADING, STR("How complete the populations are"));
	for (i = 0; i < list->n; i++) {
		record = value_get(&list->items[i], "record");
		sources = value_get(record, "sources");
		page_text(p, STYLE_SUBHEADING, get(&list->items[i], "population"));
		if (str_is(get(&list->items[i], "kind"), "events"))
			page_text(p, STYLE_TEXT, arena_fmt(w->a, "Of %.*s days of the period %.*s are covered, %.*s are covered by presumption "
			    "only and %.*s are unknown.", STR_FMT(get(record, "days")), STR_FMT(get(record, "covered")),
			    STR_FMT(get(record, "presumed")), STR_FMT(get(record, "unknown"))));
		else
			page_text(p, STYLE_TEXT, arena_fmt(w->a, "%.*s listings were read in the period; what lies between them is unknown.",
			    STR_FMT(get(record, "extractions"))));
		page_text(p, STYLE_SMALL, arena_fmt(w->a, "To be reconciled with: %.*s", STR_FMT(get(&list->items[i], "hint"))));
		if (sources->n == 0)
			continue;
		page_table_begin(p, heads, widths, 6);
		for (k = 0; k < sources->n; k++) {
			const struct value *s = &sources->items[k];
			const struct value *late = value_get(s, "late");

			cells[0] = get(s, "instance").n > 0 ? arena_fmt(w->a, "%.*s\n%.*s", STR_FMT(get(s, "source")),
			    STR_FMT(get(s, "instance"))) : get(s, "source");
			cells[1] = arena_fmt(w->a, "%.*s / %.*s", STR_FMT(get(s, "in")), STR_FMT(get(s, "kept")));
			cells[2] = arena_fmt(w->a, "%.*s / %.*s", STR_FMT(get(s, "duplicate")), STR_FMT(get(s, "rejected")));
			cells[3] = arena_fmt(w->a, "%.*s\n%.*s", STR_FMT(or_dash(get(s, "first"))), STR_FMT(or_dash(get(s, "last"))));
			cells[4] = arena_fmt(w->a, "%.*s / %.*s / %.*s", STR_FMT(get(s, "covered")), STR_FMT(get(s, "presumed")),
			    STR_FMT(get(s, "unknown")));
			cells[5] = late != NULL && late->is_true ? arena_fmt(w->a, "%.*s\nafter the period ended",
			    STR_FMT(get(s, "received"))) : get(s, "received");
			page_table_row(p, cells);
		}
		page_table_end(p);
	}
	page_text(p, STYLE_SUBHEADING, STR("Registers and populations without a record"));
	page_text(p, STYLE_TEXT, get(w->doc, "without_records").n > 0 ? get(w->doc, "without_records") : STR("None."));
}

static void ledger(struct write *w, struct page *p)
{
	const struct value *l = value_get(w->doc, "ledger");

	page_text(p, STYLE_HEADING, STR("Where this can be checked"));
	page_text(p, STYLE_TEXT, arena_fmt(w->a, "The ledger behind this draft holds %.*s entries, %.*s of them under its newest "
	    "signed checkpoint. Everything above was judged as of %.*s.", STR_FMT(get(l, "entries")), STR_FMT(get(l, "checkpointed")),
	    STR_FMT(get(w->doc, "as_of"))));
	page_text(p, STYLE_SMALL, arena_fmt(w->a, "Origin %.*s", STR_FMT(get(l, "origin"))));
	page_text(p, STYLE_SMALL, arena_fmt(w->a, "Verifier's key %.*s", STR_FMT(get(l, "vkey"))));
}

static void section_five(struct write *w, struct page *p)
{
	section(p, "V. Other information provided by management");
	page_text(p, STYLE_NOTE, STR("This section is not covered by the auditor's report."));
	results_table(w, p);
	result_details(w, p);
	completeness(w, p);
	ledger(w, p);
}

static enum rc write_all(void *ctx, struct page *p, struct err *e)
{
	struct write *w = ctx;

	(void)e;
	cover(w, p);
	section_one(p);
	page_break(p);
	section_two(p);
	section_three(w, p);
	section_four(w, p);
	section_five(w, p);
	return RC_OK;
}

enum rc report_pdf(const struct value *doc, const char *path, struct err *e)
{
	struct write w = { doc, arena_new() };
	enum rc rc;

	rc = page_document(path, arena_z(w.a, get(doc, "organization")), arena_z(w.a, get(doc, "as_of")), get(doc, "marking"),
	    write_all, &w, e);
	arena_free(w.a);
	return rc;
}

/* pdf_description: section III, the description of the system, in the order of the description criteria. */
#include "report/pdf_priv.h"

enum { FIELDS_MAX = 6 };

struct table_of {
	const char *title, *name;       /* the heading, and the register */
	struct page_column columns[FIELDS_MAX];
	const char *fields[FIELDS_MAX];
	size_t n;
	const char *only, *value;       /* only items of which that field has that value, or (with !) has not; NULL: all */
};

static void words(struct page *p, const char *title, struct str text)
{
	page_text(p, STYLE_HEADING, str_z(title));
	if (text.n > 0)
		page_text(p, STYLE_TEXT, text);
	else
		page_text(p, STYLE_NOTE, STR("The scope does not say."));
}

static bool is_taken(const struct table_of *t, const struct value *fields)
{
	struct str is;

	if (t->only == NULL)
		return true;
	is = pdf_get(fields, t->only);
	return t->value[0] == '!' ? !str_is(is, t->value + 1) : str_is(is, t->value);
}

static struct str in_force(struct write *w, const struct value *item)
{
	struct str since = pdf_get(item, "since"), until = pdf_get(item, "until");

	if (w->is_one)
		return STR("on that day");
	if (since.n > 0 && until.n > 0)
		return arena_fmt(w->a, "%.*s to %.*s", STR_FMT(since), STR_FMT(until));
	if (since.n > 0)
		return arena_fmt(w->a, "from %.*s", STR_FMT(since));
	return until.n > 0 ? arena_fmt(w->a, "until %.*s", STR_FMT(until)) : STR("throughout");
}

static void field_cells(struct write *w, const struct table_of *t, const struct value *fields, struct str *cells)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		struct str s = pdf_get(fields, t->fields[i]);

		if (str_is(s, "?") || s.n == 0)
			s = STR("\xe2\x80\x93");
		else if (str_is(s, "true"))
			s = STR("yes");
		else if (str_is(s, "false"))
			s = STR("no");
		cells[i] = moment(w, s);
	}
}

static void nothing(struct write *w, struct page *p, const struct value *reg)
{
	if (!str_is(pdf_get(reg, "outside"), "0"))
		page_text(p, STYLE_NOTE, arena_fmt(w->a, "No record of this register was in force in the period; %.*s of it stood "
		    "before or after it.", STR_FMT(pdf_get(reg, "outside"))));
	else
		page_text(p, STYLE_NOTE, STR("The register that this comes from holds no record."));
}

static void register_table(struct write *w, struct page *p, const struct table_of *t)
{
	const struct value *reg = value_get(value_get(w->doc, "registers"), t->name), *items = value_get(reg, "items");
	struct page_column columns[FIELDS_MAX + 1];
	struct str cells[FIELDS_MAX + 1];
	bool any = false;
	size_t i;

	page_text(p, STYLE_HEADING, str_z(t->title));
	for (i = 0; i < t->n; i++)
		columns[i] = t->columns[i];
	columns[t->n] = (struct page_column){ "In force", 1.7, false };
	for (i = 0; items != NULL && i < items->n; i++) {
		const struct value *fields = value_get(&items->items[i], "fields");

		if (!is_taken(t, fields))
			continue;
		if (!any)
			page_table_begin(p, columns, t->n + 1);
		any = true;
		field_cells(w, t, fields, cells);
		cells[t->n] = in_force(w, &items->items[i]);
		page_table_row(p, cells, NULL);
	}
	if (any)
		page_table_end(p);
	else if (items != NULL && items->n > 0)
		page_text(p, STYLE_NOTE, STR("None of the register's records is of this kind."));
	else
		nothing(w, p, reg);
}

/* DC 4 wants the significant ones; the others are counted, so that nobody has to take their absence on trust. */
static void incidents(struct write *w, struct page *p)
{
	static const struct page_column columns[] = { { "Incident", 1.6, false }, { "Detected", 2, false }, { "Severity", 1.2, false },
		{ "Resolved", 2, false }, { "Why it is significant", 3.4, false } };
	static const struct table_of t = { .fields = { "incident_id", "detected_at", "severity", "resolved_at", "dc4_reason" }, .n = 5,
		.only = "dc4_significant", .value = "true" };
	const struct value *reg = value_get(value_get(w->doc, "registers"), "incident"), *items = value_get(reg, "items"),
		*count = value_get(w->doc, "incidents");
	struct str cells[FIELDS_MAX + 1];
	bool any = false;
	size_t i;

	page_text(p, STYLE_HEADING, STR("Significant incidents (DC 4)"));
	if (items->n == 0) {
		nothing(w, p, reg);
		return;
	}
	page_text(p, STYLE_TEXT, arena_fmt(w->a, "Of the incidents dated in the period %.*s were judged significant, %.*s were "
	    "judged not significant, and %.*s are not judged yet.", STR_FMT(pdf_get(count, "significant")),
	    STR_FMT(pdf_get(count, "not_significant")), STR_FMT(pdf_get(count, "not_triaged"))));
	for (i = 0; i < items->n; i++) {
		if (!is_taken(&t, value_get(&items->items[i], "fields")))
			continue;
		if (!any)
			page_table_begin(p, columns, t.n);
		any = true;
		field_cells(w, &t, value_get(&items->items[i], "fields"), cells);
		page_table_row(p, cells, NULL);
	}
	if (any)
		page_table_end(p);
	if (!str_is(pdf_get(reg, "undated"), "0"))
		page_text(p, STYLE_NOTE, arena_fmt(w->a, "%.*s more in the register have no date that places them: the register is "
		    "incomplete.", STR_FMT(pdf_get(reg, "undated"))));
}

static void not_relevant(struct write *w, struct page *p)
{
	const struct value *list = value_get(w->doc, "not_relevant");
	size_t i;

	page_text(p, STYLE_HEADING, STR("Criteria that are not relevant (DC 8)"));
	if (list == NULL || list->type != VALUE_LIST || list->n == 0)
		page_text(p, STYLE_TEXT, STR("None: every criterion of the categories in scope is held to be relevant."));
	for (i = 0; list != NULL && list->type == VALUE_LIST && i < list->n; i++)
		page_text(p, STYLE_TEXT, arena_fmt(w->a, "%.*s: %.*s", STR_FMT(pdf_get(&list->items[i], "criterion")),
		    STR_FMT(pdf_get(&list->items[i], "reason"))));
}

void section_three(struct write *w, struct page *p)
{
	static const struct table_of commitments = { "Principal service commitments (DC 2)", "service_commitment",
		{ { "Commitment", 1.5, false }, { "What is promised", 4.6, false }, { "Where", 2, false } },
		{ "commitment_id", "statement", "source_ref" }, 3, "principal", "!false" };
	static const struct table_of requirements = { "System requirements (DC 2)", "system_requirement",
		{ { "Requirement", 1.5, false }, { "What the system must do", 4.6, false }, { "Rests on", 2, false } },
		{ "requirement_id", "statement", "basis_ref" }, 3, NULL, NULL };
	static const struct table_of components = { "Components of the system (DC 3)", "system_component",
		{ { "Component", 1.5, false }, { "Kind", 1.5, false }, { "What it is", 3.6, false }, { "In the boundary", 1.3, false } },
		{ "component_id", "component_type", "title", "in_boundary" }, 4, NULL, NULL };
	static const struct table_of users = { "Complementary user entity controls (DC 6)", "cuec",
		{ { "Control", 1.3, false }, { "What user entities must do", 4.8, false }, { "Criteria", 1.6, false } },
		{ "cuec_id", "statement", "criteria" }, 3, NULL, NULL };
	static const struct table_of vendors = { "Subservice organizations (DC 7)", "vendor",
		{ { "Organization", 1.5, false }, { "Name", 2.4, false }, { "Method", 1.4, false },
		    { "What it does for the system", 3, false } },
		{ "vendor_id", "name", "method", "functions" }, 4, "subservice", "true" };
	static const struct table_of subservice = { "Complementary subservice organization controls (DC 7)", "csoc",
		{ { "Control", 1.2, false }, { "Organization", 1.5, false }, { "What it must do", 3.8, false },
		    { "Monitored by", 1.6, false } },
		{ "csoc_id", "vendor_id", "statement", "monitored_by" }, 4, NULL, NULL };

	section(p, "III. Management's description of the system");
	page_text(p, STYLE_TEXT, w->is_one ? STR("The registers stand here as they were on that day.") :
	    STR("The registers stand here as they were in the period. What changed in it stands once for each form that it had, "
	    "with the days of each."));
	words(p, "Services provided (DC 1)", joined(w, value_get(w->doc, "services"), ". "));
	register_table(w, p, &commitments);
	register_table(w, p, &requirements);
	words(p, "The boundary of the system (DC 3)", joined(w, value_get(w->doc, "boundary"), ". "));
	register_table(w, p, &components);
	words(p, "How incidents were looked for (DC 4)", pdf_get(w->doc, "incidents_basis"));
	incidents(w, p);
	page_text(p, STYLE_HEADING, STR("Criteria and the controls that meet them (DC 5)"));
	page_text(p, STYLE_TEXT, STR("They stand in section IV."));
	register_table(w, p, &users);
	register_table(w, p, &vendors);
	register_table(w, p, &subservice);
	not_relevant(w, p);
	if (w->is_one)
		return;                         /* DC 9 is of periods only */
	words(p, "Changes to the system in the period (DC 9)", joined(w, value_get(w->doc, "changes"), ". "));
}

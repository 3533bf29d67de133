/* figures REPORT.json TEXT: every figure in the text of a report's pages comes from a path of its document, and every
 * figure of the document stands on the pages or at a path that is named here as one that is not printed.
 *
 * What is printed is read from the document path by path, as docs/formats/report.md has it and not as the renderer does
 * it.  TEXT is in the order in which the pages were drawn, cell after cell (pdftotext -raw), so the figures so gathered
 * and those in the text must be the same ones in the same order: one changed, added, left out or swapped with another
 * shows, in a sentence as in any table.  Left out: page numbers, "SOC 2", "Type 2", "DC 4", and the ledger's origin and
 * key at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/file.h"
#include "base/value.h"

/* Paths that no page shows; [*] stands for any place in a list, * at the end for all below. */
static const char *const unprinted[] = {
	".type", ".marking", ".ledger.*", ".owner", ".controls[*].*", ".criteria[*].controls[*]", ".criteria[*].series",
	".results[*].deviations[*].key*", ".results[*].deviations[*].leaf", ".results[*].deviations[*].first",
	".results[*].deviations[*].last", ".results[*].excluded", ".results[*].extractions", ".results[*].filter_unknown",
	".results[*].grid", ".results[*].population_digest", ".results[*].undated", ".coverage[*].record.full_extractions",
	".coverage[*].record.extractions", ".coverage[*].record.days", ".coverage[*].record.covered", ".coverage[*].record.presumed",
	".coverage[*].record.unknown", ".coverage[*].record.sources[*].*", ".registers.*", ".incidents.*",
	".completeness[*].examined", ".completeness[*].found",
};

/* A figure, and the text that it stands in. */
struct figure {
	struct str word, in;
};

static struct arena *a;
static struct figure *wanted;
static size_t n_wanted, wanted_room;
static const struct value **shown;
static size_t n_shown, shown_room;
static int wrong;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

/* The next word that is digits and nothing else, from ${*at} on. */
static bool figure(struct str text, size_t *at, struct str *word)
{
	size_t from, i;

	while (*at < text.n) {
		while (*at < text.n && !is_word(text.p[*at]))
			(*at)++;
		for (from = *at; *at < text.n && is_word(text.p[*at]); (*at)++)
			;
		*word = str_sub(text, from, *at - from);
		for (i = 0; i < word->n && is_digit(word->p[i]); i++)
			;
		if (word->n > 0 && i == word->n)
			return true;
	}
	return false;
}

/* ---- what is to be printed */
static void words(struct str text)
{
	struct str word;
	size_t at = 0;

	while (figure(text, &at, &word)) {
		if (n_wanted == wanted_room) {
			wanted_room = wanted_room == 0 ? 4096 : wanted_room * 2;
			wanted = mem_resize(wanted, wanted_room * sizeof(*wanted));
		}
		wanted[n_wanted++] = (struct figure){ word, text };
	}
}

static void note_shown(const struct value *v)
{
	if (n_shown == shown_room) {
		shown_room = shown_room == 0 ? 4096 : shown_room * 2;
		shown = mem_resize(shown, shown_room * sizeof(*shown));
	}
	shown[n_shown++] = v;
}

/* A person decides: the machine's counts of nothing are not printed. */
static void not_printed(const struct value *attribute)
{
	static const char *const names[] = { "meets", "deviates", "not_determinable" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		note_shown(value_get(attribute, names[i]));
}

static void printed(const struct value *v)
{
	size_t i;

	if (v == NULL || v->type == VALUE_NULL)
		return;
	if (v->type == VALUE_LIST) {
		for (i = 0; i < v->n; i++)
			printed(&v->items[i]);
		return;
	}
	note_shown(v);
	words(v->text);
}

static void prints(const struct value *v, const char *const *names)
{
	for (; *names != NULL; names++)
		printed(value_get(v, *names));
}

#define PRINTS(v, ...) prints((v), (const char *const[]){ __VA_ARGS__, NULL })

/* "2024-06-01T19:29:20.5Z" is printed as a day and a time to the second. */
static void moment(struct str s)
{
	words(str_sub(s, 0, 10));
	words(str_sub(s, 11, s.n > 11 ? 8 : 0));
}

static struct str text_of(const struct value *v, const char *name)
{
	const struct value *m = value_get(v, name);

	return m != NULL && m->type != VALUE_NULL ? m->text : STR_NONE;
}

static void field(struct str s)
{
	if (s.n >= 20 && s.p[4] == '-' && s.p[10] == 'T')
		moment(s);
	else
		words(s);
}

static void reg(const struct value *doc, const char *name, const char *only, const char *is, const char *const *fields)
{
	const struct value *r = value_get(value_get(doc, "registers"), name), *items = value_get(r, "items"), *f;
	size_t i, k;

	if (items->n == 0 && !str_is(text_of(r, "outside"), "0"))
		words(text_of(r, "outside"));
	for (i = 0; i < items->n; i++) {
		f = value_get(&items->items[i], "fields");
		if (only != NULL && (is[0] == '!' ? str_is(text_of(f, only), is + 1) : !str_is(text_of(f, only), is)))
			continue;
		for (k = 0; fields[k] != NULL; k++)
			field(text_of(f, fields[k]));
		words(text_of(&items->items[i], "since"));
		words(text_of(&items->items[i], "until"));
	}
	if (!str_is(text_of(r, "undated"), "0"))
		words(text_of(r, "undated"));
}

#define REGISTER(doc, name, only, is, ...) reg((doc), (name), (only), (is), (const char *const[]){ __VA_ARGS__, NULL })

static void description(const struct value *doc)
{
	const struct value *incidents = value_get(value_get(value_get(doc, "registers"), "incident"), "items");

	PRINTS(doc, "services");
	REGISTER(doc, "service_commitment", "principal", "!false", "commitment_id", "statement", "source_ref");
	REGISTER(doc, "system_requirement", NULL, NULL, "requirement_id", "statement", "basis_ref");
	PRINTS(doc, "boundary");
	REGISTER(doc, "system_component", NULL, NULL, "component_id", "component_type", "title");
	PRINTS(doc, "incidents_basis");
	if (incidents->n > 0)
		PRINTS(value_get(doc, "incidents"), "significant", "not_significant", "not_triaged");
	REGISTER(doc, "incident", "dc4_significant", "true", "incident_id", "detected_at", "severity", "resolved_at", "dc4_reason");
	REGISTER(doc, "cuec", NULL, NULL, "cuec_id", "statement", "criteria");
	REGISTER(doc, "vendor", "subservice", "true", "vendor_id", "name", "method", "functions");
	REGISTER(doc, "csoc", NULL, NULL, "csoc_id", "vendor_id", "statement", "monitored_by");
	PRINTS(doc, "not_relevant", "changes");
}

static void control(const struct value *doc, struct str id)
{
	const struct value *list = value_get(doc, "controls"), *tests, *attributes;
	size_t i, k, m;

	for (i = 0; i < list->n; i++) {
		if (!str_eq(text_of(&list->items[i], "id"), id))
			continue;
		PRINTS(&list->items[i], "id", "title", "statement");
		tests = value_get(&list->items[i], "tests");
		for (k = 0; k < tests->n; k++) {
			attributes = value_get(&tests->items[k], "attributes");
			for (m = 0; m < attributes->n; m++) {
				words(text_of(&tests->items[k], "id"));
				PRINTS(&attributes->items[m], "words");
			}
		}
	}
}

static void series(const struct value *doc, struct str id)
{
	const struct value *list = value_get(doc, "series");
	size_t i;

	for (i = 0; i < list->n; i++)
		if (str_eq(text_of(&list->items[i], "id"), id))
			PRINTS(&list->items[i], "id", "name");
}

static void criteria(const struct value *doc)
{
	const struct value *list = value_get(doc, "criteria"), *controls;
	struct str now = STR_NONE;
	size_t i, k;

	for (i = 0; i < list->n; i++) {
		if (!str_eq(text_of(&list->items[i], "series"), now))
			series(doc, now = text_of(&list->items[i], "series"));
		PRINTS(&list->items[i], "id", "title", "statement", "not_relevant");
		controls = value_get(&list->items[i], "controls");
		for (k = 0; text_of(&list->items[i], "not_relevant").p == NULL && k < controls->n; k++)
			control(doc, controls->items[k].text);
	}
}

static void result(const struct value *r)
{
	const struct value *list = value_get(r, "attributes"), *d;
	size_t i;

	PRINTS(r, "control", "test", "title", "where", "says", "late");
	if (text_of(r, "filter_unknown_why").n > 0)
		PRINTS(r, "filter_unknown", "filter_unknown_why");
	words(str_sub(text_of(r, "population_digest"), 0, 16));
	words(str_sub(text_of(r, "grid"), 0, 16));
	for (i = 0; i < list->n; i++) {
		PRINTS(&list->items[i], "letter", "words", "not_determinable_why", "expression");
		if (text_of(&list->items[i], "expression").p != NULL)
			PRINTS(&list->items[i], "meets", "deviates", "not_determinable");
		else
			not_printed(&list->items[i]);
	}
	list = value_get(r, "deviations");
	for (i = 0; i < list->n; i++) {
		d = &list->items[i];
		PRINTS(d, "item", "letters", "why", "seen");
		if (text_of(d, "seen").p == NULL)
			moment(text_of(d, "first"));
		PRINTS(d, "entry");
		/* of the leaf the first digits, with … behind them: a word and no figure, even where none of them is a letter */
	}
	if (!str_is(text_of(r, "undated"), "0"))
		PRINTS(r, "undated", "undated_items");
}

/* What the checks of one population say, where it is not that it is complete. */
static void checks(const struct value *doc, struct str population)
{
	const struct value *list = value_get(doc, "completeness");
	size_t i;

	for (i = 0; i < list->n; i++)
		if (str_eq(text_of(&list->items[i], "population"), population) && !str_is(text_of(&list->items[i], "state"), "complete"))
			PRINTS(&list->items[i], "check", "state", "words");
}

static bool is_covered(const struct value *doc, struct str population)
{
	const struct value *list = value_get(doc, "coverage");
	size_t i;

	for (i = 0; i < list->n; i++)
		if (str_eq(text_of(&list->items[i], "population"), population))
			return true;
	return false;
}

static void coverage(const struct value *v)
{
	const struct value *record = value_get(v, "record"), *sources = value_get(record, "sources"),
		*remarks = value_get(v, "remarks"), *s;
	size_t i;

	PRINTS(v, "population", "hint");
	if (str_is(text_of(v, "kind"), "events"))
		PRINTS(record, "days", "covered", "presumed", "unknown");
	else
		PRINTS(record, "extractions");
	for (i = 0; i < sources->n; i++) {
		s = &sources->items[i];
		PRINTS(s, "source", "instance", "in", "kept", "duplicate", "rejected");
		moment(text_of(s, "first"));
		moment(text_of(s, "last"));
		PRINTS(s, "covered", "presumed", "unknown");
		moment(text_of(s, "received"));
		if (i < remarks->n)
			printed(&remarks->items[i]);
	}
}

static void all(const struct value *doc)
{
	const struct value *list, *results = value_get(doc, "results");
	struct str last = STR_NONE;
	size_t i;

	PRINTS(doc, "organization", "system");
	PRINTS(value_get(doc, "period"), "from", "to");
	PRINTS(doc, "zone", "categories");
	moment(text_of(doc, "as_of"));
	PRINTS(doc, "notice");
	description(doc);
	criteria(doc);
	for (i = 0; i < results->n; i++)
		if (!str_is(text_of(&results->items[i], "state"), "no items"))
			PRINTS(&results->items[i], "control", "test", "population", "tested", "met", "deviating", "not_determinable",
			    "undated", "state");
	for (i = 0; i < results->n; i++)
		if (!str_is(text_of(&results->items[i], "state"), "no items"))
			result(&results->items[i]);
	for (i = 0, list = value_get(doc, "windows"); i < list->n; i++)
		PRINTS(&list->items[i], "control", "title", "frequency", "due", "performed", "late", "missed", "not_yet_due", "unknown");
	for (i = 0, list = value_get(doc, "windows"); i < list->n; i++)
		if (value_get(&list->items[i], "lacking")->n > 0)
			PRINTS(&list->items[i], "control", "lacking");
	for (i = 0, list = value_get(doc, "coverage"); i < list->n; i++) {
		coverage(&list->items[i]);
		checks(doc, text_of(&list->items[i], "population"));
	}
	PRINTS(doc, "without_records");
	for (i = 0, list = value_get(doc, "completeness"); i < list->n; i++) {
		struct str name = text_of(&list->items[i], "population");

		if (!is_covered(doc, name) && !str_eq(name, last))
			checks(doc, name);
		last = name;
	}
	PRINTS(value_get(doc, "ledger"), "entries", "checkpointed");
	moment(text_of(doc, "as_of"));
}

/* ---- what stands on the pages */
static bool follows(struct str text, size_t at, const char *before)
{
	size_t n = strlen(before);

	return at >= n && memcmp(text.p + at - n, before, n) == 0;
}

/* "SOC 2", "DC 4", "Type 2", and the page's number of how many. */
static bool is_fixed(struct str text, size_t at)
{
	size_t of = at;

	if (follows(text, at, "SOC ") || follows(text, at, "DC ") || follows(text, at, "Type ") || follows(text, at, "Page "))
		return true;
	if (!follows(text, at, " of "))
		return false;
	for (of -= 4; of > 0 && is_digit(text.p[of - 1]); of--)
		;
	return follows(text, of, "Page ");
}

/* Where a word is wider than its column it goes on in the next line: "12345" as "123" and "45". */
static bool broken(struct str text, struct str want, struct str *word, size_t *at)
{
	struct str whole = *word, more;
	size_t next = *at;

	while (whole.n < want.n && next < text.n && text.p[next] == '\n' && figure(text, &next, &more) &&
	    more.p == text.p + *at + 1) {
		whole = arena_fmt(a, "%.*s%.*s", STR_FMT(whole), STR_FMT(more));
		*at = next;
	}
	*word = whole;
	return str_eq(whole, want);
}

static void differ(size_t i, struct str text, size_t at)
{
	(void)printf("# figure %zu is \"%.*s\" of \"%.*s\" in the document, and on the pages \"%.*s\"\n", i + 1,
	    STR_FMT(i < n_wanted ? wanted[i].word : STR("none")),
	    STR_FMT(str_sub(i < n_wanted ? wanted[i].in : STR(""), 0, 60)), STR_FMT(str_sub(text, at > 60 ? at - 60 : 0, 80)));
	wrong++;
}

/* The figures on the pages are those of the document, one after another. */
static void compare(struct str text)
{
	ptrdiff_t end = str_find(text, STR("Origin of the ledger"));
	struct str word;
	size_t at = 0, i = 0;

	if (end >= 0)
		text = str_sub(text, 0, (size_t)end);
	while (figure(text, &at, &word)) {
		if (is_fixed(text, (size_t)(word.p - text.p)))
			continue;
		if (i == n_wanted || (!str_eq(word, wanted[i].word) && !broken(text, wanted[i].word, &word, &at))) {
			differ(i, text, at);
			return;
		}
		i++;
	}
	if (i < n_wanted)
		differ(i, text, text.n);
}

/* ---- and back */
static bool path_is(struct str path, const char *pattern)
{
	size_t i = 0;

	for (; *pattern != 0; pattern++) {
		if (*pattern == '*' && pattern[1] == 0)
			return true;
		if (*pattern == '*') {
			while (i < path.n && is_digit(path.p[i]))
				i++;
		} else if (i == path.n || path.p[i++] != *pattern) {
			return false;
		}
	}
	return i == path.n;
}

static void back(const struct value *v, struct str path, bool counted)
{
	struct str word;
	size_t i, at = 0;

	if (v->type == VALUE_LIST)
		for (i = 0; i < v->n; i++)
			back(&v->items[i], arena_fmt(a, "%.*s[%zu]", STR_FMT(path), i), counted &&
			    !str_is(text_of(&v->items[i], "state"), "no items"));
	for (i = 0; v->type == VALUE_MAP && i < v->n; i++)
		back(&v->members[i].value, arena_fmt(a, "%.*s.%.*s", STR_FMT(path), STR_FMT(v->members[i].key)), counted);
	if (!counted || v->type == VALUE_LIST || v->type == VALUE_MAP || !figure(v->text, &at, &word))
		return;
	for (i = 0; i < n_shown && shown[i] != v; i++)
		;
	if (i < n_shown)
		return;
	for (i = 0; i < ARRAY_LEN(unprinted); i++)
		if (path_is(path, unprinted[i]))
			return;
	if (str_is(path, ".as_of"))             /* as a moment */
		return;
	(void)printf("# %.*s, \"%.*s\", is printed nowhere\n", STR_FMT(path), STR_FMT(v->text));
	wrong++;
}

int main(int argc, char **argv)
{
	const struct value *doc;
	struct str json, text;
	struct err e;
	size_t n;

	err_init(&e);
	a = arena_new();
	if (argc != 3 || file_read(a, argv[1], 1 << 28, &json, &e) != RC_OK || file_read(a, argv[2], 1 << 28, &text, &e) != RC_OK ||
	    json_parse(a, json, &doc, &e) != RC_OK) {
		(void)fprintf(stderr, "figures: %s\n", e.msg);
		arena_free(a);
		return 2;
	}
	all(doc);
	compare(text);
	back(doc, STR(""), true);
	(void)printf("# %zu figures, %d wrong\n", n_wanted, wrong);
	n = n_wanted;
	mem_free(wanted);
	mem_free(shown);
	arena_free(a);
	return n > 100 && wrong == 0 ? 0 : 1;
}

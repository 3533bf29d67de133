/* facts: what a report as JSON finds fault with, a line each: facts FILE
 * Deviations, items set apart, undated items, what was late, windows not met, remarks on sources, days not covered, what the
 * checks of completeness say.  Subjects' references, which are random, are left out. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/value.h"

/* Its text with what stands behind "subject:" left out. */
static void put(struct str s)
{
	size_t i = 0, mark = 8;

	while (i < s.n) {
		if (s.n - i >= mark && memcmp(s.p + i, "subject:", mark) == 0) {
			(void)fputs("subject", stdout);
			for (i += mark; i < s.n && strchr("0123456789abcdef", s.p[i]) != NULL; i++)
				;
			continue;
		}
		(void)putchar(s.p[i++]);
	}
}

static void line(const char *kind, struct str a, struct str b, struct str c)
{
	(void)fputs(kind, stdout);
	(void)putchar(' ');
	put(a);
	if (b.n > 0)
		(void)putchar(' ');
	put(b);
	(void)fputs(c.n > 0 ? ": " : "", stdout);
	put(c);
	(void)putchar('\n');
}

static const struct value *list_of(const struct value *v, const char *name)
{
	static const struct value none = { .type = VALUE_LIST };
	const struct value *list = value_get(v, name);

	return list != NULL && list->type == VALUE_LIST ? list : &none;
}

static struct str number(const struct value *v, const char *name)
{
	const struct value *m = value_get(v, name);

	return m != NULL ? m->text : STR("0");
}

static void result(struct arena *a, const struct value *r)
{
	struct str test = arena_fmt(a, "%.*s %.*s", STR_FMT(value_text(r, "control")), STR_FMT(value_text(r, "test")));
	const struct value *list = list_of(r, "deviations");
	size_t i;

	for (i = 0; i < list->n; i++)
		line("deviation", test, arena_fmt(a, "%.*s %.*s%s%.*s%s", STR_FMT(value_text(&list->items[i], "letters")),
		    STR_FMT(value_text(&list->items[i], "item")), value_text(&list->items[i], "seen").n > 0 ? " (" : "",
		    STR_FMT(value_text(&list->items[i], "seen")), value_text(&list->items[i], "seen").n > 0 ? ")" : ""),
		    value_text(&list->items[i], "why"));
	if (list->n > 0 || str_is(value_text(r, "state"), "no items"))
		line("result", test, STR(""), value_text(r, "says"));
	if (value_text(r, "late").n > 0)
		line("late", test, STR(""), value_text(r, "late"));
	list = list_of(r, "left_out");
	for (i = 0; i < list->n; i++)
		line("left-out", test, STR(""), list->items[i].text);
	list = list_of(r, "undated_items");
	for (i = 0; i < list->n; i++)
		line("undated", test, list->items[i].text, STR(""));
	list = list_of(r, "attributes");
	for (i = 0; i < list->n; i++)
		if (!str_is(number(&list->items[i], "not_determinable"), "0"))
			line("cannot-tell", test, value_text(&list->items[i], "letter"), arena_fmt(a, "%.*s: %.*s",
			    STR_FMT(number(&list->items[i], "not_determinable")), STR_FMT(value_text(&list->items[i], "not_determinable_why"))));
}

static void coverage(struct arena *a, const struct value *v)
{
	const struct value *record = value_get(v, "record"), *remarks = list_of(v, "remarks");
	size_t i;

	for (i = 0; i < remarks->n; i++)
		if (remarks->items[i].text.n > 0)
			line("remark", value_text(v, "population"), STR(""), remarks->items[i].text);
	if (str_is(value_text(v, "kind"), "events") && (!str_is(number(record, "unknown"), "0") || !str_is(number(record, "presumed"), "0")))
		line("days", value_text(v, "population"), STR(""), arena_fmt(a, "%.*s unknown, %.*s presumed",
		    STR_FMT(number(record, "unknown")), STR_FMT(number(record, "presumed"))));
}

int main(int argc, char **argv)
{
	struct arena *a = arena_new();
	const struct value *doc, *list, *lacking;
	struct str text;
	struct err e;
	size_t i, k;

	err_init(&e);
	if (argc < 2 || file_read(a, argv[1], 1 << 28, &text, &e) != RC_OK || json_parse(a, text, &doc, &e) != RC_OK) {
		(void)fprintf(stderr, "facts: %s\n", e.msg);
		return 3;
	}
	list = list_of(doc, "results");
	for (i = 0; i < list->n; i++)
		result(a, &list->items[i]);
	list = list_of(doc, "windows");
	for (i = 0; i < list->n; i++) {
		lacking = list_of(&list->items[i], "lacking");
		for (k = 0; k < lacking->n; k++)
			line("window", value_text(&list->items[i], "control"), STR(""), lacking->items[k].text);
		if (!str_is(number(&list->items[i], "unknown"), "0"))
			line("window", value_text(&list->items[i], "control"), STR("unknown"), number(&list->items[i], "unknown"));
	}
	list = list_of(doc, "coverage");
	for (i = 0; i < list->n; i++)
		coverage(a, &list->items[i]);
	list = list_of(doc, "completeness");
	for (i = 0; i < list->n; i++)
		if (!str_is(value_text(&list->items[i], "state"), "complete"))
			line("completeness", value_text(&list->items[i], "check"), value_text(&list->items[i], "state"),
			    value_text(&list->items[i], "words"));
	line("without-records", value_text(doc, "without_records"), STR(""), STR(""));
	arena_free(a);
	return 0;
}

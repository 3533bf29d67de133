/* figures REPORT.json TEXT: every figure in the text of a report's pages stands at a path of its document, and every count
 * of the results stands on the pages.  Left out: page numbers (taken away before), and the fixed words below. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/file.h"
#include "base/value.h"

struct leaf {
	struct str text, path;
};

static struct leaf *leaves;
static size_t n_leaves, room;
static struct arena *a;

static void add(struct str text, struct str path)
{
	if (n_leaves == room) {
		room = room == 0 ? 4096 : room * 2;
		leaves = mem_resize(leaves, room * sizeof(*leaves));
	}
	leaves[n_leaves++] = (struct leaf){ text, path };
}

static void walk(const struct value *v, struct str path)
{
	size_t i;

	if (v->type == VALUE_LIST)
		for (i = 0; i < v->n; i++)
			walk(&v->items[i], arena_fmt(a, "%.*s[%zu]", STR_FMT(path), i));
	else if (v->type == VALUE_MAP)
		for (i = 0; i < v->n; i++)
			walk(&v->members[i].value, arena_fmt(a, "%.*s.%.*s", STR_FMT(path), STR_FMT(v->members[i].key)));
	else
		add(v->text, path);
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    (unsigned char)c >= 0x80;
}

static bool has_digit(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] >= '0' && s.p[i] <= '9')
			return true;
	return false;
}

/* The word stands in the leaf as a word, or is the beginning or the end of one that a line broke. */
static bool stands_in(struct str word, struct str leaf)
{
	size_t i;

	for (i = 0; i + word.n <= leaf.n; i++) {
		bool before, after;

		if (memcmp(leaf.p + i, word.p, word.n) != 0)
			continue;
		before = i == 0 || !is_word(leaf.p[i - 1]);
		after = i + word.n == leaf.n || !is_word(leaf.p[i + word.n]);
		if ((before && after) || (word.n >= 2 && (before || after)) || word.n >= 6)
			return true;
	}
	return false;
}

/* "SOC 2", "DC 4": the names of things. */
static bool is_fixed(struct str text, size_t at)
{
	static const char *const before[] = { "SOC ", "DC " };
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(before); i++) {
		n = strlen(before[i]);
		if (at >= n && memcmp(text.p + at - n, before[i], n) == 0)
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	const struct value *doc, *results;
	struct str json, text, word;
	struct err e;
	size_t i, k, from, figures = 0, unmapped = 0;
	int status = 0;

	err_init(&e);
	a = arena_new();
	if (argc != 3 || file_read(a, argv[1], 1 << 28, &json, &e) != RC_OK || file_read(a, argv[2], 1 << 28, &text, &e) != RC_OK ||
	    json_parse(a, json, &doc, &e) != RC_OK) {
		(void)fprintf(stderr, "figures: %s\n", e.msg);
		arena_free(a);
		return 2;
	}
	walk(doc, STR("$"));
	for (i = 0; i < text.n;) {
		if (!is_word(text.p[i])) {
			i++;
			continue;
		}
		for (from = i; i < text.n && is_word(text.p[i]); i++)
			;
		word = str_sub(text, from, i - from);
		if (!has_digit(word) || is_fixed(text, from))
			continue;
		figures++;
		for (k = 0; k < n_leaves && !stands_in(word, leaves[k].text); k++)
			;
		if (k == n_leaves) {
			(void)printf("# \"%.*s\" stands on a page and at no path of the document\n", STR_FMT(word));
			unmapped++;
		}
	}
	results = value_get(doc, "results");
	for (i = 0; results != NULL && i < results->n; i++) {
		const struct value *tested = value_get(&results->items[i], "tested");

		if (!str_is(value_text(&results->items[i], "state"), "no items") && str_find(text, tested->text) < 0) {
			(void)printf("# $.results[%zu].tested is on no page\n", i);
			unmapped++;
		}
	}
	(void)printf("# %zu figures, %zu without a path\n", figures, unmapped);
	status = figures > 100 && unmapped == 0 ? 0 : 1;
	mem_free(leaves);
	arena_free(a);
	return status;
}

/* page: text, headings and tables flowing over the pages of a PDF, with the marking, a running head and "Page N of M" on
 * every page, a page of contents, and an outline for the reader's side bar.  Knows nothing of what it prints.
 * Everything is laid out once, kept, and drawn when the number of pages is known.
 * Uses Pango and Cairo. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/base.h"

struct page;

enum style { STYLE_TITLE, STYLE_HEADING, STYLE_SUBHEADING, STYLE_TEXT, STYLE_SMALL, STYLE_LEAD, STYLE_NOTE };
enum ink { INK_PLAIN, INK_QUIET, INK_GOOD, INK_BAD, INK_WARN, INK_STRONG };

/* ${write} puts the whole document, once.  ${created} is an ISO 8601 instant for the file's metadata, so that equal
 * documents give equal bytes; ${marking} stands on every page, ${foot} at the foot of each.  The file is replaced only
 * when all of it is there. */
MUST_USE enum rc page_document(const char *path, const char *title, const char *created, struct str marking,
    struct str foot, enum rc (*write)(void *ctx, struct page *, struct err *), void *ctx, struct err *e);

void page_break(struct page *);                 /* nothing on an empty page */
/* Headings take along what follows them, with the small and leading text (STYLE_LEAD) between.  STYLE_TITLE names the
 * section in the running head; it and STYLE_HEADING stand in the contents. */
void page_text(struct page *, enum style, struct str);
void page_space(struct page *, double points);
void page_contents(struct page *);              /* a page of their own */
void page_cover(struct page *, struct str title, struct str subtitle);  /* the first page's head */
void page_fact(struct page *, const char *name, struct str value);      /* a name and, beside it, what it is */

/* A table with its heads repeated on each page.  Widths are shares; a cell may hold any text and wraps. */
struct page_column {
	const char *head;
	double share;
	bool right;                             /* numbers */
};
void page_table_begin(struct page *, const struct page_column *, size_t columns);
/* ${inks}: one for each cell, NULL: all plain. */
void page_table_row(struct page *, const struct str *cells, const enum ink *inks);
void page_table_end(struct page *);

#endif

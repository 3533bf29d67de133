/* page: text, headings and tables flowing over the pages of a PDF, with the marking on every page and its number of how
 * many.  Knows nothing of what it prints.
 * Uses Pango and Cairo. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/base.h"

struct page;

enum style { STYLE_TITLE, STYLE_HEADING, STYLE_SUBHEADING, STYLE_TEXT, STYLE_SMALL, STYLE_NOTE };

/* ${write} draws the whole document; it is called twice, for the pages' number must be known before they are printed.
 * ${created} is an ISO 8601 instant for the file's metadata, so that equal documents give equal bytes.  The file is
 * replaced only when all of it is there. */
MUST_USE enum rc page_document(const char *path, const char *title, const char *created, struct str marking,
    enum rc (*write)(void *ctx, struct page *, struct err *), void *ctx, struct err *);

void page_break(struct page *);                 /* nothing on an empty page */
void page_text(struct page *, enum style, struct str);
void page_space(struct page *, double points);

/* A table with its heads repeated on each page.  ${widths} are shares; a cell may hold any text and wraps. */
void page_table_begin(struct page *, const char *const *heads, const double *widths, size_t columns);
void page_table_row(struct page *, const struct str *cells);
void page_table_end(struct page *);

#endif

/* page_html: the same document as one HTML file that needs nothing else: its styles inside, no script, no picture, no link that
 * leads out of it.  Everything that page.h puts on pages stands in it, in the same order.
 * Uses report/page.h. */
#ifndef REPORT_PAGE_HTML_H
#define REPORT_PAGE_HTML_H

#include "report/page.h"

/* As page_document, which makes a PDF. */
MUST_USE enum rc page_html_document(const char *path, const char *title, struct str marking, struct str foot,
    enum rc (*write)(void *ctx, struct page *, struct err *), void *ctx, struct err *e);

/* What page.c hands on where the document is HTML. */
struct html;
void html_text(struct html *, enum style, struct str);
void html_contents(struct html *);
void html_cover(struct html *, struct str title, struct str subtitle);
void html_fact(struct html *, const char *name, struct str value);
void html_table_begin(struct html *, const struct page_column *, size_t columns);
void html_table_row(struct html *, const struct str *cells, const enum ink *inks);
void html_table_end(struct html *);

#endif

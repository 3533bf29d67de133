/* What the parts of the PDF share: texts of the document. */
#ifndef REPORT_PDF_PRIV_H
#define REPORT_PDF_PRIV_H

#include "base/value.h"
#include "report/page.h"

struct write {
	const struct value *doc;
	struct arena *a;
	bool is_one;                    /* a Type 1 report */
};

struct str pdf_get(const struct value *, const char *name);     /* STR_NONE when absent or null */
struct str or_dash(struct str);
/* A list's texts with ${between} between them; a text as it is. */
struct str joined(struct write *, const struct value *list, const char *between);
/* An instant as people read it: "2024-06-01 19:29:20 UTC", the fraction left out. */
struct str moment(struct write *, struct str instant);
void section(struct page *, const char *title);

void section_three(struct write *, struct page *);
void section_five(struct write *, struct page *);

#endif

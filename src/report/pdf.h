/* pdf: the report's document as a PDF.  Every figure on its pages stands in the document.
 * Uses report/page.h. */
#ifndef REPORT_PDF_H
#define REPORT_PDF_H

#include "base/value.h"

/* ${doc} as docs/formats/report.md has it. */
MUST_USE enum rc report_pdf(const struct value *doc, const char *path, struct err *);
/* The same words, tables and figures as one HTML file that needs nothing else. */
MUST_USE enum rc report_html(const struct value *doc, const char *path, struct err *);

#endif

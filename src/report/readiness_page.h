/* readiness_page: where an organization stands before an examination, as a PDF or as HTML: what to do next, criteria, controls,
 * evidence.  Every figure stands in the document of docs/formats/readiness.md.
 * Uses report/page.h. */
#ifndef REPORT_READINESS_PAGE_H
#define REPORT_READINESS_PAGE_H

#include "base/value.h"

/* ${doc} as status --json has it; ${path} ends in .pdf or .html; ${created}: an ISO 8601 instant. */
MUST_USE enum rc readiness_page(const struct value *doc, struct str created, const char *path, struct err *);

#endif

/* terminal: tables and words for people at a terminal: widths in columns of the screen, colours only where they belong.
 * Uses base/. */
#ifndef REPORT_TERMINAL_H
#define REPORT_TERMINAL_H

#include <stdio.h>

#include "base/base.h"

enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_WARN, TONE_DIM, TONE_STRONG };

struct terminal {
	FILE *to;
	unsigned width;                 /* columns; 100 when it is no terminal */
	bool colours;
};

/* Width and colours of standard output: none when it is no terminal, or when NO_COLOR is set. */
struct terminal terminal_of(FILE *to);
size_t text_width(struct str);                  /* columns that UTF-8 text takes */
void put_tone(const struct terminal *, enum tone, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Words wrapped at the width, each line behind ${indent} blanks; the first as well when ${first}. */
void put_wrapped(const struct terminal *, unsigned indent, bool first, struct str text);
void put_wrapped_tone(const struct terminal *, enum tone, unsigned indent, struct str text);    /* every line indented */

/* A table gathered row by row and printed with its columns as wide as they must be; the last one takes what is left and
 * is cut with … when it is longer. */
struct table;
struct table *table_new(struct arena *, const char *const *heads, size_t columns);
void table_cell(struct table *, enum tone, struct str);         /* from left to right, row after row */
void table_right(struct table *, size_t column);                /* numbers */
void table_drop(struct table *);                                /* the last columns are left out before all become too narrow */
size_t table_print(const struct table *, const struct terminal *);      /* columns that were printed */

#endif

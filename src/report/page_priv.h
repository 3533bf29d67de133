/* What page.c, which lays out, and page_draw.c, which draws, share; no other file includes it. */
#ifndef REPORT_PAGE_PRIV_H
#define REPORT_PAGE_PRIV_H

#include <pango/pango.h>

#include "report/page.h"
#include "report/page_html.h"

/* A4 in points. */
#define PAGE_WIDTH 595.28
#define PAGE_HEIGHT 841.89
#define MARGIN 52.0
#define WIDTH (PAGE_WIDTH - 2 * MARGIN)
#define TOP 76.0
#define BOTTOM 62.0
#define CELL_X 4.5
#define CELL_Y 3.5
#define FACT_NAME 132.0

enum { COLUMNS_MAX = 12, CONTENTS_MAX = 60 };
enum font { FONT_TITLE, FONT_HEADING, FONT_SUBHEADING, FONT_TEXT, FONT_SMALL, FONT_NOTE, FONT_COVER, FONT_CELL, FONT_HEAD,
	FONT_RUNNING, FONT_MARKING, FONT_STRONG, FONTS };

struct rgb {
	double r, g, b;
};

/* Something to draw: a line of a layout, a filled rectangle, or a place that the contents point at. */
enum op_kind { OP_LINE, OP_RECT, OP_PLACE, OP_LINK };
struct op {
	enum op_kind kind;
	unsigned page;
	double x, y, w, h;              /* OP_LINE: x, and y of the baseline */
	PangoLayout *layout;            /* OP_LINE: the page's, as all of them are */
	int line;
	struct rgb ink;
	unsigned place;                 /* OP_PLACE, OP_LINK */
};

/* A text laid out: controls stand under several criteria, and "0" in every table. */
struct laid {
	uint64_t hash;
	struct str text;
	enum font font;
	int width;
	bool right;
	PangoLayout *layout;            /* NULL: a free place */
};

struct entry {
	struct str title;
	int level;
	unsigned page;
};

struct page {
	struct arena *a;
	struct html *html;              /* the document is HTML: nothing below is used */
	PangoContext *context;
	PangoFontDescription *font[FONTS];
	PangoAttrList *attributes;
	struct laid *laid;              /* by hash, a power of two of places */
	size_t n_laid, laid_room;
	struct op *ops;
	size_t n_ops, room;
	struct entry *contents;
	size_t n_contents, contents_room;
	unsigned number, contents_page;
	struct str *running;            /* by page: the section that it is of */
	size_t running_room;
	double y;
	bool empty;
	/* headings that wait for what follows them */
	bool waiting;
	size_t waiting_from, waiting_entries;
	double waiting_y;
	/* the table under way */
	const struct page_column *columns;
	size_t n_columns;
	double width[COLUMNS_MAX];
	bool shaded, heads_due;
	struct buf out;
};

/* All that was put, as a PDF in ${out}. */
MUST_USE enum rc page_draw(struct page *, const char *title, const char *created, struct err *);

#endif

/* page: see page.h. */
#include "report/page.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

/* A4 in points. */
#define PAGE_WIDTH 595.28
#define PAGE_HEIGHT 841.89
#define MARGIN 56.0
#define TOP 78.0
#define BOTTOM 70.0
#define CELL_PAD 4.0

enum { COLUMNS_MAX = 12 };

struct page {
	cairo_surface_t *surface;
	cairo_t *cairo;
	PangoLayout *layout;
	struct str marking;
	double y;
	unsigned number, total;         /* total 0: the pass that counts */
	bool empty;
	const char *const *heads;
	double width[COLUMNS_MAX];
	size_t columns;
	bool shaded, heads_due;
	struct buf out;
};

static const struct {
	const char *font;
	double before, after, red, green, blue;
} styles[] = {
	{ "Noto Sans Bold 22", 0, 10, 0.09, 0.16, 0.28 }, { "Noto Sans Bold 15", 18, 8, 0.09, 0.16, 0.28 },
	{ "Noto Sans Bold 11", 12, 4, 0.09, 0.16, 0.28 }, { "Noto Sans 9.5", 2, 5, 0.1, 0.1, 0.1 },
	{ "Noto Sans 8", 1, 3, 0.25, 0.25, 0.25 }, { "Noto Sans Italic 9.5", 4, 8, 0.45, 0.25, 0.05 },
};

static cairo_status_t keep(void *ctx, const unsigned char *bytes, unsigned n)
{
	struct page *p = ctx;

	buf_add(&p->out, bytes, n);
	return p->out.failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static void set_text(struct page *p, const char *font, struct str text, double width)
{
	PangoFontDescription *d = pango_font_description_from_string(font);
	PangoAttrList *attributes = pango_attr_list_new();

	/* a broken identifier must not gain a hyphen that it does not have */
	pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
	pango_layout_set_attributes(p->layout, attributes);
	pango_attr_list_unref(attributes);

	pango_layout_set_font_description(p->layout, d);
	pango_font_description_free(d);
	pango_layout_set_width(p->layout, width > 0 ? (int)(width * PANGO_SCALE) : -1);
	pango_layout_set_wrap(p->layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_text(p->layout, text.p != NULL ? text.p : "", (int)text.n);
}

static double text_height(struct page *p)
{
	int w, h;

	pango_layout_get_size(p->layout, &w, &h);
	return (double)h / PANGO_SCALE;
}

static void draw_at(struct page *p, double x, double y)
{
	cairo_move_to(p->cairo, x, y);
	pango_cairo_show_layout(p->cairo, p->layout);
}

static void line_across(struct page *p, double y, double grey)
{
	cairo_set_source_rgb(p->cairo, grey, grey, grey);
	cairo_set_line_width(p->cairo, 0.5);
	cairo_move_to(p->cairo, MARGIN, y);
	cairo_line_to(p->cairo, PAGE_WIDTH - MARGIN, y);
	cairo_stroke(p->cairo);
}

static void furniture(struct page *p)
{
	char foot[64];

	cairo_set_source_rgb(p->cairo, 0.65, 0.1, 0.1);
	set_text(p, "Noto Sans Bold 8", p->marking, PAGE_WIDTH - 2 * MARGIN);
	draw_at(p, MARGIN, 36);
	line_across(p, 54, 0.75);
	line_across(p, PAGE_HEIGHT - 48, 0.75);
	(void)snprintf(foot, sizeof(foot), "Page %u of %u", p->number, p->total);
	cairo_set_source_rgb(p->cairo, 0.35, 0.35, 0.35);
	set_text(p, "Noto Sans 8", str_z(foot), PAGE_WIDTH - 2 * MARGIN);
	pango_layout_set_alignment(p->layout, PANGO_ALIGN_RIGHT);
	draw_at(p, MARGIN, PAGE_HEIGHT - 42);
	pango_layout_set_alignment(p->layout, PANGO_ALIGN_LEFT);
}

static void begin_page(struct page *p)
{
	p->number++;
	p->y = TOP;
	p->empty = true;
	furniture(p);
}

static void turn(struct page *p)
{
	cairo_show_page(p->cairo);
	begin_page(p);
}

void page_break(struct page *p)
{
	if (!p->empty)
		turn(p);
}

static bool fits(const struct page *p, double height)
{
	return p->y + height <= PAGE_HEIGHT - BOTTOM;
}

void page_space(struct page *p, double points)
{
	if (!p->empty)
		p->y += points;
}

/* A text longer than a page is cut between its lines. */
static void draw_lines(struct page *p, enum style s)
{
	int n = pango_layout_get_line_count(p->layout), i, baseline;
	PangoLayoutIter *it = pango_layout_get_iter(p->layout);
	PangoRectangle ink, logical;

	for (i = 0; i < n; i++) {
		PangoLayoutLine *line = pango_layout_iter_get_line_readonly(it);

		pango_layout_iter_get_line_extents(it, &ink, &logical);
		baseline = pango_layout_iter_get_baseline(it);
		if (!fits(p, (double)logical.height / PANGO_SCALE)) {
			PangoLayout *kept = p->layout;

			p->layout = pango_cairo_create_layout(p->cairo);
			turn(p);
			g_object_unref(p->layout);
			p->layout = kept;
		}
		cairo_set_source_rgb(p->cairo, styles[s].red, styles[s].green, styles[s].blue);
		cairo_move_to(p->cairo, MARGIN + (double)logical.x / PANGO_SCALE, p->y + (double)(baseline - logical.y) / PANGO_SCALE);
		pango_cairo_show_layout_line(p->cairo, line);
		p->y += (double)logical.height / PANGO_SCALE;
		p->empty = false;
		(void)pango_layout_iter_next_line(it);
	}
	pango_layout_iter_free(it);
}

void page_text(struct page *p, enum style s, struct str text)
{
	double need;

	if (text.n == 0)
		return;
	page_space(p, styles[s].before);
	set_text(p, styles[s].font, text, PAGE_WIDTH - 2 * MARGIN);
	need = text_height(p);
	if (s <= STYLE_SUBHEADING)
		need += 130;                    /* a heading takes what follows along */
	else if (need > 30)
		need = 30;                      /* a text is cut between its lines where the page ends */
	if (need > PAGE_HEIGHT - BOTTOM - TOP)
		need = 60;
	if (!fits(p, need) && !p->empty) {
		turn(p);
		set_text(p, styles[s].font, text, PAGE_WIDTH - 2 * MARGIN);
	}
	draw_lines(p, s);
	p->y += styles[s].after;
}

static const char head_font[] = "Noto Sans Bold 7.5", cell_font[] = "Noto Sans 7.5";

static double row_height(struct page *p, const struct str *cells, const char *font)
{
	double most = 0, h;
	size_t i;

	for (i = 0; i < p->columns; i++) {
		set_text(p, font, cells[i], p->width[i] - 2 * CELL_PAD);
		h = text_height(p);
		if (h > most)
			most = h;
	}
	return most + 2 * CELL_PAD;
}

static void draw_row(struct page *p, const struct str *cells, const char *font, double height, double grey)
{
	double x = MARGIN;
	size_t i;

	if (grey < 1) {
		cairo_set_source_rgb(p->cairo, grey, grey, grey + (1 - grey) * 0.4);
		cairo_rectangle(p->cairo, MARGIN, p->y, PAGE_WIDTH - 2 * MARGIN, height);
		cairo_fill(p->cairo);
	}
	cairo_set_source_rgb(p->cairo, 0.1, 0.1, 0.1);
	for (i = 0; i < p->columns; i++) {
		set_text(p, font, cells[i], p->width[i] - 2 * CELL_PAD);
		draw_at(p, x + CELL_PAD, p->y + CELL_PAD);
		x += p->width[i];
	}
	p->y += height;
	p->empty = false;
	line_across(p, p->y, 0.85);
}

static double heads_height(struct page *p)
{
	struct str heads[COLUMNS_MAX];
	size_t i;

	for (i = 0; i < p->columns; i++)
		heads[i] = str_z(p->heads[i]);
	return row_height(p, heads, head_font);
}

static void draw_heads(struct page *p)
{
	struct str heads[COLUMNS_MAX];
	size_t i;

	for (i = 0; i < p->columns; i++)
		heads[i] = str_z(p->heads[i]);
	p->heads_due = false;
	draw_row(p, heads, head_font, row_height(p, heads, head_font), 0.88);
	p->shaded = false;
}

void page_table_begin(struct page *p, const char *const *heads, const double *widths, size_t columns)
{
	double sum = 0;
	size_t i;

	p->columns = columns < COLUMNS_MAX ? columns : COLUMNS_MAX;
	for (i = 0; i < p->columns; i++)
		sum += widths[i];
	for (i = 0; i < p->columns; i++)
		p->width[i] = widths[i] / sum * (PAGE_WIDTH - 2 * MARGIN);
	p->heads = heads;
	page_space(p, 4);
	p->heads_due = true;                    /* with the first row, so that none stands alone at a page's end */
}

/* What does not fit on one page, be it ever so long, is cut and says so; nothing in a report is that long but a key. */
static struct str bounded(struct str s)
{
	size_t most = 1800;

	if (s.n <= most)
		return s;
	while (most > 0 && ((unsigned char)s.p[most] & 0xc0) == 0x80)
		most--;
	return str_sub(s, 0, most);
}

void page_table_row(struct page *p, const struct str *cells)
{
	struct str cut[COLUMNS_MAX];
	double height;
	size_t i;

	for (i = 0; i < p->columns; i++)
		cut[i] = bounded(cells[i]);
	height = row_height(p, cut, cell_font);
	if (!fits(p, height + (p->heads_due ? heads_height(p) : 0)) && !p->empty) {
		turn(p);
		p->heads_due = true;
	}
	if (p->heads_due)
		draw_heads(p);
	draw_row(p, cut, cell_font, height, p->shaded ? 0.965 : 1);
	p->shaded = !p->shaded;
}

void page_table_end(struct page *p)
{
	p->y += 8;
}

static enum rc pass(struct page *p, const char *title, const char *created, enum rc (*write)(void *, struct page *,
    struct err *), void *ctx, struct err *e)
{
	enum rc rc;

	buf_clear(&p->out);
	p->number = 0;
	p->surface = cairo_pdf_surface_create_for_stream(keep, p, PAGE_WIDTH, PAGE_HEIGHT);
	cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_TITLE, title);
	cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_CREATOR, "Tickmark");
	cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_CREATE_DATE, created);
	p->cairo = cairo_create(p->surface);
	p->layout = pango_cairo_create_layout(p->cairo);
	begin_page(p);
	rc = write(ctx, p, e);
	g_object_unref(p->layout);
	cairo_show_page(p->cairo);
	cairo_destroy(p->cairo);
	cairo_surface_finish(p->surface);
	if (rc == RC_OK && cairo_surface_status(p->surface) != CAIRO_STATUS_SUCCESS)
		rc = err_set(e, RC_INTERNAL, "the PDF cannot be made: %s",
		    cairo_status_to_string(cairo_surface_status(p->surface)));
	cairo_surface_destroy(p->surface);
	p->total = p->number;
	return rc;
}

enum rc page_document(const char *path, const char *title, const char *created, struct str marking,
    enum rc (*write)(void *ctx, struct page *, struct err *), void *ctx, struct err *e)
{
	struct page p = { .marking = marking };
	enum rc rc;

	buf_init(&p.out, LIMIT_FILE_READ);
	if ((rc = pass(&p, title, created, write, ctx, e)) == RC_OK && (rc = pass(&p, title, created, write, ctx, e)) == RC_OK &&
	    (rc = buf_ok(&p.out, "the PDF", e)) == RC_OK)
		rc = file_replace(path, p.out.p, p.out.n, 0644, e);
	buf_done(&p.out);
	return rc;
}

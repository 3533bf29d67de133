/* page_draw: what was laid out becomes a PDF. */
#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <stdio.h>

#include "report/page_priv.h"

static cairo_status_t keep(void *ctx, const unsigned char *bytes, unsigned n)
{
	struct page *p = ctx;

	buf_add(&p->out, bytes, n);
	return p->out.failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static void draw_op(cairo_t *c, const struct op *o)
{
	char attributes[64];

	switch (o->kind) {
	case OP_RECT:
		cairo_set_source_rgb(c, o->ink.r, o->ink.g, o->ink.b);
		cairo_rectangle(c, o->x, o->y, o->w, o->h);
		cairo_fill(c);
		break;
	case OP_LINE:
		cairo_set_source_rgb(c, o->ink.r, o->ink.g, o->ink.b);
		cairo_move_to(c, o->x, o->y);
		pango_cairo_show_layout_line(c, pango_layout_get_line_readonly(o->layout, o->line));
		break;
	case OP_PLACE:
		(void)snprintf(attributes, sizeof(attributes), "name='h%u' x=%d y=%d", o->place, (int)MARGIN, (int)o->y - 8);
		cairo_tag_begin(c, CAIRO_TAG_DEST, attributes);
		cairo_tag_end(c, CAIRO_TAG_DEST);
		break;
	case OP_LINK:
		(void)snprintf(attributes, sizeof(attributes), "dest='h%u' rect=[%d %d %d %d]", o->place, (int)o->x, (int)o->y, (int)o->w,
		    (int)o->h);
		cairo_tag_begin(c, CAIRO_TAG_LINK, attributes);
		cairo_tag_end(c, CAIRO_TAG_LINK);
		break;
	}
}

/* Each page's things in the order in which they were put; the page of contents and the furniture came last. */
static void draw_all(struct page *p, cairo_t *c)
{
	size_t *next = mem_alloc((p->n_ops + 1) * sizeof(*next)), *first = mem_alloc((p->number + 2) * sizeof(*first)), i;
	unsigned n;

	for (i = p->n_ops; i > 0; i--) {
		next[i - 1] = first[p->ops[i - 1].page];
		first[p->ops[i - 1].page] = i;
	}
	/* Cairo 1.16 gives each link a place in the structure and, where nothing else has one, writes none: the links would point
	 * at objects that are not in the file. */
	cairo_tag_begin(c, "Document", NULL);
	for (n = 1; n <= p->number; n++) {
		for (i = first[n]; i != 0; i = next[i - 1])
			draw_op(c, &p->ops[i - 1]);
		cairo_show_page(c);
	}
	cairo_tag_end(c, "Document");
	mem_free(next);
	mem_free(first);
}

static void outline(struct page *p, cairo_surface_t *s)
{
	int parent = CAIRO_PDF_OUTLINE_ROOT, id;
	char dest[32];
	size_t i;

	for (i = 0; i < p->n_contents; i++) {
		(void)snprintf(dest, sizeof(dest), "dest='h%zu'", i);
		id = cairo_pdf_surface_add_outline(s, p->contents[i].level == 0 ? CAIRO_PDF_OUTLINE_ROOT : parent,
		    arena_z(p->a, p->contents[i].title), dest, (cairo_pdf_outline_flags_t)0);
		if (p->contents[i].level == 0)
			parent = id;
	}
}

enum rc page_draw(struct page *p, const char *title, const char *created, struct err *e)
{
	cairo_surface_t *s = cairo_pdf_surface_create_for_stream(keep, p, PAGE_WIDTH, PAGE_HEIGHT);
	cairo_status_t status;
	cairo_t *c;

	cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_TITLE, title);
	cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATOR, "Tickmark");
	cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE, created);
	outline(p, s);
	c = cairo_create(s);
	draw_all(p, c);
	cairo_destroy(c);
	cairo_surface_finish(s);
	status = cairo_surface_status(s);
	cairo_surface_destroy(s);
	if (status != CAIRO_STATUS_SUCCESS)
		return err_set(e, RC_INTERNAL, "the PDF cannot be made: %s", cairo_status_to_string(status));
	return buf_ok(&p->out, "the PDF", e);
}

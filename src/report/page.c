/* page: see page.h. */
#include "report/page_priv.h"

#include <pango/pangocairo.h>
#include <string.h>

#include "base/file.h"

static const char *const fonts[FONTS] = { "Noto Sans Bold 21", "Noto Sans Bold 14.5", "Noto Sans Bold 11.5", "Noto Sans 10.5",
	"Noto Sans 9", "Noto Sans 10", "Noto Sans Bold 30", "Noto Sans 8.5", "Noto Sans Bold 8.5", "Noto Sans 8.5",
	"Noto Sans Bold 8.5", "Noto Sans Bold 8.5" };

static const struct rgb navy = { 0.09, 0.16, 0.30 }, black = { 0.12, 0.13, 0.15 }, grey = { 0.42, 0.44, 0.48 },
	rule = { 0.80, 0.82, 0.85 }, head_fill = { 0.90, 0.92, 0.955 }, band = { 0.972, 0.976, 0.984 }, red = { 0.68, 0.11, 0.11 },
	note_fill = { 0.985, 0.955, 0.90 }, note_bar = { 0.80, 0.52, 0.10 }, note_ink = { 0.36, 0.24, 0.04 };

static const struct rgb inks[] = { { 0.12, 0.13, 0.15 }, { 0.52, 0.54, 0.58 }, { 0.06, 0.42, 0.22 }, { 0.68, 0.11, 0.11 },
	{ 0.60, 0.38, 0.02 }, { 0.09, 0.16, 0.30 } };

static const struct {
	enum font font;
	double before, after;
	const struct rgb *ink;
} styles[] = {
	{ FONT_TITLE, 0, 14, &navy }, { FONT_HEADING, 20, 6, &navy }, { FONT_SUBHEADING, 13, 4, &navy }, { FONT_TEXT, 1, 6, &black },
	{ FONT_SMALL, 0, 4, &grey }, { FONT_TEXT, 1, 5, &black },
	{ FONT_NOTE, 4, 10, &note_ink },
};

/* ---- what is kept to be drawn */
static struct op *op_new(struct page *p, enum op_kind kind)
{
	struct op *o;

	if (p->n_ops == p->room) {
		p->room = p->room == 0 ? 4096 : p->room * 2;
		p->ops = mem_resize(p->ops, p->room * sizeof(*p->ops));
	}
	o = &p->ops[p->n_ops++];
	memset(o, 0, sizeof(*o));
	o->kind = kind;
	o->page = p->number;
	return o;
}

static void rectangle(struct page *p, double x, double y, double w, double h, struct rgb ink)
{
	struct op *o = op_new(p, OP_RECT);

	o->x = x;
	o->y = y;
	o->w = w;
	o->h = h;
	o->ink = ink;
}

static uint64_t hash_of(struct str text, enum font font, int width, bool right)
{
	uint64_t h = 1469598103934665603u ^ (uint64_t)font * 31 ^ (uint64_t)width << 8 ^ (uint64_t)right;
	size_t i;

	for (i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * 1099511628211u;
	return h;
}

/* The place of that text, or the free one where it goes. */
static struct laid *place_of(struct laid *table, size_t places, const struct laid *want)
{
	size_t at = (size_t)want->hash & (places - 1);

	while (table[at].layout != NULL && !(table[at].hash == want->hash && table[at].font == want->font &&
	    table[at].width == want->width && table[at].right == want->right && str_eq(table[at].text, want->text)))
		at = (at + 1) & (places - 1);
	return &table[at];
}

static void more_places(struct page *p)
{
	size_t places = p->laid_room == 0 ? 4096 : p->laid_room * 2, i;
	struct laid *table = mem_alloc(places * sizeof(*table));

	for (i = 0; i < p->laid_room; i++)
		if (p->laid[i].layout != NULL)
			*place_of(table, places, &p->laid[i]) = p->laid[i];
	mem_free(p->laid);
	p->laid = table;
	p->laid_room = places;
}

/* The page's own, and the same one for the same text. */
static PangoLayout *layout_of(struct page *p, enum font font, struct str text, double points, bool right)
{
	struct laid want = { .text = text, .font = font, .width = (int)(points * PANGO_SCALE), .right = right }, *at;
	PangoLayout *l;

	want.hash = hash_of(text, font, want.width, right);
	if (p->n_laid * 2 >= p->laid_room)
		more_places(p);
	at = place_of(p->laid, p->laid_room, &want);
	if (at->layout != NULL)
		return at->layout;
	l = pango_layout_new(p->context);
	*at = want;
	at->text = arena_str(p->a, text);
	at->layout = l;
	p->n_laid++;
	pango_layout_set_font_description(l, p->font[font]);
	pango_layout_set_attributes(l, p->attributes);  /* a broken identifier must not gain a hyphen that it does not have */
	pango_layout_set_width(l, want.width);
	pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);
	if (right)
		pango_layout_set_alignment(l, PANGO_ALIGN_RIGHT);
	pango_layout_set_text(l, text.p != NULL ? text.p : "", (int)text.n);
	return l;
}

static double height_of(PangoLayout *l)
{
	int w, h;

	pango_layout_get_size(l, &w, &h);
	return (double)h / PANGO_SCALE;
}

/* Keep all lines of ${l} with its upper left corner at (x, y). */
static void keep_layout(struct page *p, PangoLayout *l, double x, double y, struct rgb ink)
{
	PangoLayoutIter *it = pango_layout_get_iter(l);
	PangoRectangle logical;
	struct op *o;
	int line = 0;

	do {
		pango_layout_iter_get_line_extents(it, NULL, &logical);
		o = op_new(p, OP_LINE);
		o->layout = l;
		o->line = line++;
		o->x = x + (double)logical.x / PANGO_SCALE;
		o->y = y + (double)pango_layout_iter_get_baseline(it) / PANGO_SCALE;
		o->ink = ink;
	} while (pango_layout_iter_next_line(it));
	pango_layout_iter_free(it);
}

/* ---- pages */
static void begin_page(struct page *p)
{
	size_t old = p->running_room;

	p->number++;
	p->y = TOP;
	p->empty = true;
	if (p->number >= p->running_room) {
		p->running_room = old == 0 ? 64 : old * 2;
		p->running = mem_resize(p->running, p->running_room * sizeof(*p->running));
		memset(p->running + old, 0, (p->running_room - old) * sizeof(*p->running));
	}
	if (p->number > 1)
		p->running[p->number] = p->running[p->number - 1];
}

/* To a new page; headings that wait go along. */
static void turn(struct page *p)
{
	double moved = TOP - p->waiting_y, used = p->y;
	size_t i;

	if (p->waiting && p->waiting_y > TOP) {
		begin_page(p);
		for (i = p->waiting_from; i < p->n_ops; i++) {
			p->ops[i].page = p->number;
			p->ops[i].y += moved;
		}
		for (i = p->waiting_entries; i < p->n_contents; i++)
			p->contents[i].page = p->number;
		p->y = used + moved;
		p->empty = false;
	} else {
		begin_page(p);
	}
	p->waiting = false;
}

void page_break(struct page *p)
{
	if (p->html != NULL)
		return;
	p->waiting = false;
	if (!p->empty)
		turn(p);
}

static bool fits(const struct page *p, double height)
{
	return p->y + height <= PAGE_HEIGHT - BOTTOM;
}

void page_space(struct page *p, double points)
{
	if (p->html == NULL && !p->empty)
		p->y += points;
}

/* ---- contents */
static void note_heading(struct page *p, struct str title, int level)
{
	struct op *o;

	if (p->n_contents == p->contents_room) {
		p->contents_room = p->contents_room == 0 ? 64 : p->contents_room * 2;
		p->contents = mem_resize(p->contents, p->contents_room * sizeof(*p->contents));
	}
	p->contents[p->n_contents] = (struct entry){ arena_str(p->a, title), level, p->number };
	o = op_new(p, OP_PLACE);
	o->place = (unsigned)p->n_contents++;
	o->y = p->y;
}

void page_contents(struct page *p)
{
	if (p->html != NULL) {
		html_contents(p->html);
		return;
	}
	page_break(p);
	p->contents_page = p->number;
	p->running[p->number] = STR("Contents");
	p->empty = false;
}

/* When all pages are known.  What does not fit on the page of contents is left to the outline. */
static void put_contents(struct page *p)
{
	static const double step[2] = { 19, 15 };
	unsigned last = p->number;
	size_t i, n = p->n_contents;
	double y = TOP + 44;
	bool sections_only = n > CONTENTS_MAX;

	if (p->contents_page == 0)
		return;
	p->number = p->contents_page;
	keep_layout(p, layout_of(p, FONT_TITLE, STR("Contents"), WIDTH, false), MARGIN, TOP, navy);
	for (i = 0; i < n && y < PAGE_HEIGHT - BOTTOM; i++) {
		const struct entry *c = &p->contents[i];
		double left = MARGIN + 16 * c->level;
		struct op *o;

		if (sections_only && c->level > 0)
			continue;
		y += c->level == 0 ? 5 : 0;
		o = op_new(p, OP_LINK);
		o->place = (unsigned)i;
		o->x = left;
		o->y = y;
		o->w = MARGIN + WIDTH - left;
		o->h = step[c->level];
		keep_layout(p, layout_of(p, c->level == 0 ? FONT_SUBHEADING : FONT_TEXT, c->title, WIDTH - 60, false), left, y,
		    c->level == 0 ? navy : black);
		keep_layout(p, layout_of(p, FONT_TEXT, arena_fmt(p->a, "%u", c->page), 40, true), MARGIN + WIDTH - 40, y, grey);
		y += step[c->level];
	}
	p->number = last;
}

/* ---- text */
/* A text longer than what is left of the page is cut between its lines. */
static void flow(struct page *p, PangoLayout *l, double x, struct rgb ink)
{
	PangoLayoutIter *it = pango_layout_get_iter(l);
	PangoRectangle logical;
	struct op *o;
	double height;
	int line = 0;

	do {
		pango_layout_iter_get_line_extents(it, NULL, &logical);
		height = (double)logical.height / PANGO_SCALE;
		if (!fits(p, height))
			turn(p);
		o = op_new(p, OP_LINE);
		o->layout = l;
		o->line = line++;
		o->x = x + (double)logical.x / PANGO_SCALE;
		o->y = p->y + (double)(pango_layout_iter_get_baseline(it) - logical.y) / PANGO_SCALE;
		o->ink = ink;
		p->y += height;
		p->empty = false;
	} while (pango_layout_iter_next_line(it));
	pango_layout_iter_free(it);
}

static void wait_for_next(struct page *p)
{
	if (p->waiting)
		return;
	p->waiting = true;
	p->waiting_from = p->n_ops;
	p->waiting_entries = p->n_contents;
	p->waiting_y = p->y;
}

static void note_box(struct page *p, struct str text)
{
	PangoLayout *l = layout_of(p, FONT_NOTE, text, WIDTH - 26, false);
	double height = height_of(l) + 14;

	if (!fits(p, height) && !p->empty)
		turn(p);
	rectangle(p, MARGIN, p->y, WIDTH, height, note_fill);
	rectangle(p, MARGIN, p->y, 3, height, note_bar);
	keep_layout(p, l, MARGIN + 14, p->y + 7, note_ink);
	p->y += height;
	p->empty = false;
	p->waiting = false;
}

void page_text(struct page *p, enum style s, struct str text)
{
	PangoLayout *l;
	double need;
	bool heading = s <= STYLE_SUBHEADING, stays = heading || ((s == STYLE_SMALL || s == STYLE_LEAD) && p->waiting);

	if (text.n == 0)
		return;
	if (p->html != NULL) {
		html_text(p->html, s, text);
		return;
	}
	if (s == STYLE_TITLE)
		p->running[p->number] = arena_str(p->a, text);
	page_space(p, styles[s].before);
	if (s == STYLE_NOTE) {
		note_box(p, text);
		p->y += styles[s].after;
		return;
	}
	l = layout_of(p, styles[s].font, text, WIDTH, false);
	need = height_of(l);
	if (stays)
		need += 40;
	else if (need > 30)
		need = 30;                      /* a text is cut between its lines where the page ends */
	if (!fits(p, need) && !p->empty)
		turn(p);
	if (stays)
		wait_for_next(p);
	if (s <= STYLE_HEADING)
		note_heading(p, text, s == STYLE_TITLE ? 0 : 1);
	flow(p, l, MARGIN, *styles[s].ink);
	if (s == STYLE_TITLE) {
		p->y += 4;
		rectangle(p, MARGIN, p->y, WIDTH, 1.5, navy);
	}
	p->y += styles[s].after;
	if (!stays)
		p->waiting = false;
}

void page_cover(struct page *p, struct str title, struct str subtitle)
{
	PangoLayout *l;

	if (p->html != NULL) {
		html_cover(p->html, title, subtitle);
		return;
	}
	l = layout_of(p, FONT_COVER, title, WIDTH, false);
	p->y = 170;
	rectangle(p, MARGIN, p->y - 22, 64, 5, navy);
	keep_layout(p, l, MARGIN, p->y, navy);
	p->y += height_of(l) + 6;
	l = layout_of(p, FONT_HEADING, subtitle, WIDTH, false);
	keep_layout(p, l, MARGIN, p->y, grey);
	p->y += height_of(l) + 28;
	p->empty = false;
}

void page_fact(struct page *p, const char *name, struct str value)
{
	PangoLayout *l, *r;
	double height;

	if (p->html != NULL) {
		html_fact(p->html, name, value);
		return;
	}
	l = layout_of(p, FONT_TEXT, str_z(name), FACT_NAME - 10, false);
	r = layout_of(p, FONT_TEXT, value, WIDTH - FACT_NAME, false);
	height = height_of(r) > height_of(l) ? height_of(r) : height_of(l);
	if (!fits(p, height) && !p->empty)
		turn(p);
	keep_layout(p, l, MARGIN, p->y, grey);
	keep_layout(p, r, MARGIN + FACT_NAME, p->y, black);
	p->y += height + 5;
	p->empty = false;
	p->waiting = false;
}

/* ---- tables */
void page_table_begin(struct page *p, const struct page_column *columns, size_t n)
{
	double sum = 0;
	size_t i;

	if (p->html != NULL) {
		html_table_begin(p->html, columns, n);
		return;
	}
	p->n_columns = n < COLUMNS_MAX ? n : COLUMNS_MAX;
	p->columns = columns;
	for (i = 0; i < p->n_columns; i++)
		sum += columns[i].share;
	for (i = 0; i < p->n_columns; i++)
		p->width[i] = columns[i].share / sum * WIDTH;
	page_space(p, 3);
	p->heads_due = true;                    /* with the first row, so that none stands alone at a page's end */
}

/* The cells laid out; their height with what is around them. */
static double lay_row(struct page *p, const struct str *cells, bool heads, const enum ink *ink, PangoLayout **out)
{
	double most = 0, h;
	size_t i;

	for (i = 0; i < p->n_columns; i++) {
		enum font font = heads ? FONT_HEAD : ink != NULL && ink[i] == INK_STRONG ? FONT_STRONG : FONT_CELL;

		out[i] = layout_of(p, font, cells[i], p->width[i] - 2 * CELL_X, p->columns[i].right);
		h = height_of(out[i]);
		most = h > most ? h : most;
	}
	return most + 2 * CELL_Y;
}

static void keep_row(struct page *p, PangoLayout **cells, double height, const enum ink *ink, const struct rgb *fill)
{
	double x = MARGIN;
	size_t i;

	if (fill != NULL)
		rectangle(p, MARGIN, p->y, WIDTH, height, *fill);
	for (i = 0; i < p->n_columns; i++) {
		keep_layout(p, cells[i], x + CELL_X, p->y + CELL_Y, ink != NULL ? inks[ink[i]] : black);
		x += p->width[i];
	}
	p->y += height;
	rectangle(p, MARGIN, p->y - 0.4, WIDTH, 0.4, rule);
	p->empty = false;
}

/* What does not fit on one page is cut and says so; nothing in a report is that long but a key. */
static struct str bounded(struct page *p, struct str s)
{
	size_t most = 1800;

	if (s.n <= most)
		return s;
	while (most > 0 && ((unsigned char)s.p[most] & 0xc0) == 0x80)
		most--;
	return arena_fmt(p->a, "%.*s \xe2\x80\xa6 (cut; the document in JSON has all of it)", STR_FMT(str_sub(s, 0, most)));
}

void page_table_row(struct page *p, const struct str *cells, const enum ink *ink)
{
	static const enum ink head_inks[COLUMNS_MAX] = { INK_STRONG, INK_STRONG, INK_STRONG, INK_STRONG, INK_STRONG, INK_STRONG,
		INK_STRONG, INK_STRONG, INK_STRONG, INK_STRONG, INK_STRONG, INK_STRONG };
	struct str cut[COLUMNS_MAX], heads[COLUMNS_MAX];
	PangoLayout *row[COLUMNS_MAX], *head[COLUMNS_MAX];
	double height, head_height = 0;
	size_t i;

	if (p->html != NULL) {
		html_table_row(p->html, cells, ink);
		return;
	}
	for (i = 0; i < p->n_columns; i++) {
		cut[i] = bounded(p, cells[i]);
		heads[i] = str_z(p->columns[i].head);
	}
	height = lay_row(p, cut, false, ink, row);
	if (p->heads_due)
		head_height = lay_row(p, heads, true, head_inks, head);
	if (!fits(p, height + head_height) && !p->empty) {
		turn(p);
		if (!p->heads_due)
			head_height = lay_row(p, heads, true, head_inks, head);
		p->heads_due = true;
	}
	if (p->heads_due) {
		keep_row(p, head, head_height, head_inks, &head_fill);
		p->heads_due = false;
		p->shaded = false;
	}
	keep_row(p, row, height, ink, p->shaded ? &band : NULL);
	p->shaded = !p->shaded;
	p->waiting = false;
}

void page_table_end(struct page *p)
{
	if (p->html != NULL) {
		html_table_end(p->html);
		return;
	}
	p->y += 9;
	p->heads_due = false;
}

/* ---- the document */
static void furniture(struct page *p, struct str marking, struct str foot)
{
	unsigned last = p->number, i;

	for (i = 1; i <= last; i++) {
		p->number = i;
		keep_layout(p, layout_of(p, FONT_MARKING, marking, WIDTH, false), MARGIN, 30, red);
		if (i > 1)
			keep_layout(p, layout_of(p, FONT_RUNNING, p->running[i], WIDTH, false), MARGIN, 43, grey);
		rectangle(p, MARGIN, 58, WIDTH, 0.5, rule);
		rectangle(p, MARGIN, PAGE_HEIGHT - 46, WIDTH, 0.5, rule);
		keep_layout(p, layout_of(p, FONT_RUNNING, foot, WIDTH - 90, false), MARGIN, PAGE_HEIGHT - 40, grey);
		keep_layout(p, layout_of(p, FONT_RUNNING, arena_fmt(p->a, "Page %u of %u", i, last), 86, true), MARGIN + WIDTH - 86,
		    PAGE_HEIGHT - 40, grey);
	}
}

static void open_fonts(struct page *p)
{
	size_t i;

	p->context = pango_font_map_create_context(pango_cairo_font_map_get_default());
	pango_cairo_context_set_resolution(p->context, 72);     /* so that a point is a point */
	for (i = 0; i < FONTS; i++)
		p->font[i] = pango_font_description_from_string(fonts[i]);
	p->attributes = pango_attr_list_new();
	pango_attr_list_insert(p->attributes, pango_attr_insert_hyphens_new(FALSE));
}

static void page_done(struct page *p)
{
	size_t i;

	for (i = 0; i < p->laid_room; i++)
		if (p->laid[i].layout != NULL)
			g_object_unref(p->laid[i].layout);
	mem_free(p->laid);
	for (i = 0; i < FONTS; i++)
		pango_font_description_free(p->font[i]);
	pango_attr_list_unref(p->attributes);
	g_object_unref(p->context);
	mem_free(p->ops);
	mem_free(p->contents);
	mem_free(p->running);
	arena_free(p->a);
	buf_done(&p->out);
}

enum rc page_document(const char *path, const char *title, const char *created, struct str marking, struct str foot,
    enum rc (*write)(void *ctx, struct page *, struct err *), void *ctx, struct err *e)
{
	struct page p = { .a = arena_new() };
	enum rc rc;

	buf_init(&p.out, LIMIT_FILE_READ);
	open_fonts(&p);
	begin_page(&p);
	if ((rc = write(ctx, &p, e)) == RC_OK) {
		put_contents(&p);
		furniture(&p, marking, foot);
		if ((rc = page_draw(&p, title, created, e)) == RC_OK)
			rc = file_replace(path, p.out.p, p.out.n, 0644, e);
	}
	page_done(&p);
	return rc;
}

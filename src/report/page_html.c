/* page_html: see page_html.h. */
#include "report/page_html.h"

#include <string.h>

#include "base/file.h"
#include "report/page_priv.h"

struct html {
	struct buf front, body, contents;       /* up to the contents, behind them, and what they list */
	bool in_body;                           /* the contents were put */
	bool in_facts, in_section;
	unsigned places;                        /* headings that the contents name */
	struct str caption;                     /* the heading that a table stands under */
	struct arena *a;
	const struct page_column *columns;
	size_t n_columns;
};

static struct buf *to(struct html *h)
{
	return h->in_body ? &h->body : &h->front;
}

/* A line's end is a line's end; what is between tags can be nothing but text. */
static void put(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '&':
			buf_z(b, "&amp;");
			break;
		case '<':
			buf_z(b, "&lt;");
			break;
		case '>':
			buf_z(b, "&gt;");
			break;
		case '"':
			buf_z(b, "&quot;");
			break;
		case '\n':
			buf_z(b, "<br>");
			break;
		default:
			if ((unsigned char)s.p[i] >= 0x20 || s.p[i] == '\t')
				buf_c(b, s.p[i]);
		}
	}
}

static void facts_end(struct html *h)
{
	if (h->in_facts)
		buf_z(to(h), "</dl>\n");
	h->in_facts = false;
}

static void heading(struct html *h, enum style s, struct str text)
{
	struct buf *b = to(h);

	if (s == STYLE_TITLE) {
		buf_z(b, h->in_section ? "</section>\n<section>\n" : "<section>\n");
		h->in_section = true;
	}
	if (s == STYLE_SUBHEADING) {
		buf_z(b, "<h4>");
		put(b, text);
		buf_z(b, "</h4>\n");
		return;
	}
	h->places++;
	buf_fmt(&h->contents, "<li%s><a href=\"#p%u\">", s == STYLE_TITLE ? "" : " class=\"sub\"", h->places);
	put(&h->contents, text);
	buf_z(&h->contents, "</a></li>\n");
	buf_fmt(b, "<h%d id=\"p%u\">", s == STYLE_TITLE ? 2 : 3, h->places);
	put(b, text);
	buf_fmt(b, "</h%d>\n", s == STYLE_TITLE ? 2 : 3);
}

void html_text(struct html *h, enum style s, struct str text)
{
	static const char *const classes[] = { "", "", "", "", " class=\"small\"", "", " class=\"note\"" };
	struct buf *b;

	if (text.n == 0)
		return;
	facts_end(h);
	if (s <= STYLE_SUBHEADING) {
		h->caption = arena_str(h->a, text);
		heading(h, s, text);
		return;
	}
	b = to(h);
	buf_fmt(b, "<p%s>", classes[s]);
	put(b, text);
	buf_z(b, "</p>\n");
}

void html_contents(struct html *h)
{
	facts_end(h);
	h->in_body = true;
}

void html_cover(struct html *h, struct str title, struct str subtitle)
{
	buf_z(&h->front, "<h1>");
	put(&h->front, title);
	buf_z(&h->front, "</h1>\n<p class=\"of\">");
	put(&h->front, subtitle);
	buf_z(&h->front, "</p>\n");
}

void html_fact(struct html *h, const char *name, struct str value)
{
	struct buf *b = to(h);

	if (!h->in_facts)
		buf_z(b, "<dl>\n");
	h->in_facts = true;
	buf_z(b, "<dt>");
	put(b, str_z(name));
	buf_z(b, "</dt><dd>");
	put(b, value);
	buf_z(b, "</dd>\n");
}

void html_table_begin(struct html *h, const struct page_column *columns, size_t n)
{
	struct buf *b = to(h);
	size_t i;

	facts_end(h);
	h->columns = columns;
	h->n_columns = n < COLUMNS_MAX ? n : COLUMNS_MAX;
	/* wide tables are moved on their own, and by keyboard: so they can be reached and have a name */
	buf_z(b, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"");
	put(b, h->caption);
	buf_z(b, columns[0].head[0] != 0 ? "\"><table>\n<thead><tr>" : "\"><table class=\"k\">\n<thead><tr>");
	for (i = 0; i < h->n_columns; i++) {
		/* a column of letters has no head to read, and a name all the same */
		buf_fmt(b, columns[i].head[0] != 0 ? "<th scope=\"col\"%s>" : "<th scope=\"col\" aria-label=\"Letter\"%s>",
		    columns[i].right ? " class=\"n\"" : "");
		put(b, str_z(columns[i].head));
		buf_z(b, "</th>");
	}
	buf_z(b, "</tr></thead>\n<tbody>\n");
}

void html_table_row(struct html *h, const struct str *cells, const enum ink *inks)
{
	static const char *const names[] = { "", "quiet", "good", "bad", "warn", "strong" };
	struct buf *b = to(h);
	size_t i;

	buf_z(b, "<tr>");
	for (i = 0; i < h->n_columns; i++) {
		const char *ink = inks != NULL ? names[inks[i]] : "", *number = h->columns[i].right ? "n" : "";
		bool both = ink[0] != 0 && number[0] != 0;

		buf_z(b, i == 0 ? "<th scope=\"row\"" : "<td");
		if (ink[0] != 0 || number[0] != 0)
			buf_fmt(b, " class=\"%s%s%s\"", number, both ? " " : "", ink);
		buf_c(b, '>');
		put(b, cells[i]);
		buf_z(b, i == 0 ? "</th>" : "</td>");
	}
	buf_z(b, "</tr>\n");
}

void html_table_end(struct html *h)
{
	buf_z(to(h), "</tbody></table></div>\n");
}

static const char styles[] =
    ":root{color-scheme:light dark;--ink:#1c2026;--quiet:#5b6270;--line:#d5d9e0;--head:#17294d;--band:#f4f6f9;--paper:#fff;"
    "--good:#0b5f33;--bad:#a01717;--warn:#7a4a00;--mark:#fff4d6}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8eaee;--quiet:#a9b0bd;--line:#3a4150;--head:#b9cdf7;--band:#1d222c;"
    "--paper:#14181f;--good:#7fd3a2;--bad:#ff9c94;--warn:#f0c36b;--mark:#3a3115}}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,\"Noto Sans\",sans-serif;"
    "overflow-wrap:anywhere}\n"
    "main,header,footer{max-width:70rem;margin:0 auto;padding:0 1.25rem}\n"
    "header{padding-top:3rem}h1{font-size:2rem;line-height:1.2;margin:0;color:var(--head)}.of{margin:.2rem 0 1.5rem;color:"
    "var(--quiet)}\n"
    ".marking{position:sticky;top:0;z-index:1;margin:0;padding:.5rem 1.25rem;background:var(--mark);"
    "color:var(--ink);font-weight:600;"
    "text-align:center;font-size:.9rem}\n"
    "h2{font-size:1.5rem;margin:3rem 0 1rem;padding-bottom:.3rem;border-bottom:2px solid var(--head);color:var(--head)}\n"
    "h3{font-size:1.15rem;margin:2rem 0 .5rem}h4{font-size:1rem;margin:1.5rem 0 .3rem}h2,h3,h4{scroll-margin-top:3.5rem}\n"
    "dl{display:grid;grid-template-columns:minmax(7rem,11rem) 1fr;gap:.3rem 1rem}dt{color:var(--quiet)}dd{margin:0}\n"
    ".small{font-size:.9rem;color:var(--quiet)}.note{border-left:4px solid var(--warn);padding:.3rem .9rem;"
    "background:var(--band)}\n"
    "nav ul{list-style:none;padding-left:0;margin:.2rem 0}nav .sub{padding-left:1.1rem}a{color:var(--head)}\n"
    ".wide{overflow-x:auto;margin:.6rem 0 1.4rem}table{border-collapse:collapse;width:100%;font-size:.9rem}\n"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:break-word;"
    "font-weight:400}\n"
    "thead th{font-weight:600;background:var(--band)}tbody tr:nth-child(even){background:var(--band)}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums}.quiet{color:var(--quiet)}.good{color:var(--good)}.bad{color:var(--bad);"
    "font-weight:600}.warn{color:var(--warn)}.strong{font-weight:600}\n"
    "tbody th{min-width:6rem}.k tbody th{min-width:0;width:2rem}\n"
    "footer{margin-top:3rem;padding-bottom:2rem;color:var(--quiet);font-size:.9rem;border-top:1px solid var(--line)}\n"
    "@media(max-width:40rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}table{min-width:36rem}}\n"
    "@media print{.marking{position:static}body{font-size:10pt}.wide{overflow:visible}thead{display:table-header-group}"
    "tr{break-inside:avoid}section{break-before:page}h2,h3,h4{break-after:avoid}}\n";

static void assemble(struct html *h, const char *title, struct str marking, struct str foot, struct buf *out)
{
	buf_z(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	put(out, str_z(title));
	buf_z(out, "</title>\n<style>\n");
	buf_z(out, styles);
	buf_z(out, "</style></head>\n<body>\n<p class=\"marking\" role=\"note\">");
	put(out, marking);
	buf_z(out, "</p>\n<header>\n");
	buf_str(out, buf_view(&h->front));
	buf_z(out, "</header>\n<main>\n<nav aria-label=\"Contents\"><h2>Contents</h2>\n");
	buf_z(out, "<ul>\n");
	buf_str(out, buf_view(&h->contents));
	buf_z(out, "</ul></nav>\n");
	buf_str(out, buf_view(&h->body));
	buf_z(out, h->in_section ? "</section>\n</main>\n<footer><p>" : "</main>\n<footer><p>");
	put(out, foot);
	buf_z(out, "</p><p>");
	put(out, marking);
	buf_z(out, "</p></footer>\n</body></html>\n");
}

enum rc page_html_document(const char *path, const char *title, struct str marking, struct str foot,
    enum rc (*write)(void *ctx, struct page *, struct err *), void *ctx, struct err *e)
{
	struct html h = { .a = arena_new(), .caption = STR("") };
	struct page p = { .a = h.a, .html = &h };
	struct buf out;
	enum rc rc;

	buf_init(&h.front, LIMIT_FILE_READ);
	buf_init(&h.body, LIMIT_FILE_READ);
	buf_init(&h.contents, LIMIT_FILE_READ);
	buf_init(&out, LIMIT_FILE_READ);
	if ((rc = write(ctx, &p, e)) == RC_OK) {
		facts_end(&h);
		assemble(&h, title, marking, foot, &out);
		if ((rc = buf_ok(&h.body, "the report", e)) == RC_OK && (rc = buf_ok(&out, "the report", e)) == RC_OK)
			rc = file_replace(path, out.p, out.n, 0644, e);
	}
	buf_done(&h.front);
	buf_done(&h.body);
	buf_done(&h.contents);
	buf_done(&out);
	arena_free(h.a);
	return rc;
}

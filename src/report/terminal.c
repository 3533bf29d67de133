/* terminal: see terminal.h. */
#include "report/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct cell {
	enum tone tone;
	struct str text;
};

struct table {
	struct arena *a;
	const char *const *heads;
	size_t columns, n, room;
	struct cell *cells;
	bool right[32], drop;
};

struct terminal terminal_of(FILE *to)
{
	struct terminal t = { to, 100, false };
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize w;

	if (isatty(fileno(to)) != 1)
		return t;
	if (ioctl(fileno(to), TIOCGWINSZ, &w) == 0 && w.ws_col >= 40)
		t.width = w.ws_col > 160 ? 160 : w.ws_col;
	t.colours = (no == NULL || no[0] == 0) && (term == NULL || strcmp(term, "dumb") != 0);
	return t;
}

/* One character's bytes and columns: wide ones of East Asia and pictures take two, marks that combine none. */
static size_t character(struct str s, size_t at, size_t *columns)
{
	unsigned char c = (unsigned char)s.p[at];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4, i;
	uint32_t v = c < 0x80 ? c : c & (0xffu >> (n + 1));

	if (n > s.n - at)
		n = s.n - at;
	for (i = 1; i < n; i++)
		v = v << 6 | ((unsigned char)s.p[at + i] & 0x3f);
	*columns = 1;
	if (v < 0x20 || (v >= 0x300 && v <= 0x36f) || v == 0x200d || (v >= 0xfe00 && v <= 0xfe0f))
		*columns = 0;
	else if ((v >= 0x1100 && v <= 0x115f) || (v >= 0x2e80 && v <= 0xa4cf) || (v >= 0xac00 && v <= 0xd7a3) ||
	    (v >= 0xf900 && v <= 0xfaff) || (v >= 0xfe30 && v <= 0xfe6f) || (v >= 0xff00 && v <= 0xff60) ||
	    (v >= 0x1f300 && v <= 0x1faff) || (v >= 0x20000 && v <= 0x3fffd))
		*columns = 2;
	return n;
}

size_t text_width(struct str s)
{
	size_t at = 0, width = 0, columns;

	while (at < s.n) {
		at += character(s, at, &columns);
		width += columns;
	}
	return width;
}

static const char *code(enum tone t)
{
	static const char *const codes[] = { "", "\033[32m", "\033[31m", "\033[33m", "\033[2m", "\033[1m" };

	return codes[t];
}

void put_tone(const struct terminal *t, enum tone tone, const char *fmt, ...)
{
	va_list ap;

	if (t->colours && tone != TONE_PLAIN)
		(void)fputs(code(tone), t->to);
	va_start(ap, fmt);
	(void)vfprintf(t->to, fmt, ap);
	va_end(ap);
	if (t->colours && tone != TONE_PLAIN)
		(void)fputs("\033[0m", t->to);
}

void put_wrapped(const struct terminal *t, unsigned indent, bool first, struct str text)
{
	size_t room = t->width > indent + 20 ? t->width - indent : 20, used = 0, w;
	struct str rest = text, word;

	if (first)
		(void)fprintf(t->to, "%*s", (int)indent, "");
	while (rest.p != NULL) {
		word = str_cut(&rest, ' ');
		if (word.n == 0)
			continue;
		w = text_width(word);
		if (used > 0 && used + 1 + w > room) {
			(void)fprintf(t->to, "\n%*s", (int)indent, "");
			used = 0;
		}
		(void)fprintf(t->to, "%s%.*s", used > 0 ? " " : "", STR_FMT(word));
		used += w + (used > 0);
	}
	(void)putc('\n', t->to);
}

void put_wrapped_tone(const struct terminal *t, enum tone tone, unsigned indent, struct str text)
{
	if (t->colours && tone != TONE_PLAIN)
		(void)fputs(code(tone), t->to);
	put_wrapped(t, indent, true, text);
	if (t->colours && tone != TONE_PLAIN)
		(void)fputs("\033[0m", t->to);
}

struct table *table_new(struct arena *a, const char *const *heads, size_t columns)
{
	struct table *t = ARENA_NEW(a, struct table);

	t->a = a;
	t->heads = heads;
	t->columns = columns < 32 ? columns : 32;
	return t;
}

void table_right(struct table *t, size_t column)
{
	t->right[column] = true;
}

void table_drop(struct table *t)
{
	t->drop = true;
}

/* Control characters from evidence must not reach the terminal. */
static struct str printable(struct arena *a, struct str s)
{
	char *p;
	size_t i;

	for (i = 0; i < s.n && (unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f; i++)
		;
	if (i == s.n)
		return s;
	p = arena_z(a, s);
	for (i = 0; i < s.n; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			p[i] = ' ';
	return (struct str){ p, s.n };
}

void table_cell(struct table *t, enum tone tone, struct str text)
{
	struct cell *more;

	if (t->n == t->room) {
		t->room = t->room == 0 ? 64 : t->room * 2;
		more = ARENA_ARRAY(t->a, t->room, struct cell);
		if (t->n > 0)
			memcpy(more, t->cells, t->n * sizeof(*more));
		t->cells = more;
	}
	t->cells[t->n].tone = tone;
	t->cells[t->n++].text = printable(t->a, text);
}

static struct str cut_to(struct arena *a, struct str s, size_t width)
{
	size_t at = 0, used = 0, columns, n;

	if (text_width(s) <= width || width < 2)
		return s;
	while (at < s.n) {
		n = character(s, at, &columns);
		if (used + columns > width - 1)
			break;
		at += n;
		used += columns;
	}
	return arena_fmt(a, "%.*s\xe2\x80\xa6", STR_FMT(str_sub(s, 0, at)));
}

static void put_cell(const struct table *t, const struct terminal *to, const struct cell *c, size_t width, bool right,
    bool last)
{
	struct str text = cut_to(t->a, c->text, width);
	size_t pad = width > text_width(text) ? width - text_width(text) : 0;

	if (right)
		(void)fprintf(to->to, "%*s", (int)pad, "");
	put_tone(to, c->tone, "%.*s", STR_FMT(text));
	if (!right && !last)
		(void)fprintf(to->to, "%*s", (int)pad, "");
	if (!last)
		(void)fputs("  ", to->to);
}

/* The widest column gives way, none below its head or sixteen; then the last ones are left out, or the widest text gives
 * way further, and numbers last of all. */
static size_t fit(const struct table *t, const struct terminal *to, size_t width[32])
{
	size_t n = t->columns, i, total, widest, least;
	int pass;

	for (;;) {
		for (i = 0, total = 0; i < n; i++)
			total += width[i] + (i > 0 ? 2 : 0);
		if (total <= to->width)
			return n;
		for (i = 0, widest = n; i < n; i++) {
			least = text_width(str_z(t->heads[i]));
			if (width[i] > (least > 16 ? least : 16) && (widest == n || width[i] > width[widest]))
				widest = i;
		}
		if (widest == n && t->drop && n > 1) {
			n--;
			continue;
		}
		for (pass = 0; widest == n && pass < 2; pass++)
			for (i = 0; i < n; i++)
				if (t->right[i] == (pass == 1) && width[i] > 8 && (widest == n || width[i] > width[widest]))
					widest = i;
		if (widest == n)
			return n;
		width[widest]--;
	}
}

size_t table_print(const struct table *t, const struct terminal *to)
{
	size_t width[32] = { 0 }, i, w, n, column;

	for (i = 0; i < t->columns; i++)
		width[i] = text_width(str_z(t->heads[i]));
	for (i = 0; i < t->n; i++) {
		w = text_width(t->cells[i].text);
		if (w > width[i % t->columns])
			width[i % t->columns] = w;
	}
	n = fit(t, to, width);
	for (i = 0; i < n; i++) {
		const struct cell head = { TONE_DIM, str_z(t->heads[i]) };

		put_cell(t, to, &head, width[i], t->right[i], i + 1 == n);
	}
	(void)putc('\n', to->to);
	for (i = 0; i < t->n; i++) {
		column = i % t->columns;
		if (column >= n)
			continue;
		put_cell(t, to, &t->cells[i], width[column], t->right[column], column + 1 == n);
		if (column + 1 == n)
			(void)putc('\n', to->to);
	}
	return n;
}

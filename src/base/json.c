/* json: RFC 8259 read strictly into values, each with its place in the text.  Strings without an escape borrow the
 * text; nothing is looked at twice.  Writing is in value.c. */
#include "base/value.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	const char *start, *p, *end;
	struct arena *a;
	struct err *e;
	size_t values;
	struct value *pile;             /* members and items of the containers that are not closed yet */
	struct str *keys;               /* beside ${pile} */
	size_t n, room;
};

static enum rc json_value(struct reader *r, struct value *out, unsigned depth);

/* Line and column are counted only when somebody asks: for errors, and for values by value_place. */
static void place(const struct reader *r, const char *at, uint32_t *line, uint32_t *column)
{
	const char *p, *from = r->start;

	*line = 1;
	for (p = r->start; p < at; p++) {
		if (*p == '\n') {
			(*line)++;
			from = p + 1;
		}
	}
	*column = (uint32_t)(at - from) + 1;
}

static enum rc fail(struct reader *r, enum rc rc, const char *at, const char *what)
{
	uint32_t line, column;

	place(r, at, &line, &column);
	return err_set(r->e, rc, "line %u, column %u, byte %zu: %s", line, column, (size_t)(at - r->start), what);
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
		r->p++;
}

static bool hex4(const char *p, const char *end, uint32_t *out)
{
	uint8_t b[2];

	if (end - p < 4 || !hex_get((struct str){ p, 4 }, b, 2))
		return false;
	*out = (uint32_t)b[0] << 8 | b[1];
	return true;
}

static char *put_utf8(char *o, uint32_t c)
{
	if (c < 0x80) {
		*o++ = (char)c;
	} else if (c < 0x800) {
		*o++ = (char)(0xc0 | c >> 6);
		*o++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*o++ = (char)(0xe0 | c >> 12);
		*o++ = (char)(0x80 | (c >> 6 & 0x3f));
		*o++ = (char)(0x80 | (c & 0x3f));
	} else {
		*o++ = (char)(0xf0 | c >> 18);
		*o++ = (char)(0x80 | (c >> 12 & 0x3f));
		*o++ = (char)(0x80 | (c >> 6 & 0x3f));
		*o++ = (char)(0x80 | (c & 0x3f));
	}
	return o;
}

/* One escape at p (behind the backslash); returns where it ends, NULL when it is none. */
static const char *unescape(const char *p, const char *end, char **o)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	uint32_t c, low;

	if (p == end)
		return NULL;
	if (*p != 'u') {
		at = *p != 0 ? strchr(from, *p) : NULL;
		if (at == NULL)
			return NULL;
		*(*o)++ = to[at - from];
		return p + 1;
	}
	if (!hex4(p + 1, end, &c))
		return NULL;
	p += 5;
	if (c >= 0xdc00 && c <= 0xdfff)
		return NULL;
	if (c >= 0xd800 && c <= 0xdbff) {
		if (end - p < 6 || p[0] != '\\' || p[1] != 'u' || !hex4(p + 2, end, &low) || low < 0xdc00 || low > 0xdfff)
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 6;
	}
	*o = put_utf8(*o, c);
	return p;
}

static enum rc string_escaped(struct reader *r, const char *from, const char *quote, struct str *out)
{
	char *text = arena_alloc(r->a, (size_t)(quote - from) + 1), *o = text;
	const char *p = from;

	while (p < quote) {
		const char *slash = memchr(p, '\\', (size_t)(quote - p));
		size_t n = (size_t)((slash != NULL ? slash : quote) - p);

		memcpy(o, p, n);
		o += n;
		if (slash == NULL)
			break;
		p = unescape(slash + 1, quote, &o);
		if (p == NULL)
			return fail(r, RC_INVALID, slash, "this is no escape that JSON knows, or half of a surrogate pair");
	}
	out->p = text;
	out->n = (size_t)(o - text);
	return RC_OK;
}

/* At the opening quote; leaves p behind the closing one. */
static enum rc json_string(struct reader *r, struct str *out)
{
	const char *from = ++r->p, *p = from;
	bool escaped = false, plain = true;
	struct str text;
	size_t bad;

	for (;; p++) {
		if (p >= r->end)
			return fail(r, RC_INVALID, from - 1, "this string is never closed");
		if (*p == '"')
			break;
		if ((unsigned char)*p < 0x20)
			return fail(r, RC_INVALID, p, "a control character in a string must be escaped");
		if (*p == '\\') {
			escaped = true;
			if (++p >= r->end)
				return fail(r, RC_INVALID, from - 1, "this string is never closed");
		}
		if ((unsigned char)*p >= 0x80)
			plain = false;
	}
	text = (struct str){ from, (size_t)(p - from) };
	if (!plain && !str_utf8_valid(text, &bad))
		return fail(r, RC_INVALID, from + bad, "these bytes are no UTF-8");
	r->p = p + 1;
	if (escaped)
		return string_escaped(r, from, p, out);
	*out = text;
	return RC_OK;
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static enum rc json_number(struct reader *r, struct value *out)
{
	const char *p = r->p, *q;

	if (*p == '-')
		p++;
	q = digits(p, r->end);
	if (q == p || (*p == '0' && q > p + 1))
		return fail(r, RC_INVALID, r->p, "this is no number as JSON writes them");
	p = q;
	if (p < r->end && *p == '.') {
		q = digits(p + 1, r->end);
		if (q == p + 1)
			return fail(r, RC_INVALID, p, "a digit must follow the decimal point");
		p = q;
	}
	if (p < r->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < r->end && (*p == '+' || *p == '-'))
			p++;
		q = digits(p, r->end);
		if (q == p)
			return fail(r, RC_INVALID, p, "a digit must follow the exponent's letter");
		p = q;
	}
	out->type = VALUE_NUMBER;
	out->text = (struct str){ r->p, (size_t)(p - r->p) };
	r->p = p;
	return RC_OK;
}

static enum rc json_word(struct reader *r, struct value *out)
{
	static const struct {
		struct str word;
		enum value_type type;
		bool is_true;
	} words[] = {
		{ { "null", 4 }, VALUE_NULL, false }, { { "true", 4 }, VALUE_BOOL, true }, { { "false", 5 }, VALUE_BOOL, false },
	};
	struct str rest = { r->p, (size_t)(r->end - r->p) };
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		if (str_starts(rest, words[i].word)) {
			out->type = words[i].type;
			out->is_true = words[i].is_true;
			r->p += words[i].word.n;
			return RC_OK;
		}
	}
	return fail(r, RC_INVALID, r->p, "a value was expected here");
}

static void pile_grow(struct reader *r)
{
	if (r->n < r->room)
		return;
	r->room = r->room == 0 ? 64 : r->room * 2;
	r->pile = mem_resize(r->pile, r->room * sizeof(*r->pile));
	r->keys = mem_resize(r->keys, r->room * sizeof(*r->keys));
}

static int key_order(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool keys_unique(struct reader *r, const struct member *m, size_t n)
{
	struct str *sorted;
	size_t i, k;
	bool unique = true;

	if (n <= 16) {
		for (i = 1; i < n; i++)
			for (k = 0; k < i; k++)
				if (str_eq(m[i].key, m[k].key))
					return false;
		return true;
	}
	(void)r;
	sorted = mem_alloc(n * sizeof(*sorted));
	for (i = 0; i < n; i++)
		sorted[i] = m[i].key;
	qsort(sorted, n, sizeof(*sorted), key_order);
	for (i = 1; i < n && unique; i++)
		unique = !str_eq(sorted[i - 1], sorted[i]);
	mem_free(sorted);
	return unique;
}

static enum rc close_list(struct reader *r, size_t base, struct value *out)
{
	out->type = VALUE_LIST;
	out->n = r->n - base;
	out->items = ARENA_ARRAY(r->a, out->n, struct value);
	if (out->n > 0)
		memcpy(out->items, &r->pile[base], out->n * sizeof(*out->items));
	r->n = base;
	return RC_OK;
}

static enum rc close_map(struct reader *r, size_t base, const char *at, struct value *out)
{
	size_t i;

	out->type = VALUE_MAP;
	out->n = r->n - base;
	out->members = ARENA_ARRAY(r->a, out->n, struct member);
	for (i = 0; i < out->n; i++) {
		out->members[i].key = r->keys[base + i];
		out->members[i].value = r->pile[base + i];
	}
	r->n = base;
	return keys_unique(r, out->members, out->n) ? RC_OK : fail(r, RC_INVALID, at, "a key stands twice in this object");
}

static enum rc json_list(struct reader *r, struct value *out, unsigned depth)
{
	size_t base = r->n;
	struct value item;
	enum rc rc;

	r->p++;
	skip_space(r);
	if (r->p < r->end && *r->p == ']') {
		r->p++;
		return close_list(r, base, out);
	}
	for (;;) {
		if ((rc = json_value(r, &item, depth + 1)) != RC_OK)
			return rc;
		pile_grow(r);
		r->pile[r->n++] = item;
		skip_space(r);
		if (r->p < r->end && *r->p == ',') {
			r->p++;
			continue;
		}
		if (r->p < r->end && *r->p == ']') {
			r->p++;
			return close_list(r, base, out);
		}
		return fail(r, RC_INVALID, r->p, "a comma or ] was expected here");
	}
}

static enum rc json_map(struct reader *r, struct value *out, unsigned depth)
{
	const char *at = r->p;
	size_t base = r->n;
	struct value item;
	struct str key;
	enum rc rc;

	r->p++;
	skip_space(r);
	if (r->p < r->end && *r->p == '}') {
		r->p++;
		return close_map(r, base, at, out);
	}
	for (;;) {
		skip_space(r);
		if (r->p >= r->end || *r->p != '"')
			return fail(r, RC_INVALID, r->p, "a key in double quotes was expected here");
		if ((rc = json_string(r, &key)) != RC_OK)
			return rc;
		skip_space(r);
		if (r->p >= r->end || *r->p != ':')
			return fail(r, RC_INVALID, r->p, "a colon was expected here");
		r->p++;
		if ((rc = json_value(r, &item, depth + 1)) != RC_OK)
			return rc;
		pile_grow(r);
		r->keys[r->n] = key;
		r->pile[r->n++] = item;
		skip_space(r);
		if (r->p < r->end && *r->p == ',') {
			r->p++;
			continue;
		}
		if (r->p < r->end && *r->p == '}') {
			r->p++;
			return close_map(r, base, at, out);
		}
		return fail(r, RC_INVALID, r->p, "a comma or } was expected here");
	}
}

static enum rc json_value(struct reader *r, struct value *out, unsigned depth)
{
	const char *at;
	enum rc rc;

	skip_space(r);
	at = r->p;
	if (depth > LIMIT_JSON_DEPTH)
		return fail(r, RC_LIMIT, at, "values are nested too deeply");
	if (++r->values > LIMIT_JSON_VALUES)
		return fail(r, RC_LIMIT, at, "the document has too many values");
	if (r->p >= r->end)
		return fail(r, RC_INVALID, at, "a value was expected, and the text ends here");
	memset(out, 0, sizeof(*out));
	switch (*r->p) {
	case '{':
		rc = json_map(r, out, depth);
		break;
	case '[':
		rc = json_list(r, out, depth);
		break;
	case '"':
		out->type = VALUE_STRING;
		rc = json_string(r, &out->text);
		break;
	default:
		rc = *r->p == '-' || (*r->p >= '0' && *r->p <= '9') ? json_number(r, out) : json_word(r, out);
	}
	out->at = (size_t)(at - r->start);
	out->end = (size_t)(r->p - r->start);
	return rc;
}

/* Lines and columns of all values in one pass: they are asked for in the order of the text. */
struct walk {
	const char *text;
	size_t at, from;
	uint32_t line;
};

static void number_lines(struct walk *w, struct value *v)
{
	size_t i;

	for (; w->at < v->at; w->at++) {
		if (w->text[w->at] == '\n') {
			w->line++;
			w->from = w->at + 1;
		}
	}
	v->line = w->line;
	v->column = (uint32_t)(v->at - w->from) + 1;
	if (v->type == VALUE_LIST)
		for (i = 0; i < v->n; i++)
			number_lines(w, &v->items[i]);
	if (v->type == VALUE_MAP)
		for (i = 0; i < v->n; i++)
			number_lines(w, &v->members[i].value);
}

enum rc json_parse_first(struct arena *a, struct str text, const struct value **out, size_t *used, struct err *e)
{
	struct reader r = { .start = text.p, .p = text.p, .end = text.p != NULL ? text.p + text.n : NULL, .a = a, .e = e };
	struct value *v = ARENA_NEW(a, struct value);
	struct walk w = { .text = text.p, .line = 1 };
	enum rc rc;

	if (text.n == 0)
		return err_set(e, RC_INVALID, "line 1, column 1, byte 0: a value was expected, and the text is empty");
	rc = json_value(&r, v, 0);
	mem_free(r.pile);
	mem_free(r.keys);
	if (rc != RC_OK)
		return rc;
	number_lines(&w, v);
	*used = (size_t)(r.p - r.start);
	*out = v;
	return RC_OK;
}

enum rc json_parse(struct arena *a, struct str text, const struct value **out, struct err *e)
{
	struct reader r = { .start = text.p, .end = text.p != NULL ? text.p + text.n : NULL, .a = a, .e = e };
	const struct value *v;
	size_t used;
	enum rc rc;

	if ((rc = json_parse_first(a, text, &v, &used, e)) != RC_OK)
		return rc;
	r.p = text.p + used;
	skip_space(&r);
	if (r.p < r.end)
		return fail(&r, RC_INVALID, r.p, "the document has ended, and something follows it");
	*out = v;
	return RC_OK;
}

/* json: RFC 8259 read strictly into values, each with its place in the text.  Strings without an escape borrow the
 * text; nothing is looked at twice.  Writing is in value.c. */
#include "base/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/scan.h"

enum { PILE = 16 << 10 };

struct reader {
	const char *start, *p, *end;
	const char *line_from;          /* where the line that is being read begins */
	uint32_t line;
	struct arena *a;                /* NULL: values are passed over and not built */
	struct err *e;
	bool ends;                      /* the text ended where more of it could make it good */
	size_t values;
	uint8_t *pile;                  /* items and members of the containers that are not closed yet */
	size_t n, room;                 /* bytes */
	uint8_t *big;                   /* the pile, once it outgrew the stack's */
};

static enum rc json_value(struct reader *r, struct value *out, unsigned depth);

/* Of a place that lies in the line being read or in one before it. */
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

	if (at >= r->end)
		r->ends = true;
	place(r, at, &line, &column);
	return err_set(r->e, rc, "line %u, column %u, byte %zu: %s", line, column, (size_t)(at - r->start), what);
}

/* Line feeds stand between values alone, so lines are counted here and nowhere else. */
static inline void skip_space(struct reader *r)
{
	for (; r->p < r->end && (unsigned char)*r->p <= ' '; r->p++) {
		if (*r->p == '\n') {
			r->line++;
			r->line_from = r->p + 1;
		} else if (*r->p != ' ' && *r->p != '\r' && *r->p != '\t') {
			break;
		}
	}
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
	char *text = r->a != NULL ? arena_alloc_raw(r->a, (size_t)(quote - from) + 1) : NULL, *o = text, thrown_away[8];
	const char *p = from;

	while (p < quote) {
		const char *slash = memchr(p, '\\', (size_t)(quote - p));
		size_t n = (size_t)((slash != NULL ? slash : quote) - p);

		if (text != NULL) {
			memcpy(o, p, n);
			o += n;
		} else {
			o = thrown_away;
		}
		if (slash == NULL)
			break;
		p = unescape(slash + 1, quote, &o);
		if (p == NULL)
			return fail(r, RC_INVALID, slash, "this is no escape that JSON knows, or half of a surrogate pair");
	}
	out->p = text;
	out->n = text != NULL ? (size_t)(o - text) : 0;
	return RC_OK;
}

static enum rc unclosed(struct reader *r, const char *from)
{
	r->ends = true;
	return fail(r, RC_INVALID, from - 1, "this string is never closed");
}

/* At the opening quote; leaves p behind the closing one. */
static enum rc json_string(struct reader *r, struct str *out)
{
	const char *from = ++r->p, *p = from;
	bool escaped = false, high = false;
	struct str text;
	size_t bad;

	for (;;) {
		p += scan_json_string(p, (size_t)(r->end - p), &high);
		if (p >= r->end)
			return unclosed(r, from);
		if (*p == '"')
			break;
		if (*p != '\\')
			return fail(r, RC_INVALID, p, "a control character in a string must be escaped");
		escaped = true;
		if (r->end - p < 2)
			return unclosed(r, from);
		if ((unsigned char)p[1] < 0x20)
			return fail(r, RC_INVALID, p + 1, "a control character in a string must be escaped");
		high = high || (unsigned char)p[1] >= 0x80;
		p += 2;
	}
	text = (struct str){ from, (size_t)(p - from) };
	if (high && !str_utf8_valid(text, &bad))
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
	r->ends = r->ends || q == r->end;       /* more digits may follow */
	if (q == p || (*p == '0' && q > p + 1))
		return fail(r, RC_INVALID, r->p, "this is no number as JSON writes them");
	p = q;
	if (p < r->end && *p == '.') {
		q = digits(p + 1, r->end);
		r->ends = r->ends || q == r->end;
		if (q == p + 1)
			return fail(r, RC_INVALID, p, "a digit must follow the decimal point");
		p = q;
	}
	if (p < r->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < r->end && (*p == '+' || *p == '-'))
			p++;
		q = digits(p, r->end);
		r->ends = r->ends || q == r->end;
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
		r->ends = r->ends || str_starts(words[i].word, rest);
	}
	return fail(r, RC_INVALID, r->p, "a value was expected here");
}

/* Room for ${n} more bytes on the pile. */
static void *pile_more(struct reader *r, size_t n)
{
	uint8_t *to;

	if (r->room - r->n < n) {
		uint8_t *more = mem_resize(r->big, r->room * 2);

		if (r->big == NULL)
			memcpy(more, r->pile, r->n);
		r->pile = r->big = more;
		r->room *= 2;
	}
	to = r->pile + r->n;
	r->n += n;
	return to;
}

static int key_order(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Two bytes' worth of a key's length and ends: keys of one object seldom share it. */
static unsigned key_mark(struct str k)
{
	uint64_t a = 0, b = 0;

	if (k.n >= 8) {
		memcpy(&a, k.p, 8);
		memcpy(&b, k.p + k.n - 8, 8);
	} else if (k.n >= 4) {
		uint32_t low, high;

		memcpy(&low, k.p, 4);
		memcpy(&high, k.p + k.n - 4, 4);
		a = low;
		b = high;
	} else if (k.n > 0) {
		a = (uint8_t)k.p[0];
		b = (uint64_t)(uint8_t)k.p[k.n - 1] << 8 | (uint8_t)k.p[k.n / 2];
	}
	return (unsigned)(((a * 0x9e3779b97f4a7c15u) ^ ((b + k.n) * 0xc2b2ae3d27d4eb4fu)) >> 56);
}

static bool many_unique(const struct member *m, size_t n)
{
	struct str *sorted = mem_alloc(n * sizeof(*sorted));
	bool unique = true;
	size_t i;

	for (i = 0; i < n; i++)
		sorted[i] = m[i].key;
	qsort(sorted, n, sizeof(*sorted), key_order);
	for (i = 1; i < n && unique; i++)
		unique = !str_eq(sorted[i - 1], sorted[i]);
	mem_free(sorted);
	return unique;
}

/* A key is compared with those before it only when its mark was seen; beyond 64 keys they are sorted, so that nobody
 * makes this cost the square of a large object. */
static bool keys_unique(const struct member *m, size_t n)
{
	uint64_t seen[4] = { 0 };
	size_t i, k;

	if (n > 64)
		return many_unique(m, n);
	for (i = 0; i < n; i++) {
		unsigned mark = key_mark(m[i].key);

		if ((seen[mark >> 6] >> (mark & 63) & 1) != 0)
			for (k = 0; k < i; k++)
				if (str_eq(m[i].key, m[k].key))
					return false;
		seen[mark >> 6] |= (uint64_t)1 << (mark & 63);
	}
	return true;
}

/* What lies on the pile above ${base} becomes the container's own. */
static void *pile_take(struct reader *r, size_t base)
{
	size_t n = r->n - base;
	void *own = n > 0 ? arena_alloc_raw(r->a, n) : NULL;

	if (n > 0)
		memcpy(own, r->pile + base, n);
	r->n = base;
	return own;
}

static enum rc close_list(struct reader *r, size_t base, struct value *out)
{
	if (r->a == NULL)
		return RC_OK;
	out->type = VALUE_LIST;
	out->n = (r->n - base) / sizeof(struct value);
	out->items = pile_take(r, base);
	return RC_OK;
}

static enum rc close_map(struct reader *r, size_t base, const char *at, struct value *out)
{
	if (r->a == NULL)
		return RC_OK;
	out->type = VALUE_MAP;
	out->n = (r->n - base) / sizeof(struct member);
	out->members = pile_take(r, base);
	return keys_unique(out->members, out->n) ? RC_OK : fail(r, RC_INVALID, at, "a key stands twice in this object");
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
		if (r->a != NULL)
			memcpy(pile_more(r, sizeof(item)), &item, sizeof(item));
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
	struct member m;
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
		if ((rc = json_string(r, &m.key)) != RC_OK)
			return rc;
		skip_space(r);
		if (r->p >= r->end || *r->p != ':')
			return fail(r, RC_INVALID, r->p, "a colon was expected here");
		r->p++;
		if ((rc = json_value(r, &m.value, depth + 1)) != RC_OK)
			return rc;
		if (r->a != NULL)
			memcpy(pile_more(r, sizeof(m)), &m, sizeof(m));
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
	*out = (struct value){ .at = (size_t)(at - r->start), .line = r->line, .column = (uint32_t)(at - r->line_from) + 1 };
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
	out->end = (size_t)(r->p - r->start);
	return rc;
}

enum rc json_parse_first(struct arena *a, struct str text, const struct value **out, size_t *used, struct err *e)
{
	_Alignas(struct member) uint8_t pile[PILE];
	struct reader r = { .start = text.p, .p = text.p, .end = text.p != NULL ? text.p + text.n : NULL, .line_from = text.p,
		.line = 1, .a = a, .e = e, .pile = pile, .room = sizeof(pile) };
	struct value v, *own;
	enum rc rc;

	if (text.n == 0)
		return err_set(e, RC_INVALID, "line 1, column 1, byte 0: a value was expected, and the text is empty");
	rc = json_value(&r, &v, 0);
	mem_free(r.big);
	if (rc != RC_OK)
		return rc;
	own = arena_alloc_raw(a, sizeof(*own));
	*own = v;
	*used = (size_t)(r.p - r.start);
	*out = own;
	return RC_OK;
}

enum rc json_skip(struct str text, size_t *used, bool *ends, struct err *e)
{
	struct reader r = { .start = text.p, .p = text.p, .end = text.p != NULL ? text.p + text.n : NULL, .line_from = text.p,
		.line = 1, .e = e };
	struct value v;
	enum rc rc;

	*ends = true;
	if (text.n == 0)
		return err_set(e, RC_INVALID, "line 1, column 1, byte 0: a value was expected, and the text is empty");
	rc = json_value(&r, &v, 0);
	*ends = r.ends;
	*used = (size_t)(r.p - r.start);
	return rc;
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

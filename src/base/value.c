/* value: looking into a document, and writing one as JSON in its canonical form. */
#include "base/value.h"

#include <stdlib.h>
#include <string.h>

const struct value *value_get_str(const struct value *v, struct str key)
{
	size_t i;

	if (v == NULL || v->type != VALUE_MAP)
		return NULL;
	for (i = 0; i < v->n; i++)
		if (str_eq(v->members[i].key, key))
			return &v->members[i].value;
	return NULL;
}

const struct value *value_get(const struct value *v, const char *key)
{
	return value_get_str(v, str_z(key));
}

struct str value_text(const struct value *v, const char *key)
{
	const struct value *m = value_get(v, key);

	return m != NULL && m->type == VALUE_STRING ? m->text : STR_NONE;
}

const char *value_type_name(enum value_type type)
{
	static const char *const names[] = { "null", "true or false", "a number", "text", "a list", "a map" };

	return (size_t)type < ARRAY_LEN(names) ? names[type] : "something unknown";
}

void json_put_str(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789abcdef";
	size_t i, from = 0;

	buf_c(b, '"');
	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		const char *short_form = NULL;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(b, s.p + from, i - from);
		from = i + 1;
		switch (c) {
		case '"': short_form = "\\\""; break;
		case '\\': short_form = "\\\\"; break;
		case '\b': short_form = "\\b"; break;
		case '\f': short_form = "\\f"; break;
		case '\n': short_form = "\\n"; break;
		case '\r': short_form = "\\r"; break;
		case '\t': short_form = "\\t"; break;
		default: break;
		}
		if (short_form != NULL) {
			buf_z(b, short_form);
		} else {
			buf_z(b, "\\u00");
			buf_c(b, hex[c >> 4]);
			buf_c(b, hex[c & 15]);
		}
	}
	if (s.n > from)
		buf_add(b, s.p + from, s.n - from);
	buf_c(b, '"');
}

/* RFC 8785 sorts by UTF-16 code units: a character beyond U+FFFF (UTF-8 lead F0..F4) is a surrogate pair there and
 * comes before U+E000..U+FFFF (leads EE, EF). */
static int unit_rank(unsigned char c)
{
	if (c >= 0xf0)
		return 0xee;
	return c >= 0xee ? c + 8 : c;
}

static int utf16_order(const void *x, const void *y)
{
	const struct str a = (*(const struct member *const *)x)->key, b = (*(const struct member *const *)y)->key;
	size_t i, n = a.n < b.n ? a.n : b.n;

	for (i = 0; i < n; i++) {
		unsigned char ca = (unsigned char)a.p[i], cb = (unsigned char)b.p[i];

		if (ca != cb) {
			int ra = unit_rank(ca), rb = unit_rank(cb);

			return ra != rb ? ra - rb : ca - cb;
		}
	}
	return a.n < b.n ? -1 : a.n > b.n;
}

static void put(struct buf *b, const struct value *v, bool sorted);

static void put_map(struct buf *b, const struct value *v, bool in_order)
{
	const struct member **sorted = mem_alloc((v->n + 1) * sizeof(*sorted));
	size_t i;

	for (i = 0; i < v->n; i++)
		sorted[i] = &v->members[i];
	if (in_order)
		qsort(sorted, v->n, sizeof(*sorted), utf16_order);
	buf_c(b, '{');
	for (i = 0; i < v->n; i++) {
		if (i > 0)
			buf_c(b, ',');
		json_put_str(b, sorted[i]->key);
		buf_c(b, ':');
		put(b, &sorted[i]->value, in_order);
	}
	buf_c(b, '}');
	mem_free(sorted);
}

static void put(struct buf *b, const struct value *v, bool sorted)
{
	size_t i;

	switch (v->type) {
	case VALUE_NULL:
		buf_z(b, "null");
		break;
	case VALUE_BOOL:
		buf_z(b, v->is_true ? "true" : "false");
		break;
	case VALUE_NUMBER:
		buf_str(b, v->text);
		break;
	case VALUE_STRING:
		json_put_str(b, v->text);
		break;
	case VALUE_LIST:
		buf_c(b, '[');
		for (i = 0; i < v->n; i++) {
			if (i > 0)
				buf_c(b, ',');
			put(b, &v->items[i], sorted);
		}
		buf_c(b, ']');
		break;
	case VALUE_MAP:
		put_map(b, v, sorted);
		break;
	}
}

void json_put(struct buf *b, const struct value *v) { put(b, v, true); }
void json_put_as_is(struct buf *b, const struct value *v) { put(b, v, false); }

#include "server/form.h"

#include <string.h>

static bool decode(struct arena *a, struct str s, bool plus, struct str *out)
{
	char *to = arena_alloc_raw(a, s.n + 1);
	uint8_t byte;
	size_t i, n = 0;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '%') {
			if (s.n - i < 3 || !hex_get(str_sub(s, i + 1, 2), &byte, 1))
				return false;
			to[n++] = (char)byte;
			i += 2;
		} else {
			to[n++] = plus && s.p[i] == '+' ? ' ' : s.p[i];
		}
		if (to[n - 1] == 0)
			return false;
	}
	to[n] = 0;
	*out = (struct str){ to, n };
	return str_utf8_valid(*out, &(size_t){ 0 });
}

bool path_decode(struct arena *a, struct str part, struct str *out)
{
	return decode(a, part, false, out);
}

enum rc form_decode(struct arena *a, struct str text, struct form *out, struct err *e)
{
	struct str pair, name;

	*out = (struct form){ ARENA_ARRAY(a, FORM_FIELDS_MOST, struct form_field), 0 };
	while (text.n > 0) {
		pair = str_cut(&text, '&');
		if (pair.n == 0)
			continue;
		if (out->n == FORM_FIELDS_MOST)
			return err_set(e, RC_LIMIT, "the form has more than %d fields", FORM_FIELDS_MOST);
		name = str_cut(&pair, '=');
		if (!decode(a, name, true, &out->p[out->n].name) || !decode(a, pair, true, &out->p[out->n].value))
			return err_set(e, RC_INVALID, "the form's field %zu is not encoded as forms are", out->n + 1);
		out->n++;
	}
	return RC_OK;
}

struct str form_get(const struct form *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (str_is(f->p[i].name, name))
			return f->p[i].value;
	return STR_NONE;
}

struct str cookie_get(struct str header, const char *name)
{
	struct str found = STR_NONE, pair;
	bool twice = false;

	while (header.n > 0) {
		pair = str_trim(str_cut(&header, ';'));
		if (pair.n == 0 || !str_is(str_cut(&pair, '='), name) || pair.p == NULL)
			continue;
		twice = found.p != NULL;
		found = pair;
		if (twice)
			return STR_NONE;
	}
	return found;
}

void url_put(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != 0 && strchr("-._~", c) != NULL))
			buf_c(b, (char)c);
		else
			buf_fmt(b, "%%%02X", c);
	}
}

/* xml: see xml.h. */
#include "base/xml.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	struct str text;
	size_t at;
	struct arena *a;
	struct err *e;
	size_t values;
};

/* The children of an element that is not closed yet. */
struct child {
	struct str name;
	size_t order;
	struct value value;
};

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static bool starts_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || ((unsigned char)c & 0x80) != 0;
}

static size_t name_length(struct str s)
{
	size_t n = 0;

	if (s.n == 0 || !starts_name(s.p[0]))
		return 0;
	while (n < s.n && (starts_name(s.p[n]) || (s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '-' || s.p[n] == '.'))
		n++;
	return n;
}

struct str xml_local(struct str name)
{
	struct str rest = name, prefix = str_cut(&rest, ':');

	return rest.p != NULL && rest.n > 0 && prefix.n > 0 ? rest : name;
}

/* ---- tokens */
/* From behind ${open} to ${close}. */
static enum rc enclosed(struct str text, size_t open, struct str close, struct xml_token *t, bool *ends, struct err *e)
{
	struct str rest = str_sub(text, open, text.n);
	ptrdiff_t at = str_find(rest, close);

	*ends = at < 0;
	if (*ends)
		return err_set(e, RC_INVALID, "what begins with \"%.*s\" is never closed with \"%.*s\"", (int)open, text.p, STR_FMT(close));
	t->inside = str_sub(rest, 0, (size_t)at);
	t->n = open + (size_t)at + close.n;
	return RC_OK;
}

/* A document type without declarations of its own: <!DOCTYPE nmaprun SYSTEM "x.dtd">; what it points at is never read. */
static enum rc document_type(struct str text, struct xml_token *t, bool *ends, struct err *e)
{
	size_t i;
	char quote = 0;

	for (i = 9; i < text.n; i++) {
		char c = text.p[i];

		if (quote != 0) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '[') {
			return err_set(e, RC_INVALID, "a document type with declarations of its own is not taken: export without it");
		} else if (c == '>') {
			t->n = i + 1;
			return RC_OK;
		}
	}
	*ends = true;
	return err_set(e, RC_INVALID, "the document type is never closed");
}

static enum rc special(struct str text, struct xml_token *t, bool *ends, struct err *e)
{
	static const struct {
		struct str open, close;
		enum xml_kind kind;
	} forms[] = {
		{ { "<!--", 4 }, { "-->", 3 }, XML_OTHER }, { { "<![CDATA[", 9 }, { "]]>", 3 }, XML_CDATA },
		{ { "<!DOCTYPE", 9 }, { ">", 1 }, XML_OTHER },
	};
	size_t i, n;
	enum rc rc;

	t->kind = XML_OTHER;
	if (text.p[1] == '?') {
		rc = enclosed(text, 2, STR("?>"), t, ends, e);
		n = rc == RC_OK ? name_length(t->inside) : 1;
		if (n == 0)
			return err_set(e, RC_INVALID, "an instruction has no name");
		t->name = str_sub(t->inside, 0, n);
		t->inside = str_sub(t->inside, n, t->inside.n);
		return rc;
	}
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		t->kind = forms[i].kind;
		if (str_starts(text, forms[i].open))
			return i == 2 ? document_type(text, t, ends, e) :
			    enclosed(text, forms[i].open.n, forms[i].close, t, ends, e);
		*ends = *ends || str_starts(forms[i].open, text);
	}
	return err_set(e, RC_INVALID, "this declaration is not known");
}

static enum rc tag(struct str text, struct xml_token *t, bool *ends, struct err *e)
{
	bool closes = text.p[1] == '/';
	size_t from = closes ? 2 : 1, n, i;
	char quote = 0;

	n = name_length(str_sub(text, from, text.n));
	*ends = from + n >= text.n;
	if (n == 0)
		return err_set(e, RC_INVALID, "a name must follow the \"<\"");
	t->kind = closes ? XML_CLOSE : XML_OPEN;
	t->name = str_sub(text, from, n);
	for (i = from + n; i < text.n; i++) {
		char c = text.p[i];

		if (quote != 0) {
			quote = c == quote ? 0 : quote;
			continue;
		}
		if (c == '"' || c == '\'')
			quote = c;
		else if (c == '<')
			return err_set(e, RC_INVALID, "a \"<\" stands inside of a tag");
		else if (c == '>')
			break;
	}
	*ends = i == text.n;
	if (*ends)
		return err_set(e, RC_INVALID, "the tag of \"%.*s\" is never closed", (int)(n > 100 ? 100 : n), t->name.p);
	t->n = i + 1;
	t->inside = str_sub(text, from + n, i - from - n);
	if (!closes && t->inside.n > 0 && t->inside.p[t->inside.n - 1] == '/') {
		t->kind = XML_EMPTY;
		t->inside.n--;
	}
	if (closes && str_trim(t->inside).n > 0)
		return err_set(e, RC_INVALID, "a closing tag has no attributes");
	if (t->inside.n > 0 && !is_space(t->inside.p[0]))
		return err_set(e, RC_INVALID, "a space must stand before an attribute");
	return RC_OK;
}

enum rc xml_token(struct str text, struct xml_token *t, bool *ends, struct err *e)
{
	const char *lt;

	memset(t, 0, sizeof(*t));
	*ends = false;
	if (text.p[0] != '<') {
		lt = memchr(text.p, '<', text.n);
		t->kind = XML_TEXT;
		t->n = lt != NULL ? (size_t)(lt - text.p) : text.n;
		t->inside = str_sub(text, 0, t->n);
		return RC_OK;
	}
	*ends = text.n < 2;
	if (*ends)
		return err_set(e, RC_INVALID, "the text ends behind a \"<\"");
	return text.p[1] == '!' || text.p[1] == '?' ? special(text, t, ends, e) : tag(text, t, ends, e);
}

bool xml_is_utf8(const struct xml_token *t)
{
	static const char *const fine[] = { "utf-8", "utf8", "us-ascii", "ascii" };
	ptrdiff_t at = str_find(t->inside, STR("encoding"));
	struct str s;
	char lower[16];
	size_t i, k;

	if (t->kind != XML_OTHER || !str_is(t->name, "xml") || at < 0)
		return true;
	s = str_trim(str_sub(t->inside, (size_t)at + 8, t->inside.n));
	if (s.n < 2 || s.p[0] != '=')
		return false;
	s = str_trim(str_sub(s, 1, s.n));
	for (i = 1; i < s.n && i < sizeof(lower) && s.p[i] != s.p[0]; i++)
		lower[i - 1] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	for (k = 0; k < ARRAY_LEN(fine); k++)
		if (i > 0 && str_eq((struct str){ lower, i - 1 }, str_z(fine[k])))
			return true;
	return false;
}

/* ---- values */
static enum rc fail(struct reader *r, enum rc rc, size_t at, const char *what)
{
	return err_set(r->e, rc, "byte %zu: %s", at, what);
}

static size_t put_utf8(char *o, uint32_t c)
{
	if (c < 0x80) {
		o[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		o[0] = (char)(0xc0 | c >> 6);
		o[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		o[0] = (char)(0xe0 | c >> 12);
		o[1] = (char)(0x80 | (c >> 6 & 0x3f));
		o[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	o[0] = (char)(0xf0 | c >> 18);
	o[1] = (char)(0x80 | (c >> 12 & 0x3f));
	o[2] = (char)(0x80 | (c >> 6 & 0x3f));
	o[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static bool is_char(uint32_t c)
{
	return c == 9 || c == 10 || c == 13 || (c >= 0x20 && c < 0xd800) || (c > 0xdfff && c < 0xfffe) || (c > 0xffff && c <= 0x10ffff);
}

/* "&lt;" and its like, and numbers; ${s} begins at the "&".  Bytes used, 0: it is none; it never grows. */
static size_t reference(struct str s, char *o, size_t *put)
{
	static const struct {
		struct str name;
		char c;
	} known[] = { { { "&lt;", 4 }, '<' }, { { "&gt;", 4 }, '>' }, { { "&amp;", 5 }, '&' }, { { "&quot;", 6 }, '"' },
		{ { "&apos;", 6 }, '\'' } };
	uint32_t c = 0;
	size_t i;
	bool hex;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (str_starts(s, known[i].name)) {
			*o = known[i].c;
			*put = 1;
			return known[i].name.n;
		}
	}
	if (s.n < 4 || s.p[1] != '#')
		return 0;
	hex = s.p[2] == 'x';
	for (i = hex ? 3 : 2; i < s.n && s.p[i] != ';'; i++) {
		char d = s.p[i];
		uint32_t v = d >= '0' && d <= '9' ? (uint32_t)(d - '0') : hex && d >= 'a' && d <= 'f' ? (uint32_t)(d - 'a') + 10 :
		    hex && d >= 'A' && d <= 'F' ? (uint32_t)(d - 'A') + 10 : 99;

		if (v == 99)
			return 0;
		c = c * (hex ? 16 : 10) + v;
		if (c > 0x10ffff)
			return 0;
	}
	if (i == s.n || i == (hex ? 3u : 2u) || !is_char(c))
		return 0;
	*put = put_utf8(o, c);
	return i + 1;
}

/* Text as it is meant: references replaced, line ends as line feeds; in attributes each space is a blank. */
static enum rc decode(struct reader *r, struct str raw, bool attribute, struct str *out)
{
	size_t at = (size_t)(raw.p - r->text.p), i, o = 0, used, put = 0;
	bool plain = true;
	char *to;

	for (i = 0; i < raw.n && plain; i++)
		plain = raw.p[i] != '&' && raw.p[i] != '\r' && !(attribute && is_space(raw.p[i]));
	*out = raw;
	if (plain)
		return RC_OK;
	to = arena_alloc_raw(r->a, raw.n + 4);
	for (i = 0; i < raw.n; i += used) {
		char c = raw.p[i];

		used = 1;
		if (c == '&') {
			used = reference(str_sub(raw, i, raw.n), to + o, &put);
			if (used == 0)
				return fail(r, RC_INVALID, at + i, "this reference is not known: &lt; &gt; &amp; &quot; &apos; and numbers are");
			o += put;
			continue;
		}
		if (c == '\r') {
			used = i + 1 < raw.n && raw.p[i + 1] == '\n' ? 2 : 1;
			c = '\n';
		}
		to[o++] = attribute && is_space(c) ? ' ' : c;
	}
	*out = (struct str){ to, o };
	return RC_OK;
}

static bool declares_namespace(struct str name)
{
	return str_is(name, "xmlns") || str_starts(name, STR("xmlns:"));
}

static struct child *child_new(struct reader *r, struct child **list, size_t *n, size_t *room)
{
	struct child *more;

	if (*n == *room) {
		*room = *room == 0 ? 8 : *room * 2;
		more = arena_alloc_raw(r->a, *room * sizeof(*more));
		if (*n > 0)
			memcpy(more, *list, *n * sizeof(*more));
		*list = more;
	}
	more = &(*list)[(*n)++];
	memset(more, 0, sizeof(*more));
	more->order = *n;
	return more;
}

static enum rc attributes(struct reader *r, struct str s, struct child **list, size_t *n, size_t *room)
{
	size_t at = (size_t)(s.p - r->text.p), i = 0, from, k;

	while (i < s.n) {
		struct str name, raw, key;
		struct child *c;
		char quote;
		enum rc rc;

		from = i;
		while (i < s.n && is_space(s.p[i]))
			i++;
		if (i == s.n)
			break;
		name = str_sub(s, i, name_length(str_sub(s, i, s.n)));
		if (name.n == 0 || from == i)
			return fail(r, RC_INVALID, at + i, "the name of an attribute was expected here, behind a space");
		i += name.n;
		while (i < s.n && is_space(s.p[i]))
			i++;
		if (i == s.n || s.p[i] != '=')
			return fail(r, RC_INVALID, at + i, "an attribute needs a value");
		for (i++; i < s.n && is_space(s.p[i]);)
			i++;
		quote = i < s.n ? s.p[i] : 0;
		if (quote != '"' && quote != '\'')
			return fail(r, RC_INVALID, at + i, "the value of an attribute stands in quotes");
		for (from = ++i; i < s.n && s.p[i] != quote;)
			i++;
		if (i == s.n)
			return fail(r, RC_INVALID, at + from, "the value of this attribute is never closed");
		raw = str_sub(s, from, i++ - from);
		if (raw.n > 0 && memchr(raw.p, '<', raw.n) != NULL)
			return fail(r, RC_INVALID, at + from, "a \"<\" stands in the value of an attribute");
		key = arena_fmt(r->a, "@%.*s", STR_FMT(name));
		for (k = 0; k < *n; k++)
			if (str_eq((*list)[k].name, key))
				return fail(r, RC_INVALID, at + from, "an attribute stands twice in this tag");
		if (*n >= LIMIT_XML_ATTRIBUTES || ++r->values > LIMIT_JSON_VALUES)
			return fail(r, RC_LIMIT, at + from, "the element has too many attributes");
		if (declares_namespace(name))
			continue;
		c = child_new(r, list, n, room);
		c->name = key;
		c->value.type = VALUE_STRING;
		c->value.at = at + from - 1;
		c->value.end = at + i;
		c->value.line = 1;
		c->value.column = (uint32_t)c->value.at + 1;
		if ((rc = decode(r, raw, true, &c->value.text)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

static int by_name(const void *x, const void *y)
{
	const struct child *a = x, *b = y;
	int c = str_cmp(a->name, b->name);

	return c != 0 ? c : a->order < b->order ? -1 : a->order > b->order;
}

static int by_order(const void *x, const void *y)
{
	const struct child *a = x, *b = y;

	return a->order < b->order ? -1 : a->order > b->order;
}

/* Those of one name become a list, at the place of the first. */
static size_t gather(struct reader *r, struct child *c, size_t n)
{
	size_t i, k, m = 0, j;

	if (n < 2)
		return n;
	qsort(c, n, sizeof(*c), by_name);
	for (i = 0; i < n; i = k) {
		struct child first = c[i];

		for (k = i + 1; k < n && str_eq(c[k].name, first.name); k++)
			;
		if (k > i + 1) {
			struct value *items = ARENA_ARRAY(r->a, k - i, struct value);

			for (j = i; j < k; j++)
				items[j - i] = c[j].value;
			first.value.type = VALUE_LIST;
			first.value.items = items;
			first.value.n = k - i;
			first.value.members = NULL;
			first.value.text = STR_NONE;
			first.value.end = items[k - i - 1].end;
		}
		c[m++] = first;
	}
	qsort(c, m, sizeof(*c), by_order);
	return m;
}

/* What an element's children and text make of it. */
static void settle(struct reader *r, struct child *c, size_t n, struct str text, struct value *out)
{
	size_t i;

	if (n == 0) {
		out->type = text.n > 0 ? VALUE_STRING : VALUE_NULL;
		out->text = text;
		return;
	}
	n = gather(r, c, n);
	out->type = VALUE_MAP;
	out->members = ARENA_ARRAY(r->a, n + 1, struct member);
	for (i = 0; i < n; i++) {
		out->members[i].key = c[i].name;
		out->members[i].value = c[i].value;
	}
	if (text.n > 0) {
		out->members[n].key = STR("#text");
		out->members[n].value = (struct value){ .type = VALUE_STRING, .text = text, .at = out->at, .end = out->end, .line = 1,
			.column = out->column };
		n++;
	}
	out->n = n;
}

/* Pieces of text, kept apart until it is known that there is more than one. */
static enum rc add_text(struct reader *r, const struct xml_token *t, struct str *one, struct buf *many)
{
	struct str s = t->inside;
	enum rc rc;

	if (t->kind == XML_TEXT) {
		if (str_find(s, STR("]]>")) >= 0)
			return fail(r, RC_INVALID, r->at, "\"]]>\" stands in text");
		if ((rc = decode(r, s, false, &s)) != RC_OK)
			return rc;
	}
	if (many->n == 0 && str_trim(*one).n == 0 && many->p == NULL) {
		*one = s;
		return RC_OK;
	}
	if (many->p == NULL)
		buf_str(many, *one);
	buf_str(many, s);
	return RC_OK;
}

static enum rc element(struct reader *r, const struct xml_token *open, struct value *out, unsigned depth);

static enum rc content(struct reader *r, struct str name, struct child **list, size_t *n, size_t *room, struct str *text,
    struct buf *many, unsigned depth)
{
	struct xml_token t;
	struct child *c;
	struct value v;
	bool ends;
	enum rc rc;

	for (;; r->at += t.n) {
		if (r->at == r->text.n)
			return fail(r, RC_INVALID, r->at, "the text ends before the element does");
		if (xml_token(str_sub(r->text, r->at, r->text.n), &t, &ends, r->e) != RC_OK) {
			char why[300];

			(void)memcpy(why, r->e->msg, sizeof(why) - 1);
			why[sizeof(why) - 1] = '\0';
			return fail(r, RC_INVALID, r->at, why);
		}
		switch (t.kind) {
		case XML_CLOSE:
			if (!str_eq(t.name, name))
				return fail(r, RC_INVALID, r->at, "this tag closes another element than the last that was opened");
			r->at += t.n;
			return RC_OK;
		case XML_OPEN:
		case XML_EMPTY:
			if ((rc = element(r, &t, &v, depth + 1)) != RC_OK)
				return rc;
			c = child_new(r, list, n, room);
			c->name = xml_local(t.name);
			c->value = v;
			t.n = 0;                        /* element() went on by itself */
			break;
		case XML_TEXT:
		case XML_CDATA:
			if ((rc = add_text(r, &t, text, many)) != RC_OK)
				return rc;
			break;
		case XML_OTHER:
			break;
		}
	}
}

static enum rc element(struct reader *r, const struct xml_token *open, struct value *out, unsigned depth)
{
	struct child *list = NULL;
	size_t n = 0, room = 0;
	struct str text = STR_NONE;
	struct buf many;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	out->at = r->at;
	out->line = 1;
	out->column = (uint32_t)r->at + 1;
	if (depth > LIMIT_XML_DEPTH)
		return fail(r, RC_LIMIT, r->at, "elements are nested too deeply");
	if (++r->values > LIMIT_JSON_VALUES)
		return fail(r, RC_LIMIT, r->at, "there are too many elements");
	if ((rc = attributes(r, open->inside, &list, &n, &room)) != RC_OK)
		return rc;
	r->at += open->n;
	buf_init(&many, LIMIT_RECORD);
	if (open->kind == XML_OPEN)
		rc = content(r, open->name, &list, &n, &room, &text, &many, depth);
	out->end = r->at;
	if (rc == RC_OK) {
		if (many.p != NULL)
			text = arena_str(r->a, buf_view(&many));
		settle(r, list, n, str_trim(text), out);
	}
	buf_done(&many);
	return rc;
}

static enum rc check_characters(struct reader *r)
{
	size_t bad, i;

	if (!str_utf8_valid(r->text, &bad))
		return fail(r, RC_INVALID, bad, "this is no UTF-8");
	for (i = 0; i < r->text.n; i++) {
		const unsigned char *p = (const unsigned char *)r->text.p + i;

		if ((*p < 0x20 && !is_space((char)*p)) || (*p == 0xef && p[1] == 0xbf && p[2] >= 0xbe))
			return fail(r, RC_INVALID, i, "this character is none of XML's");
	}
	return RC_OK;
}

enum rc xml_parse(struct arena *a, struct str text, const struct value **out, struct err *e)
{
	struct reader r = { .text = text, .a = a, .e = e };
	struct value *v = ARENA_NEW(a, struct value);
	struct xml_token t;
	bool ends;
	enum rc rc;

	if (text.n == 0)
		return err_set(e, RC_INVALID, "byte 0: an element was expected, and the text is empty");
	if ((rc = check_characters(&r)) != RC_OK || (rc = xml_token(text, &t, &ends, e)) != RC_OK)
		return rc;
	if (t.kind != XML_OPEN && t.kind != XML_EMPTY)
		return fail(&r, RC_INVALID, 0, "an element was expected here");
	if ((rc = element(&r, &t, v, 0)) != RC_OK)
		return rc;
	if (r.at != text.n)
		return fail(&r, RC_INVALID, r.at, "the element has ended, and something follows it");
	*out = v;
	return RC_OK;
}

/* pattern: see pattern.h. */
#include "collect/pattern.h"

#include <string.h>

enum { PIECES_MAX = 64 };
enum piece_kind { PIECE_LITERAL, PIECE_TEXT, PIECE_INT, PIECE_WORD };

struct piece {
	enum piece_kind kind;
	struct str text;                /* literal, or the words with | between them */
	struct str name;
};

struct pattern {
	struct piece pieces[PIECES_MAX];
	size_t n, n_fields;
};

static enum rc add_field(struct pattern *p, struct str inside, struct err *e)
{
	struct str rest = inside, name = str_cut(&rest, ':'), type;
	struct piece *q = &p->pieces[p->n++];

	type = rest.p != NULL ? str_trim(rest) : STR("text");
	q->name = str_trim(name);
	if (q->name.n == 0)
		return err_set(e, RC_INVALID, "a field of the pattern has no name");
	if (str_is(type, "text"))
		q->kind = PIECE_TEXT;
	else if (str_is(type, "int"))
		q->kind = PIECE_INT;
	else if (str_starts(type, STR("word ")) && str_trim(str_sub(type, 5, type.n)).n > 0) {
		q->kind = PIECE_WORD;
		q->text = str_trim(str_sub(type, 5, type.n));
	} else
		return err_set(e, RC_INVALID, "\"%.*s\" is no type of a pattern: text, int and word a|b are", STR_FMT(type));
	if (q->kind == PIECE_TEXT && p->n > 1 && p->pieces[p->n - 2].kind == PIECE_TEXT)
		return err_set(e, RC_INVALID, "two texts side by side: nothing tells where the first ends");
	p->n_fields++;
	return RC_OK;
}

enum rc pattern_compile(struct arena *a, struct str text, struct pattern **out, struct err *e)
{
	struct pattern *p = ARENA_NEW(a, struct pattern);
	size_t at = 0, from;
	enum rc rc;

	while (at < text.n) {
		if (p->n == PIECES_MAX)
			return err_set(e, RC_INVALID, "a pattern has at most %d pieces", PIECES_MAX);
		from = at;
		if (text.p[at] != '{') {
			while (at < text.n && text.p[at] != '{')
				at++;
			p->pieces[p->n].kind = PIECE_LITERAL;
			p->pieces[p->n++].text = str_sub(text, from, at - from);
			continue;
		}
		while (at < text.n && text.p[at] != '}')
			at++;
		if (at == text.n)
			return err_set(e, RC_INVALID, "a field of the pattern is never closed with }");
		if ((rc = add_field(p, str_sub(text, from + 1, at - from - 1), e)) != RC_OK)
			return rc;
		at++;
	}
	if (p->n_fields == 0)
		return err_set(e, RC_INVALID, "a pattern needs at least one {field}");
	*out = p;
	return RC_OK;
}

size_t pattern_fields(const struct pattern *p)
{
	return p->n_fields;
}

size_t pattern_field(const struct pattern *p, struct str name)
{
	size_t i, field = 0;

	for (i = 0; i < p->n; i++) {
		if (p->pieces[i].kind == PIECE_LITERAL)
			continue;
		if (str_eq(p->pieces[i].name, name))
			return field;
		field++;
	}
	return SIZE_MAX;
}

static size_t match_word(struct str words, struct str rest)
{
	struct str w;
	size_t best = 0;

	while (words.p != NULL) {
		w = str_cut(&words, '|');
		if (w.n > best && str_starts(rest, w))
			best = w.n;
	}
	return best;
}

static size_t match_int(struct str rest)
{
	size_t n = 0;

	if (n < rest.n && rest.p[n] == '-')
		n++;
	while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
		n++;
	return n == 1 && rest.p[0] == '-' ? 0 : n;
}

/* How far a text reaches: to the next literal, or to the next word or number, or to the end. */
static size_t match_text(const struct pattern *p, size_t i, struct str rest)
{
	ptrdiff_t at;
	size_t n;

	if (i + 1 == p->n)
		return rest.n;
	if (p->pieces[i + 1].kind == PIECE_LITERAL) {
		at = str_find(rest, p->pieces[i + 1].text);
		return at < 0 ? SIZE_MAX : (size_t)at;
	}
	for (n = 0; n < rest.n; n++) {
		struct str tail = str_sub(rest, n, rest.n);

		if ((p->pieces[i + 1].kind == PIECE_INT ? match_int(tail) : match_word(p->pieces[i + 1].text, tail)) > 0)
			return n;
	}
	return SIZE_MAX;
}

bool pattern_match(const struct pattern *p, struct str text, struct str *out)
{
	struct str rest = text;
	size_t i, n, field = 0;

	for (i = 0; i < p->n; i++) {
		const struct piece *q = &p->pieces[i];

		switch (q->kind) {
		case PIECE_LITERAL:
			if (!str_starts(rest, q->text))
				return false;
			rest = str_sub(rest, q->text.n, rest.n);
			continue;
		case PIECE_TEXT:
			n = match_text(p, i, rest);
			break;
		case PIECE_INT:
			n = match_int(rest);
			n = n == 0 ? SIZE_MAX : n;
			break;
		default:
			n = match_word(q->text, rest);
			n = n == 0 ? SIZE_MAX : n;
		}
		if (n == SIZE_MAX)
			return false;
		out[field++] = str_sub(rest, 0, n);
		rest = str_sub(rest, n, rest.n);
	}
	return rest.n == 0;
}

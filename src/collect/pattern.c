/* pattern: see pattern.h. */
#include "collect/pattern.h"

#include <string.h>

#include "base/time_layout.h"

enum { PIECES_MAX = 64, KEYS_MAX = 64, INNER_MAX = 3 };
enum piece_kind { PIECE_LITERAL, PIECE_TEXT, PIECE_INT, PIECE_WORD, PIECE_QUOTED, PIECE_TIME, PIECE_PAIRS, PIECE_REST };

struct piece {
	enum piece_kind kind;
	struct str text;                /* literal, or the words with | between them */
	struct str name;
	struct time_layout *layout;
};

/* A key of pairs that somebody asks for. */
struct key {
	struct str name;
	size_t piece;
};

struct pattern {
	struct arena *a;
	struct piece pieces[PIECES_MAX];
	struct key keys[KEYS_MAX];
	size_t n, n_fields, n_keys;
};

/* One match under way. */
struct match {
	const struct pattern *p;
	struct arena *a;                /* NULL: nothing is made, all is given as it stands */
	const int64_t *near_us;
	struct str *out;
};

static enum rc check_order(const struct pattern *p, struct err *e)
{
	const struct piece *q = &p->pieces[p->n - 1], *before = p->n > 1 ? q - 1 : NULL;

	if (before == NULL)
		return RC_OK;
	if (before->kind == PIECE_TEXT && (q->kind == PIECE_TEXT || q->kind == PIECE_REST))
		return err_set(e, RC_INVALID, "two texts side by side: nothing tells where the first ends");
	if (before->kind == PIECE_TEXT && (q->kind == PIECE_TIME || q->kind == PIECE_PAIRS))
		return err_set(e, RC_INVALID, "a text before a time or pairs: put what stands between them into the pattern");
	if (before->kind == PIECE_REST || before->kind == PIECE_PAIRS)
		return err_set(e, RC_INVALID, "rest and pairs reach to the end: nothing can follow them");
	return RC_OK;
}

static enum rc add_field(struct pattern *p, struct str inside, struct err *e)
{
	static const struct {
		const char *name;
		enum piece_kind kind;
	} plain[] = { { "text", PIECE_TEXT }, { "int", PIECE_INT }, { "quoted", PIECE_QUOTED }, { "pairs", PIECE_PAIRS },
		{ "rest", PIECE_REST } };
	struct str rest = inside, name = str_cut(&rest, ':'), type = rest.p != NULL ? str_trim(rest) : STR("text"), of;
	struct piece *q = &p->pieces[p->n++];
	size_t i;
	enum rc rc;

	q->name = str_trim(name);
	if (q->name.n == 0)
		return err_set(e, RC_INVALID, "a field of the pattern has no name");
	for (i = 0; i + 1 < p->n; i++)
		if (p->pieces[i].kind != PIECE_LITERAL && str_eq(p->pieces[i].name, q->name))
			return err_set(e, RC_INVALID, "two fields of the pattern are called \"%.*s\"", STR_FMT(q->name));
	p->n_fields++;
	for (i = 0; i < ARRAY_LEN(plain); i++) {
		if (str_is(type, plain[i].name)) {
			q->kind = plain[i].kind;
			return check_order(p, e);
		}
	}
	of = type;
	name = str_cut(&of, ' ');
	of = str_trim(of);
	if (str_is(name, "word") && of.n > 0) {
		q->kind = PIECE_WORD;
		q->text = of;
	} else if (str_is(name, "time") && of.n > 0) {
		q->kind = PIECE_TIME;
		if ((rc = time_layout_compile(p->a, of, &q->layout, e)) != RC_OK)
			return rc;
	} else {
		return err_set(e, RC_INVALID, "\"%.*s\" is no type of a pattern: text, int, word a|b, quoted, time LAYOUT, pairs and "
		    "rest are", STR_FMT(type));
	}
	return check_order(p, e);
}

enum rc pattern_compile(struct arena *a, struct str text, struct pattern **out, struct err *e)
{
	struct pattern *p = ARENA_NEW(a, struct pattern);
	size_t at = 0, from;
	enum rc rc;

	p->a = a;
	while (at < text.n) {
		if (p->n == PIECES_MAX)
			return err_set(e, RC_INVALID, "a pattern has at most %d pieces", PIECES_MAX);
		from = at;
		if (text.p[at] != '{') {
			while (at < text.n && text.p[at] != '{')
				at++;
			p->pieces[p->n].kind = PIECE_LITERAL;
			p->pieces[p->n++].text = str_sub(text, from, at - from);
			if ((rc = check_order(p, e)) != RC_OK)
				return rc;
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
	return p->n_fields + p->n_keys;
}

size_t pattern_field(struct pattern *p, struct str name)
{
	size_t i, field = 0;

	for (i = 0; i < p->n; i++) {
		const struct piece *q = &p->pieces[i];

		if (q->kind == PIECE_LITERAL)
			continue;
		if (str_eq(q->name, name))
			return field;
		if (q->kind == PIECE_PAIRS && str_starts(name, q->name) && name.n > q->name.n + 1 && name.p[q->name.n] == '.')
			break;
		field++;
	}
	if (i == p->n)
		return SIZE_MAX;
	name = str_sub(name, p->pieces[i].name.n + 1, name.n);
	for (field = 0; field < p->n_keys; field++)
		if (str_eq(p->keys[field].name, name) && p->keys[field].piece == i)
			return p->n_fields + field;
	if (p->n_keys == KEYS_MAX)
		return SIZE_MAX;
	p->keys[p->n_keys].name = arena_str(p->a, name);
	p->keys[p->n_keys].piece = i;
	return p->n_fields + p->n_keys++;
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

/* Bytes from the opening ${quote} through the closing one, 0 when there is none; a backslash covers what follows it. */
static size_t match_quoted(struct str rest, char quote)
{
	size_t n;

	if (rest.n == 0 || rest.p[0] != quote)
		return 0;
	for (n = 1; n < rest.n; n++) {
		if (rest.p[n] == '\\' && quote == '"')
			n++;
		else if (rest.p[n] == quote)
			return n + 1;
	}
	return 0;
}

/* How far a text reaches: to the next literal, or to the next word, number or quote, or to the end. */
static size_t match_text(const struct pattern *p, size_t i, struct str rest)
{
	const struct piece *q = &p->pieces[i + 1];
	ptrdiff_t at;
	size_t n;

	if (i + 1 == p->n)
		return rest.n;
	if (q->kind == PIECE_LITERAL || q->kind == PIECE_QUOTED) {
		at = str_find(rest, q->kind == PIECE_LITERAL ? q->text : STR("\""));
		return at < 0 ? SIZE_MAX : (size_t)at;
	}
	for (n = 0; n < rest.n; n++) {
		struct str tail = str_sub(rest, n, rest.n);

		if (q->kind == PIECE_INT ? match_int(str_sub(tail, 0, 2)) > 0 : match_word(q->text, tail) > 0)
			return n;
	}
	return SIZE_MAX;
}

/* Without its escapes. */
static struct str unescape(const struct match *m, struct str s)
{
	size_t i, o = 0;
	uint8_t c;
	char *to;

	if (m->a == NULL || s.n == 0 || memchr(s.p, '\\', s.n) == NULL)
		return s;
	to = arena_alloc_raw(m->a, s.n);
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '"' || s.p[i + 1] == '\\')) {
			to[o++] = s.p[++i];
		} else if (s.n - i >= 4 && s.p[i] == '\\' && s.p[i + 1] == 'x' && hex_get(str_sub(s, i + 2, 2), &c, 1) && c >= 0x20 &&
		    c < 0x7f) {
			to[o++] = (char)c;
			i += 3;
		} else {
			to[o++] = s.p[i];
		}
	}
	return (struct str){ to, o };
}

static bool is_between(char c) { return c == ' ' || c == '\t' || c == 0x1d || c == ';' || c == ','; }

/* The next key=value; words without "=" are passed over.  False: no more. */
static bool next_pair(const struct match *m, struct str *rest, struct str *key, struct str *value, bool *quoted)
{
	size_t n;

	for (;;) {
		while (rest->n > 0 && is_between(rest->p[0]))
			*rest = str_sub(*rest, 1, rest->n);
		for (n = 0; n < rest->n && rest->p[n] != '=' && rest->p[n] != ' ' && rest->p[n] != '\t' && rest->p[n] != 0x1d; n++)
			;
		if (n == rest->n)
			return false;
		*key = str_sub(*rest, 0, n);
		if (rest->p[n] == '=' && n > 0)
			break;
		*rest = str_sub(*rest, n + 1, rest->n);
	}
	*rest = str_sub(*rest, n + 1, rest->n);
	n = match_quoted(*rest, '"');
	if (n == 0)
		n = match_quoted(*rest, '\'');
	*quoted = n > 0;
	if (*quoted) {
		*value = str_sub(*rest, 1, n - 2);
		if (rest->p[0] == '"')
			*value = unescape(m, *value);
		*rest = str_sub(*rest, n, rest->n);
		return true;
	}
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t' && rest->p[n] != 0x1d)
		n++;
	*value = str_sub(*rest, 0, n);
	*rest = str_sub(*rest, n, rest->n);
	while (value->n > 0 && (value->p[value->n - 1] == ',' || value->p[value->n - 1] == ';'))
		value->n--;
	return true;
}

/* ${names} are those asked for, or what is left of them inside of a quoted value. */
static void read_pairs(const struct match *m, struct str rest, const struct str *names, unsigned depth)
{
	struct str key, value, inner[KEYS_MAX];
	bool quoted, any;
	size_t i;

	while (next_pair(m, &rest, &key, &value, &quoted)) {
		for (i = 0, any = false; i < m->p->n_keys; i++) {
			struct str *out = &m->out[m->p->n_fields + i];

			inner[i] = STR_NONE;
			if (names[i].p == NULL || out->p != NULL)
				continue;
			if (str_eq(names[i], key)) {
				*out = value.p != NULL ? value : STR("");
			} else if (quoted && str_starts(names[i], key) && names[i].n > key.n && names[i].p[key.n] == '.') {
				inner[i] = str_sub(names[i], key.n + 1, names[i].n);
				any = true;
			}
		}
		if (any && depth < INNER_MAX)
			read_pairs(m, value, inner, depth + 1);
	}
}

static void pairs(const struct match *m, size_t piece, struct str rest)
{
	struct str names[KEYS_MAX];
	size_t i;

	for (i = 0; i < m->p->n_keys; i++)
		names[i] = m->p->keys[i].piece == piece ? m->p->keys[i].name : STR_NONE;
	read_pairs(m, rest, names, 0);
}

static size_t match_time(const struct match *m, const struct piece *q, struct str rest, struct str *out)
{
	struct time_read t;
	size_t n = time_layout_read(q->layout, rest, m->near_us, &t);

	*out = str_sub(rest, 0, n);
	if (n == 0)
		return SIZE_MAX;
	if (m->a == NULL || (t.no_year && m->near_us == NULL))
		return n;
	*out = instant_fmt(m->a, t.us);
	if (!t.has_offset)
		out->n--;
	return n;
}

/* One field at the start of ${rest}: how far it reaches, SIZE_MAX when it is not there. */
static size_t match_field(const struct match *m, size_t i, struct str rest, struct str *out)
{
	const struct piece *q = &m->p->pieces[i];
	size_t n = rest.n;

	switch (q->kind) {
	case PIECE_TEXT:
		n = match_text(m->p, i, rest);
		break;
	case PIECE_INT:
		n = match_int(rest);
		n = n == 0 ? SIZE_MAX : n;
		break;
	case PIECE_WORD:
		n = match_word(q->text, rest);
		n = n == 0 ? SIZE_MAX : n;
		break;
	case PIECE_QUOTED:
		n = match_quoted(rest, '"');
		if (n == 0)
			return SIZE_MAX;
		*out = unescape(m, str_sub(rest, 1, n - 2));
		return n;
	case PIECE_TIME:
		return match_time(m, q, rest, out);
	case PIECE_PAIRS:
		pairs(m, i, rest);
		break;
	case PIECE_LITERAL:
	case PIECE_REST:
		break;
	}
	if (n != SIZE_MAX)
		*out = str_sub(rest, 0, n);
	return n;
}

static bool match(const struct match *m, struct str text)
{
	struct str rest = text;
	size_t i, n, field = 0;

	for (i = 0; i < m->p->n_keys; i++)
		m->out[m->p->n_fields + i] = STR_NONE;
	for (i = 0; i < m->p->n; i++) {
		const struct piece *q = &m->p->pieces[i];

		if (q->kind == PIECE_LITERAL) {
			if (!str_starts(rest, q->text))
				return false;
			n = q->text.n;
		} else if ((n = match_field(m, i, rest, &m->out[field])) == SIZE_MAX) {
			return false;
		} else {
			field++;
		}
		rest = str_sub(rest, n, rest.n);
	}
	return rest.n == 0;
}

bool pattern_read(const struct pattern *p, struct arena *a, const int64_t *near_us, struct str text, struct str *out)
{
	const struct match m = { p, a, near_us, out };

	return match(&m, text);
}

bool pattern_match(const struct pattern *p, struct str text, struct str *out)
{
	const struct match m = { p, NULL, NULL, out };

	return match(&m, text);
}

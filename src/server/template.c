#include "server/template.h"

#include <string.h>

enum { DEPTH_MOST = 64, SHAPES_MOST = 2000, OPS_MOST = 100000 };
enum op_kind { OP_TEXT, OP_ESCAPED, OP_RAW, OP_SECTION, OP_INVERTED, OP_END, OP_PARTIAL };

struct shape;
struct op {
	enum op_kind kind;
	struct str text;                /* TEXT; else the name */
	size_t end;                     /* of a section: where its END stands */
	const struct shape *partial;    /* NULL: there is none of that name */
};

/* A template as it stands behind an indentation, which a partial alone on its line hands to each of its lines. */
struct shape {
	struct str name, indent, text;
	struct op *ops;
	size_t n, room;
	struct shape *next;
};

struct templates {
	struct arena *a;
	const struct template_source *sources;
	size_t n, n_shapes;
	struct shape *first, *last;
};

static struct str indented(struct arena *a, struct str text, struct str indent)
{
	struct buf b;
	struct str out;
	size_t i;

	if (indent.n == 0)
		return text;
	buf_init(&b, LIMIT_RECORD);
	for (i = 0; i < text.n; i++) {
		if (i == 0 || text.p[i - 1] == '\n')
			buf_str(&b, indent);
		buf_c(&b, text.p[i]);
	}
	out = b.failed ? text : arena_str(a, buf_view(&b));
	buf_done(&b);
	return out;
}

/* Known already, or to be compiled with the rest. */
static struct shape *shape_of(struct templates *t, struct str name, struct str indent)
{
	struct shape *s;
	size_t i;

	for (s = t->first; s != NULL; s = s->next)
		if (str_eq(s->name, name) && str_eq(s->indent, indent))
			return s;
	for (i = 0; i < t->n && !str_eq(t->sources[i].name, name); i++)
		;
	if (i == t->n || t->n_shapes == SHAPES_MOST)
		return NULL;
	s = ARENA_NEW(t->a, struct shape);
	s->name = name;
	s->indent = indent;
	s->text = indented(t->a, t->sources[i].text, indent);
	if (t->last != NULL)
		t->last->next = s;
	else
		t->first = s;
	t->last = s;
	t->n_shapes++;
	return s;
}

static struct op *add(struct arena *a, struct shape *s, enum op_kind kind, struct str text)
{
	struct op *more;

	if (s->n == s->room) {
		s->room = s->room == 0 ? 32 : s->room * 2;
		more = ARENA_ARRAY(a, s->room, struct op);
		if (s->n > 0)
			memcpy(more, s->ops, s->n * sizeof(*more));
		s->ops = more;
	}
	s->ops[s->n] = (struct op){ kind, text, 0, NULL };
	return &s->ops[s->n++];
}

static bool is_blank(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] != ' ' && s.p[i] != '\t')
			return false;
	return true;
}

static unsigned line_at(struct str text, size_t at)
{
	unsigned line = 1;
	size_t i;

	for (i = 0; i < at; i++)
		line += text.p[i] == '\n';
	return line;
}

/* Reading one template. */
struct reading {
	struct templates *t;
	struct shape *s;
	struct str text, open, close;
	size_t at;                      /* behind what was read */
	size_t sections[DEPTH_MOST], depth;
	struct err *e;
};

static enum rc wrong(struct reading *r, size_t at, const char *what, struct str name)
{
	return err_set(r->e, RC_INVALID, "%.*s, line %u: %s %.*s", STR_FMT(r->s->name), line_at(r->text, at), what, STR_FMT(name));
}

static enum rc new_delimiters(struct reading *r, size_t at, struct str inside)
{
	struct str open, close;
	size_t i;

	inside = str_trim(inside);
	for (i = 0; i < inside.n && inside.p[i] != ' ' && inside.p[i] != '\t' && inside.p[i] != '\n'; i++)
		;
	open = str_sub(inside, 0, i);
	close = str_trim(str_sub(inside, i, inside.n));
	if (open.n == 0 || close.n == 0 || str_find(close, STR(" ")) >= 0 || str_find(open, STR("=")) >= 0 ||
	    str_find(close, STR("=")) >= 0)
		return wrong(r, at, "delimiters are set as {{=<% %>=}}, not", inside);
	r->open = open;
	r->close = close;
	return RC_OK;
}

static enum rc section_end(struct reading *r, size_t at, struct str name)
{
	size_t from;

	if (r->depth == 0)
		return wrong(r, at, "no section is open to be closed by", name);
	from = r->sections[--r->depth];
	if (!str_eq(r->s->ops[from].text, name))
		return wrong(r, at, "another section is open than", name);
	(void)add(r->t->a, r->s, OP_END, name);
	r->s->ops[from].end = r->s->n - 1;
	return RC_OK;
}

static enum rc section_begin(struct reading *r, size_t at, char sigil, struct str name)
{
	if (r->depth == DEPTH_MOST)
		return wrong(r, at, "sections are nested too deeply at", name);
	r->sections[r->depth++] = r->s->n;
	(void)add(r->t->a, r->s, sigil == '#' ? OP_SECTION : OP_INVERTED, name);
	return RC_OK;
}

/* One tag whose opening delimiter stands at ${tag}; ${before} is the text since the last one. */
static enum rc read_tag(struct reading *r, size_t tag, size_t before)
{
	struct str text = r->text, close = r->close, inside, indent = STR_NONE;
	size_t in = tag + r->open.n, line = tag, next;
	char sigil = in < text.n ? text.p[in] : 0;
	struct buf triple;
	ptrdiff_t n;

	if (sigil == 0 || strchr("#^/!>&={", sigil) == NULL)
		sigil = 0;
	else
		in++;
	buf_init(&triple, 256);
	if (sigil == '{')
		buf_c(&triple, '}');
	if (sigil == '=')
		buf_c(&triple, '=');
	buf_str(&triple, close);
	close = arena_str(r->t->a, buf_view(&triple));
	buf_done(&triple);
	if ((n = str_find(str_sub(text, in, text.n), close)) < 0)
		return wrong(r, tag, "a tag is not closed:", str_sub(text, tag, 20));
	inside = str_trim(str_sub(text, in, (size_t)n));
	r->at = in + (size_t)n + close.n;
	if (inside.n == 0 && sigil != '!')
		return wrong(r, tag, "a tag without a name", STR(""));
	while (line > 0 && text.p[line - 1] != '\n')
		line--;
	if (sigil != 0 && sigil != '&' && sigil != '{' && is_blank(str_sub(text, line, tag - line)) && line >= before) {
		for (next = r->at; next < text.n && (text.p[next] == ' ' || text.p[next] == '\t'); next++)
			;
		if (next < text.n && text.p[next] == '\r' && next + 1 < text.n && text.p[next + 1] == '\n')
			next++;
		if (next == text.n || text.p[next] == '\n') {   /* alone on its line, which goes with it */
			indent = str_sub(text, line, tag - line);
			tag = line;
			r->at = next < text.n ? next + 1 : next;
		}
	}
	if (tag > before)
		(void)add(r->t->a, r->s, OP_TEXT, str_sub(text, before, tag - before));
	switch (sigil) {
	case '!':
		return RC_OK;
	case '=':
		return new_delimiters(r, tag, inside);
	case '#':
	case '^':
		return section_begin(r, tag, sigil, inside);
	case '/':
		return section_end(r, tag, inside);
	case '>':
		add(r->t->a, r->s, OP_PARTIAL, inside)->partial = shape_of(r->t, inside, indent);
		return RC_OK;
	default:
		(void)add(r->t->a, r->s, sigil == 0 ? OP_ESCAPED : OP_RAW, inside);
		return RC_OK;
	}
}

static enum rc compile(struct templates *t, struct shape *s, struct err *e)
{
	struct reading r = { .t = t, .s = s, .text = s->text, .open = STR("{{"), .close = STR("}}"), .e = e };
	ptrdiff_t found;
	size_t before;
	enum rc rc;

	while ((before = r.at) < r.text.n) {
		if ((found = str_find(str_sub(r.text, before, r.text.n), r.open)) < 0) {
			(void)add(t->a, s, OP_TEXT, str_sub(r.text, before, r.text.n));
			break;
		}
		if ((rc = read_tag(&r, before + (size_t)found, before)) != RC_OK)
			return rc;
		if (s->n > OPS_MOST)
			return err_set(e, RC_LIMIT, "%.*s has too many tags", STR_FMT(s->name));
	}
	return r.depth == 0 ? RC_OK : wrong(&r, r.text.n, "a section is not closed:", s->ops[r.sections[r.depth - 1]].text);
}

enum rc templates_load(struct arena *a, const struct template_source *sources, size_t n, struct templates **out, struct err *e)
{
	struct templates *t = ARENA_NEW(a, struct templates);
	struct shape *s;
	size_t i;
	enum rc rc;

	t->a = a;
	t->sources = sources;
	t->n = n;
	for (i = 0; i < n; i++)
		(void)shape_of(t, sources[i].name, STR(""));
	for (s = t->first; s != NULL; s = s->next)      /* grows as partials are met */
		if ((rc = compile(t, s, e)) != RC_OK)
			return rc;
	*out = t;
	return RC_OK;
}

/* ---- rendering */
struct frame {
	const struct value *v;
	const struct frame *above;
};
struct rendering {
	struct buf *to;
	struct err *e;
	unsigned depth;
};

static const struct value *find(const struct frame *f, struct str name)
{
	const struct value *v = NULL;
	struct str part;

	if (str_is(name, "."))
		return f->v;
	part = str_trim(str_cut(&name, '.'));
	for (; f != NULL && v == NULL; f = f->above)
		v = value_get_str(f->v, part);
	while (v != NULL && name.p != NULL)
		v = value_get_str(v, str_trim(str_cut(&name, '.')));
	return v;
}

static bool is_true(const struct value *v)
{
	if (v == NULL)
		return false;
	switch (v->type) {
	case VALUE_NULL:
		return false;
	case VALUE_BOOL:
		return v->is_true;
	case VALUE_NUMBER:
		return !str_is(v->text, "0");
	case VALUE_STRING:
		return v->text.n > 0;
	case VALUE_LIST:
		return v->n > 0;
	default:
		return true;
	}
}

void html_put(struct buf *b, struct str s)
{
	size_t i, from = 0;

	for (i = 0; i < s.n; i++) {
		const char *as = s.p[i] == '&' ? "&amp;" : s.p[i] == '<' ? "&lt;" : s.p[i] == '>' ? "&gt;" :
		    s.p[i] == '"' ? "&quot;" : s.p[i] == '\'' ? "&#39;" : NULL;

		if (as == NULL)
			continue;
		buf_add(b, s.p + from, i - from);
		buf_z(b, as);
		from = i + 1;
	}
	if (s.n > from)
		buf_add(b, s.p + from, s.n - from);
}

static void put(struct buf *b, const struct value *v, bool raw)
{
	struct str s = STR_NONE;

	if (v != NULL && (v->type == VALUE_STRING || v->type == VALUE_NUMBER))
		s = v->text;
	else if (v != NULL && v->type == VALUE_BOOL)
		s = v->is_true ? STR("true") : STR("false");
	if (raw)
		buf_str(b, s);
	else
		html_put(b, s);
}

static enum rc render(struct rendering *r, const struct shape *s, size_t from, size_t end, const struct frame *f);

static enum rc section(struct rendering *r, const struct shape *s, size_t at, const struct frame *f)
{
	const struct op *op = &s->ops[at];
	const struct value *v = find(f, op->text);
	struct frame in = { v, f };
	size_t i;
	enum rc rc = RC_OK;

	if (is_true(v) == (op->kind == OP_INVERTED))
		return RC_OK;
	if (op->kind == OP_INVERTED)
		return render(r, s, at + 1, op->end, f);
	if (v->type != VALUE_LIST)
		return render(r, s, at + 1, op->end, &in);
	for (i = 0; i < v->n && rc == RC_OK; i++) {
		in.v = &v->items[i];
		rc = render(r, s, at + 1, op->end, &in);
	}
	return rc;
}

static enum rc render(struct rendering *r, const struct shape *s, size_t from, size_t end, const struct frame *f)
{
	enum rc rc = RC_OK;
	size_t i;

	if (r->depth >= 4 * DEPTH_MOST)
		return err_set(r->e, RC_LIMIT, "the partials of %.*s do not end", STR_FMT(s->name));
	r->depth++;
	for (i = from; i < end && rc == RC_OK && !r->to->failed; i++) {
		const struct op *op = &s->ops[i];

		switch (op->kind) {
		case OP_TEXT:
			buf_str(r->to, op->text);
			break;
		case OP_ESCAPED:
		case OP_RAW:
			put(r->to, find(f, op->text), op->kind == OP_RAW);
			break;
		case OP_SECTION:
		case OP_INVERTED:
			rc = section(r, s, i, f);
			i = op->end;
			break;
		case OP_PARTIAL:
			if (op->partial != NULL)
				rc = render(r, op->partial, 0, op->partial->n, f);
			break;
		default:
			break;
		}
	}
	r->depth--;
	return rc;
}

enum rc template_render(const struct templates *t, struct str name, const struct value *doc, struct buf *to, struct err *e)
{
	const struct frame top = { doc, NULL };
	struct rendering r = { to, e, 0 };
	const struct shape *s;
	enum rc rc;

	for (s = t->first; s != NULL && !(str_eq(s->name, name) && s->indent.n == 0); s = s->next)
		;
	if (s == NULL)
		return err_set(e, RC_NOT_FOUND, "there is no template %.*s", STR_FMT(name));
	if ((rc = render(&r, s, 0, s->n, &top)) != RC_OK)
		return rc;
	return buf_ok(to, "a page", e);
}

/* propose_sample: what a file is, told by its content, its first records, and what stands in them. */
#include <string.h>

#include "base/time.h"
#include "collect/propose_priv.h"

enum { SAMPLE_BYTES = 1 << 22, DEPTH_MAX = 5 };

static enum rc read_start(struct arena *a, const struct source_input *in, struct str *out, bool *cut, struct err *e)
{
	struct stream *s;
	struct buf b;
	char piece[65536];
	size_t n = 1;
	enum rc rc = in->bytes.p != NULL ? stream_of_bytes(in->path, in->bytes, &s, e) : stream_open(in->path, &s, e);

	if (rc != RC_OK)
		return rc;
	buf_init(&b, SAMPLE_BYTES + sizeof(piece));
	while (rc == RC_OK && n > 0 && b.n < SAMPLE_BYTES) {
		rc = stream_read(s, piece, sizeof(piece), &n, e);
		if (rc == RC_OK)
			buf_add(&b, piece, n);
	}
	stream_close(s);
	*cut = n > 0;
	*out = arena_str(a, buf_view(&b));
	buf_done(&b);
	return rc;
}

/* ---- the forms */
static bool is_binary(struct str t)
{
	size_t n = t.n < 65536 ? t.n : 65536, i, odd = 0;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)t.p[i];

		if (c == 0)
			return true;
		odd += c < 32 && c != '\n' && c != '\r' && c != '\t' && c != 27;
	}
	return odd * 20 > n;
}

static void add_record(struct sample *s, const struct value *v)
{
	if (s->n < RECORDS_MAX)
		s->records[s->n++] = v;
	else
		s->is_cut = true;
}

static bool list_of_maps(const struct value *v)
{
	size_t i;

	if (v->type != VALUE_LIST || v->n == 0)
		return false;
	for (i = 0; i < v->n; i++)
		if (v->items[i].type != VALUE_MAP)
			return false;
	return true;
}

/* The longest list of maps that an object holds, down to two levels: its records, where it is not one itself. */
static const struct value *inner_list(struct arena *a, const struct value *v, unsigned depth, struct str prefix, struct str *path)
{
	const struct value *best = NULL, *found;
	struct str at, below;
	size_t i;

	for (i = 0; v->type == VALUE_MAP && i < v->n; i++) {
		const struct value *m = &v->members[i].value;

		at = prefix.n > 0 ? arena_fmt(a, "%.*s.%.*s", STR_FMT(prefix), STR_FMT(v->members[i].key)) : v->members[i].key;
		if (str_find(v->members[i].key, STR(".")) >= 0)
			continue;
		if (list_of_maps(m)) {
			if (best == NULL || m->n > best->n) {
				best = m;
				*path = at;
			}
		} else if (depth < 2 && (found = inner_list(a, m, depth + 1, at, &below)) != NULL &&
		    (best == NULL || found->n > best->n)) {
			best = found;
			*path = below;
		}
	}
	return best;
}

/* A list of maps counts as the records when the object around it says little beside: pages, totals, links. */
static enum rc from_object(struct sample *s, const struct value *v, struct err *e)
{
	struct str path = STR_NONE;
	const struct value *list = inner_list(s->a, v, 0, STR(""), &path);
	size_t i;

	if (list == NULL || (list->n < 2 && v->n > 12)) {
		add_record(s, v);
		s->reads = "json";
		return RC_OK;
	}
	s->reads = "json";
	s->elements = path;
	for (i = 0; i < list->n; i++)
		add_record(s, &list->items[i]);
	(void)e;
	return RC_OK;
}

/* "[core]" alone on its line, or "[remote \"origin\"]". */
static bool is_section(struct str t)
{
	struct str line = str_trim(str_cut(&t, '\n'));
	size_t i;

	if (line.n < 3 || line.p[0] != '[' || line.p[line.n - 1] != ']')
		return false;
	for (i = 1; i + 1 < line.n; i++)
		if (line.p[i] == ',' || line.p[i] == '{' || line.p[i] == '[')
			return false;
	return (line.p[1] | 32) >= 'a' && (line.p[1] | 32) <= 'z';
}

static enum rc from_json(struct sample *s, struct str t, bool cut, struct err *e)
{
	const struct value *v;
	struct err why;
	size_t used, i;

	s->reads = "json";
	err_init(&why);
	if (str_trim(t).p[0] == '[' && json_parse_first(s->a, t, &v, &used, &why) == RC_OK) {
		if (!list_of_maps(v))
			return err_set(e, RC_INVALID, "it is a JSON array, but not of objects: there are no records in it");
		for (i = 0; i < v->n; i++)
			add_record(s, &v->items[i]);
		return RC_OK;
	}
	if (is_section(str_trim(t)))
		return err_set(e, RC_INVALID, "it looks like settings in sections (INI): there are no records in it");
	if (str_trim(t).p[0] == '[')
		return err_set(e, RC_INVALID, "%s", cut ? "it is a JSON array of more than 4 MiB: give a sample of its first elements" :
		    why.msg);
	while (t.n > 0 && s->n < RECORDS_MAX) {
		t = str_trim(t);
		if (t.n == 0)
			break;
		if (json_parse_first(s->a, t, &v, &used, &why) != RC_OK) {
			if (s->n > 0)
				break;          /* the sample ends in the middle of a record, or a bad line follows good ones */
			return err_set(e, RC_INVALID, "it begins like JSON and is none: %.600s%s", why.msg,
			    cut ? "; it has more than 4 MiB: give a sample" : "");
		}
		if (v->type != VALUE_MAP)
			return err_set(e, RC_INVALID, "it is JSON, but its values are not objects: there are no records in it");
		add_record(s, v);
		t = str_sub(t, used, t.n);
	}
	s->is_cut = s->is_cut || cut;
	if (s->n == 1) {
		v = s->records[0];
		s->n = 0;
		return from_object(s, v, e);
	}
	s->reads = "lines";
	return RC_OK;
}

static bool header_like(const struct str *cells, size_t n)
{
	size_t i, k;
	int64_t number;

	for (i = 0; i < n; i++) {
		struct str c = str_trim(cells[i]);

		if (c.n == 0 || c.n > 80 || num_decimal(c, &number))
			return false;
		for (k = 0; k < i; k++)
			if (str_eq(c, str_trim(cells[k])))
				return false;
	}
	return true;
}

/* Rows with as many cells as the header, quotes closed. */
static bool from_table(struct sample *s, struct str t)
{
	static const char delimiters[] = ",;\t|";
	struct str header, *cells, *names, rest;
	size_t n_names, n, d, i, rows, bad;
	struct err ignored;

	for (d = 0; delimiters[d] != 0; d++) {
		rest = t;
		header = str_cut(&rest, '\n');
		if (header.n > 0 && header.p[header.n - 1] == '\r')
			header.n--;
		err_init(&ignored);
		if (rest.p == NULL || header.n > 65536 || row_split(s->a, header, delimiters[d], &names, &n_names, &ignored) != RC_OK ||
		    n_names < 2 || !header_like(names, n_names))
			continue;
		for (rows = bad = 0; rest.p != NULL && rest.n > 0 && rows + bad < RECORDS_MAX;) {
			struct value *v;
			struct str row;
			bool quoted = false;

			for (i = 0; i < rest.n && (quoted || rest.p[i] != '\n'); i++)
				quoted = quoted != (rest.p[i] == '"');
			row = str_sub(rest, 0, i);
			rest = str_sub(rest, i + 1, rest.n);
			if (row.n > 0 && row.p[row.n - 1] == '\r')
				row.n--;
			if (str_trim(row).n == 0)
				continue;
			err_init(&ignored);
			if (row_split(s->a, row, delimiters[d], &cells, &n, &ignored) != RC_OK || n != n_names) {
				bad++;
				continue;
			}
			rows++;
			v = ARENA_NEW(s->a, struct value);
			v->type = VALUE_MAP;
			v->n = n;
			v->members = ARENA_ARRAY(s->a, n, struct member);
			for (i = 0; i < n; i++) {
				v->members[i].key = str_trim(names[i]);
				v->members[i].value.text = str_trim(cells[i]);
				v->members[i].value.type = v->members[i].value.text.n == 0 ? VALUE_NULL : VALUE_STRING;
			}
			add_record(s, v);
		}
		if (rows > 0 && bad * 4 <= rows) {
			s->reads = "table";
			return true;
		}
		s->n = 0;
	}
	return false;
}

static enum rc from_yaml(struct sample *s, struct str t, struct err *e)
{
	const struct value *docs;
	struct str path = STR_NONE;
	size_t n;

	if (yaml_parse(s->a, "it", t, &docs, &n, e) != RC_OK)
		return RC_INVALID;
	if (n != 1 || docs->type != VALUE_MAP)
		return err_set(e, RC_INVALID, "it is YAML of %zu documents, or no map: one map a file is read, as one record", n);
	s->reads = "whole";
	if (inner_list(s->a, docs, 0, STR(""), &path) != NULL)
		return err_set(e, RC_INVALID, "it is YAML with a list at \"%.*s\": one record with an item for each of its elements.  "
		    "Write that mapping by hand: reads: whole, each: %.*s", STR_FMT(path), STR_FMT(path));
	add_record(s, docs);
	return RC_OK;
}

/* ---- leaves */
static bool plain_name(struct str k)
{
	size_t i;

	for (i = 0; i < k.n; i++)
		if (k.p[i] == '.' || k.p[i] == '[' || k.p[i] == '"' || (i == 0 && (k.p[i] == '/' || k.p[i] == '^')) || k.p[i] == '|')
			return false;
	return k.n > 0;
}

/* "createdAt" and "created_at" to " created at ". */
static void put_words(struct buf *b, struct str name)
{
	size_t i;

	buf_c(b, ' ');
	for (i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool upper = c >= 'A' && c <= 'Z', before = i > 0 && name.p[i - 1] >= 'a' && name.p[i - 1] <= 'z';

		if (upper && before)
			buf_c(b, ' ');
		if (upper)
			buf_c(b, (char)(c + 32));
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			buf_c(b, c);
		else
			buf_c(b, ' ');
	}
	buf_c(b, ' ');
}

static struct leaf *leaf_of(struct sample *s, struct str path, struct str parent, struct str name, bool in_list)
{
	struct leaf *l;
	struct buf b;
	size_t i;

	for (i = 0; i < s->n_leaves; i++)
		if (str_eq(s->leaves[i].path, path))
			return &s->leaves[i];
	if (s->n_leaves == LEAVES_MAX)
		return NULL;
	l = &s->leaves[s->n_leaves++];
	l->path = arena_str(s->a, path);
	l->in_list = in_list;
	buf_init(&b, 4096);
	put_words(&b, parent);
	put_words(&b, name);
	l->words = arena_str(s->a, buf_view(&b));
	buf_done(&b);
	return l;
}

static bool is_email(struct str t)
{
	ptrdiff_t at = str_find(t, STR("@"));

	return at > 0 && str_find(str_sub(t, (size_t)at, t.n), STR(".")) > 1 && str_find(t, STR(" ")) < 0 && t.n < 200 &&
	    str_find(t, STR("/")) < 0;
}

static bool is_address(struct str t)
{
	size_t i, dots = 0, colons = 0;

	for (i = 0; i < t.n; i++) {
		char c = t.p[i];

		dots += c == '.';
		colons += c == ':';
		if (c != '.' && c != ':' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F'))
			return false;
	}
	return (dots == 3 && colons == 0) || (colons >= 2 && dots == 0 && t.n > 2 && t.n < 46);
}

static void see(struct leaf *l, const struct value *v)
{
	struct str t = v->type == VALUE_BOOL ? (v->is_true ? STR("true") : STR("false")) : v->text;
	int64_t us, number;
	size_t i;

	l->present++;
	if (v->type == VALUE_NULL || t.n == 0)
		return;
	l->given++;
	if (l->example.p == NULL)
		l->example = t;
	l->bools += v->type == VALUE_BOOL || str_is(t, "true") || str_is(t, "false");
	if (num_i64(t, &number)) {
		l->integers++;
	} else if (v->type == VALUE_STRING) {
		l->times += instant_parse(t, NULL, &us) != TIME_BAD;
		l->emails += is_email(t);
		l->addresses += is_address(t);
	}
	for (i = 0; i < l->n_distinct && !str_eq(l->distinct[i], t); i++)
		;
	if (i == l->n_distinct && i < DISTINCT_MAX)
		l->distinct[l->n_distinct++] = t;
}

static void gather(struct sample *s, const struct value *v, struct str path, struct str parent, struct str name, bool in_list,
    unsigned depth)
{
	struct leaf *l;
	struct str at;
	size_t i;

	if (depth > DEPTH_MAX)
		return;
	switch (v->type) {
	case VALUE_MAP:
		for (i = 0; i < v->n; i++) {
			struct str key = v->members[i].key;

			if (str_find(key, STR("\"")) >= 0 || key.n == 0)
				continue;
			at = plain_name(key) ? key : arena_fmt(s->a, "\"%.*s\"", STR_FMT(key));
			at = path.n > 0 ? arena_fmt(s->a, "%.*s.%.*s", STR_FMT(path), STR_FMT(at)) : at;
			gather(s, &v->members[i].value, at, name, key, in_list, depth + 1);
		}
		return;
	case VALUE_LIST:
		at = arena_fmt(s->a, "%.*s[]", STR_FMT(path));
		for (i = 0; i < v->n && i < 8; i++)
			gather(s, &v->items[i], at, parent, name, true, depth + 1);
		return;
	default:
		if (path.n > 0 && (l = leaf_of(s, path, parent, name, in_list)) != NULL)
			see(l, v);
	}
}

enum rc sample_read(struct arena *a, const struct source_input *in, struct sample *s, struct err *e)
{
	struct str t;
	size_t i, bad;
	bool cut;
	enum rc rc;

	memset(s, 0, sizeof(*s));
	s->a = a;
	s->records = ARENA_ARRAY(a, RECORDS_MAX, const struct value *);
	s->leaves = ARENA_ARRAY(a, LEAVES_MAX, struct leaf);
	if ((rc = read_start(a, in, &t, &cut, e)) != RC_OK)
		return rc;
	if (str_starts(t, STR("\xef\xbb\xbf")))
		t = str_sub(t, 3, t.n);
	if (str_trim(t).n == 0)
		return err_set(e, RC_INVALID, "it is empty");
	if (is_binary(t))
		return err_set(e, RC_INVALID, "it is no text: images, archives and programs hold no records");
	if (!str_utf8_valid(t, &bad) && !(cut && bad + 4 >= t.n))
		return err_set(e, RC_INVALID, "byte %zu is no UTF-8: convert it first", bad);
	if (str_trim(t).p[0] == '{' || str_trim(t).p[0] == '[')
		rc = from_json(s, t, cut, e);
	else if (str_trim(t).p[0] == '<')
		rc = err_set(e, RC_INVALID, "it is XML or HTML: a mapping for it is written by hand (docs/formats/mapping.md)");
	else if (str_ends(in->file, STR(".yaml")) || str_ends(in->file, STR(".yml")))
		rc = from_yaml(s, t, e);
	else if (!from_table(s, t))
		rc = err_set(e, RC_INVALID, "its lines are neither JSON nor rows of a table: a log of free text is read by patterns, "
		    "which a mapping has to spell out (docs/formats/mapping.md)");
	for (i = 0; rc == RC_OK && i < s->n; i++)
		gather(s, s->records[i], STR(""), STR(""), STR(""), false, 0);
	return rc;
}

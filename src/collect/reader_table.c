/* reader_table: tables cut into rows, and rows into cells. */
#include "collect/reader_priv.h"

#include <string.h>

/* A quoted cell may hold line feeds; one that is not closed within this was opened by a stray quote. */
enum { QUOTED_MAX = 1 << 20 };

/* What may stand between cells: of a header it is not known yet. */
static bool divides(const struct reader *r, char c)
{
	return r->delimiter != 0 ? c == r->delimiter : c == ',' || c == ';' || c == '\t' || c == '|';
}

/* How a row goes on: quotes open a cell at its start alone, so that a stray one elsewhere swallows nothing. */
struct row_scan {
	size_t at;                      /* looked at so far */
	bool quoted, behind;            /* inside of quotes; behind a quote that may be the first of two */
	bool in_cell;                   /* past the cell's first character */
};

/* True: the row ends at s->at, a line feed.  False: the text ended before. */
static bool row_scan(const struct reader *r, struct str t, struct row_scan *s)
{
	const char *q;

	while (s->at < t.n) {
		char c = t.p[s->at];

		if (s->quoted && !s->behind) {
			q = memchr(t.p + s->at, '"', t.n - s->at);
			s->at = q != NULL ? (size_t)(q - t.p) + 1 : t.n;
			s->behind = q != NULL;
			continue;
		}
		if (s->behind && c == '"') {
			s->behind = false;
			s->at++;
			continue;
		}
		if (s->behind && c != '\n' && c != '\r' && !divides(r, c) && (q = memchr(t.p, '\n', s->at)) != NULL) {
			s->at = (size_t)(q - t.p);      /* quoted over lines and not as it should be: a quote was stray */
			s->quoted = s->behind = false;
			return true;
		}
		s->quoted = s->behind = false;
		if (c == '\n')
			return true;
		if (c == '"' && !s->in_cell && r->reads == READS_TABLE)
			s->quoted = true;
		s->in_cell = !divides(r, c);
		s->at++;
	}
	return false;
}

/* The row at ${from}, with its end and whether a line feed follows.  RC_INVALID: too long. */
static enum rc find_row(struct reader *r, size_t *end, bool *has_lf, struct err *e)
{
	struct row_scan s = { 0 };
	const char *lf;
	struct str t;
	enum rc rc;

	for (;;) {
		t = reader_rest(r);
		*has_lf = row_scan(r, t, &s);
		*end = s.at;
		if (*has_lf)
			break;
		if (s.quoted && !s.behind && (r->ended || t.n > QUOTED_MAX)) {
			/* a stray quote would swallow what follows: its first line alone is the row, and the others survive */
			lf = memchr(t.p, '\n', t.n);
			*has_lf = lf != NULL;
			*end = lf != NULL ? (size_t)(lf - t.p) : t.n;
			if (*has_lf || r->ended)
				break;
		}
		if (r->ended || t.n > LIMIT_RECORD)
			break;
		if ((rc = reader_more(r, e)) != RC_OK)
			return rc;
	}
	if (*end > LIMIT_RECORD)
		return err_set(e, RC_INVALID, "row %llu, at byte %llu, has more than 16 MiB", (unsigned long long)r->number + 1,
		    (unsigned long long)reader_place(r, r->from));
	return RC_OK;
}

static struct str without_cr(struct str row)
{
	if (row.n > 0 && row.p[row.n - 1] == '\r')
		row.n--;
	return row;
}

/* One cell in quotes, at its opening one; *at is left behind the closing one. */
static enum rc quoted_cell(struct arena *a, struct str row, char delimiter, size_t *at, struct str *cell, size_t number,
    struct err *e)
{
	size_t from = *at + 1, i, o = 0, doubled = 0;
	char *text;

	for (i = from; i < row.n; i++) {
		if (row.p[i] != '"')
			continue;
		if (i + 1 == row.n || row.p[i + 1] != '"')
			break;
		i++;
		doubled++;
	}
	if (i >= row.n)
		return err_set(e, RC_INVALID, "a quoted cell is never closed");
	*at = i + 1;
	if (*at < row.n && row.p[*at] != delimiter)
		return err_set(e, RC_INVALID, "cell %zu goes on behind its closing quote", number);
	*cell = str_sub(row, from, i - from);
	if (doubled == 0)
		return RC_OK;
	text = arena_alloc_raw(a, cell->n + 1);
	for (i = 0; i < cell->n; i++) {
		text[o++] = cell->p[i];
		i += cell->p[i] == '"';
	}
	*cell = (struct str){ text, o };
	return RC_OK;
}

static enum rc split(struct arena *a, struct str row, char delimiter, bool quotes, struct str **cells, size_t *n, struct err *e)
{
	size_t at = 0, from, most = 1, used = 0, i;
	struct str *list;
	enum rc rc;

	for (i = 0; i < row.n; i++)
		most += row.p[i] == delimiter;
	list = ARENA_ARRAY(a, most < LIMIT_COLUMNS ? most : LIMIT_COLUMNS, struct str);
	for (;; at++) {
		if (used == LIMIT_COLUMNS)
			return err_set(e, RC_INVALID, "the row has more than %d cells", (int)LIMIT_COLUMNS);
		if (quotes && at < row.n && row.p[at] == '"') {
			if ((rc = quoted_cell(a, row, delimiter, &at, &list[used], used + 1, e)) != RC_OK)
				return rc;
		} else {
			for (from = at; at < row.n && row.p[at] != delimiter; at++)
				if (quotes && row.p[at] == '"')
					return err_set(e, RC_INVALID, "cell %zu has a stray quote; a cell with quotes is quoted as a whole",
					    used + 1);
			list[used] = str_sub(row, from, at - from);
		}
		used++;
		if (at >= row.n)
			break;
	}
	*cells = list;
	*n = used;
	return RC_OK;
}

enum rc row_split(struct arena *a, struct str row, char delimiter, struct str **cells, size_t *n, struct err *e)
{
	return split(a, row, delimiter, true, cells, n, e);
}

enum rc row_cut(struct arena *a, struct str row, char delimiter, struct str **cells, size_t *n, struct err *e)
{
	return split(a, row, delimiter, false, cells, n, e);
}

static char guess_delimiter(struct str header)
{
	static const char candidates[] = ",;\t|";
	size_t best = 0, i, k, n;
	char found = ',';

	for (k = 0; candidates[k] != 0; k++) {
		for (n = 0, i = 0; i < header.n; i++)
			n += header.p[i] == candidates[k];
		if (n > best) {
			best = n;
			found = candidates[k];
		}
	}
	return found;
}

enum rc reader_header(struct reader *r, struct err *e)
{
	struct str header;
	size_t end, bad, i;
	bool has_lf;
	enum rc rc;

	if (r->reads == READS_TSV)
		r->delimiter = '\t';
	if ((rc = find_row(r, &end, &has_lf, e)) != RC_OK)
		return rc;
	header = arena_str(r->a, without_cr(str_sub(reader_rest(r), 0, end)));
	if (header.n == 0 || !str_utf8_valid(header, &bad))
		return err_set(e, RC_INVALID, "line 1: the header is empty or no UTF-8");
	if (header.n > QUOTED_MAX)
		return err_set(e, RC_INVALID, "line 1: the header has more than 1 MiB");
	if (r->reads == READS_TABLE)
		r->delimiter = guess_delimiter(header);
	rc = split(r->a, header, r->delimiter, r->reads == READS_TABLE, &r->columns, &r->n_columns, e);
	if (rc != RC_OK)
		return str_find(str_z(e->msg), STR("never closed")) < 0 ? rc :
		    err_set(e, RC_INVALID, "line 1: a quote in the header is never closed");
	for (i = 0; i < r->n_columns; i++)
		r->columns[i] = str_trim(r->columns[i]);
	r->from += end + (has_lf ? 1 : 0);
	return RC_OK;
}

enum rc reader_next_row(struct reader *r, struct record *out, bool *more, struct err *e)
{
	struct str row;
	size_t end, bad;
	bool has_lf;
	enum rc rc;

	do {
		if ((rc = find_row(r, &end, &has_lf, e)) != RC_OK)
			return rc;
		if (!has_lf && (end == 0 || r->damaged))        /* the start of a row that the damage cut is no record */
			return reader_finish(r, more, e);
		row = without_cr(str_sub(reader_rest(r), 0, end));
		reader_give(r, r->from, r->from + row.n, out);
		r->from += end + (has_lf ? 1 : 0);
	} while (str_trim(row).n == 0);
	*more = true;
	if (!str_utf8_valid(row, &bad))
		out->bad = STR("it holds bytes that are no UTF-8");
	return RC_OK;
}

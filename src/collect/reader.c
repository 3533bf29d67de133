/* reader: see reader.h. */
#include "collect/reader.h"

#include <string.h>

#include "base/value.h"

enum { READ_AT_ONCE = 1 << 18 };

struct reader {
	struct stream *stream;
	enum reads reads;
	struct str elements;
	struct arena *a;
	struct buf hold;                /* unpacked bytes not given out yet, and the record that was given out last */
	size_t from;                    /* of hold */
	uint64_t base;                  /* position in the file of hold's first byte */
	struct sha256 *running, *copy;
	size_t last_end;                /* of the record given out last, in hold */
	uint64_t hashed;                /* bytes that ${running} has */
	bool ended, given_whole, in_array, done;
	bool damaged;
	struct err damage;
	uint64_t number;
	char delimiter;
	struct str *columns;
	size_t n_columns;
};

static struct str rest(const struct reader *r)
{
	return str_bytes(r->hold.p + r->from, r->hold.n - r->from);
}

/* ${running} has everything through ${end}, an offset in hold. */
static void hash_through(struct reader *r, size_t end)
{
	uint64_t at = r->base + end;

	if (at > r->hashed) {
		sha256_add(r->running, r->hold.p + (r->hashed - r->base), (size_t)(at - r->hashed));
		r->hashed = at;
	}
}

static void digest_through(struct reader *r, size_t end, uint8_t out[32])
{
	hash_through(r, end);
	sha256_copy(r->copy, r->running);
	sha256_end(r->copy, out);
}

/* More bytes into hold; what was given out before is let go first. */
static enum rc more_bytes(struct reader *r, struct err *e)
{
	uint8_t piece[65536];
	size_t n;
	enum rc rc;

	if (r->ended)
		return RC_OK;
	if (r->from > READ_AT_ONCE && r->reads != READS_WHOLE) {
		hash_through(r, r->from);
		memmove(r->hold.p, r->hold.p + r->from, r->hold.n - r->from);
		r->hold.n -= r->from;
		r->base += r->from;
		r->from = 0;
	}
	rc = stream_read(r->stream, piece, sizeof(piece), &n, e);
	if (rc == RC_INVALID) {
		r->damaged = r->ended = true;
		r->damage = *e;
		err_init(e);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	if (n == 0)
		r->ended = true;
	buf_add(&r->hold, piece, n);
	return buf_ok(&r->hold, "the file", e);
}

static enum rc all_bytes(struct reader *r, struct err *e)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && !r->ended)
		rc = more_bytes(r, e);
	return rc;
}

static void give(struct reader *r, size_t at, size_t end, struct record *out)
{
	memset(out, 0, sizeof(*out));
	out->bytes = str_bytes(r->hold.p + at, end - at);
	out->position = r->base + at;
	out->number = ++r->number;
	r->last_end = end;
}

static enum rc finish(struct reader *r, bool *more, struct err *e)
{
	*more = false;
	if (!r->damaged)
		return RC_OK;
	*e = r->damage;
	return RC_INVALID;
}

/* ---- lines */
static enum rc next_line(struct reader *r, struct record *out, bool *more, struct err *e)
{
	size_t looked = 0;
	const char *lf = NULL;
	struct str t, line;
	size_t end, bad;
	enum rc rc;

	for (;;) {
		t = rest(r);
		lf = t.n > looked ? memchr(t.p + looked, '\n', t.n - looked) : NULL;
		if (lf != NULL || r->ended || t.n > LIMIT_LINE)
			break;
		looked = t.n;
		if ((rc = more_bytes(r, e)) != RC_OK)
			return rc;
	}
	if (lf == NULL && t.n > LIMIT_LINE)
		return err_set(e, RC_INVALID, "line %llu, at byte %llu, does not end within 16 MiB", (unsigned long long)r->number + 1,
		    (unsigned long long)(r->base + r->from));
	if (lf == NULL && (t.n == 0 || r->damaged))     /* the start of a line that the damage cut is no record */
		return finish(r, more, e);
	end = lf != NULL ? (size_t)(lf - t.p) : t.n;
	line = str_sub(t, 0, end);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	give(r, r->from, r->from + line.n, out);
	r->from += end + (lf != NULL ? 1 : 0);
	*more = true;
	if (str_trim(line).n == 0)
		return next_line(r, out, more, e);
	if (!str_utf8_valid(line, &bad))
		out->bad = STR("it holds bytes that are no UTF-8");
	return RC_OK;
}

/* ---- JSON: an array, an object that holds it, or values one after another */
static void skip_space(struct reader *r)
{
	while (r->from < r->hold.n && strchr(" \t\r\n", r->hold.p[r->from]) != NULL && r->hold.p[r->from] != 0)
		r->from++;
}

static bool at_char(struct reader *r, char c)
{
	skip_space(r);
	if (r->from >= r->hold.n || r->hold.p[r->from] != (uint8_t)c)
		return false;
	r->from++;
	return true;
}

/* Into the array of {"Records": […]}: members before it are passed over.  False: the object has none, and nothing was
 * taken. */
static bool enter_object(struct reader *r)
{
	const struct value *v;
	size_t start = r->from, used;
	struct err ignored;

	if (r->elements.n == 0 || !at_char(r, '{'))
		return false;
	for (;;) {
		struct str key;

		skip_space(r);
		err_init(&ignored);
		arena_reset(r->a);
		if (json_parse_first(r->a, rest(r), &v, &used, &ignored) != RC_OK || v->type != VALUE_STRING)
			break;
		key = v->text;
		r->from += used;
		if (!at_char(r, ':'))
			break;
		if (str_eq(key, r->elements) && at_char(r, '['))
			return true;
		if (json_parse_first(r->a, rest(r), &v, &used, &ignored) != RC_OK)
			break;
		r->from += used;
		if (!at_char(r, ','))
			break;
	}
	r->from = start;
	return false;
}

/* A value that does not parse: kept as far as its line, so that what follows can be read where values stand in lines. */
static enum rc bad_value(struct reader *r, size_t at, const struct err *why, struct record *out, bool *more, struct err *e)
{
	struct str t = rest(r);
	const char *lf = memchr(t.p, '\n', t.n);
	size_t end = lf != NULL ? at + (size_t)(lf - t.p) : r->hold.n;

	if (r->in_array) {
		r->done = true;
		return err_set(e, RC_INVALID, "element %llu, at byte %llu, cannot be read: %.600s", (unsigned long long)r->number + 1,
		    (unsigned long long)(r->base + at), r->damaged ? r->damage.msg : why->msg);
	}
	if (r->damaged && lf == NULL)
		return finish(r, more, e);
	give(r, at, end, out);
	out->bad = arena_fmt(r->a, "it is no JSON: %.500s", why->msg);
	r->from = end;
	*more = true;
	return RC_OK;
}

static enum rc next_json(struct reader *r, struct record *out, bool *more, struct err *e)
{
	const struct value *v;
	struct err why;
	size_t used, at;
	enum rc rc;

	if ((rc = all_bytes(r, e)) != RC_OK)
		return rc;
	skip_space(r);
	if (r->number == 0 && !r->in_array && !r->done)
		r->in_array = at_char(r, '[') || enter_object(r);
	else if (r->in_array && r->number > 0 && !at_char(r, ','))
		r->done = !r->damaged || at_char(r, ']');
	skip_space(r);
	if (r->in_array && (r->done || (r->from < r->hold.n && r->hold.p[r->from] == ']'))) {
		r->done = true;
		if (r->from < r->hold.n && r->hold.p[r->from] == ']')
			return finish(r, more, e);
		return err_set(e, RC_INVALID, "the array is not closed behind element %llu, at byte %llu",
		    (unsigned long long)r->number, (unsigned long long)(r->base + r->from));
	}
	if (r->from >= r->hold.n) {
		if (r->in_array && !r->damaged)
			return err_set(e, RC_INVALID, "the file ends before the array does, at byte %llu",
			    (unsigned long long)(r->base + r->from));
		return finish(r, more, e);
	}
	at = r->from;
	err_init(&why);
	arena_reset(r->a);
	if (json_parse_first(r->a, rest(r), &v, &used, &why) != RC_OK)
		return bad_value(r, at, &why, out, more, e);
	give(r, at, at + used, out);
	r->from = at + used;
	*more = true;
	return RC_OK;
}

/* ---- tables */
/* Where a row ends: at a line feed outside quotes.  False: in the middle of a quoted cell the text ended. */
static bool row_end(struct str t, size_t *end)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < t.n; i++) {
		if (t.p[i] == '"')
			quoted = !quoted;
		else if (t.p[i] == '\n' && !quoted)
			break;
	}
	*end = i;
	return !quoted;
}

enum rc row_split(struct arena *a, struct str row, char delimiter, struct str **cells, size_t *n, struct err *e)
{
	struct str *list = ARENA_ARRAY(a, LIMIT_COLUMNS, struct str);
	size_t at = 0, used = 0;

	for (;;) {
		struct str cell;

		if (used == LIMIT_COLUMNS)
			return err_set(e, RC_INVALID, "the row has more than %d cells", (int)LIMIT_COLUMNS);
		if (at < row.n && row.p[at] == '"') {
			char *text = arena_alloc(a, row.n - at + 1);
			size_t o = 0;

			for (at++; at < row.n; at++) {
				if (row.p[at] == '"' && at + 1 < row.n && row.p[at + 1] == '"')
					at++;
				else if (row.p[at] == '"')
					break;
				text[o++] = row.p[at];
			}
			if (at >= row.n)
				return err_set(e, RC_INVALID, "a quoted cell is never closed");
			at++;
			cell = (struct str){ text, o };
			if (at < row.n && row.p[at] != delimiter)
				return err_set(e, RC_INVALID, "cell %zu goes on behind its closing quote", used + 1);
		} else {
			size_t from = at;

			while (at < row.n && row.p[at] != delimiter) {
				if (row.p[at] == '"')
					return err_set(e, RC_INVALID, "cell %zu has a stray quote; a cell with quotes is quoted as a whole", used + 1);
				at++;
			}
			cell = str_sub(row, from, at - from);
		}
		list[used++] = cell;
		if (at >= row.n)
			break;
		at++;
	}
	*cells = list;
	*n = used;
	return RC_OK;
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

static enum rc read_header(struct reader *r, struct err *e)
{
	struct str t, header;
	size_t end, bad, i;
	enum rc rc;

	if ((rc = all_bytes(r, e)) != RC_OK)
		return rc;
	t = rest(r);
	if (str_starts(t, STR("\xef\xbb\xbf"))) {
		r->from += 3;
		t = rest(r);
	}
	if (!row_end(t, &end))
		return err_set(e, RC_INVALID, "line 1: a quote in the header is never closed");
	header = str_sub(t, 0, end);
	if (header.n > 0 && header.p[header.n - 1] == '\r')
		header.n--;
	if (header.n == 0 || !str_utf8_valid(header, &bad))
		return err_set(e, RC_INVALID, "line 1: the header is empty or no UTF-8");
	r->delimiter = guess_delimiter(header);
	if ((rc = row_split(r->a, header, r->delimiter, &r->columns, &r->n_columns, e)) != RC_OK)
		return rc;
	for (i = 0; i < r->n_columns; i++)
		r->columns[i] = str_trim(r->columns[i]);
	r->from += end < t.n ? end + 1 : end;
	return RC_OK;
}

static enum rc next_row(struct reader *r, struct record *out, bool *more, struct err *e)
{
	struct str t = rest(r), row;
	size_t end, bad;

	if (t.n == 0)
		return finish(r, more, e);
	if (!row_end(t, &end)) {
		/* a stray quote swallows the rest: give its first line alone, so that the other rows survive */
		const char *lf = memchr(t.p, '\n', t.n);

		end = lf != NULL ? (size_t)(lf - t.p) : t.n;
	}
	row = str_sub(t, 0, end);
	if (row.n > 0 && row.p[row.n - 1] == '\r')
		row.n--;
	if (r->damaged && end == t.n)
		return finish(r, more, e);
	give(r, r->from, r->from + row.n, out);
	r->from += end < t.n ? end + 1 : end;
	*more = true;
	if (str_trim(row).n == 0)
		return next_row(r, out, more, e);
	if (row.n > LIMIT_RECORD)
		return err_set(e, RC_INVALID, "row %llu has more than 16 MiB", (unsigned long long)r->number);
	if (!str_utf8_valid(row, &bad))
		out->bad = STR("it holds bytes that are no UTF-8");
	return RC_OK;
}

static enum rc next_whole(struct reader *r, struct record *out, bool *more, struct err *e)
{
	enum rc rc;

	*more = false;
	if (r->given_whole)
		return RC_OK;
	if ((rc = all_bytes(r, e)) != RC_OK)
		return rc;
	if (r->damaged)
		return finish(r, more, e);
	r->given_whole = true;
	if (r->hold.n > LIMIT_RECORD)
		return err_set(e, RC_INVALID, "the file has more than 16 MiB, and is read as one record");
	give(r, 0, r->hold.n, out);
	r->from = r->hold.n;
	*more = true;
	return RC_OK;
}

enum rc reader_open(struct stream *s, enum reads reads, struct str elements, struct reader **out, struct err *e)
{
	struct reader *r = mem_alloc(sizeof(*r));
	enum rc rc;

	r->stream = s;
	r->reads = reads;
	r->elements = elements;
	r->a = arena_new();
	r->running = sha256_new();
	r->copy = sha256_new();
	err_init(&r->damage);
	buf_init(&r->hold, LIMIT_FILE_READ);
	if (reads == READS_TABLE && (rc = read_header(r, e)) != RC_OK) {
		reader_close(r);
		return rc;
	}
	*out = r;
	return RC_OK;
}

void reader_close(struct reader *r)
{
	if (r == NULL)
		return;
	stream_close(r->stream);
	sha256_free(r->running);
	sha256_free(r->copy);
	arena_free(r->a);
	buf_done(&r->hold);
	mem_free(r);
}

enum rc reader_next(struct reader *r, struct record *out, bool *more, struct err *e)
{
	switch (r->reads) {
	case READS_LINES:
		return next_line(r, out, more, e);
	case READS_JSON:
		return next_json(r, out, more, e);
	case READS_TABLE:
		return next_row(r, out, more, e);
	case READS_WHOLE:
		break;
	}
	return next_whole(r, out, more, e);
}

uint64_t reader_bytes(const struct reader *r) { return r->base + r->hold.n; }
void reader_digest(struct reader *r, uint8_t out[32]) { digest_through(r, r->hold.n, out); }
void reader_record_digest(struct reader *r, uint8_t out[32]) { digest_through(r, r->last_end, out); }
char reader_delimiter(const struct reader *r) { return r->delimiter; }

const struct str *reader_columns(const struct reader *r, size_t *n)
{
	*n = r->n_columns;
	return r->columns;
}

/* reader: see reader.h.  Here: the bytes, lines, and files that are one record. */
#include "collect/reader_priv.h"

#include <string.h>

enum { READ_AT_ONCE = 1 << 18, HOLD_MORE = 1 << 20 };

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

static void let_go(struct reader *r)
{
	hash_through(r, r->from);
	memmove(r->hold.p, r->hold.p + r->from, r->hold.n - r->from);
	r->hold.n -= r->from;
	r->base += r->from;
	r->cur -= r->cur < r->from ? r->cur : r->from;
	r->from = 0;
}

enum rc reader_more(struct reader *r, struct err *e)
{
	uint8_t piece[65536];
	size_t n;
	enum rc rc;

	if (r->ended)
		return RC_OK;
	if (r->from > READ_AT_ONCE)
		let_go(r);
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
	return buf_ok(&r->hold, "what is held of the file", e);
}

void reader_give(struct reader *r, size_t at, size_t end, struct record *out)
{
	memset(out, 0, sizeof(*out));
	out->bytes = str_sub(buf_view(&r->hold), at, end - at);
	out->position = r->base + at;
	out->number = ++r->number;
	r->last_end = end;
}

enum rc reader_finish(struct reader *r, bool *more, struct err *e)
{
	*more = false;
	r->done = true;
	if (!r->damaged)
		return RC_OK;
	*e = r->damage;
	return RC_INVALID;
}

/* What follows damage is read all the same, so that the digest is the file's. */
static void drain(struct reader *r)
{
	struct err ignored;

	err_init(&ignored);
	while (!r->ended) {
		r->from = r->cur = r->hold.n;
		if (reader_more(r, &ignored) != RC_OK)
			return;
	}
}

/* ---- lines */
static enum rc next_line(struct reader *r, struct record *out, bool *more, struct err *e)
{
	struct str t, line;
	const char *lf;
	size_t looked, end, bad;
	enum rc rc;

	do {
		for (looked = 0;; looked = t.n) {
			t = reader_rest(r);
			lf = t.n > looked ? memchr(t.p + looked, '\n', t.n - looked) : NULL;
			if (lf != NULL || r->ended || t.n > LIMIT_LINE)
				break;
			if ((rc = reader_more(r, e)) != RC_OK)
				return rc;
		}
		end = lf != NULL ? (size_t)(lf - t.p) : t.n;
		if (end > LIMIT_LINE)
			return err_set(e, RC_INVALID, "line %llu, at byte %llu, does not end within 16 MiB",
			    (unsigned long long)r->number + 1, (unsigned long long)reader_place(r, r->from));
		if (lf == NULL && (t.n == 0 || r->damaged))     /* the start of a line that the damage cut is no record */
			return reader_finish(r, more, e);
		line = str_sub(t, 0, end);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		reader_give(r, r->from, r->from + line.n, out);
		r->from += end + (lf != NULL ? 1 : 0);
	} while (str_trim(line).n == 0);
	*more = true;
	if (!str_utf8_valid(line, &bad))
		out->bad = STR("it holds bytes that are no UTF-8");
	return RC_OK;
}

static enum rc next_whole(struct reader *r, struct record *out, bool *more, struct err *e)
{
	enum rc rc;

	while (!r->ended && r->hold.n - r->from <= LIMIT_RECORD)
		if ((rc = reader_more(r, e)) != RC_OK)
			return rc;
	if (r->damaged)
		return reader_finish(r, more, e);
	if (r->hold.n - r->from > LIMIT_RECORD)
		return err_set(e, RC_INVALID, "the file has more than 16 MiB, and is read as one record");
	reader_give(r, r->from, r->hold.n, out);
	r->from = r->hold.n;
	r->done = true;
	*more = true;
	return RC_OK;
}

/* ---- opening */
/* UTF-8 with or without its mark.  UTF-16 is refused: a record is kept as the bytes that the file holds, and its place is
 * theirs, so that a converted file must be the one that is kept. */
static enum rc check_encoding(struct reader *r, struct err *e)
{
	struct str t;
	enum rc rc;

	while (!r->ended && r->hold.n < 4)
		if ((rc = reader_more(r, e)) != RC_OK)
			return rc;
	t = reader_rest(r);
	if (str_starts(t, STR("\xef\xbb\xbf")))
		r->from = r->cur = 3;
	if (str_starts(t, STR("\xff\xfe")) || str_starts(t, STR("\xfe\xff")) ||
	    (t.n >= 2 && (t.p[0] == 0) != (t.p[1] == 0) && t.p[0] >= 0 && t.p[1] >= 0))
		return err_set(e, RC_INVALID, "the file is UTF-16, and UTF-8 is read: convert it (iconv -f UTF-16 -t UTF-8) and keep "
		    "the original beside it");
	return RC_OK;
}

static enum rc split_names(struct reader *r, struct str elements, struct err *e)
{
	if (r->reads != READS_JSON && r->reads != READS_XML)
		return RC_OK;
	if (elements.n == 0)
		return r->reads == READS_JSON ? RC_OK :
		    err_set(e, RC_INVALID, "XML needs \"elements\": the names that lead to a record, such as Events.Event");
	while (elements.p != NULL) {
		if (r->n_names == NAMES_MAX)
			return err_set(e, RC_INVALID, "\"elements\" has more than %d names", NAMES_MAX);
		r->names[r->n_names++] = str_cut(&elements, '.');
	}
	return RC_OK;
}

enum rc reader_open(struct stream *s, enum reads reads, struct str elements, struct reader **out, struct err *e)
{
	struct reader *r = mem_alloc(sizeof(*r));
	enum rc rc;

	r->stream = s;
	r->reads = reads;
	r->a = arena_new();
	r->running = sha256_new();
	r->copy = sha256_new();
	r->open = reads == READS_XML ? mem_alloc(XML_OPEN_MAX * sizeof(*r->open)) : NULL;
	err_init(&r->damage);
	buf_init(&r->hold, LIMIT_RECORD + HOLD_MORE);
	rc = split_names(r, elements, e);
	if (rc == RC_OK)
		rc = check_encoding(r, e);
	if (rc == RC_OK && (reads == READS_TABLE || reads == READS_TSV))
		rc = reader_header(r, e);
	if (rc != RC_OK) {
		r->stream = NULL;               /* the caller's still */
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
	mem_free(r->open);
	mem_free(r);
}

static enum rc next(struct reader *r, struct record *out, bool *more, struct err *e)
{
	switch (r->reads) {
	case READS_LINES:
	case READS_TEXT:
		return next_line(r, out, more, e);
	case READS_JSON:
		return reader_next_json(r, out, more, e);
	case READS_TABLE:
	case READS_TSV:
		return reader_next_row(r, out, more, e);
	case READS_XML:
		return reader_next_xml(r, out, more, e);
	case READS_WHOLE:
		break;
	}
	return next_whole(r, out, more, e);
}

enum rc reader_next(struct reader *r, struct record *out, bool *more, struct err *e)
{
	enum rc rc;

	*more = false;
	if (r->done)
		return RC_OK;
	rc = next(r, out, more, e);
	if (rc == RC_INVALID) {
		*more = false;
		r->done = true;
		drain(r);
	}
	return rc;
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

/* source_file: see source_file.h. */
#include "collect/source_file.h"

#include <string.h>

enum { SHAPES_MAX = 64, LOOKED_AT = 20 };       /* bad records at the start that are passed over while looking */

static enum rc open_as(const struct mapping *m, const struct source_input *in, struct source_file *f, struct err *e)
{
	const struct shape *shape;
	struct stream *stream;
	enum rc rc;

	if ((rc = mapping_shape(m, &f->ctx, &shape, e)) != RC_OK)
		return rc;
	rc = in->bytes.p != NULL ? stream_of_bytes(in->path, in->bytes, &stream, e) : stream_open(in->path, &stream, e);
	if (rc != RC_OK)
		return rc;
	if ((rc = reader_open(stream, shape_reads(shape), shape_elements(shape), &f->reader, e)) != RC_OK) {
		stream_close(stream);
		return rc;
	}
	f->ctx.columns = reader_columns(f->reader, &f->ctx.n_columns);
	f->ctx.delimiter = reader_delimiter(f->reader);
	return RC_OK;
}

void source_close(struct source_file *f)
{
	reader_close(f->reader);
	f->reader = NULL;
}

/* Whether the first record that can be read is of this shape; why not is told. */
static bool first_fits(const struct mapping *m, const struct source_input *in, struct source_file *f, bool *empty, struct err *why)
{
	struct arena *a = arena_new();
	struct record rec;
	struct mapped mapped;
	bool more = false, fit = false;
	int i;

	*empty = false;
	if (open_as(m, in, f, why) == RC_OK) {
		for (i = 0; i < LOOKED_AT; i++) {
			if (reader_next(f->reader, &rec, &more, why) != RC_OK)
				break;
			if (!more) {
				*empty = i == 0;
				break;
			}
			if (rec.bad.n > 0)
				continue;
			fit = mapping_apply(m, a, &f->ctx, rec.bytes, &mapped, why) == RC_OK;
			break;
		}
	}
	source_close(f);
	arena_free(a);
	return fit;
}

static enum rc choose(const struct mapping *m, const struct source_input *in, struct source_file *f, struct err *e)
{
	size_t fitting[SHAPES_MAX], n = 0, i;
	bool named, empty = false;
	struct err why;

	for (i = 1; mapping_has_shape(m, i, f->ctx.file, &named) && n < SHAPES_MAX; i++)
		if (named)
			fitting[n++] = i;
	if (n < 2 || (in->bytes.p == NULL && strcmp(in->path, "-") == 0))
		return RC_OK;
	for (i = 0; i < n; i++) {
		err_init(&why);
		f->ctx.shape = fitting[i];
		if (first_fits(m, in, f, &empty, &why) || empty)
			return RC_OK;
		if (why.code != RC_INVALID && why.code != RC_OK && why.code != RC_LIMIT) {
			*e = why;
			return why.code;
		}
	}
	f->ctx.shape = fitting[0];      /* its own story is told when it is read */
	return RC_OK;
}

enum rc source_open(const struct mapping *m, const struct source_input *in, const struct zone *zone, struct source_file *f,
    struct err *e)
{
	enum rc rc;

	memset(f, 0, sizeof(*f));
	f->ctx.zone = zone;
	f->ctx.file = in->file;
	if ((rc = choose(m, in, f, e)) != RC_OK)
		return rc;
	return open_as(m, in, f, e);
}

size_t source_fits(const struct mapping *m, const struct source_input *in, const struct zone *zone)
{
	struct source_file f = { 0 };
	bool named, empty;
	struct err why;
	size_t i, asked;

	f.ctx.zone = zone;
	f.ctx.file = in->file;
	for (i = 1; mapping_has_shape(m, i, in->file, &named); i++) {
		err_init(&why);
		f.ctx.shape = i;
		asked = mapping_shape_asks(m, i);
		if (named && asked > 0 && first_fits(m, in, &f, &empty, &why))
			return asked;
	}
	return 0;
}

/* stream: see stream.h. */
#include "collect/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { CHUNK = 1 << 17, WINDOW_LOG = 27 };      /* zstd's own default ceiling: 128 MiB */
enum packing { PLAIN, GZIP, ZSTD };

struct stream {
	int fd;
	struct str memory;                      /* fd is -1: what is still to be read */
	bool is_input, at_end, between;         /* between: a member or frame ended where the bytes do */
	enum packing packing;
	char name[256];
	uint8_t in[CHUNK];
	size_t from, to;
	uint64_t taken;                         /* packed bytes used */
	z_stream gz;
	ZSTD_DStream *zs;
};

static enum rc fill(struct stream *s, struct err *e)
{
	ssize_t got;

	if (s->from < s->to || s->at_end)
		return RC_OK;
	if (s->fd < 0) {
		struct str piece = str_sub(s->memory, 0, CHUNK);

		memcpy(s->in, piece.p, piece.n);
		s->memory = str_sub(s->memory, piece.n, s->memory.n);
		s->from = 0;
		s->to = piece.n;
		s->at_end = piece.n == 0;
		return RC_OK;
	}
	do {
		got = read(s->fd, s->in, CHUNK);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, errno, "%s cannot be read", s->name);
	s->from = 0;
	s->to = (size_t)got;
	s->at_end = got == 0;
	return RC_OK;
}

static enum rc damaged(struct stream *s, const char *what, struct err *e)
{
	return err_set(e, RC_INVALID, "%s is damaged at byte %llu of the packed file: %s", s->name,
	    (unsigned long long)s->taken, what);
}

static struct stream *stream_new(const char *name, int fd)
{
	struct stream *s = mem_alloc(sizeof(*s));

	(void)memcpy(s->name, name, strnlen(name, sizeof(s->name) - 1));
	s->between = true;
	s->fd = fd;
	return s;
}

/* Takes ${s} over. */
static enum rc stream_begin(struct stream *s, struct stream **out, struct err *e)
{
	enum rc rc;

	if ((rc = fill(s, e)) != RC_OK)
		goto out;
	if (s->to >= 2 && s->in[0] == 0x1f && s->in[1] == 0x8b) {
		s->packing = GZIP;
		if (inflateInit2(&s->gz, 15 + 16) != Z_OK)
			rc = err_set(e, RC_INTERNAL, "no memory for reading gzip");
	} else if (s->to >= 4 && memcmp(s->in, "\x28\xb5\x2f\xfd", 4) == 0) {
		s->packing = ZSTD;
		s->zs = ZSTD_createDStream();
		if (s->zs == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(s->zs, ZSTD_d_windowLogMax, WINDOW_LOG)))
			rc = err_set(e, RC_INTERNAL, "no memory for reading zstd");
	}
out:
	if (rc != RC_OK) {
		stream_close(s);
		return rc;
	}
	*out = s;
	return RC_OK;
}

enum rc stream_open(const char *path, struct stream **out, struct err *e)
{
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stream *s;

	if (fd < 0)
		return errno == ENOENT ? err_set(e, RC_NOT_FOUND, "there is no file %s", path) :
		    err_sys(e, errno, "%s cannot be opened", path);
	s = stream_new(is_input ? "standard input" : path, fd);
	s->is_input = is_input;
	return stream_begin(s, out, e);
}

enum rc stream_of_bytes(const char *name, struct str bytes, struct stream **out, struct err *e)
{
	struct stream *s = stream_new(name, -1);

	s->memory = bytes;
	return stream_begin(s, out, e);
}

void stream_close(struct stream *s)
{
	if (s == NULL)
		return;
	if (s->packing == GZIP)
		(void)inflateEnd(&s->gz);
	if (s->packing == ZSTD)
		(void)ZSTD_freeDStream(s->zs);
	if (!s->is_input && s->fd >= 0)
		(void)close(s->fd);
	mem_free(s);
}

static enum rc read_gzip(struct stream *s, void *to, size_t room, size_t *n, struct err *e)
{
	size_t before;
	int z;

	if (s->between && s->taken > 0 && inflateReset(&s->gz) != Z_OK)
		return err_set(e, RC_INTERNAL, "gzip cannot begin anew");
	s->gz.next_in = s->in + s->from;
	s->gz.avail_in = (uInt)(s->to - s->from);
	s->gz.next_out = to;
	s->gz.avail_out = (uInt)room;
	before = s->gz.avail_in;
	z = inflate(&s->gz, Z_NO_FLUSH);
	s->from += before - s->gz.avail_in;
	s->taken += before - s->gz.avail_in;
	*n = room - s->gz.avail_out;
	s->between = z == Z_STREAM_END;
	if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR)
		return *n > 0 ? RC_OK : damaged(s, s->gz.msg != NULL ? s->gz.msg : "these bytes are no gzip", e);
	return RC_OK;
}

static enum rc read_zstd(struct stream *s, void *to, size_t room, size_t *n, struct err *e)
{
	ZSTD_inBuffer in = { s->in, s->to, s->from };
	ZSTD_outBuffer out = { to, room, 0 };
	size_t z = ZSTD_decompressStream(s->zs, &out, &in);

	s->taken += in.pos - s->from;
	s->from = in.pos;
	*n = out.pos;
	if (ZSTD_isError(z))
		return *n > 0 ? RC_OK : damaged(s, ZSTD_getErrorName(z), e);
	s->between = z == 0;
	return RC_OK;
}

enum rc stream_read(struct stream *s, void *to, size_t room, size_t *n, struct err *e)
{
	enum rc rc;

	*n = 0;
	while (*n == 0) {
		if ((rc = fill(s, e)) != RC_OK)
			return rc;
		if (s->from == s->to) {
			if (s->packing != PLAIN && !s->between)
				return damaged(s, "the file ends in the middle", e);
			return RC_OK;
		}
		if (s->packing == PLAIN) {
			*n = s->to - s->from < room ? s->to - s->from : room;
			memcpy(to, s->in + s->from, *n);
			s->from += *n;
			s->taken += *n;
			return RC_OK;
		}
		rc = s->packing == GZIP ? read_gzip(s, to, room, n, e) : read_zstd(s, to, room, n, e);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* stream: see stream.h. */
#include "collect/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>
#include <zstd.h>

enum { CHUNK = 1 << 17, WINDOW_LOG = 27 };      /* zstd's own default ceiling: 128 MiB */

/* What unpacks to more than 4 GiB and 500 times its size was made to keep us busy; logs pack 10 to 100 times. */
#define BOMB_BYTES ((uint64_t)4 << 30)
#define BOMB_RATIO 500

enum packing { PLAIN, GZIP, ZSTD };

struct stream {
	int fd;
	struct str memory;                      /* neither fd nor member: what is still to be read */
	bool is_input, at_end, between;         /* between: a member or frame ended where the bytes do */
	enum packing packing;
	char name[256];
	uint8_t in[CHUNK];
	size_t from, to;
	uint64_t taken;                         /* packed bytes used */
	uint64_t given;                         /* unpacked bytes given out */
	zip_t *zip;                             /* the archive that a member is read from, else NULL */
	zip_file_t *member;
	uint64_t member_packed;                 /* its size in the archive */
	z_stream gz;
	ZSTD_DStream *zs;
};

static enum rc fill_member(struct stream *s, struct err *e)
{
	zip_int64_t got = zip_fread(s->member, s->in, CHUNK);

	if (got < 0)
		return err_set(e, RC_INVALID, "%s is damaged in the archive: %s", s->name, zip_file_strerror(s->member));
	s->from = 0;
	s->to = (size_t)got;
	s->at_end = got == 0;
	return RC_OK;
}

const char *stream_library_zlib(void) { return zlibVersion(); }
const char *stream_library_zstd(void) { return ZSTD_versionString(); }

static enum rc fill(struct stream *s, struct err *e)
{
	ssize_t got;

	if (s->from < s->to || s->at_end)
		return RC_OK;
	if (s->member != NULL)
		return fill_member(s, e);
	if (s->fd < 0) {
		struct str piece = str_sub(s->memory, 0, CHUNK);

		if (piece.n > 0)
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

/* ---- zip */
enum { MEMBERS_MAX = 100000 };

static enum rc zip_begin(const char *path, zip_t **out, struct err *e)
{
	zip_error_t why;
	int code = 0;
	enum rc rc;

	*out = zip_open(path, ZIP_RDONLY, &code);
	if (*out != NULL && zip_get_num_entries(*out, 0) <= MEMBERS_MAX)
		return RC_OK;
	if (*out != NULL) {
		zip_discard(*out);
		*out = NULL;
		return err_set(e, RC_INVALID, "%s has more than %d members", path, MEMBERS_MAX);
	}
	if (code == ZIP_ER_NOENT)
		return err_set(e, RC_NOT_FOUND, "there is no file %s", path);
	zip_error_init_with_code(&why, code);
	rc = err_set(e, RC_INVALID, "%s cannot be read as a zip: %s", path, zip_error_strerror(&why));
	zip_error_fini(&why);
	return rc;
}

static enum rc member_fits(const struct zip_stat *st, const char *name, struct err *e)
{
	if ((st->valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && st->encryption_method != ZIP_EM_NONE)
		return err_set(e, RC_INVALID, "%s is encrypted: unpack it first", name);
	if ((st->valid & ZIP_STAT_COMP_METHOD) != 0 && st->comp_method != ZIP_CM_STORE && st->comp_method != ZIP_CM_DEFLATE)
		return err_set(e, RC_INVALID, "%s is packed by method %d, and stored and deflated members are read: unpack it first", name,
		    (int)st->comp_method);
	return RC_OK;
}

bool zip_is_document(const struct str *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_is(names[i], "[Content_Types].xml"))
			return true;
	return false;
}

bool zip_is(const char *path)
{
	uint8_t head[4];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, head, sizeof(head));

	if (fd >= 0)
		(void)close(fd);
	return got == (ssize_t)sizeof(head) && memcmp(head, "PK\x03\x04", 4) == 0;
}

static bool hidden(struct str name)
{
	size_t i = name.n;

	while (i > 0 && name.p[i - 1] != '/')
		i--;
	return i == name.n || name.p[i] == '.' || str_starts(name, STR("__MACOSX/"));     /* a folder, or hidden */
}

enum rc zip_members(struct arena *a, const char *path, struct str **names, size_t *n, struct err *e)
{
	zip_t *zip = NULL;
	zip_int64_t count, i;
	size_t bad, k;
	enum rc rc;

	if ((rc = zip_begin(path, &zip, e)) != RC_OK)
		return rc;
	count = zip_get_num_entries(zip, 0);
	*names = ARENA_ARRAY(a, (size_t)count, struct str);
	*n = 0;
	for (i = 0; i < count && rc == RC_OK; i++) {
		struct str name = str_z(zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_GUESS));

		if (name.n == 0 || name.n > LIMIT_PATH || !str_utf8_valid(name, &bad))
			rc = err_set(e, RC_INVALID, "%s: the name of member %lld cannot be", path, (long long)i + 1);
		for (k = 0; k < name.n && rc == RC_OK; k++)
			if ((unsigned char)name.p[k] < 0x20 || name.p[k] == 0x7f)
				rc = err_set(e, RC_INVALID, "%s: the name of member %lld holds a control character", path, (long long)i + 1);
		if (rc == RC_OK && zip_name_locate(zip, name.p, 0) != i)
			rc = err_set(e, RC_INVALID, "%s: two members are called %.300s, of which one would be lost: unpack it first", path,
			    name.p);
		if (rc == RC_OK && !hidden(name))
			(*names)[(*n)++] = arena_str(a, name);
	}
	zip_discard(zip);
	return rc;
}

/* Packings, and documents and programs that hold no records, which are told and not read. */
static enum rc refuse(const struct stream *s, struct err *e)
{
	static const struct {
		struct str first;
		const char *name, *remedy;
	} others[] = {
		{ { "BZh", 3 }, "bzip2", "unpack it with bunzip2" }, { { "\xfd" "7zXZ", 5 }, "xz", "unpack it with unxz" },
		{ { "7z\xbc\xaf\x27\x1c", 6 }, "7-Zip", "unpack it" }, { { "Rar!\x1a\x07", 6 }, "RAR", "unpack it" },
		{ { "\x04\x22\x4d\x18", 4 }, "lz4", "unpack it with unlz4" },
		{ { "PK\x03\x04", 4 }, "a zip", "give it by its name; from standard input or inside of another it cannot be read" },
		{ { "PK\x05\x06", 4 }, "a zip without members", "there is nothing in it" },
		{ { "ElfFile", 7 }, "an event log of Windows (.evtx)", "export it as XML: wevtutil qe FILE /lf:true" },
		{ { "SQLite format 3", 15 }, "an SQLite database", "export what is wanted from it as CSV or JSON" },
		{ { "PAR1", 4 }, "Parquet", "export it as CSV or JSON lines" }, { { "Obj\x01", 4 }, "Avro", "export it as JSON lines" },
		{ { "%PDF-", 5 }, "a PDF document", "take in what it was made from, as CSV or JSON" },
		{ { "\x89PNG\r\n\x1a\n", 8 }, "a picture (PNG)", "a picture holds no records" },
		{ { "\xff\xd8\xff", 3 }, "a picture (JPEG)", "a picture holds no records" },
		{ { "GIF8", 4 }, "a picture (GIF)", "a picture holds no records" },
		{ { "\x7f" "ELF", 4 }, "a program (ELF)", "a program holds no records" },
		{ { "MZ\x90\x00", 4 }, "a program of Windows", "a program holds no records" },
		{ { "\xd4\xc3\xb2\xa1", 4 }, "a capture of network packets", "take in the log of what watched them" },
		{ { "\xa1\xb2\xc3\xd4", 4 }, "a capture of network packets", "take in the log of what watched them" },
		{ { "\x0a\x0d\x0d\x0a", 4 }, "a capture of network packets", "take in the log of what watched them" },
		{ { "\xd0\xcf\x11\xe0", 4 }, "an old document of Office", "save the sheet as CSV" },
	};
	const struct str head = { (const char *)s->in + s->from, s->to - s->from };
	size_t i;

	for (i = 0; i < ARRAY_LEN(others); i++)
		if (str_starts(head, others[i].first))
			return err_set(e, RC_INVALID, "%s is %s, which is not read as it is: %s", s->name, others[i].name, others[i].remedy);
	return RC_OK;
}

/* What it is packed with. */
static enum rc unpack(struct stream *s, struct err *e)
{
	enum rc rc;

	if ((rc = fill(s, e)) != RC_OK)
		return rc;
	if (s->to >= 2 && s->in[0] == 0x1f && s->in[1] == 0x8b) {
		s->packing = GZIP;
		if (inflateInit2(&s->gz, 15 + 16) != Z_OK)
			return err_set(e, RC_INTERNAL, "no memory for reading gzip");
	} else if (s->to >= 4 && memcmp(s->in, "\x28\xb5\x2f\xfd", 4) == 0) {
		s->packing = ZSTD;
		s->zs = ZSTD_createDStream();
		if (s->zs == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(s->zs, ZSTD_d_windowLogMax, WINDOW_LOG)))
			return err_set(e, RC_INTERNAL, "no memory for reading zstd");
	}
	return refuse(s, e);
}

static struct stream *stream_new(const char *name, int fd)
{
	struct stream *s = mem_alloc(sizeof(*s));

	(void)memcpy(s->name, name, strnlen(name, sizeof(s->name) - 1));
	s->between = true;
	s->fd = fd;
	return s;
}

/* "ARCHIVE.zip!/MEMBER", cut at the first such mark behind which there is an archive. */
static enum rc open_member(const char *path, struct stream **out, struct err *e)
{
	const char *mark = strstr(path, "!/");
	struct stream *s = stream_new(path, -1);
	struct zip_stat st;
	char *archive = mem_dup(path, strlen(path) + 1);
	enum rc rc;

	archive[mark - path] = '\0';
	if ((rc = zip_begin(archive, &s->zip, e)) != RC_OK)
		goto out;
	if (zip_stat(s->zip, mark + 2, ZIP_FL_ENC_GUESS, &st) != 0) {
		rc = err_set(e, RC_NOT_FOUND, "there is no member %.300s in %.300s", mark + 2, archive);
		goto out;
	}
	rc = member_fits(&st, path, e);
	if (rc == RC_OK && (s->member = zip_fopen_index(s->zip, st.index, 0)) == NULL)
		rc = err_set(e, RC_INVALID, "%s cannot be read from the archive: %s", path, zip_strerror(s->zip));
	s->member_packed = st.comp_size;
	if (rc == RC_OK)
		rc = unpack(s, e);
out:
	mem_free(archive);
	if (rc != RC_OK) {
		stream_close(s);
		return rc;
	}
	*out = s;
	return RC_OK;
}

/* Takes ${s} over. */
static enum rc stream_begin(struct stream *s, struct stream **out, struct err *e)
{
	enum rc rc = unpack(s, e);

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
	struct stream *s;
	int fd;

	if (strstr(path, "!/") != NULL && access(path, F_OK) != 0)
		return open_member(path, out, e);
	fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
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
	if (s->member != NULL)
		(void)zip_fclose(s->member);
	if (s->zip != NULL)
		zip_discard(s->zip);
	if (!s->is_input && s->fd >= 0)
		(void)close(s->fd);
	mem_free(s);
}

static enum rc read_gzip(struct stream *s, void *to, size_t room, size_t *n, struct err *e)
{
	size_t before;
	int z;

	if (s->between && s->taken > 0) {
		while (s->from < s->to && s->in[s->from] == 0) {        /* a tape's filling behind the last member */
			s->from++;
			s->taken++;
		}
		*n = 0;
		if (s->from == s->to)
			return RC_OK;
		if (inflateReset(&s->gz) != Z_OK)
			return err_set(e, RC_INTERNAL, "gzip cannot begin anew");
	}
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

static bool is_bomb(const struct stream *s)
{
	uint64_t packed = s->member != NULL ? s->member_packed : s->taken;

	return s->given > BOMB_BYTES && s->given / BOMB_RATIO > packed;
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
		} else {
			rc = s->packing == GZIP ? read_gzip(s, to, room, n, e) : read_zstd(s, to, room, n, e);
			if (rc != RC_OK)
				return rc;
		}
	}
	s->given += *n;
	if ((s->packing != PLAIN || s->member != NULL) && is_bomb(s)) {
		*n = 0;
		return damaged(s, "it unpacks to more than 4 GiB and 500 times its size; unpack it by hand if it is meant so", e);
	}
	return RC_OK;
}

/* archive: see archive.h.  The layout is that of PKWARE's APPNOTE 6.3, method 0, with the zip64 records only where an
 * offset or the number of members needs them. */
#include "base/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"

enum { LOCAL_BYTES = 30, CENTRAL_BYTES = 46, END_BYTES = 22, END64_BYTES = 56, LOCATOR_BYTES = 20, EXTRA64_BYTES = 12 };
enum { DATE_1980 = 0x0021, VERSION = 10, VERSION_64 = 45, WRITE_AT_ONCE = 1 << 20 };

struct entry {
	char name[ARCHIVE_NAME_MAX + 1];
	size_t name_n;
	uint32_t crc, n;
	uint64_t at;                    /* of the local header */
};

struct archive_writer {
	char path[LIMIT_PATH], beside[LIMIT_PATH];
	int fd;
	uint64_t size;
	struct entry *entries;
	size_t n, room;
	struct buf pending;
	uint64_t member_n;
	uLong crc;
	bool open;
};

static void le16(struct buf *b, unsigned v)
{
	buf_u8(b, (uint8_t)v);
	buf_u8(b, (uint8_t)(v >> 8));
}

static void le32(struct buf *b, uint32_t v)
{
	le16(b, v & 0xffff);
	le16(b, v >> 16);
}

static void le64(struct buf *b, uint64_t v)
{
	le32(b, (uint32_t)v);
	le32(b, (uint32_t)(v >> 32));
}

static void put_local(struct buf *b, const struct entry *en)
{
	le32(b, 0x04034b50);
	le16(b, VERSION);
	le16(b, 0);
	le16(b, 0);
	le16(b, 0);
	le16(b, DATE_1980);
	le32(b, en->crc);
	le32(b, en->n);
	le32(b, en->n);
	le16(b, (unsigned)en->name_n);
	le16(b, 0);
	buf_add(b, en->name, en->name_n);
}

static void put_central(struct buf *b, const struct entry *en)
{
	bool far = en->at >= 0xffffffff;

	le32(b, 0x02014b50);
	le16(b, 0x0300 | (far ? VERSION_64 : VERSION));
	le16(b, far ? VERSION_64 : VERSION);
	le16(b, 0);
	le16(b, 0);
	le16(b, 0);
	le16(b, DATE_1980);
	le32(b, en->crc);
	le32(b, en->n);
	le32(b, en->n);
	le16(b, (unsigned)en->name_n);
	le16(b, far ? EXTRA64_BYTES : 0);
	le16(b, 0);
	le16(b, 0);
	le16(b, 0);
	le32(b, (uint32_t)0100644 << 16);
	le32(b, far ? 0xffffffff : (uint32_t)en->at);
	buf_add(b, en->name, en->name_n);
	if (far) {
		le16(b, 1);
		le16(b, 8);
		le64(b, en->at);
	}
}

static void put_end(struct buf *b, uint64_t members, uint64_t at, uint64_t n)
{
	bool many = members >= 0xffff || at >= 0xffffffff || n >= 0xffffffff;

	if (many) {
		le32(b, 0x06064b50);
		le64(b, END64_BYTES - 12);
		le16(b, 0x0300 | VERSION_64);
		le16(b, VERSION_64);
		le32(b, 0);
		le32(b, 0);
		le64(b, members);
		le64(b, members);
		le64(b, n);
		le64(b, at);
		le32(b, 0x07064b50);
		le32(b, 0);
		le64(b, at + n);
		le32(b, 1);
	}
	le32(b, 0x06054b50);
	le16(b, 0);
	le16(b, 0);
	le16(b, many ? 0xffff : (unsigned)members);
	le16(b, many ? 0xffff : (unsigned)members);
	le32(b, many ? 0xffffffff : (uint32_t)n);
	le32(b, many ? 0xffffffff : (uint32_t)at);
	le16(b, 0);
}

/* ---- writing */
static bool name_ok(struct str name)
{
	size_t i;

	for (i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._-%/", c) != NULL) ||
		    c == 0)
			return false;
	}
	return name.n > 0 && name.n <= ARCHIVE_NAME_MAX && name.p[0] != '/' && name.p[0] != '.' && str_find(name, STR("/.")) < 0 &&
	    name.p[name.n - 1] != '/';
}

static struct str entry_name(const struct entry *en)
{
	return (struct str){ en->name, en->name_n };
}

enum rc archive_create(const char *path, struct archive_writer **out, struct err *e)
{
	struct archive_writer *w = mem_alloc(sizeof(*w));

	(void)snprintf(w->path, sizeof(w->path), "%.4000s", path);
	(void)snprintf(w->beside, sizeof(w->beside), "%.4000s.tmp", path);
	buf_init(&w->pending, (size_t)1 << 30);
	w->fd = open(w->beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (w->fd < 0) {
		enum rc rc = err_sys(e, errno, "%s cannot be written", w->beside);

		buf_done(&w->pending);
		mem_free(w);
		return rc;
	}
	*out = w;
	return RC_OK;
}

static enum rc flush(struct archive_writer *w, struct err *e)
{
	enum rc rc = buf_ok(&w->pending, "an archive", e);

	if (rc == RC_OK && w->pending.n > 0)
		rc = fd_write(w->fd, w->pending.p, w->pending.n, w->size, w->beside, e);
	w->size += w->pending.n;
	buf_clear(&w->pending);
	return rc;
}

enum rc archive_begin(struct archive_writer *w, struct str name, struct err *e)
{
	struct entry *en;

	if (w->open || !name_ok(name) || (w->n > 0 && str_cmp(entry_name(&w->entries[w->n - 1]), name) >= 0))
		return err_set(e, RC_INTERNAL, "the archive's member \"%.*s\" is out of order or has an impossible name", STR_FMT(name));
	if (w->n == w->room) {
		w->room = w->room == 0 ? 64 : w->room * 2;
		w->entries = mem_resize(w->entries, w->room * sizeof(*w->entries));
	}
	en = &w->entries[w->n++];
	memset(en, 0, sizeof(*en));
	memcpy(en->name, name.p, name.n);
	en->name_n = name.n;
	en->at = w->size + w->pending.n;
	put_local(&w->pending, en);
	w->member_n = 0;
	w->crc = crc32(0, NULL, 0);
	w->open = true;
	return RC_OK;
}

enum rc archive_put(struct archive_writer *w, const void *p, size_t n, struct err *e)
{
	const uint8_t *from = p;
	size_t piece;
	enum rc rc;

	if (w->member_n + n > ARCHIVE_MEMBER_MAX)
		return err_set(e, RC_LIMIT, "a member of an archive has less than 4 GiB");
	w->member_n += n;
	for (; n > 0; from += piece, n -= piece) {
		piece = n < WRITE_AT_ONCE ? n : WRITE_AT_ONCE;
		w->crc = crc32(w->crc, from, (uInt)piece);
		buf_add(&w->pending, from, piece);
		if (w->pending.n >= WRITE_AT_ONCE && (rc = flush(w, e)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* The header again, now that length and checksum are known. */
enum rc archive_end(struct archive_writer *w, struct err *e)
{
	struct entry *en = &w->entries[w->n - 1];
	struct buf b;
	enum rc rc;

	w->open = false;
	en->n = (uint32_t)w->member_n;
	en->crc = (uint32_t)w->crc;
	buf_init(&b, 4096);
	put_local(&b, en);
	if (en->at >= w->size) {
		memcpy(w->pending.p + (en->at - w->size), b.p, b.n);
		rc = RC_OK;
	} else if ((rc = flush(w, e)) == RC_OK) {
		rc = fd_write(w->fd, b.p, b.n, en->at, w->beside, e);
	}
	buf_done(&b);
	return rc;
}

enum rc archive_add(struct archive_writer *w, struct str name, struct str bytes, struct err *e)
{
	enum rc rc;

	if ((rc = archive_begin(w, name, e)) != RC_OK || (rc = archive_put(w, bytes.p, bytes.n, e)) != RC_OK)
		return rc;
	return archive_end(w, e);
}

static void writer_free(struct archive_writer *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	mem_free(w->entries);
	buf_done(&w->pending);
	mem_free(w);
}

enum rc archive_finish(struct archive_writer *w, struct err *e)
{
	char folder[LIMIT_PATH];
	uint64_t at, n;
	char *slash;
	size_t i;
	enum rc rc = flush(w, e);

	at = w->size;
	for (i = 0; i < w->n && rc == RC_OK; i++) {
		put_central(&w->pending, &w->entries[i]);
		if (w->pending.n >= WRITE_AT_ONCE)
			rc = flush(w, e);
	}
	n = w->size + w->pending.n - at;
	put_end(&w->pending, w->n, at, n);
	if (rc == RC_OK)
		rc = flush(w, e);
	if (rc == RC_OK && fsync(w->fd) != 0)
		rc = err_sys(e, errno, "%s cannot be made durable", w->beside);
	if (rc == RC_OK && rename(w->beside, w->path) != 0)
		rc = err_sys(e, errno, "%s cannot be put in its place", w->path);
	(void)snprintf(folder, sizeof(folder), "%s", w->path);
	slash = strrchr(folder, '/');
	if (slash == folder)
		slash++;
	if (slash != NULL)
		*slash = 0;
	if (rc == RC_OK)
		rc = folder_sync(slash != NULL ? folder : ".", e);
	if (rc != RC_OK)
		(void)unlink(w->beside);
	writer_free(w);
	return rc;
}

void archive_abandon(struct archive_writer *w)
{
	if (w == NULL)
		return;
	(void)unlink(w->beside);
	writer_free(w);
}

/* ---- reading */
struct archive {
	const uint8_t *p;
	size_t n;
	struct archive_member *members;
	size_t count, room;
};

static uint32_t get_le(const uint8_t *p, size_t n)
{
	uint32_t v = 0;

	while (n > 0)
		v = v << 8 | p[--n];
	return v;
}

/* How far what is there and what must be there agree. */
static size_t agree(const struct archive *r, uint64_t at, const struct buf *b)
{
	size_t i;

	for (i = 0; i < b->n && at + i < r->n && r->p[at + i] == b->p[i]; i++)
		;
	return i;
}

static enum rc read_local(struct archive *r, uint64_t at, struct entry *en, uint64_t *bad_at, struct err *e)
{
	const uint8_t *h = r->p + at;
	struct archive_member *m;
	struct buf b;
	size_t same;

	*bad_at = at;
	if (r->n - at < LOCAL_BYTES)
		return err_set(e, RC_ALTERED, "the archive ends within a member's header");
	memset(en, 0, sizeof(*en));
	en->crc = get_le(h + 14, 4);
	en->n = get_le(h + 18, 4);
	en->name_n = get_le(h + 26, 2);
	en->at = at;
	if (en->name_n > ARCHIVE_NAME_MAX || r->n - at - LOCAL_BYTES < en->name_n + (uint64_t)en->n)
		return err_set(e, RC_ALTERED, "a member's name or content is longer than the archive");
	memcpy(en->name, h + LOCAL_BYTES, en->name_n);
	buf_init(&b, 4096);
	put_local(&b, en);
	same = agree(r, at, &b);
	buf_done(&b);
	*bad_at = at + same;
	if (same < LOCAL_BYTES + en->name_n || !name_ok(entry_name(en)) ||
	    (r->count > 0 && str_cmp(r->members[r->count - 1].name, entry_name(en)) >= 0))
		return err_set(e, RC_ALTERED, "a member's header is not in the one form that a bundle has, or members are out of order");
	if (r->count == r->room) {
		r->room = r->room == 0 ? 64 : r->room * 2;
		r->members = mem_resize(r->members, r->room * sizeof(*r->members));
	}
	m = &r->members[r->count++];
	m->name = (struct str){ (const char *)h + LOCAL_BYTES, en->name_n };
	m->bytes = (struct str){ (const char *)h + LOCAL_BYTES + en->name_n, en->n };
	m->at = at + LOCAL_BYTES + en->name_n;
	if ((uint32_t)crc32_z(crc32(0, NULL, 0), (const Bytef *)m->bytes.p, m->bytes.n) == en->crc)
		return RC_OK;
	*bad_at = m->at;
	return err_set(e, RC_ALTERED, "the content of %.*s does not have its checksum", STR_FMT(m->name));
}

static enum rc read_all(struct archive *r, uint64_t *bad_at, struct err *e)
{
	struct entry en;
	struct buf rest;
	uint64_t at = 0;
	size_t same;
	enum rc rc = RC_OK;

	*bad_at = 0;
	buf_init(&rest, (size_t)1 << 30);
	while (rc == RC_OK && r->n - at >= 4 && get_le(r->p + at, 4) == 0x04034b50) {
		if ((rc = read_local(r, at, &en, bad_at, e)) == RC_OK) {
			put_central(&rest, &en);
			at += LOCAL_BYTES + en.name_n + en.n;
		}
	}
	if (rc == RC_OK) {
		put_end(&rest, r->count, at, rest.n);
		rc = buf_ok(&rest, "the archive's list of members", e);
	}
	if (rc == RC_OK) {
		same = agree(r, at, &rest);
		*bad_at = at + same;
		if (same != rest.n || r->n - at != rest.n)
			rc = err_set(e, RC_ALTERED, "the archive's list of members is not what its members give, or bytes were added");
	}
	buf_done(&rest);
	return rc;
}

enum rc archive_open(const char *path, struct archive **out, uint64_t *bad_at, struct err *e)
{
	struct archive *r = mem_alloc(sizeof(*r));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;
	enum rc rc = RC_OK;

	*bad_at = 0;
	if (fd < 0)
		rc = errno == ENOENT ? err_set(e, RC_NOT_FOUND, "there is no file %s", path) : err_sys(e, errno, "%s cannot be read", path);
	else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		rc = err_set(e, RC_INVALID, "%s is no file", path);
	else if (st.st_size < END_BYTES)
		rc = err_set(e, RC_ALTERED, "%s is too short for an archive", path);
	if (rc == RC_OK) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED) {
			rc = err_sys(e, errno, "%s cannot be read", path);
		} else {
			r->p = p;
			r->n = (size_t)st.st_size;
			rc = read_all(r, bad_at, e);
		}
	}
	if (fd >= 0)
		(void)close(fd);
	if (rc != RC_OK) {
		archive_close(r);
		return rc;
	}
	*out = r;
	return RC_OK;
}

void archive_close(struct archive *r)
{
	union {
		const uint8_t *in;
		void *out;
	} p;

	if (r == NULL)
		return;
	p.in = r->p;
	if (p.in != NULL)
		(void)munmap(p.out, r->n);
	mem_free(r->members);
	mem_free(r);
}

size_t archive_count(const struct archive *r) { return r->count; }
const struct archive_member *archive_member(const struct archive *r, size_t i) { return &r->members[i]; }

const struct archive_member *archive_find(const struct archive *r, struct str name)
{
	size_t low = 0, high = r->count, mid;
	int order;

	while (low < high) {
		mid = (low + high) / 2;
		order = str_cmp(r->members[mid].name, name);
		if (order == 0)
			return &r->members[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool archive_looks_like(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t begin[4] = { 0 };
	bool is = fd >= 0 && pread(fd, begin, 4, 0) == 4 && get_le(begin, 4) == 0x04034b50;

	if (fd >= 0)
		(void)close(fd);
	return is;
}

/* log: see log.h.  The rules and their order are those of docs/formats/ledger.md, "Reading". */
#include "ledger/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/value.h"

enum { SEGMENTS_MAX = 1 << 20, PAGE = 4096, HELD = 32 << 20 };

struct str log_segment_name(struct arena *a, const struct log_segment *s)
{
	return arena_fmt(a, "log/%020llu.seg", (unsigned long long)s->sequence);
}

static bool segment_name(struct str name, uint64_t *sequence)
{
	return name.n == 24 && str_ends(name, STR(".seg")) && num_u64(str_sub(name, 0, 20), UINT64_MAX, sequence);
}

/* Where the zeros begin that the file ends with; in whole pages, and never too early. */
static enum rc zeros_from(int fd, size_t n, size_t *from, const char *path, struct err *e)
{
	uint8_t piece[1 << 16];
	size_t end = n;

	while (end > 0) {
		size_t at = (end - 1) / sizeof(piece) * sizeof(piece), got = 0;
		ssize_t k;

		for (; at + got < end; got += (size_t)k) {
			k = pread(fd, piece + got, end - at - got, (off_t)(at + got));
			if (k < 0 && errno == EINTR)
				k = 0;
			else if (k < 0)
				return err_sys(e, errno, "%s cannot be read", path);
			else if (k == 0)
				break;                  /* cut off meanwhile */
		}
		while (got > 0 && piece[got - 1] == 0)
			got--;
		if (got > 0) {
			end = at + got;
			break;
		}
		end = at;
	}
	*from = (end + PAGE - 1) / PAGE * PAGE < n ? (end + PAGE - 1) / PAGE * PAGE : n;
	return RC_OK;
}

/* The file's pages up to its zeros, and zeros of our own behind. */
static enum rc map_pages(int fd, size_t n, const char *path, const uint8_t **out, struct err *e)
{
	size_t used = n;
	void *p;
	enum rc rc;

	if ((rc = zeros_from(fd, n, &used, path, e)) != RC_OK)
		return rc;
	p = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p != MAP_FAILED && used > 0 && mmap(p, used, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
		(void)munmap(p, n);
		p = MAP_FAILED;
	}
	if (p == MAP_FAILED)
		return err_sys(e, errno, "%s cannot be read", path);
	*out = p;
	return RC_OK;
}

static enum rc map_one(const char *path, struct log_segment *s, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	enum rc rc = RC_OK;

	s->p = NULL;
	s->n = 0;
	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		return err_set(e, RC_INVALID, "%s is no file", path);
	if (fd < 0 || fstat(fd, &st) != 0)
		rc = err_sys(e, errno, "%s cannot be read", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, RC_INVALID, "%s is no file", path);
	if (rc == RC_OK && st.st_size > 0 && (rc = map_pages(fd, (size_t)st.st_size, path, &s->p, e)) == RC_OK)
		s->n = (size_t)st.st_size;
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

enum rc log_map(struct arena *a, const char *dir, struct log_files *out, struct err *e)
{
	struct log_files f = { NULL, 0 };
	struct str *names;
	char path[LIMIT_PATH];
	size_t n, i;
	enum rc rc;

	(void)snprintf(path, sizeof(path), "%s/log", dir);
	if ((rc = folder_list(a, path, SEGMENTS_MAX, &names, &n, e)) != RC_OK)
		return rc;
	f.segments = ARENA_ARRAY(a, n, struct log_segment);
	for (i = 0; i < n && rc == RC_OK; i++) {
		if (!segment_name(names[i], &f.segments[f.n].sequence))
			continue;
		(void)snprintf(path, sizeof(path), "%s/log/%.*s", dir, STR_FMT(names[i]));
		if ((rc = map_one(path, &f.segments[f.n], e)) == RC_OK)
			f.n++;
	}
	if (rc != RC_OK) {
		log_unmap(&f);
		return rc;
	}
	*out = f;
	return RC_OK;
}

void log_unmap(struct log_files *f)
{
	union {
		const uint8_t *in;
		void *out;
	} p;
	size_t i;

	for (i = 0; i < f->n; i++) {
		p.in = f->segments[i].p;
		if (p.in != NULL)
			(void)munmap(p.out, f->segments[i].n);
	}
	f->n = 0;
}

struct blobs {
	const uint8_t *p;
};

static enum rc check_blob(void *ctx, uint32_t i, const uint8_t *bytes, const struct entry *en, const uint8_t *rows,
    uint64_t blob, struct err *e)
{
	const struct blobs *b = ctx;
	struct part_row row;
	uint8_t d[32];
	unsigned k;
	enum rc rc;

	(void)i;
	(void)bytes;
	for (k = 0; k < en->n; k++) {
		if ((rc = part_row_decode(rows + (size_t)k * PART_ROW_BYTES, &row, e)) != RC_OK)
			return rc;
		if (row.is_object)
			continue;
		sha256(b->p + blob, row.stored_n, d);
		if (memcmp(d, row.d, 32) != 0)
			return err_set(e, RC_ALTERED, "stored bytes do not have their digest");
		blob += row.stored_n;
	}
	return RC_OK;
}

/* Everything that can be said of a frame without what stands before it. */
static bool whole(const struct log_segment *s, uint64_t at, bool blobs, struct frame *f, struct err *why)
{
	const uint8_t *h = s->p + at;
	struct blobs here;
	const struct frame_visitor v = { check_blob, &here };
	uint64_t n, used;

	if (s->n - at < FRAME_HEADER_BYTES || !frame_decode(h, f)) {
		(void)err_set(why, RC_ALTERED, "its header is none");
		return false;
	}
	n = frame_length(f);
	if (n > s->n - at) {
		(void)err_set(why, RC_ALTERED, "it is longer than the file");
		return false;
	}
	here.p = h + FRAME_HEADER_BYTES + f->meta_n;
	if (frame_walk(f, h + FRAME_HEADER_BYTES, blobs ? &v : NULL, why) != RC_OK)
		return false;
	used = FRAME_HEADER_BYTES + f->meta_n + f->blobs_n;
	if (!all_zero(h + used, n - used)) {
		(void)err_set(why, RC_ALTERED, "its padding is not zero");
		return false;
	}
	return true;
}

static bool fits(const struct log_segment *s, uint64_t at, const struct log_end *now, const struct key *wal,
    uint64_t size, struct frame *f, struct err *why)
{
	const uint8_t *h = s->p + at;
	uint8_t chain[32], mac[16];

	if (s->n - at < FRAME_HEADER_BYTES || !frame_decode(h, f)) {
		(void)err_set(why, RC_ALTERED, "its header is none");
		return false;
	}
	if (f->sequence != now->sequence || f->first != now->index || f->epoch < now->epoch) {
		(void)err_set(why, RC_ALTERED, "sequence, first index or writer epoch do not follow");
		return false;
	}
	if (!whole(s, at, f->first >= size, f, why))
		return false;
	frame_chain(now->chain, now->mac, h, h + FRAME_HEADER_BYTES, f->meta_n, chain);
	if (memcmp(chain, f->chain, 32) != 0) {
		(void)err_set(why, RC_ALTERED, "its chain does not fit");
		return false;
	}
	if (wal != NULL) {
		frame_mac(wal, chain, mac);
		if (memcmp(mac, f->mac, 16) != 0) {
			(void)err_set(why, RC_ALTERED, "its MAC does not fit");
			return false;
		}
	}
	return true;
}

static bool rest_zero(const struct log_files *f, size_t segment, uint64_t at)
{
	return segment >= f->n || at >= f->segments[segment].n ||
	    all_zero(f->segments[segment].p + at, f->segments[segment].n - at);
}

bool log_later(const struct log_files *f, size_t *segment, uint64_t *from, uint64_t sequence, bool blobs, struct frame *out)
{
	struct err why;

	err_init(&why);
	for (*from = (*from + 7) & ~(uint64_t)7; *segment < f->n; (*segment)++, *from = 0) {
		const struct log_segment *s = &f->segments[*segment];

		for (; *from + FRAME_HEADER_BYTES <= s->n; *from += 8)
			if (memcmp(s->p + *from, "TMF1", 4) == 0 && whole(s, *from, blobs, out, &why) && out->sequence > sequence)
				return true;
	}
	return false;
}

static bool later_good(const struct log_files *f, size_t segment, uint64_t from, uint64_t sequence)
{
	struct frame fr;

	return log_later(f, &segment, &from, sequence, true, &fr);
}

/* No good frame stands at the position: what does that mean? */
static void judge(const struct log_files *f, uint64_t size, struct log_end *now)
{
	size_t s = now->segment, i;
	bool zero = rest_zero(f, s, now->offset);

	for (i = s + 1; zero && i < f->n; i++)
		zero = rest_zero(f, i, 0);
	if (zero) {
		now->state = now->index < size ? LOG_MISSING : LOG_END;
		return;
	}
	if (now->index < size || later_good(f, s, now->offset + 1, now->sequence)) {
		now->state = LOG_ALTERED;
		return;
	}
	now->state = LOG_TORN;
	for (i = f->n; i-- > s;) {
		uint64_t from = i == s ? now->offset : 0, end = f->segments[i].n;

		while (end > from && f->segments[i].p[end - 1] == 0)
			end--;
		if (end > from) {
			now->torn = end - from;
			break;
		}
	}
}

/* Pages that were read go back to the system's cache, so that a scan holds no more of a long log than of a short one; but
 * for the last ones, at which another thread may still look, and to which they would come again. */
static void let_go(const struct log_segment *s, uint64_t at, uint64_t keep, uint64_t *gone)
{
	const uint64_t n = at - *gone < 2 * keep ? 0 : (at - *gone - keep) / PAGE * PAGE;
	union {
		const uint8_t *in;
		void *out;
	} p;

	if (n == 0)
		return;
	p.in = s->p + *gone;
	(void)madvise(p.out, (size_t)n, MADV_DONTNEED);
	*gone += n;
}

enum rc log_scan(const struct log_files *f, struct str origin, const struct key *wal, uint64_t size,
    const struct log_visitor *v, struct log_end *out, struct err *e)
{
	struct log_end now = { 0 };
	uint64_t gone = 0;              /* of the segment that is read */
	struct frame fr;
	struct err why;
	enum rc rc;

	frame_chain_start(origin, now.chain, now.mac);
	for (;;) {
		const struct log_segment *s = now.segment < f->n ? &f->segments[now.segment] : NULL;

		err_init(&why);
		if (s != NULL && (now.offset > 0 || s->sequence == now.sequence) && now.offset < s->n &&
		    fits(s, now.offset, &now, wal, size, &fr, &why)) {
			if (v != NULL && (rc = v->frame(v->ctx, now.segment, now.offset, &fr, s->p + now.offset, e)) != RC_OK)
				return rc;
			memcpy(now.chain, fr.chain, 32);
			memcpy(now.mac, fr.mac, 16);
			now.epoch = fr.epoch;
			now.before = now.offset;
			now.before_index = now.index;
			now.sequence++;
			now.index += fr.n;
			now.offset += frame_length(&fr);
			let_go(s, now.offset, HELD, &gone);
			continue;
		}
		if (s != NULL && rest_zero(f, now.segment, now.offset) && now.segment + 1 < f->n &&
		    f->segments[now.segment + 1].sequence == now.sequence && now.offset > 0) {
			let_go(s, now.offset, 0, &gone);
			now.segment++;
			now.offset = gone = 0;
			continue;
		}
		judge(f, size, &now);
		if (s != NULL && now.offset == 0 && s->sequence != now.sequence)
			(void)err_set(&why, RC_ALTERED, "the file that begins with it is not there");
		(void)snprintf(now.why, sizeof(now.why), "%.190s", why.msg);
		*out = now;
		return RC_OK;
	}
}

/* Whether entries and rows, whatever they say, fill the meta and the stored bytes that the header names. */
static bool is_filled(const struct frame *f, const uint8_t *meta)
{
	uint64_t at = 0, sum = 0, n;

	while (f->meta_n - at >= ENTRY_BYTES) {
		n = get_u16(meta + at + 6);
		at += ENTRY_BYTES;
		if (f->meta_n - at < n * PART_ROW_BYTES)
			return false;
		for (; n > 0 && sum <= f->blobs_n; n--, at += PART_ROW_BYTES)
			sum += part_row_in_frame(meta + at);
	}
	return at == f->meta_n && sum == f->blobs_n;
}

enum rc log_origin(struct arena *a, const struct log_files *f, struct str *origin, struct str *policy, uint64_t *at,
    struct err *e)
{
	struct part_row row;
	struct entry en;
	const struct value *v;
	struct frame fr;
	const uint8_t *meta;
	uint8_t d[SHA256_BYTES];
	uint64_t in_frame;

	*at = 0;
	if (f->n == 0 || f->segments[0].n == 0)
		return err_set(e, RC_NOT_FOUND, "the log holds no frame");
	if (f->segments[0].sequence != 0)
		return err_set(e, RC_ALTERED, "the log's first file is not there");
	if (f->segments[0].n < FRAME_HEADER_BYTES || !frame_decode(f->segments[0].p, &fr) ||
	    frame_length(&fr) > f->segments[0].n || fr.meta_n < ENTRY_BYTES + PART_ROW_BYTES)
		return err_set(e, RC_ALTERED, "the log has no readable first frame");
	meta = f->segments[0].p + FRAME_HEADER_BYTES;
	*at = FRAME_HEADER_BYTES;
	if (entry_decode(meta, &en, e) != RC_OK || en.kind != KIND_POLICY || en.n != 1 ||
	    frame_rows(&en, meta + ENTRY_BYTES, &in_frame, e) != RC_OK || in_frame == 0 ||
	    part_row_decode(meta + ENTRY_BYTES, &row, e) != RC_OK)
		return err_set(e, RC_ALTERED, "entry 0 is not the one that says the ledger's origin");
	*at = 40;
	if (in_frame > fr.blobs_n)
		return err_set(e, RC_ALTERED, "the first frame's lengths are not those of its entries");
	*at = FRAME_HEADER_BYTES + fr.meta_n;
	sha256(meta + fr.meta_n, row.stored_n, d);
	if (memcmp(d, row.d, sizeof(d)) != 0 && !is_filled(&fr, meta)) {
		*at = 36;                               /* they were looked for in the wrong place */
		return err_set(e, RC_ALTERED, "the first frame's lengths are not those of its entries");
	}
	if (memcmp(d, row.d, sizeof(d)) != 0)
		return err_set(e, RC_ALTERED, "the ledger's origin and key, in entry 0, are not what was written");
	*policy = arena_str(a, str_bytes(meta + fr.meta_n, row.stored_n));
	if (json_parse(a, *policy, &v, e) != RC_OK || value_text(v, "origin").n == 0)
		return err_set(e, RC_ALTERED, "entry 0 does not say the ledger's origin");
	*origin = value_text(v, "origin");
	return RC_OK;
}

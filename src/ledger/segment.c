/* segment: the file that frames are appended to: opened, written ahead with zeros, closed when it is full, and taken up
 * again after a crash.  A sync of bytes that overwrite zeros costs a fraction of one that also makes the file longer. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/file.h"
#include "ledger/ledger_priv.h"

/* The first step, the largest, and what a run must have appended before there is any: a command that appends a frame or
 * two is done sooner without.  A sync that leaves the file's length alone needs no commit of the file system's journal,
 * into which the tiles written meanwhile would be drawn as well.  Frames above the last bound gain less by it than their
 * bytes cost to be written twice, where the next is sealed meanwhile: docs/decisions/zeros-ahead.md. */
enum { STEP_FIRST = 1 << 20, STEP_MOST = 32 << 20, STEPS_AFTER = 256 << 10,
	FRAME_MOST = 512 << 10 };

void segment_path(const struct ledger *l, uint64_t first, char out[LIMIT_PATH])
{
	char name[64];

	(void)snprintf(name, sizeof(name), "log/%020llu.seg", (unsigned long long)first);
	ledger_path(l, name, out);
}

void segment_close(struct ledger *l, bool cut)
{
	struct segment *s = &l->segment;

	if (s->fd < 0)
		return;
	/* Not synced: zeros behind the last frame read as its end too. */
	if (cut && s->zeroed > s->size && !l->broken && disk->ftruncate(s->fd, (off_t)s->size) == 0)
		s->zeroed = s->size;
	(void)disk->close(s->fd);
	s->fd = -1;
}

static enum rc ready(struct ledger *l, struct err *e)
{
	struct segment *s = &l->segment;
	char path[LIMIT_PATH];
	enum rc rc;

	if (s->fd >= 0 && s->size >= s->closes) {
		segment_close(l, true);
		*s = (struct segment){ .fd = -1, .first = l->next_sequence, .appended = s->appended, .step = s->step,
		    .closes = s->closes };
	}
	if (s->fd < 0) {
		segment_path(l, s->first, path);
		s->fd = disk->open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (s->fd < 0)
			return err_sys(e, errno, "%s cannot be written", path);
		s->named = false;
	}
	if (!s->named) {
		ledger_path(l, "log", path);
		if ((rc = folder_sync(path, e)) != RC_OK)
			return rc;
		s->named = true;
	}
	return RC_OK;
}

/* Write zeros from ${at} to ${until}; false: there is no room, or it cannot be done now. */
static bool zeros(int fd, uint64_t at, uint64_t until)
{
	static const uint8_t none[1 << 16];
	struct err ignored;

	for (; at < until; at += sizeof(none))
		if (fd_write(fd, none, until - at < sizeof(none) ? (size_t)(until - at) : sizeof(none), at, "", &ignored) != RC_OK)
			return false;
	return true;
}

/* Room for ${n} more bytes, where that helps.  That it fails is no failure: the frame itself may fit yet. */
static void write_ahead(struct segment *s, size_t n)
{
	uint64_t until;

	if (s->size + n <= s->zeroed || s->appended < STEPS_AFTER || n > FRAME_MOST)
		return;
	s->step = s->step == 0 ? STEP_FIRST : s->step < STEP_MOST ? s->step * 2 : STEP_MOST;
	until = s->size + n + s->step;
	if (zeros(s->fd, s->size > s->zeroed ? s->size : s->zeroed, until)) {
		s->zeroed = until;
		return;
	}
	s->step = s->appended = 0;                      /* the room is better used by frames */
	if (disk->ftruncate(s->fd, (off_t)s->size) == 0)
		s->zeroed = s->size;
	else
		s->zeroed = until;
}

enum rc segment_append(struct ledger *l, const struct str *piece, size_t n_pieces, struct err *e)
{
	struct segment *s = &l->segment;
	size_t i, n = 0, at = 0;
	int why;
	enum rc rc;

	if ((rc = ready(l, e)) != RC_OK)
		return rc;
	for (i = 0; i < n_pieces; i++)
		n += piece[i].n;
	write_ahead(s, n);
	for (i = 0; i < n_pieces && rc == RC_OK; at += piece[i++].n)
		rc = fd_write(s->fd, piece[i].p, piece[i].n, s->size + at, "the log", e);
	if (rc != RC_OK) {
		/* Nothing vouches for what may stand there, and the next frame will stand in its place. */
		l->broken = disk->ftruncate(s->fd, (off_t)s->size) != 0;
		s->zeroed = s->size;
		s->appended = 0;
		return rc;
	}
	if (disk->fdatasync(s->fd) != 0) {
		why = errno;
		l->broken = true;                       /* the system may have dropped what it could not write */
		rc = err_sys(e, why, "the log cannot be made durable, and whether its last records are kept nobody can say");
		return rc == RC_NO_SPACE ? rc : RC_UNKNOWN;
	}
	s->size += n;
	s->appended += n;
	return RC_OK;
}

/* ---- after a crash */
static enum rc zero_tail(struct ledger *l, const struct log_segment *s, uint64_t from, struct err *e)
{
	uint64_t end = s->n;
	char path[LIMIT_PATH];
	enum rc rc = RC_OK;
	int fd;

	while (end > from && s->p[end - 1] == 0)
		end--;
	if (end <= from)
		return RC_OK;
	segment_path(l, s->sequence, path);
	if ((fd = disk->open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0)) < 0)
		return err_sys(e, errno, "%s cannot be written", path);
	if (!zeros(fd, from, end) || disk->fdatasync(fd) != 0)
		rc = err_sys(e, errno, "what a crash left in %s cannot be taken away", path);
	(void)disk->close(fd);
	return rc;
}

/* The last frame, which its writer may have been killed before it had synced, or whose sync may have failed: a sync now
 * would not write it again, so it is written again. */
static enum rc confirm_last(struct ledger *l, const struct log_files *f, struct err *e)
{
	const struct frame_spot *last = &l->frames[l->n_frames - 1];
	struct frame fr;
	char path[LIMIT_PATH];
	uint8_t *copy = NULL;
	uint64_t n = 0;
	enum rc rc;
	size_t i;
	int fd;

	ledger_path(l, "log", path);
	if ((rc = folder_sync(path, e)) != RC_OK)
		return rc;
	for (i = 0; i < f->n && copy == NULL; i++)
		if (f->segments[i].sequence == last->segment && frame_decode(f->segments[i].p + last->offset, &fr)) {
			n = frame_length(&fr);
			copy = mem_dup(f->segments[i].p + last->offset, (size_t)n);
		}
	if (copy == NULL)
		return err_set(e, RC_INTERNAL, "the last frame is not where it was found");
	segment_path(l, last->segment, path);
	if ((fd = disk->open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0)) < 0)
		rc = err_sys(e, errno, "%s cannot be written", path);
	else if ((rc = fd_write(fd, copy, (size_t)n, last->offset, path, e)) == RC_OK && disk->fdatasync(fd) != 0)
		rc = err_sys(e, errno, "%s cannot be made durable", path);
	if (fd >= 0)
		(void)disk->close(fd);
	mem_free(copy);
	return rc;
}

enum rc segment_resume(struct ledger *l, const struct log_files *f, const struct log_end *end, uint64_t covered,
    struct err *e)
{
	struct segment *s = &l->segment;
	char path[LIMIT_PATH];
	size_t i;
	enum rc rc;

	l->torn = end->state == LOG_TORN ? end->torn : 0;
	for (i = end->segment; i < f->n && l->torn > 0; i++)
		if ((rc = zero_tail(l, &f->segments[i], i == end->segment ? end->offset : 0, e)) != RC_OK)
			return rc;
	if (covered < l->tree.size && l->n_frames > 0 && (rc = confirm_last(l, f, e)) != RC_OK)
		return rc;
	*s = (struct segment){ .fd = -1, .first = end->sequence, .closes = s->closes };
	if (end->segment >= f->n)
		return RC_OK;
	s->first = f->segments[end->segment].sequence;
	s->size = end->offset;
	s->zeroed = f->segments[end->segment].n;
	segment_path(l, s->first, path);
	if ((s->fd = disk->open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0)) < 0)
		return err_sys(e, errno, "%s cannot be written", path);
	return RC_OK;
}

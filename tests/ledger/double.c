/* double: see double.h.  Of a file system it knows inodes, the names in folders, and which sync confirms what: fdatasync
 * a file's bytes and length, fsync of a folder the names in it, syncfs everything. */
#include "double.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/disk.h"

enum kind { CREATE, WRITE, CUT, SYNC, RENAME, UNLINK, MKDIR, RMDIR, FOLDER_SYNC, SYNC_ALL };

static const char *const kinds[] = { "create", "write", "cut", "sync", "rename", "unlink", "mkdir", "rmdir", "sync of folder",
	"sync of all" };

#define NEVER SIZE_MAX

struct call {
	enum kind kind;
	unsigned inode, folder;         /* of what; in which folder its name stands */
	char *name, *to;                /* in that folder; to: RENAME */
	uint64_t at;                    /* WRITE; CUT: the new length */
	uint8_t *bytes;
	size_t n;
	bool refused;                   /* a sync that failed */
	size_t confirmed;               /* by this call */
};

struct name {
	unsigned folder, inode;
	char *name;
};

struct file {
	uint8_t *p;
	size_t n, room;
	bool is_folder;
};

enum { FDS = 1024, INODES = 4096 };

static struct {
	char base[400];
	struct call *calls;
	size_t n, room, judged;
	struct name *names;             /* as they are now */
	size_t n_names, room_names;
	unsigned n_inodes;
	unsigned of_fd[FDS];            /* 0: none; the base is inode 1 */
	uint64_t length[INODES];
	bool remembers, armed, for_good, refused;
	size_t counted, refuse_at;
	int errnum;
} d;

/* ---- names */
static struct name *find(struct name *names, size_t n, unsigned folder, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (names[i].folder == folder && strcmp(names[i].name, name) == 0)
			return &names[i];
	return NULL;
}

static void put(struct name **names, size_t *n, size_t *room, unsigned folder, const char *name, unsigned inode)
{
	struct name *there = find(*names, *n, folder, name);

	if (there != NULL) {
		there->inode = inode;
		return;
	}
	if (*n == *room) {
		*room = *room == 0 ? 64 : *room * 2;
		*names = mem_resize(*names, *room * sizeof(**names));
	}
	(*names)[(*n)++] = (struct name){ folder, inode, mem_dup(name, strlen(name) + 1) };
}

static void drop(struct name *names, size_t *n, unsigned folder, const char *name)
{
	struct name *there = find(names, *n, folder, name);

	if (there == NULL)
		return;
	mem_free(there->name);
	*there = names[--*n];
}

/* The folder that ${path} stands in and its name there; false: not below the base. */
static bool locate(const char *path, unsigned *folder, const char **name)
{
	size_t n = strlen(d.base);
	const char *slash;
	char part[256];

	if (strncmp(path, d.base, n) != 0 || path[n] != '/')
		return false;
	*folder = 1;
	for (path += n + 1; (slash = strchr(path, '/')) != NULL; path = slash + 1) {
		struct name *there;

		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if ((there = find(d.names, d.n_names, *folder, part)) == NULL)
			return false;
		*folder = there->inode;
	}
	*name = path;
	return true;
}

static unsigned inode_of(const char *path)
{
	const char *name;
	struct name *there;
	unsigned folder;

	if (strcmp(path, d.base) == 0)
		return 1;
	if (!locate(path, &folder, &name) || (there = find(d.names, d.n_names, folder, name)) == NULL)
		return 0;
	return there->inode;
}

/* ---- calls */
static struct call *note(enum kind kind, unsigned inode)
{
	static struct call nowhere;

	if (!d.remembers)
		return &nowhere;
	if (d.n == d.room) {
		d.room = d.room == 0 ? 256 : d.room * 2;
		d.calls = mem_resize(d.calls, d.room * sizeof(*d.calls));
	}
	memset(&d.calls[d.n], 0, sizeof(*d.calls));
	d.calls[d.n].kind = kind;
	d.calls[d.n].inode = inode;
	return &d.calls[d.n++];
}

static void note_name(enum kind kind, unsigned inode, unsigned folder, const char *name, const char *to)
{
	struct call *c = note(kind, inode);

	if (!d.remembers)
		return;
	c->folder = folder;
	c->name = mem_dup(name, strlen(name) + 1);
	c->to = to == NULL ? NULL : mem_dup(to, strlen(to) + 1);
}

/* Is this call to be refused? */
static bool refuse(void)
{
	size_t i = d.counted++;

	if (!d.armed || (d.for_good ? i < d.refuse_at : i != d.refuse_at))
		return false;
	d.refused = true;
	errno = d.errnum;
	return true;
}

static int double_open(const char *path, int flags, unsigned mode)
{
	unsigned folder, inode;
	const char *name;
	int fd;

	if (refuse())
		return -1;
	fd = open(path, flags, (mode_t)mode);
	if (fd < 0)
		return fd;
	assert(fd < FDS && locate(path, &folder, &name));
	inode = inode_of(path);
	if (inode == 0) {
		inode = ++d.n_inodes;
		assert(inode < INODES);
		put(&d.names, &d.n_names, &d.room_names, folder, name, inode);
		note_name(CREATE, inode, folder, name, NULL);
	} else if ((flags & O_TRUNC) != 0 && d.length[inode] > 0) {
		note(CUT, inode)->at = 0;
		d.length[inode] = 0;
	}
	d.of_fd[fd] = inode;
	return fd;
}

static int double_close(int fd)
{
	d.of_fd[fd] = 0;
	return close(fd);
}

static ssize_t double_pwrite(int fd, const void *p, size_t n, off_t at)
{
	const bool refused = refuse();
	const int why = errno;
	struct call *c;

	if (refused)
		n /= 2;
	if (n > 0 && pwrite(fd, p, n, at) != (ssize_t)n)
		return -1;
	if (n > 0) {
		c = note(WRITE, d.of_fd[fd]);
		if (d.remembers) {
			c->at = (uint64_t)at;
			c->n = n;
			c->bytes = mem_dup(p, n);
		}
		if (d.length[d.of_fd[fd]] < (uint64_t)at + n)
			d.length[d.of_fd[fd]] = (uint64_t)at + n;
	}
	errno = why;
	return refused ? -1 : (ssize_t)n;
}

static int double_fdatasync(int fd)
{
	const bool refused = refuse();

	note(SYNC, d.of_fd[fd])->refused = refused;
	return refused ? -1 : 0;
}

static int double_ftruncate(int fd, off_t n)
{
	if (refuse() || ftruncate(fd, n) != 0)
		return -1;
	note(CUT, d.of_fd[fd])->at = (uint64_t)n;
	d.length[d.of_fd[fd]] = (uint64_t)n;
	return 0;
}

static int double_rename(const char *from, const char *to)
{
	unsigned folder, to_folder, inode = inode_of(from);
	const char *name, *to_name;

	if (refuse() || rename(from, to) != 0)
		return -1;
	assert(locate(from, &folder, &name) && locate(to, &to_folder, &to_name) && folder == to_folder);
	drop(d.names, &d.n_names, folder, name);
	put(&d.names, &d.n_names, &d.room_names, folder, to_name, inode);
	note_name(RENAME, inode, folder, name, to_name);
	return 0;
}

static int without(enum kind kind, const char *path, int (*system_call)(const char *))
{
	unsigned folder, inode = inode_of(path);
	const char *name;

	if (refuse() || system_call(path) != 0)
		return -1;
	if (!locate(path, &folder, &name))
		return 0;
	drop(d.names, &d.n_names, folder, name);
	note_name(kind, inode, folder, name, NULL);
	return 0;
}

static int double_unlink(const char *path) { return without(UNLINK, path, unlink); }
static int double_rmdir(const char *path) { return without(RMDIR, path, rmdir); }

static int double_mkdir(const char *path, unsigned mode)
{
	unsigned folder, inode;
	const char *name;

	if (refuse() || mkdir(path, (mode_t)mode) != 0)
		return -1;
	assert(locate(path, &folder, &name));
	inode = ++d.n_inodes;
	assert(inode < INODES);
	put(&d.names, &d.n_names, &d.room_names, folder, name, inode);
	note_name(MKDIR, inode, folder, name, NULL);
	return 0;
}

static int double_folder_sync(const char *path)
{
	const bool refused = refuse();

	note(FOLDER_SYNC, inode_of(path))->refused = refused;
	return refused ? -1 : 0;
}

static int double_syncfs(const char *path)
{
	const bool refused = refuse();

	(void)path;
	note(SYNC_ALL, 0)->refused = refused;
	return refused ? -1 : 0;
}

static const struct disk_calls calls = { double_open, double_close, double_pwrite, double_fdatasync, double_ftruncate,
	double_rename, double_unlink, double_mkdir, double_rmdir, double_folder_sync, double_syncfs };

void double_start(const char *base)
{
	(void)snprintf(d.base, sizeof(d.base), "%s", base);
	d.n_inodes = 1;
	d.remembers = true;
	disk = &calls;
}

void double_stop(void)
{
	size_t i;

	disk = &disk_system;
	for (i = 0; i < d.n; i++) {
		mem_free(d.calls[i].name);
		mem_free(d.calls[i].to);
		mem_free(d.calls[i].bytes);
	}
	for (i = 0; i < d.n_names; i++)
		mem_free(d.names[i].name);
	mem_free(d.calls);
	mem_free(d.names);
	memset(&d, 0, sizeof(d));
}

/* ---- checks of images: whatever is written is done and not remembered */
static int plain_open(const char *path, int flags, unsigned mode) { return open(path, flags, (mode_t)mode); }
static int plain_mkdir(const char *path, unsigned mode) { return mkdir(path, (mode_t)mode); }
static int plain_sync(int fd) { (void)fd; return 0; }
static int plain_folder_sync(const char *path) { (void)path; return 0; }

static const struct disk_calls unsynced = { plain_open, close, pwrite, plain_sync, ftruncate, rename, unlink, plain_mkdir,
	rmdir, plain_folder_sync, plain_folder_sync };

void double_forget(void) { disk = &unsynced; }

size_t double_calls(void) { return d.n; }
size_t double_counted(void) { return d.counted; }
bool double_refused(void) { return d.refused; }
void double_relent(void) { d.armed = false; }

void double_refuse(size_t nth, int errnum, bool for_good)
{
	d.armed = true;
	d.refused = false;
	d.counted = 0;
	d.refuse_at = nth;
	d.errnum = errnum;
	d.for_good = for_good;
}

const char *double_call(size_t i, char out[200])
{
	const struct call *c = &d.calls[i];

	(void)snprintf(out, 200, "%s%s inode %u %s%s%s at %llu, %zu bytes", c->refused ? "refused " : "", kinds[c->kind], c->inode,
	    c->name != NULL ? c->name : "", c->to != NULL ? " to " : "", c->to != NULL ? c->to : "", (unsigned long long)c->at, c->n);
	return out;
}

/* ---- images */
static bool is_sync_of(const struct call *sync, const struct call *c)
{
	if (sync->kind == SYNC_ALL)
		return true;
	if (c->kind == WRITE || c->kind == CUT)
		return sync->kind == SYNC && sync->inode == c->inode;
	return sync->kind == FOLDER_SYNC && sync->inode == c->folder;
}

static void confirm_all(void)
{
	size_t i, j;

	d.judged = d.n;
	for (i = 0; i < d.n; i++) {
		d.calls[i].confirmed = NEVER;
		for (j = i + 1; j < d.n; j++)
			if (is_sync_of(&d.calls[j], &d.calls[i])) {
				if (d.calls[j].refused && d.calls[j].kind == FOLDER_SYNC)
					continue;
				if (!d.calls[j].refused)
					d.calls[i].confirmed = j;
				break;                  /* a refused one: whatever comes later */
			}
	}
}

struct making {
	enum image how;
	uint64_t random;
	size_t last;                    /* the last call that no sync confirmed */
	unsigned odds, sector;
	struct file *files;
	struct name *names;
	size_t n_names, room_names;
};

static unsigned draw(struct making *m, unsigned n)
{
	m->random = m->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(m->random >> 33) % n;
}

static bool is_kept(struct making *m, size_t i)
{
	const bool bytes = d.calls[i].kind == WRITE || d.calls[i].kind == CUT;

	switch (m->how) {
	case IMAGE_NOTHING: return false;
	case IMAGE_ALL: return true;
	case IMAGE_LAST_ONLY: return i == m->last;
	case IMAGE_ALL_BUT_LAST: return i != m->last;
	case IMAGE_NAMES_ONLY: return !bytes;
	case IMAGE_BYTES_ONLY: return bytes;
	case IMAGE_RANDOM: return draw(m, 8) < m->odds;
	}
	return false;
}

static void lengthen(struct file *f, size_t n)
{
	if (n <= f->n)
		return;
	if (n > f->room) {
		f->room = n * 2;
		f->p = mem_resize(f->p, f->room);
	}
	memset(f->p + f->n, 0, n - f->n);
	f->n = n;
}

static void store(struct file *f, uint64_t at, const uint8_t *p, size_t n)
{
	lengthen(f, (size_t)at + n);
	memcpy(f->p + at, p, n);
}

/* Sector by sector: kept, lost (with the length that it gave the file, or without) or torn. */
static void write_torn(struct making *m, const struct call *c)
{
	struct file *f = &m->files[c->inode];
	size_t done, n;

	for (done = 0; done < c->n; done += n) {
		n = m->sector - (size_t)(c->at + done) % m->sector;
		n = n < c->n - done ? n : c->n - done;
		switch (draw(m, 8) < m->odds ? 0 : draw(m, 3)) {
		case 0:
			store(f, c->at + done, c->bytes + done, n);
			break;
		case 1:
			store(f, c->at + done, c->bytes + done, draw(m, (unsigned)n));
			break;
		default:
			if (draw(m, 2) == 0)
				lengthen(f, (size_t)c->at + done + n);
			break;
		}
	}
}

static void cut(struct file *f, size_t n)
{
	lengthen(f, n);
	f->n = n;
}

static void apply(struct making *m, const struct call *c)
{
	switch (c->kind) {
	case CREATE:
	case MKDIR:
		m->files[c->inode].is_folder = c->kind == MKDIR;
		put(&m->names, &m->n_names, &m->room_names, c->folder, c->name, c->inode);
		break;
	case WRITE:
		store(&m->files[c->inode], c->at, c->bytes, c->n);
		break;
	case CUT:
		cut(&m->files[c->inode], (size_t)c->at);
		break;
	case RENAME:
		drop(m->names, &m->n_names, c->folder, c->name);
		put(&m->names, &m->n_names, &m->room_names, c->folder, c->to, c->inode);
		break;
	case UNLINK:
	case RMDIR:
		drop(m->names, &m->n_names, c->folder, c->name);
		break;
	case SYNC:
	case FOLDER_SYNC:
	case SYNC_ALL:
		break;
	}
}

static void materialize(const struct making *m, unsigned folder, const char *to)
{
	char path[600];
	size_t i;
	int fd;

	if (mkdir(to, 0700) != 0)
		assert(errno == EEXIST);
	for (i = 0; i < m->n_names; i++) {
		const struct file *f = &m->files[m->names[i].inode];

		if (m->names[i].folder != folder)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", to, m->names[i].name);
		if (f->is_folder) {
			materialize(m, m->names[i].inode, path);
			continue;
		}
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert(fd >= 0);
		if (f->n > 0 && pwrite(fd, f->p, f->n, 0) != (ssize_t)f->n)
			assert(!"room for an image");
		(void)close(fd);
	}
}

void double_image(size_t n, enum image how, unsigned seed, const char *to)
{
	struct making m = { .how = how, .random = seed * 2654435761u + 1, .last = NEVER };
	size_t i;

	if (d.judged != d.n)
		confirm_all();
	m.files = mem_alloc((d.n_inodes + 1) * sizeof(*m.files));
	m.files[1].is_folder = true;
	m.odds = 1 + draw(&m, 7);
	m.sector = draw(&m, 2) == 0 ? 512 : 4096;
	for (i = 0; i < n; i++)
		if (d.calls[i].kind != SYNC && d.calls[i].kind != FOLDER_SYNC && d.calls[i].kind != SYNC_ALL &&
		    (d.calls[i].confirmed == NEVER || d.calls[i].confirmed >= n))
			m.last = i;
	for (i = 0; i < n; i++) {
		const struct call *c = &d.calls[i];

		if (c->kind == MKDIR)
			m.files[c->inode].is_folder = true;
		if (c->confirmed != NEVER && c->confirmed < n)
			apply(&m, c);
		else if (how == IMAGE_RANDOM && c->kind == WRITE)
			write_torn(&m, c);
		else if (is_kept(&m, i))
			apply(&m, c);
	}
	materialize(&m, 1, to);
	for (i = 0; i < m.n_names; i++)
		mem_free(m.names[i].name);
	for (i = 0; i <= d.n_inodes; i++)
		mem_free(m.files[i].p);
	mem_free(m.names);
	mem_free(m.files);
}

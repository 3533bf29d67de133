/* file: see file.h. */
#include "base/file.h"

#include "base/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum rc fd_write(int fd, const void *p, size_t n, uint64_t at, const char *name, struct err *e)
{
	const char *from = p;

	while (n > 0) {
		ssize_t wrote = disk->pwrite(fd, from, n, (off_t)at);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return err_sys(e, errno, "%s cannot be written", name);
		from += wrote;
		n -= (size_t)wrote;
		at += (uint64_t)wrote;
	}
	return RC_OK;
}

enum rc fd_read(int fd, void *p, size_t n, uint64_t at, const char *name, struct err *e)
{
	char *to = p;

	while (n > 0) {
		ssize_t got = pread(fd, to, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, errno, "%s cannot be read", name);
		if (got == 0)
			return err_set(e, RC_NOT_FOUND, "%s ends at byte %llu", name, (unsigned long long)at);
		to += got;
		n -= (size_t)got;
		at += (uint64_t)got;
	}
	return RC_OK;
}

enum rc file_read(struct arena *a, const char *path, size_t most, struct str *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);     /* a pipe in its place must not hold us */
	struct stat st;
	char *p;
	enum rc rc = RC_OK;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? err_set(e, RC_NOT_FOUND, "there is no file %s", path) :
		    err_sys(e, errno, "%s cannot be opened", path);
	if (fstat(fd, &st) != 0)
		rc = err_sys(e, errno, "%s cannot be read", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, RC_INVALID, "%s is no file", path);
	else if ((uint64_t)st.st_size > most)
		rc = err_set(e, RC_LIMIT, "%s has %lld bytes, more than the %zu that can be", path, (long long)st.st_size, most);
	if (rc == RC_OK) {
		p = arena_alloc(a, (size_t)st.st_size + 1);
		rc = fd_read(fd, p, (size_t)st.st_size, 0, path, e);
		*out = (struct str){ p, (size_t)st.st_size };
	}
	(void)close(fd);
	return rc;
}

static enum rc write_new(const char *path, const void *p, size_t n, unsigned mode, bool sync, struct err *e)
{
	int fd = disk->open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	enum rc rc;

	if (fd < 0)
		return err_sys(e, errno, "%s cannot be written", path);
	rc = fd_write(fd, p, n, 0, path, e);
	if (rc == RC_OK && sync && disk->fdatasync(fd) != 0)
		rc = err_sys(e, errno, "%s cannot be made durable", path);
	if (disk->close(fd) != 0 && rc == RC_OK)
		rc = err_sys(e, errno, "%s cannot be written", path);
	return rc;
}

enum rc file_write(const char *path, const void *p, size_t n, struct err *e)
{
	return write_new(path, p, n, 0600, false, e);
}

enum rc folder_sync(const char *path, struct err *e)
{
	return disk->folder_sync(path) == 0 ? RC_OK : err_sys(e, errno, "the folder %s cannot be made durable", path);
}

/* The folder that ${path} stands in. */
static void folder_of(const char *path, char out[LIMIT_PATH])
{
	const char *slash = strrchr(path, '/');

	(void)snprintf(out, LIMIT_PATH, "%.*s", slash == NULL ? 1 : (int)(slash - path) + (slash == path),
	    slash == NULL ? "." : path);
}

enum rc file_replace(const char *path, const void *p, size_t n, unsigned mode, struct err *e)
{
	char beside[LIMIT_PATH + 8], folder[LIMIT_PATH];
	enum rc rc;

	if (strlen(path) >= LIMIT_PATH)
		return err_set(e, RC_LIMIT, "the path %.200s… is too long", path);
	(void)snprintf(beside, sizeof(beside), "%s.tmp", path);
	rc = write_new(beside, p, n, mode, true, e);
	if (rc == RC_OK && disk->rename(beside, path) != 0)
		rc = err_sys(e, errno, "%s cannot be replaced", path);
	if (rc != RC_OK) {
		(void)disk->unlink(beside);             /* it would hold the room that may be missing */
		return rc;
	}
	folder_of(path, folder);
	return folder_sync(folder, e);
}

bool file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

void file_beside(const char *dir, const char *suffix, char out[LIMIT_PATH])
{
	size_t n = strlen(dir), at;
	char *full = NULL;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	for (at = n; at > 0 && dir[at - 1] != '/'; at--)
		;
	if (n == 0 || strncmp(dir + at, "..", n - at) == 0)      /* "." and "..": what the folder is called */
		full = realpath(n == 0 ? "." : dir, NULL);
	if (full != NULL)
		(void)snprintf(out, LIMIT_PATH, "%.3900s%.100s", full, suffix);
	else
		(void)snprintf(out, LIMIT_PATH, "%.*s%.100s", (int)(n < 3900 ? n : 3900), dir, suffix);
	free(full);
}

static enum rc make_folders(const char *path, bool sync, struct err *e)
{
	char part[LIMIT_PATH], above[LIMIT_PATH];
	size_t i, n = strlen(path);
	enum rc rc;

	if (n >= sizeof(part))
		return err_set(e, RC_LIMIT, "the path %.200s… is too long", path);
	for (i = 1; i <= n; i++) {
		if ((path[i] != '/' && path[i] != 0) || path[i - 1] == '/')
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (file_exists(part))
			continue;
		if (disk->mkdir(part, 0700) != 0 && errno != EEXIST)
			return err_sys(e, errno, "the folder %s cannot be made", part);
		folder_of(part, above);
		if (sync && (rc = folder_sync(above, e)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc folder_make(const char *path, struct err *e)
{
	return make_folders(path, true, e);
}

enum rc folder_make_unsynced(const char *path, struct err *e)
{
	return make_folders(path, false, e);
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

enum rc folder_list(struct arena *a, const char *path, size_t most, struct str **out, size_t *n, struct err *e)
{
	DIR *dir = opendir(path);
	struct str *list = NULL, *more;
	size_t room = 0, used = 0;
	struct dirent *d;

	if (dir == NULL)
		return errno == ENOENT ? err_set(e, RC_NOT_FOUND, "there is no folder %s", path) :
		    err_sys(e, errno, "the folder %s cannot be read", path);
	while ((d = readdir(dir)) != NULL && used < most) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (used == room) {
			room = room == 0 ? 64 : room * 2;
			more = ARENA_ARRAY(a, room, struct str);
			if (used > 0)
				memcpy(more, list, used * sizeof(*list));
			list = more;
		}
		list[used++] = arena_str(a, str_z(d->d_name));
	}
	(void)closedir(dir);
	if (used > 0)
		qsort(list, used, sizeof(*list), by_bytes);
	*out = list;
	*n = used;
	return RC_OK;
}

static enum rc clear_below(int folder, const char *name, const char *path, unsigned depth, struct err *e)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct dirent *d;
	enum rc rc = RC_OK;
	DIR *dir;

	if (fd < 0 || (dir = fdopendir(fd)) == NULL) {
		rc = err_sys(e, errno, "the folder %s cannot be emptied", path);
		if (fd >= 0)
			(void)close(fd);
		return rc;
	}
	while (rc == RC_OK && (d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 || unlinkat(fd, d->d_name, 0) == 0)
			continue;
		if ((errno != EISDIR && errno != EPERM) || depth == 0)
			rc = err_sys(e, errno, "%s in %s cannot be removed", d->d_name, path);
		else if ((rc = clear_below(fd, d->d_name, path, depth - 1, e)) == RC_OK && unlinkat(fd, d->d_name, AT_REMOVEDIR) != 0)
			rc = err_sys(e, errno, "%s in %s cannot be removed", d->d_name, path);
	}
	(void)closedir(dir);
	return rc;
}

enum rc folder_clear(const char *path, struct err *e)
{
	return clear_below(AT_FDCWD, path, path, 64, e);
}

enum rc file_remove_all(const char *path, struct err *e)
{
	struct stat st;
	enum rc rc;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? RC_OK : err_sys(e, errno, "%s cannot be removed", path);
	if (S_ISDIR(st.st_mode) && (rc = folder_clear(path, e)) != RC_OK)
		return rc;
	if ((S_ISDIR(st.st_mode) ? disk->rmdir(path) : disk->unlink(path)) != 0)
		return err_sys(e, errno, "%s cannot be removed", path);
	return RC_OK;
}

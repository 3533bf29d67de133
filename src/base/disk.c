/* disk: see disk.h. */
#include "base/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(const char *path, int flags, unsigned mode)
{
	return open(path, flags, (mode_t)mode);
}

static int make_folder(const char *path, unsigned mode)
{
	return mkdir(path, (mode_t)mode);
}

/* ${sync} of an open folder; errno is the first failure's. */
static int folder_with(const char *path, int (*sync)(int))
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status, why;

	if (fd < 0)
		return -1;
	status = sync(fd);
	why = errno;
	(void)close(fd);
	errno = why;
	return status;
}

static int sync_folder(const char *path)
{
	return folder_with(path, fsync);
}

static int sync_all(const char *path)
{
	return folder_with(path, syncfs);
}

const struct disk_calls disk_system = {
	.open = open_file,
	.close = close,
	.pwrite = pwrite,
	.fdatasync = fdatasync,
	.ftruncate = ftruncate,
	.rename = rename,
	.unlink = unlink,
	.mkdir = make_folder,
	.rmdir = rmdir,
	.folder_sync = sync_folder,
	.syncfs = sync_all,
};

const struct disk_calls *disk = &disk_system;

/* disk: the calls through which everything is written that must outlive a crash, so that a test can stand in for the
 * disk: note what was asked of it, lose what no sync confirmed, or refuse.  Each call is the system's of that name and
 * fails as that does, with errno; callers say what it means (err_sys).  Nothing that only reads is here.
 * Uses libc only. */
#ifndef BASE_DISK_H
#define BASE_DISK_H

#include <sys/types.h>

struct disk_calls {
	int (*open)(const char *path, int flags, unsigned mode);        /* for writing: may create and cut */
	int (*close)(int fd);
	ssize_t (*pwrite)(int fd, const void *, size_t n, off_t at);
	int (*fdatasync)(int fd);                       /* the file's bytes and its length are durable, its name is not */
	int (*ftruncate)(int fd, off_t n);
	int (*rename)(const char *from, const char *to);
	int (*unlink)(const char *path);
	int (*mkdir)(const char *path, unsigned mode);
	int (*rmdir)(const char *path);
	int (*folder_sync)(const char *path);           /* fsync of a folder: the names in it are durable */
	int (*syncfs)(const char *path);                /* everything of the file system that ${path} is on */
};

/* The system's own calls, but in a test that has put its double here before it opened anything. */
extern const struct disk_calls *disk;
extern const struct disk_calls disk_system;

#endif

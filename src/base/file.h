/* file: whole files read with a bound, replaced so that a crash leaves the old one or the new one, folders made.  All that
 * writes goes through base/disk.h. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/base.h"

/* RC_NOT_FOUND: no such file; RC_LIMIT: longer than ${most}.  The bytes are in ${a}. */
MUST_USE enum rc file_read(struct arena *a, const char *path, size_t most, struct str *out, struct err *);
/* Write beside it, sync, rename, sync the folder.  Nothing is left beside it on failure; then the old one stands, or nobody can
 * say (the last sync). */
MUST_USE enum rc file_replace(const char *path, const void *, size_t n, unsigned mode, struct err *);
/* Write without syncing: for what can be made again. */
MUST_USE enum rc file_write(const char *path, const void *, size_t n, struct err *);
bool file_exists(const char *path);
/* "DIR" and ${suffix}: a file beside the folder ${dir}, also where that is "." or ends in "/". */
void file_beside(const char *dir, const char *suffix, char out[LIMIT_PATH]);
/* The folder and those above it, each with its name made durable; there already is fine. */
MUST_USE enum rc folder_make(const char *path, struct err *);
/* Remove all that is in it, which follows no link; the folder stays. */
MUST_USE enum rc folder_clear(const char *path, struct err *);
/* The same for what can be made again. */
MUST_USE enum rc folder_make_unsynced(const char *path, struct err *);
/* A file, or a folder and all in it; there not being one is fine.  For what a failed command made itself. */
MUST_USE enum rc file_remove_all(const char *path, struct err *);
MUST_USE enum rc folder_sync(const char *path, struct err *);
/* All of ${n} bytes at ${at}, or RC_IO; for pread: RC_NOT_FOUND when the file ends before. */
MUST_USE enum rc fd_write(int fd, const void *, size_t n, uint64_t at, const char *name, struct err *);
MUST_USE enum rc fd_read(int fd, void *, size_t n, uint64_t at, const char *name, struct err *);
/* The names in a folder in byte order, without "." and ".."; at most ${most}. */
MUST_USE enum rc folder_list(struct arena *a, const char *path, size_t most, struct str **out, size_t *n, struct err *);

#endif

/* tile: see tile.h. */
#include "ledger/tile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/file.h"

void tile_path(const char *dir, int level, uint64_t n, unsigned width, char out[LIMIT_PATH])
{
	char number[64], piece[8], kind[16];
	uint64_t rest = n / 1000;

	(void)snprintf(number, sizeof(number), "%03u", (unsigned)(n % 1000));
	for (; rest > 0; rest /= 1000) {
		char before[64];

		(void)snprintf(piece, sizeof(piece), "x%03u/", (unsigned)(rest % 1000));
		(void)snprintf(before, sizeof(before), "%s%.50s", piece, number);
		memcpy(number, before, sizeof(number));
	}
	if (level < 0)
		(void)snprintf(kind, sizeof(kind), "entries");
	else
		(void)snprintf(kind, sizeof(kind), "%d", level);
	if (width > 0 && width < TILE_WIDTH)
		(void)snprintf(out, LIMIT_PATH, "%.3900s/tile/%s/%s.p/%u", dir, kind, number, width);
	else
		(void)snprintf(out, LIMIT_PATH, "%.3900s/tile/%s/%s", dir, kind, number);
}

unsigned tile_partial(uint64_t size, unsigned level)
{
	return (unsigned)(size >> (8 * level)) & 0xff;
}

static enum rc tile_hash(const struct tile_reader *r, unsigned level, uint64_t index, uint8_t out[SHA256_BYTES],
    struct err *e)
{
	char path[LIMIT_PATH];
	uint64_t n = index / TILE_WIDTH, full = r->size >> (8 * level) >> 8;
	int fd;
	enum rc rc;

	tile_path(r->dir, (int)level, n, n < full ? TILE_WIDTH : tile_partial(r->size, level), path);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return err_set(e, RC_ALTERED, "the tile %s is not there", path);
	rc = fd_read(fd, out, SHA256_BYTES, (index % TILE_WIDTH) * SHA256_BYTES, path, e);
	(void)close(fd);
	return rc == RC_NOT_FOUND ? RC_ALTERED : rc;
}

enum rc tile_node(void *ctx, unsigned height, uint64_t index, uint8_t out[SHA256_BYTES], struct err *e)
{
	const struct tile_reader *r = ctx;
	uint8_t left[SHA256_BYTES], right[SHA256_BYTES];
	enum rc rc;

	if (height % 8 == 0)
		return tile_hash(r, height / 8, index, out, e);
	if ((rc = tile_node(ctx, height - 1, 2 * index, left, e)) != RC_OK ||
	    (rc = tile_node(ctx, height - 1, 2 * index + 1, right, e)) != RC_OK)
		return rc;
	hash_node(left, right, out);
	return RC_OK;
}

enum rc tile_write(const char *dir, int level, uint64_t n, unsigned width, bool keep, const void *bytes, size_t length,
    struct err *e)
{
	char path[LIMIT_PATH], folder[LIMIT_PATH];
	struct stat st;
	enum rc rc;

	tile_path(dir, level, n, width, path);
	if (keep && stat(path, &st) == 0 && (size_t)st.st_size == length)
		return RC_OK;
	memcpy(folder, path, sizeof(folder));
	*strrchr(folder, '/') = 0;
	if (stat(folder, &st) != 0 && (rc = folder_make_unsynced(folder, e)) != RC_OK)
		return rc;
	return file_write(path, bytes, length, e);
}

enum rc tile_partials_remove(const char *dir, int level, uint64_t n, unsigned above, struct err *e)
{
	char path[LIMIT_PATH], *slash;
	struct stat st;
	unsigned w;

	tile_path(dir, level, n, 1, path);
	slash = strrchr(path, '/');
	*slash = 0;
	if (stat(path, &st) != 0)
		return RC_OK;
	for (w = above + 1; w < TILE_WIDTH; w++) {
		tile_path(dir, level, n, w, path);
		if (stat(path, &st) == 0 && disk->unlink(path) != 0)
			return err_sys(e, errno, "%s cannot be removed", path);
	}
	*slash = 0;
	if (above == 0)
		(void)disk->rmdir(path);                /* unless something else is in it, which verify names */
	return RC_OK;
}

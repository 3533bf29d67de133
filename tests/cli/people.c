/* people lose FOLDER REFERENCE|all: what destroying a key comes to: the rows of that person's keys, or of all people's, become
 * zeros in keys/.  people compare DATABASE DATABASE: in which tables the two differ, one a line.  people find FOLDER WORDS:
 * whether any file below has these bytes in clear.  For people.sh. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "model/state.h"
#include "seal/key.h"

static int lose(struct arena *a, const char *folder, const char *who)
{
	uint8_t ref[16], *bytes;
	struct str *names, text;
	size_t n, i, k, lost = 0;
	char path[LIMIT_PATH];
	struct err e;

	err_init(&e);
	if ((strcmp(who, "all") != 0 && !hex_get(str_z(who), ref, sizeof(ref))) ||
	    folder_list(a, folder, 100000, &names, &n, &e) != RC_OK)
		return 2;
	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, arena_z(a, names[i]));
		if (file_read(a, path, KEY_PAGE_BYTES, &text, &e) != RC_OK || text.n != KEY_PAGE_BYTES)
			return 2;
		bytes = mem_dup(text.p, text.n);
		for (k = 0; k < KEY_PAGE_ROWS; k++) {
			uint8_t *row = bytes + 32 + k * KEY_ROW_BYTES;
			static const uint8_t nobody[16];

			if (row[0] != KEY_SCOPE || memcmp(row + 32, nobody, 16) == 0 ||
			    (strcmp(who, "all") != 0 && memcmp(row + 32, ref, 16) != 0))
				continue;
			memset(row, 0, KEY_ROW_BYTES);
			lost++;
		}
		if (file_write(path, bytes, KEY_PAGE_BYTES, &e) != RC_OK)
			return 2;
		mem_free(bytes);
	}
	(void)printf("%zu keys\n", lost);
	return lost > 0 ? 0 : 1;
}

static void told(void *ctx, const char *table, struct str key)
{
	const char **last = ctx;

	if (*last == NULL || strcmp(*last, table) != 0)
		(void)printf("%s %.*s\n", table, STR_FMT(key));
	*last = table;
}

static int compare(struct arena *a, const char *one, const char *other)
{
	struct state *s = NULL;
	struct db *db = NULL;
	const char *last = NULL;
	struct err e;
	uint64_t n;
	int status = 2;

	err_init(&e);
	if (db_open(one, DB_READ, &db, &e) == RC_OK && state_open(other, DB_READ, NULL, &s, &e) == RC_OK &&
	    state_compare(db, s, a, told, &last, &n, &e) == RC_OK)
		status = n > 0;
	else
		(void)fprintf(stderr, "%s\n", e.msg);
	state_close(s);
	db_close(db);
	return status;
}

static int find(struct arena *a, const char *path, struct str words)
{
	struct str *names, text;
	char below[LIMIT_PATH];
	struct stat st;
	size_t n, i;
	struct err e;
	int found = 0;

	err_init(&e);
	if (stat(path, &st) != 0)
		return 0;
	if (!S_ISDIR(st.st_mode)) {
		if (file_read(a, path, (size_t)1 << 30, &text, &e) != RC_OK || str_find(text, words) < 0)
			return 0;
		(void)printf("%s\n", path);
		return 1;
	}
	if (folder_list(a, path, 100000, &names, &n, &e) != RC_OK)
		return 0;
	for (i = 0; i < n; i++) {
		(void)snprintf(below, sizeof(below), "%.3000s/%.900s", path, arena_z(a, names[i]));
		found |= find(a, below, words);
	}
	return found;
}

int main(int argc, char **argv)
{
	struct arena *a = arena_new();
	int status = 2;

	if (argc == 4 && strcmp(argv[1], "lose") == 0)
		status = lose(a, argv[2], argv[3]);
	else if (argc == 4 && strcmp(argv[1], "compare") == 0)
		status = compare(a, argv[2], argv[3]);
	else if (argc == 4 && strcmp(argv[1], "find") == 0)
		status = find(a, argv[2], str_z(argv[3]));
	arena_free(a);
	return status;
}

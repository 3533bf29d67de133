/* leaves DIR FILE: whether each "acked INDEX LEAF" line of FILE stands so in the tiles of the organization DIR, read from
 * the files alone.  Prints how many lines there were, exit status 1 when one is not there.  The path of a tile is
 * https://c2sp.org/tlog-tiles: 256 hashes a file, the number in threes, a part of a tile under ".p/WIDTH". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *tile_open(const char *dir, unsigned long long n)
{
	char path[4096], part[4200];
	FILE *f;

	if (n >= 1000000)
		return NULL;
	(void)(n >= 1000 ? snprintf(path, sizeof(path), "%s/tile/0/x%03llu/%03llu", dir, n / 1000, n % 1000)
			 : snprintf(path, sizeof(path), "%s/tile/0/%03llu", dir, n));
	f = fopen(path, "rb");
	for (int width = 255; f == NULL && width > 0; width--) {
		(void)snprintf(part, sizeof(part), "%s.p/%d", path, width);
		f = fopen(part, "rb");
	}
	return f;
}

int main(int argc, char **argv)
{
	char line[200], *leaf, there[65];
	unsigned char hash[32];
	unsigned long long index;
	unsigned long lines = 0, missing = 0;
	FILE *acks, *tile;

	if (argc != 3 || (acks = fopen(argv[2], "r")) == NULL) {
		(void)fprintf(stderr, "usage: leaves DIR FILE\n");
		return 2;
	}
	while (fgets(line, sizeof(line), acks) != NULL) {
		if (strncmp(line, "acked ", 6) != 0)
			continue;
		index = strtoull(line + 6, &leaf, 10);
		if (leaf[0] != ' ' || strspn(++leaf, "0123456789abcdef") != 64 || leaf[64] != '\n')
			continue;       /* the line that the kill cut */
		leaf[64] = 0;
		lines++;
		there[0] = 0;
		if ((tile = tile_open(argv[1], index / 256)) != NULL) {
			if (fseek(tile, (long)(index % 256 * 32), SEEK_SET) == 0 && fread(hash, 32, 1, tile) == 1)
				for (int i = 0; i < 32; i++)
					(void)snprintf(there + 2 * i, 3, "%02x", hash[i]);
			(void)fclose(tile);
		}
		if (strcmp(leaf, there) != 0 && missing++ < 5)
			(void)printf("# not there: entry %llu, %s (the tile has %s)\n", index, leaf, there[0] != 0 ? there : "nothing");
	}
	(void)fclose(acks);
	(void)printf("%lu\n", lines);
	return missing == 0 ? 0 : 1;
}

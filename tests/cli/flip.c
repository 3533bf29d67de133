/* flip FILE OFFSET MASK: change bits of one byte; flip FILE size: print the length. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct stat st;
	unsigned char b;
	off_t at;
	int fd;

	if (argc < 3 || (fd = open(argv[1], O_RDWR)) < 0 || fstat(fd, &st) != 0)
		return 2;
	if (strcmp(argv[2], "size") == 0) {
		(void)printf("%lld\n", (long long)st.st_size);
		return 0;
	}
	at = (off_t)strtoll(argv[2], NULL, 10);
	if (argc < 4 || pread(fd, &b, 1, at) != 1)
		return 2;
	b = (unsigned char)(b ^ strtol(argv[3], NULL, 10));
	return pwrite(fd, &b, 1, at) == 1 && close(fd) == 0 ? 0 : 2;
}

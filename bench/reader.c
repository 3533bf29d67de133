/* bench/reader: how fast a file is cut into records, and the most memory that it takes: bench-reader json|lines|table|tsv|text|xml
 * FILE [ELEMENTS].  Stated limit: 32 MiB, whatever the file's size, beside zstd's window. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "collect/reader.h"

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "lines", "json", "table", "whole", "text", "tsv", "xml" };
	struct stream *s;
	struct reader *r;
	struct record rec;
	struct rusage used;
	uint64_t n = 0, bad = 0;
	uint8_t digest[32];
	double start = now(), seconds;
	size_t reads = 0;
	struct err e;
	bool more = true;

	while (argc > 2 && reads < ARRAY_LEN(names) && strcmp(argv[1], names[reads]) != 0)
		reads++;
	if (argc < 3 || reads == ARRAY_LEN(names)) {
		(void)fprintf(stderr, "usage: bench-reader json|lines|table|tsv|text|xml FILE [ELEMENTS]\n");
		return 2;
	}
	err_init(&e);
	if (stream_open(argv[2], &s, &e) != RC_OK ||
	    reader_open(s, (enum reads)reads, argc > 3 ? str_z(argv[3]) : STR_NONE, &r, &e) != RC_OK) {
		(void)fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	while (more && reader_next(r, &rec, &more, &e) == RC_OK) {
		n += more;
		bad += more && rec.bad.n > 0;
		if (more)
			reader_record_digest(r, digest);
	}
	seconds = now() - start;
	(void)getrusage(RUSAGE_SELF, &used);
	(void)printf("reader %-6s %llu records (%llu bad), %llu MB, %.0f records/s, %.0f MB/s with a digest of each, peak %ld MiB%s%s\n",
	    names[reads], (unsigned long long)n, (unsigned long long)bad, (unsigned long long)(reader_bytes(r) / 1000000), (double)n / seconds,
	    (double)reader_bytes(r) / seconds / 1e6, used.ru_maxrss / 1024, e.msg[0] != 0 ? ", stopped: " : "", e.msg);
	reader_close(r);
	return 0;
}

/* json [lines] : whether standard input is one JSON value, or one in each line and at least one; says where it is not. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/value.h"

int main(int argc, char **argv)
{
	bool lines = argc > 1 && strcmp(argv[1], "lines") == 0;
	struct arena *a = arena_new();
	const struct value *v;
	struct str rest, line;
	struct buf b;
	struct err e;
	char piece[65536];
	size_t got, n = 0;
	int status = 0;

	buf_init(&b, LIMIT_FILE_READ);
	while ((got = fread(piece, 1, sizeof(piece), stdin)) > 0)
		buf_add(&b, piece, got);
	rest = buf_view(&b);
	while (rest.p != NULL && rest.n > 0 && status == 0) {
		line = lines ? str_cut(&rest, '\n') : rest;
		if (!lines)
			rest = STR_NONE;
		err_init(&e);
		n++;
		if (json_parse(a, line, &v, &e) != RC_OK) {
			(void)printf("value %zu: %s: %.*s\n", n, e.msg, (int)(line.n < 300 ? line.n : 300), line.p);
			status = 1;
		}
		arena_reset(a);
	}
	if (n == 0)
		(void)puts("there is nothing");
	buf_done(&b);
	arena_free(a);
	return n == 0 ? 1 : status;
}

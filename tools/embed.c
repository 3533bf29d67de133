/* embed: writes a C file that holds the files named on its command line, so that the binary needs none of them.
 * embed OUT ROOT FILE… : each FILE is known by its path below ROOT. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *name)
{
	(void)fprintf(stderr, "embed: %s %s\n", what, name);
	exit(1);
}

static void put_file(FILE *out, const char *path, const char *name)
{
	FILE *in = fopen(path, "rb");
	size_t n = 0;
	int c;

	if (in == NULL)
		fail("cannot read", path);
	(void)fprintf(out, "\t{ \"%s\", sizeof(\"%s\") - 1, (const char[]){\n", name, name);
	while ((c = getc(in)) != EOF) {
		(void)fprintf(out, "%d,", c > 127 ? c - 256 : c);
		if (++n % 32 == 0)
			(void)putc('\n', out);
	}
	(void)fprintf(out, "0 }, %zu },\n", n);
	if (fclose(in) != 0)
		fail("cannot read", path);
}

int main(int argc, char **argv)
{
	FILE *out;
	size_t root;
	int i;

	if (argc < 3)
		fail("needs OUT ROOT FILE…", "");
	if ((out = fopen(argv[1], "wb")) == NULL)
		fail("cannot write", argv[1]);
	root = strlen(argv[2]);
	(void)fputs("/* Made by tools/embed from content/. */\n#include \"model/content_priv.h\"\n\n"
	    "const struct content_file content_files[] = {\n", out);
	for (i = 3; i < argc; i++) {
		if (strncmp(argv[i], argv[2], root) != 0 || argv[i][root] != '/')
			fail("is not below ROOT:", argv[i]);
		put_file(out, argv[i], argv[i] + root + 1);
	}
	(void)fputs("};\n", out);
	(void)fprintf(out, "const size_t content_files_n = %d;\n", argc - 3);
	if (fclose(out) != 0)
		fail("cannot write", argv[1]);
	return 0;
}

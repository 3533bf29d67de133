/* embed: writes a C file with a table of the files named on its command line, so that the binary needs none of them.
 * embed OUT HEADER TABLE ROOT FILE… : HEADER declares TABLE[] and TABLE_n; each FILE is known by its path below ROOT.
 * The assembler takes the bytes in, which costs no time to speak of, whatever their number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void fail(const char *what, const char *name)
{
	(void)fprintf(stderr, "embed: %s %s\n", what, name);
	exit(1);
}

/* As a string of C, and inside it one of the assembler. */
static void put_quoted(FILE *out, const char *text)
{
	for (; *text != 0; text++) {
		if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20)
			fail("a name has a character that cannot be quoted:", text);
		(void)putc(*text, out);
	}
}

int main(int argc, char **argv)
{
	const char *table;
	struct stat st;
	FILE *out;
	size_t root;
	int i;

	if (argc < 6)
		fail("needs OUT HEADER TABLE ROOT FILE…", "");
	table = argv[3];
	root = strlen(argv[4]);
	if ((out = fopen(argv[1], "wb")) == NULL)
		fail("cannot write", argv[1]);
	(void)fprintf(out, "/* Made by tools/embed. */\n#include \"%s\"\n\n", argv[2]);
	for (i = 5; i < argc; i++) {
		if (strncmp(argv[i], argv[4], root) != 0 || argv[i][root] != '/')
			fail("is not below ROOT:", argv[i]);
		(void)fprintf(out, "__asm__(\".pushsection .rodata\\n.globl %s_%d\\n.hidden %s_%d\\n%s_%d:\\n.incbin \\\"", table, i,
		    table, i, table, i);
		put_quoted(out, argv[i]);
		(void)fprintf(out, "\\\"\\n.byte 0\\n.popsection\");\nextern const char %s_%d[];\n", table, i);
	}
	(void)fprintf(out, "\nconst struct embedded %s[] = {\n", table);
	for (i = 5; i < argc; i++) {
		if (stat(argv[i], &st) != 0)
			fail("cannot read", argv[i]);
		(void)fputs("\t{ \"", out);
		put_quoted(out, argv[i] + root + 1);
		(void)fprintf(out, "\", %s_%d, %lld },\n", table, i, (long long)st.st_size);
	}
	(void)fprintf(out, "};\nconst size_t %s_n = %d;\n", table, argc - 5);
	if (fclose(out) != 0)
		fail("cannot write", argv[1]);
	return 0;
}

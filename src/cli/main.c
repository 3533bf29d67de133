/* main: finds the command, prints its help or runs it, and turns its outcome into the exit status.  What a command
 * does is in the file of its name. */
#include "cli/cli.h"

#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "seal/vault.h"

static const struct command *const all[] = {
#define COMMAND(name) &command_##name,
#include "cli/commands.def"
#undef COMMAND
};

static void usage(FILE *to)
{
	size_t i;

	(void)fputs("Tickmark: SOC 2, from scope to a report whose every number can be checked.\n\n"
	    "usage: tickmark [-C DIR] COMMAND …\n\n", to);
	for (i = 0; i < ARRAY_LEN(all); i++)
		(void)fprintf(to, "  %-11s %s\n", all[i]->name, all[i]->summary);
	(void)fputs("\ntickmark COMMAND --help tells more of each.  DIR is an organization's folder, by default the current one.\n"
	    "Everywhere: --json, --key-file FILE, --passphrase-file FILE, --quiet.\n"
	    "Exit status: 0 fine, 1 it ran and found something wrong, 2 wrong usage or input, 3 the system failed it.\n", to);
}

static void command_help(const struct command *c)
{
	(void)printf("usage: tickmark [-C DIR] %s %s\n\n%s\n", c->name, c->arguments, c->help);
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

static int outcome(struct cli *c, enum rc rc)
{
	int i;

	if (rc != RC_OK && c->err.msg[0] != 0) {
		(void)fflush(stdout);
		(void)fprintf(stderr, "tickmark: %s\n", c->err.msg);
		for (i = 0; i < c->err.n_frames; i++)
			(void)fprintf(stderr, "          while %s\n", c->err.frames[i]);
	} else if (rc != RC_OK && rc != RC_FINDING) {
		(void)fprintf(stderr, "tickmark: %s\n", rc_words(rc));
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fputs("tickmark: standard output could not be written\n", stderr);
		return rc_exit(RC_IO);
	}
	return rc_exit(rc);
}

static bool wants_help(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct cli c = { .program = argc > 0 ? argv[0] : "tickmark", .dir = "." };
	const struct command *command;
	int status, at = 1;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	err_init(&c.err);
	c.is_terminal = isatty(STDOUT_FILENO) == 1;
	c.is_progress = isatty(STDERR_FILENO) == 1;
	if (at + 1 < argc && strcmp(argv[at], "-C") == 0) {
		c.dir = argv[at + 1];
		c.dir_given = true;
		at += 2;
	}
	if (at >= argc || strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "help") == 0) {
		if (at + 1 < argc && (command = find(argv[at + 1])) != NULL) {
			command_help(command);
			return 0;
		}
		usage(at >= argc ? stderr : stdout);
		return at >= argc ? rc_exit(RC_USAGE) : 0;
	}
	if (strcmp(argv[at], "--version") == 0) {
		(void)puts("tickmark " TICKMARK_VERSION);
		return 0;
	}
	if ((command = find(argv[at])) == NULL) {
		(void)fprintf(stderr, "tickmark: there is no command \"%s\"; tickmark --help lists them\n", argv[at]);
		return rc_exit(RC_USAGE);
	}
	if (wants_help(argc - at - 1, argv + at + 1)) {
		command_help(command);
		return 0;
	}
	c.a = arena_new();
	status = outcome(&c, command->run(&c, argc - at - 1, argv + at + 1));
	mapper_free(c.mapper);
	vault_free(c.secret_text);
	arena_free(c.a);
	return status;
}

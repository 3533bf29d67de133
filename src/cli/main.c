/* main: finds the command, prints its help or runs it, and turns its outcome into the exit status.  What a command
 * does is in the file of its name. */
#include "cli/cli.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/help.h"
#include "seal/vault.h"

/* Whoever read standard output has gone, which is theirs to do: head(1) has seen enough. */
static bool reader_left(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLNVAL)) == POLLERR;
}

/* ${status}, unless what was printed did not arrive. */
static int printed(int status)
{
	if ((fflush(stdout) == 0 && ferror(stdout) == 0) || reader_left())
		return status;
	(void)fputs("tickmark: standard output could not be written: is its disk full?\n", stderr);
	return rc_exit(RC_IO);
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
	return printed(rc_exit(rc));
}

static int usage_error(const char *what, const char *name, const char *remedy)
{
	(void)fprintf(stderr, "tickmark: %s%s%s\n", what, name, remedy);
	return rc_exit(RC_USAGE);
}

static int no_command(const char *name)
{
	const char *near = command_near(name);

	(void)fprintf(stderr, "tickmark: there is no command \"%s\"", name);
	if (near != NULL)
		(void)fprintf(stderr, "; did you mean %s?\n", near);
	else
		(void)fputs("; tickmark --help lists them\n", stderr);
	return rc_exit(RC_USAGE);
}

static int help(int argc, char **argv)
{
	const struct command *command;

	if (argc > 1)
		return usage_error("help takes one command", "", "");
	if (argc == 0) {
		help_all(stdout);
	} else if (strcmp(argv[0], "--man") == 0) {
		help_man(stdout, TICKMARK_VERSION);
	} else {
		if ((command = command_find(argv[0])) == NULL)
			return no_command(argv[0]);
		help_command(stdout, command);
	}
	return printed(0);
}

static bool wants_help(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

/* A file that is opened must never get the number of a standard stream that the caller closed: what is printed would
 * go into the ledger.  A closed standard output stays one that cannot be written. */
static void standard_streams(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= STDERR_FILENO)
		;
	if (fd >= 0)
		(void)close(fd);
	(void)signal(SIGPIPE, SIG_IGN);         /* a write that fails is told by its errno */
}

static int run(struct cli *c, const struct command *command, int argc, char **argv)
{
	if (wants_help(argc, argv)) {
		help_command(stdout, command);
		return printed(0);
	}
	return outcome(c, command->run(c, argc, argv));
}

int main(int argc, char **argv)
{
	struct cli c = { .program = argc > 0 ? argv[0] : "tickmark" };
	const struct command *command;
	int status, at = 1;

	standard_streams();
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	err_init(&c.err);
	c.is_terminal = isatty(STDOUT_FILENO) == 1;
	c.is_progress = isatty(STDERR_FILENO) == 1;
	c.a = arena_new();
	cli_set_dir(&c, ".");
	for (; at < argc && strcmp(argv[at], "-C") == 0; at += 2) {
		if (at + 1 == argc)
			break;
		cli_set_dir(&c, argv[at + 1]);
		c.dir_given = true;
	}
	if (at >= argc) {
		help_all(stderr);
		status = rc_exit(RC_USAGE);
	} else if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "help") == 0) {
		status = help(argc - at - 1, argv + at + 1);
	} else if (strcmp(argv[at], "--version") == 0) {
		(void)puts("tickmark " TICKMARK_VERSION);
		status = printed(0);
	} else if (strcmp(argv[at], "-C") == 0) {
		status = usage_error("-C needs a folder", "", "");
	} else if (argv[at][0] == '-') {
		status = usage_error("before the command only -C DIR can stand, not ", argv[at],
		    "; options go behind it: tickmark COMMAND --help lists them");
	} else if ((command = command_find(argv[at])) == NULL) {
		status = no_command(argv[at]);
	} else {
		status = run(&c, command, argc - at - 1, argv + at + 1);
	}
	mapper_free(c.mapper);
	vault_free(c.secret_text);
	arena_free(c.a);
	return status;
}

/* pty [-n] [-s SIGNAL] [-a PROMPT ANSWER]… COMMAND… : runs COMMAND with a terminal of its own as controlling terminal and
 * standard streams, waits for each PROMPT and types its ANSWER; -s sends SIGNAL after the first prompt instead.  What the
 * terminal showed goes to standard output, then a line "echo on" or "echo off", as the terminal was left.  -n: standard
 * input is /dev/null.  Exit status: COMMAND's, 128 + signal, or 99 when a prompt did not come. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1 << 20, WAIT_MS = 60000 };

static char seen[MOST];
static size_t n_seen, from;

static bool is_echo(int fd)
{
	struct termios t;

	return tcgetattr(fd, &t) == 0 && (t.c_lflag & ECHO) != 0;
}

/* More of what the terminal shows; false at its end or when nothing comes any more. */
static bool more(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t got;

	if (n_seen + 1 >= MOST || poll(&p, 1, WAIT_MS) != 1)
		return false;
	got = read(fd, seen + n_seen, MOST - 1 - n_seen);
	if (got <= 0)
		return false;
	n_seen += (size_t)got;
	seen[n_seen] = 0;
	return true;
}

/* The prompt is there, and the echo is off: what is typed now is unseen. */
static bool wait_for(int fd, int slave, const char *prompt)
{
	const struct timespec moment = { 0, 5000000 };
	const char *at;
	int i;

	while ((at = strstr(seen + from, prompt)) == NULL)
		if (!more(fd))
			return false;
	from = (size_t)(at - seen) + strlen(prompt);
	for (i = 0; i < 2000 && is_echo(slave); i++)
		(void)nanosleep(&moment, NULL);
	return !is_echo(slave);
}

static void child(const char *name, bool no_input, char **argv)
{
	int fd, null;

	(void)setsid();
	if ((fd = open(name, O_RDWR)) < 0 || ioctl(fd, TIOCSCTTY, 0) != 0)
		_exit(98);
	null = no_input ? open("/dev/null", O_RDONLY) : fd;
	(void)dup2(null, 0);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	if (fd > 2)
		(void)close(fd);
	(void)execvp(argv[0], argv);
	_exit(97);
}

int main(int argc, char **argv)
{
	const char *prompts[8], *answers[8];
	bool no_input = false, missed = false;
	int n = 0, i, at = 1, send = 0, status = 0, fd, slave;
	pid_t pid;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "-n") == 0) {
			no_input = true;
		} else if (strcmp(argv[at], "-s") == 0 && at + 1 < argc) {
			send = strcmp(argv[++at], "INT") == 0 ? SIGINT : SIGTERM;
		} else if (strcmp(argv[at], "-a") == 0 && at + 2 < argc && n < 8) {
			prompts[n] = argv[++at];
			answers[n++] = argv[++at];
		}
	}
	if (at >= argc || (fd = posix_openpt(O_RDWR | O_NOCTTY)) < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0)
		return 98;
	if ((slave = open(ptsname(fd), O_RDWR | O_NOCTTY)) < 0)
		return 98;
	if ((pid = fork()) == 0)
		child(ptsname(fd), no_input, argv + at);
	for (i = 0; i < n && !missed; i++) {
		if (!wait_for(fd, slave, prompts[i]))
			missed = true;
		else if (send != 0)
			(void)kill(pid, send);
		else if (write(fd, answers[i], strlen(answers[i])) < 0 || write(fd, "\n", 1) < 0)
			missed = true;
		if (send != 0)
			break;
	}
	if (missed)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 20) == 1)
			(void)more(fd);
	}
	while (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 1 && more(fd))
		;
	(void)fwrite(seen, 1, n_seen, stdout);
	(void)printf("\necho %s\n", is_echo(slave) ? "on" : "off");
	if (missed)
		return 99;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

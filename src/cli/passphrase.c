/* passphrase: asked for at the terminal, unseen, whatever standard input and output are.  What a signal finds changed at
 * the terminal it finds put back. */
#include "cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "seal/vault.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGTSTP };

static volatile sig_atomic_t caught;

static void catch(int number)
{
	caught = number;
}

static void say(int fd, const char *text)
{
	size_t n = strlen(text);
	ssize_t put;

	while (n > 0 && (put = write(fd, text, n)) > 0) {
		text += put;
		n -= (size_t)put;
	}
}

/* One line without its end.  Signals are blocked but while it waits, so that none falls between a look and a wait.
 * RC_OK, RC_LOCKED: the line does not fit, or there was none; RC_UNKNOWN: a signal came. */
static enum rc read_line(int fd, const sigset_t *waiting, char line[PASSPHRASE_MAX], size_t *n)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	bool too_long = false;
	char ch;
	ssize_t got;

	*n = 0;
	for (;;) {
		if (ppoll(&p, 1, NULL, waiting) < 0 && errno != EINTR)
			return RC_LOCKED;
		if (caught != 0)
			return RC_UNKNOWN;
		if ((p.revents & (POLLIN | POLLHUP | POLLERR)) == 0)
			continue;
		got = read(fd, &ch, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return RC_LOCKED;               /* the end of input, or no terminal any more */
		if (ch == '\n' || ch == '\r')
			return too_long ? RC_LOCKED : RC_OK;
		if (*n == PASSPHRASE_MAX)
			too_long = true;
		else
			line[(*n)++] = ch;
	}
}

static enum rc ask_unseen(int fd, const char *prompt, char line[PASSPHRASE_MAX], size_t *n)
{
	struct sigaction act = { .sa_handler = catch }, old[ARRAY_LEN(signals)];
	struct termios seen, unseen;
	sigset_t blocked, before;
	size_t i;
	enum rc rc;

	do {
		caught = 0;
		(void)sigemptyset(&blocked);
		for (i = 0; i < ARRAY_LEN(signals); i++)
			(void)sigaddset(&blocked, signals[i]);
		(void)sigprocmask(SIG_BLOCK, &blocked, &before);
		for (i = 0; i < ARRAY_LEN(signals); i++)
			(void)sigaction(signals[i], &act, &old[i]);
		if (tcgetattr(fd, &seen) != 0) {
			rc = RC_LOCKED;
		} else {
			unseen = seen;
			unseen.c_lflag &= ~(tcflag_t)ECHO;
			unseen.c_lflag |= ICANON | ISIG | ECHONL;
			say(fd, prompt);
			rc = tcsetattr(fd, TCSAFLUSH, &unseen) == 0 ? read_line(fd, &before, line, n) : RC_LOCKED;
			(void)tcsetattr(fd, TCSAFLUSH, &seen);
			if (rc != RC_OK)
				say(fd, "\n");
		}
		for (i = 0; i < ARRAY_LEN(signals); i++)
			(void)sigaction(signals[i], &old[i], NULL);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		if (rc == RC_UNKNOWN)
			(void)raise((int)caught);       /* a stop comes back here when it goes on, and asks again */
	} while (rc == RC_UNKNOWN);
	return rc;
}

enum rc passphrase_ask(const char *prompt, const char *again, char line[PASSPHRASE_MAX], size_t *n, struct err *e)
{
	char *second;
	size_t n_second = 0;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	enum rc rc;

	if (fd < 0)
		return err_set(e, RC_NOT_FOUND, "there is no terminal to ask for the passphrase");
	second = vault_alloc(PASSPHRASE_MAX);
	rc = ask_unseen(fd, prompt, line, n);
	if (rc == RC_OK && again != NULL && *n > 0) {
		if ((rc = ask_unseen(fd, again, second, &n_second)) == RC_OK &&
		    (n_second != *n || !ct_equal(second, line, *n)))
			rc = RC_USAGE;
	}
	vault_free(second);
	(void)close(fd);
	if (rc == RC_OK)
		return RC_OK;
	wipe(line, PASSPHRASE_MAX);
	*n = 0;
	return rc == RC_USAGE ? err_set(e, rc, "the two passphrases are not the same") :
	    err_set(e, rc, "no passphrase was given, or it is longer than %d bytes", PASSPHRASE_MAX);
}

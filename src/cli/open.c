/* open: how commands come to an organization: its folder, its key, the clock; and the period that they speak of. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assess/scope.h"
#include "seal/vault.h"

enum { PASSPHRASE_FILE_MOST = 4096 };

void cli_set_dir(struct cli *c, const char *path)
{
	const char *slash, *last;
	char *real;
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	c->dir = arena_z(c->a, (struct str){ path, n });
	slash = strrchr(c->dir, '/');
	last = slash != NULL && slash[1] != 0 ? slash + 1 : c->dir;
	if (strcmp(last, ".") != 0 && strcmp(last, "..") != 0)
		return;
	if ((real = realpath(path, NULL)) != NULL)
		c->dir = arena_z(c->a, str_z(real));
	free(real);
}

/* Into the vault, and out of the environment, which the programs that we start would inherit. */
static void take_from_environment(struct cli *c)
{
	char *there = getenv("TICKMARK_PASSPHRASE");
	size_t n = there != NULL ? strlen(there) : 0;

	if (n == 0)
		return;
	c->secret_text = vault_alloc(n);
	memcpy(c->secret_text, there, n);
	c->passphrase = (struct str){ c->secret_text, n };
	wipe(there, n);
	(void)unsetenv("TICKMARK_PASSPHRASE");
}

static enum rc take_from_file(struct cli *c)
{
	const bool is_input = strcmp(c->passphrase_file, "-") == 0;
	int fd = is_input ? STDIN_FILENO : open(c->passphrase_file, O_RDONLY | O_CLOEXEC);
	struct str text = STR_NONE;
	enum rc rc;

	if (fd < 0)
		return errno == ENOENT ? err_set(&c->err, RC_NOT_FOUND, "there is no file %s", c->passphrase_file) :
		    err_sys(&c->err, errno, "%s cannot be opened", c->passphrase_file);
	rc = vault_read(fd, c->passphrase_file, PASSPHRASE_FILE_MOST, &c->secret_text, &text.n, &c->err);
	if (!is_input)
		(void)close(fd);
	if (rc != RC_OK)
		return rc;
	text.p = c->secret_text;
	c->passphrase = str_cut(&text, '\n');
	if (text.p != NULL && c->passphrase.n > 0 && c->passphrase.p[c->passphrase.n - 1] == '\r')
		c->passphrase.n--;              /* an editor's, and none of the passphrase */
	return c->passphrase.n > 0 ? RC_OK : cli_usage(c, "the first line of %s, which --passphrase-file names, is empty",
	    c->passphrase_file);
}

static enum rc typed(struct cli *c, const char *prompt, const char *again, struct err *e)
{
	size_t n = 0;
	enum rc rc;

	c->secret_text = vault_alloc(PASSPHRASE_MAX);
	if ((rc = passphrase_ask(prompt, again, c->secret_text, &n, e)) != RC_OK) {
		vault_free(c->secret_text);
		c->secret_text = NULL;
		return rc;
	}
	c->passphrase = (struct str){ c->secret_text, n };
	return RC_OK;
}

static enum rc ask(void *ctx, const char *key_file, struct str *passphrase, struct err *e)
{
	struct cli *c = ctx;
	enum rc rc = RC_OK;

	if (c->secret_text == NULL)             /* opening may look at the key file twice */
		rc = typed(c, arena_z(c->a, arena_fmt(c->a, "Passphrase of %s: ", key_file)), NULL, e);
	*passphrase = c->passphrase;
	return rc;
}

enum rc cli_key_source(struct cli *c, struct key_source *k)
{
	enum rc rc;

	if (c->secret_text == NULL && c->passphrase_file == NULL)
		take_from_environment(c);
	else if (c->secret_text == NULL && (rc = take_from_file(c)) != RC_OK)
		return rc;
	*k = (struct key_source){ c->key_file, c->secret_text != NULL, c->passphrase, ask, c };
	return RC_OK;
}

enum rc cli_new_key_source(struct cli *c, const char *dir, struct key_source *k)
{
	const char *prompt;
	enum rc rc;

	if ((rc = cli_key_source(c, k)) != RC_OK)
		return rc;
	if (k->has_passphrase || k->key_file != NULL || isatty(STDIN_FILENO) != 1)
		return RC_OK;
	prompt = arena_z(c->a, arena_fmt(c->a, "A passphrase for the key of %s (none: whoever has the key file can read): ", dir));
	if ((rc = typed(c, prompt, "The same again: ", &c->err)) == RC_NOT_FOUND) {
		err_init(&c->err);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	k->passphrase = c->passphrase;
	k->has_passphrase = c->passphrase.n > 0;
	return RC_OK;
}

struct org_env cli_env(struct cli *c)
{
	if (c->mapper == NULL)
		c->mapper = mapper_new();
	return (struct org_env){ mapper_hooks(c->mapper), clock_now_us };
}

enum rc cli_open(struct cli *c, enum org_mode mode, struct org **out)
{
	const struct org_env env = cli_env(c);
	struct key_source k;
	enum rc rc;

	if ((rc = cli_key_source(c, &k)) != RC_OK)
		return rc;
	if ((rc = org_open(c->dir, mode, &k, &env, out, &c->err)) != RC_OK)
		return rc;
	if (org_was_rebuilt(*out))
		(void)fprintf(stderr, "tickmark: "
		    "state.db was another version's, or behind what the ledger says by now, and was made anew from it\n");
	if (org_is_snapshot(*out)) {
		(void)fprintf(stderr, "tickmark: another process writes: this is as of entry %llu\n",
		    (unsigned long long)state_applied(org_state(*out)));
		return RC_OK;
	}
	if (ledger_torn(org_ledger(*out)) > 0)
		(void)fprintf(stderr, "tickmark: %llu bytes of an unfinished write were left by a crash and taken away\n",
		    (unsigned long long)ledger_torn(org_ledger(*out)));
	return RC_OK;
}

enum rc cli_period(struct cli *c, struct org *org, const char *from, const char *to, int64_t *from_day, int64_t *to_day)
{
	struct scope scope;
	struct err ignored;
	bool known;
	enum rc rc;

	err_init(&ignored);
	known = scope_load(org_state(org), c->a, &scope, &ignored) == RC_OK && scope.has_period;
	if ((from == NULL || to == NULL) && !known)
		return cli_usage(c, "no period is set: give --from and --to, or apply a scope with a period");
	*from_day = known ? scope.from_day : 0;
	*to_day = known ? scope.to_day : 0;
	if (from != NULL && (rc = cli_day(c, "--from", from, from_day)) != RC_OK)
		return rc;
	if (to != NULL && (rc = cli_day(c, "--to", to, to_day)) != RC_OK)
		return rc;
	if (*from_day > *to_day)
		return cli_usage(c, "the period ends before it begins");
	return RC_OK;
}

/* open: how commands come to an organization: its folder, its key, the clock; and the period that they speak of. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assess/scope.h"

enum rc cli_key_source(struct cli *c, struct key_source *k)
{
	const char *from_environment = getenv("TICKMARK_PASSPHRASE");
	struct str text;
	enum rc rc;

	memset(k, 0, sizeof(*k));
	k->key_file = c->key_file;
	if (c->passphrase_file != NULL) {
		if ((rc = file_text(c, c->a, c->passphrase_file, 65536, &text)) != RC_OK)
			return rc;
		k->passphrase = str_cut(&text, '\n');
		k->has_passphrase = true;
	} else if (from_environment != NULL && from_environment[0] != 0) {
		k->passphrase = str_z(from_environment);
		k->has_passphrase = true;
	}
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
		(void)fprintf(stderr, "tickmark: state.db was made by another version and was rebuilt from the ledger\n");
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
	if (from == NULL && !known)
		return cli_usage(c, "no period is set: give --from and --to, or apply a scope with a period");
	if (to == NULL && !known)
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

/* checkpoint: the signed head, to be kept elsewhere, and time stamps over it. */
#include "cli/cli.h"

#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "ledger/anchor.h"

/* A request over the newest head, for whoever stamps: openssl, curl, a notary. */
static enum rc request(struct cli *c, struct org *org, const char *path, struct str *note)
{
	struct buf der;
	enum rc rc;

	buf_init(&der, STAMP_MAX);
	if ((rc = anchor_request(org_ledger(org), org_dir(org), c->a, note, &der, &c->err)) == RC_OK)
		rc = file_replace(path, der.p, der.n, 0644, &c->err);
	buf_done(&der);
	return rc;
}

static enum rc keep(struct cli *c, struct org *org, const char *path, const char *tsa)
{
	struct str der, trusted = STR_NONE;
	struct anchor k;
	struct err why;
	enum rc rc;

	if ((rc = file_text(c, c->a, path, STAMP_MAX, &der)) != RC_OK ||
	    (tsa != NULL && (rc = file_text(c, c->a, tsa, NOTE_MAX, &trusted)) != RC_OK))
		return rc;
	err_init(&why);
	if ((rc = anchor_keep(org_dir(org), c->a, der, trusted, &k, &why)) != RC_OK)
		return rc == RC_INVALID || rc == RC_EXISTS ? err_set(&c->err, RC_USAGE, "%s is not kept: %.900s", path, why.msg) :
		    err_set(&c->err, rc, "%s", why.msg);
	if (tsa != NULL && !k.stamp.is_trusted)
		return err_set(&c->err, RC_USAGE, "%s was kept as anchors/%.*s, but the certificate of %.*s does not lead to %s", path,
		    STR_FMT(k.name), STR_FMT(k.stamp.authority), tsa);
	if (c->json)
		out_line("{\"at\":\"%.*s\",\"entries\":%llu,\"file\":\"anchors/%.*s\"}", STR_FMT(instant_fmt(c->a, k.stamp.at_us)),
		    (unsigned long long)k.size, STR_FMT(k.name));
	else
		out_line("The head of %llu entries stood at %.*s, says %.*s; kept as anchors/%.*s.", (unsigned long long)k.size,
		    STR_FMT(instant_fmt(c->a, k.stamp.at_us)), STR_FMT(k.stamp.authority), STR_FMT(k.name));
	return RC_OK;
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	const char *out = NULL, *ask = NULL, *token = NULL, *tsa = NULL;
	const struct option_def defs[] = { { "--out", OPTION_TEXT, &out }, { "--request", OPTION_TEXT, &ask },
		{ "--token", OPTION_TEXT, &token }, { "--tsa", OPTION_TEXT, &tsa } };
	struct org *org = NULL;
	struct str note = STR_NONE;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 0)
		return cli_usage(c, "checkpoint takes no arguments");
	if (token != NULL && (ask != NULL || out != NULL))
		return cli_usage(c, "--token keeps an answer; --request and --out are for the newest head");
	if (tsa != NULL && token == NULL)
		return cli_usage(c, "--tsa goes with --token: the certificates that its chain must lead to");
	if ((rc = cli_open(c, ORG_WRITE, &org)) != RC_OK)
		return rc;
	if (token != NULL) {
		rc = keep(c, org, token, tsa);
		org_abandon(org);
		return rc;
	}
	if (ask != NULL)
		rc = request(c, org, ask, &note);
	else if ((rc = ledger_checkpoint(org_ledger(org), &c->err)) == RC_OK)
		rc = ledger_note(org_ledger(org), c->a, &note, &c->err);
	if (rc == RC_OK && out != NULL)
		rc = file_replace(out, note.p, note.n, 0644, &c->err);
	if (rc == RC_OK && ask != NULL && !c->json)
		out_line("%s asks for a time stamp over the head of %llu entries.  Send it to an authority, for example\n"
		    "  curl -H 'Content-Type: application/timestamp-query' --data-binary @%s URL >answer.tsr\n"
		    "and keep what it answers:  %s -C %s checkpoint --token answer.tsr", ask,
		    (unsigned long long)ledger_checkpointed(org_ledger(org)), ask, c->program, c->dir);
	else if (rc == RC_OK && (out == NULL || c->json))
		out_text(c, "checkpoint", note);
	org_abandon(org);
	return rc;
}

const struct command command_checkpoint = {
	"checkpoint", "[--out FILE] [--request FILE | --token FILE]", "the signed head, to be kept elsewhere, and time stamps over it",
	"Keep it where the organization cannot change it: verify --since FILE --vkey KEY shows later that nothing before it was\n"
	"rewritten.\n\n"
	"  --out FILE       write it there instead of printing it\n"
	"  --request FILE   a request (RFC 3161, .tsq) for a time stamp over it, to be sent to an authority of your choice\n"
	"  --token FILE     the authority's answer (.tsr), or a time stamp itself: checked and kept in anchors/; verify checks it\n"
	"                   ever after, report and bundle carry it\n"
	"  --tsa FILE       with --token: certificates (PEM) that the time stamp must lead to",
	run,
};

/* report: management's draft in the form of a Type 1 or Type 2 report, as PDF or JSON. */
#include "cli/cli.h"

#include <string.h>

#include "base/file.h"
#include "cli/report.h"
#include "report/model.h"
#include "report/pdf.h"
#include "report/readiness_page.h"

enum rc report_make(struct cli *c, struct org *org, int type, const struct run_period *period, const char *path)
{
	const struct report_ledger ledger = report_ledger_of(org, c->a);
	const struct value *doc;
	struct readiness *r;
	struct buf b;
	enum rc rc;

	if (!str_ends(str_z(path), STR(".pdf")) && !str_ends(str_z(path), STR(".json")) && !str_ends(str_z(path), STR(".html")))
		return cli_usage(c, "--out takes a name that ends in .pdf, .html or .json, not \"%s\"", path);
	if ((rc = readiness_of(org_state(org), c->a, period, &r, &c->err)) != RC_OK)
		return rc;
	buf_init(&b, LIMIT_FILE_READ);
	if ((rc = report_put(org_state(org), &ledger, c->a, type, r, &b, &c->err)) == RC_OK) {
		if (str_ends(str_z(path), STR(".json")))
			rc = file_replace(path, b.p, b.n, 0644, &c->err);
		else if ((rc = json_parse(c->a, buf_view(&b), &doc, &c->err)) == RC_OK)
			rc = str_ends(str_z(path), STR(".html")) ? report_html(doc, path, &c->err) : report_pdf(doc, path, &c->err);
	}
	buf_done(&b);
	return rc;
}

/* Where the organization stands, with what to do next: for its own people, before an examination. */
static enum rc readiness_make(struct cli *c, struct org *org, const struct run_period *period, const char *path)
{
	const struct value *doc;
	struct readiness *r;
	struct buf b;
	enum rc rc;

	if (!str_ends(str_z(path), STR(".pdf")) && !str_ends(str_z(path), STR(".json")) && !str_ends(str_z(path), STR(".html")))
		return cli_usage(c, "--out takes a name that ends in .pdf, .html or .json, not \"%s\"", path);
	if ((rc = readiness_of(org_state(org), c->a, period, &r, &c->err)) != RC_OK)
		return rc;
	buf_init(&b, LIMIT_FILE_READ);
	readiness_put(c->a, r, &b);
	if ((rc = buf_ok(&b, "the readiness", &c->err)) == RC_OK) {
		if (str_ends(str_z(path), STR(".json")))
			rc = file_replace(path, b.p, b.n, 0644, &c->err);
		else if ((rc = json_parse(c->a, buf_view(&b), &doc, &c->err)) == RC_OK)
			rc = readiness_page(doc, instant_fmt(c->a, run_asof(org_state(org), period)), path, &c->err);
	}
	buf_done(&b);
	return rc;
}

static void put_json(const char *out, const char *type)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_z(&b, "{\"out\":");
	json_put_str(&b, str_z(out));
	buf_fmt(&b, ",\"type\":%s}", type);
	out_json(&b);
	buf_done(&b);
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	const char *from = NULL, *to = NULL, *out = NULL, *type = "2", *as_of = NULL;
	bool readiness = false;
	const struct option_def defs[] = { { "--from", OPTION_TEXT, &from }, { "--to", OPTION_TEXT, &to },
		{ "--readiness", OPTION_FLAG, &readiness }, { "--out", OPTION_TEXT, &out },
		{ "--type", OPTION_TEXT, &type }, { "--as-of", OPTION_TEXT, &as_of } };
	struct run_period p = { .now_us = clock_now_us() };
	struct org *org = NULL;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 0 || out == NULL)
		return cli_usage(c, "report needs --out FILE, a name that ends in .pdf, .html or .json");
	if (readiness && (as_of != NULL || type[0] != '2'))
		return cli_usage(c, "--readiness is of a period, and of neither type");
	if (strcmp(type, "1") != 0 && strcmp(type, "2") != 0)
		return cli_usage(c, "--type is 1 or 2");
	if (type[0] == '1' && as_of == NULL)
		return cli_usage(c, "a Type 1 report is as of one day: give --as-of D");
	if ((rc = cli_open(c, ORG_READ, &org)) != RC_OK)
		return rc;
	rc = cli_period(c, org, type[0] == '1' ? as_of : from, type[0] == '1' ? as_of : to, &p.from_day, &p.to_day);
	p.counts_only = readiness;
	if (rc == RC_OK)
		rc = readiness ? readiness_make(c, org, &p, out) : report_make(c, org, type[0] - '0', &p, out);
	org_abandon(org);
	if (rc == RC_OK && c->json)
		put_json(out, readiness ? "\"readiness\"" : type);
	else if (rc == RC_OK && readiness)
		out_line("%s is management's own view; nothing in it was examined by an auditor.", out);
	else if (rc == RC_OK)
		out_line("%s is management's draft; nothing in it was examined by an auditor.", out);
	return rc;
}

const struct command command_report = {
	"report", "[--type 1|2 | --readiness] --out FILE", "management's draft report, or readiness, as PDF, HTML or JSON",
	"  --type 2 [--from D --to D]   over the period, the scope's when none is given\n"
	"  --type 1 --as-of D           as of the end of a day\n"
	"  --readiness                  instead: where each criterion and control stands, and what to do next, for your own people\n"
	"  --out FILE                   ends in .pdf, .html (one file that needs nothing else) or .json\n\n"
	"Every page says that it is a draft, not examined, and not for distribution.",
	run,
};

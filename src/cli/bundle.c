/* bundle: a period's evidence as one file that anyone checks offline; and checking one. */
#include "cli/bundle.h"

#include <string.h>

#include "cli/test.h"
#include "report/bundle.h"
#include "report/terminal.h"

static void tell(void *ctx, uint64_t done, uint64_t of)
{
	progress(ctx, "disclosing, entry %llu of %llu", (unsigned long long)done, (unsigned long long)of);
}

static void told(struct cli *c, const char *out, const struct bundle_outcome *o)
{
	if (c->json) {
		out_line("{\"access_entry\":%llu,\"disclosed\":%llu,\"entries\":%llu,\"erased\":%llu,\"people_withheld\":%llu,"
		    "\"results\":%llu,\"withheld\":%llu}",
		    (unsigned long long)o->access_entry, (unsigned long long)o->disclosed, (unsigned long long)o->entries,
		    (unsigned long long)o->erased, (unsigned long long)o->people, (unsigned long long)o->results,
		    (unsigned long long)o->withheld);
		return;
	}
	out_line("%s discloses %llu of %llu entries and %llu results; entry %llu keeps what was disclosed.", out,
	    (unsigned long long)o->disclosed, (unsigned long long)o->entries, (unsigned long long)o->results,
	    (unsigned long long)o->access_entry);
	if (o->withheld > 0)
		out_line("%llu records of the period stay sealed, as you asked.", (unsigned long long)o->withheld);
	if (o->people > 0)
		out_line("%llu parts that are about a person stay sealed; a reference stands in the place of each.",
		    (unsigned long long)o->people);
	if (o->erased > 0)
		out_line("%llu records of the period were erased: nobody opens them any more.", (unsigned long long)o->erased);
	out_line("Whoever gets it checks it without you:  tickmark verify %s --reperform", out);
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	const char *from = NULL, *to = NULL, *out = NULL;
	struct texts withhold = { NULL, 0 };
	struct bundle_how how = { .period = { .now_us = clock_now_us() }, .tell = tell, .ctx = c };
	const struct option_def defs[] = { { "--from", OPTION_TEXT, &from }, { "--to", OPTION_TEXT, &to },
		{ "--out", OPTION_TEXT, &out }, { "--withhold", OPTION_MANY, &withhold },
		{ "--without-people", OPTION_FLAG, &how.without_people } };
	struct bundle_outcome outcome;
	struct org *org = NULL;
	struct str *names;
	bool deviation;
	size_t i;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 0 || out == NULL || !str_ends(str_z(out), STR(".zip")))
		return cli_usage(c, "bundle needs --out FILE, a name that ends in .zip");
	names = ARENA_ARRAY(c->a, withhold.n, struct str);
	for (i = 0; i < withhold.n; i++)
		names[i] = str_z(withhold.p[i]);
	how.withhold = names;
	how.n_withhold = withhold.n;
	if ((rc = cli_open(c, ORG_WRITE, &org)) != RC_OK)
		return rc;
	if ((rc = cli_period(c, org, from, to, &how.period.from_day, &how.period.to_day)) != RC_OK ||
	    (rc = test_all(c, org, &how.period, NULL, true, &deviation)) != RC_OK ||
	    (rc = bundle_write(org, &how, out, &outcome, &c->err)) != RC_OK) {
		progress_end(c);
		org_abandon(org);
		return rc;
	}
	progress_end(c);
	if ((rc = org_close(org, &c->err)) == RC_OK)
		told(c, out, &outcome);
	return rc;
}

/* ---- checking */
struct checking {
	struct cli *c;
	struct terminal term;
	struct buf findings, tests;
	uint64_t told;
	bool tsa_given;
};

static void found(void *ctx, const struct finding *f)
{
	struct checking *k = ctx;
	char entry[40] = "";

	if (k->c->json) {
		buf_z(&k->findings, k->findings.n > 1 ? ",{\"entry\":" : "{\"entry\":");
		if (f->has_entry)
			buf_fmt(&k->findings, "%llu", (unsigned long long)f->entry);
		else
			buf_z(&k->findings, "null");
		buf_z(&k->findings, ",\"file\":");
		json_put_str(&k->findings, str_z(f->file));
		buf_fmt(&k->findings, ",\"offset\":%llu,\"verdict\":\"%s\",\"words\":", (unsigned long long)f->offset,
		    verdict_name(f->verdict));
		json_put_str(&k->findings, str_z(f->words));
		buf_c(&k->findings, '}');
		return;
	}
	if (++k->told > 200)
		return;
	if (f->has_entry)
		(void)snprintf(entry, sizeof(entry), ", entry %llu", (unsigned long long)f->entry);
	put_tone(&k->term, TONE_BAD, "%-8s", verdict_name(f->verdict));
	out_line(" %s, byte %llu%s: %s", f->file, (unsigned long long)f->offset, entry, f->words);
}

static void tested(void *ctx, struct str control, struct str test, enum bundle_verdict v, const char *words)
{
	static const char *const names[] = { "equal", "differs", "not re-performable" };
	struct checking *k = ctx;

	if (k->c->json) {
		buf_z(&k->tests, k->tests.n > 1 ? ",{\"control\":" : "{\"control\":");
		json_put_str(&k->tests, control);
		buf_z(&k->tests, ",\"test\":");
		json_put_str(&k->tests, test);
		buf_fmt(&k->tests, ",\"verdict\":\"%s\",\"words\":", names[v]);
		if (words != NULL)
			json_put_str(&k->tests, str_z(words));
		else
			buf_z(&k->tests, "null");
		buf_c(&k->tests, '}');
	} else if (v == BUNDLE_CANNOT) {
		put_tone(&k->term, TONE_WARN, "withheld");
		out_line(" %.*s %.*s cannot be re-performed: what it rests on is not disclosed", STR_FMT(control), STR_FMT(test));
	}
	progress(k->c, "re-performed %.*s %.*s", STR_FMT(control), STR_FMT(test));
}

static void checked_json(struct checking *k, const struct bundle_checked *o, bool reperform)
{
	struct buf b;

	buf_init(&b, LIMIT_FILE_READ);
	buf_fmt(&b, "{\"definitions\":%llu,\"disclosed\":%llu,\"entries\":%llu,\"findings\":", (unsigned long long)o->definitions,
	    (unsigned long long)o->disclosed, (unsigned long long)o->entries);
	buf_str(&b, buf_view(&k->findings));
	buf_z(&b, "],\"from\":");
	json_put_str(&b, o->from);
	buf_z(&b, ",\"organization\":");
	json_put_str(&b, o->organization);
	buf_fmt(&b, ",\"pinned\":%s,\"reperformed\":", o->pinned ? "true" : "false");
	if (reperform) {
		buf_fmt(&b, "{\"differs\":%llu,\"equal\":%llu,\"not_reperformable\":%llu,\"tests\":", (unsigned long long)o->differing,
		    (unsigned long long)o->equal, (unsigned long long)o->cannot);
		buf_str(&b, buf_view(&k->tests));
		buf_z(&b, "]}");
	} else {
		buf_z(&b, "null");
	}
	buf_fmt(&b, ",\"results\":%llu,\"root\":\"%s\",\"stamps\":%.*s,\"to\":", (unsigned long long)o->results, o->root,
	    STR_FMT(stamps_json(k->c, o->stamps, o->n_stamps)));
	json_put_str(&b, o->to);
	buf_fmt(&b, ",\"verdict\":\"%s\",\"vkey\":", o->findings > 0 ? "ALTERED" : "INTACT");
	json_put_str(&b, o->vkey);
	buf_z(&b, ",\"withheld\":");
	json_put_str(&b, o->withheld);
	buf_fmt(&b, ",\"without_people\":%s", o->without_people ? "true" : "false");
	buf_c(&b, '}');
	out_json(&b);
	buf_done(&b);
}

static void checked(struct checking *k, const struct bundle_checked *o, bool reperform)
{
	uint64_t tests = o->equal + o->differing + o->cannot;

	if (k->told > 200)
		out_line("… and %llu more; --json gives all", (unsigned long long)(k->told - 200));
	out_line("%.*s, %.*s to %.*s", STR_FMT(o->organization), STR_FMT(o->from), STR_FMT(o->to));
	out_line("%llu entries in the ledger, %llu tiles and bundles give the signed root %s.", (unsigned long long)o->entries,
	    (unsigned long long)o->tiles, o->root);
	out_line("%llu records are disclosed, each opened and found at its place; %llu definitions and %llu results are the ledger's.",
	    (unsigned long long)o->disclosed, (unsigned long long)o->definitions, (unsigned long long)o->results);
	if (o->withheld.n > 0)
		out_line("Withheld: %.*s.", STR_FMT(o->withheld));
	if (o->without_people)
		out_line("What is about people is withheld; references stand in its place.");
	if (o->partly.n > 0)
		out_line("So are records that tell of people in one part with the rest, of: %.*s.", STR_FMT(o->partly));
	if (reperform && o->findings == o->differing)
		out_line("Re-performed from the raw records: %llu of %llu results (tests, due windows, completeness) are the\n"
		    "ledger's, byte for byte; %llu differ.",
		    (unsigned long long)o->equal, (unsigned long long)tests, (unsigned long long)o->differing);
	if (reperform && o->cannot > 0)
		out_line("Not re-performable: %llu of %llu.", (unsigned long long)o->cannot, (unsigned long long)tests);
	if (reperform && o->findings == 0 && o->withheld.n + o->partly.n == 0)
		out_line("The report's document, made again, is the same, byte for byte.");
	put_stamps(k->c, o->stamps, o->n_stamps, k->tsa_given);
	if (o->findings > 0)
		put_tone(&k->term, TONE_BAD, "NOT INTACT: %llu findings", (unsigned long long)o->findings);
	else
		put_tone(&k->term, TONE_GOOD, "INTACT");
	if (o->findings > 0)
		(void)putchar('\n');
	else if (o->pinned)
		out_line(", signed with the key that you gave.");
	else
		out_line("; head not pinned: everything agrees with itself, which whoever made the file could also arrange.\n"
		    "Give --vkey KEY, the signing key as you had it from elsewhere; this file names\n%.*s", STR_FMT(o->vkey));
	if (!reperform && o->findings == 0)
		out_line("Nothing was re-performed: --reperform runs every test again.");
}

enum rc bundle_verify(struct cli *c, const char *path, const char *since, const char *vkey, struct str trusted, bool reperform)
{
	const struct org_env env = cli_env(c);
	struct checking k = { .c = c, .term = terminal_of(stdout), .tsa_given = trusted.n > 0 };
	struct bundle_check_how how = { .vkey = str_z(vkey), .trusted = trusted, .reperform = reperform, .hooks = &env.hooks,
		.found = found,
		.test = tested, .ctx = &k };
	struct bundle_checked o;
	enum rc rc;

	if (since != NULL && (rc = file_text(c, c->a, since, NOTE_MAX, &how.since)) != RC_OK)
		return rc;
	buf_init(&k.findings, LIMIT_FILE_READ);
	buf_init(&k.tests, LIMIT_FILE_READ);
	buf_c(&k.findings, '[');
	buf_c(&k.tests, '[');
	rc = bundle_check(path, c->a, &how, &o, &c->err);
	progress_end(c);
	if (rc == RC_OK && c->json)
		checked_json(&k, &o, reperform);
	else if (rc == RC_OK)
		checked(&k, &o, reperform);
	buf_done(&k.findings);
	buf_done(&k.tests);
	return rc == RC_OK && o.findings > 0 ? RC_FINDING : rc;
}

const struct command command_bundle = {
	"bundle", "--out FILE.zip", "a period's evidence as one file that anyone checks offline",
	"  --out FILE.zip          where it goes\n"
	"  --from D --to D         the period, the scope's when none is given\n"
	"  --withhold COLLECTION   its records stay sealed; may be given several times\n"
	"  --without-people        what records say of people stays sealed, and a reference stands in its place; the tests can\n"
	"                          be run again all the same, but for items entered by hand and sources that are not taken apart\n\n"
	"Runs the tests, then writes the ledger's whole tree, the records behind the results (each still sealed, with the one\n"
	"secret that opens it and no key), definitions, results, the draft report, and a page that says what it is.  What is\n"
	"disclosed becomes an entry.  Whoever has the file checks it with  tickmark verify FILE.zip --reperform  and needs no\n"
	"organization, no key and no network.",
	run,
};

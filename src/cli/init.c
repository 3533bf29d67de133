/* init: a new organization: folder, key, ledger, the content that comes with the binary, zone and scope. */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/apply.h"
#include "cli/init.h"

static enum rc define_zone(struct cli *c, struct org *org, const char *name)
{
	struct changes changes = { .a = c->a };
	struct zone *zone;
	struct buf b;
	size_t from = 0;
	enum rc rc;

	if ((rc = zone_from_host(c->a, str_z(name), &zone, &c->err)) != RC_OK)
		return rc;
	buf_init(&b, LIMIT_RECORD);
	zone_put(&b, zone);
	change_definition_text(&changes, "zone", STR("zone"), buf_view(&b));
	buf_done(&b);
	return org_edit_changes(org, &changes, &from, &c->err);
}

static void put_list(struct buf *b, const char *text)
{
	struct str rest = str_z(text), word;
	const char *between = "";

	buf_c(b, '[');
	while (rest.p != NULL) {
		word = str_trim(str_cut(&rest, ','));
		buf_z(b, between);
		json_put_str(b, word);
		between = ",";
	}
	buf_c(b, ']');
}

static enum rc define_scope(struct cli *c, struct org *org, const struct new_org *n)
{
	struct changes changes = { .a = c->a };
	const struct value *doc;
	struct buf b;
	size_t from = 0;
	enum rc rc;

	buf_init(&b, 1 << 16);
	buf_z(&b, "{\"categories\":");
	put_list(&b, n->categories != NULL ? n->categories : "security");
	buf_z(&b, ",\"organization\":");
	json_put_str(&b, str_z(n->name));
	if (n->from != NULL) {
		buf_z(&b, ",\"period\":{\"from\":");
		json_put_str(&b, str_z(n->from));
		buf_z(&b, ",\"to\":");
		json_put_str(&b, str_z(n->to));
		buf_c(&b, '}');
	}
	buf_z(&b, ",\"system\":");
	json_put_str(&b, str_z(n->name));
	buf_z(&b, ",\"zone\":");
	json_put_str(&b, str_z(n->zone));
	buf_c(&b, '}');
	if ((rc = json_parse(c->a, arena_str(c->a, buf_view(&b)), &doc, &c->err)) == RC_OK &&
	    (rc = scope_check(doc, org_state(org), &c->err)) == RC_OK) {
		change_definition(&changes, "scope", STR("scope"), doc);
		rc = org_edit_changes(org, &changes, &from, &c->err);
	}
	buf_done(&b);
	return rc;
}

const char *head_beside(struct cli *c, const char *dir)
{
	char path[LIMIT_PATH];

	file_beside(dir, ".tickmark-head", path);
	return arena_z(c->a, str_z(path));
}

void unmake_organization(struct cli *c, const char *dir, const char *key_file, bool was_there)
{
	struct err why;

	err_init(&why);
	if (folder_clear(dir, &why) != RC_OK || (!was_there && rmdir(dir) != 0))
		err_while(&c->err, "making %.100s; some of it is still there: %.100s", dir, why.msg);
	(void)unlink(key_file);
	(void)unlink(head_beside(c, dir));
}

enum rc new_organization(struct cli *c, const struct new_org *n, struct org **out)
{
	const struct org_env env = cli_env(c);
	struct org *org = NULL;
	struct content content = content_own(c->a);
	struct zone *zone;
	struct key_source k;
	const char *key_file, *dir;
	bool was_there = file_exists(n->dir);
	uint64_t first;
	enum rc rc;

	/* what can be wrong with the options is said before anything is made */
	if ((rc = zone_from_host(c->a, str_z(n->zone), &zone, &c->err)) != RC_OK)
		return rc;
	rc = n->key_inside ? cli_key_source(c, &k) : cli_new_key_source(c, n->dir, &k);
	if (rc != RC_OK)
		return rc;
	if (n->content != NULL && ((rc = content_read(c->a, n->content, &content, &c->err)) != RC_OK ||
	    (rc = check_content(c, &content)) != RC_OK))
		return rc == RC_NOT_FOUND ? RC_INVALID : rc;
	rc = org_create(n->dir, n->origin != NULL ? str_z(n->origin) : STR_NONE, &k, n->key_inside, &env, &org, &c->err);
	if (rc != RC_OK)
		return rc;
	if ((rc = org_edit_begin(org, &c->err)) != RC_OK || (rc = define_zone(c, org, n->zone)) != RC_OK ||
	    (rc = apply_content(c, org, &content)) != RC_OK || (rc = define_scope(c, org, n)) != RC_OK ||
	    (rc = org_edit_end(org, &first, &c->err)) != RC_OK) {
		key_file = arena_z(c->a, str_z(org_key_file(org)));
		dir = arena_z(c->a, str_z(org_dir(org)));
		org_abandon(org);
		unmake_organization(c, dir, key_file, was_there);
		return rc;
	}
	*out = org;
	return RC_OK;
}

static enum rc check_categories(struct cli *c, const char *list)
{
	struct str rest = str_z(list), word;
	bool security = false;
	size_t i;

	while (rest.p != NULL) {
		word = str_trim(str_cut(&rest, ','));
		for (i = 0; i < SCOPE_CATEGORIES && !str_is(word, scope_category(i)); i++)
			;
		if (i == SCOPE_CATEGORIES)
			return cli_usage(c, "--categories takes security, availability, processing_integrity, confidentiality and privacy, "
			    "not \"%.*s\"", STR_FMT(word));
		security = security || i == 0;
	}
	return security ? RC_OK : cli_usage(c, "security is part of every SOC 2 examination: add it to --categories");
}

static enum rc check(struct cli *c, const struct new_org *n)
{
	int64_t from, to;
	enum rc rc;

	if (n->categories != NULL && (rc = check_categories(c, n->categories)) != RC_OK)
		return rc;

	if (n->name == NULL)
		return cli_usage(c, "init needs --name, the organization's name");
	if ((n->from != NULL) != (n->to != NULL))
		return cli_usage(c, "--from and --to go together");
	if (n->from == NULL)
		return RC_OK;
	if ((rc = cli_day(c, "--from", n->from, &from)) != RC_OK || (rc = cli_day(c, "--to", n->to, &to)) != RC_OK)
		return rc;
	return from <= to ? RC_OK : cli_usage(c, "the period ends before it begins");
}

static void put_json(const struct buf *vkey, uint64_t entries, const char *key_file)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_fmt(&b, "{\"entries\":%llu,\"key_file\":", (unsigned long long)entries);
	json_put_str(&b, str_z(key_file));
	buf_z(&b, ",\"vkey\":");
	json_put_str(&b, buf_view(vkey));
	buf_c(&b, '}');
	out_json(&b);
	buf_done(&b);
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	struct new_org n = { .zone = "UTC" };
	const struct option_def defs[] = { { "--name", OPTION_TEXT, &n.name }, { "--zone", OPTION_TEXT, &n.zone },
		{ "--from", OPTION_TEXT, &n.from }, { "--to", OPTION_TEXT, &n.to }, { "--categories", OPTION_TEXT, &n.categories },
		{ "--origin", OPTION_TEXT, &n.origin }, { "--content", OPTION_TEXT, &n.content } };
	const char *key_file;
	struct org *org = NULL;
	uint64_t entries;
	struct buf b;
	bool was_there;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 1)
		return cli_usage(c, "init needs one folder to make");
	cli_set_dir(c, argv[0]);
	n.dir = c->dir;
	was_there = file_exists(n.dir);
	if ((rc = check(c, &n)) != RC_OK || (rc = new_organization(c, &n, &org)) != RC_OK)
		return rc;
	key_file = arena_z(c->a, str_z(org_key_file(org)));
	n.dir = arena_z(c->a, str_z(org_dir(org)));
	entries = ledger_size(org_ledger(org));
	buf_init(&b, 4096);
	note_key_put(ledger_key(org_ledger(org)), &b);
	if ((rc = org_close(org, &c->err)) != RC_OK) {
		unmake_organization(c, n.dir, key_file, was_there);
	} else if (c->json) {
		put_json(&b, entries, key_file);
	} else {
		out_line("%s is ready: %llu entries, among them all collections, criteria and controls.", n.dir,
		    (unsigned long long)entries);
		out_line("Key file: %s", key_file);
		out_line("  Losing it loses the evidence; keep a copy, and keep it apart from copies of the folder.");
		out_line("Verifier's key, to be given to the auditor: %.*s", STR_FMT(buf_view(&b)));
		out_line("Next: %s -C %s sources, then ingest; apply a scope; status tells what is missing.", c->program, n.dir);
	}
	buf_done(&b);
	return rc;
}

const struct command command_init = {
	"init", "DIR --name NAME", "a new organization",
	"Makes the folder DIR with an empty ledger and the starter controls.\n\n"
	"  --name NAME         the service organization\n"
	"  --zone ZONE         whose days count, such as Europe/Berlin; UTC when not given\n"
	"  --from D --to D     the period, first and last day\n"
	"  --categories LIST   security, availability, confidentiality, processing_integrity, privacy; security when not given\n"
	"  --content FOLDER    collections, controls, parameters and mappings from FOLDER, laid out as content/ is, instead of\n"
	"                      the starter ones; criteria too, where it has them\n"
	"  --origin NAME       the ledger's public name; a random one when not given\n\n"
	"With --passphrase-file FILE or TICKMARK_PASSPHRASE the key file is sealed under a passphrase; without, whoever has\n"
	"the key file can read.  It is DIR.tickmark-key, beside DIR, or what --key-file names.",
	run,
};

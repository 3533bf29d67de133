/* source: a mapping proposed for a file, and what a mapping makes of a file, before anything is kept. */
#include "cli/cli.h"

#include <string.h>

#include "collect/catalogue.h"
#include "collect/propose.h"
#include "collect/trial.h"
#include "report/terminal.h"

enum { SHOWN = 3 };

static struct source_input input_of(const char *path)
{
	struct str name = str_z(path);
	size_t i;

	for (i = name.n; i > 0 && name.p[i - 1] != '/'; i--)
		;
	return (struct source_input){ path, str_sub(name, i, name.n), STR_NONE };
}

/* ---- new */
static enum rc run_new(struct cli *c, const struct catalogue *all, int argc, char **argv)
{
	struct source_input in;
	struct str fitting, *names;
	struct err why;
	size_t n;
	struct buf b;
	enum rc rc;

	if (argc != 1)
		return cli_usage(c, "source new takes one file, a sample");
	if (zip_is(argv[0]) && strstr(argv[0], "!/") == NULL) {
		if ((rc = zip_members(c->a, argv[0], &names, &n, &c->err)) != RC_OK)
			return rc;
		if (zip_is_document(names, n))
			return err_set(&c->err, RC_INVALID, "%s is a document of Office, which is not read as it is: save the sheet as CSV",
			    argv[0]);
		return err_set(&c->err, RC_INVALID, "%s is a zip of %zu file%s: a sample is one of them, such as %s!/%.*s", argv[0], n,
		    n == 1 ? "" : "s", argv[0], STR_FMT(n > 0 ? names[0] : STR("NAME")));
	}
	in = input_of(argv[0]);
	fitting = catalogue_suggestion(all, c->a, &in, zone_utc());
	if (fitting.p != NULL)
		(void)fprintf(stderr, "tickmark: %s can be read already, as %.*s\n", argv[0], STR_FMT(fitting));
	buf_init(&b, LIMIT_RECORD);
	err_init(&why);
	rc = propose_mapping(all->schema, &in, &b, &why);
	if (rc == RC_INVALID)
		rc = err_set(&c->err, RC_INVALID, "%s: no mapping can be proposed: %.800s", argv[0], why.msg);
	else if (rc != RC_OK)
		c->err = why;
	if (rc == RC_OK && c->json) {
		struct buf j;

		buf_init(&j, LIMIT_RECORD);
		buf_z(&j, "{\"mapping\":");
		json_put_str(&j, buf_view(&b));
		buf_z(&j, ",\"read_already_as\":");
		if (fitting.p != NULL)
			json_put_str(&j, fitting);
		else
			buf_z(&j, "null");
		buf_c(&j, '}');
		out_json(&j);
		buf_done(&j);
	} else if (rc == RC_OK) {
		(void)fwrite(b.p, 1, b.n, stdout);
	}
	buf_done(&b);
	return rc;
}

/* ---- test */
static enum rc mapping_from_file(struct cli *c, const struct catalogue *all, const char *path, struct mapping **out)
{
	const struct value *docs;
	struct value body;
	struct str text;
	size_t n;
	enum rc rc;

	if ((rc = file_text(c, c->a, path, LIMIT_RECORD, &text)) != RC_OK ||
	    (rc = yaml_parse(c->a, path, text, &docs, &n, &c->err)) != RC_OK)
		return rc;
	if (n != 1 || docs->type != VALUE_MAP || !str_is(value_text(docs, "kind"), "mapping"))
		return err_set(&c->err, RC_INVALID, "%s is no mapping: it needs kind: mapping", path);
	body = *docs;
	if (body.n > 0 && str_is(body.members[0].key, "kind")) {
		body.members++;
		body.n--;
	} else {
		return err_set(&c->err, RC_INVALID, "%s:%u:%u: \"kind\" comes first", path, docs->line, docs->column);
	}
	return mapping_compile(c->a, path, &body, all->schema, out, &c->err);
}

static void collection_lines(struct cli *c, const struct trial_collection *t)
{
	struct buf unsupplied, doubtful;
	size_t i;

	if (t->contributions == 0) {
		out_line("%.*s: no item", STR_FMT(t->collection->name));
		return;
	}
	out_line("%.*s: %llu items from %llu findings%s", STR_FMT(t->collection->name), (unsigned long long)t->items,
	    (unsigned long long)t->contributions, t->collection->n_period == 0 ? " (a listing)" : "");
	if (t->joining > 0)
		out_line("  %llu add to items and make none by themselves", (unsigned long long)t->joining);
	if (t->undated > 0)
		out_line("  %llu are undated: listed, never tested, and the population is incomplete", (unsigned long long)t->undated);
	buf_init(&unsupplied, 1 << 16);
	buf_init(&doubtful, 1 << 16);
	for (i = 0; i < t->collection->n_fields; i++) {
		if (!t->ruled[i])
			buf_fmt(&unsupplied, " %.*s", STR_FMT(t->collection->fields[i].name));
		if (t->fields[i].doubt > 0)
			buf_fmt(&doubtful, " %.*s (%llu)", STR_FMT(t->collection->fields[i].name), (unsigned long long)t->fields[i].doubt);
	}
	if (unsupplied.n > 0)
		out_line("  not supplied, so unknown to every test:%.*s", STR_FMT(buf_view(&unsupplied)));
	if (doubtful.n > 0)
		out_line("  in doubt:%.*s", STR_FMT(buf_view(&doubtful)));
	buf_done(&unsupplied);
	buf_done(&doubtful);
	(void)c;
}

static void item_lines(struct cli *c, const struct trial_item *t)
{
	const struct collection *col = t->item.collection;
	struct buf b;
	size_t i;

	out_line("record %llu gives %s %.*s", (unsigned long long)t->record, t->item.n_link > 0 ? "to" : "the",
	    STR_FMT(col->name));
	for (i = 0; i < col->n_fields; i++) {
		if (!t->item.fields[i].supplied)
			continue;
		buf_init(&b, LIMIT_RECORD);
		trial_value(c->a, &col->fields[i], &t->item.fields[i], false, &b);
		out_line("  %-22.*s %.*s%s", STR_FMT(col->fields[i].name), STR_FMT(buf_view(&b)),
		    t->item.fields[i].doubt ? "   (in doubt)" : "");
		buf_done(&b);
	}
}

static void tell(struct cli *c, const struct trial *t)
{
	size_t i, bad;

	out_line("%.*s, read as %.*s: %llu records, %llu with items, %llu without, %llu the same again, %llu rejected%s",
	    STR_FMT(t->file), STR_FMT(t->source), (unsigned long long)t->in, (unsigned long long)t->with_items,
	    (unsigned long long)t->no_item, (unsigned long long)t->duplicate, (unsigned long long)t->rejected,
	    t->complete ? "" : ", NOT COMPLETE");
	if (!t->complete)
		out_line("stopped: %.*s", STR_FMT(t->why));
	if (t->null_key > 0)
		out_line("%llu items lack a part of their key, which counts as empty", (unsigned long long)t->null_key);
	for (i = 0; i < t->n_reasons; i++)
		out_line("rejected %llu, the first being record %llu: %.*s", (unsigned long long)t->reasons[i].n,
		    (unsigned long long)t->reasons[i].first, STR_FMT(t->reasons[i].text));
	for (i = 0; i < t->n_collections; i++)
		collection_lines(c, &t->collections[i]);
	for (i = 0; i < t->n_items; i++)
		item_lines(c, &t->items[i]);
	for (i = 0; i < t->n_unmatched; i++) {
		struct str s = t->unmatched[i].starts;

		if (!str_utf8_valid(s, &bad))
			s.n = bad;
		out_line("record %llu gives no item: %.*s", (unsigned long long)t->unmatched[i].record, STR_FMT(s));
	}
}

static enum rc run_test(struct cli *c, const struct catalogue *all, int argc, char **argv)
{
	struct source_input in;
	struct mapping *made = NULL;
	const struct mapping *m;
	struct str fitting;
	struct trial t;
	struct buf b;
	enum rc rc;

	if (argc != 2)
		return cli_usage(c, "source test takes a source, or a mapping's YAML file, and a file to try it on");
	in = input_of(argv[1]);
	m = catalogue_find(all, str_z(argv[0]));
	if (m == NULL) {
		if (!str_ends(str_z(argv[0]), STR(".yaml")) && !str_ends(str_z(argv[0]), STR(".yml"))) {
			fitting = catalogue_suggestion(all, c->a, &in, zone_utc());
			return err_set(&c->err, RC_INVALID, "there is no source \"%s\"%s%.*s", argv[0], fitting.p != NULL ?
			    "; the file fits " : "; tickmark sources lists them", STR_FMT(fitting));
		}
		if ((rc = mapping_from_file(c, all, argv[0], &made)) != RC_OK)
			return rc;
		m = made;
	}
	if ((rc = trial_run(m, c->a, &in, zone_utc(), SHOWN, &t, &c->err)) != RC_OK)
		return rc;
	if (c->json) {
		buf_init(&b, LIMIT_FILE_READ);
		trial_json(&t, &b);
		out_json(&b);
		buf_done(&b);
	} else {
		tell(c, &t);
	}
	return t.rejected > 0 || !t.complete ? RC_FINDING : RC_OK;
}

/* With the organization's sources where -C names one, else those that the program carries. */
static enum rc run(struct cli *c, int argc, char **argv)
{
	struct catalogue all = { 0 };
	struct org *org = NULL;
	enum rc rc;

	if ((rc = cli_options(c, NULL, 0, &argc, argv)) != RC_OK)
		return rc;
	if (argc == 0 || (strcmp(argv[0], "new") != 0 && strcmp(argv[0], "test") != 0))
		return cli_usage(c, "source takes new FILE, or test SOURCE|MAPPING.yaml FILE");
	if (!c->dir_given)
		rc = catalogue_builtin(c->a, &all, &c->err);
	else if ((rc = cli_open(c, ORG_READ, &org)) == RC_OK)
		rc = catalogue_of(org_state(org), c->a, &all, &c->err);
	if (rc == RC_OK)
		rc = strcmp(argv[0], "new") == 0 ? run_new(c, &all, argc - 1, argv + 1) : run_test(c, &all, argc - 1, argv + 1);
	org_abandon(org);
	return rc;
}

const struct command command_source = {
	"source", "new FILE | test SOURCE|MAPPING.yaml FILE", "propose a mapping; try one on a file",
	"  new FILE            a mapping proposed from a sample, as YAML with comments on what is uncertain\n"
	"  test SOURCE FILE    what a source, or a mapping's file, makes of a file: counts, the first items field by field,\n"
	"                      records without an item, rejected ones with reasons, fields that nothing supplies\n\n"
	"Neither keeps anything, and neither needs an organization; with -C its own sources are used.\n"
	"Times without an offset are shown as if they were UTC.",
	run,
};

/* demo: an organization made from the bundled real records, step by step as examples/demo/demo.yaml says, and then
 * tested. */
#include "cli/cli.h"

#include <string.h>

#include "assess/scope.h"
#include "base/file.h"
#include "cli/apply.h"
#include "cli/ingest.h"
#include "cli/init.h"
#include "cli/status.h"
#include "cli/test.h"

struct demo {
	struct cli *c;
	struct org *org;
	const char *folder;
};

static char *below(struct demo *d, struct str name)
{
	return arena_z(d->c->a, arena_fmt(d->c->a, "%s/%.*s", d->folder, STR_FMT(name)));
}

static char **files(struct demo *d, const struct value *list, size_t *n)
{
	char **out = ARENA_ARRAY(d->c->a, list->n, char *);
	size_t i;

	for (i = 0; i < list->n; i++)
		out[i] = below(d, list->items[i].text);
	*n = list->n;
	return out;
}

static enum rc ingest_step(struct demo *d, const struct value *step)
{
	const struct value *covers = value_get(step, "covers"), *extracted = value_get(step, "extracted_at");
	const struct value *list = value_get(step, "files"), *partial = value_get(step, "partial");
	struct ingest_outcome total = { 0 };
	struct ingest_how how = { .source = value_text(step, "ingest"), .instance = value_text(step, "instance") };
	char **paths;
	size_t n;
	enum rc rc;

	if (list == NULL || list->type != VALUE_LIST || list->n == 0)
		return err_set(&d->c->err, RC_INVALID, "demo.yaml:%u: a step needs \"files\"", step->line);
	paths = files(d, list, &n);
	how.is_partial = partial != NULL && partial->is_true;
	if (covers != NULL && (rc = ingest_covers(d->c, d->org, arena_z(d->c->a, covers->text), &how)) != RC_OK)
		return rc;
	if (extracted != NULL) {
		how.has_extracted = true;
		rc = cli_instant(d->c, state_zone(org_state(d->org)), "extracted_at", arena_z(d->c->a, extracted->text),
		    &how.extracted_us);
		if (rc != RC_OK)
			return rc;
	}
	progress(d->c, "taking in %.*s", STR_FMT(how.source));
	rc = ingest_paths(d->c, d->org, &how, paths, n, false, true, &total);
	progress_end(d->c);
	if (rc == RC_OK && !d->c->json)
		out_line("Took in %.*s%s%.*s: %llu records, %llu kept", STR_FMT(how.source), how.instance.n > 0 ? ", " : "",
		    STR_FMT(how.instance), (unsigned long long)total.in, (unsigned long long)total.kept);
	return rc == RC_FINDING ? err_set(&d->c->err, RC_FINDING, "the bundled records of %.*s could not all be read",
	    STR_FMT(how.source)) : rc;
}

static enum rc step(struct demo *d, const struct value *v)
{
	const struct value *apply = value_get(v, "apply");
	char **paths;
	size_t n;

	if (apply == NULL)
		return ingest_step(d, v);
	paths = files(d, apply, &n);
	return apply_quietly(d->c, d->org, paths, n);
}

static enum rc steps(struct demo *d)
{
	const struct value *docs, *list;
	struct str text;
	size_t n, i;
	enum rc rc;

	if ((rc = file_text(d->c, d->c->a, below(d, STR("demo.yaml")), LIMIT_RECORD, &text)) != RC_OK ||
	    (rc = yaml_parse(d->c->a, "demo.yaml", text, &docs, &n, &d->c->err)) != RC_OK)
		return rc;
	list = n > 0 ? value_get(docs, "steps") : NULL;
	if (list == NULL || list->type != VALUE_LIST)
		return err_set(&d->c->err, RC_INVALID, "demo.yaml: there are no \"steps\"");
	for (i = 0; i < list->n; i++)
		if ((rc = step(d, &list->items[i])) != RC_OK)
			return rc;
	return RC_OK;
}

static enum rc work(struct demo *d)
{
	struct run_period p = { .now_us = clock_now_us() };
	bool deviation;
	enum rc rc;

	if ((rc = steps(d)) != RC_OK || (rc = cli_period(d->c, d->org, NULL, NULL, &p.from_day, &p.to_day)) != RC_OK)
		return rc;
	if ((rc = test_all(d->c, d->org, &p, NULL, true, &deviation)) != RC_OK)
		return rc;
	if (!d->c->json)
		out_line("%s", "");
	return status_print(d->c, d->org, &p);
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	struct demo d = { .c = c, .folder = TICKMARK_EXAMPLES "/demo" };
	const struct option_def defs[] = { { "--examples", OPTION_TEXT, &d.folder } };
	struct new_org n = { .name = "Worked example", .zone = "UTC", .from = "2023-07-01", .to = "2024-06-30",
		.categories = "security,availability", .key_inside = true };
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 1)
		return cli_usage(c, "demo needs one folder to make");
	n.dir = argv[0];
	if (!file_exists(below(&d, STR("demo.yaml"))))
		return err_set(&c->err, RC_NOT_FOUND, "the bundled records are not at %s; name their folder with --examples", d.folder);
	if ((rc = new_organization(c, &n, &d.org)) != RC_OK)
		return rc;
	if ((rc = work(&d)) != RC_OK) {
		org_abandon(d.org);
		return rc;
	}
	if (!c->json)
		out_line("\nIts key lies inside the folder, as only the worked example's does.  Look around:\n"
		    "  %s -C %s test --control AVL-02\n  %s -C %s items probe --where \"status = down\"\n"
		    "  %s -C %s report --out draft.pdf\n  %s verify %s", c->program, n.dir, c->program, n.dir, c->program, n.dir,
		    c->program, n.dir);
	return org_close(d.org, &c->err);
}

const struct command command_demo = {
	"demo", "DIR", "an organization made from the bundled real records",
	"Makes DIR, takes in the bundled public records, tests them and shows the readiness.\n\n"
	"  --examples FOLDER   where the bundled records are, when not beside the program's source",
	run,
};

/* demo: an organization made from the bundled real records, step by step as examples/demo/demo.yaml says, and then
 * tested. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "assess/scope.h"
#include "base/file.h"
#include "cli/apply.h"
#include "cli/demo_files.h"
#include "cli/ingest.h"
#include "cli/init.h"
#include "cli/status.h"
#include "cli/test.h"

struct demo {
	struct cli *c;
	struct org *org;
	const char *folder;             /* NULL: the files that the binary carries */
};

static struct str bundled(struct str name)
{
	size_t i;

	for (i = 0; i < demo_files_n; i++)
		if (str_is(name, demo_files[i].name))
			return (struct str){ demo_files[i].bytes, demo_files[i].n };
	return STR_NONE;
}

static char *below(struct demo *d, struct str name)
{
	return arena_z(d->c->a, arena_fmt(d->c->a, "%s/%.*s", d->folder, STR_FMT(name)));
}

static enum rc ingest_one(struct demo *d, const struct ingest_how *how, struct str name, struct ingest_outcome *total)
{
	char *path;

	if (d->folder == NULL)
		return ingest_bundled(d->c, d->org, how, name, total);
	path = below(d, name);
	return ingest_paths(d->c, d->org, how, &path, 1, false, true, total);
}

static enum rc ingest_step(struct demo *d, const struct value *step)
{
	const struct value *covers = value_get(step, "covers"), *extracted = value_get(step, "extracted_at");
	const struct value *list = value_get(step, "files"), *partial = value_get(step, "partial");
	struct ingest_outcome total = { 0 };
	struct ingest_how how = { .source = value_text(step, "ingest"), .instance = value_text(step, "instance") };
	size_t i;
	enum rc rc = RC_OK;

	if (list == NULL || list->type != VALUE_LIST || list->n == 0)
		return err_set(&d->c->err, RC_INVALID, "demo.yaml:%u: a step needs \"files\"", step->line);
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
	for (i = 0; i < list->n && rc == RC_OK; i++)
		rc = ingest_one(d, &how, list->items[i].text, &total);
	progress_end(d->c);
	if (rc == RC_OK && !d->c->json)
		out_line("Took in %.*s%s%.*s: %llu records, %llu kept", STR_FMT(how.source), how.instance.n > 0 ? ", " : "",
		    STR_FMT(how.instance), (unsigned long long)total.in, (unsigned long long)total.kept);
	return rc == RC_FINDING ? err_set(&d->c->err, RC_FINDING, "the bundled records of %.*s could not all be read",
	    STR_FMT(how.source)) : rc;
}

static enum rc apply_step(struct demo *d, const struct value *list)
{
	char *path;
	size_t i;
	enum rc rc = RC_OK;

	for (i = 0; i < list->n && rc == RC_OK; i++) {
		if (d->folder == NULL) {
			path = arena_z(d->c->a, list->items[i].text);
			rc = apply_bundled(d->c, d->org, path, bundled(list->items[i].text));
		} else {
			path = below(d, list->items[i].text);
			rc = apply_quietly(d->c, d->org, &path, 1);
		}
	}
	return rc;
}

static enum rc steps(struct demo *d)
{
	const struct value *docs, *list, *apply;
	struct str text = bundled(STR("demo.yaml"));
	size_t n, i;
	enum rc rc;

	if (d->folder != NULL && (rc = file_text(d->c, d->c->a, below(d, STR("demo.yaml")), LIMIT_RECORD, &text)) != RC_OK)
		return rc;
	if ((rc = yaml_parse(d->c->a, "demo.yaml", text, &docs, &n, &d->c->err)) != RC_OK)
		return rc;
	list = n > 0 ? value_get(docs, "steps") : NULL;
	if (list == NULL || list->type != VALUE_LIST)
		return err_set(&d->c->err, RC_INVALID, "demo.yaml: there are no \"steps\"");
	for (i = 0; i < list->n; i++) {
		apply = value_get(&list->items[i], "apply");
		rc = apply != NULL ? apply_step(d, apply) : ingest_step(d, &list->items[i]);
		if (rc != RC_OK)
			return rc;
	}
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

/* A name of its own until all of it is there: DIR is the whole example or nothing. */
static enum rc make(struct demo *d, struct new_org *n, const char *dir)
{
	struct cli *c = d->c;
	const char *key_file;
	enum rc rc;

	if (file_exists(n->dir))
		return err_set(&c->err, RC_EXISTS, "%s is there: another demo works on it, or one was cut short; remove it if none "
		    "runs", n->dir);
	if ((rc = new_organization(c, n, &d->org)) != RC_OK)
		return rc;
	key_file = arena_z(c->a, str_z(org_key_file(d->org)));
	if ((rc = work(d)) != RC_OK)
		org_abandon(d->org);
	else
		rc = org_close(d->org, &c->err);
	if (rc == RC_OK && (rename(head_beside(c, n->dir), head_beside(c, dir)) != 0 || rename(n->dir, dir) != 0))
		rc = err_sys(&c->err, errno, "%s cannot be given its name %s", n->dir, dir);
	if (rc != RC_OK)
		unmake_organization(c, n->dir, key_file, false);
	return rc;
}

static enum rc notice(struct cli *c)
{
	static const char *const names[] = { "NOTICE", "evidence/KEV-LICENSE.txt" };
	struct str text;
	struct buf b;
	size_t i;

	buf_init(&b, LIMIT_RECORD);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		text = bundled(str_z(names[i]));
		buf_str(&b, text);
		if (i + 1 < ARRAY_LEN(names))
			buf_fmt(&b, "\n---- %s\n\n", names[i + 1]);
	}
	out_text(c, "notice", buf_view(&b));
	buf_done(&b);
	return RC_OK;
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	struct demo d = { .c = c };
	bool wants_notice = false;
	const struct option_def defs[] = { { "--examples", OPTION_TEXT, &d.folder },
		{ "--notice", OPTION_FLAG, &wants_notice } };
	struct new_org n = { .name = "Worked example", .zone = "UTC", .from = "2023-07-01", .to = "2024-06-30",
		.categories = "security,availability", .key_inside = true };
	struct str *names;
	size_t n_names;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (wants_notice)
		return argc == 0 ? notice(c) : cli_usage(c, "demo --notice takes no folder");
	if (argc != 1)
		return cli_usage(c, "demo needs one folder to make");
	if (d.folder != NULL && !file_exists(below(&d, STR("demo.yaml"))))
		return err_set(&c->err, RC_NOT_FOUND, "there is no demo.yaml in %s, which --examples names", d.folder);
	cli_set_dir(c, argv[0]);
	argv[0] = arena_z(c->a, str_z(c->dir));
	if (file_exists(argv[0]) && ((rc = folder_list(c->a, argv[0], 10, &names, &n_names, &c->err)) != RC_OK || n_names > 0))
		return rc != RC_OK ? rc : err_set(&c->err, RC_EXISTS, "%s is there already and not empty", argv[0]);
	n.dir = arena_z(c->a, arena_fmt(c->a, "%s.part", argv[0]));
	if ((rc = make(&d, &n, argv[0])) != RC_OK)
		return rc;
	if (!c->json)
		out_line("\nIts key lies inside the folder, as only the worked example's does.  Look around:\n"
		    "  %s -C %s test --control AVL-02\n  %s -C %s items probe --where \"status = down\"\n"
		    "  %s -C %s report --out draft.pdf\n  %s verify %s", c->program, argv[0], c->program, argv[0], c->program, argv[0],
		    c->program, argv[0]);
	return RC_OK;
}

const struct command command_demo = {
	"demo", "DIR", "an organization made from the bundled real records",
	"Makes DIR, takes in the public records that the program carries, tests them and shows the readiness.  DIR appears when\n"
	"all of it is there.  The organization is made up of unrelated projects' records and is nobody's.\n\n"
	"  --examples FOLDER   other records: demo.yaml in FOLDER says what to take in\n"
	"  --notice            where the records come from, and their licences",
	run,
};

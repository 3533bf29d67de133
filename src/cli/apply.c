/* apply: scope, populations, parameters, controls, mappings, items and joins from YAML files: all of them or none. */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "assess/check.h"
#include "assess/control.h"
#include "assess/exclusion.h"
#include "assess/scope.h"
#include "cli/apply.h"
#include "collect/mapping.h"
#include "model/content.h"

enum { MAX_FILES = 4096 };

struct apply {
	struct cli *c;
	struct org *org;                /* NULL: only a check, in a state in memory */
	struct state *state;
	uint64_t next;                  /* entries that the check made */
	int pass;                       /* of content: 0 all documents, 1 those without derived_from, 2 those with */
	struct changes changes;
	struct arena *checked;          /* what a check made, gone after it */
	size_t told;                    /* changes that the edit has */
	bool rederive;                  /* mappings are for records as well that were taken in before */
	bool dry_run, quiet, is_content;       /* content: the framework itself, and nothing is told */
	size_t added, changed, same, items, joins;
	struct buf differs;             /* what a mapping that corrects changes, the same */
	struct buf tells;               /* what is printed when all of it was right */
};

struct source {
	const char *file;
	const struct value *doc;
};

static enum rc at(struct apply *p, const struct source *s, const struct value *v, enum rc rc)
{
	char msg[sizeof(p->c->err.msg)];

	(void)snprintf(msg, sizeof(msg), "%s", p->c->err.msg);
	if (rc == RC_OK || strncmp(msg, s->file, strlen(s->file)) == 0)
		return rc;
	if (strncmp(msg, "population:", 11) == 0)
		return err_set(&p->c->err, rc, "%s:%.900s", s->file, msg + 11);
	if (strncmp(msg, "line ", 5) == 0)
		return err_set(&p->c->err, rc, "%s: %.900s", s->file, msg);
	return err_set(&p->c->err, rc, "%s:%u:%u: %.900s", s->file, v->line, v->column, msg);
}

static void tell(struct apply *p, const char *sign, const char *kind, struct str id)
{
	if (p->quiet || p->is_content)
		return;
	if (!p->c->json) {
		buf_fmt(&p->tells, "%s %s %.*s\n", sign, kind, STR_FMT(id));
		return;
	}
	buf_z(&p->tells, p->tells.n > 0 ? ",{\"id\":" : "{\"id\":");
	json_put_str(&p->tells, id);
	buf_fmt(&p->tells, ",\"kind\":\"%s\",\"new\":%s}", kind, sign[0] == '+' ? "true" : "false");
}

/* The document without its "kind", as the body of a definition. */
static const struct value *without_kind(struct arena *a, const struct value *doc)
{
	struct value *v = ARENA_NEW(a, struct value);
	size_t i;

	*v = *doc;
	v->members = ARENA_ARRAY(a, doc->n, struct member);
	v->n = 0;
	for (i = 0; i < doc->n; i++)
		if (!str_is(doc->members[i].key, "kind"))
			v->members[v->n++] = doc->members[i];
	return v;
}

static enum rc flush(struct apply *p)
{
	enum rc rc;

	if (p->org != NULL)
		return org_edit_changes(p->org, &p->changes, &p->told, &p->c->err);
	for (; p->told < p->changes.n; p->told++) {
		const struct change *ch = &p->changes.p[p->told];
		const struct state_entry en = { .index = p->next++, .kind = ch->kind, .is_open = true, .body = ch->body };

		if ((rc = state_apply(p->state, &en, &p->c->err)) != RC_OK)
			return rc;
		if (state_refused(p->state) != NULL)
			return err_set(&p->c->err, RC_INVALID, "%s", state_refused(p->state));
	}
	return RC_OK;
}

static enum rc define(struct apply *p, const char *kind, struct str id, const struct value *body)
{
	struct state *st = p->state;
	struct str old;
	struct err ignored;
	size_t before = p->changes.n;
	bool known;

	err_init(&ignored);
	known = state_definition(st, p->c->a, kind, id, &old, NULL, &ignored) == RC_OK;
	if (strcmp(kind, "mapping") == 0) {     /* as it is already, if it corrects what it is to correct */
		change_correction(&p->changes, id, body);
		if (!(known && str_eq(old, p->changes.p[before].body)) && !p->rederive) {
			p->changes.n = before;
			change_definition(&p->changes, kind, id, body);
		}
	} else {
		change_definition(&p->changes, kind, id, body);
	}
	if (known && str_eq(old, p->changes.p[before].body)) {
		p->changes.n = before;
		p->same++;
		return RC_OK;
	}
	tell(p, known ? "~" : "+", kind, id);
	if (known)
		p->changed++;
	else
		p->added++;
	return flush(p);
}

static enum rc apply_zone(struct apply *p, struct str name)
{
	struct zone *zone;
	const struct value *v;
	struct buf b;
	enum rc rc;

	if (str_eq(name, zone_name(state_zone(p->state))))
		return RC_OK;
	if ((rc = zone_from_host(p->c->a, name, &zone, &p->c->err)) != RC_OK)
		return rc == RC_NOT_FOUND ? RC_INVALID : rc;
	buf_init(&b, LIMIT_RECORD);
	zone_put(&b, zone);
	rc = json_parse(p->c->a, arena_str(p->c->a, buf_view(&b)), &v, &p->c->err);
	buf_done(&b);
	return rc == RC_OK ? define(p, "zone", STR("zone"), v) : rc;
}

static enum rc apply_scope(struct apply *p, const struct source *s)
{
	struct str zone = value_text(s->doc, "zone");
	enum rc rc;

	if ((rc = at(p, s, s->doc, scope_check(s->doc, p->state, &p->c->err))) != RC_OK)
		return rc;
	if (zone.p != NULL && (rc = at(p, s, value_get(s->doc, "zone"), apply_zone(p, zone))) != RC_OK)
		return rc;
	return define(p, "scope", STR("scope"), without_kind(p->c->a, s->doc));
}

static enum rc apply_named(struct apply *p, const struct source *s, const char *kind, const char *id_name)
{
	const struct value *body = without_kind(p->c->a, s->doc);
	struct str id = value_text(s->doc, id_name);
	struct control *control;
	struct mapping *mapping;
	struct completeness *check;
	enum rc rc = RC_OK;

	if (id.n == 0)
		return at(p, s, s->doc, err_set(&p->c->err, RC_INVALID, "a %s needs \"%s\", a name", kind, id_name));
	if (strcmp(kind, "control") == 0)
		rc = control_load(p->checked, s->file, body, p->state, &control, &p->c->err);
	else if (strcmp(kind, "parameter") == 0)
		rc = parameter_check(s->file, body, &p->c->err);
	else if (strcmp(kind, "mapping") == 0)
		rc = mapping_compile(p->checked, s->file, body, state_schema(p->state), &mapping, &p->c->err);
	else if (strcmp(kind, "completeness") == 0)
		rc = check_load(p->checked, s->file, body, p->state, &check, &p->c->err);
	else if (strcmp(kind, "exclusion") == 0)
		rc = exclusion_check(s->file, body, p->state, &p->c->err);
	else if (strcmp(kind, "population") == 0)
		rc = population_check(s->file, body, p->state, &p->c->err);
	arena_reset(p->checked);
	if (rc != RC_OK)
		return at(p, s, s->doc, rc);
	return at(p, s, s->doc, define(p, kind, id, body));
}

static enum rc apply_item(struct apply *p, const struct source *s)
{
	const struct value *as_of = value_get(s->doc, "as_of");
	enum rc rc;

	rc = change_item(&p->changes, p->state, value_text(s->doc, "collection"), value_get(s->doc, "fields"),
	    as_of != NULL ? as_of->text : STR_NONE, &p->c->err);
	if (rc != RC_OK)
		return at(p, s, s->doc, rc);
	p->items++;
	return at(p, s, s->doc, flush(p));
}

/* {kind: identity or join, same: […]} and {kind: split, apart: […]} */
static enum rc apply_identity(struct apply *p, const struct source *s)
{
	bool apart = str_is(value_text(s->doc, "kind"), "split");
	const struct value *same = value_get(s->doc, apart ? "apart" : "same");
	size_t i;
	enum rc rc;

	if (apart && (same == NULL || same->type != VALUE_LIST || same->n != 2))
		return at(p, s, s->doc, err_set(&p->c->err, RC_INVALID, "a split document needs \"apart\", a list of two identities that "
		    "are not one person"));
	if (same == NULL || same->type != VALUE_LIST || same->n < 2)
		return at(p, s, s->doc, err_set(&p->c->err, RC_INVALID, "an identity document needs \"same\", a list of two or "
		    "more identities of one person, for example [\"github.login:ada\", \"email:ada@example.com\"]"));
	for (i = 1; i < same->n; i++) {
		rc = (apart ? change_split : change_join)(&p->changes, p->state, same->items[0].text, same->items[i].text,
		    value_text(s->doc, "reason"), &p->c->err);
		if (rc != RC_OK || (rc = flush(p)) != RC_OK)
			return at(p, s, &same->items[i], rc);
		p->joins++;
	}
	return RC_OK;
}

static enum rc apply_document(struct apply *p, const struct source *s)
{
	struct str kind = value_text(s->doc, "kind");

	if (p->pass != 0 && (value_text(s->doc, "derived_from").p != NULL) != (p->pass == 2))
		return RC_OK;
	if (str_is(kind, "population"))
		return apply_named(p, s, "population", "name");
	if (str_is(kind, "parameter"))
		return apply_named(p, s, "parameter", "name");
	if (str_is(kind, "control"))
		return apply_named(p, s, "control", "id");
	if (str_is(kind, "completeness"))
		return apply_named(p, s, "completeness", "id");
	if (str_is(kind, "mapping"))
		return apply_named(p, s, "mapping", "source");
	if (p->is_content && str_is(kind, "criterion"))
		return apply_named(p, s, "criterion", "id");
	if (p->is_content && str_is(kind, "category"))
		return apply_named(p, s, "category", "id");
	if (p->is_content && str_is(kind, "series"))
		return apply_named(p, s, "series", "id");
	if (p->is_content)
		return at(p, s, s->doc, err_set(&p->c->err, RC_INVALID, "a content document needs \"kind\": population, parameter, "
		    "control, completeness, mapping, criterion, category or series%s%.*s", kind.p != NULL ? ", not " : "", STR_FMT(kind)));
	if (str_is(kind, "scope"))
		return apply_scope(p, s);
	if (str_is(kind, "item"))
		return apply_item(p, s);
	if (str_is(kind, "exclusion"))
		return apply_named(p, s, "exclusion", "name");
	if (str_is(kind, "identity_rule"))
		return apply_named(p, s, "identity_rule", "name");
	if (str_is(kind, "identity") || str_is(kind, "join") || str_is(kind, "split"))
		return apply_identity(p, s);
	return at(p, s, s->doc, err_set(&p->c->err, RC_INVALID, "a document needs \"kind\": scope, population, parameter, "
	    "control, completeness, mapping, item, exclusion, identity, identity_rule, join or split%s%.*s",
	    kind.p != NULL ? ", not " : "", STR_FMT(kind)));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The YAML files of a folder in order of their names, or the file itself. */
static enum rc expand(struct cli *c, const char *path, struct texts *out)
{
	const char **p;
	struct stat st;
	struct dirent *d;
	DIR *dir;
	size_t n = 0;

	if (strcmp(path, "-") != 0 && stat(path, &st) != 0)
		return errno == ENOENT ? err_set(&c->err, RC_NOT_FOUND, "there is no file %s", path) :
		    err_sys(&c->err, errno, "%s cannot be read", path);
	p = ARENA_ARRAY(c->a, MAX_FILES, const char *);
	if (strcmp(path, "-") == 0 || !S_ISDIR(st.st_mode)) {
		p[n++] = path;
	} else {
		if ((dir = opendir(path)) == NULL)
			return err_sys(&c->err, errno, "%s cannot be read", path);
		while ((d = readdir(dir)) != NULL && n < MAX_FILES) {
			struct str name = str_z(d->d_name);

			if (str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml")))
				p[n++] = arena_z(c->a, arena_fmt(c->a, "%s/%s", path, d->d_name));
		}
		(void)closedir(dir);
		if (n == 0)
			return err_set(&c->err, RC_NOT_FOUND, "the folder %s has no file that ends in .yaml", path);
		qsort(p, n, sizeof(*p), by_name);
	}
	out->p = p;
	out->n = n;
	return RC_OK;
}

static enum rc apply_text(struct apply *p, const char *file, struct str text)
{
	struct source s = { .file = file };
	const struct value *docs;
	size_t n, i;
	enum rc rc;

	if ((rc = yaml_parse(p->c->a, file, text, &docs, &n, &p->c->err)) != RC_OK)
		return rc;
	for (i = 0; i < n; i++) {
		s.doc = &docs[i];
		if ((rc = apply_document(p, &s)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc apply_file(struct apply *p, const char *file)
{
	struct str text;
	enum rc rc = file_text(p->c, p->c->a, file, LIMIT_FILE_READ, &text);

	return rc == RC_OK ? apply_text(p, file, text) : rc;
}

/* In this order: a control names populations and parameters, a mapping names populations, and what is computed from
 * another population comes after it. */
static enum rc apply_content_to(struct apply *p, const struct content *content)
{
	static const struct {
		const char *name;
		int pass;
	} order[] = { { "framework.yaml", 0 }, { "criteria.yaml", 0 }, { "parameters.yaml", 0 }, { "populations/", 1 },
		{ "populations/", 2 }, { "completeness.yaml", 0 }, { "controls/", 0 }, { "mappings/", 0 } };
	struct arena *a = p->c->a;
	size_t i, k;
	enum rc rc = RC_OK;

	p->is_content = true;
	p->checked = arena_new();
	p->changes.a = a;
	for (k = 0; k < ARRAY_LEN(order); k++) {
		p->pass = order[k].pass;
		for (i = 0; i < content->n && rc == RC_OK; i++)
			if (str_starts(content->names[i], str_z(order[k].name)))
				rc = apply_text(p, arena_z(a, content->folder == NULL ? content->names[i] : arena_fmt(a, "%s/%.*s",
				    content->folder, STR_FMT(content->names[i]))), content->texts[i]);
	}
	arena_free(p->checked);
	return rc;
}

enum rc apply_content(struct cli *c, struct org *org, const struct content *content)
{
	struct apply p = { .c = c, .org = org, .state = org_state(org) };

	return apply_content_to(&p, content);
}

enum rc check_content(struct cli *c, const struct content *content)
{
	const struct org_env env = cli_env(c);
	struct apply p = { .c = c };
	enum rc rc;

	if ((rc = state_open("", DB_MEMORY, &env.hooks, &p.state, &c->err)) != RC_OK)
		return rc;
	if ((rc = state_begin(p.state, &c->err)) == RC_OK)
		rc = apply_content_to(&p, content);
	state_close(p.state);
	return rc;
}

static void summary(struct apply *p)
{
	if (p->c->json) {
		out_line("{\"added\":%zu,\"changed\":%zu,\"changes\":[%.*s],\"dry_run\":%s,"
		    "\"items\":%zu,\"joins\":%zu,\"reread\":[%.*s],\"same\":%zu}",
		    p->added, p->changed, (int)p->tells.n, (const char *)p->tells.p, p->dry_run ? "true" : "false", p->items,
		    p->joins, (int)p->differs.n, (const char *)p->differs.p, p->same);
		return;
	}
	if (p->tells.n > 0)
		(void)fwrite(p->tells.p, 1, p->tells.n, stdout);
	if (p->differs.n > 0)
		(void)fwrite(p->differs.p, 1, p->differs.n, stdout);
	out_line("%s%zu added, %zu changed, %zu as they were, %zu items, %zu joins", p->dry_run ? "would be: " : "", p->added,
	    p->changed, p->same, p->items, p->joins);
}

static enum rc apply_all(struct cli *c, struct org *org, char **files, size_t n_files, bool rederive, bool dry_run, bool quiet)
{
	struct apply p = { .c = c, .org = org, .state = org_state(org), .dry_run = dry_run, .quiet = quiet,
		.rederive = rederive, .checked = arena_new() };
	struct texts names;
	uint64_t first;
	size_t i, k;
	enum rc rc;

	p.changes.a = c->a;
	buf_init(&p.tells, LIMIT_FILE_READ);
	buf_init(&p.differs, LIMIT_FILE_READ);
	rc = org_edit_begin(org, &c->err);
	for (i = 0; i < n_files && rc == RC_OK; i++) {
		rc = expand(c, files[i], &names);
		for (k = 0; rc == RC_OK && k < names.n; k++)
			rc = apply_file(&p, names.p[k]);
	}
	if (rc == RC_OK && state_outdated(org_state(org)))
		rc = apply_preview(c, org, &p.differs);
	if (rc == RC_OK && !dry_run)
		rc = org_edit_end(org, &first, &c->err);
	arena_free(p.checked);
	if (rc == RC_OK && !quiet)
		summary(&p);
	if (rc != RC_OK && !dry_run)
		err_while(&c->err, "applying; nothing was applied");
	buf_done(&p.tells);
	buf_done(&p.differs);
	return rc;
}

enum rc apply_files(struct cli *c, struct org *org, char **files, size_t n_files, bool rederive, bool dry_run)
{
	return apply_all(c, org, files, n_files, rederive, dry_run, false);
}

enum rc apply_quietly(struct cli *c, struct org *org, char **files, size_t n_files)
{
	return apply_all(c, org, files, n_files, false, false, true);
}

enum rc apply_bundled(struct cli *c, struct org *org, const char *file, struct str text)
{
	struct apply p = { .c = c, .org = org, .state = org_state(org), .quiet = true, .checked = arena_new() };
	uint64_t first;
	enum rc rc;

	p.changes.a = c->a;
	if ((rc = org_edit_begin(org, &c->err)) == RC_OK && (rc = apply_text(&p, file, text)) == RC_OK)
		rc = org_edit_end(org, &first, &c->err);
	arena_free(p.checked);
	return rc;
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	bool dry_run = false, rederive = false;
	const struct option_def defs[] = { { "--dry-run", OPTION_FLAG, &dry_run }, { "--rederive", OPTION_FLAG, &rederive } };
	struct org *org = NULL;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc == 0)
		return cli_usage(c, "apply needs a file or a folder of YAML files");
	if ((rc = cli_open(c, ORG_WRITE, &org)) != RC_OK)
		return rc;
	rc = apply_files(c, org, argv, (size_t)argc, rederive, dry_run);
	if (rc == RC_OK && !dry_run)
		return org_close(org, &c->err);
	org_abandon(org);
	return rc;
}

const struct command command_apply = {
	"apply", "[--dry-run] [--rederive] FILE…|DIR", "scope, controls, tests, registers and items from YAML files",
	"Files hold YAML documents, each with \"kind\": scope, population, parameter, control, completeness, mapping, item,\n"
	"exclusion, identity, identity_rule, join or split.\n"
	"Everything in all files is checked first; when one document is wrong nothing is applied, and the message names\n"
	"file, line and column.  What is as it was already adds nothing.\n\n"
	"  --dry-run    show what would change and write nothing\n"
	"  --rederive   a mapping is for records as well that were taken in before: their items are made anew by it, and what\n"
	"               changes is shown; without it only what comes is read by the new mapping\n\n"
	"A control with the id of one that is there replaces it; an item with the key of one that is there is a new\n"
	"version of it.  identity joins what is one person: {kind: identity, same: [\"github.login:ada\",\n"
	"\"email:ada@example.com\"], reason: staff list}; {kind: split, apart: [A, B]} says that two are not one, whatever joined\n"
	"them.  {kind: identity_rule, name: NAME, from: okta.login, to: email} joins each identity of a kind with the equal one\n"
	"of another.",
	run,
};

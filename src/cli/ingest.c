/* ingest: files, folders or standard input taken in from a source.  Dated folders are extractions of that day. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/demo_files.h"
#include "cli/ingest.h"
#include "collect/catalogue.h"

enum { MOST_FILES = 100000 };

struct file {
	const char *path;
	struct str bytes;               /* of a bundled one */
	struct str name;                /* as recorded: below the folder that was named */
	bool has_date;
	int64_t day;
};

struct files {
	struct file *p;
	size_t n, room;
};

/* A date that a path names, the last one: snapshots/2024-01-01_c147/org.yaml. */
static bool date_in(struct str path, int64_t *day)
{
	bool found = false;
	size_t i;

	for (i = 0; i + 10 <= path.n; i++) {
		if ((i > 0 && path.p[i - 1] >= '0' && path.p[i - 1] <= '9') ||
		    (i + 10 < path.n && path.p[i + 10] >= '0' && path.p[i + 10] <= '9'))
			continue;
		found = date_parse(str_sub(path, i, 10), day) || found;
	}
	return found;
}

static void file_add(struct cli *c, struct files *f, const char *path, struct str name)
{
	struct file *more;

	if (f->n == f->room) {
		f->room = f->room == 0 ? 64 : f->room * 2;
		more = ARENA_ARRAY(c->a, f->room, struct file);
		if (f->n > 0)
			memcpy(more, f->p, f->n * sizeof(*more));
		f->p = more;
	}
	memset(&f->p[f->n], 0, sizeof(f->p[f->n]));
	f->p[f->n].path = path;
	f->p[f->n].name = name;
	f->p[f->n].has_date = date_in(name, &f->p[f->n].day);
	f->n++;
}

/* Each member of a zip is a file of its own. */
static enum rc walk_zip(struct cli *c, struct files *f, const char *path, struct str name)
{
	struct str *names;
	size_t n, i;
	enum rc rc;

	if ((rc = zip_members(c->a, path, &names, &n, &c->err)) != RC_OK)
		return rc;
	if (zip_is_document(names, n))
		return err_set(&c->err, RC_INVALID, "%s is a document of Office, which is not read as it is: save the sheet as CSV", path);
	for (i = 0; i < n; i++)
		file_add(c, f, arena_z(c->a, arena_fmt(c->a, "%s!/%.*s", path, STR_FMT(names[i]))),
		    arena_fmt(c->a, "%.*s/%.*s", STR_FMT(name), STR_FMT(names[i])));
	return RC_OK;
}

static enum rc walk(struct cli *c, struct files *f, const char *path, struct str name, unsigned depth)
{
	struct str *names;
	struct stat st, own;
	size_t n, i;
	enum rc rc;

	if (strcmp(path, "-") == 0) {
		file_add(c, f, path, STR("-"));
		return RC_OK;
	}
	if (stat(path, &st) != 0 && strstr(path, "!/") != NULL) {       /* a member of a zip, named by hand */
		file_add(c, f, path, name);
		return RC_OK;
	}
	if (stat(path, &st) != 0)
		return errno == ENOENT ? err_set(&c->err, RC_NOT_FOUND, "there is no file %s", path) :
		    err_sys(&c->err, errno, "%s cannot be read", path);
	if (!S_ISDIR(st.st_mode)) {
		if (S_ISREG(st.st_mode) && zip_is(path))
			return walk_zip(c, f, path, name);
		file_add(c, f, path, name);
		return RC_OK;
	}
	if (stat(c->dir, &own) == 0 && own.st_dev == st.st_dev && own.st_ino == st.st_ino)
		return cli_usage(c, "%s is the organization's own folder: what is taken in must come from elsewhere", path);
	if (depth > 16 || f->n > MOST_FILES)
		return err_set(&c->err, RC_LIMIT, "%s holds too many files or folders", path);
	if ((rc = folder_list(c->a, path, MOST_FILES, &names, &n, &c->err)) != RC_OK)
		return rc;
	for (i = 0; i < n; i++) {
		if (names[i].p[0] == '.')
			continue;
		rc = walk(c, f, arena_z(c->a, arena_fmt(c->a, "%s/%.*s", path, STR_FMT(names[i]))),
		    arena_fmt(c->a, "%.*s/%.*s", STR_FMT(name), STR_FMT(names[i])), depth + 1);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static struct str base_name(struct str path)
{
	size_t i = path.n;

	while (i > 0 && path.p[i - 1] == '/')
		i--;
	path.n = i;
	while (i > 0 && path.p[i - 1] != '/')
		i--;
	return str_sub(path, i, path.n);
}

static void told(void *ctx, uint64_t records, uint64_t bytes)
{
	progress(ctx, "%llu records, %llu MB", (unsigned long long)records, (unsigned long long)(bytes >> 20));
}

static void acked(void *ctx, uint64_t index, const uint8_t leaf[32])
{
	char hex[65];

	(void)ctx;
	hex_put(hex, leaf, 32);
	hex[64] = 0;
	(void)printf("acked %llu %s\n", (unsigned long long)index, hex);
	(void)fflush(stdout);
}

static void outcome(struct cli *c, const struct file *f, const struct ingest_outcome *o, bool quiet)
{
	struct buf b;

	if (c->json) {
		buf_init(&b, 1 << 16);
		buf_fmt(&b, "{\"complete\":%s,\"duplicate\":%llu,\"file\":", o->complete ? "true" : "false",
		    (unsigned long long)o->duplicate);
		json_put_str(&b, f->name);
		buf_fmt(&b, ",\"in\":%llu,\"ingest\":%llu,\"kept\":%llu,\"no_item\":%llu,\"null_key\":%llu,\"rejected\":%llu,\"stopped\":",
		    (unsigned long long)o->in, (unsigned long long)o->open_index, (unsigned long long)o->kept,
		    (unsigned long long)o->no_item, (unsigned long long)o->null_key, (unsigned long long)o->rejected);
		if (o->complete)
			buf_z(&b, "null");
		else
			json_put_str(&b, str_z(o->why));
		buf_c(&b, '}');
		out_json(&b);
		buf_done(&b);
		return;
	}
	if (!quiet) {
		out_line("%.*s: %llu records, %llu new, %llu known already, %llu rejected%s", STR_FMT(f->name),
		    (unsigned long long)o->in, (unsigned long long)o->kept, (unsigned long long)o->duplicate,
		    (unsigned long long)o->rejected, o->complete ? "" : ", NOT COMPLETE");
		if (o->no_item > 0)
			out_line("  %llu records hold no item by the mapping's rules; they are kept", (unsigned long long)o->no_item);
		if (o->null_key > 0)
			out_line("  %llu items lack a part of their key, which counts as empty", (unsigned long long)o->null_key);
	}
	if (o->rejected > 0)
		(void)fprintf(stderr, "tickmark: %s: %llu records were rejected and kept as such; the first: %s\n", f->path,
		    (unsigned long long)o->rejected, o->first_reason);
	if (o->rejected > 0 && o->kept + o->duplicate == 0)
		(void)fprintf(stderr, "tickmark: %s: none of its records could be read: if it is another source's, tickmark withdraw lists "
		    "what was taken in and takes it out again\n", f->path);
	if (!o->complete)
		(void)fprintf(stderr, "tickmark: %s: not complete: %s; what came before is kept, but shows no absence and covers "
		    "no day\n", f->path, o->why);
}

/* What could have been meant: the sources whose records the file seems to hold. */
static enum rc with_suggestion(struct cli *c, struct org *org, const struct ingest_how *how, enum rc rc)
{
	const struct source_input in = { how->path, how->file, how->bytes };
	struct catalogue all;
	struct str fitting;
	struct err ignored;
	char msg[700];

	err_init(&ignored);
	if (rc != RC_INVALID || catalogue_of(org_state(org), c->a, &all, &ignored) != RC_OK)
		return rc;
	fitting = catalogue_suggestion(&all, c->a, &in, zone_utc());
	if (fitting.p == NULL || str_eq(fitting, how->source))
		return rc;
	(void)snprintf(msg, sizeof(msg), "%.690s", c->err.msg);
	return err_set(&c->err, rc, "%s; the file fits %.*s", msg, STR_FMT(fitting));
}

static enum rc ingest_files(struct cli *c, struct org *org, const struct ingest_how *base, const struct files *files,
    bool acks, bool quiet, struct ingest_outcome *total)
{
	struct ingest_outcome o;
	struct ingest_how how;
	bool found_something = false;
	size_t i;
	enum rc rc;

	for (i = 0; i < files->n; i++) {
		how = *base;
		how.path = files->p[i].path;
		how.bytes = files->p[i].bytes;
		how.file = files->p[i].name;
		how.acked = acks ? acked : NULL;
		how.told = c->is_progress ? told : NULL;
		how.ctx = c;
		if (!how.has_extracted && files->p[i].has_date) {
			how.has_extracted = true;
			how.extracted_us = zone_day_start_us(state_zone(org_state(org)), files->p[i].day);
		}
		rc = ingest_file(org, &how, &o, &c->err);
		progress_end(c);
		if (rc != RC_OK && i > 0)
			err_while(&c->err, "taking in file %zu of %zu; those before it are taken in", i + 1, files->n);
		if (rc != RC_OK)
			return with_suggestion(c, org, &how, rc);
		outcome(c, &files->p[i], &o, quiet);
		found_something = found_something || o.rejected > 0 || !o.complete;
		total->in += o.in;
		total->kept += o.kept;
		total->duplicate += o.duplicate;
		total->rejected += o.rejected;
	}
	return found_something ? RC_FINDING : RC_OK;
}

enum rc ingest_paths(struct cli *c, struct org *org, const struct ingest_how *base, char **paths, size_t n, bool acks,
    bool quiet, struct ingest_outcome *total)
{
	struct files files = { 0 };
	size_t i;
	enum rc rc;

	for (i = 0; i < n; i++)
		if ((rc = walk(c, &files, paths[i], base_name(str_z(paths[i])), 0)) != RC_OK)
			return rc;
	if (files.n > 1 && base->has_stated)
		return cli_usage(c, "--stated-count is what the source says of one file, and these are %zu", files.n);
	if (files.n == 0)
		return err_set(&c->err, RC_NOT_FOUND, "there are no files in %s", paths[0]);
	return ingest_files(c, org, base, &files, acks, quiet, total);
}

enum rc ingest_named(struct cli *c, struct org *org, const struct ingest_how *base, const char *path,
    struct ingest_outcome *total)
{
	struct files files = { 0 };
	enum rc rc = walk(c, &files, path, base->file, 0);

	return rc == RC_OK ? ingest_files(c, org, base, &files, false, false, total) : rc;
}

enum rc ingest_bundled(struct cli *c, struct org *org, const struct ingest_how *base, struct str path,
    struct ingest_outcome *total)
{
	struct files files = { 0 };
	size_t i;

	for (i = 0; i < demo_files_n; i++) {
		struct str name = str_z(demo_files[i].name);
		size_t before = path.n - base_name(path).n;

		if (!str_starts(name, path) || (name.n > path.n && name.p[path.n] != '/'))
			continue;
		file_add(c, &files, demo_files[i].name, str_sub(name, before, name.n));
		files.p[files.n - 1].bytes = (struct str){ demo_files[i].bytes, demo_files[i].n };
	}
	if (files.n > 1 && base->has_stated)
		return cli_usage(c, "--stated-count is what the source says of one file, and these are %zu", files.n);
	if (files.n == 0)
		return err_set(&c->err, RC_NOT_FOUND, "there is no bundled file %.*s", STR_FMT(path));
	return ingest_files(c, org, base, &files, false, true, total);
}

enum rc ingest_covers(struct cli *c, struct org *org, const char *text, struct ingest_how *how)
{
	const struct zone *z = state_zone(org_state(org));
	struct str rest = str_z(text);
	ptrdiff_t dots = str_find(rest, STR(".."));
	int64_t day;
	enum rc rc;
	char *from, *to;

	if (dots < 0)
		return cli_usage(c, "--covers takes FROM..TO, for example 2024-01-01..2024-06-30, not \"%s\"", text);
	from = arena_z(c->a, str_sub(rest, 0, (size_t)dots));
	to = arena_z(c->a, str_sub(rest, (size_t)dots + 2, rest.n));
	if ((rc = cli_instant(c, z, "--covers", from, &how->covers_from_us)) != RC_OK)
		return rc;
	if (date_parse(str_z(to), &day))
		how->covers_to_us = zone_day_start_us(z, day + 1);      /* the last day is inside */
	else if ((rc = cli_instant(c, z, "--covers", to, &how->covers_to_us)) != RC_OK)
		return rc;
	if (how->covers_from_us >= how->covers_to_us)
		return cli_usage(c, "the window of --covers ends before it begins");
	how->has_covers = true;
	return RC_OK;
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	struct ingest_outcome total = { 0 };
	const char *covers = NULL, *extracted = NULL, *instance = "", *stated = NULL;
	struct ingest_how how = { 0 };
	bool acks = false;
	const struct option_def defs[] = { { "--covers", OPTION_TEXT, &covers }, { "--extracted-at", OPTION_TEXT, &extracted },
		{ "--instance", OPTION_TEXT, &instance }, { "--partial", OPTION_FLAG, &how.is_partial },
		{ "--stated-count", OPTION_TEXT, &stated }, { "--acks", OPTION_FLAG, &acks } };
	struct org *org = NULL;
	struct err at_close;
	enum rc rc, closed;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc < 2)
		return cli_usage(c, "ingest needs a source and files; tickmark sources lists the sources");
	how.has_stated = stated != NULL;
	if (stated != NULL && !num_u64(str_z(stated), INT64_MAX, &how.stated))
		return cli_usage(c, "--stated-count takes a number of records, not \"%s\"", stated);
	if ((rc = cli_open(c, ORG_WRITE, &org)) != RC_OK)
		return rc;
	how.source = str_z(argv[0]);
	how.instance = str_z(instance);
	if (covers != NULL)
		rc = ingest_covers(c, org, covers, &how);
	if (rc == RC_OK && extracted != NULL) {
		how.has_extracted = true;
		rc = cli_instant(c, state_zone(org_state(org)), "--extracted-at", extracted, &how.extracted_us);
	}
	if (rc == RC_OK)
		rc = ingest_paths(c, org, &how, argv + 1, (size_t)argc - 1, acks, acks, &total);
	if (rc != RC_OK && rc != RC_FINDING && rc_exit(rc) != 2) {
		org_abandon(org);
		return rc;
	}
	err_init(&at_close);
	closed = org_close(org, &at_close);
	if (closed != RC_OK && rc_exit(rc) < 2) {
		c->err = at_close;
		return closed;
	}
	return rc;
}

const struct command command_ingest = {
	"ingest", "SOURCE FILE…", "take in files, folders or standard input (-)",
	"Reads plain, gzip and zstd.  A folder is read with all that is in it; a date in a path (snapshots/2024-01-01/…) is\n"
	"the day on which the listing was read at its source.\n\n"
	"  --covers FROM..TO   the window that the files cover, both days included; without it nothing is known of days\n"
	"                      without records\n"
	"  --extracted-at T    when they were read at their source\n"
	"  --instance NAME     which of several such sources\n"
	"  --partial           the absence of something means nothing\n"
	"  --stated-count N    how many records the source says are in the file; another number read is told, and kept\n"
	"  --acks              print \"acked INDEX LEAF\" after each sync\n\n"
	"What was taken in before is recognised and not kept twice.  Records that cannot be read are kept as rejected, with\n"
	"the reason, and the exit status is 1.",
	run,
};

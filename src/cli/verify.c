/* verify: the whole folder against what it must be, the database against a replay; names what was altered. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/archive.h"
#include "base/file.h"
#include "cli/bundle.h"
#include "ledger/verify.h"
#include "report/terminal.h"

struct verifying {
	struct cli *c;
	struct terminal term;
	uint64_t per_row[VERIFY_ROWS], told;
	struct buf all;
	bool tsa_given;
};

static void found(void *ctx, const struct finding *f)
{
	struct verifying *v = ctx;
	char entry[40] = "";

	v->per_row[f->row] += !f->is_notice;
	if (v->c->json) {
		buf_z(&v->all, v->all.n > 1 ? "," : "");
		buf_fmt(&v->all, "{\"entry\":");
		if (f->has_entry)
			buf_fmt(&v->all, "%llu", (unsigned long long)f->entry);
		else
			buf_z(&v->all, "null");
		buf_z(&v->all, ",\"file\":");
		json_put_str(&v->all, str_z(f->file));
		buf_fmt(&v->all, ",\"notice\":%s,\"offset\":%llu,\"verdict\":\"%s\",\"words\":", f->is_notice ? "true" : "false",
		    (unsigned long long)f->offset, f->is_notice ? "NOTICE" : verdict_name(f->verdict));
		json_put_str(&v->all, str_z(f->words));
		buf_c(&v->all, '}');
		return;
	}
	if (++v->told > 200)
		return;
	if (f->has_entry)
		(void)snprintf(entry, sizeof(entry), ", entry %llu", (unsigned long long)f->entry);
	put_tone(&v->term, f->is_notice ? TONE_WARN : TONE_BAD, "%-8s", f->is_notice ? "notice" : verdict_name(f->verdict));
	out_line(" %s, byte %llu%s: %s", f->file, (unsigned long long)f->offset, entry, f->words);
}

static void database_difference(void *ctx, const char *table, struct str key)
{
	struct finding f = { .row = ROW_DATABASE, .file = "state.db", .verdict = VERDICT_ALTERED };
	char words[400];

	if (str_starts(key, STR("the database said")))
		(void)snprintf(words, sizeof(words), "table %s cannot be read: %.*s", table, (int)(key.n < 300 ? key.n : 300), key.p);
	else
		(void)snprintf(words, sizeof(words), "table %s, key %.*s differs from what the ledger gives", table,
		    (int)(key.n < 200 ? key.n : 200), key.p != NULL ? key.p : "");
	f.words = words;
	found(ctx, &f);
}

/* The files are copied, so that looking changes nothing, and a journal that a crash left is taken into account. */
static enum rc copy_database(struct cli *c, const char *folder, struct err *e)
{
	static const char *const names[] = { "state.db", "state.db-wal", "state.db-journal" };
	struct arena *a = arena_new();
	struct str bytes;
	char from[LIMIT_PATH], to[LIMIT_PATH];
	size_t i;
	enum rc rc = RC_OK;

	for (i = 0; i < ARRAY_LEN(names) && rc == RC_OK; i++) {
		(void)snprintf(from, sizeof(from), "%.3900s/%s", c->dir, names[i]);
		(void)snprintf(to, sizeof(to), "%.3900s/%s", folder, names[i]);
		if (!file_exists(from))
			continue;
		arena_reset(a);
		if ((rc = file_read(a, from, (size_t)64 << 30, &bytes, e)) == RC_OK)
			rc = file_write(to, bytes.p, bytes.n, e);
	}
	arena_free(a);
	return rc;
}

static void forget(const char *folder)
{
	static const char *const names[] = { "state.db", "state.db-wal", "state.db-shm", "state.db-journal", "replay.db",
		"replay.db-wal", "replay.db-shm", "replay.db-journal" };
	char path[LIMIT_PATH];
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof(path), "%.3900s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

static enum rc check_database(struct verifying *v, struct provider *p, uint64_t *differences)
{
	const struct org_env env = cli_env(v->c);
	struct org_replayed r;
	const char *temporary = getenv("TMPDIR");
	char folder[LIMIT_PATH];
	struct finding f = { .row = ROW_DATABASE, .file = "state.db", .verdict = VERDICT_ALTERED };
	struct err why;
	enum rc rc;

	(void)snprintf(folder, sizeof(folder), "%.3900s/tickmark-verify-XXXXXX", temporary != NULL ? temporary : "/tmp");
	if (mkdtemp(folder) == NULL)
		return err_set(&v->c->err, RC_IO, "no temporary folder can be made; set TMPDIR to one with room");
	err_init(&why);
	memset(&r, 0, sizeof(r));
	rc = copy_database(v->c, folder, &v->c->err);
	if (rc == RC_OK)
		rc = org_replay_beside(v->c->dir, folder, p, &env, &r, &why);
	else
		provider_close(p);
	if (rc == RC_NOT_FOUND || rc == RC_ALTERED || rc == RC_CONFLICT || rc == RC_INVALID) {
		f.words = why.msg;
		f.verdict = rc == RC_NOT_FOUND ? VERDICT_MISSING : VERDICT_ALTERED;
		found(v, &f);
		(*differences)++;
		rc = RC_OK;
	} else if (rc == RC_OK) {
		if (r.lag > 0) {
			char words[120];

			(void)snprintf(words, sizeof(words), "it lags behind the ledger by %llu entries", (unsigned long long)r.lag);
			f.is_notice = true;
			f.words = words;
			found(v, &f);
		}
		rc = state_compare(r.stored, r.replayed, v->c->a, database_difference, v, differences, &v->c->err);
	} else {
		v->c->err = why;
	}
	org_replayed_done(&r);
	forget(folder);
	return rc;
}

struct str stamps_json(struct cli *c, const struct anchor *k, size_t n)
{
	struct str out;
	struct buf b;
	size_t i;

	buf_init(&b, LIMIT_FILE_READ);
	buf_c(&b, '[');
	for (i = 0; i < n; i++) {
		buf_z(&b, i > 0 ? ",{\"at\":" : "{\"at\":");
		json_put_str(&b, instant_fmt(c->a, k[i].stamp.at_us));
		buf_z(&b, ",\"authority\":");
		json_put_str(&b, k[i].stamp.authority);
		buf_fmt(&b, ",\"entries\":%llu,\"trusted\":%s}", (unsigned long long)k[i].size, k[i].stamp.is_trusted ? "true" : "false");
	}
	buf_c(&b, ']');
	out = arena_str(c->a, buf_view(&b));
	buf_done(&b);
	return out;
}

void put_stamps(struct cli *c, const struct anchor *k, size_t n, bool tsa_given)
{
	size_t i;

	for (i = 0; i < n; i++)
		out_line("The first %llu entries stood as they are at %.*s, says %.*s%s.", (unsigned long long)k[i].size,
		    STR_FMT(instant_fmt(c->a, k[i].stamp.at_us)), STR_FMT(k[i].stamp.authority), k[i].stamp.is_trusted ?
		    ", whom you trust" : tsa_given ? ", who is none of those whom you trust" :
		    "; give --tsa FILE to judge its certificate");
}

static void table(struct verifying *v, const struct verify_outcome *o, bool with_database, bool with_key)
{
	static const char *const heads[] = { "what", "checked", "findings", "how" };
	static const char *const how[VERIFY_ROWS] = { "recomputed from the log, byte for byte", "signature, form, root",
		"chain, roots, zeros; MAC with the key", "digest of the stored bytes", "each row named by an entry; unwrapped with the key",
		"checksum, root, chain", "in clear; every row compared with a replay of the ledger",
		"nothing that Tickmark did not write" };
	struct table *t = table_new(v->c->a, heads, 4);
	size_t i;

	table_right(t, 1);
	table_right(t, 2);
	for (i = 0; i < VERIFY_ROWS; i++) {
		bool skipped = i == ROW_DATABASE && !with_database;

		table_cell(t, TONE_PLAIN, str_z(verify_row_name((enum verify_row)i)));
		table_cell(t, TONE_PLAIN, skipped ? STR("-") : i == ROW_DATABASE ? STR("all") :
		    arena_fmt(v->c->a, "%llu", (unsigned long long)o->checked[i]));
		table_cell(t, v->per_row[i] > 0 ? TONE_BAD : TONE_GOOD, skipped ? STR("-") :
		    arena_fmt(v->c->a, "%llu", (unsigned long long)v->per_row[i]));
		table_cell(t, TONE_DIM, skipped ? STR("not looked at: without the key nothing can be replayed") : str_z(how[i]));
	}
	(void)table_print(t, &v->term);
	(void)with_key;
}

static enum rc told(struct verifying *v, const struct verify_outcome *o, bool with_database, uint64_t differences)
{
	uint64_t findings = o->findings, i;

	for (i = findings = 0; i < VERIFY_ROWS; i++)
		findings += v->per_row[i];
	(void)differences;
	if (v->c->json) {
		buf_c(&v->all, ']');
		out_line("{\"checkpointed\":%llu,\"entries\":%llu,\"findings\":%.*s,\"pinned\":%s,\"stamps\":%.*s,"
		    "\"verdict\":\"%s\",\"vkey\":\"%.*s\"}",
		    (unsigned long long)o->checkpointed, (unsigned long long)o->entries, (int)v->all.n, (const char *)v->all.p,
		    o->pinned ? "true" : "false", STR_FMT(stamps_json(v->c, o->stamps, o->n_stamps)), findings > 0 ?
		    "ALTERED" : "INTACT", STR_FMT(o->vkey));
		return findings > 0 ? RC_FINDING : RC_OK;
	}
	if (v->told > 200)
		out_line("… and %llu more; --json gives all", (unsigned long long)(v->told - 200));
	table(v, o, with_database, with_database);
	(void)putchar('\n');
	out_line("%llu entries, %llu of them under the newest checkpoint.", (unsigned long long)o->entries,
	    (unsigned long long)o->checkpointed);
	put_stamps(v->c, o->stamps, o->n_stamps, v->tsa_given);
	if (findings > 0)
		put_tone(&v->term, TONE_BAD, "NOT INTACT: %llu findings", (unsigned long long)findings);
	else
		put_tone(&v->term, TONE_GOOD, "INTACT");
	out_line("%s", o->pinned ? ", and the history is the one that was signed then." : "; head not pinned: everything agrees with "
	    "itself, which somebody with the signing key could also arrange.");
	if (!o->pinned)
		out_line("Give --since FILE --vkey KEY, a checkpoint that was kept elsewhere, to rule that out.");
	return findings > 0 ? RC_FINDING : RC_OK;
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	const char *since = NULL, *vkey = NULL;
	const char *tsa = NULL;
	bool no_key = false, reperform = false;
	const struct option_def defs[] = { { "--since", OPTION_TEXT, &since }, { "--vkey", OPTION_TEXT, &vkey },
		{ "--tsa", OPTION_TEXT, &tsa },
		{ "--without-key", OPTION_FLAG, &no_key }, { "--reperform", OPTION_FLAG, &reperform } };
	struct verifying v = { .c = c, .term = terminal_of(stdout) };
	struct verify_how how = { .found = found, .ctx = &v };
	struct verify_outcome o;
	struct key_source k;
	struct provider *p = NULL;
	uint64_t differences = 0;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc > 1)
		return cli_usage(c, "verify takes one folder");
	if (tsa != NULL && (rc = file_text(c, c->a, tsa, NOTE_MAX, &how.trusted)) != RC_OK)
		return rc;
	if (argc == 1)
		cli_set_dir(c, argv[0]);
	if (argc == 1 && archive_looks_like(argv[0])) {
		if (since != NULL && vkey == NULL)
			return cli_usage(c, "--since needs --vkey: the key to judge that checkpoint with");
		return bundle_verify(c, argv[0], since, vkey, how.trusted, reperform);
	}
	if (reperform)
		return cli_usage(c, "--reperform is for a bundle, FILE.zip; for a folder, rebuild and test do it");
	if ((since != NULL) != (vkey != NULL))
		return cli_usage(c, "--since and --vkey go together: a checkpoint held elsewhere, and the key to judge it with");
	if (since != NULL && (rc = file_text(c, c->a, since, NOTE_MAX, &how.since)) != RC_OK)
		return rc;
	how.vkey = str_z(vkey);
	v.tsa_given = tsa != NULL;
	if (!no_key && ((rc = cli_key_source(c, &k)) != RC_OK || (rc = org_key(c->dir, &k, &p, &c->err)) != RC_OK))
		return rc;
	how.provider = p;
	buf_init(&v.all, LIMIT_FILE_READ);
	buf_c(&v.all, '[');
	rc = ledger_verify(c->dir, c->a, &how, &o, &c->err);
	if (rc == RC_OK && p != NULL && v.per_row[ROW_FRAMES] + v.per_row[ROW_KEYS] + v.per_row[ROW_HEAD] +
	    v.per_row[ROW_CHECKPOINT] + v.per_row[ROW_PARTS] == 0) {
		rc = check_database(&v, p, &differences);
		p = NULL;
		if (rc == RC_OK)
			rc = told(&v, &o, true, differences);
	} else if (rc == RC_OK) {
		rc = told(&v, &o, false, 0);
	}
	provider_close(p);
	buf_done(&v.all);
	return rc;
}

const struct command command_verify = {
	"verify", "[DIR|FILE.zip]", "that nothing stored was altered",
	"Looks at every byte of the folder, or of a bundle, and writes nothing.  What was altered, is missing or does not\n"
	"belong is named with file, byte, entry and verdict, and the exit status is 1.\n\n"
	"  --since FILE --vkey KEY   a checkpoint held elsewhere: that nothing before it was rewritten since\n"
	"  --tsa FILE                certificates of time stamping authorities that you trust (PEM): whose time stamps count\n"
	"  --reperform               of a bundle: every test run again from the raw records, each result compared\n"
	"  --without-key             only what can be checked without the organization's key",
	run,
};

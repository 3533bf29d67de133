/* withdraw: a file that was wrong is taken out again: its records stay in the ledger and count no more. */
#include "cli/cli.h"

#include <string.h>

#include "base/time.h"
#include "report/terminal.h"

enum { LISTED = 40 };

/* ---- what could be withdrawn */
static enum rc put_list(struct cli *c, struct stmt *st, struct table *t, struct buf *b)
{
	size_t n = 0;
	bool row;
	enum rc rc;

	buf_c(b, '[');
	while ((rc = stmt_step(st, &row, &c->err)) == RC_OK && row) {
		const struct value *close = NULL, *kept;
		struct err ignored;
		struct str count = STR("?"), state;

		err_init(&ignored);
		if (!column_is_null(st, 5) && json_parse(c->a, arena_str(c->a, column_text(st, 5)), &close, &ignored) == RC_OK &&
		    (kept = value_get(value_get(close, "counts"), "kept")) != NULL)
			count = kept->text;
		state = column_i64(st, 6) >= 0 ? arena_fmt(c->a, "withdrawn by entry %lld", (long long)column_i64(st, 6)) :
		    close == NULL ? STR("did not end") : STR("");
		buf_fmt(b, "%s{\"entry\":%lld,\"file\":", n++ > 0 ? "," : "", (long long)column_i64(st, 0));
		json_put_str(b, column_text(st, 3));
		buf_z(b, ",\"instance\":");
		json_put_str(b, column_text(st, 2));
		buf_fmt(b, ",\"kept\":%.*s,\"received\":", STR_FMT(close != NULL ? count : STR("null")));
		json_put_str(b, instant_fmt(c->a, column_i64(st, 4)));
		buf_z(b, ",\"source\":");
		json_put_str(b, column_text(st, 1));
		if (column_i64(st, 6) >= 0)
			buf_fmt(b, ",\"withdrawn_by\":%lld}", (long long)column_i64(st, 6));
		else
			buf_z(b, ",\"withdrawn_by\":null}");
		table_cell(t, TONE_STRONG, arena_fmt(c->a, "%lld", (long long)column_i64(st, 0)));
		table_cell(t, TONE_PLAIN, arena_str(c->a, column_text(st, 1)));
		table_cell(t, TONE_PLAIN, arena_str(c->a, column_text(st, 2)));
		table_cell(t, TONE_PLAIN, str_sub(instant_fmt(c->a, column_i64(st, 4)), 0, 16));
		table_cell(t, TONE_PLAIN, count);
		table_cell(t, state.n > 0 ? TONE_WARN : TONE_PLAIN, state);
		table_cell(t, TONE_PLAIN, arena_str(c->a, column_text(st, 3)));
	}
	buf_c(b, ']');
	return rc;
}

static enum rc list(struct cli *c)
{
	static const char *const heads[] = { "ingest", "source", "instance", "received", "kept", "", "file" };
	struct terminal term = terminal_of(stdout);
	struct table *t = table_new(c->a, heads, ARRAY_LEN(heads));
	struct org *org = NULL;
	struct stmt *st = NULL;
	struct buf b;
	enum rc rc;

	if ((rc = cli_open(c, ORG_READ, &org)) != RC_OK)
		return rc;
	table_right(t, 0);
	table_right(t, 4);
	buf_init(&b, LIMIT_FILE_READ);
	rc = db_prepare(state_db(org_state(org)), arena_fmt(c->a, "SELECT * FROM (SELECT i.id, s.source, s.instance, i.file,"
	    " i.received_us, i.close, -1 FROM ingest i JOIN stream s ON s.id=i.stream UNION ALL SELECT w.ingest, s.source, s.instance,"
	    " w.file, w.open_us, w.close, w.entry FROM withdrawal w JOIN stream s ON s.id=w.stream) ORDER BY 1 DESC LIMIT %d",
	    c->json ? 1000000 : LISTED), &st, &c->err);
	if (rc == RC_OK)
		rc = put_list(c, st, t, &b);
	stmt_free(st);
	if (rc == RC_OK && c->json)
		out_json(&b);
	else if (rc == RC_OK && b.n == 2)
		out_line("Nothing was taken in yet.");
	else if (rc == RC_OK)
		(void)table_print(t, &term);
	buf_done(&b);
	org_abandon(org);
	return rc;
}

/* ---- withdrawing */
struct told {
	int64_t records, items;
	struct str source, instance, file, populations;
	int64_t later;                  /* ingests behind it that took some of its records for known ones */
};

static enum rc look(struct cli *c, struct org *org, int64_t ingest, struct told *out)
{
	struct db *db = state_db(org_state(org));
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	out->populations = STR("");
	if ((rc = db_i64(db, arena_z(c->a, arena_fmt(c->a, "SELECT count(*) FROM withdrawn WHERE ingest=%lld", (long long)ingest)), 0,
	    &out->records, &c->err)) != RC_OK ||
	    (rc = db_i64(db, arena_z(c->a, arena_fmt(c->a, "SELECT count(*) FROM ingest i JOIN withdrawal w ON w.stream=i.stream WHERE"
	    " w.ingest=%lld AND i.id>w.ingest AND i.id<w.entry AND json_extract(i.close,'$.counts.duplicate')>0",
	    (long long)ingest)), 0,
	    &out->later, &c->err)) != RC_OK || (rc = db_prepare(db, STR("SELECT s.source, s.instance, w.file FROM withdrawal w JOIN"
	    " stream s ON s.id=w.stream WHERE w.ingest=?1"), &st, &c->err)) != RC_OK)
		return rc;
	stmt_i64(st, 1, ingest);
	if ((rc = stmt_step(st, &row, &c->err)) == RC_OK && row) {
		out->source = arena_str(c->a, column_text(st, 0));
		out->instance = arena_str(c->a, column_text(st, 1));
		out->file = arena_str(c->a, column_text(st, 2));
	}
	stmt_free(st);
	st = NULL;
	if (rc != RC_OK || (rc = db_prepare(db, STR("SELECT wi.collection, count(DISTINCT wi.key) FROM withdrawn_item wi JOIN withdrawn"
	    " w ON w.entry=wi.entry WHERE w.ingest=?1 GROUP BY 1 ORDER BY 1"), &st, &c->err)) != RC_OK)
		return rc;
	stmt_i64(st, 1, ingest);
	while ((rc = stmt_step(st, &row, &c->err)) == RC_OK && row) {
		out->items += column_i64(st, 1);
		out->populations = arena_fmt(c->a, "%.*s%s%lld in %.*s", STR_FMT(out->populations), out->populations.n > 0 ? ", " : "",
		    (long long)column_i64(st, 1), STR_FMT(column_text(st, 0)));
	}
	stmt_free(st);
	return rc;
}

static void say(struct cli *c, int64_t ingest, uint64_t entry, const struct told *w)
{
	struct buf b;

	if (c->json) {
		buf_init(&b, LIMIT_RECORD);
		buf_fmt(&b, "{\"entry\":%llu,\"ingest\":%lld,\"items\":%lld,\"later_with_duplicates\":%lld,\"records\":%lld}",
		    (unsigned long long)entry, (long long)ingest, (long long)w->items, (long long)w->later, (long long)w->records);
		out_json(&b);
		buf_done(&b);
		return;
	}
	out_line("Withdrew %.*s%s%.*s, file %.*s, by entry %llu: its %lld record%s no more%s%.*s%s.", STR_FMT(w->source),
	    w->instance.n > 0 ? " / " : "", STR_FMT(w->instance), STR_FMT(w->file), (unsigned long long)entry, (long long)w->records,
	    w->records == 1 ? " counts" : "s count",
	    w->items > 0 ? " (items: " : "", STR_FMT(w->populations), w->items > 0 ? ")" : "");
	out_line("They stay in the ledger: tickmark show %lld.  What is taken in again counts as new.", (long long)ingest);
	if (w->later > 0)
		out_line("%lld later ingest%s of this source took records for known ones and did not keep them: if they were those of the\n"
		    "withdrawn file, take these files in again.", (long long)w->later, w->later == 1 ? "" : "s");
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	const char *reason = NULL;
	const struct option_def defs[] = { { "--reason", OPTION_TEXT, &reason } };
	struct org *org = NULL;
	struct told told;
	uint64_t ingest, first;
	struct buf b;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc == 0 && reason == NULL)
		return list(c);
	if (argc != 1 || !num_u64(str_z(argv[0]), INT64_MAX, &ingest))
		return cli_usage(c, "withdraw takes the entry that opened an ingest; withdraw alone lists them");
	if (reason == NULL || str_trim(str_z(reason)).n == 0)
		return cli_usage(c, "withdraw needs --reason TEXT: whoever reads the report asks why");
	if (!str_utf8_valid(str_z(reason), NULL) || strlen(reason) > 4000)
		return cli_usage(c, "--reason takes at most 4,000 bytes of UTF-8 text");
	if ((rc = cli_open(c, ORG_WRITE, &org)) != RC_OK)
		return rc;
	buf_init(&b, LIMIT_RECORD);
	buf_fmt(&b, "{\"entry\":%llu,\"reason\":", (unsigned long long)ingest);
	json_put_str(&b, str_z(reason));
	buf_c(&b, '}');
	if ((rc = org_edit_begin(org, &c->err)) != RC_OK || (rc = org_edit(org, KIND_WITHDRAWAL, buf_view(&b), &c->err)) != RC_OK ||
	    (rc = org_edit_end(org, &first, &c->err)) != RC_OK || (rc = look(c, org, (int64_t)ingest, &told)) != RC_OK) {
		buf_done(&b);
		org_abandon(org);
		return rc == RC_INVALID ? err_set(&c->err, RC_USAGE, "%.900s; withdraw alone lists what was taken in",
		    arena_z(c->a, str_z(c->err.msg))) : rc;
	}
	buf_done(&b);
	if ((rc = org_close(org, &c->err)) == RC_OK)
		say(c, (int64_t)ingest, first, &told);
	return rc;
}

const struct command command_withdraw = {
	"withdraw", "[INGEST --reason TEXT]", "take a file that was wrong out again; alone, list what was taken in",
	"  INGEST          the entry that opened it, as the list names it\n"
	"  --reason TEXT   why: it is kept, and the report names it\n\n"
	"Its records stay in the ledger and can be shown, but make no items and cover no day; what they said is undone, joins and\n"
	"identities that rested on them alone included, and the completeness record of each population names the withdrawal.\n"
	"The database is made anew for it.  A record that is taken in again counts as new.",
	run,
};

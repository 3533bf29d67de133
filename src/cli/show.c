/* show: an entry, down to the raw record, its fingerprint and its proof; prove: the proof alone.  Items: show_item.c */
#include "cli/show.h"

#include <string.h>

#include "report/terminal.h"

static void fingerprint(uint64_t index, const uint8_t leaf[32])
{
	char hex[65];

	hex_put(hex, leaf, 32);
	hex[64] = 0;
	out_line("Fingerprint  entry %llu, leaf %s", (unsigned long long)index, hex);
}

static void put_raw(const struct terminal *t, struct str raw)
{
	size_t i, most = raw.n < 4096 ? raw.n : 4096;

	for (i = 0; i < most; i++) {
		unsigned char ch = (unsigned char)raw.p[i];

		(void)putc(ch == '\n' || ch == '\t' || (ch >= 0x20 && ch != 0x7f) ? ch : '.', t->to);
	}
	(void)putc('\n', t->to);
	if (most < raw.n)
		put_tone(t, TONE_DIM, "… %zu more bytes; --raw gives all of them\n", raw.n - most);
}

static void put_ingest(struct cli *c, struct org *org, const struct opened *o, const struct terminal *t)
{
	const struct ingest *in;
	struct envelope env;
	struct err ignored;

	err_init(&ignored);
	if (envelope_get(o->envelope, &env, &ignored) != RC_OK)
		return;
	in = state_ingest(org_state(org), env.open_id);
	out_line("Position     byte %llu, %u bytes", (unsigned long long)env.position, env.raw_n);
	if (env.reason_code != 0)
		put_tone(t, TONE_BAD, "Rejected     %.*s\n", STR_FMT(env.reason));
	if (in == NULL)
		return;
	out_line("Source       %.*s%s%.*s, file %.*s, taken in by entry %lld", STR_FMT(in->source), in->instance.n > 0 ? " / " : "",
	    STR_FMT(in->instance), STR_FMT(in->file), (long long)in->id);
	if (in->is_withdrawn)
		put_tone(t, TONE_WARN, "Withdrawn    that ingest counts no more: nothing is made of this record\n");
	if (in->has_extracted)
		out_line("Read at      %.*s from its source", STR_FMT(instant_fmt(c->a, in->extracted_us)));
}

/* Whether the ingest that the entry opened counts no more. */
static enum rc put_withdrawal(struct cli *c, struct org *org, uint64_t index, const struct terminal *t)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(state_db(org_state(org)), STR("SELECT entry, reason FROM withdrawal WHERE ingest=?1"), &st, &c->err);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, (int64_t)index);
	if ((rc = stmt_step(st, &row, &c->err)) == RC_OK && row)
		put_tone(t, TONE_WARN, "Withdrawn    by entry %lld: %.*s\n", (long long)column_i64(st, 0), STR_FMT(column_text(st, 1)));
	stmt_free(st);
	return rc;
}

enum rc show_entry(struct cli *c, struct org *org, uint64_t index, bool raw)
{
	struct ledger *l = org_ledger(org);
	struct terminal t = terminal_of(stdout);
	struct opened o;
	struct str text;
	struct buf b;
	bool is_whole;
	enum rc rc;

	if ((rc = ledger_read(l, c->a, index, &o, &c->err)) != RC_OK)
		return rc;
	is_whole = o.raw.p != NULL || o.n_marks == 0;
	if (raw) {
		if (!is_whole)
			return err_set(&c->err, RC_FINDING, "entry %llu is not there as it was: parts of people are %s; without --raw it is "
			    "shown with a reference in their place", (unsigned long long)index, verdict_name(o.verdict));
		(void)fwrite(o.raw.p, 1, o.raw.n, stdout);
		return RC_OK;
	}
	text = is_whole ? o.raw : cut_shown(c->a, o.body, o.marks, o.n_marks);
	if (c->json) {
		buf_init(&b, LIMIT_FILE_READ);
		buf_fmt(&b, "{\"entry\":%llu,\"kind\":\"%s\",\"leaf\":\"", (unsigned long long)index, entry_kind_name(o.entry.kind));
		buf_hex(&b, o.leaf, 32);
		buf_fmt(&b, "\",\"parts\":%u,\"raw\":", o.entry.n);
		if (is_whole)
			json_put_str(&b, str_utf8_valid(o.raw, &(size_t){ 0 }) ? o.raw : STR(""));
		else
			buf_z(&b, "null");
		if (!is_whole) {
			buf_z(&b, ",\"reading\":");
			json_put_str(&b, text);
		}
		buf_z(&b, ",\"received\":");
		json_put_str(&b, instant_fmt(c->a, (int64_t)o.entry.received_ms * 1000));
		buf_fmt(&b, ",\"verdict\":\"%s\"}", verdict_name(o.verdict));
		out_json(&b);
		buf_done(&b);
		return o.verdict == VERDICT_INTACT ? RC_OK : RC_FINDING;
	}
	put_tone(&t, TONE_STRONG, "Entry %llu", (unsigned long long)index);
	out_line(", %s", entry_kind_name(o.entry.kind));
	fingerprint(index, o.leaf);
	out_line("Received     %.*s", STR_FMT(instant_fmt(c->a, (int64_t)o.entry.received_ms * 1000)));
	out_line("Covered by   %s", index < ledger_checkpointed(l) ? "the newest checkpoint; tickmark prove gives the proof" :
	    "no checkpoint yet");
	(void)fputs("Verdict      ", stdout);
	put_tone(&t, o.verdict == VERDICT_INTACT ? TONE_GOOD : TONE_BAD, "%s\n", verdict_name(o.verdict));
	if (o.entry.kind == KIND_EVIDENCE || o.entry.kind == KIND_REJECTED)
		put_ingest(c, org, &o, &t);
	if (o.entry.kind == KIND_INGEST && (rc = put_withdrawal(c, org, index, &t)) != RC_OK)
		return rc;
	if (o.entry.n > 1)
		out_line("Sealed as    the record without people, and %u of them, each under a key of its own", o.entry.n - 1);
	out_line("%s", "");
	put_raw(&t, text);
	return o.verdict == VERDICT_INTACT ? RC_OK : RC_FINDING;
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	bool raw = false;
	const struct option_def defs[] = { { "--raw", OPTION_FLAG, &raw } };
	struct org *org = NULL;
	struct str rest, collection;
	uint64_t index;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 1)
		return cli_usage(c, "show needs an entry's number or COLLECTION/KEY");
	if ((rc = cli_open(c, ORG_READ, &org)) != RC_OK)
		return rc;
	rest = str_z(argv[0]);
	if (num_u64(rest, UINT64_MAX, &index)) {
		rc = show_entry(c, org, index, raw);
	} else if (str_starts(rest, STR("subject:"))) {
		rc = show_subject(c, org, str_sub(rest, 8, rest.n));
	} else {
		collection = str_cut(&rest, '/');
		rc = rest.p == NULL ? cli_usage(c, "show needs an entry's number or COLLECTION/KEY") :
		    show_item(c, org, collection, rest);
	}
	org_abandon(org);
	return rc;
}

static enum rc run_prove(struct cli *c, int argc, char **argv)
{
	struct org *org = NULL;
	uint64_t index;
	struct buf b;
	enum rc rc;

	if ((rc = cli_options(c, NULL, 0, &argc, argv)) != RC_OK)
		return rc;
	if (argc != 1 || !num_u64(str_z(argv[0]), UINT64_MAX, &index))
		return cli_usage(c, "prove needs an entry's number");
	if ((rc = cli_open(c, ORG_READ, &org)) != RC_OK)
		return rc;
	buf_init(&b, 1 << 20);
	if ((rc = ledger_prove(org_ledger(org), c->a, index, &b, &c->err)) == RC_OK)
		out_text(c, "proof", buf_view(&b));
	buf_done(&b);
	org_abandon(org);
	return rc;
}

static void rebuilt(void *ctx, uint64_t done, uint64_t of)
{
	progress(ctx, "%llu of %llu entries", (unsigned long long)done, (unsigned long long)of);
}

static enum rc run_rebuild(struct cli *c, int argc, char **argv)
{
	struct org *org = NULL;
	enum rc rc;

	if ((rc = cli_options(c, NULL, 0, &argc, argv)) != RC_OK)
		return rc;
	if (argc != 0)
		return cli_usage(c, "rebuild takes no arguments");
	if ((rc = cli_open(c, ORG_WRITE, &org)) != RC_OK)
		return rc;
	rc = org_rebuild(org, rebuilt, c, &c->err);
	progress_end(c);
	if (rc == RC_OK && c->json)
		out_line("{\"entries\":%llu}", (unsigned long long)ledger_size(org_ledger(org)));
	else if (rc == RC_OK)
		out_line("The database was made anew from %llu entries.", (unsigned long long)ledger_size(org_ledger(org)));
	org_abandon(org);
	return rc;
}

const struct command command_show = {
	"show", "ENTRY|COLLECTION/KEY|subject:IDENTITY", "an entry or an item, down to the raw record; who is one person",
	"  --raw   the record's exact bytes and nothing else\n\n"
	"COLLECTION/KEY takes the key's parts with slashes, days and times as people write them, or the key as items --json\n"
	"prints it: 'change/[\"a\",\"b\"]'.  With an item stands what the tests say of it in the scope's period; a computed one\n"
	"shows the items that it was computed from.\n\n"
	"subject:email:ada@example.com shows the identities that are held to be one person, and by which rule or edit.",
	run,
};
const struct command command_prove = {
	"prove", "ENTRY", "an inclusion proof for one entry",
	"Prints a C2SP tlog-proof: the hashes from the entry's leaf to the root, and the signed checkpoint.", run_prove,
};
const struct command command_rebuild = {
	"rebuild", "", "the database anew from the ledger", "Replays every entry; the ledger is not touched.", run_rebuild,
};

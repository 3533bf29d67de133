/* bundle_name: names of a bundle's members, and its first page. */
#include <string.h>

#include "report/bundle.h"
#include "report/bundle_priv.h"

static void put_name(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n && i < 60; i++) {
		char c = s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
		    (c == '.' && i > 0))
			buf_c(b, c);
		else
			buf_fmt(b, "%%%02X", (unsigned)(uint8_t)c);
	}
}

static struct str name_of(struct arena *a, const char *folder, struct str first, const char *between, struct str second)
{
	struct buf b;
	struct str out;

	buf_init(&b, 4096);
	buf_z(&b, folder);
	put_name(&b, first);
	buf_z(&b, between);
	put_name(&b, second);
	buf_z(&b, ".json");
	out = arena_str(a, buf_view(&b));
	buf_done(&b);
	return out;
}

struct str bundle_definition_name(struct arena *a, struct str kind, struct str id)
{
	return name_of(a, "definitions/", kind, "/", id);
}

struct str bundle_result_name(struct arena *a, struct str control, struct str test)
{
	return name_of(a, "results/", control, ".", test);
}

struct str bundle_records_name(struct arena *a, uint64_t number)
{
	return arena_fmt(a, "records/%08llu.tmr", (unsigned long long)number);
}

void bundle_list_add(struct sha256 *to, uint64_t index, const uint8_t *shown, unsigned n)
{
	uint8_t at[8];

	put_u64(at, index);
	sha256_add(to, at, sizeof(at));
	if (n > 0)
		sha256_add(to, shown, n);
}

/* ---- the page */
static void put_html(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '&':
			buf_z(b, "&amp;");
			break;
		case '<':
			buf_z(b, "&lt;");
			break;
		case '>':
			buf_z(b, "&gt;");
			break;
		case '"':
			buf_z(b, "&quot;");
			break;
		default:
			buf_c(b, s.p[i]);
		}
	}
}

static void put_row(struct buf *b, const char *name, struct str value, bool code)
{
	buf_fmt(b, "<tr><th scope=\"row\">%s</th><td>%s", name, code ? "<code>" : "");
	put_html(b, value.n > 0 ? value : STR("none"));
	buf_fmt(b, "%s</td></tr>\n", code ? "</code>" : "");
}

void bundle_page_put(struct arena *a, const struct bundle_page *p, struct buf *b)
{
	buf_z(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>What this file "
	    "is</title>\n<style>\n"
	    ":root{color-scheme:light dark}body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:2rem "
	    "auto;padding:0 1rem}\n"
	    "h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\n"
	    "th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid #8885}th{"
	    "white-space:nowrap;"
	    "font-weight:600}\ncode,pre{font:14px/1.5 "
	    "ui-monospace,monospace;overflow-wrap:anywhere}pre{background:#8881;padding:.8rem;"
	    "overflow:auto}\n.mark{border-left:4px solid #b45309;padding:.2rem .8rem}\n</style></head><body>\n<h1>Evidence of ");
	put_html(b, p->organization);
	buf_z(b, ", ");
	put_html(b, p->from);
	buf_z(b, " to ");
	put_html(b, p->to);
	buf_z(b, "</h1>\n<p class=\"mark\">Management's own monitoring, put together by the organization. It is no auditor's "
	    "report, and "
	    "nothing in it was examined by one. Not for distribution beyond whom it was given to.</p>\n<table>\n");
	put_row(b, "Organization", p->organization, false);
	put_row(b, "System", p->system, false);
	put_row(b, "Period", arena_fmt(a, "%.*s to %.*s, both days included", STR_FMT(p->from), STR_FMT(p->to)), false);
	put_row(b, "Ledger", p->origin, true);
	put_row(b, "Its signing key", p->vkey, true);
	put_row(b, "Populations withheld", p->withheld, false);
	if (p->without_people)
		put_row(b, "People", STR("What records say of people stays sealed: a random reference stands in its place, "
		    "the same one everywhere."), false);
	buf_z(b, "</table>\n<h2>What is in it</h2>\n<table>\n"
	    "<tr><th scope=\"row\"><a href=\"report.pdf\">report.pdf</a></th><td>Management's draft report; <a "
	    "href=\"report.json\">"
	    "report.json</a> holds the same for machines.</td></tr>\n"
	    "<tr><th scope=\"row\">results/</th><td>The outcome of each automated test: counts, attributes, every "
	    "deviation.</td></tr>\n"
	    "<tr><th scope=\"row\">definitions/</th><td>Controls, tests, populations and source mappings as they were in "
	    "force.</td></tr>\n"
	    "<tr><th scope=\"row\">records/</th><td>The raw records behind the results, each still sealed, with the one "
	    "secret that opens "
	    "it.</td></tr>\n"
	    "<tr><th scope=\"row\">tile/, checkpoint</th><td>The ledger's whole Merkle tree and its signed head, in the "
	    "public C2SP "
	    "formats.</td></tr>\n</table>\n<h2>How to check it</h2>\n<p>With Tickmark, offline, without an account or a "
	    "key:</p>\n"
	    "<pre>tickmark verify THIS-FILE.zip --reperform</pre>\n<p>It checks every byte, opens every record, runs every "
	    "automated "
	    "test again from the raw records, and compares each result attribute by attribute. Ask the organization for its "
	    "signing key, "
	    "or for a checkpoint that you kept earlier, by another way than this file, and give it with <code>--vkey</code> or "
	    "<code>--since</code>: only then does nobody, the organization included, have a way to have written all of it "
	    "anew.</p>\n"
	    "<p>Without Tickmark: the checkpoint's signature is Ed25519 over its text and <code>openssl</code> verifies it; "
	    "the tiles are "
	    "those of C2SP tlog-tiles over RFC 6962 hashing, and any such tool checks them; the formats of records and "
	    "results are "
	    "published with the program, in <code>docs/formats</code>.</p>\n<h2>What it does not tell</h2>\n<p>Of every "
	    "record that is "
	    "not disclosed it tells that it stands in the ledger, of what kind it is, when it was received and roughly how "
	    "large it is; "
	    "nothing else. That the ledger was not altered does not say that every source sent everything: the report's "
	    "completeness "
	    "records say what each source sent and which days nothing covers.</p>\n</body></html>\n");
}

/* show_subject: a person or an account with all identities that are held to be the same, and what joined each two. */
#include "cli/cli.h"
#include "cli/show.h"

#include <string.h>

enum { IDENTITIES_MAX = 10000 };

static enum rc identities(struct cli *c, struct state *s, int64_t root, struct buf *json, struct err *e)
{
	struct stmt *st = NULL;
	bool row, first = true;
	enum rc rc = db_prepare(state_db(s), STR("SELECT i.kind, i.identity FROM identity i JOIN subject s ON s.id=i.subject WHERE"
	    " s.root=?1 ORDER BY i.kind, i.identity"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, root);
	buf_z(json, "{\"identities\":[");
	while ((rc = stmt_step(st, &row, e)) == RC_OK && row) {
		struct str text = arena_fmt(c->a, "%.*s:%.*s", STR_FMT(column_text(st, 0)), STR_FMT(column_text(st, 1)));

		if (!c->json)
			out_line("  %.*s", STR_FMT(text));
		buf_z(json, first ? "" : ",");
		json_put_str(json, text);
		first = false;
	}
	stmt_free(st);
	buf_z(json, "]");
	return rc;
}

static enum rc joins(struct cli *c, struct state *s, int64_t root, struct buf *json, struct err *e)
{
	struct stmt *st = NULL;
	struct str a, b, rule;
	bool row, first = true;
	enum rc rc = db_prepare(state_db(s), STR("SELECT l.a, l.b, l.rule, l.entry FROM subject_link l JOIN subject s ON s.id=l.a"
	    " WHERE s.root=?1 ORDER BY l.entry, l.a, l.b, l.rule"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, root);
	buf_z(json, ",\"joins\":[");
	while ((rc = stmt_step(st, &row, e)) == RC_OK && row) {
		if ((rc = state_identity(s, c->a, column_i64(st, 0), &a, e)) != RC_OK ||
		    (rc = state_identity(s, c->a, column_i64(st, 1), &b, e)) != RC_OK)
			break;
		rule = arena_str(c->a, column_text(st, 2));
		if (!c->json)
			out_line("  %.*s and %.*s are one %s%.*s, since entry %lld", STR_FMT(a), STR_FMT(b), rule.n > 0 ? "by the rule " :
			    "as somebody said", STR_FMT(rule), (long long)column_i64(st, 3));
		buf_z(json, first ? "{\"a\":" : ",{\"a\":");
		json_put_str(json, a);
		buf_z(json, ",\"b\":");
		json_put_str(json, b);
		buf_fmt(json, ",\"entry\":%lld,\"rule\":", (long long)column_i64(st, 3));
		if (rule.n > 0)
			json_put_str(json, rule);
		else
			buf_z(json, "null");
		buf_c(json, '}');
		first = false;
	}
	stmt_free(st);
	buf_z(json, "]}");
	if (rc == RC_OK && !c->json && first)
		out_line("  nothing joins it with another");
	return rc;
}

enum rc show_subject(struct cli *c, struct org *org, struct str text)
{
	struct state *s = org_state(org);
	struct str rest = text, kind = str_cut(&rest, ':');
	struct stmt *st = NULL;
	int64_t root = 0;
	struct buf json;
	bool row;
	enum rc rc;

	if (rest.p == NULL || kind.n == 0 || rest.n == 0)
		return cli_usage(c, "show takes a subject as subject:KIND:IDENTITY, for example subject:email:ada@example.com");
	if ((rc = db_prepare(state_db(s), STR("SELECT s.root FROM identity i JOIN subject s ON s.id=i.subject WHERE i.kind=?1 AND"
	    " i.identity=?2"), &st, &c->err)) != RC_OK)
		return rc;
	stmt_text(st, 1, kind);
	stmt_text(st, 2, subject_normalize(c->a, rest));
	if ((rc = stmt_step(st, &row, &c->err)) == RC_OK && row)
		root = column_i64(st, 0);
	stmt_free(st);
	if (rc != RC_OK)
		return rc;
	if (root == 0)
		return err_set(&c->err, RC_NOT_FOUND, "no evidence and no edit names %.*s", STR_FMT(text));
	buf_init(&json, LIMIT_RECORD);
	if (!c->json)
		out_line("%.*s is one with", STR_FMT(text));
	if ((rc = identities(c, s, root, &json, &c->err)) == RC_OK) {
		if (!c->json)
			out_line("because");
		rc = joins(c, s, root, &json, &c->err);
	}
	if (rc == RC_OK && c->json)
		out_json(&json);
	buf_done(&json);
	return rc;
}

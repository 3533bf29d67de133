/* items: the collections, a page of one, and an item down to its raw record and fingerprint. */
#include "server/route.h"

#include "assess/derive.h"
#include "assess/explain.h"
#include "assess/lookup.h"
#include "assess/words.h"
#include "base/time.h"
#include "ledger/frame.h"
#include "model/item.h"

enum { PAGE_ITEMS = 50, COLUMNS_SHOWN = 7, RAW_SHOWN = 64 << 10 };

/* What holds the server's own users is for administrators. */
static enum rc may_read(struct call *c, struct str collection)
{
	if (!call_may(c, str_is(collection, "user") ? WHO_ADMIN : WHO_EVIDENCE))
		return err_set(&c->err, RC_LOCKED, "Your role does not read %.*s.", STR_FMT(collection));
	return RC_OK;
}

static struct str link_to(struct call *c, struct str name, struct str key)
{
	struct str out;
	struct buf b;

	buf_init(&b, 1 << 18);
	buf_z(&b, "/populations/");
	url_put(&b, name);
	if (key.p != NULL) {
		buf_c(&b, '/');
		url_put(&b, key);
	}
	out = arena_str(c->a, buf_view(&b));
	buf_done(&b);
	return out;
}

enum rc route_populations(struct call *c, struct buf *b)
{
	const struct schema *schema = state_schema(org_state(c->s->org));
	int64_t n;
	size_t i;
	enum rc rc;

	if (!call_may(c, WHO_PROGRAM))
		return err_set(&c->err, RC_LOCKED, "Your role does not see the program.");
	buf_c(b, '{');
	doc_str(b, "title", STR("Populations"));
	doc_open(b, "populations", '[');
	for (i = 0; i < schema->n; i++) {
		const struct collection *col = schema->collections[i];

		if (str_is(col->name, "user"))
			continue;
		n = 0;
		if (!col->is_derived && (rc = db_i64(state_db(org_state(c->s->org)), arena_z(c->a, arena_fmt(c->a,
		    "SELECT count(*) FROM item_%.*s", STR_FMT(col->name))), 0, &n, &c->err)) != RC_OK)
			return rc;
		doc_open(b, NULL, '{');
		doc_str(b, "name", col->name);
		doc_str(b, "description", col->description);
		doc_bool(b, "derived", col->is_derived);
		doc_bool(b, "state", col->n_period == 0);
		doc_num(b, "items", (uint64_t)n);
		doc_str(b, "classification", str_z(classification_name(col->classification)));
		doc_str(b, "href", link_to(c, col->name, STR_NONE));
		doc_close(b, '}');
	}
	buf_z(b, "]}");
	return RC_OK;
}

/* ---- a page of items */
static enum rc filter(struct call *c, const struct collection *col, struct str where, struct buf *sql)
{
	struct state *s = org_state(c->s->org);
	struct expr_binding to = { .row = "i", .asof = "?1" };
	struct expr_scope scope = { .collection = col, .schema = state_schema(s) };
	struct lookups *looks = lookups_new(c->a);
	struct run_period period = { .now_us = c->now_us };
	struct scope organization;
	struct parameter *parameters;
	const struct expr *x;
	struct err none;
	enum rc rc;

	if ((rc = parameters_load(s, c->a, &parameters, &scope.n_parameters, &c->err)) != RC_OK)
		return rc;
	scope.parameters = parameters;
	if ((rc = expr_compile_condition(c->a, where, (struct expr_place){ "the filter", 1, 1 }, &scope, &x, &c->err)) != RC_OK)
		return rc;
	lookups_add(looks, x);
	err_init(&none);
	if (scope_load(s, c->a, &organization, &none) == RC_OK && organization.has_period) {
		period.from_day = organization.from_day;
		period.to_day = organization.to_day;
		if ((rc = lookups_bind(looks, s, &period, &to, &c->err)) != RC_OK)
			return rc;
	}
	buf_c(sql, '(');
	expr_sql(x, &to, sql);
	buf_c(sql, ')');
	return RC_OK;
}

static enum rc put_rows(struct call *c, struct buf *b, const struct collection *col, struct stmt *st, struct str *last, bool *more)
{
	struct str text;
	size_t i, n = 0;
	bool row;
	enum rc rc;

	*more = false;
	while ((rc = stmt_step(st, &row, &c->err)) == RC_OK && row) {
		if (n++ == PAGE_ITEMS) {
			*more = true;
			break;
		}
		*last = arena_str(c->a, column_text(st, 1));
		doc_open(b, NULL, '{');
		doc_str(b, "key", *last);
		doc_str(b, "words", key_words(c->a, col, *last));
		doc_str(b, "href", link_to(c, col->name, *last));
		doc_num(b, "entry", (uint64_t)column_i64(st, 4));
		doc_open(b, "cells", '[');
		for (i = 0; i < col->n_fields && i < COLUMNS_SHOWN; i++) {
			if ((rc = item_text(org_state(c->s->org), c->a, st, &col->fields[i], &text, &c->err)) != RC_OK)
				return rc;
			doc_str(b, NULL, text);
		}
		doc_close(b, ']');
		doc_close(b, '}');
	}
	return rc;
}

enum rc route_items(struct call *c, struct buf *b)
{
	struct state *s = org_state(c->s->org);
	const struct collection *col = schema_find(state_schema(s), c->part[0]);
	struct str where = form_get(&c->query, "where"), after = form_get(&c->query, "after"), last = STR_NONE;
	struct buf sql, next;
	struct stmt *st = NULL;
	bool more = false;
	size_t i;
	enum rc rc;

	if (col == NULL)
		return err_set(&c->err, RC_NOT_FOUND, "There is no collection %.*s.", STR_FMT(c->part[0]));
	if ((rc = may_read(c, col->name)) != RC_OK)
		return rc;
	buf_c(b, '{');
	doc_str(b, "title", col->name);
	doc_str(b, "description", col->description);
	doc_str(b, "where", where.p != NULL ? where : STR(""));
	doc_open(b, "fields", '[');
	for (i = 0; i < col->n_fields && i < COLUMNS_SHOWN; i++)
		doc_str(b, NULL, col->fields[i].name);
	doc_close(b, ']');
	buf_init(&sql, 1 << 20);
	buf_init(&next, 1 << 18);
	if ((rc = derive_rows(s, c->a, col, c->now_us, &sql, &c->err)) != RC_OK)
		goto out;
	buf_z(&sql, " WHERE i.key>?2");
	if (where.n > 0) {
		buf_z(&sql, " AND ");
		if ((rc = filter(c, col, where, &sql)) == RC_INVALID) {         /* the page says so, and keeps what was typed */
			c->out->status = 422;
			doc_str(b, "error", str_z(c->err.msg));
			buf_z(b, ",\"items\":[]}");
			rc = RC_OK;
			goto out;
		}
		if (rc != RC_OK)
			goto out;
	}
	buf_fmt(&sql, " ORDER BY i.key LIMIT %d", PAGE_ITEMS + 1);
	if ((rc = db_prepare(state_db(s), buf_view(&sql), &st, &c->err)) != RC_OK)
		goto out;
	stmt_i64(st, 1, c->now_us);
	stmt_text(st, 2, after.p != NULL ? after : STR(""));
	doc_open(b, "items", '[');
	if ((rc = put_rows(c, b, col, st, &last, &more)) != RC_OK)
		goto out;
	doc_close(b, ']');
	if (more) {
		buf_str(&next, link_to(c, col->name, STR_NONE));
		buf_z(&next, "?after=");
		url_put(&next, last);
		if (where.n > 0) {
			buf_z(&next, "&where=");
			url_put(&next, where);
		}
		doc_str(b, "next", buf_view(&next));
	}
	buf_c(b, '}');
out:
	stmt_free(st);
	buf_done(&sql);
	buf_done(&next);
	return rc;
}

/* ---- one item */
static enum rc put_entry(struct call *c, struct buf *b, uint64_t index)
{
	struct ledger *l = org_ledger(c->s->org);
	struct opened o;
	struct str text;
	bool whole, shown;
	enum rc rc;

	if ((rc = ledger_read(l, c->a, index, &o, &c->err)) != RC_OK)
		return rc;
	whole = o.raw.p != NULL || o.n_marks == 0;
	text = whole ? o.raw : cut_shown(c->a, o.body, o.marks, o.n_marks);
	shown = str_utf8_valid(text, &(size_t){ 0 });
	doc_open(b, "entry", '{');
	doc_num(b, "index", index);
	doc_str(b, "kind", str_z(entry_kind_name(o.entry.kind)));
	doc_str(b, "leaf", hex_str(c->a, o.leaf, 32));
	doc_str(b, "received", instant_fmt(c->a, (int64_t)o.entry.received_ms * 1000));
	doc_str(b, "verdict", str_z(verdict_name(o.verdict)));
	doc_bool(b, "intact", o.verdict == VERDICT_INTACT);
	doc_bool(b, "checkpointed", index < ledger_checkpointed(l));
	doc_bool(b, "whole", whole);
	doc_num(b, "bytes", text.n);
	doc_str(b, "raw", shown && text.n <= RAW_SHOWN ? text : STR(""));
	doc_close(b, '}');
	return RC_OK;
}

static enum rc put_fields(struct call *c, struct buf *b, const struct collection *col, struct stmt *st)
{
	struct str text;
	size_t i;
	enum rc rc;

	doc_open(b, "fields", '[');
	for (i = 0; i < col->n_fields; i++) {
		const struct field *f = &col->fields[i];

		if ((rc = item_text(org_state(c->s->org), c->a, st, f, &text, &c->err)) != RC_OK)
			return rc;
		doc_open(b, NULL, '{');
		doc_str(b, "name", f->name);
		doc_str(b, "value", text);
		doc_bool(b, "supplied", item_supplied(st, f));
		doc_bool(b, "doubtful", item_doubtful(st, f));
		doc_str(b, "classification", str_z(classification_name(f->classification)));
		doc_close(b, '}');
	}
	doc_close(b, ']');
	return RC_OK;
}

static enum rc put_said(struct call *c, struct buf *b, const struct collection *col, struct str key)
{
	struct run_period p = { .now_us = c->now_us };
	struct said *said = NULL;
	struct scope scope;
	struct err none;
	size_t i, n = 0;
	enum rc rc;

	err_init(&none);
	if (scope_load(org_state(c->s->org), c->a, &scope, &none) == RC_OK && scope.has_period) {
		p.from_day = scope.from_day;
		p.to_day = scope.to_day;
		if ((rc = explain_item(org_state(c->s->org), c->a, col, key, &p, &said, &n, &c->err)) != RC_OK)
			return rc;
	}
	doc_open(b, "deviates", '[');
	for (i = 0; i < n; i++) {
		doc_open(b, NULL, '{');
		doc_str(b, "control", said[i].control->id);
		doc_str(b, "control_title", said[i].control->title);
		doc_str(b, "test", said[i].test->id);
		doc_str(b, "letters", str_z(said[i].dev.letters));
		doc_str(b, "why", said[i].why);
		doc_close(b, '}');
	}
	doc_close(b, ']');
	return RC_OK;
}

enum rc route_item(struct call *c, struct buf *b)
{
	struct state *s = org_state(c->s->org);
	const struct collection *col = schema_find(state_schema(s), c->part[0]);
	struct stmt *st = NULL;
	struct buf sql;
	uint64_t entry;
	bool row = false;
	enum rc rc;

	if (col == NULL)
		return err_set(&c->err, RC_NOT_FOUND, "There is no collection %.*s.", STR_FMT(c->part[0]));
	if ((rc = may_read(c, col->name)) != RC_OK)
		return rc;
	buf_init(&sql, 1 << 20);
	if ((rc = derive_rows(s, c->a, col, c->now_us, &sql, &c->err)) == RC_OK) {
		buf_z(&sql, " WHERE i.key=?1");
		rc = db_prepare(state_db(s), buf_view(&sql), &st, &c->err);
	}
	buf_done(&sql);
	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, c->part[1]);
	if ((rc = stmt_step(st, &row, &c->err)) == RC_OK && !row)
		rc = err_set(&c->err, RC_NOT_FOUND, "There is no such item in %.*s.", STR_FMT(col->name));
	if (rc != RC_OK)
		goto out;
	entry = (uint64_t)column_i64(st, 4);
	buf_c(b, '{');
	doc_str(b, "title", key_words(c->a, col, c->part[1]));
	doc_str(b, "collection", col->name);
	doc_str(b, "collection_href", link_to(c, col->name, STR_NONE));
	doc_str(b, "key", c->part[1]);
	doc_bool(b, "derived", col->is_derived);
	if ((rc = put_fields(c, b, col, st)) != RC_OK || (rc = put_said(c, b, col, c->part[1])) != RC_OK)
		goto out;
	if (!col->is_derived) {
		/* opening a raw record is an access, and kept as one */
		if ((rc = access_note(c->s->accounts, &c->user, c->q->peer, entry, &c->err)) != RC_OK ||
		    (rc = put_entry(c, b, entry)) != RC_OK)
			goto out;
	}
	buf_c(b, '}');
out:
	stmt_free(st);
	return rc;
}

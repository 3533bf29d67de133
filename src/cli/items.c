/* items: the members of a collection, all or those for which an expression is true; sources: what can be read. */
#include "cli/show.h"

#include <string.h>

#include "assess/derive.h"
#include "assess/lookup.h"
#include "assess/scope.h"
#include "assess/words.h"
#include "model/item.h"
#include "report/terminal.h"

static enum rc filter_sql(struct cli *c, struct org *org, const struct collection *col, const char *where, struct buf *b)
{
	struct expr_binding to = { .row = "i", .asof = "?1" };
	struct lookups *looks = lookups_new(c->a);
	struct run_period period = { .now_us = clock_now_us() };
	struct scope organization;
	struct err none;
	struct expr_scope scope = { .collection = col, .schema = state_schema(org_state(org)) };
	struct parameter *parameters;
	const struct expr *x;
	enum rc rc;

	if ((rc = parameters_load(org_state(org), c->a, &parameters, &scope.n_parameters, &c->err)) != RC_OK)
		return rc;
	scope.parameters = parameters;
	rc = expr_compile_condition(c->a, str_z(where), (struct expr_place){ "--where", 1, 1 }, &scope, &x, &c->err);
	if (rc != RC_OK)
		return rc;
	lookups_add(looks, x);
	err_init(&none);
	if (scope_load(org_state(org), c->a, &organization, &none) == RC_OK && organization.has_period) {
		period.from_day = organization.from_day;
		period.to_day = organization.to_day;
		if ((rc = lookups_bind(looks, org_state(org), &period, &to, &c->err)) != RC_OK)
			return rc;
	}
	buf_z(b, " WHERE ");
	expr_sql(x, &to, b);
	return RC_OK;
}

enum rc cli_item_rows(struct cli *c, struct org *org, const struct collection *col, struct buf *b)
{
	return derive_rows(org_state(org), c->a, col, clock_now_us(), b, &c->err);
}

static size_t shown_columns(const struct collection *col, const char **heads, size_t most)
{
	size_t i, n = 0;

	for (i = 0; i < col->n_fields && n < most; i++)
		heads[n++] = col->fields[i].name.p;
	return n;
}

static enum rc print_rows(struct cli *c, struct org *org, const struct collection *col, struct stmt *st, uint64_t *count)
{
	const char *heads[10];
	char names[10][64];
	size_t n = shown_columns(col, heads, ARRAY_LEN(heads)), i, shown = 0;
	struct terminal term = terminal_of(stdout);
	struct table *t;
	struct str text;
	struct buf b;
	bool row;
	enum rc rc;

	for (i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%.*s", STR_FMT(col->fields[i].name));
		heads[i] = names[i];
	}
	t = table_new(c->a, heads, n);
	table_drop(t);
	for (i = 0; i < n; i++)
		if (col->fields[i].type == FIELD_INT || col->fields[i].type == FIELD_DECIMAL)
			table_right(t, i);
	buf_init(&b, LIMIT_FILE_READ);
	while ((rc = stmt_step(st, &row, &c->err)) == RC_OK && row) {
		(*count)++;
		if (c->json) {
			buf_clear(&b);
			if ((rc = item_put(org_state(org), c->a, col, st, &b, &c->err)) != RC_OK)
				break;
			out_json(&b);
			continue;
		}
		for (i = 0; i < n && rc == RC_OK; i++) {
			rc = item_text(org_state(org), c->a, st, &col->fields[i], &text, &c->err);
			table_cell(t, item_doubtful(st, &col->fields[i]) ? TONE_WARN : TONE_PLAIN, text);
		}
		if (rc != RC_OK)
			break;
	}
	buf_done(&b);
	if (rc == RC_OK && !c->json && *count > 0)
		shown = table_print(t, &term);
	if (rc == RC_OK && !c->json && *count > 0 && shown < col->n_fields)
		put_tone(&term, TONE_DIM, "%zu of %zu fields; --json gives all\n", shown, col->n_fields);
	return rc;
}

static enum rc print_withdrawn(struct cli *c, struct org *org, const struct collection *col, uint64_t most)
{
	static const char *const heads[] = { "item", "entry", "ingest", "withdrawn by", "reason" };
	struct terminal term = terminal_of(stdout);
	struct table *t = table_new(c->a, heads, ARRAY_LEN(heads));
	struct stmt *st = NULL;
	struct buf b;
	uint64_t n = 0;
	bool row;
	enum rc rc = db_prepare(state_db(org_state(org)), STR("SELECT wi.key, wi.entry, w.ingest, wd.entry, wd.reason FROM"
	    " withdrawn_item wi JOIN withdrawn w ON w.entry=wi.entry JOIN withdrawal wd ON wd.ingest=w.ingest WHERE"
	    " wi.collection=?1 ORDER BY wi.key, wi.entry LIMIT ?2"), &st, &c->err);

	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, col->name);
	stmt_i64(st, 2, (int64_t)most);
	buf_init(&b, LIMIT_RECORD);
	while ((rc = stmt_step(st, &row, &c->err)) == RC_OK && row) {
		n++;
		if (c->json) {
			buf_clear(&b);
			buf_fmt(&b, "{\"entry\":%lld,\"ingest\":%lld,\"key\":%.*s,\"reason\":", (long long)column_i64(st, 1),
			    (long long)column_i64(st, 2), STR_FMT(column_text(st, 0)));
			json_put_str(&b, column_text(st, 4));
			buf_fmt(&b, ",\"withdrawn_by\":%lld}", (long long)column_i64(st, 3));
			out_json(&b);
			continue;
		}
		table_cell(t, TONE_PLAIN, key_words(c->a, col, arena_str(c->a, column_text(st, 0))));
		table_cell(t, TONE_PLAIN, arena_fmt(c->a, "%lld", (long long)column_i64(st, 1)));
		table_cell(t, TONE_PLAIN, arena_fmt(c->a, "%lld", (long long)column_i64(st, 2)));
		table_cell(t, TONE_PLAIN, arena_fmt(c->a, "%lld", (long long)column_i64(st, 3)));
		table_cell(t, TONE_PLAIN, arena_str(c->a, column_text(st, 4)));
	}
	buf_done(&b);
	stmt_free(st);
	if (rc == RC_OK && !c->json && n > 0)
		(void)table_print(t, &term);
	if (rc == RC_OK && !c->json)
		out_line("%llu withdrawn%s", (unsigned long long)n, n == most ? "; there may be more: --limit N shows them" : "");
	return rc;
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	const char *where = NULL, *limit = "200";
	bool withdrawn = false;
	const struct option_def defs[] = { { "--where", OPTION_TEXT, &where }, { "--limit", OPTION_TEXT, &limit },
		{ "--withdrawn", OPTION_FLAG, &withdrawn } };
	const struct collection *col;
	struct org *org = NULL;
	struct stmt *st = NULL;
	uint64_t most, count = 0;
	struct buf b;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 1)
		return cli_usage(c, "items needs one collection; sources lists the collections that sources feed");
	if (!num_u64(str_z(limit), 1000000000, &most))
		return cli_usage(c, "--limit takes a number");
	if ((rc = cli_open(c, ORG_READ, &org)) != RC_OK)
		return rc;
	buf_init(&b, 1 << 20);
	col = schema_find(state_schema(org_state(org)), str_z(argv[0]));
	if (col == NULL) {
		rc = err_set(&c->err, RC_NOT_FOUND, "there is no collection \"%s\"", argv[0]);
		goto out;
	}
	if (withdrawn) {
		rc = where != NULL ? cli_usage(c, "--withdrawn takes no --where: of what is not counted only keys are at hand") :
		    print_withdrawn(c, org, col, most);
		goto out;
	}
	if ((rc = cli_item_rows(c, org, col, &b)) != RC_OK)
		goto out;
	if (where != NULL && (rc = filter_sql(c, org, col, where, &b)) != RC_OK)
		goto out;
	buf_fmt(&b, " ORDER BY i.key LIMIT %llu", (unsigned long long)most);
	if ((rc = db_prepare(state_db(org_state(org)), buf_view(&b), &st, &c->err)) != RC_OK)
		goto out;
	if (where != NULL && str_find(buf_view(&b), STR("?1")) >= 0)
		stmt_i64(st, 1, clock_now_us());
	rc = print_rows(c, org, col, st, &count);
	if (rc == RC_OK && !c->json)
		out_line("%llu item%s%s", (unsigned long long)count, count == 1 ? "" : "s",
		    count == most ? "; there may be more: --limit N shows them" : "");
out:
	stmt_free(st);
	buf_done(&b);
	org_abandon(org);
	return rc;
}

static enum rc run_sources(struct cli *c, int argc, char **argv)
{
	static const char *const heads[] = { "source", "feeds", "what it reads" };
	struct terminal term = terminal_of(stdout);
	struct table *t = table_new(c->a, heads, 3);
	const struct value **docs;
	struct mapping *m;
	struct org *org = NULL;
	struct buf feeds, all;
	size_t n, i, k, fed;
	enum rc rc;

	if ((rc = cli_options(c, NULL, 0, &argc, argv)) != RC_OK || (rc = cli_open(c, ORG_READ, &org)) != RC_OK)
		return rc;
	buf_init(&feeds, 4096);
	buf_init(&all, LIMIT_RECORD);
	rc = state_definitions(org_state(org), c->a, "mapping", &docs, &n, &c->err);
	buf_c(&all, '[');
	for (i = 0; rc == RC_OK && i < n; i++) {
		const struct collection *const *cols;

		if ((rc = mapping_compile(c->a, "mapping", docs[i], state_schema(org_state(org)), &m, &c->err)) != RC_OK)
			break;
		cols = mapping_collections(m, &fed);
		buf_clear(&feeds);
		for (k = 0; k < fed; k++)
			buf_fmt(&feeds, "%s%.*s", k > 0 ? ", " : "", STR_FMT(cols[k]->name));
		table_cell(t, TONE_STRONG, mapping_source(m));
		table_cell(t, TONE_PLAIN, arena_str(c->a, buf_view(&feeds)));
		table_cell(t, TONE_PLAIN, mapping_title(m));
		buf_z(&all, i > 0 ? ",{\"feeds\":" : "{\"feeds\":");
		json_put_str(&all, buf_view(&feeds));
		buf_z(&all, ",\"source\":");
		json_put_str(&all, mapping_source(m));
		buf_c(&all, '}');
	}
	buf_c(&all, ']');
	if (rc == RC_OK && c->json) {
		out_json(&all);
	} else if (rc == RC_OK) {
		table_cell(t, TONE_STRONG, STR("csv:COLLECTION"));
		table_cell(t, TONE_PLAIN, STR("any"));
		table_cell(t, TONE_PLAIN, STR("A table whose columns are the fields of a collection"));
		(void)table_print(t, &term);
	}
	buf_done(&feeds);
	buf_done(&all);
	org_abandon(org);
	return rc;
}

const struct command command_items = {
	"items", "COLLECTION [--where EXPRESSION]", "the items of a collection",
	"  --where EXPRESSION  only those for which it is true, in the language of tests: \"approved_by = null\"\n"
	"  --limit N           at most N items (200)\n"
	"  --withdrawn         instead what withdrawn ingests told of, by key, with the entry that holds it\n\n"
	"In the table ? stands for what the evidence does not tell; an empty cell is null.",
	run,
};

const struct command command_sources = {
	"sources", "", "what can be taken in, and the collections that it feeds", "Each source is a mapping; apply adds more.",
	run_sources,
};

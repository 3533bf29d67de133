/* show_item: an item by its key: its fields, what the tests say of it, and the record or the items that it comes from. */
#include <string.h>

#include "assess/derive.h"
#include "assess/explain.h"
#include "assess/scope.h"
#include "assess/words.h"
#include "cli/show.h"
#include "model/item.h"
#include "report/terminal.h"

enum { SOURCES_SHOWN = 12 };

/* ---- keys */
struct search {
	struct cli *c;
	struct org *org;
	const struct collection *col;
	struct str sql;
	struct str part[8];
	struct stmt *st;
	bool found, trimmed;
};

/* One part as it stands in a key: a day or a time as a number, an identity as its reference. */
static bool put_part(struct search *s, const struct field *f, struct str text, struct buf *b)
{
	const struct zone *z = state_zone(org_state(s->org));
	uint8_t ref[16];
	struct str rest = text, kind;
	struct err ignored;
	int64_t n;
	bool known = false;

	err_init(&ignored);
	switch (f->type) {
	case FIELD_INT:
		return num_i64(text, &n) && (buf_str(b, text), true);
	case FIELD_DATE:
		if (!num_i64(text, &n) && !date_parse(text, &n))
			return false;
		break;
	case FIELD_TIMESTAMP:
		if (!num_i64(text, &n) && instant_parse(text, z, &n) == TIME_BAD)
			return false;
		break;
	case FIELD_SUBJECT:
		kind = str_cut(&rest, ':');
		if (rest.p != NULL && str_is(kind, "subject"))
			text = rest;
		else if (rest.p != NULL && state_subject(org_state(s->org), kind, subject_normalize(s->c->a, rest), &known, ref,
		    &ignored) == RC_OK && known)
			text = hex_str(s->c->a, ref, sizeof(ref));
		json_put_str(b, text);
		return true;
	default:
		json_put_str(b, text);
		return true;
	}
	buf_fmt(b, "%lld", (long long)n);
	return true;
}

static enum rc try_key(struct search *s, struct str key)
{
	enum rc rc;

	stmt_free(s->st);
	s->st = NULL;
	if ((rc = db_prepare(state_db(org_state(s->org)), s->sql, &s->st, &s->c->err)) != RC_OK)
		return rc;
	stmt_text(s->st, 1, key);
	return stmt_step(s->st, &s->found, &s->c->err);
}

static enum rc try_parts(struct search *s)
{
	struct buf k;
	bool fits = true;
	size_t i;
	enum rc rc = RC_OK;

	buf_init(&k, LIMIT_RECORD);
	buf_c(&k, '[');
	for (i = 0; i < s->col->n_key && fits; i++) {
		buf_z(&k, i > 0 ? "," : "");
		fits = put_part(s, &s->col->fields[s->col->key[i]], s->trimmed ? str_trim(s->part[i]) : s->part[i], &k);
	}
	buf_c(&k, ']');
	if (fits)
		rc = try_key(s, arena_str(s->c->a, buf_view(&k)));
	buf_done(&k);
	return rc;
}

/* A part may hold slashes itself: every way to cut the text into as many parts as the key has. */
static enum rc try_cuts(struct search *s, size_t part, struct str rest)
{
	size_t cut;
	enum rc rc = RC_OK;

	if (part + 1 == s->col->n_key) {
		s->part[part] = rest;
		return try_parts(s);
	}
	for (cut = 0; cut < rest.n && !s->found && rc == RC_OK; cut++) {
		if (rest.p[cut] != '/')
			continue;
		s->part[part] = str_sub(rest, 0, cut);
		rc = try_cuts(s, part + 1, str_sub(rest, cut + 1, rest.n));
	}
	return rc;
}

static enum rc find_item(struct cli *c, struct org *org, const struct collection *col, struct str key, struct stmt **out)
{
	struct search s = { .c = c, .org = org, .col = col };
	struct buf sql;
	enum rc rc;

	buf_init(&sql, 1 << 20);
	if ((rc = cli_item_rows(c, org, col, &sql)) == RC_OK)
		buf_z(&sql, " WHERE i.key=?1");
	s.sql = arena_str(c->a, buf_view(&sql));
	buf_done(&sql);
	if (rc == RC_OK && key.n > 0 && key.p[0] == '[')
		rc = try_key(&s, key);
	else if (rc == RC_OK && col->n_key <= ARRAY_LEN(s.part))
		rc = try_cuts(&s, 0, key);
	if (rc == RC_OK && !s.found && str_find(key, STR(" / ")) >= 0) {        /* as reports print it */
		s.trimmed = true;
		rc = try_cuts(&s, 0, key);
	}
	if (rc == RC_OK && !s.found)
		rc = err_set(&c->err, RC_NOT_FOUND, "there is no item %.*s in %.*s; write the key as it stands in items --json, "
		    "for example '%.*s/[\"…\"]'", STR_FMT(key), STR_FMT(col->name), STR_FMT(col->name));
	if (rc != RC_OK) {
		stmt_free(s.st);
		return rc;
	}
	*out = s.st;
	return RC_OK;
}

/* ---- what the tests say */
static enum rc tests_say(struct cli *c, struct org *org, const struct collection *col, struct str key, struct said **said,
    size_t *n)
{
	struct run_period p = { .now_us = clock_now_us() };
	struct scope scope;

	*n = 0;
	if (scope_load(org_state(org), c->a, &scope, &c->err) != RC_OK || !scope.has_period) {
		err_init(&c->err);              /* without a period nothing is tested */
		return RC_OK;
	}
	p.from_day = scope.from_day;
	p.to_day = scope.to_day;
	return explain_item(org_state(org), c->a, col, key, &p, said, n, &c->err);
}

static void put_said(struct cli *c, const struct terminal *t, const struct said *said, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		put_tone(t, TONE_BAD, "  deviates in %.*s %.*s %s\n", STR_FMT(said[i].control->id), STR_FMT(said[i].test->id),
		    said[i].dev.letters);
		put_wrapped_tone(t, TONE_PLAIN, 5, said[i].why);
	}
	if (n > 0)
		out_line("%s", "");
	(void)c;
}

/* ---- what a computed item is computed from */
static enum rc put_sources(struct cli *c, struct org *org, const struct collection *col, struct str key,
    const struct terminal *t, struct buf *json)
{
	const struct collection *from = schema_find(state_schema(org_state(org)), value_text(col->definition, "derived_from"));
	static const char *const heads[] = { "at", "entry", "item" };
	struct table *tab = table_new(c->a, heads, 3);
	struct stmt *st = NULL;
	uint64_t n = 0;
	struct buf sql;
	bool row;
	enum rc rc;

	buf_init(&sql, 1 << 18);
	if ((rc = derive_sources(org_state(org), c->a, col, &sql, &c->err)) == RC_OK)
		rc = db_prepare(state_db(org_state(org)), buf_view(&sql), &st, &c->err);
	buf_done(&sql);
	if (rc == RC_OK)
		stmt_text(st, 1, key);
	while (rc == RC_OK && (rc = stmt_step(st, &row, &c->err)) == RC_OK && row) {
		n++;
		if (json != NULL) {
			buf_fmt(json, "%s{\"at\":", n > 1 ? "," : "");
			json_put_str(json, instant_fmt(c->a, column_i64(st, 2)));
			buf_fmt(json, ",\"entry\":%lld,\"key\":", (long long)column_i64(st, 1));
			buf_str(json, column_text(st, 0));
			buf_c(json, '}');
		} else if (n <= SOURCES_SHOWN) {
			table_cell(tab, TONE_PLAIN, instant_fmt(c->a, column_i64(st, 2)));
			table_cell(tab, TONE_PLAIN, arena_fmt(c->a, "%lld", (long long)column_i64(st, 1)));
			table_cell(tab, TONE_PLAIN, from != NULL ? key_words(c->a, from, arena_str(c->a, column_text(st, 0))) : STR(""));
		}
	}
	stmt_free(st);
	if (rc != RC_OK || json != NULL)
		return rc;
	out_line("Computed from %llu items of %.*s:", (unsigned long long)n, STR_FMT(value_text(col->definition, "derived_from")));
	table_right(tab, 1);
	(void)table_print(tab, t);
	if (n > SOURCES_SHOWN)
		put_tone(t, TONE_DIM, "… %llu more; --json gives all\n", (unsigned long long)(n - SOURCES_SHOWN));
	out_line("tickmark show ENTRY gives the record of each.");
	return RC_OK;
}

static enum rc put_json(struct cli *c, struct org *org, const struct collection *col, struct str key, struct stmt *st,
    const struct said *said, size_t n)
{
	struct buf b;
	size_t i;
	enum rc rc;

	buf_init(&b, LIMIT_FILE_READ);
	if ((rc = item_put(org_state(org), c->a, col, st, &b, &c->err)) != RC_OK)
		goto out;
	b.n--;                                  /* the item's own brace; what follows is more of it */
	if (col->is_derived) {
		buf_z(&b, ",\"computed_from\":[");
		if ((rc = put_sources(c, org, col, key, NULL, &b)) != RC_OK)
			goto out;
		buf_c(&b, ']');
	}
	buf_z(&b, ",\"deviates\":[");
	for (i = 0; i < n; i++) {
		buf_z(&b, i > 0 ? ",{\"control\":" : "{\"control\":");
		json_put_str(&b, said[i].control->id);
		buf_fmt(&b, ",\"letters\":\"%s\",\"test\":", said[i].dev.letters);
		json_put_str(&b, said[i].test->id);
		buf_z(&b, ",\"why\":");
		json_put_str(&b, said[i].why);
		buf_c(&b, '}');
	}
	buf_z(&b, "]}");
	if ((rc = buf_ok(&b, "an item as JSON", &c->err)) == RC_OK)
		out_json(&b);
out:
	buf_done(&b);
	return rc;
}

static enum rc put_fields(struct cli *c, struct org *org, const struct collection *col, struct stmt *st,
    const struct terminal *t)
{
	struct str text;
	size_t i, wide = 0;
	enum rc rc;

	for (i = 0; i < col->n_fields; i++)
		wide = col->fields[i].name.n > wide ? col->fields[i].name.n : wide;
	put_tone(t, TONE_STRONG, "%.*s", STR_FMT(col->name));
	out_line("  %.*s", STR_FMT(key_words(c->a, col, arena_str(c->a, column_text(st, 1)))));
	for (i = 0; i < col->n_fields; i++) {
		const struct field *f = &col->fields[i];

		if ((rc = item_text(org_state(org), c->a, st, f, &text, &c->err)) != RC_OK)
			return rc;
		(void)printf("  %-*.*s  ", (int)wide, STR_FMT(f->name));
		if (!item_supplied(st, f))
			put_tone(t, TONE_DIM, "the evidence does not tell\n");
		else
			put_tone(t, item_doubtful(st, f) ? TONE_WARN : TONE_PLAIN, "%.*s%s\n", STR_FMT(text),
			    item_doubtful(st, f) ? "  (in doubt)" : "");
	}
	out_line("%s", "");
	return RC_OK;
}

enum rc show_item(struct cli *c, struct org *org, struct str collection, struct str key)
{
	const struct collection *col = schema_find(state_schema(org_state(org)), collection);
	struct terminal t = terminal_of(stdout);
	struct said *said = NULL;
	struct stmt *st = NULL;
	struct str full;
	uint64_t entry;
	size_t n = 0;
	enum rc rc;

	if (col == NULL)
		return err_set(&c->err, RC_NOT_FOUND, "there is no collection \"%.*s\"", STR_FMT(collection));
	if ((rc = find_item(c, org, col, key, &st)) != RC_OK)
		return rc;
	entry = (uint64_t)column_i64(st, 4);
	full = arena_str(c->a, column_text(st, 1));
	if ((rc = tests_say(c, org, col, full, &said, &n)) == RC_OK)
		rc = c->json ? put_json(c, org, col, full, st, said, n) : put_fields(c, org, col, st, &t);
	stmt_free(st);
	if (rc != RC_OK || c->json)
		return rc;
	put_said(c, &t, said, n);
	return col->is_derived ? put_sources(c, org, col, full, &t, NULL) : show_entry(c, org, entry, false);
}

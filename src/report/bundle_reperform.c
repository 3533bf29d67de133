/* bundle_reperform: the view built anew from the disclosed records alone, every test run over it, each result and the
 * report compared with what the ledger holds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/bundle_again.h"
#include "report/bundle_check.h"
#include "report/model.h"

struct again {
	struct check *c;
	struct state *s;
	uint64_t next;                  /* index to be applied next */
	struct buf words;
};

/* Entries that are not disclosed are applied as what no key opens. */
static enum rc skip_to(struct again *g, uint64_t index, struct err *e)
{
	enum rc rc;

	for (; g->next < index; g->next++) {
		struct state_entry en = { .index = g->next };
		struct entry entry;

		if ((rc = entry_decode(g->c->entries[g->next], &entry, e)) != RC_OK)
			return rc;
		en.kind = entry.kind;
		en.received_us = (int64_t)entry.received_ms * 1000;
		memcpy(en.record_id, entry.record_id, 16);
		if ((rc = state_apply(g->s, &en, e)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc apply(void *ctx, const struct bundle_record *r, struct err *e)
{
	struct again *g = ctx;
	struct state_entry en = { .index = r->index, .kind = r->entry.kind, .received_us = (int64_t)r->entry.received_ms * 1000,
		.is_open = r->is_open, .body = r->body, .marks = r->marks, .n_marks = r->n_marks,
		.envelope = r->envelope };
	enum rc rc;

	memcpy(en.record_id, r->entry.record_id, 16);
	if ((rc = skip_to(g, r->index, e)) != RC_OK || (rc = state_apply(g->s, &en, e)) != RC_OK)
		return rc;
	g->next++;
	return RC_OK;
}

static enum rc replay(struct again *g, struct err *e)
{
	enum rc rc = state_begin(g->s, e);
	size_t i;

	for (i = 0; i < g->c->n_amending && rc == RC_OK; i++)
		rc = state_foresee(g->s, &g->c->amending[i], e);
	if (rc == RC_OK && (rc = check_each_record(g->c, apply, g, e)) == RC_OK && (rc = skip_to(g, g->c->size, e)) == RC_OK)
		rc = state_commit(g->s, e);
	return rc;
}

/* ---- comparing */
static void say(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct buf *b, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (b->n < 1500)
		buf_fmt(b, "%s%s", b->n > 0 ? "; " : "", text);
}

static struct str shown(struct arena *a, const struct value *v)
{
	struct buf b;
	struct str out;

	if (v == NULL)
		return STR("nothing");
	buf_init(&b, LIMIT_RECORD);
	json_put_as_is(&b, v);
	out = arena_str(a, str_sub(buf_view(&b), 0, 120));
	buf_done(&b);
	return out;
}

static void compare(struct arena *a, struct str where, const struct value *held, const struct value *came, struct buf *b)
{
	size_t i;

	if (held != NULL && came != NULL && held->type == VALUE_MAP && came->type == VALUE_MAP) {
		for (i = 0; i < held->n; i++)
			compare(a, arena_fmt(a, "%.*s%s%.*s", STR_FMT(where), where.n > 0 ? "." : "", STR_FMT(held->members[i].key)),
			    &held->members[i].value, value_get_str(came, held->members[i].key), b);
		return;
	}
	if (held != NULL && came != NULL && held->type == VALUE_LIST && came->type == VALUE_LIST && held->n == came->n) {
		for (i = 0; i < held->n; i++) {
			struct str letter = value_text(&held->items[i], "letter");

			compare(a, letter.n > 0 ? arena_fmt(a, "attribute %.*s", STR_FMT(letter)) :
			    arena_fmt(a, "%.*s[%zu]", STR_FMT(where), i), &held->items[i], &came->items[i], b);
		}
		return;
	}
	if (!str_eq(shown(a, held), shown(a, came)))
		say(b, "%.*s: the ledger says %.*s, re-performed %.*s", STR_FMT(where), STR_FMT(shown(a, held)), STR_FMT(shown(a, came)));
}

static bool is_in(const struct value *list, struct str collection)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (str_eq(list->items[i].text, collection))
			return true;
	return false;
}

/* Its records stay sealed, or those that name people in one part with the rest. */
static bool is_withheld(const struct check *c, struct str collection)
{
	return is_in(c->withheld, collection) || is_in(c->partly, collection);
}

/* Whether withheld records can be behind a difference. */
static bool cannot(const struct check *c, const struct collection *population)
{
	struct str base = population != NULL && population->definition != NULL ?
	    value_text(population->definition, "derived_from") : STR_NONE;

	return c->withheld->n + c->partly->n > 0 && ((population != NULL && is_withheld(c, population->name)) ||
	    (base.n > 0 && is_withheld(c, base)) || is_withheld(c, STR("person")));
}

/* A result that looks into a withheld population names it. */
static bool looks_into(const struct check *c, const struct value *list, struct str body)
{
	size_t i;
	ptrdiff_t at = str_find(body, STR("\"looks_into\":"));
	struct str rest = at < 0 ? STR_NONE : str_sub(body, (size_t)at, 4096);

	for (i = 0; i < list->n && rest.n > 0; i++)
		if (str_find(rest, arena_fmt(c->a, "\"%.*s\"", STR_FMT(list->items[i].text))) >= 0)
			return true;
	return false;
}

static enum rc held_result(struct again *g, const struct again_result *r, struct str *body, int64_t *entry, struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(state_db(g->s), STR("SELECT body, entry FROM result WHERE control=?1 AND test=?2 AND current=1"), &st,
	    e);

	*body = STR_NONE;
	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, r->control);
	stmt_text(st, 2, r->test);
	if ((rc = stmt_step(st, &row, e)) == RC_OK && row) {
		*body = arena_str(g->c->a, column_text(st, 0));
		*entry = column_i64(st, 1);
	}
	stmt_free(st);
	return rc;
}

static enum rc one(void *ctx, const struct again_result *r, struct err *e)
{
	struct again *g = ctx;
	struct check *c = g->c;
	const struct value *x, *y;
	struct str held;
	struct err why;
	int64_t entry = -1;
	enum bundle_verdict v = BUNDLE_EQUAL;
	enum rc rc;

	buf_clear(&g->words);
	err_init(&why);
	if ((rc = held_result(g, r, &held, &entry, e)) != RC_OK)
		return rc;
	if (held.p == NULL)
		say(&g->words, "the ledger holds no such result for the period");
	else if (!str_eq(held, r->body) && json_parse(c->a, held, &x, &why) == RC_OK &&
	    json_parse(c->a, arena_str(c->a, r->body), &y, &why) == RC_OK)
		compare(c->a, STR(""), x, y, &g->words);
	if (held.p == NULL || !str_eq(held, r->body))
		v = cannot(c, r->population) || (r->keys != NULL && cannot(c, r->keys)) || looks_into(c, c->withheld, held) ||
		    looks_into(c, c->partly, held) ? BUNDLE_CANNOT : BUNDLE_DIFFERS;
	buf_u8(&g->words, 0);
	c->out->equal += v == BUNDLE_EQUAL;
	c->out->differing += v == BUNDLE_DIFFERS;
	c->out->cannot += v == BUNDLE_CANNOT;
	if (v == BUNDLE_DIFFERS)
		check_found(c, ROW_DATABASE, VERDICT_ALTERED, bundle_result_name(c->a, r->control, r->test), 0, entry,
		    arena_z(c->a, str_z((const char *)g->words.p)));
	if (c->how->test != NULL)
		c->how->test(c->how->ctx, r->control, r->test, v, v == BUNDLE_EQUAL ? NULL : (const char *)g->words.p);
	return RC_OK;
}

/* Everything was judged when the bundle was made: by then a deadline behind the period's end may have passed. */
static enum rc results(struct again *g, struct err *e)
{
	struct run_period period = g->c->period;
	struct entry made;
	enum rc rc = entry_decode(g->c->entries[g->c->size - 1], &made, e);

	if (rc != RC_OK)
		return rc;
	period.now_us = (int64_t)made.received_ms * 1000;
	buf_init(&g->words, 4096);
	rc = again_all(g->s, g->c->a, &period, one, g, e);
	buf_done(&g->words);
	return rc;
}

static enum rc leaf_of(void *ctx, uint64_t entry, uint8_t leaf[32], struct err *e)
{
	const struct check *c = ctx;

	if (entry >= c->size)
		return err_set(e, RC_NOT_FOUND, "there is no entry %llu", (unsigned long long)entry);
	memcpy(leaf, c->leaves[entry], 32);
	return RC_OK;
}

/* The report's document again, byte for byte; where records are withheld it cannot be the same. */
static enum rc report(struct again *g, struct err *e)
{
	struct check *c = g->c;
	const struct report_ledger ledger = { c->size - 1, c->size - 1, c->out->origin, c->out->vkey, c->out->stamps, c->out->n_stamps,
		leaf_of, c };
	const struct archive_member *m = archive_find(c->archive, STR("report.json"));
	const struct value *x, *y;
	struct readiness *r;
	struct buf json, words;
	enum rc rc;

	if (c->withheld->n + c->partly->n > 0 || m == NULL)
		return RC_OK;
	buf_init(&json, LIMIT_FILE_READ);
	buf_init(&words, 4096);
	if ((rc = readiness_of(g->s, c->a, &c->period, &r, e)) == RC_OK &&
	    (rc = report_put(g->s, &ledger, c->a, 2, r, &json, e)) == RC_OK && !str_eq(buf_view(&json), m->bytes)) {
		if ((rc = json_parse(c->a, m->bytes, &x, e)) == RC_OK && (rc = json_parse(c->a, buf_view(&json), &y, e)) == RC_OK) {
			compare(c->a, STR(""), x, y, &words);
			buf_u8(&words, 0);
			check_found(c, ROW_DATABASE, VERDICT_ALTERED, m->name, m->at, (int64_t)c->size - 1,
			    arena_z(c->a, str_z((const char *)words.p)));
		}
	}
	buf_done(&json);
	buf_done(&words);
	return rc;
}

enum rc check_reperform(struct check *c, struct err *e)
{
	const char *temporary = getenv("TMPDIR");
	struct again g = { .c = c };
	char folder[LIMIT_PATH], path[LIMIT_PATH + 16];
	enum rc rc;

	(void)snprintf(folder, sizeof(folder), "%.3900s/tickmark-again-XXXXXX", temporary != NULL ? temporary : "/tmp");
	if (mkdtemp(folder) == NULL)
		return err_set(e, RC_IO, "no temporary folder can be made; set TMPDIR to one with room");
	(void)snprintf(path, sizeof(path), "%s/again.db", folder);
	if ((rc = state_open(path, DB_SCRATCH, c->how->hooks, &g.s, e)) == RC_OK && (rc = replay(&g, e)) == RC_OK &&
	    (rc = results(&g, e)) == RC_OK)
		rc = report(&g, e);
	state_close(g.s);
	(void)unlink(path);
	(void)rmdir(folder);
	return rc;
}

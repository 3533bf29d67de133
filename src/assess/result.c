/* result: a test's outcome as the body of an entry.  Nothing in it changes from run to run unless the outcome does: the
 * instant of judging is told only as the period's end or, before it, the day. */
#include "assess/lookup.h"
#include "assess/run.h"

#include <string.h>

static void put_hex(struct buf *b, const char *name, const uint8_t *d)
{
	buf_fmt(b, "\"%s\":\"", name);
	buf_hex(b, d, 32);
	buf_c(b, '"');
}

void result_put_definition(struct state *s, struct arena *a, const char *kind, struct str id, struct buf *b)
{
	struct str body;
	struct err ignored;
	uint8_t d[32];

	err_init(&ignored);
	if (state_definition(s, a, kind, id, &body, d, &ignored) == RC_OK)
		put_hex(b, kind, d);
	else
		buf_fmt(b, "\"%s\":null", kind);
}

static void put_attributes(const struct result *r, struct buf *b)
{
	size_t i;

	buf_z(b, "\"attributes\":[");
	for (i = 0; i < r->test->n_attributes; i++) {
		const struct attribute *a = &r->test->attributes[i];

		buf_fmt(b, "%s{\"decides\":\"%s\",\"deviates\":%llu,\"expression\":", i > 0 ? "," : "",
		    a->expr == NULL ? "person" : a->deviation_only ? "deviation_only" : "both",
		    (unsigned long long)r->counts[i].deviates);
		if (a->machine.p != NULL)
			json_put_str(b, a->machine);
		else
			buf_z(b, "null");
		buf_fmt(b, ",\"letter\":\"%c\",\"meets\":%llu,\"not_determinable\":%llu,\"words\":", a->letter,
		    (unsigned long long)r->counts[i].meets, (unsigned long long)r->counts[i].unknown);
		json_put_str(b, a->words);
		buf_c(b, '}');
	}
	buf_z(b, "],");
}

static void put_deviations(const struct result *r, struct arena *a, struct buf *b)
{
	size_t i;

	buf_z(b, "\"deviations\":[");
	for (i = 0; i < r->n_deviations; i++) {
		const struct deviation *d = &r->deviations[i];

		buf_fmt(b, "%s{\"entry\":%lld,\"first\":", i > 0 ? "," : "", (long long)d->entry);
		json_put_str(b, instant_fmt(a, d->first_us));
		buf_z(b, ",\"key\":");
		buf_str(b, d->key);
		buf_z(b, ",\"last\":");
		json_put_str(b, instant_fmt(a, d->last_us));
		buf_fmt(b, ",\"letters\":\"%s\",\"times\":%u}", d->letters, d->times);
	}
	buf_z(b, "],");
}

enum rc result_put(struct state *s, struct arena *a, const struct result *r, const struct run_period *p, struct buf *b,
    struct err *e)
{
	const struct test *t = r->test;

	buf_c(b, '{');
	put_attributes(r, b);
	buf_z(b, "\"control\":");
	json_put_str(b, r->control->id);
	buf_fmt(b, ",\"counts\":{\"deviating\":%llu,\"excluded\":%llu,\"extractions\":%llu,\"filter_unknown\":%llu,\"items\":%llu,"
	    "\"met\":%llu,\"not_determinable\":%llu,\"tested\":%llu,\"undated\":%llu},\"definitions\":{",
	    (unsigned long long)r->deviating, (unsigned long long)r->excluded, (unsigned long long)r->extractions,
	    (unsigned long long)r->filter_unknown, (unsigned long long)r->items, (unsigned long long)r->met,
	    (unsigned long long)r->undetermined, (unsigned long long)r->tested, (unsigned long long)r->undated);
	result_put_definition(s, a, "control", r->control->id, b);
	buf_c(b, ',');
	result_put_definition(s, a, "population", t->population != NULL ? t->population->name : STR(""), b);
	buf_z(b, "},");
	put_deviations(r, a, b);
	buf_fmt(b, "\"engine\":%d,", ENGINE_VERSION);
	put_hex(b, "grid", r->grid_digest);
	buf_z(b, ",\"kind\":\"result\"");
	if (r->left.n > 0) {
		buf_z(b, ",\"left_out\":");
		left_put(&r->left, a, b);
	}
	if (r->lookups != NULL && lookups_any(r->lookups)) {
		buf_z(b, ",\"looks_into\":");
		lookups_put(r->lookups, b);
	}
	buf_z(b, ",\"period\":{\"from\":");
	json_put_str(b, date_fmt(a, p->from_day));
	buf_z(b, ",\"to\":");
	json_put_str(b, date_fmt(a, p->to_day));
	buf_z(b, "},\"population\":");
	if (t->population != NULL)
		json_put_str(b, t->population->name);
	else
		buf_z(b, "null");
	buf_c(b, ',');
	put_hex(b, "population_digest", r->population_digest);
	buf_fmt(b, ",\"state\":\"%s\",\"test\":", test_state_name(r->state));
	json_put_str(b, t->id);
	buf_z(b, ",\"where\":");
	if (t->where.p != NULL)
		json_put_str(b, t->where);
	else
		buf_z(b, "null");
	buf_c(b, '}');
	return buf_ok(b, "a result", e);
}

enum rc result_is_current(struct state *s, struct str control, struct str test, struct str body, bool *same,
    struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(state_db(s), STR("SELECT body FROM result WHERE control=?1 AND test=?2 AND current=1"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, control);
	stmt_text(st, 2, test);
	if ((rc = stmt_step(st, &row, e)) == RC_OK)
		*same = row && str_eq(column_text(st, 0), body);
	stmt_free(st);
	return rc;
}

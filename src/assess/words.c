/* words: see words.h. */
#include "assess/words.h"

enum { MOMENTS = 24 };

struct str key_words(struct arena *a, const struct collection *c, struct str key)
{
	const struct value *v;
	struct err ignored;
	struct buf b;
	struct str out, t;
	int64_t n;
	size_t i;

	err_init(&ignored);
	if (json_parse(a, key, &v, &ignored) != RC_OK || v->type != VALUE_LIST)
		return key;
	buf_init(&b, LIMIT_RECORD);
	for (i = 0; i < v->n && i < c->n_key; i++) {
		enum field_type type = c->fields[c->key[i]].type;

		t = v->items[i].text;
		if (type == FIELD_DATE && num_i64(t, &n))
			t = date_fmt(a, n);
		else if (type == FIELD_TIMESTAMP && num_i64(t, &n))
			t = instant_fmt(a, n);
		else if (type == FIELD_SUBJECT)
			t = arena_fmt(a, "subject:%.*s", STR_FMT(t));
		if (t.n == 0)
			continue;                       /* a part that the evidence did not give */
		buf_z(&b, b.n > 0 ? " / " : "");
		buf_str(&b, t);
	}
	out = arena_str(a, buf_view(&b));
	buf_done(&b);
	return out;
}

struct str seen_words(struct arena *a, const int64_t *at, size_t n, const struct zone *z)
{
	struct str *moments = ARENA_ARRAY(a, n + 1, struct str), t, out;
	size_t i, k = 0, chars = 7;
	struct buf b;

	for (i = 1; i < n && chars == 7; i++)
		if (str_eq(str_sub(date_fmt(a, zone_date(z, at[i])), 0, 7), str_sub(date_fmt(a, zone_date(z, at[i - 1])), 0, 7)))
			chars = 10;
	for (i = 0; i < n; i++) {
		t = str_sub(date_fmt(a, zone_date(z, at[i])), 0, chars);
		if (k == 0 || !str_eq(moments[k - 1], t))
			moments[k++] = t;
	}
	buf_init(&b, LIMIT_RECORD);
	buf_z(&b, k == 1 ? "the extraction of " : "the extractions of ");
	for (i = 0; i < k && i < MOMENTS; i++) {
		buf_z(&b, i == 0 ? "" : i + 1 == k ? " and " : ", ");
		buf_str(&b, moments[i]);
	}
	if (k > MOMENTS)
		buf_fmt(&b, " and %zu more, the last %.*s", k - MOMENTS, STR_FMT(moments[k - 1]));
	out = arena_str(a, buf_view(&b));
	buf_done(&b);
	return out;
}

static struct str tested_words(struct arena *a, const struct result *r)
{
	if (r->test->population->n_period > 0)
		return arena_fmt(a, "Tested %llu", (unsigned long long)r->tested);
	return arena_fmt(a, "Tested %llu, each once, over %llu extraction%s", (unsigned long long)r->tested,
	    (unsigned long long)r->extractions, r->extractions == 1 ? "" : "s");
}

struct str result_words(struct arena *a, const struct result *r)
{
	struct str name = r->test->population != NULL ? r->test->population->name : STR("");

	switch (r->state) {
	case TEST_PERSON:
		return STR("A person decides.");
	case TEST_NO_ITEMS:
		return arena_fmt(a, "No occurrences in %.*s in the period: operation could not be tested.", STR_FMT(name));
	case TEST_NO_OCCURRENCES:
		return arena_fmt(a, "No occurrences among the %llu items of %.*s in the period: operation could not be tested.",
		    (unsigned long long)r->items, STR_FMT(name));
	case TEST_DEVIATIONS:
	case TEST_UNDETERMINED:
	case TEST_MET:
		break;
	}
	return arena_fmt(a, "%.*s: %llu deviation%s, %llu not determinable, %llu met.", STR_FMT(tested_words(a, r)),
	    (unsigned long long)r->deviating, r->deviating == 1 ? "" : "s", (unsigned long long)r->undetermined,
	    (unsigned long long)r->met);
}

struct str left_words(struct arena *a, const struct left_out *o)
{
	struct str would = o->deviating == 0 ? STR("") : arena_fmt(a, " (%llu would deviate)", (unsigned long long)o->deviating);

	if (o->exclusion == NULL)
		return arena_fmt(a, "%llu item%s from %.*s%s%.*s, not in scope: left out with that reason%.*s.",
		    (unsigned long long)o->items, o->items == 1 ? "" : "s", STR_FMT(o->source), o->instance.n > 0 ? " / " : "",
		    STR_FMT(o->instance), STR_FMT(would));
	return arena_fmt(a, "%llu item%s left out by the exclusion %.*s%.*s: %.*s. Approved by %.*s on %.*s, until %.*s.",
	    (unsigned long long)o->items, o->items == 1 ? "" : "s", STR_FMT(o->exclusion->name), STR_FMT(would),
	    STR_FMT(o->exclusion->reason), STR_FMT(o->exclusion->approved_by), STR_FMT(date_fmt(a, o->exclusion->approved_day)),
	    STR_FMT(date_fmt(a, o->exclusion->until_day)));
}

static int64_t late_days(const struct stream_coverage *c, const struct run_period *p, const struct zone *z)
{
	int64_t days = zone_date(z, c->received_last_us) - p->to_day;

	return days > 0 ? days : 0;
}

static void part(struct buf *b, struct str words)
{
	buf_z(b, b->n > 0 ? "; " : "");
	buf_str(b, words);
}

struct str stream_words(struct arena *a, const struct stream_coverage *c, const struct run_period *p, const struct zone *z)
{
	int64_t days = late_days(c, p, z);
	struct buf b;
	struct str out = STR_NONE;

	buf_init(&b, 4096);
	if (c->out_of_scope)
		part(&b, STR("not in scope: its items are left out, its days do not count"));
	if (c->duplicate > 0)
		part(&b, arena_fmt(a, "%llu duplicate record%s dropped", (unsigned long long)c->duplicate, c->duplicate == 1 ? "" : "s"));
	if (c->rejected > 0)
		part(&b, arena_fmt(a, "%llu record%s rejected", (unsigned long long)c->rejected, c->rejected == 1 ? "" : "s"));
	if (c->incomplete > 0)
		part(&b, arena_fmt(a, "%llu ingest%s not complete", (unsigned long long)c->incomplete, c->incomplete == 1 ? "" : "s"));
	if (days > 0)
		part(&b, arena_fmt(a, "%sreceived %lld day%s after the period ended", c->late ? "" : "some of it ", (long long)days,
		    days == 1 ? "" : "s"));
	if (b.n > 0)
		out = arena_str(a, buf_view(&b));
	buf_done(&b);
	return out;
}

struct str withdrawn_words(struct arena *a, const struct withdrawn *w, const struct zone *z)
{
	return arena_fmt(a, "%.*s%s%.*s, file %.*s: %llu record%s withdrawn on %.*s by entry %lld: %.*s", STR_FMT(w->source),
	    w->instance.n > 0 ? " / " : "", STR_FMT(w->instance), STR_FMT(w->file), (unsigned long long)w->kept,
	    w->kept == 1 ? "" : "s", STR_FMT(date_fmt(a, zone_date(z, w->withdrawn_us))), (long long)w->entry, STR_FMT(w->reason));
}

struct str late_words(struct arena *a, const struct coverage *c, const struct run_period *p, const struct zone *z)
{
	int64_t most = 0, days;
	bool all = true;
	size_t i;

	for (i = 0; i < c->n; i++) {
		days = late_days(&c->streams[i], p, z);
		most = days > most ? days : most;
		all = all && c->streams[i].late;
	}
	if (most == 0)
		return STR_NONE;
	return arena_fmt(a, "%s evidence was received %lld day%s after the period ended.", all ? "This" : "Some of this",
	    (long long)most, most == 1 ? "" : "s");
}

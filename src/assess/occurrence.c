/* occurrence: see occurrence.h.  Two statements: the keys that one is due for, and the items in the order of these keys;
 * then one pass over both. */
#include "assess/occurrence.h"

#include <stdio.h>
#include <string.h>

#include "assess/derive.h"
#include "assess/lookup.h"
#include "seal/hash.h"

struct key {
	struct str text;                /* STR_NONE: the control as a whole */
	bool sure;                      /* false: the evidence cannot tell whether one is due for it */
	int64_t since_day;              /* windows that end before it was known first are not due */
};

/* What one window holds so far, for the key under way. */
struct slot {
	bool in_time, late, possible;   /* possible: an item that the evidence cannot tell about */
	struct str item;
	int64_t entry, done;
};

/* A version of a listing's item: what the extractions from first to last show. */
struct seen {
	int64_t first_us, last_us, at_day;
	bool has_at, known;
};

struct judge {
	struct state *s;
	struct arena *a;
	const struct occurrence *o;
	const struct run_period *p;
	struct occurrences *out;
	struct window *w;
	size_t n;
	struct key *keys;
	size_t n_keys;
	uint8_t *cover;                 /* enum day_cover of each day from the first window's on */
	struct slot *slots, *anyone;    /* of this key; of items that do not tell their key */
	struct seen *seen;
	size_t n_seen, room_seen, room_windows;
	bool item_without_time, someone_without_time;
	struct sha256 *grid;
	struct buf line;
	struct err *e;
};

const char *window_verdict_name(enum window_verdict v)
{
	static const char *const names[] = { "performed", "late", "missed", "not yet due", "unknown" };

	return names[v];
}

/* ---- the statements */
/* A field's value as the text of a key; a subject by the reference of all that it is joined with. */
static void put_key(struct buf *b, const char *row, const struct field *f)
{
	if (f == NULL)
		buf_z(b, "NULL");
	else if (f->type == FIELD_SUBJECT)
		buf_fmt(b, "(SELECT lower(hex(kr.ref)) FROM subject ks JOIN subject kr ON kr.id=ks.root WHERE ks.id=%s.f_%.*s)", row,
		    STR_FMT(f->name));
	else
		buf_fmt(b, "CAST(%s.f_%.*s AS TEXT)", row, STR_FMT(f->name));
}

static enum rc put_from(struct judge *j, const struct collection *c, const char *asof, struct buf *b)
{
	if (c->is_derived)
		return derive_table(j->s, j->a, c, j->p, asof, b, j->e);
	buf_fmt(b, "item_%.*s i", STR_FMT(c->name));
	return RC_OK;
}

/* key, whether one is surely due for it, when it was known first. */
static enum rc put_keys(struct judge *j, const struct collection *c, const struct field *f, const struct expr *where,
    const struct expr_binding *to, struct buf *b)
{
	enum rc rc;

	buf_z(b, "SELECT ");
	put_key(b, "i", f);
	buf_z(b, " AS k,");
	if (where != NULL)
		expr_sql(where, to, b);
	else
		buf_c(b, '1');
	buf_z(b, " AS due,");
	if (c->n_period > 0)
		buf_z(b, "i.at");
	else
		buf_fmt(b, "(SELECT min(v.first_at) FROM version_%.*s v WHERE v.item=i.id)", STR_FMT(c->name));
	buf_z(b, " AS since FROM ");
	if ((rc = put_from(j, c, to->asof, b)) != RC_OK)
		return rc;
	return RC_OK;
}

static enum rc keys_statement(struct judge *j, const struct expr_binding *to, struct buf *b)
{
	enum rc rc;

	buf_z(b, "SELECT k, max(ifnull(due,0)), min(since) FROM (");
	if ((rc = put_keys(j, j->o->population, j->o->per, j->o->where_expr, to, b)) != RC_OK)
		return rc;
	if (j->o->keys != NULL) {
		buf_z(b, " UNION ALL ");
		if ((rc = put_keys(j, j->o->keys, j->o->keys_field, j->o->keys_where_expr, to, b)) != RC_OK)
			return rc;
	}
	buf_z(b, ") WHERE k IS NOT NULL AND due IS NOT 0 GROUP BY k ORDER BY k");
	return buf_ok(b, "the statement of due keys", j->e);
}

static void put_supplied(struct buf *b, const char *row, const struct field *f)
{
	buf_fmt(b, "(%s.supplied>>%zu&1=1 AND NOT(%s.doubt>>%zu&1=1 AND %s.f_%.*s IS NULL))", row, f->index, row, f->index, row,
	    STR_FMT(f->name));
}

enum { ROW_KEY, ROW_KEY_KNOWN, ROW_AT, ROW_AT_KNOWN, ROW_WHERE, ROW_DONE, ROW_IS_DONE, ROW_ITEM, ROW_ENTRY, ROW_FIRST,
	ROW_LAST };

static enum rc rows_statement(struct judge *j, const struct expr_binding *to, struct buf *b)
{
	const struct occurrence *o = j->o;
	const struct collection *c = o->population;
	const char *row = to->row;
	enum rc rc = RC_OK;

	buf_z(b, "SELECT ");
	put_key(b, row, o->per);
	buf_z(b, " AS k,");
	if (o->per != NULL)
		put_supplied(b, row, o->per);
	else
		buf_c(b, '1');
	buf_fmt(b, ",%s.f_%.*s,", row, STR_FMT(o->at->name));
	put_supplied(b, row, o->at);
	buf_c(b, ',');
	if (o->where_expr != NULL)
		expr_sql(o->where_expr, to, b);
	else
		buf_c(b, '1');
	buf_fmt(b, ",%s.f_%.*s,", row, STR_FMT((o->done != NULL ? o->done : o->at)->name));
	if (o->done_expr != NULL)
		expr_sql(o->done_expr, to, b);
	else
		buf_c(b, '1');
	if (c->n_period > 0) {
		buf_z(b, ",i.key,i.entry,0,0 FROM ");
		if ((rc = put_from(j, c, to->asof, b)) != RC_OK)
			return rc;
		buf_z(b, " ORDER BY k, i.key");
	} else {
		buf_fmt(b, ",i.key,v.entry,v.first_at,v.last_at FROM version_%.*s v JOIN item_%.*s i ON i.id=v.item ORDER BY k, i.key,"
		    " v.first_at, v.id", STR_FMT(c->name), STR_FMT(c->name));
	}
	return buf_ok(b, "the statement of occurrences", j->e);
}

/* ---- keys */
static enum rc load_keys(struct judge *j, const struct expr_binding *to)
{
	struct stmt *st = NULL;
	size_t room = 0;
	struct key *more;
	struct buf b;
	bool row;
	enum rc rc;

	if (j->o->per != NULL) {
		struct expr_binding items = *to;

		items.row = "i";
		buf_init(&b, 1 << 20);
		if ((rc = keys_statement(j, &items, &b)) == RC_OK)
			rc = db_prepare(state_db(j->s), buf_view(&b), &st, j->e);
		buf_done(&b);
		while (rc == RC_OK && (rc = stmt_step(st, &row, j->e)) == RC_OK && row) {
			if (j->n_keys == room) {
				room = room == 0 ? 64 : room * 2;
				more = ARENA_ARRAY(j->a, room, struct key);
				if (j->n_keys > 0)
					memcpy(more, j->keys, j->n_keys * sizeof(*more));
				j->keys = more;
			}
			j->keys[j->n_keys].text = arena_str(j->a, column_text(st, 0));
			j->keys[j->n_keys].sure = column_i64(st, 1) == 1;
			j->keys[j->n_keys++].since_day = column_is_null(st, 2) ? INT64_MIN :
			    zone_date(state_zone(j->s), column_i64(st, 2));
		}
		stmt_free(st);
		if (rc != RC_OK)
			return rc;
		j->out->keys = j->n_keys;
	}
	if (j->n_keys == 0) {                           /* at least one is due in each window */
		j->keys = ARENA_NEW(j->a, struct key);
		j->keys[0] = (struct key){ STR_NONE, true, INT64_MIN };
		j->n_keys = 1;
	}
	return RC_OK;
}

/* ---- which days the evidence covers */
/* A register kept by hand tells of no window: from its first item to its last it is presumed whole. */
static enum rc cover_by_hand(struct judge *j, const struct collection *c, int64_t first, int64_t last)
{
	struct stmt *st = NULL;
	int64_t d, from, to;
	bool row;
	enum rc rc;

	rc = db_prepare(state_db(j->s), arena_fmt(j->a, "SELECT min(day), max(day) FROM item_%.*s", STR_FMT(c->name)), &st, j->e);
	if (rc == RC_OK && (rc = stmt_step(st, &row, j->e)) == RC_OK && row && !column_is_null(st, 0)) {
		from = column_i64(st, 0);
		to = column_i64(st, 1);
		for (d = first; d <= last; d++)
			if (d >= from && d <= to)
				j->cover[d - first] = DAY_PRESUMED;
	}
	stmt_free(st);
	return rc;
}

static enum rc load_cover(struct judge *j)
{
	const struct collection *c = j->o->population;
	struct run_period range = { .from_day = j->w[0].from_day, .to_day = j->w[j->n - 1].to_day, .now_us = j->p->now_us };
	struct coverage *cover;
	enum rc rc;

	j->cover = arena_alloc(j->a, (size_t)(range.to_day - range.from_day) + 1);
	if (c->n_period == 0)
		return RC_OK;                           /* a listing is judged by its extractions */
	if ((rc = coverage_of(j->s, j->a, c, &range, &cover, j->e)) != RC_OK)
		return rc;
	if (cover->n == 0)
		return cover_by_hand(j, cover->collection, range.from_day, range.to_day);
	memcpy(j->cover, cover->by_day, (size_t)cover->days);
	return RC_OK;
}

static enum day_cover cover_of(const struct judge *j, const struct window *w)
{
	uint8_t least = DAY_COVERED;
	int64_t d;

	for (d = w->from_day; d <= w->to_day; d++)
		if (j->cover[d - j->w[0].from_day] < least)
			least = j->cover[d - j->w[0].from_day];
	return (enum day_cover)least;
}

/* ---- items into windows */
static int64_t day_of(const struct judge *j, const struct field *f, int64_t v)
{
	return f->type == FIELD_DATE ? v : zone_date(state_zone(j->s), v);
}

static struct window *window_at(struct judge *j, int64_t day)
{
	size_t low = 0, high = j->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (j->w[mid].to_day < day)
			low = mid + 1;
		else
			high = mid;
	}
	return low < j->n && j->w[low].from_day <= day ? &j->w[low] : NULL;
}

static void note_done(struct judge *j, struct slot *slot, const struct window *w, struct stmt *st)
{
	const struct field *f = j->o->done != NULL ? j->o->done : j->o->at;
	int64_t done = column_i64(st, ROW_DONE);
	bool in_time = day_of(j, f, done) <= w->to_day + j->o->within_days;

	/* the earliest that is in time, else the earliest */
	if ((slot->in_time && !in_time) || (slot->in_time == in_time && (slot->in_time || slot->late) && done >= slot->done))
		return;
	slot->in_time = slot->in_time || in_time;
	slot->late = slot->late || !in_time;
	slot->done = done;
	slot->entry = column_i64(st, ROW_ENTRY);
	slot->item = arena_str(j->a, column_text(st, ROW_ITEM));
}

static void note_seen(struct judge *j, struct stmt *st)
{
	if (j->n_seen == j->room_seen) {
		j->room_seen = j->room_seen == 0 ? 256 : j->room_seen * 2;
		j->seen = mem_resize(j->seen, j->room_seen * sizeof(*j->seen));
	}
	j->seen[j->n_seen].first_us = column_i64(st, ROW_FIRST);
	j->seen[j->n_seen].last_us = column_i64(st, ROW_LAST);
	j->seen[j->n_seen].has_at = !column_is_null(st, ROW_AT);
	j->seen[j->n_seen].known = column_i64(st, ROW_AT_KNOWN) != 0;
	j->seen[j->n_seen++].at_day = column_is_null(st, ROW_AT) ? 0 : day_of(j, j->o->at, column_i64(st, ROW_AT));
}

static void row_note(struct judge *j, struct stmt *st, struct slot *slots, bool *without_time)
{
	bool unsure = column_is_null(st, ROW_WHERE) || column_is_null(st, ROW_IS_DONE);
	struct window *w;

	if (!column_is_null(st, ROW_WHERE) && column_i64(st, ROW_WHERE) == 0)
		return;
	if (j->o->population->n_period == 0)
		note_seen(j, st);
	if (!column_is_null(st, ROW_IS_DONE) && column_i64(st, ROW_IS_DONE) == 0)
		return;
	if (column_is_null(st, ROW_AT)) {
		*without_time = *without_time || column_i64(st, ROW_AT_KNOWN) == 0;
		return;
	}
	if ((w = window_at(j, day_of(j, j->o->at, column_i64(st, ROW_AT)))) == NULL)
		return;
	if (unsure || slots == j->anyone)
		slots[w - j->w].possible = true;
	else
		note_done(j, &slots[w - j->w], w, st);
}

/* ---- verdicts */
/* Of a listing: an extraction at or after the window's end shows what was done last.  Before the window: missed; after it,
 * it may hide one that lies inside. */
static bool listing_shows_missed(const struct judge *j, const struct window *w)
{
	int64_t end = zone_day_start_us(state_zone(j->s), w->to_day + 1), t = INT64_MAX, first;
	size_t i;

	for (i = 0; i < j->n_seen; i++) {
		first = j->seen[i].first_us > end ? j->seen[i].first_us : end;
		if (j->seen[i].last_us >= end && first < t)
			t = first;
	}
	if (t == INT64_MAX)
		return false;
	for (i = 0; i < j->n_seen; i++) {
		if (j->seen[i].first_us > t || j->seen[i].last_us < t)
			continue;
		if (!j->seen[i].known || (j->seen[i].has_at && j->seen[i].at_day >= w->from_day))
			return false;
	}
	return true;
}

static enum window_verdict verdict_of(struct judge *j, const struct key *k, size_t i, bool *presumed)
{
	const struct window *w = &j->w[i];
	enum day_cover cover;

	*presumed = false;
	if (j->slots[i].in_time)
		return WINDOW_PERFORMED;
	if (j->slots[i].late)
		return WINDOW_LATE;
	if (j->p->now_us < zone_day_start_us(state_zone(j->s), w->to_day + 1 + j->o->within_days))
		return WINDOW_NOT_YET_DUE;
	if (!k->sure || j->slots[i].possible || j->anyone[i].possible || j->item_without_time || j->someone_without_time)
		return WINDOW_UNKNOWN;
	if (j->o->population->n_period == 0)
		return listing_shows_missed(j, w) ? WINDOW_MISSED : WINDOW_UNKNOWN;
	cover = cover_of(j, w);
	*presumed = cover == DAY_PRESUMED;
	return cover == DAY_UNKNOWN ? WINDOW_UNKNOWN : WINDOW_MISSED;
}

static void window_keep(struct judge *j, const struct due_window *d)
{
	struct due_window *more;

	if ((j->out->control->every == FREQUENCY_DAILY && d->verdict == WINDOW_PERFORMED) || j->out->n_windows == WINDOWS_KEPT)
		return;
	if (j->out->n_windows == j->room_windows) {
		j->room_windows = j->room_windows == 0 ? 64 : j->room_windows * 2;
		more = ARENA_ARRAY(j->a, j->room_windows, struct due_window);
		if (j->out->n_windows > 0)
			memcpy(more, j->out->windows, j->out->n_windows * sizeof(*more));
		j->out->windows = more;
	}
	j->out->windows[j->out->n_windows++] = *d;
}

static void put_text(struct buf *b, struct str s)
{
	if (s.p != NULL)
		json_put_str(b, s);
	else
		buf_z(b, "null");
}

static void key_done(struct judge *j, const struct key *k)
{
	struct due_window d;
	size_t i;

	for (i = 0; i < j->n; i++) {
		if (j->w[i].to_day < k->since_day)
			continue;
		d = (struct due_window){ .key = k->text, .window = j->w[i], .item = j->slots[i].item, .entry = j->slots[i].entry,
			.done = j->slots[i].done };
		d.verdict = verdict_of(j, k, i, &d.presumed);
		j->out->due++;
		j->out->counts[d.verdict]++;
		j->out->presumed += d.presumed;
		window_keep(j, &d);
		buf_clear(&j->line);
		buf_c(&j->line, '[');
		put_text(&j->line, d.key);
		buf_fmt(&j->line, ",%lld,%lld,\"%s\"]\n", (long long)d.window.from_day, (long long)d.window.to_day,
		    window_verdict_name(d.verdict));
		sha256_add(j->grid, j->line.p, j->line.n);
	}
	memset(j->slots, 0, j->n * sizeof(*j->slots));
	j->n_seen = 0;
	j->item_without_time = false;
}

/* Items come in the order of their keys, those that tell none first; a key without items is judged as well. */
static enum rc judge_rows(struct judge *j, struct stmt *st)
{
	size_t at = 0;
	bool row;
	enum rc rc;

	while ((rc = stmt_step(st, &row, j->e)) == RC_OK && row) {
		struct str key = column_text(st, ROW_KEY);

		if (j->keys[0].text.p == NULL) {
			row_note(j, st, j->slots, &j->item_without_time);
			continue;
		}
		if (column_is_null(st, ROW_KEY)) {
			if (column_i64(st, ROW_KEY_KNOWN) == 0)
				row_note(j, st, j->anyone, &j->someone_without_time);
			j->n_seen = 0;
			continue;
		}
		while (at < j->n_keys && str_cmp(j->keys[at].text, key) < 0)
			key_done(j, &j->keys[at++]);
		if (at < j->n_keys && str_eq(j->keys[at].text, key))
			row_note(j, st, j->slots, &j->item_without_time);
	}
	while (rc == RC_OK && at < j->n_keys)
		key_done(j, &j->keys[at++]);
	return rc;
}

static enum rc judge_all(struct judge *j, const struct expr_binding *to)
{
	struct stmt *st = NULL;
	struct buf b;
	enum rc rc;

	j->slots = ARENA_ARRAY(j->a, j->n, struct slot);
	j->anyone = ARENA_ARRAY(j->a, j->n, struct slot);
	buf_init(&b, 1 << 20);
	if ((rc = load_keys(j, to)) == RC_OK && (rc = load_cover(j)) == RC_OK && (rc = rows_statement(j, to, &b)) == RC_OK &&
	    (rc = db_prepare(state_db(j->s), buf_view(&b), &st, j->e)) == RC_OK)
		rc = judge_rows(j, st);
	j->out->sql = arena_str(j->a, buf_view(&b));
	stmt_free(st);
	buf_done(&b);
	return rc;
}

static enum window_verdict worst(const struct occurrences *o)
{
	static const enum window_verdict order[] = { WINDOW_MISSED, WINDOW_LATE, WINDOW_UNKNOWN, WINDOW_NOT_YET_DUE };
	size_t i;

	for (i = 0; i < ARRAY_LEN(order); i++)
		if (o->counts[order[i]] > 0)
			return order[i];
	return WINDOW_PERFORMED;
}

enum rc occurrences_of(struct state *s, struct arena *a, const struct control *c, const struct run_period *p,
    struct occurrences **out, struct err *e)
{
	struct judge j = { .s = s, .a = a, .o = c->occurrence, .p = p, .e = e };
	char asof[32];
	struct expr_binding to = { .asof = asof };
	struct lookups *looks = lookups_new(a);
	enum rc rc;

	*out = NULL;
	if (c->occurrence == NULL || (j.n = windows_of(a, c->every, p->from_day, p->to_day, &j.w)) == 0)
		return RC_OK;
	(void)snprintf(asof, sizeof(asof), "%lld", (long long)run_asof(s, p));
	to.row = c->occurrence->population->n_period > 0 ? "i" : "v";
	lookups_add(looks, c->occurrence->where_expr);
	lookups_add(looks, c->occurrence->keys_where_expr);
	if ((rc = lookups_bind(looks, s, p, &to, e)) != RC_OK)
		return rc;
	j.out = ARENA_NEW(a, struct occurrences);
	j.out->control = c;
	j.grid = sha256_new();
	buf_init(&j.line, LIMIT_RECORD);
	rc = judge_all(&j, &to);
	sha256_end(j.grid, j.out->grid_digest);
	sha256_free(j.grid);
	buf_done(&j.line);
	mem_free(j.seen);
	if (rc != RC_OK)
		return rc;
	j.out->state = worst(j.out);
	*out = j.out;
	return RC_OK;
}

/* ---- as words and as an entry */
struct str due_window_words(struct arena *a, const struct due_window *d)
{
	bool one = d->window.from_day == d->window.to_day;

	return arena_fmt(a, "%s: %.*s%s%.*s%s%.*s%s", window_verdict_name(d->verdict), STR_FMT(d->key.p != NULL ? d->key : STR("")),
	    d->key.p != NULL ? ", " : "", STR_FMT(date_fmt(a, d->window.from_day)), one ? "" : " to ",
	    STR_FMT(one ? STR("") : date_fmt(a, d->window.to_day)), d->presumed ?
	    " (no source declares that it covers this window)" : "");
}

struct str occurrences_words(struct arena *a, const struct occurrences *o)
{
	static const enum window_verdict order[] = { WINDOW_MISSED, WINDOW_LATE, WINDOW_UNKNOWN, WINDOW_NOT_YET_DUE };
	struct str out = STR_NONE;
	size_t i;

	for (i = 0; i < ARRAY_LEN(order); i++)
		if (o->counts[order[i]] > 0)
			out = arena_fmt(a, "%.*s%s%s %llu", STR_FMT(out), out.n > 0 ? ", " : "", window_verdict_name(order[i]),
			    (unsigned long long)o->counts[order[i]]);
	return out.p != NULL ? out : STR("performed");
}

static void put_field_name(struct buf *b, const char *name, const struct field *f)
{
	buf_fmt(b, "\"%s\":", name);
	put_text(b, f != NULL ? f->name : STR_NONE);
}

static void put_rule(const struct occurrence *o, struct buf *b)
{
	buf_c(b, '{');
	put_field_name(b, "at", o->at);
	buf_c(b, ',');
	put_field_name(b, "done", o->done);
	buf_z(b, ",\"keys\":");
	if (o->keys != NULL) {
		buf_c(b, '{');
		put_field_name(b, "field", o->keys_field);
		buf_z(b, ",\"population\":");
		json_put_str(b, o->keys->name);
		buf_z(b, ",\"where\":");
		put_text(b, o->keys_where);
		buf_c(b, '}');
	} else {
		buf_z(b, "null");
	}
	buf_c(b, ',');
	put_field_name(b, "per", o->per);
	buf_z(b, ",\"population\":");
	json_put_str(b, o->population->name);
	buf_z(b, ",\"where\":");
	put_text(b, o->where);
	buf_fmt(b, ",\"within_days\":%lld}", (long long)o->within_days);
}

static void put_window(struct arena *a, const struct occurrence *o, const struct due_window *d, struct buf *b)
{
	const struct field *f = o->done != NULL ? o->done : o->at;

	buf_z(b, "{\"done\":");
	if (d->item.p == NULL)
		buf_z(b, "null,\"entry\":null");
	else if (f->type == FIELD_DATE)
		json_put_str(b, date_fmt(a, d->done));
	else
		json_put_str(b, instant_fmt(a, d->done));
	if (d->item.p != NULL)
		buf_fmt(b, ",\"entry\":%lld", (long long)d->entry);
	buf_z(b, ",\"from\":");
	json_put_str(b, date_fmt(a, d->window.from_day));
	buf_z(b, ",\"item\":");
	buf_str(b, d->item.p != NULL ? d->item : STR("null"));
	buf_z(b, ",\"key\":");
	put_text(b, d->key);
	buf_fmt(b, ",\"presumed\":%s,\"to\":", d->presumed ? "true" : "false");
	json_put_str(b, date_fmt(a, d->window.to_day));
	buf_fmt(b, ",\"verdict\":\"%s\"}", window_verdict_name(d->verdict));
}

enum rc occurrences_put(struct state *s, struct arena *a, const struct occurrences *o, const struct run_period *p,
    struct buf *b, struct err *e)
{
	const struct control *c = o->control;
	size_t i;

	buf_z(b, "{\"control\":");
	json_put_str(b, c->id);
	buf_fmt(b, ",\"counts\":{\"due\":%llu,\"keys\":%llu,\"late\":%llu,\"missed\":%llu,\"not_yet_due\":%llu,\"performed\":%llu,"
	    "\"presumed\":%llu,\"unknown\":%llu},\"definitions\":{", (unsigned long long)o->due, (unsigned long long)o->keys,
	    (unsigned long long)o->counts[WINDOW_LATE], (unsigned long long)o->counts[WINDOW_MISSED],
	    (unsigned long long)o->counts[WINDOW_NOT_YET_DUE], (unsigned long long)o->counts[WINDOW_PERFORMED],
	    (unsigned long long)o->presumed, (unsigned long long)o->counts[WINDOW_UNKNOWN]);
	result_put_definition(s, a, "control", c->id, b);
	buf_c(b, ',');
	result_put_definition(s, a, "population", c->occurrence->population->name, b);
	buf_fmt(b, "},\"engine\":%d,\"frequency\":", ENGINE_VERSION);
	json_put_str(b, c->frequency);
	buf_z(b, ",\"grid\":\"");
	buf_hex(b, o->grid_digest, sizeof(o->grid_digest));
	buf_z(b, "\",\"kind\":\"occurrences\",\"occurrence\":");
	put_rule(c->occurrence, b);
	buf_z(b, ",\"period\":{\"from\":");
	json_put_str(b, date_fmt(a, p->from_day));
	buf_z(b, ",\"to\":");
	json_put_str(b, date_fmt(a, p->to_day));
	buf_fmt(b, "},\"state\":\"%s\",\"test\":\"occurrence\",\"windows\":[", window_verdict_name(o->state));
	for (i = 0; i < o->n_windows; i++) {
		buf_z(b, i > 0 ? "," : "");
		put_window(a, c->occurrence, &o->windows[i], b);
	}
	buf_z(b, "]}");
	return buf_ok(b, "a result", e);
}

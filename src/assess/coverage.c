/* coverage: see coverage.h. */
#include "assess/coverage.h"

#include <string.h>

#include "assess/scope.h"
#include "collect/mapping.h"

enum { STREAMS_MAX = 10000, MAPPINGS_MAX = 1024 };

struct used;

struct gather {
	struct state *s;
	struct arena *a;
	const struct collection *c;
	const struct run_period *p;
	struct coverage *out;
	struct used *used;
	size_t n_used, room, room_stated;
	int64_t start_us, end_us;       /* of the period */
	const struct value *instances;  /* of the scope, or NULL */
	struct err *e;
};

/* A mapping that some ingest used, compiled. */
struct used {
	uint8_t digest[32];
	struct mapping *m;
};

static enum rc find_mappings(struct gather *g)
{
	static const char sql[] = "SELECT digest, body FROM definition WHERE kind='mapping' AND digest IN"
	    " (SELECT mapping FROM ingest UNION SELECT mapping FROM withdrawal) ORDER BY entry";
	struct stmt *st = NULL;
	const struct value *v;
	struct err ignored;
	bool row;
	enum rc rc;

	g->used = ARENA_ARRAY(g->a, MAPPINGS_MAX, struct used);
	if ((rc = db_prepare(state_db(g->s), str_z(sql), &st, g->e)) != RC_OK)
		return rc;
	while ((rc = stmt_step(st, &row, g->e)) == RC_OK && row && g->n_used < MAPPINGS_MAX) {
		struct str digest = column_blob(st, 0);

		err_init(&ignored);
		if (digest.n != 32 || json_parse(g->a, arena_str(g->a, column_text(st, 1)), &v, &ignored) != RC_OK ||
		    mapping_compile(g->a, "mapping", value_get(v, "body"), state_schema(g->s), &g->used[g->n_used].m, &ignored) != RC_OK)
			continue;
		memcpy(g->used[g->n_used++].digest, digest.p, 32);
	}
	stmt_free(st);
	return rc;
}

/* Whether a file of that name, read by that mapping in the shape that its opening entry names, can hold items of the
 * collection. */
static bool is_fed(const struct gather *g, struct str digest, struct str file, struct str open)
{
	struct mapping_context ctx = { .file = file };
	const struct collection **all;
	const struct value *v, *shape;
	struct err ignored;
	uint64_t number;
	size_t i, k, n;

	err_init(&ignored);
	if (json_parse(g->a, arena_str(g->a, open), &v, &ignored) == RC_OK && (shape = value_get(v, "shape")) != NULL &&
	    num_u64(shape->text, 1000, &number))
		ctx.shape = (size_t)number;

	for (i = 0; i < g->n_used; i++) {
		if (digest.n != 32 || memcmp(g->used[i].digest, digest.p, 32) != 0)
			continue;
		all = mapping_file_collections(g->used[i].m, g->a, &ctx, false, &n);
		for (k = 0; k < n; k++)
			if (str_eq(all[k]->name, g->c->name))
				return true;
	}
	return false;
}

static struct stream_coverage *stream_of(struct gather *g, struct str source, struct str instance)
{
	struct stream_coverage *s, *more;
	size_t i;

	for (i = 0; i < g->out->n; i++)
		if (str_eq(g->out->streams[i].source, source) && str_eq(g->out->streams[i].instance, instance))
			return &g->out->streams[i];
	if (g->out->n == STREAMS_MAX)
		return NULL;
	if (g->out->n == g->room) {
		g->room = g->room == 0 ? 8 : g->room * 2;
		more = ARENA_ARRAY(g->a, g->room, struct stream_coverage);
		if (g->out->n > 0)
			memcpy(more, g->out->streams, g->out->n * sizeof(*more));
		g->out->streams = more;
	}
	s = &g->out->streams[g->out->n++];
	s->source = arena_str(g->a, source);
	s->instance = arena_str(g->a, instance);
	s->days = arena_alloc(g->a, (size_t)g->out->days + 1);
	s->late = true;
	s->out_of_scope = scope_leaves_out(g->instances, source, instance);
	return s;
}

/* Days that lie wholly inside [from, to). */
static void cover(struct gather *g, struct stream_coverage *s, int64_t from, int64_t to, uint8_t how, bool whole)
{
	const struct zone *z = state_zone(g->s);
	int64_t d, start, end;

	for (d = g->p->from_day; d <= g->p->to_day; d++) {
		start = zone_day_start_us(z, d);
		end = zone_day_start_us(z, d + 1);
		if (whole ? start < from || end > to : end <= from || start > to)
			continue;
		if (s->days[d - g->p->from_day] < how)
			s->days[d - g->p->from_day] = how;
	}
}

static uint64_t count_of(const struct value *close, const char *name)
{
	const struct value *v = value_get(value_get(close, "counts"), name);
	uint64_t n = 0;

	return v != NULL && num_u64(v->text, UINT64_MAX, &n) ? n : 0;
}

static bool close_time(const struct value *close, const char *name, int64_t *us)
{
	const struct value *v = value_get(close, name);

	return v != NULL && v->type == VALUE_NUMBER && num_i64(v->text, us);
}

static void add_close(struct stream_coverage *s, const struct value *close)
{
	int64_t us;

	s->in += count_of(close, "in");
	s->kept += count_of(close, "kept");
	s->duplicate += count_of(close, "duplicate");
	s->rejected += count_of(close, "rejected");
	if (close_time(close, "first", &us) && (!s->has_items || us < s->first_us))
		s->first_us = us;
	if (close_time(close, "last", &us)) {
		if (!s->has_items || us > s->last_us)
			s->last_us = us;
		s->has_items = true;
	}
}

static void add_stated(struct gather *g, const struct value *close, int64_t ingest, struct str file)
{
	const struct value *v = value_get(close, "stated");
	struct stated *more;
	uint64_t n;

	if (v == NULL || v->type != VALUE_NUMBER || !num_u64(v->text, UINT64_MAX, &n))
		return;
	if (g->out->n_stated == g->room_stated) {
		g->room_stated = g->room_stated == 0 ? 8 : g->room_stated * 2;
		more = ARENA_ARRAY(g->a, g->room_stated, struct stated);
		if (g->out->n_stated > 0)
			memcpy(more, g->out->stated, g->out->n_stated * sizeof(*more));
		g->out->stated = more;
	}
	g->out->stated[g->out->n_stated++] = (struct stated){ ingest, arena_str(g->a, file), n, count_of(close, "in") };
}

/* Columns: id, source, instance, mapping, received_us, covers_from_us, covers_to_us, partial, complete, close, file,
 * open, stream. */
static void add_ingest(struct gather *g, struct stmt *st)
{
	struct stream_coverage *s = stream_of(g, column_text(st, 1), column_text(st, 2));
	bool complete = column_i64(st, 8) != 0, partial = column_i64(st, 7) != 0;
	const struct value *close = NULL;
	struct err ignored;
	int64_t first, last;

	if (s == NULL)
		return;
	err_init(&ignored);
	if (s->ingests++ == 0) {
		s->first_ingest = column_i64(st, 0);
		s->received_first_us = column_i64(st, 4);
	}
	s->received_last_us = column_i64(st, 4);
	if (column_i64(st, 4) < g->end_us)
		s->late = false;
	s->partial += partial;
	s->incomplete += !complete;
	if (!column_is_null(st, 9) && json_parse(g->a, arena_str(g->a, column_text(st, 9)), &close, &ignored) == RC_OK)
		add_close(s, close);
	s->stream = column_i64(st, 12);
	if (close != NULL)
		add_stated(g, close, column_i64(st, 0), column_text(st, 10));
	if (!complete || partial)
		return;                                 /* it shows no absence, so it covers no day */
	if (!column_is_null(st, 5))
		cover(g, s, column_i64(st, 5), column_i64(st, 6), DAY_COVERED, true);
	else if (close != NULL && close_time(close, "first", &first) && close_time(close, "last", &last))
		cover(g, s, first, last, DAY_PRESUMED, false);
}

static enum rc add_ingests(struct gather *g)
{
	static const char sql[] = "SELECT i.id, s.source, s.instance, i.mapping, i.received_us, i.covers_from_us,"
	    " i.covers_to_us, i.partial, i.complete, i.close, i.file, i.open, i.stream FROM ingest i JOIN stream s ON s.id=i.stream"
	    " ORDER BY i.id";
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(state_db(g->s), str_z(sql), &st, g->e);

	while (rc == RC_OK && (rc = stmt_step(st, &row, g->e)) == RC_OK && row)
		if (is_fed(g, column_blob(st, 3), column_text(st, 10), column_text(st, 11)))
			add_ingest(g, st);
	stmt_free(st);
	return rc;
}

static enum rc add_withdrawn(struct gather *g)
{
	static const char sql[] = "SELECT w.ingest, w.entry, s.source, s.instance, w.file, w.reason, w.received_us, w.close, w.mapping,"
	    " w.open FROM withdrawal w JOIN stream s ON s.id=w.stream ORDER BY w.ingest";
	struct stmt *st = NULL;
	size_t room = 0;
	bool row;
	enum rc rc = db_prepare(state_db(g->s), str_z(sql), &st, g->e);

	while (rc == RC_OK && (rc = stmt_step(st, &row, g->e)) == RC_OK && row) {
		struct withdrawn *w, *more;
		const struct value *close = NULL;
		struct err ignored;

		if (!is_fed(g, column_blob(st, 8), column_text(st, 4), column_text(st, 9)))
			continue;
		if (g->out->n_withdrawn == room) {
			room = room == 0 ? 8 : room * 2;
			more = ARENA_ARRAY(g->a, room, struct withdrawn);
			if (g->out->n_withdrawn > 0)
				memcpy(more, g->out->withdrawn, g->out->n_withdrawn * sizeof(*more));
			g->out->withdrawn = more;
		}
		w = &g->out->withdrawn[g->out->n_withdrawn++];
		*w = (struct withdrawn){ .ingest = column_i64(st, 0), .entry = column_i64(st, 1),
			.source = arena_str(g->a, column_text(st, 2)), .instance = arena_str(g->a, column_text(st, 3)),
			.file = arena_str(g->a, column_text(st, 4)), .reason = arena_str(g->a, column_text(st, 5)),
			.withdrawn_us = column_i64(st, 6) };
		err_init(&ignored);
		if (!column_is_null(st, 7) && json_parse(g->a, arena_str(g->a, column_text(st, 7)), &close, &ignored) == RC_OK)
			w->kept = count_of(close, "kept");
	}
	stmt_free(st);
	return rc;
}

/* An extraction of which a record was rejected is not full: who is missing in it may be that record.
 * Registers kept by hand: each edit is known, and nothing says that the register is whole. */
static enum rc add_extractions(struct gather *g)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	rc = db_prepare(state_db(g->s), STR("SELECT count(DISTINCT x.id),"
	    " count(DISTINCT CASE WHEN i.complete=1 AND i.partial=0"
	    " AND NOT EXISTS (SELECT 1 FROM rejected j WHERE j.ingest=i.id) THEN x.id END)"
	    " FROM extraction x LEFT JOIN extraction_ingest xi ON xi.extraction=x.id LEFT JOIN ingest i ON i.id=xi.ingest"
	    " WHERE x.collection=?1 AND x.at>=?2 AND x.at<?3"), &st, g->e);
	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, g->c->name);
	stmt_i64(st, 2, g->start_us);
	stmt_i64(st, 3, g->end_us);
	if ((rc = stmt_step(st, &row, g->e)) == RC_OK && row) {
		g->out->extractions = (uint64_t)column_i64(st, 0);
		g->out->full_extractions = (uint64_t)column_i64(st, 1);
	}
	stmt_free(st);
	return rc;
}

static void sum_up(struct gather *g)
{
	struct coverage *o = g->out;
	uint64_t d;
	size_t i;

	for (d = 0; d < o->days; d++) {
		uint8_t least = DAY_COVERED;
		bool any = false;

		for (i = 0; i < o->n; i++) {
			struct stream_coverage *s = &o->streams[i];

			s->covered += s->days[d] == DAY_COVERED;
			s->presumed += s->days[d] == DAY_PRESUMED;
			s->unknown += s->days[d] == DAY_UNKNOWN;
			if (s->out_of_scope)
				continue;
			any = true;
			if (s->days[d] < least)
				least = s->days[d];
		}
		least = any ? least : DAY_UNKNOWN;
		o->by_day[d] = least;
		o->covered += least == DAY_COVERED;
		o->presumed += least == DAY_PRESUMED;
		o->unknown += least == DAY_UNKNOWN;
	}
}

enum rc coverage_of(struct state *s, struct arena *a, const struct collection *c, const struct run_period *p,
    struct coverage **out, struct err *e)
{
	const struct zone *z = state_zone(s);
	struct gather g = { .s = s, .a = a, .c = c, .p = p, .e = e };
	struct scope scope;
	struct err none;
	enum rc rc;

	/* what is computed rests on what it is computed from */
	if (c->is_derived && (g.c = schema_find(state_schema(s), value_text(c->definition, "derived_from"))) == NULL)
		g.c = c;
	g.out = ARENA_NEW(a, struct coverage);
	g.out->collection = c;
	g.out->days = (uint64_t)(p->to_day - p->from_day + 1);
	g.out->by_day = arena_alloc(a, (size_t)g.out->days);
	g.start_us = zone_day_start_us(z, p->from_day);
	g.end_us = zone_day_start_us(z, p->to_day + 1);
	err_init(&none);
	if (scope_load(s, a, &scope, &none) == RC_OK)
		g.instances = value_get(scope.doc, "instances");
	if ((rc = find_mappings(&g)) != RC_OK || (rc = add_ingests(&g)) != RC_OK || (rc = add_withdrawn(&g)) != RC_OK)
		return rc;
	if (g.c->n_period == 0 && (rc = add_extractions(&g)) != RC_OK)
		return rc;
	sum_up(&g);
	*out = g.out;
	return RC_OK;
}

void coverage_put(struct arena *a, const struct coverage *o, struct buf *b)
{
	size_t i;

	buf_fmt(b, "{\"covered\":%llu,\"days\":%llu,\"extractions\":%llu,\"full_extractions\":%llu,\"presumed\":%llu,"
	    "\"sources\":[", (unsigned long long)o->covered, (unsigned long long)o->days, (unsigned long long)o->extractions,
	    (unsigned long long)o->full_extractions, (unsigned long long)o->presumed);
	for (i = 0; i < o->n; i++) {
		const struct stream_coverage *s = &o->streams[i];

		buf_fmt(b, "%s{\"covered\":%llu,\"duplicate\":%llu,\"first\":", i > 0 ? "," : "", (unsigned long long)s->covered,
		    (unsigned long long)s->duplicate);
		if (s->has_items)
			json_put_str(b, instant_fmt(a, s->first_us));
		else
			buf_z(b, "null");
		buf_fmt(b, ",\"in\":%llu,\"in_scope\":%s,\"incomplete\":%llu,"
		    "\"ingest\":%lld,\"ingests\":%llu,\"instance\":", (unsigned long long)s->in,
		    s->out_of_scope ? "false" : "true",
		    (unsigned long long)s->incomplete, (long long)s->first_ingest, (unsigned long long)s->ingests);
		json_put_str(b, s->instance);
		buf_fmt(b, ",\"kept\":%llu,\"last\":", (unsigned long long)s->kept);
		if (s->has_items)
			json_put_str(b, instant_fmt(a, s->last_us));
		else
			buf_z(b, "null");
		buf_fmt(b, ",\"late\":%s,\"partial\":%llu,\"presumed\":%llu,\"received\":", s->late ? "true" : "false",
		    (unsigned long long)s->partial, (unsigned long long)s->presumed);
		json_put_str(b, instant_fmt(a, s->received_last_us));
		buf_fmt(b, ",\"rejected\":%llu,\"source\":", (unsigned long long)s->rejected);
		json_put_str(b, s->source);
		buf_fmt(b, ",\"unknown\":%llu}", (unsigned long long)s->unknown);
	}
	buf_fmt(b, "],\"unknown\":%llu,\"withdrawn\":[", (unsigned long long)o->unknown);
	for (i = 0; i < o->n_withdrawn; i++) {
		const struct withdrawn *w = &o->withdrawn[i];

		buf_fmt(b, "%s{\"by\":%lld,\"file\":", i > 0 ? "," : "", (long long)w->entry);
		json_put_str(b, w->file);
		buf_fmt(b, ",\"ingest\":%lld,\"instance\":", (long long)w->ingest);
		json_put_str(b, w->instance);
		buf_fmt(b, ",\"kept\":%llu,\"reason\":", (unsigned long long)w->kept);
		json_put_str(b, w->reason);
		buf_z(b, ",\"source\":");
		json_put_str(b, w->source);
		buf_z(b, ",\"withdrawn_at\":");
		json_put_str(b, instant_fmt(a, w->withdrawn_us));
		buf_c(b, '}');
	}
	buf_z(b, "]}");
}

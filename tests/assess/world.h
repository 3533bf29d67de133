/* A made-up organization in memory for tests of this layer: all content defined, entries fed one by one. */
#ifndef TESTS_ASSESS_WORLD_H
#define TESTS_ASSESS_WORLD_H

#include "test.h"

#include "assess/run.h"
#include "base/value.h"
#include "collect/ingest.h"
#include "model/change.h"
#include "model/content.h"
#include "seal/hash.h"

struct world {
	struct arena *a;
	struct state *s;
	struct mapper *mapper;
	uint64_t next;
	uint8_t last_id;
	struct run_period p;
};

#define WORLD_NOW ((int64_t)1735689600 * US_PER_SECOND)         /* 2025-01-01 */

static inline void world_feed_entry(struct world *w, struct state_entry *en)
{
	struct err e;

	err_init(&e);
	en->index = w->next++;
	en->is_open = true;
	assert_ok(state_apply(w->s, en, &e), &e);
	if (state_refused(w->s) != NULL)
		fail_msg("%.*s: %s", STR_FMT(str_sub(en->body, 0, 300)), state_refused(w->s));
}

static inline void world_feed(struct world *w, uint8_t kind, struct str body)
{
	struct state_entry en = { .kind = kind, .body = body, .received_us = (int64_t)1720000000 * US_PER_SECOND };

	world_feed_entry(w, &en);
}

static inline void world_changes(struct world *w, struct changes *c, size_t *from)
{
	for (; *from < c->n; (*from)++)
		world_feed(w, c->p[*from].kind, c->p[*from].body);
}

static inline void world_content(struct world *w, const char *folder, const char *kind, const char *id, bool derived)
{
	struct changes c = { .a = w->a };
	const struct value *docs;
	struct str name, text;
	struct value body;
	struct err e;
	size_t i, k, n, from = 0;

	for (i = 0; i < content_count(); i++) {
		text = content_at(i, &name);
		if (!str_starts(name, str_z(folder)) || (str_find(text, STR("\nderived_from:")) >= 0) != derived)
			continue;
		err_init(&e);
		assert_ok(yaml_parse(w->a, "content", text, &docs, &n, &e), &e);
		for (k = 0; k < n; k++) {
			body = docs[k];
			body.members++;                         /* "kind" stands first */
			body.n--;
			change_definition(&c, kind, value_text(&docs[k], id), &body);
		}
	}
	world_changes(w, &c, &from);
}

static inline void world_zone(struct world *w, const char *name)
{
	struct changes c = { .a = w->a };
	struct zone *zone;
	struct err e;
	struct buf b;
	size_t from = 0;

	err_init(&e);
	assert_ok(zone_from_host(w->a, str_z(name), &zone, &e), &e);
	buf_init(&b, 1 << 20);
	zone_put(&b, zone);
	change_definition_text(&c, "zone", STR("zone"), buf_view(&b));
	buf_done(&b);
	world_changes(w, &c, &from);
}

/* The year from 2023-07-01 to 2024-06-30, looked at half a year later. */
static inline struct world *world_new(void)
{
	struct world *w = mem_alloc(sizeof(*w));
	struct state_hooks hooks;
	struct err e;

	err_init(&e);
	w->a = arena_new();
	w->mapper = mapper_new();
	hooks = mapper_hooks(w->mapper);
	assert_ok(state_open("", DB_MEMORY, &hooks, &w->s, &e), &e);
	assert_ok(state_begin(w->s, &e), &e);
	world_content(w, "parameters", "parameter", "name", false);
	world_content(w, "populations/", "population", "name", false);
	world_content(w, "populations/", "population", "name", true);
	world_content(w, "controls/", "control", "id", false);
	w->p.now_us = WORLD_NOW;
	assert_true(date_parse(STR("2023-07-01"), &w->p.from_day) && date_parse(STR("2024-06-30"), &w->p.to_day));
	return w;
}

static inline void world_free(struct world *w)
{
	state_close(w->s);
	mapper_free(w->mapper);
	arena_free(w->a);
	mem_free(w);
}

/* A register's item as a person enters it; ${fields} is JSON. */
static inline void world_item(struct world *w, const char *collection, const char *as_of, struct str fields)
{
	struct changes c = { .a = w->a };
	const struct value *v;
	struct err e;
	size_t from = 0;

	err_init(&e);
	assert_ok(json_parse(w->a, arena_str(w->a, fields), &v, &e), &e);
	assert_ok(change_item(&c, w->s, str_z(collection), v, as_of != NULL ? str_z(as_of) : STR_NONE, &e), &e);
	world_changes(w, &c, &from);
}

static inline int64_t world_us(const char *text)
{
	int64_t us = 0;

	assert_int_not_equal(instant_parse(str_z(text), NULL, &us), TIME_BAD);
	return us;
}

/* How a table was taken in; what is NULL or 0 is not said. */
struct world_file {
	const char *collection, *instance, *covers_from, *covers_to, *extracted, *received;
	const char *close;              /* further members of the close entry, each with a comma behind it */
	bool partial;
	int64_t shift_us;
};

/* A table taken in: its header and rows, separated by LF.  Returns the index of the open entry. */
static inline uint64_t world_ingest(struct world *w, const struct world_file *f, const char *text)
{
	struct str rest = str_z(text), line, source = arena_fmt(w->a, "csv:%s", f->collection), column, body;
	const struct collection *c = schema_find(state_schema(w->s), str_z(f->collection));
	struct state_entry en = { .kind = 5, .received_us = f->received != NULL ? world_us(f->received) : WORLD_NOW };
	struct changes changes = { .a = w->a };
	struct contribution *items;
	const struct ingest *in;
	struct state_hooks hooks = mapper_hooks(w->mapper);
	uint8_t digest[32], id[16] = { 0 };
	uint64_t open, n = 0, position = 0;
	size_t from = 0, n_items, i, k;
	int64_t first = INT64_MAX, last = INT64_MIN;
	struct err e;
	struct buf b;

	err_init(&e);
	assert_non_null(c);
	buf_init(&b, 1 << 20);
	if (state_definition(w->s, w->a, "mapping", source, &body, digest, &e) != RC_OK) {
		err_init(&e);
		mapping_of_table(c, &b);
		change_definition_text(&changes, "mapping", source, buf_view(&b));
		world_changes(w, &changes, &from);
		assert_ok(state_definition(w->s, w->a, "mapping", source, &body, digest, &e), &e);
		buf_clear(&b);
	}
	memset(id, ++w->last_id, sizeof(id));
	memcpy(en.record_id, id, 16);
	buf_z(&b, "{\"columns\":[");
	line = str_cut(&rest, '\n');
	for (i = 0; line.p != NULL; i++) {
		column = str_cut(&line, ',');
		buf_z(&b, i > 0 ? "," : "");
		json_put_str(&b, column);
	}
	buf_z(&b, "],\"covers\":");
	if (f->covers_from != NULL)
		buf_fmt(&b, "{\"from\":%lld,\"to\":%lld}", (long long)world_us(f->covers_from), (long long)world_us(f->covers_to));
	else
		buf_z(&b, "null");
	buf_z(&b, ",\"delimiter\":\",\",\"extracted_at\":");
	if (f->extracted != NULL)
		buf_fmt(&b, "%lld", (long long)world_us(f->extracted));
	else
		buf_z(&b, "null");
	buf_fmt(&b, ",\"file\":\"%s.csv\",\"instance\":\"%s\",\"kind\":\"open\",\"mapping\":\"", f->collection,
	    f->instance != NULL ? f->instance : "");
	buf_hex(&b, digest, 32);
	buf_fmt(&b, "\",\"partial\":%s,\"source\":", f->partial ? "true" : "false");
	json_put_str(&b, source);
	buf_c(&b, '}');
	en.body = arena_str(w->a, buf_view(&b));
	open = w->next;
	world_feed_entry(w, &en);
	assert_non_null(in = state_ingest(w->s, id));
	while (rest.p != NULL) {
		line = str_cut(&rest, '\n');
		if (line.n == 0)
			continue;
		memset(&changes, 0, sizeof(changes));
		changes.a = w->a;
		from = 0;
		assert_ok(hooks.contribute(hooks.ctx, w->s, w->a, in, body, &(struct state_entry){ .body = line }, &items, &n_items,
		    &e), &e);
		for (i = 0; i < n_items; i++) {
			change_subjects_of(&changes, w->s, &items[i]);
			for (k = 0; k < c->n_period; k++) {
				const struct field_value *v = &items[i].fields[c->period[k]];
				int64_t us = c->fields[c->period[k]].type == FIELD_DATE ? v->i * US_PER_DAY : v->i;

				if (!v->supplied || v->is_null)
					continue;
				first = us < first ? us : first;
				last = us > last ? us : last;
				break;
			}
		}
		change_tell_subjects(&changes);
		world_changes(w, &changes, &from);
		buf_clear(&b);
		buf_add(&b, id, 16);
		buf_u64(&b, position);
		buf_u32(&b, (uint32_t)line.n);
		buf_u16(&b, 0);
		buf_u16(&b, 0);
		en.kind = 1;
		en.body = line;
		en.envelope = arena_str(w->a, buf_view(&b));
		world_feed_entry(w, &en);
		position += line.n + 1;
		n++;
	}
	buf_clear(&b);
	buf_fmt(&b, "{\"bytes\":0,\"complete\":true,\"counts\":{\"duplicate\":0,\"in\":%llu,\"kept\":%llu,\"no_item\":0,"
	    "\"null_key\":0,\"rejected\":0},", (unsigned long long)n, (unsigned long long)n);
	if (first <= last)
		buf_fmt(&b, "\"first\":%lld,\"last\":%lld,", (long long)first, (long long)last);
	buf_z(&b, f->close != NULL ? f->close : "");
	buf_z(&b, "\"kind\":\"close\",\"open\":\"");
	buf_hex(&b, id, 16);
	buf_z(&b, "\",\"reasons\":{},\"sha256\":\"\",\"stopped\":null}");
	en.kind = 5;
	en.body = arena_str(w->a, buf_view(&b));
	en.envelope = STR_NONE;
	memset(en.record_id, 0, 16);
	world_feed_entry(w, &en);
	buf_done(&b);
	return open;
}

static inline const struct control *world_control(struct world *w, const char *id)
{
	struct control **all;
	struct err e;
	size_t n, i;

	err_init(&e);
	assert_ok(controls_load(w->s, w->a, &all, &n, &e), &e);
	for (i = 0; i < n; i++)
		if (str_is(all[i]->id, id))
			return all[i];
	fail_msg("there is no control %s", id);
	return NULL;
}

/* The row that differs: "a,b" with each @ replaced by the day. */
static inline struct str world_rows(struct world *w, const char *header, const char *row, const char *from, const char *to)
{
	struct str rest, part;
	int64_t day, last;
	struct buf b;
	struct str out;

	assert_true(date_parse(str_z(from), &day) && date_parse(str_z(to), &last));
	buf_init(&b, 16 << 20);
	buf_z(&b, header);
	for (; day <= last; day++) {
		buf_c(&b, '\n');
		rest = str_z(row);
		for (;;) {
			part = str_cut(&rest, '@');
			buf_str(&b, part);
			if (rest.p == NULL)
				break;
			buf_str(&b, date_fmt(w->a, day));
		}
	}
	buf_u8(&b, 0);
	out = arena_str(w->a, buf_view(&b));
	buf_done(&b);
	return out;
}

#endif

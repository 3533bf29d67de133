/* bundle_choose: what a bundle discloses: whatever results of the period rest on, and nothing else. */
#include "report/bundle_writing.h"

#include <stdlib.h>
#include <string.h>

static bool is_withheld(const struct writing *w, struct str collection)
{
	size_t i;

	for (i = 0; i < w->how->n_withhold; i++)
		if (str_eq(w->how->withhold[i], collection))
			return true;
	return false;
}

/* ---- what is disclosed */
static enum rc mark(struct writing *w, uint8_t *bits, struct str sql)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(state_db(org_state(w->org)), sql, &st, w->e);

	while (rc == RC_OK && (rc = stmt_step(st, &row, w->e)) == RC_OK && row) {
		int64_t entry = column_i64(st, 0);

		if (entry >= 0 && (uint64_t)entry < w->size)
			bit_set(bits, (uint64_t)entry);
	}
	stmt_free(st);
	return rc;
}

/* Populations that results rest on beyond the period: those that a test looks into, those that a due window which begins
 * before the period is judged by, and people, for who is one follows from every listing of them. */
static enum rc find_whole(struct writing *w)
{
	struct stmt *st = NULL;
	struct control **controls;
	size_t n, i;
	bool row;
	enum rc rc;

	w->n_whole = 0;
	if ((rc = controls_load(org_state(w->org), w->a, &controls, &n, w->e)) != RC_OK ||
	    (rc = db_prepare(state_db(org_state(w->org)), STR("SELECT DISTINCT t.value FROM result r, "
	    "json_tree(r.body,'$.looks_into') t WHERE r.current=1 AND t.type='text'"), &st, w->e)) != RC_OK)
		return rc;
	w->whole = ARENA_ARRAY(w->a, 2 * n + 1024, struct str);
	w->whole[w->n_whole++] = STR("person");
	for (i = 0; i < n; i++)
		if (controls[i]->occurrence != NULL && controls[i]->occurrence->population != NULL)
			w->whole[w->n_whole++] = controls[i]->occurrence->population->name;
	for (i = 0; i < n; i++)
		if (controls[i]->occurrence != NULL && controls[i]->occurrence->keys != NULL)
			w->whole[w->n_whole++] = controls[i]->occurrence->keys->name;
	for (i = 0; (rc = stmt_step(st, &row, w->e)) == RC_OK && row && i < 1000; i++)
		w->whole[w->n_whole++] = arena_str(w->a, column_text(st, 0));
	stmt_free(st);
	return rc;
}

static bool is_whole(const struct writing *w, const struct collection *c)
{
	const struct schema *schema = state_schema(org_state(w->org));
	size_t i;

	for (i = 0; i < w->n_whole; i++) {
		const struct collection *other = schema_find(schema, w->whole[i]);

		if (str_eq(w->whole[i], c->name) || (other != NULL && other->is_derived &&
		    str_eq(value_text(other->definition, "derived_from"), c->name)))
			return true;
	}
	return false;
}

static enum rc mark_collection(struct writing *w, const struct collection *c)
{
	const struct zone *z = state_zone(org_state(w->org));
	bool back = is_withheld(w, c->name), whole = is_whole(w, c);
	struct str n = c->name;

	if (c->is_derived)
		return mark(w, back ? w->kept_back : w->bits, arena_fmt(w->a, "SELECT entry FROM item_%.*s UNION SELECT entry FROM "
		    "part_%.*s", STR_FMT(n), STR_FMT(n)));
	if (c->n_period > 0)
		return mark(w, back ? w->kept_back : w->bits, arena_fmt(w->a, "WITH i AS (SELECT id, entry FROM item_%.*s WHERE day IS "
		    "NULL OR %d OR day BETWEEN %lld AND %lld) SELECT entry FROM i UNION SELECT p.entry FROM part_%.*s p JOIN i ON "
		    "i.id=p.item", STR_FMT(n), whole, (long long)w->how->period.from_day, (long long)w->how->period.to_day, STR_FMT(n)));
	return mark(w, back ? w->ingests_back : w->ingests, arena_fmt(w->a, "SELECT ei.ingest FROM extraction x JOIN "
	    "extraction_ingest ei ON ei.extraction=x.id WHERE x.collection='%.*s' AND (%d OR (x.at>=%lld AND x.at<%lld))", STR_FMT(n),
	    whole, (long long)zone_day_start_us(z, w->how->period.from_day),
	    (long long)zone_day_start_us(z, w->how->period.to_day + 1)));
}

static enum rc mark_results(struct writing *w)
{
	struct arena *a = w->a;
	struct str from = date_fmt(a, w->how->period.from_day), to = date_fmt(a, w->how->period.to_day);

	return mark(w, w->bits, arena_fmt(a, "SELECT entry FROM result WHERE current=1 AND json_extract(body,'$.period.from')='%.*s' "
	    "AND json_extract(body,'$.period.to')='%.*s'", STR_FMT(from), STR_FMT(to)));
}

static bool names_people(const struct collection *c)
{
	size_t i;

	for (i = 0; i < c->n_fields; i++)
		if (c->fields[i].type == FIELD_SUBJECT || c->fields[i].personal ||
		    (c->fields[i].type == FIELD_LIST && c->fields[i].item_type == FIELD_SUBJECT))
			return true;
	return false;
}

static void keep_partly(struct writing *w, struct str collection)
{
	size_t i;

	for (i = 0; i < w->n_partly; i++)
		if (str_eq(w->partly[i], collection))
			return;
	w->partly[w->n_partly++] = collection;
}

static bool change_is_shown(struct writing *w, const struct opened *o, bool marked)
{
	const struct collection *c;
	const struct value *v;
	struct err ignored;

	err_init(&ignored);
	if (json_parse(w->a, o->body, &v, &ignored) != RC_OK)
		return true;
	if (str_is(value_text(v, "op"), "join") || str_is(value_text(v, "op"), "split"))
		return false;                   /* another entry holds the same by reference */
	if (!str_is(value_text(v, "op"), "item"))
		return true;
	c = schema_find(state_schema(org_state(w->org)), value_text(v, "collection"));
	if (c == NULL)
		return true;
	if (is_withheld(w, c->name))
		return false;
	marked = marked || c->n_period == 0 || c->is_derived;
	if (!marked || !w->how->without_people || !names_people(c))
		return marked;
	keep_partly(w, c->name);               /* what is entered by hand is sealed in one part */
	return false;
}

/* Whether records of a mapping's shape are never cut, though they tell of people: those of a whole file or XML, and of a
 * mapping that does not say who stands where. */
static bool shape_is_uncut(struct writing *w, const struct value *mapping, const struct value *shape)
{
	const struct schema *schema = state_schema(org_state(w->org));
	const struct value *items;
	bool cut, people = false;
	size_t i;

	items = value_get(shape, "items") != NULL ? value_get(shape, "items") : value_get(mapping, "items");
	cut = !str_is(value_text(shape, "reads"), "whole") && !str_is(value_text(shape, "reads"), "xml");
	cut = cut && (value_get(shape, "personal") != NULL || value_get(mapping, "personal") != NULL);
	for (i = 0; items != NULL && i < items->n; i++) {
		const struct collection *c = schema_find(schema, value_text(&items->items[i], "collection"));

		cut = cut || value_get(&items->items[i], "columns") != NULL;
		people = people || (c != NULL && names_people(c));
	}
	for (i = 0; !cut && people && i < items->n; i++) {
		const struct collection *c = schema_find(schema, value_text(&items->items[i], "collection"));

		if (c != NULL)
			keep_partly(w, c->name);
	}
	return !cut && people;
}

/* ${number} as the ingest's opening entry has it; 0: it has none, and any of the mapping's shapes may be meant. */
static bool one_is_uncut(struct writing *w, const struct value *mapping, int64_t number)
{
	const struct value *shapes = value_get(mapping, "shapes");
	bool uncut = false;
	size_t i;

	if (shapes == NULL || shapes->type != VALUE_LIST)
		return true;
	for (i = 0; i < shapes->n; i++)
		if (number == 0 || (uint64_t)number == i + 1)
			uncut = shape_is_uncut(w, mapping, &shapes->items[i]) || uncut;
	return uncut;
}

static bool is_uncut(struct writing *w, const struct opened *o, const struct ingest *in)
{
	const struct ingest *same;
	const struct value *v, *number;
	struct str definition;
	int64_t shape = 0;
	struct err ignored;

	if (o->entry.n > 1)
		return false;
	if (in->id == w->ingest)
		return w->is_uncut;
	err_init(&ignored);
	w->ingest = in->id;
	w->is_uncut = true;
	if (state_mapping_of(org_state(w->org), o->envelope, &same, &definition, &ignored) == RC_OK &&
	    json_parse(w->a, arena_str(w->a, definition), &v, &ignored) == RC_OK && value_get(v, "body") != NULL &&
	    ((number = value_get(in->body, "shape")) == NULL || num_i64(number->text, &shape)))
		w->is_uncut = one_is_uncut(w, value_get(v, "body"), shape);
	return w->is_uncut;
}


static enum rc choose(void *ctx, const struct opened *o, struct err *e)
{
	struct writing *w = ctx;
	const struct ingest *in;
	bool shown = bit_get(w->bits, o->index), back = bit_get(w->kept_back, o->index);

	(void)e;
	switch (o->entry.kind) {
	case KIND_EVIDENCE:
		in = o->envelope.n >= 16 ? state_ingest(org_state(w->org), (const uint8_t *)o->envelope.p) : NULL;
		if (in != NULL && (uint64_t)in->id < w->size) {
			shown = shown || bit_get(w->ingests, (uint64_t)in->id);
			back = back || bit_get(w->ingests_back, (uint64_t)in->id);
			back = back || (shown && w->how->without_people && is_uncut(w, o, in));
		}
		w->out->withheld += back;
		shown = shown && !back;
		break;
	case KIND_CHANGE:
		shown = o->verdict == VERDICT_INTACT && change_is_shown(w, o, shown);
		break;
	case KIND_RESULT:
		break;
	case KIND_REJECTED:
	case KIND_ACCESS:
		shown = false;
		break;
	default:
		shown = true;
	}
	if (shown && o->verdict != VERDICT_INTACT) {
		w->out->erased++;
		shown = false;
	}
	if (shown)
		bit_set(w->bits, o->index);
	else
		w->bits[o->index >> 3] = (uint8_t)(w->bits[o->index >> 3] & ~(1 << (o->index & 7)));
	w->out->disclosed += shown;
	if (w->how->tell != NULL && o->index % 4096 == 0)
		w->how->tell(w->how->ctx, o->index, w->size);
	return RC_OK;
}

/* ---- whom disclosed items name */
static enum rc add_named(struct writing *w, int64_t subject)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	if (w->n_named == w->room_named) {
		uint8_t (*more)[16];

		w->room_named = w->room_named == 0 ? 256 : w->room_named * 2;
		more = arena_array(w->a, w->room_named, 16);
		if (w->n_named > 0)
			memcpy(more, w->named, w->n_named * 16);
		w->named = more;
	}
	if ((rc = db_prepare(state_db(org_state(w->org)), STR("SELECT ref FROM subject WHERE id=?1"), &st, w->e)) != RC_OK)
		return rc;
	stmt_i64(st, 1, subject);
	if ((rc = stmt_step(st, &row, w->e)) == RC_OK && row && column_blob(st, 0).n == 16)
		memcpy(w->named[w->n_named++], column_blob(st, 0).p, 16);
	stmt_free(st);
	return rc;
}

/* "SELECT entry, id of a subject" of every field of ${table}_NAME that holds one; "" when none does. */
static struct str naming_sql(struct writing *w, const struct collection *c, const char *table)
{
	struct str out;
	struct buf b;
	size_t i;

	buf_init(&b, 1 << 18);
	for (i = 0; i < c->n_fields; i++) {
		const struct field *f = &c->fields[i];
		bool list = f->type == FIELD_LIST && f->item_type == FIELD_SUBJECT;

		if (f->type != FIELD_SUBJECT && !list)
			continue;
		buf_z(&b, b.n > 0 ? " UNION " : "");
		if (list)
			buf_fmt(&b, "SELECT t.entry, m.value FROM %s_%.*s t, json_each(t.f_%.*s) m WHERE m.type='integer'", table,
			    STR_FMT(c->name), STR_FMT(f->name));
		else
			buf_fmt(&b, "SELECT t.entry, t.f_%.*s FROM %s_%.*s t WHERE t.f_%.*s IS NOT NULL", STR_FMT(f->name), table,
			    STR_FMT(c->name), STR_FMT(f->name));
	}
	out = arena_str(w->a, buf_view(&b));
	buf_done(&b);
	return out;
}

static enum rc named_in(struct writing *w, const struct collection *c, const char *table, uint8_t *seen, int64_t most)
{
	struct str sql = naming_sql(w, c, table);
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	if (sql.n == 0)
		return RC_OK;
	rc = db_prepare(state_db(org_state(w->org)), sql, &st, w->e);
	while (rc == RC_OK && (rc = stmt_step(st, &row, w->e)) == RC_OK && row) {
		int64_t entry = column_i64(st, 0), subject = column_i64(st, 1);

		if (entry < 0 || (uint64_t)entry >= w->size || !bit_get(w->bits, (uint64_t)entry) || subject <= 0 || subject > most ||
		    bit_get(seen, (uint64_t)subject))
			continue;
		bit_set(seen, (uint64_t)subject);
		if ((rc = add_named(w, subject)) != RC_OK)
			break;
	}
	stmt_free(st);
	return rc;
}

static int by_reference(const void *a, const void *b) { return memcmp(a, b, 16); }

static enum rc find_named(struct writing *w)
{
	static const char *const tables[2][3] = { { "version", NULL, NULL }, { "item", "part", "wait" } };
	const struct schema *schema = state_schema(org_state(w->org));
	uint8_t *seen;
	int64_t most;
	size_t i, k;
	enum rc rc;

	w->n_named = 0;
	if ((rc = db_i64(state_db(org_state(w->org)), "SELECT max(id) FROM subject", 0, &most, w->e)) != RC_OK)
		return rc;
	seen = arena_alloc(w->a, (size_t)most / 8 + 2);
	memset(seen, 0, (size_t)most / 8 + 2);
	for (i = 0; i < schema->n; i++) {
		const struct collection *c = schema->collections[i];

		for (k = 0; k < 3 && !c->is_derived && tables[c->n_period > 0][k] != NULL; k++)
			if ((rc = named_in(w, c, tables[c->n_period > 0][k], seen, most)) != RC_OK)
				return rc;
	}
	if (w->n_named > 1)
		qsort(w->named, w->n_named, 16, by_reference);
	return RC_OK;
}

/* Of a record all, or all but people's; of an entry that introduces identities those whom a disclosed item names. */
void bundle_parts(const struct writing *w, const struct opened *o, uint8_t *shown)
{
	unsigned i;

	for (i = 0; i < o->entry.n; i++) {
		shown[i] = i == 0 || !w->how->without_people;
		if (shown[i] && i > 0 && o->entry.kind == KIND_CHANGE)
			shown[i] = o->parts != NULL && o->parts[i].n >= 16 && w->n_named > 0 &&
			    bsearch(o->parts[i].p, w->named, w->n_named, 16, by_reference) != NULL;
	}
}

struct listing {
	struct writing *w;
	struct sha256 *hash;
};

static enum rc list_one(void *ctx, const struct opened *o, struct err *e)
{
	struct listing *l = ctx;
	uint8_t shown[PARTS_MAX + 1];

	(void)e;
	if (!bit_get(l->w->bits, o->index))
		return RC_OK;
	bundle_parts(l->w, o, shown);
	bundle_list_add(l->hash, o->index, shown, o->entry.n);
	return RC_OK;
}

static enum rc list_all(struct writing *w)
{
	struct arena *a = arena_new();
	struct listing l = { w, sha256_new() };
	enum rc rc = ledger_each(org_ledger(w->org), 0, w->size, false, a, list_one, &l, w->e);

	arena_free(a);
	sha256_end(l.hash, w->list_digest);
	sha256_free(l.hash);
	return rc;
}

enum rc bundle_choose(struct writing *w)
{
	const struct schema *schema = state_schema(org_state(w->org));
	struct arena *a;
	size_t i;
	enum rc rc;

	memset(w->bits, 0, w->size / 8 + 2);
	w->out->disclosed = w->out->withheld = w->out->erased = 0;
	w->partly = ARENA_ARRAY(w->a, schema->n, struct str);
	w->n_partly = 0;
	w->ingest = -1;
	for (i = 0; i < w->how->n_withhold; i++)
		if (schema_find(schema, w->how->withhold[i]) == NULL)
			return err_set(w->e, RC_INVALID, "there is no collection \"%.*s\" to withhold", STR_FMT(w->how->withhold[i]));
	if ((rc = find_whole(w)) != RC_OK)
		return rc;
	for (i = 0; i < schema->n; i++)
		if ((rc = mark_collection(w, schema->collections[i])) != RC_OK)
			return rc;
	if ((rc = mark_results(w)) != RC_OK)
		return rc;
	a = arena_new();
	rc = ledger_each(org_ledger(w->org), 0, w->size, false, a, choose, w, w->e);
	arena_free(a);
	if (rc == RC_OK && (rc = find_named(w)) == RC_OK)
		rc = list_all(w);
	return rc;
}

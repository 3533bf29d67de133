/* A record cut and read again, by whoever tests mappings: put together it is the record, and the items of what is left are
 * those of the whole with references in the place of people.  Here a reference is a hash of kind and identity, so that it
 * can be told without a directory. */
#ifndef TESTS_COLLECT_CUTTING_H
#define TESTS_COLLECT_CUTTING_H

#include <stdio.h>
#include <string.h>

#include "collect/mapping.h"
#include "seal/cut.h"
#include "seal/hash.h"

struct cutting {
	struct arena *a;
	const struct mapping *m;
	struct mapping_context ctx;
	bool strict;                    /* the items are compared as well, and what personal bytes feed is personal in the schema,
	                                 * or a subject: of records as they are, for a mapping may ask of words that were cut */
	uint64_t records, cut;          /* seen; of those, cut */
	char why[700];                  /* after false */
};

static inline void cutting_ref(struct str kind, struct str identity, uint8_t ref[16])
{
	uint8_t h[SHA256_BYTES];
	const struct str pieces[] = { kind, { ":", 1 }, identity };

	sha256_pieces(pieces, 3, h);
	memcpy(ref, h, 16);
}

/* Whether ${got} is ${want} with references in it: for each of them something that stood there fits. */
static inline bool cutting_same(const struct cut_mark *marks, size_t n, struct str want, struct str got)
{
	char word[CUT_WORDS];
	ptrdiff_t at = str_find(got, STR("subject:"));
	size_t i;

	if (at < 0 || got.n - (size_t)at < CUT_WORDS)
		return str_eq(want, got);
	if (!str_eq(str_sub(want, 0, (size_t)at), str_sub(got, 0, (size_t)at)))
		return false;
	want = str_sub(want, (size_t)at, want.n);
	got = str_sub(got, (size_t)at, got.n);
	for (i = 0; i < n; i++) {
		memcpy(word, "subject:", 8);
		hex_put(word + 8, marks[i].subject, 16);
		if (str_starts(got, (struct str){ word, CUT_WORDS }) && str_starts(want, marks[i].shown) &&
		    cutting_same(marks, n, str_sub(want, marks[i].shown.n, want.n), str_sub(got, CUT_WORDS, got.n)))
			return true;
	}
	return str_eq(want, got);
}

static inline bool cutting_wrong(struct cutting *c, const struct field *f, const char *what, struct str want, struct str got)
{
	(void)snprintf(c->why, sizeof(c->why), "field %.*s: %s: whole \"%.*s\", cut \"%.*s\"", STR_FMT(f->name), what,
	    (int)(want.n < 200 ? want.n : 200), want.p != NULL ? want.p : "", (int)(got.n < 200 ? got.n : 200),
	    got.p != NULL ? got.p : "");
	return false;
}

static inline bool cutting_value(struct cutting *c, const struct field *f, enum field_type type, const struct cut_mark *marks,
    size_t n_marks, const struct field_value *want, const struct field_value *got)
{
	uint8_t ref[16], other[16];
	size_t i;

	if (want->supplied != got->supplied || want->is_null != got->is_null || want->doubt != got->doubt)
		return cutting_wrong(c, f, "supplied, null or in doubt", want->s, got->s);
	if (want->is_null || !want->supplied)
		return true;
	if (type == FIELD_LIST) {
		if (want->n != got->n)
			return cutting_wrong(c, f, "another number of members", want->s, got->s);
		for (i = 0; i < want->n; i++)
			if (!cutting_value(c, f, f->item_type, marks, n_marks, &want->items[i], &got->items[i]))
				return false;
		return true;
	}
	if (want->i != got->i)
		return cutting_wrong(c, f, "another number", want->s, got->s);
	if (type == FIELD_SUBJECT || want->kind.n > 0) {
		cutting_ref(want->kind, want->s, ref);
		cutting_ref(got->kind, got->s, other);
		if (memcmp(got->ref != NULL ? got->ref : other, ref, 16) != 0)
			return cutting_wrong(c, f, "another subject", want->s, got->s);
		return true;
	}
	if (got->ref != NULL && !f->personal)
		return cutting_wrong(c, f, "a reference where the schema says nothing personal stands; {reference: kind}, or leave it",
		    want->s, got->s);
	if (got->ref != NULL && memchr(got->shown.p, '"', got->shown.n) == NULL && !str_eq(str_trim(got->shown), str_trim(want->s)))
		return cutting_wrong(c, f, "another text", want->s, got->shown);
	if (got->ref == NULL && !cutting_same(marks, n_marks, want->s, got->s))
		return cutting_wrong(c, f, "another text", want->s, got->s);
	return true;
}

static inline bool cutting_items(struct cutting *c, const struct mapped *want, const struct mapped *got,
    const struct cut_mark *marks, size_t n_marks)
{
	size_t i, k;

	if (want->n != got->n || want->null_keys != got->null_keys) {
		(void)snprintf(c->why, sizeof(c->why), "%zu items of the whole, %zu when cut", want->n, got->n);
		return false;
	}
	for (i = 0; i < want->n; i++) {
		const struct contribution *w = &want->items[i], *g = &got->items[i];

		if (w->collection != g->collection || w->link != g->link || w->has_updated != g->has_updated ||
		    w->updated_us != g->updated_us) {
			(void)snprintf(c->why, sizeof(c->why), "item %zu is another's, or of another time", i);
			return false;
		}
		for (k = 0; k < w->collection->n_fields; k++)
			if (!cutting_value(c, &w->collection->fields[k], w->collection->fields[k].type, marks, n_marks, &w->fields[k],
			    &g->fields[k]))
				return false;
	}
	return true;
}

/* A record that the mapping does not take is as it should be. */
static inline bool cutting_check(struct cutting *c, struct str record)
{
	struct mapping_context ctx = c->ctx;
	struct mapping_record whole, left;
	struct personal_range *found;
	struct mapped want, got;
	struct cut_range *ranges;
	struct str *parts, reading, back, alone;
	struct cut_mark *marks, *bare;
	size_t n, n_parts, n_bare, i;
	struct err e;

	err_init(&e);
	if (mapping_read(c->m, c->a, &ctx, record, &whole, &e) != RC_OK)
		return true;
	c->records++;
	mapping_items(c->m, c->a, &ctx, &whole, &want);
	mapping_people(c->m, c->a, &ctx, &whole, &found, &n);
	if (n == 0)
		return true;
	c->cut++;
	ranges = ARENA_ARRAY(c->a, n, struct cut_range);
	for (i = 0; i < n; i++) {
		ranges[i] = (struct cut_range){ .at = found[i].at, .end = found[i].end, .form = found[i].form };
		cutting_ref(found[i].kind, found[i].identity, ranges[i].subject);
	}
	if (cut_apart(c->a, record, ranges, n, &parts, &n_parts, &e) != RC_OK) {
		(void)snprintf(c->why, sizeof(c->why), "%s", e.msg);
		return e.code == RC_LIMIT;
	}
	if (cut_together(c->a, parts, n_parts, &back, &e) != RC_OK || !str_eq(back, record)) {
		(void)snprintf(c->why, sizeof(c->why), "what was cut apart does not come together: %s", e.msg);
		return false;
	}
	if (cut_reading(c->a, parts, n_parts, &reading, &marks, &ctx.n_marks, &e) != RC_OK ||
	    !str_eq(cut_shown(c->a, reading, marks, ctx.n_marks), record)) {
		(void)snprintf(c->why, sizeof(c->why), "it cannot be read, or not be shown: %s", e.msg);
		return false;
	}
	memset(parts + 1, 0, (n_parts - 1) * sizeof(*parts));
	if (cut_reading(c->a, parts, n_parts, &alone, &bare, &n_bare, &e) != RC_OK || !str_eq(alone, reading) || n_bare != ctx.n_marks) {
		(void)snprintf(c->why, sizeof(c->why), "part 0 alone reads in another way: %s", e.msg);
		return false;
	}
	ctx.marks = marks;
	if (mapping_read(c->m, c->a, &ctx, reading, &left, &e) != RC_OK) {
		(void)snprintf(c->why, sizeof(c->why), "what is left is no record of its source: %.500s", e.msg);
		return false;
	}
	mapping_items(c->m, c->a, &ctx, &left, &got);
	return !c->strict || cutting_items(c, &want, &got, marks, ctx.n_marks);
}

#endif

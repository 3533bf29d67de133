/* cut: a raw record taken apart by person and put together again.  One byte, 0x1A, escapes: itself, or a
 * marker where a range was cut out. */
#include "seal/cut.h"

#include <stdlib.h>
#include <string.h>

#include "seal/box.h"

static const char word[] = "subject:";
enum { WORD = sizeof word - 1 };
_Static_assert(WORD + 32 == CUT_WORDS, "the words and the reference");
enum { ESCAPE = 0x1a, ITSELF = 0, MARKER = 1, MARKER_BYTES = 20, PART_HEAD = 20 };

static uint8_t length_class(size_t n) { return box_size_bucket(n); }

/* ---- taking apart */
struct person {
	const uint8_t *subject;
	uint32_t n_ranges;
	size_t bytes;
};

/* The person of each range, by first appearance. */
static enum rc find_people(struct arena *a, struct str raw, const struct cut_range *ranges, size_t n,
    struct person **out, size_t *n_people, uint32_t *who, struct err *e)
{
	struct person *people = ARENA_ARRAY(a, n < PARTS_MAX ? n : PARTS_MAX, struct person);
	size_t i, k, count = 0, end = 0;

	for (i = 0; i < n; i++) {
		const struct cut_range *r = &ranges[i];

		if (r->at < end || r->end <= r->at || r->end > raw.n || (r->form != CUT_TEXT && r->form != CUT_SCALAR))
			return err_set(e, RC_INTERNAL, "personal range %zu, bytes %zu to %zu of %zu, cannot be cut out", i, r->at,
			    r->end, raw.n);
		end = r->end;
		for (k = 0; k < count && memcmp(people[k].subject, r->subject, 16) != 0; k++)
			;
		if (k == count) {
			if (count == PARTS_MAX - 1)
				return err_set(e, RC_LIMIT, "a record names more than %d people", PARTS_MAX - 1);
			people[count++].subject = r->subject;
		}
		people[k].n_ranges++;
		people[k].bytes += 4 + (r->end - r->at);
		who[i] = (uint32_t)k;
	}
	*out = people;
	*n_people = count;
	return RC_OK;
}

static size_t escaped(uint8_t *to, const char *from, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		to[k++] = (uint8_t)from[i];
		if ((uint8_t)from[i] == ESCAPE)
			to[k++] = ITSELF;
	}
	return k;
}

static struct str cut_text(struct arena *a, struct str raw, const struct cut_range *ranges, size_t n)
{
	size_t i, k = 0, at = 0, room = raw.n + n * MARKER_BYTES;
	uint8_t *to;

	for (i = 0; i < raw.n; i++)
		room += (uint8_t)raw.p[i] == ESCAPE;
	to = arena_alloc(a, room);
	for (i = 0; i < n; i++) {
		k += escaped(to + k, raw.p + at, ranges[i].at - at);
		to[k] = ESCAPE;
		to[k + 1] = MARKER;
		to[k + 2] = (uint8_t)ranges[i].form;
		to[k + 3] = length_class(ranges[i].end - ranges[i].at);
		memcpy(to + k + 4, ranges[i].subject, 16);
		k += MARKER_BYTES;
		at = ranges[i].end;
	}
	k += escaped(to + k, raw.p + at, raw.n - at);
	return str_bytes(to, k);
}

enum rc cut_apart(struct arena *a, struct str raw, const struct cut_range *ranges, size_t n_ranges, struct str **out,
    size_t *n_out, struct err *e)
{
	struct person *people = NULL;
	struct str *parts;
	size_t i, n = 0, *at;
	uint32_t *who;
	uint8_t **to;
	enum rc rc;

	if (n_ranges == 0) {
		parts = ARENA_NEW(a, struct str);
		parts[0] = raw;
		*out = parts;
		*n_out = 1;
		return RC_OK;
	}
	who = ARENA_ARRAY(a, n_ranges, uint32_t);
	if ((rc = find_people(a, raw, ranges, n_ranges, &people, &n, who, e)) != RC_OK)
		return rc;
	parts = ARENA_ARRAY(a, n + 1, struct str);
	to = ARENA_ARRAY(a, n, uint8_t *);
	at = ARENA_ARRAY(a, n, size_t);
	parts[0] = cut_text(a, raw, ranges, n_ranges);
	for (i = 0; i < n; i++) {
		to[i] = arena_alloc(a, PART_HEAD + people[i].bytes);
		memcpy(to[i], people[i].subject, 16);
		put_u32(to[i] + 16, people[i].n_ranges);
		at[i] = PART_HEAD;
		parts[i + 1] = str_bytes(to[i], PART_HEAD + people[i].bytes);
	}
	for (i = 0; i < n_ranges; i++) {
		size_t length = ranges[i].end - ranges[i].at;
		uint32_t k = who[i];

		put_u32(to[k] + at[k], (uint32_t)length);
		memcpy(to[k] + at[k] + 4, raw.p + ranges[i].at, length);
		at[k] += 4 + length;
	}
	*out = parts;
	*n_out = n + 1;
	return RC_OK;
}

/* ---- reading cut text */
struct marker {
	enum cut_form form;
	uint8_t length_class;
	const uint8_t *subject;
};

/* The next stretch of cut text: bytes as they are, or one escape.  False at the end. */
struct reader {
	struct str text;
	size_t at;
};

enum piece { PIECE_END, PIECE_BYTES, PIECE_ESCAPE, PIECE_MARKER, PIECE_BAD };

static enum piece next_piece(struct reader *r, struct str *bytes, struct marker *m)
{
	struct str rest = str_sub(r->text, r->at, SIZE_MAX);
	const char *esc;

	if (rest.n == 0)
		return PIECE_END;
	esc = memchr(rest.p, ESCAPE, rest.n);
	if (esc != rest.p) {
		*bytes = str_sub(rest, 0, esc == NULL ? rest.n : (size_t)(esc - rest.p));
		r->at += bytes->n;
		return PIECE_BYTES;
	}
	if (rest.n >= 2 && rest.p[1] == ITSELF) {
		*bytes = str_sub(rest, 0, 1);
		r->at += 2;
		return PIECE_ESCAPE;
	}
	if (rest.n < MARKER_BYTES || rest.p[1] != MARKER || (uint8_t)rest.p[2] > CUT_SCALAR)
		return PIECE_BAD;
	m->form = rest.p[2] == CUT_TEXT ? CUT_TEXT : CUT_SCALAR;
	m->length_class = (uint8_t)rest.p[3];
	m->subject = (const uint8_t *)rest.p + 4;
	r->at += MARKER_BYTES;
	return PIECE_MARKER;
}

static enum rc bad_text(const struct reader *r, struct err *e)
{
	return err_set(e, RC_ALTERED, "ALTERED part 0: what stands at byte %zu of its cut text is no marker", r->at);
}

/* ---- putting together */
struct ranges_of {
	const uint8_t *subject;
	struct str rest;                        /* ranges not taken yet */
	uint32_t left;
	bool is_gone;                           /* its part is not at hand */
};

static enum rc bad_part(size_t i, const char *how, struct err *e)
{
	return err_set(e, RC_ALTERED, "ALTERED part %zu: %s", i, how);
}

static enum rc open_people(const struct str *parts, size_t n, struct ranges_of *people, struct err *e)
{
	size_t i, k;

	for (i = 1; i < n; i++) {
		struct ranges_of *p = &people[i - 1];

		if (parts[i].p == NULL)
			continue;               /* whose it is shows when the text names the next person */
		if (parts[i].n < PART_HEAD)
			return bad_part(i, "it is too short for a person's part", e);
		p->subject = (const uint8_t *)parts[i].p;
		p->left = get_u32(p->subject + 16);
		p->rest = str_sub(parts[i], PART_HEAD, SIZE_MAX);
		for (k = 0; k + 1 < i; k++)
			if (people[k].subject != NULL && memcmp(people[k].subject, p->subject, 16) == 0)
				return bad_part(i, "another part has the same subject", e);
	}
	return RC_OK;
}

/* The next range of the person of ${m}, STR_NONE where that part is not at hand.  ${*seen} people have appeared; a new one
 * must be the next part. */
static enum rc take_range(struct ranges_of *people, size_t n, size_t *seen, const struct marker *m, struct str *out,
    struct err *e)
{
	struct ranges_of *p;
	size_t k, length;

	for (k = 0; k < *seen && memcmp(people[k].subject, m->subject, 16) != 0; k++)
		;
	if (k == *seen) {
		if (k == n || (people[k].subject != NULL && memcmp(people[k].subject, m->subject, 16) != 0))
			return bad_part(k + 1, "it is not the part of the person who appears next in the text", e);
		if (people[k].subject == NULL) {
			people[k].subject = m->subject;
			people[k].is_gone = true;
		}
		(*seen)++;
	}
	p = &people[k];
	*out = STR_NONE;
	if (p->is_gone)
		return RC_OK;
	if (p->left == 0 || p->rest.n < 4)
		return bad_part(k + 1, "it has fewer ranges than the text has markers", e);
	length = get_u32((const uint8_t *)p->rest.p);
	if (length == 0 || length > p->rest.n - 4)
		return bad_part(k + 1, "one of its ranges is longer than the part, or empty", e);
	if (length_class(length) != m->length_class)
		return bad_part(k + 1, "one of its ranges does not have the length that the text names", e);
	*out = str_sub(p->rest, 4, length);
	p->rest = str_sub(p->rest, 4 + length, SIZE_MAX);
	p->left--;
	return RC_OK;
}

/* Every range of every part was taken. */
static enum rc all_taken(const struct ranges_of *people, size_t n, size_t seen, struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (i >= seen || people[i].left > 0 || people[i].rest.n > 0)
			return bad_part(i + 1, "it has more ranges than the text has markers", e);
	return RC_OK;
}

enum rc cut_together(struct arena *a, const struct str *parts, size_t n, struct str *raw, struct err *e)
{
	struct reader r = { parts[0], 0 };
	struct ranges_of *people;
	struct str bytes;
	struct marker m;
	size_t i, seen = 0, room = parts[0].n, k = 0;
	enum piece piece;
	enum rc rc;
	char *to;

	if (n == 1) {
		*raw = parts[0];
		return RC_OK;
	}
	people = ARENA_ARRAY(a, n - 1, struct ranges_of);
	if ((rc = open_people(parts, n, people, e)) != RC_OK)
		return rc;
	for (i = 1; i < n; i++)
		room += parts[i].n;
	to = arena_alloc(a, room);
	while ((piece = next_piece(&r, &bytes, &m)) != PIECE_END) {
		if (piece == PIECE_BAD)
			return bad_text(&r, e);
		if (piece == PIECE_MARKER && (rc = take_range(people, n - 1, &seen, &m, &bytes, e)) != RC_OK)
			return rc;
		if (bytes.p == NULL)
			return err_set(e, RC_LOCKED, "part %zu is not at hand", seen);
		memcpy(to + k, bytes.p, bytes.n);
		k += bytes.n;
	}
	if ((rc = all_taken(people, n - 1, seen, e)) != RC_OK)
		return rc;
	*raw = (struct str){ to, k };
	return RC_OK;
}

struct reading {
	struct arena *a;
	struct cut_mark *marks;
	size_t n, room;
	char *to;
	size_t k;
};

static void put_person(struct reading *d, const struct marker *m, struct str shown)
{
	struct cut_mark *more;

	if (d->n == d->room) {
		d->room = d->room == 0 ? 8 : d->room * 2;
		more = ARENA_ARRAY(d->a, d->room, struct cut_mark);
		if (d->n > 0)
			memcpy(more, d->marks, d->n * sizeof(*more));
		d->marks = more;
	}
	if (m->form == CUT_SCALAR)
		d->to[d->k++] = '"';
	d->marks[d->n++] = (struct cut_mark){ d->k, m->subject, m->form == CUT_SCALAR, shown };
	memcpy(d->to + d->k, word, WORD);
	hex_put(d->to + d->k + WORD, m->subject, 16);
	d->k += CUT_WORDS;
	if (m->form == CUT_SCALAR)
		d->to[d->k++] = '"';
}

enum rc cut_reading(struct arena *a, const struct str *parts, size_t n, struct str *out, struct cut_mark **marks,
    size_t *n_marks, struct err *e)
{
	struct reader r = { parts[0], 0 };
	struct reading d = { .a = a };
	struct ranges_of *people;
	struct str bytes;
	struct marker m;
	enum piece piece;
	size_t seen = 0;
	enum rc rc;

	*marks = NULL;
	*n_marks = 0;
	if (n == 1) {
		*out = parts[0];
		return RC_OK;
	}
	people = ARENA_ARRAY(a, n - 1, struct ranges_of);
	if ((rc = open_people(parts, n, people, e)) != RC_OK)
		return rc;
	/* A marker of 20 bytes becomes at most 42. */
	d.to = arena_alloc_raw(a, parts[0].n / MARKER_BYTES * (2 + CUT_WORDS - MARKER_BYTES) + parts[0].n + 1);
	while ((piece = next_piece(&r, &bytes, &m)) != PIECE_END) {
		if (piece == PIECE_BAD)
			return bad_text(&r, e);
		if (piece != PIECE_MARKER) {
			memcpy(d.to + d.k, bytes.p, bytes.n);
			d.k += bytes.n;
			continue;
		}
		if ((rc = take_range(people, n - 1, &seen, &m, &bytes, e)) != RC_OK)
			return rc;
		put_person(&d, &m, bytes);
	}
	if ((rc = all_taken(people, n - 1, seen, e)) != RC_OK)
		return rc;
	*out = (struct str){ d.to, d.k };
	*marks = d.marks;
	*n_marks = d.n;
	return RC_OK;
}

struct cut_mark *cut_marks_copy(struct arena *a, const struct cut_mark *marks, size_t n)
{
	struct cut_mark *out = ARENA_ARRAY(a, n, struct cut_mark);
	size_t i;

	for (i = 0; i < n; i++) {
		out[i] = marks[i];
		out[i].subject = (const uint8_t *)arena_str(a, str_bytes(marks[i].subject, 16)).p;
		if (marks[i].shown.p != NULL)
			out[i].shown = arena_str(a, marks[i].shown);
	}
	return out;
}

struct str cut_shown(struct arena *a, struct str reading, const struct cut_mark *marks, size_t n)
{
	size_t i, k = 0, at = 0, room = reading.n;
	char *to;

	for (i = 0; i < n; i++)
		room += marks[i].shown.n;
	to = arena_alloc_raw(a, room + 1);
	for (i = 0; i < n; i++) {
		size_t from = marks[i].at, end = from + CUT_WORDS;

		if (marks[i].shown.p == NULL)
			continue;
		if (marks[i].is_scalar) {               /* the quotes go as well */
			from--;
			end++;
		}
		memcpy(to + k, reading.p + at, from - at);
		k += from - at;
		memcpy(to + k, marks[i].shown.p, marks[i].shown.n);
		k += marks[i].shown.n;
		at = end;
	}
	memcpy(to + k, reading.p + at, reading.n - at);
	return (struct str){ to, k + reading.n - at };
}

/* reader_json: JSON cut into values: the elements of an array, of an array that members of an object lead to, or values one
 * after another.  What stands around the array is passed over, however large. */
#include "collect/reader_priv.h"

#include <string.h>

#include "base/scan.h"
#include "base/value.h"

/* The next byte that is no space, -1 at the end. */
static enum rc peek(struct reader *r, int *c, struct err *e)
{
	enum rc rc;

	for (;;) {
		for (; r->cur < r->hold.n; r->cur++) {
			*c = r->hold.p[r->cur];
			if (*c != ' ' && *c != '\n' && *c != '\r' && *c != '\t')
				return RC_OK;
		}
		*c = -1;
		if (!r->keep)
			r->from = r->cur;
		else if (r->cur - r->from > LIMIT_RECORD)
			r->keep = false;
		if (r->ended)
			return RC_OK;
		if ((rc = reader_more(r, e)) != RC_OK)
			return rc;
	}
}

static enum rc wrong_at(struct reader *r, const char *what, struct err *e)
{
	return err_set(e, RC_INVALID, "%s, at byte %llu", what, (unsigned long long)reader_place(r, r->cur));
}

/* Over a member's value by its brackets and quotes alone.  False in ${*good}: the file ended in it. */
static enum rc skim(struct reader *r, bool *good, struct err *e)
{
	bool quoted = false, escaped = false, high = false;
	size_t depth = 0, began = 0;
	enum rc rc;

	for (;;) {
		for (; r->cur < r->hold.n; r->cur++, began++) {
			char c = (char)r->hold.p[r->cur];

			if (escaped) {
				escaped = false;
			} else if (quoted) {
				r->cur += scan_json_string((const char *)r->hold.p + r->cur, r->hold.n - r->cur, &high);
				if (r->cur == r->hold.n)
					break;
				escaped = r->hold.p[r->cur] == '\\';
				quoted = r->hold.p[r->cur] != '"';
			} else if (c == '"') {
				quoted = true;
				continue;
			} else if (c == '{' || c == '[') {
				depth++;
				continue;
			} else if (c == '}' || c == ']') {
				if (depth <= 1) {
					r->cur += depth;        /* a scalar's end is its container's, and stays */
					*good = depth == 1 || began > 0;
					return RC_OK;
				}
				depth--;
			} else if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) {
				*good = began > 0;
				return RC_OK;
			} else {
				continue;
			}
			if (depth == 0 && !quoted && !escaped) {
				r->cur++;
				*good = true;
				return RC_OK;
			}
		}
		if (!r->keep)
			r->from = r->cur;
		else if (r->cur - r->from > LIMIT_RECORD)
			r->keep = false;
		*good = false;
		if (r->ended)
			return RC_OK;
		if ((rc = reader_more(r, e)) != RC_OK)
			return rc;
	}
}

/* All of the value at ${cur} into hold; its length.  ${*good} false: why. */
static enum rc hold_value(struct reader *r, size_t *used, bool *good, struct err *why, struct err *e)
{
	size_t want;
	bool ends;
	enum rc rc;

	for (;;) {
		struct str t = reader_ahead(r);

		err_init(why);
		*good = json_skip(t, used, &ends, why) == RC_OK;
		if (!ends || r->ended)
			break;
		if (r->keep && r->hold.n - r->from > LIMIT_RECORD) {
			r->keep = false;
			r->from = r->cur;
		}
		if (r->hold.n - r->from > LIMIT_RECORD)
			break;
		/* twice as much each time, so that a large value is not gone over from its start too often */
		for (want = 2 * t.n; !r->ended && reader_ahead(r).n < want && r->hold.n - r->from <= LIMIT_RECORD;)
			if ((rc = reader_more(r, e)) != RC_OK)
				return rc;
	}
	if ((*good && *used > LIMIT_RECORD) || (!*good && ends && !r->ended)) {
		*good = false;
		(void)err_set(why, RC_LIMIT, "it has more than 16 MiB");
	}
	return RC_OK;
}

static enum rc element(struct reader *r, struct record *out, bool *more, struct err *e)
{
	struct err why;
	size_t used = 0;
	bool good;
	enum rc rc;

	r->from = r->cur;
	if ((rc = hold_value(r, &used, &good, &why, e)) != RC_OK)
		return rc;
	if (!good)
		return err_set(e, RC_INVALID, "element %llu, at byte %llu, cannot be read: %.600s", (unsigned long long)r->number + 1,
		    (unsigned long long)reader_place(r, r->cur), r->damaged ? r->damage.msg : why.msg);
	reader_give(r, r->cur, r->cur + used, out);
	r->from = r->cur += used;
	r->state = JSON_BEHIND_ELEMENT;
	*more = true;
	return RC_OK;
}

/* A value that does not parse: kept as far as its line, so that what follows can be read where values stand in lines. */
static enum rc bad_value(struct reader *r, const struct err *why, struct record *out, bool *more, struct err *e)
{
	const char *lf;
	struct str t;
	size_t end;
	enum rc rc;

	for (;;) {
		t = reader_ahead(r);
		lf = memchr(t.p, '\n', t.n);
		if (lf != NULL || r->ended || t.n > LIMIT_RECORD)
			break;
		if ((rc = reader_more(r, e)) != RC_OK)
			return rc;
	}
	end = lf != NULL ? (size_t)(lf - t.p) : t.n;
	if (end > LIMIT_RECORD)
		return err_set(e, RC_INVALID, "the value at byte %llu cannot be read, and its line does not end within 16 MiB: %.500s",
		    (unsigned long long)reader_place(r, r->cur), why->msg);
	if (r->damaged && lf == NULL)
		return reader_finish(r, more, e);
	reader_give(r, r->cur, r->cur + end, out);
	out->bad = arena_fmt(r->a, "it is no JSON: %.500s", why->msg);
	r->from = r->cur += end;
	*more = true;
	return RC_OK;
}

/* A value that stands for itself. */
static enum rc bare(struct reader *r, struct record *out, bool *more, struct err *e)
{
	struct err why;
	size_t used = 0;
	bool good;
	enum rc rc;

	r->state = JSON_TOP;
	r->keep = false;
	r->level = 0;
	r->cur = r->from;
	if ((rc = hold_value(r, &used, &good, &why, e)) != RC_OK)
		return rc;
	if (!good)
		return bad_value(r, &why, out, more, e);
	reader_give(r, r->cur, r->cur + used, out);
	r->from = r->cur += used;
	*more = true;
	return RC_OK;
}

/* The key at ${cur}; *good = false: there is none. */
static enum rc key(struct reader *r, struct str *out, bool *good, struct err *e)
{
	const struct value *v;
	struct err why;
	size_t used;
	enum rc rc;

	arena_reset(r->a);              /* there may be very many of them */
	if ((rc = hold_value(r, &used, good, &why, e)) != RC_OK || !*good)
		return rc;
	*good = json_parse_first(r->a, str_sub(reader_ahead(r), 0, used), &v, &used, &why) == RC_OK && v->type == VALUE_STRING;
	if (!*good)
		return RC_OK;
	*out = arena_str(r->a, v->text);
	r->cur += used;
	return RC_OK;
}

/* One step through an object that may hold the array.  ${*lost}: it is no such object. */
static enum rc member(struct reader *r, bool *lost, struct err *e)
{
	struct str name = STR_NONE;
	bool good;
	int c;
	enum rc rc;

	if ((rc = key(r, &name, &good, e)) != RC_OK)
		return rc;
	*lost = true;
	if (!good || (rc = peek(r, &c, e)) != RC_OK || c != ':')
		return rc;
	r->cur++;
	if ((rc = peek(r, &c, e)) != RC_OK)
		return rc;
	if (str_eq(name, r->names[r->level - 1])) {
		if (r->level == r->n_names && c == '[') {
			r->from = ++r->cur;
			r->found = true;
			r->keep = *lost = false;
			r->array_level = r->level;
			r->state = JSON_ELEMENT_FIRST;
			return RC_OK;
		}
		if (r->level < r->n_names && c == '{') {
			r->cur++;
			r->level++;
			r->state = JSON_MEMBER_FIRST;
			*lost = false;
			return RC_OK;
		}
	}
	if ((rc = skim(r, &good, e)) != RC_OK)
		return rc;
	*lost = !good;
	r->state = JSON_BEHIND_MEMBER;
	return RC_OK;
}

static enum rc inside_object(struct reader *r, bool *lost, struct err *e)
{
	int c;
	enum rc rc;

	*lost = false;
	if ((rc = peek(r, &c, e)) != RC_OK)
		return rc;
	if (c == '}' && r->state != JSON_MEMBER) {
		r->cur++;
		r->state = JSON_BEHIND_MEMBER;
		if (--r->level > 0)
			return RC_OK;
		r->state = JSON_TOP;
		if (!r->keep && !r->found)
			return wrong_at(r, "an object of more than 16 MiB ends without the array that was looked for", e);
		*lost = r->keep;                /* it holds no array: the object is a record itself */
		return RC_OK;
	}
	if (r->state == JSON_BEHIND_MEMBER) {
		*lost = c != ',';
		if (!*lost) {
			r->cur++;
			r->state = JSON_MEMBER;
		}
		return RC_OK;
	}
	*lost = c != '"';
	return *lost ? RC_OK : member(r, lost, e);
}

/* Between elements. ${*at_element}: one stands at ${cur}. */
static enum rc inside_array(struct reader *r, bool *at_element, struct err *e)
{
	int c;
	enum rc rc;

	*at_element = false;
	if ((rc = peek(r, &c, e)) != RC_OK)
		return rc;
	if (c == ']') {
		r->cur++;
		r->state = r->array_level > 0 ? JSON_BEHIND_MEMBER : JSON_TOP;
		return RC_OK;
	}
	if (r->state == JSON_BEHIND_ELEMENT && c == ',') {
		r->cur++;
		if ((rc = peek(r, &c, e)) != RC_OK)
			return rc;
	} else if (r->state == JSON_BEHIND_ELEMENT && c >= 0) {
		return err_set(e, RC_INVALID, "the array is not closed behind element %llu, at byte %llu",
		    (unsigned long long)r->number, (unsigned long long)reader_place(r, r->cur));
	}
	if (c >= 0) {
		*at_element = true;
		return RC_OK;
	}
	if (r->damaged) {
		*e = r->damage;
		return RC_INVALID;
	}
	return wrong_at(r, "the file ends before the array does", e);
}

enum rc reader_next_json(struct reader *r, struct record *out, bool *more, struct err *e)
{
	bool yes;
	int c;
	enum rc rc;

	arena_reset(r->a);
	for (;;) {
		switch (r->state) {
		case JSON_TOP:
			r->keep = r->found = false;
			if ((rc = peek(r, &c, e)) != RC_OK)
				return rc;
			r->from = r->cur;
			if (c < 0)
				return reader_finish(r, more, e);
			if (c == '[') {
				r->cur++;
				r->array_level = 0;
				r->state = JSON_ELEMENT_FIRST;
			} else if (c == '{' && r->n_names > 0) {
				r->cur++;
				r->keep = true;
				r->level = 1;
				r->state = JSON_MEMBER_FIRST;
			} else {
				return bare(r, out, more, e);
			}
			break;
		case JSON_MEMBER_FIRST:
		case JSON_MEMBER:
		case JSON_BEHIND_MEMBER:
			if ((rc = inside_object(r, &yes, e)) != RC_OK)
				return rc;
			if (yes && r->keep)
				return bare(r, out, more, e);
			if (yes && r->damaged && r->cur >= r->hold.n)
				return reader_finish(r, more, e);
			if (yes)
				return wrong_at(r, "the object around the array is not closed as it should be", e);
			break;
		case JSON_ELEMENT_FIRST:
		case JSON_BEHIND_ELEMENT:
			if ((rc = inside_array(r, &yes, e)) != RC_OK)
				return rc;
			if (yes)
				return element(r, out, more, e);
			break;
		}
	}
}

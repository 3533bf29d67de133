/* change: see change.h.  Bodies are canonical JSON, so that equal edits have equal bytes. */
#include "model/change.h"

#include <string.h>

void change_add(struct changes *c, uint8_t kind, struct str body)
{
	struct change *p;

	if (c->n == c->room) {
		c->room = c->room == 0 ? 64 : c->room * 2;
		p = ARENA_ARRAY(c->a, c->room, struct change);
		if (c->n > 0)
			memcpy(p, c->p, c->n * sizeof(*p));
		c->p = p;
	}
	c->p[c->n++] = (struct change){ .kind = kind, .body = body };
}

static void definition(struct changes *c, const char *kind, struct str id, struct str body, bool rederives)
{
	struct buf b;

	buf_init(&b, LIMIT_RECORD);
	buf_z(&b, "{\"body\":");
	buf_str(&b, body);
	buf_z(&b, ",\"id\":");
	json_put_str(&b, id);
	buf_z(&b, ",\"kind\":");
	json_put_str(&b, str_z(kind));
	buf_z(&b, rederives ? ",\"rederives\":true}" : "}");
	change_add(c, 4, arena_str(c->a, buf_view(&b)));
	buf_done(&b);
}

void change_definition_text(struct changes *c, const char *kind, struct str id, struct str body)
{
	definition(c, kind, id, body, false);
}

void change_correction(struct changes *c, struct str source, const struct value *body)
{
	struct buf b;

	buf_init(&b, LIMIT_RECORD);
	json_put_as_is(&b, body);
	definition(c, "mapping", source, buf_view(&b), true);
	buf_done(&b);
}

void change_definition(struct changes *c, const char *kind, struct str id, const struct value *body)
{
	struct buf b;

	buf_init(&b, LIMIT_RECORD);
	json_put_as_is(&b, body);
	change_definition_text(c, kind, id, buf_view(&b));
	buf_done(&b);
}

static bool is_first(struct changes *c, struct state *s, struct str kind, struct str identity, uint8_t ref[16])
{
	struct err ignored;
	bool known = false;
	size_t i;

	if (c->before != NULL)
		return introduced_first(c->before, s, kind, identity, ref);
	err_init(&ignored);
	if (state_subject(s, kind, identity, &known, ref, &ignored) == RC_OK && known)
		return false;
	for (i = c->n_subjects; i > 0; i--) {
		if (!str_eq(c->subjects[i - 1].kind, kind) || !str_eq(c->subjects[i - 1].identity, identity))
			continue;
		memcpy(ref, c->subjects[i - 1].ref, 16);
		return false;
	}
	rand_bytes(ref, 16);
	return true;
}

void change_subject(struct changes *c, struct state *s, struct str kind, struct str identity, uint8_t ref[16])
{
	struct new_subject *p;

	if (!is_first(c, s, kind, identity, ref))
		return;
	if (c->n_subjects == c->room_subjects) {
		c->room_subjects = c->room_subjects == 0 ? 64 : c->room_subjects * 2;
		p = ARENA_ARRAY(c->a, c->room_subjects, struct new_subject);
		if (c->n_subjects > 0)
			memcpy(p, c->subjects, c->n_subjects * sizeof(*p));
		c->subjects = p;
	}
	p = &c->subjects[c->n_subjects++];
	p->kind = arena_str(c->a, kind);
	p->identity = arena_str(c->a, identity);
	memcpy(p->ref, ref, sizeof(p->ref));
}

static void subject_need(struct changes *c, struct state *s, struct str kind, struct str identity)
{
	uint8_t ref[16];

	change_subject(c, s, kind, identity, ref);
}

static void value_subjects(struct changes *c, struct state *s, const struct field *f, const struct field_value *v)
{
	size_t i;

	if (!v->supplied || v->is_null)
		return;
	if ((f->type == FIELD_SUBJECT || f->type == FIELD_STRING) && v->kind.n > 0 && v->ref == NULL)
		subject_need(c, s, v->kind, v->s);
	if (f->type == FIELD_LIST && f->item_type == FIELD_SUBJECT)
		for (i = 0; i < v->n; i++)
			if (!v->items[i].is_null && v->items[i].ref == NULL)
				subject_need(c, s, v->items[i].kind, v->items[i].s);
}

void change_subjects_of(struct changes *c, struct state *s, const struct contribution *con)
{
	size_t i;

	for (i = 0; i < con->collection->n_fields; i++)
		value_subjects(c, s, &con->collection->fields[i], &con->fields[i]);
}

/* {"subjects":[…]} of some of them, with the places of their identities. */
static void tell_some(struct changes *c, size_t from, size_t to)
{
	struct cut_range *people = ARENA_ARRAY(c->a, to - from, struct cut_range);
	struct buf b;
	size_t i;

	buf_init(&b, LIMIT_RECORD);
	buf_z(&b, "{\"subjects\":[");
	for (i = from; i < to; i++) {
		const struct new_subject *p = &c->subjects[i];

		buf_z(&b, i > from ? ",{\"identity\":" : "{\"identity\":");
		people[i - from].at = b.n + 1;
		json_put_str(&b, p->identity);
		people[i - from].end = b.n - 1;
		memcpy(people[i - from].subject, p->ref, 16);
		buf_z(&b, ",\"kind\":");
		json_put_str(&b, p->kind);
		buf_z(&b, ",\"ref\":\"");
		buf_hex(&b, p->ref, 16);
		buf_z(&b, "\"}");
	}
	buf_z(&b, "]}");
	change_add(c, 3, arena_str(c->a, buf_view(&b)));
	c->p[c->n - 1].people = people;
	c->p[c->n - 1].n_people = to - from;
	buf_done(&b);
}

void change_tell_subjects(struct changes *c)
{
	enum { TOLD_MOST = 1000 };              /* identities of at most 4,000 bytes: an entry's room and parts suffice */

	while (c->told < c->n_subjects) {
		size_t n = c->n_subjects - c->told < TOLD_MOST ? c->n_subjects - c->told : TOLD_MOST;

		tell_some(c, c->told, c->told + n);
		c->told += n;
	}
}

enum rc change_item(struct changes *c, struct state *s, struct str collection, const struct value *fields,
    struct str as_of, struct err *e)
{
	const struct collection *to = schema_find(state_schema(s), collection);
	struct contribution con;
	struct buf b;
	int64_t at;
	enum rc rc;

	if (to == NULL)
		return err_set(e, RC_INVALID, "there is no collection \"%.*s\"", STR_FMT(collection));
	if (as_of.p != NULL && instant_parse(as_of, state_zone(s), &at) == TIME_BAD)
		return err_set(e, RC_INVALID, "as_of takes a time such as 2024-03-01T09:30:00Z, not \"%.*s\"", STR_FMT(as_of));
	if ((rc = item_from_value(s, c->a, to, fields, &con, e)) != RC_OK)
		return rc;
	change_subjects_of(c, s, &con);
	change_tell_subjects(c);
	buf_init(&b, LIMIT_RECORD);
	buf_c(&b, '{');
	if (as_of.p != NULL) {
		buf_z(&b, "\"as_of\":");
		json_put_str(&b, as_of);
		buf_c(&b, ',');
	}
	buf_z(&b, "\"collection\":");
	json_put_str(&b, collection);
	buf_z(&b, ",\"fields\":");
	json_put(&b, fields);
	buf_z(&b, ",\"op\":\"item\"}");
	if ((rc = buf_ok(&b, "an item", e)) == RC_OK)
		change_add(c, 3, arena_str(c->a, buf_view(&b)));
	buf_done(&b);
	return rc;
}

static enum rc two_identities(struct changes *c, struct state *s, const char *op, struct str a, struct str b, struct str reason,
    struct err *e)
{
	struct str both[2] = { a, b }, kind, rest;
	struct buf out;
	size_t i;

	buf_init(&out, LIMIT_RECORD);
	for (i = 0; i < 2; i++) {
		rest = both[i];
		kind = str_cut(&rest, ':');
		if (rest.p == NULL || kind.n == 0 || kind.n > 64 || str_trim(rest).n == 0 || rest.n > 4000) {
			buf_done(&out);
			return err_set(e, RC_INVALID, "an identity is written as \"kind:identity\", not \"%.*s\"", STR_FMT(both[i]));
		}
		rest = subject_normalize(c->a, rest);
		subject_need(c, s, kind, rest);
		buf_fmt(&out, "%s\"%c\":", i == 0 ? "{" : ",", i == 0 ? 'a' : 'b');
		json_put_str(&out, arena_fmt(c->a, "%.*s:%.*s", STR_FMT(kind), STR_FMT(rest)));
	}
	change_tell_subjects(c);
	buf_fmt(&out, ",\"op\":\"%s\",\"reason\":", op);
	json_put_str(&out, reason.p != NULL ? reason : STR(""));
	buf_c(&out, '}');
	change_add(c, 3, arena_str(c->a, buf_view(&out)));
	buf_done(&out);
	return RC_OK;
}

enum rc change_join(struct changes *c, struct state *s, struct str a, struct str b, struct str reason, struct err *e)
{
	return two_identities(c, s, "join", a, b, reason, e);
}

enum rc change_split(struct changes *c, struct state *s, struct str a, struct str b, struct str reason, struct err *e)
{
	return two_identities(c, s, "split", a, b, reason, e);
}

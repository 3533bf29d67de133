/* exclusion: see exclusion.h. */
#include "assess/exclusion.h"

#include <string.h>

#include "assess/scope.h"
#include "base/time.h"

enum { TESTS_MAX = 200, KEYS_MAX = 1000, ROOM_FIRST = 16 };

static enum rc wrong(struct err *e, const char *file, const struct value *v, const char *what)
{
	return err_set(e, RC_INVALID, "%s:%u:%u: %s", file, v->line, v->column, what);
}

static enum rc check_keys(const char *file, const struct value *v, struct err *e)
{
	static const char *const known[] = { "name", "population", "where", "keys", "tests", "reason", "approved_by", "approved_on",
		"until" };
	size_t i, k;

	for (i = 0; i < v->n; i++) {
		for (k = 0; k < ARRAY_LEN(known) && !str_is(v->members[i].key, known[k]); k++)
			;
		if (k == ARRAY_LEN(known))
			return wrong(e, file, &v->members[i].value, "an exclusion takes name, population, where, keys, tests, reason, "
			    "approved_by, approved_on and until");
	}
	return RC_OK;
}

static void no_lookup(void *ctx, const struct expr_lookup *l)
{
	(void)l;
	*(bool *)ctx = true;
}

/* "CHG-01" or "CHG-01 T1" */
static bool names_test(struct str text, struct str control, struct str test)
{
	struct str id = str_cut(&text, ' ');

	return str_eq(id, control) && (text.p == NULL || str_eq(text, test));
}

static enum rc check_tests(const char *file, const struct value *tests, const struct collection *c, struct state *s,
    struct arena *a, struct err *e)
{
	struct control **controls;
	size_t n, i, k, t;
	bool found;
	enum rc rc;

	if (tests->type != VALUE_LIST || tests->n == 0 || tests->n > TESTS_MAX)
		return wrong(e, file, tests, "\"tests\" takes a list such as [CHG-01, \"CHG-03 T1\"]; without it every test is meant");
	if ((rc = controls_load(s, a, &controls, &n, e)) != RC_OK)
		return rc;
	for (i = 0; i < tests->n; i++) {
		found = false;
		for (k = 0; k < n; k++)
			for (t = 0; t < controls[k]->n_tests; t++)
				found = found || (controls[k]->tests[t].population == c &&
				    names_test(tests->items[i].text, controls[k]->id, controls[k]->tests[t].id));
		if (!found)
			return wrong(e, file, &tests->items[i], "no such test of this population");
	}
	return RC_OK;
}

static enum rc check_item_keys(const char *file, const struct value *keys, const struct collection *c, struct err *e)
{
	size_t i, k;

	if (keys->type != VALUE_LIST || keys->n == 0 || keys->n > KEYS_MAX)
		return wrong(e, file, keys, "\"keys\" takes a list of at most 1,000 keys");
	for (i = 0; i < keys->n; i++) {
		const struct value *key = &keys->items[i];

		if (key->type != VALUE_LIST || key->n != c->n_key)
			return wrong(e, file, key, "a key is the list that items --json has under \"key\"");
		for (k = 0; k < key->n; k++)
			if (key->items[k].type != VALUE_STRING && key->items[k].type != VALUE_NUMBER && key->items[k].type != VALUE_BOOL)
				return wrong(e, file, &key->items[k], "a key has texts and numbers");
	}
	return RC_OK;
}

/* Everything in ${a}.  RC_INVALID says what is wrong with it. */
static enum rc load(struct state *s, struct arena *a, const char *file, const struct value *v, const struct parameter *parameters,
    size_t n_parameters, struct exclusion *out, struct err *e)
{
	struct expr_scope scope = { .schema = state_schema(s), .parameters = parameters, .n_parameters = n_parameters };
	const struct value *where = value_get(v, "where");
	bool looks = false;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	out->name = value_text(v, "name");
	out->reason = str_trim(value_text(v, "reason"));
	out->approved_by = str_trim(value_text(v, "approved_by"));
	out->tests = value_get(v, "tests");
	out->population = schema_find(state_schema(s), value_text(v, "population"));
	if (out->population == NULL)
		return wrong(e, file, v, "an exclusion needs \"population\", the collection whose items are set apart");
	if (out->reason.n == 0)
		return wrong(e, file, v, "an exclusion needs \"reason\": whoever reads the report asks why");
	if (out->approved_by.n == 0)
		return wrong(e, file, v, "an exclusion needs \"approved_by\", who answers for it");
	if (!date_parse(value_text(v, "approved_on"), &out->approved_day))
		return wrong(e, file, v, "an exclusion needs \"approved_on\", a day such as 2024-01-31");
	if (!date_parse(value_text(v, "until"), &out->until_day) || out->until_day < out->approved_day)
		return wrong(e, file, v, "an exclusion needs \"until\", the last day on which it holds, not before its approval");
	out->keys = value_get(v, "keys");
	if (out->keys != NULL && (rc = check_item_keys(file, out->keys, out->population, e)) != RC_OK)
		return rc;
	if (where == NULL && out->keys != NULL)
		return RC_OK;
	if (where == NULL || where->type != VALUE_STRING || where->text.n == 0)
		return wrong(e, file, v, "an exclusion needs \"where\", a condition, or \"keys\", keys as items --json has them: which "
		    "items");
	out->where = where->text;
	scope.collection = out->population;
	rc = expr_compile_condition(a, out->where, (struct expr_place){ file, where->line, where->column }, &scope, &out->expr, e);
	if (rc != RC_OK)
		return rc;
	expr_lookups(out->expr, no_lookup, &looks);
	return looks ? wrong(e, file, where, "which items are set apart must follow from their own fields: no exists() and count()") :
	    RC_OK;
}

enum rc exclusion_check(const char *file, const struct value *v, struct state *s, struct err *e)
{
	struct arena *a = arena_new();
	struct parameter *parameters;
	struct exclusion x;
	size_t n;
	enum rc rc;

	if ((rc = check_keys(file, v, e)) == RC_OK && (rc = parameters_load(s, a, &parameters, &n, e)) == RC_OK &&
	    (rc = load(s, a, file, v, parameters, n, &x, e)) == RC_OK && x.tests != NULL)
		rc = check_tests(file, x.tests, x.population, s, a, e);
	arena_free(a);
	return rc;
}

enum rc exclusions_load(struct state *s, struct arena *a, struct exclusion **out, size_t *n, struct err *e)
{
	struct parameter *parameters = NULL;
	const struct value **docs;
	struct err ignored;
	struct str body;
	size_t all, i, n_parameters = 0;
	enum rc rc;

	*n = 0;
	*out = NULL;
	if ((rc = state_definitions(s, a, "exclusion", &docs, &all, e)) != RC_OK || all == 0 ||
	    (rc = parameters_load(s, a, &parameters, &n_parameters, e)) != RC_OK)
		return rc;
	*out = ARENA_ARRAY(a, all, struct exclusion);
	for (i = 0; i < all; i++) {
		struct exclusion *x = &(*out)[*n];

		err_init(&ignored);
		if (load(s, a, "exclusion", docs[i], parameters, n_parameters, x, &ignored) == RC_OK &&
		    state_definition(s, a, "exclusion", x->name, &body, x->digest, &ignored) == RC_OK)
			(*n)++;
	}
	return RC_OK;
}

bool exclusion_holds(const struct exclusion *x, const struct zone *z, int64_t at_us)
{
	/* an instant that ends a day belongs to that day */
	return at_us > zone_day_start_us(z, x->approved_day) && at_us <= zone_day_start_us(z, x->until_day + 1);
}

static bool is_for(const struct exclusion *x, const struct control *c, const struct test *t)
{
	size_t i;

	if (x->population != t->population)
		return false;
	for (i = 0; x->tests != NULL && i < x->tests->n; i++)
		if (names_test(x->tests->items[i].text, c->id, t->id))
			return true;
	return x->tests == NULL;
}

enum rc left_load(struct state *s, struct arena *a, const struct control *c, const struct test *t, int64_t asof_us,
    struct left *out, struct err *e)
{
	struct exclusion *all;
	struct scope scope;
	struct err none;
	size_t n, i;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	if ((rc = exclusions_load(s, a, &all, &n, e)) != RC_OK)
		return rc;
	out->holding = ARENA_ARRAY(a, n, const struct exclusion *);
	for (i = 0; i < n; i++)
		if (is_for(&all[i], c, t) && exclusion_holds(&all[i], state_zone(s), asof_us))
			out->holding[out->n_holding++] = &all[i];
	err_init(&none);
	if (scope_load(s, a, &scope, &none) == RC_OK)
		out->instances = value_get(scope.doc, "instances");
	if (out->instances != NULL && (out->instances->type != VALUE_MAP || out->instances->n == 0))
		out->instances = NULL;
	return scope_left_streams(s, a, &out->streams, e);
}

bool left_any(const struct left *l)
{
	return l->n_holding > 0 || l->instances != NULL;
}

/* Whether stream gs is none of those that the scope names for its source. */
static void put_instances(const struct value *instances, struct buf *b)
{
	size_t i, k;

	for (i = 0; i < instances->n; i++) {
		const struct value *names = &instances->members[i].value;

		buf_z(b, i > 0 ? " OR (gs.source=" : "(gs.source=");
		sql_text(b, instances->members[i].key);
		buf_z(b, " AND gs.instance NOT IN (");
		for (k = 0; k < names->n; k++) {
			buf_z(b, k > 0 ? "," : "");
			sql_text(b, names->items[k].text);
		}
		buf_z(b, "))");
	}
}

/* A word in quotes or not: as the field's type has it in keys. */
static void put_key(const struct collection *c, const struct value *key, struct buf *sql)
{
	struct buf b;
	size_t i;

	buf_init(&b, LIMIT_RECORD);
	for (i = 0; i < key->n; i++) {
		enum field_type type = c->fields[c->key[i]].type;

		buf_z(&b, i > 0 ? "," : "[");
		if (type == FIELD_INT || type == FIELD_DECIMAL || type == FIELD_DATE || type == FIELD_TIMESTAMP || type == FIELD_BOOL)
			buf_str(&b, key->items[i].text);
		else
			json_put_str(&b, key->items[i].text);
	}
	buf_c(&b, ']');
	sql_text(sql, buf_view(&b));
	buf_done(&b);
}

static void put_exclusion(const struct exclusion *x, const struct collection *c, const struct expr_binding *to, struct buf *b)
{
	size_t i;

	if (x->keys != NULL) {
		buf_fmt(b, "%s.key IN (", c->n_period > 0 ? "i" : "k");
		for (i = 0; i < x->keys->n; i++) {
			buf_z(b, i > 0 ? "," : "");
			put_key(c, &x->keys->items[i], b);
		}
		buf_z(b, x->expr != NULL ? ") AND " : ")");
	}
	if (x->expr != NULL)
		expr_sql(x->expr, to, b);
}

void left_sql(const struct left *l, const struct collection *c, const struct expr_binding *to, struct buf *b)
{
	const char *stream = c->n_period > 0 ? "(SELECT gi.stream FROM ingest gi WHERE gi.id=i.ingest)" : "v.stream";
	size_t i;

	if (!left_any(l)) {
		buf_c(b, '0');
		return;
	}
	buf_z(b, "(CASE");
	if (l->instances != NULL && !c->is_derived) {
		buf_fmt(b, " WHEN EXISTS(SELECT 1 FROM stream gs WHERE gs.id=%s AND (", stream);
		put_instances(l->instances, b);
		buf_fmt(b, ")) THEN -%s", stream);
	}
	for (i = 0; i < l->n_holding; i++) {
		buf_z(b, " WHEN ");
		put_exclusion(l->holding[i], c, to, b);
		buf_fmt(b, " THEN %zu", i + 1);
	}
	buf_z(b, " WHEN 0 THEN 0 ELSE 0 END)");
}

static enum rc name_stream(struct state *s, struct arena *a, struct left_out *o, struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(state_db(s), STR("SELECT source, instance FROM stream WHERE id=?1"), &st, e);

	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, o->stream);
	if ((rc = stmt_step(st, &row, e)) == RC_OK && row) {
		o->source = arena_str(a, column_text(st, 0));
		o->instance = arena_str(a, column_text(st, 1));
	}
	stmt_free(st);
	return rc;
}

enum rc left_of(struct left *l, struct state *s, struct arena *a, int64_t number, struct left_out **out, struct err *e)
{
	const struct exclusion *x = number > 0 && (size_t)number <= l->n_holding ? l->holding[number - 1] : NULL;
	struct left_out *more;
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (x != NULL ? l->p[i].exclusion == x : l->p[i].exclusion == NULL && l->p[i].stream == -number) {
			*out = &l->p[i];
			return RC_OK;
		}
	}
	if (l->n == l->room) {
		l->room = l->room == 0 ? ROOM_FIRST : l->room * 2;
		more = ARENA_ARRAY(a, l->room, struct left_out);
		if (l->n > 0)
			memcpy(more, l->p, l->n * sizeof(*more));
		l->p = more;
	}
	*out = &l->p[l->n++];
	(*out)->exclusion = x;
	(*out)->stream = x == NULL ? -number : 0;
	return x == NULL ? name_stream(s, a, *out, e) : RC_OK;
}

void left_count(struct left_out *o, struct arena *a, struct str key, bool deviates)
{
	if (o->list == NULL)
		o->list = ARENA_ARRAY(a, LEFT_LISTED, struct left_item);
	o->items++;
	o->deviating += deviates;
	if (o->n_list < LEFT_LISTED)
		o->list[o->n_list++] = (struct left_item){ key, deviates };
}

static void put_one(const struct left_out *o, struct arena *a, struct buf *b)
{
	size_t i;

	if (o->exclusion != NULL) {
		buf_z(b, "{\"approved_by\":");
		json_put_str(b, o->exclusion->approved_by);
		buf_z(b, ",\"approved_on\":");
		json_put_str(b, date_fmt(a, o->exclusion->approved_day));
		buf_fmt(b, ",\"deviating\":%llu,\"exclusion\":", (unsigned long long)o->deviating);
		json_put_str(b, o->exclusion->name);
		buf_z(b, ",\"definition\":\"");
		buf_hex(b, o->exclusion->digest, 32);
		buf_z(b, "\"");
	} else {
		buf_fmt(b, "{\"deviating\":%llu,\"instance\":", (unsigned long long)o->deviating);
		json_put_str(b, o->instance);
	}
	buf_fmt(b, ",\"items\":%llu,\"keys\":[", (unsigned long long)o->items);
	for (i = 0; i < o->n_list; i++)
		buf_fmt(b, "%s{\"deviates\":%s,\"key\":%.*s}", i > 0 ? "," : "", o->list[i].deviates ? "true" : "false",
		    STR_FMT(o->list[i].key));
	buf_z(b, "],");
	if (o->exclusion != NULL) {
		buf_z(b, "\"reason\":");
		json_put_str(b, o->exclusion->reason);
		buf_z(b, ",\"until\":");
		json_put_str(b, date_fmt(a, o->exclusion->until_day));
	} else {
		buf_z(b, "\"reason\":\"not in scope\",\"source\":");
		json_put_str(b, o->source);
	}
	buf_c(b, '}');
}

void left_put(const struct left *l, struct arena *a, struct buf *b)
{
	size_t i;

	buf_c(b, '[');
	for (i = 0; i < l->n; i++) {
		buf_z(b, i > 0 ? "," : "");
		put_one(&l->p[i], a, b);
	}
	buf_c(b, ']');
}

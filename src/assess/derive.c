/* derive: see derive.h. */
#include "assess/derive.h"

#include "model/item.h"

#include <stdio.h>

static enum rc compile_all(struct state *s, struct arena *a, const struct collection *c, const struct expr **group,
    const struct expr **derived, struct err *e)
{
	const struct value *by = value_get(c->definition, "group_by"), *derive = value_get(c->definition, "derive");
	struct expr_scope scope = { .in_derive = true };
	struct parameter *parameters;
	size_t i;
	enum rc rc;

	if ((rc = parameters_load(s, a, &parameters, &scope.n_parameters, e)) != RC_OK)
		return rc;
	scope.parameters = parameters;
	scope.collection = schema_find(state_schema(s), value_text(c->definition, "derived_from"));
	if (scope.collection == NULL)
		return err_set(e, RC_INVALID, "\"%.*s\" is computed from a population that there is not", STR_FMT(c->name));
	for (i = 0; i < by->n; i++)
		if ((rc = expr_compile(a, by->members[i].value.text, expr_place_of("population", &by->members[i].value), &scope,
		    &group[i], e)) != RC_OK)
			return rc;
	scope.derived = derive->members;
	for (i = 0; i < derive->n; i++) {
		scope.n_derived = i;
		if ((rc = expr_compile(a, derive->members[i].value.text, expr_place_of("population", &derive->members[i].value),
		    &scope, &derived[i], e)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

static size_t member_index(const struct value *map, struct str key)
{
	size_t i;

	for (i = 0; i < map->n; i++)
		if (str_eq(map->members[i].key, key))
			return i;
	return SIZE_MAX;
}

/* The grouped field that is a month, for slots(): its first and last instant. */
static size_t month_index(const struct collection *c, const struct value *by)
{
	size_t i;

	for (i = 0; i < by->n; i++) {
		const struct field *f = collection_field(c, by->members[i].key);

		if (f != NULL && f->type == FIELD_DATE)
			return i;
	}
	return SIZE_MAX;
}

enum rc derive_table(struct state *s, struct arena *a, const struct collection *c, const struct run_period *p,
    const char *asof, struct buf *b, struct err *e)
{
	const struct value *by = value_get(c->definition, "group_by"), *derive = value_get(c->definition, "derive");
	const struct expr **group, **derived;
	size_t i, k, month;
	char start[100], end[200];
	struct expr_binding to = { .row = "r", .asof = asof, .group_start = start, .group_end = end };
	struct str from = value_text(c->definition, "derived_from");
	enum rc rc;

	(void)p;
	if (by == NULL || derive == NULL)
		return err_set(e, RC_INVALID, "\"%.*s\" has no group_by or derive", STR_FMT(c->name));
	group = ARENA_ARRAY(a, by->n, const struct expr *);
	derived = ARENA_ARRAY(a, derive->n, const struct expr *);
	if ((rc = compile_all(s, a, c, group, derived, e)) != RC_OK)
		return rc;
	month = month_index(c, by);
	(void)snprintf(start, sizeof(start), "(SELECT start_us FROM day WHERE day=g_%zu)", month);
	(void)snprintf(end, sizeof(end), "(SELECT start_us FROM day WHERE day=unixepoch(date(g_%zu*86400,'unixepoch',"
	    "'+1 month'))/86400)", month);
	buf_z(b, "(SELECT g.key AS key, g.entry AS entry, g.at AS at, g.day AS day, ");
	buf_fmt(b, "%llu AS supplied, 0 AS doubt", (unsigned long long)(((uint64_t)1 << c->n_fields) - 1));
	for (i = 0; i < c->n_fields; i++) {
		const struct field *f = &c->fields[i];

		if (member_index(by, f->name) != SIZE_MAX || member_index(derive, f->name) != SIZE_MAX)
			buf_fmt(b, ", g.f_%.*s AS f_%.*s", STR_FMT(f->name), STR_FMT(f->name));
		else if (f->type == FIELD_LIST)
			buf_fmt(b, ", ifnull(n.f_%.*s,'[]') AS f_%.*s", STR_FMT(f->name), STR_FMT(f->name));
		else
			buf_fmt(b, ", n.f_%.*s AS f_%.*s", STR_FMT(f->name), STR_FMT(f->name));
	}
	buf_z(b, " FROM (SELECT json_array(");
	for (i = 0; i < c->n_key; i++) {
		k = member_index(by, c->fields[c->key[i]].name);
		buf_fmt(b, "%sg_%zu", i > 0 ? "," : "", k);
	}
	buf_z(b, ") AS key, max(r.entry) AS entry");
	buf_fmt(b, ", %s AS at, g_%zu AS day", start, month);
	for (i = 0; i < by->n; i++)
		buf_fmt(b, ", g_%zu AS f_%.*s", i, STR_FMT(by->members[i].key));
	for (i = 0; i < derive->n; i++) {
		const struct field *f = collection_field(c, derive->members[i].key);

		buf_z(b, ", ");
		expr_sql(derived[i], &to, b);
		if (f != NULL && f->type == FIELD_DECIMAL && expr_scale(derived[i]) == 1)
			buf_z(b, "*1000000");
		buf_fmt(b, " AS f_%.*s", STR_FMT(derive->members[i].key));
	}
	buf_z(b, " FROM (SELECT r.*");
	for (i = 0; i < by->n; i++) {
		buf_z(b, ", ");
		expr_sql(group[i], &to, b);
		buf_fmt(b, " AS g_%zu", i);
	}
	buf_fmt(b, " FROM item_%.*s r WHERE r.at IS NOT NULL) r GROUP BY ", STR_FMT(from));
	for (i = 0; i < by->n; i++)
		buf_fmt(b, "%sg_%zu", i > 0 ? "," : "", i);
	buf_fmt(b, ") g LEFT JOIN item_%.*s n ON n.key=g.key) i", STR_FMT(c->name));
	return buf_ok(b, "the statement of a derived population", e);
}

enum rc derive_sources(struct state *s, struct arena *a, const struct collection *c, struct buf *b, struct err *e)
{
	static const struct expr_binding to = { .row = "r", .asof = "0" };
	const struct value *by = value_get(c->definition, "group_by"), *derive = value_get(c->definition, "derive");
	const struct expr **group, **derived;
	size_t i, k;
	enum rc rc;

	if (by == NULL || derive == NULL)
		return err_set(e, RC_INVALID, "\"%.*s\" has no group_by or derive", STR_FMT(c->name));
	group = ARENA_ARRAY(a, by->n, const struct expr *);
	derived = ARENA_ARRAY(a, derive->n, const struct expr *);
	if ((rc = compile_all(s, a, c, group, derived, e)) != RC_OK)
		return rc;
	buf_fmt(b, "SELECT r.key,r.entry,r.at FROM item_%.*s r WHERE r.at IS NOT NULL AND json_array(",
	    STR_FMT(value_text(c->definition, "derived_from")));
	for (i = 0; i < c->n_key; i++) {
		buf_z(b, i > 0 ? "," : "");
		if ((k = member_index(by, c->fields[c->key[i]].name)) < by->n)
			expr_sql(group[k], &to, b);
		else
			buf_z(b, "NULL");
	}
	buf_z(b, ")=?1 ORDER BY r.at,r.key");
	return buf_ok(b, "the statement for what an item is computed from", e);
}

enum rc derive_rows(struct state *s, struct arena *a, const struct collection *col, int64_t now_us, struct buf *b, struct err *e)
{
	const struct run_period none = { .now_us = 0 };
	size_t i;

	if (!col->is_derived) {
		buf_z(b, "SELECT ");
		item_columns(b, col, "i");
		buf_fmt(b, " FROM item_%.*s i", STR_FMT(col->name));
		return RC_OK;
	}
	buf_z(b, "SELECT 0,i.key,i.supplied,i.doubt,i.entry,NULL,i.at");
	for (i = 0; i < col->n_fields; i++)
		buf_fmt(b, ",i.f_%.*s", STR_FMT(col->fields[i].name));
	buf_z(b, " FROM ");
	return derive_table(s, a, col, &none, arena_z(a, arena_fmt(a, "%lld", (long long)now_us)), b, e);
}

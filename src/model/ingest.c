/* ingest: what was taken in, from which source and when it was read there, and which extractions of state it makes. */
#include "model/state_priv.h"

#include <string.h>

static enum rc bad(struct err *e, const char *what)
{
	return err_set(e, RC_INVALID, "the ingest entry has no valid %s", what);
}

/* An instant member: an integer of microseconds, absent or null when not known. */
static bool instant_member(const struct value *v, const char *name, bool *has, int64_t *us)
{
	const struct value *m = value_get(v, name);

	*has = false;
	if (m == NULL || m->type == VALUE_NULL)
		return true;
	*has = true;
	return m->type == VALUE_NUMBER && num_i64(m->text, us);
}

static enum rc ingest_read(struct arena *a, const struct value *v, struct ingest *in, struct err *e)
{
	const struct value *covers = value_get(v, "covers"), *partial = value_get(v, "partial");
	bool has_to = false;

	in->source = value_text(v, "source");
	in->instance = value_text(v, "instance");
	in->file = value_text(v, "file");
	in->body = v;
	in->is_partial = partial != NULL && partial->type == VALUE_BOOL && partial->is_true;
	in->definition = ARENA_NEW(a, struct str);
	if (in->source.n == 0)
		return bad(e, "source");
	if (!hex_get(value_text(v, "mapping"), in->mapping, sizeof(in->mapping)))
		return bad(e, "mapping digest");
	if (!instant_member(v, "extracted_at", &in->has_extracted, &in->extracted_us))
		return bad(e, "extraction time");
	if (covers != NULL && covers->type == VALUE_MAP) {
		if (!instant_member(covers, "from", &in->has_covers, &in->covers_from_us) ||
		    !instant_member(covers, "to", &has_to, &in->covers_to_us) || !in->has_covers || !has_to ||
		    in->covers_from_us > in->covers_to_us)
			return bad(e, "window");
	}
	return RC_OK;
}

static void remember(struct state *s, struct ingest *in)
{
	if (s->n_ingests == s->room_ingests) {
		s->room_ingests = s->room_ingests == 0 ? 16 : s->room_ingests * 2;
		s->ingests = mem_resize(s->ingests, s->room_ingests * sizeof(struct ingest *));
	}
	s->ingests[s->n_ingests++] = in;
}

enum rc ingest_load(struct state *s, const uint8_t record_id[16], struct ingest **out, struct err *e)
{
	struct stmt *st = NULL;
	const struct value *v;
	struct ingest *in;
	size_t i;
	bool row;
	enum rc rc;

	for (i = s->n_ingests; i > 0; i--) {
		if (memcmp(s->ingests[i - 1]->record_id, record_id, 16) == 0) {
			*out = s->ingests[i - 1];
			return RC_OK;
		}
	}
	if ((rc = db_prepare(s->db, STR("SELECT id, open, 0 FROM ingest WHERE record_id=?1"
	    " UNION ALL SELECT ingest, open, 1 FROM withdrawal WHERE record_id=?1"), &st, e)) != RC_OK)
		return rc;
	stmt_blob(st, 1, record_id, 16);
	if ((rc = stmt_step(st, &row, e)) != RC_OK)
		goto out;
	if (!row) {
		rc = err_set(e, RC_INVALID, "the record names an ingest that no entry before it opened");
		goto out;
	}
	in = ARENA_NEW(s->forever, struct ingest);
	in->id = column_i64(st, 0);
	in->is_withdrawn = column_i64(st, 2) != 0;
	memcpy(in->record_id, record_id, 16);
	if ((rc = json_parse(s->forever, arena_str(s->forever, column_text(st, 1)), &v, e)) != RC_OK ||
	    (rc = ingest_read(s->forever, v, in, e)) != RC_OK || (rc = foreseen_mapping(s, in, e)) != RC_OK)
		goto out;
	remember(s, in);
	*out = in;
out:
	stmt_free(st);
	return rc;
}

enum rc stream_id(struct state *s, struct str source, struct str instance, int64_t *id, struct err *e)
{
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	if ((rc = db_prepare(s->db, STR("SELECT id FROM stream WHERE source=?1 AND instance=?2"), &st, e)) != RC_OK)
		return rc;
	stmt_text(st, 1, source);
	stmt_text(st, 2, instance);
	rc = stmt_step(st, &row, e);
	*id = rc == RC_OK && row ? column_i64(st, 0) : 0;
	stmt_free(st);
	st = NULL;
	if (rc != RC_OK || *id != 0)
		return rc;
	if ((rc = db_prepare(s->db, STR("INSERT INTO stream(source,instance) VALUES(?1,?2)"), &st, e)) != RC_OK)
		return rc;
	stmt_text(st, 1, source);
	stmt_text(st, 2, instance);
	if ((rc = stmt_run(st, e)) == RC_OK)
		*id = db_last_id(s->db);
	stmt_free(st);
	return rc;
}

static enum rc extraction_make(struct state *s, int64_t stream, const struct collection *c, int64_t at, int64_t ingest,
    bool *made, struct err *e)
{
	static const char sql_new[] = "INSERT OR IGNORE INTO extraction(stream,collection,at) VALUES(?1,?2,?3)";
	static const char sql_link[] = "INSERT OR IGNORE INTO extraction_ingest(extraction,ingest)"
	    " SELECT id, ?4 FROM extraction WHERE stream=?1 AND collection=?2 AND at=?3";
	const char *const both[2] = { sql_new, sql_link };
	struct stmt *st;
	size_t i;
	enum rc rc;

	for (i = 0; i < 2; i++) {
		if (i == 1 && ingest < 0)
			break;
		if ((rc = db_prepare(s->db, str_z(both[i]), &st, e)) != RC_OK)
			return rc;
		stmt_i64(st, 1, stream);
		stmt_text(st, 2, c->name);
		stmt_i64(st, 3, at);
		if (i == 1)
			stmt_i64(st, 4, ingest);
		rc = stmt_run(st, e);
		if (i == 0)
			*made = db_changes(s->db) > 0;
		stmt_free(st);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* An extraction that arrives after later ones: a version that was extended over its instant said nothing about it,
 * so it is cut in two around it; the new extraction's own contributions then fill the gap. */
static enum rc split_versions(struct state *s, int64_t stream, const struct collection *c, int64_t at, struct err *e)
{
	int64_t before, after;

	struct str name = c->name;
	struct buf b;
	size_t i;
	enum rc rc;

	buf_init(&b, 1 << 16);
	buf_fmt(&b, "SELECT max(at) FROM extraction WHERE stream=%lld AND collection='%.*s' AND at<%lld%c", (long long)stream,
	    STR_FMT(name), (long long)at, 0);
	if ((rc = db_i64(s->db, (const char *)b.p, INT64_MIN, &before, e)) != RC_OK)
		goto out;
	buf_clear(&b);
	buf_fmt(&b, "SELECT min(at) FROM extraction WHERE stream=%lld AND collection='%.*s' AND at>%lld%c", (long long)stream,
	    STR_FMT(name), (long long)at, 0);
	if ((rc = db_i64(s->db, (const char *)b.p, INT64_MIN, &after, e)) != RC_OK)
		goto out;
	buf_clear(&b);
	if (before == INT64_MIN || after == INT64_MIN)
		goto out;
	buf_fmt(&b, "INSERT INTO version_%.*s(item,stream,first_at,last_at,supplied,doubt,entry,ingest", STR_FMT(name));
	for (i = 0; i < c->n_fields; i++)
		buf_fmt(&b, ",f_%.*s", STR_FMT(c->fields[i].name));
	buf_fmt(&b, ") SELECT item,stream,%lld,last_at,supplied,doubt,entry,ingest", (long long)after);
	for (i = 0; i < c->n_fields; i++)
		buf_fmt(&b, ",f_%.*s", STR_FMT(c->fields[i].name));
	buf_fmt(&b, " FROM version_%.*s WHERE stream=%lld AND first_at<%lld AND last_at>%lld ORDER BY id;", STR_FMT(name),
	    (long long)stream, (long long)at, (long long)at);
	buf_fmt(&b, "UPDATE version_%.*s SET last_at=%lld WHERE stream=%lld AND first_at<%lld AND last_at>%lld;%c",
	    STR_FMT(name), (long long)before, (long long)stream, (long long)at, (long long)at, 0);
	if ((rc = buf_ok(&b, "the statement for a collection", e)) == RC_OK)
		rc = db_exec(s->db, (const char *)b.p, e);
out:

	buf_done(&b);
	return rc;
}

enum rc extraction_add(struct state *s, int64_t stream, const struct collection *c, int64_t at, int64_t ingest,
    struct err *e)
{
	bool made = false;
	enum rc rc = extraction_make(s, stream, c, at, ingest, &made, e);

	if (rc != RC_OK || !made)
		return rc;
	return split_versions(s, stream, c, at, e);
}

static enum rc insert_open(struct state *s, const struct state_entry *en, struct ingest *in, int64_t stream,
    struct err *e)
{
	struct stmt *st = NULL;
	enum rc rc;

	rc = db_prepare(s->db, STR("INSERT INTO ingest(id,record_id,stream,file,mapping,received_us,extracted_us,"
	    "covers_from_us,covers_to_us,partial,open,close_entry,complete,close)"
	    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,NULL,0,NULL)"), &st, e);
	if (rc != RC_OK)
		return rc;
	stmt_i64(st, 1, in->id);
	stmt_blob(st, 2, in->record_id, 16);
	stmt_i64(st, 3, stream);
	stmt_text(st, 4, in->file.p != NULL ? in->file : STR(""));
	stmt_blob(st, 5, in->mapping, sizeof(in->mapping));
	stmt_i64(st, 6, en->received_us);
	if (in->has_extracted)
		stmt_i64(st, 7, in->extracted_us);
	if (in->has_covers) {
		stmt_i64(st, 8, in->covers_from_us);
		stmt_i64(st, 9, in->covers_to_us);
	}
	stmt_i64(st, 10, in->is_partial);
	stmt_text(st, 11, en->body);
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

static enum rc apply_open(struct state *s, const struct state_entry *en, const struct value *seen, struct err *e)
{
	const struct collection **cs = NULL;
	const struct value *v;
	struct ingest *in = ARENA_NEW(s->forever, struct ingest);
	struct str definition;
	size_t n = 0, i;
	int64_t stream;
	enum rc rc;

	(void)seen;                             /* it lives no longer than this entry */
	in->id = (int64_t)en->index;
	memcpy(in->record_id, en->record_id, 16);
	if ((rc = json_parse(s->forever, arena_str(s->forever, en->body), &v, e)) != RC_OK ||
	    (rc = ingest_read(s->forever, v, in, e)) != RC_OK)
		return rc;
	if ((rc = stream_id(s, in->source, in->instance, &stream, e)) != RC_OK || (rc = foreseen_mapping(s, in, e)) != RC_OK ||
	    (rc = foreseen_open(s, en, in, stream, e)) != RC_OK)
		return rc;
	if (!in->is_withdrawn && (rc = insert_open(s, en, in, stream, e)) != RC_OK)
		return rc;
	remember(s, in);
	if (in->is_withdrawn || !in->has_extracted || s->hooks.collections == NULL)
		return RC_OK;
	if ((rc = definition_of_ingest(s, in, &definition, e)) != RC_OK ||
	    (rc = s->hooks.collections(s->hooks.ctx, s, s->scratch, in, definition, &cs, &n, e)) != RC_OK)
		return rc;
	for (i = 0; i < n; i++)
		if ((rc = extraction_add(s, stream, cs[i], in->extracted_us, in->id, e)) != RC_OK)
			return rc;
	return RC_OK;
}

static enum rc apply_close(struct state *s, const struct state_entry *en, const struct value *v, struct err *e)
{
	const struct value *complete = value_get(v, "complete");
	struct ingest *in = NULL;
	struct stmt *st = NULL;
	uint8_t id[16];
	enum rc rc;

	if (!hex_get(value_text(v, "open"), id, sizeof(id)))
		return bad(e, "reference to its open entry");
	if ((rc = ingest_load(s, id, &in, e)) != RC_OK ||
	    (rc = db_prepare(s->db, in->is_withdrawn ? STR("UPDATE withdrawal SET close=?4 WHERE ingest=?1 AND ?2>=0 AND ?3>=0") :
	    STR("UPDATE ingest SET close_entry=?2, complete=?3, close=?4 WHERE id=?1"), &st, e)) != RC_OK)
		return rc;
	stmt_i64(st, 1, in->id);
	stmt_i64(st, 2, (int64_t)en->index);
	stmt_i64(st, 3, complete != NULL && complete->type == VALUE_BOOL && complete->is_true);
	stmt_text(st, 4, en->body);
	rc = stmt_run(st, e);
	stmt_free(st);
	return rc;
}

enum rc ingest_apply(struct state *s, const struct state_entry *en, const struct value *v, struct err *e)
{
	struct str kind = value_text(v, "kind");

	if (str_is(kind, "open"))
		return apply_open(s, en, v, e);
	if (str_is(kind, "close"))
		return apply_close(s, en, v, e);
	return err_set(e, RC_INVALID, "an ingest entry that neither opens nor closes");
}

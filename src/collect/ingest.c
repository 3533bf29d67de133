/* ingest: see ingest.h. */
#include "collect/ingest.h"

#include <stdio.h>
#include <string.h>

#include "collect/intake.h"
#include "collect/source_file.h"

enum { REASONS = 16 };

struct reason {
	char text[200];
	uint64_t n;
};

struct run {
	struct org *org;
	const struct ingest_how *how;
	struct ingest_outcome *out;
	struct arena *a, *each;                 /* of the run; of one record, as long as it is looked at */
	struct mapping *mapping;
	bool cuts;                              /* it names people, who are cut out of records */
	struct source_file file;
	uint8_t mapping_digest[32], open_id[16];
	uint64_t now_ms;                        /* the ledger has the keys of that day */
	const struct ingest *ingest;
	const struct key *reject_scope;
	struct intake *intake;
	struct intake_batch *b;                 /* that is being filled */
	bool has_time;
	int64_t first_us, last_us;
	struct reason reasons[REASONS];
	size_t n_reasons;
	struct str identity_source;
	struct err *e;
};

/* ---- the mapping's definition */
static enum rc define_table(struct run *r, struct str name)
{
	const struct collection *c = schema_find(state_schema(org_state(r->org)), name);
	struct changes changes = { .a = r->a };
	struct buf b;
	size_t from = 0;
	uint64_t first;
	enum rc rc;

	if (c == NULL)
		return err_set(r->e, RC_INVALID, "there is no collection \"%.*s\"", STR_FMT(name));
	buf_init(&b, 1 << 16);
	mapping_of_table(c, &b);
	change_definition_text(&changes, "mapping", r->how->source, buf_view(&b));
	buf_done(&b);
	if ((rc = org_edit_begin(r->org, r->e)) != RC_OK || (rc = org_edit_changes(r->org, &changes, &from, r->e)) != RC_OK)
		return rc;
	return org_edit_end(r->org, &first, r->e);
}

static enum rc mapping_load(struct run *r)
{
	struct state *s = org_state(r->org);
	const struct value *v;
	struct str body;
	enum rc rc = state_definition(s, r->a, "mapping", r->how->source, &body, r->mapping_digest, r->e);

	if (rc == RC_NOT_FOUND && str_starts(r->how->source, STR("csv:"))) {
		err_init(r->e);
		if ((rc = define_table(r, str_sub(r->how->source, 4, r->how->source.n))) == RC_OK)
			rc = state_definition(s, r->a, "mapping", r->how->source, &body, r->mapping_digest, r->e);
	}
	if (rc == RC_NOT_FOUND)
		return err_set(r->e, RC_INVALID, "there is no source \"%.*s\"; tickmark sources lists them",
		    STR_FMT(r->how->source));
	if (rc != RC_OK || (rc = json_parse(r->a, body, &v, r->e)) != RC_OK)
		return rc;
	if ((rc = mapping_compile(r->a, "mapping", value_get(v, "body"), state_schema(s), &r->mapping, r->e)) == RC_OK)
		r->cuts = mapping_names_people(r->mapping);
	return rc;
}

static bool feeds_state(const struct run *r)
{
	size_t n, i;
	const struct collection **all = mapping_file_collections(r->mapping, r->a, &r->file.ctx, false, &n);

	for (i = 0; i < n; i++)
		if (all[i]->n_period == 0)
			return true;
	return false;
}

static enum rc check_columns(struct run *r)
{
	size_t n, i, k;
	const struct collection *const *all = mapping_collections(r->mapping, &n);

	if (!str_starts(r->how->source, STR("csv:")) || n != 1)
		return RC_OK;
	for (i = 0; i < r->file.ctx.n_columns; i++)
		if (collection_field(all[0], r->file.ctx.columns[i]) == NULL)
			return err_set(r->e, RC_INVALID, "%s: line 1: column %zu, \"%.*s\", is no field of \"%.*s\"", r->how->path, i + 1,
			    STR_FMT(r->file.ctx.columns[i]), STR_FMT(all[0]->name));
	for (i = 0; i < r->file.ctx.n_columns; i++)
		for (k = 0; k < i; k++)
			if (str_eq(r->file.ctx.columns[k], r->file.ctx.columns[i]))
				return err_set(r->e, RC_INVALID, "%s: line 1: columns %zu and %zu are both \"%.*s\"", r->how->path, k + 1, i + 1,
				    STR_FMT(r->file.ctx.columns[i]));
	return RC_OK;
}

static enum rc begin(struct run *r)
{
	const struct source_input in = { r->how->path, r->how->file, r->how->bytes };
	enum rc rc;

	if ((rc = mapping_load(r)) != RC_OK || (rc = source_open(r->mapping, &in, state_zone(org_state(r->org)), &r->file,
	    r->e)) != RC_OK)
		return rc;
	mapping_near(&r->file.ctx, r->how->has_extracted, r->how->extracted_us, r->how->has_covers, r->how->covers_to_us);
	r->identity_source = r->how->source;
	if (!feeds_state(r))
		return check_columns(r);
	if (!r->how->has_extracted)
		return err_set(r->e, RC_INVALID, "%s: a listing shows how things stood at one time: say when it was read at its source "
		    "with --extracted-at, or by a date in its folder's name", r->how->path);
	/* the same listing read again later is evidence of its own */
	r->identity_source = arena_fmt(r->a, "%.*s@%lld", STR_FMT(r->how->source), (long long)r->how->extracted_us);
	return check_columns(r);
}

/* ---- entries that open and close */
static void put_instant(struct buf *b, const char *name, bool has, int64_t us)
{
	buf_fmt(b, "\"%s\":", name);
	if (has)
		buf_fmt(b, "%lld", (long long)us);
	else
		buf_z(b, "null");
}

static void open_body(struct run *r, struct buf *b)
{
	const struct ingest_how *h = r->how;
	size_t i;

	buf_z(b, "{");
	if (r->file.ctx.n_columns > 0) {
		buf_z(b, "\"columns\":[");
		for (i = 0; i < r->file.ctx.n_columns; i++) {
			if (i > 0)
				buf_c(b, ',');
			json_put_str(b, r->file.ctx.columns[i]);
		}
		buf_z(b, "],");
	}
	buf_z(b, "\"covers\":");
	if (h->has_covers)
		buf_fmt(b, "{\"from\":%lld,\"to\":%lld}", (long long)h->covers_from_us, (long long)h->covers_to_us);
	else
		buf_z(b, "null");
	if (r->file.ctx.n_columns > 0) {
		buf_z(b, ",\"delimiter\":");
		json_put_str(b, (struct str){ &r->file.ctx.delimiter, 1 });
	}
	buf_c(b, ',');
	put_instant(b, "extracted_at", h->has_extracted, h->extracted_us);
	buf_z(b, ",\"file\":");
	json_put_str(b, h->file);
	buf_z(b, ",\"instance\":");
	json_put_str(b, h->instance.p != NULL ? h->instance : STR(""));
	buf_z(b, ",\"kind\":\"open\",\"mapping\":\"");
	buf_hex(b, r->mapping_digest, 32);
	buf_fmt(b, "\",\"partial\":%s", h->is_partial ? "true" : "false");
	if (r->file.ctx.shape > 0)
		buf_fmt(b, ",\"shape\":%zu", r->file.ctx.shape);
	buf_z(b, ",\"source\":");
	json_put_str(b, h->source);
	buf_c(b, '}');
}

static void acked(struct run *r, const struct ledger_record *rec, size_t n)
{
	size_t i;

	for (i = 0; r->how->acked != NULL && i < n; i++)
		r->how->acked(r->how->ctx, rec[i].index, rec[i].leaf);
}

static struct state_entry entry_of(struct run *r, const struct ledger_record *rec)
{
	struct state_entry en = { .index = rec->index, .kind = rec->kind, .is_open = true,
		.received_us = (int64_t)ledger_received(org_ledger(r->org), r->now_ms) * 1000, .body = rec->body,
		.envelope = rec->envelope };

	memcpy(en.record_id, rec->record_id, 16);
	return en;
}

/* Entries of keys were put before the batch: they are applied as well, so that the state counts every index. */
static enum rc skip_to(struct run *r, uint64_t index)
{
	struct state *s = org_state(r->org);

	while (state_applied(s) < index) {
		const struct state_entry en = { .index = state_applied(s), .kind = KIND_KEYS, .is_open = true };
		enum rc rc = state_apply(s, &en, r->e);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc append_document(struct run *r, struct str body, uint8_t id[16], uint64_t *index)
{
	struct ledger_record rec = { .kind = KIND_INGEST, .classification = CLASS_INTERNAL, .body = body };
	struct state_entry en;
	enum rc rc;

	if ((rc = ledger_append(org_ledger(r->org), r->now_ms, &rec, 1, r->e)) != RC_OK)
		return rc;
	memcpy(id, rec.record_id, 16);
	*index = rec.index;
	if ((rc = state_begin(org_state(r->org), r->e)) != RC_OK || (rc = skip_to(r, rec.index)) != RC_OK)
		return rc;
	en = entry_of(r, &rec);
	if ((rc = state_apply(org_state(r->org), &en, r->e)) != RC_OK || (rc = state_commit(org_state(r->org), r->e)) != RC_OK)
		return rc;
	acked(r, &rec, 1);
	return RC_OK;
}

static enum rc open_entry(struct run *r)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, 1 << 20);
	open_body(r, &b);
	rc = append_document(r, buf_view(&b), r->open_id, &r->out->open_index);
	buf_done(&b);
	if (rc != RC_OK)
		return rc;
	if ((r->ingest = state_ingest(org_state(r->org), r->open_id)) == NULL)
		return err_set(r->e, RC_INTERNAL, "the ingest was opened and cannot be found");
	if ((rc = intake_open(r->org, r->ingest, r->how->acked, r->how->ctx, &r->intake, r->e)) == RC_OK)
		r->b = intake_batch(r->intake);
	return rc;
}

static enum rc close_entry(struct run *r)
{
	const struct ingest_outcome *o = r->out;
	uint8_t digest[32], id[16];
	uint64_t index;
	struct buf b;
	size_t i;
	enum rc rc;

	reader_digest(r->file.reader, digest);
	buf_init(&b, 1 << 20);
	buf_fmt(&b, "{\"bytes\":%llu,\"complete\":%s,\"counts\":{\"duplicate\":%llu,\"in\":%llu,\"kept\":%llu,\"no_item\":%llu,"
	    "\"null_key\":%llu,\"rejected\":%llu},", (unsigned long long)reader_bytes(r->file.reader), o->complete ? "true" : "false",
	    (unsigned long long)o->duplicate, (unsigned long long)o->in, (unsigned long long)o->kept,
	    (unsigned long long)o->no_item, (unsigned long long)o->null_key, (unsigned long long)o->rejected);
	put_instant(&b, "first", r->has_time, r->first_us);
	buf_z(&b, ",\"kind\":\"close\",");
	put_instant(&b, "last", r->has_time, r->last_us);
	buf_z(&b, ",\"open\":\"");
	buf_hex(&b, r->open_id, 16);
	buf_z(&b, "\",\"reasons\":{");
	for (i = 0; i < r->n_reasons; i++) {
		buf_z(&b, i > 0 ? "," : "");
		json_put_str(&b, str_z(r->reasons[i].text));
		buf_fmt(&b, ":%llu", (unsigned long long)r->reasons[i].n);
	}
	buf_z(&b, "},\"sha256\":\"");
	buf_hex(&b, digest, 32);
	buf_z(&b, "\",\"stated\":");
	if (r->how->has_stated)
		buf_fmt(&b, "%llu", (unsigned long long)r->how->stated);
	else
		buf_z(&b, "null");
	buf_z(&b, ",\"stopped\":");
	if (o->complete)
		buf_z(&b, "null");
	else
		json_put_str(&b, str_z(o->why));
	buf_c(&b, '}');
	rc = append_document(r, buf_view(&b), id, &index);
	buf_done(&b);
	return rc;
}

/* ---- a batch */
/* The keys of another day may be others; they are made while nothing is under way. */
static enum rc at_time(struct run *r, uint64_t now_ms)
{
	enum { DAY_MS = 86400000 };
	const bool same = now_ms / DAY_MS == r->now_ms / DAY_MS;
	enum rc rc;

	if (!same && ((rc = intake_wait(r->intake, r->e)) != RC_OK ||
	    (rc = ledger_prepare(org_ledger(r->org), now_ms, r->e)) != RC_OK))
		return rc;
	r->now_ms = now_ms;
	return RC_OK;
}

static enum rc flush(struct run *r)
{
	enum rc rc;

	if ((rc = at_time(r, org_now_ms(r->org))) != RC_OK)
		return rc;
	r->b->now_ms = r->now_ms;
	if ((rc = intake_send(r->intake, r->e)) != RC_OK)
		return rc;
	r->b = intake_batch(r->intake);
	if (r->how->told != NULL)
		r->how->told(r->how->ctx, r->out->in, reader_bytes(r->file.reader));
	return RC_OK;
}

static void note_times(struct run *r, const struct contribution *c)
{
	size_t i;
	int64_t us;

	for (i = 0; i < c->collection->n_period; i++) {
		const struct field_value *v = &c->fields[c->collection->period[i]];

		if (!v->supplied || v->is_null)
			continue;
		us = c->collection->fields[c->collection->period[i]].type == FIELD_DATE ?
		    zone_day_start_us(r->file.ctx.zone, v->i) : v->i;
		if (!r->has_time || us < r->first_us)
			r->first_us = us;
		if (!r->has_time || us > r->last_us)
			r->last_us = us;
		r->has_time = true;
		return;
	}
}

static void note_reason(struct run *r, const char *why)
{
	size_t i;

	if (r->out->rejected == 0)
		(void)snprintf(r->out->first_reason, sizeof(r->out->first_reason), "%.290s", why);
	for (i = 0; i < r->n_reasons; i++) {
		if (strncmp(r->reasons[i].text, why, sizeof(r->reasons[i].text) - 1) == 0) {
			r->reasons[i].n++;
			return;
		}
	}
	if (r->n_reasons == REASONS)
		return;                                 /* the rest is counted as rejected, and each entry has its own reason */
	(void)snprintf(r->reasons[r->n_reasons].text, sizeof(r->reasons[0].text), "%.190s", why);
	r->reasons[r->n_reasons++].n = 1;
}

/* Its body is the caller's to give. */
static struct ledger_record *add(struct run *r, const struct record *rec, uint8_t kind, const char *why)
{
	struct ledger_record *out = &r->b->records[r->b->n];
	struct envelope env = { .position = rec->position, .raw_n = (uint32_t)rec->bytes.n,
		.reason_code = kind == KIND_REJECTED ? 1 : 0, .reason = str_z(why) };
	struct buf b;

	memcpy(env.open_id, r->open_id, 16);
	buf_init(&b, BOX_ENVELOPE_MAX);
	envelope_put(&env, &b);
	memset(out, 0, sizeof(*out));
	out->kind = kind;
	out->classification = mapping_classification(r->mapping);
	out->envelope = arena_str(r->b->a, buf_view(&b));
	buf_done(&b);
	memset(&r->b->items[r->b->n], 0, sizeof(r->b->items[r->b->n]));
	r->b->n++;
	r->b->bytes += rec->bytes.n;
	return out;
}

static enum rc reject(struct run *r, const struct record *rec, const char *why)
{
	struct ledger_record *out;
	enum rc rc;

	if (r->reject_scope == NULL && ((rc = intake_wait(r->intake, r->e)) != RC_OK || (rc = ledger_file_scope(
	    org_ledger(r->org), r->now_ms, mapping_classification(r->mapping), &r->reject_scope, r->e)) != RC_OK))
		return rc;
	note_reason(r, why);
	r->out->rejected++;
	out = add(r, rec, KIND_REJECTED, why);
	out->body = arena_str(r->b->a, rec->bytes);
	out->scope = r->reject_scope;
	return RC_OK;
}

static enum rc identify(struct run *r, const struct record *rec, const struct mapping_record *m, uint8_t tag[16], bool *known)
{
	struct identity id = { .kind = IDENTITY_EVENT, .source = r->identity_source, .id = m->id };
	uint8_t digest[32];

	if (!m->has_id) {
		reader_record_digest(r->file.reader, digest);
		id.kind = IDENTITY_PLACE;
		id.digest = digest;
		id.position = rec->position;
	}
	return ledger_known(org_ledger(r->org), r->now_ms, &id, tag, known, r->e);
}

/* ${whole} is in r->each.  The record without its people, and a part for each of them; false: it names nobody, or more than a
 * record's parts can hold, and stays whole.  Items are then made of what is left, as they will be when nothing else can be
 * opened. */
static bool cut(struct run *r, const struct mapping_record *whole, struct ledger_record *out, struct mapped *m)
{
	struct mapping_context ctx = r->file.ctx;
	struct personal_range *found;
	struct mapping_record left;
	struct cut_range *ranges;
	struct cut_mark *marks;
	struct arena *a = r->b->a;
	struct str *parts, body;
	struct err why;
	size_t n, i;

	mapping_people(r->mapping, r->each, &ctx, whole, &found, &n);
	if (n == 0)
		return false;
	ranges = ARENA_ARRAY(r->each, n, struct cut_range);
	for (i = 0; i < n; i++) {
		ranges[i] = (struct cut_range){ .at = found[i].at, .end = found[i].end, .form = found[i].form };
		change_subject(&r->b->changes, org_state(r->org), found[i].kind, found[i].identity, ranges[i].subject);
	}
	err_init(&why);
	if (cut_apart(a, whole->bytes, ranges, n, &parts, &out->n_parts, &why) != RC_OK ||
	    cut_reading(a, parts, out->n_parts, &body, &marks, &ctx.n_marks, &why) != RC_OK)
		goto whole;
	ctx.marks = marks;
	if (mapping_read(r->mapping, a, &ctx, body, &left, &why) != RC_OK)
		goto whole;
	mapping_items(r->mapping, a, &ctx, &left, m);
	out->body = body;
	out->parts = parts;
	r->b->bytes += out->n_parts * (PART_ROW_BYTES + 128);
	return true;
whole:
	out->n_parts = 0;
	return false;
}

/* The record as it is, and its items; where it might have been cut, they must outlive what was looked at. */
static enum rc keep_whole(struct run *r, const struct record *rec, struct mapping_record *whole, struct ledger_record *out,
    struct mapped *m)
{
	enum rc rc;

	if (r->cuts && (rc = mapping_read(r->mapping, r->b->a, &r->file.ctx, arena_str(r->b->a, rec->bytes), whole,
	    r->e)) != RC_OK)
		return rc;
	out->body = whole->bytes;
	mapping_items(r->mapping, r->b->a, &r->file.ctx, whole, m);
	return RC_OK;
}

static enum rc take(struct run *r, const struct record *rec)
{
	struct mapping_record whole;
	struct ledger_record *out;
	struct mapped m;
	struct err why;
	uint8_t tag[16];
	bool known;
	size_t i;
	enum rc rc;

	r->out->in++;
	err_init(&why);
	arena_reset(r->each);
	if (rec->bad.n > 0)
		return reject(r, rec, arena_z(r->b->a, rec->bad));
	if (mapping_read(r->mapping, r->cuts ? r->each : r->b->a, &r->file.ctx, r->cuts ? rec->bytes :
	    arena_str(r->b->a, rec->bytes), &whole, &why) != RC_OK)
		return reject(r, rec, why.msg);
	if ((rc = identify(r, rec, &whole, tag, &known)) != RC_OK)
		return rc;
	if (known) {
		r->out->duplicate++;
		return RC_OK;
	}
	ledger_remember(org_ledger(r->org), tag);
	out = add(r, rec, KIND_EVIDENCE, "");
	out->tag = (const uint8_t *)arena_str(r->b->a, str_bytes(tag, sizeof(tag))).p;
	if (!(r->cuts && cut(r, &whole, out, &m)) && (rc = keep_whole(r, rec, &whole, out, &m)) != RC_OK)
		return rc;
	r->out->kept++;
	r->out->no_item += m.n == 0;
	r->out->null_key += m.null_keys;
	for (i = 0; i < m.n; i++) {
		change_subjects_of(&r->b->changes, org_state(r->org), &m.items[i]);
		note_times(r, &m.items[i]);
	}
	r->b->items[r->b->n - 1].p = m.items;
	r->b->items[r->b->n - 1].n = m.n;
	return RC_OK;
}

/* A file of another source is told by its first record, before anything is written. */
static enum rc first_fits(struct run *r, const struct record *rec)
{
	struct mapped m;
	struct err why;
	enum rc rc = RC_OK;

	if (rec->bad.n > 0)
		return RC_OK;
	err_init(&why);
	if (mapping_apply(r->mapping, r->each, &r->file.ctx, rec->bytes, &m, &why) != RC_OK && m.is_other)
		rc = err_set(r->e, RC_INVALID, "%s: %.600s; tickmark sources lists what can be read", r->how->path, why.msg);
	arena_reset(r->each);
	return rc;
}

static void stopped(struct run *r, struct err *why)
{
	r->out->complete = false;
	(void)snprintf(r->out->why, sizeof(r->out->why), "%.590s", why->msg);
	err_init(why);
}

static enum rc all_records(struct run *r)
{
	struct record rec;
	bool more = false, opened = false;
	enum rc rc;

	r->out->complete = true;
	for (;;) {
		rc = reader_next(r->file.reader, &rec, &more, r->e);
		if (rc == RC_INVALID) {
			stopped(r, r->e);
			more = false;
		} else if (rc != RC_OK) {
			return rc;
		}
		if (!opened) {
			if (more && (rc = first_fits(r, &rec)) != RC_OK)
				return rc;
			if ((rc = open_entry(r)) != RC_OK)
				return rc;
			opened = true;
		}
		if (!more)
			return (rc = flush(r)) != RC_OK ? rc : intake_wait(r->intake, r->e);
		if ((rc = take(r, &rec)) != RC_OK)
			return rc;
		if ((r->b->n == INTAKE_RECORDS || r->b->bytes > INTAKE_BYTES) && (rc = flush(r)) != RC_OK)
			return rc;
		if (r->b->n == 0 && arena_used(r->b->a) > (size_t)2 * INTAKE_BYTES)
			intake_clear(r->intake);        /* nothing but duplicates for a long while */
	}
}

enum rc ingest_file(struct org *org, const struct ingest_how *how, struct ingest_outcome *out, struct err *e)
{
	struct run r = { .org = org, .how = how, .out = out, .e = e };
	enum rc rc;

	memset(out, 0, sizeof(*out));
	r.a = arena_new();
	r.each = arena_new();
	r.now_ms = org_now_ms(org);
	rc = begin(&r);
	if (rc == RC_OK)
		rc = ledger_prepare(org_ledger(org), r.now_ms, e);
	if (rc == RC_OK)
		rc = all_records(&r);
	intake_close(r.intake);
	if (rc == RC_OK)
		rc = close_entry(&r);
	if (rc == RC_OK)
		rc = org_keep_joins(org, e);
	reader_close(r.file.reader);
	arena_free(r.each);
	arena_free(r.a);
	return rc;
}

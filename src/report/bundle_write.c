/* bundle_write: the entry that keeps what is disclosed, and the archive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/tile.h"
#include "report/bundle_writing.h"
#include "report/model.h"
#include "report/pdf.h"

/* ---- report, page, and the entry of what is disclosed */
static struct str withheld_names(const struct writing *w)
{
	struct str all = STR("");
	size_t i;

	for (i = 0; i < w->how->n_withhold; i++)
		all = arena_fmt(w->a, "%.*s%s%.*s", STR_FMT(all), i > 0 ? ", " : "", STR_FMT(w->how->withhold[i]));
	return all;
}

static enum rc make_report(struct writing *w, const char *out)
{
	struct report_ledger ledger = report_ledger_of(w->org, w->a);
	char path[LIMIT_PATH];
	const struct value *doc;
	struct buf b;
	enum rc rc;

	ledger.entries = ledger.checkpointed = w->size; /* that the newest is this disclosure itself cannot stand in it */
	(void)snprintf(path, sizeof(path), "%.4000s.report.tmp.pdf", out);
	if (w->how->without_people && (rc = state_hide_people(org_state(w->org), w->e)) != RC_OK)
		return rc;
	buf_init(&b, LIMIT_FILE_READ);
	rc = report_put(org_state(w->org), &ledger, w->a, 2, w->r, &b, w->e);
	if (w->how->without_people)
		state_show_people(org_state(w->org));
	if (rc == RC_OK) {
		w->report_json = arena_str(w->a, buf_view(&b));
		if ((rc = json_parse(w->a, w->report_json, &doc, w->e)) == RC_OK && (rc = report_pdf(doc, path, w->e)) == RC_OK)
			rc = file_read(w->a, path, LIMIT_FILE_READ, &w->report_pdf, w->e);
		(void)unlink(path);
	}
	buf_done(&b);
	return rc;
}

static void make_page(struct writing *w)
{
	const struct bundle_page page = { w->r->scope.organization, w->r->scope.system, date_fmt(w->a, w->how->period.from_day),
		date_fmt(w->a, w->how->period.to_day), ledger_origin(org_ledger(w->org)), w->vkey, withheld_names(w),
		w->how->without_people };
	struct buf b;

	buf_init(&b, 1 << 20);
	bundle_page_put(w->a, &page, &b);
	w->page = arena_str(w->a, buf_view(&b));
	buf_done(&b);
}

static void put_period(struct writing *w, struct buf *b)
{
	buf_z(b, "\"period\":{\"from\":");
	json_put_str(b, date_fmt(w->a, w->how->period.from_day));
	buf_z(b, ",\"to\":");
	json_put_str(b, date_fmt(w->a, w->how->period.to_day));
	buf_c(b, '}');
}

static void put_people(struct writing *w, struct buf *b)
{
	size_t i;

	buf_z(b, "\"people\":{\"populations\":[");
	for (i = 0; i < w->n_partly; i++) {
		buf_z(b, i > 0 ? "," : "");
		json_put_str(b, w->partly[i]);
	}
	buf_fmt(b, "],\"withheld\":%s}", w->how->without_people ? "true" : "false");
}

static void put_withheld(struct writing *w, struct buf *b)
{
	size_t i;

	buf_z(b, "\"withheld\":[");
	for (i = 0; i < w->how->n_withhold; i++) {
		buf_z(b, i > 0 ? "," : "");
		json_put_str(b, w->how->withhold[i]);
	}
	buf_c(b, ']');
}

static void put_file(struct buf *b, const char *name, struct str bytes)
{
	uint8_t h[32];

	sha256(bytes.p, bytes.n, h);
	buf_fmt(b, "\"%s\":\"", name);
	buf_hex(b, h, 32);
	buf_c(b, '"');
}

static void make_access(struct writing *w)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_fmt(&b, "{\"as_of\":%lld,\"disclosed\":{\"count\":%llu,\"digest\":\"", (long long)w->asof_us,
	    (unsigned long long)w->out->disclosed);
	buf_hex(&b, w->list_digest, 32);
	buf_z(&b, "\"},\"files\":{");
	put_file(&b, "index.html", w->page);
	buf_c(&b, ',');
	put_file(&b, "report.json", w->report_json);
	buf_c(&b, ',');
	put_file(&b, "report.pdf", w->report_pdf);
	buf_z(&b, "},\"op\":\"bundle\",");
	put_people(w, &b);
	buf_c(&b, ',');
	put_period(w, &b);
	buf_c(&b, ',');
	put_withheld(w, &b);
	buf_c(&b, '}');
	w->access = arena_str(w->a, buf_view(&b));
	buf_done(&b);
}

static enum rc prepare(struct writing *w, uint64_t size, const char *out)
{
	size_t bytes = (size_t)(size / 8 + 2);
	enum rc rc;

	w->size = size;
	w->bits = arena_alloc(w->a, bytes);
	w->kept_back = arena_alloc(w->a, bytes);
	w->ingests = arena_alloc(w->a, bytes);
	w->ingests_back = arena_alloc(w->a, bytes);
	if ((rc = bundle_choose(w)) != RC_OK || (rc = make_report(w, out)) != RC_OK)
		return rc;
	make_page(w);
	make_access(w);
	return RC_OK;
}

/* Whether the newest entry keeps exactly this disclosure already. */
static enum rc kept_already(struct writing *w, const char *out, bool *same)
{
	uint64_t size = ledger_size(org_ledger(w->org));
	struct opened o;
	enum rc rc;

	*same = false;
	if (size == 0 || (rc = ledger_read(org_ledger(w->org), w->a, size - 1, &o, w->e)) != RC_OK)
		return size == 0 ? RC_OK : rc;
	if (o.entry.kind != KIND_ACCESS || o.verdict != VERDICT_INTACT || str_find(o.body, STR("\"op\":\"bundle\"")) < 0)
		return RC_OK;
	if ((rc = prepare(w, size - 1, out)) == RC_OK)
		*same = str_eq(o.body, w->access);
	return rc;
}

static enum rc keep_access(struct writing *w, const char *out)
{
	uint64_t first;
	bool same;
	enum rc rc;

	if ((rc = kept_already(w, out, &same)) != RC_OK)
		return rc;
	if (!same) {
		/* the keys of this batch may be entries of their own: they come before what is measured */
		if ((rc = org_edit_begin(w->org, w->e)) != RC_OK || (rc = prepare(w, ledger_size(org_ledger(w->org)), out)) != RC_OK ||
		    (rc = org_edit(w->org, KIND_ACCESS, w->access, w->e)) != RC_OK ||
		    (rc = org_edit_end(w->org, &first, w->e)) != RC_OK)
			return rc;
		if (first != w->size)
			return err_set(w->e, RC_INTERNAL, "the entry of what is disclosed did not get the index that it was made for");
	}
	w->out->access_entry = w->size;
	bit_set(w->bits, w->size);
	return ledger_checkpoint(org_ledger(w->org), w->e);
}

/* ---- members */
struct named {
	struct str name, bytes;
	int64_t entry;                  /* of one name the newest counts */
};

struct list {
	struct arena *a;
	struct named *p;
	size_t n, room;
};

static void list_add(struct list *l, struct str name, struct str bytes, int64_t entry)
{
	struct named *more;

	if (l->n == l->room) {
		l->room = l->room == 0 ? 256 : l->room * 2;
		more = ARENA_ARRAY(l->a, l->room, struct named);
		if (l->n > 0)
			memcpy(more, l->p, l->n * sizeof(*more));
		l->p = more;
	}
	l->p[l->n++] = (struct named){ name, bytes, entry };
}

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	return order != 0 ? order : x->entry < y->entry ? -1 : 1;
}

static enum rc list_write(struct writing *w, struct list *l)
{
	size_t i;
	enum rc rc;

	if (l->n > 0)
		qsort(l->p, l->n, sizeof(*l->p), by_name);
	for (i = 0; i < l->n; i++) {
		if (i + 1 < l->n && str_eq(l->p[i].name, l->p[i + 1].name))
			continue;               /* ids that differ behind their 60th byte: the entries hold both */
		if ((rc = archive_add(w->w, l->p[i].name, l->p[i].bytes, w->e)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc put_definitions(struct writing *w)
{
	struct list l = { .a = w->a };
	struct stmt *st = NULL;
	bool row;
	enum rc rc = db_prepare(state_db(org_state(w->org)), STR("SELECT kind, id, body, entry FROM definition WHERE current=1"), &st,
	    w->e);

	while (rc == RC_OK && (rc = stmt_step(st, &row, w->e)) == RC_OK && row)
		list_add(&l, bundle_definition_name(w->a, column_text(st, 0), column_text(st, 1)), arena_str(w->a, column_text(st, 2)),
		    column_i64(st, 3));
	stmt_free(st);
	return rc == RC_OK ? list_write(w, &l) : rc;
}

static enum rc put_results(struct writing *w)
{
	struct list l = { .a = w->a };
	struct stmt *st = NULL;
	bool row;
	enum rc rc;

	rc = db_prepare(state_db(org_state(w->org)), STR("SELECT control, test, body, entry FROM result WHERE current=1"), &st, w->e);
	while (rc == RC_OK && (rc = stmt_step(st, &row, w->e)) == RC_OK && row) {
		uint64_t entry = (uint64_t)column_i64(st, 3);

		if (entry >= w->size || !bit_get(w->bits, entry))
			continue;
		list_add(&l, bundle_result_name(w->a, column_text(st, 0), column_text(st, 1)), arena_str(w->a, column_text(st, 2)),
		    (int64_t)entry);
		w->out->results++;
	}
	stmt_free(st);
	return rc == RC_OK ? list_write(w, &l) : rc;
}

static enum rc list_tile(struct writing *w, struct list *l, int level, uint64_t n, unsigned width)
{
	char path[LIMIT_PATH];
	struct str bytes;
	size_t skip = strlen(org_dir(w->org)) + 1;
	enum rc rc;

	tile_path(org_dir(w->org), level, n, width, path);
	if ((rc = file_read(w->a, path, (size_t)1 << 20, &bytes, w->e)) != RC_OK)
		return err_set(w->e, RC_ALTERED, "the tile %s is not there or cannot be read; run verify", path);
	list_add(l, arena_str(w->a, str_sub(str_z(path), skip, strlen(path))), bytes, 0);
	return RC_OK;
}

static enum rc put_tiles(struct writing *w)
{
	struct list l = { .a = w->a };
	uint64_t size = w->size + 1, full, i;
	unsigned level, width;
	int first;
	enum rc rc;

	for (level = 0; level < TREE_LEVELS; level++) {
		full = level == 7 ? 0 : size >> (8 * level) >> 8;
		width = tile_partial(size, level);
		for (first = level == 0 ? -1 : (int)level; first <= (int)level; first++) {
			for (i = 0; i < full; i++)
				if ((rc = list_tile(w, &l, first, i, 0)) != RC_OK)
					return rc;
			if (width > 0 && (rc = list_tile(w, &l, first, full, width)) != RC_OK)
				return rc;
		}
	}
	return list_write(w, &l);
}

static enum rc put_manifest(struct writing *w)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, 1 << 20);
	buf_fmt(&b, "{\"access\":%llu,\"as_of\":%lld,\"disclosed\":%llu,\"engine\":%d,\"kind\":\"tickmark bundle\",\"organization\":",
	    (unsigned long long)w->size, (long long)w->asof_us, (unsigned long long)w->out->disclosed, ENGINE_VERSION);
	json_put_str(&b, w->r->scope.organization);
	buf_z(&b, ",\"origin\":");
	json_put_str(&b, ledger_origin(org_ledger(w->org)));
	buf_c(&b, ',');
	put_people(w, &b);
	buf_c(&b, ',');
	put_period(w, &b);
	buf_fmt(&b, ",\"size\":%llu,\"system\":", (unsigned long long)w->size + 1);
	json_put_str(&b, w->r->scope.system);
	buf_fmt(&b, ",\"version\":%d,\"vkey\":", BUNDLE_VERSION);
	json_put_str(&b, w->vkey);
	buf_c(&b, ',');
	put_withheld(w, &b);
	buf_c(&b, '}');
	rc = archive_add(w->w, STR("bundle.json"), buf_view(&b), w->e);
	buf_done(&b);
	return rc;
}

/* ---- records */
static enum rc part_kept_back(struct writing *w, const struct opened *o, const uint8_t *row, struct err *e)
{
	uint8_t kept[8 + SHA256_BYTES] = { 0 };

	part_row_hash(o->entry.record_id, row, kept + 8);
	w->records_n += sizeof(kept);
	w->out->people += w->how->without_people;
	return archive_put(w->w, kept, sizeof(kept), e);
}

static enum rc record(void *ctx, const struct opened *o, struct err *e)
{
	struct writing *w = ctx;
	uint8_t head[RECORD_HEAD_BYTES] = { 0 }, shown[8] = { 1 }, wanted[PARTS_MAX + 1];
	struct part_row row;
	struct secret secret;
	unsigned i;
	enum rc rc = RC_OK;

	if (!bit_get(w->bits, o->index))
		return RC_OK;
	bundle_parts(w, o, wanted);
	if (!w->records_open) {
		if ((rc = archive_begin(w->w, bundle_records_name(w->a, w->records_number++), e)) != RC_OK ||
		    (rc = archive_put(w->w, RECORDS_MAGIC, 4, e)) != RC_OK)
			return rc;
		w->records_open = true;
		w->records_n = 4;
	}
	put_u64(head, o->index);
	put_u16(head + 8, o->entry.n);
	rc = archive_put(w->w, head, sizeof(head), e);
	for (i = 0; i < o->entry.n && rc == RC_OK; i++) {
		const uint8_t *bytes = o->rows + (size_t)i * PART_ROW_BYTES;

		memset(&secret, 0, sizeof(secret));
		if ((rc = part_row_decode(bytes, &row, e)) != RC_OK)
			break;
		if (!wanted[i]) {
			rc = part_kept_back(w, o, bytes, e);
			continue;
		}
		if (row.mode != PART_CLEAR && !ledger_part_secret(org_ledger(w->org), &o->entry, &row, &secret))
			rc = err_set(e, RC_LOCKED, "no key opens entry %llu", (unsigned long long)o->index);
		if (rc == RC_OK && (rc = archive_put(w->w, shown, sizeof(shown), e)) == RC_OK &&
		    (rc = archive_put(w->w, bytes, PART_ROW_BYTES, e)) == RC_OK &&
		    (rc = archive_put(w->w, secret.bytes, sizeof(secret.bytes), e)) == RC_OK)
			rc = archive_put(w->w, o->stored[i].p, o->stored[i].n, e);
		w->records_n += 8 + PART_ROW_BYTES + sizeof(secret.bytes) + o->stored[i].n;
		secret_done(&secret);
	}
	w->records_n += sizeof(head);
	if (rc == RC_OK && w->records_n > RECORDS_PER_MEMBER) {
		w->records_open = false;
		rc = archive_end(w->w, e);
	}
	if (w->how->tell != NULL && o->index % 4096 == 0)
		w->how->tell(w->how->ctx, o->index, w->size);
	return rc;
}

static enum rc put_records(struct writing *w)
{
	struct arena *a = arena_new();
	enum rc rc = ledger_each(org_ledger(w->org), 0, w->size + 1, false, a, record, w, w->e);

	arena_free(a);
	if (rc == RC_OK && w->records_open)
		rc = archive_end(w->w, w->e);
	return rc;
}

/* Heads that were kept and time stamps over them: of what the bundle's own head covers. */
static enum rc put_anchors(struct writing *w)
{
	struct list l = { .a = w->a };
	struct anchor *stamps = NULL;
	char path[LIMIT_PATH];
	struct str bytes;
	size_t n, i;
	enum rc rc = anchors_load(org_dir(w->org), w->a, STR_NONE, &stamps, &n, w->e);

	for (i = 0; i < n && rc == RC_OK; i++) {
		struct str head = arena_fmt(w->a, "anchors/%llu.checkpoint", (unsigned long long)stamps[i].size);

		if (stamps[i].size > w->size + 1)
			continue;
		(void)snprintf(path, sizeof(path), "%.3900s/%.*s", org_dir(w->org), STR_FMT(head));
		if ((rc = file_read(w->a, path, NOTE_MAX, &bytes, w->e)) == RC_OK) {
			list_add(&l, head, bytes, (int64_t)i);
			list_add(&l, arena_fmt(w->a, "anchors/%.*s", STR_FMT(stamps[i].name)), stamps[i].stamp.token, (int64_t)i);
		}
	}
	return rc == RC_OK ? list_write(w, &l) : rc;
}

static enum rc put_all(struct writing *w)
{
	struct str note;
	enum rc rc;

	if ((rc = put_anchors(w)) != RC_OK || (rc = put_manifest(w)) != RC_OK ||
	    (rc = ledger_note(org_ledger(w->org), w->a, &note, w->e)) != RC_OK ||
	    (rc = archive_add(w->w, STR("checkpoint"), note, w->e)) != RC_OK || (rc = put_definitions(w)) != RC_OK ||
	    (rc = archive_add(w->w, STR("index.html"), w->page, w->e)) != RC_OK || (rc = put_records(w)) != RC_OK ||
	    (rc = archive_add(w->w, STR("report.json"), w->report_json, w->e)) != RC_OK ||
	    (rc = archive_add(w->w, STR("report.pdf"), w->report_pdf, w->e)) != RC_OK || (rc = put_results(w)) != RC_OK)
		return rc;
	return put_tiles(w);
}

enum rc bundle_write(struct org *org, const struct bundle_how *how, const char *out, struct bundle_outcome *outcome,
    struct err *e)
{
	struct writing w = { .org = org, .how = how, .out = outcome, .e = e };
	struct buf key;
	enum rc rc;

	memset(outcome, 0, sizeof(*outcome));
	w.a = arena_new();
	buf_init(&key, 4096);
	note_key_put(ledger_key(org_ledger(org)), &key);
	w.vkey = arena_str(w.a, buf_view(&key));
	buf_done(&key);
	w.asof_us = run_asof(org_state(org), &how->period);
	if ((rc = org_keep_joins(org, e)) != RC_OK ||
	    (rc = readiness_of(org_state(org), w.a, &how->period, &w.r, e)) != RC_OK || (rc = keep_access(&w, out)) != RC_OK ||
	    (rc = archive_create(out, &w.w, e)) != RC_OK)
		goto out;
	if ((rc = put_all(&w)) != RC_OK) {
		archive_abandon(w.w);
		goto out;
	}
	rc = archive_finish(w.w, e);
	outcome->entries = w.size + 1;
out:
	arena_free(w.a);
	return rc;
}

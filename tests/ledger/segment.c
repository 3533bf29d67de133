/* The published segment, whole and damaged: where the log ends, and what each part that is not intact is called. */
#include "../seal/vector.h"

#include "base/file.h"
#include "ledger/ledger_priv.h"

static struct arena *a;
static const struct value *doc;
static struct secret kek;
static struct str segment;

static int begin(void **state)
{
	char path[4096];

	(void)state;
	a = arena_new();
	if (!shared_path("data/vectors/ledger-v1.json", path, sizeof path))
		return 0;
	doc = vector_load(a, path);
	memcpy(kek.bytes, vector_hex(a, vector_at(doc, "key_file"), "kek").p, 32);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

#define NEED_VECTORS() \
	do { \
		char path_[4096]; \
		SKIP_WITHOUT_SHARED("data/vectors/ledger-v1.json", path_); \
	} while (0)

static const struct key *key_of(const char *member, struct str wanted)
{
	const struct value *rows = vector_at(doc, "key_rows");
	struct key *key = ARENA_NEW(a, struct key);
	struct err e;
	size_t i;

	for (i = 0; i < rows->n; i++) {
		const struct value *have = value_get(&rows->items[i], member);

		if (have == NULL || !str_eq(have->text, wanted))
			continue;
		assert_ok(key_row_decode((const uint8_t *)vector_hex(a, &rows->items[i], "row").p, &key->row, &e), &e);
		assert_true(key_row_unwrap(&key->row, &kek, &key->secret));
		hmac_key_init(&key->mac, key->secret.bytes, 32);
		return key;
	}
	fail_msg("no key row %.*s", STR_FMT(wanted));
	return NULL;
}

static struct str long_content(void)
{
	uint8_t *out = arena_alloc(a, 102400), number[4];
	uint32_t k;

	for (k = 0; k < 3200; k++) {
		put_u32(number, k);
		sha256(number, 4, out + k * 32);
	}
	return str_bytes(out, 102400);
}

static void part_in(const struct value *v, struct box_part *out)
{
	*out = (struct box_part){ 0 };
	if (value_get(v, "clear") != NULL) {
		out->content = value_text(v, "clear");
		return;
	}
	out->scope = key_of("name", value_text(v, "scope"));
	out->content = value_get(v, "content") != NULL ? vector_hex(a, v, "content") : long_content();
	out->envelope = vector_hex(a, v, "envelope");
}

/* Header and meta as published, the stored bytes sealed here. */
static void frame_put(const struct value *frame, struct box *box, struct buf *out)
{
	const struct value *records = vector_at(doc, "records");
	struct str header = vector_hex(a, frame, "header"), meta = vector_hex(a, frame, "meta");
	uint64_t first = vector_u64(frame, "first_index"), n = vector_u64(frame, "entries"), i, k;
	size_t start = out->n;
	uint8_t digest[32];
	struct buf rows;
	struct err e;

	buf_add(out, header.p, header.n);
	buf_add(out, meta.p, meta.n);
	for (i = first; i < first + n; i++) {
		const struct value *v = &records->items[i], *parts = vector_at(v, "parts");
		struct box_part in[2];
		struct box_record rec = { .kind = (uint8_t)vector_u64(v, "kind"), .received_ms = vector_u64(v, "received_ms"),
			.parts = in, .n = parts->n };
		struct box_sealed sealed;

		for (k = 0; k < parts->n; k++)
			part_in(&parts->items[k], &in[k]);
		buf_init(&rows, 4096);
		assert_ok(box_seal_as(box, (const uint8_t *)vector_hex(a, v, "record_id").p, &rec, NULL, &rows, out, &sealed, &e), &e);
		buf_done(&rows);
	}
	while ((out->n - start) % 8 != 0)
		buf_u8(out, 0);
	assert_int_equal(out->n - start, vector_u64(frame, "length"));
	sha256(out->p + start, out->n - start, digest);
	assert_vector(a, frame, "sha256", digest, 32);
}

static void build(void)
{
	const struct value *frames = vector_at(doc, "frames");
	struct box *box;
	struct buf out;
	size_t i;

	if (segment.n > 0)
		return;
	box = box_new();
	buf_init(&out, 1 << 20);
	for (i = 0; i < frames->n; i++)
		frame_put(&frames->items[i], box, &out);
	segment = arena_str(a, buf_view(&out));
	buf_done(&out);
	box_free(box);
}

static void the_segment_is_the_published_one(void **state)
{
	uint8_t digest[32];

	(void)state;
	NEED_VECTORS();
	build();
	sha256(segment.p, segment.n, digest);
	assert_vector(a, vector_at(doc, "segment"), "sha256", digest, 32);
}

struct judging {
	struct ledger *l;
	struct buf *words;
	const uint8_t *blobs;
	const struct frame *frame;
	bool second;
	unsigned frames;
};

static enum rc see_entry(void *ctx, uint32_t i, const uint8_t *bytes, const struct entry *en, const uint8_t *rows,
    uint64_t blob, struct err *e)
{
	struct judging *j = ctx;
	struct part_row row;
	enum verdict v;
	unsigned k;

	(void)bytes;
	for (k = 0; k < en->n; k++) {
		if (part_row_decode(rows + (size_t)k * PART_ROW_BYTES, &row, e) != RC_OK)
			return RC_ALTERED;
		if (!j->second && (en->kind == KIND_ERASURE || en->kind == KIND_ERASED))
			ledger_note_erasure(j->l, en->kind, str_bytes(j->blobs + blob, row.stored_n));
		v = part_verdict(j->l, &row, str_bytes(j->blobs + blob, row.stored_n));
		if (j->second && v != VERDICT_INTACT)
			buf_fmt(j->words, "; %s entry %llu part %u", verdict_name(v), (unsigned long long)(j->frame->first + i), k);
		blob += row.stored_n;
	}
	return RC_OK;
}

static enum rc see_frame(void *ctx, size_t s, uint64_t at, const struct frame *f, const uint8_t *header, struct err *e)
{
	struct judging *j = ctx;
	const struct frame_visitor v = { see_entry, j };

	(void)s;
	(void)at;
	j->frames++;
	j->frame = f;
	j->blobs = header + FRAME_HEADER_BYTES + f->meta_n;
	return frame_walk(f, header + FRAME_HEADER_BYTES, &v, e);
}

static struct str verdict_of(struct str bytes, uint64_t size, const struct key *wal)
{
	struct log_segment one = { 0, (const uint8_t *)bytes.p, bytes.n };
	const struct log_files files = { &one, 1 };
	struct ledger *l = mem_alloc(sizeof(*l));
	struct buf words;
	struct judging j = { .l = l, .words = &words };
	const struct log_visitor v = { see_frame, &j };
	struct log_end end;
	struct str out;
	struct err e;

	err_init(&e);
	buf_init(&words, 4096);
	assert_ok(log_scan(&files, value_text(doc, "origin"), wal, size, &v, &end, &e), &e);
	if (end.state == LOG_ALTERED)
		buf_fmt(&words, "ALTERED frame %llu", (unsigned long long)end.sequence);
	else if (end.state == LOG_MISSING)
		buf_fmt(&words, "MISSING frame %llu", (unsigned long long)end.sequence);
	else if (end.state == LOG_TORN)
		buf_fmt(&words, "torn, %llu bytes", (unsigned long long)end.torn);
	else
		buf_fmt(&words, "%u frames, end of log", j.frames);
	if (end.state == LOG_END) {
		j.second = true;
		assert_ok(log_scan(&files, value_text(doc, "origin"), wal, size, &v, &end, &e), &e);
	}
	out = arena_str(a, buf_view(&words));
	buf_done(&words);
	mem_free(l->erased);
	mem_free(l->intended);
	mem_free(l);
	return out;
}

static uint64_t at(const struct value *list, size_t i)
{
	uint64_t n = 0;

	assert_true(num_u64(list->items[i].text, UINT64_MAX, &n));
	return n;
}

static struct str edited(const struct value *edit)
{
	const struct value *v;
	uint64_t n;
	size_t length = segment.n, more = 0;
	char *p;

	if ((v = value_get(edit, "truncate")) != NULL && num_u64(v->text, segment.n, &n))
		length = (size_t)n;
	if ((v = value_get(edit, "append_zeros")) != NULL && num_u64(v->text, 1 << 20, &n))
		more = (size_t)n;
	p = arena_alloc(a, length + more);
	memcpy(p, segment.p, length);
	if ((v = value_get(edit, "xor")) != NULL)
		p[at(v, 0)] = (char)(p[at(v, 0)] ^ (char)at(v, 1));
	if ((v = value_get(edit, "zero")) != NULL)
		memset(p + at(v, 0), 0, at(v, 1));
	return (struct str){ p, length + more };
}

static void each_damage_has_its_published_verdict(void **state)
{
	const struct value *cases, *v;
	const struct key *wal;
	struct str got;
	size_t i;

	(void)state;
	NEED_VECTORS();
	build();
	wal = key_of("type", STR("5"));
	cases = vector_at(vector_at(doc, "segment"), "cases");
	assert_int_equal(cases->n, 14);
	for (i = 0; i < cases->n; i++) {
		v = &cases->items[i];
		got = verdict_of(edited(vector_at(v, "edit")), vector_u64(v, "checkpoint_size"), wal);
		if (!str_eq(got, value_text(v, "verdict")))
			fail_msg("%.*s: \"%.*s\"", STR_FMT(value_text(v, "what")), STR_FMT(got));
		got = verdict_of(edited(vector_at(v, "edit")), vector_u64(v, "checkpoint_size"), NULL);
		if (!str_eq(got, value_text(v, "verdict")))
			fail_msg("without the key, %.*s: \"%.*s\"", STR_FMT(value_text(v, "what")), STR_FMT(got));
	}
}

/* Under a checkpoint that covers all of it, no flipped byte passes. */
static void every_flipped_byte_is_found(void **state)
{
	struct str whole, bytes, got;
	const struct key *wal;
	size_t i, step = 7;             /* one in seven here; every byte in the soak */
	char *p;

	(void)state;
	NEED_VECTORS();
	build();
	wal = key_of("type", STR("5"));                 /* without it the head vouches for the last frame's MAC */
	whole = verdict_of(segment, 13, wal);
	p = arena_alloc(a, segment.n);
	memcpy(p, segment.p, segment.n);
	bytes = (struct str){ p, segment.n };
	if (getenv("TICKMARK_SOAK") != NULL)
		step = 1;
	for (i = 0; i < segment.n; i += (i > 2400 && i < 108000 ? step * 61 : step)) {
		p[i] = (char)(p[i] ^ 1);
		got = verdict_of(bytes, 13, wal);
		p[i] = (char)(p[i] ^ 1);
		/* a part that an erasure names is judged by zero or not: its bytes are no longer anybody's */
		if (str_eq(got, whole))
			fail_msg("byte %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_segment_is_the_published_one),
		cmocka_unit_test(each_damage_has_its_published_verdict),
		cmocka_unit_test(every_flipped_byte_is_found),
	};

	return cmocka_run_group_tests(tests, begin, end);
}

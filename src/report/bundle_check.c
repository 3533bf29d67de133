/* bundle_check: a bundle's bytes, tree, records and copies, checked from nothing but the file itself; re-performing is
 * in bundle_reperform.c. */
#include "report/bundle_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assess/run.h"
#include "ledger/tile.h"
#include "seal/cut.h"

void check_found(struct check *c, enum verify_row row, enum verdict v, struct str file, uint64_t at, int64_t entry,
    const char *words)
{
	const struct finding f = { row, arena_z(c->a, file), at, entry >= 0, false, entry >= 0 ? (uint64_t)entry : 0, v, words };

	c->out->findings++;
	if (c->how->found != NULL)
		c->how->found(c->how->ctx, &f);
}

static void altered(struct check *c, const char *file, const char *words)
{
	check_found(c, ROW_FOREIGN, VERDICT_ALTERED, str_z(file), 0, -1, words);
}

/* ---- what it says it is */
static bool text_to(const struct value *v, const char *name, struct str *out)
{
	*out = value_text(v, name);
	return out->p != NULL;
}

static bool number_to(const struct value *v, const char *name, int64_t *out)
{
	const struct value *m = value_get(v, name);

	return m != NULL && m->type == VALUE_NUMBER && num_i64(m->text, out) && *out >= 0;
}

static bool bool_to(const struct value *v, const char *name, bool *out)
{
	const struct value *b = value_get(v, name);

	*out = b != NULL && b->type == VALUE_BOOL && b->is_true;
	return b != NULL && b->type == VALUE_BOOL;
}

static struct str names_in(struct arena *a, const struct value *list)
{
	struct str all = STR("");
	size_t i;

	for (i = 0; i < list->n; i++)
		all = arena_fmt(a, "%.*s%s%.*s", STR_FMT(all), i > 0 ? ", " : "", STR_FMT(list->items[i].text));
	return all;
}

static enum rc read_manifest(struct check *c, struct err *e)
{
	const struct archive_member *m = archive_find(c->archive, STR("bundle.json"));
	const struct value *v, *period;
	int64_t version, size, access;
	struct err why;

	err_init(&why);
	if (m == NULL || json_parse(c->a, arena_str(c->a, m->bytes), &v, &why) != RC_OK ||
	    !str_is(value_text(v, "kind"), "tickmark bundle"))
		return err_set(e, RC_INVALID, "%s is no bundle of Tickmark: it has no bundle.json that says so", c->path);
	if (!number_to(v, "version", &version) || version != BUNDLE_VERSION)
		return err_set(e, RC_INVALID, "%s is a bundle of another version; use the program that goes with it", c->path);
	period = value_get(v, "period");
	c->manifest = v;
	c->withheld = value_get(v, "withheld");
	c->partly = value_get(value_get(v, "people"), "populations");
	if (!number_to(v, "size", &size) || !number_to(v, "access", &access) || !number_to(v, "as_of", &c->asof_us) ||
	    !text_to(v, "origin", &c->out->origin) || !text_to(v, "vkey", &c->out->vkey) ||
	    !text_to(v, "organization", &c->out->organization) || !text_to(v, "system", &c->out->system) ||
	    !text_to(period, "from", &c->out->from) || !text_to(period, "to", &c->out->to) ||
	    !date_parse(c->out->from, &c->period.from_day) || !date_parse(c->out->to, &c->period.to_day) || c->withheld == NULL ||
	    c->withheld->type != VALUE_LIST || c->partly == NULL || c->partly->type != VALUE_LIST ||
	    !bool_to(value_get(v, "people"), "withheld", &c->out->without_people) || size == 0 || access != size - 1)
		return err_set(e, RC_INVALID, "%s: bundle.json lacks what a bundle says of itself", c->path);
	c->size = (uint64_t)size;
	c->period.now_us = c->asof_us;
	c->out->entries = c->size;
	return RC_OK;
}

/* ---- checkpoint and tree */
static bool read_checkpoint(struct check *c)
{
	const struct archive_member *m = archive_find(c->archive, STR("checkpoint"));
	struct note_key key, given;
	struct str text;
	struct buf b;
	struct err why;
	bool same;

	err_init(&why);
	if (m == NULL) {
		check_found(c, ROW_CHECKPOINT, VERDICT_MISSING, STR("checkpoint"), 0, -1, "a bundle holds its signed head");
		return false;
	}
	if (note_key_parse(c->out->vkey, &key, &why) != RC_OK) {
		altered(c, "bundle.json", "the signing key that it names is none");
		return false;
	}
	if (c->how->vkey.n > 0) {
		if (note_key_parse(c->how->vkey, &given, &why) != RC_OK || memcmp(&given, &key, sizeof(key)) != 0) {
			check_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, STR("checkpoint"), 0, -1, "it is signed by another key than the one "
			    "that was given: whoever made this file is not who you took the key from");
			return false;
		}
	}
	if (note_open(m->bytes, &key, &text, &why) != RC_OK || checkpoint_parse(text, &c->checkpoint, &why) != RC_OK) {
		check_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, STR("checkpoint"), 0, -1, arena_z(c->a, str_z(why.msg)));
		return false;
	}
	buf_init(&b, 4096);
	checkpoint_put(&c->checkpoint, &b);
	same = str_eq(buf_view(&b), text) && str_eq(c->checkpoint.origin, c->out->origin) && c->checkpoint.size == c->size;
	buf_done(&b);
	if (!same)
		check_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, STR("checkpoint"), 0, -1, "it is not in its one form, or of another "
		    "origin or size than bundle.json says");
	c->key = key;
	return same;
}

static struct str tile_name(struct check *c, int level, uint64_t n, unsigned width)
{
	char path[LIMIT_PATH];

	tile_path(".", level, n, width, path);
	return arena_str(c->a, str_z(path + 2));
}

static const struct archive_member *tile_find(struct check *c, int level, uint64_t n, unsigned width)
{
	const struct archive_member *m = archive_find(c->archive, tile_name(c, level, n, width));
	size_t each = level < 0 ? 2 + ENTRY_BYTES : SHA256_BYTES;

	if (m == NULL) {
		check_found(c, ROW_TILES, VERDICT_MISSING, tile_name(c, level, n, width), 0, level <= 0 ? (int64_t)(n * TILE_WIDTH) : -1,
		    "the checkpoint's tree needs it");
		return NULL;
	}
	c->out->tiles++;
	if (m->bytes.n == each * (width > 0 ? width : TILE_WIDTH))
		return m;
	check_found(c, ROW_TILES, VERDICT_ALTERED, m->name, m->at, -1, "it has not the length of a tile of that width");
	return NULL;
}

static bool read_bundles(struct check *c)
{
	uint64_t n, i = 0;
	struct entry en;
	struct err why;

	for (n = 0; n * TILE_WIDTH < c->size; n++) {
		unsigned width = c->size - n * TILE_WIDTH < TILE_WIDTH ? (unsigned)(c->size - n * TILE_WIDTH) : 0, k;
		const struct archive_member *m = tile_find(c, -1, n, width);
		const uint8_t *p;

		if (m == NULL)
			return false;
		for (k = 0, p = (const uint8_t *)m->bytes.p; k < (width > 0 ? width : TILE_WIDTH); k++, i++, p += 2 + ENTRY_BYTES) {
			err_init(&why);
			c->entries[i] = p + 2;
			if (get_u16(p) != ENTRY_BYTES || entry_decode(p + 2, &en, &why) != RC_OK) {
				check_found(c, ROW_TILES, VERDICT_ALTERED, m->name, m->at + k * (2 + ENTRY_BYTES), (int64_t)i,
				    why.code != RC_OK ? arena_z(c->a, str_z(why.msg)) : "an entry has another length than 96 bytes");
				return false;
			}
			hash_leaf(p + 2, ENTRY_BYTES, c->leaves[i]);
		}
	}
	return true;
}

/* The tiles of each level against the leaves. */
static void check_tiles(struct check *c)
{
	uint8_t (*level)[SHA256_BYTES] = c->leaves, (*above)[SHA256_BYTES] = NULL;
	uint64_t have = c->size, n, i;
	unsigned l;
	size_t width;

	for (l = 0; l < TREE_LEVELS && have > 0; l++) {
		uint64_t full = have / TILE_WIDTH;

		above = mem_alloc((full + 1) * SHA256_BYTES);
		for (n = 0; n * TILE_WIDTH < have; n++) {
			unsigned part = have - n * TILE_WIDTH < TILE_WIDTH ? (unsigned)(have - n * TILE_WIDTH) : 0;
			const struct archive_member *m = tile_find(c, (int)l, n, part);
			size_t bytes = (size_t)(part > 0 ? part : TILE_WIDTH) * SHA256_BYTES;

			if (m != NULL && memcmp(m->bytes.p, level[n * TILE_WIDTH], bytes) != 0) {
				for (i = 0; memcmp(m->bytes.p + i * SHA256_BYTES, level[n * TILE_WIDTH + i], SHA256_BYTES) == 0; i++)
					;
				check_found(c, ROW_TILES, VERDICT_ALTERED, m->name, m->at + i * SHA256_BYTES,
				    l == 0 ? (int64_t)(n * TILE_WIDTH + i) : -1, "its hashes are not those of the entries");
			}
			if (part > 0)
				continue;
			{
				uint8_t h[TILE_WIDTH][SHA256_BYTES];

				memcpy(h, level[n * TILE_WIDTH], sizeof(h));
				for (width = TILE_WIDTH; width > 1; width /= 2)
					for (i = 0; i < width / 2; i++)
						hash_node(h[2 * i], h[2 * i + 1], h[i]);
				memcpy(above[n], h[0], SHA256_BYTES);
			}
		}
		if (level != c->leaves)
			mem_free(level);
		level = above;
		have = full;
	}
	if (level != c->leaves)
		mem_free(level);
}

static bool root_of(struct check *c, uint64_t size, uint8_t root[SHA256_BYTES])
{
	struct tree *t = mem_alloc(sizeof(*t));
	struct err why;
	uint64_t i;
	bool ok = size <= c->size;

	err_init(&why);
	tree_init(t);
	for (i = 0; ok && i < size; i++)
		ok = tree_add(t, c->leaves[i], NULL, &why) == RC_OK;
	if (ok)
		tree_root(t, root);
	mem_free(t);
	return ok;
}

static void check_root(struct check *c)
{
	uint8_t root[SHA256_BYTES];
	struct buf b;

	if (!root_of(c, c->size, root) || memcmp(root, c->checkpoint.root, 32) != 0)
		check_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, STR("checkpoint"), 0, -1, "the entries do not give the root that is "
		    "signed: an entry was altered, dropped, added or moved");
	buf_init(&b, 100);
	buf_base64(&b, c->checkpoint.root, 32);
	(void)snprintf(c->out->root, sizeof(c->out->root), "%.*s", STR_FMT(buf_view(&b)));
	buf_done(&b);
}

static enum rc check_since(struct check *c, struct err *e)
{
	struct checkpoint held;
	struct note_key key;
	struct str text;
	struct err why;
	uint8_t root[SHA256_BYTES];

	err_init(&why);
	if (c->how->since.n == 0)
		return RC_OK;
	if (note_key_parse(c->how->vkey, &key, &why) != RC_OK || note_open(c->how->since, &key, &text, &why) != RC_OK ||
	    checkpoint_parse(text, &held, &why) != RC_OK)
		return err_set(e, RC_INVALID, "the checkpoint held elsewhere does not verify under the key that was given: %s", why.msg);
	if (held.size > c->size)
		check_found(c, ROW_CHECKPOINT, VERDICT_MISSING, STR("checkpoint"), 0, (int64_t)c->size, "the checkpoint held elsewhere "
		    "covers more entries");
	else if (!root_of(c, held.size, root) || memcmp(root, held.root, 32) != 0)
		check_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, STR("checkpoint"), 0, -1, "the ledger is not the one that was signed "
		    "then: its history was rewritten");
	return RC_OK;
}

/* ---- copies: definitions, results, report, page */
static void keep_copy(struct check *c, const struct bundle_record *r)
{
	bool result = r->entry.kind == KIND_RESULT;
	const struct value *v;
	struct copy *to;
	struct err why;

	err_init(&why);
	if (json_parse(c->one, r->body, &v, &why) != RC_OK)
		return;
	if (c->n_copies == c->room_copies) {
		c->room_copies = c->room_copies == 0 ? 256 : c->room_copies * 2;
		c->copies = mem_resize(c->copies, c->room_copies * sizeof(*c->copies));
	}
	to = &c->copies[c->n_copies++];
	to->index = r->index;
	to->name = result ? bundle_result_name(c->a, value_text(v, "control"), value_text(v, "test")) :
	    bundle_definition_name(c->a, value_text(v, "kind"), value_text(v, "id"));
	sha256(r->body.p, r->body.n, to->h);
}

static void keep_amending(struct check *c, const struct bundle_record *r)
{
	if (c->n_amending == c->room_amending) {
		c->room_amending = c->room_amending == 0 ? 512 : c->room_amending * 2;
		c->amending = mem_resize(c->amending, c->room_amending * sizeof(*c->amending));
	}
	c->amending[c->n_amending++] = (struct state_entry){ .index = r->index, .kind = r->entry.kind, .is_open = true,
		.received_us = (int64_t)r->entry.received_ms * 1000, .body = arena_str(c->a, r->body) };
}

static enum rc see_record(void *ctx, const struct bundle_record *r, struct err *e)
{
	struct check *c = ctx;
	const struct value *v;
	struct err why;

	(void)e;
	err_init(&why);
	bit_set(c->bits, r->index);
	c->out->disclosed++;
	if (r->index != c->size - 1)
		bundle_list_add(c->listed, r->index, r->shown, r->entry.n);
	if (!r->is_open || (c->out->without_people ? r->hidden + 1 < r->entry.n : r->hidden > 0 && r->entry.kind != KIND_CHANGE))
		check_found(c, ROW_PARTS, VERDICT_MISSING, STR("records/"), 0, (int64_t)r->index, c->out->without_people ?
		    "parts of it are shown or hidden in another way than the bundle says: all but people's are shown" :
		    "a part of it was left out");
	if ((r->entry.kind == KIND_DEFINITION || r->entry.kind == KIND_RESULT) && r->is_open)
		keep_copy(c, r);
	if ((r->entry.kind == KIND_DEFINITION || r->entry.kind == KIND_WITHDRAWAL) && r->is_open && c->how->reperform)
		keep_amending(c, r);
	if (r->index == 0) {
		if (r->entry.kind != KIND_POLICY || !r->is_open || json_parse(c->a, arena_str(c->a, r->body), &v, &why) != RC_OK ||
		    !str_eq(value_text(v, "origin"), c->out->origin) || !str_eq(value_text(v, "vkey"), c->out->vkey))
			check_found(c, ROW_CHECKPOINT, VERDICT_ALTERED, STR("bundle.json"), 0, 0, "entry 0 names another origin or key");
		else
			c->has_policy = true;
	}
	if (r->index == c->size - 1 && r->entry.kind == KIND_ACCESS && r->is_open)
		c->access = arena_str(c->a, r->body);
	return RC_OK;
}

static void check_file(struct check *c, const struct value *files, const char *name)
{
	const struct archive_member *m = archive_find(c->archive, str_z(name));
	uint8_t h[32], want[32];

	if (m == NULL) {
		check_found(c, ROW_FOREIGN, VERDICT_MISSING, str_z(name), 0, -1, "the bundle was made with it");
		return;
	}
	sha256(m->bytes.p, m->bytes.n, h);
	if (!hex_get(value_text(files, name), want, 32) || memcmp(h, want, 32) != 0)
		check_found(c, ROW_FOREIGN, VERDICT_ALTERED, m->name, m->at, (int64_t)c->size - 1, "it is not the one whose digest the "
		    "ledger keeps");
}

static bool same_json(struct check *c, const struct value *a, const char *name)
{
	const struct value *x = value_get(a, name), *y = value_get(c->manifest, name);
	struct buf bx, by;
	bool same = false;

	if (x == NULL || y == NULL)
		return false;
	buf_init(&bx, 1 << 20);
	buf_init(&by, 1 << 20);
	json_put(&bx, x);
	json_put(&by, y);
	same = str_eq(buf_view(&bx), buf_view(&by));
	buf_done(&bx);
	buf_done(&by);
	return same;
}

static void check_access(struct check *c)
{
	const struct value *v, *disclosed;
	uint8_t digest[32], want[32];
	int64_t count, claimed;
	struct err why;

	err_init(&why);
	if (c->access.p == NULL || json_parse(c->a, c->access, &v, &why) != RC_OK || !str_is(value_text(v, "op"), "bundle")) {
		check_found(c, ROW_FOREIGN, VERDICT_MISSING, STR("records/"), 0, (int64_t)c->size - 1, "the last entry does not keep what "
		    "this bundle discloses");
		return;
	}
	disclosed = value_get(v, "disclosed");
	sha256_end(c->listed, digest);
	if (!number_to(disclosed, "count", &count) || !hex_get(value_text(disclosed, "digest"), want, 32) ||
	    memcmp(digest, want, 32) != 0)
		check_found(c, ROW_PARTS, VERDICT_MISSING, STR("records/"), 0, (int64_t)c->size - 1, "the records are not those that were "
		    "disclosed: some were left out or added afterwards");
	else if (!number_to(c->manifest, "disclosed", &claimed) || claimed != count || !same_json(c, v, "as_of") ||
	    !same_json(c, v, "people") || !same_json(c, v, "period") || !same_json(c, v, "withheld"))
		check_found(c, ROW_FOREIGN, VERDICT_ALTERED, STR("bundle.json"), 0, (int64_t)c->size - 1, "it says something else than the "
		    "entry of what was disclosed");
	check_file(c, value_get(v, "files"), "index.html");
	check_file(c, value_get(v, "files"), "report.json");
	check_file(c, value_get(v, "files"), "report.pdf");
}

static int by_name(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	return order != 0 ? order : x->index < y->index ? -1 : 1;
}

/* The members that the disclosed definitions and results must have, each with its bytes. */
static void check_copies(struct check *c)
{
	const struct archive_member *m;
	uint8_t h[32];
	size_t i;

	if (c->n_copies > 0)
		qsort(c->copies, c->n_copies, sizeof(*c->copies), by_name);
	for (i = 0; i < c->n_copies; i++) {
		const struct copy *k = &c->copies[i];

		if (i + 1 < c->n_copies && str_eq(k->name, c->copies[i + 1].name))
			continue;               /* a newer one follows */
		m = archive_find(c->archive, k->name);
		if (m == NULL) {
			check_found(c, ROW_FOREIGN, VERDICT_MISSING, k->name, 0, (int64_t)k->index, "the ledger has it, and the bundle not");
			continue;
		}
		sha256(m->bytes.p, m->bytes.n, h);
		if (memcmp(h, k->h, 32) != 0)
			check_found(c, ROW_FOREIGN, VERDICT_ALTERED, m->name, m->at, (int64_t)k->index,
			    "it is not what the ledger's entry says");
		else if (str_starts(m->name, STR("results/")))
			c->out->results++;
		else
			c->out->definitions++;
	}
}

static bool has_copy(const struct check *c, struct str name)
{
	size_t low = 0, high = c->n_copies, mid;
	int order;

	while (low < high) {
		mid = (low + high) / 2;
		order = str_cmp(c->copies[mid].name, name);
		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* A head that was kept, or a time stamp over one: both must be of this ledger. */
static const char *anchor(struct check *c, const struct archive_member *m)
{
	struct str name = str_sub(m->name, 8, m->name.n), text;
	const struct archive_member *head;
	uint8_t root[SHA256_BYTES], digest[SHA256_BYTES];
	struct anchor k = { .name = name }, *more;
	struct checkpoint kept;
	uint64_t number;
	struct err why;

	err_init(&why);
	if (!anchor_name(name, &k.size, &number))
		return "nothing that belongs into a bundle";
	if (number == 0)
		return note_open(m->bytes, &c->key, &text, &why) != RC_OK || checkpoint_parse(text, &kept, &why) != RC_OK ||
		    kept.size != k.size || !root_of(c, kept.size, root) || memcmp(root, kept.root, SHA256_BYTES) != 0 ?
		    "it is no head of this ledger" : NULL;
	if (stamp_read(c->a, m->bytes, c->how->trusted, &k.stamp, &why) != RC_OK)
		return arena_z(c->a, str_z(why.msg));
	head = archive_find(c->archive, arena_fmt(c->a, "anchors/%llu.checkpoint", (unsigned long long)k.size));
	if (head == NULL)
		return "the head that it is over is not there";
	sha256(head->bytes.p, head->bytes.n, digest);
	if (memcmp(digest, k.stamp.digest, SHA256_BYTES) != 0 || !str_eq(m->bytes, k.stamp.token))
		return "it is over something else than the head beside it";
	more = ARENA_ARRAY(c->a, c->out->n_stamps + 1, struct anchor);
	if (c->out->n_stamps > 0)
		memcpy(more, c->out->stamps, c->out->n_stamps * sizeof(*more));
	more[c->out->n_stamps++] = k;
	c->out->stamps = more;
	return NULL;
}

static bool is_expected(struct check *c, struct str name)
{
	static const char *const fixed[] = { "bundle.json", "checkpoint", "index.html", "report.json", "report.pdf" };
	size_t i;
	uint64_t n;

	for (i = 0; i < ARRAY_LEN(fixed); i++)
		if (str_is(name, fixed[i]))
			return true;
	if (str_starts(name, STR("records/")) && name.n == 20 && num_u64(str_sub(name, 8, 8), UINT32_MAX, &n))
		return n < c->records_members || !c->records_whole;
	return false;
}

static void check_members(struct check *c)
{
	const char *bad;
	uint64_t tiles = 0;
	size_t i;

	check_copies(c);
	for (i = 0; i < archive_count(c->archive); i++) {
		const struct archive_member *m = archive_member(c->archive, i);

		if (has_copy(c, m->name))
			continue;
		if (str_starts(m->name, STR("definitions/")))
			check_found(c, ROW_FOREIGN, VERDICT_ALTERED, m->name, m->at, -1, "the ledger has no such definition");
		else if (str_starts(m->name, STR("results/")))
			check_found(c, ROW_FOREIGN, VERDICT_ALTERED, m->name, m->at, -1, "the ledger has no such result");
		else if (str_starts(m->name, STR("tile/")))
			tiles++;
		else if (str_starts(m->name, STR("anchors/"))) {
			if ((bad = anchor(c, m)) != NULL)
				check_found(c, ROW_FOREIGN, VERDICT_ALTERED, m->name, m->at, -1, bad);
		} else if (!is_expected(c, m->name))
			check_found(c, ROW_FOREIGN, VERDICT_ALTERED, m->name, m->at, -1, "nothing that belongs into a bundle");
	}
	anchors_sort(c->out->stamps, c->out->n_stamps);
	if (tiles != c->out->tiles && c->out->findings == 0)
		altered(c, "tile/", "there are more tiles than the tree has");
}

static enum rc check_all(struct check *c, struct err *e)
{
	uint64_t bad_at;
	struct err why;
	enum rc rc;

	err_init(&why);
	rc = archive_open(c->path, &c->archive, &bad_at, &why);
	if (rc == RC_ALTERED) {
		check_found(c, ROW_FOREIGN, VERDICT_ALTERED, str_z(c->path), bad_at, -1, arena_z(c->a, str_z(why.msg)));
		return RC_OK;
	}
	if (rc != RC_OK) {
		*e = why;
		return rc;
	}
	if ((rc = read_manifest(c, e)) != RC_OK)
		return rc;
	c->out->withheld = names_in(c->a, c->withheld);
	c->out->partly = names_in(c->a, c->partly);
	if (c->size > archive_count(c->archive) * (uint64_t)TILE_WIDTH)
		return err_set(e, RC_ALTERED, "%s says that its ledger has %llu entries, and holds fewer", c->path,
		    (unsigned long long)c->size);
	c->entries = mem_alloc(c->size * sizeof(*c->entries));
	c->leaves = mem_alloc(c->size * SHA256_BYTES);
	c->bits = mem_alloc(c->size / 8 + 1);
	if (!read_checkpoint(c) || !read_bundles(c))
		return RC_OK;
	check_tiles(c);
	check_root(c);
	if ((rc = check_since(c, e)) != RC_OK || (rc = check_each_record(c, see_record, c, e)) != RC_OK)
		return rc;
	if (!c->has_policy && c->records_whole)
		check_found(c, ROW_PARTS, VERDICT_MISSING, STR("records/"), 0, 0, "entry 0, which names origin and key, is not disclosed");
	if (c->records_whole)
		check_access(c);
	check_members(c);
	c->out->pinned = c->out->findings == 0 && c->how->vkey.n > 0;
	if (c->how->reperform && c->out->findings == 0)
		return check_reperform(c, e);
	return RC_OK;
}

enum rc bundle_check(const char *path, struct arena *a, const struct bundle_check_how *how, struct bundle_checked *out,
    struct err *e)
{
	struct check c = { .path = path, .a = a, .how = how, .out = out };
	enum rc rc;

	memset(out, 0, sizeof(*out));
	out->withheld = out->partly = STR("");
	c.one = arena_new();
	c.box = box_new();
	c.listed = sha256_new();
	rc = check_all(&c, e);
	archive_close(c.archive);
	box_free(c.box);
	sha256_free(c.listed);
	arena_free(c.one);
	mem_free(c.entries);
	mem_free(c.leaves);
	mem_free(c.bits);
	mem_free(c.copies);
	mem_free(c.amending);
	return rc;
}

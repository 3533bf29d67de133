/* bundle-edit IN OUT OPERATION ARGUMENTS: a forger's tool for the tests: changes a bundle and writes it in its one form
 * again, with every checksum right, so that what is left to catch it is what the ledger signs.
 *   drop INDEX            the record of that entry
 *   swap INDEX INDEX      two records change places
 *   hide INDEX PART       a part of that record is not shown; of the first 512 entries
 *   replace MEMBER A B    text in a member, as often as it stands there
 *   remove MEMBER | add MEMBER TEXT
 *   move TILE A B         two entries of an entry bundle change places */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/archive.h"
#include "ledger/frame.h"
#include "seal/box.h"

struct span {
	uint64_t index;
	struct str bytes;
};

static struct span *spans;
static size_t n_spans;

static void die(const char *why)
{
	(void)fprintf(stderr, "bundle-edit: %s\n", why);
	exit(2);
}

/* The records of a member, as spans of bytes. */
static void read_spans(struct str m)
{
	const uint8_t *p = (const uint8_t *)m.p;
	size_t at = 4;

	spans = mem_alloc((m.n / 24 + 1) * sizeof(*spans));
	for (n_spans = 0; at < m.n; n_spans++) {
		size_t from = at;
		unsigned n = get_u16(p + at + 8), i;

		spans[n_spans].index = get_u64(p + at);
		at += 16;
		for (i = 0; i < n; i++)
			at += p[at] == 1 ? 8 + PART_ROW_BYTES + 32 + get_u64(p + at + 8 + 8) : 8 + 32;
		spans[n_spans].bytes = str_sub(m, from, at - from);
	}
}

static size_t span_of(const char *index)
{
	uint64_t want;
	size_t i;

	if (!num_u64(str_z(index), UINT64_MAX, &want))
		die("an index is a number");
	for (i = 0; i < n_spans; i++)
		if (spans[i].index == want)
			return i;
	die("that entry is not disclosed");
	return 0;
}

static void edit_records(struct str m, char **argv, struct buf *out)
{
	size_t a, b = 0, i;
	bool swap = strcmp(argv[3], "swap") == 0;

	read_spans(m);
	a = span_of(argv[4]);
	if (swap)
		b = span_of(argv[5]);
	buf_str(out, str_sub(m, 0, 4));
	for (i = 0; i < n_spans; i++) {
		uint8_t index[8];

		if (!swap && i == a)
			continue;
		put_u64(index, spans[i].index);
		buf_add(out, index, 8);
		buf_str(out, str_sub(spans[swap && i == a ? b : swap && i == b ? a : i].bytes, 8, SIZE_MAX / 2));
	}
	mem_free(spans);
}

static void hide(const struct archive *in, struct str m, char **argv, struct buf *out)
{
	const struct archive_member *entries = NULL;
	const uint8_t *entry;
	struct entry en;
	uint8_t hidden[8 + SHA256_BYTES] = { 0 };
	const uint8_t *p;
	uint64_t part, index;
	size_t a, i, at = 16;
	struct err e;

	err_init(&e);
	read_spans(m);
	a = span_of(argv[4]);
	index = spans[a].index;
	for (i = 0; i < archive_count(in) && entries == NULL; i++)
		if (str_starts(archive_member(in, i)->name, str_z(index < 256 ? "tile/entries/000" : "tile/entries/001")))
			entries = archive_member(in, i);
	if (!num_u64(str_z(argv[5]), 255, &part) || entries == NULL || (index % 256 + 1) * 98 > entries->bytes.n)
		die("that entry is not in the first two bundles");
	entry = (const uint8_t *)entries->bytes.p + index % 256 * 98 + 2;
	if (entry_decode(entry, &en, &e) != RC_OK || part >= en.n)
		die("that part is not there");
	p = (const uint8_t *)spans[a].bytes.p;
	for (i = 0; i < part; i++)
		at += 8 + PART_ROW_BYTES + 32 + get_u64(p + at + 8 + 8);
	part_row_hash(en.record_id, p + at + 8, hidden + 8);
	buf_str(out, str_sub(m, 0, (size_t)(spans[a].bytes.p - m.p) + at));
	buf_add(out, hidden, sizeof(hidden));
	at += (size_t)(spans[a].bytes.p - m.p) + 8;
	buf_str(out, str_sub(m, at + PART_ROW_BYTES + 32 + get_u64((const uint8_t *)m.p + at + 8), m.n));
	mem_free(spans);
}

static void replace(struct str m, const char *from, const char *to, struct buf *out)
{
	ptrdiff_t at;
	bool any = false;

	while ((at = str_find(m, str_z(from))) >= 0) {
		buf_str(out, str_sub(m, 0, (size_t)at));
		buf_z(out, to);
		m = str_sub(m, (size_t)at + strlen(from), m.n);
		any = true;
	}
	buf_str(out, m);
	if (!any)
		die("the text does not stand there");
}

static void move(struct str m, const char *a, const char *b, struct buf *out)
{
	uint64_t i, k;
	char piece[98];

	if (!num_u64(str_z(a), 255, &i) || !num_u64(str_z(b), 255, &k) || (i + 1) * 98 > m.n || (k + 1) * 98 > m.n)
		die("the bundle has not so many entries");
	buf_str(out, m);
	memcpy(piece, out->p + i * 98, 98);
	memcpy(out->p + i * 98, out->p + k * 98, 98);
	memcpy(out->p + k * 98, piece, 98);
}

int main(int argc, char **argv)
{
	struct archive *in;
	struct archive_writer *out;
	struct buf b;
	struct err e;
	uint64_t bad_at;
	bool added = true;
	size_t i;

	err_init(&e);
	if (argc < 5 || archive_open(argv[1], &in, &bad_at, &e) != RC_OK || archive_create(argv[2], &out, &e) != RC_OK)
		die(argc < 5 ? "IN OUT OPERATION ARGUMENTS" : e.msg);
	buf_init(&b, (size_t)1 << 30);
	if (strcmp(argv[3], "add") == 0)
		added = false;
	for (i = 0; i < archive_count(in); i++) {
		const struct archive_member *m = archive_member(in, i);
		bool named = str_is(m->name, argv[4]);

		if (!added && str_cmp(str_z(argv[4]), m->name) < 0) {
			added = true;
			if (archive_add(out, str_z(argv[4]), str_z(argv[5]), &e) != RC_OK)
				die(e.msg);
		}
		buf_clear(&b);
		if (strcmp(argv[3], "remove") == 0 && named)
			continue;
		if ((strcmp(argv[3], "drop") == 0 || strcmp(argv[3], "swap") == 0) && str_starts(m->name, STR("records/")))
			edit_records(m->bytes, argv, &b);
		else if (strcmp(argv[3], "hide") == 0 && str_starts(m->name, STR("records/")))
			hide(in, m->bytes, argv, &b);
		else if (strcmp(argv[3], "replace") == 0 && named)
			replace(m->bytes, argv[5], argv[6], &b);
		else if (strcmp(argv[3], "move") == 0 && named)
			move(m->bytes, argv[5], argv[6], &b);
		else
			buf_str(&b, m->bytes);
		if (archive_add(out, m->name, buf_view(&b), &e) != RC_OK)
			die(e.msg);
	}
	if (!added && archive_add(out, str_z(argv[4]), str_z(argv[5]), &e) != RC_OK)
		die(e.msg);
	if (archive_finish(out, &e) != RC_OK)
		die(e.msg);
	archive_close(in);
	buf_done(&b);
	return 0;
}

/* amend: entries that say something of entries before them: which they are, and what follows for records that are known. */
#include "ledger/ledger_priv.h"

#include <string.h>

void ledger_note_amending(struct ledger *l, uint64_t index, uint8_t kind)
{
	if (kind != KIND_DEFINITION && kind != KIND_WITHDRAWAL)
		return;
	if (l->n_amending == l->room_amending) {
		l->room_amending = l->room_amending == 0 ? 512 : l->room_amending * 2;
		l->amending = mem_resize(l->amending, l->room_amending * sizeof(*l->amending));
	}
	l->amending[l->n_amending++] = index;
}

const uint64_t *ledger_amending(const struct ledger *l, size_t *n)
{
	*n = l->n_amending;
	return l->amending;
}

struct disown {
	struct ledger *l;
	uint64_t first;                 /* of the frame */
	bool (*is_out)(void *ctx, uint64_t index);
	void *ctx;
};

static enum rc keep(void *ctx, uint32_t i, const uint8_t *bytes, const struct entry *en, const uint8_t *rows, uint64_t blob,
    struct err *e)
{
	struct disown *d = ctx;

	(void)bytes;
	(void)rows;
	(void)blob;
	(void)e;
	if (!d->is_out(d->ctx, d->first + i))
		tags_add(&d->l->tags, en->tag);
	return RC_OK;
}

enum rc ledger_disown(struct ledger *l, bool (*is_out)(void *ctx, uint64_t index), void *ctx, struct err *e)
{
	struct disown d = { .l = l, .is_out = is_out, .ctx = ctx };
	const struct frame_visitor v = { keep, &d };
	const uint8_t *header;
	struct frame f;
	size_t i;
	enum rc rc;

	tags_clear(&l->tags);
	for (i = 0; i < l->n_frames; i++) {
		if ((rc = frame_load(l, i, &f, &header, e)) != RC_OK)
			return rc;
		d.first = f.first;
		if ((rc = frame_entries(&f, header + FRAME_HEADER_BYTES, &v, e)) != RC_OK)
			return rc;
	}
	return RC_OK;
}

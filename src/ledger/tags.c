/* tags: by which a record that was appended before is recognised; each epoch has a key of its own for them. */
#include <string.h>

#include "ledger/ledger_priv.h"

/* Sixteen bytes as two words: a set of a million is asked several times for each record. */
static bool is_free(const uint8_t slot[16])
{
	uint64_t w[2];

	memcpy(w, slot, sizeof(w));
	return (w[0] | w[1]) == 0;
}

static bool is_same(const uint8_t slot[16], const uint8_t tag[16])
{
	uint64_t a[2], b[2];

	memcpy(a, slot, sizeof(a));
	memcpy(b, tag, sizeof(b));
	return a[0] == b[0] && a[1] == b[1];
}

static size_t slot_of(const struct tags *t, const uint8_t tag[16])
{
	size_t at = (size_t)get_u64(tag) & (t->room - 1);

	while (!is_free(t->slots[at]) && !is_same(t->slots[at], tag))
		at = (at + 1) & (t->room - 1);
	return at;
}

void tags_soon(const struct tags *t, const uint8_t tag[16])
{
	if (t->room > 0)
		__builtin_prefetch(t->slots[(size_t)get_u64(tag) & (t->room - 1)], 1);
}

static void grow(struct tags *t)
{
	uint8_t (*old)[16] = t->slots;
	size_t n = t->room, i;

	t->room = n == 0 ? 4096 : n * 2;
	t->slots = mem_alloc(t->room * 16);
	for (i = 0; i < n; i++)
		if (!is_free(old[i]))
			memcpy(t->slots[slot_of(t, old[i])], old[i], 16);
	mem_free(old);
}

void tags_add(struct tags *t, const uint8_t tag[16])
{
	size_t at;

	if (is_free(tag))
		return;
	if ((t->n + 1) * 4 > t->room * 3)
		grow(t);
	at = slot_of(t, tag);
	if (is_free(t->slots[at])) {
		memcpy(t->slots[at], tag, 16);
		t->n++;
	}
}

bool tags_has(const struct tags *t, const uint8_t tag[16])
{
	return t->n > 0 && !is_free(t->slots[slot_of(t, tag)]);
}

void tags_clear(struct tags *t)
{
	if (t->n > 0)
		memset(t->slots, 0, t->room * 16);
	t->n = 0;
}

/* Whoever stood behind it because its own place was taken moves up. */
static void tags_remove(struct tags *t, const uint8_t tag[16])
{
	const size_t mask = t->room - 1;
	size_t hole, at, home;

	if (!tags_has(t, tag))
		return;
	hole = slot_of(t, tag);
	for (at = (hole + 1) & mask; !is_free(t->slots[at]); at = (at + 1) & mask) {
		home = (size_t)get_u64(t->slots[at]) & mask;
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		memcpy(t->slots[hole], t->slots[at], 16);
		hole = at;
	}
	memset(t->slots[hole], 0, 16);
	t->n--;
}

void tags_kept(struct ledger *l, const uint8_t tag[16])
{
	tags_add(&l->tags, tag);
	tags_remove(&l->remembered, tag);
}

void ledger_remember(struct ledger *l, const uint8_t tag[16])
{
	(void)pthread_mutex_lock(&l->told);
	tags_add(&l->remembered, tag);
	(void)pthread_mutex_unlock(&l->told);
}

void ledger_forget(struct ledger *l)
{
	(void)pthread_mutex_lock(&l->told);
	tags_clear(&l->remembered);
	(void)pthread_mutex_unlock(&l->told);
}

static void tag_of(const struct key *dedup, const struct identity *id, uint8_t tag[16])
{
	if (id->kind == IDENTITY_PLACE)
		record_tag_place(dedup, id->source, id->digest, id->position, tag);
	else
		record_tag(dedup, id->kind, id->source, id->id, tag);
}

static bool is_known(const struct ledger *l, const uint8_t tag[16])
{
	return tags_has(&l->tags, tag) || tags_has(&l->remembered, tag);
}

static enum rc look_up(const struct ledger *l, uint64_t now_ms, const struct identity *id, uint8_t tag[16], bool *known,
    struct err *e)
{
	struct key_use use = { .type = KEY_DEDUP };
	uint16_t year = ledger_year(ledger_received(l, now_ms)), y;
	const struct key *k;
	uint8_t other[16];

	use.epoch = year;
	if ((k = keyring_find(l->keys, &use)) == NULL)
		return err_set(e, RC_INTERNAL, "there is no dedup key of %u yet", year);
	tag_of(k, id, tag);
	*known = is_known(l, tag);
	for (y = l->first_year; y < year && !*known; y++) {
		use.epoch = y;
		if ((k = keyring_find(l->keys, &use)) == NULL)
			continue;
		tag_of(k, id, other);
		*known = is_known(l, other);
	}
	return RC_OK;
}

enum rc ledger_known(struct ledger *l, uint64_t now_ms, const struct identity *id, uint8_t tag[16], bool *known,
    struct err *e)
{
	enum rc rc;

	(void)pthread_mutex_lock(&l->told);
	rc = look_up(l, now_ms, id, tag, known, e);
	(void)pthread_mutex_unlock(&l->told);
	return rc;
}

/* What is remembered is known until it is appended, and then because it was; each forgetting forgets that alone. */
#include "test.h"

#include "ledger/ledger_priv.h"

enum { TAGS = 300, ROUNDS = 200000 };

static uint32_t state = 1;

static unsigned pick(unsigned below)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % below;
}

/* Few places and many tags of the same place, so that one stands behind another. */
static void tag_of(unsigned i, uint8_t tag[16])
{
	memset(tag, 0, 16);
	put_u64(tag, i % 7 == 0 ? i : 4000 + i % 90);
	put_u64(tag + 8, i + 1);
}

static void sets_of_tags_agree_with_plain_lists(void **ctx)
{
	struct ledger *l = mem_alloc(sizeof(*l));
	bool kept[TAGS] = { false }, remembered[TAGS] = { false };
	uint8_t tag[16];
	unsigned i, k, round;

	(void)ctx;
	for (round = 0; round < ROUNDS; round++) {
		i = pick(TAGS);
		tag_of(i, tag);
		switch (pick(round % 20000 == 0 ? 3 : 2)) {
		case 0:
			if (!kept[i])
				tags_add(&l->remembered, tag);
			remembered[i] = !kept[i];
			break;
		case 1:
			if (pick(4) == 0)
				break;
			tags_kept(l, tag);
			remembered[i] = false;
			kept[i] = kept[i] || i % 3 == 0;
			if (!kept[i]) {                 /* so that some come and go: a set of its own would not shrink */
				tags_clear(&l->tags);
				memset(kept, 0, sizeof(kept));
			}
			break;
		default:
			tags_clear(&l->remembered);
			memset(remembered, 0, sizeof(remembered));
		}
		for (k = 0; k < 5; k++) {
			i = pick(TAGS);
			tag_of(i, tag);
			assert_int_equal(tags_has(&l->remembered, tag), remembered[i]);
			assert_int_equal(tags_has(&l->tags, tag), kept[i]);
		}
	}
	mem_free(l->tags.slots);
	mem_free(l->remembered.slots);
	mem_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sets_of_tags_agree_with_plain_lists) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

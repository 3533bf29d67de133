/* introduced: see introduced.h. */
#include "model/introduced.h"

#include <string.h>

enum { SLOTS_FIRST = 1024 };

struct slot {
	uint64_t hash;                  /* 0: free */
	struct str kind, identity;
	uint8_t ref[16];
};

struct introduced {
	struct arena *a;
	struct slot *slots;             /* open addressing, a power of two, at most half full */
	size_t n, room;
};

struct introduced *introduced_new(void)
{
	struct introduced *t = mem_alloc(sizeof(*t));

	t->a = arena_new();
	t->room = SLOTS_FIRST;
	t->slots = mem_alloc(t->room * sizeof(*t->slots));
	return t;
}

void introduced_free(struct introduced *t)
{
	if (t == NULL)
		return;
	arena_free(t->a);
	mem_free(t->slots);
	mem_free(t);
}

static struct slot *find(struct introduced *t, uint64_t h, struct str kind, struct str identity)
{
	size_t at = (size_t)(h >> 1) & (t->room - 1);

	while (t->slots[at].hash != 0 && !(t->slots[at].hash == h && str_eq(t->slots[at].kind, kind) &&
	    str_eq(t->slots[at].identity, identity)))
		at = (at + 1) & (t->room - 1);
	return &t->slots[at];
}

static void put(struct introduced *t, struct slot *to, uint64_t h, struct str kind, struct str identity, const uint8_t ref[16])
{
	*to = (struct slot){ .hash = h, .kind = arena_str(t->a, kind), .identity = arena_str(t->a, identity) };
	memcpy(to->ref, ref, 16);
	t->n++;
}

static bool is_known(struct state *s, struct str kind, struct str identity, uint8_t ref[16])
{
	struct err ignored;
	bool known = false;

	err_init(&ignored);
	return state_subject(s, kind, identity, &known, ref, &ignored) == RC_OK && known;
}

/* Without those that the state knows by now; larger where that does not make room enough. */
static void make_room(struct introduced *t, struct state *s)
{
	struct introduced old = *t;
	size_t i, left = 0;
	uint8_t ref[16];

	for (i = 0; i < old.room; i++) {
		if (old.slots[i].hash != 0 && is_known(s, old.slots[i].kind, old.slots[i].identity, ref))
			old.slots[i].hash = 0;
		left += old.slots[i].hash != 0;
	}
	t->n = 0;
	t->room = left * 4 > old.room ? old.room * 2 : old.room;
	t->a = arena_new();
	t->slots = mem_alloc(t->room * sizeof(*t->slots));
	for (i = 0; i < old.room; i++)
		if (old.slots[i].hash != 0)
			put(t, find(t, old.slots[i].hash, old.slots[i].kind, old.slots[i].identity), old.slots[i].hash,
			    old.slots[i].kind, old.slots[i].identity, old.slots[i].ref);
	arena_free(old.a);
	mem_free(old.slots);
}

bool introduced_first(struct introduced *t, struct state *s, struct str kind, struct str identity, uint8_t ref[16])
{
	const uint64_t h = subject_hash(kind, identity);
	struct slot *to;

	if (is_known(s, kind, identity, ref))
		return false;
	to = find(t, h, kind, identity);
	if (to->hash != 0) {
		memcpy(ref, to->ref, 16);
		return false;
	}
	rand_bytes(ref, 16);
	put(t, to, h, kind, identity, ref);
	if (t->n * 2 >= t->room)
		make_room(t, s);
	return true;
}

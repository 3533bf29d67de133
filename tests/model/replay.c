/* Replay is total, and what it gives is what working gave: random entries, good and bad, in one run and again with the
 * database closed and opened between them at random; all tables are compared.  The seed is printed on failure. */
#include "test.h"

#include "base/time.h"
#include "model/state.h"
#include "seal/hash.h"

enum { ENTRIES = 120, IDENTITIES = 6 };

static uint64_t seed;

static uint64_t pick(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % n;
}

static enum rc contribute(void *ctx, struct state *s, struct arena *a, const struct ingest *in, struct str definition,
    const struct state_entry *en, struct contribution **out, size_t *n, struct err *e)
{
	const struct collection *c = schema_find(state_schema(s), in->instance);
	const struct value *v;
	enum rc rc;

	(void)ctx;
	(void)definition;
	if (c == NULL)
		return err_set(e, RC_INVALID, "no collection");
	if ((rc = json_parse(a, en->body, &v, e)) != RC_OK)
		return rc;
	*out = ARENA_NEW(a, struct contribution);
	*n = 1;
	if ((rc = item_from_value(s, a, c, v, *out, e)) == RC_OK && en->body.n % 3 == 0) {
		(*out)->has_updated = true;
		(*out)->updated_us = (int64_t)(en->body.n % 7);
	}
	return rc;
}

static enum rc collections(void *ctx, struct state *s, struct arena *a, const struct ingest *in, struct str definition,
    const struct collection ***out, size_t *n, struct err *e)
{
	const struct collection *c = schema_find(state_schema(s), in->instance);

	(void)ctx;
	(void)definition;
	(void)e;
	*out = ARENA_ARRAY(a, 1, const struct collection *);
	(*out)[0] = c;
	*n = c != NULL && c->n_period == 0;
	return RC_OK;
}

static const struct state_hooks hooks = { NULL, contribute, collections };

struct made {
	struct state_entry p[ENTRIES];
	struct arena *a;
	size_t n, opens;
};

static struct state_entry *add(struct made *m, uint8_t kind, struct str body)
{
	struct state_entry *en = &m->p[m->n];

	memset(en, 0, sizeof(*en));
	en->index = m->n++;
	en->kind = kind;
	en->received_us = (int64_t)(1700000000 + en->index) * US_PER_SECOND;
	put_u64(en->record_id, en->index + 1);
	en->is_open = true;
	en->body = body;
	return en;
}

#define BODY(text) "{\"kind\":\"population\",\"id\":" text "}}"
static const char change_1[] = BODY("\"change\",\"body\":{\"name\":\"change\",\"classification\":\"internal\",\"fields\":{\"id\":\"string\","
    "\"author\":\"subject\",\"at\":\"timestamp\"},\"natural_key\":[\"id\"],\"period_field\":\"at\"");
static const char change_2[] = BODY("\"change\",\"body\":{\"name\":\"change\",\"classification\":\"internal\",\"fields\":{\"id\":\"string\","
    "\"author\":\"subject\",\"at\":\"timestamp\",\"risk\":\"int\"},\"natural_key\":[\"id\"],\"period_field\":\"at\",\"precedence\":[\"s1\",\"s0\"]");
static const char account[] = BODY("\"account\",\"body\":{\"name\":\"account\",\"classification\":\"internal\",\"fields\":{\"id\":\"string\","
    "\"author\":\"subject\",\"on\":\"bool\"},\"natural_key\":[\"id\"]");
static const char person[] = BODY("\"person\",\"body\":{\"name\":\"person\",\"classification\":\"internal\",\"fields\":{\"person_id\":"
    "\"subject\"},\"natural_key\":[\"person_id\"]");
static const char mapping[] = "{\"kind\":\"mapping\",\"id\":\"m\",\"body\":{}}";

static struct str fields(struct made *m, bool is_event)
{
	const unsigned id = (unsigned)pick(4), who = (unsigned)pick(IDENTITIES + 2);

	if (is_event)
		return arena_fmt(m->a, "{\"id\":\"k%u\"%s,\"at\":\"2024-03-0%uT10:00:00Z\"}", id, arena_z(m->a, pick(2) == 0 ? STR("") :
		    arena_fmt(m->a, ",\"author\":\"login:p%u\"", who)), (unsigned)pick(9) + 1);
	return arena_fmt(m->a, "{\"id\":\"k%u\"%s%s}", id, arena_z(m->a, pick(2) == 0 ? STR("") : arena_fmt(m->a,
	    ",\"author\":\"login:p%u\"", who)), pick(3) == 0 ? "" : pick(2) == 0 ? ",\"on\":true" : ",\"on\":false");
}

static void add_random(struct made *m, const char digest[65])
{
	const uint64_t what = pick(20);
	const bool is_event = pick(2) == 0;
	struct state_entry *en;
	uint8_t *envelope;

	if (what < 3) {                         /* dates in any order: some extractions come late */
		add(m, 5, arena_fmt(m->a, "{\"kind\":\"open\",\"source\":\"s%u\",\"instance\":\"%s\",\"mapping\":\"%s\",\"file\":\"f\","
		    "\"extracted_at\":%u000000}", (unsigned)pick(3), is_event ? "change" : "account", digest, (unsigned)pick(8) + 1));
	} else if (what < 13) {
		envelope = arena_alloc(m->a, 32);
		put_u64(envelope, pick(m->n) + 1);      /* often no ingest at all */
		for (size_t i = m->n; pick(8) != 0 && i > 0; i--) {
			if (m->p[i - 1].kind == 5) {
				put_u64(envelope, i);
				if (pick(2) == 0)
					break;
			}
		}
		en = add(m, pick(12) == 0 ? 2 : 1, fields(m, is_event));
		en->envelope = (struct str){ (const char *)envelope, 32 };
	} else if (what < 14) {
		add(m, 3, arena_fmt(m->a, "{\"op\":\"join\",\"a\":\"login:p%u\",\"b\":\"login:p%u\",\"reason\":\"r\"}", (unsigned)pick(IDENTITIES),
		    (unsigned)pick(IDENTITIES + 1)));
	} else if (what < 16) {
		add(m, 3, arena_fmt(m->a, "{\"op\":\"item\",\"collection\":\"%s\",\"fields\":%.*s}", is_event ? "change" : "account",
		    STR_FMT(fields(m, is_event))));
	} else if (what < 17) {
		add(m, 3, arena_fmt(m->a, "{\"op\":\"item\",\"collection\":\"person\",\"fields\":{\"person_id\":\"login:p%u\"}}",
		    (unsigned)pick(IDENTITIES)));
	} else if (what < 18) {
		add(m, 6, arena_fmt(m->a, "{\"control\":\"X-%u\",\"test\":\"T1\"}", (unsigned)pick(2)));
	} else if (what < 19) {
		add(m, 4, str_z(pick(2) == 0 ? change_2 : change_1));
	} else {
		en = add(m, (uint8_t)(1 + pick(13)), pick(2) == 0 ? STR("not JSON") : STR("{\"kind\":\"close\"}"));
		en->is_open = pick(3) != 0;
	}
}

static void make(struct made *m)
{
	struct buf b;
	uint8_t d[32];
	char digest[65];
	unsigned i;

	m->n = 0;
	add(m, 4, str_z(change_1));
	add(m, 4, str_z(account));
	add(m, 4, str_z(person));
	add(m, 4, str_z(mapping));
	sha256(mapping, strlen(mapping), d);
	hex_put(digest, d, 32);
	digest[64] = 0;
	buf_init(&b, 4096);
	buf_z(&b, "{\"subjects\":[");
	for (i = 0; i < IDENTITIES; i++)
		buf_fmt(&b, "%s{\"kind\":\"login\",\"identity\":\"p%u\",\"ref\":\"%02x0102030405060708090a0b0c0d0e0f\"}", i > 0 ? "," : "", i, i);
	buf_z(&b, "]}");
	add(m, 3, arena_str(m->a, buf_view(&b)));
	buf_done(&b);
	while (m->n < ENTRIES)
		add_random(m, digest);
}

/* ${cut}: close and open again before about one entry in so many; 0 never. */
static struct state *play(const struct made *m, const char *path, unsigned cut)
{
	struct state *s = NULL;
	struct err e;
	size_t i;

	err_init(&e);
	assert_ok(state_open(path, DB_CREATE, &hooks, &s, &e), &e);
	assert_ok(state_begin(s, &e), &e);
	for (i = 0; i < m->n; i++) {
		if (cut > 0 && pick(cut) == 0) {
			assert_ok(state_commit(s, &e), &e);
			state_close(s);
			assert_ok(state_open(path, DB_WRITE, &hooks, &s, &e), &e);
			assert_ok(state_begin(s, &e), &e);
		}
		assert_ok(state_apply(s, &m->p[i], &e), &e);
		assert_int_equal(state_applied(s), i + 1);
	}
	assert_ok(state_commit(s, &e), &e);
	return s;
}

static void tell(void *ctx, const char *table, struct str key)
{
	(void)ctx;
	print_message("# table %s, key %.*s\n", table, STR_FMT(key));
}

static void a_replay_gives_what_working_gave(void **ctx)
{
	const unsigned rounds = getenv("TICKMARK_SOAK") != NULL ? 500 : 6;
	char folder[] = "/tmp/tickmark-replay-XXXXXX", worked[100], replayed[100], command[100];
	struct made *m = mem_alloc(sizeof(*m));
	unsigned round;
	struct err e;

	(void)ctx;
	err_init(&e);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(worked, sizeof(worked), "%s/worked.db", folder);
	(void)snprintf(replayed, sizeof(replayed), "%s/replayed.db", folder);
	for (round = 0; round < rounds; round++) {
		struct state *a, *b;
		uint64_t n = 0;
		int64_t items = 0;

		seed = 1000 + round;
		m->a = arena_new();
		make(m);
		a = play(m, worked, 9);
		b = play(m, replayed, 0);
		assert_ok(state_compare(state_db(a), b, m->a, tell, NULL, &n, &e), &e);
		assert_ok(db_i64(state_db(b), "SELECT (SELECT count(*) FROM item_change)+(SELECT count(*) FROM version_account)", 0, &items,
		    &e), &e);
		state_close(a);
		state_close(b);
		arena_free(m->a);
		(void)snprintf(command, sizeof(command), "rm -f %s/*", folder);
		assert_int_equal(system(command), 0);
		if (n > 0 || items < 4)
			fail_msg("seed %u: %llu differences, %lld items", 1000 + round, (unsigned long long)n, (long long)items);
	}
	assert_int_equal(rmdir(folder), 0);
	mem_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replay_gives_what_working_gave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

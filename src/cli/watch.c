/* watch: files are taken in as they arrive in a folder, and the tests run again: what deviates now is told within seconds.
 * Nothing in the folder is moved, changed or removed. */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "assess/words.h"
#include "base/file.h"
#include "cli/ingest.h"
#include "cli/test.h"
#include "collect/catalogue.h"
#include "collect/stream.h"
#include "report/terminal.h"

enum { DEPTH = 16, MOST_FILES = 100000, SETTLE_SECONDS = 2, TOLD_MOST = 50, SLOTS_FIRST = 1024 };

/* A file as it was when it was looked at last. */
struct seen {
	uint64_t hash;                  /* of its name; 0: free */
	struct str name;                /* below the folder */
	int64_t size, changed_ns;
	bool done;                      /* taken in, or refused: not looked at again until it changes */
};

struct watching {
	struct cli *c;
	const char *folder;
	struct arena *a;                /* lives as long as the watch: names */
	struct seen *slots;
	size_t n, room;
	bool any_finding;
	int64_t tested_day;             /* on which the tests ran last, in the organization's zone */
	struct terminal term;
};

/* A file that is to be taken in now. */
struct ready {
	char *path;
	struct str name;
	struct seen *seen;
};

struct batch {
	struct ready *p;
	size_t n, room;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* ---- what was seen */
static uint64_t name_hash(struct str s)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 0x100000001b3u;
	return h | 1;
}

static struct seen *slot_of(const struct watching *w, struct str name)
{
	const uint64_t h = name_hash(name);
	size_t at = (size_t)(h >> 1) & (w->room - 1);

	while (w->slots[at].hash != 0 && !(w->slots[at].hash == h && str_eq(w->slots[at].name, name)))
		at = (at + 1) & (w->room - 1);
	return &w->slots[at];
}

static struct seen *seen_of(struct watching *w, struct str name)
{
	struct seen *old = w->slots, *s;
	size_t n = w->room, i;

	if (w->n * 2 >= w->room) {
		w->room = n == 0 ? SLOTS_FIRST : n * 2;
		w->slots = mem_alloc(w->room * sizeof(*w->slots));
		for (i = 0; i < n; i++)
			if (old[i].hash != 0)
				*slot_of(w, old[i].name) = old[i];
		mem_free(old);
	}
	s = slot_of(w, name);
	if (s->hash == 0) {
		*s = (struct seen){ .hash = name_hash(name), .name = arena_str(w->a, name), .size = -1 };
		w->n++;
	}
	return s;
}

/* ---- looking */
/* What is still being written, or left behind by an editor, is no evidence yet. */
static bool is_passing(struct str name)
{
	return name.n == 0 || name.p[0] == '.' || str_ends(name, STR("~")) || str_ends(name, STR(".tmp")) ||
	    str_ends(name, STR(".part")) || str_ends(name, STR(".partial")) ||
	    str_ends(name, STR(".crdownload")) || str_ends(name, STR(".swp"));
}

static void add_ready(struct batch *b, struct arena *a, const char *path, struct seen *s)
{
	struct ready *more;

	if (b->n == b->room) {
		b->room = b->room == 0 ? 64 : b->room * 2;
		more = ARENA_ARRAY(a, b->room, struct ready);
		if (b->n > 0)
			memcpy(more, b->p, b->n * sizeof(*more));
		b->p = more;
	}
	b->p[b->n++] = (struct ready){ arena_z(a, str_z(path)), s->name, s };
}

/* Files that did not change for SETTLE_SECONDS, and between two looks: somebody may still be writing the others. */
static enum rc look(struct watching *w, struct arena *a, const char *path, struct str name, unsigned depth, bool once,
    struct batch *out, struct err *e)
{
	struct timespec now;
	struct str *names;
	struct stat st;
	struct seen *s;
	int64_t changed;
	size_t n, i;
	enum rc rc;

	if (lstat(path, &st) != 0)
		return RC_OK;                   /* gone meanwhile */
	if (S_ISREG(st.st_mode)) {
		s = seen_of(w, name);
		changed = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
		(void)clock_gettime(CLOCK_REALTIME, &now);
		if (s->size != st.st_size || s->changed_ns != changed) {
			s->size = st.st_size;
			s->changed_ns = changed;
			s->done = false;
			if (!once)
				return RC_OK;
		}
		if (!s->done && out->n < MOST_FILES && (once || now.tv_sec - st.st_mtim.tv_sec >= SETTLE_SECONDS))
			add_ready(out, a, path, s);
		return RC_OK;
	}
	if (!S_ISDIR(st.st_mode) || depth > DEPTH)
		return RC_OK;
	if ((rc = folder_list(a, path, MOST_FILES, &names, &n, e)) != RC_OK)
		return rc;
	for (i = 0; i < n && rc == RC_OK; i++)
		if (!is_passing(names[i]))
			rc = look(w, a, arena_z(a, arena_fmt(a, "%s/%.*s", path, STR_FMT(names[i]))),
			    depth == 0 ? names[i] : arena_fmt(a, "%.*s/%.*s", STR_FMT(name), STR_FMT(names[i])), depth + 1, once, out, e);
	return rc;
}

/* ---- taking in */
/* SOURCE/… or SOURCE@INSTANCE/…; at the top the one source that it fits.  False: none, which ${why} then says. */
static bool source_of(struct watching *w, struct org *org, const struct ready *r, struct ingest_how *how, const char **why)
{
	struct source_input in = { r->path, r->name, STR_NONE };
	struct str rest = r->name, folder = str_cut(&rest, '/'), source;
	struct catalogue all;
	struct str fitting;
	struct err ignored;

	how->instance = STR("");
	if (rest.p != NULL) {
		source = str_cut(&folder, '@');
		how->source = source;
		if (folder.p != NULL)
			how->instance = folder;
		return true;
	}
	err_init(&ignored);
	*why = "it fits no source, or several: put it into a folder that has the source's name";
	if (catalogue_of(org_state(org), w->c->a, &all, &ignored) != RC_OK)
		return false;
	fitting = catalogue_suggestion(&all, w->c->a, &in, zone_utc());
	if (fitting.p == NULL || str_find(fitting, STR(" or ")) >= 0)
		return false;
	how->source = fitting;
	return true;
}

/* Whether an ingest before took in exactly this: the same name, as many bytes, the same digest. */
static enum rc is_known(struct watching *w, struct org *org, const struct ready *r, bool *known)
{
	struct stmt *st = NULL;
	struct stream *in = NULL;
	struct sha256 *hash;
	struct err ignored;
	char piece[65536], hex[65];
	uint8_t digest[32];
	size_t n = 1;
	bool row;
	enum rc rc = db_prepare(state_db(org_state(org)), STR("SELECT json_extract(close,'$.sha256') FROM ingest WHERE file=?1 AND"
	    " complete=1"), &st, &w->c->err);

	*known = false;
	if (rc != RC_OK)
		return rc;
	stmt_text(st, 1, r->name);
	if ((rc = stmt_step(st, &row, &w->c->err)) != RC_OK || !row) {
		stmt_free(st);
		return rc;
	}
	err_init(&ignored);
	if (stream_open(r->path, &in, &ignored) == RC_OK) {
		hash = sha256_new();
		while (n > 0 && stream_read(in, piece, sizeof(piece), &n, &ignored) == RC_OK)
			sha256_add(hash, piece, n);
		sha256_end(hash, digest);
		sha256_free(hash);
		stream_close(in);
		hex_put(hex, digest, 32);
		hex[64] = 0;
		while (row && rc == RC_OK && !*known) {
			*known = str_is(column_text(st, 0), hex);
			rc = stmt_step(st, &row, &w->c->err);
		}
	}
	stmt_free(st);
	return rc;
}

static enum rc take_one(struct watching *w, struct org *org, struct ready *r, uint64_t *kept)
{
	struct ingest_outcome total = { 0 };
	struct ingest_how how = { 0 };
	const char *why = NULL;
	bool known;
	enum rc rc;

	r->seen->done = true;
	if ((rc = is_known(w, org, r, &known)) != RC_OK || known)
		return rc;
	if (!source_of(w, org, r, &how, &why)) {
		(void)fprintf(stderr, "tickmark: %s: %s\n", r->path, why);
		w->any_finding = true;
		return RC_OK;
	}
	how.file = r->name;
	rc = ingest_named(w->c, org, &how, r->path, &total);
	*kept += total.kept;
	if (rc == RC_FINDING || rc == RC_INVALID || rc == RC_NOT_FOUND || rc == RC_LIMIT || rc == RC_USAGE) {
		if (rc != RC_FINDING)
			(void)fprintf(stderr, "tickmark: %s: %s\n", r->path, w->c->err.msg);
		err_init(&w->c->err);
		w->any_finding = true;
		rc = RC_OK;
	}
	return rc;
}

/* ---- what deviates */
struct deviating {
	struct str *p;                  /* "CHG-01 T1 B key", sorted */
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static enum rc deviations(struct watching *w, struct org *org, struct arena *a, struct deviating *out)
{
	struct str *more;
	struct stmt *st = NULL;
	size_t room = 0, i;
	bool row;
	enum rc rc = db_prepare(state_db(org_state(org)), STR("SELECT body FROM result WHERE current=1 AND"
	    " json_extract(body,'$.kind')='result' AND json_array_length(body,'$.deviations')>0"), &st, &w->c->err);

	memset(out, 0, sizeof(*out));
	while (rc == RC_OK && (rc = stmt_step(st, &row, &w->c->err)) == RC_OK && row) {
		const struct value *v, *list;
		const struct collection *c;
		struct err ignored;

		err_init(&ignored);
		if (json_parse(a, arena_str(a, column_text(st, 0)), &v, &ignored) != RC_OK || (list = value_get(v, "deviations")) == NULL ||
		    (c = schema_find(state_schema(org_state(org)), value_text(v, "population"))) == NULL)
			continue;
		for (i = 0; i < list->n; i++) {
			struct buf key;

			buf_init(&key, LIMIT_RECORD);
			json_put(&key, value_get(&list->items[i], "key"));
			if (out->n == room) {
				room = room == 0 ? 256 : room * 2;
				more = ARENA_ARRAY(a, room, struct str);
				if (out->n > 0)
					memcpy(more, out->p, out->n * sizeof(*more));
				out->p = more;
			}
			out->p[out->n++] = arena_fmt(a, "%.*s %.*s %.*s  %.*s", STR_FMT(value_text(v, "control")),
			    STR_FMT(value_text(v, "test")), STR_FMT(value_text(&list->items[i], "letters")),
			    STR_FMT(key_words(a, c, arena_str(a, buf_view(&key)))));
			buf_done(&key);
		}
	}
	stmt_free(st);
	if (out->n > 1)
		qsort(out->p, out->n, sizeof(*out->p), by_text);
	return rc;
}

/* Those of ${now} that are not in ${before}; both are sorted. */
static size_t tell_new(struct watching *w, const struct deviating *before, const struct deviating *now, enum tone tone,
    const char *words)
{
	size_t i, k = 0, n = 0;

	for (i = 0; i < now->n; i++) {
		while (k < before->n && str_cmp(before->p[k], now->p[i]) < 0)
			k++;
		if (k < before->n && str_eq(before->p[k], now->p[i]))
			continue;
		if (n++ < TOLD_MOST) {
			put_tone(&w->term, tone, "%s", words);
			out_line("%.*s", STR_FMT(now->p[i]));
		}
	}
	if (n > TOLD_MOST)
		out_line("… and %zu more; tickmark test tells all", n - TOLD_MOST);
	return n;
}

static enum rc test_again(struct watching *w, struct org *org, struct arena *a)
{
	struct run_period p = { .now_us = clock_now_us() };
	struct deviating before, now;
	struct err none;
	bool any;
	enum rc rc;

	w->tested_day = zone_date(state_zone(org_state(org)), p.now_us);
	err_init(&none);
	if (cli_period(w->c, org, NULL, NULL, &p.from_day, &p.to_day) != RC_OK) {
		w->c->err = none;               /* without a period nothing is tested */
		return RC_OK;
	}
	if ((rc = deviations(w, org, a, &before)) != RC_OK || (rc = test_all(w->c, org, &p, NULL, true, &any)) != RC_OK ||
	    (rc = deviations(w, org, a, &now)) != RC_OK)
		return rc;
	(void)tell_new(w, &before, &now, TONE_BAD, "deviates  ");
	(void)tell_new(w, &now, &before, TONE_GOOD, "no longer ");
	return RC_OK;
}

/* ---- the loop */
/* Everything that arrived, or what a new day brings; the organization is open no longer than that takes. */
static enum rc round_of(struct watching *w, bool once, bool first)
{
	struct arena *a = arena_new();
	struct batch b = { NULL, 0, 0 };
	struct org *org = NULL;
	uint64_t kept = 0;
	size_t i;
	enum rc rc = look(w, a, w->folder, STR(""), 0, once, &b, &w->c->err);

	if (rc != RC_OK || (b.n == 0 && !first && zone_date(zone_utc(), clock_now_us()) == w->tested_day)) {
		arena_free(a);
		return rc;
	}
	if ((rc = cli_open(w->c, ORG_WRITE, &org)) != RC_OK) {
		arena_free(a);
		return rc;
	}
	for (i = 0; i < b.n && rc == RC_OK && (once || !stopped); i++)
		rc = take_one(w, org, &b.p[i], &kept);
	if (rc == RC_OK && (kept > 0 || first || zone_date(state_zone(org_state(org)), clock_now_us()) != w->tested_day))
		rc = test_again(w, org, a);
	if (rc == RC_OK)
		rc = org_close(org, &w->c->err);
	else
		org_abandon(org);
	(void)fflush(stdout);
	arena_free(a);
	return rc;
}

static void sleep_for(unsigned seconds)
{
	struct timespec t = { .tv_sec = seconds };

	while (!stopped && nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	const char *interval = "2";
	bool once = false;
	const struct option_def defs[] = { { "--interval", OPTION_TEXT, &interval }, { "--once", OPTION_FLAG, &once } };
	struct watching w = { .c = c, .term = terminal_of(stdout) };
	struct sigaction on_stop = { .sa_handler = stop };
	struct stat st, own;
	uint64_t seconds;
	bool first = true;
	enum rc rc;

	if ((rc = cli_options(c, defs, ARRAY_LEN(defs), &argc, argv)) != RC_OK)
		return rc;
	if (argc != 1)
		return cli_usage(c, "watch takes one folder");
	if (!num_u64(str_z(interval), 86400, &seconds) || seconds == 0)
		return cli_usage(c, "--interval takes a number of seconds from 1 on");
	if (stat(argv[0], &st) != 0 || !S_ISDIR(st.st_mode))
		return err_set(&c->err, RC_NOT_FOUND, "there is no folder %s", argv[0]);
	if (stat(c->dir, &own) == 0 && own.st_dev == st.st_dev && own.st_ino == st.st_ino)
		return cli_usage(c, "%s is the organization's own folder: what is taken in must come from elsewhere", argv[0]);
	w.folder = argv[0];
	w.a = arena_new();
	(void)sigaction(SIGINT, &on_stop, NULL);
	(void)sigaction(SIGTERM, &on_stop, NULL);
	while (rc == RC_OK && !stopped) {
		struct arena *mine = c->a;

		c->a = arena_new();             /* of one round: a watch runs for years */
		rc = round_of(&w, once, first);
		arena_free(c->a);
		c->a = mine;
		if (rc == RC_OK && first && !once) {
			out_line("Watching %s; Ctrl-C ends it.", argv[0]);
			(void)fflush(stdout);
		}
		first = first && rc != RC_OK;
		if (once)
			break;
		if (rc == RC_BUSY) {            /* another command writes */
			(void)fprintf(stderr, "tickmark: %s; trying again\n", c->err.msg);
			err_init(&c->err);
			rc = RC_OK;
		}
		if (rc == RC_OK)
			sleep_for((unsigned)seconds);
	}
	mem_free(w.slots);
	arena_free(w.a);
	return rc == RC_OK && once && w.any_finding ? RC_FINDING : rc;
}

const struct command command_watch = {
	"watch", "FOLDER", "take in what arrives in a folder, and keep the results current",
	"  --interval N   look every N seconds (2)\n"
	"  --once         take in what is there, run the tests, and end\n\n"
	"Files lie in sub-folders named after their source, FOLDER/okta.system_log/…, or after source and instance,\n"
	"FOLDER/aws.cloudtrail@production/…; a file at the top is taken in where it fits one source alone.  What is taken in when\n"
	"it has not changed for two seconds; names that begin with a dot or end in .tmp, .part or ~ are passed over.  Nothing in\n"
	"the folder is moved or removed, and a file that was taken in is known again by its name and content after a restart.\n"
	"After each batch, and when a day begins, the tests run, and what deviates now, or no longer, is printed.  Between\n"
	"batches other commands can use the organization.",
	run,
};

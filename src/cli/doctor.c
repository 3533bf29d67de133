/* doctor: the installation itself looked over: libraries, key file, modes, space, clock, file system, head, leftovers.
 * Each line is OK, a NOTICE or a PROBLEM with what to do about it.  It writes nothing and asks for no passphrase. */
#include "cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/file.h"
#include "collect/stream.h"
#include "report/terminal.h"
#include "seal/crypt.h"
#include "store/store.h"

enum health { HEALTH_OK, HEALTH_NOTICE, HEALTH_PROBLEM };

struct doctor {
	struct cli *c;
	struct terminal term;
	struct buf all;
	unsigned counts[3];
	struct stat folder;
};

/* ${remedy}: what to do, or NULL. */
static void tell(struct doctor *d, enum health h, const char *check, struct str words, const char *remedy)
{
	static const char *const names[] = { "OK", "NOTICE", "PROBLEM" };
	static const enum tone tones[] = { TONE_GOOD, TONE_WARN, TONE_BAD };

	d->counts[h]++;
	if (d->c->json) {
		buf_z(&d->all, d->all.n > 1 ? ",{\"check\":" : "{\"check\":");
		json_put_str(&d->all, str_z(check));
		buf_z(&d->all, ",\"remedy\":");
		if (remedy != NULL)
			json_put_str(&d->all, str_z(remedy));
		else
			buf_z(&d->all, "null");
		buf_fmt(&d->all, ",\"state\":\"%s\",\"words\":", names[h]);
		json_put_str(&d->all, words);
		buf_c(&d->all, '}');
		return;
	}
	put_tone(&d->term, tones[h], "%-8s", names[h]);
	put_tone(&d->term, TONE_STRONG, "%-12s", check);
	put_wrapped(&d->term, 20, false, words);
	if (remedy != NULL) {
		(void)fprintf(d->term.to, "%20s", "");
		put_wrapped(&d->term, 20, false, str_z(remedy));
	}
}

static void libraries(struct doctor *d)
{
	struct arena *a = d->c->a;

	tell(d, HEALTH_OK, "program", arena_fmt(a, "Tickmark %s; %s; SQLite %s; zlib %s; zstd %s; libyaml %s", TICKMARK_VERSION,
	    crypt_library(), db_library(), stream_library_zlib(), stream_library_zstd(), yaml_library()), NULL);
}

static const char *inside(struct doctor *d, const char *name)
{
	return arena_z(d->c->a, arena_fmt(d->c->a, "%s/%s", d->c->dir, name));
}

/* ---- the key file */
static void key_kind(struct doctor *d, const char *path)
{
	struct key_file header;
	struct str bytes;
	struct err why;

	err_init(&why);
	if (file_read(d->c->a, path, 4096, &bytes, &why) != RC_OK)
		tell(d, HEALTH_PROBLEM, "key", str_z(why.msg), "See who owns it, or name another with --key-file.");
	else if (key_file_decode(bytes, &header, &why) != RC_OK)
		tell(d, HEALTH_PROBLEM, "key", arena_fmt(d->c->a, "%s is damaged.", path), "Put a copy of it in its place.");
	else if (header.kind == KEY_FILE_ALONE)
		tell(d, HEALTH_NOTICE, "key", arena_fmt(d->c->a, "%s opens without a passphrase: whoever has it and the folder can "
		    "read the evidence.", path), "Keep it apart from copies of the folder.");
	else
		tell(d, HEALTH_OK, "key", arena_fmt(d->c->a, "%s is undamaged and needs its passphrase.", path), NULL);
}

static void key(struct doctor *d)
{
	const char *beside = arena_z(d->c->a, arena_fmt(d->c->a, "%s.tickmark-key", d->c->dir));
	const char *demo = inside(d, "demo.tickmark-key"), *path = d->c->key_file != NULL ? d->c->key_file : beside;
	char real_key[PATH_MAX], real_dir[PATH_MAX];
	struct stat st;
	size_t n;

	if (d->c->key_file == NULL && !file_exists(beside) && file_exists(demo))
		path = demo;
	if (stat(path, &st) != 0) {
		tell(d, HEALTH_PROBLEM, "key", arena_fmt(d->c->a, "There is no key file %s: nothing sealed can be read.", path),
		    "Name it with --key-file, or put a copy of it there.");
		return;
	}
	if (path == demo)
		tell(d, HEALTH_NOTICE, "key", STR("The key lies inside the folder, as only the worked example's does."),
		    "Keep nothing of your own in the worked example.");
	else if (realpath(path, real_key) != NULL && realpath(d->c->dir, real_dir) != NULL &&
	    strncmp(real_key, real_dir, n = strlen(real_dir)) == 0 && real_key[n] == '/')
		tell(d, HEALTH_PROBLEM, "key", arena_fmt(d->c->a, "The key file %s lies inside the folder that it opens.", path),
		    "Move it out, and name it with --key-file: a copy of the folder must not carry its key.");
	else
		tell(d, HEALTH_OK, "key", STR("The key file lies outside the folder."), NULL);
	if ((st.st_mode & 0077) != 0)
		tell(d, HEALTH_PROBLEM, "key", arena_fmt(d->c->a, "Others may use the key file: its mode is %04o.",
		    (unsigned)st.st_mode & 07777u), arena_z(d->c->a, arena_fmt(d->c->a, "chmod 0600 %s", path)));
	else
		tell(d, HEALTH_OK, "key", arena_fmt(d->c->a, "Only its owner may use it (mode %04o).",
		    (unsigned)st.st_mode & 07777u), NULL);
	key_kind(d, path);
}

/* ---- modes */
static void modes(struct doctor *d)
{
	static const char *const names[] = { "", "log", "keys", "head", "state.db" };
	char parent[PATH_MAX];
	struct str open_to_others = STR_NONE;
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (stat(inside(d, names[i]), &st) == 0 && (st.st_mode & 0077) != 0 && (i == 0 || open_to_others.n == 0))
			open_to_others = arena_fmt(d->c->a, "%s%s%s (mode %04o)", d->c->dir, i > 0 ? "/" : "", names[i],
			    (unsigned)st.st_mode & 07777u);
	if (open_to_others.n == 0 || (d->folder.st_mode & 0077) == 0)
		tell(d, HEALTH_OK, "modes", STR("Only the folder's owner gets into it."), NULL);
	else
		tell(d, HEALTH_PROBLEM, "modes", arena_fmt(d->c->a, "Others get into the folder, and the database in it is in "
		    "clear: %.*s.", STR_FMT(open_to_others)), arena_z(d->c->a, arena_fmt(d->c->a, "chmod 0700 %s", d->c->dir)));
	if (d->folder.st_uid != geteuid())
		tell(d, HEALTH_NOTICE, "modes", arena_fmt(d->c->a, "The folder belongs to user %u, and this is user %u.",
		    (unsigned)d->folder.st_uid, (unsigned)geteuid()), "Run as its owner, or what is written belongs to the wrong user.");
	(void)snprintf(parent, sizeof(parent), "%s/..", d->c->dir);
	if (stat(parent, &st) == 0 && (st.st_mode & 0002) != 0 && (st.st_mode & S_ISVTX) == 0)
		tell(d, HEALTH_PROBLEM, "modes", STR("Anyone may write where the folder lies, and so put another in its place."),
		    arena_z(d->c->a, arena_fmt(d->c->a, "chmod o-w %s", parent)));
}

/* ---- the disk */
static void space(struct doctor *d)
{
	const uint64_t mib = (uint64_t)1 << 20;
	struct statvfs v;
	struct stat st;
	uint64_t left, database;

	if (statvfs(d->c->dir, &v) != 0) {
		tell(d, HEALTH_NOTICE, "space", arena_fmt(d->c->a, "The free space is not known: %s.", strerror(errno)), NULL);
		return;
	}
	left = (uint64_t)v.f_bavail * v.f_frsize / mib;
	database = stat(inside(d, "state.db"), &st) == 0 ? (uint64_t)st.st_size / mib : 0;
	if (left < 100)
		tell(d, HEALTH_PROBLEM, "space", arena_fmt(d->c->a, "%llu MiB are left.", (unsigned long long)left),
		    "Make room: without it nothing more is taken in.");
	else if (left < 1024 || left < 2 * database)
		tell(d, HEALTH_NOTICE, "space", arena_fmt(d->c->a, "%llu MiB are left, and the database has %llu.",
		    (unsigned long long)left, (unsigned long long)database), "A rebuild needs the database's size once more.");
	else
		tell(d, HEALTH_OK, "space", arena_fmt(d->c->a, "%llu MiB are left.", (unsigned long long)left), NULL);
	if (v.f_favail < 1000 && v.f_files > 0)
		tell(d, HEALTH_PROBLEM, "space", arena_fmt(d->c->a, "The file system can take only %llu more files.",
		    (unsigned long long)v.f_favail), "Make room: tiles and segments are files.");
}

static void file_system(struct doctor *d)
{
	static const struct {
		unsigned long type;
		enum health health;
		const char *words, *remedy;
	} known[] = {
		{ 0x01021994, HEALTH_PROBLEM, "The folder lies in memory (tmpfs) and is gone when the machine stops.",
		    "Move it to a disk." },
		{ 0x6969, HEALTH_NOTICE, "The folder lies on NFS.",
		    "Be sure that locks and syncs reach the server (no nolock, no async)." },
		{ 0xff534d42, HEALTH_NOTICE, "The folder lies on a Windows share.", "Keep it on a local disk." },
		{ 0xfe534d42, HEALTH_NOTICE, "The folder lies on a Windows share.", "Keep it on a local disk." },
		{ 0x65735546, HEALTH_NOTICE, "The folder lies on a file system in user space.", "Be sure that its syncs are real." },
		{ 0x01021997, HEALTH_NOTICE, "The folder lies on a share of the machine's host.", "Be sure that its syncs are real." },
	};
	struct statfs s;
	struct err why;
	size_t i;

	err_init(&why);
	if (folder_sync(d->c->dir, &why) != RC_OK) {
		tell(d, HEALTH_PROBLEM, "disk", str_z(why.msg),
		    "Use a file system that can be synced: else an acknowledged record may be lost.");
		return;
	}
	if (statfs(d->c->dir, &s) == 0) {
		for (i = 0; i < ARRAY_LEN(known); i++) {
			if ((unsigned long)s.f_type == known[i].type) {
				tell(d, known[i].health, "disk", str_z(known[i].words), known[i].remedy);
				return;
			}
		}
	}
	tell(d, HEALTH_OK, "disk", STR("The file system can be synced."), NULL);
}

/* ---- the clock and the ledger's end */
static void clock_alone(struct doctor *d)
{
	struct timex t = { 0 };

	if (clock_now_us() < (int64_t)1735689600 * 1000000)     /* 2025-01-01 */
		tell(d, HEALTH_PROBLEM, "clock", arena_fmt(d->c->a, "The clock says %.*s.",
		    STR_FMT(instant_fmt(d->c->a, clock_now_us()))), "Set it: it says when each record was received.");
	else if (adjtimex(&t) == TIME_ERROR || (t.status & STA_UNSYNC) != 0)
		tell(d, HEALTH_NOTICE, "clock", STR("As far as the kernel knows the clock is not synchronized."),
		    "Run an NTP client: the clock says when each record was received.");
	else
		tell(d, HEALTH_OK, "clock", STR("The clock is synchronized."), NULL);
}

static void last_entry(struct doctor *d, struct ledger *l)
{
	uint64_t size = ledger_size(l), now_ms = (uint64_t)clock_now_us() / 1000;
	struct opened o;
	struct err why;

	err_init(&why);
	if (size == 0 || ledger_read(l, d->c->a, size - 1, &o, &why) != RC_OK)
		return;
	if (o.entry.received_ms > now_ms + 60000)
		tell(d, HEALTH_PROBLEM, "clock", arena_fmt(d->c->a, "The newest entry was received at %.*s, which is still to come: "
		    "the clock was ahead then, or is behind now.", STR_FMT(instant_fmt(d->c->a, (int64_t)o.entry.received_ms * 1000))),
		    "Set the clock; entries keep this time until it is reached.");
	else
		tell(d, HEALTH_OK, "clock", STR("It is not before the newest entry."), NULL);
}

static void checkpoint(struct doctor *d, struct ledger *l)
{
	uint64_t size = ledger_size(l), under = ledger_checkpointed(l);
	int64_t days;
	struct stat st;

	if (stat(inside(d, "checkpoint"), &st) != 0) {
		tell(d, HEALTH_PROBLEM, "checkpoint", STR("There is no checkpoint."), "Run tickmark checkpoint.");
		return;
	}
	days = (clock_now_us() / 1000000 - (int64_t)st.st_mtime) / 86400;
	if (under < size)
		tell(d, HEALTH_NOTICE, "checkpoint", arena_fmt(d->c->a, "%llu of %llu entries are under no checkpoint yet.",
		    (unsigned long long)(size - under), (unsigned long long)size), "Run tickmark checkpoint.");
	else
		tell(d, HEALTH_OK, "checkpoint", arena_fmt(d->c->a, "The newest checkpoint covers all %llu entries; it was signed %lld "
		    "days ago.", (unsigned long long)size, (long long)(days > 0 ? days : 0)), NULL);
	tell(d, HEALTH_NOTICE, "head", STR("Whether a checkpoint is held elsewhere is not known here: without one, who has the "
	    "folder and its key could make the history anew."), "Give each checkpoint to the auditor, or put it where nobody here "
	    "can change it; then verify --since FILE --vkey KEY.");
	if (!file_exists(arena_z(d->c->a, arena_fmt(d->c->a, "%s.tickmark-head", d->c->dir))))
		tell(d, HEALTH_NOTICE, "head", STR("The copy of the head beside the folder is not there, so an older copy of the folder "
		    "put back would not be noticed here."), "The next write makes it again.");
}

static void ledger(struct doctor *d)
{
	struct ledger *l = NULL;
	struct err why;

	err_init(&why);
	if (ledger_open(d->c->dir, LEDGER_READ, NULL, 0, &l, &why) != RC_OK) {
		tell(d, HEALTH_PROBLEM, "ledger", str_z(why.msg), "Run tickmark verify, which names all that was altered.");
		return;
	}
	last_entry(d, l);
	checkpoint(d, l);
	ledger_abandon(l);
	tell(d, HEALTH_NOTICE, "ledger", STR("Nothing is recorded of when it was last verified, since verify writes nothing."),
	    "Run tickmark verify by a timer, and have its exit status watched.");
}

static void database(struct doctor *d)
{
	if (!file_exists(inside(d, "state.db")))
		tell(d, HEALTH_NOTICE, "database", STR("There is no database; it is a view and nothing is lost."), "Run tickmark rebuild.");
	else
		tell(d, HEALTH_NOTICE, "database", STR("The database (state.db) is in clear."), "Keep the folder on an encrypted disk.");
}

/* ---- leftovers */
static void leftovers_in(struct doctor *d, const char *folder, unsigned depth, size_t *n, struct str *first)
{
	struct str *names;
	struct stat st;
	struct err why;
	const char *path;
	size_t count, i;

	err_init(&why);
	if (folder_list(d->c->a, folder, 100000, &names, &count, &why) != RC_OK)
		return;
	for (i = 0; i < count; i++) {
		path = arena_z(d->c->a, arena_fmt(d->c->a, "%s/%.*s", folder, STR_FMT(names[i])));
		if (str_ends(names[i], STR(".tmp"))) {
			if ((*n)++ == 0)
				*first = str_z(path);
		} else if (depth > 0 && lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
			leftovers_in(d, path, depth - 1, n, first);
		}
	}
}

static void leftovers(struct doctor *d)
{
	struct str first = STR_NONE;
	size_t n = 0;

	leftovers_in(d, d->c->dir, 8, &n, &first);
	if (n == 0)
		tell(d, HEALTH_OK, "leftovers", STR("No unfinished file lies in the folder."), NULL);
	else
		tell(d, HEALTH_NOTICE, "leftovers", arena_fmt(d->c->a, "%zu unfinished files were left by a crash, the first %.*s.", n,
		    STR_FMT(first)), "Remove them when no tickmark runs; nothing reads them.");
}

static void look(struct doctor *d)
{
	key(d);
	modes(d);
	space(d);
	file_system(d);
	clock_alone(d);
	ledger(d);
	database(d);
	leftovers(d);
}

static enum rc run(struct cli *c, int argc, char **argv)
{
	struct doctor d = { .c = c, .term = terminal_of(stdout) };
	bool is_there;
	enum rc rc;

	if ((rc = cli_options(c, NULL, 0, &argc, argv)) != RC_OK)
		return rc;
	if (argc > 1)
		return cli_usage(c, "doctor takes one folder");
	if (argc == 1)
		cli_set_dir(c, argv[0]);
	is_there = stat(c->dir, &d.folder) == 0 && file_exists(inside(&d, "log"));
	if (!is_there && (argc == 1 || c->dir_given))
		return err_set(&c->err, RC_NOT_FOUND, "%s is not an organization: it holds no ledger; tickmark init makes one", c->dir);
	buf_init(&d.all, 1 << 20);
	buf_c(&d.all, '[');
	libraries(&d);
	if (is_there)
		look(&d);
	else
		tell(&d, HEALTH_NOTICE, "folder", STR("No organization was named, and none is here."), "tickmark doctor DIR looks at one.");
	buf_c(&d.all, ']');
	if (c->json)
		out_json(&d.all);
	else
		out_line("\n%u fine, %u to know of, %u to be mended", d.counts[HEALTH_OK], d.counts[HEALTH_NOTICE],
		    d.counts[HEALTH_PROBLEM]);
	buf_done(&d.all);
	return d.counts[HEALTH_PROBLEM] > 0 ? RC_FINDING : RC_OK;
}

const struct command command_doctor = {
	"doctor", "[DIR]", "this installation looked over",
	"Looks at the program and its libraries, the key file and its place, modes, free space, the clock, the file system, the\n"
	"newest checkpoint and what crashes left.  Each line is OK, a NOTICE or a PROBLEM, with what to do.  It writes nothing\n"
	"and needs no passphrase; whether evidence was altered is for verify.",
	run,
};

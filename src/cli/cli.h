/* cli: what the subcommands share: options, output, the organization that -C names.  One file a subcommand.
 * Uses every layer. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include "base/base.h"
#include "base/value.h"
#include "cli/passphrase.h"
#include "collect/ingest.h"
#include "model/org.h"

struct cli {
	struct arena *a;                /* of the whole command */
	const char *program;            /* as it was called, for hints that can be typed */
	const char *dir;                /* -C, else "." */
	bool dir_given;
	bool json;                      /* --json */
	const char *key_file, *passphrase_file;
	char *secret_text;              /* what the passphrase stands in, of the vault; NULL: it was not asked for, or is none */
	struct str passphrase;
	struct err err;
	bool is_terminal;               /* standard output */
	bool is_progress;               /* standard error is a terminal and --quiet was not given */
	struct mapper *mapper;
};

/* RC_OK, RC_FINDING (exit 1, its story already printed) or a failure whose story is in cli->err. */
struct command {
	const char *name, *arguments, *summary, *help;
	enum rc (*run)(struct cli *, int argc, char **argv);    /* argv[0] is the first behind the command's name */
};

#define COMMAND(name) extern const struct command command_##name;
#include "cli/commands.def"
#undef COMMAND

/* ---- options */
enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_MANY };
struct option_def {
	const char *name;               /* "--covers" */
	enum option_kind kind;
	void *to;                       /* bool *, const char **, struct texts * */
};
struct texts {
	const char **p;
	size_t n;
};

/* Take the options of ${defs} and the common ones out of ${argv}; what is left are the arguments, in order.
 * "--" ends the options.  RC_USAGE. */
MUST_USE enum rc cli_options(struct cli *, const struct option_def *defs, size_t n, int *argc, char **argv);
MUST_USE enum rc cli_usage(struct cli *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- times as people give them: a day in the organization's zone or an instant */
MUST_USE enum rc cli_day(struct cli *, const char *option, const char *text, int64_t *day);
MUST_USE enum rc cli_instant(struct cli *, const struct zone *, const char *option, const char *text, int64_t *us);

/* ---- the organization */
/* What -C or an argument names; "." and ".." become the folder's own path, since its key lies beside it. */
void cli_set_dir(struct cli *, const char *path);
/* The key's source as the options and the environment give it; the terminal is asked when the key turns out to need it. */
MUST_USE enum rc cli_key_source(struct cli *, struct key_source *);
/* The same for a key that is to be made: the terminal is asked now, twice, when nothing else says what is wanted. */
MUST_USE enum rc cli_new_key_source(struct cli *, const char *dir, struct key_source *);
/* What the model borrows from above: mappings and the clock. */
struct org_env cli_env(struct cli *);
MUST_USE enum rc cli_open(struct cli *, enum org_mode, struct org **);
/* The organization's period, or the one that --from and --to name (either may be NULL). */
MUST_USE enum rc cli_period(struct cli *, struct org *, const char *from, const char *to, int64_t *from_day,
    int64_t *to_day);

/* ---- output */
void out_line(const char *fmt, ...) PRINTF_LIKE(1, 2);          /* to standard output, with an LF */
/* A text as it is, or with --json {NAME: text}. */
void out_text(struct cli *, const char *name, struct str text);
void out_json(const struct buf *);                              /* and an LF */
void progress(struct cli *, const char *fmt, ...) PRINTF_LIKE(2, 3);   /* one line that replaces itself */
void progress_end(struct cli *);
/* Read a whole file of at most ${most} bytes into ${a}; "-" is standard input. */
MUST_USE enum rc file_text(struct cli *, struct arena *a, const char *path, size_t most, struct str *out);

#endif

/* help: what the program says of itself: the list of commands, each command's page, and all of it as a manual page. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "cli/commands.def"
#undef COMMAND
};
const size_t commands_n = ARRAY_LEN(commands);

static const struct {
	const char *name, *finding, *example;
} more[] = {
#define HELP(name, finding, example) { #name, finding, example },
#include "cli/help.def"
#undef HELP
};

static const char common[] =
	"  --json                   the answer for machines: JSON, or a line of it for each thing\n"
	"  --key-file FILE          where the organization's key file is, when not beside its folder\n"
	"  --passphrase-file FILE   the first line of FILE opens the key file; - is standard input.  Else\n"
	"                           TICKMARK_PASSPHRASE is taken, else the terminal asks\n"
	"  --quiet                  no progress on standard error\n";

static const char *finding_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(more); i++)
		if (strcmp(more[i].name, name) == 0)
			return more[i].finding;
	return "";
}

static const char *example_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(more); i++)
		if (strcmp(more[i].name, name) == 0)
			return more[i].example;
	return "";
}

const struct command *command_find(const char *name)
{
	size_t i;

	for (i = 0; i < commands_n; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* How many letters must be added, removed or changed to make ${b} of ${a}; 99 for names that are too long. */
static size_t distance(const char *a, const char *b)
{
	enum { MOST = 24 };
	size_t row[MOST + 1], n = strlen(a), m = strlen(b), i, k, before, best;

	if (n > MOST || m > MOST)
		return 99;
	for (k = 0; k <= m; k++)
		row[k] = k;
	for (i = 1; i <= n; i++) {
		before = row[0];
		row[0] = i;
		for (k = 1; k <= m; k++) {
			best = before + (a[i - 1] != b[k - 1]);
			before = row[k];
			if (row[k] + 1 < best)
				best = row[k] + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			row[k] = best;
		}
	}
	return row[m];
}

const char *command_near(const char *name)
{
	size_t i, d, nearest = 3;
	const char *found = NULL;

	for (i = 0; i < commands_n; i++) {
		if ((d = distance(name, commands[i]->name)) < nearest && 2 * d < strlen(name)) {
			nearest = d;
			found = commands[i]->name;
		}
	}
	return found;
}

void help_all(FILE *to)
{
	size_t i;

	(void)fputs("Tickmark: SOC 2, from scope to a report whose every number can be checked.\n\n"
	    "usage: tickmark [-C DIR] COMMAND …\n\n", to);
	for (i = 0; i < commands_n; i++)
		(void)fprintf(to, "  %-11s %s\n", commands[i]->name, commands[i]->summary);
	(void)fprintf(to, "\nDIR is an organization's folder, by default the current one.  Every command takes\n%s"
	    "\nExit status: 0 fine, 1 it ran and found something wrong, 2 wrong usage or input, 3 the system failed it.\n"
	    "\ntickmark COMMAND --help tells more of each; tickmark help --man is the manual page; tickmark --version.\n"
	    "Begin with: tickmark demo worked-example, or tickmark init DIR --name NAME\n", common);
}

void help_command(FILE *to, const struct command *c)
{
	const char *finding = finding_of(c->name), *at = example_of(c->name);

	(void)fprintf(to, "usage: tickmark [-C DIR] %s%s%s\n\ntickmark %s: %s\n\n%s\n\nEvery command takes\n%s", c->name,
	    c->arguments[0] != 0 ? " " : "", c->arguments, c->name, c->summary, c->help, common);
	(void)fprintf(to, "\nExit status: 0 fine, %s%s%s2 wrong usage or input, 3 the system failed it.\n",
	    finding[0] != 0 ? "1 " : "", finding, finding[0] != 0 ? ", " : "");
	if (at[0] != 0)
		(void)fputs("\nExample:\n", to);
	while (at[0] != 0) {
		size_t n = strcspn(at, "\n");

		(void)fprintf(to, "  %.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
}

/* ---- the manual page */
/* Text of roff: its own characters escaped, a dot or quote at the start of a line made harmless, "…" by its name. */
static void put_roff(FILE *to, const char *text)
{
	bool start = true;

	for (; *text != 0; text++) {
		if (start && (*text == '.' || *text == '\''))
			(void)fputs("\\&", to);
		if (strncmp(text, "\xe2\x80\xa6", 3) == 0) {
			(void)fputs("\\&...", to);
			text += 2;
		} else if (*text == '\\') {
			(void)fputs("\\e", to);
		} else if (*text == '-') {
			(void)fputs("\\-", to);
		} else {
			(void)putc(*text, to);
		}
		start = *text == '\n';
	}
}

/* The words as they stand in the terminal, line by line. */
static void put_lines(FILE *to, const char *text)
{
	(void)fputs(".nf\n", to);
	put_roff(to, text);
	(void)fputs("\n.fi\n", to);
}

static void man_command(FILE *to, const struct command *c)
{
	const char *finding = finding_of(c->name);

	(void)fprintf(to, ".SS \"tickmark %s\"\n.B tickmark\n[\\fB\\-C\\fR \\fIDIR\\fR] \\fB%s\\fR ", c->name, c->name);
	put_roff(to, c->arguments);
	(void)fputs("\n.PP\n", to);
	put_roff(to, c->summary);
	(void)fputs("\n.PP\n", to);
	put_lines(to, c->help);
	if (finding[0] != 0) {
		(void)fputs(".PP\nExit status 1: ", to);
		put_roff(to, finding);
		(void)fputs(".\n", to);
	}
	if (example_of(c->name)[0] != 0) {
		(void)fputs(".PP\nExample:\n.PP\n.RS 4\n", to);
		put_lines(to, example_of(c->name));
		(void)fputs(".RE\n", to);
	}
}

void help_man(FILE *to, const char *version)
{
	size_t i;

	(void)fprintf(to, ".\\\" Made by tickmark help --man\n.TH TICKMARK 1 \"\" \"Tickmark %s\" \"User Commands\"\n"
	    ".SH NAME\ntickmark \\- SOC 2, from scope to a report whose every number can be checked\n"
	    ".SH SYNOPSIS\n.B tickmark\n[\\fB\\-C\\fR \\fIDIR\\fR] \\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n"
	    ".SH DESCRIPTION\nTickmark takes in the records that a company's systems keep, tests whole populations of them, says for\n"
	    "every day what is known and what is not, and renders management's draft of the report.  The records lie sealed in\n"
	    "a ledger, and an altered byte is named.  \\fIDIR\\fR is an organization's folder, by default the current one.\n"
	    ".SH OPTIONS\nEvery command takes these.\n.PP\n", version);
	put_lines(to, common);
	(void)fputs(".SH COMMANDS\n", to);
	for (i = 0; i < commands_n; i++)
		man_command(to, commands[i]);
	(void)fputs(".SH EXIT STATUS\n.TP\n.B 0\nfine\n.TP\n.B 1\nit ran and found something wrong\n.TP\n.B 2\n"
	    "wrong usage, a bad mapping, expression or file to apply, or no organization; nothing was applied\n.TP\n.B 3\n"
	    "the system failed it: reading or writing, no space, no key, wrong passphrase, damaged key file, folder in use\n"
	    ".SH ENVIRONMENT\n.TP\n.B TICKMARK_PASSPHRASE\nopens the key file when no \\fB\\-\\-passphrase\\-file\\fR is given\n"
	    ".TP\n.B NO_COLOR\nwhen set, no colours on a terminal\n"
	    ".SH FILES\n.TP\n.I DIR\nthe organization: ledger, keys that are wrapped, database\n.TP\n.I DIR.tickmark\\-key\n"
	    "its key file, beside it; losing it loses the evidence\n.TP\n.I DIR.tickmark\\-head\na copy of the newest head\n", to);
}

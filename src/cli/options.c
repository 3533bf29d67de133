/* options: the command line's options, taken out of the arguments by a table; and what several commands read. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum rc cli_usage(struct cli *c, const char *fmt, ...)
{
	va_list ap;
	char text[700];

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(&c->err, RC_USAGE, "%s", text);
}

static void many_add(struct cli *c, struct texts *t, const char *text)
{
	const char **p = ARENA_ARRAY(c->a, t->n + 1, const char *);

	if (t->n > 0)
		memcpy(p, t->p, t->n * sizeof(*p));
	p[t->n] = text;
	t->p = p;
	t->n++;
}

static const struct option_def *option_find(const struct option_def *defs, size_t n, const char *arg, size_t length)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strlen(defs[i].name) == length && strncmp(defs[i].name, arg, length) == 0)
			return &defs[i];
	return NULL;
}

static enum rc option_take(struct cli *c, const struct option_def *d, const char *value, bool attached)
{
	if (d->kind == OPTION_FLAG) {
		if (attached)
			return cli_usage(c, "%s takes no value", d->name);
		*(bool *)d->to = true;
		return RC_OK;
	}
	if (value == NULL)
		return cli_usage(c, "%s needs a value", d->name);
	if (d->kind == OPTION_TEXT)
		*(const char **)d->to = value;
	else
		many_add(c, d->to, value);
	return RC_OK;
}

enum rc cli_options(struct cli *c, const struct option_def *defs, size_t n, int *argc, char **argv)
{
	bool quiet = false;
	const char *dir = NULL;
	const struct option_def common[] = {
		{ "-C", OPTION_TEXT, &dir }, { "--json", OPTION_FLAG, &c->json }, { "--quiet", OPTION_FLAG, &quiet },
		{ "--key-file", OPTION_TEXT, &c->key_file }, { "--passphrase-file", OPTION_TEXT, &c->passphrase_file },
	};
	int i, kept = 0;
	enum rc rc;

	for (i = 0; i < *argc; i++) {
		const char *equals = strchr(argv[i], '=');
		size_t length = equals != NULL ? (size_t)(equals - argv[i]) : strlen(argv[i]);
		const struct option_def *d;

		if (strcmp(argv[i], "--") == 0) {
			for (i++; i < *argc; i++)
				argv[kept++] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || argv[i][1] == 0) {
			argv[kept++] = argv[i];
			continue;
		}
		d = option_find(defs, n, argv[i], length);
		if (d == NULL)
			d = option_find(common, ARRAY_LEN(common), argv[i], length);
		if (d == NULL)
			return cli_usage(c, "there is no option \"%s\" here; --help lists them", argv[i]);
		if (d->kind != OPTION_FLAG && equals == NULL)
			rc = option_take(c, d, i + 1 < *argc ? argv[i + 1] : NULL, false);
		else
			rc = option_take(c, d, equals != NULL ? equals + 1 : NULL, equals != NULL);
		if (rc != RC_OK)
			return rc;
		if (d->kind != OPTION_FLAG && equals == NULL)
			i++;
	}
	*argc = kept;
	if (dir != NULL) {
		cli_set_dir(c, dir);
		c->dir_given = true;
	}
	c->is_progress = c->is_progress && !quiet && !c->json;
	return RC_OK;
}

enum rc cli_day(struct cli *c, const char *option, const char *text, int64_t *day)
{
	if (!date_parse(str_z(text), day))
		return cli_usage(c, "%s takes a day such as 2024-06-30, not \"%s\"", option, text);
	return RC_OK;
}

enum rc cli_instant(struct cli *c, const struct zone *zone, const char *option, const char *text, int64_t *us)
{
	int64_t day;

	if (date_parse(str_z(text), &day)) {
		*us = zone_day_start_us(zone, day);
		return RC_OK;
	}
	if (instant_parse(str_z(text), zone, us) == TIME_BAD)
		return cli_usage(c, "%s takes a day or a time such as 2024-06-30T18:00:00Z, not \"%s\"", option, text);
	return RC_OK;
}

enum rc file_text(struct cli *c, struct arena *a, const char *path, size_t most, struct str *out)
{
	bool is_input = strcmp(path, "-") == 0;
	struct buf b;
	ssize_t got = 0;
	char piece[65536];
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum rc rc;

	if (fd < 0)
		return errno == ENOENT ? err_set(&c->err, RC_NOT_FOUND, "there is no file %s", path) :
		    err_sys(&c->err, errno, "%s cannot be opened", path);
	buf_init(&b, most);
	while (!b.failed && (got = read(fd, piece, sizeof(piece))) > 0)
		buf_add(&b, piece, (size_t)got);
	if (got < 0)
		rc = err_sys(&c->err, errno, "%s cannot be read", path);
	else
		rc = buf_ok(&b, path, &c->err);
	if (rc == RC_OK)
		*out = arena_str(a, buf_view(&b));
	buf_done(&b);
	if (!is_input)
		(void)close(fd);
	return rc;
}

void out_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)putchar('\n');
}

void out_json(const struct buf *b)
{
	(void)fwrite(b->p, 1, b->n, stdout);
	(void)putchar('\n');
}

void out_text(struct cli *c, const char *name, struct str text)
{
	struct buf b;

	if (!c->json) {
		(void)fwrite(text.p, 1, text.n, stdout);
		return;
	}
	buf_init(&b, text.n * 6 + 100);
	buf_fmt(&b, "{\"%s\":", name);
	json_put_str(&b, text);
	buf_c(&b, '}');
	out_json(&b);
	buf_done(&b);
}

void progress(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	if (!c->is_progress)
		return;
	(void)fputs("\r\033[K", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fflush(stderr);
}

void progress_end(struct cli *c)
{
	if (c->is_progress)
		(void)fputs("\r\033[K", stderr);
}

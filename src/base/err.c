/* err: the story of a failure, filled where it is first seen and lengthened on the way up. */
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int exit_status;
	const char *words;
} outcomes[] = {
#define RC(name, exit_status, words) { #name, exit_status, words },
#include "base/rc.def"
#undef RC
};

const char *rc_name(enum rc c) { return outcomes[c].name; }
const char *rc_words(enum rc c) { return outcomes[c].words; }
int rc_exit(enum rc c) { return outcomes[c].exit_status; }

void err_init(struct err *e)
{
	if (e == NULL)
		return;
	e->code = RC_OK;
	e->msg[0] = '\0';
	e->n_frames = 0;
}

enum rc err_set(struct err *e, enum rc code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return code;
	e->code = code;
	e->n_frames = 0;
	va_start(ap, fmt);
	(void)vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	va_end(ap);
	return code;
}

enum rc err_sys(struct err *e, int errnum, const char *fmt, ...)
{
	enum rc code = errnum == ENOSPC || errnum == EDQUOT ? RC_NO_SPACE : RC_IO;
	va_list ap;
	size_t n;

	if (e == NULL)
		return code;
	e->code = code;
	e->n_frames = 0;
	va_start(ap, fmt);
	(void)vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	(void)snprintf(e->msg + n, sizeof e->msg - n, ": %s", strerror(errnum));
	return code;
}

void err_while(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL || e->n_frames == ERR_FRAMES)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(e->frames[e->n_frames++], sizeof e->frames[0], fmt, ap);
	va_end(ap);
}

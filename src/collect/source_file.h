/* source_file: a file opened as a mapping reads it: its shape told by its name and, where several fit, by its first
 * record.
 * Uses collect/mapping.h, collect/reader.h. */
#ifndef COLLECT_SOURCE_FILE_H
#define COLLECT_SOURCE_FILE_H

#include "collect/mapping.h"

struct source_input {
	const char *path;               /* "-" is standard input */
	struct str file;                /* the name that is recorded */
	struct str bytes;               /* not NULL: the file is here already, and ${path} only names it */
};

struct source_file {
	struct reader *reader;
	struct mapping_context ctx;     /* ctx.shape is set where the name alone does not tell */
};

/* RC_INVALID: no file of this source, or it cannot be read as one.  Of standard
 * input ("-"), which can be read but once, the first shape that fits the name is taken. */
MUST_USE enum rc source_open(const struct mapping *, const struct source_input *, const struct zone *, struct source_file *,
    struct err *);
void source_close(struct source_file *);        /* nothing when it is closed already */

/* How well the first record of the file is told to be one of this source: how many things its shape asks of it.  0: it is
 * none, or nothing is asked, or the file cannot be read. */
size_t source_fits(const struct mapping *, const struct source_input *, const struct zone *);

#endif

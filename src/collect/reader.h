/* reader: a file cut into raw records: lines, elements of a JSON array, rows of a table, or the whole of it.
 * Uses collect/stream.h, collect/record.h. */
#ifndef COLLECT_READER_H
#define COLLECT_READER_H

#include "collect/record.h"
#include "collect/stream.h"

enum reads { READS_LINES, READS_JSON, READS_TABLE, READS_WHOLE };

struct reader;

/* Takes the stream over.  ${elements} names the member that holds the array, for READS_JSON; a bare array and values one
 * after another are read as well. */
MUST_USE enum rc reader_open(struct stream *, enum reads, struct str elements, struct reader **, struct err *);
void reader_close(struct reader *);
/* The next record; *more = false at the end.  A record that cannot be read has ${bad} set and is given all the same.
 * RC_INVALID: the file is damaged from here on (where is told); what came before it is good. */
MUST_USE enum rc reader_next(struct reader *, struct record *, bool *more, struct err *);
uint64_t reader_bytes(const struct reader *);           /* read so far, unpacked */
void reader_digest(struct reader *, uint8_t out[32]);   /* of everything read so far */
/* Of the file from its start through the end of the record that was given last; in ascending order only. */
void reader_record_digest(struct reader *, uint8_t out[32]);
/* READS_TABLE, once opened: the delimiter and the names of the columns. */
char reader_delimiter(const struct reader *);
const struct str *reader_columns(const struct reader *, size_t *n);
/* One row of a table split into its cells, in ${a}; RC_INVALID says what is wrong with it. */
MUST_USE enum rc row_split(struct arena *a, struct str row, char delimiter, struct str **cells, size_t *n, struct err *);

#endif

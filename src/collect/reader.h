/* reader: a file cut into raw records: lines, elements of a JSON array, rows of a table, elements of XML, or the whole of
 * it.  It holds one record and what was read ahead of it, never the file: about 17 MiB at the most.
 * Uses collect/stream.h, collect/record.h. */
#ifndef COLLECT_READER_H
#define COLLECT_READER_H

#include "collect/record.h"
#include "collect/stream.h"

/* LINES: JSON lines.  TEXT: lines of a log, for patterns.  TABLE: cells that may be quoted, delimiter guessed from the
 * header.  TSV: cells between tabs, a quote is a character like any other. */
enum reads { READS_LINES, READS_JSON, READS_TABLE, READS_WHOLE, READS_TEXT, READS_TSV, READS_XML };

struct reader;

/* Takes the stream over when it succeeds.  ${elements}, names with dots between them: of READS_JSON the members that lead
 * to the array ("Records", "data.items"; a bare array and values one after another are read as well), of READS_XML the
 * elements that lead to the record ("Event", "Events.Event"), matched at any depth; borrowed.
 * A byte order mark is passed over.  RC_INVALID: UTF-16, no header, no such thing as it should be. */
MUST_USE enum rc reader_open(struct stream *, enum reads, struct str elements, struct reader **, struct err *);
void reader_close(struct reader *);
/* The next record; *more = false at the end.  A record that cannot be read has ${bad} set and is given all the same.
 * RC_INVALID: the file is damaged from here on (where is told); what came before it is good. */
MUST_USE enum rc reader_next(struct reader *, struct record *, bool *more, struct err *);
uint64_t reader_bytes(const struct reader *);           /* read so far, unpacked; of all once the end or damage was told */
void reader_digest(struct reader *, uint8_t out[32]);   /* of everything read so far */
/* Of the file from its start through the end of the record that was given last; in ascending order only. */
void reader_record_digest(struct reader *, uint8_t out[32]);
/* READS_TABLE and READS_TSV, once opened: the delimiter and the names of the columns. */
char reader_delimiter(const struct reader *);
const struct str *reader_columns(const struct reader *, size_t *n);
/* One row of a table split into its cells, in ${a}; RC_INVALID says what is wrong with it.  row_cut is for TSV, where
 * nothing is quoted. */
MUST_USE enum rc row_split(struct arena *a, struct str row, char delimiter, struct str **cells, size_t *n, struct err *);
MUST_USE enum rc row_cut(struct arena *a, struct str row, char delimiter, struct str **cells, size_t *n, struct err *);

#endif

/* What the readers of the several forms share: the bytes that are held, and giving records out of them. */
#ifndef COLLECT_READER_PRIV_H
#define COLLECT_READER_PRIV_H

#include "collect/reader.h"

enum { NAMES_MAX = 8, XML_OPEN_MAX = 128 };

/* Where the JSON reader stands. */
enum json_state { JSON_TOP, JSON_MEMBER_FIRST, JSON_MEMBER, JSON_BEHIND_MEMBER, JSON_ELEMENT_FIRST, JSON_BEHIND_ELEMENT };

struct reader {
	struct stream *stream;
	enum reads reads;
	struct str names[NAMES_MAX];    /* of the elements' path */
	size_t n_names;
	struct arena *a;
	struct buf hold;                /* unpacked bytes not given out yet, and the record that was given out last */
	size_t from;                    /* of hold: what is before it may go */
	size_t cur;                     /* of hold, >= from: where JSON and XML have looked to */
	uint64_t base;                  /* position in the file of hold's first byte */
	struct sha256 *running, *copy;
	size_t last_end;                /* of the record given out last, in hold */
	uint64_t hashed;                /* bytes that ${running} has */
	bool ended, done;
	bool damaged;                   /* the packed file is, and the bytes held are its last */
	struct err damage;
	uint64_t number;
	char delimiter;                 /* of a table */
	struct str *columns;
	size_t n_columns;
	enum json_state state;
	size_t level, array_level;      /* objects of the path that are open; those around the array */
	bool keep, found;               /* the object may be a record itself; it holds the array */
	char (*open)[64];               /* XML: the names of the elements that are open outside of records */
	size_t n_open;
	bool had_root;
};

/* What is held from ${from} on. */
static inline struct str reader_rest(const struct reader *r)
{
	return str_sub(buf_view(&r->hold), r->from, r->hold.n);
}

/* The same from where it looked to. */
static inline struct str reader_ahead(const struct reader *r)
{
	return str_sub(buf_view(&r->hold), r->cur, r->hold.n);
}

static inline uint64_t reader_place(const struct reader *r, size_t at) { return r->base + at; }

/* More bytes into hold; sets ended or damaged.  Indexes into hold other than from and cur are void behind it. */
MUST_USE enum rc reader_more(struct reader *, struct err *);
void reader_give(struct reader *, size_t at, size_t end, struct record *);
/* The end: RC_OK with *more = false, or the damage that ended it. */
MUST_USE enum rc reader_finish(struct reader *, bool *more, struct err *);

MUST_USE enum rc reader_next_json(struct reader *, struct record *, bool *more, struct err *);
MUST_USE enum rc reader_next_xml(struct reader *, struct record *, bool *more, struct err *);
MUST_USE enum rc reader_header(struct reader *, struct err *);
MUST_USE enum rc reader_next_row(struct reader *, struct record *, bool *more, struct err *);

#endif

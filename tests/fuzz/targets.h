/* Every parser against bytes that nobody meant: what the replay in the check and clang's fuzzer share. */
#ifndef TESTS_FUZZ_TARGETS_H
#define TESTS_FUZZ_TARGETS_H

#include "base/base.h"

struct target {
	const char *name;
	void (*run)(struct arena *, struct str);        /* aborts when what must hold does not */
	const char *const *seeds;
};

extern const struct target targets[];
extern const size_t targets_n;

/* reading.c: files and the forms of records */
void fuzz_json(struct arena *, struct str);
void fuzz_xml(struct arena *, struct str);
void fuzz_row(struct arena *, struct str);
void fuzz_tsv(struct arena *, struct str);
void fuzz_pattern(struct arena *, struct str);
void fuzz_layout(struct arena *, struct str);
void fuzz_stream(struct arena *, struct str);
void fuzz_reader(struct arena *, struct str);
void fuzz_zip(struct arena *, struct str);

/* serving.c: what browsers send, and templates */
void fuzz_form(struct arena *, struct str);
void fuzz_cookie(struct arena *, struct str);
void fuzz_template(struct arena *, struct str);

#endif

/* What the generated table of embedded files looks like. */
#ifndef MODEL_CONTENT_PRIV_H
#define MODEL_CONTENT_PRIV_H

#include <stddef.h>

struct content_file {
	const char *name;
	size_t name_n;
	const char *bytes;
	size_t n;
};

extern const struct content_file content_files[];
extern const size_t content_files_n;

#endif

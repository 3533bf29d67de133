/* embedded: a file that the binary carries; tools/embed makes tables of them.  Uses nothing. */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name;               /* its path below the folder that was embedded */
	const char *bytes;              /* followed by a zero byte that is not counted */
	size_t n;
};

#endif

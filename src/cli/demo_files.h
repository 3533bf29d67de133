/* The generated table of the files of examples/demo. */
#ifndef CLI_DEMO_FILES_H
#define CLI_DEMO_FILES_H

#include "base/embedded.h"

extern const struct embedded demo_files[];
extern const size_t demo_files_n;

#endif

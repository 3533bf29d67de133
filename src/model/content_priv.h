/* The generated table of the files of content/. */
#ifndef MODEL_CONTENT_PRIV_H
#define MODEL_CONTENT_PRIV_H

#include "base/embedded.h"

extern const struct embedded content_files[];
extern const size_t content_files_n;

#endif

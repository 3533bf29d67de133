/* web: the templates, the stylesheet and the icons of web/, which the binary carries. */
#ifndef SERVER_WEB_H
#define SERVER_WEB_H

#include "base/embedded.h"

extern const struct embedded web_files[];
extern const size_t web_files_n;

#endif

/* content: see content.h. */
#include "model/content.h"

#include "model/content_priv.h"

size_t content_count(void)
{
	return content_files_n;
}

struct str content_at(size_t i, struct str *name)
{
	*name = str_z(content_files[i].name);
	return (struct str){ content_files[i].bytes, content_files[i].n };
}

struct str content_find(const char *name)
{
	struct str at, bytes;
	size_t i;

	for (i = 0; i < content_files_n; i++) {
		bytes = content_at(i, &at);
		if (str_is(at, name))
			return bytes;
	}
	return STR_NONE;
}

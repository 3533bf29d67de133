/* content: see content.h. */
#include "model/content.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "model/content_priv.h"

enum { MAX_FILES = 4096 };

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

struct content content_own(struct arena *a)
{
	struct content c = { .names = ARENA_ARRAY(a, content_files_n, struct str), .texts = ARENA_ARRAY(a, content_files_n,
	    struct str), .n = content_files_n };
	size_t i;

	for (i = 0; i < c.n; i++)
		c.texts[i] = content_at(i, &c.names[i]);
	return c;
}

/* ---- a folder */
static const char *const plain[] = { "framework.yaml", "criteria.yaml", "parameters.yaml", "completeness.yaml" };
static const char *const folders[] = { "populations", "controls", "mappings" };

static bool is_one_of(struct str name, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (str_is(name, list[i]))
			return true;
	return false;
}

static enum rc take(struct arena *a, struct content *c, struct str name, struct err *e)
{
	const char *path = arena_z(a, arena_fmt(a, "%s/%.*s", c->folder, STR_FMT(name)));
	enum rc rc;

	if (c->n == MAX_FILES)
		return err_set(e, RC_LIMIT, "the folder %s has more than %d files", c->folder, MAX_FILES);
	if ((rc = file_read(a, path, LIMIT_FILE_READ, &c->texts[c->n], e)) != RC_OK)
		return rc;
	c->names[c->n++] = name;
	return RC_OK;
}

static bool is_yaml(struct str name)
{
	return str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml"));
}

static enum rc take_folder(struct arena *a, struct content *c, struct str folder, struct err *e)
{
	struct str *names;
	size_t n, i;
	enum rc rc;

	if ((rc = folder_list(a, arena_z(a, arena_fmt(a, "%s/%.*s", c->folder, STR_FMT(folder))), MAX_FILES, &names, &n, e)) !=
	    RC_OK)
		return rc;
	for (i = 0; i < n && rc == RC_OK; i++)
		if (is_yaml(names[i]) && names[i].p[0] != '.')
			rc = take(a, c, arena_fmt(a, "%.*s/%.*s", STR_FMT(folder), STR_FMT(names[i])), e);
	return rc;
}

static enum rc take_top(struct arena *a, struct content *c, struct str name, struct err *e)
{
	struct stat st;
	bool is_folder;

	if (name.p[0] == '.')
		return RC_OK;
	if (stat(arena_z(a, arena_fmt(a, "%s/%.*s", c->folder, STR_FMT(name))), &st) != 0)
		return err_set(e, RC_INVALID, "%s/%.*s cannot be read", c->folder, STR_FMT(name));
	is_folder = S_ISDIR(st.st_mode);
	if (is_folder ? is_one_of(name, folders, ARRAY_LEN(folders)) : is_one_of(name, plain, ARRAY_LEN(plain)))
		return is_folder ? take_folder(a, c, name, e) : take(a, c, name, e);
	if (!is_folder && !is_yaml(name))
		return RC_OK;                   /* a readme, a licence */
	return err_set(e, RC_INVALID, "%s/%.*s does not belong there: a content folder holds framework.yaml, criteria.yaml, "
	    "parameters.yaml, completeness.yaml and the folders populations, controls and mappings", c->folder, STR_FMT(name));
}

/* Those two, where the folder has none, are the binary's own. */
static void own_framework(struct content *c)
{
	bool has[2] = { false, false };
	size_t i, k;

	for (i = 0; i < c->n; i++)
		for (k = 0; k < 2; k++)
			has[k] = has[k] || str_is(c->names[i], plain[k]);
	for (k = 0; k < 2; k++) {
		if (has[k])
			continue;
		c->names[c->n] = str_z(plain[k]);
		c->texts[c->n++] = content_find(plain[k]);
	}
}

enum rc content_read(struct arena *a, const char *folder, struct content *out, struct err *e)
{
	struct content c = { .folder = folder, .names = ARENA_ARRAY(a, MAX_FILES + 2, struct str), .texts = ARENA_ARRAY(a,
	    MAX_FILES + 2, struct str) };
	bool has_collection = false;
	struct str *names;
	size_t n, i;
	enum rc rc;

	if ((rc = folder_list(a, folder, MAX_FILES, &names, &n, e)) != RC_OK)
		return rc;
	for (i = 0; i < n && rc == RC_OK; i++)
		rc = take_top(a, &c, names[i], e);
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < c.n; i++)
		has_collection = has_collection || str_starts(c.names[i], STR("populations/"));
	if (!has_collection)
		return err_set(e, RC_INVALID, "%s holds no collection: put at least one, as a YAML file, into %s/populations", folder,
		    folder);
	own_framework(&c);
	*out = c;
	return RC_OK;
}

#include "server/call.h"

#include <stdio.h>

/* A comma, unless it is the first of its object or list. */
void doc_key(struct buf *b, const char *key)
{
	uint8_t last = b->n > 0 ? b->p[b->n - 1] : '{';

	if (last != '{' && last != '[')
		buf_c(b, ',');
	if (key == NULL)
		return;
	json_put_str(b, str_z(key));
	buf_c(b, ':');
}

void doc_str(struct buf *b, const char *key, struct str s)
{
	doc_key(b, key);
	json_put_str(b, s);
}

void doc_num(struct buf *b, const char *key, uint64_t n)
{
	doc_key(b, key);
	buf_fmt(b, "%llu", (unsigned long long)n);
}

void doc_bool(struct buf *b, const char *key, bool v)
{
	doc_key(b, key);
	buf_z(b, v ? "true" : "false");
}

void doc_open(struct buf *b, const char *key, char bracket)
{
	doc_key(b, key);
	buf_c(b, bracket);
}

void doc_close(struct buf *b, char bracket)
{
	buf_c(b, bracket);
}

void doc_state(struct buf *b, const char *cls, const char *icon, const char *words)
{
	doc_str(b, "class", str_z(cls));
	doc_str(b, "icon", str_z(icon));
	doc_str(b, "state", str_z(words));
}

struct str grouped(struct arena *a, uint64_t n)
{
	char digits[24], *out = arena_alloc(a, 32);
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), i, at = 0;

	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	return (struct str){ out, (size_t)at };
}

/* str: borrowed text with a length; growing buffers; numbers, hex and base64 read strictly. */
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/scan.h"

struct str str_z(const char *z)
{
	return z == NULL ? STR_NONE : (struct str){ z, strlen(z) };
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(struct str a, const char *z) { return str_eq(a, str_z(z)); }

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (c != 0)
		return c < 0 ? -1 : 1;
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

struct str str_sub(struct str s, size_t at, size_t n)
{
	if (at >= s.n)
		return (struct str){ s.p == NULL ? NULL : s.p + s.n, 0 };
	return (struct str){ s.p + at, n > s.n - at ? s.n - at : n };
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

struct str str_trim(struct str s)
{
	while (s.n > 0 && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_cut(struct str *rest, char c)
{
	struct str all = *rest;
	const char *at = all.n == 0 ? NULL : memchr(all.p, c, all.n);

	if (at == NULL) {
		*rest = STR_NONE;
		return all;
	}
	*rest = (struct str){ at + 1, all.n - (size_t)(at - all.p) - 1 };
	return (struct str){ all.p, (size_t)(at - all.p) };
}

ptrdiff_t str_find(struct str hay, struct str needle)
{
	const char *at;

	if (needle.n == 0)
		return 0;
	if (hay.n < needle.n)
		return -1;
	at = memmem(hay.p, hay.n, needle.p, needle.n);
	return at == NULL ? -1 : at - hay.p;
}

bool str_utf8_valid(struct str s, size_t *bad_at)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t i = 0;

	while (i < s.n) {
		uint8_t c = p[i];
		size_t more, k;
		uint8_t low = 0x80, high = 0xbf;

		if (c < 0x80) {
			i += scan_ascii(s.p + i, s.n - i);
			continue;
		}
		if (c >= 0xc2 && c <= 0xdf)
			more = 1;
		else if (c >= 0xe0 && c <= 0xef)
			more = 2;
		else if (c >= 0xf0 && c <= 0xf4)
			more = 3;
		else
			goto bad;
		if (c == 0xe0)
			low = 0xa0;
		else if (c == 0xed)
			high = 0x9f;
		else if (c == 0xf0)
			low = 0x90;
		else if (c == 0xf4)
			high = 0x8f;
		if (more > s.n - i - 1)
			goto bad;
		for (k = 1; k <= more; k++) {
			if (p[i + k] < low || p[i + k] > high)
				goto bad;
			low = 0x80;
			high = 0xbf;
		}
		i += more + 1;
	}
	return true;
bad:
	if (bad_at != NULL)
		*bad_at = i;
	return false;
}

/* ---- buffers */
void buf_init(struct buf *b, size_t ceiling)
{
	*b = (struct buf){ .ceiling = ceiling };
}

void buf_done(struct buf *b)
{
	if (b == NULL)
		return;
	mem_free(b->p);
	*b = (struct buf){ .ceiling = b->ceiling };
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

static uint8_t *buf_room(struct buf *b, size_t n)
{
	uint8_t *at;

	if (b->failed || n > b->ceiling - b->n) {
		b->failed = true;
		return NULL;
	}
	if (n > b->room - b->n) {
		size_t room = b->room < 256 ? 256 : b->room;

		while (room - b->n < n)
			room = room > b->ceiling / 2 ? b->ceiling : room * 2;
		b->p = mem_resize(b->p, room);
		b->room = room;
	}
	at = b->p + b->n;
	b->n += n;
	return at;
}

void buf_add(struct buf *b, const void *from, size_t n)
{
	uint8_t *to;

	if (n > 0 && (to = buf_room(b, n)) != NULL)
		memcpy(to, from, n);
}

void buf_str(struct buf *b, struct str s) { buf_add(b, s.p, s.n); }
void buf_z(struct buf *b, const char *z) { buf_add(b, z, strlen(z)); }
void buf_c(struct buf *b, char c) { buf_add(b, &c, 1); }

void buf_zero(struct buf *b, size_t n)
{
	uint8_t *to;

	if (n > 0 && (to = buf_room(b, n)) != NULL)
		memset(to, 0, n);
}

void buf_u8(struct buf *b, uint8_t v) { buf_add(b, &v, 1); }

void buf_u16(struct buf *b, uint16_t v)
{
	uint8_t x[2];

	put_u16(x, v);
	buf_add(b, x, sizeof x);
}

void buf_u32(struct buf *b, uint32_t v)
{
	uint8_t x[4];

	put_u32(x, v);
	buf_add(b, x, sizeof x);
}

void buf_u64(struct buf *b, uint64_t v)
{
	uint8_t x[8];

	put_u64(x, v);
	buf_add(b, x, sizeof x);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	char small[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	if ((size_t)n < sizeof small) {
		buf_add(b, small, (size_t)n);
	} else {
		char *z = mem_alloc((size_t)n + 1);

		va_start(ap, fmt);
		(void)vsnprintf(z, (size_t)n + 1, fmt, ap);
		va_end(ap);
		buf_add(b, z, (size_t)n);
		mem_free(z);
	}
}

struct str buf_view(const struct buf *b) { return (struct str){ (const char *)b->p, b->n }; }

enum rc buf_ok(const struct buf *b, const char *what, struct err *e)
{
	if (b->failed)
		return err_set(e, RC_LIMIT, "%s is larger than %zu bytes, which is the most allowed", what, b->ceiling);
	return RC_OK;
}

/* ---- numbers */
bool num_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }
bool num_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }

bool num_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (s.n == 0)
		return false;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
			return false;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

bool num_i64(struct str s, int64_t *out)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	uint64_t v;

	if (!num_u64(minus ? str_sub(s, 1, s.n) : s, (uint64_t)INT64_MAX + (minus ? 1 : 0), &v))
		return false;
	*out = !minus ? (int64_t)v : v == (uint64_t)INT64_MAX + 1 ? INT64_MIN : -(int64_t)v;
	return true;
}

bool num_decimal(struct str s, int64_t *scaled)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	struct str rest = minus ? str_sub(s, 1, s.n) : s;
	bool dotted = rest.n > 0 && memchr(rest.p, '.', rest.n) != NULL;
	struct str whole = str_cut(&rest, '.');
	uint64_t w, f = 0;
	size_t i;
	int64_t v;

	if (!num_u64(whole, INT64_MAX, &w))
		return false;
	if (dotted) {
		while (rest.n > 1 && rest.p[rest.n - 1] == '0')
			rest.n--;
		if (rest.n == 0 || rest.n > 6 || !num_u64(rest, 999999, &f))
			return false;
		for (i = rest.n; i < 6; i++)
			f *= 10;
	}
	if (__builtin_mul_overflow((int64_t)w, (int64_t)1000000, &v) || __builtin_add_overflow(v, (int64_t)f, &v))
		return false;
	*scaled = minus ? -v : v;
	return true;
}

size_t num_decimal_fmt(int64_t scaled, char out[32])
{
	uint64_t v = scaled < 0 ? (uint64_t)0 - (uint64_t)scaled : (uint64_t)scaled;
	uint64_t f = v % 1000000;
	int n = snprintf(out, 32, "%s%llu", scaled < 0 ? "-" : "", (unsigned long long)(v / 1000000));

	if (f != 0) {
		n += snprintf(out + n, 32 - (size_t)n, ".%06llu", (unsigned long long)f);
		while (out[n - 1] == '0')
			out[--n] = '\0';
	}
	return (size_t)n;
}

/* ---- hex and base64 */
static const char hex_digits[] = "0123456789abcdef";

void hex_put(char *out, const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = hex_digits[p[i] >> 4];
		out[2 * i + 1] = hex_digits[p[i] & 15];
	}
}

struct str hex_str(struct arena *a, const uint8_t *p, size_t n)
{
	char *z = arena_alloc_raw(a, 2 * n + 1);

	hex_put(z, p, n);
	z[2 * n] = '\0';
	return (struct str){ z, 2 * n };
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_get(struct str s, uint8_t *out, size_t n)
{
	size_t i;

	if (s.n / 2 != n || s.n % 2 != 0)
		return false;
	for (i = 0; i < n; i++) {
		int h = hex_value(s.p[2 * i]), l = hex_value(s.p[2 * i + 1]);

		if (h < 0 || l < 0)
			return false;
		out[i] = (uint8_t)(h << 4 | l);
	}
	return true;
}

void buf_hex(struct buf *b, const uint8_t *p, size_t n)
{
	uint8_t *to = n == 0 ? NULL : buf_room(b, 2 * n);

	if (to != NULL)
		hex_put((char *)to, p, n);
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void buf_base64(struct buf *b, const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;
		char q[4];

		if (i + 1 < n)
			v |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < n)
			v |= p[i + 2];
		q[0] = base64_digits[v >> 18];
		q[1] = base64_digits[(v >> 12) & 63];
		q[2] = i + 1 < n ? base64_digits[(v >> 6) & 63] : '=';
		q[3] = i + 2 < n ? base64_digits[v & 63] : '=';
		buf_add(b, q, 4);
	}
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_get(struct str s, uint8_t *out, size_t max, size_t *n)
{
	size_t i, pad = 0, len;

	if (s.n % 4 != 0)
		return false;
	if (s.n > 0 && s.p[s.n - 1] == '=')
		pad = s.p[s.n - 2] == '=' ? 2 : 1;
	len = s.n / 4 * 3 - pad;
	if (len > max)
		return false;
	for (i = 0; i < s.n; i += 4) {
		size_t k, have = i + 4 == s.n ? 4 - pad : 4, at = i / 4 * 3;
		uint32_t v = 0;

		for (k = 0; k < 4; k++) {
			int d = k < have ? base64_value(s.p[i + k]) : 0;

			if (d < 0)
				return false;
			v = v << 6 | (uint32_t)d;
		}
		if ((have == 2 && (v & 0xffff) != 0) || (have == 3 && (v & 0xff) != 0))
			return false;
		out[at] = (uint8_t)(v >> 16);
		if (have > 2)
			out[at + 1] = (uint8_t)(v >> 8);
		if (have > 3)
			out[at + 2] = (uint8_t)v;
	}
	*n = len;
	return true;
}

void rand_bytes(uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			(void)fprintf(stderr, "tickmark: the system gives no random bytes\n");
			abort();
		}
		p += got;
		n -= (size_t)got;
	}
}

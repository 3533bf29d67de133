/* scan: how far text stays plain, sixteen bytes at a time where the machine has SSE2 (every x86-64), eight elsewhere.
 * The byte-wise twins say the same; tests compare them. */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include <string.h>

#include "base/base.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Bytes of ${p} before the first quote, backslash or control character (below 0x20), ${n} when there is none.  ${*high}
 * is set when a byte of 0x80 and above is among them, and left alone otherwise. */
static inline size_t scan_json_string_bytes(const char *p, size_t n, bool *high)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == '"' || c == '\\' || c < 0x20)
			break;
		if (c >= 0x80)
			*high = true;
	}
	return i;
}

static inline size_t scan_json_string(const char *p, size_t n, bool *high)
{
	size_t i = 0;
#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);

	for (; n - i >= 16; i += 16) {
		const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		const __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
		    _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
		unsigned special = (unsigned)_mm_movemask_epi8(hit), over = (unsigned)_mm_movemask_epi8(v);

		if (special != 0) {
			unsigned at = (unsigned)__builtin_ctz(special);

			if ((over & ((1u << at) - 1)) != 0)
				*high = true;
			return i + at;
		}
		if (over != 0)
			*high = true;
	}
#endif
	return i + scan_json_string_bytes(p + i, n - i, high);
}

/* Bytes of ${p} before the first of 0x80 and above, ${n} when there is none. */
static inline size_t scan_ascii_bytes(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && (unsigned char)p[i] < 0x80)
		i++;
	return i;
}

static inline size_t scan_ascii(const char *p, size_t n)
{
	size_t i = 0;
#if defined(__SSE2__)
	for (; n - i >= 16; i += 16) {
		unsigned over = (unsigned)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + i)));

		if (over != 0)
			return i + (unsigned)__builtin_ctz(over);
	}
#else
	for (; n - i >= 8; i += 8) {
		uint64_t v;

		memcpy(&v, p + i, 8);
		if ((v & 0x8080808080808080u) != 0)
			break;
	}
#endif
	return i + scan_ascii_bytes(p + i, n - i);
}

#endif

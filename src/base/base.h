/* base: outcomes and their stories, text, arenas, growing buffers, checked numbers.
 * Uses libc only.  Used by every layer. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* ---- outcomes */
enum rc {
#define RC(name, exit_status, words) RC_##name,
#include "base/rc.def"
#undef RC
};

const char *rc_name(enum rc);   /* "INVALID" */
const char *rc_words(enum rc);
int rc_exit(enum rc);           /* exit status of the command line */

/* The story of a failure.  ${msg} is one sentence that is safe to show to a user: what, where, what to
 * do; ${frames} tell what was being done, innermost first. */
#define ERR_FRAMES 8
struct err {
	enum rc code;
	char msg[1024];
	char frames[ERR_FRAMES][256];
	int n_frames;
};

void err_init(struct err *);
/* Fill ${e} (NULL does nothing) and return ${code}, so that a failure reads "return err_set(…)". */
enum rc err_set(struct err *e, enum rc code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same with the words of ${errnum}; the code is NO_SPACE for ENOSPC and EDQUOT, else IO. */
enum rc err_sys(struct err *e, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Add "while …" to the story. */
void err_while(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- text: borrowed bytes with a length; not terminated, may hold zero bytes */
struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })
#define STR_FMT(s) (int)((s).n > 4096 ? 4096 : (s).n), ((s).p != NULL ? (s).p : "")

struct str str_z(const char *z);                      /* NULL gives STR_NONE */
bool str_eq(struct str, struct str);
bool str_is(struct str, const char *z);
int str_cmp(struct str, struct str);                  /* byte order, a prefix first */
bool str_starts(struct str, struct str prefix);
bool str_ends(struct str, struct str suffix);
struct str str_sub(struct str, size_t at, size_t n);  /* cut to what is there */
struct str str_trim(struct str);                      /* without ASCII white space at both ends */
/* Cut ${*rest} at the first ${c}: the part before it is returned, ${*rest} is what follows; without ${c}
 * all of it is returned and ${*rest} is empty with p = NULL. */
struct str str_cut(struct str *rest, char c);
ptrdiff_t str_find(struct str hay, struct str needle);/* -1 when absent */
bool str_utf8_valid(struct str, size_t *bad_at);      /* strict: no surrogates, no overlong forms */

/* ---- arenas: memory of one unit of work, given back together */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *);
void arena_reset(struct arena *);                     /* everything given out is gone, blocks are kept */
void *arena_alloc(struct arena *, size_t n);          /* zeroed, aligned for anything; never NULL */
void *arena_alloc_raw(struct arena *, size_t n);      /* the same, not zeroed: the caller fills what it uses */
void *arena_array(struct arena *, size_t count, size_t each);  /* product checked */
char *arena_z(struct arena *, struct str);            /* copy with a terminating zero */
struct str arena_str(struct arena *, struct str);     /* copy */
struct str arena_fmt(struct arena *, const char *fmt, ...) PRINTF_LIKE(2, 3);
size_t arena_used(const struct arena *);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, n, type) ((type *)arena_array((a), (n), sizeof(type)))

/* malloc that ends the process with a message when memory is out; see docs/decisions/memory.md */
void *mem_alloc(size_t n);                            /* zeroed */
void *mem_resize(void *, size_t n);
void *mem_dup(const void *, size_t n);
void mem_free(void *);

/* ---- buffers: growing bytes with a ceiling; past it the buffer says so and stays as it was */
struct buf {
	uint8_t *p;
	size_t n, room, ceiling;
	bool failed;                                  /* an append went past the ceiling */
};

void buf_init(struct buf *, size_t ceiling);
void buf_done(struct buf *);
void buf_clear(struct buf *);                         /* n = 0 and failed = false, memory kept */
void buf_add(struct buf *, const void *, size_t n);
void buf_str(struct buf *, struct str);
void buf_z(struct buf *, const char *);
void buf_c(struct buf *, char);
void buf_zero(struct buf *, size_t n);
void buf_u8(struct buf *, uint8_t);
void buf_u16(struct buf *, uint16_t);                 /* big-endian, as everything on disk */
void buf_u32(struct buf *, uint32_t);
void buf_u64(struct buf *, uint64_t);
void buf_fmt(struct buf *, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct str buf_view(const struct buf *);
MUST_USE enum rc buf_ok(const struct buf *, const char *what, struct err *);

/* ---- numbers */
bool num_add(size_t a, size_t b, size_t *out);        /* false: it does not fit */
bool num_mul(size_t a, size_t b, size_t *out);
bool num_u64(struct str, uint64_t max, uint64_t *out);/* decimal digits only, no sign, all consumed */
bool num_i64(struct str, int64_t *out);               /* optional '-', digits */
/* "12.5" to 12500000: scaled by 10^6; false for more than six places or too large. */
bool num_decimal(struct str, int64_t *scaled);
size_t num_decimal_fmt(int64_t scaled, char out[32]); /* shortest form; returns length */

static inline uint16_t get_u16(const uint8_t *p) { return (uint16_t)((p[0] << 8) | p[1]); }
static inline uint32_t get_u32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}
static inline uint64_t get_u64(const uint8_t *p) { return ((uint64_t)get_u32(p) << 32) | get_u32(p + 4); }
static inline void put_u16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)(v >> 8); p[1] = (uint8_t)v; }
static inline void put_u32(uint8_t *p, uint32_t v) { put_u16(p, (uint16_t)(v >> 16)); put_u16(p + 2, (uint16_t)v); }
static inline void put_u64(uint8_t *p, uint64_t v) { put_u32(p, (uint32_t)(v >> 32)); put_u32(p + 4, (uint32_t)v); }

/* ---- hex and base64 */
void hex_put(char *out, const uint8_t *, size_t n);   /* 2n characters, no terminator */
struct str hex_str(struct arena *, const uint8_t *, size_t n);
bool hex_get(struct str, uint8_t *out, size_t n);     /* exactly 2n digits, lower or upper case */
void buf_hex(struct buf *, const uint8_t *, size_t n);
void buf_base64(struct buf *, const uint8_t *, size_t n);  /* standard alphabet, padded */
/* Strict: canonical padding and bits, no white space.  Appends at most ${max} bytes. */
bool base64_get(struct str, uint8_t *out, size_t max, size_t *n);

/* ---- randomness: the operating system's generator; ends the process when there is none */
void rand_bytes(uint8_t *, size_t n);

#endif

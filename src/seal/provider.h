/* provider: who keeps the keys of the generations, the only secrets that are not in the organization's folder;
 * and its first implementation, the key file, with a passphrase or alone.
 * Uses base/, seal/crypt.h.  On disk: docs/formats/keys.md */
#ifndef SEAL_PROVIDER_H
#define SEAL_PROVIDER_H

#include "base/base.h"
#include "seal/crypt.h"

/* A provider is open from its own open function to provider_close. */
struct provider_ops {
	const char *name;               /* for people: "a passphrase" */
	/* Make generation ${g}, one above the present one.  RC_EXISTS: there is one already; RC_IO, RC_NO_SPACE. */
	enum rc (*generation_create)(void *self, uint32_t g, struct err *);
	/* RC_NOT_FOUND: it was destroyed, or never was. */
	enum rc (*generation_key)(void *self, uint32_t g, struct secret *out, struct err *);
	/* Destroy ${g}; a younger one must be there.  What it protected is gone for whoever has no old copy. */
	enum rc (*generation_destroy)(void *self, uint32_t g, struct err *);
	void (*close)(void *self);
};

struct provider {
	const struct provider_ops *ops;
	void *self;
	uint8_t organization[16];
	uint32_t generation;            /* the oldest one that is there: the present one, but during a roll */
};

MUST_USE enum rc provider_generation_create(struct provider *, uint32_t g, struct err *);
MUST_USE enum rc provider_generation_key(struct provider *, uint32_t g, struct secret *out, struct err *);
MUST_USE enum rc provider_generation_destroy(struct provider *, uint32_t g, struct err *);
void provider_close(struct provider *);                 /* wipes; NULL does nothing */

/* ---- the key file */
#define KEY_FILE_BYTES 224

enum key_file_kind { KEY_FILE_PASSPHRASE = 1, KEY_FILE_ALONE = 2 };

/* What it costs to try a passphrase; zero everywhere for KEY_FILE_ALONE. */
struct key_file_cost {
	uint32_t t, m_kib, lanes;
};

#define KEY_FILE_COST ((struct key_file_cost){ 3, 65536, 4 })

struct key_file {
	enum key_file_kind kind;
	struct key_file_cost cost;
	uint32_t generation, next_generation;           /* next: 0 but during a roll */
	uint8_t salt[16], organization[16];
	uint8_t wrapped_organization_key[KEY_WRAP_BYTES], wrapped_kek[KEY_WRAP_BYTES], wrapped_next[KEY_WRAP_BYTES];
};

/* RC_ALTERED: it is no key file, or not as it was written.  Opens nothing, so it needs no passphrase. */
MUST_USE enum rc key_file_decode(struct str bytes, struct key_file *out, struct err *);
void key_file_encode(const struct key_file *, uint8_t out[KEY_FILE_BYTES]);

/* A new organization's: fresh keys, generation 1.  ${passphrase} is ignored for KEY_FILE_ALONE. */
MUST_USE enum rc key_file_make(enum key_file_kind, struct str passphrase, struct key_file_cost,
    const uint8_t organization[16], uint8_t out[KEY_FILE_BYTES], struct err *);

/* Where a changed key file goes: the function must have replaced the file durably before it returns RC_OK. */
struct key_file_store {
	enum rc (*replace)(void *ctx, const uint8_t bytes[KEY_FILE_BYTES], struct err *);
	void *ctx;
};

/* RC_ALTERED: the key file is damaged; RC_LOCKED: the passphrase is wrong (both end a command that needs the keys
 * with exit status 3).  ${store} is kept by value; NULL when no generation will be made or destroyed. */
MUST_USE enum rc key_file_open(struct str bytes, struct str passphrase, const struct key_file_store *store,
    struct provider **out, struct err *);

#endif

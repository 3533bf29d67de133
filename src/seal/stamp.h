/* stamp: time stamps of RFC 3161: a request for one, and what a token says: that some bytes existed at a time, in the words
 * and under the signature of a time stamping authority.
 * Uses base/, libcrypto. */
#ifndef SEAL_STAMP_H
#define SEAL_STAMP_H

#include "base/base.h"
#include "seal/hash.h"

#define STAMP_MAX ((size_t)1 << 16)     /* bytes of a token: certificates included */

/* A request over the SHA-256 of what is to be stamped, with a nonce, and with the wish for the authority's certificates. */
MUST_USE enum rc stamp_request(const uint8_t digest[SHA256_BYTES], struct buf *der, struct err *);

struct stamp {
	uint8_t digest[SHA256_BYTES];   /* of what was stamped */
	int64_t at_us;                  /* the authority's clock */
	struct str authority;           /* who signed, as the certificate names it */
	struct str token;               /* DER, without the answer around it */
	bool is_trusted;                /* the certificate leads to one of ${trusted}, as of that time */
};

/* A token, or the answer to a request that holds one.  ${trusted}: PEM certificates of authorities, or STR_NONE: then the
 * signature is checked with the certificates inside, and nobody vouches for them.  Chains are judged as of the stamped time, for
 * a token outlives its certificates.  RC_INVALID says what is wrong with it. */
MUST_USE enum rc stamp_read(struct arena *, struct str der, struct str trusted, struct stamp *out, struct err *);

#endif

/* tls: the certificate that the server shows: a file's, or one that it makes for itself.
 * Uses OpenSSL. */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include "base/base.h"

/* DIR/server/tls.crt and tls.key (0600), made when they are not there: ECDSA P-256, ten years, for localhost, this machine's
 * name and ${address}.  Texts in ${a}. */
MUST_USE enum rc tls_own(struct arena *a, const char *folder, const char *address, struct str *cert, struct str *key, struct err *);
/* SHA-256 of the certificate, "AB:CD:…", to be compared with what the browser shows. */
MUST_USE enum rc tls_fingerprint(struct arena *a, struct str cert, struct str *out, struct err *);

#endif

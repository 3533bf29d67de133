/* otp: codes of an authenticator app, RFC 6238: HMAC-SHA-1, six digits, 30 seconds; and the picture that hands the secret over.
 * Uses base/, OpenSSL, libqrencode. */
#ifndef SERVER_OTP_H
#define SERVER_OTP_H

#include "base/base.h"

enum { OTP_SECRET_BYTES = 20, OTP_STEP_SECONDS = 30 };

/* The code of a step (seconds since 1970 / 30), from 0 to 999999. */
uint32_t otp_code(const uint8_t *secret, size_t n, uint64_t step);
/* Six digits that stand for the step of ${now_s} or one beside it, and later than ${last}: a code counts once.  ${*step} is
 * which.  The time that it takes does not tell how much was right. */
bool otp_check(const uint8_t secret[OTP_SECRET_BYTES], struct str digits, uint64_t now_s, uint64_t last, uint64_t *step);
/* RFC 4648 without padding, in ${a}. */
struct str base32(struct arena *a, const uint8_t *, size_t n);
/* "otpauth://totp/…" as authenticator apps read it, in ${a}. */
struct str otp_uri(struct arena *a, struct str issuer, struct str account, const uint8_t secret[OTP_SECRET_BYTES]);
/* The text as a QR code, an SVG with nothing but one path.  RC_LIMIT: too long. */
MUST_USE enum rc qr_svg(struct str text, struct buf *svg, struct err *);

#endif

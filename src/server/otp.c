#include "server/otp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>

#include "seal/hash.h"
#include "server/form.h"

uint32_t otp_code(const uint8_t *secret, size_t n, uint64_t step)
{
	uint8_t message[8], mac[EVP_MAX_MD_SIZE];
	unsigned mac_n = 0;

	put_u64(message, step);
	if (HMAC(EVP_sha1(), secret, (int)n, message, sizeof(message), mac, &mac_n) == NULL || mac_n != 20)
		abort();                        /* without the hash nobody may come in */
	return (get_u32(mac + (mac[19] & 15)) & 0x7fffffff) % 1000000;
}

bool otp_check(const uint8_t secret[OTP_SECRET_BYTES], struct str digits, uint64_t now_s, uint64_t last, uint64_t *step)
{
	uint64_t now = now_s / OTP_STEP_SECONDS, s, found = 0;
	char want[8];
	bool fits = false;

	if (digits.n != 6)
		return false;
	for (s = now > 0 ? now - 1 : 0; s <= now + 1; s++) {
		(void)snprintf(want, sizeof(want), "%06u", otp_code(secret, OTP_SECRET_BYTES, s));
		if (ct_equal(want, digits.p, 6) && s > last) {
			fits = true;
			found = s;
		}
	}
	*step = found;
	return fits;
}

struct str base32(struct arena *a, const uint8_t *p, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	char *out = arena_alloc(a, n * 8 / 5 + 2);
	size_t at = 0, i;
	unsigned bits = 0, have = 0;

	for (i = 0; i < n; i++) {
		bits = (bits << 8 | p[i]) & 0xffff;
		for (have += 8; have >= 5; have -= 5)
			out[at++] = letters[bits >> (have - 5) & 31];
	}
	if (have > 0)
		out[at++] = letters[bits << (5 - have) & 31];
	return (struct str){ out, at };
}

struct str otp_uri(struct arena *a, struct str issuer, struct str account, const uint8_t secret[OTP_SECRET_BYTES])
{
	struct str out;
	struct buf b;

	buf_init(&b, 4096);
	buf_z(&b, "otpauth://totp/");
	url_put(&b, issuer);
	buf_z(&b, ":");
	url_put(&b, account);
	buf_z(&b, "?secret=");
	buf_str(&b, base32(a, secret, OTP_SECRET_BYTES));
	buf_z(&b, "&issuer=");
	url_put(&b, issuer);
	out = arena_str(a, buf_view(&b));
	buf_done(&b);
	return out;
}

enum rc qr_svg(struct str text, struct buf *svg, struct err *e)
{
	QRcode *q = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_M);
	int x, y;

	if (q == NULL)
		return err_set(e, RC_LIMIT, "%zu bytes are too many for a QR code", text.n);
	buf_fmt(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-4 -4 %d %d\" width=\"200\" height=\"200\" role=\"img\" "
	    "aria-label=\"QR code for the authenticator app\"><path fill=\"#fff\" d=\"M-4-4h%dv%dh-%dz\"/><path fill=\"#000\" d=\"",
	    q->width + 8, q->width + 8, q->width + 8, q->width + 8, q->width + 8);
	for (y = 0; y < q->width; y++)
		for (x = 0; x < q->width; x++)
			if (q->data[y * q->width + x] & 1)
				buf_fmt(svg, "M%d %dh1v1h-1z", x, y);
	buf_z(svg, "\"/></svg>");
	QRcode_free(q);
	return RC_OK;
}

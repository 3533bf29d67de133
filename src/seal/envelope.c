/* envelope: where a raw record stood in its file and why it was rejected, sealed behind its bytes; and the tag
 * that finds a record again.  Neither says anything to whoever has no key. */
#include "seal/box.h"

#include <assert.h>
#include <string.h>

enum { FIXED = 32 };

/* At most BOX_REASON_MAX bytes, never half a character. */
static struct str cut_reason(struct str s)
{
	size_t n = s.n;

	if (n > BOX_REASON_MAX) {
		n = BOX_REASON_MAX;
		while (n > 0 && ((uint8_t)s.p[n] & 0xc0) == 0x80)
			n--;
	}
	return str_sub(s, 0, n);
}

void envelope_put(const struct envelope *v, struct buf *b)
{
	struct str reason = cut_reason(v->reason);

	buf_add(b, v->open_id, 16);
	buf_u64(b, v->position);
	buf_u32(b, v->raw_n);
	buf_u16(b, v->reason_code);
	buf_u16(b, (uint16_t)reason.n);
	buf_str(b, reason);
}

enum rc envelope_get(struct str bytes, struct envelope *out, struct err *e)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	struct envelope v;
	size_t reason_n;

	if (bytes.n < FIXED)
		return err_set(e, RC_ALTERED, "an envelope has %zu bytes, and 32 is the least", bytes.n);
	memcpy(v.open_id, p, 16);
	v.position = get_u64(p + 16);
	v.raw_n = get_u32(p + 24);
	v.reason_code = get_u16(p + 28);
	reason_n = get_u16(p + 30);
	if (reason_n > BOX_REASON_MAX || reason_n != bytes.n - FIXED)
		return err_set(e, RC_ALTERED, "an envelope of %zu bytes names a reason of %zu", bytes.n, reason_n);
	v.reason = str_sub(bytes, FIXED, reason_n);
	if (!str_utf8_valid(v.reason, NULL) || (v.reason_code == 0 && reason_n > 0))
		return err_set(e, RC_ALTERED, "an envelope's reason is not text, or has no code");
	*out = v;
	return RC_OK;
}

void record_tag(const struct key *dedup, enum identity_kind kind, struct str source, struct str identity,
    uint8_t out[16])
{
	uint8_t head[3], mac[SHA256_BYTES];
	const struct str pieces[] = { LABEL("dedup"), str_bytes(head, 3), source, identity };

	assert(source.n <= UINT16_MAX);
	head[0] = (uint8_t)kind;
	put_u16(head + 1, (uint16_t)source.n);
	hmac_key_pieces(&dedup->mac, pieces, 4, mac);
	memcpy(out, mac, 16);
}

void record_tag_place(const struct key *dedup, struct str source, const uint8_t digest[32], uint64_t position,
    uint8_t out[16])
{
	uint8_t identity[40];

	memcpy(identity, digest, 32);
	put_u64(identity + 32, position);
	record_tag(dedup, IDENTITY_PLACE, source, str_bytes(identity, sizeof identity), out);
}

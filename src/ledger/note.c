/* note: see note.h. */
#include "ledger/note.h"

#include <string.h>

static const struct str dash = { "\xe2\x80\x94 ", 4 };

static bool name_valid(struct str name)
{
	size_t i, bad;

	if (name.n == 0 || name.n > ORIGIN_MAX || !str_utf8_valid(name, &bad))
		return false;
	for (i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] <= 0x20 || name.p[i] == '+' || name.p[i] == 0x7f)
			return false;
	return true;
}

enum rc note_key_make(struct str name, uint8_t type, const uint8_t public_key[32], struct note_key *k, struct err *e)
{
	const uint8_t lf = 0x0a;
	struct str pieces[4];
	uint8_t h[SHA256_BYTES];

	if (!name_valid(name))
		return err_set(e, RC_INVALID, "\"%.*s\" is no name for a key: no spaces, no +, at most 255 bytes", STR_FMT(name));
	memset(k, 0, sizeof(*k));
	memcpy(k->name, name.p, name.n);
	k->type = type;
	memcpy(k->public_key, public_key, 32);
	pieces[0] = name;
	pieces[1] = str_bytes(&lf, 1);
	pieces[2] = str_bytes(&k->type, 1);
	pieces[3] = str_bytes(k->public_key, 32);
	sha256_pieces(pieces, 4, h);
	k->id = get_u32(h);
	return RC_OK;
}

enum rc note_key_parse(struct str vkey, struct note_key *k, struct err *e)
{
	struct str rest = str_trim(vkey), name = str_cut(&rest, '+'), id = str_cut(&rest, '+');
	uint8_t blob[64], id_bytes[4];
	size_t n;
	enum rc rc;

	if (rest.p == NULL || !hex_get(id, id_bytes, 4) || !base64_get(rest, blob, sizeof(blob), &n) || n != 33 ||
	    (blob[0] != 1 && blob[0] != 4))
		return err_set(e, RC_INVALID, "this is no verifier's key; it looks like name+8hexdigits+base64");
	if ((rc = note_key_make(name, blob[0], blob + 1, k, e)) != RC_OK)
		return rc;
	if (k->id != get_u32(id_bytes))
		return err_set(e, RC_INVALID, "the verifier's key of \"%.*s\" does not fit its own identifier", STR_FMT(name));
	return RC_OK;
}

void note_key_put(const struct note_key *k, struct buf *b)
{
	uint8_t blob[33], id[4];

	blob[0] = k->type;
	memcpy(blob + 1, k->public_key, 32);
	put_u32(id, k->id);
	buf_z(b, k->name);
	buf_c(b, '+');
	buf_hex(b, id, 4);
	buf_c(b, '+');
	buf_base64(b, blob, sizeof(blob));
}

void note_sign(struct str text, const struct note_key *k, const struct secret *seed, struct buf *out)
{
	uint8_t blob[4 + ED25519_BYTES];

	put_u32(blob, k->id);
	ed25519_sign(seed, text, blob + 4);
	buf_str(out, text);
	buf_c(out, '\n');
	buf_str(out, dash);
	buf_z(out, k->name);
	buf_c(out, ' ');
	buf_base64(out, blob, sizeof(blob));
	buf_c(out, '\n');
}

static enum rc bad(struct err *e, const char *what)
{
	return err_set(e, RC_ALTERED, "the signed note is not as it was written: %s", what);
}

/* Where the signatures begin: behind the last blank line. */
static bool split(struct str note, size_t *at)
{
	size_t i;

	for (i = note.n; i >= 2; i--) {
		if (note.p[i - 1] == '\n' && note.p[i - 2] == '\n') {
			*at = i;
			return true;
		}
	}
	return false;
}

static enum rc one_signature(struct str line, struct str text, const struct note_key *k, bool *good, struct err *e)
{
	struct str rest, name;
	uint8_t blob[4096];
	size_t n;

	if (!str_starts(line, dash))
		return bad(e, "a signature line does not begin with a dash");
	rest = str_sub(line, dash.n, line.n);
	name = str_cut(&rest, ' ');
	if (!name_valid(name) || rest.p == NULL || !base64_get(rest, blob, sizeof(blob), &n) || n < 5)
		return bad(e, "a signature line does not read");
	if (!str_is(name, k->name) || get_u32(blob) != k->id)
		return RC_OK;
	if (n != 4 + ED25519_BYTES || !ed25519_verify(k->public_key, text, str_bytes(blob + 4, ED25519_BYTES)))
		return bad(e, "the signature does not fit");
	*good = true;
	return RC_OK;
}

enum rc note_open(struct str note, const struct note_key *k, struct str *text, struct err *e)
{
	struct str rest, body, line;
	bool good = false;
	size_t at, i, lines = 0;
	enum rc rc;

	if (note.n > NOTE_MAX || !str_utf8_valid(note, &at))
		return bad(e, "too long, or no UTF-8");
	for (i = 0; i < note.n; i++)
		if ((unsigned char)note.p[i] < 0x20 && note.p[i] != '\n')
			return bad(e, "it holds a control character");
	if (!split(note, &at) || note.p[note.n - 1] != '\n' || at == note.n)
		return bad(e, "there is no signature");
	body = str_sub(note, 0, at - 1);
	rest = str_sub(note, at, note.n - at - 1);
	while (rest.p != NULL) {
		line = str_cut(&rest, '\n');
		if (++lines > NOTE_LINES_MAX)
			return bad(e, "too many signatures");
		if ((rc = one_signature(line, body, k, &good, e)) != RC_OK)
			return rc;
	}
	if (!good)
		return bad(e, "no signature is of the key that was given");
	*text = body;
	return RC_OK;
}

void checkpoint_put(const struct checkpoint *c, struct buf *b)
{
	buf_str(b, c->origin);
	buf_fmt(b, "\n%llu\n", (unsigned long long)c->size);
	buf_base64(b, c->root, SHA256_BYTES);
	buf_c(b, '\n');
}

enum rc checkpoint_parse(struct str text, struct checkpoint *c, struct err *e)
{
	struct str rest = text, origin = str_cut(&rest, '\n'), size = str_cut(&rest, '\n'), root = str_cut(&rest, '\n');
	size_t n;

	if (rest.p == NULL || rest.n != 0 || !name_valid(origin) || !num_u64(size, UINT64_MAX, &c->size) ||
	    (size.n > 1 && size.p[0] == '0') || !base64_get(root, c->root, SHA256_BYTES, &n) || n != SHA256_BYTES)
		return err_set(e, RC_ALTERED, "the checkpoint is not three lines: origin, size, root");
	c->origin = origin;
	return RC_OK;
}

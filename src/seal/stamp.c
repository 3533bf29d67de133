/* stamp: see stamp.h. */
#include "seal/stamp.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <string.h>

#include "base/time.h"

static enum rc wrong(struct err *e, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	enum rc rc = err_set(e, RC_INVALID, "%s%s%s%s", what, reason != NULL ? " (" : "", reason != NULL ? reason : "",
	    reason != NULL ? ")" : "");

	ERR_clear_error();
	return rc;
}

/* ---- asking */
static bool fill_imprint(TS_MSG_IMPRINT *to, const uint8_t digest[SHA256_BYTES])
{
	X509_ALGOR *algorithm = X509_ALGOR_new();
	bool ok = algorithm != NULL && X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
	    TS_MSG_IMPRINT_set_algo(to, algorithm) == 1 &&
	    TS_MSG_IMPRINT_set_msg(to, (unsigned char *)(uintptr_t)digest, SHA256_BYTES) == 1;

	X509_ALGOR_free(algorithm);
	return ok;
}

static ASN1_INTEGER *fresh_nonce(void)
{
	uint8_t bytes[8];
	BIGNUM *n;
	ASN1_INTEGER *out;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return NULL;
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and always eight bytes */
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	out = n != NULL ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
	BN_free(n);
	return out;
}

enum rc stamp_request(const uint8_t digest[SHA256_BYTES], struct buf *out, struct err *e)
{
	TS_REQ *request = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	ASN1_INTEGER *nonce = fresh_nonce();
	unsigned char *der = NULL;
	int n = 0;

	if (request != NULL && imprint != NULL && nonce != NULL && fill_imprint(imprint, digest) &&
	    TS_REQ_set_version(request, 1) == 1 && TS_REQ_set_msg_imprint(request, imprint) == 1 &&
	    TS_REQ_set_nonce(request, nonce) == 1 && TS_REQ_set_cert_req(request, 1) == 1)
		n = i2d_TS_REQ(request, &der);
	if (n > 0)
		buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
	ASN1_INTEGER_free(nonce);
	TS_MSG_IMPRINT_free(imprint);
	TS_REQ_free(request);
	return n > 0 ? RC_OK : err_set(e, RC_INTERNAL, "no request for a time stamp can be made");
}

/* ---- reading */
/* The token in an answer, or the bytes as a token. */
static enum rc token_of(struct str der, PKCS7 **out, struct err *e)
{
	const unsigned char *p = (const unsigned char *)der.p;
	TS_RESP *answer;
	const ASN1_INTEGER *status;
	PKCS7 *token;

	*out = NULL;
	if (der.n == 0 || der.n > STAMP_MAX)
		return err_set(e, RC_INVALID, "a time stamp has at most %zu bytes", STAMP_MAX);
	if ((answer = d2i_TS_RESP(NULL, &p, (long)der.n)) != NULL) {
		status = TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(answer));
		token = TS_RESP_get_token(answer);
		if (token != NULL && ASN1_INTEGER_get(status) <= 1)
			*out = PKCS7_dup(token);
		TS_RESP_free(answer);
		return *out != NULL ? RC_OK : wrong(e, "the authority did not grant a time stamp");
	}
	ERR_clear_error();
	p = (const unsigned char *)der.p;
	*out = d2i_PKCS7(NULL, &p, (long)der.n);
	if (*out == NULL || p != (const unsigned char *)der.p + der.n) {
		PKCS7_free(*out);
		*out = NULL;
		return wrong(e, "it is neither a time stamp of RFC 3161 nor the answer to a request for one");
	}
	return RC_OK;
}

/* Whole seconds and up to six digits behind them, as RFC 3161 has them: YYYYMMDDhhmmss[.f…]Z. */
static bool instant_of(const ASN1_GENERALIZEDTIME *t, int64_t *us)
{
	const char *p = (const char *)ASN1_STRING_get0_data(t);
	int n = ASN1_STRING_length(t), i;
	int64_t unit = 100000, fraction = 0;
	char text[40];

	if (n < 15 || n > 32 || p[n - 1] != 'Z')
		return false;
	for (i = 0; i < 14; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	(void)snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", p, p + 4, p + 6, p + 8, p + 10, p + 12);
	if (instant_parse(str_z(text), zone_utc(), us) == TIME_BAD)
		return false;
	for (i = 15; p[14] == '.' && i < n - 1; i++, unit /= 10) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		fraction += (p[i] - '0') * unit;
	}
	*us += fraction;
	return p[14] == '.' || n == 15;
}

static bool add_trusted(X509_STORE *store, struct str pem)
{
	BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *cert;
	unsigned n = 0;

	while (in != NULL && n < 1000 && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_cert(store, cert) == 1;
		X509_free(cert);
	}
	BIO_free(in);
	ERR_clear_error();
	return n > 0;
}

/* Signature, digest and the certificate's purpose; the chain up to ${pem}, or, without it, up to any certificate inside. */
static bool holds(PKCS7 *token, const uint8_t digest[SHA256_BYTES], int64_t at_us, struct str pem, STACK_OF(X509) *inside)
{
	TS_VERIFY_CTX *how = TS_VERIFY_CTX_new();
	X509_STORE *store = X509_STORE_new();
	unsigned char *imprint = OPENSSL_memdup(digest, SHA256_BYTES);
	bool ok = how != NULL && store != NULL && imprint != NULL;
	int i;

	if (ok && pem.n > 0)
		ok = pem.n < INT32_MAX && add_trusted(store, pem);
	for (i = 0; ok && pem.n == 0 && i < sk_X509_num(inside); i++)
		(void)X509_STORE_add_cert(store, sk_X509_value(inside, i));
	if (ok) {
		X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)(at_us / 1000000));
		(void)X509_STORE_set_flags(store, pem.n > 0 ? 0 : X509_V_FLAG_PARTIAL_CHAIN);
		(void)TS_VERIFY_CTX_set_flags(how, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_SIGNATURE);
		(void)TS_VERIFY_CTX_set_imprint(how, imprint, SHA256_BYTES);
		(void)TS_VERIFY_CTX_set_store(how, store);
		imprint = NULL;
		store = NULL;
		ok = TS_RESP_verify_token(how, token) == 1;
	}
	OPENSSL_free(imprint);
	X509_STORE_free(store);
	TS_VERIFY_CTX_free(how);
	return ok;
}

static struct str name_of(struct arena *a, PKCS7 *token)
{
	STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
	struct str out = STR("an authority without a name");
	char text[256];
	X509_NAME *name;

	if (signers != NULL && sk_X509_num(signers) > 0) {
		name = X509_get_subject_name(sk_X509_value(signers, 0));
		if (X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof(text)) > 0 ||
		    X509_NAME_get_text_by_NID(name, NID_organizationName, text, sizeof(text)) > 0)
			out = str_utf8_valid(str_z(text), NULL) ? arena_str(a, str_z(text)) : out;
	}
	sk_X509_free(signers);
	return out;
}

static enum rc read_token(struct arena *a, PKCS7 *token, struct str trusted, struct stamp *out, struct err *e)
{
	TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(token);
	TS_MSG_IMPRINT *imprint;
	ASN1_OCTET_STRING *digest;
	unsigned char *der = NULL;
	const ASN1_OBJECT *algorithm = NULL;
	enum rc rc = RC_OK;
	int n;

	if (info == NULL)
		return wrong(e, "it holds no time stamp");
	imprint = TS_TST_INFO_get_msg_imprint(info);
	digest = TS_MSG_IMPRINT_get_msg(imprint);
	X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	if (OBJ_obj2nid(algorithm) != NID_sha256 || ASN1_STRING_length(digest) != SHA256_BYTES)
		rc = wrong(e, "it stamps no SHA-256 digest");
	else if (!instant_of(TS_TST_INFO_get_time(info), &out->at_us))
		rc = wrong(e, "its time is none");
	else
		memcpy(out->digest, ASN1_STRING_get0_data(digest), SHA256_BYTES);
	TS_TST_INFO_free(info);
	if (rc != RC_OK)
		return rc;
	if (!PKCS7_type_is_signed(token) || !holds(token, out->digest, out->at_us, STR_NONE, token->d.sign->cert))
		return wrong(e, "its signature does not hold, or it brings no certificate of a time stamping authority");
	out->is_trusted = trusted.n > 0 && holds(token, out->digest, out->at_us, trusted, NULL);
	ERR_clear_error();
	out->authority = name_of(a, token);
	if ((n = i2d_PKCS7(token, &der)) <= 0)
		return wrong(e, "it cannot be written again");
	out->token = arena_str(a, str_bytes(der, (size_t)n));
	OPENSSL_free(der);
	return RC_OK;
}

enum rc stamp_read(struct arena *a, struct str der, struct str trusted, struct stamp *out, struct err *e)
{
	PKCS7 *token;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	if ((rc = token_of(der, &token, e)) != RC_OK)
		return rc;
	rc = read_token(a, token, trusted, out, e);
	PKCS7_free(token);
	return rc;
}

#include "server/tls.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { PEM_MOST = 64 << 10, DAYS = 3650 };

static bool extend(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool done;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	if ((ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value)) == NULL)
		return false;
	done = X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return done;
}

static bool fill(X509 *x, EVP_PKEY *key, const char *address)
{
	char host[256] = "localhost", names[600];
	uint8_t serial[16];
	X509_NAME *name = X509_get_subject_name(x);
	BIGNUM *n;
	size_t i;

	(void)gethostname(host, sizeof(host) - 1);
	for (i = 0; host[i] != 0; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", host[i]) == NULL)
			host[i] = '-';
	(void)snprintf(names, sizeof(names), "DNS:localhost,DNS:%s,IP:127.0.0.1,IP:::1,IP:%s", host, address);
	rand_bytes(serial, sizeof(serial));
	serial[0] &= 0x7f;
	n = BN_bin2bn(serial, sizeof(serial), NULL);
	if (n == NULL || BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) == NULL) {
		BN_free(n);
		return false;
	}
	BN_free(n);
	return X509_set_version(x, 2) == 1 && X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL &&
	    X509_time_adj_ex(X509_getm_notAfter(x), DAYS, 0, NULL) != NULL && X509_set_pubkey(x, key) == 1 &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"Tickmark", -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, name) == 1 && extend(x, NID_basic_constraints, "critical,CA:FALSE") &&
	    extend(x, NID_ext_key_usage, "serverAuth") && extend(x, NID_subject_alt_name, names) &&
	    X509_sign(x, key, EVP_sha256()) > 0;
}

static enum rc keep(BIO *b, const char *path, unsigned mode, struct err *e)
{
	char *bytes;
	long n = BIO_get_mem_data(b, &bytes);

	return n > 0 ? file_replace(path, bytes, (size_t)n, mode, e) : err_set(e, RC_INTERNAL, "a certificate cannot be written");
}

static enum rc make(const char *cert, const char *key, const char *address, struct err *e)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *kb = BIO_new(BIO_s_mem()), *xb = BIO_new(BIO_s_mem());
	enum rc rc = RC_INTERNAL;

	if (k == NULL || x == NULL || kb == NULL || xb == NULL || !fill(x, k, address) ||
	    PEM_write_bio_PrivateKey(kb, k, NULL, NULL, 0, NULL, NULL) != 1 || PEM_write_bio_X509(xb, x) != 1)
		(void)err_set(e, rc, "a certificate of our own cannot be made: give one by --tls-cert and --tls-key");
	else if ((rc = keep(kb, key, 0600, e)) == RC_OK)
		rc = keep(xb, cert, 0644, e);
	BIO_free(kb);
	BIO_free(xb);
	X509_free(x);
	EVP_PKEY_free(k);
	return rc;
}

enum rc tls_own(struct arena *a, const char *folder, const char *address, struct str *cert, struct str *key, struct err *e)
{
	const char *c = arena_z(a, arena_fmt(a, "%s/tls.crt", folder)), *k = arena_z(a, arena_fmt(a, "%s/tls.key", folder));
	enum rc rc;

	if ((!file_exists(c) || !file_exists(k)) && (rc = make(c, k, address, e)) != RC_OK)
		return rc;
	if ((rc = file_read(a, c, PEM_MOST, cert, e)) != RC_OK)
		return rc;
	return file_read(a, k, PEM_MOST, key, e);
}

enum rc tls_fingerprint(struct arena *a, struct str cert, struct str *out, struct err *e)
{
	BIO *b = BIO_new_mem_buf(cert.p, (int)cert.n);
	X509 *x = b != NULL ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned n = 0, i;
	struct buf text;
	enum rc rc = RC_OK;

	if (x == NULL || X509_digest(x, EVP_sha256(), hash, &n) != 1)
		rc = err_set(e, RC_INVALID, "the certificate cannot be read: it must be PEM text");
	buf_init(&text, 256);
	for (i = 0; rc == RC_OK && i < n; i++)
		buf_fmt(&text, "%s%02X", i > 0 ? ":" : "", hash[i]);
	*out = arena_str(a, buf_view(&text));
	buf_done(&text);
	X509_free(x);
	BIO_free(b);
	return rc;
}

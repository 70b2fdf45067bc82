#include "parser/smime.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/objects.h>

#include "core/base64.h"
#include "core/limits.h"

void
smime_init(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
}

/* What stands between the lines of a PEM file (RFC 7468), decoded to ${out}. */
static int
decode_pem(struct buf *out, struct str in)
{
	const char *from = str_find(in, STR("\n"));
	const char *to;
	struct buf packed;
	int rc;

	if (from == NULL)
		return -1;
	in = (struct str){ from, in.n - (size_t)(from - in.p) };
	to = str_find(in, STR("-----END "));
	if (to != NULL)
		in.n = (size_t)(to - in.p);
	buf_init(&packed, in.n);
	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] != '\r' && in.p[i] != '\n' && in.p[i] != ' ' && in.p[i] != '\t')
			buf_put(&packed, &in.p[i], 1);
	rc = base64_get(out, buf_str(&packed));
	buf_fini(&packed);
	return rc;
}

static enum smime
signed_content(struct arena *a, CMS_ContentInfo *cms, struct str *content)
{
	ASN1_OCTET_STRING **octets = CMS_get0_content(cms);
	struct str s;

	if (octets == NULL || *octets == NULL || ASN1_STRING_length(*octets) <= 0)
		return SMIME_NO_CONTENT;
	s.p = (const char *)ASN1_STRING_get0_data(*octets);
	s.n = (size_t)ASN1_STRING_length(*octets);
	s = arena_str(a, s);
	if (s.p == NULL)
		return SMIME_TOO_BIG;
	*content = s;
	return SMIME_HAS_CONTENT;
}

static enum smime
read_der(struct arena *a, struct str in, struct str *content)
{
	const unsigned char *p = (const unsigned char *)in.p;
	CMS_ContentInfo *cms = in.n <= LONG_MAX ? d2i_CMS_ContentInfo(NULL, &p, (long)in.n) : NULL;
	enum smime rc;

	if (cms == NULL)
		return SMIME_DAMAGED;
	switch (OBJ_obj2nid(CMS_get0_type(cms))) {
	case NID_pkcs7_signed:
		rc = signed_content(a, cms, content);
		break;
	case NID_pkcs7_enveloped:
	case NID_pkcs7_encrypted:
	case NID_id_smime_ct_authEnvelopedData:
		rc = SMIME_ENCRYPTED;
		break;
	default:
		rc = SMIME_OTHER_TYPE;
		break;
	}
	CMS_ContentInfo_free(cms);
	return rc;
}

enum smime
smime_content(struct arena *a, struct str in, struct str *content)
{
	struct buf der;
	enum smime rc = SMIME_DAMAGED;

	if (in.n > LIMIT_CMS_BYTES)
		return SMIME_TOO_BIG;
	in = str_trim(in);
	if (in.n > 0 && in.p[0] != '-')
		return read_der(a, in, content);
	buf_init(&der, in.n + 4);
	if (decode_pem(&der, in) == 0)
		rc = read_der(a, buf_str(&der), content);
	buf_fini(&der);
	return rc;
}

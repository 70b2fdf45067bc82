#include "parser/idn.h"

#include <idn2.h>

bool
idn_needed(struct str s)
{
	unsigned all = 0;

	for (size_t i = 0; i < s.n; i++)
		all |= (unsigned char)s.p[i];
	return all >= 0x80;
}

struct str
idn_ascii(struct str domain, char to[LIMIT_DOMAIN_BYTES])
{
	struct str none = { NULL, 0 }, got;
	char text[LIMIT_DOMAIN_BYTES + 1];
	uint8_t *ascii = NULL;

	if (domain.n == 0 || domain.n > LIMIT_DOMAIN_BYTES)
		return none;
	memcpy(text, domain.p, domain.n);
	text[domain.n] = '\0';
	if (idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
	    IDN2_OK)
		return none;
	got = str_of((const char *)ascii);
	if (got.n <= LIMIT_DOMAIN_BYTES)
		memcpy(to, got.p, got.n);
	else
		got.n = 0;
	idn2_free(ascii);
	return got.n > 0 ? (struct str){ to, got.n } : none;
}

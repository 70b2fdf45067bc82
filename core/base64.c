#include "core/base64.h"

#include <limits.h>
#include <openssl/evp.h>

void
base64_put(struct buf *out, struct str s)
{
	size_t n = (s.n + 2) / 3 * 4;
	char *room = s.n <= INT_MAX / 2 ? buf_room(out, n + 1) : NULL; /* a NUL comes behind it */

	if (room == NULL) {
		out->over = true;
		return;
	}
	EVP_EncodeBlock((unsigned char *)room, (const unsigned char *)s.p, (int)s.n);
	buf_grown(out, n);
}

int
base64_get(struct buf *out, struct str s)
{
	size_t padding = 0;
	char *room;
	int n;

	s = str_trim(s);
	while (padding < 2 && padding < s.n && s.p[s.n - 1 - padding] == '=')
		padding++;
	/* OpenSSL takes a = anywhere */
	if (s.n % 4 != 0 || s.n > INT_MAX || (s.n > 0 && memchr(s.p, '=', s.n - padding) != NULL))
		return -1;
	room = buf_room(out, s.n / 4 * 3 + 1);
	if (room == NULL)
		return -1;
	n = EVP_DecodeBlock((unsigned char *)room, (const unsigned char *)s.p, (int)s.n);
	if (n < (int)padding)
		return -1;
	buf_grown(out, (size_t)n - padding);
	return 0;
}

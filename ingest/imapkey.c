#include "ingest/imapkey.h"

#include <endian.h>

int64_t
imapkey_folder(struct str name)
{
	struct digest *d = digest_new();
	struct sha256 h;

	digest_start(d);
	digest_field(d, STR("folder"));
	digest_field(d, name);
	h = digest_end(d);
	digest_free(d);
	return id_of(h);
}

struct key
imapkey_put(struct imapkey k)
{
	uint64_t folder = htobe64((uint64_t)k.folder_id);
	uint32_t uidvalidity = htobe32(k.uidvalidity), uid = htobe32(k.uid);
	struct key out;

	memcpy(out.b, &folder, 8);
	memcpy(out.b + 8, &uidvalidity, 4);
	memcpy(out.b + 12, &uid, 4);
	return out;
}

struct imapkey
imapkey_get(struct key k)
{
	uint64_t folder;
	uint32_t uidvalidity, uid;

	memcpy(&folder, k.b, 8);
	memcpy(&uidvalidity, k.b + 8, 4);
	memcpy(&uid, k.b + 12, 4);
	return (struct imapkey){ (int64_t)be64toh(folder), be32toh(uidvalidity), be32toh(uid) };
}

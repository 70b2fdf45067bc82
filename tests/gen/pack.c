/* pack.c - gzip and zip, fed piece by piece. */
#include "pack.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	ZIP_LOCAL = 30, /* bytes of a local header before its name */
	ZIP_CENTRAL = 46,
	ZIP_END = 22,
	OS_UNIX = 3,
};

static void
put(unsigned char *to, uint64_t value, size_t bytes)
{
	for (; bytes > 0; bytes--) {
		*to++ = (unsigned char)value;
		value >>= 8;
	}
}

/* The date and time fields of a zip header, which know no time zone. */
static uint32_t
dos_time(int64_t when)
{
	time_t clock = (time_t)when;
	struct tm tm;

	gmtime_r(&clock, &tm);
	return (uint32_t)(tm.tm_year - 80) << 25 | (uint32_t)(tm.tm_mon + 1) << 21 |
	    (uint32_t)tm.tm_mday << 16 | (uint32_t)tm.tm_hour << 11 | (uint32_t)tm.tm_min << 5 |
	    (uint32_t)tm.tm_sec / 2;
}

/* The 26 bytes that a zip's local and central headers share. */
static void
zip_common(const struct pack *p, unsigned char *h)
{
	put(h, 20, 2);    /* version needed: deflate */
	put(h + 2, 0, 2); /* flags */
	put(h + 4, Z_DEFLATED, 2);
	put(h + 6, dos_time(p->when), 4);
	put(h + 10, p->crc, 4);
	put(h + 14, p->z.total_out, 4);
	put(h + 18, p->plain, 4);
	put(h + 22, strlen(p->name), 2);
	put(h + 24, 0, 2); /* extra field */
}

static void
zip_end(struct pack *p)
{
	unsigned char central[ZIP_CENTRAL] = "PK\1\2", end[ZIP_END] = "PK\5\6";
	size_t at, name = strlen(p->name);

	zip_common(p, (unsigned char *)p->out.p + 4);
	at = p->out.n;
	put(central + 4, 3 << 8 | 20, 2); /* made by: Unix */
	zip_common(p, central + 6);
	put(central + 38, 0100644u << 16, 4); /* mode */
	text_add(&p->out, central, sizeof(central));
	text_add(&p->out, p->name, name);
	put(end + 8, 1, 2);
	put(end + 10, 1, 2);
	put(end + 12, ZIP_CENTRAL + name, 4);
	put(end + 16, at, 4);
	text_add(&p->out, end, sizeof(end));
}

void
pack_start(struct pack *p, enum pack_form form, const char *name, int64_t when)
{
	unsigned char local[ZIP_LOCAL] = "PK\3\4";
	int bits = form == PACK_ZIP ? -15 : 15 + 16, rc;

	text_clear(&p->out);
	p->form = form;
	p->when = when;
	p->plain = 0;
	p->crc = (uint32_t)crc32(0, NULL, 0);
	snprintf(p->name, sizeof(p->name), "%s", name);
	if (form == PACK_NONE)
		return;
	memset(&p->z, 0, sizeof(p->z));
	rc = deflateInit2(&p->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
	if (rc != Z_OK)
		errx(1, "could not start zlib");
	if (form == PACK_ZIP) {
		text_add(&p->out, local, sizeof(local));
		text_str(&p->out, p->name);
		return;
	}
	memset(&p->head, 0, sizeof(p->head));
	p->head.os = OS_UNIX;
	if (form == PACK_GZIP_NAMED) {
		p->head.time = (uLong)when;
		p->head.name = (Bytef *)p->name;
	}
	deflateSetHeader(&p->z, &p->head);
}

static void
squeeze(struct pack *p, const void *bytes, size_t n, int flush)
{
	enum { STEP = 16384 };
	int rc;

	p->z.next_in = (z_const Bytef *)bytes;
	p->z.avail_in = (uInt)n;
	do {
		p->z.next_out = (Bytef *)text_room(&p->out, STEP);
		p->z.avail_out = STEP;
		rc = deflate(&p->z, flush);
		p->out.n += STEP - p->z.avail_out;
	} while (flush == Z_FINISH ? rc == Z_OK : p->z.avail_in > 0);
}

void
pack_feed(struct pack *p, const void *bytes, size_t n)
{
	p->plain += n;
	if (p->form == PACK_NONE) {
		text_add(&p->out, bytes, n);
		return;
	}
	if (p->form == PACK_ZIP)
		p->crc = (uint32_t)crc32(p->crc, bytes, (uInt)n);
	squeeze(p, bytes, n, Z_NO_FLUSH);
}

void
pack_end(struct pack *p)
{
	if (p->form == PACK_NONE)
		return;
	squeeze(p, NULL, 0, Z_FINISH);
	if (p->form == PACK_ZIP)
		zip_end(p);
	deflateEnd(&p->z);
}

void
pack_open(const struct pack *p, struct text *to)
{
	z_stream z = { 0 };

	z.next_in = (z_const Bytef *)p->out.p;
	z.avail_in = (uInt)p->out.n;
	z.next_out = (Bytef *)text_room(to, p->plain);
	z.avail_out = (uInt)p->plain;
	if (inflateInit2(&z, 15 + 16) != Z_OK || inflate(&z, Z_FINISH) != Z_STREAM_END)
		errx(1, "zlib could not read what it wrote");
	to->n += p->plain;
	inflateEnd(&z);
}

void
pack_fini(struct pack *p)
{
	text_fini(&p->out);
}

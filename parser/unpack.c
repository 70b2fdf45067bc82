#include "parser/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/buf.h"
#include "core/deflate.h"
#include "core/limits.h"

#define WINDOW ((size_t)64 << 10) /* of a gzip that is handed on at once */

_Static_assert(LIMIT_UNPACK_DEPTH == 3, "what is said of it below");

struct unpack {
	const struct ceilings *ceilings;
	/* libarchive would lose the last 64 KiB before a gzip is damaged. */
	struct gunzip *gunzip[LIMIT_UNPACK_DEPTH];
	char *window[LIMIT_UNPACK_DEPTH];
	struct buf inner[LIMIT_UNPACK_DEPTH]; /* an archive found in another */
	struct buf path[LIMIT_UNPACK_DEPTH];
	uint64_t bytes;        /* unpacked of this message, at all levels */
	uint64_t bytes_before; /* the last unpack_each */
	unsigned members, members_before;
	locale_t utf8; /* libarchive converts names to the locale's character set */
};

/* One archive on its way. */
struct level {
	struct unpack *u;
	const struct unpack_sink *sink;
	struct archive *ar; /* of a zip; NULL for a gzip */
	struct str path;    /* its own */
	unsigned depth;
	bool alone;
	bool warned; /* the member's bytes came, but they are wrong for ->reason */
	char reason[160];
	enum outcome outcome; /* of ->reason */
};

static int each(struct unpack *u, struct str in, struct str path, unsigned depth, bool alone,
    const struct unpack_sink *sink, struct err *e);

struct unpack *
unpack_new(struct err *e)
{
	struct unpack *u = calloc(1, sizeof(*u));
	struct archive *ar;

	if (u == NULL)
		abort();
	u->ceilings = &ceilings_default;
	for (size_t i = 0; i < LIMIT_UNPACK_DEPTH; i++) {
		buf_init(&u->inner[i], LIMIT_MAIL_BYTES);
		buf_init(&u->path[i], (size_t)4 * LIMIT_NAME_BYTES);
		u->window[i] = calloc(1, WINDOW);
		if (u->window[i] == NULL)
			abort();
		u->gunzip[i] = gunzip_new(e);
		if (u->gunzip[i] == NULL) {
			unpack_free(u);
			return NULL;
		}
	}
	u->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	ar = archive_read_new();
	if (ar == NULL || archive_read_support_format_zip(ar) != ARCHIVE_OK) {
		err_set(e, ERR_CONFIG, "libarchive cannot read zip");
		unpack_free(u);
		u = NULL;
	}
	archive_read_free(ar);
	return u;
}

void
unpack_free(struct unpack *u)
{
	if (u == NULL)
		return;
	for (size_t i = 0; i < LIMIT_UNPACK_DEPTH; i++) {
		buf_fini(&u->inner[i]);
		buf_fini(&u->path[i]);
		gunzip_free(u->gunzip[i]);
		free(u->window[i]);
	}
	if (u->utf8 != (locale_t)0)
		freelocale(u->utf8);
	free(u);
}

void
unpack_limit(struct unpack *u, const struct ceilings *c)
{
	u->ceilings = c;
}

void
unpack_reset(struct unpack *u)
{
	u->bytes = u->bytes_before = 0;
	u->members = u->members_before = 0;
	for (size_t i = 0; i < LIMIT_UNPACK_DEPTH; i++) {
		buf_fini(&u->inner[i]);
		u->inner[i].max = u->ceilings->mail;
	}
}

/* The number of members a zip's end record gives (APPNOTE.TXT 4.3.16), 0 when there is none. */
static unsigned
zip_members(struct str in)
{
	size_t least = in.n > (66u << 10) ? in.n - (66u << 10) : 0;

	for (size_t at = in.n >= 22 ? in.n - 22 : 0; at > least; at--)
		if (memcmp(in.p + at, "PK\x05\x06", 4) == 0)
			return (unsigned char)in.p[at + 10] |
			    (unsigned)(unsigned char)in.p[at + 11] << 8;
	return 0;
}

/* Write libarchive's own words, or ours, into ${l}; returns -1. */
static int
fail(struct level *l, enum outcome outcome, const char *words)
{
	const char *s = words != NULL ? words : archive_error_string(l->ar);
	size_t n;

	if (s == NULL)
		s = "the archive is damaged";
	n = strnlen(s, sizeof(l->reason) - 1);
	memcpy(l->reason, s, n);
	l->reason[n] = '\0';
	if (words == NULL && strstr(s, "nsupported") != NULL)
		outcome = OUTCOME_UNSUPPORTED;
	l->outcome = outcome;
	return -1;
}

/* As fail; ${fmt} has a place for ${bytes} as people write them. */
static int __attribute__((format(printf, 2, 0)))
too_big(struct level *l, const char *fmt, uint64_t bytes)
{
	char reason[sizeof(l->reason)], room[CEILING_SIZE];

	snprintf(reason, sizeof(reason), fmt, ceilings_size(bytes, room));
	return fail(l, OUTCOME_TOO_BIG, reason);
}

/* Encryption shows itself only here in some zips. */
static int
zip_block(struct level *l, struct str *bytes)
{
	const void *p;
	la_int64_t offset;
	int rc = archive_read_data_block(l->ar, &p, &bytes->n, &offset);

	bytes->p = p;
	if (rc == ARCHIVE_EOF)
		return l->warned ? -1 : 0;
	if (rc == ARCHIVE_OK)
		return 1;
	if (archive_read_has_encrypted_entries(l->ar) > 0)
		return fail(l, OUTCOME_UNSUPPORTED, "the zip is encrypted");
	fail(l, OUTCOME_CORRUPT, NULL);
	l->warned = rc == ARCHIVE_WARN && bytes->n > 0;
	return l->warned ? 1 : -1;
}

static int
gzip_block(struct level *l, struct str *bytes)
{
	struct gunzip *g = l->u->gunzip[l->depth];
	char *to = l->u->window[l->depth];
	const char *why = NULL;
	ssize_t n = 1;

	*bytes = (struct str){ to, 0 };
	while (n > 0 && bytes->n < WINDOW) {
		n = gunzip_read(g, to + bytes->n, WINDOW - bytes->n, &why);
		bytes->n += n > 0 ? (size_t)n : 0;
	}
	/* What is wrong behind these bytes will be wrong when it is asked for again. */
	if (bytes->n == 0 && n < 0)
		return fail(l, OUTCOME_CORRUPT, why);
	return bytes->n > 0;
}

/* The next bytes of the present member: 1, 0 at its end, -1 with ->reason. */
static int
block(struct level *l, struct str *bytes)
{
	int rc = l->ar != NULL ? zip_block(l, bytes) : gzip_block(l, bytes);

	if (rc <= 0)
		return rc;
	l->u->bytes += bytes->n;
	if (l->u->bytes > l->u->ceilings->unpacked)
		return too_big(l, "it unpacks to more than %s" CEILING_RAISED("max_unpacked_size"),
		    l->u->ceilings->unpacked);
	return 1;
}

static int
failed(struct level *l, struct str path, struct err *e)
{
	return l->sink->failed(l->sink->arg, path, l->outcome, l->reason, e);
}

/* Gather an archive that is a member of this one, and unpack it. */
static int
nested(struct level *l, const struct unpack_member *m, struct err *e)
{
	struct buf *b = &l->u->inner[l->depth];
	struct str bytes = m->head;
	int more = 1;

	if (l->depth + 1 >= LIMIT_UNPACK_DEPTH) {
		fail(l, OUTCOME_TOO_BIG, "archives are nested more than 3 deep" CEILING_FIXED);
		return failed(l, m->path, e);
	}
	buf_reset(b);
	while (more > 0 && !b->over) {
		buf_puts(b, bytes);
		more = block(l, &bytes);
	}
	if (b->over)
		more = too_big(l,
		    "an archive in the archive has more than %s" CEILING_RAISED("max_mail_size"),
		    l->u->ceilings->mail);
	if (more < 0)
		return failed(l, m->path, e);
	return each(l->u, buf_str(b), m->path, l->depth + 1, m->alone, l->sink, e);
}

/* Hand the member's bytes on, the ones read already first. */
static int
stream(struct level *l, const struct unpack_member *m, struct err *e)
{
	struct str bytes = m->head;
	int more = 1;
	int rc = l->sink->open(l->sink->arg, m, e);

	if (rc != 1)
		return rc;
	rc = 0;
	while (more > 0 && rc == 0) {
		rc = l->sink->data(l->sink->arg, bytes, e);
		if (rc == 0)
			more = block(l, &bytes);
	}
	if (rc < 0)
		return rc;
	return l->sink->close(l->sink->arg, l->outcome, more < 0 ? l->reason : NULL, e);
}

/* "the archive > its member", in the buf of this depth. */
static struct str
member_path(struct level *l, struct archive_entry *entry)
{
	struct buf *b = &l->u->path[l->depth];
	const char *name = archive_entry_pathname_utf8(entry);

	if (name == NULL)
		name = archive_entry_pathname(entry);
	buf_reset(b);
	buf_puts(b, l->path);
	if (name != NULL)
		buf_printf(b, "%s%.1024s", b->n > 0 ? " > " : "", name);
	return buf_str(b);
}

/* The present member, of which nothing was read yet. */
static int
content(struct level *l, struct unpack_member *m, struct err *e)
{
	int rc = block(l, &m->head);

	if (rc < 0)
		return failed(l, m->path, e);
	if (rc == 0)
		m->head.n = 0;
	m->sniff = sniff_bytes(m->head);
	if (m->sniff == SNIFF_GZIP || m->sniff == SNIFF_ZIP)
		return nested(l, m, e);
	return stream(l, m, e);
}

/* Count one more; 1 when that is too many and it was told. */
static int
one_more(struct level *l, struct err *e)
{
	char reason[sizeof(l->reason)];

	l->outcome = OUTCOME_CORRUPT;
	if (l->u->members++ < l->u->ceilings->members)
		return 0;
	snprintf(reason, sizeof(reason),
	    "the archive has more than %u members" CEILING_RAISED("max_members"),
	    (unsigned)l->u->ceilings->members);
	fail(l, OUTCOME_TOO_BIG, reason);
	return failed(l, l->path, e) < 0 ? -1 : 1;
}

static int
zip_member(struct level *l, struct archive_entry *entry, struct err *e)
{
	struct unpack_member m = { .path = member_path(l, entry), .alone = l->alone };

	m.ordinal = l->u->members;
	l->warned = false;
	if (archive_entry_filetype(entry) != 0 && archive_entry_filetype(entry) != S_IFREG)
		return 0;
	if (archive_entry_is_encrypted(entry)) {
		fail(l, OUTCOME_UNSUPPORTED, "the zip is encrypted");
		return failed(l, m.path, e);
	}
	return content(l, &m, e);
}

static int
each_in_zip(struct level *l, struct str in, struct err *e)
{
	struct archive_entry *entry;
	unsigned n = 0;
	int rc, got;

	archive_read_support_format_zip(l->ar);
	if (archive_read_open_memory(l->ar, in.p, in.n) != ARCHIVE_OK) {
		fail(l, OUTCOME_CORRUPT, NULL);
		return failed(l, l->path, e);
	}
	for (;;) {
		got = archive_read_next_header(l->ar, &entry);
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			break;
		/* Whoever said "one member" is taken at his word: the original may be kept as it is. */
		if (n++ > 0 && l->alone)
			return 0;
		rc = one_more(l, e);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		rc = zip_member(l, entry, e);
		if (rc != 0 || l->u->bytes > l->u->ceilings->unpacked)
			return rc;
	}
	if (got == ARCHIVE_EOF && n > 0)
		return 0;
	if (got == ARCHIVE_EOF)
		fail(l, OUTCOME_NOT_A_REPORT, "the archive is empty");
	else
		fail(l, OUTCOME_CORRUPT, NULL);
	return failed(l, l->path, e);
}

static int
in_gzip(struct level *l, struct str in, struct err *e)
{
	struct unpack_member m = { .path = l->path, .alone = l->alone };
	int rc = one_more(l, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	m.ordinal = l->u->members;
	gunzip_start(l->u->gunzip[l->depth], in);
	return content(l, &m, e);
}

static int
each(struct unpack *u, struct str in, struct str path, unsigned depth, bool alone,
    const struct unpack_sink *sink, struct err *e)
{
	enum sniff kind = sniff_bytes(in);
	struct level l = { .u = u, .sink = sink, .path = path, .depth = depth };
	int rc;

	l.alone = alone && (kind == SNIFF_GZIP || zip_members(in) == 1);
	if (kind == SNIFF_GZIP)
		return in_gzip(&l, in, e);
	l.ar = archive_read_new();
	if (l.ar == NULL)
		abort();
	rc = each_in_zip(&l, in, e);
	archive_read_free(l.ar);
	return rc;
}

static int
walk(
    struct unpack *u, struct str in, struct str path, const struct unpack_sink *sink, struct err *e)
{
	locale_t old = uselocale(u->utf8);
	int rc = each(u, in, path, 0, true, sink, e);

	uselocale(old);
	return rc;
}

int
unpack_each(
    struct unpack *u, struct str in, struct str path, const struct unpack_sink *sink, struct err *e)
{
	u->bytes_before = u->bytes;
	u->members_before = u->members;
	return walk(u, in, path, sink, e);
}

int
unpack_again(
    struct unpack *u, struct str in, struct str path, const struct unpack_sink *sink, struct err *e)
{
	u->bytes = u->bytes_before;
	u->members = u->members_before;
	return walk(u, in, path, sink, e);
}

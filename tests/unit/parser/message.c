/* From descriptors to frames: what is taken for what, and that the original gives the same again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/deflate.h"
#include "parser/message.h"
#include "tests/unit/parser/frames.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define XML(id)                                                                                                   \
	"<feedback><report_metadata><org_name>org</org_name><report_id>" id                                       \
	"</report_id><date_range>"                                                                                \
	"<begin>1700000000</begin><end>1700000001</end></date_range></report_metadata><policy_published><domain>" \
	"d.example</domain></policy_published><record><row><source_ip>192.0.2.1</source_ip><count>3"              \
	"</count></row></record></feedback>"
#define TLS                                                                 \
	"{\"organization-name\":\"o\",\"report-id\":\"t\",\"date-range\":{" \
	"\"start-datetime\":\"1970-01-01T00:00:00Z\",\"end-datetime\":"     \
	"\"1970-01-01T00:00:01Z\"},\"policies\":[]}"
#define R "R 192.0.2.1 3 - - - \n"
#define HEAD "From: a@b.example\nMessage-ID: <1@b.example>\n"
#define MIXED HEAD "Content-Type: multipart/mixed; boundary=b\n\n"

static struct message_parser *parser;
static struct out out;
static struct frames frames;
static struct deflate *deflater;

static int
file(struct str bytes)
{
	int fd = memfd_create("message", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
	return fd;
}

static const char *
parse_fd(int fd, bool bare, const char *name)
{
	const struct job job = { .ticket = 1, .name = str_of(name), .bare = bare };
	struct err e;

	frames_reset(&frames);
	assert_int_equal(message_parse(parser, fd, &job, &out, &e), 0);
	assert_int_equal(out_flush(&out, 0, &e), 0);
	assert_int_equal(frames.ends, 1);
	return frames_str(&frames);
}

static const char *
parse(struct str bytes, bool bare, const char *name)
{
	off_t offset = bytes.n > 3 ? 3 : 0;
	int fd = file(bytes);
	const char *text;

	assert_int_equal(lseek(fd, offset, SEEK_SET), offset);
	text = parse_fd(fd, bare, name);
	/* The offset is shared with the parent: it is left alone. */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), offset);
	close(fd);
	return text;
}

static struct str
gzip(struct buf *b, struct str s)
{
	deflate_start(deflater, b);
	deflate_add(deflater, s);
	deflate_end(deflater);
	return buf_str(b);
}

static void
test_kinds(void **state)
{
	static const struct {
		const char *bytes;
		bool bare;
		const char *name, *want;
	} table[] = {
		{ XML("i"), true, "",
		    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n" },
		{ XML("i"), false, "", "" },
		{ HEAD "\n" XML("i"), false, "",
		    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n" },
		{ HEAD "\n" XML("i"), true, "",
		    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n" },
		{ "From x\n" HEAD "\n" XML("i"), true, "",
		    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n" },
		{ HEAD "\nhello\n", true, "", "" },
		{ "", true, "a!b!1!2.xml", "" },
		{ "", false, "", "" },
		{ "text", true, "x.txt", "" },
		{ "text", true, "a!b!1!2.xml",
		    "P corrupt - : it is named like a report but is no XML, gzip or zip\n" },
		{ "BZh9", true, "a!b!1!2.xml.bz2",
		    "P unsupported - : bzip2 is not read, only gzip "
		    "and zip\n" },
		{ "BZh9", true, "photos.tar.bz2", "" },
		{ "<xs:schema/>", true, "rua.xsd", "" },
		{ "{\"policies\":[]}", true, "x.json", "" },
		{ TLS, true, "x.json",
		    "P null_report tlsrpt : the report has no policies"
		    " o/t/ 0-1 tls-contact-missing tls-policies-missing\n" },
		{ "TLS-Report-Domain: D.example\n" MIXED "--b\n\n" TLS "\n--b--\n", false, "",
		    "P null_report tlsrpt : the report has no policies"
		    " o/t/d.example 0-1 tls-contact-missing tls-policies-missing\n" },
		{ MIXED "--b\nContent-Type: message/feedback-report\n\nVersion: 1\n"
			"Feedback-Type: auth-failure\nAuth-Failure: dmarc\nReported-Domain: D\n"
			"Arrival-Date: 1 Jan 1970 00:00:09 GMT\n\n"
			"--b\nContent-Type: message/rfc822\n\nSubject: s\n\n" XML("i") "\n--b--\n",
		    false, "", "P report failure  b.example/d 9 <> s|314| failure-outer-type\n" },
		{ MIXED
		    "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--b--\n",
		    false, "", "P not_a_report - : an abuse report (ARF)\n" },
		{ MIXED "--b\nContent-Disposition: attachment; filename=x.xml.gz\n\n--b--\n", false,
		    "", "P corrupt - x.xml.gz: it is empty\n" },
		{ MIXED "--b\nContent-Disposition: attachment; filename=x.txt\n\n--b--\n", false,
		    "", "" },
		{ HEAD "Auto-Submitted: auto-replied\n\naway\n", false, "",
		    "P not_a_report - : an automatic reply\n" },
		{ HEAD "Auto-Submitted: auto-replied\n\n" XML("i"), false, "",
		    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n" },
		/* Of a mail that is attached, or quoted, nothing is told. */
		{ HEAD "\nSubject: x\nAuto-Submitted: auto-replied\n\naway\n", false, "", "" },
		{ HEAD "\nReport-Domain: d\nReport-ID: 1\nSubmitting-URI: u\n", false, "",
		    "P not_a_report - : an error report (RFC 7489 7.2.2): report about d could not "
		    "be delivered to u\n" },
		{ MIXED
		    "--b\nContent-Disposition: attachment; filename=x.xml.gz\n\nunused\n--b--\n",
		    false, "",
		    "P not_a_report - x.xml.gz: the attachment says \"unused\" instead of a report\n" },
		{ MIXED "--b\nContent-Disposition: attachment; filename=x.txt\n\nunused\n--b--\n",
		    false, "", "" },
		{ MIXED "--b\nContent-Type: text/xml; name=one\n\n" XML(
		      "i") "\n--b\n\n<feedback>\n"
			   "--b\nContent-Type: text/xml\n\n" XML("j") "\n--b--\n",
		    false, "",
		    R "P report aggregate one org/i/d.example 1700000000-1700000001 1/3\n"
		      "P corrupt aggregate : not well-formed at line 1: the document ends early\n" R
		      "P report aggregate  org/j/d.example 1700000000-1700000001 1/3\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *got = parse(str_of(table[i].bytes), table[i].bare, table[i].name);

		if (strcmp(got, table[i].want) != 0)
			print_message("# row %zu\n", i);
		assert_string_equal(got, table[i].want);
	}
}

static void
test_end(void **state)
{
	struct digest *d = digest_new();
	struct sha256 hash;
	struct str mail = STR("From x\n" HEAD "\nbody");

	(void)state;
	parse(mail, false, "");
	assert_true(str_eq(frames.end.message_id, STR("1@b.example")));
	assert_true(str_eq(frames.end.from_domain, STR("b.example")));
	assert_true(str_eq(frames.end.header, STR(HEAD)));
	assert_int_equal(frames.end.size, mail.n);
	hash = digest_of(d, mail);
	assert_memory_equal(frames.end.sha256, hash.b, sizeof(hash.b));
	parse(STR(XML("i")), true, "");
	assert_int_equal(
	    frames.end.message_id.n + frames.end.from_domain.n + frames.end.header.n, 0);
	hash = digest_of(d, STR(XML("i")));
	assert_memory_equal(frames.end.sha256, hash.b, sizeof(hash.b));
	digest_free(d);
}

static void
test_gzip(void **state)
{
	struct buf b, c;

	(void)state;
	buf_init(&b, 1u << 20);
	buf_init(&c, 1u << 20);
	/* As found where it is one document, whatever hangs behind it. */
	gzip(&b, STR(XML("i")));
	buf_puts(&b, STR("\r\n"));
	assert_string_equal(parse(buf_str(&b), true, ""),
	    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n");
	assert_true(str_eq(buf_str(&frames.original), buf_str(&b)));
	/* A mailbox that is stored compressed. */
	gzip(&b, STR(HEAD "\n" XML("i")));
	assert_string_equal(parse(buf_str(&b), false, ""),
	    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n");
	assert_true(str_eq(frames.end.header, STR(HEAD)));
	assert_int_equal(frames.end.size, b.n);
	assert_string_equal(parse(buf_str(&b), true, ""),
	    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n");
	/* A report is no mail. */
	assert_string_equal(parse(gzip(&b, STR(XML("i"))), false, ""), "");
	/* Cut short, before and within the document. */
	gzip(&b, STR(XML("i")));
	b.n = 30;
	assert_string_equal(parse(buf_str(&b), true, ""), "P corrupt - : truncated gzip input\n");
	assert_string_equal(parse(gzip(&c, STR("photo")), true, "photo.gz"), "");
	buf_fini(&b);
	buf_fini(&c);
}

/* The document gzipped by us gives the same frames, as does the original as found. */
static void
test_original(void **state)
{
	static const char *const mails[] = { HEAD "\n" XML("i"),
		"From x\n" HEAD "Content-Transfer-Encoding: quoted-printable\n\n" XML("=69") };
	struct buf first, original;

	(void)state;
	buf_init(&first, 1u << 20);
	buf_init(&original, 1u << 20);
	for (size_t i = 0; i < COUNT(mails); i++) {
		buf_reset(&first);
		buf_reset(&original);
		buf_puts(&first, str_of(parse(str_of(mails[i]), false, "")));
		buf_put8(&first, 0);
		buf_puts(&original, buf_str(&frames.original));
		assert_memory_equal(original.p, "\x1F\x8B", 2);
		assert_string_equal(parse(buf_str(&original), true, ""), first.p);
		assert_true(str_eq(buf_str(&frames.original), buf_str(&original)));
	}
	buf_fini(&first);
	buf_fini(&original);
}

static void
test_too_big(void **state)
{
	int fd = file(STR(HEAD "\n"));

	(void)state;
	assert_int_equal(ftruncate(fd, (off_t)LIMIT_MAIL_BYTES + 1), 0);
	assert_string_equal(parse_fd(fd, false, ""),
	    "P too_big - : it has 67108865 bytes, more than 64 MB; max_mail_size raises it\n");
	assert_string_equal(parse_fd(fd, true, ""),
	    "P too_big - : it has 67108865 bytes, more than 64 MB; max_mail_size raises it\n");
	assert_int_equal(frames.end.size, LIMIT_MAIL_BYTES + 1);
	assert_int_equal(ftruncate(fd, (off_t)LIMIT_XML_BYTES + 1), 0);
	assert_string_equal(parse_fd(fd, true, ""),
	    "P too_big - : it has 1073741825 bytes, more than 1 GB; max_unpacked_size raises it\n");
	close(fd);
}

/* Bare XML may be larger than a mail: it streams. */
static void
test_stream(void **state)
{
	struct buf b;
	unsigned n = 0;
	int fd;

	(void)state;
	buf_init(&b, 128u << 20);
	buf_puts(&b,
	    STR("<feedback><report_metadata><report_id>i</report_id><date_range><begin>1700000000"
		"</begin><end>1700000001</end></date_range></report_metadata><policy_published><domain>d</domain>"
		"</policy_published>"));
	for (; b.n <= LIMIT_MAIL_BYTES; n++)
		buf_printf(&b,
		    "<record><row><source_ip>192.0.2.1</source_ip><count>1</count></row>"
		    "<!-- %1000s --></record>",
		    "");
	buf_puts(&b, STR("</feedback>"));
	fd = file(buf_str(&b));
	buf_reset(&b);
	parse_fd(fd, true, "");
	buf_printf(
	    &b, "P report aggregate  /i/d 1700000000-1700000001 %u/%u org-name-missing\n", n, n);
	assert_non_null(strstr(frames.text.p, b.p));
	assert_memory_equal(frames.original.p, "\x1F\x8B", 2);
	assert_int_equal(frames.end.size, lseek(fd, 0, SEEK_END));
	close(fd);
	buf_fini(&b);
}

#define SEPARATOR "From a@b.example Wed Nov 15 02:00:00 2023\n"

/* Each mail of an mbox has parts of its own; how many there may be is bounded. */
static void
test_mailbox(void **state)
{
	const char *report = R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n";
	unsigned reports = 0;
	struct buf b;

	(void)state;
	assert_string_equal(parse(STR(SEPARATOR HEAD "\n" XML("i")), true, ""), report);
	assert_true(str_eq(frames.end.message_id, STR("1@b.example")));
	buf_init(&b, 4u << 20);
	for (size_t i = 0; i < LIMIT_MAILS; i++)
		buf_puts(&b, STR(SEPARATOR HEAD "\n" XML("i") "\n\n"));
	parse(buf_str(&b), true, "");
	for (const char *at = frames.text.p; (at = strstr(at, report)) != NULL; reports++)
		at += strlen(report);
	assert_int_equal(reports, LIMIT_MAILS);
	assert_int_equal(frames.text.n, LIMIT_MAILS * strlen(report));
	/* There is not one mail whose id this could be. */
	assert_int_equal(frames.end.message_id.n, 0);
	buf_puts(&b, STR(SEPARATOR HEAD "\n" XML("i") "\n\n" SEPARATOR HEAD "\n" XML("i")));
	assert_non_null(strstr(parse(buf_str(&b), true, ""),
	    "P too_big - : there are more than 1000 mails in it; this limit is fixed\n"));
	assert_int_equal(frames.text.n,
	    LIMIT_MAILS * strlen(report) +
		strlen(
		    "P too_big - : there are more than 1000 mails in it; this limit is fixed\n"));
	/* In a maildir a file is one mail, whatever is in it. */
	assert_string_equal(
	    parse(STR(SEPARATOR HEAD "\ntext\n\n" SEPARATOR HEAD "\n" XML("i")), false, ""), "");
	buf_fini(&b);
}

/* Put winmail.dat in ${in} with the one attachment ${bytes}; no checksum is right. */
static struct str
winmail(struct buf *b, struct str bytes)
{
	buf_reset(b);
	buf_puts(b, STR("\x78\x9F\x3E\x22\1\0\2\x0F\x80\6\0"));
	for (size_t i = 0; i < 4; i++)
		buf_put8(b, (uint8_t)(bytes.n >> 8 * i));
	buf_puts(b, bytes);
	buf_puts(b, STR("\0\0"));
	return buf_str(b);
}

static void
test_winmail(void **state)
{
	struct buf b[2];
	struct str s = STR(XML("i"));

	(void)state;
	for (size_t i = 0; i < 2; i++)
		buf_init(&b[i], 1u << 20);
	for (size_t i = 0; i < LIMIT_MIME_DEPTH + 1; i++) {
		s = winmail(&b[i % 2], s);
		assert_string_equal(parse(s, true, "winmail.dat"),
		    i + 1 < LIMIT_MIME_DEPTH
			? R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n"
			: "P too_big - : the mail is nested more than 10 deep; this limit is fixed\n");
	}
	s = winmail(&b[0], STR(SEPARATOR HEAD "\n" XML("i")));
	assert_string_equal(parse(s, true, ""),
	    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n");
	for (size_t i = 0; i < 2; i++)
		buf_fini(&b[i]);
}

/* What a header before a bare report tells is told; it is no part of the report. */
static void
test_header(void **state)
{
	static const struct {
		const char *header, *bytes, *want, *message_id;
	} table[] = {
		{ HEAD "\n", XML("i"),
		    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n",
		    "1@b.example" },
		{ HEAD, XML("i"),
		    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n",
		    "1@b.example" },
		{ MIXED "--b\n\n" XML("j") "\n--b--\n", XML("i"),
		    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n",
		    "1@b.example" },
		{ "\xFF\n\n", XML("i"),
		    R "P report aggregate  org/i/d.example 1700000000-1700000001 1/3\n", "" },
		{ HEAD, "", "", "1@b.example" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct str header = str_of(table[i].header), bytes = str_of(table[i].bytes);
		const struct job job = { .ticket = 1,
			.name = STR("x.xml"),
			.bare = true,
			.header = (uint32_t)header.n };
		struct digest *d = digest_new();
		struct sha256 hash;
		struct buf b;
		struct err e;
		int fd;

		buf_init(&b, 1u << 16);
		buf_puts(&b, header);
		buf_puts(&b, bytes);
		fd = file(buf_str(&b));
		frames_reset(&frames);
		assert_int_equal(message_parse(parser, fd, &job, &out, &e), 0);
		assert_int_equal(out_flush(&out, 0, &e), 0);
		assert_string_equal(frames_str(&frames), table[i].want);
		assert_true(str_eq(frames.end.message_id, str_of(table[i].message_id)));
		assert_int_equal(frames.end.header.n, 0);
		assert_int_equal(frames.end.size, bytes.n);
		hash = digest_of(d, bytes);
		assert_memory_equal(frames.end.sha256, hash.b, sizeof(hash.b));
		close(fd);
		digest_free(d);
		buf_fini(&b);
	}
}

/* A descriptor that is shorter than its header. */
static void
test_header_alone(void **state)
{
	const struct job job = { .ticket = 1, .bare = true, .header = 1000 };
	int fd = file(STR(HEAD));
	struct err e;

	(void)state;
	frames_reset(&frames);
	assert_int_equal(message_parse(parser, fd, &job, &out, &e), 0);
	assert_int_equal(out_flush(&out, 0, &e), 0);
	assert_string_equal(frames_str(&frames), "");
	assert_int_equal(frames.end.size, 0);
	close(fd);
}

static int
setup(void **state)
{
	struct err e;

	(void)state;
	parser = message_parser_new(&e);
	deflater = deflate_new(&e);
	frames_init(&frames, &out);
	return parser != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	message_parser_free(parser);
	deflate_free(deflater);
	frames_fini(&frames, &out);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_original),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_mailbox),
		cmocka_unit_test(test_winmail),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_header_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}

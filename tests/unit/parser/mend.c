/* Documents that are not well-formed: what they become, and what is said of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <time.h>

#include "core/buf.h"
#include "parser/markup.h"
#include "parser/mend.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define OPEN "<feedback><report_metadata>"
#define CLOSE "</report_metadata></feedback>"
#define META(inside) OPEN inside CLOSE

static struct arena *arena;
static struct fields fields;
static struct quirks quirks;
static struct mend *mend;
static struct buf out;

static void
on_write(void *arg, struct str xml)
{
	(void)arg;
	buf_puts(&out, xml);
}

/* The document, then " RULE" for each quirk, "!partial" words. */
static const char *
mended(struct str doc, size_t piece)
{
	const struct mended *m = mend_result(mend);

	buf_reset(&out);
	arena_reset(arena);
	quirks = (struct quirks){ .arena = arena };
	mend_start(mend, &fields, &quirks);
	for (size_t at = 0; at < doc.n; at += piece)
		mend_add(mend, (struct str){ doc.p + at, doc.n - at < piece ? doc.n - at : piece });
	mend_end(mend);
	for (size_t i = 0; i < quirks.n; i++)
		buf_printf(&out, " %.*s", STR_ARG(quirks.list[i].rule));
	buf_printf(&out, "%s%s%s", m->truncated ? " !truncated" : "", m->lost ? " !lost" : "",
	    m->refused != NULL ? " !refused" : "");
	buf_put8(&out, '\0');
	return out.p;
}

static void
check(struct str doc, const char *want)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 1000, 1u << 20 };

	for (size_t i = 0; i < COUNT(pieces); i++)
		assert_string_equal(mended(doc, pieces[i]), want);
}

struct row {
	const char *doc, *want;
};

static void
check_all(const struct row *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(str_of(table[i].doc), table[i].want);
}

static void
test_around(void **state)
{
	static const struct row table[] = {
		{ META(""), META("") },
		{ " \n<?xml version='1.0'?>" META(""), META("") " bytes-before-root" },
		{ "junk" META(""), META("") " bytes-before-root" },
		{ "\xEF\xBB\xBF\n" META(""), META("") },
		{ "<?xml version='1.0'?>\"\n" META(""), META("") " declaration-repaired" },
		{ META("") "\n--boundary--", META("") " bytes-after-root" },
		{ META("") "\n<!-- c -->", META("") },
		{ META("") META(""), META("") " bytes-after-root !lost" },
		{ "<feedback>" META("") "</feedback>", META("") " element-twice" },
		{ "<xs:schema xmlns:xs='x'>" META(""), META("") " schema-wrapper" },
		{ "<feedback><xs:schema><report_metadata/></feedback>",
		    META("") " schema-wrapper" },
		{ "<a>" META("") "</a>", META("") },
		{ "<report_metadata/>", META("") " root-missing" },
		{ "<a><report_metadata/></a>", META("") " root-missing end-tag-stray" },
		{ "<x:feedback xmlns:x=\"urn:x\" a='>'></x:feedback>",
		    "<feedback xmlns=\"urn:x\"></feedback>" },
		{ "<feedback xmlns='urn:&\"x'/>", "<feedback></feedback>" },
		{ "<!DOCTYPE x>" META(""), " !refused" },
		{ "", "" },
		{ "text", " bytes-before-root" },
		{ "<a/>", "" },
	};

	(void)state;
	check_all(table, COUNT(table));
}

static void
test_text(void **state)
{
	static const struct row table[] = {
		{ META("<email>a & b &amp; &nbsp; &#65; &#0; &#xD800; &</email>"),
		    META(
			"<email>a &amp; b &amp; &amp;nbsp; &#65; &amp;#0; &amp;#xD800; &amp;</email>") " bare-ampersand" },
		{ META("<email><a@b></email>"),
		    META("<email>&lt;a@b&gt;</email>") " bare-less-than" },
		{ META("<email>a < b <c> </d> <3</email>"),
		    META("<email>a &lt; b &lt;c&gt; &lt;/d&gt; &lt;3</email>") " bare-less-than" },
		{ META("<email>a]]>b<!-- c --><![CDATA[<&>]]><?d?></email>"),
		    META("<email>a]]&gt;b&lt;&amp;&gt;</email>") },
		{ META("<email>\x01 b\x7F\xEF\xBF\xBF</email>"),
		    META("<email> b\x7F</email>") " control-character" },
		{ META("<email>\x91 \xC3\xA4 \xC3</email>"),
		    META("<email>\xE2\x80\x98 \xC3\xA4 \xC3\x83</email>") " invalid-utf-8" },
		{ META("text &"), META("") " bare-ampersand" },
	};

	(void)state;
	check_all(table, COUNT(table));
}

static void
test_tags(void **state)
{
	static const struct row table[] = {
		/* kddi.com */
		{ META("<report_id>123/report_id> <org_name>o</org_name>"),
		    META("<report_id>123</report_id><org_name>o</org_name>") " end-tag-broken" },
		{ META("<report_id>123report_id><org_name>o</org_name>"),
		    META("<report_id>123</report_id><org_name>o</org_name>") " end-tag-broken" },
		{ OPEN "<report_id>1/report_id>/report_metadata></feedback>",
		    META("<report_id>1</report_id>") " end-tag-broken" },
		{ META("<report_id>1</report_id <org_name>o</org_name>"),
		    META("<report_id>1</report_id><org_name>o</org_name>") " end-tag-broken" },
		{ META("<report_id>1<report_id>"),
		    META("<report_id>1</report_id>") " end-tag-broken" },
		{ META("<report_id>1</email>"),
		    META("<report_id>1</report_id>") " end-tag-broken" },
		/* A ">" that is text, with its own end tag behind. */
		{ META("<error>an error></error>"), META("<error>an error&gt;</error>") },
		{ META("<report_id>1<email>e</email>"),
		    META("<report_id>1</report_id><email>e</email>") " end-tag-missing" },
		{ OPEN "<date_range><begin>1</begin>" CLOSE,
		    META("<date_range><begin>1</begin></date_range>") " end-tag-missing" },
		{ META("</email></nothing>"), META("") " end-tag-stray" },
		{ META("</row>"), META("") " end-tag-stray !lost" },
		{ META("<EMAIL>e</Email>"), META("<email>e</email>") " element-case" },
		{ "<feedback><record><identities/></record></feedback>",
		    "<feedback><record><identifiers></identifiers></record></feedback> element-alias" },
		/* Unknown elements go, with all that is in them. */
		{ META("<a><b>x</b><email>e</email></a>"), META("") },
		{ META("<a>x</b><email>e</email>"), META("<email>e</email>") " end-tag-broken" },
		{ META("<a><email>e</email></b></a>"), META("") " end-tag-stray" },
		{ META("<a><b></a><email>e</email>"), META("<email>e</email>") },
		{ META("<a><record/>"), META("") " end-tag-missing !lost" },
	};

	(void)state;
	check_all(table, COUNT(table));
}

#define PARTS "<row></row><identifiers></identifiers><auth_results></auth_results>"

static void
test_records(void **state)
{
	static const struct row table[] = {
		{ "<feedback><record>" PARTS "<record>" PARTS "</feedback>",
		    "<feedback><record>" PARTS "</record><record>" PARTS
		    "</record></feedback> end-tag-missing" },
		{ "<feedback><record><row><count>1<record>" PARTS "</record></feedback>",
		    "<feedback><record><row><count>1</count><?incomplete?></row></record><record>" PARTS
		    "</record></feedback> end-tag-missing record-incomplete !lost" },
		{ "<feedback><record><row/></feedback>",
		    "<feedback><record><row></row><?incomplete?></record></feedback>"
		    " record-incomplete end-tag-missing !lost" },
		{ "<feedback><record>" PARTS "</record><record><row><count>1",
		    "<feedback><record>" PARTS
		    "</record><record><row><count><?incomplete?></count></row>"
		    "</record></feedback> document-truncated record-incomplete !truncated" },
		{ "<feedback><record>" PARTS "</rec",
		    "<feedback><record>" PARTS "<?incomplete?></record></feedback>"
		    " document-truncated record-incomplete !truncated" },
		/* The end of one record and the beginning of the next are lost. */
		{ "<feedback><record>" PARTS PARTS "</record></feedback>",
		    "<feedback><record>" PARTS "</record><record>" PARTS
		    "</record></feedback> end-tag-missing" },
		{ "<feedback><record><row></row><identifiers></identifiers>" PARTS
		  "</record></feedback>",
		    "<feedback><record><row></row><identifiers></identifiers><?incomplete?></record>"
		    "<record>" PARTS "</record></feedback>"
		    " record-incomplete end-tag-missing !lost" },
		{ "<feedback><record><row></row><identifiers></identifiers>"
		  "<identifiers></identifiers></record></feedback>",
		    "<feedback><record><row></row><identifiers></identifiers><?incomplete?>"
		    "<identifiers></identifiers></record></feedback> record-incomplete !lost" },
		{ "<feedback><record><row><count>1</count><count>2</count></row></record></feedback>",
		    "<feedback><record><row><count>1</count><?incomplete?><count>2</count></row>"
		    "</record></feedback> record-incomplete !lost" },
		{ "<feedback><record><row></row><row></row></record></feedback>",
		    "<feedback><record><row></row><row></row></record></feedback>" },
		/* The end of one value and the beginning of another, which must not become one. */
		{ "<feedback><record><row><source_ip>192.0.2.17</count></row></record></feedback>",
		    "<feedback><record><row><source_ip><?incomplete?></source_ip></row></record>"
		    "</feedback> end-tag-broken record-incomplete !lost" },
		{ "<feedback><record><row><count>1</count><source_ip>::1</count></row></record></feedback>",
		    "<feedback><record><row><count>1</count><source_ip>::1</source_ip></row></record>"
		    "</feedback> end-tag-broken" },
		{ OPEN "<email>17", OPEN "<email></email>" CLOSE " document-truncated !truncated" },
		{ "<feedback><?incomplete?><!-- ",
		    "<feedback></feedback> document-truncated !truncated" },
	};

	(void)state;
	check_all(table, COUNT(table));
}

static void
check_encoding(struct str doc, const char *org, const char *rules)
{
	char want[300];

	snprintf(want, sizeof(want), META("<org_name>%s</org_name>") "%s", org, rules);
	check(doc, want);
}

#define ORG(encoding, name) \
	STR("<?xml version='1.0' encoding='" encoding "'?>" META("<org_name>" name "</org_name>"))

static void
test_encodings(void **state)
{
	static char wide[600];
	struct str narrow = ORG("UTF-8", "o");

	(void)state;
	check_encoding(ORG("utf-8", "\xC3\xA4"), "\xC3\xA4", "");
	check_encoding(ORG("windows-1251", "\xC4"), "\xD0\x94", "");
	check_encoding(ORG("ISO-8859-1", "\xC4"), "\xC3\x84", "");
	check_encoding(ORG("x-none", "\xC3\xA4"), "\xC3\xA4", " declaration-repaired");
	check_encoding(ORG("UTF-16", "\xC3\xA4"), "\xC3\xA4", " declaration-repaired");
	check_encoding(ORG("UTF-32", "o"), "o", " declaration-repaired");
	check_encoding(ORG("../../etc", "o"), "o", " declaration-repaired");
	for (size_t i = 0; i < narrow.n; i++) {
		wide[2 * i] = narrow.p[i];
		wide[2 * i + 1] = '\0';
	}
	check_encoding((struct str){ wide, 2 * narrow.n }, "o", "");
	memmove(wide + 1, wide, 2 * narrow.n - 1);
	wide[0] = '\0';
	check_encoding((struct str){ wide, 2 * narrow.n }, "o", "");
}

/* However much comes, little is held, and a tag without end is text. */
static void
test_large(void **state)
{
	struct buf doc;
	size_t n = MARKUP_BYTES * 3;

	(void)state;
	buf_init(&doc, 64u << 20);
	buf_puts(&doc, STR(OPEN "<email>"));
	buf_puts(&doc, STR("<"));
	for (size_t i = 0; i < n; i++)
		buf_puts(&doc, STR("&amp;"));
	buf_puts(&doc, STR("</email>" CLOSE));
	mended(buf_str(&doc), 1u << 20);
	assert_non_null(strstr(out.p, "<email>&lt;&amp;&amp;"));
	assert_non_null(strstr(out.p, "&amp;</email>" CLOSE " bare-less-than"));
	assert_int_equal(strlen(out.p), doc.n + strlen("&lt;") - 1 + strlen(" bare-less-than"));
	buf_fini(&doc);
}

/* What is longer than can be held is told in the same pieces, however it comes. */
static void
test_long_text(void **state)
{
	static const size_t pieces[] = { 7, 1000, 40000 };
	struct buf doc, want;

	(void)state;
	buf_init(&doc, 64u << 20);
	buf_init(&want, 64u << 20);
	for (size_t at = LIMIT_XML_TEXT - 600; at < 2 * LIMIT_XML_TEXT + 600; at += 150) {
		buf_reset(&doc);
		buf_puts(&doc, STR(OPEN "<org_name>"));
		for (size_t i = 0; i < at + 300; i++)
			buf_puts(&doc, i == at ? STR("/org_name>") : STR("x"));
		buf_puts(&doc, STR("<email>e</email>" CLOSE));
		buf_reset(&want);
		buf_puts(&want, str_of(mended(buf_str(&doc), 1u << 20)));
		buf_put8(&want, '\0');
		for (size_t i = 0; i < COUNT(pieces); i++)
			assert_string_equal(mended(buf_str(&doc), pieces[i]), want.p);
	}
	buf_fini(&want);
	buf_fini(&doc);
}

/* A text is searched once, however many tags end nothing in it. */
static void
test_stray_tags(void **state)
{
	struct timespec before, after;
	struct buf doc;

	(void)state;
	buf_init(&doc, 64u << 20);
	buf_puts(&doc, STR(OPEN "<email>"));
	for (size_t i = 0; i < 60000; i++)
		buf_puts(&doc, STR(">"));
	for (size_t i = 0; i < 100000; i++)
		buf_puts(&doc, STR("</row>"));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	mended(buf_str(&doc), 1u << 20);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	assert_non_null(strstr(out.p, " end-tag-stray document-truncated !truncated !lost"));
	/* A minute, when it was searched again for each. */
	assert_true(after.tv_sec - before.tv_sec < 10);
	buf_fini(&doc);
}

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new(1u << 20);
	fields_init(&fields);
	mend = mend_new(on_write, NULL);
	buf_init(&out, 64u << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	fields_fini(&fields);
	mend_free(mend);
	buf_fini(&out);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_around),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_stray_tags),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

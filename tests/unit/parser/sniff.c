/* What bytes and names are taken for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "parser/sniff.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static void
test_bytes(void **state)
{
	static const struct {
		struct str in;
		enum sniff out;
	} table[] = {
		{ BYTES(""), SNIFF_EMPTY },
		{ BYTES("\x1F\x8B\x08"), SNIFF_GZIP },
		{ BYTES("PK\x03\x04"), SNIFF_ZIP },
		{ BYTES("PK\x05\x06"), SNIFF_ZIP },
		{ BYTES("PK"), SNIFF_OTHER },
		{ BYTES("BZh9"), SNIFF_BZIP2 },
		{ BYTES("\xFD"
			"7zXZ\0x"),
		    SNIFF_XZ },
		{ BYTES("\x28\xB5\x2F\xFD"), SNIFF_ZSTD },
		{ BYTES("7z\xBC\xAF\x27\x1C"), SNIFF_7ZIP },
		{ BYTES("Rar!\x1A\x07\x01"), SNIFF_RAR },
		{ BYTES("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), SNIFF_OLE },
		{ BYTES("\x78\x9F\x3E\x22"), SNIFF_TNEF },
		{ BYTES("-----BEGIN PKCS7-----\n"), SNIFF_CMS },
		{ BYTES("-----BEGIN PGP SIGNATURE-----\n"), SNIFF_OTHER },
		{ BYTES("0\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"), SNIFF_CMS },
		{ BYTES("0\x82\x01\x02\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03"), SNIFF_CMS },
		{ BYTES("0\x20\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01"), SNIFF_OTHER },
		{ BYTES("0\xFF\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"), SNIFF_OTHER },
		{ BYTES("0\x82"), SNIFF_OTHER },
		{ BYTES("0"), SNIFF_OTHER },
		{ BYTES("<feedback>"), SNIFF_XML },
		{ BYTES("<feedback"), SNIFF_XML },
		{ BYTES("\xEF\xBB\xBF \n<?xml version='1.0'?><Feedback xmlns='x'>"), SNIFF_XML },
		{ BYTES("<?xml version='1.0'?><!-- a --><ns1:feedback>"), SNIFF_XML },
		{ BYTES("<!DOCTYPE x [ ]><feedback/>"), SNIFF_XML },
		{ BYTES("<xs:schema><feedback>"), SNIFF_XML },
		{ BYTES("<feedbacks>"), SNIFF_OTHER },
		{ BYTES("<x:y:z>"), SNIFF_OTHER },
		{ BYTES("<?xml version='1.0'?><xs:element name=\"feedback\"/>"), SNIFF_OTHER },
		{ BYTES("<html><feedback>"), SNIFF_OTHER },
		{ BYTES("<!doctype html><feedback>"), SNIFF_OTHER },
		{ BYTES("text <feedback>"), SNIFF_OTHER },
		{ BYTES("\xFF\xFE<\0f\0e\0e\0d\0b\0a\0c\0k\0>\0"), SNIFF_XML },
		{ BYTES("\xFE\xFF\0<\0f\0e\0e\0d\0b\0a\0c\0k\0>"), SNIFF_XML },
		{ BYTES("<\0f\0e\0e\0d\0b\0a\0c\0k\0>\0"), SNIFF_XML },
		{ BYTES("\xFF\xFEt\0e\0x\0t\0"), SNIFF_OTHER },
		{ BYTES(" {\"organization-name\":\"x\"}"), SNIFF_TLSRPT },
		{ BYTES("{\"policies\":[]}"), SNIFF_TLSRPT },
		{ BYTES("{\"a\":1}"), SNIFF_OTHER },
		{ BYTES("From: a@example.com\nTo: b\n"), SNIFF_MAIL },
		{ BYTES("From a@example.com Wed\nReceived: x\n\ty\n"), SNIFF_MAIL },
		{ BYTES(">From a\r\nReceived: x\r\n\r\n"), SNIFF_MAIL },
		{ BYTES("Subject: x"), SNIFF_MAIL },
		{ BYTES("Note: this\nis text\n"), SNIFF_OTHER },
		{ BYTES("To be: or\nTo: be\n"), SNIFF_OTHER },
		{ BYTES(": x\n: y\n"), SNIFF_OTHER },
		{ BYTES("just text"), SNIFF_OTHER },
		{ BYTES(" \n"), SNIFF_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		if (sniff_bytes(table[i].in) != table[i].out)
			print_message("# row %zu: %.40s\n", i, table[i].in.p);
		assert_int_equal(sniff_bytes(table[i].in), table[i].out);
	}
}

static void
test_report_subject(void **state)
{
	static const struct {
		const char *subject;
		bool announces;
	} table[] = {
		{ "Report Domain: a.example Submitter: b.example Report-ID: <1>", true },
		{ "Fwd: [x] report domain: a Submitter: b", true },
		{ "Report domain_ a.example Submitter_ google.com Report-ID_ 1.msg", true },
		{ "Report Domain: a", false },
		{ "Submitter: b Report Domain: a", false },
		{ "Report Domain: a Submitter", false },
		{ "Lunch", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_true(sniff_report_subject(str_of(table[i].subject)) == table[i].announces);
}

static void
test_report_name(void **state)
{
	static const struct {
		const char *name;
		bool meant;
	} table[] = { { "google.com!example.com!1!2.xml.gz", true }, { "!example.com!1!2", true },
		{ "a!b!1!2!id.zip", true }, { "a!b!1!2.", true }, { "a!b!1", false },
		{ "a!b!1!x", false }, { "a!b!!2", false }, { "a!b!1!2x", false },
		{ "wow!!!", false }, { "report.xml", false }, { "", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(sniff_report_name(str_of(table[i].name)), table[i].meant);
}

static void
test_extension(void **state)
{
	static const struct {
		const char *name;
		bool has;
	} table[] = { { "a.xml", true }, { "a.XML.GZ", true }, { "a.zip", true }, { ".zip", false },
		{ "a.eml", false }, { "xml", false }, { "", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(sniff_report_extension(str_of(table[i].name)), table[i].has);
}

static void
test_others(void **state)
{
	(void)state;
	assert_string_equal(sniff_unread(SNIFF_BZIP2), "bzip2");
	assert_non_null(sniff_unread(SNIFF_RAR));
	assert_null(sniff_unread(SNIFF_GZIP));
	assert_int_equal(sniff_from_line(STR("From x\nA: b\n")), 7);
	assert_int_equal(sniff_from_line(STR(">From x\n")), 8);
	assert_int_equal(sniff_from_line(STR("From: x\n")), 0);
	assert_int_equal(sniff_from_line(STR("")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_report_name),
		cmocka_unit_test(test_report_subject),
		cmocka_unit_test(test_extension),
		cmocka_unit_test(test_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

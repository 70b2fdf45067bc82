/* Documents as reporters write them, and worse ones: the records and the report that come out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "parser/aggregate.h"
#include "tests/unit/parser/frames.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define META                                                                 \
	"<report_metadata><org_name>org</org_name><report_id>id</report_id>" \
	"<date_range><begin>1700000000</begin><end>1700000001</end></date_range></report_metadata>"
#define POLICY "<policy_published><domain>d.example</domain><p>none</p></policy_published>"
#define ROW(inside) "<record><row>" inside "</row></record>"
#define ROW1 ROW("<source_ip>192.0.2.1</source_ip><count>3</count>")
#define DOC(inside) "<feedback>" META POLICY inside "</feedback>"
#define REPORT "P report aggregate  org/id/d.example 1700000000-1700000001 "
#define R1 "R 192.0.2.1 3 - - - \n"

static struct aggregate *aggregate;
static struct arena *arena;
static struct out out;
static struct frames frames;

static bool twice; /* the last document was read again */

static int
read_once(struct str doc, size_t piece, const char *trouble, struct part *part)
{
	struct err e;
	int rc = 0;

	for (size_t at = 0; at < doc.n && rc == 0; at += piece)
		rc = aggregate_add(aggregate,
		    (struct str){ doc.p + at, doc.n - at < piece ? doc.n - at : piece }, &e);
	assert_true(rc >= 0);
	return aggregate_end(aggregate, OUTCOME_CORRUPT, trouble, part, &e);
}

/* Read ${doc} in pieces of ${piece} bytes, and again if that is asked for. */
static const char *
read_troubled(struct str doc, size_t piece, const char *trouble)
{
	struct part part = { 0 };
	struct err e;

	frames_reset(&frames);
	arena_reset(arena);
	aggregate_start(aggregate, arena, &out);
	twice = read_once(doc, piece, trouble, &part) == 1;
	if (twice) {
		const struct first_reading *first = aggregate_first(aggregate);

		aggregate_start_again(aggregate, arena, &out, first);
		assert_int_equal(read_once(doc, piece, trouble, &part), 0);
	}
	part_put(&out.frames, &part);
	assert_int_equal(out_flush(&out, 0, &e), 0);
	return frames_str(&frames);
}

static const char *
read_in(struct str doc, size_t piece)
{
	return read_troubled(doc, piece, NULL);
}

static void
check(const char *doc, const char *want)
{
	struct str s = str_of(doc);

	assert_string_equal(read_in(s, s.n + 1), want);
	assert_string_equal(read_in(s, 1), want);
	assert_string_equal(read_in(s, 7), want);
}

static void
test_documents(void **state)
{
	static const struct {
		const char *doc, *want;
	} table[] = {
		{ DOC(ROW1), R1 REPORT "1/3\n" },
		{ "<?xml version='1.0'?>\n<!-- c --><x:feedback xmlns:x='urn:x'>" META POLICY ROW1
		  "</x:feedback>\n<!-- c -->",
		    R1 REPORT "1/3\n" },
		{ "<a><feedback>" META POLICY ROW1 "</feedback></a>", R1 REPORT "1/3\n" },
		{ DOC("<extension><record><row><count>9</count></row></record></extension>" ROW1),
		    R1 REPORT "1/3\n" },
		{ DOC("<unknown><b><c/></b>text</unknown>" ROW1 "<z/>"), R1 REPORT "1/3\n" },
		{ DOC("<RECORD><Row><SOURCE_IP>192.0.2.1</SOURCE_IP><count>3</count></Row></RECORD>"),
		    R1 REPORT "1/3 element-case\n" },
		{ DOC(ROW("<source_ip a='b'> 192.0.2.1\n</source_ip><count>\t3 </count>")),
		    R1 REPORT "1/3\n" },
		{ DOC(ROW(
		      "<source_ip>192.<!-- c -->0.2.1</source_ip><count><![CDATA[3]]></count>")),
		    R1 REPORT "1/3\n" },
		{ DOC(ROW("<source_ip>192.0.<b>9</b>2.1</source_ip><count>3</count>")),
		    R1 REPORT "1/3\n" },
		{ DOC(ROW("<source_ip>192.0.2.1</source_ip><count>3</count><count>4</count>")),
		    R1 REPORT "1/3 element-twice\n" },
		{ DOC(ROW("<source_ip>192.0.2.1</source_ip><count/><count>3</count>")),
		    R1 REPORT "1/3\n" },
		{ DOC("<record><row><source_ip>192.0.2.1</source_ip><count>3</count>"
		      "<identifiers><header_from>A.example.</header_from></identifiers>"
		      "</row></record>"),
		    "R 192.0.2.1 3 - - - a.example\n" REPORT "1/3 misplaced-element\n" },
		{ DOC("<record><row><source_ip>::FFFF:192.0.2.1</source_ip><count>1</count>"
		      "<policy_evaluated><disposition>None</disposition><dkim>PASS</dkim>"
		      "<spf> fail</spf><reason><type>forwarded</type><comment>&lt;a&gt; &amp; b"
		      "</comment></reason><reason><type>Other</type></reason></policy_evaluated>"
		      "</row><identifiers><header_from>a</header_from><envelope_from>b"
		      "</envelope_from><envelope_to>c</envelope_to></identifiers><auth_results>"
		      "<spf><domain>B.</domain><scope>helo</scope><result>softfail</result></spf>"
		      "<dkim><domain>A</domain><selector>S1</selector><result>pass</result></dkim>"
		      "<dkim><domain>c</domain><result>fail</result><human_result>h</human_result>"
		      "</dkim></auth_results></record>"),
		    "R 192.0.2.1::FFFF:192.0.2.1 1 none pass fail a <b> <c> "
		    "[forwarded:<a> & b] [other:] {a/S1=pass} {c/=failh} (b/helo=softfail)\n" REPORT
		    "1/1 source-ip-repaired value-case\n" },
		{ DOC(ROW(
		      "<source_ip>x</source_ip><count>1</count><policy_evaluated>"
		      "<disposition>softfail</disposition><dkim>y</dkim><reason><type>whim</type>"
		      "</reason><reason/></policy_evaluated>")),
		    "R x 1 none ? -  [?:]\n" REPORT
		    "1/1 source-ip-unreadable value-synonym empty-result\n" },
		{ DOC("<record><row><source_ip>192.0.2.1</source_ip><count>2</count></row><auth_results>"
		      "<dkim/><dkim><result>softfail</result></dkim><spf><scope>x</scope><result>error"
		      "</result></spf><spf><result>x</result></spf></auth_results></record>"),
		    "R 192.0.2.1 2 - - -  {/=fail} (/-=permerror) (/-=?)\n" REPORT
		    "1/2 empty-result value-synonym unknown-scope\n" },
		{ DOC(ROW("<source_ip>192.0.2.1</source_ip><count>-1</count>")),
		    "R 192.0.2.1 - - - - \n" REPORT "1/0 count-unreadable\n" },
		{ DOC(ROW("<source_ip/><count>2</count>")),
		    "R  2 - - - \n" REPORT "1/2 source-ip-missing\n" },
		{ DOC(ROW("<source_ip/><count>0</count>") ROW1), R1 REPORT "1/3 null-record\n" },
		{ DOC(ROW("<source_ip>192.0.2.1</source_ip>")),
		    "R 192.0.2.1 - - - - \n" REPORT "1/0 count-missing\n" },
		{ DOC(ROW("<source_ip>[IPv6:2001:db8::1]:25</source_ip><count>5.00</count>")),
		    "R 2001:db8::1[IPv6:2001:db8::1]:25 5 - - - \n" REPORT
		    "1/5 source-ip-repaired count-fraction\n" },
		{ DOC("<record><row><source_ip>192.0.2.1</source_ip><count>1</count></row>"
		      "<identifiers><header_from>Ann &lt;a@X.example.&gt;</header_from><envelope_from>"
		      "&lt;&gt;</envelope_from><envelope_to>M\xC3\x9CLLER.example</envelope_to>"
		      "</identifiers><auth_results><dkim><domain>HASH(0x55d)</domain><result>none"
		      "</result></dkim></auth_results></record>"),
		    "R 192.0.2.1 1 - - - x.example <> <xn--mller-kva.example> {/=none}\n" REPORT
		    "1/1 domain-from-address domain-u-label perl-reference\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		check(table[i].doc, table[i].want);
}

/* Entries of a list of signatures that are none, beside ones that are. */
static void
test_signatures(void **state)
{
#define SIGNED(inside)                                                            \
	DOC("<record><row><source_ip>192.0.2.1</source_ip><count>1</count></row>" \
	    "<auth_results>" inside "</auth_results></record>")
#define DKIM(d, s, r) \
	"<dkim><domain>" d "</domain><selector>" s "</selector><result>" r "</result></dkim>"
	static const struct {
		const char *doc, *want;
	} table[] = {
		{ SIGNED(DKIM("", "", "fail") DKIM("a", "s", "pass")),
		    "{a/s=pass}\n" REPORT "1/1 dkim-without-domain\n" },
		{ SIGNED(DKIM("a", "s", "fail") DKIM("", "s", "") DKIM("", "", "none")),
		    "{a/s=fail}\n" REPORT "1/1 dkim-without-domain\n" },
		{ SIGNED(DKIM("", "", "fail")), "{/=fail}\n" REPORT "1/1\n" },
		{ SIGNED(DKIM("", "", "pass") DKIM("a", "s", "fail")),
		    "{/=pass} {a/s=fail}\n" REPORT "1/1\n" },
		{ SIGNED(DKIM("", "", "odd") DKIM("a", "s", "fail")),
		    "{/=?} {a/s=fail}\n" REPORT "1/1\n" },
		{ SIGNED(DKIM("not.evaluated", "", "none")),
		    "\n" REPORT "1/1 dkim-not-evaluated\n" },
		{ SIGNED(DKIM("a", "s", "temperror") DKIM("a", "t", "temperror")
			  DKIM("a", "s", "permerror") DKIM("a", "t", "permerror")),
		    "{a/s=temperror} {a/t=temperror}\n" REPORT "1/1 dkim-twice\n" },
		{ SIGNED(DKIM("a", "s", "temperror") DKIM("a", "t", "permerror")),
		    "{a/s=temperror} {a/t=permerror}\n" REPORT "1/1\n" },
	};
	char want[500];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		snprintf(want, sizeof(want), "R 192.0.2.1 1 - - - %s%s",
		    table[i].want[0] == '\n' ? "" : " ", table[i].want);
		check(table[i].doc, want);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *doc, *want;
	} table[] = {
		{ "<a/>", "P not_a_report - " },
		{ DOC(""), "P null_report aggregate : the report has no records" },
		{ DOC(ROW("<source_ip/><count>0</count>")), "P null_report aggregate : " },
		{ "<feedback>" META "</feedback>",
		    "P corrupt aggregate : policy_published/domain is missing (report \"id\" of" },
		{ "<feedback>" POLICY "</feedback>",
		    "P corrupt aggregate : report_metadata/date_range/begin is missing" },
		{ "<feedback><report_metadata><date_range><begin>x</begin></date_range>"
		  "</report_metadata>" POLICY "</feedback>",
		    "P corrupt aggregate : date_range is no time: \"x\"" },
		{ DOC("&nbsp;"),
		    "P corrupt aggregate : not well-formed at line 1: Entity 'nbsp' not defined" },
		{ DOC("\x91"),
		    "P corrupt aggregate : not well-formed at line 1: Input is not proper" },
		{ DOC("<record><row><source_ip>192.0.2.1</source_ip>"),
		    "P corrupt aggregate : not well-formed at line 1: Opening and ending tag" },
		{ "<a>" POLICY ROW1 "</a>",
		    R1 "X\nP corrupt aggregate : report_metadata/date_range/begin is missing" },
		{ "<a>" POLICY ROW1,
		    R1 "X\nP corrupt aggregate : report_metadata/date_range/begin is missing" },
		{ "<!DOCTYPE feedback []>" DOC(ROW1), "P corrupt aggregate : it has a DOCTYPE" },
		{ "<!DOCTYPE x SYSTEM 'http://x/'>" DOC(ROW1),
		    "P corrupt aggregate : it has a DOCTYPE" },
		{ "\n<?xml version='1.0'?><!DOCTYPE feedback []>" DOC(ROW1),
		    "P corrupt aggregate : it has a DOCTYPE" },
		{ "<feedback>&" META POLICY ROW1 "<!doctype x>",
		    R1 "X\nP corrupt aggregate : it has a DOCTYPE" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *got = read_in(str_of(table[i].doc), 4096);
		size_t n = strlen(table[i].want);

		if (strncmp(got, table[i].want, n) != 0)
			print_message("# %s", got);
		assert_memory_equal(got, table[i].want, n);
	}
}

/* What is not well-formed is read again; what the first reading wrote is taken back. */
static void
test_again(void **state)
{
	static const struct {
		const char *doc, *trouble, *want;
	} table[] = {
		{ DOC(ROW1 "\n&") "x", NULL,
		    R1 "X\n" R1 REPORT "1/3 not-well-formed bare-ampersand bytes-after-root\n" },
		{ "\n<?xml version='1.0'?>" DOC(ROW1), NULL,
		    R1 REPORT "1/3 not-well-formed bytes-before-root\n" },
		{ "<?xml version='1.0' encoding='x-none'?>" DOC(ROW1), NULL,
		    R1 REPORT "1/3 not-well-formed declaration-repaired\n" },
		{ "<a>" META POLICY ROW1 "</a>", NULL,
		    R1 REPORT "1/3 root-missing end-tag-stray\n" },
		{ "<feedback>" META POLICY ROW1, NULL,
		    R1
		    "X\n" R1 "P report aggregate : the document ends early; 1 record was complete "
		    "org/id/d.example 1700000000-1700000001 1/3 not-well-formed document-truncated\n" },
		{ "<feedback>" META POLICY ROW1 ROW1 "<record><row><count>3", NULL,
		    R1 R1
		    "X\n" R1 R1
		    "P report aggregate : the document ends early; 2 records were complete "
		    "org/id/d.example 1700000000-1700000001 2/6 not-well-formed document-truncated "
		    "record-incomplete\n" },
		{ DOC(ROW1 "</row></record>" ROW1), NULL,
		    R1
		    "X\n" R1 R1
		    "P report aggregate : something is missing in its middle; 2 records were "
		    "complete org/id/d.example 1700000000-1700000001 2/6 not-well-formed end-tag-stray\n" },
		{ DOC("<record><row><count>9<record><row><count>3</count></row></record>"), NULL,
		    "R  3 - - - \nX\nR  3 - - - \n"
		    "P report aggregate : something is missing in its middle; 1 record was complete "
		    "org/id/d.example 1700000000-1700000001 1/3 not-well-formed end-tag-missing record-incomplete source-ip-missing\n" },
		{ DOC(ROW1), "truncated", R1 REPORT "1/3 archive-damaged\n" },
		{ DOC(ROW1), "bad CRC",
		    R1
		    "P report aggregate : the archive is damaged (bad CRC); 1 record was complete "
		    "org/id/d.example 1700000000-1700000001 1/3 archive-damaged\n" },
		{ "<feedback>" META POLICY ROW1 "<", "truncated",
		    R1
		    "X\n" R1
		    "P report aggregate : the archive is damaged (truncated); 1 record was complete "
		    "org/id/d.example 1700000000-1700000001 1/3 not-well-formed document-truncated "
		    "archive-damaged\n" },
		{ "<feedback>" META POLICY, "truncated",
		    "P corrupt aggregate : truncated (report \"id\" of \"org\" for \"d.example\")\n" },
		/* The policy must be known before the records. */
		{ "<feedback>" META ROW1 POLICY "</feedback>", NULL, R1 "X\n" R1 REPORT "1/3\n" },
		{ DOC("<record><identities><header_from>a</header_from></identities><row>"
		      "<count>3</count></row></record>"),
		    NULL, "R  3 - - - a\n" REPORT "1/3 element-alias source-ip-missing\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str doc = str_of(table[i].doc);

		assert_string_equal(read_troubled(doc, 4096, table[i].trouble), table[i].want);
		assert_string_equal(read_troubled(doc, 7, table[i].trouble), table[i].want);
	}
}

/* Wherever a document is cut, the records before that are all there, and never one more. */
static void
test_every_cut(void **state)
{
	static const char whole[] = "<?xml version='1.0'?>" DOC(ROW1 ROW1 ROW1);
	unsigned most = 0;

	(void)state;
	for (size_t n = 1; n < sizeof(whole); n++) {
		const char *p = read_in((struct str){ whole, n }, 100), *last = strstr(p, "X\n");
		unsigned records = 0, complete = 0;

		for (last = last != NULL ? last + 2 : p; strncmp(last, R1, strlen(R1)) == 0;
		     last += strlen(R1))
			records++;
		for (const char *q = whole;
		     (q = memmem(q, (size_t)(whole + n - q), "</record>", 9)) != NULL; q += 9)
			complete++;
		assert_int_equal(records, complete);
		assert_int_equal(strstr(p, "P report") != NULL, complete > 0);
		assert_true(records >= most);
		most = records;
		assert_int_equal(twice, n < sizeof(whole) - 1);
	}
	assert_int_equal(most, 3);
}

/* ${before}, ${n} times ${c}, ${after}. */
static const char *
long_text(const char *before, size_t n, const char *after)
{
	static struct buf b;

	if (b.max == 0)
		buf_init(&b, 16u << 20);
	buf_reset(&b);
	buf_puts(&b, str_of(before));
	for (size_t i = 0; i < n; i++)
		buf_put8(&b, 'x');
	buf_puts(&b, str_of(after));
	read_in(buf_str(&b), 32768);
	buf_fini(&b);
	return frames.text.p;
}

static void
test_lengths(void **state)
{
	(void)state;
	/* In an identity nothing is cut. */
	assert_non_null(strstr(long_text("<feedback><report_metadata><report_id>", 1025,
				   "</report_id></report_metadata></feedback>"),
	    "report_id is 1025 bytes long"));
	assert_non_null(strstr(long_text("<feedback><report_metadata><org_name>", 1025,
				   "</org_name></report_metadata></feedback>"),
	    "org_name is 1025 bytes long"));
	assert_non_null(strstr(long_text("<feedback><policy_published><domain>", 256,
				   "</domain></policy_published></feedback>"),
	    "domain is 256 bytes long"));
	/* Elsewhere it is, and said. */
	assert_non_null(strstr(
	    long_text("<feedback>" META POLICY "<version>", 1025, "</version>" ROW1 "</feedback>"),
	    "1/3 text-cut\n"));
	assert_non_null(strstr(long_text("<feedback>" META POLICY "<version>", 5u << 20,
				   "</version>" ROW1 "</feedback>"),
	    "1/3 text-cut\n"));
	assert_non_null(strstr(
	    long_text("<feedback>" META POLICY "<version>", 1024, "</version>" ROW1 "</feedback>"),
	    "1/3\n"));
}

static void
put_long(struct buf *b, const char *before, const char *after)
{
	buf_puts(b, str_of(before));
	for (size_t i = 0; i < 9000; i++)
		buf_put8(b, 'x');
	buf_puts(b, str_of(after));
}

/* The most that a record can hold still fits a frame. */
static void
test_largest_record(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 16u << 20);
	buf_puts(&b,
	    STR("<feedback>" META POLICY "<record><row><source_ip>192.0.2.1</source_ip>"
		"<count>3</count><policy_evaluated>"));
	for (size_t i = 0; i < 2u * LIMIT_RESULTS; i++)
		put_long(&b, "<reason><comment>", "</comment></reason>");
	buf_puts(&b, STR("</policy_evaluated></row><auth_results>"));
	for (size_t i = 0; i < 2u * LIMIT_RESULTS; i++)
		put_long(&b, "<dkim><human_result>",
		    "</human_result></dkim><spf><result>none</result></spf>");
	buf_puts(&b, STR("</auth_results></record></feedback>"));
	read_in(buf_str(&b), 32768);
	assert_non_null(strstr(frames.text.p, " text-cut too-many-results record-too-large"));
	assert_true(frames.bytes < LIMIT_FRAME_BYTES);
	buf_fini(&b);
}

static void
test_depth(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1u << 20);
	for (size_t n = LIMIT_XML_DEPTH - 1; n <= LIMIT_XML_DEPTH; n++) {
		buf_reset(&b);
		buf_puts(&b, STR("<feedback>" META POLICY ROW1));
		for (size_t i = 0; i < n; i++)
			buf_puts(&b, STR("<x>"));
		for (size_t i = 0; i < n; i++)
			buf_puts(&b, STR("</x>"));
		buf_puts(&b, STR("</feedback>"));
		read_in(buf_str(&b), 100);
		assert_int_equal(
		    strstr(frames.text.p, "nested more than 64 deep; this limit is fixed") != NULL,
		    n == LIMIT_XML_DEPTH);
	}
	buf_fini(&b);
}

/* What would cost libxml2 quadratic time. */
static void
test_costly(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 16u << 20);
	buf_puts(&b, STR("<feedback><a x='"));
	for (size_t i = 0; i < 200000; i++)
		buf_put8(&b, '-');
	read_in(buf_str(&b), 10000);
	assert_non_null(strstr(frames.text.p, "a tag is longer than 64 KB; this limit is fixed"));
	read_in(buf_str(&b), 100000);
	assert_non_null(strstr(frames.text.p, "a tag is longer than 64 KB; this limit is fixed"));

	buf_reset(&b);
	buf_puts(&b, STR("<feedback"));
	for (size_t i = 0; i < 100; i++)
		buf_printf(&b, " a%zu=''", i);
	buf_puts(&b, STR("/>"));
	read_in(buf_str(&b), 100);
	assert_non_null(strstr(frames.text.p, "more than 64 attributes; this limit is fixed"));

	buf_reset(&b);
	buf_puts(&b, STR("<feedback>"));
	for (size_t i = 0; i < 20000; i++)
		buf_printf(&b, "<a%zu/>", i);
	read_in(buf_str(&b), 10000);
	assert_non_null(
	    strstr(frames.text.p, "more than 10000 different names; this limit is fixed"));
	buf_fini(&b);
}

static void
test_trouble(void **state)
{
	struct part part = { 0 };
	struct err e;

	(void)state;
	frames_reset(&frames);
	arena_reset(arena);
	aggregate_start(aggregate, arena, &out);
	assert_int_equal(aggregate_add(aggregate, STR(DOC(ROW1)), &e), 0);
	assert_int_equal(aggregate_end(aggregate, OUTCOME_TOO_BIG, "it is too much", &part, &e), 0);
	part_put(&out.frames, &part);
	assert_int_equal(out_flush(&out, 0, &e), 0);
	assert_string_equal(frames_str(&frames),
	    R1 "X\nP too_big aggregate : it is too much (report "
	       "\"id\" of \"org\" for \"d.example\")\n");
}

static void
test_encodings(void **state)
{
	static const struct {
		const char *doc;
		const char *org;
	} table[] = {
		{ "<?xml version='1.0' encoding='windows-1252'?><feedback><report_metadata>"
		  "<org_name>\x80</org_name></report_metadata></feedback>",
		    "\xE2\x82\xAC" },
		{ "<?xml version='1.0' encoding='koi8-r'?><feedback><report_metadata>"
		  "<org_name>\xD0</org_name></report_metadata></feedback>",
		    "\xD0\xBF" },
		{ "\xEF\xBB\xBF<feedback><report_metadata>"
		  "<org_name>\xC3\xBC</org_name></report_metadata></feedback>",
		    "\xC3\xBC" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char want[64];

		snprintf(want, sizeof(want), "of \"%s\")", table[i].org);
		assert_non_null(strstr(read_in(str_of(table[i].doc), 4096), want));
		assert_non_null(strstr(read_in(str_of(table[i].doc), 1), want));
	}
}

static int
setup(void **state)
{
	struct err e;

	(void)state;
	aggregate = aggregate_new(&e);
	arena = arena_new(LIMIT_WORKER_ARENA);
	frames_init(&frames, &out);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	aggregate_free(aggregate);
	arena_free(arena);
	frames_fini(&frames, &out);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_largest_record),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_costly),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_encodings),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* reporter.c - the forms, as found in real reports of late. */
#include "reporter.h"

/* What belongs together stands in a line here. */
/* clang-format off */

#define XML_SPACED "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>"
#define XML_TIGHT "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define XML_BARE "<?xml version=\"1.0\"?>"
#define XSD " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"" \
	" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
#define URN " xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\""

/* A Cisco appliance reports under its own host name. */
#define ESA(host, number) { \
	.org = host, .email = "MAILER-DAEMON@" host, .contact = "", .submitter = host, \
	.declaration = XML_SPACED, .version = "1.0", .indent = "  ", .eol = "\n", .tail = "\n", \
	.policy = "dafpsc", .ident = "hf", .dkim = "dsr", .spf = "dcr", \
	.id = ID_ESA, .span = SPAN_SHIFTED, .mail = MAIL_PLAIN, .pack = PACK_GZIP, \
	.weight = number, .share = 8, .max = 3, .v6 = 0 }

/* Small sites with rspamd, and with OpenDMARC of the releases up to 1.4.2. */
#define RSPAMD(name, site) { \
	.org = name, .email = "dmarc-reports@" site, .submitter = site, \
	.from = "\"DMARC Reports\" <dmarc-reports@" site ">", \
	.declaration = XML_SPACED, .indent = "  ", .eol = "\n", .tail = "\n", \
	.policy = "dafpsc", .ident = "h", .dkim = "dr", .spf = "dr", \
	.habits = HABIT_SP_NONE, .id = ID_DOT, .span = SPAN_SHIFTED, .mail = MAIL_RSPAMD, \
	.pack = PACK_GZIP, .weight = 2, .share = 4, .max = 12, .v6 = 10 }
#define OPENDMARC(site) { \
	.org = site, .email = "postmaster@" site, .submitter = site, \
	.declaration = XML_SPACED, .indent = "\t", .eol = "\n", .tail = "\n", \
	.policy = "dafpsc", .ident = "h", .dkim = "dr", .spf = "dr", \
	.habits = HABIT_SPF_FIRST | HABIT_ARC_FAIL, .id = ID_COLON, .span = SPAN_SHIFTED, \
	.mail = MAIL_OPENDMARC, .pack = PACK_ZIP, .weight = 2, .share = 4, .max = 9, .v6 = 10 }

/* 1&1's two brands write in one form. */
#define MAM(name, address, page, site, number, part) { \
	.org = name, .email = address, .contact = page, .submitter = site, \
	.declaration = XML_TIGHT, .root = URN, .version = "1.0", \
	.indent = "   ", .eol = "\n", .tail = "\n", \
	.policy = "dvafpst", .ident = "fh", .dkim = "dsr", .spf = "dcr", \
	.habits = HABIT_9990, .id = ID_HEX32, .span = SPAN_DAY, .mail = MAIL_PLAIN_NULL, \
	.pack = PACK_GZIP, .weight = number, .share = part, .max = 120, .v6 = 15 }

#define MICROSOFT(name, site, habit, number, part, most, six) { \
	.org = name, .email = "dmarcreport@microsoft.com", .submitter = site, \
	.from = "\"DMARC Aggregate Report\" <dmarcreport@microsoft.com>", \
	.declaration = XML_BARE, .root = XSD, .version = "1.0", \
	.indent = "  ", .eol = "\r\n", .tail = "", \
	.policy = "dafpsco", .ident = "tfh", .dkim = "dsr", .spf = "dcr", \
	.habits = habit, .id = ID_HEX32, .span = SPAN_NEXT, .mail = MAIL_MICROSOFT, \
	.pack = PACK_GZIP, .weight = number, .share = part, .max = most, .v6 = six }

const struct reporter reporters[] = {
	ESA("esa1.hc901-15.iphmx.com", 4),
	{
		.org = "Yahoo", .email = "dmarchelp@yahooinc.com", .submitter = "yahoo.com",
		.from = "noreply@dmarc.yahoo.com",
		.declaration = XML_BARE, .indent = "  ", .eol = "\t\n", .tail = "\t",
		.policy = "dafpc", .ident = "h", .dkim = "dsr", .spf = "dr",
		.id = ID_MICRO, .span = SPAN_DAY, .mail = MAIL_PLAIN, .pack = PACK_GZIP,
		.weight = 27, .share = 120, .max = 70, .v6 = 0,
	},
	{
		.org = "google.com", .email = "noreply-dmarc-support@google.com",
		.contact = "https://support.google.com/a/answer/2466580",
		.submitter = "google.com", .subject = "Report domain: ",
		.declaration = XML_SPACED, .indent = "  ", .eol = "\n", .tail = "\n",
		.policy = "dafpscn", .ident = "h", .dkim = "drs", .spf = "dr",
		.habits = HABIT_ARC | HABIT_FORWARDED, .id = ID_NUMBER, .span = SPAN_DAY,
		.mail = MAIL_SINGLE_ZIP, .pack = PACK_ZIP,
		.weight = 16, .share = 380, .max = 3600, .v6 = 40,
	},
	MICROSOFT("Enterprise Outlook", "enterprise.protection.outlook.com", HABIT_TENANTS,
	    10, 150, 3600, 5),
	MICROSOFT("Outlook.com", "protection.outlook.com", 0, 6, 90, 400, 5),
	MAM("GMX", "noreply-dmarc@sicher.gmx.net", "https://postmaster.gmx.net/en/case?c=r2002",
	    "gmx.net", 4, 70),
	MAM("WEB.DE", "noreply-dmarc@sicher.web.de", "https://postmaster.web.de/en/case?c=r2002",
	    "web.de", 3, 50),
	{
		.org = "Mimecast", .email = "no-reply@de-1.mimecastreport.com",
		.contact = "https://community.mimecast.com/s/knowledge",
		.submitter = "mimecast.org", .subject = "Report domain: ",
		.declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>",
		.indent = "  ", .eol = "\n", .tail = "\n",
		.policy = "dafpsc", .ident = "h", .dkim = "dsrH", .spf = "dr",
		.habits = HABIT_FILE_ID, .id = ID_HEX64, .span = SPAN_DAY,
		.mail = MAIL_SINGLE_GZIP, .pack = PACK_GZIP,
		.weight = 5, .share = 25, .max = 14, .v6 = 0,
	},
	ESA("esa3.hc4410-77.iphmx.com", 3),
	ESA("esa6.hc2288-31.iphmx.com", 2),
	{
		.org = "Mail.Ru", .email = "dmarc_support@corp.mail.ru",
		.contact = "http://help.mail.ru/mail-help", .submitter = "mail.ru",
		.declaration = "<?xml version='1.0' encoding='utf-8'?>",
		.indent = "", .eol = "", .tail = "",
		.policy = "dafpsc", .ident = "h", .dkim = "dsr", .spf = "dcr",
		.habits = HABIT_SPF_FIRST, .id = ID_MAILRU, .span = SPAN_NEXT,
		.mail = MAIL_MAILRU, .pack = PACK_GZIP_NAMED,
		.weight = 4, .share = 12, .max = 40, .v6 = 5,
	},
	{
		.org = "AMAZON-SES", .email = "postmaster@amazonses.com",
		.submitter = "amazonses.com",
		.declaration = XML_BARE, .version = "0.1",
		.indent = "\t", .eol = "\n", .tail = "\n",
		.policy = "dafpsc", .ident = "fh", .dkim = "dr", .spf = "dr",
		.id = ID_UUID, .span = SPAN_NEXT, .mail = MAIL_SES, .pack = PACK_GZIP,
		.weight = 4, .share = 10, .max = 12, .v6 = 0,
	},
	{
		.org = "comcast.net", .email = "dmarc-admin@alerts.comcast.net",
		.submitter = "comcast.net",
		.declaration = XML_SPACED, .version = "1.0",
		.indent = "\t", .eol = "\n", .tail = "\n",
		.policy = "dafpsc", .ident = "hf", .dkim = "drsh", .spf = "dr",
		.id = ID_V2, .span = SPAN_NEXT, .mail = MAIL_COMCAST, .pack = PACK_GZIP,
		.weight = 4, .share = 15, .max = 25, .v6 = 10,
	},
	{
		.org = "Fastmail Pty Ltd", .email = "reports@fastmaildmarc.com",
		.contact = "https://fastmail.com/", .submitter = "fastmaildmarc.com",
		.declaration = XML_BARE, .version = "1.0",
		.indent = "\t", .eol = "\n", .tail = "\n",
		.policy = "dAFpsco", .ident = "fh", .dkim = "dsrh", .spf = "dcr",
		.habits = HABIT_LIST, .id = ID_SHORT, .span = SPAN_DAY, .mail = MAIL_FASTMAIL,
		.pack = PACK_GZIP, .weight = 3, .share = 8, .max = 10, .v6 = 0,
	},
	{
		.org = "zoho.com", .email = "noreply-dmarc@zoho.com",
		.contact = "https://www.zoho.com/mail/help/adminconsole/dmarc-policy.html",
		.submitter = "zoho.com",
		.declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>",
		.version = "1.0", .indent = "    ", .eol = "\n", .tail = "\n",
		.policy = "dafpsco", .ident = "h", .dkim = "rds", .spf = "drc",
		.id = ID_UUID, .span = SPAN_NEXT, .mail = MAIL_PLAIN, .pack = PACK_ZIP,
		.weight = 3, .share = 8, .max = 10, .v6 = 0,
	},
	{
		.org = "GoDaddy.com", .email = "<dmarcreports@secureserver.net>",
		.submitter = "secureserver.net", .from = "dmarcreports@secureserver.net",
		.declaration = XML_SPACED, .indent = "  ", .eol = "\n", .tail = "\n",
		.policy = "dafpsc", .ident = "h", .dkim = "dr", .spf = "dr",
		.habits = HABIT_SPF_FIRST, .id = ID_DASH, .span = SPAN_MOMENT,
		.mail = MAIL_PLAIN, .pack = PACK_GZIP,
		.weight = 4, .share = 10, .max = 50, .v6 = 0,
	},
	RSPAMD("Küster & Söhne Mailbetrieb", "mail.kuester-soehne.example"),
	RSPAMD("mailcow", "mx.ziegelhof.example"),
	RSPAMD("Freifunk Mail", "post.freifunk-heide.example"),
	OPENDMARC("mx1.uni-musterstadt.example"),
	OPENDMARC("relay.stadtwerke-ost.example"),
};

/* clang-format on */
const size_t nreporters = sizeof(reporters) / sizeof(reporters[0]);
const struct reporter *const reporter_big = &reporters[0];

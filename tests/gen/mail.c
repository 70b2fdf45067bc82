/* mail.c - the mail that carries a report, as each reporter sends it. */
#include "mail.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "report.h"
#include "rng.h"
#include "text.h"

enum { LINE = 76 }; /* RFC 2045, 6.8 */

/* The parts of one mail that every form needs. */
struct draft {
	struct text *out;
	const struct report *report;
	const struct reporter *by;
	const char *domain, *from;
	int64_t date;  /* when it was written */
	char mark[25]; /* random hexadecimal, for boundaries and ids */
};

void
mail_trace(struct text *out, const char *sender, const char *host, const char *to, int64_t when,
    struct rng *rng)
{
	/* One draw to a statement: compilers differ in the order of arguments. */
	uint32_t net = rng_below(rng, 1u << 16), port = rng_range(rng, 20000, 60000);

	text_fmt(out, "Return-Path: <%s>\nDelivered-To: %s\n", sender, to);
	text_fmt(
	    out, "Received: from %s (%s [192.0.2.%u])\n", host, host, rng_range(rng, 100, 250));
	text_str(out,
	    "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
	    "\t key-exchange X25519 server-signature RSA-PSS (2048 bits))\n"
	    "\tby mx.postamt.example (Postfix) with ESMTPS id ");
	text_hex(out, rng, 10);
	text_fmt(out, "\n\tfor <%s>; ", to);
	text_date(out, when);
	text_fmt(out,
	    "\nReceived: from [10.11.%u.%u] (port=%u helo=queue)\n"
	    "\tby %s with esmtps id ",
	    net >> 8, net & 255, port, host);
	text_hex(out, rng, 16);
	text_fmt(out, "\n\tfor %s; ", to);
	text_date(out, when - 1);
	text_str(out, "\n");
}

/* The receiving server's verdict on the report mail itself. */
static void
write_results(struct text *out, const char *sender, const char *domain)
{
	text_fmt(out,
	    "Authentication-Results: mx.postamt.example;\n"
	    "\tdkim=pass (2048-bit key; unprotected) header.d=%s header.s=s2026;\n"
	    "\tspf=pass smtp.mailfrom=%s;\n\tdmarc=pass (policy=reject) header.from=%s\n",
	    domain, sender[0] != '\0' ? sender : domain, domain);
	text_str(out,
	    "X-Spam-Status: No, score=-2.1 required=6.0 tests=BAYES_00,DKIM_SIGNED,\n"
	    "\tDKIM_VALID,DKIM_VALID_AU,SPF_PASS autolearn=ham version=4.0.0\n"
	    "X-Spam-Level:\n");
}

void
mail_signature(
    struct text *out, const char *domain, const char *selector, int64_t when, struct rng *rng)
{
	enum { HASH = 4, SIGNATURE = 32 }; /* of eight bytes each */
	uint64_t noise[HASH + SIGNATURE];
	struct text b = { 0 };
	size_t i;

	for (i = 0; i < HASH + SIGNATURE; i++)
		noise[i] = rng_next(rng);
	text_fmt(out,
	    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s;\n"
	    "\ts=%s; t=%" PRId64 ";\n"
	    "\th=from:to:subject:date:message-id:mime-version:content-type;\n\tbh=",
	    domain, selector, when);
	text_base64(out, noise, HASH * sizeof(*noise), 0);
	text_str(out, ";\n\tb=");
	text_base64(&b, noise + HASH, SIGNATURE * sizeof(*noise), 0);
	for (i = 0; i < b.n; i += 70) {
		text_str(out, i > 0 ? "\n\t " : "");
		text_add(out, b.p + i, b.n - i < 70 ? b.n - i : 70);
	}
	text_str(out, "\n");
	text_fini(&b);
}

static void
date_header(struct draft *d)
{
	text_str(d->out, "Date: ");
	text_date(d->out, d->date);
	text_str(d->out, "\n");
}

/* From, To, Date, Message-ID. */
static void
address_headers(struct draft *d)
{
	text_fmt(d->out, "From: %s\nTo: dmarc@%s\n", d->from, d->domain);
	date_header(d);
	text_fmt(d->out, "Message-ID: <%s@%s>\n", d->mark, d->by->submitter);
}

static void
subject(struct draft *d, const char *before_id, const char *after_id)
{
	text_fmt(d->out, "Subject: %s%s\n Submitter: %s\n Report-ID: %s%s%s\n",
	    d->by->subject != NULL ? d->by->subject : "Report Domain: ", d->domain,
	    d->by->submitter, before_id, d->report->id, after_id);
}

static void
mixed(struct draft *d, const char *boundary)
{
	text_fmt(d->out, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"%s\"\n\n",
	    boundary);
}

static void
body(struct draft *d, size_t width)
{
	text_base64(d->out, d->report->pack.out.p, d->report->pack.out.n, width);
}

/* The report as the only part. */
static void
write_single(struct draft *d, const char *type)
{
	address_headers(d);
	text_str(d->out, "MIME-Version: 1.0\n");
	text_fmt(d->out, "Content-Type: %s;\n\tname=\"%s\"\n", type, d->report->file);
	text_fmt(d->out, "Content-Disposition: attachment;\n\tfilename=\"%s\"\n", d->report->file);
	text_str(d->out, "Content-Transfer-Encoding: base64\n\n");
	body(d, LINE);
}

static void
write_google(struct draft *d)
{
	text_fmt(d->out, "X-Received: by 2001:db8:4864:: with SMTP id %.14s; ", d->mark);
	text_date(d->out, d->date);
	text_fmt(d->out, "\nSubject: Report domain: %s Submitter: google.com Report-ID: %s\n",
	    d->domain, d->report->id);
	write_single(d, "application/zip");
}

static void
write_microsoft(struct draft *d)
{
	struct text s = { 0 };

	text_fmt(&s, "Report Domain: %s Submitter: %s Report-ID: %s", d->domain, d->by->submitter,
	    d->report->id);
	text_str(d->out, "Subject: =?utf-8?B?");
	text_base64(d->out, s.p, s.n, 0);
	text_str(d->out, "?=\n");
	address_headers(d);
	text_fmt(d->out,
	    "X-MS-Exchange-Organization-AuthAs: Internal\n"
	    "X-MS-TrafficTypeDiagnostic: %.12s:EE_\n",
	    d->mark);
	text_fmt(d->out,
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed;\n"
	    "\tboundary=\"_mpm_%s_\"\n\nThis is a multi-part message in MIME format.\n\n",
	    d->mark);
	text_fmt(d->out,
	    "--_mpm_%s_\nContent-Type: multipart/related;\n"
	    "\tboundary=\"_rv_%s_\"\n\n",
	    d->mark, d->mark);
	text_fmt(d->out,
	    "--_rv_%s_\nContent-Type: multipart/alternative;\n"
	    "\tboundary=\"_av_%s_\"\n\n",
	    d->mark, d->mark);
	text_fmt(d->out,
	    "--_av_%s_\n\n\n--_av_%s_\nContent-Type: text/html; charset=us-ascii\n"
	    "Content-Transfer-Encoding: base64\n\n",
	    d->mark, d->mark);
	text_clear(&s);
	text_fmt(&s,
	    "<div style=\"font-family:sans-serif;\">This is a DMARC aggregate report "
	    "from Microsoft for %s.</div>",
	    d->domain);
	text_base64(d->out, s.p, s.n, LINE);
	text_fmt(d->out, "\n--_av_%s_--\n\n--_rv_%s_--\n\n--_mpm_%s_\n", d->mark, d->mark, d->mark);
	text_fmt(d->out,
	    "Content-Type: application/gzip\nContent-Transfer-Encoding: base64\n"
	    "Content-ID: <%.8s-%.4s@report>\nContent-Description: %s\n"
	    "Content-Disposition: attachment; filename=\"%s\";\n\n",
	    d->mark, d->mark + 8, d->report->file, d->report->file);
	body(d, 0);
	text_fmt(d->out, "\n\n--_mpm_%s_--\n", d->mark);
	text_fini(&s);
}

static void
write_mailru(struct draft *d)
{
	static const char line[] = "This is an aggregate report from Mail.Ru.";

	text_fmt(d->out, "Subject: Report Domain: %s; Submitter: Mail.Ru;\n Report-ID: %s\n",
	    d->domain, d->report->id);
	address_headers(d);
	text_str(d->out, "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n");
	text_fmt(d->out, "Content-Type: multipart/mixed; boundary=\"===============%.19s==\"\n\n",
	    d->mark);
	text_fmt(d->out,
	    "--===============%.19s==\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=\"utf-8\"\n"
	    "Content-Transfer-Encoding: base64\n\n",
	    d->mark);
	text_base64(d->out, line, sizeof(line) - 1, LINE);
	text_fmt(d->out,
	    "\n--===============%.19s==\nContent-Type: application/gzip\n"
	    "MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n"
	    "Content-Disposition: attachment;\n filename=\"%s\"\n\n",
	    d->mark, d->report->file);
	body(d, LINE);
	text_fmt(d->out, "--===============%.19s==--\n", d->mark);
}

/* A file name in two segments, cut three bytes before its end.  RFC 2231, 3. */
static void
split_name(struct draft *d, const char *parameter, const char *quote)
{
	const char *name = d->report->file;
	size_t cut = strlen(name) - 3;

	text_fmt(d->out, "\t%s*0=%s%.*s%s;\n\t%s*1=%s%s%s", parameter, quote, (int)cut, name, quote,
	    parameter, quote, name + cut, quote);
}

static void
write_ses(struct draft *d)
{
	time_t begin = (time_t)d->report->begin;
	struct tm tm;

	gmtime_r(&begin, &tm);
	text_fmt(d->out,
	    "Subject: Dmarc Aggregate Report Domain: {%s}  Submitter: {Amazon SES}\n"
	    "  Date: {%d-%02d-%02d}  Report-ID: {%s}\n",
	    d->domain, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, d->report->id);
	address_headers(d);
	text_fmt(d->out,
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed;\n"
	    "\tboundary=\"----=_Part_%.20s\"\n"
	    "Feedback-ID: 1.eu-central-1.%.16s=:AmazonSES\n\n",
	    d->mark, d->mark);
	text_fmt(d->out,
	    "------=_Part_%.20s\nContent-Type: text/plain; charset=us-ascii\n"
	    "Content-Transfer-Encoding: 7bit\n\n"
	    "This MIME email was sent through Amazon SES.\n",
	    d->mark);
	text_fmt(d->out, "------=_Part_%.20s\nContent-Type: application/octet-stream;\n", d->mark);
	split_name(d, "name", "");
	text_str(d->out, "\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment;\n");
	split_name(d, "filename", "");
	text_str(d->out, "\n\n");
	body(d, LINE);
	text_fmt(d->out, "------=_Part_%.20s--\n", d->mark);
}

static void
write_fastmail(struct draft *d)
{
	subject(d, "<", ">");
	address_headers(d);
	mixed(d, d->mark);
	text_fmt(d->out,
	    "--%s\nContent-Type: text/plain\nContent-Disposition: inline\n\n"
	    "This is a DMARC aggregate report for %s\n\n%" PRIu64 " records.\n\n"
	    "Generated by Mail::DMARC\n\n",
	    d->mark, d->domain, d->report->sums.records);
	text_fmt(d->out,
	    "--%s\nContent-Type: application/gzip\n"
	    "Content-Transfer-Encoding: base64\nContent-Disposition: inline;\n",
	    d->mark);
	split_name(d, "filename", "\"");
	text_str(d->out, "\n\n");
	body(d, LINE);
	text_fmt(d->out, "\n--%s--\n", d->mark);
}

static void
write_rspamd(struct draft *d)
{
	text_fmt(d->out, "Subject: Report Domain: %s\n\tSubmitter: %s\n\tReport-ID: %s\n",
	    d->domain, d->by->submitter, d->report->id);
	address_headers(d);
	text_str(d->out, "Auto-Submitted: auto-generated\nPrecedence: bulk\n");
	text_fmt(d->out,
	    "MIME-Version: 1.0\nContent-Type: multipart/mixed;\n"
	    "\tboundary=\"----=_NextPart_%s\"\n\nThis is a multipart message in MIME format.\n\n",
	    d->mark);
	text_fmt(d->out,
	    "------=_NextPart_%s\nContent-Type: text/plain; charset=\"us-ascii\"\n"
	    "Content-Transfer-Encoding: 7bit\n\nThis is an aggregate report from %s.\n\n"
	    "Report domain: %s\nSubmitter: %s\nReport ID: %s\n\n",
	    d->mark, d->by->submitter, d->domain, d->by->submitter, d->report->id);
	text_fmt(d->out,
	    "------=_NextPart_%s\nContent-Type: application/gzip\n"
	    "Content-Transfer-Encoding: base64\nContent-Disposition: attachment;\n"
	    "\tfilename=\"%s\"\n\n",
	    d->mark, d->report->file);
	body(d, LINE);
	text_fmt(d->out, "\n------=_NextPart_%s--\n", d->mark);
}

/* Its Subject and its XML never agree on the id. */
static void
write_opendmarc(struct draft *d)
{
	text_fmt(d->out,
	    "Subject: Report Domain: %s\n    Submitter: %s\n"
	    "    Report-ID: <%s-%" PRId64 "@%s>\n",
	    d->domain, d->by->submitter, d->domain, d->report->end, d->by->submitter);
	address_headers(d);
	text_fmt(d->out, "X-Mailer: opendmarc-reports v1.4.2\n");
	mixed(d, "report_section");
	text_fmt(d->out,
	    "This is a MIME-encapsulated message.\n\n--report_section\n"
	    "Content-Type: text/plain;\n\nThis is a DMARC aggregate report for %s\n"
	    "generated at ",
	    d->domain);
	text_date(d->out, d->date);
	text_fmt(d->out,
	    "\n\n--report_section\nContent-Type: application/zip\n"
	    "Content-Disposition: attachment; filename=\"%s\"\n"
	    "Content-Transfer-Encoding: base64\n\n",
	    d->report->file);
	body(d, LINE);
	text_str(d->out, "\n--report_section--\n");
}

static void
write_plain(struct draft *d, const char *type)
{
	const char *file = d->report->file;

	subject(d, "<", ">");
	address_headers(d);
	mixed(d, d->mark);
	text_fmt(d->out,
	    "--%s\nContent-Type: text/plain; charset=us-ascii\n"
	    "Content-Transfer-Encoding: 7bit\n\nThis is a DMARC aggregate report from %s "
	    "for the domain\n%s.\n\n",
	    d->mark, d->by->submitter, d->domain);
	text_fmt(d->out,
	    "--%s\nContent-Type: %s; name=\"%s\"\n"
	    "Content-Transfer-Encoding: base64\n"
	    "Content-Disposition: attachment; filename=\"%s\"\n\n",
	    d->mark, type, file, file);
	body(d, LINE);
	text_fmt(d->out, "\n--%s--\n", d->mark);
}

static void
write_form(struct draft *d)
{
	switch (d->by->mail) {
	case MAIL_SINGLE_ZIP:
		write_google(d);
		break;
	case MAIL_MICROSOFT:
		write_microsoft(d);
		break;
	case MAIL_SINGLE_GZIP:
		subject(d, "", "");
		write_single(d, "application/gzip");
		break;
	case MAIL_MAILRU:
		write_mailru(d);
		break;
	case MAIL_SES:
		write_ses(d);
		break;
	case MAIL_COMCAST:
		write_plain(d, "application-x-gzip"); /* as they write it */
		break;
	case MAIL_FASTMAIL:
		write_fastmail(d);
		break;
	case MAIL_RSPAMD:
		write_rspamd(d);
		break;
	case MAIL_OPENDMARC:
		write_opendmarc(d);
		break;
	case MAIL_PLAIN:
	case MAIL_PLAIN_NULL:
		write_plain(d, d->by->pack == PACK_ZIP ? "application/zip" : "application/gzip");
		break;
	}
}

void
mail_report(struct text *out, const struct report *r, int64_t when, struct rng *rng)
{
	const struct reporter *by = r->scene.reporter;
	struct draft d = { .out = out, .report = r, .by = by };
	struct text mark = { 0 };
	char to[96], host[128], sender[128];

	d.domain = r->scene.domain->name;
	d.from = by->from != NULL ? by->from : by->email;
	d.date = when - (int64_t)rng_range(rng, 2, 40);
	text_hex(&mark, rng, sizeof(d.mark) - 1);
	snprintf(d.mark, sizeof(d.mark), "%.*s", (int)mark.n, mark.p);
	text_fini(&mark);
	snprintf(to, sizeof(to), "dmarc@%s", d.domain);
	snprintf(host, sizeof(host), "out%u.%s", rng_range(rng, 1, 9), by->submitter);
	snprintf(sender, sizeof(sender), "bounce-%.6s@%s", d.mark, by->submitter);
	if (by->mail == MAIL_PLAIN_NULL)
		sender[0] = '\0';
	mail_trace(out, sender, host, to, when, rng);
	write_results(out, sender, by->submitter);
	mail_signature(out, by->submitter, "s2026", d.date, rng);
	write_form(&d);
}

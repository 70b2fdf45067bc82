/* noise.c - the other mail in a postmaster's mailbox. */
#include "noise.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "mail.h"
#include "pack.h"
#include "rng.h"
#include "text.h"

enum { LINE = 76, WORDS = 12 };

struct letter {
	struct text *out;
	const char *domain;
	int64_t when;
	struct rng *rng;
	uint32_t dice; /* 0 … 99, which kind it is */
	char from[80], mark[25];
};

/* Of a hundred mails, up to which number they are of a kind. */
enum {
	HUMAN = 50,
	BOUNCE = 65,
	ABSENCE = 73,
	NEWSLETTER = 88,
	INVOICE = 94,
};

static const char *const first_names[] = { "anna", "bernd", "clara", "david", "eva", "frank",
	"greta", "hannes", "ines", "jonas", "karin", "lukas" };
static const char *const houses[] = { "seestern.example", "bergmann-bau.example",
	"kontor-nord.example", "example.net", "buchladen.example", "verein.example" };

/* What people write, more or less. */
static const char *const sentences[WORDS] = {
	"Could you have a look at the mailing list?  The last two posts never came.",
	"The new printer is on the second floor and wants a static address.",
	"I have moved the backup to Thursday night, it should be quicker now.",
	"Please let me know whether the certificate was renewed in time.",
	"The invoice you sent has the wrong date on it.",
	"We meet on Tuesday at ten, as always in the small room.",
	"Nobody here can log in since this morning.",
	"Thank you for the quick help yesterday!",
	"Our address has changed; the telephone number stays the same.",
	"Is there a reason why large attachments are refused?",
	"I am forwarding what the provider wrote to us about the outage.",
	"See the notes below, and correct me where I am wrong.",
};

static void
headers(struct letter *l, const char *subject)
{
	text_fmt(l->out, "From: %s\nTo: postmaster@%s\nSubject: %s\nDate: ", l->from, l->domain,
	    subject);
	text_date(l->out, l->when - 20);
	text_fmt(l->out, "\nMessage-ID: <%s@mail.example>\nMIME-Version: 1.0\n", l->mark);
}

static void
prose(struct letter *l, uint32_t lines)
{
	for (; lines > 0; lines--)
		text_fmt(l->out, "%s\n", sentences[rng_below(l->rng, WORDS)]);
}

static void
start_mixed(struct letter *l)
{
	text_fmt(l->out,
	    "Content-Type: multipart/mixed; boundary=\"%s\"\n\n--%s\n"
	    "Content-Type: text/plain; charset=utf-8\n\n",
	    l->mark, l->mark);
	prose(l, 3);
}

static void
attach(struct letter *l, const char *type, const char *name, const struct text *bytes)
{
	text_fmt(l->out,
	    "\n--%s\nContent-Type: %s; name=\"%s\"\n"
	    "Content-Transfer-Encoding: base64\n"
	    "Content-Disposition: attachment; filename=\"%s\"\n\n",
	    l->mark, type, name, name);
	text_base64(l->out, bytes->p, bytes->n, LINE);
	text_fmt(l->out, "\n--%s--\n", l->mark);
}

static void
write_human(struct letter *l)
{
	static const char *const subjects[] = { "Re: printer", "Question about the website",
		"=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_L=C3=BCbeck?=", "Re: Re: Tuesday",
		"Report of last week's meeting", "mail problem", "Fwd: outage" };

	headers(l, subjects[rng_below(l->rng, 7)]);
	text_str(l->out,
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\nHallo,\n\n");
	prose(l, rng_range(l->rng, 1, 6));
	text_fmt(l->out, "\nViele Gr=C3=BC=C3=9Fe\n%.*s\n", (int)strcspn(l->from, "@"), l->from);
}

static void
write_bounce(struct letter *l)
{
	const char *user = first_names[rng_below(l->rng, 12)];

	headers(l, "Undelivered Mail Returned to Sender");
	text_fmt(l->out,
	    "Auto-Submitted: auto-replied\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"%s\"\n\n"
	    "--%s\nContent-Type: text/plain; charset=us-ascii\n\n"
	    "I'm sorry to have to inform you that your message could not\n"
	    "be delivered to one or more recipients.\n\n",
	    l->mark, l->mark);
	text_fmt(l->out,
	    "--%s\nContent-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; mx.postamt.example\nArrival-Date: ",
	    l->mark);
	text_date(l->out, l->when - 30);
	text_fmt(l->out,
	    "\n\nFinal-Recipient: rfc822; %s@example.net\nAction: failed\n"
	    "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\n\n",
	    user);
	text_fmt(l->out,
	    "--%s\nContent-Type: text/rfc822-headers\n\nFrom: postmaster@%s\n"
	    "To: %s@example.net\nSubject: your request\nMessage-ID: <%.12s@%s>\n\n--%s--\n",
	    l->mark, l->domain, user, l->mark, l->domain, l->mark);
}

static void
write_absence(struct letter *l)
{
	headers(l, "Automatic reply: DMARC aggregate reports");
	text_str(l->out,
	    "Auto-Submitted: auto-replied\nX-Auto-Response-Suppress: All\n"
	    "Precedence: auto_reply\nContent-Type: text/plain; charset=us-ascii\n\n"
	    "I am out of the office until Monday and read no mail.\n"
	    "In urgent cases please turn to the office.\n");
}

static void
write_newsletter(struct letter *l)
{
	text_fmt(l->out, "List-Unsubscribe: <https://news.seestern.example/u/%.12s>\n", l->mark);
	headers(l, "Your monthly report: what is new at Seestern");
	text_fmt(l->out,
	    "Precedence: bulk\nContent-Type: multipart/alternative; boundary=\"%s\"\n\n"
	    "--%s\nContent-Type: text/plain; charset=utf-8\n\n",
	    l->mark, l->mark);
	prose(l, 8);
	text_fmt(
	    l->out, "\n--%s\nContent-Type: text/html; charset=utf-8\n\n<html><body>\n", l->mark);
	for (uint32_t i = 0; i < 8; i++)
		text_fmt(l->out, "<p>%s</p>\n", sentences[rng_below(l->rng, WORDS)]);
	text_fmt(l->out, "</body></html>\n\n--%s--\n", l->mark);
}

static void
write_invoice(struct letter *l)
{
	struct text pdf = { 0 };
	uint64_t word;
	uint32_t i;

	text_str(&pdf, "%PDF-1.4\n1 0 obj\n<< /Length 2048 >>\nstream\n");
	for (i = 0; i < 256; i++) {
		word = rng_next(l->rng);
		text_add(&pdf, &word, sizeof(word));
	}
	text_str(&pdf, "\nendstream\nendobj\n%%EOF\n");
	headers(l, "Invoice for domains and hosting");
	start_mixed(l);
	attach(l, "application/pdf", "invoice.pdf", &pdf);
	text_fini(&pdf);
}

/* Archives too, but with notes and tables in them. */
static void
write_archive(struct letter *l)
{
	bool zip = rng_below(l->rng, 2) == 0;
	struct pack p = { 0 };
	const char *who;
	char row[96];
	int i;

	pack_start(&p, zip ? PACK_ZIP : PACK_GZIP_NAMED, zip ? "notes.txt" : "hosts.csv", l->when);
	for (i = 0; i < 40; i++) {
		who = first_names[rng_below(l->rng, 12)];
		snprintf(row, sizeof(row), "%d;%s;%s\n", i, who, houses[rng_below(l->rng, 6)]);
		pack_feed(&p, row, strlen(row));
	}
	pack_end(&p);
	headers(l, zip ? "notes, as promised" : "export of the address book");
	start_mixed(l);
	attach(l, zip ? "application/zip" : "application/gzip", zip ? "notes.zip" : "hosts.csv.gz",
	    &p.out);
	pack_fini(&p);
}

static void
write_kind(struct letter *l)
{
	if (l->dice < HUMAN)
		write_human(l);
	else if (l->dice < BOUNCE)
		write_bounce(l);
	else if (l->dice < ABSENCE)
		write_absence(l);
	else if (l->dice < NEWSLETTER)
		write_newsletter(l);
	else if (l->dice < INVOICE)
		write_invoice(l);
	else
		write_archive(l);
}

void
noise_mail(struct text *out, const char *domain, int64_t when, struct rng *rng)
{
	struct letter l = { .out = out, .domain = domain, .when = when, .rng = rng };
	struct text mark = { 0 };
	const char *house = houses[rng_below(rng, 6)];
	char to[80], host[80];
	bool bounce;

	l.dice = rng_below(rng, 100);
	bounce = l.dice >= HUMAN && l.dice < BOUNCE;
	if (bounce)
		house = "postamt.example";
	snprintf(l.from, sizeof(l.from), "%s@%s",
	    bounce ? "MAILER-DAEMON" : first_names[rng_below(rng, 12)], house);
	text_hex(&mark, rng, sizeof(l.mark) - 1);
	snprintf(l.mark, sizeof(l.mark), "%.*s", (int)mark.n, mark.p);
	text_fini(&mark);
	snprintf(to, sizeof(to), "postmaster@%s", domain);
	snprintf(host, sizeof(host), "mail.%s", house);
	mail_trace(out, bounce ? "" : l.from, host, to, when, rng);
	if (rng_below(rng, 2) == 0)
		mail_signature(out, house, "mail", when - 20, rng);
	write_kind(&l);
}

/* main.c - mailgen: a mailbox full of DMARC reports, the same for the same arguments. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mail.h"
#include "maildir.h"
#include "noise.h"
#include "plan.h"
#include "report.h"
#include "reporter.h"
#include "rng.h"
#include "text.h"

#define END_DEFAULT "2026-11-20"

struct options {
	uint64_t seed;
	uint32_t reports, days, domains, noise, duplicates, big;
	bool bench, files, add;
	int64_t last; /* days since 1970 */
	const char *facts, *dir;
};

/* What the line at the end says. */
struct totals {
	uint64_t mails, reports, records, messages, duplicates, not_reports, xml_bytes;
};

struct run {
	const struct options *o;
	const struct plan *plan;
	struct maildir box;
	struct totals totals;
	struct text mail;
	struct report report;
	FILE *facts; /* or NULL */
};

static void
usage(FILE *to)
{
	fputs("usage: mailgen [options] DIR\n"
	      "Writes mails with DMARC aggregate reports into the maildir DIR: the same\n"
	      "arguments give the same bytes and names.\n\n"
	      "  --story demo|bench   what to tell: five domains that a person can follow,\n"
	      "                       or many with usual traffic (default demo)\n"
	      "  --seed N             another seed, other mails of the same kind (default 1)\n"
	      "  --reports N          bench: so many reports (default 10000);\n"
	      "                       demo: the newest N (default all)\n"
	      "  --domains N          policy domains (default demo 5, bench 40)\n"
	      "  --days N             days told (default demo 60, bench 90)\n"
	      "  --end YYYY-MM-DD     the last of them (default " END_DEFAULT ")\n"
	      "  --duplicates N       N reports come again, identical, in mails of their own\n"
	      "  --noise N            N mails that are no reports\n"
	      "  --big RECORDS        one more report, of so many records\n"
	      "  --to maildir|files   a maildir (default), or .eml, .xml, .gz and .zip files\n"
	      "  --add                DIR may hold mail already; take another seed then\n"
	      "                       (seeds must differ modulo 360)\n"
	      "  --facts FILE         a line of JSON for each report, to check an import by\n"
	      "  --help               this text\n\n"
	      "The last line on stdout is JSON.  reports, records, messages and xml_bytes\n"
	      "count each distinct report once; mails and mail_bytes count all that was\n"
	      "written, duplicates and not_reports (the noise) included.\n",
	    to);
}

static uint64_t
parse_number(const char *name, const char *s, uint64_t max)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(s, &end, 10);
	if (*s < '0' || *s > '9' || *end != '\0' || errno != 0 || n > max)
		errx(1, "--%s: \"%s\" is not a number from 0 to %" PRIu64, name, s, max);
	return n;
}

static int64_t
parse_day(const char *s)
{
	struct tm tm = { 0 };
	char *end = strptime(s, "%Y-%m-%d", &tm);
	int mday = tm.tm_mday;
	time_t t = timegm(&tm);

	/* timegm() would make 1 December of 31 November. */
	if (end == NULL || *end != '\0' || tm.tm_mday != mday)
		errx(1, "--end: \"%s\" is not a date like " END_DEFAULT, s);
	if (t < 400 * (time_t)DAY)
		errx(1, "--end: \"%s\" is too early", s);
	return t / DAY;
}

/* One of two words; true for the second. */
static bool
parse_word(const char *name, const char *s, const char *first, const char *second)
{
	if (strcmp(s, first) == 0)
		return false;
	if (strcmp(s, second) != 0)
		errx(1, "--%s: \"%s\" is neither %s nor %s", name, s, first, second);
	return true;
}

static const struct option longopts[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "reports", required_argument, NULL, 'r' },
	{ "days", required_argument, NULL, 'd' },
	{ "end", required_argument, NULL, 'e' },
	{ "domains", required_argument, NULL, 'm' },
	{ "noise", required_argument, NULL, 'n' },
	{ "duplicates", required_argument, NULL, 'u' },
	{ "to", required_argument, NULL, 't' },
	{ "story", required_argument, NULL, 'y' },
	{ "big", required_argument, NULL, 'b' },
	{ "facts", required_argument, NULL, 'f' },
	{ "add", no_argument, NULL, 'a' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void
take_option(struct options *o, int c, const char *name)
{
	enum { MOST = 10000000 };

	if (c == 's')
		o->seed = parse_number(name, optarg, UINT64_MAX);
	else if (c == 'r')
		o->reports = (uint32_t)parse_number(name, optarg, MOST);
	else if (c == 'd')
		o->days = (uint32_t)parse_number(name, optarg, 3660);
	else if (c == 'e')
		o->last = parse_day(optarg);
	else if (c == 'm')
		o->domains = (uint32_t)parse_number(name, optarg, 100000);
	else if (c == 'n')
		o->noise = (uint32_t)parse_number(name, optarg, MOST);
	else if (c == 'u')
		o->duplicates = (uint32_t)parse_number(name, optarg, MOST);
	else if (c == 't')
		o->files = parse_word(name, optarg, "maildir", "files");
	else if (c == 'y')
		o->bench = parse_word(name, optarg, "demo", "bench");
	else if (c == 'b')
		o->big = (uint32_t)parse_number(name, optarg, MOST);
	else if (c == 'f')
		o->facts = optarg;
	else
		o->add = true;
}

static struct options
parse_options(int argc, char **argv)
{
	struct options o = { .seed = 1, .reports = PLAN_ALL, .last = parse_day(END_DEFAULT) };
	int c, which;

	while ((c = getopt_long(argc, argv, "", longopts, &which)) != -1) {
		if (c == 'h') {
			usage(stdout);
			exit(0);
		}
		if (c == '?') {
			usage(stderr);
			exit(1);
		}
		take_option(&o, c, longopts[which].name);
	}
	if (optind + 1 != argc) {
		usage(stderr);
		exit(1);
	}
	o.dir = argv[optind];
	if (o.reports == PLAN_ALL && o.bench)
		o.reports = 10000;
	if (o.days == 0)
		o.days = o.bench ? 90 : 60;
	if (o.domains == 0)
		o.domains = o.bench ? 40 : 5;
	return o;
}

static void
deliver_mail(struct run *r, int64_t when, struct rng *rng)
{
	text_clear(&r->mail);
	mail_report(&r->mail, &r->report, when, rng);
	maildir_mail(&r->box, when, &r->mail);
}

/* As files: mails, the attachments alone, and bare XML by turns. */
static void
deliver_file(struct run *r, int64_t when, struct rng *rng)
{
	const struct text *packed = &r->report.pack.out;
	struct text xml = { 0 };
	char name[300];

	if (r->totals.mails % 3 == 0) {
		deliver_mail(r, when, rng);
	} else if (r->totals.mails % 3 == 1 || r->report.scene.reporter->pack == PACK_ZIP) {
		maildir_file(&r->box, r->report.file, packed->p, packed->n);
	} else {
		pack_open(&r->report.pack, &xml);
		snprintf(
		    name, sizeof(name), "%.*s", (int)strlen(r->report.file) - 3, r->report.file);
		maildir_file(&r->box, name, xml.p, xml.n);
		text_fini(&xml);
	}
}

/* Deliver the report in ${r}; ${again}: for the ${again}th time after the first. */
static void
deliver(struct run *r, uint64_t again)
{
	struct rng rng = rng_make(r->o->seed, 'm', r->totals.mails, again);
	int64_t when = r->report.sent + (int64_t)again * 3600 + rng_range(&rng, 1, 600);

	if (r->o->files)
		deliver_file(r, when, &rng);
	else
		deliver_mail(r, when, &rng);
	r->totals.mails++;
	if (again > 0) {
		r->totals.duplicates++;
		return;
	}
	r->totals.reports++;
	r->totals.records += r->report.sums.records;
	r->totals.messages += r->report.sums.messages;
	r->totals.xml_bytes += r->report.pack.plain;
	if (r->facts != NULL)
		report_facts(&r->report, r->facts);
}

static void
write_reports(struct run *r)
{
	const struct plan *p = r->plan;
	size_t i;

	for (i = 0; i < p->nitems; i++) {
		plan_tell(p, &p->items[i], &r->report);
		deliver(r, 0);
	}
	for (i = 0; i < r->o->duplicates && p->nitems > 0; i++) {
		/* Evenly over all, then over all again. */
		plan_tell(p,
		    &p->items[r->o->duplicates <= p->nitems ? i * p->nitems / r->o->duplicates
							    : i % p->nitems],
		    &r->report);
		deliver(r, 1 + i / p->nitems);
	}
	if (r->o->big > 0) {
		plan_tell_big(p, r->o->big, &r->report);
		deliver(r, 0);
	}
}

static void
write_noise(struct run *r)
{
	struct rng rng = rng_make(r->o->seed, 'o', 0, 0);
	const struct plan *p = r->plan;
	int64_t when;
	uint32_t i;

	for (i = 0; i < r->o->noise; i++) {
		when = (p->last - rng_below(&rng, p->days)) * DAY;
		when += rng_below(&rng, DAY);
		text_clear(&r->mail);
		noise_mail(
		    &r->mail, p->domains[rng_below(&rng, (uint32_t)p->ndomains)].name, when, &rng);
		maildir_mail(&r->box, when, &r->mail);
		r->totals.mails++;
		r->totals.not_reports++;
	}
}

static void
print_totals(const struct run *r)
{
	const struct totals *t = &r->totals;

	printf("{\"mails\":%" PRIu64 ",\"reports\":%" PRIu64 ",\"records\":%" PRIu64
	       ",\"messages\":%" PRIu64 ",\"duplicates\":%" PRIu64 ",\"not_reports\":%" PRIu64
	       ",\"domains\":%zu,\"xml_bytes\":%" PRIu64 ",\"mail_bytes\":%" PRIu64 "}\n",
	    t->mails, t->reports, t->records, t->messages, t->duplicates, t->not_reports,
	    r->plan->ndomains, t->xml_bytes, r->box.bytes);
	if (fflush(stdout) == EOF)
		err(1, "could not write to stdout");
}

int
main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);
	struct plan plan = { .seed = o.seed,
		.ndomains = o.domains,
		.last = o.last,
		.days = o.days,
		.demo = !o.bench,
		.reports = o.reports };
	struct run r = { .o = &o, .plan = &plan };

	plan_make(&plan);
	maildir_open(&r.box, o.dir, o.files, o.add, o.seed);
	if (o.facts != NULL && (r.facts = fopen(o.facts, "we")) == NULL)
		err(1, "could not write \"%s\"", o.facts);
	write_reports(&r);
	write_noise(&r);
	if (r.facts != NULL && fclose(r.facts) == EOF)
		err(1, "could not write \"%s\"", o.facts);
	maildir_close(&r.box);
	print_totals(&r);
	text_fini(&r.mail);
	report_fini(&r.report);
	plan_fini(&plan);
	return 0;
}

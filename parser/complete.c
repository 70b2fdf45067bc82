#include "parser/complete.h"

#include "parser/fields.h"
#include "parser/hints.h"
#include "parser/normal.h"

/* Hints come from file names too: what is no text cannot be stored. */
static struct str
hold_hint(struct fields *f, struct str s)
{
	if (s.n == 0 || str_utf8(s) != s.n)
		return (struct str){ NULL, 0 };
	return arena_str(f->quirks.arena, normal_cut(s, LIMIT_NAME_BYTES));
}

/* Let the first of the hints that is something be ${to}, and note which. */
static void
take_hint(struct fields *f, struct str *to, const char *rule, const struct str *hints,
    const char *const *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*to = hold_hint(f, hints[i]);
		if (to->n > 0) {
			quirks_add(&f->quirks, rule, str_of(from[i]));
			return;
		}
	}
	quirks_add(&f->quirks, rule, STR(""));
}

static void
complete_domain(struct fields *f, struct str subject, struct str name)
{
	static const char *const from[] = { "header_from", "Subject", "file name" };
	const struct str hints[] = { { f->only_from, f->only_from_n }, subject, name };
	char room[LIMIT_DOMAIN_BYTES];

	for (size_t i = 0; i < 3 && f->report.policy.domain.n == 0; i++) {
		f->report.policy.domain = arena_str(f->quirks.arena, hints_domain(hints[i], room));
		if (f->report.policy.domain.n > 0)
			quirks_add(&f->quirks, "policy-domain-missing", str_of(from[i]));
	}
}

static bool
is_host(struct str s)
{
	char room[LIMIT_DOMAIN_BYTES];

	return s.n > 0 && s.p[0] != '_' && hints_domain(s, room).n > 0;
}

/* Who sent it, and as what: for people, where the document does not say. */
static void
complete_names(struct fields *f, const struct hints_subject *subject, const struct hints_name *name)
{
	static const char *const id_from[] = { "Subject", "file name" };
	static const char *const sender_from[] = { "email", "Subject", "file name", "From" };
	struct report *r = &f->report;
	const char *at = r->email.n > 0 ? memrchr(r->email.p, '@', r->email.n) : NULL;
	struct str none = { NULL, 0 };
	const struct str ids[] = { subject->report_id, name->id };
	const struct str senders[] = { none, subject->submitter,
		is_host(name->receiver) ? name->receiver : none,
		f->hints != NULL ? f->hints->from_domain : none };

	if (r->report_id.n == 0)
		take_hint(f, &r->given_id, "report-id-missing", ids, id_from, 2);
	if (r->org_name.n > 0)
		return;
	if (at != NULL && at + 1 < r->email.p + r->email.n)
		quirks_add(&f->quirks, "org-name-missing", str_of(sender_from[0]));
	else
		take_hint(f, &r->submitter, "org-name-missing", senders, sender_from, 4);
}

static void
complete_time(struct fields *f, const char *path, int64_t *to, int64_t said)
{
	if (fields_has(f, path))
		return;
	*to = said;
	fields_mark(f, path);
	quirks_add(&f->quirks, "date-range-missing", STR("file name"));
}

void
complete_report(struct fields *f)
{
	static const struct hints none = { 0 };
	const struct hints *h = f->hints != NULL ? f->hints : &none;
	struct hints_subject subject = hints_subject(h->subject);
	struct hints_name name = { 0 };
	struct report *r = &f->report;

	if (hints_name(h->name, &name)) {
		complete_time(f, FIELDS_BEGIN, &r->begin, name.begin);
		complete_time(f, FIELDS_END, &r->end, name.end);
	} else {
		name = (struct hints_name){ 0 };
	}
	if (r->policy.domain.n == 0)
		complete_domain(f, subject.domain, name.domain);
	complete_names(f, &subject, &name);
}

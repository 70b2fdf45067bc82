#include "dashboard/route.h"

#include <stdio.h>

#include "core/limits.h"
#include "core/log.h"
#include "dashboard/asset.h"
#include "dashboard/json.h"
#include "dashboard/param.h"

#define API "/api/v1/"

enum access {
	ACCESS_ALL,   /* nobody need be logged in */
	ACCESS_USER,  /* anybody who is */
	ACCESS_ADMIN, /* administrators */
};

/* What a path answers with. */
enum shape {
	SHAPE_DOCUMENT, /* the statement's one value */
	SHAPE_TABLE,    /* the same, and as CSV with .csv behind the path */
	SHAPE_ORIGINAL, /* bytes and what they are */
};

struct route {
	const char *path; /* below API */
	enum method method;
	enum access access;
	/* Reading: a statement of sql/api with parameters in this order. */
	enum shape shape;
	const char *statement;
	const struct param *params;
	/* Or else a function, which gets NULL where nobody need be logged in. */
	void (*act)(struct router *t, const struct request *q, const struct session *session,
	    struct response *r);
};

#define CLASSES "both dkim_only spf_only neither unknown no_dkim no_spf no_dmarc"

/* What belongs together stands in a line here. */
/* clang-format off */
#define DOMAIN     { "domain", PARAM_TEXT, false, NULL }
#define IN_DOMAIN  { "within", PARAM_NETWORK_OF_DOMAIN, false, NULL }
#define ONE_DOMAIN { "domain", PARAM_TEXT, true, NULL }
#define FROM       { "from", PARAM_DAY, false, NULL }
#define RECENT     { "from", PARAM_FROM, false, NULL }
#define TO         { "to", PARAM_DAY, false, NULL }
#define BY         { "by", PARAM_WORD, false, "address network" }
#define RESULT     { "result", PARAM_WORD, false, CLASSES }
#define REPORTER   { "reporter", PARAM_TEXT, false, NULL }
#define SELECTOR   { "selector", PARAM_TEXT, false, NULL }
#define SEARCH     { "search", PARAM_TEXT, false, NULL }
#define WITHIN     { "within", PARAM_NETWORK, false, NULL }
#define SORT(keys) { "sort", PARAM_WORD, false, keys }
#define ORDER      { "order", PARAM_WORD, false, "asc desc" }
#define AFTER      { "after", PARAM_TEXT, false, NULL }
#define LIMIT      { "limit", PARAM_LIMIT, false, NULL }
#define DAY        { "day", PARAM_DAY, true, NULL }
#define KEY        { "key", PARAM_KEY, true, NULL }
#define NO_MORE    { NULL, PARAM_TEXT, false, NULL }

static const struct param nothing[] = { NO_MORE };
static const struct param summary[] = { DOMAIN, FROM, TO, NO_MORE };
static const struct param daily[] = { DOMAIN, RECENT, TO, NO_MORE };
static const struct param domains[] = { FROM, TO, SEARCH,
	SORT("domain messages dmarc dkim spf change last_report"), ORDER, AFTER, LIMIT, NO_MORE };
static const struct param sources[] = { ONE_DOMAIN, FROM, TO, BY, RESULT, WITHIN,
	SORT("attention messages source neither dmarc dkim spf"), ORDER, AFTER, LIMIT, NO_MORE };
static const struct param records[] = { ONE_DOMAIN, FROM, TO, WITHIN, RESULT, REPORTER, SELECTOR,
	AFTER, LIMIT, NO_MORE };
static const struct param selectors[] = { ONE_DOMAIN, FROM, TO, NO_MORE };
static const struct param reports[] = { DOMAIN, FROM, TO, REPORTER, IN_DOMAIN, SEARCH,
	SORT("day messages records"), ORDER, AFTER, LIMIT, NO_MORE };
static const struct param report[] = { ONE_DOMAIN, DAY, KEY, NO_MORE };
static const struct param report_records[] = { ONE_DOMAIN, DAY, KEY, RESULT, WITHIN, AFTER, LIMIT,
	NO_MORE };
/* clang-format on */

static void
tell(struct router *t, const struct request *q, const struct session *session, struct response *r)
{
	(void)t;
	(void)q;
	session_tell(session, r);
}

static void
login(struct router *t, const struct request *q, const struct session *session, struct response *r)
{
	(void)session;
	login_by_password(t->logins, q, r);
}

static void
redeem(struct router *t, const struct request *q, const struct session *session, struct response *r)
{
	(void)session;
	login_by_link(t->logins, q, r);
}

static void
logout(struct router *t, const struct request *q, const struct session *session, struct response *r)
{
	login_end(t->logins, q, session, r);
}

static void
password(
    struct router *t, const struct request *q, const struct session *session, struct response *r)
{
	login_password(t->logins, q, session, r);
}

/* clang-format off */
static const struct route routes[] = {
	{ "session", METHOD_GET, ACCESS_USER, .act = tell },
	{ "login", METHOD_POST, ACCESS_ALL, .act = login },
	{ "link", METHOD_POST, ACCESS_ALL, .act = redeem },
	{ "logout", METHOD_POST, ACCESS_USER, .act = logout },
	{ "password", METHOD_POST, ACCESS_USER, .act = password },
	{ "users", METHOD_GET, ACCESS_ADMIN, SHAPE_TABLE, "users", nothing, NULL },
	{ "summary", METHOD_GET, ACCESS_USER, SHAPE_DOCUMENT, "summary", summary, NULL },
	{ "domains", METHOD_GET, ACCESS_USER, SHAPE_TABLE, "domains", domains, NULL },
	{ "daily", METHOD_GET, ACCESS_USER, SHAPE_TABLE, "daily", daily, NULL },
	{ "sources", METHOD_GET, ACCESS_USER, SHAPE_TABLE, "sources", sources, NULL },
	{ "records", METHOD_GET, ACCESS_USER, SHAPE_TABLE, "records", records, NULL },
	{ "selectors", METHOD_GET, ACCESS_USER, SHAPE_TABLE, "selectors", selectors, NULL },
	{ "reports", METHOD_GET, ACCESS_USER, SHAPE_TABLE, "reports", reports, NULL },
	{ "report", METHOD_GET, ACCESS_USER, SHAPE_DOCUMENT, "report", report, NULL },
	{ "report/records", METHOD_GET, ACCESS_USER, SHAPE_TABLE, "report_records", report_records, NULL },
	{ "report/original", METHOD_GET, ACCESS_USER, SHAPE_ORIGINAL, "report_original", report, NULL },
};
/* clang-format on */

static void
as_csv(const struct route *t, struct response *r)
{
	struct buf csv;
	struct err e;
	bool more = false;

	buf_init(&csv, SIZE_MAX / 2);
	if (json_csv(buf_str(&r->body), &csv, &more, &e) < 0) {
		log_event(LOG_ERROR, "%s: %s", t->statement, e.text);
		response_fail(r, &e);
		buf_fini(&csv);
		return;
	}
	buf_fini(&r->body);
	r->body = csv;
	r->type = "text/csv; charset=utf-8; header=present";
	snprintf(r->disposition, sizeof(r->disposition), "attachment; filename=\"%s.csv\"",
	    t->statement);
	if (more)
		response_refuse(r, 413, "too_many_rows", NULL,
		    "more rows than a CSV may have here: narrow the period or the filter, or ask in SQL");
}

/* The name of a file to save, of what its parameters said: a stranger's domain is among them. */
static void
name_original(const char *const *values, const char *ending, struct response *r)
{
	char name[48];
	size_t n = 0;

	for (const char *p = values[0]; *p != '\0' && n < sizeof(name) - 1; p++)
		name[n++] = (char)((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
			    *p == '.' || *p == '-'
			? *p
			: '_');
	name[n] = '\0';
	snprintf(r->disposition, sizeof(r->disposition),
	    "attachment; filename=\"%s_%.10s_%.8s.%s\"", name, values[1], values[2], ending);
}

static void
as_original(const struct answer *a, const char *const *values, struct response *r)
{
	bool zip = str_eq(answer_bytes(a, 0, 1), STR("zip"));

	buf_puts(&r->body, answer_bytes(a, 0, 0));
	r->type = zip ? "application/zip" : "application/gzip";
	name_original(values, zip ? "zip" : "xml.gz", r);
}

/* Whether the statement told of something: else what was asked for is not there. */
static bool
is_there(const struct answer *a)
{
	return answer_rows(a) > 0 && answer_value(a, 0, 0) != NULL;
}

static size_t
count(const struct param *params)
{
	size_t n = 0;

	while (params[n].name != NULL)
		n++;
	return n;
}

/* Whether a page was asked for: the one value that only PostgreSQL can read. */
static bool
has_cursor(const struct param *params, const char *const *values)
{
	for (size_t i = 0; params[i].name != NULL; i++)
		if (strcmp(params[i].name, "after") == 0)
			return values[i] != NULL;
	return false;
}

/* A database that is away is told of once, elsewhere; what somebody typed is nobody's trouble. */
static void
tell_failure(const struct err *e)
{
	log_event(e->kind == ERR_CONFIG ? LOG_ERROR : LOG_DEBUG, "%s", e->text);
}

/* A CSV takes all rows. */
static void
take_all(const struct param *params, const char **values, const char *all)
{
	for (size_t i = 0; params[i].name != NULL; i++)
		if (params[i].kind == PARAM_LIMIT)
			values[i] = all;
}

static void
read_route(struct router *t, const struct route *way, bool csv, const struct request *q,
    const struct session *session, struct response *r)
{
	const char *values[PARAMS_MOST], *culprit;
	char all[16];
	struct answer *a;
	struct err e;

	if (params_read(q, way->params, values, &culprit, &e) < 0) {
		response_refuse(r, 400, "bad_parameter", culprit, e.text);
		return;
	}
	snprintf(all, sizeof(all), "%d", LIMIT_CSV_ROWS);
	if (csv)
		take_all(way->params, values, all);
	a = readers_ask(t->readers, session->token_hash, way->statement, values, count(way->params),
	    way->shape == SHAPE_ORIGINAL, &e);
	if (a == NULL) {
		tell_failure(&e);
		response_fail(r, &e);
		if (e.kind == ERR_MESSAGE && has_cursor(way->params, values))
			response_refuse(r, 400, "bad_parameter", "after",
			    "\"after\" is none that was given out");
	} else if (!is_there(a)) {
		response_refuse(r, 404, "not_found", NULL, "no report ever told of this");
	} else if (way->shape == SHAPE_ORIGINAL) {
		as_original(a, values, r);
	} else {
		buf_puts(&r->body, str_of(answer_value(a, 0, 0)));
		if (csv)
			as_csv(way, r);
	}
	answer_free(a);
}

/* The route of ${path}, and whether CSV is wanted; ${other}: there is one for another method. */
static const struct route *
find(const struct request *q, struct str path, bool *csv, const struct route **other)
{
	struct str ending = STR(".csv");

	*csv = path.n > ending.n && memcmp(path.p + path.n - ending.n, ending.p, ending.n) == 0;
	if (*csv)
		path.n -= ending.n;
	*other = NULL;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *way = &routes[i];

		if (!str_eq(path, str_of(way->path)) ||
		    (*csv && (way->shape != SHAPE_TABLE || way->act != NULL)))
			continue;
		if (way->method == q->method)
			return way;
		*other = way;
	}
	return NULL;
}

static void
follow(struct router *t, const struct route *way, bool csv, const struct request *q,
    struct response *r)
{
	struct session session;
	struct err e;
	int found = 0;

	if (way->access != ACCESS_ALL) {
		found = session_find(t->readers, q, &session, &e);
		if (found < 0) {
			tell_failure(&e);
			response_fail(r, &e);
			return;
		}
		if (found == 0) {
			response_refuse(r, 401, "login_required", NULL, "nobody is logged in");
			return;
		}
	}
	if (way->method == METHOD_POST && !session_is_own(q, found > 0 ? &session : NULL))
		response_refuse(r, 403, "forbidden", NULL,
		    "this request does not come from the dashboard's own pages");
	else if (way->access == ACCESS_ADMIN && !session.admin)
		response_refuse(r, 403, "forbidden", NULL, "this is for administrators");
	else if (way->act != NULL)
		way->act(t, q, found > 0 ? &session : NULL, r);
	else
		read_route(t, way, csv, q, &session, r);
}

void
route_answer(void *arg, const struct request *q, struct response *r)
{
	const struct route *way, *other;
	struct str path = q->path;
	bool csv;

	if (str_eq(path, STR("/healthz"))) {
		r->type = "text/plain";
		buf_puts(&r->body, STR("ok\n"));
		return;
	}
	if (path.n < sizeof(API) - 1 || memcmp(path.p, API, sizeof(API) - 1) != 0) {
		if (q->method == METHOD_GET) {
			asset_answer(q, r);
			return;
		}
		response_refuse(r, 405, "method_not_allowed", NULL, "pages are only read");
		r->allow = "GET, HEAD";
		return;
	}
	path = (struct str){ path.p + sizeof(API) - 1, path.n - (sizeof(API) - 1) };
	way = find(q, path, &csv, &other);
	if (way != NULL) {
		follow(arg, way, csv, q, r);
	} else if (other != NULL) {
		response_refuse(r, 405, "method_not_allowed", NULL, "not in this way");
		r->allow = other->method == METHOD_GET ? "GET, HEAD" : "POST";
	} else {
		response_refuse(r, 404, "not_found", NULL, "there is no such path");
	}
}

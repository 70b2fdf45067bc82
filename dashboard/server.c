#include "dashboard/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/log.h"
#include "core/now.h"
#include "dashboard/http.h"
#include "dashboard/route.h"
#include "store/query.h"

#define TEND_MS (INT64_C(3600) * 1000)
#define DESCRIPTORS (2 * LIMIT_HTTP_CONNECTIONS + 200)

struct server {
	struct server_conf conf;
	char cookie[32];
	struct readers *readers;
	struct logins *logins;
	struct router router;
	struct http *http;
	sigset_t signals;
	bool lost;         /* told that the database is */
	int64_t tended_at; /* by now_ms */
};

/* Each connection is a descriptor; the default of 1024 is near. */
static void
allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

struct server *
server_start(const struct server_conf *conf, struct err *e)
{
	struct server *s = calloc(1, sizeof(*s));
	struct http_conf http;

	if (s == NULL)
		abort();
	s->conf = *conf;
	s->tended_at = now_ms();
	/* Cookies know no ports: two dashboards on one host must not log each other out. */
	snprintf(s->cookie, sizeof(s->cookie), "%sruastat_%u", conf->cert != NULL ? "__Host-" : "",
	    conf->listener.port);
	s->readers = readers_new(conf->db);
	s->logins = logins_new(s->readers, s->cookie);
	s->router = (struct router){ s->readers, s->logins };
	http = (struct http_conf){ .fd = conf->listener.fd,
		.cert = conf->cert,
		.key = conf->key,
		.cookie = s->cookie,
		.threads = LIMIT_HTTP_THREADS,
		.proxies = conf->proxies,
		.nproxies = conf->nproxies,
		.handle = route_answer,
		.arg = &s->router };
	allow_descriptors();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&s->signals);
	sigaddset(&s->signals, SIGINT);
	sigaddset(&s->signals, SIGTERM);
	sigaddset(&s->signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &s->signals, NULL);
	s->http = http_start(&http, e);
	if (s->http != NULL)
		return s;
	server_stop(s);
	return NULL;
}

int
server_link(struct server *s, char *url, size_t n, struct err *e)
{
	char token[TOKEN_BYTES], hash[TOKEN_HASH_BYTES], seconds[16];
	const char *values[] = { hash, seconds };
	struct answer *a;

	token_new(token);
	token_hash(str_of(token), hash);
	snprintf(seconds, sizeof(seconds), "%d", LIMIT_LINK_SECONDS);
	a = query_run(s->conf.db, QUERY_LINK_ADD, values, 2, e);
	if (a == NULL)
		return -1;
	answer_free(a);
	/* Behind the #, so that it is in no log and no Referer, and no prefetch uses it up. */
	snprintf(url, n, "%s://%s:%u/login#%s", s->conf.cert != NULL ? "https" : "http",
	    s->conf.listener.host, s->conf.listener.port, token);
	return 0;
}

int
server_has_users(struct server *s, bool *yes, struct err *e)
{
	struct answer *a = query_run(s->conf.db, QUERY_USERS, NULL, 0, e);

	if (a == NULL)
		return -1;
	*yes = answer_rows(a) > 0;
	answer_free(a);
	return 0;
}

/* The database stays open as long as this goes on: perhaps for years. */
static void
tend(struct server *s)
{
	struct err e;

	if (now_ms() < s->tended_at + TEND_MS)
		return;
	if (database_tend(s->conf.db, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	s->tended_at = now_ms();
}

static void
keep_going(struct server *s)
{
	struct err e;

	http_tick(s->http);
	readers_tick(s->readers);
	if (!readers_lost(s->readers)) {
		if (s->lost)
			log_event(LOG_WARN, "the database is back");
		s->lost = false;
		tend(s);
		return;
	}
	/* Once, not for each second and request. */
	if (!s->lost)
		log_event(LOG_WARN, "the database is away; trying again until it is back");
	s->lost = true;
	if (readers_revive(s->readers, &e) < 0)
		log_event(LOG_WARN, "%s", e.text);
}

void
server_run(struct server *s)
{
	const struct timespec second = { .tv_sec = 1 };

	while (sigtimedwait(&s->signals, NULL, &second) < 0)
		keep_going(s);
}

void
server_stop(struct server *s)
{
	if (s == NULL)
		return;
	/* Whoever asks a second time does not want to wait. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &s->signals, NULL);
	readers_stop(s->readers);
	http_stop(s->http);
	logins_free(s->logins);
	readers_free(s->readers);
	free(s);
}

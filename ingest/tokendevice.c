#include "ingest/tokendevice.h"

#include <stdio.h>
#include <time.h>

#include "core/now.h"

#include "ingest/tokenjson.h"

/* Seconds. */
#define INTERVAL 5 /* RFC 8628 3.2, when the server does not say */
#define SLOWER 5   /* 3.5: what slow_down adds */
#define INTERVAL_MOST 60
#define LIFE 900 /* what Microsoft gives */
#define LIFE_MOST 3600

#define TICK_MS 200 /* how soon a signal is heeded */

static int64_t
at_most(int64_t n, int64_t most)
{
	return n < most ? n : most;
}

/* 0 when the time is over, -1 when a signal came. */
static int
rest(int64_t seconds, const volatile int *stop)
{
	const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
	int64_t until = now_ms() + seconds * 1000;

	while (now_ms() < until) {
		if (stop != NULL && *stop != 0)
			return -1;
		nanosleep(&tick, NULL);
	}
	return 0;
}

static void
tell(const struct token_talk *talk, const struct tokenjson *code, const char *uri, int64_t life)
{
	const char *whole = tokenjson_text(code, "verification_uri_complete");
	char line[1024];

	snprintf(line, sizeof(line), "Open this page in a browser, on any machine:");
	talk->say(talk->arg, line);
	snprintf(line, sizeof(line), "    %s", uri);
	talk->say(talk->arg, line);
	snprintf(line, sizeof(line),
	    "log in as the mailbox's owner, and type this code within %lld minutes:",
	    (long long)(life + 59) / 60);
	talk->say(talk->arg, line);
	snprintf(line, sizeof(line), "    %s", tokenjson_text(code, "user_code"));
	talk->say(talk->arg, line);
	if (whole != NULL) {
		snprintf(line, sizeof(line), "or open this page, which has it already:");
		talk->say(talk->arg, line);
		snprintf(line, sizeof(line), "    %s", whole);
		talk->say(talk->arg, line);
	}
}

/* Ask until the person is done.  ${device_code} is the server's name for what we wait for. */
static int
await(const struct tokengrant *g, const char *device_code, int64_t interval, int64_t life,
    struct tokenjson **out, struct err *e)
{
	const struct tokengrant_field fields[] = {
		{ "grant_type", "urn:ietf:params:oauth:grant-type:device_code" },
		{ "device_code", device_code }, { NULL, NULL }
	};
	int64_t until = now_ms() + life * 1000;
	char code[TOKENGRANT_CODE_BYTES];

	while (now_ms() + interval * 1000 < until) {
		if (rest(interval, g->stop) < 0)
			return err_set(e, ERR_SOURCE, "interrupted");
		if (tokengrant_token(g, fields, code, out, e) == 0)
			return 0;
		if (strcmp(code, "authorization_pending") == 0)
			continue;
		if (strcmp(code, "slow_down") == 0)
			interval = at_most(interval + SLOWER, INTERVAL_MOST);
		else if (e->kind == ERR_SOURCE && (g->stop == NULL || *g->stop == 0))
			interval = at_most(interval * 2, INTERVAL_MOST); /* 3.5: back off */
		else
			return -1;
	}
	return err_set(e, ERR_CONFIG,
	    "the code was not typed in time: \"ruastat login %.100s\" asks for another", g->name);
}

int
tokendevice_run(const struct tokengrant *g, const struct token_talk *talk, struct tokenjson **out,
    struct err *e)
{
	const struct token_conf *c = g->conf;
	const struct tokengrant_field fields[] = { { "scope", c->scope }, { NULL, NULL } };
	const char *device_code, *uri;
	char code[TOKENGRANT_CODE_BYTES];
	struct tokenjson *answer;
	int64_t interval, life;
	int rc;

	if (tokengrant_ask(g, c->device_endpoint, fields, code, &answer, e) < 0)
		return -1;
	device_code = tokenjson_text(answer, "device_code");
	uri = tokenjson_text(answer, "verification_uri");
	if (uri == NULL) /* the word of drafts, which Google kept */
		uri = tokenjson_text(answer, "verification_url");
	interval = at_most(tokenjson_number(answer, "interval", INTERVAL), INTERVAL_MOST);
	interval = interval < 1 ? 1 : interval;
	life = at_most(tokenjson_number(answer, "expires_in", LIFE), LIFE_MOST);
	if (device_code == NULL || uri == NULL || tokenjson_text(answer, "user_code") == NULL) {
		rc = err_set(
		    e, ERR_SOURCE, "the answer of %.200s has no code in it", c->device_endpoint);
	} else {
		tell(talk, answer, uri, life);
		rc = await(g, device_code, interval, life, out, e);
	}
	tokenjson_free(answer);
	return rc;
}

/*
 * Any bytes as ruastat.conf, and its first line as a mailbox's URL: what is taken lies within its
 * limits, what is not is explained, a password in a URL is never repeated, and whatever was wrong,
 * the next configuration is read as if nothing had been.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/config.h"
#include "core/arena.h"
#include "core/limits.h"
#include "ingest/imapconf.h"
#include "ingest/imapurl.h"

#define SECRET "S3CRET-S3CRET"
#define URL_BYTES 3000

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct config *
load(const void *p, size_t n, struct err *e)
{
	int fd = memfd_create("ruastat.conf", MFD_CLOEXEC);
	struct config *c;
	char path[40];

	assert(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*e = (struct err){ 0 };
	c = config_load(path, true, e);
	close(fd);
	return c;
}

static void
check_source(const struct config *c, const struct config_source *s)
{
	const struct imap_conf *imap = s->imap;

	assert(config_find(c, s->name) != NULL && s->conf.path != NULL);
	assert(s->conf.imap == imap && (imap != NULL) == imapurl_is(s->conf.path));
	if (imap == NULL)
		return;
	assert(imap->user[0] != '\0' && imap->link.host[0] != '\0' && imap->link.port[0] != '\0');
	assert(imap->idle_seconds > 0 && imap->poll_seconds > 0);
	assert(imap->link.wait_seconds > 0 && imap->link.connect_seconds > 0);
	for (size_t i = 0; i < imap->nfolders; i++)
		assert(imap->folders[i][0] != '\0');
}

static void
check_config(struct config *c)
{
	struct err e;

	assert(c->workers <= LIMIT_WORKERS && c->nproxies <= LIMIT_PROXIES && c->listen != NULL);
	assert(c->failure_days >= 1 && c->failure_days <= LIMIT_FAILURE_DAYS);
	assert(config_failures_name(c->failures) != NULL);
	for (size_t i = 0; i < c->ndomains; i++)
		assert(c->domains[i] != NULL);
	for (size_t i = 0; i < c->nsources; i++)
		check_source(c, &c->sources[i]);
	if (config_resolve(c, "/var/lib/ruastat", &e) == 0)
		for (size_t i = 0; i < c->nsources; i++)
			if (c->sources[i].imap != NULL && c->sources[i].imap->token.store != NULL)
				assert(strstr(c->sources[i].imap->token.store, "/../") == NULL);
}

/* A broken one may not leave the reader in the middle of a text. */
static void
check_next(void)
{
	static const char text[] = "workers = 3\nsource s { path = \"/x\" }\n";
	struct err e;
	struct config *c = load(text, sizeof(text) - 1, &e);

	assert(c != NULL && c->workers == 3 && c->nsources == 1);
	config_free(c);
}

static void
check_url(struct arena *a, const char *text)
{
	struct err e = { 0 };
	struct imapurl u, again;
	const char *id;

	if (imapurl_parse(a, text, &u, &e) < 0) {
		assert(e.kind == ERR_CONFIG && e.text[0] != '\0');
		return;
	}
	assert(imapurl_is(text) && u.host != NULL && u.port != NULL);
	if (u.user == NULL)
		return;
	id = imapurl_id(a, u.user, u.host, u.port);
	assert(id != NULL && imapurl_parse(a, id, &again, &e) == 0);
	assert(strcmp(again.user, u.user) == 0 && strcmp(again.host, u.host) == 0);
	assert(strcmp(imapurl_id(a, again.user, again.host, again.port), id) == 0);
}

/* ${user} with a password, as people write them. */
static void
check_secret(struct arena *a, const char *user)
{
	char url[URL_BYTES];
	struct imapurl u;
	struct err e = { 0 };

	if (strchr(user, '/') != NULL || strstr(user, SECRET) != NULL)
		return;
	snprintf(url, sizeof(url), "imaps://%.1000s:" SECRET "@%.1000s", user, user);
	assert(imapurl_parse(a, url, &u, &e) < 0 && strstr(e.text, SECRET) == NULL);
	snprintf(url, sizeof(url), "imaps://%.1000s:" SECRET "/x@host", user);
	assert(imapurl_parse(a, url, &u, &e) < 0 && strstr(e.text, SECRET) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct arena *a;
	char line[URL_BYTES / 3], url[URL_BYTES];
	size_t length = 0;
	struct config *c;
	struct err e;

	if (a == NULL)
		a = arena_new((size_t)1 << 20);
	arena_reset(a);
	while (length < n && length < sizeof(line) - 1 && p[length] != '\n' && p[length] != '\0')
		length++;
	memcpy(line, p, length);
	line[length] = '\0';
	check_url(a, line);
	snprintf(url, sizeof(url), "imaps://%s", line);
	check_url(a, url);
	check_secret(a, line);
	c = load(p, n, &e);
	if (c != NULL) {
		check_config(c);
	} else {
		assert(e.kind == ERR_CONFIG && e.text[0] != '\0');
		check_next();
	}
	config_free(c);
	return 0;
}

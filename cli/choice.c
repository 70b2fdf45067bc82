#include "cli/choice.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ingest/imapconf.h"
#include "ingest/imapurl.h"

size_t
choice_count(const struct config *c, int n)
{
	return n > 0 ? (size_t)n : c->nsources;
}

static const struct config_source *
find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->nsources; i++)
		if (strcmp(c->sources[i].name, name) == 0)
			return &c->sources[i];
	return NULL;
}

int
choice_at(struct config *c, const struct choice_options *o, int n, char **names, size_t i,
    struct source_conf *out, struct err *e)
{
	const struct config_source *named = n > 0 ? find(c, names[i]) : &c->sources[i];

	if (named != NULL && o->given)
		return err_set(e, ERR_CONFIG,
		    "the options about sources are for those given as arguments by path or URL; the "
		    "configuration says it for \"%s\"",
		    named->name);
	if (named != NULL) {
		*out = named->conf;
		return 0;
	}
	*out = o->source;
	out->path = names[i];
	if (imapurl_is(names[i]))
		return config_url(c, names[i], &o->url, out, e);
	if (o->of_urls)
		return err_set(e, ERR_CONFIG,
		    "passwords, certificates and TLS are for URLs, and \"%s\" is none", names[i]);
	return 0;
}

/* The folders of an account are part of it where the URL does not name one: another source may have others. */
static const char *
account(const struct source_conf *source, char *room, size_t n)
{
	const struct imap_conf *imap = source->imap;
	const char *host = strstr(source->path, "://"), *slash;
	int at = snprintf(room, n, "%s", source->path);

	slash = host != NULL ? strchr(host + 3, '/') : NULL;
	if (slash != NULL && slash[1] != '\0')
		return source->path;
	for (size_t i = 0; i < imap->nfolders && at > 0 && (size_t)at < n; i++)
		at += snprintf(room + at, n - (size_t)at, " %s", imap->folders[i]);
	return room;
}

const char *
choice_path(const struct source_conf *source, char *room, size_t n)
{
	const char *path = source->path;
	char here[PATH_MAX];
	size_t len;

	if (source->imap != NULL)
		return account(source, room, n);
	if (strcmp(path, "-") == 0)
		return path;
	if (path[0] == '/' || getcwd(here, sizeof(here)) == NULL)
		here[0] = '\0';
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	snprintf(room, n, "%s%s%s", here, here[0] != '\0' ? "/" : "", path);
	for (len = strlen(room); len > 1 && room[len - 1] == '/'; len--)
		room[len - 1] = '\0';
	return room;
}

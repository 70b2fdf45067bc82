/*
 * token - what the processes that read mailboxes do to log in, and nothing else.
 *
 *   token CONFIG STATE NAME [renew]
 *
 * Prints the access token of the source NAME, or "config: " or "source: " and the error.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/config.h"
#include "ingest/imapconf.h"

static int
get(struct config *c, char **argv, bool renew, struct buf *out, struct err *e)
{
	const struct config_source *s = config_find(c, argv[3]);

	if (s == NULL || s->imap == NULL)
		return err_set(e, ERR_CONFIG, "no such source");
	if (config_resolve(c, argv[2], e) < 0)
		return -1;
	return token_get(&s->imap->token, s->name, renew, out, e);
}

int
main(int argc, char **argv)
{
	struct config *c;
	struct buf token;
	struct err e;
	int rc = -1;

	umask(077);
	if (argc < 4)
		return 1;
	buf_init(&token, SECRET_BYTES);
	c = config_load(argv[1], true, &e);
	if (c != NULL)
		rc = get(c, argv, argc > 4 && strcmp(argv[4], "renew") == 0, &token, &e);
	if (rc == 0)
		printf("%s\n", token.p);
	else
		printf("%s: %s\n", e.kind == ERR_CONFIG ? "config" : "source", e.text);
	secret_wipe(&token);
	config_free(c);
	return rc == 0 ? 0 : 1;
}

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/verbs.h"
#include "core/text.h"
#include "ingest/imapconf.h"

#define LINE_BYTES 32768 /* a URL of 8 kB, each byte shown as \xNN */

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void
listen_to_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGTTIN, SIG_IGN); /* in the background it waits for the browser alone */
}

/* Some of it is the server's: nothing in it may move the cursor. */
static void
say(void *arg, const char *line)
{
	struct buf shown;

	(void)arg;
	buf_init(&shown, LINE_BYTES);
	text_terminal(&shown, str_of(line));
	buf_put8(&shown, '\n');
	fwrite(shown.p, 1, shown.n, stdout);
	fflush(stdout);
	buf_fini(&shown);
}

static int
login(struct context *c, const char *name, struct err *e)
{
	const struct token_talk talk = { .say = say, .stop = &stop, .typed = STDIN_FILENO };
	const struct config_source *s = config_find(c->config, name);

	if (s == NULL)
		return err_set(e, ERR_CONFIG,
		    "the configuration has no source \"%.200s\"; \"ruastat check-config\" lists them",
		    name);
	if (s->imap == NULL || s->imap->token.grant == TOKEN_NONE)
		return err_set(e, ERR_CONFIG,
		    "the source \"%.200s\" has no oauth2: there is nothing to log in for", name);
	if (context_enter(c, e) < 0 || token_login(&s->imap->token, name, &talk, e) < 0)
		return -1;
	printf("The token is kept in %s.\n\"ruastat check-config --connect\" tries it.\n",
	    s->imap->token.store);
	return 0;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct context c;
	struct err e;
	int rc, status, first = verb_options(v, argc, argv, NULL, NULL, NULL, &c, &status);

	if (first < 0)
		return status;
	listen_to_signals();
	if (first + 1 != argc)
		rc = err_set(&e, ERR_CONFIG, "\"login\" wants the name of one source");
	else if (c.output != OUTPUT_TABLE)
		rc = err_set(&e, ERR_CONFIG, "\"login\" prints text");
	else
		rc = login(&c, argv[first], &e);
	return ask_end(&c, rc, &e);
}

const struct verb verb_login = {
	.name = "login",
	.arguments = "[OPTION]... NAME",
	.summary = "get the OAuth 2.0 token of a source, with a person's help",
	.help = NULL,
	.run = run,
};

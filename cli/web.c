#include "cli/web.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/notify.h"
#include "core/log.h"
#include "core/limits.h"
#include "dashboard/server.h"
#include "store/database.h"

#define PEM_BYTES ((size_t)1 << 20)

static int
read_pem(const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[4096];
	ssize_t n = -1;

	while (fd >= 0 && !out->over &&
	    ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)))
		buf_put(out, chunk, n > 0 ? (size_t)n : 0);
	if (fd >= 0)
		close(fd);
	if (fd < 0 || n < 0)
		return err_set(e, ERR_CONFIG, "could not read \"%s\": %s", path, strerror(errno));
	buf_put8(out, '\0');
	if (out->over)
		return err_set(e, ERR_CONFIG, "\"%s\" is too large for a key or certificate", path);
	return 0;
}

int
web_open(struct web *w, const struct web_conf *conf, const struct context *c, struct err *e)
{
	const struct config *config = c->config;
	const char *listen = conf->listen != NULL ? conf->listen : config->listen;
	const char *cert = conf->cert != NULL ? conf->cert : config->tls_certificate;
	const char *key = conf->key != NULL ? conf->key : config->tls_key;

	*w = (struct web){ .listener = { .fd = -1 } };
	buf_init(&w->cert, PEM_BYTES);
	buf_init(&w->key, PEM_BYTES);
	if ((cert == NULL) != (key == NULL))
		return err_set(e, ERR_CONFIG, "TLS wants both a certificate and its key");
	if (cert != NULL && (read_pem(cert, &w->cert, e) < 0 || read_pem(key, &w->key, e) < 0))
		return -1;
	return listener_open(&w->listener, listen, conf->tries, e);
}

void
web_close(struct web *w)
{
	if (w->listener.fd >= 0)
		close(w->listener.fd);
	buf_fini(&w->key);
	buf_fini(&w->cert);
}

/* How a browser elsewhere reaches a server that only this machine can. */
static void
print_forwarding(const struct listener *l)
{
	char host[256] = "this-machine";
	const char *sudo_user = getenv("SUDO_USER"), *user = getenv("LOGNAME");

	if (gethostname(host, sizeof(host) - 1) < 0)
		snprintf(host, sizeof(host), "this-machine");
	if (sudo_user != NULL)
		user = sudo_user;
	printf("From another machine, first:  ssh -L %u:%s:%u %s%s%s\n", l->port, l->host, l->port,
	    user != NULL ? user : "", user != NULL ? "@" : "", host);
}

static int
tell(struct server *s, const struct web *w, bool link, struct err *e)
{
	const struct listener *l = &w->listener;
	const char *scheme = w->cert.n > 0 ? "https" : "http";
	bool has_users;
	char url[400];

	if (server_has_users(s, &has_users, e) < 0)
		return -1;
	if (!l->loopback && w->cert.n == 0)
		log_event(LOG_WARN,
		    "passwords cross the network readable: give a certificate, or listen on 127.0.0.1 "
		    "behind a proxy that has one");
	if (!link && has_users) {
		printf("ruastat's dashboard: %s://%s:%u/\n", scheme, l->host, l->port);
		return 0;
	}
	if (server_link(s, url, sizeof(url), e) < 0)
		return -1;
	printf(
	    "\nThe dashboard runs until you press Ctrl-C.  This link logs in, once and within %d "
	    "minutes:\n\n    %s\n\n",
	    LIMIT_LINK_SECONDS / 60, url);
	if (l->loopback)
		print_forwarding(l);
	return 0;
}

int
web_show(struct web *w, const struct context *c, struct database *db, bool link, struct err *e)
{
	struct server_conf conf = { .db = db,
		.listener = w->listener,
		.cert = w->cert.n > 0 ? w->cert.p : NULL,
		.key = w->key.n > 0 ? w->key.p : NULL,
		.proxies = c->config->proxies,
		.nproxies = c->config->nproxies };
	struct notify notify;
	struct server *s;
	int rc;

	w->listener.fd = -1; /* the server's now, whatever comes */
	s = server_start(&conf, e);
	if (s == NULL)
		return -1;
	rc = tell(s, w, link, e);
	notify_open(&notify);
	if (rc == 0 && fflush(stdout) == 0) {
		notify_send(&notify, "READY=1");
		server_run(s);
	}
	notify_send(&notify, "STOPPING=1");
	notify_close(&notify);
	server_stop(s);
	return rc;
}

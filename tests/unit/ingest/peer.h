/* peer.h - a server for one connection after the other, in a child of the test. */
#ifndef TESTS_UNIT_INGEST_PEER_H
#define TESTS_UNIT_INGEST_PEER_H

#include "tests/unit/ingest/certs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The server's end of a connection; ->ssl NULL: in the clear. */
struct end {
	int fd;
	SSL *ssl;
	const struct peer_conf *conf;
};

struct peer_conf {
	void (*serve)(struct end *c); /* then the connection is closed */
	const struct cert *cert;      /* NULL: in the clear */
	bool starttls;                /* ->serve itself calls end_secure */
	bool rude;                    /* TLS ends without a goodbye */
	int newest;                   /* TLS1_2_VERSION...; 0: any */
	const struct cert *clients;   /* issuer of the certificates it wants to see */
	int room;                     /* bytes of the socket's buffers; 0: as the system has it */
	int upstream;                 /* for ->serve's own use: a port */
	const char *address;          /* NULL: 127.0.0.1 */
	int port;                     /* 0: any */
};

struct peer {
	pid_t pid;
	int fd; /* the listening socket, when there is no child */
	int port;
	char text[8];
};

static inline size_t
end_read(struct end *c, void *p, size_t n)
{
	ssize_t got = c->ssl != NULL ? SSL_read(c->ssl, p, (int)n) : recv(c->fd, p, n, 0);

	return got > 0 ? (size_t)got : 0;
}

/* False when the other side is gone. */
static inline bool
end_write(struct end *c, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t sent = c->ssl != NULL ? SSL_write(c->ssl, from, n < 65536 ? (int)n : 65536)
					      : send(c->fd, from, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		from += sent;
		n -= (size_t)sent;
	}
	return true;
}

static inline void
end_secure(struct end *c)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	/* versions of yesterday need a security level of yesterday */
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, c->conf->newest);
	SSL_CTX_use_certificate(ctx, c->conf->cert->x);
	SSL_CTX_use_PrivateKey(ctx, c->conf->cert->key);
	if (c->conf->clients != NULL) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), c->conf->clients->x);
	}
	c->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	SSL_set_fd(c->ssl, c->fd);
	if (SSL_accept(c->ssl) != 1) {
		/* the client has to read the alert before a reset takes it away */
		shutdown(c->fd, SHUT_WR);
		while (recv(c->fd, &(char){ 0 }, 1, 0) > 0)
			continue;
		_exit(1);
	}
}

static inline void
peer_accept(const struct peer_conf *conf, int listener)
{
	struct end c = { .fd = accept(listener, NULL, NULL), .conf = conf };

	if (c.fd < 0)
		_exit(1);
	/* else its last words may be held back, and lost when it ends with something unread */
	setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (fork() != 0) {
		close(c.fd);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (conf->cert != NULL && !conf->starttls)
		end_secure(&c);
	conf->serve(&c);
	if (c.ssl != NULL && !conf->rude)
		SSL_shutdown(c.ssl);
	_exit(0);
}

static inline int
peer_listen(const struct peer_conf *conf, struct peer *p, int backlog)
{
	const char *address = conf->address != NULL ? conf->address : "127.0.0.1";
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)conf->port) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	assert_int_equal(inet_pton(AF_INET, address, &a.sin_addr), 1);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (conf->room > 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &conf->room, sizeof(conf->room));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &conf->room, sizeof(conf->room));
	}
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	p->port = ntohs(a.sin_port);
	snprintf(p->text, sizeof(p->text), "%d", p->port);
	return fd;
}

static inline struct peer
peer_start(const struct peer_conf *conf)
{
	struct peer p = { .fd = -1 };
	int fd = peer_listen(conf, &p, 8);

	p.pid = fork();
	assert_true(p.pid >= 0);
	if (p.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		for (;;)
			peer_accept(conf, fd);
	}
	close(fd);
	return p;
}

/* With everybody it serves: they die with it. */
static inline void
peer_stop(struct peer *p)
{
	kill(p->pid, SIGKILL);
	assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
}

#endif

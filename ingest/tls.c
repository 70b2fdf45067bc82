#include "ingest/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/str.h"

#include "ingest/certificate.h"
#include "ingest/link.h"
#include "ingest/syserr.h"

struct tls {
	SSL_CTX *ctx;
	BIO_METHOD *method;
	SSL *ssl;
	int fd;
	struct certificate_rule rule;
	char *host;          /* the rule's */
	const char *own;     /* the file with our certificate, or NULL */
	struct err verdict;  /* why the server's certificate was refused */
	bool asked;          /* it wanted to see ours */
	bool sealed;         /* our key's file is encrypted */
	bool shaken, broken; /* the handshake is done; OpenSSL must not be called any more */
	int unsendable;      /* the errno of sending, once it failed */
	char cipher[80];
};

/*
 * OpenSSL's own BIO for sockets writes with write(), and a dead peer would kill the process.  That the
 * socket takes nothing more is kept from OpenSSL, which would refuse to read the peer's last words.
 */
static int
socket_write(BIO *b, const char *p, int n)
{
	struct tls *t = BIO_get_data(b);
	ssize_t rc = send(t->fd, p, (size_t)n, MSG_NOSIGNAL);

	BIO_clear_retry_flags(b);
	if (rc < 0) {
		if (errno != EAGAIN && errno != EINTR)
			t->unsendable = errno;
		BIO_set_retry_write(b);
	}
	return (int)rc;
}

static int
socket_read(BIO *b, char *p, int n)
{
	const struct tls *t = BIO_get_data(b);
	ssize_t rc = recv(t->fd, p, (size_t)n, 0);

	BIO_clear_retry_flags(b);
	if (rc < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(b);
	if (rc == 0)
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
	return (int)rc;
}

static long
socket_ctrl(BIO *b, int what, long n, void *p)
{
	(void)n, (void)p;
	if (what == BIO_CTRL_EOF)
		return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
	return what == BIO_CTRL_FLUSH;
}

static int
socket_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

static int
verify(X509_STORE_CTX *chain, void *arg)
{
	struct tls *t = arg;

	return certificate_judge(chain, &t->rule, &t->verdict);
}

static int
on_request(SSL *ssl, void *arg)
{
	struct tls *t = arg;

	(void)ssl;
	t->asked = true;
	return 1;
}

/* Nobody is there to type a passphrase, and OpenSSL would ask the terminal. */
static int
on_passphrase(char *p, int n, int rwflag, void *arg)
{
	struct tls *t = arg;

	(void)p, (void)n, (void)rwflag;
	t->sealed = true;
	return -1;
}

/* In words what OpenSSL's queue says; empties it. */
static const char *
reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return text != NULL ? text : "no reason given";
}

static int
check_readable(const char *doing, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return syserr_set(e, ERR_CONFIG, doing, path, STR(""), errno);
	close(fd);
	return 0;
}

static int
load_trusted(struct tls *t, const struct link_conf *conf, struct err *e)
{
	if (conf->fingerprint != NULL)
		return certificate_pin(&t->rule, conf->fingerprint, e);
	if (conf->ca_file == NULL) {
		SSL_CTX_set_default_verify_paths(t->ctx);
		t->rule.empty_store = certificate_none_trusted();
		return 0;
	}
	t->rule.own_store = true;
	if (check_readable("could not read the ca_file", conf->ca_file, e) != 0)
		return -1;
	if (SSL_CTX_load_verify_file(t->ctx, conf->ca_file) == 1)
		return 0;
	return err_set(e, ERR_CONFIG, "the ca_file \"%s\" holds no certificate in PEM: %s",
	    conf->ca_file, reason());
}

static int
load_own(struct tls *t, const struct link_conf *conf, struct err *e)
{
	const char *key = conf->key != NULL ? conf->key : conf->certificate;

	t->own = conf->certificate;
	if (conf->certificate == NULL && conf->key == NULL)
		return 0;
	if (conf->certificate == NULL)
		return err_set(e, ERR_CONFIG, "there is a key and no certificate");
	if (check_readable("could not read the certificate", conf->certificate, e) != 0 ||
	    check_readable("could not read the key", key, e) != 0)
		return -1;
	if (SSL_CTX_use_certificate_chain_file(t->ctx, conf->certificate) != 1)
		return err_set(e, ERR_CONFIG, "\"%s\" holds no certificate in PEM: %s",
		    conf->certificate, reason());
	if (SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_check_private_key(t->ctx) == 1)
		return 0;
	if (t->sealed)
		return err_set(e, ERR_CONFIG,
		    "the key in \"%s\" has a passphrase, and nobody is there to type it", key);
	return err_set(e, ERR_CONFIG, "\"%s\" holds no key (PEM) for the certificate in \"%s\": %s",
	    key, conf->certificate, reason());
}

/* SNI and certificates know no dot at the end of a name. */
static char *
copy_host(const char *host)
{
	size_t n = strlen(host);
	char *copy = calloc(1, n + 1);

	if (copy == NULL)
		abort();
	memcpy(copy, host, n);
	if (n > 1 && copy[n - 1] == '.')
		copy[n - 1] = '\0';
	return copy;
}

struct tls *
tls_new(const struct link_conf *conf, struct err *e)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	t->fd = -1;
	t->host = copy_host(conf->host);
	t->rule.host = t->host;
	t->ctx = SSL_CTX_new(TLS_client_method());
	t->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "a socket");
	if (t->ctx == NULL || t->method == NULL)
		abort();
	BIO_meth_set_write(t->method, socket_write);
	BIO_meth_set_read(t->method, socket_read);
	BIO_meth_set_ctrl(t->method, socket_ctrl);
	BIO_meth_set_create(t->method, socket_create);
	/* the system's own configuration may want a newer one */
	if (SSL_CTX_get_min_proto_version(t->ctx) < TLS1_2_VERSION)
		SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(
	    t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(t->ctx, verify, t);
	SSL_CTX_set_cert_cb(t->ctx, on_request, t);
	SSL_CTX_set_default_passwd_cb(t->ctx, on_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(t->ctx, t);
	ERR_clear_error();
	if (load_trusted(t, conf, e) == 0 && load_own(t, conf, e) == 0)
		return t;
	tls_free(t);
	return NULL;
}

static void
stop(struct tls *t)
{
	if (t->ssl != NULL && t->shaken && !t->broken) {
		ERR_clear_error();
		SSL_shutdown(t->ssl);
	}
	SSL_free(t->ssl);
	t->ssl = NULL;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	stop(t);
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->method);
	ERR_clear_error();
	free(t->host);
	free(t);
}

int
tls_start(struct tls *t, int fd, struct err *e)
{
	BIO *b;

	SSL_free(t->ssl);
	t->ssl = SSL_new(t->ctx);
	b = BIO_new(t->method);
	if (t->ssl == NULL || b == NULL)
		abort();
	t->fd = fd;
	t->unsendable = 0;
	t->asked = t->shaken = t->broken = false;
	t->verdict.kind = ERR_NONE;
	BIO_set_data(b, t);
	SSL_set_bio(t->ssl, b, b);
	SSL_set_connect_state(t->ssl);
	if (certificate_is_address(t->host) || SSL_set_tlsext_host_name(t->ssl, t->host) == 1)
		return 0;
	ERR_clear_error();
	return err_set(e, ERR_CONFIG, "\"%s\" is too long for the name of a host", t->host);
}

/* Whether the alert ${alert} is about the certificate we showed, or did not show. */
static bool
is_about_ours(const struct tls *t, int alert)
{
	if (!t->asked)
		return false;
	return alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_UNKNOWN_CA ||
	    alert == SSL_AD_ACCESS_DENIED || alert == SSL_AD_CERTIFICATE_REQUIRED ||
	    (alert >= SSL_AD_NO_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN);
}

static int
explain_protocol(const struct tls *t, struct err *e)
{
	int code = ERR_GET_REASON(ERR_peek_error());
	int alert = code > SSL_AD_REASON_OFFSET ? code - SSL_AD_REASON_OFFSET : -1;

	if (is_about_ours(t, alert) && t->own == NULL)
		return err_set(e, ERR_CONFIG,
		    "it wants to see a client certificate (certificate =, key =): %s", reason());
	if (is_about_ours(t, alert))
		return err_set(e, ERR_CONFIG, "it does not accept the certificate in \"%s\": %s",
		    t->own, reason());
	if (code == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return err_set(e, ERR_SOURCE,
		    t->shaken ? "it broke the connection off, without a goodbye"
			      : "it ended the connection during the handshake of TLS");
	if (!t->shaken && code == SSL_R_WRONG_VERSION_NUMBER)
		return err_set(e, ERR_CONFIG,
		    "it does not speak TLS from the first byte on: is that the right port? "
		    "(imap:// is for STARTTLS)");
	if (!t->shaken &&
	    (alert == SSL_AD_PROTOCOL_VERSION || code == SSL_R_UNSUPPORTED_PROTOCOL ||
		code == SSL_R_WRONG_SSL_VERSION))
		return err_set(e, ERR_CONFIG, "it speaks no TLS as new as 1.2 (%s)", reason());
	return err_set(e, ERR_SOURCE, "%s: %s",
	    t->shaken ? "TLS went wrong" : "the handshake of TLS went wrong", reason());
}

/* What ${rc} of an SSL function means: 0 with ${wait}, or -1. */
static int
explain(struct tls *t, int rc, short *wait, struct err *e)
{
	int why = errno;
	int error = SSL_get_error(t->ssl, rc);

	if (error == SSL_ERROR_WANT_WRITE && t->unsendable != 0)
		return err_set(e, ERR_SOURCE, "%s", strerror(t->unsendable));
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		*wait = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		return 0;
	}
	if (error == SSL_ERROR_ZERO_RETURN)
		return err_set(e, ERR_SOURCE, "it ended the connection");
	t->broken = true;
	if (t->verdict.kind != ERR_NONE)
		*e = t->verdict;
	else if (error == SSL_ERROR_SSL)
		explain_protocol(t, e);
	else
		err_set(
		    e, ERR_SOURCE, "%s", why != 0 ? strerror(why) : "it broke the connection off");
	ERR_clear_error();
	return -1;
}

static int
refuse(struct err *e)
{
	return err_set(e, ERR_SOURCE, "the connection is broken");
}

int
tls_handshake(struct tls *t, short *wait, struct err *e)
{
	int rc;

	if (t->broken)
		return refuse(e);
	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(t->ssl);
	if (rc != 1)
		return explain(t, rc, wait, e);
	t->shaken = true;
	snprintf(t->cipher, sizeof(t->cipher), "%s, %s", SSL_get_version(t->ssl),
	    SSL_get_cipher_name(t->ssl));
	return 1;
}

ssize_t
tls_read(struct tls *t, void *p, size_t n, short *wait, struct err *e)
{
	int rc;

	if (t->broken)
		return refuse(e);
	ERR_clear_error();
	errno = 0;
	rc = SSL_read(t->ssl, p, n < INT_MAX ? (int)n : INT_MAX);
	return rc > 0 ? rc : explain(t, rc, wait, e);
}

ssize_t
tls_write(struct tls *t, const void *p, size_t n, short *wait, struct err *e)
{
	int rc;

	if (t->broken)
		return refuse(e);
	ERR_clear_error();
	errno = 0;
	rc = SSL_write(t->ssl, p, n < INT_MAX ? (int)n : INT_MAX);
	return rc > 0 ? rc : explain(t, rc, wait, e);
}

const char *
tls_cipher(const struct tls *t)
{
	return t->cipher;
}

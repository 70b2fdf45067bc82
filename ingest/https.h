/* https.h - one question to a web server and its answer: the home of libcurl. */
#ifndef INGEST_HTTPS_H
#define INGEST_HTTPS_H

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

#define HTTPS_CONNECT_SECONDS 15
#define HTTPS_SECONDS 30              /* for all of it: token endpoints answer in one */
#define HTTPS_BYTES ((size_t)1 << 20) /* of an answer; real ones have 10 kB */
#define HTTPS_HEADER_BYTES ((size_t)64 << 10)

/* Strings are borrowed. */
struct https_request {
	const char *url;
	struct str form;          /* a form to be posted; ->p is NULL: GET */
	const char *ca_file;      /* PEM; NULL: the system's store */
	const volatile int *stop; /* set by a signal: give up; or NULL */
};

/*
 * Whether ${url} may be asked: https, or http to an address that is loopback (127.0.0.0/8, ::1); no
 * user, no password, no fragment.  ERR_CONFIG in words.
 */
int https_check(const char *url, struct err *e);

/*
 * Ask.  The answer's body into ${out} (initialised by the caller with HTTPS_BYTES), its status into
 * ${status}, whatever it is.  TLS 1.2 at least, the certificate verified for the host's name;
 * redirects are not followed.  ERR_CONFIG: the URL, the certificate or the CA file is not right.
 * ERR_SOURCE: anything that may be better later, and answers beyond the limits.
 */
int https_ask(const struct https_request *r, long *status, struct buf *out, struct err *e);

#endif

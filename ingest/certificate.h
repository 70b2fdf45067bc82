/* certificate.h - whether a server's certificate is the right one, and in words why it is not. */
#ifndef INGEST_CERTIFICATE_H
#define INGEST_CERTIFICATE_H

#include <stdbool.h>

#include "core/digest.h"
#include "core/err.h"

struct x509_store_ctx_st;

/* What it has to be. */
struct certificate_rule {
	const char *host;  /* a name without a dot at its end, or an address; borrowed */
	bool pinned;       /* ${pin} alone decides */
	struct sha256 pin; /* of the certificate in DER */
	bool own_store;    /* a ca_file was given: what stands there is trusted as it is */
	bool empty_store;  /* certificate_none_trusted */
};

/* Whether the system's store is empty; only a guess, for messages. */
bool certificate_none_trusted(void);

/* Read a SHA-256 in hex, with or without colons, into ${rule}.  ERR_CONFIG when it is none. */
int certificate_pin(struct certificate_rule *rule, const char *fingerprint, struct err *e);

/*
 * Judge the server's certificate and its chain (RFC 5280; the name as in RFC 9525).  Returns 1, or 0
 * with ERR_CONFIG and all that is wrong with it, its fingerprint and what to do; begins "its certificate".
 */
int certificate_judge(
    struct x509_store_ctx_st *chain, const struct certificate_rule *rule, struct err *e);

/* Whether ${host} is an address, not a name. */
bool certificate_is_address(const char *host);

#endif

/* smime.h - what an opaque S/MIME mail carries (RFC 8551, RFC 5652). */
#ifndef PARSER_SMIME_H
#define PARSER_SMIME_H

#include "core/arena.h"

enum smime {
	SMIME_HAS_CONTENT, /* ${content} is set */
	SMIME_NO_CONTENT,  /* a signature beside its content, or a bag of certificates */
	SMIME_ENCRYPTED,   /* enveloped-data and its kin */
	SMIME_OTHER_TYPE,  /* compressed-data or a type unknown here */
	SMIME_DAMAGED,
	SMIME_TOO_BIG, /* ${a} cannot hold it */
};

/*
 * Whether anything can be had of ${in}, SNIFF_CMS: DER, BER or PEM.  The content of signed-data is
 * copied to ${a}: a MIME entity with its header.  No signature is verified, and no certificate is
 * looked at: whoever is to be believed is not decided by this.
 */
enum smime smime_content(struct arena *a, struct str in, struct str *content);

/* Let OpenSSL read its tables and configuration now: later, in the jail, it cannot. */
void smime_init(void);

#endif

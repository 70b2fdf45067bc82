/*
 * transfer.h - the bytes of a part: where they stand in the mail, and their transfer encoding undone
 * (RFC 2045 section 6, and the uuencode of POSIX).
 */
#ifndef PARSER_TRANSFER_H
#define PARSER_TRANSFER_H

#include <gmime/gmime.h>

#include "core/buf.h"
#include "core/str.h"
#include "parser/sniff.h"

/* ${content} as it stands in ${mail}, which GMime was given; borrowed from there. */
struct str transfer_bytes(struct str mail, GMimeDataWrapper *content);

/* The bytes of an attached message up to ${boundary}, from its header on; empty without header. */
struct str transfer_message(struct str mail, GMimeMessage *message, const char *boundary);

/* Whether what is encoded so differs from what it stands for. */
bool transfer_is_encoded(GMimeContentEncoding how);

/*
 * The file that a uuencoded text holds: what follows its line "begin MODE NAME", or empty with
 * ${name} untouched.
 */
struct str transfer_uu_file(struct str in, struct str *name);

/* Append to ${out} what ${in} decodes to, until the first of it says that it is nothing for us. */
enum sniff transfer_undo(GMimeContentEncoding how, struct str in, struct buf *out);

/*
 * Undo the transfer encoding as far as the bytes are of interest: their beginning always, the rest
 * unless that beginning says that they are nothing for us.  ${bytes} are of the mail, or ${out}'s.
 */
enum sniff transfer_decode(
    struct str mail, GMimeDataWrapper *content, struct buf *out, struct str *bytes);

#endif

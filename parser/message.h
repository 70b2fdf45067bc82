/* message.h - from the bytes of a message to frames: MIME, unpacking, the report's document. */
#ifndef PARSER_MESSAGE_H
#define PARSER_MESSAGE_H

#include "core/wire.h"
#include "parser/out.h"

struct message_parser;

/* Everything that needs a file, a converter or a library's set-up is done here, before the jail. */
struct message_parser *message_parser_new(struct err *e);
void message_parser_free(struct message_parser *p);

/*
 * Read the message behind ${fd} from its first byte (the descriptor and its offset are left alone)
 * and write to ${out}, for each part that is or should have been a report, its records, its
 * original and FRAME_PART, then FRAME_END.  A mail without any such part gives FRAME_END alone.
 *
 * The original is the attachment as it came, where that is a gzip or zip around this one document;
 * else the document gzipped here.  Either way message_parse makes the same report of it, bare.
 * A message beyond its ceiling (of ${job->ceilings}: that of a mail; bare XML: what may be unpacked)
 * is refused by its size: its sha256 is all zeros.
 *
 * The message may be a mail, plain or gzipped, or where ${job->bare} says so a bare report: XML,
 * gzip or zip, judged by its bytes.  The first ${job->header} bytes are none of it but the header of the
 * mail it once came in: read for what a header tells, not counted in size and sha256.  What is wrong
 * with the message is told in its parts; -1 means that frames could not be written.  Stateless: the
 * same bytes give the same frames.
 */
int message_parse(
    struct message_parser *p, int fd, const struct job *job, struct out *out, struct err *e);

#endif

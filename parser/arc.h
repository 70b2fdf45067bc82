/* arc.h - what the comment of an override reason tells of an ARC chain (RFC 8617 section 7.2.2). */
#ifndef PARSER_ARC_H
#define PARSER_ARC_H

#include "core/limits.h"
#include "core/report.h"

/*
 * Read "arc=pass as[2].d=b.example as[2].s=s as[1].d=a.example as[1].s=s remote-ip[1]=192.0.2.1" from
 * any bytes; OpenDMARC writes client-ip[1].  What is not understood is passed over; of what comes
 * twice the first counts.  Without a verdict there is nothing else.  ->sealer is written to ${room}.
 */
struct arc arc_parse(struct str comment, char room[LIMIT_DOMAIN_BYTES]);

#endif

/* connect.h - what "check-config --connect" finds behind the configuration's IMAP sources. */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include "cli/verb.h"
#include "core/buf.h"

/*
 * Log in to each of them and append what is there to ${out}: as text, or as the JSON array
 * "connections" of ruastat-json(5).  Troubles are told on standard error too.  Returns how many could
 * not be reached or have a folder that could not be opened.
 */
size_t connect_all(const struct context *c, struct buf *out);

#endif

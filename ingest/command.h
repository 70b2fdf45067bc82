/* command.h - run a command of the administrator's and take what it prints. */
#ifndef INGEST_COMMAND_H
#define INGEST_COMMAND_H

#include "core/buf.h"
#include "core/err.h"

/*
 * Run /bin/sh -c ${command} in a process group of its own, without input, its complaints on our
 * standard error, and append to ${out} what it prints until that is full; the rest is dropped.
 * After ${seconds} the whole group is killed.  ERR_CONFIG when there is no such command; ERR_SOURCE
 * when it failed or took too long.  No error says what was printed.
 */
int command_read(const char *command, unsigned seconds, struct buf *out, struct err *e);

#endif

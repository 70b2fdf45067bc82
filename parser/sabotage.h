/*
 * sabotage.h - a worker that does what no parser should, on a message's word: for tests alone.
 *
 * Only where SABOTAGE_VARIABLE stands in the environment of the process that starts the workers, and
 * only for a mail whose header has "X-Ruastat-Test: VALUE DEED" with that variable's value.  Whoever
 * sends mail can do neither: he knows no environment, and without the variable nobody looks.
 */
#ifndef PARSER_SABOTAGE_H
#define PARSER_SABOTAGE_H

#define SABOTAGE_VARIABLE "RUASTAT_TEST_WORKER"
#define SABOTAGE_BYTES 64 /* of its value, at most */

/*
 * Do what the message behind ${fd} says: crash (SIGSEGV), abort, exit, spin (CPU time without end),
 * hang (none), memory (all there is), babble (no frame, to ${socket}), forge (a frame out of place).
 * Returns where it says nothing of the kind.
 */
void sabotage(const char *value, int fd, int socket);

#endif

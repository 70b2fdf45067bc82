/* signals.h - being asked to end, or to read the configuration again. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/*
 * From here on the first SIGINT or SIGTERM asks for an end in good order, and a second one ends the
 * process; so does SIGHUP, but with ${reload} it asks for the configuration to be read again.
 */
void signals_listen(bool reload);

/* Set once an end is wanted. */
const volatile sig_atomic_t *signals_stop(void);

/* Whether SIGHUP came since the last call. */
bool signals_reload(void);

/* Readable when a signal came since the last signals_calm. */
int signals_fd(void);
void signals_calm(void);

#endif

/* log.h - one event, one line on standard error; every value escaped. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>

#include "core/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* What is dropped: everything below ${least}.  The default is LOG_WARN. */
void log_init(enum log_level least);

/*
 * Ask ${wanted} before a line of LOG_WARN or LOG_ERROR is printed, with its escaped text and no line end;
 * NULL: print all.  It must not log.
 */
void log_filter(bool (*wanted)(void *arg, struct str text), void *arg);

/*
 * Print "ruastat: text".  Control characters, bytes that are not UTF-8 and line ends in the text
 * are shown as \xNN: what a stranger wrote cannot move the cursor or forge a second line.
 */
void log_event(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif

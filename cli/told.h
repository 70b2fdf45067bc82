/*
 * told.h - what was said on standard error in the last day: cron mails every line, and the same one
 * each hour is no news.
 *
 * The file "told" in the state directory has a fixed size and is written in place: a full disk does not
 * make it forget, and what a kill left half-written reads as not told.
 */
#ifndef CLI_TOLD_H
#define CLI_TOLD_H

#include "core/err.h"

/* How many lines are remembered; the oldest makes room. */
#define TOLD_SLOTS 256

/* A daily run that begins a little early is a day later. */
#define TOLD_SECONDS (86400 - 1800)

/*
 * From now on print a line of LOG_WARN or LOG_ERROR only when it was not printed in the last
 * TOLD_SECONDS by a process that asked for the same in ${state_dir}.  Where the file cannot be used
 * everything is printed.
 */
void told_begin(const char *state_dir);

/* Print everything again. */
void told_end(void);

/* Print the next line whatever was told before: it is news each time. */
void told_news(void);

#endif

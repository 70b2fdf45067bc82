/*
 * partcopy.h - TLS and failure reports, as read from a frame, copied into an arena of their own.
 * Each returns NULL when ${a} is full.
 */
#ifndef STORE_PARTCOPY_H
#define STORE_PARTCOPY_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/report.h"

const struct tls_report *partcopy_tls(struct arena *a, const struct tls_report *from);

/* ${body}: with the body of the message it shows. */
const struct failure *partcopy_failure(struct arena *a, const struct failure *from, bool body);

#endif

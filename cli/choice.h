/* choice.h - the sources a run is about: arguments, or those of the configuration. */
#ifndef CLI_CHOICE_H
#define CLI_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/config.h"
#include "core/err.h"

/* What the options of "ingest" say of sources given as arguments. */
struct choice_options {
	struct source_conf source;     /* but for the path */
	struct config_url_options url; /* of a mailbox behind IMAP */
	bool given;                    /* they said something */
	bool of_urls;                  /* what only a URL can have */
};

/* How many sources: ${n} arguments, or where there are none all of the configuration. */
size_t choice_count(const struct config *c, int n);

/*
 * The ${i}th of them into ${out}: an argument names a source of the configuration, or is a URL or a
 * path ("./name" where both could be meant).  ERR_CONFIG when an option does not fit.  What ${out}
 * points to belongs to ${c} or the arguments.
 */
int choice_at(struct config *c, const struct choice_options *o, int n, char **names, size_t i,
    struct source_conf *out, struct err *e);

#define CHOICE_PATH_BYTES 8192

/*
 * The name that the database knows the runs of a source by: its URL with the folders that are
 * named apart from it, or its path made absolute, into ${room} where need be.  Links are not followed:
 * it must be the same when the mailbox is gone.
 */
const char *choice_path(const struct source_conf *source, char *room, size_t n);

#endif

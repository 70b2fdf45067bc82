/* survey.h - a private cluster looked at from outside: nothing is started, made or locked. */
#ifndef STORE_SURVEY_H
#define STORE_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

struct survey {
	char version[16];    /* PostgreSQL's major version; empty: there is no cluster */
	const char *state;   /* "down", "starting", "running", "stopping" */
	uint64_t data_bytes; /* on the disk */
	uint64_t log_bytes;
	char last_line[400]; /* of its log */
};

/* Look at the cluster of ${state_dir}; what cannot be seen stays empty. */
void survey_take(const char *state_dir, struct survey *s);

#endif

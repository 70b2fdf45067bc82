/*
 * ceilings.h - those of core/limits.h that the configuration can change, as a run has them.
 *
 * cli reads them (its config_limits.c has the ranges), the workers get them with each job, store
 * keeps mails by them.  What is said of a ceiling that a message met ends with CEILING_RAISED or
 * CEILING_FIXED, so that nobody has to guess what to do.
 */
#ifndef CORE_CEILINGS_H
#define CORE_CEILINGS_H

#include <stdint.h>

/* Bytes unless said otherwise. */
struct ceilings {
	uint64_t mail;          /* one mail; decoded, too */
	uint64_t unpacked;      /* all archives of one message */
	uint32_t parts;         /* MIME parts of one mail */
	uint32_t members;       /* of all archives of one message */
	uint64_t kept;          /* one mail whose bytes are kept */
	uint64_t kept_total;    /* all of them */
	uint64_t worker_memory; /* address space of one worker */
	uint32_t cpu_seconds;   /* of a worker for one message */
	uint32_t wait_seconds;  /* of a worker that does nothing */
};

/* What core/limits.h says. */
extern const struct ceilings ceilings_default;

/* What a worker needs for mails of ${mail} bytes: measured, base64 in base64. */
uint64_t ceilings_memory(uint64_t mail);

#define CEILING_SIZE 24

/* ${bytes} as people write it ("64 MB", MB being 1024 times 1024), in ${room}. */
const char *ceilings_size(uint64_t bytes, char room[CEILING_SIZE]);

/* How a reason ends: ${name} is the setting of ruastat.conf. */
#define CEILING_RAISED(name) "; " name " raises it"
#define CEILING_FIXED "; this limit is fixed"

#endif

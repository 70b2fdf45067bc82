/* sandbox.h - take away what a process that reads strangers' bytes does not need. */
#ifndef CORE_SANDBOX_H
#define CORE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

/* Which layers a kernel has; ${landlock} is its ABI version, 0 where there is none. */
struct sandbox_layers {
	bool seccomp;
	int landlock;
};

struct sandbox_layers sandbox_probe(void);

/*
 * Close the jail around this process, for good: no_new_privs, no core dumps, rlimits (16
 * descriptors, no processes, no bytes written to files, ${memory} bytes of address space;
 * SIGXFSZ is ignored), an empty Landlock ruleset where the kernel has it, and a seccomp filter that
 * answers EPERM to all but reading, writing, receiving on open descriptors, memory (none of it
 * executable), time and abort(3).  Whatever needs a file or a library's set-up must be done before.
 * seccomp is required: without it this fails with ERR_CONFIG and nothing may be parsed.
 * A build that looks for errors (core/instrument.h) keeps no_new_privs and the limits of core dumps
 * and descriptors alone: the rest would silence or starve what looks for them.
 */
int sandbox_enter(uint64_t memory, struct err *e);

#endif

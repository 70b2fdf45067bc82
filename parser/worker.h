/* worker.h - the jailed process: jobs in, frames out, nothing else. */
#ifndef PARSER_WORKER_H
#define PARSER_WORKER_H

/* argv[0] under which the program is this worker; its socket is descriptor 3. */
#define WORKER_NAME "ruastat-worker"

/* Of its environment: how many bytes of address space it may have. */
#define WORKER_MEMORY "RUASTAT_WORKER_MEMORY"

/* Who it becomes when root started it: what it reads is nobody's business. */
#define WORKER_NOBODY 65534

/* Set up, close the jail, serve jobs until the parent hangs up; the process's exit status. */
int worker_main(void);

#endif

/* again.h - this program run anew, as a process of another name that has one socket to talk by. */
#ifndef CORE_AGAIN_H
#define CORE_AGAIN_H

#include <sys/types.h>

/* The descriptor that is its socket. */
#define AGAIN_SOCKET 3

/*
 * Run ${exe} (NULL: this program, even if its file was replaced) with the name ${name},
 * ${socket} as its descriptor AGAIN_SOCKET, nothing on its standard input and output, our standard error and
 * the environment ${env}; a sanitizer's build adds its own options to that.
 * posix_spawn(3)'s error number, or 0.
 */
int again_start(pid_t *pid, const char *exe, const char *name, int socket, char *const env[]);

/* The name that main's arguments say this process was started with. */
const char *again_name(int argc, char *const argv[]);

#endif

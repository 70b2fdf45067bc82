#include "core/again.h"

#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "core/instrument.h"

#define VARIABLES 16 /* more than anybody gives who does not hand on all of ours */

/* Under valgrind that link is valgrind: only what it points to is told as it should be. */
static const char *
this_program(void)
{
	static char path[PATH_MAX];
	ssize_t n;

	if (!INSTRUMENT_VALGRIND)
		return "/proc/self/exe";
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return path;
}

/* ${env} and, in ${room}, what tells a sanitizer where its findings go. */
static char *const *
environment(char *const env[], char *room[VARIABLES])
{
	size_t n = 0;

	if (!INSTRUMENT_SANITIZER || env == environ)
		return env;
	for (; n < VARIABLES - 1 && env[n] != NULL; n++)
		room[n] = env[n];
	for (size_t i = 0; n < VARIABLES - 1 && environ[i] != NULL; i++)
		if (strstr(environ[i], "SAN_OPTIONS=") != NULL)
			room[n++] = environ[i];
	room[n] = NULL;
	return room;
}

int
again_start(pid_t *pid, const char *exe, const char *name, int socket, char *const env[])
{
	char *room[VARIABLES];
	/* Valgrind makes the first of them the path; nobody else looks at the second. */
	char *argv[] = { (char *)name, INSTRUMENT_VALGRIND ? (char *)name : NULL, NULL };
	posix_spawn_file_actions_t files;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc != 0)
		return rc;
	/* The socket first: where our own streams are closed it may be one of the numbers below. */
	rc = posix_spawn_file_actions_adddup2(&files, socket, AGAIN_SOCKET);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn(pid, exe != NULL ? exe : this_program(), &files, NULL, argv,
		    environment(env, room));
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

const char *
again_name(int argc, char *const argv[])
{
	int which = INSTRUMENT_VALGRIND ? 1 : 0;

	return argc > which ? argv[which] : "";
}

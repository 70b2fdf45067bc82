/* What a jailed process can and cannot do, each tried in a child of its own. */
#include "core/sandbox.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/frame.h"
#include "core/instrument.h"
#include "core/limits.h"

#define NOBODY 65534

/* Opened before the jail, as a worker's are. */
static int file = -1;    /* the program itself, to read */
static int scratch = -1; /* a file on disk, to write */
static int pair[2];      /* our socket and the other end */
static pid_t parent;

static bool
refused(long rc, int error)
{
	return rc < 0 && errno == error;
}

static bool
cannot_open(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		return errno == EPERM || errno == EACCES;
	close(fd);
	return false;
}

static bool
no_open(void)
{
	return cannot_open("/etc/passwd", O_RDONLY);
}

static bool
no_create(void)
{
	return cannot_open("/tmp/ruastat-sandbox-test", O_WRONLY | O_CREAT);
}

static bool
no_stat(void)
{
	struct stat st;

	return refused(stat("/etc/passwd", &st), EPERM);
}

static bool
no_socket(void)
{
	return refused(socket(AF_INET, SOCK_STREAM, 0), EPERM) &&
	    refused(socket(AF_UNIX, SOCK_STREAM, 0), EPERM);
}

static bool
no_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return refused(pid, EPERM);
}

static bool
no_exec(void)
{
	char *argv[] = { NULL };

	return refused(execve("/bin/true", argv, argv), EPERM);
}

static bool
no_signal(void)
{
	return refused(kill(parent, 0), EPERM) &&
	    refused(syscall(SYS_tgkill, parent, parent, SIGABRT), EPERM);
}

static bool
no_code(void)
{
	int wx = PROT_READ | PROT_WRITE | PROT_EXEC;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || !refused(mprotect(p, 4096, wx), EPERM) || munmap(p, 4096) != 0)
		return false;
	p = mmap(NULL, 4096, wx, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return errno == EPERM;
	munmap(p, 4096);
	return false;
}

static bool
no_way_to_raise_limits(void)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };

	return refused(setrlimit(RLIMIT_CPU, &r), EPERM) &&
	    refused(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), EPERM);
}

static bool
no_descriptor_sent(void)
{
	return frame_send_fd(pair[0], STR("x"), file) != 0 && errno == EPERM;
}

static bool
no_much_memory(void)
{
	void *volatile p = malloc(1u << 30);
	bool none = p == NULL;

	free(p);
	return none;
}

static bool
no_bytes_to_a_file(void)
{
	return refused(write(scratch, "x", 1), EFBIG);
}

static bool
some_memory(void)
{
	size_t n = LIMIT_WORKER_MEMORY / 4;
	char *p = malloc(n);
	char *grown;

	if (p == NULL)
		return false;
	memset(p, 1, n);
	grown = realloc(p, n + n / 2);
	if (grown == NULL) {
		free(p);
		return false;
	}
	free(grown);
	return true;
}

static bool
reads_what_is_open(void)
{
	char elf[4];
	struct stat st;
	void *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);

	return map != MAP_FAILED && munmap(map, 4096) == 0 && read(file, elf, 4) == 4 &&
	    memcmp(elf, "\177ELF", 4) == 0 && pread(file, elf, 4, 0) == 4 &&
	    lseek(file, 0, SEEK_END) > 4 && fstat(file, &st) == 0 && S_ISREG(st.st_mode) &&
	    close(file) == 0;
}

static bool
talks(void)
{
	char c = '\0';
	int fd;

	return frame_recv_fd(pair[0], &c, 1, &fd) == 1 && fd >= 0 && read(fd, &c, 1) == 1 &&
	    frame_write(pair[0], STR("answer")) == 0;
}

static bool
knows_the_time(void)
{
	struct timespec t;

	return clock_gettime(CLOCK_REALTIME, &t) == 0 &&
	    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0 && time(NULL) > 0;
}

/* Whether ${check} holds in a jailed child, run as ${uid}. */
static void
try(const char *name, bool (*check)(void), uid_t uid)
{
	pid_t pid;
	int status;

	parent = getpid();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e;

		if (uid != getuid() && setresuid(uid, uid, uid) != 0)
			_exit(3);
		if (sandbox_enter(LIMIT_WORKER_MEMORY, &e) != 0)
			_exit(2);
		_exit(check() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s as uid %u: wait status %#x", name, (unsigned)uid, (unsigned)status);
}

static void
the_jail_holds(void **state)
{
#define CASE(f, always)       \
	{                     \
#f, f, always \
	}
	static const struct {
		const char *name;
		bool (*check)(void);
		bool always; /* in an instrumented build too */
	} cases[] = {
		CASE(no_open, false), /* where the kernel has no Landlock */
		CASE(no_create, false),
		CASE(no_stat, false),
		CASE(no_socket, false),
		CASE(no_fork, false),
		CASE(no_exec, false),
		CASE(no_signal, false),
		CASE(no_code, false),
		CASE(no_way_to_raise_limits, false),
		CASE(no_descriptor_sent, false),
		CASE(no_much_memory, false),
		CASE(no_bytes_to_a_file, false),
		CASE(some_memory, true),
		CASE(reads_what_is_open, true),
		CASE(talks, true),
		CASE(knows_the_time, true),
	};
#undef CASE
	const uid_t uids[] = { getuid(), NOBODY };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (INSTRUMENTED && !cases[i].always)
			continue;
		for (size_t j = 0; j < (getuid() == 0 ? 2 : 1); j++) {
			assert_int_equal(lseek(file, 0, SEEK_SET), 0);
			assert_int_equal(frame_send_fd(pair[1], STR("x"), file), 0);
			try(cases[i].name, cases[i].check, uids[j]);
			/* What the child did not take. */
			assert_int_equal(close(pair[0]), 0);
			assert_int_equal(close(pair[1]), 0);
			assert_int_equal(
			    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		}
	}
}

/* The parent tells an assertion from other crashes by the signal; no core is left. */
static void
abort_is_seen_as_abort(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		struct err e;

		if (sandbox_enter(LIMIT_WORKER_MEMORY, &e) != 0)
			_exit(2);
		abort();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_false(WCOREDUMP(status));
}

static void
probing_changes_nothing(void **state)
{
	struct sandbox_layers l = sandbox_probe();

	(void)state;
	assert_true(l.seccomp);
	assert_in_range(l.landlock, 0, 1000);
	assert_true(fcntl(file, F_GETFD) >= 0);
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_jail_holds),
		cmocka_unit_test(abort_is_seen_as_abort),
		cmocka_unit_test(probing_changes_nothing),
	};
	const char *preload = getenv("LD_PRELOAD");
	char path[] = "/tmp/ruastat-sandbox-XXXXXX";

	cmocka_set_message_output(CM_OUTPUT_TAP);
	/* Its own calls would meet the filter. */
	if (preload != NULL && strstr(preload, "vgpreload") != NULL) {
		puts("1..0 # SKIP not below valgrind");
		return 0;
	}
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	scratch = mkstemp(path);
	if (file < 0 || scratch < 0 || unlink(path) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "core/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/instrument.h"
#include "core/limits.h"

/* What a job may have open: standard streams, the socket, a message, and some to spare. */
#define FILES 16

/* What every kernel since ABI 6 takes; older ones ignore the zeros they do not know. */
struct ruleset {
	uint64_t fs, net, scoped;
};

static int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

struct sandbox_layers
sandbox_probe(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	struct sandbox_layers l;

	l.seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
	l.landlock = landlock_abi();
	return l;
}

static int
limit(int resource, rlim_t most, const char *what, struct err *e)
{
	struct rlimit r = { most, most };

	if (setrlimit((__rlimit_resource_t)resource, &r) != 0)
		return err_set(e, ERR_CONFIG, "cannot limit %s: %s", what, strerror(errno));
	return 0;
}

static int
limit_always(struct err *e)
{
	if (limit(RLIMIT_CORE, 0, "core dumps", e) != 0)
		return -1;
	if (INSTRUMENT_VALGRIND)
		return 0; /* it has some of its own open, and refuses */
	return limit(RLIMIT_NOFILE, FILES, "open files", e);
}

static int
limit_jail(uint64_t memory, struct err *e)
{
	/* A core dump that is piped to a program knows no limit: mail would be in it. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_set(e, ERR_CONFIG, "cannot forbid core dumps: %s", strerror(errno));
	/* What a file size limit forbids comes as a signal, unless it is ignored: then as EFBIG. */
	signal(SIGXFSZ, SIG_IGN);
	if (limit(RLIMIT_NPROC, 0, "processes", e) != 0 ||
	    limit(RLIMIT_FSIZE, 0, "file sizes", e) != 0)
		return -1;
	return limit(RLIMIT_AS, memory, "memory", e);
}

/* The rights of each kind are consecutive bits; how many there are depends on the kernel. */
static struct ruleset
rights_of(int abi)
{
	static const unsigned char fs[] = { 0, 13, 14, 15, 15, 16 };
	size_t last = sizeof(fs) - 1;
	size_t i = abi > (int)last ? last : (size_t)abi;

	return (struct ruleset){
		.fs = (1u << fs[i]) - 1,
		.net = abi >= 4 ? 3 : 0,
		.scoped = abi >= 6 ? 3 : 0,
	};
}

static int
close_landlock(struct err *e)
{
	int abi = landlock_abi();
	struct ruleset all = rights_of(abi);
	long fd;
	int rc;

	if (abi == 0)
		return 0;
	fd = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (fd < 0)
		return err_set(
		    e, ERR_CONFIG, "cannot make a Landlock ruleset: %s", strerror(errno));
	rc = 0;
	if (syscall(SYS_landlock_restrict_self, (int)fd, 0) != 0)
		rc = err_set(e, ERR_CONFIG, "cannot enforce Landlock: %s", strerror(errno));
	close((int)fd);
	return rc;
}

static int
add_calls(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64),
		SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(close), SCMP_SYS(write),
		SCMP_SYS(writev), SCMP_SYS(recvmsg), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(brk),
		SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
		SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
		SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigprocmask),
		SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
		SCMP_SYS(exit_group) };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Calls that are harmless with some arguments only. */
static int
add_narrow_calls(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp no_code = {
		.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC
	};
	const struct scmp_arg_cmp no_address = { .arg = 4, .op = SCMP_CMP_EQ };
	const struct scmp_arg_cmp no_path = {
		.arg = 3, .op = SCMP_CMP_EQ, .datum_a = AT_EMPTY_PATH
	};
	const struct scmp_arg_cmp self = {
		.arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid()
	};
	const struct scmp_arg_cmp by_abort = { .arg = 2, .op = SCMP_CMP_EQ, .datum_a = SIGABRT };
	const struct {
		int call;
		unsigned n;
		struct scmp_arg_cmp arg[2];
	} rules[] = {
		{ SCMP_SYS(mmap), 1, { no_code } },
		{ SCMP_SYS(mprotect), 1, { no_code } },
		{ SCMP_SYS(sendto), 1, { no_address } },  /* what glibc makes of send(2) */
		{ SCMP_SYS(newfstatat), 1, { no_path } }, /* and of fstat(2) */
		/* The parent is to see that it was abort(3). */
		{ SCMP_SYS(tgkill), 2, { self, by_abort } },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		int rc = seccomp_rule_add_array(
		    filter, SCMP_ACT_ALLOW, rules[i].call, rules[i].n, rules[i].arg);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
close_seccomp(struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (filter == NULL)
		return err_set(e, ERR_CONFIG, "cannot make a seccomp filter");
	rc = add_calls(filter);
	if (rc == 0)
		rc = add_narrow_calls(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc != 0)
		return err_set(e, ERR_CONFIG, "cannot load the seccomp filter: %s", strerror(-rc));
	return 0;
}

int
sandbox_enter(uint64_t memory, struct err *e)
{
	if (!INSTRUMENT_VALGRIND && !sandbox_probe().seccomp)
		return err_set(e, ERR_CONFIG, "this kernel has no seccomp filters");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(e, ERR_CONFIG, "cannot give up privileges: %s", strerror(errno));
	if (limit_always(e) != 0)
		return -1;
	if (INSTRUMENTED)
		return 0;
	/* The filter comes last: it forbids what the others are set up with. */
	if (limit_jail(memory, e) != 0 || close_landlock(e) != 0)
		return -1;
	return close_seccomp(e);
}

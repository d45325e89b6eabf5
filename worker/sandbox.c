/*
 * sandbox.c: what a run's child may do.
 *
 * The filter has three kinds of system calls. Allowed: memory, time, and reading, writing and waiting
 * on descriptors that the child was given. Refused with EACCES: what libraries try without need (a
 * file of time zones, a socket to see whether there is IPv6); they go on without. Everything else
 * ends the process. So a child opens no file and no socket, starts no process or thread, maps no
 * memory for execution, signals nobody, and cannot even find out where it runs.
 *
 * The program of the filter is made once, by the zygote: libseccomp takes about a millisecond for it,
 * installing a finished one some microseconds.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"

/* The kernel's own limit, BPF_MAXINSNS. */
#define MAX_INSTRUCTIONS 4096

static struct sock_filter instructions[MAX_INSTRUCTIONS];
static struct sock_fprog filter;
static int64_t own_memory;

static const int allowed[] = {
	/* descriptors it was given */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(shutdown),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(fstat),
	/* memory; mmap and mprotect have rules of their own */
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
	/* time */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
	/* itself */
	SCMP_SYS(futex), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(getrandom), SCMP_SYS(exit), SCMP_SYS(exit_group)};

static const int refused[] = {
	SCMP_SYS(open),	  SCMP_SYS(openat),		SCMP_SYS(openat2),	  SCMP_SYS(creat),
	SCMP_SYS(stat),	  SCMP_SYS(lstat),		SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(access), SCMP_SYS(faccessat),	SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(getcwd), SCMP_SYS(readlinkat), SCMP_SYS(socket),	  SCMP_SYS(socketpair),
	SCMP_SYS(pipe),	  SCMP_SYS(pipe2),		SCMP_SYS(eventfd2),	  SCMP_SYS(ioctl),
	SCMP_SYS(getuid), SCMP_SYS(geteuid),	SCMP_SYS(getgid),	  SCMP_SYS(getegid),
	SCMP_SYS(uname),  SCMP_SYS(sysinfo),	SCMP_SYS(getrusage),  SCMP_SYS(sched_getaffinity),
	SCMP_SYS(alarm),  SCMP_SYS(setitimer),	SCMP_SYS(times),	  SCMP_SYS(lseek)};

static bool
add_rules(scmp_filter_ctx context)
{
	/* Only these: not F_SETOWN, which makes the kernel send signals, and not F_DUPFD. */
	static const int fcntl_allowed[] = {F_GETFL, F_SETFL, F_GETFD, F_SETFD};
	int error = 0;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		error |= seccomp_rule_add(context, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		error |= seccomp_rule_add(context, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
	/* See host_http_transfer.c: it is never done, but must look as if it went on. */
	error |= seccomp_rule_add(context, SCMP_ACT_ERRNO(EINPROGRESS), SCMP_SYS(connect), 0);
	for (size_t i = 0; i < sizeof(fcntl_allowed) / sizeof(fcntl_allowed[0]); i++)
		error |= seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
								  SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t) fcntl_allowed[i]));
	error |= seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
							  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	error |= seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
							  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return error == 0;
}

/* Reads the finished program from an unnamed file. */
static bool
export_filter(scmp_filter_ctx context)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t len = -1;

	if (fd >= 0 && seccomp_export_bpf(context, fd) == 0)
		len = pread(fd, instructions, sizeof(instructions), 0);
	if (fd >= 0)
		close(fd);
	if (len <= 0 || len == (ssize_t) sizeof(instructions))
		return false;
	filter.len = (unsigned short) ((size_t) len / sizeof(instructions[0]));
	filter.filter = instructions;
	return true;
}

static bool
measure_own_memory(void)
{
	char text[128] = "";
	FILE *file = fopen("/proc/self/statm", "re");
	bool good = file != NULL && fgets(text, sizeof(text), file) != NULL;

	if (file != NULL)
		fclose(file);
	own_memory = strtoll(text, NULL, 10) * sysconf(_SC_PAGESIZE);
	return good && own_memory > 0;
}

bool
wk_sandbox_prepare(void)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool good = context != NULL &&
				seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
				add_rules(context) && export_filter(context);

	if (context != NULL)
		seccomp_release(context);
	if (!good)
		shc_error("cannot make the filter of system calls");
	else if (!measure_own_memory())
	{
		shc_error("cannot read /proc/self/statm: %s", strerror(errno));
		good = false;
	}
	return good;
}

bool
wk_sandbox_become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0)
		return true;
	shc_error("cannot become the user %ld: %s", (long) uid, strerror(errno));
	return false;
}

static bool
limit(int resource, rlim_t most)
{
	struct rlimit value = {.rlim_cur = most, .rlim_max = most};

	return setrlimit((__rlimit_resource_t) resource, &value) == 0;
}

bool
wk_sandbox_enter(int64_t memory, int64_t cpu_seconds)
{
#ifndef __SANITIZE_ADDRESS__
	/* AddressSanitizer reserves terabytes. */
	if (!limit(RLIMIT_AS, (rlim_t) (own_memory + memory)))
		return false;
#else
	(void) memory;
#endif
	return limit(RLIMIT_CPU, (rlim_t) cpu_seconds) && limit(RLIMIT_FSIZE, 0) &&
		   limit(RLIMIT_NOFILE, WK_CHILD_DESCRIPTORS) && limit(RLIMIT_NPROC, 0) &&
		   limit(RLIMIT_CORE, 0) && limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0) &&
		   prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

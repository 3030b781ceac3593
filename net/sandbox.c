#include "net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "net/secret.h"

/* Sanitizers map terabytes, and ask the kernel for more than we do. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* ---- limits ----------------------------------------------------------------------------- */

static int limit(int resource, rlim_t most)
{
	const struct rlimit limits = {.rlim_cur = most, .rlim_max = most};

	return setrlimit((__rlimit_resource_t)resource, &limits) < 0 ? -errno : 0;
}

static int64_t mapped_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char line[128] = "";

	if (file && !fgets(line, sizeof(line), file))
		line[0] = '\0';
	if (file)
		fclose(file);
	return strtoll(line, NULL, 10) * sysconf(_SC_PAGESIZE); /* the first number: pages */
}

/* What a flood of bytes would take beyond it is not had: the connection ends, or this process,
 * and not the gateway. */
static int set_limits(size_t room_bytes)
{
	const int64_t mapped = mapped_bytes();
	int err = limit(RLIMIT_CORE, 0); /* it would hold the password */

	if (err == 0 && mapped > 0 && !SANITIZED)
		err = limit(RLIMIT_AS, (rlim_t)mapped + room_bytes);
	return err == -EPERM ? 0 : err; /* the unit's filter; its LimitCORE and MemoryMax hold */
}

/* ---- files ------------------------------------------------------------------------------ */

/* What the C library, the name service and OpenSSL read. */
static const char *const system_paths[] = {
	"/etc/hosts",
	"/etc/resolv.conf",
	"/etc/nsswitch.conf",
	"/etc/gai.conf",
	"/etc/host.conf",
	"/etc/services",
	"/etc/ssl",
	"/etc/localtime",
	"/etc/ld.so.cache",
	"/usr/lib",
	"/lib",
	"/usr/share/ca-certificates",
	"/run/systemd/resolve",
	"/run/nscd",
	"/run/corridord-clock",
	"/usr/local/share/ca-certificates",
};

static int allow(int ruleset, const char *path, uint64_t more)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | more,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	struct stat status;
	int err = 0;

	if (rule.parent_fd < 0)
		return 0; /* not there, not needed */
	if (fstat(rule.parent_fd, &status) == 0 && S_ISDIR(status.st_mode))
		rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		err = -errno;
	close(rule.parent_fd);
	return err;
}

/* A file may be replaced by another one of the same name, so its folder is allowed. */
static int allow_beside(int ruleset, const char *path)
{
	char folder[SECRET_PATH_BYTES];
	const char *end = path ? strrchr(path, '/') : NULL;

	if (!end || (size_t)(end - path) >= sizeof(folder))
		return 0;
	memcpy(folder, path, (size_t)(end - path));
	folder[end - path] = '\0';
	return allow(ruleset, end == path ? "/" : folder, 0);
}

static int allow_all(int ruleset, const struct sandbox *sandbox)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(system_paths) / sizeof(system_paths[0]); i++)
		err = allow(ruleset, system_paths[i], 0);
	for (size_t i = 0; err == 0 && i < sandbox->file_count; i++)
		err = allow_beside(ruleset, sandbox->files[i]);
	for (size_t i = 0; err == 0 && i < sandbox->folder_count; i++)
		if (sandbox->folders[i])
			err = allow(ruleset, sandbox->folders[i], 0);
	if (err == 0 && sandbox->writes)
		err = allow(ruleset, sandbox->writes,
			    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
				    LANDLOCK_ACCESS_FS_REMOVE_FILE);
	return err;
}

/* Kernels before 5.13, those without it, and a unit that forbids it have no Landlock: the unit's
 * settings remain. */
static int confine_files(const struct sandbox *sandbox)
{
	const struct landlock_ruleset_attr attributes = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				     LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
				     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
				     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
				     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
	};
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	int err;

	if (ruleset < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM ? 0 : -errno;
	err = allow_all(ruleset, sandbox);
	if (err == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		err = -errno;
	close(ruleset);
	return err;
}

/* ---- calls ------------------------------------------------------------------------------ */

/* What speaking to the network and reading a few files takes. */
static const int calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	SCMP_SYS(close_range),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(openat),
	SCMP_SYS(open),
	SCMP_SYS(stat),
	SCMP_SYS(stat64),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64),
	SCMP_SYS(statx),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(fcntl),
	SCMP_SYS(fcntl64),
	SCMP_SYS(ioctl),
	SCMP_SYS(dup),
	SCMP_SYS(pipe2),
	SCMP_SYS(eventfd2),
	SCMP_SYS(socket),
	SCMP_SYS(socketpair),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(send),
	SCMP_SYS(recv),
	SCMP_SYS(shutdown),
	SCMP_SYS(socketcall),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(ppoll_time64),
	SCMP_SYS(select),
	SCMP_SYS(_newselect),
	SCMP_SYS(pselect6),
	SCMP_SYS(pselect6_time64),
	SCMP_SYS(mmap),
	SCMP_SYS(mmap2),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(futex_time64),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_nanosleep_time64),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(adjtimex),
	SCMP_SYS(clock_adjtime), /* asked whether the clock is set; setting it takes a right */
	SCMP_SYS(clock_adjtime64),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getuid32),
	SCMP_SYS(geteuid32),
	SCMP_SYS(getgid32),
	SCMP_SYS(getegid32),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(sched_yield),
	SCMP_SYS(prlimit64),
};

/* And taking connections. */
static const int calls_of_a_server[] = {
	SCMP_SYS(accept),    SCMP_SYS(accept4),	   SCMP_SYS(epoll_create), SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),  SCMP_SYS(epoll_pwait2),
	SCMP_SYS(eventfd),   SCMP_SYS(getrusage),  SCMP_SYS(getppid),	   SCMP_SYS(sendfile),
};

/* And keeping files. */
static const int calls_of_a_writer[] = {
	SCMP_SYS(unlinkat), SCMP_SYS(unlink), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(rename),   SCMP_SYS(fsync),  SCMP_SYS(getdents),
};

static int permit(scmp_filter_ctx filter, const int *list, size_t count)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++) {
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, list[i], 0);
		if (err == -EDOM || err == -EINVAL) /* this machine has no such call */
			err = 0;
	}
	return err;
}

/* Anything else ends the process, by name in the kernel's log: corridord starts it again. */
static int confine_calls(const struct sandbox *sandbox)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err = filter ? 0 : -ENOMEM;

	if (err == 0)
		err = permit(filter, calls, sizeof(calls) / sizeof(calls[0]));
	if (err == 0 && sandbox->serves)
		err = permit(filter, calls_of_a_server,
			     sizeof(calls_of_a_server) / sizeof(calls_of_a_server[0]));
	if (err == 0 && sandbox->writes)
		err = permit(filter, calls_of_a_writer,
			     sizeof(calls_of_a_writer) / sizeof(calls_of_a_writer[0]));
	if (err == 0)
		err = seccomp_load(filter);
	if (err == -ECANCELED) /* the kernel says no: it has no filters, or the unit forbids them */
		err = 0;
	seccomp_release(filter);
	return err;
}

int sandbox_enter(const struct sandbox *sandbox)
{
	int err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;

	if (err == 0)
		err = set_limits(sandbox->room_bytes);
	if (err == 0)
		err = confine_files(sandbox);
	if (err == 0 && !SANITIZED)
		err = confine_calls(sandbox);
	return err;
}

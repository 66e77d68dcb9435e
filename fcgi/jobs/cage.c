/* cage.c: see cage.h. */
#define _GNU_SOURCE
#include "jobs/cage.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPEN_FILES 64
#define OPEN_FILES_WITH_TOOLS 256
#define FILTER_SECONDS 5 /* it takes a few milliseconds */

/* ---- Landlock ---- */

/* As the kernel of ABI 6 has it; an older one is told the size of what it knows. */
struct ruleset {
	uint64_t files, network, scoped;
};

/* Rights of later ABIs than Debian 12's header knows. */
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_ALL 3ULL   /* to bind and to connect TCP */
#define SCOPE_ALL 3ULL /* abstract unix sockets, signals */

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_FIRST ((1ULL << 13) - 1) /* all of ABI 1 */

int
cage_landlock(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return abi > 0 ? (int)abi : 0;
}

static uint64_t
file_rights(int abi)
{
	return FS_FIRST | (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
	       (abi >= 5 ? FS_IOCTL_DEV : 0);
}

/* What lies below the path may be used so.  A path that is not there is not needed. */
static bool
allow_below(int ruleset, const char *path, uint64_t rights, struct err *e)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || FAIL_ERRNO(e, "%s cannot be opened for the cage", path);
	struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
	long rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(fd);
	return rc == 0 || FAIL_ERRNO(e, "%s cannot be let into the cage", path);
}

/* The dynamic linker, which every program is started by, this one too. */
static int
note_linker(struct dl_phdr_info *info, size_t size, void *out)
{
	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*(const char **)out =
			    (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return 1; /* the first is the program itself */
}

/* The tools and nothing else may be executed: not what they would start, and no script, whose
 * interpreter is a program of its own.  No other program can be read, because the linker runs what
 * it can read.  Besides, libraries and what those read: fonts, tables of encodings. */
static bool
allow_tools(int ruleset, const char *const *tools, struct err *e)
{
	static const char *const readable[] = {"/usr/lib", "/usr/lib64", "/lib", "/lib64",
	    "/usr/share", "/etc/fonts", "/usr/local/share/fonts", "/var/cache/fontconfig"};
	static const char *const files[] = {
	    "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom"};
	const uint64_t run = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
	const char *linker = NULL;
	char path[CAGE_TOOL_BYTES];
	dl_iterate_phdr(note_linker, &linker);
	if (linker && !allow_below(ruleset, linker, run, e))
		return false;
	for (; *tools; tools++)
		if (!cage_tool_path(path, *tools) || !allow_below(ruleset, path, run, e))
			return e->code != ERR_OK
				   ? false
				   : FAIL(e, SYSTEM, "the name of a tool is too long: %.60s",
					 *tools);
	for (size_t i = 0; i < ARRAY_LENGTH(readable); i++)
		if (!allow_below(ruleset, readable[i], FS_READ, e))
			return false;
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
		if (!allow_below(ruleset, files[i], LANDLOCK_ACCESS_FS_READ_FILE, e))
			return false;
	return true;
}

bool
cage_tool_path(char out[CAGE_TOOL_BYTES], const char *name)
{
	return snprintf(out, CAGE_TOOL_BYTES, "/usr/bin/%s", name) < CAGE_TOOL_BYTES;
}

static bool
add_rules(int ruleset, const struct cage *c, uint64_t rights, struct err *e)
{
	/* Everything but to execute, and to make devices and sockets. */
	uint64_t own =
	    rights & ~(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
			 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK |
			 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | FS_IOCTL_DEV);
	return (!c->scratch || allow_below(ruleset, c->scratch, own, e)) &&
	       (!c->folder ||
		   allow_below(ruleset, c->folder, c->writes_folder ? own : FS_READ, e)) &&
	       (!c->tools || allow_tools(ruleset, c->tools, e));
}

static bool
close_files(const struct cage *c, struct err *e)
{
	int abi = cage_landlock();
	if (c->landlock_most > 0 && abi > c->landlock_most)
		abi = c->landlock_most;
	if (abi == 0)
		return FAIL(e, UNAVAILABLE, "this kernel has no Landlock");
	struct ruleset r = {.files = file_rights(abi),
	    .network = abi >= 4 ? NET_ALL : 0,
	    .scoped = abi >= 6 ? SCOPE_ALL : 0};
	size_t size = abi >= 6   ? sizeof r
		      : abi >= 4 ? offsetof(struct ruleset, scoped)
				 : offsetof(struct ruleset, network);
	int fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (fd < 0)
		return FAIL_ERRNO(e, "the cage cannot be made (Landlock)");
	bool good = add_rules(fd, c, r.files, e);
	if (good && syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		good = FAIL_ERRNO(e, "the cage cannot be closed (Landlock)");
	close(fd);
	return good;
}

/* ---- seccomp ---- */

bool
cage_seccomp(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool
cage_supported(void)
{
	return cage_landlock() > 0 && cage_seccomp();
}

/* Any arguments.  Paths are Landlock's business, but for those it does not look at: truncate
 * (before its ABI 3) and utimensat reach any file by its name. */
static const int allowed[] = {SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(preadv),
    SCMP_SYS(write), SCMP_SYS(pwrite64), SCMP_SYS(writev), SCMP_SYS(pwritev), SCMP_SYS(lseek),
    SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
    SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(getdents64), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
    SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range), SCMP_SYS(fadvise64),
    SCMP_SYS(flock), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(umask),
    SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(msync), SCMP_SYS(brk), SCMP_SYS(futex),
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select),
    SCMP_SYS(pselect6), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
    SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo),
    SCMP_SYS(getrusage), SCMP_SYS(getrlimit), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group)};

/* What it takes besides to run a helper program, and what such programs do. */
static const int allowed_with_tools[] = {SCMP_SYS(execve), SCMP_SYS(vfork), SCMP_SYS(fork),
    SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(arch_prctl), SCMP_SYS(set_tid_address), SCMP_SYS(mmap), SCMP_SYS(mprotect),
    SCMP_SYS(mremap), SCMP_SYS(chdir), SCMP_SYS(getpgrp), SCMP_SYS(memfd_create)};

/* Copies, flags, locks.  Not the rest: a descriptor can be told to send a signal to any process. */
static const int fcntl_allowed[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL,
    F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_GETPIPE_SZ, F_GET_SEALS};

/* No namespaces, and no sibling: what a helper program starts is below it. */
#define CLONE_DENIED                                                                               \
	((uint64_t)CLONE_PARENT | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |    \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static bool
add_all(scmp_filter_ctx filter, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) != 0)
			return false;
	return true;
}

#define ALLOW_IF(filter, call, ...)                                                                \
	(seccomp_rule_add((filter), SCMP_ACT_ALLOW, SCMP_SYS(call), 1, __VA_ARGS__) == 0)

/* To cut a file short takes no right to write it before Landlock's ABI 3. */
static bool
add_opens(scmp_filter_ctx filter)
{
	return ALLOW_IF(filter, open, SCMP_A1(SCMP_CMP_MASKED_EQ, O_TRUNC, 0)) &&
	       ALLOW_IF(filter, open, SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY)) &&
	       ALLOW_IF(filter, open, SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR)) &&
	       ALLOW_IF(filter, openat, SCMP_A2(SCMP_CMP_MASKED_EQ, O_TRUNC, 0)) &&
	       ALLOW_IF(filter, openat, SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY)) &&
	       ALLOW_IF(filter, openat, SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR));
}

static bool
add_calls(scmp_filter_ctx filter, const struct cage *c)
{
	uint64_t pid = (uint64_t)getpid();
	bool good =
	    add_all(filter, allowed, ARRAY_LENGTH(allowed)) && add_opens(filter) &&
	    /* Its own limits may be read, those of nobody be set. */
	    ALLOW_IF(filter, prlimit64, SCMP_A2(SCMP_CMP_EQ, 0)) &&
	    /* abort(); a helper program's ends without it too. */
	    ALLOW_IF(filter, tgkill, SCMP_A0(SCMP_CMP_EQ, pid)) &&
	    /* Of what it has open, not by a name. */
	    ALLOW_IF(filter, utimensat, SCMP_A1(SCMP_CMP_EQ, 0)) &&
	    /* To die with its parent, never to outlive it. */
	    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 2,
		SCMP_A0(SCMP_CMP_EQ, PR_SET_PDEATHSIG), SCMP_A1(SCMP_CMP_EQ, SIGKILL)) == 0 &&
	    ALLOW_IF(filter, prctl, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)) &&
	    /* glibc asks for it first and takes clone when it is not there. */
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
	for (size_t i = 0; good && i < ARRAY_LENGTH(fcntl_allowed); i++)
		good = ALLOW_IF(filter, fcntl, SCMP_A1(SCMP_CMP_EQ, (uint64_t)fcntl_allowed[i]));
	if (good && c->control_fd >= 0)
		good = ALLOW_IF(filter, recvmsg, SCMP_A0(SCMP_CMP_EQ, (uint64_t)c->control_fd));
	if (good && c->tools)
		return add_all(filter, allowed_with_tools, ARRAY_LENGTH(allowed_with_tools)) &&
		       ALLOW_IF(filter, clone, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_DENIED, 0)) &&
		       ALLOW_IF(filter, sched_setaffinity, SCMP_A0(SCMP_CMP_EQ, 0));
	return good && ALLOW_IF(filter, mmap, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
	       ALLOW_IF(filter, mprotect, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mremap), 0) == 0;
}

static bool
close_calls(const struct cage *c, struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool good = filter && add_calls(filter, c);
	/* Where memory runs out libseccomp (2.5.4) may go round in circles: then it ends here. */
	alarm(FILTER_SECONDS);
	int rc = good ? seccomp_load(filter) : 0;
	/* From here on the alarm cannot be called off any more, only not heard. */
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	if (filter)
		seccomp_release(filter);
	if (!good)
		return FAIL(e, UNAVAILABLE, "the cage cannot be made (seccomp): no memory");
	return rc == 0 ||
	       FAIL(e, UNAVAILABLE, "the cage cannot be closed (seccomp): %s", strerror(-rc));
}

/* ---- resources ---- */

static bool
limit(int what, uint64_t most, struct err *e)
{
	struct rlimit now, r = {most, most};
	if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max < most)
		r = (struct rlimit){now.rlim_max, now.rlim_max};
	return setrlimit((__rlimit_resource_t)what, &r) == 0 ||
	       FAIL_ERRNO(e, "a limit of the cage cannot be set");
}

bool
cage_limit(const struct cage *c, struct err *e)
{
#ifndef ARENA_DEBUG /* the sanitizers map terabytes of address space */
	if (c->memory_bytes && !limit(RLIMIT_AS, c->memory_bytes, e))
		return false;
#endif
	return limit(RLIMIT_CORE, 0, e) &&
	       (!c->file_bytes || limit(RLIMIT_FSIZE, c->file_bytes, e)) &&
	       (!c->processor_seconds || limit(RLIMIT_CPU, c->processor_seconds, e)) &&
	       limit(RLIMIT_NOFILE, c->tools ? OPEN_FILES_WITH_TOOLS : OPEN_FILES, e);
}

bool
cage_close(const struct cage *c, struct err *e)
{
	if (!cage_supported())
		return FAIL(e, UNAVAILABLE,
		    "this kernel cannot cage what reads users' files (%s); with sandbox = off in "
		    "rowhouse.conf it is done without",
		    cage_landlock() ? "no seccomp" : "no Landlock");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return FAIL_ERRNO(e, "the cage cannot be made");
	return cage_limit(c, e) && close_files(c, e) && close_calls(c, e);
}

const char *
cage_words(bool on, char out[64])
{
	int abi = cage_landlock();
	if (!on)
		return "off";
	if (!abi || !cage_seccomp())
		return "missing";
	snprintf(out, 64, "landlock %d, seccomp", abi);
	return out;
}

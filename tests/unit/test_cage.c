/*
 * test_cage.c: what is denied to a process in the cage, act by act, with helper programs and
 * without, for every Landlock the kernel can pretend to be: an old one must hold as well as the one
 * the tests run on.  And what a hook needs is still there.
 *
 * Skipped, and it says so, where the kernel has no Landlock or no seccomp.
 */
#define _GNU_SOURCE
#include "jobs/cage.h"
#include "base/limits.h"
#include "folder.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>

#include <cmocka.h>

#define FAMILIES 64

/* outside/secret is nobody's in the cage, victim a process of the same user. */
static const char *scratch, *own_folder, *outside, *secret;
static const char *folder;
static pid_t victim;
static int opened; /* the secret, before the cage was closed */

/* ---- running in it ---- */

typedef void caged_fn(const struct cage *c);

static void
say(const char *what, const char *how)
{
	dprintf(STDERR_FILENO, "%s: %s\n", what, how);
}

/* How fn ends in a cage of its own: its wait status. */
static int
run_caged(const struct cage *c, caged_fn *fn)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct err e = {0};
		if (chdir(scratch) != 0 || !cage_close(c, &e)) {
			say("the cage", e.message);
			_exit(100);
		}
		fn(c);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static const char *const programs[] = {
    "true", "cat", "test", "ls", "touch", "rm", "not-installed", NULL};

static struct cage
cage_of(bool tools, int landlock)
{
	return (struct cage){.scratch = scratch,
	    .folder = own_folder,
	    .tools = tools ? programs : NULL,
	    .control_fd = -1,
	    .landlock_most = landlock};
}

/* ---- acts ---- */

static int denied_short;

static void
expect(const char *what, bool denied)
{
	if (!denied) {
		say(what, errno ? strerror(errno) : "was done");
		denied_short = 1;
	}
}

static bool
is_denied(long rc)
{
	return rc < 0 && (errno == EPERM || errno == EACCES || errno == EXDEV);
}

#define TRY(call) (errno = 0, expect(#call, is_denied(call)))

static long
in_path(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600);
}

static const char *
beside(const char *name)
{
	return folder_file(outside, name);
}

static void
try_files(void)
{
	char memory[40], name[] = "./program";
	char *arguments[] = {name, NULL};
	snprintf(memory, sizeof memory, "/proc/%d/mem", (int)victim);
	TRY(in_path(secret, O_RDONLY));
	TRY(in_path("../outside/secret", O_RDONLY));
	TRY(in_path("link", O_RDONLY)); /* which leads there */
	TRY(in_path("/etc/passwd", O_RDONLY));
	TRY(in_path("/proc/self/environ", O_RDONLY));
	TRY(in_path(memory, O_RDWR));
	TRY(in_path(outside, O_RDONLY | O_DIRECTORY));
	TRY(in_path(secret, O_WRONLY));
	TRY(in_path(secret, O_RDONLY | O_TRUNC));
	TRY(in_path(secret, O_ACCMODE | O_TRUNC));
	TRY(truncate(secret, 0));
	TRY(in_path(beside("new"), O_WRONLY | O_CREAT));
	TRY(in_path("/tmp/rowhouse-cage-was-here", O_WRONLY | O_CREAT));
	TRY(mkdir(beside("new"), 0700));
	TRY(unlink(secret));
	TRY(rmdir(beside("empty")));
	TRY(rename(secret, "mine"));
	TRY(rename("file", beside("new")));
	TRY(link(secret, "mine"));
	TRY(symlink(secret, "mine"));
	TRY(mkfifo("mine", 0600));
	TRY(mknod("mine", S_IFCHR | 0600, 0));
	TRY(chmod(secret, 0666));
	TRY(chmod("program", 04755));
	TRY(chown(secret, 1, 1));
	TRY(utimensat(AT_FDCWD, secret, NULL, 0));
	TRY(setxattr(secret, "user.mine", "1", 1, 0));
	TRY(execv(name, arguments));
	TRY(syscall(SYS_execveat, opened, "", arguments, arguments, AT_EMPTY_PATH));
}

static void
try_processes(void)
{
	siginfo_t info = {.si_code = SI_QUEUE};
	struct f_owner_ex owner = {F_OWNER_PID, victim};
	struct rlimit limit = {1, 1}, more = {1000, 1000};
	int fds[2];
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	TRY(kill(victim, SIGTERM));
	TRY(kill(victim, 0));
	TRY(kill(-1, 0));
	TRY(kill(0, 0));
	TRY(syscall(SYS_tgkill, victim, victim, SIGABRT));
	TRY(syscall(SYS_tkill, victim, SIGSTOP));
	TRY(syscall(SYS_rt_sigqueueinfo, victim, SIGTERM, &info));
	/* A descriptor can send a signal of one's choice to whom one likes when there is news. */
	TRY(fcntl(opened, F_SETOWN, victim));
	TRY(fcntl(opened, F_SETOWN_EX, &owner));
	TRY(fcntl(opened, F_SETSIG, SIGKILL));
	TRY(fcntl(opened, F_NOTIFY, 1));
	TRY(fcntl(opened, F_SETLEASE, F_RDLCK));
	TRY(ptrace(PTRACE_ATTACH, victim, NULL, NULL));
	TRY(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	TRY(syscall(SYS_process_vm_readv, victim, NULL, 0, NULL, 0, 0));
	TRY(syscall(SYS_process_vm_writev, victim, NULL, 0, NULL, 0, 0));
	TRY(syscall(SYS_pidfd_open, victim, 0));
	TRY(prlimit(victim, RLIMIT_NOFILE, &limit, NULL));
	TRY(setrlimit(RLIMIT_NOFILE, &more));
	TRY(setpriority(PRIO_PROCESS, (id_t)victim, 19));
	TRY(sched_setaffinity(victim, sizeof set, &set));
	/* Who leaves the group is not killed with it. */
	TRY(setpgid(0, 0));
	TRY(setsid());
	TRY(prctl(PR_SET_PDEATHSIG, 0));
	TRY(prctl(PR_SET_PDEATHSIG, SIGCONT));
	TRY(prctl(PR_SET_CHILD_SUBREAPER, 1));
	TRY(prctl(PR_SET_DUMPABLE, 1));
	TRY(prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY));
	TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

/* Calls that no argument makes harmless; with these they would fail with another error. */
struct call {
	const char *name;
	int number;
};
#define CALL(name)                                                                                 \
	{                                                                                          \
#name, SYS_##name                                                                  \
	}

/* clang-format off */
static const struct call calls[] = {
    CALL(bpf), CALL(perf_event_open), CALL(io_uring_setup), CALL(io_uring_enter), CALL(add_key),
    CALL(keyctl), CALL(request_key), CALL(userfaultfd), CALL(init_module), CALL(finit_module),
    CALL(delete_module), CALL(kexec_load), CALL(reboot), CALL(mount), CALL(umount2),
    CALL(pivot_root), CALL(chroot), CALL(swapon), CALL(swapoff), CALL(sethostname),
    CALL(setdomainname), CALL(clock_settime), CALL(settimeofday), CALL(adjtimex), CALL(ioperm),
    CALL(iopl), CALL(quotactl), CALL(name_to_handle_at), CALL(open_by_handle_at),
    CALL(fanotify_init), CALL(inotify_init1), CALL(inotify_add_watch), CALL(ioctl), CALL(msgget),
    CALL(semget), CALL(shmget), CALL(shmat), CALL(mq_open), CALL(setuid), CALL(setgid),
    CALL(setreuid), CALL(setresuid), CALL(setresgid), CALL(setgroups), CALL(setfsuid),
    CALL(capset), CALL(syslog), CALL(seccomp), CALL(unshare), CALL(setns), CALL(personality),
    CALL(socket), CALL(connect), CALL(bind), CALL(listen), CALL(accept4), CALL(sendto),
    CALL(sendmsg), CALL(sendmmsg), CALL(recvfrom), CALL(recvmmsg), CALL(execveat),
    CALL(timer_create), CALL(kcmp), CALL(process_madvise), CALL(open_tree), CALL(move_mount),
    CALL(fsopen), CALL(mount_setattr), CALL(pidfd_getfd), CALL(migrate_pages), CALL(move_pages),
    CALL(splice), CALL(vmsplice), CALL(sendfile), CALL(remap_file_pages), CALL(pkey_mprotect),
    CALL(sched_setscheduler), CALL(ioprio_set), CALL(fchmod), CALL(fchown), CALL(fsetxattr),
    CALL(linkat), CALL(symlinkat), CALL(mknodat), CALL(setrlimit)};

/* Only without helper programs. */
static const struct call calls_alone[] = {
    CALL(execve), CALL(fork), CALL(vfork), CALL(clone), CALL(memfd_create), CALL(wait4),
    CALL(pipe2), CALL(chdir), CALL(arch_prctl)};
/* clang-format on */

static void
try_families(void)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_RDM};
	for (int family = 0; family < FAMILIES; family++)
		for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
			char name[60];
			errno = 0;
			long rc = socket(family, types[i], 0);
			snprintf(
			    name, sizeof name, "a socket of family %d, type %d", family, types[i]);
			expect(name, rc < 0 && errno == EPERM);
		}
}

static void
try_clones(void)
{
	static const unsigned long kinds[] = {CLONE_PARENT, CLONE_NEWNS, CLONE_NEWCGROUP,
	    CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET};
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		errno = 0;
		long pid = syscall(SYS_clone, kinds[i] | SIGCHLD, 0, 0, 0, 0);
		if (pid == 0)
			_exit(0);
		expect("a process in a namespace of its own, or beside this one",
		    pid < 0 && errno == EPERM);
	}
}

static void
try_executable_memory(void)
{
	size_t n = 4096;
	errno = 0;
	void *p = mmap(NULL, n, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	expect("memory to execute", p == MAP_FAILED && errno == EPERM);
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	errno = 0;
	expect("memory made executable",
	    p != MAP_FAILED && mprotect(p, n, PROT_READ | PROT_EXEC) < 0 && errno == EPERM);
	errno = 0;
	p = mmap(NULL, n, PROT_READ | PROT_EXEC, MAP_PRIVATE, opened, 0);
	expect("a file to execute", p == MAP_FAILED && errno == EPERM);
}

static void
try_calls(const struct call *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		errno = 0;
		long rc = syscall(list[i].number, -1L, -1L, -1L, -1L, -1L, -1L);
		expect(list[i].name, rc < 0 && errno == EPERM);
	}
}

static void
try_everything(const struct cage *c)
{
	try_files();
	try_processes();
	try_families();
	try_clones();
	try_calls(calls, ARRAY_LENGTH(calls));
	if (!c->tools) {
		try_calls(calls_alone, ARRAY_LENGTH(calls_alone));
		try_executable_memory();
	}
	errno = 0;
	expect("clone3", syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS);
	_exit(denied_short);
}

/* ---- what must have stayed as it was ---- */

static void
assert_untouched(void)
{
	struct stat st;
	char text[20];
	assert_int_equal(stat(secret, &st), 0);
	assert_int_equal(st.st_size, 6);
	assert_int_equal(st.st_mtime, 1000000000);
	assert_int_equal(st.st_mode & 07777, 0600);
	int fd = open(secret, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, text, sizeof text), 6);
	assert_memory_equal(text, "secret", 6);
	close(fd);
	assert_false(file_is_there(beside("new")));
	assert_true(file_is_there(beside("empty")));
	assert_false(file_is_there("/tmp/rowhouse-cage-was-here"));
	assert_true(file_is_there(folder_file(scratch, "file")));
	assert_false(file_is_there(folder_file(scratch, "mine")));
	assert_int_equal(waitpid(victim, NULL, WNOHANG), 0); /* it lives */
}

static bool
is_skipped(void)
{
	if (cage_supported())
		return false;
	print_message("skipped: this kernel has %s\n",
	    cage_landlock() ? "no seccomp filters" : "no Landlock");
	return true;
}

static void
test_every_act_is_denied(void **state)
{
	(void)state;
	if (is_skipped())
		skip();
	for (int landlock = 1; landlock <= cage_landlock(); landlock++)
		for (int tools = 0; tools < 2; tools++) {
			struct cage c = cage_of(tools, landlock);
			int status = run_caged(&c, try_everything);
			assert_untouched();
			if (status != 0)
				fail_msg("Landlock %d, %s programs: something was not denied (%d)",
				    landlock, tools ? "with" : "without", status);
		}
}

/* ---- what a hook needs ---- */

#define NEED(worked)                                                                               \
	do {                                                                                       \
		errno = 0;                                                                         \
		if (!(worked)) {                                                                   \
			say(#worked, strerror(errno));                                             \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static void
use_folder(const char *path)
{
	char text[8];
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(folder_file(path, "a"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	NEED(fd >= 0);
	NEED(write(fd, "hello", 5) == 5 && pwrite(fd, "J", 1, 0) == 1);
	NEED(ftruncate(fd, 4) == 0 && fsync(fd) == 0 && futimens(fd, NULL) == 0);
	NEED(pread(fd, text, sizeof text, 0) == 4 && memcmp(text, "Jell", 4) == 0);
	NEED(fcntl(fd, F_OFD_SETLK, &range) == 0 && flock(fd, LOCK_EX) == 0);
	NEED(fcntl(fd, F_GETFL) >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	NEED(copy >= 10 && close(copy) == 0 && close(fd) == 0);
	NEED(rename(folder_file(path, "a"), folder_file(path, "b")) == 0);
	NEED(mkdir(folder_file(path, "c"), 0700) == 0);
	NEED(unlink(folder_file(path, "b")) == 0 && rmdir(folder_file(path, "c")) == 0);
	int list = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(list >= 0 && close(list) == 0);
}

static void
read_folder(const char *path)
{
	int fd = open(folder_file(path, "index"), O_RDONLY | O_CLOEXEC);
	int list = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(fd >= 0 && flock(fd, LOCK_SH) == 0 && close(fd) == 0);
	NEED(list >= 0 && close(list) == 0);
	NEED(is_denied(open(folder_file(path, "index"), O_RDWR | O_CLOEXEC)));
	NEED(is_denied(open(folder_file(path, "index"), O_RDONLY | O_TRUNC | O_CLOEXEC)));
	NEED(is_denied(open(folder_file(path, "index"), O_ACCMODE | O_TRUNC | O_CLOEXEC)));
	NEED(is_denied(open(folder_file(path, "a"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
	NEED(is_denied(mkdir(folder_file(path, "c"), 0700)));
	NEED(is_denied(unlink(folder_file(path, "index"))));
	NEED(is_denied(rename(folder_file(path, "index"), folder_file(path, "b"))));
}

static void
do_what_hooks_do(const struct cage *c)
{
	char text[20];
	struct timespec now, brief = {0, 1000};
	NEED(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	use_folder(c->scratch);
	if (c->writes_folder)
		use_folder(c->folder);
	else
		read_folder(c->folder);
	NEED(pread(opened, text, sizeof text, 0) == 6); /* an input */
	NEED(mmap(NULL, 6, PROT_READ, MAP_PRIVATE, opened, 0) != MAP_FAILED);
	char *p = malloc(MIB(20));
	NEED(p);
	memset(p, 1, MIB(20));
	free(p);
	NEED(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && nanosleep(&brief, NULL) == 0);
	NEED(syscall(SYS_getrandom, text, 4, 0) == 4);
	/* Descriptors are taken on one socket alone. */
	struct iovec one = {text, 1};
	struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1};
	NEED(recvmsg(c->control_fd, &m, 0) == 1);
	NEED(recvmsg(c->control_fd + 1, &m, MSG_DONTWAIT) < 0 && errno == EPERM);
	_exit(0);
}

static void
test_what_a_hook_needs_is_there(void **state)
{
	int fds[2];
	(void)state;
	if (is_skipped())
		skip();
	for (int landlock = 1; landlock <= cage_landlock(); landlock++)
		for (int i = 0; i < 4; i++) {
			struct cage c = cage_of(i & 1, landlock);
			c.writes_folder = i & 2;
			assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
			c.control_fd = fds[0];
			assert_int_equal(fds[1], fds[0] + 1);
			assert_int_equal(write(fds[1], "x", 1), 1);
			assert_int_equal(run_caged(&c, do_what_hooks_do), 0);
			close(fds[0]);
			close(fds[1]);
		}
}

/* ---- helper programs ---- */

/* The exit status of a program; what it says on its standard error is not for the tests' output. */
static int
run_program(const char *name, const char *argument)
{
	char path[64], word[PATH_MAX];
	int status;
	snprintf(path, sizeof path, "/usr/bin/%s", name);
	snprintf(word, sizeof word, "%s", argument);
	char *arguments[] = {path, word, NULL}, *environment[] = {NULL};
	pid_t pid = fork();
	if (pid == 0) {
		close(STDERR_FILENO);
		execve(path, arguments, environment);
		_exit(127);
	}
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
run_helpers(const struct cage *c)
{
	(void)c;
	NEED(run_program("true", "") == 0);
	NEED(run_program("cat", "/dev/null") == 0);
	NEED(run_program("test", "") == 1);
	/* They are in the cage too. */
	NEED(run_program("cat", "../outside/secret") == 1);
	NEED(run_program("cat", "/etc/passwd") == 1);
	NEED(run_program("ls", "../outside") != 0);
	NEED(run_program("touch", "../outside/new") == 1);
	NEED(run_program("touch", "of-a-program") == 0);
	NEED(run_program("rm", "../outside/secret") == 1);
	/* No other, neither by itself nor by the linker. */
	NEED(run_program("id", "") == 127);
	NEED(run_program("env", "true") == 127);
	NEED(run_program("../../lib64/ld-linux-x86-64.so.2", "/usr/bin/id") != 0);
	_exit(0);
}

static void
test_helper_programs_run_inside(void **state)
{
	(void)state;
	if (is_skipped())
		skip();
	for (int landlock = 1; landlock <= cage_landlock(); landlock++) {
		struct cage c = cage_of(true, landlock);
		assert_int_equal(run_caged(&c, run_helpers), 0);
		assert_untouched();
	}
}

/* ---- resources ---- */

static void
take_memory(const struct cage *c)
{
	(void)c;
	NEED(mmap(NULL, MIB(64), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	     MAP_FAILED);
	NEED(mmap(NULL, MIB(512), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		 MAP_FAILED &&
	     errno == ENOMEM);
	_exit(0);
}

static void
test_memory_has_an_end(void **state)
{
	(void)state;
#ifdef ARENA_DEBUG /* the sanitizers need all address space themselves */
	skip();
#endif
	if (is_skipped())
		skip();
	struct cage c = cage_of(false, 0);
	c.memory_bytes = MIB(256);
	assert_int_equal(run_caged(&c, take_memory), 0);
}

static void
take_files(const struct cage *c)
{
	char byte[1000] = {0};
	struct rlimit core;
	int fd = open("large", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), count = 0;
	NEED(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	NEED(pwrite(fd, byte, 1000, 0) == 1000);
	NEED(pwrite(fd, byte, 1000, 9000) == 1000);
	NEED(pwrite(fd, byte, 1, 10000) < 0 && errno == EFBIG);
	NEED(ftruncate(fd, 10001) < 0 && errno == EFBIG);
	NEED(unlink("large") == 0);
	while (dup(fd) >= 0)
		count++;
	NEED(count < (c->tools ? 256 : 64) && dup(fd) < 0 && errno == EMFILE);
	NEED(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	_exit(0);
}

static void
test_files_have_an_end(void **state)
{
	(void)state;
	if (is_skipped())
		skip();
	for (int tools = 0; tools < 2; tools++) {
		struct cage c = cage_of(tools, 0);
		c.file_bytes = 10000;
		assert_int_equal(run_caged(&c, take_files), 0);
	}
}

static void
take_time(const struct cage *c)
{
	for (;;)
		(void)c;
}

static void
test_time_has_an_end(void **state)
{
	(void)state;
	if (is_skipped())
		skip();
	struct cage c = cage_of(false, 0);
	c.processor_seconds = 1;
	int status = run_caged(&c, take_time);
	assert_true(WIFSIGNALED(status));
	assert_true(WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
}

/* ---- words ---- */

static void
test_what_is_said_of_it(void **state)
{
	char out[64], expected[64] = "missing";
	(void)state;
	assert_string_equal(cage_words(false, out), "off");
	if (cage_supported())
		snprintf(expected, sizeof expected, "landlock %d, seccomp", cage_landlock());
	assert_string_equal(cage_words(true, out), expected);
}

/* Of the test's folder, for as long as the program runs. */
static const char *
named(const char *name)
{
	const char *path = strdup(folder_file(folder, name));
	if (!path)
		abort();
	return path;
}

static int
begin(void **state)
{
	struct timespec then[2] = {{1000000000, 0}, {1000000000, 0}};
	(void)state;
	folder = folder_begin();
	scratch = named("scratch");
	own_folder = named("own");
	outside = named("outside");
	secret = named("outside/secret");
	if (mkdir(scratch, 0700) || mkdir(own_folder, 0700) || mkdir(outside, 0700) ||
	    mkdir(beside("empty"), 0700))
		return -1;
	file_put(secret, STR("secret"));
	file_put(folder_file(own_folder, "index"), STR("index"));
	file_put(folder_file(scratch, "file"), STR("mine"));
	file_put(folder_file(scratch, "program"), STR("#!/bin/true\n"));
	opened = open(secret, O_RDONLY | O_CLOEXEC);
	victim = fork();
	if (victim == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return victim > 0 && opened >= 0 && symlink(secret, folder_file(scratch, "link")) == 0 &&
		       chmod(folder_file(scratch, "program"), 0755) == 0 &&
		       utimensat(AT_FDCWD, secret, then, 0) == 0
		   ? 0
		   : -1;
}

static int
end(void **state)
{
	(void)state;
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	close(opened);
	folder_end(folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_act_is_denied),
	    cmocka_unit_test(test_what_a_hook_needs_is_there),
	    cmocka_unit_test(test_helper_programs_run_inside),
	    cmocka_unit_test(test_memory_has_an_end),
	    cmocka_unit_test(test_files_have_an_end),
	    cmocka_unit_test(test_time_has_an_end),
	    cmocka_unit_test(test_what_is_said_of_it),
	};
	return cmocka_run_group_tests_name("cage", tests, begin, end);
}

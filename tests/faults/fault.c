/*
 * fault.c: a library put before the C library (LD_PRELOAD) that makes one chosen call of one chosen
 * process go wrong: the process is killed or held before it, it fails with an error, or malloc
 * refuses.
 *
 * What to do stands in a small file that all processes map and the test writes to while the server
 * runs (LD_FAULT_CONTROL names it; LD_ reaches all roles).  The process is known by its role, the
 * first argument of `rowhouse`; the first process of that role that comes to a counted call becomes
 * the victim, the others and its successors are left alone.  Role "*": every process, counted
 * together, as on a full disk.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum mode { OFF, KILL, TORN, NO_SPACE, IO_ERROR, NO_MEMORY, HOLD };

/* lib.mjs knows the offsets. */
static struct control {
	_Atomic uint32_t mode, at, sticky; /* at: from 1, 0 only counts; sticky: from there on */
	_Atomic uint32_t count, victim, fired;
	char role[32];
	char call[32]; /* the call that was hit first */
} * control;

static const char *role = "";

/* For whoever mends it; FAULT_TRACE in the environment asks for it at every fault. */
static void
say_where(const char *head)
{
	void *frames[64];
	struct control *kept = control;
	control = NULL;
	syscall(SYS_write, STDERR_FILENO, head, strlen(head));
	backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
	control = kept;
}

static void
crashed(int number)
{
	say_where("fault.so: a crash, frames:\n");
	control = NULL;
	signal(number, SIG_DFL);
	raise(number);
}

__attribute__((constructor)) static void
begin(int argc, char **argv)
{
	const char *path = getenv("LD_FAULT_CONTROL");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *p = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	const char *name = argc > 0 && strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	if (argc > 1 && strcmp(name, "rowhouse") == 0)
		role = argv[1];
	void *frame;
	backtrace(&frame, 1); /* loads what it needs while memory is still given */
	const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
		signal(crashes[i], crashed);
	if (p != MAP_FAILED)
		control = p;
}

/* Is this call the one?  Counts it when it is one of those that count. */
static bool
hit(bool memory, const char *call)
{
	static _Atomic uint32_t own_count;
	if (!control || control->mode == OFF || (control->mode == NO_MEMORY) != memory)
		return false;
	bool any = strcmp(control->role, "*") == 0;
	if (any ? !*role : strcmp(control->role, role) != 0)
		return false;
	/* Killing that sticks kills every process of the role at that call of its own. */
	bool each = control->sticky && control->mode == KILL;
	uint32_t nobody = 0, self = (uint32_t)getpid();
	if (!atomic_compare_exchange_strong(&control->victim, &nobody, self) && nobody != self &&
	    !any && !each)
		return false;
	uint32_t n = atomic_fetch_add(each ? &own_count : &control->count, 1) + 1;
	if (control->at == 0 || n < control->at || (n > control->at && !control->sticky))
		return false;
	if (atomic_fetch_add(&control->fired, 1) == 0) {
		strncpy(control->call, call, sizeof control->call - 1);
		if (getenv("FAULT_TRACE"))
			say_where("fault.so: a fault, frames:\n");
	}
	return true;
}

static void
die(void)
{
	syscall(SYS_kill, getpid(), SIGKILL);
	/* In the cage nobody may be killed but oneself. */
	syscall(SYS_tgkill, getpid(), gettid(), SIGKILL);
	for (;;)
		pause();
}

/* True when the call fails, errno set. */
static bool
fails(const char *call)
{
	if (!control || control->mode == TORN || !hit(false, call))
		return false;
	uint32_t mode = control->mode;
	if (mode == KILL)
		die();
	if (mode == HOLD) {
		/* Until the test goes on with it, or kills it. */
		syscall(SYS_kill, getpid(), SIGSTOP);
		return false;
	}
	errno = mode == IO_ERROR ? EIO : ENOSPC;
	return true;
}

/* Errors are a disk's, so of descriptors only files count; killed one may be at any write but that
 * of a line of the log. */
static bool
counts(int fd)
{
	struct stat st;
	if (!control || control->mode == OFF || fd == STDERR_FILENO)
		return false;
	return control->mode == KILL || control->mode == HOLD ||
	       (fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t
write(int fd, const void *p, size_t n)
{
	if (counts(fd)) {
		if (control->mode == TORN && n > 1 && hit(false, "write")) {
			syscall(SYS_write, fd, p, n / 2);
			die();
		}
		if (control->mode != TORN && fails("write"))
			return -1;
	}
	return syscall(SYS_write, fd, p, n);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	if (counts(fd)) {
		if (control->mode == TORN && n > 1 && hit(false, "pwrite")) {
			syscall(SYS_pwrite64, fd, p, n / 2, at);
			die();
		}
		if (control->mode != TORN && fails("pwrite"))
			return -1;
	}
	return syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	return pwrite64(fd, p, n, at);
}

/* A job's child writes nothing: what it can be killed at is reading. */
ssize_t
pread64(int fd, void *p, size_t n, off64_t at)
{
	if (control && control->mode == KILL && strcmp(role, "child") == 0)
		(void)fails("pread");
	return syscall(SYS_pread64, fd, p, n, at);
}

#define WRAP(result, name, parameters, arguments)                                                  \
	result name parameters                                                                     \
	{                                                                                          \
		return fails(#name) ? (result)-1 : REAL(name) arguments;                           \
	}

WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, ftruncate, (int fd, off_t n), (fd, n))
WRAP(int, ftruncate64, (int fd, off64_t n), (fd, n))
WRAP(int, unlink, (const char *path), (path))
WRAP(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
WRAP(int, rmdir, (const char *path), (path))
WRAP(int, rename, (const char *from, const char *to), (from, to))
WRAP(int, link, (const char *from, const char *to), (from, to))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode))

#define WRAP_OPEN(name)                                                                            \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		va_list list;                                                                      \
		va_start(list, flags);                                                             \
		mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;          \
		va_end(list);                                                                      \
		if (flags & O_CREAT && control && fails(#name))                                    \
			return -1;                                                                 \
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);        \
	}

WRAP_OPEN(open)
WRAP_OPEN(open64)

/* ---- memory: only asking for it fails, and in the C library's own calls too ---- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);

#define REFUSE(call)                                                                               \
	if (hit(true, call)) {                                                                     \
		errno = ENOMEM;                                                                    \
		return NULL;                                                                       \
	}

void *
malloc(size_t n)
{
	REFUSE("malloc")
	return __libc_malloc(n);
}

void *
calloc(size_t count, size_t n)
{
	REFUSE("calloc")
	return __libc_calloc(count, n);
}

void *
realloc(void *p, size_t n)
{
	REFUSE("realloc")
	return __libc_realloc(p, n);
}

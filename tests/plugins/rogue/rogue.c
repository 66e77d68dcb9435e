/*
 * rogue.c: a plugin that misbehaves on purpose, one way for each value of `mode`, so that the tests
 * can see that each costs its own job and nothing else (reference: reliability, G and B1).
 */
#define _GNU_SOURCE
#include "plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MODE, FORM_FIELDS };
static const struct field form[] = {
    [MODE] = {"mode", "Mode", "Which way to misbehave.", FIELD_LINE, .required = true},
    [FORM_FIELDS] = {0},
};

static bool
column(const struct host *h, struct err *e)
{
	struct host_new_column c = {.name = STR("value"), .type = COLUMN_STRING};
	return host_add_column(h, &c, NULL, e);
}

static bool
row(const struct host *h, const char *text, struct err *e)
{
	struct cell cell = cell_of_text(str_of(text));
	return host_add_row(h, 0, &cell, 1, e);
}

/* ---- dying and hanging ---- */

static void
null_write(void)
{
	volatile uintptr_t nowhere = 8;
	*(volatile int *)nowhere = 1;
}

/* By a pointer, so that the compiler does not see that it never ends. */
static int deep(volatile int *at);
static int (*volatile deeper)(volatile int *) = deep;

static int
deep(volatile int *at)
{
	volatile int here[1024];
	here[0] = *at + 1;
	return deeper(here) + here[1023];
}

static bool
die(const char *mode)
{
	int start = 0;
	if (strcmp(mode, "segfault") == 0)
		null_write();
	if (strcmp(mode, "abort") == 0)
		abort();
	if (strcmp(mode, "stack") == 0)
		return deep(&start) != 0;
	if (strcmp(mode, "exit") == 0)
		_exit(0);
	if (strcmp(mode, "exit-3") == 0)
		exit(3);
	if (strcmp(mode, "kill-self") == 0)
		raise(SIGKILL);
	return false;
}

static void
hang(const char *mode)
{
	while (strcmp(mode, "spin") == 0)
		continue;
	while (strcmp(mode, "sleep") == 0)
		pause();
	if (strcmp(mode, "futex") == 0) {
		int word = 0;
		syscall(SYS_futex, &word, 0, 0, NULL, NULL, 0);
	}
}

/* ---- resources ---- */

static bool
memory(struct err *e)
{
	for (size_t i = 0; i < 10000; i++) {
		char *p = malloc((size_t)16 << 20);
		if (!p)
			return FAIL(e, UNAVAILABLE, "no more memory after %zu times 16 MiB", i);
		memset(p, 1, (size_t)16 << 20);
	}
	return FAIL(e, SYSTEM, "160 GB of memory were given");
}

static bool
disk(struct err *e)
{
	static char block[1 << 20];
	int fd = open("big", O_WRONLY | O_CREAT, 0600);
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < 4096; i++)
		if (write(fd, block, sizeof block) != (ssize_t)sizeof block)
			return FAIL(e, SYSTEM, "stopped after %zu MiB", i);
	return FAIL(e, SYSTEM, "4 GiB were written");
}

/* More files than a job may keep; then it waits for its end. */
static bool
litter(struct err *e)
{
	for (int i = 0; i <= LIMIT_SCRATCH_FILES; i++) {
		char name[16];
		snprintf(name, sizeof name, "%d", i);
		int fd = open(name, O_WRONLY | O_CREAT, 0);
		if (fd < 0)
			return FAIL_ERRNO(e, "file %d", i);
		close(fd);
	}
	for (;;)
		pause();
}

/* Folders in folders that nobody can look into. */
static bool
burrow(struct err *e)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);
	umask(0);
	for (int i = 0; i < 200; i++) {
		if (mkdirat(fd, "closed", 0) != 0 || mkdirat(fd, "blind", 0300) != 0)
			return FAIL_ERRNO(e, "folder %d", i);
		int file = openat(fd, "blind/file", O_WRONLY | O_CREAT, 0);
		mkdirat(fd, "below", 0700);
		int below = openat(fd, "below", O_RDONLY | O_DIRECTORY);
		close(file);
		close(fd);
		fd = below;
	}
	return FAIL(e, SYSTEM, "it was dug");
}

/* ---- twenty and more things nobody in the cage may do ---- */

struct act {
	const char *name;
	long (*try)(void);
};

static long
open_path(const char *path, int flags)
{
	int fd = open(path, flags, 0600);
	if (fd >= 0)
		close(fd);
	return fd;
}
static long
try_passwd(void)
{
	return open_path("/etc/passwd", O_RDONLY);
}
static long
try_tmp(void)
{
	return open_path("/tmp/rogue-was-here", O_WRONLY | O_CREAT);
}
static long
try_catalog(void)
{
	return open_path("../../catalog.db", O_RDONLY);
}
static long
try_secret(void)
{
	return open_path("../../secret", O_RDONLY);
}
static long
try_datasets(void)
{
	return open_path("../../datasets", O_RDONLY | O_DIRECTORY);
}
static long
try_blobs(void)
{
	return open_path("../../blobs", O_RDONLY | O_DIRECTORY);
}
static long
try_proc(void)
{
	return open_path("/proc/self/environ", O_RDONLY);
}
static long
try_parent_memory(void)
{
	char path[40];
	snprintf(path, sizeof path, "/proc/%d/mem", (int)getppid());
	return open_path(path, O_RDWR);
}
static long
try_dev(void)
{
	return open_path("/dev/kmsg", O_WRONLY);
}
static long
try_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static long
try_inet6(void)
{
	return socket(AF_INET6, SOCK_DGRAM, 0);
}
static long
try_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long
try_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}
static long
try_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}
static long
try_socketpair(void)
{
	int pair[2];
	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}
static long
try_fork(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid;
}
static long
try_exec(void)
{
	char shell[] = "/bin/true";
	char *arguments[] = {shell, NULL};
	return execv(shell, arguments);
}
static long
try_kill(void)
{
	return kill(getppid(), 0);
}
static long
try_kill_all(void)
{
	return kill(-1, 0);
}
static long
try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static long
try_map_exec(void)
{
	void *p = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}
static long
try_protect_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static long
try_setuid(void)
{
	return setuid(12345);
}
static long
try_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}
static long
try_mount(void)
{
	return mount("none", "/mnt", "tmpfs", 0, NULL);
}
static long
try_chroot(void)
{
	return chroot(".");
}
static long
try_chmod(void)
{
	return chmod(".", 0777);
}
static long
try_link(void)
{
	return symlink("/etc/passwd", "passwd");
}
static long
try_limit(void)
{
	struct rlimit r = {1 << 20, 1 << 20};
	return setrlimit(RLIMIT_NOFILE, &r);
}
static long
try_keyctl(void)
{
	return syscall(SYS_keyctl, 0, -3, 0);
}
static long
try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}
static long
try_perf(void)
{
	return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
}
static long
try_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}
static long
try_vm(void)
{
	return syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0);
}
static long
try_pidfd(void)
{
	return syscall(SYS_pidfd_open, getppid(), 0);
}
static long
try_memfd(void)
{
	return memfd_create("x", 0);
}
static long
try_userfault(void)
{
	return syscall(SYS_userfaultfd, 0);
}
static long
try_personality(void)
{
	return syscall(SYS_personality, 0x0040000);
}
static long
try_reboot(void)
{
	return syscall(SYS_reboot, 0, 0, 0, NULL);
}
static long
try_module(void)
{
	return syscall(SYS_init_module, NULL, 0, "");
}

/* The environment it was started with lies below the name of its program, at the top of the stack.
 */
__attribute__((no_sanitize("address"))) static long
try_environment(void)
{
	static const char name[] = "ROWHOUSE_MODEL_KEY=";
	const char *top = (const char *)getauxval(AT_EXECFN);
	for (const char *p = top - 16384; p < top; p++) {
		size_t n = 0;
		while (name[n] && p[n] == name[n])
			n++;
		if (!name[n])
			return 0;
	}
	errno = EPERM;
	return -1;
}

static const struct act acts[] = {{"read /etc/passwd", try_passwd}, {"write to /tmp", try_tmp},
    {"read the catalog", try_catalog}, {"read the secret", try_secret},
    {"list datasets", try_datasets}, {"list blobs", try_blobs}, {"read /proc", try_proc},
    {"write the parent's memory", try_parent_memory}, {"write to a device", try_dev},
    {"an IPv4 socket", try_inet}, {"an IPv6 socket", try_inet6}, {"a unix socket", try_unix},
    {"a netlink socket", try_netlink}, {"a packet socket", try_packet},
    {"a pair of sockets", try_socketpair}, {"fork", try_fork}, {"run a program", try_exec},
    {"signal the parent", try_kill}, {"signal everybody", try_kill_all},
    {"trace the parent", try_ptrace}, {"map memory to execute", try_map_exec},
    {"make memory executable", try_protect_exec}, {"become another user", try_setuid},
    {"a user namespace", try_unshare}, {"mount", try_mount}, {"chroot", try_chroot},
    {"chmod", try_chmod}, {"link out of the scratch folder", try_link},
    {"raise a limit", try_limit}, {"the keyring", try_keyctl}, {"bpf", try_bpf}, {"perf", try_perf},
    {"io_uring", try_uring}, {"write another's memory", try_vm},
    {"a handle of another process", try_pidfd}, {"a file in memory", try_memfd},
    {"userfaultfd", try_userfault}, {"another personality", try_personality},
    {"reboot", try_reboot}, {"a kernel module", try_module},
    {"a key in the environment", try_environment}};

/* One row an act: what it was, and what came of it. */
static bool
probe(const struct host *h, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LENGTH(acts); i++) {
		errno = 0;
		long rc = acts[i].try();
		struct str text = arena_format(
		    h->arena, "%s: %s", acts[i].name, rc < 0 ? strerrorname_np(errno) : "ALLOWED");
		if (!row(h, text.p, e))
			return false;
	}
	return true;
}

/* ---- lying to the writer, past the host: the ring's memory is mapped here (jobs/ring.c) ---- */

struct shared {
	_Atomic uint64_t head;
	char gap1[56];
	_Atomic uint64_t tail;
};
#define RING_HEADER 4096
#define RING_FD 3

static void
frame(uint32_t length, uint32_t type, uint32_t more, const void *bytes, size_t n, uint64_t ahead)
{
	char *ring =
	    mmap(NULL, RING_HEADER + (4 << 20), PROT_READ | PROT_WRITE, MAP_SHARED, RING_FD, 0);
	struct shared *s = (struct shared *)(void *)ring;
	uint32_t head[4] = {length, type, more, 0};
	char *at = ring + RING_HEADER + (s->head & ((4 << 20) - 1));
	memcpy(at, head, sizeof head);
	if (n)
		memcpy(at + sizeof head, bytes, n);
	s->head += sizeof head + ahead;
}

/* As in jobs/message.h. */
enum { COLUMN = 8, ROWS, GUESSES, END, FAILURE, QUIET, READ, EDITS };
static bool
lie(const char *mode)
{
	static char garbage[4096];
	memset(garbage, 0xa5, sizeof garbage);
	if (strcmp(mode, "frame-long") == 0)
		frame(0x7fffffff, ROWS, 0, NULL, 0, 0);
	else if (strcmp(mode, "frame-torn") == 0)
		frame(4000, ROWS, 0, garbage, 100, 100);
	else if (strcmp(mode, "frame-type") == 0)
		frame(16, 0xffff, 0, garbage, 16, 16);
	else if (strcmp(mode, "frame-more") == 0)
		frame(16, ROWS, 7, garbage, 16, 16);
	else if (strcmp(mode, "frame-rows") == 0)
		frame(1000, ROWS, 0, garbage, 1000, 1000);
	else if (strcmp(mode, "frame-end") == 0)
		frame(24, END, 0, garbage, 24, 24);
	else if (strcmp(mode, "frame-head") == 0)
		frame(0, ROWS, 0, NULL, 0, UINT64_C(1) << 60);
	else if (strcmp(mode, "frame-column") == 0)
		frame(500, COLUMN, 0, garbage, 500, 500);
	else if (strcmp(mode, "frame-edits") == 0)
		frame(500, EDITS, 0, garbage, 500, 500);
	else if (strcmp(mode, "frame-fail") == 0)
		frame(24, FAILURE, 0, garbage, 24, 24);
	else
		return false;
	pause();
	return true;
}

/* ---- saying too much ---- */

static bool
flood(const struct host *h, const char *mode, struct err *e)
{
	struct finding f = {"noise", 1, 0, STR("again and again")};
	bool findings = strcmp(mode, "findings") == 0, said = strcmp(mode, "stderr") == 0;
	for (uint64_t i = 0; findings || (said && i < 1000000); i++) {
		if (findings && !host_finding(h, &f, e))
			return false;
		if (said)
			fprintf(stderr, "a line of noise, number %" PRIu64 "\n", i);
	}
	return row(h, "done", e);
}

static bool
ingest(const struct host *h, const struct value *v, struct err *e)
{
	const char *mode = arena_text(h->arena, v[MODE].text);
	struct cell bad = {CELL_NUMBER, false, STR("12 kg")}, text = cell_of_text(STR("\xff\xfe"));
	if (!column(h, e))
		return false;
	if (strcmp(mode, "good") == 0)
		return row(h, "good", e);
	if (strcmp(mode, "probe") == 0)
		return probe(h, e);
	if (strcmp(mode, "memory") == 0)
		return memory(e);
	if (strcmp(mode, "disk") == 0)
		return disk(e);
	if (strcmp(mode, "litter") == 0)
		return litter(e);
	if (strcmp(mode, "burrow") == 0)
		return burrow(e);
	if (strcmp(mode, "silent-failure") == 0)
		return false;
	if (strcmp(mode, "bad-cell") == 0)
		return host_add_row(h, 0, &bad, 1, e);
	if (strcmp(mode, "bad-json") == 0)
		return host_add_row(h, 0, &(struct cell){CELL_JSON, false, STR("{\"a\":}")}, 1, e);
	if (strcmp(mode, "bad-escape") == 0)
		return host_add_row(h, 0, &(struct cell){CELL_TEXT, true, STR("\\x")}, 1, e);
	if (strcmp(mode, "bad-text") == 0)
		return host_add_row(h, 0, &text, 1, e);
	if (strcmp(mode, "too-wide") == 0)
		return host_add_row(
		    h, 0, (struct cell[]){cell_of_text(STR("a")), cell_of_text(STR("b"))}, 2, e);
	if (strcmp(mode, "read-rows") == 0)
		return host_each_row(h, NULL, NULL, e);
	if (strcmp(mode, "says") == 0) {
		fprintf(stderr, "what the plugin says\n");
		return row(h, "said", e);
	}
	if (strcmp(mode, "fake-cancel") == 0)
		return FAIL(e, CANCELLED, "nobody asked for it");
	if (die(mode) || lie(mode))
		return true;
	hang(mode);
	return flood(h, mode, e);
}

/* ---- a task that does not care whether it was cancelled ---- */

static bool
stubborn_row(const struct host *h, void *context, const struct host_row *r, struct err *e)
{
	struct err ignored = {0};
	struct cell cell = cell_of_text(STR("written after the cancel"));
	(void)context;
	(void)e;
	while (h) {
		err_clear(&ignored);
		(void)!host_set_cell(h, r, 0, &cell, NULL, &ignored);
		usleep(100);
	}
	return true;
}

static bool
stubborn(const struct host *h, const struct value *v, struct err *e)
{
	(void)v;
	return host_each_row(h, stubborn_row, NULL, e);
}

/* Runs until its own time is over. */
static bool
slow(const struct host *h, const struct value *v, struct err *e)
{
	(void)v;
	for (uint64_t i = 0;; i++) {
		usleep(10000);
		if (!host_progress(h, i, 0, e))
			return false;
	}
}

/* Puts and asks for a large value so often that all of them together are over what a writer has. */
static bool
again(const struct host *h, const struct value *v, struct err *e)
{
	char *text = arena_alloc(h->arena, LIMIT_STATE_BYTES);
	struct str large = {text, LIMIT_STATE_BYTES}, back;
	(void)v;
	memset(text, 'x', large.n);
	for (uint64_t i = 0; i < MIB(600) / LIMIT_STATE_BYTES; i++) {
		struct arena_mark mark = arena_mark(h->arena);
		large.n = LIMIT_STATE_BYTES - i % 2;
		if (!host_put_state(h, "large", large, e) || !host_get_state(h, "large", &back, e))
			return false;
		if (!str_equal(large, back))
			return FAIL(e, SYSTEM, "it is not what was put");
		if (!host_get_state(h, "before", &back, e) || !host_progress(h, i, 0, e))
			return false;
		arena_reset(h->arena, mark);
	}
	return host_put_state(h, "before", large, e);
}

static const struct plugin_work tasks[] = {
    {.name = "again", .title = "Puts a state again and again", .run = again},
    {.name = "stubborn", .title = "Goes on after the cancel", .run = stubborn},
    {.name = "slow", .title = "Takes longer than it may", .bounds = {.seconds = 1}, .run = slow},
    {0},
};

static const struct plugin_type types[] = {
    {.name = "rogue",
	.title = "Misbehaves",
	.form = form,
	.ingest = ingest,
	.tasks = tasks,
	.bounds = {.seconds = 30, .memory_mib = 256}},
    {.name = "rogue_brief",
	.title = "Misbehaves, with little time for it",
	.form = form,
	.ingest = ingest,
	.bounds = {.seconds = 2}},
    {0},
};

ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {
    ROWHOUSE_PLUGIN_HEAD, .name = "rogue", .title = "Misbehaves", .types = types};

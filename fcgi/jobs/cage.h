/* clang-format off */
/*
 * cage.h: takes from the calling process everything a hook of a plugin has no need of, for good.
 *
 *   files      Landlock: none but the scratch folder, the plugin's folder and, for its tools, their
 *              own files, the system's libraries and what those read; what is open already stays so
 *   calls      seccomp: about 70 that read, write, wait and allocate; no socket of any family, no
 *              program but the plugin's tools, no signal to others, no memory to execute
 *   resources  rlimits: address space, processor time, size of files, open files, no core
 *
 * Forbidden calls fail with EPERM or EACCES, so that a library that tries something and can do
 * without it goes on.  The kernel decides what Landlock can do (its ABI); seccomp is the same
 * everywhere.
 */
/* clang-format on */
#ifndef ROWHOUSE_CAGE_H
#define ROWHOUSE_CAGE_H

#include "base/err.h"

struct cage {
	const char *scratch;      /* written and read below, or NULL */
	const char *folder;       /* read below, or NULL */
	bool writes_folder;       /* and written */
	const char *const *tools; /* the programs it may start, NULL ends; NULL: none */
	int control_fd;           /* the socket descriptors arrive on, or -1 */
	uint64_t memory_bytes;    /* of address space */
	uint64_t file_bytes;      /* of one file; 0: any size */
	uint32_t processor_seconds;
	int landlock_most; /* the newest ABI to use, for tests; 0: the kernel's */
};

/* The kernel's Landlock ABI, 0: it has none; and whether seccomp filters can be had. */
int cage_landlock(void);
bool cage_seccomp(void);
/* Both are there. */
bool cage_supported(void);
/* "landlock 7, seccomp", "none", ... for /readyz; `on` is the setting. */
const char *cage_words(bool on, char out[64]);

/* Where the tool of this name is; false: the name is too long to be one. */
#define CAGE_TOOL_BYTES 64
bool cage_tool_path(char out[CAGE_TOOL_BYTES], const char *name) MUST_CHECK;

/* Closes the door behind the process.  UNAVAILABLE when the kernel lacks what it takes: the process
 * must then not go on. */
bool cage_close(const struct cage *c, struct err *e) MUST_CHECK;
/* rlimits alone, for sandbox = off. */
bool cage_limit(const struct cage *c, struct err *e) MUST_CHECK;

#endif

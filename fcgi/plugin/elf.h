/*
 * elf.h: looks into a shared object without running or mapping any of its code: what it exports,
 * and the first words of the one thing it may export (plugin.h).
 */
#ifndef ROWHOUSE_ELF_H
#define ROWHOUSE_ELF_H

#include "base/err.h"

/* The head of struct rowhouse_plugin as it lies in the file, and how long it is there. */
struct elf_head {
	uint32_t abi_major, abi_minor, size, zero;
	uint64_t bytes;
};

/* Reads the file behind fd.  INPUT: not a shared object of this machine, cut off, exports nothing
 * of that name or something else besides. */
bool elf_plugin_head(struct elf_head *out, int fd, struct err *e) MUST_CHECK;

#endif

/*
 * elf.c: any bytes as the file of a plugin, which is looked into before a byte of it is mapped to
 * run. It is refused with a reason, or it is a shared object of this machine.
 */
#define _GNU_SOURCE
#include "plugin/elf.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_head head;
	struct err e = {0};
	int fd = memfd_create("plugin", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	bool good = elf_plugin_head(&head, fd, &e);
	if (good ? memcmp(data, "\177ELF", 4) != 0 : e.code != ERR_INPUT || !e.message[0])
		abort();
	close(fd);
	return 0;
}

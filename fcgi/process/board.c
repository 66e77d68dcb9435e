/* board.c: see board.h. */
#define _GNU_SOURCE
#include "process/board.h"
#include "base/clock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool
board_make(struct board **out, int *fd, struct err *e)
{
	*fd = memfd_create("rowhouse-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return FAIL_ERRNO(e, "shared memory cannot be made");
	/* Sealed, so that no process can cut the page off under the others. */
	if (ftruncate(*fd, sizeof(struct board)) != 0 ||
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		FAIL_ERRNO(e, "shared memory cannot be made");
	} else if (board_attach(out, *fd, e)) {
		atomic_store(&(*out)->started_us, clock_now_us());
		return true;
	}
	close(*fd);
	return false;
}

bool
board_attach(struct board **out, int fd, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return FAIL_ERRNO(e, "the supervisor's shared memory was not handed on");
	if (st.st_size != (off_t)sizeof(struct board))
		return FAIL(e, SYSTEM, "the supervisor's shared memory is of another version");
	void *p = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return FAIL_ERRNO(e, "shared memory cannot be mapped");
	*out = p;
	return true;
}

uint64_t
board_count(struct board *b, const char *key_id, int64_t minute)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	for (const char *p = key_id; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	hash |= 1;
	struct board_key *k = NULL;
	for (size_t i = 0; i < BOARD_KEYS; i++) {
		uint64_t free_key = 0;
		k = &b->keys[(hash + i) % BOARD_KEYS];
		if (atomic_load(&k->key) == hash ||
		    atomic_compare_exchange_strong(&k->key, &free_key, hash) || free_key == hash)
			break;
	}
	if (atomic_exchange(&k->minute, minute) != minute)
		atomic_store(&k->count, 0);
	return atomic_fetch_add(&k->count, 1) + 1;
}

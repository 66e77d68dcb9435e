/* board.c: see board.h. */
#define _GNU_SOURCE
#include "process/board.h"
#include "base/clock.h"
#include "base/ids.h"

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
		random_bytes(&(*out)->seed, sizeof(*out)->seed);
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

/* FNV-1a from a start nobody outside knows, so that no ids can be chosen that meet in one slot. */
static uint64_t
hash_of(const struct board *b, const char *key_id)
{
	uint64_t hash = b->seed;
	for (const char *p = key_id; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return hash | 1;
}

/* The slot of a key: its own, or the first that is free or was last used before this minute, which
 * it takes over.  When all are in use, one that it shares. */
static struct board_key *
slot_of(struct board *b, uint64_t hash, int64_t minute)
{
	struct board_key *spare = NULL;
	uint64_t held = 0;
	for (size_t i = 0; i < BOARD_KEYS; i++) {
		struct board_key *k = &b->keys[(hash + i) % BOARD_KEYS];
		uint64_t key = atomic_load(&k->key);
		if (key == hash)
			return k;
		if (!spare && (key == 0 || atomic_load(&k->minute) < minute)) {
			spare = k;
			held = key;
		}
		if (key == 0)
			break;
	}
	/* Another worker may be quicker: then this one request is counted there. */
	if (spare)
		(void)atomic_compare_exchange_strong(&spare->key, &held, hash);
	return spare ? spare : &b->keys[hash % BOARD_KEYS];
}

uint64_t
board_count(struct board *b, const char *key_id, int64_t minute)
{
	struct board_key *k = slot_of(b, hash_of(b, key_id), minute);
	if (atomic_exchange(&k->minute, minute) != minute)
		atomic_store(&k->count, 0);
	return atomic_fetch_add(&k->count, 1) + 1;
}

/*
 * archive.h: a ZIP archive that lies in an input: its members by name, and the bytes of each.
 *
 * It needs the end of the file first, so it reads the input's range by position and moves nothing
 * on; no path is opened.  Names come from a stranger: they are compared and shown, never used.
 */
#ifndef ROWHOUSE_ARCHIVE_H
#define ROWHOUSE_ARCHIVE_H

#include "base/arena.h"
#include "formats/input.h"

struct archive;
struct member; /* that is being read */
#define ARCHIVE_NONE SIZE_MAX

/* The input begins like a ZIP archive. */
bool archive_begins(struct str first);

/* Opens the archive that an input without a filter is; it goes with the arena, members too.  INPUT
 * when it is cut short or damaged, TOO_BIG over LIMIT_ARCHIVE_MEMBERS. */
bool archive_open(
    struct archive **out, const struct input *in, struct arena *a, struct err *e) MUST_CHECK;

size_t archive_count(const struct archive *z);
/* In UTF-8, good as long as the archive. */
struct str archive_name(const struct archive *z, size_t index);
/* The member of that name, ASCII letters in any case; ARCHIVE_NONE: there is none. */
size_t archive_find(const struct archive *z, struct str name);

/* The member that is meant: the one of the name, else the only one that is a file of the user's (no
 * folder, nothing hidden, nothing an operating system adds).  INPUT with the field "member", and
 * the names there are. */
bool archive_choose(
    const struct archive *z, struct str name, size_t *index, struct err *e) MUST_CHECK;

/* Begins to read a member; INPUT when it is encrypted or packed in a way that is not known. */
bool member_open(struct member **out, struct archive *z, size_t index, struct arena *a,
    struct err *e) MUST_CHECK;
/* Up to n bytes; *got is 0 at the end only.  INPUT when it is damaged, and how far it goes. */
bool member_read(struct member *m, void *p, size_t n, size_t *got, struct err *e) MUST_CHECK;
/* May be called early; the arena does it otherwise. */
void member_close(struct member *m);

/* Bytes of the file that were read so far, at most its length, for progress. */
uint64_t archive_done(const struct archive *z);

#endif

/* shares.c: see shares.h. */
#include "formats/shares.h"
#include "base/hash.h"

void
shares_init(struct shares *s, struct str seed, const struct share_part *parts, size_t count,
    struct arena *a)
{
	double all = 0, until = 0;
	*s = (struct shares){.seed = seed, .parts = parts, .count = count};
	s->ends = arena_array(a, count, sizeof *s->ends);
	bytes_init(&s->input, a);
	for (size_t i = 0; i < count; i++)
		all += parts[i].share;
	for (size_t i = 0; i < count; i++) {
		until += parts[i].share;
		double end = until / all * 18446744073709551616.0;
		s->ends[i] = end >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)end;
	}
}

bool
shares_of(size_t *part, struct shares *s, const struct cell *c, struct err *e)
{
	uint8_t digest[SHA256_BYTES];
	struct bytes *b = &s->input;
	size_t length = c->kind <= CELL_NULL ? 0 : c->bytes.n;
	b->n = 0;
	if (!bytes_room(b, s->seed.n + 1 + length, e))
		return false;
	bytes_put(b, s->seed.p, s->seed.n);
	b->p[b->n++] = 0;
	if (length > 0 && c->escaped)
		b->n += cells_unescape(b->p + b->n, c->bytes);
	else
		bytes_put(b, c->bytes.p, length);
	sha256_of(digest, (struct str){b->p, b->n});
	uint64_t point = 0;
	for (int i = 0; i < 8; i++)
		point = point << 8 | digest[i];
	*part = 0;
	while (*part + 1 < s->count && point >= s->ends[*part])
		(*part)++;
	return true;
}

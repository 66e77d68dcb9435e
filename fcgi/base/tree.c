/*
 * tree.c: see tree.h.
 *
 * jansson's allocation functions take no context, so what it holds is counted in words of the
 * process (shared.h).  The limit counts only while a user's text is parsed: what a page or an
 * answer builds is bounded by what it was built from.
 */
#include "base/tree.h"
#include "base/limits.h"
#include "base/shared.h"

#include <malloc.h>

#define TREE_LIVE_BYTES MIB(64)

static void *
counting_malloc(size_t n)
{
	if (shared_words->is_limited && (shared_words->live_bytes >= TREE_LIVE_BYTES ||
					    n > TREE_LIVE_BYTES - shared_words->live_bytes)) {
		shared_words->was_refused = true;
		return NULL;
	}
	void *p = malloc(n);
	if (p)
		shared_words->live_bytes += malloc_usable_size(p);
	else
		shared_words->no_memory = true;
	return p;
}

static void
counting_free(void *p)
{
	size_t n = p ? malloc_usable_size(p) : 0;
	shared_words->live_bytes -= n < shared_words->live_bytes ? n : shared_words->live_bytes;
	free(p);
}

void
tree_setup(void)
{
	json_set_alloc_funcs(counting_malloc, counting_free);
	json_object_seed(0);
}

static void
release(void *holder)
{
	json_decref(*(json_t **)holder);
}

/* Where the tree is kept for the arena.  Made before the tree, because making it may unwind. */
static json_t **
make_holder(struct arena *a)
{
	json_t **holder = arena_alloc(a, sizeof(json_t *));
	arena_defer(a, release, holder);
	return holder;
}

/* Finds what the parser would let through: nesting over the limit, and NUL, which jansson 2.14
 * loses behind a number.  All else is the parser's to judge. */
static bool
check_text(struct str text, struct err *e)
{
	size_t depth = 0, line = 1, line_start = 0;
	bool in_string = false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '\n') {
			line++;
			line_start = i + 1;
		}
		if (c == 0) {
			FAIL(e, INPUT, "not valid JSON: line %zu, column %zu: a NUL byte", line,
			    i - line_start + 1);
			e->at_line = line;
			return false;
		}
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == '"')
			in_string = true;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		else if ((c == '[' || c == '{') && ++depth > LIMIT_JSON_DEPTH) {
			FAIL(e, TOO_BIG, "line %zu, column %zu: the JSON is nested over %d levels",
			    line, i - line_start + 1, LIMIT_JSON_DEPTH);
			e->at_line = line;
			return false;
		}
	}
	return true;
}

/* Turns what jansson says into an err with its place. */
static bool
fail_at(const json_error_t *why, struct err *e)
{
	if (e->code != ERR_OK)
		return false;
	FAIL(e, INPUT, "not valid JSON: line %d, column %d: %s", why->line, why->column, why->text);
	e->at_line = why->line > 0 ? (uint64_t)why->line : 0;
	return false;
}

bool
tree_parse(json_t **out, struct str text, struct arena *a, struct err *e)
{
	if (text.n > LIMIT_JSON_TREE_BYTES)
		return FAIL(e, TOO_BIG, "the JSON is over %d bytes", (int)LIMIT_JSON_TREE_BYTES);
	/* Some clients put a byte order mark before it (RFC 8259 section 8.1 lets us ignore it). */
	if (str_starts(text, "\xef\xbb\xbf"))
		text = (struct str){text.p + 3, text.n - 3};
	if (!check_text(text, e))
		return false;
	json_t **holder = make_holder(a);
	json_error_t why;
	size_t before = shared_words->live_bytes;
	shared_words->is_limited = true;
	shared_words->was_refused = shared_words->no_memory = false;
	*holder = json_loadb(
	    text.n ? text.p : "", text.n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
	shared_words->is_limited = false;
	if (!*holder && shared_words->was_refused)
		return before > TREE_LIVE_BYTES / 2
			   ? FAIL(e, UNAVAILABLE, "too much JSON is being worked on; try again")
			   : FAIL(e, TOO_BIG, "the JSON has too many values to be read whole");
	/* jansson does not notice every refusal: a tree may have lost a part of a text. */
	if (shared_words->no_memory)
		return FAIL(e, UNAVAILABLE, "out of memory");
	if (!*holder)
		return fail_at(&why, e);
	*out = *holder;
	return true;
}

bool
tree_parse_own(json_t **out, struct str text, struct arena *a, struct err *e)
{
	json_t **holder = make_holder(a);
	json_error_t why;
	shared_words->no_memory = false;
	*holder = json_loadb(text.n ? text.p : "", text.n, JSON_DECODE_ANY, &why);
	if (shared_words->no_memory)
		return FAIL(e, UNAVAILABLE, "out of memory");
	if (!*holder)
		return FAIL(e, SYSTEM, "own JSON is not well-formed: line %d, column %d: %s",
		    why.line, why.column, why.text);
	*out = *holder;
	return true;
}

struct str
tree_str(const json_t *object, const char *key)
{
	const json_t *member = json_object_get(object, key);
	if (!json_is_string(member))
		return (struct str){NULL, 0};
	return (struct str){json_string_value(member), json_string_length(member)};
}

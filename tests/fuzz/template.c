/*
 * template.c: fuzzes the template compiler and draws what it takes.  The input is up to two
 * templates and a JSON text, with a line of `----` between them.  Every string of the data is also
 * replaced by a hostile one: it must not come out as it went in.
 */
#define _GNU_SOURCE
#include "base/limits.h"
#include "base/tree.h"
#include "http/template_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char hostile[] = "<\"'`javascript:";

/* What stands before the next line of hyphens; the rest is left in *text. */
static struct str
take(struct str *text)
{
	static const char mark[] = "\n----\n";
	const char *at = text->n ? memmem(text->p, text->n, mark, sizeof mark - 1) : NULL;
	struct str part = {text->p, at ? (size_t)(at - text->p) : text->n};
	size_t skip = part.n + (at ? sizeof mark - 1 : 0);
	*text = (struct str){text->p + skip, text->n - skip};
	return part;
}

static void
poison(json_t *value, int depth)
{
	const char *key;
	json_t *member;
	void *next;
	size_t i;
	if (depth > LIMIT_JSON_DEPTH)
		return;
	if (json_is_string(value))
		json_string_set(value, hostile);
	json_object_foreach_safe(value, next, key, member) poison(member, depth + 1);
	json_array_foreach(value, i, member) poison(member, depth + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct str text = {(const char *)data, size};
	struct template_source sources[2] = {{.name = "a"}, {.name = "b"}};
	struct arena a;
	struct err e = {0};
	struct template_set *set;
	json_t *tree;
	if (!ready)
		tree_setup();
	ready = true;
	arena_init(&a, MIB(256));
	sources[0].text = take(&text);
	sources[1].text = take(&text);
	if (sources[1].text.n == 0)
		sources[1].text = STR("<b/>");
	if (!tree_parse(&tree, text, &a, &e))
		tree = json_null();
	err_clear(&e);
	if (templates_compile(&set, sources, 2, &e)) {
		struct buf out;
		buf_init(&out, &a);
		if (!template_draw(&out, set, "a", tree, &e))
			abort();
		poison(tree, 0);
		buf_init(&out, &a);
		if (!template_draw(&out, set, "a", tree, &e))
			abort();
		if (out.n &&
		    (memmem(out.p, out.n, hostile, 3) || memmem(out.p, out.n, "\"javascript:", 12)))
			abort();
		templates_free(set);
	}
	arena_release(&a);
	return 0;
}

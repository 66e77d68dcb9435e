/*
 * template_load.c: template files to XML trees, and the life of a set.
 *
 * libxml2 may read nothing but the text it is given: no network, no DTD (a DOCTYPE stops the
 * parser), and so no entities but the five of XML.
 */
#include "base/file.h"
#include "base/limits.h"
#include "http/template_compiler.h"

#include <dirent.h>
#include <errno.h>
#include <libxml/parser.h>

bool
template_fault(struct compiler *c, const xmlNode *node, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	struct str what = arena_format_list(c->work, format, list);
	va_end(list);
	long line = xmlGetLineNo(node);
	FAIL(c->e, SYSTEM, "%s.xhtml line %ld: %.*s", c->files[c->file_count - 1], line,
	    STR_ARG(what));
	c->e->at_line = line > 0 ? (uint64_t)line : 0;
	return false;
}

/* libxml2 calls it when it meets a DOCTYPE; the arguments are not looked at. */
static void
refuse_doctype(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	xmlParserCtxt *parser = context;
	*(bool *)parser->_private = true;
	xmlStopParser(parser);
}

static void
free_parser(void *parser)
{
	xmlFreeParserCtxt(parser);
}

static void
free_tree(void *tree)
{
	xmlFreeDoc(tree);
}

/* Parses one file; the tree lives as long as the work arena. */
static bool
parse(struct document *document, const struct template_source *source, struct arena *work,
    struct err *e)
{
	bool has_doctype = false;
	if (source->text.n == 0 || source->text.n > TEMPLATE_FILE_BYTES)
		return FAIL(e, SYSTEM, "%s.xhtml must have 1 to %zu bytes", source->name,
		    TEMPLATE_FILE_BYTES);
	xmlParserCtxt *parser = xmlNewParserCtxt();
	if (!parser)
		return FAIL(e, UNAVAILABLE, "no memory to read templates");
	arena_defer(work, free_parser, parser);
	parser->_private = &has_doctype;
	parser->sax->internalSubset = refuse_doctype;
	xmlDoc *tree = xmlCtxtReadMemory(parser, source->text.p, (int)source->text.n, NULL, "UTF-8",
	    XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
		XML_PARSE_NOCDATA);
	if (tree)
		arena_defer(work, free_tree, tree);
	if (has_doctype) {
		FAIL(e, SYSTEM, "%s.xhtml: a template has no DOCTYPE", source->name);
		return false;
	}
	const xmlError *why = xmlCtxtGetLastError(parser);
	if (!tree || why) {
		int line = why && why->line > 0 ? why->line : 1;
		FAIL(e, SYSTEM, "%s.xhtml line %d: not well-formed: %s", source->name, line,
		    why && why->message ? why->message : "unknown");
		e->at_line = (uint64_t)line;
		return false;
	}
	*document = (struct document){.name = source->name, .root = xmlDocGetRootElement(tree)};
	return true;
}

static bool
compile_all(struct template_set *set, const struct template_source *sources, size_t count,
    struct arena *work, struct err *e)
{
	struct compiler c = {.set = set, .work = work, .e = e, .document_count = count};
	c.documents = arena_array(work, count, sizeof *c.documents);
	set->programs = arena_array(&set->arena, count, sizeof *set->programs);
	buf_init(&c.literal, work);
	for (size_t i = 0; i < count; i++)
		if (!parse(&c.documents[i], &sources[i], work, e))
			return false;
	for (size_t i = 0; i < count; i++) {
		c.program = &set->programs[i];
		if (!template_compile(&c, &c.documents[i]))
			return false;
		set->count++;
	}
	return true;
}

bool
templates_compile(
    struct template_set **out, const struct template_source *sources, size_t count, struct err *e)
{
	struct arena work;
	struct template_set *set = calloc(1, sizeof *set);
	if (!set)
		return FAIL(e, UNAVAILABLE, "no memory for templates");
	xmlInitParser();
	arena_init(&set->arena, TEMPLATE_SET_BYTES);
	arena_init(&work, TEMPLATE_SET_BYTES);
	bool good = compile_all(set, sources, count, &work, e);
	arena_release(&work);
	if (!good) {
		templates_free(set);
		return false;
	}
	*out = set;
	return true;
}

static int
by_name(const void *a, const void *b)
{
	const struct template_source *x = a, *y = b;
	return strcmp(x->name, y->name);
}

/* Reads every NAME.xhtml of an open folder, behind those that are there, in the order of their
 * names. */
static bool
read_folder(struct template_source **out, size_t *count, DIR *d,
    const struct template_folder *folder, struct arena *a, struct err *e)
{
	struct template_source *list = *out;
	size_t n = *count, first = n, room = n;
	const struct dirent *entry;
	while ((entry = readdir(d))) {
		struct str name = str_of(entry->d_name);
		size_t ending = strlen(".xhtml");
		if (name.n <= ending || strcmp(name.p + name.n - ending, ".xhtml") != 0 ||
		    name.p[0] == '.')
			continue;
		if (n == room) {
			struct template_source *more =
			    arena_array(a, room = room ? room * 2 : 32, sizeof *more);
			if (n > 0)
				memcpy(more, list, n * sizeof *more);
			list = more;
		}
		struct str path = arena_format(a, "%s/%s", folder->path, entry->d_name);
		list[n].name =
		    arena_format(a, "%s%.*s", folder->prefix, (int)(name.n - ending), name.p).p;
		if (!file_read(&list[n].text, path.p, TEMPLATE_FILE_BYTES, a, e))
			return false;
		n++;
	}
	if (n > first)
		qsort(list + first, n - first, sizeof *list, by_name);
	*out = list;
	*count = n;
	return true;
}

static void
close_folder(void *d)
{
	closedir(d);
}

bool
templates_load(
    struct template_set **out, const struct template_folder *folders, size_t count, struct err *e)
{
	struct arena a;
	struct template_source *sources = NULL;
	size_t n = 0;
	bool good = true;
	arena_init(&a, MIB(64));
	for (size_t i = 0; good && i < count; i++) {
		DIR *d = opendir(folders[i].path);
		if (d)
			arena_defer(&a, close_folder, d);
		else if (i == 0 || errno != ENOENT)
			good = FAIL_ERRNO(
			    e, "the folder of templates %s cannot be read", folders[i].path);
		if (d)
			good = read_folder(&sources, &n, d, &folders[i], &a, e);
	}
	good = good && templates_compile(out, sources, n, e);
	arena_release(&a);
	return good;
}

void
templates_free(struct template_set *set)
{
	if (!set)
		return;
	arena_release(&set->arena);
	free(set);
}

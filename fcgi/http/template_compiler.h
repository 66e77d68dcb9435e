/*
 * template_compiler.h: what template_load.c and template_compile.c share, and nobody else: the
 * only files that include libxml2, and only for files of our own.
 */
#ifndef ROWHOUSE_TEMPLATE_COMPILER_H
#define ROWHOUSE_TEMPLATE_COMPILER_H

#include "http/template_program.h"

#include <libxml/tree.h>

#define TEMPLATE_XML "http://www.w3.org/XML/1998/namespace"
#define TEMPLATE_XHTML "http://www.w3.org/1999/xhtml"
#define TEMPLATE_SVG "http://www.w3.org/2000/svg"

struct document {
	const char *name;
	xmlNode *root;
};

struct compiler {
	struct template_set *set;
	struct arena *work; /* gone when all is compiled */
	struct err *e;
	struct document *documents;
	size_t document_count;
	struct template_program *program;
	struct buf literal;                /* what is printed before the next instruction */
	const char *loops[TEMPLATE_LOOPS]; /* names of the r:each around this place */
	int loop_count;
	const char
	    *files[TEMPLATE_INCLUDES]; /* the file being compiled, behind those including it */
	int file_count;
	int depth;
	size_t elements, literal_bytes; /* of this program so far */
};

/* Compiles one file into c->program. */
bool template_compile(struct compiler *c, const struct document *document) MUST_CHECK;

/* A fault of the template at this node; false. */
bool template_fault(struct compiler *c, const xmlNode *node, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif

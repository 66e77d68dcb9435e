/*
 * template_program.h: what a template is compiled to, shared by template_compile.c, template.c and
 * template_form.c only; everyone else includes template.h.
 *
 * A program is a flat list of instructions.  Names of loops are resolved when it is compiled: a
 * path says at which nesting level of r:each it starts, or -1 for the data.
 */
#ifndef ROWHOUSE_TEMPLATE_PROGRAM_H
#define ROWHOUSE_TEMPLATE_PROGRAM_H

#include "http/template.h"

#define TEMPLATE_LOOPS 8      /* nested r:each */
#define TEMPLATE_INCLUDES 16  /* nested r:include */
#define TEMPLATE_ELEMENTS 200 /* nested elements, those of included files with them */
#define TEMPLATE_FILE_BYTES ((size_t)1 << 20)
#define TEMPLATE_SET_BYTES ((size_t)512 << 20)
/* Of one program, with all it includes: */
#define TEMPLATE_PARTS 100000 /* elements, and instructions */
#define TEMPLATE_LITERAL_BYTES ((size_t)8 << 20)

enum template_operation {
	TEMPLATE_LITERAL,   /* print `text` */
	TEMPLATE_VALUE,     /* print what `path` leads to, escaped as `place` asks */
	TEMPLATE_ATTRIBUTE, /* print an attribute `text` that is one value, or leave it out */
	TEMPLATE_IF,        /* go on when `test` holds for `path` (and `text`), else to `jump` */
	TEMPLATE_EACH,      /* begin the loop `level` over `path`; when it is empty to `jump` */
	TEMPLATE_NEXT,      /* next item of the loop `level`: to `jump`; after the last go on */
	TEMPLATE_FORM,      /* draw the fields that `path` leads to */
	TEMPLATE_DRAW       /* draw the template whose name `path` leads to */
};

enum template_place { TEMPLATE_IN_TEXT, TEMPLATE_IN_PATH, TEMPLATE_IN_QUERY };
enum template_test { TEMPLATE_TRUE, TEMPLATE_FALSE, TEMPLATE_EQUAL, TEMPLATE_UNEQUAL };
enum template_format {
	TEMPLATE_PLAIN,
	TEMPLATE_COUNT,
	TEMPLATE_BYTES,
	TEMPLATE_TIME,
	TEMPLATE_QUERY
};

struct template_path {
	int level;
	const char **names;
	size_t count;
	enum template_format format;
};

struct template_instruction {
	enum template_operation operation;
	enum template_place place;
	enum template_test test;
	int level;
	size_t jump;
	struct str text;
	struct template_path path;
};

struct template_program {
	const char *name;
	bool is_page; /* its root is <html>: it begins with the doctype */
	struct template_instruction *code;
	size_t count, room;
};

struct template_set {
	struct arena arena;
	struct template_program *programs;
	size_t count;
};

/* A template's text before it is compiled; the name is that of the file without .xhtml. */
struct template_source {
	const char *name;
	struct str text;
};

/* What templates_load() does once it has read the files. */
bool templates_compile(struct template_set **out, const struct template_source *sources,
    size_t count, struct err *e) MUST_CHECK;

/* The five characters of HTML that could end a text or an attribute become references. */
void template_escape(struct buf *out, struct str s);

/* A value as text: "" for null, objects and arrays.  Uses scratch for what is not a string. */
struct str template_value_text(
    const json_t *value, enum template_format format, struct buf *scratch);

/* True unless the value is missing, null, false, 0 or empty. */
bool template_is_true(const json_t *value);

/* The fields of r:form. */
void template_draw_form(struct buf *out, const json_t *fields, struct buf *scratch);

#endif

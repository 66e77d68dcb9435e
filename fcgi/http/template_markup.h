/*
 * template_markup.h: what the template compiler must know about HTML, as tables, without libxml2.
 * Names are compared without regard to case.
 */
#ifndef ROWHOUSE_TEMPLATE_MARKUP_H
#define ROWHOUSE_TEMPLATE_MARKUP_H

#include "http/template_program.h"

/* A letter, then letters, digits and hyphens: what a start tag can hold without surprise. */
bool markup_is_name(struct str name);

/* Elements without content and end tag. */
bool markup_is_void(struct str element);
/* script and style: their content is not text to a browser. */
bool markup_is_code(struct str element);
/* pre and textarea: HTML drops a line end right behind their start tag. */
bool markup_drops_line_end(struct str element);
/* Elements that no template may have: those that could set the attributes of others. */
bool markup_is_refused(struct str element);

/* Attributes whose presence alone means true. */
bool markup_is_boolean(struct str attribute);
/* Attributes that hold one address. */
bool markup_is_address(struct str attribute);
/* Attributes that no template may have: style, srcdoc and on... */
bool markup_is_refused_attribute(struct str attribute);
/* Attributes that may not hold {values}: of several addresses, or with a meaning of their own. */
bool markup_is_fixed_attribute(struct str attribute);

/* The address has no scheme, or one that runs no code. */
bool markup_is_safe_address(struct str address);

/* `a.b:count` into names and format; "." has no name.  False when it is not a path. */
bool markup_parse_path(struct template_path *out, struct str text, struct arena *a) MUST_CHECK;

#endif

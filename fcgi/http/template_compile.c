/*
 * template_compile.c: well-formed XHTML trees to programs (template_program.h).
 *
 * What keeps raw HTML out is decided here, once: which attributes may hold values at all, which
 * values are percent-encoded, and that script and style hold none.  The tables of HTML are in
 * template_markup.c, reading files and XML in template_load.c.
 */
#include "http/template_compiler.h"
#include "http/template_markup.h"

static bool compile_element(struct compiler *c, xmlNode *node);

static struct str
name_of(const xmlChar *name)
{
	return str_of((const char *)name);
}

static bool
is_directive_space(const xmlNs *ns)
{
	return ns && strcmp((const char *)ns->href, "urn:rowhouse") == 0;
}

/* The attribute's text, in the work arena. */
static struct str
attribute_text(struct compiler *c, const xmlAttr *attribute)
{
	xmlChar *text = xmlNodeListGetString(attribute->doc, attribute->children, 1);
	struct str given = text ? name_of(text) : STR("");
	struct str copy = arena_copy(c->work, given);
	xmlFree(text);
	return copy;
}

/* The directive of that name on the element, {NULL, 0} when it has none. */
static struct str
directive(struct compiler *c, const xmlNode *node, const char *name)
{
	for (const xmlAttr *at = node->properties; at; at = at->next)
		if (is_directive_space(at->ns) && str_is(name_of(at->name), name))
			return str_trim(attribute_text(c, at));
	return (struct str){NULL, 0};
}

static struct template_instruction *
add(struct compiler *c, enum template_operation operation)
{
	struct template_program *p = c->program;
	if (p->count == p->room) {
		size_t room = p->room ? p->room * 2 : 32;
		struct template_instruction *code = arena_array(&c->set->arena, room, sizeof *code);
		if (p->count > 0)
			memcpy(code, p->code, p->count * sizeof *code);
		p->code = code;
		p->room = room;
	}
	struct template_instruction *in = &p->code[p->count++];
	in->operation = operation;
	return in;
}

/* Ends the literal text and says where the next instruction comes to stand. */
static size_t
here(struct compiler *c)
{
	if (c->literal.n > 0) {
		struct str text = arena_copy(&c->set->arena, buf_str(&c->literal));
		add(c, TEMPLATE_LITERAL)->text = text;
		c->literal_bytes += text.n;
		c->literal.n = 0;
	}
	return c->program->count;
}

static struct template_instruction *
emit(struct compiler *c, enum template_operation operation)
{
	here(c);
	return add(c, operation);
}

/* Names of loops count from the innermost outwards, then the data. */
static bool
parse_path(struct compiler *c, const xmlNode *node, struct template_path *path, struct str text)
{
	if (!markup_parse_path(path, str_trim(text), &c->set->arena))
		return template_fault(c, node, "\"%.*s\" is not a path", STR_ARG(text));
	if (path->count == 0)
		path->level = c->loop_count - 1;
	for (int i = c->loop_count - 1; i >= 0 && path->count > 0; i--) {
		if (strcmp(c->loops[i], path->names[0]) != 0)
			continue;
		path->level = i;
		path->names++;
		path->count--;
		break;
	}
	return true;
}

static bool
emit_path(struct compiler *c, const xmlNode *node, enum template_operation operation,
    struct str text, enum template_place place)
{
	struct template_path path;
	if (!parse_path(c, node, &path, text))
		return false;
	struct template_instruction *in = emit(c, operation);
	in->path = path;
	in->place = place;
	return true;
}

/* A path of the data itself, whatever a loop calls its items. */
static bool
emit_root_path(struct compiler *c, const xmlNode *node, struct str text)
{
	int loops = c->loop_count;
	c->loop_count = 0;
	bool good = emit_path(c, node, TEMPLATE_VALUE, text, TEMPLATE_IN_TEXT);
	c->loop_count = loops;
	return good;
}

/*
 * The literal parts of an address that holds values.  It begins with / ? or #, and where values
 * are empty it must not come to begin with two slashes, which would be another host.
 */
static bool
check_address(struct compiler *c, const xmlNode *node, struct str text)
{
	if (text.n == 0 || !strchr("/?#", text.p[0]))
		return template_fault(c, node, "an address with values must begin with / ? or #");
	size_t i = 1;
	while (text.p[0] == '/' && i < text.n && text.p[i] == '{')
		while (i < text.n && text.p[i++] != '}')
			;
	if (text.p[0] == '/' && i < text.n && (text.p[i] == '/' || text.p[i] == '\\'))
		return template_fault(
		    c, node, "the first segment of an address must not be a value or empty");
	return true;
}

/* The value of an r: attribute: literal text and {paths}. */
static bool
compile_pattern(struct compiler *c, const xmlNode *node, struct str text, bool is_address)
{
	enum template_place place = is_address ? TEMPLATE_IN_PATH : TEMPLATE_IN_TEXT;
	size_t i = 0;
	while (i < text.n) {
		size_t start = i;
		while (i < text.n && text.p[i] != '{' && text.p[i] != '}') {
			if (is_address && (text.p[i] == '?' || text.p[i] == '#'))
				place = TEMPLATE_IN_QUERY;
			i++;
		}
		template_escape(&c->literal, (struct str){text.p + start, i - start});
		if (i == text.n)
			break;
		const char *close = memchr(text.p + i, '}', text.n - i);
		if (text.p[i] == '}' || !close)
			return template_fault(c, node, "a brace without its other");
		struct str path = {text.p + i + 1, (size_t)(close - (text.p + i)) - 1};
		if (!emit_path(c, node, TEMPLATE_VALUE, path, place))
			return false;
		i = (size_t)(close - text.p) + 1;
	}
	return true;
}

static bool
is_directive(struct str name)
{
	return str_is(name, "text") || str_is(name, "if") || str_is(name, "each") ||
	       str_is(name, "include") || str_is(name, "form");
}

/* The element has the attribute, beside the one given, in whatever case and namespace. */
static bool
has_other(const xmlNode *node, const xmlAttr *attribute, struct str name)
{
	for (const xmlAttr *at = node->properties; at; at = at->next)
		if (at != attribute && str_equal_nocase(name_of(at->name), name) &&
		    !(is_directive_space(at->ns) && is_directive(name_of(at->name))))
			return true;
	return false;
}

static bool
compile_pattern_attribute(
    struct compiler *c, xmlNode *node, const xmlAttr *attribute, struct str name)
{
	struct str text = attribute_text(c, attribute);
	bool is_address = markup_is_address(name);
	if (markup_is_fixed_attribute(name) || (str_equal_nocase(name, STR("content")) &&
						   has_other(node, attribute, STR("http-equiv"))))
		return template_fault(c, node, "%.*s may not hold values", STR_ARG(name));
	if (has_other(node, attribute, name))
		return template_fault(c, node, "%.*s stands there twice", STR_ARG(name));
	if (is_address && !check_address(c, node, text))
		return false;
	bool is_one_value = text.n > 2 && text.p[0] == '{' && text.p[text.n - 1] == '}' &&
			    memchr(text.p, '}', text.n) == text.p + text.n - 1;
	if (is_one_value) {
		struct str path = {text.p + 1, text.n - 2};
		if (!emit_path(c, node, TEMPLATE_ATTRIBUTE, path, TEMPLATE_IN_TEXT))
			return false;
		c->program->code[c->program->count - 1].text = arena_copy(&c->set->arena, name);
		return true;
	}
	buf_put_char(&c->literal, ' ');
	buf_put_str(&c->literal, name);
	buf_put_text(&c->literal, "=\"");
	if (!compile_pattern(c, node, text, is_address))
		return false;
	buf_put_char(&c->literal, '"');
	return true;
}

static bool
compile_literal_attribute(
    struct compiler *c, const xmlNode *node, const xmlAttr *attribute, struct str name)
{
	struct str text = attribute_text(c, attribute);
	if (markup_is_address(name) && !markup_is_safe_address(text))
		return template_fault(
		    c, node, "the address in %.*s has a scheme that is not allowed", STR_ARG(name));
	buf_put_char(&c->literal, ' ');
	buf_put_str(&c->literal, name);
	if (markup_is_boolean(name) && (text.n == 0 || str_equal_nocase(text, name)))
		return true;
	buf_put_text(&c->literal, "=\"");
	template_escape(&c->literal, text);
	buf_put_char(&c->literal, '"');
	return true;
}

static bool
compile_attributes(struct compiler *c, xmlNode *node)
{
	for (const xmlAttr *at = node->properties; at; at = at->next) {
		struct str name = name_of(at->name);
		bool is_ours = is_directive_space(at->ns);
		if (is_ours && is_directive(name))
			continue;
		/* xml:lang is lang in HTML. */
		bool is_language =
		    at->ns && str_is(name_of(at->ns->href), TEMPLATE_XML) && str_is(name, "lang");
		if (at->ns && !is_ours && !is_language)
			return template_fault(c, node,
			    "the attribute %.*s is of an unknown namespace", STR_ARG(name));
		if (!markup_is_name(name) || markup_is_refused_attribute(name))
			return template_fault(
			    c, node, "the attribute %.*s is not allowed", STR_ARG(name));
		if (is_ours ? !compile_pattern_attribute(c, node, at, name)
			    : !compile_literal_attribute(c, node, at, name))
			return false;
	}
	return true;
}

/* r:include: the root element of the other file, compiled in this place. */
static bool
compile_include(struct compiler *c, const xmlNode *node, struct str name)
{
	for (int i = 0; i < c->file_count; i++)
		if (str_is(name, c->files[i]))
			return template_fault(c, node, "%.*s includes itself", STR_ARG(name));
	if (c->file_count == TEMPLATE_INCLUDES)
		return template_fault(
		    c, node, "includes are nested over %d deep", TEMPLATE_INCLUDES);
	for (size_t i = 0; i < c->document_count; i++) {
		if (!str_is(name, c->documents[i].name))
			continue;
		c->files[c->file_count++] = c->documents[i].name;
		bool good = compile_element(c, c->documents[i].root);
		c->file_count--;
		return good;
	}
	return template_fault(c, node, "there is no %.*s.xhtml to include", STR_ARG(name));
}

static bool
compile_children(struct compiler *c, xmlNode *node, bool is_empty)
{
	for (xmlNode *child = node->children; child; child = child->next) {
		bool is_text =
		    child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE;
		if (child->type == XML_COMMENT_NODE ||
		    (is_text && is_empty && xmlIsBlankNode(child)))
			continue;
		if (is_empty)
			return template_fault(c, child, "%s must be empty here", node->name);
		if (is_text)
			template_escape(&c->literal, name_of(child->content));
		else if (child->type != XML_ELEMENT_NODE)
			return template_fault(
			    c, child, "only elements, text and comments are allowed");
		else if (!compile_element(c, child))
			return false;
	}
	return true;
}

/* What stands between the tags. */
static bool
compile_content(struct compiler *c, xmlNode *node, bool must_be_empty)
{
	struct str text = directive(c, node, "text"), part = directive(c, node, "include");
	struct str form = directive(c, node, "form");
	int filled = (text.p != NULL) + (part.p != NULL) + (form.p != NULL);
	if (filled > 1 || (filled && must_be_empty))
		return template_fault(c, node, "%s cannot hold that", node->name);
	if (!compile_children(c, node, filled || must_be_empty))
		return false;
	if (text.p && markup_drops_line_end(name_of(node->name)))
		buf_put_char(&c->literal, '\n');
	if (text.p)
		return emit_path(c, node, TEMPLATE_VALUE, text, TEMPLATE_IN_TEXT);
	if (form.p)
		return emit_path(c, node, TEMPLATE_FORM, form, TEMPLATE_IN_TEXT);
	if (part.n > 2 && part.p[0] == '{' && part.p[part.n - 1] == '}')
		return emit_path(
		    c, node, TEMPLATE_DRAW, (struct str){part.p + 1, part.n - 2}, TEMPLATE_IN_TEXT);
	return !part.p || compile_include(c, node, part);
}

/* A form whose method is post. */
static bool
posts(struct compiler *c, const xmlNode *node)
{
	for (const xmlAttr *at = node->properties; at; at = at->next)
		if (!at->ns && str_is(name_of(at->name), "method"))
			return str_equal_nocase(attribute_text(c, at), STR("post"));
	return false;
}

/* What shows that a form is of a page of ours; no template has to think of it. */
static bool
emit_token(struct compiler *c, const xmlNode *node)
{
	buf_put_text(&c->literal, "<input type=\"hidden\" name=\"csrf\" value=\"");
	if (!emit_root_path(c, node, STR("page.csrf")))
		return false;
	buf_put_text(&c->literal, "\">");
	return true;
}

/* The element itself, without if and each. */
static bool
compile_tag(struct compiler *c, xmlNode *node)
{
	struct str name = name_of(node->name);
	if (is_directive_space(node->ns)) {
		if (!str_is(name, "group"))
			return template_fault(c, node, "there is no r:%.*s", STR_ARG(name));
		for (const xmlAttr *at = node->properties; at; at = at->next)
			if (!is_directive_space(at->ns) || !is_directive(name_of(at->name)))
				return template_fault(
				    c, node, "r:group has no attributes of its own");
		return compile_content(c, node, false);
	}
	bool is_foreign = node->ns && strcmp((const char *)node->ns->href, TEMPLATE_XHTML) != 0 &&
			  strcmp((const char *)node->ns->href, TEMPLATE_SVG) != 0;
	if (is_foreign || !markup_is_name(name) || markup_is_refused(name))
		return template_fault(c, node, "the element %.*s is not allowed", STR_ARG(name));
	buf_put_char(&c->literal, '<');
	buf_put_str(&c->literal, name);
	if (!compile_attributes(c, node))
		return false;
	buf_put_char(&c->literal, '>');
	if (str_is(name, "form") && posts(c, node) && !emit_token(c, node))
		return false;
	bool is_void = markup_is_void(name);
	if (!compile_content(c, node, is_void || markup_is_code(name)))
		return false;
	if (is_void)
		return true;
	buf_put_text(&c->literal, "</");
	buf_put_str(&c->literal, name);
	buf_put_char(&c->literal, '>');
	return true;
}

/* "x", "!x", "x = word", "x != word". */
static bool
emit_if(struct compiler *c, const xmlNode *node, struct str text, size_t *at)
{
	enum template_test test = TEMPLATE_TRUE;
	struct str path = text, word = {0};
	const char *equals = text.n ? memchr(text.p, '=', text.n) : NULL;
	if (equals) {
		size_t n = (size_t)(equals - text.p);
		test = n > 0 && text.p[n - 1] == '!' ? TEMPLATE_UNEQUAL : TEMPLATE_EQUAL;
		word = str_trim((struct str){equals + 1, text.n - n - 1});
		path.n = test == TEMPLATE_UNEQUAL ? n - 1 : n;
		if (word.n == 0)
			return template_fault(c, node, "r:if compares with nothing");
	} else if (text.n > 0 && text.p[0] == '!') {
		test = TEMPLATE_FALSE;
		path = (struct str){text.p + 1, text.n - 1};
	}
	if (!emit_path(c, node, TEMPLATE_IF, path, TEMPLATE_IN_TEXT))
		return false;
	*at = c->program->count - 1;
	c->program->code[*at].test = test;
	c->program->code[*at].text = arena_copy(&c->set->arena, word);
	return true;
}

/* "row in rows": from here on the name is known. */
static bool
emit_each(struct compiler *c, const xmlNode *node, struct str text, size_t *at)
{
	size_t n = 0;
	while (n < text.n && text.p[n] != ' ')
		n++;
	struct str rest = str_trim((struct str){text.n ? text.p + n : "", text.n - n});
	struct template_path name;
	if (!markup_parse_path(&name, (struct str){text.p, n}, c->work) || name.count != 1 ||
	    name.format != TEMPLATE_PLAIN || !str_starts(rest, "in "))
		return template_fault(c, node, "r:each must read like \"row in rows\"");
	if (c->loop_count == TEMPLATE_LOOPS)
		return template_fault(c, node, "r:each is nested over %d deep", TEMPLATE_LOOPS);
	struct str path = {rest.p + 3, rest.n - 3};
	if (!emit_path(c, node, TEMPLATE_EACH, path, TEMPLATE_IN_TEXT))
		return false;
	*at = c->program->count - 1;
	c->program->code[*at].level = c->loop_count;
	c->loops[c->loop_count++] = name.names[0];
	return true;
}

/* An element with its conditions: the if is asked anew for every item of the each. */
static bool
compile_element(struct compiler *c, xmlNode *node)
{
	struct str each = directive(c, node, "each"), condition = directive(c, node, "if");
	size_t each_at = 0, if_at = 0;
	if (c->depth == TEMPLATE_ELEMENTS)
		return template_fault(
		    c, node, "elements are nested over %d deep", TEMPLATE_ELEMENTS);
	/* Includes multiply: without these a few small files could make an endless program. */
	if (++c->elements > TEMPLATE_PARTS || c->program->count > TEMPLATE_PARTS ||
	    c->literal_bytes + c->literal.n > TEMPLATE_LITERAL_BYTES)
		return template_fault(c, node, "the template is too long");
	c->depth++;
	bool good = (!each.p || emit_each(c, node, each, &each_at)) &&
		    (!condition.p || emit_if(c, node, condition, &if_at)) && compile_tag(c, node);
	c->depth--;
	if (good && condition.p) {
		size_t end = here(c);
		c->program->code[if_at].jump = end;
	}
	if (good && each.p) {
		struct template_instruction *next = emit(c, TEMPLATE_NEXT);
		next->level = --c->loop_count;
		next->jump = each_at + 1;
		c->program->code[each_at].jump = c->program->count;
	}
	return good;
}

bool
template_compile(struct compiler *c, const struct document *document)
{
	c->files[0] = document->name;
	c->file_count = 1;
	c->loop_count = c->depth = 0;
	c->literal.n = c->elements = c->literal_bytes = 0;
	c->program->name = arena_text(&c->set->arena, str_of(document->name));
	c->program->is_page = str_is(name_of(document->root->name), "html");
	if (!compile_element(c, document->root))
		return false;
	here(c);
	return true;
}

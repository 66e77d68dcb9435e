/*
 * template.h: pages.  A template is a well-formed XHTML file, compiled once at start by libxml2
 * into a flat program; drawing one writes HTML5.  A template cannot print raw HTML: every value is
 * escaped by where it stands.
 *
 * Six directives, attributes in the namespace urn:rowhouse (prefix r by custom):
 *
 *   r:text="dataset.name"            the element's content is this value
 *   r:href="/datasets/{dataset.id}"  any other r: name is an attribute with {values} in it.  In an
 *                                    address (href src action formaction ...) a value is
 *                                    percent-encoded, and the attribute must begin with a literal
 *                                    / ? or #; /{a}/{b} is refused, because with an empty a it
 *                                    would name another host.  An attribute whose only content is
 *                                    one {value} that is null, false or missing is left out; one
 *                                    that is true is written as a boolean attribute (aria-... as
 *                                    ="true").  style, srcdoc and on... attributes are refused.
 *   r:if="dataset.error"             only when the value is true, not 0, not empty; "!x" the
 *                                    opposite; "x = word" compares as text, "x != word" too
 *   r:each="row in rows"             once per item; inside, {row.index} (from 1) and {row.first}
 *                                    exist unless the item has a member of that name; {.} is the
 *                                    item itself as {row}.  An r:if beside it is asked per item.
 *   r:include="part"                 the file templates/part.xhtml, compiled in place
 *   r:form="form"                    labelled inputs for a table of fields, as form_draw() writes
 * it: an array of {name, label, widget (line, area, secret, number, date, check, choice, file,
 * group, table), value, help, error, required, min, max, autocomplete, choices: [{value, label}],
 * says_off (a check that sends false)}; a group has `fields`, a table `columns` and `rows` of
 * {fields}
 *
 * An r:include whose value is one {path} draws the template of that name in this place, over the
 * same data (a plugin's panel).  A form that posts begins with a hidden input `csrf` of
 * {page.csrf}.
 *
 * A path is names joined by dots, looked up from the innermost each outwards.  An element <r:group>
 * is not printed itself, only its content.  Numbers print as JSON does; with `:count` behind the
 * path (dataset.rows:count) with thousands separated by a thin space, with `:bytes` as 1.2 MB,
 * with `:time` an RFC 3339 time as "2024-03-14 15:30 UTC".  In the query of an address `:query` is
 * a whole query or the rest of one, name=value pairs encoded already (?{link:query}).
 */
#ifndef ROWHOUSE_TEMPLATE_H
#define ROWHOUSE_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>

struct template_set;

/* Compiles every NAME.xhtml of the folders.  Fails with the file and line of the first fault: not
 * well-formed, an unknown directive, a directive that could print raw HTML, an include that is
 * missing or goes round.  The set lives until templates_free(). */
struct template_folder {
	const char *path;   /* one that is not there has no templates */
	const char *prefix; /* of their names: "" or "custom/" */
};
#define TEMPLATE_FOLDERS_MAX 80
bool templates_load(struct template_set **out, const struct template_folder *folders, size_t count,
    struct err *e) MUST_CHECK;
void templates_free(struct template_set *set);

/* Draws one; a page (its root is <html>) with its doctype, any other without.  A path that leads
 * nowhere prints nothing.  SYSTEM when there is no such template; nothing of libxml2 runs here. */
bool template_exists(const struct template_set *set, const char *name);
bool template_is_page(const struct template_set *set, const char *name);
bool template_draw(struct buf *out, const struct template_set *set, const char *name,
    const json_t *data, struct err *e) MUST_CHECK;

#endif

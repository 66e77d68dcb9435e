/*
 * xlsx_xml.h: one part of a workbook, an XML file in its archive, read from front to back.
 *
 * It comes from a stranger: nothing is opened or fetched for it, no DOCTYPE is taken, entities but
 * the five of XML are refused, and memory is that of one element.  Names are without namespaces,
 * because writers choose prefixes as they like.
 */
#ifndef ROWHOUSE_XLSX_XML_H
#define ROWHOUSE_XLSX_XML_H

#include "formats/archive.h"

enum xml_kind { XML_BEGIN, XML_END, XML_TEXT, XML_OVER };

struct xml {
	enum xml_kind kind;
	struct str name; /* of an element that begins or ends */
	struct str text; /* of XML_TEXT; both good until the next step */
	struct xml_source *source;
	bool ends; /* an element without content, of which the end is still to be told */
};

/* Opens a member; it goes with the arena. */
bool xml_open(
    struct xml *x, struct archive *z, size_t member, struct arena *a, struct err *e) MUST_CHECK;
/* Goes on to what is next; XML_OVER at the end.  Each element that begins also ends. */
bool xml_next(struct xml *x, struct err *e) MUST_CHECK;
/* An attribute of the element that begins, copied; p is NULL when there is none. */
struct str xml_attribute(const struct xml *x, const char *name, struct arena *a);
/* Early; the arena does it otherwise. */
void xml_close(struct xml *x);

static inline bool
xml_begins(const struct xml *x, const char *name)
{
	return x->kind == XML_BEGIN && str_is(x->name, name);
}

static inline bool
xml_ends(const struct xml *x, const char *name)
{
	return x->kind == XML_END && str_is(x->name, name);
}

#endif

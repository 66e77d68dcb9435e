/* xlsx_xml.c: see xlsx_xml.h. */
#define _GNU_SOURCE
#include "formats/xlsx_xml.h"
#include "base/limits.h"

#include <libxml/xmlreader.h>

#define DOCTYPE_BYTES 4096 /* it stands before the first element */

struct xml_source {
	struct member *member;
	struct str name; /* of the member */
	xmlTextReader *reader;
	uint64_t read;
	struct err failure; /* what reading the archive said */
	bool doctype, no_memory;
};

/* xmlInputReadCallback */
static int
read_more(void *context, char *p, int n)
{
	struct xml_source *s = context;
	size_t got;
	if (!member_read(s->member, p, (size_t)n, &got, &s->failure))
		return -1;
	/* Before libxml2 sees it, so that it takes no entity from it. */
	if (s->read < DOCTYPE_BYTES && memmem(p, got, "<!DOCTYPE", 9)) {
		s->doctype = true;
		return -1;
	}
	s->read += got;
	if (s->read > LIMIT_UNPACKED_BYTES) {
		FAIL(&s->failure, TOO_BIG,
		    "the workbook unpacks to more than %" PRIu64 " bytes, which is the limit",
		    LIMIT_UNPACKED_BYTES);
		return -1;
	}
	return (int)got;
}

static int
close_nothing(void *context)
{
	(void)context;
	return 0;
}

/* xmlStructuredErrorFunc: nothing is printed. */
static void
note_error(void *context, xmlErrorPtr error)
{
	struct xml_source *s = context;
	s->no_memory = s->no_memory || (error && error->code == XML_ERR_NO_MEMORY);
}

static void
release(void *p)
{
	struct xml_source *s = p;
	if (s->reader)
		xmlFreeTextReader(s->reader);
	s->reader = NULL;
	if (s->member)
		member_close(s->member);
	s->member = NULL;
}

bool
xml_open(struct xml *x, struct archive *z, size_t member, struct arena *a, struct err *e)
{
	struct xml_source *s = arena_alloc(a, sizeof *s);
	*x = (struct xml){.source = s};
	s->name = archive_name(z, member);
	if (!member_open(&s->member, z, member, a, e))
		return false;
	arena_defer(a, release, s);
	s->reader = xmlReaderForIO(read_more, close_nothing, s, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_COMPACT);
	if (!s->reader)
		return FAIL(e, UNAVAILABLE, "there is not enough memory to read the workbook");
	xmlTextReaderSetStructuredErrorHandler(s->reader, note_error, s);
	return true;
}

void
xml_close(struct xml *x)
{
	release(x->source);
}

static bool
damaged(const struct xml_source *s, struct err *e)
{
	struct str name = str_clip(s->name, 60);
	if (s->failure.code != ERR_OK) {
		if (e->code == ERR_OK)
			*e = s->failure;
		return false;
	}
	if (s->no_memory)
		return FAIL(e, UNAVAILABLE, "there is not enough memory to read the workbook");
	if (s->doctype)
		return FAIL(e, INPUT,
		    "%.*s in the workbook has a DOCTYPE, which no spreadsheet program writes",
		    STR_ARG(name));
	return FAIL(e, INPUT, "%.*s in the workbook is not valid XML from its line %d on",
	    STR_ARG(name), xmlTextReaderGetParserLineNumber(s->reader));
}

static struct str
text_of(const xmlChar *text)
{
	return str_of((const char *)text);
}

bool
xml_next(struct xml *x, struct err *e)
{
	struct xml_source *s = x->source;
	if (x->ends) {
		x->ends = false;
		x->kind = XML_END;
		return true;
	}
	for (;;) {
		int rc = xmlTextReaderRead(s->reader);
		if (rc < 0 || s->failure.code != ERR_OK || s->doctype || s->no_memory)
			return damaged(s, e);
		if (rc == 0) {
			x->kind = XML_OVER;
			return true;
		}
		switch (xmlTextReaderNodeType(s->reader)) {
		case XML_READER_TYPE_ELEMENT:
			x->kind = XML_BEGIN;
			x->name = text_of(xmlTextReaderConstLocalName(s->reader));
			x->ends = xmlTextReaderIsEmptyElement(s->reader) == 1;
			return true;
		case XML_READER_TYPE_END_ELEMENT:
			x->kind = XML_END;
			x->name = text_of(xmlTextReaderConstLocalName(s->reader));
			return true;
		case XML_READER_TYPE_TEXT:
		case XML_READER_TYPE_CDATA:
		case XML_READER_TYPE_WHITESPACE:
		case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
			x->kind = XML_TEXT;
			x->text = text_of(xmlTextReaderConstValue(s->reader));
			return true;
		case XML_READER_TYPE_DOCUMENT_TYPE:
		case XML_READER_TYPE_ENTITY_REFERENCE:
			s->doctype = true;
			return damaged(s, e);
		default:
			break;
		}
	}
}

struct str
xml_attribute(const struct xml *x, const char *name, struct arena *a)
{
	xmlTextReader *reader = x->source->reader;
	struct str value = {0};
	for (int more = xmlTextReaderMoveToFirstAttribute(reader); more == 1 && !value.p;
	     more = xmlTextReaderMoveToNextAttribute(reader))
		if (str_is(text_of(xmlTextReaderConstLocalName(reader)), name))
			value = arena_copy(a, text_of(xmlTextReaderConstValue(reader)));
	xmlTextReaderMoveToElement(reader);
	return value;
}

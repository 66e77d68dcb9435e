/*
 * xlsx_book.h: what the sheets of a workbook share: their names and places, the styles, the texts.
 */
#ifndef ROWHOUSE_XLSX_BOOK_H
#define ROWHOUSE_XLSX_BOOK_H

#include "formats/xlsx_date.h"
#include "formats/xlsx_xml.h"

struct xlsx_sheet {
	struct str name;
	bool hidden;
	size_t member; /* of the archive; ARCHIVE_NONE: it is no table but a chart or the like */
};

struct xlsx_book {
	struct archive *archive;
	bool from_1904;
	struct xlsx_sheet *sheets;
	size_t sheet_count;
	uint8_t *styles; /* enum xlsx_style of each cell format */
	size_t style_count;
	/* The shared texts, each a JSON string, one behind the other. */
	char *texts;
	uint32_t *ends;
	size_t text_bytes, text_room, text_count, end_room;
};

/* Reads all of it but the sheets; it goes with the arena.  INPUT when the archive is another
 * document, which is called by its name. */
bool xlsx_book_open(
    struct xlsx_book *b, struct archive *z, struct arena *a, struct err *e) MUST_CHECK;

/* The shared text of that number with its quotes; n is 0 when there is none. */
struct str xlsx_shared_text(const struct xlsx_book *b, uint64_t number);

/* A text of the workbook as a JSON string: _x000D_ in it is a CR. */
struct str xlsx_json_text(struct str text, struct arena *a);

#endif

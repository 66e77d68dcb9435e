/* options.c: see options.h. */
#include "formats/options.h"
#include "base/limits.h"
#include "base/tree.h"
#include "base/utf8.h"

#include <stdio.h>

#define LINES_MOST 1000000
#define HEADER_ROWS_MOST 20
#define TABLES_MOST 1000

static const struct choice formats[] = {
    {"auto", "Found out"},
    {"csv", "CSV, TSV and the like"},
    {"jsonl", "JSON, one object a line"},
    {"json", "JSON"},
    {"xlsx", "Excel (.xlsx)"},
    {0},
};

static const struct choice packings[] = {
    {"none", "Not packed"},
    {"gzip", "gzip"},
    {"zstd", "zstd"},
    {"bzip2", "bzip2"},
    {"xz", "xz"},
    {"zip", "ZIP"},
    {0},
};

static const struct choice types[] = {
    {"string", "string"},
    {"text", "text"},
    {"integer", "integer"},
    {"number", "number"},
    {"boolean", "boolean"},
    {"date", "date"},
    {"datetime", "datetime"},
    {"json", "json"},
    {0},
};

static const struct field column_fields[] = {
    [OPTION_FROM] = {"from", "Column", "Its name as it is read.", FIELD_VALUE, .required = true,
	.max = LIMIT_COLUMN_NAME_BYTES},
    [OPTION_NAME] = {"name", "Name", "What it is to be called.", FIELD_LINE,
	.max = LIMIT_COLUMN_NAME_BYTES},
    [OPTION_TYPE] = {"type", "Type", "Left out, it is found out.", FIELD_CHOICE, .choices = types},
    [OPTION_KEEP] = {"keep", "Keep", "False leaves the column out.", FIELD_SWITCH,
	.preset = "true"},
    {0},
};

const struct field option_fields[] = {
    [OPTION_FORMAT] = {"format", "Format", NULL, FIELD_CHOICE, .choices = formats},
    [OPTION_PACKING] = {"packing", "Compression", NULL, FIELD_CHOICE, .choices = packings},
    [OPTION_MEMBER] = {"member", "File in the ZIP", "Which of several is read.", FIELD_LINE,
	.max = LIMIT_FILE_NAME_BYTES},
    [OPTION_ENCODING] = {"encoding", "Encoding", "Of text: utf-8, windows-1252, utf-16le ...",
	FIELD_LINE, .max = 40},
    [OPTION_DELIMITER] = {"delimiter", "Delimiter",
	"What stands between two cells, up to 8 bytes: tab, space, \\t and \\xHH are understood.",
	FIELD_VALUE, .max = 40},
    [OPTION_QUOTE] = {"quote", "Quote", "One character, or none.", FIELD_VALUE, .max = 10},
    [OPTION_ESCAPE] = {"escape", "Escape",
	"What takes the meaning of the character behind it: the quote itself when it is written "
	"twice, often \\, or none.",
	FIELD_VALUE, .max = 10},
    [OPTION_COMMENT] = {"comment", "Comment", "What lines begin with that are no rows, or none.",
	FIELD_VALUE, .max = 40},
    [OPTION_SKIP_LINES] = {"skip_lines", "Lines to skip", "Before the header.", FIELD_INTEGER,
	.max = LINES_MOST},
    [OPTION_HEADER_ROWS] = {"header_rows", "Rows of the header",
	"0: columns are named column1, column2 ...", FIELD_INTEGER, .max = HEADER_ROWS_MOST},
    [OPTION_FOOTER_LINES] = {"footer_lines", "Lines at the end",
	"Behind the last row, which are no rows.", FIELD_INTEGER, .max = LINES_MOST},
    [OPTION_TABLE] = {"table", "Table", "Which of several, one below the other, from 1.",
	FIELD_INTEGER, .min = 1, .max = TABLES_MOST},
    [OPTION_RECORDS] = {"records", "Rows in the JSON",
	"Where the array of rows is, as data.items; . is the top.", FIELD_LINE, .max = 1000},
    [OPTION_SHEET] = {"sheet", "Sheet", "Of the workbook.", FIELD_LINE, .max = 255},
    [OPTION_COLUMNS] = {"columns", "Columns", "What is wanted otherwise than it was found.",
	FIELD_TABLE, .max = LIMIT_COLUMNS, .fields = column_fields},
    {0},
};

/* ---- taking ---- */

/* Bytes that do not show, by their names. */
static const struct named_bytes {
	const char *name, *bytes;
} named_bytes[] = {{"tab", "\t"}, {"space", " "}};

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static struct str
bytes_of(struct str text, struct arena *a)
{
	for (size_t i = 0; i < ARRAY_LENGTH(named_bytes); i++)
		if (str_is(text, named_bytes[i].name))
			return str_of(named_bytes[i].bytes);
	char *out = arena_alloc(a, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		size_t left = text.n - i;
		if (text.p[i] != '\\' || left < 2) {
			out[n++] = text.p[i];
		} else if (text.p[i + 1] == 't') {
			out[n++] = '\t';
			i++;
		} else if (text.p[i + 1] == 'x' && left >= 4 && hex_digit(text.p[i + 2]) >= 0 &&
			   hex_digit(text.p[i + 3]) >= 0) {
			out[n++] = (char)(hex_digit(text.p[i + 2]) * 16 + hex_digit(text.p[i + 3]));
			i += 3;
		} else {
			out[n++] = '\\';
		}
	}
	return (struct str){out, n};
}

static bool
holds_line_end(struct str s)
{
	return s.n && (memchr(s.p, '\n', s.n) || memchr(s.p, '\r', s.n));
}

static bool
take_delimiter(struct str *out, const struct value *v, struct arena *a, struct err *e)
{
	*out = bytes_of(v->text, a);
	return (out->n <= CSV_DELIMITER_BYTES && !holds_line_end(*out) &&
		   utf8_valid(out->p, out->n) == out->n) ||
	       FAIL_FIELD(e, INPUT, "delimiter",
		   "The delimiter must be one to %d bytes of text without a line end",
		   CSV_DELIMITER_BYTES);
}

/* One ASCII character or `none`. */
static bool
take_byte(int *out, const struct value *v, const char *field, struct arena *a, struct err *e)
{
	if (str_is(v->text, "none")) {
		*out = CSV_NONE;
		return true;
	}
	struct str bytes = bytes_of(v->text, a);
	if (bytes.n != 1 || (signed char)bytes.p[0] <= 0 || holds_line_end(bytes))
		return FAIL_FIELD(
		    e, INPUT, field, "The %s must be one ASCII character, or none", field);
	*out = bytes.p[0];
	return true;
}

static bool
take_comment(struct csv_options *out, const struct value *v, struct arena *a, struct err *e)
{
	out->comments_set = true;
	out->comment = str_is(v->text, "none") ? (struct str){0} : bytes_of(v->text, a);
	return (out->comment.n <= CSV_DELIMITER_BYTES && !holds_line_end(out->comment)) ||
	       FAIL_FIELD(e, INPUT, "comment",
		   "The comment must be one to %d bytes without a line end, or none",
		   CSV_DELIMITER_BYTES);
}

static void
take_count(struct option_count *out, const struct value *v)
{
	if (v->set)
		*out = (struct option_count){true, (uint64_t)v->integer};
}

static bool
is_given(const struct value *v)
{
	return v->set && v->text.n > 0;
}

static bool
take_csv(struct csv_options *out, const struct value *v, struct arena *a, struct err *e)
{
	take_count(&out->skip, &v[OPTION_SKIP_LINES]);
	take_count(&out->header_rows, &v[OPTION_HEADER_ROWS]);
	take_count(&out->footer, &v[OPTION_FOOTER_LINES]);
	take_count(&out->table, &v[OPTION_TABLE]);
	if ((is_given(&v[OPTION_DELIMITER]) &&
		!take_delimiter(&out->delimiter, &v[OPTION_DELIMITER], a, e)) ||
	    (is_given(&v[OPTION_QUOTE]) &&
		!take_byte(&out->quote, &v[OPTION_QUOTE], "quote", a, e)) ||
	    (is_given(&v[OPTION_ESCAPE]) &&
		!take_byte(&out->escape, &v[OPTION_ESCAPE], "escape", a, e)) ||
	    (is_given(&v[OPTION_COMMENT]) && !take_comment(out, &v[OPTION_COMMENT], a, e)))
		return false;
	if (out->quote > 0 && out->delimiter.n &&
	    memchr(out->delimiter.p, out->quote, out->delimiter.n))
		return FAIL_FIELD(e, INPUT, "quote", "The quote must not stand in the delimiter");
	return true;
}

static enum table_format
format_of(struct str name)
{
	for (enum table_format f = TABLE_AUTO; f < TABLE__MAX; f++)
		if (str_is(name, table_format_names[f]))
			return f;
	return TABLE_AUTO;
}

static bool
take_columns(struct reading *out, const struct value *table, struct arena *a, struct err *e)
{
	struct column_choice *list = arena_array(a, table->count, sizeof *list);
	for (size_t i = 0; i < table->count; i++) {
		const struct value *v = &table->items[i * (ARRAY_LENGTH(column_fields) - 1)];
		list[i] = (struct column_choice){
		    .from = arena_copy(a, v[OPTION_FROM].text),
		    .name = arena_copy(a, v[OPTION_NAME].text),
		    .type = v[OPTION_TYPE].set ? column_type_from_name(v[OPTION_TYPE].text)
					       : COLUMN__MAX,
		    .left_out = !v[OPTION_KEEP].on,
		};
		for (size_t k = 0; k < i; k++)
			if (str_equal(list[k].from, list[i].from))
				return FAIL_FIELD(e, INPUT, "columns",
				    "The column %.*s is there twice",
				    STR_ARG(str_clip(list[i].from, 100)));
	}
	out->choices = list;
	out->choice_count = table->count;
	return true;
}

bool
reading_take(struct reading *out, const struct value *v, struct arena *a, struct err *e)
{
	*out = (struct reading){.table = {
				    .format = format_of(v[OPTION_FORMAT].text),
				    .packing = arena_copy(a, v[OPTION_PACKING].text),
				    .member = arena_copy(a, v[OPTION_MEMBER].text),
				    .encoding = arena_copy(a, v[OPTION_ENCODING].text),
				    .records = arena_copy(a, v[OPTION_RECORDS].text),
				    .sheet = arena_copy(a, v[OPTION_SHEET].text),
				}};
	return take_csv(&out->table.csv, v, a, e) && take_columns(out, &v[OPTION_COLUMNS], a, e);
}

bool
reading_parse(struct reading *out, struct str json, struct arena *a, struct err *e)
{
	json_t *tree;
	const struct value *values;
	if (json.n == 0) {
		*out = (struct reading){0};
		return true;
	}
	return tree_parse_own(&tree, json, a, e) &&
	       form_check(&values, option_fields, tree, FORM_LENIENT, NULL, a, e) &&
	       reading_take(out, values, a, e);
}

/* ---- writing ---- */

static bool
needs_name(unsigned char c, bool at_edge)
{
	return c < ' ' || c == 0x7f || (c == ' ' && at_edge);
}

static void
write_bytes(struct jsonout *j, const char *field, struct str bytes)
{
	struct buf b;
	buf_init(&b, j->out->arena);
	for (size_t i = 0; i < ARRAY_LENGTH(named_bytes); i++)
		if (str_is(bytes, named_bytes[i].bytes)) {
			jsonout_member_text(j, field, named_bytes[i].name);
			return;
		}
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char c = (unsigned char)bytes.p[i];
		if (c == '\t')
			buf_put_text(&b, "\\t");
		else if (needs_name(c, i == 0 || i + 1 == bytes.n))
			buf_format(&b, "\\x%02x", c);
		else
			buf_put_char(&b, bytes.p[i]);
	}
	jsonout_member_str(j, field, buf_str(&b));
}

static void
write_byte(struct jsonout *j, const char *field, int byte)
{
	char one = (char)byte;
	if (byte == CSV_NONE)
		jsonout_member_text(j, field, "none");
	else if (byte > 0)
		write_bytes(j, field, (struct str){&one, 1});
}

static void
write_count(struct jsonout *j, const char *field, const struct option_count *c)
{
	if (c->set)
		jsonout_member_int(j, field, (int64_t)c->count);
}

static void
write_text(struct jsonout *j, const char *field, struct str text)
{
	if (text.n)
		jsonout_member_str(j, field, text);
}

void
options_write(struct jsonout *j, const struct table_options *o)
{
	const struct csv_options *c = &o->csv;
	if (o->format != TABLE_AUTO)
		jsonout_member_text(j, "format", table_format_names[o->format]);
	write_text(j, "packing", o->packing);
	write_text(j, "member", o->member);
	write_text(j, "encoding", o->encoding);
	if (c->delimiter.n)
		write_bytes(j, "delimiter", c->delimiter);
	write_byte(j, "quote", c->quote);
	write_byte(j, "escape", c->escape);
	if (c->comments_set && c->comment.n == 0)
		jsonout_member_text(j, "comment", "none");
	else if (c->comments_set)
		write_bytes(j, "comment", c->comment);
	write_count(j, "skip_lines", &c->skip);
	write_count(j, "header_rows", &c->header_rows);
	write_count(j, "footer_lines", &c->footer);
	write_count(j, "table", &c->table);
	write_text(j, "records", o->records);
	write_text(j, "sheet", o->sheet);
}

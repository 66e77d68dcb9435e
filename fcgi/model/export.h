/*
 * export.h: what of a dataset's rows is written into a file, and how: as a request's form, as a
 * plan, and the writing itself, for jobs and for the command line.
 */
#ifndef ROWHOUSE_MODEL_EXPORT_H
#define ROWHOUSE_MODEL_EXPORT_H

#include "base/form.h"
#include "formats/export.h"
#include "formats/shares.h"
#include "formats/survey.h"
#include "model/query_words.h"
#include "store/rows.h"

/* The fields of an export, wherever one is asked for. */
enum {
	EXPORT_FIELD_FORMAT,
	EXPORT_FIELD_COLUMNS,
	EXPORT_FIELD_SAFE,
	EXPORT_FIELD_HEADER,
	EXPORT_FIELD_COMPRESS,
	EXPORT_FIELD_SPLIT,
	EXPORT_FIELD_QUERY, /* QUERY_FILTER and those behind it */
	EXPORT_FIELD_SORT = EXPORT_FIELD_QUERY + QUERY__MAX,
	EXPORT_FIELD__COUNT
};
extern const struct field export_fields[EXPORT_FIELD__COUNT + 1];
/* Of split. */
enum {
	SPLIT_FIELD_COLUMN,
	SPLIT_FIELD_SEED,
	SPLIT_FIELD_TEST,
	SPLIT_FIELD_PARTS,
	SPLIT_FIELD__COUNT
};

struct export_plan {
	struct query_request request; /* which rows, in which order: as it was asked for */
	struct query query;           /* and what it means */
	struct export_options options;
	const struct export_column *columns; /* that are written, in order */
	const struct str *ids;               /* "col_name" of each */
	size_t count;
	bool chosen; /* they were named; else they are all there are */
	bool splits;
	size_t split_column; /* its column_id */
	struct str split_id;
	struct str seed;
	const struct share_part *parts; /* one without a name when it does not split */
	size_t part_count;
};

/* What checked fields mean on a dataset with these columns, which must last as long as the plan.
 * INPUT with the field. */
bool export_plan_make(struct export_plan *out, const struct value *values,
    const struct column *columns, size_t count, struct arena *a, struct err *e) MUST_CHECK;
/* The plan as members of the open object, from which export_plan_make() makes the same one again
 * (by form_check, FORM_STRICT): the same words for the same file. */
void export_plan_write(struct jsonout *j, const struct export_plan *p);
/* How the file's name ends ("csv"; several files are packed: "zip"), and the media type of what
 * ends so. */
const char *export_plan_ending(const struct export_plan *p);
const char *export_media_type(struct str ending);

/*
 * Where the rows come from, in the order they are written: a function that hands each to `fn`, as
 * rows_each_fn has it (cells and absent are enough).  It is called once or, for a format with
 * types, twice, and must hand out the same rows both times.  `count` is for progress alone.
 */
struct export_rows {
	void *context;
	bool (*each)(void *context, rows_each_fn *fn, void *fn_context, struct err *e);
	uint64_t count;
};
/* Those the plan asks for; its query may have projections.  The file must be held (rows_hold) until
 * they are written. */
bool export_rows_of(struct export_rows *out, const struct export_plan *plan, struct rows_file *rows,
    struct arena *a, struct err *e) MUST_CHECK;

/* Now and then: rows done of total, passes added up, and rows written; false stops. */
struct export_watch {
	void *context;
	bool (*look)(void *context, uint64_t done, uint64_t total, uint64_t written, struct err *e);
};

struct export_result {
	uint64_t rows;
	uint64_t *part_rows; /* of each part of the plan */
	struct export_note *notes;
	size_t note_count;
};
/* Writes to fd, a file or a pipe.  `scratch`: what names of temporary files begin with. */
bool export_write(struct export_result *out, const struct export_plan *plan,
    const struct export_rows *rows, int fd, const char *scratch, const struct export_watch *watch,
    struct arena *a, struct err *e) MUST_CHECK;

#endif

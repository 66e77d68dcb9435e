/*
 * export.c: `rowhouse export`: the rows of a dataset into a file or to standard output, by the
 * command itself, whether a server runs or not.  What is to be known about the file is said on
 * stderr.
 */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/tree.h"
#include "cli/command.h"
#include "cli/session.h"
#include "model/query.h"
#include "store/store.h"

#include <fcntl.h>
#include <unistd.h>

enum {
	DATA,
	FORMAT,
	OUTPUT,
	COLUMNS,
	SAFE,
	NO_HEADER,
	NO_COMPRESS,
	SPLIT,
	SEED,
	TEST,
	PARTS,
	FILTER,
	INCLUDE,
	EXCLUDE,
	SEARCH,
	SORT,
};

static const struct option table[] = {
    [DATA] = {"data", "DIR", "data", "The data folder"},
    [FORMAT] = {"format", "FORMAT", "csv", "csv, tsv, jsonl, json, xlsx, avro or parquet"},
    [OUTPUT] = {"output", "FILE", NULL, "Where to; standard output when not given"},
    [COLUMNS] = {"columns", "A,B", NULL, "Only these columns, by id or name, in this order"},
    [SAFE] = {"safe", NULL, NULL, "csv, tsv: safe for spreadsheets"},
    [NO_HEADER] = {"no-header", NULL, NULL, "csv, tsv, xlsx: without the columns' names"},
    [NO_COMPRESS] = {"no-compress", NULL, NULL, "avro, parquet: not compressed"},
    [SPLIT] = {"split", "COLUMN", NULL, "Into a ZIP of several files, by a column's text"},
    [SEED] = {"seed", "TEXT", "", "Of the split: the same one gives the same split"},
    [TEST] = {"test", "SHARE", "0.2", "Of the split: the share of test, the rest is train"},
    [PARTS] = {"parts", "A=8,B=2", NULL, "Of the split: files of these names and shares instead"},
    [FILTER] = {"filter", "EXPRESSION", NULL, "Only rows for which this is true: \"price > 100\""},
    [INCLUDE] = {"include", "A:VALUE", NULL,
	"Only rows with this value in column A; again: or that one"},
    [EXCLUDE] = {"exclude", "A:VALUE", NULL, "Only rows without it; again: nor that one"},
    [SEARCH] = {"search", "TEXT", NULL, "Only rows with this text in a cell"},
    [SORT] = {"sort", "A,-B", NULL, "In the order of these columns; -: descending"},
    {0},
};

static const struct options options = {
    .usage = "export [options] ID",
    .about = "Writes the rows of a dataset.  What in the file is not as in the dataset is said on\n"
	     "standard error.",
    .table = table,
    .arguments_min = 1,
    .arguments_max = 1,
};

/* The next of several words with commas between them; false: there is none. */
static bool
next_word(struct str *word, const char **at)
{
	if (!*at || !**at)
		return false;
	size_t n = strcspn(*at, ",");
	*word = (struct str){*at, n};
	*at += n + ((*at)[n] == ',');
	return true;
}

static void
put_parts(struct jsonout *j, const char *parts)
{
	struct str word;
	jsonout_key(j, "parts");
	jsonout_array(j);
	while (next_word(&word, &parts)) {
		const char *equals = memchr(word.p, '=', word.n);
		size_t name = equals ? (size_t)(equals - word.p) : word.n;
		size_t share = equals ? name + 1 : name;
		jsonout_object(j);
		jsonout_member_str(j, "name", (struct str){word.p, name});
		jsonout_member_str(j, "share", (struct str){word.p + share, word.n - share});
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
put_texts(struct jsonout *j, const char *key, const struct command_line *line, size_t option)
{
	size_t at = 0;
	const char *value;
	jsonout_key(j, key);
	jsonout_array(j);
	while ((value = options_next(line, option, &at)))
		jsonout_text(j, value);
	jsonout_end(j);
}

/* The options as a request would say them (export_fields). */
static bool
request_of(json_t **out, const struct command_line *line, struct arena *a, struct err *e)
{
	struct buf b;
	struct jsonout j;
	struct str word;
	const char *columns = line->value[COLUMNS];
	buf_init(&b, a);
	jsonout_init(&j, &b);
	jsonout_object(&j);
	jsonout_member_text(&j, "format", line->value[FORMAT]);
	jsonout_member_bool(&j, "safe", line->value[SAFE] != NULL);
	jsonout_member_bool(&j, "header", line->value[NO_HEADER] == NULL);
	jsonout_member_bool(&j, "compress", line->value[NO_COMPRESS] == NULL);
	jsonout_key(&j, "columns");
	jsonout_array(&j);
	while (next_word(&word, &columns))
		jsonout_str(&j, word);
	jsonout_end(&j);
	jsonout_member_text(&j, "filter", line->value[FILTER]);
	put_texts(&j, "include", line, INCLUDE);
	put_texts(&j, "exclude", line, EXCLUDE);
	jsonout_member_text(&j, "search", line->value[SEARCH]);
	jsonout_member_text(&j, "sort", line->value[SORT]);
	if (line->value[SPLIT]) {
		jsonout_key(&j, "split");
		jsonout_object(&j);
		jsonout_member_text(&j, "column", line->value[SPLIT]);
		jsonout_member_text(&j, "seed", line->value[SEED]);
		jsonout_member_text(&j, "test", line->value[TEST]);
		put_parts(&j, line->value[PARTS]);
		jsonout_end(&j);
	}
	jsonout_end(&j);
	return tree_parse_own(out, buf_str(&b), a, e);
}

/* Temporary files lie where those of jobs do; the sweep finds them there. */
static const char *
scratch_of(struct session *s, const struct dataset *d)
{
	char id[UUID_BYTES];
	uuid_make(id);
	struct str name = arena_format(&s->arena, "export-%s", id);
	return store_derived_path(s->model.store, d->dataset_id, name.p, &s->arena).p;
}

/* Who waits at a terminal ends it by hand. */
static bool
go_on(void *context, struct err *e)
{
	(void)context;
	(void)e;
	return true;
}

static bool
prepare_query(struct session *s, const struct dataset *d, struct export_plan *plan,
    struct rows_file *file, const char *scratch, struct err *e)
{
	static const struct query_watch watch = {NULL, go_on};
	plan->query.watch = &watch;
	return query_prepare_alone(
	    s->model.store, s->model.projections, d, file, &plan->query, scratch, &s->arena, e);
}

static bool
write_to(struct session *s, struct dataset *d, struct export_plan *plan, int fd,
    struct export_result *result, struct err *e)
{
	struct rows_file *file;
	struct export_rows rows;
	const char *scratch = scratch_of(s, d);
	struct str folder = store_derived_path(s->model.store, d->dataset_id, "", &s->arena);
	if (!model_rows_open(&s->model, d, &file, &s->arena, e) || !folder_make(folder.p, e) ||
	    (!query_request_is_plain(&plan->request) &&
		!prepare_query(s, d, plan, file, scratch, e)) ||
	    !rows_hold(file, e))
		return false;
	bool good = export_rows_of(&rows, plan, file, &s->arena, e) &&
		    export_write(result, plan, &rows, fd, scratch, NULL, &s->arena, e);
	rows_let_go(file);
	return good;
}

static bool
export_to(struct session *s, const struct command_line *line, struct err *e)
{
	struct dataset d;
	struct export_plan plan;
	struct export_result result;
	const char *path = line->value[OUTPUT];
	json_t *request;
	int fd = STDOUT_FILENO;
	if (!request_of(&request, line, &s->arena, e) ||
	    !model_dataset_get(&s->model, &s->owner, str_of(line->argument[0]), &d, &s->arena, e) ||
	    !model_export_plan(
		&s->model, &d, request, FORM_TEXT | FORM_STRICT, &plan, &s->arena, e))
		return false;
	if (path) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0)
			return FAIL_ERRNO(e, "%s cannot be written", path);
	}
	bool good = write_to(s, &d, &plan, fd, &result, e);
	if (path && close(fd) != 0 && good)
		good = FAIL_ERRNO(e, "%s cannot be written", path);
	for (size_t i = 0; good && i < result.note_count; i++)
		fprintf(stderr, "%.*s\n", STR_ARG(result.notes[i].message));
	return good;
}

int
command_export(int argc, char **argv)
{
	struct command_line line;
	struct session s;
	struct err e = {0};
	int status;
	if (!options_read(&line, &status, &options, argc, argv))
		return status;
	if (export_format_from_name(str_of(line.value[FORMAT])) == EXPORT__MAX) {
		fprintf(stderr, "rowhouse export: --format must be csv, tsv, jsonl, json, xlsx, "
				"avro or parquet\n");
		return EXIT_USAGE;
	}
	bool good = session_begin(&s, line.value[DATA], false, &e) && export_to(&s, &line, &e);
	return session_end(&s, "export", good, &e);
}

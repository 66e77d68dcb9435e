/*
 * test_writer.c: whatever the process says that reads an untrusted file, its writer makes a whole
 * dataset or none, and says why.
 *
 * This program is its own `rowhouse`: started with the role "writer" it is the real writer, with
 * "child" one that lies as the file DATA/lie says.
 */
#define _GNU_SOURCE
#include "catalog.h"
#include "formats/table.h"
#include "jobs/jobs.h"
#include "jobs/message.h"
#include "jobs/ring.h"
#include "process/spawn.h"
#include "store/rows.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>

#define SOURCE_BYTES 3 /* of "a,b" */

/* ---- the child ---- */

static struct ring *ring;
static const char *scratch;
static struct guess guesses[LIMIT_COLUMNS];

static void
say(enum message type, const void *p, size_t n)
{
	ring_send(ring, type, (struct str){p, n}, (struct str){0});
}

/* A text of so many of this. */
static const char *
many(char what, size_t n)
{
	static char text[LIMIT_DESCRIPTION_BYTES + 2];
	memset(text, what, n);
	text[n] = 0;
	return text;
}

/* A column, whose lengths may be other than its bytes. */
static void
say_column_as(struct column_head head, const char *texts)
{
	static char m[2 * LIMIT_DESCRIPTION_BYTES];
	memcpy(m, &head, sizeof head);
	size_t n =
	    sizeof head + (size_t)snprintf(m + sizeof head, sizeof m - sizeof head, "%s", texts);
	say(MESSAGE_COLUMN, m, n);
}

static void
say_column(const char *name)
{
	say_column_as(
	    (struct column_head){.type = COLUMN__MAX, .name = (uint32_t)strlen(name)}, name);
}

/* One row, whose lengths may be other than its bytes. */
static void
say_row(const char *cells, const char *absent, uint32_t more)
{
	char m[4096];
	struct rows_head head = {1};
	struct row_head row = {2, (uint32_t)strlen(cells) + more, (uint32_t)strlen(absent)};
	size_t n = sizeof head + sizeof row;
	memcpy(m, &head, sizeof head);
	memcpy(m + sizeof head, &row, sizeof row);
	n += (size_t)snprintf(m + n, sizeof m - n, "%s%s", cells, absent);
	say(MESSAGE_ROWS, m, n);
}

static void
say_finding(uint64_t column, const char *code, const char *text, uint32_t more)
{
	static char m[2 * LIMIT_FINDING_BYTES];
	struct finding_head h = {
	    2, column, 0, (uint32_t)strlen(code), (uint32_t)strlen(text) + more};
	memcpy(m, &h, sizeof h);
	size_t n =
	    sizeof h + (size_t)snprintf(m + sizeof h, sizeof m - sizeof h, "%s%s", code, text);
	say(MESSAGE_FINDING, m, n);
}

/* A finding of so many bytes between the rows, though it may say of more. */
static void
say_between(uint64_t column, uint32_t more)
{
	char m[200];
	struct finding_head h = {2, column, 0, 1, 1};
	struct rows_head head = {1};
	struct row_head row = {0, sizeof h + 2 + more, ROW_IS_FINDING};
	memcpy(m, &head, sizeof head);
	memcpy(m + sizeof head, &row, sizeof row);
	memcpy(m + sizeof head + sizeof row, &h, sizeof h);
	memcpy(m + sizeof head + sizeof row + sizeof h, "ct", 2);
	say(MESSAGE_ROWS, m, sizeof head + sizeof row + sizeof h + 2);
}

static void
say_guesses(void)
{
	say(MESSAGE_GUESSES, guesses, sizeof guesses);
}

static void
say_end(uint64_t records, uint64_t rows, uint64_t skipped)
{
	struct table_counts counts = {records, rows, skipped, 0};
	say(MESSAGE_END, &counts, sizeof counts);
}

static void
say_failure(int code, const char *word, const char *message, uint64_t line)
{
	struct err failure = {.at_line = line};
	memcpy(&failure.code, &code, sizeof failure.code);
	memset(failure.word, 'W', sizeof failure.word);
	memset(failure.message, 'm', sizeof failure.message);
	if (word)
		snprintf(failure.word, sizeof failure.word, "%s", word);
	if (message)
		snprintf(failure.message, sizeof failure.message, "%s", message);
	say(MESSAGE_FAIL, &failure, sizeof failure);
}

static void
good_end(void)
{
	say_guesses();
	say_end(3, 2, 1);
}

static void
good_rows(void)
{
	say_column("a");
	say_column("b");
	say_row("[\"1\",\"2\"]", "", 0);
	say_row("[null,3]", "[0]", 0);
}

/* The child's folder is DATA/run/scratch-JOB. */
static const char *
data_of_scratch(void)
{
	static char data[PATH_MAX];
	snprintf(
	    data, sizeof data, "%.*s", (int)(strstr(scratch, "/run/scratch-") - scratch), scratch);
	return data;
}

/* Somebody else cancels the job, after the writer has looked whether it is. */
static void
cancel(void)
{
	struct store *s;
	struct job j = {0};
	struct err why = {0};
	const char *job_id = strstr(scratch, "/run/scratch-") + strlen("/run/scratch-");
	arena_init(&arena, MIB(64));
	if (!store_open(&s, data_of_scratch(), &why))
		abort();
	/* Its first look notes how long the file is. */
	while (j.total != SOURCE_BYTES) {
		if (!store_job_get(s, &j, 0, job_id, &arena, &why))
			abort();
		arena_release(&arena);
		sched_yield();
	}
	if (!store_begin(s, &why) || !store_job_cancel(s, job_id, &why) || !store_commit(s, &why))
		abort();
	store_close(s);
}

/* X(name, what it does before it ends, word of the failure or NULL, part of its message) */
#define LIES(X)                                                                                    \
	X(honest, good_rows(); say_finding(1, "extra-cell", "t", 0); good_end(), NULL, "")         \
	X(more_after_the_end, good_rows(); good_end(); say_row("[]", "", 0), NULL, "")             \
	X(many_findings, for (int i = 0; i < LIMIT_FINDINGS + 9; i++)                              \
			     say_finding(SIZE_MAX, many('c', LIMIT_FINDING_CODE_BYTES), "", 0);    \
	    good_rows(); good_end(), NULL, "")                                                     \
	X(silence, (void)0, "internal", "ended with status 0")                                     \
	X(no_end, good_rows(); say_guesses(), "internal", "ended with status 0")                   \
	X(crash, good_rows(); raise(SIGKILL), "internal", "killed by signal 9")                    \
	X(no_memory, good_rows(); exit(EXIT_MEMORY), "unavailable", "no memory")                   \
	X(column_name_bytes, say_column("\xff\xfe"), "internal", "a column")                       \
	X(column_name_length, char name[LIMIT_COLUMN_NAME_BYTES + 2];                              \
	    memset(name, 'n', sizeof name); name[LIMIT_COLUMN_NAME_BYTES + 1] = 0;                 \
	    say_column(name), "internal", "a column")                                              \
	X(column_vendor_type_length, char name[LIMIT_COLUMN_NAME_BYTES + 2];                       \
	    memset(name, 'n', sizeof name); name[LIMIT_COLUMN_NAME_BYTES + 1] = 0;                 \
	    say_column_as((struct column_head){.vendor_type = LIMIT_COLUMN_NAME_BYTES + 1}, name), \
	    "internal", "a column")                                                                \
	X(short_column, say(MESSAGE_COLUMN, "abc", 3), "internal", "a short column")               \
	X(column_longer_than_said, say_column_as((struct column_head){.name = 2}, "abc"),          \
	    "internal", "a column")                                                                \
	X(column_shorter_than_said, say_column_as((struct column_head){.name = 4}, "abc"),         \
	    "internal", "a column")                                                                \
	X(column_lengths_that_wrap,                                                                \
	    say_column_as(                                                                         \
		(struct column_head){.description = UINT32_MAX, .default_value = 4}, "abc"),       \
	    "internal", "a column")                                                                \
	X(column_of_no_type, say_column_as((struct column_head){.type = COLUMN__MAX + 1}, ""),     \
	    "internal", "a column")                                                                \
	X(column_half_required, say_column_as((struct column_head){.required = 2}, ""),            \
	    "internal", "a column")                                                                \
	X(                                                                                         \
	    too_many_columns,                                                                      \
	    for (int i = 0; i <= LIMIT_COLUMNS; i++) {                                             \
		    char name[16];                                                                 \
		    snprintf(name, sizeof name, "c%d", i);                                         \
		    say_column(name);                                                              \
	    },                                                                                     \
	    "too_big", "2000 columns")                                                             \
	X(short_rows, say(MESSAGE_ROWS, "abc", 3), "internal", "a short message")                  \
	X(cut_row, say(MESSAGE_ROWS, "12345678abc", 11), "internal", "cut off")                    \
	X(long_row, say_column("a"); say_row("[1]", "", 1), "internal", "longer than its message") \
	X(endless_row, say_column("a"); say_row("[1]", "", UINT32_MAX - 3), "internal", "longer")  \
	X(no_cells, say_column("a"); say_row("", "", 0), "internal", "cannot be right")            \
	X(cells_that_are_none, say_column("a"); say_row("[1", "", 0), "internal", "cannot be")     \
	X(two_values_in_one, say_column("a"); say_row("[1][1]", "", 0), "internal", "cannot be")   \
	X(cells_of_noise, say_column("a"); say_row("[\"\xff\"]", "", 0), "internal", "cannot be")  \
	X(cells_without_columns, say_row("[1]", "", 0), "internal", "cannot be")                   \
	X(more_cells_than_columns, good_rows();                                                    \
	    say_row("[1,2,3]", "", 0), "internal", "cannot be")                                    \
	X(absent_beyond, good_rows(); say_row("[1,2]", "[2]", 0), "internal", "absent")            \
	X(absent_of_noise, good_rows(); say_row("[1,2]", "x", 0), "internal", "absent")            \
	X(finding_between, good_rows(); say_between(1, 0); good_end(), NULL, "")                   \
	X(finding_between_about_nothing, good_rows(); say_between(7, 0), "internal", "a finding")  \
	X(endless_finding_between, good_rows(); say_between(0, 1), "internal", "longer")           \
	X(short_finding, say(MESSAGE_FINDING, "abc", 3), "internal", "finding")                    \
	X(long_finding, say_finding(SIZE_MAX, "c", "t", 9), "internal", "a finding")               \
	X(endless_finding, say_finding(SIZE_MAX, "c", "t", UINT32_MAX), "internal", "a finding")   \
	X(finding_with_a_long_code,                                                                \
	    say_finding(SIZE_MAX, many('c', LIMIT_FINDING_CODE_BYTES + 1), "t", 0), "internal",    \
	    "a finding")                                                                           \
	X(finding_at_its_limit, say_finding(SIZE_MAX, "c", many('t', LIMIT_FINDING_BYTES), 0);     \
	    good_rows(); good_end(), NULL, "")                                                     \
	X(finding_over_its_limit,                                                                  \
	    say_finding(SIZE_MAX, "c", many('t', LIMIT_FINDING_BYTES + 1), 0), "internal",         \
	    "a finding")                                                                           \
	X(description_at_its_limit,                                                                \
	    say_column_as((struct column_head){.description = (uint32_t)LIMIT_DESCRIPTION_BYTES},  \
		many('d', LIMIT_DESCRIPTION_BYTES));                                               \
	    say_column("b"); say_row("[1,2]", "", 0); say_row("[1,2]", "", 0);                     \
	    good_end(), NULL, "")                                                                  \
	X(description_over_its_limit,                                                              \
	    say_column_as(                                                                         \
		(struct column_head){.description = (uint32_t)LIMIT_DESCRIPTION_BYTES + 1},        \
		many('d', LIMIT_DESCRIPTION_BYTES + 1)),                                           \
	    "internal", "a column")                                                                \
	X(default_value_over_its_limit,                                                            \
	    say_column_as(                                                                         \
		(struct column_head){.default_value = (uint32_t)LIMIT_DESCRIPTION_BYTES + 1},      \
		many('d', LIMIT_DESCRIPTION_BYTES + 1)),                                           \
	    "internal", "a column")                                                                \
	X(finding_without_code, say_finding(SIZE_MAX, "", "t", 0), "internal", "a finding")        \
	X(finding_beyond, good_rows(); say_finding(2, "c", "t", 0), "internal", "a finding")       \
	X(finding_of_noise, say_finding(SIZE_MAX, "c", "\xc3", 0), "internal", "a finding")        \
	X(few_guesses, good_rows();                                                                \
	    say(MESSAGE_GUESSES, guesses, sizeof guesses[0]), "internal", "the statistics")        \
	X(end_without_guesses, good_rows(); say_end(3, 2, 1), "internal", "the end")               \
	X(short_end, good_rows(); say_guesses();                                                   \
	    say(MESSAGE_END, "abc", 3), "internal", "the end")                                     \
	X(more_rows_said, good_rows(); say_guesses(); say_end(3, 3, 1), "internal", "add up")      \
	X(records_lost, good_rows(); say_guesses(); say_end(9, 2, 1), "internal", "add up")        \
	X(records_over, good_rows(); say_guesses();                                                \
	    say_end(1, 2, UINT64_MAX), "internal", "add up")                                       \
	X(values_over, guesses[1].values = 3; good_rows(); good_end(), "internal", "add up")       \
	X(guesses_of_noise, memset(guesses, 0xff, sizeof guesses);                                 \
	    guesses[0].values = guesses[1].values = 0; good_rows();                                \
	    good_end(), "internal", "add up")                                                      \
	X(unknown_message, say((enum message)77, "x", 1), "internal", "unknown message")           \
	X(failure, say_failure(ERR_INPUT, "", "line 7 is no record", 7), "bad_input",              \
	    "line 7 is no record")                                                                 \
	X(failure_in_a_plugins_word, say_failure(ERR_INPUT, "no_such_bird", "it flew", 7),         \
	    "no_such_bird", "it flew")                                                             \
	X(failure_whose_word_is_a_text, say_failure(ERR_INPUT, "<b>", "m", 7), "bad_input", "m")   \
	X(failure_of_noise, say_failure(-5, NULL, NULL, UINT64_MAX), "internal", "mmm")            \
	X(failure_that_is_none, say_failure(ERR_OK, "", "fine", 0), "internal", "fine")            \
	X(failure_beyond, say_failure(ERR__MAX, "", "\xff\n", 0), "internal", "? ")                \
	X(cancelled_by_itself, say_failure(ERR_CANCELLED, "", "I stop", 0), "internal", "I stop")  \
	X(short_failure, say(MESSAGE_FAIL, "abc", 3), "internal", "a short failure")               \
	X(cancelled_at_the_end, good_rows(); cancel(); good_end(), "cancelled", "cancelled")       \
	X(ring_taken_away, good_rows(); if (ftruncate(3, 0) == 0) exit(3); good_end(), NULL, "")

#define X(name, action, word, part)                                                                \
	static void lie_##name(void)                                                               \
	{                                                                                          \
		action;                                                                            \
	}
LIES(X)
#undef X

static const struct lie {
	const char *name;
	void (*tell)(void);
	const char *word, *part;
} lies[] = {
#define X(name, action, word, part) {#name, lie_##name, word, part},
    LIES(X)
#undef X
};

static int
child(void)
{
	struct err why = {0};
	struct str name;
	arena_init(&arena, MIB(1));
	if (!ring_attach(&ring, 3, &why) ||
	    !file_read(&name, folder_file(data_of_scratch(), "lie"), 100, &arena, &why))
		return 9;
	for (size_t i = 0; i < ARRAY_LENGTH(lies); i++)
		if (str_is(name, lies[i].name))
			lies[i].tell();
	return 0;
}

/* ---- the tests ---- */

/* How many files of rows, whole or half, a dataset has. */
static size_t
row_files(const char *dataset_id)
{
	size_t n = 0;
	DIR *d = opendir(arena_format(&arena, "%s/datasets/%s", folder, dataset_id).p);
	struct dirent *entry;
	while (d && (entry = readdir(d)))
		n += strncmp(entry->d_name, "rows", 4) == 0;
	if (d)
		closedir(d);
	return n;
}

/* Runs a writer for a job, with a child that lies like this; its exit status. */
static int
run_writer(const char *job_id, const char *lie)
{
	int status;
	pid_t pid;
	const char *arguments[] = {"writer", folder, job_id, NULL};
	struct spawn spawn = {arguments, NULL, 0, SIGKILL};
	file_put(folder_file(folder, "lie"), str_of(lie));
	/* What it logs is not for the screen, but a sanitizer's report is. */
	int kept = dup(STDERR_FILENO);
	int quiet = open(folder_file(folder, "log/writer"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(kept >= 0 && quiet >= 0 && dup2(quiet, STDERR_FILENO) >= 0);
	bool started = spawn_role(&pid, NULL, &spawn, &e);
	dup2(kept, STDERR_FILENO);
	close(kept);
	close(quiet);
	MUST(started);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	struct str said;
	MUST(file_read(&said, folder_file(folder, "log/writer"), MIB(8), &arena, &e));
	if (!WIFEXITED(status) || strstr(said.p, "Sanitizer") || strstr(said.p, "runtime error"))
		fail_msg("%s: the writer ended with %x: %s", lie, (unsigned)status, said.p);
	return WEXITSTATUS(status);
}

/* A dataset of a source of one file, and its job, taken. */
static struct dataset
new_reading(struct job *job)
{
	bool found;
	struct source s = new_source(1, SOURCE_BYTES);
	const char *blob = new_blob(STR("a,b"));
	MUST(store_begin(store, &e));
	MUST(store_source_file_stored(store, s.source_id, 0, blob, &e));
	MUST(store_source_stored(store, s.source_id, &e));
	MUST(store_commit(store, &e));
	struct dataset d = new_dataset(1, s.source_id, "queued");
	struct job made = {.org_id = 1,
	    .kind = STR("ingest"),
	    .dataset_id = str_of(d.dataset_id),
	    .params = STR("{\"hook\":\"ingest\",\"type\":\"data_enrichment\",\"values\":{}}")};
	WRITE(store_job_insert(store, &made, &e));
	MUST(store_job_claim(store, job, &found, "ingest", &arena, &e));
	assert_true(found);
	return d;
}

static struct dataset
write_with(const char *lie, struct job *job)
{
	struct dataset d = new_reading(job), now;
	int status = run_writer(job->job_id, lie);
	*job = job_now(job->job_id);
	MUST(store_dataset_get(store, &now, 1, d.dataset_id, &arena, &e));
	assert_int_equal(status, str_is(now.state, "failed"));
	return now;
}

static void
a_dataset_is_whole_or_there_is_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lies); i++) {
		struct job j;
		struct dataset d = write_with(lies[i].name, &j);
		if (!lies[i].word) {
			if (!str_is(d.state, "ready"))
				fail_msg("%s: %s", lies[i].name, d.error.message.p);
			assert_string_equal(j.state.p, "done");
			assert_int_equal(d.rows, 2);
			assert_int_equal(d.generation, 1);
			assert_int_equal(row_files(d.dataset_id), 1);
			continue;
		}
		bool cancelled = strcmp(lies[i].word, "cancelled") == 0;
		if (!str_is(d.state, "failed") ||
		    !str_is(j.state, cancelled ? "cancelled" : "failed"))
			fail_msg("%s: %s, %s", lies[i].name, d.state.p, j.state.p);
		if (!str_is(d.error.code, lies[i].word) || !strstr(d.error.message.p, lies[i].part))
			fail_msg("%s: %s: %s", lies[i].name, d.error.code.p, d.error.message.p);
		assert_true(str_equal(j.error.message, d.error.message));
		assert_int_equal(d.generation + (int64_t)d.rows, 0);
		assert_int_equal(row_files(d.dataset_id), 0);
	}
}

static void
an_honest_child_makes_the_rows_it_said(void **state)
{
	(void)state;
	struct job j;
	struct rows_file *file;
	const struct column *columns;
	struct finding_row *findings;
	size_t count;
	struct dataset d = write_with("honest", &j);
	assert_int_equal(d.columns, 2);
	assert_int_equal(d.records_read, 3);
	assert_int_equal(d.records_skipped, 1);
	assert_int_equal(d.findings, 1);
	MUST(rows_open(&file, store_rows_path(store, d.dataset_id, 1, &arena).p, &e));
	MUST(rows_columns(file, &columns, &count, &arena, &e));
	assert_int_equal(count, 2);
	assert_true(str_is(columns[1].name, "b"));
	MUST(rows_findings(file, 0, 9, &findings, &count, &arena, &e));
	assert_int_equal(count, 1);
	assert_true(str_is(findings[0].code, "extra-cell"));
	rows_close(file);
}

static void
a_job_that_was_cancelled_before_makes_nothing(void **state)
{
	(void)state;
	struct job j;
	struct dataset d = new_reading(&j);
	WRITE(store_job_cancel(store, j.job_id, &e));
	assert_int_equal(run_writer(j.job_id, "honest"), 1);
	assert_string_equal(job_now(j.job_id).state.p, "cancelled");
	ASSERT_ASK("failed 0", "SELECT state, generation FROM datasets WHERE dataset_id='%s'",
	    d.dataset_id);
	assert_int_equal(row_files(d.dataset_id), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_dataset_is_whole_or_there_is_none),
	    cmocka_unit_test(an_honest_child_makes_the_rows_it_said),
	    cmocka_unit_test(a_job_that_was_cancelled_before_makes_nothing),
	};
	role_begin();
	if (argc > 1 && strcmp(argv[1], "writer") == 0)
		return command_writer(argc - 1, argv + 1);
	if (argc > 3 && strcmp(argv[1], "child") == 0) {
		scratch = argv[3];
		return child();
	}
	return cmocka_run_group_tests(tests, catalog_begin, catalog_end);
}

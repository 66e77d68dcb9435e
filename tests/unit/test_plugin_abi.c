/*
 * test_plugin_abi.c: what plugins were built against stays where it is.
 *
 * A plugin is not compiled together with the core, so a member that moves is read at its old place:
 * nothing fails, only everything is wrong.  The numbers below are those of ABI 1.0 on x86_64.  They
 * do not change; who has to change one raises ROWHOUSE_ABI_MAJOR and records the table anew.
 */
#include "plugin.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define RECORDED_MAJOR 1
#define RECORDED_MINOR 0

/* SIZE(struct, bytes), AT(struct, member, offset).  Not in it: `spare` members, whose places may be
 * taken. */
#define LAYOUT_TABLE(SIZE, AT)                                                                     \
	SIZE(str, 16)                                                                              \
	AT(str, p, 0)                                                                              \
	AT(str, n, 8)                                                                              \
	SIZE(err, 568)                                                                             \
	AT(err, code, 0)                                                                           \
	AT(err, file, 8)                                                                           \
	AT(err, line, 16)                                                                          \
	AT(err, at_line, 24)                                                                       \
	AT(err, retry_s, 32)                                                                       \
	AT(err, word, 40)                                                                          \
	AT(err, field, 72)                                                                         \
	AT(err, message, 152)                                                                      \
	SIZE(arena, 32)                                                                            \
	AT(arena, block, 0)                                                                        \
	AT(arena, deferred, 8)                                                                     \
	AT(arena, used, 16)                                                                        \
	AT(arena, limit, 24)                                                                       \
	SIZE(arena_mark, 24)                                                                       \
	AT(arena_mark, block, 0)                                                                   \
	AT(arena_mark, block_used, 8)                                                              \
	AT(arena_mark, deferred, 16)                                                               \
	SIZE(buf, 32)                                                                              \
	AT(buf, arena, 0)                                                                          \
	AT(buf, p, 8)                                                                              \
	AT(buf, n, 16)                                                                             \
	AT(buf, capacity, 24)                                                                      \
	SIZE(cell, 24)                                                                             \
	AT(cell, kind, 0)                                                                          \
	AT(cell, escaped, 4)                                                                       \
	AT(cell, bytes, 8)                                                                         \
	SIZE(jsonout, 144)                                                                         \
	AT(jsonout, out, 0)                                                                        \
	AT(jsonout, depth, 8)                                                                      \
	AT(jsonout, has_key, 12)                                                                   \
	AT(jsonout, filled, 13)                                                                    \
	AT(jsonout, scope, 77)                                                                     \
	SIZE(choice, 24)                                                                           \
	AT(choice, value, 0)                                                                       \
	AT(choice, label, 8)                                                                       \
	SIZE(field, 128)                                                                           \
	AT(field, name, 0)                                                                         \
	AT(field, label, 8)                                                                        \
	AT(field, help, 16)                                                                        \
	AT(field, kind, 24)                                                                        \
	AT(field, required, 28)                                                                    \
	AT(field, preset, 32)                                                                      \
	AT(field, min, 40)                                                                         \
	AT(field, max, 48)                                                                         \
	AT(field, choices, 56)                                                                     \
	AT(field, fields, 64)                                                                      \
	AT(field, word, 72)                                                                        \
	AT(field, required_text, 80)                                                               \
	AT(field, autocomplete, 88)                                                                \
	SIZE(value, 80)                                                                            \
	AT(value, set, 0)                                                                          \
	AT(value, on, 1)                                                                           \
	AT(value, text, 8)                                                                         \
	AT(value, number, 24)                                                                      \
	AT(value, integer, 32)                                                                     \
	AT(value, items, 40)                                                                       \
	AT(value, count, 48)                                                                       \
	AT(value, json, 56)                                                                        \
	SIZE(form_column, 40)                                                                      \
	AT(form_column, column_id, 0)                                                              \
	AT(form_column, id, 8)                                                                     \
	AT(form_column, name, 24)                                                                  \
	SIZE(form_columns, 16)                                                                     \
	AT(form_columns, list, 0)                                                                  \
	AT(form_columns, count, 8)                                                                 \
	SIZE(shared_words, 40)                                                                     \
	AT(shared_words, boundary, 0)                                                              \
	AT(shared_words, over_limit, 8)                                                            \
	AT(shared_words, log_role, 16)                                                             \
	AT(shared_words, live_bytes, 24)                                                           \
	AT(shared_words, is_limited, 32)                                                           \
	AT(shared_words, was_refused, 33)                                                          \
	AT(shared_words, no_memory, 34)                                                            \
	SIZE(input, 56)                                                                            \
	AT(input, fd, 0)                                                                           \
	AT(input, offset, 8)                                                                       \
	AT(input, length, 16)                                                                      \
	AT(input, done, 24)                                                                        \
	AT(input, total, 32)                                                                       \
	SIZE(finding, 64)                                                                          \
	AT(finding, code, 0)                                                                       \
	AT(finding, line, 8)                                                                       \
	AT(finding, column, 16)                                                                    \
	AT(finding, message, 24)                                                                   \
	AT(finding, row_id, 40)                                                                    \
	SIZE(guess, 48)                                                                            \
	AT(guess, excluded, 0)                                                                     \
	AT(guess, json, 1)                                                                         \
	AT(guess, has_number, 2)                                                                   \
	AT(guess, values, 8)                                                                       \
	AT(guess, empty, 16)                                                                       \
	AT(guess, longest, 24)                                                                     \
	AT(guess, least, 32)                                                                       \
	AT(guess, most, 40)                                                                        \
	SIZE(host_column, 128)                                                                     \
	AT(host_column, column_id, 0)                                                              \
	AT(host_column, id, 8)                                                                     \
	AT(host_column, name, 24)                                                                  \
	AT(host_column, vendor_type, 40)                                                           \
	AT(host_column, description, 56)                                                           \
	AT(host_column, default_value, 72)                                                         \
	AT(host_column, type, 88)                                                                  \
	AT(host_column, required, 92)                                                              \
	SIZE(host_dataset, 88)                                                                     \
	AT(host_dataset, id, 0)                                                                    \
	AT(host_dataset, name, 16)                                                                 \
	AT(host_dataset, description, 32)                                                          \
	AT(host_dataset, type, 48)                                                                 \
	AT(host_dataset, rows, 64)                                                                 \
	AT(host_dataset, columns, 72)                                                              \
	AT(host_dataset, column_count, 80)                                                         \
	SIZE(host_row, 32)                                                                         \
	AT(host_row, row_id, 0)                                                                    \
	AT(host_row, rev, 8)                                                                       \
	AT(host_row, line, 16)                                                                     \
	AT(host_row, cells, 24)                                                                    \
	SIZE(host_input, 120)                                                                      \
	AT(host_input, slot, 0)                                                                    \
	AT(host_input, name, 16)                                                                   \
	AT(host_input, content_type, 32)                                                           \
	AT(host_input, bytes, 48)                                                                  \
	SIZE(host_new_column, 112)                                                                 \
	AT(host_new_column, name, 0)                                                               \
	AT(host_new_column, type, 16)                                                              \
	AT(host_new_column, vendor_type, 24)                                                       \
	AT(host_new_column, description, 40)                                                       \
	AT(host_new_column, default_value, 56)                                                     \
	AT(host_new_column, required, 72)                                                          \
	SIZE(host_mark, 48)                                                                        \
	AT(host_mark, state, 0)                                                                    \
	AT(host_mark, confidence, 8)                                                               \
	AT(host_mark, source, 16)                                                                  \
	SIZE(host_tool, 88)                                                                        \
	AT(host_tool, name, 0)                                                                     \
	AT(host_tool, arguments, 8)                                                                \
	AT(host_tool, input, 16)                                                                   \
	AT(host_tool, seconds, 20)                                                                 \
	AT(host_tool, output_limit, 24)                                                            \
	AT(host_tool, output, 32)                                                                  \
	AT(host_tool, status, 48)                                                                  \
	SIZE(host, 232)                                                                            \
	AT(host, size, 0)                                                                          \
	AT(host, arena, 8)                                                                         \
	AT(host, row, 16)                                                                          \
	AT(host, dataset, 24)                                                                      \
	AT(host, org, 32)                                                                          \
	AT(host, folder, 48)                                                                       \
	AT(host, scratch, 64)                                                                      \
	AT(host, cursor, 80)                                                                       \
	AT(host, self, 96)                                                                         \
	AT(host, progress, 104)                                                                    \
	AT(host, input_count, 112)                                                                 \
	AT(host, input, 120)                                                                       \
	AT(host, add_column, 128)                                                                  \
	AT(host, add_row, 136)                                                                     \
	AT(host, finding, 144)                                                                     \
	AT(host, each_row, 152)                                                                    \
	AT(host, page, 160)                                                                        \
	AT(host, set_cell, 168)                                                                    \
	AT(host, remove_row, 176)                                                                  \
	AT(host, checkpoint, 184)                                                                  \
	AT(host, answer, 192)                                                                      \
	AT(host, get_state, 200)                                                                   \
	AT(host, put_state, 208)                                                                   \
	AT(host, tool, 216)                                                                        \
	AT(host, quiet, 224)                                                                       \
	SIZE(plugin_slot, 56)                                                                      \
	AT(plugin_slot, name, 0)                                                                   \
	AT(plugin_slot, label, 8)                                                                  \
	AT(plugin_slot, help, 16)                                                                  \
	AT(plugin_slot, kind, 24)                                                                  \
	AT(plugin_slot, required, 28)                                                              \
	AT(plugin_slot, many, 29)                                                                  \
	AT(plugin_slot, endings, 32)                                                               \
	SIZE(plugin_bounds, 16)                                                                    \
	AT(plugin_bounds, seconds, 0)                                                              \
	AT(plugin_bounds, memory_mib, 4)                                                           \
	SIZE(plugin_work, 120)                                                                     \
	AT(plugin_work, name, 0)                                                                   \
	AT(plugin_work, title, 8)                                                                  \
	AT(plugin_work, help, 16)                                                                  \
	AT(plugin_work, form, 24)                                                                  \
	AT(plugin_work, sources, 32)                                                               \
	AT(plugin_work, bounds, 40)                                                                \
	AT(plugin_work, check, 56)                                                                 \
	AT(plugin_work, estimate, 64)                                                              \
	AT(plugin_work, columns, 72)                                                               \
	AT(plugin_work, run, 80)                                                                   \
	SIZE(plugin_view, 80)                                                                      \
	AT(plugin_view, name, 0)                                                                   \
	AT(plugin_view, title, 8)                                                                  \
	AT(plugin_view, help, 16)                                                                  \
	AT(plugin_view, form, 24)                                                                  \
	AT(plugin_view, panel, 32)                                                                 \
	AT(plugin_view, fill, 40)                                                                  \
	SIZE(plugin_verb, 48)                                                                      \
	AT(plugin_verb, name, 0)                                                                   \
	AT(plugin_verb, alias, 8)                                                                  \
	AT(plugin_verb, line, 16)                                                                  \
	AT(plugin_verb, run, 24)                                                                   \
	SIZE(plugin_type, 128)                                                                     \
	AT(plugin_type, name, 0)                                                                   \
	AT(plugin_type, title, 8)                                                                  \
	AT(plugin_type, help, 16)                                                                  \
	AT(plugin_type, form, 24)                                                                  \
	AT(plugin_type, sources, 32)                                                               \
	AT(plugin_type, bounds, 40)                                                                \
	AT(plugin_type, check, 56)                                                                 \
	AT(plugin_type, ingest, 64)                                                                \
	AT(plugin_type, tasks, 72)                                                                 \
	AT(plugin_type, calls, 80)                                                                 \
	AT(plugin_type, views, 88)                                                                 \
	SIZE(rowhouse_plugin, 88)                                                                  \
	AT(rowhouse_plugin, abi_major, 0)                                                          \
	AT(rowhouse_plugin, abi_minor, 4)                                                          \
	AT(rowhouse_plugin, size, 8)                                                               \
	AT(rowhouse_plugin, zero, 12)                                                              \
	AT(rowhouse_plugin, words, 16)                                                             \
	AT(rowhouse_plugin, name, 24)                                                              \
	AT(rowhouse_plugin, title, 32)                                                             \
	AT(rowhouse_plugin, types, 40)                                                             \
	AT(rowhouse_plugin, tasks, 48)                                                             \
	AT(rowhouse_plugin, views, 56)                                                             \
	AT(rowhouse_plugin, verbs, 64)                                                             \
	AT(rowhouse_plugin, tools, 72)                                                             \
	AT(rowhouse_plugin, folder, 80)

/* IS(constant, value) */
#define VALUE_TABLE(IS)                                                                            \
	IS(ERR_OK, 0)                                                                              \
	IS(ERR_INPUT, 1)                                                                           \
	IS(ERR_UNAUTHORIZED, 2)                                                                    \
	IS(ERR_FORBIDDEN, 3)                                                                       \
	IS(ERR_QUOTA, 4)                                                                           \
	IS(ERR_NOT_FOUND, 5)                                                                       \
	IS(ERR_METHOD, 6)                                                                          \
	IS(ERR_CONFLICT, 7)                                                                        \
	IS(ERR_LOCKED, 8)                                                                          \
	IS(ERR_GONE, 9)                                                                            \
	IS(ERR_LENGTH, 10)                                                                         \
	IS(ERR_PRECONDITION, 11)                                                                   \
	IS(ERR_TOO_BIG, 12)                                                                        \
	IS(ERR_MEDIA_TYPE, 13)                                                                     \
	IS(ERR_UNPROCESSABLE, 14)                                                                  \
	IS(ERR_PRECONDITION_MISSING, 15)                                                           \
	IS(ERR_BUSY, 16)                                                                           \
	IS(ERR_CANCELLED, 17)                                                                      \
	IS(ERR_SYSTEM, 18)                                                                         \
	IS(ERR_UNAVAILABLE, 19)                                                                    \
	IS(ERR_TIMEOUT, 20)                                                                        \
	IS(ERR_DISK_FULL, 21)                                                                      \
	IS(CELL_ABSENT, 0)                                                                         \
	IS(CELL_NULL, 1)                                                                           \
	IS(CELL_TEXT, 2)                                                                           \
	IS(CELL_NUMBER, 3)                                                                         \
	IS(CELL_TRUE, 4)                                                                           \
	IS(CELL_FALSE, 5)                                                                          \
	IS(CELL_JSON, 6)                                                                           \
	IS(FIELD_LINE, 0)                                                                          \
	IS(FIELD_AREA, 1)                                                                          \
	IS(FIELD_SECRET, 2)                                                                        \
	IS(FIELD_NUMBER, 3)                                                                        \
	IS(FIELD_INTEGER, 4)                                                                       \
	IS(FIELD_SWITCH, 5)                                                                        \
	IS(FIELD_CHOICE, 6)                                                                        \
	IS(FIELD_TIME, 7)                                                                          \
	IS(FIELD_VALUE, 8)                                                                         \
	IS(FIELD_COLUMN, 9)                                                                        \
	IS(FIELD_OBJECT, 10)                                                                       \
	IS(FIELD_TEXTS, 11)                                                                        \
	IS(FIELD_GROUP, 12)                                                                        \
	IS(FIELD_TABLE, 13)                                                                        \
	IS(COLUMN_STRING, 0)                                                                       \
	IS(COLUMN_TEXT, 1)                                                                         \
	IS(COLUMN_INTEGER, 2)                                                                      \
	IS(COLUMN_NUMBER, 3)                                                                       \
	IS(COLUMN_BOOLEAN, 4)                                                                      \
	IS(COLUMN_DATE, 5)                                                                         \
	IS(COLUMN_DATETIME, 6)                                                                     \
	IS(COLUMN_JSON, 7)                                                                         \
	IS(COLUMN_GUESSED, 255)                                                                    \
	IS(SLOT_TABLE, 0)                                                                          \
	IS(SLOT_DOCUMENT, 1)

struct place {
	const char *of, *member; /* member NULL: the size of the struct */
	size_t now, recorded;
};
#define SIZE(name, bytes) {"struct " #name, NULL, sizeof(struct name), (bytes)},
#define AT(name, member, offset)                                                                   \
	{"struct " #name, #member, offsetof(struct name, member), (offset)},
static const struct place places[] = {LAYOUT_TABLE(SIZE, AT)};
#undef SIZE
#undef AT

#define IS(name, value) {#name, NULL, (size_t)(name), (value)},
static const struct place constants[] = {VALUE_TABLE(IS)};
#undef IS

#define WHAT_TO_DO                                                                                 \
	"plugins that are built already would read it wrongly: raise ROWHOUSE_ABI_MAJOR in "       \
	"fcgi/plugin.h, say there what changed, and record the new number here"

static bool
is_recorded_here(void)
{
#if defined(__x86_64__) && defined(__LP64__)
	return true;
#else
	return false;
#endif
}

/* The structs that may grow at their end, which raises the minor number. */
static bool
may_grow(const struct place *p)
{
	static const char *const growing[] = {"struct rowhouse_plugin", "struct host",
	    "struct host_dataset", "struct host_row", "struct shared_words"};
	if (ROWHOUSE_ABI_MINOR == RECORDED_MINOR || p->now < p->recorded)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(growing); i++)
		if (strcmp(p->of, growing[i]) == 0)
			return true;
	return false;
}

static void
the_table_is_of_this_abi(void **state)
{
	(void)state;
	if (ROWHOUSE_ABI_MAJOR != RECORDED_MAJOR)
		fail_msg("ABI %d has no table yet: record sizes and places anew, and set "
			 "RECORDED_MAJOR",
		    ROWHOUSE_ABI_MAJOR);
	assert_true(ROWHOUSE_ABI_MINOR >= RECORDED_MINOR);
}

static void
every_struct_is_laid_out_as_plugins_know_it(void **state)
{
	(void)state;
	if (!is_recorded_here())
		skip();
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		const struct place *p = &places[i];
		if (p->now == p->recorded)
			continue;
		if (p->member)
			fail_msg("%s.%s is at byte %zu, in ABI %d.%d it is at %zu; " WHAT_TO_DO,
			    p->of, p->member, p->now, RECORDED_MAJOR, RECORDED_MINOR, p->recorded);
		else if (!may_grow(p))
			fail_msg("%s has %zu bytes, in ABI %d.%d it has %zu; " WHAT_TO_DO, p->of,
			    p->now, RECORDED_MAJOR, RECORDED_MINOR, p->recorded);
	}
}

static void
every_word_means_what_plugins_mean_by_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(constants); i++) {
		const struct place *p = &constants[i];
		if (p->now != p->recorded)
			fail_msg("%s is %zu, in ABI %d.%d it is %zu; " WHAT_TO_DO, p->of, p->now,
			    RECORDED_MAJOR, RECORDED_MINOR, p->recorded);
	}
	/* A new one at the end raises the minor number. */
	if (ROWHOUSE_ABI_MINOR == RECORDED_MINOR) {
		assert_int_equal(ERR__MAX, ERR_DISK_FULL + 1);
		assert_int_equal(COLUMN__MAX, COLUMN_JSON + 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table_is_of_this_abi),
	    cmocka_unit_test(every_struct_is_laid_out_as_plugins_know_it),
	    cmocka_unit_test(every_word_means_what_plugins_mean_by_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * test_loader.c: a plugin is loaded when it is what the contract says, and refused with a reason
 * that says what to do when it is not; what is refused runs no code and leaves the next alone.
 */
#include "plugin/loader.h"
#include "plugin/elf.h"
#include "shared_object.h"
#include "must.h"

#include <elf.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *folder;
static struct arena arena;
static struct err e;
static const struct rowhouse_plugin *plugin;

static bool
load(const char *name)
{
	err_clear(&e);
	return plugin_load(&plugin, folder, name, &arena, &e);
}

/* Refused, with this code, and these words in the reason. */
static void
refused(const char *name, enum err_code code, const char *words)
{
	if (load(name))
		fail_msg("%s was loaded", name);
	if (e.code != code || !strstr(e.message, words))
		fail_msg("%s: %s, not \"%s\" (%s)", name, e.message, words, err_word(&e));
}

#define make(name, text) make_shared_object(folder, name, text, NULL)

static const char good_text[] = PLUGIN_TEXT
    "static int run(const struct host *h, int argc, char **argv) "
    "{ (void)h; (void)argv; return argc + 40; }\n"
    "static const struct plugin_verb verbs[] = {{.name = \"go\", .line = \"l\", .run = run}, "
    "{0}};\n"
    "static const struct plugin_slot slots[] = {{.name = \"data\", .label = \"L\"}, {0}};\n"
    "static const struct plugin_type types[] = {{.name = \"t\", .title = \"T\", .sources = slots}, "
    "{0}};\n" PLUGIN_CONSTANT(".name = \"good\", .types = types, .verbs = verbs, .folder = true");

static void
a_good_plugin_is_what_it_says(void **state)
{
	(void)state;
	MUST(load("good"));
	assert_string_equal(plugin->name, "good");
	assert_string_equal(plugin->title, "T");
	assert_string_equal(plugin->types[0].name, "t");
	assert_true(plugin->folder);
	assert_int_equal(plugin->verbs[0].run(NULL, 2, NULL), 42);
	/* Both halves of the process count in the same words. */
	assert_ptr_equal(*plugin->words, shared_words);
}

/* ---- files that are none ---- */

static struct str
content_of(const char *name)
{
	struct str content;
	MUST(file_read(&content, folder_file(folder, name), MIB(1), &arena, &e));
	return content;
}

static void
a_file_that_was_cut_off_is_refused_wherever(void **state)
{
	(void)state;
	struct str whole = content_of("good.so");
	assert_true(whole.n > 4096);
	for (size_t n = 0; n < whole.n; n += n < sizeof(Elf64_Ehdr) ? 1 : 64) {
		file_put(folder_file(folder, "cut.so"), (struct str){whole.p, n});
		if (load("cut"))
			fail_msg("loaded with %zu of %zu bytes", n, whole.n);
		assert_int_equal(e.code, ERR_INPUT);
		assert_true(
		    strstr(e.message, "not a shared object") || strstr(e.message, "damaged"));
	}
	file_put(folder_file(folder, "cut.so"), (struct str){whole.p, whole.n - 1});
	refused("cut", ERR_INPUT, "damaged");
	/* Whole, it is only not who it says it is. */
	file_put(folder_file(folder, "cut.so"), whole);
	refused("cut", ERR_INPUT, "calls itself good");
}

/* With any of its bytes changed its head is found or not; nothing is read outside the file, which
 * the sanitizers see. */
static void
a_damaged_file_is_read_with_care(void **state)
{
	(void)state;
	struct str whole = content_of("good.so");
	char *copy = malloc(whole.n);
	assert_non_null(copy);
	uint64_t random = 11;
	size_t good = 0, bad = 0;
	Elf64_Ehdr head;
	memcpy(&head, whole.p, sizeof head);
	const char *path = folder_file(folder, "damaged");
	for (int turn = 0; turn < 3000; turn++) {
		struct elf_head out;
		memcpy(copy, whole.p, whole.n);
		for (int k = 0; k < 2; k++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			/* The head of the file, its sections, anything: what is followed. */
			size_t at = turn % 3 == 0 ? random % sizeof head
				    : turn % 3 == 1
					? head.e_shoff + (random >> 20) % (whole.n - head.e_shoff)
					: (random >> 20) % whole.n;
			copy[at] = (char)(random >> 50 & 1 ? 0xff : random >> 40);
		}
		file_put(path, (struct str){copy, whole.n});
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		err_clear(&e);
		bool found = elf_plugin_head(&out, fd, &e);
		close(fd);
		assert_int_equal(found, e.code == ERR_OK);
		good += found;
		bad += !found;
	}
	free(copy);
	unlink(path);
	assert_true(good > 100 && bad > 100);
}

static void
what_is_no_shared_object_is_refused(void **state)
{
	(void)state;
	file_put(folder_file(folder, "text.so"), STR("#!/bin/sh\necho this is no plugin\n"));
	refused("text", ERR_INPUT, "not a shared object");
	file_put(folder_file(folder, "empty.so"), STR(""));
	refused("empty", ERR_INPUT, "not a shared object");
	file_put(folder_file(folder, "o.c"), STR("int rowhouse_plugin;"));
	const char *const compile[] = {
	    "cc", "-c", "-o", folder_file(folder, "object.so"), folder_file(folder, "o.c"), NULL};
	assert_true(run_program(compile));
	assert_int_equal(chmod(folder_file(folder, "object.so"), 0644), 0);
	refused("object", ERR_INPUT, "not a shared object");
	assert_int_equal(mkdir(folder_file(folder, "folder.so"), 0755), 0);
	refused("folder", ERR_INPUT, "is not a file");
	assert_int_equal(mkfifo(folder_file(folder, "pipe.so"), 0600), 0);
	refused("pipe", ERR_INPUT, "is not a file");
	/* A link may lead out of the folder that was checked. */
	char elsewhere[PATH_MAX];
	snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", folder);
	assert_int_equal(mkdir(elsewhere, 0755), 0);
	make_shared_object(
	    elsewhere, "link", PLUGIN_TEXT PLUGIN_CONSTANT(".name = \"link\""), NULL);
	assert_int_equal(symlink("elsewhere/link.so", folder_file(folder, "link.so")), 0);
	assert_false(load("link"));
	assert_non_null(strstr(e.message, "link.so cannot be opened"));
	MUST(plugin_load(&plugin, elsewhere, "link", &arena, &e));
}

static void
a_file_for_another_machine_is_refused(void **state)
{
	(void)state;
	struct str whole = content_of("good.so");
	char *copy = arena_alloc(&arena, whole.n);
	Elf64_Ehdr head;
	memcpy(copy, whole.p, whole.n);
	memcpy(&head, copy, sizeof head);
	head.e_type = ET_EXEC;
	memcpy(copy, &head, sizeof head);
	file_put(folder_file(folder, "other.so"), (struct str){copy, whole.n});
	refused("other", ERR_INPUT, "not a shared object");
	memcpy(copy, whole.p, whole.n);
	memcpy(&head, copy, sizeof head);
	head.e_machine = head.e_machine == EM_S390 ? EM_X86_64 : EM_S390;
	memcpy(copy, &head, sizeof head);
	file_put(folder_file(folder, "other.so"), (struct str){copy, whole.n});
	refused("other", ERR_INPUT, "another kind of machine");
	memcpy(copy, whole.p, whole.n);
	copy[EI_CLASS] = ELFCLASS32;
	file_put(folder_file(folder, "other.so"), (struct str){copy, whole.n});
	refused("other", ERR_INPUT, "another kind of machine");
}

/* ---- who may write it ---- */

static void
what_others_may_write_is_not_run(void **state)
{
	(void)state;
	static const mode_t open_to_others[] = {0664, 0646, 0666};
	for (size_t i = 0; i < ARRAY_LENGTH(open_to_others); i++) {
		assert_int_equal(chmod(folder_file(folder, "good.so"), open_to_others[i]), 0);
		refused("good", ERR_FORBIDDEN, "chmod go-w");
		assert_non_null(strstr(e.message, "good.so"));
		assert_int_equal(chmod(folder_file(folder, "good.so"), 0644), 0);
		assert_int_equal(chmod(folder, open_to_others[i] | 0111), 0);
		refused("good", ERR_FORBIDDEN, "chmod go-w");
		assert_non_null(strstr(e.message, folder));
		assert_int_equal(chmod(folder, 0755), 0);
	}
	MUST(load("good"));
	if (geteuid() != 0) {
		print_message("only root can give a file to somebody else: that part is skipped\n");
		return;
	}
	assert_int_equal(chown(folder_file(folder, "good.so"), 65534, 0), 0);
	refused("good", ERR_FORBIDDEN, "belongs to another user (65534)");
	assert_int_equal(chown(folder_file(folder, "good.so"), 0, 0), 0);
	assert_int_equal(chown(folder, 65534, 0), 0);
	refused("good", ERR_FORBIDDEN, "belongs to another user (65534)");
	assert_int_equal(chown(folder, 0, 0), 0);
}

/* ---- what it exports ---- */

static void
it_exports_its_constant_and_nothing_else(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text, *words; /* NULL: it is loaded */
	} cases[] = {
	    {"none", "int other;", "does not export rowhouse_plugin"},
	    {"hidden",
		PLUGIN_TEXT "__attribute__((visibility(\"hidden\"))) extern const struct "
			    "rowhouse_plugin mine; const struct rowhouse_plugin mine = {HEAD};",
		"does not export rowhouse_plugin"},
	    {"function",
		PLUGIN_TEXT
		"ROWHOUSE_EXPORT void extra(void); void extra(void) {}\n" PLUGIN_CONSTANT(
		    ".name = \"function\""),
		"it exports extra"},
	    {"variable",
		PLUGIN_TEXT
		"ROWHOUSE_EXPORT int errno_of_mine;\n" PLUGIN_CONSTANT(".name = \"variable\""),
		"it exports errno_of_mine"},
	    {"weak",
		PLUGIN_TEXT
		"ROWHOUSE_EXPORT __attribute__((weak)) int malloc_hook;\n" PLUGIN_CONSTANT(
		    ".name = \"weak\""),
		"it exports malloc_hook"},
	    {"inner", PLUGIN_TEXT "int not_seen;\n" PLUGIN_CONSTANT(".name = \"inner\""), NULL},
	    {"small",
		"__attribute__((visibility(\"default\"))) const int rowhouse_plugin = 1;\n"
		"const int behind_it[64] = {1};",
		"is not in the file"},
	    {"short",
		"struct plugin { unsigned head[4]; void *words; };\n"
		"extern const struct plugin rowhouse_plugin "
		"__attribute__((visibility(\"default\")));\n"
		"const struct plugin rowhouse_plugin = {{1, 0, 88, 0}, 0};",
		"has 88 bytes, it has 24"},
	    {"bss", "__attribute__((visibility(\"default\"))) char rowhouse_plugin[4096];",
		"is not in the file"},
	    {"undefined",
		PLUGIN_TEXT
		"extern int nobody_has_this; static int *const p = &nobody_has_this;\n"
		"static int run(const struct host *h, int c, char **v) "
		"{ (void)h; (void)v; return c + *p; }\n"
		"static const struct plugin_verb verbs[] = {{\"go\", 0, \"l\", run, "
		"{0}}, {0}};\n" PLUGIN_CONSTANT(".name = \"undefined\", .verbs = verbs"),
		"nobody_has_this"},
	    {"wordless",
		"#include \"plugin.h\"\nROWHOUSE_EXPORT const struct rowhouse_plugin "
		"rowhouse_plugin = {.abi_major = ROWHOUSE_ABI_MAJOR, .abi_minor = "
		"ROWHOUSE_ABI_MINOR, .size = sizeof rowhouse_plugin, .name = \"wordless\", "
		".title = \"T\"};",
		"use ROWHOUSE_PLUGIN_HEAD"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		make(cases[i].name, cases[i].text);
		if (cases[i].words)
			refused(cases[i].name, ERR_INPUT, cases[i].words);
		else
			MUST(load(cases[i].name));
	}
}

/* ---- its version ---- */

/* Says that its code ran. */
#define LOUD                                                                                       \
	"#include <stdlib.h>\n"                                                                    \
	"__attribute__((constructor)) static void ran(void) { setenv(\"ROWHOUSE_RAN\", \"1\", "    \
	"1); }\n"

static void
a_plugin_of_another_abi_is_refused_before_its_code_runs(void **state)
{
	(void)state;
	static const struct {
		const char *abi, *words;
	} cases[] = {
	    {".abi_major = ROWHOUSE_ABI_MAJOR + 1", "build it again"},
	    {".abi_major = 0", "build it again"},
	    {".abi_minor = ROWHOUSE_ABI_MINOR + 1", "a newer server is needed"},
	    {".size = sizeof(struct rowhouse_plugin) - 8", "is not that of its ABI"},
	    {".size = sizeof(struct rowhouse_plugin) + 8", "is not that of its ABI"},
	    {".size = 8", "is not that of its ABI"},
	    {".size = 0xffffffff", "is not that of its ABI"},
	    {".zero = 1", "is not that of its ABI"},
	};
	unsetenv("ROWHOUSE_RAN");
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct str text = arena_format(&arena,
		    "%s%s ROWHOUSE_EXPORT const struct rowhouse_plugin rowhouse_plugin = {HEAD, "
		    ".name = \"version\", %s};\n",
		    PLUGIN_TEXT, LOUD, cases[i].abi);
		make_shared_object(folder, "version", text.p, "-Wno-override-init");
		refused("version", ERR_INPUT, cases[i].words);
		/* The reason says which it has and which it needs, or how large it is. */
		assert_true(strpbrk(e.message, "0123456789") != NULL);
		assert_null(getenv("ROWHOUSE_RAN"));
	}
	/* What others may write neither. */
	make("loud", PLUGIN_TEXT LOUD PLUGIN_CONSTANT(".name = \"loud\""));
	assert_int_equal(chmod(folder_file(folder, "loud.so"), 0666), 0);
	refused("loud", ERR_FORBIDDEN, "chmod");
	assert_null(getenv("ROWHOUSE_RAN"));
	assert_int_equal(chmod(folder_file(folder, "loud.so"), 0644), 0);
	MUST(load("loud"));
	assert_non_null(getenv("ROWHOUSE_RAN"));
}

/* ---- names ---- */

static void
a_plugin_is_called_as_its_file(void **state)
{
	(void)state;
	static const char longest[] = "a123456789012345678901234567890123456789";
	static const char *const names[] = {"a", "a1", "a_b", "abc_0", longest};
	static const char *const none[] = {"", "A", "1a", "_a", "a-b", "a.b", "../good", "a/b",
	    "a b", "\xc3\xa4", "a1234567890123456789012345678901234567890"};
	assert_int_equal(strlen(longest), 40);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		assert_true(plugin_is_name(names[i]));
		refused(names[i], ERR_NOT_FOUND, names[i]);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
		assert_false(plugin_is_name(none[i]));
		refused(none[i], ERR_INPUT, "is not a plugin's name");
	}
	assert_false(plugin_is_name(NULL));
	make("one", PLUGIN_TEXT PLUGIN_CONSTANT(".name = \"two\""));
	refused("one", ERR_INPUT, "it calls itself two, its file one");
	make("one", PLUGIN_TEXT PLUGIN_CONSTANT(".name = NULL"));
	refused("one", ERR_INPUT, "it calls itself nothing");
	make("one", PLUGIN_TEXT PLUGIN_CONSTANT(".name = \"one\""));
	MUST(load("one"));
	/* No folder at all. */
	err_clear(&e);
	assert_false(plugin_load(&plugin, folder_file(folder, "nowhere"), "one", &arena, &e));
	assert_non_null(strstr(e.message, "nowhere"));
}

/* ---- several ---- */

#define VERB(number)                                                                               \
	"static int run(const struct host *h, int c, char **v) "                                   \
	"{ (void)h; (void)c; (void)v; return " number "; }\n"                                      \
	"static const struct plugin_verb verbs[] = {{\"go\", 0, \"l\", run, {0}}, {0}};\n"

static void
plugins_are_not_taken_for_each_other(void **state)
{
	(void)state;
	const struct rowhouse_plugin *first, *second, *third;
	make("first", PLUGIN_TEXT VERB("1") PLUGIN_CONSTANT(".name = \"first\", .verbs = verbs"));
	make("second", PLUGIN_TEXT VERB("2") PLUGIN_CONSTANT(".name = \"second\", .verbs = verbs"));
	make("wrong", PLUGIN_TEXT VERB("9") PLUGIN_CONSTANT(".name = \"other\", .verbs = verbs"));
	make("broken", "int x;");
	MUST(load("first"));
	first = plugin;
	/* One that is refused, before or after it was mapped, changes nothing for the next. */
	refused("wrong", ERR_INPUT, "calls itself other");
	refused("broken", ERR_INPUT, "does not export");
	MUST(load("second"));
	second = plugin;
	assert_string_equal(first->name, "first");
	assert_string_equal(second->name, "second");
	assert_int_equal(first->verbs[0].run(NULL, 0, NULL), 1);
	assert_int_equal(second->verbs[0].run(NULL, 0, NULL), 2);
	assert_ptr_not_equal(first->words, second->words);
	/* A file that took the place of another is the new one. */
	make("second", PLUGIN_TEXT VERB("3") PLUGIN_CONSTANT(".name = \"second\", .verbs = verbs"));
	MUST(load("second"));
	third = plugin;
	assert_int_equal(third->verbs[0].run(NULL, 0, NULL), 3);
	assert_int_equal(second->verbs[0].run(NULL, 0, NULL), 2);
	assert_int_equal(first->verbs[0].run(NULL, 0, NULL), 1);
	/* And one that was mended is loaded. */
	make("wrong", PLUGIN_TEXT VERB("4") PLUGIN_CONSTANT(".name = \"wrong\", .verbs = verbs"));
	MUST(load("wrong"));
	assert_int_equal(plugin->verbs[0].run(NULL, 0, NULL), 4);
}

/* ---- its tables ---- */

static bool
yes(const struct host *h, const struct value *values, struct err *why)
{
	(void)h;
	(void)values;
	(void)why;
	return true;
}

static bool
fill(const struct host *h, const struct value *values, struct jsonout *out, struct err *why)
{
	(void)out;
	return yes(h, values, why);
}

static int
verb(const struct host *h, int argc, char **argv)
{
	(void)h;
	(void)argv;
	return argc;
}

static bool
check(const struct rowhouse_plugin *p)
{
	err_clear(&e);
	bool good = plugin_check(p, "p", &e);
	assert_int_equal(good, e.code == ERR_OK);
	assert_true(good || e.code == ERR_INPUT);
	return good;
}

#define PLUGIN(...) (&(const struct rowhouse_plugin){.name = "p", .title = "P", __VA_ARGS__})
#define LIST(type, ...) ((const struct type[]){__VA_ARGS__, {0}})

/* A plugin whose only type has this form, as each of the places a form may be at. */
static void
form_is(const struct field *form, const char *words)
{
	const struct plugin_work works[] = {
	    {.name = "w", .title = "W", .form = form, .run = yes}, {0}};
	const struct plugin_view views[] = {
	    {.name = "v", .title = "V", .form = form, .fill = fill}, {0}};
	struct plugin_type types[] = {{.name = "t", .title = "T", .ingest = yes}, {0}};
	for (int place = 0; place < 6; place++) {
		struct rowhouse_plugin p = {.name = "p", .title = "P"};
		types[0] = (struct plugin_type){.name = "t", .title = "T", .ingest = yes};
		if (place < 4)
			p.types = types;
		switch (place) {
		case 0:
			types[0].form = form;
			break;
		case 1:
			types[0].tasks = works;
			break;
		case 2:
			types[0].calls = works;
			break;
		case 3:
			types[0].views = views;
			break;
		case 4:
			p.tasks = works;
			break;
		default:
			p.views = views;
		}
		if (check(&p) != !words)
			fail_msg("place %d: %s", place, words ? words : e.message);
		if (words && !strstr(e.message, words))
			fail_msg("%s, not %s", e.message, words);
	}
}

static const struct choice choices[] = {{"a", "A"}, {0}};
static const struct field simple[] = {{.name = "f", .label = "F", .kind = FIELD_LINE}, {0}};

static void
forms_are_held_to_the_rules_of_forms(void **state)
{
	(void)state;
	form_is(NULL, NULL);
	form_is(simple, NULL);
	form_is(LIST(field, {.name = "a", .label = "A", .kind = FIELD_NUMBER, .min = -1, .max = -1},
		    {.name = "b", .label = "B", .kind = FIELD_CHOICE, .choices = choices},
		    {.name = "c", .label = "C", .kind = FIELD_GROUP, .fields = simple},
		    {.name = "d", .label = "D", .kind = FIELD_TABLE, .fields = simple},
		    {.name = "e", .label = "E", .kind = FIELD_COLUMN},
		    {.name = "f", .label = "F", .kind = FIELD_OBJECT}),
	    NULL);
	/* One case for each rule. */
	form_is(
	    LIST(field, {.name = "Upper", .label = "F", .kind = FIELD_LINE}), "[a-z][a-z0-9_]*");
	form_is(LIST(field, {.name = "a.b", .label = "F", .kind = FIELD_LINE}), "[a-z][a-z0-9_]*");
	form_is(LIST(field, {.name = "", .label = "F", .kind = FIELD_LINE}), "[a-z][a-z0-9_]*");
	form_is(LIST(field, {.name = "f", .label = "F", .kind = FIELD_LINE},
		    {.name = "g", .label = "F", .kind = FIELD_LINE},
		    {.name = "f", .label = "F", .kind = FIELD_AREA}),
	    "two fields of one name");
	form_is(LIST(field, {.name = "f", .kind = FIELD_LINE}), "no label");
	form_is(
	    LIST(field, {.name = "f", .label = "F", .kind = (enum field_kind)(FIELD_TABLE + 1)}),
	    "no kind");
	form_is(LIST(field, {.name = "f", .label = "F", .kind = FIELD_NUMBER, .min = 2, .max = 1}),
	    "bounds that exclude everything");
	form_is(LIST(field, {.name = "f", .label = "F", .kind = FIELD_CHOICE}), "lacks them");
	form_is(LIST(field, {.name = "f", .label = "F", .kind = FIELD_LINE, .choices = choices}),
	    "does not have");
	form_is(LIST(field, {.name = "f",
				.label = "F",
				.kind = FIELD_CHOICE,
				.choices = LIST(choice, {"a", NULL})}),
	    "a choice without a label");
	form_is(LIST(field, {.name = "f", .label = "F", .kind = FIELD_GROUP}), "lacks them");
	form_is(LIST(field, {.name = "f", .label = "F", .kind = FIELD_TABLE}), "lacks them");
	form_is(LIST(field, {.name = "f", .label = "F", .kind = FIELD_LINE, .fields = simple}),
	    "does not have");
	form_is(LIST(field, {.name = "f", .label = "F", .kind = FIELD_OBJECT, .fields = simple}),
	    "does not have");
	/* The rules hold inside too. */
	form_is(LIST(field, {.name = "g",
				.label = "G",
				.kind = FIELD_GROUP,
				.fields = LIST(field, {.name = "f", .kind = FIELD_LINE})}),
	    "no label");
	form_is(LIST(field,
		    {.name = "g",
			.label = "G",
			.kind = FIELD_TABLE,
			.fields = LIST(field, {.name = "F", .label = "F", .kind = FIELD_LINE})}),
	    "[a-z][a-z0-9_]*");
}

static void
forms_are_nested_only_so_deep(void **state)
{
	(void)state;
	struct field levels[6][2] = {{{0}}};
	for (size_t i = 0; i < ARRAY_LENGTH(levels); i++)
		levels[i][0] = (struct field){.name = "f",
		    .label = "F",
		    .kind = i + 1 < ARRAY_LENGTH(levels) ? FIELD_GROUP : FIELD_LINE,
		    .fields = i + 1 < ARRAY_LENGTH(levels) ? levels[i + 1] : NULL};
	form_is(levels[1], NULL);
	form_is(levels[0], "nested too deeply");
	/* One that contains itself ends. */
	struct field loop[2] = {
	    {.name = "f", .label = "F", .kind = FIELD_GROUP, .fields = NULL}, {0}};
	loop[0].fields = loop;
	form_is(loop, "nested too deeply");
}

static void
types_works_views_verbs_and_tools_have_what_they_need(void **state)
{
	(void)state;
	const struct plugin_slot *table = LIST(plugin_slot, {.name = "data", .label = "L"});
	const struct plugin_slot *document =
	    LIST(plugin_slot, {.name = "d", .label = "L", .kind = SLOT_DOCUMENT});
	const char *const tools[] = {"pdftotext", NULL};
	assert_true(
	    check(PLUGIN(.types = LIST(plugin_type, {.name = "a", .title = "A", .sources = table},
			     {.name = "b", .title = "B", .sources = document, .ingest = yes},
			     {.name = "c", .title = "C", .ingest = yes}),
		.tasks =
		    LIST(plugin_work, {.name = "w", .title = "W", .run = yes, .sources = document}),
		.views = LIST(plugin_view, {.name = "v", .title = "V", .fill = fill}),
		.verbs = LIST(plugin_verb, {.name = "x", .alias = "y", .line = "l", .run = verb}),
		.tools = tools)));
	assert_false(check(&(const struct rowhouse_plugin){.name = "p"}));
	assert_string_equal(e.message, "it has no title");

	static const char *const slash[] = {"/bin/sh", NULL}, *const empty[] = {"", NULL};
	const struct {
		const struct rowhouse_plugin *p;
		const char *words;
	} cases[] = {
	    {PLUGIN(.types = LIST(plugin_type, {.name = "A", .title = "A", .ingest = yes})),
		"type A has no proper name"},
	    {PLUGIN(.types = LIST(plugin_type, {.name = "a", .ingest = yes})), "title"},
	    {PLUGIN(.types = LIST(plugin_type, {.name = "a", .title = "A"})),
		"neither an ingest nor a table"},
	    {PLUGIN(.types = LIST(plugin_type, {.name = "a", .title = "A", .sources = document})),
		"neither an ingest nor a table"},
	    {PLUGIN(.types = LIST(plugin_type,
			{.name = "a",
			    .title = "A",
			    .ingest = yes,
			    .sources = LIST(plugin_slot, {.name = "S", .label = "L"})})),
		"sources of a have one without a proper name"},
	    {PLUGIN(.types = LIST(plugin_type, {.name = "a",
						   .title = "A",
						   .ingest = yes,
						   .sources = LIST(plugin_slot, {.name = "s"})})),
		"proper name, label or kind"},
	    {PLUGIN(.types = LIST(
			plugin_type, {.name = "a",
					 .title = "A",
					 .ingest = yes,
					 .sources = LIST(plugin_slot,
					     {.name = "s",
						 .label = "L",
						 .kind = (enum slot_kind)(SLOT_DOCUMENT + 1)})})),
		"proper name, label or kind"},
	    {PLUGIN(.types = LIST(
			plugin_type, {.name = "a",
					 .title = "A",
					 .ingest = yes,
					 .tasks = LIST(plugin_work, {.name = "w", .title = "W"})})),
		"task or call w"},
	    {PLUGIN(.types = LIST(
			plugin_type, {.name = "a",
					 .title = "A",
					 .ingest = yes,
					 .calls = LIST(plugin_work, {.name = "w", .run = yes})})),
		"task or call w"},
	    {PLUGIN(.types = LIST(
			plugin_type, {.name = "a",
					 .title = "A",
					 .ingest = yes,
					 .views = LIST(plugin_view, {.name = "v", .title = "V"})})),
		"view v"},
	    {PLUGIN(.tasks = LIST(plugin_work, {.name = "W", .title = "W", .run = yes})),
		"task or call W"},
	    {PLUGIN(.tasks = LIST(plugin_work, {.name = "w",
						   .title = "W",
						   .run = yes,
						   .sources = LIST(plugin_slot, {.name = "s"})})),
		"sources of w"},
	    {PLUGIN(.views = LIST(plugin_view, {.name = "v-w", .title = "V", .fill = fill})),
		"view v-w"},
	    {PLUGIN(.views = LIST(plugin_view, {.name = "v", .fill = fill})), "view v"},
	    {PLUGIN(.verbs = LIST(plugin_verb, {.name = "V", .line = "l", .run = verb})), "verb V"},
	    {PLUGIN(.verbs =
			LIST(plugin_verb, {.name = "v", .alias = "a b", .line = "l", .run = verb})),
		"verb v"},
	    {PLUGIN(.verbs = LIST(plugin_verb, {.name = "v", .run = verb})), "verb v"},
	    {PLUGIN(.verbs = LIST(plugin_verb, {.name = "v", .line = "l"})), "verb v"},
	    {PLUGIN(.tools = slash), "tool /bin/sh"},
	    {PLUGIN(.tools = empty), "not the name of a program"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (check(cases[i].p))
			fail_msg("taken: %s", cases[i].words);
		if (!strstr(e.message, cases[i].words))
			fail_msg("%s, not %s", e.message, cases[i].words);
	}
}

static int
set_up(void **state)
{
	(void)state;
	umask(022);
	folder = folder_begin();
	arena_init(&arena, MIB(256));
	make("good", good_text);
	return chmod(folder, 0755);
}

static int
tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	folder_end(folder);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_plugin_is_what_it_says),
	    cmocka_unit_test(a_file_that_was_cut_off_is_refused_wherever),
	    cmocka_unit_test(a_damaged_file_is_read_with_care),
	    cmocka_unit_test(what_is_no_shared_object_is_refused),
	    cmocka_unit_test(a_file_for_another_machine_is_refused),
	    cmocka_unit_test(what_others_may_write_is_not_run),
	    cmocka_unit_test(it_exports_its_constant_and_nothing_else),
	    cmocka_unit_test(a_plugin_of_another_abi_is_refused_before_its_code_runs),
	    cmocka_unit_test(a_plugin_is_called_as_its_file),
	    cmocka_unit_test(plugins_are_not_taken_for_each_other),
	    cmocka_unit_test(forms_are_held_to_the_rules_of_forms),
	    cmocka_unit_test(forms_are_nested_only_so_deep),
	    cmocka_unit_test(types_works_views_verbs_and_tools_have_what_they_need),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

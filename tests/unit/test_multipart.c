/*
 * test_multipart.c: a form is taken apart as its sender meant it, and one that was cut short is
 * never taken for whole.
 *
 * The bodies of other projects' tests (python-multipart, werkzeug) are run too when they lie beside
 * the checkout; `disagreements` lists every one of them that we answer otherwise, and why.
 */
#include "http/multipart.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct arena arena;
	struct err e;
	struct multipart form;
	char *body; /* a copy without a byte to spare, so that the sanitizer sees overruns */
};

static bool
split(struct fixture *f, const char *body, size_t n, const char *boundary)
{
	free(f->body);
	f->body = malloc(n ? n : 1);
	assert_non_null(f->body);
	memcpy(f->body, body, n);
	err_clear(&f->e);
	arena_release(&f->arena);
	return multipart_split(&f->form, f->body, n, str_of(boundary), &f->arena, &f->e);
}

static struct str
content(const struct fixture *f, size_t i)
{
	return (struct str){f->body + f->form.parts[i].offset, f->form.parts[i].length};
}

#define assert_str(actual, expected)                                                               \
	do {                                                                                       \
		struct str got = (actual), want = str_of(expected);                                \
		if (!str_equal(got, want))                                                         \
			fail_msg("got \"%.*s\", not \"%s\"", STR_ARG(got), want.p);                \
	} while (0)

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	arena_init(&f->arena, MIB(64));
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	arena_release(&f->arena);
	free(f->body);
	free(f);
	return 0;
}

static const char two_parts[] =
    "--x\r\n"
    "Content-Disposition: form-data; name=\"type\"\r\n\r\n"
    "data_enrichment\r\n"
    "--x\r\n"
    "Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"
    "Content-Type: text/csv\r\n\r\n"
    "a,b\r\n1,2\r\n"
    "\r\n--x--\r\n";

static void
fields_and_files_come_out_as_sent(void **state)
{
	struct fixture *f = *state;
	assert_true(split(f, two_parts, sizeof two_parts - 1, "x"));
	assert_int_equal(f->form.count, 2);
	assert_str(f->form.parts[0].name, "type");
	assert_false(f->form.parts[0].is_file);
	assert_str(content(f, 0), "data_enrichment");
	assert_str(f->form.parts[1].name, "file");
	assert_true(f->form.parts[1].is_file);
	assert_str(f->form.parts[1].file_name, "a.csv");
	assert_str(f->form.parts[1].content_type, "text/csv");
	assert_str(content(f, 1), "a,b\r\n1,2\r\n");
}

static void
a_body_cut_anywhere_is_an_error(void **state)
{
	struct fixture *f = *state;
	size_t whole = sizeof two_parts - 1 - 2; /* the last line end is not needed */
	for (size_t n = 0; n < whole; n++) {
		assert_false(split(f, two_parts, n, "x"));
		assert_int_equal(f->e.code, ERR_INPUT);
	}
	assert_true(split(f, two_parts, whole, "x"));
}

static void
any_byte_may_be_in_a_file(void **state)
{
	struct fixture *f = *state;
	char body[4096];
	size_t n = (size_t)snprintf(
	    body, sizeof body, "--x\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n");
	size_t start = n;
	for (int turn = 0; turn < 3; turn++)
		for (int c = 0; c < 256; c++)
			body[n++] = (char)(turn == 1 ? 255 - c : c);
	static const char tricks[] =
	    "\r\n--y\r\n--xx\r\n--x-\r\n--x--z\r\n--x z\n--x\r\n-x\r--x\r\n\r\n";
	memcpy(body + n, tricks, sizeof tricks - 1);
	n += sizeof tricks - 1;
	size_t length = n - start;
	memcpy(body + n, "\r\n--x--", 7);
	assert_true(split(f, body, n + 7, "x"));
	assert_int_equal(f->form.count, 1);
	assert_int_equal(f->form.parts[0].offset, start);
	assert_int_equal(f->form.parts[0].length, length);
}

/* Where the first part ends, found in the slowest and plainest way; -1: it does not, -2: another
 * part begins there. */
static long
plain_end(const char *p, size_t n)
{
	for (size_t i = 0; i + 5 <= n; i++) {
		if (memcmp(p + i, "\r\n--b", 5) != 0)
			continue;
		size_t k = i + 5;
		bool closing = k + 2 <= n && p[k] == '-' && p[k + 1] == '-';
		k += closing ? 2 : 0;
		while (k < n && p[k] == ' ')
			k++;
		if (closing && (k == n || p[k] == '\r' || p[k] == '\n'))
			return (long)i;
		if (!closing &&
		    ((k < n && p[k] == '\n') || (k + 1 < n && p[k] == '\r' && p[k + 1] == '\n')))
			return -2;
	}
	return -1;
}

static void
the_fast_search_finds_what_a_plain_one_finds(void **state)
{
	struct fixture *f = *state;
	static const char head[] = "--b\r\nA: b\r\n\r\n", alphabet[] = "\r\n\r\n-b --b";
	unsigned seed = 7;
	int ended = 0;
	for (int round = 0; round < 30000; round++) {
		char body[256];
		size_t n = sizeof head - 1;
		memcpy(body, head, n);
		seed = seed * 1103515245u + 12345u;
		size_t length = (seed >> 16) % 120;
		for (size_t i = 0; i < length; i++) {
			seed = seed * 1103515245u + 12345u;
			body[n++] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
		}
		if (round % 2) {
			memcpy(body + n, "\r\n--b--", 7);
			n += 7;
		}
		size_t start = sizeof head - 1 - 2;
		long end = plain_end(body + start, n - start);
		bool good = split(f, body, n, "b");
		if (end == -1)
			assert_false(good);
		if (end >= 0) {
			ended++;
			assert_true(good);
			assert_int_equal(f->form.parts[0].length, end > 2 ? end - 2 : 0);
		}
	}
	assert_true(ended > 5000);
}

/* One part with these header lines; its answer is looked at by the caller. */
static bool
split_header(struct fixture *f, const char *headers)
{
	char body[2048];
	int n = snprintf(body, sizeof body, "--x\r\n%s\r\n\r\nv\r\n--x--\r\n", headers);
	return split(f, body, (size_t)n, "x");
}

static void
names_are_read_as_real_clients_write_them(void **state)
{
	struct fixture *f = *state;
#define D "Content-Disposition: form-data; "
	static const struct {
		const char *headers, *name, *file_name;
		bool is_file;
	} cases[] = {
	    {D "name=\"a\"", "a", "", false},
	    {D "name=a", "a", "", false},
	    {D "name=\"a\"; filename=\"\"", "a", "", true},
	    {D "name=\"a\"; filename=\"C:\\dir\\file.csv\"", "a", "file.csv", true},
	    {D "name=\"a\"; filename=\"\\\\\\\\srv\\\\s\\\\f.csv\"", "a", "f.csv", true},
	    {D "name=\"a\"; filename=\"/etc/passwd\"", "a", "passwd", true},
	    {D "name=\"a\"; filename=\"../..\"", "a", "", true},
	    {D "name=\"a\"; filename=\"q\\\"q.csv\"", "a", "q\"q.csv", true},
	    {D "name=\"a\"; filename=\"q%22q.csv\"", "a", "q\"q.csv", true},
	    {D "name=\"a\"; filename=\"a;b=c.csv\"", "a", "a;b=c.csv", true},
	    {D "filename=\"x.csv\"; name=\"a\"", "a", "x.csv", true},
	    {D "NAME=\"a\"; FileName=x.csv", "a", "x.csv", true},
	    {D "name=\"a\" ; filename = \"x.csv\" ;", "a", "x.csv", true},
	    {D "name=\"a\";\r\n\tfilename=\"x.csv\"", "a", "x.csv", true},
	    {D "name=a; filename=\"?.csv\"; filename*=UTF-8''%e2%82%ac.csv", "a", "€.csv", true},
	    {D "name=a; filename*=iso-8859-1'en'%A3.csv", "a", "£.csv", true},
	    {D "name=a; filename=k.csv; filename*=koi8-r''%A3.csv", "a", "k.csv", true},
	    {D "name=a; filename=k.csv; filename*=UTF-8''%A", "a", "k.csv", true},
	    {D "name=a; filename=k.csv; filename*=UTF-8''%ff", "a", "k.csv", true},
	    {D "name=a; filename*=UTF-8''..%2F..%2fb%00c.csv", "a", "b_c.csv", true},
	    {D "name=\"\xc3\xa9\"; filename=\"\xe9.csv\"", "é", "é.csv", true},
	    {D "name=\"a\"\r\nContent-Type: application/json", "a", "", true},
	    {D "name=\"a\"\r\nContent-Type: TEXT/plain; charset=utf-8", "a", "", false},
	    {D "name=\"a\"\r\nContent-Transfer-Encoding: Binary", "a", "", false},
	    {"X-Other: 1", "", "", false},
	    {"content-disposition:form-data;name=a", "a", "", false},
	    {"Content-Disposition: attachment; name=\"a\"; filename=\"x\"", "a", "x", true},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (!split_header(f, cases[i].headers))
			fail_msg("%s: %s", cases[i].headers, f->e.message);
		assert_int_equal(f->form.count, 1);
		assert_str(f->form.parts[0].name, cases[i].name);
		assert_str(f->form.parts[0].file_name, cases[i].file_name);
		assert_int_equal(f->form.parts[0].is_file, cases[i].is_file);
		assert_str(content(f, 0), "v");
	}
}

static void
bad_headers_are_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const cases[] = {
	    "no colon",
	    ": no name",
	    "Bad name: x",
	    D "name=\"a",
	    D "name=\"a\" rubbish",
	    D "name",
	    D "name=a; name=b",
	    D "name=a; filename=x; filename=y",
	    D "name=a\r\n" D "name=b",
	    D "name=a\rb",
	    D "name=a\x01",
	    D "name=a\r\nContent-Transfer-Encoding: base64",
	    D "name=a\r\nContent-Transfer-Encoding: quoted-printable",
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (split_header(f, cases[i]))
			fail_msg("taken: %s", cases[i]);
		assert_int_equal(f->e.code, ERR_INPUT);
		assert_non_null(strstr(f->e.message, "part 1"));
	}
}

static void
lenient_forms_of_a_body_are_taken(void **state)
{
	struct fixture *f = *state;
	static const char *const bodies[] = {
	    "a preamble\r\nof two lines\r\n--x\r\n" D "name=a\r\n\r\nv\r\n--x--",
	    "\r\n--x\r\n" D "name=a\r\n\r\nv\r\n--x--",
	    "--x \t\r\n" D "name=a\r\n\r\nv\r\n--x-- \r\n",
	    "--x\r\n" D "name=a\r\n\r\nv\r\n--x--\r\nepilogue\r\n--x\r\nnot a part",
	    "--x\r\n" D "name=a\n\nv\r\n--x--\r\n",
	    "--x\n" D "name=a\n\nv\n--x--\n",
	};
	for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
		if (!split(f, bodies[i], strlen(bodies[i]), "x"))
			fail_msg("%zu: %s", i, f->e.message);
		assert_int_equal(f->form.count, 1);
		assert_str(f->form.parts[0].name, "a");
		assert_str(content(f, 0), "v");
	}
	static const char empty[] = "--x\r\n" D "name=a\r\n\r\n--x\r\n" D "name=b\r\n\r\n\r\n--x--";
	assert_true(split(f, empty, sizeof empty - 1, "x"));
	assert_int_equal(f->form.count, 2);
	assert_str(content(f, 0), "");
	assert_str(content(f, 1), "");
}

static void
what_is_no_form_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const bodies[] = {"", "[object Object]", "--x", "--x--\r\n", "--xx\r\n",
	    "{\"a\": 1}", "--x\r\n\r\n", "--x\r\n--x--\r\n", "a--x\r\n" D "name=a\r\n\r\nv\r\n"};
	for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
		assert_false(split(f, bodies[i], strlen(bodies[i]), "x"));
		assert_int_equal(f->e.code, ERR_INPUT);
	}
}

static void
limits_hold_to_the_part(void **state)
{
	struct fixture *f = *state;
	static const char field[] = "--x\r\n" D "name=a\r\n\r\nv\r\n";
	static const char file[] = "--x\r\n" D "name=a; filename=b\r\n\r\nv\r\n";
	char *body = malloc((LIMIT_FORM_FIELDS + LIMIT_FORM_FILES + 2) * sizeof file + 16);
	assert_non_null(body);
	for (int over = 0; over < 3; over++) {
		size_t n = 0;
		for (int i = 0; i < LIMIT_FORM_FIELDS + (over == 1); i++, n += sizeof field - 1)
			memcpy(body + n, field, sizeof field - 1);
		for (int i = 0; i < LIMIT_FORM_FILES + (over == 2); i++, n += sizeof file - 1)
			memcpy(body + n, file, sizeof file - 1);
		memcpy(body + n, "--x--", 5);
		assert_int_equal(split(f, body, n + 5, "x"), over == 0);
		assert_int_equal(f->e.code, over ? ERR_TOO_BIG : ERR_OK);
	}
	free(body);
}

static void
limit_of_headers_holds_to_the_byte(void **state)
{
	struct fixture *f = *state;
	char *body = malloc(LIMIT_PART_HEADER_BYTES + 64);
	assert_non_null(body);
	for (size_t over = 0; over < 2; over++) {
		size_t n = 5, end = 5 + LIMIT_PART_HEADER_BYTES + over;
		memcpy(body, "--x\r\nX:", 7);
		memset(body + 7, 'a', end);
		n = end - 4;
		memcpy(body + n, "\r\n\r\nv\r\n--x--", 12);
		assert_int_equal(split(f, body, n + 12, "x"), over == 0);
		assert_int_equal(f->e.code, over ? ERR_TOO_BIG : ERR_OK);
	}
	free(body);
}

static void
boundaries_are_read_from_the_content_type(void **state)
{
	struct fixture *f = *state;
	char longest[LIMIT_BOUNDARY_BYTES + 64], over[LIMIT_BOUNDARY_BYTES + 64];
	snprintf(longest, sizeof longest, "multipart/form-data; boundary=%070d", 1);
	snprintf(over, sizeof over, "multipart/form-data; boundary=%071d", 1);
	const struct {
		const char *type, *boundary; /* NULL: refused */
	} cases[] = {
	    {"multipart/form-data; boundary=x", "x"},
	    {"Multipart/Form-Data;BOUNDARY=\"a b\"", "a b"},
	    {"multipart/form-data; charset=utf-8; boundary=----=_Part_1.2", "----=_Part_1.2"},
	    {"multipart/form-data; boundary=x; charset=utf-8", "x"},
	    {" multipart/form-data ; boundary = x ;", "x"},
	    {longest, longest + strlen("multipart/form-data; boundary=")},
	    {over, NULL},
	    {"", NULL},
	    {"text/plain;charset=UTF-8", NULL},
	    {"application/json", NULL},
	    {"multipart/mixed; boundary=x", NULL},
	    {"multipart/form-data", NULL},
	    {"multipart/form-data; boundary=", NULL},
	    {"multipart/form-data; boundary=\"\"", NULL},
	    {"multipart/form-data; boundary=\"x", NULL},
	    {"multipart/form-data; boundary=\"x \"", NULL},
	    {"multipart/form-data; boundary=x<y", NULL},
	    {"multipart/form-data; boundary=\"x\r\ny\"", NULL},
	    {"multipart/form-data; boundary=x; boundary=y", NULL},
	    {"multipart/form-data; boundary", NULL},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct str out;
		err_clear(&f->e);
		bool good = multipart_boundary(&out, str_of(cases[i].type), &f->arena, &f->e);
		if (good != (cases[i].boundary != NULL))
			fail_msg("%s: %s", cases[i].type, f->e.message);
		if (good)
			assert_str(out, cases[i].boundary);
		else
			assert_int_equal(f->e.code, ERR_INPUT);
	}
}

/* Bodies of other projects that we answer otherwise than they do. */
static const struct {
	const char *name, *why;
} disagreements[] = {
    {"base64_encoding", "they decode Content-Transfer-Encoding, we refuse it: RFC 7578 section 4.7 "
			"deprecates it, no browser sends it, and nothing is copied here"},
    {"quoted_printable_encoding", "the same"},
    {"mixed_case_headers", "the same"},
    {"mixed_plain_and_base64_encoding", "the same"},
    {"empty_message", "a form without a part says nothing we can act on: an error, not []"},
    {"single_field_blocks", "its expectation names another boundary than the body has; they use "
			    "the file only with a boundary written in the test"},
    {"single_field_single_file", "they report text/plain for a field that names no type, we "
				 "report what was sent"},
};

static const char *
disagreement(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(disagreements); i++)
		if (strcmp(disagreements[i].name, name) == 0)
			return disagreements[i].why;
	return NULL;
}

/* The value behind "key:" of the next line that has it, within one entry; {NULL, 0}: none. */
static struct str
yaml_value(struct str entry, const char *key)
{
	while (entry.n > 0) {
		const char *lf = memchr(entry.p, '\n', entry.n);
		size_t n = lf ? (size_t)(lf - entry.p) + 1 : entry.n;
		struct str line = str_trim((struct str){entry.p, n});
		entry = (struct str){entry.p + n, entry.n - n};
		if (str_starts(line, "- "))
			line = (struct str){line.p + 2, line.n - 2};
		if (!str_starts(line, key) || line.n == strlen(key) || line.p[strlen(key)] != ':')
			continue;
		line = str_trim((struct str){line.p + strlen(key) + 1, line.n - strlen(key) - 1});
		if (line.n >= 2 && (line.p[0] == '"' || line.p[0] == '\''))
			line = (struct str){line.p + 1, line.n - 2};
		return line;
	}
	return (struct str){NULL, 0};
}

/* The base64 text behind "data: !!binary |" against the content. */
static bool
same_base64(struct str entry, struct str bytes)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *bar = memchr(entry.p, '|', entry.n);
	size_t n = 0;
	unsigned bits = 0, have = 0;
	for (const char *p = bar + 1; p < entry.p + entry.n && *p != '-'; p++) {
		const char *digit = *p ? strchr(digits, *p) : NULL;
		if (!digit)
			continue;
		bits = (bits << 6 | (unsigned)(digit - digits)) & 0xffffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			if (n >= bytes.n || (unsigned char)bytes.p[n] != ((bits >> have) & 0xff))
				return false;
			n++;
		}
	}
	return n == bytes.n;
}

/* Our answer is what the YAML file beside the body expects. */
static bool
as_expected(struct fixture *f, bool good, struct str yaml)
{
	if (yaml_value(yaml, "    error").p || yaml_value(yaml, "error").p)
		return !good;
	if (!good)
		return false;
	size_t i = 0;
	const char *at = strstr(yaml.p, "- name:");
	while (at) {
		const char *next = strstr(at + 1, "- name:");
		struct str entry = {at, next ? (size_t)(next - at) : strlen(at)};
		if (i == f->form.count)
			return false;
		const struct multipart_part *part = &f->form.parts[i];
		struct str type = yaml_value(entry, "content_type");
		if (!str_equal(part->name, yaml_value(entry, "name")) ||
		    part->is_file != str_is(yaml_value(entry, "type"), "file") ||
		    !str_equal(part->file_name, yaml_value(entry, "file_name")) ||
		    (type.p && !str_equal(part->content_type, type)) ||
		    !same_base64(entry, content(f, i)))
			return false;
		i++;
		at = next;
	}
	return i == f->form.count;
}

static const char *
shared_folder(void)
{
	const char *given = getenv("ROWHOUSE_SHARED");
	return given ? given : "../shared/data";
}

static struct str
read_shared(struct arena *a, const char *format, const char *folder, const char *name)
{
	char path[1024];
	struct err e = {0};
	struct str text = {0};
	struct str rest = arena_format(a, "%s%s", folder, name);
	snprintf(path, sizeof path, "%s/http/%s%s", shared_folder(), rest.p, format);
	if (!file_read(&text, path, 1 << 20, a, &e))
		fail_msg("%s", e.message);
	return text;
}

static void
bodies_of_python_multipart(void **state)
{
	struct fixture *f = *state;
	struct arena a;
	char folder[1024];
	snprintf(folder, sizeof folder, "%s/http/python-multipart/tests/test_data/http",
	    shared_folder());
	DIR *d = opendir(folder);
	if (!d) {
		print_message("skipped: %s is not there\n", folder);
		skip();
	}
	arena_init(&a, MIB(16));
	size_t run = 0, differ = 0;
	for (const struct dirent *entry; (entry = readdir(d));) {
		char *dot = strstr(entry->d_name, ".http");
		if (!dot)
			continue;
		char *name =
		    arena_text(&a, (struct str){entry->d_name, (size_t)(dot - entry->d_name)});
		static const char where[] = "python-multipart/tests/test_data/http/";
		struct str body = read_shared(&a, ".http", where, name);
		struct str yaml = read_shared(&a, ".yaml", where, name);
		char *boundary = arena_text(&a, yaml_value(yaml, "boundary"));
		bool good = split(f, body.p, body.n, boundary);
		bool agree = as_expected(f, good, yaml);
		if (agree != (disagreement(name) == NULL))
			fail_msg(
			    "%s: ours %s (%s)", name, agree ? "agrees" : "differs", f->e.message);
		run++;
		differ += !agree;
	}
	closedir(d);
	arena_release(&a);
	assert_int_equal(differ, ARRAY_LENGTH(disagreements));
	print_message("%zu bodies, %zu answered otherwise for a reason\n", run, differ);
}

/* Their text file beside the body has the line ends of its editor, and one more at its end. */
static struct str
without_line_ends(struct arena *a, struct str s)
{
	char *text = arena_text(a, s);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\r' && s.p[i] != '\n')
			text[n++] = s.p[i];
	return (struct str){text, n};
}

static void
bodies_of_werkzeug(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *folder, *boundary, *first, *second;
	} cases[] = {
	    {"firefox3-2png1txt", "---------------------------186454651713519341951581030105",
		"anchor.png", "application_edit.png"},
	    {"firefox3-2pnglongtext", "---------------------------14904044739787191031754711748",
		"accept.png", "add.png"},
	    {"ie6-2png1txt", "---------------------------7d91b03a20128", "file1.png", "file2.png"},
	    {"opera8-2png1txt", "----------zEO9jQKmLc2Cq88c23Dx19", "arrow_branch.png",
		"award_star_bronze_1.png"},
	    {"webkit3-2png1txt", "----WebKitFormBoundaryjdSFhcARk8fyGNy6", "gtk-apply.png",
		"gtk-no.png"},
	};
	static const char where[] = "werkzeug/tests/multipart/";
	static const char *const files[] = {"/file1.png", "/file2.png", "/text.txt"};
	static const char *const names[] = {"file1", "file2", "text"};
	char path[1024];
	struct arena a;
	snprintf(path, sizeof path, "%s/http/werkzeug", shared_folder());
	if (access(path, R_OK) != 0) {
		print_message("skipped: %s is not there\n", path);
		skip();
	}
	arena_init(&a, MIB(16));
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct str folder = arena_format(&a, "%s%s", where, cases[i].folder);
		struct str body = read_shared(&a, "/request.http", folder.p, "");
		assert_true(split(f, body.p, body.n, cases[i].boundary));
		assert_int_equal(f->form.count, 3);
		assert_str(f->form.parts[0].file_name, cases[i].first);
		assert_str(f->form.parts[1].file_name, cases[i].second);
		for (size_t k = 0; k < 3; k++) {
			assert_str(f->form.parts[k].name, names[k]);
			struct str want = read_shared(&a, files[k], folder.p, "");
			struct str got = content(f, k);
			if (k == 2)
				want = without_line_ends(&a, want);
			if (k == 2)
				got = without_line_ends(&a, got);
			assert_true(str_equal(got, want));
		}
	}
	/* Line ends are LF alone in this one. */
	struct str body = read_shared(&a, "ie7_full_path_request.http", where, "");
	assert_true(split(f, body.p, body.n, "---------------------------7da36d1b4a0164"));
	assert_int_equal(f->form.count, 6);
	assert_str(f->form.parts[4].name, "cb_file_upload_multiple");
	assert_str(
	    f->form.parts[4].file_name, "Sellersburg Town Council Meeting 02-22-2010doc.doc");
	arena_release(&a);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(fields_and_files_come_out_as_sent),
	    TEST(a_body_cut_anywhere_is_an_error),
	    TEST(any_byte_may_be_in_a_file),
	    TEST(the_fast_search_finds_what_a_plain_one_finds),
	    TEST(names_are_read_as_real_clients_write_them),
	    TEST(bad_headers_are_refused),
	    TEST(lenient_forms_of_a_body_are_taken),
	    TEST(what_is_no_form_is_refused),
	    TEST(limits_hold_to_the_part),
	    TEST(limit_of_headers_holds_to_the_byte),
	    TEST(boundaries_are_read_from_the_content_type),
	    TEST(bodies_of_python_multipart),
	    TEST(bodies_of_werkzeug),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

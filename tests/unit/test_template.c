/*
 * test_template.c: a page holds what its template and its data say, and data never becomes markup.
 * What a browser would make of a page is asked of libxml2's HTML parser, which shares no code with
 * the writer.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/tree.h"
#include "http/template_program.h"

#include <libxml/HTMLparser.h>

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define R " xmlns:r=\"urn:rowhouse\""

struct fixture {
	struct arena arena;
	struct err e;
};

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
	free(f);
	return 0;
}

/* Compiles "a" (and "b", for includes) and draws "a". */
static bool
draw_two(struct fixture *f, struct str *out, const char *a, const char *b, const char *json)
{
	const struct template_source sources[] = {{"a", str_of(a)}, {"b", str_of(b)}};
	struct template_set *set;
	json_t *data;
	struct buf page;
	err_clear(&f->e);
	if (!templates_compile(&set, sources, 2, &f->e))
		return false;
	if (!tree_parse_own(&data, str_of(json), &f->arena, &f->e))
		fail_msg("%s", f->e.message);
	buf_init(&page, &f->arena);
	bool good = template_draw(&page, set, "a", data, &f->e);
	templates_free(set);
	*out = (struct str){arena_text(&f->arena, buf_str(&page)), page.n};
	return good;
}

static const char *
draw(struct fixture *f, const char *template, const char *json)
{
	struct str out;
	if (!draw_two(f, &out, template, "<b/>", json))
		fail_msg("%s: %s", template, f->e.message);
	return out.p;
}

static void
refused(struct fixture *f, const char *template)
{
	struct str out;
	if (draw_two(f, &out, template, "<b/>", "{}"))
		fail_msg("taken: %s", template);
	assert_non_null(strstr(f->e.message, "a.xhtml"));
}

/* Names and values of elements and attributes, the way a browser gets them. */
static void
check_page(const char *page, const char *payload)
{
	htmlDocPtr tree = htmlReadMemory(page, (int)strlen(page), NULL, "UTF-8",
	    HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET | HTML_PARSE_NOIMPLIED);
	assert_non_null(tree);
	xmlNode *p = xmlDocGetRootElement(tree);
	assert_string_equal((const char *)p->name, "p");
	xmlNode *a = p->children;
	assert_string_equal((const char *)a->name, "a");
	assert_null(a->next);
	assert_true(!a->children || (a->children->type == XML_TEXT_NODE && !a->children->next));
	int attributes = 0;
	for (xmlAttr *at = a->properties; at; at = at->next)
		attributes++;
	assert_int_equal(attributes, 3);
	xmlChar *text = xmlNodeGetContent(a), *href = xmlGetProp(a, (const xmlChar *)"href");
	xmlChar *title = xmlGetProp(a, (const xmlChar *)"title");
	xmlChar *class = xmlGetProp(a, (const xmlChar *)"class");
	assert_string_equal((const char *)text, payload);
	assert_string_equal((const char *)class, payload);
	assert_int_equal(strncmp((const char *)title, "t ", 2), 0);
	assert_string_equal((const char *)title + 2, payload);
	assert_int_equal(strncmp((const char *)href, "/x/", 3), 0);
	assert_int_equal(
	    strspn((const char *)href, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789-._~%/?=#"),
	    strlen((const char *)href));
	xmlFree(text);
	xmlFree(href);
	xmlFree(title);
	xmlFree(class);
	xmlFreeDoc(tree);
}

static void
hostile_values_stay_text(void **state)
{
	struct fixture *f = *state;
	static const char *const cores[] = {"<script>alert(1)</script>",
	    "<img src=x onerror=alert(1)>", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
	    " javascript:alert(1)", "//evil.example/", "data:text/html,<script>1</script>",
	    "vbscript:x", "\" onmouseover=\"alert(1)", "' onmouseover='alert(1)",
	    "\"><svg onload=alert(1)>", "</a><script>1</script>", "</p></body>", "<!--", "-->",
	    "<![CDATA[", "]]>", "&lt;script&gt;", "&#60;script&#62;", "&#x3c;b&#x3e;", "&amp;", "&",
	    "`onclick=alert(1)", "{v}", "{{v}}", "..", "../../etc", "%3Cscript%3E", "%22%3E",
	    "\\\"><b>", "?a=b&c=d#e", "jav&#x09;ascript:1", "<a href=\"javascript:1\">",
	    "<style>*{}</style>", "\xe2\x80\xa8<b>", "<\xc3\xa9>", "\xef\xbc\x9cscript\xef\xbc\x9e",
	    "</textarea><b>", "</title><b>", "=\"x\" y='z'", "<", ">", "\"", "'"};
	static const char *const around[][2] = {
	    {"", ""}, {"x", "y"}, {"\"'><", ""}, {"", "<!--\""}, {"&quot;", "&#39;"}};
	static const char template[] = "<p" R "><a r:href=\"/x/{v}?q={v}#{v}\" r:title=\"t {v}\" "
				       "r:class=\"{v}\" r:text=\"v\"></a></p>";
	int count = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(cores); i++) {
		for (size_t k = 0; k < ARRAY_LENGTH(around); k++) {
			struct str payload =
			    arena_format(&f->arena, "%s%s%s", around[k][0], cores[i], around[k][1]);
			json_t *data = json_pack("{s:s}", "v", payload.p);
			char *json = json_dumps(data, 0);
			const char *page = draw(f, template, json);
			int lt = 0, quote = 0;
			for (const char *p = page; *p; p++) {
				lt += *p == '<';
				quote += *p == '"';
				assert_true(*p != '\'');
			}
			assert_int_equal(lt, 4);
			assert_int_equal(quote, 6);
			check_page(page, payload.p);
			free(json);
			json_decref(data);
			count++;
		}
	}
	assert_true(count >= 200);
}

static void
addresses_stay_on_this_host(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
	    draw(f, "<a" R " r:href=\"/x/{v}/y\"/>", "{\"v\":\"..\"}"), "<a href=\"/x//y\"></a>");
	assert_string_equal(
	    draw(f, "<a" R " r:href=\"?q={v}\"/>", "{\"v\":\"..\"}"), "<a href=\"?q=..\"></a>");
	assert_string_equal(
	    draw(f, "<a" R " r:href=\"/{v}\"/>", "{\"v\":\"/e.x\"}"), "<a href=\"/%2Fe.x\"></a>");
	refused(f, "<a" R " r:href=\"{v}\"/>");
	refused(f, "<a" R " r:href=\"x{v}\"/>");
	refused(f, "<a" R " r:href=\"//x{v}\"/>");
	refused(f, "<a" R " r:href=\"/{a}/{b}\"/>");
	refused(f, "<a" R " r:href=\"/{a}{c}/{b}\"/>");
	refused(f, "<a" R " r:href=\"/\\{b}\"/>");
	refused(f, "<form" R " r:action=\"{v}\"/>");
	refused(f, "<img" R " r:src=\"{v}\"/>");
	refused(f, "<button" R " r:formaction=\"{v}\"/>");
	refused(f, "<a HREF=\"javascript:alert(1)\"/>");
	refused(f, "<a href=\"data:text/html,x\"/>");
}

static void
what_could_print_raw_html_does_not_compile(void **state)
{
	struct fixture *f = *state;
	static const char *const cases[] = {"<script" R " r:text=\"v\"/>",
	    "<style" R " r:text=\"v\"/>", "<script>var a</script>", "<SCRIPT>a</SCRIPT>",
	    "<style>a</style>", "<script><b/></script>", "<script" R " r:include=\"b\"/>",
	    "<p" R " r:onclick=\"{v}\"/>", "<p onclick=\"x\"/>", "<p ONCLICK=\"x\"/>",
	    "<p" R " r:style=\"{v}\"/>", "<p style=\"x\"/>", "<iframe" R " r:srcdoc=\"{v}\"/>",
	    "<iframe srcdoc=\"x\"/>", "<img" R " r:srcset=\"{v}\"/>",
	    "<meta http-equiv=\"refresh\"" R " r:content=\"0;{v}\"/>",
	    "<meta" R " r:http-equiv=\"{v}\"/>", "<set/>", "<xmp/>", "<br>x</br>",
	    "<br" R " r:text=\"v\"/>", "<p" R " r:text=\"v\">x</p>",
	    "<p" R " r:text=\"v\" r:form=\"w\"/>", "<p" R " r:title=\"{v\"/>",
	    "<p" R " r:title=\"v}\"/>", "<p" R " r:title=\"{v w}\"/>",
	    "<p" R " r:title=\"{v:raw}\"/>", "<p" R " r:text=\"\"/>", "<p" R " r:text=\"a..b\"/>",
	    "<p" R " r:text=\"a.\"/>", "<p" R " r:if=\"\"/>", "<p" R " r:if=\"a =\"/>",
	    "<p" R " r:each=\"rows\"/>", "<p" R " r:each=\"a.b in rows\"/>",
	    "<p" R " r:title=\"{v}\" title=\"x\"/>", "<p" R " r:include=\"missing\"/>",
	    "<p" R " r:include=\"a\"/>", "<r:loop" R "/>", "<r:group" R " class=\"x\"/>",
	    "<p xmlns:q=\"urn:q\" q:a=\"x\"/>", "<q:p xmlns:q=\"urn:q\"/>", "<p><?php x?></p>",
	    "<p>", "<p>&nbsp;</p>", "<p>&lt;&undefined;</p>", "", "text", "<p/><p/>",
	    "<!DOCTYPE html><html/>", "<!DOCTYPE html [<!ENTITY a \"b\">]><html>&a;</html>",
	    "<!DOCTYPE html SYSTEM \"file:///etc/passwd\"><html/>"};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		refused(f, cases[i]);
}

static void
a_fault_names_its_file_and_line(void **state)
{
	struct fixture *f = *state;
	struct str out;
	assert_false(draw_two(f, &out, "<p>\n<b>\n</p>", "<b/>", "{}"));
	assert_non_null(strstr(f->e.message, "a.xhtml line 3"));
	assert_false(draw_two(
	    f, &out, "<p" R "><i r:include=\"b\"/></p>", "<p>\n<b style=\"x\"/></p>", "{}"));
	assert_non_null(strstr(f->e.message, "b.xhtml line 2"));
	assert_int_equal(f->e.at_line, 2);
	assert_false(
	    draw_two(f, &out, "<p" R " r:include=\"b\"/>", "<p" R " r:include=\"a\"/>", "{}"));
	assert_non_null(strstr(f->e.message, "includes itself"));
}

static void
html_is_written_as_html(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
	    draw(f,
		"<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\"><head><meta "
		"charset=\"utf-8\"/>"
		"<script src=\"/a.js\" type=\"module\" defer=\"defer\"/></head><body><!-- gone -->"
		"<br/><input disabled=\"\" value=\"a&quot;&lt;\"/><p/>&#160;&amp;"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><path "
		"d=\"M0\"/></svg>"
		"</body></html>",
		"{}"),
	    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<script src=\"/a.js\" type=\"module\" defer></script></head><body>"
	    "<br><input disabled value=\"a&quot;&lt;\"><p></p>\xc2\xa0&amp;"
	    "<svg viewBox=\"0 0 1 1\"><path d=\"M0\"></path></svg></body></html>");
}

static void
attributes_follow_their_value(void **state)
{
	struct fixture *f = *state;
	static const char template[] = "<input" R " r:value=\"{v}\"/>";
	assert_string_equal(draw(f, template, "{\"v\":null}"), "<input>");
	assert_string_equal(draw(f, template, "{\"v\":false}"), "<input>");
	assert_string_equal(draw(f, template, "{}"), "<input>");
	assert_string_equal(draw(f, template, "{\"v\":true}"), "<input value>");
	assert_string_equal(draw(f, template, "{\"v\":\"\"}"), "<input value=\"\">");
	assert_string_equal(draw(f, template, "{\"v\":0}"), "<input value=\"0\">");
	assert_string_equal(draw(f, template, "{\"v\":1.5}"), "<input value=\"1.5\">");
	assert_string_equal(
	    draw(f, "<p" R " r:class=\"a {v} b\"/>", "{}"), "<p class=\"a  b\"></p>");
	assert_string_equal(draw(f, "<p" R " r:aria-expanded=\"{v}\"/>", "{\"v\":true}"),
	    "<p aria-expanded=\"true\"></p>");
}

static void
conditions_hold_as_said(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *condition;
		bool holds;
	} cases[] = {{"t", true}, {"f", false}, {"n", false}, {"zero", false}, {"one", true},
	    {"empty", false}, {"word", true}, {"none", false}, {"list", false}, {"some", true},
	    {"object", false}, {"!t", false}, {"!none", true}, {"word = a b", true},
	    {"word = a", false}, {"word != a", true}, {"word != a b", false}, {"one = 1", true},
	    {"t = true", true}, {"none = x", false}, {"none != x", true}, {"deep.er", true},
	    {"deep.er.est", false}, {"word=a b", true}};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct str template =
		    arena_format(&f->arena, "<p" R "><b r:if=\"%s\"/></p>", cases[i].condition);
		const char *page = draw(f, template.p,
		    "{\"t\":true,\"f\":false,\"n\":null,\"zero\":0,\"one\":1,\"empty\":\"\","
		    "\"word\":\"a b\","
		    "\"list\":[],\"some\":[0],\"object\":{},\"deep\":{\"er\":\"x\"}}");
		if ((strstr(page, "<b>") != NULL) != cases[i].holds)
			fail_msg("%s: %s", cases[i].condition, page);
	}
}

static void
loops_see_their_items_and_what_is_around(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(
	    draw(f,
		"<ul" R
		"><li r:each=\"row in rows\" r:if=\"row.show\"><r:group r:each=\"row in row.in\">"
		"<r:group r:text=\"row\"/><i r:if=\"row.first\"/></r:group>:<b "
		"r:text=\"row.index\"/>"
		"<r:group r:text=\"title\"/></li><li r:each=\"x in list\" r:text=\".\"/>"
		"<li r:each=\"x in none\"/><li r:each=\"x in title\"/></ul>",
		"{\"title\":\"T\",\"list\":[1,\"<\"],\"rows\":[{\"show\":1,\"in\":[\"a\",\"b\"]},"
		"{\"show\":0,\"in\":[]},{\"show\":1,\"in\":[]}]}"),
	    "<ul><li>a<i></i>b:<b>1</b>T</li><li>:<b>3</b>T</li><li>1</li><li>&lt;</li></ul>");
	/* A member of the item's own comes before the loop's. */
	assert_string_equal(draw(f, "<p" R "><b r:each=\"c in cs\" r:text=\"c.index\"/></p>",
				"{\"cs\":[{\"index\":7},{}]}"),
	    "<p><b>7</b><b>2</b></p>");
}

static void
includes_stand_where_they_are_asked_for(void **state)
{
	struct fixture *f = *state;
	struct str out;
	assert_true(draw_two(f, &out, "<p" R "><i r:each=\"row in rows\" r:include=\"b\"/></p>",
	    "<r:group" R "><b r:text=\"row.x\"/>!</r:group>", "{\"rows\":[{\"x\":1},{\"x\":2}]}"));
	assert_string_equal(out.p, "<p><i><b>1</b>!</i><i><b>2</b>!</i></p>");
}

static void
values_print_in_their_format(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *path, *json, *text;
	} cases[] = {
	    {"v", "1234567", "1234567"},
	    {"v:count", "1234567",
		"1\xe2\x80\x89"
		"234\xe2\x80\x89"
		"567"},
	    {"v:count", "999", "999"},
	    {"v:count", "-1000",
		"-1\xe2\x80\x89"
		"000"},
	    {"v:count", "\"x\"", "x"},
	    {"v:bytes", "0", "0 B"},
	    {"v:bytes", "999", "999 B"},
	    {"v:bytes", "1000", "1.0 kB"},
	    {"v:bytes", "1234567", "1.2 MB"},
	    {"v:bytes", "999949", "999.9 kB"},
	    {"v:bytes", "999950", "1.0 MB"},
	    {"v:bytes", "9223372036854775807", "9.2 EB"},
	    {"v:time", "\"2024-03-14T15:30:00Z\"", "2024-03-14 15:30 UTC"},
	    {"v:time", "\"2024-03-14T15:30:00.123456Z\"", "2024-03-14 15:30 UTC"},
	    {"v:time", "\"2024-03-14T15:30:00+02:00\"", "2024-03-14T15:30:00+02:00"},
	    {"v:time", "\"soon\"", "soon"},
	    {"v", "0.1", "0.1"},
	    {"v", "true", "true"},
	    {"v", "null", ""},
	    {"v", "[1]", ""},
	    {"w", "1", ""},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct str template =
		    arena_format(&f->arena, "<p" R " r:text=\"%s\"/>", cases[i].path);
		struct str json = arena_format(&f->arena, "{\"v\":%s}", cases[i].json);
		struct str want = arena_format(&f->arena, "<p>%s</p>", cases[i].text);
		assert_string_equal(draw(f, template.p, json.p), want.p);
	}
}

static void
a_whole_query_stands_in_an_address_and_nothing_else_does(void **state)
{
	struct fixture *f = *state;
	static const char data[] = "{\"v\":\"a=1&b=%3E+\\u00e4\\\"<>#?/:@x\",\"none\":\"\"}";
	assert_string_equal(draw(f, "<a" R " r:href=\"?{v:query}\"/>", data),
	    "<a href=\"?a=1&amp;b=%3E+%C3%A4%22%3C%3E%23%3F%2F%3A%40x\"></a>");
	assert_string_equal(draw(f, "<a" R " r:href=\"/x?row=2&amp;{none:query}\"/>", data),
	    "<a href=\"/x?row=2&amp;\"></a>");
	/* Elsewhere it is a value like any other. */
	assert_string_equal(draw(f, "<a" R " r:href=\"/{v:query}\"/>", data),
	    "<a href=\"/a%3D1%26b%3D%253E%2B%C3%A4%22%3C%3E%23%3F%2F%3A%40x\"></a>");
}

static void
forms_are_labelled_and_escaped(void **state)
{
	struct fixture *f = *state;
	static const char template[] = "<form" R " r:form=\"fields\"/>";
	assert_string_equal(draw(f, template,
				"{\"fields\":[{\"name\":\"a\",\"label\":\"A\",\"widget\":\"line\","
				"\"value\":\"<\\\"\","
				"\"help\":\"h\",\"error\":\"e\",\"required\":true,\"max\":9}]}"),
	    "<form><div class=\"field\"><label for=\"field-a\">A</label><input type=\"text\" "
	    "id=\"field-a\" name=\"a\" required aria-describedby=\"field-a-help field-a-error\" "
	    "aria-invalid=\"true\" maxlength=\"9\" value=\"&lt;&quot;\"><p class=\"help\" "
	    "id=\"field-a-help\">h</p><p class=\"error\" "
	    "id=\"field-a-error\">e</p></div>\n</form>");
	assert_string_equal(draw(f, template,
				"{\"fields\":[{\"name\":\"a "
				"b\",\"widget\":\"area\",\"value\":\"\\n</textarea>\"}]}"),
	    "<form><div class=\"field\"><label for=\"field-a-b\">a b</label><textarea rows=\"4\" "
	    "id=\"field-a-b\" name=\"a b\">\n\n&lt;/textarea&gt;</textarea></div>\n</form>");
	assert_string_equal(
	    draw(f, template,
		"{\"fields\":[{\"name\":\"c\",\"label\":\"C\",\"widget\":\"choice\",\"value\":2,"
		"\"help\":\"h\","
		"\"choices\":[{\"value\":\"1\",\"label\":\"<1>\"},{\"value\":\"2\"}]}]}"),
	    "<form><div class=\"field\"><label for=\"field-c\">C</label><select id=\"field-c\" "
	    "name=\"c\" aria-describedby=\"field-c-help\"><option value=\"1\">&lt;1&gt;</option>"
	    "<option value=\"2\" selected>2</option></select><p class=\"help\" "
	    "id=\"field-c-help\">h</p>"
	    "</div>\n</form>");
	assert_string_equal(draw(f, template,
				"{\"fields\":[{\"name\":\"n\",\"widget\":\"number\",\"value\":48.1,"
				"\"min\":-90,\"max\":90},"
				"{\"name\":\"k\",\"widget\":\"check\",\"value\":true},{\"name\":"
				"\"f\",\"widget\":\"file\"}]}"),
	    "<form><div class=\"field\"><label for=\"field-n\">n</label><input type=\"number\" "
	    "id=\"field-n\" name=\"n\" step=\"any\" min=\"-90\" max=\"90\" value=\"48.1\"></div>\n"
	    "<div class=\"field\"><label for=\"field-k\">k</label><input type=\"checkbox\" "
	    "value=\"true\" id=\"field-k\" name=\"k\" checked></div>\n<div class=\"field\"><label "
	    "for=\"field-f\">f</label><input type=\"file\" id=\"field-f\" "
	    "name=\"f\"></div>\n</form>");
}

/* Whoever forgets it writes a form that another site can send in a person's name. */
static void
a_form_that_posts_carries_the_pages_token(void **state)
{
	struct fixture *f = *state;
	static const char data[] =
	    "{\"page\":{\"csrf\":\"T\\\"<\"},\"rows\":[{\"page\":{\"csrf\":\"other\"}}],"
	    "\"fields\":[{\"name\":\"a\",\"widget\":\"file\"}]}";
	static const char token[] = "<input type=\"hidden\" name=\"csrf\" value=\"T&quot;&lt;\">";
	static const char *const posting[] = {"<form method=\"post\"", "<form method=\"POST\"",
	    "<form action=\"/x\" method=\"post\" enctype=\"multipart/form-data\""};
	for (size_t i = 0; i < ARRAY_LENGTH(posting); i++) {
		const char *page =
		    draw(f, arena_format(&f->arena, "%s><b/></form>", posting[i]).p, data);
		assert_string_equal(
		    page, arena_format(&f->arena, "%s>%s<b></b></form>", posting[i], token).p);
		/* The page's, whatever stands around it, and before the fields. */
		page = draw(f,
		    arena_format(&f->arena,
			"<p" R "><r:group r:each=\"page in rows\">%s "
			"r:form=\"fields\"/></r:group></p>",
			posting[i])
			.p,
		    data);
		assert_non_null(strstr(page, arena_format(&f->arena, ">%s<div", token).p));
		assert_null(strstr(page, "other"));
	}
	static const char *const silent[] = {"<form/>", "<form method=\"get\"/>",
	    "<form method=\"dialog\"/>", "<p method=\"post\"/>"};
	for (size_t i = 0; i < ARRAY_LENGTH(silent); i++)
		assert_null(strstr(draw(f, silent[i], data), "csrf"));
}

static void
groups_tables_and_secrets_are_drawn(void **state)
{
	struct fixture *f = *state;
	static const char template[] = "<form" R " r:form=\"fields\"/>";
	assert_string_equal(
	    draw(f, template,
		"{\"fields\":[{\"name\":\"s\",\"widget\":\"secret\",\"value\":\"leaked\","
		"\"max\":128}]}"),
	    "<form><div class=\"field\"><label for=\"field-s\">s</label><input type=\"password\" "
	    "id=\"field-s\" name=\"s\" maxlength=\"128\" spellcheck=\"false\" "
	    "autocomplete=\"off\"></div>\n</form>");
	assert_string_equal(
	    draw(f, template,
		"{\"fields\":[{\"name\":\"g\",\"label\":\"G<\",\"widget\":\"group\",\"help\":\"h\","
		"\"error\":\"e\",\"fields\":[{\"name\":\"g.a\",\"label\":\"A\",\"widget\":\"line\"}"
		"]}]"
		"}"),
	    "<form><fieldset class=\"form-group\"><legend>G&lt;</legend><p class=\"help\" "
	    "id=\"field-g-help\">h</p><p class=\"error\" id=\"field-g-error\">e</p><div "
	    "class=\"field\"><label for=\"field-g.a\">A</label><input type=\"text\" "
	    "id=\"field-g.a\" "
	    "name=\"g.a\" value=\"\"></div>\n</fieldset>\n</form>");
	/* Each input of a table has a name and a label of its own; help is the head's. */
	assert_string_equal(
	    draw(f, template,
		"{\"fields\":[{\"name\":\"t\",\"label\":\"T\",\"widget\":\"table\",\"columns\":["
		"\"A<\"],"
		"\"rows\":[{\"fields\":[{\"name\":\"t[0].a\",\"label\":\"A\",\"widget\":\"line\","
		"\"help\":\"h\",\"error\":\"e\",\"value\":\"v\"}]},{\"fields\":[{\"name\":\"t[1]."
		"a\","
		"\"label\":\"A\",\"widget\":\"check\",\"value\":true}]}]}]}"),
	    "<form><fieldset class=\"form-table\"><legend>T</legend><div class=\"scroll\"><table "
	    "data-form-table><thead><tr><th scope=\"col\">A&lt;</th></tr></thead><tbody><tr><td>"
	    "<label class=\"visually-hidden\" for=\"field-t[0].a\">A</label><input type=\"text\" "
	    "id=\"field-t[0].a\" name=\"t[0].a\" aria-describedby=\"field-t[0].a-error\" "
	    "aria-invalid=\"true\" value=\"v\"><p class=\"error\" id=\"field-t[0].a-error\">e</p>"
	    "</td></tr><tr><td><label class=\"visually-hidden\" for=\"field-t[1].a\">A</label>"
	    "<input type=\"checkbox\" value=\"true\" id=\"field-t[1].a\" name=\"t[1].a\" checked>"
	    "</td></tr></tbody></table></div></fieldset>\n</form>");
}

/* A plugin's panel stands in a page that knows only its name. */
static void
a_part_may_be_named_by_the_data(void **state)
{
	struct fixture *f = *state;
	struct str out;
	static const char page[] = "<p" R "><i r:include=\"{panel.name}\"/></p>";
	assert_true(draw_two(f, &out, page, "<b" R " r:text=\"panel.x\"/>",
	    "{\"panel\":{\"name\":\"b\",\"x\":\"<\"}}"));
	assert_string_equal(out.p, "<p><i><b>&lt;</b></i></p>");
	static const char *const nothing[] = {"{}", "{\"panel\":{\"name\":\"c\"}}",
	    "{\"panel\":{\"name\":\"../b\"}}", "{\"panel\":{\"name\":\"\"}}",
	    "{\"panel\":{\"name\":7}}"};
	for (size_t i = 0; i < ARRAY_LENGTH(nothing); i++) {
		assert_true(draw_two(f, &out, page, "<b/>", nothing[i]));
		assert_string_equal(out.p, "<p><i></i></p>");
	}
	/* One that draws itself comes to an end. */
	assert_true(draw_two(
	    f, &out, page, "<b" R " r:include=\"{panel.name}\"/>", "{\"panel\":{\"name\":\"b\"}}"));
	assert_int_equal(strncmp(out.p, "<p><i><b><b>", 12), 0);
	/* A whole page is no part. */
	assert_true(draw_two(f, &out, page, "<html/>", "{\"panel\":{\"name\":\"b\"}}"));
	assert_string_equal(out.p, "<p><i></i></p>");
}

static void
nesting_and_growth_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct template_source sources[TEMPLATE_INCLUDES + 2];
	struct template_set *set;
	/* Each file includes the next eight times: 8^16 elements, were they not counted. */
	for (size_t i = 0; i < TEMPLATE_INCLUDES; i++) {
		struct buf text;
		buf_init(&text, &f->arena);
		buf_put_text(&text, "<r:group" R ">");
		for (int k = 0; k < 8 && i + 1 < TEMPLATE_INCLUDES; k++)
			buf_format(&text, "<r:group r:include=\"t%02zu\"/>", i + 1);
		buf_put_text(&text, "</r:group>");
		sources[i].name = arena_format(&f->arena, "t%02zu", i).p;
		sources[i].text = buf_str(&text);
	}
	assert_false(templates_compile(&set, sources, TEMPLATE_INCLUDES, &f->e));
	assert_non_null(strstr(f->e.message, "too long"));
	struct buf deep;
	buf_init(&deep, &f->arena);
	for (int i = 0; i < TEMPLATE_LOOPS + 1; i++)
		buf_put_text(&deep, "<p" R " r:each=\"a in a\">");
	for (int i = 0; i < TEMPLATE_LOOPS + 1; i++)
		buf_put_text(&deep, "</p>");
	refused(f, arena_text(&f->arena, buf_str(&deep)));
	buf_init(&deep, &f->arena);
	for (int i = 0; i < 5000; i++)
		buf_put_text(&deep, "<p>");
	refused(f, arena_text(&f->arena, buf_str(&deep)));
}

static void
a_folder_of_templates_is_loaded(void **state)
{
	struct fixture *f = *state;
	char folder[] = "/tmp/rowhouse-test-XXXXXX";
	struct template_set *set;
	struct buf out;
	assert_non_null(mkdtemp(folder));
	struct str page = arena_format(&f->arena, "%s/page.xhtml", folder);
	struct str part = arena_format(&f->arena, "%s/part.xhtml", folder);
	struct str other = arena_format(&f->arena, "%s/README", folder);
	assert_true(file_replace(page.p, 0600, STR("<html" R " r:include=\"part\"/>"), &f->e));
	assert_true(file_replace(part.p, 0600, STR("<b" R " r:text=\"x\"/>"), &f->e));
	assert_true(file_replace(other.p, 0600, STR("<"), &f->e));
	const struct template_folder folders[] = {{folder, ""}};
	assert_true(templates_load(&set, folders, 1, &f->e));
	buf_init(&out, &f->arena);
	json_t *data = json_pack("{s:s}", "x", "y");
	assert_true(template_draw(&out, set, "page", data, &f->e));
	assert_true(str_is(buf_str(&out), "<!doctype html>\n<html><b>y</b></html>"));
	assert_true(template_exists(set, "part"));
	assert_false(template_exists(set, "missing"));
	assert_false(template_draw(&out, set, "missing", data, &f->e));
	assert_int_equal(f->e.code, ERR_SYSTEM);
	json_decref(data);
	templates_free(set);
	/* Those of a plugin stand beside them under a name of their own, and may include them; a
	 * plugin without any has no folder. */
	err_clear(&f->e);
	struct str inner = arena_format(&f->arena, "%s/plugin", folder);
	struct str view = arena_format(&f->arena, "%s/plugin/page.xhtml", folder);
	assert_true(folder_make(inner.p, &f->e));
	assert_true(file_replace(view.p, 0600, STR("<p" R " r:include=\"part\"/>"), &f->e));
	const struct template_folder several[] = {
	    {folder, ""}, {"/nonexistent", "x/"}, {inner.p, "plugin/"}};
	assert_true(templates_load(&set, several, 3, &f->e));
	assert_true(template_exists(set, "page") && template_exists(set, "plugin/page"));
	data = json_pack("{s:s}", "x", "z");
	buf_init(&out, &f->arena);
	assert_true(template_draw(&out, set, "plugin/page", data, &f->e));
	assert_true(str_is(buf_str(&out), "<p><b>z</b></p>"));
	json_decref(data);
	templates_free(set);
	/* A fault in one is told with the name it goes by. */
	assert_true(file_replace(view.p, 0600, STR("<p>"), &f->e));
	assert_false(templates_load(&set, several, 3, &f->e));
	assert_non_null(strstr(f->e.message, "plugin/page.xhtml"));
	err_clear(&f->e);
	assert_true(folder_remove(folder, &f->e));
	assert_false(templates_load(&set, folders, 1, &f->e));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(hostile_values_stay_text),
	    TEST(addresses_stay_on_this_host),
	    TEST(what_could_print_raw_html_does_not_compile),
	    TEST(a_fault_names_its_file_and_line),
	    TEST(html_is_written_as_html),
	    TEST(attributes_follow_their_value),
	    TEST(conditions_hold_as_said),
	    TEST(loops_see_their_items_and_what_is_around),
	    TEST(includes_stand_where_they_are_asked_for),
	    TEST(values_print_in_their_format),
	    TEST(a_whole_query_stands_in_an_address_and_nothing_else_does),
	    TEST(forms_are_labelled_and_escaped),
	    TEST(a_form_that_posts_carries_the_pages_token),
	    TEST(groups_tables_and_secrets_are_drawn),
	    TEST(a_part_may_be_named_by_the_data),
	    TEST(nesting_and_growth_are_bounded),
	    TEST(a_folder_of_templates_is_loaded),
	};
	tree_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

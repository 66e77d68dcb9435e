/*
 * views.c: what the views of plugins show: panels on the page of a dataset, pages of their own, and
 * those of the site.  A view with a template plugins/PLUGIN/VIEW.xhtml is drawn with it (a whole
 * page, or a part in our frame), any other as readable JSON.
 */
#include "pages/dataset.h"
#include "api/rowhouse.h"
#include "base/tree.h"
#include "pages/readable.h"

/* What is to be shown: of a dataset, or (d NULL) of the site. */
struct shown {
	struct dataset *d;
	const char *plugin; /* whose view it is */
	const struct plugin_view *view;
	json_t *query;
	json_t *value;        /* what it filled in; NULL: it failed */
	const char *template; /* NULL: it has none */
	struct err wrong;
};

static bool
find(struct shown *s, struct exchange *x, struct dataset *d, struct str plugin, struct str name,
    struct err *e)
{
	const struct registry *r = x->app->model.registry;
	const struct dataset_type *t = d ? registry_type(r, d->type) : NULL;
	const struct rowhouse_plugin *p = d ? NULL : registry_plugin(r, plugin);
	*s = (struct shown){.d = d, .plugin = d ? t ? t->plugin : NULL : p ? p->name : NULL};
	s->view = view_find(d ? t && t->has ? t->has->views : NULL : p ? p->views : NULL, name);
	return s->view || FAIL_FIELD(e, NOT_FOUND, "view", "there is no view %.*s here",
			      STR_ARG(str_clip(name, 60)));
}

/* What is wrong with a view is its own business and not the page's. */
static bool
fill(struct shown *s, struct exchange *x, struct err *e)
{
	struct str out;
	const struct plugin_view *view;
	const char *template = arena_format(&x->arena, "%s/%s", s->plugin, s->view->name).p;
	if (!query_tree(&s->query, x, e))
		return false;
	if (!model_view(&x->app->model, &x->caller, s->d, str_of(s->plugin), str_of(s->view->name),
		s->query, FORM_LENIENT, &out, &view, &x->arena, &s->wrong) ||
	    !tree_parse_own(&s->value, out, &x->arena, &s->wrong))
		s->value = NULL;
	s->template = template_exists(x->app->templates, template) ? template : NULL;
	return true;
}

static void
put_value(struct jsonout *j, const json_t *value)
{
	jsonout_key(j, "view");
	if (!value) {
		jsonout_null(j);
		return;
	}
	size_t n = json_dumpb(value, NULL, 0, JSON_COMPACT);
	json_dumpb(value, jsonout_room(j, n), n, JSON_COMPACT);
	jsonout_took(j, n);
}

static bool
put_form(struct jsonout *j, const struct shown *s, struct exchange *x, struct err *e)
{
	struct rows_file *rows;
	const struct column *list;
	size_t count;
	struct form_columns columns = {0};
	if (s->d) {
		if (!model_rows_open(&x->app->model, s->d, &rows, &x->arena, e) ||
		    !rows_columns(rows, &list, &count, &x->arena, e))
			return false;
		form_columns_of(&columns, list, count, &x->arena);
	}
	const struct form_drawing d = {.sent = s->query,
	    .wrong = s->value ? NULL : &s->wrong,
	    .prefix = "",
	    .columns = &columns};
	jsonout_key(j, "view_form");
	form_draw(j, s->view->form, &d);
	return true;
}

static bool
put(struct jsonout *j, const struct shown *s, struct exchange *x, struct err *e)
{
	put_value(j, s->value);
	if (s->value && !s->template) {
		jsonout_key(j, "readable");
		put_readable(j, s->value);
	}
	jsonout_member_text(j, "view_template", s->value ? s->template : NULL);
	jsonout_member_text(j, "view_error", s->value ? NULL : s->wrong.message);
	jsonout_key(j, "view_about");
	jsonout_object(j);
	jsonout_member_text(j, "name", s->view->name);
	jsonout_member_text(j, "title", s->view->title);
	jsonout_member_text(j, "help", s->view->help);
	jsonout_member_text(j, "plugin", s->plugin);
	jsonout_end(j);
	return put_form(j, s, x, e);
}

bool
page_put_panel(
    struct exchange *x, struct jsonout *j, struct dataset *d, struct str name, struct err *e)
{
	struct shown s;
	struct err wrong = {0};
	jsonout_member_str(j, "view_panel", name);
	if (find(&s, x, d, (struct str){0}, name, &wrong))
		return fill(&s, x, e) && put(j, &s, x, e);
	jsonout_member_text(j, "view_error", wrong.message);
	return true;
}

static bool
draw(const struct shown *s, struct exchange *x, struct buf *b, struct jsonout *j, struct err *e)
{
	bool whole = s->value && s->template && template_is_page(x->app->templates, s->template);
	return put(j, s, x, e) && page_draw(x, s->value ? 200 : err_status(s->wrong.code), b, j,
				      whole ? s->template : "view", e);
}

bool
page_view(struct exchange *x, struct err *e)
{
	struct dataset d;
	struct shown s;
	struct buf b;
	struct jsonout j;
	return model_dataset_get(&x->app->model, &x->caller, x->value[0], &d, &x->arena, e) &&
	       find(&s, x, &d, (struct str){0}, x->value[1], e) && fill(&s, x, e) &&
	       page_begin_dataset(x, &b, &j, &d, s.view->title, s.view->name, e) &&
	       draw(&s, x, &b, &j, e);
}

bool
page_site_view(struct exchange *x, struct err *e)
{
	struct shown s;
	struct buf b;
	struct jsonout j;
	if (!find(&s, x, NULL, x->value[0], x->value[1], e) || !fill(&s, x, e))
		return false;
	page_begin(x, &b, &j, s.view->title, "types");
	return draw(&s, x, &b, &j, e);
}

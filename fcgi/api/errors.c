/*
 * errors.c: an err in the words of the API that was called.
 *
 *   ours   RFC 9457 problem+json, with `errors` [{field, detail, line}]
 *   Claro  {"error": sentence, "code": UPPER_SNAKE, "details": {...}} (seeds/000, "Error Codes")
 *   pages  a page
 */
#include "api/claro.h"
#include "api/route.h"
#include "pages/pages.h"

static void
rowhouse_error(struct exchange *x, const struct err *e)
{
	struct jsonout j;
	respond(x, err_status(e->code), "application/problem+json");
	jsonout_init(&j, &x->response.body);
	jsonout_object(&j);
	jsonout_member_text(&j, "type", "about:blank");
	jsonout_member_text(&j, "title", err_title(e->code));
	jsonout_member_int(&j, "status", err_status(e->code));
	jsonout_member_text(&j, "detail", e->message);
	jsonout_member_text(&j, "code", err_word(e));
	jsonout_member_str(&j, "instance", x->request.id);
	if (e->field[0]) {
		jsonout_key(&j, "errors");
		jsonout_array(&j);
		jsonout_object(&j);
		jsonout_member_text(&j, "field", e->field);
		jsonout_member_text(&j, "detail", e->message);
		if (e->at_line)
			jsonout_member_int(&j, "line", (int64_t)e->at_line);
		jsonout_end(&j);
		jsonout_end(&j);
	}
	jsonout_end(&j);
}

/* What a client may do about it is in the headers too. */
static void
error_headers(struct exchange *x, const struct err *e)
{
	if (e->code == ERR_UNAUTHORIZED)
		respond_header_text(x, "WWW-Authenticate", "Bearer realm=\"rowhouse\"");
	respond_retry(x, e);
}

void
respond_error(struct exchange *x, const struct err *e)
{
	error_headers(x, e);
	switch (x->dialect) {
	case DIALECT_CLARO:
		claro_error(x, e);
		break;
	case DIALECT_PAGE:
		if (request_wants_html(&x->request))
			page_error(x, e);
		else
			rowhouse_error(x, e);
		break;
	case DIALECT_ROWHOUSE:
		rowhouse_error(x, e);
		break;
	}
}

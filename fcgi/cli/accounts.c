/*
 * accounts.c: `rowhouse key`, `user`, `org`: who may come in, from the command line of the data
 * folder's owner, whether a server runs on it or not.
 */
#include "base/clock.h"
#include "base/jsonout.h"
#include "base/limits.h"
#include "base/tree.h"
#include "cli/command.h"
#include "cli/session.h"
#include "model/accounts.h"

/* What is sent to the model is the same object as over the API. */
static bool
parse(struct session *s, json_t **out, struct buf *b, struct jsonout *j, struct err *e)
{
	jsonout_end(j);
	return tree_parse(out, buf_str(b), &s->arena, e);
}

static void
begin(struct session *s, struct buf *b, struct jsonout *j)
{
	buf_init(b, &s->arena);
	jsonout_init(j, b);
	jsonout_object(j);
}

static const char *
day_of(char out[CLOCK_TEXT_BYTES], int64_t us)
{
	clock_format(out, us);
	if (us == 0)
		snprintf(out, CLOCK_TEXT_BYTES, "-");
	else
		out[10] = 0;
	return out;
}

/* The words of a sub-command; false: complained. */
static bool
expect(const struct command_line *line, const char *command, size_t words, const char *usage)
{
	if (line->argument_count == words)
		return true;
	fprintf(stderr, "rowhouse %s: use: rowhouse %s %s\n", command, command, usage);
	return false;
}

static bool
is(const struct command_line *line, const char *word)
{
	return strcmp(line->argument[0], word) == 0;
}

/* ---- key ---- */

enum { KEY_DATA, KEY_ORG, KEY_ROLE, KEY_NAME, KEY_DAYS, KEY_DATASET };
static const struct option key_table[] = {
    [KEY_DATA] = {"data", "DIR", "data", "The data folder"},
    [KEY_ORG] = {"org", "N", "1", "The organisation it is for"},
    [KEY_ROLE] = {"role", "ROLE", "editor", "viewer, reviewer, editor or owner"},
    [KEY_NAME] = {"name", "TEXT", "command line", "What it is for"},
    [KEY_DAYS] = {"days", "N", NULL, "It expires after so many days"},
    [KEY_DATASET] = {"dataset", "ID", NULL, "It is good for this dataset only"},
    {0},
};
static const struct options key_options = {
    .usage = "key new|list|revoke [options] [ID]",
    .about = "new prints a key, this once; list shows what there is; revoke ID ends one at once.",
    .table = key_table,
    .arguments_min = 1,
    .arguments_max = 2,
};

static bool
new_key(struct session *s, const struct command_line *line, struct err *e)
{
	struct buf b;
	struct jsonout j;
	json_t *fields;
	struct key k;
	char secret[KEY_BYTES];
	uint64_t days = 0;
	if (line->value[KEY_DAYS] &&
	    (!str_to_u64(&days, str_of(line->value[KEY_DAYS])) || days == 0 || days > 3650))
		return FAIL(e, INPUT, "--days must be a whole number from 1 to 3650");
	begin(s, &b, &j);
	jsonout_member_text(&j, "name", line->value[KEY_NAME]);
	jsonout_member_text(&j, "role", line->value[KEY_ROLE]);
	if (days)
		jsonout_member_int(&j, "expires_in_days", (int64_t)days);
	if (line->value[KEY_DATASET]) {
		jsonout_key(&j, "dataset_ids");
		jsonout_array(&j);
		jsonout_text(&j, line->value[KEY_DATASET]);
		jsonout_end(&j);
	}
	if (!parse(s, &fields, &b, &j, e) ||
	    !model_key_new(&s->model, &s->owner, fields, FORM_STRICT, &k, secret, &s->arena, e))
		return false;
	printf("%s\n", secret);
	return true;
}

static bool
list_keys(struct session *s, struct err *e)
{
	uint64_t offset = 0;
	for (;;) {
		struct key *list;
		size_t count;
		int64_t total;
		if (!model_key_list(&s->model, &s->owner, &list, &count, &total, offset,
			LIMIT_LIST_ITEMS, &s->arena, e))
			return false;
		for (size_t i = 0; i < count; i++) {
			const struct key *k = &list[i];
			char made[CLOCK_TEXT_BYTES], used[CLOCK_TEXT_BYTES];
			printf("%s  %-9.*s  %-8.*s  %s  used %s  %s  %.*s\n", k->key_id,
			    STR_ARG(k->begins), STR_ARG(k->role), day_of(made, k->created_at),
			    day_of(used, k->used_at), k->revoked_at ? "revoked" : "active",
			    STR_ARG(k->name));
		}
		offset += count;
		if (count == 0 || offset >= (uint64_t)total)
			return true;
	}
}

static bool
set_org(struct session *s, const char *text, struct err *e)
{
	uint64_t org;
	struct organization *list;
	size_t count;
	bool found = false;
	if (!str_to_u64(&org, str_of(text)) ||
	    !store_org_list(s->model.store, &list, &count, &s->arena, e))
		return e->code != ERR_OK
			   ? false
			   : FAIL(e, INPUT, "--org must be the number of an organisation");
	for (size_t i = 0; i < count; i++)
		found = found || (uint64_t)list[i].org_id == org;
	caller_of_folder(&s->owner, (int64_t)org);
	return found || FAIL(e, NOT_FOUND,
			    "there is no organisation %" PRIu64 "; see rowhouse org list", org);
}

static bool
do_key(struct session *s, const struct command_line *line, int *status, struct err *e)
{
	struct key k;
	if (!set_org(s, line->value[KEY_ORG], e))
		return false;
	*status = EXIT_USAGE;
	if (is(line, "new"))
		return expect(line, "key", 1, "new [options]") &&
		       (*status = EXIT_GOOD, new_key(s, line, e));
	if (is(line, "list"))
		return expect(line, "key", 1, "list") && (*status = EXIT_GOOD, list_keys(s, e));
	if (is(line, "revoke"))
		return expect(line, "key", 2, "revoke ID") &&
		       (*status = EXIT_GOOD, model_key_revoke(&s->model, &s->owner,
						 str_of(line->argument[1]), &k, &s->arena, e));
	return expect(line, "key", 99, "new|list|revoke");
}

/* ---- user ---- */

enum { USER_DATA, USER_ORG, USER_ROLE, USER_NAME, USER_URL };
static const struct option user_table[] = {
    [USER_DATA] = {"data", "DIR", "data", "The data folder"},
    [USER_ORG] = {"org", "N", "1", "The organisation they belong to"},
    [USER_ROLE] = {"role", "ROLE", "editor", "viewer, reviewer, editor or owner"},
    [USER_NAME] = {"name", "TEXT", NULL, "Their name"},
    [USER_URL] = {"url", "URL", NULL, "Where the server is, for the link that is printed"},
    {0},
};
static const struct options user_options = {
    .usage = "user new|list|link|role|disable|enable [options] [EMAIL]",
    .about =
	"new invites a user and prints the link they sign in with once; link prints another one\n"
	"(a forgotten password, which ends; without an address: for the first owner); role sets\n"
	"--role; a disabled user's sessions end and their keys stop.",
    .table = user_table,
    .arguments_min = 1,
    .arguments_max = 2,
};

static void
print_link(struct session *s, const struct command_line *line, const char *token)
{
	const char *url = line->value[USER_URL] ? line->value[USER_URL]
			  : s->conf.base_url[0] ? s->conf.base_url
						: "http://127.0.0.1:8080";
	printf("%s/welcome?token=%s\n", url, token);
}

static bool
new_user(struct session *s, const struct command_line *line, struct err *e)
{
	struct buf b;
	struct jsonout j;
	json_t *fields;
	struct user u;
	char token[LINK_BYTES];
	begin(s, &b, &j);
	jsonout_member_text(&j, "email", line->argument[1]);
	jsonout_member_text(&j, "role", line->value[USER_ROLE]);
	if (line->value[USER_NAME])
		jsonout_member_text(&j, "name", line->value[USER_NAME]);
	if (!parse(s, &fields, &b, &j, e) ||
	    !model_user_new(&s->model, &s->owner, fields, FORM_STRICT, &u, token, &s->arena, e))
		return false;
	print_link(s, line, token);
	return true;
}

static bool
list_users(struct session *s, struct err *e)
{
	uint64_t offset = 0;
	for (;;) {
		struct user *list;
		size_t count;
		int64_t total;
		if (!model_user_list(&s->model, &s->owner, &list, &count, &total, offset,
			LIMIT_LIST_ITEMS, &s->arena, e))
			return false;
		for (size_t i = 0; i < count; i++) {
			const struct user *u = &list[i];
			char made[CLOCK_TEXT_BYTES], seen[CLOCK_TEXT_BYTES];
			printf("%s  %-8.*s  %s  signed in %s  %s  %.*s\n", u->user_id,
			    STR_ARG(u->role), day_of(made, u->created_at),
			    day_of(seen, u->signed_in_at),
			    u->disabled_at    ? "disabled"
			    : u->has_password ? "active"
					      : "invited",
			    STR_ARG(u->email.n ? u->email : u->name));
		}
		offset += count;
		if (count == 0 || offset >= (uint64_t)total)
			return true;
	}
}

/* The user with an address; without one the first owner. */
static bool
find_user(struct session *s, struct user *u, const char *email, struct err *e)
{
	bool found;
	if (!(email ? store_user_by_email(s->model.store, u, &found,
			  email_lower(str_of(email), &s->arena), &s->arena, e)
		    : store_user_first(s->model.store, u, &found, &s->arena, e)))
		return false;
	if (!found)
		return FAIL(
		    e, NOT_FOUND, "there is no user %s", email ? email : "that is an owner");
	caller_of_folder(&s->owner, u->org_id);
	return true;
}

static bool
change_user(
    struct session *s, const char *email, const char *member, const char *json, struct err *e)
{
	struct user u;
	json_t *fields;
	struct str text = arena_format(&s->arena, "{\"%s\":%s}", member, json);
	return find_user(s, &u, email, e) && tree_parse(&fields, text, &s->arena, e) &&
	       model_user_change(
		   &s->model, &s->owner, str_of(u.user_id), fields, FORM_STRICT, &u, &s->arena, e);
}

static bool
link_user(struct session *s, const struct command_line *line, struct err *e)
{
	struct user u;
	char token[LINK_BYTES];
	if (!find_user(s, &u, line->argument_count > 1 ? line->argument[1] : NULL, e) ||
	    !model_user_link(&s->model, &s->owner, str_of(u.user_id), &u, token, &s->arena, e))
		return false;
	print_link(s, line, token);
	return true;
}

static bool
do_user(struct session *s, const struct command_line *line, int *status, struct err *e)
{
	if (!set_org(s, line->value[USER_ORG], e))
		return false;
	if (is(line, "list"))
		return list_users(s, e);
	if (is(line, "link"))
		return link_user(s, line, e);
	*status = EXIT_USAGE;
	if (!expect(line, "user", 2, "new|list|link|role|disable|enable [EMAIL]"))
		return false;
	*status = EXIT_GOOD;
	if (is(line, "new"))
		return new_user(s, line, e);
	if (is(line, "role"))
		return change_user(s, line->argument[1], "role",
		    arena_format(&s->arena, "\"%s\"", line->value[USER_ROLE]).p, e);
	if (is(line, "disable") || is(line, "enable"))
		return change_user(
		    s, line->argument[1], "disabled", is(line, "disable") ? "true" : "false", e);
	*status = EXIT_USAGE;
	return expect(line, "user", 99, "new|list|link|role|disable|enable [EMAIL]");
}

/* ---- org ---- */

enum { ORG_DATA, ORG_DATASETS, ORG_BYTES, ORG_ROWS };
static const struct option org_table[] = {
    [ORG_DATA] = {"data", "DIR", "data", "The data folder"},
    [ORG_DATASETS] = {"quota_datasets", "N", NULL,
	"With set: how many datasets it may have; 0: no quota"},
    [ORG_BYTES] = {"quota_bytes", "N", NULL, "With set: how many bytes of uploads"},
    [ORG_ROWS] = {"quota_rows", "N", NULL, "With set: how many rows"},
    {0},
};
static const struct options org_options = {
    .usage = "org new|list|set [options] [NAME|N]",
    .about = "new NAME makes an organisation and prints its number; set N gives it quotas of its "
	     "own, in\n"
	     "the place of the server's (those not named are the server's again).",
    .table = org_table,
    .arguments_min = 1,
    .arguments_max = 2,
};

static bool
new_org(struct session *s, const char *name, struct err *e)
{
	struct organization o = {.name = str_of(name)};
	if (o.name.n == 0 || o.name.n > LIMIT_NAME_CHARACTERS)
		return FAIL(e, INPUT, "the name of an organisation has 1 to %d bytes",
		    LIMIT_NAME_CHARACTERS);
	if (!store_begin(s->model.store, e))
		return false;
	bool good = store_org_insert(s->model.store, &o, e);
	caller_of_folder(&s->owner, o.org_id);
	good = good && model_audit(&s->model, &s->owner, "org.new", o.name, (struct str){0}, e);
	if (!model_end(&s->model, good, e))
		return false;
	printf("%" PRId64 "\n", o.org_id);
	return true;
}

static bool
list_orgs(struct session *s, struct err *e)
{
	struct organization *list;
	size_t count;
	if (!store_org_list(s->model.store, &list, &count, &s->arena, e))
		return false;
	for (size_t i = 0; i < count; i++)
		printf("%" PRId64 "  %" PRId64 " users  %" PRId64 " keys  %" PRId64
		       " datasets  %.*s  %.*s\n",
		    list[i].org_id, list[i].users, list[i].keys, list[i].datasets,
		    STR_ARG(list[i].name), STR_ARG(list[i].settings));
	return true;
}

static bool
set_quotas(struct session *s, const struct command_line *line, struct err *e)
{
	struct buf b;
	struct jsonout j;
	bool found;
	if (!set_org(s, line->argument[1], e))
		return false;
	begin(s, &b, &j);
	for (size_t i = ORG_DATASETS; i <= ORG_ROWS; i++) {
		uint64_t n;
		if (!line->value[i])
			continue;
		if (!str_to_u64(&n, str_of(line->value[i])) || n > INT64_MAX)
			return FAIL(e, INPUT, "--%s must be a whole number", org_table[i].name);
		jsonout_member_int(&j, org_table[i].name, (int64_t)n);
	}
	jsonout_end(&j);
	if (!store_begin(s->model.store, e))
		return false;
	return model_end(&s->model,
	    store_org_settings(s->model.store, s->owner.org_id, buf_str(&b), &found, e) &&
		model_audit(&s->model, &s->owner, "org.set", (struct str){0}, buf_str(&b), e),
	    e);
}

static bool
do_org(struct session *s, const struct command_line *line, int *status, struct err *e)
{
	if (is(line, "list"))
		return list_orgs(s, e);
	*status = EXIT_USAGE;
	if (!expect(line, "org", 2, "new NAME | list | set N [options]"))
		return false;
	*status = EXIT_GOOD;
	if (is(line, "new"))
		return new_org(s, line->argument[1], e);
	if (is(line, "set"))
		return set_quotas(s, line, e);
	*status = EXIT_USAGE;
	return expect(line, "org", 99, "new NAME | list | set N [options]");
}

/* ---- what they share ---- */

static int
command(const struct options *o,
    bool (*act)(struct session *, const struct command_line *, int *, struct err *), int argc,
    char **argv)
{
	struct command_line line;
	struct session s;
	struct err e = {0};
	int status;
	if (!options_read(&line, &status, o, argc, argv))
		return status;
	status = EXIT_GOOD;
	bool good = session_begin(&s, line.value[0], false, &e) && act(&s, &line, &status, &e);
	/* A complaint about the words was made already. */
	int ended = session_end(&s, argv[0], good || status == EXIT_USAGE, &e);
	return status == EXIT_USAGE ? status : ended;
}

int
command_key(int argc, char **argv)
{
	return command(&key_options, do_key, argc, argv);
}

int
command_user(int argc, char **argv)
{
	return command(&user_options, do_user, argc, argv);
}

int
command_org(int argc, char **argv)
{
	return command(&org_options, do_org, argc, argv);
}

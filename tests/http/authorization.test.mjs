// authorization.test.mjs: who may do what: every address of the route table, asked by everybody, about
// what is theirs, what is another organisation's, and what does not exist.
//
// What must hold is written down here once more (`rights`), independently of the code, for every handler:
// the least role that may, what it is about, and what the answer then is.  A route whose handler has no
// row fails the test.  What is another's looks like what does not exist, byte for byte.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { invite, keepAlive, makeKey, makeOrg, patiently, rowhouse, Visitor } from "../lib/accounts.mjs";
import { routes } from "../lib/routes.mjs";
import path from "node:path";
import { formBody, program, startServer, boundary } from "../lib/server.mjs";
import { eventually, makeDataset, ours, tusHeaders } from "../lib/things.mjs";

// ---- what must hold ----

// about: what the id in the address is of, and what a key that is good for one other dataset then gets:
//   dataset, job    not found, like a missing one (it is outside of its scope)
//   source          not found: a key for datasets has no business with files
//   all             forbidden: it is about more than one dataset
//   list            its own few
//   free            nothing in particular
// may: the least role; "whose": an owner, or whom it belongs to; "session": only who is signed in.
// then: the status when it is done for an object of one's own.
const dataset = (may, then, more = {}) => ({ about: "dataset", may, then, ...more });
const map = (more = {}) => ({ type: "custom_dataset", name: "Made here", description: "d",
  column_definitions: [{ name: "a", type: "string" }], ...more });
const theirMap = { type: "custom_dataset", name: "Made here", description: "d",
  columnDefinitions: [{ name: "a", type: "string" }] };
const file = ["file", { name: "made.csv", content: "a\n1\n" }];
const uploadForm = [["type", "data_enrichment"], ["name", "Made here"], ["description", "d"], file];
const anyRev = { "if-match": "*" };

const rights = {
  site_health: { about: "free", then: 200 },
  site_ready: { about: "free", then: 200 },
  site_version: { about: "free", then: 200 },
  site_limits: { about: "free", then: 200 },
  site_metrics: { about: "free", then: 200 },
  openapi_document: { about: "free", then: 200 },

  rowhouse_me: { about: "free", may: "viewer", then: 200 },
  rowhouse_password: { about: "free", may: "session", then: 400, json: { old_password: "not mine at all", password: "another password" } },
  rowhouse_engine_list: { about: "free", may: "viewer", then: 200 },
  rowhouse_type_list: { about: "free", may: "viewer", then: 200 },
  rowhouse_type_get: { about: "free", may: "viewer", then: 200, values: { type: "data_enrichment" } },

  rowhouse_dataset_list: { about: "list", may: "viewer", then: 200 },
  rowhouse_dataset_create: { about: "all", may: "editor", then: 201, json: map() },
  rowhouse_dataset_upload: { about: "all", may: "editor", then: 201, form: uploadForm },
  rowhouse_dataset_get: dataset("viewer", 200),
  rowhouse_dataset_delete: dataset("editor", 204, { spends: "dataset" }),
  rowhouse_rows: dataset("viewer", 200),
  rowhouse_columns: dataset("viewer", 200),
  rowhouse_facets: dataset("viewer", 200, { query: () => "?columns=a" }),
  rowhouse_row_add: dataset("editor", 201, { json: { rows: [{ a: "added" }] } }),
  rowhouse_row_delete_many: dataset("editor", 200, { json: { rows: [{ id: "row_1" }] }, spends: "rows" }),
  rowhouse_row_get: dataset("viewer", 200),
  rowhouse_cell_get: dataset("viewer", 200, { values: { column: "col_a" } }),
  rowhouse_row_set: dataset("reviewer", 200, { json: { cells: { a: "corrected" } }, headers: anyRev }),
  rowhouse_row_delete: dataset("editor", 200, { headers: anyRev, spends: "rows" }),
  rowhouse_change_list: dataset("viewer", 200),
  rowhouse_change_undo: dataset("reviewer", 200, { spends: "change" }),
  rowhouse_findings: dataset("viewer", 200),
  rowhouse_export: dataset("viewer", 200),
  rowhouse_export_start: dataset("viewer", 202, { json: { format: "csv" } }),
  rowhouse_task_list: dataset("viewer", 200),
  rowhouse_task_start: dataset("editor", 200, { of: "lines", values: { task: "count_words" }, query: () => "?estimate=true" }),
  rowhouse_call: dataset("editor", 200, { of: "hooks", values: { call: "remember" }, json: { word: "x" } }),
  rowhouse_view: dataset("viewer", 200, { of: "lines", values: { type: "text_lines", view: "longest" } }),
  rowhouse_site_task_start: { about: "all", may: "editor", then: 200, values: { plugin: "hooks", task: "import" },
    query: ({ source }) => `?estimate=true&source_id=${source}` },
  rowhouse_site_view: { about: "all", may: "viewer", then: 200, values: { plugin: "hooks", view: "status" } },

  rowhouse_source_list: { about: "list", may: "viewer", then: 200 },
  rowhouse_source_upload: { about: "all", may: "editor", then: 201, form: [file] },
  rowhouse_source_get: { about: "source", may: "viewer", then: 200 },
  rowhouse_source_preview: { about: "source", may: "editor", then: 200, json: {} },
  rowhouse_source_delete: { about: "source", may: "editor", then: 204, spends: "source" },
  tus_options: { about: "free", then: 204 },
  tus_create: { about: "all", may: "editor", then: 201, headers: { ...tusHeaders, "upload-length": "7" } },
  tus_get: { about: "all", of: "upload", may: "editor", then: 200 },
  tus_append: { about: "all", of: "upload", may: "editor", then: 204,
    headers: { ...tusHeaders, "upload-offset": "0", "content-type": "application/offset+octet-stream" } },
  tus_remove: { about: "all", of: "upload", may: "editor", then: 204, headers: tusHeaders, spends: "upload" },
  rowhouse_job_list: { about: "list", may: "viewer", then: 200 },
  rowhouse_job_get: { about: "job", may: "viewer", then: 200 },
  rowhouse_job_file: { about: "job", may: "viewer", then: 409 }, // it made none
  rowhouse_job_cancel: { about: "job", may: "editor", then: 409 }, // it has ended

  rowhouse_user_list: { about: "all", may: "owner", then: 200 },
  rowhouse_user_new: { about: "all", may: "owner", then: 201, json: () => ({ email: `made${++number}@example.org`, role: "viewer" }) },
  rowhouse_user_get: { about: "all", of: "user", may: "owner", then: 200 },
  rowhouse_user_change: { about: "all", of: "user", may: "owner", then: 200, json: { name: "Changed" } },
  rowhouse_user_link: { about: "all", of: "user", may: "owner", then: 200 },
  rowhouse_key_list: { about: "all", may: "viewer", then: 200 },
  rowhouse_key_new: { about: "all", may: "viewer", then: 201, json: { name: "made here", role: "viewer" } },
  rowhouse_key_get: { about: "all", of: "key", may: "whose", then: 200 },
  rowhouse_key_revoke: { about: "all", of: "key", may: "whose", then: 200, spends: "key" },
  rowhouse_audit_list: { about: "all", may: "owner", then: 200 },

  claro_dataset_create: { about: "all", may: "editor", then: 201, json: theirMap },
  claro_dataset_upload: { about: "all", may: "editor", then: 201, form: uploadForm },
  claro_dataset_list: { about: "list", may: "viewer", then: 200 },
  claro_dataset_get: dataset("viewer", 200),
  claro_dataset_data: dataset("viewer", 200),
  claro_dataset_delete: dataset("editor", 204, { spends: "dataset" }),
  claro_source_list: { about: "list", may: "viewer", then: 200 },
  claro_source_upload: { about: "all", may: "editor", then: 201, form: [file] },
  claro_source_get: { about: "source", may: "viewer", then: 200 },
  claro_source_delete: { about: "source", may: "editor", then: 204, spends: "source" },

  page_home: { about: "free", may: "viewer", then: 303 },
  page_sign_in: { about: "free", then: [200, 303] },
  page_sign_in_post: { about: "free", then: [401, 429], fields: { email: "nobody@example.org", password: "not a password" } },
  page_welcome: { about: "free", then: 410 },
  page_welcome_post: { about: "free", then: 410, fields: { token: "x" } },
  page_sign_out: { about: "free", may: "viewer", then: 303, notFor: "session" },
  page_datasets: { about: "list", may: "viewer", then: 200 },
  page_dataset: dataset("viewer", 200),
  page_export: dataset("viewer", 200),
  page_export_post: dataset("viewer", 200, { fields: { format: "csv" } }),
  page_dataset_delete: dataset("editor", 200),
  page_dataset_delete_post: dataset("editor", 303, { spends: "dataset" }),
  page_row_new: dataset("editor", 200),
  page_row_new_post: dataset("editor", 303, { fields: { "cells.col_a": "added" } }),
  page_row: dataset("viewer", 303),
  page_row_edit: dataset("reviewer", 200),
  page_row_edit_post: dataset("reviewer", 303, { fields: { "cells.col_a": "corrected", rev: "1" }, spends: "rows" }),
  page_row_delete: dataset("editor", 200),
  page_row_delete_post: dataset("editor", 303, { fields: { rev: "1" }, spends: "rows" }),
  page_changes: dataset("viewer", 200),
  page_change_undo_post: dataset("reviewer", 303, { spends: "change" }),
  page_task: dataset("editor", 200, { of: "lines", values: { task: "count_words" } }),
  page_task_post: dataset("editor", 200, { of: "lines", values: { task: "count_words" }, fields: { estimate: "Estimate" } }),
  page_view: dataset("viewer", 200, { of: "lines", values: { view: "longest" } }),
  page_new: { about: "all", may: "editor", then: 200 },
  page_new_type: { about: "all", may: "editor", then: 200, values: { type: "data_enrichment" } },
  page_new_type_post: { about: "all", may: "editor", then: 303, values: { type: "data_enrichment" }, form: uploadForm },
  page_types: { about: "free", may: "viewer", then: 200 },
  page_site_task: { about: "all", may: "editor", then: 200, values: { plugin: "hooks", task: "import" } },
  page_site_task_post: { about: "all", may: "editor", then: 200, values: { plugin: "hooks", task: "import" },
    fields: ({ source }) => ({ estimate: "Estimate", source_id: source }) },
  page_site_view: { about: "all", may: "viewer", then: 200, values: { plugin: "hooks", view: "status" } },
  page_sources: { about: "list", may: "viewer", then: 200 },
  page_reading: { about: "source", may: "editor", then: 200 },
  page_reading_post: { about: "source", may: "editor", then: 200, fields: { show: "Show" } },
  page_source_delete_post: { about: "source", may: "editor", then: 303, spends: "source" },
  page_jobs: { about: "list", may: "viewer", then: 200 },
  page_job: { about: "job", may: "viewer", then: 200 },
  page_job_file: { about: "job", may: "viewer", then: 409 },
  page_job_cancel_post: { about: "job", may: "editor", then: 409 },
  page_docs: { about: "free", then: 200 },
  page_account: { about: "all", may: "viewer", then: 200 },
  page_password_post: { about: "free", may: "session", then: 400, fields: { old_password: "not mine at all", password: "another password" } },
  page_keys: { about: "all", may: "viewer", then: 200 },
  page_key_new: { about: "list", may: "viewer", then: 200 },
  page_key_new_post: { about: "all", may: "viewer", then: 201, fields: { name: "made here", role: "viewer", datasets: "all" } },
  page_key_revoke_post: { about: "all", of: "key", may: "whose", then: 303, spends: "key" },
  page_users: { about: "all", may: "owner", then: 200 },
  page_user_new: { about: "all", may: "owner", then: 200 },
  page_user_new_post: { about: "all", may: "owner", then: 201, fields: () => ({ email: `made${++number}@example.org`, role: "viewer" }) },
  page_user: { about: "all", of: "user", may: "owner", then: 200 },
  page_user_post: { about: "all", of: "user", may: "owner", then: 303, fields: { name: "Changed", role: "viewer" } },
  page_user_disable_post: { about: "all", of: "user", may: "owner", then: 303, spends: "user" },
  page_user_enable_post: { about: "all", of: "user", may: "owner", then: 303, spends: "user" },
  page_user_link_post: { about: "all", of: "user", may: "owner", then: 200, spends: "user" },
  page_audit: { about: "all", may: "owner", then: 200 },
};

// ---- who asks, and about what ----

// With a plugin that has all there is: calls, and tasks and views of the site.
const build = path.dirname(program);
const server = await startServer({ after }, { env: { ROWHOUSE_PLUGINS: `${build}/plugins:${build}/tests/plugins` } });
const send = keepAlive(server, { after });
let number = 0;

// Two organisations with the same things.  Everything of ours has this word in its name: nobody else may
// ever read it.
const secret = "canary";
const others = await makeOrg(server, "Others");
const foreignKey = await makeKey(server, { org: others, role: "owner" });

const json = async (method, target, more) => {
  const answer = await send(method, target, more);
  assert.ok(answer.status < 300, `${method} ${target}: ${answer.status} ${answer.text}`);
  return answer.json;
};
// The first parts of two datasets, once of each organisation.
async function makeThings(key, name) {
  const wait = (id) => eventually(`${name}'s dataset`, async () => {
    const { dataset: d } = await json("GET", `${ours}/datasets/${id}`, { key });
    return d.state === "ready" && d;
  });
  const make = async (type, content) => {
    const { dataset: d } = await json("POST", `${ours}/datasets/upload`, { key,
      form: [["type", type], ["name", `${name} ${type}`], ["file", { name: `${name}.csv`, content }]] });
    return wait(d.id);
  };
  const [table, lines] = await Promise.all([make("data_enrichment", `a\n${name}\n2\n`), make("text_lines", `${name}\ntwo\n`)]);
  const { dataset: hooks } = await json("POST", `${ours}/datasets`, { key,
    json: { type: "hooks_all", name: `${name} hooks`, title: name, box: { width: 1 } } });
  await wait(hooks.id);
  await json("PATCH", `${ours}/datasets/${table.id}/rows/row_2`, { key, json: { cells: { a: "3" } }, headers: anyRev });
  const { source } = await json("POST", `${ours}/sources`, { key, form: [["file", { name: `${name}.csv`, content: "a\n1\n" }]] });
  const { upload } = await json("POST", `${ours}/uploads`, { key, headers: { ...tusHeaders, "upload-length": "0",
    "upload-metadata": `filename ${Buffer.from(`${name}.csv`).toString("base64")}` } });
  const { user } = await json("POST", `${ours}/users`, { key, json: { email: `${name}@example.org`, name, role: "viewer" } });
  const made = await json("POST", `${ours}/keys`, { key, json: { name: `${name} key`, role: "viewer" } });
  return { dataset: table.id, lines: lines.id, hooks: hooks.id, job: table.job.id, source: source.id, upload: upload.id, user: user.id, key: made.key.id };
}
const [own, foreign] = await Promise.all([makeThings(undefined, secret), makeThings(foreignKey, "foreign")]);
const missing = Object.fromEntries(Object.keys(own).map((name) => [name, "00000000-0000-4000-8000-000000000000"]));
const other = await makeDataset(server, "a\n1\n", { name: "The other one" });

const roles = ["viewer", "reviewer", "editor", "owner"];
const actors = [
  { name: "anonymous" },
  { name: "a revoked key", key: await makeKey(server, { role: "owner", name: "revoked" }) },
  { name: "another organisation's owner", key: foreignKey, stranger: true, role: "owner" },
  { name: "a key for another dataset", key: await makeKey(server, { role: "owner", dataset: other.id }), scoped: true, role: "owner" },
];
for (const role of roles) actors.push({ name: `the key of a ${role}`, role, key: await makeKey(server, { role }) });
await Visitor.first(server); // so that there is an owner who is signed in beside these
const visitors = await Promise.all(roles.map((role) => invite(server, role, `visitor-${role}`)));
visitors.forEach((visitor, i) => actors.push({ name: `a ${roles[i]} who is signed in`, role: roles[i], visitor }));
const revoked = (await rowhouse(server, "key", "list")).split("\n").find((line) => line.endsWith("revoked"));
await rowhouse(server, "key", "revoke", revoked.split(" ")[0]);

// ---- the requests ----

const rank = (role) => roles.indexOf(role);

const valueOf = (what, things) => (typeof what === "function" ? what(things) : what);

// What an actor sends to a route about some objects.
function ask(actor, route, right, things, id = undefined) {
  const { method, target, kind } = route;
  const of = right.of ?? right.about;
  const values = { row: "row_1", change: "1", ...right.values, id: id ?? things[of] };
  const address = target.replace(/\{(\w+)\}/g, (_, name) => values[name]) + (right.query?.(things) ?? "");
  const headers = { accept: "application/json", ...right.headers };
  const more = { headers, key: actor.key ?? null };
  if (actor.visitor) {
    headers.cookie = actor.visitor.cookie;
    headers["sec-fetch-site"] = "same-origin";
    if (method !== "GET") headers["x-csrf-token"] = actor.visitor.csrf;
  } else if (kind === "PAGE") {
    headers["sec-fetch-site"] = "same-origin";
  }
  if (right.form) {
    more.body = formBody(right.form);
    headers["content-type"] = `multipart/form-data; boundary=${boundary}`;
  } else if (right.json) {
    more.json = valueOf(right.json, things);
  } else if (kind === "PAGE" && method === "POST") {
    more.body = String(new URLSearchParams(valueOf(right.fields ?? {}, things)));
    headers["content-type"] = "application/x-www-form-urlencoded";
  }
  return patiently(() => send(method, address, more)).then((answer) => ({ ...answer, address, id: values.id }));
}

// What two refusals must have in common: all but the id that was asked for and the request's own.
function face(answer) {
  const { date, "x-request-id": id, "x-ratelimit-remaining": left, "x-ratelimit-reset": reset, ...headers } = answer.headers;
  return { status: answer.status, headers, text: answer.text.replaceAll(id, "REQUEST").replaceAll(answer.id, "ID") };
}

// An object that may be used up, for one request.
async function spend(kind, right) {
  if (kind === "source")
    return (await json("POST", `${ours}/sources`, { form: [["file", { name: "x.csv", content: "a\n1\n" }]] })).source.id;
  if (kind === "upload")
    return (await json("POST", `${ours}/uploads`, { headers: { ...tusHeaders, "upload-length": "7" } })).upload.id;
  if (kind === "user")
    return (await json("POST", `${ours}/users`, { json: { email: `spent${++number}@example.org`, role: "viewer" } })).user.id;
  if (kind === "key") return (await json("POST", `${ours}/keys`, { json: { name: "x", role: "viewer" } })).key.id;
  const { dataset: d } = await json("POST", `${ours}/datasets`, { json: map() });
  await eventually("a dataset", async () =>
    (await json("GET", `${ours}/datasets/${d.id}`)).dataset.state === "ready");
  if (kind !== "dataset") await json("POST", `${ours}/datasets/${d.id}/rows`, { json: { rows: [{ a: "1" }] } });
  return d.id;
}

const fits = (status, then) => [then].flat().includes(status);

// A vendor's API knows keys only: to it a browser's session is nobody's.
const isNobody = (actor, route) => !actor.role || (route.kind === "CLARO" && actor.visitor !== undefined);

// Whether this actor may, as the table says.
function may(actor, route, right) {
  if (right.may === undefined) return true;
  if (isNobody(actor, route)) return false;
  if (right.may === "session") return actor.visitor !== undefined;
  if (right.may === "whose") return actor.role === "owner";
  return rank(actor.role) >= rank(right.may);
}

test("every address has its rights written down, and nothing else has", () => {
  const handlers = new Set(routes.map((r) => r.handler));
  assert.ok(routes.length >= 110, String(routes.length));
  assert.deepEqual([...handlers].filter((name) => !rights[name]), [], "handlers without a row");
  assert.deepEqual(Object.keys(rights).filter((name) => !handlers.has(name)), [], "rows without a handler");
  for (const { handler, open } of routes)
    assert.equal(open, rights[handler].may === undefined, `${handler}: open to everybody?`);
});

const hasId = (route) => route.target.includes("{id}");

for (const route of routes) {
  const right = rights[route.handler];
  if (!right) continue; // told above
  test(`${route.method} ${route.target}`, async () => {
    await Promise.all(actors.filter((a) => !(right.notFor === "session" && a.visitor)).map(async (actor) => {
      const label = `${actor.name}: ${route.method} ${route.target}`;
      const check = (answer, then, what) => {
        assert.ok(fits(answer.status, then), `${label}, ${what}: ${answer.status} instead of ${then}: ${answer.text.slice(0, 500)}`);
        if (!actor.role || actor.stranger || actor.scoped)
          assert.ok(!answer.text.includes(secret), `${label}, ${what}, was told: ${answer.text}`);
      };
      const good = may(actor, route, right), nobody = isNobody(actor, route);
      const sees = good && !actor.stranger && !(actor.scoped && !["free", "list"].includes(right.about));
      // Of one's own.  Who may not is asked about the shared one, which must outlive all of this.
      if (!actor.stranger || !hasId(route)) {
        const id = sees && right.spends ? await spend(right.spends, right) : undefined;
        const answer = await ask(actor, route, right, actor.stranger ? foreign : own, id);
        if (right.may !== undefined && nobody) check(answer, 401, "own");
        else if (right.may === "whose" && !good) check(answer, actor.scoped ? 403 : 404, "own");
        else if (!good) check(answer, 403, "own");
        else if (actor.scoped && right.about === "all") check(answer, 403, "own");
        else if (actor.scoped && !sees) check(answer, 404, "own");
        else check(answer, right.then, "own");
      }
      if (!hasId(route)) return;
      // Another's is what is missing.  To the stranger ours is another's.
      const theirs = await ask(actor, route, right, actor.stranger ? own : foreign);
      const nothing = await ask(actor, route, right, missing);
      assert.deepEqual(face(theirs), face(nothing), `${label}: another's can be told from a missing one`);
      check(theirs, nobody ? 401 : actor.scoped && right.about === "all" ? 403 : good || right.may === "whose" ? 404 : [403, 404], "another's");
      if (actor.scoped && right.about !== "all") {
        const outside = await ask(actor, route, right, own);
        assert.deepEqual(face(outside), face(nothing), `${label}: one outside of its scope can be told from a missing one`);
      }
    }));
  });
}

// Ids do not come in the address alone.
test("another's id in a body, a form or a query is a missing one", async () => {
  const byForm = (fields) => ({ body: String(new URLSearchParams(fields)), headers: { "content-type": "application/x-www-form-urlencoded" } });
  const ways = {
    "a dataset of a source": ({ source }) => ["POST", `${ours}/datasets`, { json: { type: "data_enrichment", name: "n", source_id: source } }],
    "as Claro": ({ source }) => ["POST", "/api/v2/datasets", { json: { type: "data_enrichment", name: "n", description: "d", datasourceId: source } }],
    "a key for a dataset": (of) => ["POST", `${ours}/keys`, { json: { name: "n", role: "viewer", dataset_ids: [of.dataset] } }],
    "on the page": (of) => ["POST", "/keys/new", byForm({ name: "n", role: "viewer", datasets: "some", others: of.dataset })],
    "ticked there": (of) => ["POST", "/keys/new", byForm({ name: "n", role: "viewer", datasets: "some", [`ticked.${of.dataset}`]: "on" })],
    "a source of uploads": ({ upload }) => ["POST", `${ours}/sources`, { json: { uploads: [{ id: upload }] } }],
    "a task of the site": ({ source }) => ["POST", `${ours}/plugins/hooks/tasks/import?source_id=${source}`, {}],
    "its page": ({ source }) => ["POST", "/plugins/hooks/tasks/import", byForm({ source_id: source })],
    "the page of a new dataset": ({ source }) => ["GET", `/new?source=${source}`, {}],
    "its form": ({ source }) => ["GET", `/new/data_enrichment?source=${source}`, {}],
    "what it sends": ({ source }) => ["POST", "/new/data_enrichment", byForm({ name: "n", source_id: source })],
    "the audit": (of) => ["GET", `${ours}/audit?target=${of.dataset}`, {}],
  };
  for (const [what, way] of Object.entries(ways)) {
    const [theirs, nothing] = await Promise.all([foreign, missing].map(async (things) => {
      const [method, target, more] = way(things);
      const answer = await send(method, target, { ...more, headers: { accept: "application/json", "sec-fetch-site": "same-origin", ...more.headers } });
      const text = answer.text.replace(/(name="once" value=")[^"]*/, "$1"); // new on every page
      return { ...answer, text: Object.values(things).reduce((rest, id) => rest.replaceAll(id, "ID"), text), id: "-" };
    }));
    assert.deepEqual(face(theirs), face(nothing), what);
    assert.ok(what === "the audit" || theirs.status >= 400, `${what}: ${theirs.status} ${theirs.text}`);
    assert.ok(!theirs.text.includes("foreign"), what);
    // The same with one's own goes, so it was the id.
    const [method, target, more] = way(own);
    const mine = await send(method, target, { ...more, headers: { "sec-fetch-site": "same-origin", ...more.headers } });
    assert.ok(mine.status < 400, `${what}, with one's own: ${mine.status} ${mine.text}`);
  }
});

test("who may not has changed nothing", async () => {
  const { json: rows } = await send("GET", `${ours}/datasets/${own.dataset}/rows`);
  assert.deepEqual(rows.rows.filter((r) => r.line).map((r) => r.id), ["row_1", "row_2"]);
  // By the roles that may: four who correct row 1 and two who add a row, with a key and signed in.
  const changes = (await send("GET", `${ours}/datasets/${own.dataset}/changes?limit=100`)).json.changes;
  const by = (kind) => [...new Set(changes.filter((c) => c.kind === kind).map((c) => c.who))].sort();
  assert.deepEqual(by("rows.set"), ['key "admin"', 'key "command line"', "visitor-editor@example.org", "visitor-owner@example.org",
    "visitor-reviewer@example.org"]);
  assert.deepEqual(by("rows.add"), ['key "command line"', "visitor-editor@example.org", "visitor-owner@example.org"]);
  assert.deepEqual([by("rows.remove"), by("undo")], [[], []]);
  assert.equal((await send("GET", `${ours}/sources/${own.source}`)).status, 200);
  assert.equal((await send("GET", `${ours}/keys/${own.key}`)).json.key.state, "active");
  assert.equal((await send("GET", `${ours}/users/${own.user}`)).json.user.disabled, false);
  const { json: theirs } = await send("GET", `${ours}/datasets/${foreign.dataset}/changes`, { key: foreignKey });
  assert.equal(theirs.total, 1);
  // What was made was made by who may: nobody else is in the audit with anything but signing in.
  for (const action of ["dataset.new", "dataset.delete", "source.delete", "rows.add", "rows.remove", "key.revoke", "user."]) {
    const { entries } = (await send("GET", `${ours}/audit?limit=100&action=${action}`)).json;
    assert.ok(entries.length > 0, action);
    for (const e of entries) assert.ok(!/viewer|reviewer|revoked/.test(e.who), `${action} by ${e.who}`);
  }
});

test("a key for some datasets lists those and sees nothing of the others", async () => {
  const { key } = actors.find((a) => a.scoped);
  for (const [target, name, count] of [["/datasets", "datasets", 1], ["/sources", "sources", 0], ["/jobs", "jobs", 1]]) {
    const { json: list } = await send("GET", `${ours}${target}`, { key });
    assert.equal(list[name].length, count, target);
    assert.equal(list.total, count, target);
  }
  assert.equal((await send("GET", `${ours}/datasets/${other.id}/rows`, { key })).status, 200);
  const theirs = (await send("GET", "/api/v2/datasets", { key })).json;
  assert.deepEqual([theirs.datasets.map((d) => d.datasetId), theirs.pagination.total], [[other.id], 1]);
  assert.equal((await send("GET", "/api/v2/datasources", { key })).json.pagination.total, 0);
});

// cross-site.test.mjs: what other sites' pages make a browser send changes nothing; nobody is led away to
// them, nothing a user wrote becomes a header, and a request says no more than it may.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { invite, keepAlive, makeOrg, Visitor } from "../lib/accounts.mjs";
import { routes } from "../lib/routes.mjs";
import { boundary, formBody, startServer } from "../lib/server.mjs";
import { connect } from "../lib/raw.mjs";
import { catalog, eventually, halfMade, makeDataset, ours } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after });
const owner = await Visitor.first(server);
const stranger = await new Visitor(server).signIn(owner.email, owner.password).then(() => invite(server, "owner"));
const table = await makeDataset(server, "a\n1\n2\n");
await request("PATCH", `${ours}/datasets/${table.id}/rows/row_1`, { json: { cells: { a: "3" } }, headers: { "if-match": "*" } });
const { user: target } = (await request("POST", `${ours}/users`, { json: { email: "t@example.org", name: "Target", role: "viewer" } })).json;
const { key: aKey } = (await request("POST", `${ours}/keys`, { json: { name: "a key", role: "viewer" } })).json;

// Everything a request could have changed.
const state = async () => ({
  rows: (await request("GET", `${ours}/datasets/${table.id}/rows`)).text,
  counts: await catalog(server, `SELECT (SELECT count(*) FROM datasets) AS datasets, (SELECT count(*) FROM sources) AS sources,
    (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM keys) AS keys, (SELECT count(*) FROM keys WHERE revoked_at IS NULL) AS living,
    (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM links) AS links,
    (SELECT group_concat(name||role||coalesce(disabled_at,'')) FROM users) AS people, (SELECT count(*) FROM jobs WHERE kind<>'upload') AS jobs`),
});

// Every route that changes something, with a body that would do it.
const bodies = {
  rowhouse_password: { json: { old_password: owner.password, password: "taken over, ha ha" } },
  rowhouse_dataset_create: { json: { type: "custom_dataset", name: "n", column_definitions: [{ name: "a", type: "string" }] } },
  rowhouse_dataset_upload: { form: [["type", "data_enrichment"], ["file", { name: "x.csv", content: "a\n1\n" }]] },
  rowhouse_row_add: { json: { rows: [{ a: "5" }] } },
  rowhouse_row_delete_many: { json: { rows: [{ id: "row_1" }] } },
  rowhouse_row_set: { json: { cells: { a: "x" } } },
  rowhouse_source_upload: { form: [["file", { name: "x.csv", content: "a\n1\n" }]] },
  rowhouse_user_new: { json: { email: "thief@example.org", role: "owner" } },
  rowhouse_user_change: { json: { role: "owner" } },
  rowhouse_key_new: { json: { name: "stolen", role: "owner" } },
  page_new_type_post: { form: [["type", "data_enrichment"], ["file", { name: "x.csv", content: "a\n1\n" }]] },
  page_row_new_post: { fields: { "cells.col_a": "5" } },
  page_row_edit_post: { fields: { "cells.col_a": "x", rev: "1" } },
  page_row_delete_post: { fields: { rev: "1" } },
  page_password_post: { fields: { old_password: owner.password, password: "taken over, ha ha" } },
  page_key_new_post: { fields: { name: "stolen", role: "owner", datasets: "all" } },
  page_user_new_post: { fields: { email: "thief@example.org", role: "owner" } },
  page_user_post: { fields: { name: "Target", role: "owner" } },
};
// On these things: {dataset, source, job, user, key}.
const changesOn = (of) => routes.filter((r) => r.method !== "GET" && r.kind !== "CLARO" && !r.open).map((r) => {
  const id = of[r.target.match(/\/(user|key|source|job)s\/\{id\}/)?.[1] ?? "dataset"];
  const address = r.target.replace("{id}", id).replace("{row}", "row_1").replace("{change}", "1").replace("{type}", "data_enrichment")
    .replace(/\{\w+\}/g, "none");
  return { ...r, address, sent: bodies[r.handler] ?? {} };
});
const changes = changesOn({ dataset: table.id, source: table.source_id, job: table.job.id, user: target.id, key: aKey.id });

// The ways a request may come that is not from a page of ours with its token.
const page = { "sec-fetch-site": "same-origin" };
const ways = {
  "from another site": { headers: { "sec-fetch-site": "cross-site", origin: "https://evil.example" }, token: true },
  "from a sister site": { headers: { "sec-fetch-site": "same-site", origin: "https://sister.localhost" }, token: true },
  "said to be ours, from another origin": { headers: { "sec-fetch-site": "cross-site", origin: "http://localhost" }, token: true },
  "an old browser, from another origin": { headers: { origin: "https://evil.example" }, token: true },
  "an old browser, from our host in other words": { headers: { origin: "http://localhost.evil.example" }, token: true },
  "an old browser, from our host at another port": { headers: { origin: "http://localhost:81" }, token: true },
  "an old browser, from nowhere": { headers: { origin: "null" }, token: true },
  "saying nothing of where it comes from": { headers: {}, token: true },
  "typed in, without a token": { headers: { "sec-fetch-site": "none" } },
  "from our page, without a token": { headers: page },
  "with an empty token": { headers: { ...page, "x-csrf-token": "" } },
  "with another session's token": { headers: { ...page, "x-csrf-token": stranger.csrf }, form: stranger.csrf },
  "with half of the token": { headers: { ...page, "x-csrf-token": owner.csrf.slice(0, 32) }, form: owner.csrf.slice(0, 32) },
  "with the token in capitals": { headers: { ...page, "x-csrf-token": owner.csrf.toUpperCase() }, form: owner.csrf.toUpperCase() },
  "with the token in the address": { headers: page, query: `?csrf=${owner.csrf}&x-csrf-token=${owner.csrf}` },
  "with the token in a cookie": { headers: { ...page, cookie: `${owner.cookie}; csrf=${owner.csrf}; x-csrf-token=${owner.csrf}` } },
  "with the token in other headers": { headers: { ...page, "x-xsrf-token": owner.csrf, "csrf-token": owner.csrf } },
};

function send(change, way, more = {}) {
  const { sent } = change;
  const { who = owner } = way;
  const headers = { cookie: who.cookie, ...way.headers, ...more.headers };
  if (change.target.includes("{row}") || change.handler === "rowhouse_row_set") headers["if-match"] = "*";
  if (way.token) headers["x-csrf-token"] ??= who.csrf;
  let { body } = more;
  if (body === undefined && sent.form) {
    headers["content-type"] = `multipart/form-data; boundary=${boundary}`;
    body = formBody(way.form ? [["csrf", way.form], ...sent.form] : sent.form);
  } else if (body === undefined && sent.json) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(way.form ? { csrf: way.form, ...sent.json } : sent.json);
  } else if (body === undefined) {
    headers["content-type"] = "application/x-www-form-urlencoded";
    body = String(new URLSearchParams(way.form ? { csrf: way.form, ...sent.fields } : sent.fields));
  }
  return request(change.method, change.address + (way.query ?? ""), { key: null, body, headers });
}

const before = await state();
for (const [how, way] of Object.entries(ways))
  test(`a change ${how} is refused and changes nothing`, async () => {
    for (const change of changes) {
      const answer = await send(change, way);
      assert.equal(answer.status, 403, `${change.method} ${change.target}: ${answer.status} ${answer.text}`);
      assert.equal(answer.headers["set-cookie"], undefined);
    }
    assert.deepEqual(await state(), before);
    await eventually("what was sent to be taken away", () => halfMade(server).length === 0);
  });

test("nor does one in the clothes of a form another site's page can send", async () => {
  const types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", `multipart/form-data; boundary=${boundary}`,
    "text/json", "application/xml", "", "application/json"];
  for (const change of changes)
    for (const type of types) {
      const body = type.includes("boundary") ? formBody([["a", "b"], ...(change.sent.form ?? [])])
        : change.sent.json ? JSON.stringify(change.sent.json) : "a=b";
      const answer = await send(change, { headers: page }, { body, headers: type ? { "content-type": type } : {} });
      assert.ok([403, 415].includes(answer.status), `${change.method} ${change.target} as ${type}: ${answer.status} ${answer.text}`);
    }
  assert.deepEqual(await state(), before);
  await eventually("what was sent to be taken away", () => halfMade(server).length === 0);
});

test("from a page of ours with its token every one of them goes", async () => {
  // The same bodies, so it was the token that the others lacked.  Each for things and a session of its
  // own, because some use them up.
  const expected = { rowhouse_row_add: 201, rowhouse_key_new: 201, rowhouse_dataset_upload: 201, rowhouse_source_upload: 201,
    rowhouse_row_set: 200, rowhouse_row_delete: 200, rowhouse_user_change: 200, rowhouse_dataset_delete: 204, rowhouse_key_revoke: 200,
    rowhouse_source_delete: 204, rowhouse_change_undo: 200, page_new_type_post: 303, page_row_new_post: 303, page_row_edit_post: 303,
    page_row_delete_post: 303, page_change_undo_post: 303, page_dataset_delete_post: 303, page_source_delete_post: 303, page_sign_out: 303,
    page_key_new_post: 201, page_key_revoke_post: 303, page_user_post: 303, page_user_disable_post: 303, page_user_enable_post: 303,
    page_user_link_post: 200 };
  let number = 0;
  const make = async () => {
    const [made, user, key, who] = await Promise.all([makeDataset(server, "a\n1\n2\n"),
      request("POST", `${ours}/users`, { json: { email: `spent${++number}@example.org`, name: "Target", role: "viewer" } }),
      request("POST", `${ours}/keys`, { json: { name: "a key", role: "viewer" } }), invite(server, "owner")]);
    await request("PATCH", `${ours}/datasets/${made.id}/rows/row_1`, { json: { cells: { a: "3" } }, headers: { "if-match": "*" } });
    return { who, dataset: made.id, source: made.source_id, job: made.job.id, user: user.json.user.id, key: key.json.key.id };
  };
  for (let i = 0; i < changes.length; i++) {
    const of = await make();
    // A source goes only when nothing is made of it any more.
    if (changes[i].target.includes("/sources/{id}")) await request("DELETE", `${ours}/datasets/${of.dataset}`);
    const change = changesOn(of)[i];
    const answer = await send(change, { headers: page, token: true, who: of.who });
    const label = `${change.method} ${change.address}: ${answer.status} ${answer.text}`;
    assert.ok(![401, 403, 415].includes(answer.status) && answer.status < 500, label);
    if (expected[change.handler]) assert.equal(answer.status, expected[change.handler], label);
  }
  const upload = changes.find((c) => c.handler === "rowhouse_source_upload");
  assert.equal((await send(upload, { headers: page, form: owner.csrf })).status, 201, "in the form's own field");
  assert.equal((await send(upload, { headers: { origin: "http://localhost" }, form: owner.csrf })).status, 201, "an old browser's page of ours");
  const made = await send(changes.find((c) => c.handler === "rowhouse_dataset_upload"), { headers: page, form: owner.csrf });
  assert.equal(made.status, 201, made.text);
});

test("a key needs no token, wherever the request comes from", async () => {
  const answer = await request("POST", `${ours}/keys`, { json: { name: "by a key", role: "viewer" },
    headers: { "sec-fetch-site": "cross-site", origin: "https://evil.example", cookie: owner.cookie } });
  assert.equal(answer.status, 201);
});

test("nobody is signed in, or out, by another site's page", async () => {
  const { link } = (await request("POST", `${ours}/users`, { json: { email: "invited@example.org", role: "viewer" } })).json;
  const fields = { email: owner.email, password: owner.password, token: link.split("token=")[1] };
  for (const headers of [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { origin: "https://evil.example" }, { origin: "null" }, {}])
    for (const where of ["/sign-in", "/welcome"]) {
      const answer = await new Visitor(server).post(where, fields, { headers: { "sec-fetch-site": null, ...headers } });
      assert.equal(answer.status, 403, `${where} ${JSON.stringify(headers)}`);
      assert.equal(answer.headers["set-cookie"], undefined);
    }
  assert.equal((await owner.get(`${ours}/me`)).status, 200);
});

test("a vendor's API takes no notice of a session", async () => {
  for (const [method, where] of [["GET", "/api/v2/datasets"], ["DELETE", `/claro/api/v2/datasets/${table.id}`]])
    assert.equal((await owner.send(method, where)).status, 401);
});

// ---- where it leads ----

test("a sign-in leads to a page of this server and nowhere else", async () => {
  const visitor = new Visitor(server);
  for (const next of ["//evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example", "https://evil.example/", "https:evil.example",
    "http://localhost.evil.example", "javascript:alert(1)", "data:text/html,x", "evil.example", "", " //evil.example", "/\t/evil.example",
    "/\n/evil.example", "/\r\nLocation: https://evil.example", "/x\r\nSet-Cookie: a=b", "/\u0000//evil.example", "\u00a0//evil.example", "/é", "x".repeat(3000),
    "/" + "x".repeat(3000), "%2f%2fevil.example", "/%0d%0aSet-Cookie:a=b"]) {
    const shown = await request("GET", `/sign-in?next=${encodeURIComponent(next)}`, { key: null });
    assert.equal(shown.status, next.includes("\0") ? 400 : 200, JSON.stringify(next));
    if (shown.status === 200) {
      const carried = shown.text.match(/name="next"[^>]*value="([^"]*)"/)[1];
      assert.match(carried, /^\/(?![/\\])[!-~]*$/, `${JSON.stringify(next)} is carried on as ${carried}`);
    }
    assert.equal(shown.headers["set-cookie"], undefined);
  }
  for (const next of ["//evil.example", "/\\evil.example", "/\r\nSet-Cookie: a=b", "https:evil.example", "/%5cevil.example"]) {
    const answer = await visitor.post("/sign-in", { email: owner.email, password: owner.password, next });
    assert.equal(answer.status, 303);
    const to = new URL(answer.headers.location, "http://localhost/sign-in");
    assert.equal(to.host, "localhost", `${JSON.stringify(next)} leads to ${answer.headers.location}`);
    assert.deepEqual(answer.headers["set-cookie"].map((line) => line.split("=")[0]), ["__Host-rowhouse"]);
  }
});

test("an address with another host in it leads to the sign-in of this one", async () => {
  for (const path of ["//evil.example/datasets", "/\\evil.example", "/%5cevil.example", "/datasets/..//evil.example", "//evil.example/%2e%2e"]) {
    const answer = await request("GET", path, { key: null, headers: { accept: "text/html" } });
    if (answer.headers.location) assert.match(answer.headers.location, /^\/(?![/\\])/, path);
    else assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
  }
});

// ---- what a user wrote is no header ----

test("no name becomes a header, a path or an address", async () => {
  const names = ["a\r\nSet-Cookie: stolen=1", "a\nX-Accel-Redirect: /-/data/admin.key", "../../admin.key", "..\\..\\admin.key", "a\"; filename=\"evil.exe",
    "a;b=c", "ü 数 🏠", "a\u0000b", "%0d%0aSet-Cookie: a=b", "\u202egpj.exe", "a\tb", "-rf", "."];
  for (const name of names) {
    const made = await request("POST", `${ours}/datasets/upload`, { form: [["type", "data_enrichment"], ["name", name], ["file", { name: "x.csv", content: "a\n1\n" }]] });
    assert.ok([201, 400].includes(made.status), `${JSON.stringify(name)}: ${made.status} ${made.text}`);
    if (made.status === 400) continue;
    const { id } = await server.waitForDataset(made.json.dataset.id);
    const answer = await request("GET", `${ours}/datasets/${id}/export`);
    assert.deepEqual([answer.status, answer.text], [200, "a\n1\n"], JSON.stringify(name));
    assert.match(answer.headers["content-disposition"], /^attachment; filename\*=UTF-8''[0-9A-Za-z%._~-]+$/, JSON.stringify(name));
    assert.equal(decodeURIComponent(answer.headers["content-disposition"].split("''")[1]), `${made.json.dataset.name}.csv`);
    assert.deepEqual([answer.headers["set-cookie"], answer.headers["x-accel-redirect"]], [undefined, undefined]);
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
  }
});

test("nor does the name of a file", async () => {
  const names = ["a\r\nSet-Cookie: stolen=1.csv", "a\nb.csv", "../../admin.key", "..\\..\\x.csv", "a;b=c.csv", "ü 数 🏠.csv", "a\u0000b.csv", "%0d%0aSet-Cookie: a=b.csv",
    "\u202evsc.exe", "a\tb.csv", "-rf.csv", "...", "a\u0085\u2028b.csv", " .csv", "x".repeat(255), "x".repeat(256)];
  let made = 0;
  for (const name of names) {
    const answer = await request("POST", `${ours}/datasets/upload`, { form: [["type", "data_enrichment"], ["file", { name, content: "a\n1\n" }]] });
    assert.ok([201, 400].includes(answer.status), `${JSON.stringify(name)}: ${answer.status} ${answer.text}`);
    assert.equal(answer.headers["set-cookie"], undefined);
    if (answer.status === 400) continue;
    made++;
    const { id } = await server.waitForDataset(answer.json.dataset.id);
    const { headers } = await request("GET", `${ours}/datasets/${id}/export`);
    assert.match(headers["content-disposition"], /^attachment; filename\*=UTF-8''[0-9A-Za-z%._~-]+$/, JSON.stringify(name));
    assert.ok(!/%2F|%5C|%0|%1/i.test(headers["content-disposition"]), headers["content-disposition"]);
    assert.equal(headers["set-cookie"], undefined);
  }
  assert.ok(made >= 8, `${made} of them are names`);
});

test("headers of the request that are repeated or believed elsewhere do nothing here", async () => {
  const c = await connect(server);
  await c.send(`GET ${ours}/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.key}\r\nX-Request-Id: a b;<script>\r\n` +
    "X-Accel-Redirect: /-/data/admin.key\r\nX-Forwarded-Host: evil.example\r\nX-Original-URL: /metrics\r\nX-HTTP-Method-Override: DELETE\r\n\r\n");
  const answer = await c.answer();
  c.leave();
  assert.equal(answer.status, 200);
  assert.match(answer.headers["x-request-id"], /^[0-9a-f]{32}$/);
  assert.ok(!answer.text.includes(server.key));
});

// ---- cookies ----

test("the cookie is this host's alone over TLS or to this machine, and never more than the transport allows", async () => {
  const signIn = async (headers) => {
    const visitor = new Visitor(server, headers);
    const answer = await visitor.post("/sign-in", { email: owner.email, password: owner.password }, { headers });
    assert.equal(answer.status, 303);
    const lines = answer.headers["set-cookie"];
    assert.equal(lines.length, 1);
    return [visitor, lines[0].replace(/=[0-9A-Za-z]{43};/, "=TOKEN;")];
  };
  const strong = "__Host-rowhouse=TOKEN; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure";
  const weak = "rowhouse_session=TOKEN; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax";
  for (const host of ["localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8080", "LOCALHOST"])
    assert.equal((await signIn({ host }))[1], strong, host);
  for (const host of ["example.org", "example.org:8080", "localhost.evil.example", "127.0.0.1.evil.example", "192.0.2.1", "[::2]", "127.0.0.2", "xlocalhost"])
    assert.equal((await signIn({ host }))[1], weak, host);
  for (const more of [{ "x-forwarded-proto": "https" }, { "x-forwarded-ssl": "on" }, { forwarded: "proto=https;host=localhost" },
    { "x-forwarded-host": "localhost" }, { "x-url-scheme": "https" }])
    assert.equal((await signIn({ host: "example.org", ...more }))[1], weak, `${JSON.stringify(more)} is not believed`);
  // Each name counts where it was given alone: a neighbour can set the weak one.
  const me = async (host, cookie) => (await request("GET", `${ours}/me`, { key: null, headers: { host, cookie } })).status;
  const [here] = await signIn({ host: "localhost" }), [there] = await signIn({ host: "example.org" });
  const token = (visitor) => visitor.cookie.split("=")[1];
  assert.equal(await me("localhost", here.cookie), 200);
  assert.equal(await me("example.org", there.cookie), 200);
  assert.equal(await me("localhost", `rowhouse_session=${token(here)}`), 401);
  assert.equal(await me("example.org", `__Host-rowhouse=${token(there)}`), 401);
  assert.equal(await me("localhost", `a=b; x__Host-rowhouse=1;__Host-rowhouse=${token(here)} ; c=d`), 200);
});

test("where the world comes by https, by a proxy in front, cookies are for that alone and browsers are told", async (t) => {
  const own = await startServer(t, { env: { ROWHOUSE_BASE_URL: "https://data.example.org" } });
  assert.match(own.link, /^https:\/\/data\.example\.org\/welcome/);
  const visitor = await Visitor.first(own, { host: "data.example.org" });
  const answer = await visitor.signIn();
  assert.match(answer.headers["set-cookie"][0], /^__Host-rowhouse=.*; Secure$/);
  assert.equal((await own.request("GET", `${ours}/me`, { key: null, headers: { host: "data.example.org", cookie: `rowhouse_session=${visitor.cookie.split("=")[1]}` } })).status, 401);
  for (const target of ["/sign-in", "/healthz", `${ours}/me`, "/nothing-here"])
    assert.equal((await own.request("GET", target)).headers["strict-transport-security"], "max-age=31536000", target);
  assert.equal((await request("GET", "/sign-in")).headers["strict-transport-security"], undefined, "not where nobody speaks TLS");
});

// ---- a request says no more than it may ----

const more = {
  org_id: 2, organization: 2, role: "owner", quota_rows: 0, quota_datasets: 0, user_id: target.id, id: "00000000-0000-4000-8000-000000000000",
  dataset_id: "00000000-0000-4000-8000-000000000000", key_id: aKey.id, state: "ready", rows: [], rows_count: 5, generation: 9, change: 9, created_at: 0, password: "a good password",
  secret_hash: "00", secret: "rh_x", scope: null, disabled_at: 0, owner: true, is_admin: true, email_verified: true, params: {}, error: null, csrf: "x",
  __proto__x: 1, constructor: 1,
};

test("fields that are not asked for are refused in our own API, each by its name", async () => {
  const forms = [
    ["POST", "/datasets", bodies.rowhouse_dataset_create.json],
    ["POST", `/datasets/${table.id}/rows`, bodies.rowhouse_row_add.json],
    ["POST", `/datasets/${table.id}/rows/delete`, { rows: [{ id: "row_2" }] }],
    ["PATCH", `/datasets/${table.id}/rows/row_2`, { cells: { a: "x" } }],
    ["POST", "/users", { email: "new@example.org", role: "viewer" }],
    ["PATCH", `/users/${target.id}`, { name: "x" }],
    ["POST", "/keys", { name: "x", role: "viewer" }],
    ["POST", "/me/password", bodies.rowhouse_password.json],
  ];
  const unchanged = await state();
  for (const [method, path, good] of forms)
    for (const [name, value] of Object.entries(more)) {
      if (name in good || (path.includes("/users") && ["role", "name"].includes(name))) continue;
      const answer = await request(method, `${ours}${path}`, { json: { ...good, [name]: value }, headers: { "if-match": "*" } });
      assert.deepEqual([answer.status, answer.json.errors?.[0].field], [400, name], `${method} ${path} ${name}: ${answer.text}`);
    }
  // Also further in.
  for (const [path, json, field] of [
    ["/datasets", { ...bodies.rowhouse_dataset_create.json, column_definitions: [{ name: "a", type: "string", org_id: 2 }] }, "column_definitions[0].org_id"],
    [`/datasets/${table.id}/rows/delete`, { rows: [{ id: "row_2", force: true }] }, "rows[0].force"],
    [`/datasets/${table.id}/rows`, { rows: [{ a: "1", row_id: 7 }] }, "rows[0].row_id"],
  ]) {
    const answer = await request("POST", `${ours}${path}`, { json });
    assert.deepEqual([answer.status, answer.json.errors?.[0].field], [400, field], answer.text);
  }
  assert.deepEqual(await state(), unchanged);
});

test("so are those of uploads, of a plugin's own forms and of queries", async () => {
  const lines = await makeDataset(server, "one two\n", { type: "text_lines" });
  const file = ["file", { name: "a.csv", content: "a\n1\n" }];
  const unchanged = await state();
  const fields = ["org_id", "role", "id", "dataset_id", "state", "owner", "is_admin", "source_id2", "constructor"];
  for (const name of fields)
    for (const [what, answer] of Object.entries({
      upload: await request("POST", `${ours}/datasets/upload`, { form: [["type", "data_enrichment"], ["name", "n"], [name, "2"], file] }),
      "upload of a plugin": await request("POST", `${ours}/datasets/upload`, { form: [["type", "text_lines"], [name, "2"], file] }),
      "create of a plugin": await request("POST", `${ours}/datasets`, { json: { type: "text_lines", name: "n", source_id: lines.source_id, [name]: 2 } }),
      task: await request("POST", `${ours}/datasets/${lines.id}/tasks/count_words`, { json: { [name]: "2" } }),
      "task's query": await request("POST", `${ours}/datasets/${lines.id}/tasks/count_words?${name}=2`, { json: {} }),
      view: await request("GET", `${ours}/datasets/${lines.id}/text_lines/longest?${name}=2`),
      list: await request("GET", `${ours}/datasets?${name}=2`),
      rows: await request("GET", `${ours}/datasets/${lines.id}/rows?${name}=2`),
      audit: await request("GET", `${ours}/audit?${name}=2`),
    }))
      assert.deepEqual([answer.status, answer.json.errors?.[0].field], [400, name], `${what} ${name}: ${answer.text}`);
  await eventually("what was sent to be taken away", () => halfMade(server).length === 0);
  assert.deepEqual(await state(), unchanged);
});

test("on a page they are ignored, and have no effect", async () => {
  const theirs = await makeOrg(server, "Another");
  const extra = { org_id: theirs, organization: theirs, user_id: target.id, id: target.id, key_id: aKey.id, owner: "true", is_admin: "true",
    scope: "[]", quota_rows: "0", created_at: "0", secret: "rh_x", secret_hash: "00", session: "x", signed_in_at: "0" };
  const me = (await owner.get(`${ours}/me`)).json.user.id;
  assert.equal((await owner.post("/keys/new", { ...extra, name: "of a page", role: "viewer", datasets: "all", disabled: "true" })).status, 201);
  assert.deepEqual(await catalog(server, "SELECT org_id, user_id, role, scope, created_at>0 AS dated FROM keys WHERE name='of a page'"),
    [{ org_id: 1, user_id: me, role: "viewer", scope: null, dated: 1 }]);
  assert.equal((await owner.post("/users/new", { ...extra, email: "page@example.org", role: "viewer", password: "a good password", disabled: "true" })).status, 201);
  const user = (where) => catalog(server, `SELECT org_id, name, role, password IS NULL AS invited, disabled_at IS NULL AS enabled FROM users WHERE ${where}`);
  assert.deepEqual(await user("email='page@example.org'"), [{ org_id: 1, name: "page@example.org", role: "viewer", invited: 1, enabled: 1 }]);
  const [{ user_id: id }] = await catalog(server, "SELECT user_id FROM users WHERE email='page@example.org'");
  assert.equal((await owner.post(`/users/${id}`, { ...extra, name: "Page", role: "editor", password: "a good password", disabled: "true",
    email: "other@example.org" })).status, 303);
  assert.deepEqual(await user("email='page@example.org'"), [{ org_id: 1, name: "Page", role: "editor", invited: 1, enabled: 1 }]);
  assert.equal((await owner.post(`/datasets/${table.id}/rows/new`, { ...extra, "cells.col_a": "by hand", row_id: "77", rev: "9", line: "5" })).status, 303);
  const { rows } = (await request("GET", `${ours}/datasets/${table.id}/rows?limit=1000`)).json;
  const row = rows.at(-1);
  assert.deepEqual([row.cells, row.line, row.id === "row_77"], [["by hand"], 0, false]);
  const before = await catalog(server, "SELECT count(*) AS n FROM datasets");
  const made = await owner.send("POST", "/new/data_enrichment", { form: [["csrf", owner.csrf], ...Object.entries(extra), ["state", "ready"], ["rows", "5"],
    ["type", "custom_dataset"], ["name", "on a page"], ["file", { name: "a.csv", content: "a\n1\n" }]] });
  assert.equal(made.status, 303, made.text);
  assert.deepEqual(await catalog(server, "SELECT org_id, type FROM datasets WHERE name='on a page'"), [{ org_id: 1, type: "data_enrichment" }]);
  assert.deepEqual(await catalog(server, "SELECT count(*) AS n FROM datasets"), [{ n: before[0].n + 1 }]);
});

test("in Claro's dialect they are ignored, and have no effect", async () => {
  await makeOrg(server, "Others");
  const plain = { type: "custom_dataset", name: "n", description: "d", columnDefinitions: [{ name: "a", type: "string" }] };
  const { role, rows, ...rest } = more;
  const answer = await request("POST", "/api/v2/datasets", { json: { ...rest, role, rows, rowCount: 7, status: "completed", datasetId: rest.id,
    createdAt: "1970-01-01T00:00:00Z", linkedDatasources: [table.source_id], source_id: table.source_id, ...plain } });
  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual([answer.json.status, answer.json.rowCount, answer.json.datasourceId], ["created", 0, undefined]);
  assert.notEqual(answer.json.datasetId, rest.id);
  const made = await server.waitForDataset(answer.json.datasetId);
  assert.deepEqual([made.rows, made.source_id, made.name], [0, null, "n"]);
  assert.deepEqual(await catalog(server, `SELECT org_id, generation, edition FROM datasets WHERE dataset_id='${made.id}'`),
    [{ org_id: 1, generation: 1, edition: 0 }]);
  const uploaded = await request("POST", "/api/v2/datasets/upload", { form: [["org_id", "2"], ["state", "ready"], ["role", "owner"],
    ["datasetId", rest.id], ["type", "data_enrichment"], ["name", "n"], ["description", "d"], ["file", { name: "a.csv", content: "a\n1\n" }]] });
  assert.equal(uploaded.status, 201);
  assert.deepEqual(await catalog(server, `SELECT org_id FROM datasets WHERE dataset_id='${uploaded.json.datasetId}'`), [{ org_id: 1 }]);
});

// audit.test.mjs: every act leaves one entry that says who did what to which thing, and from where; only
// owners read it, and only their own organisation's.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { invite, makeKey, makeOrg, rowhouse, Visitor } from "../lib/accounts.mjs";
import { startServer } from "../lib/server.mjs";
import { catalog, eventually, makeDataset, ours, pauseJobs } from "../lib/things.mjs";

const server = await startServer({ after });
const owner = await Visitor.first(server);
const me = (await owner.get(`${ours}/me`)).json.user.id;
const list = async (query = "", key = undefined) => {
  const answer = await server.request("GET", `${ours}/audit?limit=100${query}`, { key });
  assert.equal(answer.status, 200, answer.text);
  return answer.json.entries;
};
const newest = async () => (await list())[0]?.id ?? 0;

// What an act left, told by the caller: {who, user, key}.
const byKey = { who: `key "admin" of ${owner.email}`, user: me, key: (await server.request("GET", `${ours}/me`)).json.key_id };
const bySession = { who: owner.email, user: me, key: null };
const byHand = { who: "command line", user: null, key: null };

// also: the actions of other entries that the same request leaves.
async function leaves(what, act, caller, action, target, detail = null, also = []) {
  const before = await newest();
  const answer = await act();
  const entries = (await list()).filter((e) => e.id > before);
  const [entry] = entries.filter((e) => e.action === action);
  assert.deepEqual(entries.map((e) => e.action).sort(), [action, ...also].sort(), what);
  for (const other of entries)
    assert.deepEqual([other.who, other.user_id, other.key_id, other.address, other.request_id],
      [entry.who, entry.user_id, entry.key_id, entry.address, entry.request_id], what);
  const of = typeof target === "function" ? target(answer) : target;
  assert.deepEqual({ who: entry.who, user: entry.user_id, key: entry.key_id, action: entry.action, target: entry.target },
    { ...caller, action, target: of }, what);
  if (detail) assert.deepEqual(entry.detail, typeof detail === "function" ? detail(answer) : detail, what);
  assert.ok(Math.abs(Date.parse(entry.at) - Date.now()) < 60_000, what);
  if (caller === byHand) assert.equal(entry.address, null, what);
  else assert.equal(entry.address, "unix:", `${what}: the address nginx saw`);
  if (caller !== byHand)
    assert.equal(entry.request_id, answer.headers["x-request-id"], what);
  return answer;
}

const send = (method, target, json, headers) => () => server.request(method, `${ours}${target}`, { json, headers });
const good = (answer) => {
  assert.ok(answer.status < 400, answer.text);
  return answer;
};
const upload = (target, more = []) => () =>
  server.request("POST", target, { form: [...more, ["file", { name: "a.csv", content: "a\n1\n2\n" }]] }).then(good);

test("the first owner and the first key have theirs", async (t) => {
  const own = await startServer(t);
  const entries = async () => (await own.request("GET", `${ours}/audit`)).json.entries.map((e) => [e.action, e.who]);
  const first = ["user.link", "key.new", "user.new"].map((action) => [action, "first start"]);
  assert.deepEqual(await entries(), first);
});

test("what is done with datasets, rows, sources and jobs", async () => {
  const custom = { type: "custom_dataset", name: "n", column_definitions: [{ name: "a", type: "string" }] };
  const made = await leaves("create", send("POST", "/datasets", custom), byKey, "dataset.new", (a) => a.json.dataset.id);
  const table = made.json.dataset.id;
  await eventually("the table", async () => (await server.request("GET", `${ours}/datasets/${table}`)).json.dataset.state === "ready");
  const uploaded = await leaves("upload", upload(`${ours}/datasets/upload`, [["type", "data_enrichment"]]), byKey, "dataset.new", (a) => a.json.dataset.id, null, ["source.new"]);
  await leaves("upload as Claro", upload("/api/v2/datasets/upload", [["type", "data_enrichment"], ["name", "n"], ["description", "d"]]),
    byKey, "dataset.new", (a) => a.json.datasetId, null, ["source.new"]);
  const source = await leaves("a source", upload(`${ours}/sources`), byKey, "source.new", (a) => a.json.source.id);
  await leaves("a source as Claro", upload("/api/v2/datasources"), byKey, "source.new", (a) => a.json.datasourceId);
  const change = (id) => ({ change: id });
  await leaves("rows added", send("POST", `/datasets/${table}/rows`, { rows: [{ a: "1" }, { a: "2" }] }), byKey, "rows.add", table, change(1));
  await leaves("a row corrected", send("PATCH", `/datasets/${table}/rows/row_1`, { cells: { a: "x" } }, { "if-match": "*" }), byKey, "rows.set", table, change(2));
  await leaves("a row deleted", send("DELETE", `/datasets/${table}/rows/row_1`, undefined, { "if-match": "*" }), byKey, "rows.remove", table, change(3));
  await leaves("several deleted", send("POST", `/datasets/${table}/rows/delete`, { rows: [{ id: "row_2" }] }), byKey, "rows.remove", table, change(4));
  await leaves("taken back", send("POST", `/datasets/${table}/changes/4/undo`), byKey, "undo", table, change(5));
  await leaves("by who is signed in", () => owner.send("POST", `${ours}/datasets/${table}/rows`, { json: { rows: [{ a: "3" }] } }), bySession, "rows.add", table);
  for (let i = 0; i < 2; i++)
    await leaves("an export, each time", send("GET", `/datasets/${table}/export`), byKey, "dataset.export", table);
  const { id } = await makeDataset(server, "one\ntwo\n", { type: "text_lines", name: "lines" });
  await leaves("a task", send("POST", `/datasets/${id}/tasks/count_words`, {}), byKey, "task.start", id,
    (a) => ({ name: "count_words", job: a.json.job.id }));
  await eventually("the task to end", async () => !(await server.request("GET", `${ours}/jobs?limit=100`)).json.jobs.some((j) => j.active));
  const resume = await pauseJobs(server);
  try {
    const waiting = await server.request("POST", `${ours}/datasets`, { json: custom });
    await leaves("a job cancelled", send("POST", `/jobs/${waiting.json.job.id}/cancel`), byKey, "job.cancel", waiting.json.job.id);
  } finally {
    resume();
  }
  await server.waitForDataset(uploaded.json.dataset.id);
  await leaves("a dataset deleted", send("DELETE", `/datasets/${uploaded.json.dataset.id}`), byKey, "dataset.delete", uploaded.json.dataset.id);
  await leaves("as a page does", () => owner.post(`/datasets/${table}/delete`).then(good), bySession, "dataset.delete", table);
  await leaves("a source deleted", send("DELETE", `/sources/${source.json.source.id}`), byKey, "source.delete", source.json.source.id);
});

test("what is done with users and keys, and from the command line", async () => {
  const invited = await leaves("invited", send("POST", "/users", { email: "a@example.org", role: "viewer" }), byKey, "user.new", "a@example.org");
  const { user } = invited.json;
  await leaves("changed", send("PATCH", `/users/${user.id}`, { role: "editor" }), byKey, "user.change", "a@example.org", { role: "editor", disabled: false });
  await leaves("disabled", send("PATCH", `/users/${user.id}`, { disabled: true }), byKey, "user.change", "a@example.org", { role: "editor", disabled: true });
  await server.request("PATCH", `${ours}/users/${user.id}`, { json: { disabled: false } });
  await leaves("a link", send("POST", `/users/${user.id}/link`), byKey, "user.link", "a@example.org");
  const key = await leaves("a key", send("POST", "/keys", { name: "k", role: "viewer" }), byKey, "key.new", (a) => a.json.key.id);
  await leaves("revoked", send("DELETE", `/keys/${key.json.key.id}`), byKey, "key.revoke", key.json.key.id);
  const revoked = await newest();
  good(await send("DELETE", `/keys/${key.json.key.id}`)());
  assert.equal(await newest(), revoked, "once more changes nothing and is not noted");
  const id = () => server.request("GET", `${ours}/keys?limit=1`).then((a) => a.json.keys[0].id);
  const before = await newest();
  await rowhouse(server, "key", "new", "--role", "viewer");
  const last = (await list())[0];
  assert.deepEqual([last.id > before, last.action, last.target, last.who], [true, "key.new", await id(), "command line"]);
  await leaves("revoked by hand", async () => rowhouse(server, "key", "revoke", await id()), byHand, "key.revoke", last.target);
  await leaves("invited by hand", () => rowhouse(server, "user", "new", "b@example.org"), byHand, "user.new", "b@example.org");
  await leaves("disabled by hand", () => rowhouse(server, "user", "disable", "b@example.org"), byHand, "user.change", "b@example.org");
  await leaves("quotas", () => rowhouse(server, "org", "set", "1", "--quota_rows", "1000000"), byHand, "org.set", null, { quota_rows: 1000000 });
});

test("who comes and goes, and who tries to", async () => {
  const vera = await invite(server, "viewer", "vera");
  const her = { who: vera.email, user: vera.id, key: null };
  await leaves("a sign-in", () => vera.signIn().then(good), her, "sign_in", vera.email);
  await leaves("a failed one", () => vera.signIn(vera.email, "not the password"), her, "sign_in.failed", vera.email);
  await leaves("a new password", () => vera.send("POST", `${ours}/me/password`, { json: { old_password: vera.password, password: "another password" } }).then(good),
    her, "password.change", vera.email);
  await vera.learn();
  await leaves("a wrong old one", () => vera.send("POST", `${ours}/me/password`, { json: { old_password: "not it", password: "another password" } }),
    her, "sign_in.failed", vera.email);
  await leaves("a sign-out", () => vera.post("/sign-out"), her, "sign_out", vera.email);
  const link = await rowhouse(server, "user", "link", vera.email);
  const follow = (to, email) => new Visitor(server).post("/welcome", { token: to.split("token=")[1], email, password: "another password" }).then(good);
  await leaves("a link followed", () => follow(link, vera.email), her, "sign_in.link", vera.email);
  const other = await rowhouse(server, "user", "link", vera.email);
  await leaves("a link followed to another address", () => follow(other, "vera.new@example.org"), { ...her, who: "vera.new@example.org" },
    "sign_in.link", "vera.new@example.org", { old_email: vera.email, email: "vera.new@example.org" });
});

test("what is only looked at, refused or sent again leaves nothing", async () => {
  const { id } = await makeDataset(server, "a\n1\n");
  const viewer = await makeKey(server, { role: "viewer" });
  const headers = { "idempotency-key": "audit-once" };
  const once = send("POST", `/datasets/${id}/rows`, { rows: [{ a: "2" }] }, headers);
  await once();
  const before = await newest();
  await once();
  for (const target of ["/me", "/datasets", `/datasets/${id}`, `/datasets/${id}/rows`, "/users", "/keys", "/audit", "/jobs", "/types"])
    await server.request("GET", `${ours}${target}`);
  await server.request("GET", "/datasets", { headers: { accept: "text/html" } });
  for (const [method, target, json] of [["DELETE", `/datasets/${id}`], ["POST", `/datasets/${id}/rows`, { rows: [{ a: "3" }] }], ["POST", "/users", { email: "c@example.org", role: "owner" }]])
    assert.equal((await server.request(method, `${ours}${target}`, { key: viewer, json })).status, 403);
  for (const [method, target, json] of [["DELETE", "/datasets/x"], ["POST", `/datasets/${id}/rows`, { rows: [{ b: "3" }] }], ["PATCH", `/datasets/${id}/rows/row_1`, { cells: { a: "3" } }],
    ["POST", "/users", { email: owner.email, role: "owner" }], ["POST", "/keys", { name: "k" }], ["POST", `/datasets/${id}/changes/9/undo`]])
    assert.ok((await server.request(method, `${ours}${target}`, { json })).status >= 400);
  await new Visitor(server).signIn("nobody@example.org", "not a password");
  assert.equal(await newest(), before);
});

test("what is deleted because of its age is noted, and an upload that was refused leaves no source without its end", async (t) => {
  const own = await startServer(t, { env: { ROWHOUSE_RETENTION_DAYS: "3" } });
  const { id } = await makeDataset(own, "a\n1\n");
  const refused = await own.request("POST", `${ours}/datasets/upload`, { form: [["type", "nothing"], ["file", { name: "a.csv", content: "a\n1\n" }]] });
  assert.equal(refused.status, 400);
  await own.stop();
  await catalog(own, `UPDATE datasets SET created_at=created_at-${4 * 86400e6}`);
  const again = await startServer(t, { data: own.folder, env: { ROWHOUSE_RETENTION_DAYS: "3" } });
  const entries = (query) => again.request("GET", `${ours}/audit?limit=100${query}`).then((a) => a.json.entries);
  const [gone] = await eventually("the dataset to go", async () => (await entries("&action=dataset.delete")).length && entries("&action=dataset.delete"));
  assert.deepEqual([gone.who, gone.target, gone.user_id, gone.key_id], ["retention_days", id, null, null]);
  assert.equal((await again.request("GET", `${ours}/datasets/${id}`)).status, 404);
  const sources = await entries("&action=source.");
  const left = (await again.request("GET", `${ours}/sources?limit=100`)).json.sources.map((s) => s.id);
  const made = sources.filter((e) => e.action === "source.new").map((e) => e.target);
  const ended = sources.filter((e) => e.action === "source.delete").map((e) => e.target);
  assert.deepEqual(made.filter((one) => !ended.includes(one)).sort(), left.sort());
});

test("it is read newest first, page by page, and by what is asked for", async () => {
  const all = [];
  for (let before = "", page; before !== null;) {
    page = (await server.request("GET", `${ours}/audit?limit=7${before && `&before=${before}`}`)).json;
    assert.ok(page.entries.length <= 7);
    all.push(...page.entries);
    before = page.next;
  }
  assert.deepEqual(all.map((e) => e.id), [...all.map((e) => e.id)].sort((a, b) => b - a));
  assert.equal(new Set(all.map((e) => e.id)).size, all.length);
  const filter = async (query, wanted) => {
    const found = await list(query);
    const expected = all.filter(wanted).slice(0, 100);
    assert.deepEqual(found, expected, query);
    return found.length;
  };
  assert.ok(await filter("&action=key.new", (e) => e.action === "key.new") > 0);
  assert.ok(await filter("&action=rows.", (e) => e.action.startsWith("rows.")) > 2);
  assert.equal(await filter("&action=rows", (e) => e.action === "rows"), 0, "a beginning is one with its point");
  assert.equal(await filter("&action=%25", () => false), 0, "no pattern");
  assert.equal(await filter("&action=key_new", () => false), 0);
  assert.ok(await filter(`&who=${owner.email}`, (e) => e.who === owner.email) > 0);
  assert.ok(await filter("&who=command%20line&action=user.", (e) => e.who === "command line" && e.action.startsWith("user.")) > 0);
  const { target } = all.find((e) => e.action === "rows.add");
  assert.ok(await filter(`&target=${target}`, (e) => e.target === target) > 1);
  assert.equal(await filter("&target='%20OR%201=1%20--", () => false), 0);
  // Times are those of the entries, to the second.
  const middle = all[Math.floor(all.length / 2)].at;
  const [late, early] = [await list(`&from=${middle}`), await list(`&until=${middle}`)];
  assert.deepEqual([...late, ...early].map((e) => e.id), all.slice(0, 100).map((e) => e.id));
  assert.ok(late.every((e) => e.at >= middle) && early.every((e) => e.at < middle || e.at === middle));
  assert.deepEqual(await list("&from=2100-01-01"), []);
  assert.deepEqual(await list("&until=2000-01-01T00:00:00Z"), []);
  for (const [query, field] of [["limit=0", "limit"], ["limit=101", "limit"], ["before=0", "before"], ["before=x", "before"], ["from=yesterday", "from"],
    ["until=2024-13-01", "until"]])
    assert.deepEqual([(await server.request("GET", `${ours}/audit?${query}`)).json.errors?.[0].field], [field], query);
});

test("only owners read it, and no other organisation's", async () => {
  for (const role of ["viewer", "reviewer", "editor"])
    assert.equal((await server.request("GET", `${ours}/audit`, { key: await makeKey(server, { role }) })).status, 403, role);
  const org = await makeOrg(server, "Others");
  const key = await makeKey(server, { org, role: "owner" });
  await server.request("POST", `${ours}/users`, { key, json: { email: "theirs@example.org", role: "viewer" } });
  const theirs = await list("", key);
  assert.deepEqual(theirs.map((e) => [e.action, e.who]), [["user.new", 'key "command line"'], ["key.new", "command line"], ["org.new", "command line"]]);
  const [{ target }] = await list("&action=dataset.new");
  assert.deepEqual(await list(`&target=${target}`, key), []);
  assert.deepEqual((await list("&target=theirs@example.org")), []);
  assert.ok(!JSON.stringify(await list()).includes("theirs@"));
});

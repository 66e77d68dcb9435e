// routes.test.mjs: every address of the route table answers, and lets nobody in without a key or a session.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { keepAlive, Visitor } from "../lib/accounts.mjs";
import { routes } from "../lib/routes.mjs";
import { startServer } from "../lib/server.mjs";
import { makeDataset, makeUpload, ours } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after });

// Something for each {name} of an address, made anew where a request may use it up.
const kinds = { datasets: "dataset", sources: "source", datasources: "source", jobs: "job", users: "user", keys: "key", uploads: "upload" };
async function valuesFor(target) {
  const kind = kinds[target.match(/(\w+)\/\{id\}/)?.[1]];
  const post = async (path, json) => (await server.request("POST", `${ours}${path}`, { json })).json;
  const values = { row: "row_1", column: "col_a", change: "1", type: "data_enrichment", view: "none", task: "none", call: "none", plugin: "none" };
  if (["dataset", "source", "job"].includes(kind)) {
    const { id, source_id, job } = await makeDataset(server, "a\n1\n");
    if (target.includes("{change}")) await post(`/datasets/${id}/rows`, { rows: [{ a: 2 }] });
    values.id = { dataset: id, source: source_id, job: job.id }[kind];
  } else if (kind === "user") {
    values.id = (await post("/users", { email: `u${Math.random()}@example.org`, role: "viewer" })).user.id;
  } else if (kind === "upload") {
    values.id = (await makeUpload(server, 1)).id;
  } else if (kind === "key") {
    values.id = (await post("/keys", { name: "k", role: "viewer" })).key.id;
  }
  return values;
}

test("the table is read", () => {
  assert.ok(routes.length >= 80, String(routes.length));
  assert.ok(routes.some((r) => r.target === "/claro/api/v2/datasets/{id}/data"));
  assert.ok(routes.some((r) => r.handler === "rowhouse_audit_list" && r.query === "audit_query"));
});

// A page that is shown to anybody refuses what a form of it lacks as if there were no key.
const refusesAnybody = ["page_sign_in_post", "page_welcome", "page_welcome_post"];

for (const { method, target, kind, open, handler } of routes) {
  test(`${method} ${target}`, async () => {
    const values = await valuesFor(target);
    const address = target.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    const send = (key, path = address) =>
      request(method, path, { key, headers: { accept: "application/json", "sec-fetch-site": "same-origin" } });
    const without = await send(null);
    if (refusesAnybody.includes(handler)) {
      assert.ok([400, 401, 410].includes(without.status), `${without.status} ${without.text}`);
    } else if (open) {
      assert.ok(without.status < 500 && ![401, 404, 405].includes(without.status), without.text);
    } else {
      assert.equal(without.status, 401, without.text);
      assert.ok(without.headers["www-authenticate"]);
      if (kind === "PAGE") {
        const page = await request(method, address, { key: null, headers: { accept: "text/html" } });
        assert.deepEqual([page.status, page.headers.location.split("?")[0]], [303, "/sign-in"]);
      }
    }
    for (const key of ["rh_wrong", ""]) if (!open) assert.equal((await send(key)).status, 401);
    const answer = await send(undefined);
    // An empty change may well be refused for what it lacks, but the address is there.
    assert.ok(answer.status < 500, answer.text);
    if (!refusesAnybody.includes(handler)) assert.notEqual(answer.status, 401, answer.text);
    // What no plugin has is missing, not the address.
    const none = /\{(view|task|call)\}/.exec(target);
    if (none) assert.deepEqual([answer.status, answer.json.errors[0].field], [404, none[1]], answer.text);
    else assert.ok(![404, 405].includes(answer.status), `${answer.status} ${answer.text}`);
    // One slash more changes nothing; a word more is another address.
    if (!target.includes("{") && target !== "/") {
      const slash = await send(undefined, `${address}/`);
      assert.ok(![404, 405].includes(slash.status), "with a slash at its end");
      assert.equal((await send(undefined, `${address}/a/b/c/d`)).status, 404, "with words behind it");
    }
  });
}

test("a page that a browser asks for leads to the sign-in and from there back", async () => {
  const answer = await request("GET", "/jobs?limit=5", { key: null, headers: { accept: "text/html" } });
  assert.deepEqual([answer.status, answer.headers.location], [303, "/sign-in?next=%2Fjobs%3Flimit%3D5"]);
  const owner = await Visitor.first(server);
  assert.equal((await owner.signIn(owner.email, owner.password, "/jobs?limit=5")).headers.location, "/jobs?limit=5");
});

test("health, readiness, version, limits and metrics are for everyone", async () => {
  const get = (target) => server.request("GET", target, { key: null });
  assert.deepEqual((await get("/healthz")).json, { status: "ok" });
  const ready = (await get("/readyz")).json;
  assert.equal(ready.status, "ready");
  assert.ok(ready.free_bytes > 0);
  assert.match(ready.sandbox, /^landlock \d+, seccomp$/, "files are read in a cage, and which");
  assert.equal((await get("/version")).json.name, "rowhouse");
  assert.match((await get("/version")).json.version, /^\d+\.\d+\.\d+$/);
  const metrics = await get("/metrics");
  assert.match(metrics.headers["content-type"], /^text\/plain; version=0\.0\.4/);
  const lines = metrics.text.trim().split("\n");
  for (const line of lines)
    assert.match(line, /^# (HELP|TYPE) rowhouse_\w+ .+$|^rowhouse_\w+(\{[^}]*\})? [0-9.e+-]+$/, line);
  const requests = () => get("/metrics").then((a) => Number(a.text.match(/^rowhouse_requests_total (\d+)$/m)[1]));
  const before = await requests();
  await get("/version");
  assert.ok(await requests() > before, "requests are counted");
});

// routes.test.mjs: every address of the route table answers, and lets nobody in without a key.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { root, startServer } from "../lib/server.mjs";
import { makeDataset } from "../lib/things.mjs";

const server = await startServer({ after });

// The table itself, read from its source, so that a new row cannot be forgotten here.
const mounts = { OURS: ["/api/rowhouse/v1"], CLARO: ["/api/v2", "/claro/api/v2"], PAGE: [""], SITE: [""] };
const table = fs.readFileSync(path.join(root, "fcgi/api/routes.c"), "utf8");
const routes = [...table.matchAll(/^\t(OURS|CLARO|PAGE|SITE)\((?:(GET|POST|PUT|PATCH|DELETE), )?"([^"]+)", (?:(KEY|ANYONE), )?(\w+)/gm)]
  .flatMap(([, kind, method = "GET", target, access, handler]) =>
    mounts[kind].map((mount) => ({ kind, method, target: mount + target, handler,
      open: kind === "SITE" || access === "ANYONE" })));

test("the table is read", () => {
  assert.ok(routes.length >= 50, String(routes.length));
  assert.ok(routes.some((r) => r.target === "/claro/api/v2/datasets/{id}/data"));
});

for (const { method, target, kind, open, handler } of routes) {
  test(`${method} ${target}`, async () => {
    const { id, source_id, job } = await makeDataset(server, "a\n1\n");
    const value = handler.includes("source") ? source_id : handler.includes("job") ? job.id : id;
    const address = target.replace("{id}", value);
    const send = (key) => server.request(method, address, { key, headers: { accept: "application/json" } });
    const without = await send(null);
    if (handler === "page_sign_in_post") {
      assert.equal(without.status, 401, "without the key it asks for");
    } else if (open) {
      assert.ok(without.status < 500 && ![401, 404, 405].includes(without.status), without.text);
    } else if (kind === "PAGE" && [302, 303].includes(without.status)) {
      assert.match(without.headers.location, /^\/sign-in/);
    } else {
      assert.equal(without.status, 401, without.text);
      assert.ok(without.headers["www-authenticate"]);
    }
    for (const key of ["rh_wrong", ""])
      if (!open) assert.ok([401, 303].includes((await send(key)).status));
    const answer = await send(undefined);
    // An empty change may well be refused for what it lacks, but the address is there.
    assert.ok(answer.status < 500, answer.text);
    if (kind !== "PAGE") assert.notEqual(answer.status, 401, answer.text);
    assert.ok(![404, 405].includes(answer.status), `${answer.status} ${answer.text}`);
    // One slash more changes nothing; a word more is another address.
    if (!target.includes("{") && target !== "/") {
      const slash = await server.request(method, `${address}/`, { headers: { accept: "application/json" } });
      assert.ok(![404, 405].includes(slash.status), "with a slash at its end");
    }
  });
}

test("health, readiness, version, limits and metrics are for everyone", async () => {
  const get = (target) => server.request("GET", target, { key: null });
  assert.deepEqual((await get("/healthz")).json, { status: "ok" });
  const ready = (await get("/readyz")).json;
  assert.equal(ready.status, "ready");
  assert.ok(ready.free_bytes > 0);
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

// settings.test.mjs: what an operator sets holds: rate, origins, quotas; a slip is told at the start.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { program, startServer, temporaryFolder } from "../lib/server.mjs";
import { catalog, eventually, halfMade, makeDataset, ours, upload, whatExists } from "../lib/things.mjs";

test("rate_per_minute: so many requests with one key, then 429 with the seconds to wait", async (t) => {
  const server = await startServer(t, { env: { ROWHOUSE_RATE_PER_MINUTE: "20" } });
  // All within one minute of the clock, or the count begins anew: then once more.
  const answers = [];
  const minute = () => Math.floor(Date.now() / 60000);
  for (let started; started !== minute();) {
    started = minute();
    answers.length = 0;
    for (let i = 0; i < 25; i++) answers.push(await server.request("GET", "/api/v2/datasets"));
  }
  const refused = answers.filter((a) => a.status === 429);
  assert.ok(refused.length >= 5, "at least those over the limit");
  assert.deepEqual([refused[0].json.error, refused[0].json.code], ["Rate limit exceeded", "RATE_LIMITED"]);
  const wait = Number(refused[0].headers["retry-after"]);
  assert.ok(wait >= 0 && wait <= 60);
  assert.equal(refused[0].headers["x-ratelimit-remaining"], "0");
  assert.equal(refused[0].headers["x-ratelimit-limit"], "20");
  assert.equal((await server.request("GET", "/healthz", { key: null })).status, 200);
  const ours429 = await server.request("GET", `${ours}/datasets`);
  if (ours429.status === 429) assert.equal(ours429.json.code, "too_many_requests");
});

test("cors_origins: a listed origin may read every answer, no other", async (t) => {
  const server = await startServer(t, { env: { ROWHOUSE_CORS_ORIGINS: "https://app.example https://two.example" } });
  const { id } = await makeDataset(server, "a\n1\n");
  for (const target of ["/api/v2/datasets", "/api/v2/nothing", `${ours}/datasets/${id}`, `${ours}/datasets/${id}/export`]) {
    const listed = await server.request("GET", target, { headers: { origin: "https://two.example" } });
    assert.equal(listed.headers["access-control-allow-origin"], "https://two.example", target);
    assert.match(listed.headers.vary, /Origin/, target);
    assert.match(listed.headers["access-control-expose-headers"], /X-Request-Id/, target);
    for (const origin of ["https://evil.example", "https://app.example.evil", "https://app.exampl", "null", "https://app.example https://two.example"]) {
      const other = await server.request("GET", target, { headers: { origin } });
      assert.ok(!("access-control-allow-origin" in other.headers), `${target} ${origin}`);
    }
  }
  const headers = { origin: "https://app.example", "access-control-request-method": "POST" };
  const preflight = await server.request("OPTIONS", "/api/v2/datasets/upload", { key: null, headers });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers["access-control-allow-methods"], /POST/);
  assert.match(preflight.headers["access-control-allow-headers"], /Authorization/);
  assert.ok(!("access-control-allow-credentials" in preflight.headers));
  const refused = await server.request("OPTIONS", "/api/v2/datasets/upload",
    { key: null, headers: { ...headers, origin: "https://evil.example" } });
  assert.ok(!("access-control-allow-origin" in refused.headers));
});

test("without cors_origins no origin may", async (t) => {
  const server = await startServer(t);
  const answer = await server.request("GET", "/api/v2/datasets", { headers: { origin: "https://app.example" } });
  assert.ok(!("access-control-allow-origin" in answer.headers));
});

test("quota_datasets: the one over it is QUOTA_EXCEEDED; a deleted one makes room", async (t) => {
  const server = await startServer(t, { env: { ROWHOUSE_QUOTA_DATASETS: "2" } });
  const first = await makeDataset(server, "a\n1\n");
  await makeDataset(server, "a\n2\n");
  const before = await whatExists(server);
  const over = await upload(server, "a\n3\n");
  assert.equal(over.status, 403);
  assert.deepEqual([over.json.error, over.json.code], ["Dataset creation limit reached", "QUOTA_EXCEEDED"]);
  assert.deepEqual(await whatExists(server), before);
  await eventually("its bytes to go", () => halfMade(server).length === 0);
  const json = await server.request("POST", `${ours}/datasets`,
    { json: { type: "data_enrichment", name: "n", source_id: first.source_id } });
  assert.deepEqual([json.status, json.json.code], [403, "quota_exceeded"]);
  await server.request("DELETE", `/api/v2/datasets/${first.id}`);
  assert.equal((await upload(server, "a\n3\n")).status, 201);
});

test("quota_bytes and quota_rows: refused with what is left, nothing half stays", async (t) => {
  const bytes = await startServer(t, { env: { ROWHOUSE_QUOTA_BYTES: "2000" } });
  const over = await upload(bytes, `a\n${"x".repeat(3000)}\n`);
  assert.deepEqual([over.status, over.json.code], [403, "QUOTA_EXCEEDED"]);
  assert.match(over.json.details.message, /of 2000 are used/);
  assert.equal((await upload(bytes, "a\n1\n")).status, 201);
  await eventually("its bytes to go", () => halfMade(bytes).length === 0);

  const rows = await startServer(t, { env: { ROWHOUSE_QUOTA_ROWS: "10" } });
  assert.equal((await makeDataset(rows, `a\n${"1\n".repeat(10)}`)).state, "ready");
  const failed = await makeDataset(rows, "a\n1\n");
  assert.equal(failed.state, "failed");
  assert.match(failed.error.message, /quota/);
  assert.equal(failed.error.code, "quota_exceeded");
});

test("audit_days: entries that are older go at the start, however many; 0 keeps them for ever", async (t) => {
  const data = path.join(temporaryFolder(t), "data");
  const first = await startServer(t, { data });
  const { id } = (await first.request("POST", `${ours}/keys`, { json: { name: "old", role: "viewer" } })).json.key;
  await first.stop();
  const day = 86400000000n, ago = (days) => BigInt(Date.now()) * 1000n - day * BigInt(days);
  await catalog(first, `UPDATE audit SET at=${ago(8)};
    INSERT INTO audit(at, org_id, who, action)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 2500)
      SELECT ${ago(7)} - 60000000, 1, 'somebody', 'old' FROM n;
    INSERT INTO audit(at, org_id, who, action) VALUES(${ago(6)}, 1, 'somebody', 'young')`);
  // Each start makes a link, as long as nobody has a password.
  const left = (server) => catalog(server, "SELECT action, count(*) AS n FROM audit WHERE who<>'first start' GROUP BY action ORDER BY action");
  const unknown = path.join(data, "datasets", "unknown"); // goes last in a sweep
  fs.mkdirSync(unknown, { recursive: true });
  const kept = await startServer(t, { data, env: { ROWHOUSE_AUDIT_DAYS: "0" } });
  await eventually("the sweep at the start", () => !fs.existsSync(unknown));
  assert.deepEqual(await left(kept), [{ action: "key.new", n: 1 }, { action: "old", n: 2500 }, { action: "young", n: 1 }]);
  await kept.stop();
  const swept = await startServer(t, { data, env: { ROWHOUSE_AUDIT_DAYS: "7" } });
  await eventually("what is old to go", async () => (await left(swept)).length === 1);
  assert.deepEqual(await left(swept), [{ action: "young", n: 1 }]);
  assert.equal((await swept.request("GET", `${ours}/keys/${id}`)).status, 200, "what it told of stays");
});

test("base_url and settings of the file; the environment over the file", async (t) => {
  const data = path.join(temporaryFolder(t), "data");
  fs.mkdirSync(data);
  fs.writeFileSync(path.join(data, "rowhouse.conf"), "# mine\nquota_datasets = 1 # one\nrate_per_minute=500\n\n");
  const server = await startServer(t, { data, env: { ROWHOUSE_RATE_PER_MINUTE: "600" } });
  const answer = await upload(server, "a\n1\n");
  assert.equal(answer.status, 201);
  assert.equal(answer.headers["x-ratelimit-limit"], "600");
  assert.equal((await upload(server, "a\n1\n")).json.code, "QUOTA_EXCEEDED");
});

test("a slip in a setting stops the start and says where", (t) => {
  for (const [text, env, message] of [
    ["quota_dataset = 1\n", {}, /rowhouse\.conf, line 1: there is no setting 'quota_dataset'/],
    ["\nquota_rows = many\n", {}, /line 2: quota_rows must be a whole number, not 'many'/],
    ["sandbox\n", {}, /line 1: a line must be 'name = value'/],
    ["", { ROWHOUSE_RATE_PER_MINUTE: "-1" }, /ROWHOUSE_RATE_PER_MINUTE: rate_per_minute must be a whole number/],
    ...["evil.example", "10.0.0.0/33", "127.0.0.1;user", "127.0.0.1 ::1/129", "127.0.0.1/x", "unix:/tmp/x", "/8"].map((word) =>
      ["", { ROWHOUSE_TRUSTED_PROXIES: word }, /trusted_proxies must be addresses or networks/]),
    ["", { ROWHOUSE_SANDBOX: "maybe" }, /ROWHOUSE_SANDBOX: sandbox must be on or off/],
  ]) {
    const folder = temporaryFolder(t);
    const data = path.join(folder, "data");
    fs.mkdirSync(data);
    fs.writeFileSync(path.join(data, "rowhouse.conf"), text);
    const run = spawnSync(program, ["up", "--data", data, "--socket", path.join(folder, "s")],
      { env: { ...process.env, ...env }, encoding: "utf8", timeout: 30000 });
    assert.equal(run.status, 1, run.stderr);
    assert.match(run.stderr, message);
  }
});

// wire.test.mjs: what must hold between a socket and a handler, whatever is asked for: waiting requests
// leave others served, no byte of one request gets into another, headers and ids cannot be forged.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { startServer } from "../lib/server.mjs";
import { connect } from "../lib/raw.mjs";
import { eventually, logLines, makeDataset, ours, pauseJobs, upload } from "../lib/things.mjs";

const server = await startServer({ after });
const auth = `Authorization: Bearer ${server.key}\r\n`;
const raw = (line, headers = "", body = "") => `${line} HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`;

test("100 waiting requests leave others served, and all are answered", async () => {
  let waiting = [];
  const resume = await pauseJobs(server);
  try {
    waiting = Array.from({ length: 100 }, (_, i) => upload(server, `a\n${i}\n`, { name: `waiting ${i}` }));
    await eventually("100 to be parked", async () =>
      /^rowhouse_parked 100$/m.test((await server.request("GET", "/metrics")).text));
    const started = Date.now();
    for (let i = 0; i < 50; i++) {
      const answer = await server.request("GET", `${ours}/datasets`);
      assert.equal(answer.status, 200);
    }
    assert.ok(Date.now() - started < 5000, `50 requests took ${Date.now() - started} ms meanwhile`);
    assert.ok(!(await server.request("GET", `${ours}/datasets`)).json.datasets.some((d) => d.name.startsWith("waiting")),
      "what is not stored yet is not listed");
  } finally {
    resume();
  }
  const answers = await Promise.all(waiting);
  for (const answer of answers) assert.equal(answer.status, 201, answer.text);
  assert.equal(new Set(answers.map((a) => a.json.datasetId)).size, 100);
  assert.match((await server.request("GET", "/metrics")).text, /^rowhouse_parked 0$/m);
  for (const [i, answer] of answers.entries()) {
    await server.waitForDataset(answer.json.datasetId);
    const { json } = await server.request("GET", `/api/v2/datasets/${answer.json.datasetId}/data`);
    assert.equal(json.data[0][0].value, i, "each has its own file");
  }
});

test("a body nobody reads leaves no byte for the next request on the connection", async () => {
  const c = await connect(server);
  const body = `GET /evil HTTP/1.1\r\nHost: x\r\n\r\n${"x".repeat(400_000)}`;
  for (const [line, headers, status] of [
    ["POST /nothing/here", auth, 404], ["POST /api/v2/datasets/upload", "", 401], ["POST /api/v2/nothing", auth, 404],
    ["PUT /api/v2/datasets", auth, 405], ["GET /api/v2/datasets", auth, 200], ["DELETE /api/v2/datasets/x", auth, 404],
    ["GET /healthz", "", 200],
  ]) {
    const tag = `tag-${status}-${Math.random().toString(36).slice(2, 8)}`;
    await c.send(raw(line, `${headers}Content-Length: ${body.length}\r\n`, body));
    await c.send(raw("GET /version", `X-Request-Id: ${tag}\r\n`));
    const first = await c.answer();
    assert.equal(first.status, status, line);
    const second = await c.answer();
    assert.equal(second.status, 200, `after ${line}`);
    assert.equal(second.headers["x-request-id"], tag);
    assert.equal(second.json.name, "rowhouse");
  }
  c.leave();
});

test("many requests on one connection are answered in order", async () => {
  const c = await connect(server);
  const ids = Array.from({ length: 40 }, (_, i) => `in-order-${i}`);
  await c.send(ids.map((id) => raw("GET /version", `X-Request-Id: ${id}\r\n`)).join(""));
  for (const id of ids) assert.equal((await c.answer()).headers["x-request-id"], id);
  c.leave();
});

test("a large answer to a slow reader comes whole, and others do not wait for it", async () => {
  const content = `a\n${Array.from({ length: 1000 }, () => "x".repeat(3900)).join("\n")}\n`;
  const { id } = await makeDataset(server, content);
  const c = await connect(server);
  c.socket.pause();
  await c.send(raw(`GET ${ours}/datasets/${id}/rows?limit=1000`, auth));
  for (let i = 0; i < 20; i++) assert.equal((await server.request("GET", `${ours}/datasets`)).status, 200);
  c.socket.resume();
  const answer = await c.answer();
  assert.equal(answer.json.rows.length, 1000);
  c.leave();
});

test("HEAD has the headers of GET and no body", async () => {
  const { id } = await makeDataset(server, "a\n1\n");
  const c = await connect(server);
  for (const target of ["/healthz", `${ours}/datasets/${id}`, `/api/v2/datasets/${id}`, "/api/v2/nothing",
    `${ours}/datasets/${id}/export`, "/version"]) {
    await c.send(raw(`HEAD ${target}`, auth));
    const head = await c.answer("HEAD");
    await c.send(raw(`GET ${target}`, auth));
    const get = await c.answer();
    assert.equal(head.status, get.status, target);
    assert.equal(head.headers["content-type"], get.headers["content-type"], target);
    if (!get.text.includes("instance"))
      assert.equal(head.headers["content-length"], get.headers["content-length"], target);
  }
  c.leave();
});

test("a request keeps its plain id, in the answer and in the log; any other is replaced", async () => {
  const send = (id) => server.request("GET", "/version", { headers: { "x-request-id": id } });
  const good = `A-b_c.9-${"x".repeat(56)}`;
  assert.equal((await send(good)).headers["x-request-id"], good);
  for (const id of [`${good}y`, "two words", "a\"b", "<b>", "a/b", "ü".repeat(3), ""]) {
    const answer = await server.request("GET", "/version", { headers: { "x-request-id": Buffer.from(id).toString("latin1") } });
    assert.match(answer.headers["x-request-id"], /^[0-9a-f]{32}$/, id);
  }
  const line = await eventually("the log line", () => logLines(server).find((l) => l.request === good));
  assert.deepEqual([line.method, line.path, line.status, line.route], ["GET", "/version", 200, "site_version"]);
});

test("what a request brings cannot become a header or a second log line", async () => {
  const name = "x\r\nSet-Cookie: a=b\r\n\r\n<html>";
  const made = await upload(server, "a\n1\n", { name });
  assert.equal(made.status, 201);
  await server.waitForDataset(made.json.datasetId);
  const answer = await server.request("GET", `${ours}/datasets/${made.json.datasetId}/export`);
  assert.equal(answer.status, 200);
  assert.ok(!("set-cookie" in answer.headers));
  assert.equal(answer.text, "a\n1\n");
  assert.match(answer.headers["content-disposition"], /^attachment; filename\*=UTF-8''x%0D%0ASet-Cookie/);
  for (const target of ["/api/v2/datasets%0d%0aSet-Cookie:%20a=b", "/%0d%0a%0d%0a", "/a%00b", "/sign-in?next=%0d%0aX-A:%20b",
    "/?a=%0aX-A:b"]) {
    const c = await connect(server);
    await c.send(raw(`GET ${target}`, auth));
    const got = await c.answer();
    assert.ok(!("set-cookie" in got.headers) && !("x-a" in got.headers), target);
    c.leave();
  }
  // nginx (and a sanitizer) tell of their start and end in lines of their own.
  const text = fs.readFileSync(path.join(server.folder, "log/rowhouse.log"), "utf8").trim().split("\n");
  for (const line of text.filter((l) => !/^(\d{4}\/\d\d\/\d\d |==\d+==)/.test(l)))
    assert.doesNotThrow(() => JSON.parse(line), line);
});

test("an address may have 8 KiB, a query 200 parameters", async () => {
  const query = (n) => Array.from({ length: n }, (_, i) => `p${i}=1`).join("&");
  assert.equal((await server.request("GET", `/version?${query(200)}`)).status, 200);
  const many = await server.request("GET", `/api/v2/datasets?${query(201)}`);
  assert.equal(many.status, 413);
  assert.match(many.json.details.message, /over 200 parameters/);
  const long = (n) => `/version?${"x".repeat(n - "/version?".length)}`;
  assert.equal((await server.request("GET", long(8192))).status, 200);
  const over = await server.request("GET", long(8193));
  assert.deepEqual([over.status, over.json.code], [413, "too_big"]);
  const far = await server.request("GET", long(40000));
  assert.ok([414, 400].includes(far.status));
  assert.equal(far.json.status, far.status);
});

test("addresses that are tricks lead nowhere", async () => {
  for (const target of ["/../../etc/passwd", "/static/../../catalog.db", "/static/..%2f..%2fcatalog.db", "//etc/passwd",
    "/static//../run/nginx.conf", "/-/data/catalog.db", "/-/data/admin.key", "/-/error", "/%2d/data/admin.key",
    "/-/data/%2e%2e/admin.key", "/./-/data/admin.key", "/static/%2e%2e/%2e%2e/admin.key", "/static../admin.key",
    "/static/../-/data/admin.key", "/-%2fdata%2fadmin.key", "/static/nginx.conf", "/run/nginx.conf", "/admin.key"]) {
    const c = await connect(server);
    await c.send(raw(`GET ${target}`, auth));
    const answer = await c.answer();
    assert.ok([400, 404, 303, 403].includes(answer.status), `${target}: ${answer.status}`);
    assert.ok(!answer.text.includes(server.key) && !answer.text.includes("SQLite format"), target);
    c.leave();
  }
});

test("a client cannot send the file to be sent, nor pose as nginx", async () => {
  const headers = { "x-accel-redirect": "/-/data/admin.key", "x-sendfile": "/etc/passwd", body_file: "/etc/passwd",
    "x-forwarded-for": "1.2.3.4", "x-original-url": "/metrics", "body-file": "/etc/passwd", proxy: "evil" };
  const answer = await server.request("GET", "/version", { headers });
  assert.equal(answer.json.name, "rowhouse");
});

test("malformed requests are refused and the connection ends", async () => {
  for (const text of ["\x16\x03\x01\x02\x00\x01\x00", "GET\r\n\r\n", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nA\x00b: c\r\n\r\n", "G\x01T / HTTP/1.1\r\nHost: x\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"y".repeat(70000)}\r\n\r\n`]) {
    const c = await connect(server);
    await c.send(Buffer.from(text, "latin1"));
    c.socket.end();
    const answer = await c.answer();
    if (answer) assert.ok(answer.status >= 400 && answer.status < 600, `${JSON.stringify(text.slice(0, 40))}: ${answer.status}`);
    c.leave();
  }
  const tooLong = await server.request("GET", "/version", { headers: { "x-long": "y".repeat(20000) } });
  assert.equal(tooLong.status, 431);
  assert.equal(tooLong.json.status, 431);
  assert.equal((await server.request("GET", "/healthz")).status, 200);
});

test("a method nobody knows is 405 with what is allowed", async () => {
  for (const method of ["BREW", "PROPFIND", "PATCH"]) {
    const c = await connect(server);
    await c.send(raw(`${method} /api/v2/datasets`, auth));
    const answer = await c.answer();
    assert.equal(answer.status, 405, method);
    assert.deepEqual(answer.headers.allow.split(", ").sort(), ["GET", "POST"]);
    assert.equal(answer.json.code, "METHOD_NOT_ALLOWED");
    c.leave();
  }
});

test("every answer carries the headers that keep a browser safe", async () => {
  const { id } = await makeDataset(server, "a\n1\n");
  for (const target of ["/version", "/api/v2/nothing", `${ours}/datasets/${id}/export`, "/sign-in", "/static/rowhouse.css", "/static/none"]) {
    const answer = await server.request("GET", target);
    if (answer.status === 404 && target.startsWith("/static")) continue;
    assert.equal(answer.headers["x-content-type-options"], "nosniff", target);
    assert.ok(answer.headers["content-security-policy"], target);
    assert.equal(answer.headers["referrer-policy"], "no-referrer", target);
    assert.ok(!/nginx\/|php|express/i.test(JSON.stringify(answer.headers)), "no version is told");
  }
  const file = await server.request("GET", `${ours}/datasets/${id}/export`);
  assert.match(file.headers["content-security-policy"], /sandbox/);
  assert.match(file.headers["x-request-id"], /^[0-9a-f]{32}$/);
});

test("the rate headers stand on every answer of the APIs", async () => {
  const answer = await server.request("GET", "/api/v2/datasets");
  assert.equal(Number(answer.headers["x-ratelimit-limit"]), 1000000);
  assert.ok(Number(answer.headers["x-ratelimit-remaining"]) > 0);
  const reset = Number(answer.headers["x-ratelimit-reset"]) - Date.now() / 1000;
  assert.ok(reset > -2 && reset <= 61, String(reset));
});

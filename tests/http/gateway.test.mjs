// gateway.test.mjs: what nginx answers when the core cannot is in the words of the API that was called.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { startServer } from "../lib/server.mjs";
import { connect } from "../lib/raw.mjs";
import { eventually, halfMade, ours, pauseJobs, processesOf, signalAll, upload } from "../lib/things.mjs";

const server = await startServer({ after });
const auth = `Authorization: Bearer ${server.key}\r\n`;

const isClaro = (answer) => {
  assert.deepEqual(Object.keys(answer.json), ["error", "code", "details"]);
  assert.ok(answer.json.details.message);
};
const isProblem = (answer) => {
  assert.match(answer.headers["content-type"], /^application\/problem\+json/);
  assert.equal(answer.json.status, answer.status);
  assert.ok(answer.json.title && answer.json.detail);
};
// Nothing of it is taken for anything but what it is, whoever answers.
const isClosed = ({ headers }, what) =>
  assert.deepEqual([headers["x-content-type-options"], headers["referrer-policy"], headers["cross-origin-resource-policy"], headers["content-security-policy"]],
    ["nosniff", "no-referrer", "same-origin", "default-src 'none'; frame-ancestors 'none'"], what);
const dialects = [
  ["/api/v2/datasets/upload", isClaro], ["/claro/api/v2/datasets/upload", isClaro], [`${ours}/datasets/upload`, isProblem],
  ["/upload", isProblem],
  ["/api/v1/x", (a) => assert.deepEqual(Object.keys(a.json), ["statusCode", "message", "error"])],
  ["/adaption/x", (a) => assert.equal(a.json.statusCode, a.status)],
  ["/nebius/v1/x", (a) => assert.deepEqual(Object.keys(a.json), ["detail"])],
  ["/cohere/v1/x", (a) => assert.deepEqual(Object.keys(a.json), ["message"])],
  ["/v1/datasets", (a) => assert.deepEqual(Object.keys(a.json), ["message", "detail", "error"])],
];

test("a body over 16 GiB is refused by its declared length, in each API's words", async () => {
  for (const [target, check] of dialects) {
    const c = await connect(server);
    await c.send(`POST ${target} HTTP/1.1\r\nHost: x\r\n${auth}Content-Type: multipart/form-data; boundary=B\r\n` +
      `Content-Length: ${16 * 2 ** 30 + 1}\r\n\r\n`);
    const answer = await c.answer("POST");
    assert.equal(answer.status, 413, target);
    assert.ok(answer.text.includes("17179869184"), "with the limit");
    check(answer);
    isClosed(answer, target);
    if (check === isClaro) assert.equal(answer.json.code, "FILE_UPLOAD_ERROR");
    c.leave();
  }
});

test("a worker that dies with a request in its hands is a 502 in each API's words", async () => {
  const form = [["type", "data_enrichment"], ["name", "n"], ["description", "d"], ["file", { name: "a.csv", content: "a\n1\n" }]];
  for (const [target, check] of dialects.slice(0, 3)) {
    const resume = await pauseJobs(server);
    try {
      const answer = server.request("POST", target, { form });
      await eventually("the request to be parked", async () =>
        /^rowhouse_parked [1-9]/m.test((await server.request("GET", "/metrics")).text));
      signalAll(processesOf(server, "web"), "SIGKILL");
      const got = await answer;
      assert.equal(got.status, 502, target);
      check(got);
      isClosed(got, target);
    } finally {
      resume();
    }
    // Whether the job is carried out after all is open; if so, then whole.
    await eventually("the server to come to rest", async () => {
      const { json } = await server.request("GET", `${ours}/jobs?limit=100`);
      return json.jobs.every((job) => !job.active) && halfMade(server).length === 0;
    });
  }
  const { json } = await server.request("GET", "/api/v2/datasets?limit=100");
  for (const dataset of json.datasets) assert.equal(dataset.status, "completed");
});

test("a worker that is too slow is a 504 in each API's words", async () => {
  // The same nginx with less patience.
  const file = path.join(server.folder, "run/nginx.conf");
  const text = fs.readFileSync(file, "utf8");
  assert.match(text, /fastcgi_read_timeout 150s;/);
  fs.writeFileSync(file, text.replace("fastcgi_read_timeout 150s;", "fastcgi_read_timeout 200ms;"));
  const [master] = processesOf(server, "nginx master");
  const workers = processesOf(server, "nginx worker").map((p) => p.pid);
  process.kill(master.pid, "SIGHUP");
  await eventually("nginx to read it again", () => {
    const now = processesOf(server, "nginx worker").map((p) => p.pid);
    return now.length > 0 && now.every((pid) => !workers.includes(pid));
  });
  const web = processesOf(server, "web");
  signalAll(web, "SIGSTOP");
  try {
    for (const [target, check] of dialects) {
      const answer = await server.request("GET", target);
      assert.equal(answer.status, 504, target);
      check(answer);
      isClosed(answer, target);
    }
  } finally {
    signalAll(web, "SIGCONT");
  }
  await eventually("the server to answer again", async () => (await server.request("GET", "/healthz")).status === 200);
});

test("what nginx finds malformed is JSON too", async () => {
  const c = await connect(server);
  await c.send("GET /api/v2/datasets HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  const answer = await c.answer();
  assert.equal(answer.status, 400);
  assert.ok(answer.json);
  isClosed(answer);
  c.leave();
});

test("what the core answers has each of these once", async () => {
  isClosed(await server.request("GET", `${ours}/me`));
});

// outbound.test.mjs: the one process that talks to the world asks only what the operator named, tells
// what it saw, and keeps the key to itself.  A scripted endpoint stands in for a model.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import test from "node:test";
import { atEnd, program, startServer, temporaryFolder } from "../lib/server.mjs";
import { eventually, ours, processesOf, signalAll } from "../lib/things.mjs";

const key = "a-key-that-nobody-may-see";

// answer: function of the request and the reply.  asked: what came.
async function endpoint(t, answer) {
  const asked = [];
  const server = http.createServer((request, reply) => {
    asked.push({ url: request.url, key: request.headers.authorization });
    answer(request, reply);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, host: `127.0.0.1:${server.address().port}` };
}

const settings = (url, allow = "") => ({ ROWHOUSE_MODEL_URL: url, ROWHOUSE_MODEL_KEY: key, ROWHOUSE_MODEL_NAME: "tiny",
  ROWHOUSE_OUTBOUND_ALLOW: allow });
const start = (t, url, allow) => startServer(t, { env: settings(url, allow) });

const seen = (server) => eventually("the model to be asked", async () => {
  const [engine] = (await server.request("GET", `${ours}/engines`)).json.engines;
  return engine.state !== "unknown" && engine;
});

// The process alone, without a server: what it saw.
async function look(t, url, allow) {
  const data = temporaryFolder(t);
  const child = spawn(program, ["outbound", "--data", data], { stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...settings(url, allow) } });
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const file = path.join(data, "outbound/engines.json");
  await eventually(`a look at ${url}`, () => fs.existsSync(file));
  child.kill("SIGTERM");
  await ended;
  const text = fs.readFileSync(file, "utf8");
  assert.ok(!text.includes(key) && !said.includes(key), "the key is not told");
  return JSON.parse(text).engines[0];
}

test("a model that answers is ready, asked with its key, which is nowhere else", async (t) => {
  const model = await endpoint(t, (request, reply) => reply.end('{"data":[]}'));
  const server = await start(t, `http://${model.host}/v1/`, `other.example ${model.host}`);
  const engine = await seen(server);
  assert.deepEqual([engine.name, engine.model, engine.state, engine.reason], ["model", "tiny", "ready", null]);
  assert.deepEqual(model.asked, [{ url: "/v1/models", key: `Bearer ${key}` }]);
  for (const name of ["log/rowhouse.log", "outbound/engines.json"])
    assert.ok(!fs.readFileSync(path.join(server.folder, name), "utf8").includes(key), name);
});

test("what is wrong with a model is said", async (t) => {
  const cases = [
    [(q, r) => r.writeHead(401).end(), /refuses the key \(status 401\)/],
    [(q, r) => r.writeHead(503).end(), /status 503/],
    [(q) => q.socket.destroy(), /./],
    [(q, r) => {
      const more = () => r.write("x".repeat(65536), () => r.destroyed || more());
      more();
    }, /over 1048576 bytes/],
  ];
  for (const [answer, reason] of cases) {
    const model = await endpoint(t, answer);
    const engine = await look(t, `http://${model.host}`, model.host);
    assert.equal(engine.state, "failed");
    assert.match(engine.reason, reason);
  }
});

test("no redirect is followed: the key goes to the host that was named and to no other", async (t) => {
  const other = await endpoint(t, (request, reply) => reply.end("{}"));
  const model = await endpoint(t, (request, reply) => reply.writeHead(302, { location: `http://${other.host}/` }).end());
  await look(t, `http://${model.host}`, `${model.host} ${other.host}`);
  assert.equal(model.asked.length, 1);
  assert.equal(other.asked.length, 0);
});

test("private addresses are not connected to, however they are written, unless the operator listed the host", async (t) => {
  const model = await endpoint(t, (request, reply) => reply.end("{}"));
  const port = model.host.split(":")[1];
  const refused = [
    [`http://${model.host}`, /outbound_allow/], [`https://127.0.0.1/v1`, /127\.0\.0\.1 is not an address of the public/],
    ["https://2130706433/", /127\.0\.0\.1 is not/], ["https://0x7f.1/", /127\.0\.0\.1 is not/],
    ["https://0177.0.0.1/", /127\.0\.0\.1 is not/], ["https://[::ffff:127.0.0.1]/", /is not an address of the public/],
    ["https://[::1]/", /::1 is not/], ["https://169.254.169.254/", /is not an address of the public/],
    ["https://localhost/", /is not an address of the public/], [`https://example.org:${port}/`, /only https at port 443/],
    ["http://example.org/", /only https at port 443/], ["https://user:word@example.org/", /a user or a password/],
    ["file:///etc/passwd", /not a URL|only https/], ["gopher://example.org/", /only/], ["model", /not a URL|only https/],
  ];
  for (const [url, reason] of refused) {
    const engine = await look(t, url, "elsewhere.example:8000");
    assert.equal(engine.state, "failed", url);
    assert.match(engine.reason, reason, url);
  }
  assert.equal(model.asked.length, 0);
});

test("without a model there is no such process; one that dies is started again", async (t) => {
  const bare = await start(t, "");
  assert.equal((await seen(bare)).state, "off");
  assert.equal(processesOf(bare, "outbound").length + processesOf(bare).filter((p) => /outbound/.test(p.words[0])).length, 0);
  await bare.stop();

  const model = await endpoint(t, (request, reply) => reply.end("{}"));
  const server = await start(t, `http://${model.host}`, model.host);
  await seen(server);
  const of = () => processesOf(server).filter((p) => /rowhouse-outbound$/.test(p.words[0]));
  const [before] = of();
  signalAll([before], "SIGKILL");
  await eventually("another one", () => of().find((p) => p.pid !== before.pid));
  await eventually("it to ask", () => model.asked.length === 2);
});

// processes.test.mjs: any process may be killed at any time: it is back within a second, what was
// acknowledged is still true, and a dataset ends whole or failed with a reason, never half.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import test, { after } from "node:test";
import { program, startServer, temporaryFolder } from "../lib/server.mjs";
import { catalog, eventually, halfMade, isAlive, makeDataset, ours, pauseJobs, processesOf, signalAll,
  upload, whatExists } from "../lib/things.mjs";

const server = await startServer({ after });

// Enough rows that a process can be met at its work.
const rows = 400_000;
const large = `n,text\n${Array.from({ length: rows }, (_, i) => `${i},some text to read ${i % 97}\n`).join("")}`;

// Its lines are long, so that storing it takes a while and reading it does not.
const longLines = 20_000;
const heavy = Buffer.from(`n,text\n${Array.from({ length: longLines }, (_, i) => `${i},${"x".repeat(1600)}\n`).join("")}`);

// The first process of a role below a running job runner; asked in a tight loop, as some live 20 ms.
function atWork(role, of) {
  const childrenOf = (pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ").filter(Boolean);
    } catch {
      return [];
    }
  };
  const isRole = (pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0")[1] === role && isAlive(pid);
    } catch {
      return false;
    }
  };
  for (const jobs of processesOf(of, "jobs"))
    for (const pid of childrenOf(jobs.pid)) {
      if (isRole(pid)) return Number(pid);
      if (role === "child") for (const inner of childrenOf(pid)) if (isRole(inner)) return Number(inner);
    }
  return 0;
}

// Stops a process of this role as soon as there is one, and kills it while it stands still.
async function killAtWork(role, of = server) {
  const end = Date.now() + 20_000;
  let pid = 0;
  while (!(pid = atWork(role, of))) {
    if (Date.now() > end) throw new Error(`waited 20 s for a process ${role}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.kill(pid, "SIGSTOP");
  process.kill(pid, "SIGKILL");
  await eventually(`${role} to end`, () => !isAlive(pid));
}

async function assertWhole(id, of = server, expected = rows) {
  const dataset = await of.waitForDataset(id);
  assert.deepEqual([dataset.state, dataset.rows], ["ready", expected], JSON.stringify(dataset.error));
  const { json } = await of.request("GET", `${ours}/datasets/${id}/rows?position=${expected - 1}`);
  assert.equal(json.rows[0].cells[0], expected - 1);
  await eventually("half-made files to go", () => halfMade(of).length === 0);
  return dataset;
}

for (const role of ["web", "jobs", "nginx master", "nginx worker"])
  test(`${role} killed: another answers within a second`, async () => {
    const before = processesOf(server, role);
    assert.ok(before.length > 0);
    signalAll(before, "SIGKILL");
    const killed = Date.now();
    await eventually(`${role} to be back`, () => {
      const now = processesOf(server, role);
      return now.length >= before.length && now.every((p) => !before.some((b) => b.pid === p.pid));
    });
    // Whoever comes in between waits or is refused for a moment, nothing worse.
    await eventually("an answer", async () => {
      try {
        return (await server.request("GET", `${ours}/datasets`)).status === 200;
      } catch {
        return false;
      }
    });
    const took = Date.now() - killed;
    assert.ok(took < (process.env.ROWHOUSE_BUILD?.includes("san") ? 5000 : 1000), `${took} ms`);
    assert.equal((await makeDataset(server, "a\n1\n")).state, "ready");
  });

test("the job runner killed while rows are read: they are read again, whole", async () => {
  const { json } = await upload(server, large);
  const writer = await eventually("the writer", () => atWork("writer", server));
  signalAll(processesOf(server, "jobs"), "SIGKILL");
  await eventually("the writer to end with it", () => !isAlive(writer));
  await assertWhole(json.datasetId);
});

test("the writer killed once: the job is tried again and the dataset is whole", async () => {
  const { json } = await upload(server, large);
  await killAtWork("writer");
  const { job } = await assertWhole(json.datasetId);
  assert.deepEqual(await catalog(server, `SELECT attempt FROM jobs WHERE job_id='${job.id}'`), [{ attempt: 2 }]);
});

test("the writer killed twice: the dataset fails with the reason, its source stays good", async () => {
  const { json } = await upload(server, large);
  await killAtWork("writer");
  await killAtWork("writer");
  const dataset = await server.waitForDataset(json.datasetId);
  assert.equal(dataset.state, "failed");
  assert.match(dataset.error.message, /killed by signal 9.*2 times; the same input is not tried again/);
  assert.deepEqual(await catalog(server, `SELECT attempt, state FROM jobs WHERE job_id='${dataset.job.id}'`),
    [{ attempt: 2, state: "failed" }]);
  await eventually("half-made files to go", () => halfMade(server).length === 0);
  const again = await server.request("POST", `${ours}/datasets`,
    { json: { type: "data_enrichment", name: "again", source_id: dataset.source_id } });
  await assertWhole(again.json.dataset.id);
});

test("the child that reads the file killed: its job fails with the reason, or is whole", async () => {
  const { json } = await upload(server, large);
  await killAtWork("child");
  const dataset = await server.waitForDataset(json.datasetId);
  if (dataset.state === "ready") assert.equal(dataset.rows, rows);
  else assert.match(dataset.error.message, /the process of the job .*killed by signal 9/);
  await eventually("half-made files to go", () => halfMade(server).length === 0);
});

test("the process that stores an upload killed once: the upload is acknowledged all the same, and whole", async () => {
  const answer = upload(server, heavy);
  await killAtWork("split");
  const { status, json, text } = await answer;
  assert.equal(status, 201, text);
  await assertWhole(json.datasetId, server, longLines);
});

test("the process that stores an upload killed twice: the upload is refused and leaves nothing", async () => {
  const before = await whatExists(server);
  const answer = upload(server, heavy);
  await killAtWork("split");
  await killAtWork("split");
  const { status, json } = await answer;
  assert.ok(status >= 500, String(status));
  assert.equal(json.code, "FILE_UPLOAD_ERROR");
  assert.deepEqual(await whatExists(server), before);
  await eventually("its bytes to go", () => halfMade(server).length === 0);
  assert.deepEqual(await catalog(server, "SELECT source_id FROM sources WHERE state='storing'"), []);
  assert.deepEqual(await catalog(server, "SELECT dataset_id FROM datasets WHERE state='draft'"), []);
});

test("the process that writes an export killed: who waits for it gets all of it", async () => {
  const { id } = await makeDataset(server, large);
  const answer = server.request("GET", `${ours}/datasets/${id}/export`);
  await killAtWork("export-worker");
  const { status, text } = await answer;
  assert.equal(status, 200);
  assert.equal(text, large);
  await eventually("half-made files to go", () => halfMade(server).length === 0);
});

test("web workers killed while a request waits: the server goes on, nothing is half", async () => {
  const resume = await pauseJobs(server);
  const answer = upload(server, "a\n1\n", { name: "lost" });
  await eventually("it to be parked", async () =>
    /^rowhouse_parked 1$/m.test((await server.request("GET", "/metrics")).text));
  signalAll(processesOf(server, "web"), "SIGKILL");
  assert.equal((await answer).status, 502);
  resume();
  await eventually("jobs to end", async () =>
    (await catalog(server, "SELECT 1 AS x FROM jobs WHERE state IN ('queued','running')")).length === 0);
  const { json } = await server.request("GET", `${ours}/datasets?limit=100`);
  for (const d of json.datasets.filter((x) => x.name === "lost")) assert.deepEqual([d.state, d.rows], ["ready", 1]);
  await eventually("half-made files to go", () => halfMade(server).length === 0);
});

test("SIGTERM ends everything within 5 s with status 0; who waits gets an answer", async (t) => {
  const own = await startServer(t);
  const kept = await makeDataset(own, "a\n1\n", { name: "kept" });
  const resume = await pauseJobs(own);
  const waiting = Array.from({ length: 5 }, (_, i) => upload(own, `a\n${i}\n`, { name: `w${i}` }));
  await eventually("them to be parked", async () =>
    /^rowhouse_parked 5$/m.test((await own.request("GET", "/metrics")).text));
  const all = processesOf(own);
  const started = Date.now();
  own.child.kill("SIGTERM");
  resume();
  const end = await own.ended;
  assert.ok(Date.now() - started < 5000, `${Date.now() - started} ms`);
  assert.deepEqual(end, { code: 0, signal: null });
  for (const p of all) assert.ok(!isAlive(p.pid), `${p.role} is still there`);
  const acknowledged = [];
  for (const answer of await Promise.all(waiting)) {
    assert.ok(answer.json, answer.text);
    if (answer.status === 201) acknowledged.push(answer.json.datasetId);
    else assert.ok(answer.status >= 500 || answer.status === 499, answer.text);
  }
  assert.ok(!fs.existsSync(own.socket), "its socket is gone");
  const again = await startServer(t, { data: own.folder });
  assert.equal(again.key, own.key);
  assert.equal((await again.request("GET", `${ours}/datasets/${kept.id}`)).json.dataset.state, "ready");
  for (const id of acknowledged) assert.equal((await again.waitForDataset(id)).rows, 1);
});

test("ends that were asked for, however often, do not cost a job its attempts", async (t) => {
  const data = path.join(temporaryFolder(t), "data");
  let own = await startServer(t, { data });
  const { json } = await upload(own, large);
  for (let i = 0; i < 3; i++) {
    await eventually("the writer at its work", async () => {
      if (atWork("writer", own)) return true;
      const { dataset } = (await own.request("GET", `${ours}/datasets/${json.datasetId}`)).json;
      assert.notEqual(dataset.state, "failed", JSON.stringify(dataset.error));
      return dataset.state === "ready";
    });
    assert.deepEqual(await own.stop(), { code: 0, signal: null });
    own = await startServer(t, { data });
  }
  await assertWhole(json.datasetId, own);
});

test("nothing survives the supervisor's kill -9, and a new one finds all as it was", async (t) => {
  const own = await startServer(t);
  const kept = await makeDataset(own, "a\n1\n");
  const { json } = await upload(own, large);
  await eventually("the child at its work", () => atWork("child", own));
  const all = processesOf(own);
  own.child.kill("SIGKILL");
  await own.ended;
  await eventually("all to end", () => all.every((p) => !isAlive(p.pid)), 2);
  const again = await startServer(t, { data: own.folder });
  assert.equal((await again.request("GET", `${ours}/datasets/${kept.id}`)).json.dataset.state, "ready");
  await assertWhole(json.datasetId, again);
});

const up = (t, ...words) => {
  const child = spawn(program, ["up", ...words], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  child.stdout.resume();
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, errors })));
};

test("a port that is taken is told, and the data folder is not touched by half", async (t) => {
  const taken = net.createServer();
  await new Promise((resolve) => taken.listen(0, "127.0.0.1", resolve));
  t.after(() => taken.close());
  const { port } = taken.address();
  const { code, errors } = await up(t, "--port", String(port), "--data", path.join(temporaryFolder(t), "data"));
  assert.equal(code, 1);
  assert.match(errors, new RegExp(`\\b${port}\\b`));
  assert.equal(errors.trim().split("\n").length, 1, errors);
});

test("a second server on one folder is refused and does the first no harm", async (t) => {
  const { code, errors } = await up(t, "--port", "0", "--data", server.folder);
  assert.equal(code, 1);
  assert.match(errors, new RegExp(`already in use by process ${server.child.pid}`));
  assert.equal((await makeDataset(server, "a\n1\n")).state, "ready");
});

test("the admin key lies in a file for its owner alone, is printed nowhere, and is made once and never again", async (t) => {
  const data = path.join(temporaryFolder(t), "data");
  const own = await startServer(t, { data });
  assert.equal(fs.statSync(path.join(data, "admin.key")).mode & 0o777, 0o600);
  for (const name of ["run", "log", "incoming"])
    assert.equal(fs.statSync(path.join(data, name)).mode & 0o077, 0, `${name} is closed to others`);
  assert.ok(!fs.readFileSync(path.join(data, "log/rowhouse.log"), "utf8").includes(own.key));
  assert.ok(!fs.readFileSync(path.join(data, "catalog.db"), "latin1").includes(own.key));
  await own.stop();
  const again = await startServer(t, { data });
  assert.equal(again.key, own.key);
  assert.equal((await again.request("GET", `${ours}/datasets`)).status, 200);
  for (const { said } of [own, again]) assert.ok(!said.includes(own.key.slice(3)));
  assert.match(own.said, new RegExp(`A key for programs is in ${data}/admin\\.key`));
  assert.ok(!again.said.includes("admin.key"));
  // Whoever revoked the last one meant it.
  const { key_id } = (await again.request("GET", `${ours}/me`)).json;
  assert.equal((await again.request("DELETE", `${ours}/keys/${key_id}`)).status, 200);
  await again.stop();
  const third = await startServer(t, { data });
  assert.equal(third.key, own.key);
  assert.equal((await third.request("GET", `${ours}/me`)).status, 401);
});

test("a data folder of a newer Rowhouse is refused", async (t) => {
  const data = path.join(temporaryFolder(t), "data");
  const own = await startServer(t, { data });
  await own.stop();
  await catalog(own, "PRAGMA user_version=999");
  const { code, errors } = await up(t, "--socket", path.join(temporaryFolder(t), "s"), "--data", data);
  assert.equal(code, 1);
  assert.match(errors, /newer Rowhouse/);
});

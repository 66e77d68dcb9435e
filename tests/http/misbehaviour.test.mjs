// misbehaviour.test.mjs: what a plugin cannot do: each way to misbehave (tests/plugins/rogue) costs its
// own job or request and nothing else.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { asking } from "../lib/plugins.mjs";
import { root, startServer } from "../lib/server.mjs";
import { eventually, isAlive, logLines, processesBelow, processesOf } from "../lib/things.mjs";

const build = path.join(root, process.env.ROWHOUSE_BUILD ?? "build");
const plugins = { ROWHOUSE_PLUGINS: `${build}/plugins:${build}/tests/plugins`, ROWHOUSE_MODEL_KEY: "a key" };
const sanitized = /-san/.test(build);
// Under the sanitizers each crash is in the log, as it should.
const server = await startServer({ after }, { env: plugins, mayCrash: sanitized });
const { post, make, task, cellsOf, cancel } = asking(() => server);
const processorTicks = (pid) => {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[11]);
};

test("a check that hangs or crashes costs its own request", async () => {
  for (const title of ["hang", "crash"]) {
    const answer = await post("/datasets", { type: "hooks_all", name: "n", title, box: { width: 1 } });
    assert.ok([502, 504].includes(answer.status), `${title}: ${answer.status} ${answer.text}`);
    assert.equal((await server.request("GET", "/readyz", { key: null })).status, 200);
  }
});

const brokenOff = /^the process of the job broke off: /;
const lied = /^the process of the job sent (what cannot be right|a frame)/;
const misbehaviours = {
  segfault: brokenOff, abort: brokenOff, stack: brokenOff, exit: brokenOff, "exit-3": brokenOff, "kill-self": brokenOff,
  spin: /longer than its time/, sleep: /longer than its time/, futex: /longer than its time/, findings: /longer than its time/,
  // The sanitizers' build has no bound on addresses.
  memory: /no more memory after \d+ times|there was no memory/, disk: /^stopped after 1024 MiB$/,
  litter: /over 20000 files in its scratch folder/, burrow: /it was dug|nests folders over 32 deep/,
  "frame-long": lied, "frame-torn": lied, "frame-type": lied, "frame-more": lied, "frame-rows": lied, "frame-end": lied,
  "frame-head": lied, "frame-column": lied, "frame-edits": lied, "frame-fail": lied, "bad-cell": /^row 1: the number of value is not one: 12 kg$/,
  "bad-json": /^row 1: the JSON value of value is not one: \{"a":\}$/, "bad-escape": /^row 1: the escaped text of value is not one: \\x$/,
  "bad-text": /^row 1: the text of value is not UTF-8 \(utf8_clean\(\) repairs it\)/, "too-wide": /a row of 2 cells, there are 1 columns/,
  "read-rows": /each_row where it cannot be called/, "silent-failure": /did not say why/, "fake-cancel": /nobody asked for it/,
};
// The sanitizers take all addresses there are, so that their build has no bound on memory.
if (sanitized) delete misbehaviours.memory;
const brief = new Set(["spin", "sleep", "futex", "findings"]);

test("each way to misbehave fails its own job with the reason; the core and other jobs never notice", async () => {
  const before = processesOf(server).filter((p) => ["web", "jobs", "nginx master", "nginx worker"].includes(p.role));
  let done = false;
  let asked = 0;
  const watch = (async () => {
    for (; !done; asked++) {
      const ready = await server.request("GET", "/readyz", { key: null });
      assert.equal(ready.status, 200, ready.text);
    }
  })();
  const others = Array.from({ length: 5 }, () => make("rogue", { mode: "good" }));
  await Promise.all(Object.entries(misbehaviours).map(async ([mode, reason]) => {
    const made = await make(brief.has(mode) ? "rogue_brief" : "rogue", { mode });
    assert.deepEqual([made.state, made.job.state], ["failed", "failed"], mode);
    assert.match(made.error.message, reason, mode);
    assert.equal(made.error.message, made.job.error.message, mode);
    assert.deepEqual(fs.readdirSync(path.join(server.folder, "datasets", made.id)), [], `${mode}: no half-made rows stay`);
  }));
  for (const other of await Promise.all(others)) assert.deepEqual([other.state, other.rows], ["ready", 1]);
  done = true;
  await watch;
  assert.ok(asked > 10, `asked ${asked} times`);
  for (const p of before) assert.ok(isAlive(p.pid), `${p.role} ${p.pid} still lives`);
  assert.deepEqual(fs.readdirSync(path.join(server.folder, "run")).filter((n) => n.startsWith("scratch-")), []);
});

test("forbidden acts are denied twenty times, and nothing of them is left", async () => {
  const runs = await Promise.all(Array.from({ length: 20 }, () => make("rogue", { mode: "probe" })));
  for (const made of runs) {
    assert.equal(made.state, "ready", JSON.stringify(made.error));
    const said = (await cellsOf(made.id)).map((c) => c[0]);
    assert.equal(said.length, 41, "every one was tried");
    for (const line of said) assert.match(line, /: (EACCES|EPERM|ENOSYS)$/);
  }
  assert.ok(!fs.existsSync("/tmp/rogue-was-here"));
});

// The sanitizers write there too, and the child leaves it as it is.
test("what a plugin writes to standard error is in the log with its job, and not without end", { skip: sanitized }, async () => {
  const said = await make("rogue", { mode: "says" });
  const loud = await make("rogue", { mode: "stderr" });
  const of = (made) => logLines(server).filter((l) => JSON.stringify(l).includes(`job ${made.job.id} says`));
  assert.match(JSON.stringify(of(said)), /what the plugin says/);
  assert.equal(loud.state, "ready", "and it is not held up by it");
  const bytes = of(loud).reduce((n, l) => n + JSON.stringify(l).length, 0);
  assert.ok(bytes > 1000 && bytes < 40000, `${bytes} bytes of 38 MB`);
});

test("a task that goes on after its cancel is ended, and writes nothing more", async () => {
  const made = await make("rogue", { mode: "good" });
  const started = await task(made, "stubborn");
  await eventually("it to be at it", () => {
    const writer = processesOf(server, "task").find((p) => p.words.includes(started.id));
    const child = writer && processesBelow(writer.pid)[0];
    return child && processorTicks(child.pid) > 2;
  });
  await cancel(started);
  const job = await server.waitForJob(started.id);
  assert.equal(job.state, "cancelled");
  assert.deepEqual(await cellsOf(made.id), [["good"]]);
  await eventually("its processes to go", () => processesOf(server, "task").length === 0);
});

test("a task past its own time fails and says so", async () => {
  const made = await make("rogue", { mode: "good" });
  const job = await server.waitForJob((await task(made, "slow")).id);
  assert.deepEqual([job.state, job.error.code], ["failed", "timeout"]);
  assert.match(job.error.message, /longer than its time/);
});

test("a state that is put and asked for again and again takes no more memory", async () => {
  const made = await make("rogue", { mode: "good" });
  for (const time of ["where there was none", "where there is one"]) {
    const job = await server.waitForJob((await task(made, "again")).id);
    assert.equal(job.state, "done", `${time}: ${JSON.stringify(job.error)}`);
  }
});

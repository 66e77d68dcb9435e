// plugins.test.mjs: what a plugin can do, with one that uses every hook (tests/plugins/hooks), and that
// one that may not be loaded is refused with the reason while the site starts.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { promisify } from "node:util";
import { asking, begun, sqlite } from "../lib/plugins.mjs";
import { program, root, startServer, temporaryFolder } from "../lib/server.mjs";
import { catalog, eventually, isAlive, ours, pauseJobs, processesBelow, processesOf } from "../lib/things.mjs";

const run = promisify(execFile);
const build = path.join(root, process.env.ROWHOUSE_BUILD ?? "build");
const plugins = { ROWHOUSE_PLUGINS: `${build}/plugins:${build}/tests/plugins` };
const server = await startServer({ after }, { env: plugins });
const { get, post, task, hooks, cellsOf, cancel, undo, rowsFile } = asking(() => server);

// ---- every hook ----

test("the form of a type is checked field by field, and every wrong one is named by its path", async () => {
  const wrong = [
    [{}, "title"], [{ title: "" }, "title"], [{ title: "x".repeat(41) }, "title"], [{ title: 5 }, "title"],
    [{ copies: -1 }, "copies"], [{ copies: 2000001 }, "copies"], [{ copies: 1.5 }, "copies"], [{ copies: "3" }, "copies"],
    [{ share: 1.01 }, "share"], [{ loud: "yes" }, "loud"], [{ flavour: "bitter" }, "flavour"],
    [{ since: "yesterday" }, "since"], [{ box: undefined }, "box"], [{ box: {} }, "box.width"],
    [{ box: { width: 9.6 } }, "box.width"], [{ box: { width: 1, depth: 1 } }, "box.depth"],
    [{ tags: {} }, "tags"], [{ tags: [{ name: "a" }, {}] }, "tags[1].name"],
    [{ tags: Array(6).fill({ name: "a" }) }, "tags"], [{ tags: [{ name: "a", weight: 101 }] }, "tags[0].weight"],
    [{ notes: "n".repeat(1001) }, "notes"], [{ owner_id: "me" }, "owner_id"], [{ title: "forbidden" }, "title"],
  ];
  const before = (await get("/datasets")).total;
  for (const [fields, field] of wrong) {
    const good = { title: "fine", box: { width: 1 } };
    const sent = { type: "hooks_all", name: "n", ...good, ...fields };
    if (Object.keys(fields).length === 0) delete sent.title;
    const answer = await post("/datasets", sent);
    assert.equal(answer.status, 400, `${JSON.stringify(fields)}: ${answer.text}`);
    assert.equal(answer.json.errors?.[0].field, field, answer.text);
  }
  assert.equal((await get("/datasets")).total, before, "nothing was made");
});

test("at each limit of the form a dataset is made", async () => {
  const made = await hooks({ title: "x".repeat(40), copies: 0, share: 1, loud: true, flavour: "salty",
    since: "2024-02-29", box: { width: 9.5 }, notes: "n".repeat(1000),
    tags: Array.from({ length: 5 }, (_, i) => ({ name: `tag ${i}`, weight: i ? 100 : 0 })) });
  assert.equal(made.state, "ready", JSON.stringify(made.error));
  assert.deepEqual((await cellsOf(made.id)).map((c) => c[1]), ["tag 0", "tag 1", "tag 2", "tag 3", "tag 4"]);
});

test("an ingest gets its values and files and makes columns, rows, findings and state", async () => {
  const stored = await server.request("POST", `${ours}/sources`, { form: [
    ["data", { name: "one.txt", content: "first of one\nsecond\n", type: "text/plain" }],
    ["eval_data", { name: "two.txt", content: "first of two", type: "text/plain" }],
    ["files", { name: "three.bin", content: "\n", type: "application/octet-stream" }]] });
  assert.equal(stored.status, 201, stored.text);
  const made = await hooks({ title: "of files", copies: 2, source_id: stored.json.source.id });
  assert.equal(made.state, "ready", JSON.stringify(made.error));
  const rows = await get(`/datasets/${made.id}/rows`);
  assert.deepEqual(rows.rows.map((r) => [r.line, ...r.cells]), [
    [1, 1, "of files", null], [2, 2, "of files", null],
    [3, 3, "first of one", "data:one.txt"], [4, 4, "first of two", "eval_data:two.txt"],
    [5, 5, "", "files:three.bin"]]);
  assert.deepEqual(rows.columns.map((c) => [c.name, c.type, c.declared_type, c.description]), [
    ["number", "integer", null, null], ["text", "string", null, "what it says"], ["from", "string", "string", null]]);
  const findings = (await get(`/datasets/${made.id}/findings`)).findings;
  assert.deepEqual(findings.map((f) => [f.code, f.line, f.column, f.message]), [
    ["read", 3, "text", "data:one.txt"], ["read", 4, "text", "eval_data:two.txt"], ["read", 5, "text", "files:three.bin"]]);
  assert.equal((await get(`/datasets/${made.id}/hooks_all/peek`)).title, "of files", "the state it put");
});

test("a task writes a column with where each cell comes from, as one change that can be undone", async () => {
  const made = await hooks({ copies: 600 });
  const job = await server.waitForJob((await task(made, "fill", { column: "col_text", with: "done" })).id);
  assert.deepEqual([job.state, job.rows, job.failed], ["done", 600, 0], JSON.stringify(job.error));
  const cells = await cellsOf(made.id, "?limit=600");
  cells.forEach((c, i) => assert.equal(c[1], `done ${i + 1}`));
  const marks = await sqlite(rowsFile(made.id), "SELECT count(*), min(state), max(state), min(confidence), min(source) FROM marks");
  assert.equal(marks, '600|generated|generated|0.5|{"by":"hooks"}');
  const { changes } = await get(`/datasets/${made.id}/changes`);
  assert.deepEqual(changes.map((c) => [c.kind, c.rows, c.cause]), [["task", 600, job.id]]);
  const back = await undo(made, changes[0].id);
  assert.deepEqual([back.state, back.rows, back.failed, back.percent], ["done", 600, 0, 100]);
  assert.equal(await sqlite(rowsFile(made.id), "SELECT count(*) FROM marks"), "0");
  assert.deepEqual(new Set((await cellsOf(made.id, "?limit=600")).map((c) => c[1])), new Set(["a title"]));
});

test("what a task finds stands at its row", async () => {
  const made = await hooks({ copies: 3 });
  const job = await server.waitForJob((await task(made, "fill", { column: "col_text", with: "noted" })).id);
  assert.equal(job.state, "done", JSON.stringify(job.error));
  assert.equal(await sqlite(rowsFile(made.id), "SELECT group_concat(row_id) FROM findings WHERE code='noted'"), "1,2,3");
  const { findings } = await get(`/datasets/${made.id}/findings`);
  assert.deepEqual(findings.filter((f) => f.code === "noted").map((f) => f.row), ["row_1", "row_2", "row_3"]);
});

test("a task may add and remove rows while it reads them, and meets each once", async () => {
  const made = await hooks({ copies: 900 });
  const job = await server.waitForJob((await task(made, "thin")).id);
  assert.equal(job.state, "done", JSON.stringify(job.error));
  const expected = [];
  for (let i = 1; i <= 900; i++) if (i % 3 !== 0) expected.push(i);
  for (let i = 1; i <= 900; i++) if (i % 3 !== 0 && i % 2 === 0) expected.push(i);
  assert.deepEqual((await cellsOf(made.id, "?limit=1000")).map((c) => c[0]), expected);
  assert.equal((await get(`/datasets/${made.id}`)).dataset.rows, expected.length);
});

test("an estimate checks and says what it would take, and starts nothing", async () => {
  const made = await hooks({ copies: 2500 });
  const before = (await get("/jobs")).total;
  const answer = await post(`/datasets/${made.id}/tasks/fill?estimate=true`, { column: "col_text", slowly: true });
  assert.deepEqual([answer.status, answer.json], [200, { estimate: { rows: 2500, seconds: 2 } }]);
  const wrong = await post(`/datasets/${made.id}/tasks/fill?estimate=true`, { column: "col_nothing" });
  assert.deepEqual([wrong.status, wrong.json.errors?.[0].field], [400, "column"]);
  assert.equal((await get("/jobs")).total, before);
});

test("a running task has its columns for itself: edits and other tasks of them wait, others do not", async () => {
  const made = await hooks({ copies: 5000 });
  const job = await task(made, "fill", { column: "col_text", slowly: true });
  const edit = (json) => server.request("PATCH", `${ours}/datasets/${made.id}/rows/row_1`, { json, headers: { "if-match": "*" } });
  const locked = await edit({ cells: { text: "mine" } });
  assert.deepEqual([locked.status, locked.json.code], [409, "dataset_locked"]);
  const second = await post(`/datasets/${made.id}/tasks/fill`, { column: "col_text" });
  assert.deepEqual([second.status, second.json.code], [409, "dataset_locked"]);
  assert.equal((await edit({ cells: { number: 77 } })).status, 200, "another column is free");
  const other = await server.waitForJob((await task(made, "fill", { column: "col_from" })).id);
  assert.equal(other.state, "done", "so is a task of another column");
  await cancel(job);
  assert.equal((await server.waitForJob(job.id)).state, "cancelled");
  assert.equal((await edit({ cells: { text: "mine" } })).status, 200, "and the lease ends with the task");
});

test("a task shows how far it is, stops when it is cancelled, and what it wrote can be undone", async () => {
  const made = await hooks({ copies: 20000 });
  const started = await task(made, "fill", { column: "col_text", slowly: true });
  const half = await eventually("progress", async () => {
    const { job } = await get(`/jobs/${started.id}`);
    return job.done > 0 && job.rows > 0 && job;
  });
  assert.deepEqual([half.state, half.total], ["running", 20000]);
  assert.ok(half.percent < 100 && half.can_cancel && half.seconds_left > 0, JSON.stringify(half));
  await cancel(started);
  const job = await server.waitForJob(started.id);
  assert.equal(job.state, "cancelled");
  const written = Number(await sqlite(rowsFile(made.id), "SELECT count(*) FROM rows WHERE rev>0"));
  assert.ok(written >= job.rows && written < 20000, `${written} of ${job.rows}`);
  assert.equal((await get(`/datasets/${made.id}`)).dataset.state, "ready");
});

test("a task whose processes are killed goes on where it was: each row is written once, in one change", async () => {
  const made = await hooks({ copies: 4000 });
  const started = await task(made, "fill", { column: "col_text", slowly: true });
  await eventually("some rows", async () => (await get(`/jobs/${started.id}`)).job.rows > 300);
  const writer = processesOf(server, "task").find((p) => p.words.includes(started.id));
  const child = processesBelow(writer.pid)[0];
  process.kill(writer.pid, "SIGKILL");
  const job = await server.waitForJob(started.id);
  assert.equal(job.state, "done", JSON.stringify(job.error));
  assert.ok(!isAlive(child.pid), "the child died with its writer");
  (await cellsOf(made.id, "?limit=1000")).forEach((c, i) => assert.equal(c[1], `filled ${i + 1}`));
  assert.equal(await sqlite(rowsFile(made.id), "SELECT count(*), count(DISTINCT row_id) FROM history"), "4000|4000");
  assert.equal((await get(`/datasets/${made.id}/changes`)).changes.length, 1);
  const [{ attempt }] = await catalog(server, `SELECT attempt FROM jobs WHERE job_id='${started.id}'`);
  assert.equal(attempt, 2);
});

test("large rows are stored as they come; a checkpoint where there can be none, and a column twice, are told", async () => {
  const made = await hooks({ copies: 120 });
  const swollen = await server.waitForJob((await task(made, "swell")).id);
  assert.deepEqual([swollen.state, swollen.rows], ["done", 120], JSON.stringify(swollen.error));
  const misplaced = await server.waitForJob((await task(made, "misplace")).id);
  assert.equal(misplaced.state, "failed");
  assert.match(misplaced.error.message, /checkpoint inside each_row/);
  assert.equal((await server.waitForJob((await task(made, "widen")).id)).state, "done");
  assert.equal((await server.waitForJob((await task(made, "widen")).id)).state, "done");
  assert.deepEqual((await get(`/datasets/${made.id}`)).columns.map((c) => c.name), ["number", "text", "from", "again"]);
});

test("what a task did to thousands of rows is taken back by a job, but for what was changed since", async () => {
  const made = await hooks({ copies: 3000 });
  const before = await sqlite(rowsFile(made.id), "SELECT group_concat(cells) FROM (SELECT cells FROM rows ORDER BY row_id)");
  const job = await task(made, "number", { column: "col_text" });
  const { changes } = await (async () => { await server.waitForJob(job.id); return get(`/datasets/${made.id}/changes`); })();
  assert.equal(changes[0].can_undo, true);
  const mine = await server.request("PATCH", `${ours}/datasets/${made.id}/rows/row_7`, { json: { cells: { text: "mine" } }, headers: { "if-match": "*" } });
  assert.equal(mine.status, 200);
  const back = await undo(made, changes[0].id);
  assert.deepEqual([back.state, back.kind, back.rows, back.failed], ["done", "undo", 3001, 1], JSON.stringify(back.error));
  const now = await sqlite(rowsFile(made.id), "SELECT group_concat(cells) FROM (SELECT cells FROM rows ORDER BY row_id)");
  assert.equal(now, before.replace('[7,"a title"]', '[7,"mine"]'));
  assert.equal((await get(`/datasets/${made.id}`)).dataset.rows, 3000);
  const twice = await post(`/datasets/${made.id}/changes/${changes[0].id}/undo`, {});
  assert.deepEqual([twice.status, twice.json.code], [409, "conflict"]);
  assert.match(twice.json.detail, /taken back already, by change \d+/);
  // And done again.
  const list = (await get(`/datasets/${made.id}/changes`)).changes;
  assert.deepEqual([list[0].kind, list[0].undoes, list.at(-1).undone_by], ["undo", list.at(-1).id, list[0].id]);
  assert.equal((await undo(made, list[0].id)).state, "done");
  assert.equal((await get(`/datasets/${made.id}`)).dataset.rows, 3002);
});

test("a task that still runs cannot be taken back, and one at the edge of the quota of rows adds none", async () => {
  const made = await hooks({ copies: 5000 });
  const job = await task(made, "fill", { column: "col_text", slowly: true });
  await begun(get, job);
  const { changes } = await get(`/datasets/${made.id}/changes`);
  const early = await post(`/datasets/${made.id}/changes/${changes[0].id}/undo`, {});
  assert.deepEqual([early.status, early.json.code], [409, "dataset_locked"]);
  await cancel(job);
  await server.waitForJob(job.id);
  const [{ used }] = await catalog(server, "SELECT sum(rows) AS used FROM datasets");
  await catalog(server, `UPDATE organizations SET settings='{"quota_rows":${used + 9}}'`);
  const small = await hooks({ copies: 1 }), rows = small.rows;
  const full = await server.waitForJob((await task(small, "count_up")).id);
  assert.deepEqual([full.state, full.error.code], ["failed", "quota_exceeded"]);
  assert.match(full.error.message, /more rows than the quota leaves \(\d+\)/);
  assert.equal((await get(`/datasets/${small.id}`)).dataset.rows, rows);
  assert.deepEqual(await catalog(server, "SELECT sum(reserved) AS reserved FROM jobs WHERE state='running'"), [{ reserved: null }]);
  await catalog(server, "UPDATE organizations SET settings=NULL");
  assert.equal((await server.waitForJob((await task(small, "count_up")).id)).state, "done");
});

test("a task whose child is killed fails with the reason and keeps what it had stored", async () => {
  const made = await hooks({ copies: 4000 });
  const started = await task(made, "fill", { column: "col_text", slowly: true });
  await eventually("some rows", async () => (await get(`/jobs/${started.id}`)).job.rows > 300);
  const writer = processesOf(server, "task").find((p) => p.words.includes(started.id));
  process.kill(processesBelow(writer.pid)[0].pid, "SIGKILL");
  const job = await server.waitForJob(started.id);
  assert.equal(job.state, "failed");
  assert.match(job.error.message, /broke off: killed by signal 9/);
  const { changes } = await get(`/datasets/${made.id}/changes`);
  assert.equal(changes.length, 1);
  assert.equal(String(changes[0].rows), await sqlite(rowsFile(made.id), "SELECT count(*) FROM rows WHERE rev>0"));
});

test("a call answers in the same request, remembers its rounds, and nothing of one that fails", async () => {
  const made = await hooks();
  const remember = (word) => post(`/datasets/${made.id}/calls/remember`, { word });
  assert.deepEqual((await remember("one")).json, { answer: { words: "one" } });
  assert.deepEqual((await remember("two")).json, { answer: { words: "one two" } });
  const failed = await remember("fail");
  assert.deepEqual([failed.status, failed.json.code], [422, "unprocessable"]);
  assert.match(failed.json.detail, /asked to fail/);
  assert.deepEqual((await remember("three")).json, { answer: { words: "one two three" } });
  assert.equal((await get(`/datasets/${made.id}/hooks_all/peek`)).words, "one two three");
  const other = await hooks();
  assert.equal((await get(`/datasets/${other.id}/hooks_all/peek`)).words, "", "each dataset its own");
});

test("a helper program runs in the cage: its input, its output, its limits", async () => {
  const made = await hooks();
  const count = await post(`/datasets/${made.id}/calls/count`, { word: "twelve bytes" });
  assert.deepEqual(count.json, { answer: { bytes: "12" } });
  const tool = async (word) => post(`/datasets/${made.id}/calls/tool`, { word });
  assert.deepEqual((await tool("sleep")).json, { answer: { status: "-1 0" } }, "killed after its second");
  assert.match((await tool("yes")).json.answer.status, /^-?\d+ 1000$/, "no more is kept than was asked for");
  const undeclared = await tool("cat");
  assert.equal(undeclared.status, 500);
  assert.match(undeclared.json.detail, /cat/);
  const script = await tool("which");
  assert.match(script.json.detail, /which is a script; a tool must be a program/);
});

test("what a helper program leaves behind ends with the job, however the job ends", async (t) => {
  const open = await startServer(t, { env: { ...plugins, ROWHOUSE_SANDBOX: "off" } });
  for (const at of [server, open]) {
    const send = (target, json) => at.request("POST", `${ours}${target}`, { json });
    const made = (await send("/datasets", { type: "hooks_all", name: "n", title: "t", box: { width: 1 } })).json.dataset;
    await at.waitForDataset(made.id);
    const ended = await send(`/datasets/${made.id}/calls/leave`, { word: "go" });
    assert.equal(ended.status, 200, ended.text);
    assert.ok(!isAlive(Number(ended.json.answer.pid)), "the job ended");
    const waiting = send(`/datasets/${made.id}/calls/leave`, { word: "wait" });
    const job = await eventually("the job to be at it", async () => (await at.request("GET", `${ours}/jobs`)).json.jobs
      .find((j) => j.state === "running" && j.done > 0));
    assert.ok(isAlive(job.done));
    process.kill(processesOf(at, "task").find((p) => p.words.includes(job.id)).pid, "SIGKILL");
    await eventually("it to end with the writer", () => !isAlive(job.done));
    const again = await eventually("the second attempt", async () => (await at.request("GET", `${ours}/jobs`)).json.jobs
      .find((j) => j.state === "running" && j.done > 0 && j.done !== job.done));
    processesOf(at, "jobs").forEach((p) => process.kill(p.pid, "SIGKILL"));
    await eventually("it to end with the job runner", () => !isAlive(again.done));
    await waiting;
  }
});

test("a view reads rows and state; one that writes, never ends or says too much costs its own request", async () => {
  const made = await hooks({ copies: 8 });
  const view = (name, query = "") => server.request("GET", `${ours}/datasets/${made.id}/hooks_all/${name}${query}`);
  assert.deepEqual((await view("peek", "?from=5")).json, { words: "", title: "a title", rows: [6, 7, 8] });
  assert.deepEqual((await view("peek", "?from=-1")).json.errors?.[0].field, "from");
  assert.equal((await view("peek", "?form=5")).json.errors?.[0].field, "form");
  const misfill = await view("misfill");
  assert.equal(misfill.status, 500);
  assert.match(misfill.json.detail, /set_cell where it cannot be called/);
  assert.equal((await view("large")).status, 413);
  const [spin, meanwhile] = await Promise.all([view("spin"), view("peek")]);
  assert.ok([502, 504].includes(spin.status), `${spin.status} ${spin.text}`);
  assert.equal(meanwhile.status, 200, "others are served");
  assert.equal((await view("peek")).status, 200, "and so is the next");
  assert.equal((await view("nothing")).status, 404);
});

test("a task of the site takes a source, keeps files of its own, and a verb reads them", async () => {
  assert.deepEqual(await get("/plugins/hooks/status"), { lines: "", index: false });
  const lookup = (...words) => run(program, [...words, "--data", server.folder], { env: { ...process.env, ...plugins } })
    .catch((error) => error);
  assert.match((await lookup("hooks", "lookup", "beta")).stderr, /nothing was imported yet/);
  const stored = await server.request("POST", `${ours}/sources`, {
    form: [["data", { name: "i.txt", content: "alpha\nbeta\ngamma beta\n", type: "text/plain" }]] });
  const missing = await post("/plugins/hooks/tasks/import", {});
  assert.deepEqual([missing.status, missing.json.errors?.[0].field], [400, "source_id"]);
  const started = await post(`/plugins/hooks/tasks/import?source_id=${stored.json.source.id}`, {});
  assert.equal(started.status, 202, started.text);
  const job = await server.waitForJob(started.json.job.id);
  assert.equal(job.state, "done", JSON.stringify(job.error));
  assert.deepEqual(await get("/plugins/hooks/status"), { lines: "3", index: true });
  // The folder is one for all organisations: what works on a dataset only reads it.
  const reads = "list: yes, read: yes, write: EACCES, make: EACCES";
  const made = await hooks({ title: "folder", copies: 0 });
  assert.deepEqual((await cellsOf(made.id)).map((c) => c[1]), [reads], "an ingest");
  assert.deepEqual((await post(`/datasets/${made.id}/calls/folder`, {})).json, { answer: { folder: reads } }, "a call");
  assert.equal((await lookup("hooks", "lookup", "beta")).stdout, "2: beta\n3: gamma beta\n");
  assert.equal((await lookup("lookup", "alpha")).stdout, "1: alpha\n", "by its alias");
  assert.equal((await lookup("hooks", "lookup")).code, 2);
  assert.match((await lookup("hooks", "find")).stderr, /there is no find here/);
});

test("a verb finds its folder in a data folder that no server has used yet, and makes no data folder", async (t) => {
  const data = temporaryFolder(t);
  const lookup = (folder) => run(program, ["hooks", "lookup", "x", "--data", folder], { env: { ...process.env, ...plugins } })
    .catch((error) => error);
  assert.match((await lookup(data)).stderr, /nothing was imported yet/);
  assert.equal(fs.statSync(path.join(data, "plugins/hooks")).mode & 0o777, 0o700);
  assert.match((await lookup(path.join(data, "missing"))).stderr, /nothing was imported yet/);
  assert.ok(!fs.existsSync(path.join(data, "missing")));
});

test("a data source that a task works with, or will, cannot be deleted", async () => {
  const { source } = (await server.request("POST", `${ours}/sources`, { form: [["file", { name: "a.csv", content: "a\n1\n" }]] })).json;
  const remove = () => server.request("DELETE", `${ours}/sources/${source.id}`);
  const resume = await pauseJobs(server);
  let job;
  try {
    ({ job } = (await post(`/plugins/hooks/tasks/import?source_id=${source.id}`, {})).json);
    const answer = await remove();
    assert.equal(answer.status, 409);
    assert.match(answer.json.detail, /a job works with this data source/);
  } finally {
    resume();
  }
  await server.waitForJob(job.id);
  assert.equal((await remove()).status, 204);
});

test("the types say what can be done with each and what was refused, and OpenAPI says the same", async () => {
  const { types, plugins: list } = await get("/types");
  const type = types.find((t) => t.name === "hooks_all");
  assert.deepEqual([type.plugin, type.loaded, type.tasks.map((w) => w.name), type.calls.map((w) => w.name),
    type.views.map((v) => [v.name, v.panel])],
  ["hooks", true, ["fill", "thin", "number", "count_up", "misplace", "swell", "widen"], ["remember", "count", "tool", "folder", "leave"],
    [["peek", true], ["whole", false], ["misfill", false], ["spin", false], ["large", false]]]);
  assert.deepEqual(type.form.required.sort(), ["box", "title"]);
  assert.deepEqual(type.form.properties.tags.items.properties.weight.maximum, 100);
  const refused = Object.fromEntries(list.filter((p) => !p.loaded).map((p) => [p.name, p.reason]));
  const reasons = { bad_form: /form|field/, bad_major: /ABI/, bad_minor: /newer/, bad_name: /name/, bad_size: /size|ABI/,
    bad_symbols: /exports more_than_it_may/, bad_template: /template|xhtml/i };
  for (const [name, reason] of Object.entries(reasons)) assert.match(refused[name] ?? "loaded", reason, name);
  assert.deepEqual(Object.keys(refused).sort(), Object.keys(reasons));
  const listed = await run(program, ["plugins"], { env: { ...process.env, ...plugins } }).catch((error) => error);
  assert.equal(listed.code, 1, "the command fails when one is refused");
  for (const name of Object.keys(reasons)) assert.match(listed.stdout, new RegExp(`^${name} +REFUSED: `, "m"));
  const document = (await server.request("GET", "/openapi.json", { key: null })).json;
  const text = JSON.stringify(document);
  for (const word of ["hooks_all", "salty", "count_words"]) assert.ok(text.includes(word), word);
});

// ---- what is not loaded at all ----

async function refusal(t, prepare) {
  const folder = path.join(temporaryFolder(t), "plugins");
  fs.mkdirSync(folder, { mode: 0o755 });
  const file = path.join(folder, "custom.so");
  fs.copyFileSync(path.join(build, "plugins/custom.so"), file);
  fs.chmodSync(file, 0o755);
  await prepare(file, folder);
  const listed = await run(program, ["plugins"], { env: { ...process.env, ROWHOUSE_PLUGINS: folder } })
    .catch((error) => error);
  return listed.stdout;
}

test("a plugin that others could change, or that is no plugin, is refused before its code runs", async (t) => {
  assert.match(await refusal(t, () => {}), /^custom +(?!REFUSED)/, "as it is it loads");
  assert.match(await refusal(t, (file) => fs.chmodSync(file, 0o775)), /REFUSED: .*(group|others)/);
  assert.match(await refusal(t, (file) => fs.chmodSync(file, 0o757)), /REFUSED: .*(group|others)/);
  assert.match(await refusal(t, (file, folder) => fs.chmodSync(folder, 0o777)), /REFUSED: .*(group|others)/);
  assert.match(await refusal(t, (file) => {
    fs.renameSync(file, `${file}.real`);
    fs.symlinkSync(`${file}.real`, file);
  }), /REFUSED/);
  assert.match(await refusal(t, (file) => fs.writeFileSync(file, "no shared object")), /REFUSED/);
  assert.match(await refusal(t, (file) => fs.truncateSync(file, 5000)), /REFUSED/);
  if (process.getuid() === 0)
    assert.match(await refusal(t, (file) => fs.chownSync(file, 12345, 12345)), /REFUSED: .*(belong|own)/);
});

test("a server whose plugins are gone says so, and its jobs fail with that reason", async (t) => {
  const bare = await startServer(t, { env: { ROWHOUSE_PLUGINS: temporaryFolder(t) } });
  const answer = await bare.request("POST", `${ours}/datasets`, { json: { type: "custom", name: "none", description: "none" } });
  if (answer.status === 201) {
    const made = await bare.waitForDataset(answer.json.dataset.id);
    assert.equal(made.state, "failed");
    assert.match(made.error.message, /no plugin for datasets of type/);
  } else assert.equal(answer.json.errors?.[0].field, "type", answer.text);
});

test("sandbox=off is said by /readyz, and jobs run all the same", async (t) => {
  const open = await startServer(t, { env: { ...plugins, ROWHOUSE_SANDBOX: "off" } });
  const ready = (await open.request("GET", "/readyz", { key: null })).json;
  assert.match(ready.sandbox, /off/);
  const answer = await open.request("POST", `${ours}/datasets`, { json: { type: "rogue", name: "n", mode: "good" } });
  assert.equal((await open.waitForDataset(answer.json.dataset.id)).state, "ready");
});

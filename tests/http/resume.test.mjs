// resume.test.mjs: tasks of plugins that are interrupted, by a kill or a restart, end as if they had
// not been: each thing is written once (tests/plugins/hooks, its tasks number and count_up).

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import test, { after } from "node:test";
import { promisify } from "node:util";
import { asking, begun, sqlite } from "../lib/plugins.mjs";
import { program, root, startServer, temporaryFolder } from "../lib/server.mjs";
import { catalog, eventually, ours, processesOf } from "../lib/things.mjs";

const run = promisify(execFile);
const build = path.join(root, process.env.ROWHOUSE_BUILD ?? "build");
const plugins = { ROWHOUSE_PLUGINS: `${build}/plugins:${build}/tests/plugins` };
const data = path.join(temporaryFolder({ after }), "data");
const ends = []; // not those of the test that starts one again
after(async () => { for (const end of ends.reverse()) await end(); });
let server;
const start = async () => (server = await startServer({ after: (end) => ends.push(end) }, { data, env: plugins }));
const restart = async () => { await server.stop(); await start(); };
await start();
const { get, task, hooks, cellsOf, rowsFile } = asking(() => server);

// As it is after a crash: what was stored is stored, and the job runs again.
const numbered = async (made, count) => {
  const { dataset } = await get(`/datasets/${made.id}`);
  assert.equal(dataset.rows, count + 2, "each row that it added is there once");
  const text = await sqlite(rowsFile(made.id), "SELECT count(*), count(DISTINCT cells->>1), min(cells->>1 LIKE '% of " + count + "') FROM rows WHERE line>0");
  assert.equal(text, `${count}|${count}|1`, "every row has its number, and knows how many there are");
  assert.equal(await sqlite(rowsFile(made.id), "SELECT group_concat(cells->>0) FROM rows WHERE line=0"), `${count},-1`);
  assert.equal(await sqlite(rowsFile(made.id), "SELECT count(*), count(DISTINCT row_id) FROM history"), `${count + 2}|${count + 2}`);
  assert.equal((await get(`/datasets/${made.id}/changes`)).changes.length, 1);
  assert.equal((await get(`/datasets/${made.id}/hooks_all/peek`)).title, String(count), "the state it put");
};

test("a task with several walks is as if it had never been killed", async () => {
  const made = await hooks({ copies: 1500 });
  const started = await task(made, "number", { column: "col_text", slowly: true });
  await begun(get, started);
  process.kill(processesOf(server, "task").find((p) => p.words.includes(started.id)).pid, "SIGKILL");
  assert.equal((await server.waitForJob(started.id)).state, "done");
  await numbered(made, 1500);
});

test("a restart in the middle of a task costs nothing", async () => {
  const made = await hooks({ copies: 1500 });
  const job = await task(made, "number", { column: "col_text", slowly: true });
  await begun(get, job);
  await restart();
  assert.equal((await server.waitForJob(job.id)).state, "done");
  await numbered(made, 1500);
  const [{ attempt }] = await catalog(server, `SELECT attempt FROM jobs WHERE job_id='${job.id}'`);
  assert.equal(attempt, 1, "it was not its fault");
});

test("a task that died after its last row was stored says so without doing anything again", async () => {
  const made = await hooks({ copies: 20 });
  const job = await server.waitForJob((await task(made, "number", { column: "col_text" })).id);
  assert.equal(job.state, "done", JSON.stringify(job.error));
  await server.stop();
  // As the catalog was before the end was noted there.
  await catalog(server, `UPDATE jobs SET state='running', result=NULL, ended_at=NULL WHERE job_id='${job.id}'; `
    + `UPDATE datasets SET edition=0, rows=20, state='running' WHERE dataset_id='${made.id}'; DELETE FROM plugin_state WHERE name='title' AND dataset_id='${made.id}'`);
  await start();
  const again = await server.waitForJob(job.id);
  assert.deepEqual([again.state, again.rows], ["done", job.rows]);
  await numbered(made, 20);
  const [{ result }] = await catalog(server, `SELECT result FROM jobs WHERE job_id='${job.id}'`);
  assert.equal(result, "20");
});

test("a task with a cursor of its own goes on at it", async () => {
  const made = await hooks();
  const before = (await get(`/datasets/${made.id}`)).dataset.rows;
  const started = await task(made, "count_up");
  await eventually("some rows", async () => (await get(`/jobs/${started.id}`)).job.rows > 50);
  process.kill(processesOf(server, "task").find((p) => p.words.includes(started.id)).pid, "SIGKILL");
  assert.equal((await server.waitForJob(started.id)).state, "done");
  const numbers = (await cellsOf(made.id, "?limit=1000")).slice(before).map((c) => c[0]);
  assert.deepEqual(numbers, Array.from({ length: 300 }, (_, i) => i + 1));
});

test("a task that waits again after a restart and is cancelled leaves its dataset ready", async () => {
  const made = await hooks({ copies: 3000 });
  const job = await task(made, "fill", { column: "col_text", slowly: true });
  await begun(get, job);
  await server.stop();
  await catalog(server, `UPDATE jobs SET state='queued' WHERE job_id='${job.id}'; UPDATE datasets SET state='running' WHERE dataset_id='${made.id}'`);
  const answer = await run(program, ["cgi", "--data", data], { env: { ...process.env, ...plugins,
    REQUEST_METHOD: "POST", SCRIPT_NAME: "", PATH_INFO: `${ours}/jobs/${job.id}/cancel`, REQUEST_URI: `${ours}/jobs/${job.id}/cancel`,
    HTTP_AUTHORIZATION: `Bearer ${server.key}`, SERVER_PROTOCOL: "HTTP/1.1" } }).catch((error) => error);
  assert.match(answer.stdout, /"state":"cancelled"/);
  await start();
  assert.equal((await get(`/datasets/${made.id}`)).dataset.state, "ready");
});


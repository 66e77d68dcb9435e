// Rows edited by hand, undo, keys and tasks under faults: what was acknowledged is there, anything else is
// there whole or not at all, a request sent again with its Idempotency-Key is done once, and what the
// server counts is what is there.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { catalog } from "../lib/things.mjs";
import { Calls, Faults, offset, sanitized } from "./lib.mjs";

const api = "/api/rowhouse/v1";
const kinds = [["kill", false, 1], ["torn", false, 0.5], ["nospace", false, 0.5], ["nospace", true, 0.5], ["ioerror", false, 0.5],
  ["nomemory", false, 0.5]];
const words = (mode, sticky) => `${mode}${sticky ? " from" : " at"} any call`;
const isUnknown = (status) => [0, 502, 504].includes(status);

// `act` with a call of `role` going wrong, then `check`, for one call after the other.  prepare() makes
// what act() works on, without faults.
async function atEveryCall(t, { role, mode, sticky, share }, { prepare, act, check }) {
  const faults = new Faults(t);
  let world = await faults.start(), rounds = 0, felt = 0;
  let what = await prepare(world);
  faults.arm({ role, mode });
  const first = await act(world, what);
  const { count } = faults.state;
  faults.disarm();
  assert.ok(count > 0, `no call of ${role} was seen`);
  await check(world, what, first, { at: 0 });
  const calls = new Calls(count, share), outcomes = {};
  for (const at of calls) {
    // The supervisor waits longer and longer with what dies again and again.
    if (role === "web" && (mode === "nomemory" || (["kill", "torn"].includes(mode) && ++rounds % 4 === 0))) {
      await world.server.stop();
      world = await faults.start({ data: world.folder });
    }
    what = await prepare(world);
    faults.arm({ role, mode, at, sticky });
    const answer = await act(world, what);
    const { call } = faults.state;
    faults.disarm();
    if (call) {
      calls.felt(at);
      felt++;
    }
    outcomes[answer.status] = (outcomes[answer.status] ?? 0) + 1;
    try {
      await world.settle();
      await check(world, what, answer, { at, call });
      assert.equal(world.sql("catalog.db", "PRAGMA quick_check"), "ok");
      world.checkCrashes();
    } catch (error) {
      throw new Error(`${role} ${words(mode, sticky)}: ${at} of ${count} (${call}), answered ${answer.status} ` +
        `${answer.text?.slice(0, 200)}: ${error.message}\n${world.recent()}`, { cause: error });
    }
  }
  assert.ok(felt > 0, "no fault was felt");
  t.diagnostic(`${count} calls, ${felt} faults felt, answers ${JSON.stringify(outcomes)}, FAULTS_OFFSET=${offset}`);
}

// What was durable when the fault came, which then was only the answer's.
const isDone = (answer) => answer.json?.detail.startsWith("it is done, but could not be answered");

// ---- rows ----

let number = 0;
const made = new WeakMap(); // world: the id of its table

async function table(world) {
  if (!made.has(world)) {
    const [old] = await world.datasets();
    made.set(world, old?.id ?? (await world.upload("a,b\n1,one\n2,two\n3,three\n")).json.datasetId);
    await world.settle();
  }
  return made.get(world);
}

// The rows as they are: {id, rev, cells}; what the server counts must be what it lists and what lies there.
async function rowsOf(world, id) {
  const { json: list } = await world.server.request("GET", `${api}/datasets/${id}/rows?limit=1000`);
  const d = await world.dataset(id);
  const folder = path.join(world.folder, "datasets", id);
  const [file] = fs.readdirSync(folder).filter((name) => /^rows-\d+\.db$/.test(name));
  const sql = (text) => world.sql(`datasets/${id}/${file}`, text);
  assert.equal(sql("PRAGMA quick_check"), "ok");
  const n = list.rows.length;
  assert.deepEqual([d.rows, list.total, sql("SELECT count(*) FROM rows"), sql("SELECT coalesce(sum(alive),0) FROM ranks")],
    [n, n, String(n), String(n)], "the counts of the dataset, the page, the file and its ranks");
  // Every change that is listed has its rows in the history, and each is listed.
  const { json: changes } = await world.server.request("GET", `${api}/datasets/${id}/changes?limit=100`);
  assert.equal(String(changes.total), sql("SELECT count(*) FROM changes"));
  assert.equal(sql("SELECT count(*) FROM history WHERE change_id NOT IN (SELECT change_id FROM changes)"), "0");
  assert.equal(sql("SELECT count(*) FROM rows WHERE rev<>0 AND rev NOT IN (SELECT change_id FROM changes)"), "0");
  return list.rows.map((r) => ({ id: r.id, rev: r.rev, cells: r.cells, changes: changes.total }));
}
const cellsOf = (rows) => JSON.stringify(rows.map((r) => r.cells));

// Each edit: the request, and what the cells are after it.
const edits = {
  "rows that are added": async (world, id, rows) => {
    const values = [`new ${++number}`, `new ${++number}`];
    return { method: "POST", target: `${api}/datasets/${id}/rows`, json: { rows: values.map((b) => ({ a: "9", b })) },
      after: JSON.stringify([...rows.map((r) => r.cells), ...values.map((b) => [9, b])]) };
  },
  "a row that is corrected": async (world, id, rows) => {
    const b = `corrected ${++number}`;
    return { method: "PATCH", target: `${api}/datasets/${id}/rows/${rows[0].id}`, json: { cells: { b } }, headers: { "if-match": `"${rows[0].rev}"` },
      after: JSON.stringify(rows.map((r, i) => (i === 0 ? [r.cells[0], b] : r.cells))) };
  },
  "rows that are deleted": async (world, id) => {
    // So that there are always some.
    const more = await world.server.request("POST", `${api}/datasets/${id}/rows`, { json: { rows: [{ b: "x" }, { b: "y" }] } });
    assert.equal(more.status, 201, more.text);
    const rows = await rowsOf(world, id), gone = [rows[0].id, rows.at(-1).id];
    return { method: "POST", target: `${api}/datasets/${id}/rows/delete`, json: { rows: gone.map((row) => ({ id: row })) },
      before: cellsOf(rows), after: JSON.stringify(rows.slice(1, -1).map((r) => r.cells)) };
  },
  "a change that is taken back": async (world, id, rows) => {
    const done = await world.server.request("POST", `${api}/datasets/${id}/rows`, { json: { rows: [{ b: "not meant" }, { b: "nor this" }] } });
    assert.equal(done.status, 201, done.text);
    return { method: "POST", target: `${api}/datasets/${id}/changes/${done.json.change.id}/undo`, json: {},
      before: cellsOf(await rowsOf(world, id)), after: cellsOf(rows) };
  },
};

const send = (world, edit) => world.ask(edit.method, edit.target, { json: edit.json, headers: { ...edit.headers, "idempotency-key": edit.key } });

for (const [name, make] of Object.entries(edits))
  for (const [mode, sticky, share] of kinds)
    test(`${name}: ${words(mode, sticky)} of the worker`, { skip: sanitized }, (t) => atEveryCall(t, { role: "web", mode, sticky, share }, {
      prepare: async (world) => {
        const id = await table(world), rows = await rowsOf(world, id);
        return { id, before: cellsOf(rows), key: `edit-${++number}`, ...await make(world, id, rows) };
      },
      act: send,
      check: async (world, edit, answer) => {
        const now = cellsOf(await rowsOf(world, edit.id));
        const good = answer.status >= 200 && answer.status < 300;
        if (good) assert.equal(now, edit.after, "acknowledged, and not so");
        else if (isUnknown(answer.status)) assert.ok([edit.before, edit.after].includes(now), `half of it: ${now}`);
        else {
          assert.ok([500, 503, 507].includes(answer.status), answer.text);
          assert.equal(now, isDone(answer) ? edit.after : edit.before, "what a failure says of it is so");
        }
        // Sent again, as clients do, it is done once.  One whose worker died is said to be running for three
        // minutes, which are over here at once.
        await catalog(world.server, "UPDATE answers SET created_at=created_at-181000000 WHERE status IS NULL");
        const again = await send(world, edit);
        assert.ok(again.status >= 200 && again.status < 300, `sent again: ${again.status} ${again.text}`);
        assert.equal(cellsOf(await rowsOf(world, edit.id)), edit.after, "sent again, it was done twice or not at all");
      },
    }));

// ---- keys ----

const keysOf = (world) => world.sql("catalog.db", `SELECT count(*) FROM keys;
  SELECT count(*) FROM audit WHERE action='key.new'`).split("\n").map(Number);

for (const [mode, sticky, share] of kinds)
  test(`a key: ${words(mode, sticky)} of the worker`, { skip: sanitized }, (t) => atEveryCall(t, { role: "web", mode, sticky, share }, {
    prepare: async (world) => ({ counts: keysOf(world), name: `key ${++number}` }),
    act: (world, { name }) => world.ask("POST", `${api}/keys`, { json: { name, role: "viewer" } }),
    check: async (world, { counts, name }, answer) => {
      const [keys, noted] = keysOf(world);
      const added = keys - counts[0];
      assert.equal(noted - counts[1], added, "a key without its entry in the audit, or an entry without a key");
      if (answer.status === 201) {
        assert.equal(added, 1);
        const me = await world.server.request("GET", `${api}/me`, { key: answer.json.secret });
        assert.equal(me.status, 200, "acknowledged, and it opens nothing");
      } else if (isUnknown(answer.status)) assert.ok(added <= 1, String(added));
      else {
        assert.ok([500, 503, 507].includes(answer.status), answer.text);
        assert.equal(added, isDone(answer) ? 1 : 0, "what a failure says of it is so");
      }
      const { json } = await world.server.request("GET", `${api}/keys?limit=100`);
      assert.equal(json.total, keys);
      assert.equal(json.keys.filter((k) => k.name === name).length, added);
    },
  }));

// ---- tasks ----

const lines = Array.from({ length: 3000 }, (_, i) => "word ".repeat((i * 7) % 23).trim());
const wordsOf = (line) => (line ? line.split(" ").length : 0);

async function startTask(world, id) {
  const answer = await world.ask("POST", `${api}/datasets/${id}/tasks/count_words`, { json: {} });
  if (answer.status === 202) await world.settle(60000);
  return answer;
}

for (const [role, mode, sticky] of [["task", "kill", false], ["task", "torn", false], ["task", "nospace", false], ["task", "nospace", true],
  ["task", "ioerror", false], ["child", "nomemory", false], ["jobs", "kill", false]])
  test(`a task: ${words(mode, sticky)} of ${role}`, { skip: sanitized }, (t) => atEveryCall(t, { role, mode, sticky, share: 0.5 }, {
    prepare: async (world) => {
      for (const { id } of await world.datasets()) await world.server.request("DELETE", `${api}/datasets/${id}`);
      const { json } = await world.ask("POST", `${api}/datasets/upload`, { form: [["type", "text_lines"], ["name", "Lines"],
        ["file", { name: "a.txt", content: lines.join("\n") }]] });
      await world.settle();
      return json.dataset.id;
    },
    act: startTask,
    check: async (world, id, answer) => {
      assert.equal(answer.status, 202, answer.text);
      const job = (await world.server.request("GET", `${api}/jobs/${answer.json.job.id}`)).json.job;
      const all = [];
      for (let position = 0; position < lines.length; position += 1000) {
        const { json } = await world.server.request("GET", `${api}/datasets/${id}/rows?limit=1000&position=${position}`);
        all.push(...json.rows);
      }
      const d = await world.dataset(id);
      assert.deepEqual([d.state, d.rows, all.length], ["ready", lines.length, lines.length]);
      const { columns } = (await world.server.request("GET", `${api}/datasets/${id}/rows?limit=1`)).json;
      assert.deepEqual(columns.map((c) => c.name), ["line", "length", "words"].slice(0, columns.length), "its column is made once");
      const filled = all.filter((r) => r.cells.length > 2 && r.cells[2] !== null);
      assert.deepEqual(all.map((r) => r.cells[0]), lines, "the lines are as they were");
      for (const r of filled) assert.equal(Number(r.cells[2]), wordsOf(r.cells[0]), r.id);
      // A process that dies once is no failure; a disk that is full is, and says so.
      if (["kill", "torn"].includes(mode)) assert.equal(job.state, "done", JSON.stringify(job.error));
      if (job.state === "done") assert.equal(filled.length, lines.length, "done, and not all of it");
      else assert.ok(job.error?.code && job.error.message, JSON.stringify(job));
      // What it did is one change, as many rows as were written, and can be taken back whole.
      const { changes } = (await world.server.request("GET", `${api}/datasets/${id}/changes?limit=100`)).json;
      assert.equal(changes.reduce((sum, c) => sum + c.rows, 0), filled.length, JSON.stringify(changes));
    },
  }));

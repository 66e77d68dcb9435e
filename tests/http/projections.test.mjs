// projections.test.mjs: questions to more rows than are read for each: the answers are those of a
// naive evaluation, as in query.test.mjs, whatever was edited, deleted, damaged or killed meanwhile.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { keepAlive } from "../lib/accounts.mjs";
import { asJsonl, asking, random, randomRows } from "../lib/query-random.mjs";
import { startServer } from "../lib/server.mjs";
import { jobsToEnd, makeDataset, ours, processesOf } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after }, 8);
const { checkAll } = asking(request);

const folderOf = (id) => path.join(server.folder, "datasets", id, "derived");
const projectionsOf = (id) => {
  try {
    return fs.readdirSync(path.join(folderOf(id), "1")).sort();
  } catch {
    return [];
  }
};
const projection = (id, column) => path.join(folderOf(id), "1", String(column));
const halves = (id) => fs.readdirSync(folderOf(id)).filter((name) => name.startsWith("project-"));

// id: 0, 1, 2 …; name: each once, in an order of its own; kind: seven of them, none in every tenth row.
const kindOf = (i) => (i % 10 === 0 ? "" : `kind ${i % 7}`);
const nameOf = (i) => `name ${(i * 7919) % 1000003}`;
function table(count) {
  const lines = ["id,name,kind"];
  for (let i = 0; i < count; i++) lines.push(`${i},${nameOf(i)},${kindOf(i)}`);
  return `${lines.join("\n")}\n`;
}

const get = async (target) => {
  const answer = await request("GET", `${ours}${target}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};

async function checkKinds(id, count) {
  const { total, facets: [kinds] } = await get(`/datasets/${id}/facets?columns=kind`);
  const counts = {};
  let empty = 0;
  for (let i = 0; i < count; i++)
    if (kindOf(i)) counts[kindOf(i)] = (counts[kindOf(i)] ?? 0) + 1;
    else empty++;
  assert.deepEqual([total, kinds.empty, kinds.distinct], [count, empty, 7]);
  assert.deepEqual(Object.fromEntries(kinds.values.map((v) => [v.value, v.count])), counts);
}

async function checkNames(id, count) {
  const names = Array.from({ length: count }, (_, i) => nameOf(i)).sort();
  const middle = Math.floor(count / 2);
  const { rows, matching } = await get(`/datasets/${id}/rows?sort=-name&position=${middle}&limit=5`);
  assert.equal(matching, count);
  assert.deepEqual(rows.map((r) => r.cells[1]), names.reverse().slice(middle, middle + 5));
}

test("questions to more rows than are read for each are answered as a naive evaluation does, also after edits", async () => {
  const r = random(21);
  let rows = randomRows(r, 50_200);
  const { id } = await makeDataset(server, asJsonl(rows), { fileName: "table.jsonl" });
  await checkAll(id, rows, 22, 12);
  assert.ok(projectionsOf(id).length > 0);
  const at = `${ours}/datasets/${id}`;
  const edit = async (i, cells) => {
    const answer = await request("PATCH", `${at}/rows/${rows[i].id}`, {
      body: `{"cells":{${Object.entries(cells).map(([k, v]) => `${JSON.stringify(k)}:${v}`)}}}`,
      headers: { "content-type": "application/json", "if-match": "*" } });
    assert.equal(answer.status, 200, answer.text);
    const before = rows;
    rows = rows.map((row, k) => (k === i ? { ...row, cells: { ...row.cells, ...cells } } : row));
    return [answer.json.change.id, before];
  };
  await edit(3, { price: '"n/a"', day: '"soon"', name: '"fresh"' });
  await edit(50_100, { price: "77", amount: "1.5" });
  await checkAll(id, rows, 23, 5);
  const [change, before] = await edit(5, { price: "-1e300", done: '"maybe"' });
  await checkAll(id, rows, 24, 3);
  assert.equal((await request("POST", `${at}/changes/${change}/undo`)).status, 200);
  rows = before;
  assert.equal((await request("DELETE", `${at}/rows/${rows[10].id}`, { headers: { "if-match": "*" } })).status, 200);
  rows = rows.filter((_, i) => i !== 10);
  const added = await request("POST", `${at}/rows`, { json: { rows: [{ name: "added", done: true }] } });
  assert.equal(added.status, 201, added.text);
  rows = [...rows, { id: "row_50201", cells: { name: '"added"', done: "true" } }];
  await checkAll(id, rows, 25, 6);
});

test("as many rows as the limit says are read for each question, one more has projections from the beginning", async () => {
  const few = await makeDataset(server, table(50_000)), many = await makeDataset(server, table(50_001));
  await jobsToEnd(server, many.id);
  assert.deepEqual(projectionsOf(many.id), ["0", "1", "2", "statistics"]);
  for (const [{ id }, count] of [[few, 50_000], [many, 50_001]]) {
    await checkKinds(id, count);
    await checkNames(id, count);
  }
  assert.deepEqual(projectionsOf(few.id), []);
  const { jobs } = await get("/jobs");
  assert.deepEqual([...new Set(jobs.map((j) => j.kind))].sort(), ["ingest", "upload"], "they are nobody's to look for");
});

test("statistics are those of facets, stored or counted, before and after edits", async () => {
  for (const count of [300, 50_001]) {
    const { id } = await makeDataset(server, table(count));
    await jobsToEnd(server, id);
    const stored = path.join(folderOf(id), "1/statistics");
    assert.equal(fs.existsSync(stored), count > 50_000);
    const check = async (rows, longest) => {
      const told = await get(`/datasets/${id}/columns`);
      assert.deepEqual([told.total, told.columns.map((c) => c.name)], [rows, ["id", "name", "kind"]]);
      assert.deepEqual(told.statistics, (await get(`/datasets/${id}/facets`)).facets);
      const [ids, names, kinds] = told.statistics;
      assert.deepEqual([ids.least, ids.most, ids.distinct, ids.bins.length], [0, rows - 1, rows, 20]);
      assert.deepEqual([names.longest, names.shortest, names.values.length, names.bins], [longest, 6, 20, []]);
      assert.deepEqual([kinds.least, kinds.most, kinds.distinct], ["kind 0", "kind 6", 7]);
      return told.statistics;
    };
    const longest = Math.max(...Array.from({ length: count }, (_, i) => nameOf(i).length));
    const before = await check(count, longest);
    const [name] = (await get(`/datasets/${id}/columns?columns=name`)).statistics;
    assert.deepEqual(name, before[1]);
    if (count > 50_000) {
      // Damaged or gone: counted again, the same.
      fs.writeFileSync(stored, fs.readFileSync(stored, "utf8").replace(/"distinct":7/, '"distinct":8'));
      assert.deepEqual(await check(count, longest), before);
      fs.rmSync(stored);
      assert.deepEqual(await check(count, longest), before);
    }
    const rows = [{ id: String(count), name: "a name that is longer than all others", kind: "kind 3" }];
    assert.equal((await request("POST", `${ours}/datasets/${id}/rows`, { json: { rows } })).status, 201);
    await check(count + 1, rows[0].name.length);
  }
});

test("a projection that is damaged, cut short or gone is made anew, the same", async () => {
  const count = 50_001;
  const { id } = await makeDataset(server, table(count));
  await jobsToEnd(server, id);
  await checkKinds(id, count);
  const file = projection(id, 2), whole = fs.readFileSync(file);
  const damages = [
    () => fs.truncateSync(file, whole.length - 8), () => fs.truncateSync(file, 100), () => fs.truncateSync(file, 0), () => fs.rmSync(file),
    () => fs.rmSync(folderOf(id), { recursive: true }),
    ...[9, 60, 130, Math.floor(whole.length / 2), whole.length - 40].map((at) => () => {
      const fd = fs.openSync(file, "r+");
      fs.writeSync(fd, Buffer.from([whole[at] ^ 0x55]), 0, 1, at);
      fs.closeSync(fd);
    }),
  ];
  for (const damage of damages) {
    damage();
    await checkKinds(id, count);
    assert.ok(fs.readFileSync(file).equals(whole));
  }
});

test("rows that were changed since are laid over up to a limit; beyond it projections are made anew", async () => {
  let count = 50_001;
  const { id } = await makeDataset(server, table(count));
  await jobsToEnd(server, id);
  await checkKinds(id, count);
  const before = fs.statSync(projection(id, 2)).ino;
  const add = async (n) => {
    const rows = Array.from({ length: n }, (_, i) => ({ id: String(count + i), name: nameOf(count + i), kind: kindOf(count + i) }));
    const answer = await request("POST", `${ours}/datasets/${id}/rows`, { json: { rows } });
    assert.equal(answer.status, 201, answer.text);
    count += n;
  };
  for (let i = 0; i < 10; i++) await add(1000);
  await checkKinds(id, count);
  await checkNames(id, count);
  assert.equal(fs.statSync(projection(id, 2)).ino, before);
  await add(1);
  await checkKinds(id, count);
  assert.notEqual(fs.statSync(projection(id, 2)).ino, before);
});

test("many who ask at once for what is not there are all answered", async () => {
  const count = 50_001;
  const { id } = await makeDataset(server, table(count));
  await jobsToEnd(server, id);
  fs.rmSync(folderOf(id), { recursive: true });
  await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 ? checkKinds : checkNames)(id, count)));
  assert.deepEqual(projectionsOf(id), ["1", "2"]);
  assert.deepEqual(halves(id), []);
});

test("a job that is killed while it makes them leaves no half of one, and the question is answered", async () => {
  const count = 200_000;
  const { id } = await makeDataset(server, table(count));
  await jobsToEnd(server, id);
  let killed = 0;
  for (let turn = 0; turn < 20 && killed < 3; turn++) {
    fs.rmSync(folderOf(id), { recursive: true });
    const answer = checkNames(id, count);
    let ended = false;
    answer.finally(() => (ended = true)).catch(() => {});
    while (!ended) {
      const [found] = processesOf(server, "project");
      if (found && (turn % 2 === 0 || fs.existsSync(folderOf(id)))) {
        process.kill(found.pid, "SIGKILL");
        killed++;
        break;
      }
      await new Promise(setImmediate);
    }
    await answer;
    assert.deepEqual(halves(id), []);
    assert.deepEqual(projectionsOf(id), ["1"]);
  }
  assert.equal(killed, 3);
});

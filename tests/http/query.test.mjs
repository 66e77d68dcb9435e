// query.test.mjs: rows that are filtered, sorted, searched and counted over our own API are those
// that a second, naive evaluation of the same question finds (lib/query-model.mjs), in random
// tables, before and after they are edited.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { keepAlive } from "../lib/accounts.mjs";
import { asCsv, asJsonl, asking, columns, random, randomRows } from "../lib/query-random.mjs";
import { startServer } from "../lib/server.mjs";
import { makeDataset, ours } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after }, 4);
const { checkAll } = asking(request);

async function typesOf(id) {
  const { json } = await request("GET", `${ours}/datasets/${id}`);
  return Object.fromEntries(json.columns.map((c) => [c.name, c.type]));
}

const expectedTypes = Object.fromEntries(columns.map((c) => [c.name, c.type]));

// ---- the promises ----

test("rows, their order and facets are what a naive evaluation finds", async () => {
  for (const seed of [1, 2, 3]) {
    const rows = randomRows(random(seed), 150);
    const made = await makeDataset(server, asJsonl(rows), { fileName: "table.jsonl" });
    assert.deepEqual(await typesOf(made.id), expectedTypes);
    await checkAll(made.id, rows, seed, 60);
  }
});

test("so are they where every cell is text: a CSV file knows neither null nor missing keys", async () => {
  const rows = randomRows(random(5), 120).map(({ id, cells }) => ({ id,
    cells: Object.fromEntries(columns.map(({ name }) => {
      const token = cells[name] ?? "null";
      return [name, token === "null" ? '""' : name === "more" ? JSON.stringify(token === '""' ? "" : token) : token];
    })) }));
  const { id } = await makeDataset(server, asCsv(rows));
  assert.deepEqual(await typesOf(id), { ...expectedTypes, more: "string" });
  await checkAll(id, rows, 6, 80);
});

test("and still are after rows were edited, added, deleted and taken back", async () => {
  const r = random(7);
  let rows = randomRows(r, 80);
  const { id } = await makeDataset(server, asJsonl(rows), { fileName: "table.jsonl" });
  const at = `${ours}/datasets/${id}`;
  const edit = async (i, cells) => {
    const text = `{"cells":{${Object.entries(cells).map(([k, v]) => `${JSON.stringify(k)}:${v}`)}}}`;
    const answer = await request("PATCH", `${at}/rows/${rows[i].id}`,
      { body: text, headers: { "content-type": "application/json", "if-match": "*" } });
    assert.equal(answer.status, 200, answer.text);
    rows = rows.with?.(i, { ...rows[i], cells: { ...rows[i].cells, ...cells } }) ??
      rows.map((row, k) => (k === i ? { ...row, cells: { ...row.cells, ...cells } } : row));
    return answer.json;
  };
  await edit(3, { price: '"n/a"', day: '"soon"', done: '"maybe"' });
  await edit(4, { price: '"n/a"', amount: "1.5" });
  await checkAll(id, rows, 8, 40);
  const before = rows;
  const done = await edit(5, { price: "77", name: '"edited"' });
  await checkAll(id, rows, 9, 20);
  assert.equal((await request("POST", `${at}/changes/${done.change.id}/undo`)).status, 200);
  rows = before;
  await checkAll(id, rows, 10, 20);
  assert.equal((await request("DELETE", `${at}/rows/${rows[10].id}`, { headers: { "if-match": "*" } })).status, 200);
  rows = rows.filter((_, i) => i !== 10);
  await checkAll(id, rows, 11, 20);
});

// ---- what is refused ----

test("a filter that cannot be read is refused with the place and what was expected there", async () => {
  const { id } = await makeDataset(server, "price,name,day\n1,a,2024-03-14\n");
  for (const [filter, character, word] of [
    ["price >", 8, "a number"],
    ["price > 'x'", 9, "a number"],
    ["price = abc", 9, "a number"],
    ["price between 1 or 2", 17, "and"],
    ["name starts 'a'", 13, "with"],
    ["name in ('a' 'b')", 14, ", or )"],
    ["(price = 1", 11, ")"],
    ["price = 1 name = 'a'", 11, "and, or"],
    ["ä = 1", 1, "there is no column ä"],
    ["name = 'ä' and nam = 'b'", 16, "there is no column nam"],
    ["name = 'open", 8, "not closed"],
    ["name is nothing", 9, "empty, null, missing or blank"],
    ["day < 2024-02-30", 7, "a date"],
    ["name not = 'a'", 10, "contains"],
    ["not", 4, "a column"],
    ["in = 1", 1, "double quotes"],
    ["name < ''", 8, "not empty"],
    ["price ! 1", 7, "a comparison"],
  ]) {
    const answer = await request("GET", `${ours}/datasets/${id}/rows?filter=${encodeURIComponent(filter)}`);
    assert.deepEqual([answer.status, answer.json.errors?.[0].field], [400, "filter"], `${filter}: ${answer.text}`);
    assert.ok(answer.json.detail.includes(`at character ${character}:`) && answer.json.detail.includes(word), `${filter}: ${answer.json.detail}`);
  }
});

test("so are columns that are not there, selections without a column, and parameters nobody knows", async () => {
  const { id } = await makeDataset(server, "price,name\n1,a\n");
  for (const [at, query, wrong] of [
    ["rows", "sort=nothing", "sort"], ["rows", "sort=price,,name", "sort"], ["rows", "sort=price,", "sort"], ["rows", "sort=--price", "sort"],
    ["rows", "include=price", "include"], ["rows", "exclude=nothing:1", "exclude"], ["rows", 'include="price:1', "include"],
    ["rows", "include=price:1&include=nothing:1", "include"], ["rows", "include=price:%ff", "include"],
    ["rows", "columns=price", "columns"], ["facets", "sort=price", "sort"],
    ["facets", "columns=nothing", "columns"], ["facets", "values=101", "values"], ["facets", "values=0", "values"], ["facets", "bins=101", "bins"],
    ["facets", `columns=${Array(101).fill("price").join(",")}`, "columns"],
  ]) {
    const answer = await request("GET", `${ours}/datasets/${id}/${at}?${query}`);
    assert.deepEqual([answer.status, answer.json.errors?.[0].field], [400, wrong], `${at}?${query}: ${answer.text}`);
  }
  const most = await request("GET", `${ours}/datasets/${id}/facets?columns=${Array(100).fill("price").join(",")}&values=100&bins=100`);
  assert.equal(most.json.facets.length, 100);
});

test("parentheses nest as deep as the limit says, and no deeper", async () => {
  const { id } = await makeDataset(server, "a\n1\n2\n");
  const ask = (depth) => request("GET", `${ours}/datasets/${id}/rows?filter=${"(".repeat(depth)}a=2${")".repeat(depth)}`);
  assert.deepEqual((await ask(64)).json.rows.map((r) => r.cells), [[2]]);
  assert.equal((await ask(65)).status, 400);
});

// claro-data.test.mjs: filter, sort and order of Claro's data: the rows and the pages are those of a
// naive evaluation of the same (lib/query-model.mjs); what is wrong is said in Claro's shape.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { keepAlive } from "../lib/accounts.mjs";
import { asJsonl, columns, random, randomQuestion, randomRows } from "../lib/query-random.mjs";
import { sorted } from "../lib/query-model.mjs";
import { startServer } from "../lib/server.mjs";
import { jobsToEnd, makeDataset } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after }, 4);

async function check(id, rows, seed, times) {
  const r = random(seed);
  for (let i = 0; i < times; i++) {
    // Of a random question Claro's client has words for the filter alone.
    let q;
    do q = randomQuestion(r); while (q.text.size !== (q.text.has("filter") ? 1 : 0));
    const words = new URLSearchParams(q.text);
    let found = q.find(rows);
    if (!r.chance(3)) {
      const { name } = r.pick(columns), order = r.pick(["asc", "desc", undefined]);
      words.append("sort", r.pick([name, `col_${name}`]));
      if (order) words.append("order", order);
      found = sorted(columns, found, [[name, order === "desc"]]);
    }
    const limit = 1 + r.below(40), totalPages = Math.ceil(found.length / limit), page = 1 + r.below(totalPages + 2);
    const answer = await request("GET", `/api/v2/datasets/${id}/data?${words}&page=${page}&limit=${limit}`);
    const say = `${decodeURIComponent(words)} page ${page} of ${limit}`;
    assert.equal(answer.status, 200, `${say} ${answer.text}`);
    assert.deepEqual(answer.json.pagination, { page, limit, total: found.length, totalPages }, say);
    assert.deepEqual(answer.json.rowIds, found.slice((page - 1) * limit, page * limit).map((row) => row.id), say);
    assert.equal(answer.json.data.length, answer.json.rowIds.length);
  }
}

test("rows that match, sorted, and pages of them", async () => {
  const rows = randomRows(random(41), 150);
  const { id } = await makeDataset(server, asJsonl(rows), { fileName: "table.jsonl" });
  await check(id, rows, 42, 60);
});

test("more rows than are read for each question: it waits for projections that are not there", async () => {
  const rows = randomRows(random(43), 50_100);
  const { id } = await makeDataset(server, asJsonl(rows), { fileName: "table.jsonl" });
  await jobsToEnd(server, id);
  await check(id, rows, 44, 4);
  const projections = path.join(server.folder, "datasets", id, "derived/1");
  fs.rmSync(projections, { recursive: true });
  await check(id, rows, 45, 4);
  assert.ok(fs.readdirSync(projections).length > 0);
});

test("the document's own words, cells and all", async () => {
  const { id } = await makeDataset(server, "name,price\nDesk,120\nLamp,80\nChair,100.5\n");
  const answer = await request("GET", `/claro/api/v2/datasets/${id}/data?filter=price+%3E+100&sort=price&order=asc&page=1&limit=50`);
  assert.deepEqual(answer.json, {
    columns: [{ columnId: "col_name", name: "name", type: "string" }, { columnId: "col_price", name: "price", type: "number" }],
    data: [[{ cellId: "cell_3_col_name", value: "Chair", metadata: {} }, { cellId: "cell_3_col_price", value: 100.5, metadata: {} }],
      [{ cellId: "cell_1_col_name", value: "Desk", metadata: {} }, { cellId: "cell_1_col_price", value: 120, metadata: {} }]],
    rowIds: ["row_3", "row_1"],
    pagination: { page: 1, limit: 50, total: 2, totalPages: 1 },
  });
});

test("a column's name is taken as it is, whatever signs are in it", async () => {
  const { id } = await makeDataset(server, '"-a,b","""q"""\n2,x\n1,y\n3,w\n');
  for (const [sort, rowIds] of [["-a,b", ["row_2", "row_1", "row_3"]], ['"q"', ["row_3", "row_1", "row_2"]]])
    assert.deepEqual((await request("GET", `/api/v2/datasets/${id}/data?${new URLSearchParams({ sort })}`)).json.rowIds, rowIds);
});

test("what cannot be understood is a validation error at its field", async () => {
  const { id } = await makeDataset(server, "name,price\nDesk,120\n");
  for (const [query, field, word] of [
    ["filter=price+%3E", "filter", "at character 8"], ["filter=cost+%3E+1", "filter", "there is no column cost"],
    ["filter=%ff", "filter", "UTF-8"], ["sort=cost", "sort", "there is no column cost"], ["sort=price&order=down", "order", "asc or desc"],
    ["order=ASC", "order", "asc or desc"], ["filter=price+%3E+1&limit=0", "limit", "1"],
  ]) {
    const { status, json, text } = await request("GET", `/api/v2/datasets/${id}/data?${query}`);
    assert.equal(status, 400, text);
    assert.deepEqual([json.error, json.code, json.details.field], ["Invalid dataset configuration", "VALIDATION_ERROR", field], text);
    assert.ok(json.details.message.includes(word), text);
  }
  assert.equal((await request("GET", `/api/v2/datasets/${id}/data?filter=&sort=&order=`)).json.pagination.total, 1);
});

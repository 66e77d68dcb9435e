// cells.test.mjs: one cell, whole, by its address: every byte of it whatever its size, said so that a
// text, a value of JSON, null and nothing at all can be told apart, and nobody else's.

import assert from "node:assert/strict";
import fs from "node:fs";
import test, { after } from "node:test";
import { keepAlive, makeKey, makeOrg } from "../lib/accounts.mjs";
import { startServer } from "../lib/server.mjs";
import { makeDataset, ours, processesOf } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after });
const MIB = 1 << 20;
const LIMIT = 16 * MIB; // of a cell's JSON: a text has its quotes around it

const cell = (id, row, column, more) => request("GET", `${ours}/datasets/${id}/rows/${row}/cells/${column}`, more);
const jsonl = (...rows) => `${rows.join("\n")}\n`;
const upload = (content, fileName) => makeDataset(server, content, { fileName });

function assertCell(answer, text, type) {
  assert.deepEqual([answer.status, answer.headers["content-type"]], [200, type], answer.text.slice(0, 300));
  assert.equal(answer.text.length, text.length, "its length");
  assert.ok(answer.text === text, "its text");
  assert.equal(Number(answer.headers["content-length"]), Buffer.byteLength(text));
}
const PLAIN = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";

test("what is of JSON comes as its own token, a text without quotes and escapes", async () => {
  const tokens = {
    object: '{"a": 1.10, "b": [1e400, 18446744073709551616], "\\u00e9": "\\ud83d\\ude00"}', array: "[ ]",
    long: "9223372036854775808", exact: "1.10", yes: "true", no: "false", nothing: "null",
  };
  const texts = { words: "said \"hi\", twice\\", lines: "a\nb\r\nc\t", unicode: "Łódź 𝒳 👩‍👩‍👧 \u202eright to left", control: "\u0000\u0001\u001f\u007f",
    empty: "", brace: "{\"a\": 1}", mark: "\ufefffirst" };
  const all = [...Object.entries(tokens), ...Object.entries(texts).map(([k, v]) => [k, JSON.stringify(v)])];
  const { id } = await upload(jsonl(`{${all.map(([k, v]) => `"${k}": ${v}`).join(", ")}}`, '{"late": 1}'), "t.jsonl");
  for (const [name, token] of Object.entries(tokens)) assertCell(await cell(id, "row_1", `col_${name}`), token, JSON_TYPE);
  for (const [name, text] of Object.entries(texts)) assertCell(await cell(id, "row_1", `col_${name}`), text, PLAIN);
  // A key that is not there is no null.
  const missing = await cell(id, "row_1", "col_late");
  assert.deepEqual([missing.status, missing.text, missing.headers["content-type"]], [204, "", undefined]);
  assert.equal((await cell(id, "row_2", "col_words")).status, 204);
});

test("a text that reads as a value of its column's type is that value, as in the row; another stays a text", async () => {
  const { id } = await upload("n,b,s\n1.10,true,007\n9223372036854775808,false,1\n-1e400,true,2\n,true,\n8,TRUE,x\n", "t.csv");
  const { columns } = (await request("GET", `${ours}/datasets/${id}/rows/row_1`)).json;
  assert.deepEqual(columns.map((c) => c.type), ["number", "boolean", "string"]);
  const set = await request("PATCH", `${ours}/datasets/${id}/rows/row_5`, { json: { cells: { n: "n/a" } }, headers: { "if-match": "*" } });
  assert.equal(set.status, 200, set.text);
  for (const row of [1, 2, 3, 4, 5]) {
    const { text } = await request("GET", `${ours}/datasets/${id}/rows/row_${row}`);
    const whole = text.match(/"cells":\[(.*)\]\}/)[1].split(",");
    for (const [k, column] of columns.entries()) {
      const answer = await cell(id, `row_${row}`, column.id);
      const isText = whole[k].startsWith('"');
      assertCell(answer, isText ? JSON.parse(whole[k]) : whole[k], isText ? PLAIN : JSON_TYPE);
    }
  }
  assertCell(await cell(id, "row_1", "col_n"), "1.10", JSON_TYPE);
  assertCell(await cell(id, "row_1", "col_s"), "007", PLAIN);
  assertCell(await cell(id, "row_5", "col_n"), "n/a", PLAIN);
});

test("of any size: 10 MiB of text, a cell at the limit, 10 MiB of JSON", async () => {
  const ten = "Łódź, \"ten\" 0123456789\n".repeat(10 * MIB / 27);
  const most = "x".repeat(LIMIT - 2);
  const json = `[${"{\"a\": 1.10},".repeat(10 * MIB / 12)}0]`;
  const { id } = await upload(jsonl(`{"a": ${JSON.stringify(ten)}, "b": 1}`, `{"a": "${most}", "b": 2}`, `{"a": ${json}}`), "t.jsonl");
  assertCell(await cell(id, "row_1", "col_a"), ten, PLAIN);
  assertCell(await cell(id, "row_2", "col_a"), most, PLAIN);
  assertCell(await cell(id, "row_3", "col_a"), json, JSON_TYPE);
  assertCell(await cell(id, "row_2", "col_b"), "2", JSON_TYPE);
});

test("a cell is there though its row is too large to be asked for, and takes little more memory than itself", async () => {
  const wide = [..."ab"].map((c) => `"${c}": "${c.repeat(LIMIT - 2)}"`);
  const { id } = await upload(jsonl(`{${wide.join(", ")}}`), "t.jsonl");
  const peak = () => Math.max(...processesOf(server, "web").map((p) =>
    Number(fs.readFileSync(`/proc/${p.pid}/status`, "utf8").match(/^VmHWM:\s+(\d+)/m)[1]) * 1024));
  // The row itself once, as SQLite reads it, and the cell twice: with what the worker had before.
  for (const c of "ab") assertCell(await cell(id, "row_1", `col_${c}`), c.repeat(LIMIT - 2), PLAIN);
  if (!process.env.ROWHOUSE_BUILD) assert.ok(peak() < 6 * LIMIT, `${peak()} bytes`);
  assert.equal((await request("GET", `${ours}/datasets/${id}/rows/row_1`)).status, 413);
});

test("its rev is its row's; a link to it is a download; no browser takes it for a page", async () => {
  const { id } = await upload("größe,b\n<script>alert(1)</script>,2\n", "t.csv");
  const { columns } = (await request("GET", `${ours}/datasets/${id}/rows/row_1`)).json;
  const before = await cell(id, "row_1", columns[0].id);
  const row = await request("GET", `${ours}/datasets/${id}/rows/row_1`);
  assert.equal(before.headers.etag, row.headers.etag);
  assert.equal(before.headers["x-content-type-options"], "nosniff");
  assert.equal(before.headers["cache-control"], "no-store");
  const [, name] = before.headers["content-disposition"].match(/^attachment; filename\*=UTF-8''(\S+)$/);
  assert.equal(decodeURIComponent(name), `row_1-${columns[0].id.slice(4)}.txt`);
  const set = await request("PATCH", `${ours}/datasets/${id}/rows/row_1`,
    { json: { cells: { "größe": "now" } }, headers: { "if-match": before.headers.etag } });
  assert.equal(set.status, 200, set.text);
  const now = await cell(id, "row_1", columns[0].id);
  assert.deepEqual([now.text, now.headers.etag], ["now", `"${set.json.rows[0].rev}"`]);
  assert.notEqual(now.headers.etag, before.headers.etag);
});

test("what is not there is not found, and another's dataset is not there", async () => {
  const { id } = await upload("a,b\n1,2\n3,4\n", "t.csv");
  await request("DELETE", `${ours}/datasets/${id}/rows/row_2`, { headers: { "if-match": "*" } });
  const problem = (answer, field) => assert.deepEqual(
    [answer.status, answer.headers["content-type"], answer.json.errors?.[0].field], [404, "application/problem+json", field], answer.text);
  for (const row of ["row_2", "row_3", "row_0", "row_-1", "row_", "1", "row_99999999999999999999", "row_1x"])
    problem(await cell(id, row, "col_a"), "row_id");
  for (const column of ["a", "col_", "col_A", "col_c", "0", "col_a,"]) problem(await cell(id, "row_1", column), "column_id");
  problem(await cell("00000000-0000-4000-8000-000000000000", "row_1", "col_a"), "dataset_id");
  const stranger = await makeKey(server, { org: await makeOrg(server, "Others"), role: "owner" });
  problem(await cell(id, "row_1", "col_a", { key: stranger }), "dataset_id");
  assert.equal((await cell(id, "row_1", "col_a", { key: null })).status, 401);
  assert.equal((await cell(id, "row_1", "col_a?limit=1")).status, 400);
});

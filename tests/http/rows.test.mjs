// rows.test.mjs: rows that are added, corrected, deleted and taken back, over our own API: what was
// acknowledged is there, once, as it was written, and nobody overwrites what they have not seen.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { keepAlive } from "../lib/accounts.mjs";
import { startServer } from "../lib/server.mjs";
import { catalog, eventually, makeDataset, ours, processesOf, signalAll } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after }, 16);

// A blank table and the things one does with it.
class Table {
  constructor(id, send = request) {
    this.at = `${ours}/datasets/${id}`;
    this.id = id;
    this.send = send;
  }

  static async blank(columns, send = request) {
    const column_definitions = columns.map((c) => (typeof c === "string" ? { name: c, type: "string" } : c));
    const made = await send("POST", `${ours}/datasets`, { json: { type: "custom_dataset", name: "Table", column_definitions } });
    assert.equal(made.status, 201, made.text);
    const table = new Table(made.json.dataset.id, send);
    await eventually("the table", async () => (await send("GET", table.at)).json.dataset.state === "ready");
    return table;
  }

  add(rows, more = {}) {
    return this.send("POST", `${this.at}/rows`, { json: { rows }, ...more });
  }

  set(row, cells, match = "*", more = {}) {
    const headers = { ...(match === null ? {} : { "if-match": match }), ...more.headers };
    return this.send("PATCH", `${this.at}/rows/${row}`, { json: { cells }, ...more, headers });
  }

  remove(row, match = "*", more = {}) {
    const headers = { ...(match === null ? {} : { "if-match": match }), ...more.headers };
    return this.send("DELETE", `${this.at}/rows/${row}`, { ...more, headers });
  }

  removeMany(rows) {
    return this.send("POST", `${this.at}/rows/delete`, { json: { rows } });
  }

  undo(change, more) {
    return this.send("POST", `${this.at}/changes/${change}/undo`, more);
  }

  // The text of every row's cells, as the server wrote it.
  async cells() {
    const { text } = await this.send("GET", `${this.at}/rows?limit=1000`);
    return [...text.matchAll(/"cells":(\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\])/g)].map((m) => m[1]);
  }

  async rows() {
    const all = [];
    for (let at = 0; at !== null;) {
      const { json } = await this.send("GET", `${this.at}/rows?limit=1000&position=${at}`);
      all.push(...json.rows);
      at = json.next;
    }
    return all;
  }

  async changes() {
    return (await this.send("GET", `${this.at}/changes?limit=100`)).json;
  }

  async dataset() {
    return (await this.send("GET", this.at)).json.dataset;
  }
}

function assertProblem(answer, status, code, field) {
  assert.deepEqual([answer.status, answer.json?.code], [status, code], answer.text);
  if (field) assert.equal(answer.json.errors?.[0].field, field, answer.text);
}

test("rows are added in their order, at the end, and the answer has them with their ids", async () => {
  const table = await Table.blank(["name", { name: "price", type: "number" }]);
  const first = await table.add([{ name: "Desk", price: 10 }, { name: "Chair" }]);
  assert.equal(first.status, 201);
  assert.deepEqual(first.json, { change: { id: 1 }, total: 2, rows: [
    { id: "row_1", line: 0, rev: 1, cells: ["Desk", 10] }, { id: "row_2", line: 0, rev: 1, cells: ["Chair", null] }] });
  const second = await table.add([{ price: 1, name: "Lamp" }]);
  assert.deepEqual([second.json.change.id, second.json.rows[0].id, second.json.total], [2, "row_3", 3]);
  assert.deepEqual((await table.rows()).map((r) => [r.id, r.cells]), [["row_1", ["Desk", 10]], ["row_2", ["Chair", null]], ["row_3", ["Lamp", 1]]]);
  const one = await request("GET", `${table.at}/rows/row_3`);
  assert.deepEqual([one.status, one.headers.etag, one.json.row], [200, "\"2\"", second.json.rows[0]]);
  assert.deepEqual([(await table.dataset()).rows, (await request("GET", `${ours}/datasets?limit=1`)).json.datasets[0].rows], [3, 3]);
});

test("an uploaded table is edited like a blank one", async () => {
  const { id } = await makeDataset(server, "sku,price\n0012,1.10\n7,2\n8,3\n");
  const table = new Table(id);
  assert.equal((await table.set("row_1", { price: 9 }, "\"0\"")).status, 200);
  assert.equal((await table.add([{ sku: "9", price: 4 }])).json.rows[0].id, "row_4");
  assert.equal((await table.remove("row_2", "\"0\"")).status, 200);
  assert.deepEqual((await table.rows()).map((r) => [r.id, r.line, r.cells]),
    [["row_1", 2, ["0012", 9]], ["row_3", 4, ["8", 3]], ["row_4", 0, ["9", 4]]]);
  // Also as Claro, as exports and by position.
  const theirs = (await request("GET", `/api/v2/datasets/${id}/data`)).json;
  assert.deepEqual([theirs.rowIds, theirs.pagination.total], [["row_1", "row_3", "row_4"], 3]);
  assert.deepEqual(theirs.data.map((row) => row.map((cell) => cell.value)), [["0012", 9], ["8", 3], ["9", 4]]);
  assert.equal((await request("GET", `/api/v2/datasets/${id}`)).json.rowCount, 3);
  assert.equal((await request("GET", `${table.at}/export`)).text, "sku,price\n0012,9\n8,3\n9,4\n");
  assert.equal((await request("GET", `${table.at}/export?format=jsonl`)).text,
    "{\"sku\":\"0012\",\"price\":9}\n{\"sku\":\"8\",\"price\":3}\n{\"sku\":\"9\",\"price\":4}\n");
  await table.undo(3);
  assert.equal((await request("GET", `${table.at}/export`)).text, "sku,price\n0012,9\n7,2\n8,3\n9,4\n", "after the undo");
});

test("cells keep their bytes: 1.10, 007, 2^63, 1e400, text of every kind", async () => {
  const table = await Table.blank(["s", { name: "n", type: "number" }, { name: "t", type: "text" }]);
  // The tokens as they are sent, and as they are shown.
  const rows = [
    ["\"1.10\"", "\"1.10\"", "1.10"], ["\"007\"", "7", "7"], ["\"1\"", "\"9223372036854775808\"", "9223372036854775808"],
    ["\"2\"", "\"18446744073709551616.000\"", "18446744073709551616.000"], ["\"3\"", "\"1e400\"", "1e400"], ["\"4\"", "\"-0\"", "-0"],
    ["\"5\"", "1.5", "1.5"], ["\"6\"", "-9223372036854775808", "-9223372036854775808"], ["\"7\"", "null", "null"], ["\"8\"", "\"\"", "\"\""],
  ];
  const body = `{"rows":[${rows.map(([s, n]) => `{"s":${s},"n":${n},"t":"ü 🏠 \\"quoted\\" \\\\ \\n\\t\\u0001"}`).join()}]}`;
  const added = await request("POST", `${table.at}/rows`, { body, headers: { "content-type": "application/json" } });
  assert.equal(added.status, 201, added.text);
  const text = "\"ü 🏠 \\\"quoted\\\" \\\\ \\n\\t\\u0001\"";
  assert.deepEqual(await table.cells(), rows.map(([s, , shown]) => `[${s},${shown},${text}]`));
  for (const [i, [, n, shown]] of rows.entries()) {
    const set = await request("PATCH", `${table.at}/rows/row_1`, { body: `{"cells":{"n":${n}}}`, headers: { "content-type": "application/json", "if-match": "*" } });
    assert.equal(set.status, 200, `${i} ${set.text}`);
    assert.equal((await table.cells())[0], `["1.10",${shown},${text}]`);
  }
  assert.match((await request("GET", `${table.at}/export`)).text, /\n1,9223372036854775808,/);
  // What JSON itself cannot carry is refused, not rounded.
  for (const n of ["9223372036854775808", "1e400", "NaN", "01", "1.", "+1", "0x10"]) {
    const answer = await request("POST", `${table.at}/rows`, { body: `{"rows":[{"n":${n}}]}`, headers: { "content-type": "application/json" } });
    assert.equal(answer.status, 400, `${n}: ${answer.text}`);
  }
  for (const t of ["\"\\ud800\"", "\"\\u0000\"", "\"\xff\""]) {
    const answer = await request("POST", `${table.at}/rows`, { body: Buffer.from(`{"rows":[{"t":${t}}]}`, "latin1"), headers: { "content-type": "application/json" } });
    assert.equal(answer.status, 400, `${t}: ${answer.text}`);
  }
});

test("a declared column takes what is of its type, and names the cell that is not", async () => {
  const table = await Table.blank([{ name: "s", type: "string" }, { name: "n", type: "number" }, { name: "d", type: "date" },
    { name: "b", type: "boolean" }, { name: "t", type: "text" }]);
  const good = { s: ["x", "", 7, true, null], t: ["x\ny", "", null], n: [1, -1.5, "1.10", "1e5", "", null],
    d: ["2024-02-29", "2024-03-14T15:30:00Z", "2024-03-14T15:30:00.5+02:00", "", null], b: [true, false, "true", "False", "", null] };
  const bad = { n: ["x", "1,5", " 1", true, "0x10", "1 ", [], {}], d: ["2023-02-29", "14.3.2024", 20240314, true, "2024-13-01", "today", []],
    b: ["maybe", 7, "2", [], {}], s: [[], {}, ["x"]], t: [{}] };
  for (const [column, values] of Object.entries(good))
    for (const value of values) assert.equal((await table.add([{ [column]: value }])).status, 201, `${column} ${JSON.stringify(value)}`);
  const before = (await table.rows()).length;
  for (const [column, values] of Object.entries(bad))
    for (const value of values) {
      assertProblem(await table.add([{ s: "good" }, { [column]: value }]), 422, "unprocessable", `rows[1].${column}`);
      assertProblem(await table.set("row_1", { [column]: value }), 422, "unprocessable", `cells.${column}`);
    }
  assert.equal((await table.rows()).length, before, "of a request with one bad row no row is added");
  // A type that was only found out binds nobody.
  const { id } = await makeDataset(server, "n\n1\n2\n");
  assert.equal((await new Table(id).set("row_1", { n: "a word" })).status, 200);
});

test("required columns must have a value, and new rows take the default values", async () => {
  const table = await Table.blank([{ name: "name", type: "string", required: true }, { name: "n", type: "number", default_value: "1.10" },
    { name: "b", type: "boolean", default_value: true }, { name: "d", type: "date", default_value: "2024-03-14" }, { name: "r", type: "string", required: true, default_value: "given" }]);
  for (const name of [undefined, null, ""]) assertProblem(await table.add([{ n: 1, name }]), 422, "unprocessable", "rows[0].name");
  assertProblem(await table.add([{ name: "x", r: null }]), 422, "unprocessable", "rows[0].r");
  assert.equal((await table.add([{ name: "x" }, { name: "y", n: null, b: false, d: "2020-01-01", r: "own" }])).status, 201);
  assert.deepEqual(await table.cells(), ["[\"x\",1.10,true,\"2024-03-14\",\"given\"]", "[\"y\",null,false,\"2020-01-01\",\"own\"]"]);
  for (const value of [null, ""]) assertProblem(await table.set("row_1", { name: value }), 422, "unprocessable", "cells.name");
  assert.equal((await table.set("row_1", { n: null })).status, 200, "a default is for new rows, not for what is emptied");
  assert.equal((await table.cells())[0], "[\"x\",null,true,\"2024-03-14\",\"given\"]");
});

test("cells are named by the column's name or id, and what there is none of is refused", async () => {
  const table = await Table.blank(["a", "Über \"x\"", "col_a"]);
  assert.equal((await table.add([{ a: "1", col_a: "2", "Über \"x\"": "3" }])).status, 201);
  assert.deepEqual((await table.rows())[0].cells, ["1", "3", "2"], "a name is meant before an id");
  const { columns } = (await request("GET", table.at)).json;
  assert.equal((await table.set("row_1", { [columns[1].id]: "by id" })).status, 200);
  assert.equal((await table.rows())[0].cells[1], "by id");
  for (const name of ["b", "A", "", " a", "col_b", "row_id", "__proto__"])
    assertProblem(await table.add([JSON.parse(`{${JSON.stringify(name)}:"x"}`)]), 400, "bad_input", `rows[0].${name}`);
  assertProblem(await table.set("row_1", { nothing: "x" }), 400, "bad_input", "cells.nothing");
  assertProblem(await table.set("row_1", { "Über \"x\"": "1", [columns[1].id]: "2" }), 400, "bad_input");
  for (const rows of [[], {}, "x", null, 7, undefined]) assertProblem(await table.add(rows), 400, "bad_input", "rows");
  for (const row of [null, 7, "x", []]) assertProblem(await table.add([{ a: "1" }, row]), 400, "bad_input");
  for (const cells of [{}, [], null, "x", undefined]) assertProblem(await table.set("row_1", cells), 400, "bad_input", "cells");
  assert.equal((await table.rows()).length, 1);
});

test("If-Match: nobody overwrites what they have not seen", async () => {
  const table = await Table.blank(["a"]);
  await table.add([{ a: "1" }, { a: "x" }]);
  assertProblem(await table.set("row_1", { a: "2" }, null), 428, "precondition_required");
  assertProblem(await table.remove("row_1", null), 428, "precondition_required");
  for (const match of ["\"0\"", "\"2\"", "\"x\"", "\"\"", "W/\"1\"", "\"1", "1.0", "\"99999999999999999999\"", "\"-1\""]) {
    assertProblem(await table.set("row_1", { a: "2" }, match), 412, "precondition_failed");
    assertProblem(await table.remove("row_1", match), 412, "precondition_failed");
  }
  assert.deepEqual(await table.cells(), ["[\"1\"]", "[\"x\"]"]);
  const first = await table.set("row_1", { a: "2" }, "\"1\"");
  assert.deepEqual([first.status, first.json.rows[0].rev], [200, 2]);
  const late = await table.set("row_1", { a: "3" }, "\"1\"");
  assertProblem(late, 412, "precondition_failed", "rev");
  assert.match(late.json.detail, /changed meanwhile .*rev is 2, not 1/);
  assert.equal((await table.set("row_1", { a: "3" }, "*")).status, 200, "* takes whatever is there");
  assert.equal((await table.set("row_2", { a: "y" }, "\"1\"")).status, 200, "another row is another matter");
  assert.equal((await table.remove("row_1", "\"3\"")).status, 200);
  for (const answer of [await table.set("row_1", { a: "4" }), await table.remove("row_1"), await request("GET", `${table.at}/rows/row_1`)])
    assertProblem(answer, 404, "not_found", "row_id");
  for (const row of ["row_0", "row_-1", "row_99", "1", "row_1x", "row_", "row_9223372036854775808", "ROW_2"])
    assertProblem(await table.set(row, { a: "4" }), 404, "not_found", "row_id");
});

test("of many who correct the same rev one wins, and knows it", async () => {
  const table = await Table.blank(["a"]);
  await table.add([{ a: "0" }]);
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => table.set("row_1", { a: `by ${i}` }, "\"1\"")));
  const good = answers.filter((a) => a.status === 200);
  assert.equal(good.length, 1);
  for (const answer of answers) if (answer.status !== 200) assertProblem(answer, 412, "precondition_failed");
  assert.deepEqual((await table.rows())[0].cells, good[0].json.rows[0].cells);
});

test("rows are deleted together or not at all, and their ids never come back", async () => {
  const table = await Table.blank(["a"]);
  await table.add(Array.from({ length: 5 }, (_, i) => ({ a: `${i + 1}` })));
  assertProblem(await table.removeMany([{ id: "row_1" }, { id: "row_9" }]), 404, "not_found");
  assertProblem(await table.removeMany([{ id: "row_1" }, { id: "row_2", rev: 7 }]), 412, "precondition_failed");
  assertProblem(await table.removeMany([{ id: "row_1" }, { id: "row_1" }]), 404, "not_found");
  assert.equal((await table.rows()).length, 5);
  const gone = await table.removeMany([{ id: "row_5", rev: 1 }, { id: "row_2" }, { id: "row_4", rev: 1 }]);
  assert.deepEqual([gone.status, gone.json.total], [200, 2]);
  assert.deepEqual((await table.rows()).map((r) => r.id), ["row_1", "row_3"]);
  assert.equal((await table.add([{ a: "new" }])).json.rows[0].id, "row_6");
  await table.remove("row_6");
  assert.equal((await table.add([{ a: "new" }])).json.rows[0].id, "row_7");
  for (const rows of [[], {}, [{}], [{ id: 1 }], [{ id: "row_1", rev: "1" }], [{ id: "row_1", rev: -1 }]])
    assert.equal((await table.removeMany(rows)).status, 400, JSON.stringify(rows));
});

test("the address of a row leads to where it stands now, and says when it is gone", async () => {
  const table = await Table.blank(["a"]);
  const many = Array.from({ length: 1000 }, (_, i) => ({ a: `${i}` }));
  for (let i = 0; i < 3; i++) await table.add(many);
  const gone = [1, 7, 1023, 1024, 1025, 2048, 2049, 2999].map((n) => `row_${n}`);
  await table.removeMany(gone.map((id) => ({ id })));
  const left = (await table.rows()).map((r) => r.id);
  for (const id of ["row_2", "row_6", "row_8", "row_1022", "row_1026", "row_2047", "row_2050", "row_2998", "row_3000"]) {
    const { status, headers } = await request("GET", `/datasets/${table.id}/rows/${id}`);
    const at = left.indexOf(id) + 1;
    assert.deepEqual([status, headers.location], [303, `/datasets/${table.id}?row=${at}#row-${at}`], id);
  }
  for (const id of [...gone, "row_3001"]) {
    const { status, text } = await request("GET", `/datasets/${table.id}/rows/${id}`);
    assert.deepEqual([status, text.includes("no such row")], [404, true], id);
  }
});

test("a change of 1,000 rows goes, one of 1,001 does not", async () => {
  const table = await Table.blank(["a"]);
  const many = (n) => Array.from({ length: n }, (_, i) => ({ a: `${i}` }));
  assertProblem(await table.add(many(1001)), 422, "unprocessable", "rows");
  assert.equal((await table.rows()).length, 0);
  const added = await table.add(many(1000));
  assert.deepEqual([added.status, added.json.rows.length, added.json.total], [201, 1000, 1000]);
  await table.add([{ a: "1000" }]);
  const all = (await table.rows()).map((r) => ({ id: r.id }));
  assert.equal((await table.removeMany(all)).status, 400, "1,001 deleted");
  assert.equal((await table.removeMany(all.slice(0, 1000))).status, 200);
  assert.equal((await table.undo(3)).status, 200, "and 1,000 taken back");
  assert.deepEqual((await table.rows()).map((r) => r.cells[0]), Array.from({ length: 1001 }, (_, i) => `${i}`));
});

test("every change can be taken back, the undo too, and what came later stands in the way", async () => {
  const table = await Table.blank(["a", "b"]);
  await table.add([{ a: "1", b: "x" }, { a: "2" }]); // 1
  await table.set("row_1", { a: "one" }); // 2
  await table.set("row_1", { b: null }); // 3
  await table.remove("row_2"); // 4
  const late = await table.undo(1);
  assertProblem(late, 409, "conflict");
  assert.match(late.json.detail, /row_1 was changed again after this change/);
  assert.equal((await table.undo(4)).status, 200); // 5
  assert.deepEqual(await table.cells(), ["[\"one\",null]", "[\"2\",null]"], "a row comes back where it was, its missing cell missing");
  assert.equal((await table.undo(2)).status, 200, "another cell of the same row was changed later, not this one"); // 6
  assert.equal((await table.undo(3)).status, 200); // 7
  assert.deepEqual(await table.cells(), ["[\"1\",\"x\"]", "[\"2\",null]"]);
  assert.equal((await table.undo(7)).status, 200, "an undo undone"); // 8
  assert.deepEqual(await table.cells(), ["[\"1\",null]", "[\"2\",null]"]);
  assertProblem(await table.undo(2), 409, "conflict");
  for (const id of [0, 99, "x", -1, "9223372036854775808"]) assertProblem(await table.undo(id), 404, "not_found", "change_id");
  const { changes, total } = await table.changes();
  assert.equal(total, 8);
  assert.deepEqual(changes.map((c) => [c.id, c.kind, c.rows, c.undoes, c.undone_by]), [
    [8, "undo", 1, 7, null], [7, "undo", 1, 3, 8], [6, "undo", 1, 2, null], [5, "undo", 1, 4, null],
    [4, "rows.remove", 1, null, 5], [3, "rows.set", 1, null, null], [2, "rows.set", 1, null, 6], [1, "rows.add", 2, null, null]]);
  for (const c of changes) assert.deepEqual([c.who, Math.abs(Date.parse(c.at) - Date.now()) < 60_000], ['key "admin"', true]);
});

test("the ETag and the version change with each edit, and only then", async () => {
  const table = await Table.blank(["a"]);
  const etag = async () => (await request("GET", table.at)).headers.etag;
  const seen = new Set([await etag()]);
  const differs = async (what) => {
    const now = await etag();
    assert.ok(!seen.has(now), what);
    seen.add(now);
    assert.equal((await request("GET", table.at, { headers: { "if-none-match": now } })).status, 304, what);
  };
  await table.add([{ a: "1" }]);
  await differs("a row added");
  await table.set("row_1", { a: "2" });
  await differs("a row corrected");
  await table.set("row_1", { a: "1" });
  await differs("corrected back: it is another version all the same");
  await table.remove("row_1");
  await differs("a row deleted");
  await table.undo(4);
  await differs("taken back");
  const last = await etag();
  await table.set("row_9", { a: "1" });
  await table.add([{ nothing: "1" }]);
  assert.equal(await etag(), last, "what is refused changes nothing");
});

test("an edit sent again with its Idempotency-Key is done once and answers the same", async () => {
  const table = await Table.blank(["a"]);
  const key = (name) => ({ headers: { "idempotency-key": `${table.id} ${name}` } });
  const twice = async (send) => {
    const [first, second] = [await send(), await send()];
    assert.ok(first.status < 300, first.text);
    assert.deepEqual([second.status, second.text, second.headers["idempotency-replayed"]], [first.status, first.text, "true"]);
    return first;
  };
  await twice(() => table.add([{ a: "1" }, { a: "2" }], key("add")));
  await twice(() => table.set("row_1", { a: "one" }, "\"1\"", key("set")));
  await twice(() => table.remove("row_2", "\"1\"", key("remove")));
  await twice(() => table.undo(3, key("undo")));
  assert.deepEqual([(await table.changes()).total, await table.cells()], [4, ["[\"one\"]", "[\"2\"]"]]);
  assert.equal((await table.add([{ a: "3" }], key("add"))).status, 422, "another body");
});

// The answer to the first was lost and is not kept, as when its worker died before it could answer.
const forget = (name) => catalog(server, `UPDATE answers SET status=NULL, body=NULL, created_at=created_at-200000000 WHERE key LIKE '%${name}'`);

test("an edit whose worker died before it could answer is not done twice by a retry", async () => {
  const table = await Table.blank(["a"]);
  const name = `${table.id} lost`;
  const send = () => table.add([{ a: "1" }, { a: "2" }], { headers: { "idempotency-key": name } });
  const first = await send();
  await forget(name);
  const second = await send();
  assert.deepEqual([second.status, second.json], [201, first.json]);
  assert.equal((await table.rows()).length, 2);
});

test("after a day an Idempotency-Key means another request, and what is acknowledged then is done", async () => {
  const table = await Table.blank(["a"]);
  const name = `${table.id} daily`;
  const send = (a) => table.add([{ a }], { headers: { "idempotency-key": name } });
  assert.equal((await send("monday")).status, 201);
  // A day later: the answer is forgotten, the change is as old.
  await catalog(server, `DELETE FROM answers WHERE key LIKE '%${name}'`);
  await catalog(server, "UPDATE changes SET at=at-129600000000", `datasets/${table.id}/rows-1.db`);
  assert.equal((await send("tuesday")).status, 201);
  assert.deepEqual(await table.cells(), ["[\"monday\"]", "[\"tuesday\"]"]);
});

test("another's request with the same Idempotency-Key is not answered with mine", async () => {
  const table = await Table.blank(["a"]);
  const { json: mine } = await request("POST", `${ours}/keys`, { json: { name: "mine", role: "editor" } });
  const { json: theirs } = await request("POST", `${ours}/keys`, { json: { name: "theirs", role: "viewer" } });
  const send = (key) => table.add([{ a: "1" }], { key, headers: { "idempotency-key": `${table.id} shared` } });
  assert.equal((await send(mine.secret)).status, 201);
  assert.equal((await send(theirs.secret)).status, 403, "who may not is told so, whatever somebody else did");
  assert.equal((await send(mine.secret)).status, 201);
  assert.equal((await table.rows()).length, 1);
});

// ---- many at once ----

const random = (n) => Math.floor(Math.random() * n);

test("what many clients do at once is all there, each exactly once", async () => {
  const table = await Table.blank(["who", { name: "n", type: "number" }]);
  const alive = new Map(); // row id: what it must say, by who alone edits it
  let done = 0;
  const client = async (who) => {
    const mine = [];
    for (let n = 0; n < 25; n++) {
      const what = mine.length < 2 ? 0 : random(4);
      let answer;
      if (what === 0) {
        const rows = Array.from({ length: 1 + random(3) }, (_, i) => ({ who, n: n * 10 + i }));
        answer = await table.add(rows);
        assert.deepEqual(answer.json.rows.map((r) => r.cells), rows.map((r) => [r.who, r.n]), "the answer has this client's rows");
        for (const r of answer.json.rows) {
          assert.ok(!alive.has(r.id), `${r.id} was given out twice`);
          alive.set(r.id, r.cells);
          mine.push(r);
        }
      } else {
        const [row] = what === 1 ? mine.splice(random(mine.length), 1) : [mine[random(mine.length)]];
        if (what === 1) {
          answer = await table.remove(row.id, `"${row.rev}"`);
          alive.delete(row.id);
        } else {
          answer = await table.set(row.id, { n: -n }, `"${row.rev}"`);
          row.rev = answer.json.rows[0].rev;
          alive.set(row.id, [who, -n]);
        }
      }
      assert.ok(answer.status < 300, answer.text);
      done++;
    }
  };
  await Promise.all(Array.from({ length: 10 }, (_, i) => client(`client ${i}`)));
  const rows = await table.rows();
  assert.deepEqual(new Map(rows.map((r) => [r.id, r.cells])), new Map([...alive].sort((a, b) => a[0].slice(4) - b[0].slice(4))));
  const { rows: count } = await table.dataset();
  assert.deepEqual([count, (await table.changes()).total], [alive.size, done]);
  assert.equal((await catalog(server, `SELECT rows FROM datasets WHERE dataset_id='${table.id}'`))[0].rows, alive.size, "the catalog's copy too");
});

test("quota_rows is kept to the row, however many race for the last ones", async (t) => {
  const own = await startServer(t, { env: { ROWHOUSE_QUOTA_ROWS: "30" } });
  const send = keepAlive(own, t, 16);
  for (let round = 0; round < 4; round++) {
    const tables = [await Table.blank(["a"], send), await Table.blank(["a"], send)];
    await tables[0].add(Array.from({ length: 20 }, () => ({ a: "1" })));
    // Single rows and threes, on both, some deleted in between.
    const answers = await Promise.all(Array.from({ length: 24 }, async (_, i) => {
      const table = tables[i % 2];
      const size = i % 3 === 0 ? 3 : 1;
      const answer = await table.add(Array.from({ length: size }, () => ({ a: "2" })));
      assert.ok([201, 403].includes(answer.status), answer.text);
      if (answer.status === 403) assertProblem(answer, 403, "quota_exceeded");
      return answer.status === 201 ? size : 0;
    }));
    const acknowledged = 20 + answers.reduce((a, b) => a + b, 0);
    const there = (await Promise.all(tables.map(async (table) => (await table.rows()).length))).reduce((a, b) => a + b, 0);
    assert.equal(there, acknowledged, "what was acknowledged is there");
    assert.equal(there, 30, "and it is the quota");
    assertProblem(await tables[1].add([{ a: "3" }]), 403, "quota_exceeded");
    // What is deleted makes room; an undo needs room too.
    const gone = await tables[0].removeMany([{ id: "row_1" }, { id: "row_2" }]);
    assert.equal((await tables[1].add([{ a: "3" }])).status, 201);
    assertProblem(await tables[0].undo(gone.json.change.id), 403, "quota_exceeded");
    assert.equal((await tables[1].add([{ a: "3" }])).status, 201);
    assertProblem(await tables[1].add([{ a: "3" }]), 403, "quota_exceeded");
    for (const table of tables) await send("DELETE", table.at);
  }
});

test("a retry at the edge of the quota is answered like the first time", async (t) => {
  const own = await startServer(t, { env: { ROWHOUSE_QUOTA_ROWS: "2" } });
  const send = keepAlive(own, t);
  const table = await Table.blank(["a"], send);
  const headers = { "idempotency-key": "edge" };
  assert.equal((await table.add([{ a: "1" }, { a: "2" }], { headers })).status, 201);
  await catalog(own, "UPDATE answers SET status=NULL, body=NULL, created_at=created_at-200000000");
  assert.equal((await table.add([{ a: "1" }, { a: "2" }], { headers })).status, 201);
  assert.equal((await table.rows()).length, 2);
});

test("web workers killed at work: nothing acknowledged is lost, nothing is there twice", async (t) => {
  const own = await startServer(t);
  const send = (method, target, more) => own.request(method, target, more);
  const table = await Table.blank(["who", "n"], send);
  let stop = false, kills = 0, lost = 0;
  // A client repeats what it got no answer to, with the same key, until it has one.
  const client = async (who) => {
    const mine = [];
    for (let n = 0; !stop; n++) {
      const headers = { "idempotency-key": `${who} ${n}` };
      await eventually(`an answer for ${who}`, async () => {
        try {
          const answer = await table.add([{ who, n: `${n}` }], { headers });
          if (answer.status === 201) return true;
          assert.ok([409, 502, 503].includes(answer.status), answer.text);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
        }
        lost++;
        // A key whose request never ended is free again after three minutes.
        await catalog(own, "UPDATE answers SET created_at=created_at-200000000 WHERE status IS NULL AND created_at<strftime('%s','now')*1000000-1000000");
        return false;
      });
      mine.push(`${n}`);
    }
    return mine;
  };
  const clients = Array.from({ length: 6 }, (_, i) => client(`c${i}`));
  for (; kills < 6; kills++) {
    const seen = (await catalog(own, "SELECT count(*) AS n FROM answers"))[0].n;
    await eventually("some edits", async () => (await catalog(own, "SELECT count(*) AS n FROM answers"))[0].n > seen + 10);
    const workers = processesOf(own, "web");
    signalAll(workers.slice(0, 1 + (kills % workers.length)), "SIGKILL");
  }
  stop = true;
  const all = await Promise.all(clients);
  const there = (await table.rows()).map((r) => r.cells.join(" ")).sort();
  assert.deepEqual(there, all.flatMap((mine, i) => mine.map((n) => `c${i} ${n}`)).sort());
  assert.ok(lost > 0, "some answers were lost, or this was no test");
  t.diagnostic(`${there.length} rows, ${lost} answers lost`);
  assert.equal((await table.dataset()).rows, there.length);
});

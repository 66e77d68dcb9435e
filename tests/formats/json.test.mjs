// json.test.mjs: JSON documents as tables.  The independent answer is JSON.parse; and the files of
// JSONTestSuite say what is JSON and what is not.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { root } from "../lib/server.mjs";
import { codes, linesOf, readFile, readText } from "./lib.mjs";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rowhouse-json-"));
test.after(() => fs.rmSync(folder, { recursive: true }));

const read = (text, options) => readText(folder, text, options);
const plain = (table) => ({ columns: table.columns, rows: table.rows });

const people = {
  columns: ["name", "age"],
  rows: [["Ann", 30], ["Bob", 41]],
};

// What is written, what comes out.
const documents = [
  ["an array of objects", '[{"name":"Ann","age":30},{"name":"Bob","age":41}]', people, "."],
  ["the same on lines of its own", '[\n  {\n    "name": "Ann",\n    "age": 30\n  },\n  {"name": "Bob", "age": 41}\n]\n', people, "."],
  ["an array inside an object", '{"total":2,"data":{"items":[{"name":"Ann","age":30},{"name":"Bob","age":41}]},"next":null}', people, "data.items", ["other-members"]],
  ["the longest of several arrays", '{"tags":[{"x":1}],"people":[{"name":"Ann","age":30},{"name":"Bob","age":41}]}', people, "people", ["other-members"]],
  ["a key with a point", '{"a.b":[{"name":"Ann","age":30},{"name":"Bob","age":41}]}', people, "a\\.b"],
  ["an array of arrays with a header", '[["name","age"],["Ann",30],["Bob",41]]', people, "."],
  ["an array of arrays without", '[["Ann",30],["Bob",41]]', { columns: ["column1", "column2"], rows: people.rows }, "."],
  ["arrays with a header inside an object", '{"range":"A1:B3","values":[["name","age"],["Ann","30"],["Bob","41"]]}', { columns: ["name", "age"], rows: [["Ann", "30"], ["Bob", "41"]] }, "values", ["other-members"]],
  ["an array of values", '["a", 1, null, true, [1, 2]]', { columns: ["value"], rows: [["a"], [1], [null], [true], [[1, 2]]] }, "."],
  ["an object of columns", '{"name":["Ann","Bob"],"age":[30,41]}', people, "."],
  ["an object of objects", '{"a":{"name":"Ann","age":30},"b":{"name":"Bob","age":41}}', { columns: ["key", "name", "age"], rows: [["a", "Ann", 30], ["b", "Bob", 41]] }, "."],
  ["an object of objects in a wrapper", '{"result":{"a":{"name":"Ann"},"b":{"name":"Bob"}}}', { columns: ["key", "name"], rows: [["a", "Ann"], ["b", "Bob"]] }, "result"],
  ["one object", '{"name":"Ann","age":30,"address":{"city":"Ulm"}}', { columns: ["name", "age", "address"], rows: [["Ann", 30, { city: "Ulm" }]] }, "."],
  ["objects one behind the other", '{\n "name": "Ann",\n "age": 30\n}\n{\n "name": "Bob",\n "age": 41\n}\n', people, ".", ["several-documents"]],
  ["arrays one behind the other", '["Ann",30]\n["Bob",41]\n', { columns: ["column1", "column2"], rows: people.rows }, ".", ["several-documents"]],
  ["GeoJSON", '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"n":1},"geometry":{"type":"Point","coordinates":[1,2]}}]}',
    { columns: ["type", "properties", "geometry"], rows: [["Feature", { n: 1 }, { type: "Point", coordinates: [1, 2] }]] }, "features", ["other-members"]],
  ["a key that is called key", '{"a":{"key":1},"b":{"key":2}}', { columns: ["key", "key_2"], rows: [["a", 1], ["b", 2]] }, ".", ["duplicate-label"]],
  ["nothing in an array", "[]", { columns: [], rows: [] }, ".", ["no-rows"]],
];

for (const [name, text, want, records, findings = []] of documents)
  test(name, () => {
    const table = read(text);
    assert.equal(table.error, undefined);
    assert.deepEqual(plain(table), want);
    assert.equal(table.found.format, "json");
    assert.equal(table.found.records, records);
    assert.deepEqual(codes(table), findings);
    // Reading with what was found out gives the same.
    assert.deepEqual(plain(read(text, table.found)), want);
  });

test("numbers keep the digits they are written with", () => {
  const text = '[{"n":1.10},{"n":9007199254740993},{"n":1e400},{"n":-0}]';
  assert.equal(read(text).error, undefined);
  const file = path.join(folder, "table");
  assert.equal(fs.readFileSync(file, "utf8"), text);
  const lines = linesOf(file);
  for (const number of ["1.10", "9007199254740993", "1e400", "-0"])
    assert.ok(lines.some((line) => line.endsWith(`"row":[${number}]}`)), number);
});

test("a cell with line ends in it is written on one line", () => {
  fs.writeFileSync(path.join(folder, "table"), '[{"a": {\n  "b": [1,\r\n 2, "x  y"]\n}}]');
  assert.ok(linesOf(path.join(folder, "table")).includes('{"line":1,"row":[{"b":[1,2,"x  y"]}]}'));
});

test("the place of the rows can be chosen", () => {
  const text = '{"big":[{"x":1},{"x":2},{"x":3}],"in":{"small":[{"y":1}]},"one":{"z":1}}';
  assert.deepEqual(plain(read(text)), { columns: ["x"], rows: [[1], [2], [3]] });
  assert.deepEqual(plain(read(text, { records: "in.small" })), { columns: ["y"], rows: [[1]] });
  assert.deepEqual(plain(read(text, { records: "one" })), { columns: ["z"], rows: [[1]] });
  assert.deepEqual(read(text, { records: "." }).rows, [[[{ x: 1 }, { x: 2 }, { x: 3 }], { small: [{ y: 1 }] }, { z: 1 }]]);
  assert.match(read(text, { records: "in.large" }).error, /large is not there/);
  assert.match(read(text, { records: "big.x" }).error, /not there/);
});

test("the header of arrays can be chosen", () => {
  const text = '[["a","b"],["c","d"]]';
  assert.deepEqual(plain(read(text)), { columns: ["column1", "column2"], rows: [["a", "b"], ["c", "d"]] });
  assert.deepEqual(plain(read(text, { header_rows: 1 })), { columns: ["a", "b"], rows: [["c", "d"]] });
});

// Damage in the middle: what is lost, and that nothing else is.
const broken = [
  ["a bad word in a line", '[{"a":1},{"a":tru},{"a":3}]', [1, 3], { "invalid-json": 1 }],
  ["a quote that is never closed, on lines", '[\n{"a":1},\n{"a":"x},\n{"a":3}\n]', [1, 3], { "invalid-json": 1 }],
  ["a bracket too few, on lines", '[\n  {"a":1},\n  {"a":[2},\n  {"a":3}\n]', [1, 3], { "invalid-json": 1 }],
  ["the last one, on lines", '[\n  {"a":1},\n  {"a":2\n]', [1], { "invalid-json": 1 }],
  ["a raw tab", '[{"a":1},{"a":"\t"},{"a":3}]', [1, 3], { "invalid-json": 1 }],
  ["a comma too many", '[{"a":1},{"a":2},]', [1, 2], { "invalid-json": 1 }],
  ["two commas", '[{"a":1},,{"a":2}]', [1, 2], { "invalid-json": 1 }],
  ["a comma too few", '[{"a":1}{"a":2}]', [1, 2], { "invalid-json": 1 }],
  ["cut in a row", '[{"a":1},{"a":2},{"a"', [1, 2], { truncated: 1 }],
  ["cut between rows", '[{"a":1},{"a":2},', [1, 2], { truncated: 1 }],
  ["cut behind the rows", '{"data":[{"a":1},{"a":2}],"next":', [1, 2], { truncated: 1, "other-members": 1 }],
  ["something behind the end", '[{"a":1},{"a":2}]\n%', [1, 2], { "invalid-json": 1 }],
  ["rows of another kind", '[{"a":1},7,[1],{"a":2}]', [1, 2], { "not-an-object": 2 }],
];

for (const [name, text, values, findings] of broken)
  test(`what is broken costs no other row: ${name}`, () => {
    const table = read(text, { format: "json" });
    assert.equal(table.error, undefined);
    assert.deepEqual(table.rows.map((row) => row[0]), values);
    const counts = {};
    for (const code of codes(table)) counts[code] = (counts[code] ?? 0) + 1;
    assert.deepEqual(counts, findings);
    assert.equal(table.counts.records, table.counts.rows + table.counts.skipped);
  });

test("a document without one good row says where it is wrong, and what should stand there", () => {
  const table = read('{\n  "a": [1, 2\n}', { format: "json" });
  assert.match(table.error, /byte 1 of the line a comma or the end of the array/);
  assert.equal(table.line, 3);
});

test("keys that come twice and halves of pairs are told", () => {
  const table = read('[{"a":1,"a":2},{"a":"\\ud83d"},{"a":"\\ud83d\\ude00"}]');
  assert.deepEqual(codes(table), ["duplicate-key", "lone-surrogate"]);
  assert.deepEqual(table.rows.map((row) => row[0]), [2, "\ud83d", "😀"]);
});

test("lines of objects are JSONL, with whatever is wrong in them", () => {
  for (const text of ['{"a":1}\n{"a":2}\n', '{"a":1}\n{"a":\n{"a":2}\n', '{"a":1,}\n{"a":2}\n'])
    assert.equal(read(text).found.format, "jsonl", text);
  for (const text of ['{"a":1}', '{\n"a":1}\n', '{"a":[\n{"b":1},\n{"b":2}\n]}\n'])
    assert.equal(read(text).found.format, "json", text);
});

// A linear congruential generator: the same documents each time.
function random(seed) {
  let x = seed;
  return (n) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * n);
  };
}

function value(pick, depth) {
  const kinds = [
    () => ["", "x", 'q"\\', "ä€😀", "a\nb\u0001", "007"][pick(6)],
    () => [0, -1.5, 12345678, 1e21][pick(4)],
    () => [true, false, null][pick(3)],
    () => Array.from({ length: pick(3) }, () => value(pick, depth + 1)),
    () => Object.fromEntries(Array.from({ length: pick(3) }, (_, i) => [`k${i}`, value(pick, depth + 1)])),
  ];
  return kinds[pick(depth > 3 ? 3 : 5)]();
}

test("any array of objects reads as JSON.parse says, however it is laid out", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const pick = random(seed);
    const keys = ["a", "b", "c d", "ä", "e"].slice(0, 1 + pick(5));
    const rows = Array.from({ length: 1 + pick(40) }, () =>
      Object.fromEntries(keys.filter(() => pick(4) > 0).map((key) => [key, value(pick, 0)])));
    const inside = pick(2) ? { meta: { n: 1 }, rows } : rows;
    const table = read(JSON.stringify(inside, null, [undefined, 2, "\t"][pick(3)]), {
      format: "json", ...(inside === rows ? {} : { records: "rows" }) });
    assert.equal(table.error, undefined);
    assert.equal(table.rows.length, rows.length);
    rows.forEach((row, i) =>
      table.columns.forEach((column, k) => {
        const want = column in row ? row[column] : null;
        const got = table.rows[i][k] === "" && !(column in row) ? null : table.rows[i][k];
        assert.deepEqual(got, want, `seed ${seed}, row ${i}, ${column}`);
      }));
  }
});

test("rows of a document larger than any window", () => {
  const rows = Array.from({ length: 30000 }, (_, i) => ({ id: i, text: "x".repeat(i % 90) }));
  const table = read(JSON.stringify({ head: "y".repeat(700000), rows, tail: { a: [1] } }));
  assert.equal(table.error, undefined);
  assert.equal(table.found.records, "rows");
  assert.equal(table.rows.length, 30000);
  assert.deepEqual(table.rows[29999], [29999, "x".repeat(29999 % 90)]);
});

// https://github.com/nst/JSONTestSuite: y_ is JSON, n_ is not, i_ is left to who reads it.  Of those,
// numbers beyond a double keep their digits, halves of surrogate pairs stay and are told, bytes that
// are no UTF-8 become U+FFFD or are read in the encoding that fits and are told, UTF-16 is read, and
// nesting beyond 64 levels is refused.
const suite = path.join(process.env.ROWHOUSE_SHARED ?? path.join(root, "../shared"), "data/json/jsontestsuite/test_parsing");
const told = new Set(["duplicate-key", "blank-label", "other-members", "no-rows"]);

test("JSONTestSuite", { skip: fs.existsSync(suite) ? false : `skipped: there is no ${suite}` }, () => {
  for (const name of fs.readdirSync(suite).filter((file) => file.endsWith(".json"))) {
    const table = readFile(path.join(suite, name), { format: "json" });
    const wrong = table.error ?? codes(table).find((code) => !told.has(code));
    if (name.startsWith("y_")) assert.equal(wrong, undefined, name);
    if (name.startsWith("n_")) assert.notEqual(wrong, undefined, name);
  }
});

// The benchmark of Vitagliano et al., "Pollock: A Data Loading Benchmark" (PVLDB 16(8), 2023): one
// table spoilt in many ways, read without parameters, and compared with the clean one.  Its sample
// of files, and more made here of the same kinds.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { shared, temporaryFolder } from "../lib/server.mjs";
import { grid, parseClean, readFile, readText } from "./lib.mjs";

const folder = path.join(shared, "data/csv/pollock/sample");
const options = { skip: fs.existsSync(folder) ? false : `skipped: ${folder} is not there` };

// Precision, recall and F1 of two multisets, as the paper counts them.
function measures(source, loaded) {
  if (source.length === 0) return 3;
  const left = new Map();
  for (const item of source) left.set(item, (left.get(item) ?? 0) + 1);
  let common = 0;
  for (const item of loaded)
    if (left.get(item) > 0) {
      left.set(item, left.get(item) - 1);
      common++;
    }
  if (common === 0) return 0;
  const [precision, recall] = [common / source.length, common / loaded.length];
  return precision + recall + (2 * precision * recall) / (precision + recall);
}

// 0 to 10: one for success, three each for the header, the records and the cells.
function score(source, loaded) {
  if (source.length === 0) return 10;
  const records = (rows) => rows.slice(1).map((row) => row.join(""));
  return (
    1 + measures(source[0], loaded[0] ?? []) + measures(records(source), records(loaded)) + measures(source.flat(), loaded.flat())
  );
}

test("the published sample", options, (t) => {
  let sum = 0;
  const names = fs.readdirSync(path.join(folder, "csv"));
  for (const name of names) {
    const clean = parseClean(fs.readFileSync(path.join(folder, "clean", name), "utf8"));
    const points = score(clean, grid(readFile(path.join(folder, "csv", name))));
    if (points < 9.99) t.diagnostic(`${name}: ${points.toFixed(3)}`);
    sum += points;
  }
  const mean = sum / names.length;
  t.diagnostic(`${names.length} files, mean score ${mean.toFixed(3)}`);
  assert.ok(mean > 9.8);
});

// ---- more of the same kinds ----

const quote = (cell, q = '"') => (/[",\r\n]/.test(cell) || cell.includes(q) ? q + cell.replaceAll(q, q + q) + q : cell);
const write = (rows, { delimiter = ",", end = "\r\n", all = false } = {}) =>
  rows
    .map((row) =>
      row.map((cell) => (all || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : quote(cell))).join(delimiter) + end,
    )
    .join("");

// [what, text, clean rows]
function* spoilt(rows) {
  const lines = write(rows).split("\r\n").slice(0, -1);
  const other = (i, line) => lines.map((old, k) => (k === i ? line : old) + "\r\n").join("");
  for (const delimiter of [",", ";", "|", "\t", "\t\t", " ", ":", ", ", "~", "^", "||"])
    for (const all of [false, true]) yield [`delimiter ${JSON.stringify(delimiter)} ${all}`, write(rows, { delimiter, all }), rows];
  for (const end of ["\n", "\r", "\r\n"]) yield [`end ${JSON.stringify(end)}`, write(rows, { end }), rows];
  for (let n = 1; n <= 5; n++) {
    const empty = ",".repeat(rows[0].length - 1);
    const note = Array(n).fill("NOTE");
    for (const [what, block] of [["bare", note], ["delimited", note.map((text) => text + empty)], ["and an empty line", [...note, ""]], ["and an empty row", [...note, empty]]])
      yield [`preamble of ${n} ${what}`, [...block, ...lines, ""].join("\r\n"), rows];
    yield [`footnote of ${n}`, [...lines, ...note, ""].join("\r\n"), rows];
  }
  for (const line of [0, 1, 7, rows.length - 1]) {
    for (let column = 0; column < rows[0].length; column++) {
      const cells = rows[line].map((cell) => quote(cell));
      yield [`empty cell at ${line}/${column}`, other(line, cells.toSpliced(column, 0, "").join(",")), rows];
      const odd = rows.with(line, rows[line].with(column, `"${rows[line][column]}`));
      yield [`quote at ${line}/${column}`, other(line, cells.with(column, `"${cells[column]}`).join(",")), odd];
    }
    for (const delimiter of [";", "\t", "|"])
      yield [`line ${line} with ${delimiter}`, other(line, write([rows[line]], { delimiter, end: "" })), rows];
  }
  yield ["backslashes", write(rows).replaceAll('""', '\\"'), rows];
  yield ["table below", write(rows) + write(rows.map((row) => row.slice(0, -1))), rows];
  yield ["no header", write(rows.slice(1)), rows.slice(1)];
  for (let n = 2; n <= 3; n++)
    yield [`header of ${n}`, write([...Array(n - 1).fill(rows[0]), ...rows]), [rows[0].map((label) => Array(n).fill(label).join(" ")), ...rows.slice(1)]];
}

function scoreAll(t, rows, least) {
  const place = temporaryFolder(t);
  let sum = 0, files = 0;
  for (const [what, text, clean] of spoilt(rows)) {
    const points = score(clean, grid(readText(place, text, { format: "csv" })));
    if (points < 9.9) t.diagnostic(`${what}: ${points.toFixed(3)}`);
    sum += points;
    files++;
  }
  t.diagnostic(`${files} files, mean score ${(sum / files).toFixed(3)}`);
  assert.ok(sum / files > least);
}

test("more files made of its table", options, (t) => {
  scoreAll(t, parseClean(fs.readFileSync(path.join(folder, "clean/source.csv"), "utf8")), 9.8);
});

test("files made of a table of our own", (t) => {
  const towns = ["Rome", "New York", "St. John's", "Oslo, Norway", "Zürich", 'the "Hague"', "Bonn"];
  const rows = Array.from({ length: 40 }, (_, i) => [
    String(1000 + i), `2023-0${1 + (i % 9)}-1${i % 10}`, towns[i % towns.length], `${i * 3}.${i % 10}5`, `https://example.org/${i}`, i % 3 ? "" : "checked by hand",
  ]);
  scoreAll(t, [["number", "opened", "town", "price", "page", "remark"], ...rows], 9.8);
});

// The benchmark of Vitagliano et al., "Pollock: A Data Loading Benchmark" (PVLDB 16(8), 2023): one
// table spoilt in many ways, read without parameters, and compared with the clean one.  Its sample
// of files, and more made here of the same kinds.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { shared, temporaryFolder } from "../lib/server.mjs";
import { grid, parseClean, readFile, readText } from "./lib.mjs";
import { polluted } from "./pollute.mjs";
import { tables } from "./tables.mjs";

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
  assert.ok(mean > 9.87);
});

// ---- more of the same kinds ----

// What cannot be known: between which two letters of a word the delimiter stood that is gone.
const least = { "less-separators": 9.5 };

function scoreKinds(t, source) {
  const place = temporaryFolder(t);
  const kinds = new Map();
  for (const one of polluted(source, 9)) {
    const table = readText(place, one.text, { format: "csv" });
    const points = table.error === undefined || one.wanted.length ? score(one.wanted, grid(table)) : 10;
    if (table.error === undefined) assert.equal(table.counts.records, table.rows.length + table.counts.skipped, one.name);
    if (!kinds.has(one.kind)) kinds.set(one.kind, []);
    kinds.get(one.kind).push({ points, name: one.name });
  }
  const wrong = [];
  for (const [kind, list] of kinds) {
    const mean = list.reduce((sum, one) => sum + one.points, 0) / list.length;
    t.diagnostic(`${kind}: ${mean.toFixed(3)} of ${list.length}`);
    for (const one of list) if (one.points < 9.9999) t.diagnostic(`    ${one.name}: ${one.points.toFixed(3)}`);
    if (mean < (least[kind] ?? 9.9999)) wrong.push(kind);
  }
  assert.deepEqual(wrong, []);
}

test("every odd way to write its table", options, (t) => {
  scoreKinds(t, { rows: parseClean(fs.readFileSync(path.join(folder, "clean/source.csv"), "utf8")), always: [6, 7] });
});

for (const [name, source] of Object.entries(tables())) test(`every odd way to write ${name}`, (t) => scoreKinds(t, source));

// Files and expectations that other projects published: csv-spectrum, docling, DuckDB, frictionless.
// README.md lists where this program differs, and why.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { shared } from "../lib/server.mjs";
import { codes, grid, readFile } from "./lib.mjs";

const folder = path.join(shared, "data/csv");
const options = { skip: fs.existsSync(folder) ? false : `skipped: ${folder} is not there` };
const json = (name) => JSON.parse(fs.readFileSync(path.join(folder, name), "utf8"));
const files = (name, end) => fs.readdirSync(path.join(folder, name)).filter((file) => file.endsWith(end));

test("csv-spectrum", options, () => {
  for (const file of files("csv-spectrum/csvs", ".csv")) {
    if (file === "location_coordinates.csv") continue; // its JSON has another phone number
    const table = readFile(path.join(folder, "csv-spectrum/csvs", file));
    const rows = table.rows.map((row) => Object.fromEntries(row.map((cell, i) => [table.columns[i], cell])));
    assert.deepEqual(rows, [json(`csv-spectrum/json/${file.replace(".csv", ".json")}`)].flat(), file);
  }
});

test("docling", options, () => {
  const base = "docling/tests/data/csv";
  for (const file of files(`${base}/sources`, ".csv")) {
    const table = readFile(path.join(folder, base, "sources", file));
    const expected = json(`${base}/groundtruth/${file}.json`).tables[0].data.grid.map((row) => row.map((cell) => cell.text));
    // A column without a label has a name here.
    const got = grid(table).map((row, i) => (i === 0 ? row.map((name) => (/^column\d+$/.test(name) ? "" : name)) : row));
    assert.deepEqual(got, expected, file);
  }
});

// Queries that say of a whole file, read without parameters, what is in it.
function duckdbCase({ setup = "", sql }) {
  const all = `${setup} ${sql}`;
  const call = all.match(/(?:read_csv(?:_auto)?|FROM)\s*\(?\s*['"]\{DATA_DIR\}\/([^'"]+)['"]\s*([^;)]*)/i);
  if (!call) return "no file";
  if (call[2].replace(/[\s,)]/g, "")) return "with parameters of DuckDB";
  if (!/^(select \* from|select count\(\*\) from|from)/i.test(sql) || /where|group by/i.test(sql)) return "an expression";
  if (!call[1].endsWith(".csv")) return "packed";
  return { file: call[1], count: /^select count/i.test(sql), sorted: /order by/i.test(sql), limit: Number(sql.match(/limit (\d+)/i)?.[1] ?? Infinity) };
}

// DuckDB prints what its types hold; what stands in the file is kept here.
const duckdbTypes = new Set(["dateformat.csv", "various_time_formats.csv", "time.csv", "leading_space_numerics.csv"]);

test("DuckDB", options, (t) => {
  const left = {};
  let read = 0;
  for (const query of json("duckdb/expected_queries.json")) {
    const one = duckdbCase(query);
    if (typeof one === "string" || duckdbTypes.has(path.basename(one.file))) {
      const why = typeof one === "string" ? one : "other types";
      left[why] = (left[why] ?? 0) + 1;
      continue;
    }
    const table = readFile(path.join(folder, "duckdb/data", one.file));
    let rows = table.rows.slice(0, one.limit).map((row) => row.map((cell) => (cell === "" ? "NULL" : cell)).join("\x1f"));
    // A row a line, or (in one of its tests) a cell a line.
    let expected = query.expected.map((row) => row.join("\x1f"));
    if (query.expected[0]?.length === 1) [rows, expected] = [rows, expected].map((list) => [list.join("\x1f").replaceAll("\t", "\x1f")]);
    if (one.sorted) [rows, expected] = [rows, expected].map((list) => list.sort());
    if (one.count) assert.equal(table.rows.length, Number(query.expected[0][0]), one.file);
    else assert.deepEqual(rows, expected, one.file);
    read++;
  }
  t.diagnostic(`${read} read as expected; left out: ${JSON.stringify(left)}`);
  assert.ok(read >= 20);
});

// Errors of frictionless that are findings here too, whatever else it is asked to check.
const shape = ["blank-label", "duplicate-label", "missing-cell", "extra-cell", "blank-row"];

test("frictionless", options, (t) => {
  let checked = 0;
  const left = {};
  for (const one of json("frictionless/expected_validation.json")) {
    const plain = /^Resource\('[^']*\.(csv|tsv)'\)$/.test(one.resource);
    const file = path.join(folder, "frictionless", one.file);
    const errors = one.expect_errors;
    const why = !plain ? "with a schema or options" : !fs.existsSync(file) ? "absent" : errors && !errors.fields.includes("type") ? "only a note" : null;
    if (why) {
      left[why] = (left[why] ?? 0) + 1;
      continue;
    }
    const expected = (errors?.rows ?? []).map((row) => row[errors.fields.indexOf("type")]);
    const table = readFile(file, { format: "csv" });
    // Each cell is an error there, each row a finding here.
    const found = [...new Set(codes(table).filter((code) => shape.includes(code)))].sort();
    assert.deepEqual(found, [...new Set(expected.filter((code) => shape.includes(code)))].sort(), one.file);
    checked++;
  }
  t.diagnostic(`${checked} agree; left out: ${JSON.stringify(left)}`);
  assert.ok(checked > 0);
});

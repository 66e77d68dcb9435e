// Files and expectations that other projects published: csv-spectrum and docling.
// README.md lists where this program differs, and why.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { shared } from "../lib/server.mjs";
import { grid, readFile } from "./lib.mjs";

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

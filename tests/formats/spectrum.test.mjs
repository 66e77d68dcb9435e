// spectrum.test.mjs: csv-spectrum, the small files every CSV reader should agree on, each with its rows
// as JSON.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { files, readFile } from "./read.mjs";

const here = files("csv", "csv-spectrum");
// The JSON beside it has another telephone number than the file, and no list around its row.
const unlike_its_json = "location_coordinates.csv";

test("csv-spectrum", here.options, async (t) => {
  const names = fs.readdirSync(path.join(here.folder, "csvs"));
  assert.ok(names.length > 0);
  for (const name of names)
    await t.test(name, async () => {
      const wanted = JSON.parse(fs.readFileSync(path.join(here.folder, "json", name.replace(".csv", ".json")), "utf8"));
      const read = await readFile(path.join(here.folder, "csvs", name));
      const rows = read.rows.map((row) => Object.fromEntries(read.columns.map((x, i) => [x, row[i]])));
      if (name !== unlike_its_json) return assert.deepEqual(rows, wanted);
      const { "Contact Phone Number": number, ...others } = rows[0];
      const { "Contact Phone Number": _, ...wanted_others } = wanted;
      assert.equal(number, "2095257564");
      assert.deepEqual(others, wanted_others);
    });
});

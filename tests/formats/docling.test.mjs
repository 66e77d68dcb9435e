// docling.test.mjs: the CSV files of docling's tests and the table it makes of each (groundtruth: a grid of
// texts, all rows of one length).  A column without a label has none there and is named here.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { files, readFile, table } from "./read.mjs";

const here = files("csv", "docling", "tests", "data", "csv");

test("docling's tables", here.options, async (t) => {
  const names = fs.readdirSync(path.join(here.folder, "sources"));
  assert.ok(names.length > 0);
  for (const name of names)
    await t.test(name, async () => {
      const truth = JSON.parse(fs.readFileSync(path.join(here.folder, "groundtruth", `${name}.json`), "utf8"));
      const wanted = truth.tables[0].data.grid.map((row) => row.map((cell) => cell.text));
      const read = await readFile(path.join(here.folder, "sources", name));
      const width = read.columns.length;
      const got = table(read).map((row) => Array.from({ length: width }, (_, i) => row[i] ?? ""));
      wanted[0].forEach((label, i) => {
        if (label === "" && got[0][i] === `column${i + 1}`) got[0][i] = "";
      });
      assert.deepEqual(got, wanted);
    });
});

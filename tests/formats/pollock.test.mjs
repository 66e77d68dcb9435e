// pollock.test.mjs: files written in the odd ways of the Pollock benchmark, scored as it does (score.mjs): its
// own sample, and every way again over tables of other kinds (pollute.mjs).  10 is a table read as it was.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { polluted } from "./pollute.mjs";
import { each, files, parsePlain, readFile, readText, table } from "./read.mjs";
import { score } from "./score.mjs";
import { tables } from "./tables.mjs";

// An empty file has no table, and is refused; the benchmark's answer to it is no row.
const rowsOf = (read, wanted) => (read.error === undefined ? table(read) : wanted.length ? undefined : []);

// What cannot be known: where a delimiter was that is gone, between two words; and whether a line of as
// many words as there are columns is a title or a header with spaces for delimiters.
const least = { "less-separators": 9.5, "row-delimiter": 9.6 };

const here = files("csv", "pollock", "sample");

// The same header once more: files put one behind the other, all of whose rows are wanted here.  Spaces
// inside of cells without quotes are delimiters where spaces are.  The last two: as above.
const sample_least = { "file_multitable_same.csv": 8.3, "file_field_delimiter_0x20.csv": 7.2,
  "row_less_sep_row0_col3.csv": 9.3, "row_less_sep_row5_col3.csv": 9.9 };

test("the benchmark's sample", here.options, async (t) => {
  const names = fs.readdirSync(path.join(here.folder, "csv"));
  let sum = 0;
  for (const name of names) {
    const wanted = parsePlain(fs.readFileSync(path.join(here.folder, "clean", name), "utf8"));
    const is = score(wanted, rowsOf(await readFile(path.join(here.folder, "csv", name)), wanted)).score;
    assert.ok(is >= (sample_least[name] ?? 9.9999), `${name}: ${is}`);
    sum += is;
  }
  t.diagnostic(`mean ${(sum / names.length).toFixed(3)} of ${names.length} files`);
});

for (const [name, source] of Object.entries(tables()))
  test(`every odd way to write ${name}`, async (t) => {
    const all = [...polluted(source, 9)];
    const kinds = new Map();
    await each(all, async (p) => {
      const is = score(p.wanted, rowsOf(await readText(p.text), p.wanted)).score;
      if (!kinds.has(p.kind)) kinds.set(p.kind, []);
      kinds.get(p.kind).push({ is, name: p.name });
    });
    for (const [kind, list] of kinds) {
      const mean = list.reduce((sum, x) => sum + x.is, 0) / list.length;
      const worst = list.sort((a, b) => a.is - b.is)[0];
      t.diagnostic(`${kind}: ${mean.toFixed(3)} of ${list.length}`);
      assert.ok(mean >= (least[kind] ?? 9.9999), `${kind}: ${mean}; the worst is ${worst.name} with ${worst.is}`);
    }
  });

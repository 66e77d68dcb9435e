// frictionless.test.mjs: what frictionless-py says of the files of its own tests, against our findings.
//
// Its errors are one a cell, ours one a row (missing-cell and extra-cell name the first column), and a row's
// number counts the header in both; so errors are compared as (line, code), each once, and the cells of a
// row by its first.  Checks of a schema, a checklist or a count are not about reading, and not asked.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { published, readFile } from "./lib.mjs";

const here = published("csv", "frictionless");

// Ours that they have: the others (a blank line, a repair of the reading) are theirs to accept.
const shared_codes = ["blank-label", "duplicate-label", "blank-row", "missing-cell", "extra-cell", "encoding-error"];

const not_asked = [
  [/schema|Detector|extra_label/, "checks a schema"],
  [/checks=\[/, "a check of values or of the table's size"],
  [/bytes=|rows=\d|compression='bad'|from_descriptor\('data\/issue-991/, "checks what was said of the file"],
  [/header_rows=\[2, 3, 4\]|header_rows=\[2\]/, "the header is said to be other rows than the first"],
  [/\.json'?\)|extrapaths|\.zip/, "not one plain CSV file"],
];

function optionsOf(call) {
  const out = {};
  if (/Dialect\(header=False\)/.test(call)) out.header_rows = 0;
  const delimiter = /delimiter='(.)'/.exec(call);
  if (delimiter) out.delimiter = delimiter[1];
  const encoding = /encoding='([^']*)'/.exec(call);
  if (encoding) out.encoding = encoding[1];
  return out;
}

const once = (list) => [...new Set(list)].sort();

test("frictionless: errors of files", here.options, async (t) => {
  const cases = JSON.parse(fs.readFileSync(path.join(here.folder, "expected_validation.json"), "utf8"));
  const skipped = new Map();
  let asked = 0;
  for (const [number, is] of cases.entries()) {
    const call = [is.resource, is.validate, ...is.setup].join(" ");
    const why = not_asked.find(([what]) => what.test(call))?.[1];
    if (why) {
      skipped.set(why, (skipped.get(why) ?? 0) + 1);
      continue;
    }
    asked++;
    await t.test(`${number}: ${is.file}`, async () => {
      const read = readFile(path.join(here.folder, is.file), optionsOf(call));
      const errors = is.expect_errors?.rows ?? [];
      if (errors.some((row) => row[0] === "source-error")) return assert.match(read.error, /empty/);
      assert.equal(read.error, undefined);
      const picked = /pick_errors=\[([^\]]*)\]/.exec(call)?.[1];
      const left = /skip_errors=\[([^\]]*)\]/.exec(call)?.[1];
      const counts = (code) => shared_codes.includes(code)
        && (!picked || picked.includes(code) || (picked.includes("#header") && code.endsWith("-label")))
        && !(left && (left.includes(code) || (left.includes("#header") && code.endsWith("-label"))));
      const at = (line, code) => (code.endsWith("-label") ? code : `${line} ${code}`);
      let got = once(read.findings.filter((f) => counts(f.finding)).map((f) => at(f.line, f.finding)));
      const codeOnly = is.expect_errors?.fields[0] === "type";
      let wanted = once(errors.map((row) => codeOnly ? row[0] : at(row[0], row[2])));
      if (codeOnly) got = once(got.map((x) => x.replace(/^\d+ /, "")));
      const most = /limit_errors=(\d+)/.exec(call);
      if (most) got = got.filter((x) => wanted.includes(x));
      assert.deepEqual(got, wanted);
    });
  }
  for (const [reason, n] of skipped) t.diagnostic(`not asked, ${n}: ${reason}`);
  t.diagnostic(`asked ${asked}`);
  assert.ok(asked > 0);
});

// memory.test.mjs: no memory at any one allocation while a file is read: the same table, or a failure
// that says so; never a crash, and never another table.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import zlib from "node:zlib";
import XLSX from "xlsx";
import { root } from "../lib/server.mjs";
import { zip } from "../lib/zip.mjs";

const build = process.env.ROWHOUSE_BUILD ?? "build";
const program = path.join(root, build, "tests/formats/read");
// FAULTS=all: at every allocation; else at about so many of each file, others each time.
const wanted = process.env.FAULTS === "all" ? Infinity : Number(process.env.FAULTS ?? 40);
const skip = /san/.test(build) ? "skipped: the sanitizers have an allocator of their own" : false;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rowhouse-memory-"));
test.after(() => fs.rmSync(folder, { recursive: true }));
const library = path.join(folder, "fault.so"), control = path.join(folder, "control");
if (!skip)
  execFileSync("gcc", ["-O1", "-shared", "-fPIC", "-o", library, path.join(root, "tests/faults/fault.c"), "-ldl"]);

// For fault.c a process is known by its name and its first argument, which is the file here.
function read(at) {
  const bytes = Buffer.alloc(4096);
  bytes.writeUInt32LE(5, 0); // no memory
  bytes.writeUInt32LE(at, 4);
  bytes.write("table", 24);
  fs.writeFileSync(control, bytes);
  const { status, signal, stdout, stderr } = spawnSync(program, ["table"], { argv0: "rowhouse", cwd: folder, encoding: "utf8",
    maxBuffer: 1 << 28, env: { ...process.env, LD_PRELOAD: library, LD_FAULT_CONTROL: control } });
  return { status, signal, stdout, stderr, count: fs.readFileSync(control).readUInt32LE(12) };
}

const rows = Array.from({ length: 300 }, (_, i) => [i, `text ${i}`, i / 4]);
const csv = ["id;text;é", ...rows.map((row) => row.join(";"))].join("\n");
const book = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([["id", "text", "é"], ...rows]), "S");
const objects = JSON.stringify({ n: 1, rows: rows.map(([id, text, e]) => ({ id, text, é: [e] })) });
const files = {
  "windows-1252": Buffer.from(csv, "latin1"),
  "UTF-16": Buffer.from("\ufeff" + csv, "utf16le"),
  gzip: zlib.gzipSync(csv),
  ZIP: zip({ "table.csv": csv }),
  JSON: objects,
  "JSON arrays": JSON.stringify([["id", "text", "e"], ...rows]),
  workbook: XLSX.write(book, { type: "buffer", bookType: "xlsx", bookSST: true, compression: true }),
};
for (const program of ["zstd", "bzip2", "xz"]) {
  const packed = spawnSync(program, ["-q", "-c"], { input: csv });
  if (packed.status === 0) files[program] = packed.stdout;
}

for (const [what, bytes] of Object.entries(files))
  test(`no memory at any allocation: ${what}`, { skip }, () => {
    fs.writeFileSync(path.join(folder, "table"), bytes);
    const right = read(0);
    assert.equal(right.status, 0);
    assert.ok(!right.stdout.includes('"error"') && right.count > 0, right.stdout);
    const step = Math.max(1, right.count / wanted);
    for (let at = 1 + Math.floor(Math.random() * step); at <= right.count; at += step) {
      const { status, signal, stdout, stderr } = read(Math.floor(at));
      const where = `${what}: allocation ${Math.floor(at)} of ${right.count}: ${signal ?? status} ${stdout.slice(-300)} ${stderr}`;
      assert.equal(signal, null, where);
      if (status === 75) continue; // it said that there is no memory, and ended
      assert.equal(status, 0, where);
      if (stdout !== right.stdout) assert.match(stdout, /"error":"[^"]*memory/, where);
    }
  });

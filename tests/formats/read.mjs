// read.mjs: reads a file as Rowhouse does (read_table.c) and gives back what it said, for the tests
// here; and what the tests compare with: the plainest CSV there is, written and read.

import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import zlib from "node:zlib";

const root = path.resolve(import.meta.dirname, "../..");
const program = path.join(root, process.env.ROWHOUSE_BUILD ?? "build", "tests/formats/read_table");
const shared = process.env.ROWHOUSE_SHARED ?? path.resolve(root, "../shared");

// The folder of other people's files, and for node:test why it is skipped where it is not there.
export function files(...names) {
  const folder = path.join(shared, "data", ...names);
  return { folder, options: fs.existsSync(folder) ? {} : { skip: `${names.join("/")} is not here` } };
}

// {columns, rows, findings, counts, types, found}, or {error, line, field} beside what came before.
// A row is its texts; where the file has no header the columns' names are not part of it.
// Packed files are unpacked first: that has tests of its own.
export function readFile(file, options = {}) {
  const bytes = fs.readFileSync(file);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return readText(zlib.gunzipSync(bytes), options);
  return new Promise((resolve, reject) => {
    execFile(program, [file, JSON.stringify(options)], { maxBuffer: 1 << 30 }, (error, stdout) => {
      if (error && error.code !== 1) return reject(error);
      resolve(take(stdout));
    });
  });
}

function take(stdout) {
  const out = { columns: [], rows: [], findings: [] };
  for (const line of stdout.split("\n")) {
    if (!line) continue;
    const said = JSON.parse(line);
    if ("row" in said) out.rows.push(said.cells);
    else if ("finding" in said) out.findings.push({ ...said, code: said.finding });
    else if ("column" in said) out.columns.push(said.column);
    else if ("counts" in said) {
      const [records, rows, skipped] = said.counts;
      Object.assign(out, { counts: { records, rows, skipped }, types: said.types });
    } else Object.assign(out, said);
  }
  return out;
}

// Texts (or bytes) are read through a file of their own.
export async function readText(text, options = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rowhouse-formats-"));
  try {
    const file = path.join(folder, "table.csv");
    fs.writeFileSync(file, text);
    return await readFile(file, options);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

// The table as one array of rows, the header first where there is one.
export function table(read) {
  return read.found?.header_rows === 0 ? read.rows : [read.columns, ...read.rows];
}

// At most two at a time: f(item) for all of them, in their order.
export async function each(items, f) {
  const out = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const i = next++;
      out[i] = await f(items[i], i);
    }
  };
  await Promise.all([work(), work()]);
  return out;
}

// CSV as RFC 4180 has it, and nothing else: for files that are known to be so.
export function parsePlain(text) {
  const rows = [];
  let row = [], cell = "", quoted = false, any = false;
  const end = () => {
    row.push(cell);
    rows.push(row);
    row = [];
    cell = "";
    any = false;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted && c === '"' && text[i + 1] === '"') cell += text[i++];
    else if (c === '"') quoted = !quoted;
    else if (quoted) cell += c;
    else if (c === ",") {
      row.push(cell);
      cell = "";
    } else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[i + 1] === "\n") i++;
      if (any) end();
      continue;
    } else cell += c;
    any = true;
  }
  if (any) end();
  return rows;
}

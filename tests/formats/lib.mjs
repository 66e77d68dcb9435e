// lib.mjs: files read by the program of read.c, and texts as files.

import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { root, shared } from "../lib/server.mjs";

const program = path.join(root, process.env.ROWHOUSE_BUILD ?? "build", "tests/formats/read");

// A folder of other people's files, and for node:test why it is skipped where they are not there.
export function published(...names) {
  const folder = path.join(shared, "data", ...names);
  return { folder, options: { skip: fs.existsSync(folder) ? false : `skipped: ${folder} is not there` } };
}

// One process reads all files, asked and answering through two named pipes: what is read from those
// is waited for.  It ends with this process, which holds the other end.
let reader;

function startReader() {
  fs.accessSync(program, fs.constants.X_OK);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rowhouse-read-"));
  const [questions, answers] = ["questions", "answers"].map((name) => path.join(folder, name));
  execFileSync("mkfifo", [questions, answers]);
  spawn("sh", ["-c", 'exec "$0" <"$1" >"$2"', program, questions, answers], { stdio: ["ignore", "ignore", "inherit"] }).unref();
  reader = { questions: fs.openSync(questions, "w"), answers: fs.openSync(answers, "r"), bytes: Buffer.alloc(1 << 20) };
  fs.rmSync(folder, { recursive: true });
}

// The lines that the program prints.
export function linesOf(file, options = {}) {
  if (!reader) startReader();
  fs.writeSync(reader.questions, `${file}\t${JSON.stringify(options)}\n`);
  const parts = [];
  for (let tail = ""; tail !== "\n\n"; ) {
    const n = fs.readSync(reader.answers, reader.bytes);
    if (n === 0) {
      reader = undefined;
      throw new Error(`the reader ended while it read ${file}`);
    }
    parts.push(Buffer.from(reader.bytes.subarray(0, n)));
    tail = (tail + parts.at(-1).subarray(-2).toString("latin1")).slice(-2);
  }
  return Buffer.concat(parts).toString().trimEnd().split("\n");
}

// What the reader told: {found, columns, rows, lines, findings, counts} or {error}.
// A row that is short gets empty cells at its end, as the table shows it.
export function readFile(file, options = {}) {
  const table = { columns: [], rows: [], lines: [], findings: [] };
  for (const line of linesOf(file, options).map((text) => JSON.parse(text))) {
    if (line.finding) table.findings.push(line);
    else if (line.row) {
      table.rows.push(line.row);
      table.lines.push(line.line);
    } else if (line.column !== undefined) table.columns.push(line.column);
    else if (line.records !== undefined) table.counts = line;
    else Object.assign(table, line);
  }
  for (const row of table.rows) while (row.length < table.columns.length) row.push("");
  return table;
}

export function readText(folder, text, options = {}) {
  const file = path.join(folder, "table");
  fs.writeFileSync(file, text);
  return readFile(file, options);
}

// Header and rows as one grid, without the names that nobody gave.
export function grid(table) {
  return table.found?.header_rows === 0 ? table.rows : [table.columns, ...table.rows];
}

export function codes(table) {
  return table.findings.map((finding) => finding.finding);
}

// RFC 4180 and nothing else: for files that are known to be clean.
export function parseClean(text) {
  const rows = [];
  let row = [], cell = "", quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ",") {
      row.push(cell);
      cell = "";
    } else if (c === "\n") {
      rows.push([...row, cell]);
      row = [];
      cell = "";
    } else if (c !== "\r") cell += c;
  }
  if (cell || row.length) rows.push([...row, cell]);
  return rows;
}

// The list with another value at a place; from the end when that is negative.
export const replaced = (list, at, value) =>
  list.map((old, i) => (i === (at < 0 ? list.length + at : at) ? value : old));

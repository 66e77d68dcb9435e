// lib.mjs: files read by the program of read.c, and texts as files.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { root } from "../lib/server.mjs";

const program = path.join(root, process.env.ROWHOUSE_BUILD ?? "build", "tests/formats/read");

// The lines that the program prints.
export function linesOf(file, options = {}) {
  const { status, stdout, stderr } = spawnSync(program, [file, JSON.stringify(options)], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`reading ${file} ended with ${status}: ${stderr}`);
  return stdout.trimEnd().split("\n");
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

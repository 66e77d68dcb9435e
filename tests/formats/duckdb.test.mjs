// duckdb.test.mjs: DuckDB's own tests of its CSV reader, answered by ours: queries whose meaning is rows,
// counts, sums, names or types of one file, under options that Rowhouse has too.  What is not asked, and
// where we answer otherwise on purpose, is in the two tables below and in README.md.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { published, readFile } from "./lib.mjs";

const here = published("csv", "duckdb");

// Options of theirs: what they are here, or that they change nothing that is compared.
const options = {
  delim: "delimiter", sep: "delimiter", delimiter: "delimiter", separator: "delimiter",
  quote: "quote", escape: "escape", comment: "comment", skip: "skip_lines", header: "header_rows",
};
const without_meaning = ["buffer_size", "sample_size", "auto_detect", "new_line", "compression", "strict_mode", "parallel"];

// Why a query is not asked, by what stands in it; the first that matches.
const not_asked = [
  [/ignore_errors/i, "rows that do not fit are left out there and repaired here"],
  [/normalize_names|dateformat|timestampformat|force_|\bnull\b '|nullstr/i, "an option that Rowhouse has not"],
  [/COPY test \(/i, "reads into some columns of a table that exists"],
  [/typeof\(.*(types|columns?) ?=|column_types|types=|'BLOB'/i, "types are given, not found"],
  [/STRUCT\(|JSON'|r\(d\)|RECURSIVE|group by|order by \w+ limit|read_csv\(\[/i, "asks more of SQL than a reader"],
  [/sniff_csv.*|typeof.*t1\(/i, "asks for DuckDB's own words about a file", (sql) => !/columns FROM sniff_csv/i.test(sql)],
  [/TestDouble is not NULL/, "asks more of SQL than a reader"],
];

// Files where we read something else on purpose: README.md says why.
const read_otherwise = [
  { reason: "a date that is not in the form of ISO 8601 stays the text it is",
    queries: [52, 53, 55, 57, 59, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78] },
  { reason: "a date with spaces around it is text, which would be changed otherwise", queries: [66] },
  { reason: "a blank line is no row, and a finding", queries: [138, 176] },
];

const value = (text) => {
  const is = text.trim().replace(/^'([^]*)'$/, "$1");
  return { true: "1", false: "0" }[is.toLowerCase()] ?? is;
};

// At commas outside of quotes and brackets.
function split(list) {
  const out = [""];
  let depth = 0, quote = "";
  for (const c of list) {
    if (quote) quote = c === quote ? "" : quote;
    else if (c === "'" || c === '"') quote = c;
    else if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    if (c === "," && !depth && !quote) out.push("");
    else out[out.length - 1] += c;
  }
  return out.map((x) => x.trim()).filter(Boolean);
}

// {options, names} of one call or COPY; names are those of columns={...}.
function takeOptions(text) {
  const out = { options: {} };
  const call = /(?:read_csv|read_csv_auto|sniff_csv)\s*\(\s*['"][^'"]*['"]\s*,?([^]*)\)/i.exec(text)?.[1];
  const copy = /COPY \w+[^]*?FROM '[^']*'\s*\(?([^]*?)\)?\s*;?$/i.exec(text)?.[1];
  const list = call !== undefined ? split(cutBehind(call)) : split((copy ?? "").replace(/^\s*DELIMITER/i, "DELIMITER"));
  for (const item of list) {
    const [, name, is] = /^(\w+)\s*(?::=|=|\s)\s*([^]*)$/.exec(item) ?? [, item, ""];
    const key = name.toLowerCase();
    if (options[key]) out.options[options[key]] = toOurs(options[key], value(is));
    else if (key === "columns" || key === "names") out.names = [...is.matchAll(/'?(\w+)'?\s*:=?/g)].map((m) => m[1]);
    else if (!without_meaning.includes(key)) out.unknown = name;
  }
  return out;
}

// The call's own bracket ends it.
function cutBehind(list) {
  let depth = 0;
  for (let i = 0; i < list.length; i++) {
    if (list[i] === "(") depth++;
    if (list[i] === ")" && depth-- === 0) return list.slice(0, i);
  }
  return list;
}

const toOurs = (name, is) => name === "header_rows" || name === "skip_lines" ? Number(is)
  : is === "" ? "none" : { "\t": "tab", " ": "space" }[is] ?? is;

const types = { integer: ["BIGINT", "INTEGER", "HUGEINT"], number: ["DOUBLE", "BIGINT"], boolean: ["BOOLEAN"], date: ["DATE"],
  datetime: ["TIMESTAMP"], string: ["VARCHAR", "TIME"], text: ["VARCHAR"] };

// A column by DuckDB's name for it: its own names count from 0, and the k-th namesake of x is x_k.
function indexOf(read, names, name) {
  const same = (a, b) => a.toLowerCase() === b.toLowerCase();
  const list = names ?? read.columns;
  const at = list.findIndex((x) => same(x, name));
  // Ours count from 1, so a name that stands where it says is one that was made here.
  if (at >= 0 && name !== `column${at + 1}`) return at;
  const unnamed = /^column0*(\d+?)(_1)?$/.exec(name);
  if (unnamed) return Number(unnamed[1]);
  const namesake = /^(.*?)_(\d+)(_1)*$/.exec(name);
  if (namesake) {
    const group = list.flatMap((x, i) => same(x, namesake[1]) || new RegExp(`^${namesake[1]}[ _(]+\\d`, "i").test(x) ? [i] : []);
    return group[Number(namesake[2])] ?? -1;
  }
  return -1;
}

const same = (wanted, got) => {
  if (wanted === got) return true;
  if (got === undefined || got === "") return wanted === "NULL" || wanted === "(empty)" || wanted === "";
  if (wanted !== "" && got.trim() !== "" && Number(wanted) === Number(got)) return true;
  return wanted.trim() === got.trim() || wanted.trim() === `${got.trim()}:00`; // a time without its seconds
};

// The answer to the query in rows of texts.
function answer(sql, read, names) {
  const count = /count\(\*\)/i.test(sql) || /^(COPY|INSERT)/i.test(sql);
  if (count) return [[String(read.rows.length)]];
  const list = /^select\s+([^]*?)\s+from\b/i.exec(sql)?.[1] ?? "*";
  if (/columns FROM sniff_csv/i.test(sql)) return read.columns.map((x) => [x]);
  const picks = list === "*" ? null : split(list).map((item) => {
    const [, f, name] = /^(sum|typeof)\((.*)\)$/i.exec(item) ?? [, "", item];
    return { f: f.toLowerCase(), at: name[0] === "#" ? Number(name.slice(1)) - 1 : indexOf(read, names, name) };
  });
  if (picks?.[0].f === "typeof") return [picks.map((p) => read.counts.types[p.at])];
  if (picks?.[0].f === "sum")
    return [picks.map((p) => String(read.rows.reduce((sum, row) => sum + Number(row[p.at]), 0)))];
  const limit = Number(/limit (\d+)/i.exec(sql)?.[1] ?? Infinity);
  const rows = picks ? read.rows.map((row) => picks.map((p) => row[p.at] ?? "")) : read.rows;
  return rows.slice(0, limit);
}

const sniffed = (text) => [...text.matchAll(/'name': (?:'((?:[^'\\]|\\'{1,2})*)'|([^,]*)), 'type'/g)]
  .map((m, i) => [(m[1] ?? m[2]).replace(/\\'/g, "'").replace(/^column\d+$/, `column${i + 1}`)]);

function compare(query, got) {
  const sql = query.sql;
  if (/typeof/i.test(sql))
    return assert.ok(query.expected[0].every((type, i) => types[got[0][i]]?.includes(type)), `types ${got[0]}, wanted ${query.expected[0]}`);
  const wanted = /columns FROM sniff_csv/i.test(sql) ? sniffed(query.expected[0][0]) : query.expected;
  const key = (row) => row.map((x) => (x === "NULL" ? "" : x.trim())).join("\0");
  const order = (rows) => /order by/i.test(sql) ? [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1)) : rows;
  // Some expectations are written a value a line, which a tab in a value breaks.
  if (query.types.length > 1 && wanted[0]?.length === 1)
    return assert.deepEqual(got.flat(), wanted.map((row) => row.join("\t")));
  const [w, g] = [order(wanted), order(got)];
  assert.equal(g.length, w.length, `rows ${JSON.stringify(g.slice(0, 4))}`);
  w.forEach((row, i) => assert.ok(row.length === g[i].length && row.every((x, k) => same(x, g[i][k])),
    `row ${i + 1} is ${JSON.stringify(g[i])}, wanted ${JSON.stringify(row)}`));
}

test("DuckDB's queries of CSV files", here.options, async (t) => {
  const queries = JSON.parse(fs.readFileSync(path.join(here.folder, "expected_queries.json"), "utf8"));
  const counts = { agreed: 0, otherwise: 0, skipped: new Map() };
  for (const [number, query] of queries.entries()) {
    const sql = query.sql.replaceAll("{DATA_DIR}", "data").replace(/\s+/g, (x) => (x.includes("\t") ? x : " ")).trim();
    const text = query.setup ? query.setup.replaceAll("{DATA_DIR}", "data").trim() : sql;
    const why = not_asked.find(([what, , also]) => what.test(`${text} ${sql}`) && (!also || also(sql)))?.[1];
    const { options: how, names, unknown } = takeOptions(text.replace(/;$/, ""));
    if (why || unknown) {
      const reason = why ?? `an option that Rowhouse has not`;
      counts.skipped.set(reason, (counts.skipped.get(reason) ?? 0) + 1);
      continue;
    }
    const otherwise = read_otherwise.find((x) => x.queries.includes(number));
    await t.test(`${number}: ${query.file}`, async () => {
      const read = readFile(path.join(here.folder, query.file), how);
      const agrees = () => {
        assert.equal(read.error, undefined);
        compare(query, answer(sql, read, names));
      };
      // What is listed must still be so, or the list is wrong.
      if (otherwise) assert.throws(agrees, `agrees now: ${otherwise.reason}`);
      else agrees();
      counts[otherwise ? "otherwise" : "agreed"]++;
    });
  }
  for (const [reason, n] of counts.skipped) t.diagnostic(`not asked, ${n}: ${reason}`);
  t.diagnostic(`agreed ${counts.agreed}, read otherwise on purpose ${counts.otherwise}`);
  assert.ok(counts.agreed > 0);
});

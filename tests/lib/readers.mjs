// readers.mjs: files of other formats read by other people's programs: what an export is held against.

import { DuckDBInstance } from "@duckdb/node-api";
import avro from "avsc";
import xlsx from "xlsx";

// What DuckDB answers to a statement: {names, types, rows}; whole numbers over 2^53, days and moments
// as text.
export async function duckdb(statement) {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone='UTC'");
    const types = await connection.runAndReadAll(`DESCRIBE ${statement}`);
    const reader = await connection.runAndReadAll(statement);
    return { names: reader.columnNames(), types: types.getRowsJson().map((row) => row[1]), rows: reader.getRowsJson() };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

// Longs as BigInt, so that all 64 bits are seen.
const long = avro.types.LongType.__with({
  fromBuffer: (bytes) => bytes.readBigInt64LE(),
  toBuffer: (n) => { const b = Buffer.alloc(8); b.writeBigInt64LE(n); return b; },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (n) => typeof n === "bigint",
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
});

// {schema, codec, rows: arrays in the order of the fields; a union's branch is its value}
export function readAvro(file) {
  return new Promise((resolve, reject) => {
    const rows = [];
    let schema, codec;
    const unwrap = (v) => (v !== null && typeof v === "object" && !Array.isArray(v) && typeof v !== "bigint" ? Object.values(v)[0] : v);
    avro.createFileDecoder(file, { parseHook: (written) => avro.Type.forSchema(written, { registry: { long } }) })
      .on("metadata", (type, name, header) => {
        schema = JSON.parse(header.meta["avro.schema"].toString());
        codec = name;
      })
      .on("data", (record) => rows.push(schema.fields.map((f) => unwrap(record[f.name]))))
      .on("end", () => resolve({ schema, codec, rows }))
      .on("error", reject);
  });
}

// The cells of the only sheet: rows of {t, v, w, f} or undefined: type, value, as it is shown, formula.
export function readXlsx(file) {
  const book = xlsx.readFile(file, { cellNF: true, cellFormula: true, dense: false });
  const sheet = book.Sheets[book.SheetNames[0]];
  if (!sheet["!ref"]) return [];
  const { e } = xlsx.utils.decode_range(sheet["!ref"]);
  return Array.from({ length: e.r + 1 }, (_, r) =>
    Array.from({ length: e.c + 1 }, (_, c) => sheet[xlsx.utils.encode_cell({ r, c })]));
}

// RFC 4180 as the RFC has it, and no more: fields as {text, quoted}.
export function parseCsv(text, delimiter = ",", end = "\n") {
  const rows = [];
  let at = 0;
  while (at < text.length) {
    const row = [];
    for (;;) {
      let field = "";
      const quoted = text[at] === "\"";
      if (quoted) {
        at++;
        for (;;) {
          const q = text.indexOf("\"", at);
          if (q < 0) throw new Error("a quote is not closed");
          field += text.slice(at, q);
          at = q + 1;
          if (text[at] !== "\"") break;
          field += "\"";
          at++;
        }
      } else {
        const from = at;
        while (at < text.length && text[at] !== delimiter && !text.startsWith(end, at)) at++;
        field = text.slice(from, at);
      }
      row.push({ text: field, quoted });
      if (text[at] === delimiter) at++;
      else break;
    }
    if (!text.startsWith(end, at)) throw new Error(`no line end at ${at}`);
    at += end.length;
    rows.push(row);
  }
  return rows;
}

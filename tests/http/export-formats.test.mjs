// export-formats.test.mjs: what other programs read in our files is what was put in: DuckDB, avsc,
// SheetJS, and a CSV parser as the RFC has it, over tables out of awkward values.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { duckdb, parseCsv, readAvro, readXlsx } from "../lib/readers.mjs";
import { program, startServer, temporaryFolder } from "../lib/server.mjs";
import { makeDataset, ours } from "../lib/things.mjs";

const scope = { after };
const server = await startServer(scope);
const folder = temporaryFolder(scope);

// The file of an export, and what the job says about it.
async function exported(id, fields) {
  const started = await server.request("POST", `${ours}/datasets/${id}/exports`, { json: fields });
  assert.equal(started.status, 202, started.text);
  const job = await server.waitForJob(started.json.job.id);
  if (job.state !== "done") return { job };
  const answer = await server.request("GET", job.export.link);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.bytes.length, job.export.bytes);
  const ending = answer.headers["content-disposition"].match(/\.(\w+)$/)[1];
  const file = path.join(folder, `${job.id}.${ending}`);
  fs.writeFileSync(file, answer.bytes);
  return { file, job, text: answer.text, notes: job.export.notes };
}

// ---- tables out of awkward values, the same ones every time ----

function random(seed) {
  let x = BigInt(seed) * 2654435761n + 1n;
  return (n) => {
    x ^= (x << 13n) & 0xffffffffffffffffn;
    x ^= x >> 7n;
    x ^= (x << 17n) & 0xffffffffffffffffn;
    return Number(x % BigInt(n));
  };
}
const pick = (next, list) => list[next(list.length)];
const pieces = ["a", " ", ",", "\"", "\n", "\r\n", "\\", "é", "\t", "0123456789abcdef", "\u0001", "\u007f", "🏠", "{",
  "<b>&amp;", "_x000D_", "'", "=", "null", "\ufffe", "]]>", "\u2028"];
const words = (next) => Array.from({ length: next(6) }, () => pick(next, pieces)).join("");
const two = (n) => String(n).padStart(2, "0");
const day = (next) => `${1900 + next(200)}-${two(1 + next(12))}-${two(1 + next(28))}`;
const clock = (next) => `${two(next(24))}:${two(next(60))}:${two(next(60))}`;

// What a column holds, as JSON tokens, and what becomes of it.
const kinds = {
  text: (next) => JSON.stringify(words(next)),
  int: (next) => pick(next, ["0", "-1", "42", "9007199254740993", "9223372036854775807", "-9223372036854775808"]),
  big: (next) => pick(next, ["1", "9223372036854775808", "18446744073709551616", "-9223372036854775809"]),
  num: (next) => pick(next, ["0.1", "-2.5", "1e-7", "123456789.12345678", "3", "5e-324", "1.7976931348623157e308"].slice(0, 5)),
  dec: (next) => pick(next, ["1.10", "2.50", "-0.00", "3.1"]),
  long: (next) => pick(next, ["0.1", "0.12345678901234567890123", "1e400"]),
  bool: (next) => pick(next, ["true", "false"]),
  day: (next) => JSON.stringify(day(next)),
  at: (next) => JSON.stringify(`${day(next)}T${clock(next)}${pick(next, ["", ".5", ".123456"])}Z`),
  local: (next) => JSON.stringify(`${day(next)}T${clock(next)}${pick(next, ["", ".5", ".123"])}`),
  json: (next) => pick(next, ["{\"k\":[1,\"é\\n\"]}", "[]", "{\"a\":1.10}", "[null,{}]"]),
  tags: (next) => `[${Array.from({ length: next(4) }, () => JSON.stringify(words(next))).join(",")}]`,
  mixed: (next) => pick(next, ["5", "\"5\"", "true", "\"word\"", "1.10"]),
  code: (next) => JSON.stringify(pick(next, ["007", "008", "+5", "-x", "=1+1", "@a", "\tb"])),
};
const names = Object.keys(kinds);

// Rows of tokens: undefined is absent.
function table(seed, count) {
  const next = random(seed);
  return Array.from({ length: count }, () =>
    names.map((name) => (next(8) === 0 ? (next(2) ? undefined : "null") : kinds[name](next))));
}
const line = (row) => `{${row.flatMap((token, i) => (token === undefined ? [] : [`${JSON.stringify(names[i])}:${token}`])).join(",")}}\n`;

// So that every column has the type it is meant to have.
const first = ["\"x\"", "1", "9223372036854775808", "0.5", "1.10", "0.25", "true", "\"2024-03-14\"",
  "\"2024-03-14T15:30:00Z\"", "\"2024-03-14T15:30:00\"", "{}", "[\"t\"]", "\"m\"", "\"007\""];
const rows = [first, ...table(1, 400)];
const dataset = await makeDataset(server, rows.map(line).join(""), { fileName: "data.jsonl" });
assert.equal(dataset.state, "ready");

const isNothing = (token) => token === undefined || token === "null";
// A cell's own text, whatever it is.
const textOf = (token) => (token[0] === "\"" ? JSON.parse(token) : token);

function micros(text) {
  const [, whole, , fraction = ""] = text.match(/^([^.Z]*)(\.(\d*))?Z?$/);
  return BigInt(Date.parse(`${whole.replace(" ", "T")}Z`)) * 1000n + BigInt(fraction.padEnd(6, "0"));
}

test("Parquet, read by DuckDB: types as promised, every value exact, nothing silently null", async () => {
  for (const compress of [true, false]) {
    const { file, notes } = await exported(dataset.id, { format: "parquet", compress });
    const read = await duckdb(`SELECT * FROM read_parquet('${file}')`);
    assert.deepEqual(read.names, names);
    assert.deepEqual(read.types, ["VARCHAR", "BIGINT", "VARCHAR", "DOUBLE", "DOUBLE", "VARCHAR", "BOOLEAN", "DATE",
      "TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "JSON", "JSON", "VARCHAR", "VARCHAR"]);
    assert.equal(read.rows.length, rows.length);
    for (const [r, row] of rows.entries())
      for (const [i, name] of names.entries()) {
        const got = read.rows[r][i];
        const where = `row ${r} ${name} ${row[i]}`;
        if (isNothing(row[i])) assert.equal(got, null, where);
        else if (["num", "dec"].includes(name)) assert.equal(Number(got), Number(row[i]), where);
        else if (name === "bool") assert.equal(got, row[i] === "true", where);
        else if (["at", "local"].includes(name))
          assert.equal(micros(String(got).replace(/\+00$/, "")), micros(textOf(row[i])), where);
        else assert.equal(String(got), ["json", "tags"].includes(name) ? row[i] : textOf(row[i]), where);
      }
    const about = (name) => notes.filter((n) => n.column === name).map((n) => n.message).join(" ");
    assert.match(about("big"), /9223372036854775808 in row 1 cannot be kept as number/);
    assert.match(about("long"), /text/);
    assert.match(about("dec"), /value/);
    assert.match(about("mixed"), /JSON/);
    for (const name of ["text", "int", "bool", "day", "json", "code"]) assert.equal(about(name), "", name);
    assert.equal(Number(notes.find((n) => n.column === "dec").count),
      rows.filter((row) => ["1.10", "2.50", "-0.00"].includes(row[4])).length);
    // zstd or nothing, as it was asked for.
    const meta = await duckdb(`SELECT DISTINCT compression FROM parquet_metadata('${file}')`);
    assert.deepEqual(meta.rows, [[compress ? "ZSTD" : "UNCOMPRESSED"]]);
  }
});

test("Avro, read by avsc: types as promised, arrays, original names in doc, every value exact", async () => {
  for (const compress of [true, false]) {
    const { file } = await exported(dataset.id, { format: "avro", compress });
    const read = await readAvro(file);
    assert.equal(read.codec, compress ? "deflate" : "null");
    const string = ["null", "string"];
    assert.deepEqual(read.schema.fields.map((f) => f.type), [string, ["null", "long"], string, ["null", "double"],
      ["null", "double"], string, ["null", "boolean"], string, string, string, string,
      ["null", { type: "array", items: "string" }], string, string]);
    assert.deepEqual(read.schema.fields.map((f) => f.doc), names);
    assert.equal(read.rows.length, rows.length);
    for (const [r, row] of rows.entries())
      for (const [i, name] of names.entries()) {
        const got = read.rows[r][i];
        const where = `row ${r} ${name} ${row[i]}`;
        if (isNothing(row[i])) assert.equal(got, null, where);
        else if (name === "int") assert.equal(got, BigInt(row[i]), where);
        else if (["num", "dec"].includes(name)) assert.equal(got, Number(row[i]), where);
        else if (name === "bool") assert.equal(got, row[i] === "true", where);
        else if (name === "tags") assert.deepEqual(got, JSON.parse(row[i]), where);
        else assert.equal(got, textOf(row[i]), where);
      }
  }
  const odd = await makeDataset(server, "a b,a_b,1st,é🏠,a.b\n1,2,3,4,5\n");
  const { schema } = await readAvro((await exported(odd.id, { format: "avro" })).file);
  assert.deepEqual(schema.fields.map((f) => [f.name, f.doc]),
    [["a_b", "a b"], ["a_b_2", "a_b"], ["_1st", "1st"], ["__", "é🏠"], ["a_b_3", "a.b"]]);
});

test("Avro: longs, doubles and booleans in arrays; what is mixed stays JSON", async () => {
  const { id } = await makeDataset(server, [
    "{\"n\":[1,-9223372036854775808],\"d\":[0.5,2],\"b\":[true],\"m\":[1,\"a\"],\"t\":[1.10]}",
    "{\"n\":[],\"d\":null,\"b\":[false, true],\"m\":[],\"t\":[2]}", ""].join("\n"), { fileName: "a.jsonl" });
  const { schema, rows: got } = await readAvro((await exported(id, { format: "avro" })).file);
  assert.deepEqual(schema.fields.map((f) => f.type[1].items ?? f.type[1]), ["long", "double", "boolean", "string", "string"]);
  assert.deepEqual(got, [[[1n, -9223372036854775808n], [0.5, 2], [true], "[1,\"a\"]", "[1.10]"],
    [[], null, [false, true], "[]", "[2]"]]);
});

test("XLSX, read by SheetJS: numbers only where they are shown whole, dates as dates, no formula", async () => {
  const { file, notes } = await exported(dataset.id, { format: "xlsx" });
  const out = path.join(folder, "unpacked");
  execFileSync("unzip", ["-q", "-o", file, "-d", out]);
  execFileSync("xmllint", ["--noout", ...fs.readdirSync(out, { recursive: true }).filter((n) => /\.(xml|rels)$/.test(n))
    .map((n) => path.join(out, n))]);
  const [header, ...read] = readXlsx(file);
  assert.deepEqual(header.map((c) => c.v), names);
  assert.equal(read.length, rows.length);
  const told = {};
  for (const [r, row] of rows.entries())
    for (const [i, name] of names.entries()) {
      const cell = read[r][i];
      const where = `row ${r} ${name} ${row[i]} ${JSON.stringify(cell)}`;
      assert.equal(cell?.f, undefined, where);
      if (isNothing(row[i]) || textOf(row[i]) === "") {
        assert.ok(!cell || cell.t === "z", where);
        continue;
      }
      const text = textOf(row[i]);
      const digits = text.replace(/e.*$/i, "").replace(/[-.]/g, "").replace(/^0+/, "").length;
      if (row[i] === "true" || row[i] === "false") assert.deepEqual([cell.t, cell.v], ["b", row[i] === "true"], where);
      else if (row[i][0] !== "\"" && !"[{".includes(row[i][0]) && cell.t === "n") {
        assert.equal(cell.v, Number(text), where);
        assert.ok(digits <= 15, where);
        if (!/e/i.test(text)) assert.equal(cell.w, text, where);
      } else if (name === "day" && cell.t === "n") assert.equal(cell.w, text, where);
      else if (name === "local" && cell.t === "n") {
        assert.equal(Math.round((cell.v - 25569) * 86400000), Number(micros(text) / 1000n), where);
        assert.ok(cell.w.startsWith(text.slice(0, 10)), where);
      } else {
        assert.equal(cell.t, "s", where);
        assert.equal(cell.v, text, where);
        if (["int", "big", "num", "dec", "long", "bool", "day", "at", "local"].includes(name) || /^[-\d]/.test(row[i]))
          told[name] = (told[name] ?? 0) + 1;
      }
    }
  assert.deepEqual(Object.fromEntries(notes.map((n) => [n.column, n.count])), told);
});

test("XLSX refuses what a sheet cannot hold, and says where", async () => {
  const at = await makeDataset(server, `a,b\n1,${"x".repeat(32767)}\n`);
  assert.equal(readXlsx((await exported(at.id, { format: "xlsx" })).file)[1][1].v.length, 32767);
  const over = await makeDataset(server, `a,b\n1,x\n2,${"x".repeat(32768)}\n`);
  const { job } = await exported(over.id, { format: "xlsx" });
  assert.equal(job.state, "failed");
  assert.match(job.error.message, /row 2 .* column b/);
  assert.equal((await exported(over.id, { format: "xlsx", columns: ["a"] })).job.state, "done");
  // Characters are counted as spreadsheets do: a house is two.
  const houses = await makeDataset(server, `a\n${"🏠".repeat(16384)}\n`);
  assert.equal((await exported(houses.id, { format: "xlsx" })).job.state, "failed");
});

test("CSV and TSV as the RFC reads them, and DuckDB; JSON and JSON Lines token for token", async () => {
  for (const [format, delimiter] of [["csv", ","], ["tsv", "\t"]]) {
    const { file, text } = await exported(dataset.id, { format });
    const [header, ...read] = parseCsv(text, delimiter);
    assert.deepEqual(header.map((f) => f.text), names);
    const duck = await duckdb(`SELECT * FROM read_csv('${file}', all_varchar=true, header=true, delim='${delimiter}', quote='"', escape='"', null_padding=false)`);
    assert.equal(duck.rows.length, rows.length);
    for (const [r, row] of rows.entries())
      for (const [i, token] of row.entries()) {
        assert.deepEqual(read[r][i].text, isNothing(token) ? "" : textOf(token));
        if (isNothing(token)) assert.equal(read[r][i].quoted, false);
        else if (textOf(token) === "") assert.equal(read[r][i].quoted, true);
        assert.equal(duck.rows[r][i] ?? "", isNothing(token) ? "" : textOf(token));
      }
    const bare = parseCsv((await exported(dataset.id, { format, header: false })).text, delimiter);
    assert.deepEqual(bare, read);
  }
  const lines = (await exported(dataset.id, { format: "jsonl" })).text;
  assert.equal(lines, rows.map(line).join(""));
  const { file, text } = await exported(dataset.id, { format: "json" });
  assert.deepEqual(JSON.parse(text), lines.trimEnd().split("\n").map((l) => JSON.parse(l)));
  assert.equal(text, `[\n${lines.trimEnd().split("\n").join(",\n")}\n]\n`);
  const read = await duckdb(`SELECT text, code, int FROM read_json('${file}', format='array', columns={text:'VARCHAR', code:'VARCHAR', int:'BIGINT'})`);
  assert.deepEqual(read.rows, rows.map((row) => [0, 13, 1].map((i) => (isNothing(row[i]) ? null : textOf(row[i])))));
});

test("safe for spreadsheets: byte order mark, CRLF, and no text that is taken for a formula", async () => {
  const values = ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\nx", "-", "a=1", "'=1", " =1", "", "-1.5e3", "=\"x,y\""];
  const content = values.map((v, i) => `{"=t":${JSON.stringify(v)},"n":${i % 2 ? -i : `"-${i}"`},"m":"-2"}\n`).join("");
  const { id } = await makeDataset(server, content, { fileName: "a.jsonl" });
  const { text, notes } = await exported(id, { format: "csv", safe: true });
  assert.equal(text[0], "\ufeff");
  const [header, ...read] = parseCsv(text.slice(1), ",", "\r\n");
  assert.deepEqual(header.map((f) => f.text), ["'=t", "n", "m"]);
  const dangerous = (v) => /^[=+\-@\t\r\n]/.test(v);
  for (const [i, v] of values.entries())
    assert.equal(read[i][0].text, dangerous(v) ? `'${v}` : v);
  // n holds texts, too, so it is no column of numbers: only what is a number itself is let be.
  for (const [i, row] of read.entries()) assert.equal(row[1].text, i % 2 ? String(-i) : `'-${i}`);
  const counts = Object.fromEntries(notes.map((n) => [n.column, n.count]));
  assert.deepEqual(counts, { "=t": values.filter(dangerous).length, n: 7, m: values.length });
  // In a CSV's column of numbers a text that is one stays as it is.
  const numbers = await makeDataset(server, "n,t\n-1,a\n-2.50,=b\n");
  const safe = await exported(numbers.id, { format: "csv", safe: true });
  assert.equal(safe.text, "\ufeffn,t\r\n-1,a\r\n-2.50,\"'=b\"\r\n");
  const tsv = await exported(numbers.id, { format: "tsv", safe: true });
  assert.equal(tsv.text, "\ufeffn\tt\r\n-1\ta\r\n-2.50\t\"'=b\"\r\n");
});

test("columns are those that were chosen, in their order; unknown and double ones are refused", async () => {
  const chosen = ["col_code", "int", "col_text"];
  for (const format of ["csv", "jsonl", "parquet", "avro", "xlsx"]) {
    const { file } = await exported(dataset.id, { format, columns: chosen });
    const want = ["code", "int", "text"];
    if (format === "csv") assert.deepEqual(parseCsv(fs.readFileSync(file, "utf8"))[0].map((f) => f.text), want);
    if (format === "jsonl") assert.deepEqual(Object.keys(JSON.parse(fs.readFileSync(file, "utf8").split("\n")[0])), want);
    if (format === "parquet") assert.deepEqual((await duckdb(`SELECT * FROM read_parquet('${file}')`)).names, want);
    if (format === "avro") assert.deepEqual((await readAvro(file)).schema.fields.map((f) => f.name), want);
    if (format === "xlsx") assert.deepEqual(readXlsx(file)[0].map((c) => c.v), want);
  }
  for (const columns of [["nothing"], ["int", "col_int"], [""]]) {
    const answer = await server.request("POST", `${ours}/datasets/${dataset.id}/exports`, { json: { columns } });
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.json.errors[0].field, "columns");
  }
  // In an address: by number, or as JSON.
  for (const query of ["columns[0]=int&columns[5]=col_text", "columns=%5B%22int%22%2C%22text%22%5D"]) {
    const { text } = await server.request("GET", `${ours}/datasets/${dataset.id}/export?${query}`);
    assert.equal(text.split("\n")[0], "int,text");
  }
});

test("no rows, one column, 2,000 columns: every format, read back", async () => {
  const wide = Array.from({ length: 2000 }, (_, i) => `c${i}`);
  const tables = [
    { content: "a,b\n", names: ["a", "b"], count: 0 },
    { content: "a\n1\n", names: ["a"], count: 1 },
    { content: `${wide.join(",")}\n${wide.map((_, i) => i).join(",")}\n${wide.map((_, i) => -i - 1).join(",")}\n`, names: wide, count: 2 },
  ];
  for (const t of tables) {
    const { id } = await makeDataset(server, t.content);
    const parquet = await duckdb(`SELECT * FROM read_parquet('${(await exported(id, { format: "parquet" })).file}')`);
    assert.deepEqual(parquet.names, t.names);
    assert.equal(parquet.rows.length, t.count);
    const av = await readAvro((await exported(id, { format: "avro" })).file);
    assert.equal(av.rows.length, t.count);
    const sheet = readXlsx((await exported(id, { format: "xlsx" })).file);
    assert.deepEqual(sheet[0].map((c) => c.v), t.names);
    assert.equal(sheet.length, t.count + 1);
    assert.equal(JSON.parse((await exported(id, { format: "json" })).text).length, t.count);
    if (t.names === wide) {
      assert.deepEqual(parquet.rows.map((row) => row.map(Number)), [wide.map((_, i) => i), wide.map((_, i) => -i - 1)]);
      assert.deepEqual(av.rows[1].map(Number), wide.map((_, i) => -i - 1));
      assert.deepEqual(sheet[2].map((c) => c.v), wide.map((_, i) => -i - 1));
    }
  }
  // XLSX without a header.
  const { id } = await makeDataset(server, "a,b\n1,x\n");
  assert.deepEqual(readXlsx((await exported(id, { format: "xlsx", header: false })).file)[0].map((c) => c.v), [1, "x"]);
});

test("a promise that one cell in a hundred thousand breaks makes the whole column text", async () => {
  const count = 100000;
  const content = `n,d,b,w\n${Array.from({ length: count }, (_, i) => `${i},2024-01-01,true,${["up", "down", "left"][i % 3]}\n`).join("")}`;
  const made = await makeDataset(server, content);
  const table = `${ours}/datasets/${made.id}`;
  const edit = await server.request("PATCH", `${table}/rows/row_${count - 1}`, { json: { cells: { n: "n/a", d: "soon", b: "maybe" } }, headers: { "if-match": "*" } });
  assert.equal(edit.status, 200, edit.text);
  const { file, notes } = await exported(made.id, { format: "parquet" });
  const read = await duckdb(`SELECT typeof(n), typeof(d), typeof(b), count(*), count(n), count(d), count(b), min(n) FILTER (n = 'n/a'), count(DISTINCT w) FROM read_parquet('${file}') GROUP BY ALL`);
  assert.deepEqual(read.rows.map((r) => r.map(String)), [["VARCHAR", "VARCHAR", "VARCHAR", ...Array(4).fill(String(count)), "n/a", "3"]]);
  assert.deepEqual(notes.map((n) => n.column), ["n", "d", "b"]);
  for (const n of notes) assert.match(n.message, new RegExp(`row ${count - 1} `));
  // Whole columns of few words make dictionaries: shorter than the same without.
  const sizes = await duckdb(`SELECT path_in_schema, encodings FROM parquet_metadata('${file}') WHERE path_in_schema IN ('w', 'n')`);
  for (const [name, encodings] of sizes.rows) assert.equal(/DICTIONARY/.test(encodings), name === "w", `${name} ${encodings}`);
});

test("lossless CSV and JSON Lines import to the same rows", async () => {
  for (const format of ["jsonl", "csv"]) {
    const { text } = await exported(dataset.id, { format });
    const again = await makeDataset(server, text, { fileName: `again.${format}` });
    assert.equal((await exported(again.id, { format })).text.replaceAll("\"\"", ""), text.replaceAll("\"\"", ""));
  }
});

test("the command line writes the same files and says the same notes", async () => {
  const run = (...words) => spawnSync(program, ["export", dataset.id, "--data", server.folder, ...words], { maxBuffer: 1 << 28 });
  for (const [fields, words] of [
    [{ format: "csv", safe: true, columns: ["code", "text"] }, ["--safe", "--columns", "code,text"]],
    [{ format: "tsv", header: false }, ["--format", "tsv", "--no-header"]],
    [{ format: "json" }, ["--format=json"]],
    [{ format: "parquet" }, ["--format=parquet"]],
    [{ format: "parquet", compress: false }, ["--format=parquet", "--no-compress"]],
  ]) {
    const { file, notes } = await exported(dataset.id, fields);
    const { status, stdout, stderr } = run(...words);
    assert.equal(status, 0, String(stderr));
    assert.ok(stdout.equals(fs.readFileSync(file)), words.join(" "));
    assert.equal(String(stderr), notes.map((n) => `${n.message}\n`).join(""));
  }
  // Their time of making, and a random mark, are in these.
  const sheet = path.join(folder, "cli.xlsx");
  fs.writeFileSync(sheet, run("--format", "xlsx").stdout);
  assert.deepEqual(readXlsx(sheet), readXlsx((await exported(dataset.id, { format: "xlsx" })).file));
  const av = path.join(folder, "cli.avro");
  assert.equal(run("--format", "avro", "--output", av).status, 0);
  assert.deepEqual(await readAvro(av), await readAvro((await exported(dataset.id, { format: "avro" })).file));
  assert.deepEqual(fs.readdirSync(path.join(server.folder, "datasets", dataset.id, "derived")).filter((n) => /cli|\.new|\.zip$|[0-9a-f-]{36}$/.test(n)), []);
});

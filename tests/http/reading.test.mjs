// How the file of a data source is read: what would be, what is chosen, and what is remembered of it.

import assert from "node:assert/strict";
import test, { before } from "node:test";
import { startServer, waitForJob } from "../lib/server.mjs";

const ours = "/api/rowhouse/v1";
let server;

before(async (t) => {
  server = await startServer(t);
});

async function source(name, content) {
  const answer = await server.request("POST", `${ours}/sources`, { form: [["file", { name, content }]] });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.source.id;
}

const look = (id, options = {}) => server.request("POST", `${ours}/sources/${id}/preview`, { json: options });

async function preview(id, options) {
  const answer = await look(id, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.preview;
}

async function dataset(fields) {
  const made = await server.request("POST", `${ours}/datasets`, { json: { type: "data_enrichment", name: "made", ...fields } });
  assert.equal(made.status, 201, made.text);
  const job = await waitForJob(server.connection, server.key, made.json.job.id);
  return { job, id: made.json.dataset.id, read: async (what) => (await server.request("GET", `${ours}/datasets/${made.json.dataset.id}${what}`)).json };
}

const cells = (p) => p.rows.map((row) => row.cells);

test("a preview says how the file is read, and reading with that gives the same", async () => {
  const id = await source("sales.csv", "Report of May;;\n;;\nid;name;day\n1;Ann;2024-05-01\n2;\"B; Cie\";2024-05-02\n3;Eve;2024-05-03\n");
  const seen = await preview(id);
  assert.deepEqual(seen.columns.map((c) => [c.name, c.type]), [["id", "integer"], ["name", "string"], ["day", "date"]]);
  assert.deepEqual(cells(seen), [["1", "Ann", "2024-05-01"], ["2", "B; Cie", "2024-05-02"], ["3", "Eve", "2024-05-03"]]);
  assert.deepEqual([seen.found.delimiter, seen.found.quote, seen.found.skip_lines, seen.found.header_rows], [";", '"', 2, 1]);
  assert.deepEqual([seen.records, seen.skipped, seen.whole], [3, 0, true]);
  assert.deepEqual(seen.finding_counts, [{ code: "preamble", count: 1 }]);
  assert.deepEqual(seen.lines.map((l) => l.text).slice(0, 3), ["Report of May;;", ";;", "id;name;day"]);
  assert.deepEqual(seen.rows.map((r) => r.line), [4, 5, 6]);
  assert.deepEqual(await preview(id, seen.found), seen);
});

test("what is chosen is obeyed", async () => {
  const id = await source("odd.csv", "a|b;c\n1|2;3\n4|'5;5'\n");
  assert.deepEqual(cells(await preview(id, { delimiter: "|", header_rows: 0 })), [["a", "b;c"], ["1", "2;3"], ["4", "'5;5'"]]);
  assert.deepEqual(cells(await preview(id, { delimiter: ";", quote: "none" })), [["1|2", "3"], ["4|'5", "5'"]]);
  assert.deepEqual(cells(await preview(id, { delimiter: "|", quote: "'" })), [["1", "2;3"], ["4", "5;5"]]);
  assert.deepEqual(cells(await preview(id, { delimiter: "|", skip_lines: 1, header_rows: 0, quote: "none" })), [["1", "2;3"], ["4", "'5;5'"]]);
  const tabs = await source("tabs.txt", "a\tb\n1\t2\n");
  assert.deepEqual(cells(await preview(tabs, { delimiter: "tab" })), [["1", "2"]]);
  assert.deepEqual(cells(await preview(tabs, { delimiter: "\\t" })), [["1", "2"]]);
});

test("an option that makes no sense is refused at its field", async () => {
  const id = await source("a.csv", "a\n1\n");
  for (const [options, field] of [
    [{ quote: "ab" }, "quote"], [{ delimiter: "123456789" }, "delimiter"], [{ delimiter: "\n" }, "delimiter"],
    [{ delimiter: '"', quote: '"' }, "quote"], [{ format: "pdf" }, "format"], [{ header_rows: -1 }, "header_rows"],
    [{ header_rows: 21 }, "header_rows"], [{ table: 0 }, "table"], [{ nonsense: true }, "nonsense"],
    [{ columns: [{ from: "a", type: "money" }] }, "columns[0].type"], [{ columns: [{ from: "a" }, { from: "a" }] }, "columns"],
  ]) {
    const answer = await look(id, options);
    assert.equal(answer.status, 400, `${JSON.stringify(options)}: ${answer.text}`);
    assert.equal(answer.json.errors[0].field, field);
  }
  for (const options of [{ delimiter: "12345678" }, { header_rows: 20 }]) assert.equal((await look(id, options)).status, 200);
});

test("a dataset is made as it was chosen, and its source remembers that", async () => {
  const id = await source("people.csv", "id,name,born\n1,Ann,1980\n2,Eve,unknown\n");
  const options = { columns: [{ from: "id", keep: false }, { from: "born", name: "year of birth", type: "integer" }] };
  const first = await dataset({ source_id: id, options });
  const { columns, rows } = await first.read("/rows");
  assert.deepEqual(columns.map((c) => [c.name, c.type]), [["name", "string"], ["year of birth", "integer"]]);
  assert.deepEqual(rows.map((r) => r.cells), [["Ann", 1980], ["Eve", "unknown"]]);
  const { findings } = await first.read("/findings");
  assert.deepEqual(findings.map((f) => [f.code, f.line, f.column]), [["type-error", 3, "year of birth"]]);
  const remembered = (await server.request("GET", `${ours}/sources/${id}`)).json.source.options;
  assert.deepEqual(remembered.columns.map((c) => c.from), ["id", "born"]);
  const second = await dataset({ source_id: id });
  assert.deepEqual((await second.read("/rows")).columns.map((c) => c.name), ["name", "year of birth"]);
  const anew = await dataset({ source_id: id, options: {} });
  assert.deepEqual((await anew.read("/rows")).columns.map((c) => c.name), ["id", "name", "born"]);
});

test("a preview holds values against the chosen types before anything is made", async () => {
  const id = await source("flags.csv", "ok\ntrue\nmaybe\n");
  const seen = await preview(id, { columns: [{ from: "ok", type: "boolean" }] });
  assert.deepEqual(seen.finding_counts, [{ code: "type-error", count: 1 }]);
  assert.equal(seen.findings[0].line, 3);
  assert.deepEqual([seen.columns[0].type, seen.columns[0].found, seen.columns[0].chosen], ["boolean", "string", true]);
});

test("a choice about a column that is not there fails its dataset with the reason", async () => {
  const id = await source("b.csv", "a\n1\n");
  const { job } = await dataset({ source_id: id, options: { columns: [{ from: "z", keep: false }] } });
  assert.equal(job.state, "failed");
  assert.match(job.error.message, /the file has no column z/);
  const all = await dataset({ source_id: id, options: { columns: [{ from: "a", keep: false }] } });
  assert.match(all.job.error.message, /all columns are left out/);
});

test("a hundred rows are shown, and of a long cell its first thousand bytes", async () => {
  const rows = (n) => Array.from({ length: n }, (_, i) => `${i},x`).join("\n");
  assert.equal((await preview(await source("100.csv", `a,b\n${rows(100)}\n`))).rows.length, 100);
  const more = await preview(await source("101.csv", `a,b\n${rows(101)}\n`));
  assert.deepEqual([more.rows.length, more.records, more.whole], [100, 101, true]);
  const long = await preview(await source("long.csv", `a,b\n${"x".repeat(1000)},${"y".repeat(1001)}\n`));
  assert.deepEqual(long.rows[0].cells, ["x".repeat(1000), `${"y".repeat(1000)}…`]);
});

test("of a large file the first 20,000 rows are looked at, and it says so", async () => {
  const seen = await preview(await source("many.csv", `a,b\n${"1,2\n".repeat(20001)}`));
  assert.deepEqual([seen.records, seen.whole], [20000, false]);
  assert.equal((await preview(await source("enough.csv", `a,b\n${"1,2\n".repeat(19999)}`))).whole, true);
});

test("a file that is no table says what is wrong and where, beside its lines", async () => {
  const seen = await preview(await source("program.csv", "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x03\x00>\x00"));
  assert.equal(seen.error.line, 1);
  assert.match(seen.error.message, /no text/);
  assert.deepEqual(seen.rows, []);
});

test("a preview leaves no job, and a source of two files has none", async () => {
  const id = await source("c.csv", "a\n1\n");
  const jobs = async () => (await server.request("GET", `${ours}/jobs`)).json.total;
  const count = await jobs();
  await preview(id);
  assert.equal(await jobs(), count);
  const two = await server.request("POST", `${ours}/sources`, { form: [["file", { name: "a.csv", content: "a\n1\n" }], ["more", { name: "b.csv", content: "a\n1\n" }]] });
  assert.equal((await look(two.json.source.id)).status, 422);
});

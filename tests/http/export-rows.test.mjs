// export-rows.test.mjs: an export of the rows that match, in the order asked for: what a naive evaluation
// of the same question finds (lib/query-model.mjs), in files that other programs read, whether there
// are projections or not, and of one state of the dataset.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { keepAlive } from "../lib/accounts.mjs";
import { asJsonl, columns, random, randomQuestion, randomRows } from "../lib/query-random.mjs";
import { plain } from "../lib/query-model.mjs";
import { duckdb, parseCsv, readAvro, readXlsx } from "../lib/readers.mjs";
import { program, startServer, temporaryFolder } from "../lib/server.mjs";
import { jobsToEnd, makeDataset, ours } from "../lib/things.mjs";

const scope = { after };
const server = await startServer(scope);
const request = keepAlive(server, scope, 4);
const folder = temporaryFolder(scope);

// The address's words as a body says them.
const bodyOf = (text) => Object.fromEntries([...new Set(text.keys())].map((name) =>
  [name, name === "include" || name === "exclude" ? text.getAll(name) : text.get(name)]));

const start = async (id, fields) => {
  const answer = await request("POST", `${ours}/datasets/${id}/exports`, { json: fields });
  assert.equal(answer.status, 202, answer.text);
  return answer.json.job.id;
};

async function exported(id, fields) {
  const job = await server.waitForJob(await start(id, fields));
  assert.equal(job.state, "done", JSON.stringify(job.error));
  const { bytes, text } = await server.request("GET", job.export.link);
  const file = path.join(folder, `${job.id}.${fields.format ?? "csv"}`);
  fs.writeFileSync(file, bytes);
  return { job, file, text };
}

const cellOf = (row, name) => (row.cells[name] === undefined || row.cells[name] === "null" ? "" : plain(row.cells[name]));

const checks = {
  // Its own tokens: the lines that were sent.
  async jsonl(id, q, rows, say) {
    const answer = await request("GET", `${ours}/datasets/${id}/export?format=jsonl&${q.text}`);
    assert.equal(answer.status, 200, `${say} ${answer.text}`);
    assert.equal(answer.text, asJsonl(q.find(rows)), say);
  },
  async csv(id, q, rows, say) {
    const { text, job } = await exported(id, bodyOf(q.text));
    const found = q.find(rows);
    assert.deepEqual(parseCsv(text).map((r) => r.map((f) => f.text)),
      [columns.map((c) => c.name), ...found.map((row) => columns.map((c) => cellOf(row, c.name)))], say);
    assert.equal(job.export.rows, found.length, say);
  },
  async parquet(id, q, rows, say) {
    const { file } = await exported(id, { ...bodyOf(q.text), format: "parquet", columns: ["name", "amount"] });
    const read = await duckdb(`SELECT coalesce(name, ''), coalesce(amount::VARCHAR, '') FROM '${file}'`);
    assert.deepEqual(read.rows, q.find(rows).map((row) => [cellOf(row, "name"), cellOf(row, "amount")]), say);
  },
};

async function check(id, rows, seed, times) {
  const r = random(seed);
  for (let i = 0; i < times; i++) {
    const q = randomQuestion(r);
    await checks[["jsonl", "csv", "parquet"][i % 3]](id, q, rows, `${seed}, ${i}: ${decodeURIComponent(q.text)}`);
  }
}

test("what is written are the rows that a naive evaluation finds, in their order", async () => {
  for (const seed of [31, 32]) {
    const rows = randomRows(random(seed), 150);
    const { id } = await makeDataset(server, asJsonl(rows), { fileName: "table.jsonl" });
    await check(id, rows, seed, 45);
  }
});

test("so it is of more rows than are read for each question: with projections, without, and after edits", async () => {
  let rows = randomRows(random(33), 50_200);
  const { id } = await makeDataset(server, asJsonl(rows), { fileName: "table.jsonl" });
  const projections = path.join(server.folder, "datasets", id, "derived/1");
  const made = () => (fs.existsSync(projections) ? fs.readdirSync(projections).sort() : []);
  const ask = (words, find) => ({ text: new URLSearchParams(words), find });
  const costly = ask({ filter: "amount > 5" }, (all) => all.filter((row) => /^(50|6|9\d+)$/.test(row.cells.amount ?? "")));
  const latest = (a, b) => (plain(b.cells.day) > plain(a.cells.day) ? 1 : plain(b.cells.day) < plain(a.cells.day) ? -1 : 0);
  const sorted = ask({ filter: "day is not blank and amount is missing", sort: "-day" },
    (all) => all.filter((row) => row.cells.amount === undefined && !["null", '""', undefined].includes(row.cells.day)).sort(latest));
  await jobsToEnd(server, id);
  assert.equal(made().length, columns.length + 1);
  await check(id, rows, 34, 6);
  fs.rmSync(projections, { recursive: true });
  await checks.csv(id, costly, rows, "reading");
  assert.deepEqual(made(), [], "reading is as good when nothing is sorted");
  await checks.jsonl(id, sorted, rows, "sorted");
  assert.deepEqual(made(), ["1", "2"], "what sorts is made, and what finds with it");
  await checks.parquet(id, sorted, rows, "twice over");
  const at = `${ours}/datasets/${id}`;
  const send = (i, body) => request("PATCH", `${at}/rows/${rows[i].id}`,
    { body, headers: { "content-type": "application/json", "if-match": "*" } });
  const found = sorted.find(rows);
  const edited = rows.indexOf(found[0]);
  assert.equal((await send(edited, '{"cells":{"day":"0001-01-02"}}')).status, 200);
  rows[edited] = { ...rows[edited], cells: { ...rows[edited].cells, day: '"0001-01-02"' } };
  assert.equal((await request("DELETE", `${at}/rows/${found[1].id}`, { headers: { "if-match": "*" } })).status, 200);
  rows = rows.filter((row) => row !== found[1]);
  assert.equal((await request("POST", `${at}/rows`, { json: { rows: [{ day: "2024-03-02", name: "added" }] } })).status, 201);
  rows.push({ id: "row_50201", cells: { day: '"2024-03-02"', name: '"added"' } });
  for (const format of ["csv", "jsonl"]) await checks[format](id, sorted, rows, "after edits");
  await checks.csv(id, costly, rows, "after edits");
  await check(id, rows, 35, 3);
});

// As formats/shares.h says it.
const point = (seed, text) => Number(createHash("sha256").update(`${seed}\0${text}`).digest().readBigUInt64BE(0)) / 2 ** 64;

test("a split deals out the rows that match, each part in the order asked for", async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => [String(i), `city ${i % 7}`, String((i * 7919) % 3001)]);
  const { id } = await makeDataset(server, `id,city,points\n${rows.map((r) => r.join()).join("\n")}\n`);
  const { file } = await exported(id, { include: ["city:city 3", "city:city 5"], sort: "-points", split: { column: "id", seed: "s", test: 0.3 } });
  const part = (name) => parseCsv(execFileSync("unzip", ["-p", file, name], { encoding: "utf8" })).map((r) => r.map((f) => f.text));
  const wanted = rows.filter((r) => ["city 3", "city 5"].includes(r[1])).sort((a, b) => b[2] - a[2]);
  const header = ["id", "city", "points"];
  assert.deepEqual(part("test.csv"), [header, ...wanted.filter((r) => point("s", r[0]) < 0.3)]);
  assert.deepEqual(part("train.csv"), [header, ...wanted.filter((r) => point("s", r[0]) >= 0.3)]);
});

const small = await makeDataset(server, "price,name\n10,b\n200,a\n30,c\n");

test("no row that matches is a file of that format with the columns' names", async () => {
  const none = { filter: "price > 1000", sort: "name" };
  for (const format of ["csv", "tsv", "jsonl", "json", "xlsx", "avro", "parquet"]) {
    const { file, text, job } = await exported(small.id, { ...none, format });
    assert.equal(job.export.rows, 0);
    if (format === "csv" || format === "tsv") assert.equal(text, format === "csv" ? "price,name\n" : "price\tname\n");
    if (format === "jsonl") assert.equal(text, "");
    if (format === "json") assert.deepEqual(JSON.parse(text), []);
    if (format === "xlsx") assert.deepEqual(readXlsx(file).map((row) => row.map((c) => c.v)), [["price", "name"]]);
    if (format === "avro") assert.deepEqual((await readAvro(file)).rows, []);
    if (format === "parquet") {
      const read = await duckdb(`SELECT * FROM '${file}'`);
      assert.deepEqual([read.names, read.rows], [["price", "name"], []]);
    }
  }
});

test("words that cannot be read are refused at their field, by address, as a job, on the command line", async () => {
  for (const [name, value, word] of [
    ["filter", "price >", "character 8"], ["filter", "cost > 1", "there is no column cost"], ["filter", "x".repeat(16 * 1024 + 1), "bytes"],
    ["include", "price", "column:value"], ["include", "cost:1", "there is no column cost"], ["exclude", "cost:1", "there is no column cost"],
    ["sort", "cost", "there is no column cost"], ["sort", "price name", "there is no column price name"], ["sort", "price,", "comma"],
  ]) {
    const list = name === "include" || name === "exclude";
    const answers = [await request("POST", `${ours}/datasets/${small.id}/exports`, { json: { [name]: list ? [value] : value } })];
    if (value.length < 1000) answers.push(await request("GET", `${ours}/datasets/${small.id}/export?${new URLSearchParams([[name, value]])}`));
    for (const answer of answers) {
      assert.deepEqual([answer.status, answer.json.errors?.[0].field], [400, name], answer.text);
      assert.ok(answer.json.detail.includes(word), answer.json.detail);
    }
    const by = spawnSync(program, ["export", "--data", server.folder, `--${name}`, value, small.id], { encoding: "utf8" });
    assert.equal(by.status, 1);
    assert.ok(by.stderr.includes(word), by.stderr);
  }
});

test("the command line writes the same, with values that are given again", () => {
  const run = (...words) => execFileSync(program, ["export", "--data", server.folder, ...words, small.id], { encoding: "utf8" });
  assert.equal(run("--filter", "price < 100", "--sort", "-price"), "price,name\n30,c\n10,b\n");
  assert.equal(run("--include", "name:a", "--include", "name:c"), "price,name\n200,a\n30,c\n");
  assert.equal(run("--exclude=name:a", "--exclude=name:c", "--search", "B", "--columns", "name"), "name\nb\n");
});

test("the same question to the same version is the same file; another question, or version, another", async () => {
  const words = { filter: "price > 20", sort: "name" };
  const job = await server.waitForJob(await start(small.id, words));
  assert.equal(await start(small.id, { ...words, include: [], search: "" }), job.id);
  assert.equal((await request("GET", `${ours}/datasets/${small.id}/export?filter=price+%3E+20&sort=name`)).text, "price,name\n200,a\n30,c\n");
  const { json } = await request("GET", `${ours}/jobs?limit=100`);
  assert.equal(json.jobs.filter((j) => j.id === job.id).length, 1);
  assert.notEqual(await start(small.id, { ...words, filter: "price > 21" }), job.id);
  assert.notEqual(await start(small.id, { ...words, sort: "-name" }), job.id);
  assert.equal((await request("POST", `${ours}/datasets/${small.id}/rows`, { json: { rows: [{ price: 40, name: "0" }] } })).status, 201);
  const { text } = await exported(small.id, words);
  assert.equal(text, "price,name\n40,0\n200,a\n30,c\n");
});

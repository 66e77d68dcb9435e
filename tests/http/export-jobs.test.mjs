// export-jobs.test.mjs: an export as a job: a link that works until it does not, cancelled halfway with
// nothing left, the same wish answered by the same file; and splits, held against the hash as it is
// documented (formats/shares.h).

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { startServer, temporaryFolder } from "../lib/server.mjs";
import { parseCsv } from "../lib/readers.mjs";
import { catalog, eventually, makeDataset, ours } from "../lib/things.mjs";

const scope = { after };
const server = await startServer(scope);
const folder = temporaryFolder(scope);
const derived = (id) => path.join(server.folder, "datasets", id, "derived");

async function start(id, fields) {
  const answer = await server.request("POST", `${ours}/datasets/${id}/exports`, { json: fields });
  assert.equal(answer.status, 202, answer.text);
  return answer.json.job;
}

// The parts of a split: {name: rows of fields}.
async function split(id, fields) {
  const job = await server.waitForJob((await start(id, fields)).id);
  assert.equal(job.state, "done", JSON.stringify(job.error));
  const zip = path.join(folder, `${job.id}.zip`);
  const answer = await server.request("GET", job.export.link);
  assert.equal(answer.headers["content-type"], "application/zip");
  fs.writeFileSync(zip, answer.bytes);
  const names = execFileSync("unzip", ["-Z1", zip], { encoding: "utf8" }).trim().split("\n");
  const parts = Object.fromEntries(names.map((name) =>
    [name, execFileSync("unzip", ["-p", zip, name], { maxBuffer: 1 << 28 })]));
  assert.deepEqual(job.export.parts.map((p) => [`${p.name}.${fields.format ?? "csv"}`]), names.map((n) => [n]));
  return { job, parts };
}
const rowsOf = (bytes) => parseCsv(bytes.toString()).slice(1).map((row) => row.map((f) => f.text));

const cities = ["Ulm", "Köln, \"Stadt\"", "Łódź", "", "São\nPaulo"];
const people = (n, from = 0) => Array.from({ length: n }, (_, i) => [String(from + i), `person ${(from + i) % 7919}`, cities[(from + i) % 5]]);
const csv = (rows) => `id,name,city\n${rows.map((r) => r.map((v) => (/[",\n]/.test(v) ? `"${v.replaceAll("\"", "\"\"")}"` : v)).join(",")).join("\n")}\n`;
const table = await makeDataset(server, csv(people(20000)));

// As formats/shares.h says it.
function point(seed, text) {
  return Number(createHash("sha256").update(`${seed}\0${text}`).digest().readBigUInt64BE(0)) / 2 ** 64;
}

test("a split is the documented hash: disjoint, complete, in order, its share near the one asked for", async () => {
  for (const seed of ["", "42", "é"]) {
    const { job, parts } = await split(table.id, { split: { column: "id", seed, test: 0.2 } });
    const of = { test: rowsOf(parts["test.csv"]), train: rowsOf(parts["train.csv"]) };
    assert.deepEqual(of.test, people(20000).filter((r) => point(seed, r[0]) < 0.2));
    assert.deepEqual(of.train, people(20000).filter((r) => point(seed, r[0]) >= 0.2));
    assert.deepEqual(job.export.parts, [{ name: "test", rows: of.test.length }, { name: "train", rows: of.train.length }]);
    assert.ok(Math.abs(of.test.length / 20000 - 0.2) < 0.015, String(of.test.length)); // five standard deviations
    assert.equal(job.export.rows, 20000);
  }
});

test("rows of one text stay together; named parts have their shares in their order", async () => {
  const { parts } = await split(table.id, { split: { column: "city", seed: "x", parts: [{ name: "a", share: 3 }, { name: "b", share: 1 }, { name: "c", share: 1 }] } });
  const seen = new Map();
  let rows = 0;
  for (const name of ["a", "b", "c"])
    for (const row of rowsOf(parts[`${name}.csv`])) {
      rows++;
      assert.equal(seen.get(row[2]) ?? name, name, row[2]);
      seen.set(row[2], name);
    }
  assert.equal(rows, 20000);
  for (const [city, name] of seen) {
    const p = point("x", city);
    assert.equal(name, p < 0.6 ? "a" : p < 0.8 ? "b" : "c", city);
  }
});

test("a split stays: after rows were added, and a larger share of test keeps what it had", async () => {
  const more = await makeDataset(server, csv([...people(500, 90000), ...people(20000), ...people(500, 70000)]));
  const inTest = async (id, share) => new Set(rowsOf((await split(id, { split: { column: "id", seed: "7", test: share } })).parts["test.csv"]).map((r) => r[0]));
  const before = await inTest(table.id, 0.2), afterwards = await inTest(more.id, 0.2), larger = await inTest(table.id, 0.3);
  for (const [id] of people(20000)) assert.equal(afterwards.has(id), before.has(id), id);
  for (const id of before) assert.ok(larger.has(id));
});

test("the text is what counts: a number and its text are one, null, absent and empty are one", async () => {
  const { id } = await makeDataset(server, ["{\"k\":5}", "{\"k\":\"5\"}", "{\"k\":null}", "{\"k\":\"\"}", "{\"x\":1}", "{\"k\":\"\\u00e9\"}", "{\"k\":\"é\"}", ""].join("\n"), { fileName: "a.jsonl" });
  for (const seed of ["1", "2", "3", "4", "5", "6"]) {
    const { parts } = await split(id, { format: "jsonl", columns: ["k"], split: { column: "k", seed, test: 0.5 } });
    const lines = parts["test.jsonl"].toString().split("\n").filter(Boolean).sort();
    const want = [["{\"k\":5}", "5"], ["{\"k\":\"5\"}", "5"], ["{\"k\":null}", ""], ["{\"k\":\"\"}", ""], ["{}", ""], ["{\"k\":\"\\u00e9\"}", "é"], ["{\"k\":\"é\"}", "é"]]
      .filter(([, text]) => point(seed, text) < 0.5).map(([line]) => line).sort();
    assert.deepEqual(lines.map((l) => JSON.stringify(JSON.parse(l))).sort(), want.map((l) => JSON.stringify(JSON.parse(l))).sort());
  }
});

test("every format splits; a split that makes no sense is refused at its field", async () => {
  for (const format of ["tsv", "jsonl", "json", "xlsx", "avro", "parquet"]) {
    const { parts } = await split(table.id, { format, split: { column: "id", seed: "", test: 0.1 } });
    for (const bytes of Object.values(parts)) assert.ok(bytes.length > 1000, format);
    if (format === "parquet") for (const bytes of Object.values(parts)) assert.equal(bytes.subarray(-4).toString(), "PAR1");
  }
  const part = (name, share = 1) => ({ name, share });
  for (const [fields, field] of [
    [{ test: 0.2 }, "split.column"], [{ column: "nothing" }, "split.column"], [{ column: "id", test: 0 }, "split.test"],
    [{ column: "id", test: 1 }, "split.test"], [{ column: "id", parts: [part("a")] }, "split.parts"],
    [{ column: "id", parts: [part("a"), part("A")] }, "split.parts"], [{ column: "id", parts: [part("a"), part("../b")] }, "split.parts"],
    [{ column: "id", parts: [part("a"), part("b", 0)] }, "split.parts[1].share"],
    [{ column: "id", parts: Array.from({ length: 21 }, (_, i) => part(`p${i}`)) }, "split.parts"],
    [{ column: "id", other: 1 }, "split.other"],
  ]) {
    const answer = await server.request("POST", `${ours}/datasets/${table.id}/exports`, { json: { split: fields } });
    assert.equal(answer.status, 400, `${JSON.stringify(fields)} ${answer.text}`);
    assert.equal(answer.json.errors[0].field, field, answer.text);
  }
  const most = await split(table.id, { split: { column: "id", parts: Array.from({ length: 20 }, (_, i) => part(`p${i}`)) } });
  assert.equal(Object.keys(most.parts).length, 20);
});

test("the same wish is the same job and file, by job, by address and by default; another is another", async () => {
  const job = await server.waitForJob((await start(table.id, {})).id);
  assert.equal((await start(table.id, { format: "csv", header: true })).id, job.id);
  assert.equal((await start(table.id, { format: "csv", columns: [] })).id, job.id);
  assert.notEqual((await start(table.id, { header: false })).id, job.id);
  const direct = await server.request("GET", `${ours}/datasets/${table.id}/export`);
  assert.equal(direct.text, (await server.request("GET", job.export.link)).text);
  const { json } = await server.request("GET", `${ours}/jobs?limit=100`);
  assert.equal(json.jobs.filter((j) => j.id === job.id).length, 1);
});

test("a link says when it is too early, when it is over, and when there is none", async () => {
  const file = (id) => server.request("GET", `${ours}/jobs/${id}/file`);
  const job = await server.waitForJob((await start(table.id, { format: "json" })).id);
  const kept = new Date(job.export.expires_at) - new Date(job.ended_at);
  assert.equal(kept, 72 * 3600 * 1000);
  assert.equal((await file(job.id)).status, 200);
  await catalog(server, `UPDATE jobs SET ended_at = ended_at - ${73n * 3600n * 1000000n} WHERE job_id='${job.id}'`);
  const over = await file(job.id);
  assert.equal(over.status, 410, over.text);
  assert.match(over.json.detail, /export the dataset again/);
  assert.notEqual((await start(table.id, { format: "json" })).id, job.id, "what is over is made anew");
  const ingest = (await server.request("GET", `${ours}/jobs?limit=100`)).json.jobs.find((j) => j.kind === "ingest");
  assert.equal((await file(ingest.id)).status, 409);
  assert.equal((await file("00000000-0000-4000-8000-000000000000")).status, 404);
});

test("cancelled halfway nothing is left; while it runs the link says so", { timeout: 120000 }, async () => {
  const big = await makeDataset(server, csv(people(400000)));
  const left = () => fs.readdirSync(derived(big.id)).filter((name) => name.startsWith("export-"));
  for (const fields of [{ format: "xlsx" }, { format: "xlsx", split: { column: "id" } }, { format: "xlsx", sort: "-name" }]) {
    const { id } = await start(big.id, fields);
    await eventually("the job to write", async () => {
      const { job } = (await server.request("GET", `${ours}/jobs/${id}`)).json;
      assert.notEqual(job.state, "done", "it was too quick to be cancelled");
      return job.state === "running" && job.done > 0;
    });
    const early = await server.request("GET", `${ours}/jobs/${id}/file`);
    assert.equal(early.status, 409, early.text);
    await server.request("POST", `${ours}/jobs/${id}/cancel`);
    const ended = await server.waitForJob(id);
    assert.equal(ended.state, "cancelled");
    assert.equal((await server.request("GET", `${ours}/jobs/${id}/file`)).status, 499);
    await eventually("the folder to be empty", () => left().length === 0);
  }
  // And the next one is whole.
  const { id } = await start(big.id, { format: "parquet" });
  assert.equal((await server.waitForJob(id)).state, "done");
  assert.deepEqual(left().length, 1);
});

// claro.test.mjs: a client written from Claro's document (seeds/000) finds what it reads there:
// create with upload, create from a data source, list, details, data, data sources.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { promisify } from "node:util";
import { startServer, temporaryFolder } from "../lib/server.mjs";
import { catalog, eventually, makeDataset, ours, upload } from "../lib/things.mjs";

const run = promisify(execFile);
const server = await startServer({ after });
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

const products = "sku,name,price\n1001,Lamp,19.90\n1002,\"Desk, oak\",240\n";

async function done(datasetId) {
  return eventually("the dataset to be read", async () => {
    const answer = await server.request("GET", `/api/v2/datasets/${datasetId}`);
    return ["completed", "failed"].includes(answer.json.status) && answer.json;
  });
}

test("the document's curl uploads a CSV and gets the document's answer", async (t) => {
  const folder = temporaryFolder(t);
  fs.writeFileSync(path.join(folder, "products.csv"), products);
  const { stdout } = await run("curl", ["-sS", "-X", "POST", "--unix-socket", server.socket,
    "http://localhost/api/v2/datasets/upload",
    "-H", `Authorization: Bearer ${server.key}`,
    "-F", "type=data_enrichment",
    "-F", "name=Product Enrichment Dataset",
    "-F", "description=Enrich product data with additional attributes",
    "-F", "file=@products.csv",
    "-w", "\n%{http_code}"], { cwd: folder });
  const [text, status] = stdout.split("\n");
  const answer = JSON.parse(text);
  assert.equal(status, "201");
  assert.deepEqual(Object.keys(answer), ["datasetId", "name", "type", "status", "description",
    "datasourceId", "createdAt", "rowCount", "columnCount"]);
  assert.match(answer.datasetId, uuid);
  assert.match(answer.datasourceId, uuid);
  assert.match(answer.createdAt, time);
  assert.deepEqual({ ...answer, datasetId: 0, datasourceId: 0, createdAt: 0 }, {
    datasetId: 0, name: "Product Enrichment Dataset", type: "data_enrichment", status: "created",
    description: "Enrich product data with additional attributes", datasourceId: 0, createdAt: 0,
    rowCount: 0, columnCount: 0,
  });
  const dataset = await done(answer.datasetId);
  assert.equal(dataset.status, "completed");
  assert.equal(dataset.rowCount, 2);
  assert.equal(dataset.columnCount, 3);
});

test("several files under files[] with curl become one data source", async (t) => {
  const folder = temporaryFolder(t);
  fs.writeFileSync(path.join(folder, "invoice1.pdf"), "%PDF-1.4 one\n");
  fs.writeFileSync(path.join(folder, "invoice2.pdf"), "%PDF-1.4 second\n");
  const { stdout } = await run("curl", ["-sS", "-X", "POST", "--unix-socket", server.socket,
    "http://localhost/api/v2/datasets/upload", "-H", `Authorization: Bearer ${server.key}`,
    "-F", "type=data_extraction", "-F", "name=Invoice Extraction Dataset",
    "-F", "description=Extract key fields from invoice documents",
    "-F", "files[]=@invoice1.pdf", "-F", "files[]=@invoice2.pdf"], { cwd: folder });
  const answer = JSON.parse(stdout);
  assert.equal(answer.status, "created");
  assert.equal(answer.type, "data_extraction");
  const source = (await server.request("GET", `${ours}/sources/${answer.datasourceId}`)).json.source;
  assert.equal(source.state, "stored");
  assert.deepEqual(source.files.map((f) => [f.name, f.bytes, f.content_type]),
    [["invoice1.pdf", 13, "application/pdf"], ["invoice2.pdf", 16, "application/pdf"]]);
  // Nothing here can extract yet: the dataset says so, the files are kept.
  const dataset = await done(answer.datasetId);
  assert.equal(dataset.status, "failed");
  assert.match(dataset.error.message, /no plugin for datasets of type data_extraction/);
  assert.equal((await server.request("GET", `/api/v2/datasources/${answer.datasourceId}`)).status, 200);
});

test("a dataset made from a data source by JSON has the source's rows", async () => {
  const first = await upload(server, products, { name: "First" });
  const answer = await server.request("POST", "/api/v2/datasets", {
    json: {
      type: "data_enrichment", name: "Product Enrichment Dataset",
      description: "Enrich product data with additional attributes and classifications",
      datasourceId: first.json.datasourceId, nobodyKnowsThis: 1,
    },
  });
  assert.equal(answer.status, 201);
  assert.deepEqual(Object.keys(answer.json), ["datasetId", "name", "type", "status", "description",
    "datasourceId", "createdAt", "rowCount", "columnCount"]);
  assert.equal(answer.json.status, "created");
  assert.equal(answer.json.datasourceId, first.json.datasourceId);
  const dataset = await done(answer.json.datasetId);
  assert.equal(dataset.rowCount, 2);
  assert.deepEqual(dataset.linkedDatasources, [first.json.datasourceId]);
});

test("details name the columns with their types in Claro's words", async () => {
  const content = "word,count,ratio,on,day,moment\n" +
    "a,1,1.5,true,2024-03-14,2024-03-14T15:30:00Z\nb,2,2.25,false,2024-03-15,2024-03-15T15:30:00Z\n";
  const { id } = await makeDataset(server, content);
  const { json, status } = await server.request("GET", `/api/v2/datasets/${id}`);
  assert.equal(status, 200);
  assert.match(json.createdAt, time);
  assert.match(json.updatedAt, time);
  assert.deepEqual(json.columns, [
    { columnId: "col_word", name: "word", type: "string" },
    { columnId: "col_count", name: "count", type: "number" },
    { columnId: "col_ratio", name: "ratio", type: "number" },
    { columnId: "col_on", name: "on", type: "boolean" },
    { columnId: "col_day", name: "day", type: "date" },
    { columnId: "col_moment", name: "moment", type: "date" },
  ]);
});

test("data comes in pages of cells with ids, to the last row and not beyond", async () => {
  const rows = Array.from({ length: 7 }, (_, i) => `${i + 1},name ${i + 1}`);
  const { id } = await makeDataset(server, `n,who\n${rows.join("\n")}\n`);
  const page = async (query) => (await server.request("GET", `/api/v2/datasets/${id}/data?${query}`)).json;
  const second = await page("page=2&limit=3");
  assert.deepEqual(second.rowIds, ["row_4", "row_5", "row_6"]);
  assert.deepEqual(second.data[0], [
    { cellId: "cell_4_col_n", value: 4, metadata: {} },
    { cellId: "cell_4_col_who", value: "name 4", metadata: {} },
  ]);
  assert.deepEqual(second.pagination, { page: 2, limit: 3, total: 7, totalPages: 3 });
  assert.deepEqual((await page("page=3&limit=3")).rowIds, ["row_7"]);
  const beyond = await page("page=4&limit=3");
  assert.deepEqual(beyond.data, []);
  assert.deepEqual(beyond.pagination, { page: 4, limit: 3, total: 7, totalPages: 3 });
  assert.equal((await page("")).pagination.limit, 50);
  for (const [query, field] of [["page=0", "page"], ["limit=0", "limit"], ["limit=1001", "limit"],
    ["limit=x", "limit"], ["page=-1", "page"]]) {
    const answer = await server.request("GET", `/api/v2/datasets/${id}/data?${query}`);
    assert.equal(answer.status, 400, query);
    assert.equal(answer.json.code, "VALIDATION_ERROR");
    assert.equal(answer.json.details.field, field);
  }
  assert.equal((await server.request("GET", `/api/v2/datasets/${id}/data?limit=1000`)).status, 200);
});

test("the list is newest first, in pages", async (t) => {
  const own = await startServer(t);
  const names = ["one", "two", "three"];
  for (const name of names) await upload(own, products, { name });
  const page = async (query) => (await own.request("GET", `/api/v2/datasets?${query}`)).json;
  const all = await page("");
  assert.deepEqual(all.datasets.map((d) => d.name), ["three", "two", "one"]);
  assert.deepEqual(all.pagination, { page: 1, limit: 20, total: 3, totalPages: 1 });
  const second = await page("page=2&limit=2");
  assert.deepEqual(second.datasets.map((d) => d.name), ["one"]);
  assert.deepEqual(second.pagination, { page: 2, limit: 2, total: 3, totalPages: 2 });
  assert.equal((await own.request("GET", "/api/v2/datasets?limit=100")).status, 200);
  assert.equal((await own.request("GET", "/api/v2/datasets?limit=101")).json.details.field, "limit");
});

test("data sources: upload, list, get, delete", async () => {
  const made = await server.request("POST", "/api/v2/datasources",
    { form: [["file", { name: "kept.csv", content: products }]] });
  assert.equal(made.status, 201);
  assert.deepEqual(Object.keys(made.json), ["datasourceId", "fileName", "contentType", "fileSize",
    "status", "uploadedAt", "processedAt"]);
  assert.match(made.json.uploadedAt, time);
  assert.match(made.json.processedAt, time);
  assert.deepEqual([made.json.fileName, made.json.contentType, made.json.fileSize, made.json.status],
    ["kept.csv", "text/csv", Buffer.byteLength(products), "completed"]);
  const target = `/api/v2/datasources/${made.json.datasourceId}`;
  assert.deepEqual((await server.request("GET", target)).json, made.json);
  const list = (await server.request("GET", "/api/v2/datasources?limit=100")).json;
  assert.deepEqual(list.dataSources.find((s) => s.datasourceId === made.json.datasourceId), made.json);
  const gone = await server.request("DELETE", target);
  assert.equal(gone.status, 204);
  assert.equal(gone.text, "");
  const missing = await server.request("GET", target);
  assert.equal(missing.status, 404);
  assert.deepEqual(missing.json, {
    error: "Data source not found", code: "DATASOURCE_NOT_FOUND",
    details: { datasourceId: made.json.datasourceId, message: "there is no data source with this id" },
  });
  assert.equal((await server.request("DELETE", target)).status, 404);
  const create = await server.request("POST", "/api/v2/datasets", {
    json: { type: "data_enrichment", name: "x", description: "y", datasourceId: made.json.datasourceId },
  });
  assert.equal(create.json.code, "DATASOURCE_NOT_FOUND");
});

test("a data source upload without a file is refused", async () => {
  const answer = await server.request("POST", "/api/v2/datasources", { form: [["note", "no file"]] });
  assert.equal(answer.status, 400);
  assert.equal(answer.json.details.field, "file");
});

test("a deleted dataset is gone from details, data and list; its source stays", async () => {
  const { id, source_id } = await makeDataset(server, products, { name: "To delete" });
  assert.equal((await server.request("DELETE", `/api/v2/datasets/${id}`)).status, 204);
  for (const target of [`/api/v2/datasets/${id}`, `/api/v2/datasets/${id}/data`, `${ours}/datasets/${id}`]) {
    const answer = await server.request("GET", target);
    assert.equal(answer.status, 404, target);
  }
  const list = (await server.request("GET", "/api/v2/datasets?limit=100")).json.datasets;
  assert.ok(!list.some((d) => d.datasetId === id));
  assert.ok(!fs.existsSync(path.join(server.folder, "datasets", id)));
  assert.equal((await server.request("GET", `/api/v2/datasources/${source_id}`)).status, 200);
  assert.equal((await server.request("DELETE", `/api/v2/datasets/${id}`)).json.code, "DATASET_NOT_FOUND");
});

test("a name, a description and a file name of any language come back as they were sent", async () => {
  const name = "Größe 数据集 🏠 \"quoted\" <b>&amp;</b>";
  const content = "Straße,数\nKöln,1\n";
  const { id } = await makeDataset(server, content, { name, description: "Zeile\nzwei\t✓", fileName: "数据 ü.csv" });
  const { json } = await server.request("GET", `/api/v2/datasets/${id}`);
  assert.equal(json.name, name);
  assert.equal(json.description, "Zeile\nzwei\t✓");
  assert.deepEqual(json.columns.map((c) => c.name), ["Straße", "数"]);
  const source = await server.request("GET", `/api/v2/datasources/${json.datasourceId}`);
  assert.equal(source.json.fileName, "数据 ü.csv");
});

test("the prefix /claro leads to the same", async () => {
  const made = await server.request("POST", "/claro/api/v2/datasets/upload", {
    form: [["type", "data_enrichment"], ["name", "By prefix"], ["description", "d"],
      ["file", { name: "p.csv", content: products }]],
  });
  assert.equal(made.status, 201);
  const { datasetId, datasourceId } = made.json;
  await done(datasetId);
  for (const target of [`/datasets/${datasetId}`, `/datasets/${datasetId}/data`, "/datasets",
    "/datasources", `/datasources/${datasourceId}`, "/datasets/no-such", "/nothing/here"]) {
    const plain = await server.request("GET", `/api/v2${target}`);
    const prefixed = await server.request("GET", `/claro/api/v2${target}`);
    assert.equal(prefixed.status, plain.status, target);
    assert.deepEqual(prefixed.json, plain.json, target);
  }
  for (const body of [{}, { type: "data_enrichment", name: "n", description: "d" }]) {
    const plain = await server.request("POST", "/api/v2/datasets", { json: body });
    const prefixed = await server.request("POST", "/claro/api/v2/datasets", { json: body });
    assert.deepEqual([prefixed.status, prefixed.json], [plain.status, plain.json]);
  }
  assert.equal((await server.request("DELETE", `/claro/api/v2/datasets/${datasetId}`)).status, 204);
  assert.equal((await server.request("DELETE", `/claro/api/v2/datasources/${datasourceId}`)).status, 204);
});

// Their shape of an error, whatever it is about: error and code as text, details with a message.
function assertShape(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers["content-type"], /^application\/json/);
  assert.deepEqual(Object.keys(answer.json), ["error", "code", "details"]);
  assert.equal(answer.json.code, code);
  assert.equal(typeof answer.json.details.message, "string");
}

test("unknown addresses and wrong methods are refused in Claro's shape", async () => {
  assertShape(await server.request("GET", "/api/v2/nothing"), 404, "NOT_FOUND");
  assertShape(await server.request("GET", "/claro/api/v2/nothing"), 404, "NOT_FOUND");
  assertShape(await server.request("GET", "/claro/nothing"), 404, "NOT_FOUND");
  const wrong = await server.request("PATCH", "/api/v2/datasets");
  assertShape(wrong, 405, "METHOD_NOT_ALLOWED");
  assert.deepEqual(wrong.headers.allow.split(", ").sort(), ["GET", "POST"]);
  const one = await server.request("PUT", "/api/v2/datasets/x");
  assertShape(one, 405, "METHOD_NOT_ALLOWED");
  assert.deepEqual(one.headers.allow.split(", ").sort(), ["DELETE", "GET"]);
  assertShape(await server.request("GET", "/api/v2/datasets/upload/more"), 404, "NOT_FOUND");
});

test("without a key, with a wrong or a malformed one: 401 in Claro's shape", async () => {
  for (const headers of [{}, { authorization: "Bearer rh_wrong" }, { authorization: "Basic abc" },
    { authorization: "Bearer" }, { authorization: `Bearer ${server.key}x` },
    { authorization: `Bearer ${"k".repeat(4000)}` }, { authorization: server.key }]) {
    for (const target of ["/api/v2/datasets", "/claro/api/v2/datasources"]) {
      const answer = await server.request("GET", target, { key: null, headers });
      assertShape(answer, 401, "UNAUTHORIZED");
      assert.match(answer.headers["www-authenticate"], /^Bearer/);
      assert.ok(!answer.text.includes("wrong"), "the key itself is not repeated");
    }
  }
  const answer = await server.request("GET", "/api/v2/datasets",
    { key: null, headers: { authorization: `bearer ${server.key}` } });
  assert.equal(answer.status, 200, "the scheme's case does not count");
});

test("a revoked key stops at once", async (t) => {
  const own = await startServer(t);
  assert.equal((await own.request("GET", "/api/v2/datasets")).status, 200);
  await catalog(own, "UPDATE keys SET revoked_at=strftime('%s','now')*1000000");
  // Every worker: more requests than there are of them.
  for (let i = 0; i < 10; i++)
    assertShape(await own.request("GET", "/api/v2/datasets"), 401, "UNAUTHORIZED");
});

test("what belongs to others looks like what does not exist", async (t) => {
  const own = await startServer(t);
  const mine = await makeDataset(own, products);
  await catalog(own, "INSERT INTO organizations(org_id, name, created_at) VALUES(2, 'others', 0);" +
    "UPDATE datasets SET org_id=2; UPDATE sources SET org_id=2; UPDATE jobs SET org_id=2");
  const nobody = "00000000-0000-4000-8000-000000000000";
  const without = (answer, id) => [answer.status, answer.text.replaceAll(id, "ID")
    .replace(/"instance":"[^"]*"/, "")];
  for (const [method, prefix, id, suffix] of [
    ["GET", "/api/v2/datasets/", mine.id, ""], ["GET", "/api/v2/datasets/", mine.id, "/data"],
    ["DELETE", "/api/v2/datasets/", mine.id, ""],
    ["GET", "/api/v2/datasources/", mine.source_id, ""],
    ["DELETE", "/api/v2/datasources/", mine.source_id, ""],
    ["GET", `${ours}/datasets/`, mine.id, ""], ["GET", `${ours}/datasets/`, mine.id, "/rows"],
    ["GET", `${ours}/datasets/`, mine.id, "/findings"], ["GET", `${ours}/datasets/`, mine.id, "/export"],
    ["DELETE", `${ours}/datasets/`, mine.id, ""],
    ["GET", `${ours}/sources/`, mine.source_id, ""], ["DELETE", `${ours}/sources/`, mine.source_id, ""],
    ["GET", `${ours}/jobs/`, mine.job.id, ""], ["POST", `${ours}/jobs/`, mine.job.id, "/cancel"],
  ]) {
    const theirs = await own.request(method, `${prefix}${id}${suffix}`);
    const missing = await own.request(method, `${prefix}${nobody}${suffix}`);
    assert.equal(theirs.status, 404, `${method} ${prefix}…${suffix}: ${theirs.text}`);
    assert.deepEqual(without(theirs, id), without(missing, nobody), `${method} ${prefix}…${suffix}`);
  }
  const create = (id) => own.request("POST", "/api/v2/datasets", {
    json: { type: "data_enrichment", name: "n", description: "d", datasourceId: id },
  });
  assert.deepEqual(without(await create(mine.source_id), mine.source_id),
    without(await create(nobody), nobody));
  for (const target of ["/api/v2/datasets", "/api/v2/datasources"])
    assert.equal((await own.request("GET", target)).json.pagination.total, 0);
});

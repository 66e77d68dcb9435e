// idempotency.test.mjs: whoever sends a change again because the answer was lost gets the same answer
// and makes nothing twice.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import test, { after } from "node:test";
import { Visitor } from "../lib/accounts.mjs";
import { startServer } from "../lib/server.mjs";
import { catalog, eventually, ours, pauseJobs, whatExists } from "../lib/things.mjs";

const server = await startServer({ after });
const source = await server.request("POST", `${ours}/sources`,
  { form: [["file", { name: "a.csv", content: "a,b\n1,2\n" }]] });
const source_id = source.json.source.id;

let number = 0;
const newKey = () => `key-${++number}`;

const body = { type: "data_enrichment", name: "n", source_id };
const create = (key, json = body, target = `${ours}/datasets`) =>
  server.request("POST", target, { json, headers: { "idempotency-key": key } });

test("the same create again is the same answer, header for header that matters", async () => {
  const key = newKey();
  const first = await create(key);
  const second = await create(key);
  assert.equal(first.status, 201);
  assert.deepEqual([second.status, second.text], [first.status, first.text]);
  assert.equal(second.headers["content-type"], first.headers["content-type"]);
  assert.equal(second.headers.location, first.headers.location);
  assert.equal(second.headers["idempotency-replayed"], "true");
  assert.ok(!("idempotency-replayed" in first.headers));
  const { total } = (await server.request("GET", `${ours}/datasets`)).json;
  await create(key);
  assert.equal((await server.request("GET", `${ours}/datasets`)).json.total, total);
});

test("an answer that was a refusal is repeated as one", async () => {
  const key = newKey();
  const first = await create(key, { ...body, name: "" });
  const second = await create(key, { ...body, name: "" });
  assert.equal(first.status, 400);
  assert.deepEqual([second.status, second.text], [first.status, first.text]);
  assert.equal(second.headers["content-type"], first.headers["content-type"]);
});

test("a refusal that may be over another time is forgotten, one for ever is kept", async () => {
  const blank = { type: "custom_dataset", name: "n", column_definitions: [{ name: "a", type: "string" }] };
  const { id } = (await create(newKey(), blank)).json.dataset;
  await server.waitForDataset(id);
  const key = newKey();
  const add = (headers, target = `${ours}/datasets/${id}/rows`) =>
    server.request("POST", target, { json: { rows: [{ a: "1" }] }, headers: { "idempotency-key": key, ...headers } });
  const undo = () => server.request("POST", `${ours}/datasets/${id}/changes/1/undo`, { headers: { "idempotency-key": "undo-once" } });
  assert.equal((await undo()).status, 404);
  assert.equal((await add()).status, 201);
  const undone = await undo();
  assert.deepEqual([undone.status, undone.headers["idempotency-replayed"]], [200, undefined], "there is something to take back by now");
  assert.equal((await undo()).headers["idempotency-replayed"], "true");
  assert.deepEqual((await catalog(server, "SELECT DISTINCT status FROM answers WHERE status>=400 AND status NOT IN (400, 422)")), []);
});

test("what a change was held against is a part of the request", async () => {
  const { id } = (await create(newKey(), { type: "custom_dataset", name: "n", column_definitions: [{ name: "a", type: "string" }] })).json.dataset;
  await server.waitForDataset(id);
  const { row_ids, rows } = (await server.request("POST", `${ours}/datasets/${id}/rows`, { json: { rows: [{ a: "1" }] } })).json;
  const row = row_ids?.[0] ?? rows[0].id;
  const key = newKey();
  const set = (match) => server.request("PATCH", `${ours}/datasets/${id}/rows/${row}`, { json: { cells: { a: "2" } }, headers: { "if-match": match, "idempotency-key": key } });
  assert.equal((await set("*")).status, 200);
  assert.equal((await set("*")).headers["idempotency-replayed"], "true");
  assert.equal((await set("\"1\"")).status, 422);
});

test("where a secret is sent or shown nothing is kept, and of other requests nothing that could be guessed from", async () => {
  const kept = async () => (await catalog(server, "SELECT count(*) AS n, group_concat(hex(body_hash)) AS hashes FROM answers"))[0];
  const { n } = await kept();
  const owner = await Visitor.first(server);
  const headers = () => ({ "idempotency-key": newKey() });
  const { user } = (await server.request("POST", `${ours}/users`, { json: { email: "kept@example.org", role: "viewer" }, headers: headers() })).json;
  await server.request("POST", `${ours}/users/${user.id}/link`, { headers: headers() });
  await server.request("POST", `${ours}/keys`, { json: { name: "k", role: "viewer" }, headers: headers() });
  const password = { old_password: owner.password, password: "another password" };
  assert.equal((await owner.send("POST", `${ours}/me/password`, { json: password, headers: headers() })).status, 204);
  await owner.learn();
  await owner.post("/account", { ...password, old_password: "another password" }, { headers: headers() });
  assert.equal((await kept()).n, n);
  const text = JSON.stringify({ ...body, name: "a secret name" });
  const answer = await server.request("POST", `${ours}/datasets`, { body: text, headers: { ...headers(), "content-type": "application/json" } });
  assert.equal(answer.status, 201);
  const plain = crypto.createHash("sha256").update(`POST ${ours}/datasets ${text.length} \n${text}`).digest("hex").toUpperCase();
  assert.ok(!(await kept()).hashes.includes(plain), "the hash is keyed");
});

test("the same key with another body, or at another address, is 422", async () => {
  const key = newKey();
  await create(key);
  const other = await create(key, { ...body, name: "other" });
  assert.equal(other.status, 422);
  assert.equal(other.json.code, "unprocessable");
  assert.match(other.json.detail, /used before with another request/);
  const elsewhere = await create(key, body, "/api/v2/datasets");
  assert.equal(elsewhere.status, 422);
  assert.deepEqual(Object.keys(elsewhere.json), ["error", "code", "details"]);
});

test("an upload again, with another boundary, is the same dataset and leaves nothing more", async () => {
  const key = newKey();
  const send = (boundary) => {
    const field = (name, value) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const text = field("type", "data_enrichment") + field("name", "n") + field("description", "d") +
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na\n1\n\r\n--${boundary}--\r\n`;
    return server.request("POST", "/api/v2/datasets/upload", {
      body: text,
      headers: { "content-type": `multipart/form-data; boundary=${boundary}`, "idempotency-key": key },
    });
  };
  const first = await send("aaaaaaaaaaaaaaaa");
  assert.equal(first.status, 201);
  const before = await whatExists(server);
  const second = await send("bbbbbbbbbbbbbbbb");
  assert.deepEqual([second.status, second.text], [first.status, first.text]);
  assert.deepEqual(await whatExists(server), before);
});

test("while the first still runs, the second is told to come again", async () => {
  const key = newKey();
  const form = [["type", "data_enrichment"], ["name", "n"], ["description", "d"],
    ["file", { name: "a.csv", content: "a\n1\n" }]];
  const send = () => server.request("POST", "/api/v2/datasets/upload", { form, headers: { "idempotency-key": key } });
  const resume = await pauseJobs(server);
  try {
    const first = send();
    await eventually("the upload to be parked", async () =>
      /^rowhouse_parked 1$/m.test((await server.request("GET", "/metrics")).text));
    const second = await send();
    assert.equal(second.status, 409);
    assert.equal(second.json.code, "CONFLICT");
    assert.ok(Number(second.headers["retry-after"]) > 0);
    resume();
    assert.equal((await first).status, 201);
    assert.equal((await send()).text, (await first).text);
  } finally {
    resume();
  }
});

test("keys are kept apart, a key may have 255 bytes, GET takes no notice of one", async () => {
  const first = await create(newKey());
  const second = await create(newKey());
  assert.notEqual(first.json.dataset.id, second.json.dataset.id);
  assert.equal((await create("k".repeat(255))).status, 201);
  const long = await create("k".repeat(256));
  assert.equal(long.status, 400);
  assert.match(long.json.detail, /255 bytes/);
  const key = newKey();
  const headers = { "idempotency-key": key };
  assert.equal((await server.request("GET", `${ours}/datasets`, { headers })).status, 200);
  assert.equal((await create(key)).status, 201);
});

test("a delete again is the same answer, not a 404", async () => {
  const { json } = await create(newKey());
  const headers = { "idempotency-key": newKey() };
  const target = `${ours}/datasets/${json.dataset.id}`;
  const first = await server.request("DELETE", target, { headers });
  const second = await server.request("DELETE", target, { headers });
  assert.deepEqual([first.status, second.status, second.text], [204, 204, ""]);
});

test("two at once make one", async () => {
  const key = newKey();
  const { total } = (await server.request("GET", `${ours}/datasets`)).json;
  const answers = await Promise.all(Array.from({ length: 8 }, () => create(key)));
  for (const answer of answers) assert.ok([201, 409].includes(answer.status), answer.text);
  const ids = new Set(answers.filter((a) => a.status === 201).map((a) => a.json.dataset.id));
  assert.equal(ids.size, 1);
  assert.equal((await server.request("GET", `${ours}/datasets`)).json.total, total + 1);
});

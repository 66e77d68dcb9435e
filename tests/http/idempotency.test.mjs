// idempotency.test.mjs: whoever sends a change again because the answer was lost gets the same answer
// and makes nothing twice.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { startServer } from "../lib/server.mjs";
import { eventually, ours, pauseJobs, whatExists } from "../lib/things.mjs";

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

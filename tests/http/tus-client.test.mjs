// tus-client.test.mjs: tus-js-client, as it comes from npm, against the server: whole files, chunks, clients
// that go away and come back, and a server that is killed or stopped in between.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import path from "node:path";
import { Readable } from "node:stream";
import test, { after } from "node:test";
import * as tus from "tus-js-client";
import { startServer, temporaryFolder } from "../lib/server.mjs";
import { eventually, ours, processesOf, signalAll } from "../lib/things.mjs";

const server = await startServer({ after }, { port: true });
const sha256 = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");
// Text, so that it can be read as a table as well.
const table = (rows) => Buffer.from(`n,text\n${Array.from({ length: rows }, (_, i) => `${i},some text for row ${i}\n`).join("")}`);

// Starts an upload; { upload, done }: done is its address when all of it was sent.
function send(bytes, options = {}, to = server) {
  let upload;
  const done = new Promise((resolve, reject) => {
    upload = new tus.Upload(bytes, {
      endpoint: `${to.url}${ours}/uploads`, headers: { authorization: `Bearer ${to.key}` }, retryDelays: null,
      metadata: { filename: "table.csv", filetype: "text/csv" },
      onError: reject, onSuccess: () => resolve(upload.url), ...options,
    });
  });
  upload.start();
  return { upload, done };
}
const idOf = (url) => url.split("/").pop();
async function stored(url, bytes, to = server) {
  const answer = await to.request("POST", `${ours}/sources`, { json: { uploads: [{ id: idOf(url) }] } });
  assert.equal(answer.status, 201, answer.text);
  const { source } = answer.json;
  assert.deepEqual([source.name, source.bytes, source.files[0].sha256], ["table.csv", bytes.length, sha256(bytes)]);
  return source;
}

const bytes = table(300_000); // 9 MB

for (const [what, options] of Object.entries({
  "whole, in one request": {},
  "in chunks": { chunkSize: 1_000_000 },
  "in chunks that begin with its creation": { chunkSize: 3_000_000, uploadDataDuringCreation: true },
  "whole, with its creation": { uploadDataDuringCreation: true },
  "by POST where nothing else goes": { chunkSize: 5_000_000, overridePatchMethod: true },
}))
  test(`a file is sent ${what}`, async () => {
    let seen = 0;
    const { done } = send(bytes, { ...options, onProgress: (sent) => (seen = sent) });
    const source = await stored(await done, bytes);
    assert.equal(seen, bytes.length);
    const { json } = await server.request("POST", `${ours}/datasets`,
      { json: { type: "data_enrichment", name: "t", source_id: source.id } });
    const dataset = await server.waitForDataset(json.dataset.id);
    assert.deepEqual([dataset.state, dataset.rows], ["ready", 300_000]);
  });

test("a file over what a worker appends itself is sent in one request", async () => {
  const large = Buffer.concat(Array.from({ length: 6 }, () => bytes)); // 54 MB
  await stored(await send(large).done, large);
});

test("a stream whose length nobody knows", async () => {
  const { done } = send(Readable.from([bytes]), { uploadLengthDeferred: true, chunkSize: 2_000_000 });
  await stored(await done, bytes);
});

test("several at once", async () => {
  const files = Array.from({ length: 6 }, (_, i) => table(20_000 + i));
  const urls = await Promise.all(files.map((file) => send(file, { chunkSize: 100_000 }).done));
  for (const [i, url] of urls.entries()) await stored(url, files[i]);
});

// Sends until so many bytes are acknowledged, then stops as if the tab had been closed.
function sendSome(file, most, to = server) {
  return new Promise((resolve, reject) => {
    const { upload, done } = send(file, {
      chunkSize: 1_000_000,
      onChunkComplete: (_, acknowledged) => {
        if (acknowledged >= most) upload.abort().then(() => resolve({ url: upload.url, acknowledged }));
      },
    }, to);
    done.catch(reject);
  });
}

test("a client that was aborted goes on where it was; nothing is sent twice", async () => {
  const { url, acknowledged } = await sendSome(bytes, 4_000_000);
  const sent = [];
  const { done } = send(bytes, { uploadUrl: url, chunkSize: 1_000_000,
    onBeforeRequest: (r) => r.getMethod() === "PATCH" && sent.push(Number(r.getHeader("Upload-Offset"))) });
  await stored(await done, bytes);
  assert.ok(sent[0] >= acknowledged, `${sent[0]} of ${acknowledged}`);
});

test("terminate takes it away; a client that comes back begins anew", async () => {
  const { url } = await sendSome(bytes, 2_000_000);
  await tus.Upload.terminate(url, { headers: { authorization: `Bearer ${server.key}` }, retryDelays: null });
  const answer = await server.request("HEAD", new URL(url).pathname, { headers: { "tus-resumable": "1.0.0" } });
  assert.equal(answer.status, 404);
  const again = await send(bytes, { uploadUrl: url, chunkSize: 1_000_000 }).done;
  assert.notEqual(again, url);
  await stored(again, bytes);
});

test("with a key that was revoked, or that may only read, it ends with an error that says so", async () => {
  const viewer = await server.request("POST", `${ours}/keys`, { json: { name: "v", role: "viewer" } });
  for (const [key, status] of [["rh_nobody", 401], [viewer.json.secret ?? viewer.json.key.secret, 403]])
    await assert.rejects(send(bytes, { headers: { authorization: `Bearer ${key}` } }).done,
      (error) => error.originalResponse.getStatus() === status);
});

// What was acknowledged before is there after; what was not is sent again, by the client itself.
test("a server that is stopped, or killed, between chunks: the client goes on with the next one", async (t) => {
  const data = path.join(temporaryFolder(t), "data");
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    const first = await startServer(t, { data, port: true, mayCrash: true });
    const { url, acknowledged } = await sendSome(bytes, 3_000_000, first);
    await first.stop(signal);
    // Its processes go with their parent.
    await eventually("all to end", () => processesOf(first).length === 0);
    const second = await startServer(t, { data, port: true });
    const address = `${second.url}${new URL(url).pathname}`;
    const head = await second.request("HEAD", new URL(url).pathname, { headers: { "tus-resumable": "1.0.0" } });
    assert.ok(Number(head.headers["upload-offset"]) >= acknowledged, `${signal}: ${head.headers["upload-offset"]} of ${acknowledged}`);
    await stored(await send(bytes, { uploadUrl: address, chunkSize: 1_000_000 }, second).done, bytes, second);
    await second.stop();
  }
});

test("workers that are killed all the time only cost retries", async (t) => {
  const server = await startServer(t, { port: true, mayCrash: true });
  let chunks = 0, kills = 0;
  const { done } = send(bytes, {
    chunkSize: 1_000_000, retryDelays: Array(100).fill(50),
    onChunkComplete: () => {
      chunks++;
      if (chunks % 3 === 0 && ++kills) signalAll(processesOf(server, "web"), "SIGKILL");
    },
  }, server);
  await stored(await done, bytes, server);
  assert.ok(kills >= 2, String(kills));
});

// Resumable uploads under the same faults: what a PATCH was answered is there, an upload goes on from what
// it says of itself, and its file is the one that was sent.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { Calls, Faults, makeCsv, offset, sanitized, until } from "./lib.mjs";

const api = "/api/rowhouse/v1";
const tus = { "tus-resumable": "1.0.0" };
const sha256 = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");

const send = (world, target, at, body) => world.ask("PATCH", target, { body,
  headers: { ...tus, "upload-offset": String(at), "content-type": "application/offset+octet-stream" } });
const use = (world, target) => world.ask("POST", `${api}/sources`, { json: { uploads: [{ id: target.split("/").pop() }] } });

// Begins one and goes on until something is refused: what was acknowledged.
async function act(world, bytes, piece) {
  const made = await world.ask("POST", `${api}/uploads`, { headers: { ...tus, "upload-length": String(bytes.length) } });
  const told = { target: made.headers?.location, at: 0, last: made };
  while (told.last.status < 300 && told.last.status > 0 && told.at < bytes.length) {
    told.last = await send(world, told.target, told.at, bytes.subarray(told.at, told.at + piece));
    if (told.last.status === 204) told.at = Number(told.last.headers["upload-offset"]);
  }
  if (told.last.status < 300 && told.last.status > 0) {
    told.last = await use(world, told.target);
    told.source = told.last.json?.source;
  }
  return told;
}

// Nothing that was told is lost, and the rest can be sent.
async function check(world, told, bytes, piece) {
  const { status } = told.last;
  assert.ok([201, 0, 500, 502, 503, 507].includes(status), told.last.text);
  if (!told.target) return;
  const head = await world.server.request("HEAD", told.target, { headers: tus });
  let { source } = told;
  if (head.status === 404) {
    // Made it is, whether or not the answer came through.
    const { sources } = (await world.server.request("GET", `${api}/sources`)).json;
    assert.equal(sources.length, 1, "an upload is lost");
    source = sources[0];
  } else {
    assert.equal(source, undefined, "a source was told of, and the upload is there too");
    let at = Number(head.headers["upload-offset"]);
    assert.ok(at >= told.at && (at === bytes.length || at % piece === 0), `at ${at}, told ${told.at}`);
    for (; at < bytes.length; at += piece) {
      const answer = await send(world, told.target, at, bytes.subarray(at, at + piece));
      assert.equal(answer.status, 204, answer.text);
    }
    const answer = await use(world, told.target);
    assert.equal(answer.status, 201, answer.text);
    source = answer.json.source;
  }
  assert.equal(source.files[0].sha256, sha256(bytes), "another file than was sent");
  const blob = path.join(world.folder, "blobs", source.files[0].sha256.slice(0, 2), source.files[0].sha256);
  assert.ok(fs.readFileSync(blob).equals(bytes), "the blob is another file");
}

async function clear(world) {
  await world.clear();
  for (const id of world.sql("catalog.db", "SELECT upload_id FROM uploads").split("\n").filter(Boolean)) {
    const gone = await world.server.request("DELETE", `${api}/uploads/${id}`, { headers: tus });
    assert.equal(gone.status, 204, gone.text);
  }
}

async function atEveryCall(t, { role, mode, sticky = false, share = 1, bytes, piece }) {
  const faults = new Faults(t);
  let world = await faults.start(), rounds = 0, felt = 0;
  faults.arm({ role, mode });
  await check(world, await act(world, bytes, piece), bytes, piece);
  const { count } = faults.state;
  faults.disarm();
  await clear(world);
  assert.ok(count > 0, `no call of ${role} was seen`);
  const calls = new Calls(count, share);
  for (const at of calls) {
    if (["kill", "torn"].includes(mode) && role === "web" && ++rounds % 4 === 0) {
      await world.server.stop();
      world = await faults.start({ data: world.folder });
    }
    faults.arm({ role, mode, at, sticky });
    const told = await act(world, bytes, piece);
    const { call } = faults.state;
    faults.disarm();
    if (call) {
      calls.felt(at);
      felt++;
    }
    try {
      await world.settle();
      await until("a worker answers", async () => (await world.ask("GET", "/healthz")).status === 200);
      await check(world, told, bytes, piece);
      if (mode === "nospace" && !/sync/.test(call)) assert.ok([201, 507].includes(told.last.status), told.last.text);
      assert.equal(world.sql("catalog.db", "PRAGMA quick_check"), "ok");
      world.checkCrashes();
      await clear(world);
    } catch (error) {
      throw new Error(`${role} ${mode}${sticky ? " from" : " at"} call ${at} of ${count} (${call}), ` +
        `answered ${told.last.status}: ${error.message}\n${world.recent()}`, { cause: error });
    }
  }
  assert.ok(felt > 0, "no fault was felt");
  await world.checkSwept(faults);
  t.diagnostic(`${count} calls, ${felt} faults felt, FAULTS_OFFSET=${offset}`);
}

const small = Buffer.from(makeCsv(3000)), large = Buffer.concat(Array(350).fill(small)); // 35 MB
const kinds = [["kill", false], ["torn", false], ["nospace", false], ["nospace", true], ["ioerror", false]];
for (const [mode, sticky] of kinds) {
  const words = `${mode}${sticky ? " from" : " at"} any call`;
  test(`an upload loses nothing that was acknowledged: web, ${words}`, { skip: sanitized }, (t) =>
    atEveryCall(t, { role: "web", mode, sticky, bytes: small, piece: 40_000 }));
  test(`a large piece is kept or not: append, ${words}`, { skip: sanitized }, (t) =>
    atEveryCall(t, { role: "append", mode, sticky, share: 0.5, bytes: large, piece: large.length }));
}

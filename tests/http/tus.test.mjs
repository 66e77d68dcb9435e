// tus.test.mjs: the tus protocol 1.0.0 as its text has it (https://tus.io/protocols/resumable-upload),
// header by header, and what becomes of an upload.  A real client is in tus-client.test.mjs.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import test, { after } from "node:test";
import { keepAlive, makeKey, makeOrg, Visitor } from "../lib/accounts.mjs";
import { startServer } from "../lib/server.mjs";
import { append, catalog, eventually, makeUpload, ours, processesOf, signalAll, tusHeaders } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after });
const uploads = `${ours}/uploads`;
const base64 = (text) => Buffer.from(text).toString("base64");
const head = (upload, more = {}) => request("HEAD", upload.target, { ...more, headers: { ...tusHeaders, ...more.headers } });
const offsetOf = async (upload) => Number((await head(upload)).headers["upload-offset"]);
const use = (...list) => request("POST", `${ours}/sources`, { json: { uploads: list.map(({ id }) => ({ id })) } });
const fileOf = ({ id }, of = server) => path.join(of.folder, "uploads", id);
const sha256 = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");
const limits = (await request("GET", "/limits", { key: null })).json;

test("OPTIONS tells anybody what is spoken here", async () => {
  for (const headers of [{}, { "tus-resumable": "0.2.2" }]) {
    const answer = await request("OPTIONS", uploads, { key: null, headers });
    assert.equal(answer.status, 204, answer.text);
    assert.deepEqual(["tus-resumable", "tus-version", "tus-max-size", "tus-checksum-algorithm"].map((n) => answer.headers[n]),
      ["1.0.0", "1.0.0", String(limits.upload_bytes.value), "sha1,sha256"]);
    assert.deepEqual(answer.headers["tus-extension"].split(",").sort(),
      ["checksum", "creation", "creation-defer-length", "creation-with-upload", "expiration", "termination"]);
  }
});

test("another version, or none, is 412 with the one that is spoken, and nothing is done", async () => {
  const upload = await makeUpload(server, 3);
  for (const version of ["1.0.1", "0.2.2", "1.0", "", undefined]) {
    const headers = { "tus-resumable": version, "upload-length": "3", "upload-offset": "0", "content-type": "application/offset+octet-stream" };
    if (version === undefined) delete headers["tus-resumable"];
    for (const [method, target, body] of [["POST", uploads], ["HEAD", upload.target], ["PATCH", upload.target, "abc"], ["DELETE", upload.target]]) {
      const answer = await request(method, target, { headers, body });
      assert.deepEqual([answer.status, answer.headers["tus-version"], answer.headers["tus-resumable"]], [412, "1.0.0", "1.0.0"], `${method} ${version}`);
      if (method !== "HEAD") assert.equal(answer.json.code, "unsupported_version");
    }
  }
  assert.equal(await offsetOf(upload), 0);
});

test("creation, HEAD, PATCH: what the answers carry", async () => {
  const metadata = `filename ${base64("Städte 2024.csv")},filetype ${base64("text/csv")},mine,more ${base64("\0\xff")}`;
  const made = await request("POST", uploads, { headers: { ...tusHeaders, "upload-length": "10", "upload-metadata": metadata } });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers["tus-resumable"], "1.0.0");
  assert.match(made.headers.location, /^\/api\/rowhouse\/v1\/uploads\/[0-9a-f-]{36}$/);
  const expires = (answer) => Date.parse(answer.headers["upload-expires"]);
  assert.match(made.headers["upload-expires"], /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  assert.ok(Math.abs(expires(made) - Date.now() - limits.upload_hours.value * 3600_000) < 60_000);
  const upload = { id: made.json.upload.id, target: made.headers.location };
  const before = await head(upload);
  assert.deepEqual([before.status, ...["upload-offset", "upload-length", "upload-metadata", "cache-control", "upload-defer-length"].map((n) => before.headers[n])],
    [200, "0", "10", metadata, "no-store", undefined]);
  const first = await append(server, upload, 0, "hello");
  assert.deepEqual([first.status, first.headers["upload-offset"], first.headers["tus-resumable"], first.text], [204, "5", "1.0.0", ""]);
  assert.ok(expires(first) >= expires(made));
  assert.equal((await append(server, upload, 5, "world")).headers["upload-offset"], "10");
  assert.equal(await offsetOf(upload), 10, "also when it is complete");
  const { json } = await request("GET", upload.target);
  assert.deepEqual([json.upload.name, json.upload.content_type, json.upload.length, json.upload.offset, json.upload.complete],
    ["Städte 2024.csv", "text/csv", 10, 10, true]);
  const source = await use(upload);
  assert.equal(source.status, 201, source.text);
  assert.deepEqual(source.json.source.files, [{ name: "Städte 2024.csv", content_type: "text/csv", bytes: 10, sha256: sha256("helloworld") }]);
  assert.deepEqual([(await head(upload)).status, (await head(upload)).headers["upload-offset"]], [404, undefined], "it is a source now");
  assert.ok(!fs.existsSync(fileOf(upload)));
});

test("a PATCH at another offset is 409 and changes nothing; one of another type 415", async () => {
  const upload = await makeUpload(server, 10);
  await append(server, upload, 0, "abc");
  for (const offset of [0, 1, 2, 4, 10, 11, Number.MAX_SAFE_INTEGER]) {
    const answer = await append(server, upload, offset, "x");
    assert.deepEqual([answer.status, answer.json.code], [409, "conflict"], String(offset));
    assert.match(answer.json.detail, /at 3 bytes/);
  }
  for (const offset of ["-1", "x", "3.0", "+3", "0x3", "99999999999999999999", ""]) {
    const answer = await append(server, upload, offset, "x");
    assert.deepEqual([answer.status, answer.json.errors?.[0].field], [400, "Upload-Offset"], offset);
  }
  for (const type of ["application/octet-stream", "text/plain", "application/json"])
    assert.equal((await append(server, upload, 3, "x", { headers: { "content-type": type } })).status, 415, type);
  assert.equal(await offsetOf(upload), 3);
  assert.equal((await append(server, upload, 3, "", {})).headers["upload-offset"], "3", "a PATCH of nothing");
  assert.equal((await append(server, upload, 3, "defghij")).headers["upload-offset"], "10");
  assert.equal((await use(upload)).json.source.files[0].sha256, sha256("abcdefghij"));
});

test("lengths that lie: more than was said is refused, at the limit and past it", async () => {
  const upload = await makeUpload(server, 5);
  const over = await append(server, upload, 0, "sixsix");
  assert.deepEqual([over.status, over.json.code, await offsetOf(upload)], [413, "too_big", 0]);
  assert.equal((await append(server, upload, 0, "fives")).status, 204);
  assert.equal((await append(server, upload, 5, "x")).status, 413);
  for (const said of ["4", "6", "0"])
    assert.deepEqual([(await append(server, upload, 5, "", { headers: { "upload-length": said } })).status, said], [400, said]);
  const most = limits.upload_bytes.value;
  for (const [length, status] of [[most, 201], [most + 1, 413], [Number.MAX_SAFE_INTEGER, 413]]) {
    const made = await makeUpload(server, length);
    assert.equal(made.id ? 201 : made.status, status, String(length));
    if (made.id) assert.equal((await request("DELETE", made.target, { headers: tusHeaders })).status, 204);
  }
  for (const bad of ["-1", "x", "1.5", "9223372036854775808", "18446744073709551616", " "]) {
    const made = await makeUpload(server, bad);
    assert.equal(made.status, 400, bad);
  }
  const both = await request("POST", uploads, { headers: { ...tusHeaders, "upload-length": "5", "upload-defer-length": "1" } });
  const none = await request("POST", uploads, { headers: tusHeaders });
  assert.deepEqual([both.status, none.status], [400, 400]);
});

test("creation-with-upload takes all or a part of the bytes along", async () => {
  const type = { "content-type": "application/offset+octet-stream" };
  const part = await makeUpload(server, 10, { body: "hello", headers: type });
  assert.equal(await offsetOf(part), 5);
  assert.equal((await append(server, part, 5, "world")).status, 204);
  const all = await request("POST", uploads, { body: "hello", headers: { ...tusHeaders, ...type, "upload-length": "5" } });
  assert.deepEqual([all.status, all.headers["upload-offset"], all.json.upload.complete], [201, "5", true]);
  const nothing = await makeUpload(server, 0);
  assert.equal((await use(part, all.json.upload, nothing)).json.source.bytes, 15);
  assert.equal((await request("POST", uploads, { body: "x", headers: { ...tusHeaders, "upload-length": "5" } })).status, 415);
  assert.equal((await request("POST", uploads, { body: "123456", headers: { ...tusHeaders, ...type, "upload-length": "5" } })).status, 413);
});

test("creation-defer-length: the length comes later, once", async () => {
  const begin = (value) => request("POST", uploads, { headers: { ...tusHeaders, "upload-defer-length": value } });
  for (const value of ["0", "2", "true", "11"]) assert.equal((await begin(value)).status, 400, value);
  const made = await begin("1");
  const upload = { id: made.json.upload.id, target: made.headers.location };
  const first = await head(upload);
  assert.deepEqual([first.headers["upload-defer-length"], first.headers["upload-length"]], ["1", undefined]);
  assert.equal((await append(server, upload, 0, "abcdef")).status, 204);
  assert.equal((await use(upload)).status, 409, "it is not complete: nobody knows");
  const length = (n, body = "") => append(server, upload, 6, body, { headers: { "upload-length": String(n) } });
  assert.equal((await length(5)).status, 413, "less than there is");
  assert.equal((await length(7, "gh")).status, 413);
  assert.equal((await length(8, "g")).status, 204);
  const second = await head(upload);
  assert.deepEqual([second.headers["upload-defer-length"], second.headers["upload-length"]], [undefined, "8"]);
  assert.equal((await append(server, upload, 7, "h", { headers: { "upload-length": "9" } })).status, 400);
  assert.equal((await append(server, upload, 7, "h")).status, 204);
  assert.equal((await use(upload)).json.source.files[0].sha256, sha256("abcdefgh"));
});

test("checksum: a piece that is not what it should be is discarded with 460", async () => {
  const upload = await makeUpload(server, 10);
  const sum = (algorithm, text) => `${algorithm} ${crypto.createHash(algorithm).update(text).digest("base64")}`;
  const send = (offset, body, checksum) => append(server, upload, offset, body, { headers: { "upload-checksum": checksum } });
  for (const algorithm of ["sha1", "sha256"]) {
    const wrong = await send(0, "hello", sum(algorithm, "hallo"));
    assert.deepEqual([wrong.status, wrong.json.code, await offsetOf(upload)], [460, "checksum_mismatch", 0]);
  }
  for (const bad of [sum("md5", "hello"), "sha1", "sha1 ", "sha1 x", `sha1 ${base64("short")}`, `sha256 ${base64("short")}`, sum("sha1", "hello").toUpperCase()])
    assert.deepEqual([(await send(0, "hello", bad)).status, bad], [400, bad]);
  assert.equal((await send(0, "hello", sum("sha1", "hello"))).status, 204);
  assert.equal((await send(5, "world", sum("sha256", "world"))).status, 204);
  // What was discarded has left nothing in the file.
  assert.equal((await use(upload)).json.source.files[0].sha256, sha256("helloworld"));
});

test("termination: it is gone, its file too, and DELETE again is 404", async () => {
  const upload = await makeUpload(server, 10);
  await append(server, upload, 0, "abc");
  assert.ok(fs.existsSync(fileOf(upload)));
  const gone = await request("DELETE", upload.target, { headers: tusHeaders });
  assert.deepEqual([gone.status, gone.headers["tus-resumable"], fs.existsSync(fileOf(upload))], [204, "1.0.0", false]);
  for (const [method, body] of [["HEAD"], ["PATCH", "x"], ["DELETE"]]) {
    const headers = { ...tusHeaders, "upload-offset": "3", "content-type": "application/offset+octet-stream" };
    const answer = await request(method, upload.target, { headers, body });
    assert.deepEqual([answer.status, answer.headers["upload-offset"]], [404, undefined], method);
  }
});

test("expiration: 410 while it is known, and the sweep takes row and file", async (t) => {
  const server = await startServer(t);
  const upload = await makeUpload(server, 10);
  await append(server, upload, 0, "abc");
  const other = await makeUpload(server, 10);
  await catalog(server, `UPDATE uploads SET expires_at=1 WHERE upload_id='${upload.id}'`);
  for (const [method, body] of [["HEAD"], ["PATCH", "x"], ["DELETE"], ["GET"]]) {
    const headers = { ...tusHeaders, "upload-offset": "3", "content-type": "application/offset+octet-stream" };
    assert.equal((await server.request(method, upload.target, { headers, body })).status, 410, method);
  }
  fs.writeFileSync(fileOf({ id: "00000000-0000-4000-8000-000000000000" }, server), "a file without a row");
  await server.stop();
  const again = await startServer(t, { data: server.folder });
  await eventually("the sweep", () => fs.readdirSync(path.join(again.folder, "uploads")).length === 0);
  assert.equal((await again.request("HEAD", upload.target, { headers: tusHeaders })).status, 404);
  assert.equal((await again.request("HEAD", other.target, { headers: tusHeaders })).status, 200);
  const [{ n }] = await catalog(again, "SELECT count(*) AS n FROM uploads");
  assert.equal(n, 1);
});

test("X-HTTP-Method-Override is the method, where tus is spoken and nowhere else", async () => {
  const upload = await makeUpload(server, 3);
  const as = (method, more = {}) => request("POST", upload.target, { ...more, headers: { ...tusHeaders, "x-http-method-override": method, ...more.headers } });
  const sent = await as("PATCH", { body: "abc", headers: { "upload-offset": "0", "content-type": "application/offset+octet-stream" } });
  assert.deepEqual([sent.status, sent.headers["upload-offset"]], [204, "3"]);
  assert.equal((await as("HEAD")).headers["upload-offset"], "3");
  assert.equal((await as("NONSENSE")).status, 405);
  assert.equal((await as("DELETE")).status, 204);
  const elsewhere = await request("GET", `${ours}/sources`, { headers: { "x-http-method-override": "DELETE" } });
  assert.equal(elsewhere.status, 200);
});

test("a browser's session needs the token, whatever method the override hides", async () => {
  const owner = await Visitor.first(server);
  const headers = { ...tusHeaders, "upload-length": "3" };
  assert.equal((await owner.send("POST", uploads, { headers })).status, 201);
  for (const more of [{ "x-csrf-token": null }, { "x-csrf-token": "0".repeat(64) }, { "sec-fetch-site": "cross-site" }])
    assert.equal((await owner.send("POST", uploads, { headers: { ...headers, ...more } })).status, 403, JSON.stringify(more));
  const upload = await makeUpload(server, 3);
  const hidden = { ...tusHeaders, "x-http-method-override": "DELETE", "x-csrf-token": null };
  assert.equal((await owner.send("GET", upload.target, { headers: hidden })).status, 403);
  assert.equal((await head(upload)).status, 200);
});

test("metadata: nonsense is refused, a name is one without folders, at the limit of its size and past it", async () => {
  const make = (text) => request("POST", uploads, { headers: { ...tusHeaders, "upload-length": "1", "upload-metadata": text } });
  for (const bad of [",", "filename YQ==,", "filename YQ==,filename Yg==", "filename x", "filename YQ", "filename Y Q==", "a b c", "fil\u00e9 YQ==",
    `filename ${Buffer.from([0xff, 0xfe]).toString("base64")}`, `filename ${base64("a\nb")}`, `filename ${base64("a\0b")}`, "filename *", "filename YQ==;"]) {
    const answer = await make(bad);
    assert.deepEqual([answer.status, answer.json?.errors?.[0].field, bad], [400, "Upload-Metadata", bad], answer.text);
  }
  const named = async (text) => (await make(text)).json.upload.name;
  assert.equal(await named(`filename ${base64("../../etc/passwd")}`), "passwd");
  assert.equal(await named(`filename ${base64("C:\\data\\a.csv")}`), "a.csv");
  assert.equal(await named(`filename ${base64("")}`), "upload");
  assert.equal(await named("filename"), "upload");
  assert.equal(await named(`filename ${base64("<b>.csv")}, filetype ${base64("text/csv\r\nX: y")}`), "<b>.csv");
  const long = await named(`filename ${base64("ä".repeat(200))}`);
  assert.deepEqual([Buffer.byteLength(long), long], [254, "ä".repeat(127)]);
  const most = limits.upload_metadata_bytes.value;
  const fits = `ab ${"A".repeat(Math.floor((most - 3) / 4) * 4)}`;
  assert.equal((await make(`${"x".repeat(most - fits.length)}${fits}`)).status, 201);
  assert.equal((await make(`${"x".repeat(most - fits.length + 1)}${fits}`)).status, 413);
});

test("two PATCHes at once: one wins, the other is 409, and the bytes are those of one", async () => {
  const size = 4_000_000;
  for (let round = 0; round < 5; round++) {
    const upload = await makeUpload(server, size);
    const bodies = ["a", "b", "c", "d"].map((letter) => Buffer.alloc(size, letter));
    const answers = await Promise.all(bodies.map((body) => append(server, upload, 0, body)));
    const statuses = answers.map((a) => a.status).sort();
    assert.deepEqual(statuses, [204, 409, 409, 409]);
    const { sha256: stored } = (await use(upload)).json.source.files[0];
    assert.equal(stored, sha256(bodies[answers.findIndex((a) => a.status === 204)]));
  }
});

test("who holds the file of an upload keeps others off it for that time alone", async () => {
  const upload = await makeUpload(server, 40_000_000);
  // Over what a worker does itself: the job is kept from its work while we look.
  const runner = processesOf(server, "jobs");
  signalAll(runner, "SIGSTOP");
  const waits = append(server, upload, 0, Buffer.alloc(40_000_000, "x"));
  await eventually("the job", async () => (await catalog(server, "SELECT job_id FROM jobs WHERE kind='append' AND state='queued'")).length === 1);
  const quick = await append(server, upload, 0, "quick");
  signalAll(runner, "SIGCONT");
  const slow = await waits;
  assert.deepEqual([quick.status, slow.status, slow.json?.code], [204, 409, "conflict"]);
  assert.equal(await offsetOf(upload), 5);
  const rest = await append(server, upload, 5, Buffer.alloc(40_000_000 - 5, "y"));
  assert.deepEqual([rest.status, rest.headers["upload-offset"]], [204, "40000000"]);
  const wrong = await makeUpload(server, 40_000_000);
  const refused = await append(server, wrong, 0, Buffer.alloc(40_000_000, "z"),
    { headers: { "upload-checksum": `sha1 ${crypto.createHash("sha1").update("z").digest("base64")}` } });
  assert.deepEqual([refused.status, await offsetOf(wrong)], [460, 0]);
  await eventually("the bodies to go", () => fs.readdirSync(path.join(server.folder, "incoming")).filter((name) => name.endsWith(".body")).length === 0);
});

test("uploads become a source: whole ones, of one's own, once", async () => {
  const whole = await makeUpload(server, 3);
  await append(server, whole, 0, "a\n1");
  const half = await makeUpload(server, 3);
  const refused = await use(whole, half);
  assert.deepEqual([refused.status, refused.json.code], [409, "conflict"]);
  assert.equal((await use(whole, whole)).status, 404, "one upload is not two files");
  assert.equal((await use(whole, { id: "00000000-0000-4000-8000-000000000000" })).status, 404);
  assert.equal((await head(whole)).status, 200, "what was refused has used up nothing");
  const answers = await Promise.all([use(whole), use(whole), use(whole)]);
  assert.deepEqual(answers.map((a) => a.status).sort(), [201, 404, 404]);
  const { source } = answers.find((a) => a.status === 201).json;
  const made = await request("POST", `${ours}/datasets`, { json: { type: "data_enrichment", name: "n", source_id: source.id } });
  const dataset = await server.waitForDataset(made.json.dataset.id);
  assert.deepEqual([dataset.state, dataset.rows], ["ready", 1]);
  // With a name of its own, and again under one key.
  const second = await makeUpload(server, 0);
  const json = { uploads: [{ id: second.id, field: "file" }], name: "Both" };
  const headers = { "idempotency-key": "once" };
  const one = await request("POST", `${ours}/sources`, { json, headers });
  const again = await request("POST", `${ours}/sources`, { json, headers });
  assert.deepEqual([one.json.source.name, again.status, again.text], ["Both", 201, one.text]);
});

test("a file that is there already is not kept twice", async () => {
  const bytes = crypto.randomBytes(1000);
  const ids = [];
  for (let i = 0; i < 2; i++) {
    const upload = await makeUpload(server, 1000);
    await append(server, upload, 0, bytes);
    ids.push((await use(upload)).json.source.files[0].sha256);
  }
  assert.deepEqual(ids, [sha256(bytes), sha256(bytes)]);
  const blob = path.join(server.folder, "blobs", ids[0].slice(0, 2), ids[0]);
  assert.ok(fs.readFileSync(blob).equals(bytes));
  assert.equal(fs.statSync(blob).nlink, 1);
});

test("quota_bytes: the declared length is reserved at once, settled, and free again", async (t) => {
  const server = await startServer(t, { env: { ROWHOUSE_QUOTA_BYTES: "1000" } });
  const remove = ({ target }) => server.request("DELETE", target, { headers: tusHeaders });
  const first = await makeUpload(server, 600);
  const refused = await makeUpload(server, 401);
  assert.deepEqual([refused.status, refused.json.code], [403, "quota_exceeded"]);
  const second = await makeUpload(server, 400);
  assert.ok(second.id);
  assert.equal((await remove(second)).status, 204);
  // Two that together are one too many.
  for (let round = 0; round < 15; round++) {
    const both = await Promise.all([makeUpload(server, 400), makeUpload(server, 400)]);
    const good = both.filter((u) => u.id);
    assert.equal(good.length, 1, `round ${round}`);
    assert.equal((await remove(good[0])).status, 204);
  }
  await append(server, first, 0, Buffer.alloc(600, "x"));
  const source = await server.request("POST", `${ours}/sources`, { json: { uploads: [{ id: first.id }] } });
  assert.equal(source.status, 201, source.text);
  assert.equal((await makeUpload(server, 401)).status, 403, "it counts as the source now, once");
  const rest = await makeUpload(server, 400);
  assert.ok(rest.id);
  // Without a length: what comes is reserved as it comes.
  await remove(rest);
  const begun = await server.request("POST", `${ours}/uploads`, { headers: { ...tusHeaders, "upload-defer-length": "1" } });
  const open = { target: begun.headers.location };
  assert.equal((await append(server, open, 0, Buffer.alloc(300))).status, 204);
  assert.equal((await append(server, open, 300, Buffer.alloc(101))).status, 403);
  assert.equal((await append(server, open, 300, "", { headers: { "upload-length": "401" } })).status, 403);
  assert.equal((await append(server, open, 300, Buffer.alloc(100), { headers: { "upload-length": "400" } })).status, 204);
  assert.equal((await server.request("DELETE", `${ours}/sources/${source.json.source.id}`)).status, 204);
  assert.ok((await makeUpload(server, 600)).id, "room again");
});

test("as many uploads at once as the limit says, and not one more", async (t) => {
  const server = await startServer(t);
  const most = limits.uploads_open.value;
  await catalog(server, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<${most - 1})
    INSERT INTO uploads(upload_id, org_id, name, content_type, metadata, length, reserved, hash, created_at, expires_at)
    SELECT 'u'||i, 1, '', '', '', 1, 1, x'', 1, 9e15 FROM n`);
  const last = await makeUpload(server, 1);
  assert.ok(last.id);
  const over = await makeUpload(server, 1);
  assert.deepEqual([over.status, over.json.code], [409, "conflict"]);
  await server.request("DELETE", last.target, { headers: tusHeaders });
  assert.ok((await makeUpload(server, 1)).id);
});

test("another organisation's upload is a missing one; a viewer's key and one for a dataset may not", async () => {
  const upload = await makeUpload(server, 3);
  const others = await makeKey(server, { org: await makeOrg(server, "Others"), role: "owner" });
  const nothing = { target: `${uploads}/00000000-0000-4000-8000-000000000000` };
  for (const { target } of [upload, nothing]) {
    assert.equal((await request("HEAD", target, { key: others, headers: tusHeaders })).status, 404);
    assert.equal((await append(server, { target }, 0, "x", { key: others })).status, 404);
  }
  const viewer = await makeKey(server, { role: "viewer" });
  for (const answer of [await makeUpload(server, 1, { key: viewer }), await append(server, upload, 0, "x", { key: viewer }), await head(upload, { key: viewer })])
    assert.equal(answer.status, 403);
  assert.equal(await offsetOf(upload), 0);
});

test("CORS: a page of a listed origin may speak tus", async (t) => {
  const origin = "https://app.example";
  const server = await startServer(t, { env: { ROWHOUSE_CORS_ORIGINS: origin } });
  const preflight = await server.request("OPTIONS", uploads, { key: null,
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "tus-resumable,upload-length" } });
  const list = (name) => preflight.headers[name].toLowerCase().split(", ");
  assert.equal(preflight.status, 204);
  for (const method of ["post", "patch", "delete"]) assert.ok(list("access-control-allow-methods").includes(method), method);
  for (const name of ["authorization", "content-type", "tus-resumable", "upload-length", "upload-offset", "upload-metadata", "upload-defer-length", "upload-checksum", "x-http-method-override"])
    assert.ok(list("access-control-allow-headers").includes(name), name);
  const upload = await makeUpload(server, 3, { headers: { origin } });
  const { headers } = await server.request("HEAD", upload.target, { headers: { ...tusHeaders, origin } });
  assert.equal(headers["access-control-allow-origin"], origin);
  const exposed = headers["access-control-expose-headers"].toLowerCase().split(", ");
  for (const name of ["location", "tus-resumable", "upload-offset", "upload-length", "upload-metadata", "upload-expires", "upload-defer-length", "tus-version", "tus-max-size", "tus-extension", "tus-checksum-algorithm"])
    assert.ok(exposed.includes(name), name);
  const plain = await server.request("OPTIONS", uploads, { key: null, headers: { origin } });
  assert.deepEqual([plain.headers["tus-version"], plain.headers["access-control-allow-origin"]], ["1.0.0", origin], "no preflight: tus's own");
});

test("a connection that breaks in a PATCH costs that PATCH and nothing before it", async () => {
  const upload = await makeUpload(server, 1_000_000);
  await append(server, upload, 0, Buffer.alloc(300_000, "a"));
  const socket = net.connect(server.connection.socketPath);
  await new Promise((resolve) => socket.on("connect", resolve));
  socket.write(`PATCH ${upload.target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.key}\r\nTus-Resumable: 1.0.0\r\n` +
    "Upload-Offset: 300000\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: 700000\r\n\r\n");
  await new Promise((resolve) => socket.write(Buffer.alloc(400_000, "b"), resolve));
  socket.destroy();
  assert.equal(await offsetOf(upload), 300_000);
  assert.equal((await append(server, upload, 300_000, Buffer.alloc(700_000, "c"))).status, 204);
  assert.equal((await use(upload)).json.source.files[0].sha256, sha256(Buffer.concat([Buffer.alloc(300_000, "a"), Buffer.alloc(700_000, "c")])));
});

// disk-full.test.mjs: a full disk is said plainly, leaves no half dataset, and when there is room again all
// goes on without a restart.  Needs root, to mount a small file system of its own.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { atEnd, startServer, temporaryFolder } from "../lib/server.mjs";
import { append, eventually, halfMade, jobsToEnd, makeDataset, makeUpload, ours, tusHeaders, upload, whatExists } from "../lib/things.mjs";

function smallDisk(t, bytes) {
  const folder = path.join(temporaryFolder(t), "disk");
  fs.mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "none", folder], { stdio: "ignore" });
  } catch {
    return null;
  }
  atEnd(t, () => execFileSync("umount", ["-l", folder]));
  return folder;
}

const mib = 1048576;

test("a disk that fills up", { timeout: 120000 }, async (t) => {
  const disk = smallDisk(t, 96 * mib);
  if (!disk) return t.skip("no file system can be mounted here (not root)");
  const data = path.join(disk, "data");
  const server = await startServer(t, { data });
  const content = `n,text\n${Array.from({ length: 160_000 }, (_, i) => `${i},text ${i}\n`).join("")}`; // 3 MB
  const kept = await makeDataset(server, "a\n1\n", { name: "kept" });
  const filler = path.join(disk, "filler");
  const leave = (free) => {
    fs.rmSync(filler, { force: true });
    const { bavail, bsize } = fs.statfsSync(disk);
    const fill = Math.max(0, bavail * bsize - free);
    const fd = fs.openSync(filler, "w");
    try {
      for (let left = fill; left > 0; left -= mib) fs.writeSync(fd, Buffer.alloc(Math.min(left, mib)));
    } catch (error) {
      assert.equal(error.code, "ENOSPC");
    }
    fs.closeSync(fd);
  };
  const outcomes = new Set();
  for (const free of [0, 0.5, 2, 3.5, 5, 6.5, 8, 10, 13]) {
    leave(Math.floor(free * mib));
    const before = await whatExists(server);
    const answer = await upload(server, content, { name: `with ${free} MiB` });
    assert.ok(answer.json, `${free}: ${answer.text}`);
    if (answer.status === 201) {
      const dataset = await server.waitForDataset(answer.json.datasetId);
      outcomes.add(dataset.state);
      if (dataset.state === "ready") assert.equal(dataset.rows, 160_000);
      else assert.match(dataset.error.message, /space|disk|full/i, `${free}: ${dataset.error.message}`);
    } else {
      outcomes.add(answer.status);
      assert.ok([500, 507].includes(answer.status), `${free}: ${answer.status} ${answer.text}`);
      assert.deepEqual(Object.keys(answer.json), ["error", "code", "details"], `${free}: ${answer.text}`);
      assert.match(answer.json.details.message, /space|disk/i, `${free}: ${answer.text}`);
      assert.deepEqual(await whatExists(server), before, `${free}: nothing more than before`);
    }
    // Reading goes on whatever happens.
    assert.equal((await server.request("GET", `${ours}/datasets/${kept.id}/rows`)).json.rows.length, 1);
  }
  assert.ok([...outcomes].some((o) => o === 500 || o === 507), `some were refused: ${[...outcomes]}`);
  leave(0);
  const full = await server.request("GET", "/readyz");
  assert.equal(full.status, 503);
  assert.match(full.json.detail, /bytes are free/);
  const create = await server.request("POST", `${ours}/datasets`,
    { json: { type: "data_enrichment", name: "n", source_id: kept.source_id } });
  assert.ok([201, 500, 507].includes(create.status) && create.json, create.text);

  fs.rmSync(filler);
  await eventually("half-made files to go", () => halfMade(server).length === 0);
  const dataset = await makeDataset(server, content, { name: "after" });
  assert.deepEqual([dataset.state, dataset.rows], ["ready", 160_000]);
  const { json } = await server.request("GET", `${ours}/datasets?limit=100`);
  for (const d of json.datasets) assert.ok(["ready", "failed"].includes(d.state), `${d.name}: ${d.state}`);
  const out = await server.request("GET", `${ours}/datasets/${dataset.id}/export`);
  assert.equal(out.text, content);
});

test("an export onto a full disk is refused, leaves nothing, and comes when there is room", { timeout: 120000 }, async (t) => {
  const disk = smallDisk(t, 128 * mib);
  if (!disk) return t.skip("no file system can be mounted here (not root)");
  const server = await startServer(t, { data: path.join(disk, "data") });
  const content = `n,text\n${Array.from({ length: 160_000 }, (_, i) => `${i},text ${i}\n`).join("")}`;
  const { id } = await makeDataset(server, content);
  await jobsToEnd(server, id);
  const filler = path.join(disk, "filler");
  const derived = path.join(server.folder, "datasets", id, "derived");
  for (const query of ["format=csv", "format=json", "format=xlsx", "format=avro&compress=false",
    "format=parquet&compress=false", "split%5Bcolumn%5D=n"]) {
    fs.rmSync(derived, { recursive: true, force: true });
    const { bavail, bsize } = fs.statfsSync(disk);
    fs.writeFileSync(filler, Buffer.alloc(bavail * bsize - mib));
    const refused = await server.request("GET", `${ours}/datasets/${id}/export?${query}`);
    assert.equal(refused.status, 507, `${query} ${refused.text}`);
    assert.equal(refused.json.code, "disk_full");
    assert.ok(refused.headers["retry-after"]);
    assert.deepEqual(fs.readdirSync(derived), [], query);
    // Projections find no room either: a question then takes longer, and is answered.
    const asked = await server.request("GET", `${ours}/datasets/${id}/rows?filter=n%3E%3D159999`);
    assert.deepEqual([asked.status, asked.json.matching], [200, 1], asked.text);
    fs.rmSync(filler);
    const good = await server.request("GET", `${ours}/datasets/${id}/export?${query}`);
    assert.equal(good.status, 200, `${query} ${good.text.slice(0, 300)}`);
    if (query === "format=csv") assert.equal(good.text, content);
    assert.ok(good.bytes.length > mib / 2);
  }
  // Sorted, with projections that are there: it is its own temporary files that find no room.
  fs.rmSync(derived, { recursive: true, force: true });
  const sorted = "format=csv&sort=-n";
  assert.equal((await server.request("GET", `${ours}/datasets/${id}/rows?sort=-n`)).json.rows[0].cells[0], 159999);
  const before = fs.readdirSync(derived);
  const { bavail, bsize } = fs.statfsSync(disk);
  fs.writeFileSync(filler, Buffer.alloc(bavail * bsize - mib));
  const refused = await server.request("GET", `${ours}/datasets/${id}/export?${sorted}`);
  assert.deepEqual([refused.status, refused.json.code], [507, "disk_full"], refused.text);
  assert.deepEqual(fs.readdirSync(derived), before);
  fs.rmSync(filler);
  const [head, ...lines] = content.trimEnd().split("\n");
  const good = await server.request("GET", `${ours}/datasets/${id}/export?${sorted}`);
  assert.equal(good.text, `${[head, ...lines.reverse()].join("\n")}\n`);
});

test("a resumable upload onto a full disk is 507, keeps what it had, and goes on when there is room", { timeout: 60000 }, async (t) => {
  const disk = smallDisk(t, 64 * mib);
  if (!disk) return t.skip("no file system can be mounted here (not root)");
  const server = await startServer(t, { data: path.join(disk, "data") });
  const bytes = crypto.randomBytes(20 * mib), piece = 2 * mib;
  const upload = await makeUpload(server, bytes.length);
  const send = (at) => append(server, upload, at, bytes.subarray(at, at + piece));
  for (let at = 0; at < 8 * mib; at += piece) assert.equal((await send(at)).status, 204);
  const filler = path.join(disk, "filler");
  await eventually("nginx to let go of its own", () => halfMade(server).length === 0);
  // Room for nginx to keep a piece, not for a second time of it.
  const { bavail, bsize } = fs.statfsSync(disk);
  fs.writeFileSync(filler, Buffer.alloc(bavail * bsize - 3 * mib));
  const refused = await send(8 * mib);
  assert.deepEqual([refused.status, refused.json?.code], [507, "disk_full"], refused.text);
  assert.ok(refused.headers["retry-after"]);
  const head = () => server.request("HEAD", upload.target, { headers: tusHeaders });
  assert.equal((await head()).headers["upload-offset"], String(8 * mib));
  fs.rmSync(filler);
  for (let at = 8 * mib; at < bytes.length; at += piece) assert.equal((await send(at)).status, 204);
  const { json } = await server.request("POST", `${ours}/sources`, { json: { uploads: [{ id: upload.id }] } });
  assert.equal(json.source.files[0].sha256, crypto.createHash("sha256").update(bytes).digest("hex"));
});

// What must be on the disk before what, read from the system calls of one upload: a file is synced
// before it gets its name and its folder after; the catalog is synced before the client is told.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { execFileSync, spawnSync } from "node:child_process";
import { startServer, temporaryFolder } from "../lib/server.mjs";
import { makeCsv, sanitized, until, World } from "./lib.mjs";

const calls = "openat,open,rename,renameat,renameat2,link,fsync,fdatasync,write,writev,sendto,sendmsg,pwrite64,mkdir,unlink";
const traced = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

// [{ pid, call, path (of the first descriptor or name), to (of a rename), line, good }] in order.
function readTrace(text) {
  const events = [];
  for (const line of text.split("\n")) {
    const match = line.match(/^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$/);
    if (!match || / = -1 /.test(line)) continue;
    const [, pid, call, rest] = match;
    const descriptor = rest.match(/^\d+<([^>]*)>/), names = [...rest.matchAll(/"((?:[^"\\]|\\.)*)"/g)];
    events.push({ pid, call, line, path: descriptor ? descriptor[1] : names[0]?.[1], to: names[1]?.[1] });
  }
  return events;
}

// What a server of its own did while `act(world)` was done: { events, data }.
async function traceOf(t, act) {
  const file = path.join(temporaryFolder(t), "trace");
  const wrap = ["strace", "-D", "-f", "-y", "-s", "160", "-o", file, "-e", `trace=${calls}`, "-e", "signal=none"];
  const server = await startServer(t, { wrap });
  const world = new World(server);
  await act(world);
  await world.settle();
  await server.stop();
  const ended = new RegExp(`^${server.child.pid} +\\+\\+\\+ exited`, "m");
  await until("the trace is complete", () => ended.test(fs.readFileSync(file, "utf8")));
  return { events: readTrace(fs.readFileSync(file, "utf8")), data: fs.realpathSync(server.folder) };
}

test("files are synced before they are named, and everything before the client is told",
  { skip: sanitized || !traced }, async (t) => {
    const { events, data } = await traceOf(t, async (world) => {
      const answer = await world.upload(makeCsv(50));
      assert.equal(answer.status, 201, answer.text);
    });

    const renames = events.filter((e) => /^rename/.test(e.call) && e.to?.startsWith(data));
    const kinds = { blob: /\/blobs\/..\/[0-9a-f]{64}$/, rows: /\/rows-\d+\.db$/, key: /\/admin\.key$/ };
    for (const [kind, pattern] of Object.entries(kinds))
      assert.ok(renames.some((e) => pattern.test(e.to)), `no ${kind} was renamed`);
    for (const rename of renames.filter((e) => !/\/run\//.test(e.to))) {
      const at = events.indexOf(rename), after = events.slice(at);
      const before = events.slice(0, at).reverse();
      const synced = before.findIndex((e) => /^f(data)?sync$/.test(e.call) && e.path === rename.path);
      const written = before.findIndex((e) => /^p?write/.test(e.call) && e.path === rename.path);
      assert.ok(synced >= 0 && (written < 0 || synced < written), `not synced before: ${rename.line}`);
      // The next thing this process does that others can see comes after the folder's sync.
      const folder = after.findIndex((e) => e.call === "fsync" && e.path === path.dirname(rename.to));
      const told = after.findIndex((e) => e.pid === rename.pid && e.path === `${data}/catalog.db-wal`);
      assert.ok(folder >= 0 && (told < 0 || folder < told), `its folder was not synced: ${rename.line}`);
    }

    // The reply of a worker to nginx holds "Status: 201".
    const reply = events.findIndex((e) => /^(write|writev|sendto|sendmsg)$/.test(e.call) && /Status: 201/.test(e.line));
    assert.ok(reply >= 0, "the answer was not seen");
    const done = events.slice(0, reply).reverse();
    const wal = (e) => e.path === `${data}/catalog.db-wal`;
    const synced = done.findIndex((e) => /^f(data)?sync$/.test(e.call) && wal(e));
    const written = done.findIndex((e) => e.call === "pwrite64" && wal(e));
    assert.ok(synced >= 0, "the catalog was not synced");
    // Progress notes may be written later without a sync: what counts is the end of the upload, the
    // last thing its process did to the catalog.
    const split = done.find((e) => /^rename/.test(e.call) && kinds.blob.test(e.to))?.pid;
    const ofSplit = done.filter((e) => e.pid === split && wal(e));
    assert.ok(ofSplit.length > 0 && /^f(data)?sync$/.test(ofSplit[0].call),
      "the end of the upload was not synced before the answer");
    assert.ok(written >= 0);

    // Unlinking the body comes after that too: until then it is all there is of the upload.
    const gone = events.find((e) => e.call === "unlink" && e.pid === split && /\.body$/.test(e.path));
    const lastSync = events.findLast((e) => e.pid === split && wal(e) && /sync/.test(e.call));
    assert.ok(gone && events.indexOf(lastSync) < events.indexOf(gone), "the body went too early");
  });

// The reply of a worker to nginx holds its status.
const isReply = (status) => (e) => /^(write|writev|sendto|sendmsg)$/.test(e.call) && e.line.includes(`Status: ${status}`);
const isSync = (e) => /^f(data)?sync$/.test(e.call);

test("a piece of an upload is synced, then the catalog, then the client is told",
  { skip: sanitized || !traced }, async (t) => {
    const tus = { "tus-resumable": "1.0.0" };
    const { events, data } = await traceOf(t, async (world) => {
      const { headers } = await world.ask("POST", "/api/rowhouse/v1/uploads", { headers: { ...tus, "upload-length": "6" } });
      for (const [at, body] of [["0", "abc"], ["3", "def"]]) {
        const answer = await world.ask("PATCH", headers.location,
          { body, headers: { ...tus, "upload-offset": at, "content-type": "application/offset+octet-stream" } });
        assert.equal(answer.status, 204, answer.text);
      }
      const made = await world.ask("POST", "/api/rowhouse/v1/sources", { json: { uploads: [{ id: headers.location.split("/").pop() }] } });
      assert.equal(made.status, 201, made.text);
    });
    const file = (e) => e.path?.startsWith(`${data}/uploads/`), wal = (e) => e.path === `${data}/catalog.db-wal`;
    const replies = events.flatMap((e, i) => (isReply(204)(e) ? [i] : []));
    assert.equal(replies.length, 2);
    for (const [i, reply] of replies.entries()) {
      const done = events.slice(i === 0 ? 0 : replies[i - 1], reply);
      const last = (is) => done.findLastIndex(is);
      const written = last((e) => e.call === "write" && file(e)), synced = last((e) => isSync(e) && file(e));
      const row = last((e) => e.call === "pwrite64" && wal(e)), told = last((e) => isSync(e) && wal(e));
      assert.ok(written >= 0 && written < synced && synced < row && row < told, `${[written, synced, row, told]}`);
      // A new file needs its folder too.
      if (i === 0) {
        const folder = last((e) => e.call === "fsync" && e.path === `${data}/uploads`);
        assert.ok(folder > synced && folder < row, String(folder));
      }
    }
    // The file goes after the source that it became is durable.
    const source = events.findIndex(isReply(201)), gone = events.findIndex((e) => e.call === "unlink" && file(e));
    const settled = events.slice(0, gone).findLastIndex((e) => isSync(e) && wal(e));
    const blob = events.findIndex((e) => /^rename/.test(e.call) && e.to?.startsWith(`${data}/blobs/`));
    const named = events.findIndex((e, i) => i > blob && e.call === "fsync" && e.path === path.dirname(events[blob].to));
    assert.ok(source >= 0 && blob > 0 && blob < named && named < settled && settled < gone, `${[blob, named, settled, gone]}`);
  });

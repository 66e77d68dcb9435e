// The first start of all, which makes the catalog and the first key, cut short at any call: the next
// start works, and the key in admin.key opens the door.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { spawn } from "node:child_process";
import { program, startServer, temporaryFolder } from "../lib/server.mjs";
import { Calls, Faults, sanitized, World } from "./lib.mjs";

// Starts a server that is to fail; resolves when it ended, or is ready and was stopped.
function startUnder(faults, data, socket) {
  const child = spawn(program, ["up", "--data", data, "--socket", socket],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...faults.env } });
  let errors = "", ready = false;
  child.stderr.on("data", (chunk) => (errors += chunk));
  child.stdout.on("data", () => {
    ready = true;
    child.kill("SIGTERM");
  });
  return new Promise((resolve) => child.on("close", (code, signal) =>
    resolve({ code, signal, errors, ready })));
}

async function firstStarts(t, mode, sticky, share) {
  const faults = new Faults(t), folder = temporaryFolder(t);
  faults.arm({ role: "up", mode });
  const clean = await startUnder(faults, path.join(folder, "clean"), path.join(folder, "s"));
  assert.deepEqual([clean.code, clean.ready], [0, true], clean.errors);
  const { count } = faults.state;
  const calls = new Calls(count, share);
  for (const at of calls) {
    const data = path.join(folder, `d${at}`);
    faults.arm({ role: "up", mode, at, sticky });
    const end = await startUnder(faults, data, path.join(folder, "s"));
    const { fired, call } = faults.state;
    if (fired) calls.felt(at);
    faults.disarm();
    const where = `${mode} at call ${at} of ${count} (${call})`;
    if (mode === "kill") assert.ok(!fired || end.signal === "SIGKILL", where);
    else if (!end.ready) {
      assert.equal(end.code, 1, `${where}: ${JSON.stringify(end)}`);
      assert.match(end.errors, /^rowhouse up: \S/m, `${where}: it must say why`);
    }
    const server = await startServer(t, { data, mayCrash: true });
    const file = path.join(data, "admin.key");
    assert.equal(fs.statSync(file).mode & 0o777, 0o600, where);
    const answer = await server.request("GET", "/api/rowhouse/v1/datasets");
    assert.equal(answer.status, 200, `${where}: ${answer.text}`);
    assert.equal(new World(server).sql("catalog.db", "PRAGMA quick_check; SELECT count(*) FROM keys"),
      "ok\n1", where);
    await server.stop();
    const left = fs.readdirSync(data).filter((name) => /\.new$/.test(name));
    assert.deepEqual(left, [], where);
  }
  t.diagnostic(`${count} calls`);
}

test("a first start that is killed can be started again", { skip: sanitized }, (t) =>
  firstStarts(t, "kill", false, 1));
for (const [mode, words] of [["nospace", "a full disk"], ["ioerror", "a failing disk"]])
  test(`a first start on ${words} says so and can be started again`, { skip: sanitized }, (t) =>
    firstStarts(t, mode, true, 0.6));

// lib.mjs: a server in which chosen calls go wrong (fault.c), and what must hold afterwards.
//
//   const faults = new Faults(t);
//   const world = await faults.start();                 // a server with the library in every process
//   faults.arm({ role: "writer", mode: "kill", at: 7 });
//
// Which calls are tried: all of them with FAULTS=all, else about as many of each kind as FAULTS says
// (6), evenly spread and others each time; FAULTS_OFFSET repeats a run.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startServer, temporaryFolder } from "../lib/server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const api = "/api/rowhouse/v1";
const modes = { off: 0, kill: 1, torn: 2, nospace: 3, ioerror: 4, nomemory: 5, hold: 6 };

const wanted = process.env.FAULTS === "all" ? Infinity : Number(process.env.FAULTS ?? 6);
export const offset = Number(process.env.FAULTS_OFFSET ?? Math.floor(Math.random() * 1e6));
// A crash of the sanitizers' own allocator would be found, not ours.
export const sanitized = /san/.test(process.env.ROWHOUSE_BUILD ?? "");

const tick = () => new Promise((resolve) => setTimeout(resolve, 3));

// Asks until it is so; says what it waited for when it is not so in time.
export async function until(what, question, ms = 20000) {
  for (const end = Date.now() + ms; ;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${ms / 1000} s passed, and it is not so: ${what}`);
    await tick();
  }
}

export class Faults {
  constructor(t) {
    this.t = t;
    const folder = temporaryFolder(t);
    this.library = path.join(folder, "fault.so");
    execFileSync("gcc", ["-O1", "-shared", "-fPIC", "-o", this.library, path.join(here, "fault.c"), "-ldl"]);
    this.file = path.join(folder, "control");
    fs.writeFileSync(this.file, Buffer.alloc(4096));
    this.fd = fs.openSync(this.file, "r+");
    t.after(() => fs.closeSync(this.fd));
  }

  get env() {
    return { LD_PRELOAD: this.library, LD_FAULT_CONTROL: this.file };
  }

  // at: the call's number from 1; 0: none, calls are counted only.
  arm({ role, mode, at = 0, sticky = false }) {
    const bytes = Buffer.alloc(88);
    bytes.writeUInt32LE(at, 4);
    bytes.writeUInt32LE(sticky ? 1 : 0, 8);
    bytes.write(role, 24);
    fs.writeSync(this.fd, bytes, 4, 84, 4);
    fs.writeSync(this.fd, Buffer.from([modes[mode], 0, 0, 0]), 0, 4, 0);
  }

  disarm() {
    fs.writeSync(this.fd, Buffer.alloc(4), 0, 4, 0);
  }

  get state() {
    const bytes = Buffer.alloc(88);
    fs.readSync(this.fd, bytes, 0, 88, 0);
    const text = (from) => bytes.toString("latin1", from, from + 32).replace(/\0.*$/s, "");
    return { count: bytes.readUInt32LE(12), victim: bytes.readUInt32LE(16),
      fired: bytes.readUInt32LE(20), call: text(56) };
  }

  async start(options = {}) {
    const server = await startServer(this.t, { ...options, mayCrash: true, env: { ...this.env, ...options.env } });
    return new World(server);
  }
}

// The numbers of the calls to try: 1 … count, or some of them (`share` of what is wanted of every
// kind), and on behind that while there are calls to be hit: no two runs make equally many.
export class Calls {
  constructor(count, share = 1) {
    this.step = Math.max(1, Math.ceil(count / (wanted * share)));
    this.count = count;
  }

  *[Symbol.iterator]() {
    for (let at = 1 + (offset % this.step); at <= this.count; at += this.step) yield at;
  }

  felt(at) {
    this.count = Math.max(this.count, at + this.step);
  }
}

export function makeCsv(rows) {
  const lines = ["id,name,score,note"];
  for (let i = 1; i <= rows; i++) lines.push(`${i},name ${i},${(i * 37) % 1000}.5,"a, ""b"" ${i}"`);
  return lines.join("\n") + "\n";
}

// A server and what it was told; check() says whether it kept its promises.
export class World {
  constructor(server) {
    this.server = server;
    this.folder = server.folder;
    this.logRead = 0;
  }

  // A connection that was cut is an answer too: status 0.
  async ask(method, target, more) {
    try {
      return await this.server.request(method, target, more);
    } catch (error) {
      return { status: 0, text: String(error) };
    }
  }

  upload(csv, name = "a.csv") {
    return this.ask("POST", "/api/v2/datasets/upload", {
      form: [["name", "Faults"], ["description", "d"], ["type", "data_enrichment"],
        ["file", { name, content: csv }]],
    });
  }

  async active() {
    await tick();
    const answer = await this.ask("GET", `${api}/jobs?limit=100`);
    if (answer.status !== 200) return true;
    return answer.json.jobs.some((job) => job.active);
  }

  // No job is queued or runs any more.
  settle(ms) {
    return until("all jobs come to rest", async () => !(await this.active()), ms);
  }

  async datasets() {
    const answer = await this.server.request("GET", `${api}/datasets?limit=100`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.datasets;
  }

  async dataset(id) {
    const answer = await this.server.request("GET", `${api}/datasets/${id}`);
    return answer.status === 200 ? answer.json.dataset : undefined;
  }

  export(id, format = "csv") {
    return this.ask("GET", `${api}/datasets/${id}/export?format=${format}`);
  }

  // The ids of this server's processes in a role.
  processes(role) {
    const words = (pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      } catch {
        return [];
      }
    };
    return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number)
      .filter((pid) => words(pid)[1] === role && words(pid).includes(this.folder));
  }

  // SQL on a database as it lies there, by a program that changes nothing.
  sql(file, text) {
    return execFileSync("sqlite3", ["-readonly", path.join(this.folder, file), text],
      { encoding: "utf8" }).trim();
  }

  databases() {
    return ["catalog.db", ...fs.readdirSync(path.join(this.folder, "datasets"), { recursive: true })
      .map((name) => path.join("datasets", name))].filter((name) => name.endsWith(".db"));
  }

  newLog() {
    const file = path.join(this.folder, "log/rowhouse.log");
    const text = fs.readFileSync(file, "utf8").slice(this.logRead);
    this.logRead += text.length;
    return text;
  }

  // What the server says of the last round, but for requests, and the jobs that did not end.
  recent() {
    const lines = this.newLog().split("\n").filter((line) => !/"path"/.test(line)).slice(-30);
    const jobs = this.sql("catalog.db", `SELECT job_id, kind, state, attempt, cancel FROM jobs
      WHERE state IN ('queued', 'running')`);
    return [...lines, jobs].join("\n");
  }

  // No process of ours may crash, whatever fails; libfcgi gives up by abort() when it has no memory.
  checkCrashes() {
    const crash = this.newLog().match(/fault\.so: a crash, frames:\n((?:[^{].*\n)*)/);
    assert.ok(!crash || /libfcgi/.test(crash[1]), crash?.[0]);
  }

  // One dataset: whole, as the file says, or failed with a reason.
  async checkDataset(d, csv) {
    if (d.state === "failed") {
      assert.ok(d.error?.code && d.error.message, `failed without a reason: ${JSON.stringify(d)}`);
      return;
    }
    assert.equal(d.state, "ready", JSON.stringify(d));
    const rows = csv.split("\n").length - 2;
    assert.equal(d.rows, rows, "rows of a dataset that is ready");
    const exported = await this.export(d.id);
    assert.equal(exported.status, 200, exported.text);
    assert.ok(exported.text === csv, `the export differs: ${exported.text.length} bytes of ${csv.length}`);
    const file = fs.readdirSync(path.join(this.folder, "datasets", d.id))
      .filter((name) => /^rows-\d+\.db$/.test(name));
    assert.deepEqual(file.length, 1);
    assert.equal(this.sql(`datasets/${d.id}/${file[0]}`, "PRAGMA quick_check"), "ok");
  }

  // What must hold after an upload that was answered with `answer`, all faults over.
  async check(answer, csv) {
    await this.settle();
    const list = await this.datasets();
    assert.ok(list.length <= 1, JSON.stringify(list));
    if (answer.status === 201) {
      const d = list.find((each) => each.id === answer.json.datasetId);
      assert.ok(d, "acknowledged and lost");
    } else {
      assert.ok([0, 500, 502, 503, 507].includes(answer.status), answer.text);
      if (answer.status > 0) assert.ok(answer.json, `an error without words: ${answer.text}`);
    }
    for (const d of list) await this.checkDataset(d, csv);
    assert.equal(this.sql("catalog.db", `PRAGMA quick_check;
      SELECT 'draft', count(*) FROM datasets WHERE state NOT IN ('ready','failed');
      SELECT 'storing', count(*) FROM sources WHERE state='storing';
      SELECT 'half', count(*) FROM source_files WHERE sha256 IS NULL;`),
    "ok\ndraft|0\nstoring|0\nhalf|0");
    return list[0];
  }

  // What an upload of `csv` answers while the armed fault lasts: until all is at rest, for a fault in
  // a worker only until the answer, or for `ms` after it was first felt.  [answer, state of faults]
  async uploadUnder(faults, role, csv, ms = Infinity) {
    let answered = false, felt = 0;
    const answer = this.upload(csv).finally(() => (answered = true));
    await until("the fault is over", async () => {
      if (faults.state.fired > 0) felt ||= Date.now();
      if (felt && Date.now() - felt > ms) return true;
      return answered && (role === "web" || !(await this.active()));
    });
    faults.disarm();
    return [await answer, faults.state];
  }

  // Takes everything away again, by the API.
  async clear() {
    for (const kind of ["datasets", "sources"])
      for (let list; !list || list.length > 0;) {
        list = (await this.server.request("GET", `${api}/${kind}?limit=100`)).json[kind];
        for (const { id } of list) {
          const gone = await this.server.request("DELETE", `${api}/${kind}/${id}`);
          assert.equal(gone.status, 204, gone.text);
        }
      }
  }

  // Files that nothing names go with the sweep, which takes old ones only: so all are made old, the
  // server is started again, and then nothing may be left of datasets that are gone.
  async checkSwept(faults) {
    await this.clear();
    await this.server.stop();
    const old = new Date(Date.now() - 2 * 24 * 3600 * 1000);
    const files = (folder) => fs.readdirSync(path.join(this.folder, folder), { recursive: true })
      .map((name) => path.join(this.folder, folder, name))
      .filter((name) => fs.lstatSync(name, { throwIfNoEntry: false })?.isFile());
    for (const file of [...files("blobs"), ...files("incoming")]) fs.utimesSync(file, old, old);
    const again = await faults.start({ data: this.folder });
    const left = () => [...files("blobs"), ...files("incoming"), ...files("uploads"),
      ...fs.readdirSync(path.join(this.folder, "datasets"))];
    try {
      await until("the sweep took everything away", () => left().length === 0, 10000);
    } catch (error) {
      throw new Error(`${error.message}: ${left().join(" ")}`);
    }
    await again.server.stop();
  }
}

// After how many rounds a new server is started: the supervisor waits longer and longer with what dies
// again and again, and a worker asks for most of its memory at its first request.
function rounds(role, mode) {
  if (role === "web" && mode === "nomemory") return 1;
  const dies = ["kill", "torn"].includes(mode) && ["web", "jobs", "*"].includes(role);
  return dies ? 4 : Infinity;
}

// Uploads `csv` again and again, each time with another call of `role` going wrong, and checks what
// is left; an upload without faults must work after each.
export async function uploadAtEveryCall(t, { role, mode, sticky = false, csv, share = 1, ms }) {
  const faults = new Faults(t);
  let world = await faults.start(), round = 0;
  faults.arm({ role, mode });
  const [first, { count }] = await world.uploadUnder(faults, role, csv);
  await world.check(first, csv);
  await world.clear();
  assert.ok(count > 0, `no call of ${role} was seen`);
  const outcomes = {};
  let felt = 0;
  const calls = new Calls(count, share);
  for (const at of calls) {
    if (++round % rounds(role, mode) === 0) {
      await world.server.stop();
      world = await faults.start({ data: world.folder });
    }
    faults.arm({ role, mode, at, sticky });
    let answer, call;
    try {
      [answer, { call }] = await world.uploadUnder(faults, role, csv, ms);
      if (call) {
        calls.felt(at);
        felt++;
      }
      await world.check(answer, csv);
      // SQLite does not say why a sync failed.
      if (mode === "nospace" && !/sync/.test(call))
        assert.ok([201, 507].includes(answer.status), answer.text);
      world.checkCrashes();
      assert.ok(answer.status !== 502 || ["web", "*"].includes(role),
        "a worker died of what befell another process");
      await world.clear();
      assert.equal((await world.upload(csv)).status, 201, "the next upload");
      await world.settle();
      const [d] = await world.datasets();
      await world.checkDataset(d, csv);
      assert.equal(d.state, "ready");
      await world.clear();
    } catch (error) {
      faults.disarm();
      throw new Error(`${role} ${mode}${sticky ? " from" : " at"} call ${at} of ${count}` +
        ` (${call ?? faults.state.call}), answered ${answer?.status}: ${error.message}\n${world.recent()}`, { cause: error });
    }
    outcomes[answer.status] = (outcomes[answer.status] ?? 0) + 1;
  }
  await world.checkSwept(faults);
  assert.ok(felt > 0, "no fault was felt");
  t.diagnostic(`${count} calls, ${felt} faults felt, answers ${JSON.stringify(outcomes)}, FAULTS_OFFSET=${offset}`);
}

// things.mjs: what the tests over HTTP need again and again: datasets of a few rows, a look at the
// processes of a server and at its catalog, and a wait until something is so.

import { execFile, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const ours = "/api/rowhouse/v1";

// Looks until the thing is there (anything but undefined, null or false); the last look's error or
// a word about what was waited for ends a wait of over `seconds`.
export async function eventually(what, look, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (let ms = 1; ; ms = Math.min(ms * 2, 50)) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

// Uploads as Claro; returns the answer of the create.
export function upload(server, content, fields = {}, more = {}) {
  const { fileName = "data.csv", type = "data_enrichment", name = "A dataset", description = "For a test" } = fields;
  return server.request("POST", "/api/v2/datasets/upload", {
    form: [["type", type], ["name", name], ["description", description],
      ["file", { name: fileName, content }]],
    ...more,
  });
}

// Uploads and waits until the rows are read: the dataset in the words of our own API.
export async function makeDataset(server, content, fields = {}) {
  const answer = await upload(server, content, fields);
  if (answer.status !== 201) throw new Error(`upload: ${answer.status} ${answer.text}`);
  return server.waitForDataset(answer.json.datasetId);
}

// Waits until nothing works on a dataset any more: what is made of many rows after they can be read.
export async function jobsToEnd(server, id) {
  await eventually("the jobs of a dataset to end", async () =>
    (await catalog(server, `SELECT count(*) AS n FROM jobs WHERE dataset_id='${id}' AND state IN ('queued','running')`))[0].n === 0);
}

// Begins a resumable upload of so many bytes; { id, target } of it, or the answer when it was refused.
export const tusHeaders = { "tus-resumable": "1.0.0" };
export async function makeUpload(server, length, more = {}) {
  const answer = await server.request("POST", `${ours}/uploads`,
    { ...more, headers: { ...tusHeaders, "upload-length": String(length), ...more.headers } });
  return answer.status === 201 ? { id: answer.json.upload.id, target: answer.headers.location } : answer;
}

// Sends bytes to it, which must be at `offset`.
export function append(server, { target }, offset, body, more = {}) {
  return server.request("PATCH", target, { body, ...more, headers: { ...tusHeaders,
    "content-type": "application/offset+octet-stream", "upload-offset": String(offset), ...more.headers } });
}

// How many datasets, data sources and files there are: a failed create must leave it as it was.
export async function whatExists(server) {
  const of = async (target) => (await server.request("GET", target)).json;
  return {
    datasets: (await of("/api/v2/datasets")).pagination.total,
    sources: (await of("/api/v2/datasources")).pagination.total,
  };
}

// Files in DATA/incoming and DATA/datasets that only work in progress may leave there.
export function halfMade(server) {
  const found = [];
  const walk = (folder) => {
    let entries = [];
    try {
      entries = fs.readdirSync(folder, { withFileTypes: true });
    } catch {
      return; // gone while we looked
    }
    for (const entry of entries) {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(name);
      else if (folder.includes("/incoming") || /\.new|\/new-/.test(name)) found.push(name);
    }
  };
  for (const name of ["incoming", "datasets", "blobs"]) walk(path.join(server.folder, name));
  return found;
}

// SQL on the catalog (or another database of the folder) beside the running server, without touching
// its log of writes.
export async function catalog(server, sql, file = "catalog.db") {
  const { stdout } = await run("sqlite3", ["-cmd", ".timeout 5000", "-cmd", "PRAGMA wal_autocheckpoint=0",
    "-cmd", ".mode json", path.join(server.folder, file), sql]);
  const json = stdout.slice(stdout.indexOf("\n") + 1); // behind the pragma's own line
  return json.trim() ? JSON.parse(json) : [];
}

// Every living process below one: [{pid, parent, role}]; the role is web, jobs, writer, nginx …
export function processesBelow(root) {
  const all = [];
  for (const name of fs.readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, "latin1");
      const after = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const words = fs.readFileSync(`/proc/${name}/cmdline`, "latin1").split("\0");
      if (after[0] === "Z") continue;
      const role = words[0].startsWith("nginx") ? words[0].replace(/^nginx: (\w+).*/, "nginx $1") : words[1];
      all.push({ pid: Number(name), parent: Number(after[1]), role, words });
    } catch {
      // it ended while we looked
    }
  }
  const below = new Set([root]);
  for (let grown = true; grown;) {
    grown = false;
    for (const p of all)
      if (below.has(p.parent) && !below.has(p.pid)) {
        below.add(p.pid);
        grown = true;
      }
  }
  return all.filter((p) => below.has(p.pid) && p.pid !== root);
}

export function processesOf(server, role) {
  return processesBelow(server.child.pid).filter((p) => !role || p.role === role);
}

export function isAlive(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return false;
  }
}

export function signalAll(list, signal) {
  for (const p of list) {
    try {
      process.kill(p.pid, signal);
    } catch {
      // it ended meanwhile
    }
  }
}

// The lines of the core's log, each an object.
export function logLines(server) {
  return fs.readFileSync(path.join(server.folder, "log/rowhouse.log"), "utf8").split("\n")
    .filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

// Who holds a file's lock, and how many wait for it, by the kernel's list.
function locksOf(file) {
  const { ino } = fs.statSync(file);
  const lines = fs.readFileSync("/proc/locks", "latin1").split("\n").filter((line) => line.includes(`:${ino} `));
  const waiting = lines.filter((line) => line.includes("->")).length;
  return { held: lines.length > waiting, waiting };
}

// Holds the lock of the catalog while `act` runs, which begins when `send` has come as far as to wait
// for it: what `act` does (by SQL) happens between what the request read and what it writes.
export async function whileCatalogIsHeld(server, send, act) {
  const file = path.join(server.folder, "catalog.db.lock");
  const holder = spawn("perl", ["-MFcntl", "-e", `open(F, "+<", $ARGV[0]) or die; $| = 1;
    my $all = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLKW, $all) or die; print "held"; <STDIN>`, file],
  { stdio: ["pipe", "pipe", "inherit"] });
  try {
    await new Promise((resolve, reject) => {
      holder.stdout.once("data", resolve);
      holder.once("exit", reject);
    });
    const before = locksOf(file).waiting;
    const answer = send();
    await eventually("the request to wait", () => locksOf(file).waiting > before);
    await act();
    holder.stdin.end();
    return await answer;
  } finally {
    holder.stdin.end();
  }
}

// Stops the web workers while a password is hashed for `send`, runs `act`, and lets them go on.
export async function whileHashing(server, send, act) {
  const file = path.join(server.folder, "run/password.lock");
  const workers = processesOf(server, "web");
  const isStopped = (p) => /^State:\s+T/m.test(fs.readFileSync(`/proc/${p.pid}/status`, "latin1"));
  const isHashing = () => fs.existsSync(file) && locksOf(file).held;
  for (;;) {
    const answer = send();
    try {
      while (!isHashing()) await new Promise(setImmediate);
      signalAll(workers, "SIGSTOP");
      await eventually("the workers to stop", () => workers.every(isStopped));
      if (isHashing()) {
        await act();
        signalAll(workers, "SIGCONT");
        return await answer;
      }
    } finally {
      signalAll(workers, "SIGCONT");
    }
    await answer; // it was quicker
  }
}

// Stops the job runner, so that jobs wait, at a moment when it holds no lock that others need.
// Returns the function that lets it go on.
export async function pauseJobs(server) {
  const jobs = processesOf(server, "jobs");
  const inode = fs.statSync(path.join(server.folder, "catalog.db.lock")).ino;
  const isStopped = (p) => /^State:\s+T/m.test(fs.readFileSync(`/proc/${p.pid}/status`, "latin1"));
  await eventually("the job runner to rest", async () => {
    signalAll(jobs, "SIGSTOP");
    await eventually("the job runner to stop", () => jobs.every(isStopped));
    const locks = fs.readFileSync("/proc/locks", "latin1").split("\n");
    if (!locks.some((line) => line.includes("OFDLCK") && line.includes(`:${inode} `))) return true;
    signalAll(jobs, "SIGCONT");
    return false;
  });
  return () => signalAll(jobs, "SIGCONT");
}

// server.mjs: a Rowhouse of its own for a test: a fresh data folder, a private nginx on a unix
// socket (or on any free port, for browsers), no fixed ports, nothing left behind.
//
//   const server = await startServer(t);            // ends with the test
//   const answer = await server.request("GET", "/api/rowhouse/v1/datasets");
//   answer.status, answer.headers, answer.text, answer.json
//
// Waiting is always for something: an answer, a line on stdout, the end of a process.

import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const program = path.join(root, process.env.ROWHOUSE_BUILD ?? "build", "rowhouse");

// Real files with expected results beside the project; tests that need them skip without them.
export const shared = process.env.ROWHOUSE_SHARED ?? path.resolve(root, "../shared");

// What a test leaves behind, taken away when it ends: the last first, because a server must stop
// before its folder goes (hooks of node's own run the first first, and none after one that throws).
const leftovers = new WeakMap();

export function atEnd(t, fn) {
  if (!leftovers.has(t)) {
    leftovers.set(t, []);
    t.after(async () => {
      let first;
      for (const one of leftovers.get(t).reverse()) {
        try {
          await one();
        } catch (error) {
          first ??= error;
        }
      }
      if (first) throw first;
    });
  }
  leftovers.get(t).push(fn);
}

export function temporaryFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rowhouse-"));
  atEnd(t, () => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// Resolves with the first match of a line on the process's stdout; rejects when it ends before.
function waitForLine(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const match = text.match(pattern);
      if (match) resolve(match);
    });
    child.on("error", reject); // it could not even be started
    child.on("exit", (code, signal) =>
      reject(new Error(`rowhouse ended (${code ?? signal}) before it was ready:\n${text}${child.errors}`)));
  });
}

// A fault the sanitizers or an assertion found fails the test, whatever the answers were.
export function checkLogs(folder, errors = "") {
  const logs = path.join(folder, "log");
  const texts = fs.existsSync(logs)
    ? fs.readdirSync(logs).map((name) => fs.readFileSync(path.join(logs, name), "latin1"))
    : [];
  for (const text of [...texts, errors]) {
    const fault = text.match(/^.*(ERROR: \w+Sanitizer|runtime error:|Assertion .* failed|stack smashing).*$/m);
    if (fault) throw new Error(`the server's log:\n${text.slice(fault.index, fault.index + 6000)}`);
  }
}

// options: data (folder), env, port (true: a free TCP port instead of a unix socket),
// wrap: a command and its arguments to run the server under, mayCrash: its log is not looked at.
export async function startServer(t, options = {}) {
  const folder = options.data ?? path.join(temporaryFolder(t), "data");
  const socket = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "rh-")), "s");
  const where = options.port ? ["--port", "0"] : ["--socket", socket];
  const words = [...(options.wrap ?? []), program, "up", "--data", folder, ...where];
  const child = spawn(words[0], words.slice(1), {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  child.errors = "";
  child.stderr.on("data", (chunk) => (child.errors += chunk));
  const ended = new Promise((resolve) => {
    child.on("exit", (code, signal) => resolve({ code, signal }));
    child.on("error", resolve);
  });
  const stop = async (signal = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return ended;
  };
  atEnd(t, async () => {
    await stop();
    fs.rmSync(path.dirname(socket), { recursive: true, force: true });
    if (!options.mayCrash) checkLogs(folder, child.errors);
  });
  const ready = await waitForLine(child, /Rowhouse is ready at (\S+)/);
  const key = fs.readFileSync(path.join(folder, "admin.key"), "utf8").trim();
  const connection = options.port
    ? { host: "127.0.0.1", port: new URL(ready[1]).port }
    : { socketPath: socket };
  return {
    folder, key, child, ended, stop, connection, socket,
    url: options.port ? ready[1] : undefined,
    // What it said until it was ready; what the first owner comes in with, as long as nobody has a
    // password.
    said: ready.input,
    link: ready.input.match(/Sign in once with this link[^:]*: (\S+)/)?.[1],
    request: (method, target, more = {}) => request(connection, key, method, target, more),
    waitForJob: (id) => waitForJob(connection, key, id),
    waitForDataset: (id) => waitForDataset(connection, key, id),
  };
}

// more: headers, body (text or bytes), json (sent as JSON), form (FormData-like array, see form()),
// key (null: none).
export function request(connection, key, method, target, more = {}) {
  const headers = { ...more.headers };
  if (more.key !== null) headers.authorization ??= `Bearer ${more.key ?? key}`;
  let body = more.body;
  if (more.json !== undefined) {
    body = JSON.stringify(more.json);
    headers["content-type"] ??= "application/json";
  }
  if (more.form) {
    headers["content-type"] ??= `multipart/form-data; boundary=${boundary}`;
    body = formBody(more.form);
  }
  if (body !== undefined) headers["content-length"] ??= Buffer.byteLength(body);
  return new Promise((resolve, reject) => {
    const sent = http.request({ agent: false, ...connection, method, path: target, headers }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString("utf8");
        let json;
        if (text && /json(;|$)/.test(answer.headers["content-type"] ?? "")) json = JSON.parse(text);
        resolve({ status: answer.statusCode, headers: answer.headers, bytes, text, json });
      });
    });
    sent.on("error", reject);
    if (body !== undefined) sent.write(body);
    sent.end();
  });
}

export const boundary = "----rowhouse-test-0123456789";

// [["name", "value"], ["file", {name: "a.csv", content: "…", type: "text/csv"}]]
export function formBody(fields) {
  const parts = fields.map(([name, value]) => {
    const isFile = typeof value === "object";
    const head = isFile
      ? `Content-Disposition: form-data; name="${name}"; filename="${value.name}"\r\n` +
        `Content-Type: ${value.type ?? "text/csv"}\r\n`
      : `Content-Disposition: form-data; name="${name}"\r\n`;
    return Buffer.concat([
      Buffer.from(`--${boundary}\r\n${head}\r\n`),
      Buffer.from(isFile ? value.content : value),
      Buffer.from("\r\n"),
    ]);
  });
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Asks until the thing has come to rest; the test runner's own time limit ends a wait for ever.
async function poll(connection, key, target, done) {
  for (let ms = 5; ; ms = Math.min(ms * 2, 200)) {
    const answer = await request(connection, key, "GET", target);
    if (answer.status !== 200) throw new Error(`${target}: ${answer.status} ${answer.text}`);
    if (done(answer.json)) return answer.json;
    await pause(ms);
  }
}

export async function waitForJob(connection, key, id) {
  const answer = await poll(connection, key, `/api/rowhouse/v1/jobs/${id}`, (a) => !a.job.active);
  return answer.job;
}

export async function waitForDataset(connection, key, id) {
  const answer = await poll(connection, key, `/api/rowhouse/v1/datasets/${id}`,
    (a) => ["ready", "failed"].includes(a.dataset.state));
  return answer.dataset;
}

// cgi.test.mjs: the same core as plain CGI: one process a request, its parameters in the environment, the
// body on stdin, jobs beside it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { boundary, checkLogs, formBody, program, startServer, temporaryFolder } from "../lib/server.mjs";
import { atEnd } from "../lib/server.mjs";
import { eventually, ours } from "../lib/things.mjs";

const whole = { after };
const data = path.join(temporaryFolder(whole), "data");
const first = await startServer(whole, { data }); // makes the folder and its key
await first.stop();
const key = first.key;

const jobs = spawn(program, ["jobs", "--data", data], { stdio: ["ignore", "ignore", "pipe"] });
let jobErrors = "";
jobs.stderr.on("data", (chunk) => (jobErrors += chunk));
const jobsEnded = new Promise((resolve) => jobs.on("exit", (code) => resolve(code)));
atEnd(whole, async () => {
  jobs.kill("SIGTERM");
  await jobsEnded;
  checkLogs(data, jobErrors);
});

// Runs one request; more: body, type, env.
function cgi(method, target, more = {}) {
  const [info, query = ""] = target.split("?");
  const env = { PATH: process.env.PATH, GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: method, PATH_INFO: info, QUERY_STRING: query,
    REMOTE_ADDR: "127.0.0.1", HTTP_HOST: "example.org", HTTP_AUTHORIZATION: `Bearer ${key}`, ...more.env };
  if (more.body !== undefined) {
    env.CONTENT_LENGTH ??= String(Buffer.byteLength(more.body));
    env.CONTENT_TYPE ??= more.type ?? "application/json";
  }
  for (const name of Object.keys(env)) if (env[name] === null) delete env[name];
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["cgi", "--data", data], { env, stdio: ["pipe", "pipe", "pipe"] });
    const out = [];
    let errors = "";
    child.stdout.on("data", (chunk) => out.push(chunk));
    child.stderr.on("data", (chunk) => (errors += chunk));
    child.stdin.on("error", () => {});
    child.on("error", reject);
    child.on("close", (code) => {
      const bytes = Buffer.concat(out);
      const end = bytes.indexOf("\r\n\r\n");
      const lines = bytes.subarray(0, end).toString("latin1").split("\r\n");
      const headers = Object.fromEntries(lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }));
      const text = bytes.subarray(end + 4).toString("utf8");
      const json = text && /json(;|$)/.test(headers["content-type"] ?? "") ? JSON.parse(text) : undefined;
      checkLogs("/nonexistent", errors);
      resolve({ code, status: Number(headers.status?.split(" ")[0]), headers, text, json, errors });
    });
    child.stdin.end(more.body ?? "");
  });
}

test("a request is answered with a CGI head and its body", async () => {
  const answer = await cgi("GET", "/version");
  assert.equal(answer.code, 0);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["content-type"], "application/json");
  assert.equal(Number(answer.headers["content-length"]), Buffer.byteLength(answer.text));
  assert.equal(answer.json.name, "rowhouse");
  assert.ok(JSON.parse(answer.errors.trim().split("\n").at(-1)).request, "the log line goes to stderr");
});

test("upload, rows, export and delete work as behind nginx", async () => {
  const body = formBody([["type", "data_enrichment"], ["name", "By CGI"], ["description", "d"],
    ["file", { name: "a.csv", content: "a,b\n1,1.10\n2,007\n" }]]);
  const made = await cgi("POST", "/api/v2/datasets/upload", { body, type: `multipart/form-data; boundary=${boundary}` });
  assert.equal(made.status, 201, made.text);
  const { datasetId, datasourceId } = made.json;
  await eventually("the rows to be read", async () =>
    (await cgi("GET", `/api/v2/datasets/${datasetId}`)).json.status === "completed");
  const rows = await cgi("GET", `${ours}/datasets/${datasetId}/rows?limit=1&position=1`);
  assert.deepEqual(rows.json.rows[0].cells, [2, "007"]);
  for (let i = 0; i < 2; i++) {
    const out = await cgi("GET", `${ours}/datasets/${datasetId}/export?format=csv`);
    assert.equal(out.status, 200, out.text);
    assert.equal(out.text, "a,b\n1,1.10\n2,007\n");
    assert.equal(Number(out.headers["content-length"]), out.text.length);
    assert.ok(!("x-accel-redirect" in out.headers));
  }
  const again = await cgi("POST", "/api/v2/datasets", { body: JSON.stringify({ type: "data_enrichment", name: "n", description: "d", datasourceId }) });
  assert.equal(again.status, 201);
  const gone = await cgi("DELETE", `/api/v2/datasets/${datasetId}`);
  assert.deepEqual([gone.status, gone.text], [204, ""]);
  assert.deepEqual(fs.readdirSync(path.join(data, "incoming")).filter((n) => n !== "nginx"), []);
});

test("HEAD has no body", async () => {
  const answer = await cgi("HEAD", "/version");
  assert.equal(answer.status, 200);
  assert.equal(answer.text, "");
});

test("errors are those of the API: no key, wrong length, no such thing", async () => {
  assert.equal((await cgi("GET", "/api/v2/datasets", { env: { HTTP_AUTHORIZATION: null } })).json.code, "UNAUTHORIZED");
  assert.equal((await cgi("GET", "/api/v2/nothing")).json.code, "NOT_FOUND");
  const body = "{\"type\":\"data_enrichment\"}";
  const short = await cgi("POST", "/api/v2/datasets", { body, env: { CONTENT_LENGTH: String(body.length + 5) } });
  assert.equal(short.status, 400);
  assert.match(short.json.details.message, /not as long as its Content-Length says/);
  const cut = await cgi("POST", "/api/v2/datasets", { body, env: { CONTENT_LENGTH: String(body.length - 5) } });
  assert.match(cut.json.details.message, /not valid JSON/);
  for (const length of ["x", "-1", "99999999999999999999"]) {
    const bad = await cgi("POST", "/api/v2/datasets", { body, env: { CONTENT_LENGTH: length } });
    assert.equal(bad.status, 400, length);
  }
  assert.deepEqual(fs.readdirSync(path.join(data, "incoming")).filter((n) => n !== "nginx"), []);
});

test("a header of the client cannot become a parameter of ours", async () => {
  const answer = await cgi("POST", "/api/v2/datasets", { body: "{}", env: { HTTP_BODY_FILE: "/etc/passwd", BODY_FILE: "/etc/passwd", HTTP_PROXY: "evil" } });
  assert.equal(answer.json.details.field, "type");
});

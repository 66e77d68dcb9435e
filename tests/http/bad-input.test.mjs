// bad-input.test.mjs: whatever a client sends, it gets a clear error in the shape of the API it called,
// nothing half-made stays, and the server goes on.

import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import test, { after } from "node:test";
import { boundary, formBody, startServer } from "../lib/server.mjs";
import { connect } from "../lib/raw.mjs";
import { catalog, eventually, halfMade, makeDataset, ours, pauseJobs, processesOf, signalAll, upload, whatExists }
  from "../lib/things.mjs";

const server = await startServer({ after });

async function assertGoesOn() {
  assert.equal((await makeDataset(server, "a\n1\n")).rows, 1);
}

function assertUploadError(answer, message, label) {
  assert.equal(answer.status, 400, `${label ?? ""} ${answer.status} ${answer.text}`);
  assert.deepEqual(Object.keys(answer.json), ["error", "code", "details"]);
  assert.deepEqual([answer.json.error, answer.json.code], ["File upload failed", "FILE_UPLOAD_ERROR"], answer.text);
  assert.match(answer.json.details.message, message, label);
}

// A refused upload: nothing more exists than before, and its bytes go.
async function assertNothingStays(send) {
  const before = await whatExists(server);
  await send();
  assert.deepEqual(await whatExists(server), before);
  await eventually("the bytes of refused uploads to go", () => halfMade(server).length === 0);
}

test("an empty file is refused at once", () => assertNothingStays(async () => {
  assertUploadError(await upload(server, ""), /data\.csv is empty/);
}));

// Read only after the create was answered: the dataset fails and says why; its source stays.
async function assertFails(content, message, line, fields) {
  const dataset = await makeDataset(server, content, fields);
  assert.equal(dataset.state, "failed", JSON.stringify(dataset));
  assert.match(dataset.error.message, message);
  if (line !== undefined) assert.equal(dataset.error.line, line);
  const theirs = (await server.request("GET", `/api/v2/datasets/${dataset.id}`)).json;
  assert.equal(theirs.status, "failed");
  assert.equal(theirs.error.message, dataset.error.message);
  assert.deepEqual([dataset.rows, dataset.columns], [0, 0]);
  assert.deepEqual(fs.readdirSync(`${server.folder}/datasets/${dataset.id}`), [], "no half a file of rows");
  return dataset;
}

test("a file of blank lines or spaces alone fails as empty", async () => {
  for (const content of ["\n", " \n \n", "\ufeff"]) await assertFails(content, /empty/);
});

test("a header without rows is a dataset without rows", async () => {
  for (const content of ["a,b,c\n", "a,b,c"]) {
    const { state, rows, columns, id } = await makeDataset(server, content);
    assert.deepEqual([state, rows, columns], ["ready", 0, 3]);
    const { json } = await server.request("GET", `${ours}/datasets/${id}/rows`);
    assert.deepEqual([json.rows, json.total, json.next], [[], 0, null]);
    const claro = (await server.request("GET", `/api/v2/datasets/${id}/data`)).json;
    assert.deepEqual([claro.data, claro.pagination.total, claro.pagination.totalPages], [[], 0, 0]);
    assert.equal((await server.request("GET", `${ours}/datasets/${id}/export`)).text, "a,b,c\n");
    assert.equal((await server.request("GET", `${ours}/datasets/${id}/export?format=jsonl`)).text, "");
  }
});

test("a binary file is refused as one", async () => {
  await assertFails(Buffer.from("\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0", "latin1"), /no text/, 1);
  await assertFails(Buffer.from("a,b\n1,2\n\0\0\0\0\0\0\0\0\n"), /no text/, 1);
});

test("a NUL deep in a text is replaced and told", async () => {
  const head = `a,b\n${"1,2\n".repeat(2000)}`;
  const { id, rows } = await makeDataset(server, Buffer.from(`${head}x\0y,z\n`));
  assert.equal(rows, 2001);
  const { findings } = (await server.request("GET", `${ours}/datasets/${id}/findings`)).json;
  assert.deepEqual(findings.map((f) => [f.code, f.line]), [["nul-byte", 2002]]);
  const { json } = await server.request("GET", `${ours}/datasets/${id}/rows?position=2000`);
  assert.deepEqual(json.rows[0].cells, ["x\ufffdy", "z"]);
});

test("2,000 columns are read, 2,001 are not", async () => {
  const line = (n, of) => `${Array.from({ length: n }, (_, i) => of(i)).join(",")}\n`;
  const good = await makeDataset(server, line(2000, (i) => `c${i}`) + line(2000, (i) => i));
  assert.deepEqual([good.state, good.columns, good.rows], ["ready", 2000, 1]);
  const { json } = await server.request("GET", `/api/v2/datasets/${good.id}/data`);
  assert.equal(json.data[0][1999].value, 1999);
  await assertFails(line(2001, (i) => `c${i}`) + line(2001, (i) => i), /2,?001 columns, the limit is 2,?000/, 1);
  await assertFails(line(2000, (i) => `c${i}`) + line(2001, (i) => i), /2,?001 columns, the limit is 2,?000/, 2);
});

test("a cell of 16 MiB is read, one byte more is not", async () => {
  const size = 16 * 1048576 - 2; // as it is stored, between its quotes
  const good = await makeDataset(server, `a,b\n${"x".repeat(size)},2\n`);
  assert.deepEqual([good.state, good.rows], ["ready", 1], JSON.stringify(good.error));
  const out = await server.request("GET", `${ours}/datasets/${good.id}/export`);
  assert.equal(out.bytes.length, 4 + size + 3);
  await assertFails(`a,b\n${"x".repeat(size + 1)},2\n`, /16 MiB|16777216|16,777,216/, 2);
});

// Private memory of the core's processes (not nginx), the highest seen until `done` resolves.
async function peakMemory(done) {
  const peak = {};
  let over = false;
  const watched = done.finally(() => (over = true));
  while (!over) {
    for (const p of processesOf(server).filter((q) => !q.role?.startsWith("nginx"))) {
      try {
        const status = fs.readFileSync(`/proc/${p.pid}/status`, "latin1");
        const kib = Number(status.match(/RssAnon:\s+(\d+)/)?.[1] ?? 0);
        peak[p.role] = Math.max(peak[p.role] ?? 0, kib / 1024);
      } catch {
        // it ended
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await watched;
  return peak;
}

// A form around `size` bytes of file that nobody holds whole.
function uploadStream(size, fill, fields) {
  const parts = formBody([...fields, ["file", { name: "big.csv", content: "MARK" }]]).toString("latin1").split("MARK");
  const length = parts[0].length + size + parts[1].length;
  return new Promise((resolve, reject) => {
    const request = http.request({ ...server.connection, method: "POST", path: "/api/v2/datasets/upload", agent: false,
      headers: { authorization: `Bearer ${server.key}`, "content-length": length,
        "content-type": `multipart/form-data; boundary=${boundary}` } }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, text, json: JSON.parse(text) }));
    });
    request.on("error", reject);
    request.write(parts[0], "latin1");
    const chunk = Buffer.alloc(1 << 20, fill);
    let left = size;
    const more = () => {
      while (left > 0) {
        const n = Math.min(left, chunk.length);
        left -= n;
        if (!request.write(chunk.subarray(0, n))) return request.once("drain", more);
      }
      request.end(parts[1], "latin1");
    };
    more();
  });
}

test("a line of 1 GB fails with its line, in little memory", { timeout: 120000 }, async () => {
  const form = [["type", "data_enrichment"], ["name", "One line"], ["description", "d"]];
  const work = (async () => {
    const answer = await uploadStream(1e9, "x", form);
    assert.equal(answer.status, 201, answer.text);
    return server.waitForDataset(answer.json.datasetId);
  })();
  const peak = await peakMemory(work);
  const dataset = await work;
  assert.equal(dataset.state, "failed");
  assert.match(dataset.error.message, /over|limit/);
  assert.equal(dataset.error.line, 1);
  // A record may have 64 MiB, and the reader holds it and what becomes of it; nobody else any of it.
  for (const [role, mib] of Object.entries(peak)) {
    const limit = process.env.ROWHOUSE_BUILD?.includes("san") ? 1000 : role === "child" ? 300 : 48;
    assert.ok(mib < limit, `${role} had ${mib} MiB`);
  }
  await server.request("DELETE", `/api/v2/datasets/${dataset.id}`);
  await server.request("DELETE", `/api/v2/datasources/${dataset.source_id}`);
  await assertGoesOn();
});

const head = (name, file) => `--B\r\nContent-Disposition: form-data; name="${name}"${file ? `; filename="${file}"` : ""}\r\n\r\n`;
const form = (body, type = "multipart/form-data; boundary=B") => server.request("POST", "/api/v2/datasets/upload",
  { body, headers: { "content-type": type } });
const whole = `${head("type")}data_enrichment\r\n${head("name")}n\r\n${head("description")}d\r\n${head("file", "a.csv")}a\n1\n\r\n--B--\r\n`;

test("a multipart body that ends anywhere before its end is refused, wherever it ends", () => assertNothingStays(async () => {
  assert.equal((await form(whole)).status, 201, "the whole is good");
  const { json } = await server.request("GET", "/api/v2/datasets");
  await server.request("DELETE", `/api/v2/datasets/${json.datasets[0].datasetId}`);
  await server.request("DELETE", `/api/v2/datasources/${json.datasets[0].datasourceId}`);
  const last = whole.lastIndexOf("\r\n--B--") + "\r\n--B--".length;
  for (let n = last - 1; n > 0; n -= n > last - 12 ? 1 : 37)
    assertUploadError(await form(whole.slice(0, n)), /./, `cut to ${n}: ${JSON.stringify(whole.slice(n - 10, n))}`);
}));

test("forms that are none are refused with what is wrong", () => assertNothingStays(async () => {
  for (const [body, type, message] of [
    ["", undefined, /body of the request is empty/],
    ["x", "text/csv", /multipart\/form-data/],
    ["x", "multipart/form-data", /boundary/],
    ["x", "multipart/form-data; boundary=", /boundary/],
    ["x", `multipart/form-data; boundary=${"b".repeat(71)}`, /boundary|70/],
    [whole, "multipart/form-data; boundary=C", /part|boundary/],
    ["--B--\r\n", undefined, /part/],
  ])
    assertUploadError(await form(body, type), message, `${type} ${JSON.stringify(body.slice(0, 30))}`);
}));

test("a form's limits: fields, files, text", () => assertNothingStays(async () => {
  const field = (i) => `${head(`x${i}`)}1\r\n`;
  const file = (i) => `${head("f", `f${i}.csv`)}1\r\n`;
  const times = (n, of) => Array.from({ length: n }, (_, i) => of(i)).join("");
  assert.match((await form(`${times(1000, field)}--B--\r\n`)).json.details.message, /Dataset type/, "1,000 fields are read");
  const fields = await form(`${times(1001, field)}--B--\r\n`);
  assert.match(fields.json.details.message, /over 1000 fields/);
  const files = await form(`${times(1001, file)}--B--\r\n`);
  assert.match(files.json.details.message, /over 1000 files/);
  const headers = await form(whole.replace("; name=\"name\"", `; name="name"\r\nX-Y: ${"h".repeat(8200)}`));
  assert.match(headers.json.details.message, /headers of part 2 are over 8192 bytes/);
  const text = await form(`${head("description")}${"d".repeat(1048576)}\r\n--B--\r\n`);
  assert.match(text.json.details.message, /text fields of the form are over 1048576 bytes/);
  for (const answer of [fields, files, text, headers])
    assert.deepEqual([answer.status, answer.json.code], [413, "FILE_UPLOAD_ERROR"]);
}));

test("file names that try to get out, or are far too long, are only names", async () => {
  for (const name of ["../../../../etc/passwd", "C:\\temp\\x.csv", "/etc/passwd", `${"n".repeat(300)}.csv`, "a\tb.csv", "<script>.csv"]) {
    const { source_id, state } = await makeDataset(server, "a\n1\n", { fileName: name });
    assert.equal(state, "ready");
    const { json } = await server.request("GET", `/api/v2/datasources/${source_id}`);
    assert.ok(Buffer.byteLength(json.fileName) <= 255 && json.fileName.length > 0);
  }
});

const uploadHead = (length, more = "") => `POST /api/v2/datasets/upload HTTP/1.1\r\nHost: x\r\n` +
  `Authorization: Bearer ${server.key}\r\nContent-Type: multipart/form-data; boundary=B\r\n` +
  `${length === null ? "" : `Content-Length: ${length}\r\n`}${more}\r\n`;

test("a client that leaves in the middle of its body leaves nothing", () => assertNothingStays(async () => {
  const { rowhouse } = { rowhouse: await catalog(server, "SELECT count(*) AS n FROM jobs") };
  const c = await connect(server);
  await c.send(uploadHead(5_000_000));
  await c.send(whole.slice(0, 100) + "x".repeat(300_000));
  await eventually("nginx to keep the body", () => halfMade(server).length > 0);
  c.leave();
  await eventually("the body to go", () => halfMade(server).length === 0);
  assert.deepEqual(await catalog(server, "SELECT count(*) AS n FROM jobs"), rowhouse, "no job was made of it");
}));

test("a client that leaves while it waits: its job is cancelled, nothing stays", () => assertNothingStays(async () => {
  const resume = await pauseJobs(server);
  try {
    const c = await connect(server);
    await c.send(uploadHead(whole.length) + whole);
    const [{ job_id }] = await eventually("the job", async () => {
      const found = await catalog(server, "SELECT job_id FROM jobs WHERE kind='upload' AND state='queued'");
      return found.length > 0 && found;
    });
    c.leave();
    await eventually("the job to be cancelled", async () =>
      (await catalog(server, `SELECT state FROM jobs WHERE job_id='${job_id}'`))[0].state === "cancelled");
  } finally {
    resume();
  }
}));

test("a create refused after its file was stored leaves no data source", () => assertNothingStays(async () => {
  const resume = await pauseJobs(server);
  const web = processesOf(server, "web");
  try {
    const answer = form(whole.replace("data_enrichment", "nonsense"));
    const [{ job_id }] = await eventually("the job", async () => {
      const found = await catalog(server, "SELECT job_id FROM jobs WHERE kind='upload' AND state='queued'");
      return found.length > 0 && found;
    });
    await eventually("the request to be parked", async () =>
      /^rowhouse_parked 1$/m.test((await server.request("GET", "/metrics")).text));
    signalAll(web, "SIGSTOP");
    resume();
    await eventually("the file to be stored", async () =>
      (await catalog(server, `SELECT state FROM jobs WHERE job_id='${job_id}'`))[0].state === "done");
    signalAll(web, "SIGCONT");
    assert.equal((await answer).json.details.field, "type");
  } finally {
    resume();
    signalAll(web, "SIGCONT");
  }
}));

test("a Content-Length that is too long: the server waits for the rest and makes nothing of it", () => assertNothingStays(async () => {
  const c = await connect(server);
  await c.send(uploadHead(whole.length + 10) + whole);
  c.socket.end();
  const answer = await c.answer("POST");
  assert.ok(answer === null || answer.status === 400, JSON.stringify(answer));
}));

test("a Content-Length that is too short: the body ends there, and the rest is no request", () => assertNothingStays(async () => {
  const c = await connect(server);
  await c.send(uploadHead(whole.length - 20) + whole);
  const answer = await c.answer("POST");
  assert.equal(answer.json.code, "FILE_UPLOAD_ERROR");
  const next = await c.answer("GET");
  assert.ok(next === null || next.status === 400, "what is left over is not taken for a request");
}));

test("lengths that cannot be right are refused before anything is read", () => assertNothingStays(async () => {
  for (const [length, more] of [
    [10, "Content-Length: 20\r\n"], [10, "Content-Length: 10\r\n"], ["-1", ""], ["1e3", ""], ["0x10", ""], ["10, 10", ""],
    ["99999999999999999999", ""], [10, "Transfer-Encoding: chunked\r\n"],
    [null, "Transfer-Encoding: gzip\r\n"], [null, "Transfer-Encoding: chunked, chunked\r\n"],
  ]) {
    const c = await connect(server);
    await c.send(uploadHead(length, more));
    const answer = await c.answer("POST");
    assert.ok([400, 501].includes(answer.status), `${length} ${more}: ${answer.status} ${answer.text}`);
    assert.ok(answer.json, answer.text);
    c.socket.end();
    assert.equal(await c.answer(), null, "and the connection ends");
  }
}));

test("a chunked body is taken like any other", async () => {
  const c = await connect(server);
  const half = Math.floor(whole.length / 2);
  const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  await c.send(uploadHead(null, "Transfer-Encoding: chunked\r\n"));
  await c.send(chunk(whole.slice(0, half)));
  await c.send(chunk(whole.slice(half)) + "0\r\n\r\n");
  const answer = await c.answer("POST");
  assert.equal(answer.status, 201, answer.text);
  assert.equal((await server.waitForDataset(answer.json.datasetId)).rows, 1);
  c.leave();
});

test("a chunked JSON body is held to the same limit", async () => {
  const c = await connect(server);
  await c.send(`POST /api/v2/datasets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.key}\r\n` +
    "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  const text = `{"pad":"${"p".repeat(1048577)}"}`;
  await c.send(`${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`);
  const answer = await c.answer("POST");
  assert.equal(answer.status, 413, answer.text);
  c.leave();
});

test("after all of that the server goes on", assertGoesOn);

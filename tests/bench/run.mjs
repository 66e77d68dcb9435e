// run.mjs: the rows of DESIGN section 9 that work today, side by side in one run; see README.md.

import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { boundary, program, startServer } from "../lib/server.mjs";
import { inTurn, load, median, run, spread, table } from "./measure.mjs";
import { processes, watch } from "./memory.mjs";
import { scale } from "./scale.mjs";
import { header, writeRagged, writeSample } from "./sample.mjs";

const rows = Number(process.env.BENCH_ROWS ?? 1000000);
const times = Number(process.env.BENCH_TIMES ?? 5);
const seconds = Number(process.env.BENCH_SECONDS ?? 3);
const only = process.env.BENCH_ONLY?.split(",");
const wanted = (name) => !only || only.includes(name);
const here = path.dirname(fileURLToPath(import.meta.url));
const api = "/api/rowhouse/v1";
const report = [["work", "Rowhouse", "against", "theirs", "ratio", "aim"]];
const notes = [];

// ---- what is ended and removed when all is done ----

const endings = [];
const whole = { after: (end) => endings.push(end) };
async function endAll() {
  for (const end of endings.splice(0).reverse()) await end();
}
const folder = fs.mkdtempSync(path.join(process.env.BENCH_DIR ?? os.tmpdir(), "rowhouse-bench-"));
whole.after(() => fs.rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => endAll().finally(() => process.exit(1)));
const file = (name) => path.join(folder, name);
const remove = (...names) => names.forEach((name) => fs.rmSync(name, { recursive: true, force: true }));

function put(work, ours, other, theirs, unit, ratio, aim) {
  report.push([work, spread(ours, unit), other, spread(theirs, unit), ratio.toFixed(2), aim]);
}

// ---- our side ----

const agent = new http.Agent({ keepAlive: true });
const ask = (server, method, target) => server.request(method, api + target, { agent });

// A keep-alive GET that only says the status, for asking often.
function statusOf(server, target) {
  return new Promise((resolve, reject) => {
    const options = { ...server.connection, path: api + target, agent,
      headers: { authorization: `Bearer ${server.key}` } };
    http.get(options, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    }).on("error", reject);
  });
}

// Uploads with curl and waits until the last row can be read: {ms, id, source}.
async function upload(server, sample, count = rows) {
  const since = process.hrtime.bigint();
  const { text } = await run("curl", ["-sS", "--fail-with-body",
    "-H", `Authorization: Bearer ${server.key}`, "-F", "type=data_enrichment", "-F", "name=sample",
    "-F", `file=@${sample}`, `${server.url}${api}/datasets/upload`]);
  const { dataset } = JSON.parse(text);
  const last = `/datasets/${dataset.id}/rows?position=${count - 1}&limit=1`;
  while ((await statusOf(server, last)) !== 200) await new Promise((go) => setTimeout(go, 3));
  const ms = Number(process.hrtime.bigint() - since) / 1e6;
  const answer = (await ask(server, "GET", last)).json;
  if (answer.total !== count || answer.rows.length !== 1) throw new Error("rows are missing");
  return { ms, dataset };
}

// Until nothing is made of the rows any more, which would cost whoever is measured next.
async function rest(server) {
  while (processes(server.child.pid).some((p) => p.role === "project"))
    await new Promise((go) => setTimeout(go, 50));
}

// What is made of many rows after they can be read (of as many as fcgi/base/limits.h says none is).
async function made(server, dataset) {
  const last = path.join(server.folder, "datasets", dataset.id, "derived/1/statistics");
  while (rows > 50000 && !fs.existsSync(last)) await new Promise((go) => setTimeout(go, 50));
  await rest(server);
}

// Deletes it, its source and its blob, so that the next upload has as much to do.
async function forget(server, dataset) {
  await ask(server, "DELETE", `/datasets/${dataset.id}`);
  await rest(server);
  for (const source of (await ask(server, "GET", "/sources")).json.sources)
    await ask(server, "DELETE", `/sources/${source.id}`);
  remove(path.join(server.folder, "blobs"));
  fs.mkdirSync(path.join(server.folder, "blobs"), { mode: 0o700 });
}

async function freePort() {
  const listener = net.createServer();
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

// ---- the others ----

async function duckdb(database, statement, repeated) {
  const { text } = await run(process.execPath,
    [path.join(here, "duckdb.mjs"), database, statement, ...(repeated ? [String(repeated)] : [])]);
  return JSON.parse(text).ms;
}

async function hasDuckdb() {
  try {
    await import("@duckdb/node-api");
    return true;
  } catch {
    notes.push("DuckDB is not installed (npm install in tests/bench): its rows are missing.");
    return false;
  }
}

// The bare responder behind nginx with our configuration: answers `head` and `body`.
async function startBare(server, head, body) {
  const place = file("bare");
  for (const name of ["run", "log", "incoming/nginx"])
    fs.mkdirSync(path.join(place, name), { recursive: true });
  fs.writeFileSync(path.join(place, "answer"), `${head}\r\n${body}`);
  const workers = processes(server.child.pid).filter((p) => p.role === "web").length;
  const child = spawn(process.env.BENCH_BARE,
    [path.join(place, "run/core.sock"), String(workers), path.join(place, "answer")],
    { stdio: ["ignore", "pipe", "inherit"] });
  whole.after(() => child.kill());
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const port = await freePort();
  const conf = fs.readFileSync(path.join(server.folder, "run/nginx.conf"), "utf8")
    .replace(/listen [^ ;]+/, `listen 127.0.0.1:${port}`);
  fs.writeFileSync(path.join(place, "run/nginx.conf"), conf);
  const nginx = spawn("nginx", ["-p", `${place}/`, "-c", "run/nginx.conf", "-e", "stderr"], {
    stdio: ["ignore", "inherit", "inherit"], cwd: path.join(place, "run"),
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  const ended = new Promise((resolve) => nginx.on("exit", resolve));
  whole.after(() => {
    nginx.kill("SIGTERM");
    return ended;
  });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    try {
      await run("curl", ["-sf", "-o", "/dev/null", url]);
      return url;
    } catch (e) {
      if (nginx.exitCode !== null) throw e;
    }
  }
}

// ---- the rows ----

async function uploads(server, sample, duck) {
  const ragged = file("ragged.csv");
  writeRagged(ragged, sample);
  const uploadOf = (name) => async () => {
    const { ms, dataset } = await upload(server, name);
    await forget(server, dataset);
    return ms;
  };
  const done = await inTurn(times, {
    rowhouse: uploadOf(sample),
    ragged: uploadOf(ragged),
    sqlite: async () => {
      remove(file("import.db"));
      return (await run("sqlite3", [file("import.db"), ".mode csv", `.import ${sample} rows`])).ms;
    },
    ...(duck && {
      duckdb: async () => {
        remove(file("import.duckdb"));
        return duckdb(file("import.duckdb"), `CREATE TABLE rows AS SELECT * FROM read_csv('${sample}')`);
      },
    }),
  });
  const ours = median(done.rowhouse);
  put("CSV upload until readable", done.rowhouse, "sqlite3 .import", done.sqlite, "ms",
    ours / median(done.sqlite), "≤ 0.65");
  if (duck)
    put("", done.rowhouse, "DuckDB read_csv", done.duckdb, "ms", ours / median(done.duckdb), "≤ 0.95");
  put("the same, every row ragged", done.ragged, "our own upload", done.rowhouse, "ms", median(done.ragged) / ours, "–");
  remove(ragged);
}

async function gets(server, dataset) {
  const target = `${api}/datasets/${dataset.id}`;
  const answer = await server.request("GET", target);
  const head = Object.entries(answer.headers)
    .filter(([name]) => !["server", "date", "connection"].includes(name))
    .map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const bare = await startBare(server, head, answer.text);
  const url = server.url + target;
  const far = `${url}/rows?position=${Math.floor(rows * 0.9)}&limit=50`;
  const page = await server.request("GET", far.slice(server.url.length));
  if (page.json.rows.length !== 50) throw new Error("the page has no 50 rows");
  const options = { key: server.key, seconds };
  for (const warm of [bare, url, far]) await load(warm, { ...options, seconds: 1 });
  const done = await inTurn(times, {
    get: () => load(url, options),
    bare: () => load(bare, options),
    page: () => load(far, options),
  });
  if (wanted("get"))
    put("GET one dataset, with a key", done.get, "bare libfcgi", done.bare, "/s",
      median(done.get) / median(done.bare), "≥ 0.8");
  if (wanted("page"))
    put(`page of 50 rows at ${Math.floor(rows * 0.9)}`, done.page, "GET one dataset", done.get, "/s",
      median(done.page) / median(done.get), "≥ 0.7");
  notes.push(`GET one dataset answers ${answer.bytes.length} bytes, the page of rows ${page.bytes.length}; ` +
    `${(median(done.page) * page.bytes.length / 1e6).toFixed(0)} MB of rows a second.`);
}

async function exports(server, dataset, sample, duck) {
  const out = file("export");
  await run("sqlite3", [file("export.db"), ".mode csv", `.import ${sample} rows`]);
  if (duck)
    await duckdb(file("export.duckdb"), `CREATE TABLE rows AS SELECT * FROM read_csv('${sample}')`);
  const overHttp = async (format) => {
    // Nobody asked for it before: the job has to run.
    remove(path.join(server.folder, "datasets", dataset.id, "derived"));
    return (await run("curl", ["-sS", "--fail", "-H", `Authorization: Bearer ${server.key}`, "-o", out,
      `${server.url}${api}/datasets/${dataset.id}/export?format=${format}`])).ms;
  };
  const onCommandLine = async (format) => (await run(program,
    ["export", "--data", server.folder, "--format", format, dataset.id], { output: out })).ms;
  const checked = (work) => async () => {
    remove(out);
    const ms = await work();
    if (fs.statSync(out).size < rows * 50) throw new Error("an export is too short");
    return ms;
  };
  const done = await inTurn(times, {
    "csv http": checked(() => overHttp("csv")),
    sqlite: checked(async () =>
      (await run("sqlite3", ["-csv", "-header", file("export.db"), "SELECT * FROM rows"],
        { output: out })).ms),
    "csv cli": checked(() => onCommandLine("csv")),
    ...(duck && {
      duckdb: checked(() => duckdb(file("export.duckdb"), `COPY rows TO '${out}' (FORMAT csv, HEADER)`)),
    }),
    "jsonl http": checked(() => overHttp("jsonl")),
    "jsonl cli": checked(() => onCommandLine("jsonl")),
  });
  for (const [work, key] of [["export CSV over HTTP", "csv http"], ["export CSV, command line", "csv cli"],
    ["export JSONL over HTTP", "jsonl http"], ["export JSONL, command line", "jsonl cli"]]) {
    put(work, done[key], "sqlite3 -csv", done.sqlite, "ms",
      median(done.sqlite) / median(done[key]), "≥ 3");
    if (duck)
      put("", done[key], "DuckDB COPY csv", done.duckdb, "ms",
        median(done.duckdb) / median(done[key]), "≥ 1.2");
  }
}

// Questions to all rows, warm on both sides: each is asked several times, the median counts.
const questions = [
  ["facet of 17 values", "facets?columns=city", "SELECT city, count(*) AS n FROM rows GROUP BY city ORDER BY n DESC, city LIMIT 20", "≤ 1"],
  ["facet and histogram of many numbers", "facets?columns=amount", "SELECT amount, count(*) AS n FROM rows GROUP BY amount ORDER BY n DESC, amount LIMIT 20", "≤ 1"],
  ["facet of as many texts as rows", "facets?columns=email", "SELECT email, count(*) AS n FROM rows GROUP BY email ORDER BY n DESC, email LIMIT 20", "≤ 1"],
  ["facet under a filter", "facets?columns=city&filter=amount%20%3E%2050000", "SELECT city, count(*) AS n FROM rows WHERE amount > 50000 GROUP BY city ORDER BY n DESC, city LIMIT 20", ""],
  ["sort, a page in the middle", "rows?sort=amount&position=HALF&limit=50", "SELECT * FROM rows ORDER BY amount LIMIT 50 OFFSET HALF", "≤ 0.5"],
  ["sort by two columns, in the middle", "rows?sort=-city,name&position=HALF&limit=50", "SELECT * FROM rows ORDER BY city DESC, name LIMIT 50 OFFSET HALF", "≤ 0.5"],
  ["filter, a page", "rows?filter=amount%20%3E%2050000%20and%20city%20%3D%20'Oslo'&limit=50",
    "SELECT *, count(*) OVER () FROM rows WHERE amount > 50000 AND city = 'Oslo' LIMIT 50", ""],
  ["search in all columns", "rows?search=kyoto&limit=50", `SELECT *, count(*) OVER () FROM rows WHERE ${header.trim().split(",").map((c) => `"${c}"::text ILIKE '%kyoto%'`).join(" OR ")} LIMIT 50`, ""],
];
const repeats = 7;

async function queries(server, dataset, sample, duck) {
  const half = (text) => text.replace("HALF", Math.floor(rows / 2));
  if (duck)
    await duckdb(file("queries.duckdb"), `CREATE TABLE rows AS SELECT * FROM read_csv('${sample}')`);
  const ours = async (target) => {
    const all = [];
    for (let i = 0; i < repeats; i++) {
      const since = process.hrtime.bigint();
      const answer = await ask(server, "GET", `/datasets/${dataset.id}/${half(target)}`);
      all.push(Number(process.hrtime.bigint() - since) / 1e6);
      if (answer.status !== 200) throw new Error(`${target}: ${answer.text}`);
    }
    return median(all);
  };
  // Until all that is made after an ingest is there, for every worker.
  for (const [, target] of questions) await ours(target);
  for (const [work, target, statement, aim] of questions) {
    const done = await inTurn(times, {
      rowhouse: () => ours(target),
      ...(duck && { duckdb: () => duckdb(file("queries.duckdb"), half(statement), repeats) }),
    });
    if (duck)
      put(work, done.rowhouse, "DuckDB, the same", done.duckdb, "ms", median(done.rowhouse) / median(done.duckdb), aim);
    else report.push([work, spread(done.rowhouse, "ms"), "", "", "", aim]);
  }
  // The first page of many rows beside that of a few.
  const few = file("few.csv");
  fs.writeFileSync(few, fs.readFileSync(sample, "utf8").split("\n", 101).join("\n") + "\n");
  const { text } = await run("curl", ["-sS", "--fail-with-body", "-H", `Authorization: Bearer ${server.key}`,
    "-F", "type=data_enrichment", "-F", "name=few", "-F", `file=@${few}`, `${server.url}${api}/datasets/upload`]);
  const small = JSON.parse(text).dataset;
  await server.waitForDataset(small.id);
  const first = (id) => load(`${server.url}${api}/datasets/${id}/rows?limit=50`, { key: server.key, seconds });
  const done = await inTurn(times, { many: () => first(dataset.id), few: () => first(small.id) });
  put("first page of 50 rows", done.many, "of 100 rows alone", done.few, "/s", median(done.many) / median(done.few), "≥ 0.67");
  // The same as the page in the browser, with what is in the columns over them.
  const seen = (id) => load(`${server.url}/datasets/${id}`, { key: server.key, seconds });
  const drawn = await inTurn(times, { many: () => seen(dataset.id), few: () => seen(small.id) });
  put("page of a dataset, HTML", drawn.many, "of 100 rows alone", drawn.few, "/s", median(drawn.many) / median(drawn.few), "≥ 0.67");
  const html = await run("curl", ["-sS", "--fail-with-body", "-H", `Authorization: Bearer ${server.key}`, `${server.url}/datasets/${dataset.id}`]);
  notes.push(`The page of ${rows} rows has ${Buffer.byteLength(html.text)} bytes (aim: at most 100,000).`);
  await forget(server, small);
}

// The formats with types beside DuckDB's Parquet, those it does not write beside our CSV.
async function formats(server, dataset, sample, duck) {
  const out = file("export");
  if (duck)
    await duckdb(file("formats.duckdb"), `CREATE TABLE rows AS SELECT * FROM read_csv('${sample}')`);
  const ours = (...words) => async () => {
    remove(out);
    return (await run(program, ["export", "--data", server.folder, ...words, dataset.id], { output: out })).ms;
  };
  const theirs = (options) => () => {
    remove(out);
    return duckdb(file("formats.duckdb"), `COPY rows TO '${out}' (FORMAT parquet, COMPRESSION ${options})`);
  };
  const done = await inTurn(times, {
    csv: ours("--format", "csv"),
    ...(duck && { "duckdb zstd": theirs("zstd"), "duckdb none": theirs("uncompressed") }),
    "parquet, zstd": ours("--format", "parquet"),
    "parquet, not compressed": ours("--format", "parquet", "--no-compress"),
    "CSV safe for spreadsheets": ours("--safe"),
    TSV: ours("--format", "tsv"),
    JSON: ours("--format", "json"),
    "Avro, deflate": ours("--format", "avro"),
    XLSX: ours("--format", "xlsx"),
    "CSV, split in two": ours("--split", "id"),
  });
  for (const [work, kind] of [["parquet, zstd", "zstd"], ["parquet, not compressed", "none"]])
    if (duck)
      put(`export ${work}`, done[work], "DuckDB COPY parquet, the same", done[`duckdb ${kind}`], "ms",
        median(done[`duckdb ${kind}`]) / median(done[work]), "");
  for (const work of ["CSV safe for spreadsheets", "TSV", "JSON", "Avro, deflate", "XLSX", "CSV, split in two"])
    put(`export ${work}`, done[work], "export CSV, command line", done.csv, "ms",
      median(done.csv) / median(done[work]), "");
}

// Sends one upload of `copies` times the sample's rows, as they come from the disk.
async function sendBig(server, sample, copies) {
  const begin = `--${boundary}\r\nContent-Disposition: form-data; name="type"\r\n\r\ndata_enrichment\r\n` +
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\n\r\n${header}`;
  const end = `\r\n--${boundary}--\r\n`;
  const start = Buffer.byteLength(header);
  const length = Buffer.byteLength(begin) + copies * (fs.statSync(sample).size - start) + end.length;
  const answer = new Promise((resolve, reject) => {
    const sent = http.request({ ...server.connection, method: "POST", path: `${api}/datasets/upload`,
      headers: { authorization: `Bearer ${server.key}`, "content-length": length,
        "content-type": `multipart/form-data; boundary=${boundary}` } }, (reply) => {
      let text = "";
      reply.on("data", (chunk) => (text += chunk));
      reply.on("end", () => resolve({ status: reply.statusCode, text }));
    });
    sent.on("error", reject);
    (async () => {
      sent.write(begin);
      for (let i = 0; i < copies; i++)
        for await (const chunk of fs.createReadStream(sample, { start, highWaterMark: 1 << 20 }))
          if (!sent.write(chunk)) await new Promise((go) => sent.once("drain", go));
      sent.end(end);
    })().catch(reject);
  });
  const { status, text } = await answer;
  if (status !== 201) throw new Error(`the large upload: ${status} ${text}`);
  return { bytes: length, dataset: JSON.parse(text).dataset };
}

async function memory(server, sample) {
  const copies = Math.ceil(4e9 / fs.statSync(sample).size);
  const { bavail, bsize } = fs.statfsSync(folder);
  if (process.env.BENCH_BIG === "0" || (!process.env.BENCH_BIG && bavail * bsize < 20e9)) {
    notes.push("The 4 GB upload was left out: it needs 20 GB of disk (BENCH_BIG=1 insists, 0 leaves it out).");
    return;
  }
  const mib = (bytes) => (bytes / 1048576).toFixed(1);
  const idle = watch(server.child.pid)();
  const stop = watch(server.child.pid);
  const { bytes, dataset } = await sendBig(server, sample, copies);
  const end = await server.waitForDataset(dataset.id);
  const most = stop();
  if (end.state !== "ready") throw new Error(`the large upload: ${JSON.stringify(end)}`);
  const above = (most.core - idle.core) / 1048576;
  report.push([`memory of the core, ${(bytes / 1e9).toFixed(1)} GB upload`, `${above.toFixed(1)} MiB above idle`,
    "idle", `${mib(idle.core)} MiB`, "", "≤ 64 MiB"]);
  notes.push("Memory at its most, by role: " + Object.entries(most.roles)
    .map(([role, n]) => `${role} ${mib(n)}`).join(", ") +
    ` MiB; mapped pages of files (the kernel's cache) ${mib(most.file)} MiB, ${mib(idle.file)} when idle.`);
  await forget(server, dataset);
}

// Ten times the rows, on a server of their own each.
async function scales() {
  const { bavail, bsize } = fs.statfsSync(folder);
  if (bavail * bsize < rows * 20000) {
    notes.push(`The work on ${rows * 10} rows was left out: it needs ${rows * 20000 / 1e9} GB of disk.`);
    return;
  }
  const ends = [], data = file("scale-data");
  const end = async () => {
    for (const one of ends.splice(0)) await one();
    remove(data);
  };
  whole.after(end);
  report.push(...await scale({
    folder, made, forget, upload, end,
    start: () => startServer({ after: (one) => ends.push(one) }, { data, port: true }),
    fetch: (server, target) => run("curl", ["-sS", "--fail", "-H", `Authorization: Bearer ${server.key}`,
      "-o", file("scale.out"), `${server.url}${api}${target}`]),
  }, rows));
}

async function main() {
  const sample = file("sample.csv");
  const size = writeSample(sample, rows);
  const server = await startServer(whole, { data: file("data"), port: true });
  const duck = await hasDuckdb();
  console.log(`${rows} rows × 8, ${(size / 1e6).toFixed(0)} MB; ${os.cpus().length} × ` +
    `${os.cpus()[0].model.trim()}; medians of ${times} (least–most), taken in turn\n`);
  if (wanted("upload")) await uploads(server, sample, duck);
  if (wanted("get") || wanted("page") || wanted("export") || wanted("formats") ||
    wanted("queries")) {
    const { dataset } = await upload(server, sample);
    await made(server, dataset);
    if (wanted("get") || wanted("page")) await gets(server, dataset);
    if (wanted("queries")) await queries(server, dataset, sample, duck);
    if (wanted("export")) await exports(server, dataset, sample, duck);
    if (wanted("formats")) await formats(server, dataset, sample, duck);
    await forget(server, dataset);
  }
  if (wanted("memory")) await memory(server, sample);
  if (wanted("scale")) await scales();
  console.log(table(report));
  for (const note of notes) console.log(`\n${note}`);
}

try {
  await main();
} catch (e) {
  console.error(`bench: ${e.stack}`);
} finally {
  agent.destroy();
  await endAll();
}
